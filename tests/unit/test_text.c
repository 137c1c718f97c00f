/* UTF-8, columns, what reaches a terminal. */
#include "tests/unit/check.h"

#include "common/text.h"

static void test_every_code_point_round_trips(void **state)
{
	uint32_t cp, back;
	char s[4];

	(void)state;
	for (cp = 0; cp <= 0x10FFFF; cp++) {
		size_t n = text_encode(cp, s);

		if (cp >= 0xD800 && cp <= 0xDFFF) {
			assert_int_equal(text_decode(s, n, &back), 0);
			continue;
		}
		if (text_decode(s, n, &back) != n || back != cp)
			fail_msg("U+%04X", (unsigned)cp);
		if (n > 1 && text_decode(s, n - 1, &back) != 0)
			fail_msg("U+%04X cut", (unsigned)cp);
	}
}

/* Every sequence of two bytes, and of three after E0 and ED: exactly those
 * encode() can make are valid. */
static void test_only_what_can_be_encoded(void **state)
{
	unsigned a, b, c;
	uint32_t cp;
	char again[4];

	(void)state;
	for (a = 0; a < 256; a++) {
		for (b = 0; b < 256; b++) {
			char s[3] = { (char)a, (char)b };
			size_t n = text_decode(s, 2, &cp);

			if (n)
				assert_memory_equal(s, again, text_encode(cp, again));
			for (c = 0; c < 256 && (a == 0xE0 || a == 0xED); c++) {
				s[2] = (char)c;
				n = text_decode(s, 3, &cp);
				assert_true(n == 0 || n == 3);
				if (n)
					assert_memory_equal(
						s, again, text_encode(cp, again));
			}
		}
	}
}

static void test_valid(void **state)
{
	(void)state;
	assert_true(text_valid("", 0));
	assert_true(text_valid("党支部", 9));
	assert_false(text_valid("党支部", 8));
	assert_false(text_valid("a\xff", 2));
	assert_int_equal(text_length("党a支部"), 4);
}

static void test_columns(void **state)
{
	static const struct {
		uint32_t cp;
		int columns;
	} rows[] = {
		{ 'a', 1 }, { '~', 1 }, { 0, 0 }, { 0x1B, 0 }, { 0x7F, 0 },
		{ 0x9B, 0 }, { 0xA0, 1 }, { 0xAD, 1 }, { 0xB7, 1 }, { 0xE9, 1 },
		{ 0x300, 0 }, { 0x36F, 0 }, { 0x370, 1 }, { 0x1100, 2 },
		{ 0x115F, 2 }, { 0x1160, 0 }, { 0x200B, 0 }, { 0x200D, 0 },
		{ 0x2014, 1 }, { 0x2018, 1 }, { 0x2026, 1 }, /* ambiguous: 1 */
		{ 0x202E, 0 }, { 0x20A9, 1 }, { 0x2605, 1 }, { 0x3000, 2 },
		{ 0x3001, 2 }, { 0x3042, 2 }, { 0x4E00, 2 }, { 0x9FFF, 2 },
		{ 0xAC00, 2 }, { 0xE000, 1 }, { 0xFE0F, 0 }, { 0xFF01, 2 },
		{ 0xFF21, 2 }, { 0xFF61, 1 }, { 0xFFFD, 1 }, { 0x1F600, 2 },
		{ 0x20BB7, 2 }, { 0x2FFFD, 2 }, { 0x3FFFD, 2 },
		{ 0xE0041, 0 }, { 0x10FFFF, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (text_columns(rows[i].cp) != rows[i].columns)
			fail_msg("U+%04X", (unsigned)rows[i].cp);
	}
}

static void test_width_and_fit(void **state)
{
	size_t columns;

	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("SB26-14"), 7);
	assert_int_equal(text_width("第14支部"), 8);
	assert_int_equal(text_width("e\xcc\x81"), 1);
	assert_int_equal(text_width("a\xff" "b"), 3);
	assert_int_equal(text_fit("支部", 3, &columns), 3);
	assert_int_equal(columns, 2);
	assert_int_equal(text_fit("支部", 4, &columns), 6);
	assert_int_equal(text_fit("支部", 0, NULL), 0);
	assert_int_equal(text_fit("e\xcc\x81x", 1, NULL), 3);
	assert_int_equal(text_fit("abc", 10, NULL), 3);
}

static void check_printable(const char *s, size_t len, bool lines,
			    const char *want)
{
	char *got = text_printable(s, len, lines);

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static void test_printable(void **state)
{
	(void)state;
	check_printable("", 0, false, "");
	check_printable("党支部 a", 11, false, "党支部 a");
	check_printable("\x1b]0;x\x07", 6, false, "^[]0;x^G");
	check_printable("\r\x7f", 2, true, "^M^?");
	check_printable("a\0b", 3, true, "a^@b");
	check_printable("a\n\tb", 4, true, "a\n\tb");
	check_printable("a\n\tb", 4, false, "a^J^Ib");
	check_printable("\x9b" "31m", 4, true, "\\x9B31m");
	check_printable("\xc2\x9b" "31m", 5, true, "\\u{9B}31m");
	check_printable("cod\xe2\x80\xae" "exe", 9, true, "cod\\u{202E}exe");
	check_printable("\xe2\x80\x8f\xe2\x80\xa8", 6, true,
			"\\u{200F}\\u{2028}");
	check_printable("\xf3\xa0\x81\x81", 4, true, "\\u{E0041}");
	check_printable("\xef\xbf\xbf", 3, true, "\\u{FFFF}");
	check_printable("\xe4\xb8", 2, true, "\\xE4\\xB8");
}

/* Ten thousand marks on one letter become eight and a sign. */
static void test_too_many_marks(void **state)
{
	char *s = malloc(20001), *want = "a\u0301\u0301\u0301\u0301"
					 "\u0301\u0301\u0301\u0301\uFFFDb";
	size_t i;

	(void)state;
	s[0] = 'a';
	for (i = 0; i < 10000; i++)
		memcpy(s + 1 + 2 * i, "\xcc\x81", 2);
	s = realloc(s, 20002);
	s[20001] = 'b';
	check_printable(s, 20002, true, want);
	check_printable(s, 17, true, "a\u0301\u0301\u0301\u0301"
				     "\u0301\u0301\u0301\u0301");
	free(s);
}

/* No input at all makes output with a control in it, and what was printed once
 * is printed the same again. */
static void test_printable_holds_for_noise(void **state)
{
	unsigned seed = 1;
	char noise[64];
	int round;
	size_t i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		char *once, *twice;

		for (i = 0; i < sizeof(noise); i++) {
			seed = seed * 1103515245u + 12345u;
			noise[i] = (char)(seed >> 16);
		}
		once = text_printable(noise, sizeof(noise), false);
		for (i = 0; once[i]; i++)
			assert_true((unsigned char)once[i] >= 0x20 &&
				    once[i] != 0x7F);
		twice = text_printable(once, strlen(once), false);
		assert_string_equal(once, twice);
		free(once);
		free(twice);
	}
}

static void test_fold(void **state)
{
	static const char *const rows[][2] = {
		{ "", "" },
		{ "ＡＢＣ１２３", "ABC123" },
		{ "２０２６－１２－４", "2026-12-4" },
		{ "是：，　否", "是:, 否" },
		{ "～！", "~!" },
		{ "￥", "￥" }, /* not a form of ASCII */
		{ "a\xff", "a\xff" },
	};
	char s[64];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		strcpy(s, rows[i][0]);
		text_fold(s);
		assert_string_equal(s, rows[i][1]);
	}
}

static void test_hex(void **state)
{
	static const char *const bad[] = { "", "00ff1", "00fg1a", "00FF1A", " 0ff1a",
					   "+0ff1a" };
	const uint8_t bytes[] = { 0x00, 0xff, 0x1a };
	uint8_t back[3] = { 0 };
	char text[7];
	size_t i;

	(void)state;
	text_hex(bytes, 3, text);
	assert_string_equal(text, "00ff1a");
	assert_true(text_unhex("00ff1a\n", back, 3));
	assert_memory_equal(back, bytes, 3);
	text_hex(bytes, 0, text);
	assert_string_equal(text, "");
	for (i = 0; i < COUNT(bad); i++)
		assert_false(text_unhex(bad[i], back, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code_point_round_trips),
		cmocka_unit_test(test_only_what_can_be_encoded),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_width_and_fit),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_too_many_marks),
		cmocka_unit_test(test_printable_holds_for_noise),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
