/*
 * Certificates that end: one's own from 60 days before, and for an administrator
 * the college's authority and the server's from 30.  Said on stderr once a day,
 * in the last week at every command.
 */
#include "client/client.h"
#include "client/files.h"
#include "client/handlers.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OWN_DAYS 60
#define COLLEGE_DAYS 30
#define ALWAYS_DAYS 7
#define DAY_SECONDS 86400

static int days_left(X509 *certificate)
{
	int days = 0, seconds = 0;

	if (!certificate || !ASN1_TIME_diff(&days, &seconds, NULL,
					    X509_get0_notAfter(certificate)))
		return OWN_DAYS + 1;
	return days;
}

/* Whether it was said today; remembers that it is. */
static bool said_today(struct client *client)
{
	char text[32];
	size_t len;
	char *before = files_read(&client->arena, client->profile.dir, "warned",
				  sizeof(text), &len);
	int n = snprintf(text, sizeof(text), "%lld\n",
			 (long long)time(NULL) / DAY_SECONDS);

	if (before && strcmp(before, text) == 0)
		return true;
	(void)files_write(client->profile.dir, "warned", text, (size_t)n);
	return false;
}

static void say(struct client *client, const char *key, int days)
{
	char text[16];
	const char *args[] = { text };

	snprintf(text, sizeof(text), "%d", days);
	out_say(client->out, "%s", word_fill(&client->arena, word(key), 1, args));
}

static bool administers(struct client *client)
{
	const char *acting = client_acting(client);

	return acting && strncmp(acting, "administrator@", 14) == 0;
}

void client_warn_expiry(struct client *client)
{
	const struct profile *profile = &client->profile;
	struct link *link = client->links[LINK_MEMBER];
	int own = days_left(profile->certificate);
	int authority = OWN_DAYS + 1, server = OWN_DAYS + 1;

	if (!link || client->line.settings.quiet || client_json(client))
		return;
	if (administers(client)) {
		authority = days_left(profile->authority);
		server = days_left(link_server(link));
	}
	if (own > OWN_DAYS && authority > COLLEGE_DAYS && server > COLLEGE_DAYS)
		return;
	if (own > ALWAYS_DAYS && authority > ALWAYS_DAYS && server > ALWAYS_DAYS &&
	    said_today(client))
		return;
	if (own <= OWN_DAYS)
		say(client, "text.own_certificate_ends", own);
	if (authority <= COLLEGE_DAYS)
		say(client, "text.authority_ends", authority);
	if (server <= COLLEGE_DAYS)
		say(client, "text.server_certificate_ends", server);
}
