/*
 * Completion: zhibu __complete WORDS..., the last of them unfinished, prints one
 * candidate a line.  Off-line, asks nothing, changes nothing.
 */
#include "client/client.h"
#include "client/handlers.h"
#include "client/value.h"

#include <stdio.h>
#include <string.h>

#define ARENA_MAX (4 * 1024 * 1024)

struct completing {
	struct arena arena;
	struct line line;
	const char *begun; /* what has been typed of the last word */
};

static void offer(const struct completing *c, const char *candidate)
{
	if (candidate && *candidate &&
	    strncmp(candidate, c->begun, strlen(c->begun)) == 0)
		printf("%s\n", candidate);
}

/* English unless Chinese was begun: an empty word must not list both. */
static bool wants_chinese(const struct completing *c)
{
	return (unsigned char)*c->begun >= 0x80;
}

static void offer_nouns(const struct completing *c)
{
	const struct command *rows;
	size_t i, n;

	rows = command_rows(&n);
	for (i = 0; i < n; i++) {
		if (i && strcmp(rows[i].noun, rows[i - 1].noun) == 0)
			continue;
		offer(c, wants_chinese(c) ? rows[i].zh_noun : rows[i].noun);
	}
}

static void offer_verbs(const struct completing *c)
{
	const struct command *rows;
	size_t i, n;

	rows = command_rows(&n);
	for (i = 0; i < n; i++)
		if (strcmp(rows[i].noun, c->line.noun) == 0 &&
		    strcmp(rows[i].verb, "_") != 0)
			offer(c, wants_chinese(c) ? rows[i].zh_verb : rows[i].verb);
}

static void offer_options(struct completing *c)
{
	const ProtobufCMessageDescriptor *type = c->line.args.type;
	const char *at = c->line.args.command ? c->line.args.command->args : "";
	struct row_arg arg;
	size_t i;

	for (i = 0; type && i < type->n_fields; i++)
		if (field_kind(&type->fields[i]) != FIELD_BYTES)
			offer(c, line_option(&c->arena, type->fields[i].name));
	while (row_arg_next(&at, &arg))
		if (!arg.positional)
			offer(c, line_option(&c->arena, arg.name));
	for (i = 0; i < global_options_n; i++)
		offer(c, line_option(&c->arena, global_options[i].name));
}

/* The field whose value is being typed: after "--state", "--state=" or as a
 * positional. */
static const ProtobufCFieldDescriptor *
field_of_value(struct completing *c, const char *before)
{
	const ProtobufCMessageDescriptor *type = c->line.args.type;
	const char *equals = strchr(c->begun, '=');
	struct row_arg arg;
	unsigned i;

	for (i = 0; type && i < type->n_fields; i++) {
		const char *option = line_option(&c->arena, type->fields[i].name);

		if (equals && strncmp(c->begun, option, strlen(option)) == 0 &&
		    c->begun + strlen(option) == equals) {
			c->begun = equals + 1;
			return &type->fields[i];
		}
		if (before && strcmp(before, option) == 0)
			return &type->fields[i];
	}
	if (!type || !line_missing(&c->line, &arg))
		return NULL;
	return protobuf_c_message_descriptor_get_field_by_name(type, arg.name);
}

static void offer_values(const struct completing *c,
			 const ProtobufCFieldDescriptor *field)
{
	const ProtobufCEnumDescriptor *type = field->descriptor;
	unsigned i;

	if (field_kind(field) != FIELD_ENUM)
		return;
	for (i = 0; i < type->n_values; i++)
		offer(c, wants_chinese(c) ? value_enum_word(field, i)
					  : type->values[i].name);
}

static void offer_argument(struct completing *c, const char *before)
{
	const ProtobufCFieldDescriptor *field;

	if (*c->begun == '-' && !strchr(c->begun, '=')) {
		offer_options(c);
		return;
	}
	field = field_of_value(c, before);
	if (field)
		offer_values(c, field);
}

static void offer_next(struct completing *c, const char *before)
{
	if (!c->line.noun && *c->begun != '-')
		offer_nouns(c);
	else if (!c->line.args.command && *c->begun != '-')
		offer_verbs(c);
	else
		offer_argument(c, before);
	/* a noun that is a command by itself may have verbs as well */
	if (c->line.args.command && c->line.args.command->verb[0] == '_' &&
	    before && command_find(before, "_"))
		offer_verbs(c);
}

/* argv: zhibu __complete WORD... */
int complete_run(int argc, char **argv)
{
	struct completing c = { .begun = argc > 2 ? argv[argc - 1] : "" };
	int words = argc > 2 ? argc - 2 : 0;

	arena_init(&c.arena, ARENA_MAX);
	/* an unfinished line may well be wrong: what was understood counts, but
	 * nothing follows what is no command */
	if (line_parse(&c.line, &c.arena, words, argv + 1) || c.line.args.command)
		offer_next(&c, words > 1 ? argv[argc - 2] : NULL);
	arena_free(&c.arena);
	return fflush(stdout) ? EXIT_FAILED : EXIT_DONE;
}

static const char bash[] =
#include "bash_completion.inc"
	;

int completion_bash_run(struct client *client, struct args *args)
{
	(void)args;
	out_bytes(client_out(client), bash, sizeof(bash) - 1);
	return EXIT_DONE;
}
