/*
 * What the college's authority says of a session's urn: that a ballot is in it, or
 * which ballots were.  Signed by the signer process, verified by a voter's client
 * with the authority it pinned, and by anybody with openssl: ECDSA-SHA256 (DER) over
 * one line of text, which is no certificate whatever follows.
 */
#ifndef COMMON_RECEIPT_H
#define COMMON_RECEIPT_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECEIPT_HASH 32
#define RECEIPT_SESSION 32   /* longest id with its NUL */
#define RECEIPT_TEXT 128
#define RECEIPT_SIGNATURE 80 /* longest of a P-256 key */

enum receipt_kind {
	RECEIPT_BALLOT, /* SHA-256 of a sealed ballot that is in the urn */
	RECEIPT_LIST,   /* SHA-256 of all of those, in ascending order */
};

/* "zhibu-receipt-1 CP26-14 <hex>\n", for a list "zhibu-receipts-1 …".  Its length; 0:
 * that is no id of a session. */
size_t receipt_text(enum receipt_kind kind, const char *session,
	const uint8_t hash[RECEIPT_HASH], char out[RECEIPT_TEXT]);
/* The hash of such a text about this session. */
bool receipt_read(enum receipt_kind kind, const char *session, const char *text,
	uint8_t hash[RECEIPT_HASH]);

/* The signature's length; 0: it cannot. */
size_t receipt_sign(EVP_PKEY *key, const char *text, size_t len,
	uint8_t signature[RECEIPT_SIGNATURE]);
bool receipt_good(EVP_PKEY *key, enum receipt_kind kind, const char *session,
	const uint8_t hash[RECEIPT_HASH], const uint8_t *signature, size_t len);

#endif
