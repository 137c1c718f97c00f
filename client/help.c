/*
 * Help from the table of commands and the messages: nothing here is written
 * twice.
 */
#include "client/client.h"
#include "client/error.h"
#include "client/handlers.h"
#include "client/json.h"
#include "client/suggest.h"
#include "client/value.h"

#include <stdlib.h>
#include <string.h>

static bool is_bare(const struct command *command)
{
	return strcmp(command->verb, "_") == 0;
}

/* What a command does, in a few words. */
static const char *what_it_does(struct out *out, const struct command *command)
{
	const char *words = word_find(out_format(out, "command.%s.%s", command->noun,
						 command->verb));

	return words ? words : word_of("request", command->request);
}

static const char *typed(struct out *out, const struct command *command)
{
	if (is_bare(command))
		return out_format(out, "zhibu %s", command->noun);
	return out_format(out, "zhibu %s %s", command->noun, command->verb);
}

static const char *typed_zh(struct out *out, const struct command *command)
{
	if (is_bare(command))
		return out_format(out, "zhibu %s", command->zh_noun);
	return out_format(out, "zhibu %s %s", command->zh_noun, command->zh_verb);
}

/* What help explains beside the commands. */
static const struct {
	const char *zh, *en, *key;
} topics[] = {
	{ "术语", "terms", "topic.terms" },
	{ "退出码", "exit-codes", "topic.exit_codes" },
	{ "环境变量", "environment", "topic.environment" },
	{ "通用选项", "options", "topic.options" },
	{ "表格填报", "forms", "topic.forms" },
	{ "无记名", "secret-ballot", "topic.secret_ballot" },
};

#define TOPICS (sizeof(topics) / sizeof(topics[0]))

static const char *topic_names(struct out *out)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < TOPICS; i++)
		text = out_format(out, "%s%s%s", text, i ? "  " : "",
				  words_language() == LANGUAGE_EN ? topics[i].en
								  : topics[i].zh);
	return text;
}

/* ---- the screen without arguments ------------------------------------------------------------ */

/* The first row of each noun stands for it. */
static bool first_of_noun(const struct command *rows, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (strcmp(rows[k].noun, rows[i].noun) == 0)
			return false;
	return true;
}

static const char *verbs_of(struct out *out, const struct command *rows, size_t n,
			    const char *noun)
{
	const char *text = "";
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(rows[i].noun, noun) == 0 && !is_bare(&rows[i]))
			text = out_format(out, "%s%s%s", text, *text ? " " : "",
					  rows[i].verb);
	return text;
}

static void list_bare(struct client *client, const struct command *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (is_bare(&rows[i]))
			out_pair(client->out,
				 out_format(client->out, "  %s %s", rows[i].noun,
					    rows[i].zh_noun),
				 what_it_does(client->out, &rows[i]));
	out_pairs_end(client->out);
}

static void list_nouns(struct client *client, const struct command *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *verbs = verbs_of(client->out, rows, n, rows[i].noun);

		if (first_of_noun(rows, i) && *verbs)
			out_pair(client->out,
				 out_format(client->out, "  %s %s", rows[i].noun,
					    rows[i].zh_noun),
				 verbs);
	}
	out_pairs_end(client->out);
}

int help_bare(struct client *client)
{
	const struct command *rows;
	size_t n;

	rows = command_rows(&n);
	out_printf(client->out, "%s\n", word("help.usage"));
	out_heading(client->out, word("help.every_day"));
	list_bare(client, rows, n);
	out_heading(client->out, word("help.nouns"));
	list_nouns(client, rows, n);
	out_heading(client->out, word("help.topics"));
	out_text(client->out, 2, topic_names(client->out));
	out_heading(client->out, word("help.lost"));
	return EXIT_DONE;
}

/* ---- a noun ---------------------------------------------------------------------------------- */

int help_noun(struct client *client, const char *noun)
{
	const struct command *rows;
	struct table *table = table_new(client->out);
	size_t i, n;

	rows = command_rows(&n);
	table_title(table, word("help.command"));
	table_title(table, word("help.alias"));
	table_title(table, word("text.what"));
	for (i = 0; i < n; i++) {
		if (strcmp(rows[i].noun, noun) != 0)
			continue;
		table_cell(table, typed(client->out, &rows[i]));
		table_cell(table, is_bare(&rows[i]) ? rows[i].zh_noun
						    : rows[i].zh_verb);
		table_cell(table, what_it_does(client->out, &rows[i]));
	}
	table_end(table, NULL);
	return EXIT_DONE;
}

/* ---- one command ------------------------------------------------------------------------------ */

static const char *positionals(struct out *out, const struct command *command)
{
	const char *at = command->args, *text = "";
	struct row_arg arg;

	while (row_arg_next(&at, &arg))
		if (arg.positional)
			text = out_format(out, "%s %s%s%s%s", text,
					  arg.optional ? "[" : "",
					  word_field(arg.name), arg.many ? "..." : "",
					  arg.optional ? "]" : "");
	return text;
}

static const char *pair_names(struct out *out, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	const char *text = "";
	unsigned i;

	for (i = 0; i < type->n_fields; i++)
		text = out_format(out, "%s%s%s=%s", text, i ? "," : "",
				  type->fields[i].name,
				  word_field(type->fields[i].name));
	return text;
}

/* What may follow an option. */
static const char *value_words(struct out *out, const ProtobufCFieldDescriptor *field)
{
	switch (field_kind(field)) {
	case FIELD_ENUM:
		return value_enum_words(out, field);
	case FIELD_DATE:
		return word("help.date");
	case FIELD_MOMENT:
		return word("help.moment");
	case FIELD_MONEY:
		return word("help.money");
	case FIELD_NUMBER:
		return word("help.number");
	case FIELD_BYTES:
		return word("help.bytes");
	case FIELD_MESSAGE:
		return pair_names(out, field);
	default:
		return "";
	}
}

static void option_line(struct out *out, char letter, const char *option,
			const char *value, const char *about)
{
	char dash[5] = "    ";

	if (letter)
		snprintf(dash, sizeof(dash), "-%c, ", letter);
	out_pair(out, out_format(out, "  %s%s%s%s", dash, option, *value ? "=" : "",
				 value), about);
}

/* Keys and hashes, or rows that have them: the program's own business. */
static bool made_here(const ProtobufCFieldDescriptor *field)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;

	if (field_kind(field) != FIELD_MESSAGE)
		return field_kind(field) == FIELD_BYTES;
	for (unsigned i = 0; i < type->n_fields; i++)
		if (field_kind(&type->fields[i]) == FIELD_BYTES)
			return true;
	return false;
}

static void field_options(struct client *client, const struct command *command)
{
	const ProtobufCFieldDescriptor *member = command_member(command);
	const ProtobufCMessageDescriptor *type = member ? member->descriptor : NULL;
	unsigned i;

	for (i = 0; type && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const char *more = value_words(client->out, field);
		bool many = field_repeated(field);

		if (made_here(field))
			continue;
		option_line(client->out, line_letter(type, field->name),
			    line_option(&client->arena, field->name),
			    field_kind(field) == FIELD_BOOL ? ""
				    : word_field(field->name),
			    out_format(client->out, "%s%s%s%s",
				       *more ? more : word_field(field->name),
				       many ? word("text.open") : "",
				       many ? word("help.many") : "",
				       many ? word("text.close") : ""));
	}
}

/* A handler's option mostly fills the field of its name, of the request or of the
 * rows in it; NULL: it does not. */
static const ProtobufCFieldDescriptor *
field_behind(const struct command *command, const char *name)
{
	const ProtobufCFieldDescriptor *member = command_member(command), *found;
	const ProtobufCMessageDescriptor *type = member ? member->descriptor : NULL;
	unsigned i;

	found = type ? protobuf_c_message_descriptor_get_field_by_name(type, name) : NULL;
	for (i = 0; type && !found && i < type->n_fields; i++)
		if (field_kind(&type->fields[i]) == FIELD_MESSAGE)
			found = protobuf_c_message_descriptor_get_field_by_name(
				type->fields[i].descriptor, name);
	return found;
}

static void own_options(struct client *client, const struct command *command)
{
	const char *at = command->args;
	struct row_arg arg;

	while (row_arg_next(&at, &arg)) {
		const ProtobufCFieldDescriptor *field = field_behind(command, arg.name);
		bool choice = field && field_kind(field) == FIELD_ENUM;
		const char *about = word_find(out_format(client->out, "option.%s",
							 arg.name));

		if (arg.positional)
			continue;
		option_line(client->out, strcmp(arg.name, "out") ? 0 : 'o',
			    line_option(&client->arena, arg.name),
			    arg.takes_value ? word_field(arg.name) : "",
			    choice ? value_enum_words(client->out, field) :
			    about ? about : word_field(arg.name));
	}
}

int help_command(struct client *client, const struct command *command)
{
	struct out *out = client->out;

	out_printf(out, "%s\n\n", what_it_does(out, command));
	out_pair(out, word("help.usage_label"),
		 out_format(out, "%s%s%s", typed(out, command),
			    positionals(out, command), word("help.options_mark")));
	out_pair(out, word("help.alias_label"), typed_zh(out, command));
	out_pairs_end(out);
	out_heading(out, word("help.options"));
	field_options(client, command);
	own_options(client, command);
	out_pairs_end(out);
	out_heading(out, word("help.common"));
	out_heading(out, word("help.example"));
	out_printf(out, "  %s\n", command->example);
	return EXIT_DONE;
}

/* ---- topics ------------------------------------------------------------------------------------ */

static void list_options(struct client *client)
{
	size_t i;

	for (i = 0; i < global_options_n; i++) {
		const struct global_option *o = &global_options[i];

		option_line(client->out, o->letter,
			    line_option(&client->arena, o->name),
			    o->takes_value ? word("text.value") : "", word(o->words));
	}
	out_pairs_end(client->out);
}

static bool show_topic(struct client *client, const char *topic)
{
	size_t i;

	for (i = 0; i < TOPICS; i++) {
		if (strcmp(topics[i].zh, topic) != 0 &&
		    strcmp(topics[i].en, topic) != 0)
			continue;
		out_text(client->out, 0, word(topics[i].key));
		if (strcmp(topics[i].en, "options") == 0)
			list_options(client);
		return true;
	}
	return false;
}

static int unknown_topic(struct client *client, const char *topic)
{
	struct suggestion near;
	size_t i;

	suggest_start(&near, topic);
	for (i = 0; i < TOPICS; i++) {
		suggest_consider(&near, topics[i].zh);
		suggest_consider(&near, topics[i].en);
	}
	error_plain(client, EXIT_USAGE, "error.topic_unknown", topic);
	if (near.best)
		out_say(client->out, "%szhibu help %s", word("text.did_you_mean"),
			near.best);
	return EXIT_USAGE;
}

/* ---- the table for machines --------------------------------------------------------------------- */

static json_t *field_json(const ProtobufCFieldDescriptor *field, struct arena *arena)
{
	json_t *object = json_object();

	json_object_set_new(object, "option",
			    json_string(line_option(arena, field->name)));
	json_object_set_new(object, "name", json_string(field->name));
	json_object_set_new(object, "label", json_string(word_field(field->name)));
	json_object_set_new(object, "repeated", json_boolean(field_repeated(field)));
	return object;
}

static json_t *command_json(struct client *client, const struct command *command)
{
	const ProtobufCFieldDescriptor *member = command_member(command);
	const ProtobufCMessageDescriptor *type = member ? member->descriptor : NULL;
	json_t *object = json_object(), *options = json_array();
	unsigned i;

	json_object_set_new(object, "noun", json_string(command->noun));
	json_object_set_new(object, "verb", json_string(command->verb));
	json_object_set_new(object, "nounZh", json_string(command->zh_noun));
	json_object_set_new(object, "verbZh", json_string(command->zh_verb));
	json_object_set_new(object, "does",
			    json_string(what_it_does(client->out, command)));
	if (member)
		json_object_set_new(object, "request", json_string(command->request));
	json_object_set_new(object, "arguments", json_string(command->args));
	json_object_set_new(object, "confirm", json_integer(command->confirm));
	json_object_set_new(object, "example", json_string(command->example));
	for (i = 0; type && i < type->n_fields; i++)
		json_array_append_new(options,
				      field_json(&type->fields[i], &client->arena));
	json_object_set_new(object, "options", options);
	return object;
}

static int help_json(struct client *client)
{
	json_t *all = json_array();
	const struct command *rows;
	size_t i, n;
	char *text;

	rows = command_rows(&n);
	for (i = 0; i < n; i++)
		json_array_append_new(all, command_json(client, &rows[i]));
	text = json_text(all, JSON_INDENT(2));
	json_decref(all);
	if (!text)
		return error_plain(client, EXIT_FAILED, "error.memory", NULL);
	out_bytes(client->out, text, strlen(text));
	out_bytes(client->out, "\n", 1);
	free(text);
	return EXIT_DONE;
}

int help_run(struct client *client, struct args *args)
{
	const char *topic = args_get(args, "topic"), *verb = args_get(args, "verb");
	const struct command *command, *rows;
	size_t i, n;

	if (client_json(client))
		return help_json(client);
	if (!topic)
		return help_bare(client);
	if (show_topic(client, topic))
		return EXIT_DONE;
	command = command_find(topic, verb ? verb : "_");
	if (command)
		return help_command(client, command);
	rows = command_rows(&n);
	for (i = 0; i < n && !verb; i++)
		if (strcmp(rows[i].noun, topic) == 0 ||
		    strcmp(rows[i].zh_noun, topic) == 0)
			return help_noun(client, rows[i].noun);
	return unknown_topic(client, topic);
}
