/*
 * What a child gives up before it reads a byte from anybody: a hole in it then
 * cannot start a program, nor, where it needs none, open a socket.  The kernel
 * ends a process that tries (SIGSYS).
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include <stdbool.h>

enum sandbox {
	SANDBOX_NO_PROGRAMS, /* no exec, no hand in another's memory */
	SANDBOX_NO_SOCKETS,  /* nor new sockets and connections */
};

/* False when the kernel has no such filter; the caller goes on without. */
bool sandbox_enter(enum sandbox kind);

#endif
