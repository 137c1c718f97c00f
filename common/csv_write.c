#include "common/csv.h"

#include "common/text.h"

#include <stdlib.h>
#include <string.h>

static void give_up(struct csv_writer *writer)
{
	free(writer->data);
	writer->data = NULL;
	writer->len = 0;
	writer->room = 0;
	writer->failed = true;
}

/* Room for so many bytes more and a NUL. */
static bool make_room(struct csv_writer *writer, size_t more)
{
	size_t need = writer->len + more + 1;
	size_t room = need > writer->room * 2 ? need : writer->room * 2;
	char *data;

	if (writer->failed)
		return false;
	if (need <= writer->room)
		return true;
	data = realloc(writer->data, room);
	if (!data) {
		give_up(writer);
		return false;
	}
	writer->data = data;
	writer->room = room;
	return true;
}

static void append(struct csv_writer *writer, const char *s, size_t len)
{
	if (!make_room(writer, len))
		return;
	memcpy(writer->data + writer->len, s, len);
	writer->len += len;
	writer->data[writer->len] = '\0';
}

bool csv_guarded(const char *text)
{
	uint32_t cp = 0;

	if (text_decode(text, strlen(text), &cp) == 0 || cp == 0)
		return false;
	if (cp >= 0xFF01 && cp <= 0xFF5E)
		cp -= 0xFEE0; /* spreadsheets read full width as well */
	return cp < 0x80 && strchr("=+-@\t\r\n'", (int)cp);
}

static bool needs_quotes(const char *text)
{
	size_t len = strlen(text);

	return strpbrk(text, ",\"\r\n") || csv_guarded(text) ||
	       (len && (text[0] == ' ' || text[len - 1] == ' '));
}

static void append_quoted(struct csv_writer *writer, const char *text)
{
	append(writer, "\"", 1);
	if (csv_guarded(text))
		append(writer, "'", 1);
	for (; *text; text++) {
		if (*text == '"')
			append(writer, "\"", 1);
		append(writer, text, 1);
	}
	append(writer, "\"", 1);
}

void csv_mark(struct csv_writer *writer)
{
	append(writer, "\xEF\xBB\xBF", 3);
}

void csv_cell(struct csv_writer *writer, const char *text)
{
	if (writer->in_row)
		append(writer, ",", 1);
	writer->in_row = true;
	if (needs_quotes(text))
		append_quoted(writer, text);
	else
		append(writer, text, strlen(text));
}

void csv_end_row(struct csv_writer *writer)
{
	append(writer, "\r\n", 2);
	writer->in_row = false;
}
