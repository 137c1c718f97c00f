-- Funds for building up branches (domain 2.2: 31; plan 四(三)): a ledger of what was
-- decided and where the voucher is, never the books.  Money is in fen.  One entry
-- has one source, so Party dues never meet other money.

-- BUDGETED, GRANTED, SPENT, RECONCILED, WITHDRAWN.
CREATE TABLE data.fund (
	id text PRIMARY KEY,              -- JF26-14
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	year int NOT NULL CHECK (year BETWEEN 1990 AND 2200),
	source text NOT NULL,             -- of the list FUND_SOURCE
	award_id text REFERENCES data.award,  -- what it follows; NULL: building up
	purpose data.narrative NOT NULL,
	budgeted_fen bigint NOT NULL CHECK (budgeted_fen > 0),
	budgeted_by text NOT NULL REFERENCES data.person,
	granted_fen bigint CHECK (granted_fen BETWEEN 1 AND budgeted_fen),
	decided_on date,                  -- the collective decision
	basis data.line,                  -- the meeting that took it
	granted_by text REFERENCES data.person,
	-- from this day on what is not spent may not be spent any more
	withdrawn_on date,
	withdrawn_why text CHECK (withdrawn_why IN ('AWARD_ENDED', 'FINISHED', 'NOT_GRANTED')),
	CHECK ((granted_fen IS NULL) = (decided_on IS NULL)));
CREATE INDEX ON data.fund (org_id, year);
CREATE INDEX ON data.fund (award_id);

CREATE TABLE data.fund_spend (
	fund_id text NOT NULL REFERENCES data.fund,
	spend_no int NOT NULL,
	spent_fen bigint NOT NULL CHECK (spent_fen > 0),
	spent_on date NOT NULL,
	purpose data.line NOT NULL,
	recorded_by text NOT NULL REFERENCES data.person,
	voucher_no data.line,             -- in the finance system
	confirmed_by text REFERENCES data.person,
	confirmed_on date,
	PRIMARY KEY (fund_id, spend_no),
	CHECK ((confirmed_on IS NULL) = (confirmed_by IS NULL)),
	CHECK (confirmed_on IS NULL OR voucher_no IS NOT NULL));
CREATE INDEX ON data.fund_spend (voucher_no);
