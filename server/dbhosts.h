/*
 * The hosts of a libpq conninfo (host=a,b port=1,2).  libpq tries them in turn, but
 * in its asynchronous form without an end to its patience with one that does not
 * answer at all, as a machine without power does: the next attempt is made without
 * that one.
 */
#ifndef SERVER_DBHOSTS_H
#define SERVER_DBHOSTS_H

#include <stdbool.h>

enum { DBHOSTS_TEXT = 1024 };

/* Three lists, to be set after the conninfo; "" where it has none. */
struct dbhosts {
	char host[DBHOSTS_TEXT], hostaddr[DBHOSTS_TEXT], port[DBHOSTS_TEXT];
};

/* False: `host` (as PQhost and PQport name it) is the only one, or not in it. */
bool dbhosts_without(const char *conninfo, const char *host, const char *port,
	struct dbhosts *out);

#endif
