/*
 * Frames out of a stream of bytes: a length in four bytes, big end first, and
 * that many bytes of body.  Bytes may come in pieces of any size.
 */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 4
#define FRAME_LIMIT (1024 * 1024) /* longest body there is */

enum frame_result {
	FRAME_MORE,    /* all input used, no whole frame yet */
	FRAME_READY,   /* frame_body() is a whole frame */
	FRAME_BAD,     /* a length of nought: the peer does not speak this */
	FRAME_TOO_BIG, /* longer than the limit; nothing of it was kept */
	FRAME_NO_MEMORY,
};

/* The frame being put together.  After FRAME_BAD, TOO_BIG or NO_MEMORY every
 * further feed gives the same answer: close. */
struct frame_reader {
	size_t limit;
	uint8_t header[FRAME_HEADER];
	size_t header_len;
	uint8_t *body; /* grows with what has come, not with what was announced */
	size_t body_len, room, length;
	enum frame_result state;
};

void frame_init(struct frame_reader *reader, size_t limit);
void frame_free(struct frame_reader *reader);

/* Uses up input to the end of the next frame at most, and moves *data and *len
 * on; call again while it says FRAME_READY. */
enum frame_result frame_feed(struct frame_reader *reader, const uint8_t **data,
			     size_t *len);

/* The frame after FRAME_READY; borrowed until the next feed. */
const uint8_t *frame_body(const struct frame_reader *reader, size_t *len);

/* Bytes now held for a frame not yet whole. */
size_t frame_buffered(const struct frame_reader *reader);

void frame_write_header(uint8_t out[FRAME_HEADER], size_t len);

#endif
