#include "server/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { ID_ROOM = 64 };

struct digest {
	EVP_MD_CTX *md;
	char id[ID_ROOM];
	int32_t next;     /* the piece that must follow; 0: none was taken */
	unsigned ticket;  /* of all pieces since the first; never 0 */
	unsigned on_way;  /* taken and not answered */
	bool broken;      /* one was left out, or may not be stored */
};

static struct digest *new_digest(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (d)
		d->md = EVP_MD_CTX_new();
	if (d && !d->md) {
		free(d);
		d = NULL;
	}
	return d;
}

static void begin(struct digest *d, const char *id)
{
	size_t len = strlen(id);

	d->next = 0;
	d->on_way = 0;
	d->broken = len >= ID_ROOM ||
		!EVP_DigestInit_ex(d->md, EVP_sha256(), NULL);
	memcpy(d->id, id, d->broken ? 0 : len);
	d->id[d->broken ? 0 : len] = '\0';
	if (++d->ticket == 0)
		d->ticket = 1;
}

unsigned digest_take(struct digest **digest, const char *id, int32_t no,
	const void *data, size_t len)
{
	struct digest *d = *digest;

	if (!d && no == 0)
		d = *digest = new_digest();
	if (!d)
		return 0;
	if (no == 0)
		begin(d, id);
	if (d->broken || no < d->next || strcmp(d->id, id) != 0)
		return 0;
	if (no > d->next || !EVP_DigestUpdate(d->md, data, len)) {
		d->broken = true;
		return 0;
	}
	d->next++;
	d->on_way++;
	return d->ticket;
}

void digest_answered(struct digest *d, unsigned ticket, bool stored)
{
	if (!d || !ticket || ticket != d->ticket)
		return;
	d->on_way--;
	if (!stored)
		d->broken = true;
}

bool digest_of(const struct digest *d, const char *id, uint8_t sha256[DIGEST_BYTES])
{
	EVP_MD_CTX *end;
	bool ok;

	if (!d || d->broken || d->on_way || d->next == 0 || strcmp(d->id, id) != 0)
		return false;
	/* a copy: more may follow */
	end = EVP_MD_CTX_new();
	ok = end && EVP_MD_CTX_copy_ex(end, d->md) &&
		EVP_DigestFinal_ex(end, sha256, NULL);
	EVP_MD_CTX_free(end);
	return ok;
}

void digest_free(struct digest **digest)
{
	if (!*digest)
		return;
	EVP_MD_CTX_free((*digest)->md);
	free(*digest);
	*digest = NULL;
}
