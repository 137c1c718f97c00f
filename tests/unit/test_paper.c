/* Forms and papers: every form that comes with the program reads, each defect is
 * named with its line, values go where they belong, hostile text stays text. */
#include "tests/unit/check.h"

#include "client/fields.h"
#include "client/paper_form.h"
#include "client/papers.h"
#include "client/words.h"
#include "envelope.pb-c.h"

#include <stdlib.h>
#include <string.h>

static struct arena arena;

static const char *trouble_of(const char *text, unsigned line)
{
	struct paper_trouble trouble;
	struct paper_form form;

	assert_false(paper_form_read(&arena, text, strlen(text), &form, &trouble));
	assert_int_equal(trouble.line, line);
	assert_non_null(word_find(trouble.key));
	return trouble.key;
}

static void every_form_reads(void **state)
{
	size_t n;
	const struct paper_text *all = papers_all(&n);

	(void)state;
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		struct paper_trouble trouble;
		struct paper_form form;

		arena_reset(&arena);
		if (!paper_form_read(&arena, all[i].text, strlen(all[i].text), &form,
				     &trouble))
			fail_msg("%s:%u %s %s", all[i].id, trouble.line, trouble.key,
				 trouble.word);
		assert_true(strlen(form.name) > 0);
	}
}

#define HEAD "name x\nrequest list_people org_id\n"

static void defects_are_named(void **state)
{
	static const struct {
		const char *text, *key;
		unsigned line;
	} cases[] = {
		{ HEAD "bodily x", "error.print_word", 3 },
		{ HEAD "once x", "error.print_word", 3 },
		{ HEAD "body {nobody}", "error.print_no_field", 3 },
		{ HEAD "body {people}", "error.print_no_field", 3 },
		{ HEAD "body {org_id", "error.print_brace", 3 },
		{ HEAD "row a | b", "error.print_no_table", 3 },
		{ HEAD "table 1 1\nrow a | b | c\nend", "error.print_cells", 4 },
		{ HEAD "table 0\nend", "error.print_widths", 3 },
		{ HEAD "table 1\ntable 1\nend\nend", "error.print_table_in_table", 4 },
		{ HEAD "table 1 1\nrow a | *org_id\nend", "error.print_no_list", 4 },
		{ HEAD "table 1 1\nonce row a | b | c\nend", "error.print_cells", 4 },
		{ HEAD "body {value}", "error.print_no_field", 3 },
		{ HEAD "table 1 1\nrow a | *people\nend", "error.print_no_list", 4 },
		{ HEAD "table 1 1\nrow a | *people.nobody\nend", "error.print_no_list", 4 },
		{ HEAD "each org_id\nend", "error.print_no_list", 3 },
		{ HEAD "if nobody\nend", "error.print_no_field", 3 },
		{ HEAD "each people\n", "error.print_open", 3 },
		{ HEAD "end", "error.print_end", 3 },
		{ HEAD "each people\nrequest list_orgs\nend", "error.print_requests", 4 },
		{ "name x\nrequest drop_database", "error.print_no_request", 2 },
		{ "name x\nrequest list_people code", "error.print_no_field", 2 },
		{ "name x\nbody y", "error.print_nameless", 2 },
		{ "request list_people", "error.print_nameless", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(trouble_of(cases[i].text, cases[i].line),
				    cases[i].key);
}

static void too_deep_is_refused(void **state)
{
	char text[1024] = HEAD;

	(void)state;
	for (int i = 0; i <= PAPER_FORM_DEPTH_MAX; i++)
		strcat(text, "if org_id\n");
	assert_string_equal(trouble_of(text, 3 + PAPER_FORM_DEPTH_MAX),
			    "error.print_deep");
}

/* ---- a roster of two on paper ------------------------------------------------------ */

static char branch[] = "电气<b>&\x1b[31m", one[] = "巴特尔", two[] = "王磊",
	    full[] = "FULL", probationary[] = "PROBATIONARY";

static const char form_text[] = "name 名册\nrequest list_people org_id\n"
	"title {org_name}\ncentre {doc_no} {as_of_on}\n"
	"table 1 2 2\nhead 序 | 名\neach people\n"
	"row {n} | {name} | {standing}\nif standing=PROBATIONARY\nrow 预备\nend\nend\nend\n"
	"each people\nonce heading {org_name}\nend\nunless people\nbody 无\nend\n"
	"table 1 1 1\nrow 名 | *people.name\nend\n";

static void fill(struct paper *paper, const char *doc_no, struct out *out)
{
	static MemberRow rows[2];
	static MemberRow *list[2] = { &rows[0], &rows[1] };
	static ListPeopleReply reply;
	struct paper_trouble trouble;
	struct paper_form form;
	struct paper_facts facts = { .out = out, .n = 1, .doc_no = doc_no,
				     .today = "" };

	list_people_reply__init(&reply);
	member_row__init(&rows[0]);
	member_row__init(&rows[1]);
	reply.org_name = branch;
	reply.has_as_of_on = true;
	reply.as_of_on = 20791; /* 2026-12-04 */
	rows[0].name = one;
	rows[0].standing = full;
	rows[1].name = two;
	rows[1].standing = probationary;
	reply.n_people = 2;
	reply.people = list;
	facts.replies[0] = &reply.base;
	assert_true(paper_form_read(&arena, form_text, strlen(form_text), &form,
				    &trouble));
	paper_begin(paper, &arena);
	assert_true(paper_form_fill(&form, &facts, paper));
}

static struct out *quiet(FILE *nowhere)
{
	const struct out_options options = { .results = nowhere, .words = nowhere,
					     .columns = 80 };

	return out_new(&options);
}

static void values_go_where_they_belong(void **state)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct out *out = quiet(nowhere);
	struct paper paper, other;
	char digest[PAPER_DIGEST + 1], same[PAPER_DIGEST + 1];
	const struct paper_line *l;

	(void)state;
	fill(&paper, NULL, out);
	l = paper.first->next;
	assert_string_equal(l->cells[0], "　　　〔　　〕　　号 2026年12月4日");
	l = l->next->next->next; /* over table and head */
	assert_string_equal(l->cells[0], "1");
	assert_string_equal(l->cells[1], one);
	assert_string_equal(l->cells[2], word_value("standing", "FULL"));
	assert_string_equal(l->next->cells[0], "2");
	assert_string_equal(l->next->next->cells[0], "预备");
	assert_int_equal(l->next->next->next->kind, PAPER_END);
	/* once: the same heading is not said again; people are there: no 无 */
	assert_int_equal(l->next->next->next->next->kind, PAPER_HEADING);
	/* a field of every element, one a cell */
	l = l->next->next->next->next->next->next;
	assert_int_equal(l->n, 3);
	assert_string_equal(l->cells[2], two);
	/* the digest is that of what is said */
	paper_digest(&paper, digest);
	fill(&other, NULL, out);
	paper_digest(&other, same);
	assert_string_equal(digest, same);
	fill(&other, "院党发〔2026〕12号", out);
	paper_digest(&other, same);
	assert_string_not_equal(digest, same);
	out_free(out);
	fclose(nowhere);
}

/* One value a cell, empty cells where there are fewer, the last holding what is
 * past it; a row said `once` is not said again. */
static void lists_are_spread(void **state)
{
	static const char text[] = "name x\nrequest show_ballot session_id\n"
		"table 3 1 1 1\neach result.tallies\nonce row 项目 | *labels | 未选\n"
		"row {text} | *counts | {blank}\nend\nend\n";
	static char good[] = "好", fair[] = "一般", item[] = "政治功能强";
	static char *labels[] = { good, fair };
	static int32_t counts[2][3] = { { 5, 0, 0 }, { 1, 2, 3 } };
	FILE *nowhere = fopen("/dev/null", "w");
	struct out *out = quiet(nowhere);
	struct paper_trouble trouble;
	struct paper_form form;
	struct paper_facts facts = { .out = out, .n = 1, .today = "" };
	ShowBallotReply reply = SHOW_BALLOT_REPLY__INIT;
	BallotResult result = BALLOT_RESULT__INIT;
	BallotTally tallies[2] = { BALLOT_TALLY__INIT, BALLOT_TALLY__INIT };
	BallotTally *list[2] = { &tallies[0], &tallies[1] };
	struct paper paper;
	const struct paper_line *l;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		tallies[i].text = item;
		tallies[i].n_labels = 2;
		tallies[i].labels = labels;
		tallies[i].n_counts = i ? 3 : 1;
		tallies[i].counts = counts[i];
	}
	result.n_tallies = 2;
	result.tallies = list;
	reply.result = &result;
	facts.replies[0] = &reply.base;
	assert_true(paper_form_read(&arena, text, strlen(text), &form, &trouble));
	paper_begin(&paper, &arena);
	assert_true(paper_form_fill(&form, &facts, &paper));
	l = paper.first->next;
	assert_int_equal(l->n, 4);
	assert_string_equal(l->cells[2], fair);
	l = l->next;
	assert_string_equal(l->cells[1], "5");
	assert_string_equal(l->cells[2], "");
	l = l->next;
	assert_string_equal(l->cells[2], "2 3");
	assert_int_equal(l->next->kind, PAPER_END);
	out_free(out);
	fclose(nowhere);
}

/* A whole text in the layout of an official document. */
static void document_text(void **state)
{
	static const char text[] = "name 决定\nrequest show_award_document doc_no\n"
		"document {text}\n";
	static char words[] = "关于命名的决定\n院党发〔2026〕12号\n\n　　决定命名：\n\n"
		"　　14　支部\n\n党委\n2026年12月18日";
	static const struct {
		enum paper_kind kind;
		const char *text;
	} wanted[] = {
		{ PAPER_TITLE, "关于命名的决定" },
		{ PAPER_CENTRE, "院党发〔2026〕12号" },
		{ PAPER_PLAIN, "　　决定命名：\n\n　　14　支部" },
		{ PAPER_SIGN, "党委\n2026年12月18日" },
	};
	static char title_only[] = "标题\n\n正文", line[] = "一段话";
	FILE *nowhere = fopen("/dev/null", "w");
	struct out *out = quiet(nowhere);
	struct paper_trouble trouble;
	struct paper_form form;
	struct paper_facts facts = { .out = out, .n = 1, .today = "" };
	ShowAwardDocumentReply reply = SHOW_AWARD_DOCUMENT_REPLY__INIT;
	struct paper paper;
	const struct paper_line *l;

	(void)state;
	reply.text = words;
	facts.replies[0] = &reply.base;
	assert_true(paper_form_read(&arena, text, strlen(text), &form, &trouble));
	paper_begin(&paper, &arena);
	assert_true(paper_form_fill(&form, &facts, &paper));
	l = paper.first;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++, l = l->next) {
		assert_int_equal(l->kind, wanted[i].kind);
		assert_string_equal(l->cells[0], wanted[i].text);
	}
	assert_null(l);
	reply.text = title_only;
	paper_begin(&paper, &arena);
	assert_true(paper_form_fill(&form, &facts, &paper));
	assert_int_equal(paper.first->kind, PAPER_TITLE);
	assert_int_equal(paper.first->next->kind, PAPER_PLAIN);
	assert_string_equal(paper.first->next->cells[0], "正文");
	assert_null(paper.first->next->next);
	reply.text = line;
	paper_begin(&paper, &arena);
	assert_true(paper_form_fill(&form, &facts, &paper));
	assert_int_equal(paper.first->kind, PAPER_PLAIN);
	out_free(out);
	fclose(nowhere);
}

/* {value} is the element of a list of plain values. */
static void plain_values_one_by_one(void **state)
{
	static const char text[] = "name x\nrequest get_survey survey_id\n"
		"each questions\nbody {n} {value} {title}\nend\n";
	static char one_question[] = "支持度", title[] = "问卷";
	static char *questions[] = { one_question };
	FILE *nowhere = fopen("/dev/null", "w");
	struct out *out = quiet(nowhere);
	struct paper_trouble trouble;
	struct paper_form form;
	struct paper_facts facts = { .out = out, .n = 1, .today = "" };
	GetSurveyReply reply = GET_SURVEY_REPLY__INIT;
	struct paper paper;

	(void)state;
	reply.title = title;
	reply.n_questions = 1;
	reply.questions = questions;
	facts.replies[0] = &reply.base;
	assert_true(paper_form_read(&arena, text, strlen(text), &form, &trouble));
	paper_begin(&paper, &arena);
	assert_true(paper_form_fill(&form, &facts, &paper));
	assert_string_equal(paper.first->cells[0], "1 支持度 问卷");
	assert_null(paper.first->next);
	out_free(out);
	fclose(nowhere);
}

static void text_stays_text(void **state)
{
	FILE *nowhere = fopen("/dev/null", "w"), *f;
	struct out *out = quiet(nowhere);
	struct paper paper;
	char *page = NULL;
	size_t len = 0;

	(void)state;
	fill(&paper, NULL, out);
	f = open_memstream(&page, &len);
	assert_true(paper_html(&paper, f));
	fclose(f);
	assert_null(strstr(page, "<b>"));
	assert_null(strchr(page, '\x1b'));
	assert_non_null(strstr(page, "电气&lt;b&gt;&amp;^[[31m"));
	free(page);
	f = tmpfile();
	assert_true(paper_docx(&paper, f));
	rewind(f);
	assert_int_equal(fgetc(f), 'P');
	assert_int_equal(fgetc(f), 'K');
	fclose(f);
	out_free(out);
	fclose(nowhere);
}

/* An empty line between two stays one, and the end of a text makes none. */
static void every_line_is_a_paragraph(void **state)
{
	const char *text = "支部意见：\n\n同意";
	struct paper paper;
	struct paper_line *line;
	char *page = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&page, &len);

	(void)state;
	paper_begin(&paper, &arena);
	line = paper_add(&paper, PAPER_BODY);
	line->n = 1;
	line->cells[0] = text;
	assert_true(paper_html(&paper, f));
	fclose(f);
	assert_non_null(strstr(page, "<p class=body>支部意见：</p>\n<p class=body></p>\n"
				     "<p class=body>同意</p>\n</body>"));
	free(page);
	assert_string_equal(paper_paragraph(&paper, &text), "支部意见：");
	assert_string_equal(paper_paragraph(&paper, &text), "");
	assert_string_equal(paper_paragraph(&paper, &text), "同意");
	assert_null(text);
}

static int begin(void **state)
{
	(void)state;
	arena_init(&arena, 16 << 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_reads),
		cmocka_unit_test(defects_are_named),
		cmocka_unit_test(too_deep_is_refused),
		cmocka_unit_test(values_go_where_they_belong),
		cmocka_unit_test(lists_are_spread),
		cmocka_unit_test(document_text),
		cmocka_unit_test(plain_values_one_by_one),
		cmocka_unit_test(text_stays_text),
		cmocka_unit_test(every_line_is_a_paragraph),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
