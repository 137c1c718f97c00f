#include "server/config_keys.h"

#include <arpa/inet.h>
#include <ini.h>
#include <libpq-fe.h>
#include <string.h>

/* --- defects ---------------------------------------------------------------- */

/* What one reading needs to know about where it is. */
struct reader {
	struct config *config;
	struct config_report *report;
	const char *text, *end;
	unsigned line;
	bool indented;   /* the line begins with white space */
	bool expects;    /* the line should reach on_key */
	/* the line of each key; 0: not yet */
	unsigned seen[CONFIG_SECTIONS][CONFIG_KEYS_MOST];
	char unknown[32]; /* section already complained about */
};

static void copy_text(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text ? text : "");
}

struct config_defect *config_defect(struct config_report *report,
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
	struct config_defect *d = config_defect(report, kind, line);

	if (name)
		snprintf(d->key, sizeof(d->key), "%.30s.%.30s", section, name);
	else
		snprintf(d->key, sizeof(d->key), "[%.60s]", section);
	return d;
}

/* What a key wants, in words that need no translation. */
static void print_expected(char *out, size_t cap, const struct config_key *key)
{
	char min[32], max[32];

	switch (key->kind) {
	case CONFIG_BOOL:
		copy_text(out, cap, "yes | no");
		return;
	case CONFIG_MODE:
		copy_text(out, cap, "private | external");
		return;
	case CONFIG_ADDRESS:
		copy_text(out, cap, "127.0.0.1 | 0.0.0.0 | ::1 | ::");
		return;
	case CONFIG_URL:
		copy_text(out, cap, "postgresql://ROLE@HOST:PORT/DATABASE");
		return;
	default:
		config_print_number(min, sizeof(min), key->min, key->kind);
		config_print_number(max, sizeof(max), key->max, key->kind);
		snprintf(out, cap, "%s .. %s", min, max);
	}
}

static bool bad_value(struct reader *r, const struct config_section *section,
		      const struct config_key *key, enum config_defect_kind kind,
		      const char *value)
{
	struct config_defect *d = key_defect(r->report, kind, r->line,
					     section->name, key->name);

	/* A URL may hold a password. */
	if (key->kind != CONFIG_URL)
		copy_text(d->value, sizeof(d->value), value);
	print_expected(d->expected, sizeof(d->expected), key);
	return false;
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

/* --- setting ---------------------------------------------------------------- */

static bool set_number(struct reader *r, const struct config_section *section,
		       const struct config_key *key, const char *value)
{
	void *at = config_place(r->config, section, key);
	uint64_t n;

	if (!config_read_number(value, key->kind, &n))
		return bad_value(r, section, key, CONFIG_BAD_VALUE, value);
	if (n < key->min || n > key->max)
		return bad_value(r, section, key, CONFIG_OUT_OF_RANGE, value);
	if (key->kind == CONFIG_SIZE)
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

static bool set_url(struct reader *r, const struct config_section *section,
		    const struct config_key *key, const char *value)
{
	char *at = config_place(r->config, section, key);
	size_t have = strlen(at);
	/* the parts of a URL belong together, those of keyword=value do not */
	const char *between = have && !strstr(at, "://") ? " " : "";

	if (have + strlen(between) + strlen(value) >= CONFIG_TEXT)
		return bad_value(r, section, key, CONFIG_LINE_TOO_LONG, value);
	strcpy(at + have, between);
	strcat(at + have, value);
	return true;
}

static bool set_word(struct reader *r, const struct config_section *section,
		     const struct config_key *key, const char *value)
{
	void *at = config_place(r->config, section, key);
	int n;

	if (key->kind == CONFIG_ADDRESS) {
		if (!valid_address(value))
			return bad_value(r, section, key, CONFIG_BAD_VALUE, value);
		copy_text(at, sizeof(r->config->listen), value);
		return true;
	}
	n = key->kind == CONFIG_BOOL ? either(value, "no", "yes")
				    : either(value, "private", "external");
	if (n < 0)
		return bad_value(r, section, key, CONFIG_BAD_VALUE, value);
	if (key->kind == CONFIG_BOOL)
		*(bool *)at = n;
	else
		*(enum database_mode *)at = n ? DATABASE_EXTERNAL : DATABASE_PRIVATE;
	return true;
}

static bool set_value(struct reader *r, const struct config_section *section,
		      const struct config_key *key, const char *value)
{
	switch (key->kind) {
	case CONFIG_COUNT:
	case CONFIG_SIZE:
	case CONFIG_DURATION:
		return set_number(r, section, key, value);
	case CONFIG_URL:
		return set_url(r, section, key, value);
	default:
		return set_word(r, section, key, value);
	}
}

/* --- reading ---------------------------------------------------------------- */

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
	const struct config_section *section = config_section(section_name);
	const struct config_key *key = section ? config_key(section, name) : NULL;
	struct config_defect *d;
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
	if (!config_key_is_for(key, section)) {
		d = key_defect(r->report, CONFIG_USELESS, r->line, section_name, name);
		snprintf(d->expected, sizeof(d->expected), "[%s]", key->only);
		return 1;
	}
	seen = &r->seen[section - config_sections][key - section->keys];
	if (*seen && !(r->indented && key->kind == CONFIG_URL)) {
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
		config_defect(r->report, CONFIG_SYNTAX, r->line);
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
		config_defect(r->report, CONFIG_LINE_TOO_LONG, r->line);
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
	const struct config_section *section = config_section(section_name);

	return r->seen[section - config_sections][config_key(section, name) - section->keys];
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
	const struct config_section *database = config_section("database");
	bool external = r->config->mode == DATABASE_EXTERNAL;

	for (const struct config_key *key = database->keys; key->name; key++) {
		const char *url = config_place(r->config, database, key);

		if (key->kind != CONFIG_URL)
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
		config_private_urls(config);
	return report->count == 0;
}
