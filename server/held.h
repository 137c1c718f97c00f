/*
 * Things that come up again a while after they were put away, in the order in
 * which they were: the while is the same for all.
 */
#ifndef SERVER_HELD_H
#define SERVER_HELD_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct held {
	uv_timer_t timer; /* for the first of them */
	unsigned ms;
	struct held_item *head, **tail;
	void (*closed)(void *);
	void *arg; /* of `closed` */
};

/* Lives in the thing that is held; must not be put away twice at a time. */
struct held_item {
	struct held_item *next;
	uint64_t due; /* loop time */
	void (*run)(struct held_item *);
};

void held_init(struct held *held, uv_loop_t *loop, unsigned ms);
void held_put(struct held *held, struct held_item *item,
	void (*run)(struct held_item *));
/* Runs all at once; `closed` comes when `held` may be freed. */
void held_close(struct held *held, void (*closed)(void *), void *arg);

#endif
