-- The register of weak and lax branches.  Messages: proto/weak_lax.proto.

-- ---- guards, hints ---------------------------------------------------------------
CREATE FUNCTION guard.weak_lax_helped(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('helper_none', weak_lax_helped.id)
	WHERE NOT EXISTS (SELECT FROM data.weak_lax_helper h
		WHERE h.weak_lax_id = weak_lax_helped.id) $$;
CREATE FUNCTION guard.weak_lax_unhelped(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.when(EXISTS (SELECT FROM data.weak_lax_helper h
		WHERE h.weak_lax_id = weak_lax_unhelped.id), 'helper_there') g $$;
CREATE FUNCTION guard.weak_lax_unplanned(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.weak_lax c, guard.when(c.state <> 'LISTED', 'plan_there') g
	WHERE c.id = weak_lax_unplanned.id $$;
-- The branch itself, or a helper.
CREATE FUNCTION guard.weak_lax_at_work(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.weak_lax c, guard.when(c.org_id <> me.org_id
		AND NOT flow.helps(me.person_id, c.id), 'case_of_others') g
	WHERE c.id = weak_lax_at_work.id $$;
CREATE FUNCTION guard.weak_lax_other_hand(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT r.* FROM data.weak_lax c, flow.acceptance_reasons(me, c) r
	WHERE c.id = weak_lax_other_hand.id $$;

-- ---- pieces ------------------------------------------------------------------------
CREATE FUNCTION flow.helps(person_id text, weak_lax_id text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.weak_lax_helper h
		WHERE h.weak_lax_id = helps.weak_lax_id AND h.person_id = helps.person_id) $$;
CREATE FUNCTION flow.find_weak_lax(me auth.actor, weak_lax_id text) RETURNS data.weak_lax
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE c data.weak_lax;
BEGIN
	SELECT t.* INTO c FROM data.weak_lax t WHERE t.id = weak_lax_id;
	PERFORM auth.need(me, c.org_id);
	RETURN c;
END $$;
-- Whether it is mended is not for those to say who helped, who asked, or who belong
-- to the branch.
CREATE FUNCTION flow.acceptance_reasons(me auth.actor, c data.weak_lax)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('you_helped', c.id) WHERE flow.helps(me.person_id, c.id)
	UNION ALL
	SELECT refuse.reason('you_asked', c.id) WHERE c.asked_by = me.person_id
	UNION ALL
	SELECT refuse.reason('your_own_branch', c.org_id) WHERE flow.belongs(me, c.org_id) $$;

-- ---- listing, help, plan --------------------------------------------------------------
-- Criteria are words of the open list, never a line; who listed it, on what basis.
CREATE FUNCTION api.open_weak_lax(me auth.actor, INOUT org_id text, criteria text[],
	facts text, basis text, listed_on date, OUT weak_lax_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_branch('org_id', org_id);
	PERFORM flow.need_outsider(me, org_id);
	IF cardinality(criteria) = 0 THEN
		PERFORM refuse.invalid('criteria', 'criterion_missing');
	END IF;
	criteria := ARRAY(SELECT flow.need_choice('criteria', 'WEAK_LAX_CRITERION', c.said)
		FROM unnest(criteria) WITH ORDINALITY c(said, n) ORDER BY c.n);
	PERFORM refuse.unless_words('facts', facts, 4000);
	PERFORM refuse.unless_line('basis', basis);
	listed_on := coalesce(listed_on, flow.today());
	PERFORM refuse.unless_past('listed_on', listed_on);
	PERFORM refuse.unless_sane_date('listed_on', listed_on);
	SELECT c.id INTO weak_lax_id FROM data.weak_lax c
	WHERE c.org_id = org_id AND c.closed_on IS NULL ORDER BY c.id LIMIT 1;
	IF weak_lax_id IS NOT NULL THEN
		PERFORM refuse.conflict('weak_lax_listed_already', org_id, weak_lax_id);
	END IF;
	weak_lax_id := flow.new_id('weak_lax', 'RR', org_id);
	state := 'LISTED';
	INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by)
	VALUES (weak_lax_id, org_id, state, criteria, facts, basis, listed_on, me.person_id);
END $$;

CREATE FUNCTION api.assign_helper(me auth.actor, INOUT weak_lax_id text, person text,
	help_with text, OUT name text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	c data.weak_lax := flow.find_weak_lax(me, weak_lax_id);
	person_id text := flow.person(person);
BEGIN
	state := flow.need(me, 'weak_lax', c.id);
	PERFORM refuse.unless_line('help_with', help_with, 100);
	PERFORM refuse.unless_somebody('person', person_id);
	name := flow.person_label(person_id);
	INSERT INTO data.weak_lax_helper (weak_lax_id, person_id, help_with, from_on, assigned_by)
	VALUES (c.id, person_id, help_with, flow.today(), me.person_id) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('helper_already', name, c.id);
	END IF;
END $$;

CREATE FUNCTION api.plan_weak_lax(me auth.actor, INOUT weak_lax_id text, measures text,
	due_on date, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE c data.weak_lax := flow.find_weak_lax(me, weak_lax_id);
BEGIN
	PERFORM flow.need(me, 'weak_lax', c.id, 'PLANNED');
	PERFORM refuse.unless_words('measures', measures, 4000);
	IF due_on IS NULL THEN
		PERFORM refuse.invalid('due_on', 'date_missing');
	END IF;
	PERFORM refuse.unless_sane_date('due_on', due_on);
	IF due_on < c.listed_on THEN
		PERFORM refuse.invalid('due_on', 'due_before_listing', due_on::text,
			c.listed_on::text);
	END IF;
	UPDATE data.weak_lax t SET measures = measures, due_on = due_on WHERE t.id = c.id;
	state := 'PLANNED';
	PERFORM flow.move(me, 'weak_lax', c.id, state);
END $$;

-- ---- at work, acceptance -----------------------------------------------------------------
CREATE FUNCTION flow.note_weak_lax(me auth.actor, weak_lax_id text, text text) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO data.weak_lax_note (weak_lax_id, serial, text, by_person, at)
	SELECT note_weak_lax.weak_lax_id, count(*) + 1, note_weak_lax.text, me.person_id, flow.now()
	FROM data.weak_lax_note n WHERE n.weak_lax_id = note_weak_lax.weak_lax_id $$;

-- By the branch, the department, or a helper from the committee.
CREATE FUNCTION api.progress_weak_lax(me auth.actor, INOUT weak_lax_id text, text text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE c data.weak_lax := flow.find_weak_lax(me, weak_lax_id);
BEGIN
	IF me.role = 'committee_member' AND NOT flow.helps(me.person_id, c.id) THEN
		PERFORM refuse.denied();
	END IF;
	PERFORM refuse.unless_words('text', text, 2000);
	state := 'RECTIFYING';
	PERFORM flow.move(me, 'weak_lax', c.id, state);
	PERFORM flow.note_weak_lax(me, c.id, text);
END $$;

CREATE FUNCTION api.ask_acceptance(me auth.actor, INOUT weak_lax_id text, result text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE c data.weak_lax := flow.find_weak_lax(me, weak_lax_id);
BEGIN
	PERFORM refuse.unless_words('result', result, 4000);
	state := 'ACCEPTANCE_ASKED';
	PERFORM flow.move(me, 'weak_lax', c.id, state);
	UPDATE data.weak_lax t SET result = result, asked_on = flow.today(),
		asked_by = me.person_id WHERE t.id = c.id;
END $$;

-- Closed, or back to work; with the opinion of those who went and looked.
CREATE FUNCTION api.accept_weak_lax(me auth.actor, INOUT weak_lax_id text, accepted boolean,
	opinion text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	c data.weak_lax := flow.find_weak_lax(me, weak_lax_id);
	r refuse.reason[] := ARRAY(SELECT x FROM flow.acceptance_reasons(me, c) x);
BEGIN
	IF accepted IS NULL THEN
		PERFORM refuse.invalid('accepted', 'statement_missing');
	END IF;
	PERFORM refuse.unless_words('opinion', opinion, 2000);
	state := CASE WHEN accepted THEN 'CLOSED' ELSE 'RECTIFYING' END;
	PERFORM flow.need(me, 'weak_lax', c.id, state);
	IF cardinality(r) > 0 THEN
		PERFORM refuse.because('ZB012', 'second_person_needed', ARRAY[c.id], r);
	END IF;
	UPDATE data.weak_lax t SET state = state, opinion = opinion, accepted_by = me.person_id,
		closed_on = CASE WHEN accepted THEN flow.today() END WHERE t.id = c.id;
	PERFORM flow.note_weak_lax(me, c.id, opinion);
END $$;

-- ---- reading -------------------------------------------------------------------------------
CREATE TYPE api.weak_lax_row AS (weak_lax_id text, org_id text, org_name text, state text,
	criteria text[], listed_on date, due_on date, helper_names text[], closed_on date);
CREATE FUNCTION flow.helper_names(weak_lax_id text) RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT flow.person_label(h.person_id) FROM data.weak_lax_helper h
		WHERE h.weak_lax_id = helper_names.weak_lax_id ORDER BY h.from_on, h.person_id) $$;
-- The open ones; with `closed_too` all there ever were.
CREATE FUNCTION api.list_weak_lax(me auth.actor, org_id text, closed_too boolean,
	OUT cases api.weak_lax_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(c.id, c.org_id, flow.org_name(c.org_id, flow.today()),
		c.state, c.criteria, c.listed_on, c.due_on, flow.helper_names(c.id),
		c.closed_on)::api.weak_lax_row ORDER BY c.org_id, c.listed_on, c.id), '{}')
	FROM data.weak_lax c
	WHERE auth.reaches(me, c.org_id)
		AND c.org_id = coalesce(list_weak_lax.org_id, c.org_id)
		AND (c.closed_on IS NULL OR coalesce(list_weak_lax.closed_too, false)) $$;

CREATE TYPE api.helper_row AS (name text, help_with text, from_on date);
CREATE TYPE api.case_move_row AS (from_org_id text, from_org_name text, to_org_id text,
	moved_on date);
CREATE FUNCTION api.show_weak_lax(me auth.actor, INOUT weak_lax_id text, OUT org_id text,
	OUT org_name text, OUT state text, OUT criteria text[], OUT facts text, OUT basis text,
	OUT listed_on date, OUT measures text, OUT due_on date, OUT result text,
	OUT acceptance_asked_on date, OUT opinion text, OUT accepted_by text, OUT closed_on date,
	OUT helpers api.helper_row[], OUT notes api.work_note_row[],
	OUT moves api.case_move_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE c data.weak_lax := flow.find_weak_lax(me, weak_lax_id);
BEGIN
	SELECT c.org_id, flow.org_name(c.org_id, flow.today()), c.state, c.criteria, c.facts,
		c.basis, c.listed_on, c.measures, c.due_on, c.result, c.asked_on, c.opinion,
		flow.person_name(c.accepted_by), c.closed_on
	INTO org_id, org_name, state, criteria, facts, basis, listed_on, measures, due_on,
		result, acceptance_asked_on, opinion, accepted_by, closed_on;
	helpers := ARRAY(SELECT ROW(flow.person_label(h.person_id), h.help_with,
			h.from_on)::api.helper_row
		FROM data.weak_lax_helper h WHERE h.weak_lax_id = c.id ORDER BY h.from_on, h.person_id);
	notes := ARRAY(SELECT ROW(n.at, flow.person_name(n.by_person), n.text)::api.work_note_row
		FROM data.weak_lax_note n WHERE n.weak_lax_id = c.id ORDER BY n.serial);
	moves := ARRAY(SELECT ROW(m.from_org_id, flow.org_name(m.from_org_id, m.moved_on - 1),
			m.to_org_id, m.moved_on)::api.case_move_row
		FROM data.weak_lax_move m WHERE m.weak_lax_id = c.id ORDER BY m.moved_on);
END $$;
