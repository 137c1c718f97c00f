/* A survey: who was asked, and once it is closed how many answers each option has. */
#include "client/handlers.h"
#include "client/views/tally.h"

static const char *number(struct out *out, int32_t n)
{
	return out_format(out, "%d", n);
}

const char *survey_facts(struct out *out, struct arena *arena,
			 const SurveyResult *result)
{
	const char *args[] = { number(out, result->given_out),
			       number(out, result->answers),
			       result->unverified ?
				       word("text.survey_unverified_mark") :
				       "" };
	const char *state[] = { word_value("survey", result->state), args[2] };

	if (!result->has_answers)
		return word_put(arena, word("text.survey_not_closed"), 2, state);
	return word_put(arena, word("text.survey_facts"), 3, args);
}

void survey_show(struct out *out, struct arena *arena, const SurveyResult *result)
{
	out_printf(out, "%s  %s  %s\n", result->survey_id, result->title,
		   survey_facts(out, arena, result));
	if (result->suppressed)
		out_printf(out, "%s\n", word("text.survey_small"));
	if (!result->n_tallies)
		return;
	tally_table(out, result->tallies, result->n_tallies);
	for (size_t i = 0; i < result->n_by_category; i++) {
		const SurveyCategory *c = result->by_category[i];
		const char *args[] = { c->category, number(out, c->answers) };

		out_printf(out, "%s\n", word_put(arena,
			word("text.survey_category"), 2, args));
		tally_table(out, c->tallies, c->n_tallies);
	}
	if (result->categories_suppressed)
		out_printf(out, "%s\n", word("text.survey_categories_small"));
	out_printf(out, "%s\n", word("text.survey_only_counts"));
}

static void show_facts(struct out *out, const ShowSurveyReply *s)
{
	const char *categories = NULL;

	for (size_t i = 0; i < s->n_categories; i++)
		categories = out_format(out, "%s%s%s", categories ? categories : "",
					categories ? word("text.list_comma") : "",
					s->categories[i]);
	out_field(out, "survey_id", s->survey_id);
	out_field(out, "state", word_value("survey", s->state));
	out_field(out, "org_name", s->org_name);
	out_field(out, "application_id", s->application_id);
	out_field(out, "question_set_id", s->question_set_id);
	out_field(out, "categories", categories);
	if (s->result && s->result->unverified)
		out_field(out, "unverified", word("text.survey_unverified"));
	if (s->has_opened_on)
		out_field(out, "opened_on", out_date(out, s->opened_on));
	if (s->has_closes_on)
		out_field(out, "closes_on", out_date(out, s->closes_on));
	if (s->has_ended_on)
		out_field(out, "ended_on", out_date(out, s->ended_on));
	out_field(out, "void_reason", s->void_reason);
	out_pairs_end(out);
}

int survey_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const ShowSurveyReply *s = reply->show_survey;

	show_facts(out, s);
	if (s->result) {
		out_heading(out, word("text.survey_result"));
		survey_show(out, client_arena(client), s->result);
	}
	for (size_t i = 0; i < s->n_comment_texts; i++) {
		if (i == 0)
			out_heading(out, word("text.survey_comments"));
		out_text(out, 2, s->comment_texts[i]);
	}
	return EXIT_DONE;
}
