/* The committee's meeting with its arithmetic, and its minutes. */
#include "client/handlers.h"
#include "client/value.h"

#include <string.h>

static const char *number(struct out *out, bool given, int32_t value)
{
	return given ? out_format(out, "%d", value) : NULL;
}

static void head(struct client *client, const ShowMeetingReply *m)
{
	struct out *out = client_out(client);
	const char *sum[] = {
		out_format(out, "%d", m->entitled),
		out_format(out, "%d", m->present_needed),
		out_format(out, "%d", m->present),
	};

	out_field(out, "meeting_id", m->meeting_id);
	out_field(out, "state", word_value("meeting", m->state));
	out_field(out, "held_on", out_date(out, m->held_on));
	out_field(out, "place", m->place);
	out_field(out, "chair_name", m->chair_name);
	out_field(out, "recorder_name", m->recorder_name);
	if (m->rule_set_id)
		out_field(out, "rule_set_id", out_format(out, "%s  %s", m->rule_set_id,
			word(m->recused_stay ? "text.recused_stay" : "text.recused_leave")));
	if (m->has_present_needed)
		out_field(out, "attendance", word_fill(client_arena(client),
			word("text.quorum_sum"), 3, sum));
	out_pairs_end(out);
}

static const char *presence(const AttendanceRow *row)
{
	if (!row->entitled)
		return word("text.attends_nonvoting");
	if (!row->has_present)
		return word("text.attendance_open");
	return word(row->present ? "text.attends" : "text.absent");
}

static void attendance(struct out *out, const ShowMeetingReply *m)
{
	struct table *table = table_new(out);

	table_column(table, "person_id");
	table_column(table, "name");
	table_column(table, "attendance");
	table_column(table, "reason");
	for (size_t i = 0; i < m->n_attendance; i++) {
		const AttendanceRow *row = m->attendance[i];

		table_cell(table, row->person_id);
		table_cell(table, row->chair ? out_format(out, "%s%s", row->name,
			word("text.chair_last")) : row->name);
		table_cell(table, presence(row));
		table_cell(table, row->reason);
	}
	table_end(table, NULL);
}

/* Who stood aside, and whose own branch it is and who has not. */
static void recusals(struct client *client, const ShowMeetingReply *m,
		     const char *item)
{
	struct out *out = client_out(client);

	for (size_t i = 0; i < m->n_recusals; i++) {
		const RecusalRow *r = m->recusals[i];
		const char *args[] = { r->name, r->reason ? r->reason : "" };

		if (strcmp(r->agenda_item_id, item))
			continue;
		out_printf(out, "    %s\n", word_fill(client_arena(client),
			word(r->recused ? "text.recused" : "text.must_recuse"), 2, args));
	}
}

static void votes(struct out *out, const ShowMeetingReply *m, const char *item)
{
	for (size_t i = 0; i < m->n_votes; i++)
		if (!strcmp(m->votes[i]->agenda_item_id, item))
			out_printf(out, "    %s  %s\n", m->votes[i]->name,
				value_enum("choice", &cast_vote__choice__descriptor,
					(int)m->votes[i]->choice));
	for (size_t i = 0; i < m->n_opinions; i++)
		if (!strcmp(m->opinions[i]->agenda_item_id, item))
			out_printf(out, "    %s%s  %s\n", m->opinions[i]->name,
				word("text.opinion_uncounted"), m->opinions[i]->text);
}

static void item(struct client *client, const ShowMeetingReply *m,
		 const AgendaRow *row)
{
	struct out *out = client_out(client);

	out_heading(out, out_format(out, "%d. %s  %s", row->item_no,
		row->org_name, row->agenda_item_id));
	out_field(out, "subject_id", row->subject_id);
	out_field(out, "dossier_id", row->dossier_id);
	out_field(out, "presenter_name", row->presenter_name);
	out_field(out, "state", word_value("agenda_item", row->state));
	if (row->has_method)
		out_field(out, "method", value_enum("method",
			&open_vote__method__descriptor, (int)row->method));
	out_field(out, "voters", number(out, row->has_voters, row->voters));
	out_field(out, "in_favour_needed",
		number(out, row->has_in_favour_needed, row->in_favour_needed));
	out_pairs_end(out);
	if (row->motion)
		out_text(out, 4, row->motion);
	recusals(client, m, row->agenda_item_id);
	votes(out, m, row->agenda_item_id);
	if (row->arithmetic)
		out_text(out, 4, row->arithmetic);
	if (row->resolution)
		out_text(out, 4, row->resolution);
}

int meeting_view(struct client *client, const Reply *reply)
{
	const ShowMeetingReply *m = reply->show_meeting;

	head(client, m);
	out_heading(client_out(client), word_field("attendance"));
	attendance(client_out(client), m);
	for (size_t i = 0; i < m->n_agenda; i++)
		item(client, m, m->agenda[i]);
	return EXIT_DONE;
}

int begin_meeting_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const BeginMeetingReply *m = reply->begin_meeting;
	const char *sum[] = {
		out_format(out, "%d", m->entitled),
		out_format(out, "%d", m->present_needed),
		out_format(out, "%d", m->present),
	};

	out_printf(out, "%s %s  %s  %s\n", m->meeting_id,
		word_value("meeting", m->state), m->rule_set_id,
		word_fill(client_arena(client), word("text.quorum_sum"), 3, sum));
	return EXIT_DONE;
}

int close_vote_view(struct client *client, const Reply *reply)
{
	const CloseVoteReply *v = reply->close_vote;
	const char *said = v->awaits_other ? word("text.vote_awaits_other") :
			   v->differs	   ? word("text.vote_differs") :
					     v->arithmetic;

	out_text(client_out(client), 0, said);
	return EXIT_DONE;
}

int resolve_item_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const ResolveItemReply *r = reply->resolve_item;

	out_text(out, 0, r->arithmetic);
	out_text(out, 0, r->resolution);
	return EXIT_DONE;
}

int minutes_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const ShowMinutesReply *m = reply->show_minutes;
	const char *signer[] = { m->signed_by_name,
		m->has_signed_at ? out_moment(out, m->signed_at) : "" };

	out_text(out, 0, m->minutes);
	if (!m->digest) {
		out_printf(out, "%s\n", word("text.minutes_draft"));
		return EXIT_DONE;
	}
	out_printf(out, "\n%s %s\n", word_field("digest"), m->digest);
	if (m->signed_by_name)
		out_printf(out, "%s\n", word_fill(client_arena(client),
			word("text.minutes_signed"), 2, signer));
	else
		out_hint(out, "zhibu meeting sign %s --digest %.8s", m->meeting_id,
			m->digest);
	return EXIT_DONE;
}
