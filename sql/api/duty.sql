-- next, audit log, find.  Messages: proto/duty.proto.

-- ---- what speaks against a hint for this very person ----------------------------
CREATE FUNCTION guard.when(fails boolean, key text) RETURNS SETOF refuse.reason
LANGUAGE sql IMMUTABLE AS $$ SELECT (refuse.reason(key)).* WHERE fails $$;

CREATE FUNCTION guard.round_of_own_branch(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.round r, guard.when(r.org_id <> me.org_id, 'round_for_branch') g
	WHERE r.id = round_of_own_branch.id $$;
CREATE FUNCTION guard.branch_without_round(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(branch_without_round.id <> me.org_id
		OR flow.current_standard() IS NULL
		OR EXISTS (SELECT FROM data.round r WHERE r.org_id = branch_without_round.id
			AND r.ended_on IS NULL), 'round_not_wanted') g $$;
CREATE FUNCTION guard.gap_unplanned(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.gap x, guard.when(x.state <> 'FOUND', 'gap_planned') g
	WHERE x.id = gap_unplanned.id $$;
-- As flow.need_finder.
CREATE FUNCTION guard.gap_finder(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.gap x, guard.when((x.source IN ('INSPECTION', 'WEAK_LAX_CHECK'))
		<> (me.role = 'od_officer'), 'gap_for_other') g
	WHERE x.id = gap_finder.id $$;
CREATE FUNCTION guard.application_unfinished(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.application a, guard.when(a.state NOT IN ('DRAFT', 'RETURNED')
		OR (a.state = 'DRAFT' AND flow.reasons('application_complete', a.id) = '{}'),
		'application_finished') g
	WHERE a.id = application_unfinished.id $$;
CREATE FUNCTION guard.application_at_my_level(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.application a, guard.when(a.at_org_id IS DISTINCT FROM me.org_id,
		'application_elsewhere') g
	WHERE a.id = application_at_my_level.id $$;
CREATE FUNCTION guard.ballot_wanted(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_outsider(me, ballot_wanted.id) g
	UNION ALL
	SELECT g.* FROM data.eval_stream s, guard.when(s.stream <> 'MEMBERS' OR EXISTS (
		SELECT FROM data.ballot_session b
		WHERE b.application_id = s.application_id AND b.state <> 'VOID'), 'ballot_there') g
	WHERE s.id = ballot_wanted.id $$;
CREATE FUNCTION guard.stream_unsummarised(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_outsider(me, stream_unsummarised.id) g
	UNION ALL
	SELECT g.* FROM data.eval_stream s, guard.when(s.state <> 'CLOSED', 'summary_there') g
	WHERE s.id = stream_unsummarised.id $$;
CREATE FUNCTION guard.letter_unprinted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.letter_outsider(me, letter_unprinted.id) g
	UNION ALL
	SELECT g.* FROM data.letter l, guard.when(l.state <> 'DRAFT', 'letter_printed') g
	WHERE l.id = letter_unprinted.id $$;
CREATE FUNCTION guard.ballot_slips_wanted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.ballot_holder(me, ballot_slips_wanted.id) g
	UNION ALL
	SELECT g.* FROM guard.when(flow.reasons('ballot_has_slips', ballot_slips_wanted.id)
		= '{}', 'slips_there') g $$;
CREATE FUNCTION guard.attendance_wanted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(EXISTS (SELECT FROM data.attendance a
		WHERE a.meeting_id = attendance_wanted.id), 'attendance_there') g $$;
CREATE FUNCTION guard.seat_must_recuse(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(me.role = 'recorder'
		OR me.person_id NOT IN (SELECT flow.unrecused(seat_must_recuse.id)),
		'not_own_branch') g $$;
CREATE FUNCTION guard.item_uncounted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.agenda_item i, guard.when(i.state <> 'VOTING' OR EXISTS (
		SELECT FROM data.vote_entry e WHERE e.agenda_item_id = i.id
			AND e.person_id = me.person_id
			AND (SELECT count(*) FROM data.vote_entry o WHERE o.agenda_item_id = i.id) < 2),
		'counts_there') g
	WHERE i.id = item_uncounted.id
	UNION ALL
	SELECT g.* FROM data.agenda_item i, guard.when(me.role <> 'recorder' AND (
		i.method <> 'SECRET_BALLOT' OR (flow.vote_urn(i.id)).id IS NOT NULL),
		'counts_by_recorder') g
	WHERE i.id = item_uncounted.id $$;
CREATE FUNCTION guard.item_recusals_done(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('own_branch_must_recuse', item_recusals_done.id,
		flow.person_name(u.p))).* FROM flow.unrecused(item_recusals_done.id) u(p) $$;
CREATE FUNCTION guard.meeting_planned(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(NOT EXISTS (SELECT FROM data.meeting m
		WHERE m.state = 'PLANNED'), 'meeting_none') g $$;
CREATE FUNCTION guard.meeting_wanted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(EXISTS (SELECT FROM data.meeting m WHERE m.state = 'PLANNED')
		OR NOT flow.matter_waits(), 'meeting_not_wanted') g $$;
-- Something could be put on an agenda.
CREATE FUNCTION flow.matter_waits() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
	e text;
	waits boolean;
BEGIN
	FOR e IN SELECT m.entity FROM rule.matter m LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM data.%I x JOIN rule.transition t'
			' ON t.entity = $1 AND t.request = ''add_agenda_item'''
			' AND t.from_state = x.state)', e) INTO waits USING e;
		IF waits THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
END $$;
CREATE FUNCTION guard.review_unheard(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.award_review r, guard.when(r.state <> 'NOTIFIED'
		OR me.role <> 'branch_secretary', 'review_heard') g
	WHERE r.id = review_unheard.id $$;
CREATE FUNCTION guard.own_branch_none(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.award_review r, guard.when(flow.belongs(me, r.org_id),
		'own_branch') g
	WHERE r.id = own_branch_none.id $$;
CREATE FUNCTION guard.notice_wanted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(NOT EXISTS (SELECT FROM data.application a
		WHERE a.state = 'PROPOSED_AWARD'
			AND NOT EXISTS (SELECT FROM flow.notice_defects(
				jsonb_populate_record(NULL::data.notice, '{"kind": "INTENDED_AWARD"}'),
				ARRAY[a.id]))),
		'notice_not_wanted') g $$;

-- ---- next ----------------------------------------------------------------------------
CREATE TYPE api.duty_row AS (office text, request text, field text, object_id text,
	org_id text, org_name text, entity text, state text, due_on date);

-- Moves of existing objects of one kind that wait for this office: allowed by
-- permission, state, guard and person, so that none would be refused.
CREATE FUNCTION flow.duties_of(me auth.actor, entity text) RETURNS SETOF api.duty_row
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT DISTINCT ON (d.id, d.request) $1.role || ''@'' || $1.org_id, d.request,'
		' d.field, d.j->>d.from_column, d.org_id, flow.org_name(d.org_id, flow.today()),'
		' $2, d.state, coalesce(d.j->>''due_on'', d.j->>''ends_on'', d.j->>''closes_on'','
		' d.j->>''reply_by'','
		-- an application's meeting is over; it is no day to be kept
		' CASE WHEN $2 <> ''application'' THEN d.j->>''held_on'' END)::date'
		' FROM (SELECT x.id, x.state, x.org_id, to_jsonb(x) AS j, t.guard, h.*'
		'	FROM data.%I x'
		'	JOIN rule.transition t ON t.entity = $2 AND t.from_state = x.state'
		'	JOIN rule.hint h ON h.entity = $2 AND h.request = t.request'
		'	WHERE EXISTS (SELECT FROM rule.permission p WHERE p.request = t.request'
		'		AND p.role IN ($1.role, ''person''))'
		'	AND %s OFFSET 0) d'
		' WHERE flow.reasons(d.guard, d.id) = ''{}'''
		' AND flow.personal_reasons(d.only_if, $1, d.id) = ''{}''',
		entity, auth.reach(me, 'x.org_id'))
		USING me, entity;
END $$;

-- Objects that wait to be made.
CREATE FUNCTION flow.duties_to_make(me auth.actor) RETURNS SETOF api.duty_row
LANGUAGE sql STABLE AS $$
	SELECT me.role || '@' || me.org_id, h.request, h.field,
		CASE WHEN h.field <> '' THEN o.id END, o.id, flow.org_name(o.id, flow.today()),
		substr(h.entity, 2), CASE h.made_for WHEN 'term' THEN flow.term_state(t, flow.today()) END,
		CASE h.made_for WHEN 'term' THEN flow.term_end(t.id) END
	FROM rule.hint h
	JOIN rule.permission p ON p.request = h.request AND p.role = me.role
	CROSS JOIN LATERAL (
		SELECT b.id FROM data.org b WHERE h.made_for = 'branch' AND b.id = me.org_id
			AND b.kind LIKE 'branch%'
		UNION ALL
		SELECT b.id FROM data.org b WHERE h.made_for = 'term' AND b.kind LIKE 'branch%'
			AND flow.stands(b.id, flow.today())
		UNION ALL
		SELECT flow.committee() WHERE h.made_for NOT IN ('branch', 'term')) o
	LEFT JOIN LATERAL flow.running_term(o.id, flow.today()) t ON h.made_for = 'term'
	WHERE h.made_for IS NOT NULL AND auth.reaches(me, o.id)
		AND (h.made_for <> 'term'
			OR flow.term_state(t, flow.today()) IN ('DUE_SOON', 'OVERDUE'))
		AND flow.personal_reasons(h.only_if, me, o.id) = '{}' $$;

CREATE FUNCTION flow.duties(me auth.actor) RETURNS SETOF api.duty_row
LANGUAGE sql STABLE AS $$
	SELECT d.* FROM (SELECT DISTINCT h.entity FROM rule.hint h
		JOIN rule.permission p ON p.request = h.request AND p.role IN (me.role, 'person')
		WHERE h.made_for IS NULL) e, flow.duties_of(me, e.entity) d
	UNION ALL SELECT m.* FROM flow.duties_to_make(me) m $$;

-- For the office acted in, or for every office the person holds.
CREATE FUNCTION api.next_duties(me auth.actor, OUT today_on date,
	OUT duties api.duty_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	today_on := flow.today();
	duties := ARRAY(SELECT d FROM data.office o,
			flow.duties(ROW(me.person_id, o.role, o.org_id, me.request,
				me.certificate_fp)::auth.actor) d
		WHERE o.person_id = me.person_id AND o.from_on <= today_on
			AND (o.to_on IS NULL OR o.to_on > today_on)
			AND o.role = coalesce(me.role, o.role)
			AND o.org_id = coalesce(me.org_id, o.org_id)
		ORDER BY d.due_on NULLS LAST, d.org_id, d.object_id, d.request);
END $$;

-- ---- audit log ----------------------------------------------------------------------
-- Who did what, when, on what; never with what words.
CREATE TYPE api.event_row AS (event_no int8, done_at timestamptz, person_id text,
	person_name text, role text, org_id text, request text, object_id text,
	is_signed boolean);
CREATE FUNCTION api.audit_log(me auth.actor, from_on date, to_on date, object_id text,
	person_id text, after_no int8, OUT events api.event_row[], OUT more boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_sane_date('from_on', from_on);
	PERFORM refuse.unless_sane_date('to_on', to_on);
	events := ARRAY(SELECT ROW(e.id, e.at, e.person_id, flow.person_name(e.person_id),
			e.role, e.org_id, e.request, e.object, e.signature IS NOT NULL)::api.event_row
		FROM audit.event e
		WHERE e.id > coalesce(after_no, 0)
			AND (from_on IS NULL OR e.at >= from_on::timestamp AT TIME ZONE 'Asia/Shanghai')
			AND (to_on IS NULL OR e.at < (to_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')
			AND (object_id IS NULL OR e.object = object_id)
			AND (person_id IS NULL OR e.person_id = person_id)
		ORDER BY e.id LIMIT 501);
	more := cardinality(events) > 500;
	events := events[1:500];
END $$;

-- A digest written down outside shows what is lost when an older backup comes back.
-- Yesterday's last event is asked for by default: of today's, one with a smaller number
-- may still be on its way.
CREATE FUNCTION flow.trace_digest(event_no int8) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT encode(sha256(coalesce(string_agg(sha256(e.body), ''::bytea ORDER BY e.id),
		'')), 'hex')
	FROM audit.event e WHERE e.id <= event_no $$;
CREATE FUNCTION api.verify_audit(me auth.actor, INOUT event_no int8, INOUT digest text,
	OUT intact boolean, OUT last_no int8)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE noted text := lower(btrim(digest));
BEGIN
	IF noted IS NOT NULL AND event_no IS NULL THEN
		PERFORM refuse.invalid('event_no', 'text_missing');
	END IF;
	last_no := coalesce((SELECT max(e.id) FROM audit.event e), 0);
	event_no := coalesce(event_no, (SELECT max(e.id) FROM audit.event e
		WHERE e.at < flow.today()::timestamp AT TIME ZONE 'Asia/Shanghai'), 0);
	digest := flow.trace_digest(event_no);
	intact := digest = noted;
END $$;

-- ---- find ------------------------------------------------------------------------------
CREATE TYPE api.found_org AS (org_id text, name text, kind text);
CREATE TYPE api.found_person AS (person_id text, name text, mark text, org_id text,
	org_name text);
CREATE TYPE api.found_object AS (object_id text, entity text, org_id text, org_name text,
	state text);

-- Objects whose number holds the words, of kinds the office works with, within its
-- reach; a draft is its own office's, and what the office may not open is not found.
CREATE FUNCTION flow.find_objects(me auth.actor, words text) RETURNS SETOF api.found_object
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE e record;
BEGIN
	FOR e IN SELECT DISTINCT t.entity FROM rule.transition t
		JOIN rule.permission p ON p.role = me.role
			AND p.request IN (t.request, 'show_' || t.entity)
		JOIN information_schema.columns c ON c.table_schema = 'data'
			AND c.table_name = t.entity AND c.column_name = 'org_id'
		ORDER BY t.entity
	LOOP
		RETURN QUERY EXECUTE format('SELECT x.id, %L::text, x.org_id::text,'
			' flow.org_name(x.org_id, flow.today())::text, x.state FROM data.%I x'
			' WHERE strpos(x.id, $2) > 0 AND auth.reaches($1, x.org_id)'
			' AND (x.state <> ''DRAFT'' OR x.org_id = $1.org_id)%s ORDER BY x.id LIMIT 50',
			e.entity, e.entity, CASE e.entity
				WHEN 'application' THEN ' AND flow.sees_application($1, x)'
				WHEN 'dossier' THEN ' AND flow.may_read_dossier($1, x)'
				WHEN 'objection' THEN ' AND flow.sees_objection($1, x)'
				WHEN 'escalation' THEN ' AND flow.sees_escalation($1, x)'
				WHEN 'note' THEN ' AND flow.note_rows($1, x.org_id, x.id, NULL) <> ''{}'''
				WHEN 'clearance' THEN ' AND flow.sees_clearance($1, x)'
				WHEN 'duty_review' THEN ' AND flow.sees_duty_review($1, x)'
				ELSE '' END) USING me, upper(words);
	END LOOP;
END $$;

-- Some request of the office is about members; the others need no roster.
CREATE FUNCTION flow.works_with_people(me auth.actor) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM rule.permission p WHERE p.role = me.role AND p.request IN
		('list_people', 'list_accounts', 'record_attendance', 'prepare_ballot')) $$;

CREATE FUNCTION api.find(me auth.actor, words text, OUT orgs api.found_org[],
	OUT people api.found_person[], OUT objects api.found_object[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_line('words', words, 60);
	orgs := ARRAY(SELECT ROW(o.id, v.name, o.kind)::api.found_org
		FROM data.org o JOIN data.org_version v ON v.org_id = o.id
			AND v.from_on <= flow.today() AND (v.to_on IS NULL OR v.to_on > flow.today())
		WHERE o.id = upper(words) OR strpos(v.name, words) > 0 ORDER BY o.id LIMIT 50);
	people := ARRAY(SELECT ROW(p.id, p.name, p.mark, a.org_id,
			flow.org_name(a.org_id, flow.today()))::api.found_person
		FROM data.person p JOIN data.affiliation a ON a.person_id = p.id
			AND a.kind = 'PRIMARY' AND a.from_on <= flow.today()
			AND (a.to_on IS NULL OR a.to_on > flow.today())
		WHERE (p.id = upper(words) OR strpos(p.name, words) > 0)
			AND auth.reaches(me, a.org_id) AND flow.works_with_people(me) ORDER BY a.org_id, p.id LIMIT 50);
	objects := ARRAY(SELECT f FROM flow.find_objects(me, words) f);
END $$;
