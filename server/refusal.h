/*
 * What PostgreSQL said, as a Refusal.  A business refusal (SQLSTATE class ZB) is
 * passed on word for word; of anything else only its kind leaves the server.
 */
#ifndef SERVER_REFUSAL_H
#define SERVER_REFUSAL_H

#include "common/arena.h"
#include "envelope.pb-c.h"

#include <libpq-fe.h>

/* Fills `refusal` (initialised) from an error result.  Strings point into
 * `arena` or are constant.  Returns false when it is an internal error, to be
 * logged whole under refusal->ref. */
bool refusal_from_result(Refusal *refusal, const PGresult *result, struct arena *arena);

/* A refusal of the engine's own: `code` of common/error.h. */
void refusal_plain(Refusal *refusal, const char *code, struct arena *arena);

#endif
