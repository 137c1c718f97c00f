/*
 * What sealed ballots and sealed letters are both made of (seal.c).
 */
#ifndef COMMON_SEAL_BOX_H
#define COMMON_SEAL_BOX_H

#include "common/crypt.h"
#include "common/seal.h"

#define SEAL_BOX_OVERHEAD (SEAL_KEY + CRYPT_TAG)

/* ephemeral X25519 key | AES-256-GCM.  out: len + SEAL_BOX_OVERHEAD bytes. */
bool seal_box(const uint8_t receiver[SEAL_KEY], const char *session,
	      const uint8_t *in, size_t len, uint8_t *out);
/* out: len bytes; in: len + SEAL_BOX_OVERHEAD. */
bool seal_unbox(const struct seal_holder *holder, const char *session,
		const uint8_t *in, size_t len, uint8_t *out);

/* The length, the text (at most SEAL_PLAIN_MAX), zeros. */
void seal_pad(const uint8_t *plain, size_t len, uint8_t padded[SEAL_PADDED]);
bool seal_unpad(const uint8_t padded[SEAL_PADDED],
		uint8_t plain[SEAL_PLAIN_MAX], size_t *len);

#endif
