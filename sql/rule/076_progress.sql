-- How far the plan's goals are (S-12 to S-14): facts of the college on a day, for the
-- committee and the department, and of nobody else.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('show_progress', '{od_officer,od_head,committee_member,committee_secretary}'::text[]),
	('set_phase', '{od_head,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

-- How many branches there are is asked of the days on which that changed, not of every
-- branch: how many more there are from a day on.  This is code's own table: every
-- migration begins it anew.
CREATE TABLE flow.branch_day (day date PRIMARY KEY, change int NOT NULL);
CREATE FUNCTION flow.begin_branch_days() RETURNS void LANGUAGE sql AS $$
	DELETE FROM flow.branch_day;
	INSERT INTO flow.branch_day (day, change)
	SELECT d.day, sum(d.change) FROM data.org o JOIN data.org_version v ON v.org_id = o.id,
		LATERAL (VALUES (v.from_on, 1), (v.to_on, -1)) d(day, change)
	WHERE flow.counts_as_branch(o.kind, v.status) AND d.day IS NOT NULL
	GROUP BY d.day $$;
SELECT flow.begin_branch_days();

CREATE FUNCTION flow.count_version(v data.org_version, kind text, sign int) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO flow.branch_day AS b (day, change)
	SELECT d.day, d.change * sign FROM (VALUES (v.from_on, 1), (v.to_on, -1)) d(day, change)
	WHERE flow.counts_as_branch(kind, v.status) AND d.day IS NOT NULL
	ON CONFLICT (day) DO UPDATE SET change = b.change + excluded.change $$;
CREATE FUNCTION flow.version_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE kind text := (SELECT o.kind FROM data.org o
	WHERE o.id = coalesce(NEW.org_id, OLD.org_id));
BEGIN
	IF TG_OP <> 'INSERT' THEN
		PERFORM flow.count_version(OLD, kind, -1);
	END IF;
	IF TG_OP <> 'DELETE' THEN
		PERFORM flow.count_version(NEW, kind, 1);
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER version_changed AFTER INSERT OR UPDATE OR DELETE ON data.org_version
	FOR EACH ROW EXECUTE FUNCTION flow.version_changed();
CREATE FUNCTION flow.kind_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM flow.count_version(v, OLD.kind, -1), flow.count_version(v, NEW.kind, 1)
	FROM data.org_version v WHERE v.org_id = NEW.id;
	RETURN NULL;
END $$;
CREATE TRIGGER kind_changed AFTER UPDATE OF kind ON data.org FOR EACH ROW
	WHEN (OLD.kind <> NEW.kind) EXECUTE FUNCTION flow.kind_changed();

-- Of these, each once, who is an active branch on a day.
CREATE FUNCTION flow.branches_among(org_ids text[], on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT o.id FROM (SELECT DISTINCT unnest(org_ids) AS id) w JOIN data.org o USING (id)
	JOIN data.org_version v ON v.org_id = o.id
	WHERE flow.counts_as_branch(o.kind, v.status) AND v.from_on <= on_day
		AND (v.to_on IS NULL OR v.to_on > on_day) $$;

-- Branches that hold the title on a day, in whatever way they came to it.
CREATE FUNCTION flow.branches_awarded(on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT flow.branches_among(ARRAY(SELECT w.org_id FROM data.award w
		WHERE flow.award_holds(w, on_day)), on_day) $$;

-- Branches that meet the standard on a day, as the plan words its second goal: 达到标准,
-- which is not 被评定.  An award in effect says so; so does the branch's own statement,
-- adopted by its meeting (自评达到评定条件), where the levels above have taken the
-- application that stands on it and nothing has been decided otherwise.
CREATE FUNCTION flow.branches_at_standard(on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	SELECT flow.branches_among(ARRAY(
		SELECT w.org_id FROM data.award w WHERE flow.award_holds(w, on_day)
		UNION ALL
		SELECT a.org_id FROM data.self_version v
		JOIN data.application a ON a.self_id = v.self_id AND a.self_version_no = v.version_no
		JOIN data.round r ON r.id = a.round_id
		WHERE v.meets_conditions AND v.held_on <= on_day
			AND r.started_on <= on_day AND (r.ended_on IS NULL OR r.ended_on > on_day)
			AND (SELECT s.to_state FROM data.application_step s
				WHERE s.application_id = a.id AND flow.day(s.at) <= on_day
				ORDER BY s.serial DESC LIMIT 1)
			IN ('ACCEPTED', 'EVALUATING', 'DOSSIER_FROZEN', 'IN_DELIBERATION', 'DEFERRED',
				'PROPOSED_AWARD', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'CONFIRMED')),
		on_day) $$;

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
