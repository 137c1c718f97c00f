#include "server/request.h"
#include "server/digest.h"
#include "server/held.h"
#include "server/identity.h"
#include "server/refusal.h"
#include "server/service.h"
#include "server/signer.h"
#include "server/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/frame.h"
#include "common/log.h"
#include "common/wire.h"
#include "envelope.pb-c.h"

enum { PROTOCOL = 1, KEY_LEN = 16, FINGERPRINT = 32 };
/* At most: tags and lengths of envelope, payload and body, and the id. */
enum { FRAME_AROUND = 64 };

/* Field numbers of the envelope, written by hand around what the codec made. */
enum { ENVELOPE_ID = 1, ENVELOPE_PAYLOAD = 2, ENVELOPE_SIGNATURE = 3, WIRE_VARINT = 0,
	WIRE_LEN = 2 };

struct request {
	struct service *service;
	struct request_client *client; /* borrowed; NULL once the client left */
	struct arena arena;            /* everything the request is made of */
	struct arena outer;            /* but for its envelope, the payload in it */
	uint64_t id;
	Envelope *envelope;
	Request *message;
	const struct route *route;

	struct db_call call;
	unsigned ticket; /* of digest_take */
	uint8_t digest[DIGEST_BYTES];
	const char *values[SERVICE_CONTEXT + SERVICE_PARAMS];
	int lengths[SERVICE_CONTEXT + SERVICE_PARAMS];

	struct later_item later;
	struct held_item held;
	uint8_t *frame; /* the reply, while it waits to be handed over */
	size_t frame_len;
	bool fatal;
};

/* ---- the end ------------------------------------------------------------------------ */

static void finish(struct request *request, uint8_t *frame, size_t len, bool fatal)
{
	if (request->client)
		request->client->reply(request->client, request, frame, len, fatal);
	else
		free(frame);
	arena_free(&request->arena);
	arena_free(&request->outer);
	free(request);
}

static void on_later(struct later_item *item)
{
	struct request *request = (struct request *)((char *)item -
		offsetof(struct request, later));

	finish(request, request->frame, request->frame_len, request->fatal);
}

/* An envelope around a payload that is already in `buf` from byte `at` on. */
static uint8_t *envelope(uint64_t id, const struct buf *payload, size_t *len)
{
	struct buf out = { 0 };

	buf_varint(&out, ENVELOPE_ID << 3 | WIRE_VARINT);
	buf_varint(&out, id);
	buf_varint(&out, ENVELOPE_PAYLOAD << 3 | WIRE_LEN);
	buf_varint(&out, payload->len);
	buf_put(&out, payload->data, payload->len);
	if (out.failed || payload->failed)
		buf_free(&out);
	*len = out.len;
	return out.data;
}

static uint8_t *refusal_frame(uint64_t id, Refusal *refusal, size_t *len)
{
	Reply reply = REPLY__INIT;
	struct buf buf = { 0 };
	uint8_t *frame = NULL, *packed;
	size_t size;

	reply.refusal = refusal;
	size = reply__get_packed_size(&reply);
	packed = malloc(size);
	if (packed) {
		reply__pack(&reply, packed);
		buf_put(&buf, packed, size);
		frame = envelope(id, &buf, len);
	}
	free(packed);
	buf_free(&buf);
	return frame;
}

uint8_t *request_refusal(uint64_t id, const char *code, uint32_t retry_after_ms,
	size_t *len)
{
	Refusal refusal = REFUSAL__INIT;
	struct arena arena;
	uint8_t *frame;

	arena_init(&arena, 4096);
	refusal_plain(&refusal, code, &arena);
	refusal.has_retry_after_ms = retry_after_ms > 0;
	refusal.retry_after_ms = retry_after_ms;
	frame = refusal_frame(id, &refusal, len);
	arena_free(&arena);
	return frame;
}

/* Refuses from inside request_start: the reply goes out later. */
static void refuse(struct request *request, Refusal *refusal, bool fatal)
{
	request->frame = refusal_frame(request->id, refusal, &request->frame_len);
	request->fatal = fatal || !request->frame;
	later_post(service_later(request->service), &request->later, on_later);
}

static void refuse_plain(struct request *request, const char *code, bool fatal)
{
	Refusal refusal = REFUSAL__INIT;

	refusal_plain(&refusal, code, &request->arena);
	refuse(request, &refusal, fatal);
}

static void refuse_field(struct request *request, const char *field, const char *why)
{
	Refusal refusal = REFUSAL__INIT;
	Reason reason = REASON__INIT, *reasons[] = { &reason };
	char *name = arena_copy(&request->arena, field, strlen(field));
	char *key = arena_copy(&request->arena, why, strlen(why));

	refusal_plain(&refusal, ERR_INVALID, &request->arena);
	refusal.args = &name;
	refusal.n_args = name != NULL;
	reason.key = key;
	refusal.reasons = reasons;
	refusal.n_reasons = 1;
	refuse(request, &refusal, false);
}

/* ---- what one source may do in a minute --------------------------------------------------- */

static const struct config_port *port_of(const struct request *request)
{
	return &service_config(request->service)->ports[service_kind(request->service)];
}

static void refuse_hurry(struct request *request, const char *key, uint32_t wait_ms)
{
	Refusal refusal = REFUSAL__INIT;
	char seconds[12], *arg;

	snprintf(seconds, sizeof(seconds), "%u", (wait_ms + 999) / 1000);
	arg = arena_copy(&request->arena, seconds, strlen(seconds));
	refusal_plain(&refusal, ERR_BUSY, &request->arena);
	refusal.key = arena_copy(&request->arena, key, strlen(key));
	refusal.args = &arg;
	refusal.n_args = arg != NULL;
	refusal.has_retry_after_ms = true;
	refusal.retry_after_ms = wait_ms;
	refuse(request, &refusal, false);
}

/* True: refused. */
static bool too_many(struct request *request, enum source_pace pace, unsigned limit,
	const char *key)
{
	uint32_t wait = source_wait(request->client->source, pace, limit,
		service_now(request->service));

	if (wait)
		refuse_hurry(request, key, wait);
	return wait;
}

/* True: refused.  A code that turns out wrong is counted by its answer. */
static bool hurries(struct request *request, unsigned flags)
{
	const struct config_port *port = port_of(request);

	if (flags & CAT_CODE && too_many(request, SOURCE_WRONG_CODES,
			port->wrong_codes_per_source, "too_many_wrong_codes"))
		return true;
	if (!(flags & CAT_PACED))
		return false;
	if (too_many(request, SOURCE_ANSWERS, port->answers_per_source,
			"too_many_answers"))
		return true;
	source_count(request->client->source, SOURCE_ANSWERS,
		service_now(request->service));
	return false;
}

static void count_wrong_code(struct request *request, const Refusal *refusal)
{
	if (request->client && (request->route->row->flags & CAT_CODE) &&
	    refusal->code && strcmp(refusal->code, ERR_SLIP_UNKNOWN) == 0)
		source_count(request->client->source, SOURCE_WRONG_CODES,
			service_now(request->service));
}

/* ---- the answer --------------------------------------------------------------------------- */

/* What says that nothing is done until a second person agrees, if the row does. */
static bool put_waiting(const struct request *request, const PGresult *result,
	struct buf *out, bool *waits)
{
	const struct codec_field *f = &request->route->waiting;
	int column = (int)request->route->reply->n;

	*waits = f->composite && PQntuples(result) > 0 && !PQgetisnull(result, 0, column);
	return !*waits || codec_decode_value(f,
		(const uint8_t *)PQgetvalue(result, 0, column),
		(size_t)PQgetlength(result, 0, column), out);
}

/* Wraps the bytes of the reply's body, which stand in `body`, after those that
 * stand in `payload` already. */
static uint8_t *answer_frame(struct request *request, struct buf payload,
	const struct buf *body, size_t *len)
{
	uint8_t *frame;

	buf_varint(&payload, (uint64_t)request->route->number << 3 | WIRE_LEN);
	buf_varint(&payload, body->len);
	buf_put(&payload, body->data, body->len);
	frame = envelope(request->id, &payload, len);
	buf_free(&payload);
	return frame;
}

static void internal(struct request *request, Refusal *refusal, const char *what,
	const char *detail)
{
	log_line(LOG_ERROR, "internal", "request=%s ref=%s what=%s detail=\"%s\"",
		request->route->row->name, refusal->ref ? refusal->ref : "-", what,
		detail);
}

/* `gone`: the certificate the connection stands on is not accepted any more. */
static uint8_t *error_frame(struct request *request, const PGresult *result, size_t *len,
	bool *gone)
{
	Refusal refusal = REFUSAL__INIT;

	if (!refusal_from_result(&refusal, result, &request->arena))
		internal(request, &refusal, "sql",
			request->route->row->flags & CAT_QUIET ?
			PQresultErrorField(result, PG_DIAG_SQLSTATE) :
			PQresultErrorMessage(result));
	count_wrong_code(request, &refusal);
	*gone = refusal.code && strcmp(refusal.code, ERR_UNAUTHENTICATED) == 0;
	return refusal_frame(request->id, &refusal, len);
}

/* The client takes no frame over the limit: it is told to ask for less. */
static uint8_t *too_much_frame(struct request *request, size_t *len)
{
	Refusal refusal = REFUSAL__INIT;
	char key[] = "reply_too_big";

	refusal_plain(&refusal, ERR_TOO_BIG, &request->arena);
	refusal.key = key;
	return refusal_frame(request->id, &refusal, len);
}

static uint8_t *row_frame(struct request *request, const PGresult *result, size_t *len)
{
	Refusal refusal = REFUSAL__INIT;
	struct buf body = { 0 }, waiting = { 0 };
	bool waits, read = put_waiting(request, result, &waiting, &waits) &&
		codec_decode(request->route->reply, result, request->call.row, &body);
	uint8_t *frame = NULL;

	if (read && waits && !request->call.rollback) {
		/* what it would have been is not what it is */
		frame = envelope(request->id, &waiting, len);
		buf_free(&waiting);
	} else if (read && body.len + waiting.len > FRAME_LIMIT - FRAME_AROUND) {
		frame = too_much_frame(request, len);
		buf_free(&waiting);
	} else if (read) {
		frame = answer_frame(request, waiting, &body, len);
	} else {
		buf_free(&waiting);
	}
	if (!frame) {
		refusal_plain(&refusal, ERR_INTERNAL, &request->arena);
		internal(request, &refusal, "reply", "does not fit its message");
		frame = refusal_frame(request->id, &refusal, len);
	}
	buf_free(&body);
	return frame;
}

static uint8_t *outcome_frame(struct request *request, enum db_outcome outcome,
	size_t *len)
{
	Refusal refusal = REFUSAL__INIT;

	refusal_plain(&refusal, outcome == DB_BUSY ? ERR_BUSY : ERR_UNAVAILABLE,
		&request->arena);
	refusal.has_retry_after_ms = true;
	refusal.retry_after_ms = port_of(request)->busy_retry_ms;
	if (outcome == DB_UNKNOWN) {
		refusal.has_outcome_unknown = true;
		refusal.outcome_unknown = true;
	}
	return refusal_frame(request->id, &refusal, len);
}

static void on_held(struct held_item *item)
{
	struct request *request = (struct request *)((char *)item -
		offsetof(struct request, held));

	finish(request, request->frame, request->frame_len, request->fatal);
}

/* Whoever asks again at once would take the processor from those who are served:
 * the answer comes a while later, and till then counts as in flight.  It is all
 * that is kept of the request. */
static void tell_busy(struct request *request)
{
	request->frame = outcome_frame(request, DB_BUSY, &request->frame_len);
	request->fatal = !request->frame;
	request->call.done = NULL;
	arena_free(&request->arena);
	arena_free(&request->outer);
	held_put(service_busy(request->service), &request->held, on_held);
}

/* ---- what the authority stands for -------------------------------------------------------- */

static const uint8_t *cell(const PGresult *result, int row, const char *name, int len)
{
	int column = PQfnumber(result, name);

	if (column < 0 || PQgetisnull(result, row, column) ||
	    (len && PQgetlength(result, row, column) != len))
		return NULL;
	return (const uint8_t *)PQgetvalue(result, row, column);
}

/* The reply goes out with the signature after its payload, or without one where the
 * signer would have to sign a second list. */
static void on_receipt(void *arg, enum signer_outcome outcome, const uint8_t *der,
	size_t len)
{
	struct request *request = arg;
	struct buf out = { 0 };

	/* with the client the service may be gone as well */
	if (request->client && (outcome == SIGNER_BUSY || outcome == SIGNER_DOWN)) {
		free(request->frame);
		request->frame = outcome_frame(request, DB_UNAVAILABLE, &request->frame_len);
	} else if (outcome == SIGNER_OK) {
		buf_put(&out, request->frame, request->frame_len);
		buf_varint(&out, ENVELOPE_SIGNATURE << 3 | WIRE_LEN);
		buf_varint(&out, len);
		buf_put(&out, der, len);
		free(request->frame);
		request->frame = out.data;
		request->frame_len = out.len;
	}
	finish(request, request->frame, request->frame_len, !request->frame);
}

/* The list if there is one, else the receipt.  False: there is nothing to sign. */
static bool ask_signer(struct request *request, const PGresult *result)
{
	const struct identity *identity = service_identity(request->service);
	int row = request->call.row;
	const uint8_t *session = cell(result, row, "session_id", 0);
	const uint8_t *list = cell(result, row, "receipts_hash", RECEIPT_HASH);
	const uint8_t *receipt = cell(result, row, "receipt", RECEIPT_HASH);

	return session && (list || receipt) &&
		signer_receipt(identity->loop, identity->signer_path,
			list ? RECEIPT_LIST : RECEIPT_BALLOT, (const char *)session,
			list ? list : receipt, on_receipt, request);
}

static void on_done(struct db_call *call, enum db_outcome outcome, const PGresult *result)
{
	struct request *request = (struct request *)((char *)call -
		offsetof(struct request, call));
	uint8_t *frame = NULL;
	bool gone = false;
	size_t len = 0;

	if (request->client)
		digest_answered(request->client->digest, request->ticket,
			outcome == DB_OK);
	if (outcome == DB_BUSY) {
		tell_busy(request);
		return;
	}
	if (outcome == DB_OK)
		frame = row_frame(request, result, &len);
	else if (outcome == DB_ERROR)
		frame = error_frame(request, result, &len, &gone);
	else if (outcome != DB_CANCELLED)
		frame = outcome_frame(request, outcome, &len);
	if (frame && outcome == DB_OK && (request->route->row->flags & CAT_RECEIPT)) {
		request->frame = frame;
		request->frame_len = len;
		if (ask_signer(request, result))
			return;
	}
	finish(request, frame, len, !frame || gone);
}

static void on_native(void *arg, const ProtobufCMessage *reply,
	const struct native_refusal *native)
{
	struct request *request = arg;
	Refusal refusal = REFUSAL__INIT;
	uint8_t *frame;
	size_t len = 0;

	if (reply) {
		struct buf body = { 0 };
		size_t size = protobuf_c_message_get_packed_size(reply);
		uint8_t *packed = arena_alloc(&request->arena, size + 1);

		if (packed) {
			protobuf_c_message_pack(reply, packed);
			buf_put(&body, packed, size);
		}
		frame = packed ? answer_frame(request, (struct buf){ 0 }, &body, &len) :
			NULL;
		buf_free(&body);
	} else {
		char *arg0 = native->arg ? arena_copy(&request->arena, native->arg,
			strlen(native->arg)) : NULL;

		refusal_plain(&refusal, native->code, &request->arena);
		if (native->key)
			refusal.key = arena_copy(&request->arena, native->key,
				strlen(native->key));
		refusal.args = &arg0;
		refusal.n_args = arg0 != NULL;
		frame = refusal_frame(request->id, &refusal, &len);
	}
	finish(request, frame, len, !frame);
}

/* ---- the beginning ------------------------------------------------------------------------- */

/* The body's message, whatever it is: the oneof's members share one place. */
static const ProtobufCMessage *body_of(const Request *message)
{
	return (const ProtobufCMessage *)message->enrol;
}

static bool signature_good(const struct request *request)
{
	const ProtobufCBinaryData *payload = &request->envelope->payload;
	const ProtobufCBinaryData *signature = &request->envelope->signature;
	EVP_MD_CTX *md;
	bool good;

	if (!request->client->key || !request->envelope->has_signature)
		return false;
	md = EVP_MD_CTX_new();
	good = md && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL,
			request->client->key) == 1 &&
		EVP_DigestVerify(md, signature->data, signature->len, payload->data,
			payload->len) == 1;
	EVP_MD_CTX_free(md);
	return good;
}

static void set_value(struct request *request, int at, const void *data, size_t len)
{
	request->values[at] = data;
	request->lengths[at] = (int)len;
}

/* The wrapper's own parameters: sql/call.sql. */
static void set_context(struct request *request)
{
	const Envelope *envelope = request->envelope;
	const Request *message = request->message;

	if (request->client->fp)
		set_value(request, 0, request->client->fp, FINGERPRINT);
	if (message->acting)
		set_value(request, 1, message->acting, strlen(message->acting));
	if (!(request->route->row->flags & CAT_SIGNED)) {
		/* all of it stands in the message once more */
		arena_free(&request->outer);
		return;
	}
	set_value(request, 2, message->key.data, message->key.len);
	set_value(request, 3, envelope->payload.data, envelope->payload.len);
	set_value(request, 4, envelope->signature.data, envelope->signature.len);
}

/* The parameter a field of the message became; NULL: not given. */
static const char *given(const struct request *request, const char *field, int *len)
{
	const struct codec_plan *plan = request->route->request;
	unsigned i = 0;

	while (i < plan->n && strcmp(plan->fields[i].field->name, field) != 0)
		i++;
	*len = i < plan->n ? request->lengths[SERVICE_CONTEXT + i] : 0;
	return i < plan->n ? request->values[SERVICE_CONTEXT + i] : NULL;
}

/* What is tried only (a dry run) is no piece of anything. */
static void take_piece(struct request *request)
{
	int id_len, no_len, len;
	const char *id = given(request, "file_id", &id_len);
	const char *no = given(request, "chunk_no", &no_len);
	const char *data = given(request, "data", &len);

	if (id && no && data && !request->call.rollback)
		request->ticket = digest_take(&request->client->digest, id,
			(int32_t)buf_get_u32((const uint8_t *)no), data, (size_t)len);
}

/* Never what the client says: no field of its message comes there. */
static void give_digest(struct request *request)
{
	int len;
	const char *id = given(request, "file_id", &len);

	if (id && digest_of(request->client->digest, id, request->digest))
		set_value(request, (int)request->route->digest, request->digest,
			DIGEST_BYTES);
}

static void run(struct request *request)
{
	const struct route *route = request->route;
	const Request *message = request->message;
	const char *field;

	if (route->row->flags & CAT_NATIVE) {
		if (!identity_enrol(service_identity(request->service), message->enrol,
				on_native, request))
			refuse_plain(request, ERR_UNAVAILABLE, false);
		return;
	}
	set_context(request);
	if (!codec_encode(route->request, body_of(message), &request->arena,
			request->values + SERVICE_CONTEXT,
			request->lengths + SERVICE_CONTEXT, &field)) {
		if (field)
			refuse_field(request, field, "value_range");
		else
			refuse_plain(request, ERR_TOO_BIG, false);
		return;
	}
	request->call = (struct db_call){
		.statement = &route->statement, .values = request->values,
		.lengths = request->lengths, .done = on_done,
		.rollback = message->has_dry_run && message->dry_run,
	};
	if (route->row->flags & CAT_PIECE)
		take_piece(request);
	if (route->digest)
		give_digest(request);
	db_submit(service_db(request->service), &request->call);
}

/* Everything that can be refused without asking the database. */
static void admit(struct request *request)
{
	const Request *message = request->message;
	const struct catalogue_row *row;

	if (message->has_version && message->version != PROTOCOL) {
		refuse_plain(request, ERR_UNSUPPORTED, false);
		return;
	}
	row = catalogue_find(message->body_case);
	if (!row) {
		refuse_plain(request, message->body_case == REQUEST__BODY__NOT_SET ?
			ERR_BAD_MESSAGE : ERR_UNSUPPORTED, false);
		return;
	}
	if (!service_ready(request->service)) {
		refuse_plain(request, ERR_UNAVAILABLE, false);
		return;
	}
	request->route = service_route(request->service, message->body_case);
	if (!request->route) {
		refuse_plain(request, request->client->fp ? ERR_DENIED :
			ERR_UNAUTHENTICATED, false);
		return;
	}
	if ((row->flags & CAT_SIGNED) && !signature_good(request)) {
		refuse_plain(request, ERR_SIGNATURE, false);
		return;
	}
	if ((row->flags & CAT_SIGNED) && message->key.len != KEY_LEN) {
		refuse_field(request, "key", "key_needed");
		return;
	}
	if (!hurries(request, row->flags))
		run(request);
}

/* Checks and unpacks one layer.  False: refused. */
static bool open_layer(struct request *request, struct arena *arena,
	const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len, bool fatal,
	ProtobufCMessage **message)
{
	const struct config_port *port = port_of(request);
	struct wire_limits limits = { .depth = port->depth, .fields = port->fields,
		.string = port->string };
	const char *field = NULL;

	switch (wire_check(type, data, len, &limits, &field)) {
	case WIRE_OK:
		break;
	case WIRE_INVALID:
		refuse_field(request, field ? field : "", "not_text");
		return false;
	case WIRE_UNKNOWN_REQUEST:
		refuse_plain(request, ERR_UNSUPPORTED, false);
		return false;
	case WIRE_BAD_MESSAGE:
		refuse_plain(request, ERR_BAD_MESSAGE, fatal);
		return false;
	}
	*message = protobuf_c_message_unpack(type, arena_protobuf(arena), len, data);
	if (*message)
		return true;
	refuse_plain(request, ERR_TOO_BIG, fatal);
	return false;
}

struct request *request_start(struct service *service, struct request_client *client,
	const uint8_t *frame, size_t len)
{
	struct request *request = calloc(1, sizeof(*request));
	ProtobufCMessage *message;

	if (!request)
		return NULL;
	request->service = service;
	request->client = client;
	arena_init(&request->arena, port_of(request)->arena);
	arena_init(&request->outer, port_of(request)->arena);
	if (!open_layer(request, &request->outer, &envelope__descriptor, frame, len, true,
			&message))
		return request;
	request->envelope = (Envelope *)message;
	request->id = request->envelope->has_id ? request->envelope->id : 0;
	if (!open_layer(request, &request->arena, &request__descriptor,
			request->envelope->payload.data, request->envelope->payload.len,
			false, &message))
		return request;
	request->message = (Request *)message;
	admit(request);
	return request;
}

void request_cancel(struct request *request)
{
	request->client = NULL;
	if (request->call.done)
		db_cancel(&request->call);
}
