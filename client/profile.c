#include "client/profile.h"

#include "client/keyfile.h"
#include "client/value.h"
#include "common/text.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONF_MAX 8192
#define DER_MAX 16384
#define NAME_MAX_BYTES 96
#define PROFILES_MAX 256

static char *copy(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

static char *joined(struct arena *arena, const char *dir, const char *name)
{
	char path[FILES_PATH_MAX];

	return files_join(path, dir, name) ? copy(arena, path) : NULL;
}

const char *profile_config_dir(struct arena *arena)
{
	const char *dir = getenv("ZHIBU_CONFIG_DIR");
	const char *home;

	if (dir && *dir)
		return copy(arena, dir);
	dir = getenv("XDG_CONFIG_HOME");
	if (dir && *dir == '/')
		return joined(arena, dir, "zhibu");
	home = getenv("HOME");
	return joined(arena, home && *home == '/' ? home : "/nonexistent",
		      ".config/zhibu");
}

bool profile_name_ok(const char *name)
{
	size_t len = strlen(name), step;
	uint32_t cp;

	if (!len || len > NAME_MAX_BYTES || *name == '.' || *name == '-')
		return false;
	for (; len; name += step, len -= step) {
		step = text_decode(name, len, &cp);
		if (!step || !text_allowed(cp) || cp <= ' ' || cp == '/' ||
		    cp == '\\' || cp == 0x3000)
			return false;
	}
	return true;
}

/* The first line of a small file, NULL if there is none. */
static char *first_line(struct arena *arena, const char *dir, const char *name)
{
	size_t len;
	char *text = files_read(arena, dir, name, CONF_MAX, &len);

	if (!text)
		return NULL;
	text[strcspn(text, "\r\n")] = '\0';
	return *text ? text : NULL;
}

const char *profile_choose(struct arena *arena, const char *name)
{
	const char *dir = profile_config_dir(arena);
	const char *chosen;

	if (name && *name)
		return name;
	chosen = dir ? first_line(arena, dir, "current") : NULL;
	return chosen ? chosen : "default";
}

bool profile_set_current(struct arena *arena, const char *name)
{
	const char *dir = profile_config_dir(arena);
	char line[NAME_MAX_BYTES + 2];
	int n = snprintf(line, sizeof(line), "%s\n", name);

	return dir && n > 0 && (size_t)n < sizeof(line) && files_make_dir(dir) &&
	       files_write(dir, "current", line, (size_t)n);
}

void profile_set_current_if_none(struct arena *arena, const char *name)
{
	const char *dir = profile_config_dir(arena);

	if (dir && !first_line(arena, dir, "current"))
		(void)profile_set_current(arena, name);
}

/* ---- reading ------------------------------------------------------------------------- */

static void set(struct profile *profile, const char *name, const char *value)
{
	if (!*value)
		return;
	if (strcmp(name, "server") == 0)
		profile->server = value;
	else if (strcmp(name, "acting") == 0)
		profile->acting = value;
	else if (strcmp(name, "person_id") == 0)
		profile->person_id = value;
	else if (strcmp(name, "member_port") == 0)
		profile->member_port = (uint16_t)strtoul(value, NULL, 10);
}

static char *trimmed(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return text;
}

static void read_conf(struct profile *profile, char *text)
{
	char *line, *equals, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		equals = strchr(line, '=');
		if (*line == '#' || !equals)
			continue;
		*equals = '\0';
		set(profile, trimmed(line), trimmed(equals + 1));
	}
}

static X509 *read_certificate(struct arena *arena, const char *dir, const char *name,
			      bool *damaged)
{
	size_t len = 0;
	char *der = files_read(arena, dir, name, DER_MAX, &len);
	const unsigned char *p = (unsigned char *)der;
	X509 *certificate;

	if (!der) {
		*damaged |= errno != ENOENT;
		return NULL;
	}
	certificate = d2i_X509(NULL, &p, (long)len);
	if (!certificate || p != (unsigned char *)der + len) {
		X509_free(certificate);
		*damaged = true;
		return NULL;
	}
	return certificate;
}

static const char *profile_dir(struct arena *arena, const char *name)
{
	const char *config = profile_config_dir(arena);
	const char *all = config ? joined(arena, config, "profiles") : NULL;

	return all ? joined(arena, all, name) : NULL;
}

/* ---- renewal ------------------------------------------------------------------------- */

bool profile_renewal_dir(const struct profile *profile, char dir[FILES_PATH_MAX])
{
	return files_join(dir, profile->dir, PROFILE_RENEWAL);
}

static bool there(const char *dir, const char *name)
{
	char path[FILES_PATH_MAX];

	return files_join(path, dir, name) && access(path, F_OK) == 0;
}

bool profile_take_renewal(const struct profile *profile)
{
	char dir[FILES_PATH_MAX];

	if (!profile_renewal_dir(profile, dir) || !there(dir, "certificate.der"))
		return false;
	files_remove(profile->dir, "session-member");
	if (there(dir, KEYFILE_NAME) && !files_move(dir, KEYFILE_NAME, profile->dir))
		return false;
	if (!files_move(dir, "certificate.der", profile->dir))
		return false;
	rmdir(dir);
	return true;
}

/* Cut between key and certificate. */
static void finish_renewal(const struct profile *profile)
{
	char dir[FILES_PATH_MAX];

	if (profile_renewal_dir(profile, dir) && !there(dir, KEYFILE_NAME))
		(void)profile_take_renewal(profile);
}

/* ---- loading ------------------------------------------------------------------------- */

bool profile_load(struct profile *profile, struct arena *arena, const char *name,
		  const char **key)
{
	bool damaged = false;
	size_t len;
	char *conf;

	memset(profile, 0, sizeof(*profile));
	*key = "error.profile_name";
	if (!profile_name_ok(name))
		return false;
	profile->name = copy(arena, name);
	profile->dir = profile_dir(arena, name);
	*key = "error.memory";
	if (!profile->name || !profile->dir)
		return false;
	conf = files_read(arena, profile->dir, "profile.conf", CONF_MAX, &len);
	if (!conf && errno != ENOENT && errno != ENOTDIR) {
		*key = "error.profile_unreadable";
		return false;
	}
	if (conf)
		read_conf(profile, conf);
	finish_renewal(profile);
	profile->authority = read_certificate(arena, profile->dir, "authority.der",
					      &damaged);
	profile->certificate = read_certificate(arena, profile->dir,
						"certificate.der", &damaged);
	*key = damaged ? "error.profile_unreadable" : NULL;
	return !damaged;
}

void profile_unload(struct profile *profile)
{
	X509_free(profile->authority);
	X509_free(profile->certificate);
	profile->authority = NULL;
	profile->certificate = NULL;
}

bool profile_exists(const struct profile *profile)
{
	struct stat st;

	return stat(profile->dir, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- writing ------------------------------------------------------------------------- */

bool profile_save(const struct profile *profile)
{
	char text[CONF_MAX];
	int n = snprintf(text, sizeof(text),
			 "server = %s\nmember_port = %u\nperson_id = %s\n"
			 "acting = %s\n",
			 profile->server ? profile->server : "",
			 profile->member_port,
			 profile->person_id ? profile->person_id : "",
			 profile->acting ? profile->acting : "");

	return n > 0 && (size_t)n < sizeof(text) && files_make_dir(profile->dir) &&
	       files_write(profile->dir, "profile.conf", text, (size_t)n);
}

bool profile_save_certificate(const struct profile *profile, const char *name,
			      X509 *certificate)
{
	unsigned char *der = NULL;
	int len = i2d_X509(certificate, &der);
	bool ok = len > 0 && files_make_dir(profile->dir) &&
		  files_write(profile->dir, name, der, (size_t)len);

	OPENSSL_free(der);
	return ok;
}

static void empty_dir(const char *path)
{
	char inner[FILES_PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
		    files_join(inner, path, entry->d_name))
			unlink(inner);
	if (dir)
		closedir(dir);
}

/* A profile's folders have none below them. */
static void empty_below(const struct profile *profile, const char *name)
{
	char path[FILES_PATH_MAX];

	if (files_join(path, profile->dir, name)) {
		empty_dir(path);
		rmdir(path);
	}
}

static const char *const secrets[] = { "key.pem", "certificate.der",
				       "session-member", "session-public" };

bool profile_forget(struct profile *profile)
{
	bool ok = true;
	size_t i;

	empty_below(profile, PROFILE_RENEWAL);
	for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (!files_remove(profile->dir, secrets[i]) && errno != ENOENT)
			ok = false;
	profile->person_id = NULL;
	profile->acting = NULL;
	return profile_save(profile) && ok;
}

bool profile_remove(const struct profile *profile)
{
	empty_below(profile, "outbox");
	empty_below(profile, PROFILE_RENEWAL);
	empty_dir(profile->dir);
	return rmdir(profile->dir) == 0;
}

/* ---- all of them --------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

const char **profile_list(struct arena *arena, size_t *n)
{
	const char *config = profile_config_dir(arena);
	const char *path = config ? joined(arena, config, "profiles") : NULL;
	const char **names = arena_zero(arena, PROFILES_MAX, sizeof(*names));
	struct dirent *entry;
	DIR *dir = path ? opendir(path) : NULL;

	*n = 0;
	while (dir && names && *n < PROFILES_MAX && (entry = readdir(dir)))
		if (profile_name_ok(entry->d_name)) {
			names[*n] = copy(arena, entry->d_name);
			*n += names[*n] != NULL;
		}
	if (dir)
		closedir(dir);
	if (names && *n)
		qsort(names, *n, sizeof(*names), by_name);
	return names;
}
