-- Whether an award still stands.  Messages: proto/award.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.award_rules_there(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('no_rule_set') WHERE flow.current_rule_set() IS NULL $$;

-- The committee wants it, and one who does not belong to the branch opens it.
CREATE FUNCTION guard.review_wanted(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.award w, LATERAL (
		SELECT r.* FROM guard.when(flow.belongs(me, w.org_id), 'own_branch') r
		UNION ALL
		SELECT r.* FROM guard.when(NOT flow.wants_review(w.id), 'review_not_wanted') r) g
	WHERE w.id = review_wanted.id $$;

-- The time to mend it is over, or the rules give none.
CREATE FUNCTION guard.review_mended(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('rectification_running', r.id, r.rectify_to_on::text)
	FROM data.award_review r WHERE r.id = review_mended.id
		AND r.rectify_to_on >= flow.today() $$;

CREATE FUNCTION guard.review_signed(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('resolution_unsigned', review_signed.id)
	WHERE flow.signed_item(review_signed.id) IS NULL $$;

-- ---- pieces ------------------------------------------------------------------------
-- By its own number, or the newest of an award.
CREATE FUNCTION flow.find_review(me auth.actor, award_review_id text) RETURNS data.award_review
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.award_review;
BEGIN
	SELECT x.* INTO r FROM data.award_review x
	WHERE x.id = award_review_id OR x.award_id = award_review_id
	ORDER BY x.ended_on IS NULL DESC, x.opened_on DESC, length(x.id) DESC, x.id DESC LIMIT 1;
	PERFORM auth.need(me, r.org_id);
	RETURN r;
END $$;

-- Nothing is put forward, or decided, over the head of the branch.
CREATE FUNCTION refuse.unless_heard(r data.award_review) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF r.state = 'NOTIFIED' THEN
		PERFORM refuse.state(r.id, 'award_review.NOTIFIED',
			ARRAY[refuse.reason('review_not_heard', r.org_id)], '{hear_award}');
	END IF;
END $$;

-- ---- the department, the branch ------------------------------------------------------
CREATE FUNCTION api.review_award(me auth.actor, INOUT award_id text, facts text,
	evidence text, OUT award_review_id text, OUT state text, OUT rectify_to_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	months int;
BEGIN
	SELECT t.* INTO w FROM data.award t WHERE t.id = award_id;
	PERFORM auth.need(me, w.org_id);
	PERFORM flow.need_outsider(me, w.org_id);
	PERFORM refuse.unless_words('facts', facts, 4000);
	PERFORM refuse.unless_words('evidence', evidence, 4000);
	PERFORM flow.move(me, 'award', award_id, 'UNDER_REVIEW');
	SELECT nullif(r.rectification_months, 0) INTO months FROM data.rule_set r
	WHERE r.id = flow.current_rule_set();
	award_review_id := flow.new_id('award_review', 'PF', w.org_id);
	state := 'NOTIFIED';
	rectify_to_on := flow.today() + make_interval(months => months);
	INSERT INTO data.award_review (id, org_id, state, award_id, facts, evidence, opened_on,
		opened_by, rule_set_id, rectify_to_on)
	VALUES (award_review_id, w.org_id, state, award_id, facts, evidence, flow.today(),
		me.person_id, flow.current_rule_set(), rectify_to_on);
	UPDATE data.objection o SET review_id = award_review_id
	WHERE o.award_id = award_id AND o.effect = 'REVIEW' AND o.review_id IS NULL;
END $$;

-- The branch's own statement, or the record of a hearing kept by the department.
CREATE FUNCTION api.hear_award(me auth.actor, INOUT award_review_id text, text text,
	INOUT held_on date, place text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r data.award_review := flow.find_review(me, award_review_id);
BEGIN
	award_review_id := r.id;
	PERFORM flow.need(me, 'award_review', r.id);
	PERFORM refuse.unless_words('text', text, 10000);
	PERFORM refuse.unless_line_or_none('place', place);
	IF me.role <> 'branch_secretary' THEN
		PERFORM flow.need_outsider(me, r.org_id);
		PERFORM refuse.unless_line('place', place);
	END IF;
	held_on := coalesce(held_on, flow.today());
	IF held_on NOT BETWEEN r.opened_on AND flow.today() THEN
		PERFORM refuse.invalid('held_on', 'heard_on_range', r.opened_on::text,
			flow.today()::text);
	END IF;
	state := r.state;
	IF state = 'NOTIFIED' THEN
		state := 'HEARD';
		PERFORM flow.move(me, 'award_review', r.id, state);
	END IF;
	INSERT INTO data.review_statement (review_id, serial, held_on, place, text, by_person,
		by_branch, at)
	SELECT r.id, count(*) + 1, held_on, place, text, me.person_id,
		me.role = 'branch_secretary', flow.now()
	FROM data.review_statement s WHERE s.review_id = r.id;
END $$;

-- To the committee: revoke it.
CREATE FUNCTION api.propose_review(me auth.actor, INOUT award_review_id text, grounds text,
	OUT state text, OUT motion text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r data.award_review := flow.find_review(me, award_review_id);
	w data.award;
BEGIN
	award_review_id := r.id;
	PERFORM flow.need_outsider(me, r.org_id);
	PERFORM refuse.unless_heard(r);
	PERFORM refuse.unless_words('grounds', grounds, 4000);
	state := 'PROPOSED';
	PERFORM flow.move(me, 'award_review', r.id, state);
	SELECT t.* INTO w FROM data.award t WHERE t.id = r.award_id;
	motion := format('取消%s的%s评定（%s，%s），自决定之日起停止相关待遇保障。事实和依据：%s',
		flow.org_name(w.org_id, flow.today()), flow.quoted(w.title), w.id, w.doc_no, grounds);
	UPDATE data.award_review x SET grounds = grounds, motion = motion,
		proposed_on = flow.today(), proposed_by = me.person_id WHERE x.id = r.id;
END $$;

-- What gave rise to it does not hold, or has been mended: the award stands.
CREATE FUNCTION api.keep_award(me auth.actor, INOUT award_review_id text, reason text,
	OUT award_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r data.award_review := flow.find_review(me, award_review_id);
BEGIN
	award_review_id := r.id;
	award_id := r.award_id;
	state := 'KEPT';
	PERFORM flow.need_outsider(me, r.org_id);
	PERFORM refuse.unless_words('reason', reason, 4000);
	PERFORM flow.move(me, 'award_review', r.id, state);
	PERFORM flow.move(me, 'award', r.award_id, 'EFFECTIVE');
	UPDATE data.award_review x SET ended_on = flow.today(), ended_why = reason
	WHERE x.id = r.id;
END $$;

-- ---- the committee ---------------------------------------------------------------------
-- Not carried: the award stands.
CREATE FUNCTION flow.review_settled(me auth.actor, award_review_id text) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	UPDATE data.award_review x SET ended_on = flow.today()
	WHERE x.id = award_review_id AND x.state = 'KEPT' AND x.ended_on IS NULL;
	IF FOUND THEN
		PERFORM flow.move(me, 'award', x.award_id, 'EFFECTIVE')
		FROM data.award_review x WHERE x.id = award_review_id;
	END IF;
END $$;

-- What stopped with an award, by number.
CREATE FUNCTION flow.stopped_with(award_id text) RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}') FROM data.award w, LATERAL (
		SELECT i.id FROM data.incentive i WHERE i.award_id = w.id AND i.stopped_on = w.ended_on
		UNION ALL
		SELECT f.id FROM data.fund f WHERE f.award_id = w.id AND f.withdrawn_on = w.ended_on
			AND f.withdrawn_why = 'AWARD_ENDED') s
	WHERE w.id = stopped_with.award_id $$;

-- A committee act with its document: final for this award; the round that led to it
-- ends, so that a new one may follow (T19).
CREATE FUNCTION api.revoke_award(me auth.actor, INOUT award_review_id text, doc_no text,
	INOUT decided_on date, OUT award_id text, OUT state text, OUT stopped text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r data.award_review := flow.find_review(me, award_review_id);
	met_on date;
	round text;
BEGIN
	award_review_id := r.id;
	award_id := r.award_id;
	state := 'REVOKED';
	PERFORM refuse.unless_heard(r);
	PERFORM flow.move(me, 'award_review', r.id, state);
	PERFORM refuse.unless_line('doc_no', doc_no, 60);
	decided_on := coalesce(decided_on, flow.today());
	SELECT m.held_on INTO met_on FROM data.agenda_item i
	JOIN data.meeting m ON m.id = i.meeting_id WHERE i.id = flow.signed_item(r.id);
	IF decided_on NOT BETWEEN met_on AND flow.today() THEN
		PERFORM refuse.invalid('decided_on', 'decided_after_meeting', met_on::text,
			flow.today()::text);
	END IF;
	UPDATE data.award_review x SET ended_on = decided_on, doc_no = doc_no,
		decided_by = me.person_id WHERE x.id = r.id;
	PERFORM flow.end_award(me, award_id, state, decided_on, doc_no, r.grounds);
	SELECT d.id INTO round FROM data.award w JOIN data.round d ON d.id = w.round_id
		AND d.ended_on IS NULL WHERE w.id = award_id;
	IF round IS NOT NULL THEN
		PERFORM flow.move(me, 'round', round, 'ENDED_REVOKED');
		UPDATE data.round d SET ended_on = flow.today(), ended_why = doc_no
		WHERE d.id = round;
	END IF;
	stopped := flow.stopped_with(award_id);
END $$;

-- ---- reading -----------------------------------------------------------------------------
CREATE TYPE api.review_row AS (award_review_id text, award_id text, org_id text, org_name text,
	state text, opened_on date, rectify_to_on date, ended_on date);
CREATE FUNCTION api.list_reviews(me auth.actor, org_id text, OUT award_reviews api.review_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(r.id, r.award_id, r.org_id,
		flow.org_name(r.org_id, flow.today()), r.state, r.opened_on, r.rectify_to_on,
		r.ended_on)::api.review_row ORDER BY r.org_id, r.opened_on, r.id), '{}')
	FROM data.award_review r WHERE auth.reaches(me, r.org_id)
		AND r.org_id = coalesce(list_reviews.org_id, r.org_id) $$;

CREATE TYPE api.statement_row AS (held_on date, place text, by_name text,
	by_branch boolean, text text);
CREATE FUNCTION api.show_review(me auth.actor, INOUT award_review_id text, OUT state text,
	OUT award_id text, OUT org_id text, OUT org_name text, OUT title text,
	OUT award_doc_no text, OUT facts text, OUT evidence text, OUT opened_on date,
	OUT opened_by_name text, OUT rectify_to_on date, OUT statements api.statement_row[],
	OUT grounds text, OUT motion text, OUT proposed_on date, OUT agenda_item_id text,
	OUT resolution text, OUT ended_on date, OUT ended_why text, OUT doc_no text,
	OUT decided_by_name text, OUT stopped text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.award_review := flow.find_review(me, award_review_id);
BEGIN
	SELECT r.id, r.state, r.award_id, r.org_id, flow.org_name(r.org_id, flow.today()),
		w.title, w.doc_no, r.facts, r.evidence, r.opened_on, flow.person_name(r.opened_by),
		r.rectify_to_on, r.grounds, r.motion, r.proposed_on, r.ended_on, r.ended_why,
		r.doc_no, flow.person_name(r.decided_by)
	INTO award_review_id, state, award_id, org_id, org_name, title, award_doc_no, facts,
		evidence, opened_on, opened_by_name, rectify_to_on, grounds, motion, proposed_on,
		ended_on, ended_why, doc_no, decided_by_name
	FROM data.award w WHERE w.id = r.award_id;
	statements := ARRAY(SELECT ROW(s.held_on, s.place, flow.person_name(s.by_person),
			s.by_branch, s.text)::api.statement_row
		FROM data.review_statement s WHERE s.review_id = r.id ORDER BY s.serial);
	SELECT i.id, i.resolution INTO agenda_item_id, resolution FROM data.agenda_item i
	JOIN data.meeting m ON m.id = i.meeting_id AND m.state = 'SIGNED'
	WHERE i.subject_id = r.id AND i.outcome IS NOT NULL
	ORDER BY i.resolved_at DESC, i.id DESC LIMIT 1;
	stopped := CASE WHEN r.state = 'REVOKED' THEN flow.stopped_with(r.award_id)
		ELSE '{}' END;
END $$;
