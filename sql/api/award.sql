-- The award and what a branch learns of the decision.  Messages: proto/award.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.publicity_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('notice_not_ended', coalesce(n.id, '-'),
		'notice.' || coalesce(n.state, 'DRAFT'))
	FROM (SELECT 1) one
	LEFT JOIN data.notice n ON n.id = flow.notice_of(publicity_over.id)
	WHERE coalesce(n.state, '') NOT IN ('ENDED_CLEAR', 'ENDED_WITH_OBJECTION', 'ARCHIVED')
	UNION ALL
	SELECT refuse.reason('notice_not_ended', c.id, 'notice.' || c.state) FROM data.notice c
	WHERE c.corrects_id = flow.notice_of(publicity_over.id) AND c.state <> 'DROPPED'
	UNION ALL
	SELECT g FROM guard.nothing_objected(publicity_over.id) g $$;

-- Every objection has had the committee's word, and that was to go on; every opinion
-- asked for has come.
CREATE FUNCTION guard.nothing_objected(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.objections_settled(nothing_objected.id) g
	UNION ALL
	SELECT refuse.reason('clearance_unanswered', c.id, c.body) FROM data.clearance c
	WHERE c.application_id = nothing_objected.id AND c.state = 'ASKED'
	UNION ALL
	SELECT refuse.reason('deliberation_wanted', nothing_objected.id)
	WHERE flow.wants_again(nothing_objected.id) $$;

-- One award in effect a branch and level, one a round, and a term it can live in:
-- the application's own.
CREATE FUNCTION guard.award_can_sign(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('award_there_already', w.id, w.valid_to::text)
	FROM data.application a JOIN data.award w ON w.org_id = a.org_id
		AND w.level = 'COLLEGE' AND w.ended_on IS NULL
	WHERE a.id = award_can_sign.id
	UNION ALL
	SELECT refuse.reason('round_has_award', w.round_id, w.id, 'award.' || w.state)
	FROM data.application a JOIN data.award w ON w.round_id = a.round_id
		AND w.ended_on IS NOT NULL
	WHERE a.id = award_can_sign.id
	UNION ALL
	SELECT CASE WHEN t IS NULL THEN refuse.reason('term_none', a.org_id)
		ELSE refuse.reason('term_over', t, flow.term_end(t)::text) END
	FROM data.application a,
		LATERAL (SELECT coalesce(a.term_id, flow.running_term(a.org_id))) r(t)
	WHERE a.id = award_can_sign.id
		AND (t IS NULL OR flow.term_end(t) < flow.today())
	UNION ALL
	SELECT g FROM guard.nothing_objected(award_can_sign.id) g $$;

-- ---- confirming and signing -------------------------------------------------------
CREATE FUNCTION api.confirm_award(me auth.actor, INOUT application_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_evaluated(me, application_id);
	state := 'CONFIRMED';
	PERFORM flow.move(me, 'application', application_id, state);
	PERFORM flow.step(me, application_id, state);
END $$;

-- The last day of an award in a term: that of the term; of one that was extended,
-- as the college has chosen.  Decided within the extension, it lasts through it.
CREATE FUNCTION flow.award_end(term_id text, decided_on date) RETURNS date
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN t.extended_to_on IS NULL OR t.due_on < award_end.decided_on
			OR (SELECT r.award_through_extension FROM data.rule_set r
				WHERE r.id = flow.current_rule_set())
		THEN flow.term_end(t.id) ELSE least(t.due_on, flow.term_end(t.id)) END
	FROM data.term t WHERE t.id = award_end.term_id $$;

CREATE FUNCTION flow.make_award(me auth.actor, a data.application, doc_no text,
	decided_on date, requirements text) RETURNS data.award LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	term text := coalesce(a.term_id, flow.running_term(a.org_id));
BEGIN
	INSERT INTO data.award (id, org_id, state, application_id, round_id, programme_id,
		level, title, org_name, doc_no, decided_on, term_id, effective_from, valid_to,
		agenda_item_id, notice_id, signed_by, requirements)
	SELECT flow.new_id('award', 'PD', a.org_id), a.org_id, 'EFFECTIVE', a.id, a.round_id,
		p.id, 'COLLEGE', p.award_title,
		coalesce(flow.org_name(a.org_id, decided_on), a.org_name), doc_no, decided_on,
		term, decided_on, flow.award_end(term, decided_on), flow.award_item(a.id),
		flow.notice_of(a.id), me.person_id, nullif(requirements, '')
	FROM data.standard_version s JOIN data.programme p ON p.id = s.programme_id
	WHERE s.id = a.standard_version_id
	RETURNING * INTO STRICT w;
	RETURN w;
END $$;

CREATE FUNCTION api.sign_award(me auth.actor, application_id text, doc_no text,
	decided_on date, requirements text, OUT award_id text, OUT state text, OUT title text,
	OUT effective_from_on date, OUT valid_to_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application := flow.find_evaluated(me, application_id);
	over_on date;
	w data.award;
BEGIN
	PERFORM flow.move(me, 'application', a.id, 'EFFECTIVE');
	PERFORM refuse.unless_line('doc_no', doc_no, 60);
	PERFORM refuse.if_too_long('requirements', requirements, 4000);
	decided_on := coalesce(decided_on, flow.today());
	SELECT n.ends_on INTO over_on FROM data.notice n WHERE n.id = flow.notice_of(a.id);
	IF decided_on > flow.today() OR decided_on <= over_on THEN
		PERFORM refuse.invalid('decided_on', 'decided_on_range', over_on::text,
			flow.today()::text);
	END IF;
	w := flow.make_award(me, a, doc_no, decided_on, requirements);
	PERFORM flow.step(me, a.id, 'EFFECTIVE', NULL, doc_no);
	award_id := w.id;
	state := w.state;
	title := w.title;
	effective_from_on := w.effective_from;
	valid_to_on := w.valid_to;
END $$;

-- ---- reading ------------------------------------------------------------------------
CREATE TYPE api.award_row AS (award_id text, org_id text, org_name text, title text,
	level text, doc_no text, effective_from_on date, valid_to_on date, state text);
CREATE FUNCTION api.list_awards(me auth.actor, org_id text, OUT awards api.award_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(w.id, w.org_id, w.org_name, w.title, w.level, w.doc_no,
		w.effective_from, w.valid_to, w.state)::api.award_row ORDER BY w.org_id, w.id), '{}')
	FROM data.award w WHERE w.org_id = coalesce(list_awards.org_id, w.org_id) $$;

-- Both secretaries with their dates when one was replaced on the way (T3).
CREATE FUNCTION api.show_award(me auth.actor, INOUT award_id text, OUT state text,
	OUT title text, OUT level text, OUT org_id text, OUT org_name text, OUT doc_no text,
	OUT decided_on date, OUT effective_from_on date, OUT valid_to_on date,
	OUT application_id text, OUT agenda_item_id text, OUT notice_id text,
	OUT signed_by_name text, OUT secretaries api.secretary_row[], OUT requirements text,
	OUT certificate_no text, OUT plate_no text, OUT term_id text, OUT continues_id text,
	OUT continued_by_id text, OUT ended_on date, OUT ended_doc text, OUT ended_why text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	since date;
BEGIN
	SELECT t.* INTO w FROM data.award t WHERE t.id = award_id OR t.application_id = award_id
	ORDER BY t.continues_id IS NOT NULL LIMIT 1;
	IF w.id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	SELECT a.created_on INTO since FROM data.application a WHERE a.id = w.application_id;
	SELECT w.id, w.state, w.title, w.level, w.org_id, w.org_name, w.doc_no, w.decided_on,
		w.effective_from, w.valid_to, w.application_id, w.agenda_item_id, w.notice_id,
		flow.person_name(w.signed_by), w.requirements, w.certificate_no, w.plate_no,
		w.term_id, w.continues_id, (SELECT n.id FROM data.award n WHERE n.continues_id = w.id),
		w.ended_on, w.ended_doc, w.ended_why
	INTO award_id, state, title, level, org_id, org_name, doc_no, decided_on,
		effective_from_on, valid_to_on, application_id, agenda_item_id, notice_id,
		signed_by_name, requirements, certificate_no, plate_no, term_id, continues_id,
		continued_by_id, ended_on, ended_doc, ended_why;
	secretaries := ARRAY(SELECT ROW(flow.person_name(o.person_id), o.from_on,
			o.to_on)::api.secretary_row
		FROM data.office o WHERE o.org_id = w.org_id AND o.role = 'branch_secretary'
			AND o.from_on <= w.decided_on AND (o.to_on IS NULL OR o.to_on >= since)
		ORDER BY o.from_on, o.person_id);
END $$;

-- What the branch learns: outcome, reasons and advice of every signed resolution;
-- never how the committee voted.
CREATE TYPE api.decision_row AS (decided_on date, outcome text, resolution text,
	reasons text, advice text, conditions text);
CREATE FUNCTION api.show_decision(me auth.actor, INOUT application_id text,
	OUT state text, OUT org_name text, OUT decisions api.decision_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	state := a.state;
	org_name := a.org_name;
	decisions := ARRAY(SELECT ROW(m.held_on, i.outcome, i.resolution, i.reasons, i.advice,
			i.conditions)::api.decision_row
		FROM data.agenda_item i JOIN data.meeting m ON m.id = i.meeting_id
		WHERE i.application_id = a.id AND i.outcome IS NOT NULL AND m.state = 'SIGNED'
		ORDER BY m.held_on, i.id);
END $$;

-- ---- decision document and certificates (D25, D26) ------------------------------------
CREATE TYPE api.plate_row AS (award_id text, org_id text, org_name text, title text,
	effective_from_on date, valid_to_on date, certificate_no text, plate_no text,
	state text);

CREATE FUNCTION flow.award_document(w data.award, names text, requirements text)
RETURNS text LANGUAGE sql STABLE AS $$
	SELECT concat_ws(E'\n', format('关于命名%s的决定', flow.quoted(w.title)), w.doc_no, '',
		format('　　根据%s，经支部自创、逐级申报、“四评”、学院党委集体研究并公示，决定命名下列党支部为%s（排名不分先后）：',
			(SELECT string_agg(b.title, '、' ORDER BY b.basis_no)
			FROM data.programme_basis b WHERE b.programme_id = w.programme_id),
			flow.quoted(w.title)),
		names, '　　' || nullif(requirements, ''), '',
		p.issued_by, flow.cn_date(w.decided_on))
	FROM data.programme p WHERE p.id = w.programme_id $$;

-- Every branch one document names, in code order.
CREATE FUNCTION api.show_award_document(me auth.actor, INOUT doc_no text,
	OUT decided_on date, OUT text text, OUT plates api.plate_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	names text;
	wanted text;
BEGIN
	SELECT t.* INTO w FROM data.award t WHERE t.doc_no = doc_no
		AND t.continues_id IS NULL ORDER BY t.org_id LIMIT 1;
	IF w.id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	SELECT string_agg('　　' || t.org_id || '　' || t.org_name || '（有效期至'
			|| flow.cn_date(t.valid_to) || '）', E'\n' ORDER BY t.org_id),
		string_agg(DISTINCT t.requirements, '　'),
		array_agg(ROW(t.id, t.org_id, t.org_name, t.title, t.effective_from, t.valid_to,
			t.certificate_no, t.plate_no, t.state)::api.plate_row ORDER BY t.org_id)
	INTO names, wanted, plates FROM data.award t
	WHERE t.doc_no = doc_no AND t.continues_id IS NULL;
	decided_on := w.decided_on;
	text := flow.award_document(w, names, wanted);
END $$;

-- Numbers are given by the office, not by the program.
CREATE FUNCTION api.set_certificate(me auth.actor, INOUT award_id text,
	INOUT certificate_no text, INOUT plate_no text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE taken text;
BEGIN
	PERFORM flow.need(me, 'award', award_id);
	IF certificate_no IS NULL AND plate_no IS NULL THEN
		PERFORM refuse.invalid('certificate_no', 'text_missing');
	END IF;
	PERFORM refuse.unless_line_or_none('certificate_no', certificate_no);
	PERFORM refuse.unless_line_or_none('plate_no', plate_no);
	SELECT w.id INTO taken FROM data.award w WHERE w.id <> award_id
		AND (w.certificate_no = certificate_no OR w.plate_no = plate_no) LIMIT 1;
	IF FOUND THEN
		PERFORM refuse.conflict('certificate_taken', taken);
	END IF;
	UPDATE data.award w SET certificate_no = coalesce(certificate_no, w.certificate_no),
		plate_no = coalesce(plate_no, w.plate_no)
	WHERE w.id = award_id RETURNING w.certificate_no, w.plate_no
	INTO certificate_no, plate_no;
END $$;

-- ---- the end of an award ----------------------------------------------------------------
CREATE FUNCTION guard.award_term_over(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('award_still_valid', w.id, w.valid_to::text)
	FROM data.award w WHERE w.id = award_term_over.id AND w.valid_to >= flow.today() $$;

-- The one way an award ends: state, dates, and all that hangs on it.
CREATE FUNCTION flow.end_award(me auth.actor, award_id text, to_state text, on_day date,
	doc_no text, why text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.need(me, 'award', award_id, to_state);
	UPDATE data.award w SET state = to_state, ended_on = on_day, ended_doc = doc_no,
		ended_why = why
	WHERE w.id = award_id;
	PERFORM flow.award_ended(award_id, on_day);
	PERFORM flow.end_escalations(me, award_id, to_state, on_day);
END $$;

-- Its time is over and nobody asked for more: the department confirms it (S-52).
CREATE FUNCTION api.end_award(me auth.actor, INOUT award_id text, no_extension boolean,
	reason text, OUT state text, OUT ended_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE w data.award;
BEGIN
	state := 'ENDED_TERM';
	PERFORM refuse.if_too_long('reason', reason, 1000);
	SELECT t.* INTO w FROM data.award t WHERE t.id = award_id;
	PERFORM auth.need(me, w.org_id);
	PERFORM flow.need_with(me, 'award', award_id, state, CASE WHEN no_extension THEN '{}'
		ELSE ARRAY[refuse.reason('extension_not_asked', w.org_id)] END);
	ended_on := w.valid_to + 1;
	PERFORM flow.end_award(me, award_id, state, ended_on, NULL, nullif(reason, ''));
END $$;

-- ---- a term that is over (S-52) -----------------------------------------------------------
-- Its awards end with it, and what was asked about them falls away.
CREATE FUNCTION flow.end_term_awards(me auth.actor, org_id text, on_day date)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w data.award;
	r data.award_review;
BEGIN
	FOR w IN SELECT t.* FROM data.award t JOIN data.term m ON m.id = t.term_id
		-- one it carries on lives in the term of another, to its own last day
		WHERE t.org_id = org_id AND m.org_id = org_id AND t.ended_on IS NULL AND m.ended_on IS NOT NULL
	LOOP
		FOR r IN SELECT x.* FROM data.award_review x WHERE x.award_id = w.id
			AND x.ended_on IS NULL
		LOOP
			PERFORM flow.move(me, 'award_review', r.id, 'LAPSED');
			UPDATE data.award_review x SET ended_on = on_day WHERE x.id = r.id;
		END LOOP;
		PERFORM flow.end_award(me, w.id, 'ENDED_TERM',
			greatest(w.effective_from, least(on_day, w.valid_to + 1)), NULL, NULL);
	END LOOP;
END $$;

-- A new round by itself for the new term, as soon as the old one holds no
-- application any more; open problems go on in it.
CREATE FUNCTION flow.renew_round(me auth.actor, org_id text) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r data.round;
	now_term data.term := flow.running_term(org_id, flow.today());
	made text;
BEGIN
	IF now_term.id IS NULL OR flow.current_standard() IS NULL OR NOT EXISTS (
			SELECT FROM data.org o WHERE o.id = org_id AND o.kind LIKE 'branch%') THEN
		RETURN NULL;
	END IF;
	SELECT x.* INTO r FROM data.round x WHERE x.org_id = org_id AND x.ended_on IS NULL;
	IF r.id IS NOT NULL THEN
		IF r.term_id IS NOT DISTINCT FROM now_term.id OR EXISTS (
				SELECT FROM guard.round_no_application(r.id)) THEN
			RETURN NULL;
		END IF;
		IF r.term_id IS NULL THEN  -- begun before its term was entered
			UPDATE data.round x SET term_id = now_term.id WHERE x.id = r.id;
			RETURN NULL;
		END IF;
		PERFORM flow.move(me, 'round', r.id, 'ENDED_TERM');
		UPDATE data.round x SET ended_on = greatest(x.started_on, flow.today())
		WHERE x.id = r.id;
	END IF;
	SELECT n.round_id INTO made
	FROM flow.make_round(me, org_id, 'PLANNED', now_term.id, NULL) n;
	PERFORM flow.carry_gaps(me, org_id, made);
	RETURN made;
END $$;

-- ---- history ----------------------------------------------------------------------------------
-- What became of a branch's titles, over the years and over reorganisations: facts
-- with their documents, the oldest first.
CREATE TYPE api.history_row AS (happened_on date, kind text, org_id text, org_name text,
	object_id text, title text, doc_no text, text text);

-- The organisation and those before it.
CREATE FUNCTION flow.lineage(org_id text) RETURNS SETOF text LANGUAGE sql STABLE AS $$
	WITH RECURSIVE l(id) AS (
		SELECT lineage.org_id
		UNION
		SELECT s.from_org_id FROM data.org_succession s JOIN l ON s.to_org_id = l.id)
	SELECT id FROM l $$;

CREATE FUNCTION flow.award_events(org_id text) RETURNS SETOF api.history_row
LANGUAGE sql STABLE AS $$
	WITH w AS (SELECT t.* FROM data.award t
		WHERE t.org_id IN (SELECT flow.lineage(award_events.org_id)))
	SELECT w.effective_from, CASE WHEN w.continues_id IS NULL THEN 'AWARDED'
			ELSE 'CONTINUES' END, w.org_id, w.org_name, w.id, w.title, w.doc_no,
		w.continues_id FROM w
	UNION ALL
	SELECT w.ended_on, w.state, w.org_id, flow.org_name(w.org_id, w.ended_on), w.id,
		w.title, w.ended_doc, w.ended_why FROM w WHERE w.ended_on IS NOT NULL
	UNION ALL
	SELECT r.opened_on, 'REVIEW_OPENED', w.org_id, flow.org_name(w.org_id, r.opened_on),
		r.id, w.title, NULL, r.facts FROM w JOIN data.award_review r ON r.award_id = w.id
	UNION ALL
	SELECT r.ended_on, 'REVIEW_' || r.state, w.org_id, flow.org_name(w.org_id, r.ended_on),
		r.id, w.title, r.doc_no, r.ended_why
	FROM w JOIN data.award_review r ON r.award_id = w.id
	WHERE r.ended_on IS NOT NULL AND r.state <> 'REVOKED'
	UNION ALL
	SELECT t.extension_on, 'TERM_EXTENDED', t.org_id, flow.org_name(t.org_id, t.extension_on),
		t.id, NULL, t.extension_doc, NULL
	FROM data.term t WHERE t.org_id IN (SELECT flow.lineage(award_events.org_id))
		AND t.extension_on IS NOT NULL $$;

CREATE FUNCTION api.award_history(me auth.actor, INOUT org_id text, OUT org_name text,
	OUT events api.history_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	org_id := flow.own_org(me, org_id);
	IF org_id IS NULL THEN
		PERFORM refuse.invalid('org_id', 'id_needed');
	END IF;
	PERFORM auth.need(me, org_id);
	org_name := flow.org_name(org_id, flow.today());
	events := ARRAY(SELECT e FROM (SELECT x.* FROM flow.award_events(org_id) x
			UNION ALL SELECT s.* FROM flow.succession_events(org_id) s
			UNION ALL SELECT u.* FROM flow.escalation_events(org_id) u) e
		ORDER BY e.happened_on, array_position('{AWARDED,TERM_EXTENDED,REVIEW_OPENED,REVIEW_KEPT,REVIEW_LAPSED,
			REVOKED,ENDED_TERM,ENDED_REORG,CONTINUED,CONTINUES}'::text[], e.kind), e.object_id);
END $$;
