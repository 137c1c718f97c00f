-- Opinion surveys.  Messages: proto/survey.proto.  Nothing here writes a time, an
-- address or a person beside a code or an answer.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.survey_with_codes(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('survey_without_codes', s.id)).* FROM data.survey s
	WHERE s.id = survey_with_codes.id AND s.unverified $$;

CREATE FUNCTION guard.survey_ready(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('survey_codes_missing', s.id, g.name)).*
	FROM data.survey s, unnest(s.categories) WITH ORDINALITY g(name, no)
	WHERE s.id = survey_ready.id AND NOT s.unverified AND NOT EXISTS (
		SELECT FROM data.survey_code c WHERE c.survey_id = s.id AND c.category_no = g.no)
	ORDER BY g.no $$;

-- What was summed up is not taken away under the summary.
CREATE FUNCTION guard.survey_not_locked(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('stream_not_open', e.id, 'eval_stream.' || e.state)).*
	FROM data.survey s JOIN data.eval_stream e ON e.application_id = s.application_id
		AND e.stream = 'MASSES'
	WHERE s.id = survey_not_locked.id AND e.state NOT IN ('OPEN', 'REOPENED') $$;

-- Against this very person, for hints.
CREATE FUNCTION guard.survey_outsider(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('own_branch', s.org_id)).* FROM data.survey s
	WHERE s.id = survey_outsider.id AND flow.belongs(me, s.org_id) $$;
-- A close is wanted once nobody may answer any more.
CREATE FUNCTION guard.survey_over(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.survey_outsider(me, survey_over.id) g
	UNION ALL
	SELECT (refuse.reason('survey_still_open', s.closes_on::text)).* FROM data.survey s
	WHERE s.id = survey_over.id AND s.closes_on >= flow.today() $$;

-- ---- questions ------------------------------------------------------------------
-- The usual form has four options; they are what a set without its own gets.
CREATE FUNCTION api.adopt_question_set(me auth.actor, title text, basis text,
	questions text[], options api.item_option[], free_text text, OUT question_set_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[] := '{}';
BEGIN
	PERFORM refuse.unless_line('title', title);
	PERFORM refuse.unless_line('basis', basis);
	PERFORM refuse.unless_line_or_none('free_text', free_text);
	IF options = '{}' THEN
		options := '{"(SATISFIED,满意)","(FAIRLY_SATISFIED,较满意)","(BASICALLY_SATISFIED,基本满意)","(DISSATISFIED,不满意)"}';
	END IF;
	IF cardinality(questions) NOT BETWEEN 1 AND 30 THEN
		r := r || refuse.reason('number_out_of_range', 'questions', '1', '30');
	END IF;
	IF cardinality(options) NOT BETWEEN 2 AND 10 THEN
		r := r || refuse.reason('number_out_of_range', 'options', '2', '10');
	END IF;
	r := r || coalesce((SELECT array_agg(x ORDER BY i) FROM generate_subscripts(questions, 1) i,
		unnest(flow.item_reasons(i, ROW(questions[i], options)::api.item_set_item)) x), '{}');
	PERFORM refuse.defects('question_set', r);
	question_set_id := flow.next_version('question_set', 'DT');
	INSERT INTO data.question_set (id, title, adopted_on, adopted_by, basis, questions,
		options, labels, free_text)
	SELECT question_set_id, title, flow.today(), me.person_id, basis, questions,
		array_agg(o.code ORDER BY o.n), array_agg(o.text ORDER BY o.n), free_text
	FROM unnest(options) WITH ORDINALITY o(code, text, n);
END $$;

CREATE FUNCTION flow.question_options(q data.question_set) RETURNS api.item_option[]
LANGUAGE sql STABLE AS $$
	SELECT array_agg(ROW(o.code, o.label)::api.item_option ORDER BY o.n)
	FROM unnest(q.options, q.labels) WITH ORDINALITY o(code, label, n) $$;

CREATE TYPE api.question_set_row AS (question_set_id text, title text, adopted_on date,
	basis text);
CREATE FUNCTION api.list_question_sets(me auth.actor,
	OUT question_sets api.question_set_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(q.id, q.title, q.adopted_on,
		q.basis)::api.question_set_row ORDER BY flow.version_order(q.id)), '{}')
	FROM data.question_set q $$;

CREATE FUNCTION api.show_question_set(me auth.actor, INOUT question_set_id text,
	OUT title text, OUT adopted_on date, OUT basis text, OUT questions text[],
	OUT options api.item_option[], OUT free_text text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE q data.question_set;
BEGIN
	SELECT s.* INTO q FROM data.question_set s
	WHERE s.id = coalesce(question_set_id, flow.current_questions());
	IF NOT FOUND THEN
		PERFORM refuse.denied();
	END IF;
	SELECT q.id, q.title, q.adopted_on, q.basis, q.questions, flow.question_options(q),
		q.free_text
	INTO question_set_id, title, adopted_on, basis, questions, options, free_text;
END $$;

-- ---- from draft to close ------------------------------------------------------------
CREATE FUNCTION api.new_survey(me auth.actor, application_id text, org_id text,
	question_set_id text, categories text[], unverified boolean, closes_on date,
	OUT survey_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	about record := flow.gather(me, application_id, org_id, 'MASSES');
	g text;
BEGIN
	question_set_id := coalesce(question_set_id, flow.current_questions());
	IF NOT EXISTS (SELECT FROM data.question_set q WHERE q.id = question_set_id) THEN
		PERFORM refuse.invalid('question_set_id', 'questions_unknown',
			coalesce(question_set_id, ''));
	END IF;
	IF cardinality(categories) NOT BETWEEN 1 AND 10
			OR (SELECT count(DISTINCT x) FROM unnest(categories) x) < cardinality(categories) THEN
		PERFORM refuse.invalid('categories', 'survey_categories');
	END IF;
	FOREACH g IN ARRAY categories LOOP
		PERFORM refuse.unless_line('categories', g, 50);
		PERFORM refuse.unless_students_judge('categories', g);
	END LOOP;
	PERFORM refuse.unless_sane_date('closes_on', closes_on);
	IF closes_on < flow.today() THEN
		PERFORM refuse.invalid('closes_on', 'date_not_ahead', flow.today()::text);
	END IF;
	state := 'DRAFT';
	survey_id := flow.new_id('survey', 'DC', about.branch_id);
	INSERT INTO data.survey (id, org_id, org_name, state, application_id, year,
		question_set_id, categories, unverified, closes_on, prepared_by)
	VALUES (survey_id, about.branch_id, flow.org_name(about.branch_id, flow.today()), state,
		about.serves, extract(year FROM flow.today()), question_set_id, categories,
		coalesce(unverified, false), closes_on, me.person_id);
END $$;

CREATE FUNCTION flow.find_survey(me auth.actor, survey_id text) RETURNS data.survey
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_survey data.survey;
BEGIN
	SELECT s.* INTO found_survey FROM data.survey s WHERE s.id = survey_id;
	PERFORM auth.need(me, found_survey.org_id);
	PERFORM flow.need_outsider(me, found_survey.org_id);
	RETURN found_survey;
END $$;

-- Sorted by hash, so that not even their order says which slip was printed first.
CREATE FUNCTION api.list_codes(me auth.actor, INOUT survey_id text, INOUT category text,
	token_hashes bytea[], OUT listed int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	s data.survey := flow.find_survey(me, survey_id);
	g int;
BEGIN
	PERFORM flow.need(me, 'survey', s.id);
	IF category IS NULL AND cardinality(s.categories) = 1 THEN
		category := s.categories[1];
	END IF;
	g := array_position(s.categories, category);
	IF g IS NULL THEN
		PERFORM refuse.invalid('category', 'survey_category_unknown', coalesce(category, ''),
			array_to_string(s.categories, '、'));
	END IF;
	IF cardinality(token_hashes) NOT BETWEEN 1 AND 10000 THEN
		PERFORM refuse.invalid('token_hashes', 'number_out_of_range', 'token_hashes',
			'1', '10000');
	END IF;
	IF EXISTS (SELECT FROM (SELECT h, lag(h) OVER (ORDER BY n) AS before
			FROM unnest(token_hashes) WITH ORDINALITY o(h, n)) o
			WHERE length(o.h) IS DISTINCT FROM 32 OR o.h <= o.before) THEN
		PERFORM refuse.invalid('token_hashes', 'slips_malformed');
	END IF;
	INSERT INTO data.survey_code (token_hash, survey_id, category_no)
	SELECT h, s.id, g FROM unnest(token_hashes) h ORDER BY h ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS listed = ROW_COUNT;
	IF listed <> cardinality(token_hashes) THEN
		PERFORM refuse.invalid('token_hashes', 'slips_malformed');
	END IF;
	-- those of an open survey that were used are gone: what was listed is kept apart
	UPDATE data.survey t SET given_out[g] = coalesce(t.given_out[g], 0) + cardinality(token_hashes)
	WHERE t.id = s.id RETURNING t.given_out[g] INTO listed;
END $$;

-- An open survey has as many places as people were asked: a script cannot pour in
-- more, and what it pours in is marked unverified (T39).
CREATE FUNCTION api.open_survey(me auth.actor, INOUT survey_id text, INOUT given_out int,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.survey := flow.find_survey(me, survey_id);
BEGIN
	state := 'OPEN';
	PERFORM flow.move(me, 'survey', s.id, state);
	IF s.unverified THEN
		IF given_out IS NULL OR given_out NOT BETWEEN 1 AND 20000 THEN
			PERFORM refuse.invalid('given_out', 'survey_asked');
		END IF;
		INSERT INTO data.survey_code (token_hash, survey_id)
		SELECT sha256(uuid_send(gen_random_uuid())), s.id FROM generate_series(1, given_out);
		UPDATE data.survey t SET given_out = ARRAY[given_out] WHERE t.id = s.id;
	ELSE
		SELECT sum(n) INTO given_out FROM unnest(s.given_out) n;
	END IF;
	UPDATE data.survey t SET opened_on = flow.today() WHERE t.id = s.id;
END $$;

-- The box is emptied in one transaction: marks and comments under random ids of their
-- own and in the order of those, so that neither code nor order is left.
CREATE FUNCTION api.close_survey(me auth.actor, INOUT survey_id text, OUT state text,
	OUT answers int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.survey := flow.find_survey(me, survey_id);
BEGIN
	PERFORM pg_advisory_xact_lock(flow.survey_lock(s.id));
	state := 'CLOSED';
	PERFORM flow.move(me, 'survey', s.id, state);
	INSERT INTO data.survey_answer (survey_id, id, category_no, marks)
	SELECT s.id, x.id, x.category_no, x.marks FROM (
		SELECT uuid_send(gen_random_uuid()) AS id, b.category_no, b.marks
		FROM data.survey_box b WHERE b.survey_id = s.id OFFSET 0) x ORDER BY x.id;
	GET DIAGNOSTICS answers = ROW_COUNT;
	INSERT INTO data.survey_comment (survey_id, id, text)
	SELECT s.id, x.id, x.comment FROM (
		SELECT uuid_send(gen_random_uuid()) AS id, b.comment
		FROM data.survey_box b WHERE b.survey_id = s.id AND b.comment ~ '\S'
		OFFSET 0) x ORDER BY x.id;
	DELETE FROM data.survey_box b WHERE b.survey_id = s.id;
	DELETE FROM data.survey_code c WHERE c.survey_id = s.id;
	UPDATE data.survey t SET closed_on = flow.today() WHERE t.id = s.id;
END $$;

CREATE FUNCTION api.void_survey(me auth.actor, INOUT survey_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.survey := flow.find_survey(me, survey_id);
BEGIN
	PERFORM refuse.unless_words('reason', reason, 1000);
	PERFORM pg_advisory_xact_lock(flow.survey_lock(s.id));
	state := 'VOID';
	PERFORM flow.move(me, 'survey', s.id, state);
	UPDATE data.survey t SET void_reason = reason WHERE t.id = s.id;
	DELETE FROM data.survey_code c WHERE c.survey_id = s.id;
	DELETE FROM data.survey_box b WHERE b.survey_id = s.id;
	DELETE FROM data.survey_answer a WHERE a.survey_id = s.id;
	DELETE FROM data.survey_comment c WHERE c.survey_id = s.id;
END $$;

-- ---- without a certificate ------------------------------------------------------------
CREATE FUNCTION api.get_survey(INOUT survey_id text, OUT state text, OUT org_name text,
	OUT title text, OUT questions text[], OUT options api.item_option[],
	OUT free_text text, OUT categories text[], OUT unverified boolean, OUT closes_on date)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	SELECT s.state, s.org_name, q.title, q.questions, flow.question_options(q),
		q.free_text, s.categories, s.unverified, s.closes_on
	INTO state, org_name, title, questions, options, free_text, categories, unverified,
		closes_on
	FROM data.survey s JOIN data.question_set q ON q.id = s.question_set_id
	WHERE s.id = survey_id AND s.state IN ('OPEN', 'CLOSED');
	IF NOT FOUND THEN
		PERFORM refuse.because('ZB009', 'survey_unknown');
	END IF;
END $$;

-- Every way in which an answer is not one to these questions.
CREATE FUNCTION refuse.unless_answers(q data.question_set, marks text[], comment text)
RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF cardinality(marks) <> cardinality(q.questions)
			OR EXISTS (SELECT FROM unnest(marks) m
				WHERE m IS NULL OR m <> '' AND NOT m = ANY (q.options)) THEN
		PERFORM refuse.invalid('marks', 'marks_not_items');
	END IF;
	PERFORM refuse.if_too_long('comment', comment, 500);
	IF comment ~ '\S' AND q.free_text IS NULL THEN
		PERFORM refuse.invalid('comment', 'comments_not_asked');
	END IF;
END $$;

-- A code's row goes and an answer comes; or a place of an open survey goes.  The same
-- answer again is the same answer.
CREATE FUNCTION api.answer_survey(INOUT survey_id text, token bytea, category text,
	marks text[], comment text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	hash bytea := sha256(token);
	s data.survey;
	q data.question_set;
	g int;
	kept data.survey_box;
BEGIN
	IF length(token) IS DISTINCT FROM 32 THEN
		PERFORM refuse.because('ZB009', 'survey_code_unknown');
	END IF;
	PERFORM pg_advisory_xact_lock_shared(flow.survey_lock(survey_id));
	SELECT t.* INTO s FROM data.survey t
	WHERE t.id = survey_id AND t.state IN ('OPEN', 'CLOSED');
	IF NOT FOUND THEN
		PERFORM refuse.because('ZB009', 'survey_unknown');
	ELSIF s.state <> 'OPEN' OR s.closes_on < flow.today() THEN
		PERFORM refuse.because('ZB006', 'survey_not_open', ARRAY[s.id]);
	END IF;
	SELECT t.* INTO q FROM data.question_set t WHERE t.id = s.question_set_id;
	PERFORM refuse.unless_answers(q, marks, comment);
	IF s.unverified THEN
		g := CASE WHEN cardinality(s.categories) = 1 THEN 1
			ELSE array_position(s.categories, category) END;
		IF g IS NULL THEN
			PERFORM refuse.invalid('category', 'survey_category_unknown', coalesce(category, ''),
				array_to_string(s.categories, '、'));
		END IF;
		INSERT INTO data.survey_box (token_hash, survey_id, category_no, marks, comment)
		VALUES (hash, s.id, g, marks, comment) ON CONFLICT DO NOTHING;
		IF FOUND THEN
			DELETE FROM data.survey_code c WHERE c.token_hash = (SELECT f.token_hash
				FROM data.survey_code f WHERE f.survey_id = s.id LIMIT 1
				FOR UPDATE SKIP LOCKED);
			IF NOT FOUND THEN
				PERFORM refuse.because('ZB006', 'survey_full', ARRAY[s.id]);
			END IF;
			RETURN;
		END IF;
	ELSE
		DELETE FROM data.survey_code c WHERE c.token_hash = hash AND c.survey_id = s.id
		RETURNING c.category_no INTO g;
		IF FOUND THEN
			INSERT INTO data.survey_box (token_hash, survey_id, category_no, marks, comment)
			VALUES (hash, s.id, g, marks, comment);
			RETURN;
		END IF;
	END IF;
	SELECT b.* INTO kept FROM data.survey_box b
	WHERE b.token_hash = hash AND b.survey_id = s.id;
	IF NOT FOUND THEN
		PERFORM refuse.because('ZB009', 'survey_code_unknown');
	ELSIF (kept.marks, kept.comment) IS DISTINCT FROM (marks, comment) THEN
		PERFORM refuse.because('ZB010', 'survey_code_used');
	END IF;
END $$;

-- ---- result ---------------------------------------------------------------------------
-- Counted from the answers each time; category_no NULL: of all.
CREATE FUNCTION flow.survey_tallies(s data.survey, q data.question_set, category_no int)
RETURNS api.ballot_tally[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(i.no, i.text, NULL, q.labels,
		(SELECT array_agg((SELECT count(*)::int FROM data.survey_answer a
				WHERE a.survey_id = s.id AND a.marks[i.no] = o.code
					AND a.category_no = coalesce(survey_tallies.category_no, a.category_no))
			ORDER BY o.n) FROM unnest(q.options) WITH ORDINALITY o(code, n)),
		(SELECT count(*)::int FROM data.survey_answer a
			WHERE a.survey_id = s.id AND a.marks[i.no] = ''
				AND a.category_no = coalesce(survey_tallies.category_no, a.category_no)))::api.ballot_tally
		ORDER BY i.no), '{}')
	FROM unnest(q.questions) WITH ORDINALITY i(text, no) $$;

-- `whole`: for the department.  For anybody else a small group has no breakdown, and
-- where one group is small none stands alone: what is left over would tell.
CREATE FUNCTION flow.survey_result(s data.survey, whole boolean) RETURNS api.survey_result
LANGUAGE plpgsql STABLE AS $$
DECLARE
	q data.question_set;
	r api.survey_result;
	k int := CASE WHEN whole THEN 1 ELSE flow.small_group() END;
BEGIN
	SELECT t.* INTO q FROM data.question_set t WHERE t.id = s.question_set_id;
	r.survey_id := s.id;
	r.state := s.state;
	r.unverified := s.unverified;
	r.title := q.title;
	SELECT sum(n) INTO r.given_out FROM unnest(s.given_out) n;
	r.tallies := '{}';
	r.by_category := '{}';
	IF s.state <> 'CLOSED' THEN
		RETURN r;
	END IF;
	SELECT count(*)::int INTO r.answers FROM data.survey_answer a WHERE a.survey_id = s.id;
	r.suppressed := r.answers < k;
	SELECT coalesce(bool_or(n.answers BETWEEN 1 AND k - 1), false) INTO r.categories_suppressed
	FROM (SELECT count(*) AS answers FROM data.survey_answer a WHERE a.survey_id = s.id
		GROUP BY a.category_no) n;
	IF NOT r.suppressed THEN
		r.tallies := flow.survey_tallies(s, q, NULL);
	END IF;
	IF NOT r.suppressed AND NOT r.categories_suppressed AND cardinality(s.categories) > 1 THEN
		r.by_category := ARRAY(SELECT ROW(g.name, CASE WHEN NOT s.unverified THEN s.given_out[g.no] END,
			(SELECT count(*)::int FROM data.survey_answer a
				WHERE a.survey_id = s.id AND a.category_no = g.no),
			flow.survey_tallies(s, q, g.no::int))::api.survey_category
			FROM unnest(s.categories) WITH ORDINALITY g(name, no) ORDER BY g.no);
	END IF;
	RETURN r;
END $$;

CREATE FUNCTION api.show_survey(me auth.actor, INOUT survey_id text, OUT state text,
	OUT org_id text, OUT org_name text, OUT application_id text, OUT year int,
	OUT question_set_id text, OUT categories text[], OUT opened_on date, OUT closes_on date,
	OUT ended_on date, OUT void_reason text, OUT result api.survey_result,
	OUT comment_texts text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE s data.survey := flow.find_survey(me, survey_id);
BEGIN
	SELECT s.state, s.org_id, s.org_name, s.application_id, s.year, s.question_set_id,
		s.categories, s.opened_on, s.closes_on, s.closed_on, s.void_reason
	INTO state, org_id, org_name, application_id, year, question_set_id, categories, opened_on,
		closes_on, ended_on, void_reason;
	result := flow.survey_result(s, true);
	SELECT coalesce(array_agg(c.text::text ORDER BY c.id), '{}') INTO comment_texts
	FROM data.survey_comment c WHERE c.survey_id = s.id;
END $$;

CREATE TYPE api.survey_row AS (survey_id text, year int, state text, unverified boolean,
	title text, categories text[], closes_on date);
CREATE FUNCTION api.list_surveys(me auth.actor, application_id text, org_id text,
	OUT surveys api.survey_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE branch_id text := flow.gathered(me, application_id, org_id);
BEGIN
	SELECT coalesce(array_agg(ROW(s.id, s.year, s.state, s.unverified, q.title, s.categories,
		s.closes_on)::api.survey_row ORDER BY s.id), '{}') INTO surveys
	FROM data.survey s JOIN data.question_set q ON q.id = s.question_set_id
	WHERE s.org_id = branch_id
		AND (application_id IS NULL OR s.application_id = application_id);
END $$;
