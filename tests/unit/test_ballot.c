/* A ballot before sealing, what it is bound to, key files, and the size the
 * database expects. */
#include "tests/unit/check.h"

#include "client/ballot.h"
#include "server/migrate.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- a session of three items, the last without options ------------------------- */

static char good[] = "GOOD", poor[] = "POOR", good_zh[] = "好", poor_zh[] = "差";
static char first[] = "政治功能强", second[] = "队伍建设强", third[] = "党员8";
static char session[] = "CP26-14", org[] = "14", place[] = "会议室";
static char *codes[] = { good, poor };
static char *labels[] = { good_zh, poor_zh };
static uint8_t keys[SEAL_HOLDERS][SEAL_KEY];

struct sample {
	BallotManifest manifest;
	BallotItem items[3];
	BallotItem *list[3];
	ProtobufCBinaryData holders[SEAL_HOLDERS];
};

static void item(BallotItem *i, char *text, size_t options)
{
	ballot_item__init(i);
	i->text = text;
	i->n_options = i->n_labels = options;
	i->options = codes;
	i->labels = labels;
}

static void sample(struct sample *s)
{
	ballot_manifest__init(&s->manifest);
	item(&s->items[0], first, 2);
	item(&s->items[1], second, 2);
	item(&s->items[2], third, 0);
	for (int i = 0; i < 3; i++) {
		s->list[i] = &s->items[i];
		memset(keys[i], i + 1, SEAL_KEY);
		s->holders[i].data = keys[i];
		s->holders[i].len = SEAL_KEY;
	}
	s->manifest.session_id = session;
	s->manifest.org_id = org;
	s->manifest.place = place;
	s->manifest.has_comments = s->manifest.comments = 1;
	s->manifest.n_items = 3;
	s->manifest.items = s->list;
	s->manifest.n_holder_keys = 3;
	s->manifest.holder_keys = s->holders;
}

static void marks_of(struct ballot_marks *m)
{
	memset(m, 0, sizeof(*m));
	memset(m->nonce, 0xab, sizeof(m->nonce));
	m->n = 3;
	m->option[0] = 2;
	strcpy(m->comment, "活动通知晚");
}

/* ---- plaintext -------------------------------------------------------------------- */

static void test_round_trip(void **state)
{
	struct sample s;
	struct ballot_marks in, out;
	uint8_t plain[SEAL_PLAIN_MAX];
	size_t len;

	(void)state;
	sample(&s);
	marks_of(&in);
	len = ballot_encode(&in, plain);
	assert_true(len > 0);
	assert_true(ballot_decode(plain, len, &s.manifest, &out));
	assert_int_equal(out.n, 3);
	assert_int_equal(out.option[0], 2);
	assert_int_equal(out.option[1], 0);
	assert_string_equal(out.comment, "活动通知晚");
	assert_memory_equal(out.nonce, in.nonce, BALLOT_NONCE);
}

static void test_every_cut_is_void(void **state)
{
	struct sample s;
	struct ballot_marks m;
	uint8_t plain[SEAL_PLAIN_MAX + 1];
	size_t len;

	(void)state;
	sample(&s);
	marks_of(&m);
	len = ballot_encode(&m, plain);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(ballot_decode(plain, cut, &s.manifest, &m));
	plain[len] = 0;
	assert_false(ballot_decode(plain, len + 1, &s.manifest, &m));
}

static void test_what_no_ballot_says(void **state)
{
	struct sample s;
	struct ballot_marks m;
	uint8_t plain[SEAL_PLAIN_MAX];
	size_t len;

	(void)state;
	sample(&s);
	marks_of(&m);
	m.option[1] = 3;
	len = ballot_encode(&m, plain);
	assert_false(ballot_decode(plain, len, &s.manifest, &m));
	marks_of(&m);
	m.option[2] = 1; /* a mark on somebody who is not graded */
	len = ballot_encode(&m, plain);
	assert_false(ballot_decode(plain, len, &s.manifest, &m));
	marks_of(&m);
	m.n = 2;
	len = ballot_encode(&m, plain);
	assert_false(ballot_decode(plain, len, &s.manifest, &m));
	marks_of(&m);
	strcpy(m.comment, "\x1b]0;x");
	len = ballot_encode(&m, plain);
	assert_false(ballot_decode(plain, len, &s.manifest, &m));
	marks_of(&m);
	strcpy(m.comment, "\xff");
	len = ballot_encode(&m, plain);
	assert_false(ballot_decode(plain, len, &s.manifest, &m));
	marks_of(&m);
	len = ballot_encode(&m, plain);
	s.manifest.comments = 0;
	assert_false(ballot_decode(plain, len, &s.manifest, &m));
}

static void test_longest(void **state)
{
	struct ballot_marks m;
	uint8_t plain[SEAL_PLAIN_MAX];

	(void)state;
	memset(&m, 0, sizeof(m));
	m.n = 92;
	memset(m.comment, 'x', BALLOT_COMMENT);
	assert_int_equal(ballot_encode(&m, plain), 1 + 16 + 2 + 92 + 2 + 900);
	m.n = BALLOT_ITEMS;
	assert_int_equal(ballot_encode(&m, plain), 0);
}

/* ---- bond ------------------------------------------------------------------------- */

static void test_bond_holds_keys_and_questions(void **state)
{
	struct sample s;
	struct ballot_bond bond, other;

	(void)state;
	sample(&s);
	assert_true(ballot_bind(&s.manifest, &bond));
	assert_int_equal(strlen(bond.name), strlen("CP26-14:") + 64);
	assert_memory_equal(bond.keys, keys, sizeof(keys));
	keys[1][0] ^= 1;
	assert_true(ballot_bind(&s.manifest, &other));
	assert_string_not_equal(bond.name, other.name);
	assert_string_not_equal(bond.check, other.check);
	sample(&s);
	s.list[0] = &s.items[1];
	s.list[1] = &s.items[0];
	assert_true(ballot_bind(&s.manifest, &other));
	assert_string_not_equal(bond.name, other.name);
}

static void test_bond_wants_all(void **state)
{
	struct sample s;
	struct ballot_bond bond;

	(void)state;
	sample(&s);
	s.manifest.n_holder_keys = 2;
	assert_false(ballot_bind(&s.manifest, &bond));
	sample(&s);
	s.holders[2].len = 31;
	assert_false(ballot_bind(&s.manifest, &bond));
	sample(&s);
	s.items[0].n_labels = 1;
	assert_false(ballot_bind(&s.manifest, &bond));
	sample(&s);
	s.manifest.n_items = 0;
	assert_false(ballot_bind(&s.manifest, &bond));
	assert_false(ballot_bind(NULL, &bond));
}

/* From a slip's code to the marks the counters see, by any two keys. */
static void test_whole_way(void **state)
{
	struct sample s;
	struct seal_holder holders[SEAL_HOLDERS];
	struct ballot_bond bond;
	struct ballot_marks in, out;
	struct seal_slip slip;
	uint8_t code[CODE_SECRET], plain[SEAL_PLAIN_MAX];
	uint8_t sealed[SEAL_SIZE], signature[SEAL_SIGNATURE];
	size_t len;

	(void)state;
	sample(&s);
	for (int i = 0; i < SEAL_HOLDERS; i++) {
		assert_true(seal_holder_new(&holders[i]));
		s.holders[i].data = holders[i].public_key;
	}
	assert_true(ballot_bind(&s.manifest, &bond));
	assert_true(seal_new_code(code));
	assert_true(seal_slip(code, "CP26-14", bond.name, &slip));
	marks_of(&in);
	len = ballot_encode(&in, plain);
	assert_true(seal_ballot(plain, len, bond.name, bond.keys, sealed));
	assert_true(seal_sign(&slip, bond.name, sealed, signature));
	assert_true(seal_verify(slip.public_key, bond.name, sealed, SEAL_SIZE,
				signature));
	assert_true(seal_open(sealed, SEAL_SIZE, bond.name, 2,
			      holders[2].private_key, 0, holders[0].private_key,
			      plain, &len));
	assert_true(ballot_decode(plain, len, &s.manifest, &out));
	assert_int_equal(out.option[0], 2);
	assert_false(seal_open(sealed, SEAL_SIZE, session, 2,
			       holders[2].private_key, 0,
			       holders[0].private_key, plain, &len));
}

/* ---- files ------------------------------------------------------------------------- */

static void test_key_file(void **state)
{
	char folder[] = "/tmp/zhibu-ballot-XXXXXX", path[64], link[64];
	struct seal_holder made, read;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/k", folder);
	snprintf(link, sizeof(link), "%s/l", folder);
	assert_true(seal_holder_new(&made));
	assert_int_equal(ballot_key_write(path, session, &made), BALLOT_FILE_OK);
	assert_int_equal(ballot_key_write(path, session, &made),
			 BALLOT_FILE_EXISTS);
	assert_int_equal(ballot_key_read(path, session, &read), BALLOT_FILE_OK);
	assert_memory_equal(&made, &read, sizeof(made));
	assert_int_equal(ballot_key_read(path, "CP26-15", &read),
			 BALLOT_FILE_BAD);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(ballot_key_read(link, session, &read),
			 BALLOT_FILE_SYSTEM);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(ballot_key_read(path, session, &read),
			 BALLOT_FILE_OPEN_TO_OTHERS);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(ballot_key_destroy(path, "CP26-15"), BALLOT_FILE_BAD);
	assert_int_equal(ballot_key_destroy(path, session), BALLOT_FILE_OK);
	assert_int_equal(access(path, F_OK), -1);
	unlink(link);
	rmdir(folder);
}

/* ---- the database agrees ---------------------------------------------------------------- */

static void test_sealed_size_in_sql(void **state)
{
	const struct sql_file *file = sql_find("rule/041_ballot.sql");
	char wanted[64];

	(void)state;
	assert_non_null(file);
	snprintf(wanted, sizeof(wanted), "AS $$ SELECT %d $$", (int)SEAL_SIZE);
	assert_non_null(strstr((const char *)file->text, wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_cut_is_void),
		cmocka_unit_test(test_what_no_ballot_says),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_bond_holds_keys_and_questions),
		cmocka_unit_test(test_bond_wants_all),
		cmocka_unit_test(test_whole_way),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_sealed_size_in_sql),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
