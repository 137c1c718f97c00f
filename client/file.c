/* Evidence: files in chunks up and down, each checked by SHA-256.  An upload
 * that was cut goes on where it stopped; a download is written beside its place
 * and put there only when its hash agrees. */
#include "client/call.h"
#include "client/fields.h"
#include "client/handlers.h"

#include "common/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHA256_BYTES 32
#define READ_BYTES (256 * 1024)
#define KEPT_BYTES (16 * READ_BYTES)
#define AHEAD 4 /* keeps both ends busy; more come in bursts, for which others wait */

/* ---- small things ------------------------------------------------------------ */

static int fail1(struct client *c, int code, const char *key, const char *a)
{
	return client_fail(c, code, key, 1, &a);
}

static int fail2(struct client *c, int code, const char *key, const char *a,
		 const char *b)
{
	const char *args[] = { a, b };

	return client_fail(c, code, key, 2, args);
}

/* The sentence of a word with its arguments. */
static const char *say(struct client *c, const char *key, const char *a,
		       const char *b)
{
	const char *args[] = { a, b };

	return word_fill(client_arena(c), word(key), 2, args);
}

static Request *new_request(struct client *c, Request__BodyCase body, void *message)
{
	Request *request = arena_zero(client_arena(c), 1, sizeof(*request));

	if (!request || !message)
		return NULL;
	request__init(request);
	request->body_case = body;
	/* every member of the body is a pointer to a message */
	request->begin_file = message;
	return request;
}

/* A call of which only success matters; the caller frees *reply. */
static int ask(struct client *c, Request__BodyCase body, void *message, Reply **reply)
{
	Request *request = new_request(c, body, message);

	if (!request)
		return fail1(c, EXIT_FAILED, "memory", "");
	return call_request(c, request, reply);
}

/* ---- hash ---------------------------------------------------------------------- */

/* Hashes a whole file from its start.  False: errno, or it ended early. */
static bool hash_file(int fd, uint8_t sha256[SHA256_BYTES], uint64_t *size)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t *buffer = malloc(READ_BYTES);
	bool ok = md && buffer && EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	ssize_t n = 0;

	*size = 0;
	while (ok && (n = pread(fd, buffer, READ_BYTES, (off_t)*size)) > 0) {
		ok = EVP_DigestUpdate(md, buffer, (size_t)n);
		*size += (uint64_t)n;
	}
	ok = ok && n == 0 && EVP_DigestFinal_ex(md, sha256, NULL);
	EVP_MD_CTX_free(md);
	free(buffer);
	return ok;
}

/* A file that is hashed beside whatever else is done: the next one to go up while
 * the one before it travels. */
struct hashed {
	const char *path;
	int fd; /* -1: none is open */
	bool plain, good;
	int error; /* errno of what failed */
	uint8_t sha256[SHA256_BYTES];
	uint64_t size;
	pthread_t thread;
	bool running;
};

static void *hash_thread(void *arg)
{
	struct hashed *h = arg;

	h->good = hash_file(h->fd, h->sha256, &h->size);
	h->error = errno;
	return NULL;
}

static void hash_begin(struct hashed *h, const char *path)
{
	struct stat st;

	*h = (struct hashed){ .path = path, .plain = true };
	h->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (h->fd < 0 || fstat(h->fd, &st) != 0) {
		h->error = errno;
		return;
	}
	h->plain = S_ISREG(st.st_mode);
	if (!h->plain)
		return;
	h->running = pthread_create(&h->thread, NULL, hash_thread, h) == 0;
	if (!h->running)
		hash_thread(h);
}

static void hash_wait(struct hashed *h)
{
	if (h->running)
		pthread_join(h->thread, NULL);
	h->running = false;
}

/* 0, or said why. */
static int hash_end(struct client *c, struct hashed *h)
{
	hash_wait(h);
	if (!h->plain)
		return fail1(c, EXIT_FAILED, "file_not_plain", h->path);
	if (!h->good)
		return fail2(c, EXIT_FAILED, "file_unreadable", h->path,
			     strerror(h->error));
	return 0;
}

static void hash_close(struct hashed *h)
{
	hash_wait(h);
	if (h->fd >= 0)
		close(h->fd);
}

/* ---- progress -------------------------------------------------------------------- */

/* What is said on stderr while bytes travel: after 300 ms, ten times a second on
 * a terminal, else a line every ten seconds. */
struct progress {
	struct client *client;
	const char *key, *name; /* text.file_sending; made printable */
	uint64_t total, first;  /* bytes; those there before */
	int64_t start, next;    /* ms */
	bool terminal, shown;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void progress_start(struct progress *p, struct client *c, const char *key,
			   const char *name, uint64_t total, uint64_t first)
{
	char *shown = text_printable(name, strlen(name), false);

	*p = (struct progress){ .client = c, .key = key, .total = total,
				.first = first, .start = now_ms() };
	p->name = arena_copy(client_arena(c), shown ? shown : "", shown ? strlen(shown) : 0);
	free(shown);
	p->terminal = isatty(STDERR_FILENO) && !getenv("ACCESSIBLE");
	p->next = p->start + (p->terminal ? 300 : 10000);
}

static void progress_step(struct progress *p, uint64_t done)
{
	int64_t now = now_ms();
	uint64_t moved = done - p->first;
	char of[64], left[32] = "";

	if (now < p->next || !p->name || client_quiet(p->client) ||
	    client_json(p->client))
		return;
	p->next = now + (p->terminal ? 100 : 10000);
	if (moved > 0)
		snprintf(left, sizeof(left), "%lld", (long long)
			 ((double)(p->total - done) * (double)(now - p->start) /
			  (double)moved / 1000) + 1);
	snprintf(of, sizeof(of), "%.1f/%.1f MB", (double)done / 1e6,
		 (double)p->total / 1e6);
	fprintf(stderr, "%s%s  %s%s", p->terminal ? "\r" : "",
		say(p->client, p->key, p->name, of),
		*left ? say(p->client, "text.file_left", left, "") : "",
		p->terminal ? "\x1b[K" : "\n");
	p->shown = p->terminal;
}

static void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\x1b[K", stderr);
}

/* ---- up ---------------------------------------------------------------------------- */

/* One upload. */
struct upload {
	struct client *client;
	struct hashed *file; /* borrowed */
	const char *name;
	char *file_id; /* in the arena */
	int32_t next, chunks, chunk_bytes;
	bool kept; /* the server has it already */
};

/* Announces; the server says where to go on. */
static int upload_begin(struct upload *u, const BeginFile *options)
{
	BeginFile *begin = arena_zero(client_arena(u->client), 1, sizeof(*begin));
	Reply *reply;
	int code;

	if (!begin)
		return fail1(u->client, EXIT_FAILED, "memory", "");
	*begin = *options;
	begin->name = arena_copy(client_arena(u->client), u->name, strlen(u->name));
	if (!begin->title)
		begin->title = begin->name;
	begin->has_size_bytes = begin->has_sha256 = true;
	begin->size_bytes = (int64_t)u->file->size;
	begin->sha256 = (ProtobufCBinaryData){ SHA256_BYTES, u->file->sha256 };
	code = ask(u->client, REQUEST__BODY_BEGIN_FILE, begin, &reply);
	if (code != 0)
		return code;
	u->file_id = arena_copy(client_arena(u->client), reply->begin_file->file_id,
				strlen(reply->begin_file->file_id));
	u->kept = strcmp(reply->begin_file->state, "KEPT") == 0;
	u->next = reply->begin_file->next_chunk;
	u->chunks = reply->begin_file->chunks;
	u->chunk_bytes = reply->begin_file->chunk_bytes;
	call_free(reply);
	return u->file_id && u->chunk_bytes > 0 && u->chunk_bytes <= READ_BYTES
		       ? 0 : fail1(u->client, EXIT_VERSION, "file_reply", u->name);
}

static uint64_t upload_done(const struct upload *u)
{
	uint64_t done = (uint64_t)u->next * (uint64_t)u->chunk_bytes;

	return done < u->file->size ? done : u->file->size;
}

/* The n-th chunk in `put`; false: the file is no longer what it was. */
static bool upload_read(struct upload *u, int32_t n, uint8_t *buffer, PutChunk *put)
{
	off_t at = (off_t)n * u->chunk_bytes;
	uint64_t left = u->file->size - (uint64_t)at;
	size_t len = left < (uint64_t)u->chunk_bytes ? (size_t)left : (size_t)u->chunk_bytes;

	put_chunk__init(put);
	put->file_id = u->file_id;
	put->has_chunk_no = put->has_data = true;
	put->chunk_no = n;
	put->data = (ProtobufCBinaryData){ len, buffer };
	return pread(u->file->fd, buffer, len, at) == (ssize_t)len;
}

/* Chunks one after another without waiting for their replies, AHEAD at most, so that
 * one is encrypted while another travels and a third is stored.  Ends early at
 * anything out of the ordinary: upload_chunk() goes on and knows what to say. */
static void upload_ahead(struct upload *u, uint8_t *buffer, struct progress *p)
{
	int32_t to_send = u->next;
	unsigned on_way = 0;
	Reply *reply;

	while (u->next < u->chunks) {
		for (; to_send < u->chunks && on_way < AHEAD; to_send++, on_way++) {
			Request request = REQUEST__INIT;
			PutChunk put;

			request.body_case = REQUEST__BODY_PUT_CHUNK;
			request.put_chunk = &put;
			if (!upload_read(u, to_send, buffer, &put) ||
			    !call_ahead(u->client, &request))
				break;
		}
		if (!on_way)
			break;
		on_way--;
		if (!call_answer(u->client, REQUEST__BODY_PUT_CHUNK, &reply))
			return;
		if (reply->refusal) {
			call_free(reply);
			break;
		}
		if (reply->put_chunk->next_chunk > u->next)
			u->next = reply->put_chunk->next_chunk;
		call_free(reply);
		progress_step(p, upload_done(u));
	}
	if (on_way)
		call_hang_up(u->client);
}

/* Sends the chunk that is missing; the reply names the next one. */
static int upload_chunk(struct upload *u, uint8_t *buffer)
{
	PutChunk put;
	Reply *reply;
	int code;

	if (!upload_read(u, u->next, buffer, &put))
		return fail1(u->client, EXIT_FAILED, "file_changed", u->file->path);
	code = ask(u->client, REQUEST__BODY_PUT_CHUNK, &put, &reply);
	if (code != 0)
		return code;
	if (reply->put_chunk->next_chunk <= u->next)
		code = fail1(u->client, EXIT_VERSION, "file_reply", u->name);
	u->next = reply->put_chunk->next_chunk;
	call_free(reply);
	return code;
}

static int upload_chunks(struct upload *u)
{
	uint8_t *buffer = malloc((size_t)u->chunk_bytes);
	struct progress p;
	int code = 0;

	if (!buffer)
		return fail1(u->client, EXIT_FAILED, "memory", "");
	if (u->next > 0 && u->next < u->chunks)
		out_say(client_out(u->client), "%s",
			say(u->client, "text.file_resumed", u->name, ""));
	progress_start(&p, u->client, "text.file_sending", u->name, u->file->size,
		       upload_done(u));
	upload_ahead(u, buffer, &p);
	while (code == 0 && u->next < u->chunks) {
		code = upload_chunk(u, buffer);
		if (code == 0)
			progress_step(&p, upload_done(u));
	}
	progress_end(&p);
	free(buffer);
	return code;
}

static int upload_finish(struct upload *u, Reply **reply)
{
	FinishFile *finish = arena_zero(client_arena(u->client), 1, sizeof(*finish));

	if (!finish)
		return fail1(u->client, EXIT_FAILED, "memory", "");
	finish_file__init(finish);
	finish->file_id = u->file_id;
	return ask(u->client, REQUEST__BODY_FINISH_FILE, finish, reply);
}

static int upload_link(struct upload *u, struct args *args)
{
	LinkFile *link = arena_zero(client_arena(u->client), 1, sizeof(*link));
	size_t i, n = args_count(args, "item");
	Reply *reply;
	int code;

	if (n == 0)
		return 0;
	if (!link)
		return fail1(u->client, EXIT_FAILED, "memory", "");
	link_file__init(link);
	link->file_id = u->file_id;
	link->items = arena_zero(client_arena(u->client), n, sizeof(*link->items));
	for (i = 0; link->items && i < n; i++)
		link->items[i] = arena_copy(client_arena(u->client), args_nth(args, "item", i),
					    strlen(args_nth(args, "item", i)));
	link->n_items = link->items ? n : 0;
	code = ask(u->client, REQUEST__BODY_LINK_FILE, link, &reply);
	if (code == 0)
		call_free(reply);
	return code;
}

/* From a path to a kept, linked file. */
static int add_one(struct client *c, struct args *args, const BeginFile *options,
		   struct hashed *file)
{
	const char *slash = strrchr(file->path, '/');
	struct upload u = { .client = c, .file = file,
			    .name = slash ? slash + 1 : file->path };
	Reply *reply = NULL;
	int code = hash_end(c, file);

	if (code != 0)
		return code;
	code = upload_begin(&u, options);
	/* a dry run announced it, and that is all there is to try */
	if (code == 0 && !client_dry_run(c)) {
		code = upload_chunks(&u);
		if (code == 0)
			code = upload_finish(&u, &reply);
		if (code == EXIT_UNREACHABLE && !client_json(c))
			out_say(client_out(c), "%s", say(c, "text.file_go_on", u.name, ""));
		if (code == 0)
			code = upload_link(&u, args);
	}
	if (code == 0 && reply)
		code = client_show(c, reply, NULL);
	if (reply)
		call_free(reply);
	return code;
}

static int add_all(struct client *c, struct args *args, const BeginFile *options)
{
	struct hashed files[2]; /* the one that travels, and the next */
	size_t i, n = args_count(args, "path");
	int code = 0;

	hash_begin(&files[0], args_nth(args, "path", 0));
	for (i = 0; i < n && code == 0; i++) {
		if (i + 1 < n)
			hash_begin(&files[(i + 1) % 2], args_nth(args, "path", i + 1));
		code = add_one(c, args, options, &files[i % 2]);
		hash_close(&files[i % 2]);
	}
	if (i < n)
		hash_close(&files[i % 2]);
	return code;
}

/* Blocks of a chunk are used again: taking their pages from the system anew for each
 * chunk cost two thirds of the time the upload took this side. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

int file_add_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	BeginFile *options;
	int code = 0;

	if (!request)
		return EXIT_USAGE;
	keep_memory();
	options = request->begin_file;
	if (!options->has_not_classified && client_interactive(client)) {
		code = client_confirm(client, CONFIRM_YES, args_get(args, "path"),
				      word("text.file_declare"));
		options->not_classified = code == 0;
		options->has_not_classified = true;
	}
	return code == 0 ? add_all(client, args, options) : code;
}

/* ---- down --------------------------------------------------------------------------- */

/* One download: the folder it goes to, the name in it, and the name of the part
 * that is being written. */
struct download {
	struct client *client;
	const GetFileReply *info; /* borrowed */
	int dir, fd;
	const char *shown; /* as the person named the place */
	const char *name;
	char part[48];
};

/* No path, nothing hidden, nothing that makes a name look like another: the server
 * is not trusted with more. */
static bool name_safe(const char *name)
{
	size_t len = strlen(name), step;
	uint32_t cp;

	if (!len || *name == '.' || len > NAME_MAX || strchr(name, '/') ||
	    strchr(name, '\\'))
		return false;
	for (; len; name += step, len -= step) {
		step = text_decode(name, len, &cp);
		if (!step || cp == '\n' || cp == '\t' || text_must_show(cp))
			return false;
	}
	return true;
}

/* Where -o points: a folder, or a file in a folder. */
static int download_place(struct download *d, const char *out)
{
	struct stat st;
	const char *slash = out ? strrchr(out, '/') : NULL;
	const char *folder = ".";

	d->name = d->info->name;
	if (out && stat(out, &st) == 0 && S_ISDIR(st.st_mode)) {
		folder = out;
	} else if (out) {
		d->name = slash ? slash + 1 : out;
		if (slash)
			folder = slash == out ? "/" : arena_copy(client_arena(d->client),
					out, (size_t)(slash - out));
	}
	if (!name_safe(d->name))
		return fail1(d->client, EXIT_FAILED, "file_bad_name", d->name);
	d->shown = out && folder != out ? out : out_format(client_out(d->client),
			"%s/%s", folder ? folder : ".", d->name);
	d->dir = open(folder ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->dir >= 0 ? 0 : fail2(d->client, EXIT_FAILED, "file_write", d->shown,
				       strerror(errno));
}

/* The part, beside its place, never through a link. */
static int download_open(struct download *d, bool force)
{
	struct stat st;
	uint8_t random[8];

	if (!force && fstatat(d->dir, d->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return fail1(d->client, EXIT_FAILED, "file_exists", d->shown);
	if (RAND_bytes(random, sizeof(random)) != 1)
		return fail1(d->client, EXIT_FAILED, "memory", "");
	snprintf(d->part, sizeof(d->part), ".zhibu-%02x%02x%02x%02x%02x%02x.part",
		 random[0], random[1], random[2], random[3], random[4], random[5]);
	d->fd = openat(d->dir, d->part,
		       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return d->fd >= 0 ? 0 : fail2(d->client, EXIT_FAILED, "file_write", d->shown,
				      strerror(errno));
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static int download_chunk(struct download *d, int32_t no)
{
	GetChunk get = GET_CHUNK__INIT;
	Reply *reply;
	int code;

	get.file_id = d->info->file_id;
	get.has_chunk_no = true;
	get.chunk_no = no;
	code = ask(d->client, REQUEST__BODY_GET_CHUNK, &get, &reply);
	if (code != 0)
		return code;
	if (!write_all(d->fd, reply->get_chunk->data.data, reply->get_chunk->data.len))
		code = fail2(d->client, EXIT_FAILED, "file_write", d->shown, strerror(errno));
	call_free(reply);
	return code;
}

/* Bytes, hash, place: in this order. */
static int download_bytes(struct download *d, bool force)
{
	uint8_t sha256[SHA256_BYTES];
	uint64_t size = (uint64_t)d->info->size_bytes, got;
	struct progress p;
	int32_t i;
	int code = 0;

	progress_start(&p, d->client, "text.file_fetching", d->info->name, size, 0);
	for (i = 0; code == 0 && i < d->info->chunks; i++) {
		code = download_chunk(d, i);
		progress_step(&p, size / (uint64_t)d->info->chunks * (uint64_t)(i + 1));
	}
	progress_end(&p);
	if (code != 0)
		return code;
	if (!hash_file(d->fd, sha256, &got) || got != size ||
	    d->info->sha256.len != SHA256_BYTES ||
	    memcmp(sha256, d->info->sha256.data, SHA256_BYTES) != 0)
		return fail1(d->client, EXIT_SECURITY, "file_tampered", d->info->name);
	if (fsync(d->fd) != 0 ||
	    renameat2(d->dir, d->part, d->dir, d->name, force ? 0 : RENAME_NOREPLACE) != 0)
		return errno == EEXIST
			       ? fail1(d->client, EXIT_FAILED, "file_exists", d->shown)
			       : fail2(d->client, EXIT_FAILED, "file_write", d->shown,
				       strerror(errno));
	out_say(client_out(d->client), "%s", say(d->client, "text.file_saved", d->shown, ""));
	return 0;
}

int file_get_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	struct download d = { .client = client, .dir = -1, .fd = -1 };
	bool force = args_given(args, "force");
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	code = call_request(client, request, &reply);
	if (code != 0)
		return code;
	d.info = reply->get_file;
	code = download_place(&d, args_get(args, "out"));
	if (code == 0)
		code = download_open(&d, force);
	if (code == 0)
		code = download_bytes(&d, force);
	if (code != 0 && d.fd >= 0)
		unlinkat(d.dir, d.part, 0);
	if (code == 0 && client_json(client))
		code = client_show(client, reply, NULL);
	if (d.fd >= 0)
		close(d.fd);
	if (d.dir >= 0)
		close(d.dir);
	call_free(reply);
	return code;
}

/* ---- compare --------------------------------------------------------------------------- */

int file_verify_run(struct client *client, struct args *args)
{
	Request *request = args_request(client, args);
	const char *path = args_get(args, "path");
	struct hashed file;
	Reply *reply;
	int code;

	if (!request)
		return EXIT_USAGE;
	hash_begin(&file, path);
	code = hash_end(client, &file);
	hash_close(&file);
	if (code == 0)
		code = call_request(client, request, &reply);
	if (code != 0)
		return code;
	if (file.size != (uint64_t)reply->get_file->size_bytes ||
	    reply->get_file->sha256.len != SHA256_BYTES ||
	    memcmp(file.sha256, reply->get_file->sha256.data, SHA256_BYTES) != 0)
		code = fail2(client, EXIT_SECURITY, "file_differs", path,
			     reply->get_file->file_id);
	else
		out_printf(client_out(client), "%s\n",
			   say(client, "text.file_same", path, ""));
	call_free(reply);
	return code;
}
