-- Standard, rules of deciding, ballot items, calendar.
BEGIN;
SELECT no_plan();
\set QUIET on
\ir ground_fixture.psql
INSERT INTO data.person (id, name) VALUES ('P50', '蒋俊杰'), ('P51', '其其格');
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
	('P50', 'DW', 'committee_secretary', '2026-01-01'),
	('P51', 'DW', 'committee_member', '2026-01-01');
SELECT pg_temp.enrol('P50'), pg_temp.enrol('P51');

-- ---- the plan's standard -------------------------------------------------------------
SELECT is(flow.current_standard(), 'BZ26.1', 'a new college has the plan''s standard');
SELECT is((SELECT array_agg(g.title::text ORDER BY g.group_no) FROM data.standard_group g),
	'{政治功能强,队伍建设强,组织生活强,作用发挥强,群众工作强}', 'five standards, in the plan''s order');
SELECT is((SELECT count(*) FROM data.standard_item)::int, 35, 'and their items');
SELECT is((SELECT count(*) FROM data.standard_item i JOIN data.standard_group g
	USING (standard_version_id, group_no) WHERE strpos(g.text, i.text) = 0)::int, 0,
	'every item is words of its standard');
SELECT is((SELECT string_agg(i.code || ' ' || i.told_by, ', ' ORDER BY i.code)
	FROM data.standard_item i WHERE i.told_by <> 'BRANCH'), '4.1 TREE, 5.6 MASSES',
	'what the tree knows and the masses judge is not asked of the branch');
SELECT is((SELECT string_agg(i.code, ' ' ORDER BY i.item_no) FROM data.standard_item i
	WHERE i.about = 'SECRETARY'), '2.5 2.6 2.7 2.8', 'what is said of the secretary is marked');
SELECT alike(pg_temp.ask('P51', 'show_standard', 'NULL, NULL', 'groups'),
	'%坚决站稳党的立场和人民立场。%', 'the text as it is in the plan');
UPDATE data.standard_item SET applies_to = '{学生}' WHERE code = '3.6';
INSERT INTO data.org (id, kind, member_category, established_on) VALUES
	('14', 'branch', '教工', '2010-01-01'), ('15', 'branch', '学生', '2010-01-01');
SELECT is((SELECT count(*) FROM flow.standard_items('BZ26.1', '14'))::int, 34,
	'an item for students is not asked of teachers');
SELECT is((SELECT count(*) FROM flow.standard_items('BZ26.1', '15'))::int, 35, 'but of students');
SELECT is(flow.version_order('BZ26.10') > flow.version_order('BZ26.9'), true,
	'the tenth version comes after the ninth');

-- ---- rules of deciding -------------------------------------------------------------------
SELECT is(pg_temp.refused('P51', 'show_rule_set', 'NULL'), 'ZB003 no_rule_set',
	'without rules the answer says so');
SELECT is(flow.current_rule_set(), NULL, 'no rule set until the college has chosen');
SELECT is(pg_temp.refused('P50', 'adopt_rule_set',
	'''第3次会议'', NULL, 2, 3, ''MORE_THAN_HALF_OF_ENTITLED'', NULL, 5, false, 5, 1, NULL, NULL, NULL'),
	'ZB001 defects rule_set|choice_needed recused_stay|choice_needed award_through_extension|choice_needed students_judge|choice_needed weak_lax_may_apply',
	'whether the recused stay, an award is prolonged, students are asked, a weak branch applies: no default');
SELECT is(pg_temp.refused('P50', 'adopt_rule_set',
	'NULL, ''2027-01-01'', 1, 3, NULL, NULL, 0, NULL, 1, NULL, true, true, true'),
	'ZB001 defects rule_set|choice_needed basis|choice_needed majority|choice_needed recused_stay|choice_needed posting_day_counted|choice_needed rectification_months|quorum_bad 1 3|number_out_of_range notice_working_days 1 60|number_out_of_range small_group 2 50|adopted_in_future 2027-01-01',
	'every open choice at once');
SELECT throws_ok($$INSERT INTO data.rule_set (id, adopted_on, adopted_by, adopted_at, basis,
	quorum_num, quorum_den, majority, notice_working_days, posting_day_counted, small_group,
	rectification_months, award_through_extension, students_judge, weak_lax_may_apply)
	VALUES ('GZ26.9', '2026-01-01', 'P50', now(), 'x', 2, 3, 'MORE_THAN_HALF_OF_ENTITLED',
	5, false, 5, 1, true, true, true)$$, '23502', NULL, 'not even the table has one');
SELECT is(pg_temp.refused('P51', 'adopt_rule_set',
	'''x'', NULL, 2, 3, ''MORE_THAN_HALF_OF_ENTITLED'', true, 5, false, 5, 1, true, true, false'), 'ZB002 denied',
	'only the committee secretary enters it');
SELECT is(pg_temp.ask('P50', 'adopt_rule_set',
	'''第3次会议'', NULL, 2, 3, ''MORE_THAN_HALF_OF_ENTITLED'', true, 5, false, 5, 1, true, true, false'),
	'(GZ26.1,2026-10-22)', 'adopted');
SELECT is(pg_temp.ask('P50', 'adopt_rule_set',
	'''第4次会议'', NULL, 1, 2, ''MORE_THAN_HALF_OF_ENTITLED'', false, 5, true, 5, 0, false, false, true', 'rule_set_id'),
	'GZ26.2', 'a change is a new version');
SELECT is(flow.current_rule_set(), 'GZ26.2', 'which holds');
SELECT is(pg_temp.ask('P51', 'show_rule_set', '''GZ26.1'''),
	'(GZ26.1,2026-10-22,蒋俊杰,第3次会议,2,3,MORE_THAN_HALF_OF_ENTITLED,t,5,f,5,1,t,t,f)', 'and the old stays');

-- ---- ballot items ----------------------------------------------------------------------------
\set items '''{"(政治功能强,\\"{\\"\\"(GOOD,好)\\"\\",\\"\\"(POOR,差)\\"\\"}\\")"}''::api.item_set_item[]'
SELECT is(pg_temp.ask('P50', 'adopt_item_set',
	'''评议支部'', ''{}'', ''第3次会议'', NULL, ' || :'items' || ', NULL, NULL', 'item_set_id'), 'CX26.1', 'an item set');
SELECT is(pg_temp.ask('P51', 'show_item_set', 'NULL', 'items')::api.item_set_item[],
	:items, 'reads as it was given');
SELECT is(pg_temp.refused('P50', 'adopt_item_set',
	'''x'', ''{}'', ''y'', NULL, ARRAY[ROW('' '', ''{}'')::api.item_set_item, ROW(''甲'', ''{"(GOOD,好)","(GOOD,好)"}'')::api.item_set_item], NULL, NULL'),
	'ZB001 defects item_set|item_without_text 1|item_options_few 1|item_option_bad 2',
	'every defect of the items at once');
SELECT pg_temp.ask('P50', 'adopt_item_set',
	'''学生支部'', ''{学生}'', ''第3次会议'', NULL, ' || :'items' || ', NULL, NULL');
SELECT pg_temp.ask('P50', 'adopt_item_set',
	'''某支部'', ''{}'', ''第4次会议'', NULL, ' || :'items' || ', NULL, ''14''');
SELECT pg_temp.ask('P50', 'adopt_item_set',
	'''评议党员'', ''{}'', ''第4次会议'', NULL, ' || :'items' || ', ''MEMBERS_ON_MEMBERS'', NULL');
SELECT is(flow.current_item_set('15', 'MEMBERS_ON_BRANCH'), 'CX26.2', 'a set may be for one category');
SELECT is(flow.current_item_set('14', 'MEMBERS_ON_BRANCH'), 'CX26.3', 'or for one branch');
SELECT is(flow.current_item_set('14', 'MEMBERS_ON_MEMBERS'), 'CX26.4', 'for its own purpose');
SELECT is(pg_temp.refused('P50', 'adopt_item_set', '''x'', ''{}'', ''y'', NULL, '
	|| :'items' || ' || ' || :'items' || ', ''MEMBERS_ON_MEMBERS'', ''99'''),
	'ZB001 defects item_set|one_item_for_members|branch_unknown 99', 'one item, the grade, and a branch there is');

-- ---- calendar ------------------------------------------------------------------------------------
\set days '''{"(2,2026-10-01,f,国庆节)","(3,2026-10-02,f,国庆节)","(4,2026-10-10,t,国庆节调休)","(5,2027-01-31,t,春节调休)","(6,2027-02-05,f,春节)","(7,2027-02-08,f,春节)"}''::api.holiday_import[]'
SELECT is(pg_temp.ask('P101', 'import_holidays', '''国办发明电'', ' || :'days', 'unchanged'), '0',
	'a calendar');
SELECT is(pg_temp.ask('P101', 'import_holidays', '''国办发明电'', ' || :'days'), '({},6)',
	'the same again: no difference');
SELECT is(pg_temp.ask('P101', 'import_holidays',
	'NULL, ''{"(2,2026-10-01,f,国庆节)","(3,2026-10-03,f,国庆节)","(4,2026-10-10,f,国庆节)"}''', 'differences'),
	'{"(,\"2026-10-02 国庆节\",REMOVED,working,HOLIDAY,)","(3,\"2026-10-03 国庆节\",NEW,working,,HOLIDAY)","(4,\"2026-10-10 国庆节\",CHANGED,working,WORKDAY,HOLIDAY)"}',
	'a year is taken as a whole');
SELECT is(pg_temp.refused('P101', 'import_holidays',
	'NULL, ''{"(2,,f,国庆节)","(3,2026-10-03,,)","(4,2026-10-03,f,x)"}'''),
	'ZB001 defects import_holidays|line_date_missing 2 day_on|working_missing 3|name_missing 3|row_twice 4 2026-10-03',
	'every defect of a calendar at once');
SELECT pg_temp.ask('P101', 'import_holidays', 'NULL, ' || :'days');
SELECT is(pg_temp.ask('P51', 'list_holidays', '2028', 'published'), 'false', '2028 is not published');

-- posted / days / posting day counts -> last day, provisional
SELECT is(flow.working_end(d.posted, d.days, d.counts)::text, d.expected, d.why)
FROM (VALUES
	('2026-10-12'::date, 5, false, '(2026-10-19,f)', 'a plain week: the day of posting does not count'),
	('2026-10-12', 5, true, '(2026-10-16,f)', 'it counts where the rule says so'),
	('2026-10-10', 1, true, '(2026-10-10,f)', 'a make-up Saturday is a working day'),
	('2026-10-11', 1, true, '(2026-10-12,f)', 'posted on a Sunday: counting begins on Monday'),
	('2026-09-30', 2, false, '(2026-10-06,f)', 'holidays are left out'),
	('2027-01-29', 5, false, '(2027-02-04,f)', 'T28: Friday before Spring Festival, make-up Sunday'),
	('2027-02-04', 2, false, '(2027-02-10,f)', 'T28: over the festival'),
	('2027-12-30', 1, false, '(2027-12-31,f)', 'T29: within the year that is known'),
	('2027-12-30', 2, false, '(2028-01-03,t)', 'T29: into a year without a calendar: provisional'),
	('2028-01-03', 1, true, '(2028-01-03,t)', 'T29: all of it in such a year')
	) AS d(posted, days, counts, expected, why);
SELECT throws_ok($$SELECT flow.working_end('2026-10-12', 0, false)$$, 'P0001', NULL,
	'no days, no end');
SELECT is(pg_temp.ask('P51', 'show_working_end', '''2026-10-12'', NULL, NULL'), '(2026-10-16,f)',
	'by default as the rule set says');

SELECT is(pg_temp.ask('P51', 'show_college'),
	'(北原工业职业技术学院,t,建设“最强党支部”,最强党支部,BZ26.1,GZ26.2,2026-10-22)', 'what holds');

SELECT * FROM finish();
ROLLBACK;
