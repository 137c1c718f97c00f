#include "client/views/tally.h"

static const char *number(struct out *out, int32_t n)
{
	return out_format(out, "%d", n);
}

const char *tally_facts(struct out *out, struct arena *arena,
			const BallotResult *result)
{
	const char *counts[] = {
		number(out, result->entitled), number(out, result->present),
		number(out, result->returned), number(out, result->valid),
		number(out, result->void_count),
	};
	const char *state[] = { word_value("ballot_session", result->state) };

	if (!result->has_valid)
		return word_put(arena, word("text.ballot_not_counted"), 1, state);
	return word_put(arena, word("text.ballot_facts"), 5, counts);
}

const BallotTally *tally_labels(BallotTally *const *tallies, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tallies[i]->n_labels)
			return tallies[i];
	return NULL;
}

static void tally_row(struct out *out, struct table *table,
		      const BallotTally *tally, size_t columns)
{
	table_cell(table, tally->mark ? out_format(out, "%s · %s", tally->text,
						   tally->mark) :
					tally->text);
	for (size_t i = 0; i < columns; i++) {
		if (i < tally->n_counts)
			table_number(table, tally->counts[i]);
		else
			table_cell(table, i == 0 && !tally->n_counts ?
						  word("text.ballot_no_grade") :
						  NULL);
	}
	if (tally->n_counts)
		table_number(table, tally->blank);
	else
		table_cell(table, NULL);
}

void tally_table(struct out *out, BallotTally *const *tallies, size_t n)
{
	const BallotTally *labels = tally_labels(tallies, n);
	struct table *table = table_new(out);

	table_title(table, word("text.ballot_item"));
	for (size_t i = 0; labels && i < labels->n_labels; i++)
		table_title(table, labels->labels[i]);
	table_title(table, word("text.ballot_open"));
	for (size_t i = 0; i < n; i++)
		tally_row(out, table, tallies[i], labels ? labels->n_labels : 0);
	table_end(table, NULL);
}

void tally_show(struct out *out, struct arena *arena, const BallotResult *result)
{
	out_printf(out, "%s\n", tally_facts(out, arena, result));
	if (result->suppressed)
		out_printf(out, "%s\n", word("text.ballot_small"));
	if (result->n_tallies) {
		tally_table(out, result->tallies, result->n_tallies);
		out_printf(out, "%s\n", word("text.ballot_only_counts"));
	}
}
