#include "server/source.h"

#include <netinet/in.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000

/* --- who is here ------------------------------------------------------------ */

/* The four bytes of an IPv4 address, also one mapped into IPv6, or the first
 * eight of an IPv6 address; 2002::/16 and the like are not told apart. */
static void key_of(const struct sockaddr *addr, uint8_t key[SOURCE_KEY])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	memset(key, 0, SOURCE_KEY);
	if (addr->sa_family == AF_INET) {
		memcpy(&v4, addr, sizeof(v4));
		memcpy(key, &v4.sin_addr, 4);
	} else if (addr->sa_family == AF_INET6) {
		memcpy(&v6, addr, sizeof(v6));
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
			memcpy(key, v6.sin6_addr.s6_addr + 12, 4);
		else
			memcpy(key, v6.sin6_addr.s6_addr, SOURCE_KEY);
	}
}

static struct source **bucket_of(struct sources *sources,
				 const uint8_t key[SOURCE_KEY])
{
	uint64_t n;

	memcpy(&n, key, sizeof(n));
	n = (n ^ sources->seed) * 0x9E3779B97F4A7C15u;
	n ^= n >> 29;
	n *= 0xBF58476D1CE4E5B9u;
	return &sources->buckets[n >> 54];
}

void sources_init(struct sources *sources)
{
	memset(sources, 0, sizeof(*sources));
	RAND_bytes((unsigned char *)&sources->seed, sizeof(sources->seed));
}

struct source *source_enter(struct sources *sources, const struct sockaddr *addr)
{
	uint8_t key[SOURCE_KEY];
	struct source **bucket, *s;

	key_of(addr, key);
	bucket = bucket_of(sources, key);
	for (s = *bucket; s; s = s->next)
		if (memcmp(s->key, key, SOURCE_KEY) == 0)
			break;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		memcpy(s->key, key, SOURCE_KEY);
		s->next = *bucket;
		*bucket = s;
	}
	s->connections++;
	return s;
}

void source_leave(struct source *source)
{
	source->connections--;
}

/* --- what is bounded a minute --------------------------------------------- */

static bool running(const struct pace *pace, uint64_t now)
{
	return pace->n && now - pace->began < MINUTE_MS;
}

void source_count(struct source *source, enum source_pace pace, uint64_t now)
{
	struct pace *p = &source->paces[pace];

	if (!running(p, now))
		*p = (struct pace){ .began = now };
	p->n++;
}

uint32_t source_wait(const struct source *source, enum source_pace pace, unsigned limit,
		     uint64_t now)
{
	const struct pace *p = &source->paces[pace];

	if (!running(p, now) || p->n < limit)
		return 0;
	return (uint32_t)(p->began + MINUTE_MS - now);
}

static bool idle(const struct source *source, uint64_t now)
{
	for (int i = 0; i < SOURCE_PACES; i++)
		if (running(&source->paces[i], now))
			return false;
	return source->connections == 0;
}

void sources_forget(struct sources *sources, uint64_t now)
{
	for (int i = 0; i < SOURCE_BUCKETS; i++) {
		struct source **at = &sources->buckets[i], *s;

		while ((s = *at)) {
			if (!idle(s, now)) {
				at = &s->next;
				continue;
			}
			*at = s->next;
			free(s);
		}
	}
}
