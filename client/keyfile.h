/*
 * A person's private key on disk: EC P-256, PKCS#8 in PEM, encrypted with a
 * passphrase (scrypt) unless it is a kiosk's.
 */
#ifndef CLIENT_KEYFILE_H
#define CLIENT_KEYFILE_H

#include <openssl/types.h>
#include <stdbool.h>

#define KEYFILE_NAME "key.pem"
#define KEYFILE_PASS_LEAST 12 /* characters */
#define KEYFILE_PASS_MAX 512  /* bytes */

enum keyfile_result {
	KEYFILE_OK,
	KEYFILE_MISSING,
	KEYFILE_LINK,       /* a symbolic link, or no regular file */
	KEYFILE_OWNER,      /* somebody else's */
	KEYFILE_MODE,       /* others may read it */
	KEYFILE_DAMAGED,    /* cut, or not a key of ours */
	KEYFILE_PASSPHRASE, /* it needs one, or another one */
	KEYFILE_FAILED,     /* not readable or writable: errno */
};

/* A new key; NULL: OpenSSL failed. */
EVP_PKEY *keyfile_make(void);

/* Never over an existing file.  `passphrase` NULL: not encrypted. */
enum keyfile_result keyfile_write(const char *dir, EVP_PKEY *key,
				  const char *passphrase);

/* Whether a passphrase will be needed, without one at hand. */
enum keyfile_result keyfile_check(const char *dir, bool *encrypted);
/* `passphrase` is not looked at when the key is not encrypted. */
enum keyfile_result keyfile_read(const char *dir, const char *passphrase,
				 EVP_PKEY **key);

/* The words of a result, error.key_..., with the file as their argument. */
const char *keyfile_words(enum keyfile_result result);

#endif
