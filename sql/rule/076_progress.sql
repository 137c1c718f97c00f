-- How far the plan's goals are (S-12 to S-14): facts of the college on a day, for the
-- committee and the department, and of nobody else.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('show_progress', '{od_officer,od_head,committee_member,committee_secretary}'::text[]),
	('set_phase', '{od_head,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

-- Branches that meet the standard on a day, as the plan words its second goal: 达到标准,
-- which is not 被评定.  An award in effect says so; so does the branch's own statement,
-- adopted by its meeting (自评达到评定条件), where the levels above have taken the
-- application that stands on it and nothing has been decided otherwise.
CREATE FUNCTION flow.branches_at_standard(on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT b.id FROM flow.active_branches(on_day) b(id)
	WHERE (flow.award_of(b.id, on_day)).id IS NOT NULL
		OR EXISTS (SELECT FROM data.application a
			JOIN data.round r ON r.id = a.round_id
			JOIN data.self_version v ON v.self_id = a.self_id
				AND v.version_no = a.self_version_no
			WHERE a.org_id = b.id AND v.meets_conditions AND v.held_on <= on_day
				AND r.started_on <= on_day AND (r.ended_on IS NULL OR r.ended_on > on_day)
				AND (SELECT s.to_state FROM data.application_step s
					WHERE s.application_id = a.id AND flow.day(s.at) <= on_day
					ORDER BY s.serial DESC LIMIT 1)
				IN ('ACCEPTED', 'EVALUATING', 'DOSSIER_FROZEN', 'IN_DELIBERATION', 'DEFERRED',
					'PROPOSED_AWARD', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'CONFIRMED')) $$;

-- A part of all the branches of the college, as people write it: 9 of 30 is 30.0%,
-- 9 of 29 is 31.0%; what falls short of the goal is told more exactly, 9 of 31 is
-- 29.03% (T36).  Never rounded up, so it never says more than there is.
CREATE FUNCTION flow.college_part(part int, branches int, goal int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN x.p < goal THEN regexp_replace(to_char(trunc(x.p, 2), 'FM990.00'), '0$', '')
		ELSE to_char(trunc(x.p, 1), 'FM990.0') END || '%'
	FROM (SELECT part * 100.0 / nullif(branches, 0)) x(p) WHERE x.p IS NOT NULL $$;
-- What a programme's goals say in percent; NULL: they do not.
CREATE FUNCTION flow.goal_percent(programme_id text) RETURNS int LANGUAGE sql STABLE AS $$
	SELECT min((regexp_match(g.text, '([0-9]{1,3})[%％]以上'))[1]::int)
	FROM data.programme_goal g WHERE g.programme_id = goal_percent.programme_id $$;

-- What the words of a goal come to with so many branches: 以上 includes the figure
-- itself, a half of 31 is 16.  NULL: a goal of words alone.
CREATE FUNCTION flow.goal_reading(goal text, branches int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT nullif(concat_ws('；',
		(SELECT format('“%s%%以上”含本数：%s个党支部，即不少于%s个', m[1], branches,
			ceil(branches * m[1]::numeric / 100)::int)
			FROM regexp_match(goal, '([0-9]{1,3}(?:\.[0-9]+)?)[%％]以上') m WHERE m IS NOT NULL),
		CASE WHEN goal ~ '一半' THEN format('“一半”：%s个党支部，即不少于%s个', branches,
			(branches + 1) / 2) END,
		CASE WHEN goal ~ '软弱涣散.*消除' THEN '“消除”：当日没有未结的软弱涣散整顿' END), '') $$;
