/* One host out of a list, in each way libpq lets it be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/dbhosts.h"

static struct dbhosts left;

static void test_a_list_of_names(void **state)
{
	(void)state;
	assert_true(dbhosts_without("host=a,b,c port=1,2,3 user=x", "b", "2", &left));
	assert_string_equal(left.host, "a,c");
	assert_string_equal(left.port, "1,3");
	assert_string_equal(left.hostaddr, "");
	assert_true(dbhosts_without("host=a,b port=1,2", "b", "2", &left));
	assert_string_equal(left.host, "a");
	assert_string_equal(left.port, "1");
}

static void test_a_url_and_one_port_for_all(void **state)
{
	(void)state;
	assert_true(dbhosts_without("postgresql://u@a:1,b:2/d", "a", "1", &left));
	assert_string_equal(left.host, "b");
	assert_string_equal(left.port, "2");
	assert_true(dbhosts_without("host=a,b port=7", "a", "7", &left));
	assert_string_equal(left.host, "b");
	assert_string_equal(left.port, "7");
	assert_true(dbhosts_without("host=a,b", "a", "5432", &left));
	assert_string_equal(left.host, "b");
	assert_string_equal(left.port, "");
}

static void test_one_name_at_two_ports(void **state)
{
	(void)state;
	assert_true(dbhosts_without("host=a,a port=1,2", "a", "1", &left));
	assert_string_equal(left.host, "a");
	assert_string_equal(left.port, "2");
	assert_true(dbhosts_without("hostaddr=10.0.0.1,10.0.0.2", "10.0.0.2", "5432",
		&left));
	assert_string_equal(left.hostaddr, "10.0.0.1");
}

static void test_nothing_would_be_left(void **state)
{
	(void)state;
	assert_false(dbhosts_without("host=a port=1", "a", "1", &left));
	assert_false(dbhosts_without("host=a,a port=1", "a", "1", &left));
	assert_false(dbhosts_without("host=a,b port=1", "c", "1", &left));
	assert_false(dbhosts_without("host=a,b port=1,2,3", "c", "1", &left));
	assert_false(dbhosts_without("host=a,b =", "a", "1", &left));
	assert_false(dbhosts_without("host=a,b", NULL, NULL, &left));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_list_of_names),
		cmocka_unit_test(test_a_url_and_one_port_for_all),
		cmocka_unit_test(test_one_name_at_two_ports),
		cmocka_unit_test(test_nothing_would_be_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
