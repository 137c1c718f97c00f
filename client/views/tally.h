/*
 * Counts of one ballot session, as facts: never a share, an average or a sum over
 * items, and never two sessions beside each other.
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
/* Columns of the table: the labels of the first item that has any. */
const BallotTally *tally_labels(const BallotResult *result);

#endif
