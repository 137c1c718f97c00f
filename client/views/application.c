/* An application as the paper form has it, and how it came to where it is. */
#include "client/handlers.h"

#include <string.h>

static const char *number(struct out *out, bool given, int32_t value)
{
	return given ? out_format(out, "%d", value) : NULL;
}

static const char *date(struct out *out, bool given, int32_t value)
{
	return given ? out_date(out, value) : NULL;
}

static const char *joined(struct out *out, char *const *names, size_t n)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < n; i++)
		text = out_format(out, "%s%s%s", text, i ? "、" : "", names[i]);
	return text;
}

static void show_branch(struct out *out, const ShowApplicationReply *a)
{
	size_t i;

	out_field(out, "application_id", a->application_id);
	out_field(out, "state", word_value("state", a->state));
	out_field(out, "at_org_id", a->at_org_id);
	out_field(out, "org_name", out_format(out, "%s %s", a->org_id, a->org_name));
	out_field(out, "org_kind", word_value("org_kind", a->org_kind));
	out_field(out, "member_category", a->member_category);
	out_field(out, "established_on", date(out, a->has_established_on, a->established_on));
	out_field(out, "full_members", number(out, a->has_full_members, a->full_members));
	out_field(out, "probationary_members",
		  number(out, a->has_probationary_members, a->probationary_members));
	for (i = 0; i < a->n_secretaries; i++) {
		const SecretaryRow *s = a->secretaries[i];

		out_field(out, "secretaries", out_format(out, "%s  %s — %s", s->name,
			out_date(out, s->from_on), s->has_to_on ? out_date(out, s->to_on) : ""));
	}
	out_field(out, "committee", joined(out, a->committee, a->n_committee));
	out_field(out, "term_no", number(out, a->has_term_no, a->term_no));
	out_field(out, "term_start_on", date(out, a->has_term_start_on, a->term_start_on));
	out_field(out, "term_due_on", date(out, a->has_term_due_on, a->term_due_on));
	out_field(out, "standard_version_id", a->standard_version_id);
	out_field(out, "submitted_at",
		  a->has_submitted_at ? out_moment(out, a->submitted_at) : NULL);
	out_field(out, "ended_why", a->ended_why);
	out_pairs_end(out);
}

static void show_items(struct out *out, const ShowApplicationReply *a)
{
	size_t i;

	for (i = 0; i < a->n_items; i++) {
		const ApplicationItemRow *row = a->items[i];

		if (row->group_title && (i == 0 ||
		    strcmp(row->group_title, a->items[i - 1]->group_title)))
			out_heading(out, row->group_title);
		out_printf(out, "  %-5s %s  %s\n", row->item, row->text,
			   row->judgement ? word_value("judgement", row->judgement) : "");
		if (row->narrative)
			out_text(out, 8, row->narrative);
	}
}

static void show_text(struct out *out, const char *field, const char *text)
{
	out_heading(out, word_field(field));
	out_text(out, 2, text ? text : word("text.not_written"));
}

static void show_files(struct out *out, const ShowApplicationReply *a)
{
	struct table *table = table_new(out);
	size_t i;

	out_heading(out, word("field.files"));
	table_column(table, "file_id");
	table_column(table, "items");
	table_column(table, "name");
	table_column(table, "title");
	for (i = 0; i < a->n_files; i++) {
		const ApplicationFileRow *f = a->files[i];

		table_cell(table, f->file_id);
		table_cell(table, joined(out, f->items, f->n_items));
		table_cell(table, f->name);
		table_cell(table, f->title);
	}
	table_end(table, "text.no_files");
}

static void show_step(struct out *out, const ApplicationStepRow *s)
{
	size_t i;

	out_printf(out, "  %s  %s%s%s %s  %s → %s\n", out_moment(out, s->done_at),
		   s->role ? word_of("role", s->role) : "", s->org_id ? "@" : "",
		   s->org_id ? s->org_id : "", s->by_name, word_of("request", s->request),
		   word_value("state", s->state));
	if (s->opinion)
		out_text(out, 8, s->opinion);
	for (i = 0; i < s->n_defects; i++)
		out_text(out, 8, out_format(out, "%zu. %s%s%s", i + 1,
			s->defects[i]->field ? word_field(s->defects[i]->field) : "",
			s->defects[i]->field ? "：" : "", s->defects[i]->text));
}

/* What was generated, and what is left to write. */
int application_new_view(struct client *client, const Reply *reply)
{
	const NewApplicationReply *a = reply->new_application;
	struct out *out = client_out(client);
	const char *fields = "";
	const char *args[2];
	size_t i;

	for (i = 0; i < a->n_to_write; i++)
		fields = out_format(out, "%s%s%s", fields, i ? "、" : "",
				    word_field(a->to_write[i]));
	args[0] = a->application_id;
	args[1] = fields;
	out_printf(out, "%s\n", word_fill(client_arena(client),
					  word("text.application_new"), 2, args));
	return EXIT_DONE;
}

int application_view(struct client *client, const Reply *reply)
{
	const ShowApplicationReply *a = reply->show_application;
	struct out *out = client_out(client);
	size_t i;

	show_branch(out, a);
	show_items(out, a);
	show_text(out, "summary", a->summary);
	show_text(out, "remaining_problems", a->remaining_problems);
	show_text(out, "next_steps", a->next_steps);
	if (a->has_held_on) {
		out_heading(out, word("text.branch_meeting"));
		out_field(out, "held_on", out_date(out, a->held_on));
		out_field(out, "entitled", number(out, a->has_entitled, a->entitled));
		out_field(out, "present", number(out, a->has_present, a->present));
		out_field(out, "in_favour", number(out, a->has_in_favour, a->in_favour));
		out_field(out, "against", number(out, a->has_against, a->against));
		out_field(out, "abstain", number(out, a->has_abstain, a->abstain));
		out_pairs_end(out);
	}
	show_files(out, a);
	out_heading(out, word("field.steps"));
	for (i = 0; i < a->n_steps; i++)
		show_step(out, a->steps[i]);
	return EXIT_DONE;
}
