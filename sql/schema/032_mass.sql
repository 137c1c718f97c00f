-- The masses at the annual duty review (domain 2.2: 15d; S-35) and the opinions of
-- other bodies (2.2: 21).

-- ---- representatives (群众代表) ------------------------------------------------
CREATE TABLE data.mass_session (
	id text PRIMARY KEY,              -- QZ26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- CHOSEN, HELD
	application_id text REFERENCES data.application,
	year int NOT NULL CHECK (year BETWEEN 1990 AND 2200),
	how_chosen data.narrative NOT NULL,
	chosen_by text[] NOT NULL CHECK (cardinality(chosen_by) > 0),
	held_on date,
	recorded_by text NOT NULL REFERENCES data.person,
	UNIQUE (org_id, year));
CREATE INDEX ON data.mass_session (application_id);

-- People outside the Party: they have no account here, only a name on a list.
CREATE TABLE data.representative (
	mass_session_id text NOT NULL REFERENCES data.mass_session,
	representative_no int NOT NULL,
	name data.line NOT NULL,
	category data.line NOT NULL,
	unit data.line,
	took_part boolean,                -- NULL: not held yet
	PRIMARY KEY (mass_session_id, representative_no));

-- ---- clearance (征求意见) ---------------------------------------------------------
-- Bodies that answer here themselves, by the role of their people; any other body
-- is asked on paper.
CREATE TABLE rule.clearance_body (
	body text PRIMARY KEY,
	role text NOT NULL);

CREATE TABLE data.clearance (
	id text PRIMARY KEY,              -- QJ26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- ASKED, ANSWERED, WITHDRAWN
	application_id text NOT NULL REFERENCES data.application,
	body data.line NOT NULL,
	matter data.narrative NOT NULL,
	asked_on date NOT NULL,
	asked_by text NOT NULL REFERENCES data.person,
	reply_by date CHECK (reply_by >= asked_on),
	answered_on date CHECK (answered_on >= asked_on),
	conclusion text CHECK (conclusion IN ('NO_OBJECTION', 'OBJECTION', 'SEE_ANNEX')),
	recorded_by text REFERENCES data.person,
	withdrawn_why data.narrative,
	CHECK ((state = 'ANSWERED') = (conclusion IS NOT NULL)));
CREATE INDEX ON data.clearance (application_id);
CREATE UNIQUE INDEX clearance_one_open ON data.clearance (application_id, body)
	WHERE state = 'ASKED';

-- For the head of the department alone; never part of a sheet or a dossier (T6).
CREATE TABLE data.clearance_annex (
	clearance_id text PRIMARY KEY REFERENCES data.clearance,
	text data.narrative NOT NULL);
