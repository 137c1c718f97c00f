/*
 * The few operations sealing and slips are made of, over OpenSSL: HKDF-SHA256,
 * AES-256-GCM, X25519 and raw Ed25519 keys.  All are false if they failed.
 */
#ifndef COMMON_CRYPT_H
#define COMMON_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPT_KEY 32
#define CRYPT_IV 12
#define CRYPT_TAG 16
#define CRYPT_SESSION_MAX 255 /* bytes of a session's id */
#define CRYPT_CONTEXT_MAX (64 + CRYPT_SESSION_MAX)

/* A purpose and the session, joined so that no two purposes or sessions give
 * the same bytes: every key, every signature is for one of each. */
struct crypt_context {
	uint8_t data[CRYPT_CONTEXT_MAX];
	size_t len;
};

/* False for an empty session, or one too long.  A label has 31 bytes at most. */
bool crypt_context(struct crypt_context *context, const char *label,
		   const char *session);

/* Without salt if that is NULL. */
bool crypt_derive(const uint8_t *secret, size_t secret_len, const uint8_t *salt,
		  size_t salt_len, const struct crypt_context *info,
		  uint8_t *out, size_t len);

/* out is len + CRYPT_TAG bytes. */
bool crypt_encrypt(const uint8_t key[CRYPT_KEY], const uint8_t iv[CRYPT_IV],
		   const uint8_t *aad, size_t aad_len, const uint8_t *in,
		   size_t len, uint8_t *out);
/* in is len + CRYPT_TAG bytes; out is cleared if they are not what was
 * encrypted. */
bool crypt_decrypt(const uint8_t key[CRYPT_KEY], const uint8_t iv[CRYPT_IV],
		   const uint8_t *aad, size_t aad_len, const uint8_t *in,
		   size_t len, uint8_t *out);

/* The public half of EVP_PKEY_X25519 or EVP_PKEY_ED25519. */
bool crypt_public(int type, const uint8_t private_key[CRYPT_KEY],
		  uint8_t public_key[CRYPT_KEY]);
/* X25519; false for a public key of small order, such as all zeros. */
bool crypt_agree(const uint8_t private_key[CRYPT_KEY],
		 const uint8_t peer_key[CRYPT_KEY], uint8_t shared[CRYPT_KEY]);

#endif
