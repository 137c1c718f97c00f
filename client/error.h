/*
 * What went wrong, in five parts (client.md 11): what, why (all of it), what to do,
 * what is safe, and the number for the help desk.  With --json one object on
 * stderr instead.
 */
#ifndef CLIENT_ERROR_H
#define CLIENT_ERROR_H

#include "client/client.h"

struct error_text {
	const char *code;       /* ZB003, or NULL for what never left this machine */
	const char *kind;       /* STATE */
	int exit;
	const char *what;
	const char **reasons;
	size_t n_reasons;
	const char **fixes;     /* "what it does   command", or a sentence */
	const char **commands;  /* the commands alone */
	size_t n_fixes;
	const char *safe;       /* NULL: nothing to say */
	const char *number;
	bool retryable;
};

/* The words of a refusal, in the arena, to one who typed `command` (NULL: none).  The
 * remedy names its option, and is never the same thing again. */
bool error_of_refusal(struct error_text *text, struct arena *arena,
		      const struct command *command, const Refusal *refusal);
/* Says it; returns text->exit. */
int error_say(struct out *out, const struct error_text *text);

/* client_fail with at most one argument. */
int error_plain(struct client *client, int exit, const char *key, const char *arg);

#endif
