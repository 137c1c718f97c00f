/*
 * Memory of one request: taken piece by piece, given back all at once.
 *
 * An arena never takes more than its cap from the heap, whatever a message
 * swells to when unpacked; past it every allocation is NULL and
 * arena_exceeded() is true.  It serves protobuf-c as an allocator.
 */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;

/* Put it where it stays: its allocator points back at it. */
struct arena {
	ProtobufCAllocator protobuf;
	struct arena_block *blocks; /* newest first */
	size_t cap, held, peak;     /* bytes of the heap */
	bool exceeded;
};

/* Takes nothing from the heap yet. */
void arena_init(struct arena *arena, size_t cap);

/* Aligned for any type, not cleared.  NULL: the cap or the heap is used up. */
void *arena_alloc(struct arena *arena, size_t size);
/* Cleared, and safe against overflow of n * size. */
void *arena_zero(struct arena *arena, size_t n, size_t size);
/* A copy of len bytes with a NUL after them. */
char *arena_copy(struct arena *arena, const void *data, size_t len);

/* For protobuf_c_message_unpack; freeing through it does nothing. */
ProtobufCAllocator *arena_protobuf(struct arena *arena);

/* Everything taken so far is gone; the arena can be used again. */
void arena_reset(struct arena *arena);
/* As reset; the last call of its life. */
void arena_free(struct arena *arena);

/* The most it ever held since arena_init. */
size_t arena_peak(const struct arena *arena);
/* Whether an allocation was refused for the cap (since init or reset). */
bool arena_exceeded(const struct arena *arena);

#endif
