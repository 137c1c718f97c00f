#include "client/words.h"

#include "common/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD(key, zh, en) { key, zh, en },

static const struct word all[] = {
#include "words.inc"
};

#define COUNT (sizeof(all) / sizeof(all[0]))
#define KEY_MAX 160
#define ARGS_MAX 9 /* %1 to %9 */

static enum language chosen = LANGUAGE_ZH;

void words_use(enum language language)
{
	chosen = language;
}

enum language words_language(void)
{
	return chosen;
}

const struct word *words_all(size_t *n)
{
	*n = COUNT;
	return all;
}

static int by_key(const void *a, const void *b)
{
	const struct word *const *x = a;
	const struct word *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* The files are written noun by noun; looking up wants the order of keys. */
static const struct word *const *sorted(void)
{
	static const struct word *index[COUNT];
	size_t i;

	if (index[0])
		return index;
	for (i = 0; i < COUNT; i++)
		index[i] = &all[i];
	qsort(index, COUNT, sizeof(*index), by_key);
	return index;
}

const struct word *word_both(const char *key)
{
	const struct word *const *index = sorted();
	size_t low = 0, high = COUNT;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key, index[middle]->key);

		if (order == 0)
			return index[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const char *word_find(const char *key)
{
	const struct word *found = word_both(key);

	if (!found)
		return NULL;
	return chosen == LANGUAGE_EN ? found->en : found->zh;
}

const char *word(const char *key)
{
	const char *found = word_find(key);

	return found ? found : key;
}

static const char *find_of(const char *prefix, const char *name)
{
	char key[KEY_MAX];
	int n = snprintf(key, sizeof(key), "%s.%s", prefix, name);

	if (n < 0 || (size_t)n >= sizeof(key))
		return NULL;
	return word_find(key);
}

const char *word_of(const char *prefix, const char *name)
{
	const char *found = find_of(prefix, name);

	return found ? found : name;
}

const char *word_field(const char *field)
{
	return word_of("field", field);
}

const char *word_value(const char *field, const char *code)
{
	char key[KEY_MAX];
	const char *found = NULL;
	int n = snprintf(key, sizeof(key), "value.%s.%s", field, code);

	if (n > 0 && (size_t)n < sizeof(key))
		found = word_find(key);
	if (!found)
		found = find_of("value", code);
	return found ? found : code;
}

static bool is_word(const char *word_text, const char *typed, size_t len)
{
	return strlen(word_text) == len && strncasecmp(word_text, typed, len) == 0;
}

const char *word_code(const char *prefix, const char *typed, size_t len)
{
	size_t i, skip = strlen(prefix);

	for (i = 0; len && i < COUNT; i++)
		if (strncmp(all[i].key, prefix, skip) == 0 &&
		    (is_word(all[i].zh, typed, len) || is_word(all[i].en, typed, len)))
			return strrchr(all[i].key, '.') + 1;
	return NULL;
}

/* ---- arguments of sentences ------------------------------------------------- */

/* Codes are ASCII words; a person's own text must never be taken for one. */
static bool is_code(const char *arg)
{
	const char *p;

	if (!isalpha((unsigned char)*arg))
		return false;
	for (p = arg; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.')
			return false;
	return p - arg < 64;
}

static const char *role_at(struct arena *arena, const char *arg)
{
	const char *at = strchr(arg, '@');
	const char *role;
	char *name, *text;
	size_t len;

	name = arena_copy(arena, arg, (size_t)(at - arg));
	role = name ? find_of("role", name) : NULL;
	if (!role)
		return arg;
	len = strlen(role) + strlen(at) + 1;
	text = arena_alloc(arena, len);
	if (!text)
		return arg;
	snprintf(text, len, "%s%s", role, at);
	return text;
}

/* entity.STATE is a state; a bare word may be any of several. */
static const char *arg_word(struct arena *arena, const char *arg)
{
	static const char *const prefixes[] = { "field", "role", "value",
						"noun", "request" };
	const char *found, *dot;
	size_t i;

	if (strchr(arg, '@'))
		return role_at(arena, arg);
	if (!is_code(arg))
		return arg;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		found = find_of(prefixes[i], arg);
		if (found)
			return found;
	}
	dot = strchr(arg, '.');
	found = dot ? find_of("value", dot + 1) : NULL;
	return found ? found : arg;
}

struct filling {
	char *text; /* NULL while measuring */
	size_t len;
};

static void append(struct filling *f, const char *s, size_t len)
{
	if (f->text)
		memcpy(f->text + f->len, s, len);
	f->len += len;
}

static void fill(struct filling *f, const char *sentence, size_t n,
		 const char *const *args)
{
	const char *p;

	f->len = 0;
	for (p = sentence; *p; p++) {
		size_t i = p[0] == '%' && p[1] >= '1' && p[1] <= '9'
				   ? (size_t)(p[1] - '1') : SIZE_MAX;

		if (i == SIZE_MAX) {
			append(f, p, 1);
			continue;
		}
		if (i < n)
			append(f, args[i], strlen(args[i]));
		p++;
	}
}

const char *word_put(struct arena *arena, const char *sentence, size_t n,
		     const char *const *args)
{
	struct filling f = { NULL, 0 };

	fill(&f, sentence, n, args);
	f.text = arena_alloc(arena, f.len + 1);
	if (!f.text)
		return sentence;
	fill(&f, sentence, n, args);
	f.text[f.len] = '\0';
	return f.text;
}

const char *word_fill(struct arena *arena, const char *sentence, size_t n,
		      const char *const *args)
{
	const char *shown[ARGS_MAX];
	size_t i;

	if (n > ARGS_MAX)
		n = ARGS_MAX;
	for (i = 0; i < n; i++)
		shown[i] = arg_word(arena, args[i] ? args[i] : "");
	return word_put(arena, sentence, n, shown);
}
