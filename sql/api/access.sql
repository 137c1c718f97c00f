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

-- ---- accounts -------------------------------------------------------------------
CREATE TYPE api.account_row AS (person_id text, name text, mark text, member_no text,
	active boolean, enrolled boolean, code_until_at timestamptz, offices text[]);

-- By a piece of a name or a number; without one, everybody who holds an office.
-- When somebody last signed in is not kept anywhere, so it cannot be shown.
CREATE FUNCTION api.list_accounts(me auth.actor, find text, OUT accounts api.account_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(p.id, p.name, p.mark, p.member_no, p.active,
		EXISTS (SELECT FROM data.certificate c WHERE c.person_id = p.id
			AND c.revoked_at IS NULL AND c.superseded_at IS NULL
			AND c.expires_at > now()),
		(SELECT max(e.expires_at) FROM data.enrol_code e WHERE e.person_id = p.id
			AND e.used_at IS NULL AND e.expires_at > now()),
		coalesce(h.offices, '{}'))::api.account_row
		ORDER BY length(p.id), p.id), '{}')
	FROM data.person p
	LEFT JOIN LATERAL (SELECT array_agg(o.role || '@' || o.org_id ORDER BY o.org_id, o.role)
			AS offices
		FROM data.office o WHERE o.person_id = p.id AND o.from_on <= flow.today()
			AND (o.to_on IS NULL OR o.to_on > flow.today())) h ON true
	WHERE CASE WHEN list_accounts.find IS NULL THEN h.offices IS NOT NULL
		ELSE p.id = upper(list_accounts.find) OR p.member_no = list_accounts.find
			OR strpos(p.name, list_accounts.find) > 0 END $$;

-- A new code makes the person's older unused ones worthless.
CREATE FUNCTION api.issue_code(me auth.actor, person text, secret_hash bytea,
	OUT person_id text, OUT name text, OUT mark text, OUT expires_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE active boolean;
BEGIN
	IF secret_hash IS NULL OR length(secret_hash) <> 32 THEN
		PERFORM refuse.invalid('secret_hash', 'hash_needed');
	END IF;
	person_id := flow.person(person);
	SELECT p.name, p.mark, p.active INTO name, mark, active
	FROM data.person p WHERE p.id = person_id FOR UPDATE;
	IF NOT active THEN
		PERFORM refuse.conflict('person_disabled', name);
	END IF;
	UPDATE data.enrol_code c SET expires_at = now()
	WHERE c.person_id = person_id AND c.used_at IS NULL AND c.expires_at > now();
	expires_at := now() + interval '7 days';
	INSERT INTO data.enrol_code (secret_hash, person_id, issued_by, expires_at)
	VALUES (secret_hash, person_id, me.person_id, expires_at)
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.invalid('secret_hash', 'hash_needed');
	END IF;
END $$;

CREATE TYPE api.certificate_row AS (fingerprint text, issued_at timestamptz,
	expires_at timestamptz, revoked_at timestamptz, why text, superseded_at timestamptz);

CREATE FUNCTION api.list_certificates(me auth.actor, person text, OUT person_id text,
	OUT name text, OUT certificates api.certificate_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	person_id := flow.person(person);
	name := flow.person_label(person_id);
	SELECT coalesce(array_agg(ROW(encode(c.fp, 'hex'), c.issued_at, c.expires_at,
		c.revoked_at, c.revoked_why, c.superseded_at)::api.certificate_row ORDER BY c.issued_at, c.fp), '{}')
	INTO certificates FROM data.certificate c WHERE c.person_id = person_id;
END $$;

-- Certificates and unused codes of a person lose their worth in this transaction.
CREATE FUNCTION auth.revoke(person_id text, prefix text, why text) RETURNS text[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE gone text[];
BEGIN
	WITH r AS (
		UPDATE data.certificate c SET revoked_at = now(), revoked_why = why
		WHERE c.person_id = person_id AND c.revoked_at IS NULL
			AND (prefix IS NULL OR starts_with(encode(c.fp, 'hex'), lower(prefix)))
		RETURNING encode(c.fp, 'hex') AS fp)
	SELECT coalesce(array_agg(r.fp ORDER BY r.fp), '{}') INTO gone FROM r;
	IF prefix IS NULL THEN
		UPDATE data.enrol_code c SET expires_at = now()
		WHERE c.person_id = person_id AND c.used_at IS NULL AND c.expires_at > now();
	END IF;
	RETURN gone;
END $$;

CREATE FUNCTION api.revoke_certificate(me auth.actor, person text, OUT person_id text,
	OUT name text, fingerprint text, why text, OUT fingerprints text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_line('why', why);
	person_id := flow.person(person);
	name := flow.person_label(person_id);
	fingerprints := auth.revoke(person_id, fingerprint, why);
	IF fingerprint IS NOT NULL AND fingerprints = '{}' THEN
		PERFORM refuse.invalid('fingerprint', 'certificate_not_found', fingerprint);
	END IF;
END $$;

-- A person who must not act any more.  What he did stays under his name.
CREATE FUNCTION api.disable_person(me auth.actor, person text, OUT person_id text,
	OUT name text, why text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_line('why', why);
	person_id := flow.person(person);
	IF person_id = me.person_id THEN
		PERFORM refuse.invalid('person', 'disable_oneself');
	END IF;
	name := flow.person_label(person_id);
	UPDATE data.person p SET active = false WHERE p.id = person_id;
	PERFORM auth.revoke(person_id, NULL, why);
END $$;

-- The certificates stay revoked: a new code is needed.
CREATE FUNCTION api.enable_person(me auth.actor, person text, OUT person_id text,
	OUT name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	person_id := flow.person(person);
	name := flow.person_label(person_id);
	UPDATE data.person p SET active = true WHERE p.id = person_id;
END $$;

-- A code for one's own next certificate, from 60 days before the end of this one:
-- asked for with the certificate that ends, used as any other code is.  Without a
-- hash: the new certificate is in use, which by itself ends the old one.
CREATE FUNCTION api.renew_certificate(me auth.actor, secret_hash bytea,
	OUT person_id text, OUT code_until_at timestamptz)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE ends timestamptz;
BEGIN
	person_id := me.person_id;
	IF secret_hash IS NULL THEN
		RETURN;
	ELSIF length(secret_hash) <> 32 THEN
		PERFORM refuse.invalid('secret_hash', 'value_range');
	END IF;
	SELECT c.expires_at INTO ends FROM data.certificate c WHERE c.fp = me.certificate_fp;
	IF ends > now() + interval '60 days' THEN
		PERFORM refuse.because('ZB003', 'renewal_too_early',
			ARRAY[flow.day(ends - interval '60 days')::text, flow.day(ends)::text]);
	END IF;
	DELETE FROM data.enrol_code c WHERE c.renews = me.certificate_fp AND c.used_at IS NULL;
	code_until_at := now() + interval '1 hour';
	INSERT INTO data.enrol_code (secret_hash, person_id, issued_by, expires_at, renews)
	VALUES (secret_hash, me.person_id, me.person_id, code_until_at, me.certificate_fp);
END $$;

-- ---- offices -----------------------------------------------------------------------
CREATE TYPE api.office_holder AS (org_id text, org_name text, role text, person_id text,
	name text, mark text, from_on date, to_on date, doc_no text);

CREATE FUNCTION api.list_offices(me auth.actor, org_id text, INOUT as_of_on date,
	OUT offices api.office_holder[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	as_of_on := coalesce(as_of_on, flow.today());
	SELECT coalesce(array_agg(ROW(o.org_id, flow.org_name(o.org_id, as_of_on), o.role,
		p.id, p.name, p.mark, o.from_on, o.to_on, o.doc_no)::api.office_holder
		ORDER BY o.org_id, o.role, o.from_on, length(p.id), p.id), '{}') INTO offices
	FROM data.office o JOIN data.person p ON p.id = o.person_id
	WHERE o.from_on <= as_of_on AND (o.to_on IS NULL OR o.to_on > as_of_on)
		AND (org_id IS NULL OR o.org_id = org_id);
END $$;

CREATE FUNCTION api.set_office(me auth.actor, person text, OUT person_id text,
	OUT name text, INOUT role text, INOUT org_id text, INOUT from_on date,
	INOUT to_on date, doc_no text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	r refuse.reason[];
	held text;
BEGIN
	PERFORM flow.one_import();
	person_id := flow.person(person);
	name := flow.person_label(person_id);
	from_on := coalesce(from_on, flow.today());
	r := flow.office_reasons(me, person_id, role, org_id)
		|| flow.limit_reasons(role, from_on, to_on, doc_no);
	SELECT flow.person_label(o.person_id) INTO held FROM data.office o
	JOIN rule.role x ON x.role = o.role AND x.single
	WHERE o.role = role AND o.org_id = org_id AND o.person_id <> person_id
		AND (o.to_on IS NULL OR o.to_on > from_on) LIMIT 1;
	IF held IS NOT NULL THEN
		r := r || refuse.reason('office_held_by', held);
	END IF;
	IF EXISTS (SELECT FROM data.office o WHERE o.person_id = person_id AND o.role = role
			AND o.org_id = org_id AND (o.to_on IS NULL OR o.to_on > from_on)) THEN
		r := r || refuse.reason('office_held_already', name);
	END IF;
	PERFORM refuse.defects(coalesce(role, '') || '@' || coalesce(org_id, ''), r);
	INSERT INTO data.office (person_id, org_id, role, from_on, to_on, doc_no)
	VALUES (person_id, org_id, role, from_on, to_on, doc_no);
END $$;

-- Handover in one step: the former holder's rights end on the day the new one's
-- begin.  A row of the former holder that begins later is taken back.
CREATE FUNCTION flow.hand_over(org_id text, role text, person_id text, from_on date)
RETURNS void LANGUAGE sql AS $$
	UPDATE data.office o SET to_on = greatest(hand_over.from_on, o.from_on)
	WHERE o.org_id = hand_over.org_id AND o.role = hand_over.role
		AND (o.to_on IS NULL OR o.to_on > hand_over.from_on);
	INSERT INTO data.office (person_id, org_id, role, from_on)
	VALUES (hand_over.person_id, hand_over.org_id, hand_over.role, hand_over.from_on)
	ON CONFLICT ON CONSTRAINT office_pkey DO UPDATE SET to_on = NULL $$;

CREATE FUNCTION api.replace_officer(me auth.actor, INOUT org_id text, INOUT role text,
	person text, OUT former_name text, OUT name text, INOUT from_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	person_id text;
	former data.office;
	r refuse.reason[];
BEGIN
	PERFORM flow.one_import();
	person_id := flow.person(person);
	name := flow.person_label(person_id);
	from_on := coalesce(from_on, flow.today());
	r := flow.office_reasons(me, person_id, role, org_id);
	IF NOT EXISTS (SELECT FROM rule.role x WHERE x.role = role AND x.single) THEN
		r := r || refuse.reason('role_of_several', coalesce(role, ''));
	END IF;
	SELECT h.* INTO former FROM flow.holders(org_id, role, from_on) h LIMIT 1;
	former_name := flow.person_label(former.person_id);
	IF former.person_id IS NULL THEN
		r := r || refuse.reason('office_vacant', coalesce(role, ''), coalesce(org_id, ''));
	ELSIF former.person_id = person_id THEN
		r := r || refuse.reason('office_held_already', name);
	END IF;
	PERFORM refuse.defects(coalesce(role, '') || '@' || coalesce(org_id, ''), r);
	PERFORM flow.hand_over(org_id, role, person_id, from_on);
END $$;

CREATE FUNCTION api.end_office(me auth.actor, person text, OUT person_id text,
	OUT name text, INOUT role text, INOUT org_id text, INOUT to_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	person_id := flow.person(person);
	name := flow.person_label(person_id);
	to_on := coalesce(to_on, flow.today());
	IF me.role <> 'administrator' AND EXISTS (SELECT FROM rule.role x
			WHERE x.role = role AND x.scope = 'college') THEN
		PERFORM refuse.invalid('role', 'role_by_administrator', role);
	END IF;
	IF role = 'administrator' AND NOT EXISTS (SELECT FROM data.office o
			JOIN data.person p ON p.id = o.person_id AND p.active
			WHERE o.role = role AND o.person_id <> person_id AND o.from_on <= to_on
				AND o.to_on IS NULL) THEN
		PERFORM refuse.invalid('person', 'last_administrator');
	END IF;
	UPDATE data.office o SET to_on = greatest(to_on, o.from_on)
	WHERE o.person_id = person_id AND o.role = role AND o.org_id = org_id
		AND (o.to_on IS NULL OR o.to_on > to_on);
	IF NOT FOUND THEN
		PERFORM refuse.invalid('person', 'office_not_held_there', name);
	END IF;
END $$;

-- ---- tables from a spreadsheet ---------------------------------------------------------
CREATE TYPE api.difference AS (line int, subject text, change text, field text,
	old_value text, new_value text);

-- One difference a field that is not the same; none when nothing changed.
CREATE FUNCTION flow.differ(line int, subject text, field text, before text, after text)
RETURNS api.difference[] LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN before IS DISTINCT FROM after
		THEN ARRAY[ROW(line, subject, 'CHANGED', field, before, after)::api.difference]
		ELSE '{}' END $$;

CREATE TYPE api.office_import AS (line int, member_no text, name text, role text,
	org_id text, from_on date, to_on date, doc_no text);

-- The reasons against one row; `person_id` NULL: the roster does not know him yet.
CREATE FUNCTION flow.office_row_reasons(me auth.actor, x api.office_import,
	person data.person) RETURNS refuse.reason[] LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE r refuse.reason[] := '{}';
BEGIN
	IF coalesce(x.member_no, '') !~ '^[A-Za-z0-9-]{1,32}$' THEN
		r := r || refuse.reason('member_no_bad', coalesce(x.member_no, ''));
	END IF;
	IF flow.blank(x.name) OR char_length(x.name) > 200 THEN
		r := r || refuse.reason('name_missing');
	ELSIF person.name <> x.name THEN
		r := r || refuse.reason('name_differs', x.member_no, x.name, person.name);
	END IF;
	IF x.from_on IS NULL THEN
		r := r || refuse.reason('line_date_missing', 'from_on');
	END IF;
	IF person.id IS NULL AND me.role <> 'administrator' THEN
		r := r || refuse.reason('person_unknown', coalesce(x.member_no, ''));
	END IF;
	IF flow.limit_reasons(x.role, x.from_on, x.to_on, x.doc_no) <> '{}' THEN
		r := r || refuse.reason('line_role_limited', x.role);
	END IF;
	-- the same reasons as for a single office, with words that name the line
	RETURN r || (SELECT coalesce(array_agg(ROW('line_' || o.key, o.args)::refuse.reason), '{}')
		FROM unnest(flow.office_reasons(me, person.id, x.role, x.org_id)) o);
END $$;

-- A reason with the line of the file before it.
CREATE FUNCTION refuse.at_line(line int, reasons refuse.reason[]) RETURNS refuse.reason[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(array_agg(ROW(r.key, ARRAY[line::text] || r.args)::refuse.reason
		ORDER BY r.i), '{}')
	FROM unnest(reasons) WITH ORDINALITY AS r(key, args, i) $$;

CREATE FUNCTION api.import_offices(me auth.actor, rows api.office_import[],
	OUT differences api.difference[], OUT unchanged int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	x api.office_import;
	person data.person;
	held data.office;
	r refuse.reason[] := '{}';
	why refuse.reason[];
	seen text[] := '{}';
	subject text;
BEGIN
	PERFORM flow.one_import();
	differences := '{}';
	unchanged := 0;
	FOREACH x IN ARRAY rows LOOP
		SELECT p.* INTO person FROM data.person p WHERE p.member_no = x.member_no;
		why := flow.office_row_reasons(me, x, person);
		subject := concat_ws('@', x.role, x.org_id);
		IF subject || ' ' || x.member_no = ANY (seen) THEN
			why := why || refuse.reason('row_twice', subject);
		END IF;
		seen := seen || (subject || ' ' || x.member_no);
		r := r || refuse.at_line(x.line, why);
		CONTINUE WHEN cardinality(why) > 0;
		IF person.id IS NULL THEN
			person := ROW(flow.next_person(x.member_no), x.name, NULL, x.member_no, true);
			INSERT INTO data.person (id, name, member_no)
			VALUES (person.id, person.name, person.member_no);
			differences := differences || ROW(x.line, x.name, 'NEW', 'person', NULL,
				person.id)::api.difference;
		END IF;
		-- the row of the same person, or of whoever sits on a seat for one
		SELECT o.* INTO held FROM data.office o JOIN rule.role y ON y.role = o.role
		WHERE o.org_id = x.org_id AND o.role = x.role
			AND (o.person_id = person.id OR y.single)
			AND (o.to_on IS NULL OR o.to_on > x.from_on)
		ORDER BY o.person_id = person.id DESC, o.from_on DESC LIMIT 1;
		IF held.person_id = person.id AND held.from_on = x.from_on THEN
			unchanged := unchanged + 1;
		ELSIF held.person_id = person.id THEN
			UPDATE data.office o SET from_on = x.from_on WHERE o.person_id = person.id
				AND o.org_id = x.org_id AND o.role = x.role AND o.from_on = held.from_on;
			differences := differences || flow.differ(x.line, subject || ' ' || x.name,
				'from_on', held.from_on::text, x.from_on::text);
		ELSIF held.person_id IS NOT NULL THEN
			PERFORM flow.hand_over(x.org_id, x.role, person.id, x.from_on);
			differences := differences || flow.differ(x.line, subject, 'person',
				flow.person_label(held.person_id), x.name);
		ELSE
			INSERT INTO data.office (person_id, org_id, role, from_on, to_on, doc_no)
			VALUES (person.id, x.org_id, x.role, x.from_on, x.to_on, x.doc_no);
			differences := differences || ROW(x.line, subject, 'NEW', 'person', NULL,
				flow.person_label(person.id))::api.difference;
		END IF;
	END LOOP;
	PERFORM refuse.defects(me.request, r);
	-- told, not ended: a file may hold a part of the college
	differences := differences || coalesce((SELECT array_agg(ROW(NULL, o.role || '@' || o.org_id,
			'MISSING', 'person', flow.person_label(o.person_id), NULL)::api.difference
			ORDER BY o.org_id, o.role, o.person_id)
		FROM data.office o JOIN data.person p ON p.id = o.person_id
		WHERE o.to_on IS NULL AND o.role <> 'administrator'
			AND NOT (o.role || '@' || o.org_id || ' ' || coalesce(p.member_no, '')) = ANY (seen)
			AND (me.role = 'administrator' OR EXISTS (SELECT FROM rule.role y
				WHERE y.role = o.role AND y.scope <> 'college'))), '{}');
END $$;
