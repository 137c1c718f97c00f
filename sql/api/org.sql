-- The tree of organisations, as it was on any day.  Messages: proto/org.proto.

CREATE TYPE api.org_row AS (org_id text, depth int, name text, kind text,
	member_category text, parent_id text, status text, secretary text, due_on date,
	term_state text);

-- As it stands on a day.  REORGANISING is no row of its own: the committee has
-- approved, and it is not carried out yet.
CREATE FUNCTION flow.org_status(v data.org_version, on_day date) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN v.status = 'ACTIVE' AND on_day = flow.today() AND EXISTS (
			SELECT FROM data.reorg r WHERE r.state = 'APPROVED'
				AND v.org_id = ANY (r.from_org_ids)) THEN 'REORGANISING'
		ELSE v.status END $$;

-- In the order of the tree; below one parent in the order of the codes, which says
-- nothing about the organisations.
CREATE FUNCTION api.list_orgs(me auth.actor, top_org_id text, INOUT as_of_on date,
	OUT orgs api.org_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	as_of_on := coalesce(as_of_on, flow.today());
	WITH RECURSIVE v AS NOT MATERIALIZED (
		SELECT x.* FROM data.org_version x WHERE x.from_on <= as_of_on
			AND (x.to_on IS NULL OR x.to_on > as_of_on)
			AND x.status NOT IN ('MERGED', 'SPLIT', 'DISSOLVED')),
	t(org_id, depth, path, name, parent_id) AS (
		SELECT v.org_id, 0, ARRAY[v.org_id], v.name::text, v.parent_id FROM v
		WHERE CASE WHEN top_org_id IS NULL THEN v.parent_id IS NULL
			ELSE v.org_id = top_org_id END
		UNION ALL
		SELECT v.org_id, t.depth + 1, t.path || v.org_id, v.name, v.parent_id
		FROM v JOIN t ON v.parent_id = t.org_id
		WHERE NOT v.org_id = ANY (t.path))
	SELECT coalesce(array_agg(ROW(t.org_id, t.depth, t.name, o.kind, o.member_category,
		t.parent_id, flow.org_status(flow.org_version(t.org_id, as_of_on), as_of_on),
		(SELECT string_agg(flow.person_label(h.person_id), ' ')
			FROM flow.holders(t.org_id, CASE o.kind WHEN 'general_branch'
				THEN 'general_branch_secretary' WHEN 'committee' THEN 'committee_secretary'
				ELSE 'branch_secretary' END, as_of_on) h),
		coalesce(r.extended_to_on, r.due_on),
		CASE WHEN r.id IS NOT NULL THEN flow.term_state(r, as_of_on) END)::api.org_row
		ORDER BY t.path), '{}')
	-- one by one by index: how few are below an organisation no statistics tell
	INTO orgs FROM t CROSS JOIN LATERAL (SELECT x.* FROM data.org x WHERE x.id = t.org_id OFFSET 0) o
	LEFT JOIN LATERAL flow.running_term(t.org_id, as_of_on) r ON true;
	IF top_org_id IS NOT NULL AND orgs = '{}' THEN
		PERFORM refuse.denied();
	END IF;
END $$;

CREATE TYPE api.org_version AS (name text, parent_id text, status text, from_on date,
	to_on date);
CREATE TYPE api.term_row AS (term_id text, term_no int, start_on date, due_on date,
	extended_to_on date, extension_doc text, ended_on date, state text);

-- The other organisation of a link.
CREATE TYPE api.succession_row AS (org_id text, org_name text, kind text,
	succeeded_on date, doc_no text, reorg_id text);

CREATE FUNCTION api.show_org(me auth.actor, INOUT org_id text, INOUT as_of_on date,
	OUT name text, OUT short_name text, OUT kind text, OUT member_category text,
	OUT parent_id text, OUT parent_name text, OUT status text, OUT established_on date,
	OUT doc_no text, OUT full_members int, OUT probationary_members int,
	OUT offices api.office_holder[], OUT terms api.term_row[],
	OUT versions api.org_version[], OUT predecessors api.succession_row[],
	OUT successors api.succession_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	as_of_on := coalesce(as_of_on, flow.today());
	SELECT o.kind, o.member_category, o.established_on, o.doc_no
	INTO kind, member_category, established_on, doc_no
	FROM data.org o WHERE o.id = org_id;
	IF NOT FOUND THEN
		PERFORM refuse.denied();
	END IF;
	SELECT v.name, v.short_name, v.parent_id, v.status
	INTO name, short_name, parent_id, status FROM flow.org_version(org_id, as_of_on) v;
	status := flow.org_status(flow.org_version(org_id, as_of_on), as_of_on);
	parent_name := flow.org_name(parent_id, as_of_on);
	full_members := flow.members(org_id, as_of_on, 'FULL');
	probationary_members := flow.members(org_id, as_of_on, 'PROBATIONARY');
	SELECT l.offices INTO offices FROM api.list_offices(me, org_id, as_of_on) l;
	SELECT coalesce(array_agg(ROW(t.id, t.term_no, t.start_on, t.due_on, t.extended_to_on,
		t.extension_doc, t.ended_on, flow.term_state(t, as_of_on))::api.term_row
		ORDER BY t.term_no), '{}')
	INTO terms FROM data.term t WHERE t.org_id = org_id AND t.start_on <= as_of_on;
	SELECT coalesce(array_agg(ROW(v.name, v.parent_id, v.status, v.from_on,
		v.to_on)::api.org_version ORDER BY v.from_on), '{}')
	INTO versions FROM data.org_version v WHERE v.org_id = org_id;
	SELECT coalesce(array_agg(ROW(s.from_org_id, flow.org_name(s.from_org_id,
			s.succeeded_on - 1), s.kind, s.succeeded_on, r.doc_no,
			r.id)::api.succession_row ORDER BY s.succeeded_on, s.from_org_id)
			FILTER (WHERE s.to_org_id = org_id), '{}'),
		coalesce(array_agg(ROW(s.to_org_id, flow.org_name(s.to_org_id, s.succeeded_on),
			s.kind, s.succeeded_on, r.doc_no, r.id)::api.succession_row
			ORDER BY s.succeeded_on, s.to_org_id)
			FILTER (WHERE s.from_org_id = org_id AND s.to_org_id IS DISTINCT FROM org_id), '{}')
	INTO predecessors, successors FROM data.org_succession s JOIN data.reorg r ON r.id = s.reorg_id
	WHERE org_id IN (s.from_org_id, s.to_org_id);
END $$;

-- ---- terms ------------------------------------------------------------------------
-- A term has begun: the awards of the one before end with it, a new round is there.
CREATE FUNCTION flow.begin_term(me auth.actor, org_id text, start_on date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF start_on <= flow.today() THEN
		PERFORM flow.end_term_awards(me, org_id, start_on);
		PERFORM flow.renew_round(me, org_id);
	END IF;
END $$;

CREATE FUNCTION api.start_term(me auth.actor, OUT term_id text, INOUT org_id text,
	OUT term_no int, INOUT start_on date, INOUT due_on date, OUT round_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	last data.term;
	r refuse.reason[] := '{}';
BEGIN
	PERFORM flow.one_import();
	PERFORM auth.need(me, org_id);
	PERFORM refuse.unless_standing('org_id', org_id);
	IF start_on IS NULL THEN
		r := r || refuse.reason('value_needed', 'start_on');
	END IF;
	IF due_on IS NULL THEN
		r := r || refuse.reason('value_needed', 'due_on');
	ELSIF due_on <= start_on THEN
		r := r || refuse.reason('due_not_after_start', due_on::text, start_on::text);
	END IF;
	SELECT t.* INTO last FROM data.term t WHERE t.org_id = org_id
	ORDER BY t.term_no DESC LIMIT 1;
	IF start_on > flow.today() THEN
		r := r || refuse.reason('term_in_future', start_on::text);
	END IF;
	IF start_on <= last.start_on THEN
		r := r || refuse.reason('term_not_after_last', last.term_no::text,
			last.start_on::text);
	END IF;
	PERFORM refuse.defects(org_id, r);
	term_no := coalesce(last.term_no, 0) + 1;
	term_id := 'RQ' || org_id || '-' || term_no;
	UPDATE data.term t SET ended_on = start_on WHERE t.org_id = org_id
		AND t.ended_on IS NULL;
	INSERT INTO data.term (id, org_id, term_no, start_on, due_on)
	VALUES (term_id, org_id, term_no, start_on, due_on);
	PERFORM flow.begin_term(me, org_id, start_on);
	SELECT r.id INTO round_id FROM data.round r WHERE r.org_id = org_id
		AND r.ended_on IS NULL AND r.term_id = term_id;
END $$;

-- Approved by the superior organisation, for one year at most unless it says more in
-- so many words.  It may be entered after the term was due: approvals come late (the
-- decision is the document's).  An award goes on with it where the college chose so.
CREATE FUNCTION api.extend_term(me auth.actor, OUT term_id text, INOUT org_id text,
	OUT due_on date, INOUT extended_to_on date, doc_no text, over_a_year boolean,
	OUT prolonged text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	t data.term;
	r refuse.reason[] := '{}';
BEGIN
	PERFORM auth.need(me, org_id);
	SELECT x.* INTO t FROM flow.running_term(org_id, flow.today()) x;
	IF t.id IS NULL THEN
		PERFORM refuse.invalid('org_id', 'no_running_term', org_id);
	END IF;
	IF flow.blank(doc_no) THEN
		r := r || refuse.reason('value_needed', 'doc_no');
	END IF;
	IF extended_to_on IS NULL THEN
		r := r || refuse.reason('value_needed', 'extended_to_on');
	ELSIF extended_to_on <= t.due_on THEN
		r := r || refuse.reason('extension_not_after_due', t.due_on::text);
	ELSIF extended_to_on > t.due_on + interval '1 year' AND over_a_year IS NOT TRUE THEN
		r := r || refuse.reason('extension_over_a_year', t.due_on::text);
	END IF;
	PERFORM refuse.defects(t.id, r);
	UPDATE data.term x SET extended_to_on = extended_to_on, extension_doc = doc_no,
		extension_on = flow.today()
	WHERE x.id = t.id;
	WITH w AS (UPDATE data.award x SET valid_to = flow.award_end(t.id, x.decided_on)
		WHERE x.term_id = t.id AND x.ended_on IS NULL
			AND x.valid_to < flow.award_end(t.id, x.decided_on) RETURNING x.id)
	SELECT coalesce(array_agg(w.id ORDER BY w.id), '{}') INTO prolonged FROM w;
	term_id := t.id;
	due_on := t.due_on;
END $$;

-- ---- import -------------------------------------------------------------------------
CREATE TYPE api.org_import AS (line int, org_id text, kind text, parent_id text, name text,
	short_name text, member_category text, established_on date, doc_no text,
	from_on date, term_no int, start_on date, due_on date);

-- What is wrong with a row by itself, and with its place in the file.
CREATE FUNCTION flow.org_row_reasons(x api.org_import, ids text[]) RETURNS refuse.reason[]
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	r refuse.reason[] := '{}';
	known data.org;
BEGIN
	SELECT o.* INTO known FROM data.org o WHERE o.id = x.org_id;
	IF coalesce(x.org_id, '') !~ '^[A-Z0-9]{1,12}$' THEN
		r := r || refuse.reason('org_code_bad', coalesce(x.org_id, ''));
	ELSIF (SELECT count(*) FROM unnest(ids) i WHERE i = x.org_id) > 1 THEN
		r := r || refuse.reason('row_twice', x.org_id);
	END IF;
	IF x.kind IS NULL OR NOT x.kind = ANY ('{committee,department,general_branch,branch,branch_joint,branch_temporary,superior}') THEN
		r := r || refuse.reason('kind_unknown', coalesce(x.kind, ''));
	ELSIF known.kind <> x.kind AND '{committee,department,superior}'::text[]
			&& ARRAY[known.kind, x.kind] THEN
		r := r || refuse.reason('kind_fixed', x.org_id,
			'kind.' || known.kind, 'kind.' || x.kind);
	ELSIF x.kind = 'committee' AND x.org_id <> flow.committee() THEN
		r := r || refuse.reason('committee_there', flow.committee());
	END IF;
	IF flow.blank(x.name) OR char_length(x.name) > 200 THEN
		r := r || refuse.reason('name_missing');
	END IF;
	IF x.parent_id IS NULL AND x.kind NOT IN ('committee', 'superior') THEN
		r := r || refuse.reason('parent_missing');
	ELSIF x.parent_id = x.org_id OR NOT (x.parent_id = ANY (ids)
			OR EXISTS (SELECT FROM data.org o WHERE o.id = x.parent_id)) THEN
		r := r || refuse.reason('line_org_unknown', x.parent_id);
	END IF;
	IF x.established_on IS NULL AND known.id IS NULL THEN
		r := r || refuse.reason('line_date_missing', 'established_on');
	END IF;
	IF x.from_on < coalesce(x.established_on, known.established_on) THEN
		r := r || refuse.reason('from_before_established', x.from_on::text);
	END IF;
	IF num_nulls(x.term_no, x.start_on, x.due_on) IN (1, 2) THEN
		r := r || refuse.reason('term_incomplete');
	ELSIF x.due_on <= x.start_on OR x.term_no < 1 THEN
		r := r || refuse.reason('line_due_not_after_start', x.due_on::text, x.start_on::text);
	END IF;
	RETURN r;
END $$;

-- The undated part; a new organisation is one difference.
CREATE FUNCTION flow.import_org_head(x api.org_import) RETURNS api.difference[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	o data.org;
	subject text := x.org_id || ' ' || x.name;
BEGIN
	SELECT y.* INTO o FROM data.org y WHERE y.id = x.org_id;
	IF NOT FOUND THEN
		INSERT INTO data.org (id, kind, member_category, established_on, doc_no)
		VALUES (x.org_id, x.kind, x.member_category, x.established_on, x.doc_no);
		RETURN ARRAY[ROW(x.line, subject, 'NEW', 'org_id', NULL, x.org_id)::api.difference];
	END IF;
	-- an only version that began with the organisation moves with its date
	IF x.established_on < o.established_on THEN
		UPDATE data.org_version v SET from_on = x.established_on
		WHERE v.org_id = x.org_id AND v.from_on = o.established_on;
	END IF;
	UPDATE data.org y SET kind = x.kind,
		member_category = coalesce(x.member_category, y.member_category),
		established_on = coalesce(x.established_on, y.established_on),
		doc_no = coalesce(x.doc_no, y.doc_no)
	WHERE y.id = x.org_id;
	RETURN flow.differ(x.line, subject, 'kind', o.kind, x.kind)
		|| flow.differ(x.line, subject, 'member_category', o.member_category,
			coalesce(x.member_category, o.member_category))
		|| flow.differ(x.line, subject, 'established_on', o.established_on::text,
			coalesce(x.established_on, o.established_on)::text)
		|| flow.differ(x.line, subject, 'doc_no', o.doc_no, coalesce(x.doc_no, o.doc_no));
END $$;

-- Name and parent.  A change begins on the row's date (today without one); on the
-- very date of the present version it corrects that version.  A branch takes another
-- name or parent by the committee (org reorg): a file corrects what a file brought the
-- same day.
CREATE FUNCTION flow.import_org_version(x api.org_import, INOUT reasons refuse.reason[],
	OUT differences api.difference[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	v data.org_version;
	subject text := x.org_id || ' ' || x.name;
	from_on date;
BEGIN
	differences := '{}';
	SELECT y.* INTO v FROM data.org_version y WHERE y.org_id = x.org_id
	ORDER BY y.from_on DESC LIMIT 1;
	IF NOT FOUND THEN
		INSERT INTO data.org_version (org_id, parent_id, name, short_name, from_on,
			imported_on)
		VALUES (x.org_id, x.parent_id, x.name, x.short_name,
			coalesce(x.from_on, x.established_on), flow.today());
		RETURN;
	END IF;
	IF (v.name, v.parent_id, v.short_name) IS NOT DISTINCT FROM
			(x.name::data.line, x.parent_id, coalesce(x.short_name, v.short_name)::data.line) THEN
		RETURN;
	END IF;
	IF v.imported_on IS DISTINCT FROM flow.today()
			AND (v.name, v.parent_id) IS DISTINCT FROM (x.name::data.line, x.parent_id)
			AND (SELECT o.kind LIKE '%branch%' FROM data.org o WHERE o.id = x.org_id) THEN
		reasons := reasons || refuse.reason('import_is_reorg', x.org_id);
		RETURN;
	END IF;
	from_on := coalesce(x.from_on, flow.today());
	IF from_on < v.from_on OR v.to_on IS NOT NULL THEN
		reasons := reasons || refuse.reason('from_before_version', x.org_id,
			v.from_on::text);
		RETURN;
	END IF;
	IF from_on > v.from_on THEN
		UPDATE data.org_version y SET to_on = from_on
		WHERE y.org_id = x.org_id AND y.from_on = v.from_on;
		INSERT INTO data.org_version (org_id, parent_id, name, short_name, status, from_on,
			imported_on)
		VALUES (x.org_id, x.parent_id, x.name, coalesce(x.short_name, v.short_name),
			v.status, from_on, v.imported_on);
	ELSE
		UPDATE data.org_version y SET parent_id = x.parent_id, name = x.name,
			short_name = coalesce(x.short_name, y.short_name)
		WHERE y.org_id = x.org_id AND y.from_on = v.from_on;
	END IF;
	differences := flow.differ(x.line, subject, 'name', v.name, x.name)
		|| flow.differ(x.line, subject, 'short_name', v.short_name,
			coalesce(x.short_name, v.short_name))
		|| flow.differ(x.line, subject, 'parent_id', v.parent_id, x.parent_id);
END $$;

CREATE FUNCTION flow.import_org_term(me auth.actor, x api.org_import) RETURNS api.difference[]
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	t data.term;
	followed boolean;
	subject text := x.org_id || ' ' || x.name;
BEGIN
	IF x.term_no IS NULL THEN
		RETURN '{}';
	END IF;
	SELECT y.* INTO t FROM data.term y WHERE y.org_id = x.org_id AND y.term_no = x.term_no;
	IF NOT FOUND THEN
		UPDATE data.term y SET ended_on = x.start_on WHERE y.org_id = x.org_id
			AND y.term_no < x.term_no AND y.ended_on IS NULL;
		followed := FOUND;
		INSERT INTO data.term (id, org_id, term_no, start_on, due_on) VALUES
			('RQ' || x.org_id || '-' || x.term_no, x.org_id, x.term_no, x.start_on, x.due_on);
		IF followed THEN
			PERFORM flow.begin_term(me, x.org_id, x.start_on);
		END IF;
		RETURN ARRAY[ROW(x.line, subject, 'NEW', 'term_no', NULL,
			x.term_no::text)::api.difference];
	END IF;
	UPDATE data.term y SET start_on = x.start_on, due_on = x.due_on WHERE y.id = t.id;
	RETURN flow.differ(x.line, subject, 'start_on', t.start_on::text, x.start_on::text)
		|| flow.differ(x.line, subject, 'due_on', t.due_on::text, x.due_on::text);
END $$;

-- A parent may stand on a later line, so rows are taken in three passes.
CREATE FUNCTION api.import_orgs(me auth.actor, rows api.org_import[],
	OUT differences api.difference[], OUT unchanged int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	x api.org_import;
	d api.difference[];
	r refuse.reason[] := '{}';
	why refuse.reason[];
	ids text[];
BEGIN
	PERFORM flow.one_import();
	differences := '{}';
	unchanged := 0;
	SELECT coalesce(array_agg(y.org_id), '{}') INTO ids FROM unnest(rows) y;
	FOREACH x IN ARRAY rows LOOP
		r := r || refuse.at_line(x.line, flow.org_row_reasons(x, ids));
	END LOOP;
	PERFORM refuse.defects(me.request, r);
	FOREACH x IN ARRAY rows LOOP
		differences := differences || flow.import_org_head(x);
	END LOOP;
	FOREACH x IN ARRAY rows LOOP
		SELECT i.reasons, i.differences INTO why, d
		FROM flow.import_org_version(x, '{}') i;
		r := r || refuse.at_line(x.line, why);
		differences := differences || d || flow.import_org_term(me, x);
	END LOOP;
	r := r || coalesce((SELECT array_agg(refuse.reason('tree_in_circle', v.org_id)
			ORDER BY v.org_id)
		FROM data.org_version v WHERE v.to_on IS NULL AND NOT EXISTS (
			WITH RECURSIVE up(id) AS (
				SELECT v.parent_id
				UNION
				SELECT p.parent_id FROM data.org_version p JOIN up ON p.org_id = up.id
				WHERE p.to_on IS NULL)
			SELECT FROM up WHERE up.id IS NULL)), '{}');
	PERFORM refuse.defects(me.request, r);
	unchanged := (SELECT count(*) FROM unnest(rows) y WHERE NOT EXISTS (
		SELECT FROM unnest(differences) z WHERE z.line = y.line));
	differences := ARRAY(SELECT ROW(z.line, z.subject, z.change, z.field, z.old_value,
			z.new_value)::api.difference
		FROM unnest(differences) WITH ORDINALITY AS
			z(line, subject, change, field, old_value, new_value, n)
		ORDER BY z.line, z.n)
		|| coalesce((SELECT array_agg(ROW(NULL, v.org_id || ' ' || v.name, 'MISSING',
			'org_id', v.org_id, NULL)::api.difference ORDER BY v.org_id)
		FROM data.org_version v WHERE v.to_on IS NULL AND NOT v.org_id = ANY (ids)
			AND v.status NOT IN ('MERGED', 'SPLIT', 'DISSOLVED')), '{}');
END $$;
