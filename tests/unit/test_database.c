/*
 * The lanes against a real PostgreSQL: grouping, one bad call in a group, dry
 * runs, cancelling, a full queue, backends killed under load.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/database.h"

static uv_loop_t loop;
static struct db *db;
static struct db_config config;
static PGconn *pg;

static const struct db_statement put = {
	.name = "put", .sql = "INSERT INTO lane_test VALUES ($1) RETURNING n",
	.nparams = 1, .lane = LANE_WRITE, .writes = true, .index = 0 };
static const struct db_statement get = {
	.name = "get", .sql = "SELECT n FROM lane_test WHERE n = $1::int",
	.nparams = 1, .lane = LANE_READ, .index = 1 };
static const struct db_statement nap = {
	.name = "nap", .sql = "SELECT pg_sleep(0.05), $1::int",
	.nparams = 1, .lane = LANE_SLOW, .index = 2 };

/* The same with set forms; they leave out what is not plainly possible. */
static const Oid integers[] = { 23 };
static const struct db_statement put_many_set = { .name = "put_many_set",
	.sql = "WITH q AS (SELECT DISTINCT ON (n) n, place::int"
		" FROM unnest($1::int[]) WITH ORDINALITY u(n, place) WHERE n <> 13"
		" ORDER BY n, place),"
		" p AS (INSERT INTO lane_test SELECT n FROM q ON CONFLICT DO NOTHING"
		" RETURNING n) SELECT q.n, ARRAY[q.place] FROM q JOIN p USING (n)",
	.nparams = 1, .lane = LANE_WRITE, .writes = true, .index = 3, .elements = integers };
static const struct db_statement put_many = { .name = "put_many",
	.sql = "INSERT INTO lane_test VALUES ($1) RETURNING n", .nparams = 1,
	.lane = LANE_WRITE, .writes = true, .index = 4, .set = &put_many_set };
static const struct db_statement get_many_set = { .name = "get_many_set",
	.sql = "SELECT t.n, array_agg(u.place::int) FROM unnest($1::int[])"
		" WITH ORDINALITY u(n, place) JOIN lane_test t USING (n) GROUP BY t.n",
	.nparams = 1, .lane = LANE_READ, .index = 5, .elements = integers };
static const struct db_statement get_many = { .name = "get_many",
	.sql = "SELECT n FROM lane_test WHERE n = $1::int", .nparams = 1,
	.lane = LANE_READ, .index = 6, .set = &get_many_set };
static const struct db_statement wait_many_set = { .name = "wait_many_set",
	.sql = "SELECT u.n, ARRAY[u.place::int] FROM unnest($1::int[])"
		" WITH ORDINALITY u(n, place), pg_sleep(0.02)",
	.nparams = 1, .lane = LANE_READ, .index = 7, .elements = integers };
static const struct db_statement wait_many = { .name = "wait_many",
	.sql = "SELECT $1::int FROM pg_sleep(0.02)", .nparams = 1,
	.lane = LANE_READ, .index = 8, .set = &wait_many_set };

struct test_call {
	struct db_call call;
	unsigned char arg[4];
	const char *value;
	int length;
	int completions;
	enum db_outcome outcome;
	char state[6];
	int found;   /* n of its own row; -1: none */
	bool inside; /* set while submitting: done must not run then */
};

static int pending;

static void on_done(struct db_call *call, enum db_outcome outcome, const PGresult *result)
{
	struct test_call *t = (struct test_call *)call;

	assert_false(t->inside);
	t->completions++;
	t->outcome = outcome;
	t->found = -1;
	if (outcome == DB_OK && PQntuples(result) > 0 && PQfformat(result, 0) == 1) {
		const unsigned char *p =
			(unsigned char *)PQgetvalue(result, call->row, 0);

		if (PQgetlength(result, call->row, 0) == 4)
			t->found = p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
	}
	if (outcome == DB_ERROR)
		snprintf(t->state, sizeof(t->state), "%s",
			PQresultErrorField(result, PG_DIAG_SQLSTATE));
	pending--;
}

static void submit(struct test_call *t, const struct db_statement *s, int n)
{
	memset(t, 0, sizeof(*t));
	t->arg[0] = (unsigned char)(n >> 24);
	t->arg[1] = (unsigned char)(n >> 16);
	t->arg[2] = (unsigned char)(n >> 8);
	t->arg[3] = (unsigned char)n;
	t->value = (const char *)t->arg;
	t->length = 4;
	t->call.statement = s;
	t->call.values = &t->value;
	t->call.lengths = &t->length;
	t->call.done = on_done;
	pending++;
	t->inside = true;
	db_submit(db, &t->call);
	t->inside = false;
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

/* Until everything submitted is completed, ten seconds at most. */
static void run(void)
{
	uint64_t end = uv_hrtime() + UINT64_C(10000000000);
	uv_timer_t tick;

	uv_timer_init(&loop, &tick);
	uv_timer_start(&tick, on_tick, 20, 20);
	while (pending > 0 && uv_hrtime() < end)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(pending, 0);
}

static void must(const char *sql)
{
	PGresult *r = PQexec(pg, sql);

	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(pg));
	PQclear(r);
}

static int rows(const char *where)
{
	char sql[256];
	PGresult *r;
	int n;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM lane_test WHERE %s", where);
	r = PQexec(pg, sql);
	n = atoi(PQgetvalue(r, 0, 0));
	PQclear(r);
	return n;
}

static int setup(void **state)
{
	(void)state;
	log_init(stderr, LOG_ERROR + 1);
	pg = PQconnectdb(getenv("ZHIBU_TEST_PG"));
	assert_int_equal(PQstatus(pg), CONNECTION_OK);
	must("CREATE TABLE public.lane_test (n int PRIMARY KEY CHECK (n <> 13))");
	uv_loop_init(&loop);
	config = (struct db_config){
		.conninfo = getenv("ZHIBU_TEST_PG"),
		.connections = { 1, 1, 1, 1 }, .queue_limit = { 300, 300, 3, 10 },
		.wait_ms = 3000, .statement_timeout_ms = { 2000, 2000, 2000, 2000 },
		.group_limit = 64,
	};
	db = db_new(&loop, &config);
	return 0;
}

static int closed;

static void on_closed(void *arg)
{
	(void)arg;
	closed++;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db, on_closed, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(closed, 1);
	assert_int_equal(uv_loop_close(&loop), 0);
	must("DROP TABLE lane_test");
	PQfinish(pg);
	return 0;
}

static void test_waits_for_the_first_connection(void **state)
{
	struct test_call t;

	(void)state;
	submit(&t, &put, 1); /* nothing is connected yet */
	run();
	assert_int_equal(t.outcome, DB_OK);
	assert_int_equal(rows("n = 1"), 1);
}

static void test_groups(void **state)
{
	struct test_call t[200];
	uint64_t before = db_counters(db)->groups;

	(void)state;
	for (int i = 0; i < 200; i++)
		submit(&t[i], &put, 1000 + i);
	run();
	for (int i = 0; i < 200; i++)
		assert_int_equal(t[i].outcome, DB_OK);
	assert_int_equal(rows("n BETWEEN 1000 AND 1199"), 200);
	assert_int_equal(db_counters(db)->groups - before, 4); /* 64 64 64 8 */
}

static void test_one_bad_harms_no_other(void **state)
{
	struct test_call t[40];
	uint64_t before = db_counters(db)->groups;

	(void)state;
	for (int i = 0; i < 40; i++)
		submit(&t[i], &put, i == 20 ? 13 : 2000 + i);
	run();
	for (int i = 0; i < 40; i++) {
		assert_int_equal(t[i].completions, 1);
		assert_int_equal(t[i].outcome, i == 20 ? DB_ERROR : DB_OK);
	}
	assert_string_equal(t[20].state, "23514");
	assert_int_equal(rows("n BETWEEN 2000 AND 2039"), 39);
	/* all, those before it, it, those behind it */
	assert_int_equal(db_counters(db)->groups - before, 4);
}

/* Somebody who sends nothing but bad ones does not cost the others their groups. */
static void test_many_bad_keep_the_others_together(void **state)
{
	struct test_call t[64];
	uint64_t before = db_counters(db)->groups;

	(void)state;
	for (int i = 0; i < 64; i++)
		submit(&t[i], &put, i % 16 == 15 ? 13 : 4000 + i);
	run();
	for (int i = 0; i < 64; i++) {
		assert_int_equal(t[i].completions, 1);
		assert_int_equal(t[i].outcome, i % 16 == 15 ? DB_ERROR : DB_OK);
	}
	assert_int_equal(rows("n BETWEEN 4000 AND 4063"), 60);
	assert_int_equal(db_counters(db)->groups - before, 12);
}

/* Each gets its own row; whom the set form leaves out is told why by the plain one,
 * and nothing is done twice. */
static void test_set_form(void **state)
{
	enum { N = 150 };
	struct test_call t[N];
	uint64_t before = db_counters(db)->groups;

	(void)state;
	for (int i = 0; i < N; i++)
		submit(&t[i], &put_many, i == 20 ? 13 : i == 40 ? 5000 : 5000 + i);
	run();
	for (int i = 0; i < N; i++) {
		assert_int_equal(t[i].outcome, i == 20 || i == 40 ? DB_ERROR : DB_OK);
		if (t[i].outcome == DB_OK)
			assert_int_equal(t[i].found, 5000 + i);
	}
	assert_string_equal(t[20].state, "23514");
	assert_string_equal(t[40].state, "23505");
	assert_int_equal(rows("n BETWEEN 5000 AND 5149"), N - 2);
	/* 64 64 22, and two by themselves */
	assert_int_equal(db_counters(db)->groups - before, 5);
}

/* A set that fails whole is run one by one. */
static void test_set_form_fails(void **state)
{
	struct test_call t[20];

	(void)state;
	for (int i = 0; i < 20; i++) {
		submit(&t[i], &put_many, 6000 + i);
		if (i == 7)
			t[i].length = 3; /* not an integer's bytes */
	}
	run();
	for (int i = 0; i < 20; i++)
		assert_int_equal(t[i].outcome, i == 7 ? DB_ERROR : DB_OK);
	assert_int_equal(rows("n BETWEEN 6000 AND 6019"), 19);
}

static void on_other_closed(void *arg)
{
	*(bool *)arg = true;
}

/* Of two connections one takes them all, and the other only when that is stuck. */
static void test_set_form_gathers(void **state)
{
	struct db_config two = config;
	struct db *first = db;
	struct test_call t[20], stuck;
	bool gone = false;
	uint64_t before, end;

	(void)state;
	two.connections[LANE_WRITE] = two.connections[LANE_READ] = 2;
	db = db_new(&loop, &two);
	for (int i = 0; i < 3; i++) { /* until both are there */
		submit(&t[0], &nap, 0);
		run();
	}
	before = db_counters(db)->groups;
	for (int i = 0; i < 20; i++)
		submit(&t[i], &put_many, 7000 + i);
	run();
	assert_int_equal(db_counters(db)->groups - before, 1);

	must("BEGIN");
	must("INSERT INTO lane_test VALUES (7100)");
	submit(&stuck, &put_many, 7100);
	uv_run(&loop, UV_RUN_NOWAIT);
	for (int i = 0; i < 20; i++)
		submit(&t[i], &put_many, 7050 + i);
	end = uv_hrtime() + UINT64_C(900000000);
	while (pending > 1 && uv_hrtime() < end)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(pending, 1);
	assert_int_equal(stuck.completions, 0);
	must("ROLLBACK");
	run();
	assert_int_equal(stuck.outcome, DB_OK);
	assert_int_equal(rows("n BETWEEN 7000 AND 7100"), 41);

	before = db_counters(db)->groups;
	for (int i = 0; i < 5; i++) {
		submit(&t[i], &wait_many, i);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	run();
	assert_int_equal(db_counters(db)->groups - before, 2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(t[i].found, i);

	db_close(db, on_other_closed, &gone);
	while (!gone)
		uv_run(&loop, UV_RUN_ONCE);
	db = first;
}

static void test_set_form_reads(void **state)
{
	struct test_call t[100];
	uint64_t before = db_counters(db)->groups;

	(void)state;
	for (int i = 0; i < 100; i++)
		submit(&t[i], i % 2 ? &get_many : &get, i == 51 ? -1 : 5050 + i);
	run();
	for (int i = 0; i < 100; i++) {
		assert_int_equal(t[i].outcome, DB_OK);
		assert_int_equal(t[i].found, i == 51 ? -1 : 5050 + i);
	}
	assert_int_equal(db_counters(db)->groups - before, 100);
	before = db_counters(db)->groups;
	for (int i = 0; i < 100; i++)
		submit(&t[i], &get_many, i == 51 ? -1 : 5050 + i / 2);
	run();
	for (int i = 0; i < 100; i++)
		assert_int_equal(t[i].found, i == 51 ? -1 : 5050 + i / 2);
	assert_int_equal(db_counters(db)->groups - before, 3); /* 64 36 1 */
}

static void test_dry_run_leaves_nothing(void **state)
{
	struct test_call a, b, c;

	(void)state;
	submit(&a, &put, 3000);
	submit(&b, &put, 3001);
	b.call.rollback = true;
	submit(&c, &put, 13);
	c.call.rollback = true;
	run();
	assert_int_equal(a.outcome, DB_OK);
	assert_int_equal(b.outcome, DB_OK);
	assert_int_equal(c.outcome, DB_ERROR);
	assert_int_equal(rows("n IN (3000, 3001)"), 1);
	submit(&a, &put, 3002); /* the failed one left no open transaction */
	run();
	assert_int_equal(rows("n = 3002"), 1);
}

static void test_reads_do_not_harm_each_other(void **state)
{
	struct test_call t[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		submit(&t[i], &get, 1000 + i);
		if (i % 10 == 0)
			t[i].length = 3; /* not an integer's bytes */
	}
	run();
	for (int i = 0; i < 100; i++)
		assert_int_equal(t[i].outcome, i % 10 == 0 ? DB_ERROR : DB_OK);
}

static void test_full_queue_is_busy(void **state)
{
	struct test_call t[8];
	int busy = 0;

	(void)state;
	for (int i = 0; i < 8; i++)
		submit(&t[i], &nap, i);
	run();
	for (int i = 0; i < 8; i++)
		busy += t[i].outcome == DB_BUSY;
	assert_int_equal(busy, 5); /* three may wait */
}

static void test_cancel(void **state)
{
	struct test_call t[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		submit(&t[i], &nap, i);
	db_cancel(&t[2].call);
	run();
	assert_int_equal(t[0].outcome, DB_OK);
	assert_int_equal(t[2].outcome, DB_CANCELLED);
	assert_int_equal(t[2].completions, 1);
}

static void on_kill(uv_timer_t *timer)
{
	(void)timer;
	must("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
	     " WHERE application_name = 'zhibud'");
}

/* Every write comes back exactly once, and an acknowledged one is there. */
static void test_killed_backends(void **state)
{
	enum { N = 250 };
	static struct test_call t[N];
	uv_timer_t killer;
	int ok = 0;

	(void)state;
	uv_timer_init(&loop, &killer);
	uv_timer_start(&killer, on_kill, 1, 150);
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < N; i++)
			submit(&t[i], round % 2 ? &put_many : &put,
				10000 + round * N + i);
		run();
		for (int i = 0; i < N; i++) {
			char where[32];

			assert_int_equal(t[i].completions, 1);
			snprintf(where, sizeof(where), "n = %d", 10000 + round * N + i);
			if (t[i].outcome == DB_OK)
				ok += rows(where);
			/* Sent again after a commit whose answer was lost: this test's
			 * statement has no key, so it says so. */
			else if (t[i].outcome == DB_ERROR)
				assert_string_equal(t[i].state, "23505");
		}
	}
	uv_close((uv_handle_t *)&killer, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_true(db_counters(db)->reconnects > 0);
	assert_true(ok > N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_the_first_connection),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_one_bad_harms_no_other),
		cmocka_unit_test(test_many_bad_keep_the_others_together),
		cmocka_unit_test(test_set_form),
		cmocka_unit_test(test_set_form_fails),
		cmocka_unit_test(test_set_form_gathers),
		cmocka_unit_test(test_set_form_reads),
		cmocka_unit_test(test_dry_run_leaves_nothing),
		cmocka_unit_test(test_reads_do_not_harm_each_other),
		cmocka_unit_test(test_full_queue_is_busy),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_killed_backends),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
