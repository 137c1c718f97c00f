#include "common/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#define VERSION 1
#define TAG 16
#define IV 12
#define BOX_OVERHEAD (SEAL_KEY + TAG)
#define INNER (SEAL_KEY + BOX_OVERHEAD)
#define WRAP (INNER + BOX_OVERHEAD)
#define HEAD (1 + SEAL_KEY) /* version, commitment */
#define WRAPS (SEAL_HOLDERS * WRAP)
#define BODY (SEAL_PADDED + TAG)
#define CONTEXT_MAX (64 + SEAL_SESSION_MAX)

_Static_assert(HEAD + WRAPS + BODY == SEAL_SIZE, "one size only");

/* The pairs of holders in the order of their wraps. */
static const int pairs[SEAL_HOLDERS][2] = { { 0, 1 }, { 0, 2 }, { 1, 2 } };

/* A purpose and the session, joined so that no two purposes or sessions give
 * the same bytes: every key, every signature is for one of each. */
struct context {
	uint8_t data[CONTEXT_MAX];
	size_t len;
};

/* What a content key becomes. */
struct content {
	uint8_t key[SEAL_KEY];
	uint8_t commitment[SEAL_KEY];
	uint8_t iv[IV];
};

static bool set_context(struct context *context, const char *label,
			const char *session)
{
	size_t label_len = strlen(label) + 1; /* the NUL ends it */
	size_t session_len = strnlen(session, SEAL_SESSION_MAX + 1);

	if (session_len == 0 || session_len > SEAL_SESSION_MAX)
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

/* Without salt if that is NULL. */
static bool hkdf(const uint8_t *secret, size_t secret_len, const uint8_t *salt,
		 size_t salt_len, const struct context *info, uint8_t *out,
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

/* AES-256-GCM; out is len + TAG bytes. */
static bool encrypt(const uint8_t key[SEAL_KEY], const uint8_t iv[IV],
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
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + len);

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

/* in is len + TAG bytes; out is cleared if they are not what was encrypted. */
static bool decrypt(const uint8_t key[SEAL_KEY], const uint8_t iv[IV],
		    const uint8_t *aad, size_t aad_len, const uint8_t *in,
		    size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG];
	int n;
	bool ok;

	memcpy(tag, in + len, TAG);
	ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) &&
	     EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_len) &&
	     EVP_DecryptUpdate(ctx, out, &n, in, (int)len) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) &&
	     EVP_DecryptFinal_ex(ctx, out + len, &n) > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		OPENSSL_cleanse(out, len);
	return ok;
}

/* Both halves of a pair of the given kind, from the private half. */
static bool public_half(int type, const uint8_t private_key[SEAL_KEY],
			uint8_t public_key[SEAL_KEY])
{
	EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(type, NULL, private_key,
						      SEAL_KEY);
	size_t len = SEAL_KEY;
	bool ok = pair && EVP_PKEY_get_raw_public_key(pair, public_key, &len) > 0 &&
		  len == SEAL_KEY;

	EVP_PKEY_free(pair);
	return ok;
}

/* X25519; OpenSSL refuses a shared secret of nought, which is what public keys
 * of small order (all zeros among them) give. */
static bool agree(const uint8_t private_key[SEAL_KEY],
		  const uint8_t peer_key[SEAL_KEY], uint8_t shared[SEAL_KEY])
{
	EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
						     private_key, SEAL_KEY);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
						     peer_key, SEAL_KEY);
	EVP_PKEY_CTX *ctx = own ? EVP_PKEY_CTX_new(own, NULL) : NULL;
	size_t len = SEAL_KEY;
	bool ok = ctx && peer && EVP_PKEY_derive_init(ctx) > 0 &&
		  EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
		  EVP_PKEY_derive(ctx, shared, &len) > 0 && len == SEAL_KEY;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(own);
	return ok;
}

/* The key of a box, used once, so that its nonce can be nought. */
static bool box_key(const uint8_t private_key[SEAL_KEY],
		    const uint8_t peer_key[SEAL_KEY],
		    const uint8_t ephemeral[SEAL_KEY],
		    const uint8_t receiver[SEAL_KEY], const char *session,
		    uint8_t key[SEAL_KEY])
{
	uint8_t shared[SEAL_KEY], salt[2 * SEAL_KEY];
	struct context info;
	bool ok;

	memcpy(salt, ephemeral, SEAL_KEY);
	memcpy(salt + SEAL_KEY, receiver, SEAL_KEY);
	ok = set_context(&info, "zhibu-box-1", session) &&
	     agree(private_key, peer_key, shared) &&
	     hkdf(shared, sizeof(shared), salt, sizeof(salt), &info, key, SEAL_KEY);
	OPENSSL_cleanse(shared, sizeof(shared));
	return ok;
}

static const uint8_t no_iv[IV];

/* out: len + BOX_OVERHEAD bytes. */
static bool box(const uint8_t receiver[SEAL_KEY], const char *session,
		const uint8_t *in, size_t len, uint8_t *out)
{
	struct seal_holder ephemeral;
	uint8_t key[SEAL_KEY];
	bool ok = seal_holder_new(&ephemeral) &&
		  box_key(ephemeral.private_key, receiver, ephemeral.public_key,
			  receiver, session, key) &&
		  encrypt(key, no_iv, NULL, 0, in, len, out + SEAL_KEY);

	memcpy(out, ephemeral.public_key, SEAL_KEY);
	OPENSSL_cleanse(&ephemeral, sizeof(ephemeral));
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

/* out: len bytes; in: len + BOX_OVERHEAD. */
static bool unbox(const struct seal_holder *holder, const char *session,
		  const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t key[SEAL_KEY];
	bool ok = box_key(holder->private_key, in, in, holder->public_key,
			  session, key) &&
		  decrypt(key, no_iv, NULL, 0, in + SEAL_KEY, len, out);

	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

static bool derive_content(const uint8_t secret[SEAL_KEY], const char *session,
			   struct content *content)
{
	uint8_t out[2 * SEAL_KEY + IV];
	struct context info;
	bool ok = set_context(&info, "zhibu-ballot-1", session) &&
		  hkdf(secret, SEAL_KEY, NULL, 0, &info, out, sizeof(out));

	memcpy(content->key, out, SEAL_KEY);
	memcpy(content->commitment, out + SEAL_KEY, SEAL_KEY);
	memcpy(content->iv, out + 2 * SEAL_KEY, IV);
	OPENSSL_cleanse(out, sizeof(out));
	return ok;
}

/* box(a, box(b, secret)) */
static bool wrap(const uint8_t a[SEAL_KEY], const uint8_t b[SEAL_KEY],
		 const char *session, const uint8_t secret[SEAL_KEY],
		 uint8_t out[WRAP])
{
	uint8_t inner[INNER];

	return box(b, session, secret, SEAL_KEY, inner) &&
	       box(a, session, inner, sizeof(inner), out);
}

static bool wrap_all(const uint8_t holders[SEAL_HOLDERS][SEAL_KEY],
		     const char *session, const uint8_t secret[SEAL_KEY],
		     uint8_t out[WRAPS])
{
	bool ok = true;
	int i;

	for (i = 0; i < SEAL_HOLDERS && ok; i++)
		ok = wrap(holders[pairs[i][0]], holders[pairs[i][1]], session,
			  secret, out + i * WRAP);
	return ok;
}

/* Everything before the body, and the session, is bound to it. */
static bool body_context(const uint8_t *sealed, const char *session,
			 uint8_t *aad, size_t *len)
{
	struct context context;

	if (!set_context(&context, "zhibu-body-1", session))
		return false;
	memcpy(aad, context.data, context.len);
	memcpy(aad + context.len, sealed, HEAD + WRAPS);
	*len = context.len + HEAD + WRAPS;
	return true;
}

static bool seal_body(const struct content *content, const char *session,
		      const uint8_t *plain, size_t len,
		      uint8_t sealed[SEAL_SIZE])
{
	uint8_t padded[SEAL_PADDED] = { 0 }, aad[CONTEXT_MAX + HEAD + WRAPS];
	size_t aad_len;
	bool ok;

	padded[0] = (uint8_t)(len >> 8);
	padded[1] = (uint8_t)len;
	if (len)
		memcpy(padded + 2, plain, len);
	ok = body_context(sealed, session, aad, &aad_len) &&
	     encrypt(content->key, content->iv, aad, aad_len, padded,
		     sizeof(padded), sealed + HEAD + WRAPS);
	OPENSSL_cleanse(padded, sizeof(padded));
	return ok;
}

static bool distinct(const uint8_t holders[SEAL_HOLDERS][SEAL_KEY])
{
	int i;

	for (i = 0; i < SEAL_HOLDERS; i++) {
		if (memcmp(holders[pairs[i][0]], holders[pairs[i][1]],
			   SEAL_KEY) == 0)
			return false;
	}
	return true;
}

bool seal_ballot(const uint8_t *plain, size_t len, const char *session,
		 const uint8_t holders[SEAL_HOLDERS][SEAL_KEY],
		 uint8_t sealed[SEAL_SIZE])
{
	uint8_t secret[SEAL_KEY] = { 0 };
	struct content content;
	bool ok = len <= SEAL_PLAIN_MAX && distinct(holders) &&
		  RAND_priv_bytes(secret, sizeof(secret)) > 0 &&
		  derive_content(secret, session, &content);

	if (ok) {
		sealed[0] = VERSION;
		memcpy(sealed + 1, content.commitment, SEAL_KEY);
		ok = wrap_all(holders, session, secret, sealed + HEAD) &&
		     seal_body(&content, session, plain, len, sealed);
	}
	OPENSSL_cleanse(secret, sizeof(secret));
	OPENSSL_cleanse(&content, sizeof(content));
	if (!ok)
		OPENSSL_cleanse(sealed, SEAL_SIZE);
	return ok;
}

/* Which wrap is for holders a < b, or -1. */
static int pair_of(int a, int b)
{
	int i;

	for (i = 0; i < SEAL_HOLDERS; i++) {
		if (pairs[i][0] == a && pairs[i][1] == b)
			return i;
	}
	return -1;
}

static bool unwrap(const uint8_t in[WRAP], const char *session,
		   const uint8_t key_a[SEAL_KEY], const uint8_t key_b[SEAL_KEY],
		   uint8_t secret[SEAL_KEY])
{
	struct seal_holder a, b;
	uint8_t inner[INNER];
	bool ok = seal_holder_from(key_a, &a) && seal_holder_from(key_b, &b) &&
		  unbox(&a, session, in, sizeof(inner), inner) &&
		  unbox(&b, session, inner, SEAL_KEY, secret);

	OPENSSL_cleanse(&a, sizeof(a));
	OPENSSL_cleanse(&b, sizeof(b));
	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}

/* The length first; what follows the text must be zeros, else there would be
 * room for a mark. */
static bool unpad(const uint8_t padded[SEAL_PADDED],
		  uint8_t plain[SEAL_PLAIN_MAX], size_t *len)
{
	size_t n = (size_t)padded[0] << 8 | padded[1], i;
	uint8_t rest = 0;

	if (n > SEAL_PLAIN_MAX)
		return false;
	for (i = 2 + n; i < SEAL_PADDED; i++)
		rest |= padded[i];
	if (rest)
		return false;
	memset(plain, 0, SEAL_PLAIN_MAX);
	memcpy(plain, padded + 2, n);
	*len = n;
	return true;
}

static bool open_body(const uint8_t *sealed, const char *session,
		      const uint8_t secret[SEAL_KEY],
		      uint8_t plain[SEAL_PLAIN_MAX], size_t *len)
{
	uint8_t padded[SEAL_PADDED], aad[CONTEXT_MAX + HEAD + WRAPS];
	struct content content;
	size_t aad_len;
	bool ok = derive_content(secret, session, &content) &&
		  CRYPTO_memcmp(content.commitment, sealed + 1, SEAL_KEY) == 0 &&
		  body_context(sealed, session, aad, &aad_len) &&
		  decrypt(content.key, content.iv, aad, aad_len,
			  sealed + HEAD + WRAPS, SEAL_PADDED, padded) &&
		  unpad(padded, plain, len);

	OPENSSL_cleanse(&content, sizeof(content));
	OPENSSL_cleanse(padded, sizeof(padded));
	return ok;
}

bool seal_open(const uint8_t *sealed, size_t sealed_len, const char *session,
	       int a, const uint8_t key_a[SEAL_KEY], int b,
	       const uint8_t key_b[SEAL_KEY], uint8_t plain[SEAL_PLAIN_MAX],
	       size_t *len)
{
	uint8_t secret[SEAL_KEY];
	int pair = a < b ? pair_of(a, b) : pair_of(b, a);
	bool ok = sealed_len == SEAL_SIZE && sealed[0] == VERSION && pair >= 0 &&
		  unwrap(sealed + HEAD + pair * WRAP, session,
			 a < b ? key_a : key_b, a < b ? key_b : key_a, secret) &&
		  open_body(sealed, session, secret, plain, len);

	OPENSSL_cleanse(secret, sizeof(secret));
	if (!ok) {
		OPENSSL_cleanse(plain, SEAL_PLAIN_MAX);
		*len = 0;
	}
	return ok;
}

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
	struct context info;

	return set_context(&info, label, session) &&
	       hkdf(code, CODE_SECRET, NULL, 0, &info, out, SEAL_KEY);
}

bool seal_slip(const uint8_t code[CODE_SECRET], const char *session,
	       struct seal_slip *slip)
{
	bool ok = derive_slip(code, "zhibu-slip-token-1", session, slip->token) &&
		  derive_slip(code, "zhibu-slip-key-1", session,
			      slip->private_key) &&
		  public_half(EVP_PKEY_ED25519, slip->private_key,
			      slip->public_key) &&
		  SHA256(slip->token, SEAL_KEY, slip->token_hash);

	if (!ok)
		OPENSSL_cleanse(slip, sizeof(*slip));
	return ok;
}

bool seal_holder_from(const uint8_t private_key[SEAL_KEY],
		      struct seal_holder *holder)
{
	bool ok;

	memmove(holder->private_key, private_key, SEAL_KEY);
	ok = public_half(EVP_PKEY_X25519, holder->private_key,
			 holder->public_key);
	if (!ok)
		OPENSSL_cleanse(holder, sizeof(*holder));
	return ok;
}

bool seal_holder_new(struct seal_holder *holder)
{
	bool ok = RAND_priv_bytes(holder->private_key, SEAL_KEY) > 0 &&
		  public_half(EVP_PKEY_X25519, holder->private_key,
			      holder->public_key);

	if (!ok)
		OPENSSL_cleanse(holder, sizeof(*holder));
	return ok;
}

/* label | session | SHA-256(sealed): what a cast is signed over. */
static bool cast_context(const char *session, const uint8_t *sealed, size_t len,
			 struct context *context)
{
	if (!set_context(context, "zhibu-cast-1", session) ||
	    context->len + SEAL_KEY > CONTEXT_MAX)
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
	struct context context;
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
	struct context context;
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
