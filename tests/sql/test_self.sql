-- Self-building: rounds for all branches, hints that only the branch sees, versions and
-- what differs, the ledger across rounds, guidance, the standard's next version and the
-- burden of forms.
BEGIN;
SELECT no_plan();
\set QUIET on
\ir ground_fixture.psql

INSERT INTO data.org (id, kind, member_category, established_on) VALUES
	('Z2', 'general_branch', NULL, '2010-01-01'), ('10', 'branch', '教辅', '2010-01-01'),
	('11', 'branch', '教辅', '2010-01-01'), ('13', 'branch', '学生', '2010-01-01'),
	('14', 'branch', '教工', '2010-01-01'), ('19', 'branch', '学生', '2010-01-01');
INSERT INTO data.org_version (org_id, parent_id, name, status, from_on) VALUES
	('Z2', 'DW', '智能制造党总支', 'ACTIVE', '2010-01-01'),
	('10', 'DW', '实训中心党支部', 'ACTIVE', '2010-01-01'),
	('11', 'DW', '继续教育党支部', 'ACTIVE', '2010-01-01'),
	('13', 'Z2', '机械工程系学生党支部', 'ACTIVE', '2010-01-01'),
	('14', 'Z2', '电气自动化系教工党支部', 'ACTIVE', '2010-01-01'),
	('19', 'DW', '撤销了的党支部', 'DISSOLVED', '2010-01-01');
INSERT INTO data.term (id, org_id, term_no, start_on, due_on)
VALUES ('RQ14-3', '14', 3, '2024-04-10', '2027-04-09');
INSERT INTO data.person (id, name) SELECT 'P' || n, '党员' || n FROM generate_series(201, 240) n;
INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
SELECT 'P' || n, CASE WHEN n < 211 THEN '14' ELSE '10' END, 'FULL', '2020-01-01'
FROM generate_series(201, 219) n;
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
	('P201', '14', 'branch_secretary', '2024-04-10'),
	('P211', '10', 'branch_secretary', '2024-04-10'),
	('P221', '11', 'branch_secretary', '2024-04-10'),
	('P231', 'Z2', 'general_branch_secretary', '2024-04-10'),
	('P232', 'DW', 'committee_secretary', '2024-04-10');
SELECT pg_temp.enrol('P' || n) FROM generate_series(201, 240) n \g /dev/null
-- reply column as jsonb
CREATE FUNCTION pg_temp.got(person text, request text, args text, path text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE r text;
BEGIN
	EXECUTE format('SELECT jsonb_path_query_array(to_jsonb(x), %L)::text FROM call.%I(%s) x',
		path, request, concat_ws(', ', pg_temp.head(person), args)) INTO r;
	RETURN r;
END $$;

-- ---- rounds for every branch at once ---------------------------------------------------
SELECT is(pg_temp.ask('P211', 'start_round', 'NULL, NULL, NULL', 'round_id'), 'LC26-10',
	'a branch began by itself');
SELECT is(pg_temp.refused('P201', 'open_rounds', 'NULL'), 'ZB002 denied', 'no branch opens them');
SELECT is(pg_temp.got('P101', 'open_rounds', 'NULL', '$.opened[*].round_id'),
	'["LC26-11", "LC26-13", "LC26-14"]', 'every branch without one, none that is gone');
SELECT is(pg_temp.got('P101', 'open_rounds', 'NULL', '$.left_out[*].round_id'),
	'["LC26-10", "LC26-11", "LC26-13", "LC26-14"]', 'a second time there is none to open');
SELECT is((SELECT term_id || ' ' || standard_version_id || ' ' || state FROM data.round
	WHERE id = 'LC26-14'), 'RQ14-3 BZ26.1 PLANNED', 'by running term and version in force');
SELECT is(pg_temp.got('P101', 'list_rounds', 'NULL, NULL, true', '$.stages[*].org_id'),
	'["10", "11", "13", "14"]', 'the board, by code');
SELECT is(pg_temp.got('P101', 'list_rounds', 'NULL, NULL, true', '$.stages[*].building'),
	'["RUNNING", null, null, null]', 'and what stage each is in');
SELECT is(pg_temp.refused('P201', 'list_rounds', 'NULL, NULL, true'), 'ZB002 denied',
	'the board is the department''s');
SELECT is_empty($$ SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'api.board_row'::regclass
	AND a.attnum > 0 AND a.atttypid <> 'text'::regtype $$, 'no count on the board');
SELECT is_empty($$ SELECT DISTINCT t.from_state FROM rule.transition t WHERE t.entity = 'application'
	AND t.from_state NOT IN ('-', 'DRAFT', 'BRANCH_ADOPTED') AND NOT EXISTS (SELECT FROM rule.board b
		WHERE b.state = 'application.' || t.from_state AND b.stage = 'applying') $$,
	'the board knows every state of an application');

-- ---- hints: T31, T32 ------------------------------------------------------------------------
CREATE FUNCTION pg_temp.hints(item text, text text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(h.key || ' ' || array_to_string(h.args[3:], ' '), ';' ORDER BY h.key, h.args)
	FROM flow.date_hints(item, '条目', text) h $$;
SELECT is(pg_temp.hints('1.2', '2026年3月5日学习了2026年4月1日印发的《条例》。'),
	'hint_studied_before 2026-03-05 2026-04-01', 'T31: studied before it came out');
SELECT is(pg_temp.hints('1.2', '２０２６年３月５日学习了2026年4月1日印发的《条例》'),
	'hint_studied_before 2026-03-05 2026-04-01', 'T31: in full-width figures');
SELECT is(pg_temp.hints('1.2', '2025.12.3传达院党发〔2026〕12号文件'),
	'hint_studied_before 2025-12-03 2026', 'T31: before the year of its number');
SELECT is(pg_temp.hints('1.2', '2026年4月8日学习了2026年4月1日印发的《条例》；2026年5月9日传达〔2026〕3号'),
	NULL, 'T31: nothing to say when it is in order');
SELECT is(pg_temp.hints('1.2', '2026年3月5日支部大会。2026年4月1日印发的条例已学习'), NULL,
	'T31: two sentences are two things');
SELECT is(pg_temp.hints('1.2', '2026年2月30日、2026-13-1、2026年10月23日'),
	'hint_day_in_future 2026-10-23;hint_no_such_day 2026-13-1;hint_no_such_day 2026-2-30',
	'days that are not, or not yet');
SELECT ok(flow.alike(flow.letters(repeat('会前逐人谈心，会后逐条整改。', 5)),
	flow.letters(repeat('会前逐人谈心、会后逐条整改', 5) || '好')), 'T32: nearly the same');
SELECT ok(NOT flow.alike(repeat('会前逐人谈心会后逐条整改', 5), repeat('月末线上返校日集中学习研讨', 5)),
	'T32: not the same');
SELECT ok(NOT flow.alike('按制度执行', '按制度执行'), 'T32: a few words may be the same');
SELECT ok(NOT flow.alike('', NULL) IS TRUE, 'T32: nothing is like nothing');

CREATE FUNCTION pg_temp.save(person text, entries text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.got(person, 'save_self', 'NULL, NULL, ' || quote_literal('{' || entries || '}')
		|| '::api.self_entry[]', '$.hints[*].key') $$;
SELECT is(pg_temp.save('P211', '"(1.1,MET,2027年1月1日集中研讨党的创新理论并逐人谈体会谈打算)"'),
	'["hint_day_in_future"]', 'told at entry');
SELECT is(pg_temp.save('P211', '"(1.2,MET,2027年1月1日集中研讨党的创新理论并逐人谈体会谈打算)"'),
	'["hint_day_in_future", "hint_as_other_item"]', 'and that another item says the same');
SELECT is(pg_temp.save('P211', (SELECT string_agg(format('"(%s,MET,%s这一项做了什么、效果怎样、还差什么逐条写明白)"',
		i.code, i.text || i.text), ',')
	FROM flow.standard_items('BZ26.1', '10') i WHERE i.told_by = 'BRANCH')), '[]',
	'different words: no hint');
SELECT is(pg_temp.got('P211', 'check_self', 'NULL', '$.findings[*] ? (@.kind == "DEFECT")'), '[]',
	'complete');
SELECT is(pg_temp.got('P211', 'check_self', 'NULL', '$.findings[*].key'),
	'["hint_tree_tells", "hint_no_files"]', 'what the tree knows is not asked; no file is fine');
SELECT is(pg_temp.ask('P211', 'adopt_self', 'NULL, ''2026-10-22'', NULL, 9, 9, 0, 0, true', 'entitled'),
	'9', 'NF-8: the roster knows who is entitled');
SELECT is(pg_temp.refused('P101', 'check_self', '''ZP26-10'''), 'ZB002 denied',
	'T31, T32: never to superiors');
SELECT is((SELECT array_agg(role ORDER BY role) FROM rule.permission WHERE request IN ('check_self', 'save_self')),
	'{branch_committee_member,branch_committee_member,branch_secretary,branch_secretary}',
	'T31, T32: the two that give hints are the branch''s');
SELECT is_empty($$ SELECT p.proname FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('api', 'guard', 'flow')
	AND p.prosrc ~ 'self_hints|date_hints|same_text_hints'
	AND p.proname NOT IN ('check_self', 'save_self', 'self_hints', 'date_hints') $$, 'and nobody else reads them');
SELECT is_empty($$ SELECT t.guard FROM rule.transition t JOIN pg_proc p ON p.proname = t.guard
	AND p.pronamespace = 'guard'::regnamespace WHERE p.prosrc ~ 'hint' $$, 'they hold nothing up');

-- the next year, in the same round
UPDATE data.deployment SET clock_shift = '2027-10-22 02:00+00'::timestamptz - now();
SELECT is(pg_temp.refused('P211', 'diff_self', 'NULL, NULL, NULL, true'),
	'done: (ZP26-10,1,,ZP26-10,{})', 'last year''s, with nothing changed');
SELECT is(pg_temp.got('P211', 'check_self', 'NULL', '$.findings[*].key'),
	'["hint_tree_tells", "hint_no_files"]', 'T32: what is adopted is not compared with itself');
SELECT pg_temp.ask('P211', 'reopen_self', 'NULL') \g /dev/null
SELECT is(pg_temp.got('P211', 'check_self', 'NULL', '$.findings[*].key'),
	'["hint_whole_as_last_year", "hint_tree_tells", "hint_no_files"]', 'T32: all of it is last year''s');
SELECT is(pg_temp.save('P211', '"(1.1,SHORTFALL,)","(3.1,,今年改为每季度一次党员大会，逐次公布到会情况，缺席的补课)"'),
	'["hint_as_last_year"]', 'T32: the item that was touched and still says the same');
SELECT is(pg_temp.got('P211', 'diff_self', 'NULL, NULL, NULL, NULL', '$.changes[*].item'),
	'["1.1", "3.1"]', 'against the version adopted');
SELECT is(pg_temp.ask('P211', 'adopt_self', 'NULL, ''2027-10-22'', NULL, 9, 9, 0, 0, false', 'version_no'),
	'2', 'two versions');
SELECT is(pg_temp.got('P211', 'list_self_versions', 'NULL', '$.versions[*].version_no'), '[1, 2]',
	'history');
SELECT is(pg_temp.got('P101', 'diff_self', '''ZP26-10'', 1, 2, NULL', '$.changes[0].judgement_after'),
	'["SHORTFALL"]', 'between versions');
SELECT is(pg_temp.refused('P211', 'diff_self', 'NULL, 3, 2, NULL'),
	'ZB001 invalid old_version|version_unknown 3', 'a version that is not');
SELECT is(pg_temp.refused('P201', 'diff_self', '''ZP26-10'', 1, 2, NULL'), 'ZB002 denied',
	'not another branch''s');
SELECT is(pg_temp.refused('P201', 'diff_self', 'NULL, NULL, NULL, true'),
	'ZB003 no_last_year', 'nothing of last year');
SELECT is(pg_temp.refused('P201', 'diff_self', 'NULL, NULL, NULL, NULL'),
	'ZB003 no_version_yet', 'nor any version');
UPDATE data.deployment SET clock_shift = '2026-10-22 02:00+00'::timestamptz - now();

-- ---- problems: from whom, carried over, answered --------------------------------------------
SELECT is(pg_temp.ask('P201', 'add_gap', format('NULL, ''3.1'', %L, ''x'', NULL, NULL, NULL, NULL', s), 'state'),
	'FOUND', 'source: ' || s)
FROM unnest('{SELF_CHECK,BY_MEMBERS,BY_MASSES,BY_SOCIETY,INSPECTION,DUTY_REVIEW,WEAK_LAX_CHECK}'::text[]) s;
SELECT is(pg_temp.got('P101', 'list_gaps', 'NULL, NULL, NULL, NULL', '$.gaps[*].org_id'),
	'["14", "14", "14", "14", "14", "14", "14"]', 'the department sees the ledger');
SELECT pg_temp.ask('P221', 'add_gap', 'NULL, NULL, NULL, ''分工不清'', NULL, NULL, NULL, NULL'),
	pg_temp.ask('P211', 'add_gap', 'NULL, ''5.5'', ''BY_MASSES'', ''报修慢'', NULL, ''专人盯'', ''书记'', ''2026-12-01''') \g /dev/null
SELECT is(pg_temp.got('P101', 'list_gaps', 'NULL, NULL, NULL, NULL', '$.gaps[0 to 2].org_id'),
	'["10", "11", "14"]', 'NF-4: in the order of codes');
SELECT pg_temp.ask('P211', 'raise_gap', '''WT26-10'', ''要后勤处配人''') \g /dev/null
SELECT is(pg_temp.got('P101', 'next_duties', NULL, '$.duties[*] ? (@.request == "answer_gap").object_id'),
	'["WT26-10"]', 'S-60: what was raised waits for the college');
SELECT is(pg_temp.ask('P101', 'answer_gap', '''WT26-10'', ''后勤处'', ''年内配一人''', 'state'), 'DOING',
	'with an owner there and an answer');
SELECT is(pg_temp.got('P211', 'list_gaps', 'NULL, NULL, NULL, ''LC26-10''', '$.gaps[*].owner'), '["后勤处"]',
	'D3: the ledger carries what the form needs');
UPDATE data.round SET ended_on = '2026-10-22', state = 'ENDED_TERM' WHERE id = 'LC26-10';
SELECT is(pg_temp.got('P101', 'open_rounds', 'NULL', '$.opened[*].carried_gaps[*]'), '["WT26-10-2"]',
	'the next round takes along what is not done');
SELECT is((SELECT string_agg(concat_ws(' ', id, state, origin_id, round_id), ';' ORDER BY id) FROM data.gap
	WHERE org_id = '10'), 'WT26-10 CARRIED_OVER LC26-10;WT26-10-2 DOING WT26-10 LC26-10-2',
	'with its origin and where it stood');

-- ---- guidance ------------------------------------------------------------------------------------
SELECT is(pg_temp.refused('P201', 'add_guidance', '''{}'', NULL, ''x'', NULL, NULL'), 'ZB002 denied',
	'a branch guides nobody');
SELECT is(pg_temp.ask('P231', 'add_guidance', '''{}'', ''3.2'', ''会前先谈心'', NULL, NULL', 'org_ids'), '{13,14}',
	'a level between: its own branches');
SELECT is(pg_temp.refused('P231', 'add_guidance', '''{10}'', NULL, ''x'', NULL, NULL'), 'ZB002 denied',
	'and no other');
SELECT is(pg_temp.ask('P101', 'add_guidance', '''{}'', NULL, ''集中建设月'', ''2026-11-01'', ''2026-11-30''',
	'org_ids'), '{10,11,13,14}', 'S-42: a period of building together, for all');
SELECT is(pg_temp.refused('P101', 'add_guidance', '''{}'', NULL, ''x'', ''2026-11-01'', NULL'),
	'ZB001 invalid end_on|period_incomplete', 'a period has two ends');
SELECT is(pg_temp.refused('P221', 'reply_guidance', '''ZD26-01'', ''收到'''), 'ZB002 denied',
	'it was not told branch 11');
SELECT isnt(pg_temp.ask('P201', 'reply_guidance', '''ZD26-01'', ''已逐人谈心''', 'replied_at'), NULL, 'a reply');
SELECT is(pg_temp.got('P231', 'show_guidance', '''ZD26-01''', '$.replies[*].text'), '["已逐人谈心"]', 'is seen by whoever wrote');
SELECT is(pg_temp.got('P101', 'list_guidance', 'NULL', '$.guidance[*].org_id'),
	'["10", "11", "13", "13", "14", "14"]', 'NF-4: by code');
SELECT is(pg_temp.got('P221', 'list_guidance', 'NULL', '$.guidance[*].guidance_id'), '["ZD26-02"]',
	'a branch sees what was told to it');
SELECT is_empty($$ SELECT 1 FROM rule.hint WHERE request ~ 'guidance'
	UNION ALL SELECT 1 FROM rule.transition WHERE request ~ 'guidance'
	UNION ALL SELECT 1 FROM pg_proc p WHERE p.prosrc ~ 'data\.guidance' AND p.proname !~ 'guidance|^open_matters$'
		AND p.pronamespace::regnamespace::text IN ('api', 'flow', 'guard') $$,
	'S-42: guidance is no demand: nothing waits for it, and but for a dispatch meeting''s agenda nothing reads it');

-- ---- explaining, not adding: T33, NF-9 ----------------------------------------------------------
CREATE FUNCTION pg_temp.explain(items text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.refused('P231', 'explain_standard', 'NULL, ' || quote_literal(items)
		|| '::api.standard_item[]') $$;
SELECT is(pg_temp.explain('{"(3.1,,会前逐人谈心,,,{})"}'), 'done: (BZ26.1,Z2,{3.1})', 'a level between explains');
SELECT is(pg_temp.explain('{"(3.99,附上照片,必须,,,{})","(3.1,每月十张照片,x,,,{})","(4.1,,x,,BRANCH,{})","(1.1,,x,SECRETARY,,{学生})","(1.2,,,,,{})"}'),
	'ZB001 defects BZ26.1|nf9_item_added 3.99|nf9_item_changed 3.1 text|nf9_item_changed 4.1 told_by|nf9_item_changed 1.1 about|nf9_item_changed 1.1 applies_to|explanation_missing 1.2',
	'T33, NF-9: no item, no other words, nobody else''s to type, no wider circle: all at once');
SELECT is(pg_temp.refused('P231', 'draft_standard', 'NULL, NULL, ''{}'''), 'ZB002 denied', 'T33: nor a standard of its own');
SELECT is(pg_temp.got('P201', 'show_self', '''ZP26-14'', NULL', '$.items[*] ? (@.item == "3.1").guidance'),
	'["（智能制造党总支）会前逐人谈心"]', 'its branches read it');
SELECT is(pg_temp.got('P211', 'show_standard', 'NULL, NULL', '$.groups[*].items[*] ? (@.code == "3.1").guidance'),
	'[null]', 'others do not');
SELECT is(pg_temp.explain('{"(3.1,,\"\",,,{})"}'), 'done: (BZ26.1,Z2,{3.1})', 'taken back');
SELECT is(pg_temp.got('P201', 'show_self', '''ZP26-14'', NULL', '$.items[*] ? (@.item == "3.1").guidance'), '[null]', 'and gone');

-- ---- the next version of the standard, and what it asks ------------------------------------------
CREATE FUNCTION pg_temp.groups(more text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal(array_agg(ROW(g.group_no, g.title, g.text, ARRAY(
		SELECT ROW(i.code, i.text, i.guidance, i.about, i.told_by, i.applies_to)::api.standard_item
		FROM data.standard_item i WHERE i.standard_version_id = 'BZ26.1' AND i.group_no = g.group_no
		UNION ALL SELECT m FROM unnest(more::api.standard_item[]) m
		WHERE m.code LIKE g.group_no || '.%'))::api.standard_group)::text) || '::api.standard_group[]'
	FROM data.standard_group g WHERE g.standard_version_id = 'BZ26.1' $$;
SELECT is(pg_temp.refused('P101', 'draft_standard', 'NULL, NULL, ' || pg_temp.groups(
	'{"(3.1,再写一次,,,,{})","(3.x,x,,,,{})","(4.9,,,,,{})","(5.9,x,,,,{军人})"}')),
	'ZB001 defects standard_version|item_twice 3.1|item_twice 3.1|standard_code_bad 3.x 3|standard_item_bad 4.9|standard_category_unknown 5.9 学生、教工、教辅',
	'a draft''s defects at once');
SELECT is(pg_temp.refused('P101', 'draft_standard', 'NULL, NULL, ''{}'''),
	'ZB001 defects standard_version|standard_group_needed 1|standard_group_needed 2|standard_group_needed 3|standard_group_needed 4|standard_group_needed 5',
	'the plan''s five are all there');
SELECT is(pg_temp.ask('P101', 'draft_standard', 'NULL, ''细则'', ' || pg_temp.groups(
	'{"(3.8,实习党员参加组织生活,,,,{学生})"}'), 'burden'), '{"(学生,37,38)","(教工,37,37)","(教辅,37,37)"}',
	'NF-9: what it asks of each kind of branch is shown when somebody adds');
SELECT is(pg_temp.ask('P101', 'show_college', NULL, 'standard_version_id'), 'BZ26.1', 'a draft binds nobody');
SELECT is(pg_temp.refused('P201', 'show_standard', '''BZ26.2'', NULL'), 'ZB002 denied', 'and is not yet for branches');
SELECT is(pg_temp.refused('P101', 'adopt_standard', '''BZ26.2'', ''x'', NULL, NULL'), 'ZB002 denied', 'the department adopts nothing');
SELECT is(pg_temp.refused('P101', 'set_burden_limit', '37, ''x'''), 'ZB002 denied', 'nor sets the limit');
SELECT is(pg_temp.ask('P232', 'set_burden_limit', '37, ''党委会''', 'burden_limit'), '37', 'the committee does');
SELECT is(pg_temp.refused('P232', 'adopt_standard', '''BZ26.2'', ''党委会'', NULL, NULL'),
	'ZB003 state BZ26.2 standard_version.DRAFT|burden_over_limit 学生 38 37', 'NF-9: above the limit not without a decision');
SELECT is(pg_temp.got('P101', 'diff_standards', 'NULL, NULL', '$.differences[*].subject'), '["3.8", "3.8", "3.8", "3.8"]',
	'what is different');
SELECT is(pg_temp.ask('P232', 'adopt_standard', '''BZ26.2'', ''党委会'', NULL, ''党委会第9次''', 'state'), 'ADOPTED',
	'NF-9: with a recorded decision');
SELECT is(pg_temp.ask('P201', 'show_standard', '''BZ26.2'', NULL', 'burden_decision'), '党委会第9次', 'that everybody can read');
SELECT is(pg_temp.refused('P101', 'draft_standard', '''BZ26.2'', NULL, ' || pg_temp.groups()),
	'ZB003 state BZ26.2 standard_version.ADOPTED', 'an adopted version is never changed');
SELECT is((SELECT standard_version_id FROM data.round WHERE id = 'LC26-14'), 'BZ26.1', 'S-46: a round keeps its version');
SELECT is(pg_temp.got('P201', 'show_self', '''ZP26-14'', NULL', '$.items[*] ? (@.item == "3.8")'), '[]', 'and its items');
UPDATE data.round SET ended_on = '2026-10-22', state = 'ENDED_TERM' WHERE id IN ('LC26-13', 'LC26-14');
SELECT pg_temp.ask('P101', 'open_rounds', 'NULL') \g /dev/null
SELECT is((SELECT string_agg(r.org_id || ' ' || (SELECT count(*) FROM flow.self_rows(s.id, NULL)), ';' ORDER BY r.org_id)
	FROM data.round r JOIN data.self_assessment s ON s.round_id = r.id
	WHERE r.standard_version_id = 'BZ26.2'), '13 34;14 33', 'S-8: items differ by the kind of branch');
SELECT is(pg_temp.ask('P101', 'draft_standard', 'NULL, NULL, ' || pg_temp.groups(), 'burden'),
	'{"(学生,38,37)","(教工,37,37)","(教辅,37,37)"}', 'a draft that asks for less');
SELECT is(pg_temp.ask('P232', 'adopt_standard', '''BZ26.3'', ''党委会'', NULL, NULL', 'state'), 'ADOPTED', 'needs no more than that');
SELECT is(pg_temp.got('P201', 'show_burden', 'NULL', '$.forms[*].form'), '["SELF", "APPLICATION", "GAP", "FILE", "WORK"]',
	'everybody can see what forms ask');

-- ---- NF-8: each fact has one place -----------------------------------------------------------------
SELECT is_empty($$ SELECT f.request, f.field FROM rule.form_field f WHERE NOT EXISTS (
	SELECT FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace AND p.proname = f.request
		AND f.field = ANY (p.proargnames[1:p.pronargs])) AND NOT f.per_item $$, 'every field of a form is one of its request');
SELECT is((SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = 'api.self_entry'::regclass AND a.attnum > 0),
	ARRAY['item'] || ARRAY(SELECT f.field FROM rule.form_field f WHERE f.per_item ORDER BY f.field_no), 'and of its items');
-- what a branch can type beside its forms: numbers of things, and what speaks of the act
SELECT is_empty($$ SELECT w.request, n FROM rule.permission w
	JOIN pg_proc p ON p.pronamespace = 'api'::regnamespace AND p.proname = w.request AND p.provolatile = 'v',
	unnest(p.proargnames[1:p.pronargs]) n
	WHERE w.role = 'branch_secretary' AND w.request IN (SELECT request FROM rule.form_field)
		AND NOT EXISTS (SELECT FROM rule.form_field f WHERE f.request = w.request AND f.field = n)
		AND n NOT IN ('me', 'org_id', 'self_id', 'application_id', 'gap_id', 'work_id', 'base_revision', 'items',
			'name', 'size_bytes', 'sha256', 'cause', 'measure', 'responsible', 'due_on') $$,
	'NF-9: the inventory of fields is whole');

SELECT * FROM finish();
ROLLBACK;
