-- How far the plan's goals are (S-12 to S-14): facts of the college on a day, for the
-- committee and the department, and of nobody else.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('show_progress', '{od_officer,od_head,committee_member,committee_secretary}'::text[]),
	('set_phase', '{od_head,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

-- From the first day to the day before the last; none, if that comes first.
CREATE FUNCTION flow.days(from_on date, to_on date) RETURNS daterange LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN to_on < from_on THEN 'empty' ELSE daterange(from_on, to_on) END $$;

-- On which days a branch is one of the college's, on which of them it holds the title, in
-- whatever way it came to it, and on which it meets the standard, as the plan words its
-- second goal: 达到标准, which is not 被评定.  An award in effect says so; so does the
-- branch's own statement, adopted by its meeting (自评达到评定条件), where the levels above
-- have taken the application that stands on it and nothing has been decided otherwise.
CREATE VIEW flow.branch_days AS
	SELECT p.org_id, p.branch, p.branch * p.awarded AS awarded,
		p.branch * (p.awarded + p.taken) AS at_standard
	FROM (SELECT x.org_id,
			coalesce(range_agg(x.days) FILTER (WHERE x.what = 'BRANCH'), '{}') AS branch,
			coalesce(range_agg(x.days) FILTER (WHERE x.what = 'AWARDED'), '{}') AS awarded,
			coalesce(range_agg(x.days) FILTER (WHERE x.what = 'TAKEN'), '{}') AS taken
		FROM (
			SELECT v.org_id, 'BRANCH', flow.days(v.from_on, v.to_on)
			FROM data.org_version v JOIN data.org o ON o.id = v.org_id
			WHERE flow.counts_as_branch(o.kind, v.status)
			UNION ALL
			SELECT w.org_id, 'AWARDED',
				flow.days(w.effective_from, least(w.valid_to + 1, w.ended_on))
			FROM data.award w
			UNION ALL
			SELECT a.org_id, 'TAKEN', flow.days(greatest(v.held_on, r.started_on, s.from_on),
				least(r.ended_on, s.to_on))
			FROM data.application a JOIN data.round r ON r.id = a.round_id
			JOIN data.self_version v ON v.self_id = a.self_id
				AND v.version_no = a.self_version_no AND v.meets_conditions,
			-- a step holds until one that is written after it
			LATERAL (SELECT s.to_state, flow.day(s.at) AS from_on, min(flow.day(s.at)) OVER (
					ORDER BY s.serial ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS to_on
				FROM data.application_step s WHERE s.application_id = a.id) s
			WHERE s.to_state IN ('ACCEPTED', 'EVALUATING', 'DOSSIER_FROZEN', 'IN_DELIBERATION',
				'DEFERRED', 'PROPOSED_AWARD', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'CONFIRMED')
		) AS x(org_id, what, days)
		GROUP BY x.org_id) p;

-- How many branches there are of each kind, and open cases of weak and lax ones, is
-- asked of the days on which that changed, not of every branch and case.  These are
-- code's own tables, begun anew by every migration: what has been counted of each branch,
-- and how many more there are from a day on.
CREATE TABLE flow.branch_counted (LIKE flow.branch_days, PRIMARY KEY (org_id));
CREATE TABLE flow.count_change (
	id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	what text NOT NULL,               -- BRANCH, AWARDED, AT_STANDARD, WEAK_LAX
	day date NOT NULL,
	change int NOT NULL);
CREATE INDEX ON flow.count_change (what, day);

CREATE FUNCTION flow.branch_changes(b flow.branch_counted)
RETURNS TABLE (what text, day date, change int) LANGUAGE sql IMMUTABLE AS $$
	SELECT x.what, d.day, d.change
	FROM (VALUES ('BRANCH', b.branch), ('AWARDED', b.awarded), ('AT_STANDARD', b.at_standard))
		AS x(what, days), unnest(x.days) r,
		LATERAL (VALUES (lower(r), 1), (upper(r), -1)) AS d(day, change)
	WHERE d.day IS NOT NULL $$;

-- A case counts from the day it is listed to the day before it is closed.
CREATE FUNCTION flow.case_changes(c data.weak_lax)
RETURNS TABLE (what text, day date, change int) LANGUAGE sql IMMUTABLE AS $$
	SELECT 'WEAK_LAX', d.day, d.change
	FROM (VALUES (c.listed_on, 1), (greatest(c.listed_on, c.closed_on), -1)) AS d(day, change)
	WHERE d.change > 0 OR c.closed_on IS NOT NULL $$;

CREATE FUNCTION flow.begin_counts() RETURNS void LANGUAGE sql AS $$
	DELETE FROM flow.branch_counted;
	DELETE FROM flow.count_change;
	INSERT INTO flow.branch_counted SELECT b.* FROM flow.branch_days b;
	INSERT INTO flow.count_change (what, day, change)
	SELECT c.what, c.day, sum(c.change) FROM (
		SELECT c.* FROM flow.branch_counted b, flow.branch_changes(b) c
		UNION ALL
		SELECT c.* FROM data.weak_lax w, flow.case_changes(w) c) c
	GROUP BY c.what, c.day $$;
SELECT flow.begin_counts();

-- Of one day there are as many rows as there have been writers at once: each adds to one
-- that nobody holds, so that nobody waits for another's commit.
CREATE FUNCTION flow.count(what text, day date, change int) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	UPDATE flow.count_change c SET change = c.change + change
	WHERE c.id = (SELECT x.id FROM flow.count_change x WHERE x.what = what AND x.day = day
		LIMIT 1 FOR UPDATE SKIP LOCKED);
	IF NOT FOUND THEN
		INSERT INTO flow.count_change (what, day, change) VALUES (what, day, change);
	END IF;
END $$;

-- Counts a branch as it is now.
CREATE FUNCTION flow.count_branch(org_id text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	was flow.branch_counted;
	now flow.branch_counted;
BEGIN
	-- one after the other, each seeing what the one before committed
	INSERT INTO flow.branch_counted VALUES (org_id, '{}', '{}', '{}') ON CONFLICT DO NOTHING;
	SELECT b.* INTO was FROM flow.branch_counted b WHERE b.org_id = org_id FOR UPDATE;
	SELECT b.* INTO now FROM flow.branch_days b WHERE b.org_id = org_id;
	IF NOT FOUND THEN
		now := (org_id, '{}', '{}', '{}');
	END IF;
	IF now = was THEN
		RETURN;
	END IF;
	UPDATE flow.branch_counted b SET branch = now.branch, awarded = now.awarded,
		at_standard = now.at_standard
	WHERE b.org_id = org_id;
	PERFORM flow.count(d.what, d.day, d.change) FROM (
		SELECT c.what, c.day, sum(c.change)::int AS change FROM (
			SELECT c.what, c.day, c.change FROM flow.branch_changes(now) c
			UNION ALL
			SELECT c.what, c.day, -c.change FROM flow.branch_changes(was) c) c
		GROUP BY c.what, c.day) d
	WHERE d.change <> 0;
END $$;

-- Whose days a changed row bears on.  A new round, application or version of a
-- self-assessment bears on none before there is a step.
CREATE FUNCTION flow.count_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_TABLE_NAME = 'org' THEN
		PERFORM flow.count_branch(NEW.id);
	ELSIF TG_TABLE_NAME = 'application_step' THEN
		PERFORM flow.count_branch(a.org_id) FROM data.application a
		WHERE a.id = coalesce(NEW.application_id, OLD.application_id);
	ELSIF TG_TABLE_NAME = 'self_version' THEN
		PERFORM flow.count_branch(a.org_id) FROM data.self_assessment a
		WHERE a.id = NEW.self_id;
	ELSE
		PERFORM flow.count_branch(o.id) FROM data.org o
		WHERE o.id IN (OLD.org_id, NEW.org_id);
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER count_row AFTER INSERT OR DELETE OR UPDATE OF org_id, status, from_on, to_on
	ON data.org_version FOR EACH ROW EXECUTE FUNCTION flow.count_row();
CREATE TRIGGER count_row AFTER UPDATE OF kind ON data.org FOR EACH ROW
	WHEN (OLD.kind <> NEW.kind) EXECUTE FUNCTION flow.count_row();
CREATE TRIGGER count_row AFTER INSERT OR DELETE OR UPDATE OF org_id, effective_from, valid_to,
	ended_on ON data.award FOR EACH ROW EXECUTE FUNCTION flow.count_row();
CREATE TRIGGER count_row AFTER INSERT OR DELETE OR UPDATE ON data.application_step
	FOR EACH ROW EXECUTE FUNCTION flow.count_row();
CREATE TRIGGER count_row AFTER UPDATE OF round_id, self_id, self_version_no
	ON data.application FOR EACH ROW EXECUTE FUNCTION flow.count_row();
CREATE TRIGGER count_row AFTER UPDATE OF started_on, ended_on ON data.round
	FOR EACH ROW EXECUTE FUNCTION flow.count_row();
CREATE TRIGGER count_row AFTER UPDATE OF held_on, meets_conditions ON data.self_version
	FOR EACH ROW EXECUTE FUNCTION flow.count_row();

CREATE FUNCTION flow.count_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		PERFORM flow.count(c.what, c.day, -c.change) FROM flow.case_changes(OLD) c;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		PERFORM flow.count(c.what, c.day, c.change) FROM flow.case_changes(NEW) c;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER count_case AFTER INSERT OR DELETE OR UPDATE OF listed_on, closed_on
	ON data.weak_lax FOR EACH ROW EXECUTE FUNCTION flow.count_case();

-- How many there are on a day: one number each for the college.
CREATE FUNCTION flow.counts_on(on_day date, OUT branches int, OUT awarded int,
	OUT at_standard int, OUT weak_lax int)
LANGUAGE plpgsql STABLE AS $$
BEGIN
	SELECT coalesce(sum(c.change) FILTER (WHERE c.what = 'BRANCH'), 0),
		coalesce(sum(c.change) FILTER (WHERE c.what = 'AWARDED'), 0),
		coalesce(sum(c.change) FILTER (WHERE c.what = 'AT_STANDARD'), 0),
		coalesce(sum(c.change) FILTER (WHERE c.what = 'WEAK_LAX'), 0)
	INTO branches, awarded, at_standard, weak_lax
	FROM flow.count_change c WHERE c.day <= on_day;
END $$;

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
