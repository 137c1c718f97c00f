/* A key holder's key: made on the holder's own machine, for one session. */
#include "client/ballot_run.h"
#include "client/handlers.h"

#include <string.h>
#include <unistd.h>

static const char *key_path(struct client *client, struct args *args,
			    const char *option, const char *session)
{
	const char *given = args_get(args, option);

	return given ? given : ballot_path(client, session, "key");
}

/* The key there is (a repeat after a cut), or a new one. */
static enum ballot_file have_key(const char *path, const char *session,
				 bool dry_run, struct seal_holder *holder)
{
	if (access(path, F_OK) == 0)
		return ballot_key_read(path, session, holder);
	if (!seal_holder_new(holder))
		return BALLOT_FILE_BAD;
	return dry_run ? BALLOT_FILE_OK :
			 ballot_key_write(path, session, holder);
}

int ballot_key_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	RegisterSessionKey *body;
	struct seal_holder holder;
	enum ballot_file file;
	const char *path;
	int code;

	if (!request)
		return EXIT_USAGE;
	body = request_body(request);
	path = key_path(client, args, "out", body->session_id);
	file = have_key(path, body->session_id, client_dry_run(client), &holder);
	if (file != BALLOT_FILE_OK)
		return ballot_file_failed(client, file, path);
	seal_wipe(holder.private_key, sizeof(holder.private_key));
	body->has_public_key = 1;
	body->public_key.data = holder.public_key;
	body->public_key.len = sizeof(holder.public_key);
	code = call_show(client, request, NULL);
	if (code == EXIT_DONE && !client_dry_run(client))
		out_hint(client_out(client), "%s",
			 ballot_word(client, "text.ballot_key_kept", path, NULL));
	return code;
}

/* Only when nothing is left that the key could be needed for. */
static bool session_over(const char *state)
{
	return state && (!strcmp(state, "CERTIFIED") ||
			 !strcmp(state, "ARCHIVED") || !strcmp(state, "VOID"));
}

/* A file that is gone was destroyed before, by a command that was cut. */
static int destroy(struct client *client, struct args *args, const char *session)
{
	const char *path = key_path(client, args, "key", session);
	enum ballot_file file;
	Reply *reply;
	bool over;
	int code = ballot_fetch(client, session, &reply);

	if (code != EXIT_DONE)
		return code;
	over = session_over(reply->show_ballot->state);
	call_free(reply);
	if (!over)
		return ballot_fail(client, EXIT_DEFECTS, "ballot_key_needed",
				   session, NULL);
	code = client_confirm(client, CONFIRM_ID, session,
			      word("text.ballot_forget"));
	if (code != EXIT_DONE || client_dry_run(client) ||
	    access(path, F_OK) != 0)
		return code;
	file = ballot_key_destroy(path, session);
	if (file != BALLOT_FILE_OK)
		return ballot_file_failed(client, file, path);
	out_printf(client_out(client), "%s\n",
		   ballot_word(client, "text.ballot_forgotten", session, path));
	return EXIT_DONE;
}

int ballot_forget_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	ForgetKey *body;
	int code;

	if (!request)
		return EXIT_USAGE;
	body = request_body(request);
	code = body->lost ? client_confirm(client, CONFIRM_ID, body->session_id,
					   word("text.ballot_lost")) :
			    destroy(client, args, body->session_id);
	return code == EXIT_DONE ? call_show(client, request, NULL) : code;
}
