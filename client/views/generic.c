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
 * Rows too wide for 80 columns: what is read of many at once, what may fold last.  The
 * rest is shown of each alone, with --wide and in --json.
 */
static const struct {
	const char *row, *columns[7];
} brief[] = {
	{ "AwardRow", { "award_id", "valid_to_on", "state", "org_name" } },
	{ "HistoryRow", { "happened_on", "kind", "object_id", "doc_no", "text" } },
	{ "FundRow",
	  { "fund_id", "source", "budgeted_fen", "granted_fen", "spent_fen", "state" } },
};

/* The n-th column of such a row, NULL after the last. */
static const ProtobufCFieldDescriptor *column_of(const ProtobufCMessageDescriptor *row,
						 unsigned n, bool wide)
{
	size_t i;

	for (i = 0; !wide && i < sizeof(brief) / sizeof(*brief); i++)
		if (!strcmp(brief[i].row, row->name))
			return brief[i].columns[n] ?
				       protobuf_c_message_descriptor_get_field_by_name(
					       row, brief[i].columns[n]) :
				       NULL;
	return n < row->n_fields ? &row->fields[n] : NULL;
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

static void show_row(struct out *out, struct table *table, const ProtobufCMessage *row,
		     const ProtobufCFieldDescriptor *const *columns, size_t n_columns)
{
	size_t k;

	for (k = 0; k < n_columns; k++) {
		const ProtobufCFieldDescriptor *field = columns[k];

		if (is_count(field) && fields_count(row, field))
			table_number(table, field_integer(field, fields_at(row, field, 0)));
		else
			table_cell(table, value_joined(out, row, field));
	}
}

static void show_list(struct out *out, const void *message,
		      const ProtobufCFieldDescriptor *list)
{
	const ProtobufCMessageDescriptor *type = list->descriptor;
	const ProtobufCFieldDescriptor **columns, *field;
	struct table *table = table_new(out);
	bool wide = out_options_of(out)->wide;
	size_t i, n = fields_count(message, list), n_columns = 0;
	unsigned k;

	columns = calloc(type->n_fields ? type->n_fields : 1, sizeof(*columns));
	for (k = 0; columns && (field = column_of(type, k, wide)); k++) {
		if (!used(message, list, field))
			continue;
		columns[n_columns++] = field;
		table_column(table, field->name);
	}
	for (i = 0; columns && i < n; i++)
		show_row(out, table, element(message, list, i), columns, n_columns);
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
