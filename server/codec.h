/*
 * Protobuf messages to PostgreSQL's binary formats and back, by descriptor.
 *
 * A request message becomes the parameters of its function, a row of the result
 * becomes the bytes of the reply message.  The plan of a message pairs each of
 * its fields with a database type; making it is the comparison of the contract
 * (proto/) with the truth (sql/), and says by name what differs.
 *
 *   string text · enum text, the value's name · bytes bytea · bool boolean
 *   int32 integer · int32 *_on date · int64 bigint · int64 *_at timestamptz
 *   message: composite with the same fields in the same order
 *   repeated: array of that · not given: NULL
 */
#ifndef SERVER_CODEC_H
#define SERVER_CODEC_H

#include "common/arena.h"
#include "server/buf.h"
#include "server/schema.h"

#include <libpq-fe.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

enum codec_kind {
	CODEC_TEXT,
	CODEC_ENUM,
	CODEC_BYTES,
	CODEC_BOOL,
	CODEC_INT4,
	CODEC_DATE,
	CODEC_INT8,
	CODEC_MOMENT,
	CODEC_COMPOSITE,
};

struct codec_plan;

struct codec_field {
	const ProtobufCFieldDescriptor *field; /* borrowed */
	enum codec_kind kind;
	Oid oid;     /* as declared */
	Oid element; /* of an array, its elements' as declared */
	struct codec_plan *composite;
};

/* Owned by whoever made it. */
struct codec_plan {
	const ProtobufCMessageDescriptor *message;
	unsigned n;
	struct codec_field fields[];
};

/* Pairs a message with `n` named types.  NULL when they differ: every difference
 * is told to `differs` as one line that begins with `what`. */
struct codec_plan *codec_plan_new(const ProtobufCMessageDescriptor *message,
	const struct schema *schema, const struct schema_column *columns, unsigned n,
	const char *what, void (*differs)(void *, const char *line), void *arg);
void codec_plan_free(struct codec_plan *plan);

/* Fills plan->n values and lengths; they point into `message` and `arena`.
 * False: out of the arena, or a value its type cannot hold (*field names it). */
bool codec_encode(const struct codec_plan *plan, const ProtobufCMessage *message,
	struct arena *arena, const char **values, int *lengths, const char **field);

/* Appends the bytes of the reply message for the first columns of a row of
 * `result`; nothing for no row at all.  False: the row is not what the plan says. */
bool codec_decode(const struct codec_plan *plan, const PGresult *result, int row,
	struct buf *out);

/* One binary value as the field's bytes on the wire, tag included: the part of
 * codec_decode that reads what PostgreSQL wrote. */
bool codec_decode_value(const struct codec_field *field, const uint8_t *data,
	size_t len, struct buf *out);

#endif
