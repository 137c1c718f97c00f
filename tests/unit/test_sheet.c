/* The sheet of one branch: four side by side, harmless on a terminal and in a
 * browser, within eighty columns, and with nothing added up. */
#include "tests/unit/check.h"

#include "client/views/sheet.h"
#include "common/text.h"

#define TEXT(name, value) static char name[] = value

TEXT(application, "SB26-14");
TEXT(org, "14");
TEXT(branch, "电气自动化系教工党支部");
TEXT(secretary, "<script>alert(1)</script>");
TEXT(locked, "LOCKED");
TEXT(skipped, "NOT_CARRIED_OUT");
TEXT(certified, "CERTIFIED");
TEXT(summary, "班子分工清楚，\x1b]0;x\x07联系群众的路子多，但台账记得不全，督查时补记的条目没有写明是补记。");
TEXT(problems, "\"onload=x 台账不全 & 补记");
TEXT(reason, "访谈对象都在外地实习");
TEXT(method_a, "日常了解");
TEXT(method_b, "述职评议");
TEXT(political, "政治功能强");
TEXT(good, "好");
TEXT(fair, "一般");
TEXT(unit, "红山电机厂党支部");
TEXT(kind, "共建单位");
TEXT(unanswered, "UNANSWERED");
TEXT(gap, "WT26-14-2");
TEXT(matter_kind, "GAP");
TEXT(gap_state, "gap.DOING");
TEXT(gap_text, "活动通知晚");

struct sample {
	EvaluationSheet sheet;
	SheetStream streams[4];
	SheetStream *list[4];
	char *methods[2];
	BallotResult ballot;
	BallotResult *ballots[1];
	BallotTally tally;
	BallotTally *tallies[1];
	char *labels[2];
	int32_t counts[2];
	SheetLetter letter;
	SheetLetter *letters[1];
	SheetMatter matter;
	SheetMatter *matters[1];
};

static void streams(struct sample *s)
{
	s->methods[0] = method_a;
	s->methods[1] = method_b;
	for (int i = 0; i < 4; i++) {
		sheet_stream__init(&s->streams[i]);
		s->streams[i].stream = (EvalStream__Kind)(i + 1);
		s->streams[i].state = i == 2 ? skipped : locked;
		s->streams[i].summary = i == 2 ? NULL : summary;
		s->list[i] = &s->streams[i];
	}
	s->streams[0].n_methods = 2;
	s->streams[0].methods = s->methods;
	s->streams[0].problems = problems;
	s->streams[2].skip_reason = reason;
	s->sheet.n_streams = 4;
	s->sheet.streams = s->list;
}

static void ballot(struct sample *s)
{
	ballot_result__init(&s->ballot);
	ballot_tally__init(&s->tally);
	s->ballot.state = certified;
	s->ballot.has_entitled = s->ballot.has_present = 1;
	s->ballot.has_returned = s->ballot.has_valid = 1;
	s->ballot.entitled = 25;
	s->ballot.present = s->ballot.returned = 23;
	s->ballot.valid = 22;
	s->ballot.void_count = 1;
	s->labels[0] = good;
	s->labels[1] = fair;
	s->counts[0] = 19;
	s->counts[1] = 3;
	s->tally.text = political;
	s->tally.n_labels = s->tally.n_counts = 2;
	s->tally.labels = s->labels;
	s->tally.counts = s->counts;
	s->tallies[0] = &s->tally;
	s->ballot.n_tallies = 1;
	s->ballot.tallies = s->tallies;
	s->ballots[0] = &s->ballot;
	s->sheet.n_ballots = 1;
	s->sheet.ballots = s->ballots;
}

static void sample(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	evaluation_sheet__init(&s->sheet);
	s->sheet.application_id = application;
	s->sheet.org_id = org;
	s->sheet.org_name = branch;
	s->sheet.secretary_name = secretary;
	s->sheet.full_members = 25;
	s->sheet.notes = 9;
	s->sheet.has_duty_grade = 1;
	s->sheet.duty_year = 2025;
	s->sheet.duty_grade = RECORD_DUTY_REVIEW__GRADE__FAIRLY_GOOD;
	s->sheet.letters_sent = s->sheet.letters_unanswered = 1;
	streams(s);
	ballot(s);
	sheet_letter__init(&s->letter);
	s->letter.unit_name = unit;
	s->letter.unit_kind = kind;
	s->letter.state = unanswered;
	s->letters[0] = &s->letter;
	s->sheet.n_letters = 1;
	s->sheet.letters = s->letters;
	sheet_matter__init(&s->matter);
	s->matter.kind = matter_kind;
	s->matter.object_id = gap;
	s->matter.state = gap_state;
	s->matter.text = gap_text;
	s->matters[0] = &s->matter;
	s->sheet.n_open_matters = 1;
	s->sheet.open_matters = s->matters;
}

/* malloc'ed */
static char *printed(bool html)
{
	struct sample s;
	struct arena arena;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct out_options options = { .results = f, .words = stderr,
				       .columns = 80 };
	struct out *out = out_new(&options);

	sample(&s);
	arena_init(&arena, 1024 * 1024);
	if (html)
		sheet_html(f, out, &arena, &s.sheet);
	else
		sheet_text(out, &arena, &s.sheet);
	assert_true(out_free(out));
	fclose(f);
	arena_free(&arena);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("missing: %s\nin:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("there: %s\nin:\n%s", part, text);
}

static void assert_content(const char *text)
{
	static const char *const parts[] = {
		"组织评定", "党员评议", "群众评判", "社会评价", "已锁定", "未开展",
		"访谈对象都在外地实习", "日常了解9条；2025年度述职评议：较好",
		"应到25 实到23 收回23 有效22 无效1", "政治功能强", "19",
		"红山电机厂党支部", "未回复", "WT26-14-2", "整改中",
		"不折算，不合计，不排名",
	};

	for (size_t i = 0; i < COUNT(parts); i++)
		assert_has(text, parts[i]);
	assert_has_not(text, "%1");
	assert_has_not(text, "text.");
	assert_has_not(text, "field.");
	assert_has_not(text, "平均");
	assert_has_not(text, "总分");
}

static void test_text(void **state)
{
	char *text = printed(false), *line, *rest;

	(void)state;
	assert_content(text);
	assert_null(strchr(text, '\x1b'));
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		if (text_width(line) > 80)
			fail_msg("wider than the page: %s", line);
	free(text);
}

static void test_page(void **state)
{
	char *page = printed(true);

	(void)state;
	assert_content(page);
	assert_has(page, "default-src 'none'");
	assert_has(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
	assert_has(page, "&quot;onload=x");
	assert_has(page, "&amp; 补记");
	assert_has_not(page, "<script");
	assert_has_not(page, "http:");
	assert_has_not(page, "https:");
	assert_null(strchr(page, '\x1b'));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
