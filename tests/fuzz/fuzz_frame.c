/* Frames cut in any pieces are the frames of the whole stream.
 *
 * First byte: the limit is 1 to 256 times 8.  Second: the pieces' sizes. */
#include "common/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The stream read the simple way, as far as it has been fed. */
struct model {
	const uint8_t *at;
	size_t left, limit;
};

static enum frame_result next(struct model *model, const uint8_t **body,
			      size_t *len)
{
	const uint8_t *h = model->at;
	size_t n;

	if (model->left < FRAME_HEADER)
		return FRAME_MORE;
	n = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
	if (n == 0 || n > model->limit)
		return n == 0 ? FRAME_BAD : FRAME_TOO_BIG;
	if (model->left - FRAME_HEADER < n)
		return FRAME_MORE;
	*body = h + FRAME_HEADER;
	*len = n;
	model->at += FRAME_HEADER + n;
	model->left -= FRAME_HEADER + n;
	return FRAME_READY;
}

/* Feeds one piece, which is freed behind the reader's back. */
static enum frame_result feed(struct frame_reader *reader, struct model *model,
			      const uint8_t *piece, size_t len)
{
	uint8_t *copy = malloc(len);
	const uint8_t *at = copy, *want;
	size_t n, want_len, whole = model->left;
	enum frame_result got;

	assert(copy);
	memcpy(copy, piece, len);
	do {
		got = frame_feed(reader, &at, &len);
		if (got == FRAME_MORE)
			break;
		assert(next(model, &want, &want_len) == got);
		if (got == FRAME_READY) {
			const uint8_t *body = frame_body(reader, &n);

			assert(n == want_len && memcmp(body, want, n) == 0);
		}
	} while (got == FRAME_READY);
	assert(got != FRAME_MORE || len == 0);
	assert(reader->room <= reader->limit && whole >= model->left);
	free(copy);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_reader reader;
	struct model model;
	enum frame_result got = FRAME_MORE;
	size_t step;

	if (size < 2)
		return 0;
	step = data[1] % 16 + 1;
	model.limit = (data[0] + (size_t)1) * 8;
	model.at = data + 2;
	model.left = size - 2;
	frame_init(&reader, model.limit);
	data += 2;
	size -= 2;
	while (size && got == FRAME_MORE) {
		size_t n = step < size ? step : size;

		got = feed(&reader, &model, data, n);
		data += n;
		size -= n;
	}
	frame_free(&reader);
	return 0;
}
