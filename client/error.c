#include "client/error.h"

#include "client/fields.h"
#include "client/json.h"
#include "common/error.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 128
#define LIST_MAX 64

static const char *found(const char *prefix, const char *key)
{
	char full[KEY_MAX];
	int n = snprintf(full, sizeof(full), "%s.%s", prefix, key);

	return n > 0 && (size_t)n < sizeof(full) ? word_find(full) : NULL;
}

/* ---- a refusal in words ------------------------------------------------------------------ */

static const char *const *strings(char *const *list)
{
	return (const char *const *)list;
}

/* A key without a sentence still tells something to the help desk. */
static const char *sentence(struct arena *arena, const char *prefix,
			    const char *key, size_t n, char *const *args)
{
	const char *words = found(prefix, key);

	if (!words)
		words = found(strcmp(prefix, "reason") ? "reason" : "refusal", key);
	return word_fill(arena, words ? words : key, n, strings(args));
}

static const char *what_of(struct arena *arena, const struct error_kind *kind,
			   const Refusal *refusal)
{
	const char *key = refusal->key;

	if (!key || !*key || (!found("refusal", key) && !found("reason", key)))
		return word_fill(arena, word_of("refusal", kind->name),
				 refusal->n_args, strings(refusal->args));
	return sentence(arena, "refusal", key, refusal->n_args, refusal->args);
}

static void add_reasons(struct error_text *text, struct arena *arena,
			const Refusal *refusal)
{
	size_t i;

	for (i = 0; i < refusal->n_reasons && i < LIST_MAX; i++) {
		const Reason *r = refusal->reasons[i];

		text->reasons[text->n_reasons++] =
			sentence(arena, "reason", r->key ? r->key : "", r->n_args,
				 r->args);
	}
}

static const char *join(struct arena *arena, const char *a, const char *gap,
			const char *b)
{
	size_t n = strlen(a) + strlen(gap) + strlen(b) + 1;
	char *text = arena_alloc(arena, n);

	if (!text)
		return a;
	snprintf(text, n, "%s%s%s", a, gap, b);
	return text;
}

static const char *command_text(struct arena *arena, const struct command *command)
{
	const char *text = join(arena, "zhibu ", command->noun, "");

	if (strcmp(command->verb, "_") == 0)
		return text;
	return join(arena, text, " ", command->verb);
}

/* Whether a field holds ids of an entity: award_id of award, and session_id of
 * ballot_session. */
static bool is_id_of(const char *field, const char *entity, size_t len)
{
	size_t n = strlen(field);

	if (n < 4 || strcmp(field + n - 3, "_id") != 0)
		return false;
	n -= 3;
	return n <= len && !strncmp(field, entity + len - n, n) &&
	       (n == len || entity[len - n - 1] == '_');
}

/* The object refused is the one meant, if the command begins with its kind of
 * id; for anything else the person has to say. */
static const char *command_for(struct arena *arena, const struct command *command,
			       const Refusal *refusal)
{
	const char *text = command_text(arena, command), *at = command->args;
	const char *state = refusal->n_args > 1 ? refusal->args[1] : "";
	size_t entity = strcspn(state, ".");
	struct row_arg arg;

	while (row_arg_next(&at, &arg) && arg.positional && !arg.optional) {
		bool same = state[entity] && is_id_of(arg.name, state, entity);

		text = join(arena, text, " ", same ? refusal->args[0]
						   : word_field(arg.name));
	}
	return text;
}

static void add_fix(struct error_text *text, const char *fix, const char *command)
{
	if (text->n_fixes == LIST_MAX)
		return;
	text->commands[text->n_fixes] = command;
	text->fixes[text->n_fixes++] = fix;
}

/* An option of the handler's own, or a field of the request that no word of the
 * command line stands for. */
static bool is_option(const struct command *command, const char *name)
{
	const ProtobufCFieldDescriptor *member = command_member(command), *field;
	const char *at = command->args;
	struct row_arg arg;

	while (row_arg_next(&at, &arg))
		if (strcmp(arg.name, name) == 0)
			return !arg.positional;
	if (!member)
		return false;
	field = protobuf_c_message_descriptor_get_field_by_name(member->descriptor,
								name);
	return field && field_kind(field) != FIELD_BYTES;
}

static void add_option(struct error_text *text, struct arena *arena,
		       const struct command *command, const Refusal *refusal)
{
	const char *name = refusal->n_args ? refusal->args[0] : "", *option;

	if (!command || !refusal->key || strcmp(refusal->key, "invalid") != 0 ||
	    !is_option(command, name))
		return;
	option = join(arena, line_option(arena, name), "=", word_field(name));
	add_fix(text, word_put(arena, word("fix.give_option"), 1, &option), NULL);
}

static void add_fixes(struct error_text *text, struct arena *arena,
		      const struct command *typed_now, const Refusal *refusal)
{
	const char *own = refusal->key ? found("fix", refusal->key) : NULL;
	size_t i;

	if (own)
		add_fix(text, word_fill(arena, own, refusal->n_args,
					strings(refusal->args)), NULL);
	add_option(text, arena, typed_now, refusal);
	for (i = 0; i < refusal->n_allowed; i++) {
		const struct command *command =
			command_of_request(refusal->allowed[i]);
		const char *typed;

		if (!command || (typed_now && strcmp(typed_now->request,
						     command->request) == 0))
			continue;
		typed = command_for(arena, command, refusal);
		add_fix(text, join(arena, word_of("request", refusal->allowed[i]),
				   "   ", typed), typed);
	}
	own = text->n_fixes ? NULL : found("fix", text->kind);
	if (own)
		add_fix(text, own, NULL);
}

bool error_of_refusal(struct error_text *text, struct arena *arena,
		      const struct command *command, const Refusal *refusal)
{
	const struct error_kind *kind = error_kind(refusal->code);

	memset(text, 0, sizeof(*text));
	text->reasons = arena_zero(arena, LIST_MAX, sizeof(*text->reasons));
	text->fixes = arena_zero(arena, LIST_MAX, sizeof(*text->fixes));
	text->commands = arena_zero(arena, LIST_MAX, sizeof(*text->commands));
	if (!text->reasons || !text->fixes || !text->commands)
		return false;
	text->code = refusal->code ? refusal->code : kind->code;
	text->kind = kind->name;
	text->exit = kind->exit;
	text->retryable = kind->retryable;
	text->what = what_of(arena, kind, refusal);
	text->number = refusal->ref;
	add_reasons(text, arena, refusal);
	add_fixes(text, arena, command, refusal);
	text->safe = word(refusal->outcome_unknown ? "text.outcome_unknown"
						   : "text.nothing_changed");
	return true;
}

/* ---- saying it --------------------------------------------------------------------------- */

static json_t *string_list(const char **list, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i])
			json_array_append_new(array, json_string(list[i]));
	return array;
}

/* Commands for machines; a sentence where there is none. */
static json_t *fix_list(const struct error_text *text)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < text->n_fixes; i++)
		json_array_append_new(array, json_string(text->commands[i]
			? text->commands[i] : text->fixes[i]));
	return array;
}

static void set_string(json_t *object, const char *name, const char *value)
{
	if (value && *value)
		json_object_set_new(object, name, json_string(value));
}

static void say_json(struct out *out, const struct error_text *text)
{
	json_t *error = json_object(), *whole = json_object();
	char *line;

	set_string(error, "code", text->code);
	set_string(error, "kind", text->kind);
	json_object_set_new(error, "exit", json_integer(text->exit));
	set_string(error, "message", text->what);
	if (text->n_reasons)
		json_object_set_new(error, "reasons",
				    string_list(text->reasons, text->n_reasons));
	if (text->n_fixes)
		json_object_set_new(error, "fix",
				    fix_list(text));
	set_string(error, "requestId", text->number);
	json_object_set_new(error, "retryable", json_boolean(text->retryable));
	json_object_set_new(whole, "error", error);
	line = json_text(whole, JSON_COMPACT);
	out_say(out, "%s", line ? line : "{}");
	free(line);
	json_decref(whole);
}

static void say_list(struct out *out, const char *label, const char **list, size_t n)
{
	int indent = (int)text_width(label);
	size_t i;

	for (i = 0; i < n; i++) {
		if (n == 1)
			out_say(out, "%s%s", label, list[i]);
		else if (i == 0)
			out_say(out, "%s1. %s", label, list[i]);
		else
			out_say(out, "%*s%zu. %s", indent, "", i + 1, list[i]);
	}
}

static void say_words(struct out *out, const struct error_text *text)
{
	if (text->code)
		out_say(out, "%s%s%s%s%s", word("text.error"), text->what,
			word("text.open"), text->code, word("text.close"));
	else
		out_say(out, "%s%s", word("text.error"), text->what);
	say_list(out, word("text.why"), text->reasons, text->n_reasons);
	say_list(out, word("text.how"), text->fixes, text->n_fixes);
	if (text->safe)
		out_say(out, "%s", text->safe);
	if (text->number && *text->number)
		out_say(out, "%s%s%s", word("text.number_before"), text->number,
			word("text.number_after"));
}

int error_say(struct out *out, const struct error_text *text)
{
	if (out_options_of(out)->json)
		say_json(out, text);
	else
		say_words(out, text);
	return text->exit;
}

/* ---- what this machine finds itself -------------------------------------------------------- */

int client_fail(struct client *client, int code, const char *key, size_t n,
		const char *const *args)
{
	struct error_text text = { .exit = code };
	const char *words = word_find(key), *fix;
	const char *fixes[1], *bare = strchr(key, '.');

	if (!words)
		words = found("error", key);
	if (!words)
		words = found("refusal", key);
	text.what = word_put(&client->arena, words ? words : key, n, args);
	fix = found("fix", bare ? bare + 1 : key);
	if (fix) {
		fixes[0] = word_put(&client->arena, fix, n, args);
		text.fixes = fixes;
		text.commands = fixes;
		text.n_fixes = 1;
	}
	return error_say(client->out, &text);
}

int error_plain(struct client *client, int exit, const char *key, const char *arg)
{
	return client_fail(client, exit, key, arg != NULL, &arg);
}
