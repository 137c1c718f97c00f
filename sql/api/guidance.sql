-- Guidance from above and what branches reply.  Messages: proto/guidance.proto.

-- Branches that are there today.
CREATE FUNCTION flow.branches() RETURNS SETOF data.org LANGUAGE sql STABLE AS $$
	SELECT o.* FROM data.org o JOIN data.org_version v ON v.org_id = o.id
		AND v.from_on <= flow.today() AND (v.to_on IS NULL OR v.to_on > flow.today())
	WHERE o.kind LIKE 'branch%' AND v.status NOT IN ('MERGED', 'SPLIT', 'DISSOLVED')
	ORDER BY o.id $$;

CREATE FUNCTION api.add_guidance(me auth.actor, INOUT org_ids text[], item text,
	text text, start_on date, end_on date, OUT guidance_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE org text;
BEGIN
	PERFORM refuse.unless_words('text', text, 2000);
	IF item IS NOT NULL AND NOT EXISTS (SELECT FROM data.standard_item i
			WHERE i.standard_version_id = flow.current_standard() AND i.code = item) THEN
		PERFORM refuse.invalid('item', 'item_unknown', item);
	END IF;
	PERFORM refuse.unless_sane_date('start_on', start_on);
	PERFORM refuse.unless_sane_date('end_on', end_on);
	IF (start_on IS NULL) <> (end_on IS NULL) OR end_on < start_on THEN
		PERFORM refuse.invalid('end_on', 'period_incomplete');
	END IF;
	FOREACH org IN ARRAY org_ids LOOP
		PERFORM auth.need(me, org);
		IF NOT EXISTS (SELECT FROM flow.branches() b WHERE b.id = org) THEN
			PERFORM refuse.invalid('org_ids', 'guidance_not_branch', org);
		END IF;
	END LOOP;
	org_ids := ARRAY(SELECT b.id FROM flow.branches() b WHERE auth.reaches(me, b.id)
		AND (org_ids = '{}' OR b.id = ANY (org_ids)) ORDER BY b.id);
	IF org_ids = '{}' THEN
		PERFORM refuse.invalid('org_ids', 'guidance_nobody');
	END IF;
	guidance_id := flow.new_id('guidance', 'ZD');
	INSERT INTO data.guidance (id, item_code, text, start_on, end_on, by_person, by_role,
		by_org_id, at)
	VALUES (guidance_id, item, text, start_on, end_on, me.person_id, me.role, me.org_id,
		flow.now());
	INSERT INTO data.guidance_branch (guidance_id, org_id)
	SELECT guidance_id, o FROM unnest(org_ids) o;
END $$;

CREATE FUNCTION flow.find_guidance(me auth.actor, guidance_id text) RETURNS data.guidance
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE g data.guidance;
BEGIN
	SELECT d.* INTO g FROM data.guidance d WHERE d.id = guidance_id
		AND EXISTS (SELECT FROM data.guidance_branch b WHERE b.guidance_id = d.id
			AND auth.reaches(me, b.org_id));
	IF g.id IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	RETURN g;
END $$;

CREATE FUNCTION api.reply_guidance(me auth.actor, INOUT guidance_id text, text text,
	OUT replied_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_guidance(me, guidance_id);
	PERFORM refuse.unless_words('text', text, 2000);
	PERFORM FROM data.guidance_branch b WHERE b.guidance_id = guidance_id
		AND b.org_id = me.org_id FOR UPDATE;
	replied_at := flow.now();
	INSERT INTO data.guidance_reply (guidance_id, org_id, serial, text, by_person, at)
	SELECT guidance_id, me.org_id, count(*) + 1, text, me.person_id, replied_at
	FROM data.guidance_reply r WHERE r.guidance_id = guidance_id AND r.org_id = me.org_id;
END $$;

-- A line a branch, in the order of codes.
CREATE TYPE api.guidance_row AS (guidance_id text, org_id text, org_name text, item text,
	start_on date, end_on date, given_by text, given_at timestamptz, text text,
	reply text);
CREATE FUNCTION api.list_guidance(me auth.actor, org_id text,
	OUT guidance api.guidance_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(g.id, b.org_id, flow.org_name(b.org_id, flow.today()),
		g.item_code, g.start_on, g.end_on, flow.org_name(g.by_org_id, flow.today()), g.at,
		g.text, (SELECT r.text FROM data.guidance_reply r WHERE r.guidance_id = g.id
			AND r.org_id = b.org_id ORDER BY r.serial DESC LIMIT 1))::api.guidance_row
		ORDER BY b.org_id, g.at, length(g.id), g.id), '{}')
	FROM data.guidance_branch b JOIN data.guidance g ON g.id = b.guidance_id
	WHERE auth.reaches(me, b.org_id)
		AND b.org_id = coalesce(list_guidance.org_id, b.org_id) $$;

CREATE TYPE api.guidance_reply_row AS (org_id text, org_name text,
	replied_at timestamptz, by_name text, text text);
CREATE FUNCTION api.show_guidance(me auth.actor, INOUT guidance_id text, OUT item text,
	OUT start_on date, OUT end_on date, OUT given_by text, OUT given_org text,
	OUT given_at timestamptz, OUT org_ids text[], OUT text text,
	OUT replies api.guidance_reply_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE g data.guidance := flow.find_guidance(me, guidance_id);
BEGIN
	SELECT g.item_code, g.start_on, g.end_on, flow.person_name(g.by_person),
		flow.org_name(g.by_org_id, flow.today()), g.at, g.text
	INTO item, start_on, end_on, given_by, given_org, given_at, text;
	org_ids := ARRAY(SELECT b.org_id FROM data.guidance_branch b
		WHERE b.guidance_id = guidance_id AND auth.reaches(me, b.org_id)
		ORDER BY b.org_id);
	SELECT coalesce(array_agg(ROW(r.org_id, flow.org_name(r.org_id, flow.today()), r.at,
		flow.person_name(r.by_person), r.text)::api.guidance_reply_row
		ORDER BY r.org_id, r.serial), '{}')
	INTO replies FROM data.guidance_reply r
	WHERE r.guidance_id = guidance_id AND auth.reaches(me, r.org_id);
END $$;
