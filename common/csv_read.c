#include "common/csv.h"

#include "common/text.h"

#include <iconv.h>
#include <string.h>

#define CSV_ARENA ((size_t)32 * 1024 * 1024)

static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* Cells are put together in the text itself: `out` never passes `at`, since no
 * cell is longer than its spelling and each has a separator for its NUL. */
struct reader {
	struct csv *csv;
	char *at, *end, *out;
	size_t room; /* of csv->rows */
	size_t line, column, start; /* start: the line this row began on */
	size_t row;
	char *cells[CSV_COLUMNS_MAX];
	size_t n;
};

static enum csv_result fail_at(struct csv *csv, size_t line, size_t column,
			       enum csv_result why)
{
	csv->line = line;
	csv->column = column;
	return why;
}

static enum csv_result fail(struct reader *reader, enum csv_result why)
{
	return fail_at(reader->csv, reader->line, reader->column, why);
}

/* Points at the first byte that is not of the encoding. */
static enum csv_result fail_encoding(struct csv *csv, const char *data,
				     const char *bad)
{
	size_t line = 1, column = 1;

	for (; data < bad; data++) {
		column = *data == '\n' ? 1 : column + 1;
		line += *data == '\n';
	}
	return fail_at(csv, line, column, CSV_ENCODING);
}

static const char *first_invalid(const char *s, size_t len)
{
	uint32_t cp;
	size_t n;

	for (; len; s += n, len -= n) {
		n = text_decode(s, len, &cp);
		if (n == 0)
			break;
	}
	return s;
}

char *csv_from_gb18030(struct arena *arena, const char *data, size_t len,
		       size_t *text_len, const char **bad)
{
	size_t room = len * 2, left = room, in_left = len;
	char *out = arena_alloc(arena, room + 1);
	char *in = arena_copy(arena, data, len), *start = in, *to = out;
	iconv_t conversion = iconv_open("UTF-8", "GB18030");
	bool converted;

	*bad = NULL;
	if (!out || !in || conversion == (iconv_t)-1) {
		if (conversion != (iconv_t)-1)
			iconv_close(conversion);
		return NULL;
	}
	converted = iconv(conversion, &in, &in_left, &to, &left) != (size_t)-1;
	iconv_close(conversion);
	if (!converted || !text_valid(out, room - left)) {
		*bad = data + (in - start);
		return NULL;
	}
	*text_len = room - left;
	out[*text_len] = '\0';
	return out;
}

static enum csv_result from_gb18030(struct csv *csv, const char *data,
				    size_t len, char **text, size_t *text_len)
{
	const char *bad;

	*text = csv_from_gb18030(&csv->arena, data, len, text_len, &bad);
	if (!*text)
		return bad ? fail_encoding(csv, data, bad)
			   : fail_at(csv, 1, 1, CSV_NO_MEMORY);
	csv->gb18030 = true;
	return CSV_OK;
}

/* The bytes as UTF-8 in the arena.  A mark of UTF-8 is taken at its word. */
static enum csv_result decode(struct csv *csv, const char *data, size_t len,
			      char **text, size_t *text_len)
{
	size_t mark = sizeof(byte_order_mark) - 1;
	bool marked = len >= mark && memcmp(data, byte_order_mark, mark) == 0;
	const char *bad;

	if (marked) {
		data += mark;
		len -= mark;
	}
	bad = first_invalid(data, len);
	if (bad < data + len)
		return marked ? fail_encoding(csv, data, bad) :
				from_gb18030(csv, data, len, text, text_len);
	*text = arena_copy(&csv->arena, data, len);
	*text_len = len;
	return *text ? CSV_OK : fail_at(csv, 1, 1, CSV_NO_MEMORY);
}

static bool at_newline(const struct reader *reader)
{
	return reader->at < reader->end &&
	       (*reader->at == '\n' || *reader->at == '\r');
}

static void skip_newline(struct reader *reader)
{
	bool pair = *reader->at == '\r' && reader->at + 1 < reader->end &&
		    reader->at[1] == '\n';

	reader->at += pair ? 2 : 1;
	reader->line++;
	reader->column = 1;
}

static enum csv_result copy_character(struct reader *reader)
{
	uint32_t cp = 0;
	size_t n = text_decode(reader->at, (size_t)(reader->end - reader->at), &cp);

	if (n == 0 || !text_allowed(cp))
		return fail(reader, CSV_CHARACTER);
	memmove(reader->out, reader->at, n);
	reader->out += n;
	reader->at += n;
	reader->column++;
	return CSV_OK;
}

static enum csv_result read_plain(struct reader *reader)
{
	enum csv_result result = CSV_OK;

	while (result == CSV_OK && reader->at < reader->end &&
	       *reader->at != ',' && !at_newline(reader)) {
		if (*reader->at == '"')
			return fail(reader, CSV_QUOTE);
		result = copy_character(reader);
	}
	return result;
}

/* A quote: the end of the cell, or the first of two that stand for one. */
static bool take_quote(struct reader *reader)
{
	reader->at++;
	reader->column++;
	if (reader->at == reader->end || *reader->at != '"')
		return false;
	*reader->out++ = *reader->at++;
	reader->column++;
	return true;
}

static enum csv_result after_quote(struct reader *reader)
{
	if (reader->at < reader->end && *reader->at != ',' && !at_newline(reader))
		return fail(reader, CSV_QUOTE);
	return CSV_OK;
}

static enum csv_result read_quoted(struct reader *reader)
{
	size_t line = reader->line, column = reader->column;
	enum csv_result result = CSV_OK;

	reader->at++;
	reader->column++;
	while (result == CSV_OK && reader->at < reader->end) {
		if (*reader->at == '"') {
			if (!take_quote(reader))
				return after_quote(reader);
		} else if (at_newline(reader)) {
			skip_newline(reader);
			*reader->out++ = '\n';
		} else {
			result = copy_character(reader);
		}
	}
	return result == CSV_OK ? fail_at(reader->csv, line, column, CSV_UNCLOSED) :
				  result;
}

/* A ' before what a spreadsheet would run, or before another ', is a guard. */
static char *without_guard(char *cell)
{
	return cell[0] == '\'' && csv_guarded(cell + 1) ? cell + 1 : cell;
}

static enum csv_result read_cell(struct reader *reader)
{
	char *cell = reader->out;
	enum csv_result result;

	if (reader->n == CSV_COLUMNS_MAX)
		return fail(reader, CSV_TOO_BIG);
	if (reader->at < reader->end && *reader->at == '"')
		result = read_quoted(reader);
	else
		result = read_plain(reader);
	reader->cells[reader->n++] = cell;
	return result;
}

static bool is_empty(const struct reader *reader)
{
	size_t i;

	for (i = 0; i < reader->n; i++) {
		if (reader->cells[i][0])
			return false;
	}
	return true;
}

static enum csv_result end_row(struct reader *reader)
{
	struct csv *csv = reader->csv;
	struct csv_row *row;
	size_t i;

	for (i = 0; i < reader->n; i++)
		reader->cells[i] = without_guard(reader->cells[i]);
	if (is_empty(reader))
		return CSV_OK;
	if (csv->n == reader->room)
		return fail_at(csv, reader->start, 1, CSV_TOO_BIG);
	row = &csv->rows[csv->n];
	row->cells = arena_zero(&csv->arena, reader->n, sizeof(char *));
	if (!row->cells)
		return fail_at(csv, reader->start, 1, CSV_NO_MEMORY);
	memcpy(row->cells, reader->cells, reader->n * sizeof(char *));
	row->line = reader->start;
	row->row = reader->row;
	row->n = reader->n;
	csv->n++;
	return CSV_OK;
}

/* To the end of the line.  A separator is passed before its place is taken by
 * the cell's NUL. */
static enum csv_result read_row(struct reader *reader)
{
	enum csv_result result;
	bool more;

	reader->n = 0;
	reader->start = reader->line;
	reader->row++;
	do {
		result = read_cell(reader);
		if (result != CSV_OK)
			return result;
		more = reader->at < reader->end && *reader->at == ',';
		if (more) {
			reader->at++;
			reader->column++;
		} else if (at_newline(reader)) {
			skip_newline(reader);
		}
		*reader->out++ = '\0';
	} while (more);
	return end_row(reader);
}

/* As many as there are line ends, and one. */
static size_t most_rows(const char *text, size_t len)
{
	size_t n = 1;

	for (; len; text++, len--)
		n += *text == '\n' || *text == '\r';
	return n < CSV_ROWS_MAX ? n : CSV_ROWS_MAX;
}

static enum csv_result read_rows(struct csv *csv, char *text, size_t len)
{
	struct reader reader = { .csv = csv, .at = text, .end = text + len,
				 .out = text, .room = most_rows(text, len),
				 .line = 1, .column = 1 };
	enum csv_result result = CSV_OK;

	csv->rows = arena_zero(&csv->arena, reader.room, sizeof(*csv->rows));
	if (!csv->rows)
		return fail_at(csv, 1, 1, CSV_NO_MEMORY);
	while (result == CSV_OK && reader.at < reader.end)
		result = read_row(&reader);
	return result;
}

enum csv_result csv_parse(struct csv *csv, const void *data, size_t len)
{
	enum csv_result result;
	char *text = NULL;
	size_t text_len = 0;

	memset(csv, 0, sizeof(*csv));
	arena_init(&csv->arena, CSV_ARENA);
	if (len > CSV_BYTES_MAX)
		return fail_at(csv, 1, 1, CSV_TOO_BIG);
	result = decode(csv, data, len, &text, &text_len);
	if (result == CSV_OK)
		result = read_rows(csv, text, text_len);
	return result;
}

void csv_free(struct csv *csv)
{
	arena_free(&csv->arena);
	csv->rows = NULL;
	csv->n = 0;
}
