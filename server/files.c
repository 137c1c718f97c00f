#include "server/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_join(char *out, size_t cap, const char *dir, const char *name)
{
	int n = snprintf(out, cap, "%s/%s", dir, name);

	return n > 0 && (size_t)n < cap;
}

static bool sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd;
	bool ok;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	close(fd);
	return ok;
}

bool file_print(const char *path, mode_t mode,
	void (*print)(FILE *out, const void *arg), const void *arg)
{
	char aside[PATH_MAX];
	FILE *f;
	int fd;
	bool ok;

	if (snprintf(aside, sizeof(aside), "%s.new", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	unlink(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return false;
	print(f, arg);
	ok = fflush(f) == 0 && !ferror(f) && fsync(fd) == 0;
	ok = fclose(f) == 0 && ok;
	return ok && rename(aside, path) == 0 && sync_folder(path);
}

struct text {
	const void *data;
	size_t len;
};

static void print_text(FILE *out, const void *arg)
{
	const struct text *text = arg;

	fwrite(text->data, 1, text->len, out);
}

bool file_write(const char *path, mode_t mode, const void *data, size_t len)
{
	const struct text text = { data, len };

	return file_print(path, mode, print_text, &text);
}

char *file_read(const char *path, size_t most)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(most + 1) : NULL;
	size_t n;

	if (!text) {
		if (f)
			fclose(f);
		return NULL;
	}
	n = fread(text, 1, most, f);
	text[n] = '\0';
	fclose(f);
	return text;
}
