/* Sealed letters: to one or two receivers, each alone; nothing else opens them. */
#include "check.h"
#include "common/letter.h"

#include <string.h>

static struct seal_holder officers[2], stranger;
static uint8_t keys[2][SEAL_KEY];

static int make_keys(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_true(seal_holder_new(&officers[i]));
		memcpy(keys[i], officers[i].public_key, SEAL_KEY);
	}
	assert_true(seal_holder_new(&stranger));
	return 0;
}

#define KEYS ((const uint8_t (*)[SEAL_KEY])keys)

static void each_receiver_opens_it_alone(void **state)
{
	uint8_t sealed[LETTER_SIZE], plain[SEAL_PLAIN_MAX];
	const char *who = "其其格\n8120123";
	size_t len;

	(void)state;
	assert_true(letter_seal(KEYS, 2, "letter 1", (const uint8_t *)who,
				strlen(who), sealed));
	for (int i = 0; i < 2; i++) {
		assert_true(letter_open(sealed, sizeof(sealed), "letter 1",
					officers[i].private_key, plain, &len));
		assert_int_equal(len, strlen(who));
		assert_memory_equal(plain, who, len);
	}
	assert_false(letter_open(sealed, sizeof(sealed), "letter 1",
				 stranger.private_key, plain, &len));
	assert_false(letter_open(sealed, sizeof(sealed), "letter 2",
				 officers[0].private_key, plain, &len));
}

static void one_receiver_is_enough_and_three_are_too_many(void **state)
{
	uint8_t sealed[LETTER_SIZE], plain[SEAL_PLAIN_MAX];
	size_t len;

	(void)state;
	assert_true(letter_seal(KEYS, 1, "a", NULL, 0, sealed));
	assert_true(letter_open(sealed, sizeof(sealed), "a",
				officers[0].private_key, plain, &len));
	assert_int_equal(len, 0);
	assert_false(letter_open(sealed, sizeof(sealed), "a",
				 officers[1].private_key, plain, &len));
	assert_false(letter_seal(KEYS, 0, "a", NULL, 0, sealed));
	assert_false(letter_seal(KEYS, 3, "a", NULL, 0, sealed));
}

/* Any byte: no part of it can be altered, the other's slot included. */
static void an_altered_letter_does_not_open(void **state)
{
	uint8_t sealed[LETTER_SIZE], plain[SEAL_PLAIN_MAX];
	size_t len;

	(void)state;
	assert_true(letter_seal(KEYS, 2, "a", (const uint8_t *)"x", 1, sealed));
	for (size_t i = 0; i < sizeof(sealed); i += 7) {
		sealed[i] ^= 1;
		assert_false(letter_open(sealed, sizeof(sealed), "a",
					 officers[0].private_key, plain, &len));
		sealed[i] ^= 1;
	}
	assert_false(letter_open(sealed, sizeof(sealed) - 1, "a",
				 officers[0].private_key, plain, &len));
}

static void length_and_name_are_not_to_be_seen(void **state)
{
	uint8_t sealed[LETTER_SIZE], text[SEAL_PLAIN_MAX + 1] = "其其格";

	(void)state;
	assert_true(letter_seal(KEYS, 2, "a", text, SEAL_PLAIN_MAX, sealed));
	assert_null(memmem(sealed, sizeof(sealed), "其其格", 9));
	assert_false(letter_seal(KEYS, 2, "a", text, sizeof(text), sealed));
}

/* As sql/rule/056_objection.sql computes it. */
static void the_check_code_is_of_these_keys(void **state)
{
	uint8_t two[2][SEAL_KEY];
	char code[CODE_TEN_TEXT], other[CODE_TEN_TEXT];

	(void)state;
	memset(two[0], 1, SEAL_KEY);
	memset(two[1], 2, SEAL_KEY);
	assert_true(letter_check((const uint8_t (*)[SEAL_KEY])two, 2, code));
	assert_true(letter_check((const uint8_t (*)[SEAL_KEY])two, 1, other));
	assert_string_equal(code, "EVXS-3NFH-E9RK-39JS");
	assert_string_not_equal(code, other);
	assert_false(letter_check((const uint8_t (*)[SEAL_KEY])two, 0, code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_receiver_opens_it_alone),
		cmocka_unit_test(one_receiver_is_enough_and_three_are_too_many),
		cmocka_unit_test(an_altered_letter_does_not_open),
		cmocka_unit_test(length_and_name_are_not_to_be_seen),
		cmocka_unit_test(the_check_code_is_of_these_keys),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}
