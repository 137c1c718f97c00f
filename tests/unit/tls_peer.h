/*
 * Certificates and TLS contexts for tests: a college's authority, its server, one
 * person, and a stranger's authority with a person of its own.
 */
#ifndef TESTS_UNIT_TLS_PEER_H
#define TESTS_UNIT_TLS_PEER_H

#include "common/tls.h"
#include "common/tls_context.h"
#include "server/pki.h"
#include "tests/unit/check.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define TEST_NAME "zhibu-0123456789abcdef.invalid"

struct test_pki {
	EVP_PKEY *authority_key, *server_key, *person_key;
	X509 *authority, *server, *person;
};

static inline void test_pki_new(struct test_pki *p)
{
	p->authority_key = pki_new_key();
	p->server_key = pki_new_key();
	p->person_key = pki_new_key();
	p->authority = pki_authority(p->authority_key, "0123456789abcdef");
	p->server = pki_server(p->authority, p->authority_key, p->server_key,
			       "0123456789abcdef");
	p->person = pki_client(p->authority, p->authority_key, p->person_key, 17);
	assert_non_null(p->authority);
	assert_non_null(p->server);
	assert_non_null(p->person);
}

static inline void test_pki_free(struct test_pki *p)
{
	EVP_PKEY_free(p->authority_key);
	EVP_PKEY_free(p->server_key);
	EVP_PKEY_free(p->person_key);
	X509_free(p->authority);
	X509_free(p->server);
	X509_free(p->person);
}

static inline SSL_CTX *test_context(const struct tls_settings *settings)
{
	char why[128] = "";
	SSL_CTX *ctx = tls_context_new(settings, why, sizeof(why));

	assert_string_equal(why, "");
	assert_non_null(ctx);
	return ctx;
}

static inline SSL_CTX *test_server(const struct test_pki *p, enum tls_side side)
{
	return test_context(&(struct tls_settings){
		.side = side, .authority = p->authority,
		.certificate = p->server, .key = p->server_key });
}

/* `certificate` NULL: a client that has none. */
static inline SSL_CTX *test_client(const struct test_pki *p, X509 *certificate,
			    EVP_PKEY *key)
{
	return test_context(&(struct tls_settings){
		.side = TLS_SIDE_CLIENT, .authority = p->authority,
		.certificate = certificate, .key = key,
		.server_name = TEST_NAME });
}

#endif
