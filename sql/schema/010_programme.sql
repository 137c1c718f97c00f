-- What the work rests on, all of it data of the college: the programme, the
-- standard, the items of the members' ballot, the committee's rules of deciding,
-- the holiday calendar (domain 2.2: 8, 9, 17, 36, 37).  The only figures are
-- dates, serial numbers and the rules on deciding; nothing here measures a branch.

-- ---- programme (创建项目) -----------------------------------------------------
CREATE TABLE data.programme (
	id text PRIMARY KEY,              -- XM26-01
	title data.line NOT NULL,
	award_title data.line NOT NULL,
	issued_by data.line NOT NULL,
	issued_on date);                  -- unknown for an undated plan

-- What it is founded on; a programme may have several.
CREATE TABLE data.programme_basis (
	programme_id text NOT NULL REFERENCES data.programme,
	basis_no int NOT NULL,
	issuer data.line NOT NULL,
	title data.line NOT NULL,
	doc_no data.line,
	issued_on date,
	PRIMARY KEY (programme_id, basis_no));

-- Phases and goals in words.  A goal's share stays inside its text: no function
-- may compare a branch or a unit with it.
CREATE TABLE data.programme_phase (
	programme_id text NOT NULL REFERENCES data.programme,
	phase_no int NOT NULL,
	name data.line NOT NULL,
	start_on date,
	end_on date CHECK (end_on > start_on),
	goal data.narrative,              -- what the phase is for
	PRIMARY KEY (programme_id, phase_no));
CREATE TABLE data.programme_goal (
	programme_id text NOT NULL REFERENCES data.programme,
	goal_no int NOT NULL,
	text data.narrative NOT NULL,
	PRIMARY KEY (programme_id, goal_no));

-- ---- standard (建设标准) ---------------------------------------------------------
-- A version is never changed once adopted: refining the standard makes the next
-- one, drafted by the department and adopted by the committee.
CREATE TABLE data.standard_version (
	id text PRIMARY KEY,              -- BZ26.1
	programme_id text NOT NULL REFERENCES data.programme,
	state text NOT NULL DEFAULT 'ADOPTED' CHECK (state IN ('DRAFT', 'ADOPTED')),
	adopted_on date,                  -- NULL: a draft
	adopted_by text REFERENCES data.person,  -- NULL: came with the plan
	basis data.line,
	drafted_by text REFERENCES data.person,
	drafted_on date,
	burden_decision data.line,        -- to ask for more than the college's own limit
	CHECK ((state = 'ADOPTED') = (adopted_on IS NOT NULL)));

CREATE TABLE data.standard_group (
	standard_version_id text NOT NULL REFERENCES data.standard_version,
	group_no int NOT NULL CHECK (group_no BETWEEN 1 AND 5),
	title data.line NOT NULL,         -- 政治功能强
	text data.narrative NOT NULL,     -- the plan's sentences, word for word
	PRIMARY KEY (standard_version_id, group_no));

-- `about`: whom the item speaks of; what is said about a secretary is seen by few.
-- `told_by`: who knows it.  TREE: the organisation tree does, nobody types it;
-- MASSES: their judgement tells, not the branch's own report.
CREATE TABLE data.standard_item (
	standard_version_id text NOT NULL,
	code text NOT NULL CHECK (code ~ '^[1-5]\.[1-9][0-9]?$'),
	group_no int NOT NULL,
	item_no int NOT NULL,             -- order within the group
	text data.line NOT NULL,          -- the plan's words
	guidance data.narrative,
	about text NOT NULL DEFAULT 'BRANCH' CHECK (about IN ('BRANCH', 'SECRETARY', 'MEMBERS')),
	told_by text NOT NULL DEFAULT 'BRANCH' CHECK (told_by IN ('BRANCH', 'TREE', 'MASSES')),
	applies_to text[] NOT NULL DEFAULT '{}',  -- member categories; none: every branch
	PRIMARY KEY (standard_version_id, code),
	UNIQUE (standard_version_id, group_no, item_no),
	FOREIGN KEY (standard_version_id, group_no) REFERENCES data.standard_group,
	CHECK (code = group_no || '.' || item_no));

-- ---- items of the members' ballot (民主评议指标项目) -----------------------------------
-- Decided by the committee, versioned, frozen by a session that uses it.
CREATE TABLE data.item_set (
	id text PRIMARY KEY,              -- CX26.1
	title data.line NOT NULL,
	purpose text NOT NULL DEFAULT 'MEMBERS_ON_BRANCH' CHECK (purpose IN
		('MEMBERS_ON_BRANCH', 'MEMBERS_ON_MEMBERS', 'MASSES_ON_BRANCH')),
	applies_to text[] NOT NULL DEFAULT '{}',  -- member categories; none: every branch
	org_id text REFERENCES data.org,  -- made for this one branch
	adopted_on date NOT NULL,
	adopted_by text REFERENCES data.person,
	basis data.line);
CREATE TABLE data.item_set_item (
	item_set_id text NOT NULL REFERENCES data.item_set,
	item_no int NOT NULL CHECK (item_no BETWEEN 1 AND 50),
	text data.line NOT NULL,
	PRIMARY KEY (item_set_id, item_no));
CREATE TABLE data.item_set_option (
	item_set_id text NOT NULL,
	item_no int NOT NULL,
	option_no int NOT NULL CHECK (option_no BETWEEN 1 AND 20),
	code text NOT NULL CHECK (code ~ '^[A-Z][A-Z_]{0,30}$'),
	text data.line NOT NULL,
	PRIMARY KEY (item_set_id, item_no, option_no),
	UNIQUE (item_set_id, item_no, code),
	FOREIGN KEY (item_set_id, item_no) REFERENCES data.item_set_item);

-- ---- rule set (议事规则) ------------------------------------------------------------
-- Rules on how the committee decides, printed in each minutes.  recused_stay has
-- no default on purpose: whether a recused member stays in the denominator is for
-- the college to choose (domain 2.5).
CREATE TABLE data.rule_set (
	id text PRIMARY KEY,              -- GZ26.1
	adopted_on date NOT NULL,
	adopted_by text NOT NULL REFERENCES data.person,
	adopted_at timestamptz NOT NULL,
	basis data.line,
	quorum_num int NOT NULL CHECK (quorum_num > 0),
	quorum_den int NOT NULL CHECK (quorum_den BETWEEN 2 AND 12),
	majority text NOT NULL CHECK (majority IN ('MORE_THAN_HALF_OF_ENTITLED')),
	recused_stay boolean NOT NULL,
	notice_working_days int NOT NULL CHECK (notice_working_days BETWEEN 1 AND 60),
	posting_day_counted boolean NOT NULL,
	small_group int NOT NULL CHECK (small_group BETWEEN 2 AND 50),
	-- an award under review may be mended for so long before it is revoked; 0: not
	rectification_months int NOT NULL CHECK (rectification_months BETWEEN 0 AND 12),
	-- whether an award lasts through an approved extension of the term
	award_through_extension boolean NOT NULL,
	-- whether students are among those the masses are asked from
	students_judge boolean NOT NULL,
	-- whether a branch with an open weak and lax case may apply meanwhile
	weak_lax_may_apply boolean NOT NULL,
	CHECK (quorum_num * 2 >= quorum_den AND quorum_num <= quorum_den));

-- ---- holiday calendar (节假日安排) ----------------------------------------------------
-- Only the days that differ from the week: holidays, and make-up workdays.  A year
-- without a row in holiday_year has not been published yet.
CREATE TABLE data.holiday_year (
	year int PRIMARY KEY CHECK (year BETWEEN 1990 AND 2200),
	doc_no data.line,
	imported_at timestamptz NOT NULL);
CREATE TABLE data.holiday (
	day date PRIMARY KEY,
	year int NOT NULL REFERENCES data.holiday_year,
	working boolean NOT NULL,
	name data.line NOT NULL,
	CHECK (year = extract(year FROM day)));

-- The college's own name, beside its committee's in the tree.
ALTER TABLE data.deployment ADD COLUMN college_name data.line;
