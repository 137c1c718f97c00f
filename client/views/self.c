/* A self-assessment standard by standard, and the sums of the meeting that
 * adopted it. */
#include "client/handlers.h"
#include "client/value.h"

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
	return row->has_judgement ? value_enum("judgement",
		&self_entry__judgement__descriptor, row->judgement) :
		word("text.not_judged");
}

/* A problem found on an item, with its state and measure. */
static void show_gap(struct out *out, const GapRow *gap)
{
	out_text(out, 8, out_format(out, "%s  %s  %s", gap->gap_id,
				    word_value("state", gap->state), gap->problem));
	if (gap->measure)
		out_text(out, 10, gap->measure);
}

/* Whether it is about none of the items the branch tells of. */
static bool is_general(const ShowSelfReply *self, const GapRow *gap)
{
	size_t i;

	for (i = 0; gap->item && i < self->n_items; i++)
		if (strcmp(self->items[i]->item, gap->item) == 0)
			return false;
	return true;
}

static void show_gaps(struct out *out, const ShowSelfReply *self, const char *item)
{
	size_t i;

	for (i = 0; i < self->n_gaps; i++) {
		const GapRow *gap = self->gaps[i];

		if (item ? gap->item && strcmp(gap->item, item) == 0
			 : is_general(self, gap))
			show_gap(out, gap);
	}
}

static bool has_general_gap(const ShowSelfReply *self)
{
	size_t i;

	for (i = 0; i < self->n_gaps; i++)
		if (is_general(self, self->gaps[i]))
			return true;
	return false;
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
		show_gaps(out, self, self->items[i]->item);
	}
	if (has_general_gap(self)) {
		out_heading(out, word("field.gaps"));
		show_gaps(out, self, NULL);
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

/* ---- rounds ---------------------------------------------------------------------- */

static void show_round_row(struct out *out, struct table *table, const RoundRow *r)
{
	table_cell(table, r->round_id);
	table_cell(table, r->org_id);
	table_cell(table, word_value("state", r->state));
	table_cell(table, r->self_state ? word_value("self_state", r->self_state) : NULL);
	table_cell(table, r->application_id);
	table_cell(table, r->application_state ?
		   word_value("application_state", r->application_state) : NULL);
	table_cell(table, r->has_ended_on ? out_date(out, r->ended_on) : NULL);
	table_cell(table, r->org_name);
}

static void show_rounds(struct out *out, const ListRoundsReply *r)
{
	static const char *const columns[] = { "round_id", "org_id", "state", "self_state",
		"application_id", "application_state", "ended_on", "org_name" };
	struct table *table = table_new(out);
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		table_column(table, columns[i]);
	for (i = 0; i < r->n_rounds; i++)
		show_round_row(out, table, r->rounds[i]);
	table_end(table, "text.none");
}

static void stage(struct table *table, const char *says)
{
	table_cell(table, says ? word_value("stage", says) : NULL);
}

/* How far each is: by code, and nothing is counted. */
static void show_board(struct out *out, const ListRoundsReply *r)
{
	static const char *const columns[] = { "building", "assessing", "applying",
		"evaluating", "deliberating", "publishing", "determining" };
	struct table *table = table_new(out);
	size_t i;

	table_title(table, word("text.board_code"));
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		table_column(table, columns[i]);
	table_title(table, word("text.board_branch"));
	for (i = 0; i < r->n_stages; i++) {
		const BoardRow *b = r->stages[i];

		table_cell(table, b->org_id);
		stage(table, b->building);
		stage(table, b->assessing);
		stage(table, b->applying);
		stage(table, b->evaluating);
		stage(table, b->deliberating);
		stage(table, b->publishing);
		stage(table, b->determining);
		table_cell(table, b->org_name);
	}
	table_end(table, NULL);
	out_printf(out, "%s\n", word("text.by_code"));
}

int round_list_view(struct client *client, const Reply *reply)
{
	const ListRoundsReply *r = reply->list_rounds;

	if (r->n_stages)
		show_board(client_out(client), r);
	else
		show_rounds(client_out(client), r);
	return EXIT_DONE;
}

int open_rounds_view(struct client *client, const Reply *reply)
{
	const OpenRoundsReply *r = reply->open_rounds;
	struct out *out = client_out(client);
	const char *args[] = { out_format(out, "%zu", r->n_opened),
			       out_format(out, "%zu", r->n_left_out) };
	struct table *table = table_new(out);
	size_t i;

	table_column(table, "org_id");
	table_column(table, "round_id");
	table_column(table, "term_id");
	table_column(table, "org_name");
	for (i = 0; i < r->n_opened; i++) {
		table_cell(table, r->opened[i]->org_id);
		table_cell(table, r->opened[i]->round_id);
		table_cell(table, r->opened[i]->term_id);
		table_cell(table, r->opened[i]->org_name);
	}
	table_end(table, "text.none");
	out_printf(out, "%s\n", word_fill(client_arena(client),
					  word("text.round_opened"), 2, args));
	return EXIT_DONE;
}

/* ---- check, difference -------------------------------------------------------------- */

static const char *sentence(struct client *c, const SelfFinding *f)
{
	return word_put(client_arena(c), word_of("reason", f->key), f->n_args,
			(const char *const *)f->args);
}

static const char *kind_word(const SelfFinding *f)
{
	return word_value("kind", f->kind == SELF_FINDING__KIND__DEFECT ? "DEFECT" : "HINT");
}

/* Everything found, at once; what is only worth a look holds nothing up. */
int self_check_view(struct client *client, const Reply *reply)
{
	const CheckSelfReply *r = reply->check_self;
	struct out *out = client_out(client);
	struct table *table = table_new(out);
	size_t i, open = 0, hints = 0;
	const char *count;

	table_column(table, "kind");
	table_column(table, "group_title");
	table_column(table, "finding");
	for (i = 0; i < r->n_findings; i++) {
		bool defect = r->findings[i]->kind == SELF_FINDING__KIND__DEFECT;

		open += defect;
		hints += !defect;
		table_cell(table, kind_word(r->findings[i]));
		table_cell(table, r->findings[i]->group_title);
		table_cell(table, sentence(client, r->findings[i]));
	}
	table_end(table, "text.nothing_to_mend");
	count = out_format(out, "%zu", open);
	out_printf(out, "%s\n", open ? word_fill(client_arena(client),
						 word("text.findings_open"), 1, &count)
				     : word("text.nothing_to_mend"));
	if (hints)
		out_say(out, "%s", word("text.hints_only_here"));
	return open ? EXIT_DEFECTS : EXIT_DONE;
}

/* A judgement, or what stands in for one. */
static const char *judged(const char *code, const char *none)
{
	return code ? word_value("judgement", code) : word(none);
}

int self_diff_view(struct client *client, const Reply *reply)
{
	const DiffSelfReply *r = reply->diff_self;
	struct out *out = client_out(client);
	size_t i;

	for (i = 0; i < r->n_changes; i++) {
		const SelfChange *c = r->changes[i];

		out_printf(out, "%-5s %s  %s → %s\n", c->item, c->text,
			   judged(c->judgement_before, "text.not_judged"),
			   judged(c->judgement_after, "text.not_judged"));
		if (c->narrative_before)
			out_text(out, 2, out_format(out, "- %s", c->narrative_before));
		if (c->narrative_after)
			out_text(out, 2, out_format(out, "+ %s", c->narrative_after));
	}
	if (!r->n_changes)
		out_printf(out, "%s\n", word("text.no_change"));
	return EXIT_DONE;
}

/* ---- ledger of problems --------------------------------------------------------------- */

int gap_list_view(struct client *client, const Reply *reply)
{
	const ListGapsReply *r = reply->list_gaps;
	struct out *out = client_out(client);
	struct table *table = table_new(out);
	size_t i;

	table_column(table, "gap_id");
	table_column(table, "item");
	table_column(table, "source");
	table_column(table, "state");
	table_column(table, "due_on");
	table_column(table, "responsible");
	table_column(table, "problem");
	for (i = 0; i < r->n_gaps; i++) {
		const GapRow *g = r->gaps[i];
		const char *from = g->origin_id ? word_fill(client_arena(client),
			word("text.carried_from"), 1,
			(const char *const *)&g->origin_id) : "";

		table_cell(table, g->gap_id);
		table_cell(table, g->item);
		table_cell(table, value_enum("source",
			&add_gap__source__descriptor, g->source));
		table_cell(table, word_value("state", g->state));
		table_cell(table, g->has_due_on ? out_date(out, g->due_on) : NULL);
		table_cell(table, g->responsible);
		table_cell(table, out_format(out, "%s%s", g->problem ? g->problem : "", from));
	}
	table_end(table, "text.none");
	return EXIT_DONE;
}

/* After a check that found nothing. */
int nothing_to_mend_view(struct client *client, const Reply *reply)
{
	(void)reply;
	out_printf(client_out(client), "%s\n", word("text.nothing_to_mend"));
	return EXIT_DONE;
}
