-- The secret ballot (domain 2.2: 17 to 20, 3.4; design 7).  Two stores that
-- nothing joins: the roll, written before the opening only, and the urn.  The
-- tables of slips and ballots hold no time, address, serial number or person.

-- ---- session and roll ----------------------------------------------------------
-- PREPARED, ROLL_FROZEN, OPEN, CLOSED, COUNTED, CERTIFIED, ARCHIVED, VOID.
CREATE TABLE data.ballot_session (
	id text PRIMARY KEY,              -- CP26-14
	org_id text NOT NULL REFERENCES data.org,
	org_name data.line NOT NULL,      -- as the slips say it
	state text NOT NULL,
	application_id text REFERENCES data.application,  -- NULL: the year's own meeting
	purpose text NOT NULL CHECK (purpose IN ('MEMBERS_ON_BRANCH', 'MEMBERS_ON_MEMBERS',
		'MASSES_ON_BRANCH', 'COMMITTEE_VOTE')),
	channel text NOT NULL CHECK (channel IN ('SLIPS', 'PAPER', 'MIXED')),
	item_set_id text REFERENCES data.item_set,
	comments boolean NOT NULL,
	held_on date NOT NULL,
	place data.line NOT NULL,
	entitled int,                     -- set when the roll is frozen
	present int CHECK (present BETWEEN 1 AND entitled),
	paper int CHECK (paper BETWEEN 0 AND present),  -- of them, on paper
	late_present int NOT NULL DEFAULT 0 CHECK (late_present >= 0),  -- those who came after the opening
	half_present boolean,             -- of those with a vote in the branch (T13)
	void_count int CHECK (void_count >= 0),
	valid int CHECK (valid >= 0),     -- the certified tally's, paper included
	digest bytea CHECK (length(digest) = 32),  -- of the opened ballots
	prepared_by text NOT NULL REFERENCES data.person,
	void_reason data.narrative,
	-- the committee's items are agree, disagree, abstain
	CHECK ((item_set_id IS NULL) = (purpose = 'COMMITTEE_VOTE')));
CREATE INDEX ON data.ballot_session (application_id);
CREATE INDEX ON data.ballot_session (org_id);

-- The three who hold a key for this session: any two of them open the urn.
CREATE TABLE data.ballot_holder (
	session_id text NOT NULL REFERENCES data.ballot_session,
	holder_no int NOT NULL CHECK (holder_no BETWEEN 1 AND 3),
	role text NOT NULL CHECK (role IN ('scrutineer', 'teller', 'key_holder')),
	person_id text NOT NULL REFERENCES data.person,
	public_key bytea CHECK (length(public_key) = 32),  -- X25519
	key_state text NOT NULL DEFAULT 'HELD' CHECK (key_state IN ('HELD', 'LOST', 'DESTROYED')),
	gone_on date,                     -- lost or destroyed: the holder's own word
	PRIMARY KEY (session_id, holder_no),
	UNIQUE (session_id, person_id),
	UNIQUE (session_id, public_key));

-- The questions as they were when the roll was frozen.  Without options: listed
-- without a grade (a probationary member, T22).
CREATE TABLE data.ballot_item (
	session_id text NOT NULL REFERENCES data.ballot_session,
	item_no int NOT NULL,
	text data.line NOT NULL,
	mark data.line,                   -- tells two people of one name apart (T41)
	person_id text REFERENCES data.person,  -- whom it is about, where it is a member
	options text[] NOT NULL,          -- codes
	labels text[] NOT NULL,
	PRIMARY KEY (session_id, item_no),
	CHECK (cardinality(options) = cardinality(labels)));

-- Who has a right, as of the freeze: a person, or a mass representative by the
-- number on that list.  Mended by two people until the opening; after it they write
-- down who came late and votes on paper, and nothing else, so nothing tells who took a
-- slip or cast a ballot.
CREATE TABLE data.roll_entry (
	session_id text NOT NULL REFERENCES data.ballot_session,
	person_id text NOT NULL,
	name data.line NOT NULL,
	mark data.line,
	standing text NOT NULL CHECK (standing IN ('FULL', 'PROBATIONARY', 'MASSES', 'COMMITTEE')),
	present boolean,                  -- NULL: only the head count was given
	PRIMARY KEY (session_id, person_id));

-- Corrections of a frozen roll, with the reason.
CREATE TABLE data.roll_change (
	session_id text NOT NULL REFERENCES data.ballot_session,
	serial int NOT NULL,
	change text NOT NULL CHECK (change IN ('ADDED', 'REMOVED', 'ARRIVED')),
	name data.line NOT NULL,
	reason data.narrative NOT NULL,
	changed_on date NOT NULL,
	PRIMARY KEY (session_id, serial));

-- The word of two people who each opened the urn for themselves and found the same.
CREATE TABLE data.ballot_certificate (
	session_id text NOT NULL REFERENCES data.ballot_session,
	person_id text NOT NULL REFERENCES data.person,
	role text NOT NULL CHECK (role IN ('scrutineer', 'teller', 'key_holder')),
	digest bytea NOT NULL CHECK (length(digest) = 32),
	PRIMARY KEY (session_id, role),
	UNIQUE (session_id, person_id));

-- ---- slips, urn, ballots ----------------------------------------------------------
-- A slip not yet used: the hash of its token and its public key (Ed25519).
-- Casting deletes the row.
CREATE TABLE data.slip (
	token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
	session_id text NOT NULL,
	public_key bytea NOT NULL CHECK (length(public_key) = 32));
CREATE INDEX ON data.slip (session_id);

-- A sealed ballot.  Kept until two people have opened it and agree, then gone
-- with the keys that could open it.
CREATE TABLE data.urn (
	token_hash bytea PRIMARY KEY,
	session_id text NOT NULL,
	public_key bytea NOT NULL,
	sealed bytea NOT NULL,
	sealed_hash bytea NOT NULL CHECK (length(sealed_hash) = 32),
	signature bytea NOT NULL CHECK (length(signature) = 64));
CREATE INDEX ON data.urn (session_id);
-- as random bytes it never compresses
ALTER TABLE data.urn ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- An opened ballot under an id drawn at the count, one row with all its marks: an
-- option's code for each item in order, '' where it was left open.
CREATE TABLE data.ballot (
	session_id text NOT NULL,
	id bytea NOT NULL CHECK (length(id) = 16),
	marks text[] NOT NULL,
	PRIMARY KEY (session_id, id));

-- Comments are kept apart from marks, under ids of their own.
CREATE TABLE data.ballot_comment (
	session_id text NOT NULL,
	id bytea NOT NULL CHECK (length(id) = 16),
	text data.narrative NOT NULL,
	PRIMARY KEY (session_id, id));

-- The hashes of the sealed ballots that were in the urn, published after the
-- count: presence, not content.
CREATE TABLE data.ballot_receipt (
	session_id text NOT NULL,
	sealed_hash bytea NOT NULL,
	PRIMARY KEY (session_id, sealed_hash));

-- ---- paper, tally, grades ------------------------------------------------------------
-- What each of two people found on the paper, neither having seen the other's.
CREATE TABLE data.paper_tally (
	session_id text NOT NULL REFERENCES data.ballot_session,
	role text NOT NULL CHECK (role IN ('scrutineer', 'teller')),
	person_id text NOT NULL REFERENCES data.person,
	valid int NOT NULL CHECK (valid >= 0),
	void_count int NOT NULL CHECK (void_count >= 0),
	PRIMARY KEY (session_id, role),
	UNIQUE (session_id, person_id));
CREATE TABLE data.paper_mark (
	session_id text NOT NULL,
	role text NOT NULL,
	item_no int NOT NULL,
	counts int[] NOT NULL,            -- one for each option
	blank int NOT NULL CHECK (blank >= 0),
	PRIMARY KEY (session_id, role, item_no),
	FOREIGN KEY (session_id, role) REFERENCES data.paper_tally ON DELETE CASCADE);

-- What was written on paper, typed once by the scrutineer.  With the certificate it is
-- put among the comments of the slips, where nothing tells one from the other.
CREATE TABLE data.paper_comment (
	session_id text NOT NULL REFERENCES data.ballot_session,
	id bytea NOT NULL CHECK (length(id) = 16),
	text data.narrative NOT NULL,
	PRIMARY KEY (session_id, id));

-- The certified counts, slips and paper together: they stay when the ballots go.
CREATE TABLE data.ballot_tally (
	session_id text NOT NULL REFERENCES data.ballot_session,
	item_no int NOT NULL,
	counts int[] NOT NULL,
	blank int NOT NULL,
	PRIMARY KEY (session_id, item_no));

-- What the branch agreed on for each member, the ballot before it but not by the
-- ballot alone (不能简单地以票取人): all that superiors learn.
CREATE TABLE data.member_grade (
	session_id text NOT NULL,
	item_no int NOT NULL,
	grade text NOT NULL,
	opinion data.narrative,
	agreed_at data.line NOT NULL,     -- which meeting
	agreed_on date NOT NULL,
	PRIMARY KEY (session_id, item_no),
	FOREIGN KEY (session_id, item_no) REFERENCES data.ballot_item);
