/* Bases and drafts of self-assessments, private files of the profile. */
#include "client/self.h"

#include "client/call.h"
#include "client/fields.h"
#include "client/files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DRAFTS_MAX 16
#define BASE_MAX (1 << 20)

const char *self_say(struct client *client, const char *key, const char *a,
		     const char *b, const char *d)
{
	const char *args[] = { a, b, d };

	return word_put(client_arena(client), word(key), 3, args);
}

int self_fail(struct client *client, int code, const char *key, const char *a,
	      const char *b)
{
	const char *args[] = { a, b };

	return client_fail(client, code, key, 2, args);
}

/* ---- files --------------------------------------------------------------------------- */

static bool folder(struct client *c, char dir[FILES_PATH_MAX])
{
	return client_profile_dir(c) && files_join(dir, client_profile_dir(c), "drafts");
}

/* An id that can be a name. */
static bool plain(const char *id)
{
	return id && *id && strlen(id) < 40 &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(id);
}

static const char *base_name(struct client *c, const char *self_id, int32_t revision)
{
	return out_format(client_out(c), "%s.%d.base", self_id, (int)revision);
}

static const ShowSelfReply *unpacked(struct client *c, const void *bytes, size_t len)
{
	return show_self_reply__unpack(arena_protobuf(client_arena(c)), len, bytes);
}

static const ShowSelfReply *read_base(struct client *c, const char *name)
{
	char dir[FILES_PATH_MAX];
	size_t len;
	char *bytes = folder(c, dir) ? files_read(client_arena(c), dir, name, BASE_MAX, &len)
				     : NULL;

	return bytes ? unpacked(c, bytes, len) : NULL;
}

const ShowSelfReply *self_base(struct client *client, const char *self_id,
			       int32_t revision)
{
	return plain(self_id) ? read_base(client, base_name(client, self_id, revision))
			      : NULL;
}

bool self_base_keep(struct client *client, const ShowSelfReply *self)
{
	size_t len = show_self_reply__get_packed_size(self);
	uint8_t *bytes = arena_alloc(client_arena(client), len + 1);
	char dir[FILES_PATH_MAX];

	if (!bytes || !plain(self->self_id) || !folder(client, dir) || !files_make_dir(dir))
		return false;
	show_self_reply__pack(self, bytes);
	return files_write(dir, base_name(client, self->self_id, self->revision), bytes,
			   len);
}

static bool ends(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n > k && strcmp(name + n - k, end) == 0;
}

static bool newer(const char *dir, const char *name, struct timespec *than)
{
	char path[FILES_PATH_MAX];
	struct stat st;

	if (!files_join(path, dir, name) || stat(path, &st))
		return false;
	if (st.st_mtim.tv_sec < than->tv_sec ||
	    (st.st_mtim.tv_sec == than->tv_sec && st.st_mtim.tv_nsec <= than->tv_nsec))
		return false;
	*than = st.st_mtim;
	return true;
}

const ShowSelfReply *self_base_newest(struct client *client)
{
	struct timespec last = { 0, 0 };
	char dir[FILES_PATH_MAX], name[NAME_MAX + 1] = "";
	struct dirent *file;
	DIR *open_dir = folder(client, dir) ? opendir(dir) : NULL;

	while (open_dir && (file = readdir(open_dir)))
		if (ends(file->d_name, ".base") && newer(dir, file->d_name, &last))
			snprintf(name, sizeof(name), "%s", file->d_name);
	if (open_dir)
		closedir(open_dir);
	return *name ? read_base(client, name) : NULL;
}

/* ---- the server's --------------------------------------------------------------------- */

int self_fetch(struct client *client, const char *self_id, const ShowSelfReply **self)
{
	Request *request = fields_new(client_arena(client), &request__descriptor);
	ShowSelf *show = fields_new(client_arena(client), &show_self__descriptor);
	uint8_t *bytes;
	Reply *reply;
	size_t len;
	int code;

	if (!request || !show)
		return client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	show->self_id = self_id ? arena_copy(client_arena(client), self_id,
					     strlen(self_id)) : NULL;
	request->body_case = REQUEST__BODY_SHOW_SELF;
	request->show_self = show;
	code = call_request(client, request, &reply);
	if (code)
		return code;
	len = show_self_reply__get_packed_size(reply->show_self);
	bytes = arena_alloc(client_arena(client), len + 1);
	if (bytes)
		show_self_reply__pack(reply->show_self, bytes);
	call_free(reply);
	*self = bytes ? unpacked(client, bytes, len) : NULL;
	if (!*self)
		return client_fail(client, EXIT_FAILED, "memory", 0, NULL);
	self_base_keep(client, *self);
	return EXIT_DONE;
}

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

/* The standard's title above its first item, what explains an item above it. */
static const char *notes_above(struct client *c, const ShowSelfReply *self, size_t i)
{
	const SelfRow *row = self->items[i];
	const char *title = row->group_title, *notes = "", *line = row->guidance;

	if (title && (i == 0 || !self->items[i - 1]->group_title ||
		      strcmp(title, self->items[i - 1]->group_title) != 0))
		notes = out_format(client_out(c), "\n# %s\n", title);
	while (line && *line) {
		size_t len = strcspn(line, "\n");

		notes = out_format(client_out(c), "%s#   %.*s\n", notes, (int)len, line);
		line += len + (line[len] == '\n');
	}
	return notes;
}

struct form *self_as_form(struct client *client, const ShowSelfReply *self)
{
	struct form *form = arena_zero(client_arena(client), 1, sizeof(*form));
	size_t i, n = self->n_items < FORM_ITEMS_MAX ? self->n_items : FORM_ITEMS_MAX;

	if (!form)
		return NULL;
	*form = (struct form){ .self_id = self->self_id, .revision = self->revision,
			       .has_revision = true, .tail = "" };
	form->notes = out_format(client_out(client), "# %s\n# %s\n",
				 self_say(client, "text.form_title", self->round_id,
					  self->org_name, ""), word("text.form_help"));
	form->items = arena_zero(client_arena(client), n + 1, sizeof(*form->items));
	if (!form->items)
		return NULL;
	for (i = 0; i < n; i++) {
		const SelfRow *row = self->items[i];

		form->items[i] = (struct form_item){
			notes_above(client, self, i), row->item, row->text ? row->text : "",
			row->narrative ? row->narrative : "", judgement_of(row), 0,
			row->group_title ? row->group_title : "" };
	}
	form->n = n;
	return form;
}

int32_t self_longest(const ShowSelfReply *self)
{
	size_t i;

	for (i = 0; i < self->n_fields; i++)
		if (strcmp(self->fields[i]->field, "narrative") == 0)
			return self->fields[i]->longest;
	return 0;
}

/* ---- drafts ---------------------------------------------------------------------------- */

const char *self_draft_path(struct client *client, const char *self_id)
{
	char dir[FILES_PATH_MAX];

	if (!plain(self_id) || !folder(client, dir))
		return NULL;
	return out_format(client_out(client), "%s/%s.txt", dir, self_id);
}

bool self_draft_keep(struct client *client, const struct form *form)
{
	char dir[FILES_PATH_MAX];
	char *text = form_print(client_arena(client), form);

	return text && plain(form->self_id) && folder(client, dir) && files_make_dir(dir) &&
	       files_write(dir, out_format(client_out(client), "%s.txt", form->self_id), text,
			   strlen(text));
}

void self_draft_drop(struct client *client, const char *self_id)
{
	char dir[FILES_PATH_MAX];

	if (plain(self_id) && folder(client, dir))
		files_remove(dir, out_format(client_out(client), "%s.txt", self_id));
}

size_t self_drafts(struct client *client, const char ***self_ids)
{
	char dir[FILES_PATH_MAX];
	struct dirent *file;
	DIR *open_dir = folder(client, dir) ? opendir(dir) : NULL;
	size_t n = 0;

	*self_ids = arena_zero(client_arena(client), DRAFTS_MAX, sizeof(**self_ids));
	while (open_dir && *self_ids && n < DRAFTS_MAX && (file = readdir(open_dir)))
		if (ends(file->d_name, ".txt"))
			(*self_ids)[n++] = out_format(client_out(client), "%.*s",
				(int)strlen(file->d_name) - 4, file->d_name);
	if (open_dir)
		closedir(open_dir);
	return n;
}
