-- What a branch writes down of its own work: nothing asks for it, nothing counts it.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();
CREATE FUNCTION t.work(kind text, what text, more text DEFAULT
	'NULL, NULL, NULL, ''{}'', ''{}'', NULL') RETURNS text LANGUAGE sql AS $$
	SELECT format('NULL, %L, ''2026-11-20'', %L, %s', kind, what, more) $$;

-- ---- S-28: 办实事 -----------------------------------------------------------------------
SELECT is(t.ask('P50', 'add_work', t.work('DEED', '联系返校车票',
	'''实习学生'', ''三十二人按时返校'', true, ''{}'', ''{密切联系群众、服务群众}'', NULL'))->>'work_id',
	'SS26-14', 'S-28: what, for whom, when, result, whether they confirmed');
SELECT is(t.ask('P50', 'show_work', '''SS26-14''') - '{written_at}'::text[],
	'{"what": "联系返校车票", "kind": "DEED", "org_id": "14", "reason": null, "result": "三十二人按时返校",
	"work_id": "SS26-14", "for_whom": "实习学生", "org_name": "第14党支部", "life_steps": [], "version_no": 1,
	"written_by": "同志50", "happened_on": "2026-11-20", "branch_tasks": ["密切联系群众、服务群众"],
	"consented_on": null, "published_on": null, "served_confirmed": true}'::jsonb, 'as it was written');
SELECT is(t.ask('P50', 'add_work', t.work('DEED', '修好宿舍门锁'))->>'work_id', 'SS26-14-2',
	'S-28: not confirmed, not signed, without a picture: valid');
SELECT is_empty($$ SELECT a.attname FROM pg_attribute a WHERE a.attnum > 0
	AND a.attrelid IN ('data.work'::regclass, 'data.work_version'::regclass)
	AND a.attname ~ 'sign|photo|file|banner|thank|count|points' $$, 'S-28: there is no place for signatures or banners');

-- ---- S-22: the two yearly meetings ------------------------------------------------------
SELECT is(t.ask('P50', 'add_work', t.work('ORG_LIFE_MEETING', '年度组织生活会',
	'NULL, ''查摆的三个问题列入整改台账'', NULL, ''{征求意见,谈心谈话,批评和自我批评}'', ''{}'', NULL'))->>'version_no',
	'1', 'S-22: steps of the procedure, and how the result was used');
SELECT is(t.ask('P50', 'show_work', '''SS26-14-3''')->'life_steps', '["征求意见", "谈心谈话", "批评和自我批评"]',
	'S-22: steps read as in the list');
SELECT is(t.refused(t.ask('P50', 'add_work', t.work('MEMBER_APPRAISAL', '民主评议',
	'NULL, NULL, NULL, ''{拍照打卡}'', ''{}'', NULL'))), 'ZB001 invalid choice_unknown 拍照打卡 LIFE_STEP', 'of the list');
SELECT is(t.ask('P50', 'add_work', t.work('MEMBER_APPRAISAL', '民主评议'))->>'version_no', '1',
	'S-22: no step has to be named');

-- ---- S-26: the tasks are a list to cite ---------------------------------------------------
SELECT is(jsonb_array_length(t.ask('P50', 'list_choices', '''BRANCH_TASK''')->'choices'), 9,
	'S-26: eight basic tasks and the key task of a college branch');
SELECT is_empty($$ SELECT f.form, f.field FROM rule.form_field f WHERE f.field = 'branch_tasks' AND (f.required OR f.per_item) $$,
	'S-26: no form goes through them one by one');

-- ---- nothing is asked ------------------------------------------------------------------------
SELECT is((SELECT m.needed FROM rule.form m WHERE m.form = 'WORK'), 'AS_FOUND', 'NF-9: the yearly burden has no part of it');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('api', 'flow', 'guard') AND p.prosrc ~ 'data\.work|newest_work'
	AND p.proname !~ '_works?$|^(list_practices|work_row)$' $$, 'no rule and no other reply reads it');
SELECT is(t.refused(t.ask('P50', 'add_work', t.work('DEED', ' '))), 'ZB001 invalid text_missing', 'some words');
SELECT is(t.refused(t.ask('P50', 'add_work', t.work(NULL, '事'))), 'ZB001 invalid choice_missing', 'of a kind');
SELECT is(t.refused(t.ask('P50', 'add_work', 'NULL, ''DEED'', ''2026-12-04'', ''事'', NULL, NULL, NULL, ''{}'', ''{}'', NULL')),
	'ZB001 invalid date_in_future 2026-12-04', 'of a day that has been');
SELECT is(t.refused(t.ask('P22', 'add_work', t.work('DEED', '事'))), 'ZB002 denied', 'the branch alone writes it');

-- ---- a correction ------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P50', 'add_work', '''SS26-14'', ''DEED'', ''2026-11-20'', ''车票'', NULL, NULL, NULL, ''{}'', ''{}'', NULL')),
	'ZB001 invalid text_missing', 'a correction has a reason');
SELECT is(t.refused(t.ask('P51', 'add_work', '''SS26-14'', ''DEED'', ''2026-11-20'', ''车票'', NULL, NULL, NULL, ''{}'', ''{}'', ''x''')),
	'ZB002 denied', 'of the own');
SELECT is(t.refused(t.ask('P51', 'show_work', '''SS26-14''')), 'ZB002 denied', 'another branch does not read it');

-- ---- S-10: published with consent -----------------------------------------------------------------
-- Published by two: one states that nothing in it is classified, another agrees.
CREATE FUNCTION t.publish() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM t.ask('P22', 'publish_work', '''SS26-14'', true');
	RETURN t.ask('P20', 'give_approval', (SELECT quote_literal(a.id) FROM data.approval a
		WHERE a.state = 'WAITING'))->>'request';
END $$;
SELECT is(t.refused(t.ask('P22', 'publish_work', '''SS26-14'', true')), 'ZB004 work_without_consent',
	'S-10: not without the branch');
SELECT is(t.refused(t.ask('P22', 'consent_work', '''SS26-14'', true')), 'ZB002 denied', 'S-10: nobody agrees for it');
SELECT is(t.ask('P50', 'consent_work', '''SS26-14'', true')->>'consented_on', '2026-12-03', 'S-10: it agrees');
SELECT is(t.ask('P51', 'list_practices')->'works', '[]', 'S-10: still not shown');
SELECT is(t.refused(t.ask('P22', 'publish_work', '''SS26-14'', NULL')), 'ZB001 invalid secrecy_statement_missing',
	'not without the word that nothing in it is classified');
SELECT is(t.ask('P22', 'publish_work', '''SS26-14'', true')->'z_waiting'->>'roles', '["od_head", "od_officer"]',
	'nobody publishes alone');
SELECT is(t.ask('P51', 'list_practices')->'works', '[]', 'it waits for the second');
SELECT is(t.publish(), 'publish_work', 'published');
SELECT is(t.ask('P51', 'list_practices')->'works'->0->>'what', '联系返校车票', 'S-10: others read good practice');
SELECT is(jsonb_array_length(t.ask('P51', 'list_practices')->'works'), 1, 'S-10: that and no more');
SELECT is(t.ask('P50', 'consent_work', '''SS26-14'', false')->>'consented_on', NULL, 'consent is taken back');
SELECT is(t.ask('P51', 'list_practices')->'works', '[]', 'S-10: and it is no longer shown');
SELECT t.ask('P50', 'consent_work', '''SS26-14'', true'), t.publish();
SELECT is(t.ask('P50', 'add_work', '''SS26-14'', ''DEED'', ''2026-11-20'', ''联系车票'', NULL, NULL, NULL, ''{}'', ''{}'', ''笔误''')->>'version_no',
	'2', 'the next version');
SELECT is(t.ask('P51', 'list_practices')->'works', '[]', 'S-10: other words, consent anew');
SELECT is((SELECT array_agg(v.what::text ORDER BY v.version_no) FROM data.work_version v WHERE v.work_id = 'SS26-14'),
	'{联系返校车票,联系车票}', 'the older stays');
SELECT t.ask('P50', 'consent_work', '''SS26-14'', true'), t.ask('P22', 'publish_work', '''SS26-14'', true');
UPDATE data.deployment SET clock_shift = clock_shift + '1 minute';
SELECT t.ask('P50', 'add_work', '''SS26-14'', ''DEED'', ''2026-11-20'', ''第一人没有读过的话'', NULL, NULL, NULL, ''{}'', ''{}'', ''补充'''),
	t.ask('P50', 'consent_work', '''SS26-14'', true');
SELECT is(t.refused(t.ask('P20', 'give_approval', (SELECT quote_literal(max(a.id)) FROM data.approval a WHERE a.state = 'WAITING'))),
	'ZB003 state words_changed_since SS26-14', 'two read the same words, or it is not published');
SELECT is(t.ask('P51', 'list_practices')->'works', '[]', 'other words are not shown');
UPDATE data.approval SET state = 'REFUSED', answered_at = flow.now() WHERE state = 'WAITING';
SELECT t.ask('P51', 'add_work', t.work('DEED', '二支部的事'));
SELECT is((SELECT jsonb_path_query_array(r, '$.works[*].org_id') FROM t.ask('P22', 'list_works', 'NULL') r),
	'["02", "14", "14", "14", "14"]', 'NF-4: by code');

-- ---- S-56 ------------------------------------------------------------------------------------------
SELECT is(t.ask('P50', 'show_programme')->'related', '["北疆先锋工程"]', 'S-56: what the programme serves besides');
SELECT t.ask('P20', 'add_choice', '''RELATED_PROGRAMME'', ''双带头人工作室'', ''党委会''');
SELECT is(t.ask('P50', 'show_programme')->'related', '["北疆先锋工程", "双带头人工作室"]', 'S-56: a name on an open list');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('api', 'flow', 'guard') AND p.prosrc ~ 'RELATED_PROGRAMME' AND p.proname <> 'show_programme' $$,
	'S-56: no form is filled for it');

SELECT * FROM finish();
ROLLBACK;
