/*
 * A spreadsheet's table as the rows of an import request.
 *
 * The columns are the fields of the request's row message: a heading is the
 * field's word in either language or its name, in any order.  Cells that stand
 * for a code (类别, 职务 …) are read by their words.  Every defect of the file
 * is told at once, by line.
 */
#ifndef CLIENT_IMPORT_H
#define CLIENT_IMPORT_H

#include "common/arena.h"
#include "common/csv.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

/* A cell that is no value of its column. */
struct import_defect {
	size_t line;
	const char *field;
	const char *key; /* error.value_... */
	const char *value; /* the cell */
};

/* Where the columns of a file are, and what the file says beside them. */
struct import_plan {
	const ProtobufCMessageDescriptor *row;
	const char *request;
	const ProtobufCFieldDescriptor *columns[CSV_COLUMNS_MAX]; /* NULL: not used */
	size_t n;
	const ProtobufCFieldDescriptor *missing; /* one that must be there */
};

/* Reads the headings (the first row).  False: plan->missing says which column
 * there must be. */
bool import_plan(struct import_plan *plan, const char *request,
		 const ProtobufCMessageDescriptor *row, const struct csv *csv);

/* One row message in the arena; defects are added up to `room`, *n counts all.
 * NULL: no memory. */
void *import_row(const struct import_plan *plan, const struct csv_row *cells,
		 struct arena *arena, struct import_defect *defects, size_t room,
		 size_t *n);

#endif
