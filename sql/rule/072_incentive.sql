-- What follows an award, and what stops with it: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('new_recommendation', '{od_officer,od_head}'::text[]),
	('add_candidate', '{od_officer,od_head}'),
	('drop_candidate', '{od_officer,od_head}'),
	('record_incentive', '{od_officer,od_head}'),
	('close_recommendation', '{od_officer,od_head}'),
	('show_recommendation', '{od_officer,od_head,committee_member,committee_secretary,recorder}'),
	('new_consideration', '{od_officer,od_head}'),
	('ask_secretary', '{od_officer,od_head}'),
	('list_incentives', '{branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('show_follow', '{branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('add_choice', '{od_head,committee_secretary}'),
	('list_choices', '{person}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('recommendation', '-', 'OPEN', 'new_recommendation', NULL),
	('recommendation', 'OPEN', 'OPEN', 'add_candidate', NULL),
	('recommendation', 'OPEN', 'OPEN', 'drop_candidate', NULL),
	('recommendation', 'OPEN', 'CLOSED', 'close_recommendation', 'recommendation_answered'),
	('incentive', '-', 'DUE', 'new_recommendation', NULL),
	('incentive', '-', 'DUE', 'new_consideration', NULL),
	('incentive', 'DUE', 'DONE', 'record_incentive', NULL),
	('incentive', 'DUE', 'NOT_PRIORITISED', 'record_incentive', NULL),

	('secretary_question', '-', 'ASKED', 'ask_secretary', NULL),
	('secretary_question', 'ASKED', 'IN_DELIBERATION', 'add_agenda_item', NULL),
	('secretary_question', 'DEFERRED', 'IN_DELIBERATION', 'add_agenda_item', NULL),
	('secretary_question', 'IN_DELIBERATION', 'ASKED', 'remove_agenda_item', NULL),
	('secretary_question', 'IN_DELIBERATION', 'APPLIES', 'resolve_item', NULL),
	('secretary_question', 'IN_DELIBERATION', 'APPLIES_NOT', 'resolve_item', NULL),
	('secretary_question', 'IN_DELIBERATION', 'DEFERRED', 'defer_item', NULL);

-- Whatever ends an award ends with it what was due and what may be spent.
INSERT INTO rule.transition (entity, from_state, to_state, request, guard)
SELECT DISTINCT m.entity, m.from_state, m.to_state, t.request, m.entity || '_award_over'
FROM rule.transition t, (VALUES ('incentive', 'DUE', 'STOPPED'),
	('fund', 'BUDGETED', 'WITHDRAWN'), ('fund', 'GRANTED', 'WITHDRAWN'),
	('fund', 'GRANTED', 'SPENT')) AS m(entity, from_state, to_state)
WHERE t.entity = 'award' AND t.to_state NOT IN ('EFFECTIVE', 'UNDER_REVIEW', 'CONTINUED');

INSERT INTO rule.matter (entity, carried, rejected, deferred, taken_off) VALUES
	('secretary_question', 'APPLIES', 'APPLIES_NOT', 'DEFERRED', 'ASKED');

INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('incentive', 'record_incentive', 'incentive_id', 'id', 'incentive_outsider'),
	('recommendation', 'close_recommendation', 'recommendation_id', 'id', NULL),
	('secretary_question', 'add_agenda_item', 'subject_id', 'id', 'meeting_planned');
INSERT INTO rule.hint (entity, request, field, only_if, made_for) VALUES
	('-secretary_question', 'ask_secretary', '', 'question_wanted', 'committee');

-- An entry of an open list, by its code or as people say it; NULL if there is none.
CREATE FUNCTION flow.choice(list text, said text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT c.code FROM data.choice c
	WHERE c.list = choice.list AND btrim(choice.said) IN (c.code, c.name) $$;
CREATE FUNCTION flow.need_choice(field text, list text, said text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE code text := flow.choice(list, said);
BEGIN
	IF code IS NULL THEN
		PERFORM refuse.invalid(field, 'choice_unknown', coalesce(said, ''), list);
	END IF;
	RETURN code;
END $$;

-- The award was in effect on that day.  Under review it still is: nothing is taken away
-- before the committee has decided.
CREATE FUNCTION flow.award_holds(w data.award, on_day date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT w.effective_from <= on_day AND w.valid_to >= on_day
		AND (w.ended_on IS NULL OR w.ended_on > on_day) $$;
CREATE FUNCTION flow.award_of(org_id text, on_day date) RETURNS data.award
LANGUAGE sql STABLE AS $$
	SELECT w.* FROM data.award w
	WHERE w.org_id = award_of.org_id AND flow.award_holds(w, on_day)
	ORDER BY w.effective_from DESC, w.id DESC LIMIT 1 $$;

-- Everybody who was secretary from the application to the award's end, or today.
CREATE FUNCTION flow.award_secretaries(w data.award) RETURNS SETOF data.office
LANGUAGE sql STABLE AS $$
	SELECT o.* FROM data.office o JOIN data.application a ON a.id = w.application_id
	WHERE o.org_id = w.org_id AND o.role = 'branch_secretary'
		AND o.from_on <= least(w.valid_to, flow.today())
		AND (o.to_on IS NULL OR o.to_on > a.created_on)
	ORDER BY o.from_on, o.person_id $$;

-- One secretary all the time, still in office: nothing to ask.  Otherwise the
-- committee says whose the consideration is; it never passes on by itself (T3).
CREATE FUNCTION flow.secretary_unchanged(w data.award) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT count(DISTINCT s.person_id) = 1
		AND bool_or(s.to_on IS NULL OR s.to_on > flow.today())
	FROM flow.award_secretaries(w) s $$;
-- Secretaries of an award nobody has asked the committee about.
CREATE FUNCTION flow.unasked_secretaries(w data.award) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT DISTINCT s.person_id FROM flow.award_secretaries(w) s
	WHERE flow.secretary_unchanged(w) IS FALSE
		AND NOT EXISTS (SELECT FROM data.secretary_question q
			WHERE q.award_id = w.id AND q.person_id = s.person_id) $$;

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
-- It goes on with another organisation: what is due and not spent goes with it.
CREATE FUNCTION flow.award_passed(award_id text, to_award_id text, to_org_id text)
RETURNS void LANGUAGE sql AS $$
	UPDATE data.incentive i SET award_id = to_award_id, org_id = to_org_id
	WHERE i.award_id = award_passed.award_id AND i.state = 'DUE';
	UPDATE data.fund f SET award_id = to_award_id, org_id = to_org_id
	WHERE f.award_id = award_passed.award_id AND f.state IN ('BUDGETED', 'GRANTED') $$;

