/*
 * Enrolment, the one request SQL cannot answer alone: a person proves a one-time
 * code and gets a certificate of the college's authority.
 *
 *     proof checked -> call.enrol_person -> signer -> call.enrol_complete
 *
 * The code is consumed, the certificate stored and the event appended in one
 * transaction, the last step; whatever dies before leaves nothing behind, and a
 * repeat with the same public key gets the certificate already given.
 */
#ifndef SERVER_IDENTITY_H
#define SERVER_IDENTITY_H

#include "server/database.h"

#include "access.pb-c.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* What enrolment needs of the process that serves it; a member of struct
 * service.  All borrowed, for as long as requests may run. */
struct identity {
	uv_loop_t *loop;
	struct db *db;
	const char *signer_path; /* Unix socket of the signer */
	const uint8_t *authority; /* DER of the authority's certificate */
	size_t authority_len;
	uint32_t member_port;    /* what EnrolReply tells the client */
};

/* Why a native request was refused; `key` is the sentence (client/words), `arg`
 * its one argument or NULL. */
struct native_refusal {
	const char *code; /* common/error.h */
	const char *key;
	const char *arg;
};

/* The end of a native request: exactly one of `reply` and `refusal` is set, both
 * borrowed for the call.  Comes exactly once, later, on the loop. */
typedef void (*native_done)(void *arg, const ProtobufCMessage *reply,
	const struct native_refusal *refusal);

/* Starts; copies what it needs of `enrol`.  There is no cancelling: a caller whose
 * client has left ignores what `done` brings.  False: out of memory, `done` will
 * not come. */
bool identity_enrol(const struct identity *identity, const Enrol *enrol,
	native_done done, void *arg);

#endif
