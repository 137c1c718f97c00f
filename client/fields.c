#include "client/fields.h"

#include <string.h>

static bool ends(const char *name, const char *tail)
{
	size_t n = strlen(name), t = strlen(tail);

	return n >= t && strcmp(name + n - t, tail) == 0;
}

static enum field_kind kind_of_number(const char *name)
{
	if (ends(name, "_on"))
		return FIELD_DATE;
	if (ends(name, "_at"))
		return FIELD_MOMENT;
	return ends(name, "_fen") ? FIELD_MONEY : FIELD_NUMBER;
}

enum field_kind field_kind(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return ends(field->name, "_id") || ends(field->name, "_ids") ||
		       strcmp(field->name, "office") == 0
			? FIELD_CODE : FIELD_TEXT;
	case PROTOBUF_C_TYPE_BYTES:
		return FIELD_BYTES;
	case PROTOBUF_C_TYPE_BOOL:
		return FIELD_BOOL;
	case PROTOBUF_C_TYPE_ENUM:
		return FIELD_ENUM;
	case PROTOBUF_C_TYPE_MESSAGE:
		return FIELD_MESSAGE;
	default:
		return kind_of_number(field->name);
	}
}

bool field_repeated(const ProtobufCFieldDescriptor *field)
{
	return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

void *fields_new(struct arena *arena, const ProtobufCMessageDescriptor *type)
{
	void *message = arena_zero(arena, 1, type->sizeof_message);

	if (message)
		type->message_init(message);
	return message;
}

static void *at(void *message, unsigned offset)
{
	return (char *)message + offset;
}

static const void *at_const(const void *message, unsigned offset)
{
	return (const char *)message + offset;
}

/* Doubles the array whenever its length is a power of two: no room is kept
 * beside it, and adding stays cheap. */
static void *add_element(struct arena *arena, void *message,
			 const ProtobufCFieldDescriptor *field)
{
	size_t *n = at(message, field->quantifier_offset);
	void **array = at(message, field->offset);
	size_t size = size_of(field);
	void *bigger;

	if ((*n & (*n - 1)) == 0) {
		bigger = arena_zero(arena, *n ? *n * 2 : 1, size);
		if (!bigger)
			return NULL;
		if (*n)
			memcpy(bigger, *array, *n * size);
		*array = bigger;
	}
	(*n)++;
	return (char *)*array + (*n - 1) * size;
}

void *fields_add(struct arena *arena, void *message,
		 const ProtobufCFieldDescriptor *field)
{
	void *slot = at(message, field->offset);

	if (field_repeated(field))
		return add_element(arena, message, field);
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		*(uint32_t *)at(message, field->quantifier_offset) = field->id;
	else if (field->quantifier_offset)
		*(protobuf_c_boolean *)at(message, field->quantifier_offset) = 1;
	memset(slot, 0, size_of(field));
	return slot;
}

void *fields_add_new(struct arena *arena, void *message,
		     const ProtobufCFieldDescriptor *field)
{
	void **slot = fields_add(arena, message, field);

	if (slot)
		*slot = fields_new(arena, field->descriptor);
	return slot ? *slot : NULL;
}

size_t fields_count(const void *message, const ProtobufCFieldDescriptor *field)
{
	const void *quantifier = at_const(message, field->quantifier_offset);
	const void *slot = at_const(message, field->offset);

	if (field_repeated(field))
		return *(const size_t *)quantifier;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)quantifier == field->id;
	if (field->type == PROTOBUF_C_TYPE_STRING ||
	    field->type == PROTOBUF_C_TYPE_MESSAGE) {
		const void *pointer = *(const void *const *)slot;

		return pointer && pointer != field->default_value;
	}
	return *(const protobuf_c_boolean *)quantifier != 0;
}

const void *fields_at(const void *message, const ProtobufCFieldDescriptor *field,
		      size_t i)
{
	const void *slot = at_const(message, field->offset);

	if (!field_repeated(field))
		return slot;
	return *(const char *const *)slot + i * size_of(field);
}

int64_t field_integer(const ProtobufCFieldDescriptor *field, const void *value)
{
	if (size_of(field) == 8)
		return *(const int64_t *)value;
	if (field->type == PROTOBUF_C_TYPE_UINT32 ||
	    field->type == PROTOBUF_C_TYPE_FIXED32)
		return *(const uint32_t *)value;
	return *(const int32_t *)value;
}

bool field_set_integer(const ProtobufCFieldDescriptor *field, void *slot,
		       int64_t number)
{
	bool is_unsigned = field->type == PROTOBUF_C_TYPE_UINT32 ||
			   field->type == PROTOBUF_C_TYPE_FIXED32;

	if (size_of(field) == 8) {
		*(int64_t *)slot = number;
		return true;
	}
	if (number < (is_unsigned ? 0 : INT32_MIN) ||
	    number > (is_unsigned ? (int64_t)UINT32_MAX : INT32_MAX))
		return false;
	if (is_unsigned)
		*(uint32_t *)slot = (uint32_t)number;
	else
		*(int32_t *)slot = (int32_t)number;
	return true;
}

const char *field_camel(struct arena *arena, const char *name)
{
	char *camel = arena_alloc(arena, strlen(name) + 1);
	char *to = camel;

	if (!camel)
		return name;
	for (; *name; name++) {
		if (*name == '_' && name[1] >= 'a' && name[1] <= 'z') {
			*to++ = (char)(name[1] - 'a' + 'A');
			name++;
		} else {
			*to++ = *name;
		}
	}
	*to = '\0';
	return camel;
}
