/*
 * Child processes: starting them so that they never outlive us, hearing that they
 * are ready, ending them.
 */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process_start {
	const char *program;     /* path; the first entry of argv by custom */
	const char *const *argv; /* NULL at the end */
	int die_with_us;         /* the signal it gets when we are gone */
	bool foreground;         /* keeps the terminal: ours, for people */
	int output;              /* its standard output and error; -1: ours */
	int *ready;              /* NULL, or gets a pipe's end: see process_ready */
};

/* -1 with errno. */
pid_t process_start(const struct process_start *start);

/* In the child: says that it serves.  May be called where nobody listens. */
void process_tell_ready(void);
/* In the parent: true once the child has said so.  Does not block. */
bool process_ready(int fd);

/* Waits at most `ms` for the child's end; true when it has ended, with its wait
 * status in *status (may be NULL). */
bool process_wait(pid_t pid, unsigned ms, int *status);

/* Sends `soft`, waits `ms`, then sends `hard` and waits until it is gone. */
void process_end(pid_t pid, int soft, unsigned ms, int hard);

/* Runs to its end; the exit code, or -1. */
int process_run(const struct process_start *start);

/* Lowers the priority of a process of our user; false: not now, ask again. */
bool process_give_way(pid_t pid);

/* No core dump, no tracing by others of our user, no permissions for others. */
void process_harden(void);

/* The path of the running program; false when it is not known. */
bool process_self(char *out, size_t cap);

#endif
