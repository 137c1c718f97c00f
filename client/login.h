/*
 * What first login and renewal share: a passphrase, the proof of a code, the
 * certificate that came of it.
 */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "client/command.h"
#include "common/code.h"

#include <openssl/types.h>

/* Typed twice; malloc'ed, wipe it.  NULL: said. */
char *login_new_passphrase(struct client *client);

/* Proves `secret` for `key` at the public port; as call_request. */
int login_enrol(struct client *client, EVP_PKEY *key,
		const uint8_t secret[CODE_SECRET], Reply **reply);

/* The certificate in the answer if `authority` made it for `key`, else NULL. */
X509 *login_certificate(const EnrolReply *answer, X509 *authority, EVP_PKEY *key);

#endif
