/*
 * The codec against a real PostgreSQL: what goes in comes out, and a message
 * that differs from its function is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bridge.pb-c.h"
#include "server/codec.h"

static PGconn *pg;
static struct schema *schema;

static void must(const char *sql)
{
	PGresult *r = PQexec(pg, sql);

	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	PQclear(r);
}

static PGresult *binary(const char *sql)
{
	PGresult *r = PQexecParams(pg, sql, 0, NULL, NULL, NULL, NULL, 1);

	assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
	return r;
}

static int setup(void **state)
{
	PGresult *functions, *types;

	(void)state;
	pg = PQconnectdb(getenv("ZHIBU_TEST_PG"));
	assert_int_equal(PQstatus(pg), CONNECTION_OK);
	must("SET client_min_messages = warning; BEGIN;"
	     "CREATE DOMAIN data.sample_line AS text CHECK (VALUE <> 'no');"
	     "CREATE TYPE api.sample_leaf AS (name data.sample_line, born_on date, colours text[]);"
	     "CREATE FUNCTION call.sample(a bytea, b text, c bytea, d bytea, e bytea,"
	     " text text, colour text, data bytea, flag bool, number int, day_on date,"
	     " big bigint, seen_at timestamptz, leaf api.sample_leaf, words data.sample_line[],"
	     " leaves api.sample_leaf[], bigs bigint[], blobs bytea[], days_on date[], flags bool[])"
	     " RETURNS TABLE (z_text text, z_colour text) LANGUAGE sql AS $$ SELECT 'x', 'RED' $$;");
	functions = binary(schema_functions_sql);
	types = binary(schema_types_sql);
	schema = schema_new(functions, types);
	PQclear(functions);
	PQclear(types);
	return schema == NULL;
}

static int teardown(void **state)
{
	(void)state;
	schema_free(schema);
	PQfinish(pg); /* nothing was committed */
	return 0;
}

static char differences[4096];

static void on_differs(void *arg, const char *line)
{
	(void)arg;
	strcat(strcat(differences, line), "\n");
}

static struct codec_plan *plan_of(const ProtobufCMessageDescriptor *message)
{
	const struct schema_function *f = schema_function(schema, "sample");

	differences[0] = '\0';
	return codec_plan_new(message, schema, f->params + 5, f->n - 5, "sample",
		on_differs, NULL);
}

/* message -> parameters -> SELECT $1, … -> message */
static void round_trip(const Bridge *sample)
{
	static const char sql[] = "SELECT $1::text, $2::text, $3::bytea, $4::bool, $5::int,"
		" $6::date, $7::bigint, $8::timestamptz, $9::api.sample_leaf,"
		" $10::data.sample_line[], $11::api.sample_leaf[], $12::bigint[],"
		" $13::bytea[], $14::date[], $15::bool[]";
	struct codec_plan *plan = plan_of(&bridge__descriptor);
	const char *values[15], *field;
	int lengths[15], formats[15];
	struct arena arena;
	struct buf out = { 0 };
	PGresult *r;
	size_t size = bridge__get_packed_size(sample);
	uint8_t *packed = malloc(size + 1);

	if (!plan)
		fail_msg("%s", differences);
	arena_init(&arena, 1 << 20);
	assert_true(codec_encode(plan, &sample->base, &arena, values, lengths, &field));
	for (int i = 0; i < 15; i++)
		formats[i] = 1;
	r = PQexecParams(pg, sql, 15, NULL, values, lengths, formats, 1);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(pg));
	assert_true(codec_decode(plan, r, 0, &out));
	bridge__pack(sample, packed);
	assert_int_equal(out.len, size);
	assert_memory_equal(out.data, packed, size);
	free(packed);
	PQclear(r);
	buf_free(&out);
	arena_free(&arena);
	codec_plan_free(plan);
}

static void test_empty(void **state)
{
	Bridge sample = BRIDGE__INIT;

	(void)state;
	round_trip(&sample);
}

static void test_everything(void **state)
{
	Bridge s = BRIDGE__INIT;
	BridgeLeaf leaf = BRIDGE_LEAF__INIT, bare = BRIDGE_LEAF__INIT, *leaves[] = { &leaf, &bare };
	char *words[] = { "乌云其木格", "阿依古丽·买买提", "𬍛", "" };
	BridgeColour colours[] = { BRIDGE_COLOUR__GREEN, BRIDGE_COLOUR__RED };
	int64_t bigs[] = { INT64_MIN, -1, 0, INT64_MAX };
	uint8_t zeros[300] = { 0 };
	ProtobufCBinaryData blobs[] = { { 0, NULL }, { 300, zeros } };
	int32_t days[] = { -719162, 0, 2932896 };
	protobuf_c_boolean flags[] = { 1, 0 };

	(void)state;
	leaf.name = "其其格";
	leaf.has_born_on = 1;
	leaf.born_on = -1;
	leaf.colours = colours;
	leaf.n_colours = 2;
	s.text = "'; -- %n%s $1 \\x00";
	s.has_colour = s.has_data = s.has_flag = s.has_number = s.has_day_on = 1;
	s.has_big = s.has_seen_at = 1;
	s.colour = BRIDGE_COLOUR__GREEN;
	s.data = (ProtobufCBinaryData){ 300, zeros };
	s.flag = 1;
	s.number = INT32_MIN;
	s.day_on = 20780;
	s.big = INT64_MIN;
	s.seen_at = INT64_C(1795410000123456);
	s.leaf = &leaf;
	s.words = words;
	s.n_words = 4;
	s.leaves = leaves;
	s.n_leaves = 2;
	s.bigs = bigs;
	s.n_bigs = 4;
	s.blobs = blobs;
	s.n_blobs = 2;
	s.days_on = days;
	s.n_days_on = 3;
	s.flags = flags;
	s.n_flags = 2;
	round_trip(&s);
}

static void test_out_of_range(void **state)
{
	struct codec_plan *plan = plan_of(&bridge__descriptor);
	const char *values[15], *field;
	int lengths[15];
	struct arena arena;
	Bridge s = BRIDGE__INIT;

	(void)state;
	arena_init(&arena, 1 << 20);
	s.has_day_on = 1;
	s.day_on = 2932897; /* 10000-01-01 */
	assert_false(codec_encode(plan, &s.base, &arena, values, lengths, &field));
	assert_string_equal(field, "day_on");
	arena_free(&arena);
	codec_plan_free(plan);
}

static void test_differences_are_named(void **state)
{
	(void)state;
	assert_null(plan_of(&bridge_wrong__descriptor));
	assert_non_null(strstr(differences, "sample: BridgeWrong has 2 fields, the function 15"));
	assert_non_null(strstr(differences, "field `text` is int32, the function has pg_catalog.text"));
	assert_non_null(strstr(differences, "field `hue` stands where the function has `colour`"));
}

/* What a broken or hostile database might send: refused, never a crash. */
static void test_bad_values(void **state)
{
	struct codec_plan *plan = plan_of(&bridge__descriptor);
	static const struct { unsigned field; size_t len; const char *data; } bad[] = {
		{ 1, 4, "BLUE" }, { 3, 2, "\1\1" }, { 4, 3, "\0\0\1" },
		{ 8, 4, "\0\0\0\2" }, { 8, 12, "\0\0\0\3\0\0\0\31\0\0\0\11" },
		{ 9, 12, "\0\0\0\2\0\0\0\0\0\0\0\0" },
		{ 9, 20, "\0\0\0\1\0\0\0\0\0\0\0\31\0\0\0\5\0\0\0\1" },
		{ 13, 24, "\0\0\0\1\0\0\0\0\0\0\4\72\0\0\0\1\0\0\0\1\377\377\377\377" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf out = { 0 };

		assert_false(codec_decode_value(&plan->fields[bad[i].field],
			(const uint8_t *)bad[i].data, bad[i].len, &out));
		buf_free(&out);
	}
	codec_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_out_of_range),
		cmocka_unit_test(test_differences_are_named),
		cmocka_unit_test(test_bad_values),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
