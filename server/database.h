/*
 * Lanes to PostgreSQL: libpq in pipeline mode, driven by the loop.
 *
 * A call is one prepared statement with binary parameters and one completion.
 * The completion comes exactly once, later, on the loop, never from inside
 * db_submit.  Calls waiting when a write connection becomes free are sent as one
 * pipeline segment with one commit; completions come after the commit.  If one of
 * them fails the segment is rolled back and its calls run again one by one, each
 * in its own transaction, so that one bad request harms no other.
 *
 * A call whose connection died after it was sent is sent once more: every write
 * is safe to repeat (idempotency key, or natural).  If that fails too its outcome
 * is unknown.
 */
#ifndef SERVER_DATABASE_H
#define SERVER_DATABASE_H

#include "server/catalogue.h"
#include "server/later.h"

#include <libpq-fe.h>
#include <uv.h>

struct db; /* all lanes of a process */

enum db_outcome {
	DB_OK,          /* result has rows; committed if it was a write */
	DB_ERROR,       /* result is PostgreSQL's error; nothing happened */
	DB_BUSY,        /* not sent: the queue is full or it waited too long */
	DB_UNAVAILABLE, /* not sent: no connection; nothing happened */
	DB_UNKNOWN,     /* sent, and the connection died before the answer */
	DB_CANCELLED,   /* db_cancel; may or may not have happened */
};

/* Prepared on a connection before its first use there.
 *
 * A set form answers many calls of a statement at once: it takes an array for each
 * parameter and gives a row for each call it answered, the call's place (from 1)
 * in a last column of its own.  It never fails for what one call asks: a call it
 * left out runs again by itself. */
struct db_statement {
	const char *name; /* also the prepared name */
	const char *sql;
	int nparams;
	enum lane lane;
	bool writes; /* if lost on the wire, whether it was done is not known */
	unsigned index; /* < DB_STATEMENTS, its own among the process's statements */
	const struct db_statement *set; /* its set form; NULL: it has none */
	const Oid *elements; /* of a set form: what its arrays hold */
};

enum { DB_STATEMENTS = 512, DB_PARAMS = 65 /* of one statement */ };

/* Owned by the caller until `done`.  Values are in binary format. */
struct db_call {
	const struct db_statement *statement;
	const char *const *values; /* a NULL entry is SQL NULL */
	const int *lengths;
	bool rollback; /* dry run: alone in a transaction that is rolled back */
	/* `result` is borrowed, and NULL unless DB_OK or DB_ERROR; the call's own
	 * row in it is `row`. */
	int row;
	void (*done)(struct db_call *, enum db_outcome, const PGresult *result);

	/* database.c's own */
	struct later_item later;
	struct db *db;
	struct db_call *next; /* waiting, or answered by the same statement */
	uint64_t queued_at;
	enum db_outcome outcome;
	unsigned tries;   /* times sent on a connection that died */
	bool alone;       /* after its group failed or left it out */
	bool gathered;    /* under way with others of its set form */
	bool cancelled;
	bool queued;
};

struct db_config {
	const char *conninfo;      /* libpq URL or keywords, several hosts allowed */
	const char *read_conninfo; /* NULL: as conninfo */
	int connections[LANE_COUNT];
	int queue_limit[LANE_COUNT]; /* waiting calls; more are answered DB_BUSY */
	unsigned wait_ms;            /* longest wait in the queue */
	unsigned statement_timeout_ms[LANE_COUNT];
	int group_limit;             /* calls in one commit */
	bool own; /* PostgreSQL is ours: processes of this machine and user */
};

struct db_counters {
	uint64_t submitted, ok, errors, busy, unavailable, unknown, groups,
		regrouped, reconnects;
};

/* Connects in the background and never fails for want of a database.  `config`
 * and its strings are borrowed until db_close is through. */
struct db *db_new(uv_loop_t *loop, const struct db_config *config);
void db_submit(struct db *db, struct db_call *call);
/* The client left: `done` comes soon with DB_CANCELLED. */
void db_cancel(struct db_call *call);
size_t db_in_flight(const struct db *db);
const struct db_counters *db_counters(const struct db *db);
/* True while some connection of every lane is up. */
bool db_up(const struct db *db);
/* Cancels what waits, drops the connections, then calls `closed` once. */
void db_close(struct db *db, void (*closed)(void *), void *arg);

#endif
