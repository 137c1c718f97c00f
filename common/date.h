/*
 * Civil dates as days since 1970-01-01 and moments as microseconds since
 * 1970-01-01 UTC, shown in Beijing time (+08:00, no summer time since 1991).
 * Reads no clock.
 */
#ifndef COMMON_DATE_H
#define COMMON_DATE_H

#include <stdbool.h>
#include <stdint.h>

#define DATE_TEXT 11   /* "2026-12-04" */
#define MOMENT_SHORT 12 /* "12-04 18:00" */
#define MOMENT_TEXT 26 /* "2026-12-04T18:00:00+08:00" */

/* False for a day there is not, or a year outside 1900 to 2999. */
bool date_from_civil(int year, int month, int day, int32_t *days);
/* Any days from 1900 to 2999. */
void date_to_civil(int32_t days, int *year, int *month, int *day);
/* 1 Monday to 7 Sunday. */
int date_weekday(int32_t days);

/* 2026-12-4, 2026.12.4, 2026/12/4, 2026年12月4日, 12月4日 and 12-04 (in the
 * year of today), 今天, 明天; full-width digits as well. */
bool date_parse(const char *text, int32_t today, int32_t *days);

/* Empty text for days outside 1900 to 2999. */
void date_format(int32_t days, char out[DATE_TEXT]);

/* The Beijing date of a moment. */
int32_t date_of_moment(int64_t us);
void moment_format_short(int64_t us, char out[MOMENT_SHORT]);
/* RFC 3339, whole seconds. */
void moment_format(int64_t us, char out[MOMENT_TEXT]);
/* RFC 3339 with any offset, or "2026-12-04 18:00[:00]" in Beijing time. */
bool moment_parse(const char *text, int64_t *us);

#endif
