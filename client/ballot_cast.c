/*
 * Casting with a slip and no certificate: from a terminal, from a file (or
 * standard input), or one voter after the other on a shared terminal.
 *
 * A file has one answer a line: the code, an option for each item (number, code
 * or word; empty: left open), and the comment where one is asked for.
 */
#include "client/ballot_run.h"
#include "client/files.h"
#include "client/handlers.h"
#include "common/error.h"
#include "common/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define SAVED (SEAL_SIZE + SEAL_SIGNATURE)

/* One voter in front of the program. */
struct voter {
	struct client *client;
	char *session;
	const char *wanted; /* check code the slips show; NULL: not compared */
	FILE *file;         /* answers come from here; NULL: asked for */
	bool kiosk;         /* a shared terminal: asked again, nothing stays on it */
	Reply *reply;       /* holds the paper; NULL: it names members, see need_paper */
	const BallotManifest *manifest;
	struct ballot_bond bond;
	struct seal_slip slip;
	struct ballot_marks marks;
	uint8_t sealed[SEAL_SIZE];
	uint8_t signature[SEAL_SIGNATURE];
};

/* ---- answers ------------------------------------------------------------------ */

static char *answer(struct voter *v, const char *question)
{
	return ballot_answer(v->client, v->file, question);
}

static int get_ballot(struct voter *v, bool with_slip, Reply **reply)
{
	Request request = REQUEST__INIT;
	GetBallot get = GET_BALLOT__INIT;

	get.session_id = v->session;
	get.has_token_hash = with_slip;
	get.token_hash.data = v->slip.token_hash;
	get.token_hash.len = SEAL_KEY;
	request.body_case = REQUEST__BODY_GET_BALLOT;
	request.get_ballot = &get;
	return call_request(v->client, &request, reply);
}

static void drop_paper(struct voter *v)
{
	if (v->reply)
		call_free(v->reply);
	v->reply = NULL;
	v->manifest = NULL;
}

/* The code on the slip says which keys and questions the scrutineer saw: a server
 * that shows others is found out before any choice is typed. */
static int take_paper(struct voter *v, Reply *reply)
{
	int code;

	drop_paper(v);
	v->reply = reply;
	v->manifest = reply->get_ballot->manifest;
	code = ballot_need_bond(v->client, v->manifest, &v->bond);
	if (code == EXIT_DONE && v->wanted &&
	    strcasecmp(v->wanted, v->bond.check) != 0)
		code = ballot_fail(v->client, EXIT_SECURITY,
				   "ballot_manifest_differs", v->bond.check,
				   v->wanted);
	return code;
}

/* A paper with members' names is shown to a slip alone, so it is fetched anew with
 * each; any other was fetched at the start. */
static int need_paper(struct voter *v)
{
	Reply *reply;
	int code;

	if (v->manifest && v->manifest->purpose != BALLOT_PURPOSE__KIND__MEMBERS_ON_MEMBERS)
		return EXIT_DONE;
	code = get_ballot(v, true, &reply);
	return code == EXIT_DONE ? take_paper(v, reply) : code;
}

static int read_code(struct voter *v)
{
	uint8_t secret[CODE_SECRET];
	int code = ballot_ask_code(v->client, v->file, secret);

	if (code == EXIT_DONE && !seal_token(secret, v->session, &v->slip))
		code = EXIT_FAILED;
	if (code == EXIT_DONE)
		code = need_paper(v);
	if (code == EXIT_DONE &&
	    !seal_slip(secret, v->session, v->bond.name, &v->slip))
		code = EXIT_FAILED;
	seal_wipe(secret, sizeof(secret));
	return code;
}

/* The option a person means: its number, its code or its word. */
static int option_of(const BallotItem *item, const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text == 0)
		return 0;
	if (*end == 0)
		return number >= 1 && number <= item->n_options ? (int)number :
								  -1;
	for (size_t i = 0; i < item->n_options; i++)
		if (!strcasecmp(text, item->options[i]) ||
		    !strcmp(text, item->labels[i]))
			return (int)i + 1;
	return -1;
}

static const char *question_of(struct voter *v, const BallotItem *item)
{
	struct out *out = client_out(v->client);
	const char *q = out_format(out, "%d. %s\n  ", item->item_no,
				   ballot_item_name(v->client, item));

	for (size_t i = 0; i < item->n_options; i++)
		q = out_format(out, "%s  %zu %s", q, i + 1, item->labels[i]);
	return out_format(out, "%s\n%s", q, word("text.ballot_ask_mark"));
}

static int read_mark(struct voter *v, size_t i)
{
	const BallotItem *item = v->manifest->items[i];
	int option;
	char *line;

	if (item->n_options == 0)
		return EXIT_DONE;
	do {
		line = answer(v, question_of(v, item));
		if (!line)
			return ballot_fail(v->client, EXIT_USAGE,
					   "ballot_marks_missing", NULL, NULL);
		text_fold(line);
		option = option_of(item, line);
		ballot_answer_free(line);
		if (option < 0)
			ballot_fail(v->client, EXIT_USAGE, "ballot_no_option",
				    item->text, NULL);
	} while (option < 0 && !v->file);
	if (option < 0)
		return EXIT_USAGE;
	v->marks.option[i] = (uint8_t)option;
	return EXIT_DONE;
}

static bool comment_ok(const char *line)
{
	return strlen(line) <= BALLOT_COMMENT && text_valid(line, strlen(line)) &&
	       text_length(line) <= BALLOT_COMMENT_CHARS;
}

static int read_comment(struct voter *v)
{
	char *line;
	bool ok;

	do {
		line = answer(v, word("text.ballot_ask_comment"));
		ok = !line || comment_ok(line);
		if (!ok)
			ballot_fail(v->client, EXIT_USAGE, "ballot_comment_long",
				    NULL, NULL);
		else if (line)
			strcpy(v->marks.comment, line);
		ballot_answer_free(line);
	} while (!ok && !v->file);
	return ok ? EXIT_DONE : EXIT_USAGE;
}

static int read_marks(struct voter *v)
{
	int code = EXIT_DONE;

	v->marks.n = v->manifest->n_items;
	for (size_t i = 0; i < v->marks.n && code == EXIT_DONE; i++)
		code = read_mark(v, i);
	if (code == EXIT_DONE && v->manifest->comments)
		code = read_comment(v);
	return code;
}

/* What was chosen, once more, before it cannot be taken back. */
static int review(struct voter *v)
{
	struct out *out = client_out(v->client);

	if (v->file)
		return EXIT_DONE;
	for (size_t i = 0; i < v->marks.n; i++) {
		const BallotItem *item = v->manifest->items[i];
		uint8_t option = v->marks.option[i];

		if (item->n_options)
			out_say(out, "  %d. %s：%s", item->item_no,
				ballot_item_name(v->client, item),
				option ? item->labels[option - 1] :
					 word("text.ballot_open"));
	}
	return client_confirm(v->client, CONFIRM_YES, v->manifest->session_id,
			      word("text.ballot_cast"));
}

/* ---- sealing and sending ---------------------------------------------------------- */

static bool seal(struct voter *v)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	size_t len;
	bool ok;

	if (!ballot_random(v->marks.nonce, BALLOT_NONCE))
		return false;
	len = ballot_encode(&v->marks, plain);
	ok = len && seal_ballot(plain, len, v->bond.name, v->bond.keys, v->sealed) &&
	     seal_sign(&v->slip, v->bond.name, v->sealed, v->signature);
	seal_wipe(plain, sizeof(plain));
	seal_wipe(&v->marks, sizeof(v->marks));
	return ok;
}

/* Named by the hash the server knows anyway: the file holds neither code nor
 * token, and nobody but the key holders can open it. */
static const char *saved_path(struct voter *v)
{
	char name[17];

	text_hex(v->slip.token_hash, 8, name);
	return ballot_path(v->client, name, "sealed");
}

/* A ballot sealed before and not yet acknowledged: the same bytes are sent again,
 * so that there is one ballot whatever became of the first. */
static bool load_saved(struct voter *v, const char *path)
{
	uint8_t saved[SAVED + 1];
	size_t len;

	if (ballot_file_read(path, saved, sizeof(saved), &len) !=
		    BALLOT_FILE_OK || len != SAVED)
		return false;
	memcpy(v->sealed, saved, SEAL_SIZE);
	memcpy(v->signature, saved + SEAL_SIZE, SEAL_SIGNATURE);
	return seal_verify(v->slip.public_key, v->bond.name, v->sealed,
			   SEAL_SIZE, v->signature);
}

static int save(struct voter *v, const char *path)
{
	uint8_t saved[SAVED];
	enum ballot_file file;

	if (client_dry_run(v->client))
		return EXIT_DONE;
	if (!files_make_dir(client_profile_dir(v->client)))
		return ballot_file_failed(v->client, BALLOT_FILE_SYSTEM, path);
	memcpy(saved, v->sealed, SEAL_SIZE);
	memcpy(saved + SEAL_SIZE, v->signature, SEAL_SIGNATURE);
	unlink(path);
	file = ballot_file_new(path, saved, sizeof(saved));
	return file == BALLOT_FILE_OK ? EXIT_DONE :
					ballot_file_failed(v->client, file, path);
}

static void set_bytes(protobuf_c_boolean *has, ProtobufCBinaryData *to,
		      uint8_t *data, size_t len)
{
	*has = 1;
	to->data = data;
	to->len = len;
}

static int send_ballot(struct voter *v, Reply **reply)
{
	Request request = REQUEST__INIT;
	CastBallot body = CAST_BALLOT__INIT;

	body.session_id = v->manifest->session_id;
	set_bytes(&body.has_token, &body.token, v->slip.token, SEAL_KEY);
	set_bytes(&body.has_sealed, &body.sealed, v->sealed, SEAL_SIZE);
	set_bytes(&body.has_signature, &body.signature, v->signature,
		  SEAL_SIGNATURE);
	request.body_case = REQUEST__BODY_CAST_BALLOT;
	request.cast_ballot = &body;
	return call_try(v->client, &request, reply);
}

/* Whether sending the same bytes once more could still be of use. */
static bool settled(const Refusal *refusal)
{
	return !refusal->outcome_unknown && refusal->code &&
	       !error_kind(refusal->code)->retryable;
}

/* The alternate screen and the erased scroll-back keep nothing of a voter. */
#define SCREEN_ENTER "\033[?1049h\033[2J\033[3J\033[H"
#define SCREEN_CLEAR "\033[2J\033[3J\033[H"
#define SCREEN_LEAVE "\033[2J\033[3J\033[H\033[?1049l"

static void screen(const char *control)
{
	fputs(control, stderr);
	fflush(stderr);
}

/* On a shared terminal the receipt alone is left to be written down. */
static int accepted(struct voter *v, const Reply *reply)
{
	const ProtobufCBinaryData *hash = &reply->cast_ballot->receipt;
	struct out *out = client_out(v->client);
	char receipt[CODE_TEN_TEXT], answered[CODE_TEN_TEXT] = "";

	seal_receipt(v->sealed, receipt);
	if (hash->len >= CODE_SECRET)
		code_write_ten(hash->data, answered);
	if (strcmp(receipt, answered) != 0)
		return ballot_fail(v->client, EXIT_SECURITY,
				   "ballot_receipt_differs", NULL, NULL);
	if (v->kiosk)
		screen(SCREEN_CLEAR);
	if (client_json(v->client))
		return client_show(v->client, reply, NULL);
	out_printf(out, "%s\n", word("text.ballot_in_urn"));
	out_field(out, "receipt", receipt);
	out_pairs_end(out);
	out_hint(out, "%s", ballot_word(v->client, "text.ballot_check_later",
					v->manifest->session_id, receipt));
	return EXIT_DONE;
}

static int cast(struct voter *v)
{
	const char *path = saved_path(v);
	Reply *reply;
	int code = EXIT_DONE;

	if (!load_saved(v, path)) {
		code = read_marks(v);
		if (code == EXIT_DONE)
			code = review(v);
		if (code == EXIT_DONE && !seal(v))
			code = ballot_fail(v->client, EXIT_FAILED,
					   "ballot_malformed", NULL, NULL);
		if (code == EXIT_DONE)
			code = save(v, path);
	}
	if (code == EXIT_DONE)
		code = send_ballot(v, &reply);
	if (code != EXIT_DONE)
		return code;
	if (reply->refusal) {
		if (settled(reply->refusal))
			unlink(path);
		code = call_refused(v->client, reply->refusal);
	} else {
		code = accepted(v, reply);
		unlink(path);
	}
	call_free(reply);
	return code;
}

static int one_voter(struct voter *v)
{
	int code = read_code(v);

	if (code == EXIT_DONE)
		code = cast(v);
	seal_wipe(&v->slip, sizeof(v->slip));
	seal_wipe(&v->marks, sizeof(v->marks));
	seal_wipe(v->sealed, sizeof(v->sealed));
	return code;
}

/* ---- shared terminal ------------------------------------------------------------------ */

/* Blocked rather than ignored: no call on the way can let them in again. */
static void keep_signals_out(void)
{
	sigset_t keys;

	sigemptyset(&keys);
	sigaddset(&keys, SIGINT);
	sigaddset(&keys, SIGQUIT);
	sigaddset(&keys, SIGTSTP);
	sigprocmask(SIG_BLOCK, &keys, NULL);
}

static void title(struct voter *v)
{
	struct out *out = client_out(v->client);

	if (v->manifest)
		out_say(out, "%s  %s  %s %s", v->manifest->org_name, v->session,
			word("text.ballot_check_code"), v->bond.check);
	else
		out_say(out, "%s", v->session);
}

/* Until the scrutineer types the word that ends it: no key combination gives a
 * voter the shell behind. */
static int kiosk(struct voter *v)
{
	char *line;
	bool end = false;

	keep_signals_out();
	while (!end) {
		screen(SCREEN_ENTER);
		title(v);
		one_voter(v);
		line = client_ask(v->client, word("text.ballot_kiosk_next"),
				  false);
		end = !line || !strcmp(line, word("text.ballot_kiosk_end"));
		ballot_answer_free(line);
		screen(SCREEN_CLEAR);
	}
	screen(SCREEN_LEAVE);
	return EXIT_DONE;
}

/* ---- the command --------------------------------------------------------------------------- */

static int open_answers(struct voter *v, struct args *args)
{
	const char *path = args_get(args, "slip_file");

	if (path)
		v->file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	else if (!client_interactive(v->client))
		v->file = stdin;
	if (path && !v->file)
		return ballot_fail(v->client, EXIT_USAGE, "ballot_file_system",
				   path, strerror(errno));
	return EXIT_DONE;
}

static int run_voter(struct voter *v, struct args *args)
{
	int code;

	if (v->kiosk)
		return kiosk(v);
	code = open_answers(v, args);
	if (code != EXIT_DONE)
		return code;
	if (!v->file)
		title(v);
	code = one_voter(v);
	if (v->file && v->file != stdin)
		fclose(v->file);
	return code;
}

int ballot_cast_run(struct client *client, struct args *args)
{
	const struct rlimit none = { 0, 0 };
	Request *request = args_request(client, args);
	struct voter voter = { .client = client,
			       .wanted = args_get(args, "check_code"),
			       .kiosk = args_given(args, "kiosk") };
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	voter.session = ((CastBallot *)request_body(request))->session_id;
	code = get_ballot(&voter, false, &reply);
	if (code == EXIT_DONE && reply->get_ballot->manifest)
		code = take_paper(&voter, reply);
	else if (code == EXIT_DONE)
		call_free(reply);
	if (code == EXIT_DONE)
		code = run_voter(&voter, args);
	drop_paper(&voter);
	return code;
}
