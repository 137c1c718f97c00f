#include "server/listener.h"

#include "common/log.h"
#include "server/connection.h"

#include <openssl/ssl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>

/* At 700 handshakes a second nobody waits longer in it than a client's three
 * seconds. */
#define BACKLOG 2048
#define LOG_LINES_A_SECOND 20

/* --- accepting ------------------------------------------------------------ */

static bool full(const struct listener *l)
{
	return l->handshakes >= l->limits->handshakes;
}

/* Others wait.  A hello follows the connection at once: who has not said it by the
 * second look gives way.  Of the rest none does as long as one after the other is
 * done, for then it is the machine that is slow; when none was since the last look,
 * what a handshake may take is halved, at each look until one is done again. */
static void end_slow_handshakes(struct listener *l)
{
	struct connection *c, *next;

	if (l->opened_before != l->counters.opened)
		l->patience_ms = l->limits->handshake_ms;
	else if (l->patience_ms > LISTENER_REST_MS)
		l->patience_ms /= 2;
	l->opened_before = l->counters.opened;
	for (c = l->connections; c; c = next) {
		next = connection_next(c);
		connection_give_way(c, l->looked_at, l->patience_ms);
	}
	l->looked_at = uv_now(l->loop);
}

static void accept_waiting(struct listener *l);

static void on_look(uv_timer_t *timer)
{
	struct listener *l = timer->data;

	l->resting = false;
	if (l->waiting && full(l))
		end_slow_handshakes(l);
	accept_waiting(l);
}

/* Not put off by those who come meanwhile. */
static void look_later(struct listener *l)
{
	if (!uv_is_active((uv_handle_t *)&l->timer))
		uv_timer_start(&l->timer, on_look, LISTENER_REST_MS, 0);
}

void listener_rest(struct listener *l)
{
	if (l->draining || l->resting)
		return;
	l->resting = true;
	l->counters.paused++;
	look_later(l);
}

/* Until it is accepted libuv polls no more for connections: they wait in the
 * system's queue, in the order in which they came, and nothing spins. */
static void accept_waiting(struct listener *l)
{
	if (l->draining || l->resting || !l->waiting)
		return;
	if (full(l)) {
		look_later(l);
		return;
	}
	l->waiting = false;
	if (connection_accept(l))
		return;
	l->waiting = true;
	listener_rest(l);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct listener *l = stream->data;

	if (status < 0) {
		log_line(LOG_WARN, "accept", "error=%s", uv_err_name(status));
		listener_rest(l);
		return;
	}
	l->waiting = true;
	l->counters.queued += full(l);
	accept_waiting(l);
}

static void on_room(struct later_item *item)
{
	struct listener *l = (struct listener *)((char *)item -
			offsetof(struct listener, room));

	l->room_posted = false;
	accept_waiting(l);
}

void listener_handshake_gone(struct listener *l)
{
	l->handshakes--;
	if (!l->waiting || l->room_posted)
		return;
	l->room_posted = true;
	later_post(&l->later, &l->room, on_room);
}

static unsigned descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 1u << 30)
		return 1u << 30;
	return (unsigned)limit.rlim_cur;
}

static int bind_and_listen(struct listener *l, const struct config *config)
{
	struct sockaddr_storage addr;
	int port = (int)l->limits->port;
	int error = uv_ip4_addr(config->listen, port, (struct sockaddr_in *)&addr);

	if (error)
		error = uv_ip6_addr(config->listen, port,
				    (struct sockaddr_in6 *)&addr);
	if (!error)
		error = uv_tcp_bind(&l->tcp, (struct sockaddr *)&addr, 0);
	if (!error)
		error = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);
	return error;
}

/* --- life ----------------------------------------------------------------- */

static void unref(struct listener *l)
{
	if (--l->open)
		return;
	SSL_CTX_free(l->context);
	sources_forget(&l->sources, UINT64_MAX);
	if (l->drained)
		l->drained(l->drained_arg);
	free(l);
}

static void on_handle_closed(uv_handle_t *handle)
{
	unref(handle->data);
}

static void on_later_closed(void *arg)
{
	unref(arg);
}

static void close_when_empty(struct listener *l)
{
	if (!l->draining || l->alive || l->closing)
		return;
	l->closing = true;
	uv_close((uv_handle_t *)&l->timer, on_handle_closed);
	later_close(&l->later, on_later_closed);
}

static void close_all(struct listener *l)
{
	struct connection *c, *next;

	for (c = l->connections; c; c = next) {
		next = connection_next(c);
		connection_close(c);
	}
}

static void on_drain_over(uv_timer_t *timer)
{
	close_all(timer->data);
}

void listener_drain(struct listener *l, unsigned limit_ms, void (*drained)(void *),
		    void *arg)
{
	struct connection *c, *next;

	if (l->draining)
		return;
	l->draining = true;
	l->drained = drained;
	l->drained_arg = arg;
	uv_close((uv_handle_t *)&l->tcp, on_handle_closed);
	uv_timer_start(&l->timer, on_drain_over, limit_ms, 0);
	for (c = l->connections; c; c = next) {
		next = connection_next(c);
		connection_finish(c);
	}
	close_when_empty(l);
}

void listener_connection_gone(struct listener *l)
{
	l->alive--;
	close_when_empty(l);
}

struct listener *listener_new(uv_loop_t *loop, const struct config *config,
			      enum worker_kind kind, SSL_CTX *context,
			      struct service *service, int *error)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l) {
		*error = UV_ENOMEM;
		return NULL;
	}
	l->loop = loop;
	l->limits = &config->ports[kind];
	l->service = service;
	l->anonymous = kind == WORKER_PUBLIC;
	l->descriptors = descriptor_limit();
	l->tcp.data = l->timer.data = l;
	l->open = 3;
	l->patience_ms = l->limits->handshake_ms;
	sources_init(&l->sources);
	listener_set_context(l, context);
	uv_tcp_init(loop, &l->tcp);
	uv_timer_init(loop, &l->timer);
	later_init(&l->later, loop, NULL, l);
	*error = bind_and_listen(l, config);
	if (!*error)
		return l;
	listener_drain(l, 0, NULL, NULL);
	return NULL;
}

/* --- what others ask ------------------------------------------------------ */

unsigned listener_port(const struct listener *l)
{
	struct sockaddr_storage addr;
	int len = sizeof(addr);

	if (uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&addr, &len))
		return 0;
	/* sin_port and sin6_port are at the same place. */
	return ntohs(((struct sockaddr_in *)&addr)->sin_port);
}

void listener_set_context(struct listener *l, SSL_CTX *context)
{
	SSL_CTX_up_ref(context);
	SSL_CTX_free(l->context);
	l->context = context;
}

void listener_forget_sources(struct listener *l)
{
	sources_forget(&l->sources, uv_now(l->loop));
}

static bool may_log(struct listener *l)
{
	uint64_t second = uv_now(l->loop) / 1000;

	if (second != l->log_second) {
		l->log_second = second;
		l->log_lines = 0;
	}
	return !l->anonymous && l->log_lines++ < LOG_LINES_A_SECOND;
}

void listener_log_refusal(struct listener *l, const uv_tcp_t *peer,
			  const char *reason, const char *detail)
{
	struct sockaddr_storage addr;
	char name[INET6_ADDRSTRLEN] = "?";
	int len = sizeof(addr);

	if (!may_log(l))
		return;
	if (uv_tcp_getpeername(peer, (struct sockaddr *)&addr, &len) == 0)
		uv_ip_name((struct sockaddr *)&addr, name, sizeof(name));
	log_line(LOG_INFO, "refused", "source=%s reason=%s detail=\"%s\"", name,
		 reason, detail);
}
