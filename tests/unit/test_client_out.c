/* What reaches the terminal: columns, records, nothing harmful; and refusals in
 * five parts. */
#include "tests/unit/check.h"

#include "client/error.h"
#include "client/out.h"
#include "client/words.h"
#include "common/error.h"
#include "common/text.h"

#include <jansson.h>

/* An out into memory. */
struct sink {
	char *text, *said;
	size_t len, said_len;
	FILE *results, *words;
	struct out *out;
};

static void open_sink(struct sink *s, unsigned columns, bool json)
{
	struct out_options options = { .columns = columns, .json = json };

	s->results = open_memstream(&s->text, &s->len);
	s->words = open_memstream(&s->said, &s->said_len);
	options.results = s->results;
	options.words = s->words;
	s->out = out_new(&options);
	assert_non_null(s->out);
}

static void shut_sink(struct sink *s)
{
	assert_true(out_free(s->out));
	fclose(s->results);
	fclose(s->words);
}

static void free_sink(struct sink *s)
{
	free(s->text);
	free(s->said);
}

static void test_wide_characters(void **state)
{
	struct sink s;
	struct table *t;

	(void)state;
	open_sink(&s, 80, false);
	t = table_new(s.out);
	table_title(t, "编号");
	table_title(t, "党支部");
	table_title(t, "状态");
	table_cell(t, "14");
	table_cell(t, "电气自动化系教工党支部");
	table_cell(t, "已提交");
	table_cell(t, "05");
	table_cell(t, "其其格·B");
	table_cell(t, NULL);
	table_end(t, NULL);
	shut_sink(&s);
	assert_string_equal(s.text,
			    "编号  党支部                  状态\n"
			    "14    电气自动化系教工党支部  已提交\n"
			    "05    其其格·B                -\n");
	free_sink(&s);
}

static void test_numbers_right(void **state)
{
	struct sink s;
	struct table *t;

	(void)state;
	open_sink(&s, 80, false);
	t = table_new(s.out);
	table_title(t, "项目");
	table_title(t, "好");
	table_title(t, "差");
	table_cell(t, "甲");
	table_number(t, 120);
	table_number(t, 3);
	table_cell(t, "乙");
	table_number(t, 4);
	table_number(t, 15);
	table_end(t, NULL);
	shut_sink(&s);
	assert_string_equal(s.text, "项目   好  差\n"
				    "甲    120   3\n"
				    "乙      4  15\n");
	free_sink(&s);
}

/* Every line within the width, and not a character lost. */
static void test_long_last_column(void **state)
{
	static const char text[] =
		"教研组认为，支委会批评意见偏少，已改为会前逐人谈心后再上会。"
		"下一步请支部书记在主题党日上说明改进情况，并听取党员意见。";
	struct sink s;
	struct table *t;
	char *line_here, *save = NULL;
	size_t characters = 0;

	(void)state;
	open_sink(&s, 50, false);
	t = table_new(s.out);
	table_title(t, "编号");
	table_title(t, "内容");
	table_cell(t, "3.1");
	table_cell(t, text);
	table_end(t, NULL);
	shut_sink(&s);
	for (line_here = strtok_r(s.text, "\n", &save); line_here;
	     line_here = strtok_r(NULL, "\n", &save)) {
		assert_true(text_width(line_here) <= 50);
		characters += text_length(line_here + strspn(line_here, " "));
		assert_true(strncmp(line_here + strspn(line_here, " "), "，",
				    strlen("，")) != 0);
	}
	/* the header's two titles with their gap, the id with its gap, the text */
	assert_int_equal(characters, (2 + 2 + 2) + (3 + 3) + text_length(text));
	free_sink(&s);
}

static void test_records_when_too_wide(void **state)
{
	struct sink s;
	struct table *t;
	int i;

	(void)state;
	open_sink(&s, 40, false);
	t = table_new(s.out);
	for (i = 0; i < 6; i++)
		table_title(t, out_format(s.out, "第%d栏", i));
	for (i = 0; i < 12; i++)
		table_cell(t, "内容很多的一格");
	table_end(t, NULL);
	shut_sink(&s);
	assert_memory_equal(s.text, "第0栏  内容很多的一格\n第1栏",
			    strlen("第0栏  内容很多的一格\n第1栏"));
	assert_non_null(strstr(s.text, "\n\n第0栏"));
	free_sink(&s);
}

static void test_empty_table(void **state)
{
	struct sink s;
	struct table *t;

	(void)state;
	open_sink(&s, 80, false);
	t = table_new(s.out);
	table_column(t, "name");
	table_end(t, "text.none");
	t = table_new(s.out);
	table_end(t, NULL);
	shut_sink(&s);
	assert_string_equal(s.text, "没有\n");
	free_sink(&s);
}

/* Case 103: whatever a text holds, no escape sequence comes out. */
static void test_harmless(void **state)
{
	static const char evil[] = "\x1b]0;x\a \x9b" "31m \xc2\x9b" "31m \rX";
	struct sink s;
	struct table *t;
	size_t i;

	(void)state;
	open_sink(&s, 80, false);
	out_printf(s.out, "%s\n", evil);
	out_heading(s.out, evil);
	out_pair(s.out, evil, evil);
	out_pairs_end(s.out);
	out_text(s.out, 4, evil);
	t = table_new(s.out);
	table_title(t, evil);
	table_cell(t, evil);
	table_end(t, NULL);
	out_say(s.out, "%s", evil);
	shut_sink(&s);
	assert_non_null(strstr(s.text, "^["));
	for (i = 0; i < s.len; i++)
		assert_true((unsigned char)s.text[i] >= ' ' || s.text[i] == '\n');
	assert_null(strstr(s.text, "\xc2\x9b"));
	assert_null(strchr(s.said, '\x1b'));
	assert_true(text_valid(s.text, s.len));
	free_sink(&s);
}

static void test_pairs(void **state)
{
	struct sink s;

	(void)state;
	open_sink(&s, 80, false);
	out_pair(s.out, "人员", "P1");
	out_pair(s.out, "没有的", NULL);
	out_pair(s.out, "组织名称", "学院");
	out_pairs_end(s.out);
	shut_sink(&s);
	assert_string_equal(s.text, "人员      P1\n组织名称  学院\n");
	free_sink(&s);
}

static void test_values(void **state)
{
	struct sink s;

	(void)state;
	open_sink(&s, 80, false);
	assert_string_equal(out_money(s.out, 123450), "1,234.50");
	assert_string_equal(out_money(s.out, -5), "-0.05");
	assert_string_equal(out_money(s.out, INT64_MIN), "-92,233,720,368,547,758.08");
	assert_string_equal(out_money(s.out, 100000000), "1,000,000.00");
	assert_string_equal(out_date(s.out, 0), "1970-01-01");
	assert_string_equal(out_moment(s.out, 0), "1970-01-01 08:00");
	shut_sink(&s);
	free_sink(&s);
}

/* Case 107: a full disk is a failure; a reader that left is none. */
static void test_failed_write(void **state)
{
	struct out_options options = { .columns = 80, .words = stderr };
	struct out *out;

	(void)state;
	options.results = fopen("/dev/full", "w");
	assert_non_null(options.results);
	out = out_new(&options);
	out_printf(out, "text\n");
	assert_false(out_free(out));
	fclose(options.results);
}

/* ---- refusals -------------------------------------------------------------------- */

static Reason reason(const char *key, char **args, size_t n)
{
	Reason r = REASON__INIT;

	r.key = strdup(key);
	r.args = args;
	r.n_args = n;
	return r;
}

static void say(struct sink *s, bool json, int *code)
{
	char *args[] = { "SB26-14", "application.DRAFT" }, *why_args[] = { "org_id" };
	char *allowed[] = { "list_applications", "no_such_request" };
	Reason first = reason("key_needed", NULL, 0);
	Reason second = reason("not_a_known_reason", why_args, 1);
	Reason *reasons[] = { &first, &second };
	Refusal refusal = REFUSAL__INIT;
	struct error_text text;
	struct arena arena;

	refusal.code = ERR_STATE;
	refusal.key = "state";
	refusal.args = args;
	refusal.n_args = 2;
	refusal.reasons = reasons;
	refusal.n_reasons = 2;
	refusal.allowed = allowed;
	refusal.n_allowed = 2;
	refusal.ref = "7f3a-91c2";
	arena_init(&arena, 1 << 20);
	open_sink(s, 80, json);
	assert_true(error_of_refusal(&text, &arena, NULL, &refusal));
	*code = error_say(s->out, &text);
	shut_sink(s);
	arena_free(&arena);
	free(first.key);
	free(second.key);
}

static void test_five_parts(void **state)
{
	struct sink s;
	int code;

	(void)state;
	words_use(LANGUAGE_ZH);
	say(&s, false, &code);
	assert_int_equal(code, EXIT_DEFECTS);
	assert_string_equal(s.text, "");
	assert_memory_equal(s.said, "错误：SB26-14 现在（草稿）不能这样办（ZB003）\n",
			    strlen("错误：SB26-14 现在（草稿）不能这样办（ZB003）\n"));
	assert_non_null(strstr(s.said, "原因：1. 请求缺少提交编号\n"));
	assert_non_null(strstr(s.said, "      2. not_a_known_reason\n"));
	assert_non_null(strstr(s.said, "办法："));
	assert_non_null(strstr(s.said, "zhibu app list"));
	assert_null(strstr(s.said, "no_such_request"));
	assert_non_null(strstr(s.said, "没有改动任何数据。\n"));
	assert_non_null(strstr(s.said, "7f3a-91c2"));
	free_sink(&s);
}

static void test_five_parts_english(void **state)
{
	struct sink s;
	int code;
	size_t i;

	(void)state;
	words_use(LANGUAGE_EN);
	say(&s, false, &code);
	words_use(LANGUAGE_ZH);
	assert_non_null(strstr(s.said, "Error: SB26-14"));
	assert_non_null(strstr(s.said, "Why:"));
	assert_non_null(strstr(s.said, "Nothing was changed."));
	for (i = 0; i < s.said_len; i++)
		assert_true((unsigned char)s.said[i] < 0x80);
	free_sink(&s);
}

/* The remedies offered to one who typed "zhibu gap done", for a field that is
 * not right, as one string. */
static void remedies(char *all, size_t room, char *key, char *field,
		     char *allowed_request)
{
	char *args[] = { field }, *allowed[] = { allowed_request };
	Refusal refusal = REFUSAL__INIT;
	struct error_text text;
	struct arena arena;
	size_t i, n = 0;

	refusal.code = ERR_INVALID;
	refusal.key = key;
	refusal.args = args;
	refusal.n_args = 1;
	refusal.allowed = allowed;
	refusal.n_allowed = 1;
	arena_init(&arena, 1 << 20);
	assert_true(error_of_refusal(&text, &arena, command_find("gap", "done"),
				     &refusal));
	all[0] = '\0';
	for (i = 0; i < text.n_fixes; i++)
		n += (size_t)snprintf(all + n, room - n, "%s\n", text.fixes[i]);
	arena_free(&arena);
}

static void test_the_option_is_named(void **state)
{
	char all[512];

	(void)state;
	words_use(LANGUAGE_ZH);
	remedies(all, sizeof(all), "invalid", "result", "list_applications");
	assert_non_null(strstr(all, "加上 --result="));
	assert_non_null(strstr(all, "zhibu app list"));
	words_use(LANGUAGE_EN);
	remedies(all, sizeof(all), "invalid", "result", "list_applications");
	assert_non_null(strstr(all, "Add --result="));
	words_use(LANGUAGE_ZH);
	/* a word of the command line, no field of it, another refusal */
	remedies(all, sizeof(all), "invalid", "gap_id", "list_applications");
	assert_null(strstr(all, "--"));
	remedies(all, sizeof(all), "invalid", "narrative", "list_applications");
	assert_null(strstr(all, "--"));
	remedies(all, sizeof(all), "state", "result", "list_applications");
	assert_null(strstr(all, "--"));
}

static void test_no_remedy_is_the_same_again(void **state)
{
	char all[512];

	(void)state;
	remedies(all, sizeof(all), "state", "WT26-14", "claim_gap_done");
	assert_string_equal(all, "");
}

static void test_a_command_stays_whole(void **state)
{
	static const char command[] = "zhibu gap done WT26-14 --as branch_secretary@14";
	struct sink s;
	unsigned columns;

	(void)state;
	for (columns = 40; columns <= 120; columns += 40) {
		struct table *table;

		open_sink(&s, columns, false);
		table = table_new(s.out);
		table_title(table, "due");
		table_title(table, "duty of a branch");
		table_title(table, "command");
		table_whole(table);
		table_cell(table, "2026-10-22");
		table_cell(table, "a shortfall to be mended");
		table_cell(table, command);
		table_end(table, NULL);
		shut_sink(&s);
		assert_non_null(strstr(s.text, command));
		free_sink(&s);
	}
}

static void test_error_as_json(void **state)
{
	struct sink s;
	json_t *whole, *error;
	int code;

	(void)state;
	say(&s, true, &code);
	whole = json_loads(s.said, 0, NULL);
	error = json_object_get(whole, "error");
	assert_non_null(error);
	assert_string_equal(json_string_value(json_object_get(error, "code")), "ZB003");
	assert_string_equal(json_string_value(json_object_get(error, "kind")), "STATE");
	assert_int_equal(json_integer_value(json_object_get(error, "exit")), code);
	assert_int_equal(json_array_size(json_object_get(error, "reasons")), 2);
	assert_string_equal(json_string_value(json_object_get(error, "requestId")),
			    "7f3a-91c2");
	assert_true(json_is_false(json_object_get(error, "retryable")));
	json_decref(whole);
	free_sink(&s);
}

/* ---- words ----------------------------------------------------------------------- */

static void test_words(void **state)
{
	const struct word *words;
	size_t i, k, n;

	(void)state;
	words = words_all(&n);
	for (i = 0; i < n; i++) {
		assert_ptr_equal(word_both(words[i].key)->zh, words[i].zh);
		if (!*words[i].en && *words[i].zh)
			fail_msg("%s has no English", words[i].key);
		for (k = 0; k < i; k++)
			if (strcmp(words[k].key, words[i].key) == 0)
				fail_msg("%s is there twice", words[i].key);
	}
	assert_null(word_find("no.such.key"));
	assert_string_equal(word("no.such.key"), "no.such.key");
}

static void test_sentences(void **state)
{
	const char *args[] = { "SB26-14", "branch_secretary@14", "name" };
	struct arena arena;

	(void)state;
	arena_init(&arena, 65536);
	assert_string_equal(word_fill(&arena, "%1 %2", 3, args),
			    "SB26-14 党支部书记@14");
	assert_string_equal(word_fill(&arena, "%3%9%", 3, args), "名称%");
	assert_string_equal(word_put(&arena, "%3", 3, args), "name");
	assert_string_equal(word_code("role.", "党支部书记", strlen("党支部书记")),
			    "branch_secretary");
	assert_null(word_code("role.", "书记", strlen("书记")));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wide_characters),
		cmocka_unit_test(test_numbers_right),
		cmocka_unit_test(test_long_last_column),
		cmocka_unit_test(test_records_when_too_wide),
		cmocka_unit_test(test_empty_table),
		cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_failed_write),
		cmocka_unit_test(test_five_parts),
		cmocka_unit_test(test_five_parts_english),
		cmocka_unit_test(test_the_option_is_named),
		cmocka_unit_test(test_no_remedy_is_the_same_again),
		cmocka_unit_test(test_a_command_stays_whole),
		cmocka_unit_test(test_error_as_json),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
