#include "server/migrate.h"

#include "common/text.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH SHA256_DIGEST_LENGTH
/* What the files applied anew each time are remembered under. */
#define RULES "rule, api, call"

/* The files applied so far.  It stands apart from the college's data, for it must
 * be there before the first of them. */
static const char *const book =
	"CREATE SCHEMA IF NOT EXISTS migration;"
	"CREATE TABLE IF NOT EXISTS migration.applied ("
	" name text PRIMARY KEY, sha256 bytea NOT NULL,"
	" at timestamptz NOT NULL DEFAULT now())";
static const char *const book_exists =
	"SELECT to_regclass('migration.applied') IS NOT NULL";
static const char *const book_read =
	"SELECT name, encode(sha256, 'hex') FROM migration.applied ORDER BY name";
static const char *const book_write =
	"INSERT INTO migration.applied (name, sha256)"
	" VALUES ($1, decode($2, 'hex'))"
	" ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, at = now()";
/* One migration at a time, whoever starts it; bounded waits on tables in use. */
static const char *const begin =
	"BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL client_min_messages = warning;"
	"SELECT pg_advisory_xact_lock(hashtext('zhibu migration'))";

/* One migration at work. */
struct migration {
	PGconn *owner;
	struct migrate_report *report;
	PGresult *applied;  /* rows of book_read; NULL: an empty database */
	char rules[2 * HASH + 1];
};

/* ---- the bundle -------------------------------------------------------- */

const struct sql_file *sql_find(const char *name)
{
	for (size_t i = 0; i < sql_bundle_len; i++)
		if (!strcmp(sql_bundle[i].name, name))
			return &sql_bundle[i];
	return NULL;
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_schema(const struct sql_file *file)
{
	return starts(file->name, "schema/");
}

static bool is_rule(const struct sql_file *file)
{
	return starts(file->name, "rule/") || starts(file->name, "api/") ||
		!strcmp(file->name, "call.sql");
}

static void hash_file(const struct sql_file *file, char out[2 * HASH + 1])
{
	unsigned char hash[HASH];

	SHA256(file->text, file->len, hash);
	text_hex(hash, HASH, out);
}

/* One hash over names and contents of all that is applied anew. */
static void hash_rules(char out[2 * HASH + 1])
{
	char all[2 * HASH + 1] = "";
	unsigned char hash[HASH];
	char text[4 * HASH + 256];

	for (size_t i = 0; i < sql_bundle_len; i++) {
		char one[2 * HASH + 1];
		int n;

		if (!is_rule(&sql_bundle[i]))
			continue;
		hash_file(&sql_bundle[i], one);
		n = snprintf(text, sizeof(text), "%s %.200s %s", all,
			sql_bundle[i].name, one);
		SHA256((unsigned char *)text, (size_t)n, hash);
		text_hex(hash, HASH, all);
	}
	memcpy(out, all, sizeof(all));
}

/* ---- saying why -------------------------------------------------------- */

static void why(struct migration *m, const char *name, const char *what)
{
	snprintf(m->report->why, sizeof(m->report->why), "%s: %s", name, what);
}

/* The line of a file PostgreSQL stopped at; 0 when it does not say. */
static int line_of(const char *text, const PGresult *result)
{
	const char *at = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	long position = at ? strtol(at, NULL, 10) : 0;
	int line = 1;

	if (position <= 0)
		return 0;
	/* positions count characters, so bytes that continue one do not */
	for (; *text && position > 1; text++) {
		position -= ((unsigned char)text[1] & 0xc0) != 0x80;
		line += *text == '\n';
	}
	return line;
}

static void why_postgres(struct migration *m, const char *name, const char *text,
	const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);

	snprintf(m->report->why, sizeof(m->report->why), "%s:%d: %s%s%.200s", name,
		line_of(text, result),
		message ? message : PQerrorMessage(m->owner),
		context ? " / " : "", context ? context : "");
}

/* ---- asking the database ----------------------------------------------- */

static bool run(struct migration *m, const char *name, const char *sql)
{
	PGresult *result = PQexec(m->owner, sql);
	ExecStatusType status = PQresultStatus(result);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!ok)
		why_postgres(m, name, sql, result);
	PQclear(result);
	return ok;
}

static PGresult *rows(struct migration *m, const char *sql)
{
	PGresult *result = PQexec(m->owner, sql);

	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	why_postgres(m, "migration.applied", sql, result);
	PQclear(result);
	return NULL;
}

static bool read_book(struct migration *m)
{
	PGresult *exists = rows(m, book_exists);
	bool yes = exists && *PQgetvalue(exists, 0, 0) == 't';
	bool ok = exists != NULL;

	PQclear(exists);
	if (!yes)
		return ok;
	m->applied = rows(m, book_read);
	return m->applied != NULL;
}

/* The hash a file was applied with; NULL: not yet. */
static const char *applied_hash(const struct migration *m, const char *name)
{
	for (int i = 0; m->applied && i < PQntuples(m->applied); i++)
		if (!strcmp(PQgetvalue(m->applied, i, 0), name))
			return PQgetvalue(m->applied, i, 1);
	return NULL;
}

static bool write_book(struct migration *m, const char *name, const char *hash)
{
	const char *const values[] = { name, hash };
	PGresult *result = PQexecParams(m->owner, book_write, 2, NULL, values, NULL,
		NULL, 0);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (!ok)
		why_postgres(m, "migration.applied", book_write, result);
	PQclear(result);
	return ok;
}

/* ---- what is due ------------------------------------------------------- */

/* A file applied there and unknown here: that database is newer than we are. */
static bool knows_all(struct migration *m)
{
	for (int i = 0; m->applied && i < PQntuples(m->applied); i++) {
		const char *name = PQgetvalue(m->applied, i, 0);

		if (strcmp(name, RULES) && !sql_find(name)) {
			why(m, name, "applied to the database, unknown to this program");
			return false;
		}
	}
	return true;
}

static bool none_changed(struct migration *m)
{
	for (size_t i = 0; i < sql_bundle_len; i++) {
		const char *then = applied_hash(m, sql_bundle[i].name);
		char now[2 * HASH + 1];

		if (!is_schema(&sql_bundle[i]) || !then)
			continue;
		hash_file(&sql_bundle[i], now);
		if (strcmp(then, now)) {
			why(m, sql_bundle[i].name, "changed since it was applied");
			return false;
		}
	}
	return true;
}

static bool rules_due(const struct migration *m)
{
	const char *then = applied_hash(m, RULES);

	return !then || strcmp(then, m->rules);
}

static bool schema_due(const struct migration *m)
{
	for (size_t i = 0; i < sql_bundle_len; i++)
		if (is_schema(&sql_bundle[i]) &&
		    !applied_hash(m, sql_bundle[i].name))
			return true;
	return false;
}

static enum migrate_result look(struct migration *m)
{
	if (!read_book(m))
		return MIGRATE_FAILED;
	if (!knows_all(m) || !none_changed(m))
		return MIGRATE_FOREIGN;
	return schema_due(m) || rules_due(m) ? MIGRATE_DUE : MIGRATE_CURRENT;
}

/* ---- doing it ---------------------------------------------------------- */

static bool apply_file(struct migration *m, const struct sql_file *file)
{
	if (m->report->applied)
		m->report->applied(m->report->arg, file->name);
	return run(m, file->name, (const char *)file->text);
}

static bool apply_schema(struct migration *m)
{
	for (size_t i = 0; i < sql_bundle_len; i++) {
		const struct sql_file *file = &sql_bundle[i];
		char hash[2 * HASH + 1];

		if (!is_schema(file) || applied_hash(m, file->name))
			continue;
		hash_file(file, hash);
		if (!apply_file(m, file) || !write_book(m, file->name, hash))
			return false;
	}
	return true;
}

/* Rules go with any new schema too: their functions may read its tables. */
static bool apply_rules(struct migration *m)
{
	for (size_t i = 0; i < sql_bundle_len; i++)
		if (is_rule(&sql_bundle[i]) && !apply_file(m, &sql_bundle[i]))
			return false;
	return write_book(m, RULES, m->rules);
}

/* Inside the transaction, with the lock: what another process did is seen. */
static enum migrate_result apply(struct migration *m, bool dry_run)
{
	enum migrate_result found;

	if (!run(m, "begin", begin) || !run(m, "migration.applied", book))
		return MIGRATE_FAILED;
	found = look(m);
	if (found != MIGRATE_DUE)
		return found;
	if (!apply_schema(m) || !apply_rules(m))
		return MIGRATE_FAILED;
	if (dry_run)
		return MIGRATE_DUE;
	return run(m, "commit", "COMMIT") ? MIGRATE_DONE : MIGRATE_FAILED;
}

static enum migrate_result start(struct migration *m, PGconn *owner,
	struct migrate_report *report)
{
	*m = (struct migration){ .owner = owner, .report = report };
	report->why[0] = '\0';
	hash_rules(m->rules);
	if (PQstatus(owner) == CONNECTION_OK)
		return MIGRATE_CURRENT;
	why(m, "connect", PQerrorMessage(owner));
	return MIGRATE_FAILED;
}

enum migrate_result migrate_check(PGconn *owner, struct migrate_report *report)
{
	struct migration m;
	enum migrate_result result = start(&m, owner, report);

	if (result == MIGRATE_CURRENT)
		result = look(&m);
	PQclear(m.applied);
	return result;
}

enum migrate_result migrate_apply(PGconn *owner, bool dry_run,
	struct migrate_report *report)
{
	struct migration m;
	enum migrate_result result = start(&m, owner, report);

	if (result != MIGRATE_CURRENT)
		return result;
	result = apply(&m, dry_run);
	if (result != MIGRATE_DONE)
		PQclear(PQexec(owner, "ROLLBACK"));
	PQclear(m.applied);
	return result;
}
