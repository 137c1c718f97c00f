-- The decision: dossier, committee meeting, public notice, award, and the table
-- behind `next` (domain 2.2: 22 to 27, 2.5).  The only figures are dates, head
-- counts and the votes of the committee.

-- ---- dossier (四评材料) ------------------------------------------------------
-- Everything the committee reads about one application, fixed as one text with
-- its hash.  A reopened dossier stays; freezing again makes the next one.
CREATE TABLE data.dossier (
	id text PRIMARY KEY,              -- CL26-14, CL26-14-2 …
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- FROZEN, REOPENED
	application_id text NOT NULL REFERENCES data.application,
	content text NOT NULL,            -- jsonb printed by PostgreSQL: one form only
	sha256 bytea NOT NULL CHECK (length(sha256) = 32),
	frozen_at timestamptz NOT NULL,
	frozen_by text NOT NULL REFERENCES data.person,
	reopened_at timestamptz,
	reopened_by text REFERENCES data.person,
	reopen_reason data.narrative);
CREATE INDEX ON data.dossier (application_id);
CREATE UNIQUE INDEX dossier_one_frozen ON data.dossier (application_id)
	WHERE state = 'FROZEN';

-- ---- meeting (党委会议) --------------------------------------------------------
-- The rule set is taken when the meeting begins and printed in its minutes.
CREATE TABLE data.meeting (
	id text PRIMARY KEY,              -- HY26-01
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- PLANNED, OPEN, ENDED, SIGNED
	held_on date NOT NULL,
	place data.line NOT NULL,
	chair_id text NOT NULL REFERENCES data.person,
	recorder_id text NOT NULL REFERENCES data.person,
	rule_set_id text REFERENCES data.rule_set,
	begun_at timestamptz,
	ended_at timestamptz,
	minutes text,                     -- fixed when the meeting ends
	minutes_sha256 bytea CHECK (length(minutes_sha256) = 32),
	signed_by text REFERENCES data.person,
	signed_at timestamptz);

-- Who was expected and who came.  entitled: holds a seat on that day.
CREATE TABLE data.attendance (
	meeting_id text NOT NULL REFERENCES data.meeting,
	person_id text NOT NULL REFERENCES data.person,
	entitled boolean NOT NULL,
	present boolean NOT NULL,
	reason data.line,                 -- why absent
	PRIMARY KEY (meeting_id, person_id),
	CHECK (entitled OR present));     -- without a seat: attends without vote

-- What the committee decides on.  data.<entity> has id, org_id, state and, except for
-- an application, motion (the words voted on) and proposed_on.  Listed, it is
-- IN_DELIBERATION; the resolution moves it to one of these states.
CREATE TABLE rule.matter (
	entity text PRIMARY KEY,
	carried text NOT NULL,
	rejected text NOT NULL,
	deferred text NOT NULL,
	taken_off text NOT NULL,
	after text);                      -- flow.<after>(me, id), what else follows

-- One matter on one agenda, decided on its own (逐项表决).  The counts are those of
-- the moment the vote opened; outcome and arithmetic never change.
CREATE TABLE data.agenda_item (
	id text PRIMARY KEY,              -- YT26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- LISTED, VOTING, COUNTED, RESOLVED, REMOVED
	meeting_id text NOT NULL REFERENCES data.meeting,
	item_no int NOT NULL,
	entity text NOT NULL,             -- one of rule.matter
	subject_id text NOT NULL,
	motion data.narrative,            -- as it was when listed
	application_id text REFERENCES data.application,
	dossier_id text REFERENCES data.dossier,
	presenter_id text NOT NULL REFERENCES data.person,
	method text CHECK (method IN ('SHOW_OF_HANDS', 'SECRET_BALLOT', 'NAMED_VOTE')),
	entitled int,
	present int,
	recused int,                      -- of those entitled
	voters int,                       -- present and not recused
	in_favour int,
	against int,
	abstain int,
	not_cast int,
	denominator int,                  -- what the majority is taken of
	passed boolean,
	arithmetic text,                  -- the sum in words, with the rule set
	outcome text,                     -- the state the subject came to
	discussion data.narrative,
	reasons data.narrative,
	advice data.narrative,
	conditions data.narrative,
	resolution text,
	resolved_at timestamptz,
	UNIQUE (meeting_id, item_no),
	CHECK (CASE entity WHEN 'application' THEN application_id = subject_id
		AND num_nulls(application_id, dossier_id, motion) = 1
		ELSE num_nulls(application_id, dossier_id, motion) = 2 END),
	CHECK (in_favour + against + abstain + not_cast = voters),
	CHECK (outcome IS NULL OR state = 'RESOLVED'),
	CHECK (outcome <> 'PROPOSED_AWARD' OR passed));
CREATE INDEX ON data.agenda_item (application_id);
CREATE UNIQUE INDEX agenda_item_one_live ON data.agenda_item (subject_id)
	WHERE state IN ('LISTED', 'VOTING', 'COUNTED');

CREATE TABLE data.recusal (
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	person_id text NOT NULL REFERENCES data.person,
	reason data.line NOT NULL,
	recorded_by text NOT NULL REFERENCES data.person,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (agenda_item_id, person_id));

-- Named votes only; a secret vote leaves counts and nothing else.
CREATE TABLE data.named_vote (
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	person_id text NOT NULL REFERENCES data.person,
	choice text NOT NULL CHECK (choice IN ('IN_FAVOUR', 'AGAINST', 'ABSTAIN')),
	cast_at timestamptz NOT NULL,
	PRIMARY KEY (agenda_item_id, person_id));

-- The counts of a secret ballot on paper as two people found them, each for
-- themselves: it is counted when they agree (domain 3.2, 3.4).
CREATE TABLE data.vote_entry (
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	person_id text NOT NULL REFERENCES data.person,
	in_favour int NOT NULL,
	against int NOT NULL,
	abstain int NOT NULL,
	not_cast int NOT NULL,
	PRIMARY KEY (agenda_item_id, person_id));

-- The written word of an absent member: kept, printed, never counted.
CREATE TABLE data.written_opinion (
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	person_id text NOT NULL REFERENCES data.person,
	text data.narrative NOT NULL,
	recorded_by text NOT NULL REFERENCES data.person,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (agenda_item_id, person_id));

-- ---- public notice (公示) ---------------------------------------------------------
-- Drafted, checked and approved by three people.  Two kinds ask for opinions:
-- before the deliberation, as a channel of the masses' judgement (plan, 三(一)3),
-- and on an intended award; the third says the result.  ends_on is NULL while the
-- calendar of a year it needs is not published: then the end is provisional.
CREATE TABLE data.notice (
	id text PRIMARY KEY,              -- GS26-01
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- DRAFT … ENDED_CLEAR, CORRECTED, DROPPED
	kind text NOT NULL CHECK (kind IN ('OPINION_GATHERING', 'INTENDED_AWARD', 'RESULT')),
	-- a correction: a notice of the same kind, with a full period of its own
	corrects_id text REFERENCES data.notice,
	correct_reason data.narrative,
	-- how long opinions are gathered is said in each such notice; the period of an
	-- intended award is the rule set's
	working_days int CHECK (working_days BETWEEN 1 AND 60),
	title data.line NOT NULL,
	contact data.narrative NOT NULL,  -- how to report: telephone, mail box, place
	places data.line,
	drafted_by text NOT NULL REFERENCES data.person,
	drafted_on date NOT NULL,
	checked_by text REFERENCES data.person,
	checked_on date,
	approved_by text REFERENCES data.person,
	approved_on date,
	rule_set_id text REFERENCES data.rule_set,
	posted_by text REFERENCES data.person,
	posted_on date,
	ends_on date,                     -- the last day of the notice
	ended_by text REFERENCES data.person,
	ended_on date,
	proof data.narrative,             -- where it can be seen that it hung
	dropped_why data.narrative,
	CHECK ((corrects_id IS NULL) = (correct_reason IS NULL)),
	CHECK ((kind = 'OPINION_GATHERING') = (working_days IS NOT NULL)),
	CHECK (checked_by <> drafted_by),
	CHECK (approved_by <> drafted_by AND approved_by <> checked_by));

-- A notice that hangs longer than it had to.
CREATE TABLE data.notice_extension (
	notice_id text NOT NULL REFERENCES data.notice,
	to_on date NOT NULL,
	reason data.narrative NOT NULL,
	extended_on date NOT NULL,
	extended_by text NOT NULL REFERENCES data.person,
	PRIMARY KEY (notice_id, to_on));

-- An item names its resolution, so a second decision needs a second notice.
CREATE TABLE data.notice_item (
	notice_id text NOT NULL REFERENCES data.notice,
	application_id text NOT NULL REFERENCES data.application,
	org_id text NOT NULL REFERENCES data.org,
	org_name data.line NOT NULL,
	agenda_item_id text REFERENCES data.agenda_item,  -- NULL: nothing is decided yet
	PRIMARY KEY (notice_id, application_id));
CREATE INDEX ON data.notice_item (application_id);

-- ---- award (评定) ------------------------------------------------------------------
CREATE TABLE data.award (
	id text PRIMARY KEY,              -- PD26-14
	org_id text NOT NULL REFERENCES data.org,
	-- EFFECTIVE, UNDER_REVIEW, REVOKED, ENDED_TERM, CONTINUED, ENDED_REORG
	state text NOT NULL,
	application_id text NOT NULL REFERENCES data.application,
	round_id text NOT NULL REFERENCES data.round,
	continues_id text UNIQUE REFERENCES data.award,  -- the award of an organisation before
	programme_id text NOT NULL REFERENCES data.programme,
	level text NOT NULL CHECK (level IN ('COLLEGE')),
	title data.line NOT NULL,
	org_name data.line NOT NULL,      -- as it was when decided
	doc_no data.line NOT NULL,
	decided_on date NOT NULL,
	term_id text NOT NULL REFERENCES data.term,
	effective_from date NOT NULL,
	valid_to date NOT NULL,           -- the last day, by the term
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	notice_id text NOT NULL REFERENCES data.notice,
	signed_by text NOT NULL REFERENCES data.person,
	requirements data.narrative,      -- of the decision document
	certificate_no data.line UNIQUE,  -- given by hand, as the document's
	plate_no data.line UNIQUE,
	ended_on date,                    -- the first day on which it holds no more
	ended_doc data.line,
	ended_why data.narrative,
	CHECK (valid_to >= effective_from),
	CHECK ((state IN ('EFFECTIVE', 'UNDER_REVIEW')) = (ended_on IS NULL)));
-- an application, and a round, lead to one award
CREATE UNIQUE INDEX ON data.award (application_id) WHERE continues_id IS NULL;
CREATE UNIQUE INDEX ON data.award (round_id) WHERE continues_id IS NULL;
CREATE UNIQUE INDEX award_one_effective ON data.award (org_id, level)
	WHERE state IN ('EFFECTIVE', 'UNDER_REVIEW');

-- ---- next (下一步) -------------------------------------------------------------------
-- Which allowed moves are work that waits, as opposed to ways out (withdraw,
-- return, reopen).  Without a row a move is never hinted.  `field` of the request is
-- filled from `from_column` of the object.  `only_if` names a function
-- guard.<name>(me auth.actor, id text) giving every reason against this very
-- person.  `made_for` says for which organisations a new object is made ('term': those whose term is due); then
-- `only_if` is asked with the organisation's id.
CREATE TABLE rule.hint (
	entity text NOT NULL,
	request text NOT NULL,
	field text NOT NULL,
	from_column text NOT NULL DEFAULT 'id',
	only_if text,
	made_for text CHECK (made_for IN ('branch', 'committee', 'term')),
	PRIMARY KEY (entity, request));
