-- Funds: three sources and an open list, budget, grant, spending, vouchers.
BEGIN;
\ir award_fixture.psql
SELECT no_plan();
INSERT INTO data.office VALUES ('P25', 'ZZB', 'finance_officer', '2024-01-01', NULL),
	('P26', 'ZZB', 'finance_officer', '2024-01-01', NULL),
	('P26', 'ZZB', 'od_officer', '2024-01-01', NULL);
SELECT t.award('14', '2026-06-01');

-- ---- budget -------------------------------------------------------------------------
SELECT is((SELECT ARRAY[r->>'fund_id', r->>'source', r->>'state'] FROM t.ask('P22', 'budget_fund',
	'''14'', NULL, ''党费'', 300000, ''购置学习资料'', ''PD26-14''') r), '{JF26-14,DUES,BUDGETED}',
	'S-50: Party dues, by the name people use');
SELECT is(t.ask('P22', 'budget_fund', '''14'', 2026, ''WORKING'', 100000, ''支部活动'', NULL')->>'fund_id',
	'JF26-14-2', 'an award is not needed: building up is funded');
SELECT is(t.refused(t.ask('P22', 'budget_fund', '''14'', 2026, ''小金库'', 100, ''x'', NULL')),
	'ZB001 invalid choice_unknown 小金库 FUND_SOURCE', 'of the sources there are');
SELECT t.ask('P20', 'add_choice', '''FUND_SOURCE'', ''上级专项补助'', ''党委会第12次''');
SELECT is(t.ask('P22', 'budget_fund', '''14'', 2026, ''上级专项补助'', 100, ''x'', NULL')->>'source',
	'上级专项补助', 'an open list');
SELECT is((SELECT array_agg(t.refused(t.ask('P22', 'budget_fund', format('''14'', 2026, ''DUES'', %s, ''x'', NULL', n)))
	) FROM unnest('{0,-5,9000000000000000000}'::int8[]) n), array_fill('ZB001 invalid amount_bad'::text, '{3}'),
	'an amount is an amount');
SELECT is(t.refused(t.ask('P22', 'budget_fund', '''22'', 2026, ''DUES'', 100, ''x'', ''PD26-14''')),
	'ZB001 invalid award_not_in_effect PD26-14 2026-12-03', 'another branch''s award funds nothing');

-- ---- grant -------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P22', 'grant_fund', '''JF26-14'', NULL, ''2026-12-01'', ''党委会''')), 'ZB002 denied',
	'an officer grants nothing');
SELECT is(t.refused(t.ask('P20', 'grant_fund', '''JF26-14'', 300001, ''2026-12-01'', ''党委会''')),
	'ZB001 invalid grant_over_budget 3000.01 3000.00', 'within the budget');
SELECT is(t.refused(t.ask('P20', 'grant_fund', '''JF26-14'', NULL, NULL, ''党委会''')), 'ZB001 invalid text_missing',
	'a collective decision has its day');
SELECT is(t.refused(t.ask('P20', 'grant_fund', '''JF26-14'', NULL, ''2026-12-04'', ''党委会''')),
	'ZB001 invalid date_in_future 2026-12-04', 'a day that has been');
SELECT is(t.refused(t.ask('P50', 'record_spend', '''JF26-14'', 100, NULL, ''图书'', NULL')), 'ZB003 state',
	'nothing is spent of a budget');
SELECT is((SELECT ARRAY[r->>'state', r->>'granted_fen'] FROM t.ask('P20', 'grant_fund',
	'''JF26-14'', 200000, ''2026-11-20'', ''党委会第12次''') r), '{GRANTED,200000}', 'granted, less than asked');

-- ---- spending in parts ------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P50', 'record_spend', '''JF26-14'', 100, ''2026-11-19'', ''图书'', NULL')),
	'ZB001 invalid spent_before_decision 2026-11-19 2026-11-20', 'not before the decision');
SELECT is((SELECT ARRAY[r->>'spend_no', r->>'left_fen', r->>'state'] FROM t.ask('P50', 'record_spend',
	'''JF26-14'', 50050, ''2026-11-25'', ''图书'', ''记-0231''') r), '{1,149950,GRANTED}', 'a part, by the branch');
SELECT is(t.refused(t.ask('P50', 'record_spend', '''JF26-14'', 149951, NULL, ''图书'', NULL')),
	'ZB001 invalid spend_over_grant 1499.51 1499.50 JF26-14', 'never more than was granted');
SELECT is(t.refused(t.ask('P51', 'record_spend', '''JF26-14'', 100, NULL, ''图书'', NULL')), 'ZB002 denied',
	'of another branch''s money nothing');
SELECT is(t.ask('P26', 'record_spend', '''JF26-14'', 100000, NULL, ''场地'', NULL', 'od_officer@ZZB')->>'state',
	'GRANTED', 'another part');

-- ---- vouchers ------------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P50', 'confirm_voucher', '''JF26-14'', 1, NULL')), 'ZB002 denied', 'the branch confirms nothing');
SELECT is((SELECT ARRAY[r->>'spend_no', r->>'voucher_no', r->>'open_vouchers'] FROM t.ask('P25',
	'confirm_voucher', '''JF26-14'', NULL, NULL') r), '{1,记-0231,"[\"2 场地\"]"}', 'the first open one, as it was recorded');
SELECT is(t.refused(t.ask('P25', 'confirm_voucher', '''JF26-14'', 1, NULL')), 'ZB004 voucher_confirmed_already', 'once');
SELECT is(t.refused(t.ask('P26', 'confirm_voucher', '''JF26-14'', 2, ''记-0240''', 'finance_officer@ZZB')),
	'ZB012 second_person_needed spend_is_yours JF26-14', 'not by who spent');
SELECT is(t.refused(t.ask('P25', 'confirm_voucher', '''JF26-14'', 2, NULL')), 'ZB001 invalid text_missing', 'a voucher has a number');
SELECT is(t.refused(t.ask('P25', 'confirm_voucher', '''JF26-14'', 7, ''记-1''')), 'ZB001 invalid spend_unknown JF26-14 7', 'of what was spent');
-- dues and other money on one voucher
SELECT t.ask('P20', 'grant_fund', '''JF26-14-2'', NULL, ''2026-11-20'', ''党委会第12次''');
SELECT is(t.ask('P50', 'record_spend', '''JF26-14-2'', 100000, NULL, ''场地'', ''记-0231''')->>'state', 'SPENT', 'all of it: spent');
SELECT is(t.refused(t.ask('P25', 'confirm_voucher', '''JF26-14-2'', 1, NULL')),
	'ZB001 invalid voucher_of_other_money 记-0231 JF26-14', 'S-50: dues and other money are never on one voucher');
SELECT is(t.refused(t.ask('P25', 'reconcile_fund', '''JF26-14-2''')),
	'ZB003 state voucher_open JF26-14-2 1 场地', 'nothing is reconciled with a voucher open');
SELECT t.ask('P25', 'confirm_voucher', '''JF26-14-2'', 1, ''记-0232''');
SELECT is(t.ask('P25', 'reconcile_fund', '''JF26-14-2''')->>'state', 'RECONCILED', 'reconciled');
SELECT is(t.refused(t.ask('P50', 'record_spend', '''JF26-14-2'', 1, NULL, ''x'', NULL')), 'ZB003 state', 'and closed');

-- ---- T20: the award is revoked in between --------------------------------------------------------------
SELECT t.ask('P22', 'budget_fund', '''14'', 2026, ''ACTIVITY'', 80000, ''主题党日'', ''PD26-14''');
SELECT t.day('2026-12-10');
SELECT flow.award_ended('PD26-14', '2026-12-10');
UPDATE data.award SET state = 'REVOKED', ended_on = '2026-12-10' WHERE id = 'PD26-14';
SELECT is((SELECT ARRAY[r->>'state', r->>'spent_fen', r->>'withdrawn_fen', r->>'withdrawn_on', r->>'stopped_why',
	r->>'collective_on', r->>'left_fen'] FROM t.ask('P50', 'show_fund', '''JF26-14''') r),
	'{SPENT,150050,49950,2026-12-10,AWARD_ENDED,2026-11-20,NULL}', 'T20: spent stays, the rest is withdrawn, with both days');
SELECT is(t.refused(t.ask('P50', 'record_spend', '''JF26-14'', 100, NULL, ''图书'', NULL')),
	'ZB001 invalid spent_after_withdrawal 2026-12-10 2026-12-10', 'T20: nothing is spent from that day on');
SELECT is(t.ask('P50', 'record_spend', '''JF26-14'', 100, ''2026-12-09'', ''图书'', NULL')->>'state', 'SPENT',
	'T20: what was spent the day before may still be entered');
SELECT is((SELECT f.withdrawn_fen FROM flow.fund_rows('14', NULL, 'DUES', NULL) r, unnest(r) f), 49850::bigint,
	'T20: and is no longer among what is withdrawn');
SELECT is((SELECT f.state FROM data.fund f WHERE f.source = 'ACTIVITY'), 'WITHDRAWN', 'T20: what was only budgeted is never granted');
SELECT is(t.refused(t.ask('P20', 'grant_fund', '''JF26-14-4'', NULL, ''2026-12-01'', ''党委会''')), 'ZB003 state', 'T20: indeed');

-- ---- what is left goes back; the ledger ------------------------------------------------------------------
SELECT t.ask('P22', 'budget_fund', '''22'', 2026, ''WORKING'', 60000, ''活动'', NULL');
SELECT t.ask('P20', 'grant_fund', '''JF26-22'', NULL, ''2026-12-01'', ''党委会''');
SELECT is((SELECT ARRAY[r->>'state', r->>'returned_fen'] FROM t.ask('P22', 'finish_fund', '''JF26-22''') r),
	'{WITHDRAWN,60000}', 'nothing spent: all goes back');
SELECT is((SELECT r->'sums' FROM t.ask('P25', 'list_funds', 'NULL, 2026, NULL') r), '[
	{"source": "ACTIVITY", "spent_fen": null, "granted_fen": null, "budgeted_fen": 80000, "withdrawn_fen": 80000},
	{"source": "DUES", "spent_fen": 150150, "granted_fen": 200000, "budgeted_fen": 300000, "withdrawn_fen": 49850},
	{"source": "WORKING", "spent_fen": 100000, "granted_fen": 160000, "budgeted_fen": 160000, "withdrawn_fen": 60000},
	{"source": "上级专项补助", "spent_fen": null, "granted_fen": null, "budgeted_fen": 100, "withdrawn_fen": null}]',
	'D31: a sum for each source, none over all');
SELECT is((SELECT jsonb_path_query_array(r, '$.funds[*].org_id') FROM t.ask('P50', 'list_funds', 'NULL, NULL, NULL') r),
	'["14", "14", "14", "14"]', 'a branch sees its own');
SELECT is(t.refused(t.ask('P50', 'list_funds', '''22'', NULL, NULL')), 'ZB002 denied', 'and no other');

SELECT * FROM finish();
ROLLBACK;
