/*
 * Enrolment: the key first and on disk, then one request with the code, then the
 * certificate.  Cut off anywhere it can simply be repeated: the key that is
 * there already is used again, and the server answers the same key the same.
 */
#include "client/call.h"
#include "client/client.h"
#include "client/error.h"
#include "client/files.h"
#include "client/handlers.h"
#include "client/keyfile.h"
#include "client/login.h"
#include "common/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static int read_code(struct client *client, const char *text, struct code_enrol *code)
{
	static const char *const words[] = {
		[CODE_LENGTH] = "error.code_length",
		[CODE_CHARACTER] = "error.code_character",
		[CODE_VERSION] = "error.code_version",
		[CODE_CHECK] = "error.code_check",
	};
	enum code_result result = code_read_enrol(text, code);

	if (result == CODE_OK)
		return EXIT_DONE;
	return error_plain(client, EXIT_USAGE, words[result], NULL);
}

/* ---- the key -------------------------------------------------------------------------------- */

/* Twice, where somebody types it; NULL: said. */
char *login_new_passphrase(struct client *client)
{
	char *first = client_passphrase(client, word("text.passphrase_new"));
	char *second;
	bool same;

	if (!first) {
		error_plain(client, EXIT_USAGE, "error.passphrase_none", NULL);
		return NULL;
	}
	if (text_valid(first, strlen(first)) &&
	    text_length(first) < KEYFILE_PASS_LEAST) {
		error_plain(client, EXIT_USAGE, "error.passphrase_short", NULL);
		goto fail;
	}
	if (client->line.settings.pass_fd)
		return first;
	second = client_passphrase(client, word("text.passphrase_again"));
	same = second && strcmp(first, second) == 0;
	if (second)
		OPENSSL_cleanse(second, strlen(second));
	free(second);
	if (same)
		return first;
	error_plain(client, EXIT_USAGE, "error.passphrase_differs", NULL);
fail:
	OPENSSL_cleanse(first, strlen(first));
	free(first);
	return NULL;
}

static int make_key(struct client *client, bool plain)
{
	char *passphrase = plain ? NULL : login_new_passphrase(client);
	enum keyfile_result result = KEYFILE_FAILED;

	if (!plain && !passphrase)
		return EXIT_USAGE;
	if (plain)
		out_say(client->out, "%s", word("text.no_passphrase"));
	client->key = keyfile_make();
	if (client->key && files_make_dir(client->profile.dir))
		result = keyfile_write(client->profile.dir, client->key, passphrase);
	if (passphrase)
		OPENSSL_cleanse(passphrase, strlen(passphrase));
	free(passphrase);
	client->key_plain = plain;
	if (result == KEYFILE_OK)
		return EXIT_DONE;
	return client_key_wrong(client, result);
}

static int have_key(struct client *client, bool plain)
{
	bool encrypted;
	int code = EXIT_USAGE;

	if (keyfile_check(client->profile.dir, &encrypted) == KEYFILE_MISSING)
		return make_key(client, plain);
	return client_need_key(client, &code) ? EXIT_DONE : code;
}

/* ---- the proof ------------------------------------------------------------------------------ */

static bool prove(EVP_PKEY *key, const uint8_t secret[CODE_SECRET],
		  const uint8_t *spki, size_t spki_len, ProtobufCBinaryData *proof,
		  struct arena *arena)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx &&
		  EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSignUpdate(ctx, secret, CODE_SECRET) == 1 &&
		  EVP_DigestSignUpdate(ctx, spki, spki_len) == 1 &&
		  EVP_DigestSignFinal(ctx, NULL, &proof->len) == 1;

	if (ok) {
		proof->data = arena_alloc(arena, proof->len);
		ok = proof->data &&
		     EVP_DigestSignFinal(ctx, proof->data, &proof->len) == 1;
	}
	EVP_MD_CTX_free(ctx);
	return ok;
}

int login_enrol(struct client *client, EVP_PKEY *key,
		const uint8_t secret[CODE_SECRET], Reply **reply)
{
	Request request = REQUEST__INIT;
	Enrol message = ENROL__INIT;
	unsigned char *spki = NULL;
	int len = i2d_PUBKEY(key, &spki);
	uint8_t *kept = (uint8_t *)arena_copy(&client->arena, secret, CODE_SECRET);
	int result = EXIT_FAILED;

	request.body_case = REQUEST__BODY_ENROL;
	request.enrol = &message;
	message.has_secret = message.has_spki = message.has_proof = 1;
	message.secret.data = kept;
	message.secret.len = CODE_SECRET;
	message.spki.data = spki;
	message.spki.len = len > 0 ? (size_t)len : 0;
	if (kept && len > 0 && prove(key, secret, spki, (size_t)len, &message.proof,
				     &client->arena))
		result = call_request(client, &request, reply);
	else
		error_plain(client, result, "error.memory", NULL);
	OPENSSL_free(spki);
	if (kept)
		OPENSSL_cleanse(kept, CODE_SECRET);
	return result;
}

/* ---- the certificate ------------------------------------------------------------------------- */

static X509 *decode(const ProtobufCBinaryData *der)
{
	const unsigned char *p = der->data;
	X509 *certificate = d2i_X509(NULL, &p, (long)der->len);

	if (certificate && p == der->data + der->len)
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* Ours, by the authority that is known; a server is not believed in this. */
X509 *login_certificate(const EnrolReply *answer, X509 *authority, EVP_PKEY *key)
{
	X509 *certificate = decode(&answer->certificate);
	EVP_PKEY *signer = authority ? X509_get0_pubkey(authority) : NULL;
	EVP_PKEY *own = certificate ? X509_get0_pubkey(certificate) : NULL;

	if (signer && own && answer->person_id && EVP_PKEY_eq(own, key) == 1 &&
	    X509_verify(certificate, signer) == 1)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static bool save(struct client *client, X509 *certificate, X509 *authority,
		 const EnrolReply *answer)
{
	struct profile *profile = &client->profile;
	const char *server = client->line.settings.server;

	files_remove(profile->dir, "session-member");
	profile->server = server ? server : profile->server;
	profile->member_port = answer->has_member_port && answer->member_port < 65536
				       ? (uint16_t)answer->member_port
				       : PROFILE_MEMBER_PORT;
	profile->person_id = arena_copy(&client->arena, answer->person_id,
					strlen(answer->person_id));
	profile->acting = NULL;
	return profile->person_id &&
	       profile_save_certificate(profile, "authority.der", authority) &&
	       profile_save_certificate(profile, "certificate.der", certificate) &&
	       profile_save(profile);
}

static int accept_reply(struct client *client, const EnrolReply *answer)
{
	struct profile *profile = &client->profile;
	X509 *authority = link_authority(client->links[LINK_PUBLIC]);
	X509 *certificate = login_certificate(answer, authority, client->key);

	if (!certificate)
		return error_plain(client, EXIT_SECURITY, "error.certificate_strange",
				   NULL);
	X509_up_ref(authority);
	profile_unload(profile);
	profile->authority = authority;
	profile->certificate = certificate;
	if (!save(client, certificate, authority, answer))
		return error_plain(client, EXIT_FAILED, "error.profile_unwritable",
				   strerror(errno));
	return EXIT_DONE;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* Somebody with one office acts in it; somebody with several has to choose. */
static void settle_office(struct client *client, const WhoamiReply *who)
{
	if (who->n_offices == 1) {
		client->profile.acting = who->offices[0]->office;
		profile_save(&client->profile);
		client->profile.acting = NULL;
	} else if (who->n_offices > 1) {
		out_hint(client->out, "%s", word("text.choose_office"));
	}
}

static void greet(struct client *client)
{
	Request request = REQUEST__INIT;
	Whoami whoami = WHOAMI__INIT;
	Reply *reply;

	request.body_case = REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	if (call_request(client, &request, &reply))
		return;
	client_show(client, reply, whoami_view);
	settle_office(client, reply->whoami);
	call_free(reply);
}

static int log_in(struct client *client, struct code_enrol *code, bool plain)
{
	Reply *reply;
	int result = have_key(client, plain);

	if (result)
		return result;
	client->pin = code->pin;
	result = login_enrol(client, client->key, code->secret, &reply);
	client->pin = NULL;
	if (result)
		return result;
	result = accept_reply(client, reply->enrol);
	call_free(reply);
	if (result)
		return result;
	profile_set_current_if_none(&client->arena, client->profile.name);
	out_say(client->out, "%s", word_fill(&client->arena, word("text.logged_in"), 1,
					     &client->profile.person_id));
	greet(client);
	return EXIT_DONE;
}

int login_run(struct client *client, struct args *args)
{
	struct profile *profile = &client->profile;
	const char *text = args_get(args, "code");
	struct code_enrol code;
	int result;

	if (args_given(args, "renew"))
		return renew_run(client, args);
	if (!text)
		return error_plain(client, EXIT_USAGE, "error.code_needed", NULL);
	result = read_code(client, text, &code);
	if (result)
		return result;
	if (!client->line.settings.server && !profile->server)
		return error_plain(client, EXIT_USAGE, "error.server_needed", NULL);
	if (profile->person_id && profile->certificate)
		return error_plain(client, EXIT_USAGE, "error.logged_in_already",
				   profile->person_id);
	/* a code can be used once: it is not tried out */
	if (client_tried_here(client))
		return EXIT_DONE;
	result = log_in(client, &code, args_given(args, "no-passphrase"));
	OPENSSL_cleanse(&code, sizeof(code));
	return result;
}

int logout_run(struct client *client, struct args *args)
{
	(void)args;
	if (!profile_exists(&client->profile))
		return error_plain(client, EXIT_LOGIN, "error.not_logged_in",
				   client->profile.name);
	if (client_tried_here(client))
		return EXIT_DONE;
	if (!profile_forget(&client->profile))
		return error_plain(client, EXIT_FAILED, "error.profile_unwritable",
				   strerror(errno));
	out_say(client->out, "%s", word("text.logged_out"));
	return EXIT_DONE;
}
