-- What one person may not do alone (domain 3.2, security 3.3): the first asks, a
-- second agrees, then it is done.

-- Who the second person may be.  Several rows of a request are alternatives.
-- `guard` names guard.<name>(me, id), which gives the reasons against this very
-- person; `applies` says for which arguments of the request the rule holds (NULL:
-- for all).  call.sql makes the wrappers by these rows.
CREATE TABLE rule.second_person (
	request text NOT NULL,
	role text NOT NULL,
	guard text,
	applies jsonpath,
	days int NOT NULL DEFAULT 7 CHECK (days BETWEEN 1 AND 60),  -- it waits so long
	why text NOT NULL,
	PRIMARY KEY (request, role));

-- An act of a first person that waits, as it was asked and signed.
CREATE TABLE data.approval (
	id text PRIMARY KEY,              -- FH26-01
	org_id text NOT NULL REFERENCES data.org,   -- of the office it was asked in
	state text NOT NULL CHECK (state IN ('WAITING', 'APPROVED', 'REFUSED')),
	request text NOT NULL,
	object_id text,                   -- what it is about
	args jsonb NOT NULL,              -- the request's fields by name
	person_id text NOT NULL REFERENCES data.person,
	role text NOT NULL,
	certificate_fp bytea NOT NULL REFERENCES data.certificate,
	key bytea NOT NULL,
	payload bytea,
	signature bytea,
	asked_at timestamptz NOT NULL,
	until_on date NOT NULL,           -- the last day on which it can be approved
	second_id text REFERENCES data.person CHECK (second_id <> person_id OR state = 'REFUSED'),
	second_role text,
	answered_at timestamptz,
	reason data.narrative,            -- of a refusal
	reply text,                       -- of the request, once it was done
	CHECK ((state = 'WAITING') = (answered_at IS NULL)));
CREATE INDEX ON data.approval (state) WHERE state = 'WAITING';
