#include "server/dbconn.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/dbhosts.h"
#include "server/dbset.h"
#include "server/process.h"

enum {
	CONNECT_TIMEOUT_MS = 5000,
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MOST_MS = 2000,
	SHUN_MS = 30000, /* a host that does not answer at all */
	ANSWER_GRACE_MS = 5000, /* beyond the statement timeout: the peer is gone */
	RING = 1024,
};

/* What the next results on the wire belong to. */
enum expect_kind {
	EXPECT_PREPARE, /* a Parse, in a segment of its own */
	EXPECT_PLAIN,   /* BEGIN or ROLLBACK of a dry run */
	EXPECT_CALL,
	EXPECT_SYNC, /* the end of a segment */
};

struct expect {
	enum expect_kind kind;
	const struct db_statement *statement; /* of a prepare */
	struct db_call *call; /* the first; those of a set follow by `next` */
};

struct dbconn {
	uv_loop_t *loop;
	char *conninfo;
	unsigned statement_timeout_ms;
	bool patient;    /* gives way to the others */
	bool gives_way;  /* and this backend does */
	const struct dbconn_events *events;
	void *arg;

	enum dbconn_state state;
	PGconn *pg;
	uv_poll_t *poll; /* of the present socket; libpq may change it */
	int poll_fd, poll_events;
	uv_timer_t timer; /* next attempt, or the end of patience */
	unsigned backoff_ms;
	struct dbhosts hosts; /* without the one that did not answer */
	uint64_t shun_until;  /* loop time; until then `hosts` are tried */
	bool not_replicated;  /* a commit is here and not at the standby */
	bool prepared[DB_STATEMENTS];

	struct expect ring[RING];
	unsigned ring_head, ring_len;

	/* the segment whose results are coming in */
	struct db_call *calls[DBCONN_DEPTH];
	PGresult *results[DBCONN_DEPTH];
	int n, failed;
	PGresult *error; /* the segment's first, at `failed` (n: at the commit) */
	int load;
	const struct db_statement *last; /* sent */
	bool check_ok;
};

static void connect_start(struct dbconn *conn);
static void on_timer(uv_timer_t *timer);
static void on_poll(uv_poll_t *poll, int status, int events);

static void ring_push(struct dbconn *conn, struct expect e)
{
	conn->ring[(conn->ring_head + conn->ring_len++) % RING] = e;
}

static struct expect ring_pop(struct dbconn *conn)
{
	struct expect e = conn->ring[conn->ring_head];

	conn->ring_head = (conn->ring_head + 1) % RING;
	conn->ring_len--;
	return e;
}

/* ---- poll handle -------------------------------------------------------------- */

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void poll_drop(struct dbconn *conn)
{
	if (!conn->poll)
		return;
	uv_poll_stop(conn->poll);
	uv_close((uv_handle_t *)conn->poll, free_handle);
	conn->poll = NULL;
	conn->poll_events = 0;
}

static bool poll_set(struct dbconn *conn, int events)
{
	int fd = PQsocket(conn->pg);

	if (conn->poll && conn->poll_fd == fd && conn->poll_events == events)
		return true;
	if (conn->poll && conn->poll_fd != fd)
		poll_drop(conn);
	if (!conn->poll) {
		conn->poll = calloc(1, sizeof(*conn->poll));
		if (!conn->poll)
			return false;
		if (uv_poll_init(conn->loop, conn->poll, fd) != 0) {
			free(conn->poll);
			conn->poll = NULL;
			return false;
		}
		conn->poll->data = conn;
		conn->poll_fd = fd;
	}
	conn->poll_events = events;
	return uv_poll_start(conn->poll, events, on_poll) == 0;
}

/* ---- dying ---------------------------------------------------------------------- */

/* The calls of a set share one result and stand side by side. */
static void results_clear(PGresult **results, int n)
{
	for (int i = 0; i < n; i++)
		if (i == 0 || results[i] != results[i - 1])
			PQclear(results[i]);
}

static void segment_clear(struct dbconn *conn)
{
	results_clear(conn->results, conn->n);
	PQclear(conn->error);
	conn->error = NULL;
	conn->n = 0;
	conn->failed = -1;
}

/* Everything on the wire is taken back and the socket closed. */
static void drop(struct dbconn *conn, struct db_call **lost, int *nlost)
{
	*nlost = 0;
	for (int i = 0; i < conn->n; i++)
		lost[(*nlost)++] = conn->calls[i];
	segment_clear(conn);
	while (conn->ring_len > 0) {
		struct expect e = ring_pop(conn);

		for (struct db_call *c = e.kind == EXPECT_CALL ? e.call : NULL; c;
				c = c->next)
			lost[(*nlost)++] = c;
	}
	conn->load = 0;
	poll_drop(conn);
	PQfinish(conn->pg);
	conn->pg = NULL;
	memset(conn->prepared, 0, sizeof(conn->prepared));
}

static void lose(struct dbconn *conn, const char *why)
{
	struct db_call *lost[2 * DBCONN_DEPTH];
	int n;

	if (conn->state == DBCONN_DOWN || conn->state == DBCONN_CLOSED)
		return;
	log_line(LOG_WARN, "db_lost", "why=\"%s\" message=\"%s\"", why,
		conn->pg ? PQerrorMessage(conn->pg) : "");
	conn->state = DBCONN_DOWN;
	drop(conn, lost, &n);
	uv_timer_start(&conn->timer, on_timer, conn->backoff_ms, 0);
	conn->backoff_ms = conn->backoff_ms * 2 > BACKOFF_MOST_MS ?
		BACKOFF_MOST_MS : conn->backoff_ms * 2;
	conn->events->lost(conn->arg, conn, lost, n);
}

/* ---- connecting ------------------------------------------------------------------- */

static void poll_connect(struct dbconn *conn)
{
	PostgresPollingStatusType status = PQconnectPoll(conn->pg);

	switch (status) {
	case PGRES_POLLING_READING:
	case PGRES_POLLING_WRITING:
		/* The socket may be another one by now, even with the old number. */
		poll_drop(conn);
		if (!poll_set(conn, status == PGRES_POLLING_READING ? UV_READABLE :
				UV_WRITABLE))
			lose(conn, "poll");
		return;
	case PGRES_POLLING_OK:
		break;
	default:
		lose(conn, "connect");
		return;
	}
	poll_drop(conn);
	if (PQsetnonblocking(conn->pg, 1) != 0 || !PQenterPipelineMode(conn->pg) ||
		!PQsendQueryParams(conn->pg,
			"SELECT current_setting('synchronous_commit') <> 'off'"
			" AND current_setting('fsync')::bool"
			" AND current_setting('full_page_writes')::bool",
			0, NULL, NULL, NULL, NULL, 0) ||
		!PQpipelineSync(conn->pg) || !poll_set(conn, UV_READABLE | UV_WRITABLE)) {
		lose(conn, "setup");
		return;
	}
	conn->state = DBCONN_CHECKING;
	conn->check_ok = false;
}

/* PostgreSQL's word for a commit whose wait for the standby was broken off: it may
 * be lost with this machine, so nobody is told that it is done. */
static void on_notice(void *arg, const PGresult *notice)
{
	struct dbconn *conn = arg;
	const char *from = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);

	if (from && strcmp(from, "SyncRepWaitForLSN") == 0)
		conn->not_replicated = true;
}

/* remote_apply is `on` where there is no standby; where there is one, who reads there
 * finds what was acknowledged. */
static void connect_start(struct dbconn *conn)
{
	bool shun = uv_now(conn->loop) < conn->shun_until;
	char options[128];
	const char *keys[] = { "dbname", "options", "application_name",
		"client_encoding", shun ? "host" : NULL, "hostaddr", "port", NULL };
	const char *values[] = { conn->conninfo, options, "zhibud", "UTF8",
		conn->hosts.host, conn->hosts.hostaddr, conn->hosts.port, NULL };

	snprintf(options, sizeof(options), "-c statement_timeout=%u -c lock_timeout=%u"
		" -c synchronous_commit=remote_apply",
		conn->statement_timeout_ms, conn->statement_timeout_ms / 2);
	conn->state = DBCONN_CONNECTING;
	conn->not_replicated = conn->gives_way = false;
	conn->pg = PQconnectStartParams(keys, values, 1);
	if (conn->pg)
		PQsetNoticeReceiver(conn->pg, on_notice, conn);
	if (!conn->pg || PQstatus(conn->pg) == CONNECTION_BAD ||
		!poll_set(conn, UV_WRITABLE)) {
		lose(conn, "connect");
		return;
	}
	uv_timer_start(&conn->timer, on_timer, CONNECT_TIMEOUT_MS, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct dbconn *conn = timer->data;

	if (conn->state == DBCONN_DOWN) {
		connect_start(conn);
		return;
	}
	if (conn->state == DBCONN_CONNECTING && dbhosts_without(conn->conninfo,
			PQhost(conn->pg), PQport(conn->pg), &conn->hosts))
		conn->shun_until = uv_now(conn->loop) + SHUN_MS;
	lose(conn, "no answer");
}

/* ---- results -------------------------------------------------------------------------- */

static bool is_shutdown(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state && strncmp(state, "57P0", 4) == 0;
}

/* The first error of the segment; what follows it comes as "aborted". */
static void segment_failed(struct dbconn *conn, int at, PGresult *error)
{
	if (conn->failed >= 0) {
		PQclear(error);
		return;
	}
	conn->failed = at;
	conn->error = error;
}

/* What a statement gave, for the call or the calls of the set it was sent for. */
static void call_result(struct dbconn *conn, struct db_call *call, PGresult *result)
{
	bool set = call->next != NULL;
	int first = conn->n;

	for (; call; call = call->next) {
		conn->calls[conn->n] = call;
		conn->results[conn->n++] = NULL;
		call->row = 0;
	}
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		for (int i = first; i < conn->n; i++)
			conn->results[i] = result;
		if (set)
			dbset_rows(conn->calls + first, conn->n - first, result);
		return;
	case PGRES_FATAL_ERROR:
		segment_failed(conn, first, result);
		return;
	default: /* PGRES_PIPELINE_ABORTED */
		PQclear(result);
	}
}

static void segment_end(struct dbconn *conn)
{
	PGresult *error = conn->error;

	if (conn->n > 0) {
		struct db_call *calls[DBCONN_DEPTH];
		PGresult *results[DBCONN_DEPTH];
		int n = conn->n, failed = conn->failed;

		memcpy(calls, conn->calls, sizeof(calls[0]) * (size_t)n);
		memcpy(results, conn->results, sizeof(results[0]) * (size_t)n);
		/* The error is handed over in the failed call's place; a commit's
		 * own error is told to the first. */
		if (failed >= 0) {
			failed = failed < n ? failed : 0;
			results_clear(results, n);
			memset(results, 0, sizeof(results[0]) * (size_t)n);
			results[failed] = error;
			error = NULL;
		}
		conn->load -= n;
		conn->n = 0;
		conn->error = NULL;
		conn->failed = -1;
		conn->events->segment(conn->arg, conn, calls, n, results, failed);
		results_clear(results, n);
	}
	if (error)
		segment_clear(conn);
}

/* False: the connection is of no more use. */
static bool take_result(struct dbconn *conn, PGresult *result)
{
	struct expect e;
	ExecStatusType status = PQresultStatus(result);

	if (conn->state == DBCONN_CHECKING) {
		if (status == PGRES_TUPLES_OK)
			conn->check_ok = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
		if (status == PGRES_PIPELINE_SYNC && conn->check_ok) {
			conn->state = DBCONN_UP;
			conn->backoff_ms = BACKOFF_FIRST_MS;
			uv_timer_stop(&conn->timer);
			conn->events->up(conn->arg, conn);
		} else if (status == PGRES_PIPELINE_SYNC) {
			log_line(LOG_ERROR, "db_not_durable",
				"advice=\"synchronous_commit, fsync and full_page_writes"
				" must be on; nothing is served\"");
			PQclear(result);
			return false;
		}
		PQclear(result);
		return true;
	}
	if (conn->ring_len == 0 || conn->not_replicated || is_shutdown(result)) {
		PQclear(result);
		return false;
	}
	e = conn->ring[conn->ring_head];
	if (e.kind == EXPECT_SYNC && status == PGRES_FATAL_ERROR) {
		segment_failed(conn, conn->n, result); /* the commit itself */
		return true;
	}
	ring_pop(conn);
	switch (e.kind) {
	case EXPECT_CALL:
		call_result(conn, e.call, result);
		return true;
	case EXPECT_SYNC:
		PQclear(result);
		segment_end(conn);
		return true;
	case EXPECT_PREPARE:
		if (status == PGRES_FATAL_ERROR)
			log_line(LOG_ERROR, "db_prepare", "statement=%s message=\"%s\"",
				e.statement->name, PQresultErrorMessage(result));
		conn->prepared[e.statement->index] = status == PGRES_COMMAND_OK;
		break;
	case EXPECT_PLAIN:
		break;
	}
	PQclear(result);
	return true;
}

static void read_results(struct dbconn *conn)
{
	if (!PQconsumeInput(conn->pg)) {
		lose(conn, "read");
		return;
	}
	while (conn->pg && !PQisBusy(conn->pg)) {
		PGresult *result = PQgetResult(conn->pg);

		if (!result) {
			/* NULL parts one query's results from the next; two in a
			 * row: nothing is there. */
			if (conn->state != DBCONN_CHECKING && conn->ring_len == 0)
				break;
			if (PQisBusy(conn->pg))
				break;
			result = PQgetResult(conn->pg);
			if (!result)
				break;
		}
		if (!take_result(conn, result)) {
			lose(conn, "server");
			return;
		}
	}
	if (conn->state == DBCONN_UP) {
		if (conn->ring_len == 0)
			uv_timer_stop(&conn->timer);
		else
			uv_timer_start(&conn->timer, on_timer,
				conn->statement_timeout_ms + ANSWER_GRACE_MS, 0);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct dbconn *conn = poll->data;

	if (conn->state == DBCONN_CONNECTING) {
		poll_connect(conn);
		return;
	}
	if (status < 0) {
		lose(conn, "poll");
		return;
	}
	if (events & UV_WRITABLE)
		dbconn_flush(conn);
	if (conn->pg && (events & UV_READABLE))
		read_results(conn);
}

/* ---- sending ------------------------------------------------------------------------------- */

static bool send_prepare(struct dbconn *conn, const struct db_statement *statement)
{
	/* In a segment of its own, so that a failing call before it cannot take it
	 * along.  Marked at once: results come in order. */
	if (conn->prepared[statement->index])
		return true;
	if (!PQsendPrepare(conn->pg, statement->name, statement->sql,
			statement->nparams, NULL) || !PQpipelineSync(conn->pg))
		return false;
	conn->prepared[statement->index] = true;
	ring_push(conn, (struct expect){ .kind = EXPECT_PREPARE, .statement = statement });
	ring_push(conn, (struct expect){ .kind = EXPECT_SYNC });
	return true;
}

static bool send_plain(struct dbconn *conn, const char *sql)
{
	if (!PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 1))
		return false;
	ring_push(conn, (struct expect){ .kind = EXPECT_PLAIN });
	return true;
}

static bool send_sync(struct dbconn *conn)
{
	if (!PQpipelineSync(conn->pg))
		return false;
	ring_push(conn, (struct expect){ .kind = EXPECT_SYNC });
	return true;
}

static bool send_query(struct dbconn *conn, const struct db_statement *statement,
	const char *const *values, const int *lengths, struct db_call *call)
{
	static const int binary[DB_PARAMS] = { [0 ... DB_PARAMS - 1] = 1 };

	if (statement->nparams > DB_PARAMS || !PQsendQueryPrepared(conn->pg,
			statement->name, statement->nparams, values, lengths, binary, 1))
		return false;
	ring_push(conn, (struct expect){ .kind = EXPECT_CALL, .call = call });
	return true;
}

/* How many calls from the first on go as one statement. */
static int run_length(struct db_call **calls, int n)
{
	int run = 1;

	if (!calls[0]->statement->set || calls[0]->rollback || calls[0]->alone)
		return 1;
	while (run < n && calls[run]->statement == calls[0]->statement)
		run++;
	return run;
}

static const struct db_statement *statement_for(struct db_call **calls, int run)
{
	return run > 1 ? calls[0]->statement->set : calls[0]->statement;
}

static bool send_run(struct dbconn *conn, struct db_call **calls, int run)
{
	const struct db_statement *statement = statement_for(calls, run);
	struct dbset set;
	bool ok;

	for (int i = 0; i < run; i++)
		calls[i]->next = i + 1 < run ? calls[i + 1] : NULL;
	if (run == 1)
		return send_query(conn, statement, calls[0]->values, calls[0]->lengths,
			calls[0]);
	ok = dbset_build(&set, calls, run) &&
		send_query(conn, statement, set.values, set.lengths, calls[0]);
	dbset_free(&set);
	return ok;
}

static bool send_segment(struct dbconn *conn, struct db_call **calls, int n, int *taken)
{
	int run;

	*taken = 0;
	for (int i = 0; i < n; i += run) {
		run = run_length(calls + i, n - i);
		if (!send_prepare(conn, statement_for(calls + i, run)))
			return false;
	}
	if (calls[0]->rollback && !send_plain(conn, "BEGIN"))
		return false;
	for (; *taken < n; *taken += run) {
		run = run_length(calls + *taken, n - *taken);
		if (!send_run(conn, calls + *taken, run))
			return false;
	}
	/* After an error the block is still open behind its sync. */
	return send_sync(conn) && (!calls[0]->rollback ||
		(send_plain(conn, "ROLLBACK") && send_sync(conn)));
}

bool dbconn_send(struct dbconn *conn, struct db_call **calls, int n)
{
	int taken;

	if (conn->state != DBCONN_UP || conn->load + n > DBCONN_DEPTH ||
		conn->ring_len + (unsigned)n * 3 + 6 > RING)
		return false;
	if (conn->patient && !conn->gives_way)
		conn->gives_way = process_give_way(PQbackendPID(conn->pg));
	if (conn->ring_len == 0)
		uv_timer_start(&conn->timer, on_timer,
			conn->statement_timeout_ms + ANSWER_GRACE_MS, 0);
	conn->load += n;
	conn->last = calls[n - 1]->statement;
	if (!send_segment(conn, calls, n, &taken)) {
		/* Broken while sending: those not pushed are given to the ring so
		 * that the coming loss takes all of them back together. */
		for (int i = taken; i < n; i++) {
			calls[i]->next = NULL;
			ring_push(conn, (struct expect){ .kind = EXPECT_CALL,
				.call = calls[i] });
		}
		uv_timer_start(&conn->timer, on_timer, 0, 0);
	}
	return true;
}

void dbconn_flush(struct dbconn *conn)
{
	int left;

	if (conn->state != DBCONN_UP && conn->state != DBCONN_CHECKING)
		return;
	left = PQflush(conn->pg);
	if (left < 0)
		lose(conn, "write");
	else
		poll_set(conn, left ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

/* ---- life -------------------------------------------------------------------------------------- */

struct dbconn *dbconn_new(uv_loop_t *loop, const char *conninfo, bool patient,
	unsigned statement_timeout_ms, const struct dbconn_events *events, void *arg)
{
	struct dbconn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->loop = loop;
	conn->conninfo = strdup(conninfo);
	conn->patient = patient;
	conn->statement_timeout_ms = statement_timeout_ms;
	conn->events = events;
	conn->arg = arg;
	conn->backoff_ms = BACKOFF_FIRST_MS;
	conn->failed = -1;
	uv_timer_init(loop, &conn->timer);
	conn->timer.data = conn;
	uv_timer_start(&conn->timer, on_timer, 0, 0);
	return conn;
}

enum dbconn_state dbconn_state(const struct dbconn *conn)
{
	return conn->state;
}

int dbconn_load(const struct dbconn *conn)
{
	return conn->load;
}

const struct db_statement *dbconn_last(const struct dbconn *conn)
{
	return conn->last;
}

static void on_closed(uv_handle_t *handle)
{
	struct dbconn *conn = handle->data;

	conn->events->closed(conn->arg, conn);
	free(conn->conninfo);
	free(conn);
}

void dbconn_close(struct dbconn *conn)
{
	struct db_call *lost[2 * DBCONN_DEPTH];
	int n;

	if (conn->state == DBCONN_CLOSED)
		return;
	conn->state = DBCONN_CLOSED;
	drop(conn, lost, &n);
	uv_close((uv_handle_t *)&conn->timer, on_closed);
	conn->events->lost(conn->arg, conn, lost, n);
}
