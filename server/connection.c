#include "server/connection_internal.h"
#include "server/digest.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>

/* --- end ------------------------------------------------------------------ */

void connection_unref(struct connection *c)
{
	struct listener *l = c->listener;

	if (--c->refs)
		return;
	free(c);
	listener_connection_gone(l);
}

static void on_handle_closed(uv_handle_t *handle)
{
	connection_unref(handle->data);
}

static void leave_handshake(struct connection *c)
{
	if (!c->counted_handshake)
		return;
	c->counted_handshake = false;
	c->source->handshakes--;
	listener_handshake_gone(c->listener);
}

static void leave_listener(struct connection *c)
{
	struct listener *l = c->listener;

	leave_handshake(c);
	if (c->source)
		source_leave(c->source);
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

void connection_cancel_requests(struct connection *c)
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
	digest_free(&c->client.digest);
}

void connection_set_state(struct connection *c, enum connection_state state)
{
	assert(state > c->state);
	if (c->state == CONNECTION_HANDSHAKE)
		leave_handshake(c);
	c->state = state;
	if (state == CONNECTION_LINGERING)
		c->lingering_at = connection_now(c);
}

void connection_close(struct connection *c)
{
	if (c->state == CONNECTION_CLOSED)
		return;
	connection_set_state(c, CONNECTION_CLOSED);
	connection_cancel_requests(c);
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
		connection_set_state(c, CONNECTION_FINISHING);
		connection_advance(c);
	}
}

void connection_give_way(struct connection *c, uint64_t hello_since, unsigned ms)
{
	/* to a hello something is sent */
	bool late = c->sent_at ? connection_now(c) >= c->accepted_at + ms
			       : c->accepted_at < hello_since;

	if (c->state != CONNECTION_HANDSHAKE || !late)
		return;
	connection_counters(c)->handshake_gave_way++;
	connection_close(c);
}

struct connection *connection_next(const struct connection *c)
{
	return c->next;
}

/* --- one step ------------------------------------------------------------- */

/* Takes input until there is no more or no more may start, then sends; sending
 * may make room to take the rest. */
static void take_and_send(struct connection *c)
{
	bool full;

	do {
		while (connection_wants(c) && connection_take(c))
			;
		full = !connection_wants(c);
		if (c->state != CONNECTION_CLOSED)
			connection_flush(c);
	} while (full && connection_wants(c));
}

/* Does whatever can be done now, after any event. */
void connection_advance(struct connection *c)
{
	take_and_send(c);
	if (c->state != CONNECTION_CLOSED)
		connection_say_goodbye(c);
	if (c->state != CONNECTION_CLOSED)
		connection_set_reading(c);
	if (c->state != CONNECTION_CLOSED)
		connection_set_timer(c);
}

/* --- begin ---------------------------------------------------------------- */

/* Which limit forbids it, as a counter; NULL: it may stay. */
static uint64_t *over_limit(struct connection *c, int fd)
{
	const struct config_port *limits = c->listener->limits;
	struct listener *l = c->listener;

	if ((unsigned)fd + LISTENER_SPARE >= l->descriptors)
		return &l->counters.shed_descriptors;
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
	c->client.source = c->source;
	return c->source != NULL;
}

/* Gave up while it waited in the system's queue; what it said can be read still. */
static bool has_left(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1;
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
		listener_log_refusal(l, &c->tcp, counters_name(&l->counters, over), "");
		if (over == &l->counters.shed_descriptors)
			listener_rest(l);
		return false;
	}
	if (has_left(fd)) {
		l->counters.left++;
		return false;
	}
	l->handshakes++;
	c->source->handshakes++;
	c->counted_handshake = true;
	c->accepted_at = connection_now(c);
	c->tls = tls_new(l->context, true);
	if (!c->tls) {
		l->counters.no_memory++;
		return false;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	connection_advance(c);
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
	c->client.reply = connection_reply;
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
