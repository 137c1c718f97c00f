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
