-- Upwards.  Messages: proto/escalation.proto.

-- ---- levels ------------------------------------------------------------------
-- As it holds today; none while nothing is sent there.
CREATE FUNCTION flow.active_level(level text) RETURNS data.programme_level
LANGUAGE sql STABLE AS $$
	SELECT v FROM data.programme_level v WHERE v.level = active_level.level AND v.active
		AND v.serial = (SELECT max(x.serial) FROM data.programme_level x
			WHERE x.level = v.level) $$;

CREATE FUNCTION api.set_level(me auth.actor, INOUT level text, INOUT active boolean,
	org_id text, title text, basis text, basis_doc_no text, reason text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	level := coalesce(level, 'CITY');
	IF active IS NULL THEN
		PERFORM refuse.invalid('active', 'choice_missing');
	END IF;
	IF active THEN
		PERFORM refuse.unless_line('title', title);
		PERFORM refuse.unless_line('basis', basis);
		PERFORM refuse.unless_line('basis_doc_no', basis_doc_no, 60);
		IF NOT EXISTS (SELECT FROM data.org o WHERE o.id = org_id AND o.kind = 'superior') THEN
			PERFORM refuse.invalid('org_id', 'not_a_superior', coalesce(org_id, ''));
		END IF;
	ELSE
		PERFORM refuse.unless_words('reason', reason, 1000);
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('level ' || level));
	INSERT INTO data.programme_level (level, serial, active, org_id, title, basis,
		basis_doc_no, reason, set_by, set_on)
	SELECT level, count(*) + 1, active, CASE WHEN active THEN org_id END,
		CASE WHEN active THEN title END, CASE WHEN active THEN basis END,
		CASE WHEN active THEN basis_doc_no END, nullif(reason, ''), me.person_id, flow.today()
	FROM data.programme_level v WHERE v.level = level;
END $$;

CREATE TYPE api.level_row AS (level text, active boolean, org_id text, org_name text,
	title text, basis text, basis_doc_no text, reason text, set_on date, in_force boolean);
CREATE FUNCTION api.list_levels(me auth.actor, OUT levels api.level_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(v.level, v.active, v.org_id,
		flow.org_name(v.org_id, flow.today()), v.title, v.basis, v.basis_doc_no, v.reason,
		v.set_on, v.serial = (SELECT max(x.serial) FROM data.programme_level x
			WHERE x.level = v.level))::api.level_row ORDER BY v.level, v.serial), '{}')
	FROM data.programme_level v $$;

-- ---- guards ---------------------------------------------------------------------
-- Only an award in effect goes up, and only to a level that is switched on; one whose
-- term was over on the way, if the committee chose to go on.
CREATE FUNCTION guard.escalation_stands(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('award_not_effective', w.id, 'award.' || w.state)
	FROM data.escalation e JOIN data.award w ON w.id = e.award_id
	WHERE e.id = escalation_stands.id AND w.state <> 'EFFECTIVE' AND e.term_ended_on IS NULL
	UNION ALL
	SELECT refuse.reason('level_off', e.level) FROM data.escalation e
	WHERE e.id = escalation_stands.id AND (flow.active_level(e.level)).level IS NULL $$;
CREATE FUNCTION guard.escalation_can_send(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.escalation_stands(escalation_can_send.id) g
	UNION ALL
	SELECT refuse.reason('resolution_unsigned', escalation_can_send.id)
	WHERE flow.signed_item(escalation_can_send.id) IS NULL $$;
CREATE FUNCTION guard.escalation_for_me(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.escalation e, guard.when(NOT flow.sees_escalation(me, e),
		'escalation_elsewhere') g
	WHERE e.id = escalation_for_me.id $$;

-- ---- who sees what -----------------------------------------------------------------
-- Above the college nobody sees what was not sent, nor what was sent to another.
CREATE FUNCTION flow.sees_escalation(me auth.actor, e data.escalation) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT auth.reaches(me, e.org_id) AND (me.role <> 'city_officer'
		OR e.sent_on IS NOT NULL AND e.to_org_id = me.org_id) $$;
CREATE FUNCTION flow.find_escalation(me auth.actor, escalation_id text)
RETURNS data.escalation LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE e data.escalation;
BEGIN
	SELECT x.* INTO e FROM data.escalation x
	WHERE x.id = escalation_id OR x.award_id = escalation_id
	ORDER BY x.proposed_on DESC, length(x.id) DESC, x.id DESC LIMIT 1;
	IF e.id IS NULL OR NOT flow.sees_escalation(me, e) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN e;
END $$;

CREATE FUNCTION flow.escalation_step(me auth.actor, escalation_id text, to_state text,
	on_day date, doc_no text, words text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO data.escalation_step (escalation_id, serial, happened_on, to_state,
		person_id, doc_no, text)
	SELECT escalation_step.escalation_id, count(*) + 1, on_day, escalation_step.to_state,
		me.person_id, escalation_step.doc_no, nullif(words, '')
	FROM data.escalation_step s WHERE s.escalation_id = escalation_step.escalation_id $$;

-- ---- the college -----------------------------------------------------------------------
CREATE FUNCTION api.new_escalation(me auth.actor, INOUT award_id text, level text,
	opinion text, OUT escalation_id text, OUT state text, OUT motion text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	v data.programme_level;
	open_id text;
BEGIN
	SELECT t.* INTO w FROM data.award t WHERE t.id = award_id;
	PERFORM auth.need(me, w.org_id);
	PERFORM flow.need_outsider(me, w.org_id);
	level := coalesce(level, 'CITY');
	v := flow.active_level(level);
	IF v.level IS NULL THEN
		PERFORM refuse.because('ZB003', 'level_off', ARRAY[level]);
	END IF;
	IF w.state <> 'EFFECTIVE' OR w.valid_to < flow.today() THEN
		PERFORM refuse.state(w.id, 'award.' || w.state,
			ARRAY[refuse.reason('award_not_effective', w.id, 'award.' || w.state)]);
	END IF;
	PERFORM refuse.unless_words('opinion', opinion, 4000);
	SELECT e.id INTO open_id FROM data.escalation e WHERE e.award_id = award_id
		AND e.level = level AND NOT flow.is_final('escalation', e.state);
	IF FOUND THEN
		PERFORM refuse.conflict('escalation_under_way', open_id);
	END IF;
	escalation_id := flow.new_id('escalation', 'QS', w.org_id);
	state := 'PROPOSED';
	motion := format('将%s（%s评定%s）向%s申报%s', flow.org_name(w.org_id, flow.today()),
		flow.quoted(w.title), w.id, flow.org_name(v.org_id, flow.today()), flow.quoted(v.title));
	INSERT INTO data.escalation (id, org_id, state, award_id, level, level_serial, to_org_id,
		opinion, motion, proposed_on, proposed_by)
	VALUES (escalation_id, w.org_id, state, award_id, level, v.serial, v.org_id, opinion,
		motion, flow.today(), me.person_id);
	PERFORM flow.escalation_step(me, escalation_id, state, flow.today(), NULL, NULL);
END $$;

-- A committee that says no has called it off.
CREATE FUNCTION flow.escalation_settled(me auth.actor, escalation_id text) RETURNS void
LANGUAGE sql AS $$
	SELECT flow.escalation_step(me, e.id, e.state, flow.today(), NULL, NULL)
	FROM data.escalation e WHERE e.id = escalation_id $$;

-- All that is seen above the college: the branch, the award, the resolution, the
-- college's opinion and the branch's own summary; no dossier, ballot or objection.
CREATE FUNCTION flow.escalation_file(e data.escalation, doc_no text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('form', 'zhibu-escalation-1', 'college_name', d.college_name,
		'org_name', flow.org_name(e.org_id, flow.today()), 'established_on', o.established_on,
		'full_members', flow.members(e.org_id, flow.today(), 'FULL'),
		'probationary_members', flow.members(e.org_id, flow.today(), 'PROBATIONARY'),
		'secretary_name', (SELECT string_agg(flow.person_name(h.person_id), '、')
			FROM flow.holders(e.org_id, 'branch_secretary', flow.today()) h),
		'award_title', w.title, 'award_doc_no', w.doc_no,
		'effective_from_on', w.effective_from, 'valid_to_on', w.valid_to,
		'summary', a.summary, 'remaining_problems', a.remaining_problems,
		'next_steps', a.next_steps, 'opinion', e.opinion, 'level_title', v.title,
		'basis', v.basis, 'basis_doc_no', v.basis_doc_no, 'doc_no', escalation_file.doc_no,
		'resolution', (SELECT i.resolution FROM data.agenda_item i
			WHERE i.id = flow.signed_item(e.id)))::text
	FROM data.award w JOIN data.application a ON a.id = w.application_id
	JOIN data.org o ON o.id = e.org_id
	JOIN data.programme_level v ON v.level = e.level AND v.serial = e.level_serial,
		data.deployment d
	WHERE w.id = e.award_id $$;

-- With an answer to what came back, when it was returned.
CREATE FUNCTION api.send_escalation(me auth.actor, INOUT escalation_id text,
	INOUT doc_no text, INOUT sent_on date, opinion text, OUT state text, OUT digest text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	e data.escalation := flow.find_escalation(me, escalation_id);
	met_on date;
BEGIN
	escalation_id := e.id;
	state := 'SENT';
	PERFORM flow.move(me, 'escalation', e.id, state);
	PERFORM refuse.unless_line('doc_no', doc_no, 60);
	PERFORM refuse.if_too_long('opinion', opinion, 4000);
	sent_on := coalesce(sent_on, flow.today());
	SELECT m.held_on INTO met_on FROM data.agenda_item i
	JOIN data.meeting m ON m.id = i.meeting_id WHERE i.id = flow.signed_item(e.id);
	SELECT greatest(met_on, max(s.happened_on)) INTO met_on FROM data.escalation_step s
	WHERE s.escalation_id = e.id AND s.to_state = 'RETURNED';
	IF sent_on NOT BETWEEN met_on AND flow.today() THEN
		PERFORM refuse.invalid('sent_on', 'decided_after_meeting', met_on::text,
			flow.today()::text);
	END IF;
	e.opinion := coalesce(nullif(opinion, ''), e.opinion);
	e.file := flow.escalation_file(e, doc_no);
	e.file_sha256 := sha256(convert_to(e.file, 'UTF8'));
	digest := encode(e.file_sha256, 'hex');
	UPDATE data.escalation x SET opinion = e.opinion, doc_no = doc_no, sent_on = sent_on,
		file = e.file, file_sha256 = e.file_sha256 WHERE x.id = e.id;
	PERFORM flow.escalation_step(me, e.id, state, sent_on, doc_no, opinion);
END $$;

CREATE FUNCTION api.cancel_escalation(me auth.actor, INOUT escalation_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE e data.escalation := flow.find_escalation(me, escalation_id);
BEGIN
	escalation_id := e.id;
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'CANCELLED';
	PERFORM flow.move(me, 'escalation', e.id, state);
	PERFORM flow.escalation_step(me, e.id, state, flow.today(), NULL, reason);
END $$;

-- What an award that ends leaves behind on its way up.
CREATE FUNCTION flow.end_escalations(me auth.actor, award_id text, award_state text,
	on_day date) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	e data.escalation;
	to_state text;
BEGIN
	FOR e IN SELECT x.* FROM data.escalation x WHERE x.award_id = award_id
		AND NOT flow.is_final('escalation', x.state)
	LOOP
		to_state := CASE WHEN award_state = 'ENDED_TERM'
			AND e.state NOT IN ('PROPOSED', 'IN_DELIBERATION') THEN 'TERM_ENDED' ELSE 'CANCELLED' END;
		CONTINUE WHEN to_state = e.state;
		PERFORM flow.move(me, 'escalation', e.id, to_state);
		PERFORM flow.escalation_step(me, e.id, to_state, flow.today(), NULL, NULL);
		IF to_state = 'TERM_ENDED' THEN
			UPDATE data.escalation x SET term_ended_on = on_day, proposed_on = flow.today(),
				motion = format('评定%s的任期已于%s届满，继续办理：%s', award_id,
					flow.cn_date(on_day - 1), x.motion)
			WHERE x.id = e.id;
		END IF;
	END LOOP;
END $$;

-- ---- above the college ---------------------------------------------------------------------
CREATE FUNCTION api.receive_escalation(me auth.actor, INOUT escalation_id text,
	OUT state text, OUT received_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE e data.escalation := flow.find_escalation(me, escalation_id);
BEGIN
	escalation_id := e.id;
	state := 'RECEIVED';
	received_on := flow.today();
	PERFORM flow.move(me, 'escalation', e.id, state);
	PERFORM flow.escalation_step(me, e.id, state, received_on, NULL, NULL);
END $$;

CREATE FUNCTION api.answer_escalation(me auth.actor, INOUT escalation_id text,
	INOUT answer text, doc_no text, answered_on date, reason text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	e data.escalation := flow.find_escalation(me, escalation_id);
	received_on date;
BEGIN
	escalation_id := e.id;
	IF answer IS NULL THEN
		PERFORM refuse.invalid('answer', 'choice_missing');
	END IF;
	state := answer;
	PERFORM flow.move(me, 'escalation', e.id, state);
	IF answer = 'APPROVED' THEN
		PERFORM refuse.unless_line('doc_no', doc_no, 60);
	ELSE
		PERFORM refuse.unless_words('reason', reason, 4000);
		PERFORM refuse.unless_line_or_none('doc_no', doc_no);
	END IF;
	PERFORM refuse.if_too_long('reason', reason, 4000);
	answered_on := coalesce(answered_on, flow.today());
	SELECT max(s.happened_on) INTO received_on FROM data.escalation_step s
	WHERE s.escalation_id = e.id AND s.to_state = 'RECEIVED';
	IF answered_on NOT BETWEEN received_on AND flow.today() THEN
		PERFORM refuse.invalid('answered_on', 'answered_on_range', received_on::text,
			flow.today()::text);
	END IF;
	PERFORM flow.escalation_step(me, e.id, state, answered_on, doc_no, reason);
END $$;

-- ---- reading (D27) ------------------------------------------------------------------------------
CREATE TYPE api.escalation_row AS (escalation_id text, award_id text, org_id text,
	org_name text, level text, to_org_name text, state text, sent_on date, doc_no text);
CREATE FUNCTION api.list_escalations(me auth.actor, OUT escalations api.escalation_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(e.id, e.award_id, e.org_id,
		flow.org_name(e.org_id, flow.today()), e.level, flow.org_name(e.to_org_id, flow.today()),
		e.state, e.sent_on, e.doc_no)::api.escalation_row ORDER BY e.org_id, e.id), '{}')
	FROM data.escalation e WHERE flow.sees_escalation(me, e) $$;

CREATE TYPE api.escalation_step_row AS (happened_on date, state text, by_name text,
	doc_no text, text text);
-- What was sent comes out of the fixed text; before that, as it stands.
CREATE FUNCTION api.show_escalation(me auth.actor, INOUT escalation_id text,
	OUT state text, OUT award_id text, OUT org_id text, OUT level text, OUT to_org_name text,
	OUT college_name text, OUT org_name text, OUT established_on date, OUT full_members int,
	OUT probationary_members int, OUT secretary_name text, OUT award_title text,
	OUT award_doc_no text, OUT effective_from_on date, OUT valid_to_on date,
	OUT summary text, OUT remaining_problems text, OUT next_steps text, OUT opinion text,
	OUT level_title text, OUT basis text, OUT basis_doc_no text, OUT resolution text,
	OUT doc_no text, OUT sent_on date, OUT digest text, OUT intact boolean,
	OUT motion text, OUT agenda_item_id text, OUT steps api.escalation_step_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	e data.escalation := flow.find_escalation(me, escalation_id);
	j jsonb := coalesce(e.file, flow.escalation_file(e, NULL))::jsonb;
BEGIN
	SELECT e.id, e.state, e.award_id, e.org_id, e.level,
		flow.org_name(e.to_org_id, flow.today()), x.college_name, x.org_name,
		x.established_on, x.full_members, x.probationary_members, x.secretary_name,
		x.award_title, x.award_doc_no, x.effective_from_on, x.valid_to_on, x.summary,
		x.remaining_problems, x.next_steps, x.opinion, x.level_title, x.basis,
		x.basis_doc_no, x.resolution, e.doc_no, e.sent_on, encode(e.file_sha256, 'hex'),
		e.file_sha256 = sha256(convert_to(e.file, 'UTF8'))
	INTO escalation_id, state, award_id, org_id, level, to_org_name, college_name, org_name,
		established_on, full_members, probationary_members, secretary_name, award_title,
		award_doc_no, effective_from_on, valid_to_on, summary, remaining_problems,
		next_steps, opinion, level_title, basis, basis_doc_no, resolution, doc_no, sent_on,
		digest, intact
	FROM jsonb_to_record(j) x(college_name text, org_name text, established_on date,
		full_members int, probationary_members int, secretary_name text, award_title text,
		award_doc_no text, effective_from_on date, valid_to_on date, summary text,
		remaining_problems text, next_steps text, opinion text, level_title text, basis text,
		basis_doc_no text, resolution text);
	IF me.role <> 'city_officer' THEN
		motion := e.motion;
		SELECT i.id INTO agenda_item_id FROM data.agenda_item i WHERE i.subject_id = e.id
			AND i.outcome IS NOT NULL ORDER BY i.resolved_at DESC, i.id DESC LIMIT 1;
	END IF;
	steps := ARRAY(SELECT ROW(s.happened_on, s.to_state, flow.person_name(s.person_id),
			s.doc_no, s.text)::api.escalation_step_row
		FROM data.escalation_step s WHERE s.escalation_id = e.id AND (me.role <> 'city_officer'
			OR s.to_state IN ('SENT', 'RECEIVED', 'RETURNED', 'APPROVED', 'NOT_APPROVED', 'CANCELLED'))
		ORDER BY s.serial);
END $$;

-- Its place in the history of titles: what happened between the two.
CREATE FUNCTION flow.escalation_events(org_id text) RETURNS SETOF api.history_row
LANGUAGE sql STABLE AS $$
	SELECT s.happened_on, 'ESCALATION_' || s.to_state, w.org_id,
		flow.org_name(w.org_id, s.happened_on), e.id, v.title, s.doc_no, s.text
	FROM data.escalation e JOIN data.award w ON w.id = e.award_id
	JOIN data.escalation_step s ON s.escalation_id = e.id
	JOIN data.programme_level v ON v.level = e.level AND v.serial = e.level_serial
	WHERE w.org_id IN (SELECT flow.lineage(escalation_events.org_id)) AND s.to_state IN
		('SENT', 'RETURNED', 'APPROVED', 'NOT_APPROVED', 'TERM_ENDED', 'CANCELLED') $$;
