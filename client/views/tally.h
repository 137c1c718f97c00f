/*
 * Counts of one ballot session or survey, as facts: never a share, an average or a
 * sum over items, and never two branches beside each other.
 */
#ifndef CLIENT_VIEWS_TALLY_H
#define CLIENT_VIEWS_TALLY_H

#include "client/command.h"

/* "应到25 实到23 收回23 有效22 无效1", or the session's state while nothing is
 * counted; in the arena. */
const char *tally_facts(struct out *out, struct arena *arena,
			const BallotResult *result);
/* The facts and the table, or why there is no breakdown. */
void tally_show(struct out *out, struct arena *arena, const BallotResult *result);
/* Of any list of tallies; columns: the labels of the first item that has any. */
void tally_table(struct out *out, BallotTally *const *tallies, size_t n);
const BallotTally *tally_labels(BallotTally *const *tallies, size_t n);

/* "发出180 收回131", with 未验证 where it is; in the arena. */
const char *survey_facts(struct out *out, struct arena *arena,
			 const SurveyResult *result);
/* The facts and the tables, or why there are none. */
void survey_show(struct out *out, struct arena *arena, const SurveyResult *result);

#endif
