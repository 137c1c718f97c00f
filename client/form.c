#include "client/form.h"

#include "common/csv.h"
#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INDENT 4 /* columns of a narrative's further lines */
/* Enough bytes to see that a narrative is too long. */
#define NARRATIVE_BYTES (4 * FORM_NARRATIVE_MAX + 8)

static const struct {
	const char *word;
	enum form_judgement judgement;
} judgements[] = {
	/* the first of each is the one that is written */
	{ "", FORM_OPEN },
	{ "达到", FORM_MET },
	{ "已达到", FORM_MET },
	{ "MET", FORM_MET },
	{ "不足", FORM_SHORTFALL },
	{ "尚有不足", FORM_SHORTFALL },
	{ "SHORTFALL", FORM_SHORTFALL },
	{ "不适用", FORM_NOT_APPLICABLE },
	{ "NOT_APPLICABLE", FORM_NOT_APPLICABLE },
};

bool form_judgement_parse(const char *word, enum form_judgement *judgement)
{
	size_t i;

	for (i = 0; i < sizeof(judgements) / sizeof(judgements[0]); i++) {
		if (strcasecmp(word, judgements[i].word) == 0) {
			*judgement = judgements[i].judgement;
			return true;
		}
	}
	return false;
}

const char *form_judgement_word(enum form_judgement judgement)
{
	size_t i;

	for (i = 0; judgements[i].judgement != judgement; i++)
		;
	return judgements[i].word;
}

/* ---- reading ----------------------------------------------------------------- */

/* Where reading stands. */
struct reader {
	struct arena *arena;
	struct form *form;
	struct form_defect *defects;
	size_t max, found;
	unsigned line;
	const char *notes;      /* start of notes not yet given to anything */
	struct form_item *item; /* being read; NULL before the first */
	bool in_narrative;
	char *narrative;        /* the item's, NARRATIVE_BYTES and a NUL */
	size_t used;            /* bytes of it */
	unsigned blank;         /* empty lines inside a narrative, not yet kept */
	bool no_memory;
};

static void defect(struct reader *r, const char *key, const char *arg)
{
	if (r->found < r->max) {
		struct form_defect *d = &r->defects[r->found];

		*d = (struct form_defect){ .line = r->line, .key = key };
		snprintf(d->arg, sizeof(d->arg), "%.*s",
			 (int)text_fit(arg, sizeof(d->arg) / 2, NULL), arg);
	}
	r->found++;
}

static char *keep(struct reader *r, const char *s, size_t len)
{
	char *copy = arena_copy(r->arena, s, len);

	if (!copy)
		r->no_memory = true;
	return copy;
}

static const char *skip_space(const char *s)
{
	for (;;) {
		if (*s == ' ' || *s == '\t')
			s++;
		else if (strncmp(s, "　", 3) == 0)
			s += 3;
		else
			return s;
	}
}

/* Cuts spaces off the end, in place. */
static void cut_end(char *s)
{
	size_t len = strlen(s);

	for (;;) {
		if (len >= 1 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
			len--;
		else if (len >= 3 && memcmp(s + len - 3, "　", 3) == 0)
			len -= 3;
		else
			break;
	}
	s[len] = '\0';
}

/* Past `ascii` or its full-width form; NULL if neither is there. */
static const char *past(const char *s, const char *ascii, const char *wide)
{
	size_t n = strlen(ascii), w = strlen(wide);

	if (strncmp(s, ascii, n) == 0)
		return s + n;
	if (strncmp(s, wide, w) == 0)
		return s + w;
	return NULL;
}

/* The last "=" or "＝" of a line; *after is what follows it. */
static const char *last_equals(const char *s, const char **after)
{
	const char *found = NULL, *next;

	for (; *s; s++) {
		next = past(s, "=", "＝");
		if (next) {
			found = s;
			*after = next;
		}
	}
	return found;
}

const struct form_item *form_find(const struct form *form, const char *code)
{
	size_t i;

	for (i = 0; i < form->n; i++)
		if (strcmp(form->items[i].code, code) == 0)
			return &form->items[i];
	return NULL;
}

static bool is_code(const char *s)
{
	size_t len = strlen(s);

	return len > 0 && len < 8 && strspn(s, "0123456789.") == len;
}

static void read_head(struct reader *r, char *id, const char *after)
{
	char *end, *number;

	cut_end(id);
	text_fold(id);
	r->form->self_id = *id ? id : NULL;
	number = keep(r, skip_space(after), strlen(skip_space(after)));
	if (!number)
		return;
	text_fold(number);
	cut_end(number);
	if (!*number)
		return;
	r->form->revision = (int32_t)strtol(number, &end, 10);
	r->form->has_revision = true;
	if (*end || end - number > 9 || r->form->revision < 0)
		defect(r, "form.not_understood", "");
}

static void add_item(struct reader *r, const char *code, char *text,
		     const char *word, const char *notes)
{
	struct form *form = r->form;
	struct form_item *item;

	if (form_find(form, code)) {
		defect(r, "form.item_twice", code);
		return;
	}
	if (form->n == FORM_ITEMS_MAX) {
		defect(r, "form.not_understood", code);
		return;
	}
	item = &form->items[form->n++];
	cut_end(text);
	*item = (struct form_item){ notes, code, text, "", FORM_OPEN, r->line, "" };
	if (!form_judgement_parse(word, &item->judgement))
		defect(r, "form.bad_judgement", word);
	r->item = item;
}

/* "[code] text = word", with the notes that stand above it. */
static void read_section(struct reader *r, const char *s, const char *notes)
{
	const char *close, *after, *equals;
	char *code, *text, *word;

	for (close = s; *close && !past(close, "]", "］"); close++)
		;
	equals = *close ? last_equals(close, &after) : NULL;
	if (!equals) {
		defect(r, "form.not_understood", "");
		return;
	}
	code = keep(r, s, (size_t)(close - s));
	close = skip_space(past(close, "]", "］"));
	text = keep(r, close, close < equals ? (size_t)(equals - close) : 0);
	after = skip_space(after);
	word = keep(r, after, strlen(after));
	if (!code || !text || !word)
		return;
	text_fold(code);
	cut_end(word);
	r->in_narrative = false;
	if (strcmp(code, "自评") == 0 && !r->item && !r->form->self_id) {
		r->form->notes = notes;
		read_head(r, text, after);
	} else if (is_code(code)) {
		add_item(r, code, text, word, notes);
	} else {
		defect(r, "form.not_understood", "");
	}
}

/* Adds as much as there is room for, in whole characters. */
static void add_text(struct reader *r, const char *s, size_t len)
{
	size_t room = NARRATIVE_BYTES - r->used;

	if (len > room) {
		for (len = room; len > 0 && (s[len] & 0xc0) == 0x80; len--)
			;
	}
	memcpy(r->narrative + r->used, s, len);
	r->used += len;
	r->narrative[r->used] = '\0';
}

/* Adds a line to the narrative of the item being read. */
static void add_line(struct reader *r, const char *s)
{
	unsigned breaks = r->blank + (r->used > 0 || r->blank > 0);

	for (; breaks > 0 && r->used < NARRATIVE_BYTES; breaks--)
		add_text(r, "\n", 1);
	add_text(r, s, strlen(s));
	r->blank = 0;
}

/* Past "说明:"; NULL if the line does not begin so. */
static const char *past_label(const char *s)
{
	const char *label = past(s, "说明", "narrative");

	return label ? past(skip_space(label), ":", "：") : NULL;
}

/* "说明: text" */
static void read_narrative(struct reader *r, const char *s)
{
	const char *text = past_label(s);

	if (!text || !r->item) {
		defect(r, text ? "form.no_item" : "form.not_understood", "");
		return;
	}
	if (*r->item->narrative) {
		defect(r, "form.narrative_twice", r->item->code);
		return;
	}
	r->narrative = arena_zero(r->arena, 1, NARRATIVE_BYTES + 1);
	r->no_memory = !r->narrative;
	if (r->no_memory)
		return;
	r->in_narrative = true;
	r->used = r->blank = 0;
	r->item->narrative = r->narrative;
	if (*text == ' ')
		text++;
	if (*text)
		add_line(r, text);
}

/* A line of a narrative without its indent. */
static const char *unindent(const char *s)
{
	int i;

	if (*s == '\t')
		return s + 1;
	for (i = 0; i < INDENT && *s == ' '; i++)
		s++;
	return strncmp(s, "　　", 6) == 0 && i == 0 ? s + 6 : s;
}

static void start_notes(struct reader *r, const char *start)
{
	if (!r->notes)
		r->notes = start;
}

/* Whether an indented line goes on with the narrative above it. */
static bool goes_on(const struct reader *r, const char *s, const char *body)
{
	return r->in_narrative && body > s &&
	       !(body - s < INDENT && *s != '\t' && past_label(body));
}

/* One line without its end.  `start` is where it begins in the whole text. */
static void read_line(struct reader *r, const char *s, const char *start)
{
	const char *body = skip_space(s), *section;

	if (!*body) {
		r->blank += r->in_narrative;
		start_notes(r, start);
		return;
	}
	if (goes_on(r, s, body)) {
		add_line(r, unindent(s));
	} else if (past(body, "#", "＃")) {
		r->in_narrative = false;
		start_notes(r, start);
		return;
	} else if ((section = past(body, "[", "［"))) {
		const char *notes = r->notes ? r->notes : start;

		notes = keep(r, notes, (size_t)(start - notes));
		read_section(r, section, notes ? notes : "");
	} else {
		read_narrative(r, body);
	}
	r->notes = NULL;
}

static void check_items(struct reader *r)
{
	char limit[16];
	size_t i;

	snprintf(limit, sizeof(limit), "%d", FORM_NARRATIVE_MAX);
	for (i = 0; i < r->form->n; i++) {
		r->line = r->form->items[i].line;
		if (text_length(r->form->items[i].narrative) > FORM_NARRATIVE_MAX)
			defect(r, "form.too_long", limit);
	}
}

/* The text without carriage returns and byte order mark. */
static char *plain_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy, *to;
	size_t i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	to = copy = arena_alloc(arena, len + 1);
	if (!copy)
		return NULL;
	for (; i < len; i++)
		if (text[i] != '\r')
			*to++ = text[i];
	*to = '\0';
	return copy;
}

size_t form_parse(struct arena *arena, const char *text, size_t len,
		  struct form *form, struct form_defect *defects, size_t max)
{
	struct reader r = { .arena = arena, .form = form, .defects = defects,
			    .max = max, .line = 1 };
	const char *whole, *bad;
	char *line, *end;
	size_t at;

	memset(form, 0, sizeof(*form));
	form->notes = form->tail = "";
	if (len <= FORM_BYTES_MAX && !text_valid(text, len)) {
		const char *utf8 = csv_from_gb18030(arena, text, len, &at, &bad);

		if (!utf8 && !bad)
			return SIZE_MAX;
		text = utf8 ? utf8 : text;
		len = utf8 ? at : len;
	}
	if (len > FORM_BYTES_MAX || !text_valid(text, len) ||
	    memchr(text, '\0', len)) {
		defect(&r, "form.not_text", "");
		return r.found;
	}
	form->items = arena_zero(arena, FORM_ITEMS_MAX, sizeof(*form->items));
	whole = plain_copy(arena, text, len); /* for the notes */
	line = plain_copy(arena, text, len);  /* cut into lines */
	if (!whole || !line || !form->items)
		return SIZE_MAX;
	for (at = 0; whole[at] && !r.no_memory; r.line++, line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		read_line(&r, line, whole + at);
		at += (size_t)(end - line);
	}
	if (r.notes)
		form->tail = r.notes;
	check_items(&r);
	return r.no_memory ? SIZE_MAX : r.found;
}

/* ---- against the standard ------------------------------------------------------- */

/* A defect of a cell, or of a line of text (column 0). */
static size_t add_defect(struct form_defect *defects, size_t max, size_t found,
			 unsigned line, char column, const char *key, const char *arg)
{
	if (found < max) {
		struct form_defect *d = &defects[found];

		*d = (struct form_defect){ .line = line, .column = column, .key = key };
		snprintf(d->arg, sizeof(d->arg), "%.*s",
			 (int)text_fit(arg, sizeof(d->arg) / 2, NULL), arg);
	}
	return found + 1;
}

/* Whether words were left as they are; none at all is as good in a text. */
static bool kept(const struct form *form, const char *read, const char *given)
{
	return strcmp(read, given) == 0 || (!form->table && !*read);
}

size_t form_compare(const struct form *form, const struct form *standard,
		    struct form_defect *defects, size_t max, size_t found)
{
	size_t i;

	for (i = 0; i < form->n; i++) {
		const struct form_item *item = &form->items[i];
		const struct form_item *given = form_find(standard, item->code);

		if (!given)
			found = add_defect(defects, max, found, item->line,
					   form->columns[FORM_CODE], "form.unknown_item",
					   item->code);
		else if (!kept(form, item->text, given->text))
			found = add_defect(defects, max, found, item->line,
					   form->columns[FORM_TEXT], "form.text_changed",
					   given->text);
		else if (form->table && form->columns[FORM_GROUP] &&
			 strcmp(item->group, given->group) != 0)
			found = add_defect(defects, max, found, item->line,
					   form->columns[FORM_GROUP], "form.text_changed",
					   given->group);
	}
	return found;
}

/* ---- writing ------------------------------------------------------------------- */

/* A text being written: counted first, then put down. */
struct writer {
	char *to; /* NULL while counting */
	size_t len;
};

static void put(struct writer *w, const char *s, size_t len)
{
	if (w->to)
		memcpy(w->to + w->len, s, len);
	w->len += len;
}

static void put_text(struct writer *w, const char *s)
{
	put(w, s, strlen(s));
}

/* Spaces and empty lines around a narrative cannot be read back. */
static const char *narrative_bounds(const char *s, const char **end)
{
	*end = s + strlen(s);
	while (*end > s && strchr(" \t\n", (*end)[-1]))
		(*end)--;
	while (s < *end && *s == '\n')
		s++;
	return s;
}

static void put_narrative(struct writer *w, const char *s)
{
	const char *end, *eol;
	bool first = true;

	for (s = narrative_bounds(s, &end); s < end; s = eol < end ? eol + 1 : end) {
		eol = memchr(s, '\n', (size_t)(end - s));
		if (!eol)
			eol = end;
		if (first)
			put_text(w, "  说明: ");
		else if (eol > s)
			put_text(w, "    ");
		put(w, s, (size_t)(eol - s));
		put_text(w, "\n");
		first = false;
	}
}

static void put_form(struct writer *w, const struct form *form)
{
	char number[16];
	size_t i;

	w->len = 0;
	put_text(w, form->notes);
	if (form->self_id) {
		snprintf(number, sizeof(number), "%d", (int)form->revision);
		put_text(w, "[自评] ");
		put_text(w, form->self_id);
		put_text(w, " = ");
		put_text(w, form->has_revision ? number : "");
		put_text(w, "\n");
	}
	for (i = 0; i < form->n; i++) {
		const struct form_item *item = &form->items[i];

		put_text(w, item->notes);
		put_text(w, "[");
		put_text(w, item->code);
		put_text(w, "] ");
		put_text(w, item->text);
		put_text(w, *item->text ? " = " : "= ");
		put_text(w, form_judgement_word(item->judgement));
		put_text(w, "\n");
		put_narrative(w, item->narrative);
	}
	put_text(w, form->tail);
}

char *form_print(struct arena *arena, const struct form *form)
{
	struct writer w = { NULL, 0 };

	put_form(&w, form);
	w.to = arena_alloc(arena, w.len + 1);
	if (!w.to)
		return NULL;
	put_form(&w, form);
	w.to[w.len] = '\0';
	return w.to;
}
