#include "server/held.h"

static void run_until(struct held *held, uint64_t now)
{
	while (held->head && held->head->due <= now) {
		struct held_item *item = held->head;

		held->head = item->next;
		if (!held->head)
			held->tail = &held->head;
		item->run(item);
	}
}

static void on_due(uv_timer_t *timer)
{
	struct held *held = timer->data;

	run_until(held, uv_now(timer->loop));
	if (held->head)
		uv_timer_start(timer, on_due,
			held->head->due - uv_now(timer->loop), 0);
}

void held_init(struct held *held, uv_loop_t *loop, unsigned ms)
{
	held->ms = ms;
	held->head = NULL;
	held->tail = &held->head;
	uv_timer_init(loop, &held->timer);
	held->timer.data = held;
}

void held_put(struct held *held, struct held_item *item,
	void (*run)(struct held_item *))
{
	bool first = !held->head;

	item->run = run;
	item->next = NULL;
	item->due = uv_now(held->timer.loop) + held->ms;
	*held->tail = item;
	held->tail = &item->next;
	if (first)
		uv_timer_start(&held->timer, on_due, held->ms, 0);
}

static void on_closed(uv_handle_t *handle)
{
	struct held *held = handle->data;

	held->closed(held->arg);
}

void held_close(struct held *held, void (*closed)(void *), void *arg)
{
	held->closed = closed;
	held->arg = arg;
	run_until(held, UINT64_MAX);
	uv_close((uv_handle_t *)&held->timer, on_closed);
}
