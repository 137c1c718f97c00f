/*
 * What the out, its tables and the run share and no noun needs.
 */
#ifndef CLIENT_OUT_INTERNAL_H
#define CLIENT_OUT_INTERNAL_H

#include "client/out.h"

/* Once the command line has been read. */
void out_options_set(struct out *out, const struct out_options *options);
const struct out_options *out_options_of(const struct out *out);

/* A text made harmless, its newlines too, and the end of the line. */
void out_line(struct out *out, const char *text);
void out_spaces(struct out *out, size_t n);
/* Fills text into the columns from `indent` on, ends the line.  The cursor stands
 * at `column` (at most indent). */
void out_fill(struct out *out, size_t indent, size_t column, const char *text);

#endif
