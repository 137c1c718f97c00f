#include "server/later.h"

#include <stddef.h>

static void run_list(struct later *later)
{
	while (later->head) {
		struct later_item *item = later->head;

		later->head = item->next;
		if (!later->head)
			later->tail = &later->head;
		item->run(item);
	}
	uv_idle_stop(&later->idle);
}

static void on_prepare(uv_prepare_t *handle)
{
	struct later *later = handle->data;

	run_list(later);
	if (later->each_turn)
		later->each_turn(later->arg);
	/* What that posted must not wait for the next event. */
	run_list(later);
}

static void on_idle(uv_idle_t *handle)
{
	(void)handle;
}

void later_init(struct later *later, uv_loop_t *loop, void (*each_turn)(void *),
	void *arg)
{
	later->head = NULL;
	later->tail = &later->head;
	later->each_turn = each_turn;
	later->arg = arg;
	uv_prepare_init(loop, &later->prepare);
	uv_idle_init(loop, &later->idle);
	later->prepare.data = later;
	later->idle.data = later;
	uv_prepare_start(&later->prepare, on_prepare);
	uv_unref((uv_handle_t *)&later->prepare);
}

void later_post(struct later *later, struct later_item *item,
	void (*run)(struct later_item *))
{
	item->run = run;
	item->next = NULL;
	*later->tail = item;
	later->tail = &item->next;
	uv_idle_start(&later->idle, on_idle);
}

static void on_closed(uv_handle_t *handle)
{
	struct later *later = handle->data;

	if (--later->open == 0 && later->closed)
		later->closed(later->arg);
}

void later_close(struct later *later, void (*closed)(void *))
{
	run_list(later);
	later->closed = closed;
	later->open = 2;
	uv_close((uv_handle_t *)&later->prepare, on_closed);
	uv_close((uv_handle_t *)&later->idle, on_closed);
}
