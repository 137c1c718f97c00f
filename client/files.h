/*
 * Small private files, written so that a power cut leaves the old one or the new
 * one and never half of one: written beside, synced, renamed, folder synced.
 */
#ifndef CLIENT_FILES_H
#define CLIENT_FILES_H

#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>

#define FILES_PATH_MAX 4096

/* dir/name; false: too long. */
bool files_join(char out[FILES_PATH_MAX], const char *dir, const char *name);

/* Makes a folder and those above it, 0700. */
bool files_make_dir(const char *path);

/* Mode 0600.  False with errno. */
bool files_write(const char *dir, const char *name, const void *data, size_t len);

/* A NUL follows the bytes.  NULL with errno (EFBIG: longer than limit). */
char *files_read(struct arena *arena, const char *dir, const char *name,
		 size_t limit, size_t *len);

/* A new file for what a person keeps, mode 0644 and never over one that is there
 * nor through a link; -1 with errno. */
int files_new(const char *path);

/* From one folder into another on the same disk, over what is there. */
bool files_move(const char *from, const char *name, const char *to);

bool files_remove(const char *dir, const char *name);

#endif
