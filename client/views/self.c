/* A self-assessment standard by standard, and the sums of the meeting that
 * adopted it. */
#include "client/handlers.h"

#include <string.h>

/* "是", "否", or nothing for what was not said. */
static const char *yes_no(bool given, bool value)
{
	return given ? word(value ? "text.yes" : "text.no") : NULL;
}

static const char *number(struct out *out, bool given, int32_t value)
{
	return given ? out_format(out, "%d", value) : NULL;
}

static const char *judgement_word(const SelfRow *row)
{
	const ProtobufCEnumValue *value = row->has_judgement
		? protobuf_c_enum_descriptor_get_value(
			&self_entry__judgement__descriptor, row->judgement)
		: NULL;

	return value ? word_value("judgement", value->name) : word("text.not_judged");
}

static void show_item(struct out *out, const SelfRow *row)
{
	out_printf(out, "  %-5s %s  %s\n", row->item, row->text ? row->text : "",
		   judgement_word(row));
	if (row->narrative)
		out_text(out, 8, row->narrative);
}

static void show_versions(struct out *out, const ShowSelfReply *self)
{
	struct table *table = table_new(out);
	size_t i;

	table_column(table, "version_no");
	table_column(table, "held_on");
	table_column(table, "entitled");
	table_column(table, "present");
	table_column(table, "in_favour");
	table_column(table, "against");
	table_column(table, "abstain");
	table_column(table, "meets_conditions");
	for (i = 0; i < self->n_versions; i++) {
		const SelfVersionRow *v = self->versions[i];

		table_number(table, v->version_no);
		table_cell(table, out_date(out, v->held_on));
		table_number(table, v->entitled);
		table_number(table, v->present);
		table_number(table, v->in_favour);
		table_number(table, v->against);
		table_number(table, v->abstain);
		table_cell(table, yes_no(true, v->meets_conditions));
	}
	table_end(table, NULL);
}

int self_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const ShowSelfReply *self = reply->show_self;
	size_t i;

	out_field(out, "self_id", self->self_id);
	out_field(out, "round_id", self->round_id);
	out_field(out, "org_name", self->org_name);
	out_field(out, "state", word_value("state", self->state));
	out_field(out, "revision", number(out, true, self->revision));
	out_field(out, "standard_version_id", self->standard_version_id);
	out_pairs_end(out);
	for (i = 0; i < self->n_items; i++) {
		const char *title = self->items[i]->group_title;

		if (title && (i == 0 || strcmp(title, self->items[i - 1]->group_title)))
			out_heading(out, title);
		show_item(out, self->items[i]);
	}
	if (self->n_versions) {
		out_heading(out, word("field.versions"));
		show_versions(out, self);
	}
	return EXIT_DONE;
}

/* The sums of a branch meeting, spelled out. */
static void show_meeting(struct client *client, int32_t entitled, int32_t present,
			 int32_t present_needed, int32_t in_favour,
			 int32_t in_favour_needed)
{
	struct out *out = client_out(client);
	const char *args[] = {
		out_format(out, "%d", entitled), out_format(out, "%d", present),
		out_format(out, "%d", present_needed), out_format(out, "%d", in_favour),
		out_format(out, "%d", in_favour_needed),
	};

	out_printf(out, "%s\n", word_fill(client_arena(client),
					  word("text.meeting_sums"), 5, args));
}

int self_adopt_view(struct client *client, const Reply *reply)
{
	const AdoptSelfReply *r = reply->adopt_self;
	struct out *out = client_out(client);

	out_field(out, "self_id", r->self_id);
	out_field(out, "version_no", number(out, true, r->version_no));
	out_field(out, "meets_conditions", yes_no(true, r->meets_conditions));
	out_pairs_end(out);
	show_meeting(client, r->entitled, r->present, r->present_needed, r->in_favour,
		     r->in_favour_needed);
	return EXIT_DONE;
}

int application_adopt_view(struct client *client, const Reply *reply)
{
	const AdoptApplicationReply *r = reply->adopt_application;
	struct out *out = client_out(client);

	out_field(out, "application_id", r->application_id);
	out_field(out, "state", word_value("state", r->state));
	out_pairs_end(out);
	show_meeting(client, r->entitled, r->present, r->present_needed, r->in_favour,
		     r->in_favour_needed);
	return EXIT_DONE;
}

/* After a check that found nothing. */
int nothing_to_mend_view(struct client *client, const Reply *reply)
{
	(void)reply;
	out_printf(client_out(client), "%s\n", word("text.nothing_to_mend"));
	return EXIT_DONE;
}
