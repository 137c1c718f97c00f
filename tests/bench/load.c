/*
 * Load on a TLS port from many connections, by one thread that waits for all of
 * them at once: what a request costs here is little beside what it costs there.
 *
 *   load -p PORT -a AUTHORITY [-c CERT -k KEY] -n CONNECTIONS -f REQUESTS …
 *
 * A file of requests holds records: a length in four bytes, big end first, and so
 * many bytes; for zhibud an Envelope without its id, with -H a whole HTTP request.
 * They go out in order, once (-1) or over and over for -s seconds, each from whichever
 * connection is free, at most -d on one connection.  -S spreads the connections over
 * so many source addresses; -m handshake, idle, swarm: see enum mode.  The last line tells what
 * came of it; times are those from sending a request to its whole reply.
 */
#include "common/frame.h"
#include "common/tls_context.h"
#include "envelope.pb-c.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MOST = 256, OPENING_MOST = 32, EVENTS = 256, ID_ROOM = 11 };

/* ---- settings ------------------------------------------------------------------ */

enum mode {
	MODE_FLOW,      /* requests on connections that stay */
	MODE_HANDSHAKE, /* a new connection for each request */
	MODE_IDLE,      /* connections that say nothing until standard input ends */
	MODE_SWARM,     /* all at once, each until it has had one good reply */
};

static struct {
	unsigned port, connections, depth, sources;
	double seconds, rate; /* rate: requests a second in all; 0: as many as go */
	enum mode mode;
	bool http, once, resume;
	const char *authority, *certificate, *key, *requests;
} opt = { .connections = 1, .depth = 1, .seconds = 5 };

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "failed");
	ERR_print_errors_fp(stderr);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- times: logarithmic buckets, 1/32 of the value wide --------------------------- */

enum { BUCKETS = 64 * 32 };
static uint64_t buckets[BUCKETS], counted;

static void count_time(uint64_t ns)
{
	uint64_t us = ns / 1000 + 1;
	unsigned top = 63 - (unsigned)__builtin_clzll(us);
	unsigned low = top > 5 ? (unsigned)(us >> (top - 5)) & 31
			       : (unsigned)(us << (5 - top)) & 31;

	buckets[top * 32 + low]++;
	counted++;
}

/* In microseconds, the upper end of the bucket. */
static double quantile(double q)
{
	uint64_t want = (uint64_t)(q * (double)counted), seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += buckets[i];
		if (seen > want)
			return (double)(1ull << (i / 32)) * (1 + (i % 32 + 1) / 32.0);
	}
	return 0;
}

/* ---- requests ------------------------------------------------------------------- */

static struct {
	uint8_t *data;
	uint8_t **at; /* of each record's length */
	size_t n, next;
} requests;

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void read_requests(void)
{
	FILE *file = fopen(opt.requests, "rb");
	size_t size, room = 0;

	if (!file || fseek(file, 0, SEEK_END))
		die(opt.requests);
	size = (size_t)ftell(file);
	rewind(file);
	requests.data = malloc(size + 1);
	if (!requests.data || fread(requests.data, 1, size, file) != size)
		die(opt.requests);
	fclose(file);
	for (size_t at = 0; at + 4 <= size; at += 4 + be32(requests.data + at)) {
		if (requests.n == room) {
			room = room ? 2 * room : 1024;
			requests.at = realloc(requests.at, room * sizeof(uint8_t *));
			if (!requests.at)
				die("memory");
		}
		requests.at[requests.n++] = requests.data + at;
	}
	if (!requests.n)
		die("no requests");
}

/* NULL: all are on their way. */
static const uint8_t *next_request(size_t *len)
{
	const uint8_t *r;

	if (requests.next == requests.n) {
		if (opt.once)
			return NULL;
		requests.next = 0;
	}
	r = requests.at[requests.next++];
	*len = be32(r);
	return r + 4;
}

/* ---- connections ------------------------------------------------------------------ */

struct link {
	int fd;
	bool alive;          /* has a socket */
	SSL *ssl;            /* NULL: not connected */
	bool open;
	unsigned watching;   /* epoll events */
	unsigned in_flight;
	uint64_t sent_at[DEPTH_MOST]; /* by id - 1; 0: free */
	uint64_t begun_at, retry_at;
	uint64_t busy_ns;    /* how long it was told to wait; 0: it was not */
	unsigned tries;      /* swarm: without a reply */
	bool served;         /* swarm: it has had its reply */
	uint8_t *out;
	size_t out_len, out_room;
	struct frame_reader frames;
	uint8_t *in;         /* HTTP: what has come of a reply */
	size_t in_len, in_room;
};

static struct {
	int epoll;
	SSL_CTX *context;
	SSL_SESSION *session; /* resumed by all, with -R */
	struct link *links;
	unsigned opened, opening, next;
	uint64_t begin, end;
	uint64_t sent, done, refused, failed, resumed, busy;
	unsigned *served; /* swarm: of each source */
	bool stopping;
} all;

static void send_some(struct link *l);
static void link_start(struct link *l);

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(all.session);
	all.session = session;
	return 1;
}

static void *need(void *p, const char *what)
{
	if (!p)
		die(what);
	return p;
}

/* zhibu-<id>.invalid from the authority's own name, "zhibu authority <id>". */
static void server_name(X509 *authority, char *out, size_t cap)
{
	char name[128];

	if (X509_NAME_get_text_by_NID(X509_get_subject_name(authority),
			NID_commonName, name, sizeof(name)) <= 16)
		die("authority's name");
	snprintf(out, cap, "zhibu-%s.invalid", name + 16);
}

static void make_context(void)
{
	char name[160], why[256];
	FILE *f = need(fopen(opt.authority, "r"), opt.authority);
	struct tls_settings s = { .side = TLS_SIDE_CLIENT };

	s.authority = need(PEM_read_X509(f, NULL, NULL, NULL), opt.authority);
	fclose(f);
	server_name(s.authority, name, sizeof(name));
	s.server_name = name;
	if (opt.certificate) {
		f = need(fopen(opt.certificate, "r"), opt.certificate);
		s.certificate = need(PEM_read_X509(f, NULL, NULL, NULL), "certificate");
		fclose(f);
		f = need(fopen(opt.key, "r"), opt.key);
		s.key = need(PEM_read_PrivateKey(f, NULL, NULL, NULL), "key");
		fclose(f);
	}
	all.context = tls_context_new(&s, why, sizeof(why));
	if (!all.context)
		die(why);
	if (opt.http && SSL_CTX_set_alpn_protos(all.context,
			(const unsigned char *)"\x08http/1.1", 9))
		die("ALPN");
	SSL_CTX_set_mode(all.context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_read_ahead(all.context, 1);
	if (opt.resume) {
		SSL_CTX_set_session_cache_mode(all.context,
			SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(all.context, on_session);
	}
	X509_free(s.authority);
	X509_free(s.certificate);
	EVP_PKEY_free(s.key);
}

static void watch(struct link *l, unsigned events)
{
	struct epoll_event e = { .events = events, .data.ptr = l };

	if (l->watching == events)
		return;
	if (epoll_ctl(all.epoll, l->watching ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, l->fd, &e))
		die("epoll_ctl");
	l->watching = events;
}

static void link_end(struct link *l)
{
	if (!l->open)
		all.opening--;
	SSL_free(l->ssl);
	close(l->fd);
	frame_free(&l->frames);
	l->ssl = NULL;
	l->alive = l->open = false;
	l->watching = 0;
	l->in_flight = 0;
	l->in_len = l->out_len = 0;
	memset(l->sent_at, 0, sizeof(l->sent_at));
}

/* As the client waits: what it was told, else half a second doubled up to thirty,
 * and up to as much again. */
static uint64_t pause_before_retry(struct link *l)
{
	uint64_t least = l->busy_ns ? l->busy_ns : 500000000ull << l->tries;

	l->tries += l->tries < 6;
	return least + least / 1000 * (uint64_t)(rand() % 1000);
}

/* A connection that ends of itself is a failure; another takes its place, so that
 * the load stays what it was asked to be. */
static void link_failed(struct link *l, const char *why)
{
	static unsigned told;

	if (opt.mode == MODE_SWARM) {
		ERR_clear_error();
		all.failed += l->busy_ns == 0;
		l->retry_at = now_ns() + pause_before_retry(l);
		l->busy_ns = 0;
		link_end(l);
		return;
	}
	if (told++ < 5) {
		fprintf(stderr, "load: %s%s\n", why, l->open ? "" : " (opening)");
		ERR_print_errors_fp(stderr);
	}
	ERR_clear_error();
	all.failed++;
	if (all.failed > 1000)
		die("too many connections fail");
	link_end(l);
	if (!all.stopping)
		link_start(l);
}

/* 127.1.0.1 and so on, the same for a connection however often it is made. */
static void bind_source(const struct link *l)
{
	unsigned n = (unsigned)(l - all.links) % opt.sources;
	struct sockaddr_in from = { .sin_family = AF_INET };
	int one = 1;

	from.sin_addr.s_addr = htonl(0x7f010000 + n / 250 * 256 + n % 250 + 1);
	setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(l->fd, (struct sockaddr *)&from, sizeof(from)))
		die("bind");
}

static void link_start(struct link *l)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)opt.port) };
	int one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		die("socket");
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (opt.sources)
		bind_source(l);
	if (connect(l->fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		die("connect");
	frame_init(&l->frames, FRAME_LIMIT);
	l->alive = true;
	l->begun_at = now_ns();
	all.opening++;
	watch(l, EPOLLIN | EPOLLOUT);
}

/* Only now, since of a swarm's connections many never come so far. */
static void link_connected(struct link *l)
{
	l->ssl = need(SSL_new(all.context), "SSL_new");
	SSL_set_fd(l->ssl, l->fd);
	SSL_set_connect_state(l->ssl);
	if (all.session)
		SSL_set_session(l->ssl, all.session);
}

/* ---- sending ------------------------------------------------------------------------ */

static void flush(struct link *l)
{
	size_t done = 0;

	while (l->out_len) {
		if (SSL_write_ex(l->ssl, l->out, l->out_len, &done) != 1) {
			if (SSL_get_error(l->ssl, 0) == SSL_ERROR_WANT_WRITE) {
				watch(l, EPOLLIN | EPOLLOUT);
				return;
			}
			link_failed(l, "write");
			return;
		}
		l->out_len -= done;
		memmove(l->out, l->out + done, l->out_len);
	}
	watch(l, EPOLLIN);
}

static uint8_t *room_for(uint8_t **buf, size_t *room, size_t len)
{
	if (len > *room) {
		*room = 2 * len;
		*buf = need(realloc(*buf, *room), "memory");
	}
	return *buf;
}

static void put(struct link *l, const void *data, size_t len)
{
	room_for(&l->out, &l->out_room, l->out_len + len);
	memcpy(l->out + l->out_len, data, len);
	l->out_len += len;
}

/* The envelope's id goes before what the file has: field 1, a varint. */
static void put_request(struct link *l, unsigned slot, const uint8_t *data, size_t len)
{
	uint8_t header[FRAME_HEADER + ID_ROOM];
	size_t n = FRAME_HEADER;
	unsigned id = slot + 1;

	if (opt.http) {
		put(l, data, len);
		return;
	}
	header[n++] = 1 << 3;
	for (; id >= 0x80; id >>= 7)
		header[n++] = (uint8_t)(id | 0x80);
	header[n++] = (uint8_t)id;
	frame_write_header(header, n - FRAME_HEADER + len);
	put(l, header, n);
	put(l, data, len);
}

/* Whether the pace asked for allows one more now. */
static bool due(uint64_t now)
{
	return opt.rate <= 0 ||
	       (double)all.sent < opt.rate * (double)(now - all.begin) / 1e9;
}

static void send_some(struct link *l)
{
	uint64_t now = now_ns();

	while (l->in_flight < opt.depth && !all.stopping && due(now)) {
		unsigned slot = 0;
		size_t len;
		const uint8_t *request = next_request(&len);

		if (!request) {
			all.stopping = true;
			break;
		}
		while (l->sent_at[slot])
			slot++;
		l->sent_at[slot] = opt.mode == MODE_HANDSHAKE ? l->begun_at :
			opt.mode == MODE_SWARM ? all.begin : now;
		l->in_flight++;
		all.sent++;
		put_request(l, slot, request, len);
	}
	if (l->out_len)
		flush(l);
}

/* ---- replies ------------------------------------------------------------------------- */

static void answered(struct link *l, unsigned slot, bool good)
{
	if (slot >= DEPTH_MOST || !l->sent_at[slot])
		die("a reply to nothing");
	count_time(now_ns() - l->sent_at[slot]);
	l->sent_at[slot] = 0;
	l->in_flight--;
	all.done++;
	all.refused += !good;
}

static void tell_refusal(struct link *l, const Envelope *e)
{
	static unsigned told;
	Reply *reply = reply__unpack(NULL, e->payload.len, e->payload.data);

	if (reply && reply->refusal && reply->refusal->has_retry_after_ms) {
		all.busy++;
		l->busy_ns = 1000000ull * reply->refusal->retry_after_ms;
	} else if (told++ < 3 && reply && reply->refusal)
		fprintf(stderr, "load: refused: %s %s\n", reply->refusal->code,
			reply->refusal->key);
	if (reply)
		reply__free_unpacked(reply, NULL);
}

/* A refusal is field 1 of the reply, everything else a higher one. */
static bool is_refusal(const Envelope *e)
{
	return !e->payload.len || e->payload.data[0] == (1 << 3 | 2);
}

static void take_frame(struct link *l)
{
	size_t len;
	const uint8_t *body = frame_body(&l->frames, &len);
	Envelope *e = need(envelope__unpack(NULL, len, body), "envelope");

	if (is_refusal(e))
		tell_refusal(l, e);
	if (e->id == 0 && opt.mode != MODE_SWARM)
		die("the server ends the connection");
	if (opt.mode == MODE_SWARM && !is_refusal(e)) {
		l->served = true;
		all.served[(unsigned)(l - all.links) % (opt.sources ? opt.sources : 1)]++;
	}
	if (e->id != 0 && (opt.mode != MODE_SWARM || l->served))
		answered(l, (unsigned)e->id - 1, !is_refusal(e));
	envelope__free_unpacked(e, NULL);
}

static void take_frames(struct link *l, const uint8_t *data, size_t len)
{
	while (len)
		switch (frame_feed(&l->frames, &data, &len)) {
		case FRAME_MORE:
			return;
		case FRAME_READY:
			take_frame(l);
			break;
		default:
			die("a frame that is none");
		}
}

/* A whole reply in `in`, by its Content-Length; its size, or 0. */
static size_t http_whole(struct link *l)
{
	char *head, *end, *length;

	room_for(&l->in, &l->in_room, l->in_len + 1);
	l->in[l->in_len] = '\0';
	head = (char *)l->in;
	end = strstr(head, "\r\n\r\n");
	if (!end)
		return 0;
	length = strcasestr(head, "\r\ncontent-length:");
	if (!length || length > end)
		die("a reply without Content-Length");
	return (size_t)(end + 4 - head) + strtoul(length + 17, NULL, 10);
}

static void take_http(struct link *l, const uint8_t *data, size_t len)
{
	static unsigned told;
	size_t whole;

	room_for(&l->in, &l->in_room, l->in_len + len + 1);
	memcpy(l->in + l->in_len, data, len);
	l->in_len += len;
	while ((whole = http_whole(l)) && whole <= l->in_len) {
		bool good = memcmp(l->in, "HTTP/1.1 200", 12) == 0;

		if (!good && told++ < 3)
			fprintf(stderr, "load: %.*s\n", (int)whole, (char *)l->in);
		answered(l, 0, good);
		l->in_len -= whole;
		memmove(l->in, l->in + whole, l->in_len);
	}
}

/* ---- events ---------------------------------------------------------------------------- */

static void on_open(struct link *l)
{
	l->open = true;
	all.opening--;
	all.opened++;
	all.resumed += (uint64_t)SSL_session_reused(l->ssl);
	watch(l, EPOLLIN);
	if (opt.mode == MODE_HANDSHAKE || opt.mode == MODE_SWARM)
		send_some(l);
}

static void take(struct link *l)
{
	uint8_t buf[16384];
	size_t n;

	while (SSL_read_ex(l->ssl, buf, sizeof(buf), &n) == 1) {
		if (opt.http)
			take_http(l, buf, n);
		else
			take_frames(l, buf, n);
		/* all has come: the next read would find nothing */
		if (opt.mode == MODE_FLOW && !l->in_flight && !SSL_has_pending(l->ssl)) {
			send_some(l);
			return;
		}
	}
	if (l->served) {
		link_end(l);
		return;
	}
	if (l->busy_ns && opt.mode == MODE_SWARM) {
		link_failed(l, "busy");
		return;
	}
	if (SSL_get_error(l->ssl, 0) != SSL_ERROR_WANT_READ) {
		link_failed(l, "closed by the server");
		return;
	}
	if (opt.mode == MODE_FLOW && all.begin)
		send_some(l);
	if (opt.mode == MODE_HANDSHAKE && !l->in_flight && !l->out_len) {
		link_end(l);
		if (!all.stopping)
			link_start(l);
	}
}

static void on_event(struct link *l, unsigned events)
{
	if (!l->alive)
		return;
	if (!l->ssl)
		link_connected(l);
	if (!l->open) {
		if (SSL_do_handshake(l->ssl) == 1)
			on_open(l);
		else if (SSL_get_error(l->ssl, 0) == SSL_ERROR_WANT_READ)
			watch(l, EPOLLIN);
		else if (SSL_get_error(l->ssl, 0) != SSL_ERROR_WANT_WRITE)
			link_failed(l, "handshake");
		return;
	}
	if (events & EPOLLOUT)
		flush(l);
	if (l->open)
		take(l);
}

static void turn(int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(all.epoll, events, EVENTS, wait_ms);

	for (int i = 0; i < n; i++)
		on_event(events[i].data.ptr, events[i].events);
}

/* ---- phases ------------------------------------------------------------------------------ */

static void open_all(void)
{
	while (all.opened < opt.connections) {
		while (all.next < opt.connections && all.opening < OPENING_MOST)
			link_start(&all.links[all.next++]);
		turn(1000);
	}
}

static bool waiting(void)
{
	for (unsigned i = 0; i < opt.connections; i++)
		if (all.links[i].in_flight)
			return true;
	return false;
}

static void run_flow(void)
{
	uint64_t stop = all.begin + (uint64_t)(opt.seconds * 1e9);

	for (unsigned i = 0; i < opt.connections; i++)
		send_some(&all.links[i]);
	while (!all.stopping) {
		turn(opt.rate > 0 ? 1 : 100);
		/* at a pace, whoever is free sends when the next is due */
		for (unsigned i = 0; opt.rate > 0 && i < opt.connections; i++)
			if (all.links[i].open)
				send_some(&all.links[i]);
		if (now_ns() >= stop)
			all.stopping = true;
	}
	while (waiting())
		turn(100);
}

static void run_handshakes(void)
{
	uint64_t stop = all.begin + (uint64_t)(opt.seconds * 1e9);

	for (unsigned i = 0; i < opt.connections; i++)
		link_start(&all.links[i]);
	while (now_ns() < stop)
		turn(100);
	all.stopping = true;
}

/* How long it waits for a reply, 10 to 15 seconds: were they all in step they would
 * leave at once, and for a second or two nobody would ask. */
static uint64_t patience_ns(unsigned i)
{
	return (10000 + i * 7919ull % 5000) * 1000000;
}

/* Who had no reply yet comes again, as late as it was told or after a second. */
static void look_after_swarm(uint64_t now)
{
	for (unsigned i = 0; i < opt.connections; i++) {
		struct link *l = &all.links[i];

		if (l->alive && now - l->begun_at > patience_ns(i))
			link_failed(l, "too slow");
		if (!l->alive && !l->served && now >= l->retry_at)
			link_start(l);
	}
}

/* When half are served, every source should have had about half. */
static void tell_half(void)
{
	unsigned least = UINT32_MAX, most = 0;

	for (unsigned i = 0; i < opt.sources; i++) {
		least = all.served[i] < least ? all.served[i] : least;
		most = all.served[i] > most ? all.served[i] : most;
	}
	printf("half_s=%.2f half_least=%u half_most=%u ",
	       (double)(now_ns() - all.begin) / 1e9, least, most);
}

static void run_swarm(void)
{
	uint64_t stop = all.begin + (uint64_t)(opt.seconds * 1e9), looked = 0;
	bool half = false;

	while (all.done < opt.connections && now_ns() < stop) {
		if (now_ns() - looked > 250000000) {
			looked = now_ns();
			look_after_swarm(looked);
		}
		turn(20);
		if (!half && opt.sources && all.done * 2 >= opt.connections) {
			half = true;
			tell_half();
		}
	}
	all.stopping = true;
}

static void tell(void)
{
	struct rusage use;
	double seconds = (double)(all.end - all.begin) / 1e9;

	getrusage(RUSAGE_SELF, &use);
	printf("done=%" PRIu64 " refused=%" PRIu64 " failed=%" PRIu64
	       " resumed=%" PRIu64 " busy=%" PRIu64 " seconds=%.3f rate=%.1f p50_us=%.0f p99_us=%.0f"
	       " cpu_s=%.2f\n",
	       all.done, all.refused, all.failed, all.resumed, all.busy, seconds,
	       (double)all.done / seconds, quantile(0.5), quantile(0.99),
	       (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
		       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
}

static void read_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "p:a:c:k:n:d:s:r:f:m:S:H1R")) != -1)
		switch (c) {
		case 'p': opt.port = (unsigned)atoi(optarg); break;
		case 'a': opt.authority = optarg; break;
		case 'c': opt.certificate = optarg; break;
		case 'k': opt.key = optarg; break;
		case 'n': opt.connections = (unsigned)atoi(optarg); break;
		case 'd': opt.depth = (unsigned)atoi(optarg); break;
		case 's': opt.seconds = atof(optarg); break;
		case 'r': opt.rate = atof(optarg); break;
		case 'f': opt.requests = optarg; break;
		case 'S': opt.sources = (unsigned)atoi(optarg); break;
		case 'm': opt.mode = *optarg == 'h' ? MODE_HANDSHAKE :
			*optarg == 's' ? MODE_SWARM : MODE_IDLE; break;
		case 'H': opt.http = true; break;
		case '1': opt.once = true; break;
		case 'R': opt.resume = true; break;
		default: exit(2);
		}
	if (!opt.port || !opt.authority || !opt.connections || !opt.depth ||
	    opt.depth > DEPTH_MOST || (opt.mode != MODE_IDLE && !opt.requests)) {
		fprintf(stderr, "load: see the head of load.c\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;

	read_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	make_context();
	if (opt.requests)
		read_requests();
	all.links = need(calloc(opt.connections, sizeof(struct link)), "memory");
	all.epoll = epoll_create1(EPOLL_CLOEXEC);
	all.served = need(calloc(opt.sources + 1, sizeof(unsigned)), "memory");
	if (opt.mode != MODE_HANDSHAKE && opt.mode != MODE_SWARM)
		open_all();
	all.begin = now_ns();
	if (opt.mode == MODE_FLOW)
		run_flow();
	else if (opt.mode == MODE_HANDSHAKE)
		run_handshakes();
	else if (opt.mode == MODE_SWARM)
		run_swarm();
	if (opt.mode == MODE_IDLE) {
		printf("ready\n");
		fflush(stdout);
		while (read(STDIN_FILENO, &(char){ 0 }, 1) > 0)
			;
	}
	all.end = now_ns();
	tell();
	return all.failed > 0 && opt.mode != MODE_SWARM;
}
