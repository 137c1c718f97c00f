/* The table of refusals: whole, distinct, and the exit codes people script. */
#include "tests/unit/check.h"

#include "common/error.h"

static const struct {
	const char *code, *name;
	int exit;
} wanted[] = {
	{ ERR_INVALID, "INVALID", 3 },
	{ ERR_DENIED, "DENIED", 5 },
	{ ERR_STATE, "STATE", 3 },
	{ ERR_CONFLICT, "CONFLICT", 7 },
	{ ERR_KEY_REUSED, "KEY_REUSED", 7 },
	{ ERR_WINDOW, "WINDOW", 8 },
	{ ERR_CODE_BAD, "CODE_BAD", 4 },
	{ ERR_CODE_USED, "CODE_USED", 11 },
	{ ERR_SLIP_UNKNOWN, "SLIP_UNKNOWN", 5 },
	{ ERR_SLIP_USED, "SLIP_USED", 7 },
	{ ERR_UNAUTHENTICATED, "UNAUTHENTICATED", 4 },
	{ ERR_SECOND_PERSON, "SECOND_PERSON", 13 },
	{ ERR_BAD_FRAME, "BAD_FRAME", 1 },
	{ ERR_TOO_BIG, "TOO_BIG", 1 },
	{ ERR_BAD_MESSAGE, "BAD_MESSAGE", 1 },
	{ ERR_UNSUPPORTED, "UNSUPPORTED", 12 },
	{ ERR_BUSY, "BUSY", 9 },
	{ ERR_UNAVAILABLE, "UNAVAILABLE", 9 },
	{ ERR_STORAGE_FULL, "STORAGE_FULL", 9 },
	{ ERR_INTERNAL, "INTERNAL", 1 },
	{ ERR_SIGNATURE, "SIGNATURE", 11 },
};

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(wanted); i++) {
		const struct error_kind *kind = error_kind(wanted[i].code);

		assert_string_equal(kind->code, wanted[i].code);
		assert_string_equal(kind->name, wanted[i].name);
		assert_int_equal(kind->exit, wanted[i].exit);
		assert_int_equal(kind->retryable, kind->exit == 9);
	}
}

static void test_unknown_is_internal(void **state)
{
	static const char *const codes[] = { "", "ZB999", "22P02", "ZB0011" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(codes); i++)
		assert_string_equal(error_kind(codes[i])->code, ERR_INTERNAL);
	assert_string_equal(error_kind(NULL)->code, ERR_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_unknown_is_internal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
