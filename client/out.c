#include "client/out_internal.h"

#include "client/words.h"
#include "common/arena.h"
#include "common/date.h"
#include "common/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define COLUMNS_LEAST 40
#define TEXTS_MAX (64 * 1024 * 1024)

struct pair {
	const char *label, *value;
	bool whole; /* not to be broken */
};

struct out {
	struct out_options options;
	struct arena texts;  /* of out_format and pairs */
	struct pair *pairs;
	size_t n_pairs, room;
	bool begun;          /* something was printed */
	int failure;         /* errno of the first failed write */
};

/* What asks for the width: an option, the terminal, COLUMNS, 80. */
static unsigned find_columns(FILE *results)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	long n;

	if (ioctl(fileno(results), TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col < COLUMNS_LEAST ? COLUMNS_LEAST : size.ws_col;
	n = text ? strtol(text, NULL, 10) : 0;
	return n >= COLUMNS_LEAST && n <= 1000 ? (unsigned)n : COLUMNS_DEFAULT;
}

struct out *out_new(const struct out_options *options)
{
	struct out *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->options = *options;
	if (!out->options.columns)
		out->options.columns = find_columns(options->results);
	arena_init(&out->texts, TEXTS_MAX);
	return out;
}

static void flush(struct out *out)
{
	if (fflush(out->options.results) && !out->failure)
		out->failure = errno;
}

bool out_free(struct out *out)
{
	bool ok;

	if (!out)
		return true;
	flush(out);
	ok = out->failure == 0 || out->failure == EPIPE;
	arena_free(&out->texts);
	free(out->pairs);
	free(out);
	return ok;
}

void out_options_set(struct out *out, const struct out_options *options)
{
	unsigned columns = out->options.columns;

	out->options = *options;
	if (!options->columns)
		out->options.columns = columns;
}

const struct out_options *out_options_of(const struct out *out)
{
	return &out->options;
}

/* ---- results ------------------------------------------------------------------------- */

void out_bytes(struct out *out, const void *data, size_t len)
{
	if (out->failure || len == 0)
		return;
	out->begun = true;
	if (fwrite(data, 1, len, out->options.results) != len)
		out->failure = errno ? errno : EIO;
}

static void put(struct out *out, const char *text, bool lines)
{
	char *printable = text_printable(text, strlen(text), lines);

	if (printable)
		out_bytes(out, printable, strlen(printable));
	else
		out->failure = ENOMEM;
	free(printable);
}

void out_line(struct out *out, const char *text)
{
	put(out, text, false);
	out_bytes(out, "\n", 1);
}

static void __attribute__((format(printf, 2, 0)))
print(struct out *out, const char *format, va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) < 0) {
		out->failure = ENOMEM;
		return;
	}
	put(out, text, true);
	free(text);
}

void out_printf(struct out *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print(out, format, ap);
	va_end(ap);
}

void out_heading(struct out *out, const char *text)
{
	if (out->begun)
		out_bytes(out, "\n", 1);
	out_line(out, text);
}

void out_spaces(struct out *out, size_t n)
{
	static const char spaces[] = "                                ";

	while (n) {
		size_t step = n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1;

		out_bytes(out, spaces, step);
		n -= step;
	}
}

/* ---- filling ------------------------------------------------------------------------- */

/* Chinese lines break anywhere, but not before these. */
static bool no_start(const char *s)
{
	static const char *const marks[] = { "，", "。", "、", "；", "：", "！",
					     "？", "）", "》", "”", "’", "】" };
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(s, marks[i], strlen(marks[i])) == 0)
			return true;
	return *s == ',' || *s == '.' || *s == ')' || *s == ';' || *s == ':';
}

static size_t before(const char *s, size_t at)
{
	do {
		at--;
	} while (at && ((unsigned char)s[at] & 0xc0) == 0x80);
	return at;
}

static bool ascii_word(char c)
{
	return (unsigned char)c > ' ' && (unsigned char)c < 0x7f;
}

/* Where to end a line that holds at most `limit` columns. */
static size_t break_at(const char *s, size_t limit)
{
	size_t fit = text_fit(s, limit, NULL), at;

	if (!s[fit])
		return fit;
	if (!fit)
		return strcspn(s, " "); /* too narrow for one character: all of it */
	at = fit;
	while (at && (no_start(s + at) ||
		      (ascii_word(s[at]) && ascii_word(s[at - 1]))))
		at = before(s, at);
	return at ? at : fit;
}

void out_fill(struct out *out, size_t indent, size_t column, const char *text)
{
	size_t width = out->options.wide ? SIZE_MAX / 2 : out->options.columns;
	char *printable = text_printable(text, strlen(text), true);
	char *line, *p, *save = NULL;
	bool first = true;

	if (!printable) {
		out->failure = ENOMEM;
		return;
	}
	for (line = strtok_r(printable, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		for (p = line; *p;) {
			size_t room = width > indent + 8 ? width - indent : 8;
			size_t n = break_at(p, room);

			if (!first)
				out_bytes(out, "\n", 1);
			out_spaces(out, first ? indent - column : indent);
			out_bytes(out, p, n);
			first = false;
			p += n + strspn(p + n, " ");
		}
	}
	free(printable);
	out_bytes(out, "\n", 1);
}

void out_text(struct out *out, unsigned indent, const char *text)
{
	out_fill(out, indent, 0, text);
}

/* ---- pairs --------------------------------------------------------------------------- */

static void add_pair(struct out *out, const char *label, const char *value, bool whole)
{
	struct pair *pairs;
	size_t room;

	if (!value || !*value)
		return;
	if (out->n_pairs == out->room) {
		room = out->room ? out->room * 2 : 16;
		pairs = realloc(out->pairs, room * sizeof(*pairs));
		if (!pairs) {
			out->failure = ENOMEM;
			return;
		}
		out->pairs = pairs;
		out->room = room;
	}
	out->pairs[out->n_pairs++] = (struct pair){ out_format(out, "%s", label),
		out_format(out, "%s", value), whole };
}

void out_pair(struct out *out, const char *label, const char *value)
{
	add_pair(out, label, value, false);
}

void out_pair_whole(struct out *out, const char *label, const char *value)
{
	add_pair(out, label, value, true);
}

void out_field(struct out *out, const char *field, const char *value)
{
	out_pair(out, word_field(field), value);
}

static void print_pair(struct out *out, const struct pair *pair, size_t widest)
{
	size_t w = text_width(pair->label);

	put(out, pair->label, false);
	if (!pair->whole) {
		out_fill(out, widest + 2, w, pair->value);
		return;
	}
	out_spaces(out, widest + 2 - w);
	out_line(out, pair->value);
}

void out_pairs_end(struct out *out)
{
	size_t i, widest = 0, w;

	for (i = 0; i < out->n_pairs; i++) {
		w = text_width(out->pairs[i].label);
		if (w > widest)
			widest = w;
	}
	for (i = 0; i < out->n_pairs; i++)
		print_pair(out, &out->pairs[i], widest);
	out->n_pairs = 0;
}

/* ---- values -------------------------------------------------------------------------- */

const char *out_format(struct out *out, const char *format, ...)
{
	char *text;
	const char *kept;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0) {
		out->failure = ENOMEM;
		return "";
	}
	kept = arena_copy(&out->texts, text, (size_t)n);
	free(text);
	if (!kept)
		out->failure = ENOMEM;
	return kept ? kept : "";
}

const char *out_date(struct out *out, int32_t days)
{
	char text[DATE_TEXT];

	date_format(days, text);
	return out_format(out, "%s", text);
}

const char *out_moment(struct out *out, int64_t us)
{
	char text[MOMENT_TEXT];

	moment_format(us, text);
	if (strlen(text) < 16)
		return "";
	return out_format(out, "%.10s %.5s", text, text + 11);
}

const char *out_money(struct out *out, int64_t fen)
{
	uint64_t size = fen < 0 ? (uint64_t)0 - (uint64_t)fen : (uint64_t)fen;
	char digits[24], grouped[32];
	size_t n, i, k = 0;

	n = (size_t)snprintf(digits, sizeof(digits), "%llu",
			     (unsigned long long)(size / 100));
	for (i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			grouped[k++] = ',';
		grouped[k++] = digits[i];
	}
	grouped[k] = '\0';
	return out_format(out, "%s%s.%02u", fen < 0 ? "-" : "", grouped,
			  (unsigned)(size % 100));
}

/* ---- words to the person ---------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 0)))
say(struct out *out, const char *before_text, const char *format, va_list ap)
{
	char *text, *printable;

	if (vasprintf(&text, format, ap) < 0)
		return;
	printable = text_printable(text, strlen(text), true);
	if (printable) {
		/* results first: the two may go to one terminal */
		flush(out);
		fprintf(out->options.words, "%s%s\n", before_text, printable);
	}
	free(printable);
	free(text);
}

void out_say(struct out *out, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(out, "", format, ap);
	va_end(ap);
}

void out_hint(struct out *out, const char *format, ...)
{
	va_list ap;

	if (out->options.quiet || out->options.json ||
	    !isatty(fileno(out->options.words)))
		return;
	va_start(ap, format);
	say(out, "→ ", format, ap);
	va_end(ap);
}
