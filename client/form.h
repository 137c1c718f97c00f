/*
 * The text form of a self-assessment: read strictly, every defect with its line
 * number, and written so that reading it again gives the same.  No I/O.
 *
 *	# lines like this are notes and are not sent
 *	[自评] ZP26-14 = 3
 *	[3.1] 严格执行组织生活制度 = 不足
 *	  说明: 支委会批评意见偏少，
 *	    已改为会前逐人谈心后再上会。
 *
 * The number after the first line's "=" is the revision the form was written
 * on.  Full-width ［ ］ ＝ ： ＃ and digits are read as well.
 */
#ifndef CLIENT_FORM_H
#define CLIENT_FORM_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORM_BYTES_MAX (1 << 20)
#define FORM_ITEMS_MAX 200
#define FORM_NARRATIVE_MAX 2000 /* characters */

/* What is written behind an item. */
enum form_judgement {
	FORM_OPEN, /* nothing yet */
	FORM_MET,
	FORM_SHORTFALL,
	FORM_NOT_APPLICABLE,
};

/* One item with the notes and empty lines above it; texts live in the arena. */
struct form_item {
	const char *notes;     /* whole lines; "" for none */
	const char *code;      /* "3.1" */
	const char *text;      /* the standard's words, never sent; "" for none */
	const char *narrative; /* "" for none */
	enum form_judgement judgement;
	unsigned line;         /* of a table: the row */
	const char *group;     /* the standard's title; in a table only */
};

/* The columns of a table. */
enum form_column {
	FORM_CODE,
	FORM_GROUP,
	FORM_TEXT,
	FORM_JUDGEMENT,
	FORM_NARRATIVE,
	FORM_COLUMNS,
};

struct form {
	const char *notes;   /* above the first line */
	const char *self_id; /* NULL: the form does not say */
	int32_t revision;
	bool has_revision;
	struct form_item *items;
	size_t n;
	const char *tail; /* notes below the last item */
	bool table;       /* read from one */
	char columns[FORM_COLUMNS]; /* of a table: 'A' ...; 0: not there */
	const char *sum;  /* of a table: what it says of its fixed cells, or NULL */
	char sum_place[16];
};

/* One thing wrong with it. */
struct form_defect {
	unsigned line;   /* from 1; of a table: the row */
	char column;     /* of a table: 'A' ...; 0: not a cell */
	const char *key; /* a word: form.<...> */
	char arg[48];    /* its %1 */
};

/* Reads `len` bytes of UTF-8 or GB18030.  Returns how many defects there are; the first `max` are
 * told.  SIZE_MAX: no memory. */
size_t form_parse(struct arena *arena, const char *text, size_t len,
		  struct form *form, struct form_defect *defects, size_t max);

/* The text of a form; NULL: no memory. */
char *form_print(struct arena *arena, const struct form *form);

/* The same form as a table for a spreadsheet, with a checksum of the cells nobody is
 * to change.  Columns are found by their titles and items by their codes in
 * brackets (a spreadsheet makes 2.1 of a bare 2.10); other rows do no harm. */
struct csv;
struct csv_writer;
size_t form_table_parse(struct arena *arena, const struct csv *csv, struct form *form,
			struct form_defect *defects, size_t max);
void form_table_print(struct csv_writer *writer, const struct form *form,
		      const char *help);
/* Whether the bytes are a table and not the text form. */
bool form_is_table(const char *text, size_t len);

#define FORM_SUM 9
/* Of codes, groups and texts, in whatever order the items are. */
void form_sum(const struct form *form, char sum[FORM_SUM]);

/* What of `form` is not as in `standard`: items that are not there, words that were
 * changed.  Returns how many; counts on from `found`. */
size_t form_compare(const struct form *form, const struct form *standard,
		    struct form_defect *defects, size_t max, size_t found);
const struct form_item *form_find(const struct form *form, const char *code);

/* 达到, 不足, 不适用 (also 已达到, 尚有不足, MET ...); "" is FORM_OPEN.
 * False: none of them. */
bool form_judgement_parse(const char *word, enum form_judgement *judgement);
/* The one that is written; "" for FORM_OPEN. */
const char *form_judgement_word(enum form_judgement judgement);

#endif
