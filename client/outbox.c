#include "client/outbox.h"

#include "client/files.h"
#include "common/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "zhibu-outbox-1"
#define FILE_MAX (1100 * 1024)
#define ENTRIES_MAX 256
#define REQUEST_MAX 64
#define LOCK_STEP_MS 100

/*
 * A file is text up to the envelope:
 *
 *   zhibu-outbox-1 <sha256 of all that follows the line>
 *   <fingerprint> <microseconds> <request> <bytes of the envelope>
 *   the envelope
 */

int outbox_lock(const char *profile_dir, unsigned wait_ms, bool *busy)
{
	const struct timespec step = { 0, LOCK_STEP_MS * 1000000L };
	char path[FILES_PATH_MAX];
	unsigned waited = 0;
	int fd;

	*busy = false;
	if (!files_join(path, profile_dir, "lock"))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		*busy = errno == EWOULDBLOCK;
		if ((!*busy && errno != EINTR) || waited >= wait_ms) {
			close(fd);
			return -1;
		}
		nanosleep(&step, NULL);
		waited += LOCK_STEP_MS;
	}
	*busy = false;
	return fd;
}

void outbox_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

/* ---- writing ------------------------------------------------------------------------- */

static char *build(const struct outbox_entry *entry, size_t *len)
{
	char print[2 * OUTBOX_PRINT + 1], sum[2 * SHA256_DIGEST_LENGTH + 1];
	char second[256], first[128];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t n1, n2;
	char *file;

	text_hex(entry->print, OUTBOX_PRINT, print);
	n2 = (size_t)snprintf(second, sizeof(second), "%s %" PRId64 " %.*s %zu\n",
			      print, entry->written_at, REQUEST_MAX,
			      entry->request, entry->envelope_len);
	n1 = sizeof(MAGIC) + sizeof(sum); /* magic, space, sum, newline */
	*len = n1 + n2 + entry->envelope_len;
	file = malloc(*len + 1);
	if (!file)
		return NULL;
	memcpy(file + n1, second, n2);
	memcpy(file + n1 + n2, entry->envelope, entry->envelope_len);
	SHA256((unsigned char *)file + n1, *len - n1, digest);
	text_hex(digest, sizeof(digest), sum);
	snprintf(first, sizeof(first), "%s %s\n", MAGIC, sum);
	memcpy(file, first, n1);
	return file;
}

bool outbox_put(const char *profile_dir, const uint8_t key[OUTBOX_KEY],
		struct outbox_entry *entry)
{
	char dir[FILES_PATH_MAX], text[2 * OUTBOX_KEY + 1];
	size_t len;
	char *file;
	bool ok;

	if (!files_join(dir, profile_dir, "outbox") || !files_make_dir(dir))
		return false;
	text_hex(key, OUTBOX_KEY, text);
	snprintf(entry->name, sizeof(entry->name), "%s.req", text);
	file = build(entry, &len);
	if (!file) {
		errno = ENOMEM;
		return false;
	}
	ok = files_write(dir, entry->name, file, len);
	free(file);
	return ok;
}

bool outbox_drop(const char *profile_dir, const struct outbox_entry *entry)
{
	char dir[FILES_PATH_MAX];

	return files_join(dir, profile_dir, "outbox") &&
	       files_remove(dir, entry->name);
}

/* ---- reading ------------------------------------------------------------------------- */

static bool sum_holds(const char *file, size_t len, const char **rest)
{
	char sum[2 * SHA256_DIGEST_LENGTH + 1];
	uint8_t digest[SHA256_DIGEST_LENGTH];
	size_t head = sizeof(MAGIC) + sizeof(sum);

	if (len < head || memcmp(file, MAGIC " ", sizeof(MAGIC)) != 0 ||
	    file[head - 1] != '\n')
		return false;
	SHA256((const unsigned char *)file + head, len - head, digest);
	text_hex(digest, sizeof(digest), sum);
	*rest = file + head;
	return memcmp(file + sizeof(MAGIC), sum, sizeof(sum) - 1) == 0;
}

static bool parse(struct arena *arena, const char *file, size_t len,
		  struct outbox_entry *entry)
{
	char print[2 * OUTBOX_PRINT + 1], request[REQUEST_MAX + 1];
	const char *rest, *line_end;
	size_t bytes;

	if (!sum_holds(file, len, &rest))
		return false;
	line_end = memchr(rest, '\n', len - (size_t)(rest - file));
	if (!line_end || sscanf(rest, "%64s %" SCNd64 " %64s %zu", print,
				&entry->written_at, request, &bytes) != 4)
		return false;
	if (strlen(print) != 2 * OUTBOX_PRINT ||
	    !text_unhex(print, entry->print, OUTBOX_PRINT) ||
	    bytes != len - (size_t)(line_end + 1 - file))
		return false;
	entry->request = arena_copy(arena, request, strlen(request));
	entry->envelope = (const uint8_t *)line_end + 1;
	entry->envelope_len = bytes;
	return entry->request != NULL;
}

static void move_aside(const char *dir, const char *name)
{
	char from[FILES_PATH_MAX], to[FILES_PATH_MAX], aside[OUTBOX_NAME + 16];

	snprintf(aside, sizeof(aside), "damaged-%.*s", OUTBOX_NAME, name);
	if (files_join(from, dir, name) && files_join(to, dir, aside))
		(void)!rename(from, to);
}

static int oldest_first(const void *a, const void *b)
{
	const struct outbox_entry *x = a, *y = b;

	return x->written_at < y->written_at ? -1 : x->written_at > y->written_at;
}

static bool is_entry(const char *name)
{
	size_t n = strlen(name);

	return n == OUTBOX_NAME - 1 && strcmp(name + n - 4, ".req") == 0;
}

static void read_entry(const char *dir, const char *name, struct arena *arena,
		       struct outbox_list *list)
{
	struct outbox_entry *entry = &list->entries[list->n];
	size_t len;
	char *file = files_read(arena, dir, name, FILE_MAX, &len);

	snprintf(entry->name, sizeof(entry->name), "%.*s", OUTBOX_NAME - 1, name);
	if (file && parse(arena, file, len, entry)) {
		list->n++;
		return;
	}
	move_aside(dir, name);
	list->damaged[list->n_damaged] = arena_copy(arena, name, strlen(name));
	list->n_damaged += list->damaged[list->n_damaged] != NULL;
}

bool outbox_read(const char *profile_dir, struct arena *arena,
		 struct outbox_list *list)
{
	char dir[FILES_PATH_MAX];
	struct dirent *file;
	DIR *open_dir;

	memset(list, 0, sizeof(*list));
	if (!files_join(dir, profile_dir, "outbox"))
		return false;
	open_dir = opendir(dir);
	if (!open_dir)
		return errno == ENOENT || errno == ENOTDIR;
	list->entries = arena_zero(arena, ENTRIES_MAX, sizeof(*list->entries));
	list->damaged = arena_zero(arena, ENTRIES_MAX, sizeof(*list->damaged));
	while (list->entries && list->damaged && (file = readdir(open_dir)))
		if (is_entry(file->d_name) &&
		    list->n + list->n_damaged < ENTRIES_MAX)
			read_entry(dir, file->d_name, arena, list);
	closedir(open_dir);
	if (list->n)
		qsort(list->entries, list->n, sizeof(*list->entries), oldest_first);
	return list->entries && list->damaged;
}

const struct outbox_entry *outbox_find(const struct outbox_list *list,
				       const uint8_t print[OUTBOX_PRINT])
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (memcmp(list->entries[i].print, print, OUTBOX_PRINT) == 0)
			return &list->entries[i];
	return NULL;
}
