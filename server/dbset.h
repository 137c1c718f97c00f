/*
 * Many calls of one statement as one call of its set form: their values transposed
 * into an array for each parameter, and the rows that come back given to whom they
 * belong.
 */
#ifndef SERVER_DBSET_H
#define SERVER_DBSET_H

#include "server/buf.h"
#include "server/database.h"

/* Parameters in binary format; they point into `buf`. */
struct dbset {
	struct buf buf;
	const char *values[DB_PARAMS];
	int lengths[DB_PARAMS];
};

/* False: out of memory.  Free it whatever came of it. */
bool dbset_build(struct dbset *set, struct db_call *const *calls, int n);
void dbset_free(struct dbset *set);

/* Gives each call its row in `result`, -1 to those that were left out. */
void dbset_rows(struct db_call *const *calls, int n, const PGresult *result);

#endif
