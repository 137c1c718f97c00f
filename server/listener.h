/*
 * A port: takes connections in, keeps the limits that concern all of them, and
 * lets them end in order when the worker is told to stop.
 */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "server/config.h"
#include "server/counters.h"
#include "server/later.h"
#include "server/source.h"

#include <openssl/types.h>
#include <uv.h>

struct connection;
struct service;

/* Descriptors kept free for the database, files and one more accept. */
#define LISTENER_SPARE 32
/* How long accepting rests when they run out, and from one look at handshakes that
 * keep others waiting to the next. */
#define LISTENER_REST_MS 100

/* Shared with connection.c, which counts itself in and out. */
struct listener {
	uv_loop_t *loop;                  /* borrowed, as all down to service */
	const struct config_port *limits;
	struct service *service;
	SSL_CTX *context;                 /* own reference */
	bool anonymous;                   /* public port: no line about a peer */
	struct counters counters;
	struct later later;               /* answers of a turn leave together */

	uv_tcp_t tcp;
	uv_timer_t timer;    /* rest of accepting, then the end of draining */
	struct later_item room; /* posted when a handshake ended */
	bool room_posted;
	unsigned open;       /* own handles not yet closed */
	unsigned alive;      /* connections in memory */
	bool resting;        /* accepting, for want of descriptors */
	bool waiting;        /* libuv holds one connection for us */
	bool draining;
	bool closing;        /* the last connection is gone, and the handles go */
	unsigned descriptors; /* limit of the process */
	void (*drained)(void *);
	void *drained_arg;

	struct connection *connections;
	unsigned count;      /* connections */
	unsigned shed;       /* of those, here only to be told busy */
	unsigned handshakes; /* of those, not yet agreed on TLS */
	unsigned patience_ms; /* what one of them may take while others wait */
	uint64_t looked_at;  /* at them, and counters.opened then */
	uint64_t opened_before;
	struct sources sources;
	uint64_t log_second; /* lines about refusals are bounded a second */
	unsigned log_lines;

	/* Passing through, never kept: used within one callback. */
	char input[65536];
	uint8_t plain[16384];
	uint8_t gather[16384];
	uint8_t cipher[17408]; /* a full record of `gather` fits */
};

/* Binds and listens on config->listen.  NULL with *error an UV_E... */
struct listener *listener_new(uv_loop_t *loop, const struct config *config,
			      enum worker_kind kind, SSL_CTX *context,
			      struct service *service, int *error);
/* The port in use; tests bind port 0. */
unsigned listener_port(const struct listener *listener);
/* New connections use this one: a renewed certificate. */
void listener_set_context(struct listener *listener, SSL_CTX *context);

/* Takes no more connections, lets what is in flight finish, at most `limit_ms`,
 * then closes all, calls `drained` and is gone. */
void listener_drain(struct listener *listener, unsigned limit_ms,
		    void (*drained)(void *), void *arg);

/* Now and then: addresses that left are forgotten. */
void listener_forget_sources(struct listener *listener);

/* From connection.c: descriptors are running out; accept no more for a while. */
void listener_rest(struct listener *listener);
/* From connection.c: one handshake less, another may begin. */
void listener_handshake_gone(struct listener *listener);
/* From connection.c: a connection's memory is free. */
void listener_connection_gone(struct listener *listener);
/* One line about a refused peer, on the member port with its address; bounded a
 * second, and none on the public port. */
void listener_log_refusal(struct listener *listener, const uv_tcp_t *peer,
			  const char *reason, const char *detail);

#endif
