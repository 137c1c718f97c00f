-- The register of weak and lax branches (domain 2.2: 33; plan 一(三)): criteria in
-- words, help, acceptance.  A case stays until people close it.

-- LISTED, PLANNED, RECTIFYING, ACCEPTANCE_ASKED, CLOSED.
CREATE TABLE data.weak_lax (
	id text PRIMARY KEY,              -- RR26-18
	org_id text NOT NULL REFERENCES data.org,  -- who has it now
	state text NOT NULL,
	criteria text[] NOT NULL CHECK (cardinality(criteria) > 0),  -- WEAK_LAX_CRITERION
	facts data.narrative NOT NULL,
	basis data.line NOT NULL,         -- the meeting or document that listed it
	listed_on date NOT NULL,
	listed_by text NOT NULL REFERENCES data.person,
	measures data.narrative,
	due_on date,
	result data.narrative,
	asked_on date,
	asked_by text REFERENCES data.person,
	opinion data.narrative,           -- of those who looked at the result
	accepted_by text REFERENCES data.person,
	closed_on date,
	CHECK ((state = 'CLOSED') = (closed_on IS NOT NULL)));
CREATE INDEX ON data.weak_lax (org_id);

CREATE TABLE data.weak_lax_helper (
	weak_lax_id text NOT NULL REFERENCES data.weak_lax,
	person_id text NOT NULL REFERENCES data.person,
	help_with data.line NOT NULL,     -- what the help is: 联系指导, 派驻 …
	from_on date NOT NULL,
	assigned_by text NOT NULL REFERENCES data.person,
	PRIMARY KEY (weak_lax_id, person_id));

CREATE TABLE data.weak_lax_note (
	weak_lax_id text NOT NULL REFERENCES data.weak_lax,
	serial int NOT NULL,
	text data.narrative NOT NULL,
	by_person text NOT NULL REFERENCES data.person,
	at timestamptz NOT NULL,
	PRIMARY KEY (weak_lax_id, serial));

-- A reorganisation hands the case on; it never ends one.
CREATE TABLE data.weak_lax_move (
	weak_lax_id text NOT NULL REFERENCES data.weak_lax,
	from_org_id text NOT NULL REFERENCES data.org,
	to_org_id text NOT NULL REFERENCES data.org,
	moved_on date NOT NULL,
	PRIMARY KEY (weak_lax_id, moved_on, from_org_id),
	CHECK (from_org_id <> to_org_id));
