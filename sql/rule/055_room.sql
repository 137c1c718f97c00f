-- In the committee's room: who may, which moves, why a member should stand aside.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('declare_relative', '{committee_member,committee_secretary}'::text[]),
	('end_declaration', '{committee_member,committee_secretary}'),
	('list_declarations', '{committee_member,committee_secretary}'),
	('decline_recusal', '{committee_member,committee_secretary,recorder}'),
	('leave_meeting', '{recorder}'),
	('return_meeting', '{recorder}'),
	('record_speech', '{recorder}'),
	('record_consultation', '{committee_secretary,recorder}'),
	('show_agenda_item', '{committee_member,committee_secretary,recorder,od_head}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('meeting', 'OPEN', 'OPEN', 'leave_meeting', 'meeting_no_vote_open'),
	('meeting', 'OPEN', 'OPEN', 'return_meeting', 'meeting_no_vote_open'),
	('agenda_item', 'LISTED', 'LISTED', 'decline_recusal', NULL),
	('agenda_item', 'LISTED', 'LISTED', 'record_consultation', NULL),
	('agenda_item', 'LISTED', 'LISTED', 'record_speech', 'item_meeting_open'),
	('agenda_item', 'COUNTED', 'COUNTED', 'record_speech', 'item_meeting_open');

TRUNCATE rule.recusal_ground;
INSERT INTO rule.recusal_ground (ground, source, binding) VALUES
	('OWN_BRANCH', 'is_member', true),
	('CONTACT_POINT', 'is_contact_point', false),
	('RELATIVE', 'has_relative', false);

CREATE FUNCTION flow.is_contact_point(person_id text, org_id text, on_day date)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT is_contact_point.person_id IN (SELECT flow.contact_points(is_contact_point.org_id,
		is_contact_point.on_day)) $$;
CREATE FUNCTION flow.has_relative(person_id text, org_id text, on_day date)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.relative_declaration d
		WHERE d.person_id = has_relative.person_id AND d.org_id = has_relative.org_id
			AND d.declared_on <= has_relative.on_day
			AND (d.ended_on IS NULL OR d.ended_on > has_relative.on_day)) $$;

-- Why this person should stand aside from a matter of that branch.
CREATE FUNCTION flow.recusal_grounds(person_id text, org_id text, on_day date)
RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	g rule.recusal_ground;
	holds boolean;
BEGIN
	FOR g IN SELECT r.* FROM rule.recusal_ground r ORDER BY r.ground LOOP
		EXECUTE format('SELECT flow.%I($1, $2, $3)', g.source) INTO holds
			USING person_id, org_id, on_day;
		IF holds THEN
			RETURN NEXT g.ground;
		END IF;
	END LOOP;
END $$;

-- The hints of an item: every seat with every ground that holds on the meeting's day.
CREATE FUNCTION flow.item_hints(agenda_item_id text, OUT person_id text, OUT ground text)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
	SELECT s.id, g.ground FROM data.agenda_item i JOIN data.meeting m ON m.id = i.meeting_id,
		flow.seats(m.held_on) s(id),
		flow.recusal_grounds(s.id, i.org_id, m.held_on) g(ground)
	WHERE i.id = item_hints.agenda_item_id $$;
CREATE FUNCTION flow.keep_hints(agenda_item_id text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO data.recusal_hint (agenda_item_id, person_id, ground)
	SELECT keep_hints.agenda_item_id, h.person_id, h.ground
	FROM flow.item_hints(keep_hints.agenda_item_id) h ON CONFLICT DO NOTHING $$;

-- Hints nobody has answered: not stood aside, and not declined (a binding one never is).
CREATE FUNCTION flow.open_hints(agenda_item_id text, OUT person_id text, OUT ground text,
	OUT binding boolean) RETURNS SETOF record LANGUAGE sql STABLE AS $$
	SELECT h.person_id, h.ground, g.binding FROM flow.item_hints(open_hints.agenda_item_id) h
	JOIN rule.recusal_ground g ON g.ground = h.ground
	WHERE NOT EXISTS (SELECT FROM data.recusal r
			WHERE r.agenda_item_id = open_hints.agenda_item_id AND r.person_id = h.person_id)
		AND NOT EXISTS (SELECT FROM data.recusal_hint d
			WHERE d.agenda_item_id = open_hints.agenda_item_id AND d.person_id = h.person_id
				AND d.ground = h.ground AND d.declined_why IS NOT NULL)
	ORDER BY h.person_id, h.ground $$;
-- Seats that should stand aside from an item and have not said so.
CREATE FUNCTION flow.unrecused(agenda_item_id text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT DISTINCT h.person_id FROM flow.open_hints(unrecused.agenda_item_id) h
	ORDER BY h.person_id $$;

-- Whether somebody sits in the room while an item is dealt with.  Who has left for
-- that very item still counts as having come; who is out for anything else does not.
CREATE FUNCTION flow.in_room(meeting_id text, person_id text, agenda_item_id text)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.attendance a WHERE a.meeting_id = in_room.meeting_id
			AND a.person_id = in_room.person_id AND a.present)
		AND NOT EXISTS (SELECT FROM data.room_leave l WHERE l.meeting_id = in_room.meeting_id
			AND l.person_id = in_room.person_id AND l.returned_at IS NULL
			AND (in_room.agenda_item_id IS NULL
				OR l.agenda_item_id IS DISTINCT FROM in_room.agenda_item_id)) $$;

CREATE FUNCTION flow.clock(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT to_char(clock.at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') $$;
-- "离席10:05，返回10:20" of one person for one item, NULL if nobody left.
CREATE FUNCTION flow.leave_words(meeting_id text, person_id text, agenda_item_id text)
RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg('离席' || flow.clock(l.left_at)
		|| coalesce('，返回' || flow.clock(l.returned_at), ''), '；' ORDER BY l.serial)
	FROM data.room_leave l WHERE l.meeting_id = leave_words.meeting_id
		AND l.person_id = leave_words.person_id
		AND l.agenda_item_id IS NOT DISTINCT FROM leave_words.agenda_item_id $$;
