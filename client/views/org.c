/* org tree: organisations, each a step further in than its parent. */
#include "client/handlers.h"

#include <string.h>

int org_tree_view(struct client *client, const Reply *reply)
{
	const ListOrgsReply *r = reply->list_orgs;
	struct out *out = client_out(client);
	struct table *table = table_new(out);
	const char *day = out_date(out, r->as_of_on);

	table_column(table, "org_id");
	table_column(table, "kind");
	table_column(table, "secretary");
	table_column(table, "due_on");
	table_title(table, word("text.org_branch"));
	for (size_t i = 0; i < r->n_orgs; i++) {
		const OrgRow *o = r->orgs[i];

		table_cell(table, o->org_id);
		table_cell(table, word_value("kind", o->kind));
		table_cell(table, o->secretary);
		table_cell(table, !o->has_due_on ? NULL : !o->term_state ||
			!strcmp(o->term_state, "RUNNING") ? out_date(out, o->due_on) :
			out_format(out, "%s %s", out_date(out, o->due_on),
				word_value("term_state", o->term_state)));
		table_cell(table, out_format(out, "%*s%s", o->depth * 2, "", o->name));
	}
	table_end(table, NULL);
	out_say(out, "%s", word_fill(client_arena(client), word("text.org_as_of"), 1, &day));
	return EXIT_DONE;
}
