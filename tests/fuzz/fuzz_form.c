/* A form that reads without a defect is written so that it reads the same, and
 * writing it once more changes nothing. */
#include "client/form.h"

#include <assert.h>
#include <string.h>

#define DEFECTS 4

static void check_same(const struct form *a, const struct form *b)
{
	size_t i;

	assert(a->n == b->n);
	assert(!a->self_id == !b->self_id);
	for (i = 0; i < a->n; i++) {
		assert(strcmp(a->items[i].code, b->items[i].code) == 0);
		assert(strcmp(a->items[i].text, b->items[i].text) == 0);
		assert(a->items[i].judgement == b->items[i].judgement);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct form_defect defects[DEFECTS];
	struct form first, second;
	struct arena arena;
	char *once, *twice;

	arena_init(&arena, 64 << 20);
	if (form_parse(&arena, (const char *)data, len, &first, defects, DEFECTS) == 0) {
		once = form_print(&arena, &first);
		assert(once);
		assert(form_parse(&arena, once, strlen(once), &second, defects,
				  DEFECTS) == 0);
		check_same(&first, &second);
		twice = form_print(&arena, &second);
		assert(twice && strcmp(once, twice) == 0);
	}
	arena_free(&arena);
	return 0;
}
