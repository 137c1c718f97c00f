/*
 * The signer's two messages, the same on both ends of its socket.
 */
#ifndef SERVER_SIGNER_MESSAGE_H
#define SERVER_SIGNER_MESSAGE_H

#include "common/receipt.h"
#include "server/pki.h"

#define SIGNER_CERT_MAX 1020 /* a client's certificate has some 400 bytes */

enum signer_verb {
	SIGNER_PING = 1,
	SIGNER_SIGN_CERT = 2,
	SIGNER_SIGN_RECEIPT = 3, /* RECEIPT_BALLOT */
	SIGNER_SIGN_LIST = 4,    /* RECEIPT_LIST: of a session one, ever */
};

/* Numbers are big-endian. */
struct signer_request {
	uint8_t verb;
	uint8_t person[4];
	uint8_t spki[PKI_SPKI_LEN];
	char session[RECEIPT_SESSION]; /* of a receipt or list, with its NUL */
	uint8_t hash[RECEIPT_HASH];
};

struct signer_reply {
	uint8_t outcome; /* enum signer_outcome */
	uint8_t len[2];
	uint8_t der[SIGNER_CERT_MAX]; /* the certificate, or the signature */
};

_Static_assert(sizeof(struct signer_request) == 160, "no padding on the wire");
_Static_assert(sizeof(struct signer_reply) == 1023, "no padding on the wire");

#endif
