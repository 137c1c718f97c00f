/*
 * One request from frame to reply: envelope, wire check, unpack into the arena,
 * catalogue row, signature, parameters, database, reply bytes.
 *
 * It knows nothing of sockets: connection.c hands it the frame's bytes and a
 * struct request_client, and gets the reply frame's bytes back through
 * `reply`, exactly once and never from inside request_start.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "server/database.h"
#include "server/catalogue.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

struct service; /* what a process serves: plans of the rows, db, limits */
struct request;
struct source;

/* Who sent it; all the connection's, which outlives or cancels the request.  `fp`
 * NULL: no certificate (public port). */
struct request_client {
	const uint8_t *fp;    /* SHA-256 of the peer's certificate DER, 32 bytes */
	EVP_PKEY *key;        /* the peer's public key, for signatures */
	struct source *source; /* where from: what it did in the last minute */
	struct digest *digest; /* of what it sends in pieces; NULL: nothing yet */
	/* `frame` is malloc'ed, an encoded Envelope without the length prefix, and
	 * now the callee's.  `fatal`: close after sending (the peer broke the
	 * protocol). */
	void (*reply)(struct request_client *, struct request *, uint8_t *frame,
		size_t len, bool fatal);
};

/* Takes a copy of what it needs from `frame`.  NULL: out of memory, close. */
struct request *request_start(struct service *service, struct request_client *client,
	const uint8_t *frame, size_t len);
/* The connection closed: `reply` will not be called any more. */
void request_cancel(struct request *request);

/* A ready Envelope (malloc'ed) refusing with `code` (common/error.h) for what
 * never became a request: shedding, a frame too long. */
uint8_t *request_refusal(uint64_t id, const char *code, uint32_t retry_after_ms,
	size_t *len);

#endif
