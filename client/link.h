/*
 * One connection to the server: blocking, with timeouts, TLS 1.3.
 *
 * The server is who the authority says it is: its name is fixed, so that neither
 * DNS nor an address matters.  Before enrolment the authority is known by a
 * fingerprint only (the pin of the code), and learned here.
 */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include "common/code.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

enum link_port { LINK_PUBLIC, LINK_MEMBER };

enum link_result {
	LINK_OK,
	LINK_NO_ADDRESS,   /* the name is not known */
	LINK_REFUSED,      /* no connection; nothing was sent */
	LINK_NOT_OURS,     /* not the pinned authority, or not its server */
	LINK_NO_CERTIFICATE, /* the server wants one and we gave none */
	LINK_EXPIRED, LINK_REVOKED, LINK_UNKNOWN, /* what it said of ours */
	LINK_BAD_CERTIFICATE,
	LINK_PROTOCOL,     /* other TLS trouble: version, ALPN, a broken frame */
	LINK_LOST,         /* ended or too slow after something was sent */
};

struct link_settings {
	const char *server; /* HOST[:PORT],HOST[:PORT] */
	uint16_t port;      /* for hosts without one, or for all */
	bool port_for_all;  /* the member port: ports in `server` are the public one's */
	X509 *authority;    /* NULL: only the pin is known */
	const uint8_t *pin; /* CODE_PIN bytes; not looked at with an authority */
	X509 *certificate;  /* NULL: none */
	EVP_PKEY *key;
	const char *session_dir;  /* NULL: no resumption */
	const char *session_name;
	unsigned connect_ms, reply_ms;
};

/* All addresses in turn, once each.  NULL: *result. */
struct link *link_open(const struct link_settings *settings, enum link_result *result);
void link_close(struct link *link);

/* The authority the server showed and the pin confirmed; borrowed. */
X509 *link_authority(const struct link *link);
/* The certificate the server showed; borrowed. */
X509 *link_server(const struct link *link);
bool link_resumed(const struct link *link);

enum link_result link_send(struct link *link, const uint8_t *body, size_t len);
/* One frame, malloc'ed. */
enum link_result link_receive(struct link *link, uint8_t **body, size_t *len);

/* The words of a result: error.link_... */
const char *link_words(enum link_result result);

#endif
