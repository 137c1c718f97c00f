/* Tables in and out: quoting, encodings, where an error is, formula guards. */
#include "tests/unit/check.h"

#include "common/csv.h"

/* Rows joined with ; and cells with | make a table readable in one line. */
static char *flat(const struct csv *csv)
{
	static char out[4096];
	char *to = out;
	size_t i, j;

	*to = '\0';
	for (i = 0; i < csv->n; i++) {
		for (j = 0; j < csv->rows[i].n; j++)
			to += sprintf(to, "%s%s", j ? "|" : "",
				      csv->rows[i].cells[j]);
		to += sprintf(to, ";");
	}
	return out;
}

#define T(s) s, sizeof(s) - 1

static const struct {
	const char *in;
	size_t len;
	const char *want;
} good[] = {
	{ T(""), "" },
	{ T("\n\n"), "" },
	{ T("a"), "a;" },
	{ T("a,b\nc,d\n"), "a|b;c|d;" },
	{ T("a,b\r\nc,d"), "a|b;c|d;" },
	{ T("a,b\rc,d\r"), "a|b;c|d;" },
	{ T("a,\n,b\n"), "a|;|b;" },
	{ T("a,"), "a|;" },
	{ T(",,,\na\n,,\n"), "a;" },
	{ T("\"a\",\"b\"\n"), "a|b;" },
	{ T("\"a,b\"\n"), "a,b;" },
	{ T("\"a\"\"b\"\n"), "a\"b;" },
	{ T("\"\"\"\"\n"), "\";" },
	{ T("\"\",x\n"), "|x;" },
	{ T("\"a\nb\",c\n"), "a\nb|c;" },
	{ T("\"a\r\nb\"\r\n"), "a\nb;" },
	{ T("\"a\rb\"\n"), "a\nb;" },
	{ T(" a , b \n"), " a | b ;" },
	{ T("\xef\xbb\xbf" "a,b\n"), "a|b;" },
	{ T("支部,书记\n一,二\n"), "支部|书记;一|二;" },
	{ T("\xd6\xa7\xb2\xbf,\xca\xe9\xbc\xc7\n"), "支部|书记;" },
	{ T("\x95\x34\xb2\x35\n"), "\xf0\xa0\xae\xb7;" }, /* four bytes each */
	{ T("'=1,'x,''=1\n"), "=1|'x|'=1;" },
};

static void test_good(void **state)
{
	struct csv csv;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good); i++) {
		char *in = malloc(good[i].len ? good[i].len : 1);

		memcpy(in, good[i].in, good[i].len);
		if (csv_parse(&csv, in, good[i].len) != CSV_OK)
			fail_msg("case %zu", i);
		assert_string_equal(flat(&csv), good[i].want);
		csv_free(&csv);
		free(in);
	}
}

static const struct {
	const char *in;
	size_t len;
	enum csv_result want;
	size_t line, column;
} bad[] = {
	{ T("a\nb\"c\n"), CSV_QUOTE, 2, 2 },
	{ T("\"a\"b\n"), CSV_QUOTE, 1, 4 },
	{ T("a,\"b\nc\n"), CSV_UNCLOSED, 1, 3 },
	{ T("\""), CSV_UNCLOSED, 1, 1 },
	{ T("一,\"二\n三\",四\x1b\n"), CSV_CHARACTER, 2, 5 },
	{ T("a\0b\n"), CSV_CHARACTER, 1, 2 },
	{ T("a\xe2\x80\xae\n"), CSV_CHARACTER, 1, 2 },
	{ T("\xef\xbb\xbf" "a\nb\xff\n"), CSV_ENCODING, 2, 2 },
	{ T("\xef\xbb\xbf\xb2\xbf\n"), CSV_ENCODING, 1, 1 },
	{ T("a\nbc\xff\xff\n"), CSV_ENCODING, 2, 3 },
	{ T("\xff\xfe" "a\0b\0"), CSV_ENCODING, 1, 1 }, /* UTF-16 */
	{ T("a,b\n\xd6"), CSV_ENCODING, 2, 1 },
};

static void test_bad(void **state)
{
	struct csv csv;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		enum csv_result got = csv_parse(&csv, bad[i].in, bad[i].len);

		if (got != bad[i].want || csv.line != bad[i].line ||
		    csv.column != bad[i].column)
			fail_msg("case %zu: %d at %zu:%zu", i, (int)got, csv.line,
				 csv.column);
		csv_free(&csv);
	}
}

static void test_line_numbers(void **state)
{
	static const char in[] = "a\n\n\"b\nc\"\nd\n";
	struct csv csv;

	(void)state;
	assert_int_equal(csv_parse(&csv, in, sizeof(in) - 1), CSV_OK);
	assert_int_equal(csv.n, 3);
	assert_int_equal(csv.rows[0].line, 1);
	assert_int_equal(csv.rows[1].line, 3);
	assert_int_equal(csv.rows[2].line, 5);
	assert_false(csv.gb18030);
	csv_free(&csv);
}

static void fill(char *s, const char *unit, size_t n)
{
	size_t i, len = strlen(unit);

	for (i = 0; i < n; i++)
		memcpy(s + i * len, unit, len);
}

static enum csv_result parse_repeated(const char *unit, size_t n)
{
	size_t len = strlen(unit) * n;
	char *in = malloc(len);
	enum csv_result result;
	struct csv csv;

	fill(in, unit, n);
	result = csv_parse(&csv, in, len);
	csv_free(&csv);
	free(in);
	return result;
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(parse_repeated(",", CSV_COLUMNS_MAX - 1), CSV_OK);
	assert_int_equal(parse_repeated(",", CSV_COLUMNS_MAX), CSV_TOO_BIG);
	assert_int_equal(parse_repeated("a\n", CSV_ROWS_MAX), CSV_OK);
	assert_int_equal(parse_repeated("a\n", CSV_ROWS_MAX + 1), CSV_TOO_BIG);
	assert_int_equal(parse_repeated("\n", CSV_BYTES_MAX), CSV_OK);
	assert_int_equal(parse_repeated("\n", CSV_BYTES_MAX + 1), CSV_TOO_BIG);
	assert_int_equal(parse_repeated("a", CSV_BYTES_MAX), CSV_OK);
	assert_int_equal(parse_repeated("\xd6\xa7", CSV_BYTES_MAX / 2), CSV_OK);
}

static const char *const tricky[] = {
	"",	  "a",	      "a,b",	  "a\"b",     "\"",	 "a\nb",
	" a",	  "a ",	      "=1+1",	  "+1",	      "-1",	 "@x",
	"\tx",	  "＝1",      "＋1",	  "－1",      "＠x",	 "'x",
	"'",	  "''",	      "'=1",	  "''=",      "第14支部", "a'=b",
	"=HYPERLINK(\"http://x\",\"y\")", "\n=1", "是,否",   "'\"'",
};

/* What is written is read back the same, cell by cell. */
static void test_round_trip(void **state)
{
	struct csv_writer writer = { 0 };
	struct csv csv;
	size_t i;

	(void)state;
	csv_mark(&writer);
	for (i = 0; i < COUNT(tricky); i++) {
		csv_cell(&writer, "x");
		csv_cell(&writer, tricky[i]);
		csv_cell(&writer, tricky[COUNT(tricky) - 1 - i]);
		csv_end_row(&writer);
	}
	assert_false(writer.failed);
	assert_int_equal(csv_parse(&csv, writer.data, writer.len), CSV_OK);
	assert_int_equal(csv.n, COUNT(tricky));
	for (i = 0; i < COUNT(tricky); i++) {
		assert_int_equal(csv.rows[i].n, 3);
		assert_string_equal(csv.rows[i].cells[1], tricky[i]);
		assert_string_equal(csv.rows[i].cells[2],
				    tricky[COUNT(tricky) - 1 - i]);
	}
	csv_free(&csv);
	free(writer.data);
}

static void test_guards(void **state)
{
	static const char *const rows[][2] = {
		{ "=1", "\"'=1\"\r\n" }, { "＝1", "\"'＝1\"\r\n" },
		{ "-", "\"'-\"\r\n" },	 { "\t=", "\"'\t=\"\r\n" },
		{ "1=1", "1=1\r\n" },	 { "支部", "支部\r\n" },
		{ "a,b", "\"a,b\"\r\n" }, { "a\"b", "\"a\"\"b\"\r\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct csv_writer writer = { 0 };

		csv_cell(&writer, rows[i][0]);
		csv_end_row(&writer);
		assert_string_equal(writer.data, rows[i][1]);
		assert_int_equal(writer.len, strlen(writer.data));
		free(writer.data);
	}
	assert_true(csv_guarded("\rx"));
	assert_false(csv_guarded(""));
	assert_false(csv_guarded("\xff"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_line_numbers),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_guards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
