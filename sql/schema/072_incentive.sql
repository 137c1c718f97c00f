-- What follows an award for people (domain 2.2: 30; plan 四(一), 四(二)), and the
-- open lists of the plan: whatever ends with 等 is data.

-- ---- open lists ----------------------------------------------------------------
-- The plan's own entries are there from the start and have a code the words are
-- kept for; an entry the college adds is its own code.
CREATE TABLE data.choice (
	list text NOT NULL CHECK (list IN ('FUND_SOURCE', 'SECRETARY_USE',
		'WEAK_LAX_CRITERION')),
	code text NOT NULL,
	name data.line NOT NULL,
	basis data.line NOT NULL,
	added_on date,                    -- NULL: the plan's own
	added_by text REFERENCES data.person,
	PRIMARY KEY (list, code),
	UNIQUE (list, name));
INSERT INTO data.choice (list, code, name, basis) VALUES
	('FUND_SOURCE', 'DUES', '党费', '工作方案四（三）'),
	('FUND_SOURCE', 'ACTIVITY', '党建活动经费', '工作方案四（三）'),
	('FUND_SOURCE', 'WORKING', '党组织工作经费', '工作方案四（三）'),
	('SECRETARY_USE', 'STUDY_AWAY', '外派学习', '工作方案四（二）'),
	('SECRETARY_USE', 'SECONDMENT', '挂职锻炼', '工作方案四（二）'),
	('SECRETARY_USE', 'TITLE_REVIEW', '职称评定', '工作方案四（二）'),
	('SECRETARY_USE', 'PROMOTION', '提拔使用', '工作方案四（二）');

-- ---- recommendation for a commendation (推荐) ----------------------------------
-- One list a commendation and kind of candidate, drawn up on a day: that day says
-- whose award is in effect.
CREATE TABLE data.recommendation (
	id text PRIMARY KEY,              -- TJ26-01
	org_id text NOT NULL REFERENCES data.org,  -- who draws it up
	state text NOT NULL,              -- OPEN, CLOSED
	title data.line NOT NULL,         -- 2027年“七一”表彰优秀共产党员
	issuer data.line NOT NULL,        -- who commends
	subject text NOT NULL CHECK (subject IN ('MEMBER', 'PARTY_WORKER', 'BRANCH')),
	drawn_up_on date NOT NULL,
	opened_by text NOT NULL REFERENCES data.person,
	closed_on date);

CREATE TABLE data.candidate (
	recommendation_id text NOT NULL REFERENCES data.recommendation,
	org_id text NOT NULL REFERENCES data.org,
	person_id text REFERENCES data.person,  -- NULL: the branch itself
	added_by text NOT NULL REFERENCES data.person,
	UNIQUE NULLS NOT DISTINCT (recommendation_id, org_id, person_id));

-- ---- incentive (激励) ------------------------------------------------------------
-- DUE, DONE, NOT_PRIORITISED, STOPPED.  One occasion on which an award is to be
-- thought of, and what came of it.
CREATE TABLE data.incentive (
	id text PRIMARY KEY,              -- JL26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	award_id text NOT NULL REFERENCES data.award,
	kind text NOT NULL CHECK (kind IN ('PRIORITY', 'SECRETARY')),
	recommendation_id text REFERENCES data.recommendation,
	person_id text REFERENCES data.person,  -- the secretary it is about
	use text,                         -- of the list SECRETARY_USE
	occasion data.narrative,
	arose_on date NOT NULL,
	outcome data.narrative,           -- what was done, or why priority was not given
	recorded_by text REFERENCES data.person,
	recorded_on date,
	stopped_on date,
	UNIQUE (recommendation_id, org_id),
	CHECK ((kind = 'PRIORITY') = (recommendation_id IS NOT NULL)),
	CHECK ((kind = 'SECRETARY') = (person_id IS NOT NULL AND use IS NOT NULL
		AND occasion IS NOT NULL)));
CREATE INDEX ON data.incentive (award_id);

-- The secretary changed between the application and today: whether the consideration
-- is this person's is put to the committee as any other matter (T3).
-- ASKED, IN_DELIBERATION, DEFERRED, APPLIES, APPLIES_NOT.
CREATE TABLE data.secretary_question (
	id text PRIMARY KEY,              -- SJ26-24
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	award_id text NOT NULL REFERENCES data.award,
	person_id text NOT NULL REFERENCES data.person,
	motion data.narrative NOT NULL,   -- the words voted on
	proposed_on date NOT NULL,
	asked_by text NOT NULL REFERENCES data.person,
	UNIQUE (award_id, person_id));
