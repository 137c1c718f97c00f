/*
 * A page that stands alone: no script, nothing fetched, everything escaped.
 */
#ifndef CLIENT_HTML_H
#define CLIENT_HTML_H

#include <stdio.h>

/* `style` is the program's own text. */
void html_begin(FILE *f, const char *title, const char *style);
void html_end(FILE *f);

/* Text of any origin; NULL is nothing. */
void html_text(FILE *f, const char *text);
/* <tag>text</tag>; nothing for no text.  `tag` is the program's own. */
void html_element(FILE *f, const char *tag, const char *text);

#endif
