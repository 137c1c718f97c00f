#include "client/ballot_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

int ballot_fail(struct client *client, int code, const char *key,
		const char *one, const char *two)
{
	const char *args[] = { one, two };

	return client_fail(client, code, key, one ? two ? 2 : 1 : 0, args);
}

const char *ballot_word(struct client *client, const char *key, const char *one,
			const char *two)
{
	const char *args[] = { one, two };

	return word_put(client_arena(client), word(key), one ? two ? 2 : 1 : 0,
			args);
}

int ballot_fetch(struct client *client, const char *session, Reply **reply)
{
	char id[SEAL_SESSION_MAX + 1];
	Request request = REQUEST__INIT;
	ShowBallot show = SHOW_BALLOT__INIT;

	if (strlen(session) >= sizeof(id))
		return ballot_fail(client, EXIT_USAGE, "ballot_malformed", NULL,
				   NULL);
	show.session_id = strcpy(id, session);
	request.body_case = REQUEST__BODY_SHOW_BALLOT;
	request.show_ballot = &show;
	return call_request(client, &request, reply);
}

int ballot_need_bond(struct client *client, const BallotManifest *manifest,
		     struct ballot_bond *bond)
{
	if (!manifest)
		return ballot_fail(client, EXIT_DEFECTS, "ballot_roll_first",
				   NULL, NULL);
	if (!ballot_bind(manifest, bond))
		return ballot_fail(client, EXIT_SECURITY, "ballot_malformed",
				   NULL, NULL);
	return EXIT_DONE;
}

const char *ballot_item_name(struct client *client, const BallotItem *item)
{
	return item->mark ? out_format(client_out(client), "%s · %s", item->text,
				       item->mark) :
			    item->text;
}

const char *ballot_path(struct client *client, const char *session,
			const char *ending)
{
	const char *safe = strpbrk(session, "/\\") ? "session" : session;

	return out_format(client_out(client), "%s/%s.%s",
			  client_profile_dir(client), safe, ending);
}

int ballot_file_failed(struct client *client, enum ballot_file result,
		       const char *path)
{
	return ballot_fail(client, EXIT_USAGE, ballot_file_word(result), path,
			   result == BALLOT_FILE_SYSTEM ? strerror(errno) :
							  NULL);
}

static char *line_of(FILE *f)
{
	char *line = calloc(1, LINE_MAX_BYTES);

	if (line && !fgets(line, LINE_MAX_BYTES, f)) {
		free(line);
		return NULL;
	}
	if (line)
		line[strcspn(line, "\r\n")] = 0;
	return line;
}

char *ballot_answer(struct client *client, FILE *file, const char *question)
{
	return file ? line_of(file) : client_ask(client, question, false);
}

void ballot_answer_free(char *line)
{
	if (line)
		seal_wipe(line, strlen(line));
	free(line);
}

static const char *code_trouble(enum code_result result)
{
	return result == CODE_LENGTH ? "slip_code_length" :
	       result == CODE_CHARACTER ? "slip_code_character" :
					  "slip_code_check";
}

int ballot_ask_code(struct client *client, FILE *file,
		    uint8_t secret[CODE_SECRET])
{
	char *line = ballot_answer(client, file, word("text.ballot_ask_code"));
	enum code_result result = line ? code_read_slip(line, secret) :
					 CODE_LENGTH;

	ballot_answer_free(line);
	return result == CODE_OK ? EXIT_DONE :
				   ballot_fail(client, EXIT_USAGE,
					       code_trouble(result), NULL, NULL);
}
