/*
 * Tables from and for spreadsheets: CSV as of RFC 4180, in memory.
 *
 * Reading takes UTF-8 (with or without a byte order mark) or, if the bytes are
 * not UTF-8, GB18030, as WPS and Excel write it.  Writing guards cells that a
 * spreadsheet would run as a formula with a leading ', and reading takes that
 * guard off again.
 */
#ifndef COMMON_CSV_H
#define COMMON_CSV_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_BYTES_MAX (4 * 1024 * 1024)
#define CSV_ROWS_MAX 20000
#define CSV_COLUMNS_MAX 64

enum csv_result {
	CSV_OK,
	CSV_ENCODING,   /* neither UTF-8 nor GB18030 */
	CSV_CHARACTER,  /* one that no text may hold (text_allowed) */
	CSV_QUOTE,      /* a quote within an unquoted cell, or text after one */
	CSV_UNCLOSED,   /* a quoted cell without an end */
	CSV_TOO_BIG,    /* bytes, rows or columns past the limit */
	CSV_NO_MEMORY,
};

/* One line of the table; lines with nothing in any cell are left out. */
struct csv_row {
	size_t line; /* in the file, from 1 */
	size_t row;  /* as a spreadsheet numbers it, from 1 */
	size_t n;
	char **cells;
};

struct csv {
	struct csv_row *rows;
	size_t n;
	bool gb18030; /* how it was read */
	size_t line, column; /* of an error, from 1, in characters */
	struct arena arena;
};

/* GB18030 as UTF-8 with a NUL after it, in the arena.  NULL: it is not (*bad points
 * at the first byte that is wrong), or no memory (*bad is NULL). */
char *csv_from_gb18030(struct arena *arena, const char *data, size_t len,
		       size_t *text_len, const char **bad);

/* Call csv_free whatever it says. */
enum csv_result csv_parse(struct csv *csv, const void *data, size_t len);
void csv_free(struct csv *csv);

/* Text under construction; zero it to begin, free(data) at the end.  `failed`:
 * no memory, and data is NULL. */
struct csv_writer {
	char *data;
	size_t len, room;
	bool failed, in_row;
};

/* Whether a cell that begins so gets a guard. */
bool csv_guarded(const char *text);
/* A byte order mark, for Excel; first of all if wanted. */
void csv_mark(struct csv_writer *writer);
void csv_cell(struct csv_writer *writer, const char *text);
void csv_end_row(struct csv_writer *writer);

#endif
