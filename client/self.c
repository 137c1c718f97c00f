/* Self-assessment as a form, text or table, out and in, and one item at a time. */
#include "client/self.h"

#include "client/call.h"
#include "client/fields.h"
#include "client/handlers.h"
#include "client/value.h"
#include "common/csv.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- out --------------------------------------------------------------------- */

/* A form goes to a terminal or an editor: nothing in it may be invisible. */
static char *harmless(struct arena *arena, const char *form)
{
	char *shown = form ? text_printable(form, strlen(form), true) : NULL, *kept;

	kept = shown ? arena_copy(arena, shown, strlen(shown)) : NULL;
	free(shown);
	return kept;
}

static char *table_of(struct client *c, const struct form *form)
{
	struct csv_writer writer = { 0 };
	char *kept;

	form_table_print(&writer, form, word("text.form_table_help"));
	kept = writer.data ? arena_copy(client_arena(c), writer.data, writer.len) : NULL;
	free(writer.data);
	return kept;
}

/* What the server has, as the text of a form; NULL: no memory. */
static char *form_text(struct client *c, const ShowSelfReply *self, bool table)
{
	const struct form *form = self_as_form(c, self);

	if (!form)
		return NULL;
	return table ? table_of(c, form)
		     : harmless(client_arena(c), form_print(client_arena(c), form));
}

/* Never over a file that is there, unless told so, and never through a link. */
static int write_form(struct client *c, const char *path, const char *text, bool force)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
		      (force ? O_TRUNC : O_EXCL), 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok;

	if (!file)
		return errno == EEXIST
			? self_fail(c, EXIT_FAILED, "form_exists", path, "")
			: self_fail(c, EXIT_FAILED, "form_file", path, strerror(errno));
	ok = fputs(text, file) >= 0;
	ok = fclose(file) == 0 && ok;
	return ok ? 0 : self_fail(c, EXIT_FAILED, "form_file", path, strerror(errno));
}

int self_form_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *path = args_get(args, "out");
	Reply *reply;
	char *text;
	int code;

	if (!request)
		return EXIT_USAGE;
	code = call_request(client, request, &reply);
	if (code != 0)
		return code;
	if (!request->show_self->has_version_no)
		self_base_keep(client, reply->show_self);
	text = form_text(client, reply->show_self, args_given(args, "csv"));
	if (!path && client_json(client))
		code = client_show(client, reply, NULL);
	else if (!text)
		code = client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	else if (!path || strcmp(path, "-") == 0)
		out_bytes(client_out(client), text, strlen(text));
	else
		code = write_form(client, path, text, args_given(args, "force"));
	if (code == 0 && path)
		out_say(client_out(client), "%s", self_say(client, "text.form_written",
			path, out_format(client_out(client), "%zu",
					 reply->show_self->n_items), ""));
	call_free(reply);
	return code;
}

/* ---- in ------------------------------------------------------------------------- */

int self_import_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *path = args_get(args, "path");
	struct form form;
	int code;

	if (!request)
		return EXIT_USAGE;
	code = self_read(client, path, &form);
	return code ? code : self_send(client, request, &form, path,
				       args_get(args, "keep"));
}

/* ---- one item ---------------------------------------------------------------------- */

/* From the option, or asked for; NULL: neither. */
static const char *given_or_asked(struct client *c, struct args *args,
				  const char *name, const char *question)
{
	const char *value = args_get(args, name);
	char *answer;

	if (value || args_given(args, "judgement") || args_given(args, "narrative"))
		return value;
	answer = client_ask(c, question, false);
	if (!answer)
		return NULL;
	value = arena_copy(client_arena(c), answer, strlen(answer));
	free(answer);
	return value;
}

/* 1, 2, 3 as in the question, or the words. */
static bool parse_choice(const char *text, enum form_judgement *judgement)
{
	if (*text >= '1' && *text <= '3' && !text[1]) {
		*judgement = (enum form_judgement)(*text - '0');
		return true;
	}
	return form_judgement_parse(text, judgement);
}

/* One entry: `narrative` NULL leaves it as it is. */
static bool one_entry(struct client *c, SaveSelf *save, const char *item,
		      enum form_judgement judgement, const char *narrative)
{
	static const SelfEntry__Judgement codes[] = {
		[FORM_MET] = SELF_ENTRY__JUDGEMENT__MET,
		[FORM_SHORTFALL] = SELF_ENTRY__JUDGEMENT__SHORTFALL,
		[FORM_NOT_APPLICABLE] = SELF_ENTRY__JUDGEMENT__NOT_APPLICABLE,
	};
	SelfEntry *entry = fields_new(client_arena(c), &self_entry__descriptor);

	save->items = arena_zero(client_arena(c), 1, sizeof(*save->items));
	if (!entry || !save->items)
		return false;
	entry->item = arena_copy(client_arena(c), item, strlen(item));
	entry->has_judgement = judgement != FORM_OPEN;
	if (entry->has_judgement)
		entry->judgement = codes[judgement];
	if (narrative)
		entry->narrative = arena_copy(client_arena(c), narrative,
					      strlen(narrative));
	save->items[0] = entry;
	save->n_items = 1;
	return true;
}

static int edit_one(struct client *client, struct args *args, Request *request,
		    const char *item)
{
	const char *judgement, *narrative;
	enum form_judgement choice = FORM_OPEN;

	judgement = given_or_asked(client, args, "judgement", word("text.ask_judgement"));
	if (judgement && !parse_choice(judgement, &choice))
		return self_fail(client, EXIT_USAGE, "judgement", judgement, "");
	narrative = given_or_asked(client, args, "narrative", word("text.ask_narrative"));
	if (!judgement && !narrative)
		return self_fail(client, EXIT_USAGE, "edit_nothing", item, "");
	if (!one_entry(client, request->save_self, item, choice, narrative))
		return client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	return self_save_one(client, request, 1);
}

int self_edit_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *item = args_get(args, "item");

	if (!request)
		return EXIT_USAGE;
	if (args_given(args, "guide"))
		return self_guide(client, request, item);
	if (!item)
		return client_fail(client, EXIT_USAGE, "edit_what", 0, NULL);
	return edit_one(client, args, request, item);
}
