#include "common/csv.h"

#include "common/text.h"

#include <stdlib.h>
#include <string.h>

static void append(struct csv_writer *writer, const char *s, size_t len)
{
	size_t room = writer->room ? writer->room : 256;
	char *data;

	while (!writer->failed && room - writer->len <= len) {
		if (room > SIZE_MAX / 2)
			writer->failed = true;
		room *= 2;
	}
	data = writer->failed ? NULL : realloc(writer->data, room);
	if (!data) {
		free(writer->data);
		writer->data = NULL;
		writer->failed = true;
		return;
	}
	memcpy(data + writer->len, s, len);
	writer->data = data;
	writer->room = room;
	writer->len += len;
	data[writer->len] = '\0';
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
