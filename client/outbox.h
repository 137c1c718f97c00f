/*
 * Writes not yet answered, one file each, with the exact bytes that were or will
 * be sent: whatever happens to the machine, the network or the server, sending
 * them again does the thing once (the key inside the signed bytes sees to it).
 *
 * An entry is found again by the fingerprint of what it asks: repeating the same
 * command after a cut connection takes up the old entry and its key.
 */
#ifndef CLIENT_OUTBOX_H
#define CLIENT_OUTBOX_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OUTBOX_KEY 16
#define OUTBOX_PRINT 32
#define OUTBOX_NAME (2 * OUTBOX_KEY + 5) /* hex, ".req", NUL */

struct outbox_entry {
	char name[OUTBOX_NAME];
	uint8_t print[OUTBOX_PRINT]; /* SHA-256 of the request without its key */
	int64_t written_at;          /* microseconds since 1970 */
	const char *request;         /* member of Request.body */
	const uint8_t *envelope;
	size_t envelope_len;
};

struct outbox_list {
	struct outbox_entry *entries; /* oldest first */
	size_t n;
	const char **damaged; /* names of files moved aside just now */
	size_t n_damaged;
};

/* Held by one process at a time; waits up to `wait_ms`.  The descriptor, or -1:
 * *busy says whether another process has it. */
int outbox_lock(const char *profile_dir, unsigned wait_ms, bool *busy);
void outbox_unlock(int lock);

/* Durable when it returns true; false with errno. */
bool outbox_put(const char *profile_dir, const uint8_t key[OUTBOX_KEY],
		struct outbox_entry *entry);
/* Answered. */
bool outbox_drop(const char *profile_dir, const struct outbox_entry *entry);

/* All entries.  A damaged one is moved aside and named, never guessed at.
 * False: the folder cannot be read, or no memory. */
bool outbox_read(const char *profile_dir, struct arena *arena,
		 struct outbox_list *list);
/* NULL: none asks that. */
const struct outbox_entry *outbox_find(const struct outbox_list *list,
				       const uint8_t print[OUTBOX_PRINT]);

#endif
