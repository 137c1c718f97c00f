-- What follows an award, and what stops with it.
BEGIN;
\ir award_fixture.psql
SELECT no_plan();

-- ---- T20: the award ends while money is granted and partly spent ---------------------------
SELECT t.award('22', '2026-06-01');
INSERT INTO data.recommendation (id, org_id, state, title, issuer, subject, drawn_up_on, opened_by)
VALUES ('TJ26-01', 'DW', 'OPEN', '“七一”表彰', '市委教育工委', 'MEMBER', '2026-06-10', 'P21');
INSERT INTO data.incentive (id, org_id, state, award_id, kind, recommendation_id, arose_on)
VALUES ('JL26-22', '22', 'DUE', 'PD26-22', 'PRIORITY', 'TJ26-01', '2026-06-10');
INSERT INTO data.fund (id, org_id, state, year, source, award_id, purpose, budgeted_fen,
	budgeted_by, granted_fen, decided_on, basis)
SELECT 'JF26-22-' || n, '22', s, 2026, 'DUES', a, '活动', 300000, 'P21',
	CASE WHEN s <> 'BUDGETED' THEN 200000 END, CASE WHEN s <> 'BUDGETED' THEN date '2026-06-05' END, '党委会'
FROM (VALUES (1, 'GRANTED', 'PD26-22'), (2, 'GRANTED', 'PD26-22'), (3, 'SPENT', 'PD26-22'),
	(4, 'GRANTED', NULL), (5, 'BUDGETED', 'PD26-22')) f(n, s, a);
INSERT INTO data.fund_spend (fund_id, spend_no, spent_fen, spent_on, purpose, recorded_by)
VALUES ('JF26-22-2', 1, 50000, '2026-07-01', '图书', 'P10'),
	('JF26-22-3', 1, 200000, '2026-07-01', '图书', 'P10');
SELECT flow.award_ended('PD26-22', '2026-09-01');
SELECT results_eq($$ SELECT id, state, withdrawn_on, withdrawn_why FROM data.fund ORDER BY id $$,
	$$ VALUES ('JF26-22-1', 'WITHDRAWN', date '2026-09-01', 'AWARD_ENDED'),
	('JF26-22-2', 'SPENT', '2026-09-01', 'AWARD_ENDED'), ('JF26-22-3', 'SPENT', NULL, NULL),
	('JF26-22-4', 'GRANTED', NULL, NULL), ('JF26-22-5', 'WITHDRAWN', '2026-09-01', 'AWARD_ENDED') $$,
	'T20: what is not spent is withdrawn on the day, what is spent stays, other money is not touched');
SELECT is((SELECT sum(s.spent_fen) FROM data.fund_spend s), 250000::numeric, 'T20: no spending is undone');
SELECT results_eq('SELECT state, stopped_on FROM data.incentive',
	$$ VALUES ('STOPPED', date '2026-09-01') $$, 'T19, T20: what was due is stopped from the day');

-- ---- S-48: a list of recommendations is drawn up ----------------------------------------------
UPDATE data.award SET state = 'REVOKED', ended_on = '2026-09-01' WHERE org_id = '22';
SELECT t.award(o, '2026-11-20') FROM unnest('{02,14,24}'::text[]) o;
INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
VALUES ('P50', '14', 'FULL', '2020-01-01'), ('P52', '24', 'FULL', '2020-01-01'),
	('P60', '13', 'FULL', '2020-01-01'), ('P54', '24', 'FULL', '2020-01-01');
SELECT is((SELECT jsonb_path_query_array(r, '$.awarded[*].org_id') FROM t.ask('P22',
	'new_recommendation', '''2026年表彰'', ''市委教育工委'', ''MEMBER'', NULL') r),
	'["02", "14", "24"]', 'S-48: the awards in effect are told as facts, in code order; 22 has none any more');
SELECT is(t.refused(t.ask('P22', 'new_recommendation', '''表彰'', ''市委'', NULL, NULL')),
	'ZB001 invalid text_missing', 'members, Party workers or branches');
SELECT is(t.refused(t.ask('P50', 'new_recommendation', '''表彰'', ''市委'', ''MEMBER'', NULL')),
	'ZB002 denied', 'a branch draws up no list');
SELECT is((SELECT ARRAY[r->>'name', r->>'incentive_id', r->>'award_title'] FROM t.ask('P22',
	'add_candidate', '''TJ26-02'', ''14'', ''P50''') r), '{同志50,JL26-14,最强党支部}',
	'a candidate is told with the award of the branch');
SELECT is((SELECT ARRAY[r->>'name', r->>'incentive_id'] FROM t.ask('P22',
	'add_candidate', '''TJ26-02'', ''13'', ''P60''') r), '{同志60,NULL}', 'and one without an award stands as well');
SELECT is(t.refused(t.ask('P22', 'add_candidate', '''TJ26-02'', ''14'', ''P60''')),
	'ZB001 invalid candidate_elsewhere 同志60 14', 'of the branch he belongs to');
SELECT is(t.refused(t.ask('P22', 'add_candidate', '''TJ26-02'', ''14'', NULL')),
	'ZB001 invalid candidate_is_person TJ26-02', 'a list of members names members');
SELECT is(t.refused(t.ask('P22', 'add_candidate', '''TJ26-02'', ''14'', ''P50''')),
	'ZB004 candidate_there_already', 'once');
SELECT is(t.refused(t.ask('P22', 'close_recommendation', '''TJ26-02''')),
	'ZB003 state priority_unanswered JL26-02 02 第02党支部;priority_unanswered JL26-14 14 第14党支部;priority_unanswered JL26-24 24 第24党支部',
	'not closed before every awarded branch has its answer');
SELECT is(t.refused(t.ask('P22', 'record_incentive', '''JL26-24'', true, ''已推荐''')),
	'ZB001 invalid no_candidate 24 TJ26-02', 'priority to nobody is none');
SELECT is(t.refused(t.ask('P22', 'record_incentive', '''JL26-24'', false, '' ''')),
	'ZB001 invalid text_missing', 'a reason where priority is not given');
SELECT is(t.ask('P22', 'record_incentive', '''JL26-24'', false, ''本年度没有符合年限的党员''')->>'state',
	'NOT_PRIORITISED', 'with its reason');
SELECT is(t.ask('P22', 'record_incentive', '''JL26-14'', true, ''列为推荐对象''')->>'state', 'DONE', 'done');
SELECT is(t.refused(t.ask('P22', 'record_incentive', '''JL26-14'', false, ''改''')), 'ZB003 state', 'once');
SELECT is(t.refused(t.ask('P22', 'drop_candidate', '''TJ26-02'', ''14'', ''P50''')),
	'ZB001 invalid candidate_has_priority 14', 'who was given priority stays on the list');
SELECT is(t.refused(t.ask('P21', 'record_incentive', '''JL26-02'', true, ''x''')),
	'ZB002 own_branch', 'T23: not by an officer of the branch');
SELECT is(t.ask('P22', 'record_incentive', '''JL26-02'', false, ''支部无人参评''')->>'state',
	'NOT_PRIORITISED', 'another officer does');
SELECT is(t.ask('P22', 'close_recommendation', '''TJ26-02''')->>'state', 'CLOSED', 'closed');
SELECT is(t.refused(t.ask('P22', 'add_candidate', '''TJ26-02'', ''24'', ''P52''')), 'ZB003 state',
	'and nobody is added');
SELECT is((SELECT jsonb_path_query_array(r, '$.priorities[*].state') || (r->'candidates')
	FROM t.ask('P5', 'show_recommendation', '''TJ26-02''') r),
	'["NOT_PRIORITISED", "DONE", "NOT_PRIORITISED",
	{"name": "同志60", "doc_no": null, "org_id": "13", "org_name": "第13党支部", "award_title": null},
	{"name": "同志50", "doc_no": "院党发〔2026〕12号", "org_id": "14", "org_name": "第14党支部", "award_title": "最强党支部"}]',
	'D30: event, candidates, outcome, reason');
SELECT is(jsonb_array_length(t.ask('P22', 'new_recommendation',
	'''先进基层党组织'', ''市委'', ''BRANCH'', ''2026-11-01''')->'awarded'), 0,
	'before the awards there was none to tell');
SELECT is(t.refused(t.ask('P22', 'add_candidate', '''TJ26-03'', ''14'', ''P50''')),
	'ZB001 invalid candidate_is_branch TJ26-03', 'a list of branches names branches');
SELECT is(t.ask('P22', 'add_candidate', '''TJ26-03'', ''14'', NULL')->>'org_name', '第14党支部', 'so');

-- ---- S-49: the secretary, who did not change ---------------------------------------------------
SELECT is((SELECT ARRAY[r->>'incentive_id', r->>'state', r->>'in_office_from_on'] FROM t.ask('P22',
	'new_consideration', '''PD26-14'', ''P50'', ''外派学习'', ''学院选派进修'', NULL') r),
	'{JL26-14-2,DUE,2024-05-20}', 'S-49: an occasion, with the days in office');
SELECT is(t.refused(t.ask('P22', 'new_consideration', '''PD26-14'', ''P50'', ''出国旅游'', ''x'', NULL')),
	'ZB001 invalid choice_unknown 出国旅游 SECRETARY_USE', 'of the open list');
SELECT is(t.refused(t.ask('P22', 'new_consideration', '''PD26-14'', ''P52'', ''外派学习'', ''x'', NULL')),
	'ZB001 defects not_secretary_then 同志52 PD26-14', 'the secretary of this award');
SELECT is(t.refused(t.ask('P22', 'new_consideration', '''PD26-14'', ''P50'', ''外派学习'', ''x'', ''2026-11-01''')),
	'ZB001 defects award_not_in_effect PD26-14 2026-11-01', 'while it is in effect');
SELECT is(t.refused(t.ask('P22', 'ask_secretary', '''PD26-14'', ''P50''')),
	'ZB001 invalid secretary_unchanged PD26-14 同志50', 'nothing to ask where nothing changed');

-- ---- T3: replaced between application and decision: a question, no transfer ------------------------
UPDATE data.office SET to_on = '2026-11-15' WHERE person_id = 'P52';
INSERT INTO data.office VALUES ('P54', '24', 'branch_secretary', '2026-11-15', NULL);
SELECT is(t.refused(t.ask('P22', 'new_consideration', '''PD26-24'', ''P54'', ''提拔使用'', ''x'', NULL')),
	'ZB001 defects secretary_undecided 同志54 PD26-24 P54', 'T3: it does not pass on to the new secretary');
SELECT is(t.refused(t.ask('P22', 'new_consideration', '''PD26-24'', ''P52'', ''提拔使用'', ''x'', NULL')),
	'ZB001 defects secretary_undecided 同志52 PD26-24 P52', 'T3: nor stay with the former one');
SELECT is((SELECT r->'to_ask' FROM t.ask('P20', 'show_follow', '''PD26-24''') r), '["同志52", "同志54"]',
	'T3: both are questions to the committee');
SELECT ok(t.ask('P22', 'next_duties')::text ~ 'ask_secretary', 'T3: next says so');
SELECT is((SELECT ARRAY[r->>'question_id', r->>'state', r->>'motion'] FROM t.ask('P22', 'ask_secretary',
	'''PD26-24'', ''P52''') r), '{SJ26-24,ASKED,第24党支部评定为“最强党支部”（PD26-24）后，对党支部书记的优先考虑适用于同志52（任书记2024年5月20日至2026年11月15日）}',
	'T3: put to the committee in words');
SELECT is(t.refused(t.ask('P22', 'ask_secretary', '''PD26-24'', ''P52''')),
	'ZB004 question_there_already', 'once');
SELECT is(t.ask('P22', 'ask_secretary', '''PD26-24'', ''P54''')->>'question_id', 'SJ26-24-2', 'the other as well');
-- one meeting on both: one carried, one not
SELECT t.ask('P30', 'new_meeting', 'flow.today(), ''会议室'', NULL, NULL');
SELECT is((SELECT array_agg(t.ask('P30', 'add_agenda_item', format('''HY26-01'', %L, ''P22''', q))->>'item_no')
	FROM unnest('{SJ26-24,SJ26-24-2}'::text[]) q), '{1,2}', 'T3: on the agenda like any matter');
SELECT t.attend('HY26-01', 9, 9);
SELECT t.ask('P30', 'begin_meeting', '''HY26-01''');
SELECT t.hands('SJ26-24', 8, 1, 0, 0), t.hands('SJ26-24-2', 3, 6, 0, 0);
SELECT t.ask('P30', 'resolve_item', '''SJ26-24'', NULL, NULL, NULL, NULL'),
	t.ask('P30', 'resolve_item', '''SJ26-24-2'', NULL, ''到任时间短'', NULL, NULL');
SELECT is(t.refused(t.ask('P22', 'new_consideration', '''PD26-24'', ''P52'', ''提拔使用'', ''x'', NULL')),
	'ZB001 defects secretary_minutes_open SJ26-24', 'T3: signed minutes first');
SELECT t.ask('P30', 'end_meeting', '''HY26-01''');
SELECT t.ask('P1', 'sign_minutes', format('''HY26-01'', %L',
	t.ask('P1', 'show_minutes', '''HY26-01''')->>'digest'));
SELECT is(t.ask('P22', 'new_consideration', '''PD26-24'', ''P52'', ''提拔使用'', ''岗位选拔'', NULL')->>'state',
	'DUE', 'T3: carried for the former secretary');
SELECT is(t.refused(t.ask('P22', 'new_consideration', '''PD26-24'', ''P54'', ''提拔使用'', ''x'', NULL')),
	'ZB001 defects secretary_applies_not SJ26-24-2', 'T3: and not for the new one');

-- ---- what is about a person is not shown around ---------------------------------------------------
SELECT is((SELECT jsonb_path_query_array(r, '$.incentives[*].incentive_id') FROM t.ask('P54',
	'list_incentives', 'NULL, NULL') r), '["JL26-24"]', 'the next secretary sees the branch''s, not the former one''s');
SELECT is((SELECT jsonb_path_query_array(r, '$.incentives[*].incentive_id') FROM t.ask('P50',
	'list_incentives', 'NULL, NULL') r), '["JL26-14", "JL26-14-2"]', 'his own he sees');
SELECT is(t.refused(t.ask('P50', 'show_follow', '''PD26-24''')), 'ZB002 denied', 'another branch sees nothing');
SELECT is((SELECT ARRAY[r->'to_ask', r->'secretaries'->0->'answer'] FROM t.ask('P54', 'show_follow', '''PD26-24''') r),
	ARRAY['[]', 'null']::jsonb[], 'nor the answer about another person');
SELECT ok(t.ask('P22', 'next_duties')::text ~ 'record_incentive', 'what is due is in next');
SELECT flow.award_ended('PD26-24', '2026-12-03');
SELECT is((SELECT array_agg(i.state ORDER BY i.id) FROM data.incentive i WHERE i.org_id = '24'),
	'{NOT_PRIORITISED,STOPPED}', 'T19: with the award the consideration ends; what was answered stays');

-- ---- open lists -----------------------------------------------------------------------------------
SELECT is(t.ask('P20', 'add_choice', '''SECRETARY_USE'', ''疗养休养'', ''党委会第12次''')->>'name', '疗养休养', 'an open list grows');
SELECT is(t.refused(t.ask('P20', 'add_choice', '''FUND_SOURCE'', ''党费'', ''党委会''')),
	'ZB004 choice_there_already', 'once each');
SELECT is(t.refused(t.ask('P22', 'add_choice', '''FUND_SOURCE'', ''专项'', ''党委会''')), 'ZB002 denied', 'by the head or the secretary');
SELECT is((SELECT array_agg(t.refused(t.ask('P20', 'add_choice', format('''WEAK_LAX_CRITERION'', %L, ''x''', w))) ORDER BY n)
	FROM unnest('{群众满意度低于60%,民主测评得分靠后,连续两年排名末位,满意率不足六成}'::text[]) WITH ORDINALITY u(w, n)),
	ARRAY(SELECT 'ZB001 invalid criterion_is_a_line ' || w FROM unnest('{群众满意度低于60%,民主测评得分靠后,连续两年排名末位,满意率不足六成}'::text[]) w), 'S-67: a criterion is no line');

SELECT * FROM finish();
ROLLBACK;
