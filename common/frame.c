#include "common/frame.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_KEEP ((size_t)16384) /* room kept between frames */

void frame_init(struct frame_reader *reader, size_t limit)
{
	memset(reader, 0, sizeof(*reader));
	reader->limit = limit;
	reader->state = FRAME_MORE;
}

void frame_free(struct frame_reader *reader)
{
	free(reader->body);
	frame_init(reader, reader->limit);
}

/* The frame last handed out is the caller's no more. */
static void start_next(struct frame_reader *reader)
{
	reader->header_len = 0;
	reader->body_len = 0;
	reader->state = FRAME_MORE;
	if (reader->room > FRAME_KEEP) {
		free(reader->body);
		reader->body = NULL;
		reader->room = 0;
	}
}

static void judge_header(struct frame_reader *reader)
{
	const uint8_t *h = reader->header;

	reader->length = (size_t)h[0] << 24 | (size_t)h[1] << 16 |
			 (size_t)h[2] << 8 | h[3];
	if (reader->length == 0)
		reader->state = FRAME_BAD;
	else if (reader->length > reader->limit)
		reader->state = FRAME_TOO_BIG;
}

static void take_header(struct frame_reader *reader, const uint8_t **data,
			size_t *len)
{
	while (*len && reader->header_len < FRAME_HEADER) {
		reader->header[reader->header_len++] = *(*data)++;
		--*len;
	}
	if (reader->header_len == FRAME_HEADER)
		judge_header(reader);
}

/* Room doubles with what has arrived: a peer that announces a long frame and
 * sends little holds little. */
static int make_room(struct frame_reader *reader, size_t more)
{
	size_t need = reader->body_len + more;
	size_t room = reader->room * 2;
	uint8_t *body;

	if (need <= reader->room)
		return 0;
	if (room < need)
		room = need;
	if (room > reader->length)
		room = reader->length;
	body = realloc(reader->body, room);
	if (!body)
		return -1;
	reader->body = body;
	reader->room = room;
	return 0;
}

static void take_body(struct frame_reader *reader, const uint8_t **data,
		      size_t *len)
{
	size_t take = reader->length - reader->body_len;

	if (take > *len)
		take = *len;
	if (take == 0)
		return;
	if (make_room(reader, take)) {
		reader->state = FRAME_NO_MEMORY;
		return;
	}
	memcpy(reader->body + reader->body_len, *data, take);
	reader->body_len += take;
	*data += take;
	*len -= take;
	if (reader->body_len == reader->length)
		reader->state = FRAME_READY;
}

enum frame_result frame_feed(struct frame_reader *reader, const uint8_t **data,
			     size_t *len)
{
	if (reader->state == FRAME_READY)
		start_next(reader);
	if (reader->state == FRAME_MORE && reader->header_len < FRAME_HEADER)
		take_header(reader, data, len);
	if (reader->state == FRAME_MORE && reader->header_len == FRAME_HEADER)
		take_body(reader, data, len);
	return reader->state;
}

const uint8_t *frame_body(const struct frame_reader *reader, size_t *len)
{
	*len = reader->state == FRAME_READY ? reader->body_len : 0;
	return reader->state == FRAME_READY ? reader->body : NULL;
}

size_t frame_buffered(const struct frame_reader *reader)
{
	if (reader->state == FRAME_READY)
		return 0;
	return reader->header_len + reader->body_len;
}

void frame_write_header(uint8_t out[FRAME_HEADER], size_t len)
{
	out[0] = (uint8_t)(len >> 24);
	out[1] = (uint8_t)(len >> 16);
	out[2] = (uint8_t)(len >> 8);
	out[3] = (uint8_t)len;
}
