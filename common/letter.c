#include "common/letter.h"

#include "common/seal_box.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define VERSION 1
#define HEAD (1 + LETTER_RECEIVERS * LETTER_SLOT)
#define CHECKED "zhibu-objection-keys-1\n"

_Static_assert(LETTER_SLOT == SEAL_KEY + SEAL_KEY + SEAL_BOX_OVERHEAD,
	       "a slot holds one box");

/* The content key is used once, so that its nonce can be nought. */
static const uint8_t no_iv[CRYPT_IV];

/* Everything before the body, and what it is about, is bound to it. */
static bool context(const uint8_t *sealed, const char *about, uint8_t *aad,
		    size_t *len)
{
	struct crypt_context c;

	if (!crypt_context(&c, "zhibu-letter-1", about))
		return false;
	memcpy(aad, c.data, c.len);
	memcpy(aad + c.len, sealed, HEAD);
	*len = c.len + HEAD;
	return true;
}

static bool fill_slots(const uint8_t (*receivers)[SEAL_KEY], size_t n,
		       const char *about, const uint8_t key[SEAL_KEY],
		       uint8_t *slot)
{
	for (size_t i = 0; i < n; i++, slot += LETTER_SLOT) {
		memcpy(slot, receivers[i], SEAL_KEY);
		if (!seal_box(receivers[i], about, key, SEAL_KEY,
			      slot + SEAL_KEY))
			return false;
	}
	return true;
}

bool letter_seal(const uint8_t (*receivers)[SEAL_KEY], size_t n,
		 const char *about, const uint8_t *plain, size_t len,
		 uint8_t sealed[LETTER_SIZE])
{
	uint8_t key[SEAL_KEY], padded[SEAL_PADDED];
	uint8_t aad[CRYPT_CONTEXT_MAX + HEAD];
	size_t aad_len;
	bool ok = n > 0 && n <= LETTER_RECEIVERS && len <= SEAL_PLAIN_MAX &&
		  RAND_priv_bytes(key, sizeof(key)) > 0;

	memset(sealed, 0, LETTER_SIZE);
	sealed[0] = VERSION;
	if (ok) {
		seal_pad(plain, len, padded);
		ok = fill_slots(receivers, n, about, key, sealed + 1) &&
		     context(sealed, about, aad, &aad_len) &&
		     crypt_encrypt(key, no_iv, aad, aad_len, padded,
				   sizeof(padded), sealed + HEAD);
		OPENSSL_cleanse(padded, sizeof(padded));
		OPENSSL_cleanse(key, sizeof(key));
	}
	if (!ok)
		OPENSSL_cleanse(sealed, LETTER_SIZE);
	return ok;
}

static bool content_key(const uint8_t *sealed, const char *about,
			const struct seal_holder *holder, uint8_t key[SEAL_KEY])
{
	const uint8_t *slot = sealed + 1;

	for (int i = 0; i < LETTER_RECEIVERS; i++, slot += LETTER_SLOT)
		if (!memcmp(slot, holder->public_key, SEAL_KEY))
			return seal_unbox(holder, about, slot + SEAL_KEY,
					  SEAL_KEY, key);
	return false;
}

bool letter_open(const uint8_t *sealed, size_t sealed_len, const char *about,
		 const uint8_t private_key[SEAL_KEY],
		 uint8_t plain[SEAL_PLAIN_MAX], size_t *len)
{
	uint8_t key[SEAL_KEY], padded[SEAL_PADDED];
	uint8_t aad[CRYPT_CONTEXT_MAX + HEAD];
	struct seal_holder holder;
	size_t aad_len;
	bool ok = sealed_len == LETTER_SIZE && sealed[0] == VERSION &&
		  seal_holder_from(private_key, &holder) &&
		  content_key(sealed, about, &holder, key) &&
		  context(sealed, about, aad, &aad_len) &&
		  crypt_decrypt(key, no_iv, aad, aad_len, sealed + HEAD,
				SEAL_PADDED, padded) &&
		  seal_unpad(padded, plain, len);

	OPENSSL_cleanse(&holder, sizeof(holder));
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(padded, sizeof(padded));
	if (!ok) {
		OPENSSL_cleanse(plain, SEAL_PLAIN_MAX);
		*len = 0;
	}
	return ok;
}

bool letter_check(const uint8_t (*receivers)[SEAL_KEY], size_t n,
		  char out[CODE_TEN_TEXT])
{
	uint8_t data[sizeof(CHECKED) - 1 + LETTER_RECEIVERS * SEAL_KEY];
	uint8_t hash[EVP_MAX_MD_SIZE];

	out[0] = '\0';
	if (n == 0 || n > LETTER_RECEIVERS)
		return false;
	memcpy(data, CHECKED, sizeof(CHECKED) - 1);
	memcpy(data + sizeof(CHECKED) - 1, receivers, n * SEAL_KEY);
	if (!EVP_Digest(data, sizeof(CHECKED) - 1 + n * SEAL_KEY, hash, NULL,
			EVP_sha256(), NULL))
		return false;
	code_write_ten(hash, out);
	return true;
}
