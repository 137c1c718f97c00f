/*
 * What the connection_*.c files share: the connection itself, and one step from
 * each to the next.
 */
#ifndef SERVER_CONNECTION_INTERNAL_H
#define SERVER_CONNECTION_INTERNAL_H

#include "common/frame.h"
#include "common/tls.h"
#include "server/connection.h"
#include "server/outbox.h"
#include "server/request.h"

struct connection {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct later_item turn;
	struct listener *listener; /* borrowed */
	struct source *source;     /* borrowed from its sources */
	struct connection *prev, *next;
	enum connection_state state;
	unsigned refs; /* handles open, and one while `turn` is posted */

	bool counted_handshake;
	bool shed;        /* over the limit: to be told busy */
	bool reading;     /* libuv reads */
	bool posted;      /* `turn` is in the list */
	bool input_ended; /* the peer will send nothing more */
	bool had_frame;
	bool goodbye;     /* uv_shutdown was asked for */

	struct tls *tls;
	struct frame_reader frames;
	uint8_t *held;    /* plaintext taken while no request may start */
	size_t held_len;
	uint8_t fp[TLS_FINGERPRINT_LEN];
	struct request_client client;

	struct outbox out;
	uint8_t *sending; /* ciphertext libuv is writing; NULL: none */

	/* Loop time in ms; 0: not running. */
	uint64_t accepted_at, opened_at, frame_at, quiet_at, sent_at, lingering_at;
	uint64_t timer_at;

	unsigned in_flight;
	struct request *requests[]; /* so many as the limit allows */
};

static inline uint64_t connection_now(const struct connection *c)
{
	return uv_now(c->listener->loop);
}

static inline struct counters *connection_counters(struct connection *c)
{
	return &c->listener->counters;
}

/* connection.c */

/* The one place where the state changes; only forward. */
void connection_set_state(struct connection *c, enum connection_state state);
/* One handle or turn less; the last frees it. */
void connection_unref(struct connection *c);
/* Does whatever can be done now; every event ends with it. */
void connection_advance(struct connection *c);
void connection_cancel_requests(struct connection *c);

/* connection_in.c */

/* Whether plaintext of the peer is of use now. */
bool connection_wants(const struct connection *c);
/* One step of decrypting; false when there is no more now. */
bool connection_take(struct connection *c);
/* Lets libuv read or not, as the state wants it. */
void connection_set_reading(struct connection *c);

/* connection_out.c */

/* For struct request_client. */
void connection_reply(struct request_client *client, struct request *request,
		      uint8_t *frame, size_t len, bool fatal);
/* Says why in a frame that answers no request, and ends. */
void connection_refuse(struct connection *c, const char *code, uint32_t retry_ms);
/* Encrypts and sends until there is no more or the socket is full. */
void connection_flush(struct connection *c);
/* Nothing waits to be sent. */
bool connection_all_sent(const struct connection *c);
/* Nothing asked for, nothing to say. */
bool connection_quiet(const struct connection *c);
/* When all is answered: close_notify, and the end of the stream. */
void connection_say_goodbye(struct connection *c);

/* connection_time.c */

/* For the earliest limit that runs now. */
void connection_set_timer(struct connection *c);

#endif
