#include "server/supervisor.h"

#include "common/log.h"
#include "server/files.h"
#include "server/keys.h"
#include "server/migrate.h"
#include "server/notify.h"
#include "server/private_cluster.h"
#include "server/process.h"
#include "server/sandbox.h"
#include "server/signer.h"
#include "server/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum child_kind { CLUSTER, SIGNER, PUBLIC, MEMBER, CHILDREN };

#define FIRST_WAIT_MS 100
#define LONGEST_WAIT_MS 5000
#define STEADY_MS 30000 /* lived so long: its next death is a new story */
#define TURN_MS 100
#define LOG_MAX (16 * 1024 * 1024)
#define DAY_MS (24 * 60 * 60 * 1000LL)
#define START_MS 60000
#define SIGNER_END_MS 2000
#define DRAIN_SLACK_MS 2000

struct child {
	const char *name;   /* what it is started as; NULL: the cluster */
	pid_t pid;          /* 0: not running */
	int ready_fd;       /* -1: it has said so, or need not */
	bool ready;
	int64_t started;
	int64_t due;        /* when to start it again */
	unsigned wait_ms;   /* before the next start */
};

struct supervisor {
	struct operator *op;
	const struct config *config;
	char self[PATH_MAX];
	struct child children[CHILDREN];
	int lock;         /* of the state folder */
	int log;          /* where children write; -1: our standard error */
	bool announced;
	bool stopping;
	int status;
	int64_t checked;  /* certificates */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* ---- the children's side ----------------------------------------------- */

static int run_signer(const struct config *config)
{
	char key[PATH_MAX], record[PATH_MAX];
	const struct signer_config signer = {
		.socket = config->path.signer_socket,
		.authority = config->path.authority,
		.key = key, .record = record, .per_hour = SIGNER_PER_HOUR,
	};

	if (!file_join(key, sizeof(key), config->path.state, KEYS_AUTHORITY_KEY) ||
	    !file_join(record, sizeof(record), config->path.state, "signer.log"))
		return EX_CONFIG;
	return signer_run(&signer);
}

static int run_worker(const struct config *config, enum worker_kind kind)
{
	if (!sandbox_enter(SANDBOX_NO_PROGRAMS))
		log_line(LOG_WARN, "start", "worker=%s sandbox=none",
			worker_name(kind));
	return worker_run(config, kind);
}

int supervisor_child(const char *name, const struct config *config)
{
	if (!strcmp(name, CHILD_SIGNER))
		return run_signer(config);
	if (!strcmp(name, CHILD_PUBLIC))
		return run_worker(config, WORKER_PUBLIC);
	if (!strcmp(name, CHILD_MEMBER))
		return run_worker(config, WORKER_MEMBER);
	return -1;
}

/* ---- starting ---------------------------------------------------------- */

static bool is_ours(const struct supervisor *s, enum child_kind kind)
{
	return kind != CLUSTER || s->config->mode == DATABASE_PRIVATE;
}

static pid_t start_self(struct supervisor *s, struct child *child)
{
	const char *const argv[] = { "zhibud", child->name, "--state",
		s->op->state, NULL };

	return process_start(&(struct process_start){ .program = s->self,
		.argv = argv, .die_with_us = SIGKILL, .output = s->log,
		.ready = &child->ready_fd });
}

static void start_child(struct supervisor *s, struct child *child)
{
	char why[512] = "";

	child->started = now_ms();
	child->pid = child->name ? start_self(s, child) :
		private_cluster_start(s->config, why, sizeof(why));
	if (child->pid > 0)
		return;
	child->pid = 0;
	child->due = child->started + LONGEST_WAIT_MS;
	log_line(LOG_ERROR, "start", "child=%s why=%s errno=%d",
		child->name ? child->name : "postgres", why, errno);
}

/* Doubles from death to death, and begins anew after a steady life. */
static void plan_restart(struct child *child)
{
	int64_t now = now_ms();

	if (now - child->started > STEADY_MS || child->wait_ms == 0)
		child->wait_ms = FIRST_WAIT_MS;
	child->due = now + child->wait_ms;
	child->wait_ms = child->wait_ms * 2 > LONGEST_WAIT_MS ? LONGEST_WAIT_MS :
		child->wait_ms * 2;
}

static void forget_ready(struct child *child)
{
	if (child->ready_fd >= 0)
		close(child->ready_fd);
	child->ready_fd = -1;
}

/* ---- one turn ---------------------------------------------------------- */

static void on_death(struct supervisor *s, struct child *child, int status)
{
	bool hopeless = child->name && WIFEXITED(status) &&
		WEXITSTATUS(status) == EX_CONFIG;

	log_line(LOG_WARN, "died", "child=%s exit=%d signal=%d",
		child->name ? child->name : "postgres",
		WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	child->pid = 0;
	forget_ready(child);
	if (hopeless) {
		SAY(s->op, stderr, "%s 不能工作，原因见 %s/zhibud.log\n",
			"%s cannot work; %s/zhibud.log says why\n", child->name,
			s->op->state);
		s->stopping = true;
		s->status = EX_CONFIG;
		return;
	}
	plan_restart(child);
}

static void reap(struct supervisor *s)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < CHILDREN; i++)
			if (s->children[i].pid == pid)
				on_death(s, &s->children[i], status);
}

static void start_due(struct supervisor *s)
{
	for (int i = 0; i < CHILDREN; i++) {
		struct child *child = &s->children[i];

		if (is_ours(s, i) && child->pid == 0 && now_ms() >= child->due)
			start_child(s, child);
	}
}

static void announce(struct supervisor *s)
{
	const struct config *config = s->config;

	s->announced = true;
	SAY(s->op, stderr, "zhibud 已就绪：%s，公开端口 %u，成员端口 %u\n",
		"zhibud is ready: %s, public port %u, member port %u\n",
		config->listen, config->ports[WORKER_PUBLIC].port,
		config->ports[WORKER_MEMBER].port);
	fflush(stderr);
	dprintf(s->lock, "ready\n"); /* for zhibud health */
	notify_manager("READY=1");
}

static void hear_ready(struct supervisor *s)
{
	bool all = true;

	for (int i = 0; i < CHILDREN; i++) {
		struct child *child = &s->children[i];

		if (child->ready_fd >= 0 && process_ready(child->ready_fd)) {
			child->ready = true;
			forget_ready(child);
		}
		all = all && (child->ready || i == CLUSTER);
	}
	if (all && !s->announced)
		announce(s);
}

/* A renewed certificate is taken by the workers without a break. */
static void check_keys(struct supervisor *s)
{
	if (now_ms() - s->checked < DAY_MS)
		return;
	s->checked = now_ms();
	if (keys_check(s->config) != KEYS_RENEWED)
		return;
	for (int i = PUBLIC; i <= MEMBER; i++)
		if (s->children[i].pid > 0)
			kill(s->children[i].pid, SIGHUP);
}

static void turn(struct supervisor *s, const sigset_t *signals)
{
	const struct timespec rest = { .tv_nsec = TURN_MS * 1000000L };
	int got = sigtimedwait(signals, NULL, &rest);

	if (got == SIGTERM || got == SIGINT)
		s->stopping = true;
	else if (got == SIGHUP || got == SIGUSR1)
		for (int i = PUBLIC; i <= MEMBER; i++)
			if (s->children[i].pid > 0)
				kill(s->children[i].pid, got);
	reap(s);
	if (s->stopping)
		return;
	start_due(s);
	hear_ready(s);
	check_keys(s);
}

/* ---- the end ----------------------------------------------------------- */

/* Both workers drain at the same time; then nobody needs the signer, and then
 * nobody the database. */
static void stop_all(struct supervisor *s)
{
	struct child *c = s->children;

	notify_manager("STOPPING=1");
	for (int i = PUBLIC; i <= MEMBER; i++)
		if (c[i].pid > 0)
			kill(c[i].pid, SIGTERM);
	for (int i = PUBLIC; i <= MEMBER; i++)
		process_end(c[i].pid, SIGTERM, s->config->drain_ms + DRAIN_SLACK_MS,
			SIGKILL);
	process_end(c[SIGNER].pid, SIGTERM, SIGNER_END_MS, SIGKILL);
	private_cluster_stop(c[CLUSTER].pid);
	for (int i = 0; i < CHILDREN; i++)
		forget_ready(&c[i]);
}

/* ---- the beginning ----------------------------------------------------- */

static int check_certificates(struct supervisor *s)
{
	enum keys_state state = keys_check(s->config);

	s->checked = now_ms();
	if (state == KEYS_GOOD || state == KEYS_RENEWED)
		return EX_OK;
	if (state == KEYS_EXPIRED)
		SAY(s->op, stderr, "学院根证书 %s 已过期，不能启动。"
			"请用 zhibud init 建立新的目录并迁入数据，所有人重新登录。\n",
			"The authority's certificate %s has expired.  Make a new folder "
			"with zhibud init, move the data there; everybody logs in anew.\n",
			s->config->path.authority);
	else
		SAY(s->op, stderr, "证书或密钥文件缺失、损坏或权限过宽，在 %s 中。\n",
			"A certificate or key file in %s is missing, damaged or readable "
			"to others.\n", s->config->path.state);
	return EX_CONFIG;
}

static int start_cluster(struct supervisor *s)
{
	struct child *cluster = &s->children[CLUSTER];
	char why[512] = "";

	cluster->started = now_ms();
	cluster->pid = private_cluster_start(s->config, why, sizeof(why));
	if (cluster->pid > 0 &&
	    private_cluster_wait(s->config, cluster->pid, START_MS) &&
	    private_cluster_prepare(s->config, why, sizeof(why)))
		return EX_OK;
	SAY(s->op, stderr, "PostgreSQL 没有启动：%s（日志在 %s/log）\n",
		"PostgreSQL did not start: %s (log in %s/log)\n", why,
		s->config->path.pg_data);
	return EX_UNAVAILABLE;
}

/* An external database is somebody's to migrate, and may be away just now: then
 * the workers answer "unavailable" until it is back. */
static int look_at_schema(struct supervisor *s, PGconn *owner)
{
	struct migrate_report report = { .applied = NULL };

	if (PQstatus(owner) != CONNECTION_OK) {
		log_line(LOG_WARN, "database", "not reachable at start");
		return EX_OK;
	}
	switch (migrate_check(owner, &report)) {
	case MIGRATE_DUE:
		SAY(s->op, stderr, "数据库需要更新，请先执行：zhibud migrate --state %s\n",
			"The database must be migrated first: zhibud migrate --state %s\n",
			s->op->state);
		return EX_CONFIG;
	case MIGRATE_FOREIGN:
		SAY(s->op, stderr, "数据库与本程序的版本不符：%s\n",
			"The database does not fit this program: %s\n", report.why);
		return EX_CONFIG;
	default:
		return EX_OK;
	}
}

static int ready_database(struct supervisor *s)
{
	bool own = s->config->mode == DATABASE_PRIVATE;
	int code = own ? start_cluster(s) : EX_OK;
	PGconn *owner;

	if (code != EX_OK)
		return code;
	owner = operator_connect(s->config);
	code = own ? operator_apply(s->op, owner, false) : look_at_schema(s, owner);
	PQfinish(owner);
	return code;
}

/* One older file is kept, so that the folder does not fill. */
static int open_log(const struct operator *op)
{
	char path[PATH_MAX], older[PATH_MAX];
	struct stat st;

	if (op->log_to_stderr ||
	    !file_join(path, sizeof(path), op->state, "zhibud.log") ||
	    !file_join(older, sizeof(older), op->state, "zhibud.log.1"))
		return -1;
	if (stat(path, &st) == 0 && st.st_size > LOG_MAX)
		rename(path, older);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void log_to(int fd)
{
	FILE *sink = fd >= 0 ? fdopen(dup(fd), "a") : NULL;

	if (sink)
		setvbuf(sink, NULL, _IOLBF, 0);
	log_init(sink ? sink : stderr, LOG_INFO);
}

static void block_signals(sigset_t *signals)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD };

	sigemptyset(signals);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(signals, numbers[i]);
	sigprocmask(SIG_BLOCK, signals, NULL);
}

static void serve(struct supervisor *s, const sigset_t *signals)
{
	s->status = check_certificates(s);
	if (s->status == EX_OK)
		s->status = ready_database(s);
	s->stopping = s->status != EX_OK;
	while (!s->stopping)
		turn(s, signals);
	stop_all(s);
}

int supervisor_run(struct operator *op)
{
	struct supervisor s = { .op = op, .config = &op->config,
		.children = {
			[CLUSTER] = { .ready_fd = -1 },
			[SIGNER] = { .name = CHILD_SIGNER, .ready_fd = -1 },
			[PUBLIC] = { .name = CHILD_PUBLIC, .ready_fd = -1 },
			[MEMBER] = { .name = CHILD_MEMBER, .ready_fd = -1 },
		} };
	sigset_t signals;

	s.lock = operator_lock(&op->config);
	if (s.lock < 0) {
		SAY(op, stderr, "另一个 zhibud 正在使用 %s。\n",
			"Another zhibud is using %s.\n", op->state);
		return EX_TEMPFAIL;
	}
	if (!process_self(s.self, sizeof(s.self)))
		return EX_OSERR;
	s.log = open_log(op);
	log_to(s.log);
	block_signals(&signals);
	serve(&s, &signals);
	log_line(LOG_INFO, "stopped", "status=%d", s.status);
	if (s.log >= 0)
		close(s.log);
	close(s.lock);
	return s.status;
}
