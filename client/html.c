#include "client/html.h"

#include "client/words.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

void html_begin(FILE *f, const char *title, const char *style)
{
	fprintf(f, "<!doctype html>\n<html lang=%s>\n<head>\n"
		"<meta charset=utf-8>\n"
		"<meta http-equiv=Content-Security-Policy content=\"default-src "
		"'none'; style-src 'unsafe-inline'\">\n"
		"<meta name=viewport content=\"width=device-width\">\n",
		words_language() == LANGUAGE_ZH ? "zh-CN" : "en");
	html_element(f, "title", title);
	fprintf(f, "<style>body{font-family:serif;margin:8mm;color:#111}%s"
		"</style>\n</head>\n<body>\n", style);
}

void html_end(FILE *f)
{
	fputs("</body>\n</html>\n", f);
}

static void escape(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		case '\n':
			fputs("<br>", f);
			break;
		default:
			fputc(*text, f);
		}
	}
}

/* Controls are made visible first, as on a terminal. */
void html_text(FILE *f, const char *text)
{
	char *safe = text ? text_printable(text, strlen(text), true) : NULL;

	if (safe)
		escape(f, safe);
	free(safe);
}

void html_element(FILE *f, const char *tag, const char *text)
{
	if (!text || !*text)
		return;
	fprintf(f, "<%s>", tag);
	html_text(f, text);
	fprintf(f, "</%s>\n", tag);
}
