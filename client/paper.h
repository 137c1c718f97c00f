/*
 * A document as it lies on paper: what is said and its place in the layout, apart
 * from any file format.  A form (form_text.h) fills it, a writer makes a file of it:
 *
 *   paper_html   a page for the browser and its printer
 *   paper_docx   a file that WPS, LibreOffice and Word open for the last hand
 *
 * Measures are those of GB/T 9704-2012: A4, margins 37/35/28/26 mm, title 22 pt,
 * text 16 pt on lines of 28 pt.
 */
#ifndef CLIENT_PAPER_H
#define CLIENT_PAPER_H

#include "common/arena.h"

#include <stdbool.h>
#include <stdio.h>

#define PAPER_COLUMNS 12
#define PAPER_DIGEST 16 /* hexadecimal digits, and a NUL after them */

enum paper_kind {
	PAPER_TITLE,      /* 2号小标宋, in the middle */
	PAPER_CENTRE,     /* below the title: number, date */
	PAPER_HEADING,    /* 黑体 */
	PAPER_SUBHEADING, /* 楷体 */
	PAPER_BODY,       /* 仿宋, first line indented */
	PAPER_PLAIN,      /* 仿宋, not indented: addressee, list */
	PAPER_SIGN,       /* on the right: signature, seal, date by hand */
	PAPER_NOTE,       /* small */
	PAPER_TABLE,      /* begins; `widths` of the columns */
	PAPER_HEAD,       /* a row of titles, repeated on every page */
	PAPER_ROW,        /* the last cell takes the columns that are left */
	PAPER_END,        /* of the table */
	PAPER_BREAK,      /* a new page */
};

/* One paragraph, or one row of a table.  Texts are borrowed from the arena. */
struct paper_line {
	struct paper_line *next;
	enum paper_kind kind;
	unsigned n;                       /* cells; 1 for a paragraph */
	const char *cells[PAPER_COLUMNS];
	unsigned widths[PAPER_COLUMNS];   /* of PAPER_TABLE, parts of a whole */
};

struct paper {
	struct arena *arena; /* borrowed */
	const char *name;    /* of the file's properties */
	bool across;         /* landscape */
	struct paper_line *first, **last;
};

void paper_begin(struct paper *paper, struct arena *arena);
/* An empty line to be filled; NULL: no memory. */
struct paper_line *paper_add(struct paper *paper, enum paper_kind kind);

/* Every line of a text is a paragraph of its own: the first, and *text what is after
 * it, NULL at the end. */
const char *paper_paragraph(const struct paper *paper, const char **text);

/* The first digits of the SHA-256 of everything said so far: two prints with the
 * same digits say the same. */
void paper_digest(const struct paper *paper, char digest[PAPER_DIGEST + 1]);

/* False with errno: not written whole. */
bool paper_html(const struct paper *paper, FILE *f);
bool paper_docx(const struct paper *paper, FILE *f);

#endif
