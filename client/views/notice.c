/* A notice as it hangs on the wall. */
#include "client/handlers.h"

/* The text alone goes to stdout, to be pasted or printed as it is. */
static int notice_text(struct client *client, const char *text, bool provisional)
{
	struct out *out = client_out(client);

	out_printf(out, "%s\n", text);
	if (provisional)
		out_say(out, "%s", word("text.notice_provisional"));
	return EXIT_DONE;
}

int post_notice_view(struct client *client, const Reply *reply)
{
	const PostNoticeReply *n = reply->post_notice;

	return notice_text(client, n->text, n->provisional);
}

int public_notices_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const PublicNoticesReply *r = reply->public_notices;

	if (!r->n_notices)
		out_printf(out, "%s\n", word("text.no_notices"));
	for (size_t i = 0; i < r->n_notices; i++) {
		const PublicNotice *n = r->notices[i];

		out_heading(out, out_format(out, "%s  %s", n->notice_id,
			word_value("notice", n->state)));
		notice_text(client, n->text, n->provisional);
	}
	return EXIT_DONE;
}
