/*
 * The server's own PostgreSQL cluster in the state folder, reached by a Unix
 * socket in it and by nothing else.  Peer authentication lets the operating
 * system's user that runs zhibud be each of the server's roles.
 *
 *     create -> start -> wait -> prepare ... stop
 */
#ifndef SERVER_PRIVATE_CLUSTER_H
#define SERVER_PRIVATE_CLUSTER_H

#include "server/config.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <sys/types.h>

#define CLUSTER_SUPERUSER "zhibu_super"

/* Runs initdb.  False with a line in `why`. */
bool private_cluster_create(const struct config *config, char *why, size_t cap);

/* Starts PostgreSQL as a child that ends with us; -1 with a line in `why`.  What a
 * killed zhibud or PostgreSQL left behind is cleared away first.  Returns before
 * connections are accepted. */
pid_t private_cluster_start(const struct config *config, char *why, size_t cap);

/* True once it answers; waits at most `ms`, no longer than the child lives. */
bool private_cluster_wait(const struct config *config, pid_t pid, unsigned ms);

/* Makes the database, the roles and their limits (sql/cluster.sql) if they are not
 * as this program has them. */
bool private_cluster_prepare(const struct config *config, char *why, size_t cap);

/* Ends connections, writes everything to disk, waits until it is gone. */
void private_cluster_stop(pid_t pid);

/* A file of PostgreSQL's newest version, or of the one the cluster was made with
 * if it exists.  False: not installed. */
bool private_cluster_program(const struct config *config, const char *name,
	char *out, size_t cap);

#endif
