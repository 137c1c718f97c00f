-- In the committee's room (domain 2.2: 23, 24; 2.5): why a member should stand aside,
-- who left when, who said what, what was talked over before.

-- What a hint to stand aside stands on.  `source` names flow.<source>(person_id,
-- org_id, on_day); a binding one cannot be declined.
CREATE TABLE rule.recusal_ground (
	ground text PRIMARY KEY,
	source text NOT NULL,
	binding boolean NOT NULL);

-- A member says that a relative of his belongs to a branch: which, and nothing of who
-- that is (domain 3.5).
CREATE TABLE data.relative_declaration (
	person_id text NOT NULL REFERENCES data.person,
	org_id text NOT NULL REFERENCES data.org,
	declared_on date NOT NULL,
	ended_on date CHECK (ended_on >= declared_on));
CREATE UNIQUE INDEX relative_declaration_one ON data.relative_declaration (person_id, org_id)
	WHERE ended_on IS NULL;

-- The hints of an item, as they were found, and what the member answered to one that
-- was declined; a confirmed one has its row of data.recusal.
CREATE TABLE data.recusal_hint (
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	person_id text NOT NULL REFERENCES data.person,
	ground text NOT NULL,
	declined_why data.line,
	declined_at timestamptz,
	recorded_by text REFERENCES data.person,
	PRIMARY KEY (agenda_item_id, person_id, ground),
	CHECK (num_nonnulls(declined_why, declined_at, recorded_by) IN (0, 3)));

-- Somebody goes out, for an item or for another reason, and comes back.
CREATE TABLE data.room_leave (
	meeting_id text NOT NULL REFERENCES data.meeting,
	person_id text NOT NULL REFERENCES data.person,
	serial int NOT NULL,
	agenda_item_id text REFERENCES data.agenda_item,
	reason data.line NOT NULL,
	left_at timestamptz NOT NULL,
	returned_at timestamptz,
	recorded_by text NOT NULL REFERENCES data.person,
	PRIMARY KEY (meeting_id, person_id, serial));

-- The full record: each speaker in turn.
CREATE TABLE data.speech (
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	serial int NOT NULL,
	person_id text NOT NULL REFERENCES data.person,
	text data.narrative NOT NULL,
	recorded_by text NOT NULL REFERENCES data.person,
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (agenda_item_id, serial));

-- Talked over before the meeting (个别酝酿): a fact; it is decided in the meeting alone.
CREATE TABLE data.consultation (
	agenda_item_id text NOT NULL REFERENCES data.agenda_item,
	serial int NOT NULL,
	happened_on date NOT NULL,
	with_whom data.line NOT NULL,
	text data.narrative NOT NULL,
	recorded_by text NOT NULL REFERENCES data.person,
	PRIMARY KEY (agenda_item_id, serial));
