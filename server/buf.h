/*
 * Bytes that grow at the end.  A failed growth is remembered: write on, and ask
 * once at the end.
 */
#ifndef SERVER_BUF_H
#define SERVER_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data;
	size_t len, room;
	bool failed;
};

void buf_free(struct buf *buf);
void buf_reset(struct buf *buf); /* keeps the memory */
void buf_put(struct buf *buf, const void *data, size_t len);
void buf_u32(struct buf *buf, uint32_t value); /* big end first */
void buf_u64(struct buf *buf, uint64_t value);
void buf_varint(struct buf *buf, uint64_t value); /* protobuf's */
/* What stands at `p` in four bytes, big end first, as PostgreSQL sends an int4. */
uint32_t buf_get_u32(const uint8_t *p);
/* Overwrites four bytes already there. */
void buf_patch_u32(struct buf *buf, size_t at, uint32_t value);
/* Puts a varint before what was written since `at`: its length. */
void buf_insert_length(struct buf *buf, size_t at);

#endif
