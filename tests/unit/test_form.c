/* The text form of a self-assessment: what is read, what is refused, and that
 * writing what was read gives the same text. */
#include "client/form.h"

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
	struct form_item item = { "", "3.1", "条目", NULL, FORM_MET, 0 };
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
	assert_string_equal(defects[1].arg, "1.2");
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
	assert_int_equal(parse("[1.1] \xb4\xef = \xb5\xbd\n"), 1);
	assert_string_equal(defects[0].key, "form.not_text");
	assert_int_equal(form_parse(&arena, nul, sizeof(nul) - 1, &form, defects, 8), 1);
	assert_string_equal(defects[0].key, "form.not_text");
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
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
