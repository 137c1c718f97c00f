-- Who is asking.  Messages: proto/access.proto.

CREATE TYPE api.office_row AS (office text, role text, org_id text, org_name text,
	from_on date, to_on date);

CREATE FUNCTION api.whoami(me auth.actor, OUT person_id text, OUT name text,
	OUT offices api.office_row[], OUT today_on date, OUT now_at timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT p.id, p.name, coalesce((SELECT array_agg(ROW(o.role || '@' || o.org_id, o.role,
			o.org_id, v.name, o.from_on, o.to_on)::api.office_row ORDER BY o.org_id, o.role)
		FROM data.office o
		LEFT JOIN data.org_version v ON v.org_id = o.org_id AND v.from_on <= flow.today()
			AND (v.to_on IS NULL OR v.to_on > flow.today())
		WHERE o.person_id = p.id AND o.from_on <= flow.today()
			AND (o.to_on IS NULL OR o.to_on > flow.today())), '{}'),
		flow.today(), flow.now()
	FROM data.person p WHERE p.id = me.person_id $$;
