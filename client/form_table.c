/* The form of a self-assessment as a table for a spreadsheet.  No I/O. */
#include "client/form.h"

#include "common/csv.h"
#include "common/text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LOOKED_AT 2000 /* bytes in which a table shows that it is one */

static const struct {
	const char *zh, *en;
} titles[FORM_COLUMNS] = {
	[FORM_CODE] = { "编号", "code" },
	[FORM_GROUP] = { "标准", "standard" },
	[FORM_TEXT] = { "条目", "item" },
	[FORM_JUDGEMENT] = { "判断", "judgement" },
	[FORM_NARRATIVE] = { "说明", "narrative" },
};

/* What stands above the titles, each with its value in the next cell. */
#define META_FORM "自评表"
#define META_REVISION "修订号"
#define META_SUM "校验码"

/* ---- the checksum ----------------------------------------------------------------- */

static int by_code(const void *a, const void *b)
{
	const struct form_item *const *x = a, *const *y = b;

	return strcmp((*x)->code, (*y)->code);
}

static void add_text(EVP_MD_CTX *sha, const char *text)
{
	EVP_DigestUpdate(sha, text, strlen(text) + 1);
}

void form_sum(const struct form *form, char sum[FORM_SUM])
{
	const struct form_item *order[FORM_ITEMS_MAX];
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	size_t i;

	for (i = 0; i < form->n; i++)
		order[i] = &form->items[i];
	qsort(order, form->n, sizeof(*order), by_code);
	if (sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL)) {
		for (i = 0; i < form->n; i++) {
			add_text(sha, order[i]->code);
			add_text(sha, order[i]->group);
			add_text(sha, order[i]->text);
		}
		EVP_DigestFinal_ex(sha, digest, NULL);
	}
	EVP_MD_CTX_free(sha);
	/* letters alone: a spreadsheet takes 00E12345 for a number */
	for (i = 0; i + 1 < FORM_SUM; i++)
		sum[i] = (char)('A' + (digest[i / 2] >> (i % 2 ? 0 : 4) & 15));
	sum[FORM_SUM - 1] = '\0';
}

/* ---- writing ----------------------------------------------------------------------- */

static void write_row(struct csv_writer *w, const char *const *cells, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		csv_cell(w, cells[i]);
	csv_end_row(w);
}

void form_table_print(struct csv_writer *writer, const struct form *form,
		      const char *help)
{
	char revision[16], sum[FORM_SUM], code[16];
	size_t i;

	form_sum(form, sum);
	snprintf(revision, sizeof(revision), "%d", (int)form->revision);
	csv_mark(writer);
	write_row(writer, (const char *[]){ META_FORM, form->self_id, META_REVISION,
		revision, META_SUM, sum }, 6);
	write_row(writer, &help, 1);
	for (i = 0; i < FORM_COLUMNS; i++)
		csv_cell(writer, titles[i].zh);
	csv_end_row(writer);
	for (i = 0; i < form->n; i++) {
		const struct form_item *item = &form->items[i];

		snprintf(code, sizeof(code), "[%.12s]", item->code);
		write_row(writer, (const char *[]){ code, item->group, item->text,
			form_judgement_word(item->judgement), item->narrative },
			FORM_COLUMNS);
	}
}

/* ---- reading ------------------------------------------------------------------------ */

struct reader {
	struct arena *arena;
	struct form *form;
	struct form_defect *defects;
	size_t max, found;
	int columns[FORM_COLUMNS]; /* -1: not there */
	bool no_memory;
};

static void defect(struct reader *r, size_t row, int column, const char *key,
		   const char *arg)
{
	if (r->found < r->max) {
		struct form_defect *d = &r->defects[r->found];

		*d = (struct form_defect){ .line = (unsigned)row, .key = key };
		d->column = column < 0 || column > 25 ? 0 : (char)('A' + column);
		snprintf(d->arg, sizeof(d->arg), "%.*s",
			 (int)text_fit(arg, sizeof(d->arg) / 2, NULL), arg);
	}
	r->found++;
}

/* Without the spaces around it, wide ones as well; in the arena. */
static char *trimmed(struct reader *r, const char *s)
{
	size_t len;
	char *copy;

	for (;;) {
		if (*s == ' ' || *s == '\t' || *s == '\n')
			s++;
		else if (strncmp(s, "　", 3) == 0)
			s += 3;
		else
			break;
	}
	len = strlen(s);
	for (;;) {
		if (len >= 1 && strchr(" \t\n", s[len - 1]))
			len--;
		else if (len >= 3 && memcmp(s + len - 3, "　", 3) == 0)
			len -= 3;
		else
			break;
	}
	copy = arena_copy(r->arena, s, len);
	r->no_memory = r->no_memory || !copy;
	return copy;
}

/* The cell of a row without spaces around it; "" if there is none.  NULL: no memory. */
static char *cell(struct reader *r, const struct csv_row *row, int column)
{
	return trimmed(r, column >= 0 && (size_t)column < row->n ? row->cells[column] : "");
}

static bool says(const char *text, size_t column)
{
	return strcmp(text, titles[column].zh) == 0 ||
	       strcasecmp(text, titles[column].en) == 0;
}

/* Whether this is the row of titles. */
static bool find_columns(struct reader *r, const struct csv_row *row)
{
	size_t i, k;
	char *text;

	for (k = 0; k < FORM_COLUMNS; k++)
		r->columns[k] = -1;
	for (i = 0; i < row->n && i < 26; i++) {
		text = cell(r, row, (int)i);
		for (k = 0; text && k < FORM_COLUMNS; k++)
			if (r->columns[k] < 0 && says(text, k))
				r->columns[k] = (int)i;
	}
	return r->columns[FORM_CODE] >= 0 && r->columns[FORM_JUDGEMENT] >= 0;
}

static void read_revision(struct reader *r, const struct csv_row *row, int column)
{
	char *text = cell(r, row, column), *end;

	if (!text || !*text)
		return;
	text_fold(text);
	r->form->revision = (int32_t)strtol(text, &end, 10);
	r->form->has_revision = !*end && end - text <= 9 && r->form->revision >= 0;
	if (!r->form->has_revision)
		defect(r, row->row, column, "form.bad_revision", text);
}

/* A row above the titles. */
static void read_meta(struct reader *r, const struct csv_row *row)
{
	size_t i;

	for (i = 0; i + 1 < row->n && i < 25; i++) {
		char *name = cell(r, row, (int)i), *value = cell(r, row, (int)i + 1);

		if (!name || !value)
			return;
		if (strcmp(name, META_REVISION) != 0 && strcmp(name, META_FORM) != 0 &&
		    strcmp(name, META_SUM) != 0)
			continue;
		i++; /* a value is no name, whatever it says */
		if (strcmp(name, META_REVISION) == 0) {
			read_revision(r, row, (int)i);
			continue;
		}
		text_fold(value);
		if (!*value)
			continue;
		if (strcmp(name, META_FORM) == 0) {
			r->form->self_id = value;
			continue;
		}
		r->form->sum = value;
		snprintf(r->form->sum_place, sizeof(r->form->sum_place), "%c%zu",
			 (char)('A' + i), row->row);
	}
}

/* "[2.10]", with the brackets or without; false: no code at all. */
static bool read_code(char *text)
{
	size_t len;

	text_fold(text);
	len = strlen(text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		memmove(text, text + 1, len - 2);
		text[len - 2] = '\0';
	}
	len = strlen(text);
	return len > 0 && len < 8 && strspn(text, "0123456789.") == len;
}

/* 1, 2, 3 as the questions number them, or the words. */
static bool read_judgement(char *text, enum form_judgement *judgement)
{
	char folded[32];

	snprintf(folded, sizeof(folded), "%.31s", text);
	text_fold(folded);
	if (folded[0] >= '1' && folded[0] <= '3' && !folded[1]) {
		*judgement = (enum form_judgement)(folded[0] - '0');
		return true;
	}
	return form_judgement_parse(text, judgement);
}

static void read_item(struct reader *r, const struct csv_row *row)
{
	char *code = cell(r, row, r->columns[FORM_CODE]);
	char *judgement = cell(r, row, r->columns[FORM_JUDGEMENT]);
	char limit[16];
	struct form_item item = {
		.notes = "", .code = code, .line = (unsigned)row->row,
		.group = cell(r, row, r->columns[FORM_GROUP]),
		.text = cell(r, row, r->columns[FORM_TEXT]),
		.narrative = cell(r, row, r->columns[FORM_NARRATIVE]),
	};

	if (r->no_memory)
		return;
	if (!read_code(code)) {
		/* a row somebody added for themselves; but not one with an answer */
		if (*judgement)
			defect(r, row->row, r->columns[FORM_CODE], "form.no_code", code);
		return;
	}
	if (form_find(r->form, code))
		defect(r, row->row, r->columns[FORM_CODE], "form.item_twice", code);
	if (!read_judgement(judgement, &item.judgement))
		defect(r, row->row, r->columns[FORM_JUDGEMENT], "form.bad_judgement",
		       judgement);
	snprintf(limit, sizeof(limit), "%d", FORM_NARRATIVE_MAX);
	if (text_length(item.narrative) > FORM_NARRATIVE_MAX)
		defect(r, row->row, r->columns[FORM_NARRATIVE], "form.too_long", limit);
	if (r->form->n == FORM_ITEMS_MAX)
		defect(r, row->row, r->columns[FORM_CODE], "form.unknown_item", code);
	else
		r->form->items[r->form->n++] = item;
}

static void keep_columns(struct reader *r)
{
	size_t k;

	r->form->table = true;
	for (k = 0; k < FORM_COLUMNS; k++)
		r->form->columns[k] = r->columns[k] < 0 ? 0 : (char)('A' + r->columns[k]);
	if (r->columns[FORM_TEXT] < 0)
		defect(r, 0, -1, "form.no_column", titles[FORM_TEXT].zh);
	if (r->columns[FORM_NARRATIVE] < 0)
		defect(r, 0, -1, "form.no_column", titles[FORM_NARRATIVE].zh);
}

size_t form_table_parse(struct arena *arena, const struct csv *csv, struct form *form,
			struct form_defect *defects, size_t max)
{
	struct reader r = { .arena = arena, .form = form, .defects = defects, .max = max };
	size_t i;

	memset(form, 0, sizeof(*form));
	form->notes = form->tail = "";
	form->items = arena_zero(arena, FORM_ITEMS_MAX, sizeof(*form->items));
	if (!form->items)
		return SIZE_MAX;
	for (i = 0; i < csv->n && !find_columns(&r, &csv->rows[i]); i++)
		read_meta(&r, &csv->rows[i]);
	if (i == csv->n)
		defect(&r, 0, -1, "form.no_titles", "");
	else
		keep_columns(&r);
	for (i++; i < csv->n && !r.no_memory; i++)
		read_item(&r, &csv->rows[i]);
	return r.no_memory ? SIZE_MAX : r.found;
}

/* ---- which of the two ----------------------------------------------------------------- */

static bool holds(const char *text, size_t len, const char *what)
{
	return memmem(text, len, what, strlen(what)) != NULL;
}

static bool holds_titles(const char *line, size_t len)
{
	return holds(line, len, ",") &&
	       ((holds(line, len, "编号") && holds(line, len, "判断")) ||
		/* the same in GB18030 */
		(holds(line, len, "\xb1\xe0\xba\xc5") &&
		 holds(line, len, "\xc5\xd0\xb6\xcf")));
}

bool form_is_table(const char *text, size_t len)
{
	const char *end = text + (len < LOOKED_AT ? len : LOOKED_AT), *eol;

	for (; text < end; text = eol + 1) {
		eol = memchr(text, '\n', (size_t)(end - text));
		eol = eol ? eol : end;
		if (holds_titles(text, (size_t)(eol - text)))
			return true;
	}
	return false;
}
