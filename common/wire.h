/*
 * Looks at the bytes of a message before protobuf-c does.
 *
 * protobuf-c has no limit of depth or count, keeps unknown fields and takes
 * any bytes for a string.  What wire_check() accepts holds only known fields of
 * the right type, in range, within the limits, with strings that are text.
 */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_DEPTH_MAX 16   /* largest limit of depth there can be */
#define WIRE_FIELDS_MAX 768 /* most fields of one message's descriptor */
#define WIRE_FIRST_REQUEST 100 /* first member of a body, see envelope.proto */

enum wire_result {
	WIRE_OK,
	WIRE_BAD_MESSAGE,     /* not a message of this type, or past a limit */
	WIRE_INVALID,         /* a value its field cannot have */
	WIRE_UNKNOWN_REQUEST, /* a member of the body this program is too old for */
};

struct wire_limits {
	unsigned depth;  /* messages within messages; the outermost is 1 */
	size_t fields;   /* in all of it, elements of packed fields included */
	size_t string;   /* bytes of one string */
	bool any_text;   /* any UTF-8 but NUL, not only text_allowed() */
};

/* For both ports and for the client: 6, 20,000, 1 MiB. */
extern const struct wire_limits wire_limits;

/* `field` (may be NULL) is set to the name of the offending field, or NULL if
 * there is none to name; it is borrowed from the descriptor. */
enum wire_result wire_check(const ProtobufCMessageDescriptor *type,
			    const uint8_t *data, size_t len,
			    const struct wire_limits *limits,
			    const char **field);

#endif
