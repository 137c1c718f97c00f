/*
 * A reply without a view of its own: label and value for what is there, a table
 * for every list.
 */
#include "client/fields.h"
#include "client/handlers.h"
#include "client/out_internal.h"
#include "client/value.h"

#include <stdlib.h>
#include <string.h>

static void show_message(struct out *out, const ProtobufCMessage *message);

static const ProtobufCMessage *element(const void *message,
				       const ProtobufCFieldDescriptor *field, size_t i)
{
	return *(const ProtobufCMessage *const *)fields_at(message, field, i);
}

/*
 * Rows too wide for 80 columns: what is read of many at once.  The rest is shown of
 * each alone, with --wide and in --json.
 */
static const struct {
	const char *row, *columns[8];
} brief[] = {
	{ "AwardRow", { "award_id", "org_name", "effective_from_on", "valid_to_on", "state" } },
	{ "HistoryRow", { "happened_on", "kind", "object_id", "doc_no", "text" } },
	{ "FundRow", { "fund_id", "source", "state", "budgeted_fen", "granted_fen", "spent_fen",
		       "withdrawn_fen" } },
};

static bool in_brief(const ProtobufCMessageDescriptor *row, const char *column)
{
	size_t i, k;

	for (i = 0; i < sizeof(brief) / sizeof(*brief); i++) {
		if (strcmp(brief[i].row, row->name))
			continue;
		for (k = 0; k < 8 && brief[i].columns[k]; k++)
			if (!strcmp(brief[i].columns[k], column))
				return true;
		return false;
	}
	return true;
}

/* A column that no row fills is left out. */
static bool used(const void *message, const ProtobufCFieldDescriptor *list,
		 const ProtobufCFieldDescriptor *column)
{
	size_t i, n = fields_count(message, list);

	for (i = 0; i < n; i++)
		if (fields_count(element(message, list, i), column))
			return true;
	return false;
}

static bool is_count(const ProtobufCFieldDescriptor *field)
{
	return field_kind(field) == FIELD_NUMBER && !field_repeated(field);
}

static void show_row(struct out *out, struct table *table,
		     const ProtobufCMessage *row, const bool *columns)
{
	const ProtobufCMessageDescriptor *type = row->descriptor;
	unsigned k;

	for (k = 0; k < type->n_fields; k++) {
		const ProtobufCFieldDescriptor *field = &type->fields[k];

		if (!columns[k])
			continue;
		if (is_count(field) && fields_count(row, field))
			table_number(table, field_integer(field,
							  fields_at(row, field, 0)));
		else
			table_cell(table, value_joined(out, row, field));
	}
}

static void show_list(struct out *out, const void *message,
		      const ProtobufCFieldDescriptor *list)
{
	const ProtobufCMessageDescriptor *type = list->descriptor;
	bool *columns = calloc(type->n_fields ? type->n_fields : 1, sizeof(*columns));
	struct table *table = table_new(out);
	bool wide = out_options_of(out)->wide;
	size_t i, n = fields_count(message, list);
	unsigned k;

	for (k = 0; columns && k < type->n_fields; k++) {
		columns[k] = used(message, list, &type->fields[k]) &&
			     (wide || in_brief(type, type->fields[k].name));
		if (columns[k])
			table_column(table, type->fields[k].name);
	}
	for (i = 0; columns && i < n; i++)
		show_row(out, table, element(message, list, i), columns);
	table_end(table, "text.none");
	free(columns);
}

static bool is_list(const ProtobufCFieldDescriptor *field)
{
	return field_repeated(field) && field_kind(field) == FIELD_MESSAGE;
}

/* What stands alone first, then what has parts. */
static size_t show_values(struct out *out, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	size_t shown = 0;
	unsigned i;

	for (i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];

		if (field_kind(field) == FIELD_MESSAGE ||
		    !fields_count(message, field))
			continue;
		out_field(out, field->name, value_joined(out, message, field));
		shown++;
	}
	out_pairs_end(out);
	return shown;
}

static void show_part(struct out *out, const ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field, bool heading)
{
	if (heading)
		out_heading(out, word_field(field->name));
	if (is_list(field))
		show_list(out, message, field);
	else
		show_message(out, element(message, field, 0));
}

static void show_message(struct out *out, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	size_t shown = show_values(out, message);
	unsigned i, parts = 0;

	for (i = 0; i < type->n_fields; i++)
		parts += field_kind(&type->fields[i]) == FIELD_MESSAGE;
	for (i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		/* the only list of a reply is shown even when it is empty */
		bool alone = parts == 1 && !shown && is_list(field);

		if (field_kind(field) == FIELD_MESSAGE &&
		    (alone || fields_count(message, field)))
			show_part(out, message, field, !alone);
	}
	if (!shown && !parts)
		out_printf(out, "%s\n", word("text.done"));
}

int generic_view(struct client *client, const Reply *reply)
{
	const ProtobufCFieldDescriptor *member =
		protobuf_c_message_descriptor_get_field(&reply__descriptor,
							reply->body_case);

	if (!member)
		return EXIT_FAILED;
	show_message(client_out(client), element(reply, member, 0));
	return EXIT_DONE;
}
