/*
 * Work to be done later on the loop, before it waits again: how a completion
 * keeps its promise never to come from inside the call that started it.
 */
#ifndef SERVER_LATER_H
#define SERVER_LATER_H

#include <uv.h>

struct later {
	uv_prepare_t prepare; /* runs the list before the loop polls */
	uv_idle_t idle;       /* keeps the loop from sleeping while it is not empty */
	struct later_item *head, **tail;
	void (*each_turn)(void *); /* also run once a turn; may be NULL */
	void (*closed)(void *);
	void *arg; /* of both */
	int open;  /* handles not yet closed */
};

/* Lives in the thing that waits; must not be posted twice at a time. */
struct later_item {
	struct later_item *next;
	void (*run)(struct later_item *);
};

void later_init(struct later *later, uv_loop_t *loop, void (*each_turn)(void *),
	void *arg);
void later_post(struct later *later, struct later_item *item,
	void (*run)(struct later_item *));
/* Runs what is left and closes; `closed` comes when `later` may be freed. */
void later_close(struct later *later, void (*closed)(void *));

#endif
