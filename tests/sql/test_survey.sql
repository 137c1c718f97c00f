-- Surveys through call.*: questions, codes, one answer a code, what is left after the
-- close, small groups, open surveys.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();
INSERT INTO data.rule_set (id, adopted_on, adopted_by, adopted_at, quorum_num, quorum_den,
	majority, recused_stay, notice_working_days, posting_day_counted, small_group,
	rectification_months, award_through_extension, students_judge, weak_lax_may_apply)
VALUES ('GZ26.1', '2026-01-01', 'P18', now(), 2, 3, 'MORE_THAN_HALF_OF_ENTITLED', true, 5,
	false, 5, 1, true, false, false);
CREATE FUNCTION t.token(n int) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT sha256(convert_to('code ' || n, 'UTF8')) $$;
CREATE FUNCTION t.codes(first int, last int) RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal(array_agg(h ORDER BY h)) || '::bytea[]' FROM (SELECT sha256(t.token(n)) AS h FROM generate_series(first, last) n) x $$;
CREATE FUNCTION t.answer(survey text, n int, marks text, comment text DEFAULT NULL, category text DEFAULT NULL) RETURNS jsonb
LANGUAGE sql AS $$ SELECT t.anyone('answer_survey', format('%L, %L::bytea, %L, %L::text[], %L', survey, t.token(n), category, marks, comment)) $$;

-- ---- questions: the department's, versioned -------------------------------------
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'adopt_question_set', $a$'调查', '部务会', '{联系群众}', '{}', NULL$a$)$$,
	'ZB002', NULL, 'the head decides on the questions');
SELECT throws_ok($$SELECT t.as('P11', 'od_head@ZZB', 'adopt_question_set', $a$'调查', '部务会', '{}', '{"(A,好)"}', NULL$a$)$$,
	'ZB001', NULL, 'questions, and at least two options');
SELECT is(t.as('P11', 'od_head@ZZB', 'adopt_question_set', $a$'群众评判调查', '部务会', '{联系群众,为群众办实事}', '{}', '意见和建议'$a$)
	->> 'question_set_id', 'DT26.1', 'questions');
SELECT is((SELECT jsonb_path_query_array(r, '$.options[*].text') FROM t.as('P1', 'branch_secretary@14', 'show_question_set', 'NULL') r),
	'["满意", "较满意", "基本满意", "不满意"]', 'with the four usual options');

-- ---- a survey of an application -----------------------------------------------------
SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$) \g /dev/null
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'new_survey', $a$'SB26-14', NULL, NULL, '{教师,学生}', false, NULL$a$)$$,
	'ZB001', NULL, 'students only where the rules say so');
UPDATE data.rule_set SET students_judge = true;
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'new_survey', $a$'SB26-14', NULL, NULL, '{}', false, NULL$a$)$$,
	'ZB001', NULL, 'who is asked is said');
SELECT throws_ok($$SELECT t.as('P1', 'branch_secretary@14', 'new_survey', $a$'SB26-14', NULL, NULL, '{教师}', false, NULL$a$)$$,
	'ZB002', NULL, 'not by the branch');
SELECT is(t.as('P10', 'od_officer@ZZB', 'new_survey', $a$'SB26-14', NULL, NULL, '{教师,学生}', false, flow.today() + 9$a$),
	'{"survey_id": "DC26-14", "state": "DRAFT"}', 'a survey with codes');
SELECT throws_ok($$SELECT t.anyone('get_survey', $a$'DC26-14'$a$)$$, 'ZB009', NULL, 'nobody outside knows of a draft');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'open_survey', $a$'DC26-14', NULL$a$)$$, 'ZB003', NULL, 'codes first');
SELECT throws_ok($$SELECT t.as('P12', 'od_officer@ZZB', 'list_codes', $a$'DC26-14', '教师', '{}'$a$)$$, 'ZB002', E'own_branch\x1f14', 'T23');
SELECT throws_ok(format('SELECT t.as(%L, %L, %L, %L)', 'P10', 'od_officer@ZZB', 'list_codes', $$'DC26-14', NULL, $$ || t.codes(1, 8)),
	'ZB001', NULL, 'for one of its categories');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'list_codes', $a$'DC26-14', '教师', (SELECT array_agg(h ORDER BY h DESC) FROM unnest($a$ || t.codes(1, 8) || $a$) h)$a$)$$,
	'ZB001', NULL, 'in the order of the hash, which tells nothing');
SELECT is(t.as('P10', 'od_officer@ZZB', 'list_codes', $$'DC26-14', '教师', $$ || t.codes(1, 8)) ->> 'listed', '8', 'eight for teachers');
SELECT is(t.as('P10', 'od_officer@ZZB', 'list_codes', $$'DC26-14', '学生', $$ || t.codes(21, 26)) ->> 'listed', '6', 'six for students');
SELECT throws_ok(format('SELECT t.as(%L, %L, %L, %L)', 'P10', 'od_officer@ZZB', 'list_codes', $$'DC26-14', '学生', $$ || t.codes(26, 27)),
	'ZB001', NULL, 'a code is listed once');
SELECT is(t.as('P10', 'od_officer@ZZB', 'open_survey', $a$'DC26-14', NULL$a$) ->> 'given_out', '14', 'open: fourteen codes are out');
SELECT is(t.anyone('get_survey', $a$'DC26-14'$a$) - 'options' - 'closes_on',
	'{"survey_id": "DC26-14", "state": "OPEN", "org_name": "电气自动化系教工党支部", "title": "群众评判调查", "questions": ["联系群众", "为群众办实事"], "free_text": "意见和建议", "categories": ["教师", "学生"], "unverified": false}',
	'the form is for anybody');

-- ---- one answer a code --------------------------------------------------------------
SELECT is(t.answer('DC26-14', 1, '{SATISFIED,""}', '报修快了'), '{"survey_id": "DC26-14"}', 'an answer');
SELECT is((SELECT count(*)::int FROM data.survey_code c WHERE c.survey_id = 'DC26-14'), 13, 'its code is burnt');
SELECT is(t.answer('DC26-14', 1, '{SATISFIED,""}', '报修快了'), '{"survey_id": "DC26-14"}', 'T9: the same again is the same');
SELECT is((SELECT count(*)::int FROM data.survey_box), 1, 'T9: and is one');
SELECT throws_ok($$SELECT t.answer('DC26-14', 1, '{DISSATISFIED,""}', '报修快了')$$, 'ZB010', 'survey_code_used', 'T10: another with a used code is refused');
SELECT throws_ok($$SELECT t.answer('DC26-14', 9, '{SATISFIED,SATISFIED}')$$, 'ZB009', NULL, 'T39: a code that was never made answers nothing');
SELECT throws_ok($$SELECT t.answer('DC26-14', 2, '{SATISFIED}')$$, 'ZB001', NULL, 'a mark for each question');
SELECT throws_ok($$SELECT t.answer('DC26-14', 2, '{SATISFIED,SPLENDID}')$$, 'ZB001', NULL, 'of the options there are');
SELECT is((SELECT count(*)::int FROM data.survey_code c WHERE c.survey_id = 'DC26-14'), 13, 'a refused answer burns no code');
SELECT t.answer('DC26-14', n, '{SATISFIED,FAIRLY_SATISFIED}') FROM generate_series(2, 6) n \g /dev/null
SELECT t.answer('DC26-14', n, '{DISSATISFIED,SATISFIED}', CASE n WHEN 21 THEN '宿舍报修慢' END) FROM generate_series(21, 24) n \g /dev/null
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_survey', $a$'DC26-14'$a$) #> '{result,tallies}', '[]', 'no result while it is open');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_survey', $a$'DC26-14'$a$) #> '{result,answers}', 'null', 'nor how many have answered');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'close_stream', $a$'PS26-14-MAS'$a$)$$, 'ZB003', NULL, 'the stream waits for it');

-- ---- the close ------------------------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'close_survey', $a$'DC26-14'$a$) ->> 'answers', '10', 'ten answers');
SELECT is((SELECT count(*)::int FROM data.survey_box) + (SELECT count(*)::int FROM data.survey_code), 0, 'codes and box are gone');
SELECT is((SELECT count(DISTINCT a.xmin::text)::int FROM data.survey_answer a), 1, 'one transaction wrote them all');
SELECT is((SELECT array_agg(a.id ORDER BY a.ctid) FROM data.survey_answer a), (SELECT array_agg(a.id ORDER BY a.id) FROM data.survey_answer a),
	'in the order of ids drawn at the close');
SELECT is_empty($$SELECT a.id FROM data.survey_answer a JOIN data.survey_comment c USING (id)$$, 'no id joins marks and words');
SELECT is_empty($$SELECT c.table_name, c.column_name FROM information_schema.columns c
	WHERE c.table_schema = 'data' AND c.table_name IN ('survey_code', 'survey_box', 'survey_answer', 'survey_comment')
		AND (c.data_type ~ 'time|date|inet' OR c.column_default IS NOT NULL OR c.is_identity = 'YES' OR c.column_name ~ 'person|_at$|_on$')$$,
	'neither time, address, serial nor person has a column');
SELECT throws_ok($$SELECT t.answer('DC26-14', 7, '{SATISFIED,SATISFIED}')$$, 'ZB006', NULL, 'nobody answers after the close');
SELECT is((SELECT ARRAY[r #>> '{result,tallies,0,counts}', r #>> '{result,tallies,1,blank}', r #>> '{result,by_category,1,answers}']
	FROM t.as('P10', 'od_officer@ZZB', 'show_survey', $a$'DC26-14'$a$) r), '{"[6, 0, 0, 4]",1,4}', 'the department sees the counts of both');
SELECT is((SELECT jsonb_agg(x ORDER BY x) FROM jsonb_array_elements(t.as('P10', 'od_officer@ZZB', 'show_survey', $a$'DC26-14'$a$) -> 'comment_texts') x),
	'["宿舍报修慢", "报修快了"]', 'and the words');
SELECT throws_ok($$SELECT t.as('P12', 'od_officer@ZZB', 'show_survey', $a$'DC26-14'$a$)$$, 'ZB002', E'own_branch\x1f14', 'not an officer of the branch');
SELECT is((SELECT ARRAY[j #>> '{tallies,0,counts}', j #>> '{by_category}', j #>> '{categories_suppressed}']
	FROM (SELECT to_jsonb(flow.survey_result(s, false)) AS j FROM data.survey s) x), '{"[6, 0, 0, 4]",[],true}',
	'T40: four students are too few: no category stands alone, the rest would tell');
UPDATE data.rule_set SET small_group = 11;
SELECT is((SELECT ARRAY[j #>> '{tallies}', j #>> '{suppressed}', j #>> '{answers}']
	FROM (SELECT to_jsonb(flow.survey_result(s, false)) AS j FROM data.survey s) x), '{[],true,10}', 'T40: below k only how many');
UPDATE data.rule_set SET small_group = 5;
SELECT unalike(flow.dossier_content('CL26-14', a), '%宿舍报修慢%', 'the words are not for the dossier') FROM data.application a WHERE a.id = 'SB26-14';
SELECT alike(flow.dossier_content('CL26-14', a), '%DC26-14%', 'the counts are') FROM data.application a WHERE a.id = 'SB26-14';

-- ---- an open survey -----------------------------------------------------------------------
SELECT is(t.as('P10', 'od_officer@ZZB', 'new_survey', $a$NULL, '14', 'DT26.1', '{教师,职工}', true, NULL$a$) ->> 'survey_id', 'DC26-14-2', 'an open survey');
SELECT throws_ok(format('SELECT t.as(%L, %L, %L, %L)', 'P10', 'od_officer@ZZB', 'list_codes', $$'DC26-14-2', '教师', $$ || t.codes(31, 32)),
	'ZB003', NULL, 'has no codes');
SELECT throws_ok($$SELECT t.as('P10', 'od_officer@ZZB', 'open_survey', $a$'DC26-14-2', NULL$a$)$$, 'ZB001', NULL, 'and says how many are asked');
SELECT is(t.as('P10', 'od_officer@ZZB', 'open_survey', $a$'DC26-14-2', 3$a$) ->> 'given_out', '3', 'three');
SELECT throws_ok($$SELECT t.answer('DC26-14-2', 51, '{SATISFIED,SATISFIED}')$$, 'ZB001', NULL, 'who answers says of which category');
SELECT t.answer('DC26-14-2', n, '{SATISFIED,SATISFIED}', NULL, '职工') FROM generate_series(51, 53) n \g /dev/null
SELECT lives_ok($$SELECT t.answer('DC26-14-2', 53, '{SATISFIED,SATISFIED}', NULL, '职工')$$, 'the same again takes no place');
SELECT throws_ok($$SELECT t.answer('DC26-14-2', 54, '{DISSATISFIED,SATISFIED}', NULL, '职工')$$, 'ZB006', E'survey_full\x1fDC26-14-2',
	'T39: a script pours in no more than were asked');
SELECT is(t.as('P10', 'od_officer@ZZB', 'close_survey', $a$'DC26-14-2'$a$) ->> 'answers', '3', 'three answers');
SELECT is((SELECT jsonb_path_query_array(r, '$.sheet.surveys[*].unverified') FROM t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) r),
	'[false, true]', 'T39: marked where it is shown');
SELECT is((SELECT s.application_id FROM data.survey s WHERE s.id = 'DC26-14-2'), 'SB26-14', 'it serves the open application');
SELECT is(t.as('P10', 'od_officer@ZZB', 'void_survey', $a$'DC26-14-2', '收到的份数不正常'$a$) ->> 'state', 'VOID', 'a flooded one is void');
SELECT is((SELECT count(*)::int FROM data.survey_answer a WHERE a.survey_id = 'DC26-14-2'), 0, 'and its answers go');

-- ---- the last day -----------------------------------------------------------------------
SELECT t.as('P10', 'od_officer@ZZB', 'new_survey', $a$'SB26-14', NULL, NULL, '{教师}', true, flow.today()$a$) \g /dev/null
SELECT t.as('P10', 'od_officer@ZZB', 'open_survey', $a$'DC26-14-3', 5$a$) \g /dev/null
SELECT is(t.hinted('P10', 'close_survey'), NULL, 'next: not while people may answer');
SELECT lives_ok($$SELECT t.answer('DC26-14-3', 61, '{"",""}')$$, 'one category need not be named');
UPDATE data.survey SET closes_on = closes_on - 1 WHERE id = 'DC26-14-3';
SELECT throws_ok($$SELECT t.answer('DC26-14-3', 62, '{"",""}')$$, 'ZB006', NULL, 'by the database''s day');
SELECT is(t.hinted('P10', 'close_survey'), 'DC26-14-3', 'next: then it is to be closed');

-- ---- an opinion-gathering notice is a channel of the masses' judgement (S-36) ---------------
UPDATE data.survey SET state = 'VOID';
SELECT is((SELECT string_agg(g.key, ' ') FROM guard.stream_complete('PS26-14-MAS') g), 'stream_without_material', 'no channel was used');
INSERT INTO data.notice (id, org_id, state, kind, working_days, title, contact, drafted_by, drafted_on, posted_on, ends_on)
VALUES ('GS26-01', 'DW', 'POSTED', 'OPINION_GATHERING', 5, '征求意见', '电话', 'P10', flow.today(), flow.today(), flow.today() + 7);
INSERT INTO data.notice_item (notice_id, application_id, org_id, org_name) VALUES ('GS26-01', 'SB26-14', '14', '电气自动化系教工党支部');
SELECT is((SELECT string_agg(g.key, ' ') FROM guard.stream_complete('PS26-14-MAS') g), 'opinion_notice_not_ended', 'one that hangs is waited for');
UPDATE data.notice SET state = 'ENDED_CLEAR';
SELECT is((SELECT string_agg(g.key, ' ') FROM guard.stream_complete('PS26-14-MAS') g), NULL, 'one that has hung is material');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) #>> '{sheet,notices,0,ends_on}', '2026-10-29', 'and on the sheet');

SELECT * FROM finish();
ROLLBACK;
