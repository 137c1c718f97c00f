/* A ballot session: who holds keys, who certified, and after the count how many
 * ballots each option has. */
#include "client/ballot_run.h"
#include "client/handlers.h"
#include "client/value.h"
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
		out_field(out, "purpose", value_enum("purpose",
			&ballot_purpose__kind__descriptor, (int)m->purpose));
		out_field(out, "item_set_id", m->item_set_id);
	}
	if (b->has_ballot_channel)
		out_field(out, "ballot_channel",
			  value_enum("ballot_channel",
				     &ballot_channel__kind__descriptor,
				     (int)b->ballot_channel));
	if (r && r->has_entitled) {
		out_field(out, "entitled", out_format(out, "%d", r->entitled));
		out_field(out, "present", out_format(out, "%d", r->present));
		if (r->paper)
			out_field(out, "paper", out_format(out, "%d", r->paper));
		if (r->has_half_present && !r->half_present)
			out_field(out, "half_present", word("text.below_half"));
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
	table_column(table, "gone");
	for (size_t i = 0; i < b->n_holders; i++) {
		const BallotHolderRow *h = b->holders[i];

		table_cell(table, word_of("role", h->role));
		table_cell(table, h->name);
		table_cell(table, h->has_key ? word("text.yes") : NULL);
		table_cell(table, h->certified ? word("text.yes") : NULL);
		table_cell(table, h->has_gone_on ?
					  out_format(out, "%s %s",
						     word_value("key_state", h->key_state),
						     out_date(out, h->gone_on)) :
					  NULL);
	}
	table_end(table, NULL);
}

/* Item by item, the two entries beside each other. */
static void show_paper(struct out *out, const ShowBallotReply *b)
{
	struct table *table;

	if (b->n_paper_entries != 2)
		return;
	out_heading(out, word("text.paper_differs"));
	table = table_new(out);
	table_column(table, "item_no");
	table_title(table, word_of("role", b->paper_entries[0]->role));
	table_title(table, word_of("role", b->paper_entries[1]->role));
	table_number(table, 0);
	for (size_t k = 0; k < 2; k++)
		table_cell(table, out_format(out, "%s %d  %s %d", word_field("valid"),
					     b->paper_entries[k]->valid,
					     word_field("void_count"),
					     b->paper_entries[k]->void_count));
	for (size_t i = 0; i < b->paper_entries[0]->n_items; i++) {
		table_number(table, b->paper_entries[0]->items[i]->item_no);
		for (size_t k = 0; k < 2; k++) {
			const PaperItem *item = b->paper_entries[k]->items[i];
			const char *text = "";

			for (size_t n = 0; n < item->n_counts; n++)
				text = out_format(out, "%s%d ", text,
						  item->counts[n]);
			table_cell(table, out_format(out, "%s%d", text,
						     item->blank));
		}
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
	show_paper(out, b);
	for (size_t i = 0; i < b->n_comment_texts; i++) {
		if (i == 0)
			out_heading(out, word("text.ballot_comments"));
		out_text(out, 2, b->comment_texts[i]);
	}
	return EXIT_DONE;
}

/* ---- the paper, for anybody ------------------------------------------------------ */

static void show_items(struct client *client, const BallotManifest *m)
{
	struct out *out = client_out(client);
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
		table_cell(table, ballot_item_name(client, item));
		table_cell(table, options ? options :
					    word("text.ballot_no_grade"));
	}
	table_end(table, NULL);
}

/* As voters have them on their own paper. */
static const char *receipt_code(struct out *out, const ProtobufCBinaryData *hash)
{
	char text[CODE_TEN_TEXT] = "";

	if (hash->len >= CODE_SECRET)
		code_write_ten(hash->data, text);
	return out_format(out, "%s", text);
}

int ballot_receipt_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const CheckReceiptReply *r = reply->check_receipt;

	out_field(out, "session_id", r->session_id);
	out_field(out, "state", word_value("ballot_session", r->state));
	if (r->has_receipt)
		out_field(out, "receipt", receipt_code(out, &r->receipt));
	if (r->has_receipts_hash)
		out_field(out, "receipts_hash", receipt_code(out, &r->receipts_hash));
	out_pairs_end(out);
	if (r->has_receipt)
		out_printf(out, "%s\n", word(r->has_receipts_hash ?
			"text.ballot_receipt_counted" : "text.ballot_receipt_there"));
	else
		out_printf(out, "%s\n", word(r->has_receipts_hash ?
			"text.ballot_list_good" : "text.ballot_list_later"));
	for (size_t i = 0; !r->has_receipt && i < r->n_receipts; i++)
		out_printf(out, "  %s\n", receipt_code(out, &r->receipts[i]));
	return EXIT_DONE;
}

int ballot_paper_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const GetBallotReply *b = reply->get_ballot;
	const BallotManifest *m = b->manifest;
	struct ballot_bond bond = { .check = "" };

	if (!m) {
		out_field(out, "state", word_value("ballot_session", b->state));
		out_pairs_end(out);
		out_say(out, "%s", word("text.ballot_names"));
		return EXIT_DONE;
	}
	if (m->n_holder_keys && !ballot_bind(m, &bond))
		return EXIT_SECURITY;
	out_field(out, "session_id", m->session_id);
	out_field(out, "state", word_value("ballot_session", b->state));
	out_field(out, "org_name", m->org_name);
	out_field(out, "held_on", out_date(out, m->held_on));
	out_field(out, "place", m->place);
	out_field(out, "check_code", bond.check);
	out_pairs_end(out);
	out_heading(out, word_field("manifest"));
	show_items(client, m);
	return EXIT_DONE;
}

/* ---- steps ------------------------------------------------------------------------ */

int freeze_roll_view(struct client *client, const Reply *reply)
{
	const FreezeRollReply *r = reply->freeze_roll;
	int code = generic_view(client, reply);

	if (r->has_half_present && !r->half_present)
		out_hint(client_out(client), "%s", word("text.below_half_hint"));
	return code;
}

int enter_paper_view(struct client *client, const Reply *reply)
{
	const EnterPaperReply *r = reply->enter_paper;
	struct out *out = client_out(client);

	if (r->n_differing) {
		generic_view(client, reply);
		out_say(out, "%s", word("text.paper_differs_hint"));
		return EXIT_DEFECTS;
	}
	out_field(out, "session_id", r->session_id);
	out_field(out, "state", word_value("ballot_session", r->state));
	out_pairs_end(out);
	out_printf(out, "%s\n", r->awaits_other ? word("text.paper_waiting") :
					     word("text.paper_agreed"));
	return EXIT_DONE;
}

int own_appraisals_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const OwnAppraisalsReply *r = reply->own_appraisals;

	for (size_t i = 0; i < r->n_appraisals; i++) {
		const OwnAppraisal *a = r->appraisals[i];

		out_heading(out, out_format(out, "%s  %s", a->org_name,
					    out_date(out, a->held_on)));
		for (size_t k = 0; k < a->n_counts && k < a->n_labels; k++)
			out_pair(out, a->labels[k],
				 out_format(out, "%d", a->counts[k]));
		if (a->has_blank)
			out_field(out, "blank", out_format(out, "%d", a->blank));
		out_field(out, "grade", a->grade);
		out_field(out, "opinion", a->opinion);
		out_pairs_end(out);
		if (a->suppressed)
			out_printf(out, "%s\n", word("text.ballot_small"));
	}
	if (!r->n_appraisals)
		out_say(out, "%s", word("text.no_appraisals"));
	return EXIT_DONE;
}
