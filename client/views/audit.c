/* audit log: who did what, when, on what. */
#include "client/handlers.h"

int audit_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const AuditLogReply *r = reply->audit_log;
	struct table *table = table_new(out);

	table_column(table, "done_at");
	table_column(table, "name");
	table_column(table, "role");
	table_column(table, "object_id");
	table_column(table, "request");
	for (size_t i = 0; i < r->n_events; i++) {
		const EventRow *e = r->events[i];

		table_cell(table, out_moment(out, e->done_at));
		table_cell(table, e->person_name);
		table_cell(table, e->role ? word_of("role", e->role) : NULL);
		table_cell(table, e->object_id);
		table_cell(table, word_of("request", e->request));
	}
	table_end(table, "text.no_events");
	if (r->has_more && r->more)
		out_hint(out, "zhibu audit log --after-no %lld",
			(long long)r->events[r->n_events - 1]->event_no);
	return EXIT_DONE;
}
