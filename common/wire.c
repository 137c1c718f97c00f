#include "common/wire.h"

#include "common/text.h"

#include <string.h>

#define TAG_BYTES 5    /* protobuf-c reads no longer one */
#define LENGTH_BYTES 5 /* nor a longer length */
#define VARINT_BYTES 10

const struct wire_limits wire_limits = {
	.depth = 6,
	.fields = 20000,
	.string = 1024 * 1024,
};

/* A message being walked.  A stack of these stands in for recursion. */
struct level {
	const ProtobufCMessageDescriptor *type;
	const uint8_t *end;
	uint8_t seen[WIRE_FIELDS_MAX / 8]; /* a bit per field that comes once */
};

struct walk {
	const uint8_t *at;
	const struct wire_limits *limits;
	size_t fields;
	unsigned depth;
	const char *field; /* the offending one */
	struct level levels[WIRE_DEPTH_MAX];
};

static struct level *top(struct walk *walk)
{
	return &walk->levels[walk->depth - 1];
}

static enum wire_result enter(struct walk *walk,
			      const ProtobufCMessageDescriptor *type,
			      const uint8_t *end)
{
	unsigned limit = walk->limits->depth;

	if (limit > WIRE_DEPTH_MAX)
		limit = WIRE_DEPTH_MAX;
	if (walk->depth >= limit || type->n_fields > WIRE_FIELDS_MAX)
		return WIRE_BAD_MESSAGE;
	walk->depth++;
	top(walk)->type = type;
	top(walk)->end = end;
	memset(top(walk)->seen, 0, sizeof(top(walk)->seen));
	return WIRE_OK;
}

static bool read_varint(struct walk *walk, const uint8_t *end, int most,
			uint64_t *value)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < most && walk->at < end; i++) {
		uint8_t byte = *walk->at++;

		if (i == VARINT_BYTES - 1 && byte > 1)
			return false; /* more than 64 bits */
		sum |= (uint64_t)(byte & 0x7F) << (7 * i);
		if (!(byte & 0x80)) {
			*value = sum;
			return true;
		}
	}
	return false;
}

static bool count_field(struct walk *walk)
{
	return ++walk->fields <= walk->limits->fields;
}

static bool fits_int32(uint64_t raw)
{
	int64_t value = (int64_t)raw;

	return value >= INT32_MIN && value <= INT32_MAX;
}

static bool enum_known(const ProtobufCFieldDescriptor *field, uint64_t raw)
{
	return fits_int32(raw) &&
	       protobuf_c_enum_descriptor_get_value(field->descriptor,
						    (int)(int64_t)raw);
}

static enum wire_result check_varint(const ProtobufCFieldDescriptor *field,
				     uint64_t raw)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
		return fits_int32(raw) ? WIRE_OK : WIRE_BAD_MESSAGE;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_SINT32:
		return raw <= UINT32_MAX ? WIRE_OK : WIRE_BAD_MESSAGE;
	case PROTOBUF_C_TYPE_BOOL:
		return raw <= 1 ? WIRE_OK : WIRE_BAD_MESSAGE;
	case PROTOBUF_C_TYPE_ENUM:
		return enum_known(field, raw) ? WIRE_OK : WIRE_INVALID;
	default:
		return WIRE_OK;
	}
}

static ProtobufCWireType wire_type_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	default:
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	}
}

static enum wire_result take_scalar(struct walk *walk,
				    const ProtobufCFieldDescriptor *field,
				    const uint8_t *end)
{
	ProtobufCWireType type = wire_type_of(field);
	size_t size = type == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 8;
	uint64_t raw;

	if (type == PROTOBUF_C_WIRE_TYPE_VARINT) {
		if (!read_varint(walk, end, VARINT_BYTES, &raw))
			return WIRE_BAD_MESSAGE;
		return check_varint(field, raw);
	}
	if ((size_t)(end - walk->at) < size)
		return WIRE_BAD_MESSAGE;
	walk->at += size;
	return WIRE_OK;
}

static enum wire_result take_packed(struct walk *walk,
				    const ProtobufCFieldDescriptor *field,
				    const uint8_t *end)
{
	enum wire_result result = WIRE_OK;

	while (walk->at < end && result == WIRE_OK) {
		if (!count_field(walk))
			return WIRE_BAD_MESSAGE;
		result = take_scalar(walk, field, end);
	}
	return result;
}

static enum wire_result take_string(struct walk *walk, const uint8_t *end)
{
	const char *s = (const char *)walk->at;
	size_t len = (size_t)(end - walk->at), n;
	uint32_t cp;

	if (len > walk->limits->string)
		return WIRE_BAD_MESSAGE;
	for (; len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		if (n == 0 || cp == 0 ||
		    (!walk->limits->any_text && !text_allowed(cp)))
			return WIRE_INVALID;
	}
	walk->at = end;
	return WIRE_OK;
}

static enum wire_result take_prefixed(struct walk *walk,
				      const ProtobufCFieldDescriptor *field)
{
	const uint8_t *end = top(walk)->end;
	uint64_t len;

	/* A negative length is a large one here. */
	if (!read_varint(walk, end, LENGTH_BYTES, &len) ||
	    len > (uint64_t)(end - walk->at))
		return WIRE_BAD_MESSAGE;
	end = walk->at + len;
	switch (field->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		return enter(walk, field->descriptor, end);
	case PROTOBUF_C_TYPE_STRING:
		return take_string(walk, end);
	case PROTOBUF_C_TYPE_BYTES:
		walk->at = end;
		return WIRE_OK;
	default:
		return take_packed(walk, field, end);
	}
}

static void mark(struct level *level, unsigned index)
{
	level->seen[index / 8] |= (uint8_t)(1u << index % 8);
}

/* Members of one oneof share the place of their case, so the first one seen
 * uses up all of them. */
static void mark_oneof(struct level *level, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCFieldDescriptor *fields = level->type->fields;
	unsigned i;

	for (i = 0; i < level->type->n_fields; i++) {
		if ((fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		    fields[i].quantifier_offset == field->quantifier_offset)
			mark(level, i);
	}
}

static bool seen_before(struct level *level, const ProtobufCFieldDescriptor *field)
{
	unsigned index = (unsigned)(field - level->type->fields);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return false;
	if (level->seen[index / 8] >> index % 8 & 1)
		return true;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		mark_oneof(level, field);
	else
		mark(level, index);
	return false;
}

/* Whether `wire` is how the field may come: repeated numbers also packed. */
static bool fits_type(const ProtobufCFieldDescriptor *field, unsigned wire)
{
	if (wire == wire_type_of(field))
		return true;
	return field->label == PROTOBUF_C_LABEL_REPEATED &&
	       wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
}

static enum wire_result unknown(const struct walk *walk, uint64_t number)
{
	return walk->depth == 1 && number >= WIRE_FIRST_REQUEST ?
		       WIRE_UNKNOWN_REQUEST :
		       WIRE_BAD_MESSAGE;
}

static enum wire_result take_field(struct walk *walk)
{
	const ProtobufCFieldDescriptor *field;
	enum wire_result result;
	uint64_t tag;

	if (!count_field(walk) ||
	    !read_varint(walk, top(walk)->end, TAG_BYTES, &tag) ||
	    tag >> 3 == 0 || tag > UINT32_MAX)
		return WIRE_BAD_MESSAGE;
	field = protobuf_c_message_descriptor_get_field(top(walk)->type,
							(unsigned)(tag >> 3));
	if (!field)
		return unknown(walk, tag >> 3);
	walk->field = field->name;
	if (!fits_type(field, tag & 7) || seen_before(top(walk), field))
		return WIRE_BAD_MESSAGE;
	if ((tag & 7) == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
		result = take_prefixed(walk, field);
	else
		result = take_scalar(walk, field, top(walk)->end);
	if (result == WIRE_OK)
		walk->field = NULL;
	return result;
}

static enum wire_result run(struct walk *walk)
{
	enum wire_result result = WIRE_OK;

	while (walk->depth && result == WIRE_OK) {
		if (walk->at == top(walk)->end)
			walk->depth--;
		else
			result = take_field(walk);
	}
	return result;
}

enum wire_result wire_check(const ProtobufCMessageDescriptor *type,
			    const uint8_t *data, size_t len,
			    const struct wire_limits *limits,
			    const char **field)
{
	static const uint8_t nothing[1];
	struct walk walk;
	enum wire_result result;

	walk.at = len ? data : nothing;
	walk.limits = limits;
	walk.fields = 0;
	walk.depth = 0;
	walk.field = NULL;
	result = enter(&walk, type, walk.at + len);
	if (result == WIRE_OK)
		result = run(&walk);
	if (field)
		*field = walk.field;
	return result;
}
