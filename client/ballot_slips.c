/*
 * Slips: made on the scrutineer's machine, printed, mixed and drawn by hand.  The
 * server is told hashes and public keys in the order of the hash; the sheet holds
 * the codes in the order they were made, and nothing connects the two.
 */
#include "client/ballot_run.h"
#include "client/handlers.h"
#include "client/html.h"
#include "client/qr.h"
#include "client/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLIP_HTML 2048 /* room a slip takes in the sheet, with its words */
#define HEAD_HTML 65536 /* and what stands above them */
#define SLIPS_MAX 2000

/* The sheet being made and what the server will be told of it. */
struct slips {
	struct client *client;
	const BallotManifest *manifest;
	struct ballot_bond bond;
	struct seal_slip *slips; /* secrets already wiped */
	uint8_t *secrets;        /* of the codes, CODE_SECRET bytes each */
	size_t n;
	char *sheet;             /* secret: holds the codes */
	size_t len;
};

/* 党员评议党支部  测评票 */
static const char *title_of(const struct slips *s)
{
	return out_format(client_out(s->client), "%s  %s",
			  value_enum("purpose", &ballot_purpose__kind__descriptor,
				     (int)s->manifest->purpose),
			  word("text.ballot_slip"));
}

static void write_text(FILE *f, const struct slips *s, const char *code)
{
	const BallotManifest *m = s->manifest;

	fprintf(f, "%s  %s\n", title_of(s), m->org_name);
	fprintf(f, "%s  %s    %s  %s\n", word("field.session_id"), m->session_id,
		word("text.ballot_check_code"), s->bond.check);
	fprintf(f, "%s  %s\n", word("text.ballot_slip_code"), code);
	fprintf(f, "%s\n- - - - - - - - - - - - - - - - - - - - - - - - - -\n",
		word("text.ballot_slip_help"));
}

static void write_html(FILE *f, const struct slips *s, const char *code)
{
	fputs("<section><b>", f);
	html_text(f, s->manifest->org_name);
	fputs("</b><p>", f);
	html_text(f, title_of(s));
	fprintf(f, "　%s</p><p class=code>%s</p><p>", s->manifest->session_id, code);
	html_text(f, word("text.ballot_check_code"));
	fprintf(f, "　%s</p><p class=help>", s->bond.check);
	html_text(f, word("text.ballot_slip_help"));
	fputs("</p></section>\n", f);
}

/* What hangs on the wall: the address for a camera, the same for all, and what a
 * voter may rely on. */
static void write_head_text(FILE *f, const struct slips *s)
{
	fprintf(f, "%s  %s\n%s  %s\n\n%s\n\n%s\n\n", title_of(s),
		s->manifest->org_name, word("text.ballot_address"),
		client_server(s->client), word("text.ballot_promise"),
		word("text.ballot_draw"));
}

static void write_head_html(FILE *f, const struct slips *s)
{
	fputs("<header><h1>", f);
	html_text(f, title_of(s));
	fputs("</h1>\n", f);
	qr_svg(f, client_server(s->client));
	html_element(f, "p", s->manifest->org_name);
	html_element(f, "p", out_format(client_out(s->client), "%s　%s　%s　%s",
					s->manifest->session_id,
					out_date(client_out(s->client),
						 s->manifest->held_on),
					s->manifest->place,
					client_server(s->client)));
	html_element(f, "p", word("text.ballot_promise"));
	html_element(f, "p", word("text.ballot_draw"));
	fputs("</header>\n", f);
}

/* Ten slips a page, cut along the lines. */
static const char style[] =
	"@page{size:A4;margin:10mm}header{break-after:page}h1{font-size:18pt}"
	"header p{font-size:12pt;line-height:1.7}.qr{width:50mm;float:right}"
	"section{border:1px dashed #666;padding:3mm 4mm;margin:0;width:86mm;height:46mm;"
	"display:inline-block;vertical-align:top;overflow:hidden;break-inside:avoid}"
	"section p{font-size:10pt;margin:1mm 0}.code{font:bold 15pt monospace}"
	"section .help{font-size:8pt}";

/* The codes of a list the server may or may not have got are kept until it has
 * answered: asked again, it is the same list, and whatever was printed is good. */
static enum ballot_file make_secrets(struct slips *s, const char *pending)
{
	size_t want = s->n * CODE_SECRET, len = 0;

	s->secrets = calloc(1, want + 1);
	if (!s->secrets)
		return BALLOT_FILE_SYSTEM;
	if (ballot_file_read(pending, s->secrets, want + 1, &len) ==
		    BALLOT_FILE_OK && len == want)
		return BALLOT_FILE_OK;
	for (size_t i = 0; i < s->n; i++)
		if (!seal_new_code(s->secrets + i * CODE_SECRET))
			return BALLOT_FILE_SYSTEM;
	if (client_dry_run(s->client))
		return BALLOT_FILE_OK;
	unlink(pending);
	return ballot_file_new(pending, s->secrets, want);
}

/* One slip: its line on the sheet; then the code and its secrets are wiped. */
static bool make_slip(struct slips *s, FILE *sheet, bool html, size_t i)
{
	const uint8_t *secret = s->secrets + i * CODE_SECRET;
	char code[CODE_SLIP_TEXT];
	bool ok = seal_slip(secret, s->manifest->session_id, s->bond.name,
			    &s->slips[i]);

	if (ok) {
		code_write_slip(secret, code);
		(html ? write_html : write_text)(sheet, s, code);
	}
	seal_wipe(code, sizeof(code));
	seal_wipe(s->slips[i].token, SEAL_KEY);
	seal_wipe(s->slips[i].private_key, SEAL_KEY);
	return ok;
}

static int by_hash(const void *a, const void *b)
{
	const struct seal_slip *x = a, *y = b;

	return memcmp(x->token_hash, y->token_hash, SEAL_KEY);
}

/* Room for the whole sheet at once, so that no buffer that grew leaves copies of
 * codes behind. */
static bool make_sheet(struct slips *s, bool html)
{
	size_t room = s->n * SLIP_HTML + HEAD_HTML;
	FILE *f;
	bool ok = true;

	s->sheet = calloc(1, room);
	f = s->sheet ? fmemopen(s->sheet, room, "w") : NULL;
	if (!f)
		return false;
	setvbuf(f, NULL, _IONBF, 0);
	if (html)
		html_begin(f, title_of(s), style);
	(html ? write_head_html : write_head_text)(f, s);
	for (size_t i = 0; i < s->n && ok; i++)
		ok = make_slip(s, f, html, i);
	if (html)
		html_end(f);
	ok = ok && !ferror(f);
	s->len = (size_t)ftell(f);
	fclose(f);
	qsort(s->slips, s->n, sizeof(*s->slips), by_hash);
	return ok && s->len < room;
}

static void fill_entry(SlipEntry *entry, struct seal_slip *slip)
{
	slip_entry__init(entry);
	entry->has_token_hash = entry->has_public_key = 1;
	entry->token_hash.data = slip->token_hash;
	entry->public_key.data = slip->public_key;
	entry->token_hash.len = entry->public_key.len = SEAL_KEY;
}

static int send_list(struct slips *s, Request *request, Reply **reply)
{
	ListSlips *body = request_body(request);
	struct arena *arena = client_arena(s->client);
	SlipEntry *entries = arena_zero(arena, s->n, sizeof(*entries));
	SlipEntry **list = arena_zero(arena, s->n, sizeof(SlipEntry *));

	if (!entries || !list)
		return EXIT_FAILED;
	for (size_t i = 0; i < s->n; i++) {
		fill_entry(&entries[i], &s->slips[i]);
		list[i] = &entries[i];
	}
	body->n_slips = s->n;
	body->slips = list;
	return call_request(s->client, request, reply);
}

/* The public keys as listed, for the count: a ballot under any other key was put
 * into the urn by somebody else. */
static enum ballot_file keep_listed(struct slips *s, const char *path)
{
	uint8_t *keys = malloc(s->n * SEAL_KEY);
	enum ballot_file result = BALLOT_FILE_SYSTEM;

	if (!keys)
		return result;
	for (size_t i = 0; i < s->n; i++)
		memcpy(keys + i * SEAL_KEY, s->slips[i].public_key, SEAL_KEY);
	unlink(path);
	result = ballot_file_new(path, keys, s->n * SEAL_KEY);
	free(keys);
	return result;
}

/* The sheet is on disk before the server knows of it, and given its name only
 * after: a sheet under its name is one that can be used. */
static int write_and_list(struct slips *s, Request *request, const char *path,
			  const char *pending)
{
	const char *part = out_format(client_out(s->client), "%s.part", path);
	const char *listed = ballot_path(s->client, s->manifest->session_id,
					 "listed");
	enum ballot_file file;
	Reply *reply;
	int code;

	if (client_dry_run(s->client)) {
		code = send_list(s, request, &reply);
		if (code == EXIT_DONE)
			call_free(reply);
		return code;
	}
	if (access(path, F_OK) == 0)
		return ballot_file_failed(s->client, BALLOT_FILE_EXISTS, path);
	unlink(part);
	file = ballot_file_new(part, s->sheet, s->len);
	if (file == BALLOT_FILE_OK)
		file = keep_listed(s, listed);
	if (file != BALLOT_FILE_OK)
		return ballot_file_failed(s->client, file, part);
	code = send_list(s, request, &reply);
	if (code != EXIT_UNREACHABLE)
		unlink(pending);
	if (code != EXIT_DONE) {
		unlink(part);
		return code;
	}
	code = client_show(s->client, reply, NULL);
	call_free(reply);
	if (rename(part, path) != 0)
		return ballot_file_failed(s->client, BALLOT_FILE_SYSTEM, path);
	out_hint(client_out(s->client), "%s",
		 ballot_word(s->client, "text.ballot_slips_made", path, NULL));
	return code;
}

static int make_and_list(struct slips *s, Request *request, const char *path)
{
	const char *pending = ballot_path(s->client, s->manifest->session_id,
					  "codes");
	size_t len = strlen(path);
	bool html = len > 5 && strcmp(path + len - 5, ".html") == 0;
	enum ballot_file file = make_secrets(s, pending);

	if (file != BALLOT_FILE_OK)
		return ballot_file_failed(s->client, file, pending);
	if (!make_sheet(s, html))
		return ballot_fail(s->client, EXIT_FAILED, "ballot_malformed",
				   NULL, NULL);
	return write_and_list(s, request, path, pending);
}

static int run_with(struct slips *s, struct args *args, Request *request)
{
	int code = ballot_need_bond(s->client, s->manifest, &s->bond);

	if (code != EXIT_DONE)
		return code;
	if (args_given(args, "count") &&
	    strtoul(args_get(args, "count"), NULL, 10) != s->n)
		return ballot_fail(s->client, EXIT_DEFECTS, "ballot_count_present",
				   args_get(args, "count"),
				   out_format(client_out(s->client), "%zu", s->n));
	s->slips = s->n > 0 && s->n <= SLIPS_MAX ?
			   calloc(s->n, sizeof(*s->slips)) : NULL;
	if (!s->slips)
		return ballot_fail(s->client, EXIT_FAILED, "ballot_malformed",
				   NULL, NULL);
	return make_and_list(s, request, args_get(args, "out"));
}

/* One for each person present who has no paper. */
static size_t slips_wanted(const BallotResult *result)
{
	return result && result->present > result->paper ?
		       (size_t)(result->present - result->paper) : 0;
}

int ballot_slips_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	struct slips slips = { .client = client };
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	if (!args_given(args, "out"))
		return ballot_fail(client, EXIT_USAGE, "ballot_slips_out", NULL,
				   NULL);
	code = ballot_fetch(client, ((ListSlips *)request_body(request))->session_id,
			    &reply);
	if (code != EXIT_DONE)
		return code;
	slips.manifest = reply->show_ballot->manifest;
	slips.n = slips_wanted(reply->show_ballot->result);
	code = run_with(&slips, args, request);
	if (slips.sheet)
		seal_wipe(slips.sheet, slips.len);
	if (slips.secrets)
		seal_wipe(slips.secrets, slips.n * CODE_SECRET);
	free(slips.secrets);
	free(slips.sheet);
	free(slips.slips);
	call_free(reply);
	return code;
}

/* A slip given back unused: its code is typed here once more, and the server is told
 * the hash it knows. */
int ballot_cancel_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *path = args_get(args, "slip_file");
	CancelSlip *body;
	uint8_t secret[CODE_SECRET];
	struct seal_slip slip;
	FILE *file = path ? strcmp(path, "-") ? fopen(path, "re") : stdin : NULL;
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	if (path && !file)
		return ballot_fail(client, EXIT_USAGE, "ballot_file_system",
				   path, strerror(errno));
	body = request_body(request);
	code = ballot_fetch(client, body->session_id, &reply);
	if (code == EXIT_DONE) {
		call_free(reply);
		code = ballot_ask_code(client, file, secret);
	}
	if (file && file != stdin)
		fclose(file);
	if (code == EXIT_DONE && !seal_token(secret, body->session_id, &slip))
		code = EXIT_FAILED;
	seal_wipe(secret, sizeof(secret));
	if (code != EXIT_DONE)
		return code;
	seal_wipe(slip.token, sizeof(slip.token));
	body->has_token_hash = 1;
	body->token_hash.data = slip.token_hash;
	body->token_hash.len = SEAL_KEY;
	return call_show(client, request, NULL);
}
