/*
 * How many connections each source address has now, and how much it did in the last
 * minute of what is bounded a minute.  An IPv6 source is its /64: one machine has all
 * the addresses in it.  Addresses are in memory alone, and a minute after the last
 * that counted they are forgotten.
 */
#ifndef SERVER_SOURCE_H
#define SERVER_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define SOURCE_BUCKETS 1024
#define SOURCE_KEY 8

/* What is bounded a minute, a limit of struct config_port each. */
enum source_pace {
	SOURCE_WRONG_CODES, /* drawn codes shown that are none (security 62) */
	SOURCE_ANSWERS,     /* answers and objections left without being known (T39) */
	SOURCE_PACES
};

/* Counted from the first of a minute until that minute is over. */
struct pace {
	uint64_t began; /* loop time in ms */
	unsigned n;     /* 0: none since */
};

struct source {
	struct source *next;
	uint8_t key[SOURCE_KEY];
	unsigned connections;
	unsigned handshakes; /* counted by the connections themselves */
	struct pace paces[SOURCE_PACES];
};

struct sources {
	struct source *buckets[SOURCE_BUCKETS];
	uint64_t seed; /* so that nobody can choose addresses of one bucket */
};

void sources_init(struct sources *sources);
/* One more connection from there.  NULL: out of memory. */
struct source *source_enter(struct sources *sources, const struct sockaddr *addr);
/* One less.  A source that has none left is forgotten by the next sources_forget. */
void source_leave(struct source *source);
/* Forgets those that have no connection and did nothing that counts for a minute. */
void sources_forget(struct sources *sources, uint64_t now);

/* One more of this kind. */
void source_count(struct source *source, enum source_pace pace, uint64_t now);
/* How long, in ms, until a source that did `limit` may do one more; 0: it may. */
uint32_t source_wait(const struct source *source, enum source_pace pace, unsigned limit,
		     uint64_t now);

#endif
