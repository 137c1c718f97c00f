/*
 * Codes of a survey: made on the department's machine, printed, drawn by hand.  The
 * server is told hashes in the order of the hash; the sheet holds the codes in the
 * order they were made.
 */
#include "client/ballot_run.h"
#include "client/handlers.h"
#include "client/html.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLIP_ROOM 3072 /* bytes a slip takes in the sheet, with its words */
#define CODES_MAX 10000

/* The sheet being made and what the server will be told of it. */
struct codes {
	struct client *client;
	const char *survey;
	const char *category; /* NULL: the survey has one */
	bool html;
	size_t n;
	uint8_t (*hashes)[SEAL_KEY];
	char *sheet; /* secret: holds the codes */
	size_t len;
};

static const char style[] =
	"section{border:1px dashed #666;padding:3mm;margin:1.5mm;width:84mm;"
	"display:inline-block;break-inside:avoid;vertical-align:top}"
	"h2{font-size:12pt;margin:0}p{font-size:10pt;margin:1mm 0}"
	".code{font:bold 15pt monospace}.help{font-size:8pt}";

static const char *how(const struct codes *c)
{
	return ballot_word(c->client, "text.survey_slip_how", c->survey, NULL);
}

static void write_text(FILE *f, const struct codes *c, const char *code)
{
	fprintf(f, "%s  %s%s%s\n  %s\n  %s\n  %s\n\n",
		word("text.survey_slip_title"), c->survey,
		c->category ? "  " : "", c->category ? c->category : "", code,
		how(c), word("text.survey_promise"));
}

static void write_html(FILE *f, const struct codes *c, const char *code)
{
	fputs("<section>", f);
	html_element(f, "h2", word("text.survey_slip_title"));
	fputs("<p>", f);
	html_text(f, c->survey);
	fputs("　", f);
	html_text(f, c->category);
	fprintf(f, "</p><p class=code>%s</p><p class=help>", code);
	html_text(f, how(c));
	fputs("</p><p class=help>", f);
	html_text(f, word("text.survey_promise"));
	fputs("</p></section>\n", f);
}

/* One code: its slip on the sheet and its hash; then it is wiped. */
static bool make_code(struct codes *c, FILE *sheet, size_t i)
{
	uint8_t secret[CODE_SECRET];
	char code[CODE_SLIP_TEXT];
	struct seal_slip slip;
	bool ok = seal_new_code(secret) && seal_token(secret, c->survey, &slip);

	if (ok) {
		code_write_slip(secret, code);
		(c->html ? write_html : write_text)(sheet, c, code);
		memcpy(c->hashes[i], slip.token_hash, SEAL_KEY);
	}
	seal_wipe(secret, sizeof(secret));
	seal_wipe(code, sizeof(code));
	seal_wipe(&slip, sizeof(slip));
	return ok;
}

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, SEAL_KEY);
}

/* Room for the whole sheet at once, so that no buffer that grew leaves copies of
 * codes behind. */
static bool make_sheet(struct codes *c)
{
	size_t room = (c->n + 2) * SLIP_ROOM;
	bool ok = true;
	FILE *f;

	c->sheet = calloc(1, room);
	f = c->sheet ? fmemopen(c->sheet, room, "w") : NULL;
	if (!f)
		return false;
	setvbuf(f, NULL, _IONBF, 0);
	if (c->html)
		html_begin(f, word("text.survey_slip_title"), style);
	for (size_t i = 0; i < c->n && ok; i++)
		ok = make_code(c, f, i);
	if (c->html)
		html_end(f);
	ok = ok && !ferror(f);
	c->len = (size_t)ftell(f);
	fclose(f);
	qsort(c->hashes, c->n, SEAL_KEY, by_hash);
	return ok && c->len < room;
}

static int send_list(struct codes *c, Request *request, Reply **reply)
{
	ListCodes *body = request_body(request);

	body->token_hashes = arena_zero(client_arena(c->client), c->n,
					sizeof(*body->token_hashes));
	if (!body->token_hashes)
		return EXIT_FAILED;
	body->n_token_hashes = c->n;
	for (size_t i = 0; i < c->n; i++) {
		body->token_hashes[i].data = c->hashes[i];
		body->token_hashes[i].len = SEAL_KEY;
	}
	return call_request(c->client, request, reply);
}

/* The sheet is on disk before the server knows of it, and given its name only
 * after: a sheet under its name is one that can be used. */
static int write_and_list(struct codes *c, Request *request, const char *path)
{
	const char *part = out_format(client_out(c->client), "%s.part", path);
	bool dry = client_dry_run(c->client);
	enum ballot_file file;
	Reply *reply;
	int code;

	if (access(path, F_OK) == 0)
		return ballot_file_failed(c->client, BALLOT_FILE_EXISTS, path);
	if (!dry) {
		file = ballot_file_new(part, c->sheet, c->len);
		if (file != BALLOT_FILE_OK)
			return ballot_file_failed(c->client, file, part);
	}
	code = send_list(c, request, &reply);
	if (code != EXIT_DONE) {
		if (!dry)
			unlink(part);
		return code;
	}
	code = client_show(c->client, reply, NULL);
	call_free(reply);
	if (dry)
		return code;
	if (rename(part, path) != 0)
		return ballot_file_failed(c->client, BALLOT_FILE_SYSTEM, path);
	out_hint(client_out(c->client), "%s",
		 ballot_word(c->client, "text.survey_slips_made", path, NULL));
	return code;
}

static int make_and_list(struct codes *c, Request *request, const char *path)
{
	size_t len = strlen(path);

	c->html = len > 5 && strcmp(path + len - 5, ".html") == 0;
	c->hashes = calloc(c->n, SEAL_KEY);
	if (!c->hashes || !make_sheet(c))
		return ballot_fail(c->client, EXIT_FAILED, "ballot_malformed",
				   NULL, NULL);
	return write_and_list(c, request, path);
}

int survey_slips_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *count = args_get(args, "count");
	struct codes codes = { .client = client };
	const ListCodes *body;
	int code;

	if (!request)
		return EXIT_USAGE;
	body = request_body(request);
	codes.survey = body->survey_id;
	codes.category = body->category;
	codes.n = count ? strtoul(count, NULL, 10) : 0;
	if (!args_given(args, "out") || codes.n < 1 || codes.n > CODES_MAX ||
	    strlen(codes.survey) > SEAL_SESSION_MAX)
		return ballot_fail(client, EXIT_USAGE, "survey_slips_usage",
				   NULL, NULL);
	code = make_and_list(&codes, request, args_get(args, "out"));
	if (codes.sheet)
		seal_wipe(codes.sheet, codes.len);
	free(codes.sheet);
	free(codes.hashes);
	return code;
}
