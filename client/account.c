/*
 * account code: an enrolment code for somebody.  Its secret is made here and the
 * server gets the hash alone, so nobody but the person handed the paper can use
 * it, not even who reads the database.
 */
#include "client/call.h"
#include "client/client.h"
#include "client/handlers.h"
#include "common/code.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* The college's fingerprint, so that the newcomer's client knows the server. */
static bool pin_of(const X509 *authority, uint8_t pin[CODE_PIN])
{
	uint8_t *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(authority), &spki);

	if (len <= 0)
		return false;
	code_pin(spki, (size_t)len, pin);
	OPENSSL_free(spki);
	return true;
}

static const char *label(struct out *out, const IssueCodeReply *who)
{
	return who->mark ? out_format(out, "%s（%s）", who->name, who->mark)
			 : out_format(out, "%s", who->name);
}

static void hand_out(struct client *c, const IssueCodeReply *who,
		     const struct code_enrol *code)
{
	struct out *out = client_out(c);
	const char *args[] = { label(out, who), out_moment(out, who->expires_at) };
	char text[CODE_ENROL_TEXT];

	code_write_enrol(code, text);
	out_say(out, "%s", word_fill(client_arena(c), word("text.account_code"), 2, args));
	out_printf(out, "%s\n", text);
	out_say(out, "%s", word("text.account_hand_over"));
	OPENSSL_cleanse(text, sizeof(text));
}

static int issue(struct client *c, Request *request, struct code_enrol *code)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	Reply *reply;
	int done;

	if (RAND_bytes(code->secret, sizeof(code->secret)) != 1)
		return client_fail(c, EXIT_FAILED, "memory", 0, NULL);
	SHA256(code->secret, sizeof(code->secret), hash);
	request->issue_code->has_secret_hash = 1;
	request->issue_code->secret_hash.data = hash;
	request->issue_code->secret_hash.len = sizeof(hash);
	done = call_request(c, request, &reply);
	if (done != EXIT_DONE)
		return done;
	if (!client_dry_run(c))
		hand_out(c, reply->issue_code, code);
	call_free(reply);
	return EXIT_DONE;
}

int account_code_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	struct code_enrol code;
	struct profile *profile;
	int done;

	if (!request)
		return EXIT_USAGE;
	profile = client_need_login(client);
	if (!profile)
		return EXIT_LOGIN;
	if (!profile->authority || !pin_of(profile->authority, code.pin))
		return client_fail(client, EXIT_SECURITY, "account_authority", 0, NULL);
	done = issue(client, request, &code);
	OPENSSL_cleanse(&code, sizeof(code));
	return done;
}
