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
	WHERE s.id = stream_can_close.id AND s.stream = 'MEMBERS'
		AND b.state NOT IN ('CERTIFIED', 'ARCHIVED', 'VOID')
	UNION ALL
	SELECT (refuse.reason('letter_without_reply', l.id, u.name)).*
	FROM data.eval_stream s JOIN data.letter l ON l.application_id = s.application_id
	JOIN data.outside_unit u ON u.id = l.unit_id
	WHERE s.id = stream_can_close.id AND s.stream = 'SOCIETY' AND l.state = 'SENT' $$;

-- What was not carried out is left out with a reason, not closed.  A ballot that is
-- not certified stands in the way above.
CREATE FUNCTION guard.stream_complete(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_can_close(stream_complete.id) g
	UNION ALL
	SELECT (refuse.reason('stream_without_material', s.id, s.stream)).*
	FROM data.eval_stream s WHERE s.id = stream_complete.id AND NOT CASE s.stream
		WHEN 'ORG' THEN EXISTS (SELECT FROM data.note n WHERE n.org_id = s.org_id)
			OR EXISTS (SELECT FROM data.duty_review r WHERE r.org_id = s.org_id)
		WHEN 'MEMBERS' THEN EXISTS (SELECT FROM data.ballot_session b
			WHERE b.application_id = s.application_id AND b.state <> 'VOID')
		WHEN 'MASSES' THEN EXISTS (SELECT FROM data.interview i
			WHERE i.application_id = s.application_id)
		ELSE EXISTS (SELECT FROM data.letter l
			WHERE l.application_id = s.application_id) END $$;

CREATE FUNCTION guard.stream_is(id text, stream text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.stream_evaluating(stream_is.id) g
	UNION ALL
	SELECT (refuse.reason('stream_is_another', s.stream)).* FROM data.eval_stream s
	WHERE s.id = stream_is.id AND s.stream <> stream_is.stream $$;
CREATE FUNCTION guard.stream_takes_ballot(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$ SELECT g.* FROM guard.stream_is(stream_takes_ballot.id, 'MEMBERS') g $$;
CREATE FUNCTION guard.stream_of_masses(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$ SELECT g.* FROM guard.stream_is(stream_of_masses.id, 'MASSES') g $$;
CREATE FUNCTION guard.stream_of_society(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$ SELECT g.* FROM guard.stream_is(stream_of_society.id, 'SOCIETY') g $$;

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
CREATE FUNCTION api.add_note(me auth.actor, org_id text, source text, happened_on date,
	text text, OUT note_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM auth.need(me, org_id);
	PERFORM flow.need_outsider(me, org_id);
	IF source IS NULL THEN
		PERFORM refuse.invalid('source', 'text_missing');
	END IF;
	PERFORM refuse.unless_words('text', text, 3000);
	PERFORM refuse.unless_past('happened_on', happened_on);
	note_id := flow.new_id('note', 'RC', org_id);
	INSERT INTO data.note (id, org_id, state, source, happened_on, text, written_by,
		written_at)
	VALUES (note_id, org_id, 'KEPT', source, happened_on, text, me.person_id, flow.now());
END $$;

CREATE TYPE api.note_row AS (note_id text, happened_on date, source text, text text,
	written_by text, written_at timestamptz);
CREATE FUNCTION api.list_notes(me auth.actor, org_id text, OUT notes api.note_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	PERFORM auth.need(me, org_id);
	SELECT coalesce(array_agg(ROW(n.id, n.happened_on, n.source, n.text,
		flow.person_name(n.written_by), n.written_at)::api.note_row
		ORDER BY n.happened_on, n.written_at), '{}') INTO notes
	FROM data.note n WHERE n.org_id = org_id;
END $$;

CREATE FUNCTION api.record_duty_review(me auth.actor, org_id text, year int,
	secretary_id text, grade text, decided_by text, decided_on date, merits text,
	problems text, demands text, OUT review_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM auth.need(me, org_id);
	PERFORM flow.need_outsider(me, org_id);
	IF year IS NULL OR year NOT BETWEEN 1990 AND extract(year FROM flow.today()) THEN
		PERFORM refuse.invalid('year', 'year_not_possible', year::text);
	END IF;
	IF grade IS NULL THEN
		PERFORM refuse.invalid('grade', 'text_missing');
	END IF;
	IF secretary_id IS NULL OR NOT EXISTS (SELECT FROM data.office o
		WHERE o.person_id = secretary_id AND o.org_id = org_id
			AND o.role = 'branch_secretary') THEN
		PERFORM refuse.invalid('secretary_id', 'never_secretary_here', org_id);
	END IF;
	PERFORM refuse.unless_line('decided_by', decided_by);
	PERFORM refuse.unless_past('decided_on', decided_on);
	PERFORM refuse.if_too_long('merits', merits, 3000);
	PERFORM refuse.if_too_long('problems', problems, 3000);
	PERFORM refuse.if_too_long('demands', demands, 3000);
	review_id := flow.new_id('duty_review', 'SZ', org_id);
	INSERT INTO data.duty_review (id, org_id, state, year, secretary_id, merits, problems,
		demands, grade, decided_by, decided_on, recorded_by, recorded_at)
	VALUES (review_id, org_id, 'RECORDED', year, secretary_id, merits, problems, demands,
		grade, decided_by, decided_on, me.person_id, flow.now())
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('duty_review_recorded', org_id, year::text);
	END IF;
END $$;

CREATE TYPE api.duty_review_row AS (review_id text, year int, secretary_name text,
	grade text, decided_by text, decided_on date, merits text, problems text, demands text);
CREATE FUNCTION api.list_duty_reviews(me auth.actor, org_id text,
	OUT reviews api.duty_review_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	PERFORM auth.need(me, org_id);
	SELECT coalesce(array_agg(ROW(r.id, r.year, flow.person_name(r.secretary_id), r.grade,
		r.decided_by, r.decided_on, r.merits, r.problems, r.demands)::api.duty_review_row
		ORDER BY r.year), '{}') INTO reviews
	FROM data.duty_review r WHERE r.org_id = org_id;
END $$;

-- ---- masses -----------------------------------------------------------------------------------
-- Two people hold an interview, so that nobody stands alone with what was said.
CREATE FUNCTION api.add_interview(me auth.actor, application_id text, interviewer_id text,
	second_interviewer_id text, category text, held_on date, place text, outline text,
	points text, read_back boolean, OUT interview_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	PERFORM flow.need_outsider(me, a.org_id);
	PERFORM flow.need(me, 'eval_stream', flow.stream_of(a.id, 'MASSES'));
	PERFORM refuse.unless_somebody('interviewer_id', interviewer_id);
	PERFORM refuse.unless_somebody('second_interviewer_id', second_interviewer_id);
	IF interviewer_id = second_interviewer_id THEN
		PERFORM refuse.invalid('second_interviewer_id', 'two_interviewers');
	END IF;
	PERFORM refuse.unless_line('category', category, 50);
	PERFORM refuse.unless_past('held_on', held_on);
	PERFORM refuse.unless_line_or_none('place', place);
	PERFORM refuse.unless_words('outline', outline, 3000);
	PERFORM refuse.unless_words('points', points, 5000);
	interview_id := flow.new_id('interview', 'FT', a.org_id);
	INSERT INTO data.interview (id, org_id, state, application_id, interviewer_id,
		second_interviewer_id, category, held_on, place, outline, points, read_back,
		recorded_by)
	VALUES (interview_id, a.org_id, 'KEPT', a.id, interviewer_id, second_interviewer_id,
		category, held_on, place, outline, points, coalesce(read_back, false),
		me.person_id);
END $$;

CREATE TYPE api.interview_row AS (interview_id text, held_on date, category text,
	place text, interviewer_name text, second_interviewer_name text, read_back boolean,
	outline text, points text);
CREATE FUNCTION api.list_interviews(me auth.actor, application_id text,
	OUT interviews api.interview_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	SELECT coalesce(array_agg(ROW(i.id, i.held_on, i.category, i.place,
		flow.person_name(i.interviewer_id), flow.person_name(i.second_interviewer_id),
		i.read_back, i.outline, i.points)::api.interview_row
		ORDER BY i.held_on, i.id), '{}') INTO interviews
	FROM data.interview i WHERE i.application_id = a.id;
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
	questions text, reply_by_on date, OUT letter_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	PERFORM flow.need_outsider(me, a.org_id);
	PERFORM flow.need(me, 'eval_stream', flow.stream_of(a.id, 'SOCIETY'));
	IF NOT EXISTS (SELECT FROM data.outside_unit u WHERE u.id = unit_id) THEN
		PERFORM refuse.invalid('unit_id', 'unit_unknown', coalesce(unit_id, ''));
	END IF;
	PERFORM refuse.unless_words('why', why, 1000);
	PERFORM refuse.unless_words('questions', questions, 3000);
	IF reply_by_on IS NULL OR reply_by_on < flow.today() THEN
		PERFORM refuse.invalid('reply_by_on', 'date_not_ahead', flow.today()::text);
	END IF;
	state := 'SENT';
	letter_id := flow.new_id('letter', 'HS', a.org_id);
	INSERT INTO data.letter (id, org_id, state, application_id, unit_id, why, questions,
		sent_on, reply_by)
	VALUES (letter_id, a.org_id, state, a.id, unit_id, why, questions, flow.today(),
		reply_by_on);
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
	IF concat(about_branch, about_college, about_individuals) !~ '\S' THEN
		PERFORM refuse.invalid('about_branch', 'reply_empty');
	END IF;
	state := 'ANSWERED';
	PERFORM flow.move(me, 'letter', l.id, state);
	UPDATE data.letter r SET replied_on = replied_on, about_branch = about_branch,
		about_college = about_college, recorded_by = me.person_id
	WHERE r.id = l.id;
	INSERT INTO data.letter_individual (letter_id, text)
	SELECT l.id, about_individuals WHERE about_individuals ~ '\S';
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
	sent_on date, reply_by_on date, replied_on date, confidential boolean);
CREATE FUNCTION api.list_letters(me auth.actor, application_id text,
	OUT letters api.letter_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	SELECT coalesce(array_agg(ROW(l.id, u.name, u.kind, l.state, l.sent_on, l.reply_by,
		l.replied_on, i.letter_id IS NOT NULL)::api.letter_row ORDER BY l.id), '{}')
	INTO letters
	FROM data.letter l JOIN data.outside_unit u ON u.id = l.unit_id
	LEFT JOIN data.letter_individual i ON i.letter_id = l.id
	WHERE l.application_id = a.id;
END $$;

-- What is said of people of a branch is not for an officer who is one of them.
CREATE FUNCTION api.show_letter(me auth.actor, INOUT letter_id text, OUT state text,
	OUT application_id text, OUT org_name text, OUT unit_name text, OUT unit_kind text,
	OUT contact text, OUT why text, OUT questions text, OUT sent_on date,
	OUT reply_by_on date, OUT replied_on date, OUT about_branch text,
	OUT about_college text, OUT about_individuals text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE l data.letter := flow.find_letter(me, letter_id);
BEGIN
	SELECT l.state, l.application_id, flow.org_name(l.org_id, l.sent_on), u.name, u.kind,
		u.contact, l.why, l.questions, l.sent_on, l.reply_by, l.replied_on,
		l.about_branch, l.about_college,
		(SELECT i.text FROM data.letter_individual i WHERE i.letter_id = l.id
			AND NOT flow.belongs(me, l.org_id))
	INTO state, application_id, org_name, unit_name, unit_kind, contact, why, questions,
		sent_on, reply_by_on, replied_on, about_branch, about_college, about_individuals
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
	about_branch text);
CREATE TYPE api.sheet_matter AS (kind text, object_id text, state text, text text);
CREATE TYPE api.evaluation_sheet AS (application_id text, state text, org_id text,
	org_name text, member_category text, full_members int, probationary_members int,
	secretary_name text, term_start_on date, term_due_on date, standard_version_id text,
	as_of_on date, streams api.sheet_stream[], earlier api.sheet_version[], notes int,
	duty_year int, duty_grade text, duty_decided_by text, ballots api.ballot_result[],
	interviews int, interview_categories text[], letters_sent int, letters_answered int,
	letters_unanswered int, letters api.sheet_letter[], open_matters api.sheet_matter[]);

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
	SELECT coalesce(array_agg(ROW(u.name, u.kind, l.state,
		l.about_branch)::api.sheet_letter ORDER BY l.id), '{}')
	FROM data.letter l JOIN data.outside_unit u ON u.id = l.unit_id
	WHERE l.application_id = sheet_letters.application_id $$;

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
		WHERE l.application_id = sheet_matters.application_id AND l.state <> 'ANSWERED'
		UNION ALL
		SELECT 'STREAM', s.id,
			ROW('STREAM', s.id, 'eval_stream.' || s.state, s.stream)::api.sheet_matter
		FROM data.eval_stream s
		WHERE s.application_id = sheet_matters.application_id
			AND s.state NOT IN ('LOCKED', 'NOT_CARRIED_OUT')) m $$;

-- Notes of the term, up to the moment the stream was locked.
CREATE FUNCTION flow.sheet_notes(a data.application) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT count(*)::int FROM data.note n
	WHERE n.org_id = a.org_id AND n.happened_on >= coalesce(a.term_start_on, n.happened_on)
		AND n.written_at <= coalesce((SELECT v.locked_at FROM data.eval_stream s
			JOIN data.eval_version v ON v.stream_id = s.id AND v.version_no = s.version_no
			WHERE s.application_id = a.id AND s.stream = 'ORG'), n.written_at) $$;

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
	SELECT d.* INTO r FROM data.duty_review d WHERE d.org_id = a.org_id
	ORDER BY d.year DESC LIMIT 1;
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
	sheet.notes := flow.sheet_notes(a);
	sheet.duty_year := r.year;
	sheet.duty_grade := r.grade;
	sheet.duty_decided_by := r.decided_by;
	sheet.ballots := coalesce((SELECT array_agg(flow.ballot_result(b, whole) ORDER BY b.id)
		FROM data.ballot_session b WHERE b.application_id = a.id
			AND b.purpose = 'MEMBERS_ON_BRANCH'), '{}');
	SELECT count(*)::int, coalesce(array_agg(DISTINCT i.category), '{}')
	INTO sheet.interviews, sheet.interview_categories
	FROM data.interview i WHERE i.application_id = a.id;
	sheet.letters := flow.sheet_letters(a.id);
	SELECT count(*)::int, count(*) FILTER (WHERE l.state = 'ANSWERED')::int,
		count(*) FILTER (WHERE l.state <> 'ANSWERED')::int
	INTO sheet.letters_sent, sheet.letters_answered, sheet.letters_unanswered
	FROM data.letter l WHERE l.application_id = a.id;
	sheet.open_matters := flow.sheet_matters(a.id);
	RETURN sheet;
END $$;

CREATE FUNCTION api.show_evaluation(me auth.actor, INOUT application_id text,
	OUT sheet api.evaluation_sheet)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	sheet := flow.evaluation_sheet(a.id, true);
END $$;
