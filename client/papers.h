/* The forms that come with the program: client/papers/, D1 to D34 of the
 * procedure, gathered when it is built.  A document that has several forms has
 * them as D14, D14B … */
#ifndef CLIENT_PAPERS_H
#define CLIENT_PAPERS_H

#include <stddef.h>

struct paper_text {
	const char *id;   /* D1 */
	const char *text; /* paper_form.h */
};

const struct paper_text *papers_all(size_t *n);

#endif
