/* What is held comes in order, not before its time, and all of it at the end. */
#include "tests/unit/check.h"

#include "server/held.h"

#include <string.h>

static uv_loop_t loop;
static struct held held;
static struct held_item items[4];
static char came[8];

static void on_item(struct held_item *item)
{
	came[strlen(came)] = (char)('a' + (item - items));
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void wait_ms(unsigned ms)
{
	uint64_t end;

	uv_update_time(&loop);
	end = uv_now(&loop) + ms;
	while (uv_now(&loop) < end)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static void in_order_and_in_time(void **state)
{
	bool closed = false;
	uint64_t began;

	(void)state;
	uv_loop_init(&loop);
	held_init(&held, &loop, 50);
	began = uv_now(&loop);
	held_put(&held, &items[0], on_item);
	held_put(&held, &items[1], on_item);
	assert_string_equal(came, "");
	wait_ms(20);
	assert_string_equal(came, "");
	held_put(&held, &items[2], on_item);
	while (!came[0])
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(uv_now(&loop) >= began + 50);
	assert_string_equal(came, "ab");
	while (!came[2])
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(uv_now(&loop) >= began + 70);
	/* Again, and the end does not wait for it. */
	held_put(&held, &items[3], on_item);
	held_put(&held, &items[0], on_item);
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
