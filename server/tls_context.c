#include "server/tls_context.h"

#include "common/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

struct identity_files {
	X509 *authority, *certificate;
	EVP_PKEY *key;
};

static X509 *read_certificate(const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *x = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (file)
		fclose(file);
	ERR_clear_error();
	return x;
}

/* A key under a passphrase cannot be used by a server nobody sits at. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *file = fopen(path, "re");
	EVP_PKEY *key = NULL;

	if (file) {
		key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
		fclose(file);
	}
	ERR_clear_error();
	return key;
}

static void drop(struct identity_files *f)
{
	X509_free(f->authority);
	X509_free(f->certificate);
	EVP_PKEY_free(f->key);
	memset(f, 0, sizeof(*f));
}

static bool read_all(struct identity_files *f, const struct config_paths *path,
		     char *why, size_t cap)
{
	const char *missing = NULL;

	f->authority = read_certificate(path->authority);
	f->certificate = read_certificate(path->server_cert);
	f->key = read_key(path->server_key);
	if (!f->authority)
		missing = path->authority;
	else if (!f->certificate)
		missing = path->server_cert;
	else if (!f->key)
		missing = path->server_key;
	if (missing)
		snprintf(why, cap, "%s cannot be read; zhibud init makes it", missing);
	return !missing;
}

/* A certificate that is not valid yet means a wrong clock: it was made here. */
static bool valid_now(const X509 *x, const char *path, char *why, size_t cap)
{
	if (X509_cmp_current_time(X509_get0_notBefore(x)) >= 0) {
		snprintf(why, cap, "%s is not valid yet: set this machine's clock",
			 path);
		return false;
	}
	if (X509_cmp_current_time(X509_get0_notAfter(x)) <= 0) {
		snprintf(why, cap, "%s has expired and must be renewed", path);
		return false;
	}
	return true;
}

SSL_CTX *tls_context_load(const struct config *config, enum worker_kind kind,
			  char *why, size_t cap)
{
	const struct config_paths *path = &config->path;
	struct identity_files f = { 0 };
	struct tls_settings settings;
	SSL_CTX *ctx = NULL;

	if (read_all(&f, path, why, cap) &&
	    valid_now(f.authority, path->authority, why, cap) &&
	    valid_now(f.certificate, path->server_cert, why, cap)) {
		settings = (struct tls_settings){
			.side = kind == WORKER_MEMBER ? TLS_SIDE_MEMBER
						      : TLS_SIDE_PUBLIC,
			.authority = f.authority,
			.certificate = f.certificate,
			.key = f.key,
		};
		ctx = tls_context_new(&settings, why, cap);
	}
	drop(&f);
	return ctx;
}

static int days_left(const char *path)
{
	X509 *x = read_certificate(path);
	int days = 0, seconds;

	if (x && !ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)))
		days = 0;
	X509_free(x);
	return days;
}

int tls_context_days_left(const struct config *config, const char **which)
{
	int authority = days_left(config->path.authority);
	int certificate = days_left(config->path.server_cert);

	*which = authority < certificate ? config->path.authority
					 : config->path.server_cert;
	return authority < certificate ? authority : certificate;
}
