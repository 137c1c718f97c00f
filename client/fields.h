/*
 * Fields of messages by descriptor: what options, JSON and the generic view
 * stand on.  Messages live in an arena and are never freed by field.
 */
#ifndef CLIENT_FIELDS_H
#define CLIENT_FIELDS_H

#include "common/arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a field means, by type and name (see proto/envelope.proto). */
enum field_kind {
	FIELD_TEXT,
	FIELD_CODE,   /* text that people type: an id; full width is folded */
	FIELD_BYTES,
	FIELD_BOOL,
	FIELD_ENUM,
	FIELD_NUMBER,
	FIELD_DATE,   /* *_on: days */
	FIELD_MOMENT, /* *_at: microseconds */
	FIELD_MONEY,  /* *_fen */
	FIELD_MESSAGE,
};

enum field_kind field_kind(const ProtobufCFieldDescriptor *field);
bool field_repeated(const ProtobufCFieldDescriptor *field);

/* An empty message of a type; NULL: no memory. */
void *fields_new(struct arena *arena, const ProtobufCMessageDescriptor *type);

/* Room for one value: the field itself, marked as given, or one more of a
 * repeated field.  It holds the C type of the field (a pointer for text and
 * messages).  NULL: no memory. */
void *fields_add(struct arena *arena, void *message,
		 const ProtobufCFieldDescriptor *field);

/* The same for a field that is a message: an empty one, given.  NULL: no memory. */
void *fields_add_new(struct arena *arena, void *message,
		     const ProtobufCFieldDescriptor *field);

/* How many values are there (0 or 1 unless repeated), and the i-th. */
size_t fields_count(const void *message, const ProtobufCFieldDescriptor *field);
const void *fields_at(const void *message, const ProtobufCFieldDescriptor *field,
		      size_t i);

/* ---- values ---------------------------------------------------------------------- */

int64_t field_integer(const ProtobufCFieldDescriptor *field, const void *value);
/* False: out of the type's range. */
bool field_set_integer(const ProtobufCFieldDescriptor *field, void *slot,
		       int64_t number);
/* "foo_bar" -> "fooBar", in the arena. */
const char *field_camel(struct arena *arena, const char *name);

#endif
