-- What a branch does itself: rounds, self-assessment, problems and their mending,
-- evidence, the application (domain 2.2: 10 to 14).  No column holds a judgement in
-- figures: the numbers are dates, sizes, head counts and votes of a branch meeting.

-- ---- round (一轮建设) --------------------------------------------------------
CREATE TABLE data.round (
	id text PRIMARY KEY,              -- LC26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	term_id text REFERENCES data.term,
	standard_version_id text NOT NULL REFERENCES data.standard_version,
	started_on date NOT NULL,
	started_by text NOT NULL REFERENCES data.person,
	ended_on date,
	ended_why data.narrative);
CREATE INDEX ON data.round (org_id, started_on);
-- a branch has one open round at most
CREATE UNIQUE INDEX round_one_open ON data.round (org_id) WHERE ended_on IS NULL;

-- ---- self-assessment (自评) ----------------------------------------------------
-- One a round.  `revision` grows with every save; an adoption freezes the items
-- as a version that is never written again.
CREATE TABLE data.self_assessment (
	id text PRIMARY KEY,              -- ZP26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	round_id text NOT NULL UNIQUE REFERENCES data.round,
	revision int NOT NULL DEFAULT 0,
	version_no int,                   -- the newest adopted version
	saved_by text REFERENCES data.person,
	saved_at timestamptz);

CREATE TABLE data.self_item (
	self_id text NOT NULL REFERENCES data.self_assessment,
	item_code text NOT NULL,
	judgement text CHECK (judgement IN ('MET', 'SHORTFALL', 'NOT_APPLICABLE')),
	narrative data.narrative,
	saved_by text NOT NULL REFERENCES data.person,
	saved_at timestamptz NOT NULL,
	PRIMARY KEY (self_id, item_code));

CREATE TABLE data.self_version (
	self_id text NOT NULL REFERENCES data.self_assessment,
	version_no int NOT NULL,
	revision int NOT NULL,
	held_on date NOT NULL,            -- the branch meeting that adopted it
	entitled int NOT NULL,
	present int NOT NULL,
	in_favour int NOT NULL,
	against int NOT NULL,
	abstain int NOT NULL,
	meets_conditions boolean NOT NULL,
	adopted_by text NOT NULL REFERENCES data.person,
	adopted_at timestamptz NOT NULL,
	PRIMARY KEY (self_id, version_no));

CREATE TABLE data.self_version_item (
	self_id text NOT NULL,
	version_no int NOT NULL,
	item_code text NOT NULL,
	judgement text NOT NULL,
	narrative data.narrative,
	PRIMARY KEY (self_id, version_no, item_code),
	FOREIGN KEY (self_id, version_no) REFERENCES data.self_version);

-- ---- problem and its mending (整改台账) -------------------------------------------
CREATE TABLE data.gap (
	id text PRIMARY KEY,              -- WT26-14, WT26-14-2 …
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	round_id text REFERENCES data.round,
	origin_id text REFERENCES data.gap, -- carried over from an earlier round
	item_code text,
	source text NOT NULL,
	problem data.narrative NOT NULL,
	cause data.narrative,
	measure data.narrative,
	responsible data.line,
	due_on date,
	result data.narrative,
	raised_why data.narrative,        -- beyond the branch's power: asked upward
	owner data.line,                  -- who answers for it at college level
	answer data.narrative,
	confirmed_by text REFERENCES data.person,
	confirmed_on date,
	held_on date,                     -- the branch meeting that confirmed an own one
	entitled int,
	present int,
	in_favour int,
	closed_on date,
	found_on date NOT NULL,
	found_by text NOT NULL REFERENCES data.person);
CREATE INDEX ON data.gap (org_id);
CREATE INDEX ON data.gap (round_id);

CREATE TABLE data.gap_note (
	gap_id text NOT NULL REFERENCES data.gap,
	serial int NOT NULL,
	text data.narrative NOT NULL,
	by_person text NOT NULL REFERENCES data.person,
	at timestamptz NOT NULL,
	PRIMARY KEY (gap_id, serial));

-- ---- application (申报) ---------------------------------------------------------
-- The columns org_name to term_due_on are a copy of what was known when the form was
-- generated; only the three narratives are written by hand.
CREATE TABLE data.application (
	id text PRIMARY KEY,              -- SB26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	round_id text NOT NULL REFERENCES data.round,
	-- pinned: the same at every level
	standard_version_id text NOT NULL REFERENCES data.standard_version,
	self_id text NOT NULL,
	self_version_no int NOT NULL,
	term_id text REFERENCES data.term,
	revision int NOT NULL DEFAULT 1,
	org_name data.line NOT NULL,
	org_kind text NOT NULL,
	member_category text,
	established_on date NOT NULL,
	full_members int NOT NULL,
	probationary_members int NOT NULL,
	secretary_id text REFERENCES data.person,
	secretary_name data.line,
	secretary_since_on date,
	committee_names text[] NOT NULL DEFAULT '{}',
	term_no int,
	term_start_on date,
	term_due_on date,
	summary data.narrative,
	remaining_problems data.narrative,
	next_steps data.narrative,
	held_on date,                     -- the branch meeting that adopted it
	entitled int,
	present int,
	in_favour int,
	against int,
	abstain int,
	at_org_id text REFERENCES data.org, -- the intermediate level it lies with
	created_on date NOT NULL,
	created_by text NOT NULL REFERENCES data.person,
	submitted_at timestamptz,         -- the first time
	ended_why data.narrative,         -- withdrawn or lapsed
	FOREIGN KEY (self_id, self_version_no) REFERENCES data.self_version);
CREATE INDEX ON data.application (org_id);
CREATE INDEX ON data.application (round_id);
CREATE INDEX ON data.application (self_id);
CREATE INDEX ON data.application (at_org_id) WHERE at_org_id IS NOT NULL;

-- Its history: who did what with it, in which office, with which words.
CREATE TABLE data.application_step (
	application_id text NOT NULL REFERENCES data.application,
	serial int NOT NULL,
	at timestamptz NOT NULL,
	person_id text NOT NULL REFERENCES data.person,
	role text,
	org_id text,
	request text NOT NULL,
	to_state text NOT NULL,
	agreed boolean,                   -- an endorsement
	opinion data.narrative,
	PRIMARY KEY (application_id, serial));

-- The one list of defects that comes with a return (一次性告知).
CREATE TABLE data.application_defect (
	application_id text NOT NULL,
	serial int NOT NULL,
	no int NOT NULL,
	field data.line,
	text data.narrative NOT NULL,
	PRIMARY KEY (application_id, serial, no),
	FOREIGN KEY (application_id, serial) REFERENCES data.application_step);

-- When a thing may be handed in.  Rows are added, the newest of a kind and an
-- organisation holds; no row of the college: always open.
CREATE TABLE data.window_version (
	kind text NOT NULL CHECK (kind IN ('APPLICATION')),
	serial int NOT NULL,
	org_id text REFERENCES data.org,  -- later for these alone; NULL: for all
	opens_at timestamptz NOT NULL,
	closes_at timestamptz NOT NULL CHECK (closes_at > opens_at),
	reason data.narrative NOT NULL,
	set_by text NOT NULL REFERENCES data.person,
	set_at timestamptz NOT NULL,
	PRIMARY KEY (kind, serial));

-- ---- evidence (佐证) ----------------------------------------------------------------
-- Types that are taken: by the name's ending and by the first bytes.
CREATE TABLE rule.file_type (
	ending text PRIMARY KEY,
	media_type text NOT NULL,
	magic_at int NOT NULL DEFAULT 0,
	magic bytea);                     -- NULL: plain text, no zero byte

CREATE TABLE data.file (
	id text PRIMARY KEY,              -- WJ26-14, WJ26-14-2 …
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- UPLOADING, KEPT, REMOVED
	round_id text REFERENCES data.round,
	name data.line NOT NULL,
	title data.line NOT NULL,
	media_type text NOT NULL,
	size_bytes bigint NOT NULL CHECK (size_bytes > 0),
	sha256 bytea NOT NULL CHECK (length(sha256) = 32),
	happened_on date,
	begun_at timestamptz NOT NULL,
	begun_by text NOT NULL REFERENCES data.person,
	kept_at timestamptz,
	-- chunks were taken away: only the bytes tell what the hash of the others is
	read_back boolean NOT NULL DEFAULT false);
CREATE INDEX ON data.file (org_id, sha256);
CREATE INDEX ON data.file (round_id);

CREATE TABLE data.file_chunk (
	file_id text NOT NULL REFERENCES data.file,
	chunk_no int NOT NULL,
	bytes bytea NOT NULL,
	PRIMARY KEY (file_id, chunk_no));
-- already compressed by its own format; a slice is never asked for
ALTER TABLE data.file_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- One file, many items; an item may have none.
CREATE TABLE data.file_link (
	file_id text NOT NULL REFERENCES data.file,
	item_code text NOT NULL,
	linked_by text NOT NULL REFERENCES data.person,
	linked_at timestamptz NOT NULL,
	PRIMARY KEY (file_id, item_code));
