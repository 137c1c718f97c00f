#include "client/out_internal.h"
#include "client/words.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64
#define GAP 2
/* A last column narrower than this is not worth filling into. */
#define FREE_LEAST 16

struct table {
	struct out *out;
	struct {
		const char *title;
		size_t width;
		bool number;
	} columns[COLUMNS_MAX];
	size_t n_columns;
	const char **cells;
	size_t n_cells, room;
	bool broken; /* no memory */
	bool whole;  /* see table_whole */
};

struct table *table_new(struct out *out)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table)
		table->out = out;
	return table;
}

static void widen(struct table *table, size_t column, const char *text)
{
	size_t w = text_width(text);

	if (w > table->columns[column].width)
		table->columns[column].width = w;
}

void table_title(struct table *table, const char *title)
{
	if (!table || table->n_columns == COLUMNS_MAX)
		return;
	table->columns[table->n_columns].title = out_format(table->out, "%s", title);
	widen(table, table->n_columns, title);
	table->n_columns++;
}

void table_column(struct table *table, const char *field)
{
	table_title(table, word_field(field));
}

static bool make_room(struct table *table)
{
	const char **cells;
	size_t room = table->room ? table->room * 2 : 64;

	if (table->n_cells < table->room)
		return true;
	cells = realloc(table->cells, room * sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->room = room;
	return true;
}

void table_cell(struct table *table, const char *text)
{
	char *printable;

	if (!table || !table->n_columns)
		return;
	if (!text || !*text)
		text = "-";
	printable = text_printable(text, strlen(text), false);
	if (!printable || !make_room(table)) {
		table->broken = true;
		free(printable);
		return;
	}
	widen(table, table->n_cells % table->n_columns, printable);
	table->cells[table->n_cells++] = out_format(table->out, "%s", printable);
	free(printable);
}

void table_number(struct table *table, int64_t number)
{
	if (!table || !table->n_columns)
		return;
	table->columns[table->n_cells % table->n_columns].number = true;
	table_cell(table, out_format(table->out, "%lld", (long long)number));
}

void table_whole(struct table *table)
{
	if (table)
		table->whole = true;
}

size_t table_rows(const struct table *table)
{
	return table && table->n_columns ? table->n_cells / table->n_columns : 0;
}

/* ---- printing ------------------------------------------------------------------------- */

static void print_cell(const struct table *table, size_t column, const char *text)
{
	size_t pad = table->columns[column].width - text_width(text);
	bool last = column + 1 == table->n_columns;

	if (table->columns[column].number)
		out_spaces(table->out, pad);
	out_bytes(table->out, text, strlen(text));
	if (!last)
		out_spaces(table->out,
			   GAP + (table->columns[column].number ? 0 : pad));
}

static size_t width_before_last(const struct table *table)
{
	size_t i, sum = 0;

	for (i = 0; i + 1 < table->n_columns; i++)
		sum += table->columns[i].width + GAP;
	return sum;
}

static void print_row(const struct table *table, const char *const *cells)
{
	size_t last = table->n_columns - 1, i;
	size_t before = width_before_last(table);

	for (i = 0; i < last; i++)
		print_cell(table, i, cells[i]);
	if (table->columns[last].number || table->whole) {
		print_cell(table, last, cells[last]);
		out_bytes(table->out, "\n", 1);
	} else {
		out_fill(table->out, before, before, cells[last]);
	}
}

static void print_rows(const struct table *table)
{
	const char *titles[COLUMNS_MAX];
	size_t i;

	for (i = 0; i < table->n_columns; i++)
		titles[i] = table->columns[i].title;
	print_row(table, titles);
	for (i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
		print_row(table, table->cells + i);
}

static void print_field(const struct table *table, size_t column, const char *text)
{
	const char *title = table->columns[column].title;

	if (table->whole && column + 1 == table->n_columns)
		out_pair_whole(table->out, title, text);
	else
		out_pair(table->out, title, text);
}

/* Label and value below each other, an empty line between records. */
static void print_records(const struct table *table)
{
	size_t i, k;

	for (i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns) {
		if (i)
			out_bytes(table->out, "\n", 1);
		for (k = 0; k < table->n_columns; k++)
			print_field(table, k, table->cells[i + k]);
		out_pairs_end(table->out);
	}
}

static bool fits(const struct table *table)
{
	const struct out_options *options = out_options_of(table->out);
	size_t before = width_before_last(table);
	size_t last = table->columns[table->n_columns - 1].width;

	if (options->wide || before + last <= options->columns)
		return true;
	return before + FREE_LEAST <= options->columns && table->n_columns > 1;
}

void table_end(struct table *table, const char *none)
{
	if (!table)
		return;
	if (table->broken)
		out_say(table->out, "%s", word("error.memory"));
	else if (table_rows(table) && fits(table))
		print_rows(table);
	else if (table_rows(table))
		print_records(table);
	else if (none)
		out_line(table->out, word(none));
	free(table->cells);
	free(table);
}
