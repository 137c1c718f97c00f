-- Contact points, dispatch meetings, tasks, inspections: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('set_contact_point', '{od_officer,od_head,committee_secretary}'::text[]),
	('end_contact_point', '{od_officer,od_head,committee_secretary}'),
	('list_contact_points', '{person}')
) AS p(r, roles), unnest(roles) o;

-- Who answers for a branch on a day.
CREATE FUNCTION flow.contact_points(org_id text, on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT c.person_id FROM data.contact_point c
	WHERE c.org_id = contact_points.org_id AND c.from_on <= on_day
		AND (c.to_on IS NULL OR c.to_on > on_day) $$;

-- Somebody who sits on the committee that day.
CREATE FUNCTION flow.on_committee(person_id text, on_day date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.office o WHERE o.person_id = on_committee.person_id
		AND o.role IN ('committee_member', 'committee_secretary') AND o.from_on <= on_day
		AND (o.to_on IS NULL OR o.to_on > on_day)) $$;

-- A branch there is, or was: nothing else has a contact point, a case or funds.
CREATE FUNCTION refuse.unless_branch(field text, org_id text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF org_id IS NULL OR NOT EXISTS (SELECT FROM data.org o
			WHERE o.id = unless_branch.org_id AND o.kind LIKE 'branch%') THEN
		PERFORM refuse.invalid(field, 'branch_unknown', coalesce(org_id, ''));
	END IF;
END $$;

-- The branches and joint branches there are on a day, in code order.  A temporary
-- branch has no term and no title, so it is none of them.
CREATE FUNCTION flow.active_branches(on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT o.id FROM data.org o JOIN data.org_version v ON v.org_id = o.id
	WHERE o.kind IN ('branch', 'branch_joint') AND v.from_on <= on_day
		AND (v.to_on IS NULL OR v.to_on > on_day)
		AND v.status IN ('ESTABLISHED', 'ACTIVE', 'REORGANISING')
	ORDER BY o.id $$;
