/* The sealed ballot: who can open it, and that nothing of it can be changed. */
#include "tests/unit/check.h"

#include "common/crypt.h"
#include "common/seal.h"

#include <openssl/sha.h>

#define SESSION "CP26-14-3"

static struct seal_holder holders[SEAL_HOLDERS];
static uint8_t keys[SEAL_HOLDERS][SEAL_KEY];
static const uint8_t marks[] = "{\"1.1\":\"MET\",\"1.2\":\"NOT_MET\"}";

static int make_holders(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < SEAL_HOLDERS; i++) {
		if (!seal_holder_new(&holders[i]))
			return -1;
		memcpy(keys[i], holders[i].public_key, SEAL_KEY);
	}
	return 0;
}

static const uint8_t (*public_keys(void))[SEAL_KEY]
{
	return (const uint8_t(*)[SEAL_KEY])(uintptr_t)keys;
}

static void seal(uint8_t sealed[SEAL_SIZE])
{
	assert_true(seal_ballot(marks, sizeof(marks), SESSION, public_keys(),
				sealed));
}

static bool opens(const uint8_t *sealed, size_t size, const char *session, int a,
		  int b)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	size_t len = 99;
	bool ok = seal_open(sealed, size, session, a, holders[a].private_key, b,
			    holders[b].private_key, plain, &len);

	if (ok) {
		assert_int_equal(len, sizeof(marks));
		assert_memory_equal(plain, marks, len);
	} else {
		assert_int_equal(len, 0);
		assert_int_equal(plain[0], 0);
	}
	return ok;
}

static void test_any_two_open(void **state)
{
	uint8_t sealed[SEAL_SIZE];
	int a, b;

	(void)state;
	seal(sealed);
	for (a = 0; a < SEAL_HOLDERS; a++) {
		for (b = 0; b < SEAL_HOLDERS; b++)
			assert_int_equal(opens(sealed, SEAL_SIZE, SESSION, a, b),
					 a != b);
	}
}

static void test_one_is_not_enough(void **state)
{
	uint8_t sealed[SEAL_SIZE], plain[SEAL_PLAIN_MAX];
	struct seal_holder stranger;
	size_t len;
	int a, b;

	(void)state;
	seal(sealed);
	assert_true(seal_holder_new(&stranger));
	for (a = 0; a < SEAL_HOLDERS; a++) {
		for (b = 0; b < SEAL_HOLDERS; b++) {
			/* b's place taken by a's own key, and by a stranger's */
			assert_false(seal_open(sealed, SEAL_SIZE, SESSION, a,
					       holders[a].private_key, b,
					       holders[a].private_key, plain,
					       &len));
			assert_false(seal_open(sealed, SEAL_SIZE, SESSION, a,
					       holders[a].private_key, b,
					       stranger.private_key, plain,
					       &len));
		}
	}
}

static void test_wrong_place(void **state)
{
	static const int places[][2] = { { -1, 0 }, { 0, 3 }, { 3, 4 }, { 1, 1 } };
	uint8_t sealed[SEAL_SIZE], plain[SEAL_PLAIN_MAX];
	size_t i, len;

	(void)state;
	seal(sealed);
	for (i = 0; i < COUNT(places); i++)
		assert_false(seal_open(sealed, SEAL_SIZE, SESSION, places[i][0],
				       holders[0].private_key, places[i][1],
				       holders[1].private_key, plain, &len));
	/* Keys exchanged: the first is not holder 1's. */
	assert_false(seal_open(sealed, SEAL_SIZE, SESSION, 0,
			       holders[1].private_key, 1,
			       holders[0].private_key, plain, &len));
}

static void test_wrong_session_and_size(void **state)
{
	uint8_t sealed[SEAL_SIZE + 1] = { 0 };
	char longest[SEAL_SESSION_MAX + 2];

	(void)state;
	seal(sealed);
	assert_false(opens(sealed, SEAL_SIZE, "CP26-14-4", 0, 1));
	assert_false(opens(sealed, SEAL_SIZE, "CP26-14-", 0, 1));
	assert_false(opens(sealed, SEAL_SIZE, "", 0, 1));
	assert_false(opens(sealed, SEAL_SIZE - 1, SESSION, 0, 1));
	assert_false(opens(sealed, SEAL_SIZE + 1, SESSION, 0, 1));
	assert_false(opens(sealed, 0, SESSION, 0, 1));
	memset(longest, 's', sizeof(longest));
	longest[SEAL_SESSION_MAX + 1] = '\0';
	assert_false(seal_ballot(marks, sizeof(marks), longest, public_keys(),
				 sealed));
	longest[SEAL_SESSION_MAX] = '\0';
	assert_true(seal_ballot(marks, sizeof(marks), longest, public_keys(),
				sealed));
	assert_true(opens(sealed, SEAL_SIZE, longest, 1, 2));
}

/* A bit of every byte changed, in turn: no pair can open it any more, not even
 * one whose own wrap is untouched. */
static void test_tampering(void **state)
{
	uint8_t sealed[SEAL_SIZE];
	size_t i;

	(void)state;
	seal(sealed);
	for (i = 0; i < SEAL_SIZE; i++) {
		sealed[i] ^= (uint8_t)(1u << i % 8);
		assert_false(opens(sealed, SEAL_SIZE, SESSION, 0, 1));
		if (i < 500 || i % 50 == 0) {
			assert_false(opens(sealed, SEAL_SIZE, SESSION, 0, 2));
			assert_false(opens(sealed, SEAL_SIZE, SESSION, 1, 2));
		}
		sealed[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_true(opens(sealed, SEAL_SIZE, SESSION, 0, 1));
}

/* Two ballots with the same marks have nothing in common but the version, and
 * parts of one do not fit the other. */
static void test_no_two_alike(void **state)
{
	uint8_t one[SEAL_SIZE], two[SEAL_SIZE];
	size_t i, alike = 0;

	(void)state;
	seal(one);
	seal(two);
	for (i = 1; i < SEAL_SIZE; i++)
		alike += one[i] == two[i];
	assert_true(alike < SEAL_SIZE / 16);
	memcpy(two + 1 + SEAL_KEY, one + 1 + SEAL_KEY, 3 * 128);
	assert_false(opens(two, SEAL_SIZE, SESSION, 0, 1));
}

static void test_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, 255, 256, SEAL_PLAIN_MAX };
	uint8_t in[SEAL_PLAIN_MAX + 1], out[SEAL_PLAIN_MAX], sealed[SEAL_SIZE];
	size_t i, len;

	(void)state;
	memset(in, 0xA5, sizeof(in));
	for (i = 0; i < COUNT(lengths); i++) {
		assert_true(seal_ballot(in, lengths[i], SESSION, public_keys(),
					sealed));
		assert_true(seal_open(sealed, SEAL_SIZE, SESSION, 2,
				      holders[2].private_key, 0,
				      holders[0].private_key, out, &len));
		assert_int_equal(len, lengths[i]);
		assert_memory_equal(in, out, len);
	}
	assert_false(seal_ballot(in, SEAL_PLAIN_MAX + 1, SESSION, public_keys(),
				 sealed));
	assert_int_equal(sealed[0], 0);
}

/* --- ballots a voter made by hand ---------------------------------------- */

#define HEAD (1 + SEAL_KEY)
#define BODY (HEAD + SEAL_HOLDERS * 128)

/* What is in a box, by the format's description rather than its code. */
static void unbox(const struct seal_holder *holder, const uint8_t *in, size_t len,
		  uint8_t *out)
{
	static const uint8_t no_iv[CRYPT_IV];
	uint8_t shared[SEAL_KEY], salt[2 * SEAL_KEY], key[SEAL_KEY];
	struct crypt_context info;

	memcpy(salt, in, SEAL_KEY);
	memcpy(salt + SEAL_KEY, holder->public_key, SEAL_KEY);
	assert_true(crypt_context(&info, "zhibu-box-1", SESSION));
	assert_true(crypt_agree(holder->private_key, in, shared));
	assert_true(crypt_derive(shared, SEAL_KEY, salt, sizeof(salt), &info, key,
				 SEAL_KEY));
	assert_true(crypt_decrypt(key, no_iv, NULL, 0, in + SEAL_KEY, len, out));
}

/* Seals `padded` again under the ballot's own content key, with a head that may
 * have been changed: as right as one who knows that key can make it. */
static void reseal(uint8_t sealed[SEAL_SIZE], const uint8_t padded[SEAL_PADDED])
{
	uint8_t inner[80], secret[SEAL_KEY], content[2 * SEAL_KEY + CRYPT_IV];
	uint8_t aad[CRYPT_CONTEXT_MAX + BODY];
	struct crypt_context info;

	unbox(&holders[0], sealed + HEAD, sizeof(inner), inner);
	unbox(&holders[1], inner, SEAL_KEY, secret);
	assert_true(crypt_context(&info, "zhibu-ballot-1", SESSION));
	assert_true(crypt_derive(secret, SEAL_KEY, NULL, 0, &info, content,
				 sizeof(content)));
	assert_true(crypt_context(&info, "zhibu-body-1", SESSION));
	memcpy(aad, info.data, info.len);
	memcpy(aad + info.len, sealed, BODY);
	assert_true(crypt_encrypt(content, content + 2 * SEAL_KEY, aad,
				  info.len + BODY, padded, SEAL_PADDED,
				  sealed + BODY));
}

static void test_made_by_hand(void **state)
{
	uint8_t sealed[SEAL_SIZE], padded[SEAL_PADDED] = { 0, sizeof(marks) };

	(void)state;
	seal(sealed);
	memcpy(padded + 2, marks, sizeof(marks));
	reseal(sealed, padded);
	assert_true(opens(sealed, SEAL_SIZE, SESSION, 0, 1));
	assert_true(opens(sealed, SEAL_SIZE, SESSION, 1, 2));

	padded[SEAL_PADDED - 1] = 1; /* a mark where nothing belongs */
	reseal(sealed, padded);
	assert_false(opens(sealed, SEAL_SIZE, SESSION, 0, 1));
	padded[SEAL_PADDED - 1] = 0;
	padded[0] = 0xFF; /* longer than there is */
	reseal(sealed, padded);
	assert_false(opens(sealed, SEAL_SIZE, SESSION, 0, 1));
	padded[0] = 0;
	sealed[1] ^= 1; /* bound to a content key it is not sealed with */
	reseal(sealed, padded);
	assert_false(opens(sealed, SEAL_SIZE, SESSION, 0, 1));
	sealed[1] ^= 1;
	reseal(sealed, padded);
	assert_true(opens(sealed, SEAL_SIZE, SESSION, 0, 1));
}

/* Public keys with which every shared secret is nought (RFC 7748, 6.1). */
static void test_bad_public_keys(void **state)
{
	static const uint8_t small[][SEAL_KEY] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56,
		  0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb,
		  0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
		  0xb8, 0x00 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0x7f },
	};
	uint8_t bad[SEAL_HOLDERS][SEAL_KEY], sealed[SEAL_SIZE];
	const uint8_t(*given)[SEAL_KEY] = (const uint8_t(*)[SEAL_KEY])(uintptr_t)bad;
	size_t i, place;

	(void)state;
	for (i = 0; i < COUNT(small); i++) {
		for (place = 0; place < SEAL_HOLDERS; place++) {
			memcpy(bad, keys, sizeof(bad));
			memcpy(bad[place], small[i], SEAL_KEY);
			assert_false(seal_ballot(marks, sizeof(marks), SESSION,
						 given, sealed));
		}
	}
	memcpy(bad, keys, sizeof(bad));
	memcpy(bad[2], bad[0], SEAL_KEY);
	assert_false(seal_ballot(marks, sizeof(marks), SESSION, given, sealed));
}

static void test_holder_from_file(void **state)
{
	struct seal_holder again;

	(void)state;
	assert_true(seal_holder_from(holders[1].private_key, &again));
	assert_memory_equal(&again, &holders[1], sizeof(again));
}

static void test_slips(void **state)
{
	struct seal_slip slip, again, other;
	uint8_t code[CODE_SECRET], hash[SEAL_KEY];

	(void)state;
	assert_true(seal_new_code(code));
	assert_true(seal_slip(code, SESSION, SESSION, &slip));
	assert_true(seal_slip(code, SESSION, SESSION, &again));
	assert_memory_equal(&slip, &again, sizeof(slip));
	SHA256(slip.token, SEAL_KEY, hash);
	assert_memory_equal(slip.token_hash, hash, SEAL_KEY);
	assert_memory_not_equal(slip.token, slip.private_key, SEAL_KEY);
	assert_true(seal_slip(code, "CP26-14-4", "CP26-14-4", &other));
	assert_memory_not_equal(slip.token, other.token, SEAL_KEY);
	assert_memory_not_equal(slip.public_key, other.public_key, SEAL_KEY);
	assert_true(seal_slip(code, SESSION, "another paper", &other));
	assert_memory_equal(slip.token, other.token, SEAL_KEY);
	assert_memory_not_equal(slip.public_key, other.public_key, SEAL_KEY);
	assert_true(seal_token(code, SESSION, &other));
	assert_memory_equal(slip.token_hash, other.token_hash, SEAL_KEY);
	code[9] ^= 1;
	assert_true(seal_slip(code, SESSION, SESSION, &other));
	assert_memory_not_equal(slip.token, other.token, SEAL_KEY);
	assert_memory_not_equal(slip.public_key, other.public_key, SEAL_KEY);
	assert_false(seal_slip(code, "", "", &other));
}

/* Slips on paper outlive the program that printed them: the derivation may not
 * change without a new label. */
static void test_slip_of_old(void **state)
{
	static const uint8_t code[CODE_SECRET] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct seal_slip slip;
	char hex[17];
	int i;

	(void)state;
	assert_true(seal_slip(code, SESSION, SESSION, &slip));
	for (i = 0; i < 8; i++)
		sprintf(hex + 2 * i, "%02x", slip.token[i]);
	assert_string_equal(hex, "ea82137261993fbf");
	for (i = 0; i < 8; i++)
		sprintf(hex + 2 * i, "%02x", slip.public_key[i]);
	assert_string_equal(hex, "ffe54e143440d34e");
}

static void test_casts(void **state)
{
	uint8_t sealed[SEAL_SIZE], signature[SEAL_SIGNATURE];
	struct seal_slip slip, other;
	uint8_t code[CODE_SECRET];
	size_t i;

	(void)state;
	seal(sealed);
	assert_true(seal_new_code(code));
	assert_true(seal_slip(code, SESSION, SESSION, &slip));
	code[0] ^= 1;
	assert_true(seal_slip(code, SESSION, SESSION, &other));
	assert_true(seal_sign(&slip, SESSION, sealed, signature));
	assert_true(seal_verify(slip.public_key, SESSION, sealed, SEAL_SIZE,
				signature));
	assert_false(seal_verify(other.public_key, SESSION, sealed, SEAL_SIZE,
				 signature));
	assert_false(seal_verify(slip.public_key, "CP26-14-4", sealed, SEAL_SIZE,
				 signature));
	assert_false(seal_verify(slip.public_key, SESSION, sealed, SEAL_SIZE - 1,
				 signature));
	for (i = 0; i < SEAL_SIGNATURE; i++) {
		signature[i] ^= 1;
		assert_false(seal_verify(slip.public_key, SESSION, sealed,
					 SEAL_SIZE, signature));
		signature[i] ^= 1;
	}
	sealed[SEAL_SIZE - 1] ^= 1;
	assert_false(seal_verify(slip.public_key, SESSION, sealed, SEAL_SIZE,
				 signature));
}

static void test_receipts(void **state)
{
	uint8_t sealed[SEAL_SIZE], hash[SEAL_KEY];
	char receipt[CODE_TEN_TEXT], want[CODE_TEN_TEXT];

	(void)state;
	seal(sealed);
	SHA256(sealed, SEAL_SIZE, hash);
	code_write_ten(hash, want);
	seal_receipt(sealed, receipt);
	assert_string_equal(receipt, want);
	assert_int_equal(strlen(receipt), 19);
	sealed[0] ^= 1;
	seal_receipt(sealed, receipt);
	assert_string_not_equal(receipt, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_two_open),
		cmocka_unit_test(test_one_is_not_enough),
		cmocka_unit_test(test_wrong_place),
		cmocka_unit_test(test_wrong_session_and_size),
		cmocka_unit_test(test_tampering),
		cmocka_unit_test(test_no_two_alike),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_made_by_hand),
		cmocka_unit_test(test_bad_public_keys),
		cmocka_unit_test(test_holder_from_file),
		cmocka_unit_test(test_slips),
		cmocka_unit_test(test_slip_of_old),
		cmocka_unit_test(test_casts),
		cmocka_unit_test(test_receipts),
	};

	return cmocka_run_group_tests(tests, make_holders, NULL);
}
