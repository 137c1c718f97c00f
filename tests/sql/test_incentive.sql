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

SELECT * FROM finish();
ROLLBACK;
