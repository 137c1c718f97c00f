/*
 * `zhibu __complete WORD…`: what the last word could become, one a line.  From
 * the tables alone: it never asks, never connects and never logs in.
 */
#include "client/client.h"
#include "client/fields.h"
#include "client/handlers.h"

#include <stdio.h>
#include <string.h>

static void offer(const char *candidate, const char *start)
{
	if (*candidate && strncmp(candidate, start, strlen(start)) == 0)
		puts(candidate);
}

/* Nouns stand in blocks; each is offered once. */
static void offer_nouns(const char *start)
{
	const struct command *rows;
	size_t n;

	rows = command_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(rows[i].noun, rows[i - 1].noun) == 0)
			continue;
		offer(rows[i].noun, start);
		if (*start & 0x80) /* Chinese is offered to who types Chinese */
			offer(rows[i].zh_noun, start);
	}
}

static bool offer_verbs(const char *noun, const char *start)
{
	const struct command *rows;
	bool any = false;
	size_t n;

	rows = command_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].verb, "_") == 0)
			continue;
		if (strcmp(rows[i].noun, noun) == 0)
			offer(rows[i].verb, start);
		else if (strcmp(rows[i].zh_noun, noun) == 0)
			offer(rows[i].zh_verb, start);
		else
			continue;
		any = true;
	}
	return any;
}

static void offer_options(const struct command *command, const char *start)
{
	const ProtobufCFieldDescriptor *member = command ? command_member(command) : NULL;
	const ProtobufCMessageDescriptor *type = member ? member->descriptor : NULL;
	const char *at = command ? command->args : "";
	struct row_arg arg;
	struct arena arena;

	arena_init(&arena, 1 << 16);
	for (unsigned i = 0; type && i < type->n_fields; i++)
		offer(line_option(&arena, type->fields[i].name), start);
	while (row_arg_next(&at, &arg))
		if (!arg.positional)
			offer(line_option(&arena, arg.name), start);
	for (size_t i = 0; i < global_options_n; i++)
		offer(line_option(&arena, global_options[i].name), start);
	arena_free(&arena);
}

/* The values of --option when it is an enum's. */
static bool offer_values(const struct command *command, const char *option,
	const char *start)
{
	const ProtobufCFieldDescriptor *member = command ? command_member(command) : NULL;
	const ProtobufCMessageDescriptor *type = member ? member->descriptor : NULL;
	bool found = false;
	struct arena arena;

	arena_init(&arena, 1 << 16);
	for (unsigned i = 0; type && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &type->fields[i];
		const ProtobufCEnumDescriptor *e = f->descriptor;

		if (f->type != PROTOBUF_C_TYPE_ENUM ||
			strcmp(line_option(&arena, f->name), option) != 0)
			continue;
		found = true;
		for (unsigned k = 0; k < e->n_values; k++) {
			offer(word_value(f->name, e->values[k].name), start);
			offer(e->values[k].name, start);
		}
	}
	arena_free(&arena);
	return found;
}

int complete_run(int argc, char **argv)
{
	/* argv: zhibu __complete WORD…, the last one unfinished (maybe "") */
	const char *words[3] = { NULL, NULL, NULL }; /* noun, verb, option before */
	const char *last = argc > 2 ? argv[argc - 1] : "";
	const struct command *command = NULL;

	for (int i = 2; i < argc - 1; i++) {
		if (argv[i][0] != '-' && !words[0])
			words[0] = argv[i];
		else if (argv[i][0] != '-' && !words[1])
			words[1] = argv[i];
		words[2] = argv[i][0] == '-' ? argv[i] : NULL;
	}
	if (words[0])
		command = command_find(words[0], words[1] ? words[1] : "_");
	if (words[2] && offer_values(command, words[2], last))
		return EXIT_DONE;
	if (*last == '-')
		offer_options(command, last);
	else if (!words[0])
		offer_nouns(last);
	else if (!words[1])
		offer_verbs(words[0], last);
	return EXIT_DONE;
}

/* For: source <(zhibu completion bash) */
static const char bash[] =
	"_zhibu()\n"
	"{\n"
	"\tlocal cur words cword\n"
	"\t_get_comp_words_by_ref -n =: cur words cword 2>/dev/null || {\n"
	"\t\tcur=${COMP_WORDS[COMP_CWORD]} words=(\"${COMP_WORDS[@]}\")"
	" cword=$COMP_CWORD\n"
	"\t}\n"
	"\tmapfile -t COMPREPLY < <(zhibu __complete"
	" \"${words[@]:1:cword-1}\" \"$cur\" 2>/dev/null)\n"
	"}\n"
	"complete -o default -F _zhibu zhibu\n";

int completion_bash_run(struct client *client, struct args *args)
{
	(void)args;
	out_bytes(client_out(client), bash, sizeof(bash) - 1);
	return EXIT_DONE;
}
