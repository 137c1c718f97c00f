/*
 * The sealed ballot: slips, sealing to any two of three key holders, casting,
 * receipts (design 7).
 *
 *   sealed  = version | commitment | wrap(1,2) | wrap(1,3) | wrap(2,3) | body
 *   wrap    = box(a, box(b, content key))
 *   box     = ephemeral X25519 key | AES-256-GCM, key by HKDF-SHA256
 *   body    = AES-256-GCM of length | plaintext | zeros, always 1,024 bytes
 *
 * All of it is authenticated with the session's id.  The commitment ties the
 * ballot to one content key, so that it opens to the same marks whichever pair
 * opens it.
 */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

#include "common/code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY 32       /* bytes of every key, token and hash here */
#define SEAL_SIGNATURE 64 /* Ed25519 */
#define SEAL_HOLDERS 3
#define SEAL_PADDED 1024
#define SEAL_PLAIN_MAX (SEAL_PADDED - 2)
#define SEAL_SIZE (1 + SEAL_KEY + SEAL_HOLDERS * 128 + SEAL_PADDED + 16)
#define SEAL_SESSION_MAX 255 /* bytes of a session's id */

/* What a slip's code becomes in one session.  The server is told only
 * token_hash and public_key, before the opening. */
struct seal_slip {
	uint8_t token[SEAL_KEY];
	uint8_t token_hash[SEAL_KEY]; /* SHA-256 of token */
	uint8_t private_key[SEAL_KEY];
	uint8_t public_key[SEAL_KEY]; /* Ed25519 */
};

/* Of one key holder, made for one session. */
struct seal_holder {
	uint8_t private_key[SEAL_KEY]; /* X25519 */
	uint8_t public_key[SEAL_KEY];
};

/* All functions are false if they failed (arguments, or OpenSSL's random
 * numbers); outputs are then cleared.  Wipe secrets with seal_wipe(). */

/* A new slip's code. */
bool seal_new_code(uint8_t code[CODE_SECRET]);
/* The token and its hash alone: known before the paper is, which they open. */
bool seal_token(const uint8_t code[CODE_SECRET], const char *session,
		struct seal_slip *slip);
/* `bond`: the session with what the ballot paper says, so that another paper makes
 * another key. */
bool seal_slip(const uint8_t code[CODE_SECRET], const char *session,
	       const char *bond, struct seal_slip *slip);

bool seal_holder_new(struct seal_holder *holder);
/* From the private key kept in a file. */
bool seal_holder_from(const uint8_t private_key[SEAL_KEY],
		      struct seal_holder *holder);

/* `holders`: the three public keys in the session's order.  False as well for
 * more than SEAL_PLAIN_MAX bytes, equal keys, a key of small order. */
bool seal_ballot(const uint8_t *plain, size_t len, const char *session,
		 const uint8_t holders[SEAL_HOLDERS][SEAL_KEY],
		 uint8_t sealed[SEAL_SIZE]);

/* With the private keys of holders a and b (0 to 2, different, any order). */
bool seal_open(const uint8_t *sealed, size_t sealed_len, const char *session,
	       int a, const uint8_t key_a[SEAL_KEY], int b,
	       const uint8_t key_b[SEAL_KEY], uint8_t plain[SEAL_PLAIN_MAX],
	       size_t *len);

/* The voter's signature over label, session and SHA-256 of the ballot. */
bool seal_sign(const struct seal_slip *slip, const char *session,
	       const uint8_t sealed[SEAL_SIZE],
	       uint8_t signature[SEAL_SIGNATURE]);
bool seal_verify(const uint8_t public_key[SEAL_KEY], const char *session,
		 const uint8_t *sealed, size_t sealed_len,
		 const uint8_t signature[SEAL_SIGNATURE]);

/* First 80 bits of SHA-256 of the ballot, in groups of four. */
void seal_receipt(const uint8_t sealed[SEAL_SIZE], char out[CODE_TEN_TEXT]);

void seal_wipe(void *secret, size_t len);

#endif
