#include "client/link.h"

#include "client/files.h"
#include "common/frame.h"
#include "common/tls_context.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SESSION_MAX 16384 /* bytes of one on disk */
#define SERVER_MAX 512
#define AUTHORITY_PREFIX "zhibu authority "
#define NAME_ROOM 128
#define WRITE_BYTES (64 * 1024)

struct link {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	struct link_settings settings;
	X509 *authority;  /* the settings' or the one the pin confirmed */
	bool not_ours;    /* why the handshake failed */
	bool spoken;      /* a byte of a request may have left */
	struct frame_reader reader;
	uint8_t plain[16384]; /* decrypted and not yet used, from plain_at on */
	size_t plain_at, plain_len;
	int64_t deadline; /* of the reply, monotonic milliseconds */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *link_words(enum link_result result)
{
	static const char *const words[] = {
		[LINK_OK] = "text.ok",
		[LINK_NO_ADDRESS] = "error.link_no_address",
		[LINK_REFUSED] = "error.link_refused",
		[LINK_NOT_OURS] = "error.link_not_ours",
		[LINK_NO_CERTIFICATE] = "error.link_no_certificate",
		[LINK_EXPIRED] = "error.link_expired",
		[LINK_REVOKED] = "error.link_revoked",
		[LINK_UNKNOWN] = "error.link_unknown",
		[LINK_BAD_CERTIFICATE] = "error.link_bad_certificate",
		[LINK_PROTOCOL] = "error.link_protocol",
		[LINK_LOST] = "error.link_lost",
	};

	return words[result];
}

/* ---- who the server is ------------------------------------------------------------------ */

/* zhibu-<id>.invalid from the authority's own name, "zhibu authority <id>". */
static bool server_name(X509 *authority, char *out, size_t cap)
{
	char name[NAME_ROOM];
	int n = X509_NAME_get_text_by_NID(X509_get_subject_name(authority),
					  NID_commonName, name, sizeof(name));
	const char *id = name + strlen(AUTHORITY_PREFIX);

	if (n <= (int)strlen(AUTHORITY_PREFIX) ||
	    strncmp(name, AUTHORITY_PREFIX, strlen(AUTHORITY_PREFIX)) != 0)
		return false;
	n = snprintf(out, cap, "zhibu-%s.invalid", id);
	return n > 0 && (size_t)n < cap;
}

static bool has_pin(X509 *certificate, const uint8_t *pin)
{
	unsigned char *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
	uint8_t found[CODE_PIN];

	if (len <= 0)
		return false;
	code_pin(spki, (size_t)len, found);
	OPENSSL_free(spki);
	return CRYPTO_memcmp(found, pin, CODE_PIN) == 0;
}

static X509 *find_pinned(X509_STORE_CTX *ctx, const uint8_t *pin)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(ctx);
	int i;

	for (i = 0; i < sk_X509_num(chain); i++)
		if (has_pin(sk_X509_value(chain, i), pin))
			return sk_X509_value(chain, i);
	return NULL;
}

/* Only the fingerprint of the authority is known: find it in what the server
 * sent, then let it alone vouch for the server, name and purpose included. */
static int verify_by_pin(X509_STORE_CTX *ctx, void *arg)
{
	struct link *link = arg;
	X509 *authority = find_pinned(ctx, link->settings.pin);
	STACK_OF(X509) *trusted = sk_X509_new_null();
	char name[NAME_ROOM];
	int ok = 0;

	if (authority && trusted && sk_X509_push(trusted, authority) &&
	    server_name(authority, name, sizeof(name)) &&
	    X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(ctx), name, 0)) {
		X509_STORE_CTX_set0_trusted_stack(ctx, trusted);
		ok = X509_verify_cert(ctx) == 1;
	} else {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_UNTRUSTED);
	}
	if (ok && X509_up_ref(authority))
		link->authority = authority;
	sk_X509_free(trusted);
	link->not_ours = !ok;
	return ok;
}

/* ---- sessions --------------------------------------------------------------------------- */

/* A new ticket: kept for the next run. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct link *link = SSL_get_app_data(ssl);
	unsigned char *der = NULL;
	int len = i2d_SSL_SESSION(session, &der);

	/* a lost ticket costs one full handshake, no more */
	if (len > 0 && len <= SESSION_MAX)
		(void)files_write(link->settings.session_dir,
				  link->settings.session_name, der, (size_t)len);
	OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
	return 0;
}

static void resume(struct link *link)
{
	struct arena arena;
	size_t len;
	char *der;
	const unsigned char *p;
	SSL_SESSION *session;

	arena_init(&arena, 2 * SESSION_MAX);
	der = files_read(&arena, link->settings.session_dir,
			 link->settings.session_name, SESSION_MAX, &len);
	p = (unsigned char *)der;
	session = der ? d2i_SSL_SESSION(NULL, &p, (long)len) : NULL;
	if (session)
		SSL_set_session(link->ssl, session);
	SSL_SESSION_free(session);
	ERR_clear_error();
	arena_free(&arena);
}

/* ---- TLS -------------------------------------------------------------------------------- */

static bool make_context(struct link *link)
{
	char name[NAME_ROOM], why[256];
	struct tls_settings tls = {
		.side = TLS_SIDE_CLIENT,
		.authority = link->settings.authority,
		.certificate = link->settings.certificate,
		.key = link->settings.key,
	};

	if (tls.authority) {
		if (!server_name(tls.authority, name, sizeof(name)))
			return false;
		tls.server_name = name;
	}
	link->context = tls_context_new(&tls, why, sizeof(why));
	if (!link->context)
		return false;
	SSL_CTX_set_mode(link->context, SSL_MODE_AUTO_RETRY);
	if (!tls.authority)
		SSL_CTX_set_cert_verify_callback(link->context, verify_by_pin, link);
	if (link->settings.session_dir) {
		SSL_CTX_set_session_cache_mode(link->context,
			SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(link->context, on_session);
	}
	return true;
}

/* What the last failed call of OpenSSL means.  In TLS 1.3 what the server thinks
 * of our certificate arrives with the first read. */
static enum link_result explain(struct link *link)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);

	ERR_clear_error();
	if (error && ERR_GET_LIB(error) != ERR_LIB_SSL)
		reason = SSL_R_BAD_DATA;
	if (link->not_ours || (error && reason == SSL_R_CERTIFICATE_VERIFY_FAILED))
		return LINK_NOT_OURS;
	switch (error ? reason : 0) {
	case SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_EXPIRED:
		return LINK_EXPIRED;
	case SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_REVOKED:
		return LINK_REVOKED;
	case SSL_AD_REASON_OFFSET + SSL_AD_UNKNOWN_CA:
	case SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_UNKNOWN:
		return LINK_UNKNOWN;
	case SSL_AD_REASON_OFFSET + SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_REASON_OFFSET + SSL_AD_UNSUPPORTED_CERTIFICATE:
		return LINK_BAD_CERTIFICATE;
	case SSL_AD_REASON_OFFSET + 116: /* certificate_required */
		return LINK_NO_CERTIFICATE;
	case SSL_R_UNEXPECTED_EOF_WHILE_READING:
	case 0: /* a system call: timeout, reset, plain end */
		return link->spoken ? LINK_LOST : LINK_REFUSED;
	default:
		return LINK_PROTOCOL;
	}
}

/* What is written stands in a buffer until it is flushed: records of 16 KiB one by one
 * would wake the server for each. */
static bool attach(struct link *link)
{
	BIO *socket = BIO_new_socket(link->fd, BIO_NOCLOSE);
	BIO *gather = BIO_new(BIO_f_buffer());

	if (!socket || !gather || BIO_set_write_buffer_size(gather, WRITE_BYTES) != 1) {
		BIO_free(socket);
		BIO_free(gather);
		return false;
	}
	BIO_up_ref(socket);
	SSL_set0_rbio(link->ssl, socket);
	SSL_set0_wbio(link->ssl, BIO_push(gather, socket));
	return true;
}

static enum link_result handshake(struct link *link)
{
	link->ssl = SSL_new(link->context);
	if (!link->ssl || !attach(link))
		return LINK_PROTOCOL;
	SSL_set_app_data(link->ssl, link);
	if (link->settings.session_dir)
		resume(link);
	ERR_clear_error();
	if (SSL_connect(link->ssl) == 1)
		return LINK_OK;
	return explain(link);
}

/* ---- TCP -------------------------------------------------------------------------------- */

static void set_timeouts(int fd, unsigned ms)
{
	struct timeval limit = { ms / 1000, (ms % 1000) * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static bool connected(int fd, unsigned ms)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&p, 1, (int)ms) != 1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error)
		return false;
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) == 0;
}

static int dial(const struct addrinfo *a, unsigned ms)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
			a->ai_protocol), at_once = 1;

	if (fd < 0)
		return -1;
	if ((connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS) ||
	    !connected(fd, ms)) {
		close(fd);
		return -1;
	}
	set_timeouts(fd, ms);
	/* a request's last bytes must not wait until the first are acknowledged */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
	return fd;
}

/* HOST, HOST:PORT or [ADDRESS]:PORT, cut in place. */
static char *split_port(char *address)
{
	char *end = *address == '[' ? strchr(address, ']') : NULL;
	char *colon = strrchr(end ? end : address, ':');

	/* an IPv6 address without brackets has several colons and no port */
	if (!end && colon && strchr(address, ':') != colon)
		return NULL;
	if (colon)
		*colon = '\0';
	if (end)
		*end = '\0';
	return colon ? colon + 1 : NULL;
}

static enum link_result try_address(struct link *link, char *address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL, *a;
	char port[8];
	char *given = split_port(address);

	snprintf(port, sizeof(port), "%u", link->settings.port);
	if (given && !link->settings.port_for_all)
		snprintf(port, sizeof(port), "%.5s", given);
	if (*address == '[')
		address++;
	if (getaddrinfo(address, port, &hints, &found))
		return LINK_NO_ADDRESS;
	for (a = found; a && link->fd < 0; a = a->ai_next)
		link->fd = dial(a, link->settings.connect_ms);
	freeaddrinfo(found);
	return link->fd < 0 ? LINK_REFUSED : handshake(link);
}

static void hang_up(struct link *link)
{
	SSL_free(link->ssl);
	link->ssl = NULL;
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

struct link *link_open(const struct link_settings *settings, enum link_result *result)
{
	struct link *link = calloc(1, sizeof(*link));
	char servers[SERVER_MAX], *address, *save = NULL;

	*result = LINK_PROTOCOL;
	if (!link)
		return NULL;
	link->fd = -1;
	link->settings = *settings;
	frame_init(&link->reader, FRAME_LIMIT);
	if (!make_context(link))
		goto fail;
	*result = LINK_NO_ADDRESS;
	snprintf(servers, sizeof(servers), "%s", settings->server);
	for (address = strtok_r(servers, ", ", &save); address;
	     address = strtok_r(NULL, ", ", &save)) {
		*result = try_address(link, address);
		if (*result == LINK_OK) {
			set_timeouts(link->fd, settings->reply_ms);
			return link;
		}
		hang_up(link);
		/* a stranger is no reason to go on to the next */
		if (*result == LINK_NOT_OURS)
			break;
	}
fail:
	link_close(link);
	return NULL;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	if (link->ssl && SSL_is_init_finished(link->ssl))
		SSL_shutdown(link->ssl);
	hang_up(link);
	SSL_CTX_free(link->context);
	if (link->authority)
		X509_free(link->authority);
	frame_free(&link->reader);
	ERR_clear_error();
	free(link);
}

X509 *link_authority(const struct link *link)
{
	return link->authority ? link->authority : link->settings.authority;
}

X509 *link_server(const struct link *link)
{
	return SSL_get0_peer_certificate(link->ssl);
}

bool link_resumed(const struct link *link)
{
	return SSL_session_reused(link->ssl);
}

/* ---- frames ----------------------------------------------------------------------------- */

static bool write_all(struct link *link, const uint8_t *data, size_t len)
{
	size_t done;

	while (len) {
		ERR_clear_error();
		if (SSL_write_ex(link->ssl, data, len, &done) != 1)
			return false;
		data += done;
		len -= done;
	}
	return BIO_flush(SSL_get_wbio(link->ssl)) == 1;
}

/* The server may have hung up on us before we wrote: its alert, saying why, is
 * still to be read. */
static enum link_result last_words(struct link *link)
{
	enum link_result result = explain(link);
	uint8_t byte;
	size_t n;

	if (result != LINK_LOST)
		return result;
	if (SSL_read_ex(link->ssl, &byte, 1, &n) == 1)
		return LINK_PROTOCOL;
	return explain(link);
}

enum link_result link_send(struct link *link, const uint8_t *body, size_t len)
{
	uint8_t *frame = malloc(FRAME_HEADER + len);
	bool ok;

	if (!frame || len > FRAME_LIMIT) {
		free(frame);
		return LINK_PROTOCOL;
	}
	frame_write_header(frame, len);
	memcpy(frame + FRAME_HEADER, body, len);
	link->spoken = true;
	link->deadline = now_ms() + 2 * (int64_t)link->settings.reply_ms;
	ok = write_all(link, frame, FRAME_HEADER + len);
	OPENSSL_cleanse(frame, FRAME_HEADER + len);
	free(frame);
	return ok ? LINK_OK : last_words(link);
}

static enum link_result take_frame(struct link *link, uint8_t **body, size_t *len)
{
	const uint8_t *found = frame_body(&link->reader, len);

	*body = malloc(*len ? *len : 1);
	if (!*body)
		return LINK_PROTOCOL;
	memcpy(*body, found, *len);
	return LINK_OK;
}

enum link_result link_receive(struct link *link, uint8_t **body, size_t *len)
{
	const uint8_t *p;

	for (;;) {
		while (link->plain_len) {
			enum frame_result state;

			p = link->plain + link->plain_at;
			state = frame_feed(&link->reader, &p, &link->plain_len);
			link->plain_at = (size_t)(p - link->plain);
			if (state == FRAME_READY)
				return take_frame(link, body, len);
			if (state != FRAME_MORE)
				return LINK_PROTOCOL;
		}
		if (now_ms() > link->deadline)
			return LINK_LOST;
		ERR_clear_error();
		link->plain_at = 0;
		if (SSL_read_ex(link->ssl, link->plain, sizeof(link->plain),
				&link->plain_len) != 1)
			return explain(link);
	}
}
