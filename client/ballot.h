/*
 * The members' ballot on the machines of voters, scrutineer, teller and key
 * holder (design 7): what is sealed, what it is bound to, and the files kept.
 *
 * A ballot before sealing:
 *   version 1 | nonce 16 | items 2 | one byte an item | length 2 | comment
 * where an item's byte is the option's number from 1, 0 if it was left open.
 */
#ifndef CLIENT_BALLOT_H
#define CLIENT_BALLOT_H

#include "common/seal.h"
#include "ballot.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BALLOT_NONCE 16
#define BALLOT_ITEMS 255
#define BALLOT_COMMENT 900       /* bytes: 300 Chinese characters */
#define BALLOT_COMMENT_CHARS 300 /* as flow.count_reasons has it */

/* One voter's marks. */
struct ballot_marks {
	uint8_t nonce[BALLOT_NONCE];
	size_t n;
	uint8_t option[BALLOT_ITEMS];
	char comment[BALLOT_COMMENT + 1];
};

bool ballot_random(uint8_t *bytes, size_t len);

/* Bytes written to `plain`, 0 if they do not fit. */
size_t ballot_encode(const struct ballot_marks *marks,
		     uint8_t plain[SEAL_PLAIN_MAX]);
/* False unless these are exactly the marks of a ballot with this manifest. */
bool ballot_decode(const uint8_t *plain, size_t len,
		   const BallotManifest *manifest, struct ballot_marks *marks);

/* What slips and sealed ballots of a session are bound to. */
struct ballot_bond {
	char name[SEAL_SESSION_MAX + 1]; /* session:hash, for seal.h */
	char check[CODE_TEN_TEXT];       /* the hash, as slips and screens show it */
	uint8_t keys[SEAL_HOLDERS][SEAL_KEY];
};

/* From the manifest's bytes as packed: whoever was shown other keys or questions
 * has another bond.  False: it lacks what a ballot needs. */
bool ballot_bind(const BallotManifest *manifest, struct ballot_bond *bond);

/* A holder's private key for one session in a file only its owner reads. */
enum ballot_file {
	BALLOT_FILE_OK,
	BALLOT_FILE_EXISTS,
	BALLOT_FILE_SYSTEM, /* errno says it */
	BALLOT_FILE_OPEN_TO_OTHERS,
	BALLOT_FILE_BAD,    /* not a key file, or of another session */
};
enum ballot_file ballot_key_write(const char *path, const char *session,
				  const struct seal_holder *holder);
enum ballot_file ballot_key_read(const char *path, const char *session,
				 struct seal_holder *holder);
/* Overwrites and removes it. */
enum ballot_file ballot_key_destroy(const char *path, const char *session);
/* The word of a result, for client_fail. */
const char *ballot_file_word(enum ballot_file result);

/* Writes a new file (never over another) and puts it on disk. */
enum ballot_file ballot_file_new(const char *path, const void *data, size_t len);
/* At most `room` bytes of an ordinary file that only its owner reads. */
enum ballot_file ballot_file_read(const char *path, void *data, size_t room,
				  size_t *len);

#endif
