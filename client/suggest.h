/*
 * Did you mean: the nearest of some words by Damerau-Levenshtein distance on
 * code points, so that a wrong Chinese character counts one like a letter.
 */
#ifndef CLIENT_SUGGEST_H
#define CLIENT_SUGGEST_H

#include <stddef.h>

struct suggestion {
	const char *typed; /* borrowed */
	const char *best;  /* borrowed; NULL: nothing near enough yet */
	size_t distance;
};

/* Steps (insert, delete, change, swap neighbours) from one to the other. */
size_t suggest_distance(const char *a, const char *b);

void suggest_start(struct suggestion *suggestion, const char *typed);
void suggest_consider(struct suggestion *suggestion, const char *candidate);

#endif
