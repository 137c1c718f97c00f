/* A ballot session: who holds keys, who certified, and after the count how many
 * ballots each option has. */
#include "client/ballot.h"
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

/* ---- the paper, for anybody ------------------------------------------------------ */

static void show_items(struct out *out, const BallotManifest *m)
{
	struct table *table = table_new(out);

	table_column(table, "item_no");
	table_title(table, word("text.ballot_item"));
	table_column(table, "options");
	for (size_t i = 0; i < m->n_items; i++) {
		const BallotItem *item = m->items[i];
		const char *options = NULL;

		for (size_t k = 0; k < item->n_labels; k++)
			options = out_format(out, "%s%s%zu %s",
					     options ? options : "",
					     options ? "  " : "", k + 1,
					     item->labels[k]);
		table_number(table, item->item_no);
		table_cell(table, item->text);
		table_cell(table, options ? options :
					    word("text.ballot_no_grade"));
	}
	table_end(table, NULL);
}

/* As voters have them on their own paper. */
static void show_receipts(struct out *out, const GetBallotReply *b)
{
	char text[CODE_TEN_TEXT];

	if (b->n_receipts)
		out_heading(out, word_field("receipts"));
	for (size_t i = 0; i < b->n_receipts; i++) {
		if (b->receipts[i].len < CODE_SECRET)
			continue;
		code_write_ten(b->receipts[i].data, text);
		out_printf(out, "  %s\n", text);
	}
}

int ballot_paper_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const GetBallotReply *b = reply->get_ballot;
	const BallotManifest *m = b->manifest;
	struct ballot_bond bond;

	if (!m || !ballot_bind(m, &bond))
		return EXIT_SECURITY;
	out_field(out, "session_id", m->session_id);
	out_field(out, "state", word_value("ballot_session", b->state));
	out_field(out, "org_name", m->org_name);
	out_field(out, "held_on", out_date(out, m->held_on));
	out_field(out, "place", m->place);
	out_field(out, "check_code", bond.check);
	out_pairs_end(out);
	out_heading(out, word_field("manifest"));
	show_items(out, m);
	show_receipts(out, b);
	return EXIT_DONE;
}
