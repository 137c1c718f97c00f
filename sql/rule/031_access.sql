-- Accounts and offices: who may, and what several requests share.

-- A person by number (P12), by the college's member number, or by a name only one
-- active person has.
CREATE FUNCTION flow.person(person text) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE ids text[];
BEGIN
	SELECT array_agg(p.id) INTO ids FROM data.person p
	WHERE p.id = upper(person) OR p.member_no = person;
	IF ids IS NULL THEN
		SELECT array_agg(p.id ORDER BY length(p.id), p.id) INTO ids FROM data.person p
		WHERE p.name = person AND p.active;
	END IF;
	IF cardinality(ids) > 1 THEN
		PERFORM refuse.invalid('person', 'name_of_several', person,
			array_to_string(ids[1:9], ' '));
	END IF;
	IF ids IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	RETURN ids[1];
END $$;

CREATE FUNCTION flow.person_label(person_id text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT p.name || coalesce('（' || p.mark || '）', '') FROM data.person p
	WHERE p.id = person_label.person_id $$;

-- A new person's number: a one and the figures of the college's own (BY0170 is
-- P10170; a number never begins with nought), else the next free one.  The caller
-- has taken flow.one_import().
CREATE FUNCTION flow.next_person(member_no text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(
		(SELECT 'P1' || d FROM substring(next_person.member_no FROM '[0-9]{1,8}$') d
		WHERE NOT EXISTS (SELECT FROM data.person p WHERE p.id = 'P1' || d)),
		(SELECT 'P' || coalesce(max(substring(p.id FROM 2)::bigint), 0) + 1
		FROM data.person p)) $$;

-- Tables are taken in one at a time, so that a difference stays true until written.
CREATE FUNCTION flow.one_import() RETURNS void LANGUAGE sql AS $$
	SELECT pg_advisory_xact_lock(hashtext('import')) $$;

-- Who holds a role of an organisation on a day.
CREATE FUNCTION flow.holders(org_id text, role text, on_day date) RETURNS SETOF data.office
LANGUAGE sql STABLE AS $$
	SELECT o.* FROM data.office o
	WHERE o.org_id = holders.org_id AND o.role = holders.role AND o.from_on <= on_day
		AND (o.to_on IS NULL OR o.to_on > on_day)
	ORDER BY o.from_on, o.person_id $$;

-- Every reason against somebody holding a role there, apart from who holds it now.
-- The Organization Department fills the offices of branches; those of the college
-- are entered by the administrator.  Nobody gives an office to himself.
CREATE FUNCTION flow.office_reasons(me auth.actor, person_id text, role text, org_id text)
RETURNS refuse.reason[] LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	scope text;
	kind text;
	r refuse.reason[] := '{}';
BEGIN
	SELECT x.scope INTO scope FROM rule.role x WHERE x.role = role;
	SELECT o.kind INTO kind FROM data.org o WHERE o.id = org_id;
	IF scope IS NULL THEN
		r := r || refuse.reason('role_unknown', coalesce(role, ''));
	END IF;
	IF kind IS NULL THEN
		r := r || refuse.reason('org_unknown', coalesce(org_id, ''));
	ELSIF NOT flow.stands(org_id, flow.today()) THEN
		r := r || refuse.reason('org_gone', org_id);
	END IF;
	IF scope = 'own' AND kind NOT IN ('branch', 'branch_joint', 'branch_temporary')
			OR scope = 'below' AND kind <> 'general_branch'
			OR scope = 'college' AND kind NOT IN ('committee', 'department', 'superior') THEN
		r := r || refuse.reason('role_not_of_org', role, org_id);
	END IF;
	IF scope = 'college' AND me.role <> 'administrator' THEN
		r := r || refuse.reason('role_by_administrator', role);
	END IF;
	IF person_id = me.person_id THEN
		r := r || refuse.reason('office_for_oneself');
	END IF;
	RETURN r;
END $$;

-- Whoever administers can let in anybody; so nobody makes an administrator alone
-- (security 3.3).  The committee's secretary may agree where there is one only.
-- An office for a time has its last day and its document; any other may have both.
CREATE FUNCTION flow.limit_reasons(role text, from_on date, to_on date, doc_no text)
RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT array_remove(ARRAY[
		CASE WHEN l.limited AND to_on IS NULL THEN refuse.reason('office_needs_end', l.role) END,
		CASE WHEN l.limited AND coalesce(doc_no, '') !~ '\S'
			THEN refuse.reason('office_needs_basis', l.role) END,
		CASE WHEN to_on <= from_on THEN refuse.reason('office_end_first', from_on::text,
			to_on::text) END,
		CASE WHEN char_length(doc_no) > 100 OR doc_no ~ '[\n\t]'
			THEN refuse.reason('office_basis_bad') END], NULL)
	FROM (SELECT 1) one LEFT JOIN rule.role l ON l.role = limit_reasons.role $$;

INSERT INTO rule.second_person (request, role, applies, why) VALUES
	('set_office', 'administrator', '$.role == "administrator"', 'grants an administrator role'),
	('set_office', 'committee_secretary', '$.role == "administrator"', 'grants an administrator role'),
	('import_offices', 'administrator', '$.rows[*].role == "administrator"', 'grants an administrator role'),
	('import_offices', 'committee_secretary', '$.rows[*].role == "administrator"', 'grants an administrator role');

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('list_accounts', '{administrator}'::text[]),
	('issue_code', '{administrator}'),
	('list_certificates', '{administrator,auditor}'),
	('revoke_certificate', '{administrator}'),
	('disable_person', '{administrator}'),
	('enable_person', '{administrator}'),
	('renew_certificate', '{person}'),
	('list_offices', '{person}'),
	('set_office', '{administrator,od_officer,od_head}'),
	('replace_officer', '{administrator,od_officer,od_head}'),
	('end_office', '{administrator,od_officer,od_head}'),
	('import_offices', '{administrator,od_officer,od_head}')
) AS p(r, roles), unnest(roles) o;
