#include "client/qr.h"

#include <qrencode.h>

#define QUIET 4 /* modules of white around a code, as its standard asks */
#define DARK 1  /* lowest bit of a module */

/* Runs of dark modules, row by row. */
static void draw(FILE *f, const QRcode *code)
{
	for (int y = 0; y < code->width; y++) {
		const unsigned char *row = code->data + y * code->width;

		for (int x = 0; x < code->width; x++) {
			int from = x;

			while (x < code->width && (row[x] & DARK))
				x++;
			if (x > from)
				fprintf(f, "M%d %dh%dv1h-%dz", from + QUIET,
					y + QUIET, x - from, x - from);
		}
	}
}

bool qr_svg(FILE *f, const char *text)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

	if (!code)
		return false;
	fprintf(f, "<svg class=qr viewBox=\"0 0 %d %d\"><path d=\"",
		code->width + 2 * QUIET, code->width + 2 * QUIET);
	draw(f, code);
	fputs("\"/></svg>\n", f);
	QRcode_free(code);
	return true;
}
