-- Weak and lax branches: who may, which moves, where a case is.

-- The open cases of a branch that is no more go to the one that takes its place: they
-- are handed on, never closed by it (S-13, T1).
CREATE FUNCTION flow.weak_lax_moves(from_org text, to_org text, on_day date) RETURNS void
LANGUAGE sql AS $$
	WITH moved AS (
		UPDATE data.weak_lax c SET org_id = to_org
		WHERE c.org_id = from_org AND c.closed_on IS NULL
		RETURNING c.id)
	INSERT INTO data.weak_lax_move (case_id, from_org_id, to_org_id, moved_on)
	SELECT m.id, from_org, to_org, on_day FROM moved m $$;
