/*
 * How many connections each source address has now.  An IPv6 source is its /64:
 * one machine has all the addresses in it.
 */
#ifndef SERVER_SOURCE_H
#define SERVER_SOURCE_H

#include <stdint.h>
#include <sys/socket.h>

#define SOURCE_BUCKETS 1024
#define SOURCE_KEY 8

struct source {
	struct source *next;
	uint8_t key[SOURCE_KEY];
	unsigned connections;
	unsigned handshakes; /* counted by the connections themselves */
};

struct sources {
	struct source *buckets[SOURCE_BUCKETS];
	uint64_t seed; /* so that nobody can choose addresses of one bucket */
};

void sources_init(struct sources *sources);
/* One more connection from there.  NULL: out of memory. */
struct source *source_enter(struct sources *sources, const struct sockaddr *addr);
/* One less; forgets a source that has none left. */
void source_leave(struct sources *sources, struct source *source);

#endif
