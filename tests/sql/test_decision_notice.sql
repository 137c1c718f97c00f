-- The kinds of notice, correction, extension, the report, and withdrawing after the
-- decision.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();
INSERT INTO data.office VALUES ('P53', '16', 'branch_secretary', '2024-01-01', NULL);

-- ---- opinions are gathered before anything is decided (plan, 三(一)3) ----------------
SELECT t.application('14'), t.application('24');
SELECT is(t.refused(t.ask('P21', 'new_notice', 'NULL, ''{}'', NULL, ''电话'', NULL, ''OPINION_GATHERING'', NULL')),
	'ZB001 invalid working_days_wanted', 'how long is said, there is no silent default');
SELECT is(t.refused(t.ask('P21', 'new_notice', 'NULL, ''{}'', NULL, ''电话'', NULL, NULL, 5')),
	'ZB001 invalid working_days_by_rule', 'for an intended award the rule set says it');
SELECT is((SELECT jsonb_path_query_array(r, '$.branches[*].org_id') FROM t.ask('P21', 'new_notice',
	'NULL, ''{}'', NULL, ''电话8120123'', NULL, ''OPINION_GATHERING'', 3') r), '["14", "24"]',
	'all that are being evaluated, in code order');
SELECT is(t.refused(t.ask('P21', 'new_notice',
	'NULL, ''{SB26-14}'', NULL, ''电话'', NULL, ''OPINION_GATHERING'', 3')),
	'ZB001 defects on_another_notice SB26-14 第14党支部 GS26-01', 'once');
SELECT t.ask('P22', 'check_notice', '''GS26-01'', true'), t.ask('P20', 'approve_notice', '''GS26-01''');
SELECT is((SELECT r->>'ends_on' || (r->>'text' ~ '四评.*排名不分先后.*有意见、建议的')
	FROM t.ask('P21', 'post_notice', '''GS26-01'', NULL') r), '2026-12-08true',
	'Thursday 3 and three working days: Tuesday 8');
SELECT is((SELECT array_agg(DISTINCT a.state) FROM data.application a), '{EVALUATING}',
	'nobody''s application moves');
SELECT is(t.ask('', 'public_notices', '''GS26-01''')->'notices'->0->>'kind', 'OPINION_GATHERING',
	'anybody can read it');
SELECT t.day('2026-12-09');
SELECT is(t.ask('P21', 'end_notice', '''GS26-01'', ''公告栏照片''')->>'state', 'ENDED_CLEAR', 'over');

-- ---- correction: three people again, the full period again ----------------------------
SELECT t.approved(t.proposed('{12,16,28}'));
SELECT is(t.refused(t.ask('P21', 'correct_notice', '''GS26-02'', ''电话印错'', NULL, NULL, NULL')),
	'ZB003 state', 'what does not hang is dropped, not corrected');
SELECT is(t.ask('P21', 'post_notice', '''GS26-02'', NULL')->>'ends_on', '2026-12-16', 'posted on the 9th');
SELECT t.day('2026-12-11');
SELECT is(t.ask('P21', 'correct_notice', '''GS26-02'', ''电话印错'', NULL, ''电话8120124'', NULL')
	->>'correction_notice_id', 'GS26-03', 'a new notice');
SELECT is(t.refused(t.ask('P22', 'correct_notice', '''GS26-02'', ''再改'', NULL, NULL, NULL')),
	'ZB003 state notice_corrected_already GS26-03', 'one at a time');
SELECT is(t.refused(t.ask('P21', 'check_notice', '''GS26-03'', true')),
	'ZB012 second_person_needed notice_is_yours GS26-03', 'by three people again');
SELECT t.ask('P22', 'check_notice', '''GS26-03'', true'), t.ask('P20', 'approve_notice', '''GS26-03''');
SELECT is((SELECT r->>'ends_on' || (r->>'text' ~ '2026年12月9日张贴的公示（GS26-02）有误：电话印错.*8120124')
	FROM t.ask('P21', 'post_notice', '''GS26-03'', NULL') r), '2026-12-18true',
	'the full period from its own posting, and it says what it corrects');
SELECT is((SELECT n.state FROM data.notice n WHERE n.id = 'GS26-02'), 'CORRECTED', 'the old one is set aside');
SELECT is((SELECT jsonb_agg(n->>'notice_id') FROM jsonb_array_elements(
	t.ask('', 'public_notices', 'NULL')->'notices') n), '["GS26-03", "GS26-01"]', 'and no longer hangs');
SELECT is((SELECT array_agg(DISTINCT a.state) FROM data.application a WHERE a.org_id IN ('12', '16', '28')),
	'{IN_PUBLICITY}', 'its branches stay in publicity');

-- ---- extension ----------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P21', 'extend_notice', '''GS26-03'', ''2026-12-17'', ''网络故障''')),
	'ZB001 invalid extension_later 2026-12-18', 'never shorter');
SELECT is(t.refused(t.ask('P21', 'extend_notice', '''GS26-03'', ''2026-12-20'', ''网络故障''')),
	'ZB001 invalid not_a_working_day 2026-12-20', 'to a working day');
SELECT is(t.refused(t.ask('P21', 'extend_notice', '''GS26-03'', ''2027-01-05'', ''网络故障''')),
	'ZB001 invalid notice_end_provisional 2027-01-05 2027', 'T29: of a year whose calendar is there');
SELECT is(t.refused(t.ask('P21', 'extend_notice', '''GS26-03'', ''2026-12-22'', '' ''')),
	'ZB001 invalid text_missing', 'with a reason');
SELECT is((SELECT r->>'ends_on' || (r->>'text' ~ '2026年12月22日（延长：网络故障）')
	FROM t.ask('P21', 'extend_notice', '''GS26-03'', ''2026-12-22'', ''网络故障''') r),
	'2026-12-22true', 'extended, and the wall says why');
SELECT t.day('2026-12-22');
SELECT is(t.refused(t.ask('P21', 'end_notice', '''GS26-03'', NULL')),
	'ZB003 state notice_still_running 2026-12-22 2026-12-22', 'to its new end');

-- ---- withdrawing after the decision ----------------------------------------------------------
SELECT is(t.refused(t.ask('P1', 'agree_withdrawal', '''SB26-16'', ''同意''')),
	'ZB003 state withdrawal_not_asked SB26-16', 'the committee does not withdraw for a branch');
SELECT is(t.ask('P53', 'withdraw_application', '''SB26-16'', ''班子调整''')->>'state', 'IN_PUBLICITY',
	'the branch asks, nothing moves yet');
SELECT is(t.refused(t.ask('P20', 'agree_withdrawal', '''SB26-16'', ''同意''')), 'ZB002 denied',
	'not for the department');
SELECT is(t.refused(t.ask('P1', 'agree_withdrawal', '''SB26-16'', NULL')), 'ZB001 invalid text_missing',
	'the committee''s word is written down');
SELECT is(t.ask('P1', 'agree_withdrawal', '''SB26-16'', ''党委知悉''')->>'state', 'WITHDRAWN', 'withdrawn');
SELECT is((SELECT r.state FROM data.round r WHERE r.org_id = '16'), 'SELF_ASSESSED', 'its round goes on');
SELECT t.day('2026-12-23');
SELECT is(t.ask('P21', 'end_notice', '''GS26-03'', ''公告栏照片''')->>'state', 'ENDED_CLEAR', 'over');
SELECT is(t.refused(t.ask('P20', 'confirm_award', '''SB26-16''')), 'ZB003 state', 'and not awarded');
SELECT is(t.ask('P20', 'confirm_award', '''SB26-12''')->>'state', 'CONFIRMED', 'the others are');
SELECT is(t.refused(t.ask('P21', 'correct_notice', '''GS26-03'', ''晚了'', NULL, NULL, NULL')),
	'ZB003 state notice_item_moved SB26-12 第12党支部 application.CONFIRMED',
	'what was acted on is not corrected');

-- ---- report, result -----------------------------------------------------------------------------
SELECT is((SELECT ARRAY[r->>'proof', r->>'corrects_id', r->'extensions'->0->>'reason', r->>'working_days',
	r->>'posting_day_counted'] FROM t.ask('P5', 'show_notice_report', '''GS26-03''') r),
	'{公告栏照片,GS26-02,网络故障,5,false}', 'D23: what the report says');
SELECT is(t.ask('P5', 'show_notice_report', '''GS26-02''')->>'corrected_by_id', 'GS26-03', 'and of the corrected one');
SELECT is(t.refused(t.ask('P21', 'new_notice', 'NULL, ''{SB26-12}'', NULL, ''电话'', NULL, ''RESULT'', NULL')),
	'ZB001 defects notice_item_moved SB26-12 第12党支部 application.CONFIRMED', 'no result before it takes effect');
SELECT t.ask('P1', 'sign_award', '''SB26-12'', ''院党发〔2026〕12号'', NULL, NULL');
SELECT is(t.ask('P21', 'new_notice', 'NULL, ''{}'', NULL, ''电话8120123'', NULL, ''RESULT'', NULL')->>'notice_id',
	'GS26-04', 'the result is announced');
SELECT t.ask('P22', 'check_notice', '''GS26-04'', true'), t.ask('P20', 'approve_notice', '''GS26-04''');
SELECT is((SELECT (r->>'text' ~ '决定评定.*12　第12党支部　院党发〔2026〕12号') || coalesce(r->>'ends_on', '-')
	|| (r->>'text' ~ '公示期') FROM t.ask('P21', 'post_notice', '''GS26-04'', NULL') r), 'true-false',
	'with its document, and no period');
SELECT is(t.refused(t.ask('P21', 'extend_notice', '''GS26-04'', ''2026-12-30'', ''再挂几天''')),
	'ZB003 state notice_without_period GS26-04', 'nor an extension');
SELECT is(t.ask('P21', 'end_notice', '''GS26-04'', NULL')->>'state', 'ENDED_CLEAR', 'taken down');

SELECT * FROM finish();
ROLLBACK;
