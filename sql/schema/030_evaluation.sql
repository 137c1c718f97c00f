-- The four evaluations of one application, each on its own (domain 2.2: 15, 16;
-- 2.4).  No table here reads two of them, and no column adds anything up.

-- ---- stream (四评之一) -----------------------------------------------------------
-- PLANNED, OPEN, CLOSED, SUMMARISED, LOCKED, REOPENED, NOT_CARRIED_OUT.
CREATE TABLE data.eval_stream (
	id text PRIMARY KEY,              -- PS26-14-ORG
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	application_id text NOT NULL REFERENCES data.application,
	stream text NOT NULL CHECK (stream IN ('ORG', 'MEMBERS', 'MASSES', 'SOCIETY')),
	version_no int NOT NULL DEFAULT 1,  -- the newest row of eval_version
	skip_reason data.narrative,       -- why it was not carried out
	skipped_by text REFERENCES data.person,
	opened_on date,
	closed_on date,
	UNIQUE (application_id, stream));

-- The words of a stream.  A locked version is never written again; reopening
-- makes the next one and says why (T45).
CREATE TABLE data.eval_version (
	stream_id text NOT NULL REFERENCES data.eval_stream,
	version_no int NOT NULL,
	methods text[] NOT NULL DEFAULT '{}',
	summary data.narrative,
	merits data.narrative,
	problems data.narrative,
	prepared_by text REFERENCES data.person,
	prepared_at timestamptz,
	locked_by text REFERENCES data.person,
	locked_at timestamptz,
	reopened_by text REFERENCES data.person,
	reopened_at timestamptz,
	reopen_reason data.narrative,
	PRIMARY KEY (stream_id, version_no),
	CHECK (locked_by <> prepared_by));

-- ---- organisation: what is known day by day, and the year's duty review --------
CREATE TABLE data.note (
	id text PRIMARY KEY,              -- RC26-14, RC26-14-2 …
	org_id text NOT NULL REFERENCES data.org,  -- the branch it is about
	state text NOT NULL,              -- KEPT: a note is never edited
	source text NOT NULL CHECK (source IN ('VISIT', 'CONTACT_POINT', 'INSPECTION',
		'DISPATCH')),
	happened_on date NOT NULL,
	text data.narrative NOT NULL,
	written_by text NOT NULL REFERENCES data.person,
	written_at timestamptz NOT NULL);
CREATE INDEX ON data.note (org_id, happened_on);

CREATE TABLE data.duty_review (
	id text PRIMARY KEY,              -- SZ26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- RECORDED
	year int NOT NULL CHECK (year BETWEEN 1990 AND 2200),
	secretary_id text NOT NULL REFERENCES data.person,
	merits data.narrative,
	problems data.narrative,
	demands data.narrative,
	grade text NOT NULL CHECK (grade IN ('GOOD', 'FAIRLY_GOOD', 'FAIR', 'POOR')),
	decided_by data.line NOT NULL,    -- the body that gave the word
	decided_on date NOT NULL,
	recorded_by text NOT NULL REFERENCES data.person,
	recorded_at timestamptz NOT NULL,
	UNIQUE (org_id, year));

-- ---- masses: interviews ------------------------------------------------------------
CREATE TABLE data.interview (
	id text PRIMARY KEY,              -- FT26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- KEPT
	application_id text NOT NULL REFERENCES data.application,
	interviewer_id text NOT NULL REFERENCES data.person,
	second_interviewer_id text NOT NULL REFERENCES data.person,
	category data.line NOT NULL,      -- 教师, 学生 …: an open list, never a name
	held_on date NOT NULL,
	place data.line,
	outline data.narrative NOT NULL,
	points data.narrative NOT NULL,
	read_back boolean NOT NULL,
	recorded_by text NOT NULL REFERENCES data.person,
	CHECK (interviewer_id <> second_interviewer_id));
CREATE INDEX ON data.interview (application_id);

-- ---- society: units outside and letters to them -----------------------------------------
CREATE TABLE data.outside_unit (
	id text PRIMARY KEY,              -- WD26-01
	state text NOT NULL,              -- LISTED
	name data.line NOT NULL UNIQUE,
	kind data.line NOT NULL,          -- 教育局, 学校, 家长, 共建单位 …: an open list
	contact data.line,
	relation data.line);

CREATE TABLE data.letter (
	id text PRIMARY KEY,              -- HS26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- SENT, ANSWERED, UNANSWERED
	application_id text NOT NULL REFERENCES data.application,
	unit_id text NOT NULL REFERENCES data.outside_unit,
	why data.narrative NOT NULL,      -- why this unit is asked about this branch
	questions data.narrative NOT NULL,
	sent_on date NOT NULL,
	reply_by date NOT NULL CHECK (reply_by >= sent_on),
	replied_on date,
	about_branch data.narrative,
	about_college data.narrative,
	recorded_by text REFERENCES data.person);
CREATE INDEX ON data.letter (application_id);

-- What a reply says of individual people: for the Organization Department alone
-- (T38), and never part of a sheet or a dossier.
CREATE TABLE data.letter_individual (
	letter_id text PRIMARY KEY REFERENCES data.letter,
	text data.narrative NOT NULL);
