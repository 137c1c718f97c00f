/* eval show: the sheet on the screen, or as a page in a file. */
#include "client/ballot_run.h"
#include "client/files.h"
#include "client/handlers.h"
#include "client/views/sheet.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int evaluation_view(struct client *client, const Reply *reply)
{
	const EvaluationSheet *sheet = reply->show_evaluation->sheet;

	if (!sheet)
		return EXIT_FAILED;
	sheet_text(client_out(client), client_arena(client), sheet);
	return EXIT_DONE;
}

/* Never over a file that is there. */
static int write_page(struct client *client, const EvaluationSheet *sheet,
		      const char *path)
{
	int fd = files_new(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed;

	if (!f && errno == EEXIST)
		return ballot_fail(client, EXIT_USAGE, "ballot_file_exists",
				   path, NULL);
	if (!f)
		return ballot_fail(client, EXIT_USAGE, "ballot_file_system",
				   path, strerror(errno));
	sheet_html(f, client_out(client), client_arena(client), sheet);
	failed = ferror(f);
	if (fclose(f) != 0 || failed)
		return ballot_fail(client, EXIT_FAILED, "ballot_file_system",
				   path, strerror(errno));
	out_hint(client_out(client), "%s",
		 ballot_word(client, "text.sheet_written", path, NULL));
	return EXIT_DONE;
}

int eval_show_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *path = args_get(args, "out");
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	if (args_given(args, "html") && !path)
		return ballot_fail(client, EXIT_USAGE, "sheet_needs_file", NULL,
				   NULL);
	code = call_request(client, request, &reply);
	if (code != EXIT_DONE)
		return code;
	if (path && reply->show_evaluation->sheet)
		code = write_page(client, reply->show_evaluation->sheet, path);
	else
		code = client_show(client, reply, evaluation_view);
	call_free(reply);
	return code;
}
