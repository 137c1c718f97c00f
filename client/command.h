/*
 * The contents page of the client: one row a command (commands.def), and what a
 * command written by hand needs.
 *
 * Most commands are a row and nothing else: options from the request's message,
 * one call, the view of the reply.  A handler is for what one call cannot do
 * (files, several calls, prompts); it declares its extra options in the row:
 *
 *   "application_id,@path,--out=,--open"
 *
 * application_id  positional: a field of the request
 * @path           positional of the handler's own, not a field
 * a field + ...   positional taking all the words left (a repeated field)
 * field?          positional that may be left out
 * --out=          option of the handler's own with a value
 * --open          flag of the handler's own
 */
#ifndef CLIENT_COMMAND_H
#define CLIENT_COMMAND_H

#include "client/out.h"
#include "client/words.h"
#include "common/arena.h"
#include "envelope.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;  /* one run of the program: profile, options, connection, output */
struct args;    /* the command line of one command, parsed */
struct command;

/* Both return an exit code (client.md 12.3), 0 when done; what went wrong has
 * been said by then. */
typedef int command_handler(struct client *client, struct args *args);
typedef int command_view(struct client *client, const Reply *reply);

enum confirm_level {
	CONFIRM_NONE = 0,
	CONFIRM_YES = 1, /* yes or no; -y answers */
	CONFIRM_ID = 2,  /* type the object's id; --confirm ID answers */
};

/* One row of commands.def. */
struct command {
	const char *noun, *verb;       /* verb "_": the noun alone */
	const char *zh_noun, *zh_verb;
	const char *request;           /* member of Request.body, or NONE */
	const char *args;              /* as above */
	enum confirm_level confirm;
	command_handler *handler;      /* NULL: options, one call, view */
	command_view *view;            /* NULL: the generic view */
	const char *example;
};

/* All rows in the order of commands.def; *n is set to their number. */
const struct command *command_rows(size_t *n);
/* By English or Chinese words; NULL if there is none. */
const struct command *command_find(const char *noun, const char *verb);
/* The (first) command that makes a request; NULL if there is none. */
const struct command *command_of_request(const char *request);
/* The oneof member of the command's request, or NULL for NONE (or if this
 * program's proto does not have it). */
const ProtobufCFieldDescriptor *command_member(const struct command *command);

/* ---- what the command line said ------------------------------------------------ */

/* The last value of an option or positional by field name ("out", "path",
 * "application_id"), NULL if not given; "" for a flag that was given. */
const char *args_get(const struct args *args, const char *name);
bool args_given(const struct args *args, const char *name);
/* Values of one given several times, in order. */
size_t args_count(const struct args *args, const char *name);
const char *args_nth(const struct args *args, const char *name, size_t i);

/* The row's request, its fields filled from the command line and from -f; lives
 * as long as the client.  NULL: said what is wrong, return EXIT_USAGE. */
Request *args_request(struct client *client, struct args *args);
/* The message within: what `member` of the body points to. */
void *request_body(const Request *request);

/* ---- the run ------------------------------------------------------------------- */

struct out *client_out(struct client *client);
/* Lives as long as the client; for what a handler builds. */
struct arena *client_arena(struct client *client);
const struct command *client_command(const struct client *client);
const char *client_profile(const struct client *client);     /* its name */
const char *client_profile_dir(const struct client *client); /* 0700 */
const char *client_acting(const struct client *client);      /* NULL: not chosen */
const char *client_person(const struct client *client);      /* NULL: not logged in */
const char *client_server(const struct client *client);      /* HOST[:PORT] as it was given */
bool client_json(const struct client *client);
bool client_dry_run(const struct client *client);
bool client_quiet(const struct client *client);
/* Whether a question can be asked: terminals, and no --no-input. */
bool client_interactive(const struct client *client);

/* Shows a reply as the run wants it: JSON, or `view` (NULL: generic). */
int client_show(struct client *client, const Reply *reply, command_view *view);

/* 0: go on.  Otherwise the exit code, said already.  `object` is the id to be
 * typed or named, `what` what would happen, a phrase.  Never asks on a dry
 * run. */
int client_confirm(struct client *client, enum confirm_level level,
		   const char *object, const char *what);

/* One line from the terminal, malloc'ed; NULL: cannot ask, or end of input.
 * `secret`: not echoed, wipe it. */
char *client_ask(struct client *client, const char *question, bool secret);

/* "错误：" and a sentence of words (refusal.<key> or error.<key>) with its
 * arguments, then `code` back.  For what a handler finds itself. */
int client_fail(struct client *client, int code, const char *key, size_t n,
		const char *const *args);

enum client_exit {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_DEFECTS = 3,
	EXIT_LOGIN = 4,
	EXIT_DENIED = 5,
	EXIT_NOTHING = 6,
	EXIT_CONFLICT = 7,
	EXIT_CLOSED = 8,
	EXIT_UNREACHABLE = 9,
	EXIT_PARTLY = 10,
	EXIT_SECURITY = 11,
	EXIT_VERSION = 12,
	EXIT_SECOND = 13,
	EXIT_INTERRUPTED = 130,
};

#endif
