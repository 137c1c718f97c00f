#include "server/signer.h"
#include "server/buf.h"

#include "common/log.h"
#include "common/text.h"
#include "server/keys.h"
#include "server/process.h"
#include "server/sandbox.h"
#include "server/signer_message.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600
#define PEER_SECONDS 2 /* a peer that is slower is cut off */

/* The process's whole state. */
struct signer {
	const struct signer_config *config;
	X509 *authority;
	EVP_PKEY *key;
	int record;
	int listener;
	double left;         /* certificates it may still issue */
	time_t counted;      /* monotonic second `left` was brought up to */
};

/* ---- the hourly bound -------------------------------------------------- */

static time_t monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static bool take_one(struct signer *s)
{
	double cap = s->config->per_hour;
	time_t now = monotonic();

	s->left += (double)(now - s->counted) * cap / HOUR;
	if (s->left > cap)
		s->left = cap;
	s->counted = now;
	if (s->left < 1)
		return false;
	s->left -= 1;
	return true;
}

/* Those issued in the last hour count, or killing the signer would lift the
 * bound. */
static double issued_lately(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];
	double n = 0;
	time_t since = time(NULL) - HOUR;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		n += strstr(line, " p") && strtoll(line, NULL, 10) >= since;
	fclose(f);
	return n;
}

/* ---- issuing ----------------------------------------------------------- */

/* "<seconds> <what>", on the disk before anybody has what was signed.  After a
 * failed write or sync nobody knows what the disk holds, so the signer ends. */
static void keep_record(struct signer *s, const char *what)
{
	char line[192];
	int n = snprintf(line, sizeof(line), "%lld %s\n", (long long)time(NULL), what);

	if (write(s->record, line, (size_t)n) == n && fdatasync(s->record) == 0)
		return;
	log_line(LOG_ERROR, "signer_record", "path=%s errno=%d",
		s->config->record, errno);
	exit(EX_IOERR);
}

/* "p<number> <fingerprint>": what was issued can always be compared with the
 * trace. */
static void keep_certificate(struct signer *s, uint32_t person, const X509 *cert)
{
	uint8_t fp[PKI_FINGERPRINT_LEN];
	char what[96];
	int n;

	if (!pki_fingerprint(cert, fp))
		exit(EX_SOFTWARE);
	n = snprintf(what, sizeof(what), "p%" PRIu32 " ", person);
	text_hex(fp, sizeof(fp), what + n);
	keep_record(s, what);
}

static enum signer_outcome put_certificate(struct signer *s, uint32_t person,
	X509 *cert, struct signer_reply *reply)
{
	uint8_t *der;
	size_t len = pki_encode(cert, &der);

	if (len == 0 || len > sizeof(reply->der))
		return SIGNER_DOWN;
	keep_certificate(s, person, cert);
	memcpy(reply->der, der, len);
	reply->len[0] = (uint8_t)(len >> 8);
	reply->len[1] = (uint8_t)len;
	OPENSSL_free(der);
	return SIGNER_OK;
}

static enum signer_outcome sign(struct signer *s,
	const struct signer_request *request, struct signer_reply *reply)
{
	uint32_t person = buf_get_u32(request->person);
	EVP_PKEY *key = pki_parse_spki(request->spki, sizeof(request->spki));
	enum signer_outcome outcome = SIGNER_REFUSED;
	X509 *cert;

	if (!key || person == 0 || person > PKI_PERSON_MAX)
		goto out;
	outcome = SIGNER_BUSY;
	if (!take_one(s))
		goto out;
	outcome = SIGNER_DOWN;
	cert = pki_client(s->authority, s->key, key, person);
	if (cert)
		outcome = put_certificate(s, person, cert, reply);
	X509_free(cert);
out:
	EVP_PKEY_free(key);
	return outcome;
}

/* ---- receipts ------------------------------------------------------------ */

/* What the record has after the seconds, "zhibu-receipts-1 CP26-14 <hash>", of the
 * session the text is about; false: nothing yet. */
static bool kept_list(const struct signer *s, const char *text, char *kept, size_t cap)
{
	FILE *f = fopen(s->config->record, "re");
	size_t head = (size_t)(strrchr(text, ' ') - text) + 1;
	char line[192];
	bool found = false;

	if (!f)
		exit(EX_IOERR);
	while (!found && fgets(line, sizeof(line), f)) {
		const char *what = strchr(line, ' ');

		found = what && strncmp(what + 1, text, head) == 0;
		if (found)
			snprintf(kept, cap, "%s", what + 1);
	}
	fclose(f);
	return found;
}

/* A session has one list: another is not signed. */
static bool settle_list(struct signer *s, const char *text)
{
	char kept[192], what[RECEIPT_TEXT];

	if (kept_list(s, text, kept, sizeof(kept)))
		return strcmp(kept, text) == 0;
	snprintf(what, sizeof(what), "%.*s", (int)strcspn(text, "\n"), text);
	keep_record(s, what);
	return true;
}

static enum signer_outcome sign_receipt(struct signer *s, enum receipt_kind kind,
	const struct signer_request *request, struct signer_reply *reply)
{
	char text[RECEIPT_TEXT];
	size_t len = receipt_text(kind, request->session, request->hash, text), n;

	if (len == 0 || (kind == RECEIPT_LIST && !settle_list(s, text)))
		return SIGNER_REFUSED;
	n = receipt_sign(s->key, text, len, reply->der);
	reply->len[1] = (uint8_t)n;
	return n ? SIGNER_OK : SIGNER_DOWN;
}

static enum signer_outcome answer(struct signer *s,
	const struct signer_request *request, struct signer_reply *reply)
{
	switch (request->verb) {
	case SIGNER_PING:
		return SIGNER_OK;
	case SIGNER_SIGN_CERT:
		return sign(s, request, reply);
	case SIGNER_SIGN_RECEIPT:
		return sign_receipt(s, RECEIPT_BALLOT, request, reply);
	case SIGNER_SIGN_LIST:
		return sign_receipt(s, RECEIPT_LIST, request, reply);
	default:
		return SIGNER_REFUSED;
	}
}

/* ---- one connection after the other ------------------------------------ */

/* Only processes of the same user may ask. */
static bool peer_allowed(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
		who.uid == geteuid();
}

static bool read_all(int fd, void *buf, size_t len)
{
	return recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

static void serve(struct signer *s, int fd)
{
	const struct timeval limit = { .tv_sec = PEER_SECONDS };
	struct signer_request request;
	struct signer_reply reply;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!peer_allowed(fd)) {
		log_line(LOG_WARN, "signer_refused", "reason=other_user");
		return;
	}
	if (!read_all(fd, &request, sizeof(request)))
		return;
	memset(&reply, 0, sizeof(reply));
	reply.outcome = (uint8_t)answer(s, &request, &reply);
	if (reply.outcome != SIGNER_OK)
		log_line(LOG_WARN, "signer_refused", "outcome=%d", reply.outcome);
	/* fits into the socket's buffer: does not block */
	if (send(fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0)
		log_line(LOG_INFO, "signer_peer_gone", "errno=%d", errno);
}

static void serve_for_ever(struct signer *s)
{
	for (;;) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno != EINTR)
				sleep(1);
			continue;
		}
		serve(s, fd);
		close(fd);
	}
}

/* ---- start ------------------------------------------------------------- */

static int refuse(struct signer *s, const char *what, const char *path)
{
	log_line(LOG_ERROR, "signer_start", "cannot=%s path=%s errno=%d", what,
		path, errno);
	EVP_PKEY_free(s->key);
	X509_free(s->authority);
	return EX_CONFIG;
}

static int listen_on(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(addr.sun_path, path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	umask(0177);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    listen(fd, 64) == 0)
		return fd;
	close(fd);
	return -1;
}

int signer_run(const struct signer_config *config)
{
	struct signer s = { .config = config };

	/* keys are read into locked memory if the system allows some */
	CRYPTO_secure_malloc_init(65536, 32);
	s.authority = keys_load_certificate(config->authority);
	if (!s.authority)
		return refuse(&s, "read_authority", config->authority);
	s.key = keys_load_key(config->key);
	if (!s.key || X509_check_private_key(s.authority, s.key) != 1)
		return refuse(&s, "read_key", config->key);
	s.record = open(config->record,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s.record < 0)
		return refuse(&s, "open_record", config->record);
	s.left = config->per_hour - issued_lately(config->record);
	s.counted = monotonic();
	s.listener = listen_on(config->socket);
	if (s.listener < 0)
		return refuse(&s, "listen", config->socket);
	if (!sandbox_enter(SANDBOX_NO_SOCKETS))
		log_line(LOG_WARN, "signer_start", "sandbox=none errno=%d", errno);
	log_line(LOG_INFO, "signer_start", "per_hour=%u", config->per_hour);
	process_tell_ready();
	serve_for_ever(&s);
	return EX_SOFTWARE;
}
