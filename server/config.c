#include "server/config.h"

#include "server/database.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000u
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define KIB 1024u
#define MIB (1024u * 1024u)
#define FILE_LIMIT (64 * KIB) /* longest configuration file read */

/* --- defaults --------------------------------------------------------------- */

static const struct config_port default_ports[WORKER_COUNT] = {
	[WORKER_MEMBER] = {
		.port = 7444,
		.frame = MIB, .arena = 4 * MIB,
		.fields = 4096, .depth = 6, .string = 64 * KIB,
		.connections = 2048, .connections_per_source = 64,
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

static void set_private_urls(struct config *config)
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
	set_private_urls(config);
	return true;
}

/* --- keys ------------------------------------------------------------------- */

enum value_kind {
	VALUE_COUNT,    /* unsigned */
	VALUE_SIZE,     /* size_t; 4096, 64KiB, 1MiB */
	VALUE_DURATION, /* unsigned of ms; 500ms, 10s, 2min, 1h */
	VALUE_BOOL,
	VALUE_ADDRESS,
	VALUE_MODE,
	VALUE_URL,
};

struct key {
	const char *name;
	enum value_kind kind;
	size_t offset; /* in the section's struct */
	uint64_t min, max;
	const char *help;
};

struct section {
	const char *name;
	size_t offset; /* of the section's struct in struct config */
	const struct key *keys;
	const char *help;
};

#define KEY(name, kind, member, min, max, help) \
	{ name, VALUE_##kind, offsetof(struct config, member), min, max, help }

static const struct key server_keys[] = {
	KEY("listen", ADDRESS, listen, 0, 0, "监听地址"),
	KEY("drain", DURATION, drain_ms, 1, 10 * MINUTE, "停止时等待在办请求的最长时间"),
	KEY("demo", BOOL, demo, 0, 0, "演示学院：允许移动日历"),
	{ 0 },
};

static const struct key database_keys[] = {
	KEY("mode", MODE, mode, 0, 0, "private 自带数据库；external 外部数据库"),
	KEY("owner_url", URL, owner_url, 0, 0, "external：属主角色"),
	KEY("member_url", URL, url[WORKER_MEMBER], 0, 0, "external：成员端口角色"),
	KEY("member_read_url", URL, read_url[WORKER_MEMBER], 0, 0, "external：成员端口只读（可空）"),
	KEY("public_url", URL, url[WORKER_PUBLIC], 0, 0, "external：公开端口角色"),
	KEY("public_read_url", URL, read_url[WORKER_PUBLIC], 0, 0, "external：公开端口只读（可空）"),
	{ 0 },
};

#undef KEY
#define KEY(name, kind, member, min, max, help) \
	{ name, VALUE_##kind, offsetof(struct config_port, member), min, max, help }

static const struct key port_keys[] = {
	KEY("port", COUNT, port, 1, 65535, "端口"),
	KEY("frame", SIZE, frame, KIB, MIB, "一帧的最大长度"),
	KEY("arena", SIZE, arena, 16 * KIB, 64 * MIB, "一个请求展开后的最大内存"),
	KEY("fields", COUNT, fields, 16, 65536, "一个消息的最多字段数"),
	KEY("depth", COUNT, depth, 2, 32, "消息嵌套的最大层数"),
	KEY("string", SIZE, string, 256, MIB, "一个文本的最大字节数"),
	KEY("connections", COUNT, connections, 1, 65536, "连接总数"),
	KEY("connections_per_source", COUNT, connections_per_source, 1, 65536, "一个来源地址的连接数"),
	KEY("handshakes", COUNT, handshakes, 1, 65536, "正在握手的连接总数"),
	KEY("handshakes_per_source", COUNT, handshakes_per_source, 1, 65536, "一个来源地址正在握手的连接数"),
	KEY("in_flight", COUNT, in_flight, 1, 1024, "一个连接同时在办的请求数"),
	KEY("write_buffer", SIZE, write_buffer, 4 * KIB, 64 * MIB, "一个连接待发的字节数"),
	KEY("handshake", DURATION, handshake_ms, 1, HOUR, "握手时限"),
	KEY("first_frame", DURATION, first_frame_ms, 1, HOUR, "握手后第一帧的时限"),
	KEY("frame_time", DURATION, frame_ms, 1, HOUR, "一帧从头到尾的时限"),
	KEY("idle", DURATION, idle_ms, 1, 24 * HOUR, "空闲时限"),
	KEY("write_stall", DURATION, write_stall_ms, 1, HOUR, "对方不收的时限"),
	KEY("life", DURATION, life_ms, 1, 24 * HOUR, "一个连接的寿命"),
	KEY("busy_retry", DURATION, busy_retry_ms, 1, 10 * MINUTE, "繁忙时请对方多久后再试"),
	KEY("read_lanes", COUNT, lane[LANE_READ], 1, 256, "读连接数"),
	KEY("write_lanes", COUNT, lane[LANE_WRITE], 1, 256, "写连接数"),
	KEY("slow_lanes", COUNT, lane[LANE_SLOW], 1, 256, "慢查询连接数"),
	KEY("stream_lanes", COUNT, lane[LANE_STREAM], 1, 256, "材料传送连接数"),
	KEY("read_queue", COUNT, queue[LANE_READ], 1, 1u << 20, "等候的读请求数"),
	KEY("write_queue", COUNT, queue[LANE_WRITE], 1, 1u << 20, "等候的写请求数"),
	KEY("slow_queue", COUNT, queue[LANE_SLOW], 1, 1u << 20, "等候的慢请求数"),
	KEY("stream_queue", COUNT, queue[LANE_STREAM], 1, 1u << 20, "等候的传送请求数"),
	KEY("read_time", DURATION, statement_ms[LANE_READ], 1, HOUR, "读语句时限"),
	KEY("write_time", DURATION, statement_ms[LANE_WRITE], 1, HOUR, "写语句时限"),
	KEY("slow_time", DURATION, statement_ms[LANE_SLOW], 1, HOUR, "慢语句时限"),
	KEY("stream_time", DURATION, statement_ms[LANE_STREAM], 1, HOUR, "传送语句时限"),
	KEY("wait", DURATION, wait_ms, 1, HOUR, "等候数据库连接的时限"),
	KEY("group", COUNT, group, 1, 1024, "一次提交的最多写请求数"),
	{ 0 },
};

static const struct section sections[] = {
	{ "server", 0, server_keys, "服务器" },
	{ "database", 0, database_keys, "数据库" },
	{ "member", offsetof(struct config, ports[WORKER_MEMBER]), port_keys,
	  "成员端口（须有证书）" },
	{ "public", offsetof(struct config, ports[WORKER_PUBLIC]), port_keys,
	  "公开端口（登记、投票、公示、异议）" },
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))
#define KEYS_MOST 64

/* --- values ----------------------------------------------------------------- */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "KiB", KIB }, { "MiB", MIB }, { NULL, 0 }
};
static const struct unit duration_units[] = {
	{ "ms", 1 }, { "s", SECOND }, { "min", MINUTE }, { "h", HOUR }, { NULL, 0 }
};
static const struct unit count_units[] = { { "", 1 }, { NULL, 0 } };

static const struct unit *units_of(enum value_kind kind)
{
	if (kind == VALUE_SIZE)
		return size_units;
	return kind == VALUE_DURATION ? duration_units : count_units;
}

/* Digits, then one of the units; at most twelve digits, so nothing overflows. */
static bool read_number(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t n = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 12)
		return false;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	for (; units->name; units++)
		if (strcmp(text + digits, units->name) == 0) {
			*out = n * units->factor;
			return true;
		}
	return false;
}

/* The largest unit that divides it: 60000 ms is 1min. */
static void print_number(char *out, size_t cap, uint64_t n,
			 const struct unit *units)
{
	const struct unit *best = units;

	for (; units->name; units++)
		if (n && n % units->factor == 0)
			best = units;
	snprintf(out, cap, "%" PRIu64 "%s", n / best->factor, best->name);
}

static bool valid_address(const char *text)
{
	uint8_t room[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, room) == 1 ||
	       inet_pton(AF_INET6, text, room) == 1;
}

static bool valid_url(const char *text)
{
	PQconninfoOption *options = PQconninfoParse(text, NULL);

	PQconninfoFree(options);
	return options != NULL;
}

/* --- defects ---------------------------------------------------------------- */

/* What one reading needs to know about where it is. */
struct reader {
	struct config *config;
	struct config_report *report;
	const char *text, *end;
	unsigned line;
	bool indented;   /* the line begins with white space */
	bool expects;    /* the line should reach on_key */
	unsigned seen[SECTIONS][KEYS_MOST]; /* line of each key, 0: not yet */
	char unknown[32]; /* section already complained about */
};

static void copy_text(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text ? text : "");
}

static struct config_defect *add_defect(struct config_report *report,
					enum config_defect_kind kind, unsigned line)
{
	struct config_defect *d = &report->rows[CONFIG_DEFECTS - 1];

	if (report->count < CONFIG_DEFECTS)
		d = &report->rows[report->count];
	report->count++;
	memset(d, 0, sizeof(*d));
	d->kind = kind;
	d->line = line;
	return d;
}

static struct config_defect *key_defect(struct config_report *report,
					enum config_defect_kind kind, unsigned line,
					const char *section, const char *name)
{
	struct config_defect *d = add_defect(report, kind, line);

	if (name)
		snprintf(d->key, sizeof(d->key), "%.30s.%.30s", section, name);
	else
		snprintf(d->key, sizeof(d->key), "[%.60s]", section);
	return d;
}

/* What a key wants, in words that need no translation. */
static void print_expected(char *out, size_t cap, const struct key *key)
{
	char min[32], max[32];

	switch (key->kind) {
	case VALUE_BOOL:
		copy_text(out, cap, "yes | no");
		return;
	case VALUE_MODE:
		copy_text(out, cap, "private | external");
		return;
	case VALUE_ADDRESS:
		copy_text(out, cap, "127.0.0.1 | 0.0.0.0 | ::1 | ::");
		return;
	case VALUE_URL:
		copy_text(out, cap, "postgresql://ROLE@HOST:PORT/DATABASE");
		return;
	default:
		print_number(min, sizeof(min), key->min, units_of(key->kind));
		print_number(max, sizeof(max), key->max, units_of(key->kind));
		snprintf(out, cap, "%s .. %s", min, max);
	}
}

static bool bad_value(struct reader *r, const struct section *section,
		      const struct key *key, enum config_defect_kind kind,
		      const char *value)
{
	struct config_defect *d = key_defect(r->report, kind, r->line,
					     section->name, key->name);

	/* A URL may hold a password. */
	if (key->kind != VALUE_URL)
		copy_text(d->value, sizeof(d->value), value);
	print_expected(d->expected, sizeof(d->expected), key);
	return false;
}

/* --- setting ---------------------------------------------------------------- */

static void *place(struct config *config, const struct section *section,
		   const struct key *key)
{
	return (char *)config + section->offset + key->offset;
}

static bool set_number(struct reader *r, const struct section *section,
		       const struct key *key, const char *value)
{
	void *at = place(r->config, section, key);
	uint64_t n;

	if (!read_number(value, units_of(key->kind), &n))
		return bad_value(r, section, key, CONFIG_BAD_VALUE, value);
	if (n < key->min || n > key->max)
		return bad_value(r, section, key, CONFIG_OUT_OF_RANGE, value);
	if (key->kind == VALUE_SIZE)
		*(size_t *)at = (size_t)n;
	else
		*(unsigned *)at = (unsigned)n;
	return true;
}

/* The position of `value` in a list of two words, -1 if it is neither. */
static int either(const char *value, const char *first, const char *second)
{
	if (strcmp(value, first) == 0)
		return 0;
	return strcmp(value, second) == 0 ? 1 : -1;
}

static bool set_url(struct reader *r, const struct section *section,
		    const struct key *key, const char *value)
{
	char *at = place(r->config, section, key);
	size_t have = strlen(at);

	if (have + strlen(value) >= CONFIG_TEXT)
		return bad_value(r, section, key, CONFIG_LINE_TOO_LONG, value);
	strcpy(at + have, value);
	return true;
}

static bool set_word(struct reader *r, const struct section *section,
		     const struct key *key, const char *value)
{
	void *at = place(r->config, section, key);
	int n;

	if (key->kind == VALUE_ADDRESS) {
		if (!valid_address(value))
			return bad_value(r, section, key, CONFIG_BAD_VALUE, value);
		copy_text(at, sizeof(r->config->listen), value);
		return true;
	}
	n = key->kind == VALUE_BOOL ? either(value, "no", "yes")
				    : either(value, "private", "external");
	if (n < 0)
		return bad_value(r, section, key, CONFIG_BAD_VALUE, value);
	if (key->kind == VALUE_BOOL)
		*(bool *)at = n;
	else
		*(enum database_mode *)at = n ? DATABASE_EXTERNAL : DATABASE_PRIVATE;
	return true;
}

static bool set_value(struct reader *r, const struct section *section,
		      const struct key *key, const char *value)
{
	switch (key->kind) {
	case VALUE_COUNT:
	case VALUE_SIZE:
	case VALUE_DURATION:
		return set_number(r, section, key, value);
	case VALUE_URL:
		return set_url(r, section, key, value);
	default:
		return set_word(r, section, key, value);
	}
}

/* --- reading ---------------------------------------------------------------- */

static const struct section *find_section(const char *name)
{
	for (size_t i = 0; i < SECTIONS; i++)
		if (strcmp(sections[i].name, name) == 0)
			return &sections[i];
	return NULL;
}

static const struct key *find_key(const struct section *section, const char *name)
{
	for (const struct key *key = section->keys; key->name; key++)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

static void unknown_section(struct reader *r, const char *name)
{
	if (r->unknown[0] && strncmp(r->unknown, name, sizeof(r->unknown) - 1) == 0)
		return;
	copy_text(r->unknown, sizeof(r->unknown), *name ? name : "?");
	key_defect(r->report, CONFIG_UNKNOWN_SECTION, r->line, name, NULL);
}

static int on_key(void *user, const char *section_name, const char *name,
		  const char *value)
{
	struct reader *r = user;
	const struct section *section = find_section(section_name);
	const struct key *key = section ? find_key(section, name) : NULL;
	unsigned *seen;

	r->expects = false;
	if (!section) {
		unknown_section(r, section_name);
		return 1;
	}
	if (!key) {
		key_defect(r->report, CONFIG_UNKNOWN_KEY, r->line, section_name, name);
		return 1;
	}
	seen = &r->seen[section - sections][key - section->keys];
	if (*seen && !(r->indented && key->kind == VALUE_URL)) {
		key_defect(r->report, CONFIG_TWICE, r->line, section_name, name);
		return 1;
	}
	*seen = r->line;
	set_value(r, section, key, value);
	return 1;
}

/* A line that should have been a key and did not reach on_key is no key. */
static void close_line(struct reader *r)
{
	if (r->expects)
		add_defect(r->report, CONFIG_SYNTAX, r->line);
	r->expects = false;
}

static void judge_line(struct reader *r, const char *line, size_t len)
{
	size_t skip = 0;

	while (skip < len && strchr(" \t\r\n\v\f", line[skip]) && line[skip])
		skip++;
	r->indented = skip > 0;
	if (skip == len || line[skip] == '#' || line[skip] == ';')
		return;
	if (line[skip] == '[')
		r->expects = !memchr(line + skip, ']', len - skip);
	else
		r->expects = true;
	if (memchr(line, '\0', len))
		r->expects = true;
}

/* inih's fgets: one line of the buffer.  A line that does not fit is a defect
 * and is passed over whole. */
static char *next_line(char *out, int cap, void *stream)
{
	struct reader *r = stream;
	const char *nl;
	size_t len;

	close_line(r);
	if (r->text == r->end)
		return NULL;
	r->line++;
	if (r->line == 1 && r->end - r->text >= 3 &&
	    memcmp(r->text, "\xEF\xBB\xBF", 3) == 0)
		r->text += 3;
	nl = memchr(r->text, '\n', (size_t)(r->end - r->text));
	len = (size_t)((nl ? nl + 1 : r->end) - r->text);
	if (len >= (size_t)cap) {
		add_defect(r->report, CONFIG_LINE_TOO_LONG, r->line);
		strcpy(out, "\n");
	} else {
		judge_line(r, r->text, len);
		memcpy(out, r->text, len);
		out[len] = '\0';
	}
	r->text += len;
	return out;
}

/* --- the whole -------------------------------------------------------------- */

static unsigned line_of(const struct reader *r, const char *section_name,
			const char *name)
{
	const struct section *section = find_section(section_name);

	return r->seen[section - sections][find_key(section, name) - section->keys];
}

/* `ok` false: keys that only make sense together do not. */
static void demand(struct reader *r, bool ok, enum config_defect_kind kind,
		   const char *section, const char *name, const char *expected)
{
	struct config_defect *d;

	if (ok)
		return;
	d = key_defect(r->report, kind, line_of(r, section, name), section, name);
	copy_text(d->expected, sizeof(d->expected), expected);
}

static void check_urls(struct reader *r)
{
	bool external = r->config->mode == DATABASE_EXTERNAL;

	for (const struct key *key = database_keys; key->name; key++) {
		const char *url = place(r->config, &sections[1], key);

		if (key->kind != VALUE_URL)
			continue;
		if (!external)
			demand(r, !*url, CONFIG_USELESS, "database", key->name,
			       "mode = external");
		else if (!strstr(key->name, "read"))
			demand(r, *url, CONFIG_MISSING, "database", key->name,
			       "mode = external");
		if (external && *url && !valid_url(url))
			demand(r, false, CONFIG_BAD_VALUE, "database", key->name,
			       "postgresql://ROLE@HOST:PORT/DATABASE");
	}
}

static void check_port(struct reader *r, enum worker_kind kind)
{
	const struct config_port *p = &r->config->ports[kind];
	const char *name = worker_name(kind);

	demand(r, p->connections_per_source <= p->connections, CONFIG_OUT_OF_RANGE,
	       name, "connections_per_source", "<= connections");
	demand(r, p->handshakes_per_source <= p->handshakes, CONFIG_OUT_OF_RANGE,
	       name, "handshakes_per_source", "<= handshakes");
	demand(r, p->arena >= p->frame, CONFIG_OUT_OF_RANGE, name, "arena",
	       ">= frame");
	demand(r, p->string <= p->frame, CONFIG_OUT_OF_RANGE, name, "string",
	       "<= frame");
}

static void check_whole(struct reader *r)
{
	const struct config *c = r->config;

	demand(r, c->ports[WORKER_MEMBER].port != c->ports[WORKER_PUBLIC].port,
	       CONFIG_OUT_OF_RANGE, "member", "port", "!= public.port");
	check_port(r, WORKER_MEMBER);
	check_port(r, WORKER_PUBLIC);
	check_urls(r);
}

bool config_parse(struct config *config, const char *text, size_t len,
		  struct config_report *report)
{
	struct reader r = { .config = config, .report = report, .text = text,
			    .end = text + len };

	memset(report, 0, sizeof(*report));
	memcpy(report->file, config->path.conf, sizeof(report->file));
	config->owner_url[0] = '\0';
	for (int i = 0; i < WORKER_COUNT; i++)
		config->url[i][0] = config->read_url[i][0] = '\0';
	ini_parse_stream(next_line, &r, on_key, &r);
	close_line(&r);
	check_whole(&r);
	if (config->mode == DATABASE_PRIVATE)
		set_private_urls(config);
	return report->count == 0;
}

static bool unreadable(struct config_report *report, const char *why)
{
	copy_text(add_defect(report, CONFIG_UNREADABLE, 0)->value,
		  sizeof(report->rows[0].value), why);
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
	copy_text(report->file, sizeof(report->file), state_dir);
	if (!config_defaults(config, state_dir)) {
		add_defect(report, CONFIG_STATE_TOO_LONG, 0);
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

/* --- printing --------------------------------------------------------------- */

/* Per kind: Chinese, English. */
static const char *const defect_words[CONFIG_DEFECT_KINDS][2] = {
	[CONFIG_SYNTAX] = { "既不是 [节] 也不是 键 = 值",
			    "neither [section] nor key = value" },
	[CONFIG_LINE_TOO_LONG] = { "行太长；网址可在下一行缩进续写",
				   "line too long; a URL may go on, indented, on the "
				   "next line" },
	[CONFIG_UNKNOWN_SECTION] = { "没有这一节", "no such section" },
	[CONFIG_UNKNOWN_KEY] = { "没有这个键", "no such key" },
	[CONFIG_TWICE] = { "写了两次", "given twice" },
	[CONFIG_BAD_VALUE] = { "值不对", "bad value" },
	[CONFIG_OUT_OF_RANGE] = { "超出范围", "out of range" },
	[CONFIG_MISSING] = { "缺少", "missing" },
	[CONFIG_USELESS] = { "不起作用", "has no effect" },
	[CONFIG_UNREADABLE] = { "读不了", "cannot be read" },
	[CONFIG_STATE_TOO_LONG] = { "状态目录的路径太长，请换一个短的",
				    "the path of the state folder is too long" },
};

static void print_defect(const struct config_report *report,
			 const struct config_defect *d, bool english, FILE *out)
{
	fputs(report->file, out);
	if (d->line)
		fprintf(out, ":%u", d->line);
	if (d->key[0])
		fprintf(out, ": %s", d->key);
	fprintf(out, ": %s", defect_words[d->kind][english]);
	if (d->value[0])
		fprintf(out, ": %s", d->value);
	if (d->expected[0])
		fprintf(out, english ? " (expected: %s)" : "（应为：%s）",
			d->expected);
	fputc('\n', out);
}

void config_report_print(const struct config_report *report, bool english, FILE *out)
{
	for (unsigned i = 0; i < report->count && i < CONFIG_DEFECTS; i++)
		print_defect(report, &report->rows[i], english, out);
}

static void write_value(const struct config *config, const struct section *section,
			const struct key *key, FILE *out)
{
	const void *at = (const char *)config + section->offset + key->offset;
	char number[32];

	switch (key->kind) {
	case VALUE_BOOL:
		fputs(*(const bool *)at ? "yes" : "no", out);
		return;
	case VALUE_MODE:
		fputs(config->mode == DATABASE_EXTERNAL ? "external" : "private", out);
		return;
	case VALUE_ADDRESS:
	case VALUE_URL:
		fputs(at, out);
		return;
	case VALUE_SIZE:
		print_number(number, sizeof(number), *(const size_t *)at, size_units);
		break;
	default:
		print_number(number, sizeof(number), *(const unsigned *)at,
			     units_of(key->kind));
	}
	fputs(number, out);
}

void config_write(const struct config *config, FILE *out)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		const struct section *section = &sections[i];

		fprintf(out, "%s# %s\n[%s]\n", i ? "\n" : "", section->help,
			section->name);
		for (const struct key *key = section->keys; key->name; key++) {
			if (key->kind == VALUE_URL && config->mode == DATABASE_PRIVATE)
				continue;
			fprintf(out, "%s = ", key->name);
			write_value(config, section, key, out);
			fprintf(out, " ; %s\n", key->help);
		}
	}
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
}

const char *worker_name(enum worker_kind kind)
{
	return kind == WORKER_MEMBER ? "member" : "public";
}
