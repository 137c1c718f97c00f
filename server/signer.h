/*
 * The signer: a process of its own that holds the authority's key.  It has no
 * network and no database, only a Unix socket in the state folder, and never
 * signs bytes it is given: it builds the certificate itself from a public key and
 * a person's number, and writes each issue into its own file before it answers.
 * Of a ballot session it signs which sealed ballots were in the urn, once: that too
 * is in its file, and a list that differs later, whoever owns the database, stays
 * without a signature.
 *
 * One message of fixed size each way, one connection per message.
 */
#ifndef SERVER_SIGNER_H
#define SERVER_SIGNER_H

#include "common/receipt.h"
#include "server/pki.h"

#include <uv.h>

enum signer_outcome {
	SIGNER_OK,
	SIGNER_REFUSED, /* not a key or a number it would sign, or another list */
	SIGNER_BUSY,    /* more than its hourly bound */
	SIGNER_DOWN,    /* not there, not in time, or could not keep its record */
};

/* What the process needs; paths of files in the state folder. */
struct signer_config {
	const char *socket;
	const char *authority; /* PEM */
	const char *key;       /* PEM, readable to the owner alone */
	const char *record;    /* one line for every certificate and list signed */
	unsigned per_hour;     /* certificates at most */
};

#define SIGNER_PER_HOUR 2000 /* a college's roll-out in one morning */

/* Serves until killed; returns an exit code when it cannot start. */
int signer_run(const struct signer_config *config);

/* ---- the client ---- */

/* `der` is borrowed and set only if SIGNER_OK. */
typedef void (*signer_done)(void *arg, enum signer_outcome outcome,
	const uint8_t *der, size_t len);

/* `done` comes exactly once, later, on the loop.  Copies `path` and `spki`.  False:
 * out of memory, `done` will not come. */
bool signer_sign(uv_loop_t *loop, const char *path,
	const uint8_t spki[PKI_SPKI_LEN], uint32_t person,
	signer_done done, void *arg);

/* The same for a receipt or a list; `der` is the signature. */
bool signer_receipt(uv_loop_t *loop, const char *path, enum receipt_kind kind,
	const char *session, const uint8_t hash[RECEIPT_HASH],
	signer_done done, void *arg);

/* Blocks for at most two seconds. */
bool signer_ping(const char *path);

#endif
