-- Objections (domain 2.2: 26; 3.3).  Who wrote one is sealed on the writer's machine
-- to the keys of the designated officers; no row, event or log says it, nor from
-- where it came.

-- The public keys (X25519) of the designated officers.  One that was replaced still
-- opens what was sealed to it.
CREATE TABLE data.objection_key (
	public_key bytea PRIMARY KEY CHECK (length(public_key) = 32),
	person_id text NOT NULL REFERENCES data.person,
	registered_on date NOT NULL,
	replaced_on date);
CREATE UNIQUE INDEX objection_key_one ON data.objection_key (person_id)
	WHERE replaced_on IS NULL;

-- Transferred to the discipline office, a row keeps what says so and nothing else.
CREATE TABLE data.objection (
	id text PRIMARY KEY,              -- YY26-01
	org_id text NOT NULL REFERENCES data.org,  -- the branch; the committee: none named
	state text NOT NULL,
	notice_id text REFERENCES data.notice,
	application_id text REFERENCES data.application,
	award_id text REFERENCES data.award,
	came_by text NOT NULL CHECK (came_by IN ('ONLINE', 'TELEPHONE', 'LETTER', 'VISIT')),
	received_on date NOT NULL,
	token_hash bytea UNIQUE CHECK (length(token_hash) = 32),  -- of the receipt
	sealed bytea,                     -- the writer; NULL: anonymous
	text data.narrative,              -- for those who handle it
	gist data.line,                -- in the officer's words, for the ledger
	registered_by text REFERENCES data.person,
	registered_on date,
	handler_id text REFERENCES data.person,
	conclusion text CHECK (conclusion IN ('SUBSTANTIATED', 'PARTLY', 'NOT_SUBSTANTIATED',
		'CANNOT_VERIFY')),
	verified data.narrative,
	concluded_on date,
	committee_note data.narrative,
	effect text CHECK (effect IN ('GO_ON', 'DELIBERATE_AGAIN', 'REVIEW')),
	noted_by text REFERENCES data.person,
	noted_at timestamptz,
	review_id text REFERENCES data.award_review,  -- what took it up, by effect REVIEW
	reply data.narrative,
	replied_by text REFERENCES data.person,
	replied_on date,
	ended_on date,
	CHECK (state <> 'TRANSFERRED_TO_DISCIPLINE'
		OR num_nonnulls(sealed, text, gist, verified, reply) = 0));
CREATE INDEX ON data.objection (notice_id);
CREATE INDEX ON data.objection (application_id);

-- What was found on the way.
CREATE TABLE data.inquiry (
	objection_id text NOT NULL REFERENCES data.objection,
	serial int NOT NULL,
	happened_on date NOT NULL,
	text data.narrative NOT NULL,
	by_person text NOT NULL REFERENCES data.person,
	PRIMARY KEY (objection_id, serial));

-- A question of fact to the branch, worded anew: it sees this and nothing of the
-- objection.
CREATE TABLE data.question (
	id text PRIMARY KEY,              -- WX26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- ASKED, ANSWERED
	objection_id text NOT NULL REFERENCES data.objection,
	question data.narrative NOT NULL,
	asked_by text NOT NULL REFERENCES data.person,
	asked_on date NOT NULL,
	due_on date NOT NULL,
	answer data.narrative,
	answered_by text REFERENCES data.person,
	answered_on date);
CREATE INDEX ON data.question (objection_id);

-- An officer may read who wrote it: asked by one, agreed to by a second person.
CREATE TABLE data.identity_opening (
	objection_id text NOT NULL REFERENCES data.objection,
	person_id text NOT NULL REFERENCES data.person,
	reason data.narrative NOT NULL,
	opened_at timestamptz NOT NULL,
	PRIMARY KEY (objection_id, person_id));

-- The check code of the officers' keys as it hangs on the wall.
ALTER TABLE data.notice ADD COLUMN key_check text;
