/* Key files of the ballot: two lines of hexadecimal, read by nobody else. */
#include "client/ballot.h"

#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "zhibu-ballot-key-1"
#define KEY_FILE_MAX 512

static bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

enum ballot_file ballot_file_new(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	bool ok;

	if (fd < 0)
		return errno == EEXIST ? BALLOT_FILE_EXISTS :
					 BALLOT_FILE_SYSTEM;
	ok = write_all(fd, data, len);
	if (close(fd) != 0 || !ok) {
		unlink(path);
		return BALLOT_FILE_SYSTEM;
	}
	return BALLOT_FILE_OK;
}

static enum ballot_file check_private(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return BALLOT_FILE_SYSTEM;
	if (!S_ISREG(st.st_mode))
		return BALLOT_FILE_BAD;
	if (st.st_uid != geteuid() || (st.st_mode & 077))
		return BALLOT_FILE_OPEN_TO_OTHERS;
	return BALLOT_FILE_OK;
}

static enum ballot_file read_up_to(int fd, char *data, size_t room, size_t *len)
{
	size_t at = 0;

	while (at < room) {
		ssize_t n = read(fd, data + at, room - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return BALLOT_FILE_SYSTEM;
		if (n == 0)
			break;
		at += (size_t)n;
	}
	*len = at;
	return at == room ? BALLOT_FILE_BAD : BALLOT_FILE_OK;
}

enum ballot_file ballot_file_read(const char *path, void *data, size_t room,
				  size_t *len)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	enum ballot_file result;

	if (fd < 0)
		return BALLOT_FILE_SYSTEM;
	result = check_private(fd);
	if (result == BALLOT_FILE_OK)
		result = read_up_to(fd, data, room, len);
	close(fd);
	return result;
}

enum ballot_file ballot_key_write(const char *path, const char *session,
				  const struct seal_holder *holder)
{
	char text[KEY_FILE_MAX], hex[2 * SEAL_KEY + 1];
	enum ballot_file result;
	int len;

	text_hex(holder->private_key, SEAL_KEY, hex);
	len = snprintf(text, sizeof(text), MAGIC " %.64s\n%s\n", session, hex);
	result = ballot_file_new(path, text, (size_t)len);
	seal_wipe(text, sizeof(text));
	seal_wipe(hex, sizeof(hex));
	return result;
}

/* `text` ends in NUL. */
static bool parse_key(const char *text, const char *session,
		      struct seal_holder *holder)
{
	char head[128];
	uint8_t key[SEAL_KEY];
	size_t len;
	bool ok;

	len = (size_t)snprintf(head, sizeof(head), MAGIC " %.64s\n", session);
	if (strncmp(text, head, len) != 0)
		return false;
	ok = text_unhex(text + len, key, SEAL_KEY) &&
	     seal_holder_from(key, holder);
	seal_wipe(key, sizeof(key));
	return ok;
}

enum ballot_file ballot_key_read(const char *path, const char *session,
				 struct seal_holder *holder)
{
	char text[KEY_FILE_MAX + 1];
	size_t len = 0;
	enum ballot_file result = ballot_file_read(path, text, KEY_FILE_MAX,
						   &len);

	text[len] = 0;
	if (result == BALLOT_FILE_OK && !parse_key(text, session, holder))
		result = BALLOT_FILE_BAD;
	seal_wipe(text, sizeof(text));
	return result;
}

/* Where files are rewritten in place, the old bytes are gone; elsewhere the disk
 * may keep them, which is why a session's key opens nothing after the count. */
enum ballot_file ballot_key_destroy(const char *path, const char *session)
{
	char zeros[KEY_FILE_MAX] = { 0 };
	struct seal_holder holder;
	enum ballot_file result = ballot_key_read(path, session, &holder);
	int fd;

	seal_wipe(&holder, sizeof(holder));
	if (result != BALLOT_FILE_OK)
		return result;
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return BALLOT_FILE_SYSTEM;
	if (!write_all(fd, zeros, sizeof(zeros)))
		result = BALLOT_FILE_SYSTEM;
	close(fd);
	if (unlink(path) != 0)
		result = BALLOT_FILE_SYSTEM;
	return result;
}

const char *ballot_file_word(enum ballot_file result)
{
	switch (result) {
	case BALLOT_FILE_EXISTS:
		return "ballot_file_exists";
	case BALLOT_FILE_OPEN_TO_OTHERS:
		return "ballot_file_open";
	case BALLOT_FILE_BAD:
		return "ballot_file_bad";
	default:
		return "ballot_file_system";
	}
}
