/*
 * The college's own authority: makes keys and certificates and reads public keys
 * strictly.  EC P-256 throughout.  Bytes and objects only, no file is touched.
 *
 * No certificate carries a name or a role: names are personal data, and rights
 * live in the database.
 */
#ifndef SERVER_PKI_H
#define SERVER_PKI_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PKI_SPKI_LEN 91       /* DER SubjectPublicKeyInfo of a P-256 key */
#define PKI_FINGERPRINT_LEN 32
#define PKI_PERSON_MAX 999999999u
#define PKI_DEPLOYMENT_LEN 16 /* characters of a deployment's id */

#define PKI_CLIENT_DAYS 400
#define PKI_SERVER_DAYS 800
#define PKI_AUTHORITY_DAYS 7300

/* A new P-256 key; NULL on failure. */
EVP_PKEY *pki_new_key(void);

/* Self-signed, path length 0: it signs certificates and nothing below it does. */
X509 *pki_authority(EVP_PKEY *key, const char *deployment_id);

/* For the server: its name is fixed by the authority, zhibu-<id>.invalid, so that
 * neither DNS nor an address says who it is. */
X509 *pki_server(X509 *authority, EVP_PKEY *authority_key, EVP_PKEY *key,
	const char *deployment_id);

/* For person number `person` and a key parsed by pki_parse_spki. */
X509 *pki_client(X509 *authority, EVP_PKEY *authority_key, EVP_PKEY *key,
	uint32_t person);

/* "zhibu-<id>.invalid"; false when it does not fit. */
bool pki_server_name(const char *deployment_id, char *out, size_t cap);

/* A P-256 key with a named curve on the uncompressed form and not a byte
 * besides; NULL for everything else. */
EVP_PKEY *pki_parse_spki(const uint8_t *der, size_t len);

/* ECDSA-SHA256 by `key` over first || second. */
bool pki_verify(EVP_PKEY *key, const uint8_t *first, size_t first_len,
	const uint8_t *second, size_t second_len,
	const uint8_t *signature, size_t signature_len);

bool pki_fingerprint(const X509 *certificate, uint8_t fp[PKI_FINGERPRINT_LEN]);

/* Bytes of a certificate (OPENSSL_free them); 0 on failure. */
size_t pki_encode(const X509 *certificate, uint8_t **der);
/* All bytes consumed, or NULL. */
X509 *pki_decode(const uint8_t *der, size_t len);

/* Validity in seconds since 1970; false when a field cannot be read. */
bool pki_validity(const X509 *certificate, int64_t *from, int64_t *to);

/* P<number> as people and the database write it; 0 when it is no such thing. */
uint32_t pki_person_number(const char *person_id);

#endif
