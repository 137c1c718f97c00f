/*
 * Every word the program says, by key, in Chinese and English
 * (words/<noun>.def: WORD("key", "中文", "English")).
 *
 *   field.<field>          label of an option, a column, a value
 *   value.<field>.<CODE>   an enum name or state, where the field matters
 *   value.<CODE>           everywhere else; a state code may also be entity.STATE
 *   request.<request>      what a request does, a short phrase
 *   refusal.<key> reason.<key>   sentences with %1 %2 for the arguments
 *   role.<role> noun.<noun>
 *   text.<key>             anything else
 */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include "common/arena.h"

#include <stddef.h>

enum language { LANGUAGE_ZH, LANGUAGE_EN };

struct word {
	const char *key, *zh, *en;
};

/* Chosen once, before anything is said; Chinese until then. */
void words_use(enum language language);
enum language words_language(void);

/* In the chosen language; NULL if there is no such key. */
const char *word_find(const char *key);
/* The key itself if there is no such key. */
const char *word(const char *key);
/* Of prefix.name; `name` itself if there is none. */
const char *word_of(const char *prefix, const char *name);
const char *word_field(const char *field);
/* value.<field>.<code>, else value.<code>, else the code. */
const char *word_value(const char *field, const char *code);
/* Chinese and English of a key, whatever the language; NULL if none. */
const struct word *word_both(const char *key);

/* The code whose word was typed, in either language: what follows the last dot
 * of a key that begins with `prefix` ("role.", "value.").  NULL: none. */
const char *word_code(const char *prefix, const char *typed, size_t len);

/* A sentence with %1 to %9 replaced by arguments (each first looked up as role,
 * value, field, noun or request when it is a code), in the arena. */
const char *word_fill(struct arena *arena, const char *sentence, size_t n,
		      const char *const *args);

/* The same with the arguments as they are: for what people typed. */
const char *word_put(struct arena *arena, const char *sentence, size_t n,
		     const char *const *args);

/* All of them, for the tests. */
const struct word *words_all(size_t *n);

#endif
