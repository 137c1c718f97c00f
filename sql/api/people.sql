-- The roster.  Messages: proto/people.proto.

CREATE TYPE api.member_row AS (person_id text, name text, mark text, member_no text,
	kind text, standing text, from_on date);

-- In the order of the college's own numbers.  The two counts are head counts of
-- those whose membership is here; who only takes part is listed but not counted.
CREATE FUNCTION api.list_people(me auth.actor, INOUT org_id text, OUT org_name text,
	INOUT as_of_on date, OUT full_members int, OUT probationary_members int,
	OUT people api.member_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	org_id := flow.own_org(me, org_id);
	PERFORM auth.need(me, org_id);
	as_of_on := coalesce(as_of_on, flow.today());
	org_name := flow.org_name(org_id, as_of_on);
	full_members := flow.members(org_id, as_of_on, 'FULL');
	probationary_members := flow.members(org_id, as_of_on, 'PROBATIONARY');
	SELECT coalesce(array_agg(ROW(p.id, p.name, p.mark, p.member_no, a.kind, a.standing,
		a.from_on)::api.member_row ORDER BY p.member_no, length(p.id), p.id, a.kind), '{}')
	INTO people FROM data.affiliation a JOIN data.person p ON p.id = a.person_id
	WHERE a.org_id = org_id AND a.from_on <= as_of_on
		AND (a.to_on IS NULL OR a.to_on > as_of_on);
END $$;

CREATE TYPE api.affiliation_row AS (org_id text, org_name text, kind text, standing text,
	from_on date, to_on date);

CREATE FUNCTION api.show_person(me auth.actor, person text, OUT person_id text,
	OUT name text, OUT mark text, OUT member_no text, OUT active boolean,
	OUT affiliations api.affiliation_row[], OUT offices api.office_holder[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	person_id := flow.person(person);
	IF NOT EXISTS (SELECT FROM data.affiliation a WHERE a.person_id = person_id
			AND auth.reaches(me, a.org_id)) THEN
		PERFORM refuse.denied();
	END IF;
	SELECT p.name, p.mark, p.member_no, p.active INTO name, mark, member_no, active
	FROM data.person p WHERE p.id = person_id;
	SELECT coalesce(array_agg(ROW(a.org_id, flow.org_name(a.org_id, flow.today()), a.kind,
		a.standing, a.from_on, a.to_on)::api.affiliation_row ORDER BY a.from_on, a.org_id), '{}')
	INTO affiliations FROM data.affiliation a WHERE a.person_id = person_id;
	SELECT coalesce(array_agg(ROW(o.org_id, flow.org_name(o.org_id, flow.today()), o.role,
		person_id, name, mark, o.from_on, o.to_on, o.doc_no)::api.office_holder
		ORDER BY o.from_on, o.org_id, o.role), '{}')
	INTO offices FROM data.office o WHERE o.person_id = person_id;
END $$;

-- ---- import --------------------------------------------------------------------------
CREATE TYPE api.person_import AS (line int, member_no text, name text, mark text,
	org_id text, kind text, standing text, from_on date);

CREATE FUNCTION flow.person_row_reasons(x api.person_import) RETURNS refuse.reason[]
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[] := '{}';
BEGIN
	IF coalesce(x.member_no, '') !~ '^[A-Za-z0-9-]{1,32}$' THEN
		r := r || refuse.reason('member_no_bad', coalesce(x.member_no, ''));
	END IF;
	IF flow.blank(x.name) OR char_length(x.name) > 200 THEN
		r := r || refuse.reason('name_missing');
	END IF;
	IF NOT EXISTS (SELECT FROM data.org o WHERE o.id = x.org_id) THEN
		r := r || refuse.reason('line_org_unknown', coalesce(x.org_id, ''));
	ELSIF NOT flow.stands(x.org_id, flow.today()) THEN
		r := r || refuse.reason('line_org_gone', x.org_id);
	END IF;
	IF x.kind IS NULL OR NOT x.kind = ANY ('{PRIMARY,TEMPORARY,DUAL_LIFE}') THEN
		r := r || refuse.reason('kind_unknown', coalesce(x.kind, ''));
	END IF;
	IF x.standing IS NULL OR NOT x.standing = ANY ('{FULL,PROBATIONARY}') THEN
		r := r || refuse.reason('standing_unknown', coalesce(x.standing, ''));
	END IF;
	IF x.from_on IS NULL THEN
		r := r || refuse.reason('line_date_missing', 'from_on');
	END IF;
	RETURN r;
END $$;

-- What is wrong between lines: one person under two names or with two memberships,
-- one line twice.
CREATE FUNCTION flow.people_file_reasons(rows api.person_import[]) RETURNS refuse.reason[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(d.reason ORDER BY d.line), '{}') FROM (
		SELECT x.line, refuse.reason('two_names', x.line::text, x.member_no, x.name,
			y.name) AS reason
		FROM unnest(rows) x JOIN unnest(rows) y ON y.member_no = x.member_no
			AND y.line < x.line
			AND (y.name, coalesce(y.mark, '')) <> (x.name, coalesce(x.mark, ''))
		UNION ALL
		SELECT x.line, refuse.reason('two_memberships', x.line::text, x.member_no,
			y.line::text)
		FROM unnest(rows) x JOIN unnest(rows) y ON y.member_no = x.member_no
			AND y.line < x.line AND x.kind = 'PRIMARY' AND y.kind = 'PRIMARY'
		UNION ALL
		SELECT x.line, refuse.reason('row_twice', x.line::text, x.member_no)
		FROM unnest(rows) x JOIN unnest(rows) y ON y.member_no = x.member_no
			AND y.line < x.line AND x.kind <> 'PRIMARY'
			AND y.kind = x.kind AND y.org_id = x.org_id) d $$;

CREATE FUNCTION flow.import_person(x api.person_import, OUT person_id text,
	OUT differences api.difference[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	p data.person;
	subject text := x.member_no || ' ' || x.name;
BEGIN
	SELECT y.* INTO p FROM data.person y WHERE y.member_no = x.member_no;
	IF NOT FOUND THEN
		person_id := flow.next_person(x.member_no);
		INSERT INTO data.person (id, name, mark, member_no)
		VALUES (person_id, x.name, x.mark, x.member_no);
		differences := ARRAY[ROW(x.line, subject, 'NEW', 'person', NULL,
			person_id)::api.difference];
		RETURN;
	END IF;
	person_id := p.id;
	UPDATE data.person y SET name = x.name, mark = x.mark WHERE y.id = p.id
		AND (y.name, y.mark) IS DISTINCT FROM (x.name::data.line, x.mark::data.line);
	differences := flow.differ(x.line, subject, 'name', p.name, x.name)
		|| flow.differ(x.line, subject, 'mark', p.mark, x.mark);
END $$;

-- Where a person belongs.  Another branch or another standing is a new dated row
-- and ends the present one; another date alone corrects the present one.
CREATE FUNCTION flow.import_affiliation(x api.person_import, person_id text,
	INOUT reasons refuse.reason[], OUT differences api.difference[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.affiliation;
	subject text := x.member_no || ' ' || x.name;
	same boolean;
BEGIN
	differences := '{}';
	SELECT y.* INTO a FROM data.affiliation y WHERE y.person_id = person_id
		AND y.kind = x.kind AND (x.kind = 'PRIMARY' OR y.org_id = x.org_id)
		AND y.to_on IS NULL
	ORDER BY y.from_on DESC LIMIT 1;
	same := a.org_id = x.org_id AND a.standing = x.standing;
	IF same AND a.from_on = x.from_on THEN
		RETURN;
	END IF;
	IF same THEN
		UPDATE data.affiliation y SET from_on = x.from_on WHERE y.person_id = person_id
			AND y.org_id = a.org_id AND y.kind = a.kind AND y.from_on = a.from_on;
		differences := flow.differ(x.line, subject, 'from_on', a.from_on::text,
			x.from_on::text);
		RETURN;
	END IF;
	IF x.from_on <= a.from_on THEN
		reasons := reasons || refuse.reason('from_not_after', x.member_no,
			x.from_on::text, a.from_on::text);
		RETURN;
	END IF;
	UPDATE data.affiliation y SET to_on = x.from_on WHERE y.person_id = person_id
		AND y.org_id = a.org_id AND y.kind = a.kind AND y.from_on = a.from_on;
	INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on)
	VALUES (person_id, x.org_id, x.kind, x.standing, x.from_on);
	differences := CASE WHEN a.person_id IS NULL
		THEN ARRAY[ROW(x.line, subject, 'NEW', 'org_id', NULL,
			x.org_id)::api.difference]
		ELSE flow.differ(x.line, subject, 'org_id', a.org_id, x.org_id)
			|| flow.differ(x.line, subject, 'standing', a.standing, x.standing) END;
EXCEPTION WHEN exclusion_violation THEN
	reasons := reasons || refuse.reason('membership_overlaps', x.member_no,
		x.from_on::text);
END $$;

-- Two people of one name in one branch must be told apart by a mark.
CREATE FUNCTION flow.same_name_reasons() RETURNS refuse.reason[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(refuse.reason('same_name_needs_mark', d.name, d.org_id)
		ORDER BY d.org_id, d.name), '{}')
	FROM (SELECT a.org_id, p.name FROM data.affiliation a
		JOIN data.person p ON p.id = a.person_id AND p.active
		WHERE a.to_on IS NULL
		GROUP BY a.org_id, p.name
		HAVING count(DISTINCT p.id) > count(DISTINCT p.mark)
			AND count(DISTINCT p.id) > 1) d $$;

CREATE FUNCTION api.import_people(me auth.actor, rows api.person_import[],
	OUT differences api.difference[], OUT unchanged int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	x api.person_import;
	d api.difference[];
	e api.difference[];
	r refuse.reason[] := '{}';
	why refuse.reason[];
	person_id text;
BEGIN
	PERFORM flow.one_import();
	differences := '{}';
	unchanged := 0;
	FOREACH x IN ARRAY rows LOOP
		r := r || refuse.at_line(x.line, flow.person_row_reasons(x));
	END LOOP;
	r := r || flow.people_file_reasons(rows);
	PERFORM refuse.defects(me.request, r);
	FOREACH x IN ARRAY rows LOOP
		SELECT i.person_id, i.differences INTO person_id, d FROM flow.import_person(x) i;
		SELECT i.reasons, i.differences INTO why, e
		FROM flow.import_affiliation(x, person_id, '{}') i;
		r := r || refuse.at_line(x.line, why);
		-- a new person is one difference: the line that says where he belongs
		IF cardinality(e) > 0 AND d[1].change = 'NEW' THEN
			d := '{}';
		END IF;
		differences := differences || d || e;
		unchanged := unchanged + (cardinality(d || e) = 0)::int;
	END LOOP;
	PERFORM refuse.defects(me.request, r || flow.same_name_reasons());
	-- told, not ended: who left is entered with the branch he went to
	differences := differences || coalesce((SELECT array_agg(ROW(NULL,
			concat_ws(' ', p.member_no, p.name), 'MISSING', 'org_id', a.org_id,
			NULL)::api.difference ORDER BY a.org_id, p.member_no)
		FROM data.affiliation a JOIN data.person p ON p.id = a.person_id AND p.active
		WHERE a.kind = 'PRIMARY' AND a.to_on IS NULL AND NOT EXISTS (
			SELECT FROM unnest(rows) y WHERE y.member_no = p.member_no
				AND y.kind = 'PRIMARY')), '{}');
END $$;
