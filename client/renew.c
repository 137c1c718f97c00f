/*
 * login --renew: the next key, a code for it asked for with the certificate that
 * ends, the certificate, and then both in the place of the old ones.
 *
 * The next key waits in the profile's folder renewal/ until its certificate is
 * there.  Cut off anywhere, the old key goes on and the command is repeated.
 */
#include "client/call.h"
#include "client/client.h"
#include "client/error.h"
#include "client/files.h"
#include "client/handlers.h"
#include "client/login.h"
#include "client/outbox.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static int unwritable(struct client *client)
{
	return error_plain(client, EXIT_FAILED, "error.profile_unwritable",
			   strerror(errno));
}

/* What waits is signed with the key that goes: it is sent first.  A renewal that
 * was cut off is begun anew. */
static int empty_outbox(struct client *client)
{
	struct outbox_list list;
	size_t i;

	if (!outbox_read(client->profile.dir, &client->arena, &list))
		return error_plain(client, EXIT_USAGE, "error.outbox_unwritable",
				   strerror(errno));
	for (i = 0; i < list.n; i++)
		if (strcmp(list.entries[i].request, "renew_certificate") != 0)
			return error_plain(client, EXIT_DEFECTS, "error.renew_outbox",
					   NULL);
	for (i = 0; i < list.n; i++)
		if (!outbox_drop(client->profile.dir, &list.entries[i]))
			return unwritable(client);
	return EXIT_DONE;
}

/* The one that waits, or a new one, with a passphrase if the old one has one. */
static int next_key(struct client *client, const char *dir, EVP_PKEY **key)
{
	char *passphrase = NULL;
	bool encrypted = false;
	enum keyfile_result result = keyfile_check(dir, &encrypted);
	bool is_new = result == KEYFILE_MISSING;

	if (is_new ? !client->key_plain : encrypted) {
		passphrase = is_new ? login_new_passphrase(client) :
			client_passphrase(client, word("text.passphrase_next"));
		if (!passphrase)
			return EXIT_USAGE;
	}
	if (is_new) {
		*key = keyfile_make();
		result = !*key || !files_make_dir(dir) ? KEYFILE_FAILED :
			keyfile_write(dir, *key, passphrase);
	} else {
		result = keyfile_read(dir, passphrase, key);
	}
	if (passphrase)
		OPENSSL_cleanse(passphrase, strlen(passphrase));
	free(passphrase);
	return result == KEYFILE_OK ? EXIT_DONE : client_key_wrong(client, result);
}

static int tell_server(struct client *client, const uint8_t *secret_hash)
{
	Request request = REQUEST__INIT;
	RenewCertificate message = RENEW_CERTIFICATE__INIT;
	Reply *reply;
	int code;

	request.body_case = REQUEST__BODY_RENEW_CERTIFICATE;
	request.renew_certificate = &message;
	if (secret_hash) {
		message.has_secret_hash = 1;
		message.secret_hash.data = (uint8_t *)arena_copy(&client->arena,
			secret_hash, SHA256_DIGEST_LENGTH);
		message.secret_hash.len = SHA256_DIGEST_LENGTH;
	}
	code = call_request(client, &request, &reply);
	if (!code)
		call_free(reply);
	return code;
}

static int fetch(struct client *client, EVP_PKEY *key, X509 **certificate)
{
	uint8_t secret[CODE_SECRET], hash[SHA256_DIGEST_LENGTH];
	Reply *reply = NULL;
	int code;

	if (RAND_bytes(secret, sizeof(secret)) != 1)
		return error_plain(client, EXIT_FAILED, "error.memory", NULL);
	SHA256(secret, sizeof(secret), hash);
	code = tell_server(client, hash);
	if (!code)
		code = login_enrol(client, key, secret, &reply);
	OPENSSL_cleanse(secret, sizeof(secret));
	if (code)
		return code;
	*certificate = login_certificate(reply->enrol, client->profile.authority, key);
	if (!*certificate || strcmp(reply->enrol->person_id, client->profile.person_id))
		code = error_plain(client, EXIT_SECURITY, "error.certificate_strange",
				   NULL);
	call_free(reply);
	return code;
}

/* From now on this is who we are. */
static int take(struct client *client, const char *dir, EVP_PKEY *key,
		X509 *certificate)
{
	struct profile *profile = &client->profile;
	struct profile next = { .dir = dir };
	char day[16];
	struct tm end;
	const char *args[] = { day };

	if (!profile_save_certificate(&next, "certificate.der", certificate) ||
	    !profile_take_renewal(profile))
		return unwritable(client);
	link_close(client->links[LINK_MEMBER]);
	client->links[LINK_MEMBER] = NULL;
	EVP_PKEY_up_ref(key);
	EVP_PKEY_free(client->key);
	client->key = key;
	X509_up_ref(certificate);
	X509_free(profile->certificate);
	profile->certificate = certificate;
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end))
		strftime(day, sizeof(day), "%Y-%m-%d", &end);
	else
		*day = '\0';
	out_say(client->out, "%s", word_fill(&client->arena, word("text.renewed"), 1, args));
	return tell_server(client, NULL);
}

int renew_run(struct client *client, struct args *args)
{
	char dir[FILES_PATH_MAX];
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;
	int code = EXIT_LOGIN;

	(void)args;
	if (!client_need_login(client) || !client_need_key(client, &code))
		return code;
	if (client_tried_here(client))
		return EXIT_DONE;
	if (!profile_renewal_dir(&client->profile, dir))
		return unwritable(client);
	code = empty_outbox(client);
	if (!code)
		code = next_key(client, dir, &key);
	if (!code)
		code = fetch(client, key, &certificate);
	if (!code)
		code = take(client, dir, key, certificate);
	EVP_PKEY_free(key);
	X509_free(certificate);
	return code;
}
