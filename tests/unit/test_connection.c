/*
 * Connections and listener over loopback with a stub in place of request.c: the
 * limits, every way to end, and what the peer sees.  Numbers in names are the
 * cases of the list of bad inputs.
 */
#include "tests/unit/short_memory.h"
#include "tests/unit/tls_peer.h"

#include "common/error.h"
#include "common/frame.h"
#include "common/log.h"
#include "server/connection.h"
#include "server/request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/rand.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* --- the stub ---------------------------------------------------------------- */

/* A request is its frame.  It is answered with the same bytes in the next turn,
 * unless it begins with "hold"; "fatal" closes, "none" could not be started, and
 * "big" is answered with 200,000 bytes. */
struct request {
	struct request *next;
	struct request_client *client;
	size_t len;
	char body[];
};

static struct {
	struct request *waiting;
	unsigned started, cancelled;
	bool had_fp, had_key;
	uint8_t fp[32];
	bool release; /* answer the held ones too */
} stub;

struct request *request_start(struct service *service, struct request_client *client,
			      const uint8_t *frame, size_t len)
{
	struct request *r, **last = &stub.waiting;

	(void)service;
	if (len >= 4 && memcmp(frame, "none", 4) == 0)
		return NULL;
	r = calloc(1, sizeof(*r) + len + 1);
	if (!r)
		return NULL;
	r->client = client;
	r->len = len;
	memcpy(r->body, frame, len);
	while (*last)
		last = &(*last)->next;
	*last = r;
	stub.started++;
	stub.had_fp = client->fp;
	stub.had_key = client->key;
	if (client->fp)
		memcpy(stub.fp, client->fp, 32);
	return r;
}

static void unlink_request(struct request *r)
{
	struct request **at = &stub.waiting;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

void request_cancel(struct request *r)
{
	stub.cancelled++;
	unlink_request(r);
	free(r);
}

uint8_t *request_refusal(uint64_t id, const char *code, uint32_t retry_after_ms,
			 size_t *len)
{
	char text[64];

	*len = (size_t)snprintf(text, sizeof(text), "refused %d %s %u", (int)id, code,
				retry_after_ms);
	return (uint8_t *)strdup(text);
}

static void answer(struct request *r)
{
	bool big = strncmp(r->body, "big", 3) == 0;
	size_t len = big ? 200000 : r->len;
	uint8_t *frame = calloc(1, len + 1);

	memcpy(frame, r->body, r->len);
	unlink_request(r);
	r->client->reply(r->client, r, frame, len, strncmp(r->body, "fatal", 5) == 0);
	free(r);
}

static void answer_all(void)
{
	struct request *r, *next;

	for (r = stub.waiting; r; r = next) {
		next = r->next;
		if (stub.release || strncmp(r->body, "hold", 4) != 0) {
			answer(r);
			next = stub.waiting;
		}
	}
}

static unsigned waiting(void)
{
	unsigned n = 0;

	for (struct request *r = stub.waiting; r; r = r->next)
		n++;
	return n;
}

/* --- the world --------------------------------------------------------------- */

#define PEERS 300

struct peer {
	int fd;
	struct tls *tls; /* NULL: raw bytes */
	uint8_t *in;
	size_t in_len, in_room;
	bool eof, reset, closed; /* by TCP, by TCP, by TLS */
	bool deaf;               /* reads nothing */
	enum tls_result says;
};

static struct {
	uv_loop_t loop;
	struct test_pki pki;
	SSL_CTX *member, *public, *client, *nobody;
	struct config config;
	struct listener *l;
	struct counters *n;
	bool drained;
	unsigned turns;
	bool short_of_memory; /* in the server's turns */
	struct peer *peers[PEERS];
	unsigned count;
} w;

static struct config_port *limits(void)
{
	return &w.config.ports[WORKER_MEMBER];
}

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void push(struct peer *p)
{
	uint8_t buf[16384];
	size_t n;

	while ((n = tls_drain(p->tls, buf, sizeof(buf)))) {
		ssize_t sent = send(p->fd, buf, n, MSG_NOSIGNAL);

		if (sent < 0)
			p->reset = true;
	}
}

static void keep(struct peer *p, const uint8_t *data, size_t len)
{
	if (p->in_len + len > p->in_room) {
		p->in_room = (p->in_len + len) * 2;
		p->in = realloc(p->in, p->in_room);
	}
	memcpy(p->in + p->in_len, data, len);
	p->in_len += len;
}

static void decrypt(struct peer *p, const uint8_t *data, size_t len)
{
	uint8_t buf[16384];
	size_t n;

	if (!p->tls) {
		keep(p, data, len);
		return;
	}
	tls_feed(p->tls, data, len);
	while ((p->says = tls_read(p->tls, buf, sizeof(buf), &n)) == TLS_OK)
		keep(p, buf, n);
	if (p->says == TLS_CLOSED)
		p->closed = true;
	push(p);
}

static void pump(struct peer *p)
{
	uint8_t buf[65536];
	ssize_t n;

	while (!p->eof && !p->reset && !p->deaf) {
		n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0)
			decrypt(p, buf, (size_t)n);
		else if (n == 0)
			p->eof = true;
		else if (errno == EAGAIN)
			return;
		else
			p->reset = true;
	}
}

static void turn(void)
{
	memory.armed = w.short_of_memory;
	w.turns += uv_run(&w.loop, UV_RUN_NOWAIT) != 0;
	memory.armed = false;
	answer_all();
	for (unsigned i = 0; i < w.count; i++)
		if (w.peers[i])
			pump(w.peers[i]);
}

static void spin(unsigned ms)
{
	uint64_t end = clock_ms() + ms;

	while (clock_ms() < end) {
		turn();
		usleep(300);
	}
}

#define UNTIL(what)                                                 \
	do {                                                        \
		uint64_t end_ = clock_ms() + 20000;                 \
		while (!(what) && clock_ms() < end_) {              \
			turn();                                     \
			usleep(200);                                \
		}                                                   \
		assert_true(what);                                  \
	} while (0)

/* From 127.0.0.`source`. */
static struct peer *dial(unsigned source)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct peer *p = calloc(1, sizeof(*p));

	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(p->fd >= 0);
	addr.sin_addr.s_addr = htonl(0x7f000000 + source);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons((uint16_t)listener_port(w.l));
	assert_int_equal(connect(p->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_true(w.count < PEERS);
	w.peers[w.count++] = p;
	return p;
}

static struct peer *dial_tls(unsigned source, SSL_CTX *ctx)
{
	struct peer *p = dial(source);
	uint8_t buf[1];
	size_t n;

	p->tls = tls_new(ctx, false);
	assert_int_equal(tls_read(p->tls, buf, 1, &n), TLS_WANT_INPUT);
	push(p);
	return p;
}

/* A person, connected; the server has seen the end of the handshake too. */
static struct peer *person(void)
{
	uint64_t before = w.n->opened;
	struct peer *p = dial_tls(1, w.client);

	UNTIL(w.n->opened == before + 1 && tls_established(p->tls));
	return p;
}

static void say(struct peer *p, const void *data, size_t len)
{
	assert_int_equal(tls_write(p->tls, data, len), TLS_OK);
	push(p);
}

static size_t put_frame(uint8_t *out, const char *text)
{
	size_t len = strlen(text);

	frame_write_header(out, len);
	memcpy(out + FRAME_HEADER, text, len);
	return FRAME_HEADER + len;
}

static void ask(struct peer *p, const char *text)
{
	uint8_t frame[256];

	say(p, frame, put_frame(frame, text));
}

/* The first frame received; NULL: none yet. */
static const char *peek_frame(const struct peer *p, size_t *len)
{
	if (p->in_len < FRAME_HEADER)
		return NULL;
	*len = (size_t)p->in[0] << 24 | (size_t)p->in[1] << 16 |
	       (size_t)p->in[2] << 8 | p->in[3];
	return p->in_len < FRAME_HEADER + *len ? NULL : (char *)p->in + FRAME_HEADER;
}

static void expect(struct peer *p, const char *text)
{
	const char *body;
	size_t len = 0;

	UNTIL(peek_frame(p, &len));
	body = peek_frame(p, &len);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(body, text, len);
	p->in_len -= FRAME_HEADER + len;
	memmove(p->in, p->in + FRAME_HEADER + len, p->in_len);
}

/* The server ended it in order: close_notify, then the end of the stream. */
static void expect_end(struct peer *p)
{
	UNTIL(p->eof || p->reset);
	assert_true(p->closed);
	assert_true(p->eof);
	assert_int_equal(p->in_len, 0);
}

static void hang_up(struct peer *p)
{
	for (unsigned i = 0; i < w.count; i++)
		if (w.peers[i] == p)
			w.peers[i] = NULL;
	close(p->fd);
	tls_free(&p->tls);
	free(p->in);
	free(p);
}

static void open_port(enum worker_kind kind)
{
	int error = 0;

	w.l = listener_new(&w.loop, &w.config, kind,
			   kind == WORKER_MEMBER ? w.member : w.public, NULL, &error);
	assert_int_equal(error, 0);
	w.n = &w.l->counters;
}

static void on_drained(void *arg)
{
	(void)arg;
	w.l = NULL;
	w.drained = true;
}

static int begin(void **state)
{
	(void)state;
	memset(&stub, 0, sizeof(stub));
	w.drained = false;
	w.count = 0;
	config_defaults(&w.config, "/tmp");
	limits()->port = w.config.ports[WORKER_PUBLIC].port = 0;
	assert_int_equal(uv_loop_init(&w.loop), 0);
	return 0;
}

/* Every handle gone and every request answered or cancelled. */
static int end(void **state)
{
	(void)state;
	for (unsigned i = 0; i < w.count; i++)
		if (w.peers[i])
			hang_up(w.peers[i]);
	stub.release = true;
	if (w.l)
		listener_drain(w.l, 1000, on_drained, NULL);
	UNTIL(w.drained);
	turn();
	assert_null(stub.waiting);
	assert_int_equal(uv_loop_close(&w.loop), 0);
	return 0;
}

/* --- frames (1 to 8) ------------------------------------------------------------ */

static void one_request(void **state)
{
	uint8_t fp[32];
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hello");
	expect(p, "hello");
	assert_true(stub.had_key);
	assert_true(pki_fingerprint(w.pki.person, fp));
	assert_memory_equal(stub.fp, fp, sizeof(fp));
	ask(p, "again");
	expect(p, "again");
	assert_int_equal(w.n->requests, 2);
	assert_int_equal(w.n->replies, 2);
}

static void anonymous_request(void **state)
{
	struct peer *p;

	(void)state;
	open_port(WORKER_PUBLIC);
	p = dial_tls(1, w.nobody);
	UNTIL(tls_established(p->tls));
	ask(p, "ballot");
	expect(p, "ballot");
	assert_false(stub.had_fp);
	assert_false(stub.had_key);
}

static void refused_frame(const void *bytes, size_t len, const char *refusal)
{
	struct peer *p = person();

	say(p, bytes, len);
	expect(p, refusal);
	expect_end(p);
	hang_up(p);
	UNTIL(w.l->count == 0);
}

static void length_nought_1(void **state)
{
	(void)state;
	open_port(WORKER_MEMBER);
	refused_frame("\0\0\0\0", 4, "refused 0 ZB101 0");
	assert_int_equal(w.n->bad_frame, 1);
	assert_int_equal(stub.started, 0);
}

static void at_the_limit_2_3(void **state)
{
	uint8_t *frame = calloc(1, 4 + 5000);
	struct peer *p;

	(void)state;
	limits()->frame = 5000;
	open_port(WORKER_MEMBER);
	p = person();
	frame_write_header(frame, 5000);
	say(p, frame, 5004);
	UNTIL(p->in_len == 5004);
	hang_up(p);
	frame_write_header(frame, 5001);
	refused_frame(frame, 4, "refused 0 ZB102 0");
	refused_frame("\xff\xff\xff\xff", 4, "refused 0 ZB102 0");
	assert_int_equal(w.n->too_big, 2);
	assert_int_equal(stub.started, 1);
	free(frame);
}

static void a_byte_a_record_4(void **state)
{
	uint8_t frame[64];
	size_t len = put_frame(frame, "slowly but surely");
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	for (size_t i = 0; i < len; i++) {
		say(p, frame + i, 1);
		turn();
	}
	expect(p, "slowly but surely");
}

static void two_in_a_record_5(void **state)
{
	uint8_t frames[64];
	size_t len = put_frame(frames, "first");
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	len += put_frame(frames + len, "second");
	say(p, frames, len);
	expect(p, "first");
	expect(p, "second");
}

static void pipelining_6(void **state)
{
	struct peer *p;
	char text[32];

	(void)state;
	limits()->in_flight = 8;
	open_port(WORKER_MEMBER);
	p = person();
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "hold %d", i);
		ask(p, text);
	}
	UNTIL(waiting() == 8);
	spin(100);
	assert_int_equal(waiting(), 8);
	stub.release = true;
	UNTIL(w.n->replies == 40);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "hold %d", i);
		expect(p, text);
	}
}

static void any_order(void **state)
{
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hold 1");
	ask(p, "quick");
	expect(p, "quick");
	stub.release = true;
	expect(p, "hold 1");
}

static void cut_in_a_frame_7(void **state)
{
	struct peer *p, *other;

	(void)state;
	open_port(WORKER_MEMBER);
	other = person();
	p = person();
	say(p, "\0\0\1\0abc", 7);
	spin(20);
	hang_up(p);
	UNTIL(w.l->count == 1);
	assert_int_equal(w.n->frame_cut, 1);
	assert_int_equal(stub.started, 0);
	ask(other, "still here");
	expect(other, "still here");
}

static void half_close_8(void **state)
{
	struct peer *p, *q;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hold on");
	tls_shutdown(p->tls);
	push(p);
	shutdown(p->fd, SHUT_WR);
	/* Without close_notify as well. */
	q = person();
	ask(q, "hold too");
	shutdown(q->fd, SHUT_WR);
	UNTIL(waiting() == 2);
	spin(50);
	assert_false(p->eof);
	stub.release = true;
	expect(p, "hold on");
	expect_end(p);
	expect(q, "hold too");
	expect_end(q);
	assert_int_equal(w.n->half_closed, 1);
	UNTIL(w.l->count == 0);
}

static void fatal_reply(void **state)
{
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hold");
	ask(p, "fatal");
	expect(p, "fatal");
	expect_end(p);
	assert_int_equal(stub.cancelled, 1);
	assert_int_equal(w.n->fatal, 1);
}

static void no_memory_for_a_request(void **state)
{
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "none");
	UNTIL(p->eof || p->reset);
	assert_int_equal(w.n->no_memory, 1);
}

static void peer_leaves_with_requests(void **state)
{
	struct linger now = { 1, 0 };
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hold 1");
	ask(p, "hold 2");
	UNTIL(waiting() == 2);
	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	hang_up(p);
	UNTIL(w.l->count == 0);
	assert_int_equal(stub.cancelled, 2);
	assert_int_equal(w.n->reset, 1);
}

static void closed_twice(void **state)
{
	struct connection *c;
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hold");
	UNTIL(waiting() == 1);
	c = w.l->connections;
	connection_close(c);
	connection_close(c);
	connection_finish(c);
	assert_int_equal(w.l->count, 0);
	assert_int_equal(stub.cancelled, 1);
	UNTIL(p->eof || p->reset);
}

/* Replies that come when the connection goes in the same turn. */
static void closed_after_reply(void **state)
{
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hold");
	UNTIL(waiting() == 1);
	answer(stub.waiting);
	connection_close(w.l->connections);
	UNTIL(p->eof || p->reset);
	UNTIL(w.l->alive == 0);
}

/* --- handshakes (9, 27, 34) ------------------------------------------------------- */

static void not_tls_9(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: zhibu\r\n\r\n";
	struct peer *p, *q;

	(void)state;
	open_port(WORKER_MEMBER);
	p = dial(1);
	send(p->fd, get, sizeof(get), 0);
	UNTIL(p->eof || p->reset);
	assert_int_equal(w.n->handshake[TLS_FAIL_PLAIN_HTTP], 1);
	q = dial(1);
	send(q->fd, "\0\0\0\5hello, is there anybody?", 28, 0);
	UNTIL(q->eof || q->reset);
	assert_int_equal(w.n->handshake[TLS_FAIL_NOT_TLS], 1);
	/* A fatal alert came back: type 21, version, length 2. */
	assert_true(q->in_len == 7 && q->in[0] == 21);
	hang_up(p);
	hang_up(q);
	UNTIL(w.l->count == 0);
}

static void no_certificate_27(void **state)
{
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = dial_tls(1, w.nobody);
	UNTIL(p->says == TLS_FAILED);
	assert_int_equal(tls_peer_alert(p->tls), 116);
	assert_int_equal(w.n->handshake[TLS_FAIL_NO_CERTIFICATE], 1);
	assert_int_equal(w.n->opened, 0);
}

static void silent_handshake_34(void **state)
{
	uint64_t before = clock_ms();
	struct peer *p, *drip;
	size_t sent = 0;

	(void)state;
	limits()->handshake_ms = 200;
	open_port(WORKER_MEMBER);
	p = dial(1);
	drip = dial(1);
	while (!drip->eof && !drip->reset && clock_ms() < before + 5000) {
		static const uint8_t hello[] = { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };

		if (sent < sizeof(hello))
			send(drip->fd, hello + sent++, 1, MSG_NOSIGNAL);
		spin(25);
	}
	UNTIL(p->eof);
	assert_in_range(clock_ms() - before, 195, 8000);
	assert_int_equal(w.n->handshake_timeout, 2);
	assert_int_equal(w.l->count, 0);
	assert_int_equal(w.l->handshakes, 0);
}

/* --- time ------------------------------------------------------------------------- */

static void first_frame(void **state)
{
	struct peer *p;

	(void)state;
	limits()->first_frame_ms = 150;
	open_port(WORKER_MEMBER);
	p = person();
	say(p, "\0\0", 2);
	expect_end(p);
	assert_int_equal(w.n->first_frame_timeout, 1);
	assert_string_equal(counters_name(w.n, &w.n->first_frame_timeout),
			    "first_frame_timeout");
}

/* A byte now and then does not keep a frame alive. */
static void slow_frame(void **state)
{
	uint64_t before;
	struct peer *p;

	(void)state;
	limits()->frame_ms = 200;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "one");
	expect(p, "one");
	before = clock_ms();
	say(p, "\0\0\1\0", 4);
	while (!p->closed && clock_ms() < before + 5000) {
		if (tls_write(p->tls, (const uint8_t *)"x", 1) == TLS_OK)
			push(p);
		spin(20);
	}
	assert_in_range(clock_ms() - before, 150, 8000);
	assert_int_equal(w.n->frame_timeout, 1);
}

static void idle(void **state)
{
	uint64_t before;
	struct peer *p;

	(void)state;
	limits()->idle_ms = 200;
	limits()->first_frame_ms = 5000;
	open_port(WORKER_MEMBER);
	p = person();
	/* A request in work is not idleness. */
	ask(p, "hold");
	spin(400);
	assert_false(p->closed);
	stub.release = true;
	before = clock_ms();
	expect(p, "hold");
	expect_end(p);
	assert_in_range(clock_ms() - before, 150, 8000);
	assert_int_equal(w.n->idle_timeout, 1);
}

static void life(void **state)
{
	struct peer *p;

	(void)state;
	limits()->life_ms = 300;
	open_port(WORKER_MEMBER);
	p = person();
	ask(p, "hold");
	UNTIL(w.n->life_ended == 1);
	spin(50);
	assert_false(p->closed);
	stub.release = true;
	expect(p, "hold");
	expect_end(p);
}

static void small_buffer(struct peer *p)
{
	int size = 65536;

	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	p->deaf = true;
}

/* A peer that asks and does not read: no more is taken from it, then it goes. */
static void write_stall(void **state)
{
	unsigned started;
	struct peer *p;

	(void)state;
	limits()->write_stall_ms = 1000;
	open_port(WORKER_MEMBER);
	p = person();
	small_buffer(p);
	for (int i = 0; i < 200; i++)
		ask(p, "big");
	spin(400);
	started = stub.started;
	assert_in_range(started, 2, 100);
	spin(200);
	assert_int_equal(stub.started, started);
	UNTIL(w.n->write_stall == 1);
	assert_int_equal(w.l->count, 0);
}

/* The same peer, but it wakes up: everything is answered. */
static void slow_reader(void **state)
{
	struct peer *p;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	small_buffer(p);
	for (int i = 0; i < 100; i++)
		ask(p, "big");
	spin(300);
	assert_true(stub.started < 100);
	p->deaf = false;
	UNTIL(p->in_len == 100 * (size_t)200004);
	assert_int_equal(w.n->replies, 100);
}

/* --- limits (35) -------------------------------------------------------------------- */

static void expect_busy(struct peer *p)
{
	expect(p, "refused 0 ZB105 2000");
	expect_end(p);
	hang_up(p);
}

static void too_many_connections(void **state)
{
	struct peer *p, *q;

	(void)state;
	limits()->connections = 2;
	limits()->busy_retry_ms = 1234;
	open_port(WORKER_MEMBER);
	person();
	p = person();
	q = dial_tls(1, w.client);
	expect(q, "refused 0 ZB105 1234");
	expect_end(q);
	assert_int_equal(w.n->shed_busy, 1);
	hang_up(q);
	hang_up(p);
	UNTIL(w.l->count == 1);
	assert_int_equal(w.l->shed, 0);
	p = person();
	ask(p, "room again");
	expect(p, "room again");
}

/* Telling busy costs a handshake: only so many are told. */
static void too_many_to_be_told(void **state)
{
	struct peer *p;

	(void)state;
	limits()->connections = 1;
	limits()->handshakes = 2;
	open_port(WORKER_MEMBER);
	person();
	dial_tls(1, w.client)->deaf = true;
	dial_tls(1, w.client)->deaf = true;
	UNTIL(w.l->shed == 2);
	UNTIL(w.l->handshakes == 2);
	w.l->handshakes = 0; /* as if those two were past it */
	p = dial_tls(1, w.client);
	UNTIL(p->eof || p->reset);
	w.l->handshakes = 2;
	assert_int_equal(w.n->shed_connections, 1);
}

static void one_source_has_many(void **state)
{
	struct peer *p;

	(void)state;
	limits()->connections_per_source = 3;
	open_port(WORKER_MEMBER);
	for (int i = 0; i < 3; i++)
		person();
	p = dial_tls(1, w.client);
	UNTIL(p->eof || p->reset);
	assert_int_equal(w.n->shed_source, 1);
	p = dial_tls(2, w.client);
	UNTIL(tls_established(p->tls));
	ask(p, "another address");
	expect(p, "another address");
}

static void one_person_has_many(void **state)
{
	struct peer *p;

	(void)state;
	limits()->connections_per_person = 3;
	open_port(WORKER_MEMBER);
	for (int i = 0; i < 3; i++)
		p = person();
	expect_busy(dial_tls(2, w.client));
	assert_int_equal(w.n->shed_person, 1);
	hang_up(p);
	UNTIL(w.l->count == 2);
	p = person();
	ask(p, "room again");
	expect(p, "room again");
}

static void half_open_35(void **state)
{
	struct peer *honest;
	unsigned kept = 0;

	(void)state;
	limits()->handshakes_per_source = 16;
	limits()->connections_per_source = 1000;
	open_port(WORKER_MEMBER);
	for (int i = 0; i < 200; i++) {
		dial(3);
		turn();
	}
	UNTIL(w.n->accepted == 200);
	spin(50);
	for (unsigned i = 0; i < w.count; i++)
		kept += !w.peers[i]->eof && !w.peers[i]->reset;
	assert_int_equal(kept, 16);
	assert_int_equal(w.n->shed_handshakes_source, 184);
	honest = person();
	ask(honest, "through");
	expect(honest, "through");
}

static void handshakes_in_all(void **state)
{
	struct peer *p;

	(void)state;
	limits()->handshakes = 4;
	open_port(WORKER_MEMBER);
	for (unsigned i = 0; i < 4; i++)
		dial(10 + i);
	UNTIL(w.l->handshakes == 4);
	p = dial_tls(20, w.client);
	UNTIL(w.n->queued == 1);
	spin(50);
	assert_false(p->eof || p->reset || tls_established(p->tls));
	hang_up(w.peers[0]);
	UNTIL(tls_established(p->tls));
	ask(p, "waited");
	expect(p, "waited");
	assert_int_equal(w.n->handshake_gave_way, 0);
}

/* None is thrown away while one who is slow has the place. */
static void slow_ones_give_way(void **state)
{
	struct peer *p;

	(void)state;
	limits()->handshakes = 4;
	limits()->handshake_ms = 1000;
	open_port(WORKER_MEMBER);
	for (unsigned i = 0; i < 4; i++)
		dial(10 + i);
	UNTIL(w.l->handshakes == 4);
	spin(300); /* they are old enough, but nobody needs their places */
	assert_int_equal(w.l->handshakes, 4);
	p = dial_tls(20, w.client);
	UNTIL(tls_established(p->tls));
	assert_in_range(w.n->handshake_gave_way, 1, 4);
	assert_int_equal(w.n->handshake_timeout, 0);
}

/* They say their hello, which the server answers, and no more. */
static void slow_ones_with_a_hello(void **state)
{
	struct peer *p;

	(void)state;
	limits()->handshakes = 4;
	open_port(WORKER_MEMBER);
	for (unsigned i = 0; i < 4; i++)
		dial_tls(10 + i, w.client)->deaf = true;
	UNTIL(w.l->handshakes == 4);
	p = dial_tls(20, w.client);
	UNTIL(w.n->queued == 1);
	spin(3 * LISTENER_REST_MS);
	assert_int_equal(w.n->handshake_gave_way, 0);
	UNTIL(tls_established(p->tls));
	assert_int_equal(w.n->handshake_gave_way, 4);
	assert_int_equal(w.n->handshake_timeout, 0);
	/* one is done, and so the next has all its time again */
	for (unsigned i = 0; i < 5; i++)
		dial_tls(30 + i, w.client)->deaf = true;
	UNTIL(w.n->queued == 2);
	spin(3 * LISTENER_REST_MS);
	assert_int_equal(w.n->handshake_gave_way, 4);
}

/* Who left while it waited costs no handshake. */
static void left_while_waiting(void **state)
{
	struct peer *p;

	(void)state;
	limits()->handshakes = 1;
	open_port(WORKER_MEMBER);
	dial(10);
	UNTIL(w.l->handshakes == 1);
	hang_up(dial_tls(20, w.client));
	hang_up(dial_tls(21, w.client));
	p = dial_tls(22, w.client);
	spin(50);
	assert_int_equal(w.n->left, 0);
	hang_up(w.peers[0]);
	UNTIL(tls_established(p->tls));
	ask(p, "patient");
	expect(p, "patient");
	assert_int_equal(w.n->left, 2);
	assert_int_equal(w.n->opened, 1);
}

/* --- descriptors (89) ------------------------------------------------------------------ */

static void out_of_descriptors_89(void **state)
{
	struct rlimit old, low;
	struct peer *p;
	unsigned turns;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &old);
	open_port(WORKER_MEMBER);
	/* So many that the next connection but two is near the end. */
	low = old;
	low.rlim_cur = (rlim_t)dup(0);
	close((int)low.rlim_cur);
	low.rlim_cur += LISTENER_SPARE + 4;
	setrlimit(RLIMIT_NOFILE, &low);
	w.l->descriptors = (unsigned)low.rlim_cur;
	for (int i = 0; i < 8; i++)
		dial(1);
	UNTIL(w.n->paused >= 1);
	assert_true(w.n->shed_descriptors >= 1);
	/* It rests: the loop sleeps instead of turning over the waiting ones. */
	turns = (unsigned)w.n->paused;
	spin(350);
	assert_in_range(w.n->paused - turns, 1, 5);
	setrlimit(RLIMIT_NOFILE, &old);
	w.l->descriptors = (unsigned)old.rlim_cur;
	for (unsigned i = 0; i < 8; i++)
		hang_up(w.peers[i]);
	p = person();
	ask(p, "recovered");
	expect(p, "recovered");
}

/* --- drain (91) ---------------------------------------------------------------------- */

static void drain_91(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct peer *busy, *idler, *half;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	open_port(WORKER_MEMBER);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons((uint16_t)listener_port(w.l));
	busy = person();
	idler = person();
	half = dial(1);
	ask(busy, "hold to the end");
	UNTIL(waiting() == 1 && w.l->count == 3);
	listener_drain(w.l, 5000, on_drained, NULL);
	expect_end(idler);
	UNTIL(half->eof || half->reset);
	assert_true(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0);
	close(fd);
	assert_false(w.drained);
	stub.release = true;
	expect(busy, "hold to the end");
	expect_end(busy);
	hang_up(busy);
	hang_up(idler);
	UNTIL(w.drained);
}

static void drain_takes_so_long_and_no_longer(void **state)
{
	uint64_t before;

	(void)state;
	open_port(WORKER_MEMBER);
	ask(person(), "hold for ever");
	UNTIL(waiting() == 1);
	before = clock_ms();
	listener_drain(w.l, 200, on_drained, NULL);
	UNTIL(w.drained);
	assert_in_range(clock_ms() - before, 150, 8000);
	assert_int_equal(stub.cancelled, 1);
}

static void drain_with_nobody(void **state)
{
	(void)state;
	open_port(WORKER_PUBLIC);
	listener_drain(w.l, 200, on_drained, NULL);
	UNTIL(w.drained);
}

static void port_in_use(void **state)
{
	struct listener *second;
	int error = 0;

	(void)state;
	open_port(WORKER_MEMBER);
	limits()->port = listener_port(w.l);
	second = listener_new(&w.loop, &w.config, WORKER_MEMBER, w.member, NULL,
			      &error);
	assert_null(second);
	assert_int_equal(error, UV_EADDRINUSE);
}

/* --- the rest ------------------------------------------------------------------------- */

static void renewed_certificate(void **state)
{
	SSL_CTX *renewed = test_server(&w.pki, TLS_SIDE_MEMBER);
	struct peer *p, *q;

	(void)state;
	open_port(WORKER_MEMBER);
	p = person();
	listener_set_context(w.l, renewed);
	SSL_CTX_free(renewed);
	q = person();
	ask(p, "old");
	ask(q, "new");
	expect(p, "old");
	expect(q, "new");
}

static bool log_has(char **lines, size_t *len, FILE *sink, const char *text)
{
	fflush(sink);
	return *len && strstr(*lines, text);
}

/* The member port names a refused address, the public port none. */
static void what_the_log_says(void **state)
{
	char *lines = NULL;
	size_t len = 0;
	FILE *sink = open_memstream(&lines, &len);

	(void)state;
	log_init(sink, LOG_INFO);
	open_port(WORKER_PUBLIC);
	send(dial(1)->fd, "GET / HTTP/1.1\r\n\r\n", 18, 0);
	UNTIL(w.n->handshake[TLS_FAIL_PLAIN_HTTP] == 1);
	assert_false(log_has(&lines, &len, sink, "refused"));
	assert_false(log_has(&lines, &len, sink, "127.0.0.1"));
	counters_log(w.n, "public");
	assert_true(log_has(&lines, &len, sink, "worker=public accepted=1"));
	assert_true(log_has(&lines, &len, sink, "handshake_plain_http=1"));
	listener_drain(w.l, 0, on_drained, NULL);
	UNTIL(w.drained);
	w.drained = false;
	open_port(WORKER_MEMBER);
	for (int i = 0; i < 60; i++) {
		send(dial(1)->fd, "GET / HTTP/1.1\r\n\r\n", 18, 0);
		turn();
	}
	UNTIL(log_has(&lines, &len, sink, "source=127.0.0.1 reason=plain_http"));
	log_init(stderr, LOG_ERROR);
	fclose(sink);
	free(lines);
}

static void rude(struct peer *p, uint8_t what)
{
	uint8_t junk[300];
	size_t len = 1 + what;

	RAND_bytes(junk, sizeof(junk));
	switch (what % 6) {
	case 0: /* no TLS at all */
		send(p->fd, junk, len, MSG_NOSIGNAL);
		break;
	case 1: /* a TLS record of nonsense inside the session */
		memcpy(junk, "\x17\x03\x03\x00\x40", 5);
		send(p->fd, junk, 69, MSG_NOSIGNAL);
		break;
	case 2:
		shutdown(p->fd, SHUT_WR);
		break;
	case 3:
		if (tls_write(p->tls, junk, len) == TLS_OK)
			push(p);
		break;
	case 4:
		if (tls_established(p->tls))
			ask(p, "hold then cut");
		break;
	default:
		break;
	}
}

/* Whatever peers do, an honest one beside them is served. */
static void rude_peers(void **state)
{
	struct peer *honest;
	uint8_t dice[2];

	(void)state;
	open_port(WORKER_MEMBER);
	honest = person();
	for (int i = 0; i < 250; i++) {
		struct peer *p = dial_tls(2 + (unsigned)i % 200, w.client);

		RAND_bytes(dice, 2);
		if (dice[1] & 1)
			UNTIL(tls_established(p->tls) || p->eof || p->reset);
		rude(p, dice[0]);
		turn();
		if (dice[1] & 2)
			hang_up(p);
		if (i % 50 == 0) {
			ask(honest, "are you well?");
			expect(honest, "are you well?");
		}
	}
	ask(honest, "to the end");
	expect(honest, "to the end");
}

/* Whichever allocation from accept to answer fails: an answer or a closed
 * connection, and the next peer is served. */
static void out_of_memory_90(void **state)
{
	unsigned n = 0;
	bool through = false;

	(void)state;
	open_port(WORKER_MEMBER);
	while (!through) {
		struct peer *p;

		memory.taken = 0;
		memory.fail_at = n++;
		w.short_of_memory = true;
		p = dial_tls(1, w.client);
		UNTIL(tls_established(p->tls) || p->eof || p->reset);
		if (!p->eof && !p->reset)
			ask(p, "big");
		UNTIL(p->in_len >= 200000 || p->eof || p->reset);
		w.short_of_memory = false;
		through = memory.taken <= memory.fail_at;
		assert_true(!through || p->in_len >= 200000);
		hang_up(p);
		p = person();
		ask(p, "are you well?");
		expect(p, "are you well?");
		hang_up(p);
	}
	assert_true(n > 4);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	log_init(stderr, LOG_ERROR);
	test_pki_new(&w.pki);
	w.member = test_server(&w.pki, TLS_SIDE_MEMBER);
	w.public = test_server(&w.pki, TLS_SIDE_PUBLIC);
	w.client = test_client(&w.pki, w.pki.person, w.pki.person_key);
	w.nobody = test_client(&w.pki, NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	SSL_CTX_free(w.member);
	SSL_CTX_free(w.public);
	SSL_CTX_free(w.client);
	SSL_CTX_free(w.nobody);
	test_pki_free(&w.pki);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_request), TEST(anonymous_request),
		TEST(length_nought_1), TEST(at_the_limit_2_3),
		TEST(a_byte_a_record_4), TEST(two_in_a_record_5),
		TEST(pipelining_6), TEST(any_order), TEST(cut_in_a_frame_7),
		TEST(half_close_8), TEST(fatal_reply),
		TEST(no_memory_for_a_request), TEST(peer_leaves_with_requests),
		TEST(closed_twice), TEST(closed_after_reply), TEST(not_tls_9),
		TEST(no_certificate_27), TEST(silent_handshake_34),
		TEST(first_frame), TEST(slow_frame), TEST(idle), TEST(life),
		TEST(write_stall), TEST(slow_reader),
		TEST(too_many_connections), TEST(too_many_to_be_told),
		TEST(one_source_has_many), TEST(one_person_has_many),
		TEST(half_open_35),
		TEST(handshakes_in_all), TEST(slow_ones_give_way),
		TEST(slow_ones_with_a_hello),
		TEST(left_while_waiting), TEST(out_of_descriptors_89),
		TEST(drain_91), TEST(drain_takes_so_long_and_no_longer),
		TEST(drain_with_nobody), TEST(port_in_use),
		TEST(renewed_certificate), TEST(what_the_log_says),
		TEST(rude_peers), TEST(out_of_memory_90),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
