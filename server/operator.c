#include "server/operator.h"

#include "common/text.h"
#include "server/files.h"
#include "server/keys.h"
#include "server/migrate.h"
#include "server/private_cluster.h"
#include "server/process.h"
#include "server/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define START_MS 60000

/* ---- the state folder and its database --------------------------------- */

int operator_lock(const struct config *config)
{
	char path[PATH_MAX];
	int fd;

	if (!file_join(path, sizeof(path), config->path.state, "zhibud.pid"))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%ld\n", (long)getpid());
	return fd;
}

PGconn *operator_connect(const struct config *config)
{
	static const char *const keys[] = { "connect_timeout", "dbname", NULL };
	const char *const values[] = { "5", config->owner_url, NULL };

	return PQconnectdbParams(keys, values, 1);
}

static bool start_cluster(struct operator *op, struct session *session)
{
	char why[512];

	session->lock = operator_lock(&op->config);
	if (session->lock < 0)
		return true; /* another zhibud runs it */
	session->postgres = private_cluster_start(&op->config, why, sizeof(why));
	if (session->postgres > 0 &&
	    private_cluster_wait(&op->config, session->postgres, START_MS) &&
	    private_cluster_prepare(&op->config, why, sizeof(why)))
		return true;
	SAY(op, stderr, "PostgreSQL 没有启动：%s\n", "PostgreSQL did not start: %s\n",
		session->postgres < 0 ? why : op->config.path.pg_data);
	return false;
}

bool session_open(struct operator *op, struct session *session)
{
	*session = (struct session){ .lock = -1 };
	if (op->config.mode == DATABASE_PRIVATE && !start_cluster(op, session)) {
		session_close(session);
		return false;
	}
	session->owner = operator_connect(&op->config);
	if (PQstatus(session->owner) == CONNECTION_OK)
		return true;
	SAY(op, stderr, "连不上数据库：%s", "Cannot reach the database: %s",
		PQerrorMessage(session->owner));
	session_close(session);
	return false;
}

void session_close(struct session *session)
{
	PQfinish(session->owner);
	private_cluster_stop(session->postgres);
	if (session->lock >= 0)
		close(session->lock);
	*session = (struct session){ .lock = -1 };
}

/* ---- migrate ----------------------------------------------------------- */

static void on_applied(void *arg, const char *name)
{
	const struct operator *op = arg;

	SAY(op, stderr, "  执行 %s\n", "  applying %s\n", name);
}

int operator_apply(struct operator *op, PGconn *owner, bool dry_run)
{
	struct migrate_report report = { .applied = dry_run ? on_applied : NULL,
		.arg = op };

	switch (migrate_apply(owner, dry_run, &report)) {
	case MIGRATE_CURRENT:
	case MIGRATE_DONE:
		return EX_OK;
	case MIGRATE_DUE:
		SAY(op, stderr, "以上文件可以执行；这次没有改动任何数据。\n",
			"These files can be applied; nothing was changed now.\n");
		return EX_OK;
	case MIGRATE_FOREIGN:
		SAY(op, stderr, "数据库与本程序的版本不符：%s\n"
			"请安装与数据库相配的 zhibud，或恢复与本程序相配的备份。\n",
			"The database does not fit this program: %s\n"
			"Install the zhibud it was made by, or restore a backup that "
			"fits this one.\n", report.why);
		return EX_CONFIG;
	case MIGRATE_FAILED:
		SAY(op, stderr, "数据库更新失败，没有改动任何数据：%s\n",
			"The migration failed, nothing was changed: %s\n", report.why);
		return EX_DATAERR;
	}
	return EX_SOFTWARE;
}

static bool has_word(const struct operator *op, const char *word)
{
	for (int i = 0; i < op->argc; i++)
		if (!strcmp(op->argv[i], word))
			return true;
	return false;
}

int operator_migrate(struct operator *op)
{
	struct session session;
	int code;

	if (!session_open(op, &session))
		return EX_UNAVAILABLE;
	code = operator_apply(op, session.owner, has_word(op, "--dry-run"));
	session_close(&session);
	if (code == EX_OK && !has_word(op, "--dry-run"))
		SAY(op, stderr, "数据库已是最新。\n", "The database is up to date.\n");
	return code;
}

/* ---- one statement with parameters ------------------------------------- */

static bool ask(struct operator *op, PGconn *owner, const char *sql, int n,
	const char *const *values)
{
	PGresult *result = PQexecParams(owner, sql, n, NULL, values, NULL, NULL, 0);
	bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!ok)
		SAY(op, stderr, "没有成功：%s\n", "Failed: %s\n",
			message ? message : PQerrorMessage(owner));
	PQclear(result);
	return ok;
}

/* ---- code -------------------------------------------------------------- */

void operator_print_code(const struct operator *op, const char *code)
{
	const struct config *config = &op->config;
	char host[256] = "", port[16] = "";

	if (!strcmp(config->listen, "0.0.0.0") || !strcmp(config->listen, "::"))
		gethostname(host, sizeof(host) - 1);
	else
		snprintf(host, sizeof(host), strchr(config->listen, ':') ?
			"[%s]" : "%s", config->listen);
	if (config->ports[WORKER_PUBLIC].port != 7443)
		snprintf(port, sizeof(port), ":%u",
			config->ports[WORKER_PUBLIC].port);
	SAY(op, stdout, "登记码（只显示这一次，72 小时内有效，用一次即作废）：\n"
		"    %s\n请交给本人，在本人的电脑上执行：\n"
		"    zhibu login --server %s%s --code %s\n",
		"Enrolment code (shown once, valid for 72 hours, good for one use):\n"
		"    %s\nGive it to the person, who runs on their own machine:\n"
		"    zhibu login --server %s%s --code %s\n", code, host, port, code);
}

int operator_code(struct operator *op)
{
	struct session session;
	uint8_t hash[32];
	char code[CODE_ENROL_TEXT], text[2 * sizeof(hash) + 1];
	const char *values[2] = { NULL, text };
	bool ok;

	if (op->argc != 1) {
		SAY(op, stderr, "用法：zhibud code 人员编号（如 P1）\n",
			"Usage: zhibud code PERSON (such as P1)\n");
		return EX_USAGE;
	}
	if (!keys_new_code(&op->config, code, hash))
		return EX_NOINPUT;
	text_hex(hash, sizeof(hash), text);
	values[0] = op->argv[0];
	if (!session_open(op, &session))
		return EX_UNAVAILABLE;
	ok = ask(op, session.owner,
		"SELECT setup.emergency_code($1, decode($2, 'hex'))", 2, values);
	session_close(&session);
	if (!ok)
		return EX_NOUSER;
	operator_print_code(op, code);
	return EX_OK;
}

/* ---- clock ------------------------------------------------------------- */

int operator_clock(struct operator *op)
{
	struct session session;
	const char *const values[] = { op->argc == 1 ? op->argv[0] : NULL };
	bool ok;

	if (op->argc != 1 || strlen(op->argv[0]) != 10) {
		SAY(op, stderr, "用法：zhibud clock 2026-10-22（只用于演示环境）\n",
			"Usage: zhibud clock 2026-10-22 (demo installations only)\n");
		return EX_USAGE;
	}
	if (!session_open(op, &session))
		return EX_UNAVAILABLE;
	ok = ask(op, session.owner, "SELECT setup.set_clock($1)", 1, values);
	session_close(&session);
	return ok ? EX_OK : EX_DATAERR;
}

/* ---- psql -------------------------------------------------------------- */

/* The operator's own look into the database leaves a trace, too. */
int operator_psql(struct operator *op)
{
	static const char *const note[] = { "machine_psql" };
	struct session session;
	char program[PATH_MAX];
	const char *argv[64] = { "psql", "-d", op->config.owner_url };
	int code = EX_UNAVAILABLE;

	if (op->argc > 60)
		return EX_USAGE;
	for (int i = 0; i < op->argc; i++)
		argv[3 + i] = op->argv[i];
	if (!private_cluster_program(&op->config, "psql", program, sizeof(program)))
		return EX_UNAVAILABLE;
	if (!session_open(op, &session))
		return EX_UNAVAILABLE;
	if (ask(op, session.owner, "SELECT setup.note($1)", 1, note))
		code = process_run(&(struct process_start){ .program = program,
			.argv = argv, .foreground = true, .output = -1 });
	session_close(&session);
	return code;
}

/* ---- check-config, health ---------------------------------------------- */

/* main has loaded it and said what is wrong; getting here means it is good. */
int operator_check_config(struct operator *op)
{
	SAY(op, stderr, "%s 没有错误。\n", "%s is good.\n", op->config.path.conf);
	config_write(&op->config, stdout);
	return EX_OK;
}

static bool port_answers(const struct config *config, enum worker_kind kind)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *to;
	char port[16];
	bool ok = false;
	int fd;

	snprintf(port, sizeof(port), "%u", config->ports[kind].port);
	if (getaddrinfo(config->listen, port, &hints, &to))
		return false;
	fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		ok = connect(fd, to->ai_addr, to->ai_addrlen) == 0;
		close(fd);
	}
	freeaddrinfo(to);
	return ok;
}

static bool tell(const char *what, bool ok)
{
	printf("%s %s\n", what, ok ? "up" : "down");
	return ok;
}

/* The supervisor wrote that every child has been ready once. */
static bool is_ready(const struct config *config)
{
	char path[PATH_MAX];
	char *text = file_join(path, sizeof(path), config->path.state, "zhibud.pid") ?
		file_read(path, 64) : NULL;
	bool ready = text && strstr(text, "ready");

	free(text);
	return ready;
}

int operator_health(struct operator *op)
{
	const struct config *config = &op->config;
	PGconn *owner = operator_connect(config);
	bool all = tell("database", PQstatus(owner) == CONNECTION_OK);

	PQfinish(owner);
	all = tell("supervisor", is_ready(config)) && all;
	all = tell("signer", signer_ping(config->path.signer_socket)) && all;
	for (int kind = 0; kind < WORKER_COUNT; kind++)
		all = tell(worker_name(kind), port_answers(config, kind)) && all;
	return all ? EX_OK : EX_UNAVAILABLE;
}
