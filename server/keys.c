#include "server/keys.h"

#include "server/files.h"
#include "server/pki.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- files ------------------------------------------------------------- */

X509 *keys_load_certificate(const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *certificate;

	if (!f)
		return NULL;
	errno = EINVAL;
	certificate = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	return certificate;
}

/* A key file others may read is no secret any more. */
static bool is_private(FILE *f)
{
	struct stat st;

	return fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) &&
		st.st_uid == geteuid() && !(st.st_mode & 077);
}

EVP_PKEY *keys_load_key(const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key = NULL;

	if (!f)
		return NULL;
	if (is_private(f)) {
		key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
		errno = EINVAL;
	} else {
		errno = EPERM;
	}
	fclose(f);
	return key;
}

static void print_certificate(FILE *out, const void *certificate)
{
	PEM_write_X509(out, certificate);
}

static void print_key(FILE *out, const void *key)
{
	PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
}

static bool key_path(const struct config *config, char out[PATH_MAX])
{
	return file_join(out, PATH_MAX, config->path.state, KEYS_AUTHORITY_KEY);
}

/* ---- making ------------------------------------------------------------ */

/* The key goes first: a certificate without its key would be no use. */
static bool make_server(const struct config *config, X509 *authority,
	EVP_PKEY *authority_key, const char *deployment_id)
{
	EVP_PKEY *key = pki_new_key();
	X509 *certificate = key ?
		pki_server(authority, authority_key, key, deployment_id) : NULL;
	bool ok = certificate &&
		file_print(config->path.server_key, 0600, print_key, key) &&
		file_print(config->path.server_cert, 0644, print_certificate,
			certificate);

	X509_free(certificate);
	EVP_PKEY_free(key);
	return ok;
}

bool keys_create(const struct config *config, const char *deployment_id)
{
	char path[PATH_MAX];
	EVP_PKEY *key = pki_new_key();
	X509 *authority = key ? pki_authority(key, deployment_id) : NULL;
	bool ok = authority && key_path(config, path) &&
		file_print(path, 0600, print_key, key) &&
		file_print(config->path.authority, 0644, print_certificate,
			authority) &&
		make_server(config, authority, key, deployment_id);

	X509_free(authority);
	EVP_PKEY_free(key);
	return ok;
}

/* ---- looking after them ------------------------------------------------ */

/* Clients know the authority and the server's name, so its key may change. */
static enum keys_state renew(const struct config *config, X509 *authority)
{
	char path[PATH_MAX];
	EVP_PKEY *key = key_path(config, path) ? keys_load_key(path) : NULL;
	char *id = file_read(config->path.deployment_id, 64);
	bool ok = key && id;

	if (ok) {
		id[strcspn(id, "\r\n")] = '\0';
		ok = make_server(config, authority, key, id);
	}
	free(id);
	EVP_PKEY_free(key);
	return ok ? KEYS_RENEWED : KEYS_BROKEN;
}

/* Not so when a renewal was cut between its two files. */
static bool belong_together(const struct config *config, const X509 *certificate)
{
	EVP_PKEY *key = keys_load_key(config->path.server_key);
	bool ok = key && X509_check_private_key(certificate, key) == 1;

	EVP_PKEY_free(key);
	return ok;
}

enum keys_state keys_check(const struct config *config)
{
	X509 *authority = keys_load_certificate(config->path.authority);
	X509 *server = keys_load_certificate(config->path.server_cert);
	enum keys_state state = KEYS_BROKEN;
	int64_t from, to, now = time(NULL);

	if (!authority || !pki_validity(authority, &from, &to))
		goto out;
	state = KEYS_EXPIRED;
	if (to <= now)
		goto out;
	state = KEYS_GOOD;
	if (!server || !pki_validity(server, &from, &to) ||
	    now > from + (to - from) / 3 * 2 || !belong_together(config, server))
		state = renew(config, authority);
out:
	X509_free(authority);
	X509_free(server);
	return state;
}

/* ---- codes ------------------------------------------------------------- */

static bool pin_of(const char *authority_path, uint8_t pin[CODE_PIN])
{
	X509 *authority = keys_load_certificate(authority_path);
	uint8_t *spki = NULL;
	int len = authority ?
		i2d_X509_PUBKEY(X509_get_X509_PUBKEY(authority), &spki) : -1;

	X509_free(authority);
	if (len <= 0)
		return false;
	code_pin(spki, (size_t)len, pin);
	OPENSSL_free(spki);
	return true;
}

bool keys_new_code(const struct config *config, char text[CODE_ENROL_TEXT],
	uint8_t secret_hash[32])
{
	struct code_enrol code;

	if (!pin_of(config->path.authority, code.pin) ||
	    RAND_bytes(code.secret, sizeof(code.secret)) != 1)
		return false;
	SHA256(code.secret, sizeof(code.secret), secret_hash);
	code_write_enrol(&code, text);
	OPENSSL_cleanse(&code, sizeof(code));
	return true;
}
