-- The sessions of every kind: the year's own meeting, members on each other, mass
-- representatives, a committee's vote; paper, corrections, lost keys, small groups.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();

CREATE FUNCTION t.token(n int) RETURNS bytea LANGUAGE sql AS $$ SELECT sha256(convert_to('slip ' || n, 'UTF8')) $$;
CREATE FUNCTION t.slips(session text, from_n int, upto int) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %L::api.slip_entry[]', session, coalesce(array_agg(ROW(sha256(t.token(n)),
		sha256(convert_to('key ' || n, 'UTF8')))::api.slip_entry ORDER BY sha256(t.token(n))), '{}'))
	FROM generate_series(from_n, upto) n $$;
CREATE FUNCTION t.sealed(n int) RETURNS bytea LANGUAGE sql AS $$
	SELECT decode(rpad(md5(n::text), flow.sealed_size() * 2, '0'), 'hex') $$;
CREATE FUNCTION t.cast(session text, n int) RETURNS text LANGUAGE sql AS $$
	SELECT t.anyone('cast_ballot', format('%L, %L, %L, %L', session, t.token(n), t.sealed(n),
		decode(repeat('07', 64), 'hex'))) ->> 'receipt' $$;
CREATE FUNCTION t.opened(session text, marks text[], void int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %L::api.opened_ballot[], ''{}'', %s', session, coalesce((SELECT
		array_agg(ROW(i, m::text[])::api.opened_ballot ORDER BY i) FROM (
			SELECT decode(md5('ballot ' || n), 'hex') AS i, m FROM unnest(marks) WITH ORDINALITY u(m, n)) x), '{}'), void) $$;
CREATE FUNCTION t.refused(person text, office text, request text, args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text;
BEGIN
	PERFORM t.as(person, office, request, args);
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || split_part(m, E'\x1f', 1) || coalesce('|' || nullif(translate(d, E'\x1f\x1e', ' |'), ''), '');
END $$;
CREATE FUNCTION t.digest(session text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %L', session, b.digest) FROM data.ballot_session b WHERE b.id = session $$;
CREATE FUNCTION t.keys(session text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM t.as('P14', 'scrutineer@DW', 'register_session_key', format('%L, sha256(''k1'')', session));
	PERFORM t.as('P15', 'teller@DW', 'register_session_key', format('%L, sha256(''k2'')', session));
	PERFORM t.as('P16', 'key_holder@DW', 'register_session_key', format('%L, sha256(''k3'')', session));
END $$;
CREATE FUNCTION t.prepare(application text, purpose text, org text, item text, channel text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %L, NULL, false, flow.today(), ''会议室'', ''P14'', ''P15'', ''P16'', %L, %L, %L',
		application, purpose, org, item, channel) $$;

-- ---- the year's own meeting, members on each other ------------------------------------------
SELECT is(t.refused('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, NULL, NULL, NULL, NULL)),
	'ZB001 invalid|one_matter', 'a session is for something');
SELECT is(t.refused('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, 'COMMITTEE_VOTE', '14', NULL, NULL)),
	'ZB001 invalid|one_matter', 'a vote is for an item');
SELECT is(t.refused('P12', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, 'MEMBERS_ON_MEMBERS', '14', NULL, NULL)),
	'ZB002 own_branch', 'who takes part in the branch does not prepare it');
SELECT is(t.as('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, 'MEMBERS_ON_MEMBERS', '14', NULL, NULL)) ->> 'session_id',
	'CP26-14', 'without an application: the year''s own meeting');
SELECT is(t.refused('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, 'MEMBERS_ON_MEMBERS', '14', NULL, NULL)),
	'ZB004 ballot_under_way', 'once a year');
SELECT t.keys('CP26-14') \g /dev/null
SELECT is(t.as('P16', 'key_holder@DW', 'forget_key', $$'CP26-14', true$$) ->> 'keys_held', '2', 'a key lost before the freeze');
SELECT is(t.as('P16', 'key_holder@DW', 'register_session_key', $$'CP26-14', sha256('k4')$$) ->> 'keys_missing', '0', 'is replaced');
SELECT is(t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14', NULL, '{P2,P3,P4,P5,P6}', NULL$$) - 'z_waiting',
	'{"session_id": "CP26-14", "present": 3, "paper": 0, "state": "ROLL_FROZEN", "entitled": 8, "half_present": false}',
	'T13: two of seven with a vote are fewer than half: a fact, and nothing else happens');

-- ---- corrections by two people ---------------------------------------------------------------
SELECT t.as('P14', 'scrutineer@DW', 'list_slips', t.slips('CP26-14', 1, 3)) \g /dev/null
SELECT is(t.refused('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14', 'P9', 'ADDED', true, '常来参加活动'$$),
	'ZB001 defects|votes_elsewhere P9 15', 'T7: who is affiliated elsewhere votes there');
SELECT is(t.refused('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14', 'P1', 'ADDED', true, '补登'$$),
	'ZB001 defects|on_roll_already P1', 'nobody is there twice');
SELECT is(t.refused('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14', 'P18', 'ADDED', true, ''$$) LIKE 'ZB001%', true, 'a reason is given');
UPDATE data.affiliation SET to_on = flow.today() WHERE person_id = 'P9';
SELECT is(t.as('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14', 'P18', 'ADDED', true, '组织关系上月转入，名册补登'$$) #>> '{z_waiting,roles,0}',
	'teller', 'the scrutineer proposes');
SELECT is((SELECT b.entitled FROM data.ballot_session b), 8, 'alone nothing is changed');
SELECT is(t.agree('P15', 'teller@DW'), 'APPROVED', 'the teller confirms');
SELECT is((SELECT ARRAY[b.entitled, b.present] FROM data.ballot_session b), '{9,4}', 'and it is');
SELECT is((SELECT count(*)::int FROM data.slip), 0, 'slips made before are void');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_roll', $$'CP26-14'$$) #>> '{corrections,0,reason}', '组织关系上月转入，名册补登', 'the reason stays with the roll');
SELECT t.as('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14', 'P18', 'REMOVED', true, '登记有误'$$), t.agree('P15', 'teller@DW') \g /dev/null
SELECT is((SELECT ARRAY[b.entitled, b.present] FROM data.ballot_session b), '{8,3}', 'and back');
SELECT is((SELECT count(*)::int FROM data.ballot_item), 8, 'the paper follows the roll');

-- ---- who may see the paper -------------------------------------------------------------------
SELECT t.as('P14', 'scrutineer@DW', 'list_slips', t.slips('CP26-14', 1, 3)), t.as('P14', 'scrutineer@DW', 'open_ballot', $$'CP26-14'$$) \g /dev/null
SELECT is(t.anyone('get_ballot', $$'CP26-14', NULL$$) -> 'manifest', 'null', 'the names are for those who hold a slip');
SELECT throws_ok($$SELECT t.anyone('get_ballot', $a$'CP26-14', sha256('guess')$a$)$$, 'ZB009', 'slip_unknown', 'not for a guess, which counts as one');
SELECT is(jsonb_array_length(t.anyone('get_ballot', format('%L, %L', 'CP26-14', sha256(t.token(1)))) #> '{manifest,items}'), 8, 'a slip shows it');
SELECT is(t.anyone('get_ballot', format('%L, %L', 'CP26-14', sha256(t.token(1)))) #>> '{manifest,items,7,options}', '[]', 'T22: no grade for a probationary member');
SELECT t.cast('CP26-14', 1), t.cast('CP26-14', 2) \g /dev/null
SELECT isnt(t.anyone('get_ballot', format('%L, %L', 'CP26-14', sha256(t.token(1)))) -> 'manifest', 'null', 'used or not');

-- ---- T11 --------------------------------------------------------------------------------------
SELECT is(t.refused('P14', 'scrutineer@DW', 'cancel_slip', format('%L, %L, ''要求用纸质票''', 'CP26-14', sha256(t.token(1)))),
	'ZB009 slip_not_unused', 'T11: a cast slip is not taken back');
SELECT t.as('P14', 'scrutineer@DW', 'cancel_slip', format('%L, %L, ''要求用纸质票''', 'CP26-14', sha256(t.token(3)))) \g /dev/null
SELECT is((SELECT count(*)::int FROM data.slip), 1, 'T11: not by one person');
SELECT is(t.agree('P15', 'teller@DW'), 'APPROVED', 'T11: but by two');
SELECT throws_ok($$SELECT t.cast('CP26-14', 3)$$, 'ZB009', NULL, 'T11: it is of no more use');
SELECT is((SELECT ARRAY[b.paper::text, b.channel] FROM data.ballot_session b), '{1,MIXED}', 'T11: and a paper is possible');
SELECT t.as('P14', 'scrutineer@DW', 'close_ballot', $$'CP26-14'$$) \g /dev/null
SELECT t.as('P14', 'scrutineer@DW', 'count_ballots', t.opened('CP26-14', ARRAY[
	'{EXCELLENT,QUALIFIED,QUALIFIED,QUALIFIED,QUALIFIED,"",QUALIFIED,""}', '{QUALIFIED,QUALIFIED,QUALIFIED,QUALIFIED,QUALIFIED,QUALIFIED,QUALIFIED,""}'])) \g /dev/null

-- ---- paper, entered twice ----------------------------------------------------------------------
CREATE FUNCTION t.paper(session text, valid int, void int, first int[], blank int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %s, %s, %L::api.paper_item[]', session, valid, void, array_agg(ROW(i.item_no, CASE i.item_no WHEN 1
		THEN first ELSE ARRAY[0, valid, 0, 0] END, CASE i.item_no WHEN 1 THEN blank ELSE 0 END)::api.paper_item ORDER BY i.item_no))
	FROM data.ballot_item i WHERE i.session_id = session AND i.options <> '{}' $$;
SELECT is(t.refused('P14', 'scrutineer@DW', 'enter_paper', $$'CP26-14', 1, 0, ARRAY[ROW(1, '{1,1,0,0}', 0), ROW(9, '{1}', 0)]::api.paper_item[]$$)
	LIKE 'ZB001 defects|paper_item_sum 1%|paper_item_missing 2%|paper_item_missing 7%|paper_item_strange 9', true, 'every defect of an entry at once');
SELECT is(t.as('P14', 'scrutineer@DW', 'enter_paper', t.paper('CP26-14', 1, 0, '{1,0,0,0}')) ->> 'awaits_other', 'true', 'the first entry waits');
SELECT is(t.as('P15', 'teller@DW', 'show_ballot', $$'CP26-14'$$) -> 'paper_entries', '[]', 'and is not shown to the second');
SELECT is(t.refused('P15', 'teller@DW', 'certify_ballot', t.digest('CP26-14')), 'ZB003 state|paper_not_entered', 'both must enter');
SELECT is(t.as('P15', 'teller@DW', 'enter_paper', t.paper('CP26-14', 1, 0, '{0,1,0,0}')) -> 'differing', '[1]', 'they differ on one item');
SELECT is(jsonb_path_query_array(t.as('P14', 'scrutineer@DW', 'show_ballot', $$'CP26-14'$$), '$.paper_entries[*].items[*].counts'),
	'[[1, 0, 0, 0], [0, 1, 0, 0]]', 'both are shown to the two');
SELECT is(t.as('P1', 'branch_secretary@14', 'show_ballot', $$'CP26-14'$$) -> 'paper_entries', '[]', 'and to nobody else');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_ballot', $$'CP26-14'$$) #>> '{result,valid}', '2', 'neither counts');
SELECT is(t.refused('P15', 'teller@DW', 'certify_ballot', t.digest('CP26-14')), 'ZB003 state|paper_differs', 'nor is it certified');
SELECT is(t.as('P15', 'teller@DW', 'enter_paper', t.paper('CP26-14', 1, 0, '{1,0,0,0}')) -> 'differing', '[]', 'entered again they agree');
SELECT is(t.as('P15', 'teller@DW', 'certify_ballot', t.digest('CP26-14')) ->> 'state', 'CERTIFIED', 'certified');
SELECT is_empty($$SELECT FROM data.paper_tally UNION ALL SELECT FROM data.paper_mark$$, 'what the one paper alone said is nowhere any more');
SELECT is((SELECT count(e.payload)::int FROM audit.event e WHERE e.request = 'enter_paper'), 0, 'nor in the trace');
SELECT is((SELECT ARRAY[k.counts::text, k.blank::text] FROM data.ballot_tally k WHERE k.item_no = 1), '{"{2,1,0,0}",0}', 'slips and paper together');
SELECT is((SELECT ARRAY[k.counts::text, k.blank::text] FROM data.ballot_tally k WHERE k.item_no = 6), '{"{0,2,0,0}",1}', 'the open one too');

-- ---- small groups and own results ---------------------------------------------------------------
SELECT is(t.as('P1', 'branch_secretary@14', 'show_ballot', $$'CP26-14'$$) #> '{result,tallies}', '[]', 'T40: three are too few, also for the branch');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_ballot', $$'CP26-14'$$) #>> '{result,suppressed}', 'true', 'T40: also for those who counted');
SELECT is(jsonb_array_length(t.as('P11', 'od_head@ZZB', 'show_ballot', $$'CP26-14'$$) #> '{result,tallies}'), 8, 'T40: the department keeps the result');
SELECT is(t.as('P2', NULL, 'own_appraisals') #>> '{appraisals,0,suppressed}', 'true', 'T40: nor is the own result broken down');
INSERT INTO data.rule_set VALUES ('GZ26.1', '2026-01-01', 'P1', now(), '会议', 2, 3, 'MORE_THAN_HALF_OF_ENTITLED', true, 5, false, 3, 0, true, false, false);
SELECT is(t.as('P1', 'branch_secretary@14', 'show_ballot', $$'CP26-14'$$) #>> '{result,tallies,0,counts}', '[2, 1, 0, 0]', 'three are enough where the college''s k is three');
SELECT is(t.as('P2', NULL, 'own_appraisals') #>> '{appraisals,0,suppressed}', 'true', '71: but not the own result: without the own mark two are left');
SELECT is(t.as('P11', 'od_head@ZZB', 'show_ballot', $$'CP26-14'$$) #> '{result,tallies}', '[]', 'then the branch keeps the counts, and superiors learn grades');
UPDATE data.rule_set SET small_group = 2;
SELECT is(t.as('P1', 'branch_secretary@14', 'own_appraisals') #> '{appraisals,0,counts}', '[2, 1, 0, 0]', 'each sees the own result');
SELECT is(jsonb_array_length(t.as('P2', NULL, 'own_appraisals') -> 'appraisals'), 1, 'and no other');
SELECT is(t.as('P8', NULL, 'own_appraisals') -> 'appraisals', '[]', 'T22: there is none of a probationary member');
SELECT is(t.refused('P9', 'branch_secretary@15', 'show_ballot', $$'CP26-14'$$), 'ZB002 denied', 'another branch sees nothing');

-- ---- grades -----------------------------------------------------------------------------------
SELECT is(t.refused('P1', 'branch_secretary@14', 'agree_grades', $$'CP26-14', '支委会', flow.today(),
	ARRAY[ROW(1, '优秀', NULL), ROW(2, 'GOOD', NULL), ROW(8, '合格', NULL), ROW(9, '合格', NULL)]::api.agreed_grade[]$$),
	'ZB001 defects|grade_not_an_option 王磊 GOOD|grade_not_given 党员8|grade_for_nobody 9', 'grades of the paper, for those who get one');
SELECT is(t.as('P1', 'branch_secretary@14', 'agree_grades', $$'CP26-14', '支委会', flow.today(),
	ARRAY[ROW(1, '优秀', '带头攻关'), ROW(2, 'QUALIFIED', NULL)]::api.agreed_grade[]$$) - 'z_waiting',
	'{"state": "CERTIFIED", "graded": 2, "ungraded": 5, "session_id": "CP26-14", "many_excellent": null}', 'the branch agrees, by word or code');
SELECT is(t.as('P1', 'branch_secretary@14', 'agree_grades', $$'CP26-14', '支委会', flow.today(),
	ARRAY[ROW(2, '优秀', NULL)]::api.agreed_grade[]$$) ->> 'many_excellent', NULL, 'two of seven excellent: nothing is said');
SELECT is(t.as('P1', 'branch_secretary@14', 'agree_grades', $$'CP26-14', '支委会', flow.today(),
	ARRAY[ROW(3, '优秀', NULL)]::api.agreed_grade[]$$) - '{session_id,z_waiting}'::text[], '{"state": "CERTIFIED", "graded": 3, "ungraded": 4, "many_excellent": true}',
	'three of seven: more than a third is a reminder, and done all the same');
SELECT is(t.as('P11', 'od_head@ZZB', 'show_grades', $$'CP26-14'$$) ->> 'many_excellent', 'true', 'those who read the grades are reminded too');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('api', 'flow', 'guard')
	AND p.prosrc ~ 'many_excellent' AND p.proname NOT IN ('many_excellent', 'agree_grades', 'show_grades')$$, 'nothing else reads it');
SELECT t.as('P1', 'branch_secretary@14', 'agree_grades', $$'CP26-14', '支委会', flow.today(),
	ARRAY[ROW(2, '合格', NULL), ROW(3, '合格', NULL)]::api.agreed_grade[]$$) \g /dev/null
SELECT is(t.as('P11', 'od_head@ZZB', 'show_grades', $$'CP26-14'$$) #> '{grades,0}',
	'{"item_no": 1, "name": "党员1", "mark": null, "grade": "优秀", "opinion": "带头攻关", "probationary": null}', 'superiors learn the grades');
SELECT is(jsonb_path_query_array(t.as('P11', 'od_head@ZZB', 'show_grades', $$'CP26-14'$$), '$.grades[*] ? (@.probationary == true).name'),
	'["党员8"]', 'T22: who gets none is told from who was not agreed on');
SELECT is(t.refused('P9', 'branch_secretary@15', 'show_grades', $$'CP26-14'$$), 'ZB002 denied', 'no other branch does');

-- ---- T50, destruction ----------------------------------------------------------------------------
UPDATE data.ballot_session SET application_id = 'SB26-14';
SELECT is(t.refused('P10', 'od_officer@ZZB', 'archive_ballot', $$'CP26-14', '异议期已过', '学院档案规定'$$), 'ZB003 state|ballots_held SB26-14 application.ACCEPTED',
	'T50: ballots are held while there can be an objection');
UPDATE data.ballot_session SET application_id = NULL;
SELECT t.as('P10', 'od_officer@ZZB', 'archive_ballot', $$'CP26-14', '异议期已过', '学院档案规定'$$) \g /dev/null
SELECT is((SELECT b.state FROM data.ballot_session b), 'ARCHIVED', 'T50: after that they go');
SELECT is((SELECT count(*)::int FROM data.ballot), 0, 'the ballots are destroyed');
SELECT is(t.as('P1', 'branch_secretary@14', 'show_ballot', $$'CP26-14'$$) #>> '{result,tallies,0,counts}', '[2, 1, 0, 0]', 'the certified tally stays');

-- ---- all on paper, T12 ---------------------------------------------------------------------------
SELECT t.as('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, NULL, '14', NULL, 'PAPER')) \g /dev/null
SELECT is(t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-2', 5, '{}', NULL$$) ->> 'paper', '5', 'on paper no key is asked for');
SELECT t.as('P14', 'scrutineer@DW', 'open_ballot', $$'CP26-14-2'$$), t.as('P14', 'scrutineer@DW', 'close_ballot', $$'CP26-14-2'$$) \g /dev/null
CREATE FUNCTION t.two(valid int) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %s, 0, ARRAY[ROW(1, ARRAY[%s,0,0,0], 0), ROW(2, ARRAY[0,0,0,0], %s)]::api.paper_item[]', 'CP26-14-2', valid, valid, valid) $$;
SELECT is(t.refused('P14', 'scrutineer@DW', 'enter_paper', format('%L, 0, 2147483647, ARRAY[ROW(1, ''{0,0,0,0}'', 0), ROW(2, ''{0,0,0,0}'', 0)]::api.paper_item[]', 'CP26-14-2')),
	'ZB001 defects|paper_heads 0 2147483647', 'no count that could not be added up');
SELECT is(t.refused('P14', 'scrutineer@DW', 'count_ballots', $$'CP26-14-2', ARRAY[ROW('', '{}')]::api.opened_ballot[], '{}', 2147483647$$)
	LIKE 'ZB001 defects|%count_not_urn 2147483648 0%', true, 'nor void ballots');
SELECT t.as('P14', 'scrutineer@DW', 'enter_paper', t.two(6)), t.as('P15', 'teller@DW', 'enter_paper', t.two(6)) \g /dev/null
SELECT is(t.refused('P14', 'scrutineer@DW', 'certify_ballot', t.digest('CP26-14-2')),
	'ZB003 state|more_ballots_than_present 6 5|more_paper_than_issued 6 5', 'T12: more papers than people are not certified');
SELECT t.as('P14', 'scrutineer@DW', 'void_ballot', $$'CP26-14-2', '票数多于到会人数'$$), t.agree('P15', 'teller@DW') \g /dev/null
SELECT is(t.as('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, NULL, '14', NULL, 'PAPER')) ->> 'session_id', 'CP26-14-3', 'T12: void and repeat is a new session');
SELECT t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-3', 5, '{}', NULL$$), t.as('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14-3', 'P1', 'REMOVED', NULL, '登记有误'$$), t.agree('P15', 'teller@DW') \g /dev/null
SELECT is((SELECT ARRAY[b.present, b.paper] FROM data.ballot_session b WHERE b.id = 'CP26-14-3'), '{4,4}', 'who leaves the roll leaves a paper');
UPDATE data.ballot_session SET channel = 'MIXED' WHERE id = 'CP26-14-3';
SELECT t.as('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14-3', 'P2', 'REMOVED', NULL, '登记有误'$$), t.agree('P15', 'teller@DW') \g /dev/null
SELECT is((SELECT ARRAY[b.present, b.paper] FROM data.ballot_session b WHERE b.id = 'CP26-14-3'), '{3,3}', 'beside slips as well: never more paper than people');
SELECT t.as('P14', 'scrutineer@DW', 'void_ballot', $$'CP26-14-3', '改期'$$), t.agree('P15', 'teller@DW') \g /dev/null

-- ---- slips and paper by two -------------------------------------------------------------------------
SELECT t.as('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, NULL, '14', NULL, 'MIXED')), t.keys('CP26-14-4') \g /dev/null
SELECT is(t.refused('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-4', 5, '{}', 6$$), 'ZB001 invalid|paper_not_possible 6 5 MIXED', 'not more paper than people');
SELECT is(t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-4', 5, '{}', 2$$) #>> '{z_waiting,roles,0}', 'teller', 'paper beside slips is opened by two');
SELECT t.agree('P15', 'teller@DW') \g /dev/null
SELECT is(t.refused('P14', 'scrutineer@DW', 'list_slips', t.slips('CP26-14-4', 11, 15)), 'ZB001 invalid|slips_not_present 5 3', 'a slip or a paper, not both');
SELECT t.as('P14', 'scrutineer@DW', 'list_slips', t.slips('CP26-14-4', 11, 13)), t.as('P14', 'scrutineer@DW', 'open_ballot', $$'CP26-14-4'$$) \g /dev/null

-- ---- late arrivals ---------------------------------------------------------------------------------
CREATE FUNCTION t.late(session text, person text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L, %L, ''ARRIVED'', NULL, ''路上堵车，10时20分到会''', session, person) $$;
SELECT t.cast('CP26-14-4', 11) \g /dev/null
CREATE TEMP TABLE before AS SELECT flow.ballot_manifest(b)::text AS manifest FROM data.ballot_session b WHERE b.id = 'CP26-14-4';
SELECT is(t.refused('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14-4', 'P1', 'REMOVED', NULL, '登记有误'$$), 'ZB001 defects|roll_is_open', 'once it is open nobody is taken off');
SELECT is(t.refused('P14', 'scrutineer@DW', 'correct_roll', t.late('CP26-14-4', 'P9')), 'ZB001 defects|not_on_roll P9', 'nor is one of another branch let in');
SELECT is(t.as('P14', 'scrutineer@DW', 'correct_roll', t.late('CP26-14-4', 'P2')) #>> '{z_waiting,roles,0}', 'teller', 'late: not by one person');
SELECT is((SELECT b.present FROM data.ballot_session b WHERE b.id = 'CP26-14-4'), 5, 'alone nothing is changed');
SELECT is(t.agree('P15', 'teller@DW'), 'APPROVED', 'but by two');
SELECT is((SELECT ARRAY[b.present, b.paper, b.late_present] FROM data.ballot_session b WHERE b.id = 'CP26-14-4'), '{6,3,1}', 'one more is here, on paper');
SELECT is((t.as('P14', 'scrutineer@DW', 'show_roll', $$'CP26-14-4'$$) #> '{corrections,0}') - 'changed_on',
	'{"name": "王磊", "change": "ARRIVED", "reason": "路上堵车，10时20分到会"}', 'with the reason');
SELECT is((SELECT flow.ballot_manifest(b)::text FROM data.ballot_session b WHERE b.id = 'CP26-14-4'), (SELECT manifest FROM before), 'what every slip is bound to is as it was');
SELECT lives_ok($$SELECT t.cast('CP26-14-4', 12)$$, 'the slips go on');
SELECT is((SELECT count(*)::int FROM data.slip WHERE session_id = 'CP26-14-4'), 1, 'none was made void');
SELECT is(t.refused('P14', 'scrutineer@DW', 'correct_roll', t.late('CP26-14-4', 'P2')), 'ZB001 defects|here_already 王磊', 'nobody comes twice');

-- ---- keys lost ------------------------------------------------------------------------------------
SELECT is(t.refused('P14', 'scrutineer@DW', 'forget_key', $$'CP26-14-4', false$$), 'ZB003 state|key_still_needed', 'a key that is needed is not destroyed');
SELECT is(t.as('P15', 'teller@DW', 'forget_key', $$'CP26-14-4', true$$) - 'z_waiting',
	'{"state": "OPEN", "key_state": "LOST", "keys_held": 2, "session_id": "CP26-14-4"}', 'one lost: the other two still open the urn');
SELECT is(t.as('P16', 'key_holder@DW', 'forget_key', $$'CP26-14-4', true$$) ->> 'state', 'VOID', 'two lost: the session is void');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_ballot', $$'CP26-14-4'$$) ->> 'void_reason', '三把密钥已丢失两把，票箱再也打不开', 'and says so');
SELECT is(t.as('P14', 'scrutineer@DW', 'forget_key', $$'CP26-14-4', false$$) ->> 'key_state', 'DESTROYED', 'the third goes on record');

-- ---- mass representatives --------------------------------------------------------------------------
INSERT INTO data.item_set (id, title, purpose, adopted_on) VALUES ('CX26.3', '群众评判', 'MASSES_ON_BRANCH', '2026-01-01');
INSERT INTO data.item_set_item VALUES ('CX26.3', 1, '群众工作');
INSERT INTO data.item_set_option VALUES ('CX26.3', 1, 1, 'SATISFIED', '满意'), ('CX26.3', 1, 2, 'NOT_SATISFIED', '不满意');
SELECT t.as('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, 'MASSES_ON_BRANCH', '14', NULL, NULL)), t.keys('CP26-14-5') \g /dev/null
SELECT is(t.refused('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-5', NULL, '{}', NULL$$), 'ZB001 invalid|present_not_possible  0', 'nobody has been chosen');
INSERT INTO data.mass_session (id, org_id, state, year, how_chosen, chosen_by, recorded_by) VALUES ('QZ26-14', '14', 'CHOSEN', 2026, '抽签', '{工会}', 'P10');
INSERT INTO data.representative (mass_session_id, representative_no, name, category) SELECT 'QZ26-14', n, '代表' || n, '教师' FROM generate_series(1, 6) n;
SELECT is(t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-5', 5, '{}', NULL$$) ->> 'entitled', '6', 'the roll is the representatives of the duty review');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_roll', $$'CP26-14-5'$$) #> '{roll,0}',
	'{"person_id": "QZ26-14/1", "name": "代表1", "mark": null, "standing": "MASSES", "present": null}', 'by name, without an account');
SELECT is(t.refused('P14', 'scrutineer@DW', 'correct_roll', $$'CP26-14-5', 'P1', 'ADDED', true, '补登'$$), 'ZB001 defects|roll_is_given', 'who they are is decided elsewhere');

-- ---- who comes late on paper alone, and comments on paper -----------------------------------------------
SELECT t.as('P14', 'scrutineer@DW', 'void_ballot', $$'CP26-14-5', '改用纸质票'$$), t.agree('P15', 'teller@DW'),
	t.as('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, 'MASSES_ON_BRANCH', '14', NULL, 'PAPER')) \g /dev/null
UPDATE data.ballot_session SET comments = true WHERE id = 'CP26-14-6';
SELECT t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-6', NULL, ARRAY['QZ26-14/5', 'QZ26-14/6'], NULL$$) \g /dev/null
SELECT t.as('P14', 'scrutineer@DW', 'correct_roll', t.late('CP26-14-6', 'QZ26-14/5')), t.agree('P15', 'teller@DW') \g /dev/null
SELECT is((SELECT ARRAY[b.present, b.paper, b.late_present] FROM data.ballot_session b WHERE b.id = 'CP26-14-6'), '{5,5,0}', 'before the opening who comes late is simply here');
SELECT t.as('P14', 'scrutineer@DW', 'open_ballot', $$'CP26-14-6'$$), t.as('P14', 'scrutineer@DW', 'correct_roll', t.late('CP26-14-6', 'QZ26-14/6')),
	t.agree('P15', 'teller@DW') \g /dev/null
SELECT is((SELECT ARRAY[b.present, b.paper, b.late_present] FROM data.ballot_session b WHERE b.id = 'CP26-14-6'), '{6,6,1}', 'a representative too');
SELECT is(t.refused('P14', 'scrutineer@DW', 'enter_comments', $$'CP26-14-6', '{早}'$$) LIKE 'ZB003 state%', true, 'no comments while ballots are cast');
SELECT t.as('P14', 'scrutineer@DW', 'close_ballot', $$'CP26-14-6'$$) \g /dev/null
SELECT is(t.refused('P14', 'scrutineer@DW', 'enter_comments', format('%L, ARRAY[''可以'', '' '', %L, ''四'', ''五'', ''六'', ''七'']', 'CP26-14-6', repeat('长', 301))),
	'ZB001 defects|more_comments_than_paper 7 6|paper_comment_long 2|paper_comment_long 3', 'every defect of the comments at once');
SELECT is(t.refused('P15', 'teller@DW', 'enter_comments', $$'CP26-14-6', '{可以}'$$), 'ZB002 denied', 'one person types them');
SELECT t.as('P14', 'scrutineer@DW', 'enter_comments', $$'CP26-14-6', '{实训车间报修太慢}'$$) \g /dev/null
SELECT is(t.as('P14', 'scrutineer@DW', 'enter_comments', $$'CP26-14-6', '{实训车间报修太慢,周末开放实训室}'$$) ->> 'kept', '2', 'again is in place of before');
CREATE FUNCTION t.six(role text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT t.as(CASE role WHEN 'teller' THEN 'P15' ELSE 'P14' END, role || '@DW', 'enter_paper',
		format('%L, 6, 0, ARRAY[ROW(1, ''{5,1}'', 0)]::api.paper_item[]', 'CP26-14-6')) $$;
SELECT t.six('scrutineer'), t.six('teller') \g /dev/null
SELECT is(t.as('P11', 'od_head@ZZB', 'show_ballot', $$'CP26-14-6'$$) -> 'comment_texts', '[]', 'nobody reads them before the certificate');
SELECT t.as('P14', 'scrutineer@DW', 'certify_ballot', t.digest('CP26-14-6')) \g /dev/null
SELECT is((SELECT array_agg(c ORDER BY c COLLATE "C") FROM jsonb_array_elements_text(t.as('P11', 'od_head@ZZB', 'show_ballot', $$'CP26-14-6'$$) -> 'comment_texts') c),
	'{周末开放实训室,实训车间报修太慢}', 'then the department does');
SELECT is(t.as('P14', 'scrutineer@DW', 'show_ballot', $$'CP26-14-6'$$) -> 'comment_texts', '[]', 'and not those who counted');
SELECT is(t.as('P1', 'branch_secretary@14', 'show_ballot', $$'CP26-14-6'$$) -> 'comment_texts', '[]', 'nor the branch');
SELECT is_empty($$SELECT FROM data.paper_comment$$, 'apart from the counts, nothing tells they were on paper');
SELECT is_empty($$SELECT FROM audit.event e WHERE e.request = 'enter_comments' AND e.payload IS NOT NULL$$, 'and no trace keeps the words');
SELECT is(t.refused('P14', 'scrutineer@DW', 'enter_comments', $$'CP26-14-6', '{迟了}'$$) LIKE 'ZB003 state%', true, 'nothing is added after it');

-- ---- the committee's secret vote ----------------------------------------------------------------------
INSERT INTO data.office (person_id, org_id, role, from_on) SELECT 'P' || n, 'DW', 'committee_member', date '2020-01-01' FROM generate_series(1, 5) n;
INSERT INTO data.office VALUES ('P19', 'DW', 'recorder', '2020-01-01');
INSERT INTO data.meeting (id, org_id, state, held_on, place, chair_id, recorder_id) VALUES ('HY26-01', 'DW', 'OPEN', flow.today(), '会议室', 'P1', 'P19');
INSERT INTO data.attendance SELECT 'HY26-01', 'P' || n, true, n <> 5, CASE n WHEN 5 THEN '出差' END FROM generate_series(1, 5) n;
INSERT INTO data.agenda_item (id, org_id, state, meeting_id, item_no, entity, subject_id, motion, presenter_id)
VALUES ('YT26-14', '14', 'LISTED', 'HY26-01', 1, 'award', 'PD26-14', '同意该支部继续保留称号', 'P10');
INSERT INTO data.recusal VALUES ('YT26-14', 'P1', '本支部党员', 'P19', now());
SELECT is(t.refused('P10', 'od_officer@ZZB', 'prepare_ballot', t.prepare(NULL, NULL, NULL, 'YT26-14', NULL)), 'ZB002 denied', 'the department prepares no vote of the committee');
SELECT is(t.as('P19', 'recorder@DW', 'prepare_ballot', t.prepare(NULL, NULL, NULL, 'YT26-14', NULL)) ->> 'session_id', 'CP26-14-7', 'the recorder does');
SELECT t.keys('CP26-14-7') \g /dev/null
SELECT is(t.refused('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-7', NULL, '{}', NULL$$), 'ZB003 state|secret_vote_not_open YT26-14', 'when the item''s vote is open');
UPDATE data.agenda_item SET state = 'VOTING', method = 'SECRET_BALLOT', entitled = 5, present = 4, recused = 1, voters = 3, denominator = 5;
SELECT is(t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-7', NULL, '{}', NULL$$) ->> 'present', '3', 'voters: present and not standing aside');
SELECT t.as('P14', 'scrutineer@DW', 'list_slips', t.slips('CP26-14-7', 21, 23)), t.as('P14', 'scrutineer@DW', 'open_ballot', $$'CP26-14-7'$$) \g /dev/null
SELECT is(t.anyone('get_ballot', $$'CP26-14-7', NULL$$) #> '{manifest,items}', '[{"item_no": 1, "text": "同意该支部继续保留称号", "mark": null, "options": ["IN_FAVOUR", "AGAINST", "ABSTAIN"], "labels": ["同意", "不同意", "弃权"]}]', 'agree, disagree, abstain');
SELECT t.cast('CP26-14-7', 21), t.cast('CP26-14-7', 22), t.as('P14', 'scrutineer@DW', 'close_ballot', $$'CP26-14-7'$$) \g /dev/null
SELECT is_empty($$SELECT flow.secret_vote('YT26-14')$$, 'no counts before two people agree');
SELECT t.as('P14', 'scrutineer@DW', 'count_ballots', t.opened('CP26-14-7', ARRAY['{IN_FAVOUR}', '{AGAINST}'])) \g /dev/null
SELECT t.as('P16', 'key_holder@DW', 'certify_ballot', t.digest('CP26-14-7')) \g /dev/null
SELECT is(flow.secret_vote('YT26-14')::text, '(1,1,0,1)', 'one did not cast');
SELECT is(t.as('P19', 'recorder@DW', 'show_ballot', $$'CP26-14-7'$$) #>> '{result,tallies,0,counts}', '[1, 1, 0]', 'a vote is counted however few there are');
SELECT is(t.refused('P1', 'branch_secretary@14', 'show_ballot', $$'CP26-14-7'$$), 'ZB002 denied', 'the branch does not see how the committee voted');
SELECT is(t.refused('P11', 'od_head@ZZB', 'show_ballot', $$'CP26-14-7'$$), 'ZB002 denied', 'nor the department here');
SELECT is(jsonb_path_query_array(t.as('P1', 'branch_secretary@14', 'list_ballots', $$NULL, '14'$$), '$.ballots[*].purpose') ? 'COMMITTEE_VOTE', false, 'not even that there is one');
SELECT is(t.refused('P19', 'recorder@DW', 'show_ballot', $$'CP26-14'$$), 'ZB002 denied', 'and the recorder has no part in a branch''s');

SELECT * FROM finish();
ROLLBACK;
