/*
 * What the commands of a ballot share: fetching a session, its bond, the places
 * of its files in the profile's folder, and saying what went wrong.
 */
#ifndef CLIENT_BALLOT_RUN_H
#define CLIENT_BALLOT_RUN_H

#include "client/ballot.h"
#include "client/call.h"
#include "client/command.h"

#include <stdio.h>

/* The session as its people see it; 0 and *reply (call_free), or the exit code. */
int ballot_fetch(struct client *client, const char *session, Reply **reply);

/* The manifest's bond.  0, or the exit code, said: the roll is not frozen, or the
 * server's answer makes no sense. */
int ballot_need_bond(struct client *client, const BallotManifest *manifest,
		     struct ballot_bond *bond);

/* "王磊 · 焊接": what is asked about, two people of one name told apart (T41); in the
 * arena. */
const char *ballot_item_name(struct client *client, const BallotItem *item);

/* In the profile's folder: CP26-14.key, CP26-14.listed …; in the arena. */
const char *ballot_path(struct client *client, const char *session,
			const char *ending);

/* A line from `file`, or asked for where that is NULL; NULL: there is no more. */
char *ballot_answer(struct client *client, FILE *file, const char *question);
/* Wipes it. */
void ballot_answer_free(char *line);
/* The code of a slip.  0, or the exit code, said; wipe the secret. */
int ballot_ask_code(struct client *client, FILE *file,
		    uint8_t secret[CODE_SECRET]);

/* The published list of receipts, signed, and of exactly these sealed ballots (the
 * SHA-256 of their hashes in order).  0, or the exit code, said. */
int ballot_need_list(struct client *client, char *session,
		     const uint8_t hash[RECEIPT_HASH]);

/* Says a failed file with its path. */
int ballot_file_failed(struct client *client, enum ballot_file result,
		       const char *path);

/* client_fail with up to two arguments (NULL: not given). */
int ballot_fail(struct client *client, int code, const char *key,
		const char *one, const char *two);

/* A word with up to two arguments, in the arena. */
const char *ballot_word(struct client *client, const char *key, const char *one,
			const char *two);

#endif
