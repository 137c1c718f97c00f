/*
 * Files of the state folder that must be whole or not there: written aside,
 * synced, renamed, and the folder synced.
 */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* False with errno; then an older file is as it was. */
bool file_write(const char *path, mode_t mode, const void *data, size_t len);

/* The same with a function that prints the content. */
bool file_print(const char *path, mode_t mode,
	void (*print)(FILE *out, const void *arg), const void *arg);

/* The whole file as a string (free it), or NULL; at most `most` bytes. */
char *file_read(const char *path, size_t most);

/* "dir/name"; false when it does not fit. */
bool file_join(char *out, size_t cap, const char *dir, const char *name);

#endif
