/*
 * zhibu profile and zhibu config: what this machine knows.
 */
#include "client/client.h"
#include "client/error.h"
#include "client/files.h"
#include "client/handlers.h"
#include "client/value.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_MAX 65536

bool client_tried_here(struct client *client)
{
	if (client_dry_run(client))
		out_say(client->out, "%s", word("text.dry_run_here"));
	return client_dry_run(client);
}

int profile_list_run(struct client *client, struct args *args)
{
	struct table *table = table_new(client->out);
	const char *current = profile_choose(&client->arena, NULL), *key;
	const char **names;
	size_t i, n;

	(void)args;
	names = profile_list(&client->arena, &n);
	table_title(table, word("text.acting_mark"));
	table_title(table, word("text.profile"));
	table_column(table, "person_id");
	table_title(table, word("text.acting"));
	table_title(table, word("text.server"));
	for (i = 0; names && i < n; i++) {
		struct profile profile;

		if (!profile_load(&profile, &client->arena, names[i], &key))
			continue;
		table_cell(table, strcmp(names[i], current) ? " " : "*");
		table_cell(table, names[i]);
		table_cell(table, profile.person_id);
		table_cell(table, profile.acting);
		table_cell(table, profile.server);
		profile_unload(&profile);
	}
	table_end(table, "text.no_profile");
	return EXIT_DONE;
}

/* The profile named on the command line; false: said. */
static bool load_named(struct client *client, struct args *args,
		       struct profile *profile)
{
	const char *name = args_get(args, "name"), *key;

	if (!name)
		name = client->profile.name;
	if (profile_load(profile, &client->arena, name, &key))
		return true;
	profile_unload(profile);
	error_plain(client, EXIT_USAGE, key, name);
	return false;
}

static int no_such(struct client *client, struct profile *profile)
{
	profile_unload(profile);
	return error_plain(client, EXIT_NOTHING, "error.profile_none", profile->name);
}

/* DER, or PEM as mail programs like it. */
static X509 *read_authority(struct client *client, const char *path)
{
	const char *key;
	size_t len;
	unsigned char *data = value_read_file(&client->arena, path, CERTIFICATE_MAX,
					      &len, &key);
	const unsigned char *p = data;
	X509 *certificate;
	BIO *bio;

	if (!data)
		return NULL;
	certificate = d2i_X509(NULL, &p, (long)len);
	bio = certificate ? NULL : BIO_new_mem_buf(data, (int)len);
	if (bio)
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return certificate;
}

/* A profile without a person, for anonymous requests from a shared machine. */
int profile_add_run(struct client *client, struct args *args)
{
	const char *path = args_get(args, "authority");
	const char *server = client->line.settings.server;
	struct profile profile;
	int code = EXIT_DONE;

	if (!server || !path)
		return error_plain(client, EXIT_USAGE, "error.profile_add_needs", NULL);
	if (!load_named(client, args, &profile))
		return EXIT_USAGE;
	if (profile_exists(&profile)) {
		profile_unload(&profile);
		return error_plain(client, EXIT_USAGE, "error.profile_there",
				   profile.name);
	}
	profile.server = server;
	profile.authority = read_authority(client, path);
	if (!profile.authority)
		code = error_plain(client, EXIT_USAGE, "error.authority_file", path);
	else if (!client_tried_here(client) &&
		 (!profile_save_certificate(&profile, "authority.der",
					    profile.authority) ||
		  !profile_save(&profile)))
		code = error_plain(client, EXIT_FAILED, "error.profile_unwritable",
				   strerror(errno));
	profile_unload(&profile);
	return code;
}

int profile_use_run(struct client *client, struct args *args)
{
	struct profile profile;
	bool ok;

	if (!load_named(client, args, &profile))
		return EXIT_USAGE;
	if (!profile_exists(&profile))
		return no_such(client, &profile);
	ok = client_tried_here(client) ||
	     profile_set_current(&client->arena, profile.name);
	profile_unload(&profile);
	if (!ok)
		return error_plain(client, EXIT_FAILED, "error.profile_unwritable",
				   strerror(errno));
	return EXIT_DONE;
}

int profile_show_run(struct client *client, struct args *args)
{
	struct profile profile;

	if (!load_named(client, args, &profile))
		return EXIT_USAGE;
	if (!profile_exists(&profile))
		return no_such(client, &profile);
	out_pair(client->out, word("text.profile"), profile.name);
	out_pair(client->out, word("text.folder"), profile.dir);
	out_pair(client->out, word("text.server"), profile.server);
	out_pair(client->out, word_field("person_id"), profile.person_id);
	out_pair(client->out, word("text.acting"), profile.acting);
	out_pairs_end(client->out);
	profile_unload(&profile);
	return EXIT_DONE;
}

int profile_remove_run(struct client *client, struct args *args)
{
	struct profile profile;
	bool ok;

	if (!load_named(client, args, &profile))
		return EXIT_USAGE;
	if (!profile_exists(&profile))
		return no_such(client, &profile);
	ok = client_tried_here(client) || profile_remove(&profile);
	profile_unload(&profile);
	if (!ok)
		return error_plain(client, EXIT_FAILED, "error.profile_unwritable",
				   strerror(errno));
	return EXIT_DONE;
}

/* ---- config show ---------------------------------------------------------------------------- */

static void setting(struct client *client, struct table *table, const char *name,
		    const char *variable, const char *used, const char *from_file)
{
	const char *env = getenv(variable), *origin = "text.origin_default";

	if (from_file)
		origin = "text.origin_profile";
	if (used && env && strcmp(env, used) == 0)
		origin = variable;
	else if (used)
		origin = "text.origin_option";
	table_cell(table, name);
	table_cell(table, used ? used : from_file);
	if (args_given(&client->line.args, "origin"))
		table_cell(table, word(origin));
}

int config_show_run(struct client *client, struct args *args)
{
	const struct settings *s = &client->line.settings;
	const struct profile *p = &client->profile;
	struct table *table = table_new(client->out);

	table_title(table, word("text.setting"));
	table_title(table, word("text.value"));
	if (args_given(args, "origin"))
		table_title(table, word("text.origin"));
	setting(client, table, "profile", "ZHIBU_PROFILE", s->profile, p->name);
	setting(client, table, "server", "ZHIBU_SERVER", s->server, p->server);
	setting(client, table, "as", "ZHIBU_AS", s->acting, p->acting);
	setting(client, table, "lang", "ZHIBU_LANG",
		words_language() == LANGUAGE_EN ? "en" : NULL, "zh");
	setting(client, table, "folder", "ZHIBU_CONFIG_DIR",
		getenv("ZHIBU_CONFIG_DIR"), profile_config_dir(&client->arena));
	table_end(table, NULL);
	return EXIT_DONE;
}
