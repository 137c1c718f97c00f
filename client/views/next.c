/* next: what waits, each row with the exact command. */
#include "client/handlers.h"

#include <string.h>

/* One argument of a row of commands.def, without its marks. */
struct argument {
	const char *name;
	size_t len;
	bool is_option, is_optional;
};

static const char *next_argument(const char *args, struct argument *argument)
{
	const char *end = strchr(args, ',');
	size_t len = end ? (size_t)(end - args) : strlen(args);

	argument->is_option = len > 1 && args[0] == '-';
	argument->is_optional = len && args[len - 1] == '?';
	if (len && args[0] == '@') {
		args++;
		len--;
	}
	while (len && strchr("?+=", args[len - 1]))
		len--;
	argument->name = args;
	argument->len = len;
	return end ? end + 1 : NULL;
}

static bool is_field(const struct argument *argument, const char *field)
{
	return strlen(field) == argument->len &&
		!strncmp(field, argument->name, argument->len);
}

/* "--some-field": how an option is spelled. */
static const char *option(struct out *out, const char *field)
{
	char name[64];
	size_t i;

	for (i = 0; field[i] && i < sizeof(name) - 1; i++)
		name[i] = field[i] == '_' ? '-' : field[i];
	name[i] = '\0';
	return out_format(out, "--%s", name);
}

/* The words before the id are asked for by name; without a place for it among
 * the words the id becomes an option. */
static const char *with_id(struct out *out, const char *line, const char *args,
			   const DutyRow *d)
{
	struct argument a;
	const char *words = "";

	while (args && *args) {
		args = next_argument(args, &a);
		if (a.is_option)
			continue;
		if (is_field(&a, d->field))
			return out_format(out, "%s%s %s", line, words, d->object_id);
		if (a.is_optional)
			continue;
		words = out_format(out, "%s %s", words,
			word_field(out_format(out, "%.*s", (int)a.len, a.name)));
	}
	return out_format(out, "%s%s %s %s", line, words, option(out, d->field),
		d->object_id);
}

static const char *command_line(struct out *out, const DutyRow *d, bool say_office)
{
	const struct command *c = command_of_request(d->request);
	const char *line;

	if (!c)
		return "";
	line = out_format(out, "zhibu %s%s%s", c->noun,
		strcmp(c->verb, "_") ? " " : "",
		strcmp(c->verb, "_") ? c->verb : "");
	if (d->object_id && *d->field)
		line = with_id(out, line, c->args, d);
	return say_office ? out_format(out, "%s --as %s", line, d->office) : line;
}

static const char *due(struct client *client, const NextDutiesReply *r,
		       const DutyRow *d)
{
	struct out *out = client_out(client);
	int32_t days = d->due_on - r->today_on;
	const char *args[] = { d->has_due_on ? out_date(out, d->due_on) : "",
		out_format(out, "%d", days < 0 ? -days : days) };
	const char *key = days < 0 ? "text.due_past" :
		days == 0 ? "text.due_today" : "text.due_in";

	if (!d->has_due_on)
		return word("text.no_due");
	return word_fill(client_arena(client), word(key), 2, args);
}

static bool several_offices(const NextDutiesReply *r)
{
	for (size_t i = 1; i < r->n_duties; i++)
		if (strcmp(r->duties[i]->office, r->duties[0]->office))
			return true;
	return false;
}

int next_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const NextDutiesReply *r = reply->next_duties;
	struct table *table = table_new(out);
	bool say_office = several_offices(r);

	table_column(table, "due_on");
	table_column(table, "duty");
	table_column(table, "org_name");
	table_column(table, "command");
	table_whole(table);
	for (size_t i = 0; i < r->n_duties; i++) {
		const DutyRow *d = r->duties[i];

		table_cell(table, due(client, r, d));
		table_cell(table, word_of("request", d->request));
		table_cell(table, d->org_name);
		table_cell(table, command_line(out, d, say_office));
	}
	table_end(table, "text.nothing_waits");
	return EXIT_DONE;
}
