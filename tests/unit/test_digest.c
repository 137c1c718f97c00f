/* The hash of what came in pieces is known when all of it came in order and is
 * stored, and never otherwise. */
#include "tests/unit/check.h"

#include "server/digest.h"

#include <openssl/sha.h>
#include <string.h>

static const char abc[] = "abc";

static unsigned take(struct digest **d, const char *id, int32_t no)
{
	return digest_take(d, id, no, abc + no, 1);
}

static void put(struct digest **d, const char *id, int32_t no, bool stored)
{
	unsigned ticket = take(d, id, no);

	digest_answered(*d, ticket, stored);
}

static bool is_abc(struct digest *d, const char *id)
{
	uint8_t got[DIGEST_BYTES], want[DIGEST_BYTES];

	SHA256((const uint8_t *)abc, 3, want);
	return digest_of(d, id, got) && memcmp(got, want, sizeof(want)) == 0;
}

/* The three pieces, each stored. */
static struct digest *whole(const char *id)
{
	struct digest *d = NULL;

	for (int i = 0; i < 3; i++)
		put(&d, id, i, true);
	return d;
}

static void in_order_and_stored(void **state)
{
	struct digest *d = whole("F1");

	(void)state;
	assert_true(is_abc(d, "F1"));
	assert_true(is_abc(d, "F1"));
	assert_false(is_abc(d, "F2"));
	/* a piece again changes nothing, the first begins anew */
	assert_int_equal(take(&d, "F1", 1), 0);
	assert_true(is_abc(d, "F1"));
	assert_int_not_equal(take(&d, "F1", 0), 0);
	assert_false(is_abc(d, "F1"));
	digest_free(&d);
	assert_null(d);
	digest_free(&d);
}

static void answers_out_of_order(void **state)
{
	struct digest *d = NULL;
	unsigned a = take(&d, "F1", 0), b = take(&d, "F1", 1), c = take(&d, "F1", 2);

	(void)state;
	digest_answered(d, c, true);
	digest_answered(d, a, true);
	assert_false(is_abc(d, "F1"));
	digest_answered(d, b, true);
	assert_true(is_abc(d, "F1"));
	digest_free(&d);
}

static void not_known(void **state)
{
	struct digest *d = NULL;
	char long_id[100];
	unsigned old;

	(void)state;
	assert_false(is_abc(d, "F1"));
	digest_answered(d, 0, true);
	/* from the middle on: elsewhere began what goes on here */
	assert_int_equal(take(&d, "F1", 1), 0);
	assert_false(is_abc(d, "F1"));
	/* one left out, the others in order */
	put(&d, "F1", 0, true);
	assert_int_equal(take(&d, "F1", 2), 0);
	assert_int_equal(take(&d, "F1", 1), 0);
	assert_false(is_abc(d, "F1"));
	digest_free(&d);
	/* one refused, though it is sent again */
	put(&d, "F1", 0, true);
	put(&d, "F1", 1, false);
	put(&d, "F1", 1, true);
	put(&d, "F1", 2, true);
	assert_false(is_abc(d, "F1"));
	/* begun anew: an answer of before is none of these */
	old = take(&d, "F1", 0);
	put(&d, "F1", 0, true);
	put(&d, "F1", 1, true);
	take(&d, "F1", 2);
	digest_answered(d, old, true);
	assert_false(is_abc(d, "F1"));
	digest_free(&d);
	/* another has taken its place */
	d = whole("F1");
	put(&d, "F2", 0, true);
	assert_false(is_abc(d, "F1"));
	assert_int_equal(take(&d, "F1", 1), 0);
	digest_free(&d);
	/* a number no file of ours has */
	memset(long_id, 'F', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	assert_int_equal(take(&d, long_id, 0), 0);
	assert_false(is_abc(d, long_id));
	digest_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_and_stored),
		cmocka_unit_test(answers_out_of_order),
		cmocka_unit_test(not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
