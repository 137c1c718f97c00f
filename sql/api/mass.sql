-- Representatives of the masses.  Messages: proto/mass.proto.

CREATE TYPE api.representative AS (name text, category text, unit text);

-- Every reason against a list.  The branch may have a say; alone it has not.
CREATE FUNCTION flow.representative_reasons(org_id text, chosen_by text[],
	people api.representative[]) RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(x.r), '{}') FROM (
		SELECT refuse.reason('chosen_by_nobody') AS r WHERE chosen_by = '{}'
		UNION ALL
		SELECT refuse.reason('chosen_by_branch_alone', representative_reasons.org_id)
		WHERE chosen_by <> '{}' AND NOT EXISTS (SELECT FROM unnest(chosen_by) c
			WHERE NOT flow.names_branch(c, representative_reasons.org_id))
		UNION ALL
		SELECT refuse.reason('representatives_none') WHERE people = '{}'
		UNION ALL
		SELECT refuse.reason('representative_incomplete', p.n::text)
		FROM unnest(people) WITH ORDINALITY p(name, category, unit, n)
		WHERE coalesce(p.name, '') !~ '\S' OR coalesce(p.category, '') !~ '\S'
		UNION ALL
		SELECT refuse.reason('representative_twice', p.name, p.category)
		FROM unnest(people) p GROUP BY p.name, p.category, p.unit HAVING count(*) > 1
		UNION ALL
		SELECT refuse.reason('representative_is_member', p.name,
			representative_reasons.org_id)
		FROM unnest(people) p WHERE EXISTS (SELECT FROM data.affiliation f
			JOIN data.person q ON q.id = f.person_id AND q.name = p.name
			WHERE f.org_id = representative_reasons.org_id AND f.from_on <= flow.today()
				AND (f.to_on IS NULL OR f.to_on > flow.today()))) x $$;

CREATE FUNCTION api.choose_representatives(me auth.actor, org_id text, year int,
	how_chosen text, chosen_by text[], representatives api.representative[],
	OUT mass_session_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	p record;
	c text;
BEGIN
	org_id := flow.find_branch(me, org_id);
	PERFORM flow.need_outsider(me, org_id);
	PERFORM refuse.unless_year(year);
	PERFORM refuse.unless_words('how_chosen', how_chosen, 1000);
	FOREACH c IN ARRAY chosen_by LOOP
		PERFORM refuse.unless_line('chosen_by', c, 100);
	END LOOP;
	PERFORM refuse.defects(org_id, flow.representative_reasons(org_id, chosen_by,
		representatives));
	FOR p IN SELECT * FROM unnest(representatives) LOOP
		PERFORM refuse.unless_line('name', p.name, 50);
		PERFORM refuse.unless_line('category', p.category, 50);
		PERFORM refuse.unless_line_or_none('unit', p.unit);
		PERFORM refuse.unless_students_judge('category', p.category);
	END LOOP;
	state := 'CHOSEN';
	PERFORM pg_advisory_xact_lock(hashtext('mass_session ' || org_id));
	SELECT m.id INTO mass_session_id FROM data.mass_session m
	WHERE m.org_id = org_id AND m.year = year;
	IF FOUND THEN
		PERFORM flow.need(me, 'mass_session', mass_session_id, state);
		DELETE FROM data.representative r WHERE r.mass_session_id = mass_session_id;
		UPDATE data.mass_session m SET how_chosen = how_chosen, chosen_by = chosen_by,
			recorded_by = me.person_id WHERE m.id = mass_session_id;
	ELSE
		mass_session_id := flow.new_id('mass_session', 'QZ', org_id);
		INSERT INTO data.mass_session (id, org_id, state, application_id, year,
			how_chosen, chosen_by, recorded_by)
		VALUES (mass_session_id, org_id, state, flow.open_for(org_id, 'MASSES'), year,
			how_chosen, chosen_by, me.person_id);
	END IF;
	INSERT INTO data.representative (mass_session_id, representative_no, name, category, unit)
	SELECT mass_session_id, r.n, r.name, r.category, r.unit
	FROM unnest(representatives) WITH ORDINALITY r(name, category, unit, n);
END $$;

CREATE FUNCTION flow.find_mass_session(me auth.actor, mass_session_id text)
RETURNS data.mass_session LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_session data.mass_session;
BEGIN
	SELECT m.* INTO found_session FROM data.mass_session m WHERE m.id = mass_session_id;
	PERFORM auth.need(me, found_session.org_id);
	RETURN found_session;
END $$;

CREATE FUNCTION api.seat_representatives(me auth.actor, INOUT mass_session_id text,
	held_on date, absent_nos int[], OUT state text, OUT present int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	m data.mass_session := flow.find_mass_session(me, mass_session_id);
	strange int;
BEGIN
	PERFORM flow.need_outsider(me, m.org_id);
	PERFORM refuse.unless_past('held_on', held_on);
	SELECT min(n) INTO strange FROM unnest(absent_nos) n WHERE NOT EXISTS (
		SELECT FROM data.representative r
		WHERE r.mass_session_id = m.id AND r.representative_no = n);
	IF strange IS NOT NULL THEN
		PERFORM refuse.invalid('absent_nos', 'not_on_list', strange::text);
	END IF;
	state := 'HELD';
	PERFORM flow.move(me, 'mass_session', m.id, state);
	UPDATE data.mass_session s SET held_on = held_on WHERE s.id = m.id;
	UPDATE data.representative r SET took_part = NOT r.representative_no = ANY (absent_nos)
	WHERE r.mass_session_id = m.id;
	SELECT count(*)::int INTO present FROM data.representative r
	WHERE r.mass_session_id = m.id AND r.took_part;
END $$;

CREATE TYPE api.mass_session_row AS (mass_session_id text, year int, state text,
	how_chosen text, chosen_by text[]);
CREATE FUNCTION api.list_representatives(me auth.actor, org_id text,
	OUT sessions api.mass_session_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	org_id := flow.find_branch(me, flow.own_org(me, org_id));
	SELECT coalesce(array_agg(ROW(m.id, m.year, m.state, m.how_chosen,
		m.chosen_by)::api.mass_session_row ORDER BY m.year), '{}') INTO sessions
	FROM data.mass_session m WHERE m.org_id = org_id;
END $$;

-- The branch sees who judges it and how they were chosen.
CREATE FUNCTION api.show_representatives(me auth.actor, INOUT mass_session_id text,
	OUT state text, OUT org_id text, OUT org_name text, OUT year int, OUT how_chosen text,
	OUT chosen_by text[], OUT held_on date, OUT representatives api.representative_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE m data.mass_session := flow.find_mass_session(me, mass_session_id);
BEGIN
	SELECT m.state, m.org_id, flow.org_name(m.org_id, flow.today()), m.year,
		m.how_chosen, m.chosen_by, m.held_on
	INTO state, org_id, org_name, year, how_chosen, chosen_by, held_on;
	SELECT coalesce(array_agg(ROW(r.representative_no, r.name, r.category, r.unit,
		r.took_part)::api.representative_row ORDER BY r.representative_no), '{}')
	INTO representatives FROM data.representative r WHERE r.mass_session_id = m.id;
END $$;
