/*
 * What one child process of zhibud does: one loop that serves one port.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "server/config.h"

#define WORKER_EXIT_CONFIG 78 /* EX_CONFIG: starting again would not help */

/*
 * Returns the exit status: 0 after SIGTERM or SIGINT; WORKER_EXIT_CONFIG when
 * catalogue and database differ or the certificates cannot be used; 1 when the
 * port cannot be had.  SIGUSR1 writes the counters to the log, SIGHUP takes a
 * renewed certificate.
 */
int worker_run(const struct config *config, enum worker_kind kind);

#endif
