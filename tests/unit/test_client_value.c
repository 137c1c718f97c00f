/* What people type into the fields of a message, JSON there and back. */
#include "tests/unit/check.h"

#include "bridge.pb-c.h"
#include "sample.pb-c.h"

#include "client/json.h"
#include "client/value.h"
#include "client/words.h"
#include "common/date.h"

#include <limits.h>
#include <unistd.h>

static struct arena arena;
static struct value_trouble why;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 8 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static bool give(void *message, const ProtobufCMessageDescriptor *type,
		 const char *name, const char *text)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(type, name);

	assert_non_null(field);
	memset(&why, 0, sizeof(why));
	return value_parse(&arena, field, text, fields_add(&arena, message, field),
			   &why);
}

static void test_numbers(void **state)
{
	Sample *s = fields_new(&arena, &sample__descriptor);

	(void)state;
	assert_true(give(s, &sample__descriptor, "i32", "-7"));
	assert_true(s->has_i32);
	assert_int_equal(s->i32, -7);
	assert_true(give(s, &sample__descriptor, "i32", "２５"));
	assert_int_equal(s->i32, 25);
	assert_false(give(s, &sample__descriptor, "i32", "2147483648"));
	assert_string_equal(why.key, "error.value_range");
	assert_false(give(s, &sample__descriptor, "u32", "-1"));
	assert_false(give(s, &sample__descriptor, "i32", ""));
	assert_false(give(s, &sample__descriptor, "i32", "12a"));
	assert_false(give(s, &sample__descriptor, "i32", " 12"));
	assert_true(give(s, &sample__descriptor, "i64", "9223372036854775807"));
	assert_true(s->i64 == INT64_MAX);
	assert_false(give(s, &sample__descriptor, "i64", "9223372036854775808"));
}

static void test_repeated(void **state)
{
	Sample *s = fields_new(&arena, &sample__descriptor);
	char text[16];
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "%d", i);
		assert_true(give(s, &sample__descriptor, "numbers", text));
		assert_true(give(s, &sample__descriptor, "texts", text));
	}
	assert_int_equal(s->n_numbers, 100);
	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(s->numbers[i], i);
		assert_string_equal(s->texts[i], text);
	}
}

static void test_bool(void **state)
{
	Bridge *b = fields_new(&arena, &bridge__descriptor);

	(void)state;
	assert_true(give(b, &bridge__descriptor, "flag", ""));
	assert_true(b->flag);
	assert_true(give(b, &bridge__descriptor, "flag", "否"));
	assert_false(b->flag);
	assert_true(give(b, &bridge__descriptor, "flag", "Ｙ"));
	assert_true(b->flag);
	assert_false(give(b, &bridge__descriptor, "flag", "maybe"));
}

static void test_enum(void **state)
{
	Bridge *b = fields_new(&arena, &bridge__descriptor);

	(void)state;
	assert_true(give(b, &bridge__descriptor, "colour", "green"));
	assert_int_equal(b->colour, BRIDGE_COLOUR__GREEN);
	assert_false(give(b, &bridge__descriptor, "colour", "gren"));
	assert_string_equal(why.key, "error.value_enum");
	assert_string_equal(why.guess, "GREEN");
	assert_false(give(b, &bridge__descriptor, "colour", "GREENS"));
	assert_false(give(b, &bridge__descriptor, "colour", ""));
}

static void test_dates(void **state)
{
	Bridge *b = fields_new(&arena, &bridge__descriptor);
	int32_t day;

	(void)state;
	assert_true(date_from_civil(2026, 10, 22, &day));
	assert_true(give(b, &bridge__descriptor, "day_on", "2026年10月22日"));
	assert_int_equal(b->day_on, day);
	assert_true(give(b, &bridge__descriptor, "day_on", "今天"));
	assert_int_equal(b->day_on, value_today());
	assert_false(give(b, &bridge__descriptor, "day_on", "2026-02-30"));
	assert_true(give(b, &bridge__descriptor, "seen_at", "2026-12-04 18:00"));
	assert_int_equal(b->seen_at % 1000000, 0);
	assert_false(give(b, &bridge__descriptor, "seen_at", "tomorrow"));
}

static void test_text(void **state)
{
	Bridge *b = fields_new(&arena, &bridge__descriptor);

	(void)state;
	/* free text is never folded */
	assert_true(give(b, &bridge__descriptor, "text", "全角：ＡＢＣ，１２３"));
	assert_string_equal(b->text, "全角：ＡＢＣ，１２３");
	assert_false(give(b, &bridge__descriptor, "text", "\xff\xfe"));
	assert_string_equal(why.key, "error.value_text");
}

static void test_pairs(void **state)
{
	Bridge *b = fields_new(&arena, &bridge__descriptor);

	(void)state;
	assert_true(give(b, &bridge__descriptor, "leaves",
			 "name=甲,乙，丙, 丁,born_on=2026-1-2,colours=RED,colours=green"));
	assert_int_equal(b->n_leaves, 1);
	/* a comma ends a value only where a name follows */
	assert_string_equal(b->leaves[0]->name, "甲,乙，丙, 丁");
	assert_true(b->leaves[0]->has_born_on);
	assert_int_equal(b->leaves[0]->n_colours, 2);
	assert_int_equal(b->leaves[0]->colours[1], BRIDGE_COLOUR__GREEN);
	assert_false(give(b, &bridge__descriptor, "leaves", "nonsense"));
	assert_string_equal(why.key, "error.value_pairs");
	assert_false(give(b, &bridge__descriptor, "leaves", "colours=blue"));
	assert_string_equal(why.key, "error.value_enum");
}

static void test_bytes_from_file(void **state)
{
	char path[] = "/tmp/zhibu-value-XXXXXX";
	Bridge *b = fields_new(&arena, &bridge__descriptor);
	char option[64];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\0\1\2", 3), 3);
	close(fd);
	snprintf(option, sizeof(option), "@%s", path);
	assert_true(give(b, &bridge__descriptor, "data", option));
	assert_int_equal(b->data.len, 3);
	assert_memory_equal(b->data.data, "\0\1\2", 3);
	assert_false(give(b, &bridge__descriptor, "data", path));
	assert_string_equal(why.key, "error.value_bytes");
	unlink(path);
	assert_false(give(b, &bridge__descriptor, "data", option));
	assert_string_equal(why.key, "error.file_missing");
	assert_false(give(b, &bridge__descriptor, "data", "@/"));
	assert_string_equal(why.key, "error.file_open");
	assert_false(give(b, &bridge__descriptor, "data", "@/dev/zero"));
	assert_string_equal(why.key, "error.file_too_big");
}

/* ---- JSON --------------------------------------------------------------------------- */

static bool read_json(const char *text, Bridge *b, struct json_trouble *trouble)
{
	json_t *object = json_loads(text, 0, NULL);
	bool ok;

	assert_non_null(object);
	ok = json_to_message(&arena, object, &b->base, trouble);
	json_decref(object);
	return ok;
}

#define WHOLE                                                                  \
	"{\"text\":\"文\\\"字\",\"colour\":\"GREEN\",\"data\":\"AAEC\","           \
	"\"flag\":false,\"number\":-3,\"dayOn\":\"2026-10-22\","               \
	"\"big\":\"9007199254740993\",\"seenAt\":\"2026-12-04T18:00:00+08:00\"," \
	"\"leaf\":{\"name\":\"叶\"},\"words\":[\"一\",\"二\"],"                 \
	"\"leaves\":[{\"bornOn\":\"1999-01-01\"},{\"colours\":[\"RED\"]}]}"

static void test_json_round_trip(void **state)
{
	Bridge *b = fields_new(&arena, &bridge__descriptor);
	struct json_trouble trouble;
	json_t *object;
	char *text;

	(void)state;
	assert_true(read_json(WHOLE, b, &trouble));
	assert_true(b->has_flag && !b->flag);
	assert_true(b->big == 9007199254740993);
	assert_int_equal(b->data.len, 3);
	assert_string_equal(b->leaf->name, "叶");
	object = json_of_message(&b->base);
	text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
	assert_string_equal(text, WHOLE);
	free(text);
	json_decref(object);
}

/* What is not given is left out, never null or empty. */
static void test_json_leaves_out(void **state)
{
	Bridge b = BRIDGE__INIT;
	json_t *object = json_of_message(&b.base);

	(void)state;
	assert_int_equal(json_object_size(object), 0);
	json_decref(object);
}

static void test_json_says_where(void **state)
{
	static const struct {
		const char *text, *path, *key;
	} cases[] = {
		{ "{\"colour\":\"BLUE\"}", "colour", "error.value_enum" },
		{ "{\"nosuch\":1}", "nosuch", "error.json_name" },
		{ "{\"leaves\":[{},{\"bornOn\":\"x\"}]}", "leaves[1].bornOn",
		  "error.value_date" },
		{ "{\"leaf\":3}", "leaf", "error.json_type" },
		{ "{\"words\":\"one\"}", "words", "error.json_type" },
		{ "{\"number\":3.5}", "number", "error.json_type" },
		{ "{\"number\":4294967296}", "number", "error.value_range" },
		{ "{\"flag\":1}", "flag", "error.json_type" },
		{ "{\"data\":\"A\"}", "data", "error.json_base64" },
		{ "{\"data\":\"****\"}", "data", "error.json_base64" },
		{ "{\"text\":null}", "text", "error.json_type" },
		{ "[]", "", "error.json_type" },
	};
	struct json_trouble trouble;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		Bridge *b = fields_new(&arena, &bridge__descriptor);

		assert_false(read_json(cases[i].text, b, &trouble));
		assert_string_equal(trouble.path, cases[i].path);
		assert_string_equal(trouble.key, cases[i].key);
		assert_non_null(word_both(trouble.key));
	}
}

static void test_camel(void **state)
{
	(void)state;
	assert_string_equal(field_camel(&arena, "standard_version_id"),
			    "standardVersionId");
	assert_string_equal(field_camel(&arena, "id"), "id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_repeated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bool, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_enum, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pairs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bytes_from_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_json_round_trip, set_up, tear_down),
		cmocka_unit_test(test_json_leaves_out),
		cmocka_unit_test_setup_teardown(test_json_says_where, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_camel, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
