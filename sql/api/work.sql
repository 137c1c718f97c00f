-- A branch's own notes of its work.  Messages: proto/work.proto.

CREATE FUNCTION flow.find_work(me auth.actor, work_id text) RETURNS data.work
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE w data.work;
BEGIN
	SELECT d.* INTO w FROM data.work d WHERE d.id = work_id
		AND auth.reaches(me, d.org_id);
	IF w.id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	RETURN w;
END $$;
CREATE FUNCTION flow.newest_work(work_id text) RETURNS data.work_version
LANGUAGE sql STABLE AS $$
	SELECT v FROM data.work_version v WHERE v.work_id = newest_work.work_id
	ORDER BY v.version_no DESC LIMIT 1 $$;
-- The codes of what was said, each of the list and once.
CREATE FUNCTION flow.need_choices(field text, list text, said text[]) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT DISTINCT flow.need_choice(field, list, s) FROM unnest(said) s
		ORDER BY 1) $$;
CREATE FUNCTION flow.choice_names(list text, codes text[]) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT c.name::text FROM data.choice c
		WHERE c.list = choice_names.list AND c.code = ANY (codes) ORDER BY c.code) $$;

-- A correction is the next version, with its reason; what others may read is asked
-- anew.
CREATE FUNCTION api.add_work(me auth.actor, INOUT work_id text, kind text,
	happened_on date, what text, for_whom text, result text, served_confirmed boolean,
	life_steps text[], branch_tasks text[], reason text, OUT version_no int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	IF kind IS NULL THEN
		PERFORM refuse.invalid('kind', 'choice_missing');
	END IF;
	IF happened_on IS NULL THEN
		PERFORM refuse.invalid('happened_on', 'date_missing');
	END IF;
	PERFORM refuse.unless_sane_date('happened_on', happened_on);
	IF happened_on > flow.today() THEN
		PERFORM refuse.invalid('happened_on', 'date_in_future', happened_on::text);
	END IF;
	PERFORM refuse.unless_words('what', what, flow.longest('add_work', 'what'));
	PERFORM refuse.if_too_long('result', result, flow.longest('add_work', 'result'));
	IF for_whom IS NOT NULL THEN
		PERFORM refuse.unless_line('for_whom', for_whom,
			flow.longest('add_work', 'for_whom'));
	END IF;
	life_steps := flow.need_choices('life_steps', 'LIFE_STEP', life_steps);
	branch_tasks := flow.need_choices('branch_tasks', 'BRANCH_TASK', branch_tasks);
	IF work_id IS NULL THEN
		reason := NULL;
		version_no := 1;
		work_id := flow.new_id('work', 'SS', me.org_id);
		INSERT INTO data.work (id, org_id) VALUES (work_id, me.org_id);
	ELSE
		PERFORM flow.find_work(me, work_id);
		PERFORM refuse.unless_line('reason', reason);
		PERFORM FROM data.work w WHERE w.id = work_id FOR UPDATE;
		version_no := (flow.newest_work(work_id)).version_no + 1;
		UPDATE data.work w SET consented_on = NULL, consented_by = NULL,
			published_on = NULL, published_by = NULL
		WHERE w.id = work_id;
	END IF;
	INSERT INTO data.work_version (work_id, version_no, kind, happened_on, what, for_whom,
		result, served_confirmed, life_steps, branch_tasks, reason, written_by, written_at)
	VALUES (work_id, version_no, kind, happened_on, what, for_whom, result,
		served_confirmed, life_steps, branch_tasks, reason, me.person_id, flow.now());
END $$;

-- Taken back, it is no longer shown.
CREATE FUNCTION api.consent_work(me auth.actor, INOUT work_id text, agreed boolean,
	OUT consented_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_work(me, work_id);
	IF agreed IS NULL THEN
		PERFORM refuse.invalid('agreed', 'choice_missing');
	END IF;
	consented_on := CASE WHEN agreed THEN flow.today() END;
	UPDATE data.work w SET consented_on = consented_on,
		consented_by = CASE WHEN agreed THEN me.person_id END,
		published_on = CASE WHEN agreed THEN w.published_on END,
		published_by = CASE WHEN agreed THEN w.published_by END
	WHERE w.id = work_id;
END $$;

CREATE FUNCTION api.publish_work(me auth.actor, INOUT work_id text, not_classified boolean,
	OUT published_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_work(me, work_id);
	IF not_classified IS NOT TRUE THEN
		PERFORM refuse.invalid('not_classified', 'secrecy_statement_missing');
	END IF;
	published_on := flow.today();
	UPDATE data.work w SET published_on = published_on, published_by = me.person_id
	WHERE w.id = work_id AND w.consented_on IS NOT NULL;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('work_without_consent', work_id);
	END IF;
END $$;

CREATE TYPE api.work_row AS (work_id text, org_id text, org_name text, kind text,
	happened_on date, what text, for_whom text, result text, published_on date);
CREATE FUNCTION flow.work_row(w data.work) RETURNS api.work_row LANGUAGE sql STABLE AS $$
	SELECT ROW(w.id, w.org_id, flow.org_name(w.org_id, flow.today()), v.kind,
		v.happened_on, v.what, v.for_whom, v.result, w.published_on)::api.work_row
	FROM flow.newest_work(w.id) v $$;
CREATE FUNCTION api.list_works(me auth.actor, org_id text, OUT works api.work_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(flow.work_row(w) ORDER BY w.org_id, length(w.id), w.id), '{}')
	FROM data.work w WHERE auth.reaches(me, w.org_id)
		AND w.org_id = coalesce(list_works.org_id, w.org_id) $$;
CREATE FUNCTION api.list_practices(me auth.actor, OUT works api.work_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(flow.work_row(w) ORDER BY w.org_id, length(w.id), w.id), '{}')
	FROM data.work w WHERE w.published_on IS NOT NULL $$;

CREATE FUNCTION api.show_work(me auth.actor, INOUT work_id text, OUT version_no int,
	OUT org_id text, OUT org_name text, OUT kind text, OUT happened_on date,
	OUT what text, OUT for_whom text, OUT result text, OUT served_confirmed boolean,
	OUT life_steps text[], OUT branch_tasks text[], OUT written_by text,
	OUT written_at timestamptz, OUT reason text, OUT consented_on date,
	OUT published_on date)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	w data.work := flow.find_work(me, work_id);
	v data.work_version := flow.newest_work(work_id);
BEGIN
	SELECT v.version_no, w.org_id, flow.org_name(w.org_id, flow.today()), v.kind,
		v.happened_on, v.what, v.for_whom, v.result, v.served_confirmed,
		flow.choice_names('LIFE_STEP', v.life_steps),
		flow.choice_names('BRANCH_TASK', v.branch_tasks),
		flow.person_name(v.written_by), v.written_at, v.reason, w.consented_on,
		w.published_on
	INTO version_no, org_id, org_name, kind, happened_on, what, for_whom, result,
		served_confirmed, life_steps, branch_tasks, written_by, written_at, reason,
		consented_on, published_on;
END $$;
