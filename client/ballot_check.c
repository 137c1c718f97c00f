/*
 * A voter's receipt, without a certificate: looked for in the urn, and after the count
 * in the published list.  The authority signs both (common/receipt.h), the list of a
 * session once, so that a ballot that is gone or a list that was altered shows.
 */
#include "client/ballot_run.h"
#include "client/handlers.h"
#include "common/text.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static int digit_of(char c)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Sixteen characters of five bits; spaces and dashes do not count. */
static bool read_receipt(const char *text, uint8_t bytes[CODE_SECRET])
{
	size_t n = 0;

	memset(bytes, 0, CODE_SECRET);
	for (; *text; text++) {
		int digit = digit_of(*text);

		if (*text == '-' || *text == ' ')
			continue;
		if (digit < 0 || n == 16)
			return false;
		for (int bit = 4; bit >= 0; bit--) {
			size_t at = n * 5 + (size_t)(4 - bit);

			bytes[at / 8] |= (uint8_t)((digit >> bit & 1)
						   << (7 - at % 8));
		}
		n++;
	}
	return n == 16;
}

/* What is looked for, and what the server said. */
struct check {
	struct client *client;
	char *session;
	bool given;                 /* a receipt, not the list alone */
	uint8_t receipt[CODE_SECRET];
	bool proven;                /* it came from a file the authority signed */
	const CheckReceiptReply *said;
};

static int fail(const struct check *k, int code, const char *key)
{
	return ballot_fail(k->client, code, key, k->session, NULL);
}

/* ---- a receipt kept in a file: the signed line, then the signature --------------- */

static bool parse_file(struct check *k, char *text)
{
	char *end = strchr(text, '\n');
	uint8_t hash[RECEIPT_HASH], signature[RECEIPT_SIGNATURE];
	char line[RECEIPT_TEXT];
	size_t n;

	if (!end || (size_t)(end - text) + 2 > sizeof(line))
		return false;
	snprintf(line, sizeof(line), "%.*s\n", (int)(end - text), text);
	n = strlen(end + 1) / 2; /* and the end of the line */
	if (n > sizeof(signature) || !text_unhex(end + 1, signature, n) ||
	    !receipt_read(RECEIPT_BALLOT, k->session, line, hash) ||
	    !call_vouched(k->client, RECEIPT_BALLOT, k->session, hash, signature, n))
		return false;
	memcpy(k->receipt, hash, CODE_SECRET);
	return true;
}

static int read_file(struct check *k, const char *path)
{
	char text[RECEIPT_TEXT + 2 * RECEIPT_SIGNATURE + 2] = "";
	FILE *f = fopen(path, "re");
	size_t len;

	if (!f)
		return ballot_fail(k->client, EXIT_USAGE, "ballot_file_system", path,
				   strerror(errno));
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = 0;
	k->given = k->proven = parse_file(k, text);
	return k->given ? EXIT_DONE : fail(k, EXIT_SECURITY, "ballot_receipt_forged");
}

static int write_file(struct check *k, const char *path)
{
	char text[RECEIPT_TEXT + 2 * RECEIPT_SIGNATURE + 2];
	const uint8_t *signature;
	size_t n, len;
	enum ballot_file file;

	if (!k->given || k->said->has_receipts_hash)
		return fail(k, EXIT_USAGE, "ballot_receipt_late");
	len = receipt_text(RECEIPT_BALLOT, k->session, k->said->receipt.data, text);
	signature = call_signature(k->client, &n);
	text_hex(signature, n, text + len);
	len += 2 * n;
	text[len++] = '\n';
	file = ballot_file_new(path, text, len);
	return file == BALLOT_FILE_OK ? EXIT_DONE :
					ballot_file_failed(k->client, file, path);
}

/* ---- what the server said ----------------------------------------------------------- */

static int ask(struct check *k, Reply **reply)
{
	Request request = REQUEST__INIT;
	CheckReceipt body = CHECK_RECEIPT__INIT;
	int code;

	body.session_id = k->session;
	body.has_receipt = k->given;
	body.receipt.data = k->receipt;
	body.receipt.len = sizeof(k->receipt);
	request.body_case = REQUEST__BODY_CHECK_RECEIPT;
	request.check_receipt = &body;
	code = call_request(k->client, &request, reply);
	if (code == EXIT_DONE)
		k->said = (*reply)->check_receipt;
	return code;
}

static bool is_mine(const struct check *k, const ProtobufCBinaryData *hash)
{
	return hash->len == RECEIPT_HASH && !memcmp(hash->data, k->receipt, CODE_SECRET);
}

/* The list is what was signed: each hash once, in order, and all of them together. */
static bool list_good(const struct check *k)
{
	const CheckReceiptReply *said = k->said;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t hash[RECEIPT_HASH];
	bool good = md && EVP_DigestInit(md, EVP_sha256()) > 0;

	for (size_t i = 0; good && i < said->n_receipts; i++)
		good = said->receipts[i].len == RECEIPT_HASH &&
		       (i == 0 || memcmp(said->receipts[i - 1].data,
					 said->receipts[i].data, RECEIPT_HASH) < 0) &&
		       EVP_DigestUpdate(md, said->receipts[i].data, RECEIPT_HASH) > 0;
	good = good && EVP_DigestFinal(md, hash, NULL) > 0 &&
	       call_attested(k->client, RECEIPT_LIST, k->session, hash);
	EVP_MD_CTX_free(md);
	return good;
}

static bool listed(const struct check *k)
{
	for (size_t i = 0; i < k->said->n_receipts; i++)
		if (is_mine(k, &k->said->receipts[i]))
			return true;
	return false;
}

/* Nothing is taken on the server's word: the list is read here, and signed. */
static int judge(const struct check *k)
{
	bool there;

	if (k->said->has_receipts_hash && !list_good(k))
		return fail(k, EXIT_SECURITY, "ballot_list_unsigned");
	if (!k->given)
		return EXIT_DONE;
	there = k->said->has_receipts_hash ? listed(k) :
		k->said->has_receipt && is_mine(k, &k->said->receipt);
	if (!there)
		return fail(k, EXIT_SECURITY, k->proven ? "ballot_receipt_proves" :
							  "ballot_receipt_missing");
	if (!k->said->has_receipts_hash &&
	    !call_attested(k->client, RECEIPT_BALLOT, k->session, k->said->receipt.data))
		return fail(k, EXIT_SECURITY, "ballot_receipt_unsigned");
	return EXIT_DONE;
}

int ballot_need_list(struct client *client, char *session,
		     const uint8_t hash[RECEIPT_HASH])
{
	struct check k = { .client = client, .session = session };
	Reply *reply;
	int code = ask(&k, &reply);

	if (code != EXIT_DONE)
		return code;
	code = judge(&k);
	if (code == EXIT_DONE && (k.said->receipts_hash.len != RECEIPT_HASH ||
				  memcmp(k.said->receipts_hash.data, hash, RECEIPT_HASH)))
		code = fail(&k, EXIT_SECURITY, "ballot_list_not_urn");
	call_free(reply);
	return code;
}

/* ---- the command ---------------------------------------------------------------------- */

static int read_given(struct check *k, struct args *args)
{
	const char *code = args_get(args, "receipt_code");
	const char *path = args_get(args, "receipt_file");

	if (path)
		return read_file(k, path);
	k->given = code;
	if (code && !read_receipt(code, k->receipt))
		return ballot_fail(k->client, EXIT_USAGE, "ballot_receipt_bad", code, NULL);
	return EXIT_DONE;
}

int ballot_check_run(struct client *client, struct args *args)
{
	struct check k = { .client = client };
	Request *named = args_request(client, args);
	const char *out = args_get(args, "out");
	Reply *reply;
	int code;

	if (!named)
		return EXIT_USAGE;
	k.session = ((CheckReceipt *)request_body(named))->session_id;
	code = read_given(&k, args);
	if (code == EXIT_DONE)
		code = ask(&k, &reply);
	if (code != EXIT_DONE)
		return code;
	code = judge(&k);
	if (code == EXIT_DONE && out)
		code = write_file(&k, out);
	if (code == EXIT_DONE)
		code = client_show(client, reply, ballot_receipt_view);
	call_free(reply);
	return code;
}
