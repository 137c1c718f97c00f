/*
 * Reply frames waiting to be encrypted, in the order in which they came.
 */
#ifndef SERVER_OUTBOX_H
#define SERVER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox_frame;

struct outbox {
	struct outbox_frame *first, **last;
	size_t bytes; /* still to go, headers included */
};

void outbox_init(struct outbox *box);
void outbox_clear(struct outbox *box);
/* Takes a malloc'ed frame body; adds the header.  False: no memory, body freed. */
bool outbox_add(struct outbox *box, uint8_t *body, size_t len);
/* Copies up to `cap` of the next bytes without taking them. */
size_t outbox_peek(const struct outbox *box, uint8_t *out, size_t cap);
/* Takes so many of them. */
void outbox_take(struct outbox *box, size_t len);

#endif
