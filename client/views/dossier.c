/* The dossier as the committee reads it: frozen words and counts of one branch. */
#include "client/handlers.h"
#include "client/views/sheet.h"

#include <string.h>

static void head(struct out *out, const ShowDossierReply *d)
{
	out_field(out, "dossier_id", d->dossier_id);
	out_field(out, "application_id", d->application_id);
	out_field(out, "org_name", out_format(out, "%s %s", d->org_id, d->org_name));
	out_field(out, "state", word_value("dossier", d->state));
	out_field(out, "frozen_at", out_moment(out, d->frozen_at));
	out_field(out, "frozen_by_name", d->frozen_by_name);
	out_field(out, "standard_version_id", d->standard_version_id);
	out_field(out, "digest", d->digest);
	out_field(out, "reopen_reason", d->reopen_reason);
	out_pairs_end(out);
	if (!d->intact)
		out_printf(out, "%s\n", word("text.dossier_not_intact"));
}

static void passage(struct out *out, const char *field, const char *text)
{
	if (!text || !*text)
		return;
	out_heading(out, word_field(field));
	out_text(out, 2, text);
}

static void branch_meeting(struct client *client, const ShowDossierReply *d)
{
	struct out *out = client_out(client);
	const char *args[] = {
		out_date(out, d->held_on), out_format(out, "%d", d->entitled),
		out_format(out, "%d", d->present), out_format(out, "%d", d->in_favour),
	};

	if (d->has_held_on)
		out_printf(out, "  %s\n", word_fill(client_arena(client),
			word("text.dossier_branch_meeting"), 4, args));
}

static void self_items(struct out *out, const ShowDossierReply *d)
{
	for (size_t i = 0; i < d->n_items; i++) {
		const DossierItem *row = d->items[i];

		if (i == 0 || strcmp(row->group_title, d->items[i - 1]->group_title))
			out_heading(out, row->group_title);
		out_printf(out, "  %-5s %s  %s\n", row->item, row->text,
			word_value("judgement", row->judgement));
		if (row->narrative)
			out_text(out, 8, row->narrative);
	}
}

static void endorsements(struct out *out, const ShowDossierReply *d)
{
	if (d->n_endorsements)
		out_heading(out, word_field("endorsements"));
	for (size_t i = 0; i < d->n_endorsements; i++) {
		const DossierEndorsement *e = d->endorsements[i];

		out_printf(out, "  %s  %s  %s  %s\n", out_moment(out, e->done_at),
			e->org_name ? e->org_name : "", e->by_name,
			word(e->agreed ? "text.agreed" : "text.not_agreed"));
		if (e->opinion)
			out_text(out, 4, e->opinion);
	}
}

static void files(struct out *out, const ShowDossierReply *d)
{
	struct table *table;

	out_heading(out, word_field("files"));
	table = table_new(out);
	table_column(table, "file_id");
	table_column(table, "sha256");
	table_column(table, "title");
	for (size_t i = 0; i < d->n_files; i++) {
		table_cell(table, d->files[i]->file_id);
		table_cell(table, out_format(out, "%.12s", d->files[i]->sha256));
		table_cell(table, d->files[i]->title);
	}
	table_end(table, "text.dossier_no_files");
}

static void earlier_awards(struct out *out, const ShowDossierReply *d)
{
	if (d->n_earlier_awards)
		out_heading(out, word_field("earlier_awards"));
	for (size_t i = 0; i < d->n_earlier_awards; i++) {
		const DossierAward *a = d->earlier_awards[i];

		out_printf(out, "  %s  %s  %s  %s — %s  %s\n", a->award_id, a->title,
			a->doc_no, out_date(out, a->effective_from_on),
			out_date(out, a->valid_to_on), word_value("award", a->state));
	}
}

static void unsettled(struct out *out, DossierOpenMatter *const *rows, size_t n)
{
	if (n)
		out_heading(out, word_field("unsettled"));
	for (size_t i = 0; i < n; i++)
		out_printf(out, "  %s  %s\n", out_date(out, rows[i]->since_on),
			word_value("matter", rows[i]->matter));
}

int build_dossier_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const BuildDossierReply *b = reply->build_dossier;

	out_field(out, "application_id", b->application_id);
	out_field(out, "org_name", out_format(out, "%s %s", b->org_id, b->org_name));
	out_field(out, "ready", word(b->ready ? "text.dossier_ready" :
						"text.dossier_not_ready"));
	out_pairs_end(out);
	for (size_t i = 0; i < b->n_missing; i++)
		out_printf(out, "  %s  %s\n",
			word_value("stream", b->missing[i]->stream),
			word_value("eval_stream", b->missing[i]->state));
	unsettled(out, b->unsettled, b->n_unsettled);
	passage(out, "summary", b->summary);
	passage(out, "remaining_problems", b->remaining_problems);
	passage(out, "next_steps", b->next_steps);
	if (b->sheet)
		sheet_text(out, client_arena(client), b->sheet);
	return EXIT_DONE;
}

int dossier_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const ShowDossierReply *d = reply->show_dossier;

	head(out, d);
	passage(out, "summary", d->summary);
	passage(out, "remaining_problems", d->remaining_problems);
	passage(out, "next_steps", d->next_steps);
	branch_meeting(client, d);
	self_items(out, d);
	endorsements(out, d);
	if (d->sheet)
		sheet_text(out, client_arena(client), d->sheet);
	files(out, d);
	earlier_awards(out, d);
	unsettled(out, d->unsettled, d->n_unsettled);
	if (d->content)
		out_printf(out, "\n%s\n", d->content);
	return EXIT_DONE;
}
