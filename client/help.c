/*
 * Help, all of it from the tables: the screen without arguments, a noun's verbs,
 * one command like client.md 10, and a few topics that are words.
 */
#include "client/client.h"
#include "client/fields.h"
#include "client/handlers.h"

#include <jansson.h>
#include <string.h>

/* `zhibu help TOPIC`: any of the names finds the text. */
static const struct {
	const char *zh, *en, *key;
} topics[] = {
	{ "术语", "terms", "topic.terms" },
	{ "退出码", "exit-codes", "topic.exit_codes" },
	{ "环境变量", "environment", "topic.environment" },
	{ "表格填报", "forms", "topic.forms" },
	{ "通用选项", "options", "topic.options" },
	{ "保密", "secrecy", "topic.secrecy" },
};

static const char *what_it_does(struct client *client, const struct command *c)
{
	char key[128];

	if (strcmp(c->request, "NONE") != 0 && !c->handler)
		return word_of("request", c->request);
	snprintf(key, sizeof(key), "command.%s.%s", c->noun, c->verb);
	if (word_find(key))
		return word(key);
	(void)client;
	return word_of("request", c->request);
}

static const char *english_name(struct client *client, const struct command *c)
{
	return strcmp(c->verb, "_") == 0 ? c->noun :
		out_format(client_out(client), "%s %s", c->noun, c->verb);
}

static const char *chinese_name(struct client *client, const struct command *c)
{
	return *c->zh_verb ? out_format(client_out(client), "%s %s", c->zh_noun,
		c->zh_verb) : c->zh_noun;
}

/* ---- screens ---------------------------------------------------------------------- */

static void list_row(struct client *client, const struct command *c)
{
	out_pair(client_out(client), out_format(client_out(client), "  %s  %s",
		english_name(client, c), chinese_name(client, c)),
		what_it_does(client, c));
}

int help_bare(struct client *client)
{
	struct out *out = client_out(client);
	const struct command *rows;
	size_t n;

	rows = command_rows(&n);
	out_printf(out, "%s\n", word("text.help_usage"));
	out_heading(out, word("text.help_everyday"));
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].verb, "_") == 0)
			list_row(client, &rows[i]);
	out_pairs_end(out);
	out_heading(out, word("text.help_nouns"));
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].verb, "_") != 0 &&
			(i == 0 || strcmp(rows[i].noun, rows[i - 1].noun) != 0))
			out_pair(out, out_format(out, "  %s  %s", rows[i].noun,
				rows[i].zh_noun), word_of("noun", rows[i].noun));
	out_pairs_end(out);
	out_printf(out, "\n%s\n", word("text.help_what_now"));
	return EXIT_DONE;
}

int help_noun(struct client *client, const char *noun)
{
	const struct command *rows;
	size_t n;

	rows = command_rows(&n);
	out_printf(client_out(client), "%s\n", word_of("noun", noun));
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].noun, noun) == 0)
			list_row(client, &rows[i]);
	out_pairs_end(client_out(client));
	out_printf(client_out(client), "\n%s\n", word("text.help_more"));
	return EXIT_DONE;
}

/* ---- one command ---------------------------------------------------------------------- */

static const char *positionals(struct client *client, const struct command *c)
{
	const char *at = c->args, *line = "";
	struct row_arg arg;

	while (row_arg_next(&at, &arg))
		if (arg.positional)
			line = out_format(client_out(client), "%s %s%s%s%s", line,
				arg.optional ? "[" : "", word_field(arg.name),
				arg.many ? "…" : "", arg.optional ? "]" : "");
	return line;
}

static bool is_positional(const struct command *c, const char *name)
{
	const char *at = c->args;
	struct row_arg arg;

	while (row_arg_next(&at, &arg))
		if (arg.positional && !arg.own && strcmp(arg.name, name) == 0)
			return true;
	return false;
}

static void option_row(struct client *client, char letter, const char *name,
	const char *value, const char *what)
{
	struct out *out = client_out(client);
	const char *option = line_option(client_arena(client), name);

	out_pair(out, out_format(out, "  %c%c%c %s%s%s", letter ? '-' : ' ',
		letter ? letter : ' ', letter ? ',' : ' ', option, value ? "=" : "",
		value ? value : ""), what);
}

/* The names an enum takes, as people type them. */
static const char *choices(struct client *client, const ProtobufCFieldDescriptor *f)
{
	const ProtobufCEnumDescriptor *e = f->descriptor;
	const char *line = "";

	for (unsigned i = 0; i < e->n_values; i++)
		line = out_format(client_out(client), "%s%s%s", line,
			i ? word("text.list_comma") : "",
			word_value(f->name, e->values[i].name));
	return line;
}

/* The fields of a nested message as --field KEY=VALUE,… takes them. */
static const char *parts(struct client *client, const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *m = f->descriptor;
	const char *line = "";

	for (unsigned i = 0; i < m->n_fields; i++)
		line = out_format(client_out(client), "%s%s%s=%s", line, i ? "," : "",
			m->fields[i].name, word_field(m->fields[i].name));
	return line;
}

static void field_row(struct client *client, const ProtobufCMessageDescriptor *type,
	const ProtobufCFieldDescriptor *f)
{
	const char *value = word_field(f->name), *what = value;

	if (f->type == PROTOBUF_C_TYPE_BOOL)
		value = NULL;
	else if (f->type == PROTOBUF_C_TYPE_ENUM)
		what = choices(client, f);
	else if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		what = parts(client, f);
	if (field_repeated(f))
		what = out_format(client_out(client), "%s%s", what,
			word("text.help_repeated"));
	option_row(client, line_letter(type, f->name), f->name, value, what);
}

static void own_options(struct client *client, const struct command *c)
{
	const char *at = c->args;
	struct row_arg arg;

	while (row_arg_next(&at, &arg))
		if (!arg.positional)
			option_row(client, strcmp(arg.name, "out") == 0 ? 'o' : 0,
				arg.name, arg.takes_value ? word_field(arg.name) : NULL,
				word_field(arg.name));
}

int help_command(struct client *client, const struct command *c)
{
	struct out *out = client_out(client);
	const ProtobufCFieldDescriptor *member = command_member(c);
	const ProtobufCMessageDescriptor *type = member ? member->descriptor : NULL;

	out_printf(out, "%s\n\n", what_it_does(client, c));
	out_printf(out, "%s zhibu %s%s %s\n", word("text.help_use"),
		english_name(client, c), positionals(client, c),
		word("text.help_options_mark"));
	out_printf(out, "%s zhibu %s\n", word("text.help_alias"),
		chinese_name(client, c));
	out_heading(out, word("text.help_options"));
	for (unsigned i = 0; type && i < type->n_fields; i++)
		if (!is_positional(c, type->fields[i].name))
			field_row(client, type, &type->fields[i]);
	own_options(client, c);
	out_pairs_end(out);
	out_printf(out, "%s\n", word("text.help_common"));
	out_heading(out, word("text.help_example"));
	out_printf(out, "  %s\n", c->example);
	return EXIT_DONE;
}

/* ---- topics and the machine's form ------------------------------------------------------ */

static int help_topic(struct client *client, const char *name)
{
	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		if (strcmp(name, topics[i].zh) == 0 || strcmp(name, topics[i].en) == 0) {
			out_printf(client_out(client), "%s\n", word(topics[i].key));
			if (strcmp(topics[i].en, "options") != 0)
				return EXIT_DONE;
			for (size_t k = 0; k < global_options_n; k++)
				option_row(client, global_options[k].letter,
					global_options[k].name,
					global_options[k].takes_value ? "…" : NULL,
					word(global_options[k].words));
			out_pairs_end(client_out(client));
			return EXIT_DONE;
		}
	return -1;
}

static json_t *command_json(struct client *client, const struct command *c)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "noun", c->noun,
		"verb", c->verb, "zhNoun", c->zh_noun, "zhVerb", c->zh_verb,
		"request", c->request, "confirm", (int)c->confirm, "example",
		c->example);
	const ProtobufCFieldDescriptor *member = command_member(c);
	const ProtobufCMessageDescriptor *type = member ? member->descriptor : NULL;
	json_t *fields = json_array();

	for (unsigned i = 0; type && i < type->n_fields; i++)
		json_array_append_new(fields, json_string(type->fields[i].name));
	json_object_set_new(o, "fields", fields);
	json_object_set_new(o, "text", json_string(what_it_does(client, c)));
	return o;
}

static int help_json(struct client *client)
{
	json_t *all = json_array();
	const struct command *rows;
	char *text;
	size_t n;

	rows = command_rows(&n);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, command_json(client, &rows[i]));
	text = json_dumps(all, JSON_INDENT(1));
	if (text)
		out_bytes(client_out(client), text, strlen(text));
	out_bytes(client_out(client), "\n", 1);
	free(text);
	json_decref(all);
	return EXIT_DONE;
}

static const char *noun_named(const char *name)
{
	const struct command *rows;
	size_t n;

	rows = command_rows(&n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].noun, name) == 0 || strcmp(rows[i].zh_noun, name) == 0)
			return rows[i].noun;
	return NULL;
}

int help_run(struct client *client, struct args *args)
{
	const char *topic = args_get(args, "topic"), *more = args_get(args, "more");
	const struct command *command;
	const char *noun;
	int code;

	if (client_json(client))
		return help_json(client);
	if (!topic)
		return help_bare(client);
	command = command_find(topic, more ? more : "_");
	if (command)
		return help_command(client, command);
	noun = noun_named(topic);
	if (noun && !more)
		return help_noun(client, noun);
	code = help_topic(client, topic);
	return code >= 0 ? code :
		client_fail(client, EXIT_USAGE, "no_topic", 1, &topic);
}
