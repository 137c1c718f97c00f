-- The four streams through call.*: moves, two people, versions, silence, the sheet.
BEGIN;
\ir evaluation_fixture.psql
SELECT plan(52);

-- ---- opening -------------------------------------------------------------------
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'open_evaluation', $a$'SB26-14', '{}'$a$)$$,
	'ZB002', NULL, 'a branch does not open its own evaluation');
SELECT throws_ok($$SELECT t.as('P12', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$)$$,
	'ZB002', E'own_branch\x1f14', 'T23: an officer who belongs to the branch does not prepare it');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-99', '{}'$a$)$$,
	'ZB002', NULL, 'no such application: the answer for not yours');
SELECT is(t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{ORG,MEMBERS,SOCIETY}'$a$)
	-> 'streams' -> 2 ->> 'state', 'PLANNED', 'a stream not named stays planned');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-14'), 'EVALUATING',
	'the application is under evaluation');
SELECT is(t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$)
	-> 'streams' -> 2 ->> 'state', 'OPEN', 'and is opened later');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$)$$,
	'ZB003', NULL, 'nothing is left to open');
SELECT results_eq('SELECT s.id, s.state FROM data.eval_stream s ORDER BY s.id',
	$$VALUES ('PS26-14-MAS', 'OPEN'), ('PS26-14-MEM', 'OPEN'), ('PS26-14-ORG', 'OPEN'),
	('PS26-14-SOC', 'OPEN')$$, 'four streams with ids that can be read aloud');
SELECT is((SELECT string_agg(s.stream || ' ' || g.key, ' ' ORDER BY s.id)
	FROM data.eval_stream s, guard.stream_complete(s.id) g),
	'MASSES stream_without_material MEMBERS stream_without_material '
	'ORG stream_without_material SOCIETY stream_without_material', 'nothing is in them yet');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-MAS'$a$)$$,
	'ZB003', NULL, 'an empty stream is skipped with a reason, not closed');

-- ---- organisation ------------------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_note',
	$a$'14', 'VISIT', flow.today(), '到场听了一次党课'$a$) ->> 'note_id', 'RC26-14', 'a note');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'add_note', $a$'14', 'VISIT', flow.today() + 1, '明天'$a$)$$,
	'ZB001', NULL, 'nothing is noted before it happens');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'list_notes', $a$'14'$a$)$$,
	'ZB002', NULL, 'daily notes are not for the branch');
SELECT is(t.as('P10', 'od_officer@ZZB', 'record_duty_review', $a$'14', 2025, 'P1', 'FAIRLY_GOOD',
	'学院党委', '2026-01-20', '分工清楚', '台账不全', '补齐'$a$) ->> 'review_id', 'SZ26-14', 'the duty review');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'record_duty_review', $a$'14', 2025, 'P1', 'GOOD',
	'学院党委', '2026-01-21', NULL, NULL, NULL$a$)$$, 'ZB004', NULL, 'one word a year');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'record_duty_review', $a$'14', 2024, 'P9', 'GOOD',
	'学院党委', '2026-01-21', NULL, NULL, NULL$a$)$$, 'ZB001', NULL, 'of somebody who was secretary there');

-- ---- masses ---------------------------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_interview', $a$'SB26-14', 'P10', 'P13', '教师', flow.today(),
	'实训车间', '支部联系群众', '报修慢', true$a$) ->> 'interview_id', 'FT26-14', 'an interview');
SELECT is((SELECT count(*)::int FROM guard.stream_complete('PS26-14-MAS')), 0, 'now it may be closed');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'add_interview', $a$'SB26-14', 'P10', 'P10', '教师',
	flow.today(), NULL, '提纲', '要点', true$a$)$$, 'ZB001', NULL, 'held by two people');

-- ---- society --------------------------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_outside_unit', $a$'红山电机厂', '共建单位', NULL, NULL$a$)
	->> 'unit_id', 'WD26-01', 'a unit');
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_outside_unit', $a$'北原市教育局', '教育局', NULL, NULL$a$)
	->> 'unit_id', 'WD26-02', 'another');
SELECT is(t.as('P10', 'od_officer@ZZB', 'new_letter', $a$'SB26-14', 'WD26-01', '共建', '印象如何', flow.today()$a$)
	->> 'letter_id', 'HS26-14', 'a letter');
SELECT is(t.as('P10', 'od_officer@ZZB', 'new_letter', $a$'SB26-14', 'WD26-02', '主管', '印象如何', flow.today()$a$)
	->> 'letter_id', 'HS26-14-2', 'a second');
SELECT is(t.as('P10', 'od_officer@ZZB', 'record_reply', $a$'HS26-14', flow.today(), '配合好', NULL,
	'某教师收礼'$a$) ->> 'state', 'ANSWERED', 'a reply, split');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_letter', $a$'HS26-14'$a$) ->> 'about_individuals',
	'某教师收礼', 'T38: the department reads what is said of a person');
SELECT is(t.as('P12', 'od_officer@ZZB', 'show_letter', $a$'HS26-14'$a$) ->> 'about_individuals',
	NULL, 'not by an officer who is one of them');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-SOC'$a$)$$,
	'ZB003', NULL, 'a letter is still out');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'mark_unanswered', $a$'HS26-14-2'$a$)$$,
	'ZB003', NULL, 'silence is not stated while an answer may come');
UPDATE data.letter SET sent_on = sent_on - 9, reply_by = reply_by - 1 WHERE id = 'HS26-14-2';
SELECT is(t.as('P10', 'od_officer@ZZB', 'mark_unanswered', $a$'HS26-14-2'$a$) ->> 'state', 'UNANSWERED',
	'silence is a fact of its own');
SELECT lives_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-SOC'$a$)$$,
	'then the stream closes');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'record_reply', $a$'HS26-14-2', flow.today(), '好', NULL, NULL$a$)$$,
	'ZB003', NULL, 'no reply goes into a closed stream');

-- ---- words, two people, versions -----------------------------------------------------------
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'summarise_stream', $a$'PS26-14-ORG', '{}', '小结', NULL, NULL$a$)$$,
	'ZB003', NULL, 'nothing is summed up while it is open');
SELECT lives_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-ORG'$a$)$$, 'close');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'summarise_stream', $a$'PS26-14-ORG', '{}', '  ', NULL, NULL$a$)$$,
	'ZB001', NULL, 'a summary has words');
SELECT is(t.as('P10', 'od_officer@ZZB', 'summarise_stream',
	$a$'PS26-14-ORG', '{日常了解,述职评议}', '班子分工清楚', '联系群众', '台账不全'$a$) ->> 'state',
	'SUMMARISED', 'summed up in words');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'lock_stream', $a$'PS26-14-ORG'$a$)$$,
	'ZB012', NULL, 'who wrote it does not lock it');
SELECT is(t.as('P11', 'od_head@ZZB', 'lock_stream', $a$'PS26-14-ORG'$a$) ->> 'state', 'LOCKED',
	'a second person does');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'summarise_stream', $a$'PS26-14-ORG', '{}', '改一改', NULL, NULL$a$)$$,
	'ZB003', NULL, 'T45: a locked stream is not edited');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'reopen_stream', $a$'PS26-14-ORG', '补充'$a$)$$,
	'ZB002', NULL, 'an officer does not reopen it');
SELECT throws_ok($$SELECT t.as('P11', 'od_head@ZZB', 'reopen_stream', $a$'PS26-14-ORG', ''$a$)$$,
	'ZB001', NULL, 'nor the head without a reason');
SELECT is(t.as('P11', 'od_head@ZZB', 'reopen_stream', $a$'PS26-14-ORG', '漏记一次督查'$a$) ->> 'version_no',
	'2', 'T45: reopening makes the next version');
SELECT is(t.agree('P13', 'od_officer@ZZB'), 'APPROVED', 'when another agrees');
SELECT lives_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-ORG'$a$)$$, 'close again');
SELECT lives_ok($$SELECT t.as('P13', 'od_officer@ZZB', 'summarise_stream', $a$'PS26-14-ORG', '{督查}', '班子分工清楚，督查中整改快', NULL, NULL$a$)$$,
	'new words');
SELECT lives_ok($$SELECT t.as('P11', 'od_head@ZZB', 'lock_stream', $a$'PS26-14-ORG'$a$)$$, 'locked again');
SELECT is(t.as('P10', 'od_officer@ZZB', 'skip_stream', $a$'PS26-14-MAS', '访谈对象都在外地实习'$a$) ->> 'state',
	'NOT_CARRIED_OUT', 'a stream may be left out, with a reason');

-- ---- the sheet ------------------------------------------------------------------------------
CREATE TEMP TABLE sheet AS SELECT t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) -> 'sheet' AS s;
SELECT is((SELECT jsonb_path_query_array(s, '$.streams[*].stream') FROM sheet),
	'["ORG","MEMBERS","MASSES","SOCIETY"]', 'the four side by side');
SELECT is((SELECT s -> 'earlier' -> 0 ->> 'summary' FROM sheet), '班子分工清楚', 'T45: both versions are seen');
SELECT is((SELECT s -> 'earlier' -> 0 ->> 'reopen_reason' FROM sheet), '漏记一次督查', 'with the reason');
SELECT is((SELECT ARRAY[s ->> 'notes', s ->> 'interviews', s ->> 'letters_sent', s ->> 'letters_answered',
	s ->> 'letters_unanswered', s ->> 'duty_grade'] FROM sheet), '{1,1,2,1,1,FAIRLY_GOOD}', 'counts of papers');
SELECT unalike((SELECT s::text FROM sheet), '%收礼%', 'T38: what is said of a person is not on it');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'show_evaluation', $a$'SB26-14'$a$)$$,
	'ZB002', NULL, 'the sheet is not for the branch');

SELECT * FROM finish();
ROLLBACK;
