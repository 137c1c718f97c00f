/*
 * One peer: TLS, frames in, requests started, replies out, and every limit that
 * concerns one connection.
 *
 *     HANDSHAKE --> OPEN --> FINISHING --> LINGERING --> CLOSED
 *         |           |          |             ^           ^
 *         +-----------+----------+-- refused --+           |
 *         +-----------+----------+------ cut off ----------+
 *
 * Every change of state goes through one function, every end through
 * connection_close.
 */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include "server/listener.h"

enum connection_state {
	CONNECTION_HANDSHAKE, /* TLS is being agreed on */
	CONNECTION_OPEN,      /* frames come, replies go */
	CONNECTION_FINISHING, /* no more frames; what is in flight is answered */
	CONNECTION_LINGERING, /* all is said; the peer may read it and leave */
	CONNECTION_CLOSED,    /* handles are closing, then memory goes */
};

/* Takes the waiting connection of the listener's socket, or refuses it by its
 * limits.  False: no memory even to take it; it is still waiting. */
bool connection_accept(struct listener *listener);

/* No more frames from it; leaves when what is in flight is answered. */
void connection_finish(struct connection *connection);
/* For the sake of another, ends a handshake that is not done after `ms`, or began
 * before `hello_since` and has not even the hello. */
void connection_give_way(struct connection *connection, uint64_t hello_since,
			 unsigned ms);
/* At once, from anywhere, as often as one likes. */
void connection_close(struct connection *connection);

struct connection *connection_next(const struct connection *connection);

#endif
