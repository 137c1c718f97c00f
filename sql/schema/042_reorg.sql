-- Reorganisation (domain 2.2: 3; plan 四(四) 接续建设): what is to change, as the
-- committee decided it, and the links from the old to the new.

-- PLANNED, IN_DELIBERATION, DEFERRED, APPROVED, REJECTED, DONE, DROPPED.
CREATE TABLE data.reorg (
	id text PRIMARY KEY,              -- TZ26-01
	org_id text NOT NULL REFERENCES data.org,  -- the first it is about
	state text NOT NULL,
	kind text NOT NULL CHECK (kind IN ('RENAME', 'MERGE', 'SPLIT', 'TRANSFER', 'DISSOLVE')),
	from_org_ids text[] NOT NULL CHECK (cardinality(from_org_ids) > 0),
	-- who takes over open problems, a weak and lax case and, where nothing else is
	-- said, members; NULL: nobody has to
	heir_id text,
	reason data.narrative NOT NULL,
	motion data.narrative NOT NULL,   -- the words voted on
	proposed_on date NOT NULL,
	planned_by text NOT NULL REFERENCES data.person,
	effective_on date,
	doc_no data.line,
	done_by text REFERENCES data.person,
	dropped_why data.narrative,
	CHECK ((state = 'DONE') = (effective_on IS NOT NULL AND doc_no IS NOT NULL)));

-- What there is afterwards: an organisation that stays or is new, with its name and
-- place in the tree.
CREATE TABLE data.reorg_result (
	reorg_id text NOT NULL REFERENCES data.reorg,
	result_no int NOT NULL,
	org_id text NOT NULL,             -- may not be there yet
	name data.line,                   -- NULL: keeps its name
	short_name data.line,
	kind text,                        -- of a new one
	member_category text,
	parent_id text REFERENCES data.org,  -- NULL: keeps its place
	PRIMARY KEY (reorg_id, result_no),
	UNIQUE (reorg_id, org_id));

-- Who goes where.
CREATE TABLE data.reorg_member (
	reorg_id text NOT NULL REFERENCES data.reorg,
	person_id text NOT NULL REFERENCES data.person,
	to_org_id text NOT NULL,
	PRIMARY KEY (reorg_id, person_id));

-- The committee's word on every award in effect: it goes on with one organisation,
-- or (NULL) it ends.
CREATE TABLE data.reorg_award (
	reorg_id text NOT NULL REFERENCES data.reorg,
	award_id text NOT NULL REFERENCES data.award,
	to_org_id text,
	PRIMARY KEY (reorg_id, award_id));

-- From the old to the new.  Nobody comes after: dissolved.
CREATE TABLE data.org_succession (
	from_org_id text NOT NULL REFERENCES data.org,
	to_org_id text REFERENCES data.org,
	kind text NOT NULL,
	succeeded_on date NOT NULL,
	reorg_id text NOT NULL REFERENCES data.reorg,
	UNIQUE NULLS NOT DISTINCT (reorg_id, from_org_id, to_org_id),
	CHECK (from_org_id <> to_org_id OR kind IN ('RENAME', 'TRANSFER')));
CREATE INDEX ON data.org_succession (to_org_id);
