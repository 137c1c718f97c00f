/* Frames in every chunking, and lengths that are refused. */
#include "tests/unit/check.h"

#include "common/frame.h"

/* Three frames of 1, 5 and 300 bytes. */
static const size_t lengths[] = { 1, 5, 300 };
#define STREAM (3 * FRAME_HEADER + 306)

static void make_stream(uint8_t out[STREAM])
{
	size_t i, at = 0, j;

	for (i = 0; i < COUNT(lengths); i++) {
		frame_write_header(out + at, lengths[i]);
		at += FRAME_HEADER;
		for (j = 0; j < lengths[i]; j++)
			out[at++] = (uint8_t)(i * 100 + j);
	}
}

/* Feeds one piece and checks the frames that come out. */
static void feed(struct frame_reader *reader, const uint8_t *piece, size_t len,
		 size_t *got)
{
	uint8_t *copy = malloc(len ? len : 1); /* so that reading past is seen */
	const uint8_t *at = copy, *body;
	size_t n, j;

	memcpy(copy, piece, len);
	while (frame_feed(reader, &at, &len) == FRAME_READY) {
		body = frame_body(reader, &n);
		assert_int_equal(n, lengths[*got]);
		for (j = 0; j < n; j++)
			assert_int_equal(body[j], (uint8_t)(*got * 100 + j));
		++*got;
	}
	assert_int_equal(reader->state, FRAME_MORE);
	assert_int_equal(len, 0);
	free(copy);
}

static void test_every_split(void **state)
{
	uint8_t stream[STREAM];
	size_t a, b;

	(void)state;
	make_stream(stream);
	for (a = 0; a <= STREAM; a++) {
		for (b = a; b <= STREAM; b++) {
			struct frame_reader reader;
			size_t got = 0;

			frame_init(&reader, FRAME_LIMIT);
			feed(&reader, stream, a, &got);
			feed(&reader, stream + a, b - a, &got);
			feed(&reader, stream + b, STREAM - b, &got);
			assert_int_equal(got, 3);
			assert_int_equal(frame_buffered(&reader), 0);
			frame_free(&reader);
		}
	}
}

static void test_byte_by_byte(void **state)
{
	struct frame_reader reader;
	uint8_t stream[STREAM];
	size_t i, got = 0;

	(void)state;
	make_stream(stream);
	frame_init(&reader, 300);
	for (i = 0; i < STREAM; i++)
		feed(&reader, stream + i, 1, &got);
	assert_int_equal(got, 3);
	frame_free(&reader);
}

static void refuse(size_t limit, const char *header, enum frame_result want)
{
	struct frame_reader reader;
	uint8_t bytes[8] = { 0 };
	const uint8_t *at = bytes;
	size_t len = sizeof(bytes), again = 1;

	memcpy(bytes, header, FRAME_HEADER);
	frame_init(&reader, limit);
	assert_int_equal(frame_feed(&reader, &at, &len), want);
	assert_ptr_equal(at, bytes + FRAME_HEADER); /* no byte of the body */
	assert_int_equal(len, 4);
	assert_null(reader.body);
	assert_null(frame_body(&reader, &again));
	assert_int_equal(again, 0);
	assert_int_equal(frame_feed(&reader, &at, &len), want);
	assert_int_equal(len, 4);
	frame_free(&reader);
}

static void test_refused_lengths(void **state)
{
	(void)state;
	refuse(FRAME_LIMIT, "\0\0\0\0", FRAME_BAD);
	refuse(FRAME_LIMIT, "\0\x10\0\1", FRAME_TOO_BIG);
	refuse(FRAME_LIMIT, "\xff\xff\xff\xff", FRAME_TOO_BIG);
	refuse(8192, "\0\0\x20\1", FRAME_TOO_BIG);
	refuse(FRAME_LIMIT, "GET ", FRAME_TOO_BIG);
}

static void test_limit_itself(void **state)
{
	struct frame_reader reader;
	uint8_t *bytes = calloc(1, FRAME_HEADER + FRAME_LIMIT);
	const uint8_t *at = bytes;
	size_t len = FRAME_HEADER + FRAME_LIMIT, n;

	(void)state;
	assert_non_null(bytes);
	frame_write_header(bytes, FRAME_LIMIT);
	assert_memory_equal(bytes, "\0\x10\0\0", 4);
	frame_init(&reader, FRAME_LIMIT);
	assert_int_equal(frame_feed(&reader, &at, &len), FRAME_READY);
	assert_non_null(frame_body(&reader, &n));
	assert_int_equal(n, FRAME_LIMIT);
	assert_int_equal(len, 0);
	assert_int_equal(frame_feed(&reader, &at, &len), FRAME_MORE);
	assert_int_equal(reader.room, 0); /* a big one is not kept */
	frame_free(&reader);
	free(bytes);
}

/* A long frame announced and not sent holds only what was sent. */
static void test_announced_is_not_held(void **state)
{
	struct frame_reader reader;
	uint8_t bytes[FRAME_HEADER + 100] = { 0 };
	const uint8_t *at = bytes;
	size_t len = sizeof(bytes);

	(void)state;
	frame_write_header(bytes, FRAME_LIMIT);
	frame_init(&reader, FRAME_LIMIT);
	assert_int_equal(frame_feed(&reader, &at, &len), FRAME_MORE);
	assert_int_equal(frame_buffered(&reader), sizeof(bytes));
	assert_true(reader.room < 4096);
	frame_free(&reader);
}

/* Room grows by doubling, but not past the frame. */
static void test_room_ends_with_the_frame(void **state)
{
	struct frame_reader reader;
	uint8_t bytes[FRAME_HEADER + 1000] = { 0 };
	const uint8_t *at = bytes;
	size_t first = FRAME_HEADER + 600, rest = 399;

	(void)state;
	frame_write_header(bytes, 1000);
	frame_init(&reader, 1000);
	assert_int_equal(frame_feed(&reader, &at, &first), FRAME_MORE);
	assert_int_equal(frame_feed(&reader, &at, &rest), FRAME_MORE);
	assert_int_equal(reader.room, 1000);
	frame_free(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_refused_lengths),
		cmocka_unit_test(test_limit_itself),
		cmocka_unit_test(test_announced_is_not_held),
		cmocka_unit_test(test_room_ends_with_the_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
