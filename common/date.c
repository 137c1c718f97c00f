#include "common/date.h"

#include "common/text.h"

#include <stdio.h>
#include <string.h>

#define YEAR_FIRST 1900
#define YEAR_LAST 2999
#define DAY_FIRST (-25567) /* 1900-01-01 */
#define DAY_LAST 376199    /* 2999-12-31 */
#define SECOND ((int64_t)1000000)
#define DAY (86400 * SECOND)
#define BEIJING (8 * 3600 * SECOND)

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Counted in years that begin in March, so that the leap day comes last;
 * 719,468 days lie between 0000-03-01 and 1970-01-01. */
bool date_from_civil(int year, int month, int day, int32_t *days)
{
	int y, m;

	if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12)
		return false;
	if (day < 1 || day > month_days(year, month))
		return false;
	y = month > 2 ? year : year - 1;
	m = month > 2 ? month - 3 : month + 9;
	*days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
		1 - 719468;
	return true;
}

void date_to_civil(int32_t days, int *year, int *month, int *day)
{
	int z = days + 719468;
	int era = z / 146097;
	int doe = z % 146097; /* of 400 years */
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int m = (5 * doy + 2) / 153;

	*day = doy - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

int date_weekday(int32_t days)
{
	int since = (days + 3) % 7; /* 1970-01-01 was a Thursday */

	return (since < 0 ? since + 7 : since) + 1;
}

/* Digits at *s, at most `most`, moving it on; -1 if there are none or more. */
static int number(const char **s, int most)
{
	int value = 0, n;

	for (n = 0; **s >= '0' && **s <= '9'; n++, ++*s) {
		if (n == most)
			return -1;
		value = value * 10 + (**s - '0');
	}
	return n ? value : -1;
}

static bool skip(const char **s, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*s, word, len) != 0)
		return false;
	*s += len;
	return true;
}

/* 2026年12月4日 or 12月4日, after the first number and its unit. */
static bool parse_chinese(const char *s, int first, bool has_year, int year,
			  int32_t *days)
{
	int month = first, day;

	if (has_year) {
		month = number(&s, 2);
		if (month < 0 || !skip(&s, "月"))
			return false;
	}
	day = number(&s, 2);
	if (day < 0 || !(skip(&s, "日") || skip(&s, "号")) || *s)
		return false;
	return date_from_civil(has_year ? first : year, month, day, days);
}

/* 2026-12-4 or 12-4, after the first number; one separator throughout. */
static bool parse_plain(const char *s, int first, int digits, int year,
			int32_t *days)
{
	char separator = *s++;
	int second = number(&s, 2), third;

	if (!strchr("-./", separator) || second < 0)
		return false;
	if (!*s)
		return digits <= 2 &&
		       date_from_civil(year, first, second, days);
	if (*s++ != separator)
		return false;
	third = number(&s, 2);
	return third >= 0 && !*s && digits == 4 &&
	       date_from_civil(first, second, third, days);
}

static bool parse_folded(const char *s, int32_t today, int32_t *days)
{
	const char *start = s;
	int year, month, day, first, digits;

	date_to_civil(today, &year, &month, &day);
	first = number(&s, 4);
	digits = (int)(s - start);
	if (first < 0 || !*s)
		return false;
	if (digits == 4 && skip(&s, "年"))
		return parse_chinese(s, first, true, year, days);
	if (digits <= 2 && skip(&s, "月"))
		return parse_chinese(s, first, false, year, days);
	return parse_plain(s, first, digits, year, days);
}

/* A folded copy without spaces around; false if it is too long to be one. */
static bool tidy(const char *text, char *out, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(out, text, len + 1);
	text_fold(out);
	len = strlen(out);
	while (len && out[len - 1] == ' ')
		out[--len] = '\0';
	memmove(out, out + strspn(out, " "), len - strspn(out, " ") + 1);
	return true;
}

static bool in_range(int32_t days)
{
	return days >= DAY_FIRST && days <= DAY_LAST;
}

bool date_parse(const char *text, int32_t today, int32_t *days)
{
	char s[64];
	int32_t found;

	if (!in_range(today) || !tidy(text, s, sizeof(s)))
		return false;
	if (strcmp(s, "今天") == 0)
		found = today;
	else if (strcmp(s, "明天") == 0)
		found = today + 1;
	else if (!parse_folded(s, today, &found))
		return false;
	if (!in_range(found))
		return false;
	*days = found;
	return true;
}

void date_format(int32_t days, char out[DATE_TEXT])
{
	int year, month, day;

	out[0] = '\0';
	if (!in_range(days))
		return;
	date_to_civil(days, &year, &month, &day);
	snprintf(out, DATE_TEXT, "%04u-%02u-%02u", (unsigned)year % 10000,
		 (unsigned)month % 100, (unsigned)day % 100);
}

/* Since midnight, UTC; the remainder of a negative moment is counted up. */
static int64_t within_day(int64_t us)
{
	int64_t rest = us % DAY;

	return rest < 0 ? rest + DAY : rest;
}

int32_t date_of_moment(int64_t us)
{
	return (int32_t)(us / DAY - (us % DAY < 0) +
			 (within_day(us) + BEIJING >= DAY));
}

/* Seconds since Beijing's midnight. */
static unsigned second_of_day(int64_t us)
{
	return (unsigned)((within_day(us) + BEIJING) % DAY / SECOND);
}

void moment_format_short(int64_t us, char out[MOMENT_SHORT])
{
	unsigned second = second_of_day(us);
	char date[DATE_TEXT];

	date_format(date_of_moment(us), date);
	out[0] = '\0';
	if (date[0])
		snprintf(out, MOMENT_SHORT, "%.5s %02u:%02u", date + 5,
			 second / 3600 % 24, second / 60 % 60);
}

void moment_format(int64_t us, char out[MOMENT_TEXT])
{
	unsigned second = second_of_day(us);
	char date[DATE_TEXT];

	date_format(date_of_moment(us), date);
	out[0] = '\0';
	if (date[0])
		snprintf(out, MOMENT_TEXT, "%sT%02u:%02u:%02u+08:00", date,
			 second / 3600 % 24, second / 60 % 60, second % 60);
}

/* "18:00" or "18:00:30", moving s on; seconds may be left out. */
static bool parse_clock(const char **s, int64_t *us)
{
	int hour, minute, second = 0;

	hour = number(s, 2);
	if (hour < 0 || hour > 23 || !skip(s, ":"))
		return false;
	minute = number(s, 2);
	if (minute < 0 || minute > 59)
		return false;
	if (skip(s, ":"))
		second = number(s, 2);
	if (second < 0 || second > 59)
		return false;
	*us = (hour * 3600 + minute * 60 + second) * SECOND;
	return true;
}

/* "Z", "+08:00" or nothing, which is Beijing; to the end of the text. */
static bool parse_offset(const char *s, int64_t *us)
{
	int sign = *s == '-' ? -1 : 1, hour, minute;

	*us = *s ? 0 : BEIJING;
	if (!*s || strcmp(s, "Z") == 0)
		return true;
	if (!skip(&s, "+") && !skip(&s, "-"))
		return false;
	hour = number(&s, 2);
	if (hour < 0 || hour > 14 || !skip(&s, ":"))
		return false;
	minute = number(&s, 2);
	if (minute < 0 || minute > 59 || *s)
		return false;
	*us = sign * (hour * 3600 + minute * 60) * SECOND;
	return true;
}

bool moment_parse(const char *text, int64_t *us)
{
	char s[64], *clock;
	const char *rest;
	int64_t within, offset;
	int32_t days;

	if (!tidy(text, s, sizeof(s)))
		return false;
	clock = strpbrk(s, "T ");
	if (!clock)
		return false;
	*clock++ = '\0';
	/* Only dates with their year: there is no today here. */
	if (strspn(s, "0123456789") != 4 || !date_parse(s, 0, &days))
		return false;
	rest = clock;
	if (!parse_clock(&rest, &within) || !parse_offset(rest, &offset))
		return false;
	*us = days * DAY + within - offset;
	return true;
}
