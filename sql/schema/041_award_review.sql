-- Whether an award still stands (domain 2.2: 29; plan 四(四)): what gave rise to the
-- question, the branch heard, the committee's decision.

-- NOTIFIED, HEARD, PROPOSED, IN_DELIBERATION, RESOLVED, REVOKED, KEPT, LAPSED.
CREATE TABLE data.award_review (
	id text PRIMARY KEY,              -- PF26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	award_id text NOT NULL REFERENCES data.award,
	facts data.narrative NOT NULL,    -- what gave rise to it
	evidence data.narrative NOT NULL, -- where that is known from
	opened_on date NOT NULL,          -- the branch is told on this day
	opened_by text NOT NULL REFERENCES data.person,
	rule_set_id text NOT NULL REFERENCES data.rule_set,
	rectify_to_on date,               -- the last day to mend it; NULL: the rules give none
	grounds data.narrative,           -- after hearing the branch
	motion data.narrative,            -- the words voted on
	proposed_on date,
	proposed_by text REFERENCES data.person,
	ended_on date,
	ended_why data.narrative,
	doc_no data.line,
	decided_by text REFERENCES data.person);
CREATE INDEX ON data.award_review (award_id);
CREATE UNIQUE INDEX award_review_one_open ON data.award_review (award_id)
	WHERE ended_on IS NULL;

-- What the branch says: its own statement, or the record of a hearing.
CREATE TABLE data.review_statement (
	review_id text NOT NULL REFERENCES data.award_review,
	serial int NOT NULL,
	held_on date NOT NULL,
	place data.line,                  -- of a hearing
	text data.narrative NOT NULL,
	by_person text NOT NULL REFERENCES data.person,
	by_branch boolean NOT NULL,
	at timestamptz NOT NULL,
	PRIMARY KEY (review_id, serial));

-- Approved by the superior; when it was entered.
ALTER TABLE data.term ADD COLUMN extension_on date;
