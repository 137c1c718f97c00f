#include "common/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN ((size_t)16)
#define ARENA_BLOCK ((size_t)8192)

struct arena_block {
	struct arena_block *next;
	size_t size, used; /* of the bytes after this header */
};

#define ARENA_HEADER \
	((sizeof(struct arena_block) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

static void *protobuf_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void protobuf_free(void *arena, void *data)
{
	(void)arena;
	(void)data;
}

void arena_init(struct arena *arena, size_t cap)
{
	memset(arena, 0, sizeof(*arena));
	arena->protobuf.alloc = protobuf_alloc;
	arena->protobuf.free = protobuf_free;
	arena->protobuf.allocator_data = arena;
	arena->cap = cap;
}

/* Blocks double with what is held, so that a big message takes few of them, but
 * never past the cap while what is asked for still fits. */
static size_t block_size(const struct arena *arena, size_t need)
{
	size_t left = arena->cap - arena->held;
	size_t size = arena->held > ARENA_BLOCK ? arena->held : ARENA_BLOCK;

	if (size < need)
		size = need;
	return size < left ? size : left;
}

static struct arena_block *add_block(struct arena *arena, size_t need)
{
	struct arena_block *block;
	size_t size;

	if (need > arena->cap || arena->cap - arena->held < need + ARENA_HEADER) {
		arena->exceeded = true;
		return NULL;
	}
	size = block_size(arena, need + ARENA_HEADER);
	block = malloc(size);
	if (!block)
		return NULL;
	block->size = size - ARENA_HEADER;
	block->used = 0;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->held += size;
	if (arena->held > arena->peak)
		arena->peak = arena->held;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *data;

	if (size > SIZE_MAX / 2) {
		arena->exceeded = true;
		return NULL;
	}
	size = (size ? size + ARENA_ALIGN - 1 : ARENA_ALIGN) & ~(ARENA_ALIGN - 1);
	if (!block || block->size - block->used < size)
		block = add_block(arena, size);
	if (!block)
		return NULL;
	data = (char *)block + ARENA_HEADER + block->used;
	block->used += size;
	return data;
}

void *arena_zero(struct arena *arena, size_t n, size_t size)
{
	void *data;

	if (size && n > SIZE_MAX / size) {
		arena->exceeded = true;
		return NULL;
	}
	data = arena_alloc(arena, n * size);
	return data ? memset(data, 0, n * size) : NULL;
}

char *arena_copy(struct arena *arena, const void *data, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1) : NULL;

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

ProtobufCAllocator *arena_protobuf(struct arena *arena)
{
	return &arena->protobuf;
}

void arena_reset(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->held = 0;
	arena->exceeded = false;
}

void arena_free(struct arena *arena)
{
	arena_reset(arena);
}

size_t arena_peak(const struct arena *arena)
{
	return arena->peak;
}

bool arena_exceeded(const struct arena *arena)
{
	return arena->exceeded;
}
