/* A form that reads without a defect is written so that it reads the same, and
 * writing it once more changes nothing. */
#include "client/form.h"
#include "common/csv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DEFECTS 4

static void check_same(const struct form *a, const struct form *b)
{
	size_t i;

	assert(a->n == b->n);
	assert(!a->self_id == !b->self_id);
	for (i = 0; i < a->n; i++) {
		assert(strcmp(a->items[i].code, b->items[i].code) == 0);
		assert(strcmp(a->items[i].text, b->items[i].text) == 0);
		assert(a->items[i].judgement == b->items[i].judgement);
	}
}

/* The same for a table. */
static void check_table(struct arena *arena, const char *data, size_t len)
{
	struct form_defect defects[DEFECTS];
	struct form first, second;
	struct csv_writer writer = { 0 };
	struct csv csv, again;

	if (csv_parse(&csv, data, len) == CSV_OK &&
	    form_table_parse(arena, &csv, &first, defects, DEFECTS) == 0 && first.self_id) {
		form_table_print(&writer, &first, "");
		assert(csv_parse(&again, writer.data, writer.len) == CSV_OK);
		assert(form_table_parse(arena, &again, &second, defects, DEFECTS) == 0);
		check_same(&first, &second);
		free(writer.data);
		csv_free(&again);
	}
	csv_free(&csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct form_defect defects[DEFECTS];
	struct form first, second;
	struct arena arena;
	char *once, *twice;

	arena_init(&arena, 64 << 20);
	if (form_parse(&arena, (const char *)data, len, &first, defects, DEFECTS) == 0) {
		once = form_print(&arena, &first);
		assert(once);
		assert(form_parse(&arena, once, strlen(once), &second, defects,
				  DEFECTS) == 0);
		check_same(&first, &second);
		twice = form_print(&arena, &second);
		assert(twice && strcmp(once, twice) == 0);
	}
	check_table(&arena, (const char *)data, len);
	arena_free(&arena);
	return 0;
}
