/* The text form of a self-assessment: what is read, what is refused, and that
 * writing what was read gives the same text. */
#include "client/form.h"
#include "common/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct form form;
static struct form_defect defects[8];

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 16 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static size_t parse(const char *text)
{
	return form_parse(&arena, text, strlen(text), &form, defects, 8);
}

static const char canonical[] =
	"# 自评表  轮次 LC26-14  电气自动化系教工党支部\n"
	"# 每项填 达到 / 不足 / 不适用\n"
	"[自评] ZP26-14 = 3\n"
	"\n"
	"# 第三组 组织生活强\n"
	"[3.1] 严格执行组织生活制度 = 不足\n"
	"  说明: 支委会批评意见偏少，\n"
	"    已改为会前逐人谈心后再上会。\n"
	"\n"
	"    #1 号会议室 [3.9] = 达到\n"
	"     缩进五格\n"
	"    说明: 不是新的说明\n"
	"\n"
	"[3.2] 主题党日主题突出 = 达到\n"
	"[3.3] 组织生活会 = 不适用\n"
	"[3.4] 还没有填 = \n"
	"\n"
	"# 完\n";

static void test_reads(void **state)
{
	(void)state;
	assert_int_equal(parse(canonical), 0);
	assert_string_equal(form.self_id, "ZP26-14");
	assert_true(form.has_revision);
	assert_int_equal(form.revision, 3);
	assert_int_equal(form.n, 4);
	assert_string_equal(form.items[0].code, "3.1");
	assert_string_equal(form.items[0].text, "严格执行组织生活制度");
	assert_int_equal(form.items[0].judgement, FORM_SHORTFALL);
	assert_string_equal(form.items[0].narrative,
			    "支委会批评意见偏少，\n已改为会前逐人谈心后再上会。\n\n"
			    "#1 号会议室 [3.9] = 达到\n 缩进五格\n说明: 不是新的说明");
	assert_int_equal(form.items[1].judgement, FORM_MET);
	assert_int_equal(form.items[2].judgement, FORM_NOT_APPLICABLE);
	assert_int_equal(form.items[3].judgement, FORM_OPEN);
	assert_string_equal(form.items[3].narrative, "");
}

static void test_round_trip(void **state)
{
	(void)state;
	assert_int_equal(parse(canonical), 0);
	assert_string_equal(form_print(&arena, &form), canonical);
}

/* Whatever a narrative holds, it comes back. */
static void test_narratives_survive(void **state)
{
	static const char *const narratives[] = {
		"[9.9] x = 达到", "# 不是注释", "第一行\n\n\n第四行", "说明: 说明：",
		"  两格在前", "a\n\tb", "＃＃\n［3.1］＝", "末尾有等号=", "𬍛㛃·",
	};
	struct form_item item = { "", "3.1", "条目", NULL, FORM_MET, 0, "" };
	struct form one = { .notes = "", .self_id = "ZP26-14", .items = &item,
			    .n = 1, .tail = "" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(narratives) / sizeof(narratives[0]); i++) {
		item.narrative = narratives[i];
		assert_int_equal(parse(form_print(&arena, &one)), 0);
		assert_int_equal(form.n, 1);
		assert_string_equal(form.items[0].narrative, narratives[i]);
	}
}

static void test_wide(void **state)
{
	(void)state;
	assert_int_equal(parse("\xef\xbb\xbf＃ 说明\r\n［自评］ ＺＰ２６－１４＝７\r\n"
			       "［３．１］严格执行　＝　尚有不足　\r\n　　说明：有\r\n　　　　二\r\n"), 0);
	assert_string_equal(form.self_id, "ZP26-14");
	assert_int_equal(form.revision, 7);
	assert_int_equal(form.n, 1);
	assert_string_equal(form.items[0].code, "3.1");
	assert_string_equal(form.items[0].text, "严格执行");
	assert_int_equal(form.items[0].judgement, FORM_SHORTFALL);
	assert_string_equal(form.items[0].narrative, "有\n　　二");
}

/* All of them at once, each with its line. */
static void test_defects(void **state)
{
	static const struct {
		unsigned line;
		const char *key;
	} expected[] = {
		{ 1, "form.no_item" },
		{ 3, "form.bad_judgement" },
		{ 5, "form.narrative_twice" },
		{ 6, "form.item_twice" },
		{ 7, "form.not_understood" },
		{ 8, "form.not_understood" },
		{ 9, "form.not_understood" },
	};
	size_t i;

	(void)state;
	assert_int_equal(parse("说明: 早了\n"
			       "[1.1] 一 = 达到\n"
			       "[1.2] 二 = 优秀\n"
			       "  说明: 有\n"
			       "  说明: 又有\n"
			       "[1.1] 一 = 达到\n"
			       "[1.3] 没有等号\n"
			       "随便写的一行\n"
			       "[x] 三 = 达到\n"), 7);
	for (i = 0; i < 7; i++) {
		assert_int_equal(defects[i].line, expected[i].line);
		assert_string_equal(defects[i].key, expected[i].key);
	}
	assert_string_equal(defects[1].arg, "优秀");
}

static void test_too_long(void **state)
{
	static char text[64 + 3 * (FORM_NARRATIVE_MAX + 1)];
	char *p = text + sprintf(text, "[1.1] 一 = 达到\n  说明: ");
	size_t i;

	(void)state;
	for (i = 0; i < FORM_NARRATIVE_MAX; i++)
		p += sprintf(p, "字");
	assert_int_equal(parse(text), 0);
	sprintf(p, "字");
	assert_int_equal(parse(text), 1);
	assert_string_equal(defects[0].key, "form.too_long");
	assert_string_equal(defects[0].arg, "2000");
}

static void test_not_text(void **state)
{
	static const char nul[] = "[1.1] \0 = 达到\n";

	(void)state;
	assert_int_equal(parse("[1.1] \xff\xff = \xff\n"), 1);
	assert_string_equal(defects[0].key, "form.not_text");
	assert_int_equal(form_parse(&arena, nul, sizeof(nul) - 1, &form, defects, 8), 1);
	assert_string_equal(defects[0].key, "form.not_text");
}

/* 达到 as an office program of this country writes it. */
static void test_gb18030(void **state)
{
	(void)state;
	assert_int_equal(parse("[1.1] \xd2\xbb = \xb4\xef\xb5\xbd\n"), 0);
	assert_string_equal(form.items[0].text, "一");
	assert_int_equal(form.items[0].judgement, FORM_MET);
}

/* ---- as a table ------------------------------------------------------------------- */

static struct csv csv;

static size_t parse_table(const char *text)
{
	assert_int_equal(csv_parse(&csv, text, strlen(text)), CSV_OK);
	return form_table_parse(&arena, &csv, &form, defects, 8);
}

static const struct form_item sample[] = {
	{ "", "2.1", "机制健全", "", FORM_OPEN, 0, "队伍建设强" },
	{ "", "2.10", "教育经常", "=1+1，\"引号\"\n第二行", FORM_SHORTFALL, 0, "队伍建设强" },
};

static void test_table_round_trip(void **state)
{
	struct form_item items[2] = { sample[0], sample[1] };
	struct form out = { .self_id = "ZP26-14", .revision = 3, .has_revision = true,
			    .items = items, .n = 2 };
	struct csv_writer writer = { 0 };
	char sum[FORM_SUM];

	(void)state;
	form_table_print(&writer, &out, "怎么填");
	assert_true(form_is_table(writer.data, writer.len));
	assert_int_equal(parse_table(writer.data), 0);
	assert_string_equal(form.self_id, "ZP26-14");
	assert_int_equal(form.revision, 3);
	assert_int_equal(form.n, 2);
	/* a spreadsheet makes 2.1 of 2.10, but not of [2.10] */
	assert_non_null(strstr(writer.data, "[2.10]"));
	assert_string_equal(form_find(&form, "2.10")->narrative, sample[1].narrative);
	assert_int_equal(form_find(&form, "2.10")->judgement, FORM_SHORTFALL);
	form_sum(&form, sum);
	assert_string_equal(form.sum, sum);
	assert_int_equal(form_compare(&form, &out, defects, 8, 0), 0);
	csv_free(&csv);
	free(writer.data);
}

/* Moved and added rows, columns in another order, full width, numbered choices. */
static void test_table_as_offices_send_it(void **state)
{
	struct form_item items[2] = { sample[0], sample[1] };
	struct form standard = { .items = items, .n = 2 };

	(void)state;
	assert_int_equal(parse_table("说明,判断,条目,编号,备注\n"
				     ",,,小计,我自己加的\n"
				     "少,２,教育经常,［２．１０］,\n"
				     "　有　,１,机制健全,2.1,\n"), 0);
	assert_int_equal(form.n, 2);
	assert_int_equal(form_find(&form, "2.10")->judgement, FORM_SHORTFALL);
	assert_int_equal(form_find(&form, "2.1")->judgement, FORM_MET);
	assert_string_equal(form_find(&form, "2.1")->narrative, "有");
	assert_int_equal(form_compare(&form, &standard, defects, 8, 0), 0);
	csv_free(&csv);
}

/* Every wrong cell, by its name. */
static void test_table_defects(void **state)
{
	static const struct {
		char column;
		unsigned line;
		const char *key;
	} expected[] = {
		{ 'D', 4, "form.bad_judgement" },
		{ 'A', 6, "form.no_code" },
		{ 'A', 7, "form.item_twice" },
		{ 'C', 4, "form.text_changed" },
		{ 'A', 5, "form.unknown_item" },
		{ 'B', 7, "form.text_changed" },
	};
	struct form_item items[2] = { sample[0], sample[1] };
	struct form standard = { .items = items, .n = 2 };
	size_t found, i;

	(void)state;
	found = parse_table("自评表,ZP26-14,修订号,3\n\n"
			    "编号,标准,条目,判断,说明\n"
			    "[2.1],队伍建设强,机制很健全,优秀,\"两\n行\"\n"
			    "[9.9],,,达到,\n"
			    "合计,,,达到,\n"
			    "[2.1],队伍弱,机制健全,达到,\n");
	found = form_compare(&form, &standard, defects, 8, found);
	assert_int_equal(found, 6);
	for (i = 0; i < found; i++) {
		assert_int_equal(defects[i].column, expected[i].column);
		assert_int_equal(defects[i].line, expected[i].line);
		assert_string_equal(defects[i].key, expected[i].key);
	}
	csv_free(&csv);
	assert_int_equal(parse_table("甲,乙\n1,2\n"), 1);
	assert_string_equal(defects[0].key, "form.no_titles");
	csv_free(&csv);
}

/* A megabyte of short lines must neither crash nor take for ever. */
static void test_hostile(void **state)
{
	size_t len = FORM_BYTES_MAX, i;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memcpy(text, "[1.1]=\n 说明:a\n", 17);
	for (i = 17; i < len; i++)
		text[i] = " x\n"[i % 3];
	assert_true(form_parse(&arena, text, len, &form, defects, 8) > 0);
	memset(text, '[', len);
	assert_true(form_parse(&arena, text, len, &form, defects, 8) > 0);
	memset(text, '\n', len);
	assert_int_equal(form_parse(&arena, text, len, &form, defects, 8), 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_narratives_survive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wide, setup, teardown),
		cmocka_unit_test_setup_teardown(test_defects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gb18030, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_as_offices_send_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_table_defects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
