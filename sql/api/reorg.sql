-- Reorganisation.  Messages: proto/reorg.proto.

CREATE TYPE api.reorg_result AS (org_id text, name text, short_name text, kind text,
	member_category text, parent_id text);
CREATE TYPE api.reorg_member AS (person_id text, to_org_id text);
CREATE TYPE api.reorg_award AS (award_id text, to_org_id text);

-- ---- what it touches -----------------------------------------------------------
-- Organisations there are no more afterwards.
CREATE FUNCTION flow.reorg_ends(r data.reorg) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT f FROM unnest(r.from_org_ids) f
	WHERE r.kind IN ('MERGE', 'DISSOLVE') OR r.kind = 'SPLIT' AND NOT EXISTS (
		SELECT FROM data.reorg_result x WHERE x.reorg_id = r.id AND x.org_id = f) $$;
-- Those there are now and it is about.
CREATE FUNCTION flow.reorg_touches(r data.reorg) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT f FROM unnest(r.from_org_ids) f
	UNION
	SELECT x.org_id FROM data.reorg_result x JOIN data.org o ON o.id = x.org_id
	WHERE x.reorg_id = r.id $$;
-- Whose membership goes: all of an organisation that ends, and those named.
CREATE FUNCTION flow.reorg_moves(r data.reorg, on_day date)
RETURNS TABLE (person_id text, org_id text, kind text, standing text, to_on date,
	to_org_id text) LANGUAGE sql STABLE AS $$
	SELECT a.person_id, a.org_id, a.kind, a.standing, a.to_on, coalesce(m.to_org_id,
		CASE WHEN a.kind <> 'PRIMARY' OR r.kind = 'MERGE' THEN r.heir_id END)
	FROM data.affiliation a
	LEFT JOIN data.reorg_member m ON m.reorg_id = r.id AND m.person_id = a.person_id
	WHERE a.org_id = ANY (r.from_org_ids) AND a.from_on < on_day
		AND (a.to_on IS NULL OR a.to_on > on_day)
		AND (a.org_id IN (SELECT flow.reorg_ends(r)) OR m.to_org_id <> a.org_id
			AND a.kind = 'PRIMARY') $$;
CREATE FUNCTION flow.is_branch(org_id text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.org o WHERE o.id = is_branch.org_id
		AND o.kind LIKE 'branch%' AND flow.stands(o.id, flow.today())) $$;

-- ---- what speaks against it --------------------------------------------------------
-- In itself: shape of the plan, the tree afterwards.
CREATE FUNCTION flow.reorg_shape(r data.reorg) RETURNS SETOF refuse.reason
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	f text;
	x data.reorg_result;
	n int;
	there boolean;
BEGIN
	FOREACH f IN ARRAY r.from_org_ids LOOP
		IF NOT flow.stands(f, flow.today()) THEN
			RETURN NEXT refuse.reason('org_gone', f);
		ELSIF NOT EXISTS (SELECT FROM data.org o WHERE o.id = f AND (o.kind LIKE 'branch%'
				OR o.kind = 'general_branch' AND r.kind NOT IN ('MERGE', 'SPLIT')
				OR o.kind = 'department' AND r.kind = 'RENAME')) THEN
			RETURN NEXT refuse.reason('reorg_not_for_kind', f);
		END IF;
	END LOOP;
	SELECT count(*) INTO n FROM data.reorg_result t WHERE t.reorg_id = r.id;
	IF cardinality(r.from_org_ids) > 1 AND r.kind NOT IN ('MERGE', 'TRANSFER') THEN
		RETURN NEXT refuse.reason('reorg_one_from');
	END IF;
	IF r.kind = 'MERGE' AND n <> 1 OR r.kind = 'RENAME' AND n <> 1
			OR r.kind = 'SPLIT' AND n < 2 OR r.kind = 'DISSOLVE' AND n > 0
			OR r.kind = 'TRANSFER' AND n <> cardinality(r.from_org_ids) THEN
		RETURN NEXT refuse.reason(CASE r.kind WHEN 'RENAME' THEN 'reorg_results_rename'
			WHEN 'MERGE' THEN 'reorg_results_merge' WHEN 'SPLIT' THEN 'reorg_results_split'
			WHEN 'DISSOLVE' THEN 'reorg_results_dissolve' ELSE 'reorg_results_transfer' END);
	END IF;
	FOR x IN SELECT t.* FROM data.reorg_result t WHERE t.reorg_id = r.id ORDER BY t.result_no
	LOOP
		there := EXISTS (SELECT FROM data.org o WHERE o.id = x.org_id);
		IF r.kind = 'MERGE' AND x.org_id = ANY (r.from_org_ids) THEN
			RETURN NEXT refuse.reason('merge_with_itself', x.org_id);
		ELSIF r.kind IN ('RENAME', 'TRANSFER') AND NOT x.org_id = ANY (r.from_org_ids) THEN
			RETURN NEXT refuse.reason('reorg_result_other', x.org_id);
		ELSIF r.kind IN ('MERGE', 'SPLIT') AND there AND NOT flow.is_branch(x.org_id) THEN
			RETURN NEXT refuse.reason('reorg_not_for_kind', x.org_id);
		ELSIF NOT there AND (x.org_id !~ '^[A-Z0-9]{1,12}$' OR x.name IS NULL
				OR coalesce(x.kind, '') NOT LIKE 'branch%' OR x.parent_id IS NULL) THEN
			RETURN NEXT refuse.reason('reorg_new_org', x.org_id);
		END IF;
		IF r.kind = 'RENAME' AND coalesce(x.name = flow.org_name(x.org_id, flow.today()), true) THEN
			RETURN NEXT refuse.reason('reorg_same_name', x.org_id);
		END IF;
		IF r.kind = 'TRANSFER' AND coalesce(x.parent_id
				= (flow.org_version(x.org_id, flow.today())).parent_id, true) THEN
			RETURN NEXT refuse.reason('reorg_same_parent', x.org_id);
		END IF;
		IF x.parent_id IS NOT NULL AND there
				AND x.parent_id IN (SELECT flow.below(x.org_id, flow.today())) THEN
			RETURN NEXT refuse.reason('tree_in_circle', x.org_id);
		ELSIF x.parent_id IS NOT NULL AND NOT (flow.stands(x.parent_id, flow.today())
				AND EXISTS (SELECT FROM data.org o WHERE o.id = x.parent_id
					AND o.kind IN ('committee', 'general_branch'))) THEN
			RETURN NEXT refuse.reason('reorg_parent', x.org_id, x.parent_id);
		END IF;
	END LOOP;
	IF r.kind = 'SPLIT' AND NOT EXISTS (SELECT FROM data.reorg_result t
			WHERE t.reorg_id = r.id AND t.org_id = r.heir_id) THEN
		RETURN NEXT refuse.reason('reorg_heir_needed');
	END IF;
	IF r.kind = 'DISSOLVE' AND EXISTS (SELECT FROM data.org_version v
			WHERE v.parent_id = r.org_id AND v.from_on <= flow.today()
				AND (v.to_on IS NULL OR v.to_on > flow.today())
				AND v.status NOT IN ('MERGED', 'SPLIT', 'DISSOLVED')) THEN
		IF NOT coalesce(flow.stands(r.heir_id, flow.today()), false) THEN
			RETURN NEXT refuse.reason('reorg_heir_of_tree', r.org_id);
		ELSIF r.heir_id IN (SELECT flow.below(r.org_id, flow.today())) THEN
			RETURN NEXT refuse.reason('tree_in_circle', r.org_id);
		END IF;
	END IF;
	RETURN QUERY SELECT (refuse.reason('reorg_under_way', o.id)).* FROM data.reorg o
		WHERE o.id <> r.id AND NOT flow.is_final('reorg', o.state)
			AND EXISTS (SELECT flow.reorg_touches(o) INTERSECT SELECT flow.reorg_touches(r));
END $$;

-- Every award in effect needs the committee's word; one organisation carries one.
CREATE FUNCTION flow.reorg_awards(r data.reorg) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	WITH w AS (SELECT t.*, d.reorg_id IS NOT NULL AS decided, d.to_org_id
		FROM data.award t
		LEFT JOIN data.reorg_award d ON d.award_id = t.id AND d.reorg_id = r.id
		WHERE t.ended_on IS NULL AND t.org_id IN (SELECT flow.reorg_touches(r)))
	SELECT refuse.reason('award_undecided', w.id, w.org_name) FROM w WHERE NOT w.decided
	UNION ALL
	SELECT refuse.reason('award_under_review', w.id) FROM w WHERE w.state = 'UNDER_REVIEW'
	UNION ALL
	SELECT refuse.reason('award_time_over', w.id, w.valid_to::text) FROM w
	WHERE w.valid_to < flow.today()
	UNION ALL
	SELECT refuse.reason('award_to_nowhere', w.id, w.to_org_id) FROM w
	WHERE w.to_org_id IS NOT NULL AND w.to_org_id NOT IN (
		SELECT t FROM flow.reorg_touches(r) t EXCEPT SELECT flow.reorg_ends(r)
		UNION SELECT x.org_id FROM data.reorg_result x WHERE x.reorg_id = r.id)
	UNION ALL
	SELECT refuse.reason('two_awards_one_org', w.to_org_id,
		string_agg(w.id, ' ' ORDER BY w.id)) FROM w
	WHERE w.to_org_id IS NOT NULL GROUP BY w.to_org_id HAVING count(*) > 1
	UNION ALL
	SELECT refuse.reason('award_not_touched', d.award_id) FROM data.reorg_award d
	WHERE d.reorg_id = r.id AND d.award_id NOT IN (SELECT w.id FROM w) $$;

-- What would be cut off in the middle.  A merged or split branch hands its open
-- problems and its case on; a dissolved one has nobody to hand them to.
CREATE FUNCTION flow.reorg_business(r data.reorg) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	WITH gone AS (SELECT flow.reorg_ends(r) AS id)
	SELECT refuse.reason('application_near_end', a.id, 'application.' || a.state)
	FROM data.application a JOIN gone ON gone.id = a.org_id
	WHERE NOT flow.is_final('application', a.state) AND (r.kind = 'DISSOLVE'
		OR NOT EXISTS (SELECT FROM rule.transition t WHERE t.entity = 'application'
			AND t.from_state = a.state AND t.request = 'carry_out_reorg'
			AND t.to_state = 'LAPSED'))
	UNION ALL
	SELECT refuse.reason('ballot_running', b.id, 'ballot_session.' || b.state)
	FROM data.ballot_session b JOIN gone ON gone.id = b.org_id
	WHERE NOT flow.is_final('ballot_session', b.state) AND b.state <> 'CERTIFIED'
		AND NOT EXISTS (SELECT FROM rule.transition t WHERE t.entity = 'ballot_session'
			AND t.from_state = b.state AND t.request = 'carry_out_reorg')
	UNION ALL
	(SELECT refuse.reason('gap_open', g.id) FROM data.gap g JOIN gone ON gone.id = g.org_id
	WHERE r.kind = 'DISSOLVE' AND NOT flow.is_final('gap', g.state) ORDER BY g.id)
	UNION ALL
	SELECT refuse.reason('open_case_stays', c.id) FROM data.weak_lax c
	JOIN gone ON gone.id = c.org_id WHERE r.kind = 'DISSOLVE' AND c.closed_on IS NULL
	UNION ALL
	SELECT refuse.reason('members_unassigned', count(*)::text,
		string_agg(flow.person_label(m.person_id), '、' ORDER BY m.person_id))
	FROM flow.reorg_moves(r, flow.today() + 1) m
	WHERE m.kind = 'PRIMARY' AND m.to_org_id IS NULL HAVING count(*) > 0
	UNION ALL
	SELECT refuse.reason('member_not_there', flow.person_label(m.person_id))
	FROM data.reorg_member m WHERE m.reorg_id = r.id AND NOT EXISTS (
		SELECT FROM data.affiliation a WHERE a.person_id = m.person_id AND a.kind = 'PRIMARY'
			AND a.org_id = ANY (r.from_org_ids) AND (a.to_on IS NULL OR a.to_on > flow.today()))
	UNION ALL
	SELECT refuse.reason('member_to_nowhere', flow.person_label(m.person_id), m.to_org_id)
	FROM data.reorg_member m WHERE m.reorg_id = r.id AND NOT CASE r.kind
		WHEN 'DISSOLVE' THEN flow.is_branch(m.to_org_id) AND m.to_org_id <> r.org_id
		ELSE EXISTS (SELECT FROM data.reorg_result x WHERE x.reorg_id = r.id
			AND x.org_id = m.to_org_id) END $$;

CREATE FUNCTION guard.reorg_possible(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g FROM data.reorg r, LATERAL (SELECT flow.reorg_shape(r)
		UNION ALL SELECT flow.reorg_awards(r)
		UNION ALL SELECT flow.reorg_business(r)) x(g)
	WHERE r.id = reorg_possible.id $$;

CREATE FUNCTION guard.reorg_can_be_done(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('resolution_unsigned', reorg_can_be_done.id)
	WHERE flow.signed_item(reorg_can_be_done.id) IS NULL
	UNION ALL
	SELECT g FROM guard.reorg_possible(reorg_can_be_done.id) g $$;

-- ---- planning -----------------------------------------------------------------------
CREATE FUNCTION flow.org_label(org_id text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT concat_ws(' ', org_label.org_id, flow.org_name(org_label.org_id, flow.today())) $$;

-- The words the committee votes on: everything that is to happen.
CREATE FUNCTION flow.reorg_motion(r data.reorg) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT concat_ws('；',
		CASE r.kind WHEN 'RENAME' THEN f.words || '更名为' || x.words
			WHEN 'MERGE' THEN f.words || '并入' || x.words
			WHEN 'SPLIT' THEN f.words || '拆分为' || x.words
			WHEN 'TRANSFER' THEN f.words || '调整隶属关系：' || x.words
			ELSE '撤销' || f.words END,
		CASE WHEN r.kind IN ('MERGE', 'SPLIT') THEN '未了事项由' || h.words || '承接'
			WHEN r.heir_id IS NOT NULL THEN '下属组织归' || h.words END,
		(SELECT string_agg(CASE WHEN d.to_org_id IS NULL THEN '评定' || d.award_id || '终止'
			WHEN d.to_org_id = w.org_id THEN '评定' || d.award_id || '继续有效'
			ELSE '评定' || d.award_id || '由' || d.to_org_id || '接续' END, '；' ORDER BY d.award_id)
		FROM data.reorg_award d JOIN data.award w ON w.id = d.award_id
		WHERE d.reorg_id = r.id),
		'理由：' || r.reason)
	FROM (SELECT string_agg(flow.org_label(o), '、' ORDER BY o) FROM unnest(r.from_org_ids) o) f(words),
		(SELECT string_agg(concat_ws(' ', t.org_id, coalesce(t.name, flow.org_name(t.org_id,
				flow.today()))) || CASE WHEN t.parent_id IS NULL THEN ''
				ELSE '（隶属' || flow.org_label(t.parent_id) || '）' END, '、' ORDER BY t.result_no)
		FROM data.reorg_result t WHERE t.reorg_id = r.id) x(words),
		(SELECT coalesce((SELECT concat_ws(' ', t.org_id, t.name) FROM data.reorg_result t
			WHERE t.reorg_id = r.id AND t.org_id = r.heir_id AND t.name IS NOT NULL),
			flow.org_label(r.heir_id))) h(words) $$;

CREATE FUNCTION api.plan_reorg(me auth.actor, kind text, from_org_ids text[],
	results api.reorg_result[], heir_id text, members api.reorg_member[],
	awards api.reorg_award[], reason text, OUT reorg_id text, OUT state text,
	OUT motion text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r data.reorg;
	unknown refuse.reason[];
BEGIN
	PERFORM flow.one_import();
	IF kind IS NULL THEN
		PERFORM refuse.invalid('kind', 'choice_missing');
	END IF;
	IF coalesce(cardinality(from_org_ids), 0) = 0 THEN
		PERFORM refuse.invalid('from_org_ids', 'text_missing');
	END IF;
	PERFORM refuse.unless_words('reason', reason, 2000);
	from_org_ids := ARRAY(SELECT DISTINCT coalesce(f, '') FROM unnest(from_org_ids) f ORDER BY 1);
	unknown := ARRAY(SELECT refuse.reason('org_unknown', f) FROM unnest(from_org_ids) f
			WHERE NOT EXISTS (SELECT FROM data.org o WHERE o.id = f)
		UNION ALL
		SELECT refuse.reason('org_unknown', coalesce(x.parent_id, x.org_id, '')) FROM unnest(results) x
			WHERE x.org_id IS NULL OR x.parent_id IS NOT NULL
				AND NOT EXISTS (SELECT FROM data.org o WHERE o.id = x.parent_id)
		UNION ALL
		SELECT refuse.reason('row_twice_here', x.org_id) FROM unnest(results) x
			GROUP BY x.org_id HAVING count(*) > 1
		UNION ALL
		SELECT refuse.reason('person_not_found', coalesce(m.person_id, '')) FROM unnest(members) m
			WHERE m.to_org_id IS NULL OR NOT EXISTS (SELECT FROM data.person p WHERE p.id = m.person_id)
		UNION ALL
		SELECT refuse.reason('row_twice_here', m.person_id) FROM unnest(members) m
			GROUP BY m.person_id HAVING count(*) > 1
		UNION ALL
		SELECT refuse.reason('award_not_touched', coalesce(a.award_id, '')) FROM unnest(awards) a
			WHERE NOT EXISTS (SELECT FROM data.award w WHERE w.id = a.award_id)
		UNION ALL
		SELECT refuse.reason('row_twice_here', a.award_id) FROM unnest(awards) a
			GROUP BY a.award_id HAVING count(*) > 1
		UNION ALL
		SELECT refuse.reason('name_missing_here', x.org_id) FROM unnest(results) x
			WHERE x.name !~ '\S' OR char_length(x.name) > 200 OR x.name ~ '[\n\t\uE000-\uF8FF]'
				OR x.short_name !~ '\S' OR char_length(x.short_name) > 200
				OR x.short_name ~ '[\n\t\uE000-\uF8FF]');
	PERFORM refuse.defects('reorg', unknown);
	reorg_id := flow.new_id('reorg', 'TZ');
	state := 'PLANNED';
	INSERT INTO data.reorg (id, org_id, state, kind, from_org_ids, heir_id, reason, motion,
		proposed_on, planned_by)
	VALUES (reorg_id, from_org_ids[1], state, kind, from_org_ids,
		coalesce(heir_id, CASE kind WHEN 'MERGE' THEN results[1].org_id END), reason, '',
		flow.today(), me.person_id);
	INSERT INTO data.reorg_result (reorg_id, result_no, org_id, name, short_name, kind,
		member_category, parent_id)
	SELECT reorg_id, x.n, x.org_id, x.name, x.short_name, x.kind, x.member_category, x.parent_id
	FROM unnest(results) WITH ORDINALITY
		x(org_id, name, short_name, kind, member_category, parent_id, n);
	INSERT INTO data.reorg_member (reorg_id, person_id, to_org_id)
	SELECT reorg_id, m.person_id, m.to_org_id FROM unnest(members) m;
	INSERT INTO data.reorg_award (reorg_id, award_id, to_org_id)
	SELECT reorg_id, a.award_id, nullif(a.to_org_id, '') FROM unnest(awards) a;
	PERFORM refuse.defects('reorg', flow.reasons('reorg_possible', reorg_id));
	SELECT x.* INTO r FROM data.reorg x WHERE x.id = reorg_id;
	motion := flow.reorg_motion(r);
	UPDATE data.reorg x SET motion = motion WHERE x.id = reorg_id;
END $$;

CREATE FUNCTION flow.find_reorg(me auth.actor, reorg_id text) RETURNS data.reorg
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.reorg;
BEGIN
	SELECT x.* INTO r FROM data.reorg x WHERE x.id = reorg_id;
	PERFORM auth.need(me, r.org_id);
	RETURN r;
END $$;

CREATE FUNCTION api.drop_reorg(me auth.actor, INOUT reorg_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_reorg(me, reorg_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'DROPPED';
	PERFORM flow.move(me, 'reorg', reorg_id, state);
	UPDATE data.reorg r SET dropped_why = reason WHERE r.id = reorg_id;
END $$;

-- ---- carrying it out, all of it or nothing -----------------------------------------------
-- Another row from a day on: what is not given stays.
CREATE FUNCTION flow.change_org(org_id text, on_day date, name text, short_name text,
	parent_id text, status text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE v data.org_version;
BEGIN
	UPDATE data.org_version x SET to_on = on_day WHERE x.org_id = org_id AND x.to_on IS NULL
	RETURNING x.* INTO STRICT v;
	INSERT INTO data.org_version (org_id, parent_id, name, short_name, status, from_on)
	VALUES (org_id, coalesce(parent_id, v.parent_id), coalesce(name, v.name),
		CASE WHEN name IS NULL THEN v.short_name ELSE short_name END,
		coalesce(status, v.status), on_day);
END $$;

-- The first day on which nothing of what it touches is newer.
CREATE FUNCTION flow.reorg_earliest(r data.reorg) RETURNS date LANGUAGE sql STABLE AS $$
	SELECT greatest(
		(SELECT m.held_on FROM data.agenda_item i JOIN data.meeting m ON m.id = i.meeting_id
		WHERE i.id = flow.signed_item(r.id)),
		(SELECT max(v.from_on) + 1 FROM data.org_version v
		WHERE v.org_id IN (SELECT flow.reorg_touches(r)) OR v.to_on IS NULL AND v.parent_id = r.org_id
			AND r.kind = 'DISSOLVE'),
		(SELECT max(a.from_on) + 1 FROM data.affiliation a
		WHERE a.org_id = ANY (r.from_org_ids)),
		(SELECT max(o.from_on) FROM data.office o WHERE o.org_id = ANY (r.from_org_ids))) $$;

-- Names, places in the tree, new organisations, ends, links.
CREATE FUNCTION flow.reorg_tree(r data.reorg, on_day date, doc text) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	x data.reorg_result;
	o text;
BEGIN
	FOR x IN SELECT t.* FROM data.reorg_result t WHERE t.reorg_id = r.id ORDER BY t.result_no
	LOOP
		IF NOT EXISTS (SELECT FROM data.org t WHERE t.id = x.org_id) THEN
			INSERT INTO data.org (id, kind, member_category, established_on, doc_no)
			VALUES (x.org_id, x.kind, x.member_category, on_day, doc);
			INSERT INTO data.org_version (org_id, parent_id, name, short_name, from_on)
			VALUES (x.org_id, x.parent_id, x.name, x.short_name, on_day);
		ELSIF x.name IS NOT NULL OR x.parent_id IS NOT NULL THEN
			PERFORM flow.change_org(x.org_id, on_day, x.name, x.short_name, x.parent_id, NULL);
		END IF;
	END LOOP;
	IF r.kind = 'DISSOLVE' THEN
		FOR o IN SELECT v.org_id FROM data.org_version v WHERE v.parent_id = r.org_id
			AND v.to_on IS NULL AND v.status NOT IN ('MERGED', 'SPLIT', 'DISSOLVED')
		LOOP
			PERFORM flow.change_org(o, on_day, NULL, NULL, r.heir_id, NULL);
		END LOOP;
	END IF;
	FOR o IN SELECT flow.reorg_ends(r) LOOP
		PERFORM flow.change_org(o, on_day, NULL, NULL, NULL, CASE r.kind WHEN 'MERGE'
			THEN 'MERGED' WHEN 'SPLIT' THEN 'SPLIT' ELSE 'DISSOLVED' END);
	END LOOP;
	INSERT INTO data.org_succession (from_org_id, to_org_id, kind, succeeded_on, reorg_id)
	SELECT f, t.org_id, r.kind, on_day, r.id FROM unnest(r.from_org_ids) f
	LEFT JOIN data.reorg_result t ON t.reorg_id = r.id
		AND CASE WHEN r.kind IN ('RENAME', 'TRANSFER') THEN t.org_id = f ELSE t.org_id <> f END;
END $$;

-- Members go with their standing; offices and contact point of what ends, end.
CREATE FUNCTION flow.reorg_people(r data.reorg, on_day date) RETURNS int
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	m record;
	moved int := 0;
BEGIN
	FOR m IN SELECT * FROM flow.reorg_moves(r, on_day) LOOP
		UPDATE data.affiliation a SET to_on = on_day WHERE a.person_id = m.person_id
			AND a.org_id = m.org_id AND a.kind = m.kind AND (a.to_on IS NULL OR a.to_on > on_day);
		IF m.kind = 'PRIMARY' THEN
			moved := moved + 1;
		ELSIF m.to_org_id IS NULL OR EXISTS (SELECT FROM data.affiliation a
				WHERE a.person_id = m.person_id AND a.org_id = m.to_org_id
					AND (a.to_on IS NULL OR a.to_on > on_day)) THEN
			CONTINUE;
		END IF;
		INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on, to_on)
		VALUES (m.person_id, m.to_org_id, m.kind, m.standing, on_day, m.to_on);
	END LOOP;
	UPDATE data.office o SET to_on = on_day WHERE o.org_id IN (SELECT flow.reorg_ends(r))
		AND (o.to_on IS NULL OR o.to_on > on_day);
	UPDATE data.contact_point c SET to_on = on_day WHERE c.org_id IN (SELECT flow.reorg_ends(r))
		AND (c.to_on IS NULL OR c.to_on > on_day);
	UPDATE data.term t SET ended_on = on_day WHERE t.org_id IN (SELECT flow.reorg_ends(r))
		AND t.ended_on IS NULL;
	RETURN moved;
END $$;

-- As the committee said: ended, or carried on by one organisation, never by two (T2).
CREATE FUNCTION flow.reorg_titles(me auth.actor, r data.reorg, on_day date, doc text)
RETURNS text[] LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	d record;
	made text[] := '{}';
	new_id text;
	term data.term;
BEGIN
	FOR d IN SELECT w.*, x.to_org_id AS goes_to FROM data.reorg_award x
		JOIN data.award w ON w.id = x.award_id
		WHERE x.reorg_id = r.id AND x.to_org_id IS DISTINCT FROM w.org_id
		-- what ends makes room for what comes
		ORDER BY x.to_org_id IS NOT NULL, w.id
	LOOP
		IF d.goes_to IS NULL THEN
			PERFORM flow.end_award(me, d.id, 'ENDED_REORG', on_day, doc, r.reason);
			CONTINUE;
		END IF;
		PERFORM flow.need(me, 'award', d.id, 'CONTINUED');
		UPDATE data.award w SET state = 'CONTINUED', ended_on = on_day, ended_doc = doc,
			ended_why = flow.org_label(d.goes_to) WHERE w.id = d.id;
		term := flow.running_term(d.goes_to, on_day);
		new_id := flow.new_id('award', 'PD', d.goes_to);
		INSERT INTO data.award (id, org_id, state, application_id, round_id, continues_id,
			programme_id, level, title, org_name, doc_no, decided_on, term_id,
			effective_from, valid_to, agenda_item_id, notice_id, signed_by)
		VALUES (new_id, d.goes_to, 'EFFECTIVE', d.application_id, d.round_id, d.id,
			d.programme_id, d.level, d.title, flow.org_name(d.goes_to, on_day), doc,
			d.decided_on, coalesce(term.id, d.term_id), on_day,
			greatest(on_day, least(d.valid_to, flow.term_end(term.id))),
			flow.signed_item(r.id), d.notice_id, me.person_id);
		PERFORM flow.award_passed(d.id, new_id, d.goes_to);
		UPDATE data.escalation e SET award_id = new_id, org_id = d.goes_to
		WHERE e.award_id = d.id AND NOT flow.is_final('escalation', e.state);
		made := made || new_id;
	END LOOP;
	RETURN made;
END $$;

-- What is half done where a branch ends: rounds and applications end, open problems
-- and a weak and lax case go to the heir with their origin (T1).
CREATE FUNCTION flow.reorg_unfinished(me auth.actor, r data.reorg, on_day date, doc text)
RETURNS text[] LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	o text;
	x record;
	g data.gap;
	new_id text;
	carried text[] := '{}';
BEGIN
	FOR o IN SELECT e FROM flow.reorg_ends(r) e LOOP
		FOR x IN SELECT b.id FROM data.ballot_session b WHERE b.org_id = o
			AND b.state IN ('PREPARED', 'ROLL_FROZEN')
		LOOP
			PERFORM flow.move(me, 'ballot_session', x.id, 'VOID');
			UPDATE data.ballot_session b SET void_reason = doc WHERE b.id = x.id;
			DELETE FROM data.slip s WHERE s.session_id = x.id;
		END LOOP;
		FOR x IN SELECT s.id FROM data.eval_stream s WHERE s.org_id = o
			AND s.state IN ('PLANNED', 'OPEN', 'REOPENED')
		LOOP
			PERFORM flow.move(me, 'eval_stream', x.id, 'NOT_CARRIED_OUT');
			UPDATE data.eval_stream s SET skip_reason = doc, skipped_by = me.person_id
			WHERE s.id = x.id;
		END LOOP;
		FOR x IN SELECT a.id FROM data.application a WHERE a.org_id = o
			AND NOT flow.is_final('application', a.state)
		LOOP
			PERFORM flow.move(me, 'application', x.id, 'LAPSED');
			PERFORM flow.step(me, x.id, 'LAPSED', NULL, doc);
			UPDATE data.application a SET ended_why = doc, at_org_id = NULL WHERE a.id = x.id;
		END LOOP;
		FOR x IN SELECT d.id FROM data.round d WHERE d.org_id = o AND d.ended_on IS NULL LOOP
			PERFORM flow.move(me, 'round', x.id, 'ENDED_REORG');
			UPDATE data.round d SET ended_on = greatest(d.started_on, on_day), ended_why = doc
			WHERE d.id = x.id;
		END LOOP;
		FOR g IN SELECT t.* FROM data.gap t WHERE t.org_id = o
			AND NOT flow.is_final('gap', t.state) ORDER BY t.found_on, t.id
		LOOP
			PERFORM flow.move(me, 'gap', g.id, 'CARRIED_OVER');
			new_id := flow.new_id('gap', 'WT', r.heir_id);
			INSERT INTO data.gap SELECT (jsonb_populate_record(g, jsonb_build_object(
				'id', new_id, 'org_id', r.heir_id, 'origin_id', g.id, 'round_id', (
				SELECT d.id FROM data.round d WHERE d.org_id = r.heir_id
					AND d.ended_on IS NULL)))).*;
			carried := carried || new_id;
		END LOOP;
		IF r.kind <> 'DISSOLVE' THEN
			PERFORM flow.weak_lax_moves(o, r.heir_id, on_day);
		END IF;
	END LOOP;
	RETURN carried;
END $$;

-- An application that lies at a level no longer above its branch goes on.
CREATE FUNCTION flow.reorg_levels(me auth.actor) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.application;
	level text;
BEGIN
	FOR a IN SELECT x.* FROM data.application x WHERE x.state = 'AT_INTERMEDIATE' LOOP
		level := flow.next_level(a.id);
		IF level IS NOT DISTINCT FROM a.at_org_id THEN
			CONTINUE;
		END IF;
		PERFORM flow.move(me, 'application', a.id, CASE WHEN level IS NULL THEN 'SUBMITTED'
			ELSE 'AT_INTERMEDIATE' END);
		UPDATE data.application x SET at_org_id = level WHERE x.id = a.id;
		PERFORM flow.step(me, a.id, CASE WHEN level IS NULL THEN 'SUBMITTED'
			ELSE 'AT_INTERMEDIATE' END);
	END LOOP;
END $$;

CREATE FUNCTION api.carry_out_reorg(me auth.actor, INOUT reorg_id text, doc_no text,
	INOUT effective_on date, OUT state text, OUT moved_members int,
	OUT continued_awards text[], OUT carried_gaps text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r data.reorg := flow.find_reorg(me, reorg_id);
	earliest date;
BEGIN
	PERFORM flow.one_import();
	state := 'DONE';
	PERFORM flow.need(me, 'reorg', reorg_id, state);
	PERFORM refuse.unless_line('doc_no', doc_no, 60);
	effective_on := coalesce(effective_on, flow.today());
	earliest := flow.reorg_earliest(r);
	IF effective_on NOT BETWEEN earliest AND flow.today() THEN
		PERFORM refuse.invalid('effective_on', 'reorg_day_range', earliest::text,
			flow.today()::text);
	END IF;
	PERFORM flow.reorg_tree(r, effective_on, doc_no);
	carried_gaps := flow.reorg_unfinished(me, r, effective_on, doc_no);
	continued_awards := flow.reorg_titles(me, r, effective_on, doc_no);
	moved_members := flow.reorg_people(r, effective_on);
	PERFORM flow.reorg_levels(me);
	UPDATE data.reorg x SET state = state, effective_on = effective_on, doc_no = doc_no,
		done_by = me.person_id WHERE x.id = reorg_id;
END $$;

-- ---- reading (D29) ---------------------------------------------------------------------------
CREATE TYPE api.reorg_row AS (reorg_id text, kind text, state text, from_org_ids text[],
	proposed_on date, effective_on date, doc_no text);
CREATE FUNCTION api.list_reorgs(me auth.actor, org_id text, OUT reorgs api.reorg_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(r.id, r.kind, r.state, r.from_org_ids, r.proposed_on,
		r.effective_on, r.doc_no)::api.reorg_row ORDER BY r.proposed_on, r.id), '{}')
	FROM data.reorg r WHERE auth.reaches(me, r.org_id) AND (list_reorgs.org_id IS NULL
		OR list_reorgs.org_id IN (SELECT flow.reorg_touches(r))) $$;

CREATE TYPE api.reorg_move AS (person_id text, name text, from_org_id text, to_org_id text);
CREATE FUNCTION api.show_reorg(me auth.actor, INOUT reorg_id text, OUT kind text,
	OUT state text, OUT from_org_ids text[], OUT results api.reorg_result[],
	OUT heir_id text, OUT awards api.reorg_award[], OUT members api.reorg_move[],
	OUT reason text, OUT motion text, OUT proposed_on date, OUT planned_by_name text,
	OUT agenda_item_id text, OUT resolution text, OUT effective_on date, OUT doc_no text,
	OUT done_by_name text, OUT dropped_why text, OUT from_org_names text[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r data.reorg := flow.find_reorg(me, reorg_id);
BEGIN
	SELECT r.kind, r.state, r.from_org_ids, r.heir_id, r.reason, r.motion, r.proposed_on,
		flow.person_name(r.planned_by), r.effective_on, r.doc_no, flow.person_name(r.done_by),
		r.dropped_why
	INTO kind, state, from_org_ids, heir_id, reason, motion, proposed_on, planned_by_name,
		effective_on, doc_no, done_by_name, dropped_why;
	from_org_names := ARRAY(SELECT flow.org_name(o.id, coalesce(r.effective_on - 1, flow.today()))
		FROM unnest(r.from_org_ids) WITH ORDINALITY o(id, at) ORDER BY o.at);
	results := ARRAY(SELECT ROW(x.org_id, x.name, x.short_name, x.kind, x.member_category,
			x.parent_id)::api.reorg_result
		FROM data.reorg_result x WHERE x.reorg_id = r.id ORDER BY x.result_no);
	awards := ARRAY(SELECT ROW(x.award_id, x.to_org_id)::api.reorg_award
		FROM data.reorg_award x WHERE x.reorg_id = r.id ORDER BY x.award_id);
	members := CASE WHEN r.state = 'DONE' THEN ARRAY(SELECT ROW(a.person_id,
			flow.person_label(a.person_id), a.org_id, b.org_id)::api.reorg_move
		FROM data.affiliation a JOIN data.affiliation b ON b.person_id = a.person_id
			AND b.kind = 'PRIMARY' AND b.from_on = r.effective_on
		WHERE a.kind = 'PRIMARY' AND a.to_on = r.effective_on
			AND a.org_id = ANY (r.from_org_ids) AND a.org_id <> b.org_id
		ORDER BY a.org_id, a.person_id)
	ELSE ARRAY(SELECT ROW(m.person_id, flow.person_label(m.person_id), m.org_id,
			m.to_org_id)::api.reorg_move FROM flow.reorg_moves(r, flow.today() + 1) m
		WHERE m.kind = 'PRIMARY' AND NOT flow.is_final('reorg', r.state)
		ORDER BY m.org_id, m.person_id) END;
	SELECT i.id, i.resolution INTO agenda_item_id, resolution FROM data.agenda_item i
	WHERE i.subject_id = r.id AND i.outcome IS NOT NULL
	ORDER BY i.resolved_at DESC, i.id DESC LIMIT 1;
END $$;

-- Its place in the history of titles.
CREATE FUNCTION flow.succession_events(org_id text) RETURNS SETOF api.history_row
LANGUAGE sql STABLE AS $$
	SELECT s.succeeded_on, s.kind, s.from_org_id, flow.org_name(s.from_org_id,
		s.succeeded_on - 1), r.id, NULL, r.doc_no,
		s.to_org_id || ' ' || flow.org_name(s.to_org_id, s.succeeded_on)
	FROM data.org_succession s JOIN data.reorg r ON r.id = s.reorg_id
	WHERE s.from_org_id IN (SELECT flow.lineage(succession_events.org_id)) $$;
