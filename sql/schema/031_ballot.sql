-- The members' ballot (domain 2.2: 17 to 20, 3.4; design 7).  Two stores that
-- nothing joins: the roll, written only when it is frozen, and the urn.  The
-- tables of slips and ballots hold no time, address, serial number or person.

-- ---- session and roll ----------------------------------------------------------
-- PREPARED, ROLL_FROZEN, OPEN, CLOSED, COUNTED, CERTIFIED, ARCHIVED, VOID.
CREATE TABLE data.ballot_session (
	id text PRIMARY KEY,              -- CP26-14
	org_id text NOT NULL REFERENCES data.org,
	org_name data.line NOT NULL,      -- as the slips say it
	state text NOT NULL,
	application_id text NOT NULL REFERENCES data.application,
	purpose text NOT NULL CHECK (purpose IN ('MEMBERS_ON_BRANCH', 'MEMBERS_ON_MEMBERS')),
	item_set_id text NOT NULL REFERENCES data.item_set,
	comments boolean NOT NULL,
	held_on date NOT NULL,
	place data.line NOT NULL,
	entitled int,                     -- set when the roll is frozen
	present int CHECK (present BETWEEN 1 AND entitled),
	void_count int CHECK (void_count >= 0),
	prepared_by text NOT NULL REFERENCES data.person,
	void_reason data.narrative);
CREATE INDEX ON data.ballot_session (application_id);
CREATE UNIQUE INDEX ballot_session_one_live ON data.ballot_session (application_id, purpose)
	WHERE state <> 'VOID';

-- The three who hold a key for this session: any two of them open the urn.
CREATE TABLE data.ballot_holder (
	session_id text NOT NULL REFERENCES data.ballot_session,
	holder_no int NOT NULL CHECK (holder_no BETWEEN 1 AND 3),
	role text NOT NULL CHECK (role IN ('scrutineer', 'teller', 'key_holder')),
	person_id text NOT NULL REFERENCES data.person,
	public_key bytea CHECK (length(public_key) = 32),  -- X25519
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
	options text[] NOT NULL,          -- codes
	labels text[] NOT NULL,
	PRIMARY KEY (session_id, item_no),
	CHECK (cardinality(options) = cardinality(labels)));

-- Who has a right, as of the freeze.  Written there and never again, so nothing
-- tells who took a slip or cast a ballot.
CREATE TABLE data.roll_entry (
	session_id text NOT NULL REFERENCES data.ballot_session,
	person_id text NOT NULL REFERENCES data.person,
	standing text NOT NULL CHECK (standing IN ('FULL', 'PROBATIONARY')),
	present boolean,                  -- NULL: only the head count was given
	PRIMARY KEY (session_id, person_id));

-- Two people's word that the count was right.
CREATE TABLE data.ballot_certificate (
	session_id text NOT NULL REFERENCES data.ballot_session,
	person_id text NOT NULL REFERENCES data.person,
	role text NOT NULL CHECK (role IN ('scrutineer', 'teller')),
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

-- A sealed ballot.  Gone after the count, with the keys that could open it.
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
