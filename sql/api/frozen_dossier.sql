-- The dossier.  Messages: proto/dossier.proto.  It carries the sheet of
-- evaluation.sql, so its file comes after that one.

-- ---- guards ------------------------------------------------------------------
-- All four streams have a locked summary, or say why they were not carried out.
CREATE FUNCTION guard.dossier_ready(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN s.id IS NULL THEN refuse.reason('stream_missing', k)
		ELSE refuse.reason('stream_not_locked', k, 'eval_stream.' || s.state) END
	FROM unnest('{ORG,MEMBERS,MASSES,SOCIETY}'::text[]) k
	LEFT JOIN data.eval_stream s ON s.stream = k AND s.application_id = dossier_ready.id
	WHERE s.id IS NULL OR s.state NOT IN ('LOCKED', 'NOT_CARRIED_OUT') $$;

-- The head freezes; an officer does it when the branch is the head's own (T23).
CREATE FUNCTION guard.dossier_hand(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('own_branch', a.org_id) FROM data.application a
	WHERE a.id = dossier_hand.id AND flow.belongs(me, a.org_id)
	UNION ALL
	SELECT refuse.reason('head_freezes') FROM data.application a
	WHERE a.id = dossier_hand.id AND me.role <> 'od_head' AND NOT EXISTS (
		SELECT FROM data.office o WHERE o.role = 'od_head' AND o.from_on <= flow.today()
			AND (o.to_on IS NULL OR o.to_on > flow.today())
			AND flow.is_member(o.person_id, a.org_id, flow.today())) $$;

-- By the dossier's number.
CREATE FUNCTION guard.dossier_outsider(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('own_branch', d.org_id)).* FROM data.dossier d
	WHERE d.id = dossier_outsider.id AND flow.belongs(me, d.org_id) $$;

-- ---- parts of what is read -------------------------------------------------------
CREATE TYPE api.dossier_item AS (item text, group_title text, text text, judgement text,
	narrative text);
CREATE TYPE api.dossier_endorsement AS (org_name text, by_name text, agreed boolean,
	opinion text, done_at timestamptz);
CREATE TYPE api.dossier_file AS (file_id text, name text, title text, size_bytes int8,
	sha256 text);
CREATE TYPE api.dossier_award AS (award_id text, title text, doc_no text,
	effective_from_on date, valid_to_on date, state text);
CREATE TYPE api.dossier_open_matter AS (matter text, since_on date);

-- ---- what is fixed ------------------------------------------------------------------
CREATE FUNCTION flow.dossier_self(a data.application) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT to_jsonb(v) || jsonb_build_object('items', (
		SELECT coalesce(jsonb_agg(jsonb_build_object('item', i.item_code, 'group_title',
			g.title, 'text', t.text, 'judgement', i.judgement, 'narrative', i.narrative)
			ORDER BY t.group_no, t.item_no), '[]')
		FROM data.self_version_item i
		JOIN data.standard_item t ON t.standard_version_id = a.standard_version_id
			AND t.code = i.item_code
		JOIN data.standard_group g ON g.standard_version_id = t.standard_version_id
			AND g.group_no = t.group_no
		WHERE i.self_id = v.self_id AND i.version_no = v.version_no))
	FROM data.self_version v
	WHERE v.self_id = a.self_id AND v.version_no = a.self_version_no $$;

CREATE FUNCTION flow.dossier_endorsements(a data.application) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_agg(jsonb_build_object('org_name',
		flow.org_name(s.org_id, flow.day(s.at)), 'by_name', flow.person_name(s.person_id),
		'agreed', s.agreed, 'opinion', s.opinion, 'done_at', s.at) ORDER BY s.serial), '[]')
	FROM data.application_step s WHERE s.application_id = a.id AND s.agreed IS NOT NULL $$;

-- Evidence by name and hash; its bytes stay where they are.
CREATE FUNCTION flow.dossier_files(a data.application) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_agg(jsonb_build_object('file_id', f.id, 'name', f.name,
		'title', f.title, 'size_bytes', f.size_bytes, 'sha256', encode(f.sha256, 'hex'))
		ORDER BY f.id), '[]')
	FROM data.file f WHERE f.round_id = a.round_id AND f.state = 'KEPT' $$;

-- What the branch was awarded before: a fact, nothing follows from it (T19).
CREATE FUNCTION flow.dossier_awards(a data.application) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_agg(jsonb_build_object('award_id', w.id, 'title', w.title,
		'doc_no', w.doc_no, 'effective_from_on', w.effective_from,
		'valid_to_on', w.valid_to, 'state', w.state) ORDER BY w.effective_from, w.id), '[]')
	FROM data.award w WHERE w.org_id = a.org_id $$;

-- What is not settled about the branch: that it is, never what it is (T6).
CREATE FUNCTION flow.dossier_unsettled(a data.application) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_agg(jsonb_build_object('matter', x.matter, 'since_on', x.since_on)
		ORDER BY x.since_on, x.matter), '[]')
	FROM (SELECT 'CLEARANCE' AS matter, c.asked_on AS since_on FROM data.clearance c
		WHERE c.application_id = a.id AND c.state = 'ASKED'
		UNION ALL
		SELECT 'OBJECTION', o.registered_on FROM data.objection o
		WHERE o.org_id = a.org_id
			AND o.state IN ('REGISTERED', 'ASSIGNED', 'INQUIRING', 'CONCLUDED')
		UNION ALL
		SELECT 'GAP', g.found_on FROM data.gap g
		WHERE g.org_id = a.org_id AND g.state NOT IN ('CLOSED', 'CARRIED_OVER')
		UNION ALL
		SELECT 'WEAK_LAX', w.listed_on FROM data.weak_lax w
		WHERE w.org_id = a.org_id AND w.state <> 'CLOSED') x $$;

-- The committee reads no breakdown of a small group.
CREATE FUNCTION flow.dossier_content(dossier_id text, a data.application)
RETURNS text LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('form', 'zhibu-dossier-1', 'dossier_id', dossier_id,
		'application', to_jsonb(a) - 'state', 'self', flow.dossier_self(a),
		'endorsements', flow.dossier_endorsements(a),
		'sheet', to_jsonb(flow.evaluation_sheet(a.id, false)),
		'files', flow.dossier_files(a), 'earlier_awards', flow.dossier_awards(a),
		'unsettled', flow.dossier_unsettled(a))::text $$;

-- What would be fixed now, and what is missing for it.
CREATE TYPE api.dossier_missing AS (stream text, state text);
CREATE FUNCTION api.build_dossier(me auth.actor, INOUT application_id text,
	OUT org_id text, OUT org_name text, OUT ready boolean,
	OUT missing api.dossier_missing[], OUT unsettled api.dossier_open_matter[],
	OUT summary text, OUT remaining_problems text, OUT next_steps text,
	OUT items api.dossier_item[], OUT endorsements api.dossier_endorsement[],
	OUT sheet api.evaluation_sheet, OUT files api.dossier_file[],
	OUT earlier_awards api.dossier_award[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_evaluated(me, application_id);
	j jsonb;
BEGIN
	PERFORM flow.need_outsider(me, a.org_id);
	j := flow.dossier_content('-', a)::jsonb;
	application_id := a.id;
	org_id := a.org_id;
	org_name := a.org_name;
	missing := ARRAY(SELECT ROW(k, coalesce(s.state, 'PLANNED'))::api.dossier_missing
		FROM unnest('{ORG,MEMBERS,MASSES,SOCIETY}'::text[]) WITH ORDINALITY u(k, n)
		LEFT JOIN data.eval_stream s ON s.stream = k AND s.application_id = a.id
		WHERE coalesce(s.state, '') NOT IN ('LOCKED', 'NOT_CARRIED_OUT') ORDER BY u.n);
	ready := missing = '{}';
	summary := a.summary;
	remaining_problems := a.remaining_problems;
	next_steps := a.next_steps;
	unsettled := ARRAY(SELECT r FROM jsonb_populate_recordset(
		NULL::api.dossier_open_matter, j->'unsettled') r);
	items := ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::api.dossier_item,
		j->'self'->'items') r);
	endorsements := ARRAY(SELECT r FROM jsonb_populate_recordset(
		NULL::api.dossier_endorsement, j->'endorsements') r);
	sheet := jsonb_populate_record(NULL::api.evaluation_sheet, j->'sheet');
	files := ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::api.dossier_file,
		j->'files') r);
	earlier_awards := ARRAY(SELECT r FROM jsonb_populate_recordset(
		NULL::api.dossier_award, j->'earlier_awards') r);
END $$;

CREATE FUNCTION api.freeze_dossier(me auth.actor, application_id text, OUT dossier_id text,
	OUT state text, OUT digest text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_evaluated(me, application_id);
	reasons refuse.reason[] := ARRAY(SELECT g FROM guard.dossier_hand(me, a.id) g);
	words text;
BEGIN
	IF cardinality(reasons) > 0 THEN
		PERFORM refuse.because('ZB002', 'other_hand_needed', ARRAY[a.id], reasons);
	END IF;
	-- no stream is reopened while they are read
	PERFORM 1 FROM data.eval_stream s WHERE s.application_id = a.id FOR UPDATE;
	PERFORM flow.move(me, 'application', a.id, 'DOSSIER_FROZEN');
	PERFORM flow.step(me, a.id, 'DOSSIER_FROZEN', NULL, NULL);
	state := 'FROZEN';
	dossier_id := flow.new_id('dossier', 'CL', a.org_id);
	words := flow.dossier_content(dossier_id, a);
	digest := encode(sha256(convert_to(words, 'UTF8')), 'hex');
	INSERT INTO data.dossier (id, org_id, state, application_id, content, sha256,
		frozen_at, frozen_by)
	VALUES (dossier_id, a.org_id, state, a.id, words, decode(digest, 'hex'), flow.now(),
		me.person_id);
END $$;

-- ---- reading and reopening --------------------------------------------------------
-- A committee member reads what is on an agenda, until standing aside from it; the
-- department's people do not read that of their own branch (T23).
CREATE FUNCTION flow.may_read_dossier(me auth.actor, d data.dossier) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT auth.reaches(me, d.org_id)
		AND (me.role IN ('od_head', 'od_officer') AND NOT flow.belongs(me, d.org_id)
			OR me.role NOT IN ('od_head', 'od_officer') AND EXISTS (
			SELECT FROM data.agenda_item i
			WHERE i.dossier_id = d.id AND i.state <> 'REMOVED'))
		AND NOT EXISTS (SELECT FROM data.recusal r
			JOIN data.agenda_item i ON i.id = r.agenda_item_id
			WHERE i.application_id = d.application_id AND r.person_id = me.person_id) $$;

-- By its own number, or the newest of an application.
CREATE FUNCTION flow.find_dossier(me auth.actor, dossier_id text) RETURNS data.dossier
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE d data.dossier;
BEGIN
	SELECT t.* INTO d FROM data.dossier t
	WHERE (t.id = dossier_id OR t.application_id = dossier_id)
	ORDER BY t.frozen_at DESC, t.id DESC LIMIT 1;
	IF d.id IS NULL OR NOT flow.may_read_dossier(me, d) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN d;
END $$;

CREATE FUNCTION api.reopen_dossier(me auth.actor, INOUT dossier_id text, reason text,
	OUT state text, OUT application_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE d data.dossier := flow.find_dossier(me, dossier_id);
BEGIN
	PERFORM refuse.unless_words('reason', reason, 1000);
	dossier_id := d.id;
	application_id := d.application_id;
	state := 'REOPENED';
	PERFORM flow.move(me, 'dossier', d.id, state);
	PERFORM flow.move(me, 'application', d.application_id, 'EVALUATING');
	PERFORM flow.step(me, d.application_id, 'EVALUATING', NULL, reason);
	UPDATE data.dossier t SET reopened_at = flow.now(), reopened_by = me.person_id,
		reopen_reason = reason WHERE t.id = d.id;
END $$;

CREATE TYPE api.dossier_row AS (dossier_id text, application_id text, org_id text,
	org_name text, state text, frozen_at timestamptz, digest text);
CREATE FUNCTION api.list_dossiers(me auth.actor, OUT dossiers api.dossier_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(d.id, d.application_id, d.org_id, a.org_name, d.state,
		d.frozen_at, left(encode(d.sha256, 'hex'), 12))::api.dossier_row ORDER BY d.org_id, d.id), '{}')
	FROM data.dossier d JOIN data.application a ON a.id = d.application_id
	WHERE flow.may_read_dossier(me, d) $$;


-- Everything comes out of the frozen text, nothing out of today's tables; `intact`:
-- the text still has the hash it was frozen with.
CREATE FUNCTION api.show_dossier(me auth.actor, INOUT dossier_id text,
	with_content boolean, OUT state text, OUT application_id text, OUT org_id text,
	OUT org_name text, OUT frozen_at timestamptz, OUT frozen_by_name text,
	OUT digest text, OUT intact boolean, OUT reopen_reason text,
	OUT standard_version_id text, OUT summary text, OUT remaining_problems text,
	OUT next_steps text, OUT held_on date, OUT entitled int, OUT present int,
	OUT in_favour int, OUT items api.dossier_item[],
	OUT endorsements api.dossier_endorsement[], OUT sheet api.evaluation_sheet,
	OUT files api.dossier_file[], OUT earlier_awards api.dossier_award[],
	OUT content text, OUT unsettled api.dossier_open_matter[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	d data.dossier := flow.find_dossier(me, dossier_id);
	j jsonb := d.content::jsonb;
	a data.application := jsonb_populate_record(NULL::data.application, j->'application');
BEGIN
	SELECT d.id, d.state, a.id, a.org_id, a.org_name, d.frozen_at,
		flow.person_name(d.frozen_by), encode(d.sha256, 'hex'),
		d.sha256 = sha256(convert_to(d.content, 'UTF8')), d.reopen_reason,
		a.standard_version_id, a.summary, a.remaining_problems, a.next_steps, a.held_on,
		a.entitled, a.present, a.in_favour
	INTO dossier_id, state, application_id, org_id, org_name, frozen_at, frozen_by_name,
		digest, intact, reopen_reason, standard_version_id, summary, remaining_problems,
		next_steps, held_on, entitled, present, in_favour;
	items := ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::api.dossier_item,
		j->'self'->'items') r);
	endorsements := ARRAY(SELECT r FROM jsonb_populate_recordset(
		NULL::api.dossier_endorsement, j->'endorsements') r);
	sheet := jsonb_populate_record(NULL::api.evaluation_sheet, j->'sheet');
	files := ARRAY(SELECT r FROM jsonb_populate_recordset(NULL::api.dossier_file,
		j->'files') r);
	earlier_awards := ARRAY(SELECT r FROM jsonb_populate_recordset(
		NULL::api.dossier_award, j->'earlier_awards') r);
	unsettled := ARRAY(SELECT r FROM jsonb_populate_recordset(
		NULL::api.dossier_open_matter, j->'unsettled') r);
	IF with_content THEN
		content := d.content;
	END IF;
END $$;
