/*
 * What the program shows.  Results go to stdout through here and nowhere else;
 * words to the person (hints, warnings, questions) go to stderr.
 *
 * Everything printed is made harmless first: a text of the server can hold no
 * escape sequence when it reaches the terminal.  A failed write is remembered
 * and becomes the exit code.
 */
#ifndef CLIENT_OUT_H
#define CLIENT_OUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct out;   /* stdout and stderr of a run, and what is known of them */
struct table; /* rows being gathered; printed by table_end */

struct out_options {
	FILE *results, *words; /* borrowed */
	unsigned columns;      /* 0: of the terminal, else 80 */
	bool wide;             /* never cut a cell, never a record list */
	bool quiet;            /* no hints */
	bool json;             /* no hints, errors as JSON */
};

struct out *out_new(const struct out_options *options);
/* Flushes.  False: a write failed, and it was not for a closed pipe. */
bool out_free(struct out *out);

/* ---- results ----------------------------------------------------------------- */

/* As printf; lines of a text stay lines. */
void out_printf(struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A heading with an empty line before it (but not at the very top). */
void out_heading(struct out *out, const char *text);
/* Long text, filled to the width, `indent` columns in. */
void out_text(struct out *out, unsigned indent, const char *text);
/* Bytes as they are: a file to be written to stdout. */
void out_bytes(struct out *out, const void *data, size_t len);

/* One line of a list "label  value" (out_pairs_end aligns the labels and
 * prints).  NULL or "" as value: the line is left out. */
void out_pair(struct out *out, const char *label, const char *value);
/* The same for what must stay on one line, however long: a command. */
void out_pair_whole(struct out *out, const char *label, const char *value);
/* The label is the word field.<field>. */
void out_field(struct out *out, const char *field, const char *value);
void out_pairs_end(struct out *out);

/* Columns: two spaces apart, wide characters counted as two.  Nothing is ever cut:
 * a last column that is too long goes on below itself (put long text there), and
 * what still cannot fit the width is shown as a list of records. */
struct table *table_new(struct out *out);
/* Columns first, then cells row by row.  The title is the word field.<field>. */
void table_column(struct table *table, const char *field);
/* A title as it is. */
void table_title(struct table *table, const char *title);
/* NULL or "": "-". */
void table_cell(struct table *table, const char *text);
void table_number(struct table *table, int64_t number); /* right-aligned */
/* The last column holds commands: it stays on one line, past the width if need be. */
void table_whole(struct table *table);
size_t table_rows(const struct table *table);
/* Prints (nothing but `none`, a word's key, when there are no rows and none is
 * not NULL), frees. */
void table_end(struct table *table, const char *none);

/* ---- values as text; they live as long as the out ------------------------------- */

const char *out_format(struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
const char *out_date(struct out *out, int32_t days);     /* 2026-12-04 */
const char *out_moment(struct out *out, int64_t us);     /* 2026-12-04 18:00 */
const char *out_money(struct out *out, int64_t fen);     /* 1,234.50 */

/* ---- words to the person ---------------------------------------------------------- */

/* A line on stderr. */
void out_say(struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "→ ..." on stderr, not with -q, --json or into a pipe. */
void out_hint(struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
