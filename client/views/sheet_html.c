/* The sheet as one page, A4 across: four columns, one for each evaluation. */
#include "client/html.h"
#include "client/value.h"
#include "client/views/sheet.h"
#include "client/views/tally.h"
#include "common/date.h"

#include <string.h>

static const char style[] =
	"@page{size:A4 landscape;margin:10mm}h1{font-size:16pt;margin:0 0 2mm}"
	"h2{font-size:13pt;margin:0 0 1mm}h3{font-size:12pt;margin:4mm 0 1mm}"
	"p{margin:1mm 0;font-size:10.5pt;line-height:1.5}"
	".four{display:grid;grid-template-columns:repeat(4,1fr);gap:3mm}"
	".four>section{border:1px solid #888;padding:2mm;overflow-wrap:anywhere}"
	".counts{display:flex;flex-wrap:wrap;gap:2mm 8mm;margin-top:3mm}"
	".counts>section{break-inside:avoid}td:first-child{max-width:60mm}"
	".state{color:#555}.label{font-weight:bold}"
	"table{border-collapse:collapse;font-size:9.5pt;margin:1mm 0}"
	"th,td{border:1px solid #aaa;padding:.5mm 1.5mm;text-align:left}"
	"th{white-space:nowrap}th+th,td.n{text-align:right;white-space:nowrap}"
	".foot{color:#555;margin-top:4mm}"
	"h3{break-after:avoid}@media print{body{margin:0}"
	"p{font-size:9.5pt;line-height:1.35}}"
	"@media screen and (max-width:700px){.four{grid-template-columns:1fr}}";

static void labelled(FILE *f, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	fputs("<p><span class=label>", f);
	html_text(f, label);
	fputs("</span>　", f);
	html_text(f, text);
	fputs("</p>\n", f);
}

static void tallies(FILE *f, BallotTally *const *tallies, size_t n);

static void tally_head(FILE *f, const BallotTally *labels)
{
	fputs("<tr>", f);
	html_element(f, "th", word("text.ballot_item"));
	for (size_t i = 0; labels && i < labels->n_labels; i++)
		html_element(f, "th", labels->labels[i]);
	html_element(f, "th", word("text.ballot_open"));
	fputs("</tr>\n", f);
}

static void tally_body(FILE *f, const BallotTally *tally)
{
	fputs("<tr>", f);
	html_element(f, "td", tally->text);
	for (size_t i = 0; i < tally->n_counts; i++)
		fprintf(f, "<td class=n>%d</td>", tally->counts[i]);
	if (tally->n_counts)
		fprintf(f, "<td class=n>%d</td>", tally->blank);
	fputs("</tr>\n", f);
}

static void tallies(FILE *f, BallotTally *const *list, size_t n)
{
	fputs("<table>", f);
	tally_head(f, tally_labels(list, n));
	for (size_t i = 0; i < n; i++)
		tally_body(f, list[i]);
	fputs("</table>", f);
}

static void ballot(FILE *f, const BallotResult *result)
{
	if (!result->has_valid)
		return;
	fputs("<section>", f);
	labelled(f, value_enum("purpose", &ballot_purpose__kind__descriptor,
			       (int)result->purpose), result->session_id);
	if (result->suppressed)
		html_element(f, "p", word("text.ballot_small"));
	if (result->n_tallies)
		tallies(f, result->tallies, result->n_tallies);
	fputs("</section>\n", f);
}

static void survey(FILE *f, struct out *out, struct arena *arena,
		   const SurveyResult *result)
{
	if (!result->has_answers)
		return;
	fputs("<section>", f);
	labelled(f, word_value("stream", "MASSES"),
		 out_format(out, "%s %s　%s", result->survey_id, result->title,
			    survey_facts(out, arena, result)));
	if (result->suppressed)
		html_element(f, "p", word("text.survey_small"));
	if (result->n_tallies)
		tallies(f, result->tallies, result->n_tallies);
	for (size_t i = 0; i < result->n_by_category; i++) {
		const SurveyCategory *c = result->by_category[i];
		const char *args[] = { c->category,
				       out_format(out, "%d", c->answers) };

		html_element(f, "p", word_put(arena, word("text.survey_category"),
					      2, args));
		tallies(f, c->tallies, c->n_tallies);
	}
	if (result->categories_suppressed)
		html_element(f, "p", word("text.survey_categories_small"));
	fputs("</section>\n", f);
}

/* Below the four, where there is room for them; each stands alone. */
static void counts(FILE *f, struct out *out, struct arena *arena,
		   const EvaluationSheet *s)
{
	fputs("<div class=counts>\n", f);
	for (size_t k = 0; k < s->n_streams; k++)
		for (size_t i = 0; i < s->n_ballots; i++)
			if (sheet_ballot_of(s->ballots[i], s->streams[k]))
				ballot(f, s->ballots[i]);
	for (size_t i = 0; i < s->n_surveys; i++)
		survey(f, out, arena, s->surveys[i]);
	fputs("</div>\n", f);
}

static void letters(FILE *f, const EvaluationSheet *s)
{
	for (size_t i = 0; i < s->n_letters; i++) {
		const SheetLetter *l = s->letters[i];

		labelled(f, l->unit_name, sheet_letter(l));
	}
}

/* What stands behind the words of a stream. */
static void details(FILE *f, struct out *out, struct arena *arena,
		    const EvaluationSheet *s, const SheetStream *stream)
{
	switch (stream->stream) {
	case EVAL_STREAM__KIND__ORG:
		labelled(f, word("field.duty_merits"), s->duty_merits);
		labelled(f, word("field.duty_problems"), s->duty_problems);
		labelled(f, word("field.duty_demands"), s->duty_demands);
		break;
	case EVAL_STREAM__KIND__MASSES:
		labelled(f, word("field.representatives"),
			 sheet_representatives(out, arena, s));
		break;
	case EVAL_STREAM__KIND__SOCIETY:
		letters(f, s);
		break;
	default:
		break;
	}
}

static void stream_section(FILE *f, struct out *out, struct arena *arena,
			   const EvaluationSheet *s, const SheetStream *stream)
{
	fputs("<section>", f);
	html_element(f, "h2", sheet_stream_name(stream));
	fputs("<p class=state>", f);
	html_text(f, word_value("eval_stream", stream->state));
	fputs("　", f);
	html_text(f, sheet_methods(out, stream));
	fputs("</p>\n", f);
	if (!s->of_member)
		html_element(f, "p", sheet_facts(out, arena, s, stream));
	labelled(f, word("text.sheet_summary"), stream->summary);
	labelled(f, word("field.merits"), stream->merits);
	labelled(f, word("field.problems"), stream->problems);
	details(f, out, arena, s, stream);
	labelled(f, word("field.prepared_by"), stream->prepared_by);
	labelled(f, word("field.locked_by"), stream->locked_by ?
		out_format(out, "%s　%s", stream->locked_by,
			   out_date(out, date_of_moment(stream->locked_at))) : NULL);
	fputs("</section>\n", f);
}

static void earlier(FILE *f, struct out *out, struct arena *arena,
		    const EvaluationSheet *s)
{
	if (s->n_earlier)
		html_element(f, "h3", word("text.sheet_earlier"));
	for (size_t i = 0; i < s->n_earlier; i++) {
		const SheetVersion *v = s->earlier[i];
		SheetStream stream = SHEET_STREAM__INIT;
		const char *args[5];

		stream.stream = v->stream;
		args[0] = sheet_stream_name(&stream);
		args[1] = out_format(out, "%d", v->version_no);
		args[2] = v->reopened_by ? v->reopened_by : "-";
		args[3] = out_moment(out, v->reopened_at);
		args[4] = v->reopen_reason ? v->reopen_reason : "-";
		html_element(f, "p", word_put(arena, word("text.sheet_version"),
					       5, args));
		labelled(f, word("text.sheet_summary"), v->summary);
	}
}

static void open_matters(FILE *f, struct arena *arena, const EvaluationSheet *s)
{
	if (s->n_open_matters)
		html_element(f, "h3", word("text.sheet_open"));
	for (size_t i = 0; i < s->n_open_matters; i++) {
		const SheetMatter *m = s->open_matters[i];

		fputs("<p><span class=label>", f);
		html_text(f, m->object_id);
		fputs("</span>　", f);
		html_text(f, sheet_state(arena, m->state));
		fputs("　", f);
		html_text(f, sheet_matter(m));
		fputs("</p>\n", f);
	}
}

void sheet_html(FILE *f, struct out *out, struct arena *arena,
		const EvaluationSheet *sheet)
{
	html_begin(f, sheet_title(arena, sheet), style);
	html_element(f, "h1", sheet_title(arena, sheet));
	html_element(f, "p", sheet_branch(out, arena, sheet));
	if (sheet->of_member)
		html_element(f, "p", word("text.sheet_of_member"));
	fputs("<div class=four>\n", f);
	for (size_t i = 0; i < sheet->n_streams; i++)
		stream_section(f, out, arena, sheet, sheet->streams[i]);
	fputs("</div>\n", f);
	counts(f, out, arena, sheet);
	earlier(f, out, arena, sheet);
	labelled(f, word("text.sheet_clearances"), sheet_clearances(out, sheet));
	open_matters(f, arena, sheet);
	fputs("<p class=foot>", f);
	html_text(f, word("text.sheet_no_total"));
	fputs("</p>\n", f);
	html_end(f);
}
