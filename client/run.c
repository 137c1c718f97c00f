#include "client/client.h"

#include "client/call.h"
#include "client/error.h"
#include "client/handlers.h"
#include "client/json.h"
#include "client/keyfile.h"
#include "client/value.h"
#include "common/text.h"
#include "server/catalogue.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ARENA_MAX (64 * 1024 * 1024)
#define FILE_MAX (4 * 1024 * 1024)
#define ANSWER_MAX 8192 /* more than a terminal passes on as one line */
#define PASSPHRASE_TRIES 3

/* ---- what handlers ask ---------------------------------------------------------------------- */

struct out *client_out(struct client *client)
{
	return client->out;
}

struct arena *client_arena(struct client *client)
{
	return &client->arena;
}

const struct command *client_command(const struct client *client)
{
	return client->line.args.command;
}

const char *client_profile(const struct client *client)
{
	return client->profile.name;
}

const char *client_profile_dir(const struct client *client)
{
	return client->profile.dir;
}

const char *client_acting(const struct client *client)
{
	const char *acting = client->line.settings.acting;

	return acting ? acting : client->profile.acting;
}

const char *client_person(const struct client *client)
{
	return client->profile.person_id;
}

bool client_json(const struct client *client)
{
	return client->line.settings.json;
}

bool client_dry_run(const struct client *client)
{
	return client->line.settings.dry_run;
}

bool client_quiet(const struct client *client)
{
	return client->line.settings.quiet;
}

bool client_interactive(const struct client *client)
{
	return !client->line.settings.no_input && isatty(STDIN_FILENO) &&
	       isatty(STDERR_FILENO);
}

/* ---- questions ------------------------------------------------------------------------------ */

static struct termios shown; /* the terminal's settings while it shows nothing */

/* Ctrl-C in the middle of a passphrase must not leave a silent terminal. */
static void on_interrupt(int sig)
{
	(void)sig;
	tcsetattr(STDIN_FILENO, TCSANOW, &shown);
	_exit(EXIT_INTERRUPTED);
}

static bool hide(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	struct termios now;

	if (tcgetattr(STDIN_FILENO, &shown))
		return false;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	now = shown;
	now.c_lflag &= ~(tcflag_t)ECHO;
	return tcsetattr(STDIN_FILENO, TCSAFLUSH, &now) == 0;
}

static void show_again(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	fputc('\n', stderr);
}

/* Byte by byte: nothing after the line may be lost to whoever reads next. */
static char *read_line(int fd)
{
	char *line = malloc(ANSWER_MAX);
	size_t n = 0;
	ssize_t got = 0;

	while (line && n + 1 < ANSWER_MAX && (got = read(fd, line + n, 1)) == 1 &&
	       line[n] != '\n')
		n++;
	if (!line || (got <= 0 && n == 0)) {
		free(line);
		return NULL;
	}
	line[n] = '\0';
	return line;
}

char *client_ask(struct client *client, const char *question, bool secret)
{
	char *answer;

	if (!client_interactive(client))
		return NULL;
	fflush(stdout);
	fprintf(stderr, "%s", question);
	if (secret && !hide())
		return NULL;
	answer = read_line(STDIN_FILENO);
	if (secret)
		show_again();
	return answer;
}

char *client_passphrase(struct client *client, const char *question)
{
	const char *fd = client->line.settings.pass_fd;
	char *end;
	long n;

	if (!fd)
		return client_ask(client, question, true);
	n = strtol(fd, &end, 10);
	return *end || n < 0 || n > 1024 ? NULL : read_line((int)n);
}

static bool says_yes(const char *answer)
{
	static const char *const yes[] = { "是", "y", "yes", "1" };
	char folded[ANSWER_MAX];
	size_t i;

	snprintf(folded, sizeof(folded), "%s", answer);
	text_fold(folded);
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(folded, yes[i]) == 0)
			return true;
	return false;
}

static int confirm_yes(struct client *client, const char *const *args)
{
	const char *question;
	char *answer;
	bool yes;

	if (client->line.settings.yes)
		return EXIT_DONE;
	if (!client_interactive(client))
		return client_fail(client, EXIT_USAGE, "error.confirm_yes", 2, args);
	question = word_put(&client->arena, word("text.confirm_yes"), 2, args);
	answer = client_ask(client, question, false);
	yes = answer && says_yes(answer);
	free(answer);
	return yes ? EXIT_DONE
		   : client_fail(client, EXIT_FAILED, "error.not_confirmed", 0, NULL);
}

static bool same_id(const char *a, const char *b)
{
	char x[ANSWER_MAX], y[ANSWER_MAX];

	snprintf(x, sizeof(x), "%s", a);
	snprintf(y, sizeof(y), "%s", b);
	text_fold(x);
	text_fold(y);
	return strcasecmp(x, y) == 0;
}

static int confirm_id(struct client *client, const char *const *args)
{
	const char *given = client->line.settings.confirm, *question;
	char *answer = NULL;
	bool same;

	if (!given && !client_interactive(client))
		return client_fail(client, EXIT_USAGE, "error.confirm_id", 2, args);
	if (!given) {
		question = word_put(&client->arena, word("text.confirm_id"), 2, args);
		answer = client_ask(client, question, false);
		given = answer ? answer : "";
	}
	same = same_id(given, args[0]);
	free(answer);
	return same ? EXIT_DONE : client_fail(client, EXIT_USAGE,
					      "error.confirm_other", 2, args);
}

int client_confirm(struct client *client, enum confirm_level level,
		   const char *object, const char *what)
{
	const char *args[2] = { object ? object : "", what };

	if (level == CONFIRM_YES && *args[0])
		args[0] = out_format(client->out, "%s%s", word("text.colon"), object);
	if (client_dry_run(client) || level == CONFIRM_NONE)
		return EXIT_DONE;
	return level == CONFIRM_YES ? confirm_yes(client, args)
				    : confirm_id(client, args);
}

/* ---- profile and key ------------------------------------------------------------------------- */

struct profile *client_load_profile(struct client *client)
{
	const char *name, *key;

	if (client->profile_loaded)
		return &client->profile;
	name = profile_choose(&client->arena, client->line.settings.profile);
	if (!profile_load(&client->profile, &client->arena, name, &key)) {
		client_fail(client, EXIT_USAGE, key, 1, &name);
		return NULL;
	}
	client->profile_loaded = true;
	return &client->profile;
}

struct profile *client_need_login(struct client *client)
{
	struct profile *profile = client_load_profile(client);

	if (!profile)
		return NULL;
	if (profile->person_id && profile->certificate && profile->authority)
		return profile;
	client_fail(client, EXIT_LOGIN, "error.not_logged_in", 1, &profile->name);
	return NULL;
}

static enum keyfile_result ask_and_read(struct client *client)
{
	unsigned tries = client->line.settings.pass_fd ? 1 : PASSPHRASE_TRIES;
	enum keyfile_result result = KEYFILE_PASSPHRASE;

	while (tries-- && result == KEYFILE_PASSPHRASE) {
		char *pass = client_passphrase(client, word("text.passphrase"));

		if (!pass)
			return KEYFILE_PASSPHRASE;
		result = keyfile_read(client->profile.dir, pass, &client->key);
		OPENSSL_cleanse(pass, strlen(pass));
		free(pass);
	}
	return result;
}

int client_key_wrong(struct client *client, enum keyfile_result result)
{
	const char *path = out_format(client->out, "%s/%s", client->profile.dir,
				      KEYFILE_NAME);

	return client_fail(client, result == KEYFILE_MISSING ? EXIT_LOGIN : EXIT_USAGE,
			   keyfile_words(result), 1, &path);
}

EVP_PKEY *client_need_key(struct client *client, int *code)
{
	enum keyfile_result result;
	bool encrypted = false;

	if (client->key)
		return client->key;
	result = keyfile_check(client->profile.dir, &encrypted);
	if (result == KEYFILE_OK && encrypted)
		result = ask_and_read(client);
	else if (result == KEYFILE_OK)
		result = keyfile_read(client->profile.dir, NULL, &client->key);
	client->key_plain = !encrypted;
	if (result == KEYFILE_OK)
		return client->key;
	*code = client_key_wrong(client, result);
	return NULL;
}

/* ---- the request ------------------------------------------------------------------------------ */

void *request_body(const Request *request)
{
	const ProtobufCFieldDescriptor *member;

	member = protobuf_c_message_descriptor_get_field(&request__descriptor,
							 request->body_case);
	if (!member)
		return NULL;
	return *(void *const *)fields_at(request, member, 0);
}

static const char *type_name(struct client *client,
			     const ProtobufCFieldDescriptor *field)
{
	return word_fill(&client->arena, word_field(field->name), 0, NULL);
}

static bool value_wrong(struct client *client, const struct arg *arg,
			const ProtobufCFieldDescriptor *field,
			const struct value_trouble *why)
{
	const char *args[3] = { arg->typed ? arg->typed : type_name(client, field),
				arg->value, why->guess ? why->guess : "" };

	/* of a file it is the file that is wrong, not the option */
	if (field_kind(field) == FIELD_BYTES && *arg->value == '@')
		args[0] = arg->value + 1;
	client_fail(client, EXIT_USAGE, why->key, 3, args);
	if (client_json(client))
		return false;
	if (why->guess)
		out_say(client->out, "%s%s", word("text.did_you_mean"), why->guess);
	else if (field_kind(field) == FIELD_ENUM)
		out_say(client->out, "%s%s", word("text.known_are"),
			value_enum_words(client->out, field));
	return false;
}

static bool apply_args(struct client *client, void *body)
{
	const struct args *args = &client->line.args;
	struct value_trouble why;
	size_t i;

	for (i = 0; i < args->n; i++) {
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field_by_name(
				args->type, args->list[i].name);
		void *slot;

		if (!field)
			continue;
		if (field_kind(field) == FIELD_DATE &&
		    value_needs_today(args->list[i].value))
			client_settle_today(client);
		slot = fields_add(&client->arena, body, field);
		memset(&why, 0, sizeof(why));
		why.key = "error.memory";
		if (!slot || !value_parse(&client->arena, field, args->list[i].value,
					  slot, &why))
			return value_wrong(client, &args->list[i], field, &why);
	}
	return true;
}

static bool json_wrong(struct client *client, const struct json_trouble *trouble)
{
	const char *args[2] = { client->line.settings.file, trouble->path };

	client_fail(client, EXIT_USAGE, trouble->key, 2, args);
	return false;
}

static bool apply_json(struct client *client, const char *text, size_t len, void *body)
{
	struct json_trouble trouble = { .key = "error.json_syntax" };
	json_error_t at;
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);
	bool ok;

	if (!object) {
		snprintf(trouble.path, sizeof(trouble.path), "%d:%d", at.line,
			 at.column);
		return json_wrong(client, &trouble);
	}
	ok = json_to_message(&client->arena, object, body, &trouble);
	json_decref(object);
	return ok || json_wrong(client, &trouble);
}

static bool apply_file(struct client *client, void *body)
{
	const char *file = client->line.settings.file, *key;
	size_t len, skip = 0;
	char *text;

	if (!file)
		return true;
	text = value_read_file(&client->arena, file, FILE_MAX, &len, &key);
	if (!text) {
		client_fail(client, EXIT_USAGE, key, 1, &file);
		return false;
	}
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		skip = 3;
	return apply_json(client, text + skip, len - skip, body);
}

static int missing(struct client *client, const struct row_arg *arg)
{
	const char *args[2] = { word_field(arg->name),
				line_option(&client->arena, arg->name) };

	return client_fail(client, EXIT_USAGE, "error.missing", 2, args);
}

/* What a row demands must be there, from wherever it came. */
static bool complete(struct client *client, const void *body)
{
	const char *at = client->line.args.command->args;
	struct row_arg arg;

	while (row_arg_next(&at, &arg)) {
		const ProtobufCFieldDescriptor *field =
			protobuf_c_message_descriptor_get_field_by_name(
				client->line.args.type, arg.name);

		if (!arg.positional || arg.optional || !field ||
		    fields_count(body, field))
			continue;
		missing(client, &arg);
		return false;
	}
	return true;
}

Request *args_request(struct client *client, struct args *args)
{
	const ProtobufCFieldDescriptor *member = command_member(args->command);
	Request *request;
	void *body;

	if (!member) {
		client_fail(client, EXIT_VERSION, "error.request_unknown", 0, NULL);
		return NULL;
	}
	request = fields_new(&client->arena, &request__descriptor);
	body = request ? fields_add_new(&client->arena, request, member) : NULL;
	if (!body) {
		client_fail(client, EXIT_FAILED, "error.memory", 0, NULL);
		return NULL;
	}
	if (!apply_file(client, body) || !apply_args(client, body) ||
	    !complete(client, body))
		return NULL;
	return request;
}

/* ---- showing ----------------------------------------------------------------------------------- */

/* --json=id,state: these fields and no others, in this order; but those that
 * `found` (may be NULL) has already. */
static json_t *select_fields(json_t *object, const char *names, const json_t *found)
{
	json_t *chosen = json_object();
	char list[ANSWER_MAX], *name, *save = NULL;

	snprintf(list, sizeof(list), "%s", names);
	for (name = strtok_r(list, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		json_t *value = json_object_get(object, name);

		if (value && !json_object_get(found, name))
			json_object_set(chosen, name, value);
	}
	json_decref(object);
	return chosen;
}

/* These fields of each row; NULL: no row has any of them. */
static json_t *select_rows(const json_t *list, const char *names, const json_t *found)
{
	json_t *rows = json_array(), *row;
	size_t i, n = 0;

	json_array_foreach(list, i, row) {
		json_t *chosen = json_is_object(row)
			? select_fields(json_incref(row), names, found)
			: json_object();

		n += json_object_size(chosen);
		json_array_append_new(rows, chosen);
	}
	if (n)
		return rows;
	json_decref(rows);
	return NULL;
}

/* What is named; and of the rows of lists, the names not found before them. */
static json_t *choose_fields(json_t *object, const char *names)
{
	json_t *found = select_fields(json_incref(object), names, NULL);
	json_t *chosen = json_copy(found), *value, *rows;
	const char *key;

	json_object_foreach(object, key, value) {
		if (!json_is_array(value) || json_object_get(chosen, key))
			continue;
		rows = select_rows(value, names, found);
		if (rows)
			json_object_set_new(chosen, key, rows);
	}
	json_decref(found);
	json_decref(object);
	return chosen;
}

int client_json_message(struct client *client, const ProtobufCMessage *message)
{
	const char *names = client->line.settings.json_fields;
	json_t *object = json_of_message(message);
	char *text;

	if (object && names)
		object = choose_fields(object, names);
	text = object ? json_text(object, JSON_INDENT(2)) : NULL;
	json_decref(object);
	if (!text)
		return error_plain(client, EXIT_FAILED, "error.memory", NULL);
	out_bytes(client->out, text, strlen(text));
	out_bytes(client->out, "\n", 1);
	free(text);
	return EXIT_DONE;
}

static int show_json(struct client *client, const Reply *reply)
{
	const ProtobufCFieldDescriptor *member =
		protobuf_c_message_descriptor_get_field(&reply__descriptor,
							reply->body_case);

	return member ? client_json_message(client,
		*(const ProtobufCMessage *const *)fields_at(reply, member, 0)) :
		EXIT_FAILED;
}

int client_show(struct client *client, const Reply *reply, command_view *view)
{
	if (client_json(client))
		return show_json(client, reply);
	return view ? view(client, reply) : generic_view(client, reply);
}

int call_show(struct client *client, Request *request, command_view *view)
{
	Reply *reply;
	int code = call_request(client, request, &reply);

	if (code)
		return code;
	if (client_dry_run(client) && !client_json(client))
		out_say(client->out, "%s", word("text.dry_run"));
	code = client_show(client, reply, view);
	call_free(reply);
	return code;
}

/* ---- running ------------------------------------------------------------------------------------- */

static bool signs(const struct command *command)
{
	const ProtobufCFieldDescriptor *member = command_member(command);
	const struct catalogue_row *row = member ? catalogue_find(member->id) : NULL;

	return row && (row->flags & CAT_SIGNED);
}

static int run_generic(struct client *client, const struct command *command)
{
	Request *request = args_request(client, &client->line.args);

	return request ? call_show(client, request, command->view) : EXIT_USAGE;
}

/* Asks for what is missing where somebody can answer; otherwise says which
 * option would have helped. */
static int ask_missing(struct client *client)
{
	struct row_arg arg;

	while (line_missing(&client->line, &arg)) {
		const char *label = word_field(arg.name);
		const ProtobufCFieldDescriptor *field = NULL;
		char *answer, *kept;

		if (client->line.args.type)
			field = protobuf_c_message_descriptor_get_field_by_name(
				client->line.args.type, arg.name);
		if (field && client->line.settings.file)
			return EXIT_DONE;
		answer = client_ask(client, out_format(client->out, "%s%s", label,
						       word("text.colon")), false);
		if (!answer || !*answer) {
			free(answer);
			return missing(client, &arg);
		}
		kept = arena_copy(&client->arena, answer, strlen(answer));
		free(answer);
		if (!kept || !line_add(&client->line,
				       arena_copy(&client->arena, arg.name,
						  strlen(arg.name)), kept, NULL))
			return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* The object of a command is its first argument; what else the words named is
 * said where a yes is asked for. */
static const char *object_of(struct client *client)
{
	const struct args *args = &client->line.args;
	const char *at = args->command->args, *object, *more;
	struct row_arg arg;

	if (!row_arg_next(&at, &arg) || !arg.positional)
		return "";
	object = args_get(args, arg.name);
	object = object ? object : "";
	if (args->command->confirm != CONFIRM_YES)
		return object;
	while (row_arg_next(&at, &arg) && arg.positional) {
		more = args_get(args, arg.name);
		if (more)
			object = out_format(client->out, "%s%s%s %s", object,
				word("text.list_comma"), word_field(arg.name),
				word_fill(&client->arena, "%1", 1, &more));
	}
	return object;
}

/* What a command does, in words: its request, or the command itself. */
static const char *what_of(struct client *client, const struct command *command)
{
	const char *key = out_format(client->out, "command.%s.%s", command->noun,
				     command->verb);
	const char *words = word_find(key);

	return words ? words : word_of("request", command->request);
}

static int run_command(struct client *client)
{
	const struct command *command = client->line.args.command;
	int code = ask_missing(client);

	if (!code && command->confirm)
		code = client_confirm(client, command->confirm,
				      object_of(client),
				      what_of(client, command));
	if (code)
		return code;
	if (!client_load_profile(client))
		return EXIT_USAGE;
	if (signs(command) && client_acting(client))
		out_hint(client->out, "%s%s", word("text.acting_as"),
			 word_fill(&client->arena, "%1", 1,
				   (const char *[]){ client_acting(client) }));
	code = command->handler ? command->handler(client, &client->line.args) :
				  run_generic(client, command);
	client_warn_expiry(client);
	return code;
}

static int line_wrong(struct client *client)
{
	const struct line_trouble *t = &client->line.trouble;
	int code = client_fail(client, EXIT_USAGE, t->key, t->n, t->args);

	if (t->guess && !client_json(client))
		out_say(client->out, "%s%s", word("text.did_you_mean"), t->guess);
	return code;
}

static int dispatch(struct client *client)
{
	struct settings *s = &client->line.settings;

	if (s->version)
		return version_run(client, &client->line.args);
	if (!client->line.noun)
		return help_bare(client);
	if (!client->line.args.command)
		return help_noun(client, client->line.noun);
	if (s->help)
		return help_command(client, client->line.args.command);
	return run_command(client);
}

/* ---- settings from outside ------------------------------------------------------------------------ */

/* The language must be known before anything can be complained about. */
static void choose_language(int argc, char **argv)
{
	const char *chosen = getenv("ZHIBU_LANG");
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strncmp(argv[i], "--lang=", 7) == 0)
			chosen = argv[i] + 7;
		else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
			chosen = argv[i + 1];
	}
	words_use(chosen && strncmp(chosen, "en", 2) == 0 ? LANGUAGE_EN
							  : LANGUAGE_ZH);
}

static void from_environment(struct settings *s)
{
	const struct {
		const char *name;
		const char **value;
	} texts[] = {
		{ "ZHIBU_PROFILE", &s->profile },
		{ "ZHIBU_AS", &s->acting },
		{ "ZHIBU_SERVER", &s->server },
	};
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		value = getenv(texts[i].name);
		if (!*texts[i].value && value && *value)
			*texts[i].value = value;
	}
	value = getenv("ZHIBU_NO_INPUT");
	s->no_input |= value && *value && strcmp(value, "0") != 0;
	value = getenv("ZHIBU_FORMAT");
	s->json |= value && strcmp(value, "json") == 0;
}

const char *client_office(struct client *client, const char *typed)
{
	char *folded = arena_copy(&client->arena, typed, strlen(typed));
	const char *role, *at;

	if (!folded)
		return typed;
	text_fold(folded);
	at = folded + strcspn(folded, "@");
	role = word_code("role.", folded, (size_t)(at - folded));
	return role ? out_format(client->out, "%s%s", role, at) : folded;
}

static void options_of(const struct client *client, struct out_options *options)
{
	const struct settings *s = &client->line.settings;

	*options = (struct out_options){
		.results = stdout,
		.words = stderr,
		.wide = s->wide,
		.quiet = s->quiet,
		.json = s->json,
	};
}

static int finish(struct client *client, int code)
{
	size_t i;

	for (i = 0; i < 2; i++)
		link_close(client->links[i]);
	EVP_PKEY_free(client->key);
	profile_unload(&client->profile);
	if (!out_free(client->out)) {
		fprintf(stderr, "%s\n", word("error.stdout"));
		code = code ? code : EXIT_FAILED;
	}
	arena_free(&client->arena);
	return code;
}

int client_run(int argc, char **argv)
{
	struct client client = { 0 };
	struct out_options options;
	bool parsed;

	signal(SIGPIPE, SIG_IGN);
	umask(077);
	choose_language(argc, argv);
	arena_init(&client.arena, ARENA_MAX);
	parsed = line_parse(&client.line, &client.arena, argc, argv);
	from_environment(&client.line.settings);
	options_of(&client, &options);
	client.out = out_new(&options);
	if (!client.out) {
		fprintf(stderr, "%s\n", word("error.memory"));
		return EXIT_FAILED;
	}
	if (client.line.settings.acting)
		client.line.settings.acting =
			client_office(&client, client.line.settings.acting);
	return finish(&client, parsed ? dispatch(&client) : line_wrong(&client));
}
