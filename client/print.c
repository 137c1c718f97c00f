/*
 * print: a form filled from what the server answers, as a file to be printed and
 * signed.  What was typed once is never typed again (NF-8).
 */
#include "client/call.h"
#include "client/client.h"
#include "client/fields.h"
#include "client/files.h"
#include "client/handlers.h"
#include "client/paper_form.h"
#include "client/papers.h"
#include "client/value.h"
#include "common/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int fail(struct client *c, int code, const char *key, const char *one,
		const char *two, const char *three)
{
	const char *args[] = { one, two, three };

	return client_fail(c, code, key, 3, args);
}

/* ---- which form ------------------------------------------------------------------- */

/* D1, d1, Ｄ１ and D01 are one. */
static const char *find_text(const char *typed)
{
	size_t n;
	const struct paper_text *all = papers_all(&n);
	const char *found = NULL;
	char number[32], *p = number;

	snprintf(number, sizeof(number), "%s", typed);
	text_fold(number);
	if (*p == 'D' || *p == 'd')
		p++;
	p += strspn(p, "0");
	for (size_t i = 0; i < n && !found; i++)
		if (!strcasecmp(all[i].id + 1, p))
			found = all[i].text;
	return found;
}

/* NULL: said; *code then. */
static const char *text_of(struct client *c, struct args *args, int *code)
{
	const char *path = args_get(args, "template"), *key = NULL, *text;
	size_t len;

	*code = EXIT_USAGE;
	if (!path) {
		text = find_text(args_get(args, "form"));
		if (!text)
			fail(c, *code, "print_no_form", args_get(args, "form"), "", "");
		return text;
	}
	text = value_read_file(client_arena(c), path, PAPER_FORM_BYTES_MAX, &len, &key);
	if (!text)
		fail(c, *code, key, path, "", "");
	return text;
}

static int read_form(struct client *c, struct args *args, struct paper_form *form)
{
	struct paper_trouble trouble;
	int code;
	const char *text = text_of(c, args, &code);

	if (!text)
		return code;
	if (!paper_form_read(client_arena(c), text, strlen(text), form, &trouble))
		return fail(c, EXIT_USAGE, trouble.key + strlen("error."),
			    out_format(client_out(c), "%u", trouble.line),
			    trouble.word, "");
	return EXIT_DONE;
}

/* ---- what it asks ------------------------------------------------------------------ */

static bool fill_field(struct client *c, void *body, const struct paper_facts *facts,
		       const struct paper_request *request, unsigned i, const char *id)
{
	const char *text = id;
	struct value_trouble trouble;
	void *slot;

	if (request->values[i])
		text = paper_form_text(client_arena(c), facts, request->values[i]);
	if (!text || !*text)
		return true;
	slot = fields_add(client_arena(c), body, request->fields[i]);
	return slot && value_parse(client_arena(c), request->fields[i], text, slot,
				   &trouble);
}

static Request *make_request(struct client *c, const struct paper_facts *facts,
			     const struct paper_request *asked, const char *id)
{
	struct arena *arena = client_arena(c);
	Request *request = fields_new(arena, &request__descriptor);
	void *body = request ? fields_add_new(arena, request, asked->member) : NULL;

	if (!body)
		return NULL;
	for (unsigned i = 0; i < asked->n; i++)
		if (!fill_field(c, body, facts, asked, i, id))
			return NULL;
	return request;
}

static int ask(struct client *c, const struct paper_form *form, const char *id,
	       struct paper_facts *facts, Reply *replies[])
{
	for (unsigned i = 0; i < form->n_requests; i++) {
		Request *request = make_request(c, facts, &form->requests[i], id);
		const ProtobufCFieldDescriptor *member;
		int code;

		if (!request)
			return fail(c, EXIT_USAGE, "print_bad_id", id ? id : "", "", "");
		code = call_request(c, request, &replies[i]);
		if (code)
			return code;
		member = protobuf_c_message_descriptor_get_field(
			&reply__descriptor, replies[i]->body_case);
		if (!member || member->id != form->requests[i].member->id)
			return fail(c, EXIT_VERSION, "request_unknown", "", "", "");
		facts->replies[facts->n++] =
			*(const ProtobufCMessage *const *)fields_at(replies[i], member, 0);
	}
	return EXIT_DONE;
}

/* ---- the file ------------------------------------------------------------------------- */

static bool ends(const char *path, const char *tail)
{
	size_t n = strlen(path), t = strlen(tail);

	return n >= t && !strcasecmp(path + n - t, tail);
}

/* Never over a file that is there; none is left when it fails. */
static int write_file(struct client *c, const struct paper *paper, const char *path)
{
	int fd = files_new(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
	bool ok;

	if (!f && errno == EEXIST)
		return fail(c, EXIT_USAGE, "print_exists", path, "", "");
	if (!f)
		return fail(c, EXIT_USAGE, "print_file", path, strerror(errno), "");
	ok = ends(path, ".docx") ? paper_docx(paper, f) : paper_html(paper, f);
	if (fclose(f) == 0 && ok)
		return EXIT_DONE;
	fail(c, EXIT_FAILED, "print_file", path, strerror(errno), "");
	unlink(path);
	return EXIT_FAILED;
}

/* Every print says what it is a print of: its digest and the day. */
static bool add_foot(struct paper *paper, const char *digest, const char *today)
{
	struct paper_line *line = paper_add(paper, PAPER_NOTE);
	const char *args[] = { today, digest };

	if (!line)
		return false;
	line->n = 1;
	line->cells[0] = word_put(paper->arena, word("text.print_foot"), 2, args);
	return true;
}

static int make_file(struct client *c, const struct paper_form *form,
		     const struct paper_facts *facts, const char *path)
{
	char digest[PAPER_DIGEST + 1];
	struct paper paper;
	int code;

	paper_begin(&paper, client_arena(c));
	if (!paper_form_fill(form, facts, &paper))
		return fail(c, EXIT_FAILED, "memory", "", "", "");
	paper_digest(&paper, digest);
	if (!add_foot(&paper, digest, facts->today))
		return fail(c, EXIT_FAILED, "memory", "", "", "");
	code = write_file(c, &paper, path);
	if (code)
		return code;
	out_field(client_out(c), "file", path);
	out_pair(client_out(c), word("text.print_digest"), digest);
	out_pairs_end(client_out(c));
	return EXIT_DONE;
}

static const char *path_of(struct client *c, struct args *args,
			   const struct paper_form *form, const char *id)
{
	const char *path = args_get(args, "out");

	if (path)
		return path;
	return out_format(client_out(c), "%s%s%s.docx", form->name, id ? "-" : "",
			  id && !strpbrk(id, "/\\") ? id : "");
}

int print_run(struct client *c, struct args *args)
{
	const char *id = args_get(args, "id");
	Reply *replies[PAPER_FORM_REQUESTS_MAX] = { NULL };
	struct paper_facts facts = { .out = client_out(c),
				     .doc_no = args_get(args, "doc_no") };
	struct paper_form form;
	const char *path;
	int code = read_form(c, args, &form);

	if (code)
		return code;
	path = path_of(c, args, &form, id);
	if (!ends(path, ".docx") && !ends(path, ".html"))
		return fail(c, EXIT_USAGE, "print_kind", path, "", "");
	words_use(LANGUAGE_ZH); /* the paper is an official one, whoever prints it */
	client_settle_today(c);
	facts.today = paper_form_day(client_out(c), value_today());
	code = ask(c, &form, id, &facts, replies);
	if (!code)
		code = make_file(c, &form, &facts, path);
	for (unsigned i = 0; i < form.n_requests; i++)
		call_free(replies[i]);
	return code;
}

int print_list_run(struct client *c, struct args *args)
{
	size_t n;
	const struct paper_text *all = papers_all(&n);
	struct table *table = table_new(client_out(c));
	struct paper_trouble trouble;
	struct paper_form form;

	(void)args;
	table_title(table, word("text.print_form"));
	table_title(table, word("text.print_name"));
	table_title(table, word("text.print_needs"));
	for (size_t i = 0; i < n; i++) {
		if (!paper_form_read(client_arena(c), all[i].text,
				     strlen(all[i].text), &form, &trouble))
			continue;
		table_cell(table, all[i].id);
		table_cell(table, form.name);
		table_cell(table, form.requests[0].n ?
			word_field(form.requests[0].fields[0]->name) : NULL);
	}
	table_end(table, NULL);
	return EXIT_DONE;
}
