/*
 * Who am I here, what is still on its way, is everything in order.
 */
#include "client/call.h"
#include "client/client.h"
#include "client/error.h"
#include "client/fields.h"
#include "client/files.h"
#include "client/handlers.h"
#include "client/keyfile.h"
#include "client/outbox.h"
#include "client/self.h"
#include "client/value.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MS 10000
#define SKEW_MOST_S 60
#define WARN_DAYS 60

static int ask_whoami(struct client *client, Reply **reply, bool quiet)
{
	Request *request = fields_new(&client->arena, &request__descriptor);
	Whoami *whoami = fields_new(&client->arena, &whoami__descriptor);

	if (!request || !whoami)
		return error_plain(client, EXIT_FAILED, "error.memory", NULL);
	request->body_case = REQUEST__BODY_WHOAMI;
	request->whoami = whoami;
	return quiet ? call_try(client, request, reply)
		     : call_request(client, request, reply);
}

/* Deadlines go by the server's clock, so do 今天 and a day without a year: this
 * machine may be a day out (and a demo college has a day of its own).  Without
 * an answer the command itself will say that the server cannot be reached. */
void client_settle_today(struct client *client)
{
	Reply *reply = NULL;

	if (client->today_asked || !client_person(client))
		return;
	client->today_asked = true;
	if (ask_whoami(client, &reply, true) == EXIT_DONE && !reply->refusal &&
		reply->whoami && reply->whoami->has_today_on)
		value_set_today(reply->whoami->today_on);
	call_free(reply);
}

/* ---- use ----------------------------------------------------------------------------------- */

/* role@org as it is, or a piece that only one office has. */
static const char *match_office(const WhoamiReply *who, const char *typed,
				size_t *hits)
{
	const char *found = NULL;
	size_t i;

	*hits = 0;
	for (i = 0; i < who->n_offices; i++) {
		const OfficeRow *o = who->offices[i];

		if (!o->office)
			continue;
		if (strcmp(o->office, typed) == 0) {
			*hits = 1;
			return o->office;
		}
		if ((o->role && strcmp(o->role, typed) == 0) ||
		    (o->org_id && strcmp(o->org_id, typed) == 0) ||
		    (o->org_name && strstr(o->org_name, typed))) {
			found = o->office;
			++*hits;
		}
	}
	return found;
}

static int choose_office(struct client *client, const WhoamiReply *who,
			 const char *typed)
{
	size_t hits;
	const char *office = match_office(who, client_office(client, typed), &hits);

	if (hits != 1) {
		out_say(client->out, "%s", word("text.offices_held"));
		return error_plain(client, EXIT_USAGE,
				   hits ? "error.office_several" : "error.office_none",
				   typed);
	}
	if (client_tried_here(client))
		return EXIT_DONE;
	client->profile.acting = office;
	if (!profile_save(&client->profile))
		return error_plain(client, EXIT_FAILED, "error.profile_unwritable",
				   strerror(errno));
	out_say(client->out, "%s",
		word_fill(&client->arena, word("text.acting_now"), 1, &office));
	return EXIT_DONE;
}

int use_run(struct client *client, struct args *args)
{
	const char *typed = args_get(args, "office");
	const char *before;
	Reply *reply;
	int code;

	if (!client_need_login(client))
		return EXIT_LOGIN;
	/* the office chosen before may be the very one that is gone */
	before = client->profile.acting;
	client->line.settings.acting = NULL;
	client->profile.acting = NULL;
	code = ask_whoami(client, &reply, false);
	client->profile.acting = before;
	if (code)
		return code;
	code = typed ? choose_office(client, reply->whoami, typed)
		     : client_show(client, reply, whoami_view);
	client->profile.acting = NULL;
	call_free(reply);
	return code;
}

/* ---- status -------------------------------------------------------------------------------- */

static size_t waiting(struct client *client, struct outbox_list *list)
{
	if (!outbox_read(client->profile.dir, &client->arena, list))
		return 0;
	return list->n;
}

static void show_waiting(struct client *client)
{
	struct outbox_list list = { 0 };
	struct table *table;
	size_t i;

	if (!waiting(client, &list))
		return;
	out_heading(client->out, word("text.outbox"));
	table = table_new(client->out);
	table_title(table, word("text.written_at"));
	table_title(table, word("text.what"));
	for (i = 0; i < list.n; i++) {
		table_cell(table, out_moment(client->out, list.entries[i].written_at));
		table_cell(table, word_of("request", list.entries[i].request));
	}
	table_end(table, NULL);
	out_hint(client->out, "zhibu sync");
}

static void show_here(struct client *client)
{
	const struct profile *profile = &client->profile;
	struct outbox_list list = { 0 };
	const char **drafts;
	size_t i, n;

	out_pair(client->out, word("text.profile"), profile->name);
	out_pair(client->out, word("text.server"), profile->server);
	out_pair(client->out, word_field("person_id"),
		 profile->person_id ? profile->person_id : word("text.nobody"));
	out_pair(client->out, word("text.acting"),
		 client_acting(client) ? client_acting(client) : word("text.not_chosen"));
	out_pair(client->out, word("text.outbox"),
		 out_format(client->out, "%zu", waiting(client, &list)));
	n = self_drafts(client, &drafts);
	for (i = 0; i < n; i++)
		out_pair(client->out, word("text.drafts"), drafts[i]);
	out_pairs_end(client->out);
}

int status_run(struct client *client, struct args *args)
{
	Reply *reply;
	int code;

	(void)args;
	show_here(client);
	show_waiting(client);
	if (!client_need_login(client))
		return EXIT_LOGIN;
	code = ask_whoami(client, &reply, false);
	if (code)
		return code;
	out_pair(client->out, word("text.connection"), word("text.ok"));
	if (reply->whoami->has_now_at)
		out_field(client->out, "now_at",
			  out_moment(client->out, reply->whoami->now_at));
	out_pairs_end(client->out);
	call_free(reply);
	return EXIT_DONE;
}

/* ---- sync ---------------------------------------------------------------------------------- */

static int send_one(struct client *client, const struct outbox_entry *entry)
{
	Reply *reply;
	int code = call_again(client, entry, &reply);

	if (code)
		return code;
	out_say(client->out, "%s  %s", out_moment(client->out, entry->written_at),
		word_of("request", entry->request));
	if (reply->waiting)
		code = call_waits(client, reply);
	else if (reply->refusal)
		code = call_refused(client, reply->refusal);
	else
		code = client_show(client, reply, NULL);
	call_free(reply);
	return code;
}

static int send_all(struct client *client)
{
	struct outbox_list list;
	const char **drafts;
	int code = EXIT_DONE, one;
	size_t i;

	if (!outbox_read(client->profile.dir, &client->arena, &list))
		return error_plain(client, EXIT_USAGE, "error.outbox_unwritable",
				   strerror(errno));
	for (i = 0; i < list.n_damaged; i++) {
		out_say(client->out, "%s",
			word_fill(&client->arena, word("text.outbox_damaged"), 1,
				  &list.damaged[i]));
		code = EXIT_PARTLY;
	}
	for (i = 0; i < list.n; i++) {
		one = send_one(client, &list.entries[i]);
		if (one == EXIT_UNREACHABLE || one == EXIT_SECURITY)
			return one;
		code = one ? EXIT_PARTLY : code;
	}
	if (!list.n && !list.n_damaged && !self_drafts(client, &drafts))
		out_say(client->out, "%s", word("text.outbox_empty"));
	return code;
}

int sync_run(struct client *client, struct args *args)
{
	bool busy;
	int lock, code, drafts;

	(void)args;
	if (!client_need_login(client))
		return EXIT_LOGIN;
	if (client_tried_here(client)) {
		show_waiting(client);
		return EXIT_DONE;
	}
	lock = outbox_lock(client->profile.dir, LOCK_WAIT_MS, &busy);
	if (lock < 0)
		return busy ? error_plain(client, EXIT_UNREACHABLE,
					  "error.outbox_busy", NULL)
			    : error_plain(client, EXIT_USAGE,
					  "error.outbox_unwritable", strerror(errno));
	code = send_all(client);
	outbox_unlock(lock);
	drafts = code == EXIT_UNREACHABLE || code == EXIT_SECURITY
		? EXIT_DONE : self_send_drafts(client);
	return drafts ? drafts : code;
}

/* ---- version ------------------------------------------------------------------------------- */

int version_run(struct client *client, struct args *args)
{
	(void)args;
	out_printf(client->out, "zhibu %s\n", ZHIBU_VERSION);
	out_pair(client->out, word("text.protocol"), "1");
	out_pair(client->out, "TLS", OpenSSL_version(OPENSSL_VERSION));
	out_pair(client->out, "protobuf-c", protobuf_c_version());
	out_pairs_end(client->out);
	return EXIT_DONE;
}

/* ---- doctor -------------------------------------------------------------------------------- */

/* One line of the examination. */
static void finding(struct table *table, const char *what, const char *state,
		    const char *remedy)
{
	table_cell(table, word(what));
	table_cell(table, word(state));
	table_cell(table, remedy ? remedy : word("text.nothing_to_do"));
}

static void look_at_folder(struct client *client, struct table *table)
{
	const char *dir = client->profile.dir;
	bool ok = files_make_dir(dir) && access(dir, W_OK) == 0;

	finding(table, "doctor.folder", ok ? "text.ok" : "text.wrong",
		ok ? NULL : word_fill(&client->arena, word("error.outbox_unwritable"), 1,
				      (const char *[]){ strerror(errno) }));
}

static void look_at_key(struct client *client, struct table *table)
{
	bool encrypted = false;
	enum keyfile_result result = keyfile_check(client->profile.dir, &encrypted);
	const char *name = KEYFILE_NAME;

	if (result != KEYFILE_OK)
		finding(table, "doctor.key", "text.wrong",
			word_put(&client->arena, word(keyfile_words(result)), 1, &name));
	else
		finding(table, "doctor.key", encrypted ? "text.ok" : "text.attention",
			encrypted ? NULL : word("text.no_passphrase"));
}

static void look_at_certificate(struct client *client, struct table *table)
{
	int days = 0, seconds = 0;
	char text[16];
	const char *args[] = { text };

	if (!client->profile.certificate ||
	    !ASN1_TIME_diff(&days, &seconds, NULL,
			    X509_get0_notAfter(client->profile.certificate))) {
		finding(table, "doctor.certificate", "text.wrong",
			word("fix.not_logged_in"));
		return;
	}
	snprintf(text, sizeof(text), "%d", days);
	finding(table, "doctor.certificate",
		days < 0 ? "text.wrong" : days < WARN_DAYS ? "text.attention" : "text.ok",
		word_fill(&client->arena, word("text.days_left"), 1, args));
}

/* What to say of this machine's clock; NULL: nothing. */
static const char *clock_off(struct client *client, const WhoamiReply *who)
{
	int64_t skew = who->now_at / 1000000 - (int64_t)time(NULL);
	char text[32];
	const char *args[] = { text };

	snprintf(text, sizeof(text), "%lld", (long long)llabs(skew));
	return llabs(skew) > SKEW_MOST_S ?
		word_fill(&client->arena, word("text.clock_off"), 1, args) : NULL;
}

static void look_at_clock(struct client *client, struct table *table,
			  const WhoamiReply *who)
{
	const char *off = clock_off(client, who);

	finding(table, "doctor.clock", off ? "text.attention" : "text.ok", off);
}

void client_warn_clock(struct client *client)
{
	Reply *reply = NULL;
	const char *off;

	if (!client_person(client) || client_json(client))
		return;
	if (ask_whoami(client, &reply, true) == EXIT_DONE && reply->whoami) {
		off = clock_off(client, reply->whoami);
		if (off)
			out_say(client->out, "%s", off);
	}
	call_free(reply);
}

static int look_at_server(struct client *client, struct table *table)
{
	Reply *reply = NULL;
	int code = ask_whoami(client, &reply, true);

	if (!code && reply->refusal)
		code = call_refused(client, reply->refusal);
	finding(table, "doctor.server", code ? "text.wrong" : "text.ok",
		code ? word("text.see_above") : NULL);
	if (!code)
		look_at_clock(client, table, reply->whoami);
	call_free(reply);
	return code;
}

/* Text goes out as UTF-8 whatever the locale says. */
static void look_at_terminal(struct table *table)
{
	const char *names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *value = NULL;
	size_t i;
	bool utf8;

	for (i = 0; i < 3 && (!value || !*value); i++)
		value = getenv(names[i]);
	utf8 = value && (strcasestr(value, "utf-8") || strcasestr(value, "utf8"));
	finding(table, "doctor.terminal", utf8 ? "text.ok" : "text.attention",
		utf8 ? NULL : word("text.set_utf8"));
}

int doctor_run(struct client *client, struct args *args)
{
	struct table *table = table_new(client->out);
	int code = EXIT_DONE;

	(void)args;
	table_title(table, word("text.item"));
	table_title(table, word("text.finding"));
	table_title(table, word("text.remedy"));
	look_at_terminal(table);
	look_at_folder(client, table);
	look_at_key(client, table);
	look_at_certificate(client, table);
	if (client->profile.person_id)
		code = look_at_server(client, table);
	table_end(table, NULL);
	return code;
}
