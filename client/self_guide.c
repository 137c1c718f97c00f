/*
 * The self-assessment as questions, one at a time: numbered choices, plain lines,
 * nothing redrawn.  Every answer is in the draft on this machine before the next
 * question is asked; it goes to the server when all is answered, or with sync.
 */
#include "client/self.h"

#include "common/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct guide {
	struct client *client;
	const ShowSelfReply *self; /* the base of the form */
	struct form *form;
	size_t at;
};

/* What was answered. */
enum turn { TURN_ON, TURN_BACK, TURN_LEAVE, TURN_AGAIN };

static void tell(struct guide *g, const char *key, const char *a, const char *b,
		 const char *d)
{
	out_say(client_out(g->client), "%s", self_say(g->client, key, a, b, d));
}

/* ---- the draft ------------------------------------------------------------------------- */

/* The draft of a self-assessment, with the base it was begun on. */
static bool take_up(struct guide *g, const char *self_id)
{
	const char *path = self_draft_path(g->client, self_id);
	struct form *form = arena_zero(client_arena(g->client), 1, sizeof(*form));
	const ShowSelfReply *base;
	struct form *whole;
	size_t i;

	if (!form || !path || access(path, R_OK) || self_read(g->client, path, form))
		return false;
	base = form->has_revision ? self_base(g->client, form->self_id, form->revision) : NULL;
	whole = base ? self_as_form(g->client, base) : NULL;
	if (!whole)
		return false;
	for (i = 0; i < whole->n; i++) {
		const struct form_item *mine = form_find(form, whole->items[i].code);

		if (!mine)
			continue;
		whole->items[i].judgement = mine->judgement;
		whole->items[i].narrative = mine->narrative;
	}
	g->self = base;
	g->form = whole;
	tell(g, "text.guide_taken_up", path, "", "");
	return true;
}

/* The draft there is; else what the server has; else, off-line, what it had. */
static int begin(struct guide *g, const char *self_id)
{
	const char **drafts;
	size_t n = self_drafts(g->client, &drafts);
	int code;

	if (!self_id && n)
		self_id = drafts[0];
	if (self_id && take_up(g, self_id))
		return EXIT_DONE;
	code = self_fetch(g->client, self_id, &g->self);
	if (code == EXIT_UNREACHABLE) {
		g->self = self_base_newest(g->client);
		if (!g->self)
			return code;
		tell(g, "text.guide_offline", "", "", "");
	} else if (code) {
		return code;
	}
	g->form = self_as_form(g->client, g->self);
	return g->form ? EXIT_DONE
		       : client_fail(g->client, EXIT_FAILED, "memory", 0, NULL);
}

static bool keep(struct guide *g)
{
	if (self_draft_keep(g->client, g->form))
		return true;
	self_fail(g->client, EXIT_FAILED, "form_file",
		  self_draft_path(g->client, g->form->self_id), "");
	return false;
}

/* ---- one question ------------------------------------------------------------------------ */

/* The answer in the arena, trimmed of nothing; b and s are told apart from text. */
static const char *ask(struct guide *g, const char *question, enum turn *turn)
{
	char *answer = client_ask(g->client, question, false), folded[4];
	const char *kept;

	*turn = TURN_LEAVE;
	if (!answer)
		return "";
	kept = arena_copy(client_arena(g->client), answer, strlen(answer));
	free(answer);
	if (!kept)
		return "";
	*turn = TURN_ON;
	memset(folded, 0, sizeof(folded));
	if (strlen(kept) < sizeof(folded)) {
		memcpy(folded, kept, strlen(kept));
		if (text_valid(folded, strlen(folded)))
			text_fold(folded);
		if (strcasecmp(folded, "b") == 0)
			*turn = TURN_BACK;
		if (strcasecmp(folded, "s") == 0)
			*turn = TURN_LEAVE;
		kept = arena_copy(client_arena(g->client), folded, strlen(folded));
	}
	if (*turn == TURN_ON && kept && !text_valid(kept, strlen(kept))) {
		tell(g, "text.guide_not_text", "", "", "");
		*turn = TURN_AGAIN;
	}
	return kept ? kept : "";
}

static void show_item(struct guide *g)
{
	struct out *out = client_out(g->client);
	const SelfRow *row = g->self->items[g->at];
	const struct form_item *item = &g->form->items[g->at];
	const char *now = item->judgement == FORM_OPEN ? word("text.not_judged")
			: form_judgement_word(item->judgement);

	out_say(out, "%s", "");
	if (g->at == 0 || strcmp(item->group, g->form->items[g->at - 1].group) != 0)
		out_say(out, "%s", item->group);
	tell(g, "text.guide_item", out_format(out, "%zu/%zu", g->at + 1, g->form->n),
	     item->code, item->text);
	if (row->guidance)
		out_say(out, "   %s", row->guidance);
	tell(g, "text.guide_choices", now, "", "");
}

static enum turn ask_judgement(struct guide *g, bool *skip)
{
	struct form_item *item = &g->form->items[g->at];
	enum form_judgement judgement;
	enum turn turn;
	const char *answer;

	show_item(g);
	answer = ask(g, word("text.guide_ask_judgement"), &turn);
	*skip = false;
	if (turn != TURN_ON)
		return turn;
	if (!*answer) { /* as it is; an open one stays open */
		*skip = item->judgement == FORM_OPEN;
		return TURN_ON;
	}
	if (answer[0] >= '1' && answer[0] <= '3' && !answer[1]) {
		judgement = (enum form_judgement)(answer[0] - '0');
	} else if (!form_judgement_parse(answer, &judgement)) {
		tell(g, "error.judgement", answer, "", "");
		return TURN_AGAIN;
	}
	item->judgement = judgement;
	return keep(g) ? TURN_ON : TURN_LEAVE;
}

static enum turn ask_narrative(struct guide *g)
{
	struct form_item *item = &g->form->items[g->at];
	struct out *out = client_out(g->client);
	int32_t longest = self_longest(g->self);
	const char *answer;
	enum turn turn;
	size_t length;

	if (*item->narrative)
		tell(g, "text.guide_narrative_now", item->narrative, "", "");
	answer = ask(g, self_say(g->client, "text.guide_ask_narrative",
				 out_format(out, "%d", (int)longest), "", ""), &turn);
	if (turn != TURN_ON || !*answer)
		return turn;
	item->narrative = strcmp(answer, "-") == 0 ? "" : answer;
	length = text_length(item->narrative);
	if (longest > 0 && length > (size_t)longest)
		tell(g, "text.guide_too_long", out_format(out, "%zu", length),
		     out_format(out, "%d", (int)longest), "");
	return keep(g) ? TURN_ON : TURN_LEAVE;
}

/* Judgement and narrative of one item.  Back from the narrative is its judgement. */
static enum turn ask_item(struct guide *g)
{
	enum turn turn;
	bool skip;

	for (;;) {
		do
			turn = ask_judgement(g, &skip);
		while (turn == TURN_AGAIN);
		if (turn != TURN_ON || skip)
			return turn;
		do
			turn = ask_narrative(g);
		while (turn == TURN_AGAIN);
		if (turn != TURN_BACK)
			return turn;
	}
}

/* ---- all of them ------------------------------------------------------------------------------ */

/* The item named, or the first that is open. */
static bool find_start(struct guide *g, const char *item)
{
	for (g->at = 0; g->at < g->form->n; g->at++)
		if (item ? strcmp(g->form->items[g->at].code, item) == 0
			 : g->form->items[g->at].judgement == FORM_OPEN)
			return true;
	g->at = 0;
	return !item;
}

/* True: everything was asked. */
static bool ask_all(struct guide *g)
{
	while (g->at < g->form->n) {
		switch (ask_item(g)) {
		case TURN_BACK:
			g->at -= g->at > 0;
			break;
		case TURN_LEAVE:
			return false;
		default:
			g->at++;
			break;
		}
	}
	return true;
}

static int finish(struct guide *g, Request *request, bool all)
{
	const char *path = self_draft_path(g->client, g->form->self_id);
	enum turn turn = TURN_LEAVE;
	const char *answer = all ? ask(g, word("text.guide_ask_send"), &turn) : "";

	if (turn == TURN_ON && (strcmp(answer, "1") == 0 || strcmp(answer, "是") == 0 ||
				strcasecmp(answer, "y") == 0))
		return self_send(g->client, request, g->form, path, NULL);
	if (!keep(g))
		return EXIT_FAILED;
	tell(g, "text.guide_kept", path, "", "");
	return EXIT_DONE;
}

int self_guide(struct client *client, Request *request, const char *item)
{
	struct guide g = { .client = client };
	int code;

	if (!client_interactive(client))
		return client_fail(client, EXIT_USAGE, "guide_terminal", 0, NULL);
	code = begin(&g, request->save_self->self_id);
	if (code)
		return code;
	if (!find_start(&g, item))
		return self_fail(client, EXIT_USAGE, "guide_item", item, "");
	tell(&g, "text.guide_keys", "", "", "");
	return finish(&g, request, ask_all(&g));
}
