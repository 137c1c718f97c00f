-- Enrolment codes wear out: a code whose proof was wrong five times is dead
-- (security 2.2).  Alarms are counted apart, so that a thief of a used code cannot
-- fill the trace.
ALTER TABLE data.enrol_code
	ADD COLUMN wrong_proofs int NOT NULL DEFAULT 0,
	ADD COLUMN alarms int NOT NULL DEFAULT 0,
	ADD COLUMN renews bytea REFERENCES data.certificate;  -- a renewal's: of this one

-- A renewed certificate holds until its successor is first used for a write, so that
-- a lost reply harms nobody (security 2.5).
ALTER TABLE data.certificate
	ADD COLUMN renews bytea REFERENCES data.certificate,
	ADD COLUMN superseded_at timestamptz;
CREATE INDEX ON data.certificate (renews) WHERE renews IS NOT NULL;
