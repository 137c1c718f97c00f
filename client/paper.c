#include "client/paper.h"

#include "common/text.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void paper_begin(struct paper *paper, struct arena *arena)
{
	memset(paper, 0, sizeof(*paper));
	paper->arena = arena;
	paper->name = "";
	paper->last = &paper->first;
}

struct paper_line *paper_add(struct paper *paper, enum paper_kind kind)
{
	struct paper_line *line = arena_zero(paper->arena, 1, sizeof(*line));

	if (!line)
		return NULL;
	line->kind = kind;
	*paper->last = line;
	paper->last = &line->next;
	return line;
}

const char *paper_paragraph(const struct paper *paper, const char **text)
{
	const char *first = *text;
	size_t len = strcspn(first, "\n");

	*text = first[len] ? first + len + 1 : NULL;
	return arena_copy(paper->arena, first, len);
}

/* Kind, cells, and an end after each that no text holds: no two papers that
 * differ give the same bytes. */
static void digest_line(EVP_MD_CTX *md, const struct paper_line *line)
{
	uint8_t kind = (uint8_t)line->kind;

	EVP_DigestUpdate(md, &kind, 1);
	for (unsigned i = 0; i < line->n; i++)
		EVP_DigestUpdate(md, line->cells[i], strlen(line->cells[i]) + 1);
}

void paper_digest(const struct paper *paper, char digest[PAPER_DIGEST + 1])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t hash[EVP_MAX_MD_SIZE] = { 0 };

	EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	for (const struct paper_line *l = paper->first; l; l = l->next)
		digest_line(md, l);
	EVP_DigestFinal_ex(md, hash, NULL);
	EVP_MD_CTX_free(md);
	text_hex(hash, PAPER_DIGEST / 2, digest);
}
