/*
 * Objections: the writer's name is sealed on this machine to the designated
 * officers' keys and never sent or kept open; the receipt's code is made here and
 * only its hash is sent.
 */
#include "client/ballot_run.h"
#include "client/fields.h"
#include "client/handlers.h"
#include "common/letter.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ABOUT_MAX (2 * SEAL_KEY + sizeof("letter "))
#define RECEIPT "objection" /* what a receipt's code is derived for */
#define TRIES 3

struct writer {
	uint8_t code[CODE_SECRET];
	struct seal_slip receipt;
	uint8_t sealed[LETTER_SIZE];
	bool named;
};

/* What a letter is bound to: the receipt of this very objection. */
static void about(const uint8_t token_hash[SEAL_KEY], char out[ABOUT_MAX])
{
	text_hex(token_hash, SEAL_KEY, out + strlen(strcpy(out, "letter ")));
}

/* ---- the officers' keys ------------------------------------------------------------ */

static int get_keys(struct client *client, Reply **reply)
{
	Request request = REQUEST__INIT;
	ObjectionKeys get = OBJECTION_KEYS__INIT;

	request.body_case = REQUEST__BODY_OBJECTION_KEYS;
	request.objection_keys = &get;
	return call_request(client, &request, reply);
}

/* The code on the wall says which keys these must be: a server that shows others is
 * found out before anything is sealed to them. */
static int check_keys(struct client *client, struct args *args,
		      const ObjectionKeysReply *from,
		      uint8_t keys[LETTER_RECEIVERS][SEAL_KEY])
{
	const char *wanted = args_get(args, "key_check");
	char check[CODE_TEN_TEXT];

	if (from->n_public_keys == 0)
		return ballot_fail(client, EXIT_DEFECTS, "objection_no_keys",
				   NULL, NULL);
	for (size_t i = 0; i < from->n_public_keys; i++) {
		if (i == LETTER_RECEIVERS ||
		    from->public_keys[i].len != SEAL_KEY)
			return ballot_fail(client, EXIT_SECURITY,
					   "ballot_malformed", NULL, NULL);
		memcpy(keys[i], from->public_keys[i].data, SEAL_KEY);
	}
	if (!letter_check((const uint8_t (*)[SEAL_KEY])keys, from->n_public_keys,
			  check))
		return EXIT_FAILED;
	if (wanted && strcasecmp(wanted, check) != 0)
		return ballot_fail(client, EXIT_SECURITY, "objection_keys_differ",
				   check, wanted);
	out_say(client_out(client), "%s",
		ballot_word(client, "text.objection_sealed_to", check, NULL));
	return EXIT_DONE;
}

/* ---- the writer ----------------------------------------------------------------------- */

static int seal_writer(struct client *client, struct args *args,
		       struct writer *w)
{
	const char *identity = out_format(client_out(client), "%s\n%s",
		args_get(args, "name"), args_get(args, "contact"));
	uint8_t keys[LETTER_RECEIVERS][SEAL_KEY];
	char bond[ABOUT_MAX];
	Reply *reply;
	int code = get_keys(client, &reply);

	if (code != EXIT_DONE)
		return code;
	code = check_keys(client, args, reply->objection_keys, keys);
	about(w->receipt.token_hash, bond);
	if (code == EXIT_DONE &&
	    !letter_seal((const uint8_t (*)[SEAL_KEY])keys,
			 reply->objection_keys->n_public_keys, bond,
			 (const uint8_t *)identity, strlen(identity), w->sealed))
		code = ballot_fail(client, EXIT_USAGE, "objection_name_long",
				   NULL, NULL);
	call_free(reply);
	return code;
}

/* Named or anonymous must be said: neither is a silent default. */
static int make_writer(struct client *client, struct args *args,
		       struct writer *w)
{
	bool anonymous = args_given(args, "anonymous");

	w->named = args_given(args, "name");
	if (anonymous == w->named ||
	    w->named != args_given(args, "contact"))
		return ballot_fail(client, EXIT_USAGE, "objection_named_or_not",
				   NULL, NULL);
	if (!seal_new_code(w->code) || !seal_token(w->code, RECEIPT, &w->receipt))
		return EXIT_FAILED;
	return w->named ? seal_writer(client, args, w) : EXIT_DONE;
}

/* A field of bytes by name; false: no memory.  The bytes are borrowed. */
static bool add_bytes(struct client *client, void *body, const char *name,
		      void *data, size_t len)
{
	const ProtobufCMessage *message = body;
	ProtobufCBinaryData *slot = fields_add(client_arena(client), body,
		protobuf_c_message_descriptor_get_field_by_name(
			message->descriptor, name));

	if (!slot)
		return false;
	slot->data = data;
	slot->len = len;
	return true;
}

/* The same bytes again are the same objection, so a cut line is tried once more. */
static int send(struct client *client, Request *request, Reply **reply)
{
	int code = EXIT_UNREACHABLE;

	for (int i = 0; i < TRIES && code == EXIT_UNREACHABLE; i++)
		code = call_request(client, request, reply);
	return code;
}

/* The code is told even when no answer came: with it can be asked whether the
 * objection arrived. */
static int hand_in(struct client *client, Request *request, struct writer *w)
{
	char code[CODE_SLIP_TEXT];
	Reply *reply;
	int exit = send(client, request, &reply);

	if (exit != EXIT_DONE && exit != EXIT_UNREACHABLE)
		return exit;
	code_write_slip(w->code, code);
	if (!client_dry_run(client))
		out_say(client_out(client), "%s",
			ballot_word(client, "text.objection_receipt", code, NULL));
	if (exit != EXIT_DONE)
		return exit;
	exit = client_show(client, reply, NULL);
	call_free(reply);
	return exit;
}

/* Handed in by the writer, or taken down by an officer: sealed the same way. */
static int seal_and_hand_in(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	struct writer w = { 0 };
	void *body;
	int code;

	if (!request)
		return EXIT_USAGE;
	code = make_writer(client, args, &w);
	body = request_body(request);
	if (code == EXIT_DONE &&
	    (!add_bytes(client, body, "token_hash", w.receipt.token_hash, SEAL_KEY) ||
	     (w.named &&
	      !add_bytes(client, body, "sealed", w.sealed, LETTER_SIZE))))
		code = client_fail(client, EXIT_FAILED, "error.memory", 0, NULL);
	if (code == EXIT_DONE)
		code = hand_in(client, request, &w);
	seal_wipe(&w, sizeof(w));
	return code;
}

int objection_file_run(struct client *client, struct args *args)
{
	return seal_and_hand_in(client, args);
}

int objection_add_run(struct client *client, struct args *args)
{
	return seal_and_hand_in(client, args);
}

/* ---- the receipt ------------------------------------------------------------------------ */

int objection_check_run(struct client *client, struct args *args)
{
	const char *given = args_get(args, "receipt_code");
	Request request = REQUEST__INIT;
	ReadObjection read = READ_OBJECTION__INIT;
	uint8_t secret[CODE_SECRET];
	struct seal_slip receipt;
	int code;

	if (code_read_slip(given, secret) != CODE_OK)
		return ballot_fail(client, EXIT_USAGE, "ballot_receipt_bad",
				   given, NULL);
	if (!seal_token(secret, RECEIPT, &receipt))
		return EXIT_FAILED;
	if (!add_bytes(client, &read, "token", receipt.token, SEAL_KEY))
		return client_fail(client, EXIT_FAILED, "error.memory", 0, NULL);
	request.body_case = REQUEST__BODY_READ_OBJECTION;
	request.read_objection = &read;
	code = call_show(client, &request, NULL);
	seal_wipe(&receipt, sizeof(receipt));
	return code;
}

/* ---- the officer's key, and who wrote it --------------------------------------------------- */

static const char *key_path(struct client *client, struct args *args,
			    const char *option)
{
	const char *given = args_get(args, option);

	return given ? given : ballot_path(client, RECEIPT, "key");
}

int author_key_run(struct client *client, struct args *args)
{
	const char *path = key_path(client, args, "out");
	Request *request = args_request(client, args);
	enum ballot_file file = BALLOT_FILE_OK;
	struct seal_holder holder;
	int code;

	if (!request)
		return EXIT_USAGE;
	file = ballot_key_read(path, RECEIPT, &holder);
	if (file == BALLOT_FILE_SYSTEM && seal_holder_new(&holder))
		file = client_dry_run(client) ? BALLOT_FILE_OK :
			ballot_key_write(path, RECEIPT, &holder);
	if (file != BALLOT_FILE_OK)
		return ballot_file_failed(client, file, path);
	seal_wipe(holder.private_key, sizeof(holder.private_key));
	if (!add_bytes(client, request_body(request), "public_key", holder.public_key,
		       SEAL_KEY))
		return client_fail(client, EXIT_FAILED, "error.memory", 0, NULL);
	code = call_show(client, request, NULL);
	if (code == EXIT_DONE && !client_dry_run(client))
		out_hint(client_out(client), "%s",
			 ballot_word(client, "text.ballot_key_kept", path, NULL));
	return code;
}

static int show_writer(struct client *client, const ReadIdentityReply *from,
		       const struct seal_holder *holder)
{
	uint8_t plain[SEAL_PLAIN_MAX + 1];
	char bond[ABOUT_MAX];
	size_t len = 0;

	if (from->token_hash.len != SEAL_KEY)
		return ballot_fail(client, EXIT_SECURITY, "ballot_malformed",
				   NULL, NULL);
	about(from->token_hash.data, bond);
	if (!letter_open(from->sealed.data, from->sealed.len, bond,
			 holder->private_key, plain, &len))
		return ballot_fail(client, EXIT_SECURITY, "objection_not_to_you",
				   NULL, NULL);
	plain[len] = 0;
	out_printf(client_out(client), "%s\n", (const char *)plain);
	seal_wipe(plain, sizeof(plain));
	return EXIT_DONE;
}

int author_show_run(struct client *client, struct args *args)
{
	const char *path = key_path(client, args, "key");
	Request *request = args_request(client, args);
	struct seal_holder holder;
	enum ballot_file file;
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	code = call_request(client, request, &reply);
	if (code != EXIT_DONE)
		return code;
	file = ballot_key_read(path, RECEIPT, &holder);
	code = file == BALLOT_FILE_OK ?
		show_writer(client, reply->read_identity, &holder) :
		ballot_file_failed(client, file, path);
	call_free(reply);
	seal_wipe(&holder, sizeof(holder));
	return code;
}
