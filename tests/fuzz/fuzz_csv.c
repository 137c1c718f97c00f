/* A table that reads is text in every cell, and writes into one that reads the
 * same. */
#include "common/csv.h"
#include "common/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void check_cell(const char *s)
{
	size_t len = strlen(s), n;
	uint32_t cp;

	for (; len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		assert(n && text_allowed(cp));
	}
}

static void write_row(struct csv_writer *writer, const struct csv_row *row)
{
	size_t i;

	for (i = 0; i < row->n; i++) {
		check_cell(row->cells[i]);
		csv_cell(writer, row->cells[i]);
	}
	csv_end_row(writer);
}

static void check_same(const struct csv *a, const struct csv *b)
{
	size_t i, j;

	assert(a->n == b->n);
	for (i = 0; i < a->n; i++) {
		assert(a->rows[i].n == b->rows[i].n);
		for (j = 0; j < a->rows[i].n; j++)
			assert(strcmp(a->rows[i].cells[j],
				      b->rows[i].cells[j]) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_writer writer = { 0 };
	struct csv csv, again;
	enum csv_result result = csv_parse(&csv, data, size);
	size_t i;

	if (result != CSV_OK) {
		assert(csv.line >= 1 && csv.column >= 1);
		csv_free(&csv);
		return 0;
	}
	csv_mark(&writer);
	for (i = 0; i < csv.n; i++)
		write_row(&writer, &csv.rows[i]);
	assert(!writer.failed);
	assert(csv_parse(&again, writer.data, writer.len) == CSV_OK);
	check_same(&csv, &again);
	csv_free(&again);
	csv_free(&csv);
	free(writer.data);
	return 0;
}
