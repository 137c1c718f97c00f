/* Tables of a spreadsheet as rows of a request: headings in either language and
 * any order, words for codes, every defect by line; the demo college's own files
 * are read whole. */
#include "client/import.h"

#include "envelope.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX (1 << 20)
#define ROWS_MAX 700

static struct arena arena;
static struct csv csv;
static struct import_plan plan;
static struct import_defect defects[8];
static size_t n_defects;
static void *rows[ROWS_MAX];

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 16 << 20);
	n_defects = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	csv_free(&csv);
	arena_free(&arena);
	return 0;
}

static bool read_table(const char *request, const ProtobufCMessageDescriptor *type,
		       const char *text, size_t len)
{
	size_t i;

	assert_int_equal(csv_parse(&csv, text, len), CSV_OK);
	if (!import_plan(&plan, request, type, &csv))
		return false;
	assert_true(csv.n <= ROWS_MAX);
	for (i = 1; i < csv.n; i++) {
		rows[i - 1] = import_row(&plan, &csv.rows[i], &arena, defects, 8,
					 &n_defects);
		assert_non_null(rows[i - 1]);
	}
	return true;
}

static bool read_text(const char *request, const ProtobufCMessageDescriptor *type,
		      const char *text)
{
	return read_table(request, type, text, strlen(text));
}

/* A file of the tree, by its path from the root. */
static bool read_path(const char *request, const ProtobufCMessageDescriptor *type,
		      const char *name)
{
	static char bytes[FILE_MAX];
	char path[4096];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", SOURCE_TREE, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	return read_table(request, type, bytes, len);
}

static void test_headings(void **state)
{
	const PersonImport *p;

	(void)state;
	assert_true(read_text("import_people", &person_import__descriptor,
		"起,standing,Relation,备注,组织编号,工号,姓名\n"
		"2026/1/2,正式党员,Membership,无,14,A1,  其其格　\n"));
	p = rows[0];
	assert_int_equal(p->line, 2);
	assert_string_equal(p->member_no, "A1");
	assert_string_equal(p->name, "其其格");
	assert_string_equal(p->kind, "PRIMARY");
	assert_string_equal(p->standing, "FULL");
	assert_int_equal(p->from_on, 20455);
	assert_null(p->mark);
	assert_null(plan.columns[3]); /* 备注 is nobody's column */
	assert_int_equal(n_defects, 0);
}

static void test_missing_column(void **state)
{
	(void)state;
	assert_false(read_text("import_people", &person_import__descriptor,
			       "姓名,组织编号\n其其格,14\n"));
	assert_string_equal(plan.missing->name, "member_no");
}

/* 类别 of an organisation and 关系 of a person are the same field elsewhere. */
static void test_kind(void **state)
{
	(void)state;
	assert_true(read_text("import_orgs", &org_import__descriptor,
			      "组织编号,名称,类别\n14,甲,党支部\n15,乙,俱乐部\n"));
	assert_string_equal(((OrgImport *)rows[0])->kind, "branch");
	assert_string_equal(((OrgImport *)rows[1])->kind, "俱乐部");
}

static void test_every_defect(void **state)
{
	(void)state;
	assert_true(read_text("import_holidays", &holiday_import__descriptor,
			      "日期,上班,名称\n2026-02-30,否,甲\n2026-10-01,也许,乙\n"
			      "２０２６年１０月２日,是,丙\n"));
	assert_int_equal(n_defects, 2);
	assert_int_equal(defects[0].line, 2);
	assert_string_equal(defects[0].field, "day_on");
	assert_int_equal(defects[1].line, 3);
	assert_string_equal(defects[1].field, "working");
	assert_string_equal(defects[1].value, "也许");
	assert_int_equal(((HolidayImport *)rows[2])->day_on, 20728);
	assert_true(((HolidayImport *)rows[2])->working);
}

/* More cells than headings, fewer, and empty ones. */
static void test_ragged(void **state)
{
	(void)state;
	assert_true(read_text("import_offices", &office_import__descriptor,
			      "工号,姓名,职务,组织编号\nA1,甲,党支部书记,14,多出的\nA2,乙\n"));
	assert_string_equal(((OfficeImport *)rows[0])->role, "branch_secretary");
	assert_null(((OfficeImport *)rows[1])->role);
	assert_int_equal(n_defects, 0);
}

static void test_demo_roster(void **state)
{
	const PersonImport *last;

	(void)state;
	assert_true(read_path("import_people", &person_import__descriptor,
			      "deploy/demo-college/people.csv"));
	assert_false(csv.gb18030);
	assert_int_equal(n_defects, 0);
	assert_int_equal(csv.n - 1, 601);
	last = rows[600];
	assert_string_equal(last->kind, "DUAL_LIFE");
}

/* The same roster as WPS and Excel write it. */
static void test_gb18030(void **state)
{
	static char *first[ROWS_MAX][2];
	size_t i;

	(void)state;
	assert_true(read_path("import_people", &person_import__descriptor,
			      "deploy/demo-college/people.csv"));
	for (i = 0; i < 601; i++) {
		first[i][0] = ((PersonImport *)rows[i])->name;
		first[i][1] = ((PersonImport *)rows[i])->org_id;
	}
	csv_free(&csv);
	assert_true(read_path("import_people", &person_import__descriptor,
			      "tests/data/people-gb18030.csv"));
	assert_true(csv.gb18030);
	assert_int_equal(csv.n - 1, 601);
	for (i = 0; i < 601; i++) {
		assert_string_equal(((PersonImport *)rows[i])->name, first[i][0]);
		assert_string_equal(((PersonImport *)rows[i])->org_id, first[i][1]);
	}
}

static void test_demo_files(void **state)
{
	size_t i;

	(void)state;
	assert_true(read_path("import_orgs", &org_import__descriptor,
			      "deploy/demo-college/orgs.csv"));
	assert_int_equal(csv.n - 1, 38);
	for (i = 0; i < csv.n - 1; i++) /* a code, not a word that was not found */
		assert_true(((OrgImport *)rows[i])->kind[0] < 0x7f &&
			    ((OrgImport *)rows[i])->kind[0] > 0);
	csv_free(&csv);
	assert_true(read_path("import_offices", &office_import__descriptor,
			      "deploy/demo-college/offices.csv"));
	for (i = 0; i < csv.n - 1; i++)
		assert_true(((OfficeImport *)rows[i])->role[0] > 0);
	csv_free(&csv);
	assert_true(read_path("import_holidays", &holiday_import__descriptor,
			      "deploy/demo-college/holidays.csv"));
	assert_int_equal(n_defects, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_headings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing_column, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_defect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ragged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_demo_roster, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gb18030, setup, teardown),
		cmocka_unit_test_setup_teardown(test_demo_files, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
