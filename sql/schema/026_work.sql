-- What a branch wrote down of its own work because it wanted to (plan 一(二)5, 二(三),
-- 二(五); S-10, S-22, S-26, S-28).  No rule reads it, nothing counts it, no row is
-- missing anywhere.
CREATE TABLE data.work (
	id text PRIMARY KEY,              -- SS26-14
	org_id text NOT NULL REFERENCES data.org,
	consented_on date,                -- the branch lets others read the newest version
	consented_by text REFERENCES data.person,
	published_on date,
	published_by text REFERENCES data.person,
	CHECK ((consented_on IS NULL) = (consented_by IS NULL)),
	CHECK ((published_on IS NULL) = (published_by IS NULL)),
	CHECK (published_on IS NULL OR consented_on IS NOT NULL));
CREATE INDEX ON data.work (org_id);
-- The newest version holds; the older stay.
CREATE TABLE data.work_version (
	work_id text NOT NULL REFERENCES data.work,
	version_no int NOT NULL,
	kind text NOT NULL CHECK (kind IN ('DEED', 'ORG_LIFE_MEETING', 'MEMBER_APPRAISAL',
		'OTHER_WORK')),
	happened_on date NOT NULL,
	what data.narrative NOT NULL,
	for_whom data.line,
	result data.narrative,
	served_confirmed boolean,
	life_steps text[] NOT NULL,       -- data.choice, LIFE_STEP
	branch_tasks text[] NOT NULL,     -- data.choice, BRANCH_TASK
	reason data.line,
	written_by text NOT NULL REFERENCES data.person,
	written_at timestamptz NOT NULL,
	PRIMARY KEY (work_id, version_no),
	CHECK ((version_no > 1) = (reason IS NOT NULL)));
