/*
 * A paper as WordprocessingML (ECMA-376), in the few parts that WPS, LibreOffice
 * and Word ask for.  The archive is zlib's own minizip.
 */
#include "client/html.h"
#include "client/paper.h"

#include <errno.h>
#include <minizip/zip.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Twentieths of a point, as the format counts. */
#define TEXT_UPRIGHT 8844 /* 156 mm */
#define TEXT_ACROSS 13776 /* 243 mm */
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define NS "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\""
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006"
#define WORD "application/vnd.openxmlformats-officedocument.wordprocessingml."

static const char types[] = XML
	"<Types xmlns=\"" PACKAGE "/content-types\">"
	"<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-"
	"package.relationships+xml\"/>"
	"<Override PartName=\"/word/document.xml\" ContentType=\"" WORD
	"document.main+xml\"/>"
	"<Override PartName=\"/word/styles.xml\" ContentType=\"" WORD "styles+xml\"/>"
	"<Override PartName=\"/word/footer1.xml\" ContentType=\"" WORD "footer+xml\"/>"
	"</Types>";
static const char package_links[] = XML
	"<Relationships xmlns=\"" PACKAGE "/relationships\">"
	"<Relationship Id=\"r1\" Type=\"" OFFICE "/officeDocument\" "
	"Target=\"word/document.xml\"/></Relationships>";
static const char document_links[] = XML
	"<Relationships xmlns=\"" PACKAGE "/relationships\">"
	"<Relationship Id=\"r1\" Type=\"" OFFICE "/styles\" Target=\"styles.xml\"/>"
	"<Relationship Id=\"r2\" Type=\"" OFFICE "/footer\" Target=\"footer1.xml\"/>"
	"</Relationships>";
/* "— 1 —", as official papers number their pages. */
static const char footer[] = XML
	"<w:ftr " NS "><w:p><w:pPr><w:jc w:val=\"center\"/></w:pPr>"
	"<w:r><w:t xml:space=\"preserve\">— </w:t></w:r>"
	"<w:fldSimple w:instr=\" PAGE \"><w:r><w:t>1</w:t></w:r></w:fldSimple>"
	"<w:r><w:t xml:space=\"preserve\"> —</w:t></w:r></w:p></w:ftr>";

/* A style a kind of line: font, half-points, what its paragraphs look like. */
static const struct {
	const char *id, *font;
	unsigned size;
	const char *paragraph;
} styles[] = {
	[PAPER_TITLE] = { "title", "方正小标宋简体", 44,
		"<w:spacing w:after=\"560\" w:line=\"640\" w:lineRule=\"exact\"/>"
		"<w:jc w:val=\"center\"/>" },
	[PAPER_CENTRE] = { "centre", "仿宋", 32,
		"<w:spacing w:line=\"560\" w:lineRule=\"exact\"/>"
		"<w:jc w:val=\"center\"/>" },
	[PAPER_HEADING] = { "first", "黑体", 32,
		"<w:keepNext/><w:spacing w:line=\"560\" w:lineRule=\"exact\"/>"
		"<w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>" },
	[PAPER_SUBHEADING] = { "second", "楷体", 32,
		"<w:keepNext/><w:spacing w:line=\"560\" w:lineRule=\"exact\"/>"
		"<w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>" },
	[PAPER_BODY] = { "body", "仿宋", 32,
		"<w:spacing w:line=\"560\" w:lineRule=\"exact\"/>"
		"<w:ind w:firstLineChars=\"200\" w:firstLine=\"640\"/>" },
	[PAPER_PLAIN] = { "plain", "仿宋", 32,
		"<w:spacing w:line=\"560\" w:lineRule=\"exact\"/>" },
	[PAPER_SIGN] = { "sign", "仿宋", 32,
		"<w:spacing w:line=\"560\" w:lineRule=\"exact\"/>"
		"<w:ind w:rightChars=\"400\" w:right=\"1280\"/>"
		"<w:jc w:val=\"right\"/>" },
	[PAPER_NOTE] = { "note", "仿宋", 21, "<w:spacing w:before=\"120\"/>" },
	[PAPER_HEAD] = { "head", "黑体", 24, "<w:jc w:val=\"center\"/>" },
	[PAPER_ROW] = { "cell", "仿宋", 24, "" },
};

static void write_styles(FILE *f)
{
	fputs(XML "<w:styles " NS ">", f);
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		if (!styles[i].id)
			continue;
		fprintf(f, "<w:style w:type=\"paragraph\" w:styleId=\"%s\">"
			"<w:name w:val=\"%s\"/><w:pPr>%s</w:pPr><w:rPr>"
			"<w:rFonts w:ascii=\"Times New Roman\" "
			"w:hAnsi=\"Times New Roman\" w:eastAsia=\"%s\"/>"
			"<w:sz w:val=\"%u\"/><w:szCs w:val=\"%u\"/></w:rPr>"
			"</w:style>", styles[i].id, styles[i].id,
			styles[i].paragraph, styles[i].font, styles[i].size,
			styles[i].size);
	}
	fputs("</w:styles>", f);
}

static void paragraphs(FILE *f, const struct paper *paper, enum paper_kind kind,
		       const char *text)
{
	while (text) {
		fprintf(f, "<w:p><w:pPr><w:pStyle w:val=\"%s\"/></w:pPr>"
			"<w:r><w:t xml:space=\"preserve\">", styles[kind].id);
		html_text(f, paper_paragraph(paper, &text));
		fputs("</w:t></w:r></w:p>", f);
	}
}

static unsigned width_of(const struct paper_line *table, unsigned from, unsigned to,
			 unsigned text)
{
	unsigned whole = 0, part = 0;

	for (unsigned i = 0; i < table->n; i++) {
		whole += table->widths[i];
		part += i >= from && i < to ? table->widths[i] : 0;
	}
	return part * text / (whole ? whole : 1);
}

static void begin_table(FILE *f, const struct paper_line *table, unsigned text)
{
	static const char *const sides[] = { "top", "left", "bottom", "right",
					     "insideH", "insideV" };

	fputs("<w:tbl><w:tblPr>", f);
	fprintf(f, "<w:tblW w:w=\"%u\" w:type=\"dxa\"/><w:tblBorders>", text);
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
		fprintf(f, "<w:%s w:val=\"single\" w:sz=\"4\" w:space=\"0\" "
			"w:color=\"000000\"/>", sides[i]);
	fputs("</w:tblBorders><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>", f);
	for (unsigned i = 0; i < table->n; i++)
		fprintf(f, "<w:gridCol w:w=\"%u\"/>", width_of(table, i, i + 1, text));
	fputs("</w:tblGrid>", f);
}

static void row(FILE *f, const struct paper *paper, const struct paper_line *table,
		const struct paper_line *line, unsigned text)
{
	fprintf(f, "<w:tr><w:trPr><w:cantSplit/>%s</w:trPr>",
		line->kind == PAPER_HEAD ? "<w:tblHeader/>" : "");
	for (unsigned i = 0; i < line->n; i++) {
		unsigned to = i + 1 == line->n ? table->n : i + 1;

		fprintf(f, "<w:tc><w:tcPr><w:tcW w:w=\"%u\" w:type=\"dxa\"/>",
			width_of(table, i, to, text));
		if (to > i + 1)
			fprintf(f, "<w:gridSpan w:val=\"%u\"/>", to - i);
		fputs("<w:vAlign w:val=\"center\"/></w:tcPr>", f);
		paragraphs(f, paper, line->kind, line->cells[i]);
		fputs("</w:tc>", f);
	}
	fputs("</w:tr>", f);
}

static void write_document(FILE *f, const struct paper *paper)
{
	unsigned text = paper->across ? TEXT_ACROSS : TEXT_UPRIGHT;
	const struct paper_line *table = NULL;

	fputs(XML "<w:document " NS " xmlns:r=\"" OFFICE "\"><w:body>", f);
	for (const struct paper_line *l = paper->first; l; l = l->next) {
		switch (l->kind) {
		case PAPER_TABLE:
			table = l;
			begin_table(f, l, text);
			break;
		case PAPER_HEAD:
		case PAPER_ROW:
			if (table)
				row(f, paper, table, l, text);
			break;
		case PAPER_END:
			/* two tables with nothing between them would be one */
			fputs("</w:tbl><w:p><w:pPr><w:pStyle w:val=\"note\"/>"
			      "</w:pPr></w:p>", f);
			break;
		case PAPER_BREAK:
			fputs("<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>", f);
			break;
		default:
			paragraphs(f, paper, l->kind, l->cells[0]);
		}
	}
	fputs("<w:sectPr><w:footerReference w:type=\"default\" r:id=\"r2\"/>", f);
	fputs(paper->across ?
		"<w:pgSz w:w=\"16838\" w:h=\"11906\" w:orient=\"landscape\"/>"
		"<w:pgMar w:top=\"1588\" w:right=\"1474\" w:bottom=\"1474\" "
		"w:left=\"1588\" w:header=\"851\" w:footer=\"992\" w:gutter=\"0\"/>" :
		"<w:pgSz w:w=\"11906\" w:h=\"16838\"/>"
		"<w:pgMar w:top=\"2098\" w:right=\"1474\" w:bottom=\"1984\" "
		"w:left=\"1588\" w:header=\"851\" w:footer=\"1400\" w:gutter=\"0\"/>", f);
	fputs("</w:sectPr></w:body></w:document>", f);
}

/* ---- the archive ---------------------------------------------------------------- */

/* The file is ours already: "opening" it hands it over, and "closing" leaves it. */
static voidpf ZCALLBACK opened(voidpf f, const void *name, int mode)
{
	(void)name;
	(void)mode;
	return f;
}

static int ZCALLBACK left_open(voidpf opaque, voidpf f)
{
	(void)opaque;
	return fflush(f);
}

static bool add(zipFile zip, const char *name, const void *data, size_t len)
{
	zip_fileinfo info = { .tmz_date = { .tm_mday = 1, .tm_year = 1980 } };

	return zipOpenNewFileInZip(zip, name, &info, NULL, 0, NULL, 0, NULL,
				   Z_DEFLATED, Z_DEFAULT_COMPRESSION) == ZIP_OK &&
	       zipWriteInFileInZip(zip, data, (unsigned)len) == ZIP_OK &&
	       zipCloseFileInZip(zip) == ZIP_OK;
}

static bool add_text(zipFile zip, const char *name, const char *text)
{
	return add(zip, name, text, strlen(text));
}

/* A part that is written first and then put in. */
static bool add_part(zipFile zip, const char *name, const struct paper *paper)
{
	char *data = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&data, &len);
	bool ok;

	if (!f)
		return false;
	if (paper)
		write_document(f, paper);
	else
		write_styles(f);
	ok = fclose(f) == 0 && add(zip, name, data, len);
	free(data);
	return ok;
}

bool paper_docx(const struct paper *paper, FILE *f)
{
	zlib_filefunc64_def io;
	zipFile zip;
	bool ok;

	fill_fopen64_filefunc(&io);
	io.zopen64_file = opened;
	io.zclose_file = left_open;
	io.opaque = f;
	zip = zipOpen2_64("", APPEND_STATUS_CREATE, NULL, &io);
	if (!zip)
		return false;
	ok = add_text(zip, "[Content_Types].xml", types) &&
	     add_text(zip, "_rels/.rels", package_links) &&
	     add_text(zip, "word/_rels/document.xml.rels", document_links) &&
	     add_text(zip, "word/footer1.xml", footer) &&
	     add_part(zip, "word/styles.xml", NULL) &&
	     add_part(zip, "word/document.xml", paper);
	ok = zipClose(zip, NULL) == ZIP_OK && ok;
	if (!ok && !errno)
		errno = EIO;
	return ok && !ferror(f);
}
