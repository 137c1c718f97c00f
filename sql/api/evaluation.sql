-- The four streams of an application, what feeds them, and the sheet that shows
-- them side by side.  Messages: proto/evaluation.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.evaluation_planned(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('streams_all_open')).* WHERE NOT EXISTS (
		SELECT FROM data.eval_stream s WHERE s.application_id = evaluation_planned.id
			AND s.state = 'PLANNED') $$;

CREATE FUNCTION guard.stream_evaluating(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('application_not_evaluating', a.id, 'application.' || a.state)).*
	FROM data.eval_stream s JOIN data.application a ON a.id = s.application_id
	WHERE s.id = stream_evaluating.id AND a.state <> 'EVALUATING' $$;

-- A window is not shut over something that is still going on.
CREATE FUNCTION guard.stream_can_close(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_evaluating(stream_can_close.id) g
	UNION ALL
	SELECT (refuse.reason('ballot_not_certified', b.id, 'ballot_session.' || b.state)).*
	FROM data.eval_stream s JOIN data.ballot_session b ON b.application_id = s.application_id
	WHERE s.id = stream_can_close.id AND flow.stream_of_ballot(b.purpose) = s.stream
		AND b.state NOT IN ('CERTIFIED', 'ARCHIVED', 'VOID')
	UNION ALL
	SELECT (refuse.reason('opinion_notice_not_ended', n.id)).*
	FROM data.eval_stream s JOIN data.notice n ON n.state = 'POSTED'
		AND n.id IN (SELECT flow.opinion_notices(s.application_id))
	WHERE s.id = stream_can_close.id AND s.stream = 'MASSES'
	UNION ALL
	SELECT (refuse.reason('survey_not_closed', v.id)).*
	FROM data.eval_stream s JOIN data.survey v ON v.application_id = s.application_id
	WHERE s.id = stream_can_close.id AND s.stream = 'MASSES' AND v.state = 'OPEN'
	UNION ALL
	SELECT (refuse.reason(CASE WHEN l.state = 'SENT' THEN 'letter_without_reply'
		ELSE 'letter_not_sent' END, l.id, u.name)).*
	FROM data.eval_stream s JOIN data.letter l ON l.application_id = s.application_id
	JOIN data.outside_unit u ON u.id = l.unit_id
	WHERE s.id = stream_can_close.id AND s.stream = 'SOCIETY'
		AND l.state IN ('DRAFT', 'PRINTED', 'SENT') $$;

-- What was not carried out is left out with a reason, not closed.  A ballot that is
-- not certified stands in the way above.
CREATE FUNCTION guard.stream_complete(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_can_close(stream_complete.id) g
	UNION ALL
	SELECT (refuse.reason('stream_without_material', s.id, s.stream)).*
	FROM data.eval_stream s WHERE s.id = stream_complete.id
		AND NOT EXISTS (SELECT FROM flow.material(s.org_id) m
			WHERE m.application_id = s.application_id AND m.stream = s.stream
				AND m.kind <> 'mass_session')
		AND NOT (s.stream = 'MASSES' AND EXISTS (
			SELECT FROM flow.opinion_notices(s.application_id)))
		AND NOT (s.stream = 'MEMBERS' AND EXISTS (SELECT FROM data.ballot_session b
			WHERE b.application_id = s.application_id AND b.state <> 'VOID')) $$;

CREATE FUNCTION guard.stream_is(id text, stream text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_evaluating(stream_is.id) g
	UNION ALL
	SELECT (refuse.reason('stream_is_another', s.stream)).* FROM data.eval_stream s
	WHERE s.id = stream_is.id AND s.stream <> stream_is.stream $$;
CREATE FUNCTION guard.stream_takes_ballot(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_evaluating(stream_takes_ballot.id) g
	UNION ALL
	SELECT (refuse.reason('stream_is_another', s.stream)).* FROM data.eval_stream s
	WHERE s.id = stream_takes_ballot.id AND s.stream NOT IN ('MEMBERS', 'MASSES') $$;
CREATE FUNCTION guard.stream_of_masses(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$ SELECT g.* FROM guard.stream_is(stream_of_masses.id, 'MASSES') g $$;
CREATE FUNCTION guard.stream_of_society(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$ SELECT g.* FROM guard.stream_is(stream_of_society.id, 'SOCIETY') g $$;

-- There is something to link: gathered, of an open stream, serving nothing yet.
CREATE FUNCTION guard.material_unlinked(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('nothing_to_link', a.id)).* FROM data.application a
	WHERE a.id = material_unlinked.id AND NOT EXISTS (SELECT FROM flow.material(a.org_id) m
		WHERE m.application_id IS NULL AND flow.open_for(a.org_id, m.stream) = a.id) $$;

CREATE FUNCTION guard.letter_stream_open(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('stream_not_open', s.id, 'eval_stream.' || s.state)).*
	FROM data.letter l JOIN data.eval_stream s ON s.application_id = l.application_id
		AND s.stream = 'SOCIETY'
	WHERE l.id = letter_stream_open.id AND s.state NOT IN ('OPEN', 'REOPENED') $$;

-- Silence can only be stated when the day asked for has passed.
CREATE FUNCTION guard.letter_time_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.letter_stream_open(letter_time_over.id) g
	UNION ALL
	SELECT (refuse.reason('letter_still_due', l.reply_by::text)).* FROM data.letter l
	WHERE l.id = letter_time_over.id AND l.reply_by >= flow.today() $$;

-- Against this very person, for hints: the same as flow.need_outsider.
CREATE FUNCTION guard.stream_outsider(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('own_branch', s.org_id)).* FROM data.eval_stream s
	WHERE s.id = stream_outsider.id AND flow.belongs(me, s.org_id) $$;
CREATE FUNCTION guard.stream_second_person(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_outsider(me, stream_second_person.id) g
	UNION ALL
	SELECT (refuse.reason('summary_is_yours')).* FROM data.eval_stream s
	JOIN data.eval_version v ON v.stream_id = s.id AND v.version_no = s.version_no
	WHERE s.id = stream_second_person.id AND v.prepared_by = me.person_id $$;
CREATE FUNCTION guard.letter_outsider(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('own_branch', l.org_id)).* FROM data.letter l
	WHERE l.id = letter_outsider.id AND flow.belongs(me, l.org_id) $$;
CREATE FUNCTION guard.evaluation_outsider(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('own_branch', a.org_id)).* FROM data.application a
	WHERE a.id = evaluation_outsider.id AND flow.belongs(me, a.org_id) $$;

-- ---- finding -----------------------------------------------------------------------
CREATE FUNCTION flow.find_evaluated(me auth.actor, application_id text)
RETURNS data.application LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_application data.application;
BEGIN
	SELECT a.* INTO found_application FROM data.application a WHERE a.id = application_id;
	PERFORM auth.need(me, found_application.org_id);
	RETURN found_application;
END $$;

-- The stream, for somebody who is going to work on it.
CREATE FUNCTION flow.find_stream(me auth.actor, stream_id text)
RETURNS data.eval_stream LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_stream data.eval_stream;
BEGIN
	SELECT s.* INTO found_stream FROM data.eval_stream s WHERE s.id = stream_id;
	PERFORM auth.need(me, found_stream.org_id);
	PERFORM flow.need_outsider(me, found_stream.org_id);
	RETURN found_stream;
END $$;

CREATE FUNCTION flow.stream_of(application_id text, stream text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT s.id FROM data.eval_stream s WHERE s.application_id = stream_of.application_id
		AND s.stream = stream_of.stream $$;

-- What has been gathered about a branch: which stream it feeds, of which year, and
-- what it serves.  A letter counts from the day it is sent.
CREATE FUNCTION flow.material(org_id text) RETURNS TABLE (kind text, id text, stream text,
	year int, application_id text) LANGUAGE sql STABLE AS $$
	SELECT 'note', n.id, 'ORG', extract(year FROM v.happened_on)::int, n.application_id
	FROM data.note n JOIN data.note_version v ON v.note_id = n.id
	WHERE n.org_id = material.org_id AND v.version_no = flow.note_version_no(n.id)
	UNION ALL
	SELECT 'duty_review', r.id, 'ORG', r.year, r.application_id
	FROM data.duty_review r WHERE r.org_id = material.org_id
	UNION ALL
	SELECT 'mass_session', m.id, 'MASSES', m.year, m.application_id
	FROM data.mass_session m WHERE m.org_id = material.org_id
	UNION ALL
	SELECT 'survey', s.id, 'MASSES', s.year, s.application_id
	FROM data.survey s WHERE s.org_id = material.org_id AND s.state IN ('OPEN', 'CLOSED')
	UNION ALL
	SELECT 'interview', i.id, 'MASSES', extract(year FROM i.held_on)::int, i.application_id
	FROM data.interview i WHERE i.org_id = material.org_id
	UNION ALL
	SELECT 'letter', l.id, 'SOCIETY', extract(year FROM l.sent_on)::int, l.application_id
	FROM data.letter l WHERE l.org_id = material.org_id AND l.sent_on IS NOT NULL $$;

-- Notices that asked anybody for an opinion before the deliberation and hung.
CREATE FUNCTION flow.opinion_notices(application_id text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT n.id FROM data.notice_item i JOIN data.notice n ON n.id = i.notice_id
	WHERE i.application_id = opinion_notices.application_id
		AND n.kind = 'OPINION_GATHERING' AND n.state IN ('POSTED', 'ENDED_CLEAR', 'ARCHIVED')
	ORDER BY n.id $$;

CREATE FUNCTION flow.note_version_no(note_id text) RETURNS int LANGUAGE sql STABLE AS $$
	SELECT max(v.version_no) FROM data.note_version v
	WHERE v.note_id = note_version_no.note_id $$;

-- The application of a branch whose stream takes material now; NULL: none.
CREATE FUNCTION flow.open_for(org_id text, stream text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT s.application_id FROM data.eval_stream s
	JOIN data.application a ON a.id = s.application_id AND a.state = 'EVALUATING'
	WHERE s.org_id = open_for.org_id AND s.stream = open_for.stream
		AND s.state IN ('OPEN', 'REOPENED') ORDER BY s.id DESC LIMIT 1 $$;

-- Of which branch something is gathered and which application it serves: the one
-- named, whose stream must be open; or the branch named, and its application with an
-- open stream if there is one.
CREATE FUNCTION flow.gather(me auth.actor, application_id text, org_id text, stream text,
	OUT branch_id text, OUT serves text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application;
BEGIN
	IF application_id IS NULL THEN
		IF org_id IS NULL THEN
			PERFORM refuse.invalid('application_id', 'material_of_what');
		END IF;
		branch_id := flow.find_branch(me, org_id);
		PERFORM flow.need_outsider(me, branch_id);
		serves := flow.open_for(branch_id, stream);
		RETURN;
	END IF;
	a := flow.find_evaluated(me, application_id);
	IF org_id <> a.org_id THEN
		PERFORM refuse.invalid('org_id', 'material_of_another', a.id, a.org_id);
	END IF;
	PERFORM flow.need_outsider(me, a.org_id);
	IF flow.stream_of(a.id, stream) IS NULL THEN
		PERFORM refuse.state(a.id, 'application.' || a.state, '{}',
			flow.allowed(me, 'application', a.id, a.state));
	END IF;
	PERFORM flow.need(me, 'eval_stream', flow.stream_of(a.id, stream));
	branch_id := a.org_id;
	serves := a.id;
END $$;

-- What was gathered for an application or, without one, for a branch: the branch,
-- for an officer who does not belong to it.
CREATE FUNCTION flow.gathered(me auth.actor, application_id text, org_id text)
RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE branch_id text;
BEGIN
	IF application_id IS NULL AND org_id IS NULL THEN
		PERFORM refuse.invalid('application_id', 'material_of_what');
	END IF;
	branch_id := CASE WHEN application_id IS NULL THEN flow.find_branch(me, org_id)
		ELSE (flow.find_evaluated(me, application_id)).org_id END;
	PERFORM flow.need_outsider(me, branch_id);
	RETURN branch_id;
END $$;

CREATE FUNCTION flow.find_branch(me auth.actor, org_id text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF find_branch.org_id IS NULL THEN
		PERFORM refuse.invalid('org_id', 'name_a_branch');
	END IF;
	PERFORM auth.need(me, find_branch.org_id);
	IF NOT EXISTS (SELECT FROM data.org o WHERE o.id = find_branch.org_id
		AND o.kind LIKE 'branch%') THEN
		PERFORM refuse.invalid('org_id', 'only_branches', find_branch.org_id);
	END IF;
	RETURN find_branch.org_id;
END $$;

-- ---- streams ---------------------------------------------------------------------------
CREATE TYPE api.stream_state AS (stream_id text, stream text, state text);

CREATE FUNCTION flow.stream_order(stream text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
	SELECT array_position('{ORG,MEMBERS,MASSES,SOCIETY}', stream_order.stream) $$;

-- Their ids follow the application's: SB26-14-2 has PS26-14-2-ORG.
CREATE FUNCTION api.open_evaluation(me auth.actor, INOUT application_id text,
	stream text[], OUT state text, OUT streams api.stream_state[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_evaluated(me, application_id);
	s record;
BEGIN
	PERFORM flow.need_outsider(me, a.org_id);
	PERFORM flow.move(me, 'application', a.id, 'EVALUATING');
	IF a.state <> 'EVALUATING' THEN
		PERFORM flow.step(me, a.id, 'EVALUATING');
	END IF;
	INSERT INTO data.eval_stream (id, org_id, state, application_id, stream)
	SELECT 'PS' || substr(a.id, 3) || '-' || left(k, 3), a.org_id, 'PLANNED', a.id, k
	FROM unnest('{ORG,MEMBERS,MASSES,SOCIETY}'::text[]) k
	ON CONFLICT DO NOTHING;
	INSERT INTO data.eval_version (stream_id, version_no)
	SELECT e.id, 1 FROM data.eval_stream e WHERE e.application_id = a.id
	ON CONFLICT DO NOTHING;
	FOR s IN SELECT e.id FROM data.eval_stream e
		WHERE e.application_id = a.id AND e.state = 'PLANNED'
			AND (stream = '{}' OR e.stream = ANY (stream))
	LOOP
		PERFORM flow.move(me, 'eval_stream', s.id, 'OPEN');
		UPDATE data.eval_stream e SET opened_on = flow.today() WHERE e.id = s.id;
	END LOOP;
	SELECT b.state INTO state FROM data.application b WHERE b.id = a.id;
	SELECT array_agg(ROW(e.id, e.stream, e.state)::api.stream_state
		ORDER BY flow.stream_order(e.stream)) INTO streams
	FROM data.eval_stream e WHERE e.application_id = a.id;
END $$;

-- One year's material serves one application: it goes to this one unless it serves
-- another, and only while its stream takes anything in.
CREATE TYPE api.linked_material AS (object_id text, kind text);
CREATE FUNCTION api.link_material(me auth.actor, INOUT application_id text, INOUT year int,
	OUT linked api.linked_material[], OUT elsewhere api.linked_material[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_evaluated(me, application_id);
	m record;
BEGIN
	PERFORM flow.need_outsider(me, a.org_id);
	year := coalesce(year, extract(year FROM flow.today())::int);
	elsewhere := ARRAY(SELECT ROW(f.id, f.kind)::api.linked_material
		FROM flow.material(a.org_id) f WHERE f.year = year AND f.application_id <> a.id
		ORDER BY f.kind, f.id);
	PERFORM flow.need(me, 'application', a.id);
	linked := ARRAY(SELECT ROW(f.id, f.kind)::api.linked_material
		FROM flow.material(a.org_id) f WHERE f.year = year AND f.application_id IS NULL
			AND flow.open_for(a.org_id, f.stream) = a.id ORDER BY f.kind, f.id);
	IF linked = '{}' THEN
		PERFORM refuse.state(a.id, 'application.' || a.state,
			ARRAY[refuse.reason('nothing_to_link', a.id, year::text)]);
	END IF;
	FOR m IN SELECT * FROM unnest(linked) LOOP
		EXECUTE format('UPDATE data.%I SET application_id = $1 WHERE id = $2', m.kind)
			USING a.id, m.object_id;
	END LOOP;
END $$;

CREATE FUNCTION api.close_stream(me auth.actor, INOUT stream_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_stream(me, stream_id);
	state := 'CLOSED';
	PERFORM flow.move(me, 'eval_stream', stream_id, state);
	UPDATE data.eval_stream s SET closed_on = flow.today() WHERE s.id = stream_id;
END $$;

CREATE FUNCTION api.summarise_stream(me auth.actor, INOUT stream_id text, methods text[],
	text text, merits text, problems text, OUT state text, OUT version_no int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	s data.eval_stream := flow.find_stream(me, stream_id);
	m text;
BEGIN
	PERFORM refuse.unless_words('text', text, 3000);
	PERFORM refuse.if_too_long('merits', merits, 3000);
	PERFORM refuse.if_too_long('problems', problems, 3000);
	FOREACH m IN ARRAY methods LOOP
		PERFORM refuse.unless_line('methods', m, 50);
	END LOOP;
	state := 'SUMMARISED';
	version_no := s.version_no;
	PERFORM flow.move(me, 'eval_stream', s.id, state);
	UPDATE data.eval_version v SET methods = methods, summary = text,
		merits = merits, problems = problems, prepared_by = me.person_id,
		prepared_at = flow.now()
	WHERE v.stream_id = s.id AND v.version_no = version_no;
END $$;

CREATE FUNCTION api.lock_stream(me auth.actor, INOUT stream_id text, OUT state text,
	OUT version_no int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.eval_stream := flow.find_stream(me, stream_id);
BEGIN
	state := 'LOCKED';
	version_no := s.version_no;
	PERFORM flow.move(me, 'eval_stream', s.id, state);
	IF EXISTS (SELECT FROM guard.stream_second_person(me, s.id)) THEN
		PERFORM refuse.because('ZB012', 'summary_is_yours', ARRAY[s.id]);
	END IF;
	UPDATE data.eval_version v SET locked_by = me.person_id, locked_at = flow.now()
	WHERE v.stream_id = s.id AND v.version_no = version_no;
END $$;

CREATE FUNCTION api.skip_stream(me auth.actor, INOUT stream_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_stream(me, stream_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'NOT_CARRIED_OUT';
	PERFORM flow.move(me, 'eval_stream', stream_id, state);
	UPDATE data.eval_stream s SET skip_reason = reason, skipped_by = me.person_id
	WHERE s.id = stream_id;
END $$;

-- The next version begins with the words of the last one (T45).
CREATE FUNCTION api.reopen_stream(me auth.actor, INOUT stream_id text, reason text,
	OUT state text, OUT version_no int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.eval_stream := flow.find_stream(me, stream_id);
BEGIN
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'REOPENED';
	PERFORM flow.move(me, 'eval_stream', s.id, state);
	version_no := s.version_no + 1;
	UPDATE data.eval_version v SET reopened_by = me.person_id,
		reopened_at = flow.now(), reopen_reason = reason
	WHERE v.stream_id = s.id AND v.version_no = s.version_no;
	INSERT INTO data.eval_version (stream_id, version_no, methods, summary, merits, problems)
	SELECT v.stream_id, version_no, v.methods, v.summary, v.merits, v.problems
	FROM data.eval_version v WHERE v.stream_id = s.id AND v.version_no = s.version_no;
	UPDATE data.eval_stream e SET version_no = version_no, closed_on = NULL
	WHERE e.id = s.id;
END $$;

-- ---- organisation ---------------------------------------------------------------------------
-- The fields of a note, checked; what a correction leaves out stays as it was.
CREATE FUNCTION flow.add_note_version(me auth.actor, v data.note_version) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF v.source IS NULL THEN
		PERFORM refuse.invalid('source', 'text_missing');
	END IF;
	PERFORM refuse.unless_words('text', v.text, 3000);
	PERFORM refuse.unless_past('happened_on', v.happened_on);
	v.visibility := coalesce(v.visibility, 'INTERNAL');
	v.written_by := me.person_id;
	v.written_at := flow.now();
	INSERT INTO data.note_version SELECT v.*;
END $$;

-- What a column would refuse by itself, with a reason.
CREATE FUNCTION flow.check_note(text text, place text, attended_by text, handled text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM refuse.if_too_long('text', text, 3000);
	PERFORM refuse.unless_line_or_none('place', place);
	PERFORM refuse.unless_line_or_none('attended_by', attended_by);
	PERFORM refuse.if_too_long('handled', handled, 3000);
END $$;

CREATE FUNCTION api.add_note(me auth.actor, org_id text, source text, happened_on date,
	text text, place text, attended_by text, handled text, visibility text,
	OUT note_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE v data.note_version;
BEGIN
	org_id := flow.find_branch(me, org_id);
	PERFORM flow.need_outsider(me, org_id);
	PERFORM flow.check_note(text, place, attended_by, handled);
	note_id := flow.new_id('note', 'RC', org_id);
	INSERT INTO data.note (id, org_id, state, application_id)
	VALUES (note_id, org_id, 'KEPT', flow.open_for(org_id, 'ORG'));
	v.note_id := note_id;
	v.version_no := 1;
	v.source := source;
	v.happened_on := happened_on;
	v.text := text;
	v.place := place;
	v.attended_by := attended_by;
	v.handled := handled;
	v.visibility := visibility;
	PERFORM flow.add_note_version(me, v);
END $$;

-- The department reads all of it but what is internal about the reader's own branch;
-- a branch what was written for it; a member of the committee the own notes.
CREATE FUNCTION flow.sees_note(me auth.actor, org_id text, v data.note_version)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT v.written_by = me.person_id OR v.visibility = 'BRANCH'
			AND me.role IN ('od_officer', 'od_head', 'branch_secretary',
				'branch_committee_member')
		OR me.role IN ('od_officer', 'od_head') AND NOT flow.belongs(me, sees_note.org_id) $$;

CREATE TYPE api.note_row AS (note_id text, version_no int, happened_on date, source text,
	place text, attended_by text, text text, handled text, visibility text,
	written_by text, written_at timestamptz, reason text);
CREATE FUNCTION flow.note_rows(me auth.actor, org_id text, note_id text, year int)
RETURNS api.note_row[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(n.id, v.version_no, v.happened_on, v.source, v.place,
		v.attended_by, v.text, v.handled, v.visibility, flow.person_name(v.written_by),
		v.written_at, v.reason)::api.note_row
		ORDER BY f.happened_on, f.written_at, n.id, v.version_no), '{}')
	FROM data.note n JOIN data.note_version f ON f.note_id = n.id AND f.version_no = 1
	JOIN data.note_version v ON v.note_id = n.id
	WHERE n.org_id = note_rows.org_id AND n.id = coalesce(note_rows.note_id, n.id)
		AND (note_rows.year IS NULL OR extract(year FROM v.happened_on) = note_rows.year)
		AND flow.sees_note(me, n.org_id, v) $$;

CREATE FUNCTION api.list_notes(me auth.actor, INOUT org_id text, year int,
	OUT org_name text, OUT notes api.note_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	org_id := flow.find_branch(me, flow.own_org(me, org_id));
	org_name := flow.org_name(org_id, flow.today());
	notes := flow.note_rows(me, org_id, NULL, year);
END $$;

CREATE FUNCTION api.show_note(me auth.actor, INOUT note_id text, OUT org_id text,
	OUT org_name text, OUT application_id text, OUT notes api.note_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	SELECT n.org_id, n.application_id INTO org_id, application_id
	FROM data.note n WHERE n.id = note_id;
	PERFORM auth.need(me, org_id);
	notes := flow.note_rows(me, org_id, note_id, NULL);
	IF notes = '{}' THEN
		PERFORM refuse.denied();
	END IF;
	org_name := flow.org_name(org_id, flow.today());
END $$;

-- By who wrote it, or the head.  Nothing is overwritten.
CREATE FUNCTION api.correct_note(me auth.actor, INOUT note_id text, reason text,
	source text, happened_on date, text text, place text, attended_by text, handled text,
	visibility text, OUT version_no int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	n data.note;
	v data.note_version;
BEGIN
	SELECT t.* INTO n FROM data.note t WHERE t.id = note_id;
	PERFORM auth.need(me, n.org_id);
	PERFORM flow.need_outsider(me, n.org_id);
	PERFORM flow.need(me, 'note', n.id);
	SELECT t.* INTO v FROM data.note_version t
	WHERE t.note_id = n.id AND t.version_no = flow.note_version_no(n.id);
	IF NOT flow.sees_note(me, n.org_id, v) THEN
		PERFORM refuse.denied();
	ELSIF v.written_by <> me.person_id AND me.role <> 'od_head' THEN
		PERFORM refuse.because('ZB002', 'note_of_another', ARRAY[n.id,
			flow.person_name(v.written_by)]);
	END IF;
	PERFORM refuse.unless_words('reason', reason, 1000);
	PERFORM flow.check_note(text, place, attended_by, handled);
	v.version_no := v.version_no + 1;
	v.reason := reason;
	v.source := coalesce(source, v.source);
	v.happened_on := coalesce(happened_on, v.happened_on);
	v.text := coalesce(text, v.text);
	v.place := coalesce(place, v.place);
	v.attended_by := coalesce(attended_by, v.attended_by);
	v.handled := coalesce(handled, v.handled);
	v.visibility := coalesce(visibility, v.visibility);
	version_no := v.version_no;
	PERFORM flow.add_note_version(me, v);
END $$;

-- ---- the year's duty review ------------------------------------------------------------------
CREATE FUNCTION refuse.unless_year(year int) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF year IS NULL OR year NOT BETWEEN 1990 AND extract(year FROM flow.today()) THEN
		PERFORM refuse.invalid('year', 'year_not_possible', coalesce(year::text, ''));
	END IF;
END $$;

-- The secretary's report.  The review takes it as it is (NF-8: written once).
CREATE FUNCTION api.write_duty_report(me auth.actor, org_id text, year int, done text,
	problems text, next_steps text, OUT review_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r data.duty_review;
BEGIN
	org_id := flow.find_branch(me, flow.own_org(me, org_id));
	PERFORM refuse.unless_year(year);
	PERFORM refuse.unless_words('done', done, 5000);
	PERFORM refuse.unless_words('problems', problems, 5000);
	PERFORM refuse.unless_words('next_steps', next_steps, 5000);
	state := 'REPORTED';
	PERFORM pg_advisory_xact_lock(hashtext('duty_review ' || org_id));
	SELECT d.* INTO r FROM data.duty_review d WHERE d.org_id = org_id AND d.year = year;
	IF FOUND THEN
		review_id := r.id;
		PERFORM flow.need(me, 'duty_review', r.id);
	ELSE
		review_id := flow.new_id('duty_review', 'SZ', org_id);
		INSERT INTO data.duty_review (id, org_id, state, application_id, year, secretary_id)
		VALUES (review_id, org_id, state, flow.open_for(org_id, 'ORG'), year, me.person_id);
	END IF;
	UPDATE data.duty_review d SET secretary_id = me.person_id, report_done = done,
		report_problems = problems, report_next = next_steps, reported_on = flow.today()
	WHERE d.id = review_id;
END $$;

-- The review: what it said and the word it gave.  With or without a report before it:
-- who became secretary late has none to write.
CREATE FUNCTION api.record_duty_review(me auth.actor, org_id text, year int,
	secretary_id text, grade text, decided_by text, decided_on date, merits text,
	problems text, demands text, OUT review_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r data.duty_review;
BEGIN
	org_id := flow.find_branch(me, org_id);
	PERFORM flow.need_outsider(me, org_id);
	PERFORM refuse.unless_year(year);
	IF grade IS NULL THEN
		PERFORM refuse.invalid('grade', 'text_missing');
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('duty_review ' || org_id));
	SELECT d.* INTO r FROM data.duty_review d WHERE d.org_id = org_id AND d.year = year;
	secretary_id := coalesce(secretary_id, r.secretary_id);
	IF secretary_id IS NULL OR NOT EXISTS (SELECT FROM data.office o
		WHERE o.person_id = secretary_id AND o.org_id = org_id
			AND o.role = 'branch_secretary') THEN
		PERFORM refuse.invalid('secretary_id', 'never_secretary_here', org_id);
	ELSIF secretary_id <> r.secretary_id THEN
		PERFORM refuse.invalid('secretary_id', 'report_of_another',
			flow.person_name(r.secretary_id));
	END IF;
	PERFORM refuse.unless_line('decided_by', decided_by);
	PERFORM refuse.unless_past('decided_on', decided_on);
	PERFORM refuse.if_too_long('merits', merits, 3000);
	PERFORM refuse.if_too_long('problems', problems, 3000);
	PERFORM refuse.if_too_long('demands', demands, 3000);
	review_id := r.id;
	IF r.state = 'RECORDED' THEN
		PERFORM refuse.conflict('duty_review_recorded', org_id, year::text);
	ELSIF r.state IS NULL THEN
		review_id := flow.new_id('duty_review', 'SZ', org_id);
		INSERT INTO data.duty_review (id, org_id, state, application_id, year, secretary_id)
		VALUES (review_id, org_id, 'REPORTED', flow.open_for(org_id, 'ORG'), year,
			secretary_id);
	END IF;
	UPDATE data.duty_review d SET merits = merits, problems = problems,
		demands = demands, grade = grade, decided_by = decided_by,
		decided_on = decided_on, recorded_by = me.person_id, recorded_at = flow.now()
	WHERE d.id = review_id;
	PERFORM flow.move(me, 'duty_review', review_id, 'RECORDED');
END $$;

-- What is said of a secretary is for the department and that secretary (S-17); an
-- officer who belongs to the branch leaves it to another.
CREATE FUNCTION flow.sees_duty_review(me auth.actor, r data.duty_review) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT r.secretary_id = me.person_id
		OR me.role IN ('od_officer', 'od_head') AND NOT flow.belongs(me, r.org_id) $$;

CREATE TYPE api.duty_review_row AS (review_id text, state text, year int,
	secretary_name text, grade text, decided_by text, decided_on date);
CREATE FUNCTION api.list_duty_reviews(me auth.actor, org_id text,
	OUT reviews api.duty_review_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	org_id := flow.find_branch(me, flow.own_org(me, org_id));
	SELECT coalesce(array_agg(ROW(r.id, r.state, r.year, flow.person_name(r.secretary_id),
		r.grade, r.decided_by, r.decided_on)::api.duty_review_row ORDER BY r.year), '{}')
	INTO reviews
	FROM data.duty_review r WHERE r.org_id = org_id AND flow.sees_duty_review(me, r);
END $$;

CREATE TYPE api.representative_row AS (representative_no int, name text, category text,
	unit text, took_part boolean);
CREATE FUNCTION api.show_duty_review(me auth.actor, INOUT review_id text, OUT state text,
	OUT org_id text, OUT org_name text, OUT year int, OUT secretary_name text,
	OUT application_id text, OUT reported_on date, OUT report_done text,
	OUT report_problems text, OUT report_next text, OUT merits text, OUT problems text,
	OUT demands text, OUT grade text, OUT decided_by text, OUT decided_on date,
	OUT how_chosen text, OUT chosen_by text[], OUT representatives api.representative_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.duty_review;
BEGIN
	SELECT d.* INTO r FROM data.duty_review d WHERE d.id = review_id;
	PERFORM auth.need(me, r.org_id);
	IF NOT flow.sees_duty_review(me, r) THEN
		PERFORM refuse.denied();
	END IF;
	SELECT r.state, r.org_id, flow.org_name(r.org_id, flow.today()), r.year,
		flow.person_name(r.secretary_id), r.application_id, r.reported_on, r.report_done,
		r.report_problems, r.report_next, r.merits, r.problems, r.demands, r.grade,
		r.decided_by, r.decided_on
	INTO state, org_id, org_name, year, secretary_name, application_id, reported_on,
		report_done, report_problems, report_next, merits, problems, demands, grade,
		decided_by, decided_on;
	SELECT m.how_chosen, m.chosen_by, s.representatives
	INTO how_chosen, chosen_by, representatives
	FROM data.mass_session m, api.show_representatives(me, m.id) s
	WHERE m.org_id = r.org_id AND m.year = r.year;
END $$;

-- ---- masses -----------------------------------------------------------------------------------
-- Two people hold an interview, so that nobody stands alone with what was said.
CREATE FUNCTION api.add_interview(me auth.actor, application_id text, interviewer_id text,
	second_interviewer_id text, category text, held_on date, place text, outline text,
	points text, read_back boolean, org_id text, OUT interview_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	about record := flow.gather(me, application_id, org_id, 'MASSES');
	who text;
BEGIN
	PERFORM refuse.unless_somebody('interviewer_id', interviewer_id);
	PERFORM refuse.unless_somebody('second_interviewer_id', second_interviewer_id);
	IF interviewer_id = second_interviewer_id THEN
		PERFORM refuse.invalid('second_interviewer_id', 'two_interviewers');
	END IF;
	-- nobody asks people what they think of the own branch
	FOREACH who IN ARRAY ARRAY[interviewer_id, second_interviewer_id] LOOP
		IF flow.is_member(who, about.branch_id, flow.today()) THEN
			PERFORM refuse.invalid('interviewer_id', 'interviewer_of_branch',
				flow.person_name(who), about.branch_id);
		END IF;
	END LOOP;
	PERFORM refuse.unless_line('category', category, 50);
	IF EXISTS (SELECT FROM data.person p WHERE category = p.name OR category = p.id) THEN
		PERFORM refuse.invalid('category', 'category_is_a_name');
	END IF;
	PERFORM refuse.unless_past('held_on', held_on);
	PERFORM refuse.unless_line_or_none('place', place);
	PERFORM refuse.unless_words('outline', outline, 3000);
	PERFORM refuse.unless_words('points', points, 5000);
	interview_id := flow.new_id('interview', 'FT', about.branch_id);
	INSERT INTO data.interview (id, org_id, state, application_id, interviewer_id,
		second_interviewer_id, category, held_on, place, outline, points, read_back,
		recorded_by)
	VALUES (interview_id, about.branch_id, 'KEPT', about.serves, interviewer_id,
		second_interviewer_id, category, held_on, place, outline, points,
		coalesce(read_back, false), me.person_id);
END $$;

CREATE TYPE api.interview_row AS (interview_id text, held_on date, category text,
	place text, interviewer_name text, second_interviewer_name text, read_back boolean,
	outline text, points text);
CREATE FUNCTION api.list_interviews(me auth.actor, application_id text, org_id text,
	OUT interviews api.interview_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE branch_id text := flow.gathered(me, application_id, org_id);
BEGIN
	SELECT coalesce(array_agg(ROW(i.id, i.held_on, i.category, i.place,
		flow.person_name(i.interviewer_id), flow.person_name(i.second_interviewer_id),
		i.read_back, i.outline, i.points)::api.interview_row
		ORDER BY i.held_on, i.id), '{}') INTO interviews
	FROM data.interview i WHERE i.org_id = branch_id
		AND (application_id IS NULL OR i.application_id = application_id);
END $$;

-- ---- society ----------------------------------------------------------------------------------
CREATE FUNCTION api.add_outside_unit(me auth.actor, name text, kind text, contact text,
	relation text, OUT unit_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_line('name', name);
	PERFORM refuse.unless_line('kind', kind, 50);
	PERFORM refuse.unless_line_or_none('contact', contact);
	PERFORM refuse.unless_line_or_none('relation', relation);
	unit_id := flow.new_id('outside_unit', 'WD');
	INSERT INTO data.outside_unit (id, state, name, kind, contact, relation)
	VALUES (unit_id, 'LISTED', name, kind, contact, relation)
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('unit_listed', name);
	END IF;
END $$;

CREATE TYPE api.outside_unit_row AS (unit_id text, name text, kind text, contact text,
	relation text);
CREATE FUNCTION api.list_outside_units(me auth.actor, OUT units api.outside_unit_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(u.id, u.name, u.kind, u.contact,
		u.relation)::api.outside_unit_row ORDER BY u.id), '{}')
	FROM data.outside_unit u $$;

CREATE FUNCTION api.new_letter(me auth.actor, application_id text, unit_id text, why text,
	questions text, reply_by_on date, org_id text, OUT letter_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE about record := flow.gather(me, application_id, org_id, 'SOCIETY');
BEGIN
	IF NOT EXISTS (SELECT FROM data.outside_unit u WHERE u.id = unit_id) THEN
		PERFORM refuse.invalid('unit_id', 'unit_unknown', coalesce(unit_id, ''));
	END IF;
	PERFORM refuse.unless_words('why', why, 1000);
	PERFORM refuse.unless_words('questions', questions, 3000);
	IF reply_by_on IS NULL OR reply_by_on < flow.today() THEN
		PERFORM refuse.invalid('reply_by_on', 'date_not_ahead', flow.today()::text);
	END IF;
	PERFORM refuse.unless_sane_date('reply_by_on', reply_by_on);
	state := 'DRAFT';
	letter_id := flow.new_id('letter', 'HS', about.branch_id);
	INSERT INTO data.letter (id, org_id, state, application_id, unit_id, why, questions,
		drafted_on, reply_by)
	VALUES (letter_id, about.branch_id, state, about.serves, unit_id, why, questions,
		flow.today(), reply_by_on);
END $$;

CREATE FUNCTION flow.find_letter(me auth.actor, letter_id text) RETURNS data.letter
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_letter data.letter;
BEGIN
	SELECT l.* INTO found_letter FROM data.letter l WHERE l.id = letter_id;
	PERFORM auth.need(me, found_letter.org_id);
	RETURN found_letter;
END $$;

-- The words are fixed from here on.  The Party office may give its number now or
-- when a new print is made.
CREATE FUNCTION api.print_letter(me auth.actor, INOUT letter_id text, INOUT doc_no text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE l data.letter := flow.find_letter(me, letter_id);
BEGIN
	PERFORM flow.need_outsider(me, l.org_id);
	PERFORM refuse.unless_line_or_none('doc_no', doc_no);
	state := 'PRINTED';
	PERFORM flow.move(me, 'letter', l.id, state);
	doc_no := coalesce(doc_no, l.doc_no);
	UPDATE data.letter t SET doc_no = doc_no, printed_on = flow.today() WHERE t.id = l.id;
END $$;

CREATE FUNCTION api.send_letter(me auth.actor, INOUT letter_id text, sent_on date,
	channel text, reply_by_on date, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE l data.letter := flow.find_letter(me, letter_id);
BEGIN
	PERFORM flow.need_outsider(me, l.org_id);
	state := 'SENT';
	PERFORM flow.move(me, 'letter', l.id, state);
	sent_on := coalesce(sent_on, flow.today());
	PERFORM refuse.unless_past('sent_on', sent_on);
	PERFORM refuse.unless_line('channel', channel, 50);
	reply_by_on := coalesce(reply_by_on, l.reply_by);
	PERFORM refuse.unless_sane_date('reply_by_on', reply_by_on);
	IF sent_on < l.printed_on THEN
		PERFORM refuse.invalid('sent_on', 'sent_before_print', l.printed_on::text);
	ELSIF reply_by_on < l.reply_by OR reply_by_on < sent_on THEN
		PERFORM refuse.invalid('reply_by_on', 'date_not_ahead',
			greatest(l.reply_by, sent_on)::text);
	END IF;
	UPDATE data.letter t SET sent_on = sent_on, channel = channel, reply_by = reply_by_on
	WHERE t.id = l.id;
END $$;

CREATE FUNCTION api.drop_letter(me auth.actor, INOUT letter_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE l data.letter := flow.find_letter(me, letter_id);
BEGIN
	PERFORM flow.need_outsider(me, l.org_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'DROPPED';
	PERFORM flow.move(me, 'letter', l.id, state);
	UPDATE data.letter t SET dropped_why = reason WHERE t.id = l.id;
END $$;

CREATE FUNCTION api.record_reply(me auth.actor, INOUT letter_id text, replied_on date,
	about_branch text, about_college text, about_individuals text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE l data.letter := flow.find_letter(me, letter_id);
BEGIN
	PERFORM flow.need_outsider(me, l.org_id);
	PERFORM refuse.unless_past('replied_on', replied_on);
	IF replied_on < l.sent_on THEN
		PERFORM refuse.invalid('replied_on', 'reply_before_letter', l.sent_on::text);
	END IF;
	PERFORM refuse.if_too_long('about_branch', about_branch, 5000);
	PERFORM refuse.if_too_long('about_college', about_college, 5000);
	PERFORM refuse.if_too_long('about_individuals', about_individuals, 5000);
	IF flow.blank(concat(about_branch, about_college, about_individuals)) THEN
		PERFORM refuse.invalid('about_branch', 'reply_empty');
	END IF;
	state := 'ANSWERED';
	PERFORM flow.move(me, 'letter', l.id, state);
	UPDATE data.letter r SET replied_on = replied_on, about_branch = about_branch,
		about_college = about_college, recorded_by = me.person_id
	WHERE r.id = l.id;
	INSERT INTO data.letter_individual (letter_id, text)
	SELECT l.id, about_individuals WHERE NOT flow.blank(about_individuals);
END $$;

CREATE FUNCTION api.mark_unanswered(me auth.actor, INOUT letter_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE l data.letter := flow.find_letter(me, letter_id);
BEGIN
	PERFORM flow.need_outsider(me, l.org_id);
	state := 'UNANSWERED';
	PERFORM flow.move(me, 'letter', l.id, state);
END $$;

CREATE TYPE api.letter_row AS (letter_id text, unit_name text, unit_kind text, state text,
	sent_on date, reply_by_on date, replied_on date, confidential boolean, doc_no text);
CREATE FUNCTION api.list_letters(me auth.actor, application_id text, org_id text,
	OUT letters api.letter_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE branch_id text := flow.gathered(me, application_id, org_id);
BEGIN
	SELECT coalesce(array_agg(ROW(l.id, u.name, u.kind, l.state, l.sent_on, l.reply_by,
		l.replied_on, i.letter_id IS NOT NULL, l.doc_no)::api.letter_row ORDER BY l.id), '{}')
	INTO letters
	FROM data.letter l JOIN data.outside_unit u ON u.id = l.unit_id
	LEFT JOIN data.letter_individual i ON i.letter_id = l.id
	WHERE l.org_id = branch_id
		AND (application_id IS NULL OR l.application_id = application_id);
END $$;

-- What is said of a branch and its people is not for an officer who is one of them.
CREATE FUNCTION api.show_letter(me auth.actor, INOUT letter_id text, OUT state text,
	OUT application_id text, OUT org_name text, OUT unit_name text, OUT unit_kind text,
	OUT contact text, OUT why text, OUT questions text, OUT sent_on date,
	OUT reply_by_on date, OUT replied_on date, OUT about_branch text,
	OUT about_college text, OUT about_individuals text, OUT doc_no text, OUT channel text,
	OUT drafted_on date, OUT printed_on date, OUT dropped_why text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE l data.letter := flow.find_letter(me, letter_id);
BEGIN
	PERFORM flow.need_outsider(me, l.org_id);
	SELECT l.state, l.application_id, flow.org_name(l.org_id, l.drafted_on), u.name, u.kind,
		u.contact, l.why, l.questions, l.sent_on, l.reply_by, l.replied_on,
		l.about_branch, l.about_college,
		(SELECT i.text FROM data.letter_individual i WHERE i.letter_id = l.id),
		l.doc_no, l.channel, l.drafted_on, l.printed_on, l.dropped_why
	INTO state, application_id, org_name, unit_name, unit_kind, contact, why, questions,
		sent_on, reply_by_on, replied_on, about_branch, about_college, about_individuals,
		doc_no, channel, drafted_on, printed_on, dropped_why
	FROM data.outside_unit u WHERE u.id = l.unit_id;
END $$;

-- ---- the sheet -------------------------------------------------------------------------------
-- What the committee reads of one branch: the four side by side, in words and in
-- counts of papers.  Nothing is added up over them.
CREATE TYPE api.sheet_stream AS (stream_id text, stream text, state text, version_no int,
	methods text[], summary text, merits text, problems text, skip_reason text,
	prepared_by text, locked_by text, locked_at timestamptz);
CREATE TYPE api.sheet_version AS (stream text, version_no int, summary text, merits text,
	problems text, locked_by text, locked_at timestamptz, reopened_by text,
	reopened_at timestamptz, reopen_reason text);
CREATE TYPE api.sheet_letter AS (unit_name text, unit_kind text, state text,
	about_branch text, why text);
CREATE TYPE api.sheet_clearance AS (body text, state text, asked_on date,
	answered_on date);
CREATE TYPE api.sheet_matter AS (kind text, object_id text, state text, text text);
CREATE TYPE api.survey_category AS (category text, given_out int, answers int,
	tallies api.ballot_tally[]);
CREATE TYPE api.survey_result AS (survey_id text, state text, unverified boolean,
	title text, given_out int, answers int, suppressed boolean, categories_suppressed boolean,
	tallies api.ballot_tally[], by_category api.survey_category[]);
CREATE TYPE api.sheet_notice AS (notice_id text, state text, posted_on date, ends_on date);
CREATE TYPE api.evaluation_sheet AS (application_id text, state text, org_id text,
	org_name text, member_category text, full_members int, probationary_members int,
	secretary_name text, term_start_on date, term_due_on date, standard_version_id text,
	as_of_on date, streams api.sheet_stream[], earlier api.sheet_version[], notes int,
	duty_year int, duty_grade text, duty_decided_by text, ballots api.ballot_result[],
	interviews int, interview_categories text[], letters_sent int, letters_answered int,
	letters_unanswered int, letters api.sheet_letter[], open_matters api.sheet_matter[],
	letters_awaited int, duty_merits text, duty_problems text, duty_demands text,
	of_member boolean, representatives int, how_chosen text, chosen_by text[],
	clearances api.sheet_clearance[], surveys api.survey_result[],
	notices api.sheet_notice[]);

CREATE FUNCTION flow.sheet_streams(application_id text) RETURNS api.sheet_stream[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(s.id, s.stream, s.state, s.version_no, v.methods,
		v.summary, v.merits, v.problems,
		CASE WHEN s.state = 'NOT_CARRIED_OUT' THEN s.skip_reason END,
		flow.person_name(v.prepared_by), flow.person_name(v.locked_by),
		v.locked_at)::api.sheet_stream ORDER BY flow.stream_order(s.stream)), '{}')
	FROM data.eval_stream s
	JOIN data.eval_version v ON v.stream_id = s.id AND v.version_no = s.version_no
	WHERE s.application_id = sheet_streams.application_id $$;

CREATE FUNCTION flow.sheet_earlier(application_id text) RETURNS api.sheet_version[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(s.stream, v.version_no, v.summary, v.merits, v.problems,
		flow.person_name(v.locked_by), v.locked_at, flow.person_name(v.reopened_by),
		v.reopened_at, v.reopen_reason)::api.sheet_version
		ORDER BY flow.stream_order(s.stream), v.version_no), '{}')
	FROM data.eval_stream s
	JOIN data.eval_version v ON v.stream_id = s.id AND v.version_no < s.version_no
	WHERE s.application_id = sheet_earlier.application_id $$;

CREATE FUNCTION flow.sheet_letters(application_id text) RETURNS api.sheet_letter[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(u.name, u.kind, l.state, l.about_branch,
		l.why)::api.sheet_letter ORDER BY l.id), '{}')
	FROM data.letter l JOIN data.outside_unit u ON u.id = l.unit_id
	WHERE l.application_id = sheet_letters.application_id AND l.sent_on IS NOT NULL $$;

-- What is not finished: problems still being mended, streams without a word.
CREATE FUNCTION flow.sheet_matters(application_id text) RETURNS api.sheet_matter[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(m.row ORDER BY m.kind, m.id), '{}') FROM (
		SELECT 'GAP' AS kind, g.id,
			ROW('GAP', g.id, 'gap.' || g.state, g.problem)::api.sheet_matter AS row
		FROM data.application a JOIN data.gap g ON g.org_id = a.org_id
			AND g.state NOT IN ('CLOSED', 'CARRIED_OVER')
		WHERE a.id = sheet_matters.application_id
		UNION ALL
		SELECT 'LETTER', l.id,
			ROW('LETTER', l.id, 'letter.' || l.state, u.name)::api.sheet_matter
		FROM data.letter l JOIN data.outside_unit u ON u.id = l.unit_id
		WHERE l.application_id = sheet_matters.application_id
			AND l.state IN ('DRAFT', 'PRINTED', 'SENT')
		UNION ALL
		SELECT 'SURVEY', v.id,
			ROW('SURVEY', v.id, 'survey.' || v.state, array_to_string(v.categories,
				'、'))::api.sheet_matter
		FROM data.survey v
		WHERE v.application_id = sheet_matters.application_id AND v.state = 'OPEN'
		UNION ALL
		SELECT 'CLEARANCE', c.id,
			ROW('CLEARANCE', c.id, 'clearance.' || c.state, c.body)::api.sheet_matter
		FROM data.clearance c
		WHERE c.application_id = sheet_matters.application_id AND c.state = 'ASKED'
		UNION ALL
		SELECT 'STREAM', s.id,
			ROW('STREAM', s.id, 'eval_stream.' || s.state, s.stream)::api.sheet_matter
		FROM data.eval_stream s
		WHERE s.application_id = sheet_matters.application_id
			AND s.state NOT IN ('LOCKED', 'NOT_CARRIED_OUT')) m $$;

-- `whole`: with the breakdown of a small group, which only the department sees.
CREATE FUNCTION flow.evaluation_sheet(application_id text, whole boolean)
RETURNS api.evaluation_sheet LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	a data.application;
	r data.duty_review;
	sheet api.evaluation_sheet;
BEGIN
	SELECT p.* INTO a FROM data.application p WHERE p.id = application_id;
	SELECT d.* INTO r FROM data.duty_review d
	WHERE d.application_id = a.id AND d.state = 'RECORDED' ORDER BY d.year DESC LIMIT 1;
	sheet.application_id := a.id;
	sheet.state := a.state;
	sheet.org_id := a.org_id;
	sheet.org_name := a.org_name;
	sheet.member_category := a.member_category;
	sheet.full_members := a.full_members;
	sheet.probationary_members := a.probationary_members;
	sheet.secretary_name := a.secretary_name;
	sheet.term_start_on := a.term_start_on;
	sheet.term_due_on := a.term_due_on;
	sheet.standard_version_id := a.standard_version_id;
	sheet.as_of_on := flow.today();
	sheet.streams := flow.sheet_streams(a.id);
	sheet.earlier := flow.sheet_earlier(a.id);
	SELECT count(*)::int INTO sheet.notes FROM data.note n WHERE n.application_id = a.id;
	sheet.duty_year := r.year;
	sheet.duty_grade := r.grade;
	sheet.duty_decided_by := r.decided_by;
	sheet.duty_merits := r.merits;
	sheet.duty_problems := r.problems;
	sheet.duty_demands := r.demands;
	sheet.ballots := coalesce((SELECT array_agg(flow.ballot_result(b, whole) ORDER BY b.id)
		FROM data.ballot_session b WHERE b.application_id = a.id
			AND b.purpose LIKE '%ON_BRANCH'), '{}');
	SELECT count(*)::int, coalesce(array_agg(DISTINCT i.category), '{}')
	INTO sheet.interviews, sheet.interview_categories
	FROM data.interview i WHERE i.application_id = a.id;
	sheet.letters := flow.sheet_letters(a.id);
	SELECT count(*)::int, count(*) FILTER (WHERE l.state = 'ANSWERED')::int,
		count(*) FILTER (WHERE l.state = 'UNANSWERED')::int,
		count(*) FILTER (WHERE l.state = 'SENT')::int
	INTO sheet.letters_sent, sheet.letters_answered, sheet.letters_unanswered,
		sheet.letters_awaited
	FROM data.letter l WHERE l.application_id = a.id AND l.sent_on IS NOT NULL;
	sheet.open_matters := flow.sheet_matters(a.id);
	SELECT m.how_chosen, m.chosen_by, (SELECT count(*)::int FROM data.representative p
		WHERE p.mass_session_id = m.id AND p.took_part)
	INTO sheet.how_chosen, sheet.chosen_by, sheet.representatives
	FROM data.mass_session m WHERE m.application_id = a.id AND m.state = 'HELD'
	ORDER BY m.year DESC LIMIT 1;
	sheet.chosen_by := coalesce(sheet.chosen_by, '{}');
	sheet.clearances := ARRAY(SELECT ROW(c.body, c.state, c.asked_on,
		c.answered_on)::api.sheet_clearance FROM data.clearance c
		WHERE c.application_id = a.id AND c.state <> 'WITHDRAWN'
		ORDER BY c.asked_on, c.id);
	sheet.surveys := ARRAY(SELECT flow.survey_result(v, whole) FROM data.survey v
		WHERE v.application_id = a.id AND v.state IN ('OPEN', 'CLOSED') ORDER BY v.id);
	sheet.notices := ARRAY(SELECT ROW(n.id, n.state, n.posted_on,
		n.ends_on)::api.sheet_notice FROM data.notice n
		WHERE n.id IN (SELECT flow.opinion_notices(a.id)) ORDER BY n.id);
	RETURN sheet;
END $$;

-- What a member of the branch may know of it (domain 3.1): how far the streams are,
-- and the branch's own problems.  An officer who is one reads no more than that.
CREATE FUNCTION flow.own_sheet(application_id text) RETURNS api.evaluation_sheet
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	whole api.evaluation_sheet := flow.evaluation_sheet(application_id, false);
	sheet api.evaluation_sheet := jsonb_populate_record(NULL::api.evaluation_sheet,
		to_jsonb(whole) - '{notes,duty_year,duty_grade,duty_decided_by,duty_merits,
		duty_problems,duty_demands,interviews,letters_sent,letters_answered,
		letters_unanswered,letters_awaited,representatives,how_chosen}'::text[] || '{
		"streams": [], "earlier": [], "ballots": [], "interview_categories": [],
		"letters": [], "open_matters": [], "chosen_by": [], "clearances": [],
		"surveys": [], "notices": []}');
BEGIN
	sheet.of_member := true;
	sheet.streams := ARRAY(SELECT ROW(s.stream_id, s.stream, s.state, s.version_no, '{}',
		NULL, NULL, NULL, NULL, NULL, NULL, NULL)::api.sheet_stream
		FROM unnest(whole.streams) s);
	sheet.open_matters := ARRAY(SELECT m FROM unnest(whole.open_matters) m
		WHERE m.kind = 'GAP');
	RETURN sheet;
END $$;

CREATE FUNCTION api.show_evaluation(me auth.actor, INOUT application_id text,
	OUT sheet api.evaluation_sheet)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	sheet := CASE WHEN flow.belongs(me, a.org_id) THEN flow.own_sheet(a.id)
		ELSE flow.whole_sheet(a.id) END;
END $$;
