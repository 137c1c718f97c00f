/*
 * zhibud: the server's one program.  Here is its table of commands and what is
 * common to them: the options, the state folder, the configuration.
 */
#include "server/operator.h"
#include "server/process.h"
#include "server/supervisor.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define STATE_DIR "/var/lib/zhibu"

static const struct command {
	const char *name;
	int (*run)(struct operator *);
	const char *chinese, *english; /* what for */
} commands[] = {
	{ "init", operator_init, "在空目录中建立学院，打印首位管理员的登记码",
	  "make a college in an empty folder, print the first enrolment code" },
	{ "run", operator_run, "启动服务（前台运行，SIGTERM 停止）",
	  "run the server (in the foreground; SIGTERM ends it)" },
	{ "migrate", operator_migrate, "更新数据库结构与规则（--dry-run 只看不改）",
	  "bring the database up to date (--dry-run only looks)" },
	{ "code", operator_code, "为某人补发登记码：code P1",
	  "a new enrolment code for a person: code P1" },
	{ "clock", operator_clock, "设定演示环境的日期：clock 2026-10-22",
	  "set the day of a demo college: clock 2026-10-22" },
	{ "psql", operator_psql, "以属主身份打开数据库（留下审计记录）",
	  "open the database as its owner (leaves a trace)" },
	{ "check-config", operator_check_config, "检查配置并打印生效值",
	  "check the configuration, print what holds" },
	{ "health", operator_health, "各进程是否应答",
	  "whether each process answers" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

int operator_run(struct operator *op)
{
	return supervisor_run(op);
}

static int usage(const struct operator *op, FILE *out)
{
	SAY(op, out, "用法：zhibud 命令 [--state 目录] [--lang zh|en]\n"
		"--state 缺省为 " STATE_DIR "；run 可加 --log stderr\n",
		"Usage: zhibud COMMAND [--state DIR] [--lang zh|en]\n"
		"--state defaults to " STATE_DIR "; run takes --log stderr\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-13s %s\n", commands[i].name, op->english ?
			commands[i].english : commands[i].chinese);
	return out == stdout ? EX_OK : EX_USAGE;
}

/* Takes the option at *i if it is `name`; its value may follow "=" or a space. */
static const char *option(struct operator *op, int *i, const char *name)
{
	const char *word = op->argv[*i];
	size_t n = strlen(name);

	if (strncmp(word, name, n))
		return NULL;
	if (word[n] == '=')
		return word + n + 1;
	if (word[n] == '\0' && *i + 1 < op->argc)
		return op->argv[++*i];
	return NULL;
}

/* Takes out the options every command knows; the others stay, in order. */
static void take_options(struct operator *op)
{
	int kept = 0;

	for (int i = 0; i < op->argc; i++) {
		int at = i;
		const char *value;

		if ((value = option(op, &i, "--state")))
			op->state = value;
		else if ((value = option(op, &i, "--lang")))
			op->english = !strcmp(value, "en");
		else if ((value = option(op, &i, "--log")))
			op->log_to_stderr = !strcmp(value, "stderr");
		else
			op->argv[kept++] = op->argv[at];
	}
	op->argc = kept;
}

static int refuse_root(const struct operator *op)
{
	SAY(op, stderr, "zhibud 不以 root 运行。请先建一个用户并以它执行，例如：\n"
		"    useradd --system --home-dir " STATE_DIR " zhibu\n"
		"    install -d -o zhibu -g zhibu -m 700 " STATE_DIR "\n"
		"    setpriv --reuid zhibu --regid zhibu --clear-groups zhibud …\n",
		"zhibud does not run as root.  Make a user and run it as that one:\n"
		"    useradd --system --home-dir " STATE_DIR " zhibu\n"
		"    install -d -o zhibu -g zhibu -m 700 " STATE_DIR "\n"
		"    setpriv --reuid zhibu --regid zhibu --clear-groups zhibud ...\n");
	return EX_USAGE;
}

/* The folder need not exist yet, so realpath will not do. */
static bool absolute(struct operator *op, char out[PATH_MAX])
{
	char here[PATH_MAX];
	int n;

	if (op->state[0] == '/')
		n = snprintf(out, PATH_MAX, "%s", op->state);
	else if (getcwd(here, sizeof(here)))
		n = snprintf(out, PATH_MAX, "%s/%s", here, op->state);
	else
		return false;
	if (n <= 0 || n >= PATH_MAX)
		return false;
	while (n > 1 && out[n - 1] == '/')
		out[--n] = '\0';
	op->state = out;
	return true;
}

static int load(struct operator *op, bool fresh)
{
	struct config_report report;

	if (!config_defaults(&op->config, op->state)) {
		SAY(op, stderr, "目录名太长，其中的 Unix 套接字放不下：%s\n",
			"The folder's name is too long for a Unix socket in it: %s\n",
			op->state);
		return EX_CONFIG;
	}
	if (fresh)
		return EX_OK;
	if (access(op->config.path.conf, R_OK)) {
		SAY(op, stderr, "%s 中还没有学院，请先执行：zhibud init --state %s\n",
			"There is no college in %s yet: zhibud init --state %s\n",
			op->state, op->state);
		return EX_NOINPUT;
	}
	if (config_load(&op->config, op->state, &report))
		return EX_OK;
	config_report_print(&report, op->english, stderr);
	return EX_CONFIG;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* The one command that is met before there is anything to run as or on. */
static bool asks_how_to_init(const struct operator *op, const struct command *command)
{
	return command && command->run == operator_init && op->argc == 1 &&
		!strcmp(op->argv[0], "--help");
}

int main(int argc, char **argv)
{
	static struct operator op;
	char state[PATH_MAX];
	const struct command *command;
	int code;

	op.state = STATE_DIR;
	op.argc = argc > 2 ? argc - 2 : 0;
	op.argv = argv + 2;
	take_options(&op);
	if (argc < 2)
		return usage(&op, stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(&op, stdout);
	command = find(argv[1]);
	if (asks_how_to_init(&op, command))
		return operator_init(&op);
	if (geteuid() == 0)
		return refuse_root(&op);
	process_harden();
	if (!absolute(&op, state))
		return EX_USAGE;
	code = load(&op, command && command->run == operator_init);
	if (code != EX_OK)
		return code;
	if (command)
		return command->run(&op);
	code = supervisor_child(argv[1], &op.config);
	return code >= 0 ? code : usage(&op, stderr);
}
