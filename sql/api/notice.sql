-- The public notice.  Messages: proto/notice.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.notice_items_fit(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('notice_item_moved', a.id, a.org_name, 'application.' || a.state)
	FROM data.notice n JOIN data.notice_item i ON i.notice_id = n.id
	JOIN data.application a ON a.id = i.application_id
	WHERE n.id = notice_items_fit.id AND a.state <> ALL (flow.notice_states(n))
	ORDER BY i.org_id $$;

CREATE FUNCTION guard.notice_can_post(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.notice_items_fit(notice_can_post.id) g
	UNION ALL
	SELECT refuse.reason('no_rule_set') WHERE flow.current_rule_set() IS NULL $$;

CREATE FUNCTION guard.notice_has_period(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('notice_without_period', n.id) FROM data.notice n
	WHERE n.id = notice_has_period.id AND n.kind = 'RESULT' $$;

-- Once, and not when what it said has been acted on.
CREATE FUNCTION guard.notice_may_correct(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('notice_corrected_already', c.id) FROM data.notice c
	WHERE c.corrects_id = notice_may_correct.id AND c.state <> 'DROPPED'
	UNION ALL
	SELECT refuse.reason('notice_item_moved', a.id, a.org_name, 'application.' || a.state)
	FROM data.notice n JOIN data.notice_item i ON i.notice_id = n.id
	JOIN data.application a ON a.id = i.application_id
	WHERE n.id = notice_may_correct.id AND n.kind = 'INTENDED_AWARD'
		AND a.state NOT IN ('IN_PUBLICITY', 'OBJECTION_HANDLING', 'WITHDRAWN', 'LAPSED') $$;

-- The branch has asked since the decision (the committee takes note of a wish, it
-- does not make one).
CREATE FUNCTION guard.withdrawal_asked(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('withdrawal_not_asked', withdrawal_asked.id)
	WHERE NOT EXISTS (SELECT FROM data.application_step s
		WHERE s.application_id = withdrawal_asked.id AND s.request = 'withdraw_application'
			AND s.serial > (SELECT max(p.serial) FROM data.application_step p
				WHERE p.application_id = s.application_id AND p.to_state = 'PROPOSED_AWARD'
					AND p.request <> 'withdraw_application')) $$;

-- Over only when the last day is sure and has passed (T28, T29).
CREATE FUNCTION guard.notice_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN e.provisional
		THEN refuse.reason('notice_end_provisional', e.ends_on::text,
			extract(year FROM e.ends_on)::text)
		ELSE refuse.reason('notice_still_running', e.ends_on::text, flow.today()::text) END
	FROM data.notice n, flow.notice_end(n) e
	WHERE n.id = notice_over.id AND (e.provisional OR e.ends_on >= flow.today()) $$;

CREATE FUNCTION guard.notice_to_post(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.notice n, guard.when(n.state <> 'APPROVED', 'notice_not_approved') g
	WHERE n.id = notice_to_post.id $$;

-- Three people: who drafted does not check, and neither of them approves.
CREATE FUNCTION guard.notice_not_drafter(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('notice_is_yours', n.id) FROM data.notice n
	WHERE n.id = notice_not_drafter.id AND n.drafted_by = me.person_id $$;
CREATE FUNCTION guard.notice_third_person(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.notice_not_drafter(me, notice_third_person.id) g
	UNION ALL
	SELECT refuse.reason('notice_checked_by_you', n.id) FROM data.notice n
	WHERE n.id = notice_third_person.id AND n.checked_by = me.person_id $$;

-- ---- pieces --------------------------------------------------------------------
CREATE FUNCTION flow.find_notice(me auth.actor, notice_id text) RETURNS data.notice
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE n data.notice;
BEGIN
	SELECT t.* INTO n FROM data.notice t WHERE t.id = notice_id;
	PERFORM auth.need(me, n.org_id);
	RETURN n;
END $$;

CREATE FUNCTION refuse.same_person(object text, reasons refuse.reason[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(reasons) > 0 THEN
		PERFORM refuse.because('ZB012', 'second_person_needed', ARRAY[object], reasons);
	END IF;
END $$;

-- Applications a notice may name: in a state that fits it, on no other of its kind;
-- an intended award stands in signed minutes.
CREATE FUNCTION flow.notice_defects(n data.notice, application_ids text[])
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN a.id IS NULL THEN refuse.reason('application_unknown', coalesce(x.id, ''))
		WHEN a.state <> ALL (flow.notice_states(n))
			THEN refuse.reason('notice_item_moved', a.id, a.org_name, 'application.' || a.state)
		WHEN l.notice_id IS NOT NULL
			THEN refuse.reason('on_another_notice', a.id, a.org_name, l.notice_id)
		ELSE refuse.reason('minutes_unsigned', a.id, a.org_name, m.id) END
	FROM unnest(application_ids) x(id)
	LEFT JOIN data.application a ON a.id = x.id
	LEFT JOIN LATERAL (SELECT i.notice_id FROM data.notice_item i
		JOIN data.notice o ON o.id = i.notice_id AND o.kind = n.kind
		WHERE i.application_id = a.id AND o.state IN ('DRAFT', 'SECRECY_CHECKED',
			'APPROVED', 'POSTED') LIMIT 1) l ON true
	LEFT JOIN data.agenda_item g ON g.id = flow.award_item(a.id)
	LEFT JOIN data.meeting m ON m.id = g.meeting_id
	WHERE a.id IS NULL OR a.state <> ALL (flow.notice_states(n)) OR l.notice_id IS NOT NULL
		OR (n.kind <> 'OPINION_GATHERING' AND m.state <> 'SIGNED')
	ORDER BY a.org_id, x.id $$;

CREATE TYPE api.notice_branch AS (application_id text, org_id text, org_name text);
CREATE FUNCTION flow.notice_branches(notice_id text) RETURNS api.notice_branch[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(i.application_id, i.org_id, i.org_name)::api.notice_branch
		ORDER BY i.org_id), '{}')
	FROM data.notice_item i WHERE i.notice_id = notice_branches.notice_id $$;

-- ---- from draft to wall ----------------------------------------------------------
-- Without names: everything of that kind nobody has put on a notice yet; of a
-- meeting, what it proposed.
CREATE FUNCTION flow.notice_waiting(n data.notice, meeting_id text) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT a.id FROM data.application a
		LEFT JOIN data.agenda_item g ON g.id = flow.award_item(a.id)
		WHERE a.state = ANY (flow.notice_states(n))
			AND (notice_waiting.meeting_id IS NULL OR g.meeting_id = notice_waiting.meeting_id)
			AND (n.kind = 'INTENDED_AWARD' OR NOT EXISTS (SELECT FROM data.notice_item i
				JOIN data.notice o ON o.id = i.notice_id AND o.kind = n.kind
					AND o.state <> 'DROPPED' WHERE i.application_id = a.id))
		ORDER BY a.org_id) $$;

-- The draft with its applications; the number is its own by then.
CREATE FUNCTION flow.draft_notice(n data.notice, application_ids text[])
RETURNS data.notice LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO data.notice SELECT n.* RETURNING * INTO n;
	INSERT INTO data.notice_item (notice_id, application_id, org_id, org_name, agenda_item_id)
	SELECT n.id, a.id, a.org_id, flow.org_name(a.org_id, flow.today()),
		CASE WHEN n.kind <> 'OPINION_GATHERING' THEN flow.award_item(a.id) END
	FROM data.application a WHERE a.id = ANY (application_ids);
	RETURN n;
END $$;

-- What every draft says.
CREATE FUNCTION refuse.unless_notice_words(title text, contact text, places text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM refuse.unless_line('title', title);
	PERFORM refuse.unless_words('contact', contact, 1000);
	PERFORM refuse.unless_line_or_none('places', places);
END $$;

CREATE FUNCTION api.new_notice(me auth.actor, meeting_id text, application_ids text[],
	title text, contact text, places text, kind text, working_days int,
	OUT notice_id text, OUT state text, OUT branches api.notice_branch[], OUT text text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE n data.notice;
BEGIN
	n.kind := coalesce(kind, 'INTENDED_AWARD');
	IF n.kind NOT IN ('OPINION_GATHERING', 'INTENDED_AWARD', 'RESULT') THEN
		PERFORM refuse.invalid('kind', 'choice_missing');
	END IF;
	title := coalesce(title, flow.notice_title(n.kind));
	PERFORM refuse.unless_notice_words(title, contact, places);
	n.title := title;
	n.contact := contact;
	n.places := places;
	n.working_days := working_days;
	IF n.kind <> 'OPINION_GATHERING' AND working_days IS NOT NULL THEN
		PERFORM refuse.invalid('working_days', 'working_days_by_rule');
	ELSIF n.kind = 'OPINION_GATHERING' AND coalesce(working_days, 0) NOT BETWEEN 1 AND 60 THEN
		PERFORM refuse.invalid('working_days', 'working_days_wanted');
	END IF;
	IF application_ids = '{}' THEN
		application_ids := flow.notice_waiting(n, meeting_id);
	END IF;
	IF application_ids = '{}' THEN
		PERFORM refuse.invalid('application_ids', 'nothing_proposed');
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('new_notice'));
	PERFORM refuse.defects('notice', ARRAY(SELECT d FROM flow.notice_defects(
		n, application_ids) d));
	notice_id := flow.new_id('notice', 'GS');
	state := 'DRAFT';
	n.id := notice_id;
	n.org_id := flow.committee();
	n.state := state;
	n.drafted_by := me.person_id;
	n.drafted_on := flow.today();
	n := flow.draft_notice(n, application_ids);
	branches := flow.notice_branches(notice_id);
	text := flow.notice_text(n);
END $$;

-- An error in the text: another notice of the same kind, by three people again,
-- with the full period; the old one is set aside when the new one hangs.
CREATE FUNCTION api.correct_notice(me auth.actor, notice_id text, reason text,
	title text, contact text, places text, OUT correction_notice_id text, OUT state text,
	OUT branches api.notice_branch[], OUT text text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	o data.notice := flow.find_notice(me, notice_id);
	n data.notice;
BEGIN
	PERFORM flow.need(me, 'notice', o.id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	title := coalesce(title, o.title);
	contact := coalesce(contact, o.contact);
	places := coalesce(places, o.places);
	PERFORM refuse.unless_notice_words(title, contact, places);
	correction_notice_id := flow.new_id('notice', 'GS');
	state := 'DRAFT';
	n.id := correction_notice_id;
	n.org_id := o.org_id;
	n.state := state;
	n.kind := o.kind;
	n.corrects_id := o.id;
	n.correct_reason := reason;
	n.working_days := o.working_days;
	n.title := title;
	n.contact := contact;
	n.places := places;
	n.drafted_by := me.person_id;
	n.drafted_on := flow.today();
	n := flow.draft_notice(n, ARRAY(SELECT a.id FROM data.notice_item i
		JOIN data.application a ON a.id = i.application_id
		WHERE i.notice_id = o.id AND a.state = ANY (flow.notice_states(n))));
	branches := flow.notice_branches(n.id);
	IF branches = '{}' THEN
		PERFORM refuse.invalid('notice_id', 'nothing_proposed');
	END IF;
	text := flow.notice_text(n);
END $$;

CREATE FUNCTION api.check_notice(me auth.actor, INOUT notice_id text,
	not_classified boolean, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_notice(me, notice_id);
	state := 'SECRECY_CHECKED';
	PERFORM flow.move(me, 'notice', notice_id, state);
	PERFORM refuse.same_person(notice_id,
		ARRAY(SELECT g FROM guard.notice_not_drafter(me, notice_id) g));
	IF not_classified IS NOT TRUE THEN
		PERFORM refuse.invalid('not_classified', 'secrecy_statement_missing');
	END IF;
	UPDATE data.notice n SET checked_by = me.person_id, checked_on = flow.today()
	WHERE n.id = notice_id;
END $$;

CREATE FUNCTION api.approve_notice(me auth.actor, INOUT notice_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_notice(me, notice_id);
	state := 'APPROVED';
	PERFORM flow.move(me, 'notice', notice_id, state);
	PERFORM refuse.same_person(notice_id,
		ARRAY(SELECT g FROM guard.notice_third_person(me, notice_id) g));
	UPDATE data.notice n SET approved_by = me.person_id, approved_on = flow.today()
	WHERE n.id = notice_id;
END $$;

CREATE FUNCTION api.post_notice(me auth.actor, INOUT notice_id text, INOUT posted_on date,
	OUT state text, OUT ends_on date, OUT provisional boolean, OUT working_days int,
	OUT posting_day_counted boolean, OUT text text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	n data.notice := flow.find_notice(me, notice_id);
	i record;
BEGIN
	posted_on := coalesce(posted_on, flow.today());
	state := 'POSTED';
	PERFORM flow.move(me, 'notice', notice_id, state);
	IF posted_on > flow.today() OR posted_on < n.approved_on THEN
		PERFORM refuse.invalid('posted_on', 'posted_on_range', n.approved_on::text,
			flow.today()::text);
	END IF;
	FOR i IN SELECT t.application_id AS id FROM data.notice_item t
		WHERE t.notice_id = notice_id AND n.kind = 'INTENDED_AWARD'
			AND n.corrects_id IS NULL ORDER BY t.application_id
	LOOP
		PERFORM flow.move(me, 'application', i.id, 'IN_PUBLICITY');
		PERFORM flow.step(me, i.id, 'IN_PUBLICITY', NULL, notice_id);
		-- an objection from before the notice holds it up as one during it does
		PERFORM flow.hold_application(me, o) FROM data.objection o
		WHERE o.application_id = i.id AND o.state NOT IN ('RECEIVED', 'OUT_OF_SCOPE')
			AND (o.committee_note IS NULL OR flow.wants_again(i.id));
	END LOOP;
	IF n.corrects_id IS NOT NULL THEN
		PERFORM flow.move(me, 'notice', n.corrects_id, 'CORRECTED');
	END IF;
	UPDATE data.notice t SET posted_by = me.person_id, posted_on = posted_on,
		rule_set_id = flow.current_rule_set(), key_check = flow.key_check()
	WHERE t.id = notice_id RETURNING t.* INTO n;
	SELECT e.ends_on, e.provisional, e.days, e.posting_counts
	INTO ends_on, provisional, working_days, posting_day_counted FROM flow.notice_end(n) e;
	-- a notice nobody could have read here while it ran is none
	IF ends_on < flow.today() THEN
		PERFORM refuse.invalid('posted_on', 'notice_over_already', ends_on::text);
	END IF;
	text := flow.notice_text(n);
	UPDATE data.notice t SET ends_on = ends_on WHERE t.id = notice_id AND NOT provisional;
END $$;

-- Later than it is, and a day whose calendar is known.
CREATE FUNCTION api.extend_notice(me auth.actor, INOUT notice_id text, to_on date,
	reason text, OUT ends_on date, OUT text text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	n data.notice := flow.find_notice(me, notice_id);
	end_before date;
BEGIN
	PERFORM flow.need(me, 'notice', notice_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	IF to_on IS NULL THEN
		PERFORM refuse.invalid('to_on', 'date_missing');
	END IF;
	SELECT e.ends_on INTO end_before FROM flow.notice_end(n) e;
	IF to_on <= greatest(end_before, flow.today()) OR to_on > flow.today() + 366 THEN
		PERFORM refuse.invalid('to_on', 'extension_later', end_before::text);
	ELSIF NOT EXISTS (SELECT FROM data.holiday_year y WHERE y.year = extract(year FROM to_on)) THEN
		PERFORM refuse.invalid('to_on', 'notice_end_provisional', to_on::text,
			extract(year FROM to_on)::text);
	ELSIF NOT flow.is_working(to_on) THEN
		PERFORM refuse.invalid('to_on', 'not_a_working_day', to_on::text);
	END IF;
	INSERT INTO data.notice_extension (notice_id, to_on, reason, extended_on, extended_by)
	VALUES (notice_id, to_on, reason, flow.today(), me.person_id);
	ends_on := to_on;
	UPDATE data.notice t SET ends_on = ends_on WHERE t.id = notice_id RETURNING t.* INTO n;
	text := flow.notice_text(n);
END $$;

CREATE FUNCTION api.end_notice(me auth.actor, INOUT notice_id text, proof text,
	OUT state text, OUT ends_on date, OUT branches api.notice_branch[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE n data.notice := flow.find_notice(me, notice_id);
BEGIN
	PERFORM refuse.if_too_long('proof', proof, 2000);
	state := CASE WHEN EXISTS (SELECT FROM data.objection o
		WHERE o.notice_id = n.id AND o.state <> 'OUT_OF_SCOPE') THEN 'ENDED_WITH_OBJECTION'
		ELSE 'ENDED_CLEAR' END;
	PERFORM flow.move(me, 'notice', notice_id, state);
	SELECT e.ends_on INTO ends_on FROM flow.notice_end(n) e;
	UPDATE data.notice t SET ends_on = ends_on, ended_by = me.person_id, proof = proof,
		ended_on = flow.today() WHERE t.id = notice_id;
	branches := flow.notice_branches(notice_id);
END $$;

CREATE FUNCTION api.drop_notice(me auth.actor, INOUT notice_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_notice(me, notice_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'DROPPED';
	PERFORM flow.move(me, 'notice', notice_id, state);
	UPDATE data.notice n SET dropped_why = reason WHERE n.id = notice_id;
END $$;

-- ---- reading ------------------------------------------------------------------------
CREATE TYPE api.notice_row AS (notice_id text, kind text, corrects_id text, title text,
	state text, posted_on date, ends_on date, provisional boolean);
CREATE FUNCTION api.list_notices(me auth.actor, OUT notices api.notice_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(n.id, n.kind, n.corrects_id, n.title, n.state,
		n.posted_on, e.ends_on, e.provisional)::api.notice_row ORDER BY n.drafted_on DESC, n.id DESC), '{}')
	FROM data.notice n, flow.notice_end(n) e WHERE auth.reaches(me, n.org_id) $$;

CREATE FUNCTION api.show_notice(me auth.actor, INOUT notice_id text, OUT state text,
	OUT title text, OUT drafted_by_name text, OUT checked_by_name text,
	OUT approved_by_name text, OUT places text, OUT posted_on date, OUT ends_on date,
	OUT provisional boolean, OUT working_days int, OUT posting_day_counted boolean,
	OUT branches api.notice_branch[], OUT text text, OUT kind text, OUT corrects_id text,
	OUT correct_reason text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE n data.notice := flow.find_notice(me, notice_id);
BEGIN
	kind := n.kind;
	corrects_id := n.corrects_id;
	correct_reason := n.correct_reason;
	SELECT n.state, n.title, flow.person_name(n.drafted_by), flow.person_name(n.checked_by),
		flow.person_name(n.approved_by), n.places, n.posted_on, e.ends_on, e.provisional,
		e.days, e.posting_counts, flow.notice_branches(n.id), flow.notice_text(n)
	INTO state, title, drafted_by_name, checked_by_name, approved_by_name, places,
		posted_on, ends_on, provisional, working_days, posting_day_counted, branches, text
	FROM flow.notice_end(n) e;
END $$;

-- For anybody at all: what hangs on the wall, and nothing about who made it.
CREATE TYPE api.public_notice AS (notice_id text, title text, state text, posted_on date,
	ends_on date, provisional boolean, text text, kind text);
CREATE FUNCTION api.public_notices(notice_id text, OUT notices api.public_notice[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(n.id, n.title, n.state, n.posted_on, e.ends_on,
		e.provisional, flow.notice_text(n), n.kind)::api.public_notice
		ORDER BY n.posted_on DESC, n.id DESC), '{}')
	FROM data.notice n, flow.notice_end(n) e
	WHERE n.state IN ('POSTED', 'ENDED_CLEAR', 'ENDED_WITH_OBJECTION')
		AND n.id = coalesce(public_notices.notice_id, n.id) $$;

-- The report of a notice (公示情况报告): where it hung, from when to when, what came.
-- The ledger of objections has no column for who wrote one.
CREATE TYPE api.objection_row AS (objection_id text, org_id text, org_name text,
	notice_id text, application_id text, award_id text, received_on date, gist text,
	state text, conclusion text, effect text);
CREATE TYPE api.notice_extension_row AS (to_on date, reason text, extended_on date,
	by_name text);
CREATE FUNCTION api.show_notice_report(me auth.actor, INOUT notice_id text, OUT kind text,
	OUT state text, OUT title text, OUT places text, OUT proof text, OUT posted_on date,
	OUT ends_on date, OUT provisional boolean, OUT working_days int,
	OUT posting_day_counted boolean, OUT extensions api.notice_extension_row[],
	OUT corrects_id text, OUT corrected_by_id text, OUT branches api.notice_branch[],
	OUT ended_on date, OUT ended_by_name text, OUT objections api.objection_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE n data.notice := flow.find_notice(me, notice_id);
BEGIN
	SELECT n.kind, n.state, n.title, n.places, n.proof, n.posted_on, e.ends_on,
		e.provisional, e.days, e.posting_counts, n.corrects_id,
		flow.notice_branches(n.id), n.ended_on, flow.person_name(n.ended_by)
	INTO kind, state, title, places, proof, posted_on, ends_on, provisional, working_days,
		posting_day_counted, corrects_id, branches, ended_on, ended_by_name
	FROM flow.notice_end(n) e;
	extensions := ARRAY(SELECT ROW(x.to_on, x.reason, x.extended_on,
			flow.person_name(x.extended_by))::api.notice_extension_row
		FROM data.notice_extension x WHERE x.notice_id = n.id ORDER BY x.to_on);
	objections := ARRAY(SELECT flow.objection_row(o) FROM data.objection o
		WHERE o.notice_id = n.id AND flow.sees_objection(me, o) ORDER BY o.id);
	SELECT c.id INTO corrected_by_id FROM data.notice c
	WHERE c.corrects_id = n.id AND c.state <> 'DROPPED';
END $$;

-- After the decision an application is withdrawn in two steps: the branch asks
-- (withdraw_application), the committee takes note.
CREATE FUNCTION api.agree_withdrawal(me auth.actor, INOUT application_id text, note text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application;
BEGIN
	SELECT t.* INTO a FROM data.application t WHERE t.id = application_id;
	PERFORM auth.need(me, a.org_id);
	state := 'WITHDRAWN';
	PERFORM flow.move(me, 'application', a.id, state);
	PERFORM refuse.unless_words('note', note, 1000);
	UPDATE data.application t SET ended_why = note WHERE t.id = a.id;
	IF (SELECT r.state FROM data.round r WHERE r.id = a.round_id) = 'APPLIED' THEN
		PERFORM flow.move(me, 'round', a.round_id, 'SELF_ASSESSED');
	END IF;
	PERFORM flow.step(me, a.id, state, NULL, note);
END $$;
