/* find: organisations, people, things by number. */
#include "client/handlers.h"

static void orgs(struct out *out, const FindReply *r)
{
	struct table *table = table_new(out);

	table_column(table, "org_id");
	table_column(table, "kind");
	table_column(table, "name");
	for (size_t i = 0; i < r->n_orgs; i++) {
		table_cell(table, r->orgs[i]->org_id);
		table_cell(table, word_value("kind", r->orgs[i]->kind));
		table_cell(table, r->orgs[i]->name);
	}
	table_end(table, NULL);
}

static void people(struct out *out, const FindReply *r)
{
	struct table *table = table_new(out);

	table_column(table, "person_id");
	table_column(table, "name");
	table_column(table, "mark");
	table_column(table, "org_name");
	for (size_t i = 0; i < r->n_people; i++) {
		table_cell(table, r->people[i]->person_id);
		table_cell(table, r->people[i]->name);
		table_cell(table, r->people[i]->mark);
		table_cell(table, r->people[i]->org_name);
	}
	table_end(table, NULL);
}

static void objects(struct out *out, const FindReply *r)
{
	struct table *table = table_new(out);

	table_column(table, "object_id");
	table_column(table, "entity");
	table_column(table, "state");
	table_column(table, "org_name");
	for (size_t i = 0; i < r->n_objects; i++) {
		const FoundObject *o = r->objects[i];

		table_cell(table, o->object_id);
		table_cell(table, word_of("noun", o->entity));
		table_cell(table, word_value(o->entity, o->state));
		table_cell(table, o->org_name);
	}
	table_end(table, NULL);
}

int find_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const FindReply *r = reply->find;

	if (!r->n_orgs && !r->n_people && !r->n_objects) {
		out_say(out, "%s", word("text.nothing_found"));
		return EXIT_NOTHING;
	}
	if (r->n_orgs) {
		out_heading(out, word_field("orgs"));
		orgs(out, r);
	}
	if (r->n_people) {
		out_heading(out, word_field("people"));
		people(out, r);
	}
	if (r->n_objects) {
		out_heading(out, word_field("objects"));
		objects(out, r);
	}
	return EXIT_DONE;
}
