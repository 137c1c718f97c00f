/* Any file as a table to import: what is read is a message that the server's own
 * wire check takes, and every defect names a line that is there. */
#include "client/import.h"
#include "common/wire.h"

#include "envelope.pb-c.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOM = 4, ARENA = 8 << 20 };

static void check_row(const struct import_plan *plan, const struct csv_row *cells)
{
	struct import_defect defects[ROOM];
	struct arena arena;
	ProtobufCMessage *row;
	size_t n = 0, len;
	uint8_t *bytes;

	arena_init(&arena, ARENA);
	row = import_row(plan, cells, &arena, defects, ROOM, &n);
	assert(row);
	for (size_t i = 0; i < n && i < ROOM; i++)
		assert(defects[i].line == cells->line && defects[i].field);
	len = protobuf_c_message_get_packed_size(row);
	bytes = malloc(len + 1);
	assert(bytes);
	protobuf_c_message_pack(row, bytes);
	/* a cell given in two columns is one field given once */
	assert(wire_check(plan->row, bytes, len, &wire_limits, NULL) == WIRE_OK);
	free(bytes);
	arena_free(&arena);
}

static void check_table(const struct csv *csv, const char *request,
			const ProtobufCMessageDescriptor *row)
{
	struct import_plan plan;
	size_t i;

	if (!import_plan(&plan, request, row, csv)) {
		assert(plan.missing);
		return;
	}
	for (i = 1; i < csv->n && i < 64; i++)
		check_row(&plan, &csv->rows[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv csv;

	if (csv_parse(&csv, data, size) == CSV_OK && csv.n > 0) {
		check_table(&csv, "import_orgs", &org_import__descriptor);
		check_table(&csv, "import_people", &person_import__descriptor);
		check_table(&csv, "import_offices", &office_import__descriptor);
		check_table(&csv, "import_holidays", &holiday_import__descriptor);
	}
	csv_free(&csv);
	return 0;
}
