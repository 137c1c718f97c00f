/* A notice as it hangs on the wall. */
#include "client/call.h"
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

/* notice show, notice post: with --text the full text and nothing else. */
int notice_text_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	bool provisional, alone = args_given(args, "text");
	const char *text;
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	code = call_request(client, request, &reply);
	if (code != EXIT_DONE)
		return code;
	if (reply->body_case == REPLY__BODY_POST_NOTICE) {
		text = reply->post_notice->text;
		provisional = reply->post_notice->provisional;
	} else {
		text = reply->show_notice->text;
		provisional = reply->show_notice->provisional;
	}
	if (alone && !client_json(client))
		code = notice_text(client, text, provisional);
	else
		code = client_show(client, reply, NULL);
	if (provisional && !alone)
		out_say(client_out(client), "%s", word("text.notice_provisional"));
	call_free(reply);
	return code;
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
