#include "client/json.h"

#include "client/fields.h"
#include "client/value.h"
#include "common/date.h"
#include "common/text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- message to JSON ------------------------------------------------------------- */

static json_t *base64(const ProtobufCBinaryData *bytes)
{
	size_t room = (bytes->len + 2) / 3 * 4 + 1;
	unsigned char *text = malloc(room);
	json_t *string;

	if (!text)
		return NULL;
	text[0] = '\0';
	if (bytes->len)
		EVP_EncodeBlock(text, bytes->data, (int)bytes->len);
	string = json_string((char *)text);
	free(text);
	return string;
}

static json_t *integer(const ProtobufCFieldDescriptor *field, int64_t number)
{
	char text[32];

	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		snprintf(text, sizeof(text), "%lld", (long long)number);
		return json_string(text);
	default:
		return json_integer(number);
	}
}

static json_t *enum_name(const ProtobufCFieldDescriptor *field, int number)
{
	const ProtobufCEnumValue *value =
		protobuf_c_enum_descriptor_get_value(field->descriptor, number);

	return value ? json_string(value->name) : json_integer(number);
}

static json_t *date(const void *value)
{
	char text[DATE_TEXT];

	date_format(*(const int32_t *)value, text);
	return json_string(text);
}

static json_t *moment(const void *value)
{
	char text[MOMENT_TEXT];

	moment_format(*(const int64_t *)value, text);
	return json_string(text);
}

static json_t *one(const ProtobufCFieldDescriptor *field, const void *value)
{
	switch (field_kind(field)) {
	case FIELD_TEXT:
	case FIELD_CODE:
		return json_string(*(const char *const *)value);
	case FIELD_BYTES:
		return base64(value);
	case FIELD_BOOL:
		return json_boolean(*(const protobuf_c_boolean *)value);
	case FIELD_ENUM:
		return enum_name(field, *(const int *)value);
	case FIELD_DATE:
		return date(value);
	case FIELD_MOMENT:
		return moment(value);
	case FIELD_MESSAGE:
		return json_of_message(*(const ProtobufCMessage *const *)value);
	default:
		return integer(field, field_integer(field, value));
	}
}

static json_t *field_json(const ProtobufCMessage *message,
			  const ProtobufCFieldDescriptor *field, size_t n)
{
	json_t *array;
	size_t i;

	if (!field_repeated(field))
		return one(field, fields_at(message, field, 0));
	array = json_array();
	for (i = 0; i < n; i++)
		json_array_append_new(array, one(field, fields_at(message, field, i)));
	return array;
}

json_t *json_of_message(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	json_t *object = json_object();
	struct arena arena;
	unsigned i;

	arena_init(&arena, 64 * 1024);
	for (i = 0; object && i < type->n_fields; i++) {
		size_t n = fields_count(message, &type->fields[i]);

		if (n)
			json_object_set_new(object,
				field_camel(&arena, type->fields[i].name),
				field_json(message, &type->fields[i], n));
	}
	arena_free(&arena);
	return object;
}

/* ---- as text --------------------------------------------------------------------- */

static size_t escape(uint32_t cp, char *out)
{
	if (cp < 0x10000)
		return (size_t)sprintf(out, "\\u%04x", (unsigned)cp);
	cp -= 0x10000;
	return (size_t)sprintf(out, "\\u%04x\\u%04x", 0xD800 + (unsigned)(cp >> 10),
			       0xDC00 + (unsigned)(cp & 0x3FF));
}

char *json_text(const json_t *value, size_t flags)
{
	char *plain = json_dumps(value, flags);
	size_t len = plain ? strlen(plain) : 0, n;
	/* one byte becomes six at most; and sprintf's NUL */
	char *text = plain ? malloc(6 * len + 13) : NULL, *out = text;
	const char *s = plain;
	uint32_t cp;

	for (; text && len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		if (!n)
			break; /* jansson writes UTF-8 */
		if (text_must_show(cp))
			out += escape(cp, out);
		else
			out = (char *)memcpy(out, s, n) + n;
	}
	if (text)
		*out = '\0';
	free(plain);
	return text;
}

/* ---- JSON to message ------------------------------------------------------------- */

struct reading {
	struct arena *arena;
	struct json_trouble *trouble;
};

static bool bad(struct reading *r, const char *key)
{
	if (!r->trouble->key)
		r->trouble->key = key;
	return false;
}

/* Puts a step in front of the path while the error travels up. */
static void prefix(struct json_trouble *t, const char *name, int index)
{
	char rest[sizeof(t->path)];
	const char *dot = t->path[0] && t->path[0] != '[' ? "." : "";

	snprintf(rest, sizeof(rest), "%s", t->path);
	if (index < 0)
		snprintf(t->path, sizeof(t->path), "%.60s%s%.90s", name, dot, rest);
	else
		snprintf(t->path, sizeof(t->path), "[%d]%s%.140s", index, dot, rest);
}

static bool read_base64(struct reading *r, const char *text, size_t len,
			ProtobufCBinaryData *out)
{
	size_t pad = 0;
	int n;

	if (len % 4)
		return bad(r, "error.json_base64");
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	out->data = arena_alloc(r->arena, len / 4 * 3 + 1);
	if (!out->data)
		return bad(r, "error.memory");
	n = EVP_DecodeBlock(out->data, (const unsigned char *)text, (int)len);
	if (n < 0)
		return bad(r, "error.json_base64");
	out->len = (size_t)n - pad;
	return true;
}

/* Text goes the way of an option's value: one reader of dates, enums, ids. */
static bool read_text(struct reading *r, const ProtobufCFieldDescriptor *field,
		      const char *text, void *slot)
{
	struct value_trouble why = { 0 };

	if (value_parse(r->arena, field, text, slot, &why))
		return true;
	return bad(r, why.key);
}

static bool read_string(struct reading *r, const ProtobufCFieldDescriptor *field,
			const json_t *value, void *slot)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (strlen(text) != len)
		return bad(r, "error.value_text");
	if (field_kind(field) == FIELD_BYTES)
		return read_base64(r, text, len, slot);
	if (field_kind(field) == FIELD_MESSAGE)
		return bad(r, "error.json_type");
	/* JSON carries fen as the number it is, not as yuan */
	if (field_kind(field) == FIELD_MONEY) {
		char *end;
		long long fen = strtoll(text, &end, 10);

		if (*end || end == text || !field_set_integer(field, slot, fen))
			return bad(r, "error.value_number");
		return true;
	}
	return read_text(r, field, text, slot);
}

static bool read_integer(struct reading *r, const ProtobufCFieldDescriptor *field,
			 const json_t *value, void *slot)
{
	switch (field_kind(field)) {
	case FIELD_NUMBER:
	case FIELD_MONEY:
		if (field_set_integer(field, slot, json_integer_value(value)))
			return true;
		return bad(r, "error.value_range");
	default:
		return bad(r, "error.json_type");
	}
}

static bool read_object(struct reading *r, const json_t *object,
			ProtobufCMessage *message);

static bool read_one(struct reading *r, const ProtobufCFieldDescriptor *field,
		     const json_t *value, void *slot)
{
	void *inner;

	if (json_is_string(value))
		return read_string(r, field, value, slot);
	if (json_is_integer(value))
		return read_integer(r, field, value, slot);
	if (json_is_boolean(value) && field_kind(field) == FIELD_BOOL) {
		*(protobuf_c_boolean *)slot = json_is_true(value);
		return true;
	}
	if (!json_is_object(value) || field_kind(field) != FIELD_MESSAGE)
		return bad(r, "error.json_type");
	inner = fields_new(r->arena, field->descriptor);
	if (!inner)
		return bad(r, "error.memory");
	*(void **)slot = inner;
	return read_object(r, value, inner);
}

static bool add_one(struct reading *r, ProtobufCMessage *message,
		    const ProtobufCFieldDescriptor *field, const json_t *value)
{
	void *slot = fields_add(r->arena, message, field);

	return slot ? read_one(r, field, value, slot) : bad(r, "error.memory");
}

static bool read_field(struct reading *r, ProtobufCMessage *message,
		       const ProtobufCFieldDescriptor *field, const json_t *value)
{
	size_t i;

	if (!field_repeated(field))
		return add_one(r, message, field, value);
	if (!json_is_array(value))
		return bad(r, "error.json_type");
	for (i = 0; i < json_array_size(value); i++) {
		if (!add_one(r, message, field, json_array_get(value, i))) {
			prefix(r->trouble, "", (int)i);
			return false;
		}
	}
	return true;
}

static const ProtobufCFieldDescriptor *
field_named(struct arena *arena, const ProtobufCMessageDescriptor *type,
	    const char *name)
{
	unsigned i;

	for (i = 0; i < type->n_fields; i++)
		if (strcmp(type->fields[i].name, name) == 0 ||
		    strcmp(field_camel(arena, type->fields[i].name), name) == 0)
			return &type->fields[i];
	return NULL;
}

static bool read_object(struct reading *r, const json_t *object,
			ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *field;
	const char *name;
	json_t *value;

	/* jansson's iterators take a pointer they do not write through */
	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		bool ok;

		field = field_named(r->arena, message->descriptor, name);
		ok = field ? read_field(r, message, field, value)
			   : bad(r, "error.json_name");
		if (!ok) {
			prefix(r->trouble, name, -1);
			return false;
		}
	}
	return true;
}

bool json_to_message(struct arena *arena, const json_t *object,
		     ProtobufCMessage *message, struct json_trouble *trouble)
{
	struct reading r = { arena, trouble };

	memset(trouble, 0, sizeof(*trouble));
	if (!json_is_object(object))
		return bad(&r, "error.json_type");
	return read_object(&r, object, message);
}
