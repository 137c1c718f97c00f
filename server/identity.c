#include "server/identity.h"

#include <endian.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "common/code.h"
#include "common/error.h" /* after OpenSSL, which has an ERR_STATE too */
#include "common/log.h"
#include "server/service.h"
#include "server/signer.h"

#define CERT_MAX 2048
/* PostgreSQL counts from 2000-01-01, in microseconds. */
#define EPOCH_2000 INT64_C(946684800)

enum {
	PERSON_PARAMS = SERVICE_CONTEXT + 3,
	COMPLETE_PARAMS = SERVICE_CONTEXT + 5,
	VERDICT = 0, PERSON_ID, CERTIFICATE, /* columns of both replies */
};

static const struct db_statement person_statement = {
	.name = "enrol_person",
	.sql = "SELECT * FROM call.enrol_person($1,$2,$3,$4,$5,$6,$7,$8)",
	.nparams = PERSON_PARAMS, .lane = LANE_WRITE, .writes = true,
	.index = STATEMENT_NATIVE,
};

static const struct db_statement complete_statement = {
	.name = "enrol_complete",
	.sql = "SELECT * FROM call.enrol_complete($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)",
	.nparams = COMPLETE_PARAMS, .lane = LANE_WRITE, .writes = true,
	.index = STATEMENT_NATIVE + 1,
};

/* One enrolment on its way:
 *
 *     start -> ask_person -> on_person -> ask_signer -> on_signed ->
 *     ask_complete -> on_complete
 *
 * Every step ends by starting the next one or by end_*(), which tells the caller
 * and frees it. */
struct enrolment {
	struct db_call call;
	const struct identity *identity; /* borrowed */
	native_done done;
	void *arg;
	uv_timer_t timer; /* for an end without any step */
	const char *values[COMPLETE_PARAMS];
	int lengths[COMPLETE_PARAMS];
	uint8_t secret_hash[SHA256_DIGEST_LENGTH];
	uint8_t spki[PKI_SPKI_LEN];
	uint8_t proved;
	uint8_t der[CERT_MAX];
	size_t der_len;
	int64_t issued_at, expires_at; /* as PostgreSQL sends them */
};

/* ---- the end ----------------------------------------------------------- */

static void end(struct enrolment *e, const ProtobufCMessage *reply,
	const struct native_refusal *refusal)
{
	e->done(e->arg, reply, refusal);
	free(e);
}

static void end_refused(struct enrolment *e, const char *code, const char *key)
{
	const struct native_refusal refusal = { .code = code, .key = key };

	end(e, NULL, &refusal);
}

static ProtobufCBinaryData bytes(const uint8_t *data, size_t len)
{
	ProtobufCBinaryData b;

	/* protobuf-c has no const; packing does not write */
	memcpy(&b.data, &data, sizeof(b.data));
	b.len = len;
	return b;
}

static void end_enrolled(struct enrolment *e, const PGresult *row)
{
	const struct identity *id = e->identity;
	EnrolReply reply = ENROL_REPLY__INIT;

	reply.has_certificate = 1;
	reply.certificate = bytes((uint8_t *)PQgetvalue(row, 0, CERTIFICATE),
		(size_t)PQgetlength(row, 0, CERTIFICATE));
	reply.has_authority = 1;
	reply.authority = bytes(id->authority, id->authority_len);
	reply.person_id = PQgetvalue(row, 0, PERSON_ID);
	reply.has_member_port = 1;
	reply.member_port = id->member_port;
	end(e, &reply.base, NULL);
}

/* What a call that brought no row means to the client.  A repeat is always safe:
 * the same key gets the same certificate. */
static void end_without_row(struct enrolment *e, enum db_outcome outcome,
	const PGresult *error)
{
	const char *state;

	switch (outcome) {
	case DB_BUSY:
		end_refused(e, ERR_BUSY, NULL);
		return;
	case DB_OK:
	case DB_ERROR:
		state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
		log_line(LOG_ERROR, "enrol", "sqlstate=%s", state ? state : "-");
		end_refused(e, state && !strcmp(state, "53100") ?
			ERR_STORAGE_FULL : ERR_INTERNAL, NULL);
		return;
	case DB_UNAVAILABLE:
	case DB_UNKNOWN:
	case DB_CANCELLED:
		end_refused(e, ERR_UNAVAILABLE, NULL);
		return;
	}
}

static void end_by_verdict(struct enrolment *e, const PGresult *row)
{
	const char *verdict = PQgetvalue(row, 0, VERDICT);

	if (!strcmp(verdict, "DONE")) {
		end_enrolled(e, row);
	} else if (!strcmp(verdict, "USED")) {
		log_line(LOG_WARN, "enrol", "alarm=code_reused");
		end_refused(e, ERR_CODE_USED, NULL);
	} else {
		end_refused(e, ERR_CODE_BAD, NULL);
	}
}

/* ---- the steps --------------------------------------------------------- */

static void set(struct enrolment *e, int at, const void *value, size_t len)
{
	e->values[SERVICE_CONTEXT + at] = value;
	e->lengths[SERVICE_CONTEXT + at] = (int)len;
}

static bool has_row(enum db_outcome outcome, const PGresult *result)
{
	return outcome == DB_OK && PQntuples(result) == 1;
}

static void on_complete(struct db_call *call, enum db_outcome outcome,
	const PGresult *result)
{
	struct enrolment *e = (struct enrolment *)call;

	if (has_row(outcome, result))
		end_by_verdict(e, result);
	else
		end_without_row(e, outcome, result);
}

static void ask_complete(struct enrolment *e)
{
	set(e, 2, e->der, e->der_len);
	set(e, 3, &e->issued_at, sizeof(e->issued_at));
	set(e, 4, &e->expires_at, sizeof(e->expires_at));
	e->call = (struct db_call){
		.statement = &complete_statement, .values = e->values,
		.lengths = e->lengths, .done = on_complete,
	};
	db_submit(e->identity->db, &e->call);
}

static bool keep_certificate(struct enrolment *e, const uint8_t *der, size_t len)
{
	X509 *cert = len <= sizeof(e->der) ? pki_decode(der, len) : NULL;
	int64_t from, to;
	bool ok = cert && pki_validity(cert, &from, &to);

	X509_free(cert);
	if (!ok)
		return false;
	memcpy(e->der, der, len);
	e->der_len = len;
	e->issued_at = (int64_t)htobe64((uint64_t)(from - EPOCH_2000) * 1000000);
	e->expires_at = (int64_t)htobe64((uint64_t)(to - EPOCH_2000) * 1000000);
	return true;
}

static void on_signed(void *arg, enum signer_outcome outcome,
	const uint8_t *der, size_t len)
{
	struct enrolment *e = arg;

	if (outcome == SIGNER_OK && keep_certificate(e, der, len)) {
		ask_complete(e);
		return;
	}
	log_line(LOG_ERROR, "enrol", "signer=%d", (int)outcome);
	end_refused(e, outcome == SIGNER_BUSY ? ERR_BUSY : ERR_UNAVAILABLE, NULL);
}

static void ask_signer(struct enrolment *e, const char *person_id)
{
	const struct identity *id = e->identity;

	if (!signer_sign(id->loop, id->signer_path, e->spki,
			pki_person_number(person_id), on_signed, e))
		end_refused(e, ERR_UNAVAILABLE, NULL);
}

static void on_person(struct db_call *call, enum db_outcome outcome,
	const PGresult *result)
{
	struct enrolment *e = (struct enrolment *)call;

	if (!has_row(outcome, result))
		end_without_row(e, outcome, result);
	else if (!strcmp(PQgetvalue(result, 0, VERDICT), "GO"))
		ask_signer(e, PQgetvalue(result, 0, PERSON_ID));
	else
		end_by_verdict(e, result);
}

static void ask_person(struct enrolment *e)
{
	set(e, 0, e->secret_hash, sizeof(e->secret_hash));
	set(e, 1, e->spki, sizeof(e->spki));
	set(e, 2, &e->proved, sizeof(e->proved));
	e->call = (struct db_call){
		.statement = &person_statement, .values = e->values,
		.lengths = e->lengths, .done = on_person,
	};
	db_submit(e->identity->db, &e->call);
}

/* ---- the beginning ----------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
	end_refused(handle->data, ERR_INVALID, "public_key_not_accepted");
}

static void on_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, on_timer_closed);
}

/* Not a key of ours: the code is not looked at, so it is not consumed. */
static void refuse_key(struct enrolment *e)
{
	uv_timer_init(e->identity->loop, &e->timer);
	e->timer.data = e;
	uv_timer_start(&e->timer, on_timer, 0, 0);
}

bool identity_enrol(const struct identity *identity, const Enrol *enrol,
	native_done done, void *arg)
{
	const ProtobufCBinaryData *secret = &enrol->secret, *proof = &enrol->proof;
	struct enrolment *e = calloc(1, sizeof(*e));
	EVP_PKEY *key;

	if (!e)
		return false;
	e->identity = identity;
	e->done = done;
	e->arg = arg;
	key = pki_parse_spki(enrol->spki.data, enrol->spki.len);
	if (!key) {
		refuse_key(e);
		return true;
	}
	memcpy(e->spki, enrol->spki.data, sizeof(e->spki));
	SHA256(secret->data, secret->len, e->secret_hash);
	/* a wrong proof goes the same way as a good one, in the same time */
	e->proved = secret->len == CODE_SECRET &&
		pki_verify(key, secret->data, secret->len, e->spki,
			sizeof(e->spki), proof->data, proof->len);
	EVP_PKEY_free(key);
	ask_person(e);
	return true;
}
