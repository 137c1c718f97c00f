/* A voter's receipt: looked for in the urn, without a certificate. */
#include "client/ballot_run.h"
#include "client/handlers.h"

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

int ballot_check_run(struct client *client, struct args *args)
{
	Request request = REQUEST__INIT;
	CheckReceipt check = CHECK_RECEIPT__INIT;
	const char *given = args_get(args, "receipt_code");
	uint8_t receipt[CODE_SECRET];
	Request *named = args_request(client, args);
	Reply *reply;
	int code;

	if (!named)
		return EXIT_USAGE;
	if (!read_receipt(given, receipt))
		return ballot_fail(client, EXIT_USAGE, "ballot_receipt_bad",
				   given, NULL);
	check.session_id = ((CheckReceipt *)request_body(named))->session_id;
	check.has_receipt = 1;
	check.receipt.data = receipt;
	check.receipt.len = sizeof(receipt);
	request.body_case = REQUEST__BODY_CHECK_RECEIPT;
	request.check_receipt = &check;
	code = call_request(client, &request, &reply);
	if (code != EXIT_DONE)
		return code;
	if (reply->check_receipt->in_urn || client_json(client))
		code = client_show(client, reply, NULL);
	if (!reply->check_receipt->in_urn)
		code = ballot_fail(client, EXIT_SECURITY,
				   "ballot_receipt_missing", check.session_id, NULL);
	call_free(reply);
	return code;
}
