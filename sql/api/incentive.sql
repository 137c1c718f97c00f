-- What follows an award: recommendation lists, consideration for the secretary.
-- Messages: proto/incentive.proto.

-- ---- guards, hints ---------------------------------------------------------------
CREATE FUNCTION guard.recommendation_answered(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('priority_unanswered', i.id, i.org_id,
		flow.org_name(i.org_id, flow.today()))
	FROM data.incentive i
	WHERE i.recommendation_id = recommendation_answered.id AND i.state = 'DUE'
	ORDER BY i.org_id $$;
-- It stops when its award does, and not before.
CREATE FUNCTION guard.incentive_award_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('award_goes_on', w.id)
	FROM data.incentive i JOIN data.award w ON w.id = i.award_id
	WHERE i.id = incentive_award_over.id AND w.ended_on IS NULL $$;
CREATE FUNCTION guard.incentive_outsider(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.incentive i, guard.when(flow.belongs(me, i.org_id), 'own_branch') g
	WHERE i.id = incentive_outsider.id $$;
CREATE FUNCTION guard.question_wanted(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(NOT EXISTS (SELECT FROM data.award w,
		flow.unasked_secretaries(w) WHERE flow.award_holds(w, flow.today())),
		'question_not_wanted') g $$;

-- ---- recommendation for a commendation -------------------------------------------
CREATE TYPE api.award_fact AS (incentive_id text, org_id text, org_name text, award_id text,
	award_title text, doc_no text, valid_to_on date);

-- For each branch whose award is in effect that day: the fact, and one answer due.
CREATE FUNCTION api.new_recommendation(me auth.actor, title text, issuer text, subject text,
	drawn_up_on date, OUT recommendation_id text, OUT state text,
	OUT awarded api.award_fact[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE w data.award;
BEGIN
	PERFORM refuse.unless_line('title', title);
	PERFORM refuse.unless_line('issuer', issuer);
	IF subject IS NULL THEN
		PERFORM refuse.invalid('subject', 'text_missing');
	END IF;
	drawn_up_on := coalesce(drawn_up_on, flow.today());
	PERFORM refuse.unless_past('drawn_up_on', drawn_up_on);
	PERFORM refuse.unless_sane_date('drawn_up_on', drawn_up_on);
	recommendation_id := flow.new_id('recommendation', 'TJ');
	state := 'OPEN';
	INSERT INTO data.recommendation (id, org_id, state, title, issuer, subject, drawn_up_on,
		opened_by)
	VALUES (recommendation_id, flow.committee(), state, title, issuer, subject, drawn_up_on,
		me.person_id);
	FOR w IN SELECT x.* FROM flow.active_branches(drawn_up_on) b(id),
		flow.award_of(b.id, drawn_up_on) x WHERE x.id IS NOT NULL ORDER BY b.id
	LOOP
		INSERT INTO data.incentive (id, org_id, state, award_id, kind, recommendation_id,
			arose_on)
		VALUES (flow.new_id('incentive', 'JL', w.org_id), w.org_id, 'DUE', w.id,
			'PRIORITY', recommendation_id, drawn_up_on);
	END LOOP;
	awarded := ARRAY(SELECT ROW(i.id, i.org_id, flow.org_name(i.org_id, drawn_up_on), a.id,
			a.title, a.doc_no, a.valid_to)::api.award_fact
		FROM data.incentive i JOIN data.award a ON a.id = i.award_id
		WHERE i.recommendation_id = recommendation_id ORDER BY i.org_id);
END $$;

CREATE FUNCTION flow.find_recommendation(me auth.actor, recommendation_id text)
RETURNS data.recommendation LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.recommendation;
BEGIN
	SELECT t.* INTO r FROM data.recommendation t WHERE t.id = recommendation_id;
	PERFORM auth.need(me, r.org_id);
	RETURN r;
END $$;

-- A member of the branch, or the branch itself.  The award is told as a fact, for the
-- one who draws up the list to weigh.
CREATE FUNCTION api.add_candidate(me auth.actor, INOUT recommendation_id text,
	INOUT org_id text, person text, OUT org_name text, OUT name text, OUT incentive_id text,
	OUT award_title text, OUT doc_no text, OUT valid_to_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r data.recommendation := flow.find_recommendation(me, recommendation_id);
	person_id text;
BEGIN
	PERFORM flow.need(me, 'recommendation', r.id);
	PERFORM refuse.unless_branch('org_id', org_id);
	PERFORM flow.need_outsider(me, org_id);
	org_name := flow.org_name(org_id, r.drawn_up_on);
	IF r.subject = 'BRANCH' THEN
		IF person IS NOT NULL THEN
			PERFORM refuse.invalid('person', 'candidate_is_branch', r.id);
		END IF;
	ELSE
		IF person IS NULL THEN
			PERFORM refuse.invalid('person', 'candidate_is_person', r.id);
		END IF;
		person_id := flow.person(person);
		name := flow.person_label(person_id);
		IF NOT flow.is_member(person_id, org_id, r.drawn_up_on) THEN
			PERFORM refuse.invalid('person', 'candidate_elsewhere', name, org_id);
		END IF;
	END IF;
	INSERT INTO data.candidate (recommendation_id, org_id, person_id, added_by)
	VALUES (r.id, org_id, person_id, me.person_id) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('candidate_there_already', coalesce(name, org_name), r.id);
	END IF;
	SELECT i.id, w.title, w.doc_no, w.valid_to
	INTO incentive_id, award_title, doc_no, valid_to_on
	FROM data.incentive i JOIN data.award w ON w.id = i.award_id
	WHERE i.recommendation_id = r.id AND i.org_id = org_id;
END $$;

CREATE FUNCTION api.drop_candidate(me auth.actor, INOUT recommendation_id text,
	INOUT org_id text, person text, OUT name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r data.recommendation := flow.find_recommendation(me, recommendation_id);
	person_id text;
BEGIN
	PERFORM flow.need(me, 'recommendation', r.id);
	IF person IS NOT NULL THEN
		person_id := flow.person(person);
	END IF;
	name := flow.person_label(person_id);
	DELETE FROM data.candidate c WHERE c.recommendation_id = r.id AND c.org_id = org_id
		AND c.person_id IS NOT DISTINCT FROM person_id;
	IF NOT FOUND THEN
		PERFORM refuse.invalid('org_id', 'candidate_not_there', coalesce(org_id, ''), r.id);
	END IF;
	-- priority cannot stand without anybody it was given to
	IF EXISTS (SELECT FROM data.incentive i WHERE i.recommendation_id = r.id
			AND i.org_id = org_id AND i.state = 'DONE')
		AND NOT EXISTS (SELECT FROM data.candidate c WHERE c.recommendation_id = r.id
			AND c.org_id = org_id) THEN
		PERFORM refuse.invalid('org_id', 'candidate_has_priority', org_id);
	END IF;
END $$;

-- What came of it, in words; where priority was not given, the reason.
CREATE FUNCTION api.record_incentive(me auth.actor, INOUT incentive_id text,
	prioritised boolean, text text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE i data.incentive;
BEGIN
	SELECT t.* INTO i FROM data.incentive t WHERE t.id = incentive_id;
	PERFORM auth.need(me, i.org_id);
	PERFORM flow.need_outsider(me, i.org_id);
	IF prioritised IS NULL THEN
		PERFORM refuse.invalid('prioritised', 'statement_missing');
	END IF;
	PERFORM flow.need(me, 'incentive', i.id);
	PERFORM refuse.unless_words('text', text, 1000);
	IF prioritised AND i.kind = 'PRIORITY' AND NOT EXISTS (SELECT FROM data.candidate c
			WHERE c.recommendation_id = i.recommendation_id AND c.org_id = i.org_id) THEN
		PERFORM refuse.invalid('prioritised', 'no_candidate', i.org_id,
			i.recommendation_id);
	END IF;
	state := CASE WHEN prioritised THEN 'DONE' ELSE 'NOT_PRIORITISED' END;
	PERFORM flow.move(me, 'incentive', i.id, state);
	UPDATE data.incentive t SET outcome = text, recorded_by = me.person_id,
		recorded_on = flow.today() WHERE t.id = i.id;
END $$;

CREATE FUNCTION api.close_recommendation(me auth.actor, INOUT recommendation_id text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_recommendation(me, recommendation_id);
	state := 'CLOSED';
	PERFORM flow.move(me, 'recommendation', recommendation_id, state);
	UPDATE data.recommendation r SET closed_on = flow.today()
	WHERE r.id = recommendation_id;
END $$;

CREATE TYPE api.candidate_row AS (org_id text, org_name text, name text, award_title text,
	doc_no text);
CREATE TYPE api.priority_row AS (incentive_id text, org_id text, org_name text,
	award_id text, state text, outcome text, recorded_by text, recorded_on date);
CREATE FUNCTION api.show_recommendation(me auth.actor, INOUT recommendation_id text,
	OUT state text, OUT title text, OUT issuer text, OUT subject text, OUT drawn_up_on date,
	OUT closed_on date, OUT candidates api.candidate_row[],
	OUT priorities api.priority_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.recommendation := flow.find_recommendation(me, recommendation_id);
BEGIN
	SELECT r.state, r.title, r.issuer, r.subject, r.drawn_up_on, r.closed_on
	INTO state, title, issuer, subject, drawn_up_on, closed_on;
	candidates := ARRAY(SELECT ROW(c.org_id, flow.org_name(c.org_id, r.drawn_up_on),
			flow.person_label(c.person_id), w.title, w.doc_no)::api.candidate_row
		FROM data.candidate c
		LEFT JOIN data.incentive i ON i.recommendation_id = r.id AND i.org_id = c.org_id
		LEFT JOIN data.award w ON w.id = i.award_id
		WHERE c.recommendation_id = r.id ORDER BY c.org_id, length(c.person_id), c.person_id);
	priorities := ARRAY(SELECT ROW(i.id, i.org_id, flow.org_name(i.org_id, r.drawn_up_on),
			i.award_id, i.state, i.outcome, flow.person_name(i.recorded_by),
			i.recorded_on)::api.priority_row
		FROM data.incentive i WHERE i.recommendation_id = r.id ORDER BY i.org_id);
END $$;

-- ---- consideration for the secretary -----------------------------------------------
CREATE FUNCTION flow.find_award(me auth.actor, award_id text) RETURNS data.award
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE w data.award;
BEGIN
	SELECT t.* INTO w FROM data.award t WHERE t.id = award_id OR t.application_id = award_id;
	PERFORM auth.need(me, w.org_id);
	RETURN w;
END $$;

-- Every reason against thinking of the award on this person's occasion.
CREATE FUNCTION flow.consideration_reasons(w data.award, person_id text, arose_on date)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('award_not_in_effect', w.id, arose_on::text)
	WHERE NOT flow.award_holds(w, arose_on)
	UNION ALL
	SELECT refuse.reason('not_secretary_then',
		flow.person_label(consideration_reasons.person_id), w.id)
	WHERE consideration_reasons.person_id NOT IN (SELECT s.person_id FROM flow.award_secretaries(w) s)
	UNION ALL
	SELECT CASE q.state WHEN 'APPLIES' THEN refuse.reason('secretary_minutes_open', q.id)
		WHEN 'APPLIES_NOT' THEN refuse.reason('secretary_applies_not', q.id)
		ELSE refuse.reason('secretary_undecided',
			flow.person_label(consideration_reasons.person_id), w.id,
			consideration_reasons.person_id) END
	FROM (SELECT 1) one LEFT JOIN data.secretary_question q ON q.award_id = w.id
		AND q.person_id = consideration_reasons.person_id
	WHERE NOT flow.secretary_unchanged(w)
		AND consideration_reasons.person_id IN (
			SELECT s.person_id FROM flow.award_secretaries(w) s)
		AND (q.state IS DISTINCT FROM 'APPLIES' OR flow.signed_item(q.id) IS NULL) $$;

CREATE FUNCTION api.new_consideration(me auth.actor, INOUT award_id text, person text,
	use text, occasion text, arose_on date, OUT incentive_id text, OUT state text,
	OUT name text, OUT in_office_from_on date, OUT in_office_to_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w data.award := flow.find_award(me, award_id);
	person_id text := flow.person(person);
BEGIN
	PERFORM flow.need_outsider(me, w.org_id);
	award_id := w.id;
	name := flow.person_label(person_id);
	use := flow.need_choice('use', 'SECRETARY_USE', use);
	PERFORM refuse.unless_words('occasion', occasion, 1000);
	arose_on := coalesce(arose_on, flow.today());
	PERFORM refuse.unless_past('arose_on', arose_on);
	PERFORM refuse.defects(w.id, ARRAY(SELECT r
		FROM flow.consideration_reasons(w, person_id, arose_on) r));
	incentive_id := flow.new_id('incentive', 'JL', w.org_id);
	state := 'DUE';
	INSERT INTO data.incentive (id, org_id, state, award_id, kind, person_id, use, occasion,
		arose_on)
	VALUES (incentive_id, w.org_id, state, w.id, 'SECRETARY', person_id, use, occasion,
		arose_on);
	SELECT min(s.from_on), nullif(max(coalesce(s.to_on, 'infinity')), 'infinity')
	INTO in_office_from_on, in_office_to_on
	FROM flow.award_secretaries(w) s WHERE s.person_id = person_id;
END $$;

-- Puts it to the committee; from there on it is a matter like any other.
CREATE FUNCTION api.ask_secretary(me auth.actor, award_id text, person text,
	OUT question_id text, OUT state text, OUT motion text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w data.award := flow.find_award(me, award_id);
	person_id text := flow.person(person);
	s data.office;
BEGIN
	PERFORM flow.need_outsider(me, w.org_id);
	SELECT t.* INTO s FROM flow.award_secretaries(w) t WHERE t.person_id = person_id
	ORDER BY t.from_on DESC LIMIT 1;
	IF s.person_id IS NULL THEN
		PERFORM refuse.invalid('person', 'not_secretary_then',
			flow.person_label(person_id), w.id);
	END IF;
	IF flow.secretary_unchanged(w) THEN
		PERFORM refuse.invalid('person', 'secretary_unchanged', w.id,
			flow.person_label(person_id));
	END IF;
	IF NOT flow.award_holds(w, flow.today()) THEN
		PERFORM refuse.invalid('award_id', 'award_not_in_effect', w.id,
			flow.today()::text);
	END IF;
	SELECT q.id INTO question_id FROM data.secretary_question q
	WHERE q.award_id = w.id AND q.person_id = person_id;
	IF question_id IS NOT NULL THEN
		PERFORM refuse.conflict('question_there_already', question_id);
	END IF;
	question_id := flow.new_id('secretary_question', 'SJ', w.org_id);
	state := 'ASKED';
	motion := format('%s评定为%s（%s）后，对党支部书记的优先考虑适用于%s（任书记%s）',
		w.org_name, flow.quoted(w.title), w.id, flow.person_label(person_id),
		flow.cn_date(s.from_on) || coalesce('至' || flow.cn_date(s.to_on), '起'));
	INSERT INTO data.secretary_question (id, org_id, state, award_id, person_id, motion,
		proposed_on, asked_by)
	VALUES (question_id, w.org_id, state, w.id, person_id, motion, flow.today(),
		me.person_id);
END $$;

-- ---- reading ---------------------------------------------------------------------------
-- What is about a person is for the department, the committee and that person: not
-- for the branch's next secretary, and never for another branch.
CREATE FUNCTION flow.sees_incentive(me auth.actor, i data.incentive) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT auth.reaches(me, i.org_id) AND (me.role <> 'branch_secretary'
		OR i.person_id IS NULL OR i.person_id = me.person_id) $$;

CREATE TYPE api.incentive_row AS (incentive_id text, org_id text, org_name text,
	award_id text, kind text, event text, name text, use text, arose_on date, state text,
	outcome text, recorded_on date, stopped_on date);
CREATE FUNCTION flow.incentive_rows(me auth.actor, org_id text, award_id text, state text)
RETURNS api.incentive_row[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(i.id, i.org_id, flow.org_name(i.org_id, i.arose_on),
		i.award_id, i.kind, coalesce(r.title, i.occasion), flow.person_label(i.person_id),
		i.use, i.arose_on, i.state, i.outcome, i.recorded_on, i.stopped_on)::api.incentive_row
		ORDER BY i.org_id, i.arose_on, length(i.id), i.id), '{}')
	FROM data.incentive i
	LEFT JOIN data.recommendation r ON r.id = i.recommendation_id
	WHERE flow.sees_incentive(me, i)
		AND i.org_id = coalesce(incentive_rows.org_id, i.org_id)
		AND i.award_id = coalesce(incentive_rows.award_id, i.award_id)
		AND i.state = coalesce(incentive_rows.state, i.state) $$;

CREATE TYPE api.recommendation_row AS (recommendation_id text, title text, issuer text,
	subject text, drawn_up_on date, state text);
CREATE FUNCTION api.list_incentives(me auth.actor, org_id text, state text,
	OUT incentives api.incentive_row[], OUT recommendations api.recommendation_row[])
LANGUAGE sql STABLE AS $$
	SELECT flow.incentive_rows(me, list_incentives.org_id, NULL, list_incentives.state),
		ARRAY(SELECT ROW(r.id, r.title, r.issuer, r.subject, r.drawn_up_on,
			r.state)::api.recommendation_row
		FROM data.recommendation r WHERE auth.reaches(me, r.org_id)
		ORDER BY r.drawn_up_on, length(r.id), r.id) $$;

-- Who was secretary when, and whether the committee has been asked.
CREATE TYPE api.office_period_row AS (name text, from_on date, to_on date,
	question_id text, answer text);
CREATE FUNCTION api.show_follow(me auth.actor, INOUT award_id text, OUT org_id text,
	OUT org_name text, OUT title text, OUT doc_no text, OUT award_state text,
	OUT effective_from_on date, OUT valid_to_on date,
	OUT secretaries api.office_period_row[], OUT to_ask text[],
	OUT incentives api.incentive_row[], OUT funds api.fund_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	w data.award := flow.find_award(me, award_id);
	branch boolean := me.role = 'branch_secretary';
BEGIN
	SELECT w.id, w.org_id, w.org_name, w.title, w.doc_no, w.state, w.effective_from,
		w.valid_to
	INTO award_id, org_id, org_name, title, doc_no, award_state, effective_from_on,
		valid_to_on;
	secretaries := ARRAY(SELECT ROW(flow.person_label(s.person_id), s.from_on, s.to_on, q.id,
			q.state)::api.office_period_row
		FROM flow.award_secretaries(w) s LEFT JOIN data.secretary_question q
			ON q.award_id = w.id AND q.person_id = s.person_id
			AND (NOT branch OR q.person_id = me.person_id)
		ORDER BY s.from_on, s.person_id);
	to_ask := ARRAY(SELECT flow.person_label(p) FROM flow.unasked_secretaries(w) p
		WHERE NOT branch AND flow.award_holds(w, flow.today()) ORDER BY p);
	incentives := flow.incentive_rows(me, NULL, w.id, NULL);
	funds := flow.fund_rows(NULL, NULL, NULL, w.id);
END $$;

-- ---- open lists ---------------------------------------------------------------------
CREATE TYPE api.choice_row AS (list text, name text, basis text, added_on date);
CREATE FUNCTION api.list_choices(me auth.actor, list text, OUT choices api.choice_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(c.list, c.name, c.basis, c.added_on)::api.choice_row
		ORDER BY c.list, c.added_on NULLS FIRST, c.code), '{}')
	FROM data.choice c WHERE c.list = coalesce(list_choices.list, c.list) $$;

-- A criterion is a state of things in words.  A share, a mark or a place in an order
-- is none (plan 五(三)).
CREATE FUNCTION flow.is_a_line(words text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT words ~ '[%％‰]|百分之|[0-9０-９一二两三四五六七八九十]成|满意[度率]|支持率|得票率|测评率|得分|评分|打分|分值|积分|[0-9０-９一二三四五六七八九十百]分(以下|以上|$|的|，|、)|末位|倒数|排名|后[0-9０-９一二三四五六七八九十]+名' $$;

CREATE FUNCTION api.add_choice(me auth.actor, INOUT list text, INOUT name text, basis text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	IF list IS NULL THEN
		PERFORM refuse.invalid('list', 'text_missing');
	END IF;
	PERFORM refuse.unless_line('name', name, 100);
	PERFORM refuse.unless_line('basis', basis);
	name := btrim(name);
	IF list = 'WEAK_LAX_CRITERION' AND flow.is_a_line(name) THEN
		PERFORM refuse.invalid('name', 'criterion_is_a_line', name);
	END IF;
	IF flow.choice(list, name) IS NOT NULL THEN
		PERFORM refuse.conflict('choice_there_already', name, list);
	END IF;
	INSERT INTO data.choice (list, code, name, basis, added_on, added_by)
	VALUES (list, name, name, basis, flow.today(), me.person_id);
END $$;
