/* From headings and cells to row messages; no I/O. */
#include "client/import.h"

#include "client/fields.h"
#include "client/value.h"
#include "client/words.h"
#include "common/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- headings -------------------------------------------------------------------- */

static bool says(const char *key, const char *heading)
{
	const struct word *word = word_both(key);

	return word && (strcmp(word->zh, heading) == 0 ||
			strcasecmp(word->en, heading) == 0);
}

/* column.<request>.<field> where a heading means another thing elsewhere. */
static bool heads(const char *request, const char *field, const char *heading)
{
	char key[160];

	snprintf(key, sizeof(key), "column.%s.%s", request, field);
	if (says(key, heading))
		return true;
	snprintf(key, sizeof(key), "column.%s", field);
	if (says(key, heading))
		return true;
	snprintf(key, sizeof(key), "field.%s", field);
	return says(key, heading) || strcmp(field, heading) == 0;
}

static const ProtobufCFieldDescriptor *
column_of(const struct import_plan *plan, const char *heading)
{
	unsigned i;

	for (i = 0; i < plan->row->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &plan->row->fields[i];

		if (strcmp(field->name, "line") != 0 &&
		    heads(plan->request, field->name, heading))
			return field;
	}
	return NULL;
}

/* Without these a table cannot be what it is taken for. */
static bool needed(const char *field)
{
	static const char *const names[] = { "member_no", "name", "org_id", "role",
					     "day_on", "working" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], field) == 0)
			return true;
	return false;
}

static bool has_column(const struct import_plan *plan,
		       const ProtobufCFieldDescriptor *field)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->columns[i] == field)
			return true;
	return false;
}

bool import_plan(struct import_plan *plan, const char *request,
		 const ProtobufCMessageDescriptor *row, const struct csv *csv)
{
	size_t i;

	*plan = (struct import_plan){ .row = row, .request = request };
	plan->n = csv->n ? csv->rows[0].n : 0;
	for (i = 0; i < plan->n; i++)
		plan->columns[i] = column_of(plan, csv->rows[0].cells[i]);
	for (i = 0; i < row->n_fields; i++) {
		if (needed(row->fields[i].name) && !has_column(plan, &row->fields[i])) {
			plan->missing = &row->fields[i];
			return false;
		}
	}
	return true;
}

/* ---- cells ------------------------------------------------------------------------- */

static bool is_space(const char *s, size_t *len)
{
	*len = *s == ' ' || *s == '\t' ? 1 : strncmp(s, "　", 3) == 0 ? 3 : 0;
	return *len > 0;
}

/* Spreadsheets leave spaces, the wide one as well, around what was typed. */
static const char *trimmed(struct arena *arena, const char *cell)
{
	size_t len, skip;

	while (is_space(cell, &skip))
		cell += skip;
	len = strlen(cell);
	for (;;) {
		if (len >= 1 && is_space(cell + len - 1, &skip) && skip == 1)
			len--;
		else if (len >= 3 && strncmp(cell + len - 3, "　", 3) == 0)
			len -= 3;
		else
			return arena_copy(arena, cell, len);
	}
}

/* The code behind a word: 党总支书记 is general_branch_secretary. */
static const char *code_of(const char *prefix, const char *text)
{
	size_t n, i, len = strlen(prefix);
	const struct word *all = words_all(&n);

	for (i = 0; i < n; i++)
		if (strncmp(all[i].key, prefix, len) == 0 &&
		    (strcmp(all[i].zh, text) == 0 || strcasecmp(all[i].en, text) == 0))
			return all[i].key + len;
	return text;
}

static const char *coded(const char *field, const char *text)
{
	char prefix[80];

	if (strcmp(field, "role") == 0)
		return code_of("role.", text);
	snprintf(prefix, sizeof(prefix), "value.%s.", field);
	return code_of(prefix, text);
}

void *import_row(const struct import_plan *plan, const struct csv_row *cells,
		 struct arena *arena, struct import_defect *defects, size_t room,
		 size_t *n)
{
	void *message = fields_new(arena, plan->row), *slot;
	const ProtobufCFieldDescriptor *line =
		protobuf_c_message_descriptor_get_field_by_name(plan->row, "line");
	struct value_trouble trouble;
	size_t i;

	if (!message || !(slot = fields_add(arena, message, line)) ||
	    !field_set_integer(line, slot, (int64_t)cells->line))
		return NULL;
	for (i = 0; i < cells->n && i < plan->n; i++) {
		const ProtobufCFieldDescriptor *field = plan->columns[i];
		const char *text = field ? trimmed(arena, cells->cells[i]) : "";

		if (!text)
			return NULL;
		if (!*text)
			continue;
		slot = fields_add(arena, message, field);
		if (!slot)
			return NULL;
		if (value_parse(arena, field, coded(field->name, text), slot, &trouble))
			continue;
		if (*n < room)
			defects[*n] = (struct import_defect){ cells->line, field->name,
							      trouble.key, text };
		++*n;
	}
	return message;
}
