-- Forms as data, the burden they are, guidance.  (domain 1.3: NF-8, NF-9; S-42, S-64)

-- ---- forms -----------------------------------------------------------------------
-- What a branch types, form by form: every field, whether it must be filled, its
-- upper limit in characters.  A fact has one place.  From these rows come the text
-- form, the table, the guided questions and the burden.
CREATE TABLE rule.form (
	form text PRIMARY KEY,            -- SELF
	form_no int NOT NULL UNIQUE,
	-- YEARLY: every branch, once a year; APPLYING: who applies; AS_FOUND: as the thing
	-- comes up
	needed text NOT NULL CHECK (needed IN ('YEARLY', 'APPLYING', 'AS_FOUND')));
CREATE TABLE rule.form_field (
	form text NOT NULL REFERENCES rule.form,
	field_no int NOT NULL,
	request text NOT NULL,            -- where it is typed
	field text NOT NULL,
	per_item boolean NOT NULL DEFAULT false, -- once for each item of the standard
	required boolean NOT NULL,
	longest int,
	PRIMARY KEY (form, field_no),
	UNIQUE (request, field));

-- How much a year's forms may ask of a branch: the committee's own limit.  Rows are
-- added, the newest holds; no row: the college has not set one.
CREATE TABLE data.burden_limit (
	serial int PRIMARY KEY,
	required_inputs int NOT NULL CHECK (required_inputs > 0),
	basis data.line NOT NULL,         -- the meeting that decided it
	set_by text NOT NULL REFERENCES data.person,
	set_at timestamptz NOT NULL);

-- A level between explains an item to its branches.  Rows are added, the newest of
-- an organisation and item holds; without text it is taken back.
CREATE TABLE data.item_explanation (
	org_id text NOT NULL REFERENCES data.org,
	standard_version_id text NOT NULL,
	item_code text NOT NULL,
	serial int NOT NULL,
	text data.narrative,
	by_person text NOT NULL REFERENCES data.person,
	at timestamptz NOT NULL,
	PRIMARY KEY (org_id, standard_version_id, item_code, serial),
	FOREIGN KEY (standard_version_id, item_code) REFERENCES data.standard_item);

-- ---- process board (总览) ------------------------------------------------------------
-- What a state of round or application says of the stages of the procedure; a stage
-- without a row has not begun.
CREATE TABLE rule.board (
	state text NOT NULL,              -- round.PLANNED, application.RETURNED
	stage text NOT NULL,
	says text NOT NULL,
	PRIMARY KEY (state, stage));

-- ---- guidance (指导) -----------------------------------------------------------------
-- Words from above to branches, which may reply.  No state and no day to answer by:
-- guidance asks for nothing, and no rule reads it.
CREATE TABLE data.guidance (
	id text PRIMARY KEY,              -- ZD26-01
	item_code text,
	text data.narrative NOT NULL,
	start_on date,                    -- a period of building together (集中建设)
	end_on date CHECK (end_on >= start_on),
	by_person text NOT NULL REFERENCES data.person,
	by_role text NOT NULL,
	by_org_id text NOT NULL REFERENCES data.org,
	at timestamptz NOT NULL,
	CHECK ((start_on IS NULL) = (end_on IS NULL)));
CREATE TABLE data.guidance_branch (
	guidance_id text NOT NULL REFERENCES data.guidance,
	org_id text NOT NULL REFERENCES data.org,
	PRIMARY KEY (guidance_id, org_id));
CREATE INDEX ON data.guidance_branch (org_id);
CREATE TABLE data.guidance_reply (
	guidance_id text NOT NULL,
	org_id text NOT NULL,
	serial int NOT NULL,
	text data.narrative NOT NULL,
	by_person text NOT NULL REFERENCES data.person,
	at timestamptz NOT NULL,
	PRIMARY KEY (guidance_id, org_id, serial),
	FOREIGN KEY (guidance_id, org_id) REFERENCES data.guidance_branch);
