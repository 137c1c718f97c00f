/* Codes: what is typed wrong is found before anything is sent. */
#include "tests/unit/check.h"

#include "common/code.h"

#include <ctype.h>
#include <openssl/sha.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void make_secret(uint8_t secret[CODE_SECRET], unsigned seed)
{
	int i;

	for (i = 0; i < CODE_SECRET; i++) {
		seed = seed * 1103515245u + 12345u;
		secret[i] = (uint8_t)(seed >> 16);
	}
}

static void make_enrol(struct code_enrol *code, unsigned seed)
{
	static const uint8_t spki[] = "not a real key";

	make_secret(code->secret, seed);
	code_pin(spki, sizeof(spki) + seed % 2 - 1, code->pin);
}

static void test_slip_round_trip(void **state)
{
	uint8_t secret[CODE_SECRET], back[CODE_SECRET];
	char text[CODE_SLIP_TEXT];
	unsigned seed;

	(void)state;
	for (seed = 0; seed < 2000; seed++) {
		make_secret(secret, seed);
		code_write_slip(secret, text);
		assert_int_equal(strlen(text), CODE_SLIP_TEXT - 1);
		assert_int_equal(text[4], '-');
		assert_int_equal(text[19], '-');
		assert_int_equal(code_read_slip(text, back), CODE_OK);
		assert_memory_equal(back, secret, CODE_SECRET);
	}
	memset(secret, 0, sizeof(secret));
	code_write_slip(secret, text);
	assert_string_equal(text, "0000-0000-0000-0000-0");
	memset(secret, 0xFF, sizeof(secret));
	code_write_slip(secret, text);
	assert_memory_equal(text, "ZZZZ-ZZZZ-ZZZZ-ZZZZ-", 20);
}

/* Every other letter at every place of a code, the check character's too. */
static void test_slip_every_single_error(void **state)
{
	uint8_t secret[CODE_SECRET];
	char text[CODE_SLIP_TEXT], right;
	unsigned seed;
	size_t i, a;

	(void)state;
	for (seed = 0; seed < 50; seed++) {
		make_secret(secret, seed);
		code_write_slip(secret, text);
		for (i = 0; text[i]; i++) {
			right = text[i];
			for (a = 0; right != '-' && alphabet[a]; a++) {
				text[i] = alphabet[a];
				assert_int_equal(code_read_slip(text, secret),
						 alphabet[a] == right ? CODE_OK :
									CODE_CHECK);
			}
			text[i] = right;
		}
	}
}

/* Any two characters exchanged, neighbours or not. */
static void check_swaps(char *text, enum code_result (*read)(const char *))
{
	size_t i, j, len = strlen(text);

	for (i = 0; i < len; i++) {
		for (j = i + 1; j < len; j++) {
			char a = text[i], b = text[j];

			if (a == b || a == '-' || b == '-')
				continue;
			text[i] = b;
			text[j] = a;
			if (read(text) != CODE_CHECK)
				fail_msg("%zu and %zu of %s", i, j, text);
			text[i] = a;
			text[j] = b;
		}
	}
}

static enum code_result read_slip(const char *text)
{
	uint8_t secret[CODE_SECRET];

	return code_read_slip(text, secret);
}

static void test_slip_every_swap(void **state)
{
	uint8_t secret[CODE_SECRET];
	char text[CODE_SLIP_TEXT];
	unsigned seed;

	(void)state;
	for (seed = 0; seed < 200; seed++) {
		make_secret(secret, seed);
		code_write_slip(secret, text);
		check_swaps(text, read_slip);
	}
}

static void test_enrol_round_trip(void **state)
{
	struct code_enrol code, back;
	char text[CODE_ENROL_TEXT];
	unsigned seed;
	size_t i, dashes = 0;

	(void)state;
	for (seed = 0; seed < 2000; seed++) {
		make_enrol(&code, seed);
		code_write_enrol(&code, text);
		assert_int_equal(strlen(text), CODE_ENROL_TEXT - 1);
		assert_int_equal(code_read_enrol(text, &back), CODE_OK);
		assert_memory_equal(&back, &code, sizeof(code));
	}
	for (i = 0; text[i]; i++)
		dashes += text[i] == '-';
	assert_int_equal(dashes, 8);
	assert_int_equal(text[0], '1');
}

static enum code_result read_enrol(const char *text)
{
	struct code_enrol code;

	return code_read_enrol(text, &code);
}

static void test_enrol_every_single_error(void **state)
{
	struct code_enrol code;
	char text[CODE_ENROL_TEXT], right;
	unsigned seed;
	size_t i, a;

	(void)state;
	for (seed = 0; seed < 20; seed++) {
		make_enrol(&code, seed);
		code_write_enrol(&code, text);
		for (i = 0; text[i]; i++) {
			right = text[i];
			for (a = 0; right != '-' && alphabet[a]; a++) {
				text[i] = alphabet[a];
				assert_int_equal(read_enrol(text),
						 alphabet[a] == right ? CODE_OK :
									CODE_CHECK);
			}
			text[i] = right;
		}
	}
}

static void test_enrol_neighbours_swapped(void **state)
{
	struct code_enrol code;
	char text[CODE_ENROL_TEXT];
	unsigned seed;
	size_t i;

	(void)state;
	for (seed = 0; seed < 500; seed++) {
		make_enrol(&code, seed);
		code_write_enrol(&code, text);
		for (i = 0; text[i + 1]; i++) {
			char a = text[i], b = text[i + 1];

			if (a == b || a == '-' || b == '-')
				continue;
			text[i] = b;
			text[i + 1] = a;
			assert_int_equal(read_enrol(text), CODE_CHECK);
			text[i] = a;
			text[i + 1] = b;
		}
	}
}

/* What a person may type instead. */
static void test_forgiving(void **state)
{
	uint8_t secret[CODE_SECRET] = { 0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54,
					0xb6, 0x35, 0xcf };
	uint8_t back[CODE_SECRET];
	char text[CODE_SLIP_TEXT], other[256], *to = other;
	size_t i;

	(void)state;
	code_write_slip(secret, text);
	for (i = 0; text[i]; i++)
		text[i] = (char)tolower((unsigned char)text[i]);
	assert_int_equal(code_read_slip(text, back), CODE_OK);
	assert_memory_equal(back, secret, CODE_SECRET);
	for (i = 0; text[i]; i++) { /* full width, with wide spaces */
		if (text[i] == '-')
			to += sprintf(to, "　— ");
		else
			to += sprintf(to, "\xef%c%c",
				      text[i] < 0x60 ? '\xbc' : '\xbd',
				      text[i] < 0x60 ? text[i] + 0x60 :
						       text[i] + 0x20);
	}
	assert_int_equal(code_read_slip(other, back), CODE_OK);
	assert_memory_equal(back, secret, CODE_SECRET);
	assert_int_equal(code_read_slip("oOo0 0OOO OOOO OOOO o", back), CODE_OK);
	for (i = 0; i < CODE_SECRET; i++)
		assert_int_equal(back[i], 0);
	assert_int_equal(code_read_slip("1111 1111 1111 1111 1", back),
			 code_read_slip("iIlL 1111 LLLL iiii I", back));
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		enum code_result want;
	} rows[] = {
		{ "", CODE_LENGTH },
		{ "----", CODE_LENGTH },
		{ "0000-0000-0000-0000", CODE_LENGTH },
		{ "0000-0000-0000-0000-00", CODE_LENGTH },
		{ "0000-0000-0000-0000-U", CODE_CHARACTER },
		{ "0000-0000-0000-000*-0", CODE_CHARACTER },
		{ "0000-0000-0000-000\xff-0", CODE_CHARACTER },
		{ "0000-0000-0000-000支-0", CODE_CHARACTER },
	};
	char longer[400];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_int_equal(read_slip(rows[i].text), rows[i].want);
	memset(longer, '-', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(read_slip(longer), CODE_LENGTH);
	assert_int_equal(read_enrol("1"), CODE_LENGTH);
}

/* A code of a later version, rightly typed: its check is worked out by trying. */
static void test_later_version(void **state)
{
	struct code_enrol code;
	char text[CODE_ENROL_TEXT];
	size_t a, b;
	int versions = 0;

	(void)state;
	make_enrol(&code, 1);
	code_write_enrol(&code, text);
	text[0] = '2';
	for (a = 0; a < 32; a++) {
		for (b = 0; b < 32; b++) {
			text[CODE_ENROL_TEXT - 3] = alphabet[a];
			text[CODE_ENROL_TEXT - 2] = alphabet[b];
			versions += read_enrol(text) == CODE_VERSION;
		}
	}
	assert_int_equal(versions, 1);
}

static void test_pin(void **state)
{
	uint8_t pin[CODE_PIN], hash[SHA256_DIGEST_LENGTH];

	(void)state;
	SHA256((const uint8_t *)"abc", 3, hash);
	code_pin((const uint8_t *)"abc", 3, pin);
	assert_memory_equal(pin, hash, CODE_PIN);
}

static void test_ten(void **state)
{
	static const uint8_t bytes[CODE_SECRET] = { 0x08, 0x42, 0x10, 0x84, 0x21,
						    0xFF, 0xFF, 0xFF, 0xFF, 0xFE };
	char out[CODE_TEN_TEXT];

	(void)state;
	code_write_ten(bytes, out);
	assert_string_equal(out, "1111-1111-ZZZZ-ZZZY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slip_round_trip),
		cmocka_unit_test(test_slip_every_single_error),
		cmocka_unit_test(test_slip_every_swap),
		cmocka_unit_test(test_enrol_round_trip),
		cmocka_unit_test(test_enrol_every_single_error),
		cmocka_unit_test(test_enrol_neighbours_swapped),
		cmocka_unit_test(test_forgiving),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_later_version),
		cmocka_unit_test(test_pin),
		cmocka_unit_test(test_ten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
