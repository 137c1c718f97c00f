/*
 * The keys and certificates of the installation as files of the state folder:
 * made by init, read by who needs them, the server's renewed in time.
 */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include "common/code.h"
#include "server/config.h"

#include <openssl/types.h>

#define KEYS_AUTHORITY_KEY "authority.key" /* in the state folder */

/* NULL with errno; of a key also when others may read the file. */
X509 *keys_load_certificate(const char *path);
EVP_PKEY *keys_load_key(const char *path);

/* A new authority and a server's certificate by it.  False with errno. */
bool keys_create(const struct config *config, const char *deployment_id);

enum keys_state {
	KEYS_GOOD,
	KEYS_RENEWED, /* the server has a new certificate */
	KEYS_EXPIRED, /* the authority's certificate has ended: a new college key */
	KEYS_BROKEN,  /* a file is missing or not what it should be */
};

/* Looks at the ends of both certificates and renews the server's when two thirds
 * of its life are over. */
enum keys_state keys_check(const struct config *config);

/* An enrolment code with a new secret, and the hash the database keeps of it. */
bool keys_new_code(const struct config *config, char text[CODE_ENROL_TEXT],
	uint8_t secret_hash[32]);

#endif
