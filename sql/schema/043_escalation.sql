-- Upwards (domain 2.2: 28; plan 三(二)2 逐级申报): levels above the college, each with
-- what it rests on, and what was sent there.

-- ---- level (上级创建项目) ---------------------------------------------------------
-- A city's programme for units that are not its own needs an approval (domain 6.4).
-- Rows are added, the newest of a level holds; no row, or one that is off: nothing is
-- sent there.
CREATE TABLE data.programme_level (
	level text NOT NULL CHECK (level IN ('CITY')),
	serial int NOT NULL,
	active boolean NOT NULL,
	org_id text REFERENCES data.org,  -- who decides there
	title data.line,                  -- what it names
	basis data.line,                  -- who approved the programme, by which document
	basis_doc_no data.line,
	reason data.narrative,            -- why it was switched off
	set_by text NOT NULL REFERENCES data.person,
	set_on date NOT NULL,
	PRIMARY KEY (level, serial),
	CHECK (NOT active OR num_nulls(org_id, title, basis, basis_doc_no) = 0));

-- ---- escalation (向上级申报) --------------------------------------------------------
-- PROPOSED, IN_DELIBERATION, RESOLVED, SENT, RECEIVED, RETURNED, APPROVED,
-- NOT_APPROVED, TERM_ENDED, CANCELLED.
CREATE TABLE data.escalation (
	id text PRIMARY KEY,              -- QS26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	award_id text NOT NULL REFERENCES data.award,
	level text NOT NULL,
	level_serial int NOT NULL,
	to_org_id text NOT NULL REFERENCES data.org,
	opinion data.narrative NOT NULL,  -- the college's
	motion data.narrative NOT NULL,   -- the words voted on
	proposed_on date NOT NULL,
	proposed_by text NOT NULL REFERENCES data.person,
	term_ended_on date,               -- the award's term was over on the way (T18)
	doc_no data.line,                 -- of the letter
	sent_on date,
	file text,                        -- all that is seen there, fixed when sent
	file_sha256 bytea CHECK (length(file_sha256) = 32),
	FOREIGN KEY (level, level_serial) REFERENCES data.programme_level,
	CHECK (num_nulls(doc_no, sent_on, file, file_sha256) IN (0, 4)));
CREATE INDEX ON data.escalation (award_id);
CREATE UNIQUE INDEX escalation_one_open ON data.escalation (award_id, level)
	WHERE state NOT IN ('APPROVED', 'NOT_APPROVED', 'CANCELLED');

CREATE TABLE data.escalation_step (
	escalation_id text NOT NULL REFERENCES data.escalation,
	serial int NOT NULL,
	happened_on date NOT NULL,
	to_state text NOT NULL,
	person_id text NOT NULL REFERENCES data.person,
	doc_no data.line,
	text data.narrative,
	PRIMARY KEY (escalation_id, serial));
