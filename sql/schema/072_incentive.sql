-- What follows an award for people (domain 2.2: 30; plan 四(一), 四(二)), and the
-- open lists of the plan: whatever ends with 等 is data.

-- ---- open lists ----------------------------------------------------------------
-- The plan's own entries are there from the start and have a code the words are
-- kept for; an entry the college adds is its own code.
CREATE TABLE data.choice (
	list text NOT NULL CHECK (list IN ('FUND_SOURCE', 'SECRETARY_USE',
		'WEAK_LAX_CRITERION', 'BRANCH_TASK', 'LIFE_STEP', 'RELATED_PROGRAMME')),
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
	('SECRETARY_USE', 'PROMOTION', '提拔使用', '工作方案四（二）'),
	('RELATED_PROGRAMME', 'PIONEER', '北疆先锋工程', '工作方案五（一）');
-- What is neither of the plan nor of this college: a branch's tasks (八项基本任务和
-- 重点任务, plan 二(四)) and the steps of its two meetings (plan 二(三)), each in a few
-- words, to be cited.  The full text is the document's.
INSERT INTO data.choice (list, code, name, basis)
SELECT r.list, r.stem || r.n, r.name, '《中国共产党支部工作条例（试行）》'
FROM (SELECT 'BRANCH_TASK', 'TASK_', t.n, t.name FROM unnest('{
		宣传和贯彻落实党的理论和路线方针政策,
		组织党员认真学习,
		对党员进行教育、管理、监督和服务,
		密切联系群众、服务群众,
		培养教育入党积极分子、发展党员,
		监督党员干部和其他工作人员遵守法律法规和纪律,
		对党的建设和工作提出意见建议、报告重要情况,
		向党员、群众通报党的工作情况、公开党内有关事务,
		高校党支部：落实立德树人根本任务，保证教学科研管理任务完成}'::text[])
		WITH ORDINALITY t(name, n)
	UNION ALL
	SELECT 'LIFE_STEP', 'STEP_', t.n, t.name FROM unnest('{
		会前学习,征求意见,谈心谈话,对照检查,批评和自我批评,整改落实,
		个人自评,党员互评,民主测评,组织评定,结果反馈}'::text[])
		WITH ORDINALITY t(name, n)) r(list, stem, n, name);

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
