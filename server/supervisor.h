/*
 * zhibud run: starts the cluster, the signer and the two workers as children and
 * starts again whichever of them dies.
 *
 *     STARTING -- every child ready --> UP -- SIGTERM --> draining, then the end
 *
 * It opens no port and reads nothing from the network.  Its children do not
 * outlive it.
 */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "server/operator.h"

/* The names zhibud is started under again, as its own children. */
#define CHILD_SIGNER "child-signer"
#define CHILD_MEMBER "child-member"
#define CHILD_PUBLIC "child-public"

/* Runs until SIGTERM or SIGINT; 0, or an exit code when it could not start. */
int supervisor_run(struct operator *op);

/* In the child: what `name` stands for.  -1: it is none of ours. */
int supervisor_child(const char *name, const struct config *config);

#endif
