-- Representatives of the masses and the opinions of other bodies, through call.*.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();
INSERT INTO data.rule_set (id, adopted_on, adopted_by, adopted_at, quorum_num, quorum_den,
	majority, recused_stay, notice_working_days, posting_day_counted, small_group,
	rectification_months, award_through_extension, students_judge,
	weak_lax_may_apply)
VALUES ('GZ26.1', '2026-01-01', 'P18', now(), 2, 3, 'MORE_THAN_HALF_OF_ENTITLED', true, 5,
	false, 5, 1, true, false, false);
CREATE FUNCTION t.reasons(person text, office text, request text, args text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	PERFORM t.as(person, office, request, args);
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || rtrim(translate(coalesce(nullif(detail, ''), SQLERRM), E'\x1f\x1e', ' |'));
END $$;
-- One way to choose, two teachers; `by` is an array literal.
CREATE FUNCTION t.choose(by text, people text DEFAULT '{"(白音,教师,基础部)","(高娃,教师,后勤处)"}')
RETURNS text LANGUAGE sql AS $$ SELECT format('%L, 2026, %L, %L, %L::api.representative[]',
	'14', '工会从各教研室抽签', by, people) $$;

-- ---- who chooses ---------------------------------------------------------------
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{' || b || '}')),
	'ZB001 chosen_by_branch_alone 14', b || ': a branch does not choose its judges alone')
FROM unnest('{14,本支部,支委会,支部书记,党支部推荐,电气自动化系教工党支部,电气自动化系教工党支部委员会}'::text[]) b;
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{14,本支部}')),
	'ZB001 chosen_by_branch_alone 14', 'not under two names either');
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{}', '{}')),
	'ZB001 chosen_by_nobody|representatives_none', 'everything that is missing at once');
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{工会}', '{"(党员1,教师,)","(白音,,)","(王磊,教师,)","(王磊,教师,)"}')),
	'ZB001 representative_incomplete 2|representative_twice 王磊 教师|representative_is_member 党员1 14|representative_is_member 王磊 14|representative_is_member 王磊 14',
	'nor are its members the masses');
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{工会}', '{"(小赵,学生,电气2401)"}')),
	'ZB001 students_do_not_judge GZ26.1', 'domain 1.2: students only where the college says so');
SELECT is(t.reasons('P12', 'od_officer@ZZB', 'choose_representatives', t.choose('{工会}')), 'ZB002 own_branch 14',
	'T23: not prepared by an officer of the branch');
SELECT is(t.reasons('P1', 'branch_secretary@14', 'choose_representatives', t.choose('{工会}')), 'ZB002 denied', 'nor by the branch');
SELECT is(t.as('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{本支部,工会}')),
	'{"mass_session_id": "QZ26-14", "state": "CHOSEN"}', 'with another body it may have a say');
SELECT is(t.as('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{工会}', '{"(白音,教师,基础部)","(高娃,教师,后勤处)","(苏和,职工,)"}'))
	->> 'mass_session_id', 'QZ26-14', 'the list is made anew until the review');
SELECT is((SELECT ARRAY[r ->> 'how_chosen', r ->> 'chosen_by'] FROM t.as('P1', 'branch_secretary@14', 'show_representatives', $a$'QZ26-14'$a$) r),
	'{工会从各教研室抽签,"[\"工会\"]"}', 'the branch sees how they were chosen');
SELECT is(t.reasons('P9', 'branch_secretary@15', 'show_representatives', $a$'QZ26-14'$a$), 'ZB002 denied', 'another does not');
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'seat_representatives', $a$'QZ26-14', flow.today(), '{9}'$a$), 'ZB001 not_on_list 9', 'a number of the list');
SELECT is(t.as('P10', 'od_officer@ZZB', 'seat_representatives', $a$'QZ26-14', flow.today(), '{3}'$a$) ->> 'present', '2', 'two took part');
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'choose_representatives', t.choose('{工会}')), 'ZB003 state QZ26-14 mass_session.HELD', 'then the list stays');

-- ---- the review shows them, the application's sheet counts them -------------------
SELECT t.as('P1', 'branch_secretary@14', 'write_duty_report', $a$NULL, 2026, '做了', '问题', '下一步'$a$) \g /dev/null
SELECT is((SELECT jsonb_path_query_array(r, '$.representatives[*].took_part') FROM t.as('P10', 'od_officer@ZZB', 'show_duty_review', $a$'SZ26-14'$a$) r),
	'[true, true, false]', 'the review shows who took part');
SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$) \g /dev/null
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) #> '{sheet,representatives}', 'null', 'not yet of this application');
SELECT is(jsonb_array_length(t.as('P10', 'od_officer@ZZB', 'link_material', $a$'SB26-14', NULL$a$) -> 'linked'), 2, 'review and representatives');
SELECT is((SELECT ARRAY[s ->> 'representatives', s ->> 'how_chosen'] FROM (SELECT t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) -> 'sheet' AS s) x),
	'{2,工会从各教研室抽签}', 'heads, and how they were chosen');
SELECT is((SELECT string_agg(g.key, ' ') FROM guard.stream_complete('PS26-14-MAS') g), 'stream_without_material',
	'a list of names alone is no judgement');

-- ---- clearance -------------------------------------------------------------------
SELECT is(t.reasons('P12', 'od_officer@ZZB', 'ask_clearance', $a$'SB26-14', '纪检', '有无情况', NULL$a$), 'ZB002 own_branch 14', 'T23');
SELECT is(t.as('P10', 'od_officer@ZZB', 'ask_clearance', $a$'SB26-14', '纪检', '有无情况', flow.today() + 7$a$) ->> 'clearance_id', 'QJ26-14', 'asked');
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'ask_clearance', $a$'SB26-14', '纪检', '有无情况', NULL$a$), E'ZB004 clearance_open 纪检 SB26-14', 'once at a time');
SELECT is(t.as('P10', 'od_officer@ZZB', 'ask_clearance', $a$'SB26-14', '保卫处', '有无情况', NULL$a$) ->> 'clearance_id', 'QJ26-14-2', 'an open list');
SELECT is(t.hinted('P19', 'answer_clearance'), 'QJ26-14', 'next: the discipline body answers what it was asked');
SELECT is(t.hinted('P10', 'answer_clearance'), 'QJ26-14-2', 'next: the department enters what comes on paper');
SELECT is(t.reasons('P19', 'discipline@DW', 'show_clearance', $a$'QJ26-14-2'$a$), 'ZB002 denied', 'another body''s question is not its own');
SELECT is((SELECT jsonb_path_query_array(r, '$.clearances[*].body') FROM t.as('P19', 'discipline@DW', 'list_clearances', 'NULL') r), '["纪检"]', 'its own list');
SELECT is((SELECT s -> 'clearances' FROM (SELECT t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) -> 'sheet' AS s) x),
	'[{"body": "纪检", "state": "ASKED", "asked_on": "2026-10-22", "answered_on": null}, {"body": "保卫处", "state": "ASKED", "asked_on": "2026-10-22", "answered_on": null}]',
	'T6: the sheet says that it is open');
SELECT is((SELECT jsonb_path_query_array(s, '$.open_matters[*] ? (@.kind == "CLEARANCE").object_id') FROM (SELECT t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) -> 'sheet' AS s) x),
	'["QJ26-14", "QJ26-14-2"]', 'an open matter');
SELECT is(t.reasons('P19', 'discipline@DW', 'answer_clearance', $a$'QJ26-14', NULL, 'NO_OBJECTION', '某人'$a$), 'ZB001 annex_without_word', 'an annex is announced');
SELECT is(t.as('P19', 'discipline@DW', 'answer_clearance', $a$'QJ26-14', NULL, 'SEE_ANNEX', '某党员正在核查'$a$) ->> 'state', 'ANSWERED', 'answered');
SELECT is(t.reasons('P10', 'od_officer@ZZB', 'answer_clearance', $a$'QJ26-14-2', NULL, 'SEE_ANNEX', '某人'$a$), 'ZB001 annex_for_head', 'an officer enters none');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_clearance', $a$'QJ26-14'$a$) ->> 'conclusion', 'SEE_ANNEX', 'the officer sees the conclusion');
SELECT is(t.as('P10', 'od_officer@ZZB', 'show_clearance', $a$'QJ26-14'$a$) ->> 'annex', NULL, 'not the annex');
SELECT is(t.as('P11', 'od_head@ZZB', 'show_clearance', $a$'QJ26-14'$a$) ->> 'annex', '某党员正在核查', 'the head does');
SELECT is(t.reasons('P12', 'od_officer@ZZB', 'show_clearance', $a$'QJ26-14'$a$), 'ZB002 denied', 'T23: an officer of the branch sees nothing of it');
SELECT is(t.as('P10', 'od_officer@ZZB', 'withdraw_clearance', $a$'QJ26-14-2', '重复'$a$) ->> 'state', 'WITHDRAWN', 'one may be withdrawn');
SELECT is((SELECT s -> 'clearances' FROM (SELECT t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) -> 'sheet' AS s) x),
	'[{"body": "纪检", "state": "ANSWERED", "asked_on": "2026-10-22", "answered_on": "2026-10-22"}]',
	'T6: answered, and not a word of what');
SELECT unalike(flow.dossier_content('CL26-14', a), '%SEE_ANNEX%', 'T6: nor in the dossier') FROM data.application a WHERE a.id = 'SB26-14';
SELECT unalike(flow.dossier_content('CL26-14', a), '%核查%', 'T6: nor of the annex') FROM data.application a WHERE a.id = 'SB26-14';

SELECT * FROM finish();
ROLLBACK;
