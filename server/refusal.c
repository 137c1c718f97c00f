#include "server/refusal.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"

#define FIELD '\x1f' /* parts the fields of a line: sql/rule/000_functions.sql */
#define LINE '\x1e'  /* parts lines */

/* PostgreSQL's own errors that have a meaning for the client; a code of two
 * letters is a class. */
static const struct {
	const char *state, *code;
} meanings[] = {
	{ "40001", ERR_BUSY }, { "40P01", ERR_BUSY }, { "55P03", ERR_BUSY },
	{ "57014", ERR_BUSY }, { "53300", ERR_BUSY }, { "25006", ERR_UNAVAILABLE },
	{ "53100", ERR_STORAGE_FULL }, { "53200", ERR_BUSY },
	{ "23505", ERR_CONFLICT }, { "23P01", ERR_CONFLICT },
	{ "23514", ERR_INVALID }, { "23502", ERR_INVALID }, { "23503", ERR_INVALID },
	{ "22", ERR_INVALID },
};

static size_t count(const char *s, char c)
{
	size_t n = 1;

	for (; *s; s++)
		n += *s == c;
	return n;
}

/* Splits a copy of `s` in the arena. */
static char **split(struct arena *arena, const char *s, char at, size_t *n)
{
	char *copy = arena_copy(arena, s, strlen(s));
	char **parts;

	*n = count(s, at);
	parts = arena_zero(arena, *n, sizeof(char *));
	if (!copy || !parts) {
		*n = 0;
		return NULL;
	}
	for (size_t i = 0; i < *n; i++) {
		char *end = strchr(copy, at);

		parts[i] = copy;
		if (!end)
			break;
		*end = '\0';
		copy = end + 1;
	}
	return parts;
}

static void read_reasons(Refusal *refusal, const char *detail, struct arena *arena)
{
	size_t n;
	char **lines = split(arena, detail, LINE, &n);
	Reason **reasons = arena_zero(arena, n, sizeof(Reason *));

	if (!lines || !reasons)
		return;
	for (size_t i = 0; i < n; i++) {
		size_t parts;
		char **fields = split(arena, lines[i], FIELD, &parts);

		reasons[i] = arena_alloc(arena, sizeof(Reason));
		if (!fields || !reasons[i])
			return;
		reason__init(reasons[i]);
		reasons[i]->key = fields[0];
		reasons[i]->args = fields + 1;
		reasons[i]->n_args = parts - 1;
		refusal->reasons = reasons;
		refusal->n_reasons = i + 1;
	}
}

static void read_business(Refusal *refusal, const PGresult *result, struct arena *arena)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
	size_t n;
	char **fields = split(arena, message ? message : "", FIELD, &n);

	if (fields) {
		refusal->key = fields[0];
		refusal->args = fields + 1;
		refusal->n_args = n - 1;
	}
	if (detail && *detail)
		read_reasons(refusal, detail, arena);
	if (hint && *hint)
		refusal->allowed = split(arena, hint, LINE, &refusal->n_allowed);
}

static const char *meaning(const char *state)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strncmp(state, meanings[i].state, strlen(meanings[i].state)) == 0)
			return meanings[i].code;
	return ERR_INTERNAL;
}

void refusal_plain(Refusal *refusal, const char *code, struct arena *arena)
{
	const char *name = error_kind(code)->name;
	char *key = arena_copy(arena, name, strlen(name));

	for (char *p = key; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	refusal->code = arena_copy(arena, code, strlen(code));
	refusal->key = key;
}

/* Seven digits people can read to the help desk. */
static void number(Refusal *refusal, struct arena *arena)
{
	unsigned char r[4];
	char text[10];

	if (RAND_bytes(r, sizeof(r)) != 1)
		memset(r, 0, sizeof(r));
	snprintf(text, sizeof(text), "%02x%02x-%02x%02x", r[0], r[1], r[2], r[3]);
	refusal->ref = arena_copy(arena, text, strlen(text));
}

/* The column or rule a value offended, if PostgreSQL names one. */
static void name_field(Refusal *refusal, const PGresult *result, struct arena *arena)
{
	static const int fields[] = { PG_DIAG_COLUMN_NAME, PG_DIAG_CONSTRAINT_NAME,
		PG_DIAG_DATATYPE_NAME };
	char **args = arena_zero(arena, 1, sizeof(char *));

	for (size_t i = 0; args && i < sizeof(fields) / sizeof(fields[0]); i++) {
		const char *name = PQresultErrorField(result, fields[i]);

		if (!name)
			continue;
		args[0] = arena_copy(arena, name, strlen(name));
		refusal->args = args;
		refusal->n_args = args[0] != NULL;
		return;
	}
}

bool refusal_from_result(Refusal *refusal, const PGresult *result, struct arena *arena)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *code;

	number(refusal, arena);
	if (state && strncmp(state, "ZB", 2) == 0) {
		refusal->code = arena_copy(arena, state, strlen(state));
		read_business(refusal, result, arena);
		return true;
	}
	code = state ? meaning(state) : ERR_INTERNAL;
	refusal_plain(refusal, code, arena);
	if (strcmp(code, ERR_INVALID) == 0 || strcmp(code, ERR_CONFLICT) == 0)
		name_field(refusal, result, arena);
	return strcmp(code, ERR_INTERNAL) != 0;
}
