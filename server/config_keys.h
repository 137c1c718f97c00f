/*
 * The keys of zhibud.conf: one row each, and how numbers with units are read and
 * written.  For the config_*.c files alone.
 */
#ifndef SERVER_CONFIG_KEYS_H
#define SERVER_CONFIG_KEYS_H

#include "server/config.h"

#define CONFIG_SECOND 1000u
#define CONFIG_MINUTE (60 * CONFIG_SECOND)
#define CONFIG_HOUR (60 * CONFIG_MINUTE)
#define CONFIG_KIB 1024u
#define CONFIG_MIB (1024u * 1024u)

/* The form of a value. */
enum config_value {
	CONFIG_COUNT,    /* unsigned */
	CONFIG_SIZE,     /* size_t; 4096, 64KiB, 1MiB */
	CONFIG_DURATION, /* unsigned of ms; 500ms, 10s, 2min, 1h */
	CONFIG_BOOL,
	CONFIG_ADDRESS,
	CONFIG_MODE,
	CONFIG_URL,
};

/* One line of the file. */
struct config_key {
	const char *name;
	enum config_value kind;
	size_t offset; /* in the section's struct */
	uint64_t min, max;
	const char *help;
	const char *only; /* the section it is for; NULL: all that have it */
};

struct config_section {
	const char *name;
	size_t offset; /* of the section's struct in struct config */
	const struct config_key *keys;
	const char *help;
};

enum { CONFIG_SECTIONS = 4, CONFIG_KEYS_MOST = 64 };

extern const struct config_section config_sections[CONFIG_SECTIONS];

/* NULL: there is none of that name. */
const struct config_section *config_section(const char *name);
const struct config_key *config_key(const struct config_section *section,
				    const char *name);
/* Whether the key does anything in this section. */
bool config_key_is_for(const struct config_key *key,
		       const struct config_section *section);
/* Where its value is in `config`. */
void *config_place(struct config *config, const struct config_section *section,
		   const struct config_key *key);

/* The URLs of private mode, made from the state folder. */
void config_private_urls(struct config *config);

/* One more defect; the last row is used again when the report is full. */
struct config_defect *config_defect(struct config_report *report,
				    enum config_defect_kind kind, unsigned line);

/* Digits and a unit of `kind` (a count, size or duration). */
bool config_read_number(const char *text, enum config_value kind, uint64_t *out);
/* With the largest unit that divides it: 60000 ms is 1min. */
void config_print_number(char *out, size_t cap, uint64_t n, enum config_value kind);

#endif
