/*
 * org, people, office, calendar import: read the file, ask the server what it
 * would change (the real function, rolled back), show that, ask, write.
 */
#include "client/import.h"

#include "client/call.h"
#include "client/fields.h"
#include "client/handlers.h"
#include "client/value.h"
#include "common/frame.h"
#include "common/wire.h"

#include <stdlib.h>
#include <string.h>

#define DEFECTS_SHOWN 50
#define NEW_SHOWN 20
#define FRAME_SPARE 1024 /* of a frame: everything around the rows */

/* A run of one import command. */
struct import {
	struct client *client;
	Request *request;
	const char *path;
	struct csv csv;
	struct import_plan plan;
	struct import_defect defects[DEFECTS_SHOWN];
	size_t n_defects;
};

/* What every import's reply says. */
struct answer {
	Difference **differences;
	size_t n;
	int unchanged;
};

static const char *number(struct client *c, size_t n)
{
	return out_format(client_out(c), "%zu", n);
}

static const char *say(struct client *c, const char *key, size_t n,
		       const char *const *args)
{
	return word_fill(client_arena(c), word(key), n, args);
}

/* ---- the file ------------------------------------------------------------------- */

static int tell_unreadable(struct import *i, enum csv_result result)
{
	const char *args[] = { i->path, number(i->client, i->csv.line),
			       number(i->client, i->csv.column) };
	const char *key;

	switch (result) {
	case CSV_ENCODING:
		key = "import_encoding";
		break;
	case CSV_CHARACTER:
		key = "import_character";
		break;
	case CSV_QUOTE:
	case CSV_UNCLOSED:
		key = "import_quote";
		break;
	case CSV_TOO_BIG:
		key = "import_too_big";
		break;
	default:
		key = "memory";
		break;
	}
	return client_fail(i->client, EXIT_DEFECTS, key, 3, args);
}

/* .xlsx and .et are archives, .xls is a compound file: none is a table of text. */
static bool is_workbook(const void *bytes, size_t len)
{
	return len >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 ||
			    memcmp(bytes, "\xd0\xcf\x11\xe0", 4) == 0);
}

static int read_file(struct import *i)
{
	const char *key, *args[] = { i->path };
	enum csv_result result;
	size_t len;
	void *bytes = value_read_file(client_arena(i->client), i->path, CSV_BYTES_MAX,
				      &len, &key);

	if (!bytes)
		return client_fail(i->client, EXIT_FAILED, key, 1, args);
	if (is_workbook(bytes, len))
		return client_fail(i->client, EXIT_DEFECTS, "import_workbook", 1, args);
	result = csv_parse(&i->csv, bytes, len);
	if (result != CSV_OK)
		return tell_unreadable(i, result);
	if (i->csv.n < 2)
		return client_fail(i->client, EXIT_DEFECTS, "import_empty", 1, args);
	return EXIT_DONE;
}

/* The heading a person would look for. */
static const char *heading(const struct import *i, const char *field)
{
	const char *name = out_format(client_out(i->client), "column.%s.%s",
				      i->plan.request, field);

	if (word_find(name))
		return word(name);
	name = out_format(client_out(i->client), "column.%s", field);
	return word_find(name) ? word(name) : word_field(field);
}

static void tell_read(struct import *i)
{
	const char *args[] = { i->path, number(i->client, i->csv.n - 1),
			       i->csv.gb18030 ? "GB18030" : "UTF-8" };
	size_t k;

	out_say(client_out(i->client), "%s", say(i->client, "text.import_read", 3, args));
	for (k = 0; k < i->plan.n; k++) {
		const char *unused = i->csv.rows[0].cells[k];

		if (!i->plan.columns[k] && *unused)
			out_say(client_out(i->client), "%s",
				say(i->client, "text.import_ignored", 1, &unused));
	}
}

static int tell_defects(struct import *i)
{
	const char *args[] = { i->path, number(i->client, i->n_defects) };
	size_t k;

	for (k = 0; k < i->n_defects && k < DEFECTS_SHOWN; k++) {
		const struct import_defect *d = &i->defects[k];
		const char *cell[] = { heading(i, d->field), d->value };
		const char *defect[] = { number(i->client, d->line),
			word_put(client_arena(i->client), word(d->key), 2, cell) };

		out_say(client_out(i->client), "%s",
			word_put(client_arena(i->client), word("text.import_line"), 2,
				 defect));
	}
	return client_fail(i->client, EXIT_DEFECTS, "import_cells", 2, args);
}

/* The request's repeated field of rows. */
static int fill_rows(struct import *i, ProtobufCMessage *body,
		     const ProtobufCFieldDescriptor *rows)
{
	struct arena *arena = client_arena(i->client);
	size_t k;

	for (k = 1; k < i->csv.n; k++) {
		void **slot = fields_add(arena, body, rows);

		if (!slot)
			break;
		*slot = import_row(&i->plan, &i->csv.rows[k], arena, i->defects,
				   DEFECTS_SHOWN, &i->n_defects);
		if (!*slot)
			break;
	}
	if (k < i->csv.n)
		return client_fail(i->client, EXIT_FAILED, "memory", 0, NULL);
	return i->n_defects ? tell_defects(i) : EXIT_DONE;
}

/* A server takes no more in one request. */
static bool fits(const ProtobufCMessage *body)
{
	size_t len = protobuf_c_message_get_packed_size(body);
	uint8_t *bytes = len < FRAME_LIMIT - FRAME_SPARE ? malloc(len + 1) : NULL;
	bool ok = bytes != NULL;

	if (ok) {
		protobuf_c_message_pack(body, bytes);
		ok = wire_check(body->descriptor, bytes, len, &wire_limits, NULL) !=
			WIRE_BAD_MESSAGE;
	}
	free(bytes);
	return ok;
}

static int fill(struct import *i)
{
	int code;

	ProtobufCMessage *body = request_body(i->request);
	const ProtobufCFieldDescriptor *rows =
		protobuf_c_message_descriptor_get_field_by_name(body->descriptor, "rows");
	const char *args[] = { i->path, "" };

	if (!import_plan(&i->plan, client_command(i->client)->request,
			 rows->descriptor, &i->csv)) {
		args[1] = heading(i, i->plan.missing->name);
		return client_fail(i->client, EXIT_DEFECTS, "import_column", 2, args);
	}
	tell_read(i);
	code = fill_rows(i, body, rows);
	if (!code && !fits(body))
		code = client_fail(i->client, EXIT_DEFECTS, "import_too_big", 1, args);
	return code;
}

/* ---- the differences --------------------------------------------------------------- */

static struct answer answer_of(const Reply *reply)
{
	switch (reply->body_case) {
	case REPLY__BODY_IMPORT_ORGS:
		return (struct answer){ reply->import_orgs->differences,
			reply->import_orgs->n_differences, reply->import_orgs->unchanged };
	case REPLY__BODY_IMPORT_PEOPLE:
		return (struct answer){ reply->import_people->differences,
			reply->import_people->n_differences,
			reply->import_people->unchanged };
	case REPLY__BODY_IMPORT_OFFICES:
		return (struct answer){ reply->import_offices->differences,
			reply->import_offices->n_differences,
			reply->import_offices->unchanged };
	case REPLY__BODY_IMPORT_HOLIDAYS:
		return (struct answer){ reply->import_holidays->differences,
			reply->import_holidays->n_differences,
			reply->import_holidays->unchanged };
	default:
		return (struct answer){ 0 };
	}
}

static size_t count(const struct answer *a, const char *change)
{
	size_t i, n = 0;

	for (i = 0; i < a->n; i++)
		n += strcmp(a->differences[i]->change, change) == 0;
	return n;
}

/* What would be written; a file may also hold less than the college has. */
static size_t to_write(const struct answer *a)
{
	return a->n - count(a, "MISSING");
}

static const char *value_word(const Difference *d, const char *value)
{
	return value && d->field ? word_value(d->field, value) : value;
}

static void add_row(struct client *c, struct table *table, const Difference *d)
{
	table_cell(table, d->has_line ? number(c, (size_t)d->line) : NULL);
	table_cell(table, word_value("change", d->change));
	table_cell(table, d->field ? word_field(d->field) : NULL);
	table_cell(table, value_word(d, d->old_value));
	table_cell(table, value_word(d, d->new_value));
	table_cell(table, d->subject && strchr(d->subject, '@') ?
		say(c, "%1", 1, (const char *const *)&d->subject) : d->subject);
}

static void tell_sum(struct client *c, const struct answer *a)
{
	const char *args[] = { number(c, count(a, "NEW")), number(c, count(a, "CHANGED")),
		number(c, count(a, "REMOVED")), number(c, count(a, "MISSING")),
		number(c, (size_t)a->unchanged) };

	out_printf(client_out(c), "%s\n", say(c, "text.import_sum", 5, args));
	if (count(a, "MISSING"))
		out_say(client_out(c), "%s", word("text.import_missing"));
}

/* All of it, but of many new rows the first ones only. */
static int differences_view(struct client *client, const Reply *reply)
{
	static const char *const columns[] = { "line", "change", "field", "old_value",
					       "new_value", "subject" };
	struct answer a = answer_of(reply);
	struct table *table = table_new(client_out(client));
	size_t i, fresh = 0;

	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		table_column(table, columns[i]);
	for (i = 0; i < a.n; i++) {
		if (strcmp(a.differences[i]->change, "NEW") == 0 && ++fresh > NEW_SHOWN)
			continue;
		add_row(client, table, a.differences[i]);
	}
	table_end(table, "text.import_nothing");
	if (fresh > NEW_SHOWN) {
		const char *more = number(client, fresh - NEW_SHOWN);

		out_say(client_out(client), "%s",
			say(client, "text.import_more", 1, &more));
	}
	tell_sum(client, &a);
	return EXIT_DONE;
}

/* ---- ask, then write -------------------------------------------------------------------- */

static int write_it(struct import *i)
{
	Reply *reply;
	int code;

	i->request->has_dry_run = 0;
	i->request->dry_run = 0;
	i->request->has_key = 0;
	code = call_request(i->client, i->request, &reply);
	if (code != EXIT_DONE)
		return code;
	if (client_json(i->client))
		code = client_show(i->client, reply, NULL);
	else
		out_printf(client_out(i->client), "%s\n", word("text.import_done"));
	call_free(reply);
	return code;
}

/* *write: there is something, and it is not a dry run. */
static int report(struct import *i, bool *write)
{
	struct answer a;
	Reply *reply;
	int code;

	i->request->has_dry_run = 1;
	i->request->dry_run = 1;
	code = call_request(i->client, i->request, &reply);
	if (code != EXIT_DONE)
		return code;
	a = answer_of(reply);
	*write = to_write(&a) > 0 && !client_dry_run(i->client);
	if (!client_json(i->client) || !*write)
		code = client_show(i->client, reply, differences_view);
	call_free(reply);
	return code;
}

static int run(struct import *i)
{
	bool write = false;
	int code = read_file(i);

	if (code == EXIT_DONE)
		code = fill(i);
	if (code == EXIT_DONE)
		code = report(i, &write);
	if (code != EXIT_DONE || !write)
		return code;
	code = client_confirm(i->client, CONFIRM_YES, i->path,
			      word("text.import_write"));
	return code == EXIT_DONE ? write_it(i) : code;
}

int import_run(struct client *client, struct args *args)
{
	struct import i = { .client = client, .path = args_get(args, "path") };
	int code;

	i.request = args_request(client, args);
	if (!i.request)
		return EXIT_USAGE;
	code = run(&i);
	csv_free(&i.csv);
	return code;
}
