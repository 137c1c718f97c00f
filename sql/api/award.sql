-- The award and what a branch learns of the decision.  Messages: proto/award.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.publicity_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('notice_not_ended', coalesce(n.id, '-'),
		'notice.' || coalesce(n.state, 'DRAFT'))
	FROM (SELECT 1) one
	LEFT JOIN data.notice n ON n.id = flow.notice_of(publicity_over.id)
	WHERE n.state IS DISTINCT FROM 'ENDED_CLEAR'
	UNION ALL
	SELECT refuse.reason('notice_not_ended', c.id, 'notice.' || c.state) FROM data.notice c
	WHERE c.corrects_id = flow.notice_of(publicity_over.id) AND c.state <> 'DROPPED' $$;

-- One effective award a branch and level, and a term it can live in.
CREATE FUNCTION guard.award_can_sign(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('award_there_already', w.id, w.valid_to::text)
	FROM data.application a JOIN data.award w ON w.org_id = a.org_id
		AND w.level = 'COLLEGE' AND w.state = 'EFFECTIVE'
	WHERE a.id = award_can_sign.id
	UNION ALL
	SELECT CASE WHEN t IS NULL THEN refuse.reason('term_none', a.org_id)
		ELSE refuse.reason('term_over', t, flow.term_end(t)::text) END
	FROM data.application a, LATERAL (SELECT flow.running_term(a.org_id)) r(t)
	WHERE a.id = award_can_sign.id
		AND (t IS NULL OR flow.term_end(t) < flow.today()) $$;

-- ---- confirming and signing -------------------------------------------------------
CREATE FUNCTION api.confirm_award(me auth.actor, INOUT application_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_evaluated(me, application_id);
	state := 'CONFIRMED';
	PERFORM flow.move(me, 'application', application_id, state);
	PERFORM flow.step(me, application_id, state);
END $$;

CREATE FUNCTION flow.make_award(me auth.actor, a data.application, doc_no text,
	decided_on date) RETURNS data.award LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	term text := flow.running_term(a.org_id);
BEGIN
	INSERT INTO data.award (id, org_id, state, application_id, programme_id, level, title,
		org_name, doc_no, decided_on, term_id, effective_from, valid_to, agenda_item_id,
		notice_id, signed_by)
	SELECT flow.new_id('award', 'PD', a.org_id), a.org_id, 'EFFECTIVE', a.id, p.id,
		'COLLEGE', p.award_title, coalesce(flow.org_name(a.org_id, decided_on), a.org_name),
		doc_no, decided_on, term, decided_on, flow.term_end(term), flow.award_item(a.id),
		flow.notice_of(a.id), me.person_id
	FROM data.standard_version s JOIN data.programme p ON p.id = s.programme_id
	WHERE s.id = a.standard_version_id
	RETURNING * INTO STRICT w;
	RETURN w;
END $$;

CREATE FUNCTION api.sign_award(me auth.actor, application_id text, doc_no text,
	decided_on date, OUT award_id text, OUT state text, OUT title text,
	OUT effective_from_on date, OUT valid_to_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_evaluated(me, application_id);
	over_on date;
	w data.award;
BEGIN
	PERFORM flow.move(me, 'application', a.id, 'EFFECTIVE');
	PERFORM refuse.unless_line('doc_no', doc_no, 60);
	decided_on := coalesce(decided_on, flow.today());
	SELECT n.ends_on INTO over_on FROM data.notice n WHERE n.id = flow.notice_of(a.id);
	IF decided_on > flow.today() OR decided_on <= over_on THEN
		PERFORM refuse.invalid('decided_on', 'decided_on_range', over_on::text,
			flow.today()::text);
	END IF;
	w := flow.make_award(me, a, doc_no, decided_on);
	PERFORM flow.step(me, a.id, 'EFFECTIVE', NULL, doc_no);
	award_id := w.id;
	state := w.state;
	title := w.title;
	effective_from_on := w.effective_from;
	valid_to_on := w.valid_to;
END $$;

-- ---- reading ------------------------------------------------------------------------
CREATE TYPE api.award_row AS (award_id text, org_id text, org_name text, title text,
	level text, doc_no text, effective_from_on date, valid_to_on date, state text);
CREATE FUNCTION api.list_awards(me auth.actor, org_id text, OUT awards api.award_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(w.id, w.org_id, w.org_name, w.title, w.level, w.doc_no,
		w.effective_from, w.valid_to, w.state)::api.award_row ORDER BY w.org_id, w.id), '{}')
	FROM data.award w WHERE w.org_id = coalesce(list_awards.org_id, w.org_id) $$;

-- Both secretaries with their dates when one was replaced on the way (T3).
CREATE FUNCTION api.show_award(me auth.actor, INOUT award_id text, OUT state text,
	OUT title text, OUT level text, OUT org_id text, OUT org_name text, OUT doc_no text,
	OUT decided_on date, OUT effective_from_on date, OUT valid_to_on date,
	OUT application_id text, OUT agenda_item_id text, OUT notice_id text,
	OUT signed_by_name text, OUT secretaries api.secretary_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	since date;
BEGIN
	SELECT t.* INTO w FROM data.award t WHERE t.id = award_id OR t.application_id = award_id;
	IF w.id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	SELECT a.created_on INTO since FROM data.application a WHERE a.id = w.application_id;
	SELECT w.id, w.state, w.title, w.level, w.org_id, w.org_name, w.doc_no, w.decided_on,
		w.effective_from, w.valid_to, w.application_id, w.agenda_item_id, w.notice_id,
		flow.person_name(w.signed_by)
	INTO award_id, state, title, level, org_id, org_name, doc_no, decided_on,
		effective_from_on, valid_to_on, application_id, agenda_item_id, notice_id,
		signed_by_name;
	secretaries := ARRAY(SELECT ROW(flow.person_name(o.person_id), o.from_on,
			o.to_on)::api.secretary_row
		FROM data.office o WHERE o.org_id = w.org_id AND o.role = 'branch_secretary'
			AND o.from_on <= w.decided_on AND (o.to_on IS NULL OR o.to_on >= since)
		ORDER BY o.from_on, o.person_id);
END $$;

-- What the branch learns: outcome, reasons and advice of every signed resolution;
-- never how the committee voted.
CREATE TYPE api.decision_row AS (decided_on date, outcome text, resolution text,
	reasons text, advice text, conditions text);
CREATE FUNCTION api.show_decision(me auth.actor, INOUT application_id text,
	OUT state text, OUT org_name text, OUT decisions api.decision_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	state := a.state;
	org_name := a.org_name;
	decisions := ARRAY(SELECT ROW(m.held_on, i.outcome, i.resolution, i.reasons, i.advice,
			i.conditions)::api.decision_row
		FROM data.agenda_item i JOIN data.meeting m ON m.id = i.meeting_id
		WHERE i.application_id = a.id AND i.outcome IS NOT NULL AND m.state = 'SIGNED'
		ORDER BY m.held_on, i.id);
END $$;
