#include "common/code.h"

#include "common/text.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

#define ENROL_VERSION 1
#define ENROL_SYMBOLS 45 /* version, 42 of data, two of check */
#define ENROL_DATA 42    /* 208 bits and two of nought */
#define SLIP_SYMBOLS 17  /* 16 of data, one of check */
#define SYMBOLS_MAX 64

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Five bits a symbol, first bit first, filled up with nought. */
static void to_symbols(const uint8_t *bytes, size_t len, uint8_t *symbols)
{
	size_t i, n = (len * 8 + 4) / 5;

	for (i = 0; i < n; i++) {
		size_t bit = i * 5, at = bit / 8;
		unsigned pair = (unsigned)bytes[at] << 8 |
				(at + 1 < len ? bytes[at + 1] : 0u);

		symbols[i] = pair >> (11 - bit % 8) & 31;
	}
}

/* False if the bits left over are not nought. */
static bool from_symbols(const uint8_t *symbols, size_t len, uint8_t *bytes)
{
	unsigned held = 0, bits = 0;
	size_t at = 0;

	while (at < len) {
		held = (held << 5 | *symbols++) & 0xFFF;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			bytes[at++] = (uint8_t)(held >> bits);
		}
	}
	return (held & ((1u << bits) - 1)) == 0;
}

/* In groups with dashes between, and a NUL. */
static void spell(const uint8_t *symbols, size_t n, size_t group, char *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i && i % group == 0)
			*out++ = '-';
		*out++ = alphabet[symbols[i]];
	}
	*out = '\0';
}

static bool is_separator(uint32_t cp)
{
	return cp == ' ' || cp == '-' || cp == '\t' || cp == '\n' ||
	       cp == '\r' || cp == 0xA0 || cp == 0x3000 || cp == 0xFF0D ||
	       cp == 0x2212 || (cp >= 0x2010 && cp <= 0x2015);
}

/* The symbol a character stands for, or -1. */
static int symbol_of(uint32_t cp)
{
	const char *found;

	if (cp >= 0xFF01 && cp <= 0xFF5E)
		cp -= 0xFEE0;
	if (cp >= 'a' && cp <= 'z')
		cp -= 'a' - 'A';
	if (cp == 'I' || cp == 'L')
		cp = '1';
	else if (cp == 'O')
		cp = '0';
	found = cp && cp < 0x80 ? strchr(alphabet, (int)cp) : NULL;
	return found ? (int)(found - alphabet) : -1;
}

/* The symbols of what was typed, `want` of them. */
static enum code_result read_symbols(const char *text, size_t want,
				     uint8_t symbols[SYMBOLS_MAX])
{
	size_t len = strnlen(text, CODE_TEXT_MAX + 1), n = 0, used;
	uint32_t cp;
	int symbol;

	if (len > CODE_TEXT_MAX)
		return CODE_LENGTH;
	for (; len; text += used, len -= used) {
		used = text_decode(text, len, &cp);
		if (used == 0)
			return CODE_CHARACTER;
		if (is_separator(cp))
			continue;
		symbol = symbol_of(cp);
		if (symbol < 0)
			return CODE_CHARACTER;
		if (n == want)
			return CODE_LENGTH;
		symbols[n++] = (uint8_t)symbol;
	}
	return n == want ? CODE_OK : CODE_LENGTH;
}

/* CRC-10 (x^10+x^9+x^5+x^4+x+1): finds every run of up to ten wrong bits, so
 * every wrong character and every two neighbours swapped. */
static unsigned crc10(const uint8_t *symbols, size_t n)
{
	unsigned crc = 0x3FF;
	size_t i;
	int bit;

	for (i = 0; i < n; i++) {
		crc ^= (unsigned)symbols[i] << 5;
		for (bit = 0; bit < 5; bit++)
			crc = crc << 1 ^ (crc & 0x200 ? 0x233u : 0);
		crc &= 0x3FF;
	}
	return crc;
}

void code_pin(const uint8_t *spki, size_t len, uint8_t pin[CODE_PIN])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	SHA256(spki, len, hash);
	memcpy(pin, hash, CODE_PIN);
}

void code_write_enrol(const struct code_enrol *code, char out[CODE_ENROL_TEXT])
{
	uint8_t bytes[CODE_SECRET + CODE_PIN], symbols[ENROL_SYMBOLS];
	unsigned crc;

	memcpy(bytes, code->secret, CODE_SECRET);
	memcpy(bytes + CODE_SECRET, code->pin, CODE_PIN);
	symbols[0] = ENROL_VERSION;
	to_symbols(bytes, sizeof(bytes), symbols + 1);
	crc = crc10(symbols, 1 + ENROL_DATA);
	symbols[1 + ENROL_DATA] = (uint8_t)(crc >> 5);
	symbols[2 + ENROL_DATA] = crc & 31;
	spell(symbols, ENROL_SYMBOLS, 5, out);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(symbols, sizeof(symbols));
}

static enum code_result judge_enrol(const uint8_t *symbols, uint8_t *bytes)
{
	unsigned check = (unsigned)symbols[1 + ENROL_DATA] << 5 |
			 symbols[2 + ENROL_DATA];

	/* The check first: a mistyped version is a slip of the finger. */
	if (crc10(symbols, 1 + ENROL_DATA) != check)
		return CODE_CHECK;
	if (symbols[0] != ENROL_VERSION)
		return CODE_VERSION;
	return from_symbols(symbols + 1, CODE_SECRET + CODE_PIN, bytes) ?
		       CODE_OK :
		       CODE_CHECK;
}

enum code_result code_read_enrol(const char *text, struct code_enrol *code)
{
	uint8_t symbols[SYMBOLS_MAX], bytes[CODE_SECRET + CODE_PIN];
	enum code_result result = read_symbols(text, ENROL_SYMBOLS, symbols);

	if (result == CODE_OK)
		result = judge_enrol(symbols, bytes);
	if (result == CODE_OK) {
		memcpy(code->secret, bytes, CODE_SECRET);
		memcpy(code->pin, bytes + CODE_SECRET, CODE_PIN);
	}
	OPENSSL_cleanse(symbols, sizeof(symbols));
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return result;
}

/* Times x in GF(32), x^5 = x^2 + 1. */
static unsigned times_x(unsigned a)
{
	return a & 16 ? (a << 1 & 31) ^ 5 : a << 1;
}

/* The symbols as a polynomial at x.  Each has another power of x as its weight
 * (x has order 31, there are 17), so that no single change and no swap of two
 * symbols leaves it the same. */
static unsigned at_x(const uint8_t *symbols, size_t n)
{
	unsigned sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum = times_x(sum) ^ symbols[i];
	return sum;
}

void code_write_slip(const uint8_t secret[CODE_SECRET], char out[CODE_SLIP_TEXT])
{
	uint8_t symbols[SLIP_SYMBOLS];

	to_symbols(secret, CODE_SECRET, symbols);
	symbols[SLIP_SYMBOLS - 1] = 0;
	symbols[SLIP_SYMBOLS - 1] = (uint8_t)at_x(symbols, SLIP_SYMBOLS);
	spell(symbols, SLIP_SYMBOLS, 4, out);
	OPENSSL_cleanse(symbols, sizeof(symbols));
}

enum code_result code_read_slip(const char *text, uint8_t secret[CODE_SECRET])
{
	uint8_t symbols[SYMBOLS_MAX];
	enum code_result result = read_symbols(text, SLIP_SYMBOLS, symbols);

	if (result == CODE_OK && at_x(symbols, SLIP_SYMBOLS) != 0)
		result = CODE_CHECK;
	if (result == CODE_OK)
		from_symbols(symbols, CODE_SECRET, secret);
	OPENSSL_cleanse(symbols, sizeof(symbols));
	return result;
}

void code_write_ten(const uint8_t bytes[CODE_SECRET], char out[CODE_TEN_TEXT])
{
	uint8_t symbols[SLIP_SYMBOLS - 1];

	to_symbols(bytes, CODE_SECRET, symbols);
	spell(symbols, sizeof(symbols), 4, out);
}
