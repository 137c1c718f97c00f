/*
 * The sheet of one branch: the four evaluations side by side in words and counts,
 * for a terminal and as a page to be printed.  Nothing on it is added up.
 */
#ifndef CLIENT_VIEWS_SHEET_H
#define CLIENT_VIEWS_SHEET_H

#include "client/command.h"

#include <stdio.h>

void sheet_text(struct out *out, struct arena *arena,
		const EvaluationSheet *sheet);
void sheet_html(FILE *f, struct out *out, struct arena *arena,
		const EvaluationSheet *sheet);

/* Shared by both. */
const char *sheet_stream_name(const SheetStream *stream);
/* What was counted for one stream, a line; in the arena or the out. */
const char *sheet_facts(struct out *out, struct arena *arena,
			const EvaluationSheet *sheet, const SheetStream *stream);
const char *sheet_methods(struct out *out, const SheetStream *stream);
/* Whether a session was of this stream's people. */
bool sheet_ballot_of(const BallotResult *ballot, const SheetStream *stream);
/* The word of an "entity.STATE". */
const char *sheet_state(struct arena *arena, const char *state);
const char *sheet_matter(const SheetMatter *matter);
/* What a unit said, or how far its letter is. */
const char *sheet_letter(const SheetLetter *letter);
/* "纪检 已答复；保卫 未答复", NULL for none. */
const char *sheet_clearances(struct out *out, const EvaluationSheet *sheet);
/* Who of the masses took part and how they were chosen, NULL for none. */
const char *sheet_representatives(struct out *out, struct arena *arena,
				  const EvaluationSheet *sheet);

const char *sheet_title(struct arena *arena, const EvaluationSheet *sheet);
/* "正式党员25人，预备党员0人；书记 …；本届任期 … 至 …" */
const char *sheet_branch(struct out *out, struct arena *arena,
			 const EvaluationSheet *sheet);

#endif
