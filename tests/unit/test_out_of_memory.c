/*
 * Case 90: whichever allocation of a request fails, it is answered as an internal
 * error, or refused, or its connection is to be closed; the process goes on and
 * nothing leaks (the sanitized build would say so).  request.c and everything
 * below it is real; the service and the database are stubs.
 */
#include "tests/unit/check.h"
#include "tests/unit/short_memory.h"

#include "common/frame.h"
#include "common/log.h"
#include "envelope.pb-c.h"
#include "server/held.h"
#include "server/request.h"
#include "server/service.h"

#include "common/error.h" /* after OpenSSL, which has an ERR_STATE too */

/* ---- the stubs ------------------------------------------------------------------- */

static uv_loop_t loop;
static struct later later;
static struct held busy;
static struct config config;
static struct route *find;
static PGresult *rows;      /* what the database answers with; NULL: not at all */
static enum db_outcome outcome;
static struct later_item item;
static struct db_call *asked;
static FILE *quiet;

bool service_ready(const struct service *service)
{
	(void)service;
	return true;
}

struct db *service_db(struct service *service)
{
	(void)service;
	return NULL;
}

struct later *service_later(struct service *service)
{
	(void)service;
	return &later;
}

uint64_t service_now(const struct service *service)
{
	(void)service;
	return uv_now(&loop);
}

struct held *service_busy(struct service *service)
{
	(void)service;
	return &busy;
}

const struct config *service_config(const struct service *service)
{
	(void)service;
	return &config;
}

enum worker_kind service_kind(const struct service *service)
{
	(void)service;
	return WORKER_MEMBER;
}

const struct identity *service_identity(const struct service *service)
{
	(void)service;
	return NULL;
}

const struct route *service_route(const struct service *service, uint32_t number)
{
	(void)service;
	return number == REQUEST__BODY_FIND ? find : NULL;
}

bool identity_enrol(const struct identity *identity, const Enrol *enrol,
	native_done done, void *arg)
{
	(void)identity;
	(void)enrol;
	(void)done;
	(void)arg;
	return false;
}

static void on_asked(struct later_item *i)
{
	(void)i;
	asked->done(asked, outcome, outcome == DB_OK || outcome == DB_ERROR ? rows : NULL);
}

void db_submit(struct db *db, struct db_call *call)
{
	(void)db;
	asked = call;
	later_post(&later, &item, on_asked);
}

void db_cancel(struct db_call *call)
{
	(void)call;
}

/* ---- plans and rows by hand --------------------------------------------------------- */

static struct codec_plan *plan(const ProtobufCMessageDescriptor *message)
{
	struct codec_plan *p = calloc(1, sizeof(*p) +
		message->n_fields * sizeof(p->fields[0]));

	p->message = message;
	p->n = message->n_fields;
	for (unsigned i = 0; i < p->n; i++) {
		const ProtobufCFieldDescriptor *f = &message->fields[i];

		p->fields[i].field = f;
		p->fields[i].kind = f->type == PROTOBUF_C_TYPE_MESSAGE ?
			CODEC_COMPOSITE : CODEC_TEXT;
		if (f->type == PROTOBUF_C_TYPE_MESSAGE)
			p->fields[i].composite = plan(f->descriptor);
	}
	return p;
}

/* An array of `n` composites of `fields` texts, as PostgreSQL sends it. */
static void put_rows(struct buf *b, uint32_t n, uint32_t fields)
{
	static const char text[] = "电气自动化系教工党支部";

	buf_u32(b, 1);
	buf_u32(b, 0);
	buf_u32(b, 0);
	buf_u32(b, n);
	buf_u32(b, 1);
	for (uint32_t i = 0; i < n; i++) {
		buf_u32(b, 4 + fields * (8 + sizeof(text) - 1));
		buf_u32(b, fields);
		for (uint32_t k = 0; k < fields; k++) {
			buf_u32(b, 25);
			buf_u32(b, sizeof(text) - 1);
			buf_put(b, text, sizeof(text) - 1);
		}
	}
}

static PGresult *make_rows(void)
{
	PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[3] = { { .name = strdup("orgs"), .format = 1 },
		{ .name = strdup("people"), .format = 1 },
		{ .name = strdup("objects"), .format = 1 } };
	static const uint32_t fields[] = { 3, 5, 5 };
	struct buf b = { 0 };

	assert_true(PQsetResultAttrs(r, 3, columns));
	for (int i = 0; i < 3; i++) {
		buf_reset(&b);
		put_rows(&b, 60, fields[i]);
		assert_true(PQsetvalue(r, 0, i, (char *)b.data, (int)b.len));
		free(columns[i].name);
	}
	buf_free(&b);
	return r;
}

/* ---- one request ---------------------------------------------------------------------- */

static struct {
	bool came, fatal;
	uint8_t *frame;
	size_t len;
} answer;

static void on_reply(struct request_client *client, struct request *request,
	uint8_t *frame, size_t len, bool fatal)
{
	(void)client;
	(void)request;
	assert_false(answer.came);
	answer.came = true;
	answer.fatal = fatal;
	answer.frame = frame;
	answer.len = len;
}

static uint8_t *pack(const char *words, size_t *len)
{
	union { const char *in; char *out; } text = { words };
	Find body = FIND__INIT;
	Request request = REQUEST__INIT;
	Envelope envelope = ENVELOPE__INIT;
	uint8_t payload[4096], *frame;

	body.words = text.out;
	request.body_case = REQUEST__BODY_FIND;
	request.find = &body;
	envelope.has_id = envelope.has_payload = 1;
	envelope.id = 7;
	envelope.payload.data = payload;
	envelope.payload.len = request__pack(&request, payload);
	*len = envelope__get_packed_size(&envelope);
	frame = malloc(*len);
	envelope__pack(&envelope, frame);
	return frame;
}

/* The code of the refusal, "" for the full answer, NULL for a closed connection. */
static const char *code_of_answer(void)
{
	static char code[8];
	Envelope *envelope;
	Reply *reply;

	assert_true(answer.came);
	if (!answer.frame) {
		assert_true(answer.fatal);
		return NULL;
	}
	envelope = envelope__unpack(NULL, answer.len, answer.frame);
	assert_non_null(envelope);
	reply = reply__unpack(NULL, envelope->payload.len, envelope->payload.data);
	assert_non_null(reply);
	*code = '\0';
	if (reply->refusal)
		/* of a refusal the words may be missing, never the form */
		snprintf(code, sizeof(code), "%s", reply->refusal->code ?
			reply->refusal->code : "-");
	else
		assert_int_equal(reply->find->n_orgs, 60);
	reply__free_unpacked(reply, NULL);
	envelope__free_unpacked(envelope, NULL);
	free(answer.frame);
	return code;
}

/* Every allocation of one request fails once, in turn. */
static unsigned each(const char *words, const char *in_the_end)
{
	struct request_client client = { .reply = on_reply };
	unsigned n = 0;
	const char *code;
	bool through;
	size_t len;
	uint8_t *frame = pack(words, &len);

	do {
		memset(&answer, 0, sizeof(answer));
		memory.taken = 0;
		memory.fail_at = n++;
		memory.armed = true;
		if (request_start(NULL, &client, frame, len))
			while (!answer.came)
				uv_run(&loop, UV_RUN_NOWAIT);
		else
			answer.came = answer.fatal = true;
		memory.armed = false;
		through = memory.taken <= memory.fail_at;
		code = code_of_answer();
		if (!through)
			assert_true(!code || !strcmp(code, ERR_INTERNAL) ||
				!strcmp(code, ERR_TOO_BIG) || !strcmp(code, "-") ||
				!strcmp(code, in_the_end));
	} while (!through);
	assert_string_equal(code, in_the_end);
	free(frame);
	return n;
}

static void answered(void **state)
{
	(void)state;
	outcome = DB_OK;
	rows = make_rows();
	assert_true(each("电气", "") > 5);
	PQclear(rows);
}

static void row_that_does_not_fit(void **state)
{
	char name[] = "x";

	(void)state;
	outcome = DB_OK;
	rows = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PQsetResultAttrs(rows, 1, &(PGresAttDesc){ .name = name });
	PQsetvalue(rows, 0, 0, name, 1);
	assert_true(each("电气", ERR_INTERNAL) > 3);
	PQclear(rows);
}

static void error_of_the_database(void **state)
{
	(void)state;
	outcome = DB_ERROR;
	rows = PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
	assert_true(each("电气", ERR_INTERNAL) > 3);
	PQclear(rows);
}

static void no_database(void **state)
{
	(void)state;
	outcome = DB_UNAVAILABLE;
	assert_true(each("电气", ERR_UNAVAILABLE) > 3);
	outcome = DB_BUSY;
	assert_true(each("电气", ERR_BUSY) > 3);
}

static void refused_before_the_database(void **state)
{
	(void)state;
	assert_true(each("电\x1b气", ERR_INVALID) > 2);
}

/* What is shed and never became a request. */
static void shed(void **state)
{
	bool through;

	(void)state;
	for (unsigned n = 0;; n++) {
		size_t len;
		uint8_t *frame;

		memory.taken = 0;
		memory.fail_at = n;
		memory.armed = true;
		frame = request_refusal(7, ERR_BUSY, 500, &len);
		memory.armed = false;
		through = memory.taken <= n;
		assert_true(frame || !through);
		free(frame);
		if (through)
			break;
	}
}

/* A frame in pieces: no memory for one of them is said, and stays said. */
static void frames(void **state)
{
	enum frame_result result;
	bool through;

	(void)state;
	for (unsigned n = 0;; n++) {
		static uint8_t bytes[FRAME_HEADER + 300000];
		struct frame_reader reader;

		frame_init(&reader, FRAME_LIMIT);
		frame_write_header(bytes, sizeof(bytes) - FRAME_HEADER);
		memory.taken = 0;
		memory.fail_at = n;
		memory.armed = true;
		for (size_t at = 0; at < sizeof(bytes); at += 5000) {
			const uint8_t *p = bytes + at;
			size_t len = at + 5000 < sizeof(bytes) ? 5000 : sizeof(bytes) - at;

			result = frame_feed(&reader, &p, &len);
		}
		memory.armed = false;
		through = memory.taken <= n;
		assert_int_equal(result, through ? FRAME_READY : FRAME_NO_MEMORY);
		frame_free(&reader);
		if (through)
			break;
	}
}

static void on_closed(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	(void)state;
	quiet = fopen("/dev/null", "w");
	log_init(quiet, LOG_ERROR);
	uv_loop_init(&loop);
	later_init(&later, &loop, NULL, NULL);
	held_init(&busy, &loop, 1);
	assert_true(config_defaults(&config, "/nonexistent"));
	find = calloc(1, sizeof(*find));
	find->row = catalogue_find(REQUEST__BODY_FIND);
	find->number = REQUEST__BODY_FIND;
	find->request = plan(&find__descriptor);
	find->reply = plan(&find_reply__descriptor);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	codec_plan_free(find->request);
	codec_plan_free(find->reply);
	free(find);
	fclose(quiet);
	later_close(&later, on_closed);
	held_close(&busy, on_closed, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answered),
		cmocka_unit_test(row_that_does_not_fit),
		cmocka_unit_test(error_of_the_database),
		cmocka_unit_test(no_database),
		cmocka_unit_test(refused_before_the_database),
		cmocka_unit_test(shed),
		cmocka_unit_test(frames),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
