/*
 * The SHA-256 of what a connection sends piece by piece, made while the pieces pass:
 * else their end would have to read all of them back.  It is known only when every
 * piece came in order over this connection and was acknowledged; whoever wants it
 * otherwise reads the bytes.
 */
#ifndef SERVER_DIGEST_H
#define SERVER_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32 };

/* Of one thing at a time: another that is begun takes its place. */
struct digest;

/* The piece `no`, from 0, of the thing `id` is on its way; *digest is made when there
 * is none.  A ticket for digest_answered; 0: the piece is no part of a digest. */
unsigned digest_take(struct digest **digest, const char *id, int32_t no,
	const void *data, size_t len);
/* Whether that piece is stored now, with these bytes.  `digest` may be NULL. */
void digest_answered(struct digest *digest, unsigned ticket, bool stored);
/* False: not known. */
bool digest_of(const struct digest *digest, const char *id,
	uint8_t sha256[DIGEST_BYTES]);
void digest_free(struct digest **digest);

#endif
