#include "client/keyfile.h"

#include "client/files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 8192
/* scrypt: 50 ms and 16 MiB a guess, and readable by `openssl pkey`; twice the N
 * passes OpenSSL's memory limit. */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 1

const char *keyfile_words(enum keyfile_result result)
{
	static const char *const words[] = {
		[KEYFILE_OK] = "text.ok",
		[KEYFILE_MISSING] = "error.key_missing",
		[KEYFILE_LINK] = "error.key_link",
		[KEYFILE_OWNER] = "error.key_owner",
		[KEYFILE_MODE] = "error.key_mode",
		[KEYFILE_DAMAGED] = "error.key_damaged",
		[KEYFILE_PASSPHRASE] = "error.key_passphrase",
		[KEYFILE_FAILED] = "error.key_failed",
	};

	return words[result];
}

EVP_PKEY *keyfile_make(void)
{
	return EVP_EC_gen("P-256");
}

/* ---- writing ------------------------------------------------------------------------- */

static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *info, const char *passphrase)
{
	X509_ALGOR *scrypt = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL,
						   SCRYPT_N, SCRYPT_R, SCRYPT_P);
	X509_SIG *sealed;

	if (!scrypt)
		return NULL;
	sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), info, scrypt);
	if (!sealed)
		X509_ALGOR_free(scrypt);
	return sealed;
}

static bool print_key(BIO *bio, PKCS8_PRIV_KEY_INFO *info, const char *passphrase)
{
	X509_SIG *sealed;
	bool ok;

	if (!passphrase)
		return PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info);
	sealed = encrypt(info, passphrase);
	ok = sealed && PEM_write_bio_PKCS8(bio, sealed);
	X509_SIG_free(sealed);
	return ok;
}

enum keyfile_result keyfile_write(const char *dir, EVP_PKEY *key,
				  const char *passphrase)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	BIO *bio = BIO_new(BIO_s_secmem());
	enum keyfile_result result = KEYFILE_FAILED;
	char path[FILES_PATH_MAX];
	struct stat st;
	char *pem;
	long len;

	errno = EEXIST;
	if (!info || !bio || !files_join(path, dir, KEYFILE_NAME) ||
	    lstat(path, &st) == 0 || !print_key(bio, info, passphrase))
		goto out;
	len = BIO_get_mem_data(bio, &pem);
	if (len > 0 && files_write(dir, KEYFILE_NAME, pem, (size_t)len))
		result = KEYFILE_OK;
out:
	BIO_free(bio);
	PKCS8_PRIV_KEY_INFO_free(info);
	ERR_clear_error();
	return result;
}

/* ---- reading ------------------------------------------------------------------------- */

static enum keyfile_result check_open(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return KEYFILE_FAILED;
	if (!S_ISREG(st.st_mode))
		return KEYFILE_LINK;
	if (st.st_uid != geteuid())
		return KEYFILE_OWNER;
	if (st.st_mode & 077)
		return KEYFILE_MODE;
	return st.st_size > FILE_MAX ? KEYFILE_DAMAGED : KEYFILE_OK;
}

static enum keyfile_result slurp(int fd, char pem[FILE_MAX + 1])
{
	ssize_t n = read(fd, pem, FILE_MAX);

	if (n < 0)
		return KEYFILE_FAILED;
	pem[n] = '\0';
	return KEYFILE_OK;
}

static enum keyfile_result read_pem(const char *dir, char pem[FILE_MAX + 1])
{
	enum keyfile_result result;
	char path[FILES_PATH_MAX];
	int fd;

	if (!files_join(path, dir, KEYFILE_NAME))
		return KEYFILE_FAILED;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? KEYFILE_MISSING :
		       errno == ELOOP ? KEYFILE_LINK : KEYFILE_FAILED;
	result = check_open(fd);
	if (result == KEYFILE_OK)
		result = slurp(fd, pem);
	close(fd);
	return result;
}

static bool is_encrypted(const char *pem)
{
	return strstr(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----") != NULL;
}

enum keyfile_result keyfile_check(const char *dir, bool *encrypted)
{
	char pem[FILE_MAX + 1];
	enum keyfile_result result = read_pem(dir, pem);

	if (result == KEYFILE_OK) {
		*encrypted = is_encrypted(pem);
		if (!*encrypted && !strstr(pem, "-----BEGIN PRIVATE KEY-----"))
			result = KEYFILE_DAMAGED;
	}
	OPENSSL_cleanse(pem, sizeof(pem));
	return result;
}

static int give_passphrase(char *buf, int size, int rwflag, void *arg)
{
	const char *passphrase = arg;
	size_t n = passphrase ? strlen(passphrase) : 0;

	(void)rwflag;
	if (!passphrase || n > (size_t)size)
		return -1;
	memcpy(buf, passphrase, n);
	return (int)n;
}

static bool is_p256(EVP_PKEY *key)
{
	char group[32] = "";
	size_t len;

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(key, group, sizeof(group), &len) &&
	       strcmp(group, "prime256v1") == 0;
}

/* A wrong passphrase cannot be told from bytes that changed within; a file that
 * was cut has no end. */
static enum keyfile_result why(const char *pem)
{
	bool whole = strstr(pem, "-----END ") != NULL;

	return whole && is_encrypted(pem) ? KEYFILE_PASSPHRASE : KEYFILE_DAMAGED;
}

enum keyfile_result keyfile_read(const char *dir, const char *passphrase,
				 EVP_PKEY **key)
{
	char pem[FILE_MAX + 1];
	enum keyfile_result result = read_pem(dir, pem);
	EVP_PKEY *found = NULL;
	char *pass;
	BIO *bio;

	if (result != KEYFILE_OK)
		return result;
	pass = passphrase ? OPENSSL_strdup(passphrase) : NULL;
	bio = BIO_new_mem_buf(pem, -1);
	if (bio)
		found = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, pass);
	if (!found)
		result = why(pem);
	else if (!is_p256(found))
		result = KEYFILE_DAMAGED;
	if (result == KEYFILE_OK)
		*key = found;
	else
		EVP_PKEY_free(found);
	BIO_free(bio);
	if (pass)
		OPENSSL_clear_free(pass, strlen(pass));
	OPENSSL_cleanse(pem, sizeof(pem));
	ERR_clear_error();
	return result;
}
