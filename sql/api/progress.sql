-- How far the plan's goals are.  Messages: proto/progress.proto.

-- One number each for the college; never of a branch, never handed out, never a
-- condition of anything (plan 五(三), NF-1, NF-11).
CREATE TYPE api.goal_row AS (text text, reading text);
CREATE FUNCTION api.show_progress(me auth.actor, INOUT as_of_on date,
	OUT active_branches int, OUT awarded_branches int, OUT awarded_share text,
	OUT standard_branches int, OUT standard_share text, OUT weak_lax_open int,
	OUT goals api.goal_row[], OUT phases api.phase_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	as_of_on := coalesce(as_of_on, flow.today());
	PERFORM refuse.unless_sane_date('as_of_on', as_of_on);
	IF as_of_on > flow.today() THEN
		PERFORM refuse.invalid('as_of_on', 'date_in_future', as_of_on::text);
	END IF;
	SELECT c.branches, c.awarded, c.at_standard, c.weak_lax
	INTO active_branches, awarded_branches, standard_branches, weak_lax_open
	FROM flow.counts_on(as_of_on) c;
	awarded_share := flow.college_part(awarded_branches, active_branches,
		flow.goal_percent(flow.current_programme()));
	standard_share := flow.college_part(standard_branches, active_branches, 50);
	goals := ARRAY(SELECT ROW(g.text, flow.goal_reading(g.text, active_branches))::api.goal_row
		FROM data.programme_goal g WHERE g.programme_id = flow.current_programme()
		ORDER BY g.goal_no);
	phases := flow.phase_rows(flow.current_programme());
END $$;

-- A phase of the programme: name, days and goal are the college's words.  No rule
-- reads its days: building goes on when a phase is over (S-4).
CREATE FUNCTION api.set_phase(me auth.actor, INOUT phase_no int, INOUT name text,
	start_on date, end_on date, goal text, OUT programme_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE old data.programme_phase;
BEGIN
	programme_id := flow.current_programme();
	IF phase_no IS NULL OR phase_no NOT BETWEEN 1 AND 20 THEN
		PERFORM refuse.invalid('phase_no', 'number_out_of_range', 'phase_no', '1', '20');
	END IF;
	SELECT p.* INTO old FROM data.programme_phase p
	WHERE p.programme_id = programme_id AND p.phase_no = phase_no;
	name := coalesce(name, old.name);
	start_on := coalesce(start_on, old.start_on);
	end_on := coalesce(end_on, old.end_on);
	PERFORM refuse.unless_line('name', name);
	PERFORM refuse.unless_sane_date('start_on', start_on);
	PERFORM refuse.unless_sane_date('end_on', end_on);
	PERFORM refuse.if_too_long('goal', goal, 2000);
	IF end_on <= start_on THEN
		PERFORM refuse.invalid('end_on', 'end_before_start', start_on::text, end_on::text);
	END IF;
	INSERT INTO data.programme_phase AS p (programme_id, phase_no, name, start_on, end_on, goal)
	VALUES (programme_id, phase_no, name, start_on, end_on, goal)
	ON CONFLICT ON CONSTRAINT programme_phase_pkey DO UPDATE SET name = excluded.name,
		start_on = excluded.start_on, end_on = excluded.end_on,
		goal = coalesce(excluded.goal, p.goal);
END $$;
