-- Organisations, roster and offices: imports with their differences, the tree on a
-- day, replacement by date, codes and revocation.
BEGIN;
SELECT no_plan();
\set QUIET on
\ir ground_fixture.psql

-- ---- organisations -----------------------------------------------------------------
SELECT alike(pg_temp.refused('P1', 'import_orgs', '''{}'''), 'ZB002%',
	'the administrator has no business with the tree');
\set orgs '''{"(2,14,branch,Z2,电气党支部,电气,教工,2013-03-15,文14,,3,2024-04-01,2027-04-01)","(3,Z2,general_branch,DW,智能制造党总支,,,2012-03-01,,,,,)","(4,28,branch,DW,马院党支部,,教工,2009-05-15,,,2,2025-11-01,2028-11-01)"}''::api.org_import[]'
SELECT is(pg_temp.ask('P101', 'import_orgs', :'orgs', 'differences'),
	'{"(2,\"14 电气党支部\",NEW,org_id,,14)","(2,\"14 电气党支部\",NEW,term_no,,3)","(3,\"Z2 智能制造党总支\",NEW,org_id,,Z2)","(4,\"28 马院党支部\",NEW,org_id,,28)","(4,\"28 马院党支部\",NEW,term_no,,2)","(,\"DW 中共北原工业职业技术学院委员会\",MISSING,org_id,DW,)","(,\"ZZB 党委组织部\",MISSING,org_id,ZZB,)"}',
	'a child may stand before its parent; what the file lacks is told');
SELECT is((SELECT x::text FROM pg_temp.ask('P101', 'import_orgs', :'orgs', 'unchanged') x), '3',
	'the same file again changes nothing');
SELECT is((SELECT count(*) FROM data.org_version)::int, 5, 'and writes nothing');

\set bad '''{"(2,9x,foo,,,,,,,,,,)","(3,15,branch,XX,甲,,,2015-01-01,,2014-01-01,1,,)","(4,16,branch,Z2,乙,,,2015-01-01,,,1,2026-01-01,2025-01-01)","(5,16,branch,Z2,丙,,,2015-01-01,,,,,)"}''::api.org_import[]'
SELECT is(pg_temp.refused('P101', 'import_orgs', :'bad'),
	'ZB001 defects import_orgs|org_code_bad 2 9x|kind_unknown 2 foo|name_missing 2|parent_missing 2|line_date_missing 2 established_on|line_org_unknown 3 XX|from_before_established 3 2014-01-01|term_incomplete 3|row_twice 4 16|line_due_not_after_start 4 2025-01-01 2026-01-01|row_twice 5 16',
	'every defect of a file comes at once, by line');
SELECT is((SELECT count(*) FROM data.org WHERE id IN ('15', '16'))::int, 0, 'nothing of it stays');
SELECT alike(pg_temp.refused('P101', 'import_orgs',
	'''{"(2,Z2,general_branch,14,智能制造党总支,,,2012-03-01,,,,,)"}'''),
	'ZB001 defects import_orgs|tree_in_circle 14|tree_in_circle Z2', 'a circle of parents is refused');

SELECT is(pg_temp.refused('P101', 'import_orgs',
	'''{"(2,DW,superior,,甲,,,2003-06-01,,,,,)","(3,AA,committee,,乙,,,2003-06-01,,,,,)","(4,Z2,department,DW,丙,,,2012-03-01,,,,,)"}'''),
	'ZB001 defects import_orgs|kind_fixed 2 DW kind.committee kind.superior|committee_there 3 DW|kind_fixed 4 Z2 kind.general_branch kind.department',
	'no file makes another committee, or something else of the one there is');

-- a dated change: the branch moves under the committee on 1 September
SELECT is(pg_temp.ask('P101', 'import_orgs',
	'''{"(2,14,branch,DW,电气自动化党支部,电气,教工,2013-03-15,文14,2026-09-01,3,2024-04-01,2027-06-01)"}''',
	'differences') LIKE '%CHANGED,name,电气党支部,电气自动化党支部%CHANGED,parent_id,Z2,DW%CHANGED,due_on,2027-04-01,2027-06-01%',
	true, 'old and new of each field');
SELECT is((SELECT string_agg(concat_ws(' ', v.name, v.parent_id, v.from_on, v.to_on), '; '
	ORDER BY v.from_on) FROM data.org_version v WHERE v.org_id = '14'),
	'电气党支部 Z2 2013-03-15 2026-09-01; 电气自动化党支部 DW 2026-09-01',
	'name and parent are dated rows');
UPDATE data.org_version SET imported_on = imported_on - 1;
SELECT is(pg_temp.refused('P101', 'import_orgs',
	'''{"(2,14,branch,Z2,电气党支部,电气,教工,2013-03-15,文14,2026-10-01,,,)"}'''),
	'ZB001 defects import_orgs|import_is_reorg 2 14', 'S-53: another name or parent is for the committee, not for a file');
SELECT is(pg_temp.ask('P101', 'import_orgs',
	'''{"(2,14,branch,DW,电气自动化党支部,电气,教工,2013-03-15,文14,,,,)"}''', 'unchanged'), '1',
	'the same file on another day changes nothing');
SELECT alike(pg_temp.ask('P101', 'list_orgs', 'NULL, ''2026-06-30''', 'orgs'),
	'%(Z2,1,%(14,2,电气党支部,branch,教工,Z2,%', 'the tree on 30 June');
SELECT alike(pg_temp.ask('P101', 'list_orgs', 'NULL, NULL', 'orgs'),
	'%(14,1,电气自动化党支部,branch,教工,DW,%', 'the tree today');
SELECT unalike(pg_temp.ask('P101', 'list_orgs', 'NULL, ''2010-01-01''', 'orgs'), '%电气%',
	'the tree before there was a branch');
SELECT alike(pg_temp.refused('P101', 'list_orgs', '''99'', NULL'), 'ZB002%', 'no such top');
SELECT throws_ok($$INSERT INTO data.org_version (org_id, parent_id, name, from_on)
	VALUES ('14', 'DW', '又一个', '2026-10-01')$$, '23P01', NULL,
	'an organisation has one name and parent a day');

-- ---- roster ----------------------------------------------------------------------------
\set people '''{"(2,A201,乌云其木格,,14,PRIMARY,FULL,2020-01-01)","(3,A202,王磊,电机室,14,PRIMARY,FULL,2020-01-01)","(4,A203,王磊,控制室,14,PRIMARY,PROBATIONARY,2025-11-01)","(5,A204,阿依古丽·买买提,,28,PRIMARY,FULL,2020-01-01)","(6,A204,阿依古丽·买买提,,14,DUAL_LIFE,FULL,2024-01-01)","(7,A101,徐泽楠,,28,PRIMARY,FULL,2020-01-01)"}''::api.person_import[]'
SELECT is(pg_temp.ask('P101', 'import_people', :'people', 'differences'),
	'{"(2,\"A201 乌云其木格\",NEW,org_id,,14)","(3,\"A202 王磊\",NEW,org_id,,14)","(4,\"A203 王磊\",NEW,org_id,,14)","(5,\"A204 阿依古丽·买买提\",NEW,org_id,,28)","(6,\"A204 阿依古丽·买买提\",NEW,org_id,,14)","(7,\"A101 徐泽楠\",NEW,org_id,,28)"}',
	'a new roster');
SELECT is(pg_temp.ask('P101', 'import_people', :'people'), '({},6)', 'the same again: no difference');
SELECT is((SELECT string_agg(p.id, ' ' ORDER BY p.member_no) FROM data.person p
	WHERE p.member_no LIKE 'A2%'), 'P1201 P1202 P1203 P1204', 'numbers follow the college''s own');
SELECT alike(pg_temp.ask('P101', 'list_people', '''14'', NULL'),
	'(14,电气自动化党支部,2026-10-22,2,1,%王磊,电机室,A202%王磊,控制室,A203%阿依古丽·买买提,,A204,DUAL_LIFE%',
	'marks tell two of one name apart; who only takes part is not counted');
SELECT is(pg_temp.refused('P101', 'import_people',
	'''{"(2,A203,王磊,,14,PRIMARY,PROBATIONARY,2025-11-01)"}'''),
	'ZB001 defects import_people|same_name_needs_mark 王磊 14', 'two of one name need marks');
SELECT is(pg_temp.refused('P101', 'import_people',
	'''{"(2,A1 1,,,99,X,Y,)","(3,A202,王磊,甲,14,PRIMARY,FULL,2020-01-01)","(4,A202,王雷,甲,28,PRIMARY,FULL,2020-01-01)"}'''),
	'ZB001 defects import_people|member_no_bad 2 A1 1|name_missing 2|line_org_unknown 2 99|kind_unknown 2 X|standing_unknown 2 Y|line_date_missing 2 from_on|two_names 4 A202 王雷 王磊|two_memberships 4 A202 3',
	'every defect of a roster at once');
SELECT is(pg_temp.ask('P101', 'import_people',
	'''{"(2,A203,王磊,控制室,28,PRIMARY,FULL,2026-10-01)"}''', 'differences') LIKE
	'%CHANGED,org_id,14,28%CHANGED,standing,PROBATIONARY,FULL%MISSING,org_id,14,%', true,
	'a transfer shows both sides; who is not in the file is told, not ended');
SELECT is((SELECT string_agg(concat_ws(' ', a.org_id, a.standing, a.from_on, a.to_on), '; '
	ORDER BY a.from_on) FROM data.affiliation a WHERE a.person_id = 'P1203'),
	'14 PROBATIONARY 2025-11-01 2026-10-01; 28 FULL 2026-10-01', 'and the history stays');
SELECT is(pg_temp.refused('P101', 'import_people',
	'''{"(2,A203,王磊,控制室,14,PRIMARY,FULL,2026-09-01)"}'''),
	'ZB001 defects import_people|from_not_after 2 A203 2026-09-01 2026-10-01', 'no going back in time');
SELECT throws_ok($$INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
	VALUES ('P1201', '28', 'FULL', '2026-01-01')$$, '23P01', NULL,
	'one membership at a time');

-- ---- offices -------------------------------------------------------------------------------
SELECT is(pg_temp.ask('P101', 'set_office', '''P1201'', ''branch_secretary'', ''14'', ''2026-01-01'', NULL, NULL'),
	'(P1201,乌云其木格,branch_secretary,14,2026-01-01,,)', 'a secretary is entered');
SELECT is(pg_temp.refused('P101', 'set_office', '''A202'', ''branch_secretary'', ''14'', NULL, NULL, NULL'),
	'ZB001 defects branch_secretary@14|office_held_by 乌云其木格', 'a seat for one has one holder');
SELECT is(pg_temp.refused('P101', 'set_office', '''P1202'', ''od_head'', ''14'', NULL, NULL, NULL'),
	'ZB001 defects od_head@14|role_not_of_org od_head 14|role_by_administrator od_head',
	'offices of the college are the administrator''s');
SELECT is(pg_temp.refused('P101', 'set_office', '''P101'', ''branch_secretary'', ''28'', NULL, NULL, NULL'),
	'ZB001 defects branch_secretary@28|office_for_oneself', 'nobody serves himself');
SELECT is(pg_temp.refused('P101', 'set_office', '''王磊'', ''branch_committee_member'', ''14'', NULL, NULL, NULL'),
	'ZB001 invalid person|name_of_several 王磊 P1202 P1203', 'a name of several is not a person');
SELECT pg_temp.enrol('P1201'), pg_temp.enrol('P1202');
SELECT is(pg_temp.ask('P1201', 'list_people', 'NULL, NULL', 'org_id'), '14',
	'the secretary sees the own branch');
SELECT alike(pg_temp.refused('P1201', 'list_people', '''28'', NULL'), 'ZB002%',
	'and not another''s');
SELECT is(pg_temp.refused('P1201', 'list_people', '''28'', NULL'),
	pg_temp.refused('P1201', 'list_people', '''77'', NULL'),
	'not yours and not there read the same');

SELECT is(pg_temp.ask('P101', 'replace_officer', '''14'', ''branch_secretary'', ''P1202'', NULL'),
	'(14,branch_secretary,乌云其木格,王磊（电机室）,2026-10-22)', 'T3: replaced today');
SELECT alike(pg_temp.refused('P1201', 'list_people', '''14'', NULL'), 'ZB002%',
	'T3: the old secretary''s rights end that day');
SELECT is(pg_temp.ask('P1202', 'list_people', '''14'', NULL', 'org_id'), '14', 'T3: the new one''s begin');
SELECT alike(pg_temp.ask('P101', 'list_offices', '''14'', ''2026-10-21''', 'offices'),
	'%P1201,乌云其木格,,2026-01-01,2026-10-22%', 'T3: the day before it was she');
SELECT alike(pg_temp.ask('P101', 'replace_officer', '''14'', ''branch_secretary'', ''P1204'', ''2026-11-01'''),
	'%2026-11-01)', 'a handover can be dated ahead');
SELECT is(pg_temp.ask('P1202', 'list_people', '''14'', NULL', 'org_id'), '14',
	'until then the present one stays');
UPDATE data.deployment SET clock_shift = clock_shift + interval '10 days';
SELECT alike(pg_temp.refused('P1202', 'list_people', '''14'', NULL'), 'ZB002%', 'on the day it is over');
SELECT is(pg_temp.refused('P101', 'replace_officer', '''28'', ''branch_secretary'', ''P1204'', NULL'),
	'ZB001 defects branch_secretary@28|office_vacant branch_secretary 28', 'nobody to replace');
SELECT is(pg_temp.ask('P1', 'end_office', '''P1204'', ''branch_secretary'', ''14'', NULL'),
	'(P1204,阿依古丽·买买提,branch_secretary,14,2026-11-01)', 'an office ends');
SELECT is(pg_temp.refused('P1', 'end_office', '''P1'', ''administrator'', ''DW'', NULL'),
	'ZB001 invalid person|last_administrator', 'the last administrator stays');

\set offices '''{"(2,A201,乌云其木格,branch_secretary,14,2026-11-01,,)","(3,A900,新来的人,committee_member,DW,2026-01-01,,)"}''::api.office_import[]'
SELECT is(pg_temp.ask('P1', 'import_offices', :'offices', 'differences'),
	'{"(2,branch_secretary@14,NEW,person,,乌云其木格)","(3,新来的人,NEW,person,,P1900)","(3,committee_member@DW,NEW,person,,新来的人)","(,od_officer@ZZB,MISSING,person,徐泽楠,)"}',
	'the administrator enters people with their offices');
SELECT is((SELECT x::text FROM pg_temp.ask('P1', 'import_offices', :'offices', 'unchanged') x), '2',
	'the same again changes nothing');
SELECT is(pg_temp.refused('P101', 'import_offices',
	'''{"(2,A202,王雷,foo,14,,,)","(3,A999,某人,branch_secretary,28,2026-01-01,,)"}'''),
	'ZB001 defects import_offices|name_differs 2 A202 王雷 王磊|line_date_missing 2 from_on|line_role_unknown 2 foo|person_unknown 3 A999',
	'every defect of an office table at once');
SELECT alike(pg_temp.ask('P1', 'import_offices',
	'''{"(2,A202,王磊,branch_secretary,14,2026-11-01,,)"}''', 'differences'),
	'%(2,branch_secretary@14,CHANGED,person,乌云其木格,王磊)%', 'another name on a seat is a handover');

-- ---- terms -------------------------------------------------------------------------------------
SELECT is(pg_temp.refused('P101', 'extend_term', '''14'', ''2028-07-01'', NULL, NULL'),
	'ZB001 defects RQ14-3|value_needed doc_no|extension_over_a_year 2027-06-01',
	'an extension needs a document, and is for a year');
SELECT is(pg_temp.ask('P101', 'extend_term', '''14'', ''2028-06-01'', ''院党组〔2027〕3号'', NULL'),
	'(RQ14-3,14,2027-06-01,2028-06-01,{})', 'a year to the day');
SELECT is(pg_temp.ask('P101', 'start_term', '''14'', ''2026-11-01'', ''2029-11-01'''),
	'(RQ14-4,14,4,2026-11-01,2029-11-01,LC26-14)', 'the next term, and a round');
SELECT is((SELECT ended_on::text FROM data.term WHERE id = 'RQ14-3'), '2026-11-01', 'ends the last');
SELECT is(pg_temp.refused('P101', 'start_term', '''14'', ''2026-10-01'', ''2029-11-01'''),
	'ZB001 defects 14|term_not_after_last 4 2026-11-01', 'terms come in order');
SELECT is((SELECT string_agg(flow.term_state(t, d), ' ' ORDER BY d) FROM data.term t,
	unnest('{2025-12-01,2028-04-30,2028-05-02,2028-11-01,2028-11-02}'::date[]) d
	WHERE t.id = 'RQ28-2'), 'RUNNING RUNNING DUE_SOON DUE_SOON OVERDUE', 'where a term stands');

-- ---- accounts -----------------------------------------------------------------------------------
SELECT is(pg_temp.refused('P101', 'issue_code', '''P1202'', sha256(''a'')'), 'ZB002 denied',
	'codes are the administrator''s');
SELECT is(pg_temp.refused('P1', 'issue_code', '''P1202'', ''short'''),
	'ZB001 invalid secret_hash|hash_needed', 'a hash has 32 bytes');
SELECT is((SELECT (x::call.issue_code_reply).person_id FROM pg_temp.ask('P1', 'issue_code',
	'''P1202'', sha256(''a'')') x), 'P1202', 'a code');
SELECT pg_temp.ask('P1', 'issue_code', '''P1202'', sha256(''b'')');
SELECT is((SELECT count(*) FROM data.enrol_code c WHERE c.person_id = 'P1202'
	AND c.expires_at > now())::int, 1, 'a newer code makes the older worthless');
SELECT pg_temp.ask('P1', 'revoke_certificate', '''P1202'', NULL, ''电脑丢失''');
SELECT is(pg_temp.refused('P1202', 'whoami'), 'ZB011 certificate_not_accepted',
	'revoked: the very next request');
SELECT is((SELECT count(*) FROM data.enrol_code c WHERE c.person_id = 'P1202'
	AND c.expires_at > now())::int, 0, 'with the codes that wait');
SELECT is(pg_temp.refused('P1', 'revoke_certificate', '''P1201'', ''ffffffff'', ''试''') LIKE
	'ZB001 invalid fingerprint|certificate_not_found%', true, 'a fingerprint of none');
SELECT pg_temp.ask('P1', 'disable_person', '''P1201'', ''调离''');
SELECT is(pg_temp.refused('P1201', 'whoami'), 'ZB002 account_disabled', 'disabled: at once');
SELECT alike(pg_temp.refused('P1', 'issue_code', '''P1201'', sha256(''c'')'),
	'ZB004 person_disabled%', 'no code for a disabled person');
SELECT is(pg_temp.refused('P1', 'disable_person', '''P1'', ''试'''),
	'ZB001 invalid person|disable_oneself', 'nobody disables himself');
SELECT alike(pg_temp.ask('P1', 'list_accounts', '''王磊''', 'accounts'),
	'{"(P1202,王磊,电机室,A202,t,f,,%(P1203,王磊,控制室,A203,t,f,,%', 'who has a key');

SELECT is((SELECT count(*) FROM audit.event e WHERE e.request = 'first_administrator')::int, 1,
	'the college''s making is in the trace');
SELECT throws_ok($$SELECT setup.first_administrator('又一个', 'x', sha256('y'), 'z', false)$$,
	'P0001', NULL, 'a database holds one college');
SELECT is(has_schema_privilege(r, 'setup', 'USAGE'), false, r || ' cannot reach setup')
FROM unnest('{zhibu_member,zhibu_public}'::text[]) r;

SELECT * FROM finish();
ROLLBACK;
