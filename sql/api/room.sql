-- In the committee's room.  Messages: proto/room.proto.

CREATE FUNCTION guard.item_meeting_open(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('meeting_not_open', m.id, 'meeting.' || m.state)
	FROM data.agenda_item i JOIN data.meeting m ON m.id = i.meeting_id
	WHERE i.id = item_meeting_open.id AND m.state <> 'OPEN' $$;

-- ---- declarations -------------------------------------------------------------------
CREATE FUNCTION api.declare_relative(me auth.actor, INOUT org_id text,
	OUT declared_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_branch('org_id', org_id);
	declared_on := flow.today();
	INSERT INTO data.relative_declaration (person_id, org_id, declared_on)
	VALUES (me.person_id, org_id, declared_on) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('declared_already', org_id);
	END IF;
END $$;

CREATE FUNCTION api.end_declaration(me auth.actor, INOUT org_id text, OUT ended_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	ended_on := flow.today();
	UPDATE data.relative_declaration d SET ended_on = ended_on
	WHERE d.person_id = me.person_id AND d.org_id = org_id AND d.ended_on IS NULL;
	IF NOT FOUND THEN
		PERFORM refuse.denied();
	END IF;
END $$;

CREATE TYPE api.declaration_row AS (org_id text, org_name text, declared_on date,
	ended_on date);
CREATE FUNCTION api.list_declarations(me auth.actor,
	OUT declarations api.declaration_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(d.org_id, flow.org_name(d.org_id, flow.today()),
		d.declared_on, d.ended_on)::api.declaration_row ORDER BY d.org_id, d.declared_on), '{}')
	FROM data.relative_declaration d WHERE d.person_id = me.person_id $$;

-- ---- standing aside or not -------------------------------------------------------------
-- With a reason, printed beside the hint (回避申请/决定表).
CREATE FUNCTION api.decline_recusal(me auth.actor, INOUT agenda_item_id text,
	INOUT person_id text, reason text, OUT name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item := flow.find_item(me, agenda_item_id);
BEGIN
	person_id := coalesce(person_id, me.person_id);
	IF person_id <> me.person_id AND me.role <> 'recorder' THEN
		PERFORM refuse.denied();
	END IF;
	agenda_item_id := i.id;
	PERFORM flow.need(me, 'agenda_item', i.id);
	PERFORM refuse.unless_line('reason', reason);
	name := flow.person_name(person_id);
	IF EXISTS (SELECT FROM flow.open_hints(i.id) h
			WHERE h.person_id = person_id AND h.binding) THEN
		PERFORM refuse.state(i.id, 'agenda_item.' || i.state,
			ARRAY[refuse.reason('own_branch_must_recuse', i.id, name)], ARRAY['recuse']);
	END IF;
	PERFORM flow.keep_hints(i.id);
	UPDATE data.recusal_hint h SET declined_why = reason, declined_at = flow.now(),
		recorded_by = me.person_id
	WHERE h.agenda_item_id = i.id AND h.person_id = person_id
		AND h.ground IN (SELECT o.ground FROM flow.open_hints(i.id) o
			WHERE o.person_id = person_id);
	IF NOT FOUND THEN
		PERFORM refuse.invalid('person_id', 'no_recusal_hint', i.id, coalesce(name, ''));
	END IF;
END $$;

-- ---- leaving and returning -----------------------------------------------------------------
CREATE FUNCTION api.leave_meeting(me auth.actor, INOUT meeting_id text, INOUT person_id text,
	agenda_item_id text, reason text, OUT name text, OUT left_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item;
BEGIN
	PERFORM flow.find_meeting(me, meeting_id);
	PERFORM flow.need(me, 'meeting', meeting_id);
	name := flow.person_name(person_id);
	IF person_id IS NULL OR NOT flow.in_room(meeting_id, person_id, NULL) THEN
		PERFORM refuse.invalid('person_id', 'not_in_room', coalesce(name, person_id, ''));
	END IF;
	IF agenda_item_id IS NOT NULL THEN
		i := flow.find_item(me, agenda_item_id);
		IF i.meeting_id <> meeting_id OR NOT EXISTS (SELECT FROM data.recusal r
				WHERE r.agenda_item_id = i.id AND r.person_id = person_id) THEN
			PERFORM refuse.invalid('agenda_item_id', 'left_without_recusal', i.id, name);
		END IF;
		reason := coalesce(reason, '回避');
	END IF;
	PERFORM refuse.unless_line('reason', reason);
	left_at := flow.now();
	INSERT INTO data.room_leave (meeting_id, person_id, serial, agenda_item_id, reason,
		left_at, recorded_by)
	SELECT meeting_id, person_id, coalesce(max(l.serial), 0) + 1, i.id, reason, left_at,
		me.person_id
	FROM data.room_leave l WHERE l.meeting_id = meeting_id AND l.person_id = person_id;
END $$;

CREATE FUNCTION api.return_meeting(me auth.actor, INOUT meeting_id text,
	INOUT person_id text, OUT name text, OUT returned_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_meeting(me, meeting_id);
	PERFORM flow.need(me, 'meeting', meeting_id);
	name := flow.person_name(person_id);
	returned_at := flow.now();
	UPDATE data.room_leave l SET returned_at = returned_at
	WHERE l.meeting_id = meeting_id AND l.person_id = person_id AND l.returned_at IS NULL;
	IF NOT FOUND THEN
		PERFORM refuse.invalid('person_id', 'not_left', coalesce(name, person_id, ''));
	END IF;
END $$;

-- ---- words -----------------------------------------------------------------------------------
-- Whoever is in the room may speak, with a vote or without; who has stood aside may not.
CREATE FUNCTION api.record_speech(me auth.actor, INOUT agenda_item_id text,
	person_id text, text text, OUT serial int, OUT name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item := flow.find_item(me, agenda_item_id);
BEGIN
	agenda_item_id := i.id;
	PERFORM flow.need(me, 'agenda_item', i.id);
	PERFORM refuse.unless_words('text', text, 8000);
	name := flow.person_name(person_id);
	IF person_id IS NULL OR NOT flow.in_room(i.meeting_id, person_id, NULL) THEN
		PERFORM refuse.invalid('person_id', 'not_in_room', coalesce(name, person_id, ''));
	ELSIF EXISTS (SELECT FROM data.recusal r WHERE r.agenda_item_id = i.id
			AND r.person_id = person_id) THEN
		PERFORM refuse.invalid('person_id', 'recused_does_not_speak', i.id, name);
	END IF;
	INSERT INTO data.speech AS s (agenda_item_id, serial, person_id, text, recorded_by,
		recorded_at)
	SELECT i.id, coalesce(max(p.serial), 0) + 1, person_id, text, me.person_id, flow.now()
	FROM data.speech p WHERE p.agenda_item_id = i.id RETURNING s.serial INTO serial;
END $$;

CREATE FUNCTION api.record_consultation(me auth.actor, INOUT agenda_item_id text,
	happened_on date, with_whom text, text text, OUT serial int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	i data.agenda_item := flow.find_item(me, agenda_item_id);
	held_on date;
BEGIN
	agenda_item_id := i.id;
	PERFORM flow.need(me, 'agenda_item', i.id);
	PERFORM refuse.unless_past('happened_on', happened_on);
	SELECT m.held_on INTO held_on FROM data.meeting m WHERE m.id = i.meeting_id;
	IF happened_on > held_on OR happened_on < held_on - 366 THEN
		PERFORM refuse.invalid('happened_on', 'consulted_before', held_on::text);
	END IF;
	PERFORM refuse.unless_line('with_whom', with_whom);
	PERFORM refuse.unless_words('text', text, 4000);
	INSERT INTO data.consultation AS c (agenda_item_id, serial, happened_on, with_whom, text,
		recorded_by)
	SELECT i.id, coalesce(max(p.serial), 0) + 1, happened_on, with_whom, text, me.person_id
	FROM data.consultation p WHERE p.agenda_item_id = i.id RETURNING c.serial INTO serial;
END $$;

-- ---- one item, whole (议题材料, 会议记录, 计票单, 回避表) ------------------------------------
CREATE TYPE api.consultation_row AS (happened_on date, with_whom text, text text);
CREATE TYPE api.speech_row AS (serial int, name text, text text);
CREATE TYPE api.hint_row AS (name text, ground text, recused boolean, declined boolean,
	reason text, left_at timestamptz, returned_at timestamptz);

-- Confirmed, declined or open; and who stood aside without a hint.
CREATE FUNCTION flow.hint_rows(i data.agenda_item) RETURNS api.hint_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(flow.person_name(x.id), x.ground, r.person_id IS NOT NULL,
		r.person_id IS NULL AND x.declined_why IS NOT NULL,
		coalesce(r.reason, x.declined_why), l.left_at, l.returned_at)::api.hint_row
		ORDER BY x.id, x.ground), '{}')
	FROM (SELECT h.person_id AS id, h.ground, h.declined_why FROM data.recusal_hint h
		WHERE h.agenda_item_id = i.id
		UNION ALL
		SELECT o.person_id, o.ground, NULL FROM flow.item_hints(i.id) o
		WHERE i.state = 'LISTED' AND NOT EXISTS (SELECT FROM data.recusal_hint h
			WHERE h.agenda_item_id = i.id AND h.person_id = o.person_id AND h.ground = o.ground)
		UNION ALL
		SELECT r.person_id, NULL, NULL FROM data.recusal r WHERE r.agenda_item_id = i.id
			AND NOT EXISTS (SELECT FROM data.recusal_hint h
				WHERE h.agenda_item_id = i.id AND h.person_id = r.person_id)) x
	LEFT JOIN data.recusal r ON r.agenda_item_id = i.id AND r.person_id = x.id
	LEFT JOIN LATERAL (SELECT t.left_at, t.returned_at FROM data.room_leave t
		WHERE t.agenda_item_id = i.id AND t.person_id = x.id
		ORDER BY t.serial DESC LIMIT 1) l ON true $$;

CREATE FUNCTION api.show_agenda_item(me auth.actor, INOUT agenda_item_id text, OUT state text,
	OUT meeting_id text, OUT held_on date, OUT item_no int, OUT subject_id text,
	OUT org_id text, OUT org_name text, OUT motion text, OUT dossier_id text,
	OUT presenter_name text, OUT consultations api.consultation_row[],
	OUT recusals api.hint_row[], OUT speeches api.speech_row[],
	OUT opinions api.opinion_row[], OUT method text, OUT entitled int, OUT present int,
	OUT recused int, OUT voters int, OUT in_favour int, OUT against int, OUT abstain int,
	OUT not_cast int, OUT arithmetic text, OUT rule_set_id text, OUT outcome text,
	OUT discussion text, OUT reasons text, OUT advice text, OUT conditions text,
	OUT resolution text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE i data.agenda_item := flow.find_item(me, agenda_item_id);
BEGIN
	-- who has stood aside reads no more of it
	IF EXISTS (SELECT FROM data.recusal r WHERE r.agenda_item_id = i.id
			AND r.person_id = me.person_id) THEN
		PERFORM refuse.denied();
	END IF;
	SELECT i.id, i.state, m.id, m.held_on, i.item_no, i.subject_id, i.org_id,
		flow.org_name(i.org_id, m.held_on), i.motion, i.dossier_id,
		flow.person_name(i.presenter_id), i.method, i.entitled, i.present, i.recused,
		i.voters, i.in_favour, i.against, i.abstain, i.not_cast, i.arithmetic,
		m.rule_set_id, i.outcome, i.discussion, i.reasons, i.advice, i.conditions,
		i.resolution
	INTO agenda_item_id, state, meeting_id, held_on, item_no, subject_id, org_id, org_name,
		motion, dossier_id, presenter_name, method, entitled, present, recused, voters,
		in_favour, against, abstain, not_cast, arithmetic, rule_set_id, outcome,
		discussion, reasons, advice, conditions, resolution
	FROM data.meeting m WHERE m.id = i.meeting_id;
	consultations := ARRAY(SELECT ROW(c.happened_on, c.with_whom, c.text)::api.consultation_row
		FROM data.consultation c WHERE c.agenda_item_id = i.id ORDER BY c.serial);
	recusals := flow.hint_rows(i);
	speeches := ARRAY(SELECT ROW(s.serial, flow.person_name(s.person_id), s.text)::api.speech_row
		FROM data.speech s WHERE s.agenda_item_id = i.id ORDER BY s.serial);
	opinions := ARRAY(SELECT ROW(i.id, flow.person_name(w.person_id), w.text)::api.opinion_row
		FROM data.written_opinion w WHERE w.agenda_item_id = i.id ORDER BY w.person_id);
END $$;
