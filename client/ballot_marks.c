#include "client/ballot.h"

#include "common/text.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define HEAD (1 + BALLOT_NONCE + 2)

bool ballot_random(uint8_t *bytes, size_t len)
{
	return RAND_bytes(bytes, (int)len) == 1;
}

static void put_16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static size_t get_16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

size_t ballot_encode(const struct ballot_marks *marks,
		     uint8_t plain[SEAL_PLAIN_MAX])
{
	size_t comment = strlen(marks->comment);
	size_t len = HEAD + marks->n + 2 + comment;

	if (marks->n > BALLOT_ITEMS || len > SEAL_PLAIN_MAX)
		return 0;
	plain[0] = VERSION;
	memcpy(plain + 1, marks->nonce, BALLOT_NONCE);
	put_16(plain + 1 + BALLOT_NONCE, marks->n);
	memcpy(plain + HEAD, marks->option, marks->n);
	put_16(plain + HEAD + marks->n, comment);
	memcpy(plain + HEAD + marks->n + 2, marks->comment, comment);
	return len;
}

static bool options_fit(const struct ballot_marks *marks,
			const BallotManifest *manifest)
{
	for (size_t i = 0; i < marks->n; i++)
		if (marks->option[i] > manifest->items[i]->n_options)
			return false;
	return true;
}

/* What may be a string of a message; nothing else could be handed in. */
static bool comment_fits(const char *comment, size_t len,
			 const BallotManifest *manifest)
{
	size_t at = 0, used;
	uint32_t cp;

	if (len == 0)
		return true;
	if (!manifest->comments || memchr(comment, 0, len) ||
	    !text_valid(comment, len) ||
	    text_length(comment) > BALLOT_COMMENT_CHARS)
		return false;
	for (; (used = text_decode(comment + at, len - at, &cp)); at += used)
		if (!text_allowed(cp))
			return false;
	return true;
}

bool ballot_decode(const uint8_t *plain, size_t len,
		   const BallotManifest *manifest, struct ballot_marks *marks)
{
	size_t n, comment;

	memset(marks, 0, sizeof(*marks));
	if (len < HEAD || plain[0] != VERSION)
		return false;
	n = get_16(plain + 1 + BALLOT_NONCE);
	if (n != manifest->n_items || n > BALLOT_ITEMS || len < HEAD + n + 2)
		return false;
	comment = get_16(plain + HEAD + n);
	if (comment > BALLOT_COMMENT || len != HEAD + n + 2 + comment)
		return false;
	memcpy(marks->nonce, plain + 1, BALLOT_NONCE);
	marks->n = n;
	memcpy(marks->option, plain + HEAD, n);
	memcpy(marks->comment, plain + HEAD + n + 2, comment);
	return options_fit(marks, manifest) &&
	       comment_fits(marks->comment, comment, manifest);
}

static bool manifest_whole(const BallotManifest *manifest)
{
	if (!manifest->session_id || strlen(manifest->session_id) > 64 ||
	    manifest->n_holder_keys != SEAL_HOLDERS ||
	    manifest->n_items == 0 || manifest->n_items > BALLOT_ITEMS)
		return false;
	for (size_t i = 0; i < SEAL_HOLDERS; i++)
		if (manifest->holder_keys[i].len != SEAL_KEY)
			return false;
	for (size_t i = 0; i < manifest->n_items; i++)
		if (manifest->items[i]->n_options > 255 ||
		    manifest->items[i]->n_options !=
			    manifest->items[i]->n_labels)
			return false;
	return true;
}

static bool hash_packed(const BallotManifest *manifest,
			uint8_t hash[SHA256_DIGEST_LENGTH])
{
	size_t len = ballot_manifest__get_packed_size(manifest);
	uint8_t *packed = malloc(len ? len : 1);

	if (!packed)
		return false;
	ballot_manifest__pack(manifest, packed);
	SHA256(packed, len, hash);
	free(packed);
	return true;
}

bool ballot_bind(const BallotManifest *manifest, struct ballot_bond *bond)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	int at;

	memset(bond, 0, sizeof(*bond));
	if (!manifest || !manifest_whole(manifest) ||
	    !hash_packed(manifest, hash))
		return false;
	at = snprintf(bond->name, sizeof(bond->name), "%s:",
		      manifest->session_id);
	text_hex(hash, sizeof(hash), bond->name + at);
	code_write_ten(hash, bond->check);
	for (size_t i = 0; i < SEAL_HOLDERS; i++)
		memcpy(bond->keys[i], manifest->holder_keys[i].data, SEAL_KEY);
	return true;
}
