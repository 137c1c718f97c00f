-- Leading the work (domain 2.2: 32; plan 五(一), 五(二)): who answers for a branch,
-- dispatch meetings, what they decided, inspections.

-- ---- contact point (联系点) ------------------------------------------------------
-- The committee member who answers for a branch.  to_on is the first day on which
-- the row no longer holds.
CREATE TABLE data.contact_point (
	org_id text NOT NULL REFERENCES data.org,
	person_id text NOT NULL REFERENCES data.person,
	from_on date NOT NULL,
	to_on date CHECK (to_on >= from_on),
	set_by text NOT NULL REFERENCES data.person,
	CONSTRAINT contact_point_one_a_day EXCLUDE USING gist
		(org_id WITH =, daterange(from_on, to_on) WITH &&));
CREATE INDEX ON data.contact_point (person_id);
