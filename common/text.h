/*
 * Text as people see it: UTF-8, columns on a terminal, what may be in a string
 * of a message, and what may go to a terminal.  Needs no locale.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the code point at s (1 to 4); 0 if there is none: cut, overlong,
 * a surrogate, past U+10FFFF, or len is 0. */
size_t text_decode(const char *s, size_t len, uint32_t *cp);
/* Writes 1 to 4 bytes, no NUL. */
size_t text_encode(uint32_t cp, char out[4]);
bool text_valid(const char *s, size_t len);
/* Code points; s must be valid. */
size_t text_length(const char *s);

/* Whether a string of a message may hold cp: no controls but \n and \t, no
 * bidi overrides, no zero-width spaces, no tags, no noncharacters. */
bool text_allowed(uint32_t cp);

/* Columns: 2 for wide, 0 for combining, invisible and control, else 1. */
int text_columns(uint32_t cp);
/* Columns of a string; a byte that is not UTF-8 counts 1. */
size_t text_width(const char *s);
/* Bytes from the start that fit in so many columns, combining marks of the
 * last one included; sets *columns (may be NULL) to what they take. */
size_t text_fit(const char *s, size_t limit, size_t *columns);

/* Whether cp is never printed as it is: invisible, or able to change what stands
 * around it. */
bool text_must_show(uint32_t cp);

/* What may be printed, malloc'ed: controls as ^X or \u{..}, bytes that are not
 * UTF-8 as \xNN, marks past the eighth on one base as one U+FFFD.  Newlines and tabs
 * are kept when `lines`, else shown too.  NULL: no memory. */
char *text_printable(const char *s, size_t len, bool lines);

/* Full-width forms of ASCII (U+FF01-FF5E) and the wide space to ASCII, in
 * place: for codes, numbers, dates and yes or no, never for free text. */
void text_fold(char *s);

/* Two lower-case digits a byte, and a NUL. */
void text_hex(const uint8_t *bytes, size_t n, char *out);
/* False: the text does not begin with so many. */
bool text_unhex(const char *text, uint8_t *bytes, size_t n);

#endif
