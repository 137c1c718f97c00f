#include "server/pki.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOCK_SLACK (5 * 60) /* a client's clock may be this much behind */
#define SERIAL_BITS 127

/* What differs between the three kinds of certificate. */
struct profile {
	const char *common_name;
	int days;
	const char *basic_constraints;
	const char *key_usage;
	const char *extended; /* NULL: none */
	const char *alt_name; /* NULL: none */
};

EVP_PKEY *pki_new_key(void)
{
	return EVP_EC_gen("P-256");
}

bool pki_server_name(const char *deployment_id, char *out, size_t cap)
{
	int n = snprintf(out, cap, "zhibu-%s.invalid", deployment_id);

	return n > 0 && (size_t)n < cap;
}

static bool set_serial(X509 *cert)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY,
			       BN_RAND_BOTTOM_ANY) &&
		!BN_is_zero(n) &&
		BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));

	BN_free(n);
	return ok;
}

static bool set_name(X509 *cert, const char *common_name)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
		MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
}

static bool add(X509 *cert, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *ext;
	bool ok;

	if (!value)
		return true;
	ext = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct profile *p)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	return add(cert, &ctx, NID_basic_constraints, p->basic_constraints) &&
		add(cert, &ctx, NID_key_usage, p->key_usage) &&
		add(cert, &ctx, NID_ext_key_usage, p->extended) &&
		add(cert, &ctx, NID_subject_alt_name, p->alt_name) &&
		add(cert, &ctx, NID_subject_key_identifier, "hash") &&
		add(cert, &ctx, NID_authority_key_identifier, "keyid:always");
}

/* `issuer` NULL: signs itself. */
static X509 *issue(X509 *issuer, EVP_PKEY *issuer_key, EVP_PKEY *key,
	const struct profile *p)
{
	X509 *cert = X509_new();
	X509 *signer = issuer ? issuer : cert;

	if (cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	    set_name(cert, p->common_name) &&
	    X509_set_issuer_name(cert, X509_get_subject_name(signer)) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -CLOCK_SLACK) &&
	    X509_time_adj_ex(X509_getm_notAfter(cert), p->days, 0, NULL) &&
	    X509_set_pubkey(cert, key) && add_extensions(cert, signer, p) &&
	    X509_sign(cert, issuer_key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

X509 *pki_authority(EVP_PKEY *key, const char *deployment_id)
{
	char name[64];
	const struct profile p = {
		.common_name = name,
		.days = PKI_AUTHORITY_DAYS,
		.basic_constraints = "critical,CA:TRUE,pathlen:0",
		.key_usage = "critical,keyCertSign,cRLSign",
	};
	int n = snprintf(name, sizeof(name), "zhibu authority %s", deployment_id);

	if (n < 0 || (size_t)n >= sizeof(name))
		return NULL;
	return issue(NULL, key, key, &p);
}

X509 *pki_server(X509 *authority, EVP_PKEY *authority_key, EVP_PKEY *key,
	const char *deployment_id)
{
	char alt[80] = "DNS:";
	const struct profile p = {
		.common_name = alt + 4,
		.days = PKI_SERVER_DAYS,
		.basic_constraints = "critical,CA:FALSE",
		.key_usage = "critical,digitalSignature",
		.extended = "serverAuth",
		.alt_name = alt,
	};

	/* 64: the longest common name X.509 allows */
	if (!pki_server_name(deployment_id, alt + 4, 65))
		return NULL;
	return issue(authority, authority_key, key, &p);
}

X509 *pki_client(X509 *authority, EVP_PKEY *authority_key, EVP_PKEY *key,
	uint32_t person)
{
	char name[16];
	const struct profile p = {
		.common_name = name,
		.days = PKI_CLIENT_DAYS,
		.basic_constraints = "critical,CA:FALSE",
		.key_usage = "critical,digitalSignature",
		.extended = "clientAuth",
	};

	if (person == 0 || person > PKI_PERSON_MAX)
		return NULL;
	snprintf(name, sizeof(name), "p%u", (unsigned)person);
	return issue(authority, authority_key, key, &p);
}

/* The bytes before the point: SEQUENCE, id-ecPublicKey, prime256v1, BIT STRING of
 * an uncompressed point.  A valid key has exactly this shape, so nothing else
 * gets as far as the parser. */
static const uint8_t spki_head[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
	0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
	0x42, 0x00, 0x04,
};

EVP_PKEY *pki_parse_spki(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	EVP_PKEY *key;

	if (!der || len != PKI_SPKI_LEN ||
	    memcmp(der, spki_head, sizeof(spki_head)))
		return NULL;
	/* checks that the point is on the curve */
	key = d2i_PUBKEY(NULL, &p, (long)len);
	if (key && p == der + len)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

bool pki_verify(EVP_PKEY *key, const uint8_t *first, size_t first_len,
	const uint8_t *second, size_t second_len,
	const uint8_t *signature, size_t signature_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && signature &&
		EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerifyUpdate(ctx, first, first_len) == 1 &&
		EVP_DigestVerifyUpdate(ctx, second, second_len) == 1 &&
		EVP_DigestVerifyFinal(ctx, signature, signature_len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool pki_fingerprint(const X509 *certificate, uint8_t fp[PKI_FINGERPRINT_LEN])
{
	unsigned n = 0;

	return X509_digest(certificate, EVP_sha256(), fp, &n) == 1 &&
		n == PKI_FINGERPRINT_LEN;
}

size_t pki_encode(const X509 *certificate, uint8_t **der)
{
	uint8_t *out = NULL;
	int n = i2d_X509(certificate, &out);

	if (n <= 0)
		return 0;
	*der = out;
	return (size_t)n;
}

X509 *pki_decode(const uint8_t *der, size_t len)
{
	const uint8_t *p = der;
	X509 *cert;

	if (!der || len == 0 || len > 8192)
		return NULL;
	cert = d2i_X509(NULL, &p, (long)len);
	if (cert && p == der + len)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool seconds(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm))
		return false;
	*out = timegm(&tm);
	return true;
}

bool pki_validity(const X509 *certificate, int64_t *from, int64_t *to)
{
	int64_t a, b;

	if (!seconds(X509_get0_notBefore(certificate), &a) ||
	    !seconds(X509_get0_notAfter(certificate), &b))
		return false;
	*from = a;
	*to = b;
	return true;
}

uint32_t pki_person_number(const char *person_id)
{
	char *end;
	unsigned long n;

	if (!person_id || person_id[0] != 'P' || person_id[1] < '1' ||
	    person_id[1] > '9')
		return 0;
	n = strtoul(person_id + 1, &end, 10);
	return *end || n > PKI_PERSON_MAX ? 0 : (uint32_t)n;
}
