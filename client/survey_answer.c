/*
 * Answering a survey without a certificate, from a terminal or a file (or standard
 * input): the code where there are codes, the category where there are several and
 * no code tells it, an option for each question, and the words asked for.
 */
#include "client/ballot_run.h"
#include "client/handlers.h"
#include "common/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COMMENT_CHARS 500 /* as refuse.unless_answers has it */
#define LINE_BYTES 4096

/* One respondent in front of the program. */
struct respondent {
	struct client *client;
	const GetSurveyReply *survey;
	FILE *file; /* answers come from here; NULL: asked for */
	uint8_t token[SEAL_KEY];
	AnswerSurvey answer;
};

static char *line_of(FILE *f)
{
	char *line = calloc(1, LINE_BYTES);

	if (line && !fgets(line, LINE_BYTES, f)) {
		free(line);
		return NULL;
	}
	if (line)
		line[strcspn(line, "\r\n")] = 0;
	return line;
}

/* Kept as long as the client; NULL: there is no more. */
static char *answer(struct respondent *r, const char *question)
{
	char *line = r->file ? line_of(r->file) :
			       client_ask(r->client, question, false);
	char *kept = line ? arena_zero(client_arena(r->client),
				       strlen(line) + 1, 1) : NULL;

	if (kept)
		strcpy(kept, line);
	if (line)
		seal_wipe(line, strlen(line));
	free(line);
	return kept;
}

/* What was typed wrong is asked for again; in a file it ends the run. */
static bool again(const struct respondent *r)
{
	return !r->file;
}

static int read_code(struct respondent *r)
{
	uint8_t secret[CODE_SECRET];
	struct seal_slip slip;
	enum code_result result;
	char *line;
	bool ok;

	if (r->survey->unverified)
		return ballot_random(r->token, SEAL_KEY) ? EXIT_DONE :
							   EXIT_FAILED;
	do {
		line = answer(r, word("text.survey_ask_code"));
		result = line ? code_read_slip(line, secret) : CODE_LENGTH;
		if (result != CODE_OK)
			ballot_fail(r->client, EXIT_USAGE, "survey_code_typed",
				    NULL, NULL);
	} while (line && result != CODE_OK && again(r));
	if (result != CODE_OK)
		return EXIT_USAGE;
	ok = seal_token(secret, r->survey->survey_id, &slip);
	memcpy(r->token, slip.token, SEAL_KEY);
	seal_wipe(secret, sizeof(secret));
	seal_wipe(&slip, sizeof(slip));
	return ok ? EXIT_DONE : EXIT_FAILED;
}

/* "  1 满意  2 较满意 …" */
static const char *choices(struct respondent *r, size_t n,
			   const char *(*name)(const GetSurveyReply *, size_t))
{
	struct out *out = client_out(r->client);
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = out_format(out, "%s  %zu %s", text, i + 1,
				  name(r->survey, i));
	return text;
}

static const char *category_name(const GetSurveyReply *s, size_t i)
{
	return s->categories[i];
}

static const char *option_name(const GetSurveyReply *s, size_t i)
{
	return s->options[i]->text;
}

/* A number, a word or a code; 0: nothing, -1: none of them. */
static int choice_of(const GetSurveyReply *s, char *text, size_t n,
		     const char *(*name)(const GetSurveyReply *, size_t))
{
	unsigned long number;
	char *end;

	text_fold(text);
	if (*text == 0)
		return 0;
	number = strtoul(text, &end, 10);
	if (*end == 0)
		return number >= 1 && number <= n ? (int)number : -1;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(text, name(s, i)) ||
		    (name == option_name && !strcasecmp(text, s->options[i]->code)))
			return (int)i + 1;
	return -1;
}

/* -1: there is no more, or it was none of them in a file. */
static int choose(struct respondent *r, const char *question, size_t n,
		  const char *(*name)(const GetSurveyReply *, size_t), bool must)
{
	const char *text = out_format(client_out(r->client), "%s\n%s\n%s",
				      question, choices(r, n, name),
				      word(must ? "text.survey_ask_must" :
						  "text.ballot_ask_mark"));
	char *line;
	int choice;

	do {
		line = answer(r, text);
		choice = line ? choice_of(r->survey, line, n, name) : -1;
		if (must && choice == 0)
			choice = -1;
		if (choice < 0)
			ballot_fail(r->client, EXIT_USAGE,
				    line ? "ballot_no_option" :
					   "ballot_marks_missing",
				    line ? question : NULL, NULL);
	} while (line && choice < 0 && again(r));
	return choice;
}

static int read_category(struct respondent *r)
{
	const GetSurveyReply *s = r->survey;
	int choice;

	if (!s->unverified || s->n_categories < 2)
		return EXIT_DONE;
	choice = choose(r, word_field("category"), s->n_categories,
			category_name, true);
	if (choice < 0)
		return EXIT_USAGE;
	r->answer.category = s->categories[choice - 1];
	return EXIT_DONE;
}

static int read_marks(struct respondent *r)
{
	static char open[] = "";
	const GetSurveyReply *s = r->survey;
	char **marks = arena_zero(client_arena(r->client), s->n_questions,
				  sizeof(*marks));

	if (!marks)
		return EXIT_FAILED;
	for (size_t i = 0; i < s->n_questions; i++) {
		int choice = choose(r, out_format(client_out(r->client),
						  "%zu. %s", i + 1,
						  s->questions[i]),
				    s->n_options, option_name, false);

		if (choice < 0)
			return EXIT_USAGE;
		marks[i] = choice ? s->options[choice - 1]->code : open;
	}
	r->answer.marks = marks;
	r->answer.n_marks = s->n_questions;
	return EXIT_DONE;
}

static int read_comment(struct respondent *r)
{
	const char *prompt = r->survey->free_text;
	char *line;
	bool ok;

	if (!prompt)
		return EXIT_DONE;
	do {
		line = answer(r, ballot_word(r->client, "text.survey_ask_words",
					     prompt, NULL));
		ok = !line || (text_valid(line, strlen(line)) &&
			       text_length(line) <= COMMENT_CHARS);
		if (!ok)
			ballot_fail(r->client, EXIT_USAGE, "survey_words_long",
				    NULL, NULL);
	} while (!ok && again(r));
	if (line && *line)
		r->answer.comment = line;
	return ok ? EXIT_DONE : EXIT_USAGE;
}

static const char *mark_text(const GetSurveyReply *s, const char *mark)
{
	for (size_t i = 0; i < s->n_options; i++)
		if (!strcmp(s->options[i]->code, mark))
			return s->options[i]->text;
	return word("text.ballot_open");
}

/* What was chosen, once more, before it cannot be taken back. */
static int review(struct respondent *r)
{
	if (r->file)
		return EXIT_DONE;
	for (size_t i = 0; i < r->answer.n_marks; i++)
		out_say(client_out(r->client), "  %zu. %s：%s", i + 1,
			r->survey->questions[i],
			mark_text(r->survey, r->answer.marks[i]));
	return client_confirm(r->client, CONFIRM_YES, r->survey->survey_id,
			      word("text.survey_send"));
}

static int send_answer(struct respondent *r)
{
	Request request = REQUEST__INIT;
	Reply *reply;
	int code;

	r->answer.survey_id = r->survey->survey_id;
	r->answer.has_token = 1;
	r->answer.token.data = r->token;
	r->answer.token.len = SEAL_KEY;
	request.body_case = REQUEST__BODY_ANSWER_SURVEY;
	request.answer_survey = &r->answer;
	code = call_request(r->client, &request, &reply);
	if (code != EXIT_DONE)
		return code;
	if (client_json(r->client))
		code = client_show(r->client, reply, NULL);
	else
		out_printf(client_out(r->client), "%s\n",
			   word("text.survey_taken"));
	call_free(reply);
	return code;
}

static int run(struct respondent *r, struct args *args)
{
	const char *path = args_get(args, "answer_file");
	int code;

	if (path)
		r->file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	else if (!client_interactive(r->client))
		r->file = stdin;
	if (path && !r->file)
		return ballot_fail(r->client, EXIT_USAGE, "ballot_file_system",
				   path, strerror(errno));
	if (!r->file)
		out_say(client_out(r->client), "%s\n%s\n%s", r->survey->org_name,
			r->survey->title,
			word(r->survey->unverified ? "text.survey_open_promise" :
						     "text.survey_promise"));
	code = read_code(r);
	if (code == EXIT_DONE)
		code = read_category(r);
	if (code == EXIT_DONE)
		code = read_marks(r);
	if (code == EXIT_DONE)
		code = read_comment(r);
	if (code == EXIT_DONE)
		code = review(r);
	if (code == EXIT_DONE)
		code = send_answer(r);
	seal_wipe(r->token, sizeof(r->token));
	if (r->file && r->file != stdin)
		fclose(r->file);
	return code;
}

int survey_answer_run(struct client *client, struct args *args)
{
	Request *named = args_request(client, args);
	Request request = REQUEST__INIT;
	GetSurvey get = GET_SURVEY__INIT;
	struct respondent r = { .client = client,
				.answer = ANSWER_SURVEY__INIT };
	Reply *reply;
	int code;

	if (!named)
		return EXIT_USAGE;
	get.survey_id = ((AnswerSurvey *)request_body(named))->survey_id;
	request.body_case = REQUEST__BODY_GET_SURVEY;
	request.get_survey = &get;
	code = call_request(client, &request, &reply);
	if (code != EXIT_DONE)
		return code;
	r.survey = reply->get_survey;
	code = run(&r, args);
	call_free(reply);
	return code;
}
