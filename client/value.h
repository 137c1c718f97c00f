/*
 * One value between what a person types or reads and a field of a message.
 */
#ifndef CLIENT_VALUE_H
#define CLIENT_VALUE_H

#include "client/fields.h"
#include "client/out.h"

/* Why a text is no value of the field. */
struct value_trouble {
	const char *key;   /* error.value_... */
	const char *guess; /* did you mean; NULL if there is nothing near */
};

/* Into the slot of fields_add. */
bool value_parse(struct arena *arena, const ProtobufCFieldDescriptor *field,
		 const char *text, void *slot, struct value_trouble *trouble);

/* As a person reads it, living as long as the out; a message is not one value:
 * NULL. */
const char *value_text(struct out *out, const ProtobufCFieldDescriptor *field,
		       const void *value);

/* The i-th value of a field of a message; a state has the word of that kind of thing. */
const char *value_nth(struct out *out, const void *message,
		      const ProtobufCFieldDescriptor *field, size_t i);
/* All of them in one text; of messages only how many there are.  NULL: there is none. */
const char *value_joined(struct out *out, const void *message,
			 const ProtobufCFieldDescriptor *field);

/* The word of an enum's value; "?" is none. */
const char *value_enum(const char *field, const ProtobufCEnumDescriptor *type,
		       int number);
/* Every word an enum value may be typed as: its name and its Chinese word. */
const char *value_enum_word(const ProtobufCFieldDescriptor *field, unsigned i);
/* All of them in a row, as out does. */
const char *value_enum_words(struct out *out, const ProtobufCFieldDescriptor *field);

/* Today in Beijing, for "10-22" and "今天", never for a rule: what the server said
 * last, or else by this machine's clock. */
int32_t value_today(void);
void value_set_today(int32_t days);
/* Whether a text means another day tomorrow. */
bool value_needs_today(const char *text);

/* The bytes of a file ("-": standard input) up to `limit`, in the arena with a NUL
 * after them.  NULL: *key says why (error.file_...). */
void *value_read_file(struct arena *arena, const char *path, size_t limit,
		      size_t *len, const char **key);

#endif
