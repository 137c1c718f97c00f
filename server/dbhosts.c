#include "server/dbhosts.h"

#include <libpq-fe.h>
#include <string.h>

static const char *option(const PQconninfoOption *options, const char *name)
{
	for (; options->keyword; options++)
		if (strcmp(options->keyword, name) == 0)
			return options->val ? options->val : "";
	return "";
}

/* The n-th part of a list; a list of one part is good for all. */
static bool part(const char *list, int n, char out[DBHOSTS_TEXT])
{
	const char *end;
	bool one = !strchr(list, ',');

	for (; n > 0 && !one; n--) {
		list = strchr(list, ',');
		if (!list)
			return false;
		list++;
	}
	end = strchrnul(list, ',');
	if ((size_t)(end - list) >= DBHOSTS_TEXT)
		return false;
	memcpy(out, list, (size_t)(end - list));
	out[end - list] = '\0';
	return true;
}

static bool append(char list[DBHOSTS_TEXT], const char *text, bool first)
{
	size_t len = strlen(list), more = strlen(text);

	if (len + more + 2 > DBHOSTS_TEXT)
		return false;
	if (!first)
		list[len++] = ',';
	memcpy(list + len, text, more + 1);
	return true;
}

static int count(const char *list)
{
	int n = 1;

	while ((list = strchr(list, ',')))
		n++, list++;
	return n;
}

static bool is_it(const char *host, const char *hostaddr, const char *port,
	const char *want_host, const char *want_port)
{
	const char *name = *host ? host : hostaddr;

	return strcmp(name, want_host) == 0 &&
		(!*port || strcmp(port, want_port) == 0);
}

static bool without(const PQconninfoOption *options, const char *host,
	const char *port, struct dbhosts *out)
{
	const char *lists[3] = { option(options, "host"), option(options, "hostaddr"),
		option(options, "port") };
	char *to[3] = { out->host, out->hostaddr, out->port };
	char one[3][DBHOSTS_TEXT];
	int n = count(*lists[0] ? lists[0] : lists[1]), kept = 0;

	memset(out, 0, sizeof(*out));
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < 3; k++)
			if (!part(lists[k], i, one[k]))
				return false;
		if (is_it(one[0], one[1], one[2], host, port))
			continue;
		for (int k = 0; k < 3; k++)
			if (*lists[k] && !append(to[k], one[k], kept == 0))
				return false;
		kept++;
	}
	return kept > 0 && kept < n;
}

bool dbhosts_without(const char *conninfo, const char *host, const char *port,
	struct dbhosts *out)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	bool ok = options && host && port && without(options, host, port, out);

	PQconninfoFree(options);
	return ok;
}
