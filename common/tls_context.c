#include "common/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define SUITES                                                        \
	"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"        \
	"TLS_AES_128_GCM_SHA256"
#define GROUPS "X25519:P-256"
#define SIGNATURES "ECDSA+SHA256"
#define VERIFY_DEPTH 2
#define TICKET_SECONDS 7200

/* The form of RFC 7301: a length byte before the name. */
static const unsigned char alpn_wire[] = "\x07" TLS_ALPN;
#define ALPN_WIRE_LEN (sizeof(alpn_wire) - 1)

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen,
		   const unsigned char *in, unsigned int inlen, void *arg)
{
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, outlen, alpn_wire, ALPN_WIRE_LEN, in,
				  inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL asks on_alpn only when the peer sent the extension; without it we
 * refuse here.  A hello without supported_versions is TLS 1.2 or older and gets
 * OpenSSL's own answer, protocol_version. */
static int on_hello(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *ext;
	size_t len;

	(void)arg;
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &ext,
				       &len))
		return SSL_CLIENT_HELLO_SUCCESS;
	if (SSL_client_hello_get0_ext(
		    ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &ext,
		    &len))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static int set_protocol(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_max_cert_list(ctx, TLS_MAX_CERT_LIST);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) &&
	       SSL_CTX_set_ciphersuites(ctx, SUITES) &&
	       SSL_CTX_set1_groups_list(ctx, GROUPS) &&
	       SSL_CTX_set1_sigalgs_list(ctx, SIGNATURES) &&
	       SSL_CTX_set_max_early_data(ctx, 0);
}

/* The authority travels with our certificate: a client that enrols knows only
 * its fingerprint and must see it to compare. */
static int set_identity(SSL_CTX *ctx, const struct tls_settings *s)
{
	if (!s->certificate)
		return s->side == TLS_SIDE_CLIENT;
	if (!SSL_CTX_use_certificate(ctx, s->certificate) ||
	    !SSL_CTX_use_PrivateKey(ctx, s->key) || !SSL_CTX_check_private_key(ctx))
		return 0;
	if (s->side == TLS_SIDE_CLIENT || !s->authority)
		return 1;
	return (int)SSL_CTX_add1_chain_cert(ctx, s->authority);
}

/* Trust is the one authority and nothing the machine has installed. */
static int set_trust(SSL_CTX *ctx, const struct tls_settings *s)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
	int purpose = s->side == TLS_SIDE_CLIENT ? X509_PURPOSE_SSL_SERVER
						 : X509_PURPOSE_SSL_CLIENT;

	SSL_CTX_set_verify_depth(ctx, VERIFY_DEPTH);
	if (!SSL_CTX_set_purpose(ctx, purpose) ||
	    !X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT))
		return 0;
	if (s->server_name && !X509_VERIFY_PARAM_set1_host(param, s->server_name, 0))
		return 0;
	if (!s->authority)
		return s->side != TLS_SIDE_MEMBER;
	return X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), s->authority);
}

static int set_client(SSL_CTX *ctx)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return SSL_CTX_set_alpn_protos(ctx, alpn_wire, ALPN_WIRE_LEN) == 0;
}

/* Tickets carry the session, the peer's certificate included, under a key of
 * this context alone; nothing is cached in the server. */
static int set_server(SSL_CTX *ctx, enum tls_side side)
{
	const char *id = side == TLS_SIDE_MEMBER ? "zhibu member" : "zhibu public";
	int verify = SSL_VERIFY_NONE;

	if (side == TLS_SIDE_MEMBER)
		verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, verify, NULL);
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, TICKET_SECONDS);
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	return SSL_CTX_set_num_tickets(ctx, 1) &&
	       SSL_CTX_set1_client_sigalgs_list(ctx, SIGNATURES) &&
	       SSL_CTX_set_session_id_context(ctx, (const unsigned char *)id,
					      (unsigned)strlen(id));
}

static void say(char *why, size_t cap, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	snprintf(why, cap, "%s: %s", what, reason ? reason : "not possible");
	ERR_clear_error();
}

SSL_CTX *tls_context_new(const struct tls_settings *s, char *why, size_t cap)
{
	const char *step = "TLS settings";
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_method());
	if (!ctx || !set_protocol(ctx))
		goto fail;
	step = "certificate and key";
	if (!set_identity(ctx, s))
		goto fail;
	step = "authority";
	if (!set_trust(ctx, s))
		goto fail;
	step = s->side == TLS_SIDE_CLIENT ? "client settings" : "server settings";
	if (!(s->side == TLS_SIDE_CLIENT ? set_client(ctx) : set_server(ctx, s->side)))
		goto fail;
	return ctx;
fail:
	say(why, cap, step);
	SSL_CTX_free(ctx);
	return NULL;
}
