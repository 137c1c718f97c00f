/*
 * Memory that runs out: linked with --wrap, every allocation of our own code goes
 * through here, and the one with the number `fail_at` fails while `armed`.
 */
#ifndef TESTS_UNIT_SHORT_MEMORY_H
#define TESTS_UNIT_SHORT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

static struct {
	bool armed;
	unsigned taken, fail_at;
} memory;

static bool memory_short(void)
{
	return memory.armed && memory.taken++ == memory.fail_at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return memory_short() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return memory_short() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size)
{
	return memory_short() ? NULL : __real_realloc(p, size);
}

#endif
