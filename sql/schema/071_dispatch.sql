-- Leading the work (domain 2.2: 32; plan 五(一), 五(二)): who answers for a branch,
-- dispatch meetings, what they decided, inspections.

-- ---- contact point (联系点) ------------------------------------------------------
-- The committee member who answers for a branch.  to_on is the first day on which
-- the row no longer holds.
CREATE TABLE data.contact_point (
	org_id text NOT NULL REFERENCES data.org,
	person_id text NOT NULL REFERENCES data.person,
	from_on date NOT NULL,
	to_on date CHECK (to_on >= from_on),
	set_by text NOT NULL REFERENCES data.person,
	CONSTRAINT contact_point_one_a_day EXCLUDE USING gist
		(org_id WITH =, daterange(from_on, to_on) WITH &&));
CREATE INDEX ON data.contact_point (person_id);

-- ---- dispatch meeting (调度会) ----------------------------------------------------
-- Its agenda is what is open anyway: no branch is asked for a report.  PLANNED, HELD.
CREATE TABLE data.dispatch (
	id text PRIMARY KEY,              -- DD26-01
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	held_on date NOT NULL,
	place data.line NOT NULL,
	planned_by text NOT NULL REFERENCES data.person,
	handled data.narrative);          -- what was said and settled

CREATE TABLE data.dispatch_participant (
	dispatch_id text NOT NULL REFERENCES data.dispatch,
	person_id text NOT NULL REFERENCES data.person,
	PRIMARY KEY (dispatch_id, person_id));

-- The agenda as it stood when the meeting was held.
CREATE TABLE data.dispatch_matter (
	dispatch_id text NOT NULL REFERENCES data.dispatch,
	matter_no int NOT NULL,
	kind text NOT NULL,               -- GAP_RAISED, GAP_OVERDUE, WEAK_LAX, TASK …
	object_id text NOT NULL,
	org_id text NOT NULL REFERENCES data.org,
	text data.narrative NOT NULL,
	due_on date,
	PRIMARY KEY (dispatch_id, matter_no));

-- ---- task: what a dispatch meeting decided, with its owner and day -----------------
CREATE TABLE data.task (
	id text PRIMARY KEY,              -- RW26-01
	org_id text NOT NULL REFERENCES data.org,  -- the branch it is about, or the college
	state text NOT NULL,              -- OPEN, DOING, DONE
	dispatch_id text NOT NULL REFERENCES data.dispatch,
	object_id text,                   -- of its agenda, what the task is for
	text data.narrative NOT NULL,
	owner_id text NOT NULL REFERENCES data.person,
	due_on date NOT NULL,
	result data.narrative,
	done_on date,
	set_by text NOT NULL REFERENCES data.person,
	CHECK ((state = 'DONE') = (done_on IS NOT NULL)));
CREATE INDEX ON data.task (dispatch_id);

CREATE TABLE data.task_note (
	task_id text NOT NULL REFERENCES data.task,
	serial int NOT NULL,
	text data.narrative NOT NULL,
	by_person text NOT NULL REFERENCES data.person,
	at timestamptz NOT NULL,
	PRIMARY KEY (task_id, serial));

-- ---- inspection (督查) ----------------------------------------------------------------
-- What was seen is a note of the branch like any other (data.note, INSPECTION); here
-- is what has to be mended of it.
CREATE TABLE data.finding (
	note_id text NOT NULL REFERENCES data.note,
	gap_id text NOT NULL UNIQUE REFERENCES data.gap,
	PRIMARY KEY (note_id, gap_id));
