#include "server/config_keys.h"

#include <inttypes.h>
#include <string.h>

#define SECOND CONFIG_SECOND
#define MINUTE CONFIG_MINUTE
#define HOUR CONFIG_HOUR
#define KIB CONFIG_KIB
#define MIB CONFIG_MIB

#define KEY(name, kind, member, min, max, help) \
	{ name, CONFIG_##kind, offsetof(struct config, member), min, max, help, NULL }

static const struct config_key server_keys[] = {
	KEY("listen", ADDRESS, listen, 0, 0, "监听地址"),
	KEY("drain", DURATION, drain_ms, 1, 10 * MINUTE, "停止时等待在办请求的最长时间"),
	KEY("demo", BOOL, demo, 0, 0, "演示学院：允许移动日历"),
	{ 0 },
};

static const struct config_key database_keys[] = {
	KEY("mode", MODE, mode, 0, 0, "private 自带数据库；external 外部数据库"),
	KEY("owner_url", URL, owner_url, 0, 0, "external：属主角色"),
	KEY("member_url", URL, url[WORKER_MEMBER], 0, 0, "external：成员端口角色"),
	KEY("member_read_url", URL, read_url[WORKER_MEMBER], 0, 0, "external：成员端口只读（可空）"),
	KEY("public_url", URL, url[WORKER_PUBLIC], 0, 0, "external：公开端口角色"),
	KEY("public_read_url", URL, read_url[WORKER_PUBLIC], 0, 0, "external：公开端口只读（可空）"),
	{ 0 },
};

#undef KEY
#define KEY_OF(only, name, kind, member, min, max, help) \
	{ name, CONFIG_##kind, offsetof(struct config_port, member), min, max, help, only }
#define KEY(...) KEY_OF(NULL, __VA_ARGS__)

static const struct config_key port_keys[] = {
	KEY("port", COUNT, port, 1, 65535, "端口"),
	KEY("frame", SIZE, frame, KIB, MIB, "一帧的最大长度"),
	KEY("arena", SIZE, arena, 16 * KIB, 64 * MIB, "一个请求展开后的最大内存"),
	KEY("fields", COUNT, fields, 16, 65536, "一个消息的最多字段数"),
	KEY("depth", COUNT, depth, 2, 32, "消息嵌套的最大层数"),
	KEY("string", SIZE, string, 256, MIB, "一个文本的最大字节数"),
	KEY("connections", COUNT, connections, 1, 65536, "连接总数"),
	KEY("connections_per_source", COUNT, connections_per_source, 1, 65536, "一个来源地址的连接数"),
	KEY_OF("member", "connections_per_person", COUNT, connections_per_person, 1, 65536, "一份证书的连接数"),
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
	KEY_OF("public", "wrong_codes_per_source", COUNT, wrong_codes_per_source, 1, 1u << 20, "一个来源地址一分钟内的错码数，满了这一分钟里不再核对它的码"),
	KEY_OF("public", "answers_per_source", COUNT, answers_per_source, 1, 1u << 20, "一个来源地址一分钟内的调查答卷和异议数（全校共用一个出口地址时放宽）"),
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

const struct config_section config_sections[CONFIG_SECTIONS] = {
	{ "server", 0, server_keys, "服务器" },
	{ "database", 0, database_keys, "数据库" },
	{ "member", offsetof(struct config, ports[WORKER_MEMBER]), port_keys,
	  "成员端口（须有证书）" },
	{ "public", offsetof(struct config, ports[WORKER_PUBLIC]), port_keys,
	  "公开端口（登记、投票、公示、异议）" },
};

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

static const struct unit *units_of(enum config_value kind)
{
	if (kind == CONFIG_SIZE)
		return size_units;
	return kind == CONFIG_DURATION ? duration_units : count_units;
}

/* Digits, then one of the units; at most twelve digits, so nothing overflows. */
bool config_read_number(const char *text, enum config_value kind, uint64_t *out)
{
	const struct unit *units = units_of(kind);
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

void config_print_number(char *out, size_t cap, uint64_t n, enum config_value kind)
{
	const struct unit *units = units_of(kind);
	const struct unit *best = units;

	for (; units->name; units++)
		if (n && n % units->factor == 0)
			best = units;
	snprintf(out, cap, "%" PRIu64 "%s", n / best->factor, best->name);
}

const struct config_section *config_section(const char *name)
{
	for (size_t i = 0; i < CONFIG_SECTIONS; i++)
		if (strcmp(config_sections[i].name, name) == 0)
			return &config_sections[i];
	return NULL;
}

const struct config_key *config_key(const struct config_section *section,
				    const char *name)
{
	for (const struct config_key *key = section->keys; key->name; key++)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

bool config_key_is_for(const struct config_key *key,
		       const struct config_section *section)
{
	return !key->only || strcmp(key->only, section->name) == 0;
}

void *config_place(struct config *config, const struct config_section *section,
		   const struct config_key *key)
{
	return (char *)config + section->offset + key->offset;
}
