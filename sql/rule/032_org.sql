-- Organisations and terms: who may, and facts several nouns ask.

CREATE FUNCTION flow.org_version(org_id text, on_day date) RETURNS data.org_version
LANGUAGE sql STABLE AS $$
	SELECT v FROM data.org_version v WHERE v.org_id = org_version.org_id
		AND v.from_on <= on_day AND (v.to_on IS NULL OR v.to_on > on_day) $$;

CREATE FUNCTION flow.running_term(org_id text, on_day date) RETURNS data.term
LANGUAGE sql STABLE AS $$
	SELECT t FROM data.term t WHERE t.org_id = running_term.org_id
		AND t.start_on <= on_day AND (t.ended_on IS NULL OR t.ended_on > on_day)
	ORDER BY t.term_no DESC LIMIT 1 $$;

-- Where a term stands (domain 2.3).  OVERDUE stops nothing; it is shown.
CREATE FUNCTION flow.term_state(t data.term, on_day date) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN t.ended_on <= on_day THEN 'ENDED'
		WHEN coalesce(t.extended_to_on, t.due_on) < on_day THEN 'OVERDUE'
		WHEN t.extended_to_on IS NOT NULL THEN 'EXTENDED'
		WHEN t.due_on < on_day + interval '6 months' THEN 'DUE_SOON'
		ELSE 'RUNNING' END $$;

-- It has not been merged, split up or dissolved.
CREATE FUNCTION flow.stands(org_id text, on_day date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT coalesce((flow.org_version(stands.org_id, on_day)).status
		IN ('ESTABLISHED', 'ACTIVE', 'REORGANISING'), false) $$;
CREATE FUNCTION refuse.unless_standing(field text, org_id text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF NOT flow.stands(unless_standing.org_id, flow.today()) THEN
		PERFORM refuse.invalid(field, 'org_gone', unless_standing.org_id);
	END IF;
END $$;

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('list_orgs', '{person}'::text[]),
	('show_org', '{person}'),
	('import_orgs', '{od_officer,od_head}'),
	('start_term', '{od_officer,od_head}'),
	('extend_term', '{od_officer,od_head}')
) AS p(r, roles), unnest(roles) o;
