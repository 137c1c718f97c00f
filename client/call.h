/*
 * One request, one reply.
 *
 * call_request() knows from the catalogue what a request needs: the port
 * (anonymous ones go to the public port, without a certificate), and for a
 * signed write the key, the signature and a place in the outbox before the
 * first byte is sent.  It connects on first use, tries again where that is
 * safe, and says every refusal itself.
 */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include "client/command.h"
#include "common/receipt.h"

/* Fills version, acting, dry_run and key (unless set) and sends.  0 and *reply
 * (call_free), or the exit code with *reply NULL, all said.  Anonymous requests
 * need no login when --server is given. */
int call_request(struct client *client, Request *request, Reply **reply);

/* The same and shows the reply by client_show, for whoever does no more with it. */
int call_show(struct client *client, Request *request, command_view *view);

/* As call_request, but a refusal is handed over in *reply instead of being said:
 * 0 with (*reply)->refusal set.  For handlers that can mend it. */
int call_try(struct client *client, Request *request, Reply **reply);

/* Says a refusal (five parts, or JSON) and returns its exit code. */
int call_refused(struct client *client, const Refusal *refusal);

/* Says that a second person must agree first (reply->waiting) and returns 13; on a
 * dry run 0, since the reply is there. */
int call_waits(struct client *client, const Reply *reply);

/* Whether the authority's signature came with the last reply of call_request and is
 * good for this (common/receipt.h). */
bool call_attested(struct client *client, enum receipt_kind kind, const char *session,
		   const uint8_t hash[RECEIPT_HASH]);
/* That signature. */
const uint8_t *call_signature(struct client *client, size_t *len);
/* Whether one kept in a file is. */
bool call_vouched(struct client *client, enum receipt_kind kind, const char *session,
		  const uint8_t hash[RECEIPT_HASH], const uint8_t *signature, size_t len);

void call_free(Reply *reply);

/* Several on their way at once, for what may be asked again without harm and is not
 * signed: on the connection to the member port that is open already.  Nothing is
 * tried again and nothing said; whoever gets no answer asks by call_request. */

/* Sends.  False: not sent, and the connection is closed. */
bool call_ahead(struct client *client, Request *request);
/* The next answer, to whichever of them.  False: none will come, it is closed. */
bool call_answer(struct client *client, uint32_t body_case, Reply **reply);
/* Closes it, with whatever is still on its way. */
void call_hang_up(struct client *client);

/* Sends what the outbox kept once more, byte for byte; the caller holds its
 * lock.  As call_try; an answer that settles the matter drops the entry. */
struct outbox_entry;
int call_again(struct client *client, const struct outbox_entry *entry,
	       Reply **reply);

#endif
