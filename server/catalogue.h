/*
 * The contents page of the server: one row for every request it can serve.
 *
 * A row is found by the number of the request's oneof member.  The name of the
 * member is the name of the SQL function, call.<member>; the messages are those
 * the .proto gives the member in Request and in Reply.
 */
#ifndef SERVER_CATALOGUE_H
#define SERVER_CATALOGUE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/* Which database connections serve a request (design: the slow must not block
 * the quick). */
enum lane {
	LANE_READ,   /* short reads; may go to a standby */
	LANE_WRITE,  /* short writes, committed in groups */
	LANE_SLOW,   /* reports and exports */
	LANE_STREAM, /* what is big: evidence chunks up and down, imports */
	LANE_COUNT
};

enum catalogue_flag {
	CAT_ANONYMOUS = 1, /* served without a certificate, on the public port */
	CAT_SIGNED = 2,    /* must carry the client's signature and a key */
	CAT_QUIET = 4,     /* never in the request log: ballots, objections */
	CAT_NATIVE = 8,    /* answered by a C handler, see identity.c */
	CAT_CODE = 16,     /* shows a drawn code: from one source few wrong ones a minute */
	CAT_PACED = 32,    /* leaves words behind: from one source so many a minute */
	CAT_RECEIPT = 64,  /* the signer stands for it, see ask_signer in request.c */
	CAT_PIECE = 128,   /* a piece of something: its `data` is hashed, see digest.h */
};

struct catalogue_row {
	const char *name; /* oneof member and function in schema call */
	enum lane lane;
	unsigned flags; /* of enum catalogue_flag */
};

/* The row of a Request body case, or NULL when this server does not know it. */
const struct catalogue_row *catalogue_find(uint32_t body_case);

/* Every body case in ascending order, 0 after the last: pass 0 to begin. */
uint32_t catalogue_next(uint32_t body_case);

/* The member's message in Request and in Reply (never NULL for a row found). */
const ProtobufCMessageDescriptor *catalogue_request(uint32_t body_case);
const ProtobufCMessageDescriptor *catalogue_reply(uint32_t body_case);

#endif
