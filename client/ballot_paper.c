/*
 * What one person found on the paper, from a terminal or a file: first the valid and
 * void papers, then for each item the papers for every option and those that left it
 * open, one line each.  Lines that begin with # are the file's own notes.  What was
 * written on the papers is typed apart from the figures, by one person.
 */
#include "client/ballot_run.h"
#include "client/handlers.h"
#include "common/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIGURES 21 /* twenty options and those that left it open */

struct paper {
	struct client *client;
	const BallotManifest *manifest;
	FILE *file; /* NULL: asked for */
	EnterPaper *body;
};

/* The figures of a line, -1 if it holds anything else or too many. */
static int figures_of(char *line, int32_t figures[FIGURES])
{
	int n = 0;
	char *at = line, *end;

	text_fold(line);
	for (;;) {
		long value;

		at += strspn(at, " \t,;");
		if (!*at)
			return n;
		value = strtol(at, &end, 10);
		if (end == at || n == FIGURES || value < 0 || value > 100000)
			return -1;
		figures[n++] = (int32_t)value;
		at = end;
	}
}

/* `want` figures in answer to a question; asked again at a terminal. */
static int ask(struct paper *p, const char *question, int want,
	       int32_t figures[FIGURES])
{
	for (;;) {
		char *line = ballot_answer(p->client, p->file, question);
		int n;

		if (!line)
			return ballot_fail(p->client, EXIT_USAGE,
					   "paper_figures_missing", question, NULL);
		if (p->file && (*line == '#' || !line[strspn(line, " \t")])) {
			ballot_answer_free(line);
			continue;
		}
		n = figures_of(line, figures);
		ballot_answer_free(line);
		if (n == want)
			return EXIT_DONE;
		ballot_fail(p->client, EXIT_USAGE, "paper_figures_bad", question,
			    out_format(client_out(p->client), "%d", want));
		if (p->file)
			return EXIT_USAGE;
	}
}

static const char *question_of(struct paper *p, const BallotItem *item)
{
	struct out *out = client_out(p->client);
	const char *q = out_format(out, "%d. %s（", item->item_no,
				   ballot_item_name(p->client, item));

	for (size_t i = 0; i < item->n_labels; i++)
		q = out_format(out, "%s%s ", q, item->labels[i]);
	return out_format(out, "%s%s）：", q, word("text.ballot_open"));
}

static int read_item(struct paper *p, const BallotItem *item)
{
	struct arena *arena = client_arena(p->client);
	PaperItem *m = arena_alloc(arena, sizeof(*m));
	int32_t *figures = arena_zero(arena, FIGURES, sizeof(*figures));
	int code;

	if (!m || !figures || item->n_options >= FIGURES)
		return EXIT_FAILED;
	code = ask(p, question_of(p, item), (int)item->n_options + 1, figures);
	if (code != EXIT_DONE)
		return code;
	paper_item__init(m);
	m->has_item_no = 1;
	m->item_no = item->item_no;
	m->n_counts = item->n_options;
	m->counts = figures;
	m->has_blank = 1;
	m->blank = figures[item->n_options];
	p->body->items[p->body->n_items++] = m;
	return EXIT_DONE;
}

static int read_paper(struct paper *p)
{
	int32_t heads[FIGURES];
	int code = ask(p, word("text.paper_heads"), 2, heads);

	p->body->items = arena_zero(client_arena(p->client),
				    p->manifest->n_items + 1,
				    sizeof(*p->body->items));
	if (!p->body->items)
		return EXIT_FAILED;
	for (size_t i = 0; i < p->manifest->n_items && code == EXIT_DONE; i++)
		if (p->manifest->items[i]->n_options)
			code = read_item(p, p->manifest->items[i]);
	p->body->has_valid = p->body->has_void_count = 1;
	p->body->valid = heads[0];
	p->body->void_count = heads[1];
	return code;
}

static int open_file(struct paper *p, const char *path)
{
	if (path)
		p->file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	else if (!client_interactive(p->client))
		p->file = stdin;
	if (path && !p->file)
		return ballot_fail(p->client, EXIT_USAGE, "ballot_file_system",
				   path, strerror(errno));
	return EXIT_DONE;
}

static void close_file(struct paper *p)
{
	if (p->file && p->file != stdin)
		fclose(p->file);
}

static int read_from(struct paper *p, const char *path)
{
	int code = open_file(p, path);

	if (code == EXIT_DONE)
		code = read_paper(p);
	close_file(p);
	return code;
}

/* With -f the whole entry is given. */
int ballot_paper_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	struct paper p = { .client = client };
	Reply *session = NULL;
	int code = EXIT_DONE;

	if (!request)
		return EXIT_USAGE;
	p.body = request_body(request);
	if (p.body->n_items == 0) {
		code = ballot_fetch(client, p.body->session_id, &session);
		if (code != EXIT_DONE)
			return code;
		p.manifest = session->show_ballot->manifest;
		code = p.manifest ? read_from(&p, args_get(args, "tally")) :
				    ballot_fail(client, EXIT_DEFECTS,
						"ballot_roll_first", NULL, NULL);
	}
	if (code == EXIT_DONE)
		code = call_show(client, request, enter_paper_view);
	if (session)
		call_free(session);
	return code;
}

/* ---- words ------------------------------------------------------------------------- */

#define COMMENTS 2000

/* One a line until an empty one or the end of the file. */
static int read_comments(struct paper *p, EnterComments *body)
{
	struct arena *arena = client_arena(p->client);
	char *line;

	body->comment_texts = arena_zero(arena, COMMENTS, sizeof(*body->comment_texts));
	if (!body->comment_texts)
		return EXIT_FAILED;
	while (body->n_comment_texts < COMMENTS) {
		line = ballot_answer(p->client, p->file, word("text.paper_comment"));
		if (!line || (!p->file && !*line)) {
			ballot_answer_free(line);
			return EXIT_DONE;
		}
		if (*line && *line != '#')
			body->comment_texts[body->n_comment_texts++] =
				arena_copy(arena, line, strlen(line));
		ballot_answer_free(line);
	}
	return EXIT_DONE;
}

int ballot_comments_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	struct paper p = { .client = client };
	EnterComments *body;
	int code = EXIT_DONE;

	if (!request)
		return EXIT_USAGE;
	body = request_body(request);
	if (body->n_comment_texts == 0) {
		code = open_file(&p, args_get(args, "comment_file"));
		if (code == EXIT_DONE)
			code = read_comments(&p, body);
		close_file(&p);
	}
	return code == EXIT_DONE ? call_show(client, request, NULL) : code;
}
