-- Clauses of the plan that no other file shows, and their prohibitions.
BEGIN;
SELECT no_plan();
\set QUIET on
\ir ground_fixture.psql

-- ---- S-1 ----------------------------------------------------------------------------------
SELECT is((SELECT array_agg(b.issuer || b.title) FROM data.programme_basis b),
	'{内蒙古自治区党委组织部《筑牢新时代北疆基层战斗堡垒建设“最强党支部”方案》}',
	'S-1: what the programme is founded on, by issuer and title');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('api', 'flow', 'guard', 'call') AND p.prosrc ~ '最强' $$,
	'S-1: no function knows the title of this programme');

-- ---- S-2 ----------------------------------------------------------------------------------
SELECT is_empty($$ SELECT p.request, p.role FROM rule.permission p
	WHERE p.request ~ '^(draft|adopt|set|explain)_(standard|item_set|rule_set|burden_limit|question_set)$'
	AND p.role NOT IN ('general_branch_secretary', 'od_officer', 'od_head', 'committee_secretary') $$,
	'S-2: no superior drafts or adopts for the college');

-- ---- S-18, S-23 ------------------------------------------------------------------------------
SELECT results_eq($$ SELECT i.guidance::text FROM data.standard_item i WHERE i.text = '不合格党员处置及时' $$,
	$$ VALUES ('只写是否按规定处置，不写具体的人和事') $$,
	'S-18: of disposals whether they were handled as prescribed, of no person');
SELECT results_eq($$ SELECT i.guidance::text FROM data.standard_item i WHERE i.text = '及时开展谈心谈话' $$,
	$$ VALUES ('只写有没有、什么时候，不写谈话内容') $$,
	'S-23: of a talk whether and when, never its content');

SELECT * FROM finish();
ROLLBACK;
