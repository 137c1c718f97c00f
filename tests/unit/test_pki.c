/* The authority: what its certificates say, what they may be used for, and which
 * public keys it reads. */
#include "check.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "server/pki.h"

#define DAY 86400

/* One authority for all tests: making keys takes time. */
static EVP_PKEY *authority_key, *key;
static X509 *authority;

static int set_up(void **state)
{
	(void)state;
	authority_key = pki_new_key();
	key = pki_new_key();
	authority = pki_authority(authority_key, "0123456789abcdef");
	return authority ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	X509_free(authority);
	EVP_PKEY_free(key);
	EVP_PKEY_free(authority_key);
	return 0;
}

static size_t spki_of(EVP_PKEY *of, uint8_t out[1024])
{
	uint8_t *p = out;
	int n = i2d_PUBKEY(of, NULL);

	assert_true(n > 0 && n <= 1024);
	assert_int_equal(i2d_PUBKEY(of, &p), n);
	return (size_t)n;
}

/* As strictly as the workers' TLS verifies. */
static int verify(X509 *trusted, X509 *certificate, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int error;

	X509_STORE_add_cert(store, trusted);
	X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT);
	X509_STORE_CTX_init(ctx, store, certificate, NULL);
	X509_STORE_CTX_set_purpose(ctx, purpose);
	X509_verify_cert(ctx);
	error = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return error;
}

static bool critical(const X509 *certificate, int nid)
{
	int at = X509_get_ext_by_NID(certificate, nid, -1);

	return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at));
}

static void client_profile(void **state)
{
	X509 *c = pki_client(authority, authority_key, key, 1234567);
	char name[64];
	int64_t from, to, now = time(NULL);

	(void)state;
	assert_non_null(c);
	assert_int_equal(X509_get_version(c), X509_VERSION_3);
	X509_NAME_oneline(X509_get_subject_name(c), name, sizeof(name));
	assert_string_equal(name, "/CN=p1234567");
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(c)), 1);
	assert_true(pki_validity(c, &from, &to));
	assert_true(from <= now - 299 && from >= now - 320);
	assert_true(llabs(to - now - 400LL * DAY) < 20);
	assert_int_equal(X509_get_key_usage(c), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(c), XKU_SSL_CLIENT);
	assert_true(critical(c, NID_basic_constraints));
	assert_true(critical(c, NID_key_usage));
	assert_int_equal(X509_check_ca(c), 0);
	assert_non_null(X509_get0_subject_key_id(c));
	assert_int_equal(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(c),
		X509_get0_subject_key_id(authority)), 0);
	X509_free(c);
}

static void client_is_no_server(void **state)
{
	X509 *c = pki_client(authority, authority_key, key, 1);

	(void)state;
	assert_int_equal(verify(authority, c, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
	assert_int_equal(verify(authority, c, X509_PURPOSE_SSL_SERVER),
		X509_V_ERR_INVALID_PURPOSE);
	X509_free(c);
}

static void server_profile(void **state)
{
	X509 *s = pki_server(authority, authority_key, key, "0123456789abcdef");

	(void)state;
	assert_non_null(s);
	assert_int_equal(verify(authority, s, X509_PURPOSE_SSL_SERVER), X509_V_OK);
	assert_int_equal(verify(authority, s, X509_PURPOSE_SSL_CLIENT),
		X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(X509_check_host(s, "zhibu-0123456789abcdef.invalid", 0, 0,
		NULL), 1);
	assert_int_equal(X509_check_host(s, "zhibu-0123456789abcdee.invalid", 0, 0,
		NULL), 0);
	X509_free(s);
	assert_null(pki_server(authority, authority_key, key,
		"a-deployment-id-so-long-that-no-common-name-could-ever-hold-it-all"));
}

static void authority_signs_no_authority(void **state)
{
	EVP_PKEY *other_key = pki_new_key();
	X509 *other = pki_authority(other_key, "ffffffffffffffff");
	X509 *c = pki_client(other, other_key, key, 1);

	(void)state;
	assert_int_equal(X509_get_pathlen(authority), 0);
	assert_int_not_equal(X509_check_ca(authority), 0);
	assert_true(critical(authority, NID_basic_constraints));
	/* of another college */
	assert_int_not_equal(verify(authority, c, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
	X509_free(c);
	X509_free(other);
	EVP_PKEY_free(other_key);
}

static void serials_differ(void **state)
{
	X509 *a = pki_client(authority, authority_key, key, 1);
	X509 *b = pki_client(authority, authority_key, key, 1);
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(a), NULL);
	uint8_t fa[PKI_FINGERPRINT_LEN], fb[PKI_FINGERPRINT_LEN];

	(void)state;
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a),
		X509_get0_serialNumber(b)), 0);
	assert_true(BN_num_bits(n) <= 127 && !BN_is_negative(n) && !BN_is_zero(n));
	assert_true(pki_fingerprint(a, fa) && pki_fingerprint(b, fb));
	assert_memory_not_equal(fa, fb, sizeof(fa));
	BN_free(n);
	X509_free(a);
	X509_free(b);
}

static void only_real_persons(void **state)
{
	(void)state;
	assert_null(pki_client(authority, authority_key, key, 0));
	assert_null(pki_client(authority, authority_key, key, PKI_PERSON_MAX + 1));
	assert_int_equal(pki_person_number("P1"), 1);
	assert_int_equal(pki_person_number("P999999999"), 999999999);
	assert_int_equal(pki_person_number("P1000000000"), 0);
	assert_int_equal(pki_person_number("P99999999999999999999999"), 0);
	assert_int_equal(pki_person_number("P"), 0);
	assert_int_equal(pki_person_number("P01"), 0);
	assert_int_equal(pki_person_number("P-1"), 0);
	assert_int_equal(pki_person_number("P1 "), 0);
	assert_int_equal(pki_person_number("1"), 0);
	assert_int_equal(pki_person_number(NULL), 0);
}

static void reads_its_own_keys(void **state)
{
	uint8_t der[1024];
	size_t n = spki_of(key, der);
	EVP_PKEY *back = pki_parse_spki(der, n);

	(void)state;
	assert_int_equal(n, PKI_SPKI_LEN);
	assert_non_null(back);
	assert_int_equal(EVP_PKEY_eq(back, key), 1);
	EVP_PKEY_free(back);
}

static void refuse_key(EVP_PKEY *other)
{
	uint8_t der[1024];

	assert_non_null(other);
	assert_null(pki_parse_spki(der, spki_of(other, der)));
	EVP_PKEY_free(other);
}

static void refuses_other_keys(void **state)
{
	(void)state;
	refuse_key(EVP_RSA_gen(2048));
	refuse_key(EVP_EC_gen("P-521"));
	refuse_key(EVP_EC_gen("P-384"));
	refuse_key(EVP_EC_gen("secp256k1"));
	refuse_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

static void refuses_broken_keys(void **state)
{
	uint8_t der[2048] = { 0 };
	size_t n = spki_of(key, der);

	(void)state;
	for (size_t len = 0; len < n; len++)
		assert_null(pki_parse_spki(der, len));
	assert_null(pki_parse_spki(der, n + 1));
	assert_null(pki_parse_spki(der, sizeof(der)));
	assert_null(pki_parse_spki(NULL, 0));
	der[n - 1] ^= 1; /* a point off the curve */
	assert_null(pki_parse_spki(der, n));
	der[n - 1] ^= 1;
	memset(der + 27, 0, 64);
	assert_null(pki_parse_spki(der, n));
}

static size_t sign_with(EVP_PKEY *with, const uint8_t *data, size_t len,
	uint8_t out[128])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = 128;

	EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, with);
	assert_int_equal(EVP_DigestSign(ctx, out, &n, data, len), 1);
	EVP_MD_CTX_free(ctx);
	return n;
}

static void proof_is_over_both_parts(void **state)
{
	const uint8_t all[] = "secretspki";
	uint8_t sig[128];
	size_t n = sign_with(key, all, 10, sig);

	(void)state;
	assert_true(pki_verify(key, all, 6, all + 6, 4, sig, n));
	assert_true(pki_verify(key, all, 0, all, 10, sig, n));
	assert_false(pki_verify(key, all, 6, all + 6, 3, sig, n));
	assert_false(pki_verify(authority_key, all, 6, all + 6, 4, sig, n));
	assert_false(pki_verify(key, all, 6, all + 6, 4, sig, n - 1));
	assert_false(pki_verify(key, all, 6, all + 6, 4, sig, 0));
	assert_false(pki_verify(key, all, 6, all + 6, 4, NULL, 0));
	sig[n - 1] ^= 1;
	assert_false(pki_verify(key, all, 6, all + 6, 4, sig, n));
}

static void decodes_whole_certificates_only(void **state)
{
	X509 *c = pki_client(authority, authority_key, key, 5), *back;
	uint8_t *der = NULL, room[8193];
	size_t n = pki_encode(c, &der);

	(void)state;
	assert_true(n > 300 && n < 600);
	back = pki_decode(der, n);
	assert_int_equal(X509_cmp(back, c), 0);
	X509_free(back);
	for (size_t len = 0; len < n; len++)
		assert_null(pki_decode(der, len));
	memset(room, 0, sizeof(room));
	memcpy(room, der, n);
	assert_null(pki_decode(room, n + 1));
	assert_null(pki_decode(room, sizeof(room)));
	OPENSSL_free(der);
	X509_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_profile),
		cmocka_unit_test(client_is_no_server),
		cmocka_unit_test(server_profile),
		cmocka_unit_test(authority_signs_no_authority),
		cmocka_unit_test(serials_differ),
		cmocka_unit_test(only_real_persons),
		cmocka_unit_test(reads_its_own_keys),
		cmocka_unit_test(refuses_other_keys),
		cmocka_unit_test(refuses_broken_keys),
		cmocka_unit_test(proof_is_over_both_parts),
		cmocka_unit_test(decodes_whole_certificates_only),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
