-- Ground of everything: who may come in, what they may do, what they did.
-- data: the college's facts.  rule: rights and moves as rows.  audit: the trace.
-- api: the business, one function a request.  call: the wrappers the server's
-- roles may execute, made by call.sql.  guard, flow, auth, refuse: shared pieces.
-- Everything below is owned by zhibu_owner; a migration runs as that role.

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE SCHEMA data;
CREATE SCHEMA rule;
CREATE SCHEMA audit;

-- A name or a title: one line, not blank, no private-use character (its
-- glyph differs from machine to machine, so two people would read two names).
-- Blank is Unicode's white space, spelled out: the cluster's locale is C, whose \S
-- takes every character beyond ASCII for a letter.  flow.blank is the same.
CREATE DOMAIN data.line AS text CHECK
	(VALUE ~ '[^\u0009-\u000D\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]' AND VALUE !~ '[\n\t\uE000-\uF8FF]' AND char_length(VALUE) <= 200);
-- A narrative: an upper limit only (NF-6: never a lower one).
CREATE DOMAIN data.narrative AS text CHECK (char_length(VALUE) <= 20000);

-- The installation itself; one row.  A demo or test college may shift its
-- clock so that a year can be played in a minute; a real one never can.
CREATE TABLE data.deployment (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	id text NOT NULL,
	demo boolean NOT NULL DEFAULT false,
	clock_shift interval NOT NULL DEFAULT '0',
	CHECK (demo OR clock_shift = '0'));

-- ---- organisations (domain 2.2: 2, 3, 4) ---------------------------------
-- The code is the identity: '14' a branch, 'Z2' a general branch, 'DW' the
-- committee, 'ZZB' the Organization Department, 'GW' the city committee.
CREATE TABLE data.org (
	id text PRIMARY KEY CHECK (id ~ '^[A-Z0-9]{1,12}$'),
	kind text NOT NULL CHECK (kind IN ('committee', 'department',
		'general_branch', 'branch', 'branch_joint', 'branch_temporary',
		'superior')),
	member_category text,             -- 教工, 学生, 机关 …: an open list
	established_on date NOT NULL,
	doc_no text);

-- Parent, name and status are dated rows, so that "the tree on 30 June" can
-- be asked.  to_on is the first day on which the row no longer holds.
CREATE TABLE data.org_version (
	org_id text NOT NULL REFERENCES data.org,
	parent_id text REFERENCES data.org CHECK (parent_id <> org_id),
	name data.line NOT NULL,
	short_name data.line,
	status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN
		('ESTABLISHED', 'ACTIVE', 'REORGANISING', 'MERGED', 'SPLIT', 'DISSOLVED')),
	from_on date NOT NULL,
	to_on date CHECK (to_on > from_on),
	imported_on date,                 -- by a file on that day; NULL: otherwise
	PRIMARY KEY (org_id, from_on),
	CONSTRAINT org_one_version_a_day EXCLUDE USING gist
		(org_id WITH =, daterange(from_on, to_on) WITH &&));
CREATE INDEX ON data.org_version (parent_id);

CREATE TABLE data.term (
	id text PRIMARY KEY,              -- RQ<org>-<number>
	org_id text NOT NULL REFERENCES data.org,
	term_no int NOT NULL,
	start_on date NOT NULL,
	due_on date NOT NULL CHECK (due_on > start_on),
	extended_to_on date CHECK (extended_to_on > due_on),
	extension_doc text,
	ended_on date,
	UNIQUE (org_id, term_no));

-- ---- people (domain 2.2: 5, 6, 7) ------------------------------------------
-- Minimal on purpose: no identity number, address, religion or family (3.5).
CREATE TABLE data.person (
	id text PRIMARY KEY CHECK (id ~ '^P[0-9]{1,9}$'),
	name data.line NOT NULL,
	mark data.line,                   -- tells two people of the same name apart
	member_no text UNIQUE,            -- the college's own, never the national one
	active boolean NOT NULL DEFAULT true);

CREATE TABLE data.affiliation (
	person_id text NOT NULL REFERENCES data.person,
	org_id text NOT NULL REFERENCES data.org,
	kind text NOT NULL DEFAULT 'PRIMARY' CHECK (kind IN
		('PRIMARY', 'TEMPORARY', 'DUAL_LIFE')),
	standing text NOT NULL CHECK (standing IN ('FULL', 'PROBATIONARY')),
	from_on date NOT NULL,
	to_on date CHECK (to_on > from_on),
	PRIMARY KEY (person_id, org_id, kind, from_on),
	-- exactly one membership affiliation (组织关系) at a time
	CONSTRAINT affiliation_one_primary EXCLUDE USING gist
		(person_id WITH =, daterange(from_on, to_on) WITH &&)
		WHERE (kind = 'PRIMARY'));
CREATE INDEX ON data.affiliation (org_id);

-- What a role may reach: its own organisation, those below it, the college.
CREATE TABLE rule.role (
	role text PRIMARY KEY,
	scope text NOT NULL CHECK (scope IN ('own', 'below', 'college')),
	single boolean NOT NULL DEFAULT false,   -- one holder an organisation
	limited boolean NOT NULL DEFAULT false); -- only until a day, on a document

-- Rights follow office + organisation + time (domain 3.2).
CREATE TABLE data.office (
	person_id text NOT NULL REFERENCES data.person,
	org_id text NOT NULL REFERENCES data.org,
	role text NOT NULL,
	from_on date NOT NULL,
	to_on date CHECK (to_on >= from_on),
	doc_no data.line,                 -- what it rests on
	PRIMARY KEY (person_id, org_id, role, from_on));
CREATE INDEX ON data.office (org_id, role);

-- ---- identity (security 2) ---------------------------------------------------
CREATE TABLE data.certificate (
	fp bytea PRIMARY KEY CHECK (length(fp) = 32),   -- SHA-256 of the DER
	person_id text NOT NULL REFERENCES data.person,
	der bytea NOT NULL,
	spki bytea NOT NULL,
	issued_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	revoked_at timestamptz,
	revoked_why text);
CREATE INDEX ON data.certificate (person_id);

-- Only the hash of a code is kept; its secret has 80 random bits.
CREATE TABLE data.enrol_code (
	secret_hash bytea PRIMARY KEY CHECK (length(secret_hash) = 32),
	person_id text NOT NULL REFERENCES data.person,
	issued_by text,
	expires_at timestamptz NOT NULL,
	used_at timestamptz,
	used_spki bytea,
	certificate_fp bytea REFERENCES data.certificate);

-- ---- rights, moves, requests as rows -------------------------------------------
-- role 'person' means anybody signed in, in whatever office; 'anyone' a caller
-- without a certificate.
CREATE TABLE rule.permission (
	request text NOT NULL,
	role text NOT NULL,
	PRIMARY KEY (request, role));

-- An allowed move.  from_state = to_state is a request that works on the object
-- without moving it.  from_state '-' means: makes a new one.  `guard` names a
-- function guard.<name>(id text) that returns every reason against the move;
-- both the move and the hint read it, so a hint never suggests what is refused.
CREATE TABLE rule.transition (
	entity text NOT NULL,
	from_state text NOT NULL,
	to_state text NOT NULL,
	request text NOT NULL,
	guard text,
	PRIMARY KEY (entity, from_state, to_state, request));

-- What the wrapper leaves out for a request.  Without a row: a VOLATILE function
-- is a write (key, event, kept reply), a STABLE one is a read.
CREATE TABLE rule.request (
	request text PRIMARY KEY,
	keyed boolean NOT NULL DEFAULT true,        -- idempotency key and kept reply
	evented boolean NOT NULL DEFAULT true,      -- audit event
	keeps_payload boolean NOT NULL DEFAULT true,-- the event keeps the request's bytes
	why text NOT NULL);

-- ---- idempotency: key, what it was for, what was answered ------------------------
CREATE TABLE data.idem (
	person_id text NOT NULL,
	key bytea NOT NULL CHECK (length(key) = 16),
	payload_hash bytea NOT NULL,
	reply text,
	at timestamptz NOT NULL,
	PRIMARY KEY (person_id, key));

-- ---- trace ------------------------------------------------------------------------
-- Append-only: no role of the server may read, change or delete it.  `body` is
-- the canonical form of the row (audit.append), so that it can be hashed into a
-- tree later without asking how a column was printed.
CREATE TABLE audit.event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at timestamptz NOT NULL,
	person_id text NOT NULL,
	role text,
	org_id text,
	request text NOT NULL,
	object text,
	key bytea,
	payload bytea,
	signature bytea,
	certificate_fp bytea,
	body bytea NOT NULL);
CREATE INDEX ON audit.event (object);
CREATE INDEX ON audit.event (at);
