#include "server/buf.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct buf *buf, size_t more)
{
	size_t room = buf->room ? buf->room : 256;
	uint8_t *data;

	if (buf->failed || more > SIZE_MAX / 4 - buf->len)
		buf->failed = true;
	if (buf->failed)
		return false;
	if (buf->len + more <= buf->room)
		return true;
	while (room < buf->len + more)
		room *= 2;
	data = realloc(buf->data, room);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->room = room;
	return true;
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

void buf_put(struct buf *buf, const void *data, size_t len)
{
	if (len == 0 || !grow(buf, len))
		return;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

uint32_t buf_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

void buf_u32(struct buf *buf, uint32_t value)
{
	uint8_t p[4];

	put_be32(p, value);
	buf_put(buf, p, sizeof(p));
}

void buf_u64(struct buf *buf, uint64_t value)
{
	buf_u32(buf, (uint32_t)(value >> 32));
	buf_u32(buf, (uint32_t)value);
}

static size_t varint(uint8_t out[10], uint64_t value)
{
	size_t n = 0;

	while (value >= 0x80) {
		out[n++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	out[n++] = (uint8_t)value;
	return n;
}

void buf_varint(struct buf *buf, uint64_t value)
{
	uint8_t p[10];

	buf_put(buf, p, varint(p, value));
}

void buf_patch_u32(struct buf *buf, size_t at, uint32_t value)
{
	if (!buf->failed)
		put_be32(buf->data + at, value);
}

void buf_insert_length(struct buf *buf, size_t at)
{
	uint8_t p[10];
	size_t len = buf->len - at, n = varint(p, len);

	if (!grow(buf, n))
		return;
	memmove(buf->data + at + n, buf->data + at, len);
	memcpy(buf->data + at, p, n);
	buf->len += n;
}
