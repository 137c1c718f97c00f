-- The application and its way to the committee.  Messages: proto/application.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.round_may_apply(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('self_not_meeting', s.id)).* FROM data.self_assessment s
	LEFT JOIN data.self_version v ON v.self_id = s.id AND v.version_no = s.version_no
	WHERE s.round_id = round_may_apply.id AND v.meets_conditions IS NOT TRUE
	UNION ALL
	SELECT (refuse.reason('award_there_already', w.id, w.valid_to::text)).*
	FROM data.round r JOIN data.award w ON w.org_id = r.org_id AND w.ended_on IS NULL
	WHERE r.id = round_may_apply.id
	UNION ALL
	SELECT g.* FROM guard.round_no_application(round_may_apply.id) g
	UNION ALL
	SELECT w.* FROM data.round r, flow.weak_lax_reasons(r.org_id) w
	WHERE r.id = round_may_apply.id $$;

-- Every field the branch has still to write.
CREATE FUNCTION guard.application_complete(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('field_missing', f.name)).* FROM data.application a,
	LATERAL (VALUES (1, 'summary', a.summary),
		(2, 'remaining_problems', a.remaining_problems),
		(3, 'next_steps', a.next_steps)) f(n, name, value)
	WHERE a.id = application_complete.id AND flow.blank(f.value) $$;

CREATE FUNCTION guard.application_submit(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.application_complete(application_submit.id) g
	UNION ALL
	SELECT (refuse.reason('self_not_meeting', a.self_id)).* FROM data.application a
	JOIN data.self_version v ON v.self_id = a.self_id AND v.version_no = a.self_version_no
	WHERE a.id = application_submit.id AND NOT v.meets_conditions
	UNION ALL
	SELECT w.* FROM data.application a, unnest(flow.window_reasons('APPLICATION', a.org_id)) w
	WHERE a.id = application_submit.id AND a.submitted_at IS NULL
	UNION ALL
	SELECT w.* FROM data.application a, flow.weak_lax_reasons(a.org_id) w
	WHERE a.id = application_submit.id $$;

CREATE FUNCTION guard.application_may_lapse(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('term_not_over', coalesce(a.term_id, a.org_id),
		coalesce(flow.term_end(a.term_id)::text, '-'))).*
	FROM data.application a WHERE a.id = application_may_lapse.id
		AND coalesce(flow.term_end(a.term_id) >= flow.today(), true)
		AND EXISTS (SELECT FROM data.org_version v WHERE v.org_id = a.org_id
			AND v.from_on <= flow.today() AND (v.to_on IS NULL OR v.to_on > flow.today())
			AND v.status NOT IN ('MERGED', 'SPLIT', 'DISSOLVED')) $$;

-- ---- finding, history -------------------------------------------------------------
-- The application named, or the newest of the actor's own branch.
CREATE FUNCTION flow.find_application(me auth.actor, application_id text)
RETURNS data.application LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	a data.application;
	own text := flow.own_org(me, NULL);
BEGIN
	IF application_id IS NULL AND own IS NULL THEN
		PERFORM refuse.invalid('application_id', 'id_needed');
	END IF;
	SELECT p.* INTO a FROM data.application p
	WHERE p.id = application_id OR (application_id IS NULL AND p.org_id = own)
	ORDER BY p.created_on DESC, length(p.id) DESC, p.id DESC LIMIT 1;
	IF application_id IS NULL AND a.id IS NULL THEN
		PERFORM refuse.invalid('application_id', 'no_application', own);
	END IF;
	PERFORM auth.need(me, a.org_id);
	IF NOT flow.sees_application(me, a) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN a;
END $$;

-- One line of its history; the number of the line.
CREATE FUNCTION flow.step(me auth.actor, application_id text, to_state text,
	agreed boolean DEFAULT NULL, opinion text DEFAULT NULL) RETURNS int
LANGUAGE sql AS $$
	INSERT INTO data.application_step (application_id, serial, at, person_id, role, org_id,
		request, to_state, agreed, opinion)
	SELECT step.application_id, count(*) + 1, flow.now(), me.person_id, me.role,
		me.org_id, me.request, step.to_state, step.agreed, nullif(step.opinion, '')
	FROM data.application_step s WHERE s.application_id = step.application_id
	RETURNING serial $$;

-- Nobody handles the application of the branch he or she belongs to.
CREATE FUNCTION flow.recused_reasons(me auth.actor, org_id text)
RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN flow.belongs(me, recused_reasons.org_id)
		THEN ARRAY[refuse.reason('recused_preparation', recused_reasons.org_id)]
		ELSE '{}' END $$;

-- ---- the branch ----------------------------------------------------------------------
-- Copies what organisation tree, roster and self-assessment know.
CREATE FUNCTION flow.generate_application(me auth.actor, r data.round) RETURNS text
LANGUAGE sql AS $$
	INSERT INTO data.application (id, org_id, state, round_id, standard_version_id,
		self_id, self_version_no, term_id, org_name, org_kind, member_category,
		established_on, full_members, probationary_members, secretary_id,
		secretary_name, secretary_since_on, committee_names, term_no, term_start_on,
		term_due_on, created_on, created_by)
	SELECT flow.new_id('application', 'SB', o.id), o.id, 'DRAFT', r.id,
		r.standard_version_id, s.id, s.version_no, t.id,
		flow.org_name(o.id, flow.today()), o.kind, o.member_category, o.established_on,
		flow.members(o.id, flow.today(), 'FULL'),
		flow.members(o.id, flow.today(), 'PROBATIONARY'),
		b.person_id, flow.person_name(b.person_id), b.from_on,
		ARRAY(SELECT p.name FROM data.office c JOIN data.person p ON p.id = c.person_id
			WHERE c.org_id = o.id AND c.role IN ('branch_secretary', 'branch_committee_member')
				AND c.from_on <= flow.today() AND (c.to_on IS NULL OR c.to_on > flow.today())
			GROUP BY p.id, p.name ORDER BY bool_or(c.role = 'branch_secretary') DESC, p.id),
		t.term_no, t.start_on, flow.term_end(t.id), flow.today(), me.person_id
	FROM data.org o
	JOIN data.self_assessment s ON s.round_id = r.id
	LEFT JOIN data.term t ON t.id = r.term_id
	LEFT JOIN LATERAL (SELECT c.person_id, c.from_on FROM data.office c
		WHERE c.org_id = o.id AND c.role = 'branch_secretary'
			AND c.from_on <= flow.today() AND (c.to_on IS NULL OR c.to_on > flow.today())
		ORDER BY c.from_on DESC LIMIT 1) b ON true
	WHERE o.id = r.org_id
	RETURNING id $$;

CREATE FUNCTION api.new_application(me auth.actor, round_id text,
	OUT application_id text, OUT state text, OUT revision int, OUT to_write text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r data.round := flow.find_round(me, round_id);
BEGIN
	IF r.state IN ('PLANNED', 'SELF_BUILDING') THEN
		PERFORM refuse.state(r.id, 'round.' || r.state,
			ARRAY[refuse.reason('self_not_adopted')], '{check_self,adopt_self}');
	END IF;
	PERFORM flow.need(me, 'round', r.id);
	application_id := flow.generate_application(me, r);
	state := 'DRAFT';
	revision := 1;
	to_write := '{summary,remaining_problems,next_steps}';
	PERFORM flow.step(me, application_id, state);
END $$;

CREATE FUNCTION api.edit_application(me auth.actor, INOUT application_id text,
	base_revision int, summary text, remaining_problems text, next_steps text,
	OUT state text, OUT revision int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_application(me, application_id);
BEGIN
	application_id := a.id;
	state := flow.need(me, 'application', a.id);
	SELECT p.revision INTO revision FROM data.application p WHERE p.id = a.id;
	IF base_revision <> revision THEN
		PERFORM refuse.conflict('revision_stale', a.id, base_revision::text,
			revision::text, '');
	END IF;
	IF coalesce(summary, remaining_problems, next_steps) IS NULL THEN
		PERFORM refuse.defects(a.id, ARRAY[refuse.reason('nothing_to_change')]);
	END IF;
	PERFORM refuse.if_too_long('summary', summary, 1500);
	PERFORM refuse.if_too_long('remaining_problems', remaining_problems, 1000);
	PERFORM refuse.if_too_long('next_steps', next_steps, 1000);
	UPDATE data.application p SET revision = p.revision + 1,
		summary = coalesce(summary, p.summary),
		remaining_problems = coalesce(remaining_problems, p.remaining_problems),
		next_steps = coalesce(next_steps, p.next_steps)
	WHERE p.id = a.id RETURNING p.revision INTO revision;
	IF state = 'BRANCH_ADOPTED' THEN
		state := 'DRAFT';
		PERFORM flow.move(me, 'application', a.id, state);
		PERFORM flow.step(me, a.id, state);
	END IF;
END $$;

CREATE FUNCTION api.check_application(me auth.actor, INOUT application_id text,
	OUT state text, OUT revision int)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_application(me, application_id);
BEGIN
	application_id := a.id;
	state := a.state;
	revision := a.revision;
	PERFORM refuse.defects(a.id, flow.reasons('application_submit', a.id));
END $$;

CREATE FUNCTION api.adopt_application(me auth.actor, INOUT application_id text,
	same_meeting boolean, held_on date, INOUT entitled int, INOUT present int,
	INOUT in_favour int, against int, abstain int, OUT state text,
	OUT present_needed int, OUT in_favour_needed int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_application(me, application_id);
	v data.self_version;
BEGIN
	application_id := a.id;
	IF same_meeting THEN
		SELECT w.* INTO v FROM data.self_version w
		WHERE w.self_id = a.self_id AND w.version_no = a.self_version_no;
		held_on := coalesce(held_on, v.held_on);
		entitled := coalesce(entitled, v.entitled);
		present := coalesce(present, v.present);
		in_favour := coalesce(in_favour, v.in_favour);
		against := coalesce(against, v.against);
		abstain := coalesce(abstain, v.abstain);
	END IF;
	state := 'BRANCH_ADOPTED';
	PERFORM flow.need_with(me, 'application', a.id, state, flow.meeting_reasons(a.round_id,
		held_on, entitled, present, in_favour, against, abstain));
	PERFORM flow.move(me, 'application', a.id, state);
	UPDATE data.application p SET held_on = held_on, entitled = entitled,
		present = present, in_favour = in_favour, against = coalesce(against, 0),
		abstain = coalesce(abstain, 0)
	WHERE p.id = a.id;
	PERFORM flow.step(me, a.id, state);
	present_needed := flow.present_needed(entitled);
	in_favour_needed := flow.favour_needed(entitled);
END $$;

CREATE FUNCTION api.submit_application(me auth.actor, INOUT application_id text,
	OUT state text, OUT at_org_id text, OUT at_org_name text,
	OUT standard_version_id text, OUT submitted_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_application(me, application_id);
	closed refuse.reason[];
BEGIN
	application_id := a.id;
	closed := flow.window_reasons('APPLICATION', a.org_id);
	IF a.state = 'BRANCH_ADOPTED' AND a.submitted_at IS NULL AND closed <> '{}' THEN
		PERFORM refuse.because('ZB006', closed[1].key, closed[1].args);
	END IF;
	at_org_id := flow.next_level(a.id);
	at_org_name := flow.org_name(at_org_id, flow.today());
	state := CASE WHEN at_org_id IS NULL THEN 'SUBMITTED' ELSE 'AT_INTERMEDIATE' END;
	PERFORM flow.move(me, 'application', a.id, state);
	UPDATE data.application p SET at_org_id = at_org_id,
		submitted_at = coalesce(p.submitted_at, flow.now())
	WHERE p.id = a.id
	RETURNING p.standard_version_id, p.submitted_at
	INTO standard_version_id, submitted_at;
	IF (SELECT r.state FROM data.round r WHERE r.id = a.round_id) = 'SELF_ASSESSED' THEN
		PERFORM flow.move(me, 'round', a.round_id, 'APPLIED');
	END IF;
	PERFORM flow.step(me, a.id, state);
END $$;

CREATE FUNCTION api.withdraw_application(me auth.actor, INOUT application_id text,
	reason text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_application(me, application_id);
BEGIN
	application_id := a.id;
	PERFORM refuse.if_too_long('reason', reason, 1000);
	-- decided already: the branch asks, the committee takes note (agree_withdrawal)
	state := CASE WHEN a.state IN ('PROPOSED_AWARD', 'IN_PUBLICITY') THEN a.state
		ELSE 'WITHDRAWN' END;
	PERFORM flow.move(me, 'application', a.id, state);
	IF state <> 'WITHDRAWN' THEN
		PERFORM flow.step(me, a.id, state, NULL, reason);
		RETURN;
	END IF;
	UPDATE data.application p SET ended_why = nullif(reason, ''), at_org_id = NULL
	WHERE p.id = a.id;
	IF (SELECT r.state FROM data.round r WHERE r.id = a.round_id) = 'APPLIED' THEN
		PERFORM flow.move(me, 'round', a.round_id, 'SELF_ASSESSED');
	END IF;
	PERFORM flow.step(me, a.id, state, NULL, reason);
	PERFORM flow.renew_round(me, a.org_id);
END $$;

-- ---- levels above ---------------------------------------------------------------------
CREATE FUNCTION api.endorse_application(me auth.actor, INOUT application_id text,
	agree boolean, opinion text, OUT state text, OUT at_org_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_application(me, application_id);
BEGIN
	application_id := a.id;
	IF agree IS NULL THEN
		PERFORM refuse.invalid('agree', 'statement_missing');
	END IF;
	PERFORM refuse.unless_words('opinion', opinion, 1000);
	PERFORM flow.need(me, 'application', a.id);
	IF a.at_org_id IS DISTINCT FROM me.org_id THEN
		PERFORM refuse.state(a.id, 'application.' || a.state, ARRAY[refuse.reason(
			'application_at_other_level', coalesce(a.at_org_id, '-'))]);
	END IF;
	state := CASE WHEN agree THEN 'SUBMITTED' ELSE 'RETURNED' END;
	PERFORM flow.step(me, a.id, state, agree, opinion);
	IF agree THEN
		at_org_id := flow.next_level(a.id);
		state := CASE WHEN at_org_id IS NULL THEN state ELSE 'AT_INTERMEDIATE' END;
	END IF;
	PERFORM flow.move(me, 'application', a.id, state);
	UPDATE data.application p SET at_org_id = at_org_id WHERE p.id = a.id;
END $$;

CREATE TYPE api.defect AS (field text, text text);
CREATE FUNCTION api.return_application(me auth.actor, INOUT application_id text,
	defects api.defect[], OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_application(me, application_id);
	step_no int;
	d api.defect;
BEGIN
	application_id := a.id;
	state := 'RETURNED';
	IF defects = '{}' THEN
		PERFORM refuse.invalid('defects', 'defect_needed');
	END IF;
	FOREACH d IN ARRAY defects LOOP
		PERFORM refuse.unless_words('defects', d.text, 1000);
		IF d.field <> '' AND d.field NOT IN ('summary', 'remaining_problems', 'next_steps',
				'files', 'self', 'other') THEN
			PERFORM refuse.invalid('defects', 'defect_field_unknown', d.field);
		END IF;
	END LOOP;
	PERFORM flow.need_with(me, 'application', a.id, state,
		flow.recused_reasons(me, a.org_id));
	PERFORM flow.move(me, 'application', a.id, state);
	step_no := flow.step(me, a.id, state);
	INSERT INTO data.application_defect (application_id, serial, no, field, text)
	SELECT a.id, step_no, n, nullif(e.field, ''), e.text
	FROM unnest(defects) WITH ORDINALITY e(field, text, n);
END $$;

-- Looks at completeness only.
CREATE FUNCTION api.accept_application(me auth.actor, INOUT application_id text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_application(me, application_id);
BEGIN
	state := 'ACCEPTED';
	PERFORM flow.need_with(me, 'application', a.id, state,
		flow.recused_reasons(me, a.org_id));
	PERFORM flow.move(me, 'application', a.id, state);
	PERFORM flow.step(me, a.id, state);
END $$;

CREATE FUNCTION api.lapse_application(me auth.actor, INOUT application_id text,
	no_extension boolean, reason text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_application(me, application_id);
BEGIN
	state := 'LAPSED';
	PERFORM refuse.unless_words('reason', reason, 1000);
	PERFORM flow.need_with(me, 'application', a.id, state,
		flow.recused_reasons(me, a.org_id) || CASE WHEN no_extension THEN '{}'
			ELSE ARRAY[refuse.reason('extension_not_asked', a.org_id)] END);
	PERFORM flow.move(me, 'application', a.id, state);
	UPDATE data.application p SET ended_why = reason, at_org_id = NULL WHERE p.id = a.id;
	PERFORM flow.step(me, a.id, state, NULL, reason);
	PERFORM flow.renew_round(me, a.org_id);
END $$;

-- ---- reading ----------------------------------------------------------------------------
CREATE TYPE api.application_row AS (application_id text, org_id text, org_name text,
	state text, at_org_id text, submitted_at timestamptz);
CREATE FUNCTION api.list_applications(me auth.actor, org_id text, state text,
	OUT applications api.application_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(a.id, a.org_id, flow.org_name(a.org_id, flow.today()),
		a.state, a.at_org_id, a.submitted_at)::api.application_row
		ORDER BY a.org_id, a.created_on, length(a.id), a.id), '{}')
	FROM data.application a
	WHERE flow.sees_application(me, a)
		AND a.org_id = coalesce(list_applications.org_id, a.org_id)
		AND a.state = coalesce(list_applications.state, a.state) $$;

CREATE TYPE api.secretary_row AS (name text, from_on date, to_on date);
CREATE TYPE api.application_item_row AS (item text, group_title text, text text,
	judgement text, narrative text);
CREATE TYPE api.application_file_row AS (file_id text, name text, title text,
	items text[]);
CREATE TYPE api.application_step_row AS (done_at timestamptz, by_name text, role text,
	org_id text, request text, state text, opinion text, defects api.defect[]);

-- Who was secretary from the day the form was generated: a replacement shows both.
CREATE FUNCTION flow.secretaries(a data.application) RETURNS api.secretary_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(p.name, o.from_on, o.to_on)::api.secretary_row
		ORDER BY o.from_on, p.id), '{}')
	FROM data.office o JOIN data.person p ON p.id = o.person_id
	WHERE o.org_id = a.org_id AND o.role = 'branch_secretary'
		AND o.from_on <= flow.today() AND (o.to_on IS NULL OR o.to_on >= a.created_on) $$;

CREATE FUNCTION flow.steps(application_id text) RETURNS api.application_step_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(s.at, flow.person_name(s.person_id), s.role, s.org_id,
		s.request, s.to_state, s.opinion, ARRAY(SELECT ROW(d.field, d.text)::api.defect
			FROM data.application_defect d WHERE d.application_id = s.application_id
				AND d.serial = s.serial ORDER BY d.no))::api.application_step_row
		ORDER BY s.serial), '{}')
	FROM data.application_step s WHERE s.application_id = steps.application_id $$;

CREATE FUNCTION api.show_application(me auth.actor, INOUT application_id text,
	OUT state text, OUT revision int, OUT org_id text, OUT org_name text,
	OUT org_kind text, OUT member_category text, OUT established_on date,
	OUT full_members int, OUT probationary_members int,
	OUT secretaries api.secretary_row[], OUT committee text[], OUT term_no int,
	OUT term_start_on date, OUT term_due_on date, OUT round_id text,
	OUT standard_version_id text, OUT self_id text, OUT self_version_no int,
	OUT items api.application_item_row[], OUT summary text,
	OUT remaining_problems text, OUT next_steps text, OUT held_on date,
	OUT entitled int, OUT present int, OUT in_favour int, OUT against int,
	OUT abstain int, OUT at_org_id text, OUT submitted_at timestamptz,
	OUT ended_why text, OUT files api.application_file_row[],
	OUT steps api.application_step_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_application(me, application_id);
BEGIN
	SELECT a.id, a.state, a.revision, a.org_id, a.org_name, a.org_kind,
		a.member_category, a.established_on, a.full_members, a.probationary_members,
		flow.secretaries(a), a.committee_names, a.term_no, a.term_start_on,
		a.term_due_on, a.round_id, a.standard_version_id, a.self_id, a.self_version_no,
		ARRAY(SELECT ROW(w.item, w.group_title, w.text, w.judgement,
				w.narrative)::api.application_item_row
			FROM flow.self_rows(a.self_id, a.self_version_no) w),
		a.summary, a.remaining_problems, a.next_steps, a.held_on, a.entitled, a.present,
		a.in_favour, a.against, a.abstain, a.at_org_id, a.submitted_at, a.ended_why,
		flow.steps(a.id)
	INTO application_id, state, revision, org_id, org_name, org_kind, member_category,
		established_on, full_members, probationary_members, secretaries, committee,
		term_no, term_start_on, term_due_on, round_id, standard_version_id, self_id,
		self_version_no, items, summary, remaining_problems, next_steps, held_on,
		entitled, present, in_favour, against, abstain, at_org_id, submitted_at,
		ended_why, steps;
	SELECT coalesce(array_agg(ROW(f.id, f.name, f.title,
		flow.file_items(f.id))::api.application_file_row
		ORDER BY f.begun_at, length(f.id), f.id), '{}')
	INTO files FROM data.file f WHERE f.round_id = round_id AND f.state = 'KEPT';
END $$;

-- ---- windows ------------------------------------------------------------------------------
-- The department sets it for every branch alike, or with a reason later for some; a
-- level between may move it later for its own.  An end once told is never moved
-- earlier, by nobody (NF-10).
CREATE FUNCTION api.set_window(me auth.actor, INOUT kind text,
	INOUT opens_at timestamptz, INOUT closes_at timestamptz, reason text,
	INOUT org_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE told timestamptz;
BEGIN
	kind := coalesce(kind, 'APPLICATION');
	org_id := coalesce(org_id, CASE WHEN me.role LIKE 'general%' THEN me.org_id END);
	IF org_id IS NOT NULL THEN
		PERFORM auth.need(me, org_id);
	END IF;
	PERFORM refuse.unless_words('reason', reason, 1000);
	PERFORM pg_advisory_xact_lock(hashtext('window ' || kind));
	SELECT CASE WHEN org_id IS NULL THEN coalesce(opens_at, w.opens_at)
		ELSE w.opens_at END, w.closes_at INTO opens_at, told
	FROM (SELECT 1) one LEFT JOIN flow.window_of(kind, org_id) w ON true;
	IF org_id IS NOT NULL AND told IS NULL THEN
		PERFORM refuse.invalid('org_id', 'window_unset');
	END IF;
	IF opens_at IS NULL OR closes_at IS NULL OR closes_at <= opens_at THEN
		PERFORM refuse.invalid('closes_at', 'window_order');
	ELSIF closes_at < told THEN
		PERFORM refuse.invalid('closes_at', 'window_earlier', flow.moment(told));
	END IF;
	INSERT INTO data.window_version (kind, serial, org_id, opens_at, closes_at, reason,
		set_by, set_at)
	SELECT kind, count(*) + 1, org_id, opens_at, closes_at, reason, me.person_id, flow.now()
	FROM data.window_version v WHERE v.kind = kind;
END $$;

CREATE TYPE api.window_row AS (kind text, opens_at timestamptz, closes_at timestamptz,
	reason text, set_at timestamptz, in_force boolean, org_id text);
CREATE FUNCTION api.list_windows(me auth.actor, OUT windows api.window_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(w.kind, w.opens_at, w.closes_at, w.reason, w.set_at,
		w.serial = (SELECT max(v.serial) FROM data.window_version v
			WHERE v.kind = w.kind AND v.org_id IS NOT DISTINCT FROM w.org_id),
		w.org_id)::api.window_row ORDER BY w.kind, w.serial), '{}')
	FROM data.window_version w $$;
