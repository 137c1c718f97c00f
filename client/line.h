/*
 * The command line: which command, which options, no meaning yet.
 *
 * Options may stand anywhere before "--".  They come from three tables: the
 * command's own (its row), the fields of its request, and those every command
 * has.
 */
#ifndef CLIENT_LINE_H
#define CLIENT_LINE_H

#include "client/command.h"

/* Options every command has. */
struct settings {
	const char *profile, *acting, *server, *language;
	const char *confirm, *file, *pass_fd, *json_fields;
	bool json, dry_run, quiet, verbose, yes, no_input, wide;
	bool help, version;
};

/* One name with one value of it. */
struct arg {
	const char *name;
	const char *value;
	const char *typed; /* the option as typed, for messages; NULL: positional */
};

struct args {
	const struct command *command;
	const ProtobufCMessageDescriptor *type; /* of the request; NULL: none */
	struct arg *list;
	size_t n, room;
};

/* What is wrong, as a key of words with arguments. */
struct line_trouble {
	const char *key;
	const char *args[4];
	size_t n;
	const char *guess; /* did you mean */
};

struct line {
	struct arena *arena; /* borrowed */
	struct settings settings;
	const char *noun;    /* as in the table, once known */
	struct args args;    /* args.command NULL: no command */
	struct line_trouble trouble;
};

/* An option every command has: for help and completion. */
struct global_option {
	const char *name;
	char letter;       /* 0: none */
	bool takes_value;
	const char *words; /* key */
};
extern const struct global_option global_options[];
extern const size_t global_options_n;

/* False: line->trouble.  Argument 0 is the program's name. */
bool line_parse(struct line *line, struct arena *arena, int argc, char **argv);

/* One piece of a row's arguments. */
struct row_arg {
	char name[64];
	bool positional, own; /* own: not a field of the request */
	bool takes_value;     /* of an option */
	bool many, optional;  /* of a positional */
};
/* Reads the next one; false at the end.  Start with *at = row->args. */
bool row_arg_next(const char **at, struct row_arg *arg);

/* The first positional that must be there and is not; false: none. */
bool line_missing(const struct line *line, struct row_arg *arg);
bool line_add(struct line *line, const char *name, const char *value,
	      const char *typed);

/* "foo_bar" -> "--foo-bar", in the arena. */
const char *line_option(struct arena *arena, const char *field);
/* The letter a field of this message has as a short option, or 0. */
char line_letter(const ProtobufCMessageDescriptor *type, const char *field);

#endif
