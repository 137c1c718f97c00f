-- The committee's meeting.  Messages: proto/meeting.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.meeting_day_come(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('meeting_day_not_come', m.id, m.held_on::text)
	FROM data.meeting m WHERE m.id = meeting_day_come.id AND m.held_on > flow.today() $$;

CREATE FUNCTION guard.meeting_no_vote_open(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('vote_open', i.id) FROM data.agenda_item i
	WHERE i.meeting_id = meeting_no_vote_open.id AND i.state = 'VOTING' $$;

-- The quorum, with its sum.
CREATE FUNCTION guard.meeting_quorum(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('quorum_short', c.entitled::text,
		flow.quorum_needed(c.entitled, r.quorum_num, r.quorum_den)::text,
		r.quorum_num || '/' || r.quorum_den, c.present::text, r.id)
	FROM flow.head_count(meeting_quorum.id) c, flow.meeting_rules(meeting_quorum.id) r
	WHERE c.present < flow.quorum_needed(c.entitled, r.quorum_num, r.quorum_den) $$;

-- The same of the room while an item is dealt with.
CREATE FUNCTION guard.item_quorum(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('quorum_short', c.entitled::text,
		flow.quorum_needed(c.entitled, r.quorum_num, r.quorum_den)::text,
		r.quorum_num || '/' || r.quorum_den, c.present::text, r.id)
	FROM data.agenda_item i, flow.head_count(i.meeting_id, i.id) c,
		flow.meeting_rules(i.meeting_id) r
	WHERE i.id = item_quorum.id
		AND c.present < flow.quorum_needed(c.entitled, r.quorum_num, r.quorum_den) $$;

CREATE FUNCTION guard.meeting_can_begin(id text) RETURNS SETOF refuse.reason
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	m data.meeting;
	missing text;
BEGIN
	SELECT t.* INTO m FROM data.meeting t WHERE t.id = id;
	RETURN QUERY SELECT g.* FROM guard.meeting_day_come(id) g;
	IF flow.current_rule_set() IS NULL THEN
		RETURN NEXT refuse.reason('no_rule_set');
	END IF;
	IF NOT EXISTS (SELECT FROM data.attendance a WHERE a.meeting_id = id) THEN
		RETURN NEXT refuse.reason('attendance_missing', id);
		RETURN;
	END IF;
	SELECT flow.names(array_agg(s.p ORDER BY s.p)) INTO missing FROM flow.seats(m.held_on) s(p)
	WHERE NOT EXISTS (SELECT FROM data.attendance a
		WHERE a.meeting_id = id AND a.person_id = s.p AND a.entitled);
	IF missing <> '' THEN
		RETURN NEXT refuse.reason('attendance_outdated', missing);
	END IF;
	IF NOT EXISTS (SELECT FROM data.attendance a WHERE a.meeting_id = id
			AND a.person_id = m.chair_id AND a.entitled AND a.present) THEN
		RETURN NEXT refuse.reason('chair_absent', flow.person_name(m.chair_id));
	END IF;
	RETURN QUERY SELECT g.* FROM guard.meeting_quorum(id) g;
END $$;

CREATE FUNCTION guard.meeting_all_resolved(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('item_unresolved', i.id, flow.org_name(i.org_id, flow.today()))
	FROM data.agenda_item i WHERE i.meeting_id = meeting_all_resolved.id
		AND i.state NOT IN ('RESOLVED', 'REMOVED') ORDER BY i.item_no $$;

CREATE FUNCTION guard.item_in_deliberation(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('matter_left', i.subject_id, s.entity || '.' || s.state)
	FROM data.agenda_item i, flow.matter(i.subject_id) s
	WHERE i.id = item_in_deliberation.id AND s.state <> 'IN_DELIBERATION' $$;

CREATE FUNCTION guard.item_matter_left(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('matter_still_here', i.subject_id)
	FROM data.agenda_item i, flow.matter(i.subject_id) s
	WHERE i.id = item_matter_left.id AND s.state = 'IN_DELIBERATION' $$;

-- Item by item (逐项表决), in a meeting that has begun and still has its quorum.
CREATE FUNCTION guard.item_can_vote(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('meeting_not_open', m.id, 'meeting.' || m.state)
	FROM data.agenda_item i JOIN data.meeting m ON m.id = i.meeting_id
	WHERE i.id = item_can_vote.id AND m.state <> 'OPEN'
	UNION ALL
	SELECT g FROM data.agenda_item i, guard.meeting_no_vote_open(i.meeting_id) g
	WHERE i.id = item_can_vote.id
	UNION ALL
	SELECT g FROM data.agenda_item i JOIN data.meeting m ON m.id = i.meeting_id,
		guard.item_quorum(i.id) g
	WHERE i.id = item_can_vote.id AND m.state = 'OPEN'
	UNION ALL
	SELECT g FROM guard.item_in_deliberation(item_can_vote.id) g $$;

CREATE FUNCTION guard.item_vote_named(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('vote_not_named', i.id) FROM data.agenda_item i
	WHERE i.id = item_vote_named.id AND i.method <> 'NAMED_VOTE' $$;

-- The sealed urn of a secret vote, if one was prepared: two people have certified it.
CREATE FUNCTION flow.vote_urn(agenda_item_id text) RETURNS data.ballot_session
LANGUAGE sql STABLE AS $$
	SELECT b.* FROM data.ballot_session b JOIN data.agenda_item i ON i.id = b.agenda_item_id
	WHERE i.id = vote_urn.agenda_item_id AND i.method = 'SECRET_BALLOT' AND b.state <> 'VOID'
	ORDER BY b.id DESC LIMIT 1 $$;
CREATE FUNCTION guard.item_urn_counted(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('urn_not_certified', b.id, 'ballot_session.' || b.state)
	FROM flow.vote_urn(item_urn_counted.id) b
	WHERE b.id IS NOT NULL AND b.state NOT IN ('CERTIFIED', 'ARCHIVED') $$;

CREATE FUNCTION guard.item_not_carried(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('item_carried', i.id) FROM data.agenda_item i
	WHERE i.id = item_not_carried.id AND i.passed
	UNION ALL
	SELECT g FROM guard.item_in_deliberation(item_not_carried.id) g $$;

-- Every reason why this very person may not cast a named vote now.
CREATE FUNCTION guard.seat_may_vote(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	i data.agenda_item;
	m data.meeting;
	waiting text;
BEGIN
	SELECT t.* INTO i FROM data.agenda_item t WHERE t.id = id;
	SELECT t.* INTO m FROM data.meeting t WHERE t.id = i.meeting_id;
	IF NOT flow.in_room(m.id, me.person_id, id) OR NOT EXISTS (
			SELECT FROM data.attendance a WHERE a.meeting_id = m.id
				AND a.person_id = me.person_id AND a.entitled) THEN
		RETURN NEXT refuse.reason('vote_not_seated', m.id);
	END IF;
	IF EXISTS (SELECT FROM data.recusal r WHERE r.agenda_item_id = id
			AND r.person_id = me.person_id) THEN
		RETURN NEXT refuse.reason('vote_recused', id);
	ELSIF flow.is_member(me.person_id, i.org_id, m.held_on) THEN
		RETURN NEXT refuse.reason('own_branch_must_recuse', id,
			flow.person_name(me.person_id));
	END IF;
	IF EXISTS (SELECT FROM data.named_vote v WHERE v.agenda_item_id = id
			AND v.person_id = me.person_id) THEN
		RETURN NEXT refuse.reason('vote_cast_already', id);
	ELSIF me.person_id = m.chair_id THEN
		waiting := flow.names(ARRAY(SELECT w.p FROM flow.vote_waiting(id) w(p)
			WHERE w.p <> me.person_id));
		IF waiting <> '' THEN
			RETURN NEXT refuse.reason('chair_votes_last', waiting);
		END IF;
	END IF;
END $$;

-- ---- pieces ----------------------------------------------------------------------
CREATE FUNCTION flow.find_meeting(me auth.actor, meeting_id text) RETURNS data.meeting
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE m data.meeting;
BEGIN
	SELECT t.* INTO m FROM data.meeting t WHERE t.id = meeting_id;
	PERFORM auth.need(me, m.org_id);
	RETURN m;
END $$;

-- An item by its own number, or the newest on a matter.
CREATE FUNCTION flow.find_item(me auth.actor, agenda_item_id text) RETURNS data.agenda_item
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item;
BEGIN
	SELECT t.* INTO i FROM data.agenda_item t
	JOIN data.meeting m ON m.id = t.meeting_id
	WHERE t.id = agenda_item_id OR t.subject_id = agenda_item_id
	ORDER BY t.state IN ('LISTED', 'VOTING', 'COUNTED') DESC, m.held_on DESC, t.id DESC
	LIMIT 1;
	PERFORM auth.need(me, i.org_id);
	RETURN i;
END $$;

-- Seats present and not recused that have not voted yet.
CREATE FUNCTION flow.vote_waiting(agenda_item_id text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT a.person_id FROM data.agenda_item i
	JOIN data.attendance a ON a.meeting_id = i.meeting_id AND a.entitled AND a.present
	JOIN data.meeting m ON m.id = i.meeting_id
	WHERE i.id = vote_waiting.agenda_item_id
		AND flow.in_room(i.meeting_id, a.person_id, i.id)
		AND NOT flow.is_member(a.person_id, i.org_id, m.held_on)
		AND NOT EXISTS (SELECT FROM data.recusal r WHERE r.agenda_item_id = i.id
			AND r.person_id = a.person_id)
		AND NOT EXISTS (SELECT FROM data.named_vote v WHERE v.agenda_item_id = i.id
			AND v.person_id = a.person_id)
	ORDER BY a.person_id $$;

CREATE FUNCTION refuse.unless_seat(field text, person_id text, on_day date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF person_id IS NULL OR NOT person_id IN (SELECT flow.seats(on_day)) THEN
		PERFORM refuse.invalid(field, 'no_seat', coalesce(person_id, ''),
			coalesce(flow.person_name(person_id), ''), on_day::text);
	END IF;
END $$;

-- Moves what an item is about; an application keeps its history.
CREATE FUNCTION flow.move_matter(me auth.actor, i data.agenda_item, to_state text,
	words text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE after text;
BEGIN
	PERFORM flow.move(me, i.entity, i.subject_id, to_state);
	IF i.entity = 'application' THEN
		PERFORM flow.step(me, i.subject_id, to_state, NULL, words);
	END IF;
	SELECT m.after INTO after FROM rule.matter m WHERE m.entity = i.entity;
	IF after IS NOT NULL THEN
		EXECUTE format('SELECT flow.%I($1, $2)', after) USING me, i.subject_id;
	END IF;
END $$;

-- ---- planning --------------------------------------------------------------------
CREATE FUNCTION api.new_meeting(me auth.actor, held_on date, place text, chair_id text,
	recorder_id text, OUT meeting_id text, OUT state text, OUT entitled_names text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE seats text[];
BEGIN
	IF held_on IS NULL THEN
		PERFORM refuse.invalid('held_on', 'date_missing');
	END IF;
	PERFORM refuse.unless_sane_date('held_on', held_on);
	PERFORM refuse.unless_line('place', place);
	seats := ARRAY(SELECT s.p FROM flow.seats(held_on) s(p) ORDER BY s.p);
	IF chair_id IS NULL THEN
		SELECT o.person_id INTO chair_id FROM data.office o
		WHERE o.role = 'committee_secretary' AND o.from_on <= held_on
			AND (o.to_on IS NULL OR o.to_on > held_on) LIMIT 1;
	END IF;
	PERFORM refuse.unless_seat('chair_id', chair_id, held_on);
	recorder_id := coalesce(recorder_id, me.person_id);
	PERFORM refuse.unless_somebody('recorder_id', recorder_id);
	meeting_id := flow.new_id('meeting', 'HY');
	state := 'PLANNED';
	entitled_names := ARRAY(SELECT flow.person_name(s.p)
		FROM unnest(seats) WITH ORDINALITY s(p, n) ORDER BY s.n);
	INSERT INTO data.meeting (id, org_id, state, held_on, place, chair_id, recorder_id)
	VALUES (meeting_id, flow.committee(), state, held_on, place, chair_id, recorder_id);
END $$;

CREATE FUNCTION api.add_agenda_item(me auth.actor, meeting_id text, subject_id text,
	presenter_id text, OUT agenda_item_id text, OUT item_no int, OUT dossier_id text,
	OUT own_branch_names text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	m data.meeting := flow.find_meeting(me, meeting_id);
	s record;
	application_id text;
BEGIN
	PERFORM flow.need(me, 'meeting', meeting_id);
	SELECT t.* INTO s FROM flow.matter(subject_id) t;
	PERFORM auth.need(me, s.org_id);
	presenter_id := coalesce(presenter_id, me.person_id);
	PERFORM refuse.unless_somebody('presenter_id', presenter_id);
	IF flow.is_member(presenter_id, s.org_id, m.held_on) THEN
		PERFORM refuse.invalid('presenter_id', 'own_branch_other_hand',
			flow.person_name(presenter_id));
	END IF;
	PERFORM flow.move(me, s.entity, subject_id, 'IN_DELIBERATION');
	IF s.entity = 'application' THEN
		application_id := subject_id;
		PERFORM flow.step(me, application_id, 'IN_DELIBERATION', NULL, NULL);
		SELECT d.id, flow.day(d.frozen_at) INTO STRICT dossier_id, s.ready_on
		FROM data.dossier d WHERE d.application_id = application_id
			AND d.state = 'FROZEN';
	END IF;
	-- the seats are those of the meeting's day: it is not chosen for who held one
	IF m.held_on < s.ready_on THEN
		PERFORM refuse.invalid('meeting_id', 'meeting_before_papers', m.held_on::text,
			s.ready_on::text);
	END IF;
	agenda_item_id := flow.new_id('agenda_item', 'YT', s.org_id);
	SELECT coalesce(max(i.item_no), 0) + 1 INTO item_no FROM data.agenda_item i
	WHERE i.meeting_id = meeting_id;
	INSERT INTO data.agenda_item (id, org_id, state, meeting_id, item_no, entity,
		subject_id, motion, application_id, dossier_id, presenter_id)
	VALUES (agenda_item_id, s.org_id, 'LISTED', meeting_id, item_no, s.entity,
		subject_id, s.motion, application_id, dossier_id, presenter_id);
	PERFORM flow.keep_hints(agenda_item_id);
	own_branch_names := ARRAY(SELECT flow.person_name(u.p)
		FROM flow.unrecused(agenda_item_id) u(p));
END $$;

CREATE FUNCTION api.remove_agenda_item(me auth.actor, INOUT agenda_item_id text,
	reason text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	i data.agenda_item := flow.find_item(me, agenda_item_id);
	back text;
BEGIN
	PERFORM refuse.unless_words('reason', reason, 1000);
	agenda_item_id := i.id;
	state := 'REMOVED';
	PERFORM flow.need(me, 'meeting', i.meeting_id);
	PERFORM flow.move(me, 'agenda_item', i.id, state);
	SELECT r.taken_off INTO back FROM flow.matter(i.subject_id) s
	JOIN rule.matter r ON r.entity = s.entity WHERE s.state = 'IN_DELIBERATION';
	IF FOUND THEN
		PERFORM flow.move_matter(me, i, back, reason);
	END IF;
	UPDATE data.agenda_item t SET reasons = reason WHERE t.id = i.id;
END $$;

-- ---- attendance ----------------------------------------------------------------------
CREATE TYPE api.absence AS (person_id text, reason text);

-- Every seat is accounted for, or every defect is told at once.
CREATE FUNCTION flow.attendance_defects(on_day date, present_ids text[],
	absent api.absence[], nonvoting_ids text[]) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	WITH named(id, kind) AS (
		SELECT p, 'present' FROM unnest(present_ids) p
		UNION ALL SELECT a.person_id, 'absent' FROM unnest(absent) a
		UNION ALL SELECT n, 'nonvoting' FROM unnest(nonvoting_ids) n),
	seat(id) AS (SELECT flow.seats(on_day))
	SELECT refuse.reason('person_not_found', coalesce(n.id, '')) FROM named n
	WHERE NOT EXISTS (SELECT FROM data.person p WHERE p.id = n.id)
	UNION ALL
	SELECT refuse.reason('attendance_twice', n.id, flow.person_name(n.id))
	FROM named n GROUP BY n.id HAVING count(*) > 1
	UNION ALL
	SELECT refuse.reason('no_seat', p.id, p.name, on_day::text)
	FROM named n JOIN data.person p ON p.id = n.id
	WHERE n.kind <> 'nonvoting' AND n.id NOT IN (SELECT s.id FROM seat s)
	UNION ALL
	SELECT refuse.reason('seat_attends_with_vote', s.id, flow.person_name(s.id))
	FROM seat s JOIN named n ON n.id = s.id AND n.kind = 'nonvoting'
	UNION ALL
	SELECT refuse.reason('seat_not_named', s.id, flow.person_name(s.id)) FROM seat s
	WHERE NOT EXISTS (SELECT FROM named n WHERE n.id = s.id)
	UNION ALL
	SELECT refuse.reason('absence_without_reason', a.person_id,
		flow.person_name(a.person_id)) FROM unnest(absent) a
	WHERE flow.blank(a.reason)
	UNION ALL
	SELECT refuse.reason('absence_reason_line', a.person_id, flow.person_name(a.person_id))
	FROM unnest(absent) a
	WHERE char_length(a.reason) > 100 OR a.reason ~ '[\n\t\u2028-\u202E\uE000-\uF8FF]' $$;

CREATE FUNCTION api.record_attendance(me auth.actor, INOUT meeting_id text,
	present_ids text[], absent api.absence[], nonvoting_ids text[], chair_id text,
	OUT entitled int, OUT present int, OUT present_needed int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	m data.meeting := flow.find_meeting(me, meeting_id);
	rules data.rule_set;
BEGIN
	PERFORM flow.need(me, 'meeting', meeting_id);
	PERFORM refuse.defects(meeting_id, ARRAY(SELECT d FROM flow.attendance_defects(
		m.held_on, present_ids, absent, nonvoting_ids) d));
	IF chair_id IS NOT NULL THEN
		PERFORM refuse.unless_seat('chair_id', chair_id, m.held_on);
		UPDATE data.meeting t SET chair_id = chair_id WHERE t.id = meeting_id;
	END IF;
	DELETE FROM data.attendance a WHERE a.meeting_id = meeting_id;
	INSERT INTO data.attendance (meeting_id, person_id, entitled, present, reason)
	SELECT meeting_id, p, true, true, NULL FROM unnest(present_ids) p
	UNION ALL SELECT meeting_id, a.person_id, true, false, a.reason FROM unnest(absent) a
	UNION ALL SELECT meeting_id, n, false, true, NULL FROM unnest(nonvoting_ids) n;
	SELECT c.entitled, c.present INTO entitled, present FROM flow.head_count(meeting_id) c;
	rules := flow.meeting_rules(meeting_id);
	present_needed := flow.quorum_needed(entitled, rules.quorum_num, rules.quorum_den);
END $$;

CREATE FUNCTION api.recuse(me auth.actor, INOUT agenda_item_id text, INOUT person_id text,
	reason text, OUT name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	i data.agenda_item := flow.find_item(me, agenda_item_id);
	on_day date;
BEGIN
	person_id := coalesce(person_id, me.person_id);
	IF person_id <> me.person_id AND me.role <> 'recorder' THEN
		PERFORM refuse.denied();
	END IF;
	agenda_item_id := i.id;
	PERFORM flow.need(me, 'agenda_item', i.id);
	PERFORM refuse.unless_line('reason', reason);
	SELECT m.held_on INTO on_day FROM data.meeting m WHERE m.id = i.meeting_id;
	PERFORM refuse.unless_seat('person_id', person_id, on_day);
	name := flow.person_name(person_id);
	INSERT INTO data.recusal (agenda_item_id, person_id, reason, recorded_by, recorded_at)
	VALUES (i.id, person_id, reason, me.person_id, flow.now()) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('recused_already', i.id, name);
	END IF;
END $$;

CREATE FUNCTION api.begin_meeting(me auth.actor, INOUT meeting_id text, OUT state text,
	OUT rule_set_id text, OUT entitled int, OUT present int, OUT present_needed int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE rules data.rule_set;
BEGIN
	PERFORM flow.find_meeting(me, meeting_id);
	state := 'OPEN';
	PERFORM flow.move(me, 'meeting', meeting_id, state);
	rule_set_id := flow.current_rule_set();
	UPDATE data.meeting m SET rule_set_id = rule_set_id, begun_at = flow.now()
	WHERE m.id = meeting_id;
	rules := flow.meeting_rules(meeting_id);
	SELECT c.entitled, c.present INTO entitled, present FROM flow.head_count(meeting_id) c;
	present_needed := flow.quorum_needed(entitled, rules.quorum_num, rules.quorum_den);
END $$;

-- ---- one item's vote ----------------------------------------------------------------
-- Every hint to somebody in the room is answered before the vote opens.  In a named
-- vote a member of that branch is refused in person; where votes are counted by hand
-- he would be counted in.
CREATE FUNCTION flow.need_recusals(i data.agenda_item, method text) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[];
BEGIN
	PERFORM flow.keep_hints(i.id);
	r := ARRAY(SELECT refuse.reason(CASE h.ground WHEN 'OWN_BRANCH' THEN 'own_branch_must_recuse'
			WHEN 'CONTACT_POINT' THEN 'contact_point_unanswered'
			ELSE 'relative_unanswered' END, i.id, flow.person_name(h.person_id))
		FROM flow.open_hints(i.id) h
		WHERE flow.in_room(i.meeting_id, h.person_id, i.id)
			AND NOT (h.binding AND method = 'NAMED_VOTE'));
	IF cardinality(r) > 0 THEN
		PERFORM refuse.state(i.id, 'agenda_item.' || i.state, r, ARRAY['recuse']);
	END IF;
END $$;

CREATE FUNCTION api.open_vote(me auth.actor, INOUT agenda_item_id text, method text,
	OUT state text, OUT entitled int, OUT present int, OUT recused int, OUT voters int,
	OUT denominator int, OUT in_favour_needed int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	i data.agenda_item := flow.find_item(me, agenda_item_id);
	rules data.rule_set := flow.meeting_rules(i.meeting_id);
BEGIN
	agenda_item_id := i.id;
	IF method IS NULL THEN
		PERFORM refuse.invalid('method', 'choice_missing');
	END IF;
	PERFORM 1 FROM data.meeting m WHERE m.id = i.meeting_id FOR UPDATE;
	state := 'VOTING';
	PERFORM flow.move(me, 'agenda_item', i.id, state);
	PERFORM flow.need_recusals(i, method);
	SELECT c.entitled, c.present INTO entitled, present
	FROM flow.head_count(i.meeting_id, i.id) c;
	SELECT count(*)::int, present - (count(*) FILTER (
		WHERE flow.in_room(i.meeting_id, a.person_id, i.id)))::int
	INTO recused, voters FROM data.recusal r
	JOIN data.attendance a ON a.meeting_id = i.meeting_id AND a.person_id = r.person_id
		AND a.entitled WHERE r.agenda_item_id = i.id;
	IF voters = 0 THEN
		PERFORM refuse.state(i.id, 'agenda_item.LISTED',
			ARRAY[refuse.reason('nobody_may_vote')], ARRAY['defer_item']);
	END IF;
	denominator := entitled - CASE WHEN rules.recused_stay THEN 0 ELSE recused END;
	in_favour_needed := flow.carry_needed(denominator);
	UPDATE data.agenda_item t SET method = method, entitled = entitled,
		present = present, recused = recused, voters = voters, denominator = denominator
	WHERE t.id = i.id;
END $$;

CREATE FUNCTION api.cast_vote(me auth.actor, INOUT agenda_item_id text, INOUT choice text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	i data.agenda_item := flow.find_item(me, agenda_item_id);
	reasons refuse.reason[];
BEGIN
	agenda_item_id := i.id;
	IF choice IS NULL THEN
		PERFORM refuse.invalid('choice', 'choice_missing');
	END IF;
	PERFORM flow.need(me, 'agenda_item', i.id);
	reasons := ARRAY(SELECT g FROM guard.seat_may_vote(me, i.id) g);
	IF cardinality(reasons) = 0 THEN
		INSERT INTO data.named_vote (agenda_item_id, person_id, choice, cast_at)
		VALUES (i.id, me.person_id, choice, flow.now());
	ELSIF EXISTS (SELECT FROM unnest(reasons) r
			WHERE r.key IN ('vote_cast_already', 'chair_votes_last')) THEN
		PERFORM refuse.state(i.id, 'agenda_item.VOTING', reasons);
	ELSE
		PERFORM refuse.because('ZB002', 'may_not_vote', ARRAY[i.id], reasons);
	END IF;
END $$;

-- What was counted in the room must be exactly the voters.
CREATE FUNCTION flow.counted_defects(voters int, counts int[]) RETURNS refuse.reason[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN array_position(counts[1:3], NULL) IS NOT NULL
			THEN ARRAY[refuse.reason('counts_missing')]
		WHEN EXISTS (SELECT FROM unnest(counts) c WHERE c NOT BETWEEN 0 AND voters)
			OR (SELECT sum(c) FROM unnest(counts) c) <> voters
			THEN ARRAY[refuse.reason('counts_not_voters', counts[1]::text,
				counts[2]::text, counts[3]::text, counts[4]::text, voters::text)]
		ELSE '{}' END $$;

-- What one of the two found who count a secret ballot on paper; whether the other has
-- still to, or found something else.
CREATE FUNCTION flow.enter_vote(me auth.actor, agenda_item_id text, in_favour int,
	against int, abstain int, not_cast int, OUT awaits_other boolean, OUT differs boolean)
LANGUAGE sql AS $$
	INSERT INTO data.vote_entry (agenda_item_id, person_id, in_favour, against, abstain, not_cast)
	VALUES (enter_vote.agenda_item_id, me.person_id, enter_vote.in_favour,
		enter_vote.against, enter_vote.abstain, enter_vote.not_cast)
	ON CONFLICT (agenda_item_id, person_id) DO UPDATE SET in_favour = excluded.in_favour,
		against = excluded.against, abstain = excluded.abstain,
		not_cast = excluded.not_cast;
	SELECT count(*) < 2,
		count(DISTINCT (e.in_favour, e.against, e.abstain, e.not_cast)) > 1
	FROM data.vote_entry e WHERE e.agenda_item_id = enter_vote.agenda_item_id $$;

CREATE FUNCTION api.close_vote(me auth.actor, INOUT agenda_item_id text,
	INOUT in_favour int, INOUT against int, INOUT abstain int, INOUT not_cast int,
	OUT passed boolean, OUT arithmetic text, OUT awaits_other boolean, OUT differs boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	i data.agenda_item := flow.find_item(me, agenda_item_id);
	urn data.ballot_session;
	in_room boolean;
	by_two boolean;
BEGIN
	agenda_item_id := i.id;
	awaits_other := false;
	differs := false;
	PERFORM flow.need(me, 'agenda_item', i.id);
	i := flow.find_item(me, i.id);  -- as it is now that nobody opens or closes it
	urn := flow.vote_urn(i.id);
	in_room := i.method <> 'NAMED_VOTE' AND urn.id IS NULL;
	by_two := in_room AND i.method = 'SECRET_BALLOT';
	IF me.role <> 'recorder' AND NOT by_two THEN
		PERFORM refuse.denied();
	END IF;
	IF in_room THEN
		not_cast := coalesce(not_cast, 0);
		PERFORM refuse.defects(i.id, flow.counted_defects(i.voters,
			ARRAY[in_favour, against, abstain, not_cast]));
	END IF;
	IF by_two THEN
		SELECT e.* INTO awaits_other, differs
		FROM flow.enter_vote(me, i.id, in_favour, against, abstain, not_cast) e;
		IF awaits_other OR differs THEN
			PERFORM flow.move(me, 'agenda_item', i.id, 'VOTING');
			UPDATE data.agenda_item t SET in_favour = NULL, against = NULL, abstain = NULL,
				not_cast = NULL, passed = NULL, arithmetic = NULL WHERE t.id = i.id;
			RETURN;
		END IF;
	END IF;
	PERFORM flow.move(me, 'agenda_item', i.id, 'COUNTED');
	IF NOT in_room AND coalesce(in_favour, against, abstain, not_cast) IS NOT NULL THEN
		PERFORM refuse.invalid('in_favour', 'named_vote_counts_itself');
	END IF;
	IF i.method = 'NAMED_VOTE' THEN
		SELECT count(*) FILTER (WHERE v.choice = 'IN_FAVOUR'),
			count(*) FILTER (WHERE v.choice = 'AGAINST'),
			count(*) FILTER (WHERE v.choice = 'ABSTAIN'), i.voters - count(*)
		INTO in_favour, against, abstain, not_cast
		FROM data.named_vote v WHERE v.agenda_item_id = i.id;
	ELSIF urn.id IS NOT NULL THEN
		-- a void ballot and one left open say nothing: not cast
		SELECT t.counts[1], t.counts[2], t.counts[3] INTO in_favour, against, abstain
		FROM unnest(flow.ballot_tallies(urn)) t WHERE t.item_no = 1;
		not_cast := i.voters - in_favour - against - abstain;
	END IF;
	passed := flow.carried(in_favour, i.denominator);
	UPDATE data.agenda_item t SET in_favour = in_favour, against = against,
		abstain = abstain, not_cast = not_cast, passed = passed
	WHERE t.id = i.id RETURNING t.* INTO i;
	arithmetic := flow.vote_arithmetic(i, flow.meeting_rules(i.meeting_id));
	UPDATE data.agenda_item t SET arithmetic = arithmetic WHERE t.id = i.id;
END $$;

-- ---- the decision ----------------------------------------------------------------------
CREATE FUNCTION flow.resolution_words(i data.agenda_item, outcome text, reasons text,
	advice text, conditions text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE outcome
		WHEN r.deferred THEN format('经集体研究，对%s暂缓作出决定。理由：%s',
			coalesce(a.org_name, i.motion), reasons)
		WHEN 'PROPOSED_AWARD' THEN format('经集体研究并逐项表决，同意拟评定%s为%s，按规定公示。',
			a.org_name, flow.quoted(p.award_title))
		WHEN 'NOT_THIS_TIME' THEN format('经集体研究并逐项表决，本次不予评定%s为%s。理由：%s　建议：%s',
			a.org_name, flow.quoted(p.award_title), reasons, advice)
		WHEN 'REJECTED_AFTER_OBJECTION' THEN format('经核实异议、集体研究并逐项表决，不予评定%s为%s。理由：%s　建议：%s',
			a.org_name, flow.quoted(p.award_title), reasons, advice)
		WHEN r.carried THEN '经集体研究并逐项表决，同意：' || i.motion
		ELSE format('经集体研究并逐项表决，未同意：%s　理由：%s', i.motion, reasons) END
		|| CASE WHEN NOT flow.blank(conditions) THEN '　附带要求：' || conditions ELSE '' END
	FROM rule.matter r LEFT JOIN data.application a ON a.id = i.application_id
	LEFT JOIN data.standard_version s ON s.id = a.standard_version_id
	LEFT JOIN data.programme p ON p.id = s.programme_id
	WHERE r.entity = i.entity $$;

-- Writes an outcome once and for all.
CREATE FUNCTION flow.settle(me auth.actor, i data.agenda_item, outcome text,
	discussion text, reasons text, advice text, conditions text) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE words text := flow.resolution_words(i, outcome, reasons, advice, conditions);
BEGIN
	PERFORM flow.move(me, 'agenda_item', i.id, 'RESOLVED');
	PERFORM flow.move_matter(me, i, outcome, words);
	UPDATE data.agenda_item t SET outcome = outcome, discussion = discussion,
		reasons = reasons, advice = advice, conditions = conditions,
		resolution = words, resolved_at = flow.now()
	WHERE t.id = i.id;
	RETURN words;
END $$;

CREATE FUNCTION api.resolve_item(me auth.actor, INOUT agenda_item_id text,
	discussion text, reasons text, advice text, conditions text,
	OUT subject_id text, OUT outcome text, OUT arithmetic text, OUT resolution text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item := flow.find_item(me, agenda_item_id);
BEGIN
	PERFORM flow.need(me, 'agenda_item', i.id, 'RESOLVED');
	i := flow.find_item(me, agenda_item_id);  -- as it is now that nobody else changes it
	agenda_item_id := i.id;
	subject_id := i.subject_id;
	arithmetic := i.arithmetic;
	SELECT CASE WHEN i.passed THEN r.carried
		WHEN flow.wants_again(i.application_id) THEN 'REJECTED_AFTER_OBJECTION'
		ELSE r.rejected END INTO STRICT outcome
	FROM rule.matter r WHERE r.entity = i.entity;
	IF NOT i.passed THEN
		PERFORM refuse.unless_words('reasons', reasons, 4000);
		-- a branch is told what to work on
		IF i.entity = 'application' THEN
			PERFORM refuse.unless_words('advice', advice, 4000);
		END IF;
	END IF;
	PERFORM refuse.if_too_long('discussion', discussion, 20000);
	PERFORM refuse.if_too_long('conditions', conditions, 4000);
	resolution := flow.settle(me, i, outcome, discussion, reasons, advice, conditions);
END $$;

CREATE FUNCTION api.defer_item(me auth.actor, INOUT agenda_item_id text, reasons text,
	discussion text, OUT subject_id text, OUT outcome text, OUT resolution text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item := flow.find_item(me, agenda_item_id);
BEGIN
	PERFORM flow.need(me, 'agenda_item', i.id, 'RESOLVED');
	i := flow.find_item(me, agenda_item_id);  -- as it is now that nobody else changes it
	agenda_item_id := i.id;
	subject_id := i.subject_id;
	SELECT r.deferred INTO STRICT outcome FROM rule.matter r WHERE r.entity = i.entity;
	PERFORM refuse.unless_words('reasons', reasons, 4000);
	PERFORM refuse.if_too_long('discussion', discussion, 20000);
	resolution := flow.settle(me, i, outcome, discussion, reasons, NULL, NULL);
END $$;

CREATE FUNCTION api.record_opinion(me auth.actor, INOUT agenda_item_id text,
	person_id text, text text, OUT name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item := flow.find_item(me, agenda_item_id);
BEGIN
	agenda_item_id := i.id;
	PERFORM flow.need(me, 'agenda_item', i.id);
	PERFORM refuse.unless_words('text', text, 4000);
	IF NOT EXISTS (SELECT FROM data.attendance a WHERE a.meeting_id = i.meeting_id
			AND a.person_id = person_id AND a.entitled AND NOT a.present) THEN
		PERFORM refuse.invalid('person_id', 'opinion_not_absent',
			coalesce(flow.person_name(person_id), person_id, ''));
	END IF;
	name := flow.person_name(person_id);
	INSERT INTO data.written_opinion (agenda_item_id, person_id, text, recorded_by,
		recorded_at)
	VALUES (i.id, person_id, text, me.person_id, flow.now()) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('opinion_there_already', name);
	END IF;
END $$;

-- ---- minutes (D19) -----------------------------------------------------------------------
CREATE FUNCTION flow.minutes_item(i data.agenda_item) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT concat_ws(E'\n',
		format('%s、%s（%s，材料%s，汇报人：%s）', i.item_no,
			coalesce(a.org_name, flow.org_name(i.org_id, m.held_on)), i.id,
			coalesce(i.dossier_id, i.subject_id), flow.person_name(i.presenter_id)),
		'　　议题：' || i.motion,
		CASE WHEN i.state = 'REMOVED' THEN '　　撤下议题：' || i.reasons END,
		(SELECT string_agg('　　会前酝酿：' || flow.cn_date(c.happened_on) || '，与' || c.with_whom
			|| '：' || c.text, E'\n' ORDER BY c.serial)
		FROM data.consultation c WHERE c.agenda_item_id = i.id),
		(SELECT '　　回避：' || string_agg(flow.person_name(r.person_id) || '（' || concat_ws('，',
			r.reason, flow.leave_words(i.meeting_id, r.person_id, i.id)) || '）', '、'
			ORDER BY r.person_id)
		FROM data.recusal r WHERE r.agenda_item_id = i.id),
		(SELECT '　　提示回避未回避：' || string_agg(flow.person_name(h.person_id) || '（'
			|| CASE h.ground WHEN 'CONTACT_POINT' THEN '联系点' ELSE '亲属' END || '：'
			|| h.declined_why || '）', '、' ORDER BY h.person_id, h.ground)
		FROM data.recusal_hint h WHERE h.agenda_item_id = i.id AND h.declined_why IS NOT NULL
			AND NOT EXISTS (SELECT FROM data.recusal r
				WHERE r.agenda_item_id = i.id AND r.person_id = h.person_id)),
		'　　讨论：' || i.discussion,
		(SELECT string_agg('　　书面意见（不计票）：' || flow.person_name(w.person_id) || '：' || w.text,
			E'\n' ORDER BY w.person_id)
		FROM data.written_opinion w WHERE w.agenda_item_id = i.id),
		'　　方式：' || flow.method_words(i.method),
		'　　表决：' || i.arithmetic,
		'　　决议：' || i.resolution)
	FROM data.meeting m LEFT JOIN data.application a ON a.id = i.application_id
	WHERE m.id = i.meeting_id $$;

CREATE FUNCTION flow.minutes_text(meeting_id text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT concat_ws(E'\n',
		d.college_name || '党委会议纪要　' || m.id,
		'时间：' || flow.cn_date(m.held_on) || '　地点：' || m.place,
		'主持：' || flow.person_name(m.chair_id) || '　记录：' || flow.person_name(m.recorder_id),
		format('应到%s人，须到%s人（%s/%s以上），实到%s人。议事规则：%s。', c.entitled,
			flow.quorum_needed(c.entitled, r.quorum_num, r.quorum_den),
			r.quorum_num, r.quorum_den, c.present, r.id),
		'出席：' || flow.names(ARRAY(SELECT a.person_id FROM data.attendance a
			WHERE a.meeting_id = m.id AND a.entitled AND a.present ORDER BY a.person_id)),
		(SELECT '缺席：' || string_agg(flow.person_name(a.person_id) || '（' || a.reason || '）',
			'、' ORDER BY a.person_id) FROM data.attendance a
		WHERE a.meeting_id = m.id AND NOT a.present),
		(SELECT '列席（无表决权）：' || string_agg(flow.person_name(a.person_id), '、' ORDER BY a.person_id)
		FROM data.attendance a WHERE a.meeting_id = m.id AND NOT a.entitled),
		(SELECT '中途离席：' || string_agg(flow.person_name(l.person_id) || '（' || l.reason || '，离席'
			|| flow.clock(l.left_at) || coalesce('，返回' || flow.clock(l.returned_at), '') || '）',
			'、' ORDER BY l.left_at, l.person_id)
		FROM data.room_leave l WHERE l.meeting_id = m.id AND l.agenda_item_id IS NULL),
		(SELECT string_agg(flow.minutes_item(i), E'\n' ORDER BY i.item_no)
		FROM data.agenda_item i WHERE i.meeting_id = m.id))
	FROM data.meeting m LEFT JOIN flow.meeting_rules(m.id) r ON true,
		flow.head_count(m.id) c, data.deployment d
	WHERE m.id = minutes_text.meeting_id $$;

CREATE FUNCTION api.end_meeting(me auth.actor, INOUT meeting_id text, OUT state text,
	OUT digest text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE words text;
BEGIN
	PERFORM flow.find_meeting(me, meeting_id);
	state := 'ENDED';
	PERFORM flow.move(me, 'meeting', meeting_id, state);
	words := flow.minutes_text(meeting_id);
	digest := encode(sha256(convert_to(words, 'UTF8')), 'hex');
	UPDATE data.meeting m SET ended_at = flow.now(), minutes = words,
		minutes_sha256 = decode(digest, 'hex') WHERE m.id = meeting_id;
END $$;

CREATE FUNCTION api.show_minutes(me auth.actor, INOUT meeting_id text, OUT state text,
	OUT minutes text, OUT digest text, OUT signed_by_name text, OUT signed_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE m data.meeting := flow.find_meeting(me, meeting_id);
BEGIN
	state := m.state;
	minutes := coalesce(m.minutes, flow.minutes_text(m.id));
	digest := encode(m.minutes_sha256, 'hex');
	signed_by_name := flow.person_name(m.signed_by);
	signed_at := m.signed_at;
END $$;

-- The signed request carries the digest of what was read, so the signature stands
-- for these very minutes.
CREATE FUNCTION api.sign_minutes(me auth.actor, INOUT meeting_id text, INOUT digest text,
	OUT state text, OUT signed_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE m data.meeting := flow.find_meeting(me, meeting_id);
BEGIN
	state := 'SIGNED';
	signed_at := flow.now();
	PERFORM flow.need(me, 'meeting', m.id, state);
	IF coalesce(digest, '') !~ '^[0-9a-fA-F]{8,64}$'
			OR NOT starts_with(encode(m.minutes_sha256, 'hex'), lower(digest)) THEN
		PERFORM refuse.invalid('digest', 'digest_differs',
			left(encode(m.minutes_sha256, 'hex'), 8));
	END IF;
	digest := encode(m.minutes_sha256, 'hex');
	UPDATE data.meeting t SET signed_by = me.person_id, signed_at = signed_at
	WHERE t.id = m.id;
	PERFORM flow.move(me, 'meeting', m.id, state);
END $$;

-- ---- reading ---------------------------------------------------------------------------
CREATE TYPE api.meeting_row AS (meeting_id text, held_on date, place text, state text,
	chair_name text);
CREATE FUNCTION api.list_meetings(me auth.actor, OUT meetings api.meeting_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(m.id, m.held_on, m.place, m.state,
		flow.person_name(m.chair_id))::api.meeting_row ORDER BY m.held_on DESC, m.id DESC),
		'{}')
	FROM data.meeting m WHERE auth.reaches(me, m.org_id) $$;

CREATE TYPE api.attendance_row AS (person_id text, name text, chair boolean,
	entitled boolean, present boolean, reason text);
CREATE TYPE api.agenda_row AS (agenda_item_id text, item_no int, application_id text,
	org_id text, org_name text, state text, dossier_id text, presenter_name text,
	method text, voters int, in_favour_needed int, in_favour int, against int,
	abstain int, not_cast int, arithmetic text, outcome text, resolution text,
	subject_id text, motion text);
CREATE TYPE api.recusal_row AS (agenda_item_id text, person_id text, name text,
	own_branch boolean, recused boolean, reason text);
CREATE TYPE api.named_vote_row AS (agenda_item_id text, name text, choice text);
CREATE TYPE api.opinion_row AS (agenda_item_id text, name text, text text);

-- Seats first, then those who attend without vote; before it is recorded, the seats.
CREATE FUNCTION flow.attendance_rows(m data.meeting) RETURNS api.attendance_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(x.id, flow.person_name(x.id), x.id = m.chair_id,
		x.entitled, x.present, x.reason)::api.attendance_row
		ORDER BY x.entitled DESC, x.id), '{}')
	FROM (SELECT a.person_id AS id, a.entitled, a.present, a.reason
		FROM data.attendance a WHERE a.meeting_id = m.id
		UNION ALL
		SELECT s.p, true, NULL, NULL FROM flow.seats(m.held_on) s(p)
		WHERE NOT EXISTS (SELECT FROM data.attendance a WHERE a.meeting_id = m.id)) x $$;

CREATE FUNCTION flow.agenda_rows(m data.meeting) RETURNS api.agenda_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(i.id, i.item_no, i.application_id, i.org_id,
		coalesce(a.org_name, flow.org_name(i.org_id, m.held_on)), i.state, i.dossier_id, flow.person_name(i.presenter_id), i.method, i.voters,
		flow.carry_needed(i.denominator), i.in_favour, i.against, i.abstain, i.not_cast,
		i.arithmetic, i.outcome, i.resolution, i.subject_id, i.motion)::api.agenda_row
		ORDER BY i.item_no), '{}')
	FROM data.agenda_item i LEFT JOIN data.application a ON a.id = i.application_id
	WHERE i.meeting_id = m.id $$;

-- Who stood aside, and whose own branch it is and who has not.
CREATE FUNCTION flow.recusal_rows(m data.meeting) RETURNS api.recusal_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(x.item_id, x.id, flow.person_name(x.id), x.own_branch,
		x.recused, x.reason)::api.recusal_row ORDER BY x.item_no, x.id), '{}')
	FROM (SELECT i.item_no, i.id AS item_id, r.person_id AS id,
			flow.is_member(r.person_id, i.org_id, m.held_on) AS own_branch,
			true AS recused, r.reason
		FROM data.agenda_item i JOIN data.recusal r ON r.agenda_item_id = i.id
		WHERE i.meeting_id = m.id
		UNION ALL
		SELECT i.item_no, i.id, u.p, true, false, NULL
		FROM data.agenda_item i, flow.unrecused(i.id) u(p) WHERE i.meeting_id = m.id) x $$;

CREATE FUNCTION api.show_meeting(me auth.actor, INOUT meeting_id text, OUT state text,
	OUT held_on date, OUT place text, OUT chair_name text, OUT recorder_name text,
	OUT rule_set_id text, OUT recused_stay boolean, OUT entitled int, OUT present int,
	OUT present_needed int, OUT attendance api.attendance_row[],
	OUT agenda api.agenda_row[], OUT recusals api.recusal_row[],
	OUT votes api.named_vote_row[], OUT opinions api.opinion_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	m data.meeting := flow.find_meeting(me, meeting_id);
	rules data.rule_set := flow.meeting_rules(meeting_id);
BEGIN
	state := m.state;
	held_on := m.held_on;
	place := m.place;
	chair_name := flow.person_name(m.chair_id);
	recorder_name := flow.person_name(m.recorder_id);
	rule_set_id := rules.id;
	recused_stay := rules.recused_stay;
	attendance := flow.attendance_rows(m);
	SELECT count(*) FILTER (WHERE r.entitled), count(*) FILTER (WHERE r.entitled AND r.present)
	INTO entitled, present FROM unnest(attendance) r;
	present_needed := flow.quorum_needed(entitled, rules.quorum_num, rules.quorum_den);
	agenda := flow.agenda_rows(m);
	recusals := flow.recusal_rows(m);
	-- nobody sees how others voted while the vote is open
	SELECT coalesce(array_agg(ROW(i.id, flow.person_name(v.person_id),
		v.choice)::api.named_vote_row ORDER BY i.item_no, v.person_id), '{}') INTO votes
	FROM data.agenda_item i JOIN data.named_vote v ON v.agenda_item_id = i.id
	WHERE i.meeting_id = m.id AND i.state <> 'VOTING';
	SELECT coalesce(array_agg(ROW(i.id, flow.person_name(w.person_id),
		w.text)::api.opinion_row ORDER BY i.item_no, w.person_id), '{}') INTO opinions
	FROM data.agenda_item i JOIN data.written_opinion w ON w.agenda_item_id = i.id
	WHERE i.meeting_id = m.id;
END $$;
