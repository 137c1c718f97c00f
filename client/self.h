/*
 * The self-assessment on this machine: what the server had when a form was taken
 * (its base), the draft of the guided questions, and how a form is sent.
 *
 * A base is kept for every revision a form was taken on.  With it a form can be
 * looked over off-line, only what was changed is sent, and when somebody else was
 * there first the three can be shown beside each other.
 */
#ifndef CLIENT_SELF_H
#define CLIENT_SELF_H

#include "client/command.h"
#include "client/form.h"

/* A sentence with three arguments; what people typed stays as it is. */
const char *self_say(struct client *client, const char *key, const char *a,
		     const char *b, const char *d);
/* As client_fail with two arguments. */
int self_fail(struct client *client, int code, const char *key, const char *a,
	      const char *b);

/* ---- bases ------------------------------------------------------------------------ */

/* Asks the server (NULL: for the own one) and keeps the answer; *self lives in the
 * arena.  The exit code. */
int self_fetch(struct client *client, const char *self_id, const ShowSelfReply **self);
/* One kept before; NULL: there is none. */
const ShowSelfReply *self_base(struct client *client, const char *self_id,
			       int32_t revision);
/* The one kept last, of any. */
const ShowSelfReply *self_base_newest(struct client *client);
bool self_base_keep(struct client *client, const ShowSelfReply *self);
/* As a form, with everything in it; NULL: no memory. */
struct form *self_as_form(struct client *client, const ShowSelfReply *self);
/* How long a narrative may be; 0: nobody says. */
int32_t self_longest(const ShowSelfReply *self);

/* ---- the draft --------------------------------------------------------------------- */

/* Where it is; NULL: no memory. */
const char *self_draft_path(struct client *client, const char *self_id);
bool self_draft_keep(struct client *client, const struct form *form);
void self_draft_drop(struct client *client, const char *self_id);
/* Their self-assessments, in the arena; how many. */
size_t self_drafts(struct client *client, const char ***self_ids);

/* ---- sending ------------------------------------------------------------------------ */

/* Reads a form, text or table; says every defect.  The exit code. */
int self_read(struct client *client, const char *path, struct form *form);
/* What of `form` is not as on its base, in one save.  `keep`: NULL, "mine" or
 * "theirs", for what somebody else has changed meanwhile.  `path`: where the form
 * is, for the advice; a draft that is sent is gone.  The exit code. */
int self_send(struct client *client, Request *request, const struct form *form,
	      const char *path, const char *keep);
/* Every draft.  The exit code. */
int self_send_drafts(struct client *client);
/* The guided questions, from `item` on (NULL: the first open one). */
int self_guide(struct client *client, Request *request, const char *item);
/* One save as it is, and what came of it. */
int self_save_one(struct client *client, Request *request, size_t items);

#endif
