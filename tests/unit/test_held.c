/* What is held comes in order, not before its time, and all of it at the end. */
#include "tests/unit/check.h"

#include "server/held.h"

#include <string.h>

static uv_loop_t loop;
static struct held held;
static struct held_item items[4];
static uint64_t due[4]; /* loop time before which each may not come */
static char came[8];

static void on_item(struct held_item *item)
{
	came[strlen(came)] = (char)('a' + (item - items));
	if (uv_now(&loop) < due[item - items])
		strcat(came, "!");
}

static void put(int i)
{
	held_put(&held, &items[i], on_item);
	due[i] = uv_now(&loop) + 50;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void in_order_and_in_time(void **state)
{
	bool closed = false;

	(void)state;
	uv_loop_init(&loop);
	held_init(&held, &loop, 50);
	put(0);
	put(1);
	assert_string_equal(came, "");
	uv_sleep(20);
	uv_update_time(&loop);
	put(2);
	while (!came[2])
		uv_run(&loop, UV_RUN_ONCE);
	assert_string_equal(came, "abc");
	/* Again, and the end does not wait for it. */
	put(3);
	put(0);
	due[3] = due[0] = 0;
	held_close(&held, on_closed, &closed);
	assert_string_equal(came, "abcda");
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(in_order_and_in_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
