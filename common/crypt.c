#include "common/crypt.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

bool crypt_context(struct crypt_context *context, const char *label,
		   const char *session)
{
	size_t label_len = strlen(label) + 1; /* the NUL ends it */
	size_t session_len = strnlen(session, CRYPT_SESSION_MAX + 1);

	if (session_len == 0 || session_len > CRYPT_SESSION_MAX)
		return false;
	memcpy(context->data, label, label_len);
	memcpy(context->data + label_len, session, session_len);
	context->len = label_len + session_len;
	return true;
}

/* OpenSSL only reads a parameter, but takes it without const. */
static OSSL_PARAM octets(const char *name, const void *data, size_t len)
{
	return OSSL_PARAM_construct_octet_string(
		name, (void *)(uintptr_t)data, len);
}

bool crypt_derive(const uint8_t *secret, size_t secret_len, const uint8_t *salt,
		  size_t salt_len, const struct crypt_context *info, uint8_t *out,
		  size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		octets(OSSL_KDF_PARAM_KEY, secret, secret_len),
		octets(OSSL_KDF_PARAM_INFO, info->data, info->len),
		salt ? octets(OSSL_KDF_PARAM_SALT, salt, salt_len) :
		       OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	bool ok = ctx && EVP_KDF_derive(ctx, out, len, params) > 0;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

bool crypt_encrypt(const uint8_t key[CRYPT_KEY], const uint8_t iv[CRYPT_IV],
		   const uint8_t *aad, size_t aad_len, const uint8_t *in,
		   size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool ok = ctx &&
		  EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) &&
		  EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) &&
		  EVP_EncryptUpdate(ctx, out, &n, in, (int)len) &&
		  EVP_EncryptFinal_ex(ctx, out + len, &n) &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CRYPT_TAG,
				      out + len);

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

bool crypt_decrypt(const uint8_t key[CRYPT_KEY], const uint8_t iv[CRYPT_IV],
		   const uint8_t *aad, size_t aad_len, const uint8_t *in,
		   size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[CRYPT_TAG];
	int n;
	bool ok;

	memcpy(tag, in + len, CRYPT_TAG);
	ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) &&
	     EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_len) &&
	     EVP_DecryptUpdate(ctx, out, &n, in, (int)len) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CRYPT_TAG, tag) &&
	     EVP_DecryptFinal_ex(ctx, out + len, &n) > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		OPENSSL_cleanse(out, len);
	return ok;
}

bool crypt_public(int type, const uint8_t private_key[CRYPT_KEY],
		  uint8_t public_key[CRYPT_KEY])
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(type, NULL, private_key,
						      CRYPT_KEY);
	size_t len = CRYPT_KEY;
	bool ok = pair && EVP_PKEY_get_raw_public_key(pair, public_key, &len) > 0 &&
		  len == CRYPT_KEY;

	EVP_PKEY_free(pair);
	return ok;
}

/* OpenSSL refuses a shared secret of nought, which is what public keys of small
 * order give. */
bool crypt_agree(const uint8_t private_key[CRYPT_KEY],
		 const uint8_t peer_key[CRYPT_KEY], uint8_t shared[CRYPT_KEY])
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
						     private_key, CRYPT_KEY);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
						     peer_key, CRYPT_KEY);
	EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t len = CRYPT_KEY;
	bool ok = ctx && peer && EVP_PKEY_derive_init(ctx) > 0 &&
		  EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
		  EVP_PKEY_derive(ctx, shared, &len) > 0 && len == CRYPT_KEY;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return ok;
}
