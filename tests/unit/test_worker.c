/*
 * A whole worker in a child process, without a database: what it answers, how it
 * ends, and what it says when it cannot begin.
 */
#include "tests/unit/tls_peer.h"

#include "common/error.h"
#include "common/frame.h"
#include "common/log.h"
#include "envelope.pb-c.h"
#include "server/worker.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct test_pki pki;
static SSL_CTX *client;
static struct config config;
static char dir[32], log_path[64];

/* The worker's wall clock, moved by the test: linked with --wrap. */
static _Atomic int64_t *shift;

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	int result = __real_clock_gettime(id, t);

	if (id == CLOCK_REALTIME && shift)
		t->tv_sec += *shift;
	return result;
}

/* --- the state folder ------------------------------------------------------------ */

static void save(const char *path, X509 *x, EVP_PKEY *key)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	if (x)
		assert_int_equal(PEM_write_X509(file, x), 1);
	else
		assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL,
						      NULL), 1);
	fclose(file);
}

static unsigned free_port(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	getsockname(fd, (struct sockaddr *)&addr, &len);
	close(fd);
	return ntohs(addr.sin_port);
}

static int begin(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/zhibu-worker-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	assert_true(config_defaults(&config, dir));
	config.ports[WORKER_MEMBER].port = free_port();
	config.ports[WORKER_PUBLIC].port = free_port();
	config.drain_ms = 2000;
	save(config.path.authority, pki.authority, NULL);
	save(config.path.server_cert, pki.server, NULL);
	save(config.path.server_key, NULL, pki.server_key);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(config.path.authority);
	unlink(config.path.server_cert);
	unlink(config.path.server_key);
	unlink(log_path);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

/* --- the child ------------------------------------------------------------------- */

static bool log_says(const char *text)
{
	char lines[65536];
	FILE *file = fopen(log_path, "r");
	size_t n = file ? fread(lines, 1, sizeof(lines) - 1, file) : 0;

	if (file)
		fclose(file);
	lines[n] = '\0';
	return strstr(lines, text);
}

static void wait_for_log(const char *text)
{
	for (int i = 0; i < 4000 && !log_says(text); i++)
		usleep(5000);
	assert_true(log_says(text));
}

/* Each has a log of its own; none outlives a failed test. */
static pid_t start(enum worker_kind kind)
{
	FILE *sink;
	pid_t pid;

	unlink(log_path);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sink = fopen(log_path, "w");
	log_init(sink, LOG_INFO);
	_exit(worker_run(&config, kind));
}

/* One that does not end is killed, which is a failure. */
static int status_of(pid_t pid)
{
	pid_t ended = 0;
	int status;

	for (int i = 0; i < 6000 && ended == 0; i++) {
		ended = waitpid(pid, &status, WNOHANG);
		usleep(5000);
	}
	if (ended == 0) {
		kill(pid, SIGKILL);
		ended = waitpid(pid, &status, 0);
	}
	assert_int_equal(ended, pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void stop(pid_t pid, int signal_number, int want)
{
	assert_int_equal(kill(pid, signal_number), 0);
	assert_int_equal(status_of(pid), want);
}

/* --- a blocking client ------------------------------------------------------------- */

static SSL *dial(enum worker_kind kind)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl = SSL_new(client);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons((uint16_t)config.ports[kind].port);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	SSL_set_fd(ssl, fd);
	assert_int_equal(SSL_connect(ssl), 1);
	return ssl;
}

static void hang_up(SSL *ssl)
{
	close(SSL_get_fd(ssl));
	SSL_free(ssl);
}

static void read_all(SSL *ssl, uint8_t *out, size_t len)
{
	size_t done = 0, n;

	while (done < len) {
		assert_int_equal(SSL_read_ex(ssl, out + done, len - done, &n), 1);
		done += n;
	}
}

/* Asks who it is; the code of the refusal that comes. */
static void expect_refusal(SSL *ssl, const char *code)
{
	Whoami whoami = WHOAMI__INIT;
	Request request = REQUEST__INIT;
	Envelope envelope = ENVELOPE__INIT, *answer;
	uint8_t bytes[1024], header[FRAME_HEADER], body[4096];
	Reply *reply;
	size_t len;

	request.body_case = REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	request.has_version = true;
	request.version = 1;
	envelope.has_id = true;
	envelope.id = 77;
	envelope.has_payload = true;
	envelope.payload.len = request__pack(&request, bytes);
	envelope.payload.data = bytes;
	len = envelope__pack(&envelope, body + FRAME_HEADER);
	frame_write_header(body, len);
	assert_int_equal(SSL_write(ssl, body, (int)(len + FRAME_HEADER)),
			 len + FRAME_HEADER);

	read_all(ssl, header, sizeof(header));
	len = (size_t)header[2] << 8 | header[3];
	assert_true(len <= sizeof(body));
	read_all(ssl, body, len);
	answer = envelope__unpack(NULL, len, body);
	assert_non_null(answer);
	assert_int_equal(answer->id, 77);
	reply = reply__unpack(NULL, answer->payload.len, answer->payload.data);
	assert_non_null(reply);
	assert_non_null(reply->refusal);
	assert_string_equal(reply->refusal->code, code);
	reply__free_unpacked(reply, NULL);
	envelope__free_unpacked(answer, NULL);
}

/* --- tests ----------------------------------------------------------------------- */

/* No database at the start: it listens and says so (84). */
static void no_database_84(void **state)
{
	pid_t pid = start(WORKER_MEMBER);
	SSL *ssl;

	(void)state;
	wait_for_log("listening worker=member address=127.0.0.1");
	ssl = dial(WORKER_MEMBER);
	expect_refusal(ssl, ERR_UNAVAILABLE);
	/* The connection stays. */
	expect_refusal(ssl, ERR_UNAVAILABLE);
	hang_up(ssl);
	stop(pid, SIGTERM, 0);
	assert_true(log_says("counters worker=member accepted=1 opened=1"));
	assert_false(log_says("handles were left open"));
}

/* An idle connection is told and does not hold the worker up (91). */
static void sigterm_with_a_connection_91(void **state)
{
	struct timespec from, to;
	pid_t pid = start(WORKER_PUBLIC);
	uint8_t byte;
	SSL *ssl;

	(void)state;
	wait_for_log("listening worker=public");
	ssl = dial(WORKER_PUBLIC);
	expect_refusal(ssl, ERR_UNAVAILABLE);
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(SSL_read(ssl, &byte, 1), 0);
	assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN);
	hang_up(ssl);
	assert_int_equal(status_of(pid), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec <= 8);
}

static void counters_on_request(void **state)
{
	pid_t pid = start(WORKER_MEMBER);

	(void)state;
	wait_for_log("listening");
	assert_int_equal(kill(pid, SIGUSR1), 0);
	wait_for_log("counters worker=member_db");
	stop(pid, SIGTERM, 0);
}

/* An hour on, two hours back: nobody is cut off before the time, the log says so. */
static void clock_jumps_93(void **state)
{
	pid_t pid = start(WORKER_MEMBER);
	SSL *ssl;

	(void)state;
	wait_for_log("listening");
	ssl = dial(WORKER_MEMBER);
	expect_refusal(ssl, ERR_UNAVAILABLE);
	*shift = 3600;
	wait_for_log("clock jumped=3600s");
	expect_refusal(ssl, ERR_UNAVAILABLE);
	*shift = -3600;
	wait_for_log("clock jumped=-7200s");
	expect_refusal(ssl, ERR_UNAVAILABLE);
	hang_up(ssl);
	ssl = dial(WORKER_MEMBER);
	expect_refusal(ssl, ERR_UNAVAILABLE);
	hang_up(ssl);
	*shift = 0;
	stop(pid, SIGTERM, 0);
}

static const ASN1_INTEGER *serial_now(SSL **ssl)
{
	*ssl = dial(WORKER_MEMBER);
	return X509_get0_serialNumber(SSL_get0_peer_certificate(*ssl));
}

static void renewed_certificate(void **state)
{
	pid_t pid = start(WORKER_MEMBER);
	X509 *fresh = pki_server(pki.authority, pki.authority_key, pki.server_key,
				 "0123456789abcdef");
	SSL *ssl;

	(void)state;
	wait_for_log("listening");
	save(config.path.server_cert, fresh, NULL);
	assert_int_equal(kill(pid, SIGHUP), 0);
	wait_for_log("taken=new");
	assert_int_equal(ASN1_INTEGER_cmp(serial_now(&ssl),
					  X509_get0_serialNumber(fresh)), 0);
	hang_up(ssl);
	/* A file that is no certificate changes nothing. */
	assert_int_equal(truncate(config.path.server_cert, 20), 0);
	assert_int_equal(kill(pid, SIGHUP), 0);
	wait_for_log("kept=old");
	assert_int_equal(ASN1_INTEGER_cmp(serial_now(&ssl),
					  X509_get0_serialNumber(fresh)), 0);
	hang_up(ssl);
	X509_free(fresh);
	stop(pid, SIGTERM, 0);
}

static void port_taken(void **state)
{
	pid_t first = start(WORKER_MEMBER);

	(void)state;
	wait_for_log("listening");
	assert_int_equal(status_of(start(WORKER_MEMBER)), 1);
	assert_true(log_says("error=EADDRINUSE"));
	stop(first, SIGTERM, 0);
}

static void refuses_to_begin(const char *what)
{
	assert_int_equal(status_of(start(WORKER_MEMBER)), WORKER_EXIT_CONFIG);
	assert_true(log_says(what));
}

static void bad_files(void **state)
{
	(void)state;
	save(config.path.server_key, NULL, pki.person_key);
	refuses_to_begin("certificate and key");
	unlink(config.path.server_key);
	refuses_to_begin("server.key cannot be read");
	save(config.path.server_key, NULL, pki.server_key);
	unlink(config.path.authority);
	refuses_to_begin("authority.crt cannot be read");
}

/* An authority that has run out, or a clock that runs before it (47). */
static void out_of_date_47(void **state)
{
	X509 *x = X509_dup(pki.authority);

	(void)state;
	X509_time_adj_ex(X509_getm_notAfter(x), -1, 0, NULL);
	assert_true(X509_sign(x, pki.authority_key, EVP_sha256()) > 0);
	save(config.path.authority, x, NULL);
	refuses_to_begin("authority.crt has expired");
	X509_time_adj_ex(X509_getm_notAfter(x), 30, 0, NULL);
	X509_time_adj_ex(X509_getm_notBefore(x), 1, 0, NULL);
	assert_true(X509_sign(x, pki.authority_key, EVP_sha256()) > 0);
	save(config.path.authority, x, NULL);
	refuses_to_begin("set this machine's clock");
	X509_free(x);
}

static void soon_out_of_date_47(void **state)
{
	X509 *x = X509_dup(pki.server);
	pid_t pid;

	(void)state;
	X509_time_adj_ex(X509_getm_notAfter(x), 29, 3600, NULL);
	assert_true(X509_sign(x, pki.authority_key, EVP_sha256()) > 0);
	save(config.path.server_cert, x, NULL);
	X509_free(x);
	pid = start(WORKER_MEMBER);
	wait_for_log("server.crt days=29");
	stop(pid, SIGTERM, 0);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	shift = mmap(NULL, sizeof(*shift), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shift, MAP_FAILED);
	test_pki_new(&pki);
	client = test_client(&pki, pki.person, pki.person_key);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	SSL_CTX_free(client);
	test_pki_free(&pki);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_database_84), TEST(sigterm_with_a_connection_91),
		TEST(counters_on_request), TEST(renewed_certificate),
		TEST(port_taken), TEST(bad_files), TEST(out_of_date_47),
		TEST(soon_out_of_date_47), TEST(clock_jumps_93),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
