#include "common/receipt.h"

#include "common/text.h"

#include <stdio.h>
#include <string.h>

static const char *const labels[] = {
	[RECEIPT_BALLOT] = "zhibu-receipt-1",
	[RECEIPT_LIST] = "zhibu-receipts-1",
};

static bool is_session(const char *session)
{
	size_t len = strnlen(session, RECEIPT_SESSION);

	return len > 0 && len < RECEIPT_SESSION &&
		strspn(session, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == len;
}

size_t receipt_text(enum receipt_kind kind, const char *session,
	const uint8_t hash[RECEIPT_HASH], char out[RECEIPT_TEXT])
{
	int len;

	if (!is_session(session))
		return 0;
	len = snprintf(out, RECEIPT_TEXT, "%s %s ", labels[kind], session);
	text_hex(hash, RECEIPT_HASH, out + len);
	len += 2 * RECEIPT_HASH;
	out[len++] = '\n';
	out[len] = '\0';
	return (size_t)len;
}

bool receipt_read(enum receipt_kind kind, const char *session, const char *text,
	uint8_t hash[RECEIPT_HASH])
{
	char made[RECEIPT_TEXT];
	const char *at = strrchr(text, ' ');

	/* that it was written exactly so is seen by writing it again */
	return at && text_unhex(at + 1, hash, RECEIPT_HASH) &&
		receipt_text(kind, session, hash, made) && strcmp(made, text) == 0;
}

size_t receipt_sign(EVP_PKEY *key, const char *text, size_t len,
	uint8_t signature[RECEIPT_SIGNATURE])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t n = RECEIPT_SIGNATURE;

	if (!md || EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, signature, &n, (const uint8_t *)text, len) != 1)
		n = 0;
	EVP_MD_CTX_free(md);
	return n;
}

bool receipt_good(EVP_PKEY *key, enum receipt_kind kind, const char *session,
	const uint8_t hash[RECEIPT_HASH], const uint8_t *signature, size_t len)
{
	char text[RECEIPT_TEXT];
	size_t n = receipt_text(kind, session, hash, text);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = n && key && md &&
		EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerify(md, signature, len, (const uint8_t *)text, n) == 1;

	EVP_MD_CTX_free(md);
	return good;
}
