/*
 * The transformer with bytes alone: no socket anywhere.  Numbers in names are the
 * cases of the list of bad inputs.
 */
#include "tests/unit/tls_peer.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

static struct test_pki pki, stranger;

/* Two ends and what each has read. */
struct pair {
	struct tls *server, *client;
	enum tls_result server_says, client_says; /* of the last tls_read */
	uint8_t got[2][1 << 20];
	size_t len[2];
};

enum { SERVER, CLIENT };

static struct pair *pair_new(SSL_CTX *server, SSL_CTX *client)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->server = tls_new(server, true);
	p->client = tls_new(client, false);
	assert_non_null(p->server);
	assert_non_null(p->client);
	return p;
}

static void pair_free(struct pair *p)
{
	tls_free(&p->server);
	tls_free(&p->client);
	assert_null(p->server);
	free(p);
}

static enum tls_result read_all(struct pair *p, int who)
{
	struct tls *t = who == SERVER ? p->server : p->client;
	enum tls_result r;
	uint8_t buf[1000];
	size_t n;

	while ((r = tls_read(t, buf, sizeof(buf), &n)) == TLS_OK) {
		assert_true(p->len[who] + n <= sizeof(p->got[who]));
		memcpy(p->got[who] + p->len[who], buf, n);
		p->len[who] += n;
	}
	return r;
}

/* Carries at most `step` bytes of ciphertext; false when there was none. */
static bool carry(struct pair *p, int to, size_t step)
{
	struct tls *from = to == SERVER ? p->client : p->server;
	struct tls *dest = to == SERVER ? p->server : p->client;
	uint8_t buf[20000];
	size_t n = tls_drain(from, buf, step < sizeof(buf) ? step : sizeof(buf));

	if (n == 0)
		return false;
	tls_feed(dest, buf, n);
	if (to == SERVER)
		p->server_says = read_all(p, SERVER);
	else
		p->client_says = read_all(p, CLIENT);
	return true;
}

static void run(struct pair *p, size_t step)
{
	bool moved = true;

	p->client_says = read_all(p, CLIENT);
	while (moved) {
		moved = carry(p, SERVER, step);
		moved |= carry(p, CLIENT, step);
	}
}

static struct pair *agreed(SSL_CTX *server, SSL_CTX *client, size_t step)
{
	struct pair *p = pair_new(server, client);

	run(p, step);
	assert_int_equal(p->server_says, TLS_WANT_INPUT);
	assert_int_equal(p->client_says, TLS_WANT_INPUT);
	assert_true(tls_established(p->server));
	assert_true(tls_established(p->client));
	return p;
}

/* A handshake the server must refuse; returns the alert the client saw. */
static int refused(SSL_CTX *server, SSL_CTX *client, enum tls_failure why)
{
	struct pair *p = pair_new(server, client);
	int alert;

	run(p, 20000);
	assert_int_equal(p->server_says, TLS_FAILED);
	assert_string_equal(tls_failure_name(tls_failure(p->server)),
			    tls_failure_name(why));
	assert_string_not_equal(tls_error(p->server), "");
	assert_int_equal(ERR_peek_error(), 0);
	alert = tls_peer_alert(p->client);
	pair_free(p);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return alert;
}

static SSL_CTX *member(void)
{
	return test_server(&pki, TLS_SIDE_MEMBER);
}

static SSL_CTX *person(void)
{
	return test_client(&pki, pki.person, pki.person_key);
}

static void drop(struct pair *p, SSL_CTX *a, SSL_CTX *b)
{
	pair_free(p);
	SSL_CTX_free(a);
	SSL_CTX_free(b);
}

static void check_echo(struct pair *p, size_t len, size_t step)
{
	uint8_t *data = malloc(len);

	RAND_bytes(data, (int)len);
	p->len[SERVER] = p->len[CLIENT] = 0;
	assert_int_equal(tls_write(p->client, data, len), TLS_OK);
	run(p, step);
	assert_int_equal(p->len[SERVER], len);
	assert_memory_equal(p->got[SERVER], data, len);
	assert_int_equal(tls_write(p->server, data, len), TLS_OK);
	run(p, step);
	assert_int_equal(p->len[CLIENT], len);
	assert_memory_equal(p->got[CLIENT], data, len);
	free(data);
}

/* --- what must work ---------------------------------------------------------- */

static void one_byte_at_a_time(void **state)
{
	SSL_CTX *s = member(), *c = person();
	struct pair *p = agreed(s, c, 1);

	(void)state;
	check_echo(p, 5000, 1);
	drop(p, s, c);
}

static void a_megabyte(void **state)
{
	SSL_CTX *s = member(), *c = person();
	struct pair *p = agreed(s, c, 16384);

	(void)state;
	check_echo(p, 1 << 20, 16384);
	check_echo(p, 1, 16384);
	drop(p, s, c);
}

static void only_tls13_and_ours(void **state)
{
	SSL_CTX *s = member(), *c = person();
	uint8_t fp[TLS_FINGERPRINT_LEN], want[TLS_FINGERPRINT_LEN];
	struct pair *p = agreed(s, c, 16384);

	(void)state;
	assert_true(tls_peer_fingerprint(p->server, fp));
	assert_true(pki_fingerprint(pki.person, want));
	assert_memory_equal(fp, want, sizeof(fp));
	assert_int_equal(SSL_CTX_get_min_proto_version(s), TLS1_3_VERSION);
	assert_int_equal(SSL_CTX_get_max_early_data(s), 0);
	assert_int_equal(tls_failure(p->server), TLS_FAIL_NONE);
	assert_string_equal(tls_error(p->server), "");
	drop(p, s, c);
}

static void public_port_asks_for_none(void **state)
{
	SSL_CTX *s = test_server(&pki, TLS_SIDE_PUBLIC);
	SSL_CTX *c = test_client(&pki, NULL, NULL);
	uint8_t fp[TLS_FINGERPRINT_LEN];
	struct pair *p = agreed(s, c, 16384);

	(void)state;
	assert_false(tls_peer_fingerprint(p->server, fp));
	assert_null(tls_peer(p->server));
	/* The client sees the authority, to compare with the code's pin. */
	assert_true(tls_peer_fingerprint(p->client, fp));
	check_echo(p, 100, 16384);
	drop(p, s, c);
}

/* A certificate shown to the port that asks for none is not taken over. */
static void public_port_ignores_certificate(void **state)
{
	SSL_CTX *s = test_server(&pki, TLS_SIDE_PUBLIC), *c = person();
	struct pair *p = agreed(s, c, 16384);

	(void)state;
	assert_null(tls_peer(p->server));
	drop(p, s, c);
}

static void close_notify_both_ways(void **state)
{
	SSL_CTX *s = member(), *c = person();
	struct pair *p = agreed(s, c, 16384);

	(void)state;
	assert_int_equal(tls_write(p->client, (const uint8_t *)"last", 4), TLS_OK);
	assert_int_equal(tls_shutdown(p->client), TLS_WANT_INPUT);
	run(p, 16384);
	assert_int_equal(p->server_says, TLS_CLOSED);
	assert_int_equal(p->len[SERVER], 4);
	/* Half closed: the answer still goes back. */
	assert_int_equal(tls_write(p->server, (const uint8_t *)"reply", 5), TLS_OK);
	assert_int_equal(tls_shutdown(p->server), TLS_CLOSED);
	run(p, 16384);
	assert_int_equal(p->client_says, TLS_CLOSED);
	assert_int_equal(p->len[CLIENT], 5);
	drop(p, s, c);
}

static void nothing_before_the_handshake(void **state)
{
	SSL_CTX *s = member();
	struct tls *t = tls_new(s, true);
	uint8_t buf[16];
	size_t n;

	(void)state;
	assert_int_equal(tls_write(t, (const uint8_t *)"x", 1), TLS_WANT_INPUT);
	assert_int_equal(tls_read(t, buf, sizeof(buf), &n), TLS_WANT_INPUT);
	assert_int_equal(tls_shutdown(t), TLS_CLOSED);
	assert_int_equal(tls_pending(t), 0);
	tls_free(&t);
	SSL_CTX_free(s);
}

/* A blocking client over memory, for what the transformer cannot do. */
struct raw {
	SSL *ssl;
	BIO *in, *out;
};

static void raw_carry(struct raw *r, struct tls *server)
{
	uint8_t buf[20000], plain[100];
	size_t n;
	int m;

	while ((m = BIO_read(r->out, buf, sizeof(buf))) > 0)
		tls_feed(server, buf, (size_t)m);
	while (tls_read(server, plain, sizeof(plain), &n) == TLS_OK)
		;
	while ((n = tls_drain(server, buf, sizeof(buf))))
		BIO_write(r->in, buf, (int)n);
}

/* `session` NULL: a full handshake. */
static void raw_connect(struct raw *r, SSL_CTX *c, struct tls *server,
			SSL_SESSION *session)
{
	r->ssl = SSL_new(c);
	r->in = BIO_new(BIO_s_mem());
	r->out = BIO_new(BIO_s_mem());
	SSL_set_bio(r->ssl, r->in, r->out);
	SSL_set_connect_state(r->ssl);
	if (session)
		assert_int_equal(SSL_set_session(r->ssl, session), 1);
	for (int i = 0; i < 4; i++) {
		SSL_do_handshake(r->ssl);
		raw_carry(r, server);
	}
	assert_true(tls_established(server));
}

/* --- resumption ---------------------------------------------------------------- */

static SSL_SESSION *kept;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

static void keep_sessions(SSL_CTX *c)
{
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(c, on_session);
}

/* OpenSSL throws a session away that ended without close_notify. */
static void part(struct pair *p)
{
	tls_shutdown(p->client);
	run(p, 16384);
	pair_free(p);
}

static void drop_kept(SSL_CTX *s, SSL_CTX *c)
{
	SSL_SESSION_free(kept);
	kept = NULL;
	SSL_CTX_free(s);
	SSL_CTX_free(c);
	ERR_clear_error();
}

/* The ticket must bring back who it was: rights hang on the fingerprint. */
static void resumption_keeps_the_certificate(void **state)
{
	SSL_CTX *s = member(), *c = person();
	uint8_t first[TLS_FINGERPRINT_LEN], again[TLS_FINGERPRINT_LEN];
	struct tls *server;
	struct pair *p;
	struct raw r;

	(void)state;
	keep_sessions(c);
	p = agreed(s, c, 16384);
	assert_true(tls_peer_fingerprint(p->server, first));
	assert_false(tls_resumed(p->server));
	part(p);
	assert_non_null(kept);
	assert_int_equal(SSL_SESSION_get_max_early_data(kept), 0);

	server = tls_new(s, true);
	raw_connect(&r, c, server, kept);
	assert_true(tls_resumed(server));
	assert_true(tls_peer_fingerprint(server, again));
	assert_memory_equal(first, again, sizeof(first));
	SSL_free(r.ssl);
	tls_free(&server);
	drop_kept(s, c);
}

/* A ticket of another process: a full handshake, not a refusal. */
static void foreign_ticket(void **state)
{
	SSL_CTX *s = member(), *other = member(), *c = person();
	struct tls *server = tls_new(other, true);
	struct raw r;

	(void)state;
	keep_sessions(c);
	part(agreed(s, c, 16384));
	raw_connect(&r, c, server, kept);
	assert_false(tls_resumed(server));
	assert_non_null(tls_peer(server));
	SSL_free(r.ssl);
	tls_free(&server);
	SSL_CTX_free(other);
	drop_kept(s, c);
}

/* --- bytes that are no TLS (9) --------------------------------------------------- */

static void check_garbage(const void *data, size_t len, enum tls_failure why)
{
	SSL_CTX *s = member();
	struct tls *t = tls_new(s, true);
	uint8_t buf[64];
	size_t n;

	assert_int_equal(tls_feed(t, data, len), TLS_OK);
	assert_int_equal(tls_read(t, buf, sizeof(buf), &n), TLS_FAILED);
	assert_string_equal(tls_failure_name(tls_failure(t)), tls_failure_name(why));
	assert_int_equal(tls_read(t, buf, sizeof(buf), &n), TLS_FAILED);
	assert_int_equal(tls_feed(t, data, len), TLS_FAILED);
	assert_int_equal(tls_write(t, data, len), TLS_FAILED);
	assert_int_equal(tls_shutdown(t), TLS_FAILED);
	assert_int_equal(ERR_peek_error(), 0);
	tls_free(&t);
	SSL_CTX_free(s);
}

static void plain_http_9(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: zhibu\r\n\r\n";
	static const char connect[] = "CONNECT x:443 HTTP/1.1\r\n\r\n";

	(void)state;
	check_garbage(get, sizeof(get) - 1, TLS_FAIL_PLAIN_HTTP);
	check_garbage(connect, sizeof(connect) - 1, TLS_FAIL_PLAIN_HTTP);
}

static void garbage_9(void **state)
{
	/* 7 ciphers of three bytes, a challenge of 16 */
	static const uint8_t sslv2[2 + 9 + 21 + 16] = { 0x80, 46, 1, 0, 2, 0, 21, 0,
							0, 0, 16, 1, 0, 0x80 };
	uint8_t frame[64] = { 0, 0, 0, 60, 8, 1 };

	(void)state;
	check_garbage(frame, sizeof(frame), TLS_FAIL_NOT_TLS);
	check_garbage(sslv2, sizeof(sslv2), TLS_FAIL_VERSION);
	memset(frame, 0xff, sizeof(frame));
	check_garbage(frame, sizeof(frame), TLS_FAIL_NOT_TLS);
}

/* Any one byte of the client's flight changed: refused or, where the byte does
 * not matter, agreed; never anything else. */
static void flipped_bytes(void **state)
{
	SSL_CTX *s = member(), *c = person();

	(void)state;
	for (size_t at = 0; at < 900; at += 3) {
		struct pair *p = pair_new(s, c);
		uint8_t hello[4096];
		size_t n;

		read_all(p, CLIENT);
		n = tls_drain(p->client, hello, sizeof(hello));
		hello[at % n] ^= (uint8_t)(1 + at % 255);
		tls_feed(p->server, hello, n);
		p->server_says = read_all(p, SERVER);
		assert_true(p->server_says == TLS_FAILED ||
			    p->server_says == TLS_WANT_INPUT);
		run(p, 16384);
		assert_true(p->server_says == TLS_FAILED ||
			    p->server_says == TLS_WANT_INPUT);
		pair_free(p);
	}
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

/* --- who may not come in (26 to 30, 33) --------------------------------------------- */

static void tls12_26(void **state)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method());

	(void)state;
	SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	assert_int_equal(refused(member(), c, TLS_FAIL_VERSION),
			 SSL_AD_PROTOCOL_VERSION);
}

static void no_certificate_27(void **state)
{
	SSL_CTX *s = member(), *c = test_client(&pki, NULL, NULL);
	struct pair *p = pair_new(s, c);

	(void)state;
	run(p, 16384);
	assert_int_equal(p->server_says, TLS_FAILED);
	assert_int_equal(tls_failure(p->server), TLS_FAIL_NO_CERTIFICATE);
	/* The client thought itself connected; the alert came on its first read. */
	assert_true(tls_established(p->client));
	assert_int_equal(p->client_says, TLS_FAILED);
	assert_int_equal(tls_peer_alert(p->client), 116);
	assert_int_equal(tls_failure(p->client), TLS_FAIL_NO_CERTIFICATE);
	drop(p, s, c);
}

/* The person's certificate again, valid from and to so many days from now. */
static X509 *dated(int from_days, int to_days)
{
	X509 *x = X509_dup(pki.person);

	X509_time_adj_ex(X509_getm_notBefore(x), from_days, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(x), to_days, 0, NULL);
	assert_true(X509_sign(x, pki.authority_key, EVP_sha256()) > 0);
	return x;
}

static void out_of_date_28(void **state)
{
	X509 *expired = dated(-20, -1), *early = dated(1, 20);
	int alert;

	(void)state;
	alert = refused(member(), test_client(&pki, expired, pki.person_key),
			TLS_FAIL_EXPIRED);
	assert_int_equal(alert, SSL_AD_CERTIFICATE_EXPIRED);
	alert = refused(member(), test_client(&pki, early, pki.person_key),
			TLS_FAIL_EXPIRED);
	assert_int_equal(alert, SSL_AD_BAD_CERTIFICATE);
	X509_free(expired);
	X509_free(early);
}

static void other_authority_29(void **state)
{
	SSL_CTX *c = test_client(&pki, stranger.person, stranger.person_key);

	(void)state;
	assert_int_equal(refused(member(), c, TLS_FAIL_UNTRUSTED), SSL_AD_UNKNOWN_CA);
}

static void self_signed_29(void **state)
{
	SSL_CTX *c = test_client(&pki, stranger.authority, stranger.authority_key);

	(void)state;
	assert_int_equal(refused(member(), c, TLS_FAIL_UNTRUSTED), SSL_AD_UNKNOWN_CA);
}

/* No signature in common: such a client sends no certificate at all. */
static void rsa_29(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *x = X509_dup(pki.person);
	SSL_CTX *c = SSL_CTX_new(TLS_method());

	(void)state;
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, pki.authority_key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(c, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(c, key), 1);
	SSL_CTX_set_alpn_protos(c, (const unsigned char *)"\x07zhibu/1", 8);
	assert_int_equal(refused(member(), c, TLS_FAIL_NO_CERTIFICATE), 116);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* A server's certificate is no person's, though the authority signed it. */
static void server_certificate_as_person(void **state)
{
	(void)state;
	refused(member(), test_client(&pki, pki.server, pki.server_key),
		TLS_FAIL_BAD_CERTIFICATE);
}

static void huge_certificate_30(void **state)
{
	X509 *x = X509_dup(pki.person);
	ASN1_OCTET_STRING *os = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;
	uint8_t *filler = calloc(1, 82 * 1024);

	(void)state;
	ASN1_OCTET_STRING_set(os, filler, 82 * 1024);
	ext = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, os);
	X509_add_ext(x, ext, -1);
	assert_true(X509_sign(x, pki.authority_key, EVP_sha256()) > 0);
	refused(member(), test_client(&pki, x, pki.person_key), TLS_FAIL_TOO_BIG);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(os);
	X509_free(x);
	free(filler);
}

static void no_alpn(void **state)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method());

	(void)state;
	SSL_CTX_use_certificate(c, pki.person);
	SSL_CTX_use_PrivateKey(c, pki.person_key);
	assert_int_equal(refused(member(), c, TLS_FAIL_NO_PROTOCOL), 120);
}

static void other_alpn(void **state)
{
	SSL_CTX *c = person();

	(void)state;
	SSL_CTX_set_alpn_protos(c, (const unsigned char *)"\x02h2", 3);
	assert_int_equal(refused(member(), c, TLS_FAIL_NO_PROTOCOL), 120);
}

static void no_group_in_common(void **state)
{
	SSL_CTX *c = person();

	(void)state;
	SSL_CTX_set1_groups_list(c, "P-521");
	refused(member(), c, TLS_FAIL_NO_SHARED);
}

/* --- the server is not ours (24, 25) -------------------------------------------------- */

static void client_refuses(SSL_CTX *server, SSL_CTX *client, enum tls_failure why)
{
	struct pair *p = pair_new(server, client);

	run(p, 16384);
	assert_int_equal(p->client_says, TLS_FAILED);
	assert_string_equal(tls_failure_name(tls_failure(p->client)),
			    tls_failure_name(why));
	assert_false(tls_established(p->server));
	assert_int_equal(p->len[SERVER], 0);
	drop(p, server, client);
}

static void foreign_server_24(void **state)
{
	(void)state;
	client_refuses(test_server(&stranger, TLS_SIDE_PUBLIC), person(),
		       TLS_FAIL_UNTRUSTED);
}

static void wrong_name_25(void **state)
{
	SSL_CTX *c = test_context(&(struct tls_settings){
		.side = TLS_SIDE_CLIENT, .authority = pki.authority,
		.server_name = "zhibu-other.invalid" });

	(void)state;
	client_refuses(test_server(&pki, TLS_SIDE_PUBLIC), c,
		       TLS_FAIL_BAD_CERTIFICATE);
}

/* A person's key cannot play the server. */
static void person_as_server_25(void **state)
{
	SSL_CTX *s = test_context(&(struct tls_settings){
		.side = TLS_SIDE_PUBLIC, .authority = pki.authority,
		.certificate = pki.person, .key = pki.person_key });

	(void)state;
	client_refuses(s, person(), TLS_FAIL_BAD_CERTIFICATE);
}

static void key_of_another(void **state)
{
	char why[128] = "";
	struct tls_settings settings = { .side = TLS_SIDE_PUBLIC,
		.authority = pki.authority, .certificate = pki.server,
		.key = pki.person_key };

	(void)state;
	assert_null(tls_context_new(&settings, why, sizeof(why)));
	assert_non_null(strstr(why, "certificate and key"));
	settings.side = TLS_SIDE_MEMBER;
	settings.key = pki.server_key;
	settings.authority = NULL;
	assert_null(tls_context_new(&settings, why, sizeof(why)));
	assert_non_null(strstr(why, "authority"));
}

/* --- floods (36) -------------------------------------------------------------------- */

static void key_updates(struct raw *r, struct tls *server, int n)
{
	for (int i = 0; i < n; i++) {
		assert_int_equal(SSL_key_update(r->ssl, SSL_KEY_UPDATE_NOT_REQUESTED),
				 1);
		assert_int_equal(SSL_do_handshake(r->ssl), 1);
	}
	raw_carry(r, server);
}

static void key_update_flood_36(void **state)
{
	SSL_CTX *s = member(), *c = person();
	struct tls *server = tls_new(s, true);
	struct raw r;

	(void)state;
	raw_connect(&r, c, server, NULL);
	key_updates(&r, server, 32);
	assert_int_equal(tls_failure(server), TLS_FAIL_NONE);
	/* Data in between and the count begins anew. */
	assert_int_equal(SSL_write(r.ssl, "x", 1), 1);
	key_updates(&r, server, 32);
	assert_int_equal(tls_failure(server), TLS_FAIL_NONE);
	key_updates(&r, server, 1);
	assert_int_equal(tls_failure(server), TLS_FAIL_FLOOD);
	SSL_free(r.ssl);
	tls_free(&server);
	SSL_CTX_free(s);
	SSL_CTX_free(c);
	ERR_clear_error();
}

/* --- memory (90) --------------------------------------------------------------------- */

static long fail_at = -1, allocations;

static bool must_fail(void)
{
	return fail_at >= 0 && allocations++ >= fail_at;
}

static void *short_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return must_fail() ? NULL : malloc(n);
}

static void *short_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return must_fail() ? NULL : realloc(p, n);
}

static void short_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* From the n-th allocation on the server has no memory left: it fails or it is
 * done, and nothing is lost. */
static void out_of_memory_90(void **state)
{
	SSL_CTX *s = member(), *c = person();
	bool done = false;

	(void)state;
	for (long n = 0; !done; n++) {
		struct pair *p = calloc(1, sizeof(*p));
		uint8_t buf[4096];
		size_t len;

		p->client = tls_new(c, false);
		fail_at = n;
		allocations = 0;
		p->server = tls_new(s, true);
		fail_at = -1;
		if (p->server) {
			read_all(p, CLIENT);
			len = tls_drain(p->client, buf, sizeof(buf));
			fail_at = n;
			tls_feed(p->server, buf, len);
			p->server_says = read_all(p, SERVER);
			done = allocations < n;
			fail_at = -1;
			assert_int_equal(p->server_says, done ? TLS_WANT_INPUT
						: tls_failure(p->server) ? TLS_FAILED
						: TLS_WANT_INPUT);
		}
		pair_free(p);
		ERR_clear_error();
		assert_true(n < 5000);
	}
	SSL_CTX_free(s);
	SSL_CTX_free(c);
}

static void failure_names(void **state)
{
	(void)state;
	for (int i = 0; i < TLS_FAIL_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				tls_failure_name((enum tls_failure)i),
				tls_failure_name((enum tls_failure)j));
}

static int setup(void **state)
{
	(void)state;
	test_pki_new(&pki);
	test_pki_new(&stranger);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_pki_free(&pki);
	test_pki_free(&stranger);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_at_a_time),
		cmocka_unit_test(a_megabyte),
		cmocka_unit_test(only_tls13_and_ours),
		cmocka_unit_test(public_port_asks_for_none),
		cmocka_unit_test(public_port_ignores_certificate),
		cmocka_unit_test(close_notify_both_ways),
		cmocka_unit_test(nothing_before_the_handshake),
		cmocka_unit_test(resumption_keeps_the_certificate),
		cmocka_unit_test(foreign_ticket),
		cmocka_unit_test(plain_http_9),
		cmocka_unit_test(garbage_9),
		cmocka_unit_test(flipped_bytes),
		cmocka_unit_test(tls12_26),
		cmocka_unit_test(no_certificate_27),
		cmocka_unit_test(out_of_date_28),
		cmocka_unit_test(other_authority_29),
		cmocka_unit_test(self_signed_29),
		cmocka_unit_test(rsa_29),
		cmocka_unit_test(server_certificate_as_person),
		cmocka_unit_test(huge_certificate_30),
		cmocka_unit_test(no_alpn),
		cmocka_unit_test(other_alpn),
		cmocka_unit_test(no_group_in_common),
		cmocka_unit_test(foreign_server_24),
		cmocka_unit_test(wrong_name_25),
		cmocka_unit_test(person_as_server_25),
		cmocka_unit_test(key_of_another),
		cmocka_unit_test(key_update_flood_36),
		cmocka_unit_test(out_of_memory_90),
		cmocka_unit_test(failure_names),
	};

	CRYPTO_set_mem_functions(short_malloc, short_realloc, short_free);
	return cmocka_run_group_tests(tests, setup, teardown);
}
