#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKS_MAX 8 /* on one base; more is an attack on the screen */

struct range {
	uint32_t first, last;
};

#include "common/widths.h"

/* Length of the sequence a first byte begins, 0 if it cannot. */
static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF)
		return 3;
	return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t text_decode(const char *s, size_t len, uint32_t *cp)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t i, n = len ? sequence_length(p[0]) : 0;
	uint32_t value;

	if (n == 0 || n > len)
		return 0;
	value = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3F);
	}
	if (value < smallest[n] || value > 0x10FFFF ||
	    (value >= 0xD800 && value <= 0xDFFF))
		return 0;
	*cp = value;
	return n;
}

size_t text_encode(uint32_t cp, char out[4])
{
	static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	size_t i, n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	for (i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (cp & 0x3F));
		cp >>= 6;
	}
	out[0] = (char)(lead[n] | cp);
	return n;
}

bool text_valid(const char *s, size_t len)
{
	uint32_t cp;
	size_t n;

	for (; len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		if (n == 0)
			return false;
	}
	return true;
}

size_t text_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F);
}

static bool is_noncharacter(uint32_t cp)
{
	return (cp & 0xFFFE) == 0xFFFE || (cp >= 0xFDD0 && cp <= 0xFDEF);
}

bool text_allowed(uint32_t cp)
{
	if (cp == '\n' || cp == '\t')
		return true;
	if (is_control(cp) || is_noncharacter(cp))
		return false;
	if ((cp >= 0xD800 && cp <= 0xDFFF) || cp > 0x10FFFF)
		return false;
	if ((cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2066 && cp <= 0x2069))
		return false; /* turn the direction of what follows */
	if (cp == 0x200B || cp == 0x2060 || cp == 0xFEFF)
		return false; /* make equal-looking words unequal */
	return cp < 0xE0000 || cp > 0xE007F; /* tags: invisible ASCII */
}

static int compare_range(const void *key, const void *item)
{
	uint32_t cp = *(const uint32_t *)key;
	const struct range *range = item;

	return cp < range->first ? -1 : cp > range->last;
}

static bool in_table(uint32_t cp, const struct range *table, size_t n)
{
	return bsearch(&cp, table, n, sizeof(*table), compare_range) != NULL;
}

int text_columns(uint32_t cp)
{
	if (is_control(cp))
		return 0;
	if (cp < 0x80)
		return 1;
	if (in_table(cp, zero, sizeof(zero) / sizeof(zero[0])))
		return 0;
	return in_table(cp, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

/* One step along any bytes: a code point, or one byte that is none. */
static size_t step(const char *s, size_t len, int *columns)
{
	uint32_t cp;
	size_t n = text_decode(s, len, &cp);

	*columns = n ? text_columns(cp) : 1;
	return n ? n : 1;
}

size_t text_width(const char *s)
{
	size_t total;

	text_fit(s, SIZE_MAX, &total);
	return total;
}

size_t text_fit(const char *s, size_t limit, size_t *columns)
{
	size_t len = strlen(s), at = 0, used = 0, n;
	int width;

	for (; at < len; at += n) {
		n = step(s + at, len - at, &width);
		if (used + (size_t)width > limit)
			break;
		used += (size_t)width;
	}
	if (columns)
		*columns = used;
	return at;
}

bool text_must_show(uint32_t cp)
{
	return !text_allowed(cp) || cp == 0x061C || cp == 0x200E ||
	       cp == 0x200F || cp == 0x2028 || cp == 0x2029 ||
	       (cp >= 0x206A && cp <= 0x206F);
}

static size_t show(uint32_t cp, char *out)
{
	if (cp < 0x20 || cp == 0x7F) {
		out[0] = '^';
		out[1] = (char)(cp ^ 0x40);
		return 2;
	}
	return (size_t)sprintf(out, "\\u{%X}", (unsigned)cp);
}

/* Writes one code point as it may be seen; `marks` counts those on the base. */
static size_t print_one(uint32_t cp, bool lines, size_t *marks, char *out)
{
	if (text_must_show(cp) || (!lines && (cp == '\n' || cp == '\t'))) {
		*marks = 0;
		return show(cp, out);
	}
	*marks = text_columns(cp) == 0 && cp >= 0x80 ? *marks + 1 : 0;
	if (*marks <= MARKS_MAX)
		return text_encode(cp, out);
	return *marks == MARKS_MAX + 1 ? text_encode(0xFFFD, out) : 0;
}

char *text_printable(const char *s, size_t len, bool lines)
{
	char *text, *out;
	size_t n, marks = 0;
	uint32_t cp;

	/* Four for one at most (\xNN), and sprintf's NUL. */
	text = len < SIZE_MAX / 8 ? malloc(len * 4 + 16) : NULL;
	for (out = text; text && len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		if (n) {
			out += print_one(cp, lines, &marks, out);
			continue;
		}
		n = 1;
		marks = 0;
		out += sprintf(out, "\\x%02X", (unsigned)(unsigned char)*s);
	}
	if (text)
		*out = '\0';
	return text;
}

static uint32_t fold(uint32_t cp)
{
	if (cp >= 0xFF01 && cp <= 0xFF5E)
		return cp - 0xFEE0;
	return cp == 0x3000 ? ' ' : cp;
}

void text_fold(char *s)
{
	size_t len = strlen(s), n;
	char *out = s;
	uint32_t cp;

	for (; len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		if (n)
			out += text_encode(fold(cp), out);
		else
			*out++ = *s;
		n = n ? n : 1;
	}
	*out = '\0';
}

static const char digits[] = "0123456789abcdef";

void text_hex(const uint8_t *bytes, size_t n, char *out)
{
	for (; n; n--, bytes++) {
		*out++ = digits[*bytes >> 4];
		*out++ = digits[*bytes & 15];
	}
	*out = '\0';
}

bool text_unhex(const char *text, uint8_t *bytes, size_t n)
{
	if (strspn(text, digits) < 2 * n)
		return false;
	for (; n; n--, text += 2)
		*bytes++ = (uint8_t)((strchr(digits, text[0]) - digits) << 4 |
				     (strchr(digits, text[1]) - digits));
	return true;
}
