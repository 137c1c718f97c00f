/*
 * The configuration: DIR/zhibud.conf and what follows from the state folder.
 *
 * Every key has a default, so an empty file is a good one.  Reading finds all
 * defects at once, each with its line and key.  After loading nothing changes
 * it; whoever needs it holds a const pointer.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "server/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct db_config;

#define CONFIG_PATH 108 /* as long as the path of a socket may be */
#define CONFIG_TEXT 1024
#define CONFIG_DATABASE "zhibu" /* name of the database in private mode */

/* The two kinds of worker, each with a port of its own. */
enum worker_kind {
	WORKER_MEMBER, /* mutual TLS: people with a certificate */
	WORKER_PUBLIC, /* no certificate asked for */
	WORKER_COUNT
};

enum database_mode {
	DATABASE_PRIVATE,  /* our own cluster in DIR/pg, on a socket in DIR/pgsock */
	DATABASE_EXTERNAL, /* libpq URLs */
};

/* What one worker allows; security.md 6.1 has the reasons. */
struct config_port {
	unsigned port;

	size_t frame;        /* longest frame body taken */
	size_t arena;        /* memory of one request, unpacked */
	unsigned fields;     /* of one message */
	unsigned depth;      /* of nested messages */
	size_t string;       /* longest string in a message */

	unsigned connections, connections_per_source;
	unsigned connections_per_person; /* of one certificate */
	unsigned handshakes, handshakes_per_source; /* in progress */
	unsigned in_flight;   /* requests of one connection */
	size_t write_buffer;  /* bytes waiting to be sent, then reading stops */

	unsigned handshake_ms;   /* from accept to the end of the handshake */
	unsigned first_frame_ms; /* from there to the first whole frame */
	unsigned frame_ms;       /* from the first byte of a frame to its last */
	unsigned idle_ms;        /* with nothing in flight */
	unsigned write_stall_ms; /* the peer takes nothing of what we send */
	unsigned life_ms;        /* then what is in flight is answered and no more taken */
	unsigned busy_retry_ms;  /* told to who is shed */

	/* Of one source in a minute; the public port's alone. */
	unsigned wrong_codes_per_source; /* then no code of it is looked at */
	unsigned answers_per_source;     /* survey answers and objections */

	unsigned lane[LANE_COUNT];  /* database connections */
	unsigned queue[LANE_COUNT]; /* requests waiting for one */
	unsigned statement_ms[LANE_COUNT];
	unsigned wait_ms;     /* longest wait in the queue */
	unsigned group;       /* writes in one commit */
};

/* Files of the state folder, made from its name; not keys of the file. */
struct config_paths {
	char state[CONFIG_PATH];
	char conf[CONFIG_PATH];
	char authority[CONFIG_PATH];     /* PEM, the college's authority */
	char server_cert[CONFIG_PATH];   /* PEM */
	char server_key[CONFIG_PATH];    /* PEM, 0600 */
	char signer_socket[CONFIG_PATH];
	char pg_data[CONFIG_PATH];
	char pg_socket[CONFIG_PATH];     /* a folder */
	char deployment_id[CONFIG_PATH];
};

struct config {
	struct config_paths path;
	char listen[64]; /* an IPv4 or IPv6 address */
	unsigned drain_ms; /* SIGTERM: longest wait for what is in flight */
	bool demo;         /* the college's clock may be moved */
	enum database_mode mode;
	/* libpq's, one per PostgreSQL role, several hosts allowed.  In private
	 * mode made from the state folder, in external mode keys of the file. */
	char owner_url[CONFIG_TEXT];
	char url[WORKER_COUNT][CONFIG_TEXT];
	char read_url[WORKER_COUNT][CONFIG_TEXT]; /* "": as url */
	struct config_port ports[WORKER_COUNT];
};

enum config_defect_kind {
	CONFIG_SYNTAX,          /* neither [section] nor key = value */
	CONFIG_LINE_TOO_LONG,
	CONFIG_UNKNOWN_SECTION,
	CONFIG_UNKNOWN_KEY,
	CONFIG_TWICE,
	CONFIG_BAD_VALUE,       /* `expected` says what it should be */
	CONFIG_OUT_OF_RANGE,    /* `expected` has the bounds */
	CONFIG_MISSING,         /* needed because of another key */
	CONFIG_USELESS,         /* has no effect because of another key, or in this section */
	CONFIG_UNREADABLE,      /* the file; `value` has the system's reason */
	CONFIG_STATE_TOO_LONG,  /* the folder's path, for a socket in it */
	CONFIG_DEFECT_KINDS
};

struct config_defect {
	enum config_defect_kind kind;
	unsigned line; /* 0: the file as a whole */
	char key[64];  /* "section.key" */
	char value[64];
	char expected[80];
};

#define CONFIG_DEFECTS 64

/* All that is wrong; `count` goes on past what `rows` can hold. */
struct config_report {
	char file[CONFIG_PATH];
	unsigned count;
	struct config_defect rows[CONFIG_DEFECTS];
};

/* Defaults and paths.  False if the folder's path is too long for them. */
bool config_defaults(struct config *config, const char *state_dir);

/* Reads `len` bytes over the defaults.  True: no defect in `report`. */
bool config_parse(struct config *config, const char *text, size_t len,
		  struct config_report *report);
/* Defaults, then DIR/zhibud.conf.  True: no defect in `report`. */
bool config_load(struct config *config, const char *state_dir,
		 struct config_report *report);

/* One line per defect, "file:line: section.key: what", Chinese or English. */
void config_report_print(const struct config_report *report, bool english,
			 FILE *out);
/* A file with every key at its present value, each explained in Chinese; passwords
 * are left out. */
void config_write(const struct config *config, FILE *out);

/* What database.c needs of it; `db` borrows from `config`. */
void config_database(const struct config *config, enum worker_kind kind,
		     struct db_config *db);

const char *worker_name(enum worker_kind kind); /* "member", "public" */

#endif
