/*
 * zhibud init: from an empty folder to a college whose first administrator can log
 * in.  Nothing listens while it works and nothing is left running.
 */
#include "server/operator.h"

#include "common/text.h"
#include "server/files.h"
#include "server/keys.h"
#include "server/pki.h"
#include "server/private_cluster.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

/* What the options say. */
struct wish {
	const char *college, *admin;
	bool demo, help;
};

static int usage(const struct operator *op, FILE *out)
{
	SAY(op, out,
		"用法：zhibud init --state 目录 --name 学院名 --admin 姓名 [--demo]\n"
		"                  [--listen 地址] [--public-port 端口] [--member-port 端口]\n",
		"Usage: zhibud init --state DIR --name COLLEGE --admin NAME [--demo]\n"
		"                   [--listen ADDRESS] [--public-port N] [--member-port N]\n");
	return out == stdout ? EX_OK : EX_USAGE;
}

static bool set_port(struct config *config, enum worker_kind kind, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n < 1024 || n > 65535)
		return false;
	config->ports[kind].port = (unsigned)n;
	return true;
}

static bool set_listen(struct config *config, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, address) != 1 &&
	    inet_pton(AF_INET6, text, address) != 1)
		return false;
	snprintf(config->listen, sizeof(config->listen), "%s", text);
	return true;
}

static bool read_options(struct operator *op, struct wish *wish)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "admin", required_argument, NULL, 'a' },
		{ "demo", no_argument, NULL, 'd' },
		{ "listen", required_argument, NULL, 'l' },
		{ "public-port", required_argument, NULL, 'p' },
		{ "member-port", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct config *config = &op->config;
	bool ok = true;
	int c;

	/* getopt skips the first word, which is the command's name */
	optind = 0;
	while (ok && (c = getopt_long(op->argc + 1, op->argv - 1, "", options,
			NULL)) != -1) {
		switch (c) {
		case 'n': wish->college = optarg; break;
		case 'a': wish->admin = optarg; break;
		case 'h': wish->help = true; break;
		case 'd': wish->demo = config->demo = true; break;
		case 'l': ok = set_listen(config, optarg); break;
		case 'p': ok = set_port(config, WORKER_PUBLIC, optarg); break;
		case 'm': ok = set_port(config, WORKER_MEMBER, optarg); break;
		default: ok = false;
		}
	}
	return wish->help || (ok && optind == op->argc + 1 &&
		config->ports[WORKER_PUBLIC].port !=
		config->ports[WORKER_MEMBER].port);
}

/* Both names are for good and seen by everybody: nothing is assumed. */
static bool is_named(const struct wish *wish)
{
	return wish->college && *wish->college && wish->admin && *wish->admin;
}

static bool make_folder(const struct operator *op)
{
	DIR *dir;
	struct dirent *one;
	int entries = 0;

	if (mkdir(op->state, 0700) == 0)
		return true;
	dir = errno == EEXIST ? opendir(op->state) : NULL;
	if (!dir) {
		SAY(op, stderr, "不能建立目录 %s：%s\n", "Cannot make %s: %s\n",
			op->state, strerror(errno));
		return false;
	}
	while ((one = readdir(dir)))
		entries += strcmp(one->d_name, ".") && strcmp(one->d_name, "..");
	closedir(dir);
	if (entries == 0 && chmod(op->state, 0700) == 0)
		return true;
	SAY(op, stderr, "%s 不是空目录。要重新开始，请换一个目录，或先自行移走其中的内容。\n",
		"%s is not an empty folder.  To begin anew choose another, or move "
		"its content away yourself.\n", op->state);
	return false;
}

static void print_conf(FILE *out, const void *config)
{
	config_write(config, out);
}

static bool make_files(const struct operator *op, char id[PKI_DEPLOYMENT_LEN + 1])
{
	unsigned char random[PKI_DEPLOYMENT_LEN / 2];
	const struct config *config = &op->config;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	text_hex(random, sizeof(random), id);
	if (file_write(config->path.deployment_id, 0644, id, strlen(id)) &&
	    keys_create(config, id) &&
	    file_print(config->path.conf, 0600, print_conf, config))
		return true;
	SAY(op, stderr, "不能写入 %s：%s\n", "Cannot write to %s: %s\n", op->state,
		strerror(errno));
	return false;
}

static bool first_administrator(const struct operator *op, PGconn *owner,
	const struct wish *wish, const char *id, const uint8_t hash[32])
{
	char text[65];
	const char *const values[] = { wish->college, wish->admin, text, id,
		wish->demo ? "true" : "false" };
	PGresult *row;
	bool ok;

	text_hex(hash, 32, text);
	row = PQexecParams(owner, "SELECT person_id FROM setup.first_administrator("
		"$1, $2, decode($3, 'hex'), $4, $5)", 5, NULL, values, NULL, NULL, 0);
	ok = PQresultStatus(row) == PGRES_TUPLES_OK && PQntuples(row) == 1;
	if (ok)
		SAY(op, stdout, "学院：%s\n首位管理员：%s（%s）\n",
			"College: %s\nFirst administrator: %s (%s)\n", wish->college,
			wish->admin, PQgetvalue(row, 0, 0));
	else
		SAY(op, stderr, "不能建立首位管理员：%s",
			"Cannot make the first administrator: %s",
			PQerrorMessage(owner));
	PQclear(row);
	return ok;
}

static int fill_database(struct operator *op, const struct wish *wish, const char *id)
{
	struct session session;
	char code[CODE_ENROL_TEXT];
	uint8_t hash[32];
	int result;

	if (!session_open(op, &session))
		return EX_UNAVAILABLE;
	result = operator_apply(op, session.owner, false);
	if (result == EX_OK && (!keys_new_code(&op->config, code, hash) ||
			!first_administrator(op, session.owner, wish, id, hash)))
		result = EX_DATAERR;
	session_close(&session);
	if (result == EX_OK)
		operator_print_code(op, code);
	return result;
}

static bool make_cluster(const struct operator *op)
{
	char why[512];

	if (private_cluster_create(&op->config, why, sizeof(why)))
		return true;
	SAY(op, stderr, "不能建立数据库：%s\n", "Cannot make the database: %s\n", why);
	return false;
}

int operator_init(struct operator *op)
{
	struct wish wish = { 0 };
	char id[PKI_DEPLOYMENT_LEN + 1];
	int result = EX_CANTCREAT;

	if (!read_options(op, &wish))
		return usage(op, stderr);
	if (wish.help)
		return usage(op, stdout);
	if (!is_named(&wish))
		return usage(op, stderr);
	if (!make_folder(op))
		return EX_CANTCREAT;
	if (make_files(op, id) && make_cluster(op))
		result = fill_database(op, &wish, id);
	if (result == EX_OK)
		SAY(op, stdout, "启动服务：\n    zhibud run --state %s\n",
			"Start the server:\n    zhibud run --state %s\n", op->state);
	else
		SAY(op, stderr, "没有完成。排除原因后，请删除 %s 再执行一次。\n",
			"Not finished.  Mend the cause, remove %s and run it again.\n",
			op->state);
	return result;
}
