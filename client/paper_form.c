#include "client/paper_form.h"

#include "client/fields.h"
#include "client/value.h"
#include "common/date.h"
#include "envelope.pb-c.h"

#include <stdlib.h>
#include <string.h>

enum directive {
	NAME, REQUEST_LINE, ACROSS, PARAGRAPH, DOCUMENT, ONCE, TABLE, HEAD, ROW, EACH,
	IF, UNLESS, END, PAGE,
};

/* One line; `text` is what follows the word. */
struct paper_form_line {
	unsigned number;
	enum directive directive;
	enum paper_kind kind;  /* of PARAGRAPH and ONCE */
	const char *text;
	unsigned end;          /* the line of the block's end */
};

static const struct {
	const char *word;
	enum directive directive;
	enum paper_kind kind;
} words[] = {
	{ "name", NAME, 0 },
	{ "request", REQUEST_LINE, 0 },
	{ "across", ACROSS, 0 },
	{ "title", PARAGRAPH, PAPER_TITLE },
	{ "centre", PARAGRAPH, PAPER_CENTRE },
	{ "heading", PARAGRAPH, PAPER_HEADING },
	{ "subheading", PARAGRAPH, PAPER_SUBHEADING },
	{ "body", PARAGRAPH, PAPER_BODY },
	{ "plain", PARAGRAPH, PAPER_PLAIN },
	{ "sign", PARAGRAPH, PAPER_SIGN },
	{ "note", PARAGRAPH, PAPER_NOTE },
	{ "document", DOCUMENT, 0 },
	{ "once", ONCE, 0 },
	{ "table", TABLE, 0 },
	{ "head", HEAD, PAPER_HEAD },
	{ "row", ROW, PAPER_ROW },
	{ "each", EACH, 0 },
	{ "if", IF, 0 },
	{ "unless", UNLESS, 0 },
	{ "end", END, 0 },
	{ "page", PAGE, 0 },
};

/* ---- names -------------------------------------------------------------------- */

/* A field that a name means, and the message it is in. */
struct found {
	const ProtobufCMessage *message; /* NULL: empty */
	const ProtobufCFieldDescriptor *field;
};

/* Where a name is looked for: the element of the innermost `each`, then those
 * around it, then the replies from the last to the first. */
struct scope {
	const ProtobufCMessageDescriptor *type; /* NULL: `each` over plain values */
	const ProtobufCMessage *message; /* NULL: nothing known, every value empty */
	struct found values;             /* of plain values: the list, {value} its n-th */
	size_t n;                        /* which element; 0: not one of a list */
	const struct scope *outer;
};

static const ProtobufCMessage *part(const ProtobufCMessage *message,
				    const ProtobufCFieldDescriptor *field, size_t i)
{
	return *(const ProtobufCMessage *const *)fields_at(message, field, i);
}

/* A field by name in one message, a.b being b of what stands in a. */
static bool find_in(const struct scope *s, const char *path, struct found *found)
{
	const ProtobufCMessageDescriptor *type = s->type;
	char name[64];

	found->message = s->message;
	for (;;) {
		size_t len = strcspn(path, ".");

		if (len == 0 || len >= sizeof(name))
			return false;
		memcpy(name, path, len);
		name[len] = '\0';
		found->field = protobuf_c_message_descriptor_get_field_by_name(type, name);
		if (!found->field)
			return false;
		if (!path[len])
			return true;
		if (field_kind(found->field) != FIELD_MESSAGE ||
		    field_repeated(found->field))
			return false;
		type = found->field->descriptor;
		if (found->message)
			found->message = fields_count(found->message, found->field) ?
				part(found->message, found->field, 0) : NULL;
		path += len + 1;
	}
}

static bool find(const struct scope *s, const char *path, struct found *found)
{
	for (; s; s = s->outer)
		if (s->type && find_in(s, path, found))
			return true;
	return false;
}

/* The innermost `each` over plain values; NULL: there is none. */
static const struct scope *plain_scope(const struct scope *s)
{
	while (s && s->type)
		s = s->outer;
	return s;
}

static size_t count(const struct found *found)
{
	return found->message ? fields_count(found->message, found->field) : 0;
}

/* ---- texts with {fields} --------------------------------------------------------- */

#define NO_DOC_NO "　　　〔　　〕　　号"

static bool is_known(const char *name)
{
	return !strcmp(name, "n") || !strcmp(name, "today") ||
	       !strcmp(name, "doc_no") || !strcmp(name, "value");
}

static const char *known_text(const struct paper_facts *facts, const struct scope *s,
			      const char *name)
{
	if (!strcmp(name, "today"))
		return facts->today;
	if (!strcmp(name, "doc_no"))
		return facts->doc_no ? facts->doc_no : NO_DOC_NO;
	if (!strcmp(name, "value")) {
		s = plain_scope(s);
		return value_nth(facts->out, s->values.message, s->values.field,
				 s->n - 1);
	}
	for (; s; s = s->outer)
		if (s->n)
			return out_format(facts->out, "%zu", s->n);
	return "";
}

const char *paper_form_day(struct out *out, int32_t days)
{
	int year, month, day;

	date_to_civil(days, &year, &month, &day);
	return out_format(out, "%d年%d月%d日", year, month, day);
}

static const char *value_on_paper(struct out *out, const struct found *found)
{
	if (field_kind(found->field) == FIELD_DATE && !field_repeated(found->field))
		return paper_form_day(out, *(const int32_t *)fields_at(
						   found->message, found->field, 0));
	return value_joined(out, found->message, found->field);
}

/* A number given by hand stands for one the server does not have yet. */
static const char *name_text(const struct paper_facts *facts, const struct scope *s,
			     const char *name)
{
	const char *text = NULL;
	struct found found;

	if (find(s, name, &found) && count(&found))
		text = value_on_paper(facts->out, &found);
	if (!text && is_known(name))
		text = known_text(facts, s, name);
	return text ? text : "";
}

/* Takes the name out of "{name}" at `p`; the length of it all, 0: it is none. */
static size_t name_at(const char *p, char name[64])
{
	size_t len = *p == '{' ? strcspn(p, "}") : 0;

	if (len < 2 || !p[len] || len > 64)
		return 0;
	memcpy(name, p + 1, len - 1);
	name[len - 1] = '\0';
	return len + 1;
}

static const char *expand(struct arena *arena, const struct paper_facts *facts,
			  const struct scope *s, const char *text)
{
	char *made = NULL, *kept, name[64];
	size_t made_len = 0, len;
	FILE *f = open_memstream(&made, &made_len);

	if (!f)
		return NULL;
	for (; *text; text += len ? len : 1) {
		len = name_at(text, name);
		if (len)
			fputs(name_text(facts, s, name), f);
		else
			fputc(*text, f);
	}
	kept = fclose(f) == 0 ? arena_copy(arena, made, made_len) : NULL;
	free(made);
	return kept;
}

/* The replies as scopes, the last innermost; the first at the array's end. */
static const struct scope *scopes_of(const struct paper_facts *facts,
				     struct scope scopes[PAPER_FORM_REQUESTS_MAX])
{
	const struct scope *inner = NULL;

	for (unsigned i = 0; i < facts->n; i++) {
		scopes[i] = (struct scope){ .type = facts->replies[i]->descriptor,
					    .message = facts->replies[i], .outer = inner };
		inner = &scopes[i];
	}
	return inner;
}

const char *paper_form_text(struct arena *arena, const struct paper_facts *facts,
			    const char *text)
{
	struct scope scopes[PAPER_FORM_REQUESTS_MAX];

	return expand(arena, facts, scopes_of(facts, scopes), text);
}

/* ---- filling ---------------------------------------------------------------------- */

struct fill {
	const struct paper_form *form;
	const struct paper_facts *facts;
	struct paper *paper;
	unsigned columns; /* of the table that is open */
	const char *said[PAPER_FORM_LINES_MAX]; /* by `once`, the time before */
};

static bool paragraph(struct fill *fill, enum paper_kind kind, const char *text)
{
	struct paper_line *line = text ? paper_add(fill->paper, kind) : NULL;

	if (!line)
		return false;
	line->n = 1;
	line->cells[0] = text;
	return true;
}

/* What the server wrote whole, to be pasted anywhere as it is, in the layout of an
 * official document (GB/T 9704-2012, 7.3): its blank lines part title, body and
 * signature. */
static bool document(struct fill *fill, const char *text)
{
	struct arena *arena = fill->paper->arena;
	const char *body = text ? strstr(text, "\n\n") : NULL, *sign = NULL;
	size_t title;

	if (!body)
		return paragraph(fill, PAPER_PLAIN, text);
	for (const char *p = body; (p = strstr(p + 1, "\n\n")) != NULL; )
		sign = p;
	if (!sign)
		sign = body + strlen(body);
	title = strcspn(text, "\n");
	if (!paragraph(fill, PAPER_TITLE, arena_copy(arena, text, title)))
		return false;
	text += title;
	if (text < body && !paragraph(fill, PAPER_CENTRE,
			arena_copy(arena, text + 1, (size_t)(body - text) - 1)))
		return false;
	if (body + 2 < sign && !paragraph(fill, PAPER_PLAIN,
			arena_copy(arena, body + 2, (size_t)(sign - body) - 2)))
		return false;
	return !*sign || paragraph(fill, PAPER_SIGN,
				   arena_copy(arena, sign + 2, strlen(sign + 2)));
}

/* The next cell, up to "|", without the spaces around it; *p after it, NULL at the
 * end. */
static char *next_cell(struct arena *arena, const char **p)
{
	const char *from = *p + strspn(*p, " ");
	size_t len = strcspn(from, "|");

	*p = from[len] ? from + len + 1 : NULL;
	while (len && from[len - 1] == ' ')
		len--;
	return arena_copy(arena, from, len);
}

static unsigned cells_of(const char *text)
{
	unsigned n = 1;

	for (; (text = strchr(text, '|')) != NULL; text++)
		n++;
	return n;
}

static bool add_cell(struct paper_line *row, const char *text)
{
	if (!text || row->n == PAPER_COLUMNS)
		return false;
	row->cells[row->n++] = text;
	return true;
}

/* A list of plain values, or "list.field": that field of every element. */
struct column {
	struct found list;
	const ProtobufCFieldDescriptor *inner; /* NULL: the values themselves */
};

static bool find_column(const struct scope *s, const char *path, struct column *column)
{
	const char *dot = strrchr(path, '.');
	char list[64];

	column->inner = NULL;
	if (find(s, path, &column->list))
		return field_repeated(column->list.field) &&
		       field_kind(column->list.field) != FIELD_MESSAGE;
	if (!dot || (size_t)(dot - path) >= sizeof(list))
		return false;
	memcpy(list, path, (size_t)(dot - path));
	list[dot - path] = '\0';
	if (!find(s, list, &column->list) || !field_repeated(column->list.field) ||
	    field_kind(column->list.field) != FIELD_MESSAGE)
		return false;
	column->inner = protobuf_c_message_descriptor_get_field_by_name(
		column->list.field->descriptor, dot + 1);
	return column->inner && field_kind(column->inner) != FIELD_MESSAGE;
}

static const char *column_nth(struct out *out, const struct column *column, size_t i)
{
	const char *text;

	if (!column->inner)
		return value_nth(out, column->list.message, column->list.field, i);
	text = value_joined(out, part(column->list.message, column->list.field, i),
			    column->inner);
	return text ? text : "";
}

/* The values of a list, one a cell, in exactly `room` cells: empty ones follow, and
 * values past the last cell stand in it together. */
static bool spread(struct fill *fill, struct paper_line *row, const struct scope *s,
		   const char *name, unsigned room)
{
	struct out *out = fill->facts->out;
	struct column column;
	size_t n = find_column(s, name, &column) ? count(&column.list) : 0;

	for (unsigned i = 0; i < room; i++)
		if (!add_cell(row, i < n ? column_nth(out, &column, i) : ""))
			return false;
	for (size_t i = room; room && i < n; i++)
		row->cells[row->n - 1] = out_format(out, "%s %s",
						    row->cells[row->n - 1],
						    column_nth(out, &column, i));
	return true;
}

static bool row(struct fill *fill, const struct paper_form_line *line,
		const struct scope *s)
{
	struct arena *arena = fill->paper->arena;
	struct paper_line *made = paper_add(fill->paper, line->kind);
	const char *p = line->text;

	while (made && p) {
		char *cell = next_cell(arena, &p);

		if (!cell)
			return false;
		if (*cell == '*' ? !spread(fill, made, s, cell + 1,
					   fill->columns - cells_of(line->text) + 1)
				 : !add_cell(made, expand(arena, fill->facts, s, cell)))
			return false;
	}
	return made != NULL;
}

static bool once(struct fill *fill, const struct paper_form_line *line,
		 const struct scope *s)
{
	const char **before = &fill->said[line - fill->form->lines];
	const char *text = expand(fill->paper->arena, fill->facts, s, line->text);

	if (text && *before && !strcmp(*before, text))
		return true;
	*before = text;
	return line->kind == PAPER_HEAD || line->kind == PAPER_ROW ?
		       row(fill, line, s) : paragraph(fill, line->kind, text);
}

static unsigned widths(const char *text, unsigned out[PAPER_COLUMNS])
{
	unsigned n = 0;
	char *end;

	for (; n < PAPER_COLUMNS && *text; n++, text = end) {
		unsigned long width = strtoul(text, &end, 10);

		if (end == text || width == 0 || width > 100)
			return 0;
		out[n] = (unsigned)width;
	}
	return *text ? 0 : n;
}

static bool says(const struct found *found, const char *code)
{
	const void *value = fields_at(found->message, found->field, 0);
	const ProtobufCEnumValue *e;

	if (found->field->type == PROTOBUF_C_TYPE_STRING)
		return !strcmp(*(const char *const *)value, code);
	if (found->field->type != PROTOBUF_C_TYPE_ENUM)
		return false;
	e = protobuf_c_enum_descriptor_get_value(found->field->descriptor,
						 *(const int *)value);
	return e && !strcmp(e->name, code);
}

/* There is a value (a yes, where it is yes or no), or it is the one named. */
static bool holds(const struct scope *s, const char *condition)
{
	const char *code = strchr(condition, '=');
	char path[64];
	size_t len = code ? (size_t)(code - condition) : strlen(condition);
	struct found found;

	if (len >= sizeof(path))
		return false;
	memcpy(path, condition, len);
	path[len] = '\0';
	if (!find(s, path, &found) || !count(&found))
		return false;
	if (code)
		return says(&found, code + 1);
	return found.field->type != PROTOBUF_C_TYPE_BOOL ||
	       *(const protobuf_c_boolean *)fields_at(found.message, found.field, 0);
}

static bool run(struct fill *fill, unsigned from, unsigned to, const struct scope *s);

static bool each(struct fill *fill, const struct paper_form_line *line, unsigned from,
		 const struct scope *s)
{
	struct found found;

	if (!find(s, line->text, &found))
		return true;
	for (size_t i = 0; i < count(&found); i++) {
		struct scope inner = { .n = i + 1, .outer = s };

		if (field_kind(found.field) == FIELD_MESSAGE) {
			inner.type = found.field->descriptor;
			inner.message = part(found.message, found.field, i);
		} else {
			inner.values = found;
		}

		if (!run(fill, from, line->end, &inner))
			return false;
	}
	return true;
}

static bool table(struct fill *fill, const struct paper_form_line *line, unsigned from,
		  const struct scope *s)
{
	struct paper_line *made = paper_add(fill->paper, PAPER_TABLE);

	if (!made)
		return false;
	made->n = fill->columns = widths(line->text, made->widths);
	for (unsigned i = 0; i < made->n; i++)
		made->cells[i] = "";
	/* what a table before it said is not said in this one */
	memset(&fill->said[from], 0, (line->end - from) * sizeof(*fill->said));
	return run(fill, from, line->end, s) && paper_add(fill->paper, PAPER_END);
}

static bool block(struct fill *fill, const struct paper_form_line *line, unsigned from,
		  const struct scope *s)
{
	switch (line->directive) {
	case TABLE:
		return table(fill, line, from, s);
	case EACH:
		return each(fill, line, from, s);
	default:
		return holds(s, line->text) != (line->directive == IF) ||
		       run(fill, from, line->end, s);
	}
}

static bool simple(struct fill *fill, const struct paper_form_line *line,
		   const struct scope *s)
{
	switch (line->directive) {
	case PARAGRAPH:
		return paragraph(fill, line->kind,
				 expand(fill->paper->arena, fill->facts, s, line->text));
	case DOCUMENT:
		return document(fill, expand(fill->paper->arena, fill->facts, s,
					     line->text));
	case ONCE:
		return once(fill, line, s);
	case HEAD:
	case ROW:
		return row(fill, line, s);
	case PAGE:
		return paper_add(fill->paper, PAPER_BREAK);
	default:
		return true;
	}
}

/* The lines from..to-1.  It calls itself for what is nested, at most
 * PAPER_FORM_DEPTH_MAX deep. */
static bool run(struct fill *fill, unsigned from, unsigned to, const struct scope *s)
{
	for (unsigned i = from; i < to; i++) {
		const struct paper_form_line *line = &fill->form->lines[i];

		if (line->end) {
			if (!block(fill, line, i + 1, s))
				return false;
			i = line->end;
		} else if (!simple(fill, line, s)) {
			return false;
		}
	}
	return true;
}

bool paper_form_fill(const struct paper_form *form, const struct paper_facts *facts,
		     struct paper *paper)
{
	struct fill *fill = arena_zero(paper->arena, 1, sizeof(*fill));
	struct scope scopes[PAPER_FORM_REQUESTS_MAX];

	if (!fill)
		return false;
	*fill = (struct fill){ .form = form, .facts = facts, .paper = paper };
	paper->name = form->name;
	paper->across = form->across;
	return run(fill, 0, form->n, scopes_of(facts, scopes));
}

/* ---- reading -------------------------------------------------------------------------- */

struct reading {
	struct arena *arena;
	struct paper_form *form;
	struct paper_trouble *trouble;
	/* the blocks that are open, and what is known within them */
	unsigned depth, open[PAPER_FORM_DEPTH_MAX];
	struct scope scopes[PAPER_FORM_REQUESTS_MAX + PAPER_FORM_DEPTH_MAX];
	const struct scope *inner;
	unsigned columns; /* of the table that is open; 0: none */
};

static bool wrong(struct reading *r, const char *key, const char *about)
{
	r->trouble->key = key;
	r->trouble->word = arena_copy(r->arena, about, strlen(about));
	return false;
}

static bool check_text(struct reading *r, const char *text)
{
	struct found found;
	char name[64];
	size_t len;

	for (; *text; text += len ? len : 1) {
		len = name_at(text, name);
		if (!len && *text == '{')
			return wrong(r, "error.print_brace", text);
		if (len && !strcmp(name, "value") && !plain_scope(r->inner))
			return wrong(r, "error.print_no_field", name);
		if (!len || is_known(name))
			continue;
		if (!find(r->inner, name, &found) ||
		    field_kind(found.field) == FIELD_MESSAGE)
			return wrong(r, "error.print_no_field", name);
	}
	return true;
}

/* "*labels": a list, one value a cell, which takes the columns the others leave. */
static bool check_spread(struct reading *r, const char *name)
{
	struct column column;

	return find_column(r->inner, name, &column) ||
	       wrong(r, "error.print_no_list", name);
}

static bool check_row(struct reading *r, const char *text)
{
	unsigned spreads = 0;
	const char *p = text;

	if (!r->columns)
		return wrong(r, "error.print_no_table", text);
	if (cells_of(text) > r->columns)
		return wrong(r, "error.print_cells", text);
	while (p) {
		char *cell = next_cell(r->arena, &p);

		if (!cell)
			return wrong(r, "error.memory", "");
		if (*cell == '*' ? spreads++ || !check_spread(r, cell + 1)
				 : !check_text(r, cell))
			return spreads > 1 ? wrong(r, "error.print_cells", text) : false;
	}
	return true;
}

/* ---- its requests ---- */

static bool read_field(struct reading *r, struct paper_request *request,
		       const ProtobufCMessageDescriptor *type, char *text)
{
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	if (request->n == PAPER_FORM_FIELDS_MAX)
		return wrong(r, "error.print_requests", text);
	request->fields[request->n] =
		protobuf_c_message_descriptor_get_field_by_name(type, text);
	request->values[request->n] = value;
	if (!request->fields[request->n++])
		return wrong(r, "error.print_no_field", text);
	return !value || check_text(r, value);
}

static const ProtobufCMessageDescriptor *reply_type(const struct paper_request *request)
{
	const ProtobufCFieldDescriptor *member =
		protobuf_c_message_descriptor_get_field(&reply__descriptor,
							request->member->id);

	return member ? member->descriptor : NULL;
}

static bool read_request(struct reading *r, char *text)
{
	unsigned i = r->form->n_requests;
	struct paper_request *request = &r->form->requests[i];
	char *save = NULL, *name = strtok_r(text, " ", &save), *field;

	if (i == PAPER_FORM_REQUESTS_MAX || r->depth)
		return wrong(r, "error.print_requests", name ? name : "");
	request->member = !name ? NULL :
		protobuf_c_message_descriptor_get_field_by_name(&request__descriptor,
								name);
	if (!request->member || field_kind(request->member) != FIELD_MESSAGE)
		return wrong(r, "error.print_no_request", name ? name : "");
	while ((field = strtok_r(NULL, " ", &save)) != NULL)
		if (!read_field(r, request, request->member->descriptor, field))
			return false;
	r->scopes[i] = (struct scope){ .type = reply_type(request), .outer = r->inner };
	if (!r->scopes[i].type)
		return wrong(r, "error.print_no_request", name);
	r->inner = &r->scopes[i];
	r->form->n_requests++;
	return true;
}

/* ---- its blocks ---- */

static bool open_block(struct reading *r, struct paper_form_line *line)
{
	struct found found;
	struct scope *scope = &r->scopes[PAPER_FORM_REQUESTS_MAX + r->depth];
	unsigned parts[PAPER_COLUMNS];
	char *code;

	if (r->depth == PAPER_FORM_DEPTH_MAX)
		return wrong(r, "error.print_deep", line->text);
	r->open[r->depth++] = (unsigned)(line - r->form->lines);
	switch (line->directive) {
	case TABLE:
		if (r->columns)
			return wrong(r, "error.print_table_in_table", line->text);
		r->columns = widths(line->text, parts);
		return r->columns || wrong(r, "error.print_widths", line->text);
	case EACH:
		if (!find(r->inner, line->text, &found) || !field_repeated(found.field))
			return wrong(r, "error.print_no_list", line->text);
		*scope = (struct scope){ .n = 1, .outer = r->inner };
		if (field_kind(found.field) == FIELD_MESSAGE)
			scope->type = found.field->descriptor;
		r->inner = scope;
		return true;
	default:
		code = arena_copy(r->arena, line->text, strcspn(line->text, "="));
		return (code && find(r->inner, code, &found)) ||
		       wrong(r, "error.print_no_field", line->text);
	}
}

static bool close_block(struct reading *r, struct paper_form_line *line)
{
	struct paper_form_line *begun;

	if (!r->depth)
		return wrong(r, "error.print_end", line->text);
	begun = &r->form->lines[r->open[--r->depth]];
	begun->end = (unsigned)(line - r->form->lines);
	if (begun->directive == EACH)
		r->inner = r->inner->outer;
	if (begun->directive == TABLE)
		r->columns = 0;
	return true;
}

/* ---- its lines ---- */

static bool read_once(struct reading *r, struct paper_form_line *line)
{
	size_t len = strcspn(line->text, " ");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!words[i].kind && words[i].directive != PARAGRAPH)
			continue;
		if (strlen(words[i].word) != len ||
		    strncmp(words[i].word, line->text, len) != 0)
			continue;
		line->kind = words[i].kind;
		line->text += len + (line->text[len] == ' ');
		return words[i].directive == PARAGRAPH ? check_text(r, line->text) :
							 check_row(r, line->text);
	}
	return wrong(r, "error.print_word", line->text);
}

static bool check_line(struct reading *r, struct paper_form_line *line)
{
	switch (line->directive) {
	case NAME:
		r->form->name = line->text;
		return true;
	case REQUEST_LINE:
		return read_request(r, arena_copy(r->arena, line->text,
						  strlen(line->text)));
	case ACROSS:
		r->form->across = true;
		return true;
	case PARAGRAPH:
	case DOCUMENT:
		return check_text(r, line->text);
	case ONCE:
		return read_once(r, line);
	case HEAD:
	case ROW:
		return check_row(r, line->text);
	case TABLE:
	case EACH:
	case IF:
	case UNLESS:
		return open_block(r, line);
	case END:
		return close_block(r, line);
	default:
		return true;
	}
}

static bool read_line(struct reading *r, struct paper_form_line *line, const char *text)
{
	size_t len = strcspn(text, " \t"), i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && !strncmp(words[i].word, text, len))
			break;
	if (i == sizeof(words) / sizeof(words[0]))
		return wrong(r, "error.print_word", text);
	line->directive = words[i].directive;
	line->kind = words[i].kind;
	line->text = text + len + strspn(text + len, " \t");
	return check_line(r, line);
}

/* One line of the text, without indentation and what is blank at its end. */
static char *trimmed(struct arena *arena, const char *text, size_t len)
{
	while (len && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	return arena_copy(arena, text, len);
}

static bool read_lines(struct reading *r, const char *text, size_t len)
{
	struct paper_form *form = r->form;

	for (size_t from = 0, to; from < len; from = to + 1) {
		const char *end = memchr(text + from, '\n', len - from);
		char *line;

		to = end ? (size_t)(end - text) : len;
		r->trouble->line++;
		line = trimmed(r->arena, text + from, to - from);
		if (!line)
			return wrong(r, "error.memory", "");
		if (!*line || *line == '#')
			continue;
		if (form->n == PAPER_FORM_LINES_MAX)
			return wrong(r, "error.print_long", "");
		form->lines[form->n].number = r->trouble->line;
		if (!read_line(r, &form->lines[form->n], line))
			return false;
		form->n++;
	}
	return true;
}

bool paper_form_read(struct arena *arena, const char *text, size_t len,
		     struct paper_form *form, struct paper_trouble *trouble)
{
	struct reading *r = arena_zero(arena, 1, sizeof(*r));

	memset(form, 0, sizeof(*form));
	memset(trouble, 0, sizeof(*trouble));
	trouble->key = "error.memory";
	trouble->word = "";
	form->lines = arena_zero(arena, PAPER_FORM_LINES_MAX, sizeof(*form->lines));
	if (!r || !form->lines)
		return false;
	*r = (struct reading){ .arena = arena, .form = form, .trouble = trouble };
	if (memchr(text, '\0', len))
		return wrong(r, "error.print_word", "");
	if (!read_lines(r, text, len))
		return false;
	if (r->depth)
		return wrong(r, "error.print_open", "");
	if (!form->name || !form->n_requests)
		return wrong(r, "error.print_nameless", "");
	return true;
}
