/*
 * The run: one command line from its words to its exit code.  What the core's
 * own files share; nouns use command.h, call.h and out.h only.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "client/command.h"
#include "client/keyfile.h"
#include "client/line.h"
#include "client/link.h"
#include "client/out_internal.h"
#include "client/profile.h"
#include "common/receipt.h"

struct client {
	struct arena arena;
	struct out *out;
	struct line line;
	struct profile profile;
	bool profile_loaded;
	EVP_PKEY *key;          /* of the profile, once asked for */
	bool key_plain;         /* the file has no passphrase */
	struct link *links[2];  /* enum link_port; NULL until used */
	uint64_t last_id;       /* of the envelopes sent */
	uint8_t signature[RECEIPT_SIGNATURE]; /* of the last reply, see call_signature */
	size_t signature_len;
	bool today_asked;       /* see client_settle_today */
	/* of an enrolment code: what the authority must be, whatever the profile
	 * holds; NULL but in login */
	const uint8_t *pin;
};

/* Everything main() does. */
int client_run(int argc, char **argv);

/* The profile of this run, loaded; NULL: it cannot be read, said. */
struct profile *client_load_profile(struct client *client);
/* As client_load_profile, but somebody must be logged in. */
struct profile *client_need_login(struct client *client);
/* Asks for the passphrase if the key has one.  NULL: said. */
EVP_PKEY *client_need_key(struct client *client, int *code);
/* The code of an office, role@org, from what was typed: 党支部书记@14. */
const char *client_office(struct client *client, const char *typed);
/* Says why the key cannot be used; the exit code. */
int client_key_wrong(struct client *client, enum keyfile_result result);
/* A passphrase, malloc'ed, from --pass-fd or the terminal; NULL: there is none. */
char *client_passphrase(struct client *client, const char *question);

/* A message on stdout as --json wants it, with the fields it names. */
int client_json_message(struct client *client, const ProtobufCMessage *message);

/* Whether this is a dry run of what changes only this machine; said. */
bool client_tried_here(struct client *client);

/* expiry.c: says on stderr which certificates end soon. */
void client_warn_expiry(struct client *client);

/* status.c: says so when this machine's clock is not the server's. */
void client_warn_clock(struct client *client);

/* status.c: takes the server's day for dates that leave it open. */
void client_settle_today(struct client *client);

/* help.c: the screen without arguments, of a noun, of a command. */
int help_bare(struct client *client);
int help_noun(struct client *client, const char *noun);
int help_command(struct client *client, const struct command *command);

/* complete.c: `zhibu __complete WORD...`, before anything else is read. */
int complete_run(int argc, char **argv);

#endif
