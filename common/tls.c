#include "common/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records in a row that carry no data; TLS 1.3 needs a handful. */
#define FLOOD_LIMIT 32
/* A memory BIO never gives room back; past this it is replaced when empty, so
 * that an idle connection holds little. */
#define BIO_KEEP 4096

struct tls {
	SSL *ssl;
	BIO *in, *out;       /* borrowed from ssl */
	size_t in_grown, out_grown; /* the most each has held */
	unsigned idle_records; /* without data, since the last with data */
	bool established;
	int peer_alert;
	enum tls_failure failure;
	char error[128];
};

/* --- why ------------------------------------------------------------------- */

static const char *const failure_names[TLS_FAIL_COUNT] = {
	[TLS_FAIL_NONE] = "none",
	[TLS_FAIL_PLAIN_HTTP] = "plain_http",
	[TLS_FAIL_NOT_TLS] = "not_tls",
	[TLS_FAIL_VERSION] = "version",
	[TLS_FAIL_NO_PROTOCOL] = "no_protocol",
	[TLS_FAIL_NO_SHARED] = "no_shared",
	[TLS_FAIL_NO_CERTIFICATE] = "no_certificate",
	[TLS_FAIL_EXPIRED] = "expired",
	[TLS_FAIL_UNTRUSTED] = "untrusted",
	[TLS_FAIL_BAD_CERTIFICATE] = "bad_certificate",
	[TLS_FAIL_TOO_BIG] = "too_big",
	[TLS_FAIL_FLOOD] = "flood",
	[TLS_FAIL_TRUNCATED] = "truncated",
	[TLS_FAIL_OTHER] = "other",
};

const char *tls_failure_name(enum tls_failure failure)
{
	return failure_names[failure < TLS_FAIL_COUNT ? failure : TLS_FAIL_OTHER];
}

struct reason_row {
	int reason;
	enum tls_failure failure;
};

/* OpenSSL's reasons for what it found itself, and the alerts of the peer, whose
 * reasons are 1000 + alert (SSL_AD_REASON_OFFSET). */
static const struct reason_row reasons[] = {
	{ SSL_R_HTTP_REQUEST, TLS_FAIL_PLAIN_HTTP },
	{ SSL_R_HTTPS_PROXY_REQUEST, TLS_FAIL_PLAIN_HTTP },
	{ SSL_R_WRONG_VERSION_NUMBER, TLS_FAIL_NOT_TLS },
	{ SSL_R_BAD_RECORD_TYPE, TLS_FAIL_NOT_TLS },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, TLS_FAIL_NOT_TLS },
	{ SSL_R_UNSUPPORTED_PROTOCOL, TLS_FAIL_VERSION },
	{ SSL_R_UNKNOWN_PROTOCOL, TLS_FAIL_VERSION },
	{ SSL_R_VERSION_TOO_LOW, TLS_FAIL_VERSION },
	{ SSL_R_NO_APPLICATION_PROTOCOL, TLS_FAIL_NO_PROTOCOL },
	{ SSL_R_CALLBACK_FAILED, TLS_FAIL_NO_PROTOCOL }, /* on_hello */
	{ SSL_R_NO_SHARED_CIPHER, TLS_FAIL_NO_SHARED },
	{ SSL_R_NO_SUITABLE_KEY_SHARE, TLS_FAIL_NO_SHARED },
	{ SSL_R_NO_SUITABLE_GROUPS, TLS_FAIL_NO_SHARED },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, TLS_FAIL_NO_SHARED },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, TLS_FAIL_NO_SHARED },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_FAIL_NO_CERTIFICATE },
	{ SSL_R_WRONG_SIGNATURE_TYPE, TLS_FAIL_BAD_CERTIFICATE },
	{ SSL_R_WRONG_CERTIFICATE_TYPE, TLS_FAIL_BAD_CERTIFICATE },
	{ SSL_R_BAD_SIGNATURE, TLS_FAIL_BAD_CERTIFICATE },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE, TLS_FAIL_TOO_BIG },
	{ SSL_R_RECORD_TOO_SMALL, TLS_FAIL_FLOOD }, /* empty records in a row */
	{ SSL_R_TOO_MANY_KEY_UPDATES, TLS_FAIL_FLOOD },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, TLS_FAIL_TRUNCATED },
	{ 1000 + SSL_AD_BAD_CERTIFICATE, TLS_FAIL_BAD_CERTIFICATE },
	{ 1000 + SSL_AD_UNSUPPORTED_CERTIFICATE, TLS_FAIL_BAD_CERTIFICATE },
	{ 1000 + SSL_AD_CERTIFICATE_REVOKED, TLS_FAIL_BAD_CERTIFICATE },
	{ 1000 + SSL_AD_CERTIFICATE_UNKNOWN, TLS_FAIL_BAD_CERTIFICATE },
	{ 1000 + SSL_AD_CERTIFICATE_EXPIRED, TLS_FAIL_EXPIRED },
	{ 1000 + SSL_AD_UNKNOWN_CA, TLS_FAIL_UNTRUSTED },
	{ 1000 + SSL_AD_PROTOCOL_VERSION, TLS_FAIL_VERSION },
	{ 1000 + SSL_AD_HANDSHAKE_FAILURE, TLS_FAIL_NO_SHARED },
	{ 1000 + TLS13_AD_CERTIFICATE_REQUIRED, TLS_FAIL_NO_CERTIFICATE },
	{ 1000 + TLS1_AD_NO_APPLICATION_PROTOCOL, TLS_FAIL_NO_PROTOCOL },
};

static enum tls_failure failure_of_verify(long result)
{
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TLS_FAIL_EXPIRED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return TLS_FAIL_UNTRUSTED;
	default:
		return TLS_FAIL_BAD_CERTIFICATE;
	}
}

static enum tls_failure failure_of_reason(int reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].reason == reason)
			return reasons[i].failure;
	return TLS_FAIL_OTHER;
}

enum tls_failure tls_explain(const SSL *ssl, char *text, size_t cap)
{
	unsigned long e = ERR_peek_error();
	const char *words = e ? ERR_reason_error_string(e) : NULL;
	enum tls_failure failure;

	ERR_clear_error();
	if (!e) {
		snprintf(text, cap, "the connection ended");
		return TLS_FAIL_TRUNCATED;
	}
	failure = failure_of_reason(ERR_GET_REASON(e));
	if (ERR_GET_LIB(e) != ERR_LIB_SSL) {
		failure = TLS_FAIL_OTHER;
	} else if (ERR_GET_REASON(e) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		failure = failure_of_verify(SSL_get_verify_result(ssl));
		words = X509_verify_cert_error_string(SSL_get_verify_result(ssl));
	} else if (failure == TLS_FAIL_NO_PROTOCOL) {
		words = "no application protocol";
	}
	snprintf(text, cap, "%s", words ? words : "unknown error");
	return failure;
}

/* OpenSSL says nothing to a peer whose first bytes are no TLS; we do, so that
 * whoever looks sees a TLS port. */
static void alert_stranger(struct tls *tls)
{
	static const uint8_t alert[] = { SSL3_RT_ALERT, 3, 1, 0, 2, SSL3_AL_FATAL,
					 SSL_AD_UNEXPECTED_MESSAGE };
	size_t done;

	if (tls->failure != TLS_FAIL_PLAIN_HTTP && tls->failure != TLS_FAIL_NOT_TLS)
		return;
	if (!tls->established && !tls_pending(tls))
		BIO_write_ex(tls->out, alert, sizeof(alert), &done);
}

/* SSL_get_error() wants an empty queue before each call.  To empty what is empty costs
 * more than to look. */
static void forget_errors(void)
{
	if (ERR_peek_error())
		ERR_clear_error();
}

static enum tls_result fail(struct tls *tls)
{
	if (tls->failure == TLS_FAIL_NONE) {
		tls->failure = tls_explain(tls->ssl, tls->error,
					   sizeof(tls->error));
		alert_stranger(tls);
	}
	ERR_clear_error();
	return TLS_FAILED;
}

static enum tls_result fail_as(struct tls *tls, enum tls_failure failure,
			       const char *error)
{
	if (tls->failure == TLS_FAIL_NONE) {
		tls->failure = failure;
		snprintf(tls->error, sizeof(tls->error), "%s", error);
	}
	return fail(tls);
}

/* --- life ------------------------------------------------------------------ */

/* Sees every record and alert: counts records without data after the handshake
 * (a flood of KeyUpdate costs us more than the peer) and keeps the peer's
 * last alert. */
static void on_message(int write_p, int version, int type, const void *buf,
		       size_t len, SSL *ssl, void *arg)
{
	struct tls *tls = arg;
	const uint8_t *bytes = buf;

	(void)version;
	(void)ssl;
	if (write_p)
		return;
	if (type == SSL3_RT_ALERT && len == 2)
		tls->peer_alert = bytes[1];
	if (type != SSL3_RT_INNER_CONTENT_TYPE || !tls->established)
		return;
	if (len && bytes[0] == SSL3_RT_APPLICATION_DATA)
		tls->idle_records = 0;
	else
		tls->idle_records++;
}

/* OpenSSL is "in init" again while half a KeyUpdate is there; we are not. */
static void on_state(const SSL *ssl, int where, int ret)
{
	struct tls *tls = SSL_get_app_data(ssl);

	(void)ret;
	if (where & SSL_CB_HANDSHAKE_DONE)
		tls->established = true;
}

struct tls *tls_new(SSL_CTX *context, bool server)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->ssl = SSL_new(context);
	tls->in = BIO_new(BIO_s_mem());
	tls->out = BIO_new(BIO_s_mem());
	if (!tls->ssl || !tls->in || !tls->out) {
		BIO_free(tls->in);
		BIO_free(tls->out);
		SSL_free(tls->ssl);
		free(tls);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_bio(tls->ssl, tls->in, tls->out);
	if (server)
		SSL_set_accept_state(tls->ssl);
	else
		SSL_set_connect_state(tls->ssl);
	SSL_set_app_data(tls->ssl, tls);
	SSL_set_info_callback(tls->ssl, on_state);
	SSL_set_msg_callback(tls->ssl, on_message);
	SSL_set_msg_callback_arg(tls->ssl, tls);
	return tls;
}

void tls_free(struct tls **tls)
{
	if (!*tls)
		return;
	SSL_free((*tls)->ssl);
	free(*tls);
	*tls = NULL;
	ERR_clear_error();
}

/* --- bytes ----------------------------------------------------------------- */

enum tls_result tls_feed(struct tls *tls, const uint8_t *data, size_t len)
{
	size_t done, held;

	if (tls->failure != TLS_FAIL_NONE)
		return TLS_FAILED;
	if (len == 0)
		return TLS_OK;
	forget_errors();
	if (!BIO_write_ex(tls->in, data, len, &done) || done != len)
		return fail_as(tls, TLS_FAIL_OTHER, "out of memory");
	held = BIO_ctrl_pending(tls->in);
	if (held > tls->in_grown)
		tls->in_grown = held;
	return TLS_OK;
}

/* Gives the room of an empty, grown input BIO back; without memory for a new
 * one the old one simply stays. */
static void shrink_in(struct tls *tls)
{
	BIO *fresh;

	if (tls->in_grown <= BIO_KEEP || BIO_ctrl_pending(tls->in))
		return;
	fresh = BIO_new(BIO_s_mem());
	if (!fresh)
		return;
	SSL_set0_rbio(tls->ssl, fresh);
	tls->in = fresh;
	tls->in_grown = 0;
}

static void shrink_out(struct tls *tls)
{
	BIO *fresh;

	if (tls->out_grown <= BIO_KEEP)
		return;
	fresh = BIO_new(BIO_s_mem());
	if (!fresh)
		return;
	SSL_set0_wbio(tls->ssl, fresh);
	tls->out = fresh;
	tls->out_grown = 0;
}

static enum tls_result result_of(struct tls *tls, int ret)
{
	switch (SSL_get_error(tls->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		forget_errors();
		return TLS_WANT_INPUT;
	case SSL_ERROR_ZERO_RETURN:
		forget_errors();
		return TLS_CLOSED;
	default:
		return fail(tls);
	}
}

/* Nothing has come that OpenSSL could read. */
static bool input_empty(const struct tls *tls)
{
	return tls->established && !BIO_ctrl_pending(tls->in) &&
	       !SSL_has_pending(tls->ssl) && !SSL_get_shutdown(tls->ssl);
}

enum tls_result tls_read(struct tls *tls, uint8_t *buf, size_t cap, size_t *len)
{
	size_t done = 0;
	int ret;

	if (tls->failure != TLS_FAIL_NONE)
		return TLS_FAILED;
	if (input_empty(tls)) {
		shrink_in(tls);
		return TLS_WANT_INPUT;
	}
	forget_errors();
	ret = SSL_read_ex(tls->ssl, buf, cap, &done);
	if (tls->idle_records > FLOOD_LIMIT)
		return fail_as(tls, TLS_FAIL_FLOOD, "records without data");
	if (ret != 1) {
		enum tls_result result = result_of(tls, ret);

		if (result == TLS_WANT_INPUT)
			shrink_in(tls);
		return result;
	}
	*len = done;
	return TLS_OK;
}

enum tls_result tls_write(struct tls *tls, const uint8_t *data, size_t len)
{
	size_t done;
	int ret;

	if (tls->failure != TLS_FAIL_NONE)
		return TLS_FAILED;
	if (!tls_established(tls))
		return TLS_WANT_INPUT;
	if (len == 0)
		return TLS_OK;
	forget_errors();
	ret = SSL_write_ex(tls->ssl, data, len, &done);
	return ret == 1 ? TLS_OK : result_of(tls, ret);
}

size_t tls_drain(struct tls *tls, uint8_t *buf, size_t cap)
{
	size_t held = BIO_ctrl_pending(tls->out);
	size_t done = 0;

	if (held == 0)
		return 0;
	if (held > tls->out_grown)
		tls->out_grown = held;
	if (!BIO_read_ex(tls->out, buf, cap, &done))
		done = 0;
	if (done == held)
		shrink_out(tls);
	forget_errors();
	return done;
}

size_t tls_pending(const struct tls *tls)
{
	return BIO_ctrl_pending(tls->out);
}

enum tls_result tls_shutdown(struct tls *tls)
{
	int ret;

	if (tls->failure != TLS_FAIL_NONE)
		return TLS_FAILED;
	if (!tls_established(tls))
		return TLS_CLOSED;
	forget_errors();
	ret = SSL_shutdown(tls->ssl);
	if (ret == 1)
		return TLS_CLOSED;
	return ret == 0 ? TLS_WANT_INPUT : result_of(tls, ret);
}

/* --- what is known ---------------------------------------------------------- */

bool tls_established(const struct tls *tls)
{
	return tls->established;
}

bool tls_resumed(const struct tls *tls)
{
	return SSL_session_reused(tls->ssl);
}

X509 *tls_peer(const struct tls *tls)
{
	return SSL_get0_peer_certificate(tls->ssl);
}

bool tls_peer_fingerprint(const struct tls *tls, uint8_t fp[TLS_FINGERPRINT_LEN])
{
	X509 *peer = tls_peer(tls);
	unsigned len = 0;

	if (!peer || !X509_digest(peer, EVP_sha256(), fp, &len))
		return false;
	return len == TLS_FINGERPRINT_LEN;
}

enum tls_failure tls_failure(const struct tls *tls)
{
	return tls->failure;
}

const char *tls_error(const struct tls *tls)
{
	return tls->error;
}

int tls_peer_alert(const struct tls *tls)
{
	return tls->peer_alert;
}
