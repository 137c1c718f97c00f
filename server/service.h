/*
 * What one worker serves: for every catalogue row whose function its database
 * role may execute, the two plans and the prepared statement.
 *
 * It learns them from the database in the background and refuses requests as
 * unavailable until then; when catalogue and database differ it says what, and
 * the worker must not run.
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "server/codec.h"
#include "server/config.h"
#include "server/database.h"
#include "server/identity.h"

enum {
	SERVICE_CONTEXT = 5, /* the wrapper's own parameters, see sql/call.sql */
	SERVICE_PARAMS = 60, /* fields of one request */
	/* Statements that are no route; routes count up from 0. */
	STATEMENT_FUNCTIONS = DB_STATEMENTS - 1,
	STATEMENT_TYPES = DB_STATEMENTS - 2,
	STATEMENT_NATIVE = DB_STATEMENTS - 16, /* identity.c counts up from here */
};

struct service;

/* One request this worker can serve. */
struct route {
	const struct catalogue_row *row;
	uint32_t number; /* of the oneof member */
	struct codec_plan *request, *reply;
	/* Where z_digest stands among the parameters, behind those of the message;
	 * 0: the function has none. */
	unsigned digest;
	/* Of a request that may need a second person: the reply's last column,
	 * Reply.waiting; else its plan is NULL. */
	struct codec_field waiting;
	struct db_statement statement;
	struct db_statement set; /* its set form, when statement.set names it */
	char *sql, *set_name, *set_sql;
	Oid set_elements[DB_PARAMS];
};

/* `learned` comes once, later: false when catalogue and database differ (exit
 * 78); after true the service serves. */
struct service *service_new(uv_loop_t *loop, const struct config *config,
	enum worker_kind kind, void (*learned)(void *, bool ok), void *arg);
/* The loop must have run dry of requests; `closed` comes later. */
void service_close(struct service *service, void (*closed)(void *), void *arg);

bool service_ready(const struct service *service);
struct db *service_db(struct service *service);
struct later *service_later(struct service *service);
uint64_t service_now(const struct service *service); /* loop time in ms */
/* Where requests are held that are told busy. */
struct held *service_busy(struct service *service);
const struct config *service_config(const struct service *service);
enum worker_kind service_kind(const struct service *service);
/* What enrolment needs (identity.h). */
const struct identity *service_identity(const struct service *service);
/* NULL: this worker does not serve it. */
const struct route *service_route(const struct service *service, uint32_t number);

#endif
