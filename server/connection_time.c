#include "server/connection_internal.h"

#define LINGER_MS 1000

static void fall(uint64_t *at, uint64_t since, unsigned ms)
{
	if (since && since + ms < *at)
		*at = since + ms;
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
	if (!connection_all_sent(c))
		fall(&at, c->sent_at, limits->write_stall_ms);
	if (c->state != CONNECTION_OPEN)
		return at;
	if (!c->had_frame)
		fall(&at, c->opened_at, limits->first_frame_ms);
	if (c->reading)
		fall(&at, c->frame_at, limits->frame_ms);
	if (connection_quiet(c))
		fall(&at, c->quiet_at, limits->idle_ms);
	fall(&at, c->opened_at, limits->life_ms);
	return at;
}

/* Which limit it was: the same order as above, the narrowest first. */
static uint64_t *expired(struct connection *c)
{
	const struct config_port *limits = c->listener->limits;
	struct counters *n = connection_counters(c);
	uint64_t now = connection_now(c);

	if (c->state == CONNECTION_HANDSHAKE)
		return &n->handshake_timeout;
	if (!connection_all_sent(c) && now >= c->sent_at + limits->write_stall_ms)
		return &n->write_stall;
	if (!c->had_frame && now >= c->opened_at + limits->first_frame_ms)
		return &n->first_frame_timeout;
	if (c->frame_at && now >= c->frame_at + limits->frame_ms)
		return &n->frame_timeout;
	if (now >= c->opened_at + limits->life_ms)
		return &n->life_ended;
	return &n->idle_timeout;
}

static void on_deadline(struct connection *c)
{
	struct counters *n = connection_counters(c);
	uint64_t *which;

	if (c->state == CONNECTION_LINGERING) {
		connection_close(c);
		return;
	}
	which = expired(c);
	++*which;
	if (which != &n->idle_timeout && which != &n->life_ended)
		listener_log_refusal(c->listener, &c->tcp, counters_name(n, which),
				     "");
	/* To the others we can still say close_notify. */
	if (which == &n->handshake_timeout || which == &n->write_stall)
		connection_close(c);
	else
		connection_finish(c);
}

static void on_timer(uv_timer_t *timer)
{
	struct connection *c = timer->data;

	c->timer_at = 0;
	if (next_deadline(c) <= connection_now(c))
		on_deadline(c);
	else
		connection_advance(c);
}

/* A later deadline is noticed when the timer comes; only an earlier one needs it
 * set anew. */
void connection_set_timer(struct connection *c)
{
	uint64_t at = next_deadline(c), now = connection_now(c);

	if (at == UINT64_MAX || (c->timer_at && c->timer_at <= at))
		return;
	c->timer_at = at;
	uv_timer_start(&c->timer, on_timer, at > now ? at - now : 0, 0);
}
