-- What follows an award, and what stops with it.

-- From this day on the award gives nothing any more: what was still due is stopped,
-- what is granted and not spent may not be spent; what was spent stays (T20).  For
-- whatever ends an award: a revocation, the end of a term.
CREATE FUNCTION flow.award_ended(award_id text, on_day date) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	UPDATE data.incentive i SET state = 'STOPPED', stopped_on = on_day
	WHERE i.award_id = award_id AND i.state = 'DUE';
	UPDATE data.fund f SET withdrawn_on = on_day, withdrawn_why = 'AWARD_ENDED',
		state = CASE WHEN flow.fund_spent(f.id) > 0 THEN 'SPENT' ELSE 'WITHDRAWN' END
	WHERE f.award_id = award_id AND f.state IN ('BUDGETED', 'GRANTED');
END $$;
