-- Contact points, dispatch meetings, tasks, inspections: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('set_contact_point', '{od_officer,od_head,committee_secretary}'::text[]),
	('end_contact_point', '{od_officer,od_head,committee_secretary}'),
	('list_contact_points', '{person}'),
	('new_dispatch', '{od_officer,od_head,committee_secretary}'),
	('hold_dispatch', '{od_officer,od_head,committee_secretary}'),
	('show_dispatch', '{od_officer,od_head,committee_member,committee_secretary}'),
	('list_dispatches', '{od_officer,od_head,committee_member,committee_secretary}'),
	('add_task', '{od_officer,od_head,committee_secretary}'),
	('progress_task', '{person}'),
	('finish_task', '{person}'),
	('list_tasks', '{person}'),
	('show_task', '{person}'),
	('add_inspection', '{od_officer,od_head,committee_member,committee_secretary}'),
	('list_inspections', '{branch_secretary,branch_committee_member,od_officer,od_head,committee_member,committee_secretary}'),
	('show_inspection', '{branch_secretary,branch_committee_member,od_officer,od_head,committee_member,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('dispatch', '-', 'PLANNED', 'new_dispatch', NULL),
	('dispatch', 'PLANNED', 'HELD', 'hold_dispatch', 'dispatch_day_come'),
	('dispatch', 'HELD', 'HELD', 'add_task', NULL),
	('task', '-', 'OPEN', 'add_task', NULL),
	('task', 'OPEN', 'DOING', 'progress_task', NULL),
	('task', 'DOING', 'DOING', 'progress_task', NULL),
	('task', 'OPEN', 'DONE', 'finish_task', NULL),
	('task', 'DOING', 'DONE', 'finish_task', NULL),
	('gap', '-', 'FOUND', 'add_inspection', NULL),
	('note', '-', 'KEPT', 'add_inspection', NULL);

INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('dispatch', 'hold_dispatch', 'dispatch_id', 'id', NULL),
	('task', 'finish_task', 'task_id', 'id', 'task_owner');

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
CREATE FUNCTION flow.counts_as_branch(kind text, status text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT kind IN ('branch', 'branch_joint')
		AND status IN ('ESTABLISHED', 'ACTIVE', 'REORGANISING') $$;
CREATE FUNCTION flow.active_branches(on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT o.id FROM data.org o JOIN data.org_version v ON v.org_id = o.id
	WHERE flow.counts_as_branch(o.kind, v.status) AND v.from_on <= on_day
		AND (v.to_on IS NULL OR v.to_on > on_day)
	ORDER BY o.id $$;

-- What is open anyway, for the agenda of a dispatch meeting: asked of no branch.
CREATE TYPE flow.open_matter AS (kind text, object_id text, org_id text, text text,
	due_on date);
CREATE FUNCTION flow.open_matters() RETURNS SETOF flow.open_matter LANGUAGE sql STABLE AS $$
	SELECT m.* FROM (
		SELECT 'GAP_RAISED', g.id, g.org_id, g.problem || coalesce('　' || g.raised_why, ''),
			g.due_on
		FROM data.gap g WHERE g.state = 'RAISED'
		UNION ALL
		SELECT 'GAP_OVERDUE', g.id, g.org_id, g.problem, g.due_on
		FROM data.gap g
		WHERE g.state IN ('FOUND', 'PLANNED', 'DOING') AND g.due_on < flow.today()
		UNION ALL
		SELECT 'WEAK_LAX', c.id, c.org_id, array_to_string(c.criteria, '；'), c.due_on
		FROM data.weak_lax c WHERE c.closed_on IS NULL
		UNION ALL
		SELECT 'GUIDANCE', g.id, b.org_id, g.text, g.end_on
		FROM data.guidance g JOIN data.guidance_branch b ON b.guidance_id = g.id
		WHERE NOT EXISTS (SELECT FROM data.guidance_reply r
			WHERE r.guidance_id = g.id AND r.org_id = b.org_id)
		UNION ALL
		SELECT 'TASK', t.id, t.org_id, t.text, t.due_on
		FROM data.task t WHERE t.state <> 'DONE'
	) AS m(kind, object_id, org_id, text, due_on)
	ORDER BY array_position('{GAP_RAISED,GAP_OVERDUE,WEAK_LAX,GUIDANCE,TASK}', m.kind),
		m.org_id, m.object_id $$;
