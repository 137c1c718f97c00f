/* The sheet as one page, A4 across: four columns, one for each evaluation. */
#include "client/html.h"
#include "client/views/sheet.h"
#include "client/views/tally.h"

#include <string.h>

static const char style[] =
	"@page{size:A4 landscape;margin:10mm}h1{font-size:16pt;margin:0 0 2mm}"
	"h2{font-size:13pt;margin:0 0 1mm}h3{font-size:12pt;margin:4mm 0 1mm}"
	"p{margin:1mm 0;font-size:10.5pt;line-height:1.5}"
	".four{display:grid;grid-template-columns:4fr 6fr 4fr 4fr;gap:3mm}"
	".four>section{border:1px solid #888;padding:2mm;overflow-wrap:anywhere}"
	".state{color:#555}.label{font-weight:bold}"
	"table{border-collapse:collapse;font-size:9.5pt;margin:1mm 0}"
	"th,td{border:1px solid #aaa;padding:.5mm 1.5mm;text-align:left}"
	"th+th,td.n{text-align:right;white-space:nowrap}"
	".foot{color:#555;margin-top:4mm}"
	"@media(max-width:700px){.four{grid-template-columns:1fr}}";

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

static void ballot(FILE *f, const BallotResult *result)
{
	if (!result->has_valid)
		return;
	if (result->suppressed)
		html_element(f, "p", word("text.ballot_small"));
	if (!result->n_tallies)
		return;
	fputs("<table>", f);
	tally_head(f, tally_labels(result));
	for (size_t i = 0; i < result->n_tallies; i++)
		tally_body(f, result->tallies[i]);
	fputs("</table>", f);
	html_element(f, "p", word("text.ballot_only_counts"));
}

static void letters(FILE *f, const EvaluationSheet *s)
{
	for (size_t i = 0; i < s->n_letters; i++) {
		const SheetLetter *l = s->letters[i];

		labelled(f, l->unit_name, l->about_branch ?
						  l->about_branch :
						  word_value("letter", l->state));
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
	html_element(f, "p", sheet_facts(out, arena, s, stream));
	labelled(f, word("text.sheet_summary"), stream->summary);
	labelled(f, word("field.merits"), stream->merits);
	labelled(f, word("field.problems"), stream->problems);
	for (size_t i = 0; stream->stream == EVAL_STREAM__KIND__MEMBERS &&
			   i < s->n_ballots; i++)
		ballot(f, s->ballots[i]);
	if (stream->stream == EVAL_STREAM__KIND__SOCIETY)
		letters(f, s);
	labelled(f, word("field.prepared_by"), stream->prepared_by);
	labelled(f, word("field.locked_by"), stream->locked_by);
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
	fputs("<div class=four>\n", f);
	for (size_t i = 0; i < sheet->n_streams; i++)
		stream_section(f, out, arena, sheet, sheet->streams[i]);
	fputs("</div>\n", f);
	earlier(f, out, arena, sheet);
	open_matters(f, arena, sheet);
	fputs("<p class=foot>", f);
	html_text(f, word("text.sheet_no_total"));
	fputs("</p>\n", f);
	html_end(f);
}
