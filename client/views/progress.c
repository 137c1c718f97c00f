/* How far the plan's goals are, with how it was counted. */
#include "client/handlers.h"

int progress_view(struct client *client, const Reply *reply)
{
	int code = generic_view(client, reply);

	out_printf(client_out(client), "\n%s\n", word("text.progress_reading"));
	return code;
}
