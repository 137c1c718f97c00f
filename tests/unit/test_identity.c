/* Enrolment from the message to the stored certificate, with a real signer and a
 * real database. */
#include "check.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "server/identity.h"
#include "server/keys.h"
#include "server/signer.h"

#define SECRET 10

static char dir[64] = "/tmp/zhibu-identity-XXXXXX";
static char record[128], key_path[128];
static struct config config;
static struct db_config lanes;
static struct identity identity;
static uv_loop_t loop;
static PGconn *pg;
static pid_t signer;
static int pending, person;

/* A person's machine: a key and what it would send. */
struct machine {
	EVP_PKEY *key;
	uint8_t spki[PKI_SPKI_LEN];
	uint8_t proof[128];
	Enrol enrol;

	/* what came back */
	int times;
	bool inside;
	char code[8]; /* of the refusal */
	uint8_t certificate[2048];
	size_t len;
	char person_id[16];
	uint32_t port;
};

/* ---- the ground ------------------------------------------------------------------- */

static void must(const char *sql)
{
	PGresult *r = PQexec(pg, sql);

	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(pg));
	PQclear(r);
}

static int count(const char *from)
{
	char sql[512];
	PGresult *r;
	int n;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", from);
	r = PQexec(pg, sql);
	if (PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s", PQerrorMessage(pg));
	n = atoi(PQgetvalue(r, 0, 0));
	PQclear(r);
	return n;
}

static void start_signer(void)
{
	const struct signer_config s = { .socket = config.path.signer_socket,
		.authority = config.path.authority, .key = key_path,
		.record = record, .per_hour = 1000 };

	signer = fork();
	if (signer == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(signer_run(&s));
	}
	for (int i = 0; i < 200 && !signer_ping(s.socket); i++)
		usleep(10000);
}

static void stop_signer(void)
{
	kill(signer, SIGKILL);
	waitpid(signer, NULL, 0);
}

static int set_up(void **state)
{
	static uint8_t authority[] = { 'c', 'a' };

	(void)state;
	log_init(stderr, LOG_ERROR + 1);
	assert_non_null(mkdtemp(dir));
	assert_true(config_defaults(&config, dir));
	assert_true(keys_create(&config, "0123456789abcdef"));
	snprintf(record, sizeof(record), "%s/signer.log", dir);
	snprintf(key_path, sizeof(key_path), "%s/authority.key", dir);
	start_signer();
	pg = PQconnectdb(getenv("ZHIBU_TEST_PG"));
	assert_int_equal(PQstatus(pg), CONNECTION_OK);
	uv_loop_init(&loop);
	lanes = (struct db_config){ .conninfo = getenv("ZHIBU_TEST_PG"),
		.connections = { 1, 2, 1, 1 }, .queue_limit = { 9, 99, 9, 9 },
		.wait_ms = 3000, .statement_timeout_ms = { 2000, 2000, 2000, 2000 },
		.group_limit = 8 };
	identity = (struct identity){ .loop = &loop, .db = db_new(&loop, &lanes),
		.signer_path = config.path.signer_socket, .authority = authority,
		.authority_len = sizeof(authority), .member_port = 7444 };
	return 0;
}

static void on_closed(void *arg)
{
	*(bool *)arg = true;
}

static int tear_down(void **state)
{
	bool closed = false;
	char command[128];

	(void)state;
	db_close(identity.db, on_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(&loop), 0);
	stop_signer();
	PQfinish(pg);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

/* ---- a person and a code -------------------------------------------------------------- */

static const char *new_person(char id[16])
{
	char sql[128];

	snprintf(id, 16, "P%d", 8000 + ++person);
	snprintf(sql, sizeof(sql), "INSERT INTO data.person (id, name) VALUES ('%s', '甲')", id);
	must(sql);
	return id;
}

/* A code for a new person; the secret is `word` filled up. */
static void new_code(const char *word, const char *valid, uint8_t secret[SECRET])
{
	char id[16], sql[512], hash[65];
	uint8_t h[32];

	memset(secret, '.', SECRET);
	memcpy(secret, word, strlen(word));
	SHA256(secret, SECRET, h);
	for (int i = 0; i < 32; i++)
		snprintf(hash + 2 * i, 3, "%02x", h[i]);
	snprintf(sql, sizeof(sql), "INSERT INTO data.enrol_code (secret_hash, person_id,"
		" expires_at) VALUES ('\\x%s', '%s', now() + interval '%s')", hash,
		new_person(id), valid);
	must(sql);
}

static void new_machine(struct machine *m, uint8_t *secret, size_t len)
{
	uint8_t text[64 + PKI_SPKI_LEN], *p = m->spki;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t n = sizeof(m->proof);

	memset(m, 0, sizeof(*m));
	m->key = pki_new_key();
	assert_int_equal(i2d_PUBKEY(m->key, &p), PKI_SPKI_LEN);
	memcpy(text, secret, len);
	memcpy(text + len, m->spki, PKI_SPKI_LEN);
	EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, m->key);
	EVP_DigestSign(md, m->proof, &n, text, len + PKI_SPKI_LEN);
	EVP_MD_CTX_free(md);
	enrol__init(&m->enrol);
	m->enrol.secret = (ProtobufCBinaryData){ len, secret };
	m->enrol.spki = (ProtobufCBinaryData){ PKI_SPKI_LEN, m->spki };
	m->enrol.proof = (ProtobufCBinaryData){ n, m->proof };
}

static void on_done(void *arg, const ProtobufCMessage *reply,
	const struct native_refusal *refusal)
{
	struct machine *m = arg;
	const EnrolReply *r = (const EnrolReply *)reply;

	assert_false(m->inside);
	assert_true(!reply != !refusal);
	m->times++;
	pending--;
	m->code[0] = '\0';
	if (refusal) {
		strcpy(m->code, refusal->code);
		return;
	}
	m->len = r->certificate.len;
	memcpy(m->certificate, r->certificate.data, m->len);
	strcpy(m->person_id, r->person_id);
	m->port = r->member_port;
	assert_int_equal(r->authority.len, 2);
}

static void begin(struct machine *m)
{
	m->inside = true;
	m->times = 0;
	m->len = 0;
	pending++;
	assert_true(identity_enrol(&identity, &m->enrol, on_done, m));
	m->inside = false;
}

static void finish_all(void)
{
	uint64_t end = uv_hrtime() + UINT64_C(10000000000);

	while (pending > 0 && uv_hrtime() < end)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(pending, 0);
}

static void enrol(struct machine *m)
{
	begin(m);
	finish_all();
	assert_int_equal(m->times, 1);
}

/* ---- cases -------------------------------------------------------------------------------- */

static void gives_a_certificate_once(void **state)
{
	uint8_t secret[SECRET];
	struct machine a, b;
	X509 *c;

	(void)state;
	new_code("once", "1 day", secret);
	new_machine(&a, secret, SECRET);
	enrol(&a);
	assert_string_equal(a.code, "");
	assert_int_equal(a.port, 7444);
	c = pki_decode(a.certificate, a.len);
	assert_non_null(c);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(c), a.key), 1);
	X509_free(c);
	assert_int_equal(count("audit.event WHERE request = 'enrol'"), 1);
	assert_int_equal(count("data.certificate WHERE fp = sha256(der) AND issued_at"
		" BETWEEN now() - interval '6 min' AND now() AND expires_at BETWEEN"
		" now() + interval '399 days' AND now() + interval '401 days'"), 1);

	/* the reply was lost: the same machine asks again */
	b = a;
	enrol(&b);
	assert_string_equal(b.code, "");
	assert_int_equal(b.len, a.len);
	assert_memory_equal(b.certificate, a.certificate, a.len);
	assert_int_equal(count("audit.event WHERE request = 'enrol'"), 1);

	/* another machine has the paper */
	EVP_PKEY_free(a.key);
	new_machine(&a, secret, SECRET);
	enrol(&a);
	assert_string_equal(a.code, ERR_CODE_USED);
	assert_int_equal(count("audit.event WHERE request = 'enrol_code_reused'"), 1);
	EVP_PKEY_free(a.key);
}

static void alarms_are_bounded(void **state)
{
	uint8_t secret[SECRET];
	struct machine m;
	int before;

	(void)state;
	new_code("alarms", "1 day", secret);
	new_machine(&m, secret, SECRET);
	enrol(&m);
	EVP_PKEY_free(m.key);
	new_machine(&m, secret, SECRET);
	before = count("audit.event WHERE request = 'enrol_code_reused'");
	for (int i = 0; i < 20; i++)
		enrol(&m);
	assert_int_equal(count("audit.event WHERE request = 'enrol_code_reused'"),
		before + 5);
	EVP_PKEY_free(m.key);
}

static void one_answer_for_every_bad_code(void **state)
{
	uint8_t unknown[SECRET] = "unknown..", expired[SECRET], inactive[SECRET];
	struct machine m;
	char sql[128];

	(void)state;
	new_machine(&m, unknown, SECRET);
	enrol(&m);
	assert_string_equal(m.code, ERR_CODE_BAD);
	EVP_PKEY_free(m.key);
	new_machine(&m, unknown, 0);
	enrol(&m);
	assert_string_equal(m.code, ERR_CODE_BAD);
	EVP_PKEY_free(m.key);

	new_code("expired", "-1 second", expired);
	new_machine(&m, expired, SECRET);
	enrol(&m);
	assert_string_equal(m.code, ERR_CODE_BAD);
	EVP_PKEY_free(m.key);

	new_code("inactive", "1 day", inactive);
	snprintf(sql, sizeof(sql), "UPDATE data.person SET active = false"
		" WHERE id = 'P%d'", 8000 + person);
	must(sql);
	new_machine(&m, inactive, SECRET);
	enrol(&m);
	assert_string_equal(m.code, ERR_CODE_BAD);
	EVP_PKEY_free(m.key);
}

static void five_wrong_proofs_kill_a_code(void **state)
{
	uint8_t patient[SECRET], dead[SECRET];
	struct machine m;

	(void)state;
	new_code("patient", "1 day", patient);
	new_machine(&m, patient, SECRET);
	m.proof[20] ^= 1;
	for (int i = 0; i < 4; i++) {
		enrol(&m);
		assert_string_equal(m.code, ERR_CODE_BAD);
	}
	m.proof[20] ^= 1;
	enrol(&m);
	assert_string_equal(m.code, "");
	EVP_PKEY_free(m.key);

	new_code("dead", "1 day", dead);
	new_machine(&m, dead, SECRET);
	m.enrol.proof.len = 0;
	for (int i = 0; i < 5; i++)
		enrol(&m);
	EVP_PKEY_free(m.key);
	new_machine(&m, dead, SECRET);
	enrol(&m);
	assert_string_equal(m.code, ERR_CODE_BAD);
	EVP_PKEY_free(m.key);
}

static void a_bad_key_does_not_use_the_code(void **state)
{
	uint8_t secret[SECRET];
	struct machine m;

	(void)state;
	new_code("badkey", "1 day", secret);
	new_machine(&m, secret, SECRET);
	m.enrol.spki.len--;
	enrol(&m);
	assert_string_equal(m.code, ERR_INVALID);
	m.enrol.spki.len = 0;
	enrol(&m);
	assert_string_equal(m.code, ERR_INVALID);
	m.enrol.spki.len = PKI_SPKI_LEN;
	enrol(&m);
	assert_string_equal(m.code, "");
	EVP_PKEY_free(m.key);
}

static void of_two_that_race_one_wins(void **state)
{
	uint8_t secret[SECRET];
	struct machine m[6];
	int won = 0, lost = 0;

	(void)state;
	new_code("race", "1 day", secret);
	for (size_t i = 0; i < COUNT(m); i++)
		new_machine(&m[i], secret, SECRET);
	for (size_t i = 0; i < COUNT(m); i++)
		begin(&m[i]);
	finish_all();
	for (size_t i = 0; i < COUNT(m); i++) {
		assert_int_equal(m[i].times, 1);
		won += m[i].code[0] == '\0';
		lost += !strcmp(m[i].code, ERR_CODE_USED);
		EVP_PKEY_free(m[i].key);
	}
	assert_int_equal(won, 1);
	assert_int_equal(lost, (int)COUNT(m) - 1);
}

static void without_a_signer_the_code_stays_good(void **state)
{
	uint8_t secret[SECRET];
	struct machine m;
	int before = count("data.certificate");

	(void)state;
	new_code("signer", "1 day", secret);
	new_machine(&m, secret, SECRET);
	stop_signer();
	enrol(&m);
	assert_string_equal(m.code, ERR_UNAVAILABLE);
	assert_int_equal(count("data.certificate"), before);
	start_signer();
	enrol(&m);
	assert_string_equal(m.code, "");
	EVP_PKEY_free(m.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_a_certificate_once),
		cmocka_unit_test(alarms_are_bounded),
		cmocka_unit_test(one_answer_for_every_bad_code),
		cmocka_unit_test(five_wrong_proofs_kill_a_code),
		cmocka_unit_test(a_bad_key_does_not_use_the_code),
		cmocka_unit_test(of_two_that_race_one_wins),
		cmocka_unit_test(without_a_signer_the_code_stays_good),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
