/* The signer as a real process on a real socket, and its asynchronous client. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "server/config.h"
#include "server/keys.h"
#include "server/signer.h"
#include "server/signer_message.h"

static char dir[64] = "/tmp/zhibu-signer-XXXXXX";
static char record[128], key_path[128];
static struct config config;
static pid_t child;
static uv_loop_t loop;
static uint8_t spki[PKI_SPKI_LEN];

/* What the disk says to a sync, in the child too: linked with --wrap. */
static int sync_errno;

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	errno = sync_errno;
	return sync_errno ? -1 : __real_fdatasync(fd);
}

static void start(unsigned per_hour)
{
	const struct signer_config s = { .socket = config.path.signer_socket,
		.authority = config.path.authority, .key = key_path,
		.record = record, .per_hour = per_hour };

	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(signer_run(&s));
	}
	for (int i = 0; i < 200 && !signer_ping(s.socket); i++)
		usleep(10000);
	assert_true(signer_ping(s.socket));
}

static void stop(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	child = 0;
}

static int set_up(void **state)
{
	EVP_PKEY *key = pki_new_key();
	uint8_t *p = spki;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_true(config_defaults(&config, dir));
	assert_true(keys_create(&config, "0123456789abcdef"));
	snprintf(record, sizeof(record), "%s/signer.log", dir);
	snprintf(key_path, sizeof(key_path), "%s/authority.key", dir);
	assert_int_equal(i2d_PUBKEY(key, &p), PKI_SPKI_LEN);
	EVP_PKEY_free(key);
	return uv_loop_init(&loop);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	if (child)
		stop();
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command) || uv_loop_close(&loop);
}

/* What one question brought. */
struct answer {
	int times;
	enum signer_outcome outcome;
	uint8_t der[SIGNER_CERT_MAX];
	size_t len;
	bool inside;
};

static void on_done(void *arg, enum signer_outcome outcome, const uint8_t *der,
	size_t len)
{
	struct answer *a = arg;

	assert_false(a->inside);
	a->times++;
	a->outcome = outcome;
	a->len = len;
	if (len)
		memcpy(a->der, der, len);
}

static struct answer ask(const uint8_t *of, uint32_t person)
{
	struct answer a = { .inside = true };

	assert_true(signer_sign(&loop, config.path.signer_socket, of, person,
		on_done, &a));
	a.inside = false;
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(a.times, 1);
	return a;
}

static int record_lines(void)
{
	FILE *f = fopen(record, "r");
	int c, n = 0;

	while (f && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f)
		fclose(f);
	return n;
}

static void signs(void **state)
{
	X509 *authority = keys_load_certificate(config.path.authority), *c;
	EVP_PKEY *ca = X509_get0_pubkey(authority);
	struct answer a;
	char name[32];
	int before;

	(void)state;
	start(100);
	before = record_lines();
	a = ask(spki, 42);
	assert_int_equal(a.outcome, SIGNER_OK);
	c = pki_decode(a.der, a.len);
	assert_non_null(c);
	assert_int_equal(X509_verify(c, ca), 1);
	X509_NAME_oneline(X509_get_subject_name(c), name, sizeof(name));
	assert_string_equal(name, "/CN=p42");
	assert_int_equal(record_lines(), before + 1);
	X509_free(c);
	X509_free(authority);
	stop();
}

static struct answer attest(enum receipt_kind kind, const char *session,
	const uint8_t hash[RECEIPT_HASH])
{
	struct answer a = { .inside = true };

	assert_true(signer_receipt(&loop, config.path.signer_socket, kind, session, hash,
		on_done, &a));
	a.inside = false;
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(a.times, 1);
	return a;
}

/* Receipts as many as are asked for; of a session one list, also after a restart. */
static void signs_a_list_once_75(void **state)
{
	X509 *authority = keys_load_certificate(config.path.authority);
	EVP_PKEY *ca = X509_get0_pubkey(authority);
	const uint8_t one[RECEIPT_HASH] = { 1 }, two[RECEIPT_HASH] = { 2 };
	struct answer a;
	int before;

	(void)state;
	start(1);
	before = record_lines();
	a = attest(RECEIPT_BALLOT, "CP26-14", one);
	assert_true(receipt_good(ca, RECEIPT_BALLOT, "CP26-14", one, a.der, a.len));
	assert_false(receipt_good(ca, RECEIPT_BALLOT, "CP26-14", two, a.der, a.len));
	assert_false(receipt_good(ca, RECEIPT_BALLOT, "CP26-1", one, a.der, a.len));
	/* a receipt is no list of one */
	assert_false(receipt_good(ca, RECEIPT_LIST, "CP26-14", one, a.der, a.len));
	assert_int_equal(attest(RECEIPT_BALLOT, "CP26-14", two).outcome, SIGNER_OK);
	assert_int_equal(record_lines(), before);
	a = attest(RECEIPT_LIST, "CP26-14", one);
	assert_true(receipt_good(ca, RECEIPT_LIST, "CP26-14", one, a.der, a.len));
	assert_int_equal(attest(RECEIPT_LIST, "CP26-14", two).outcome, SIGNER_REFUSED);
	assert_int_equal(attest(RECEIPT_LIST, "CP26-1", two).outcome, SIGNER_OK);
	assert_int_equal(attest(RECEIPT_LIST, "CP26 14", two).outcome, SIGNER_REFUSED);
	assert_int_equal(attest(RECEIPT_LIST, "", two).outcome, SIGNER_REFUSED);
	assert_int_equal(record_lines(), before + 2);
	stop();
	start(1);
	assert_int_equal(attest(RECEIPT_LIST, "CP26-14", two).outcome, SIGNER_REFUSED);
	assert_int_equal(attest(RECEIPT_LIST, "CP26-14", one).outcome, SIGNER_OK);
	assert_int_equal(record_lines(), before + 2);
	X509_free(authority);
	stop();
}

static void refuses_what_is_no_key(void **state)
{
	uint8_t bad[PKI_SPKI_LEN];
	int before;

	(void)state;
	start(100);
	before = record_lines();
	memcpy(bad, spki, sizeof(bad));
	bad[60] ^= 1;
	assert_int_equal(ask(bad, 1).outcome, SIGNER_REFUSED);
	assert_int_equal(ask(spki, 0).outcome, SIGNER_REFUSED);
	assert_int_equal(ask(spki, 1000000000).outcome, SIGNER_REFUSED);
	assert_int_equal(record_lines(), before);
	stop();
}

static void keeps_its_bound_over_a_restart(void **state)
{
	(void)state;
	unlink(record);
	start(3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(spki, 7).outcome, SIGNER_OK);
	assert_int_equal(ask(spki, 7).outcome, SIGNER_BUSY);
	stop();
	start(3);
	assert_int_equal(ask(spki, 7).outcome, SIGNER_BUSY);
	assert_int_equal(record_lines(), 3);
	stop();
}

/* A sync that failed is not tried again: nobody knows what the disk holds.  No
 * certificate leaves, and the process ends. */
static void ends_at_a_failed_sync_94(void **state)
{
	int status;

	(void)state;
	sync_errno = EIO;
	start(SIGNER_PER_HOUR);
	sync_errno = 0;
	assert_int_equal(ask(spki, 17).outcome, SIGNER_DOWN);
	assert_int_equal(waitpid(child, &status, 0), child);
	child = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EX_IOERR);
}

static int connect_raw(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(to.sun_path, config.path.signer_socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void survives_rude_peers(void **state)
{
	struct signer_request request = { .verb = 99 };
	struct signer_reply reply;
	int fd;

	(void)state;
	start(100);
	close(connect_raw()); /* says nothing */
	fd = connect_raw();   /* half a message */
	assert_int_equal(write(fd, &request, 10), 10);
	close(fd);
	fd = connect_raw();   /* an unknown verb */
	assert_int_equal(write(fd, &request, sizeof(request)), sizeof(request));
	assert_int_equal(recv(fd, &reply, sizeof(reply), MSG_WAITALL), sizeof(reply));
	assert_int_equal(reply.outcome, SIGNER_REFUSED);
	close(fd);
	assert_int_equal(ask(spki, 1).outcome, SIGNER_OK);
	stop();
}

static void says_when_nobody_is_there(void **state)
{
	(void)state;
	assert_int_equal(ask(spki, 1).outcome, SIGNER_DOWN);
	assert_false(signer_ping(config.path.signer_socket));
	assert_false(signer_ping("/nowhere/at/all"));
}

/* A signer that takes the question and falls silent, or dies. */
static void bounds_the_wait(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	uint64_t began = uv_hrtime();

	(void)state;
	strcpy(at.sun_path, config.path.signer_socket);
	unlink(at.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(ask(spki, 1).outcome, SIGNER_DOWN);
	assert_true(uv_hrtime() - began < 5000000000ULL);
	close(fd);
}

static int start_code(const char *key)
{
	const struct signer_config s = { .socket = config.path.signer_socket,
		.authority = config.path.authority, .key = key,
		.record = record, .per_hour = 1 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(5);
		if (!freopen("/dev/null", "w", stderr))
			_exit(99);
		_exit(signer_run(&s));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wants_its_key_to_itself(void **state)
{
	char link[160];

	(void)state;
	assert_int_equal(chmod(key_path, 0644), 0);
	assert_int_equal(start_code(key_path), 78);
	assert_int_equal(chmod(key_path, 0600), 0);
	/* the server's key is a key, but not the authority's */
	assert_int_equal(start_code(config.path.server_key), 78);
	snprintf(link, sizeof(link), "%s/none", dir);
	assert_int_equal(start_code(link), 78);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs),
		cmocka_unit_test(signs_a_list_once_75),
		cmocka_unit_test(refuses_what_is_no_key),
		cmocka_unit_test(keeps_its_bound_over_a_restart),
		cmocka_unit_test(survives_rude_peers),
		cmocka_unit_test(says_when_nobody_is_there),
		cmocka_unit_test(bounds_the_wait),
		cmocka_unit_test(wants_its_key_to_itself),
		cmocka_unit_test(ends_at_a_failed_sync_94),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
