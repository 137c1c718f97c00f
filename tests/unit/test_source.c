/* Sources and what each may do in a minute, by a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/source.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define START 1000000u
#define MINUTE 60000u

static struct sources sources;

static struct source *from(const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return source_enter(&sources, (struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return source_enter(&sources, (struct sockaddr *)&v6);
}

static unsigned known(void)
{
	unsigned n = 0;

	for (int i = 0; i < SOURCE_BUCKETS; i++)
		for (struct source *s = sources.buckets[i]; s; s = s->next)
			n++;
	return n;
}

static int begin(void **state)
{
	(void)state;
	sources_init(&sources);
	return 0;
}

static void ten_wrong_codes_62(void **state)
{
	struct source *s = from("10.0.0.1"), *other = from("10.0.0.2");

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(source_wait(s, SOURCE_WRONG_CODES, 10, START + i), 0);
		source_count(s, SOURCE_WRONG_CODES, START + i);
	}
	/* until the minute that began with the first is over */
	assert_int_equal(source_wait(s, SOURCE_WRONG_CODES, 10, START + 10), MINUTE - 10);
	assert_int_equal(source_wait(s, SOURCE_WRONG_CODES, 10, START + MINUTE - 1), 1);
	assert_int_equal(source_wait(s, SOURCE_WRONG_CODES, 10, START + MINUTE), 0);
	/* neither its answers nor another's codes */
	assert_int_equal(source_wait(s, SOURCE_ANSWERS, 10, START + 10), 0);
	assert_int_equal(source_wait(other, SOURCE_WRONG_CODES, 10, START + 10), 0);
	source_count(s, SOURCE_WRONG_CODES, START + MINUTE);
	assert_int_equal(s->paces[SOURCE_WRONG_CODES].n, 1);
	source_leave(s);
	source_leave(other);
}

static void a_new_connection_is_the_same_source(void **state)
{
	struct source *s = from("10.0.0.1");

	(void)state;
	source_count(s, SOURCE_ANSWERS, START);
	source_leave(s);
	sources_forget(&sources, START + MINUTE - 1);
	assert_int_equal(source_wait(from("::ffff:10.0.0.1"), SOURCE_ANSWERS, 1,
				     START + MINUTE - 1), 1);
	source_leave(s);
	s = from("2001:db8:0:1::1");
	source_count(s, SOURCE_ANSWERS, START);
	assert_ptr_equal(from("2001:db8:0:1:ffff::2"), s);
	assert_ptr_not_equal(from("2001:db8:0:2::1"), s);
}

static void forgotten_after_a_minute(void **state)
{
	struct source *s = from("10.0.0.1"), *here = from("10.0.0.2");

	(void)state;
	source_count(s, SOURCE_WRONG_CODES, START);
	source_leave(s);
	sources_forget(&sources, START + MINUTE - 1);
	assert_int_equal(known(), 2);
	sources_forget(&sources, START + MINUTE);
	assert_int_equal(known(), 1);
	source_leave(here);
	sources_forget(&sources, START + MINUTE);
	assert_int_equal(known(), 0);
}

/* Those still connected are borrowed: the end of each test lets them go. */
static int leave_all(void **state)
{
	(void)state;
	for (int i = 0; i < SOURCE_BUCKETS; i++)
		for (struct source *s = sources.buckets[i]; s; s = s->next)
			s->connections = 0;
	sources_forget(&sources, UINT64_MAX);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, leave_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_wrong_codes_62),
		TEST(a_new_connection_is_the_same_source),
		TEST(forgotten_after_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
