-- The members' ballot: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('prepare_ballot', '{od_officer,scrutineer}'::text[]),
	('register_session_key', '{scrutineer,teller,key_holder}'),
	('freeze_roll', '{scrutineer}'),
	('show_roll', '{scrutineer,teller,od_officer}'),
	('list_slips', '{scrutineer}'),
	('open_ballot', '{scrutineer}'),
	('close_ballot', '{scrutineer}'),
	('urn_page', '{scrutineer,teller}'),
	('count_ballots', '{scrutineer,teller}'),
	('certify_ballot', '{scrutineer,teller}'),
	('void_ballot', '{scrutineer}'),
	('archive_ballot', '{od_officer}'),
	('show_ballot', '{scrutineer,teller,key_holder,od_officer,od_head,branch_secretary}'),
	('list_ballots', '{scrutineer,teller,key_holder,od_officer,od_head,branch_secretary}'),
	('get_ballot', '{anyone}'),
	('cast_ballot', '{anyone}'),
	('check_receipt', '{anyone}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('ballot_session', '-', 'PREPARED', 'prepare_ballot', NULL),
	('ballot_session', 'PREPARED', 'PREPARED', 'register_session_key', NULL),
	('ballot_session', 'PREPARED', 'ROLL_FROZEN', 'freeze_roll', 'ballot_has_keys'),
	('ballot_session', 'ROLL_FROZEN', 'ROLL_FROZEN', 'list_slips', NULL),
	('ballot_session', 'ROLL_FROZEN', 'OPEN', 'open_ballot', 'ballot_has_slips'),
	('ballot_session', 'OPEN', 'CLOSED', 'close_ballot', NULL),
	('ballot_session', 'CLOSED', 'COUNTED', 'count_ballots', NULL),
	('ballot_session', 'COUNTED', 'COUNTED', 'certify_ballot', 'ballot_not_overfull'),
	('ballot_session', 'COUNTED', 'CERTIFIED', 'certify_ballot', 'ballot_not_overfull'),
	('ballot_session', 'CERTIFIED', 'ARCHIVED', 'archive_ballot', NULL),
	('ballot_session', 'PREPARED', 'VOID', 'void_ballot', NULL),
	('ballot_session', 'ROLL_FROZEN', 'VOID', 'void_ballot', NULL),
	('ballot_session', 'OPEN', 'VOID', 'void_ballot', NULL),
	('ballot_session', 'CLOSED', 'VOID', 'void_ballot', NULL),
	('ballot_session', 'COUNTED', 'VOID', 'void_ballot', NULL);

-- Scrutineer and one of the two others named for the session.
INSERT INTO rule.second_person (request, role, guard, why) VALUES
	('void_ballot', 'teller', 'ballot_holder', 'the slips and ballots of a session go'),
	('void_ballot', 'key_holder', 'ballot_holder', 'the slips and ballots of a session go');

INSERT INTO rule.request (request, keyed, evented, keeps_payload, why) VALUES
	('count_ballots', true, true, false,
	'the payload holds opened ballots, which no trace may keep');

-- Bytes of a sealed ballot: SEAL_SIZE of common/seal.h.  All are equally long, so
-- that none says how much was written in it.
CREATE FUNCTION flow.sealed_size() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1457 $$;

-- Casting holds this lock shared, closing alone: a ballot is in the urn before
-- the close is acknowledged, or not at all.  A row lock would be written to disk
-- with the time, at each ballot.
CREATE FUNCTION flow.ballot_lock(session_id text) RETURNS bigint LANGUAGE sql IMMUTABLE
AS $$ SELECT hashtextextended('ballot ' || session_id, 0) $$;

-- An item set in force that was made for such a branch.  Members are appraised on
-- one item only, its options being the grades.
CREATE FUNCTION flow.need_item_set(item_set_id text, category text, purpose text)
RETURNS void LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	IF NOT EXISTS (SELECT FROM data.item_set s WHERE s.id = item_set_id
			AND s.adopted_on <= flow.today()
			AND (s.applies_to = '{}' OR category = ANY (s.applies_to))) THEN
		PERFORM refuse.invalid('item_set_id', 'item_set_not_in_force',
			coalesce(item_set_id, ''));
	END IF;
	IF purpose = 'MEMBERS_ON_MEMBERS' AND (SELECT count(*) FROM data.item_set_item i
			WHERE i.item_set_id = item_set_id) <> 1 THEN
		PERFORM refuse.invalid('item_set_id', 'one_item_for_members', item_set_id);
	END IF;
END $$;
