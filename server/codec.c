#include "server/codec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PostgreSQL counts from 2000-01-01. */
#define EPOCH_DAYS 10957
#define EPOCH_MICROS INT64_C(946684800000000)
/* The years 1 to 9999, as days since 1970. */
#define DAY_FIRST (-719162)
#define DAY_LAST 2932896
#define DAY_MICROS INT64_C(86400000000)

enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25,
	OID_DATE = 1082, OID_TIMESTAMPTZ = 1184 };

enum { WIRE_VARINT = 0, WIRE_LEN = 2 };

/* ---- plans ------------------------------------------------------------------------ */

static const struct {
	Oid oid;
	enum codec_kind kind;
	ProtobufCType type;
	const char *suffix; /* the field's name must end so, NULL: must not */
} scalars[] = {
	{ OID_TEXT, CODEC_TEXT, PROTOBUF_C_TYPE_STRING, NULL },
	{ OID_TEXT, CODEC_ENUM, PROTOBUF_C_TYPE_ENUM, NULL },
	{ OID_BYTEA, CODEC_BYTES, PROTOBUF_C_TYPE_BYTES, NULL },
	{ OID_BOOL, CODEC_BOOL, PROTOBUF_C_TYPE_BOOL, NULL },
	{ OID_INT4, CODEC_INT4, PROTOBUF_C_TYPE_INT32, NULL },
	{ OID_DATE, CODEC_DATE, PROTOBUF_C_TYPE_INT32, "_on" },
	{ OID_INT8, CODEC_INT8, PROTOBUF_C_TYPE_INT64, NULL },
	{ OID_TIMESTAMPTZ, CODEC_MOMENT, PROTOBUF_C_TYPE_INT64, "_at" },
};

static const char *const type_names[] = {
	[PROTOBUF_C_TYPE_INT32] = "int32", [PROTOBUF_C_TYPE_INT64] = "int64",
	[PROTOBUF_C_TYPE_BOOL] = "bool", [PROTOBUF_C_TYPE_ENUM] = "enum",
	[PROTOBUF_C_TYPE_STRING] = "string", [PROTOBUF_C_TYPE_BYTES] = "bytes",
	[PROTOBUF_C_TYPE_MESSAGE] = "message",
};

/* Where the comparison reports to, and under what name. */
struct report {
	const char *what;
	void (*differs)(void *, const char *);
	void *arg;
};

static void __attribute__((format(printf, 2, 3)))
report(const struct report *r, const char *format, ...)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%s: ", r->what);
	va_list ap;

	va_start(ap, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, ap);
	va_end(ap);
	r->differs(r->arg, line);
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && strcmp(s + n - m, suffix) == 0;
}

static bool pair_scalar(struct codec_field *f, const struct schema_type *type)
{
	const char *name = f->field->name;
	bool day = ends_with(name, "_on"), moment = ends_with(name, "_at");

	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++) {
		if (scalars[i].oid != (type->kind == 'e' ? OID_TEXT : type->oid) ||
			scalars[i].type != f->field->type)
			continue;
		if (scalars[i].suffix ? !ends_with(name, scalars[i].suffix) :
				(scalars[i].kind == CODEC_INT4 && day) ||
				(scalars[i].kind == CODEC_INT8 && moment))
			continue;
		f->kind = scalars[i].kind;
		return true;
	}
	return false;
}

static bool pair_field(struct codec_field *f, const struct schema *schema,
	const struct schema_column *column, const struct report *r)
{
	const struct schema_type *type = schema_base_type(schema, column->type);
	bool repeated = f->field->label == PROTOBUF_C_LABEL_REPEATED;

	if (strcmp(f->field->name, column->name) != 0) {
		report(r, "field `%s` stands where the function has `%s`",
			f->field->name, column->name);
		return false;
	}
	f->oid = column->type;
	if (repeated && type) {
		f->element = type->element;
		type = schema_base_type(schema, type->element);
	}
	if (type && f->field->type == PROTOBUF_C_TYPE_MESSAGE && type->kind == 'c') {
		char what[256];

		snprintf(what, sizeof(what), "%s.%s", r->what, f->field->name);
		f->kind = CODEC_COMPOSITE;
		f->composite = codec_plan_new(f->field->descriptor, schema,
			type->columns, type->n, what, r->differs, r->arg);
		return f->composite != NULL;
	}
	if (type && f->field->type != PROTOBUF_C_TYPE_MESSAGE && pair_scalar(f, type))
		return true;
	type = schema_type(schema, column->type);
	report(r, "field `%s` is %s%s, the function has %s", f->field->name,
		repeated ? "repeated " : "",
		f->field->type < sizeof(type_names) / sizeof(type_names[0]) &&
			type_names[f->field->type] ? type_names[f->field->type] :
			"of a type never used here",
		type ? type->name : "a type not known here");
	return false;
}

struct codec_plan *codec_plan_new(const ProtobufCMessageDescriptor *message,
	const struct schema *schema, const struct schema_column *columns, unsigned n,
	const char *what, void (*differs)(void *, const char *line), void *arg)
{
	struct report r = { what, differs, arg };
	struct codec_plan *plan = calloc(1, sizeof(*plan) +
		message->n_fields * sizeof(plan->fields[0]));
	bool same = plan != NULL;

	if (!plan)
		return NULL;
	plan->message = message;
	plan->n = message->n_fields;
	if (message->n_fields != n) {
		report(&r, "%s has %u fields, the function %u", message->name,
			message->n_fields, n);
		same = false;
	}
	for (unsigned i = 0; i < plan->n && i < n; i++) {
		plan->fields[i].field = &message->fields[i];
		if (!pair_field(&plan->fields[i], schema, &columns[i], &r))
			same = false;
	}
	if (same)
		return plan;
	codec_plan_free(plan);
	return NULL;
}

void codec_plan_free(struct codec_plan *plan)
{
	if (!plan)
		return;
	for (unsigned i = 0; i < plan->n; i++)
		codec_plan_free(plan->fields[i].composite);
	free(plan);
}

/* ---- message to PostgreSQL ----------------------------------------------------------- */

static const char *enum_name(const ProtobufCFieldDescriptor *field, int value)
{
	const ProtobufCEnumValue *v =
		protobuf_c_enum_descriptor_get_value(field->descriptor, value);

	return v ? v->name : "";
}

static bool put_message(const struct codec_plan *plan, const ProtobufCMessage *message,
	struct buf *out, const char **field);

/* The value at `p` without a length before it. */
static bool put_value(const struct codec_field *f, const void *p, struct buf *out,
	const char **field)
{
	int64_t n;

	switch (f->kind) {
	case CODEC_TEXT:
		buf_put(out, *(char *const *)p, strlen(*(char *const *)p));
		return true;
	case CODEC_ENUM: {
		const char *name = enum_name(f->field, *(const int *)p);

		buf_put(out, name, strlen(name));
		return true;
	}
	case CODEC_BYTES: {
		const ProtobufCBinaryData *b = p;

		buf_put(out, b->data, b->len);
		return true;
	}
	case CODEC_BOOL:
		buf_put(out, *(const protobuf_c_boolean *)p ? "\1" : "\0", 1);
		return true;
	case CODEC_INT4:
		buf_u32(out, (uint32_t)*(const int32_t *)p);
		return true;
	case CODEC_DATE:
		n = *(const int32_t *)p;
		if (n < DAY_FIRST || n > DAY_LAST)
			break;
		buf_u32(out, (uint32_t)(n - EPOCH_DAYS));
		return true;
	case CODEC_INT8:
		buf_u64(out, (uint64_t)*(const int64_t *)p);
		return true;
	case CODEC_MOMENT:
		n = *(const int64_t *)p;
		if (n < DAY_FIRST * DAY_MICROS || n > DAY_LAST * DAY_MICROS)
			break;
		buf_u64(out, (uint64_t)(n - EPOCH_MICROS));
		return true;
	case CODEC_COMPOSITE:
		return put_message(f->composite, *(ProtobufCMessage *const *)p, out,
			field);
	}
	*field = f->field->name;
	return false;
}

static bool put_sized(const struct codec_field *f, const void *p, struct buf *out,
	const char **field)
{
	size_t at = out->len;

	buf_u32(out, 0);
	if (!put_value(f, p, out, field))
		return false;
	buf_patch_u32(out, at, (uint32_t)(out->len - at - 4));
	return true;
}

static size_t element_size(const struct codec_field *f)
{
	switch (f->kind) {
	case CODEC_BYTES: return sizeof(ProtobufCBinaryData);
	case CODEC_BOOL: return sizeof(protobuf_c_boolean);
	case CODEC_ENUM: return sizeof(int);
	case CODEC_INT4: case CODEC_DATE: return sizeof(int32_t);
	case CODEC_INT8: case CODEC_MOMENT: return sizeof(int64_t);
	default: return sizeof(void *);
	}
}

static bool put_array(const struct codec_field *f, const ProtobufCMessage *message,
	struct buf *out, const char **field)
{
	const uint8_t *base = (const uint8_t *)message;
	size_t n = *(const size_t *)(base + f->field->quantifier_offset);
	const uint8_t *p = *(uint8_t *const *)(base + f->field->offset);

	buf_u32(out, n > 0); /* dimensions */
	buf_u32(out, 0);     /* no NULLs */
	buf_u32(out, f->element);
	if (n > 0) {
		buf_u32(out, (uint32_t)n);
		buf_u32(out, 1); /* lower bound */
	}
	for (size_t i = 0; i < n; i++)
		if (!put_sized(f, p + i * element_size(f), out, field))
			return false;
	return true;
}

/* Whether an optional field was given. */
static bool given(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *message)
{
	const uint8_t *base = (const uint8_t *)message;

	if (f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)(base + f->offset) != NULL;
	return *(const protobuf_c_boolean *)(base + f->quantifier_offset);
}

static bool put_message(const struct codec_plan *plan, const ProtobufCMessage *message,
	struct buf *out, const char **field)
{
	buf_u32(out, plan->n);
	for (unsigned i = 0; i < plan->n; i++) {
		const struct codec_field *f = &plan->fields[i];
		size_t at;

		buf_u32(out, f->oid);
		at = out->len;
		buf_u32(out, UINT32_MAX); /* NULL */
		if (f->field->label == PROTOBUF_C_LABEL_REPEATED) {
			if (!put_array(f, message, out, field))
				return false;
		} else if (given(f->field, message)) {
			if (!put_value(f, (const uint8_t *)message +
					f->field->offset, out, field))
				return false;
		} else {
			continue;
		}
		buf_patch_u32(out, at, (uint32_t)(out->len - at - 4));
	}
	return true;
}

bool codec_encode(const struct codec_plan *plan, const ProtobufCMessage *message,
	struct arena *arena, const char **values, int *lengths, const char **field)
{
	struct buf buf = { 0 };
	bool ok = true;

	*field = NULL;
	for (unsigned i = 0; i < plan->n && ok; i++) {
		const struct codec_field *f = &plan->fields[i];
		const uint8_t *p = (const uint8_t *)message + f->field->offset;
		bool repeated = f->field->label == PROTOBUF_C_LABEL_REPEATED;

		values[i] = NULL;
		lengths[i] = 0;
		if (!repeated && !given(f->field, message))
			continue;
		/* as it is: a chunk of evidence is large */
		if (!repeated && f->kind == CODEC_BYTES) {
			const ProtobufCBinaryData *b = (const void *)p;

			values[i] = b->len ? (const char *)b->data : "";
			lengths[i] = (int)b->len;
			continue;
		}
		buf_reset(&buf);
		ok = (repeated ? put_array(f, message, &buf, field) :
			put_value(f, p, &buf, field)) && !buf.failed;
		if (ok) {
			values[i] = arena_copy(arena, buf.data ? buf.data :
				(const uint8_t *)"", buf.len);
			lengths[i] = (int)buf.len;
			ok = values[i] != NULL;
		}
	}
	buf_free(&buf);
	return ok;
}

/* ---- PostgreSQL to message -------------------------------------------------------------- */

/* Binary input with its end known; `bad` once it was overrun. */
struct in {
	const uint8_t *p, *end;
	bool bad;
};

static uint32_t in_u32(struct in *in)
{
	uint32_t v;

	if (in->bad || in->end - in->p < 4) {
		in->bad = true;
		return 0;
	}
	v = buf_get_u32(in->p);
	in->p += 4;
	return v;
}

static uint64_t in_u64(struct in *in)
{
	uint64_t high = in_u32(in);

	return high << 32 | in_u32(in);
}

/* A length and that many bytes.  False: NULL (or overrun, see `bad`). */
static bool in_sized(struct in *in, struct in *part)
{
	uint32_t len = in_u32(in);

	if (in->bad || len == UINT32_MAX)
		return false;
	if (len > (size_t)(in->end - in->p)) {
		in->bad = true;
		return false;
	}
	*part = (struct in){ .p = in->p, .end = in->p + len };
	in->p += len;
	return true;
}

static void put_tag(struct buf *out, const ProtobufCFieldDescriptor *field, unsigned wire)
{
	buf_varint(out, (uint64_t)field->id << 3 | wire);
}

static bool get_composite(const struct codec_plan *plan, struct in *in, struct buf *out);

static bool get_enum(const struct codec_field *f, const struct in *in, struct buf *out)
{
	char name[128];
	size_t len = (size_t)(in->end - in->p);
	const ProtobufCEnumValue *v;

	if (len >= sizeof(name))
		return false;
	memcpy(name, in->p, len);
	name[len] = '\0';
	v = protobuf_c_enum_descriptor_get_value_by_name(f->field->descriptor, name);
	if (!v)
		return false;
	put_tag(out, f->field, WIRE_VARINT);
	buf_varint(out, (uint64_t)(int64_t)v->value);
	return true;
}

static bool get_number(const struct codec_field *f, struct in *in, struct buf *out)
{
	int64_t n;

	switch (f->kind) {
	case CODEC_BOOL:
		if (in->end - in->p != 1)
			return false;
		n = *in->p++ != 0;
		break;
	case CODEC_INT4: n = (int32_t)in_u32(in); break;
	case CODEC_DATE: n = (int64_t)(int32_t)in_u32(in) + EPOCH_DAYS; break;
	case CODEC_INT8: n = (int64_t)in_u64(in); break;
	default:
		if (__builtin_add_overflow((int64_t)in_u64(in), EPOCH_MICROS, &n))
			return false;
	}
	put_tag(out, f->field, WIRE_VARINT);
	buf_varint(out, (uint64_t)n);
	return !in->bad && in->p == in->end;
}

static bool get_value(const struct codec_field *f, struct in in, struct buf *out)
{
	size_t at;

	switch (f->kind) {
	case CODEC_TEXT:
	case CODEC_BYTES:
		put_tag(out, f->field, WIRE_LEN);
		buf_varint(out, (uint64_t)(in.end - in.p));
		buf_put(out, in.p, (size_t)(in.end - in.p));
		return true;
	case CODEC_ENUM:
		return get_enum(f, &in, out);
	case CODEC_COMPOSITE:
		put_tag(out, f->field, WIRE_LEN);
		at = out->len;
		if (!get_composite(f->composite, &in, out))
			return false;
		buf_insert_length(out, at);
		return true;
	default:
		return get_number(f, &in, out);
	}
}

static bool get_array(const struct codec_field *f, struct in in, struct buf *out)
{
	uint32_t dimensions = in_u32(&in), n;

	in_u32(&in); /* whether there are NULLs: seen at each element */
	in_u32(&in); /* the elements' type: compared at start-up */
	if (dimensions == 0)
		return !in.bad && in.p == in.end;
	n = in_u32(&in);
	in_u32(&in); /* lower bound */
	if (dimensions != 1)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct in element;

		/* A NULL has no form in a repeated field. */
		if (!in_sized(&in, &element) || !get_value(f, element, out))
			return false;
	}
	return !in.bad && in.p == in.end;
}

bool codec_decode_value(const struct codec_field *field, const uint8_t *data, size_t len,
	struct buf *out)
{
	struct in in = { .p = data, .end = data + len };

	return field->field->label == PROTOBUF_C_LABEL_REPEATED ?
		get_array(field, in, out) : get_value(field, in, out);
}

static bool get_composite(const struct codec_plan *plan, struct in *in, struct buf *out)
{
	if (in_u32(in) != plan->n)
		return false;
	for (unsigned i = 0; i < plan->n; i++) {
		struct in part;

		in_u32(in); /* the column's type: compared at start-up */
		if (in_sized(in, &part) && !codec_decode_value(&plan->fields[i],
				part.p, (size_t)(part.end - part.p), out))
			return false;
	}
	return !in->bad && in->p == in->end;
}

bool codec_decode(const struct codec_plan *plan, const PGresult *result, int row,
	struct buf *out)
{
	if (PQntuples(result) == 0)
		return true;
	if ((unsigned)PQnfields(result) < plan->n)
		return false;
	for (unsigned i = 0; i < plan->n; i++)
		if (!PQgetisnull(result, row, (int)i) && !codec_decode_value(
				&plan->fields[i],
				(const uint8_t *)PQgetvalue(result, row, (int)i),
				(size_t)PQgetlength(result, row, (int)i), out))
			return false;
	return !out->failed;
}
