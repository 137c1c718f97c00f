/* A form of a self-assessment on its way to the server: read, looked over, saved;
 * and what was there, what is wanted and what is there now, beside each other. */
#include "client/self.h"

#include "client/call.h"
#include "client/fields.h"
#include "client/value.h"
#include "common/csv.h"
#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DEFECTS_SHOWN 50

/* ---- reading --------------------------------------------------------------------------- */

static const char *place_of(struct client *c, const struct form_defect *d)
{
	if (d->column)
		return self_say(c, "text.form_cell",
				out_format(client_out(c), "%c%u", d->column, d->line), "", "");
	if (d->line)
		return self_say(c, "text.form_line_no",
				out_format(client_out(c), "%u", d->line), "", "");
	return word("text.form_whole");
}

static int by_place(const void *a, const void *b)
{
	const struct form_defect *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column - y->column;
}

static int tell_defects(struct client *c, const char *path,
			struct form_defect *defects, size_t n)
{
	size_t i, shown = n < DEFECTS_SHOWN ? n : DEFECTS_SHOWN;

	qsort(defects, shown, sizeof(*defects), by_place);
	for (i = 0; i < shown; i++) {
		const char *arg = defects[i].arg;

		out_say(client_out(c), "%s", self_say(c, "text.form_line",
			place_of(c, &defects[i]),
			word_put(client_arena(c), word(defects[i].key), 1, &arg), ""));
	}
	return self_fail(c, EXIT_DEFECTS, "form_defects", path,
			 out_format(client_out(c), "%zu", n));
}

/* What the form was taken from: kept here, or asked for. */
static int find_standard(struct client *c, const struct form *form,
			 const ShowSelfReply **self)
{
	*self = form->has_revision ? self_base(c, form->self_id, form->revision) : NULL;
	return *self ? EXIT_DONE : self_fetch(c, form->self_id, self);
}

/* A checksum that is not that of the cells, though every cell is as it should be:
 * rows are missing, or it was typed over. */
static void tell_sum(struct client *c, const struct form *form)
{
	char sum[FORM_SUM];

	form_sum(form, sum);
	if (form->sum && strcmp(form->sum, sum) != 0)
		out_say(client_out(c), "%s", self_say(c, "text.form_sum", form->sum_place,
						      "", ""));
}

struct reading {
	struct form_defect defects[DEFECTS_SHOWN];
	size_t found;
};

static int read_table(struct client *c, const char *path, const char *bytes, size_t len,
		      struct form *form, struct reading *r)
{
	struct csv csv;
	enum csv_result result = csv_parse(&csv, bytes, len);
	int code = EXIT_DONE;

	if (result != CSV_OK)
		code = self_fail(c, EXIT_DEFECTS, result == CSV_ENCODING ? "form_encoding"
				 : "form_table", path, out_format(client_out(c), "%zu",
								  csv.line));
	else
		r->found = form_table_parse(client_arena(c), &csv, form, r->defects,
					    DEFECTS_SHOWN);
	csv_free(&csv);
	return code;
}

static bool named_table(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcasecmp(dot, ".csv") == 0;
}

int self_read(struct client *client, const char *path, struct form *form)
{
	struct reading *r = arena_zero(client_arena(client), 1, sizeof(*r));
	const ShowSelfReply *self;
	const char *key;
	size_t len;
	char *text = value_read_file(client_arena(client), path, FORM_BYTES_MAX, &len, &key);
	int code = EXIT_DONE;

	if (!text || !r)
		return self_fail(client, EXIT_FAILED, text ? "memory" : key, path, "");
	if (named_table(path) || form_is_table(text, len))
		code = read_table(client, path, text, len, form, r);
	else
		r->found = form_parse(client_arena(client), text, len, form, r->defects,
				      DEFECTS_SHOWN);
	if (code)
		return code;
	if (r->found == SIZE_MAX)
		return client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	/* a form that cannot be read says so without asking anybody */
	if (!form->n && r->found)
		return tell_defects(client, path, r->defects, r->found);
	code = find_standard(client, form, &self);
	if (code) /* what is wrong with the form itself is said off-line as well */
		return r->found ? tell_defects(client, path, r->defects, r->found) : code;
	r->found = form_compare(form, self_as_form(client, self), r->defects, DEFECTS_SHOWN,
				r->found);
	if (r->found)
		return tell_defects(client, path, r->defects, r->found);
	if (form->table)
		tell_sum(client, form);
	return EXIT_DONE;
}

/* ---- what is to be saved ------------------------------------------------------------------ */

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

/* One more entry of a save; false: no memory. */
static bool add_entry(struct client *c, SaveSelf *save, const struct form_item *item)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(save->base.descriptor,
								"items");
	SelfEntry **slot = fields_add(client_arena(c), save, field);

	if (!slot)
		return false;
	if (!*slot)
		*slot = fields_new(client_arena(c), &self_entry__descriptor);
	if (!*slot)
		return false;
	(*slot)->item = arena_text(c, item->code);
	(*slot)->narrative = arena_text(c, item->narrative);
	set_judgement(*slot, item->judgement);
	return true;
}

static bool touched(const struct form_item *item)
{
	return item->judgement != FORM_OPEN || *item->narrative;
}

/* An open judgement takes none away. */
static bool differs(const struct form_item *a, const struct form_item *from)
{
	return (a->judgement != FORM_OPEN && a->judgement != from->judgement) ||
	       strcmp(a->narrative, from->narrative) != 0;
}

/* One item in the three hands. */
struct three {
	const struct form_item *base, *mine, *theirs; /* NULL: not known, not there */
	bool i_changed, they_changed;
};

static struct three look(const struct form *base, const struct form *mine,
			 const struct form_item *theirs)
{
	struct three t = {
		.base = base ? form_find(base, theirs->code) : NULL,
		.mine = form_find(mine, theirs->code), .theirs = theirs,
	};
	const struct form_item *from = t.base ? t.base : theirs;

	t.i_changed = t.mine && (t.base || touched(t.mine)) && differs(t.mine, from);
	t.they_changed = t.base && (differs(theirs, t.base) ||
				    theirs->judgement != t.base->judgement);
	return t;
}

/* Begins a save of so many items on a revision; what it holds comes from fill. */
static bool fill(struct client *c, SaveSelf *save, const struct form *form,
		 const struct form *base)
{
	size_t i;

	for (i = 0; i < form->n; i++) {
		const struct form_item *item = &form->items[i];
		const struct form_item *from = base ? form_find(base, item->code) : NULL;

		if (from ? !differs(item, from) : !touched(item))
			continue;
		if (!add_entry(c, save, item))
			return false;
	}
	if (form->self_id && !save->self_id)
		save->self_id = arena_text(c, form->self_id);
	if (form->has_revision && !save->has_base_revision) {
		save->has_base_revision = true;
		save->base_revision = form->revision;
	}
	return true;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void tell_hints(struct client *c, const SaveSelfReply *saved)
{
	size_t i;

	for (i = 0; i < saved->n_hints; i++) {
		const SelfFinding *f = saved->hints[i];

		out_say(client_out(c), "%s%s", word("text.hint_label"),
			word_put(client_arena(c), word_of("reason", f->key), f->n_args,
				 (const char *const *)f->args));
	}
}

static int report(struct client *c, Reply *reply, size_t items)
{
	const SaveSelfReply *saved = reply->save_self;
	struct out *out = client_out(c);
	int code = EXIT_DONE;

	if (client_json(c)) {
		code = client_show(c, reply, NULL);
	} else {
		out_printf(out, "%s\n", self_say(c, "text.form_read",
			out_format(out, "%zu", items),
			out_format(out, "%zu", saved->n_changed),
			out_format(out, "%zu", saved->n_open)));
		tell_hints(c, saved);
	}
	call_free(reply);
	return code;
}

int self_save_one(struct client *client, Request *request, size_t items)
{
	Reply *reply;
	int code = call_request(client, request, &reply);

	return code ? code : report(client, reply, items);
}

/* ---- somebody else was there first --------------------------------------------------------------- */

static void add_hand(struct table *table, const char *item, const char *whose,
		     const struct form_item *in)
{
	table_cell(table, item);
	table_cell(table, word(whose));
	table_cell(table, in ? form_judgement_word(in->judgement) : NULL);
	table_cell(table, in ? in->narrative : NULL);
}

static void show_three(struct client *c, const struct form *base, const struct form *mine,
		       const struct form *theirs)
{
	struct table *table = table_new(client_out(c));
	size_t i;

	table_column(table, "item");
	table_title(table, word("text.whose"));
	table_column(table, "judgement");
	table_column(table, "narrative");
	for (i = 0; i < theirs->n; i++) {
		struct three t = look(base, mine, &theirs->items[i]);

		if (!t.i_changed && !t.they_changed)
			continue;
		add_hand(table, t.theirs->code, "text.whose_base", t.base);
		add_hand(table, t.theirs->code, "text.whose_mine", t.mine);
		add_hand(table, t.theirs->code, "text.whose_theirs", t.theirs);
	}
	table_end(table, NULL);
}

/* What is wanted and not there yet, on the newest revision. */
static bool merge(struct client *c, SaveSelf *save, const struct form *base,
		  const struct form *mine, const struct form *theirs, bool keep_theirs)
{
	size_t i;

	save->n_items = 0;
	save->items = NULL;
	save->self_id = arena_text(c, theirs->self_id);
	save->has_base_revision = true;
	save->base_revision = theirs->revision;
	for (i = 0; i < theirs->n; i++) {
		struct three t = look(base, mine, &theirs->items[i]);

		if (t.i_changed && differs(t.mine, t.theirs) &&
		    !(keep_theirs && (t.they_changed || !t.base)) &&
		    !add_entry(c, save, t.mine))
			return false;
	}
	return true;
}

static bool is_stale(const Refusal *refusal)
{
	return refusal && refusal->key && strcmp(refusal->key, "revision_stale") == 0;
}

static int tell_conflict(struct client *c, const Refusal *refusal, const char *path)
{
	int code = call_refused(c, refusal);

	if (!client_json(c))
		out_say(client_out(c), "%s", self_say(c, "text.conflict_keep", path, "", ""));
	return code;
}

/* Answers a stale save: the three beside each other, or the two put together. */
static int resolve(struct client *c, Request *request, const Refusal *refusal,
		   const struct form *base, const struct form *mine, const char *path,
		   const char *keep)
{
	const ShowSelfReply *now;
	const struct form *theirs;
	int code = self_fetch(c, request->save_self->self_id, &now);

	if (code)
		return code;
	theirs = self_as_form(c, now);
	if (!theirs || !merge(c, request->save_self, base, mine, theirs,
			      keep && strcmp(keep, "theirs") == 0))
		return client_fail(c, EXIT_FAILED, "memory", 0, NULL);
	if (!request->save_self->n_items) {
		out_say(client_out(c), "%s", word("text.there_already"));
		return EXIT_DONE;
	}
	if (!keep) {
		if (!client_json(c))
			show_three(c, base, mine, theirs);
		return tell_conflict(c, refusal, path);
	}
	request->has_key = 0; /* another save, with a key of its own */
	return self_save_one(c, request, mine->n);
}

static bool good_keep(const char *keep)
{
	return !keep || strcmp(keep, "mine") == 0 || strcmp(keep, "theirs") == 0;
}

/* No server: the form becomes the draft, unless there is one already. */
static void keep_for_later(struct client *c, const struct form *form)
{
	const char *draft = form->self_id ? self_draft_path(c, form->self_id) : NULL;

	if (draft && !client_dry_run(c) && access(draft, F_OK) &&
	    self_draft_keep(c, form))
		out_say(client_out(c), "%s", self_say(c, "text.draft_waits", draft, "", ""));
}

int self_send(struct client *client, Request *request, const struct form *form,
	      const char *path, const char *keep)
{
	const ShowSelfReply *kept = form->has_revision
		? self_base(client, form->self_id, form->revision) : NULL;
	const struct form *base = kept ? self_as_form(client, kept) : NULL;
	const char *draft;
	Reply *reply;
	int code;

	if (!good_keep(keep))
		return self_fail(client, EXIT_USAGE, "keep", keep, "");
	if (!fill(client, request->save_self, form, base))
		return client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	code = call_try(client, request, &reply);
	if (code == EXIT_UNREACHABLE)
		keep_for_later(client, form);
	if (code)
		return code;
	if (is_stale(reply->refusal)) {
		code = resolve(client, request, reply->refusal, base, form, path, keep);
		call_free(reply);
	} else if (reply->refusal) {
		code = call_refused(client, reply->refusal);
		call_free(reply);
	} else {
		code = report(client, reply, form->n);
	}
	draft = form->self_id ? self_draft_path(client, form->self_id) : NULL;
	if (code == EXIT_DONE && draft && strcmp(draft, path) == 0 && !client_dry_run(client))
		self_draft_drop(client, form->self_id);
	return code;
}

static int send_draft(struct client *c, const char *self_id)
{
	Request *request = fields_new(client_arena(c), &request__descriptor);
	SaveSelf *save = fields_new(client_arena(c), &save_self__descriptor);
	const char *path = self_draft_path(c, self_id);
	struct form form;
	int code;

	if (!path)
		return EXIT_DONE; /* no name of ours */
	if (!request || !save)
		return client_fail(c, EXIT_FAILED, "memory", 0, NULL);
	request->body_case = REQUEST__BODY_SAVE_SELF;
	request->save_self = save;
	code = self_read(c, path, &form);
	return code ? code : self_send(c, request, &form, path, NULL);
}

int self_send_drafts(struct client *client)
{
	const char **ids;
	size_t i, n = self_drafts(client, &ids);
	int code = EXIT_DONE;

	for (i = 0; i < n; i++) {
		int one = send_draft(client, ids[i]);

		code = one ? one : code;
	}
	return code;
}
