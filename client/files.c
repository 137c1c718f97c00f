#include "client/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool files_join(char out[FILES_PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, FILES_PATH_MAX, "%s/%s", dir, name);

	if (n < 0 || n >= FILES_PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	return true;
}

bool files_make_dir(const char *path)
{
	char part[FILES_PATH_MAX];
	char *p;

	if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part)) {
		errno = ENAMETOOLONG;
		return false;
	}
	for (p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0700) && errno != EEXIST && errno != EROFS &&
		    errno != EACCES)
			return false;
		*p = '/';
	}
	return mkdir(part, 0700) == 0 || errno == EEXIST;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* The name in the folder is only as durable as the folder. */
static bool sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	close(fd);
	return ok;
}

static bool write_tmp(const char *path, const void *data, size_t len)
{
	int fd, error;
	bool ok;

	/* one left by a crash would stop us for ever */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	ok = write_all(fd, data, len) && fsync(fd) == 0;
	error = errno;
	if (close(fd) && ok) {
		ok = false;
		error = errno;
	}
	if (!ok)
		unlink(path);
	errno = error;
	return ok;
}

bool files_write(const char *dir, const char *name, const void *data, size_t len)
{
	char path[FILES_PATH_MAX], tmp[FILES_PATH_MAX];

	if (!files_join(path, dir, name))
		return false;
	if (snprintf(tmp, sizeof(tmp), "%s/.%s.%ld", dir, name, (long)getpid()) >=
	    (int)sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (!write_tmp(tmp, data, len))
		return false;
	if (rename(tmp, path)) {
		unlink(tmp);
		return false;
	}
	return sync_dir(dir);
}

static char *read_fd(struct arena *arena, int fd, size_t limit, size_t *len)
{
	struct stat st;
	char *data;
	ssize_t n;

	if (fstat(fd, &st))
		return NULL;
	if (!S_ISREG(st.st_mode) || (uintmax_t)st.st_size > limit) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	data = arena_alloc(arena, (size_t)st.st_size + 1);
	if (!data) {
		errno = ENOMEM;
		return NULL;
	}
	*len = 0;
	while (*len < (size_t)st.st_size &&
	       (n = read(fd, data + *len, (size_t)st.st_size - *len)) > 0)
		*len += (size_t)n;
	data[*len] = '\0';
	return data;
}

char *files_read(struct arena *arena, const char *dir, const char *name,
		 size_t limit, size_t *len)
{
	char path[FILES_PATH_MAX];
	char *data;
	int fd, error;

	if (!files_join(path, dir, name))
		return NULL;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	data = read_fd(arena, fd, limit, len);
	error = errno;
	close(fd);
	errno = error;
	return data;
}

int files_new(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

bool files_move(const char *from, const char *name, const char *to)
{
	char old[FILES_PATH_MAX], path[FILES_PATH_MAX];

	return files_join(old, from, name) && files_join(path, to, name) &&
	       rename(old, path) == 0 && sync_dir(to) && sync_dir(from);
}

bool files_remove(const char *dir, const char *name)
{
	char path[FILES_PATH_MAX];

	return files_join(path, dir, name) && unlink(path) == 0 && sync_dir(dir);
}
