/* The decision document, with the list for certificates and plates. */
#include "client/handlers.h"

int award_document_view(struct client *client, const Reply *reply)
{
	const ShowAwardDocumentReply *d = reply->show_award_document;
	struct out *out = client_out(client);
	struct table *table;

	out_text(out, 0, d->text);
	out_heading(out, word_field("plates"));
	table = table_new(out);
	table_column(table, "award_id");
	table_column(table, "certificate_no");
	table_column(table, "plate_no");
	table_column(table, "valid_to_on");
	table_column(table, "state");
	table_column(table, "org_name");
	for (size_t i = 0; i < d->n_plates; i++) {
		const PlateRow *p = d->plates[i];

		table_cell(table, p->award_id);
		table_cell(table, p->certificate_no);
		table_cell(table, p->plate_no);
		table_cell(table, out_date(out, p->valid_to_on));
		table_cell(table, word_value("award", p->state));
		table_cell(table, p->org_name);
	}
	table_end(table, "text.none");
	return EXIT_DONE;
}
