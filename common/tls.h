/*
 * TLS as a transformer of bytes: ciphertext in and out on one side, plaintext on
 * the other, no socket anywhere.
 *
 * The caller's rule is one line: after any call, drain and send what came out.
 * The handshake runs inside tls_read; nothing can be written before
 * tls_established() says so.
 */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_FINGERPRINT_LEN 32

struct tls;

enum tls_result {
	TLS_OK,         /* done; for tls_read: at least one byte of plaintext */
	TLS_WANT_INPUT, /* nothing more until the peer's next bytes are fed */
	TLS_CLOSED,     /* the peer said close_notify; writing is still possible */
	TLS_FAILED,     /* over; tls_failure() and tls_error() say why */
};

/* Why a session failed, as far as it is worth counting apart. */
enum tls_failure {
	TLS_FAIL_NONE,
	TLS_FAIL_PLAIN_HTTP,     /* an HTTP request instead of TLS */
	TLS_FAIL_NOT_TLS,        /* other bytes that are no TLS record */
	TLS_FAIL_VERSION,        /* TLS 1.2 or older */
	TLS_FAIL_NO_PROTOCOL,    /* ALPN absent or without zhibu/1 */
	TLS_FAIL_NO_SHARED,      /* no suite, group or signature in common */
	TLS_FAIL_NO_CERTIFICATE, /* the peer has none */
	TLS_FAIL_EXPIRED,        /* certificate expired or not yet valid */
	TLS_FAIL_UNTRUSTED,      /* not of the college's authority */
	TLS_FAIL_BAD_CERTIFICATE,/* anything else wrong with the certificate */
	TLS_FAIL_TOO_BIG,        /* a handshake message beyond its bound */
	TLS_FAIL_FLOOD,          /* too many records in a row that carry no data */
	TLS_FAIL_TRUNCATED,      /* the stream ended without close_notify */
	TLS_FAIL_OTHER,
	TLS_FAIL_COUNT
};

/* NULL when out of memory.  Takes its own reference of the context. */
struct tls *tls_new(SSL_CTX *context, bool server);
/* Sets *tls to NULL; NULL inside is fine. */
void tls_free(struct tls **tls);

/* Takes all of `len` bytes from the peer, or fails for want of memory. */
enum tls_result tls_feed(struct tls *tls, const uint8_t *data, size_t len);
/* One piece of plaintext; call until it is not TLS_OK.  *len is set on TLS_OK. */
enum tls_result tls_read(struct tls *tls, uint8_t *buf, size_t cap, size_t *len);
/* Encrypts all of it.  TLS_WANT_INPUT: nothing was taken, the handshake or half a
 * KeyUpdate of the peer comes first; the same bytes again after the next feed. */
enum tls_result tls_write(struct tls *tls, const uint8_t *data, size_t len);
/* Moves ciphertext for the peer out; returns the count, 0 when there is none. */
size_t tls_drain(struct tls *tls, uint8_t *buf, size_t cap);
size_t tls_pending(const struct tls *tls);
/* Says close_notify.  TLS_CLOSED when the peer has said it too. */
enum tls_result tls_shutdown(struct tls *tls);

bool tls_established(const struct tls *tls);
bool tls_resumed(const struct tls *tls);

/* The peer's certificate, borrowed; NULL: none.  Also known after resumption. */
X509 *tls_peer(const struct tls *tls);
/* SHA-256 of the peer's certificate DER; false when there is none. */
bool tls_peer_fingerprint(const struct tls *tls, uint8_t fp[TLS_FINGERPRINT_LEN]);

enum tls_failure tls_failure(const struct tls *tls);
/* One line for a log or a person, "" while nothing failed.  Never holds a name
 * out of the peer's certificate. */
const char *tls_error(const struct tls *tls);
/* The alert the peer sent last, 0 when none (RFC 8446, 6.2). */
int tls_peer_alert(const struct tls *tls);

/* "plain_http", for counters. */
const char *tls_failure_name(enum tls_failure failure);

/* For blocking users of SSL: what the error queue and the session say about the
 * call that just failed.  Empties the queue and writes a line into `text`. */
enum tls_failure tls_explain(const SSL *ssl, char *text, size_t cap);

#endif
