/*
 * Messages as JSON and back, by descriptor.
 *
 * Names in lowerCamelCase, int64 as strings, a date as "2026-12-04", a moment as
 * RFC 3339 with +08:00, bytes in base64, enums by name; what is not given is
 * left out.
 */
#ifndef CLIENT_JSON_H
#define CLIENT_JSON_H

#include "common/arena.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* A new object; NULL: no memory. */
json_t *json_of_message(const ProtobufCMessage *message);

/* As text, malloc'ed, by jansson's flags; what text_must_show() is written \uXXXX, so
 * that it is harmless on a terminal and the same to a program.  NULL: no memory. */
char *json_text(const json_t *value, size_t flags);

/* Where reading stopped: "items[2].judgement" and a key of words. */
struct json_trouble {
	char path[160];
	const char *key; /* error.json_... */
};

/* Fills a message from an object.  Names may be camelCase or as in the proto;
 * dates and enums are read as on the command line.  False: *trouble says where. */
bool json_to_message(struct arena *arena, const json_t *object,
		     ProtobufCMessage *message, struct json_trouble *trouble);

#endif
