#include "server/connection_internal.h"

#include "common/error.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* libuv reads a connection up to 32 times in a turn of the loop: with this much at once
 * an upload keeps the others waiting for one chunk of it, not for eight. */
#define READ_BYTES 8192

/* --- requests ------------------------------------------------------------- */

/* Enough in flight, or the peer does not take what it asked for. */
static bool may_start(const struct connection *c)
{
	const struct config_port *limits = c->listener->limits;

	return c->in_flight < limits->in_flight &&
	       c->out.bytes <= limits->write_buffer;
}

static void start_request(struct connection *c)
{
	struct request *request;
	const uint8_t *body;
	size_t len;

	c->had_frame = true;
	c->frame_at = 0;
	body = frame_body(&c->frames, &len);
	request = request_start(c->listener->service, &c->client, body, len);
	if (!request) {
		connection_counters(c)->no_memory++;
		connection_close(c);
		return;
	}
	c->requests[c->in_flight++] = request;
	connection_counters(c)->requests++;
}

/* Moves *data and *len past what was used. */
static void take_plain(struct connection *c, const uint8_t **data, size_t *len)
{
	while (*len && c->state == CONNECTION_OPEN && may_start(c)) {
		if (!c->frame_at)
			c->frame_at = connection_now(c);
		switch (frame_feed(&c->frames, data, len)) {
		case FRAME_MORE:
			return;
		case FRAME_READY:
			start_request(c);
			break;
		case FRAME_BAD:
			connection_counters(c)->bad_frame++;
			connection_refuse(c, ERR_BAD_FRAME, 0);
			return;
		case FRAME_TOO_BIG:
			connection_counters(c)->too_big++;
			connection_refuse(c, ERR_TOO_BIG, 0);
			return;
		case FRAME_NO_MEMORY:
			connection_counters(c)->no_memory++;
			connection_close(c);
			return;
		}
	}
}

/* What could not be used yet waits; it is at most one TLS record. */
static void hold(struct connection *c, const uint8_t *data, size_t len)
{
	uint8_t *copy;

	if (len == 0 || c->state != CONNECTION_OPEN)
		return;
	copy = malloc(len);
	if (!copy) {
		connection_counters(c)->no_memory++;
		connection_close(c);
		return;
	}
	memcpy(copy, data, len);
	c->held = copy;
	c->held_len = len;
}

static void take_held(struct connection *c)
{
	uint8_t *held = c->held;
	const uint8_t *data = held;
	size_t len = c->held_len;

	c->held = NULL;
	c->held_len = 0;
	take_plain(c, &data, &len);
	hold(c, data, len);
	free(held);
}

/* --- receiving ------------------------------------------------------------ */

/* Connections with this one's certificate, itself among them, past the limit. */
static bool too_many_of_one(const struct connection *c)
{
	const struct connection *o;
	unsigned n = 0;

	if (!c->client.fp)
		return false;
	for (o = c->listener->connections; o; o = o->next)
		n += o->client.fp && memcmp(o->fp, c->fp, sizeof(c->fp)) == 0;
	return n > c->listener->limits->connections_per_person;
}

static void tell_busy(struct connection *c)
{
	connection_refuse(c, ERR_BUSY, c->listener->limits->busy_retry_ms);
}

/* Once, when the handshake is done. */
static void on_opened(struct connection *c)
{
	X509 *peer = tls_peer(c->tls);

	connection_set_state(c, CONNECTION_OPEN);
	c->opened_at = c->quiet_at = connection_now(c);
	connection_counters(c)->opened++;
	if (tls_resumed(c->tls))
		connection_counters(c)->resumed++;
	if (peer && tls_peer_fingerprint(c->tls, c->fp)) {
		c->client.fp = c->fp;
		c->client.key = X509_get_pubkey(peer);
	}
	if (too_many_of_one(c)) {
		connection_counters(c)->shed_person++;
		tell_busy(c);
	} else if (c->shed) {
		connection_counters(c)->shed_busy++;
		tell_busy(c);
	}
}

/* The alert is in TLS's output; it goes out while lingering. */
static void on_tls_failed(struct connection *c)
{
	enum tls_failure why = tls_failure(c->tls);

	if (c->state != CONNECTION_HANDSHAKE)
		connection_counters(c)->tls_failed++;
	else if (tls_peer_alert(c->tls))
		connection_counters(c)->peer_alert++;
	else
		connection_counters(c)->handshake[why]++;
	listener_log_refusal(c->listener, &c->tcp, tls_failure_name(why),
			     tls_error(c->tls));
	connection_cancel_requests(c);
	outbox_clear(&c->out);
	connection_set_state(c, CONNECTION_LINGERING);
}

static void on_input_ended(struct connection *c)
{
	c->input_ended = true;
	if (c->state == CONNECTION_HANDSHAKE) {
		connection_counters(c)->handshake_cut++;
		connection_close(c);
	} else if (c->state == CONNECTION_OPEN) {
		if (frame_buffered(&c->frames))
			connection_counters(c)->frame_cut++;
		connection_set_state(c, CONNECTION_FINISHING);
	}
}

bool connection_wants(const struct connection *c)
{
	return c->state == CONNECTION_HANDSHAKE ||
	       (c->state == CONNECTION_OPEN && may_start(c));
}

bool connection_take(struct connection *c)
{
	struct listener *l = c->listener;
	const uint8_t *data = l->plain;
	size_t len = 0;
	enum tls_result result;

	if (c->held) {
		take_held(c);
		return true;
	}
	result = tls_read(c->tls, l->plain, sizeof(l->plain), &len);
	if (c->state == CONNECTION_HANDSHAKE && tls_established(c->tls))
		on_opened(c);
	switch (result) {
	case TLS_OK:
		take_plain(c, &data, &len);
		hold(c, data, len);
		return true;
	case TLS_CLOSED:
		on_input_ended(c);
		return false;
	case TLS_FAILED:
		if (c->state < CONNECTION_LINGERING)
			on_tls_failed(c);
		return false;
	default:
		return false;
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct connection *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->listener->input, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = stream->data;

	if (n == 0 || c->state == CONNECTION_CLOSED)
		return;
	if (n < 0 && n != UV_EOF) {
		connection_counters(c)->reset++;
		connection_close(c);
		return;
	}
	if (n == UV_EOF) {
		connection_counters(c)->half_closed += c->state == CONNECTION_OPEN;
		on_input_ended(c);
	} else if (c->state < CONNECTION_FINISHING &&
		   tls_feed(c->tls, (const uint8_t *)buf->base, (size_t)n) != TLS_OK) {
		connection_close(c);
	}
	if (c->state != CONNECTION_CLOSED)
		connection_advance(c);
}

void connection_set_reading(struct connection *c)
{
	bool want = !c->input_ended &&
		    (connection_wants(c) || c->state == CONNECTION_LINGERING);

	if (want == c->reading)
		return;
	c->reading = want;
	if (!want) {
		uv_read_stop((uv_stream_t *)&c->tcp);
		return;
	}
	if (c->frame_at)
		c->frame_at = connection_now(c);
	if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read))
		connection_close(c);
}
