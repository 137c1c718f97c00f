#include "server/signer.h"
#include "server/signer_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MS 3000 /* a disk that syncs slowly is waited for this long */

/* One question on its way:
 *
 *     connect -> write -> read until the reply is whole -> closed
 *
 * It ends in finish(), which may come from any step and closes both handles; the
 * second close callback tells the caller and frees it. */
struct question {
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	struct signer_request request;
	struct signer_reply reply;
	size_t have; /* bytes of reply */
	enum signer_outcome outcome;
	bool finished;
	int open; /* handles not closed yet */
	signer_done done;
	void *arg;
};

static void on_closed(uv_handle_t *handle)
{
	struct question *q = handle->data;
	size_t len = (size_t)q->reply.len[0] << 8 | q->reply.len[1];

	if (--q->open > 0)
		return;
	if (q->outcome == SIGNER_OK)
		q->done(q->arg, SIGNER_OK, q->reply.der, len);
	else
		q->done(q->arg, q->outcome, NULL, 0);
	free(q);
}

static void finish(struct question *q, enum signer_outcome outcome)
{
	if (q->finished)
		return;
	q->finished = true;
	q->outcome = outcome;
	uv_close((uv_handle_t *)&q->pipe, on_closed);
	uv_close((uv_handle_t *)&q->timer, on_closed);
}

static void on_timeout(uv_timer_t *timer)
{
	finish(timer->data, SIGNER_DOWN);
}

static enum signer_outcome read_reply(const struct signer_reply *reply)
{
	size_t len = (size_t)reply->len[0] << 8 | reply->len[1];

	if (reply->outcome > SIGNER_DOWN)
		return SIGNER_DOWN;
	if (reply->outcome == SIGNER_OK && (len == 0 || len > SIGNER_CERT_MAX))
		return SIGNER_DOWN;
	return reply->outcome;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct question *q = handle->data;

	(void)suggested;
	buf->base = (char *)&q->reply + q->have;
	buf->len = sizeof(q->reply) - q->have;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct question *q = stream->data;

	(void)buf;
	if (n < 0) {
		finish(q, SIGNER_DOWN);
		return;
	}
	q->have += (size_t)n;
	if (q->have == sizeof(q->reply))
		finish(q, read_reply(&q->reply));
}

static void on_written(uv_write_t *write, int status)
{
	if (status < 0)
		finish(write->data, SIGNER_DOWN);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct question *q = connect->data;
	uv_buf_t buf = uv_buf_init((char *)&q->request, sizeof(q->request));

	if (q->finished)
		return;
	if (status < 0 ||
	    uv_write(&q->write, (uv_stream_t *)&q->pipe, &buf, 1, on_written) ||
	    uv_read_start((uv_stream_t *)&q->pipe, give_room, on_read))
		finish(q, SIGNER_DOWN);
}

static void put32(uint8_t b[4], uint32_t n)
{
	b[0] = (uint8_t)(n >> 24);
	b[1] = (uint8_t)(n >> 16);
	b[2] = (uint8_t)(n >> 8);
	b[3] = (uint8_t)n;
}

static bool ask(uv_loop_t *loop, const char *path, const struct signer_request *request,
	signer_done done, void *arg)
{
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return false;
	q->done = done;
	q->arg = arg;
	q->request = *request;
	q->pipe.data = q->timer.data = q->connect.data = q->write.data = q;
	q->open = 2;
	uv_pipe_init(loop, &q->pipe, 0);
	uv_timer_init(loop, &q->timer);
	uv_timer_start(&q->timer, on_timeout, ANSWER_MS, 0);
	uv_pipe_connect(&q->connect, &q->pipe, path, on_connected);
	return true;
}

bool signer_sign(uv_loop_t *loop, const char *path,
	const uint8_t spki[PKI_SPKI_LEN], uint32_t person,
	signer_done done, void *arg)
{
	struct signer_request request = { .verb = SIGNER_SIGN_CERT };

	put32(request.person, person);
	memcpy(request.spki, spki, PKI_SPKI_LEN);
	return ask(loop, path, &request, done, arg);
}

bool signer_receipt(uv_loop_t *loop, const char *path, enum receipt_kind kind,
	const char *session, const uint8_t hash[RECEIPT_HASH],
	signer_done done, void *arg)
{
	struct signer_request request = { .verb = kind == RECEIPT_LIST ?
		SIGNER_SIGN_LIST : SIGNER_SIGN_RECEIPT };

	snprintf(request.session, sizeof(request.session), "%s", session);
	memcpy(request.hash, hash, RECEIPT_HASH);
	return ask(loop, path, &request, done, arg);
}

bool signer_ping(const char *path)
{
	const struct timeval limit = { .tv_sec = 2 };
	const struct signer_request request = { .verb = SIGNER_PING };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct signer_reply reply;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	ok = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
		send(fd, &request, sizeof(request), MSG_NOSIGNAL) ==
			(ssize_t)sizeof(request) &&
		recv(fd, &reply, sizeof(reply), MSG_WAITALL) ==
			(ssize_t)sizeof(reply) &&
		reply.outcome == SIGNER_OK;
	close(fd);
	return ok;
}
