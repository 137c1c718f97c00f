/*
 * Any bytes as zhibud.conf: a verdict and, where it is good, values inside their
 * bounds; every defect can be printed.
 */
#include "server/config.h"

#include <stdlib.h>

static void demand(bool ok)
{
	if (!ok)
		abort();
}

static void check_good(const struct config *c)
{
	for (int i = 0; i < WORKER_COUNT; i++) {
		const struct config_port *p = &c->ports[i];

		demand(p->port >= 1 && p->port <= 65535);
		demand(p->frame >= 1024 && p->frame <= 1024 * 1024);
		demand(p->arena >= p->frame && p->string <= p->frame);
		demand(p->in_flight >= 1 && p->in_flight <= 1024);
		demand(p->connections_per_source <= p->connections);
		demand(p->idle_ms && p->handshake_ms && p->wait_ms);
		demand(c->url[i][0]);
	}
	demand(c->ports[0].port != c->ports[1].port);
	demand(c->listen[0] && c->owner_url[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct config config;
	static struct config_report report;
	static FILE *null;

	if (!null)
		null = fopen("/dev/null", "w");
	demand(config_defaults(&config, "/var/lib/zhibud"));
	if (config_parse(&config, (const char *)data, len, &report))
		check_good(&config);
	else
		demand(report.count > 0);
	config_report_print(&report, len & 1, null);
	return 0;
}
