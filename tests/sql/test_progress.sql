-- How far the plan's goals are, on any day (S-12 to S-14, T36).
BEGIN;
\ir award_fixture.psql
SELECT no_plan();
INSERT INTO data.programme_goal (programme_id, goal_no, text) VALUES
	('XM26-01', 1, '到2021年，学院党支部建设质量得到普遍提升，“最强党支部”比例达到30%以上，软弱涣散党支部消除'),
	('XM26-01', 2, '到2023年，全院一半党支部达到“最强党支部”标准');
-- nine awards on 10 November, of 30 branches
SELECT t.award(lpad(n::text, 2, '0'), '2026-11-10') FROM generate_series(1, 9) n;
CREATE FUNCTION t.progress(day date) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', r->>'awarded_branches', r->>'active_branches', r->>'awarded_share',
		r->>'standard_branches', r->>'weak_lax_open')
	FROM t.ask('P20', 'show_progress', format('%L::date', day)) r $$;

SELECT is(t.progress('2026-12-03'), '9 30 30.0% 9 0', 'T36: nine of thirty is 30.0%');
SELECT is(t.progress('2026-11-09'), '0 30 0.0% 0 0', 'the day before there was none');
SELECT is((SELECT jsonb_path_query_array(r, '$.goals[*].reading') FROM t.ask('P5', 'show_progress', 'NULL') r),
	'["“30%以上”含本数：30个党支部，即不少于9个；“消除”：当日没有未结的软弱涣散整顿", "“一半”：30个党支部，即不少于15个"]',
	'S-12, S-13: 30%以上 includes 30%, beside the fact and in its own words');

-- the dated tree: 30 merges into 29 on 20 November; two new ones on 1 December
UPDATE data.org_version SET to_on = '2026-11-20' WHERE org_id = '30';
SELECT is(t.progress('2026-12-03'), '9 29 31.0% 9 0', 'T36: nine of twenty-nine, shown as fact');
SELECT is(t.progress('2026-11-19'), '9 30 30.0% 9 0', 'T36: and the day before the merger still of thirty');
INSERT INTO data.org (id, kind, established_on) VALUES ('31', 'branch', '2026-12-01'), ('32', 'branch_joint', '2026-12-01'),
	('33', 'branch_temporary', '2026-12-01');
INSERT INTO data.org_version (org_id, parent_id, name, from_on)
SELECT o, 'DW', '第' || o || '党支部', '2026-12-01' FROM unnest('{31,32,33}'::text[]) o;
SELECT is(t.progress('2026-12-03'), '9 31 29.03% 9 0', 'T36: nine of thirty-one; a temporary branch is none of them');
SELECT is((SELECT r->'goals'->1->>'reading' FROM t.ask('P20', 'show_progress', 'NULL') r),
	'“一半”：31个党支部，即不少于16个', 'S-14: a half of 31 is 16');
SELECT is((SELECT r->'goals'->0->>'reading' FROM t.ask('P20', 'show_progress', 'NULL') r),
	'“30%以上”含本数：31个党支部，即不少于10个；“消除”：当日没有未结的软弱涣散整顿', '30% of 31 is 9.3: ten');
SELECT is(flow.college_part(89999, 300000, 30), '29.99%', 'never rounded up');
SELECT is(flow.college_part(0, 0, 30), NULL, 'of no branch there is no part');

-- ---- the counts are kept by the day -------------------------------------------------------------
\ir progress_counts.psql
SELECT is_empty('TABLE miscounted', 'on every day as many as there are');
UPDATE data.org SET kind = 'branch_temporary' WHERE id = '31';
UPDATE data.org SET kind = 'branch' WHERE id = '33';
UPDATE data.org_version SET status = 'DISSOLVED' WHERE org_id = '32';
DELETE FROM data.org_version WHERE org_id = '33';
SELECT is_empty('TABLE miscounted', 'also when kinds and versions change and go');
SELECT is((flow.counts_on('2026-12-03')).branches, 29, 'which is 29');
INSERT INTO data.org_version (org_id, parent_id, name, from_on) VALUES ('33', 'DW', '第33党支部', '2026-12-01');
UPDATE data.org_version SET status = 'ACTIVE' WHERE org_id = '32';
UPDATE data.org SET kind = CASE id WHEN '31' THEN 'branch' ELSE 'branch_temporary' END WHERE id IN ('31', '33');

-- ---- S-14: 达到标准 is not 被评定 -----------------------------------------------------------------
SELECT t.application('20'), t.application('21'), t.application('22');
INSERT INTO data.application_step (application_id, serial, at, person_id, request, to_state) VALUES
	('SB26-20', 1, '2026-11-15 02:00+00', 'P22', 'accept_application', 'ACCEPTED'),
	('SB26-20', 2, '2026-12-02 02:00+00', 'P30', 'resolve_item', 'NOT_THIS_TIME'),
	('SB26-21', 1, '2026-11-15 02:00+00', 'P50', 'submit_application', 'SUBMITTED'),
	('SB26-21', 2, '2026-11-25 02:00+00', 'P22', 'accept_application', 'ACCEPTED'),
	('SB26-22', 1, '2026-11-15 02:00+00', 'P50', 'submit_application', 'SUBMITTED');
SELECT is(t.progress('2026-11-20'), '9 29 31.0% 10 0',
	'S-14: the branch''s own statement counts once the levels above have taken it: 20');
SELECT is(t.progress('2026-11-26'), '9 29 31.0% 11 0', 'S-14: and 21');
SELECT is(t.progress('2026-12-03'), '9 31 29.03% 10 0', 'S-14: what the committee decided otherwise counts no more');
UPDATE data.self_version SET meets_conditions = false WHERE self_id = 'ZP26-21';
SELECT is(t.progress('2026-12-03'), '9 31 29.03% 9 0', 'S-14: nor what does not state it');

SELECT is_empty('TABLE miscounted', 'S-14: on every day by its definition');

-- ---- S-13: open cases on the day -----------------------------------------------------------------
INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by, accepted_by, closed_on)
VALUES ('RR26-18', '18', 'CLOSED', '{x}', '…', '党委会', '2026-03-01', 'P20', 'P1', '2026-11-15'),
	('RR26-19', '19', 'LISTED', '{x}', '…', '党委会', '2026-11-12', 'P20', NULL, NULL);
SELECT is((SELECT array_agg(split_part(t.progress(d), ' ', 5) ORDER BY d)
	FROM unnest('{2026-11-11,2026-11-14,2026-11-15,2026-12-03}'::date[]) d), '{1,2,1,1}', 'S-13: as of each day');
SELECT is(t.refused(t.ask('P20', 'show_progress', '''2027-01-01''')), 'ZB001 invalid date_in_future 2027-01-01',
	'of a day that has been');

-- ---- an award that ends -----------------------------------------------------------------------------
UPDATE data.award SET valid_to = '2026-11-30' WHERE org_id = '01';
SELECT is(t.progress('2026-11-30') || ' ' || t.progress('2026-12-03'), '9 29 31.0% 10 1 8 31 25.8% 8 1',
	'an award counts to its last day');

-- ---- for the committee and the department alone --------------------------------------------------------
SELECT is((SELECT array_agg(t.refused(t.ask(p, 'show_progress', 'NULL'))) FROM unnest('{P50,P30,P40,P41}'::text[]) p),
	array_fill('ZB002 denied'::text, '{4}'), 'no branch, no recorder, no auditor, no administrator');

-- ---- phases: the college's words ---------------------------------------------------------------------
SELECT is(t.ask('P1', 'set_phase', '1, ''三年打基础'', ''2019-01-01'', ''2021-12-31'', ''建设质量普遍提升''')->>'name', '三年打基础', 'S-4');
SELECT is(t.ask('P20', 'set_phase', '1, NULL, NULL, ''2022-06-30'', NULL')->>'name', '三年打基础', 'what is not given stays');
SELECT is((SELECT r->'phases' FROM t.ask('P50', 'show_programme') r),
	'[{"goal": "建设质量普遍提升", "name": "三年打基础", "end_on": "2022-06-30", "start_on": "2019-01-01"}]', 'S-4, S-11: name, start, end, goal');
SELECT is(t.refused(t.ask('P1', 'set_phase', '2, ''五年争优先'', ''2024-01-01'', ''2023-12-31'', NULL')),
	'ZB001 invalid end_before_start 2024-01-01 2023-12-31', 'a phase ends after it begins');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('guard', 'flow') AND p.prosrc ~ 'programme_phase' AND p.proname <> 'phase_rows' $$,
	'S-4: no rule reads the days of a phase');

-- ---- whatever is changed, the counts are those of the rows ---------------------------------------------
-- Rows of every table they are made of come, change and go by chance, with days before
-- and after each other as no request would write them.
SELECT t.application(lpad(n::text, 2, '0')) FROM generate_series(23, 29) n;
INSERT INTO data.self_version SELECT (jsonb_populate_record(v, '{"version_no": 2, "meets_conditions": false}')).*
FROM data.self_version v;
CREATE FUNCTION t.some_day() RETURNS date LANGUAGE sql VOLATILE AS $$
	SELECT date '2026-09-01' + (random() * 200)::int $$;
CREATE FUNCTION t.no_day() RETURNS date LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN random() < 0.5 THEN t.some_day() END $$;
CREATE FUNCTION t.shake(act int, org text) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE d date := t.some_day();
BEGIN
	CASE act
	WHEN 0 THEN
		UPDATE data.award SET effective_from = d, valid_to = d + (random() * 90)::int WHERE org_id = org;
	WHEN 1 THEN
		UPDATE data.award SET state = 'REVOKED', ended_on = d WHERE org_id = org;
	WHEN 2 THEN
		UPDATE data.award SET state = 'ENDED_REORG', ended_on = d WHERE org_id = org;
		INSERT INTO data.award SELECT (jsonb_populate_record(w, jsonb_build_object('id', w.id || 'x',
			'org_id', lpad((random() * 29 + 1)::int::text, 2, '0'), 'continues_id', w.id, 'state', 'CONTINUED',
			'effective_from', d, 'valid_to', d + 30, 'ended_on', d + 20))).* FROM data.award w
		WHERE w.org_id = org AND NOT EXISTS (SELECT FROM data.award x WHERE x.continues_id = w.id) LIMIT 1;
	WHEN 3 THEN
		DELETE FROM data.award w WHERE w.org_id = org
			AND NOT EXISTS (SELECT FROM data.award x WHERE x.continues_id = w.id);
	WHEN 4, 5, 6 THEN
		INSERT INTO data.application_step (application_id, serial, at, person_id, request, to_state)
		SELECT a.id, 1 + coalesce((SELECT max(serial) FROM data.application_step s WHERE s.application_id = a.id), 0),
			d + time '10:00', 'P22', 'x', ('{SUBMITTED,RETURNED,ACCEPTED,EVALUATING,CONFIRMED,NOT_THIS_TIME}'::text[])
				[1 + (random() * 5)::int] FROM data.application a WHERE a.org_id = org;
	WHEN 7 THEN
		DELETE FROM data.application_step s USING data.application a WHERE a.id = s.application_id
			AND a.org_id = org AND random() < 0.5;
	WHEN 8 THEN
		UPDATE data.round SET started_on = d, ended_on = t.no_day() WHERE org_id = org;
	WHEN 9 THEN
		UPDATE data.self_version SET meets_conditions = random() < 0.8, held_on = d
		WHERE self_id = 'ZP26-' || org AND version_no = 1 + (random() * 1)::int;
	WHEN 10 THEN
		UPDATE data.org_version SET to_on = d WHERE org_id = org AND to_on IS NULL AND from_on < d;
		INSERT INTO data.org_version (org_id, parent_id, name, status, from_on, to_on)
		SELECT org, 'DW', '第' || org || '党支部', ('{ACTIVE,MERGED,REORGANISING}'::text[])[1 + (random() * 2)::int],
			d + 1, d + 1 + (random() * 50)::int + 1
		WHERE NOT EXISTS (SELECT FROM data.org_version v WHERE v.org_id = org AND coalesce(v.to_on, 'infinity') > d + 1);
	WHEN 11 THEN
		DELETE FROM data.org_version WHERE org_id = org AND from_on = (SELECT max(from_on) FROM data.org_version
			WHERE org_id = org) AND random() < 0.5;
	WHEN 12 THEN
		UPDATE data.org SET kind = ('{branch,branch_joint,branch_temporary}'::text[])[1 + (random() * 2)::int]
		WHERE id = org;
	WHEN 13 THEN
		UPDATE data.application SET self_version_no = 1 + (random() * 1)::int WHERE org_id = org;
	WHEN 14 THEN
		INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by)
		VALUES ('RR' || org || random(), org, 'LISTED', '{x}', '…', '党委会', d, 'P20');
	WHEN 15 THEN
		UPDATE data.weak_lax SET state = 'CLOSED', closed_on = d WHERE org_id = org AND random() < 0.7;
	WHEN 16 THEN
		UPDATE data.weak_lax SET listed_on = d, org_id = '05' WHERE org_id = org;
	WHEN 17 THEN
		DELETE FROM data.weak_lax WHERE org_id = org AND random() < 0.3;
	ELSE
		INSERT INTO data.org_version (org_id, parent_id, name, from_on)
		SELECT org, 'DW', '第' || org || '党支部', d
		WHERE NOT EXISTS (SELECT FROM data.org_version v WHERE v.org_id = org);
	END CASE;
END $$;
CREATE TABLE t.wrong (step int, act int, org text, day date);
CREATE TABLE t.seen (answer text PRIMARY KEY);
DO $$
DECLARE a int; o text;
BEGIN
	PERFORM setseed(0.26);
	FOR n IN 1..500 LOOP
		a := (random() * 18)::int;
		o := lpad((random() * 29 + 1)::int::text, 2, '0');
		PERFORM t.shake(a, o);
		IF n % 10 = 0 THEN
			INSERT INTO t.wrong SELECT n, a, o, m.day FROM miscounted m;
			INSERT INTO t.seen SELECT flow.counts_on(d::date)::text
			FROM generate_series('2026-09-01'::date, '2027-06-01', '1 day') d ON CONFLICT DO NOTHING;
		END IF;
	END LOOP;
END $$;
SELECT is_empty('TABLE t.wrong LIMIT 5', '500 changes by chance: as many as there are');
SELECT cmp_ok((SELECT count(*) FROM t.seen), '>', 200::bigint, 'which was much and little');
CREATE TABLE t.kept AS SELECT what, day, sum(change) AS change FROM flow.count_change
	GROUP BY what, day HAVING sum(change) <> 0;
SELECT flow.begin_counts();
SELECT set_eq('SELECT what, day, change::bigint FROM flow.count_change WHERE change <> 0',
	'SELECT what, day, change FROM t.kept', 'begun anew they are the same');

SELECT * FROM finish();
ROLLBACK;
