/* The connection against a server of our own making: who is believed, what the
 * server's alerts mean, frames that are none. */
#include "tests/unit/check.h"

#include "client/link.h"
#include "common/frame.h"
#include "common/tls_context.h"
#include "server/pki.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ID "abcdefghijklmnop"

/* One college: authority, its server, a person. */
struct college {
	EVP_PKEY *authority_key, *server_key, *person_key;
	X509 *authority, *server, *person;
	uint8_t pin[CODE_PIN];
};

static struct college ours, theirs;

static void found(struct college *c)
{
	unsigned char *spki = NULL;
	int len;

	c->authority_key = pki_new_key();
	c->server_key = pki_new_key();
	c->person_key = pki_new_key();
	c->authority = pki_authority(c->authority_key, ID);
	c->server = pki_server(c->authority, c->authority_key, c->server_key, ID);
	c->person = pki_client(c->authority, c->authority_key, c->person_key, 14);
	assert_non_null(c->person);
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(c->authority), &spki);
	code_pin(spki, (size_t)len, c->pin);
	OPENSSL_free(spki);
}

static void dissolve(struct college *c)
{
	EVP_PKEY_free(c->authority_key);
	EVP_PKEY_free(c->server_key);
	EVP_PKEY_free(c->person_key);
	X509_free(c->authority);
	X509_free(c->server);
	X509_free(c->person);
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	found(&ours);
	found(&theirs);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dissolve(&ours);
	dissolve(&theirs);
	return 0;
}

/* ---- the server: one connection in a process of its own ------------------------------- */

enum answer { REPEAT, CUT, ZERO_LENGTH, TOO_LONG, PLAIN };

struct stub {
	const struct college *college;
	X509 *certificate;   /* NULL: the college's server */
	EVP_PKEY *key;
	enum tls_side side;
	X509 *trusts;        /* NULL: its own authority */
	enum answer answer;
};

static void answer_frame(SSL *ssl, enum answer answer)
{
	uint8_t buf[4096], head[FRAME_HEADER];
	int n = SSL_read(ssl, buf, sizeof(buf));

	if (n <= 0 || answer == CUT)
		return;
	frame_write_header(head, answer == TOO_LONG ? FRAME_LIMIT + 1 : 0);
	if (answer == ZERO_LENGTH || answer == TOO_LONG)
		SSL_write(ssl, head, sizeof(head));
	else
		SSL_write(ssl, buf, n);
	/* the client reads before the connection goes */
	SSL_read(ssl, buf, 1);
}

static void serve(int listener, const struct stub *stub)
{
	struct tls_settings settings = {
		.side = stub->side,
		.authority = stub->trusts ? stub->trusts : stub->college->authority,
		.certificate = stub->certificate ? stub->certificate
						 : stub->college->server,
		.key = stub->key ? stub->key : stub->college->server_key,
	};
	char why[256];
	SSL_CTX *ctx = tls_context_new(&settings, why, sizeof(why));
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	int fd = accept(listener, NULL, NULL);

	if (stub->answer == PLAIN) {
		(void)!write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	} else if (ssl) {
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			answer_frame(ssl, stub->answer);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
}

static pid_t start(const struct stub *stub, char server[32])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	snprintf(server, 32, "127.0.0.1:%u", ntohs(a.sin_port));
	pid = fork();
	if (pid == 0) {
		alarm(20);
		serve(listener, stub);
		_exit(0);
	}
	close(listener);
	return pid;
}

/* ---- one exchange ------------------------------------------------------------------------ */

static const uint8_t question[] = "question";

static enum link_result talk(struct link_settings *settings, const struct stub *stub)
{
	enum link_result result;
	struct link *link;
	char server[32];
	uint8_t *body = NULL;
	size_t len;
	pid_t pid = start(stub, server);

	settings->server = server;
	settings->connect_ms = 5000;
	settings->reply_ms = 5000;
	link = link_open(settings, &result);
	if (link) {
		result = link_send(link, question, sizeof(question));
		if (result == LINK_OK)
			result = link_receive(link, &body, &len);
		if (result == LINK_OK) {
			assert_int_equal(len, sizeof(question));
			assert_memory_equal(body, question, len);
		}
	}
	free(body);
	link_close(link);
	waitpid(pid, NULL, 0);
	return result;
}

static enum link_result by_pin(const struct stub *stub)
{
	struct link_settings settings = { .pin = ours.pin };

	return talk(&settings, stub);
}

static enum link_result by_authority(const struct stub *stub)
{
	struct link_settings settings = { .authority = ours.authority };

	return talk(&settings, stub);
}

static enum link_result as_person(const struct stub *stub, X509 *certificate,
				  EVP_PKEY *key)
{
	struct link_settings settings = { .authority = ours.authority,
					  .certificate = certificate, .key = key };

	return talk(&settings, stub);
}

static void test_ours(void **state)
{
	struct stub stub = { .college = &ours, .side = TLS_SIDE_PUBLIC };

	(void)state;
	assert_int_equal(by_pin(&stub), LINK_OK);
	assert_int_equal(by_authority(&stub), LINK_OK);
}

/* Case 24: another authority, though its name is the same. */
static void test_not_ours(void **state)
{
	struct stub stub = { .college = &theirs, .side = TLS_SIDE_PUBLIC };

	(void)state;
	assert_int_equal(by_pin(&stub), LINK_NOT_OURS);
	assert_int_equal(by_authority(&stub), LINK_NOT_OURS);
}

/* Showing the true authority beside a leaf it never signed does not help. */
static void test_borrowed_authority(void **state)
{
	struct stub stub = { .college = &theirs, .side = TLS_SIDE_PUBLIC,
			     .trusts = ours.authority };

	(void)state;
	assert_int_equal(by_pin(&stub), LINK_NOT_OURS);
	assert_int_equal(by_authority(&stub), LINK_NOT_OURS);
}

/* Case 25: right authority, wrong name; right authority, but a person's key. */
static void test_wrong_name_or_use(void **state)
{
	struct stub stub = { .college = &ours, .side = TLS_SIDE_PUBLIC };
	X509 *other = pki_server(ours.authority, ours.authority_key, ours.server_key,
				 "another-college1");

	(void)state;
	assert_non_null(other);
	stub.certificate = other;
	assert_int_equal(by_pin(&stub), LINK_NOT_OURS);
	assert_int_equal(by_authority(&stub), LINK_NOT_OURS);
	X509_free(other);
	stub.certificate = ours.person;
	stub.key = ours.person_key;
	assert_int_equal(by_pin(&stub), LINK_NOT_OURS);
	assert_int_equal(by_authority(&stub), LINK_NOT_OURS);
}

/* Cases 27 to 29: what the server thinks of us comes with the first read. */
static void test_alerts(void **state)
{
	struct stub stub = { .college = &ours, .side = TLS_SIDE_MEMBER };
	X509 *expired;

	(void)state;
	assert_int_equal(as_person(&stub, ours.person, ours.person_key), LINK_OK);
	assert_int_equal(by_authority(&stub), LINK_NO_CERTIFICATE);
	assert_int_equal(as_person(&stub, theirs.person, theirs.person_key),
			 LINK_UNKNOWN);
	expired = X509_dup(ours.person);
	X509_gmtime_adj(X509_getm_notBefore(expired), -7200);
	X509_gmtime_adj(X509_getm_notAfter(expired), -3600);
	assert_true(X509_sign(expired, ours.authority_key, EVP_sha256()));
	assert_int_equal(as_person(&stub, expired, ours.person_key), LINK_EXPIRED);
	X509_gmtime_adj(X509_getm_notBefore(expired), 3600);
	X509_gmtime_adj(X509_getm_notAfter(expired), 7200);
	assert_true(X509_sign(expired, ours.authority_key, EVP_sha256()));
	assert_int_equal(as_person(&stub, expired, ours.person_key),
			 LINK_BAD_CERTIFICATE);
	X509_free(expired);
}

/* Case 106: a server that answers nonsense. */
static void test_nonsense(void **state)
{
	static const struct {
		enum answer answer;
		enum link_result result;
	} cases[] = {
		{ CUT, LINK_LOST },
		{ ZERO_LENGTH, LINK_PROTOCOL },
		{ TOO_LONG, LINK_PROTOCOL },
		{ PLAIN, LINK_PROTOCOL },
	};
	struct stub stub = { .college = &ours, .side = TLS_SIDE_PUBLIC };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		stub.answer = cases[i].answer;
		assert_int_equal(by_authority(&stub), cases[i].result);
	}
}

static void test_nobody_there(void **state)
{
	struct link_settings settings = { .authority = ours.authority, .port = 1,
					  .connect_ms = 1000, .reply_ms = 1000 };
	enum link_result result;

	(void)state;
	settings.server = "127.0.0.1:1";
	assert_null(link_open(&settings, &result));
	assert_int_equal(result, LINK_REFUSED);
	settings.server = "no-such-host.invalid";
	assert_null(link_open(&settings, &result));
	assert_int_equal(result, LINK_NO_ADDRESS);
	settings.server = "[::1]:1";
	assert_null(link_open(&settings, &result));
	settings.server = "";
	assert_null(link_open(&settings, &result));
	assert_int_equal(result, LINK_NO_ADDRESS);
}

/* Several addresses: the first that answers. */
static void test_several(void **state)
{
	struct stub stub = { .college = &ours, .side = TLS_SIDE_PUBLIC };
	struct link_settings settings = { .authority = ours.authority,
					  .connect_ms = 5000, .reply_ms = 5000 };
	char server[32], all[128];
	enum link_result result;
	struct link *link;
	pid_t pid;

	(void)state;
	pid = start(&stub, server);
	snprintf(all, sizeof(all), "127.0.0.1:1,%s", server);
	settings.server = all;
	link = link_open(&settings, &result);
	assert_non_null(link);
	assert_int_equal(result, LINK_OK);
	link_close(link);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_borrowed_authority),
		cmocka_unit_test(test_wrong_name_or_use),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
