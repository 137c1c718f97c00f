#include "server/worker.h"

#include "common/log.h"
#include "server/listener.h"
#include "server/process.h"
#include "server/service.h"
#include "server/tls_context.h"

#include <assert.h>
#include <inttypes.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SIGNALS 4
#define DAY_MS (24 * 60 * 60 * 1000ull)
#define WARN_DAYS 60
#define LARGE_BLOCK (1024 * 1024)
#define CLOCK_MS 2000
#define CLOCK_JUMP 10 /* seconds */

struct worker {
	uv_loop_t loop;
	const struct config *config;
	enum worker_kind kind;
	struct service *service;
	struct listener *listener;
	uv_signal_t signals[SIGNALS];
	uv_timer_t daily; /* looks at the certificates' ends */
	uv_timer_t clock; /* compares this machine's two clocks, forgets addresses */
	int64_t offset;   /* of the wall clock to the one that only goes on, in s */
	bool stopping;
	int status;
};

/* --- end ------------------------------------------------------------------ */

static void on_service_closed(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&w->signals[i], NULL);
	uv_close((uv_handle_t *)&w->daily, NULL);
	uv_close((uv_handle_t *)&w->clock, NULL);
}

static void log_counters(struct worker *w)
{
	const struct db_counters *db = db_counters(service_db(w->service));

	counters_log(&w->listener->counters, worker_name(w->kind));
	log_line(LOG_INFO, "counters",
		 "worker=%s_db submitted=%" PRIu64 " ok=%" PRIu64 " errors=%" PRIu64
		 " busy=%" PRIu64 " unavailable=%" PRIu64 " unknown=%" PRIu64
		 " groups=%" PRIu64 " regrouped=%" PRIu64 " reconnects=%" PRIu64,
		 worker_name(w->kind), db->submitted, db->ok, db->errors, db->busy,
		 db->unavailable, db->unknown, db->groups, db->regrouped,
		 db->reconnects);
}

static void on_drained(void *arg)
{
	struct worker *w = arg;

	w->listener = NULL;
	service_close(w->service, on_service_closed, w);
}

/* May be called twice; the first reason is the exit status. */
static void stop(struct worker *w, int status)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->status = status;
	log_line(LOG_INFO, "stopping", "worker=%s connections=%u",
		 worker_name(w->kind), w->listener->count);
	log_counters(w);
	listener_drain(w->listener, w->config->drain_ms, on_drained, w);
}

/* --- certificates --------------------------------------------------------- */

static void on_daily(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	const char *which;
	int days = tls_context_days_left(w->config, &which);

	if (days <= WARN_DAYS)
		log_line(LOG_WARN, "expiry", "file=%s days=%d", which, days);
}

/* Nothing here goes by the wall clock: waits by the loop's, deadlines by the
 * database's.  But whoever reads the log must know that its times jumped. */
static int64_t clock_offset(void)
{
	struct timespec wall, steady;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &steady);
	return (int64_t)wall.tv_sec - (int64_t)steady.tv_sec;
}

static void on_clock(uv_timer_t *timer)
{
	struct worker *w = timer->data;
	int64_t jump = clock_offset() - w->offset;

	if (w->listener)
		listener_forget_sources(w->listener);
	if (jump >= -CLOCK_JUMP && jump <= CLOCK_JUMP)
		return;
	w->offset += jump;
	log_line(LOG_WARN, "clock", "jumped=%" PRId64 "s", jump);
}

static void renew_context(struct worker *w)
{
	char why[256];
	SSL_CTX *context = tls_context_load(w->config, w->kind, why, sizeof(why));

	if (!context) {
		log_line(LOG_ERROR, "certificate", "kept=old why=\"%s\"", why);
		return;
	}
	listener_set_context(w->listener, context);
	SSL_CTX_free(context);
	log_line(LOG_INFO, "certificate", "worker=%s taken=new", worker_name(w->kind));
}

/* --- events --------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int signal)
{
	struct worker *w = handle->data;

	if (w->stopping)
		return;
	if (signal == SIGUSR1)
		log_counters(w);
	else if (signal == SIGHUP)
		renew_context(w);
	else
		stop(w, 0);
}

static void on_learned(void *arg, bool ok)
{
	struct worker *w = arg;

	if (!ok) {
		stop(w, WORKER_EXIT_CONFIG);
		return;
	}
	log_line(LOG_INFO, "serving", "worker=%s", worker_name(w->kind));
	process_tell_ready();
}

/* --- begin ---------------------------------------------------------------- */

static void watch_signals(struct worker *w)
{
	static const int numbers[SIGNALS] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };

	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < SIGNALS; i++) {
		uv_signal_init(&w->loop, &w->signals[i]);
		w->signals[i].data = w;
		uv_signal_start(&w->signals[i], on_signal, numbers[i]);
		uv_unref((uv_handle_t *)&w->signals[i]);
	}
	uv_timer_init(&w->loop, &w->daily);
	w->daily.data = w;
	uv_timer_start(&w->daily, on_daily, 0, DAY_MS);
	uv_unref((uv_handle_t *)&w->daily);
	w->offset = clock_offset();
	uv_timer_init(&w->loop, &w->clock);
	w->clock.data = w;
	uv_timer_start(&w->clock, on_clock, CLOCK_MS, CLOCK_MS);
	uv_unref((uv_handle_t *)&w->clock);
}

/* As many descriptors as connections may need, so that it is our limit that
 * sheds and not the system's. */
static void raise_descriptors(const struct config_port *limits)
{
	struct rlimit limit;
	rlim_t want = limits->connections + limits->handshakes + 256;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Freed memory goes back to the system; by default the C library would keep ever
 * larger blocks.  Those of a chunk of evidence are below the limit: taking its pages
 * from the system anew cost as much as all else that is done with it. */
static void give_back_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
	mallopt(M_TRIM_THRESHOLD, 4 * LARGE_BLOCK);
}

static int serve(struct worker *w, SSL_CTX *context)
{
	int error = 0;

	w->service = service_new(&w->loop, w->config, w->kind, on_learned, w);
	w->listener = listener_new(&w->loop, w->config, w->kind, context, w->service,
				   &error);
	watch_signals(w);
	if (w->listener) {
		log_line(LOG_INFO, "listening", "worker=%s address=%s port=%u",
			 worker_name(w->kind), w->config->listen,
			 listener_port(w->listener));
	} else {
		log_line(LOG_ERROR, "listen", "worker=%s address=%s port=%u error=%s",
			 worker_name(w->kind), w->config->listen,
			 w->config->ports[w->kind].port, uv_err_name(error));
		w->stopping = true;
		w->status = 1;
		service_close(w->service, on_service_closed, w);
	}
	uv_run(&w->loop, UV_RUN_DEFAULT);
	return w->status;
}

int worker_run(const struct config *config, enum worker_kind kind)
{
	struct worker w = { .config = config, .kind = kind };
	char why[256];
	SSL_CTX *context = tls_context_load(config, kind, why, sizeof(why));

	if (!context) {
		log_line(LOG_ERROR, "certificate", "worker=%s why=\"%s\"",
			 worker_name(kind), why);
		return WORKER_EXIT_CONFIG;
	}
	raise_descriptors(&config->ports[kind]);
	give_back_memory();
	uv_loop_init(&w.loop);
	serve(&w, context);
	SSL_CTX_free(context);
	if (uv_loop_close(&w.loop))
		log_line(LOG_WARN, "loop", "handles were left open");
	return w.status;
}
