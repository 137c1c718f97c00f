#include "client/call.h"

#include "client/client.h"
#include "client/error.h"
#include "client/files.h"
#include "client/keyfile.h"
#include "client/outbox.h"
#include "common/error.h"
#include "common/wire.h"
#include "server/catalogue.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROTOCOL 1
#define LOCK_WAIT_MS 10000
#define CONNECT_MS 3000
#define REPLY_MS 60000
#define RETRY_TIMES 3
#define RETRY_MS 3000
#define RETRY_MOST_MS 10000

/* One request on its way. */
struct call {
	struct client *client;
	const struct catalogue_row *row;
	Request *request;
	struct outbox_entry entry; /* request and envelope, whatever is sent */
	uint64_t id;               /* of the envelope */
	uint8_t *mine;             /* the envelope's bytes if built here */
	bool kept;                 /* the outbox has it */
	bool sent;                 /* it may have reached the server */
	bool doubt;                /* whether an earlier try was done is not known */
	int lock;
	Reply *reply;
};

/* ---- trying again ------------------------------------------------------------------------- */

/* ZHIBU_RETRY=times[,milliseconds]: for tests and scripts. */
static void retry_settings(unsigned *times, unsigned *ms)
{
	const char *text = getenv("ZHIBU_RETRY");

	*times = RETRY_TIMES;
	*ms = RETRY_MS;
	if (!text || sscanf(text, "%u,%u", times, ms) < 1)
		return;
	if (*times < 1 || *times > 100)
		*times = RETRY_TIMES;
	if (*ms > RETRY_MOST_MS)
		*ms = RETRY_MOST_MS;
}

static void pause_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/* 3, then 6 seconds: three tries within nine. */
static void back_off(unsigned attempt, unsigned base)
{
	unsigned ms = base * attempt;

	pause_ms(ms < RETRY_MOST_MS ? ms : RETRY_MOST_MS);
}

/* ---- Ctrl-C ------------------------------------------------------------------------------- */

static const char *interrupted_words;

static void on_interrupt(int sig)
{
	(void)sig;
	(void)!write(STDERR_FILENO, interrupted_words, strlen(interrupted_words));
	_exit(EXIT_INTERRUPTED);
}

/* While a write is on its way, leaving must not leave the person in doubt. */
static void watch_interrupt(bool on)
{
	struct sigaction action = { .sa_handler = on ? on_interrupt : SIG_DFL };

	interrupted_words = word("text.interrupted");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- building ------------------------------------------------------------------------------ */

static bool is_write(const struct call *call)
{
	return call->row->flags & CAT_SIGNED;
}

static bool is_anonymous(const struct call *call)
{
	return call->row->flags & CAT_ANONYMOUS;
}

static uint8_t *pack(const ProtobufCMessage *message, size_t *len)
{
	uint8_t *bytes;

	*len = protobuf_c_message_get_packed_size(message);
	bytes = malloc(*len ? *len : 1);
	if (bytes)
		protobuf_c_message_pack(message, bytes);
	return bytes;
}

/* What is asked, without the key: two tries of one command are the same. */
static bool fingerprint(const Request *request, uint8_t print[OUTBOX_PRINT])
{
	Request bare = *request;
	uint8_t *bytes;
	size_t len;

	bare.has_key = 0;
	bytes = pack(&bare.base, &len);
	if (!bytes)
		return false;
	SHA256(bytes, len, print);
	OPENSSL_cleanse(bytes, len);
	free(bytes);
	return true;
}

static bool sign(EVP_PKEY *key, const uint8_t *payload, size_t len,
		 ProtobufCBinaryData *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t room = 0;
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, NULL, &room, payload, len) == 1;

	if (ok) {
		signature->data = malloc(room);
		ok = signature->data &&
		     EVP_DigestSign(ctx, signature->data, &room, payload, len) == 1;
		signature->len = room;
	}
	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool build_envelope(struct call *call)
{
	Envelope envelope = ENVELOPE__INIT;
	bool ok;

	envelope.has_id = 1;
	envelope.id = call->id;
	envelope.has_payload = 1;
	envelope.payload.data = pack(&call->request->base, &envelope.payload.len);
	ok = envelope.payload.data != NULL;
	if (ok && is_write(call)) {
		envelope.has_signature = 1;
		ok = sign(call->client->key, envelope.payload.data,
			  envelope.payload.len, &envelope.signature);
	}
	if (ok) {
		call->mine = pack(&envelope.base, &call->entry.envelope_len);
		call->entry.envelope = call->mine;
		ok = call->mine != NULL;
	}
	free(envelope.payload.data);
	free(envelope.signature.data);
	return ok;
}

static bool give_key(struct call *call)
{
	Request *request = call->request;

	if (!is_write(call) || request->has_key)
		return true;
	request->key.data = arena_alloc(&call->client->arena, OUTBOX_KEY);
	request->key.len = OUTBOX_KEY;
	request->has_key = 1;
	return request->key.data && RAND_bytes(request->key.data, OUTBOX_KEY) == 1;
}

static void give_head(struct call *call)
{
	Request *request = call->request;
	struct client *client = call->client;
	union {
		const char *in;
		char *out;
	} acting = { client_acting(client) };

	request->has_version = 1;
	request->version = PROTOCOL;
	if (!request->acting && acting.in && !is_anonymous(call))
		request->acting = acting.out;
	if (client->line.settings.dry_run && !request->has_dry_run) {
		request->has_dry_run = 1;
		request->dry_run = 1;
	}
}

/* ---- the outbox ----------------------------------------------------------------------------- */

static void say_damaged(struct client *client, const struct outbox_list *list)
{
	size_t i;

	for (i = 0; i < list->n_damaged; i++)
		out_say(client->out, "%s",
			word_fill(&client->arena, word("text.outbox_damaged"), 1,
				  &list->damaged[i]));
}

/* The envelope's id is in bytes we no longer build. */
static bool id_of(const struct outbox_entry *entry, uint64_t *id)
{
	Envelope *envelope = envelope__unpack(NULL, entry->envelope_len,
					      entry->envelope);

	if (!envelope)
		return false;
	*id = envelope->id;
	envelope__free_unpacked(envelope, NULL);
	return true;
}

/* The same thing asked before and never answered: take that up. */
static bool take_up(struct call *call)
{
	struct client *client = call->client;
	const struct outbox_entry *before;
	struct outbox_list list;

	if (!outbox_read(client->profile.dir, &client->arena, &list))
		return false;
	say_damaged(client, &list);
	before = outbox_find(&list, call->entry.print);
	if (before && id_of(before, &call->id)) {
		call->entry = *before;
		call->kept = true;
		call->doubt = true;
	}
	return true;
}

static int hold_outbox(struct call *call)
{
	struct client *client = call->client;
	bool busy;

	if (!files_make_dir(client->profile.dir))
		return error_plain(client, EXIT_USAGE, "error.outbox_unwritable",
				   strerror(errno));
	call->lock = outbox_lock(client->profile.dir, LOCK_WAIT_MS, &busy);
	if (call->lock < 0 && busy)
		return error_plain(client, EXIT_UNREACHABLE, "error.outbox_busy", NULL);
	if (call->lock < 0 || !fingerprint(call->request, call->entry.print) ||
	    !take_up(call))
		return error_plain(client, EXIT_USAGE, "error.outbox_unwritable",
				   strerror(errno));
	return EXIT_DONE;
}

static bool uses_outbox(const struct call *call)
{
	return is_write(call) && !call->request->dry_run;
}

static int keep(struct call *call)
{
	struct client *client = call->client;

	if (!uses_outbox(call) || call->kept)
		return EXIT_DONE;
	call->entry.written_at = (int64_t)time(NULL) * 1000000;
	call->entry.request = call->row->name;
	if (!outbox_put(client->profile.dir, call->request->key.data, &call->entry))
		return error_plain(client, EXIT_USAGE, "error.outbox_unwritable",
				   strerror(errno));
	call->kept = true;
	return EXIT_DONE;
}

static void answered(struct call *call)
{
	if (call->kept &&
	    !outbox_drop(call->client->profile.dir, &call->entry))
		out_say(call->client->out, "%s", word("text.outbox_undropped"));
	call->kept = false;
}

/* ---- reading the answer ----------------------------------------------------------------------- */

/* What is stored is shown, harmless (text_printable), whoever stored it; a text
 * that could not be typed must not hide all that stands around it. */
static struct wire_limits answer_limits(void)
{
	struct wire_limits limits = wire_limits;

	limits.any_text = true;
	return limits;
}

static bool unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
		   size_t len, void *message)
{
	const struct wire_limits limits = answer_limits();

	if (wire_check(type, bytes, len, &limits, NULL) != WIRE_OK)
		return false;
	*(ProtobufCMessage **)message = protobuf_c_message_unpack(type, NULL, len,
								 bytes);
	return *(ProtobufCMessage **)message != NULL;
}

static bool fits(uint32_t body_case, const Reply *reply)
{
	return reply->refusal || reply->waiting || (uint32_t)reply->body_case == body_case;
}

static bool read_any_reply(struct client *client, uint32_t body_case,
			   const uint8_t *body, size_t len, uint64_t *id, Reply **reply)
{
	Envelope *envelope = NULL;
	bool ok;

	*reply = NULL;
	if (!unpack(&envelope__descriptor, body, len, &envelope))
		return false;
	*id = envelope->id;
	client->signature_len = envelope->signature.len;
	if (client->signature_len > sizeof(client->signature))
		client->signature_len = 0;
	if (client->signature_len)
		memcpy(client->signature, envelope->signature.data, client->signature_len);
	ok = unpack(&reply__descriptor, envelope->payload.data, envelope->payload.len,
		    reply);
	envelope__free_unpacked(envelope, NULL);
	if (ok && !fits(body_case, *reply)) {
		call_free(*reply);
		*reply = NULL;
		ok = false;
	}
	return ok;
}

static bool read_reply(struct call *call, const uint8_t *body, size_t len)
{
	uint64_t id;

	if (!read_any_reply(call->client, (uint32_t)call->request->body_case, body, len,
			    &id, &call->reply))
		return false;
	/* a server that could not even read the envelope answers with id 0 */
	if (id == call->id || id == 0)
		return true;
	call_free(call->reply);
	call->reply = NULL;
	return false;
}

bool call_vouched(struct client *client, enum receipt_kind kind, const char *session,
		  const uint8_t hash[RECEIPT_HASH], const uint8_t *signature, size_t len)
{
	X509 *authority = client->profile.authority;

	return authority && receipt_good(X509_get0_pubkey(authority), kind, session, hash,
					 signature, len);
}

bool call_attested(struct client *client, enum receipt_kind kind, const char *session,
		   const uint8_t hash[RECEIPT_HASH])
{
	return call_vouched(client, kind, session, hash, client->signature,
			    client->signature_len);
}

const uint8_t *call_signature(struct client *client, size_t *len)
{
	*len = client->signature_len;
	return client->signature;
}

/* ---- one exchange ------------------------------------------------------------------------------ */

static enum link_port port_of(const struct call *call)
{
	return is_anonymous(call) ? LINK_PUBLIC : LINK_MEMBER;
}

static void drop_link(struct call *call)
{
	struct link **link = &call->client->links[port_of(call)];

	link_close(*link);
	*link = NULL;
}

const char *client_server(const struct client *client)
{
	const char *server = client->line.settings.server;

	return server ? server : client->profile.server;
}

static enum link_result dial(struct call *call)
{
	struct client *client = call->client;
	const struct profile *profile = &client->profile;
	bool member = port_of(call) == LINK_MEMBER;
	struct link_settings settings = {
		.server = client_server(client),
		.port = member ? profile->member_port : PROFILE_PUBLIC_PORT,
		.port_for_all = member,
		.authority = client->pin ? NULL : profile->authority,
		.pin = client->pin,
		.certificate = member ? profile->certificate : NULL,
		.key = member ? client->key : NULL,
		.session_name = "session-member",
		.connect_ms = CONNECT_MS,
		.reply_ms = REPLY_MS,
	};
	enum link_result result;

	/* a session opens without the key: beside an encrypted one it must not
	 * lie about; and an anonymous caller is not to be recognised again */
	if (member && client->key_plain)
		settings.session_dir = profile->dir;
	client->links[port_of(call)] = link_open(&settings, &result);
	return result;
}

static enum link_result exchange(struct call *call)
{
	struct link **link = &call->client->links[port_of(call)];
	enum link_result result;
	uint8_t *body = NULL;
	size_t len;

	call->sent = true;
	result = link_send(*link, call->entry.envelope, call->entry.envelope_len);
	if (result == LINK_OK)
		result = link_receive(*link, &body, &len);
	if (result == LINK_OK && !read_reply(call, body, len))
		result = LINK_PROTOCOL;
	free(body);
	return result;
}

static bool worth_retrying(enum link_result result)
{
	return result == LINK_REFUSED || result == LINK_LOST ||
	       result == LINK_NO_ADDRESS;
}

/* The server said "later": wait as long as it asks, within reason. */
static bool told_later(const struct call *call)
{
	const Refusal *refusal = call->reply ? call->reply->refusal : NULL;

	return refusal && error_kind(refusal->code)->retryable &&
	       strcmp(refusal->code, ERR_STORAGE_FULL) != 0;
}

static void wait_as_told(const struct call *call, unsigned attempt, unsigned base)
{
	const Refusal *refusal = call->reply->refusal;
	unsigned ms = refusal->retry_after_ms;

	if (!ms || ms > RETRY_MOST_MS || ms > base)
		back_off(attempt, base);
	else
		pause_ms(ms);
}

static void say_connected(const struct call *call)
{
	struct client *client = call->client;
	const char *args[3] = {
		client_server(client),
		word(link_resumed(client->links[port_of(call)])
			     ? "text.resumed" : "text.full_handshake"),
		call->row->name,
	};

	if (client->line.settings.verbose)
		out_say(client->out, "%s", word_fill(&client->arena,
			word("text.verbose_link"), 3, args));
}

static int try_once(struct call *call, enum link_result *result)
{
	bool fresh = !call->client->links[port_of(call)];
	int code;

	*result = fresh ? dial(call) : LINK_OK;
	if (*result != LINK_OK)
		return EXIT_DONE;
	say_connected(call);
	code = keep(call);
	if (code)
		return code;
	*result = exchange(call);
	if (*result != LINK_OK) {
		call->doubt = true;
		drop_link(call);
	} else if (call->reply->refusal && call->reply->refusal->outcome_unknown) {
		call->doubt = true;
	}
	return EXIT_DONE;
}

static int try_all(struct call *call, enum link_result *result)
{
	unsigned times, base, attempt;
	int code;

	retry_settings(&times, &base);
	for (attempt = 1;; attempt++) {
		code = try_once(call, result);
		if (code)
			return code;
		if (*result == LINK_OK && !told_later(call))
			return EXIT_DONE;
		if (attempt >= times || (*result != LINK_OK && !worth_retrying(*result)))
			return EXIT_DONE;
		if (*result == LINK_OK) {
			wait_as_told(call, attempt, base);
			call_free(call->reply);
			call->reply = NULL;
		} else {
			back_off(attempt, base);
		}
	}
}

/* ---- what came of it --------------------------------------------------------------------------- */

static int exit_of(enum link_result result)
{
	switch (result) {
	case LINK_NOT_OURS:
		return EXIT_SECURITY;
	case LINK_NO_CERTIFICATE:
	case LINK_EXPIRED:
	case LINK_REVOKED:
	case LINK_UNKNOWN:
	case LINK_BAD_CERTIFICATE:
		return EXIT_LOGIN;
	case LINK_PROTOCOL:
		return EXIT_VERSION;
	default:
		return EXIT_UNREACHABLE;
	}
}

static int lost(struct call *call, enum link_result result)
{
	struct client *client = call->client;
	unsigned times, base;
	char tries[16];
	const char *args[2] = { client_server(client), tries };

	retry_settings(&times, &base);
	snprintf(tries, sizeof(tries), "%u", times);
	client_fail(client, exit_of(result), link_words(result), 2, args);
	if (call->kept && call->sent && !client->line.settings.json)
		out_say(client->out, "%s", word("text.outcome_unknown"));
	return exit_of(result);
}

/* Whether the answer settles the matter, so that the outbox may forget it.  "Busy"
 * says nothing of a try before it that was cut off. */
static bool settled(const struct call *call)
{
	Refusal *refusal = call->reply->refusal;

	if (!call->doubt || !refusal || !error_kind(refusal->code)->retryable)
		return true;
	refusal->outcome_unknown = call->kept;
	return false;
}

static int run(struct call *call)
{
	enum link_result result;
	int code = EXIT_DONE;

	if (uses_outbox(call))
		code = hold_outbox(call);
	if (code)
		return code;
	if (!call->kept && (!give_key(call) || !build_envelope(call)))
		return error_plain(call->client, EXIT_FAILED, "error.memory", NULL);
	watch_interrupt(uses_outbox(call));
	code = try_all(call, &result);
	watch_interrupt(false);
	if (code)
		return code;
	if (result != LINK_OK)
		return lost(call, result);
	if (settled(call))
		answered(call);
	return EXIT_DONE;
}

/* The identity a call needs: a server for the anonymous, a login for the rest. */
static int prepare(struct call *call)
{
	struct client *client = call->client;
	int code = EXIT_LOGIN;

	if (!call->row)
		return error_plain(client, EXIT_VERSION, "error.request_unknown", NULL);
	if (!is_anonymous(call)) {
		if (!client_need_login(client) || !client_need_key(client, &code))
			return code;
	} else if (!client_load_profile(client)) {
		return EXIT_USAGE;
	}
	if (!client_server(client) || (!client->profile.authority && !client->pin))
		return error_plain(client, EXIT_LOGIN, "error.no_server", NULL);
	return EXIT_DONE;
}

int call_try(struct client *client, Request *request, Reply **reply)
{
	struct call call = {
		.client = client,
		.row = catalogue_find(request->body_case),
		.request = request,
		.id = ++client->last_id,
		.lock = -1,
	};
	int code = prepare(&call);

	*reply = NULL;
	if (!code) {
		give_head(&call);
		code = run(&call);
	}
	outbox_unlock(call.lock);
	free(call.mine);
	if (code)
		call_free(call.reply);
	else
		*reply = call.reply;
	return code;
}

/* ---- ahead ------------------------------------------------------------------------------------ */

bool call_ahead(struct client *client, Request *request)
{
	struct call call = {
		.client = client,
		.row = catalogue_find(request->body_case),
		.request = request,
		.id = ++client->last_id,
	};
	struct link *link = client->links[LINK_MEMBER];
	bool sent;

	if (!link || !call.row || is_write(&call))
		return false;
	give_head(&call);
	sent = build_envelope(&call) &&
	       link_send(link, call.entry.envelope, call.entry.envelope_len) == LINK_OK;
	free(call.mine);
	if (!sent)
		call_hang_up(client);
	return sent;
}

bool call_answer(struct client *client, uint32_t body_case, Reply **reply)
{
	struct link *link = client->links[LINK_MEMBER];
	uint8_t *body = NULL;
	uint64_t id;
	size_t len;
	bool ok = link && link_receive(link, &body, &len) == LINK_OK &&
		  read_any_reply(client, body_case, body, len, &id, reply);

	free(body);
	if (!ok)
		call_hang_up(client);
	return ok;
}

void call_hang_up(struct client *client)
{
	link_close(client->links[LINK_MEMBER]);
	client->links[LINK_MEMBER] = NULL;
}

int call_refused(struct client *client, const Refusal *refusal)
{
	struct error_text text;

	if (!error_of_refusal(&text, &client->arena, client_command(client), refusal))
		return error_plain(client, EXIT_FAILED, "error.memory", NULL);
	error_say(client->out, &text);
	if (text.exit == EXIT_CLOSED)
		client_warn_clock(client);
	return text.exit;
}

int call_waits(struct client *client, const Reply *reply)
{
	const Waiting *w = reply->waiting;
	bool tried = client_dry_run(client);
	const char *roles = "", *args[3];

	for (size_t i = 0; i < w->n_roles; i++)
		roles = out_format(client->out, "%s%s%s", roles,
				   i ? word("text.list_comma") : "",
				   word_of("role", w->roles[i]));
	args[0] = w->approval_id;
	args[1] = roles;
	args[2] = out_date(client->out, w->until_on);
	if (client_json(client) && !tried)
		client_json_message(client, &w->base);
	else
		out_say(client->out, "%s", word_fill(&client->arena,
			word(tried ? "text.would_wait" : "text.waits"), 3, args));
	return tried ? EXIT_DONE : EXIT_SECOND;
}

int call_request(struct client *client, Request *request, Reply **reply)
{
	int code = call_try(client, request, reply);

	if (code)
		return code;
	if ((*reply)->waiting)
		code = call_waits(client, *reply);
	else if ((*reply)->refusal)
		code = call_refused(client, (*reply)->refusal);
	if (!code)
		return EXIT_DONE;
	call_free(*reply);
	*reply = NULL;
	return code;
}

void call_free(Reply *reply)
{
	if (reply)
		reply__free_unpacked(reply, NULL);
}

/* ---- sync -------------------------------------------------------------------------------------- */

/* The request within the bytes kept, to know which answer fits. */
static Request *request_within(const struct outbox_entry *entry, uint64_t *id)
{
	Envelope *envelope = envelope__unpack(NULL, entry->envelope_len,
					      entry->envelope);
	Request *request;

	if (!envelope)
		return NULL;
	*id = envelope->id;
	request = request__unpack(NULL, envelope->payload.len, envelope->payload.data);
	envelope__free_unpacked(envelope, NULL);
	return request;
}

int call_again(struct client *client, const struct outbox_entry *entry, Reply **reply)
{
	struct call call = { .client = client, .entry = *entry, .kept = true,
			     .doubt = true, .lock = -1 };
	enum link_result result = LINK_PROTOCOL;
	int code;

	*reply = NULL;
	call.request = request_within(entry, &call.id);
	if (!call.request)
		return error_plain(client, EXIT_FAILED, "error.outbox_entry", entry->name);
	call.row = catalogue_find(call.request->body_case);
	code = prepare(&call);
	if (!code)
		code = try_all(&call, &result);
	if (!code && result != LINK_OK)
		code = lost(&call, result);
	if (!code && settled(&call))
		answered(&call);
	if (!code)
		*reply = call.reply;
	else
		call_free(call.reply);
	request__free_unpacked(call.request, NULL);
	return code;
}
