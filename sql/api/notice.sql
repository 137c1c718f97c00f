-- The public notice.  Messages: proto/notice.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.notice_still_proposed(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('notice_item_moved', a.id, a.org_name, 'application.' || a.state)
	FROM data.notice_item i JOIN data.application a ON a.id = i.application_id
	WHERE i.notice_id = notice_still_proposed.id AND a.state <> 'PROPOSED_AWARD'
	ORDER BY i.org_id $$;

CREATE FUNCTION guard.notice_can_post(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.notice_still_proposed(notice_can_post.id) g
	UNION ALL
	SELECT refuse.reason('no_rule_set') WHERE flow.current_rule_set() IS NULL $$;

-- Over only when the last day is sure and has passed (T28, T29).
CREATE FUNCTION guard.notice_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN e.provisional
		THEN refuse.reason('notice_end_provisional', e.ends_on::text,
			extract(year FROM e.ends_on)::text)
		ELSE refuse.reason('notice_still_running', e.ends_on::text, flow.today()::text) END
	FROM data.notice n, flow.notice_end(n) e
	WHERE n.id = notice_over.id AND (e.provisional OR e.ends_on >= flow.today()) $$;

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

-- Applications a notice may name: proposed, in signed minutes, on no other notice.
CREATE FUNCTION flow.notice_defects(application_ids text[]) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN a.id IS NULL THEN refuse.reason('application_unknown', coalesce(x.id, ''))
		WHEN a.state <> 'PROPOSED_AWARD'
			THEN refuse.reason('notice_item_moved', a.id, a.org_name, 'application.' || a.state)
		WHEN l.notice_id IS NOT NULL
			THEN refuse.reason('on_another_notice', a.id, a.org_name, l.notice_id)
		ELSE refuse.reason('minutes_unsigned', a.id, a.org_name, m.id) END
	FROM unnest(application_ids) x(id)
	LEFT JOIN data.application a ON a.id = x.id
	LEFT JOIN LATERAL (SELECT i.notice_id FROM data.notice_item i
		JOIN data.notice n ON n.id = i.notice_id
		WHERE i.application_id = a.id AND n.state IN ('DRAFT', 'SECRECY_CHECKED',
			'APPROVED', 'POSTED') LIMIT 1) l ON true
	LEFT JOIN data.agenda_item g ON g.id = flow.award_item(a.id)
	LEFT JOIN data.meeting m ON m.id = g.meeting_id
	WHERE a.id IS NULL OR a.state <> 'PROPOSED_AWARD' OR l.notice_id IS NOT NULL
		OR m.state <> 'SIGNED'
	ORDER BY a.org_id, x.id $$;

CREATE TYPE api.notice_branch AS (application_id text, org_id text, org_name text);
CREATE FUNCTION flow.notice_branches(notice_id text) RETURNS api.notice_branch[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(i.application_id, i.org_id, i.org_name)::api.notice_branch
		ORDER BY i.org_id), '{}')
	FROM data.notice_item i WHERE i.notice_id = notice_branches.notice_id $$;

-- ---- from draft to wall ----------------------------------------------------------
-- Without names: everything a meeting (or any meeting) proposed and nobody has
-- put on a notice yet.
CREATE FUNCTION api.new_notice(me auth.actor, meeting_id text, application_ids text[],
	title text, contact text, places text, OUT notice_id text, OUT state text,
	OUT branches api.notice_branch[], OUT text text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE n data.notice;
BEGIN
	title := coalesce(title, '关于拟评定' || flow.current_award_title() || '的公示');
	PERFORM refuse.unless_line('title', title);
	PERFORM refuse.unless_words('contact', contact, 1000);
	IF places IS NOT NULL THEN
		PERFORM refuse.unless_line('places', places);
	END IF;
	IF application_ids = '{}' THEN
		application_ids := ARRAY(SELECT a.id FROM data.application a
			JOIN data.agenda_item g ON g.id = flow.award_item(a.id)
			WHERE a.state = 'PROPOSED_AWARD'
				AND g.meeting_id = coalesce(meeting_id, g.meeting_id) ORDER BY a.org_id);
	END IF;
	IF application_ids = '{}' THEN
		PERFORM refuse.invalid('application_ids', 'nothing_proposed');
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('new_notice'));
	PERFORM refuse.defects('notice', ARRAY(SELECT d FROM flow.notice_defects(
		application_ids) d));
	notice_id := flow.new_id('notice', 'GS');
	state := 'DRAFT';
	INSERT INTO data.notice (id, org_id, state, kind, title, contact, places, drafted_by,
		drafted_on)
	VALUES (notice_id, flow.committee(), state, 'INTENDED_AWARD', title, contact, places,
		me.person_id, flow.today()) RETURNING * INTO n;
	INSERT INTO data.notice_item (notice_id, application_id, org_id, org_name, agenda_item_id)
	SELECT DISTINCT notice_id, a.id, a.org_id, flow.org_name(a.org_id, flow.today()),
		flow.award_item(a.id)
	FROM data.application a WHERE a.id = ANY (application_ids);
	branches := flow.notice_branches(notice_id);
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
		WHERE t.notice_id = notice_id ORDER BY t.application_id
	LOOP
		PERFORM flow.move(me, 'application', i.id, 'IN_PUBLICITY');
		PERFORM flow.step(me, i.id, 'IN_PUBLICITY', NULL, notice_id);
	END LOOP;
	UPDATE data.notice t SET posted_by = me.person_id, posted_on = posted_on,
		rule_set_id = flow.current_rule_set()
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

CREATE FUNCTION api.end_notice(me auth.actor, INOUT notice_id text, OUT state text,
	OUT ends_on date, OUT branches api.notice_branch[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE n data.notice := flow.find_notice(me, notice_id);
BEGIN
	state := 'ENDED_CLEAR';
	PERFORM flow.move(me, 'notice', notice_id, state);
	SELECT e.ends_on INTO ends_on FROM flow.notice_end(n) e;
	UPDATE data.notice t SET ends_on = ends_on, ended_by = me.person_id,
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
CREATE TYPE api.notice_row AS (notice_id text, title text, state text, posted_on date,
	ends_on date, provisional boolean);
CREATE FUNCTION api.list_notices(me auth.actor, OUT notices api.notice_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(n.id, n.title, n.state, n.posted_on, e.ends_on,
		e.provisional)::api.notice_row ORDER BY n.drafted_on DESC, n.id DESC), '{}')
	FROM data.notice n, flow.notice_end(n) e WHERE auth.reaches(me, n.org_id) $$;

CREATE FUNCTION api.show_notice(me auth.actor, INOUT notice_id text, OUT state text,
	OUT title text, OUT drafted_by_name text, OUT checked_by_name text,
	OUT approved_by_name text, OUT places text, OUT posted_on date, OUT ends_on date,
	OUT provisional boolean, OUT working_days int, OUT posting_day_counted boolean,
	OUT branches api.notice_branch[], OUT text text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE n data.notice := flow.find_notice(me, notice_id);
BEGIN
	SELECT n.state, n.title, flow.person_name(n.drafted_by), flow.person_name(n.checked_by),
		flow.person_name(n.approved_by), n.places, n.posted_on, e.ends_on, e.provisional,
		e.days, e.posting_counts, flow.notice_branches(n.id), flow.notice_text(n)
	INTO state, title, drafted_by_name, checked_by_name, approved_by_name, places,
		posted_on, ends_on, provisional, working_days, posting_day_counted, branches, text
	FROM flow.notice_end(n) e;
END $$;

-- For anybody at all: what hangs on the wall, and nothing about who made it.
CREATE TYPE api.public_notice AS (notice_id text, title text, state text, posted_on date,
	ends_on date, provisional boolean, text text);
CREATE FUNCTION api.public_notices(notice_id text, OUT notices api.public_notice[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(n.id, n.title, n.state, n.posted_on, e.ends_on,
		e.provisional, flow.notice_text(n))::api.public_notice
		ORDER BY n.posted_on DESC, n.id DESC), '{}')
	FROM data.notice n, flow.notice_end(n) e
	WHERE n.state IN ('POSTED', 'ENDED_CLEAR')
		AND n.id = coalesce(public_notices.notice_id, n.id) $$;
