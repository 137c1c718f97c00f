/*
 * A short letter that only its receivers can read, each of them alone: who wrote an
 * objection, for the designated officers (domain 3.3).
 *
 *   sealed = version | slot | slot | body
 *   slot   = receiver's key | box(receiver, content key); zeros where there is none
 *   body   = AES-256-GCM of length | plaintext | zeros, always 1,024 bytes
 *
 * All of it is authenticated with what it is about, so that no letter can be put in
 * the place of another.
 */
#ifndef COMMON_LETTER_H
#define COMMON_LETTER_H

#include "common/seal.h"

#define LETTER_RECEIVERS 2
#define LETTER_SLOT (SEAL_KEY + SEAL_KEY + SEAL_KEY + 16)
#define LETTER_SIZE (1 + LETTER_RECEIVERS * LETTER_SLOT + SEAL_PADDED + 16)

/* False for no receiver or too many, more than SEAL_PLAIN_MAX bytes, a key of small
 * order; `sealed` is then cleared. */
bool letter_seal(const uint8_t (*receivers)[SEAL_KEY], size_t n,
		 const char *about, const uint8_t *plain, size_t len,
		 uint8_t sealed[LETTER_SIZE]);

/* False if it is not to this key, or not as it was sealed. */
bool letter_open(const uint8_t *sealed, size_t sealed_len, const char *about,
		 const uint8_t private_key[SEAL_KEY],
		 uint8_t plain[SEAL_PLAIN_MAX], size_t *len);

/* What the wall says of the receivers' keys (in ascending order), as
 * flow.key_check() has it: other keys have another. */
bool letter_check(const uint8_t (*receivers)[SEAL_KEY], size_t n,
		  char out[CODE_TEN_TEXT]);

#endif
