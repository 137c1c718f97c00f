-- Contact points, dispatch meetings, tasks, inspections.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- ---- contact points -----------------------------------------------------------------
SELECT is((SELECT ARRAY[r->>'person_id', r->>'former_name', r->>'from_on'] FROM
	t.ask('P21', 'set_contact_point', '''14'', ''P4'', ''2026-11-01''') r),
	'{P4,NULL,2026-11-01}', 'a committee member answers for a branch from a day on');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''14'', ''P22'', NULL')),
	'ZB001 invalid not_on_committee 同志22 2026-12-03', 'nobody but a committee member');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''ZZB'', ''P4'', NULL')),
	'ZB001 invalid branch_unknown ZZB', 'for a branch');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''14'', ''P4'', NULL')),
	'ZB001 invalid contact_already 同志4 14', 'once');
SELECT is(t.refused(t.ask('P21', 'set_contact_point', '''14'', ''P5'', ''2026-10-01''')),
	'ZB001 invalid contact_set_later 14', 'not before what is on record');
SELECT is(t.ask('P1', 'set_contact_point', '''14'', ''P5'', NULL')->>'former_name', '同志4',
	'another takes over');
SELECT is((SELECT array_agg(p ORDER BY d) FROM unnest(
	'{2026-10-31,2026-11-01,2026-12-02,2026-12-03}'::date[]) d, flow.contact_points('14', d) p),
	'{P4,P4,P5}', 'and every day is answered as of itself');
SELECT is(t.refused(t.ask('P50', 'set_contact_point', '''14'', ''P5'', NULL')), 'ZB002 denied',
	'a branch does not choose its own');
SELECT is((SELECT jsonb_path_query_array(r, '$.contact_points[*] ? (@.name != null).name') FROM t.ask('P50',
	'list_contact_points', 'NULL, NULL') r), '["同志5"]', 'everybody signed in may know');
SELECT is((SELECT jsonb_array_length(r->'contact_points') FROM t.ask('P50',
	'list_contact_points', 'NULL, NULL') r), 30, 'branches without one are listed too');
SELECT is(t.ask('P1', 'end_contact_point', '''14'', NULL')->>'name', '同志5', 'ended');
SELECT is(t.refused(t.ask('P1', 'end_contact_point', '''14'', NULL')),
	'ZB001 invalid contact_none 14 2026-12-03', 'once');

SELECT * FROM finish();
ROLLBACK;
