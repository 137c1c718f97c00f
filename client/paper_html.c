/* A paper as a page that stands alone, for the browser and its printer. */
#include "client/html.h"
#include "client/paper.h"

static const char style[] =
	"body{margin:0 auto;max-width:156mm;font:16pt/28pt FangSong,仿宋,"
	"FangSong_GB2312,STFangsong,serif;overflow-wrap:anywhere}"
	"h1{font:22pt/32pt FZXiaoBiaoSong-B05S,方正小标宋简体,STSong,SimSun,"
	"serif;text-align:center;margin:0 0 28pt}"
	"h2{font:16pt/28pt SimHei,黑体,sans-serif;margin:0;text-indent:2em}"
	"h3{font:16pt/28pt KaiTi,楷体,serif;margin:0;text-indent:2em}"
	"p{margin:0}.body{text-indent:2em}.centre{text-align:center}"
	".sign{text-align:right;margin-right:4em}"
	".note{font-size:10.5pt;line-height:16pt;color:#333;margin-top:6pt}"
	"table{border-collapse:collapse;width:100%;table-layout:fixed;"
	"font-size:12pt;line-height:18pt;margin:4pt 0}"
	"td,th{border:1px solid #000;padding:2pt 4pt;font-weight:normal;"
	"text-align:left;vertical-align:middle}"
	"th{font-family:SimHei,黑体,sans-serif;text-align:center}"
	"tr{break-inside:avoid}.break{break-before:page}";
static const char upright[] =
	"@page{size:A4;margin:37mm 26mm 35mm 28mm}";
static const char across[] =
	"@page{size:A4 landscape;margin:28mm 26mm 26mm 28mm}"
	"body{max-width:243mm}";

static void paragraphs(FILE *f, const struct paper *paper, const char *open,
		       const char *close, const char *text)
{
	while (text) {
		fputs(open, f);
		html_text(f, paper_paragraph(paper, &text));
		fprintf(f, "%s\n", close);
	}
}

static void table(FILE *f, const struct paper_line *line)
{
	unsigned whole = 0;

	for (unsigned i = 0; i < line->n; i++)
		whole += line->widths[i];
	fputs("<table>\n<colgroup>", f);
	for (unsigned i = 0; i < line->n; i++)
		fprintf(f, "<col style=\"width:%u%%\">",
			line->widths[i] * 100 / (whole ? whole : 1));
	fputs("</colgroup>\n", f);
}

static void row(FILE *f, const struct paper_line *line, unsigned columns)
{
	const char *tag = line->kind == PAPER_HEAD ? "th" : "td";

	fputs("<tr>", f);
	for (unsigned i = 0; i < line->n; i++) {
		fprintf(f, "<%s", tag);
		if (i + 1 == line->n && columns > line->n)
			fprintf(f, " colspan=%u", columns - line->n + 1);
		fputc('>', f);
		html_text(f, line->cells[i]);
		fprintf(f, "</%s>", tag);
	}
	fputs("</tr>\n", f);
}

bool paper_html(const struct paper *paper, FILE *f)
{
	static const struct {
		const char *open, *close;
	} tags[] = {
		[PAPER_TITLE] = { "<h1>", "</h1>" },
		[PAPER_CENTRE] = { "<p class=centre>", "</p>" },
		[PAPER_HEADING] = { "<h2>", "</h2>" },
		[PAPER_SUBHEADING] = { "<h3>", "</h3>" },
		[PAPER_BODY] = { "<p class=body>", "</p>" },
		[PAPER_PLAIN] = { "<p>", "</p>" },
		[PAPER_SIGN] = { "<p class=sign>", "</p>" },
		[PAPER_NOTE] = { "<p class=note>", "</p>" },
	};
	unsigned columns = 0;

	html_begin(f, paper->name, style);
	fprintf(f, "<style>%s</style>\n", paper->across ? across : upright);
	for (const struct paper_line *l = paper->first; l; l = l->next) {
		switch (l->kind) {
		case PAPER_TABLE:
			columns = l->n;
			table(f, l);
			break;
		case PAPER_HEAD:
		case PAPER_ROW:
			row(f, l, columns);
			break;
		case PAPER_END:
			fputs("</table>\n", f);
			break;
		case PAPER_BREAK:
			fputs("<div class=break></div>\n", f);
			break;
		default:
			paragraphs(f, paper, tags[l->kind].open,
				   tags[l->kind].close, l->cells[0]);
		}
	}
	html_end(f);
	return fflush(f) == 0 && !ferror(f);
}
