-- The four streams through call.*: moves, two people, versions, silence, the sheet.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();

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

-- ---- organisation: notes ----------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_note',
	$a$'14', 'VISIT', flow.today(), '到场听了一次党课', '实训楼', NULL, NULL, NULL$a$) ->> 'note_id', 'RC26-14', 'a note');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'add_note', $a$'14', 'VISIT', flow.today() + 1, '明天', NULL, NULL, NULL, NULL$a$)$$,
	'ZB001', NULL, 'nothing is noted before it happens');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'add_note', $a$'DW', 'VISIT', flow.today(), '看', NULL, NULL, NULL, NULL$a$)$$,
	'ZB001', NULL, 'a note is about a branch');
SELECT throws_ok($$SELECT t.as('P12', 'od_officer@ZZB', 'add_note', $a$'14', 'VISIT', flow.today(), '看', NULL, NULL, NULL, NULL$a$)$$,
	'ZB002', E'own_branch\x1f14', 'T23: nor by one of its members');
SELECT is(t.as('P1', 'branch_secretary@14', 'list_notes', $a$'14', NULL$a$) -> 'notes', '[]',
	'domain 3.1: a note without a word on it is internal, not for the branch');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'show_note', $a$'RC26-14'$a$)$$, 'ZB002', NULL, 'and its number opens nothing');
SELECT is(t.as('P1', 'branch_secretary@14', 'find', $a$'RC26'$a$) -> 'objects', '[]', 'nor is it found');
SELECT is(t.as('P12', 'od_officer@ZZB', 'list_notes', $a$'14', NULL$a$) -> 'notes', '[]', 'an officer who is a member reads as one');
SELECT is(t.as('P18', 'committee_member@DW', 'add_note',
	$a$'14', 'CONTACT_POINT', flow.today() - 7, '联系点座谈', NULL, NULL, '请教务处协调', 'BRANCH'$a$) ->> 'note_id', 'RC26-14-2',
	'a member of the committee writes of the contact point');
SELECT is((SELECT jsonb_path_query_array(r, '$.notes[*].note_id') FROM t.as('P18', 'committee_member@DW', 'list_notes', $a$'14', NULL$a$) r),
	'["RC26-14-2"]', 'and reads the own notes only');
SELECT is((SELECT jsonb_path_query_array(r, '$.notes[*].note_id') FROM t.as('P1', 'branch_secretary@14', 'list_notes', $a$NULL, NULL$a$) r),
	'["RC26-14-2"]', 'what was written for the branch it reads');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'list_notes', $a$'15', NULL$a$)$$, 'ZB002', NULL, 'another branch''s notes it does not');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'correct_note', $a$'RC26-14-2', '改', NULL, NULL, '无事', NULL, NULL, NULL, NULL$a$)$$,
	'ZB002', E'note_of_another\x1fRC26-14-2\x1f党员18', 'nobody corrects another''s note');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'correct_note', $a$'RC26-14', ' ', NULL, NULL, '听了两次', NULL, NULL, NULL, NULL$a$)$$,
	'ZB001', NULL, 'a correction has a reason');
SELECT is(t.as('P10', 'od_officer@ZZB', 'correct_note', $a$'RC26-14', '次数记错', NULL, NULL, '听了两次党课', NULL, NULL, NULL, NULL$a$)
	->> 'version_no', '2', 'the next version');
SELECT is((SELECT jsonb_path_query_array(r, '$.notes[*].text') || jsonb_path_query_array(r, '$.notes[*].reason')
	FROM t.as('P11', 'od_head@ZZB', 'show_note', $a$'RC26-14'$a$) r),
	'["到场听了一次党课", "听了两次党课", null, "次数记错"]', 'both are there, with the reason');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_note', $a$'RC26-14'$a$) #>> '{notes,1,place}', '实训楼', 'what was not corrected stays');
SELECT lives_ok($$SELECT t.as('P11', 'od_head@ZZB', 'correct_note', $a$'RC26-14-2', '日期记错', NULL, flow.today() - 6, NULL, NULL, NULL, NULL, NULL$a$)$$,
	'the head may correct any');
SELECT throws_ok($$SELECT t.as('P18', 'committee_member@DW', 'list_notes', $a$'99', NULL$a$)$$, 'ZB002', NULL, 'no such branch');

-- ---- organisation: the year's duty review ---------------------------------------------
SELECT is(t.as('P1', 'branch_secretary@14', 'write_duty_report', $a$NULL, 2025, '抓了三件事', '批评不够', '会前谈心'$a$) ->> 'state',
	'REPORTED', 'the secretary writes the report');
SELECT is(t.as('P1', 'branch_secretary@14', 'write_duty_report', $a$'14', 2025, '抓了四件事', '批评不够', '会前谈心'$a$) ->> 'review_id',
	'SZ26-14', 'NF-8: one a year, written anew until the review');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'write_duty_report', $a$'15', 2025, '甲', '乙', '丙'$a$)$$,
	'ZB002', NULL, 'of the own branch');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'record_duty_review', $a$'14', 2025, 'P9', 'GOOD',
	'学院党委', '2026-01-21', NULL, NULL, NULL$a$)$$, 'ZB001', NULL, 'of somebody who was secretary there');
SELECT is(t.as('P10', 'od_officer@ZZB', 'record_duty_review', $a$'14', 2025, NULL, 'FAIRLY_GOOD',
	'学院党委', '2026-01-20', '分工清楚', '台账不全', '补齐'$a$) ->> 'review_id', 'SZ26-14', 'the review takes the report as it is');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'write_duty_report', $a$'14', 2025, '抓了五件事', '批评不够', '会前谈心'$a$)$$,
	'ZB003', NULL, 'which is not rewritten after it');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'record_duty_review', $a$'14', 2025, 'P1', 'GOOD',
	'学院党委', '2026-01-21', NULL, NULL, NULL$a$)$$, 'ZB004', NULL, 'one word a year');
SELECT is((SELECT ARRAY[r ->> 'report_done', r ->> 'grade', r ->> 'demands'] FROM t.as('P1', 'branch_secretary@14', 'show_duty_review', $a$'SZ26-14'$a$) r),
	'{抓了四件事,FAIRLY_GOOD,补齐}', 'the secretary reads what was said');
SELECT throws_ok($$SELECT t.as('P12', 'od_officer@ZZB', 'show_duty_review', $a$'SZ26-14'$a$)$$, 'ZB002', NULL,
	'S-17: not a member of the branch, officer or not');
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES ('P2', '14', 'branch_secretary', '2026-06-01');
SELECT is(t.as('P2', 'branch_secretary@14', 'list_duty_reviews', $a$NULL$a$) -> 'reviews', '[]', 'nor the next secretary');

-- ---- masses ---------------------------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_interview', $a$'SB26-14', 'P10', 'P13', '教师', flow.today(),
	'实训车间', '支部联系群众', '报修慢', true, NULL$a$) ->> 'interview_id', 'FT26-14', 'an interview');
SELECT is(t.as('P10', 'od_officer@ZZB', 'list_interviews', $a$'SB26-14', NULL$a$) #>> '{interviews,0,read_back}', 'true', 'and whether the note was read back');
SELECT is((SELECT count(*)::int FROM guard.stream_complete('PS26-14-MAS')), 0, 'now it may be closed');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'add_interview', $a$'SB26-14', 'P10', 'P10', '教师',
	flow.today(), NULL, '提纲', '要点', true, NULL$a$)$$, 'ZB001', NULL, 'held by two people');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'add_interview', $a$'SB26-14', 'P10', 'P2', '教师',
	flow.today(), NULL, '提纲', '要点', true, NULL$a$)$$, 'ZB001', NULL, 'neither of them of the branch');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'add_interview', $a$'SB26-14', 'P10', 'P13', '王磊',
	flow.today(), NULL, '提纲', '要点', true, NULL$a$)$$, 'ZB001', NULL, 'a category, never a name');
SELECT throws_ok($$SELECT t.as('P12', 'od_officer@ZZB', 'list_interviews', $a$'SB26-14', NULL$a$)$$, 'ZB002', NULL,
	'what was told is not for an officer who is one of them');

-- ---- society --------------------------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_outside_unit', $a$'红山电机厂', '共建单位', NULL, NULL$a$)
	->> 'unit_id', 'WD26-01', 'a unit');
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_outside_unit', $a$'北原市教育局', '教育局', NULL, NULL$a$)
	->> 'unit_id', 'WD26-02', 'another');
SELECT is(t.as('P10', 'od_officer@ZZB', 'new_letter', $a$'SB26-14', 'WD26-01', '共建', '印象如何', flow.today(), NULL$a$),
	'{"letter_id": "HS26-14", "state": "DRAFT"}', 'a letter');
SELECT is(t.as('P10', 'od_officer@ZZB', 'new_letter', $a$'SB26-14', 'WD26-02', '主管', '印象如何', flow.today(), NULL$a$)
	->> 'letter_id', 'HS26-14-2', 'a second');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'new_letter', $a$'SB26-14', 'WD26-02', ' ', '印象如何', flow.today(), NULL$a$)$$,
	'ZB001', NULL, 'S-38: a unit is chosen for a reason');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'send_letter', $a$'HS26-14', NULL, '专人送达', NULL$a$)$$,
	'ZB003', NULL, 'nothing is sent that was not printed');
SELECT is(t.as('P10', 'od_officer@ZZB', 'print_letter', $a$'HS26-14', '院党组函〔2026〕7号'$a$) ->> 'state', 'PRINTED', 'printed, with its number');
SELECT is(t.as('P10', 'od_officer@ZZB', 'print_letter', $a$'HS26-14', NULL$a$) ->> 'doc_no', '院党组函〔2026〕7号', 'a second print keeps the number');
SELECT is(t.as('P10', 'od_officer@ZZB', 'send_letter', $a$'HS26-14', NULL, '专人送达', NULL$a$) ->> 'state', 'SENT', 'sent');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-SOC'$a$)$$,
	'ZB003', NULL, 'neither is a letter left in the drawer');
SELECT is((SELECT string_agg(g.key, ' ' ORDER BY g.args[1]) FROM guard.stream_complete('PS26-14-SOC') g),
	'letter_without_reply letter_not_sent', 'each is named');
SELECT t.as('P10', 'od_officer@ZZB', 'print_letter', $a$'HS26-14-2', NULL$a$) \g /dev/null
SELECT t.as('P10', 'od_officer@ZZB', 'send_letter', $a$'HS26-14-2', flow.today(), '挂号信', NULL$a$) \g /dev/null
SELECT is(t.as('P10', 'od_officer@ZZB', 'record_reply', $a$'HS26-14', flow.today(), '配合好', NULL,
	'某教师收礼'$a$) ->> 'state', 'ANSWERED', 'a reply, split');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_letter', $a$'HS26-14'$a$) ->> 'about_individuals',
	'某教师收礼', 'T38: the department reads what is said of a person');
SELECT throws_ok($$SELECT t.as('P12', 'od_officer@ZZB', 'show_letter', $a$'HS26-14'$a$)$$, 'ZB002', NULL,
	'T38: not an officer who is one of them');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-SOC'$a$)$$,
	'ZB003', NULL, 'a letter is still out');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'mark_unanswered', $a$'HS26-14-2'$a$)$$,
	'ZB003', NULL, 'silence is not stated while an answer may come');
UPDATE data.letter SET drafted_on = drafted_on - 9, sent_on = sent_on - 9, reply_by = reply_by - 1 WHERE id = 'HS26-14-2';
SELECT is(t.as('P10', 'od_officer@ZZB', 'mark_unanswered', $a$'HS26-14-2'$a$) ->> 'state', 'UNANSWERED',
	'silence is a fact of its own');
SELECT t.as('P10', 'od_officer@ZZB', 'new_letter', $a$NULL, 'WD26-02', '主管', '印象如何', flow.today(), '14'$a$) \g /dev/null
SELECT is((SELECT l.application_id FROM data.letter l WHERE l.id = 'HS26-14-3'), 'SB26-14', 'what is gathered of a branch serves its open application');
SELECT is(t.as('P10', 'od_officer@ZZB', 'drop_letter', $a$'HS26-14-3', '重复'$a$) ->> 'state', 'DROPPED', 'a letter nobody sent is given up');
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
	s ->> 'letters_unanswered', s ->> 'letters_awaited', s ->> 'duty_grade', s ->> 'duty_problems'] FROM sheet),
	'{2,1,2,1,1,0,FAIRLY_GOOD,台账不全}', 'counts of papers, and the words of the review');
SELECT unalike((SELECT s::text FROM sheet), '%收礼%', 'T38: what is said of a person is not on it');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'show_evaluation', $a$'SB26-14'$a$)$$,
	'ZB002', NULL, 'the sheet is not for the branch');
CREATE TEMP TABLE own AS SELECT t.as('P12', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) -> 'sheet' AS s;
SELECT is((SELECT jsonb_path_query_array(s, '$.streams[*].state') FROM own), '["LOCKED", "OPEN", "NOT_CARRIED_OUT", "CLOSED"]',
	'T23: an officer of the branch sees how far it is');
SELECT is((SELECT jsonb_object_agg(k, s -> k) FROM own, unnest('{notes,duty_grade,letters_sent,interviews}'::text[]) k),
	'{"notes": null, "duty_grade": null, "letters_sent": null, "interviews": null}', 'T23: and none of the material');
SELECT unalike((SELECT s::text FROM own), '%班子分工清楚%', 'T23: nor a word of a summary');
SELECT unalike((SELECT s::text FROM own), '%配合好%', 'T23: nor of a reply');

-- ---- one year's results serve one application -----------------------------------------------
UPDATE data.application SET state = 'WITHDRAWN' WHERE id = 'SB26-14';
INSERT INTO data.application SELECT (jsonb_populate_record(a, '{"id": "SB26-14-2", "state": "ACCEPTED"}')).* FROM data.application a WHERE a.id = 'SB26-14';
SELECT is(t.as('P10', 'od_officer@ZZB', 'add_interview', $a$NULL, 'P10', 'P13', '学生', flow.today(), NULL, '提纲', '报修快了', true, '14'$a$)
	->> 'interview_id', 'FT26-14-2', 'gathered before the next application');
SELECT is((SELECT i.application_id FROM data.interview i WHERE i.id = 'FT26-14-2'), NULL, 'it serves nothing yet');
SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14-2', '{}'$a$) \g /dev/null
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14-2'$a$) #>> '{sheet,notes}', '0',
	'T16: what served the withdrawn application is not shown with the next one');
SELECT is(t.hinted('P10', 'link_material'), 'SB26-14-2', 'next: there is something to link');
SELECT is((SELECT r -> 'linked' FROM t.as('P10', 'od_officer@ZZB', 'link_material', $a$'SB26-14-2', 2026$a$) r),
	'[{"kind": "interview", "object_id": "FT26-14-2"}]', 'linked');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'link_material', $a$'SB26-14-2', 2026$a$)$$, 'ZB003', NULL,
	'never to a second: the rest serves the first');
SELECT is((SELECT count(*)::int FROM flow.material('14') m WHERE m.application_id = 'SB26-14'), 6, 'where it stays');

SELECT * FROM finish();
ROLLBACK;
