-- Opinion surveys (domain 2.2: 15d, D9).  The tables of codes and answers hold no
-- time, address, serial number or person.

-- ---- questions ------------------------------------------------------------------
-- Decided by the department, versioned; a survey keeps the version it was made with.
CREATE TABLE data.question_set (
	id text PRIMARY KEY,              -- DT26.1
	title data.line NOT NULL,
	adopted_on date NOT NULL,
	adopted_by text NOT NULL REFERENCES data.person,
	basis data.line NOT NULL,
	questions text[] NOT NULL CHECK (cardinality(questions) BETWEEN 1 AND 30),
	options text[] NOT NULL,          -- codes, the same for every question
	labels text[] NOT NULL,
	free_text data.line,              -- what is asked for in words
	CHECK (cardinality(options) = cardinality(labels)
		AND cardinality(options) BETWEEN 2 AND 10));

-- ---- survey ------------------------------------------------------------------------
CREATE TABLE data.survey (
	id text PRIMARY KEY,              -- DC26-14
	org_id text NOT NULL REFERENCES data.org,
	org_name data.line NOT NULL,      -- as the slips say it
	state text NOT NULL,              -- DRAFT, OPEN, CLOSED, VOID
	application_id text REFERENCES data.application,
	year int NOT NULL CHECK (year BETWEEN 1990 AND 2200),
	question_set_id text NOT NULL REFERENCES data.question_set,
	categories text[] NOT NULL CHECK (cardinality(categories) BETWEEN 1 AND 10),
	unverified boolean NOT NULL,      -- an open one, without codes
	given_out int[],                      -- of each group, or one figure; fixed at the close
	opened_on date,
	closes_on date,
	closed_on date,
	void_reason data.narrative,
	prepared_by text NOT NULL REFERENCES data.person);
CREATE INDEX ON data.survey (org_id);

-- A code not used yet, or a place of an open survey: each answer takes one away.
CREATE TABLE data.survey_code (
	token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
	survey_id text NOT NULL,
	category_no int);                    -- NULL: a place of an open survey
CREATE INDEX ON data.survey_code (survey_id);

-- Answers while the survey is open, so that the same one again is known.  At the close
-- all of them are written anew without the token, in the order of random ids.
CREATE TABLE data.survey_box (
	token_hash bytea PRIMARY KEY,
	survey_id text NOT NULL,
	category_no int NOT NULL,
	marks text[] NOT NULL,
	comment data.narrative);
CREATE INDEX ON data.survey_box (survey_id);

CREATE TABLE data.survey_answer (
	survey_id text NOT NULL,
	id bytea NOT NULL CHECK (length(id) = 16),
	category_no int NOT NULL,
	marks text[] NOT NULL,
	PRIMARY KEY (survey_id, id));

-- Apart from the marks, under ids of their own.
CREATE TABLE data.survey_comment (
	survey_id text NOT NULL,
	id bytea NOT NULL CHECK (length(id) = 16),
	text data.narrative NOT NULL,
	PRIMARY KEY (survey_id, id));
