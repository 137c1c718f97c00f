-- The sheet kept ready: it is never another than one made anew.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();

-- ---- what it hangs on -----------------------------------------------------------------
-- Every function flow.evaluation_sheet may call, and every table any of them names.
CREATE TEMP VIEW reads AS
	WITH RECURSIVE f(name) AS (
		SELECT 'flow.evaluation_sheet'::text COLLATE "C"
		UNION
		SELECT m[1] COLLATE "C" FROM f
		JOIN pg_proc p ON p.pronamespace::regnamespace::text || '.' || p.proname = f.name,
			regexp_matches(p.prosrc, '\m((?:flow|auth|guard)\.\w+)\(', 'g') m)
	SELECT DISTINCT m[1] AS name FROM f
	JOIN pg_proc p ON p.pronamespace::regnamespace::text || '.' || p.proname = f.name,
		regexp_matches(p.prosrc, '\mdata\.(\w+)', 'g') m
	WHERE to_regclass('data.' || m[1]) IS NOT NULL;
SELECT ok((SELECT count(*) > 12 FROM reads), 'it reads many tables');
SELECT is(ARRAY(SELECT r.name FROM reads r WHERE NOT EXISTS (SELECT FROM pg_trigger t
		WHERE t.tgname = 'sheet_changed' AND t.tgrelid = ('data.' || r.name)::regclass)
	ORDER BY 1), '{ballot,ballot_item,deployment,question_set,rule_set,survey_answer}',
	'a change of each is noticed; the others are fixed before a session is counted, come with one of these, or change with the day');

-- ---- what comes of it -------------------------------------------------------------------
CREATE FUNCTION t.sheet() RETURNS jsonb LANGUAGE sql AS $$
	SELECT t.as('P10', 'od_officer@ZZB', 'show_evaluation', $a$'SB26-14'$a$) -> 'sheet' $$;
CREATE FUNCTION t.anew() RETURNS jsonb LANGUAGE sql AS $$
	SELECT to_jsonb(flow.evaluation_sheet('SB26-14', true)) $$;
CREATE FUNCTION t.ready() RETURNS boolean LANGUAGE sql AS $$
	SELECT s.as_of_on IS NOT NULL FROM flow.sheet s WHERE s.application_id = 'SB26-14' $$;
-- By the set form; NULL: left to the plain one.
CREATE FUNCTION t.many(person text, acting text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT to_jsonb(r.sheet) FROM call.show_evaluation_set(ARRAY[t.fp(person)], ARRAY[acting],
		NULL, NULL, NULL, '{SB26-14}') r $$;

SELECT t.as('P10', 'od_officer@ZZB', 'open_evaluation', $a$'SB26-14', '{}'$a$) \g /dev/null
SELECT is(t.sheet(), t.anew(), 'the first reading');
SELECT ok(t.ready(), 'keeps it');
SELECT is(t.sheet(), t.anew(), 'the second is the same');
SELECT is(t.many('P10', 'od_officer@ZZB'), t.anew(), 'and so it is for many at once');
SELECT is(t.many('P10', 'od_head@ZZB'), NULL, 'not in an office not held');
SELECT is(t.many('P10', NULL), NULL, 'nor without one: the plain form knows which');
SELECT is(t.many('P50', 'branch_secretary@14'), NULL, 'nor for the branch, which sees its own');
UPDATE data.person SET name = name || '甲' WHERE id = 'P10';
SELECT ok(NOT t.ready(), 'a name changes');
SELECT is(t.sheet(), t.anew(), 'it is made anew');
UPDATE data.eval_stream SET state = state WHERE application_id = 'SB26-14';
SELECT ok(NOT t.ready(), 'a stream changes');
SELECT is(t.many('P10', 'od_officer@ZZB'), NULL, 'many at once do not get the old one');
SELECT is(t.sheet(), t.anew(), 'it is made anew');
UPDATE data.eval_stream SET state = state WHERE application_id = 'SB26-14';
SELECT flow.keep_sheet(ROW(s.application_id, s.serial - 1, NULL, NULL)::flow.sheet,
	flow.evaluation_sheet('SB26-14', true)) FROM flow.sheet s WHERE s.application_id = 'SB26-14';
SELECT ok(NOT t.ready(), 'what was made before a change is not kept after it');
UPDATE data.deployment SET clock_shift = clock_shift + interval '1 day';
SELECT is(t.sheet() ->> 'as_of_on', flow.today()::text, 'the next day it is that day''s');
SELECT * FROM finish();
ROLLBACK;
