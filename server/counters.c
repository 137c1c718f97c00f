#include "server/counters.h"

#include "common/log.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

static const struct {
	const char *name;
	size_t offset;
} rows[] = {
#define COUNTER(name) { #name, offsetof(struct counters, name) },
	COUNTERS(COUNTER)
#undef COUNTER
};

const char *counters_name(const struct counters *counters, const uint64_t *which)
{
	size_t offset = (size_t)((const char *)which - (const char *)counters);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].offset == offset)
			return rows[i].name;
	return "?";
}

static size_t add(char *line, size_t cap, size_t len, const char *prefix,
		  const char *name, uint64_t n)
{
	int more;

	if (n == 0 || len >= cap)
		return len;
	more = snprintf(line + len, cap - len, " %s%s=%" PRIu64, prefix, name, n);
	return len + (size_t)more;
}

void counters_log(const struct counters *counters, const char *worker)
{
	char line[960] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const void *at = (const char *)counters + rows[i].offset;

		len = add(line, sizeof(line), len, "", rows[i].name,
			  *(const uint64_t *)at);
	}
	for (int i = 0; i < TLS_FAIL_COUNT; i++)
		len = add(line, sizeof(line), len, "handshake_",
			  tls_failure_name((enum tls_failure)i),
			  counters->handshake[i]);
	log_line(LOG_INFO, "counters", "worker=%s%s", worker, line);
}
