-- Contact points, dispatch meetings, tasks, inspections.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- ---- contact points -----------------------------------------------------------------
SELECT is((SELECT ARRAY[r->>'person_id', r->>'former_name', r->>'from_on'] FROM
	t.ask('P21', 'set_contact_point', '''14'', ''P4'', ''2026-11-01''') r),
	'{P4,NULL,2026-11-01}', 'a committee member answers for a branch from a day on');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''14'', ''P22'', NULL')),
	'ZB001 invalid not_on_committee 同志22 2026-12-03', 'nobody but a committee member');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''ZZB'', ''P4'', NULL')),
	'ZB001 invalid branch_unknown ZZB', 'for a branch');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''14'', ''P4'', NULL')),
	'ZB001 invalid contact_already 同志4 14', 'once');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''14'', ''P5'', ''2026-10-01''')),
	'ZB001 invalid contact_set_later 14', 'not before what is on record');
SELECT is(t.ask('P1', 'set_contact_point', '''14'', ''P5'', NULL')->>'former_name', '同志4',
	'another takes over');
SELECT is((SELECT array_agg(p ORDER BY d) FROM unnest(
	'{2026-10-31,2026-11-01,2026-12-02,2026-12-03}'::date[]) d, flow.contact_points('14', d) p),
	'{P4,P4,P5}', 'and every day is answered as of itself');
SELECT is(t.refused(t.ask('P50', 'set_contact_point', '''14'', ''P5'', NULL')), 'ZB002 denied',
	'a branch does not choose its own');
SELECT is((SELECT jsonb_path_query_array(r, '$.contact_points[*] ? (@.name != null).name') FROM t.ask('P50',
	'list_contact_points', 'NULL, NULL') r), '["同志5"]', 'everybody signed in may know');
SELECT is((SELECT jsonb_array_length(r->'contact_points') FROM t.ask('P50',
	'list_contact_points', 'NULL, NULL') r), 30, 'branches without one are listed too');
SELECT is(t.ask('P1', 'end_contact_point', '''14'', NULL')->>'name', '同志5', 'ended');
SELECT is(t.refused(t.ask('P1', 'end_contact_point', '''14'', NULL')),
	'ZB001 invalid contact_none 14 2026-12-03', 'once');

-- ---- dispatch: the agenda is what is open anyway -----------------------------------------
INSERT INTO data.gap (id, org_id, state, source, problem, raised_why, due_on, found_on, found_by) VALUES
	('WT26-24', '24', 'RAISED', 'SELF_CHECK', '实训楼报修慢', '需要后勤处解决', NULL, '2026-11-01', 'P52'),
	('WT26-14', '14', 'DOING', 'SELF_CHECK', '活动通知晚', NULL, '2026-11-30', '2026-11-01', 'P50'),
	('WT26-14-2', '14', 'DOING', 'SELF_CHECK', '还没到期', NULL, '2026-12-30', '2026-11-01', 'P50'),
	('WT26-14-3', '14', 'CLOSED', 'SELF_CHECK', '已销号', NULL, '2026-11-02', '2026-11-01', 'P50');
INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by)
VALUES ('RR26-18', '18', 'LISTED', '{组织生活长期不开展}', '…', '党委会', '2026-11-01', 'P20');
INSERT INTO data.guidance (id, text, by_person, by_role, by_org_id, at)
VALUES ('ZD26-01', '补齐支部大会记录', 'P22', 'od_officer', 'ZZB', now());
INSERT INTO data.guidance_branch (guidance_id, org_id) VALUES ('ZD26-01', '14'), ('ZD26-01', '24');
INSERT INTO data.guidance_reply (guidance_id, org_id, serial, text, by_person, at)
VALUES ('ZD26-01', '24', 1, '已补齐', 'P52', now());
SELECT is((SELECT jsonb_path_query_array(r, '$.matters[*] ? (@.kind == "GUIDANCE")') FROM t.ask('P22', 'new_dispatch',
	'''2026-12-04'', ''第一会议室''') r), '[{"kind": "GUIDANCE", "text": "补齐支部大会记录", "due_on": null, "org_id": "14",
	"org_name": "第14党支部", "matter_no": 4, "object_id": "ZD26-01"}]', 'S-42: guidance one branch has not answered');
DELETE FROM data.dispatch; DELETE FROM data.guidance_branch WHERE org_id = '14';
SELECT is((SELECT jsonb_path_query_array(r, '$.matters[*].object_id') FROM t.ask('P22', 'new_dispatch',
	'''2026-12-04'', ''第一会议室''') r), '["WT26-24", "WT26-14", "RR26-18"]',
	'S-58: raised, overdue, weak and lax: from the records, no report asked of a branch');
SELECT is(t.refused(t.ask('P50', 'new_dispatch', '''2026-12-04'', ''x''')), 'ZB002 denied', 'not by a branch');
SELECT is(t.refused(t.ask('P22', 'add_task', '''DD26-01'', NULL, NULL, ''解决报修'', ''P5'', ''2026-12-20''')),
	'ZB003 state', 'nothing is decided before the meeting');
SELECT is(t.refused(t.ask('P22', 'hold_dispatch', '''DD26-01'', ''{P1,P5}'', ''逐项研究''')),
	'ZB003 state dispatch_still_to_come 2026-12-04', 'nor held before its day');
SELECT t.day('2026-12-04');
UPDATE data.gap SET state = 'CLOSED' WHERE id = 'WT26-14';
SELECT is((SELECT jsonb_path_query_array(r, '$.matters[*].object_id') FROM t.ask('P5', 'show_dispatch',
	'''DD26-01''') r), '["WT26-24", "RR26-18"]', 'until it is held the agenda follows what is open');
SELECT is(t.refused(t.ask('P22', 'hold_dispatch', '''DD26-01'', ''{}'', ''逐项研究''')),
	'ZB001 invalid text_missing', 'somebody was there');
SELECT is(t.ask('P22', 'hold_dispatch', '''DD26-01'', ''{P1,P5,P22}'', ''逐项研究''')->>'state', 'HELD', 'held');
UPDATE data.gap SET state = 'DOING' WHERE id = 'WT26-24';
SELECT is((SELECT jsonb_path_query_array(r, '$.matters[*].object_id') || (r->'participants') FROM t.ask('P5',
	'show_dispatch', '''DD26-01''') r), '["WT26-24", "RR26-18", "同志1", "同志5", "同志22"]',
	'D14: then it is kept as it stood, with who was there');

-- ---- tasks ----------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P22', 'add_task', '''DD26-01'', ''WT26-99'', NULL, ''x'', ''P5'', ''2026-12-20''')),
	'ZB001 invalid not_on_agenda WT26-99 DD26-01', 'for what was on the agenda');
SELECT is(t.refused(t.ask('P22', 'add_task', '''DD26-01'', ''WT26-24'', NULL, ''x'', ''P5'', ''2026-12-03''')),
	'ZB001 invalid due_before_meeting 2026-12-03 2026-12-04', 'not due before it was decided');
SELECT is(t.refused(t.ask('P22', 'add_task', '''DD26-01'', ''WT26-24'', NULL, ''x'', ''P5'', NULL')),
	'ZB001 invalid date_missing', 'with a day');
SELECT is((SELECT ARRAY[r->>'task_id', r->>'state', r->>'owner_name'] FROM t.ask('P22', 'add_task',
	'''DD26-01'', ''WT26-24'', NULL, ''协调后勤处一周内答复'', ''P5'', ''2026-12-11''') r),
	'{RW26-01,OPEN,同志5}', 'a decision with its owner and its day');
SELECT is((SELECT k.org_id FROM data.task k WHERE k.id = 'RW26-01'), '24', 'about the branch it is for');
SELECT ok(t.ask('P5', 'next_duties')::text ~ 'finish_task.*RW26-01|RW26-01.*finish_task', 'the owner is told by next');
SELECT ok(t.ask('P6', 'next_duties')::text !~ 'RW26-01', 'nobody else is');
SELECT is(t.refused(t.ask('P6', 'progress_task', '''RW26-01'', ''x''')), 'ZB002 denied', 'another member reports nothing');
SELECT is(t.refused(t.ask('P50', 'show_task', '''RW26-01''')), 'ZB002 denied', 'nor does a branch see it');
SELECT is(t.ask('P5', 'progress_task', '''RW26-01'', ''后勤处已派人''')->>'state', 'DOING', 'progress');
SELECT is(t.ask('P5', 'finish_task', '''RW26-01'', ''已修复''')->>'state', 'DONE', 'done');
SELECT is(t.refused(t.ask('P5', 'progress_task', '''RW26-01'', ''x''')), 'ZB003 state', 'and over');
SELECT is((SELECT ARRAY[r->>'result', r->>'done_on', r->'notes'->0->>'text'] FROM t.ask('P22', 'show_task', '''RW26-01''') r),
	'{已修复,2026-12-04,后勤处已派人}', 'with what was done');
SELECT t.ask('P22', 'add_task', '''DD26-01'', NULL, NULL, ''修订调度办法'', ''P52'', ''2026-12-30''');
SELECT is((SELECT jsonb_path_query_array(r, '$.matters[*].kind') FROM t.ask('P22', 'new_dispatch',
	'''2026-12-20'', ''第一会议室''') r), '["WEAK_LAX", "TASK"]', 'an open task is on the next agenda');
SELECT is((SELECT jsonb_path_query_array(r, '$.tasks[*].task_id') FROM t.ask('P52', 'list_tasks', 'NULL') r),
	'["RW26-02"]', 'an owner lists the own ones');
SELECT is(jsonb_array_length(t.ask('P50', 'list_tasks', 'true')->'tasks'), 0, 'and no other');

-- ---- inspection --------------------------------------------------------------------------------
SELECT is((SELECT ARRAY[r->>'note_id', r->>'gap_ids'] FROM t.ask('P22', 'add_inspection',
	'''14'', ''2026-12-03'', ''实训楼'', ''同志20'', ''支部大会记录缺两次'', ''当场指出'', ''BRANCH'', ARRAY[ROW(''1.1'', ''支部大会记录不全'', ''2026-12-31'')::api.finding]') r),
	'{RC26-14,"[\"WT26-14-4\"]"}', 'S-59: what was seen, and what has to be mended');
SELECT results_eq($$ SELECT source, state, org_id, found_on, due_on FROM data.gap WHERE id = 'WT26-14-4' $$,
	$$ VALUES ('INSPECTION', 'FOUND', '14', date '2026-12-03', date '2026-12-31') $$,
	'a problem of the branch, found by inspection');
SELECT is((SELECT v.source FROM data.note_version v WHERE v.note_id = 'RC26-14'), 'INSPECTION',
	'NF-8: and a note of the daily record, not typed twice');
SELECT is(t.refused(t.ask('P22', 'add_inspection',
	'''14'', ''2026-12-05'', NULL, NULL, ''x'', NULL, NULL, ''{}''')), 'ZB001 invalid date_in_future 2026-12-05', 'of a day that has been');
SELECT is(t.refused(t.ask('P22', 'add_inspection',
	'''14'', ''2026-12-03'', ''实训楼'', NULL, ''x'', NULL, NULL, ARRAY[ROW(''9.9'', ''y'', NULL)::api.finding]')),
	'ZB001 invalid item_unknown 9.9', 'by the standard there is');
SELECT is(t.refused(t.ask('P21', 'add_inspection',
	'''02'', ''2026-12-03'', NULL, NULL, ''x'', NULL, NULL, ''{}''')), 'ZB002 own_branch', 'T23: not of the own branch');
SELECT is((SELECT ARRAY[r->>'text', r->'findings'->0->>'state'] FROM t.ask('P50', 'show_inspection', '''RC26-14''') r),
	'{支部大会记录缺两次,FOUND}', 'D14: the branch reads what was written for it');
SELECT is(t.refused(t.ask('P22', 'add_inspection', '''14'', ''2026-12-04'', NULL, NULL, ''看了材料'', NULL, NULL, ''{}''')),
	'ZB001 invalid text_missing', 'S-59: somebody was there, at a place');
SELECT t.ask('P22', 'add_inspection', '''14'', ''2026-12-04'', ''实训楼'', NULL, ''内部了解'', NULL, NULL, ''{}''');
SELECT is(t.refused(t.ask('P50', 'show_inspection', '''RC26-14-2''')), 'ZB002 denied', 'and not what is internal');
SELECT is((SELECT jsonb_path_query_array(r, '$.inspections[*].note_id') FROM t.ask('P22', 'list_inspections',
	'NULL, 2026') r), '["RC26-14", "RC26-14-2"]', 'the department reads both');

SELECT * FROM finish();
ROLLBACK;
