-- The four evaluations of one application, each on its own (domain 2.2: 15, 16;
-- 2.4).  No table here reads two of them, and no column adds anything up.
-- What is gathered belongs to a branch and a day; application_id says which
-- application it serves, and there is no room for a second.

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
	state text NOT NULL,              -- KEPT
	application_id text REFERENCES data.application);
CREATE INDEX ON data.note (org_id);
CREATE INDEX ON data.note (application_id);

-- A version is never written again: a correction is the next one and says why.
-- INTERNAL: not for the branch (domain 3.1).
CREATE TABLE data.note_version (
	note_id text NOT NULL REFERENCES data.note,
	version_no int NOT NULL,
	source text NOT NULL CHECK (source IN ('VISIT', 'CONTACT_POINT', 'INSPECTION',
		'DISPATCH')),
	happened_on date NOT NULL,
	place data.line,
	attended_by data.line,            -- who went along
	text data.narrative NOT NULL,     -- what was seen
	handled data.narrative,           -- what was done about it
	visibility text NOT NULL CHECK (visibility IN ('INTERNAL', 'BRANCH')),
	written_by text NOT NULL REFERENCES data.person,
	written_at timestamptz NOT NULL,
	reason data.narrative,            -- of a correction
	PRIMARY KEY (note_id, version_no),
	CHECK ((version_no = 1) = (reason IS NULL)));

-- One of a branch's secretaries for one year: the report the secretary writes once,
-- then what the review said of it and the word it gave.
CREATE TABLE data.duty_review (
	id text PRIMARY KEY,              -- SZ26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- REPORTED, RECORDED
	application_id text REFERENCES data.application,
	year int NOT NULL CHECK (year BETWEEN 1990 AND 2200),
	secretary_id text NOT NULL REFERENCES data.person,
	report_done data.narrative,
	report_problems data.narrative,
	report_next data.narrative,
	reported_on date,
	merits data.narrative,
	problems data.narrative,
	demands data.narrative,
	grade text CHECK (grade IN ('GOOD', 'FAIRLY_GOOD', 'FAIR', 'POOR')),
	decided_by data.line,             -- the body that gave the word
	decided_on date,
	recorded_by text REFERENCES data.person,
	recorded_at timestamptz,
	UNIQUE (org_id, year),
	CHECK (state <> 'RECORDED' OR num_nulls(grade, decided_by, decided_on,
		recorded_by, recorded_at) = 0));
CREATE INDEX ON data.duty_review (application_id);

-- ---- masses: interviews ------------------------------------------------------------
CREATE TABLE data.interview (
	id text PRIMARY KEY,              -- FT26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- KEPT
	application_id text REFERENCES data.application,
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
CREATE INDEX ON data.interview (org_id);
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
	state text NOT NULL,              -- DRAFT, PRINTED, SENT, ANSWERED, UNANSWERED, DROPPED
	application_id text REFERENCES data.application,
	unit_id text NOT NULL REFERENCES data.outside_unit,
	why data.narrative NOT NULL,      -- why this unit is asked about this branch
	questions data.narrative NOT NULL,
	doc_no data.line,                 -- by hand, where the Party office gave one
	drafted_on date NOT NULL,
	printed_on date,
	sent_on date,
	channel data.line,                -- 挂号信, 专人送达 …: an open list
	reply_by date NOT NULL,
	replied_on date,
	about_branch data.narrative,
	about_college data.narrative,
	dropped_why data.narrative,
	recorded_by text REFERENCES data.person,
	CHECK (reply_by >= coalesce(sent_on, drafted_on)));
CREATE INDEX ON data.letter (org_id);
CREATE INDEX ON data.letter (application_id);
CREATE INDEX ON data.letter (unit_id);

-- What a reply says of individual people: for the Organization Department alone
-- (T38), and never part of a sheet or a dossier.
CREATE TABLE data.letter_individual (
	letter_id text PRIMARY KEY REFERENCES data.letter,
	text data.narrative NOT NULL);
