#include "server/connection_internal.h"

#include "common/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- sending -------------------------------------------------------------- */

static void on_written(uv_write_t *write, int status)
{
	struct connection *c = write->data;

	free(c->sending);
	c->sending = NULL;
	if (c->state == CONNECTION_CLOSED)
		return;
	if (status < 0) {
		connection_counters(c)->reset++;
		connection_close(c);
		return;
	}
	c->sent_at = connection_now(c);
	connection_advance(c);
}

/* What the socket would not take at once waits in memory of its own. */
static bool send_later(struct connection *c, const uint8_t *data, size_t len)
{
	uv_buf_t buf;

	c->sending = malloc(len);
	if (!c->sending) {
		connection_counters(c)->no_memory++;
		return false;
	}
	memcpy(c->sending, data, len);
	buf = uv_buf_init((char *)c->sending, (unsigned)len);
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &buf, 1, on_written) == 0)
		return true;
	free(c->sending);
	c->sending = NULL;
	return false;
}

static void send_now(struct connection *c, uint8_t *data, size_t len)
{
	uv_buf_t buf = uv_buf_init((char *)data, (unsigned)len);
	int n = uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);

	if (n > 0)
		c->sent_at = connection_now(c);
	if (n == UV_EAGAIN)
		n = 0;
	if (n < 0) {
		connection_counters(c)->reset++;
		connection_close(c);
	} else if ((size_t)n < len && !send_later(c, data + n, len - (size_t)n)) {
		connection_close(c);
	}
}

/* The next ciphertext for the peer in the listener's buffer; 0: none. */
static size_t encrypt_next(struct connection *c)
{
	struct listener *l = c->listener;
	size_t n = tls_drain(c->tls, l->cipher, sizeof(l->cipher));

	if (n || !c->out.bytes)
		return n;
	n = outbox_peek(&c->out, l->gather, sizeof(l->gather));
	switch (tls_write(c->tls, l->gather, n)) {
	case TLS_OK:
		outbox_take(&c->out, n);
		break;
	case TLS_WANT_INPUT:
		return 0;
	default:
		connection_close(c);
		return 0;
	}
	return tls_drain(c->tls, l->cipher, sizeof(l->cipher));
}

void connection_flush(struct connection *c)
{
	size_t n;

	while (c->state != CONNECTION_CLOSED && !c->sending) {
		n = encrypt_next(c);
		if (n == 0)
			return;
		send_now(c, c->listener->cipher, n);
	}
}

bool connection_all_sent(const struct connection *c)
{
	return !c->sending && !c->out.bytes && !tls_pending(c->tls);
}

static bool queue(struct connection *c, uint8_t *frame, size_t len)
{
	if (connection_all_sent(c))
		c->sent_at = connection_now(c);
	if (frame && outbox_add(&c->out, frame, len))
		return true;
	connection_counters(c)->no_memory++;
	connection_close(c);
	return false;
}

void connection_refuse(struct connection *c, const char *code, uint32_t retry_ms)
{
	uint8_t *frame;
	size_t len = 0;

	listener_log_refusal(c->listener, &c->tcp, code, error_kind(code)->name);
	frame = request_refusal(0, code, retry_ms, &len);
	connection_cancel_requests(c);
	if (queue(c, frame, len))
		connection_set_state(c, CONNECTION_FINISHING);
}

/* --- replies -------------------------------------------------------------- */

static void on_turn(struct later_item *item)
{
	struct connection *c = (struct connection *)((char *)item -
			offsetof(struct connection, turn));

	c->posted = false;
	if (c->state != CONNECTION_CLOSED)
		connection_advance(c);
	connection_unref(c);
}

/* Replies of one turn of the loop share records and system calls. */
static void post(struct connection *c)
{
	if (c->posted)
		return;
	c->posted = true;
	c->refs++;
	later_post(&c->listener->later, &c->turn, on_turn);
}

static void forget(struct connection *c, const struct request *request)
{
	unsigned i = 0;

	while (i < c->in_flight && c->requests[i] != request)
		i++;
	assert(i < c->in_flight);
	c->requests[i] = c->requests[--c->in_flight];
}

void connection_reply(struct request_client *client, struct request *request,
		     uint8_t *frame, size_t len, bool fatal)
{
	struct connection *c = (struct connection *)((char *)client -
			offsetof(struct connection, client));

	forget(c, request);
	connection_counters(c)->replies++;
	c->quiet_at = connection_now(c);
	if (!queue(c, frame, len))
		return;
	if (fatal && c->state == CONNECTION_OPEN) {
		connection_counters(c)->fatal++;
		connection_cancel_requests(c);
		connection_set_state(c, CONNECTION_FINISHING);
	}
	post(c);
}

/* --- the end of it -------------------------------------------------------- */

bool connection_quiet(const struct connection *c)
{
	return c->in_flight == 0 && connection_all_sent(c);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	struct connection *c = shutdown->data;

	if (status < 0)
		connection_close(c);
}

/* All is answered and sent: close_notify, then the end of our stream.  The
 * peer's own end is waited for, else its unread bytes would make the system
 * throw away what we said. */
void connection_say_goodbye(struct connection *c)
{
	if (c->state == CONNECTION_FINISHING && connection_quiet(c)) {
		tls_shutdown(c->tls);
		connection_set_state(c, CONNECTION_LINGERING);
		connection_flush(c);
	}
	if (c->state != CONNECTION_LINGERING || !connection_all_sent(c))
		return;
	if (c->input_ended) {
		connection_close(c);
		return;
	}
	if (c->goodbye)
		return;
	c->goodbye = true;
	c->shutdown.data = c;
	if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown))
		connection_close(c);
}
