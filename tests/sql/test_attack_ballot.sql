-- What an expert inside the college tries around a members' ballot.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();
SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$) \g /dev/null
SELECT is(t.as('P10', 'od_officer@ZZB', 'prepare_ballot', $a$'SB26-14', NULL, 'CX26.1', true,
	flow.today(), '会议室', 'P14', 'P15', 'P16', NULL, NULL, NULL$a$)->>'session_id', 'CP26-14', 'a session');

-- ---- before the roll is frozen nobody outside knows of it ------------------------------
SELECT throws_ok($$SELECT t.anyone('check_receipt', $a$'CP26-14', '\x00000000000000000000'$a$)$$,
	'ZB009', NULL, 'no receipt is asked for at it');
SELECT throws_ok(format('SELECT t.anyone(%L, %L)', 'cast_ballot', format(
	'''CP26-14'', sha256(''x''), decode(repeat(''00'', %s), ''hex''), decode(repeat(''00'', 64), ''hex'')',
	flow.sealed_size())), 'ZB009', NULL, 'and a slip is unknown, whatever its state');

-- ---- who counts elsewhere learns nothing here -------------------------------------------
SELECT is(t.as('P14', 'scrutineer@DW', 'show_ballot', $a$'CP26-14'$a$)->>'state', 'PREPARED',
	'who is named sees it');
SELECT throws_ok(format('SELECT t.as(%L, %L, %L, %L)', 'P17', 'scrutineer@DW', r, '''CP26-14'''),
	'ZB002', NULL, r || ': another scrutineer does not')
FROM unnest('{show_ballot,show_roll}'::text[]) r;
INSERT INTO data.office (person_id, org_id, role, from_on)
VALUES ('P14', 'DW', 'teller', '2020-01-01');
SELECT throws_ok(format('SELECT t.as(%L, %L, %L, %L)', 'P14', 'teller@DW', 'show_roll', '''CP26-14'''),
	'ZB002', NULL, 'nor who is named here in another office');
SELECT is(t.as('P1', 'branch_secretary@14', 'show_ballot', $a$'CP26-14'$a$)->>'state', 'PREPARED',
	'the branch''s secretary sees its session');

SELECT * FROM finish();
ROLLBACK;
