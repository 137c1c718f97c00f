#include "server/outbox.h"

#include "common/frame.h"

#include <stdlib.h>
#include <string.h>

struct outbox_frame {
	struct outbox_frame *next;
	uint8_t header[FRAME_HEADER];
	uint8_t *body;
	size_t len;  /* header and body */
	size_t sent; /* of those */
};

void outbox_init(struct outbox *box)
{
	box->first = NULL;
	box->last = &box->first;
	box->bytes = 0;
}

static void drop_first(struct outbox *box)
{
	struct outbox_frame *f = box->first;

	box->first = f->next;
	if (!box->first)
		box->last = &box->first;
	free(f->body);
	free(f);
}

void outbox_clear(struct outbox *box)
{
	while (box->first)
		drop_first(box);
	box->bytes = 0;
}

bool outbox_add(struct outbox *box, uint8_t *body, size_t len)
{
	struct outbox_frame *f = calloc(1, sizeof(*f));

	if (!f) {
		free(body);
		return false;
	}
	frame_write_header(f->header, len);
	f->body = body;
	f->len = FRAME_HEADER + len;
	*box->last = f;
	box->last = &f->next;
	box->bytes += f->len;
	return true;
}

/* Bytes [from, from + len) of header and body as one. */
static void copy_out(const struct outbox_frame *f, size_t from, uint8_t *out,
		     size_t len)
{
	size_t n = 0;

	if (from < FRAME_HEADER) {
		n = FRAME_HEADER - from < len ? FRAME_HEADER - from : len;
		memcpy(out, f->header + from, n);
	}
	if (len > n)
		memcpy(out + n, f->body + (from + n - FRAME_HEADER), len - n);
}

size_t outbox_peek(const struct outbox *box, uint8_t *out, size_t cap)
{
	const struct outbox_frame *f = box->first;
	size_t done = 0;

	for (; f && done < cap; f = f->next) {
		size_t n = f->len - f->sent;

		if (n > cap - done)
			n = cap - done;
		copy_out(f, f->sent, out + done, n);
		done += n;
	}
	return done;
}

void outbox_take(struct outbox *box, size_t len)
{
	box->bytes -= len;
	while (len) {
		struct outbox_frame *f = box->first;
		size_t n = f->len - f->sent;

		if (len < n) {
			f->sent += len;
			return;
		}
		len -= n;
		drop_first(box);
	}
}
