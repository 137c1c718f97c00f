/*
 * One connection to PostgreSQL in pipeline mode: connecting, checking that it is
 * durable, sending segments, reading their results, dying.  It knows nothing of
 * queues: database.c tells it what to send and hears what came of it.
 */
#ifndef SERVER_DBCONN_H
#define SERVER_DBCONN_H

#include "server/database.h"

enum { DBCONN_DEPTH = 128 }; /* calls on the wire of one connection */

enum dbconn_state {
	DBCONN_DOWN,       /* waits for the next attempt */
	DBCONN_CONNECTING, /* libpq's handshake */
	DBCONN_CHECKING,   /* asks the settings durability rests on */
	DBCONN_UP,
	DBCONN_CLOSED,
};

struct dbconn;

/* What database.c hears.  None is called from inside dbconn_send. */
struct dbconn_events {
	/* A segment's results, in order, each call's row in its `row` (-1: its set
	 * form left it out); all of them or, at an error, the error at `failed`
	 * (index) and nothing for the others, which were rolled back. */
	void (*segment)(void *arg, struct dbconn *, struct db_call **calls, int n,
		PGresult **results, int failed);
	/* The connection died; these calls were on the wire. */
	void (*lost)(void *arg, struct dbconn *, struct db_call **calls, int n);
	void (*up)(void *arg, struct dbconn *);
	void (*closed)(void *arg, struct dbconn *);
};

/* `patient`: its backend, a process of our own user on this machine, gives way to the
 * others where the processor is short. */
struct dbconn *dbconn_new(uv_loop_t *loop, const char *conninfo, bool patient,
	unsigned statement_timeout_ms, const struct dbconn_events *events, void *arg);
enum dbconn_state dbconn_state(const struct dbconn *conn);
/* Calls on the wire. */
int dbconn_load(const struct dbconn *conn);
/* What the last of them is; NULL before the first. */
const struct db_statement *dbconn_last(const struct dbconn *conn);
/* Sends calls as one segment with one commit, neighbours of one statement by its
 * set form.  False: the connection is of no
 * use (it will say `lost` or `up` later); the calls were not taken. */
bool dbconn_send(struct dbconn *conn, struct db_call **calls, int n);
/* Once a turn, after sends. */
void dbconn_flush(struct dbconn *conn);
/* `closed` comes later; the structure frees itself after that. */
void dbconn_close(struct dbconn *conn);

#endif
