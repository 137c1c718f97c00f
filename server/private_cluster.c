#include "server/private_cluster.h"

#include "common/log.h"
#include "server/files.h"
#include "server/migrate.h"
#include "server/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STOP_MS 60000
#define STALE_MS 30000
#define STEP_MS 50

/* ---- where PostgreSQL's programs are ----------------------------------- */

#define VERSIONS "/usr/lib/postgresql"

static int newest_version(void)
{
	glob_t found;
	int newest = 0;

	if (glob(VERSIONS "/*/bin/postgres", 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int version = atoi(found.gl_pathv[i] + sizeof(VERSIONS));

		if (version > newest)
			newest = version;
	}
	globfree(&found);
	return newest;
}

/* The version a cluster was made with; 0: there is none yet. */
static int cluster_version(const struct config *config)
{
	char path[PATH_MAX];
	char *text;
	int version;

	if (!file_join(path, sizeof(path), config->path.pg_data, "PG_VERSION"))
		return 0;
	text = file_read(path, 16);
	version = text ? atoi(text) : 0;
	free(text);
	return version;
}

bool private_cluster_program(const struct config *config, const char *name,
	char *out, size_t cap)
{
	int version = cluster_version(config);
	int n;

	if (version == 0)
		version = newest_version();
	n = snprintf(out, cap, VERSIONS "/%d/bin/%s", version, name);
	return n > 0 && (size_t)n < cap && access(out, X_OK) == 0;
}

static bool need_program(const struct config *config, const char *name, char *out,
	size_t out_cap, char *why, size_t cap)
{
	if (private_cluster_program(config, name, out, out_cap))
		return true;
	snprintf(why, cap, "%s: not installed (%s)", name, out);
	return false;
}

/* ---- its configuration ------------------------------------------------- */

static void print_conf(FILE *out, const void *arg)
{
	const struct config *config = arg;

	fprintf(out,
		"# Written by zhibud at each start; own settings go to local.conf.\n"
		"listen_addresses = ''\n"
		"unix_socket_directories = '\"%s\"'\n"
		"unix_socket_permissions = 0700\n"
		"max_connections = 60\n"
		"superuser_reserved_connections = 3\n"
		"fsync = on\n"
		"full_page_writes = on\n"
		"synchronous_commit = on\n"
		"wal_level = replica\n"
		"track_commit_timestamp = off\n"
		"temp_file_limit = 1GB\n"
		/* two groups that met wait for nobody else (the default is 1s) */
		"deadlock_timeout = 100ms\n"
		"jit = off\n"
		"ssl = off\n"
		"shared_buffers = 128MB\n"
		"logging_collector = on\n"
		"log_directory = 'log'\n"
		"log_filename = 'postgresql-%%a.log'\n"
		"log_rotation_age = 1d\n"
		"log_rotation_size = 0\n"
		"log_truncate_on_rotation = on\n"
		"log_file_mode = 0600\n"
		"log_error_verbosity = terse\n"
		"log_min_error_statement = panic\n"
		"log_parameter_max_length = 0\n"
		"log_parameter_max_length_on_error = 0\n"
		"log_statement = ddl\n"
		"log_checkpoints = off\n"
		"log_line_prefix = '%%m [%%p] %%u '\n"
		"lc_messages = 'C'\n"
		"log_timezone = 'Asia/Shanghai'\n"
		"timezone = 'Asia/Shanghai'\n"
		"include_if_exists = 'local.conf'\n", config->path.pg_socket);
}

/* What cluster.sql takes away it takes away in our database alone: in the others
 * PostgreSQL's defaults hold, so the server's roles do not come into them. */
static void print_hba(FILE *out, const void *arg)
{
	(void)arg;
	fputs("# Written by zhibud: the machine's own user, by the kernel's word.\n"
	      "local " CONFIG_DATABASE " all peer map=zhibu\n"
	      "local all " CLUSTER_SUPERUSER " peer map=zhibu\n", out);
}

static void print_ident(FILE *out, const void *arg)
{
	static const char *const roles[] = { CLUSTER_SUPERUSER, "zhibu_owner",
		"zhibu_member", "zhibu_public" };
	const char *user = arg;

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		fprintf(out, "zhibu \"%s\" %s\n", user, roles[i]);
}

static bool write_one(const struct config *config, const char *name,
	void (*print)(FILE *, const void *), const void *arg, char *why, size_t cap)
{
	char path[PATH_MAX];

	if (file_join(path, sizeof(path), config->path.pg_data, name) &&
	    file_print(path, 0600, print, arg))
		return true;
	snprintf(why, cap, "%s: %s", name, strerror(errno));
	return false;
}

/* A quote in the path could end the setting it stands in. */
static bool path_fits_conf(const char *path, char *why, size_t cap)
{
	if (!strpbrk(path, "'\"\\\n"))
		return true;
	snprintf(why, cap, "%s: quotes and backslashes are not possible here", path);
	return false;
}

static bool write_configuration(const struct config *config, char *why, size_t cap)
{
	const struct passwd *user = getpwuid(geteuid());

	if (!user) {
		snprintf(why, cap, "user %u has no name", (unsigned)geteuid());
		return false;
	}
	return path_fits_conf(config->path.pg_socket, why, cap) &&
		path_fits_conf(user->pw_name, why, cap) &&
		write_one(config, "postgresql.conf", print_conf, config, why, cap) &&
		write_one(config, "pg_hba.conf", print_hba, NULL, why, cap) &&
		write_one(config, "pg_ident.conf", print_ident, user->pw_name, why, cap);
}

bool private_cluster_create(const struct config *config, char *why, size_t cap)
{
	char program[PATH_MAX];
	/* by its path: it looks for "postgres" beside itself */
	const char *const argv[] = { program, "-D", config->path.pg_data,
		"-U", CLUSTER_SUPERUSER, "--auth-local=peer", "--auth-host=reject",
		"--data-checksums", "--encoding=UTF8", "--locale=C", NULL };
	int log = open("/dev/null", O_WRONLY | O_CLOEXEC), code;

	if (!need_program(config, "initdb", program, sizeof(program), why, cap))
		return false;
	code = process_run(&(struct process_start){ .program = program,
		.argv = argv, .die_with_us = SIGKILL, .output = log });
	close(log);
	if (code) {
		snprintf(why, cap, "initdb ended with %d; to see why: %s -D %s", code,
			program, config->path.pg_data);
		return false;
	}
	if (mkdir(config->path.pg_socket, 0700) && errno != EEXIST) {
		snprintf(why, cap, "%s: %s", config->path.pg_socket, strerror(errno));
		return false;
	}
	return write_configuration(config, why, cap);
}

/* ---- starting ---------------------------------------------------------- */

static bool read_link(const char *process, const char *name, char out[PATH_MAX])
{
	char link[288];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%s/%s", process, name);
	len = readlink(link, out, PATH_MAX - 1);
	if (len < 0)
		return false;
	out[len] = '\0';
	return true;
}

static bool is_postgres_in(const char *process, const char *folder)
{
	char target[PATH_MAX];

	if (!read_link(process, "cwd", target) || strcmp(target, folder) ||
	    !read_link(process, "exe", target))
		return false;
	return !strcmp(basename(target), "postgres");
}

/* A process of PostgreSQL whose working folder is this cluster's (they all stay
 * there); 0: none. */
static pid_t left_behind(const char *folder)
{
	DIR *all = opendir("/proc");
	struct dirent *one;
	pid_t pid = 0;

	while (all && !pid && (one = readdir(all)))
		if (isdigit((unsigned char)one->d_name[0]) &&
		    is_postgres_in(one->d_name, folder))
			pid = (pid_t)atol(one->d_name);
	if (all)
		closedir(all);
	return pid;
}

/* We hold the lock of the state folder, so a PostgreSQL found here is left over
 * from a zhibud or a postmaster that was killed: it is ended. */
static bool end_remains(const char *folder, char *why, size_t cap)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	pid_t pid;

	for (unsigned waited = 0; (pid = left_behind(folder)) > 0;
	     waited += STEP_MS) {
		if (waited > STALE_MS) {
			snprintf(why, cap, "PostgreSQL %ld is still running",
				(long)pid);
			return false;
		}
		if (waited == 0)
			log_line(LOG_WARN, "cluster", "ending=%ld", (long)pid);
		kill(pid, waited > STALE_MS / 2 ? SIGQUIT : SIGINT);
		nanosleep(&step, NULL);
	}
	return true;
}

/* Only when not one of its processes is left the lock files go, the folder's and
 * the socket's: each names a number that may be another program's by now and would
 * then keep PostgreSQL from starting. */
static bool clear_remains(const struct config *config, char *why, size_t cap)
{
	char lock[PATH_MAX], folder[PATH_MAX];

	if (!realpath(config->path.pg_data, folder))
		return true; /* postgres itself says what is wrong */
	if (!end_remains(folder, why, cap))
		return false;
	if (file_join(lock, sizeof(lock), folder, "postmaster.pid"))
		unlink(lock);
	if (file_join(lock, sizeof(lock), config->path.pg_socket,
		      ".s.PGSQL.5432.lock"))
		unlink(lock);
	return true;
}

pid_t private_cluster_start(const struct config *config, char *why, size_t cap)
{
	char program[PATH_MAX];
	const char *const argv[] = { program, "-D", config->path.pg_data, NULL };
	char path[PATH_MAX];
	pid_t pid;
	int log;

	if (!file_join(path, sizeof(path), config->path.state, "postgresql.start") ||
	    !need_program(config, "postgres", program, sizeof(program), why, cap) ||
	    !write_configuration(config, why, cap) ||
	    !clear_remains(config, why, cap))
		return -1;
	/* until its own log begins */
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	pid = process_start(&(struct process_start){ .program = program,
		.argv = argv, .die_with_us = SIGINT, .output = log });
	if (log >= 0)
		close(log);
	if (pid < 0)
		snprintf(why, cap, "%s: %s", program, strerror(errno));
	return pid;
}

static PGconn *connect_super(const struct config *config, const char *database)
{
	const char *const keys[] = { "host", "user", "dbname", "application_name",
		NULL };
	const char *const values[] = { config->path.pg_socket, CLUSTER_SUPERUSER,
		database, "zhibud", NULL };

	return PQconnectdbParams(keys, values, 0);
}

bool private_cluster_wait(const struct config *config, pid_t pid, unsigned ms)
{
	for (unsigned waited = 0; waited < ms; waited += STEP_MS) {
		PGconn *c = connect_super(config, "postgres");
		bool up = PQstatus(c) == CONNECTION_OK;

		PQfinish(c);
		if (up)
			return true;
		if (process_wait(pid, STEP_MS, NULL))
			return false;
	}
	return false;
}

/* ---- roles and rights -------------------------------------------------- */

static bool run(PGconn *c, const char *sql, char *why, size_t cap)
{
	PGresult *result = PQexec(c, sql);
	ExecStatusType status = PQresultStatus(result);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;

	if (!ok)
		snprintf(why, cap, "%s", PQresultErrorMessage(result));
	PQclear(result);
	return ok;
}

static bool make_database(const struct config *config, char *why, size_t cap)
{
	PGconn *c = connect_super(config, "postgres");
	PGresult *there = PQexec(c,
		"SELECT FROM pg_database WHERE datname = '" CONFIG_DATABASE "'");
	bool ok = PQresultStatus(there) == PGRES_TUPLES_OK;

	if (!ok)
		snprintf(why, cap, "%s", PQerrorMessage(c));
	else if (PQntuples(there) == 0)
		/* from template0: nothing anybody may have added */
		ok = run(c, "CREATE DATABASE " CONFIG_DATABASE
			" TEMPLATE template0", why, cap);
	PQclear(there);
	PQfinish(c);
	return ok;
}

bool private_cluster_prepare(const struct config *config, char *why, size_t cap)
{
	const struct sql_file *file = sql_find("cluster.sql");
	PGconn *c;
	bool ok;

	if (!make_database(config, why, cap))
		return false;
	c = connect_super(config, CONFIG_DATABASE);
	ok = run(c, "BEGIN", why, cap) &&
		run(c, (const char *)file->text, why, cap) &&
		run(c, "COMMIT", why, cap);
	PQfinish(c);
	return ok;
}

void private_cluster_stop(pid_t pid)
{
	process_end(pid, SIGINT, STOP_MS, SIGQUIT);
}
