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
SELECT results_eq('SELECT case_id, from_org_id, to_org_id, moved_on FROM data.weak_lax_move',
	$$ VALUES ('RR26-11', '11', '10', date '2026-05-20') $$, 'T1: where it came from is kept');

SELECT * FROM finish();
ROLLBACK;
