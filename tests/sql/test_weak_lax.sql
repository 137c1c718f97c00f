-- The register of weak and lax branches.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- ---- S-13, T1: a reorganisation hands a case on and closes none --------------------------
INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by,
	accepted_by, closed_on)
VALUES ('RR26-11', '11', 'RECTIFYING', '{组织生活长期不开展}', '…', '党委会', '2026-03-01', 'P20',
		NULL, NULL),
	('RR25-11', '11', 'CLOSED', '{组织生活长期不开展}', '…', '党委会', '2025-03-01', 'P20',
		'P1', '2025-12-01');
SELECT flow.weak_lax_moves('11', '10', '2026-05-20');
SELECT results_eq($$ SELECT id, org_id, state FROM data.weak_lax ORDER BY id $$,
	$$ VALUES ('RR25-11', '11', 'CLOSED'), ('RR26-11', '10', 'RECTIFYING') $$,
	'T1: the open case is branch 10''s now, the closed one stays where it was');
SELECT results_eq('SELECT weak_lax_id, from_org_id, to_org_id, moved_on FROM data.weak_lax_move',
	$$ VALUES ('RR26-11', '11', '10', date '2026-05-20') $$, 'T1: where it came from is kept');

-- ---- the register ------------------------------------------------------------------------------
UPDATE data.affiliation SET org_id = '18' WHERE person_id = 'P8';
INSERT INTO data.office VALUES ('P55', '18', 'branch_secretary', '2024-05-20', NULL);
SELECT is(t.refused(t.ask('P20', 'open_weak_lax', '''18'', ''{组织生活长期不开展}'', ''半年没有开会'', ''党委会第9次'', NULL')),
	'ZB001 invalid choice_unknown 组织生活长期不开展 WEAK_LAX_CRITERION', 'criteria are the college''s own words, set down first');
SELECT t.ask('P20', 'add_choice', format('''WEAK_LAX_CRITERION'', %L, ''党委会第9次''', c))
FROM unnest('{组织生活长期不开展,班子不团结、内耗严重}'::text[]) c;
SELECT is(t.refused(t.ask('P20', 'open_weak_lax', '''18'', ''{群众满意度低于60%}'', ''x'', ''党委会'', NULL')),
	'ZB001 invalid choice_unknown 群众满意度低于60% WEAK_LAX_CRITERION', 'S-67: a line is none of them');
SELECT is(t.refused(t.ask('P20', 'open_weak_lax', '''18'', ''{}'', ''x'', ''党委会'', NULL')),
	'ZB001 invalid criterion_missing', 'one at least is cited');
SELECT is(t.refused(t.ask('P22', 'open_weak_lax', '''18'', ''{组织生活长期不开展}'', ''x'', ''党委会'', NULL')), 'ZB002 denied',
	'an officer lists nobody');
SELECT is(t.ask('P20', 'open_weak_lax', '''18'', ''{组织生活长期不开展,班子不团结、内耗严重}'', ''半年没有开会'', ''党委会第9次'', ''2026-11-01''')->>'weak_lax_id',
	'RR26-18', 'S-13: listed, with words, facts and basis');
SELECT is(t.refused(t.ask('P20', 'open_weak_lax', '''18'', ''{组织生活长期不开展}'', ''x'', ''党委会'', NULL')),
	'ZB004 weak_lax_listed_already', 'once while it is open');

-- ---- whether it may apply is the college's choice -------------------------------------------------
INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on, started_by)
VALUES ('LC26-18', '18', 'SELF_ASSESSED', 'RQ18-3', 'BZ26.1', '2026-03-01', 'P55');
INSERT INTO data.self_assessment (id, org_id, state, round_id, version_no) VALUES ('ZP26-18', '18', 'ADOPTED', 'LC26-18', 1);
INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled, present, in_favour, against, abstain,
	meets_conditions, adopted_by, adopted_at)
VALUES ('ZP26-18', 1, 1, '2026-10-22', 25, 22, 21, 0, 1, true, 'P55', now());
SELECT is(t.refused(t.ask('P55', 'new_application', 'NULL')), 'ZB003 state weak_lax_open RR26-18 GZ26.1',
	'the rules say no: it does not apply while the case is open');
SELECT ok(t.ask('P55', 'next_duties')::text !~ 'new_application', 'and next does not suggest it');
UPDATE data.rule_set SET weak_lax_may_apply = true;
SELECT ok(t.ask('P55', 'next_duties')::text ~ 'new_application', 'where the rules say yes, it may');
UPDATE data.rule_set SET weak_lax_may_apply = false;
CREATE TEMP TABLE rules AS SELECT * FROM data.rule_set;
DELETE FROM data.rule_set;
SELECT is(t.refused(t.ask('P55', 'new_application', 'NULL')), 'ZB003 state weak_lax_undecided RR26-18',
	'where the college has not said, nothing is assumed');
INSERT INTO data.rule_set SELECT * FROM rules;

-- ---- help, plan, work, acceptance -------------------------------------------------------------------
SELECT is(t.refused(t.ask('P55', 'plan_weak_lax', '''RR26-18'', ''每月一次'', ''2026-12-31''')),
	'ZB003 state helper_none RR26-18', 'no plan without somebody to help');
SELECT is(t.ask('P22', 'assign_helper', '''RR26-18'', ''P5'', ''联系指导''')->>'name', '同志5', 'a helper');
SELECT is(t.refused(t.ask('P22', 'assign_helper', '''RR26-18'', ''P5'', ''联系指导''')), 'ZB004 helper_already', 'once');
SELECT t.ask('P20', 'assign_helper', '''RR26-18'', ''P20'', ''每月到支部''');
SELECT is(t.refused(t.ask('P55', 'plan_weak_lax', '''RR26-18'', ''每月一次'', ''2026-10-31''')),
	'ZB001 invalid due_before_listing 2026-10-31 2026-11-01', 'not due before it was listed');
SELECT is(t.ask('P55', 'plan_weak_lax', '''RR26-18'', ''每月召开支部大会'', ''2026-12-31''')->>'state', 'PLANNED', 'a plan');
SELECT is(t.refused(t.ask('P55', 'ask_acceptance', '''RR26-18'', ''好了''')), 'ZB003 state', 'nothing is accepted that was not begun');
SELECT is(t.refused(t.ask('P6', 'progress_weak_lax', '''RR26-18'', ''x''')), 'ZB002 denied', 'a member who does not help writes nothing');
SELECT is(t.ask('P5', 'progress_weak_lax', '''RR26-18'', ''参加支部大会''')->>'state', 'RECTIFYING', 'a helper does');
SELECT ok(t.ask('P5', 'next_duties')::text ~ 'progress_weak_lax', 'next tells the helper');
SELECT is(t.ask('P55', 'ask_acceptance', '''RR26-18'', ''已开四次会''')->>'state', 'ACCEPTANCE_ASKED', 'asked');
SELECT is(t.refused(t.ask('P20', 'accept_weak_lax', '''RR26-18'', true, ''属实''')),
	'ZB012 second_person_needed you_helped RR26-18', 'who helped does not accept');
SELECT is(t.refused(t.ask('P8', 'accept_weak_lax', '''RR26-18'', true, ''属实''')),
	'ZB012 second_person_needed your_own_branch 18', 'nor who belongs to it');
SELECT ok(t.ask('P20', 'next_duties')::text !~ 'accept_weak_lax' AND t.ask('P7', 'next_duties')::text ~ 'accept_weak_lax',
	'and next says so to the others alone');
SELECT is(t.refused(t.ask('P7', 'accept_weak_lax', '''RR26-18'', true, '' ''')), 'ZB001 invalid text_missing', 'in words');
SELECT is(t.ask('P7', 'accept_weak_lax', '''RR26-18'', false, ''记录不实''')->>'state', 'RECTIFYING', 'not accepted: back to work');
SELECT t.ask('P55', 'ask_acceptance', '''RR26-18'', ''补齐''');
SELECT is(t.ask('P7', 'accept_weak_lax', '''RR26-18'', true, ''实地看过''')->>'state', 'CLOSED', 'accepted and closed');
SELECT is(t.refused(t.ask('P7', 'accept_weak_lax', '''RR26-18'', true, ''x''')), 'ZB003 state', 'once');
SELECT is((SELECT ARRAY[r->>'accepted_by', r->>'closed_on', r->>'helpers', (r->'notes')::text] FROM t.ask('P55',
	'show_weak_lax', '''RR26-18''') r) IS NOT NULL, true, 'D33');
SELECT is((SELECT jsonb_path_query_array(r, '$.notes[*].text') FROM t.ask('P55', 'show_weak_lax', '''RR26-18''') r),
	'["参加支部大会", "记录不实", "实地看过"]', 'D33: stage by stage');
SELECT is((SELECT jsonb_path_query_array(r, '$.cases[*].weak_lax_id') FROM t.ask('P22', 'list_weak_lax', 'NULL, NULL') r),
	'["RR26-11"]', 'what is open');
SELECT is((SELECT jsonb_path_query_array(r, '$.cases[*].weak_lax_id') FROM t.ask('P55', 'list_weak_lax', 'NULL, true') r),
	'["RR26-18"]', 'a branch sees its own, closed ones when asked');
SELECT is(t.refused(t.ask('P50', 'show_weak_lax', '''RR26-18''')), 'ZB002 denied', 'and no other');
SELECT is(t.ask('P20', 'open_weak_lax', '''18'', ''{组织生活长期不开展}'', ''又停了'', ''党委会第15次'', NULL')->>'weak_lax_id',
	'RR26-18-2', 'a new case is a new one');

SELECT * FROM finish();
ROLLBACK;
