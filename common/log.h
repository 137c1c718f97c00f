/*
 * One line an event: time, level, event, then key=value pairs.
 *
 * Nothing a ballot or an objection holds, no address of an anonymous caller and
 * no personal name ever goes into a line (domain 3.4, security 3.2).
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdio.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Where lines go (standard error until set) and the least level kept. */
void log_init(FILE *sink, enum log_level least);

/* `format` gives the pairs; line ends and other control characters in the
 * result become '?', so that no peer can write a line of its own. */
void log_line(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
