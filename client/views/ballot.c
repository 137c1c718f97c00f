/* A ballot session: who holds keys, who certified, and after the count how many
 * ballots each option has. */
#include "client/handlers.h"
#include "client/views/tally.h"

static void show_facts(struct out *out, const ShowBallotReply *b)
{
	const BallotManifest *m = b->manifest;
	const BallotResult *r = b->result;

	out_field(out, "session_id", b->session_id);
	out_field(out, "state", word_value("ballot_session", b->state));
	if (m) {
		out_field(out, "org_name", m->org_name);
		out_field(out, "held_on", out_date(out, m->held_on));
		out_field(out, "place", m->place);
		out_field(out, "item_set_id", m->item_set_id);
	}
	if (r && r->has_entitled) {
		out_field(out, "entitled", out_format(out, "%d", r->entitled));
		out_field(out, "present", out_format(out, "%d", r->present));
	}
	if (b->has_slips_listed)
		out_field(out, "slips_listed",
			  out_format(out, "%d", b->slips_listed));
	out_field(out, "void_reason", b->void_reason);
	out_pairs_end(out);
}

static void show_holders(struct out *out, const ShowBallotReply *b)
{
	struct table *table = table_new(out);

	table_column(table, "role");
	table_column(table, "name");
	table_column(table, "has_key");
	table_column(table, "certified");
	for (size_t i = 0; i < b->n_holders; i++) {
		const BallotHolderRow *h = b->holders[i];

		table_cell(table, word_of("role", h->role));
		table_cell(table, h->name);
		table_cell(table, h->has_key ? word("text.yes") : NULL);
		table_cell(table, h->certified ? word("text.yes") : NULL);
	}
	table_end(table, NULL);
}

int ballot_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const ShowBallotReply *b = reply->show_ballot;

	show_facts(out, b);
	out_heading(out, word("text.ballot_holders"));
	show_holders(out, b);
	if (b->result && b->result->has_valid) {
		out_heading(out, word("text.ballot_result"));
		tally_show(out, client_arena(client), b->result);
	}
	for (size_t i = 0; i < b->n_comment_texts; i++) {
		if (i == 0)
			out_heading(out, word("text.ballot_comments"));
		out_text(out, 2, b->comment_texts[i]);
	}
	return EXIT_DONE;
}
