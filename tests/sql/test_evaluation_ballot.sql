-- The members' ballot through call.*: roll, slips, casting, count, certificate, and
-- what its tables may not hold.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();

-- A slip's token, its hash, and a sealed ballot of the right size.
CREATE FUNCTION t.token(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(convert_to('slip ' || n, 'UTF8')) $$;
CREATE FUNCTION t.slips(upto int) RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal(array_agg(ROW(sha256(t.token(n)), sha256(convert_to('key ' || n, 'UTF8')))::api.slip_entry
		ORDER BY sha256(t.token(n)))) || '::api.slip_entry[]' FROM generate_series(1, upto) n $$;
CREATE FUNCTION t.sealed(word text) RETURNS bytea LANGUAGE sql AS $$
	SELECT decode(repeat(md5(word), flow.sealed_size() / 16), 'hex') || decode(repeat('00', flow.sealed_size() % 16), 'hex') $$;
CREATE FUNCTION t.cast(session text, n int, word text) RETURNS text LANGUAGE sql AS $$
	SELECT t.anyone('cast_ballot', format('%L, %L, %L, %L', session, t.token(n), t.sealed(word),
		decode(repeat('07', 64), 'hex'))) ->> 'receipt' $$;
CREATE FUNCTION t.opened(upto int, marks text) RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal(coalesce(array_agg(ROW(i, marks::text[])::api.opened_ballot ORDER BY i), '{}')) || '::api.opened_ballot[]'
	FROM (SELECT decode(md5('ballot ' || n), 'hex') AS i FROM generate_series(1, upto) n) x $$;
-- By the set form: who was answered, by place.
CREATE FUNCTION t.cast_all(sessions text[], n int[], words text[]) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(p || ' ' || left(encode(r.receipt, 'hex'), 8), ', ' ORDER BY p)
	FROM call.cast_ballot_set(NULL, NULL, NULL, NULL, NULL, sessions,
		ARRAY(SELECT t.token(x) FROM unnest(n) WITH ORDINALITY u(x, i) ORDER BY i),
		ARRAY(SELECT t.sealed(x) || CASE x WHEN 'long' THEN '\x00' ELSE '' END::bytea
			FROM unnest(words) WITH ORDINALITY u(x, i) ORDER BY i),
		ARRAY(SELECT decode(repeat('07', 64), 'hex') FROM unnest(n))) r, unnest(r.places) p $$;
-- In one line: from a prepared session to an open one with six people present.
CREATE FUNCTION t.open(session text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM t.as('P14', 'scrutineer@DW', 'register_session_key', format('%L, sha256(''k1'')', session));
	PERFORM t.as('P15', 'teller@DW', 'register_session_key', format('%L, sha256(''k2'')', session));
	PERFORM t.as('P16', 'key_holder@DW', 'register_session_key', format('%L, sha256(''k3'')', session));
	PERFORM t.as('P14', 'scrutineer@DW', 'freeze_roll', format('%L, 6, ''{}'', NULL', session));
	PERFORM t.as('P14', 'scrutineer@DW', 'list_slips', format('%L, %s', session, t.slips(6)));
	PERFORM t.as('P14', 'scrutineer@DW', 'open_ballot', quote_literal(session));
END $$;

SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$) \g /dev/null
\set prepare '\'SB26-14\', NULL, \'CX26.1\', true, flow.today(), \'会议室\', \'P14\', \'P15\', \'P16\', NULL, NULL, NULL'

-- ---- preparing ---------------------------------------------------------------------
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'prepare_ballot', $a$'SB26-14', NULL, NULL, false, flow.today(), '会议室', 'P14', 'P14', 'P16', NULL, NULL, NULL$a$)$$,
	'ZB001', NULL, 'three different people');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'prepare_ballot', $a$'SB26-14', NULL, 'CX99.1', false, flow.today(), '会议室', 'P14', 'P15', 'P16', NULL, NULL, NULL$a$)$$,
	'ZB001', NULL, 'an item set that is in force');
SELECT is(t.as('P14', 'scrutineer@DW', 'prepare_ballot', :'prepare') ->> 'session_id', 'CP26-14', 'a session');
SELECT throws_ok(format('SELECT t.as(%L, %L, %L, %L)', 'P14', 'scrutineer@DW', 'prepare_ballot', :'prepare'),
	'ZB004', NULL, 'one session at a time');
SELECT throws_ok($$SELECT t.as('P17', 'scrutineer@DW', 'register_session_key', $a$'CP26-14', sha256('x')$a$)$$,
	'ZB002', NULL, 'a scrutineer who was not named has no part in it');
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'freeze_roll', $a$'CP26-14', 6, '{}', NULL$a$)$$,
	'ZB003', NULL, 'keys first');
SELECT throws_ok($$SELECT t.anyone('get_ballot', $a$'CP26-14', NULL$a$)$$, 'ZB009', NULL, 'nothing to show yet');
SELECT t.as('P14', 'scrutineer@DW', 'register_session_key', $a$'CP26-14', sha256('k1')$a$) \g /dev/null
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'register_session_key', $a$'CP26-14', sha256('k9')$a$)$$,
	'ZB004', NULL, 'a registered key is not replaced');
SELECT is(t.as('P14', 'scrutineer@DW', 'register_session_key', $a$'CP26-14', sha256('k1')$a$) ->> 'keys_missing', '2',
	'the same one again is no harm');
SELECT throws_ok($$SELECT t.as('P15', 'teller@DW', 'register_session_key', $a$'CP26-14', sha256('k1')$a$)$$,
	'ZB001', NULL, 'each their own key');
SELECT t.as('P15', 'teller@DW', 'register_session_key', $a$'CP26-14', sha256('k2')$a$) \g /dev/null
SELECT is(t.as('P16', 'key_holder@DW', 'register_session_key', $a$'CP26-14', sha256('k3')$a$) ->> 'keys_missing', '0', 'three keys');

-- ---- roll ------------------------------------------------------------------------------
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'freeze_roll', $a$'CP26-14', 9, '{}', NULL$a$)$$,
	'ZB001', NULL, 'not more present than entitled');
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'freeze_roll', $a$'CP26-14', NULL, '{P9}', NULL$a$)$$,
	'ZB001', NULL, 'who is not on the roll is not absent');
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'freeze_roll', $a$'CP26-14', 7, '{P1,P2}', NULL$a$)$$,
	'ZB001', NULL, 'head count and names agree');
SELECT is(t.as('P14', 'scrutineer@DW', 'freeze_roll', $a$'CP26-14', NULL, '{P1,P2}', NULL$a$) - 'z_waiting',
	'{"session_id": "CP26-14", "present": 6, "paper": 0, "state": "ROLL_FROZEN", "entitled": 8, "half_present": true}',
	'eight entitled, the probationary member among them, six present');
SELECT set_eq($$SELECT r.person_id FROM data.roll_entry r$$, $$SELECT 'P' || n FROM generate_series(1, 8) n$$,
	'T7: the roll is by affiliation, not by where one takes part');
UPDATE data.affiliation SET to_on = flow.today() WHERE person_id = 'P7';
SELECT is(jsonb_array_length(t.as('P15', 'teller@DW', 'show_roll', $a$'CP26-14'$a$) -> 'roll'), 8, 'frozen is frozen');
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'register_session_key', $a$'CP26-14', sha256('k9')$a$)$$,
	'ZB003', NULL, 'a key is not changed any more');

-- ---- slips -----------------------------------------------------------------------------
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'open_ballot', $a$'CP26-14'$a$)$$, 'ZB003', NULL, 'no slips yet');
SELECT throws_ok(format('SELECT t.as(%L, %L, %L, %L)', 'P14', 'scrutineer@DW', 'list_slips', $$'CP26-14', $$ || t.slips(7)),
	'ZB001', NULL, 'not more slips than people');
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'list_slips', $a$'CP26-14',
	(SELECT array_agg(s ORDER BY s.token_hash DESC) FROM unnest($a$ || t.slips(6) || $a$) s)$a$)$$,
	'ZB001', NULL, 'in the order of the hash, which tells nothing');
SELECT is(t.as('P14', 'scrutineer@DW', 'list_slips', $$'CP26-14', $$ || t.slips(6)) ->> 'listed', '6', 'six slips');
SELECT throws_ok($$SELECT t.cast('CP26-14', 1, 'a')$$, 'ZB006', NULL, 'not before the opening');
SELECT is(t.as('P14', 'scrutineer@DW', 'open_ballot', $a$'CP26-14'$a$) ->> 'state', 'OPEN', 'open');

-- ---- casting -----------------------------------------------------------------------------
SELECT is(t.cast('CP26-14', 1, 'a'), '\x' || encode(sha256(t.sealed('a')), 'hex'), 'a ballot and its receipt');
SELECT is(t.cast('CP26-14', 1, 'a'), '\x' || encode(sha256(t.sealed('a')), 'hex'), 'T9: the same again has the same receipt');
SELECT is((SELECT count(*)::int FROM data.urn), 1, 'T9: and is one ballot');
SELECT throws_ok($$SELECT t.cast('CP26-14', 1, 'b')$$, 'ZB010',
	E'slip_used\x1f' || left(encode(sha256(t.sealed('a')), 'hex'), 8), 'T10: another ballot with a burnt code is refused');
SELECT is((SELECT u.sealed FROM data.urn u), t.sealed('a'), 'T10: the first stays');
SELECT throws_ok($$SELECT t.cast('CP26-14', 7, 'c')$$, 'ZB009', NULL, 'a code that was never made');
SELECT throws_ok($$SELECT t.cast('CP26-99', 2, 'c')$$, 'ZB009', NULL, 'a slip of another session');
SELECT throws_ok($$SELECT t.anyone('cast_ballot', format('%L, %L, %L, %L', 'CP26-14', t.token(2), t.sealed('b') || '\x00', decode(repeat('07', 64), 'hex')))$$,
	'ZB001', NULL, 'a ballot of another size');
SELECT is(t.anyone('check_receipt', $$'CP26-14', $$ || quote_literal(substr(sha256(t.sealed('a')), 1, 10))) ->> 'receipt', sha256(t.sealed('a'))::text, 'it is in the urn');
SELECT is(t.anyone('check_receipt', $$'CP26-14', '\x00112233445566778899'$$) ->> 'receipt', NULL, 'and that one is not');
SELECT is(t.anyone('check_receipt', $$'CP26-14', NULL$$) - 'session_id', '{"state": "OPEN", "receipt": null, "receipts": [], "receipts_hash": null}', 'no list while ballots are cast');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_ballot', $a$'CP26-14'$a$) -> 'result' ->> 'returned', NULL, 'how many have cast is not shown');
SELECT is(t.as('P11', 'od_head@ZZB', 'show_ballot', $a$'CP26-14'$a$) ->> 'slips_listed', NULL, 'nor how many slips are left');
SELECT is(t.as('P11', 'od_head@ZZB', 'show_ballot', $a$'CP26-14'$a$) #> '{result,tallies}', '[]', 'no result while open');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) #> '{sheet,ballots,0,tallies}', '[]', 'nor on the sheet');
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'urn_page', $a$'CP26-14', NULL$a$)$$, 'ZB003', NULL, 'the urn is shut while open');
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'count_ballots', $$ || quote_literal($$'CP26-14', $$ || t.opened(1, '{GOOD,GOOD}') || $$, '{}', 0$$) || ')',
	'ZB003', NULL, 'nothing is counted before the close');
SELECT t.cast('CP26-14', 2, 'ballot 2') \g /dev/null
SELECT is(t.cast_all('{CP26-14,CP26-14,CP26-99,CP26-14,CP26-14,CP26-14}', '{2,7,3,3,4,1}',
	'{ballot 2,c,ballot 3,ballot 3,long,b}'), '4 ' || left(encode(sha256(t.sealed('ballot 3')), 'hex'), 8),
	'many at once: who burns a slip is answered; a repeat, a stranger, another session, another size, a burnt code are left to the plain form');
SELECT is(t.cast_all('{CP26-14,CP26-14,CP26-14}', '{4,5,4}', '{ballot 4,ballot 5,other}'),
	(SELECT string_agg(i || ' ' || left(encode(sha256(t.sealed('ballot ' || i + 3)), 'hex'), 8), ', ') FROM generate_series(1, 2) i),
	'many at once: one slip burns once');
SELECT is((SELECT count(*)::int FROM data.urn), 5, 'many at once: a ballot each');

-- ---- close, count ---------------------------------------------------------------------------
SELECT is(t.as('P14', 'scrutineer@DW', 'close_ballot', $a$'CP26-14'$a$) ->> 'state', 'CLOSED', 'closed');
SELECT throws_ok($$SELECT t.cast('CP26-14', 6, 'late')$$, 'ZB006', NULL, 'nobody casts after the close');
SELECT is(t.cast_all('{CP26-14,CP26-14}', '{6,2}', '{late,ballot 2}'), NULL, 'nor do many at once');
SELECT lives_ok($$SELECT t.cast('CP26-14', 2, 'ballot 2')$$, 'but a repeat still learns that it was in time');
SELECT is(jsonb_array_length(t.as('P15', 'teller@DW', 'urn_page', $a$'CP26-14', NULL$a$) -> 'ballots'), 5, 'the sealed ballots');
SELECT throws_ok($$SELECT t.as('P11', 'od_head@ZZB', 'urn_page', $a$'CP26-14', NULL$a$)$$, 'ZB002', NULL, 'not for the department');
CREATE FUNCTION t.count(args text) RETURNS jsonb LANGUAGE sql AS $$ SELECT t.as('P14', 'scrutineer@DW', 'count_ballots', '''CP26-14'', ' || args) $$;
SELECT throws_ok($$SELECT t.count(t.opened(4, '{GOOD,GOOD}') || ', ''{}'', 0')$$, 'ZB001', NULL, 'the sum is that of the urn');
SELECT throws_ok($$SELECT t.count(t.opened(5, '{GOOD}') || ', ''{}'', 0')$$, 'ZB001', NULL, 'a mark for each item');
SELECT throws_ok($$SELECT t.count(t.opened(5, '{GOOD,SPLENDID}') || ', ''{}'', 0')$$, 'ZB001', NULL, 'of the options there are');
SELECT is(t.count(t.opened(4, '{GOOD,""}') || $$, ARRAY[ROW(decode(md5('c'), 'hex'), '活动通知晚')::api.opened_comment], 1$$)
	->> 'valid', '4', 'four valid, one void');
SELECT is((SELECT count(*)::int FROM data.slip), 0, 'slips left over are gone');
SELECT is((SELECT count(*)::int FROM data.urn), 5, 'the sealed ballots stay for the second who opens the urn');
SELECT is(jsonb_array_length(t.anyone('check_receipt', $a$'CP26-14', NULL$a$) -> 'receipts'), 5, 'the receipts are published');
SELECT is(t.anyone('check_receipt', $a$'CP26-14', NULL$a$) ->> 'receipts_hash',
	(SELECT sha256(string_agg(r.sealed_hash, '' ORDER BY r.sealed_hash))::text FROM data.ballot_receipt r), 'with what the signer signs');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_ballot', $a$'CP26-14'$a$) -> 'result' ->> 'returned', NULL, 'nobody else learns a count of one person');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_ballot', $a$'CP26-14'$a$) -> 'result' ->> 'valid', '4', 'who counts does');

-- ---- certificate ----------------------------------------------------------------------------
CREATE FUNCTION t.digest(session text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %L', session, b.digest) FROM data.ballot_session b WHERE b.id = session $$;
SELECT throws_ok($$SELECT t.as('P14', 'scrutineer@DW', 'certify_ballot', t.digest('CP26-14'))$$, 'ZB012', NULL, 'who counted does not certify');
SELECT throws_ok($$SELECT t.as('P15', 'teller@DW', 'certify_ballot', $a$'CP26-14', sha256('other')$a$)$$, 'ZB004',
	E'count_differs\x1fCP26-14', 'whoever opened the urn and found something else does not certify');
SELECT throws_ok($$SELECT t.as('P15', 'teller@DW', 'certify_ballot', $a$'CP26-14', NULL$a$)$$, 'ZB001', NULL, 'nor whoever did not open it');
SELECT is(t.as('P15', 'teller@DW', 'certify_ballot', t.digest('CP26-14')) ->> 'state', 'CERTIFIED', 'a second who found the same certifies');
SELECT is((SELECT count(*)::int FROM data.urn), 0, 'and the sealed ballots are gone');
SELECT is(t.anyone('check_receipt', $$'CP26-14', $$ || quote_literal(substr(sha256(t.sealed('a')), 1, 10))) ->> 'receipt', sha256(t.sealed('a'))::text, 'the receipts stay');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_ballot', $a$'CP26-14'$a$) #> '{result,tallies}', '[]', 'T40: four ballots are too few to break down');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_ballot', $a$'CP26-14'$a$) #> '{result,tallies,1}',
	'{"item_no": 2, "text": "队伍建设强", "mark": null, "labels": ["好", "较好", "一般", "差"], "counts": [0, 0, 0, 0], "blank": 4}',
	'the department sees the counts, and nothing but counts');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_ballot', $a$'CP26-14'$a$) -> 'comment_texts', '["活动通知晚"]', 'and the comments');
SELECT is(t.as('P1', 'branch_secretary@14', 'show_ballot', $a$'CP26-14'$a$) -> 'comment_texts', '[]', 'which the branch does not');

-- ---- T12, void, and members on members -------------------------------------------------------
SELECT t.as('P10', 'od_officer@ZZB', 'prepare_ballot', $a$'SB26-14', 'MEMBERS_ON_MEMBERS', 'CX26.2', false, flow.today(), '会议室', 'P14', 'P15', 'P16', NULL, NULL, NULL$a$) \g /dev/null
UPDATE data.affiliation SET to_on = NULL WHERE person_id = 'P7';
SELECT t.open('CP26-14-2') \g /dev/null
SELECT is((SELECT ARRAY[i.text::text, i.options::text] FROM data.ballot_item i WHERE i.session_id = 'CP26-14-2' AND i.item_no = 8),
	'{党员8,"{}"}', 'T22: a probationary member is listed without a grade');
SELECT is((SELECT string_agg(i.mark, ',' ORDER BY i.item_no) FROM data.ballot_item i WHERE i.session_id = 'CP26-14-2' AND i.text = '王磊'),
	'焊接,电工', 'T41: two of one name are told apart');
INSERT INTO data.urn SELECT sha256(t.token(n)), 'CP26-14-2', sha256('forged'), t.sealed('f' || n), sha256(t.sealed('f' || n)), decode(repeat('07', 64), 'hex')
FROM generate_series(11, 17) n;
SELECT t.as('P14', 'scrutineer@DW', 'close_ballot', $a$'CP26-14-2'$a$) \g /dev/null
SELECT t.as('P14', 'scrutineer@DW', 'count_ballots', $$'CP26-14-2', '{}', '{}', 7$$) \g /dev/null
SELECT throws_ok($$SELECT t.as('P15', 'teller@DW', 'certify_ballot', t.digest('CP26-14-2'))$$, 'ZB003', NULL, 'T12: more ballots than people are never certified');
SELECT is(t.as('P14', 'scrutineer@DW', 'void_ballot', $a$'CP26-14-2', '票数多于到会人数'$a$) ->> 'state', 'VOID', 'only voided');
SELECT is(t.agree('P15', 'teller@DW'), 'APPROVED', 'by two people');

-- ---- secrecy ------------------------------------------------------------------------------------
SELECT is_empty($$SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	WHERE c.relnamespace = 'data'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
		AND c.relname IN ('slip', 'urn', 'ballot', 'ballot_comment', 'ballot_receipt')
		AND c.relkind = 'r' AND (a.attidentity <> '' OR a.atthasdef OR a.atttypid IN ('timestamptz'::regtype,
			'timestamp'::regtype, 'date'::regtype, 'time'::regtype, 'inet'::regtype, 'cidr'::regtype,
			'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)
			OR a.attname ~ 'person|office|acting|certificate|_at$|_on$')$$,
	'no time, serial number, address or person is beside a slip or a ballot');
SELECT is_empty($$SELECT e.request FROM audit.event e WHERE e.request IN ('cast_ballot', 'check_receipt', 'get_ballot')
	OR e.request = 'count_ballots' AND e.payload IS NOT NULL$$, 'the trace holds no casting and no opened ballot');

SELECT * FROM finish();
ROLLBACK;
