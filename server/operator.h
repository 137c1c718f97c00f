/*
 * What the machine's operator does with zhibud, each a command of its own: make a
 * college, run it, look after it.  Words to people are Chinese, or English on
 * --lang en; what can be read by a program goes to standard output.
 */
#ifndef SERVER_OPERATOR_H
#define SERVER_OPERATOR_H

#include "server/config.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* One call of zhibud. */
struct operator {
	struct config config;  /* loaded, but for init: the defaults */
	bool english;
	bool log_to_stderr;    /* run: no file of our own */
	const char *state;     /* the folder, absolute */
	int argc;              /* words after the command and common options */
	char **argv;
};

/* Exit codes are those of sysexits.h. */
int operator_init(struct operator *op);
int operator_run(struct operator *op);
int operator_migrate(struct operator *op);
int operator_code(struct operator *op);
int operator_clock(struct operator *op);
int operator_psql(struct operator *op);
int operator_check_config(struct operator *op);
int operator_health(struct operator *op);

/* Prints the one of the two that is the operator's language. */
#define SAY(op, out, chinese, english_text, ...) \
	((op)->english ? fprintf(out, english_text, ##__VA_ARGS__) : \
		fprintf(out, chinese, ##__VA_ARGS__))

/* Only one zhibud works on a state folder: the lock's descriptor, or -1 when
 * another holds it.  It ends with the process. */
int operator_lock(const struct config *config);

/* The database as its owner, for one command. */
struct session {
	PGconn *owner;
	pid_t postgres; /* started for this command only; 0: it was there */
	int lock;
};

/* As the database's owner; a host that does not answer is left after five seconds. */
PGconn *operator_connect(const struct config *config);

/* In private mode starts the cluster if no zhibud runs it.  False: it has been
 * said why. */
bool session_open(struct operator *op, struct session *session);
void session_close(struct session *session);

/* Applies what is due and says so; 0 or an exit code. */
int operator_apply(struct operator *op, PGconn *owner, bool dry_run);

/* The code and the command to use it with, to standard output. */
void operator_print_code(const struct operator *op, const char *code);

#endif
