#include "common/seal.h"

#include "common/crypt.h"
#include "common/seal_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define VERSION 1
#define BOX_OVERHEAD SEAL_BOX_OVERHEAD
#define INNER (SEAL_KEY + BOX_OVERHEAD)
#define WRAP (INNER + BOX_OVERHEAD)
#define HEAD (1 + SEAL_KEY) /* version, commitment */
#define WRAPS (SEAL_HOLDERS * WRAP)
#define BODY (SEAL_PADDED + CRYPT_TAG)

_Static_assert(SEAL_KEY == CRYPT_KEY, "one length of key");
_Static_assert(SEAL_SESSION_MAX == CRYPT_SESSION_MAX, "one length of session");
_Static_assert(HEAD + WRAPS + BODY == SEAL_SIZE, "one size only");

/* The pairs of holders in the order of their wraps. */
static const int pairs[SEAL_HOLDERS][2] = { { 0, 1 }, { 0, 2 }, { 1, 2 } };

/* What a content key becomes. */
struct content {
	uint8_t key[SEAL_KEY];
	uint8_t commitment[SEAL_KEY];
	uint8_t iv[CRYPT_IV];
};

/* The key of a box, used once, so that its nonce can be nought. */
static bool box_key(const uint8_t private_key[SEAL_KEY],
		    const uint8_t peer_key[SEAL_KEY],
		    const uint8_t ephemeral[SEAL_KEY],
		    const uint8_t receiver[SEAL_KEY], const char *session,
		    uint8_t key[SEAL_KEY])
{
	uint8_t shared[SEAL_KEY], salt[2 * SEAL_KEY];
	struct crypt_context info;
	bool ok;

	memcpy(salt, ephemeral, SEAL_KEY);
	memcpy(salt + SEAL_KEY, receiver, SEAL_KEY);
	ok = crypt_context(&info, "zhibu-box-1", session) &&
	     crypt_agree(private_key, peer_key, shared) &&
	     crypt_derive(shared, sizeof(shared), salt, sizeof(salt), &info,
			  key, SEAL_KEY);
	OPENSSL_cleanse(shared, sizeof(shared));
	return ok;
}

static const uint8_t no_iv[CRYPT_IV];

bool seal_box(const uint8_t receiver[SEAL_KEY], const char *session,
	      const uint8_t *in, size_t len, uint8_t *out)
{
	struct seal_holder ephemeral;
	uint8_t key[SEAL_KEY];
	bool ok = seal_holder_new(&ephemeral) &&
		  box_key(ephemeral.private_key, receiver, ephemeral.public_key,
			  receiver, session, key) &&
		  crypt_encrypt(key, no_iv, NULL, 0, in, len, out + SEAL_KEY);

	memcpy(out, ephemeral.public_key, SEAL_KEY);
	OPENSSL_cleanse(&ephemeral, sizeof(ephemeral));
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

bool seal_unbox(const struct seal_holder *holder, const char *session,
		const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t key[SEAL_KEY];
	bool ok = box_key(holder->private_key, in, in, holder->public_key,
			  session, key) &&
		  crypt_decrypt(key, no_iv, NULL, 0, in + SEAL_KEY, len, out);

	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

static bool derive_content(const uint8_t secret[SEAL_KEY], const char *session,
			   struct content *content)
{
	uint8_t out[2 * SEAL_KEY + CRYPT_IV];
	struct crypt_context info;
	bool ok = crypt_context(&info, "zhibu-ballot-1", session) &&
		  crypt_derive(secret, SEAL_KEY, NULL, 0, &info, out, sizeof(out));

	memcpy(content->key, out, SEAL_KEY);
	memcpy(content->commitment, out + SEAL_KEY, SEAL_KEY);
	memcpy(content->iv, out + 2 * SEAL_KEY, CRYPT_IV);
	OPENSSL_cleanse(out, sizeof(out));
	return ok;
}

/* box(a, box(b, secret)) */
static bool wrap(const uint8_t a[SEAL_KEY], const uint8_t b[SEAL_KEY],
		 const char *session, const uint8_t secret[SEAL_KEY],
		 uint8_t out[WRAP])
{
	uint8_t inner[INNER];

	return seal_box(b, session, secret, SEAL_KEY, inner) &&
	       seal_box(a, session, inner, sizeof(inner), out);
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
	struct crypt_context context;

	if (!crypt_context(&context, "zhibu-body-1", session))
		return false;
	memcpy(aad, context.data, context.len);
	memcpy(aad + context.len, sealed, HEAD + WRAPS);
	*len = context.len + HEAD + WRAPS;
	return true;
}

void seal_pad(const uint8_t *plain, size_t len, uint8_t padded[SEAL_PADDED])
{
	memset(padded, 0, SEAL_PADDED);
	padded[0] = (uint8_t)(len >> 8);
	padded[1] = (uint8_t)len;
	if (len)
		memcpy(padded + 2, plain, len);
}

static bool seal_body(const struct content *content, const char *session,
		      const uint8_t *plain, size_t len,
		      uint8_t sealed[SEAL_SIZE])
{
	uint8_t padded[SEAL_PADDED], aad[CRYPT_CONTEXT_MAX + HEAD + WRAPS];
	size_t aad_len;
	bool ok;

	seal_pad(plain, len, padded);
	ok = body_context(sealed, session, aad, &aad_len) &&
	     crypt_encrypt(content->key, content->iv, aad, aad_len, padded,
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
		  seal_unbox(&a, session, in, sizeof(inner), inner) &&
		  seal_unbox(&b, session, inner, SEAL_KEY, secret);

	OPENSSL_cleanse(&a, sizeof(a));
	OPENSSL_cleanse(&b, sizeof(b));
	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}

/* What follows the text must be zeros, else there would be room for a mark. */
bool seal_unpad(const uint8_t padded[SEAL_PADDED],
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
	uint8_t padded[SEAL_PADDED], aad[CRYPT_CONTEXT_MAX + HEAD + WRAPS];
	struct content content;
	size_t aad_len;
	bool ok = derive_content(secret, session, &content) &&
		  CRYPTO_memcmp(content.commitment, sealed + 1, SEAL_KEY) == 0 &&
		  body_context(sealed, session, aad, &aad_len) &&
		  crypt_decrypt(content.key, content.iv, aad, aad_len,
			  sealed + HEAD + WRAPS, SEAL_PADDED, padded) &&
		  seal_unpad(padded, plain, len);

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

bool seal_holder_from(const uint8_t private_key[SEAL_KEY],
		      struct seal_holder *holder)
{
	bool ok;

	memmove(holder->private_key, private_key, SEAL_KEY);
	ok = crypt_public(EVP_PKEY_X25519, holder->private_key,
			 holder->public_key);
	if (!ok)
		OPENSSL_cleanse(holder, sizeof(*holder));
	return ok;
}

bool seal_holder_new(struct seal_holder *holder)
{
	bool ok = RAND_priv_bytes(holder->private_key, SEAL_KEY) > 0 &&
		  crypt_public(EVP_PKEY_X25519, holder->private_key,
			      holder->public_key);

	if (!ok)
		OPENSSL_cleanse(holder, sizeof(*holder));
	return ok;
}
