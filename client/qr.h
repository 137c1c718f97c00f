/*
 * A QR code as a picture inside a page: one path, black on white, with the quiet
 * margin a camera wants.
 */
#ifndef CLIENT_QR_H
#define CLIENT_QR_H

#include <stdbool.h>
#include <stdio.h>

/* False: the text is too long for a code, and nothing was written. */
bool qr_svg(FILE *f, const char *text);

#endif
