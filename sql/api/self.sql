-- Round, self-assessment and problems of a branch.  Messages: proto/self.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.self_round_open(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('round_over', r.id)).* FROM data.self_assessment s
	JOIN data.round r ON r.id = s.round_id
	WHERE s.id = self_round_open.id AND r.ended_on IS NOT NULL $$;

-- Every defect of a self-assessment, item by item in the standard's order.  What
-- the tree or the masses tell is not asked of the branch.
CREATE FUNCTION guard.self_complete(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.self_round_open(self_complete.id) g
	UNION ALL
	SELECT (d.reason).* FROM data.self_assessment s
	JOIN data.round r ON r.id = s.round_id,
	LATERAL (SELECT CASE
			WHEN e.judgement IS NULL
			THEN refuse.reason('item_open', i.code, i.text)
			WHEN e.judgement = 'SHORTFALL' AND flow.blank(e.narrative)
			THEN refuse.reason('shortfall_without_words', i.code, i.text)
			WHEN char_length(e.narrative) > flow.longest('save_self', 'narrative')
			THEN refuse.reason('narrative_too_long', i.code, i.text,
				char_length(e.narrative)::text,
				flow.longest('save_self', 'narrative')::text) END AS reason
		FROM flow.standard_items(r.standard_version_id, r.org_id) i
		LEFT JOIN data.self_item e ON e.self_id = s.id AND e.item_code = i.code
		WHERE i.told_by = 'BRANCH') d
	WHERE s.id = self_complete.id AND d.reason IS NOT NULL $$;

CREATE FUNCTION guard.round_self_complete(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.self_assessment s, guard.self_complete(s.id) g
	WHERE s.round_id = round_self_complete.id $$;

-- An application on its way stands on the adopted version: it is decided or
-- withdrawn before the self-assessment is opened again.
CREATE FUNCTION guard.round_no_application(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('application_under_way', a.id, 'application.' || a.state)).*
	FROM data.application a WHERE a.round_id = round_no_application.id
		AND NOT flow.is_final('application', a.state) $$;
CREATE FUNCTION guard.self_no_application(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.self_round_open(self_no_application.id) g
	UNION ALL
	SELECT g.* FROM data.self_assessment s, guard.round_no_application(s.round_id) g
	WHERE s.id = self_no_application.id $$;

CREATE FUNCTION guard.round_term_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('term_not_over', coalesce(r.term_id, r.id),
		coalesce(flow.term_end(r.term_id)::text, '-'))).*
	FROM data.round r WHERE r.id = round_term_over.id
		AND coalesce(flow.term_end(r.term_id) >= flow.today(), true)
	UNION ALL
	SELECT g.* FROM guard.round_no_application(round_term_over.id) g $$;

CREATE FUNCTION guard.gap_round_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('round_not_over', r.id)).* FROM data.gap g
	JOIN data.round r ON r.id = g.round_id
	WHERE g.id = gap_round_over.id AND r.ended_on IS NULL $$;

-- ---- finding ----------------------------------------------------------------------
-- The round named, or the current one of the actor's own branch.
CREATE FUNCTION flow.find_round(me auth.actor, round_id text) RETURNS data.round
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	found_round data.round;
	own text := flow.own_org(me, NULL);
BEGIN
	IF round_id IS NULL AND own IS NULL THEN
		PERFORM refuse.invalid('round_id', 'id_needed');
	END IF;
	SELECT r.* INTO found_round FROM data.round r
	WHERE r.id = round_id OR (round_id IS NULL AND r.org_id = own)
	ORDER BY r.ended_on IS NULL DESC, r.started_on DESC, r.id DESC LIMIT 1;
	IF round_id IS NULL AND found_round.id IS NULL THEN
		PERFORM refuse.invalid('round_id', 'no_open_round', own);
	END IF;
	PERFORM auth.need(me, found_round.org_id);
	RETURN found_round;
END $$;

-- The self-assessment by its own number, its round's, or the own current one.
CREATE FUNCTION flow.find_self(me auth.actor, self_id text)
RETURNS data.self_assessment LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	found_self data.self_assessment;
	its_round text;
BEGIN
	IF self_id LIKE 'ZP%' THEN
		SELECT s.* INTO found_self FROM data.self_assessment s WHERE s.id = self_id;
	ELSE
		its_round := (flow.find_round(me, self_id)).id;
		SELECT s.* INTO found_self FROM data.self_assessment s
		WHERE s.round_id = its_round;
	END IF;
	PERFORM auth.need(me, found_self.org_id);
	RETURN found_self;
END $$;

CREATE FUNCTION flow.find_gap(me auth.actor, gap_id text) RETURNS data.gap
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_gap data.gap;
BEGIN
	SELECT g.* INTO found_gap FROM data.gap g WHERE g.id = gap_id;
	PERFORM auth.need(me, found_gap.org_id);
	RETURN found_gap;
END $$;

-- ---- rounds ---------------------------------------------------------------------------
-- Open problems of a round that is over go on in the new one, origin shown.
CREATE FUNCTION flow.carry_gaps(me auth.actor, org_id text, round_id text)
RETURNS text[] LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	g data.gap;
	new_id text;
	carried text[] := '{}';
BEGIN
	FOR g IN SELECT o.* FROM data.gap o JOIN data.round r ON r.id = o.round_id
		WHERE o.org_id = org_id AND r.ended_on IS NOT NULL
			AND NOT flow.is_final('gap', o.state) ORDER BY o.found_on, o.id
	LOOP
		PERFORM flow.move(me, 'gap', g.id, 'CARRIED_OVER');
		new_id := flow.new_id('gap', 'WT', org_id);
		INSERT INTO data.gap SELECT (jsonb_populate_record(g, jsonb_build_object(
			'id', new_id, 'round_id', round_id, 'origin_id', g.id))).*;
		carried := carried || new_id;
	END LOOP;
	-- found while there was no round
	UPDATE data.gap o SET round_id = round_id WHERE o.org_id = org_id
		AND o.round_id IS NULL AND NOT flow.is_final('gap', o.state);
	RETURN carried;
END $$;

CREATE FUNCTION flow.make_round(me auth.actor, org_id text, state text, term_id text,
	standard_version_id text, OUT round_id text, OUT self_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	version text := coalesce(standard_version_id, flow.current_standard());
	term text;
BEGIN
	IF NOT EXISTS (SELECT FROM data.org o WHERE o.id = org_id AND o.kind LIKE 'branch%') THEN
		PERFORM refuse.invalid('org_id', 'not_a_branch', org_id);
	END IF;
	PERFORM refuse.unless_standing('org_id', org_id);
	IF NOT EXISTS (SELECT FROM data.standard_version v WHERE v.id = version
			AND v.adopted_on <= flow.today()) THEN
		PERFORM refuse.invalid('standard_version_id', 'standard_not_adopted');
	END IF;
	SELECT t.id INTO term FROM data.term t
	WHERE t.org_id = org_id AND t.ended_on IS NULL AND t.id = coalesce(term_id, t.id)
	ORDER BY t.start_on DESC LIMIT 1;
	IF term IS NULL AND term_id IS NOT NULL THEN
		PERFORM refuse.invalid('term_id', 'term_unknown', term_id);
	END IF;
	round_id := flow.new_id('round', 'LC', org_id);
	self_id := flow.new_id('self_assessment', 'ZP', org_id);
	INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on,
		started_by)
	VALUES (round_id, org_id, state, term, version, flow.today(), me.person_id);
	INSERT INTO data.self_assessment (id, org_id, state, round_id)
	VALUES (self_id, org_id, 'DRAFT', round_id);
END $$;

-- The branch begins the planned round; without one a new round is made, planned
-- when the department makes it, begun when the branch does.
CREATE FUNCTION api.start_round(me auth.actor, org_id text, term_id text,
	standard_version_id text, OUT round_id text, OUT state text, OUT self_id text,
	OUT carried_gaps text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	org text := flow.own_org(me, org_id);
	planned data.round;
BEGIN
	PERFORM auth.need(me, org);
	PERFORM pg_advisory_xact_lock(hashtext('round ' || org));
	state := CASE WHEN me.org_id = org THEN 'SELF_BUILDING' ELSE 'PLANNED' END;
	SELECT r.* INTO planned FROM data.round r
	WHERE r.org_id = org AND r.ended_on IS NULL;
	IF planned.id IS NULL THEN
		SELECT n.round_id, n.self_id INTO round_id, self_id
		FROM flow.make_round(me, org, state, term_id, standard_version_id) n;
	ELSIF planned.state = 'PLANNED' AND state <> 'PLANNED' THEN
		round_id := planned.id;
		SELECT s.id INTO self_id FROM data.self_assessment s WHERE s.round_id = round_id;
		PERFORM flow.move(me, 'round', round_id, state);
	ELSE
		PERFORM refuse.conflict('round_open_already', planned.id);
	END IF;
	carried_gaps := flow.carry_gaps(me, org, round_id);
END $$;

-- A planned round for every branch that has none, by its running term and one
-- version of the standard; the others are named with the round they are in.
CREATE TYPE api.opened_round AS (org_id text, org_name text, round_id text,
	term_id text, carried_gaps text[]);
CREATE TYPE api.left_out_branch AS (org_id text, org_name text, round_id text,
	state text);
CREATE FUNCTION api.open_rounds(me auth.actor, INOUT standard_version_id text,
	OUT opened api.opened_round[], OUT left_out api.left_out_branch[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	b data.org;
	round_id text;
BEGIN
	standard_version_id := coalesce(standard_version_id, flow.current_standard());
	opened := '{}';
	left_out := ARRAY(SELECT ROW(o.id, flow.org_name(o.id, flow.today()), r.id,
			r.state)::api.left_out_branch
		FROM flow.branches() o JOIN data.round r ON r.org_id = o.id AND r.ended_on IS NULL
		WHERE auth.reaches(me, o.id) ORDER BY o.id);
	FOR b IN SELECT o.* FROM flow.branches() o WHERE auth.reaches(me, o.id)
		AND NOT EXISTS (SELECT FROM unnest(left_out) l WHERE l.org_id = o.id) ORDER BY o.id
	LOOP
		PERFORM pg_advisory_xact_lock(hashtext('round ' || b.id));
		round_id := (flow.make_round(me, b.id, 'PLANNED', NULL, standard_version_id)).round_id;
		opened := opened || ROW(b.id, flow.org_name(b.id, flow.today()), round_id,
			(SELECT r.term_id FROM data.round r WHERE r.id = round_id),
			flow.carry_gaps(me, b.id, round_id))::api.opened_round;
	END LOOP;
END $$;

CREATE FUNCTION api.end_round(me auth.actor, INOUT round_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	round_id := (flow.find_round(me, round_id)).id;
	PERFORM refuse.if_too_long('reason', reason, 1000);
	state := 'ENDED_TERM';
	PERFORM flow.move(me, 'round', round_id, state);
	UPDATE data.round r SET ended_on = flow.today(), ended_why = nullif(reason, '')
	WHERE r.id = round_id;
	PERFORM flow.renew_round(me, r.org_id) FROM data.round r WHERE r.id = round_id;
END $$;

CREATE TYPE api.round_row AS (round_id text, org_id text, org_name text, state text,
	self_state text, application_id text, application_state text, started_on date,
	ended_on date);
-- How far each branch is, stage by stage, in the order of codes.
CREATE TYPE api.board_row AS (org_id text, org_name text, building text, assessing text,
	applying text, evaluating text, deliberating text, publishing text,
	determining text);
CREATE FUNCTION flow.board(me auth.actor) RETURNS api.board_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(o.id, flow.org_name(o.id, flow.today()),
		flow.board_says(r.state, a.state, 'building'),
		flow.board_says(r.state, a.state, 'assessing'),
		flow.board_says(r.state, a.state, 'applying'),
		flow.board_says(r.state, a.state, 'evaluating'),
		flow.board_says(r.state, a.state, 'deliberating'),
		flow.board_says(r.state, a.state, 'publishing'),
		flow.board_says(r.state, a.state, 'determining'))::api.board_row
		ORDER BY o.id), '{}')
	FROM flow.branches() o
	LEFT JOIN data.round r ON r.org_id = o.id AND r.ended_on IS NULL
	LEFT JOIN LATERAL (SELECT p.state FROM data.application p
		WHERE p.round_id = r.id AND p.submitted_at IS NOT NULL
		ORDER BY p.created_on DESC, length(p.id) DESC, p.id DESC LIMIT 1) a ON true
	WHERE auth.reaches(me, o.id) $$;

-- The board is for the department: no branch is shown beside another.
CREATE FUNCTION api.list_rounds(me auth.actor, org_id text, ended boolean, board boolean,
	OUT rounds api.round_row[], OUT stages api.board_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	rounds := '{}';
	stages := '{}';
	IF board THEN
		IF me.role NOT LIKE 'od\_%' THEN
			PERFORM refuse.denied();
		END IF;
		stages := flow.board(me);
	ELSE
		rounds := flow.rounds(me, org_id, ended);
	END IF;
END $$;
CREATE FUNCTION flow.rounds(me auth.actor, org_id text, ended boolean)
RETURNS api.round_row[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(r.id, r.org_id, flow.org_name(r.org_id, flow.today()),
		r.state, s.state, a.id, a.state, r.started_on, r.ended_on)::api.round_row
		ORDER BY r.org_id, r.started_on, r.id), '{}')
	FROM data.round r
	JOIN data.self_assessment s ON s.round_id = r.id
	LEFT JOIN LATERAL (SELECT p.id, p.state FROM data.application p
		WHERE p.round_id = r.id AND flow.sees_application(me, p)
		ORDER BY p.created_on DESC, p.id DESC LIMIT 1) a ON true
	WHERE auth.reaches(me, r.org_id)
		AND r.org_id = coalesce(rounds.org_id, r.org_id)
		AND (r.ended_on IS NULL OR rounds.ended) $$;

CREATE FUNCTION api.show_round(me auth.actor, INOUT round_id text, OUT org_id text,
	OUT org_name text, OUT state text, OUT term_id text, OUT term_start_on date,
	OUT term_due_on date, OUT standard_version_id text, OUT started_on date,
	OUT started_by text, OUT ended_on date, OUT ended_why text, OUT self_id text,
	OUT self_state text, OUT applications text[], OUT open_gaps text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.round := flow.find_round(me, round_id);
BEGIN
	SELECT r.id, r.org_id, flow.org_name(r.org_id, flow.today()), r.state, r.term_id,
		t.start_on, flow.term_end(r.term_id), r.standard_version_id, r.started_on,
		flow.person_name(r.started_by), r.ended_on, r.ended_why, s.id, s.state
	INTO round_id, org_id, org_name, state, term_id, term_start_on, term_due_on,
		standard_version_id, started_on, started_by, ended_on, ended_why, self_id,
		self_state
	FROM data.self_assessment s LEFT JOIN data.term t ON t.id = r.term_id
	WHERE s.round_id = r.id;
	SELECT coalesce(array_agg(a.id ORDER BY a.id), '{}') INTO applications
	FROM data.application a WHERE a.round_id = round_id
		AND flow.sees_application(me, a);
	SELECT coalesce(array_agg(g.id ORDER BY g.id), '{}') INTO open_gaps
	FROM data.gap g WHERE g.round_id = round_id AND NOT flow.is_final('gap', g.state);
END $$;

-- ---- self-assessment -------------------------------------------------------------------
CREATE TYPE api.self_entry AS (item text, judgement text, narrative text);
-- `key` and `args`: a sentence of words/self.def, reason.<key>.
CREATE TYPE api.self_finding AS (kind text, item text, group_title text, key text,
	args text[]);

-- Defects of what is to be saved, whatever was there before.
CREATE FUNCTION flow.self_entry_reasons(round_id text, items api.self_entry[])
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT (d.reason).* FROM (SELECT n, CASE
			WHEN i.code IS NULL
			THEN refuse.reason('item_unknown', coalesce(e.item, '-'))
			WHEN i.told_by <> 'BRANCH'
			THEN refuse.reason('item_told_elsewhere', i.code, i.text)
			WHEN count(*) OVER (PARTITION BY e.item) > 1
			THEN refuse.reason('item_twice', e.item)
			WHEN char_length(e.narrative) > 2000
			THEN refuse.reason('narrative_too_long', i.code, i.text,
				char_length(e.narrative)::text, '2000') END AS reason
		FROM unnest(items) WITH ORDINALITY e(item, judgement, narrative, n)
		JOIN data.round r ON r.id = self_entry_reasons.round_id
		LEFT JOIN LATERAL flow.standard_items(r.standard_version_id, r.org_id) i
			ON i.code = e.item) d
	WHERE d.reason IS NOT NULL ORDER BY d.n $$;

CREATE FUNCTION api.save_self(me auth.actor, INOUT self_id text, base_revision int,
	items api.self_entry[], OUT revision int, OUT changed text[], OUT open text[],
	OUT hints api.self_finding[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.self_assessment := flow.find_self(me, self_id);
BEGIN
	self_id := s.id;
	PERFORM flow.need(me, 'self_assessment', self_id);
	SELECT a.* INTO s FROM data.self_assessment a WHERE a.id = self_id;
	IF base_revision <> s.revision THEN
		PERFORM refuse.conflict('revision_stale', self_id, base_revision::text,
			s.revision::text, flow.person_name(s.saved_by));
	END IF;
	PERFORM refuse.defects(self_id, ARRAY(
		SELECT d FROM flow.self_entry_reasons(s.round_id, items) d));
	WITH written AS (
		INSERT INTO data.self_item AS w (self_id, item_code, judgement, narrative,
			saved_by, saved_at)
		SELECT self_id, e.item, e.judgement, nullif(e.narrative, ''), me.person_id,
			flow.now()
		FROM unnest(items) e
		ON CONFLICT ON CONSTRAINT self_item_pkey DO UPDATE
		SET judgement = coalesce(excluded.judgement, w.judgement),
			narrative = CASE WHEN (SELECT e.narrative IS NULL FROM unnest(items) e
				WHERE e.item = excluded.item_code)
				THEN w.narrative ELSE excluded.narrative END,
			saved_by = excluded.saved_by, saved_at = excluded.saved_at
		WHERE coalesce(excluded.judgement, w.judgement) IS DISTINCT FROM w.judgement
			OR (excluded.narrative IS DISTINCT FROM w.narrative
				AND (SELECT e.narrative IS NOT NULL FROM unnest(items) e
					WHERE e.item = excluded.item_code))
		RETURNING w.item_code)
	SELECT coalesce(array_agg(w.item_code ORDER BY w.item_code), '{}') INTO changed
	FROM written w;
	UPDATE data.self_assessment a SET revision = a.revision + 1,
		saved_by = me.person_id, saved_at = flow.now()
	WHERE a.id = self_id AND changed <> '{}';
	SELECT a.revision INTO revision FROM data.self_assessment a WHERE a.id = self_id;
	IF (SELECT r.state FROM data.round r WHERE r.id = s.round_id) = 'PLANNED' THEN
		PERFORM flow.move(me, 'round', s.round_id, 'SELF_BUILDING');
	END IF;
	SELECT coalesce(array_agg(i.code ORDER BY i.group_no, i.item_no), '{}') INTO open
	FROM data.round r, flow.standard_items(r.standard_version_id, r.org_id) i
	WHERE r.id = s.round_id AND i.told_by = 'BRANCH' AND NOT EXISTS (
		SELECT FROM data.self_item e WHERE e.self_id = self_id
			AND e.item_code = i.code AND e.judgement IS NOT NULL);
	hints := flow.findings(self_id, 'HINT',
		ARRAY(SELECT h FROM flow.self_hints(self_id, changed) h));
END $$;

CREATE TYPE api.self_row AS (item text, group_title text, text text, judgement text,
	narrative text, guidance text);
CREATE TYPE api.form_field AS (field text, per_item boolean, required boolean,
	longest int);
CREATE TYPE api.self_version_row AS (version_no int, held_on date, entitled int,
	present int, in_favour int, against int, abstain int, meets_conditions boolean,
	adopted_by text, adopted_at timestamptz);

-- The rows of one version, or (NULL) as they stand now: those the branch tells.
CREATE FUNCTION flow.self_rows(self_id text, version_no int) RETURNS SETOF api.self_row
LANGUAGE sql STABLE AS $$
	SELECT i.code, g.title, i.text, coalesce(v.judgement, e.judgement),
		CASE WHEN self_rows.version_no IS NULL THEN e.narrative ELSE v.narrative END,
		flow.guidance_of(i, r.org_id)
	FROM data.self_assessment s
	JOIN data.round r ON r.id = s.round_id,
	LATERAL flow.standard_items(r.standard_version_id, r.org_id) i
	JOIN data.standard_group g ON g.standard_version_id = i.standard_version_id
		AND g.group_no = i.group_no
	LEFT JOIN data.self_version_item v ON v.self_id = self_rows.self_id
		AND v.version_no = self_rows.version_no AND v.item_code = i.code
	LEFT JOIN data.self_item e ON self_rows.version_no IS NULL
		AND e.self_id = self_rows.self_id AND e.item_code = i.code
	WHERE s.id = self_rows.self_id AND i.told_by = 'BRANCH'
	ORDER BY i.group_no, i.item_no $$;

-- A line of the ledger (整改台账).
CREATE TYPE api.gap_row AS (gap_id text, org_id text, org_name text, item text,
	item_text text, source text, state text, problem text, cause text, measure text,
	responsible text, due_on date, progress text, result text, raised_why text,
	owner text, answer text, confirmed_by text, confirmed_on date, held_on date,
	closed_on date, origin_id text);
CREATE FUNCTION api.show_self(me auth.actor, INOUT self_id text, version_no int,
	OUT round_id text, OUT org_id text, OUT org_name text, OUT state text,
	OUT revision int, OUT standard_version_id text, OUT saved_by text,
	OUT saved_at timestamptz, OUT items api.self_row[],
	OUT versions api.self_version_row[], OUT fields api.form_field[],
	OUT gaps api.gap_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE s data.self_assessment := flow.find_self(me, self_id);
BEGIN
	IF version_no IS NOT NULL AND NOT EXISTS (SELECT FROM data.self_version v
			WHERE v.self_id = s.id AND v.version_no = version_no) THEN
		PERFORM refuse.invalid('version_no', 'version_unknown', version_no::text);
	END IF;
	SELECT s.id, r.id, s.org_id, flow.org_name(s.org_id, flow.today()), s.state,
		s.revision, r.standard_version_id, flow.person_name(s.saved_by), s.saved_at
	INTO self_id, round_id, org_id, org_name, state, revision, standard_version_id,
		saved_by, saved_at
	FROM data.round r WHERE r.id = s.round_id;
	items := ARRAY(SELECT w FROM flow.self_rows(self_id, version_no) w);
	SELECT coalesce(array_agg(flow.gap_row(g) ORDER BY g.found_on, length(g.id), g.id), '{}')
	INTO gaps FROM data.gap g WHERE g.round_id = round_id;
	fields := ARRAY(SELECT ROW(f.field, f.per_item, f.required,
		f.longest)::api.form_field FROM rule.form_field f
		WHERE f.form = 'SELF' ORDER BY f.field_no);
	SELECT coalesce(array_agg(ROW(v.version_no, v.held_on, v.entitled, v.present,
		v.in_favour, v.against, v.abstain, v.meets_conditions,
		flow.person_name(v.adopted_by), v.adopted_at)::api.self_version_row
		ORDER BY v.version_no), '{}')
	INTO versions FROM data.self_version v WHERE v.self_id = self_id;
END $$;

-- The sentences of some reasons, with the items they are about.
CREATE FUNCTION flow.findings(self_id text, kind text, reasons refuse.reason[])
RETURNS api.self_finding[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(findings.kind, i.code, g.title, f.key,
		f.args)::api.self_finding ORDER BY f.n), '{}')
	FROM unnest(reasons) WITH ORDINALITY f(key, args, n)
	JOIN data.self_assessment s ON s.id = findings.self_id
	JOIN data.round r ON r.id = s.round_id
	LEFT JOIN data.standard_item i ON i.standard_version_id = r.standard_version_id
		AND i.code = f.args[1]
	LEFT JOIN data.standard_group g ON g.standard_version_id = i.standard_version_id
		AND g.group_no = i.group_no $$;

-- Everything that is to be mended, then what may be worth a look: hints are the
-- branch's own, nobody else can ask for them and nothing waits for them.
CREATE FUNCTION api.check_self(me auth.actor, INOUT self_id text, OUT state text,
	OUT revision int, OUT findings api.self_finding[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE s data.self_assessment := flow.find_self(me, self_id);
BEGIN
	self_id := s.id;
	state := s.state;
	revision := s.revision;
	findings := flow.findings(self_id, 'DEFECT', flow.reasons('self_complete', self_id))
		|| flow.findings(self_id, 'HINT',
			ARRAY(SELECT h FROM flow.self_hints(self_id, NULL) h)
			|| ARRAY(SELECT h FROM flow.self_facts(self_id) h));
END $$;

-- Freezes what is there as a version; the figures of the meeting stay with it.
CREATE FUNCTION api.adopt_self(me auth.actor, INOUT self_id text, held_on date,
	INOUT entitled int, INOUT present int, INOUT in_favour int, against int,
	abstain int, INOUT meets_conditions boolean, OUT version_no int,
	OUT present_needed int, OUT in_favour_needed int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.self_assessment := flow.find_self(me, self_id);
BEGIN
	self_id := s.id;
	IF meets_conditions IS NULL THEN
		PERFORM refuse.invalid('meets_conditions', 'statement_missing');
	END IF;
	entitled := coalesce(entitled, flow.members(s.org_id, held_on, 'FULL'));
	PERFORM flow.need_with(me, 'self_assessment', self_id, 'ADOPTED',
		flow.meeting_reasons(s.round_id, held_on, entitled, present, in_favour,
			against, abstain));
	SELECT coalesce(max(v.version_no), 0) + 1 INTO version_no
	FROM data.self_version v WHERE v.self_id = self_id;
	INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled,
		present, in_favour, against, abstain, meets_conditions, adopted_by, adopted_at)
	SELECT self_id, version_no, a.revision, held_on, entitled, present, in_favour,
		coalesce(against, 0), coalesce(abstain, 0), meets_conditions, me.person_id,
		flow.now()
	FROM data.self_assessment a WHERE a.id = self_id;
	INSERT INTO data.self_version_item (self_id, version_no, item_code, judgement,
		narrative)
	SELECT self_id, version_no, w.item, w.judgement, w.narrative
	FROM flow.self_rows(self_id, NULL) w;
	PERFORM flow.move(me, 'self_assessment', self_id, 'ADOPTED');
	PERFORM flow.move(me, 'round', s.round_id, 'SELF_ASSESSED');
	UPDATE data.self_assessment a SET version_no = version_no WHERE a.id = self_id;
	present_needed := flow.present_needed(entitled);
	in_favour_needed := flow.favour_needed(entitled);
END $$;

CREATE FUNCTION api.reopen_self(me auth.actor, INOUT self_id text, OUT state text,
	OUT revision int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE s data.self_assessment := flow.find_self(me, self_id);
BEGIN
	self_id := s.id;
	state := 'DRAFT';
	PERFORM flow.move(me, 'self_assessment', self_id, state);
	PERFORM flow.move(me, 'round', s.round_id, 'SELF_BUILDING');
	revision := s.revision;
END $$;

-- Every version a branch meeting adopted, in all its rounds.
CREATE TYPE api.self_history_row AS (round_id text, self_id text, version_no int,
	standard_version_id text, held_on date, entitled int, present int, in_favour int,
	meets_conditions boolean, adopted_by text);
CREATE FUNCTION api.list_self_versions(me auth.actor, org_id text,
	OUT versions api.self_history_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE org text := flow.own_org(me, org_id);
BEGIN
	IF org IS NULL THEN
		PERFORM refuse.invalid('org_id', 'id_needed');
	END IF;
	PERFORM auth.need(me, org);
	SELECT coalesce(array_agg(ROW(r.id, s.id, v.version_no, r.standard_version_id,
		v.held_on, v.entitled, v.present, v.in_favour, v.meets_conditions,
		flow.person_name(v.adopted_by))::api.self_history_row
		ORDER BY v.adopted_at, s.id, v.version_no), '{}')
	INTO versions FROM data.self_version v
	JOIN data.self_assessment s ON s.id = v.self_id
	JOIN data.round r ON r.id = s.round_id WHERE s.org_id = org;
END $$;

-- One version beside another; unset numbers mean what stands now.
CREATE TYPE api.self_change AS (item text, text text, judgement_before text,
	judgement_after text, narrative_before text, narrative_after text);
CREATE FUNCTION flow.self_changes(old_self text, old_version int, new_self text,
	new_version int) RETURNS api.self_change[] LANGUAGE sql STABLE AS $$
	-- by the words of the item: a newer standard may have given it another number
	SELECT coalesce(array_agg(ROW(coalesce(n.item, o.item), coalesce(n.text, o.text),
		o.judgement, n.judgement, o.narrative, n.narrative)::api.self_change
		ORDER BY coalesce(n.no, o.no), n.no IS NULL), '{}')
	FROM (SELECT w.*, row_number() OVER () AS no FROM flow.self_rows(old_self, old_version) w) o
	FULL JOIN (SELECT w.*, row_number() OVER () AS no
		FROM flow.self_rows(new_self, new_version) w) n ON n.text = o.text
	WHERE (o.judgement, coalesce(o.narrative, ''), o.item IS NULL)
		IS DISTINCT FROM (n.judgement, coalesce(n.narrative, ''), n.item IS NULL) $$;

CREATE FUNCTION api.diff_self(me auth.actor, INOUT self_id text, INOUT old_version int,
	INOUT new_version int, last_year boolean, OUT old_self_id text,
	OUT changes api.self_change[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	s data.self_assessment := flow.find_self(me, self_id);
	v data.self_version;
BEGIN
	self_id := s.id;
	old_self_id := s.id;
	IF last_year THEN
		v := flow.last_year(s.org_id);
		IF v.self_id IS NULL THEN
			PERFORM refuse.because('ZB003', 'no_last_year');
		END IF;
		old_self_id := v.self_id;
		old_version := v.version_no;
	END IF;
	old_version := coalesce(old_version, CASE WHEN new_version IS NULL THEN s.version_no
		ELSE new_version - 1 END);
	IF coalesce(old_version, 0) = 0 THEN
		PERFORM refuse.because('ZB003', 'no_version_yet');
	ELSIF NOT EXISTS (SELECT FROM data.self_version w WHERE w.self_id = old_self_id
			AND w.version_no = old_version) THEN
		PERFORM refuse.invalid('old_version', 'version_unknown',
			old_version::text);
	ELSIF new_version IS NOT NULL AND NOT EXISTS (SELECT FROM data.self_version w
			WHERE w.self_id = s.id AND w.version_no = new_version) THEN
		PERFORM refuse.invalid('new_version', 'version_unknown', new_version::text);
	END IF;
	changes := flow.self_changes(old_self_id, old_version, s.id, new_version);
END $$;

-- ---- problems ---------------------------------------------------------------------------
CREATE FUNCTION api.add_gap(me auth.actor, org_id text, item text, source text,
	problem text, cause text, measure text, responsible text, due_on date,
	OUT gap_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	org text := flow.own_org(me, org_id);
	r data.round;
BEGIN
	PERFORM auth.need(me, org);
	SELECT c.* INTO r FROM data.round c WHERE c.org_id = org AND c.ended_on IS NULL;
	IF r.id IS NULL THEN
		PERFORM refuse.invalid('org_id', 'no_open_round', org);
	END IF;
	IF source IS NULL THEN
		source := CASE WHEN me.org_id = org THEN 'SELF_CHECK' ELSE 'INSPECTION' END;
	END IF;
	IF item IS NOT NULL AND NOT EXISTS (SELECT FROM flow.standard_items(
			r.standard_version_id, NULL) i WHERE i.code = item) THEN
		PERFORM refuse.invalid('item', 'item_unknown', item);
	END IF;
	PERFORM refuse.unless_words('problem', problem, 1000);
	PERFORM flow.check_plan(cause, measure, responsible, due_on);
	gap_id := flow.new_id('gap', 'WT', org);
	state := CASE WHEN measure IS NULL OR responsible IS NULL OR due_on IS NULL
		THEN 'FOUND' ELSE 'PLANNED' END;
	INSERT INTO data.gap (id, org_id, state, round_id, item_code, source, problem, cause,
		measure, responsible, due_on, found_on, found_by)
	VALUES (gap_id, org, state, r.id, item, source, problem, nullif(cause, ''), measure,
		responsible, due_on, flow.today(), me.person_id);
END $$;

-- The parts of a plan that were given are words of a fit length.
CREATE FUNCTION flow.check_plan(cause text, measure text, responsible text, due_on date)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM refuse.if_too_long('cause', cause, 1000);
	IF measure IS NOT NULL THEN
		PERFORM refuse.unless_words('measure', measure, 1000);
	END IF;
	IF responsible IS NOT NULL THEN
		PERFORM refuse.unless_line('responsible', responsible, 100);
	END IF;
	PERFORM refuse.unless_sane_date('due_on', due_on);
END $$;

CREATE FUNCTION api.plan_gap(me auth.actor, INOUT gap_id text, cause text, measure text,
	responsible text, due_on date, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE g data.gap := flow.find_gap(me, gap_id);
BEGIN
	PERFORM flow.need(me, 'gap', gap_id);
	PERFORM flow.check_plan(cause, measure, responsible, due_on);
	measure := coalesce(measure, g.measure);
	responsible := coalesce(responsible, g.responsible);
	due_on := coalesce(due_on, g.due_on);
	PERFORM refuse.defects(gap_id, array_remove(ARRAY[
		CASE WHEN measure IS NULL THEN refuse.reason('measure_missing') END,
		CASE WHEN responsible IS NULL THEN refuse.reason('responsible_missing') END,
		CASE WHEN due_on IS NULL THEN refuse.reason('due_missing') END], NULL));
	UPDATE data.gap p SET cause = coalesce(cause, p.cause), measure = measure,
		responsible = responsible, due_on = due_on
	WHERE p.id = gap_id;
	state := 'PLANNED';
	PERFORM flow.move(me, 'gap', gap_id, state);
END $$;

CREATE FUNCTION flow.note_gap(me auth.actor, gap_id text, text text) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO data.gap_note (gap_id, serial, text, by_person, at)
	SELECT note_gap.gap_id, count(*) + 1, note_gap.text, me.person_id, flow.now()
	FROM data.gap_note n WHERE n.gap_id = note_gap.gap_id $$;

CREATE FUNCTION api.progress_gap(me auth.actor, INOUT gap_id text, text text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_gap(me, gap_id);
	PERFORM refuse.unless_words('text', text, 1000);
	state := 'DOING';
	PERFORM flow.move(me, 'gap', gap_id, state);
	PERFORM flow.note_gap(me, gap_id, text);
END $$;

CREATE FUNCTION api.claim_gap_done(me auth.actor, INOUT gap_id text, result text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_gap(me, gap_id);
	PERFORM refuse.unless_words('result', result, 1000);
	state := 'CLAIMED_DONE';
	PERFORM flow.move(me, 'gap', gap_id, state);
	UPDATE data.gap g SET result = result WHERE g.id = gap_id;
END $$;

-- Who found it says whether it is mended: an inspection's finding is for the
-- department, every other for the branch itself.
CREATE FUNCTION flow.need_finder(me auth.actor, g data.gap) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF (g.source IN ('INSPECTION', 'WEAK_LAX_CHECK')) <> (me.role = 'od_officer') THEN
		PERFORM refuse.state(g.id, 'gap.' || g.state, ARRAY[refuse.reason(
			CASE WHEN me.role = 'od_officer' THEN 'gap_for_branch'
			ELSE 'gap_for_department' END)]);
	END IF;
END $$;

-- What the branch found its meeting confirms, with the meeting's figures (the roster
-- knows who is entitled); what an inspection found the department.
CREATE FUNCTION api.confirm_gap(me auth.actor, INOUT gap_id text, accepted boolean,
	text text, held_on date, entitled int, present int, in_favour int, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	g data.gap := flow.find_gap(me, gap_id);
	of_branch boolean := g.source NOT IN ('INSPECTION', 'WEAK_LAX_CHECK');
BEGIN
	state := CASE WHEN coalesce(accepted, true) THEN 'CONFIRMED' ELSE 'DOING' END;
	IF state = 'DOING' OR text <> '' THEN
		PERFORM refuse.unless_words('text', text, 1000);
	END IF;
	PERFORM flow.need(me, 'gap', gap_id, state);
	PERFORM flow.need_finder(me, g);
	IF state = 'CONFIRMED' AND of_branch THEN
		IF held_on IS NULL OR present IS NULL OR in_favour IS NULL THEN
			PERFORM refuse.invalid('held_on', 'meeting_incomplete');
		END IF;
		entitled := coalesce(entitled, flow.members(g.org_id, held_on, 'FULL'));
		PERFORM flow.need_with(me, 'gap', gap_id, state, flow.meeting_reasons(g.round_id,
			held_on, entitled, present, in_favour, NULL, NULL));
	END IF;
	PERFORM flow.move(me, 'gap', gap_id, state);
	UPDATE data.gap p SET confirmed_by = me.person_id, confirmed_on = flow.today(),
		held_on = CASE WHEN of_branch THEN held_on END,
		entitled = CASE WHEN of_branch THEN entitled END,
		present = CASE WHEN of_branch THEN present END,
		in_favour = CASE WHEN of_branch THEN in_favour END
	WHERE p.id = gap_id AND state = 'CONFIRMED';
	IF text <> '' THEN
		PERFORM flow.note_gap(me, gap_id, text);
	END IF;
END $$;

CREATE FUNCTION api.close_gap(me auth.actor, INOUT gap_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE g data.gap := flow.find_gap(me, gap_id);
BEGIN
	state := 'CLOSED';
	PERFORM flow.move(me, 'gap', gap_id, state);
	PERFORM flow.need_finder(me, g);
	UPDATE data.gap p SET closed_on = flow.today() WHERE p.id = gap_id;
END $$;

CREATE FUNCTION api.raise_gap(me auth.actor, INOUT gap_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_gap(me, gap_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'RAISED';
	PERFORM flow.move(me, 'gap', gap_id, state);
	UPDATE data.gap g SET raised_why = reason WHERE g.id = gap_id;
END $$;

CREATE FUNCTION api.answer_gap(me auth.actor, INOUT gap_id text, owner text, text text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_gap(me, gap_id);
	PERFORM refuse.unless_line('owner', owner, 100);
	PERFORM refuse.unless_words('text', text, 1000);
	state := 'DOING';
	PERFORM flow.move(me, 'gap', gap_id, state);
	UPDATE data.gap g SET owner = owner, answer = text WHERE g.id = gap_id;
END $$;

CREATE FUNCTION flow.gap_row(g data.gap) RETURNS api.gap_row LANGUAGE sql STABLE AS $$
	SELECT ROW(g.id, g.org_id, flow.org_name(g.org_id, flow.today()), g.item_code,
		(SELECT i.text FROM data.standard_item i JOIN data.round r
			ON r.standard_version_id = i.standard_version_id
			WHERE r.id = g.round_id AND i.code = g.item_code),
		g.source, g.state, g.problem, g.cause, g.measure, g.responsible, g.due_on,
		(SELECT n.text FROM data.gap_note n WHERE n.gap_id = g.id
			ORDER BY n.serial DESC LIMIT 1),
		g.result, g.raised_why, g.owner, g.answer, flow.person_name(g.confirmed_by),
		g.confirmed_on, g.held_on, g.closed_on, g.origin_id)::api.gap_row $$;
CREATE FUNCTION api.list_gaps(me auth.actor, org_id text, state text, item text,
	round_id text, OUT gaps api.gap_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(flow.gap_row(g)
		ORDER BY g.org_id, g.found_on, length(g.id), g.id), '{}')
	FROM data.gap g
	WHERE (list_gaps.round_id IS NULL OR g.round_id = list_gaps.round_id) AND auth.reaches(me, g.org_id)
		AND g.org_id = coalesce(list_gaps.org_id, g.org_id)
		AND CASE WHEN list_gaps.state IS NULL
			THEN g.state NOT IN ('CLOSED', 'CARRIED_OVER')
			ELSE g.state = list_gaps.state END
		AND (list_gaps.item IS NULL OR g.item_code = list_gaps.item) $$;

CREATE TYPE api.gap_note_row AS (noted_at timestamptz, by_name text, text text);
CREATE FUNCTION api.show_gap(me auth.actor, INOUT gap_id text, OUT org_id text,
	OUT org_name text, OUT state text, OUT round_id text, OUT origin_id text,
	OUT item text, OUT source text, OUT problem text, OUT cause text, OUT measure text,
	OUT responsible text, OUT due_on date, OUT result text, OUT raised_why text,
	OUT owner text, OUT answer text, OUT confirmed_by text, OUT confirmed_on date,
	OUT held_on date, OUT entitled int, OUT present int, OUT in_favour int,
	OUT closed_on date, OUT notes api.gap_note_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE g data.gap := flow.find_gap(me, gap_id);
BEGIN
	SELECT g.org_id, flow.org_name(g.org_id, flow.today()), g.state, g.round_id,
		g.origin_id, g.item_code, g.source, g.problem, g.cause, g.measure,
		g.responsible, g.due_on, g.result, g.raised_why, g.owner, g.answer,
		flow.person_name(g.confirmed_by), g.confirmed_on, g.held_on, g.entitled,
		g.present, g.in_favour, g.closed_on
	INTO org_id, org_name, state, round_id, origin_id, item, source, problem, cause,
		measure, responsible, due_on, result, raised_why, owner, answer, confirmed_by,
		confirmed_on, held_on, entitled, present, in_favour, closed_on;
	SELECT coalesce(array_agg(ROW(n.at, flow.person_name(n.by_person),
		n.text)::api.gap_note_row ORDER BY n.serial), '{}')
	INTO notes FROM data.gap_note n WHERE n.gap_id = g.id;
END $$;
