/* What wire_check() accepts unpacks within the cap or is refused for it, holds
 * nothing but text in its strings, and packs into what is accepted again.
 *
 * First byte: which message.  Second: the arena's cap in units of 4 KiB. */
#include "common/arena.h"
#include "common/text.h"
#include "common/wire.h"
#include "envelope.pb-c.h"
#include "sample.pb-c.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const ProtobufCMessageDescriptor *const types[] = {
	&sample__descriptor,
	&request__descriptor,
	&reply__descriptor,
	&envelope__descriptor,
};

static void check_message(const ProtobufCMessage *message, unsigned depth);

static void check_text(const char *s)
{
	size_t len = strlen(s), n;
	uint32_t cp;

	for (; len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		assert(n && text_allowed(cp));
	}
}

static void check_pointer(const ProtobufCFieldDescriptor *field, const void *value,
			  unsigned depth)
{
	if (value && field->type == PROTOBUF_C_TYPE_STRING)
		check_text(value);
	else if (value && field->type == PROTOBUF_C_TYPE_MESSAGE)
		check_message(value, depth + 1);
}

static void check_field(const ProtobufCMessage *message,
			const ProtobufCFieldDescriptor *field, unsigned depth)
{
	const char *base = (const char *)message;
	size_t n, i;
	uint32_t present;
	void *const *list;

	if (field->type != PROTOBUF_C_TYPE_STRING &&
	    field->type != PROTOBUF_C_TYPE_MESSAGE)
		return;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&n, base + field->quantifier_offset, sizeof(n));
		memcpy(&list, base + field->offset, sizeof(list));
		for (i = 0; i < n; i++)
			check_pointer(field, list[i], depth);
		return;
	}
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		memcpy(&present, base + field->quantifier_offset,
		       sizeof(present));
		if (present != field->id)
			return;
	}
	check_pointer(field, *(void *const *)(const void *)(base + field->offset),
		      depth);
}

static void check_message(const ProtobufCMessage *message, unsigned depth)
{
	unsigned i;

	assert(depth <= wire_limits.depth);
	assert(message->n_unknown_fields == 0);
	for (i = 0; i < message->descriptor->n_fields; i++)
		check_field(message, &message->descriptor->fields[i], depth);
}

static void pack_again(const ProtobufCMessageDescriptor *type,
		       const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(size ? size : 1);

	assert(bytes && protobuf_c_message_pack(message, bytes) == size);
	assert(wire_check(type, bytes, size, &wire_limits, NULL) == WIRE_OK);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Room for packing again what came packed otherwise. */
	struct wire_limits limits = { .depth = wire_limits.depth,
		.fields = 5000, .string = 100000 };
	const ProtobufCMessageDescriptor *type;
	ProtobufCMessage *message;
	struct arena arena;

	if (size < 2)
		return 0;
	type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
	arena_init(&arena, (data[1] + (size_t)1) * 4096);
	if (wire_check(type, data + 2, size - 2, &limits, NULL) == WIRE_OK) {
		message = protobuf_c_message_unpack(type, arena_protobuf(&arena),
						    size - 2, data + 2);
		assert(message || arena_exceeded(&arena));
		assert(arena_peak(&arena) <= arena.cap);
		if (message) {
			check_message(message, 1);
			pack_again(type, message);
		}
	}
	arena_free(&arena);
	return 0;
}
