#include "common/log.h"

#include <stdarg.h>
#include <time.h>

static FILE *log_sink;
static enum log_level log_least = LOG_INFO;

void log_init(FILE *sink, enum log_level least)
{
	log_sink = sink;
	log_least = least;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	FILE *out = log_sink ? log_sink : stderr;
	char line[1024], when[32];
	struct timespec now;
	struct tm tm;
	va_list ap;

	if (level < log_least)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	fprintf(out, "%s.%03ldZ %s %s %s\n", when, now.tv_nsec / 1000000,
		names[level], event, line);
	fflush(out);
}
