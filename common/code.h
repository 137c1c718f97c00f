/*
 * Codes people read from paper and type: Crockford's base32 (no I, L, O, U) in
 * groups, with check characters, so that a slip of the finger is found before
 * anything is sent.
 *
 * Reading forgives case, full-width forms, spaces, dashes, and I, L, O for 1,
 * 1, 0.
 */
#ifndef COMMON_CODE_H
#define COMMON_CODE_H

#include <stddef.h>
#include <stdint.h>

#define CODE_SECRET 10 /* bytes of a secret, enrolment's or a slip's */
#define CODE_PIN 16    /* bytes of the authority's fingerprint */
#define CODE_ENROL_TEXT 54 /* 45 characters in groups of five, NUL */
#define CODE_SLIP_TEXT 22  /* XXXX-XXXX-XXXX-XXXX-C, NUL */
#define CODE_TEXT_MAX 256  /* longest text worth reading */

enum code_result {
	CODE_OK,
	CODE_LENGTH,    /* characters are missing or too many */
	CODE_CHARACTER, /* one that no code has */
	CODE_VERSION,   /* an enrolment code this program is too old for */
	CODE_CHECK,     /* mistyped */
};

/* What an enrolment code says: version | secret | pin | 10 check bits. */
struct code_enrol {
	uint8_t secret[CODE_SECRET];
	uint8_t pin[CODE_PIN];
};

/* First 128 bits of SHA-256 of the authority's SubjectPublicKeyInfo (DER). */
void code_pin(const uint8_t *spki, size_t len, uint8_t pin[CODE_PIN]);

void code_write_enrol(const struct code_enrol *code, char out[CODE_ENROL_TEXT]);
/* `code` is set only if CODE_OK. */
enum code_result code_read_enrol(const char *text, struct code_enrol *code);

/* The check character finds every single wrong character and every swap. */
void code_write_slip(const uint8_t secret[CODE_SECRET], char out[CODE_SLIP_TEXT]);
enum code_result code_read_slip(const char *text, uint8_t secret[CODE_SECRET]);

/* 80 bits as XXXX-XXXX-XXXX-XXXX, for receipts. */
#define CODE_TEN_TEXT 20
void code_write_ten(const uint8_t bytes[CODE_SECRET], char out[CODE_TEN_TEXT]);

#endif
