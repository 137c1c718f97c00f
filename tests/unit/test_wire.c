/* The look at the bytes before protobuf-c: what passes, what does not, why. */
#include "tests/unit/check.h"

#include "common/arena.h"
#include "common/wire.h"
#include "envelope.pb-c.h"
#include "sample.pb-c.h"

struct wire_case {
	const char *name;
	const char *bytes;
	size_t len;
	enum wire_result want;
	const char *field;
};

#define CASE(name, bytes, want, field) \
	{ name, bytes, sizeof(bytes) - 1, want, field }
#define GOOD(name, bytes) CASE(name, bytes, WIRE_OK, NULL)
#define BAD(name, bytes) CASE(name, bytes, WIRE_BAD_MESSAGE, NULL)

static const struct wire_case cases[] = {
	GOOD("empty", ""),
	GOOD("int32", "\x08\x05"),
	GOOD("int32 -1", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	GOOD("int32 most", "\x08\xff\xff\xff\xff\x07"),
	GOOD("int32 least", "\x08\x80\x80\x80\x80\xf8\xff\xff\xff\xff\x01"),
	BAD("int32 most + 1", "\x08\x80\x80\x80\x80\x08"),
	BAD("int32 least - 1",
	    "\x08\xff\xff\xff\xff\xf7\xff\xff\xff\xff\x01"),
	BAD("int32 cut", "\x08\xff"),
	BAD("int32 absent", "\x08"),
	GOOD("uint32 most", "\x10\xff\xff\xff\xff\x0f"),
	BAD("uint32 most + 1", "\x10\x80\x80\x80\x80\x10"),
	BAD("uint32 -1", "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	GOOD("sint32 most", "\x18\xff\xff\xff\xff\x0f"),
	BAD("sint32 too long", "\x18\x80\x80\x80\x80\x10"),
	GOOD("int64 -1", "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	BAD("varint of 65 bits",
	    "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
	BAD("varint of 11 bytes",
	    "\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
	BAD("varint without end",
	    "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	GOOD("uint64 most", "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	GOOD("sint64", "\x30\x01"),
	GOOD("true", "\x38\x01"),
	GOOD("false", "\x38\x00"),
	BAD("bool 2", "\x38\x02"),
	GOOD("fixed32", "\x45\x01\x02\x03\x04"),
	BAD("fixed32 cut", "\x45\x01\x02\x03"),
	GOOD("fixed64", "\x49\x01\x02\x03\x04\x05\x06\x07\x08"),
	BAD("fixed64 cut", "\x49\x01\x02\x03\x04\x05\x06\x07"),
	GOOD("sfixed32", "\x55\x01\x02\x03\x04"),
	GOOD("sfixed64", "\x59\x01\x02\x03\x04\x05\x06\x07\x08"),
	GOOD("float", "\x65\x01\x02\x03\x04"),
	GOOD("double", "\x69\x01\x02\x03\x04\x05\x06\x07\x08"),
	GOOD("bytes are any bytes", "\x7a\x04\x00\xff\x1b\x80"),
	BAD("bytes cut", "\x7a\x04\x00\xff\x1b"),
	BAD("length of -1",
	    "\x7a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "abc"),
	BAD("length of 2^31", "\x7a\x80\x80\x80\x80\x08" "abc"),
	BAD("length of 2^32 + 1", "\x7a\x81\x80\x80\x80\x10" "abc"),
	GOOD("enum", "\x80\x01\x05"),
	CASE("enum unknown", "\x80\x01\x03", WIRE_INVALID, "kind"),
	CASE("enum nought", "\x80\x01\x00", WIRE_INVALID, "kind"),
	CASE("enum past 32 bits", "\x80\x01\x81\x80\x80\x80\x10", WIRE_INVALID,
	     "kind"),
	GOOD("repeated strings", "\x8a\x01\x01" "a" "\x8a\x01\x01" "b"),
	GOOD("repeated ints", "\x90\x01\x01\x90\x01\x02"),
	GOOD("repeated ints, packed", "\x92\x01\x02\x01\x02"),
	GOOD("packed ints", "\x9a\x01\x03\x01\x80\x01"),
	GOOD("packed ints, one by one", "\x98\x01\x01\x98\x01\x02"),
	GOOD("packed, empty", "\x9a\x01\x00"),
	BAD("packed element cut", "\x9a\x01\x02\x01\x80" "\x08\x01"),
	BAD("packed element overflows", "\x9a\x01\x05\x80\x80\x80\x80\x08"),
	GOOD("packed fixed64", "\xa2\x01\x08" "12345678"),
	BAD("packed fixed64 cut", "\xa2\x01\x07" "1234567"),
	GOOD("packed enum", "\xaa\x01\x02\x01\x02"),
	CASE("packed enum unknown", "\xaa\x01\x02\x01\x04", WIRE_INVALID,
	     "packed_kind"),
	BAD("packed bool of 2", "\xb2\x01\x02\x01\x02"),
	BAD("unknown field", "\xd0\x05\x01"),
	BAD("field nought", "\x00\x01"),
	BAD("tag of 6 bytes", "\x88\x80\x80\x80\x80\x00\x01"),
	BAD("tag past 32 bits", "\x88\x80\x80\x80\x10\x01"),
	BAD("tag cut", "\x80"),
	BAD("group start", "\x0b\x0c"),
	BAD("group end", "\x0c"),
	BAD("wire type 6", "\x0e"),
	BAD("wire type 7", "\x0f"),
	BAD("int32 as fixed32", "\x0d\x01\x02\x03\x04"),
	BAD("int32 packed though single", "\x0a\x01\x05"),
	BAD("string as varint", "\x70\x01"),
	BAD("message as varint", "\xb8\x01\x01"),
	BAD("repeated string as varint", "\x88\x01\x01"),
	BAD("repeated int as fixed32", "\x95\x01\x01"),
	BAD("repeated message as varint", "\xc0\x01\x01"),
	BAD("singular twice", "\x08\x05\x08\x05"),
	BAD("singular message twice", "\xba\x01\x00\xba\x01\x00"),
	GOOD("repeated message twice", "\xc2\x01\x00\xc2\x01\x00"),
	GOOD("same field in two messages",
	     "\xc2\x01\x03\x0a\x01" "a" "\xc2\x01\x03\x0a\x01" "b"),
	BAD("singular twice within",
	    "\xc2\x01\x06\x0a\x01" "a" "\x0a\x01" "b"),
	GOOD("oneof", "\xa2\x06\x00"),
	BAD("oneof, two members", "\xa2\x06\x00\xaa\x06\x00"),
	BAD("oneof, the same twice", "\xa2\x06\x00\xa2\x06\x00"),
	BAD("oneof, a string after a message", "\xa2\x06\x00\xb2\x06\x00"),
	CASE("a later member of the body", "\xba\x06\x00", WIRE_UNKNOWN_REQUEST,
	     NULL),
	BAD("a later member, but within", "\xba\x01\x03\xba\x06\x00"),
	BAD("sub-message cut", "\xc2\x01\x03\x0a\x01"),
	BAD("field past its message's end", "\xc2\x01\x02\x0a\x01" "a"),
	BAD("field of the parent's size in a child", "\xc2\x01\x01\x0a"),
};

static void check_case(const struct wire_case *c)
{
	uint8_t *bytes = malloc(c->len ? c->len : 1);
	const char *field = "untouched";
	enum wire_result got;

	memcpy(bytes, c->bytes, c->len);
	got = wire_check(&sample__descriptor, bytes, c->len, &wire_limits,
			 &field);
	if (got != c->want)
		fail_msg("%s: %d, not %d", c->name, (int)got, (int)c->want);
	if (c->field)
		assert_string_equal(field, c->field);
	if (got == WIRE_OK)
		assert_null(field);
	free(bytes);
}

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_case(&cases[i]);
}

/* What is accepted unpacks, and a cut of it never reads past its end. */
static void test_accepted_unpacks_and_cuts_are_safe(void **state)
{
	struct arena arena;
	size_t i, cut;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (i = 0; i < COUNT(cases); i++) {
		const struct wire_case *c = &cases[i];

		for (cut = 0; cut < c->len; cut++) {
			uint8_t *part = malloc(cut + 1);

			memcpy(part, c->bytes, cut);
			part = realloc(part, cut ? cut : 1);
			wire_check(&sample__descriptor, part, cut, &wire_limits,
				   NULL);
			free(part);
		}
		if (c->want == WIRE_OK)
			assert_non_null(protobuf_c_message_unpack(
				&sample__descriptor, arena_protobuf(&arena),
				c->len, (const uint8_t *)c->bytes));
	}
	arena_free(&arena);
}

static enum wire_result check_text(const char *text, size_t len,
				   const char **field)
{
	uint8_t bytes[64] = { 0x72, (uint8_t)len };

	memcpy(bytes + 2, text, len);
	return wire_check(&sample__descriptor, bytes, len + 2, &wire_limits,
			  field);
}

#define T(s) { s, sizeof(s) - 1 }
static const struct {
	const char *s;
	size_t len;
} good_texts[] = {
	T(""), T("第14支部"), T("a\tb\nc"), T("'; -- %n%s $1 \\x00"),
	T("\xf0\xa0\xae\xb7"), /* U+20BB7, a rare surname's */
	T("e\xcc\x81"), T("\xe2\x80\x8d\xe2\x80\x8c"), T("\xee\x80\x80"),
	T("\xf4\x8f\xbf\xbd"),
}, bad_texts[] = {
	T("a\0b"), T("\x1b[31m"), T("\r"), T("\x07"), T("\x7f"),
	T("\xc2\x9b"), T("\xc2\x80"), /* C1 */
	T("\xff\xfe\0x"), T("\xc0\x80"), T("\xc1\xbf"), T("\xe0\x80\xaf"),
	T("\xf0\x80\x80\xaf"), T("\xe4\xb8"), T("\x80"), T("\xf8\x88\x80\x80"),
	T("\xed\xa0\x80"), T("\xed\xbf\xbf"), /* surrogates */
	T("\xf4\x90\x80\x80"), T("\xf5\x80\x80\x80"),
	T("\xe2\x80\xaa"), T("\xe2\x80\xab"), T("\xe2\x80\xac"),
	T("\xe2\x80\xad"), T("\xe2\x80\xae"), /* bidi overrides */
	T("\xe2\x81\xa6"), T("\xe2\x81\xa7"), T("\xe2\x81\xa8"),
	T("\xe2\x81\xa9"),
	T("\xe2\x80\x8b"), T("\xe2\x81\xa0"), T("\xef\xbb\xbf"),
	T("\xf3\xa0\x80\x80"), T("\xf3\xa0\x81\x81"), T("\xf3\xa0\x81\xbf"),
	T("\xef\xb7\x90"), T("\xef\xbf\xbe"), T("\xef\xbf\xbf"),
	T("\xf0\x9f\xbf\xbe"), /* noncharacters */
};

static void test_texts(void **state)
{
	const char *field;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(good_texts); i++)
		assert_int_equal(check_text(good_texts[i].s, good_texts[i].len,
					    &field), WIRE_OK);
	for (i = 0; i < COUNT(bad_texts); i++) {
		if (check_text(bad_texts[i].s, bad_texts[i].len, &field) !=
		    WIRE_INVALID)
			fail_msg("bad text %zu passed", i);
		assert_string_equal(field, "text");
	}
}

/* Depth by nesting `deeper`; the outermost Sample is 1. */
static enum wire_result check_depth(unsigned depth, unsigned limit)
{
	struct wire_limits limits = wire_limits;
	uint8_t bytes[256];
	size_t at = sizeof(bytes), len = 0;
	unsigned i;

	limits.depth = limit;
	for (i = 1; i < depth; i++) {
		bytes[--at] = (uint8_t)len;
		if (i + 1 < depth) {
			bytes[--at] = 0x0a;
		} else {
			bytes[--at] = 0x01; /* Sample.deep */
			bytes[--at] = 0xba;
		}
		len = sizeof(bytes) - at;
	}
	return wire_check(&sample__descriptor, bytes + at, len, &limits, NULL);
}

static void test_depth(void **state)
{
	(void)state;
	assert_int_equal(check_depth(6, wire_limits.depth), WIRE_OK);
	assert_int_equal(check_depth(7, wire_limits.depth), WIRE_BAD_MESSAGE);
	assert_int_equal(check_depth(60, wire_limits.depth), WIRE_BAD_MESSAGE);
	assert_int_equal(check_depth(16, 1000), WIRE_OK);
	assert_int_equal(check_depth(17, 1000), WIRE_BAD_MESSAGE);
	assert_int_equal(check_depth(1, 0), WIRE_BAD_MESSAGE);
}

static void test_count(void **state)
{
	struct wire_limits limits = wire_limits;
	uint8_t bytes[4 + 100] = "\x9a\x01\x64";
	uint8_t singles[300];
	size_t i;

	(void)state;
	limits.fields = 101; /* the packed field and its 100 elements */
	memset(bytes + 3, 1, 100);
	assert_int_equal(wire_check(&sample__descriptor, bytes, 103, &limits,
				    NULL), WIRE_OK);
	limits.fields = 100;
	assert_int_equal(wire_check(&sample__descriptor, bytes, 103, &limits,
				    NULL), WIRE_BAD_MESSAGE);
	for (i = 0; i < sizeof(singles); i += 3)
		memcpy(singles + i, "\xc2\x01\x00", 3);
	assert_int_equal(wire_check(&sample__descriptor, singles,
				    sizeof(singles), &limits, NULL), WIRE_OK);
	limits.fields = 99;
	assert_int_equal(wire_check(&sample__descriptor, singles,
				    sizeof(singles), &limits, NULL),
			 WIRE_BAD_MESSAGE);
}

static void test_string_limit(void **state)
{
	static const uint8_t bytes[] = "\x72\x06" "abcdef";
	struct wire_limits limits = wire_limits;

	(void)state;
	limits.string = 6;
	assert_int_equal(wire_check(&sample__descriptor, bytes, 8, &limits,
				    NULL), WIRE_OK);
	limits.string = 5;
	assert_int_equal(wire_check(&sample__descriptor, bytes, 8, &limits,
				    NULL), WIRE_BAD_MESSAGE);
}

static void test_any_text(void **state)
{
	static const uint8_t escape[] = "\x72\x03" "a\x1b[";
	static const uint8_t nul[] = "\x72\x03" "a\0b";
	static const uint8_t latin[] = "\x72\x03" "a\xe9" "b";
	struct wire_limits limits = wire_limits;

	(void)state;
	assert_int_equal(wire_check(&sample__descriptor, escape, 5, &limits,
				    NULL), WIRE_INVALID);
	limits.any_text = true;
	assert_int_equal(wire_check(&sample__descriptor, escape, 5, &limits,
				    NULL), WIRE_OK);
	assert_int_equal(wire_check(&sample__descriptor, nul, 5, &limits,
				    NULL), WIRE_INVALID);
	assert_int_equal(wire_check(&sample__descriptor, latin, 5, &limits,
				    NULL), WIRE_INVALID);
}

static void test_request(void **state)
{
	Request request = REQUEST__INIT;
	Whoami whoami = WHOAMI__INIT;
	uint8_t bytes[64];
	const char *field;
	char acting[] = "branch_secretary@14", turned[] = "a\xe2\x80\xae";
	size_t len;

	(void)state;
	request.acting = acting;
	request.body_case = REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	len = request__pack(&request, bytes);
	assert_int_equal(wire_check(&request__descriptor, bytes, len,
				    &wire_limits, NULL), WIRE_OK);
	request.acting = turned;
	len = request__pack(&request, bytes);
	assert_int_equal(wire_check(&request__descriptor, bytes, len,
				    &wire_limits, &field), WIRE_INVALID);
	assert_string_equal(field, "acting");
	assert_int_equal(wire_check(&request__descriptor,
				    (const uint8_t *)"\xfa\xff\x03\x00", 4,
				    &wire_limits, NULL), WIRE_UNKNOWN_REQUEST);
}

/* --- what the contract itself must keep to ------------------------------- */

static void check_type(const ProtobufCMessageDescriptor *type, unsigned depth)
{
	unsigned i;

	assert_in_range(depth, 1, wire_limits.depth); /* nothing recurses */
	assert_in_range(type->n_fields, 0, WIRE_FIELDS_MAX);
	for (i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];

		assert_int_not_equal(field->label, PROTOBUF_C_LABEL_REQUIRED);
		assert_int_not_equal(field->type, PROTOBUF_C_TYPE_FLOAT);
		assert_int_not_equal(field->type, PROTOBUF_C_TYPE_DOUBLE);
		if (field->type == PROTOBUF_C_TYPE_MESSAGE)
			check_type(field->descriptor, depth + 1);
	}
}

static void test_contract(void **state)
{
	(void)state;
	check_type(&envelope__descriptor, 1);
	check_type(&request__descriptor, 1);
	check_type(&reply__descriptor, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_accepted_unpacks_and_cuts_are_safe),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_string_limit),
		cmocka_unit_test(test_any_text),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
