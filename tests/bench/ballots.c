/*
 * Real sealed ballots of distinct slips, for the benchmark:
 *
 *   ballots SESSION N PUBLIC-KEY PUBLIC-KEY PUBLIC-KEY
 *
 * writes N records of token, sealed ballot, signature, token's hash and public
 * key, without anything between them.  The keys are hexadecimal.
 */
#include "common/seal.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char plain[] = "zhibu-ballot-1\n1=A\n2=B\n3=A\n4=C\n5=A\n6=B\n7=A\n8=A\n";

static bool one(const char *session, const uint8_t holders[SEAL_HOLDERS][SEAL_KEY])
{
	uint8_t code[CODE_SECRET], sealed[SEAL_SIZE], signature[SEAL_SIGNATURE];
	struct seal_slip slip;

	return seal_new_code(code) && seal_slip(code, session, session, &slip) &&
	       seal_ballot((const uint8_t *)plain, sizeof(plain) - 1, session, holders,
			   sealed) &&
	       seal_sign(&slip, session, sealed, signature) &&
	       fwrite(slip.token, sizeof(slip.token), 1, stdout) == 1 &&
	       fwrite(sealed, sizeof(sealed), 1, stdout) == 1 &&
	       fwrite(signature, sizeof(signature), 1, stdout) == 1 &&
	       fwrite(slip.token_hash, sizeof(slip.token_hash), 1, stdout) == 1 &&
	       fwrite(slip.public_key, sizeof(slip.public_key), 1, stdout) == 1;
}

int main(int argc, char **argv)
{
	uint8_t holders[SEAL_HOLDERS][SEAL_KEY];
	size_t len;

	if (argc != 3 + SEAL_HOLDERS)
		return 2;
	for (int i = 0; i < SEAL_HOLDERS; i++)
		if (!OPENSSL_hexstr2buf_ex(holders[i], SEAL_KEY, &len, argv[3 + i], '\0') ||
		    len != SEAL_KEY)
			return 2;
	for (long n = atol(argv[2]); n > 0; n--)
		if (!one(argv[1], (const uint8_t (*)[SEAL_KEY])holders))
			return 1;
	return fflush(stdout) != 0;
}
