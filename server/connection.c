#include "server/connection.h"

#include "common/error.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/tls.h"
#include "server/outbox.h"
#include "server/request.h"

#include <assert.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_MS 1000

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

static void advance(struct connection *c);

static uint64_t now(const struct connection *c)
{
	return uv_now(c->listener->loop);
}

static struct counters *counters(struct connection *c)
{
	return &c->listener->counters;
}

/* --- end ------------------------------------------------------------------ */

static void unref(struct connection *c)
{
	struct listener *l = c->listener;

	if (--c->refs)
		return;
	free(c);
	listener_connection_gone(l);
}

static void on_handle_closed(uv_handle_t *handle)
{
	unref(handle->data);
}

static void leave_handshake(struct connection *c)
{
	if (!c->counted_handshake)
		return;
	c->counted_handshake = false;
	c->listener->handshakes--;
	c->source->handshakes--;
}

static void leave_listener(struct connection *c)
{
	struct listener *l = c->listener;

	leave_handshake(c);
	if (c->source)
		source_leave(&l->sources, c->source);
	if (c->shed)
		l->shed--;
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		l->connections = c->next;
	l->count--;
	l->counters.closed++;
}

static void cancel_requests(struct connection *c)
{
	while (c->in_flight)
		request_cancel(c->requests[--c->in_flight]);
}

static void free_contents(struct connection *c)
{
	tls_free(&c->tls);
	frame_free(&c->frames);
	free(c->held);
	c->held = NULL;
	outbox_clear(&c->out);
	EVP_PKEY_free(c->client.key);
	c->client.key = NULL;
}

static void set_state(struct connection *c, enum connection_state state)
{
	assert(state > c->state);
	if (c->state == CONNECTION_HANDSHAKE)
		leave_handshake(c);
	c->state = state;
	if (state == CONNECTION_LINGERING)
		c->lingering_at = now(c);
}

void connection_close(struct connection *c)
{
	if (c->state == CONNECTION_CLOSED)
		return;
	set_state(c, CONNECTION_CLOSED);
	cancel_requests(c);
	leave_listener(c);
	free_contents(c);
	uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

void connection_finish(struct connection *c)
{
	if (c->state == CONNECTION_HANDSHAKE) {
		connection_close(c);
	} else if (c->state == CONNECTION_OPEN) {
		set_state(c, CONNECTION_FINISHING);
		advance(c);
	}
}

struct connection *connection_next(const struct connection *c)
{
	return c->next;
}

/* --- sending -------------------------------------------------------------- */

static void on_written(uv_write_t *write, int status)
{
	struct connection *c = write->data;

	free(c->sending);
	c->sending = NULL;
	if (c->state == CONNECTION_CLOSED)
		return;
	if (status < 0) {
		counters(c)->reset++;
		connection_close(c);
		return;
	}
	c->sent_at = now(c);
	advance(c);
}

/* What the socket would not take at once waits in memory of its own. */
static bool send_later(struct connection *c, const uint8_t *data, size_t len)
{
	uv_buf_t buf;

	c->sending = malloc(len);
	if (!c->sending) {
		counters(c)->no_memory++;
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
		c->sent_at = now(c);
	if (n == UV_EAGAIN)
		n = 0;
	if (n < 0) {
		counters(c)->reset++;
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

static void flush(struct connection *c)
{
	size_t n;

	while (c->state != CONNECTION_CLOSED && !c->sending) {
		n = encrypt_next(c);
		if (n == 0)
			return;
		send_now(c, c->listener->cipher, n);
	}
}

static bool all_sent(const struct connection *c)
{
	return !c->sending && !c->out.bytes && !tls_pending(c->tls);
}

static bool queue(struct connection *c, uint8_t *frame, size_t len)
{
	if (all_sent(c))
		c->sent_at = now(c);
	if (frame && outbox_add(&c->out, frame, len))
		return true;
	counters(c)->no_memory++;
	connection_close(c);
	return false;
}

/* Says why in a frame that answers no request, and ends. */
static void refuse(struct connection *c, const char *code, uint32_t retry_ms)
{
	uint8_t *frame;
	size_t len = 0;

	listener_log_refusal(c->listener, &c->tcp, code, error_kind(code)->name);
	frame = request_refusal(0, code, retry_ms, &len);
	cancel_requests(c);
	if (queue(c, frame, len))
		set_state(c, CONNECTION_FINISHING);
}

/* --- requests ------------------------------------------------------------- */

static void on_turn(struct later_item *item)
{
	struct connection *c = (struct connection *)((char *)item -
			offsetof(struct connection, turn));

	c->posted = false;
	if (c->state != CONNECTION_CLOSED)
		advance(c);
	unref(c);
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

static void on_reply(struct request_client *client, struct request *request,
		     uint8_t *frame, size_t len, bool fatal)
{
	struct connection *c = (struct connection *)((char *)client -
			offsetof(struct connection, client));

	forget(c, request);
	counters(c)->replies++;
	c->quiet_at = now(c);
	if (!queue(c, frame, len))
		return;
	if (fatal && c->state == CONNECTION_OPEN) {
		counters(c)->fatal++;
		cancel_requests(c);
		set_state(c, CONNECTION_FINISHING);
	}
	post(c);
}

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
		counters(c)->no_memory++;
		connection_close(c);
		return;
	}
	c->requests[c->in_flight++] = request;
	counters(c)->requests++;
}

/* Moves *data and *len past what was used. */
static void take_plain(struct connection *c, const uint8_t **data, size_t *len)
{
	while (*len && c->state == CONNECTION_OPEN && may_start(c)) {
		if (!c->frame_at)
			c->frame_at = now(c);
		switch (frame_feed(&c->frames, data, len)) {
		case FRAME_MORE:
			return;
		case FRAME_READY:
			start_request(c);
			break;
		case FRAME_BAD:
			counters(c)->bad_frame++;
			refuse(c, ERR_BAD_FRAME, 0);
			return;
		case FRAME_TOO_BIG:
			counters(c)->too_big++;
			refuse(c, ERR_TOO_BIG, 0);
			return;
		case FRAME_NO_MEMORY:
			counters(c)->no_memory++;
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
		counters(c)->no_memory++;
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

/* Once, when the handshake is done. */
static void on_opened(struct connection *c)
{
	X509 *peer = tls_peer(c->tls);

	set_state(c, CONNECTION_OPEN);
	c->opened_at = c->quiet_at = now(c);
	counters(c)->opened++;
	if (tls_resumed(c->tls))
		counters(c)->resumed++;
	if (peer && tls_peer_fingerprint(c->tls, c->fp)) {
		c->client.fp = c->fp;
		c->client.key = X509_get_pubkey(peer);
	}
	if (c->shed) {
		counters(c)->shed_busy++;
		refuse(c, ERR_BUSY, c->listener->limits->busy_retry_ms);
	}
}

/* The alert is in TLS's output; it goes out while lingering. */
static void on_tls_failed(struct connection *c)
{
	enum tls_failure why = tls_failure(c->tls);

	if (c->state != CONNECTION_HANDSHAKE)
		counters(c)->tls_failed++;
	else if (tls_peer_alert(c->tls))
		counters(c)->peer_alert++;
	else
		counters(c)->handshake[why]++;
	listener_log_refusal(c->listener, &c->tcp, tls_failure_name(why),
			     tls_error(c->tls));
	cancel_requests(c);
	outbox_clear(&c->out);
	set_state(c, CONNECTION_LINGERING);
}

static void on_input_ended(struct connection *c)
{
	c->input_ended = true;
	if (c->state == CONNECTION_HANDSHAKE) {
		counters(c)->handshake_cut++;
		connection_close(c);
	} else if (c->state == CONNECTION_OPEN) {
		if (frame_buffered(&c->frames))
			counters(c)->frame_cut++;
		set_state(c, CONNECTION_FINISHING);
	}
}

static bool wants_plain(const struct connection *c)
{
	return c->state == CONNECTION_HANDSHAKE ||
	       (c->state == CONNECTION_OPEN && may_start(c));
}

/* One step of decrypting; false when there is no more now. */
static bool take_step(struct connection *c)
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
	*buf = uv_buf_init(c->listener->input, sizeof(c->listener->input));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = stream->data;

	if (n == 0 || c->state == CONNECTION_CLOSED)
		return;
	if (n < 0 && n != UV_EOF) {
		counters(c)->reset++;
		connection_close(c);
		return;
	}
	if (n == UV_EOF)
		on_input_ended(c);
	else if (c->state < CONNECTION_FINISHING &&
		 tls_feed(c->tls, (const uint8_t *)buf->base, (size_t)n) != TLS_OK)
		connection_close(c);
	if (c->state != CONNECTION_CLOSED)
		advance(c);
}

/* --- time ----------------------------------------------------------------- */

static void fall(uint64_t *at, uint64_t since, unsigned ms)
{
	if (since && since + ms < *at)
		*at = since + ms;
}

/* Nothing asked for, nothing to say. */
static bool quiet(const struct connection *c)
{
	return c->in_flight == 0 && all_sent(c);
}

static uint64_t next_deadline(const struct connection *c)
{
	const struct config_port *limits = c->listener->limits;
	uint64_t at = UINT64_MAX;

	if (c->state == CONNECTION_HANDSHAKE) {
		fall(&at, c->accepted_at, limits->handshake_ms);
		return at;
	}
	fall(&at, c->lingering_at, LINGER_MS);
	if (!all_sent(c))
		fall(&at, c->sent_at, limits->write_stall_ms);
	if (c->state != CONNECTION_OPEN)
		return at;
	if (!c->had_frame)
		fall(&at, c->opened_at, limits->first_frame_ms);
	if (c->reading)
		fall(&at, c->frame_at, limits->frame_ms);
	if (quiet(c))
		fall(&at, c->quiet_at, limits->idle_ms);
	fall(&at, c->opened_at, limits->life_ms);
	return at;
}

/* Which limit it was: the same order as above, the narrowest first. */
static uint64_t *expired(struct connection *c)
{
	const struct config_port *limits = c->listener->limits;
	struct counters *n = counters(c);

	if (!all_sent(c) && now(c) >= c->sent_at + limits->write_stall_ms)
		return &n->write_stall;
	if (!c->had_frame && now(c) >= c->opened_at + limits->first_frame_ms)
		return &n->first_frame_timeout;
	if (c->frame_at && now(c) >= c->frame_at + limits->frame_ms)
		return &n->frame_timeout;
	if (now(c) >= c->opened_at + limits->life_ms)
		return &n->life_ended;
	return &n->idle_timeout;
}

static void on_deadline(struct connection *c)
{
	uint64_t *which;

	if (c->state == CONNECTION_HANDSHAKE) {
		counters(c)->handshake_timeout++;
		listener_log_refusal(c->listener, &c->tcp, "handshake_timeout", "");
		connection_close(c);
		return;
	}
	if (c->state == CONNECTION_LINGERING) {
		connection_close(c);
		return;
	}
	which = expired(c);
	++*which;
	if (which == &counters(c)->write_stall)
		connection_close(c);
	else
		connection_finish(c);
}

static void on_timer(uv_timer_t *timer)
{
	struct connection *c = timer->data;

	c->timer_at = 0;
	if (next_deadline(c) <= now(c))
		on_deadline(c);
	else
		advance(c);
}

/* A later deadline is noticed when the timer comes; only an earlier one needs it
 * set anew. */
static void set_timer(struct connection *c)
{
	uint64_t at = next_deadline(c);

	if (at == UINT64_MAX || (c->timer_at && c->timer_at <= at))
		return;
	c->timer_at = at;
	uv_timer_start(&c->timer, on_timer, at > now(c) ? at - now(c) : 0, 0);
}

/* --- one step ------------------------------------------------------------- */

static void set_reading(struct connection *c)
{
	bool want = !c->input_ended &&
		    (wants_plain(c) || c->state == CONNECTION_LINGERING);

	if (want == c->reading)
		return;
	c->reading = want;
	if (!want) {
		uv_read_stop((uv_stream_t *)&c->tcp);
		return;
	}
	if (c->frame_at)
		c->frame_at = now(c);
	if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read))
		connection_close(c);
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
static void say_goodbye(struct connection *c)
{
	if (c->state == CONNECTION_FINISHING && quiet(c)) {
		tls_shutdown(c->tls);
		set_state(c, CONNECTION_LINGERING);
		flush(c);
	}
	if (c->state != CONNECTION_LINGERING || !all_sent(c))
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

/* Takes input until there is no more or no more may start, then sends; sending
 * may make room to take the rest. */
static void take_and_send(struct connection *c)
{
	bool full;

	do {
		while (wants_plain(c) && take_step(c))
			;
		full = !wants_plain(c);
		if (c->state != CONNECTION_CLOSED)
			flush(c);
	} while (full && wants_plain(c));
}

/* Does whatever can be done now, after any event. */
static void advance(struct connection *c)
{
	take_and_send(c);
	if (c->state != CONNECTION_CLOSED)
		say_goodbye(c);
	if (c->state != CONNECTION_CLOSED)
		set_reading(c);
	if (c->state != CONNECTION_CLOSED)
		set_timer(c);
}

/* --- begin ---------------------------------------------------------------- */

/* Which limit forbids it, as a counter; NULL: it may stay. */
static uint64_t *over_limit(struct connection *c, int fd)
{
	const struct config_port *limits = c->listener->limits;
	struct listener *l = c->listener;

	if ((unsigned)fd + LISTENER_SPARE >= l->descriptors)
		return &l->counters.shed_descriptors;
	if (l->handshakes >= limits->handshakes)
		return &l->counters.shed_handshakes;
	if (c->source->handshakes >= limits->handshakes_per_source)
		return &l->counters.shed_handshakes_source;
	if (c->source->connections > limits->connections_per_source)
		return &l->counters.shed_source;
	if (l->count - l->shed <= limits->connections)
		return NULL;
	/* One that is told busy costs a handshake; so many and no more. */
	if (l->shed >= limits->handshakes)
		return &l->counters.shed_connections;
	c->shed = true;
	l->shed++;
	return NULL;
}

static bool enter_source(struct connection *c)
{
	struct sockaddr_storage addr;
	int len = sizeof(addr);

	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&addr, &len))
		return false;
	c->source = source_enter(&c->listener->sources, (struct sockaddr *)&addr);
	return c->source != NULL;
}

/* False: to be closed; what it was is counted. */
static bool begin(struct connection *c)
{
	struct listener *l = c->listener;
	uint64_t *over;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) || !enter_source(c))
		return false;
	over = over_limit(c, fd);
	if (over) {
		++*over;
		listener_log_refusal(l, &c->tcp, "over_limit", "");
		if (over == &l->counters.shed_descriptors)
			listener_rest(l);
		return false;
	}
	l->handshakes++;
	c->source->handshakes++;
	c->counted_handshake = true;
	c->accepted_at = now(c);
	c->tls = tls_new(l->context, true);
	if (!c->tls) {
		l->counters.no_memory++;
		return false;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	advance(c);
	return true;
}

static struct connection *connection_new(struct listener *l)
{
	size_t room = l->limits->in_flight * sizeof(struct request *);
	struct connection *c = calloc(1, sizeof(*c) + room);

	if (!c)
		return NULL;
	c->listener = l;
	c->refs = 2;
	c->client.reply = on_reply;
	uv_tcp_init(l->loop, &c->tcp);
	uv_timer_init(l->loop, &c->timer);
	c->tcp.data = c;
	c->timer.data = c;
	frame_init(&c->frames, l->limits->frame);
	outbox_init(&c->out);
	c->next = l->connections;
	if (c->next)
		c->next->prev = c;
	l->connections = c;
	l->count++;
	l->alive++;
	return c;
}

bool connection_accept(struct listener *l)
{
	struct connection *c = connection_new(l);

	if (!c) {
		l->counters.no_memory++;
		return false;
	}
	l->counters.accepted++;
	if (uv_accept((uv_stream_t *)&l->tcp, (uv_stream_t *)&c->tcp) || !begin(c))
		connection_close(c);
	return true;
}
