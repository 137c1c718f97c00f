-- Enrolment codes wear out: a code whose proof was wrong five times is dead
-- (security 2.2).  Alarms are counted apart, so that a thief of a used code cannot
-- fill the trace.
ALTER TABLE data.enrol_code
	ADD COLUMN wrong_proofs int NOT NULL DEFAULT 0,
	ADD COLUMN alarms int NOT NULL DEFAULT 0;
