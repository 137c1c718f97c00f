#include "client/handlers.h"

#include <string.h>

static void list_offices(struct out *out, const WhoamiReply *who, const char *acting)
{
	struct table *table = table_new(out);
	size_t i;

	table_title(table, word("text.acting_mark"));
	table_column(table, "office");
	table_title(table, word("text.post"));
	table_column(table, "to_on");
	table_column(table, "org_name");
	for (i = 0; i < who->n_offices; i++) {
		const OfficeRow *o = who->offices[i];
		bool chosen = o->office && acting && strcmp(o->office, acting) == 0;

		table_cell(table, chosen || who->n_offices == 1 ? "*" : " ");
		table_cell(table, o->office);
		table_cell(table, o->role ? word_of("role", o->role) : NULL);
		table_cell(table, o->has_to_on ? out_date(out, o->to_on) : NULL);
		table_cell(table, o->org_name);
	}
	table_end(table, "text.no_office");
}

int whoami_view(struct client *client, const Reply *reply)
{
	const WhoamiReply *who = reply->whoami;
	struct out *out = client_out(client);

	out_field(out, "person_id", who->person_id);
	out_field(out, "name", who->name);
	if (who->has_today_on)
		out_field(out, "today_on", out_date(out, who->today_on));
	out_pairs_end(out);
	out_heading(out, word_field("offices"));
	list_offices(out, who, client_acting(client));
	return EXIT_DONE;
}
