/* A form that reads without a trouble can be filled, with nothing known of any
 * field, and what it makes can be written in both formats. */
#include "client/fields.h"
#include "client/out.h"
#include "client/paper_form.h"
#include "envelope.pb-c.h"

#include <assert.h>
#include <string.h>

static FILE *nowhere;

static void fill(struct arena *arena, const struct paper_form *form)
{
	const struct out_options options = { .results = nowhere, .words = nowhere,
					     .columns = 80 };
	struct paper_facts facts = { .today = "2026年12月4日" };
	struct paper paper;

	facts.out = out_new(&options);
	assert(facts.out);
	paper_begin(&paper, arena);
	for (; facts.n < form->n_requests; facts.n++) {
		facts.replies[facts.n] = fields_new(arena,
			protobuf_c_message_descriptor_get_field(&reply__descriptor,
				form->requests[facts.n].member->id)->descriptor);
		assert(facts.replies[facts.n]);
	}
	if (paper_form_fill(form, &facts, &paper)) {
		assert(paper_html(&paper, nowhere));
		assert(paper_docx(&paper, nowhere));
	}
	out_free(facts.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct paper_trouble trouble;
	struct paper_form form;
	struct arena arena;

	if (!nowhere)
		nowhere = fopen("/dev/null", "wb");
	arena_init(&arena, 64 << 20);
	if (len <= PAPER_FORM_BYTES_MAX &&
	    paper_form_read(&arena, (const char *)data, len, &form, &trouble))
		fill(&arena, &form);
	else
		assert(trouble.key || len > PAPER_FORM_BYTES_MAX);
	arena_free(&arena);
	return 0;
}
