/* The voter's side of a slip: its keys, the signature of a cast, the receipt. */
#include "common/seal.h"

#include "common/crypt.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

bool seal_new_code(uint8_t code[CODE_SECRET])
{
	bool ok = RAND_priv_bytes(code, CODE_SECRET) > 0;

	if (!ok)
		OPENSSL_cleanse(code, CODE_SECRET);
	return ok;
}

static bool derive_slip(const uint8_t code[CODE_SECRET], const char *label,
			const char *session, uint8_t out[SEAL_KEY])
{
	struct crypt_context info;

	return crypt_context(&info, label, session) &&
	       crypt_derive(code, CODE_SECRET, NULL, 0, &info, out, SEAL_KEY);
}

bool seal_token(const uint8_t code[CODE_SECRET], const char *session,
		struct seal_slip *slip)
{
	bool ok = derive_slip(code, "zhibu-slip-token-1", session, slip->token) &&
		  SHA256(slip->token, SEAL_KEY, slip->token_hash);

	if (!ok)
		OPENSSL_cleanse(slip, sizeof(*slip));
	return ok;
}

bool seal_slip(const uint8_t code[CODE_SECRET], const char *session,
	       const char *bond, struct seal_slip *slip)
{
	bool ok = seal_token(code, session, slip) &&
		  derive_slip(code, "zhibu-slip-key-1", bond,
			      slip->private_key) &&
		  crypt_public(EVP_PKEY_ED25519, slip->private_key,
			      slip->public_key);

	if (!ok)
		OPENSSL_cleanse(slip, sizeof(*slip));
	return ok;
}

/* label | session | SHA-256(sealed): what a cast is signed over. */
static bool cast_context(const char *session, const uint8_t *sealed, size_t len,
			 struct crypt_context *context)
{
	if (!crypt_context(context, "zhibu-cast-1", session) ||
	    context->len + SEAL_KEY > CRYPT_CONTEXT_MAX)
		return false;
	SHA256(sealed, len, context->data + context->len);
	context->len += SEAL_KEY;
	return true;
}

bool seal_sign(const struct seal_slip *slip, const char *session,
	       const uint8_t sealed[SEAL_SIZE],
	       uint8_t signature[SEAL_SIGNATURE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
		EVP_PKEY_ED25519, NULL, slip->private_key, SEAL_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct crypt_context context;
	size_t len = SEAL_SIGNATURE;
	bool ok = key && ctx &&
		  cast_context(session, sealed, SEAL_SIZE, &context) &&
		  EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) > 0 &&
		  EVP_DigestSign(ctx, signature, &len, context.data,
				 context.len) > 0 &&
		  len == SEAL_SIGNATURE;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (!ok)
		OPENSSL_cleanse(signature, SEAL_SIGNATURE);
	return ok;
}

bool seal_verify(const uint8_t public_key[SEAL_KEY], const char *session,
		 const uint8_t *sealed, size_t sealed_len,
		 const uint8_t signature[SEAL_SIGNATURE])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
						    public_key, SEAL_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct crypt_context context;
	bool ok = key && ctx && sealed_len == SEAL_SIZE &&
		  cast_context(session, sealed, sealed_len, &context) &&
		  EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) > 0 &&
		  EVP_DigestVerify(ctx, signature, SEAL_SIGNATURE, context.data,
				   context.len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok;
}

void seal_receipt(const uint8_t sealed[SEAL_SIZE], char out[CODE_TEN_TEXT])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	SHA256(sealed, SEAL_SIZE, hash);
	code_write_ten(hash, out);
}

void seal_wipe(void *secret, size_t len)
{
	OPENSSL_cleanse(secret, len);
}
