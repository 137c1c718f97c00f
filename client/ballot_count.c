/*
 * The count: two of the three keys open every ballot of the closed urn on this
 * machine.  The first to count hands the marks in under ids drawn here, in the order
 * of the ids; the second opens the urn too, and certifies by the digest of what was
 * found, so that neither has to believe the other.  What does not open, is not
 * signed by a listed slip, or is no ballot of this session counts as void.
 */
#include "client/ballot_run.h"
#include "client/handlers.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID 16
#define PAGES_MAX 1000
#define LISTED_MAX (2000 * SEAL_KEY)

struct opened {
	uint8_t id[ID];
	struct ballot_marks marks;
};

struct count {
	struct client *client;
	char *session;
	const BallotManifest *manifest;
	struct ballot_bond bond;
	int index[2];               /* whose keys these are */
	struct seal_holder key[2];
	uint8_t *listed;            /* public keys of the slips; NULL: not made here */
	size_t n_listed;
	struct opened *opened;
	size_t n, room;
	int32_t voided;
	uint8_t last[SEAL_KEY];     /* the page's last, as the server says it */
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint8_t (*sealed)[SHA256_DIGEST_LENGTH]; /* hash of each; NULL: all is paper */
	size_t n_sealed;
};

/* ---- keys --------------------------------------------------------------------- */

static int holder_of(const struct count *c, const struct seal_holder *key)
{
	for (int i = 0; i < SEAL_HOLDERS; i++)
		if (!memcmp(c->bond.keys[i], key->public_key, SEAL_KEY))
			return i;
	return -1;
}

static int load_keys(struct count *c, struct args *args)
{
	const char *session = c->manifest->session_id;

	if (args_count(args, "key") != 2)
		return ballot_fail(c->client, EXIT_USAGE, "ballot_two_keys",
				   NULL, NULL);
	for (size_t i = 0; i < 2; i++) {
		const char *path = args_nth(args, "key", i);
		enum ballot_file file = ballot_key_read(path, session, &c->key[i]);

		if (file != BALLOT_FILE_OK)
			return ballot_file_failed(c->client, file, path);
		c->index[i] = holder_of(c, &c->key[i]);
		if (c->index[i] < 0)
			return ballot_fail(c->client, EXIT_USAGE,
					   "ballot_key_strange", path, NULL);
	}
	if (c->index[0] == c->index[1])
		return ballot_fail(c->client, EXIT_USAGE, "ballot_two_keys",
				   NULL, NULL);
	return EXIT_DONE;
}

/* The list the slips' maker kept.  On another machine there is none, and the
 * server's word stands for the keys. */
static void load_listed(struct count *c)
{
	const char *path = ballot_path(c->client, c->manifest->session_id,
				       "listed");
	size_t len = 0;

	c->listed = malloc(LISTED_MAX + 1);
	if (c->listed && ballot_file_read(path, c->listed, LISTED_MAX + 1,
					  &len) == BALLOT_FILE_OK) {
		c->n_listed = len / SEAL_KEY;
		return;
	}
	free(c->listed);
	c->listed = NULL;
	out_say(client_out(c->client), "%s", word("text.ballot_no_list"));
}

/* ---- opening ------------------------------------------------------------------- */

static bool is_listed(const struct count *c, const ProtobufCBinaryData *key)
{
	if (key->len != SEAL_KEY)
		return false;
	for (size_t i = 0; i < c->n_listed; i++)
		if (!memcmp(c->listed + i * SEAL_KEY, key->data, SEAL_KEY))
			return true;
	return !c->listed;
}

static bool signed_by_slip(const struct count *c, const UrnRow *row)
{
	return is_listed(c, &row->public_key) &&
	       row->signature.len == SEAL_SIGNATURE &&
	       seal_verify(row->public_key.data, c->bond.name, row->sealed.data,
			   row->sealed.len, row->signature.data);
}

static bool nonce_seen(const struct count *c, const struct ballot_marks *marks)
{
	for (size_t i = 0; i < c->n; i++)
		if (!memcmp(c->opened[i].marks.nonce, marks->nonce, BALLOT_NONCE))
			return true;
	return false;
}

/* A copy of somebody's ballot under another slip has the same nonce. */
static bool open_one(struct count *c, const UrnRow *row,
		     struct ballot_marks *marks)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	size_t len;
	bool ok = signed_by_slip(c, row) &&
		  seal_open(row->sealed.data, row->sealed.len, c->bond.name,
			    c->index[0], c->key[0].private_key, c->index[1],
			    c->key[1].private_key, plain, &len) &&
		  ballot_decode(plain, len, c->manifest, marks) &&
		  !nonce_seen(c, marks);

	seal_wipe(plain, sizeof(plain));
	return ok;
}

static bool more_room(struct count *c)
{
	size_t room = c->room ? c->room * 2 : 64;
	struct opened *bigger;

	if (c->n < c->room)
		return true;
	bigger = realloc(c->opened, room * sizeof(*bigger));
	if (!bigger)
		return false;
	c->opened = bigger;
	c->room = room;
	return true;
}

static bool take(struct count *c, const UrnRow *row)
{
	if (!more_room(c))
		return false;
	if (!open_one(c, row, &c->opened[c->n].marks))
		c->voided++;
	else if (ballot_random(c->opened[c->n].id, ID))
		c->n++;
	else
		return false;
	return true;
}

static int fetch_page(struct count *c, bool first, Reply **reply)
{
	Request request = REQUEST__INIT;
	UrnPage page = URN_PAGE__INIT;

	page.session_id = c->manifest->session_id;
	page.has_after = !first;
	page.after.data = c->last;
	page.after.len = sizeof(c->last);
	request.body_case = REQUEST__BODY_URN_PAGE;
	request.urn_page = &page;
	return call_request(c->client, &request, reply);
}

static bool hash_sealed(struct count *c, const UrnPageReply *page)
{
	size_t n = c->n_sealed + page->n_ballots;
	void *bigger = realloc(c->sealed, (n + 1) * sizeof(*c->sealed));

	if (!bigger)
		return false;
	c->sealed = bigger;
	for (size_t i = 0; i < page->n_ballots; i++)
		SHA256(page->ballots[i]->sealed.data, page->ballots[i]->sealed.len,
		       c->sealed[c->n_sealed++]);
	return true;
}

/* EXIT_DONE and *end, or the exit code. */
static int take_page(struct count *c, const UrnPageReply *page, bool *end)
{
	if (!hash_sealed(c, page))
		return EXIT_FAILED;
	for (size_t i = 0; i < page->n_ballots; i++)
		if (!take(c, page->ballots[i]))
			return EXIT_FAILED;
	*end = page->n_ballots == 0 || page->last.len != sizeof(c->last) ||
	       c->n + (size_t)c->voided >= (size_t)page->total;
	if (!*end)
		memcpy(c->last, page->last.data, sizeof(c->last));
	return EXIT_DONE;
}

static int open_urn(struct count *c)
{
	bool end = false;

	for (int i = 0; i < PAGES_MAX && !end; i++) {
		Reply *reply;
		int code = fetch_page(c, i == 0, &reply);

		if (code != EXIT_DONE)
			return code;
		code = take_page(c, reply->urn_page, &end);
		call_free(reply);
		if (code != EXIT_DONE)
			return code;
	}
	return EXIT_DONE;
}

/* ---- handing in --------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	const struct opened *x = a, *y = b;

	return memcmp(x->id, y->id, ID);
}

static char nothing[] = "";

static OpenedBallot *marks_message(struct count *c, struct opened *opened)
{
	struct arena *arena = client_arena(c->client);
	OpenedBallot *m = arena_alloc(arena, sizeof(*m));

	if (!m)
		return NULL;
	opened_ballot__init(m);
	m->has_id = 1;
	m->id.data = opened->id;
	m->id.len = ID;
	m->n_marks = opened->marks.n;
	m->marks = arena_zero(arena, m->n_marks, sizeof(*m->marks));
	if (!m->marks)
		return NULL;
	for (size_t i = 0; i < m->n_marks; i++) {
		uint8_t option = opened->marks.option[i];

		m->marks[i] = option ? c->manifest->items[i]->options[option - 1] :
				       nothing;
	}
	return m;
}

static bool has_words(const char *comment)
{
	return comment[strspn(comment, " \t\r\n\v\f")] != 0;
}

static int by_message_id(const void *a, const void *b)
{
	const OpenedComment *const *x = a;
	const OpenedComment *const *y = b;

	return memcmp((*x)->id.data, (*y)->id.data, ID);
}

/* Under an id of its own, so that a comment is not beside its marks. */
static bool add_comment(struct count *c, CountBallots *body, char *text)
{
	struct arena *arena = client_arena(c->client);
	OpenedComment *m = arena_alloc(arena, sizeof(*m));
	uint8_t *id = arena_alloc(arena, ID);

	if (!m || !id || !ballot_random(id, ID))
		return false;
	opened_comment__init(m);
	m->has_id = 1;
	m->id.data = id;
	m->id.len = ID;
	m->text = text;
	body->comments[body->n_comments++] = m;
	return true;
}

static bool fill_count(struct count *c, CountBallots *body)
{
	struct arena *arena = client_arena(c->client);

	qsort(c->opened, c->n, sizeof(*c->opened), by_id);
	body->ballots = arena_zero(arena, c->n + 1, sizeof(*body->ballots));
	body->comments = arena_zero(arena, c->n + 1, sizeof(*body->comments));
	if (!body->ballots || !body->comments)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		char *comment = c->opened[i].marks.comment;

		body->ballots[i] = marks_message(c, &c->opened[i]);
		if (!body->ballots[i] ||
		    (has_words(comment) && !add_comment(c, body, comment)))
			return false;
	}
	body->n_ballots = c->n;
	qsort(body->comments, body->n_comments, sizeof(*body->comments),
	      by_message_id);
	body->has_void_count = 1;
	body->void_count = c->voided;
	return true;
}

/* ---- digest ---------------------------------------------------------------------------- */

/* As flow.ballot_digest: void ballots, ballots, comments, then the hashes of each
 * ballot's marks and of each comment, sorted. */
#define MARK_END "\x1f"

static void hash_marks(const struct count *c, const struct ballot_marks *marks,
		       uint8_t hash[SHA256_DIGEST_LENGTH])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestInit(ctx, EVP_sha256());
	for (size_t i = 0; i < marks->n; i++) {
		uint8_t option = marks->option[i];
		const char *code =
			option ? c->manifest->items[i]->options[option - 1] : "";

		if (i > 0)
			EVP_DigestUpdate(ctx, MARK_END, 1);
		EVP_DigestUpdate(ctx, code, strlen(code));
	}
	EVP_DigestFinal(ctx, hash, NULL);
	EVP_MD_CTX_free(ctx);
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, SHA256_DIGEST_LENGTH);
}

static bool digest_of(const struct count *c, uint8_t out[SHA256_DIGEST_LENGTH])
{
	char head[128];
	uint8_t (*hash)[SHA256_DIGEST_LENGTH] = calloc(2 * c->n + 1, sizeof(*hash));
	size_t comments = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = hash && ctx;

	for (size_t i = 0; ok && i < c->n; i++) {
		const char *text = c->opened[i].marks.comment;

		hash_marks(c, &c->opened[i].marks, hash[i]);
		if (has_words(text))
			SHA256((const uint8_t *)text, strlen(text),
			       hash[c->n + comments++]);
	}
	if (ok) {
		qsort(hash, c->n, sizeof(*hash), by_bytes);
		qsort(hash + c->n, comments, sizeof(*hash), by_bytes);
		snprintf(head, sizeof(head), "zhibu-count-1\n%d\n%zu\n%zu\n",
			 c->voided, c->n, comments);
		ok = EVP_DigestInit(ctx, EVP_sha256()) > 0 &&
		     EVP_DigestUpdate(ctx, head, strlen(head)) > 0 &&
		     EVP_DigestUpdate(ctx, hash, (c->n + comments) * sizeof(*hash)) > 0 &&
		     EVP_DigestFinal(ctx, out, NULL) > 0;
	}
	EVP_MD_CTX_free(ctx);
	free(hash);
	return ok;
}

/* ---- the commands --------------------------------------------------------------------- */

static int show_result(struct count *c)
{
	Reply *reply;
	int code = ballot_fetch(c->client, c->session, &reply);

	if (code != EXIT_DONE)
		return code;
	code = client_show(c->client, reply, ballot_view);
	call_free(reply);
	return code;
}

/* What is published is what was opened here; with this first look at it the list is
 * signed for good. */
static int need_list(struct count *c)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	size_t n = 0;

	if (!c->sealed)
		return EXIT_DONE;
	qsort(c->sealed, c->n_sealed, sizeof(*c->sealed), by_bytes);
	for (size_t i = 0; i < c->n_sealed; i++)
		if (n == 0 || by_bytes(c->sealed[n - 1], c->sealed[i]))
			memmove(c->sealed[n++], c->sealed[i], sizeof(*c->sealed));
	SHA256((const uint8_t *)c->sealed, n * sizeof(*c->sealed), hash);
	return ballot_need_list(c->client, c->session, hash);
}

static int finish(struct count *c, Request *request)
{
	Reply *reply;
	int code = call_request(c->client, request, &reply);

	if (code != EXIT_DONE)
		return code;
	call_free(reply);
	if (client_dry_run(c->client))
		return EXIT_DONE;
	code = need_list(c);
	return code == EXIT_DONE ? show_result(c) : code;
}

/* Where all is paper there is no urn, and no key is asked for. */
static int open_all(struct count *c, struct args *args, bool urn)
{
	int code;

	if (!urn)
		return EXIT_DONE;
	code = ballot_need_bond(c->client, c->manifest, &c->bond);
	if (code == EXIT_DONE)
		code = load_keys(c, args);
	if (code != EXIT_DONE)
		return code;
	load_listed(c);
	return open_urn(c);
}

/* Fills the request from what was found; false: no memory. */
typedef bool fill_from_urn(struct count *c, void *body);

static bool fill_count_body(struct count *c, void *body)
{
	return fill_count(c, body);
}

static bool fill_certificate(struct count *c, void *body)
{
	CertifyBallot *certify = body;

	certify->has_digest = 1;
	certify->digest.data = c->digest;
	certify->digest.len = sizeof(c->digest);
	return digest_of(c, c->digest);
}

static int run(struct client *client, struct args *args, Request *request,
	       char *session, fill_from_urn *fill)
{
	struct count c = { .client = client, .session = session };
	Reply *reply;
	int code = ballot_fetch(client, session, &reply);

	if (code != EXIT_DONE)
		return code;
	c.manifest = reply->show_ballot->manifest;
	code = open_all(&c, args, reply->show_ballot->ballot_channel !=
					  BALLOT_CHANNEL__KIND__PAPER);
	if (code == EXIT_DONE && !fill(&c, request_body(request)))
		code = EXIT_FAILED;
	if (code == EXIT_DONE)
		code = finish(&c, request);
	seal_wipe(c.key, sizeof(c.key));
	if (c.opened)
		seal_wipe(c.opened, c.room * sizeof(*c.opened));
	free(c.opened);
	free(c.listed);
	free(c.sealed);
	call_free(reply);
	return code;
}

int ballot_count_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);

	if (!request)
		return EXIT_USAGE;
	return run(client, args, request,
		   ((CountBallots *)request_body(request))->session_id,
		   fill_count_body);
}

int ballot_certify_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);

	if (!request)
		return EXIT_USAGE;
	return run(client, args, request,
		   ((CertifyBallot *)request_body(request))->session_id,
		   fill_certificate);
}
