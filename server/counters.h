/*
 * What a worker counts about its connections: each way in which one can be
 * refused or end has a number of its own.  Sums only, nothing about anyone.
 */
#ifndef SERVER_COUNTERS_H
#define SERVER_COUNTERS_H

#include "common/tls.h"

#include <stdint.h>

#define COUNTERS(X)                                                         \
	X(accepted)      /* TCP connections taken */                        \
	X(opened)        /* handshakes completed */                         \
	X(resumed)       /* of those, with a ticket */                      \
	X(requests)      /* frames handed on */                             \
	X(replies)                                                          \
	X(closed)                                                           \
	X(shed_busy)     /* answered busy */                                \
	X(shed_connections)                                                 \
	X(shed_source)   /* one address had too many */                     \
	X(shed_person)   /* one certificate had too many */                 \
	X(shed_handshakes_source)                                           \
	X(shed_descriptors)                                                 \
	X(queued)        /* times accepting waited for a handshake to end */ \
	X(left)          /* the peer gave up while it waited */             \
	X(paused)        /* times accepting rested for want of descriptors */ \
	X(bad_frame)                                                        \
	X(too_big)                                                          \
	X(fatal)         /* closed after a reply said so */                 \
	X(handshake_timeout)                                                \
	X(handshake_gave_way) /* slow, while others waited */               \
	X(handshake_cut) /* the peer left before it was done */             \
	X(peer_alert)    /* the peer did not want us */                     \
	X(tls_failed)    /* after the handshake */                          \
	X(first_frame_timeout)                                              \
	X(half_closed)   /* the stream ended without TLS's own end */       \
	X(frame_timeout)                                                    \
	X(frame_cut)     /* the stream ended inside a frame */              \
	X(idle_timeout)                                                     \
	X(write_stall)                                                      \
	X(life_ended)                                                       \
	X(reset)                                                            \
	X(no_memory)

struct counters {
#define COUNTER(name) uint64_t name;
	COUNTERS(COUNTER)
#undef COUNTER
	uint64_t handshake[TLS_FAIL_COUNT]; /* handshakes refused, by kind */
};

/* The name of a counter that is one of COUNTERS. */
const char *counters_name(const struct counters *counters, const uint64_t *which);
/* Writes all that are not nought to the log. */
void counters_log(const struct counters *counters, const char *worker);

#endif
