#include "server/database.h"
#include "server/dbconn.h"

#include <stdlib.h>
#include <string.h>

enum {
	SWEEP_MS = 250,
	GATHER_MS = 10, /* how long calls of a set form wait for those under way */
	TRIES = 3, /* of a transaction that met another (40001, 40P01) */
};

/* How many calls may be on one connection's wire, by lane.  On the write lane that is one
 * group; a slow statement never has another behind it.  A chunk has the next one behind
 * it, so that PostgreSQL need not wait for it: in groups they came in bursts. */
static const int depth[LANE_COUNT] = {
	[LANE_READ] = 32, [LANE_WRITE] = DBCONN_DEPTH, [LANE_SLOW] = 1, [LANE_STREAM] = 2,
};

struct lane_state {
	struct dbconn **conns;
	int n;
	struct db_call *head, **tail; /* waiting, first come first served */
	int waiting;
	int gathered; /* calls of a set form under way */
};

struct db {
	uv_loop_t *loop;
	const struct db_config *config;
	struct lane_state lanes[LANE_COUNT];
	struct later later;
	uv_timer_t sweep, gather;
	struct db_counters counters;
	size_t in_flight; /* calls taken and not completed */
	int open;         /* connections not yet closed */
	bool closing;
	void (*closed)(void *);
	void *closed_arg;
};

static void close_if_empty(struct db *db);
static void dispatch_lane(struct db *db, enum lane which);

/* What is committed together. */
static bool in_groups(enum lane which)
{
	return which == LANE_WRITE;
}

/* ---- queue -------------------------------------------------------------------- */

static void push_back(struct lane_state *lane, struct db_call *call)
{
	call->next = NULL;
	*lane->tail = call;
	lane->tail = &call->next;
	lane->waiting++;
	call->queued = true;
}

static void push_front(struct lane_state *lane, struct db_call *call)
{
	call->next = lane->head;
	lane->head = call;
	if (!call->next)
		lane->tail = &call->next;
	lane->waiting++;
	call->queued = true;
}

static struct db_call *pop(struct lane_state *lane)
{
	struct db_call *call = lane->head;

	lane->head = call->next;
	if (!lane->head)
		lane->tail = &lane->head;
	lane->waiting--;
	call->queued = false;
	return call;
}

/* ---- completion ------------------------------------------------------------------ */

static void complete(struct db_call *call, enum db_outcome outcome,
	const PGresult *result)
{
	struct db *db = call->db;

	if (call->cancelled)
		outcome = DB_CANCELLED;
	switch (outcome) {
	case DB_OK: db->counters.ok++; break;
	case DB_ERROR: db->counters.errors++; break;
	case DB_BUSY: db->counters.busy++; break;
	case DB_UNAVAILABLE: db->counters.unavailable++; break;
	case DB_UNKNOWN: db->counters.unknown++; break;
	case DB_CANCELLED: break;
	}
	db->in_flight--;
	call->done(call, outcome,
		outcome == DB_OK || outcome == DB_ERROR ? result : NULL);
	close_if_empty(db);
}

static void on_later(struct later_item *item)
{
	struct db_call *call = (struct db_call *)((char *)item -
		offsetof(struct db_call, later));

	complete(call, call->outcome, NULL);
}

/* What a call is told that was lost or never sent. */
static enum db_outcome not_answered(const struct db_call *call)
{
	return call->statement->writes && !call->rollback && call->tries > 0 ?
		DB_UNKNOWN : DB_UNAVAILABLE;
}

/* ---- what the connections say ------------------------------------------------------ */

/* Under way no more, whatever came of them. */
static void back(struct db *db, struct db_call **calls, int n)
{
	for (int i = 0; i < n; i++) {
		db->lanes[calls[i]->statement->lane].gathered -= calls[i]->gathered;
		calls[i]->gathered = false;
	}
}

static bool met_another(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

static void on_segment(void *arg, struct dbconn *conn, struct db_call **calls, int n,
	PGresult **results, int failed)
{
	struct db *db = arg;
	struct lane_state *lane = &db->lanes[calls[0]->statement->lane];

	(void)conn;
	back(db, calls, n);
	if (failed < 0) {
		for (int i = n - 1; i >= 0; i--)
			if (calls[i]->row < 0) {
				calls[i]->alone = true;
				push_front(lane, calls[i]);
			}
		/* PostgreSQL works on while these are answered; reads become more
		 * and cost less each until then */
		if (in_groups(calls[0]->statement->lane))
			dispatch_lane(db, calls[0]->statement->lane);
		for (int i = 0; i < n; i++)
			if (calls[i]->row >= 0)
				complete(calls[i], DB_OK, results[i]);
		return;
	}
	if (n == 1 && !(met_another(results[0]) && ++calls[0]->tries < TRIES)) {
		complete(calls[0], results[0] ? DB_ERROR : DB_UNAVAILABLE, results[0]);
		return;
	}
	/* Rolled back whole.  The one that failed goes again by itself, the others
	 * together; who met another transaction is kept from meeting it again, and
	 * of a set nobody knows which one it was. */
	db->counters.regrouped++;
	for (int i = n - 1; i >= 0; i--) {
		calls[i]->alone = i == failed || calls[i]->statement->set ||
			met_another(results[failed]);
		push_front(lane, calls[i]);
	}
}

static void on_lost(void *arg, struct dbconn *conn, struct db_call **calls, int n)
{
	struct db *db = arg;

	(void)conn;
	db->counters.reconnects++;
	back(db, calls, n);
	for (int i = n - 1; i >= 0; i--) {
		calls[i]->tries++;
		if (calls[i]->tries > 1 || db->closing || calls[i]->cancelled) {
			complete(calls[i], not_answered(calls[i]), NULL);
			continue;
		}
		calls[i]->queued_at = uv_now(db->loop);
		push_front(&db->lanes[calls[i]->statement->lane], calls[i]);
	}
}

static void on_up(void *arg, struct dbconn *conn)
{
	(void)arg; /* the next turn sends what waits */
	(void)conn;
}

static void on_conn_closed(void *arg, struct dbconn *conn)
{
	struct db *db = arg;

	(void)conn;
	db->open--;
	close_if_empty(db);
}

static const struct dbconn_events events = {
	.segment = on_segment, .lost = on_lost, .up = on_up, .closed = on_conn_closed,
};

/* ---- sending --------------------------------------------------------------------------- */

static bool alone(const struct db_call *call)
{
	return call->alone || call->rollback;
}

/* Calls of a set form cost less each the more they are. */
static bool gathers(const struct db_call *call)
{
	return call->statement->set && !alone(call);
}

/* Of what waits, this connection's part: the others that are free take theirs. */
static int share(struct db *db, enum lane which)
{
	struct lane_state *lane = &db->lanes[which];
	int takers = 0, part;

	for (int i = 0; i < lane->n; i++)
		takers += dbconn_state(lane->conns[i]) == DBCONN_UP &&
			dbconn_load(lane->conns[i]) == 0;
	if (takers == 0 || gathers(lane->head))
		takers = 1;
	part = (lane->waiting + takers - 1) / takers;
	return part < db->config->group_limit ? part : db->config->group_limit;
}

/* The next segment of a lane: a group where there are groups; elsewhere one call, or
 * those that one statement answers. */
static int take(struct db *db, enum lane which, struct db_call **calls)
{
	struct lane_state *lane = &db->lanes[which];
	const struct db_statement *only =
		in_groups(which) ? NULL : lane->head->statement;
	int most = !only || only->set ? share(db, which) : 1, n = 0;

	if (most > DBCONN_DEPTH)
		most = DBCONN_DEPTH;
	while (lane->head && n < most) {

		if (lane->head->cancelled) {
			complete(pop(lane), DB_CANCELLED, NULL);
			continue;
		}
		if (n > 0 && (alone(lane->head) ||
				(only && lane->head->statement != only)))
			break;
		calls[n++] = pop(lane);
		if (alone(calls[n - 1]))
			break;
	}
	return n;
}

/* Of those that gather, the ones that find others under way wait until these are back,
 * and go together, rather than take another connection; until they are a whole group,
 * or have waited for long. */
static bool gathering(const struct db *db, const struct lane_state *lane)
{
	return gathers(lane->head) && lane->gathered > 0 &&
		lane->waiting < db->config->group_limit &&
		uv_now(db->loop) - lane->head->queued_at < GATHER_MS;
}

/* Where many go at once a connection is waited for until it is free; nor does a chunk
 * wait behind an import. */
static bool has_room(const struct lane_state *lane, enum lane which,
	const struct dbconn *conn)
{
	bool many = in_groups(which) || gathers(lane->head);
	bool other = which == LANE_STREAM && dbconn_last(conn) != lane->head->statement;

	return dbconn_state(conn) == DBCONN_UP &&
		dbconn_load(conn) < (many || other ? 1 : depth[which]);
}

static struct dbconn *freest(struct lane_state *lane, enum lane which)
{
	struct dbconn *best = NULL;

	for (int i = 0; i < lane->n; i++)
		if (has_room(lane, which, lane->conns[i]) && (!best ||
				dbconn_load(lane->conns[i]) < dbconn_load(best)))
			best = lane->conns[i];
	return best;
}

/* The turn that follows sends them. */
static void on_gather(uv_timer_t *timer)
{
	(void)timer;
}

static void dispatch_lane(struct db *db, enum lane which)
{
	struct lane_state *lane = &db->lanes[which];
	struct dbconn *conn;

	while (lane->head && (conn = freest(lane, which))) {
		struct db_call *calls[DBCONN_DEPTH];
		int n;

		if (gathering(db, lane)) {
			uv_timer_start(&db->gather, on_gather, GATHER_MS, 0);
			break;
		}
		n = take(db, which, calls);
		if (n == 0)
			break;
		if (!dbconn_send(conn, calls, n)) {
			while (n > 0)
				push_front(lane, calls[--n]);
			break;
		}
		for (int i = 0; i < n; i++)
			lane->gathered += calls[i]->gathered = gathers(calls[i]);
		db->counters.groups++;
	}
	for (int i = 0; i < lane->n; i++)
		if (dbconn_load(lane->conns[i]) > 0)
			dbconn_flush(lane->conns[i]);
}

/* Once a turn: what came in together goes out together. */
static void on_turn(void *arg)
{
	struct db *db = arg;

	for (int i = 0; i < LANE_COUNT && !db->closing; i++)
		dispatch_lane(db, (enum lane)i);
}

static bool lane_up(const struct lane_state *lane)
{
	for (int i = 0; i < lane->n; i++)
		if (dbconn_state(lane->conns[i]) == DBCONN_UP)
			return true;
	return false;
}

static void on_sweep(uv_timer_t *timer)
{
	struct db *db = timer->data;

	for (int i = 0; i < LANE_COUNT; i++) {
		struct lane_state *lane = &db->lanes[i];

		while (lane->head && uv_now(db->loop) - lane->head->queued_at >=
				db->config->wait_ms) {
			struct db_call *call = pop(lane);
			enum db_outcome outcome = not_answered(call);

			if (outcome == DB_UNAVAILABLE && lane_up(lane))
				outcome = DB_BUSY;
			complete(call, outcome, NULL);
		}
	}
}

/* ---- the public face ----------------------------------------------------------------------- */

void db_submit(struct db *db, struct db_call *call)
{
	struct lane_state *lane = &db->lanes[call->statement->lane];

	call->db = db;
	call->tries = 0;
	call->alone = call->cancelled = false;
	call->queued_at = uv_now(db->loop);
	db->in_flight++;
	db->counters.submitted++;
	if (db->closing || lane->waiting >=
			db->config->queue_limit[call->statement->lane]) {
		call->outcome = db->closing ? DB_UNAVAILABLE : DB_BUSY;
		later_post(&db->later, &call->later, on_later);
		return;
	}
	push_back(lane, call);
}

void db_cancel(struct db_call *call)
{
	call->cancelled = true;
}

size_t db_in_flight(const struct db *db)
{
	return db->in_flight;
}

const struct db_counters *db_counters(const struct db *db)
{
	return &db->counters;
}

bool db_up(const struct db *db)
{
	for (int i = 0; i < LANE_COUNT; i++)
		if (db->lanes[i].n > 0 && !lane_up(&db->lanes[i]))
			return false;
	return true;
}

static bool open_lane(struct db *db, enum lane which)
{
	const struct db_config *config = db->config;
	struct lane_state *lane = &db->lanes[which];
	const char *conninfo = which != LANE_WRITE && which != LANE_STREAM &&
		config->read_conninfo ? config->read_conninfo : config->conninfo;
	bool patient = config->own && (which == LANE_SLOW || which == LANE_STREAM);

	lane->tail = &lane->head;
	lane->conns = calloc((size_t)config->connections[which] + 1,
		sizeof(struct dbconn *));
	if (!lane->conns)
		return false;
	for (int i = 0; i < config->connections[which]; i++) {
		lane->conns[i] = dbconn_new(db->loop, conninfo, patient,
			config->statement_timeout_ms[which], &events, db);
		if (!lane->conns[i])
			return false;
		lane->n++;
		db->open++;
	}
	return true;
}

struct db *db_new(uv_loop_t *loop, const struct db_config *config)
{
	struct db *db = calloc(1, sizeof(*db));

	if (!db)
		return NULL;
	db->loop = loop;
	db->config = config;
	later_init(&db->later, loop, on_turn, db);
	uv_timer_init(loop, &db->sweep);
	db->sweep.data = db;
	uv_timer_start(&db->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	uv_timer_init(loop, &db->gather);
	for (int i = 0; i < LANE_COUNT; i++)
		if (!open_lane(db, (enum lane)i))
			abort(); /* out of memory before serving anybody */
	return db;
}

static void on_all_closed(void *arg)
{
	struct db *db = arg;

	db->closed(db->closed_arg);
	for (int i = 0; i < LANE_COUNT; i++)
		free(db->lanes[i].conns);
	free(db);
}

static void on_gather_closed(uv_handle_t *handle)
{
	struct db *db = handle->data;

	later_close(&db->later, on_all_closed);
}

static void on_sweep_closed(uv_handle_t *handle)
{
	struct db *db = handle->data;

	db->gather.data = db;
	uv_close((uv_handle_t *)&db->gather, on_gather_closed);
}

static void close_if_empty(struct db *db)
{
	if (!db->closing || db->open > 0 || db->in_flight > 0 ||
		uv_is_closing((uv_handle_t *)&db->sweep))
		return;
	uv_close((uv_handle_t *)&db->sweep, on_sweep_closed);
}

void db_close(struct db *db, void (*closed)(void *), void *arg)
{
	db->closing = true;
	db->closed = closed;
	db->closed_arg = arg;
	for (int i = 0; i < LANE_COUNT; i++) {
		struct lane_state *lane = &db->lanes[i];

		while (lane->head) {
			struct db_call *call = pop(lane);

			complete(call, not_answered(call), NULL);
		}
		for (int k = 0; k < lane->n; k++)
			dbconn_close(lane->conns[k]);
	}
	close_if_empty(db);
}
