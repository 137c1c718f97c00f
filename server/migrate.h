/*
 * Brings a database to the state of this program's sql/: numbered files of
 * schema/ once each and never changed again, then everything in rule/, api/ and
 * call.sql anew whenever one of them differs.  All in one transaction.
 */
#ifndef SERVER_MIGRATE_H
#define SERVER_MIGRATE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* Made by sql/embed.cmake; NUL after the text. */
struct sql_file {
	const char *name; /* below sql/ */
	const unsigned char *text;
	size_t len;
};
extern const struct sql_file sql_bundle[];
extern const size_t sql_bundle_len;

/* NULL: there is no such file. */
const struct sql_file *sql_find(const char *name);

enum migrate_result {
	MIGRATE_CURRENT, /* nothing is due */
	MIGRATE_DUE,     /* something is (only looked) */
	MIGRATE_DONE,
	MIGRATE_FOREIGN, /* the database is newer or another: exit 78 */
	MIGRATE_FAILED,  /* PostgreSQL refused; nothing was changed */
};

/* Called for each file that is (or would be) applied. */
typedef void (*migrate_note)(void *arg, const char *name);

/* What a migration found; `why` says it in one line when it did not go well. */
struct migrate_report {
	char why[512];
	migrate_note applied; /* may be NULL */
	void *arg;
};

/* Looks only; needs no more than to connect as zhibu_owner. */
enum migrate_result migrate_check(PGconn *owner, struct migrate_report *report);
/* Applies what is due.  `dry_run`: does it all and takes it back. */
enum migrate_result migrate_apply(PGconn *owner, bool dry_run,
	struct migrate_report *report);

#endif
