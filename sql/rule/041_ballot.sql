-- The members' ballot: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('prepare_ballot', '{od_officer,scrutineer,recorder,committee_secretary}'::text[]),
	('register_session_key', '{scrutineer,teller,key_holder}'),
	('forget_key', '{scrutineer,teller,key_holder}'),
	('freeze_roll', '{scrutineer}'),
	('correct_roll', '{scrutineer}'),
	('show_roll', '{scrutineer,teller,od_officer}'),
	('list_slips', '{scrutineer}'),
	('open_ballot', '{scrutineer}'),
	('cancel_slip', '{scrutineer}'),
	('close_ballot', '{scrutineer}'),
	('urn_page', '{scrutineer,teller,key_holder}'),
	('count_ballots', '{scrutineer,teller,key_holder}'),
	('enter_paper', '{scrutineer,teller}'),
	('enter_comments', '{scrutineer}'),
	('certify_ballot', '{scrutineer,teller,key_holder}'),
	('void_ballot', '{scrutineer}'),
	('archive_ballot', '{od_officer}'),
	('show_ballot', '{scrutineer,teller,key_holder,od_officer,od_head,branch_secretary,recorder,committee_secretary,committee_member}'),
	('list_ballots', '{scrutineer,teller,key_holder,od_officer,od_head,branch_secretary,recorder,committee_secretary,committee_member}'),
	('own_appraisals', '{person}'),
	('agree_grades', '{branch_secretary}'),
	('show_grades', '{branch_secretary,general_branch_secretary,od_officer,od_head}'),
	('get_ballot', '{anyone}'),
	('cast_ballot', '{anyone}'),
	('check_receipt', '{anyone}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('ballot_session', '-', 'PREPARED', 'prepare_ballot', NULL),
	('ballot_session', 'PREPARED', 'PREPARED', 'register_session_key', NULL),
	('ballot_session', 'PREPARED', 'ROLL_FROZEN', 'freeze_roll', 'ballot_can_freeze'),
	('ballot_session', 'ROLL_FROZEN', 'ROLL_FROZEN', 'correct_roll', NULL),
	('ballot_session', 'ROLL_FROZEN', 'ROLL_FROZEN', 'list_slips', NULL),
	('ballot_session', 'ROLL_FROZEN', 'OPEN', 'open_ballot', 'ballot_has_slips'),
	('ballot_session', 'OPEN', 'OPEN', 'cancel_slip', NULL),
	-- somebody comes late, and votes on paper
	('ballot_session', 'OPEN', 'OPEN', 'correct_roll', NULL),
	('ballot_session', 'OPEN', 'CLOSED', 'close_ballot', NULL),
	('ballot_session', 'CLOSED', 'CLOSED', 'enter_paper', NULL),
	('ballot_session', 'CLOSED', 'COUNTED', 'enter_paper', NULL),
	('ballot_session', 'COUNTED', 'COUNTED', 'enter_paper', NULL),
	('ballot_session', 'CLOSED', 'CLOSED', 'enter_comments', NULL),
	('ballot_session', 'COUNTED', 'COUNTED', 'enter_comments', NULL),
	('ballot_session', 'CLOSED', 'COUNTED', 'count_ballots', NULL),
	-- by another hand, where the two do not agree
	('ballot_session', 'COUNTED', 'COUNTED', 'count_ballots', NULL),
	('ballot_session', 'COUNTED', 'CERTIFIED', 'certify_ballot', 'ballot_sound'),
	('ballot_session', 'CERTIFIED', 'CERTIFIED', 'agree_grades', 'ballot_of_members'),
	('ballot_session', 'ARCHIVED', 'ARCHIVED', 'agree_grades', 'ballot_of_members'),
	('ballot_session', 'CERTIFIED', 'ARCHIVED', 'archive_ballot', 'ballot_may_go');
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'ballot_session', s, 'VOID', r
FROM unnest('{PREPARED,ROLL_FROZEN,OPEN,CLOSED,COUNTED}'::text[]) s,
	unnest('{void_ballot,forget_key}'::text[]) r
WHERE (s, r) <> ('PREPARED', 'forget_key');
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'ballot_session', s, s, 'forget_key' FROM unnest(
	'{PREPARED,ROLL_FROZEN,OPEN,CLOSED,COUNTED,CERTIFIED,ARCHIVED,VOID}'::text[]) s;

-- Scrutineer and one of the two others named for the session.
INSERT INTO rule.second_person (request, role, guard, why) VALUES
	('void_ballot', 'teller', 'ballot_holder', 'the slips and ballots of a session go'),
	('void_ballot', 'key_holder', 'ballot_holder', 'the slips and ballots of a session go'),
	('correct_roll', 'teller', 'ballot_holder', 'who may vote is changed after the freeze'),
	('cancel_slip', 'teller', 'ballot_holder', 'a slip goes and a paper is handed out');
INSERT INTO rule.second_person (request, role, guard, applies, why) VALUES
	('freeze_roll', 'teller', 'ballot_holder', '$.paper > 0', 'paper is handed out beside slips');

INSERT INTO rule.request (request, keyed, evented, keeps_payload, why) VALUES
	('count_ballots', true, true, false,
	'the payload holds opened ballots, which no trace may keep'),
	('enter_paper', true, true, false,
	'where one paper was handed out the payload is that ballot'),
	('enter_comments', true, true, false,
	'the payload holds words of ballots, which no trace may keep');

-- Bytes of a sealed ballot: SEAL_SIZE of common/seal.h.  All are equally long, so
-- that none says how much was written in it.
CREATE FUNCTION flow.sealed_size() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1457 $$;

-- Casting holds this lock shared, closing alone: a ballot is in the urn before
-- the close is acknowledged, or not at all.  A row lock would be written to disk
-- with the time, at each ballot.
CREATE FUNCTION flow.ballot_lock(session_id text) RETURNS bigint LANGUAGE sql IMMUTABLE
AS $$ SELECT hashtextextended('ballot ' || session_id, 0) $$;

-- An item set in force that was made for this purpose and such a branch.
CREATE FUNCTION flow.need_item_set(item_set_id text, org_id text, purpose text)
RETURNS void LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	IF NOT EXISTS (SELECT FROM data.item_set s JOIN data.org o ON o.id = org_id
			WHERE s.id = item_set_id AND s.adopted_on <= flow.today()
				AND s.purpose = purpose AND coalesce(s.org_id, org_id) = org_id
				AND (s.applies_to = '{}' OR o.member_category = ANY (s.applies_to))) THEN
		PERFORM refuse.invalid('item_set_id', 'item_set_not_in_force',
			coalesce(item_set_id, ''));
	END IF;
END $$;

-- The stream a session belongs to.
CREATE FUNCTION flow.stream_of_ballot(purpose text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN purpose LIKE 'MEMBERS_ON%' THEN 'MEMBERS'
	WHEN purpose LIKE 'MASSES_ON%' THEN 'MASSES' END $$;
