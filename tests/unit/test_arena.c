/* The arena: alignment, the cap, and protobuf-c through it. */
#include "tests/unit/check.h"

#include "common/arena.h"
#include "sample.pb-c.h"

static void test_alignment_and_separation(void **state)
{
	struct arena arena;
	unsigned char *last = NULL;
	size_t size;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size = 0; size < 300; size++) {
		unsigned char *p = arena_alloc(&arena, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_true(p != last);
		memset(p, (int)size, size);
		if (size > 1)
			assert_int_equal(last[0], (size - 1) & 0xFF);
		last = p;
	}
	arena_free(&arena);
}

static void test_never_past_the_cap(void **state)
{
	static const size_t caps[] = { 0, 1, 31, 32, 100, 8192, 100000 };
	static const size_t sizes[] = { 1, 16, 100, 5000, 9000 };
	size_t c, s;

	(void)state;
	for (c = 0; c < COUNT(caps); c++) {
		for (s = 0; s < COUNT(sizes); s++) {
			struct arena arena;

			arena_init(&arena, caps[c]);
			while (arena_alloc(&arena, sizes[s]))
				assert_false(arena_exceeded(&arena));
			assert_true(arena_exceeded(&arena));
			assert_true(arena_peak(&arena) <= caps[c]);
			arena_free(&arena);
		}
	}
}

static void test_huge_is_refused(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, SIZE_MAX);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 15));
	assert_null(arena_zero(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_copy(&arena, "x", SIZE_MAX));
	assert_true(arena_exceeded(&arena));
	arena_free(&arena);
}

static void test_reset_gives_room_again(void **state)
{
	struct arena arena;
	size_t i;

	(void)state;
	arena_init(&arena, 20000);
	for (i = 0; i < 100; i++) {
		assert_non_null(arena_alloc(&arena, 15000));
		assert_null(arena_alloc(&arena, 15000));
		arena_reset(&arena);
		assert_false(arena_exceeded(&arena));
	}
	assert_true(arena_peak(&arena) >= 15000);
	arena_free(&arena);
}

static void test_zero_and_copy(void **state)
{
	struct arena arena;
	char *s;
	int *n, i;

	(void)state;
	arena_init(&arena, 1 << 16);
	memset(arena_alloc(&arena, 4000), 0xFF, 4000);
	arena_reset(&arena);
	n = arena_zero(&arena, 1000, sizeof(*n));
	for (i = 0; i < 1000; i++)
		assert_int_equal(n[i], 0);
	s = arena_copy(&arena, "支部", 6);
	assert_string_equal(s, "支部");
	assert_string_equal(arena_copy(&arena, NULL, 0), "");
	arena_free(&arena);
}

/* 64 KiB of empty sub-messages swell when unpacked: the cap refuses them. */
static void test_swelling_message(void **state)
{
	static uint8_t bytes[65536];
	struct arena arena;
	size_t i;

	(void)state;
	for (i = 0; i + 3 <= sizeof(bytes); i += 3)
		memcpy(bytes + i, "\xC2\x01\x00", 3); /* leaves = 24, empty */
	arena_init(&arena, 1 << 20);
	assert_null(protobuf_c_message_unpack(&sample__descriptor,
					      arena_protobuf(&arena), i, bytes));
	assert_true(arena_exceeded(&arena));
	assert_true(arena_peak(&arena) <= 1 << 20);
	arena_reset(&arena);
	assert_non_null(protobuf_c_message_unpack(&sample__descriptor,
						  arena_protobuf(&arena), 300,
						  bytes));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment_and_separation),
		cmocka_unit_test(test_never_past_the_cap),
		cmocka_unit_test(test_huge_is_refused),
		cmocka_unit_test(test_reset_gives_room_again),
		cmocka_unit_test(test_zero_and_copy),
		cmocka_unit_test(test_swelling_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
