-- Contact points, dispatch meetings, tasks, inspections.  Messages:
-- proto/dispatch.proto.

-- ---- contact points --------------------------------------------------------------
-- Another member takes over from a day on; the former one's days stay.
CREATE FUNCTION api.set_contact_point(me auth.actor, INOUT org_id text, person text,
	OUT person_id text, OUT name text, OUT former_name text, INOUT from_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_branch('org_id', org_id);
	person_id := flow.person(person);
	name := flow.person_label(person_id);
	from_on := coalesce(from_on, flow.today());
	PERFORM refuse.unless_sane_date('from_on', from_on);
	IF NOT flow.on_committee(person_id, from_on) THEN
		PERFORM refuse.invalid('person', 'not_on_committee', name, from_on::text);
	END IF;
	IF EXISTS (SELECT FROM data.contact_point c WHERE c.org_id = org_id
			AND c.from_on > from_on) THEN
		PERFORM refuse.invalid('from_on', 'contact_set_later', org_id);
	END IF;
	IF person_id IN (SELECT flow.contact_points(org_id, from_on)) THEN
		PERFORM refuse.invalid('person', 'contact_already', name, org_id);
	END IF;
	SELECT flow.person_label(p) INTO former_name
	FROM flow.contact_points(org_id, from_on) p;
	UPDATE data.contact_point c SET to_on = from_on
	WHERE c.org_id = org_id AND (c.to_on IS NULL OR c.to_on > from_on);
	INSERT INTO data.contact_point (org_id, person_id, from_on, set_by)
	VALUES (org_id, person_id, from_on, me.person_id);
END $$;

CREATE FUNCTION api.end_contact_point(me auth.actor, INOUT org_id text, OUT name text,
	INOUT to_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_branch('org_id', org_id);
	to_on := coalesce(to_on, flow.today());
	UPDATE data.contact_point c SET to_on = to_on
	WHERE c.org_id = org_id AND c.from_on <= to_on AND (c.to_on IS NULL OR c.to_on > to_on)
	RETURNING flow.person_label(c.person_id) INTO name;
	IF NOT FOUND THEN
		PERFORM refuse.invalid('org_id', 'contact_none', org_id, to_on::text);
	END IF;
END $$;

-- Branches in code order, those without a contact point as well.
CREATE TYPE api.contact_point_row AS (org_id text, org_name text, name text, from_on date,
	to_on date);
CREATE FUNCTION api.list_contact_points(me auth.actor, org_id text, INOUT as_of_on date,
	OUT contact_points api.contact_point_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	as_of_on := coalesce(as_of_on, flow.today());
	contact_points := ARRAY(SELECT ROW(b.org_id, flow.org_name(b.org_id, as_of_on),
			flow.person_label(c.person_id), c.from_on, c.to_on)::api.contact_point_row
		FROM flow.active_branches(as_of_on) b(org_id)
		LEFT JOIN data.contact_point c ON c.org_id = b.org_id AND c.from_on <= as_of_on
			AND (c.to_on IS NULL OR c.to_on > as_of_on)
		WHERE b.org_id = coalesce(org_id, b.org_id)
		ORDER BY b.org_id);
END $$;

-- A line of what was done about something, by whom.
CREATE TYPE api.work_note_row AS (noted_at timestamptz, by_name text, text text);

-- ---- dispatch meetings -------------------------------------------------------------
CREATE FUNCTION guard.dispatch_day_come(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('dispatch_still_to_come', d.held_on::text)
	FROM data.dispatch d WHERE d.id = dispatch_day_come.id AND d.held_on > flow.today() $$;
CREATE FUNCTION guard.task_owner(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g.* FROM data.task t, guard.when(t.owner_id <> me.person_id, 'task_of_other') g
	WHERE t.id = task_owner.id $$;

CREATE FUNCTION flow.find_dispatch(me auth.actor, dispatch_id text) RETURNS data.dispatch
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE d data.dispatch;
BEGIN
	SELECT t.* INTO d FROM data.dispatch t WHERE t.id = dispatch_id;
	PERFORM auth.need(me, d.org_id);
	RETURN d;
END $$;

CREATE TYPE api.matter_row AS (matter_no int, kind text, object_id text, org_id text,
	org_name text, text text, due_on date);
-- As it stood when the meeting was held; before that, as it stands now.
CREATE FUNCTION flow.matter_rows(d data.dispatch) RETURNS api.matter_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(m.matter_no, m.kind, m.object_id, m.org_id,
		flow.org_name(m.org_id, d.held_on), m.text, m.due_on)::api.matter_row
		ORDER BY m.matter_no), '{}')
	FROM (SELECT k.matter_no, k.kind, k.object_id, k.org_id, k.text::text, k.due_on
		FROM data.dispatch_matter k WHERE k.dispatch_id = d.id
		UNION ALL
		SELECT o.n::int, o.kind, o.object_id, o.org_id, o.text, o.due_on
		FROM flow.open_matters() WITH ORDINALITY o(kind, object_id, org_id, text, due_on, n)
		WHERE d.state = 'PLANNED') m $$;

CREATE FUNCTION api.new_dispatch(me auth.actor, held_on date, place text,
	OUT dispatch_id text, OUT state text, OUT matters api.matter_row[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE d data.dispatch;
BEGIN
	IF held_on IS NULL THEN
		PERFORM refuse.invalid('held_on', 'date_missing');
	END IF;
	PERFORM refuse.unless_sane_date('held_on', held_on);
	PERFORM refuse.unless_line('place', place);
	dispatch_id := flow.new_id('dispatch', 'DD');
	state := 'PLANNED';
	INSERT INTO data.dispatch AS t (id, org_id, state, held_on, place, planned_by)
	VALUES (dispatch_id, flow.committee(), state, held_on, place, me.person_id)
	RETURNING t.* INTO d;
	matters := flow.matter_rows(d);
END $$;

-- Who was there and what was settled; the agenda is kept as it stood.
CREATE FUNCTION api.hold_dispatch(me auth.actor, INOUT dispatch_id text,
	participants text[], handled text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE d data.dispatch := flow.find_dispatch(me, dispatch_id);
BEGIN
	PERFORM flow.need(me, 'dispatch', d.id, 'HELD');
	IF cardinality(participants) = 0 THEN
		PERFORM refuse.invalid('participants', 'text_missing');
	END IF;
	PERFORM refuse.unless_words('handled', handled, 20000);
	INSERT INTO data.dispatch_matter (dispatch_id, matter_no, kind, object_id, org_id, text,
		due_on)
	SELECT d.id, m.matter_no, m.kind, m.object_id, m.org_id, m.text, m.due_on
	FROM unnest(flow.matter_rows(d)) m;
	INSERT INTO data.dispatch_participant (dispatch_id, person_id)
	SELECT DISTINCT d.id, flow.person(p) FROM unnest(participants) p;
	UPDATE data.dispatch t SET handled = handled WHERE t.id = d.id;
	state := 'HELD';
	PERFORM flow.move(me, 'dispatch', d.id, state);
END $$;

CREATE TYPE api.task_row AS (task_id text, org_id text, org_name text, dispatch_id text,
	object_id text, text text, owner_name text, due_on date, state text, result text,
	done_on date);
CREATE FUNCTION flow.task_row(t data.task) RETURNS api.task_row LANGUAGE sql STABLE AS $$
	SELECT ROW(t.id, t.org_id, flow.org_name(t.org_id, flow.today()), t.dispatch_id,
		t.object_id, t.text, flow.person_label(t.owner_id), t.due_on, t.state, t.result,
		t.done_on)::api.task_row $$;

CREATE FUNCTION api.show_dispatch(me auth.actor, INOUT dispatch_id text, OUT state text,
	OUT held_on date, OUT place text, OUT participants text[], OUT handled text,
	OUT matters api.matter_row[], OUT tasks api.task_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE d data.dispatch := flow.find_dispatch(me, dispatch_id);
BEGIN
	SELECT d.state, d.held_on, d.place, d.handled INTO state, held_on, place, handled;
	participants := ARRAY(SELECT flow.person_label(p.person_id)
		FROM data.dispatch_participant p WHERE p.dispatch_id = d.id
		ORDER BY length(p.person_id), p.person_id);
	matters := flow.matter_rows(d);
	tasks := ARRAY(SELECT flow.task_row(t) FROM data.task t WHERE t.dispatch_id = d.id
		ORDER BY length(t.id), t.id);
END $$;

CREATE TYPE api.dispatch_row AS (dispatch_id text, held_on date, place text, state text);
CREATE FUNCTION api.list_dispatches(me auth.actor, OUT dispatches api.dispatch_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(d.id, d.held_on, d.place, d.state)::api.dispatch_row
		ORDER BY d.held_on, length(d.id), d.id), '{}')
	FROM data.dispatch d WHERE auth.reaches(me, d.org_id) $$;

-- ---- tasks ---------------------------------------------------------------------------
-- The person who owns it, or who leads the work.
CREATE FUNCTION flow.find_task(me auth.actor, task_id text) RETURNS data.task
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE t data.task;
BEGIN
	SELECT x.* INTO t FROM data.task x WHERE x.id = task_id;
	IF t.owner_id IS DISTINCT FROM me.person_id AND coalesce(me.role, '') NOT IN (
			'od_officer', 'od_head', 'committee_member', 'committee_secretary') THEN
		PERFORM refuse.denied();
	END IF;
	IF t.id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	RETURN t;
END $$;
-- Its owner reports on it; the department may write down what it was told.
CREATE FUNCTION flow.own_task(me auth.actor, task_id text) RETURNS data.task
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE t data.task := flow.find_task(me, task_id);
BEGIN
	IF t.owner_id <> me.person_id AND me.role NOT IN ('od_officer', 'od_head') THEN
		PERFORM refuse.denied();
	END IF;
	RETURN t;
END $$;

CREATE FUNCTION api.add_task(me auth.actor, dispatch_id text, object_id text, org_id text,
	text text, owner text, due_on date, OUT task_id text, OUT state text,
	OUT owner_name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	d data.dispatch := flow.find_dispatch(me, dispatch_id);
	owner_id text := flow.person(owner);
	matter data.dispatch_matter;
BEGIN
	PERFORM flow.need(me, 'dispatch', d.id);
	IF object_id IS NOT NULL THEN
		SELECT m.* INTO matter FROM data.dispatch_matter m
		WHERE m.dispatch_id = d.id AND m.object_id = object_id LIMIT 1;
		IF matter.object_id IS NULL THEN
			PERFORM refuse.invalid('object_id', 'not_on_agenda', object_id, d.id);
		END IF;
	END IF;
	org_id := coalesce(org_id, matter.org_id, d.org_id);
	PERFORM auth.need(me, org_id);
	PERFORM refuse.unless_words('text', text, 1000);
	PERFORM refuse.unless_somebody('owner', owner_id);
	IF due_on IS NULL THEN
		PERFORM refuse.invalid('due_on', 'date_missing');
	END IF;
	PERFORM refuse.unless_sane_date('due_on', due_on);
	IF due_on < d.held_on THEN
		PERFORM refuse.invalid('due_on', 'due_before_meeting', due_on::text,
			d.held_on::text);
	END IF;
	task_id := flow.new_id('task', 'RW');
	state := 'OPEN';
	owner_name := flow.person_label(owner_id);
	INSERT INTO data.task (id, org_id, state, dispatch_id, object_id, text, owner_id, due_on,
		set_by)
	VALUES (task_id, org_id, state, d.id, object_id, text, owner_id, due_on, me.person_id);
END $$;

CREATE FUNCTION flow.note_task(me auth.actor, task_id text, text text) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO data.task_note (task_id, serial, text, by_person, at)
	SELECT note_task.task_id, count(*) + 1, note_task.text, me.person_id, flow.now()
	FROM data.task_note n WHERE n.task_id = note_task.task_id $$;

CREATE FUNCTION api.progress_task(me auth.actor, INOUT task_id text, text text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_task(me, task_id);
	PERFORM refuse.unless_words('text', text, 1000);
	state := 'DOING';
	PERFORM flow.move(me, 'task', task_id, state);
	PERFORM flow.note_task(me, task_id, text);
END $$;

CREATE FUNCTION api.finish_task(me auth.actor, INOUT task_id text, result text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_task(me, task_id);
	PERFORM refuse.unless_words('result', result, 1000);
	PERFORM flow.need(me, 'task', task_id, 'DONE');
	state := 'DONE';
	UPDATE data.task t SET state = state, result = result, done_on = flow.today()
	WHERE t.id = task_id;
END $$;

-- All of them for those who lead the work; for everybody else the own ones.
CREATE FUNCTION api.list_tasks(me auth.actor, done_too boolean, OUT tasks api.task_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(flow.task_row(t) ORDER BY t.due_on, length(t.id), t.id), '{}')
	FROM data.task t
	WHERE (t.owner_id = me.person_id OR coalesce(me.role, '') IN ('od_officer', 'od_head',
			'committee_member', 'committee_secretary'))
		AND (t.state <> 'DONE' OR coalesce(list_tasks.done_too, false)) $$;

CREATE FUNCTION api.show_task(me auth.actor, INOUT task_id text, OUT org_id text,
	OUT org_name text, OUT state text, OUT dispatch_id text, OUT object_id text,
	OUT text text, OUT owner_name text, OUT due_on date, OUT result text, OUT done_on date,
	OUT notes api.work_note_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r api.task_row := flow.task_row(flow.find_task(me, task_id));
BEGIN
	SELECT r.org_id, r.org_name, r.state, r.dispatch_id, r.object_id, r.text, r.owner_name,
		r.due_on, r.result, r.done_on
	INTO org_id, org_name, state, dispatch_id, object_id, text, owner_name, due_on, result,
		done_on;
	notes := ARRAY(SELECT ROW(n.at, flow.person_name(n.by_person), n.text)::api.work_note_row
		FROM data.task_note n WHERE n.task_id = task_id ORDER BY n.serial);
END $$;

-- ---- inspections ---------------------------------------------------------------------
CREATE TYPE api.finding AS (item text, problem text, due_on date);

-- Unannounced: what was seen becomes a note of the branch, what must be mended a
-- problem of it that the department confirms (source INSPECTION).
CREATE FUNCTION api.add_inspection(me auth.actor, org_id text, happened_on date, place text,
	attended_by text, text text, handled text, visibility text, findings api.finding[],
	OUT note_id text, OUT gap_ids text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	f api.finding;
	gap_id text;
BEGIN
	note_id := api.add_note(me, org_id, 'INSPECTION', happened_on, text, place, attended_by,
		handled, visibility);
	-- an inspection is a going there (plan 五(二))
	PERFORM refuse.unless_line('place', place);
	SELECT n.org_id INTO org_id FROM data.note n WHERE n.id = note_id;
	gap_ids := '{}';
	FOREACH f IN ARRAY findings LOOP
		PERFORM refuse.unless_words('problem', f.problem, 1000);
		PERFORM refuse.unless_sane_date('due_on', f.due_on);
		IF f.item IS NOT NULL AND NOT EXISTS (SELECT FROM flow.standard_items(
				flow.current_standard(), NULL) i WHERE i.code = f.item) THEN
			PERFORM refuse.invalid('item', 'item_unknown', f.item);
		END IF;
		gap_id := flow.new_id('gap', 'WT', org_id);
		INSERT INTO data.gap (id, org_id, state, round_id, item_code, source, problem, due_on,
			found_on, found_by)
		VALUES (gap_id, org_id, 'FOUND', (SELECT r.id FROM data.round r
				WHERE r.org_id = org_id AND r.ended_on IS NULL),
			f.item, 'INSPECTION', f.problem, f.due_on, happened_on, me.person_id);
		INSERT INTO data.finding (note_id, gap_id) VALUES (note_id, gap_id);
		gap_ids := gap_ids || gap_id;
	END LOOP;
END $$;

CREATE TYPE api.finding_row AS (gap_id text, item text, problem text, due_on date,
	state text, result text);
CREATE TYPE api.inspection_row AS (note_id text, org_id text, org_name text,
	happened_on date, place text, written_by text, attended_by text, findings_open int);
-- The newest version of each; what is internal stays with the department.
CREATE FUNCTION flow.inspections(me auth.actor) RETURNS SETOF data.note_version
LANGUAGE sql STABLE AS $$
	SELECT v.* FROM data.note_version v JOIN data.note n ON n.id = v.note_id
	WHERE v.source = 'INSPECTION' AND auth.reaches(me, n.org_id)
		AND flow.sees_note(me, n.org_id, v)
		AND NOT EXISTS (SELECT FROM data.note_version x WHERE x.note_id = v.note_id
			AND x.version_no > v.version_no) $$;

CREATE FUNCTION api.list_inspections(me auth.actor, org_id text, year int,
	OUT inspections api.inspection_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(n.id, n.org_id, flow.org_name(n.org_id, v.happened_on),
		v.happened_on, v.place, flow.person_name(v.written_by), v.attended_by,
		(SELECT count(*) FROM data.finding f JOIN data.gap g ON g.id = f.gap_id
			WHERE f.note_id = n.id AND NOT flow.is_final('gap', g.state)))::api.inspection_row
		ORDER BY n.org_id, v.happened_on, length(n.id), n.id), '{}')
	FROM flow.inspections(me) v JOIN data.note n ON n.id = v.note_id
	WHERE n.org_id = coalesce(list_inspections.org_id, n.org_id)
		AND (list_inspections.year IS NULL
			OR extract(year FROM v.happened_on) = list_inspections.year) $$;

CREATE FUNCTION api.show_inspection(me auth.actor, INOUT note_id text, OUT org_id text,
	OUT org_name text, OUT happened_on date, OUT place text, OUT written_by text,
	OUT attended_by text, OUT text text, OUT handled text, OUT findings api.finding_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE v data.note_version;
BEGIN
	SELECT i.* INTO v FROM flow.inspections(me) i WHERE i.note_id = note_id;
	IF v.note_id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	SELECT n.org_id INTO org_id FROM data.note n WHERE n.id = note_id;
	SELECT flow.org_name(org_id, v.happened_on), v.happened_on, v.place,
		flow.person_name(v.written_by), v.attended_by, v.text, v.handled
	INTO org_name, happened_on, place, written_by, attended_by, text, handled;
	findings := ARRAY(SELECT ROW(g.id, g.item_code, g.problem, g.due_on, g.state,
			g.result)::api.finding_row
		FROM data.finding f JOIN data.gap g ON g.id = f.gap_id WHERE f.note_id = note_id
		ORDER BY length(g.id), g.id);
END $$;
