#include "client/views/sheet.h"

#include "client/value.h"
#include "client/views/tally.h"
#include "common/date.h"

#include <string.h>

static const char *number(struct out *out, int32_t n)
{
	return out_format(out, "%d", n);
}

const char *sheet_stream_name(const SheetStream *stream)
{
	return value_enum("stream", &eval_stream__kind__descriptor,
			  (int)stream->stream);
}

/* "a、b、c" */
static const char *joined(struct out *out, char *const *texts, size_t n)
{
	const char *line = n ? texts[0] : "";

	for (size_t i = 1; i < n; i++)
		line = out_format(out, "%s%s%s", line, word("text.list_comma"),
				  texts[i]);
	return line;
}

const char *sheet_methods(struct out *out, const SheetStream *stream)
{
	return joined(out, stream->methods, stream->n_methods);
}

/* Parts of a fact, one after the other. */
static const char *with(struct out *out, const char *line, const char *part)
{
	return line ? out_format(out, "%s%s%s", line, word("text.list_semicolon"),
				 part) : part;
}

static const char *facts_org(struct out *out, struct arena *arena,
			     const EvaluationSheet *s)
{
	const char *grade = value_enum("grade", &record_duty_review__grade__descriptor,
				       (int)s->duty_grade);
	const char *args[] = { number(out, s->notes),
			       number(out, s->duty_year), grade,
			       s->duty_decided_by ? s->duty_decided_by : "-" };

	return s->has_duty_grade ?
		       word_put(arena, word("text.sheet_org"), 4, args) :
		       word_put(arena, word("text.sheet_org_no_review"), 1, args);
}

bool sheet_ballot_of(const BallotResult *ballot, const SheetStream *stream)
{
	return stream->stream ==
	       (ballot->purpose == BALLOT_PURPOSE__KIND__MASSES_ON_BRANCH ?
			EVAL_STREAM__KIND__MASSES : EVAL_STREAM__KIND__MEMBERS);
}

/* A void session is history, not a result. */
static const char *facts_ballot(struct out *out, struct arena *arena,
				const EvaluationSheet *s,
				const SheetStream *stream)
{
	const char *facts = NULL;

	for (size_t i = 0; i < s->n_ballots; i++)
		if (strcmp(s->ballots[i]->state, "VOID") != 0 &&
		    sheet_ballot_of(s->ballots[i], stream))
			facts = tally_facts(out, arena, s->ballots[i]);
	return facts;
}

static const char *facts_members(struct out *out, struct arena *arena,
				 const EvaluationSheet *s,
				 const SheetStream *stream)
{
	const char *facts = facts_ballot(out, arena, s, stream);

	return facts ? facts : word("text.sheet_no_ballot");
}

static const char *representatives(struct out *out, struct arena *arena,
				   const EvaluationSheet *s)
{
	const char *args[] = { number(out, s->representatives),
			       joined(out, s->chosen_by, s->n_chosen_by),
			       s->how_chosen };

	return s->how_chosen ?
		       word_put(arena, word("text.sheet_representatives"), 3,
				args) : NULL;
}

static const char *facts_masses(struct out *out, struct arena *arena,
				const EvaluationSheet *s,
				const SheetStream *stream)
{
	const char *args[] = { number(out, s->interviews),
			       joined(out, s->interview_categories,
				      s->n_interview_categories) };
	const char *facts = s->interviews ?
		word_put(arena, word("text.sheet_interviews"), 2, args) : NULL;

	if (s->how_chosen) {
		args[0] = number(out, s->representatives);
		facts = with(out, facts, word_put(arena,
			word("text.sheet_representatives_short"), 1, args));
	}
	if (facts_ballot(out, arena, s, stream))
		facts = with(out, facts, out_format(out, "%s %s",
			word("noun.ballot"), facts_ballot(out, arena, s, stream)));
	for (size_t i = 0; i < s->n_notices; i++) {
		const SheetNotice *n = s->notices[i];

		args[0] = out_date(out, n->posted_on);
		args[1] = n->has_ends_on ? out_date(out, n->ends_on) : "…";
		facts = with(out, facts, word_put(arena,
			word("text.sheet_notice"), 2, args));
	}
	for (size_t i = 0; i < s->n_surveys; i++)
		facts = with(out, facts, out_format(out, "%s %s %s",
			word("noun.survey"), s->surveys[i]->survey_id,
			survey_facts(out, arena, s->surveys[i])));
	return facts ? facts : word("text.sheet_no_masses");
}

static const char *facts_society(struct out *out, struct arena *arena,
				 const EvaluationSheet *s)
{
	const char *args[] = { number(out, s->letters_sent),
			       number(out, s->letters_answered),
			       number(out, s->letters_unanswered),
			       number(out, s->letters_awaited) };

	return word_put(arena, word("text.sheet_letters"), 4, args);
}

const char *sheet_facts(struct out *out, struct arena *arena,
			const EvaluationSheet *sheet, const SheetStream *stream)
{
	if (stream->skip_reason)
		return stream->skip_reason;
	switch (stream->stream) {
	case EVAL_STREAM__KIND__MEMBERS:
		return facts_members(out, arena, sheet, stream);
	case EVAL_STREAM__KIND__MASSES:
		return facts_masses(out, arena, sheet, stream);
	case EVAL_STREAM__KIND__SOCIETY:
		return facts_society(out, arena, sheet);
	default:
		return facts_org(out, arena, sheet);
	}
}

const char *sheet_state(struct arena *arena, const char *state)
{
	const char *args[] = { state };

	return word_fill(arena, "%1", 1, args);
}

const char *sheet_matter(const SheetMatter *matter)
{
	if (!strcmp(matter->kind, "STREAM") && matter->text)
		return word_value("stream", matter->text);
	return matter->text;
}

const char *sheet_title(struct arena *arena, const EvaluationSheet *sheet)
{
	const char *args[] = { sheet->application_id, sheet->org_id,
			       sheet->org_name };

	return word_put(arena, word("text.sheet_title"), 3, args);
}

const char *sheet_branch(struct out *out, struct arena *arena,
			 const EvaluationSheet *sheet)
{
	const char *args[] = {
		number(out, sheet->full_members),
		number(out, sheet->probationary_members),
		sheet->secretary_name ? sheet->secretary_name : "-",
		sheet->has_term_start_on ?
			out_date(out, sheet->term_start_on) : "-",
		sheet->has_term_due_on ? out_date(out, sheet->term_due_on) : "-",
		sheet->standard_version_id ? sheet->standard_version_id : "-",
		out_date(out, sheet->as_of_on),
	};

	return word_put(arena, word("text.sheet_branch"), 7, args);
}

const char *sheet_letter(const SheetLetter *letter)
{
	return letter->about_branch ? letter->about_branch :
				      word_value("letter", letter->state);
}

const char *sheet_clearances(struct out *out, const EvaluationSheet *s)
{
	const char *line = NULL;

	for (size_t i = 0; i < s->n_clearances; i++) {
		const SheetClearance *c = s->clearances[i];

		line = with(out, line, out_format(out, "%s %s", c->body,
			word_value("clearance", c->state)));
	}
	return line;
}

const char *sheet_representatives(struct out *out, struct arena *arena,
				  const EvaluationSheet *sheet)
{
	return representatives(out, arena, sheet);
}

/* ---- text ----------------------------------------------------------------------- */

static void overview(struct out *out, struct arena *arena,
		     const EvaluationSheet *s)
{
	struct table *table = table_new(out);

	table_title(table, word("text.sheet_stream"));
	table_column(table, "state");
	if (!s->of_member)
		table_title(table, word("text.sheet_facts"));
	for (size_t i = 0; i < s->n_streams; i++) {
		const SheetStream *stream = s->streams[i];

		table_cell(table, sheet_stream_name(stream));
		table_cell(table, word_value("eval_stream", stream->state));
		if (!s->of_member)
			table_cell(table, sheet_facts(out, arena, s, stream));
	}
	table_end(table, NULL);
}

static void paragraph(struct out *out, struct arena *arena, const char *label,
		      const char *text)
{
	const char *args[] = { label, text };

	if (text && *text)
		out_text(out, 2, word_put(arena, word("text.sheet_pair"), 2,
					   args));
}

static void signatures(struct out *out, const SheetStream *stream)
{
	if (stream->prepared_by)
		out_printf(out, "  %s %s", word("field.prepared_by"),
			   stream->prepared_by);
	if (stream->locked_by)
		out_printf(out, "    %s %s  %s", word("field.locked_by"),
			   stream->locked_by,
			   out_date(out, date_of_moment(stream->locked_at)));
	if (stream->prepared_by || stream->locked_by)
		out_printf(out, "\n");
}

static void ballots(struct out *out, struct arena *arena,
		    const EvaluationSheet *s, const SheetStream *stream)
{
	for (size_t i = 0; i < s->n_ballots; i++)
		if (s->ballots[i]->has_valid &&
		    sheet_ballot_of(s->ballots[i], stream))
			tally_show(out, arena, s->ballots[i]);
}

static void surveys(struct out *out, struct arena *arena,
		    const EvaluationSheet *s)
{
	paragraph(out, arena, word("field.representatives"),
		  representatives(out, arena, s));
	for (size_t i = 0; i < s->n_surveys; i++)
		survey_show(out, arena, s->surveys[i]);
}

static void duty_review(struct out *out, struct arena *arena,
			const EvaluationSheet *s)
{
	paragraph(out, arena, word("field.duty_merits"), s->duty_merits);
	paragraph(out, arena, word("field.duty_problems"), s->duty_problems);
	paragraph(out, arena, word("field.duty_demands"), s->duty_demands);
}

static void letters(struct out *out, const EvaluationSheet *s)
{
	struct table *table;

	if (!s->n_letters)
		return;
	table = table_new(out);
	table_column(table, "unit_name");
	table_column(table, "unit_kind");
	table_column(table, "about_branch");
	for (size_t i = 0; i < s->n_letters; i++) {
		const SheetLetter *l = s->letters[i];

		table_cell(table, l->unit_name);
		table_cell(table, l->unit_kind);
		table_cell(table, sheet_letter(l));
	}
	table_end(table, NULL);
}

/* What stands behind the words. */
static void details(struct out *out, struct arena *arena,
		    const EvaluationSheet *s, const SheetStream *stream)
{
	switch (stream->stream) {
	case EVAL_STREAM__KIND__ORG:
		duty_review(out, arena, s);
		break;
	case EVAL_STREAM__KIND__MEMBERS:
		ballots(out, arena, s, stream);
		break;
	case EVAL_STREAM__KIND__MASSES:
		ballots(out, arena, s, stream);
		surveys(out, arena, s);
		break;
	default:
		letters(out, s);
	}
}

static void one_stream(struct out *out, struct arena *arena,
		       const EvaluationSheet *s, const SheetStream *stream)
{
	out_heading(out, sheet_stream_name(stream));
	paragraph(out, arena, word("field.methods"),
		  sheet_methods(out, stream));
	paragraph(out, arena, word("text.sheet_summary"), stream->summary);
	paragraph(out, arena, word("field.merits"), stream->merits);
	paragraph(out, arena, word("field.problems"), stream->problems);
	paragraph(out, arena, word("field.skip_reason"), stream->skip_reason);
	details(out, arena, s, stream);
	signatures(out, stream);
}

static void earlier(struct out *out, struct arena *arena,
		    const EvaluationSheet *s)
{
	if (s->n_earlier)
		out_heading(out, word("text.sheet_earlier"));
	for (size_t i = 0; i < s->n_earlier; i++) {
		const SheetVersion *v = s->earlier[i];
		const char *args[] = {
			value_enum("stream", &eval_stream__kind__descriptor,
				   (int)v->stream),
			number(out, v->version_no),
			v->reopened_by ? v->reopened_by : "-",
			out_moment(out, v->reopened_at),
			v->reopen_reason ? v->reopen_reason : "-",
		};

		out_text(out, 0, word_put(arena, word("text.sheet_version"), 5,
					   args));
		paragraph(out, arena, word("text.sheet_summary"), v->summary);
	}
}

static void open_matters(struct out *out, struct arena *arena,
			 const EvaluationSheet *s)
{
	struct table *table;

	if (!s->n_open_matters)
		return;
	out_heading(out, word("text.sheet_open"));
	table = table_new(out);
	table_column(table, "object_id");
	table_column(table, "state");
	table_title(table, word("text.sheet_matter"));
	for (size_t i = 0; i < s->n_open_matters; i++) {
		const SheetMatter *m = s->open_matters[i];

		table_cell(table, m->object_id);
		table_cell(table, sheet_state(arena, m->state));
		table_cell(table, sheet_matter(m));
	}
	table_end(table, NULL);
}

void sheet_text(struct out *out, struct arena *arena,
		const EvaluationSheet *sheet)
{
	const char *clearances = sheet_clearances(out, sheet);

	out_heading(out, sheet_title(arena, sheet));
	out_text(out, 0, sheet_branch(out, arena, sheet));
	if (sheet->of_member)
		out_text(out, 0, word("text.sheet_of_member"));
	out_heading(out, word("text.sheet_four"));
	overview(out, arena, sheet);
	for (size_t i = 0; i < sheet->n_streams && !sheet->of_member; i++)
		one_stream(out, arena, sheet, sheet->streams[i]);
	earlier(out, arena, sheet);
	if (clearances) {
		out_heading(out, word("text.sheet_clearances"));
		out_text(out, 2, clearances);
	}
	open_matters(out, arena, sheet);
	out_printf(out, "\n%s\n", word("text.sheet_no_total"));
}
