/* Self-assessment as a text form, out and in, and one item at a time. */
#include "client/call.h"
#include "client/fields.h"
#include "client/form.h"
#include "client/handlers.h"
#include "client/value.h"
#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFECTS_SHOWN 50

static int fail(struct client *c, int code, const char *key, const char *a,
		 const char *b)
{
	const char *args[] = { a, b };

	return client_fail(c, code, key, 2, args);
}

static const char *say(struct client *c, const char *key, const char *a,
		       const char *b, const char *d)
{
	const char *args[] = { a, b, d };

	return word_fill(client_arena(c), word(key), 3, args);
}

/* ---- out --------------------------------------------------------------------- */

static enum form_judgement judgement_of(const SelfRow *row)
{
	if (!row->has_judgement)
		return FORM_OPEN;
	switch (row->judgement) {
	case SELF_ENTRY__JUDGEMENT__MET:
		return FORM_MET;
	case SELF_ENTRY__JUDGEMENT__SHORTFALL:
		return FORM_SHORTFALL;
	default:
		return FORM_NOT_APPLICABLE;
	}
}

/* The standard's title above its first item. */
static const char *notes_above(struct client *c, const ShowSelfReply *self, size_t i)
{
	const char *title = self->items[i]->group_title;

	if (!title || (i > 0 && self->items[i - 1]->group_title &&
		       strcmp(title, self->items[i - 1]->group_title) == 0))
		return "";
	return out_format(client_out(c), "\n# %s\n", title);
}

/* A form goes to a terminal or an editor: nothing in it may be invisible. */
static char *harmless(struct arena *arena, const char *form)
{
	char *shown = form ? text_printable(form, strlen(form), true) : NULL, *kept;

	kept = shown ? arena_copy(arena, shown, strlen(shown)) : NULL;
	free(shown);
	return kept;
}

/* What the server has, as the text of a form; NULL: no memory. */
static char *form_of(struct client *c, const ShowSelfReply *self)
{
	struct form form = { .self_id = self->self_id, .revision = self->revision,
			     .has_revision = true, .tail = "" };
	size_t i;

	form.notes = out_format(client_out(c), "# %s\n# %s\n",
				say(c, "text.form_title", self->round_id,
				    self->org_name, ""), word("text.form_help"));
	form.items = arena_zero(client_arena(c), self->n_items + 1, sizeof(*form.items));
	if (!form.items)
		return NULL;
	for (i = 0; i < self->n_items; i++) {
		const SelfRow *row = self->items[i];

		form.items[i] = (struct form_item){ notes_above(c, self, i), row->item,
			row->text ? row->text : "", row->narrative ? row->narrative : "",
			judgement_of(row), 0 };
	}
	form.n = self->n_items;
	return harmless(client_arena(c), form_print(client_arena(c), &form));
}

/* Never over a file that is there, unless told so, and never through a link. */
static int write_form(struct client *c, const char *path, const char *text, bool force)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC |
		      (force ? O_TRUNC : O_EXCL), 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok;

	if (!file)
		return errno == EEXIST ? fail(c, EXIT_FAILED, "form_exists", path, "")
				       : fail(c, EXIT_FAILED, "form_file", path,
					       strerror(errno));
	ok = fputs(text, file) >= 0;
	ok = fclose(file) == 0 && ok;
	return ok ? 0 : fail(c, EXIT_FAILED, "form_file", path, strerror(errno));
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
	text = form_of(client, reply->show_self);
	if (!path && client_json(client))
		code = client_show(client, reply, NULL);
	else if (!text)
		code = client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	else if (!path || strcmp(path, "-") == 0)
		out_bytes(client_out(client), text, strlen(text));
	else
		code = write_form(client, path, text, args_given(args, "force"));
	if (code == 0 && path)
		out_say(client_out(client), "%s", say(client, "text.form_written", path,
			out_format(client_out(client), "%zu", reply->show_self->n_items), ""));
	call_free(reply);
	return code;
}

/* ---- in ------------------------------------------------------------------------- */

static void set_judgement(SelfEntry *entry, enum form_judgement judgement)
{
	static const SelfEntry__Judgement codes[] = {
		[FORM_MET] = SELF_ENTRY__JUDGEMENT__MET,
		[FORM_SHORTFALL] = SELF_ENTRY__JUDGEMENT__SHORTFALL,
		[FORM_NOT_APPLICABLE] = SELF_ENTRY__JUDGEMENT__NOT_APPLICABLE,
	};

	entry->has_judgement = judgement != FORM_OPEN;
	if (entry->has_judgement)
		entry->judgement = codes[judgement];
}

static char *arena_text(struct client *c, const char *s)
{
	return arena_copy(client_arena(c), s, strlen(s));
}

/* One more entry of a save; NULL: no memory. */
static SelfEntry *add_entry(struct client *c, SaveSelf *save, const char *item)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(save->base.descriptor,
								"items");
	SelfEntry **slot = fields_add(client_arena(c), save, field);

	if (!slot)
		return NULL;
	if (!*slot)
		*slot = fields_new(client_arena(c), &self_entry__descriptor);
	if (*slot)
		(*slot)->item = arena_text(c, item);
	return *slot;
}

/* An item nobody has touched is not sent. */
static bool fill_save(struct client *c, SaveSelf *save, const struct form *form)
{
	size_t i;

	for (i = 0; i < form->n; i++) {
		const struct form_item *item = &form->items[i];
		SelfEntry *entry;

		if (item->judgement == FORM_OPEN && !*item->narrative)
			continue;
		entry = add_entry(c, save, item->code);
		if (!entry)
			return false;
		set_judgement(entry, item->judgement);
		entry->narrative = arena_text(c, item->narrative);
	}
	if (form->self_id && !save->self_id)
		save->self_id = arena_text(c, form->self_id);
	if (form->has_revision && !save->has_base_revision) {
		save->has_base_revision = true;
		save->base_revision = form->revision;
	}
	return true;
}

static int tell_defects(struct client *c, const char *path,
			const struct form_defect *defects, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < DEFECTS_SHOWN; i++) {
		const char *arg = defects[i].arg;
		const char *what = word_fill(client_arena(c), word(defects[i].key), 1, &arg);

		out_say(client_out(c), "%s", say(c, "text.form_line",
			out_format(client_out(c), "%u", defects[i].line), what, ""));
	}
	return fail(c, EXIT_DEFECTS, "form_defects", path,
		     out_format(client_out(c), "%zu", n));
}

static int read_form(struct client *c, const char *path, struct form *form)
{
	struct form_defect defects[DEFECTS_SHOWN];
	const char *key;
	size_t len, n;
	char *text = value_read_file(client_arena(c), path, FORM_BYTES_MAX, &len, &key);

	if (!text)
		return fail(c, EXIT_FAILED, key, path, "");
	n = form_parse(client_arena(c), text, len, form, defects, DEFECTS_SHOWN);
	if (n == SIZE_MAX)
		return client_fail(c, EXIT_FAILED, "memory", 0, NULL);
	return n == 0 ? 0 : tell_defects(c, path, defects, n);
}

/* Sends a save and says what came of it. */
static int send_save(struct client *c, Request *request, size_t items)
{
	struct out *out = client_out(c);
	const SaveSelfReply *saved;
	Reply *reply;
	int code = call_request(c, request, &reply);

	if (code != 0)
		return code;
	saved = reply->save_self;
	if (client_json(c))
		code = client_show(c, reply, NULL);
	else
		out_printf(out, "%s\n", say(c, "text.form_read",
			out_format(out, "%zu", items),
			out_format(out, "%zu", saved->n_changed),
			out_format(out, "%zu", saved->n_open)));
	call_free(reply);
	return code;
}

int self_import_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	struct form form;
	int code;

	if (!request)
		return EXIT_USAGE;
	code = read_form(client, args_get(args, "path"), &form);
	if (code != 0)
		return code;
	if (!fill_save(client, request->save_self, &form))
		return client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	return send_save(client, request, form.n);
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
	value = arena_text(c, answer);
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

int self_edit_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *item = args_get(args, "item"), *judgement, *narrative;
	enum form_judgement choice = FORM_OPEN;
	SelfEntry *entry;

	if (!request)
		return EXIT_USAGE;
	judgement = given_or_asked(client, args, "judgement", word("text.ask_judgement"));
	if (judgement && !parse_choice(judgement, &choice))
		return fail(client, EXIT_USAGE, "judgement", judgement, "");
	narrative = given_or_asked(client, args, "narrative", word("text.ask_narrative"));
	if (!judgement && !narrative)
		return fail(client, EXIT_USAGE, "edit_nothing", item, "");
	entry = add_entry(client, request->save_self, item);
	if (!entry)
		return client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	set_judgement(entry, choice);
	if (narrative)
		entry->narrative = arena_text(client, narrative);
	return send_save(client, request, 1);
}
