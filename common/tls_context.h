/*
 * What client and server agree on in TLS: version 1.3 only, the suites, groups
 * and signatures, ALPN, bounds.  Certificates come in as objects; nothing here
 * reads a file.
 */
#ifndef COMMON_TLS_CONTEXT_H
#define COMMON_TLS_CONTEXT_H

#include <openssl/types.h>
#include <stddef.h>

#define TLS_ALPN "zhibu/1"
/* Bytes of certificates taken from a peer; a chain of ours has some 800. */
#define TLS_MAX_CERT_LIST 8192

enum tls_side {
	TLS_SIDE_CLIENT,
	TLS_SIDE_MEMBER, /* server; a certificate of the college is demanded */
	TLS_SIDE_PUBLIC, /* server; no certificate is asked for */
};

/* All borrowed: the context takes its own references. */
struct tls_settings {
	enum tls_side side;
	/* The one trusted authority.  A client that knows only a fingerprint
	 * leaves it NULL and brings its own verification by SSL_CTX_set_verify. */
	X509 *authority;
	X509 *certificate;       /* own; NULL: a client without one */
	EVP_PKEY *key;           /* of `certificate` */
	const char *server_name; /* client: the dNSName demanded of the server */
};

/* NULL on failure, with a line in `why`. */
SSL_CTX *tls_context_new(const struct tls_settings *settings, char *why, size_t cap);

#endif
