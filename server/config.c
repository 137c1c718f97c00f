#include "server/config_keys.h"

#include "server/database.h"

#include <errno.h>
#include <string.h>

#define SECOND CONFIG_SECOND
#define MINUTE CONFIG_MINUTE
#define HOUR CONFIG_HOUR
#define KIB CONFIG_KIB
#define MIB CONFIG_MIB
#define FILE_LIMIT (64 * KIB) /* longest configuration file read */

/* --- defaults --------------------------------------------------------------- */

static const struct config_port default_ports[WORKER_COUNT] = {
	[WORKER_MEMBER] = {
		.port = 7444,
		.frame = MIB, .arena = 4 * MIB,
		.fields = 20000, .depth = 6, .string = 64 * KIB,
		.connections = 2048, .connections_per_source = 64,
		.connections_per_person = 16,
		.handshakes = 128, .handshakes_per_source = 16,
		.in_flight = 8, .write_buffer = 256 * KIB,
		.handshake_ms = 10 * SECOND, .first_frame_ms = 10 * SECOND,
		.frame_ms = 30 * SECOND, .idle_ms = 120 * SECOND,
		.write_stall_ms = 30 * SECOND, .life_ms = HOUR,
		.busy_retry_ms = 2 * SECOND,
		.lane = { [LANE_READ] = 4, [LANE_WRITE] = 2, [LANE_SLOW] = 1,
			  [LANE_STREAM] = 2 },
		.queue = { [LANE_READ] = 1024, [LANE_WRITE] = 1024,
			   [LANE_SLOW] = 32, [LANE_STREAM] = 64 },
		.statement_ms = { [LANE_READ] = 5 * SECOND,
				  [LANE_WRITE] = 5 * SECOND,
				  [LANE_SLOW] = 30 * SECOND,
				  [LANE_STREAM] = 10 * SECOND },
		.wait_ms = 5 * SECOND, .group = 32,
	},
	[WORKER_PUBLIC] = {
		.port = 7443,
		.frame = 64 * KIB, .arena = MIB,
		.fields = 512, .depth = 4, .string = 16 * KIB,
		.connections = 4096, .connections_per_source = 256,
		.handshakes = 256, .handshakes_per_source = 64,
		.in_flight = 8, .write_buffer = 256 * KIB,
		.handshake_ms = 10 * SECOND, .first_frame_ms = 10 * SECOND,
		.frame_ms = 10 * SECOND, .idle_ms = 30 * SECOND,
		.write_stall_ms = 10 * SECOND, .life_ms = 2 * MINUTE,
		.busy_retry_ms = 2 * SECOND,
		.wrong_codes_per_source = 10, .answers_per_source = 1200,
		.lane = { [LANE_READ] = 2, [LANE_WRITE] = 2, [LANE_SLOW] = 1,
			  [LANE_STREAM] = 1 },
		.queue = { [LANE_READ] = 1024, [LANE_WRITE] = 1024,
			   [LANE_SLOW] = 32, [LANE_STREAM] = 32 },
		.statement_ms = { [LANE_READ] = 3 * SECOND,
				  [LANE_WRITE] = 3 * SECOND,
				  [LANE_SLOW] = 10 * SECOND,
				  [LANE_STREAM] = 10 * SECOND },
		.wait_ms = 5 * SECOND, .group = 64,
	},
};

static bool join(char out[CONFIG_PATH], const char *dir, const char *name)
{
	return snprintf(out, CONFIG_PATH, "%s/%s", dir, name) < CONFIG_PATH;
}

static bool set_paths(struct config_paths *p, const char *dir)
{
	const size_t socket = strlen("pgsock/.s.PGSQL.5432.lock");

	if (strlen(dir) + 1 + socket >= CONFIG_PATH)
		return false;
	strcpy(p->state, dir);
	return join(p->conf, dir, "zhibud.conf") &&
	       join(p->authority, dir, "authority.crt") &&
	       join(p->server_cert, dir, "server.crt") &&
	       join(p->server_key, dir, "server.key") &&
	       join(p->signer_socket, dir, "signer.sock") &&
	       join(p->pg_data, dir, "pg") && join(p->pg_socket, dir, "pgsock") &&
	       join(p->deployment_id, dir, "deployment-id");
}

/* libpq's quoting: a backslash before quote and backslash. */
static void private_url(char out[CONFIG_TEXT], const char *folder, const char *role)
{
	char quoted[2 * CONFIG_PATH];
	char *to = quoted;

	for (; *folder; folder++) {
		if (*folder == '\'' || *folder == '\\')
			*to++ = '\\';
		*to++ = *folder;
	}
	*to = '\0';
	snprintf(out, CONFIG_TEXT, "host='%s' user=%s dbname=" CONFIG_DATABASE,
		 quoted, role);
}

void config_private_urls(struct config *config)
{
	const char *folder = config->path.pg_socket;

	private_url(config->owner_url, folder, "zhibu_owner");
	private_url(config->url[WORKER_MEMBER], folder, "zhibu_member");
	private_url(config->url[WORKER_PUBLIC], folder, "zhibu_public");
}

bool config_defaults(struct config *config, const char *state_dir)
{
	memset(config, 0, sizeof(*config));
	if (!set_paths(&config->path, state_dir))
		return false;
	strcpy(config->listen, "127.0.0.1");
	config->drain_ms = 10 * SECOND;
	config->mode = DATABASE_PRIVATE;
	memcpy(config->ports, default_ports, sizeof(default_ports));
	config_private_urls(config);
	return true;
}

/* --- loading ---------------------------------------------------------------- */

static bool unreadable(struct config_report *report, const char *why)
{
	struct config_defect *d = config_defect(report, CONFIG_UNREADABLE, 0);

	snprintf(d->value, sizeof(d->value), "%s", why);
	return false;
}

bool config_load(struct config *config, const char *state_dir,
		 struct config_report *report)
{
	static char text[FILE_LIMIT + 1];
	FILE *file;
	size_t len;
	bool bad;

	memset(report, 0, sizeof(*report));
	snprintf(report->file, sizeof(report->file), "%s", state_dir);
	if (!config_defaults(config, state_dir)) {
		config_defect(report, CONFIG_STATE_TOO_LONG, 0);
		return false;
	}
	memcpy(report->file, config->path.conf, sizeof(report->file));
	file = fopen(config->path.conf, "re");
	if (!file)
		return unreadable(report, strerror(errno));
	len = fread(text, 1, sizeof(text), file);
	bad = ferror(file);
	fclose(file);
	if (bad || len > FILE_LIMIT)
		return unreadable(report, bad ? strerror(EIO) : strerror(EFBIG));
	return config_parse(config, text, len, report);
}

/* --- for others ------------------------------------------------------------- */

void config_database(const struct config *config, enum worker_kind kind,
		     struct db_config *db)
{
	const struct config_port *port = &config->ports[kind];

	memset(db, 0, sizeof(*db));
	db->conninfo = config->url[kind];
	if (config->read_url[kind][0])
		db->read_conninfo = config->read_url[kind];
	for (int lane = 0; lane < LANE_COUNT; lane++) {
		db->connections[lane] = (int)port->lane[lane];
		db->queue_limit[lane] = (int)port->queue[lane];
		db->statement_timeout_ms[lane] = port->statement_ms[lane];
	}
	db->wait_ms = port->wait_ms;
	db->group_limit = (int)port->group;
	db->own = config->mode == DATABASE_PRIVATE;
}

const char *worker_name(enum worker_kind kind)
{
	return kind == WORKER_MEMBER ? "member" : "public";
}
