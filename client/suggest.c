#include "client/suggest.h"

#include "common/text.h"

#include <stdint.h>
#include <string.h>

#define POINTS_MAX 64

static size_t points(const char *s, uint32_t *out)
{
	size_t len = strlen(s), n = 0, step;

	while (len && n < POINTS_MAX) {
		step = text_decode(s, len, &out[n]);
		if (!step) {
			out[n] = (unsigned char)*s;
			step = 1;
		}
		if (out[n] >= 'A' && out[n] <= 'Z')
			out[n] += 'a' - 'A';
		n++;
		s += step;
		len -= step;
	}
	return n;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t suggest_distance(const char *a, const char *b)
{
	uint32_t x[POINTS_MAX], y[POINTS_MAX];
	size_t n = points(a, x), m = points(b, y);
	size_t rows[3][POINTS_MAX + 1];
	size_t *older = rows[0], *old = rows[1], *now = rows[2], *spare;
	size_t i, j;

	memset(rows, 0, sizeof(rows));
	for (j = 0; j <= m; j++)
		now[j] = j;
	for (i = 1; i <= n; i++) {
		spare = older;
		older = old;
		old = now;
		now = spare;
		now[0] = i;
		for (j = 1; j <= m; j++) {
			now[j] = least(least(old[j], now[j - 1]) + 1,
				       old[j - 1] + (x[i - 1] != y[j - 1]));
			if (i > 1 && j > 1 && x[i - 1] == y[j - 2] &&
			    x[i - 2] == y[j - 1])
				now[j] = least(now[j], older[j - 2] + 1);
		}
	}
	return now[m];
}

void suggest_start(struct suggestion *suggestion, const char *typed)
{
	uint32_t x[POINTS_MAX];
	size_t n = points(typed, x);

	suggestion->typed = typed;
	suggestion->best = NULL;
	/* a third of the word may be wrong, one character always */
	suggestion->distance = (n < 3 ? 1 : n / 3) + 1;
}

void suggest_consider(struct suggestion *suggestion, const char *candidate)
{
	size_t d;

	if (!candidate || !*candidate)
		return;
	d = suggest_distance(suggestion->typed, candidate);
	/* everything changed is no likeness */
	if (d < suggestion->distance && d < text_length(candidate)) {
		suggestion->distance = d;
		suggestion->best = candidate;
	}
}
