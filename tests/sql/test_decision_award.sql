-- From the signed minutes to the award: three people, the holiday calendar, the term.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- ---- drafting: what may be on it ---------------------------------------------------
SELECT is(t.refused(t.ask('P21', 'new_notice', 'NULL, ''{}'', NULL, ''电话'', NULL, NULL, NULL')),
	'ZB001 invalid nothing_proposed', 'nothing is proposed yet');
SELECT t.meet('30', 9, 9), t.hands('SB26-30', 9, 0, 0, 0);
SELECT t.ask('P30', 'resolve_item', '''SB26-30'', NULL, NULL, NULL, NULL');
SELECT is(t.refused(t.ask('P21', 'new_notice', 'NULL, ''{}'', NULL, ''电话'', NULL, NULL, NULL')),
	'ZB001 defects minutes_unsigned SB26-30 第30党支部 HY26-01', 'minutes first');
SELECT is(t.proposed('{24,14}'), 'HY26-02', 'two branches proposed in signed minutes');
SELECT is(t.refused(t.ask('P50', 'new_notice', 'NULL, ''{}'', NULL, ''电话'', NULL, NULL, NULL')),
	'ZB002 denied', 'a branch drafts no notice');
SELECT is(t.refused(t.ask('P21', 'new_notice', '''HY26-02'', ''{}'', NULL, '' '', NULL, NULL, NULL')),
	'ZB001 invalid text_missing', 'it says where to report');
SELECT is((SELECT jsonb_path_query_array(r, '$.branches[*].org_id') FROM t.ask('P21',
	'new_notice', '''HY26-02'', ''{}'', NULL, ''电话8120123'', ''公告栏'', NULL, NULL') r),
	'["14", "24"]', 'in code order');
SELECT is(t.refused(t.ask('P22', 'new_notice', '''HY26-02'', ''{}'', NULL, ''电话'', NULL, NULL, NULL')),
	'ZB001 defects on_another_notice SB26-14 第14党支部 GS26-01;on_another_notice SB26-24 第24党支部 GS26-01',
	'one notice an application');
SELECT is(t.refused(t.ask('P21', 'new_notice',
	'NULL, ''{SB26-99}'', NULL, ''电话'', NULL, NULL, NULL')), 'ZB001 defects application_unknown SB26-99',
	'only what there is');

-- ---- three people ----------------------------------------------------------------------
SELECT is(t.refused(t.ask('P20', 'approve_notice', '''GS26-01''')), 'ZB003 state',
	'no approval before the secrecy check');
SELECT is(t.refused(t.ask('P21', 'check_notice', '''GS26-01'', true')),
	'ZB012 second_person_needed notice_is_yours GS26-01', 'who drafted does not check');
SELECT is(t.refused(t.ask('P22', 'check_notice', '''GS26-01'', NULL')),
	'ZB001 invalid secrecy_statement_missing', 'the check is a statement');
SELECT is(t.ask('P22', 'check_notice', '''GS26-01'', true')->>'state', 'SECRECY_CHECKED',
	'another person checks');
SELECT is(t.refused(t.ask('P22', 'approve_notice', '''GS26-01''')), 'ZB002 denied',
	'an officer does not approve');
INSERT INTO data.office VALUES ('P22', 'ZZB', 'od_head', '2024-01-01', NULL),
	('P21', 'ZZB', 'od_head', '2024-01-01', NULL);
SELECT is(t.refused(t.ask('P22', 'approve_notice', '''GS26-01''', 'od_head@ZZB')),
	'ZB012 second_person_needed notice_checked_by_you GS26-01', 'nor who checked, as head');
SELECT is(t.refused(t.ask('P21', 'approve_notice', '''GS26-01''', 'od_head@ZZB')),
	'ZB012 second_person_needed notice_is_yours GS26-01', 'nor who drafted');
DELETE FROM data.office WHERE role = 'od_head' AND person_id <> 'P20';
SELECT is(t.refused(t.ask('P21', 'post_notice', '''GS26-01'', NULL')), 'ZB003 state',
	'nothing is posted unapproved');
SELECT is(t.ask('P20', 'approve_notice', '''GS26-01''')->>'state', 'APPROVED', 'the third approves');
SELECT is(jsonb_array_length(t.ask('', 'public_notices', 'NULL')->'notices'), 0,
	'nobody outside sees it yet');

-- ---- posting and the period ----------------------------------------------------------------
SELECT t.day('2026-12-11');
SELECT is(t.refused(t.ask('P21', 'post_notice', '''GS26-01'', ''2026-12-12''')),
	'ZB001 invalid posted_on_range 2026-12-03 2026-12-11', 'not dated ahead');
SELECT is(t.refused(t.ask('P21', 'post_notice', '''GS26-01'', ''2026-12-03''')),
	'ZB001 invalid notice_over_already 2026-12-10', 'nor so far back that it is over');
SELECT is((SELECT ARRAY[r->>'ends_on', r->>'provisional', r->>'working_days'] FROM
	t.ask('P21', 'post_notice', '''GS26-01'', NULL') r), '{2026-12-18,false,5}',
	'Friday 11 to Friday 18: five working days, the posting day not counted');
SELECT is((SELECT array_agg(DISTINCT a.state) FROM data.application a
	WHERE a.org_id IN ('14', '24')), '{IN_PUBLICITY}', 'both are in publicity');
SELECT is((SELECT n->>'text' ~ '排名不分先后.*14　第14党支部.*24　第24党支部.*2026年12月11日至2026年12月18日.*8120123'
	FROM jsonb_array_elements(t.ask('', 'public_notices', 'NULL')->'notices') n), true,
	'anybody reads the whole text');
SELECT ok(NOT t.ask('', 'public_notices', 'NULL')::text ~ '同志', 'and no name of who made it');
SELECT t.day('2026-12-18');
SELECT is(t.refused(t.ask('P21', 'end_notice', '''GS26-01'', NULL')),
	'ZB003 state notice_still_running 2026-12-18 2026-12-18', 'the last day is still a day');
SELECT is(t.refused(t.ask('P20', 'confirm_award', '''SB26-14''')),
	'ZB003 state notice_not_ended GS26-01 notice.POSTED', 'nothing is confirmed meanwhile');
SELECT t.day('2026-12-19');
SELECT is(t.ask('P21', 'end_notice', '''GS26-01'', NULL')->>'state', 'ENDED_CLEAR', 'the day after: over');
SELECT is(t.refused(t.ask('P21', 'end_notice', '''GS26-01'', NULL')), 'ZB003 state', 'once');

-- ---- T28: the Friday before Spring Festival, with a make-up Sunday -----------------------------
INSERT INTO data.holiday_year (year, imported_at) VALUES (2027, now());
INSERT INTO data.holiday (day, year, working, name)
SELECT d::date, 2027, false, '春节' FROM generate_series(date '2027-02-05', '2027-02-11', '1 day') d
UNION ALL VALUES (date '2027-01-31', 2027, true, '春节调休'),
	('2027-02-14', 2027, true, '春节调休');
SELECT t.day('2027-01-29');
SELECT t.approved(t.proposed('{20}'));
SELECT is(t.ask('P21', 'post_notice', '''GS27-01'', NULL')->>'ends_on', '2027-02-04',
	'T28: posted Friday 29 January; the make-up Sunday counts');
SELECT is((SELECT ARRAY[e.ends_on::text, e.provisional::text] FROM flow.notice_end(
	jsonb_populate_record(NULL::data.notice, '{"posted_on": "2027-02-04",
		"rule_set_id": "GZ26.1"}')) e), '{2027-02-17,false}',
	'T28: over the festival, with the make-up Sunday behind it');

-- ---- T29: the next year's calendar is not published ---------------------------------------------
SELECT t.day('2027-12-28');
SELECT t.approved(t.proposed('{22}'));
SELECT is((SELECT ARRAY[r->>'ends_on', r->>'provisional'] FROM
	t.ask('P21', 'post_notice', '''GS27-02'', NULL') r), '{2028-01-04,true}',
	'T29: the end is provisional');
SELECT is((SELECT n.ends_on FROM data.notice n WHERE n.id = 'GS27-02'), NULL,
	'T29: and is not fixed');
SELECT ok(t.ask('', 'public_notices', '''GS27-02''')::text ~ '截止日期待该年度节假日安排公布后确定',
	'T29: the wall says so');
SELECT t.day('2028-01-10');
SELECT is(t.refused(t.ask('P21', 'end_notice', '''GS27-02'', NULL')),
	'ZB003 state notice_end_provisional 2028-01-04 2028', 'T29: nothing ends on a guess');
INSERT INTO data.holiday_year (year, imported_at) VALUES (2028, now());
INSERT INTO data.holiday (day, year, working, name)
VALUES ('2028-01-03', 2028, false, '元旦'), ('2028-01-08', 2028, true, '元旦调休');
SELECT is(t.ask('P21', 'end_notice', '''GS27-02'', NULL')->>'ends_on', '2028-01-05',
	'T29: published, it ends on the true day');

-- ---- a draft given up, an application gone -------------------------------------------------------
SELECT t.approved(t.proposed('{25,28}'));
UPDATE data.application SET state = 'LAPSED' WHERE id = 'SB26-25';
SELECT is(t.refused(t.ask('P21', 'post_notice', '''GS28-01'', NULL')),
	'ZB003 state notice_item_moved SB26-25 第25党支部 application.LAPSED',
	'a notice names nothing that is over');
SELECT is(t.ask('P21', 'drop_notice', '''GS28-01'', ''支部撤销''')->>'state', 'DROPPED', 'given up');
SELECT is(t.ask('P21', 'new_notice', 'NULL, ''{SB26-28}'', NULL, ''电话'', NULL, NULL, NULL')->>'notice_id',
	'GS28-02', 'the other goes on a new one');

-- ---- the award -------------------------------------------------------------------------------------
SELECT t.day('2026-12-21');
SELECT is(t.refused(t.ask('P1', 'sign_award', '''SB26-14'', ''院党发〔2026〕12号'', NULL, NULL')),
	'ZB003 state', 'not before the head confirmed');
SELECT is(t.ask('P20', 'confirm_award', '''SB26-14''')->>'state', 'CONFIRMED', 'confirmed');
SELECT is(t.refused(t.ask('P20', 'confirm_award', '''SB26-14''')), 'ZB003 state', 'once');
SELECT is(t.refused(t.ask('P20', 'sign_award', '''SB26-14'', ''12号'', NULL, NULL')), 'ZB002 denied',
	'the head does not sign');
SELECT is(t.refused(t.ask('P1', 'sign_award', '''SB26-14'', ''12号'', ''2026-12-18'', NULL')),
	'ZB001 invalid decided_on_range 2026-12-18 2026-12-21', 'not dated into the notice');
SELECT is((SELECT ARRAY[r->>'award_id', r->>'state', r->>'effective_from_on', r->>'valid_to_on']
	FROM t.ask('P1', 'sign_award', '''SB26-14'', ''院党发〔2026〕12号'', NULL, NULL') r),
	'{PD26-14,EFFECTIVE,2026-12-21,2027-05-19}', 'valid to the end of the term');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-14'), 'EFFECTIVE', 'effective');
SELECT is(t.refused(t.ask('P1', 'sign_award', '''SB26-14'', ''13号'', NULL, NULL')), 'ZB003 state', 'once');

-- T17: the term is over before the signing; an approved extension carries it on.
SELECT t.ask('P20', 'confirm_award', '''SB26-24''');
UPDATE data.term SET due_on = '2026-12-10' WHERE org_id = '24';
SELECT is(t.refused(t.ask('P1', 'sign_award', '''SB26-24'', ''13号'', NULL, NULL')),
	'ZB003 state term_over RQ24-3 2026-12-10', 'T17: no award in a term that is over');
SELECT is(t.refused(t.ask('P21', 'lapse_application', '''SB26-24'', NULL, ''届满''')),
	'ZB003 state extension_not_asked 24', 'T17: nothing lapses unasked');
UPDATE data.term SET extended_to_on = '2027-12-10', extension_doc = '批复3号' WHERE org_id = '24';
-- T3: the secretary of 24 was replaced between application and decision
UPDATE data.office SET to_on = '2026-11-15' WHERE person_id = 'P52';
INSERT INTO data.office VALUES ('P54', '24', 'branch_secretary', '2026-11-15', NULL);
SELECT is(t.ask('P1', 'sign_award', '''SB26-24'', ''院党发〔2026〕13号'', NULL, NULL')->>'valid_to_on',
	'2027-12-10', 'T17: valid to the end of the extended term');
SELECT is((SELECT jsonb_agg(s) FROM jsonb_array_elements(
	t.ask('P54', 'show_award', '''PD26-24''')->'secretaries') s),
	'[{"name": "同志52", "to_on": "2026-11-15", "from_on": "2024-05-20"},
	{"name": "同志54", "to_on": null, "from_on": "2026-11-15"}]',
	'T3: both secretaries, with their dates');
SELECT is(t.refused(t.ask('P52', 'show_decision', '''SB26-24''')), 'ZB002 denied',
	'T3: the former secretary has no right left');
SELECT is((SELECT jsonb_path_query_array(r, '$.awards[*].org_id') FROM t.ask('P54',
	'list_awards', 'NULL') r), '["14", "24"]', 'awards by code');

-- One effective award a branch and level.
UPDATE data.application SET state = 'CONFIRMED' WHERE id = 'SB26-20';
UPDATE data.award SET org_id = '20' WHERE id = 'PD26-14';
SELECT is(t.refused(t.ask('P1', 'sign_award', '''SB26-20'', ''14号'', NULL, NULL')),
	'ZB003 state award_there_already PD26-14 2027-05-19', 'no second one beside it');
SELECT throws_ok($$ INSERT INTO data.award SELECT (jsonb_populate_record(w,
	'{"id": "PD26-20", "application_id": "SB26-22"}')).* FROM data.award w WHERE w.org_id = '20' $$,
	'23505', NULL, 'not even by hand');

\ir progress_counts.psql
SELECT is_empty('TABLE miscounted', 'S-12, S-14: and the college''s counts are those of the rows');

SELECT * FROM finish();
ROLLBACK;
