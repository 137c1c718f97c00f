/* Dates as people write them, and Beijing time. */
#include "tests/unit/check.h"

#include "common/date.h"

#define TODAY 20758 /* 2026-11-01 */

static void test_every_day(void **state)
{
	int32_t days, back;
	int y, m, d, py = 1899, pm = 12, pd = 31;

	(void)state;
	for (days = -25567; days <= 376199; days++) {
		date_to_civil(days, &y, &m, &d);
		assert_true(date_from_civil(y, m, d, &back));
		assert_int_equal(back, days);
		/* One step on from the day before. */
		assert_true((y == py && m == pm && d == pd + 1) ||
			    (y == py && m == pm + 1 && d == 1) ||
			    (y == py + 1 && m == 1 && d == 1 && pm == 12));
		py = y;
		pm = m;
		pd = d;
	}
	assert_int_equal(y, 2999);
}

static void test_known_days(void **state)
{
	int32_t days;

	(void)state;
	assert_true(date_from_civil(1970, 1, 1, &days));
	assert_int_equal(days, 0);
	assert_true(date_from_civil(2000, 2, 29, &days));
	assert_int_equal(days, 11016);
	assert_true(date_from_civil(2026, 11, 1, &days));
	assert_int_equal(days, TODAY);
	assert_int_equal(date_weekday(TODAY), 7);
	assert_int_equal(date_weekday(0), 4);
	assert_int_equal(date_weekday(-4), 7);
	assert_false(date_from_civil(1900, 2, 29, &days));
	assert_false(date_from_civil(2026, 2, 30, &days));
	assert_false(date_from_civil(2026, 4, 31, &days));
	assert_false(date_from_civil(1899, 12, 31, &days));
	assert_false(date_from_civil(3000, 1, 1, &days));
	assert_false(date_from_civil(2026, 0, 1, &days));
	assert_false(date_from_civil(2026, 13, 1, &days));
	assert_false(date_from_civil(2026, 1, 0, &days));
}

static void test_parse(void **state)
{
	static const char *const good[][2] = {
		{ "2026-12-4", "2026-12-04" },
		{ "2026-12-04", "2026-12-04" },
		{ "2026.12.4", "2026-12-04" },
		{ "2026/12/4", "2026-12-04" },
		{ "2026年12月4日", "2026-12-04" },
		{ "２０２６年１２月４日", "2026-12-04" },
		{ "２０２６－１２－０４", "2026-12-04" },
		{ "  2026-12-4 ", "2026-12-04" },
		{ "12月4日", "2026-12-04" },
		{ "12月4号", "2026-12-04" },
		{ "12-04", "2026-12-04" },
		{ "1-5", "2026-01-05" },
		{ "今天", "2026-11-01" },
		{ "明天", "2026-11-02" },
		{ "1900-01-01", "1900-01-01" },
		{ "2999-12-31", "2999-12-31" },
		{ "2028-2-29", "2028-02-29" },
	};
	char text[DATE_TEXT];
	int32_t days;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		if (!date_parse(good[i][0], TODAY, &days))
			fail_msg("%s", good[i][0]);
		date_format(days, text);
		assert_string_equal(text, good[i][1]);
	}
}

static void test_refuse(void **state)
{
	static const char *const bad[] = {
		"", " ", "x", "2026", "2026-", "2026-12", "2026-12-", "2026-13-1",
		"2026-02-30", "2-29", "2026-00-10", "2026-1-0", "1899-12-31",
		"3000-01-01", "0000-01-01", "9999-12-31", "26-12-4",
		"02026-12-4", "2026-012-4", "2026-12-004", "2026-12.4",
		"2026.12/4", "2026-12-4x", "2026-12-4-", "2026年12月4",
		"2026年12-4", "12月", "12月4", "2026年", "26年12月4日",
		"2026-12-4日", "-12-4", "2026--12-4", "2026-12--4", "今", "今天x",
		"2026-12-04T10:00", "99999999999999999999", "昨日",
		"2026 12 4", "2026-\xff",
	};
	char longer[100];
	int32_t days = 42;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		if (date_parse(bad[i], TODAY, &days))
			fail_msg("%s", bad[i]);
	}
	snprintf(longer, sizeof(longer), "%90s", "2026-12-4");
	assert_false(date_parse(longer, TODAY, &days));
	assert_int_equal(days, 42);
	assert_false(date_parse("12-04", 1000000, &days));
	assert_false(date_parse("明天", 376199, &days));
}

static void test_format_range(void **state)
{
	char text[DATE_TEXT];

	(void)state;
	date_format(INT32_MIN, text);
	assert_string_equal(text, "");
	date_format(376200, text);
	assert_string_equal(text, "");
	date_format(-25567, text);
	assert_string_equal(text, "1900-01-01");
}

static void test_moments(void **state)
{
	static const struct {
		int64_t us;
		const char *brief, *full;
		int32_t days;
	} rows[] = {
		{ 0, "01-01 08:00", "1970-01-01T08:00:00+08:00", 0 },
		{ -1, "01-01 07:59", "1970-01-01T07:59:59+08:00", 0 },
		{ 57599999999, "01-01 23:59", "1970-01-01T23:59:59+08:00", 0 },
		{ 57600000000, "01-02 00:00", "1970-01-02T00:00:00+08:00", 1 },
		{ -28800000001, "12-31 23:59", "1969-12-31T23:59:59+08:00", -1 },
		{ 1796378400000000, "12-04 18:00", "2026-12-04T18:00:00+08:00",
		  20791 },
	};
	char brief[MOMENT_SHORT], full[MOMENT_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		moment_format_short(rows[i].us, brief);
		moment_format(rows[i].us, full);
		assert_string_equal(brief, rows[i].brief);
		assert_string_equal(full, rows[i].full);
		assert_int_equal(date_of_moment(rows[i].us), rows[i].days);
	}
	moment_format(INT64_MAX, full);
	assert_string_equal(full, "");
	moment_format(INT64_MIN, full);
	assert_string_equal(full, "");
}

static void test_parse_moment(void **state)
{
	static const char *const good[] = {
		"2026-12-04T18:00:00+08:00", "2026-12-04T10:00:00Z",
		"2026-12-04 18:00", "2026-12-04 18:00:00",
		"2026年12月4日 18:00", "２０２６－１２－４　１８：００",
		"2026-12-04T05:30:00-04:30",
	};
	static const char *const bad[] = {
		"", "2026-12-04", "18:00", "12-04 18:00", "今天 18:00",
		"12月4日 18:00", "2026-12-04 24:00", "2026-12-04 18:60",
		"2026-12-04 18:00:60", "2026-12-04 18:0x",
		"2026-12-04T18:00:00+0800", "2026-12-04T18:00:00+15:00",
		"2026-12-04T18:00:00+08:00x", "2026-02-30 18:00",
		"2026-12-04 18", "2026-12-04  18:00",
	};
	int64_t us;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		if (!moment_parse(good[i], &us))
			fail_msg("%s", good[i]);
		assert_int_equal(us, 1796378400000000);
	}
	for (i = 0; i < COUNT(bad); i++) {
		if (moment_parse(bad[i], &us))
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_known_days),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_format_range),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_parse_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
