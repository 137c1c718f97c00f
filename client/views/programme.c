/* standard show, rule show, items show: texts as they would be printed. */
#include "client/handlers.h"

static const char *filled(struct client *c, const char *key, const char *a,
			  const char *b)
{
	const char *args[] = { a, b };

	return word_fill(client_arena(c), word(key), 2, args);
}

static void show_item(struct out *out, const StandardItem *item)
{
	out_printf(out, "  %-4s  %s\n", item->code, item->text);
	if (item->guidance)
		out_text(out, 8, item->guidance);
}

static const char *said(struct client *c, const char *key, const char *a, const char *b,
			const char *d)
{
	const char *args[] = { a, b, d };

	return word_put(client_arena(c), word(key), 3, args);
}

static const char *figure(struct out *out, int32_t number)
{
	return out_format(out, "%d", number);
}

/* What a year's forms ask: nothing of it is about how well a branch does. */
static void show_burden(struct client *client, BurdenCategory *const *rows, size_t n)
{
	struct out *out = client_out(client);
	size_t i;

	for (i = 0; i < n; i++) {
		const BurdenCategory *r = rows[i];

		out_printf(out, "%s\n", r->inputs_now == r->inputs_then ?
			said(client, "text.burden_of", r->member_category,
			     figure(out, r->inputs_now), "") :
			said(client, "text.burden_change", r->member_category,
			     figure(out, r->inputs_now), figure(out, r->inputs_then)));
	}
}

/* The committee's own limit, if it has set one. */
static void show_limit(struct client *client, bool set, int32_t limit)
{
	struct out *out = client_out(client);

	out_printf(out, "%s\n", set ? said(client, "text.burden_limit",
					   figure(out, limit), "", "")
				    : word("text.burden_no_limit"));
}

int standard_view(struct client *client, const Reply *reply)
{
	const ShowStandardReply *r = reply->show_standard;
	struct out *out = client_out(client);

	out_field(out, "standard_version_id", r->standard_version_id);
	out_field(out, "state", word_value("state", r->state));
	if (r->has_adopted_on)
		out_field(out, "adopted_on", out_date(out, r->adopted_on));
	out_field(out, "adopted_by", r->adopted_by);
	out_field(out, "basis", r->basis);
	out_field(out, "burden_decision", r->burden_decision);
	out_pairs_end(out);
	show_burden(client, r->burden, r->n_burden);
	for (size_t i = 0; i < r->n_groups; i++) {
		const StandardGroup *g = r->groups[i];

		out_heading(out, out_format(out, "%d  %s", g->group_no, g->title));
		out_text(out, 0, g->text);
		for (size_t k = 0; k < g->n_items; k++)
			show_item(out, g->items[k]);
	}
	return EXIT_DONE;
}

/* The rules as sentences: what is printed in the minutes. */
int rule_set_view(struct client *client, const Reply *reply)
{
	const ShowRuleSetReply *r = reply->show_rule_set;
	struct out *out = client_out(client);
	const char *stay = r->recused_stay ? "text.rule_recused_stay"
					   : "text.rule_recused_leave";
	const char *day = r->posting_day_counted ? "text.rule_day_counted"
						 : "text.rule_day_not_counted";

	out_field(out, "rule_set_id", r->rule_set_id);
	out_field(out, "adopted_on", out_date(out, r->adopted_on));
	out_field(out, "adopted_by", r->adopted_by);
	out_field(out, "basis", r->basis);
	out_pairs_end(out);
	out_printf(out, "1. %s\n", filled(client, "text.rule_quorum",
		out_format(out, "%d", r->quorum_num), out_format(out, "%d", r->quorum_den)));
	out_printf(out, "2. %s\n", filled(client, "text.rule_majority",
		word_value("majority", r->majority), ""));
	out_printf(out, "3. %s\n", word(stay));
	out_printf(out, "4. %s\n", filled(client, "text.rule_notice",
		out_format(out, "%d", r->notice_working_days), word(day)));
	out_printf(out, "5. %s\n", filled(client, "text.rule_small_group",
		out_format(out, "%d", r->small_group), ""));
	out_printf(out, "6. %s\n", filled(client, r->rectification_months
		? "text.rule_rectification" : "text.rule_no_rectification",
		out_format(out, "%d", r->rectification_months), ""));
	out_printf(out, "7. %s\n", word(r->award_through_extension
		? "text.rule_award_extended" : "text.rule_award_not_extended"));
	out_printf(out, "8. %s\n", word(r->students_judge
		? "text.rule_students" : "text.rule_no_students"));
	out_printf(out, "9. %s\n", word(r->weak_lax_may_apply
		? "text.rule_weak_lax" : "text.rule_no_weak_lax"));
	return EXIT_DONE;
}

int item_set_view(struct client *client, const Reply *reply)
{
	const ShowItemSetReply *r = reply->show_item_set;
	struct out *out = client_out(client);

	out_field(out, "item_set_id", r->item_set_id);
	out_field(out, "title", r->title);
	out_field(out, "adopted_on", out_date(out, r->adopted_on));
	out_field(out, "basis", r->basis);
	out_pairs_end(out);
	for (size_t i = 0; i < r->n_items; i++) {
		const ItemSetItem *item = r->items[i];

		out_printf(out, "%2zu  %s ", i + 1, item->text);
		for (size_t k = 0; k < item->n_options; k++)
			out_printf(out, " %s", item->options[k]->text);
		out_printf(out, "\n");
	}
	return EXIT_DONE;
}

int draft_standard_view(struct client *client, const Reply *reply)
{
	const DraftStandardReply *r = reply->draft_standard;
	struct out *out = client_out(client);

	out_printf(out, "%s\n", said(client, "text.standard_drafted",
				     r->standard_version_id, "", ""));
	show_burden(client, r->burden, r->n_burden);
	show_limit(client, r->has_burden_limit, r->burden_limit);
	return EXIT_DONE;
}

int adopt_standard_view(struct client *client, const Reply *reply)
{
	const AdoptStandardReply *r = reply->adopt_standard;
	struct out *out = client_out(client);

	out_field(out, "adopted_on", out_date(out, r->adopted_on));
	out_field(out, "basis", r->basis);
	out_field(out, "burden_decision", r->burden_decision);
	out_pairs_end(out);
	out_printf(out, "%s\n", said(client, "text.standard_adopted",
				     r->standard_version_id, "", ""));
	show_burden(client, r->burden, r->n_burden);
	show_limit(client, r->has_burden_limit, r->burden_limit);
	return EXIT_DONE;
}

static const char *field_words(struct out *out, char *const *fields, size_t n)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < n; i++)
		text = out_format(out, "%s%s%s", text, i ? word("text.list_comma") : "",
				  word_field(fields[i]));
	return text;
}

int burden_view(struct client *client, const Reply *reply)
{
	const ShowBurdenReply *r = reply->show_burden;
	struct out *out = client_out(client);
	struct table *table = table_new(out);
	size_t i;

	table_column(table, "form");
	table_column(table, "needed");
	table_column(table, "required_fields");
	for (i = 0; i < r->n_forms; i++) {
		const BurdenForm *f = r->forms[i];

		table_cell(table, word_value("form", f->form));
		table_cell(table, word_value("needed", f->needed));
		table_cell(table, field_words(out, f->required_fields,
					      f->n_required_fields));
	}
	table_end(table, NULL);
	out_printf(out, "\n");
	show_burden(client, r->burden, r->n_burden);
	show_limit(client, r->has_burden_limit, r->burden_limit);
	return EXIT_DONE;
}
