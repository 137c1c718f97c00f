/*
 * The server's TLS context out of the files of the state folder.  Built whole,
 * so that a renewed certificate is swapped in or not at all.
 */
#ifndef SERVER_TLS_CONTEXT_H
#define SERVER_TLS_CONTEXT_H

#include "server/config.h"

#include <openssl/types.h>

/* NULL: what is wrong is in `why`, with the file and what to do. */
SSL_CTX *tls_context_load(const struct config *config, enum worker_kind kind,
			  char *why, size_t cap);

/* Days until the authority or the server's certificate expires, the sooner;
 * `which` names the file. */
int tls_context_days_left(const struct config *config, const char **which);

#endif
