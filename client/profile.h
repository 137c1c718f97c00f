/*
 * Who the program is on this machine: a folder a profile, 0700, with
 *
 *   profile.conf   server, ports, person, acting office
 *   key.pem        the person's key, PKCS#8
 *   certificate.der, authority.der
 *   session-*      the last TLS session of a port
 *   outbox/        writes not yet answered
 *   renewal/       the next key, and its certificate once there is one
 *   lock           held while the outbox is in use
 */
#ifndef CLIENT_PROFILE_H
#define CLIENT_PROFILE_H

#include "client/files.h"
#include "common/arena.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROFILE_PUBLIC_PORT 7443
#define PROFILE_MEMBER_PORT 7444

struct profile {
	const char *name, *dir;
	const char *server;    /* HOST[:PORT],HOST[:PORT]: the public port */
	const char *acting;    /* role@org, NULL: not chosen */
	const char *person_id; /* NULL: nobody is logged in */
	uint16_t member_port;
	X509 *authority, *certificate; /* NULL: none yet */
};

/* $ZHIBU_CONFIG_DIR, $XDG_CONFIG_HOME/zhibu or ~/.config/zhibu, in the arena. */
const char *profile_config_dir(struct arena *arena);

/* Letters, digits, Han, - _ . and nothing that leaves the folder. */
bool profile_name_ok(const char *name);

/* `name` NULL: the one chosen by `profile use`, else "default". */
const char *profile_choose(struct arena *arena, const char *name);
bool profile_set_current(struct arena *arena, const char *name);
/* The first profile on a machine is the one meant from then on. */
void profile_set_current_if_none(struct arena *arena, const char *name);

/* A profile that does not exist yet is empty.  False: *key (error.profile_...). */
bool profile_load(struct profile *profile, struct arena *arena, const char *name,
		  const char **key);
void profile_unload(struct profile *profile);
bool profile_exists(const struct profile *profile);
bool profile_save(const struct profile *profile);
/* Certificate, authority and the like, DER. */
bool profile_save_certificate(const struct profile *profile, const char *name,
			      X509 *certificate);
/* The folder of the next key and certificate, PROFILE_RENEWAL below the profile's;
 * false: too long a path. */
#define PROFILE_RENEWAL "renewal"
bool profile_renewal_dir(const struct profile *profile, char dir[FILES_PATH_MAX]);
/* Puts both in the place of the old ones: the key first, so that a cut between
 * the two leaves a certificate without a key beside it, which the next load puts
 * in its place as well. */
bool profile_take_renewal(const struct profile *profile);
/* Its files and folder. */
bool profile_remove(const struct profile *profile);
/* Forgets key, certificate, sessions; keeps server and outbox. */
bool profile_forget(struct profile *profile);

/* Names in order, in the arena; *n is set. */
const char **profile_list(struct arena *arena, size_t *n);

#endif
