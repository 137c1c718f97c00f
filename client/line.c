#include "client/line.h"

#include "client/suggest.h"
#include "client/value.h"
#include "common/text.h"

#include <ctype.h>
#include <string.h>

const struct global_option global_options[] = {
	{ "help", 'h', false, "option.help" },
	{ "json", 0, false, "option.json" },
	{ "dry-run", 'n', false, "option.dry_run" },
	{ "yes", 'y', false, "option.yes" },
	{ "confirm", 0, true, "option.confirm" },
	{ "file", 'f', true, "option.file" },
	{ "as", 0, true, "option.as" },
	{ "profile", 'P', true, "option.profile" },
	{ "server", 0, true, "option.server" },
	{ "quiet", 'q', false, "option.quiet" },
	{ "verbose", 'v', false, "option.verbose" },
	{ "wide", 0, false, "option.wide" },
	{ "lang", 0, true, "option.lang" },
	{ "no-input", 0, false, "option.no_input" },
	{ "pass-fd", 0, true, "option.pass_fd" },
	{ "version", 'V', false, "option.version" },
};
const size_t global_options_n = sizeof(global_options) / sizeof(global_options[0]);

/* Letters that mean the same everywhere: the first field a message has. */
static const struct {
	char letter;
	const char *fields[12];
} letters[] = {
	{ 'a', { "application_id" } },
	{ 'b', { "org_id", "branch_id" } },
	{ 's', { "state" } },
	{ 'm', { "text", "reason", "opinion", "summary", "narrative", "note",
		 "description", "statement", "answer", "comment", "title", "result" } },
	{ 'o', { "out" } },
};

static bool fail(struct line *line, const char *key, const char *a, const char *b)
{
	line->trouble.key = key;
	line->trouble.args[0] = a;
	line->trouble.args[1] = b;
	line->trouble.n = 2;
	return false;
}

static bool no_memory(struct line *line)
{
	return fail(line, "error.memory", "", "");
}

/* ---- the row's arguments ---------------------------------------------------------- */

bool row_arg_next(const char **at, struct row_arg *arg)
{
	const char *p = *at;
	size_t n = strcspn(p, ",");

	memset(arg, 0, sizeof(*arg));
	if (!*p)
		return false;
	*at = p + n + (p[n] == ',');
	arg->positional = strncmp(p, "--", 2) != 0;
	arg->own = !arg->positional || *p == '@';
	if (!arg->positional)
		p += 2, n -= 2;
	else if (*p == '@')
		p++, n--;
	for (; n; n--) {
		if (p[n - 1] == '=')
			arg->takes_value = true;
		else if (p[n - 1] == '+')
			arg->many = true;
		else if (p[n - 1] == '?')
			arg->optional = true;
		else
			break;
	}
	if (n >= sizeof(arg->name))
		n = sizeof(arg->name) - 1;
	memcpy(arg->name, p, n);
	return true;
}

const char *line_option(struct arena *arena, const char *field)
{
	size_t n = strlen(field), i;
	char *option = arena_alloc(arena, n + 3);

	if (!option)
		return field;
	memcpy(option, "--", 2);
	for (i = 0; i <= n; i++)
		option[i + 2] = field[i] == '_' ? '-' : field[i];
	return option;
}

static const ProtobufCFieldDescriptor *
field_of(const ProtobufCMessageDescriptor *type, const char *name)
{
	return type ? protobuf_c_message_descriptor_get_field_by_name(type, name)
		    : NULL;
}

char line_letter(const ProtobufCMessageDescriptor *type, const char *field)
{
	size_t i, k;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		for (k = 0; k < 12 && letters[i].fields[k]; k++) {
			const char *name = letters[i].fields[k];

			if (strcmp(name, field) == 0)
				return letters[i].letter;
			if (field_of(type, name))
				break;
		}
	}
	return 0;
}

/* ---- finding an option --------------------------------------------------------------- */

/* What a typed option turned out to be; exactly one of the three is set. */
struct found {
	const struct global_option *global;
	const ProtobufCFieldDescriptor *field;
	const char *own; /* in the arena */
	bool takes_value, optional_value, negated;
};

/* foo-bar and foo_bar are the same. */
static bool same(const char *typed, const char *name)
{
	for (; *typed && *name; typed++, name++)
		if ((*typed == '_' ? '-' : *typed) != (*name == '_' ? '-' : *name))
			return false;
	return *typed == *name;
}

/* --at asks for a day, whatever the command. */
static bool names(const char *typed, const char *field)
{
	return same(typed, field) || (strcmp(typed, "at") == 0 &&
				      strcmp(field, "as_of_on") == 0);
}

static bool find_own(struct line *line, const char *typed, struct found *found)
{
	const char *at = line->args.command ? line->args.command->args : "";
	struct row_arg arg;

	while (row_arg_next(&at, &arg)) {
		if (!arg.own || (!same(typed, arg.name) &&
				 strcmp(typed, word_field(arg.name)) != 0))
			continue;
		found->own = arena_copy(line->arena, arg.name, strlen(arg.name));
		found->takes_value = arg.positional || arg.takes_value;
		return found->own != NULL;
	}
	return false;
}

static bool find_field(struct line *line, const char *typed, struct found *found)
{
	const ProtobufCMessageDescriptor *type = line->args.type;
	bool negated = strncmp(typed, "no-", 3) == 0;
	unsigned i;

	for (i = 0; type && i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		bool is_bool = field->type == PROTOBUF_C_TYPE_BOOL;

		if (names(typed, field->name) ||
		    strcmp(typed, word_field(field->name)) == 0) {
			found->field = field;
			found->takes_value = !is_bool;
			found->optional_value = is_bool;
			return true;
		}
		if (negated && is_bool && same(typed + 3, field->name)) {
			found->field = field;
			found->negated = true;
			return true;
		}
	}
	return false;
}

static bool find_global(const char *typed, struct found *found)
{
	size_t i;

	for (i = 0; i < global_options_n; i++) {
		if (!same(typed, global_options[i].name))
			continue;
		found->global = &global_options[i];
		found->takes_value = global_options[i].takes_value;
		found->optional_value = strcmp(typed, "json") == 0;
		return true;
	}
	return false;
}

static bool find_long(struct line *line, const char *typed, struct found *found)
{
	memset(found, 0, sizeof(*found));
	return find_own(line, typed, found) || find_field(line, typed, found) ||
	       find_global(typed, found);
}

static bool find_short(struct line *line, char letter, struct found *found)
{
	size_t i, k;

	for (i = 0; i < global_options_n; i++)
		if (global_options[i].letter == letter)
			return find_long(line, global_options[i].name, found);
	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (letters[i].letter != letter)
			continue;
		for (k = 0; k < 12 && letters[i].fields[k]; k++)
			if (find_long(line, letters[i].fields[k], found))
				return true;
	}
	return false;
}

/* ---- unknown words ------------------------------------------------------------------- */

static void guess_option(struct line *line, const char *typed)
{
	const ProtobufCMessageDescriptor *type = line->args.type;
	const char *at = line->args.command ? line->args.command->args : "";
	struct row_arg arg;
	struct suggestion near;
	unsigned i;

	suggest_start(&near, typed);
	for (i = 0; type && i < type->n_fields; i++) {
		const char *name = type->fields[i].name;

		suggest_consider(&near, line_option(line->arena, name) + 2);
		suggest_consider(&near, word_field(name));
	}
	while (row_arg_next(&at, &arg))
		if (arg.own)
			suggest_consider(&near,
				line_option(line->arena, arg.name) + 2);
	for (i = 0; i < global_options_n; i++)
		suggest_consider(&near, global_options[i].name);
	if (near.best)
		line->trouble.guess = line_option(line->arena, near.best);
}

static bool unknown_option(struct line *line, const char *word, const char *typed)
{
	fail(line, "error.option_unknown", word, "");
	guess_option(line, typed);
	return false;
}

static bool unknown_noun(struct line *line, const char *noun)
{
	const struct command *rows;
	struct suggestion near;
	size_t i, n;

	fail(line, "error.command_unknown", noun, "");
	suggest_start(&near, noun);
	rows = command_rows(&n);
	for (i = 0; i < n; i++) {
		suggest_consider(&near, rows[i].noun);
		suggest_consider(&near, rows[i].zh_noun);
	}
	line->trouble.guess = near.best;
	return false;
}

static bool unknown_verb(struct line *line, const char *verb)
{
	const struct command *rows;
	struct suggestion near;
	size_t i, n;

	fail(line, "error.verb_unknown", line->noun, verb);
	suggest_start(&near, verb);
	rows = command_rows(&n);
	for (i = 0; i < n; i++) {
		if (strcmp(rows[i].noun, line->noun) != 0)
			continue;
		suggest_consider(&near, rows[i].verb);
		suggest_consider(&near, rows[i].zh_verb);
	}
	line->trouble.guess = near.best;
	return false;
}

/* ---- what was given --------------------------------------------------------------------- */

bool line_add(struct line *line, const char *name, const char *value,
	      const char *typed)
{
	struct args *args = &line->args;
	struct arg *bigger;

	if (args->n == args->room) {
		size_t room = args->room ? args->room * 2 : 16;

		bigger = arena_zero(line->arena, room, sizeof(*bigger));
		if (!bigger)
			return no_memory(line);
		if (args->n)
			memcpy(bigger, args->list, args->n * sizeof(*bigger));
		args->list = bigger;
		args->room = room;
	}
	args->list[args->n++] = (struct arg){ name, value, typed };
	return true;
}

static void set_global(struct settings *s, const char *name, const char *value)
{
	const struct {
		const char *name;
		bool *flag;
		const char **text;
	} places[] = {
		{ "help", &s->help, NULL },
		{ "json", &s->json, &s->json_fields },
		{ "dry-run", &s->dry_run, NULL },
		{ "yes", &s->yes, NULL },
		{ "confirm", NULL, &s->confirm },
		{ "file", NULL, &s->file },
		{ "as", NULL, &s->acting },
		{ "profile", NULL, &s->profile },
		{ "server", NULL, &s->server },
		{ "quiet", &s->quiet, NULL },
		{ "verbose", &s->verbose, NULL },
		{ "wide", &s->wide, NULL },
		{ "lang", NULL, &s->language },
		{ "no-input", &s->no_input, NULL },
		{ "pass-fd", NULL, &s->pass_fd },
		{ "version", &s->version, NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (strcmp(places[i].name, name) != 0)
			continue;
		if (places[i].flag)
			*places[i].flag = true;
		if (places[i].text && value)
			*places[i].text = value;
	}
}

static bool give(struct line *line, const struct found *found, const char *value,
		 const char *typed)
{
	if (found->global && strcmp(found->global->name, "lang") == 0 &&
	    strncmp(value, "zh", 2) != 0 && strncmp(value, "en", 2) != 0)
		return fail(line, "error.lang_unknown", value, NULL);
	if (found->global) {
		set_global(&line->settings, found->global->name, value);
		return true;
	}
	if (found->negated)
		value = "no";
	return line_add(line, found->own ? found->own : found->field->name,
			value ? value : "", typed);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct words_left {
	int argc, at;
	char **argv;
};

static const char *next_word(struct words_left *left)
{
	return left->at < left->argc ? left->argv[left->at++] : NULL;
}

static bool set_command(struct line *line, const struct command *command)
{
	const ProtobufCFieldDescriptor *member = command_member(command);

	line->args.command = command;
	line->args.type = member ? member->descriptor : NULL;
	return true;
}

static bool read_long(struct line *line, const char *word, struct words_left *left)
{
	size_t n = strcspn(word + 2, "=");
	const char *value = word[2 + n] ? word + 2 + n + 1 : NULL;
	char *name = arena_copy(line->arena, word + 2, n);
	struct found found;

	if (!name)
		return no_memory(line);
	if (!find_long(line, name, &found)) {
		/* "zhibu next --foo": next has verbs as well, but none came */
		const struct command *alone =
			line->noun && !line->args.command
				? command_find(line->noun, "_") : NULL;

		if (!alone)
			return unknown_option(line, word, name);
		set_command(line, alone);
		if (!find_long(line, name, &found))
			return unknown_option(line, word, name);
	}
	if (value && !found.takes_value && !found.optional_value)
		return fail(line, "error.option_no_value", word, "");
	if (!value && found.takes_value) {
		value = next_word(left);
		if (!value)
			return fail(line, "error.option_needs_value", word, "");
	}
	return give(line, &found, value, word);
}

static bool read_short(struct line *line, const char *word, struct words_left *left)
{
	const char *p;

	for (p = word + 1; *p; p++) {
		struct found found;
		const char *value = NULL;

		if (!find_short(line, *p, &found))
			return unknown_option(line, word, word + 1);
		if (found.takes_value) {
			value = p[1] ? p + 1 : next_word(left);
			if (!value)
				return fail(line, "error.option_needs_value", word, "");
			return give(line, &found, value, word);
		}
		if (!give(line, &found, NULL, word))
			return false;
	}
	return true;
}

static const char *folded(struct line *line, const char *word)
{
	char *copy = arena_copy(line->arena, word, strlen(word));

	if (!copy)
		return word;
	text_fold(copy);
	return copy;
}

/* The noun; its command at once if it has no verbs. */
static bool read_noun(struct line *line, const char *word)
{
	const struct command *rows;
	const char *noun = folded(line, word);
	size_t i, n, verbs = 0;

	rows = command_rows(&n);
	for (i = 0; i < n; i++) {
		if (strcmp(rows[i].noun, noun) != 0 &&
		    strcmp(rows[i].zh_noun, noun) != 0)
			continue;
		line->noun = rows[i].noun;
		verbs += strcmp(rows[i].verb, "_") != 0;
	}
	if (!line->noun)
		return unknown_noun(line, word);
	if (!verbs)
		set_command(line, command_find(line->noun, "_"));
	return true;
}

static bool read_word(struct line *line, const char *word, const char **words,
		      size_t *n)
{
	const struct command *command;

	if (!line->noun)
		return read_noun(line, word);
	if (!line->args.command) {
		command = command_find(line->noun, folded(line, word));
		if (command)
			return set_command(line, command);
		command = command_find(line->noun, "_");
		if (!command)
			return unknown_verb(line, word);
		set_command(line, command);
	}
	words[(*n)++] = word;
	return true;
}

static bool read_all(struct line *line, struct words_left *left,
		     const char **words, size_t *n)
{
	const char *word;
	bool ended = false;

	while ((word = next_word(left))) {
		bool ok;

		if (!ended && strcmp(word, "--") == 0) {
			ended = true;
			continue;
		}
		if (!ended && strncmp(word, "--", 2) == 0)
			ok = read_long(line, word, left);
		else if (!ended && word[0] == '-' && word[1] &&
			 !isdigit((unsigned char)word[1]))
			ok = read_short(line, word, left);
		else
			ok = read_word(line, word, words, n);
		if (!ok)
			return false;
	}
	return true;
}

static const char *row_name(struct line *line, const struct row_arg *arg)
{
	const ProtobufCFieldDescriptor *field = field_of(line->args.type, arg->name);

	if (field)
		return field->name;
	return arena_copy(line->arena, arg->name, strlen(arg->name));
}

/* Hands the words out to the positionals not given as options. */
static bool place_words(struct line *line, const char **words, size_t n)
{
	const char *at = line->args.command->args, *name;
	struct row_arg arg;
	size_t i = 0;

	while (i < n && row_arg_next(&at, &arg)) {
		if (!arg.positional || args_given(&line->args, arg.name))
			continue;
		name = row_name(line, &arg);
		if (!name)
			return no_memory(line);
		do {
			if (!line_add(line, name, words[i++], NULL))
				return false;
		} while (arg.many && i < n);
	}
	if (i < n)
		return fail(line, "error.too_many", words[i], "");
	return true;
}

bool line_parse(struct line *line, struct arena *arena, int argc, char **argv)
{
	struct words_left left = { argc, 1, argv };
	const char **words;
	size_t n = 0;

	memset(line, 0, sizeof(*line));
	line->arena = arena;
	words = arena_zero(arena, (size_t)(argc > 0 ? argc : 1), sizeof(*words));
	if (!words)
		return no_memory(line);
	if (!read_all(line, &left, words, &n))
		return false;
	if (line->noun && !line->args.command) {
		const struct command *alone = command_find(line->noun, "_");

		if (alone)
			set_command(line, alone);
	}
	return line->args.command ? place_words(line, words, n) : true;
}

bool line_missing(const struct line *line, struct row_arg *arg)
{
	const char *at = line->args.command->args;

	while (row_arg_next(&at, arg))
		if (arg->positional && !arg->optional &&
		    !args_given(&line->args, arg->name))
			return true;
	return false;
}

/* ---- reading what was parsed -------------------------------------------------------------- */

size_t args_count(const struct args *args, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < args->n; i++)
		n += same(args->list[i].name, name);
	return n;
}

bool args_given(const struct args *args, const char *name)
{
	return args_count(args, name) > 0;
}

const char *args_nth(const struct args *args, const char *name, size_t k)
{
	size_t i;

	for (i = 0; i < args->n; i++)
		if (same(args->list[i].name, name) && k-- == 0)
			return args->list[i].value;
	return NULL;
}

const char *args_get(const struct args *args, const char *name)
{
	size_t n = args_count(args, name);

	return n ? args_nth(args, name, n - 1) : NULL;
}
