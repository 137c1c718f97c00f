-- Weak and lax branches: who may, which moves, where a case is.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('open_weak_lax', '{od_head}'::text[]),
	('assign_helper', '{od_officer,od_head}'),
	('plan_weak_lax', '{branch_secretary,od_officer}'),
	('progress_weak_lax', '{branch_secretary,od_officer,od_head,committee_member}'),
	('ask_acceptance', '{branch_secretary,od_officer}'),
	('accept_weak_lax', '{od_head,committee_member,committee_secretary}'),
	('list_weak_lax', '{branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('show_weak_lax', '{branch_secretary,od_officer,od_head,committee_member,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('weak_lax', '-', 'LISTED', 'open_weak_lax', NULL),
	('weak_lax', 'LISTED', 'LISTED', 'assign_helper', NULL),
	('weak_lax', 'PLANNED', 'PLANNED', 'assign_helper', NULL),
	('weak_lax', 'RECTIFYING', 'RECTIFYING', 'assign_helper', NULL),
	('weak_lax', 'LISTED', 'PLANNED', 'plan_weak_lax', 'weak_lax_helped'),
	('weak_lax', 'PLANNED', 'PLANNED', 'plan_weak_lax', NULL),
	('weak_lax', 'PLANNED', 'RECTIFYING', 'progress_weak_lax', NULL),
	('weak_lax', 'RECTIFYING', 'RECTIFYING', 'progress_weak_lax', NULL),
	('weak_lax', 'RECTIFYING', 'ACCEPTANCE_ASKED', 'ask_acceptance', NULL),
	('weak_lax', 'ACCEPTANCE_ASKED', 'CLOSED', 'accept_weak_lax', NULL),
	('weak_lax', 'ACCEPTANCE_ASKED', 'RECTIFYING', 'accept_weak_lax', NULL);

INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('weak_lax', 'assign_helper', 'weak_lax_id', 'id', 'weak_lax_unhelped'),
	('weak_lax', 'plan_weak_lax', 'weak_lax_id', 'id', 'weak_lax_unplanned'),
	('weak_lax', 'progress_weak_lax', 'weak_lax_id', 'id', 'weak_lax_at_work'),
	('weak_lax', 'accept_weak_lax', 'weak_lax_id', 'id', 'weak_lax_other_hand');

-- The open cases of a branch that is no more go to the one that takes its place: they
-- are handed on, never closed by it (S-13, T1).
CREATE FUNCTION flow.weak_lax_moves(from_org text, to_org text, on_day date) RETURNS void
LANGUAGE sql AS $$
	WITH moved AS (
		UPDATE data.weak_lax c SET org_id = to_org
		WHERE c.org_id = from_org AND c.closed_on IS NULL
		RETURNING c.id)
	INSERT INTO data.weak_lax_move (weak_lax_id, from_org_id, to_org_id, moved_on)
	SELECT m.id, from_org, to_org, on_day FROM moved m $$;

-- Where a case was on a day.
CREATE FUNCTION flow.weak_lax_org(c data.weak_lax, on_day date) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT m.from_org_id FROM data.weak_lax_move m
		WHERE m.weak_lax_id = c.id AND m.moved_on > on_day ORDER BY m.moved_on LIMIT 1),
		c.org_id) $$;

-- Why a branch with an open case may not apply now: the college's own rule says so, or
-- the college has not said (no silent default).
CREATE FUNCTION flow.weak_lax_reasons(org_id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN r.id IS NULL THEN refuse.reason('weak_lax_undecided', c.id)
		ELSE refuse.reason('weak_lax_open', c.id, r.id) END
	FROM data.weak_lax c LEFT JOIN data.rule_set r ON r.id = flow.current_rule_set()
	WHERE c.org_id = weak_lax_reasons.org_id AND c.closed_on IS NULL
		AND r.weak_lax_may_apply IS NOT TRUE ORDER BY c.id $$;
