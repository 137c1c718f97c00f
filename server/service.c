#include "server/service.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "server/held.h"
#include "envelope.pb-c.h"

enum { LEARN_AGAIN_MS = 200, OID_BYTEA = 17, OID_INT4_ARRAY = 1007 };
/* Of the time after which to come again, what passes before it is told: one part in
 * so many. */
enum { BUSY_HELD = 4 };

struct service {
	uv_loop_t *loop;
	const struct config *config;
	enum worker_kind kind;
	struct db_config db_config;
	struct db *db;
	struct later later;
	struct held busy;
	struct identity identity;
	uint8_t *authority;
	struct route **routes; /* by number */
	uint32_t top;
	bool ready;
	bool differs;
	void (*learned)(void *, bool);
	void *learned_arg;
	void (*closed)(void *);
	void *closed_arg;

	/* learning */
	struct db_call ask;
	PGresult *functions;
	uv_timer_t again;
};

static const struct db_statement ask_functions = {
	.name = "functions", .sql = schema_functions_sql, .lane = LANE_READ,
	.index = STATEMENT_FUNCTIONS,
};
static const struct db_statement ask_types = {
	.name = "types", .sql = schema_types_sql, .lane = LANE_READ,
	.index = STATEMENT_TYPES,
};

/* ---- routes ----------------------------------------------------------------------- */

static void on_differs(void *arg, const char *line)
{
	struct service *service = arg;

	service->differs = true;
	log_line(LOG_ERROR, "contract", "%s", line);
}

static void differs(struct service *service, const char *name, const char *what)
{
	char line[256];

	snprintf(line, sizeof(line), "%s: %s", name, what);
	on_differs(service, line);
}

static char *call_sql(const char *name, unsigned nparams)
{
	size_t room = strlen(name) + 64 + nparams * 6;
	char *sql = malloc(room);
	size_t n;

	if (!sql)
		return NULL;
	n = (size_t)snprintf(sql, room, "SELECT * FROM call.%s(", name);
	for (unsigned i = 1; i <= nparams; i++)
		n += (size_t)snprintf(sql + n, room - n, "%s$%u", i > 1 ? "," : "", i);
	snprintf(sql + n, room - n, ")");
	return sql;
}

static void route_free(struct route *route)
{
	if (!route)
		return;
	codec_plan_free(route->waiting.composite);
	codec_plan_free(route->request);
	codec_plan_free(route->reply);
	free(route->sql);
	free(route->set_name);
	free(route->set_sql);
	free(route);
}

/* The last column of a reply that may have to wait, see sql/call.sql.  Its plan
 * is made as any other and compared with the message. */
static bool plan_waiting(struct service *service, const struct schema *schema,
	struct route *route, const struct schema_type *result)
{
	const struct schema_type *type = schema_type(schema,
		result->columns[result->n - 1].type);
	struct codec_field *waiting = &route->waiting;

	waiting->field = protobuf_c_message_descriptor_get_field_by_name(
		&reply__descriptor, "waiting");
	waiting->kind = CODEC_COMPOSITE;
	waiting->composite = type ? codec_plan_new(&waiting__descriptor, schema,
		type->columns, type->n, "reply waiting", on_differs, service) : NULL;
	return waiting->composite != NULL;
}

static bool may_wait(const struct schema_type *result)
{
	return result && result->n > 0 &&
		strcmp(result->columns[result->n - 1].name, "z_waiting") == 0;
}

/* A reply's columns are those of the plain form, or bytea that holds such a value
 * as PostgreSQL sends it; then the places. */
static bool same_columns(const struct schema_type *plain, const struct schema_type *set)
{
	if (!plain || !set || set->n != plain->n + 1 ||
			set->columns[plain->n].type != OID_INT4_ARRAY ||
			strcmp(set->columns[plain->n].name, "places") != 0)
		return false;
	for (unsigned i = 0; i < plain->n; i++)
		if (strcmp(set->columns[i].name, plain->columns[i].name) != 0 ||
				(set->columns[i].type != plain->columns[i].type &&
				 set->columns[i].type != OID_BYTEA))
			return false;
	return true;
}

/* The set form call.<request>_set, if there is one: it is compared with the plain
 * form as that is with the messages. */
static void learn_set(struct service *service, const struct schema *schema,
	struct route *route, const struct schema_function *plain, unsigned *index)
{
	const struct schema_function *set;
	bool same;

	if (asprintf(&route->set_name, "%s_set", plain->name) < 0)
		abort(); /* out of memory before serving anybody */
	set = schema_function(schema, route->set_name);
	if (!set)
		return;
	same = set->executable && set->n == plain->n && !route->waiting.composite &&
		same_columns(schema_type(schema, plain->result),
			schema_type(schema, set->result));
	for (unsigned i = 0; same && i < set->n; i++) {
		const struct schema_type *type = schema_type(schema, set->params[i].type);

		route->set_elements[i] = type ? type->element : 0;
		same = route->set_elements[i] == plain->params[i].type &&
			strcmp(set->params[i].name, plain->params[i].name) == 0;
	}
	if (!same) {
		differs(service, set->name, "is not the set form of its request");
		return;
	}
	route->set_sql = call_sql(set->name, set->n);
	route->set = (struct db_statement){ .name = route->set_name,
		.sql = route->set_sql, .nparams = (int)set->n, .lane = route->row->lane,
		.writes = route->statement.writes, .index = (*index)++,
		.elements = route->set_elements };
	if (route->set_sql)
		route->statement.set = &route->set;
}

/* The last parameter of a function that ends what came in pieces is the server's own
 * word, which no message can hold. */
static bool wants_digest(const struct schema_function *function)
{
	return function->n > SERVICE_CONTEXT &&
		strcmp(function->params[function->n - 1].name, "z_digest") == 0;
}

static struct route *route_new(struct service *service, const struct schema *schema,
	uint32_t number, const struct schema_function *function, unsigned index)
{
	const struct catalogue_row *row = catalogue_find(number);
	const struct schema_type *result = schema_type(schema, function->result);
	bool waits = may_wait(result), digested = wants_digest(function);
	struct route *route = calloc(1, sizeof(*route));
	char what[128];

	if (!route)
		abort(); /* out of memory before serving anybody */
	route->row = row;
	route->number = number;
	route->digest = digested ? function->n - 1 : 0;
	snprintf(what, sizeof(what), "request %s", row->name);
	route->request = codec_plan_new(catalogue_request(number), schema,
		function->params + SERVICE_CONTEXT,
		function->n - SERVICE_CONTEXT - digested, what, on_differs, service);
	snprintf(what, sizeof(what), "reply %s", row->name);
	route->reply = codec_plan_new(catalogue_reply(number), schema,
		result ? result->columns : NULL, result ? result->n - waits : 0, what,
		on_differs, service);
	route->sql = call_sql(row->name, function->n);
	route->statement = (struct db_statement){
		.name = row->name, .sql = route->sql, .nparams = (int)function->n,
		.lane = row->lane, .index = index,
		.writes = row->lane == LANE_WRITE || (row->flags & CAT_SIGNED),
	};
	if (route->request && route->reply && route->sql &&
			(!waits || plan_waiting(service, schema, route, result)))
		return route;
	route_free(route);
	return NULL;
}

static void learn_row(struct service *service, const struct schema *schema,
	uint32_t number, unsigned *index)
{
	const struct catalogue_row *row = catalogue_find(number);
	const struct schema_function *function = schema_function(schema, row->name);

	if (!catalogue_request(number) || !catalogue_reply(number)) {
		differs(service, row->name, "no member of Request and Reply");
		return;
	}
	if (row->flags & CAT_NATIVE) {
		if (((row->flags & CAT_ANONYMOUS) != 0) ==
				(service->kind == WORKER_PUBLIC)) {
			service->routes[number] = calloc(1, sizeof(struct route));
			service->routes[number]->row = row;
			service->routes[number]->number = number;
		}
		return;
	}
	if (!function || function->n < SERVICE_CONTEXT ||
			function->n > SERVICE_CONTEXT + SERVICE_PARAMS) {
		differs(service, row->name, "no such function in schema call");
		return;
	}
	if (!function->executable)
		return;
	service->routes[number] = route_new(service, schema, number, function, (*index)++);
	if (service->routes[number])
		learn_set(service, schema, service->routes[number], function, index);
}

/* Every member of the oneof has a row, every row its function. */
static void learn(struct service *service, const PGresult *types)
{
	struct schema *schema = schema_new(service->functions, types);
	unsigned index = 0;

	if (!schema) {
		differs(service, "schema", "the database did not describe itself");
		return;
	}
	for (uint32_t n = catalogue_next(0); n; n = catalogue_next(n))
		service->top = n;
	service->routes = calloc(service->top + 1, sizeof(struct route *));
	for (uint32_t n = catalogue_next(0); n; n = catalogue_next(n))
		learn_row(service, schema, n, &index);
	schema_free(schema);
}

/* ---- asking ------------------------------------------------------------------------- */

static void ask(struct service *service, const struct db_statement *statement,
	void (*done)(struct db_call *, enum db_outcome, const PGresult *))
{
	service->ask = (struct db_call){ .statement = statement, .done = done };
	db_submit(service->db, &service->ask);
}

static struct service *asked(struct db_call *call)
{
	return (struct service *)((char *)call - offsetof(struct service, ask));
}

static void on_functions(struct db_call *call, enum db_outcome outcome,
	const PGresult *result);

static void on_again(uv_timer_t *timer)
{
	ask(timer->data, &ask_functions, on_functions);
}

/* No database yet, or one not migrated: again soon. */
static void ask_again(struct service *service)
{
	if (!service->closed)
		uv_timer_start(&service->again, on_again, LEARN_AGAIN_MS, 0);
}

static void on_types(struct db_call *call, enum db_outcome outcome,
	const PGresult *result)
{
	struct service *service = asked(call);

	if (outcome == DB_OK) {
		learn(service, result);
		service->ready = !service->differs;
		service->learned(service->learned_arg, service->ready);
	} else {
		ask_again(service);
	}
	PQclear(service->functions);
	service->functions = NULL;
}

static void on_functions(struct db_call *call, enum db_outcome outcome,
	const PGresult *result)
{
	struct service *service = asked(call);

	if (outcome != DB_OK || PQntuples(result) == 0) {
		ask_again(service);
		return;
	}
	service->functions = PQcopyResult(result, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
	if (service->functions)
		ask(service, &ask_types, on_types);
	else
		ask_again(service);
}

/* The authority's certificate goes to whoever enrols. */
static void init_identity(struct service *service)
{
	BIO *file = BIO_new_file(service->config->path.authority, "r");
	X509 *authority = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
	int len = authority ? i2d_X509(authority, &service->authority) : 0;

	X509_free(authority);
	BIO_free(file);
	service->identity = (struct identity){
		.loop = service->loop, .db = service->db,
		.signer_path = service->config->path.signer_socket,
		.authority = service->authority,
		.authority_len = len > 0 ? (size_t)len : 0,
		.member_port = service->config->ports[WORKER_MEMBER].port,
	};
}

/* ---- life ------------------------------------------------------------------------------ */

struct service *service_new(uv_loop_t *loop, const struct config *config,
	enum worker_kind kind, void (*learned)(void *, bool ok), void *arg)
{
	struct service *service = calloc(1, sizeof(*service));

	if (!service)
		return NULL;
	service->loop = loop;
	service->config = config;
	service->kind = kind;
	service->learned = learned;
	service->learned_arg = arg;
	config_database(config, kind, &service->db_config);
	later_init(&service->later, loop, NULL, service);
	held_init(&service->busy, loop, config->ports[kind].busy_retry_ms / BUSY_HELD);
	uv_timer_init(loop, &service->again);
	service->again.data = service;
	service->db = db_new(loop, &service->db_config);
	if (!service->db)
		abort();
	init_identity(service);
	ask(service, &ask_functions, on_functions);
	return service;
}

static void on_later_closed(void *arg)
{
	struct service *service = arg;

	for (uint32_t i = 0; service->routes && i <= service->top; i++)
		route_free(service->routes[i]);
	free(service->routes);
	OPENSSL_free(service->authority);
	service->closed(service->closed_arg);
	free(service);
}

static void on_busy_closed(void *arg)
{
	struct service *service = arg;

	later_close(&service->later, on_later_closed);
}

static void on_again_closed(uv_handle_t *handle)
{
	struct service *service = handle->data;

	held_close(&service->busy, on_busy_closed, service);
}

static void on_db_closed(void *arg)
{
	struct service *service = arg;

	uv_close((uv_handle_t *)&service->again, on_again_closed);
}

void service_close(struct service *service, void (*closed)(void *), void *arg)
{
	service->closed = closed;
	service->closed_arg = arg;
	db_close(service->db, on_db_closed, service);
}

bool service_ready(const struct service *service)
{
	return service->ready;
}

struct db *service_db(struct service *service)
{
	return service->db;
}

struct later *service_later(struct service *service)
{
	return &service->later;
}

uint64_t service_now(const struct service *service)
{
	return uv_now(service->loop);
}

struct held *service_busy(struct service *service)
{
	return &service->busy;
}

const struct config *service_config(const struct service *service)
{
	return service->config;
}

enum worker_kind service_kind(const struct service *service)
{
	return service->kind;
}

const struct identity *service_identity(const struct service *service)
{
	return &service->identity;
}

const struct route *service_route(const struct service *service, uint32_t number)
{
	return number <= service->top && service->routes ? service->routes[number] : NULL;
}
