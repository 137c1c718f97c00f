-- What the plan forbids (五(三)): no figure on a branch, no mark to pass, no league,
-- no added burden.  One test for each of NF-1 to NF-12, as far as the schema, the
-- functions and the rights can show it.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- Every name a person or program can meet: columns, parameters, parts of messages.
CREATE VIEW t.name AS
	SELECT n.nspname || '.' || c.relname AS place, a.attname::text AS name,
		format_type(a.atttypid, NULL) AS type, n.nspname AS home, c.relname::text AS owner
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('data', 'rule', 'audit', 'api', 'call') AND a.attnum > 0
		AND NOT a.attisdropped AND c.relkind IN ('r', 'c', 'v')
	UNION ALL
	SELECT 'api.' || p.proname, p.proargnames[i],
		format_type((coalesce(p.proallargtypes, p.proargtypes::oid[]))[i], NULL), 'api', p.proname
	FROM pg_proc p, generate_subscripts(p.proargnames, 1) i
	WHERE p.pronamespace = 'api'::regnamespace
	UNION ALL
	SELECT n.nspname, c.relname, '', n.nspname, c.relname
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('data', 'rule', 'audit') AND c.relkind = 'r';
CREATE FUNCTION t.forbidden(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT name ~* '(^|_)(scores?|weights?|weighting|rank(s|ed|ing)?|stars?|percents?|percentage|average|avg|mean|thresholds?|quotas?|points?_?(sum|total)|ratio|share|rate|index_value|kpi|league|leaderboard|level_no|pass_mark)(_|$)' $$;

-- ---- NF-1 --------------------------------------------------------------------------------
SELECT ok(t.forbidden('score') AND t.forbidden('branch_rank') AND t.forbidden('star_no')
	AND t.forbidden('average_mark') AND NOT t.forbidden('started_on')
	AND NOT t.forbidden('start_on') AND NOT t.forbidden('operate'), 'NF-1: the net catches');
-- But for the college's own number beside the plan's goal (S-12, S-14): one reply, two
-- texts, asked for with a day and nothing else.
SELECT is((SELECT array_agg(DISTINCT x.name || ' ' || x.type || ' of ' || x.place) FROM t.name x WHERE t.forbidden(x.name)),
	'{"awarded_share text of api.show_progress","awarded_share text of call.show_progress_reply","standard_share text of api.show_progress","standard_share text of call.show_progress_reply"}',
	'NF-1: no score, weight, rank, star, share, average, threshold or quota of a branch has a name');
SELECT is((SELECT array_agg(n) FROM pg_proc p, unnest(p.proargnames) n WHERE p.oid::regproc::text = 'api.show_progress'),
	'{me,as_of_on,active_branches,awarded_branches,awarded_share,standard_branches,standard_share,weak_lax_open,goals,phases}',
	'NF-1: the college''s number is asked for with a day alone, and names no unit');
SELECT is_empty($$ SELECT place, name FROM t.name WHERE owner IN ('goal_row', 'phase_row')
	AND (name ~ 'org|branch|unit' OR type ~ 'int') $$, 'NF-11: nor do the goals beside it');
SELECT is((SELECT array_agg(p.role ORDER BY p.role) FROM rule.permission p WHERE p.request = 'show_progress'),
	'{committee_member,committee_secretary,od_head,od_officer}', 'NF-1: it is for the committee and the department');
SELECT results_eq($$ SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('api', 'flow', 'guard', 'auth') AND p.prosrc ~ 'college_part|goal_reading|counts_on' $$,
	$$ VALUES ('api.show_progress') $$, 'NF-3, NF-11: nothing else reads it: no gate, no allocation');
SELECT results_eq($$ SELECT p.oid::regproc::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('api', 'flow', 'guard', 'auth') AND p.prosrc ~ 'count_change\y|branch_counted\y|branch_days' ORDER BY 1 $$,
	$$ VALUES ('flow.begin_counts'), ('flow.count'), ('flow.count_branch'), ('flow.counts_on') $$,
	'NF-3, NF-11: nor what it is made of');
SELECT is((SELECT array_agg(format_type(t, NULL) ORDER BY p.proname, n)
	FROM pg_proc p, unnest(p.proargtypes) WITH ORDINALITY u(t, n)
	WHERE p.oid::regproc::text IN ('flow.college_part', 'flow.counts_on')), '{integer,integer,integer,date}',
	'NF-1: a part is taken of head counts of branches, of no organisation');
SELECT is_empty($$ SELECT place, name, type FROM t.name
	WHERE type ~ '^(numeric|real|double precision|money)' $$,
	'NF-1: no figure but whole numbers anywhere');
-- The only whole numbers there are: serials, sizes, heads, ballots, votes, rules on
-- deciding.  A new one is added here with its kind, or not at all.
SELECT is_empty($$ SELECT place, name FROM t.name WHERE home = 'data'
	AND type ~ '^(smallint|integer|bigint)' AND NOT (
		name ~ '(^|_)(no|year|revision|serial|version)$'                       -- serials
		OR name ~ '(^|_)(entitled|present|in_favour|against|abstain|not_cast|voters|recused|denominator)$'
		OR name ~ '(^|_)(full_members|probationary_members|given_out)$'                  -- heads
		OR (owner = 'notice' AND name = 'working_days')                        -- how long it hangs
		OR name IN ('valid', 'void_count', 'counts', 'blank', 'paper')            -- ballots
		OR name IN ('size_bytes', 'wrong_proofs', 'alarms')
		OR (owner = 'handover_item' AND name = 'pages')                        -- of paper
		OR (name ~ '_fen$' AND owner IN ('fund', 'fund_spend'))                -- money
		OR (owner = 'burden_limit' AND name = 'required_inputs')               -- fields of forms
		OR (owner = 'rule_set' AND name IN ('quorum_num', 'quorum_den', 'notice_working_days',
			'small_group', 'rectification_months'))) $$,
	'NF-1: every whole number is a serial, a size, a head, a ballot, a vote, money or a rule on deciding');

-- ---- NF-2 --------------------------------------------------------------------------------
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p
	JOIN pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname IN ('api', 'flow', 'guard') AND p.proname <> 'stream_order'
		AND (SELECT count(DISTINCT m[1]) FROM regexp_matches(p.prosrc,
			'\m(ORG|MEMBERS|MASSES|SOCIETY)\M', 'g') m) > 1
		AND p.prorettype IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'bool'::regtype,
			'numeric'::regtype, 'float8'::regtype) $$,
	'NF-2: no function reads two streams and gives a figure or a verdict');
SELECT is_empty($$ SELECT a.attname FROM pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped
	AND a.attrelid IN ('data.eval_stream'::regclass, 'data.eval_version'::regclass)
	AND a.atttypid IN ('int4'::regtype, 'int8'::regtype, 'bool'::regtype)
	AND a.attname <> 'version_no' $$, 'NF-2: a stream holds words');

-- ---- NF-3 --------------------------------------------------------------------------------
SELECT columns_are('data', 'rule_set', ARRAY['id', 'adopted_on', 'adopted_by', 'adopted_at',
	'basis', 'quorum_num', 'quorum_den', 'majority', 'recused_stay', 'notice_working_days',
	'posting_day_counted', 'small_group', 'rectification_months', 'award_through_extension',
	'students_judge', 'weak_lax_may_apply'],
	'NF-3: the settings are rules on deciding, all of them');
-- The poorest words and counts there can be go to the committee like the best.
SELECT t.application('13');
INSERT INTO data.duty_review (id, org_id, state, year, secretary_id, grade, decided_by,
	decided_on, recorded_by, recorded_at)
VALUES ('SZ26-13', '13', 'RECORDED', 2026, 'P50', 'POOR', '党委', '2026-11-30', 'P22', now());
UPDATE data.self_version SET in_favour = 0, against = 22 WHERE self_id = 'ZP26-13';
SELECT is(t.ask('P20', 'freeze_dossier', '''SB26-13''')->>'state', 'FROZEN',
	'NF-3: no word and no count keeps a dossier from the committee');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'guard'::regnamespace
		AND p.prosrc ~ '\m(GOOD|FAIRLY_GOOD|FAIR|POOR|EXCELLENT|QUALIFIED|BASIC|UNQUALIFIED)\M' $$,
	'NF-3: no guard asks for a grade or an option');

-- ---- NF-4 --------------------------------------------------------------------------------
SELECT is_empty($$ SELECT place, name FROM t.name
	WHERE home = 'api' AND name ~ '^(sort|order|sort_by|order_by|top|best|limit_no)$' $$,
	'NF-4: nobody can ask for another order');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace::regnamespace::text IN ('api', 'flow')
		AND p.prosrc ~* 'order\s+by[^;()]*\m(count|in_favour|against|valid|votes|ballots|grade|present)\M' $$,
	'NF-4: no list is put in the order of a count or a grade');
SELECT t.application(o), t.ask('P20', 'freeze_dossier', format('%L', 'SB26-' || o))
FROM unnest('{29,04,18}'::text[]) o;
SELECT is((SELECT jsonb_path_query_array(r, '$.dossiers[*].org_id')
	FROM t.ask('P20', 'list_dossiers') r), '["04", "13", "18", "29"]', 'NF-4: by code');
SELECT is((SELECT jsonb_path_query_array(r, '$.applications[*].org_id')
	FROM t.ask('P22', 'list_applications', 'NULL, NULL') r), '["04", "13", "18", "29"]',
	'NF-4: applications too');
SELECT ok(flow.notice_text(jsonb_populate_record(NULL::data.notice, '{"id": "x", "title": "x",
	"contact": "x"}')) ~ '排名不分先后', 'NF-4: what is printed says so');

-- ---- NF-5 --------------------------------------------------------------------------------
SELECT is_empty($$ SELECT DISTINCT t.place FROM t.name t
	WHERE t.home = 'api' AND t.type IN ('api.ballot_result', 'api.ballot_result[]',
		'api.ballot_tally[]', 'api.evaluation_sheet', 'api.evaluation_sheet[]',
		'api.survey_result', 'api.survey_result[]')
		AND t.owner NOT IN ('ballot_result', 'evaluation_sheet', 'show_ballot', 'show_evaluation',
			'show_dossier', 'build_dossier', 'survey_result', 'survey_category', 'show_survey') $$,
	'NF-5: a result is shown for one branch at a time');
SELECT is_empty($$ SELECT t.place FROM t.name t WHERE t.type = 'api.evaluation_sheet[]' $$,
	'NF-5: there are no two sheets side by side');

-- ---- NF-6 --------------------------------------------------------------------------------
SELECT is_empty($$ SELECT DISTINCT t.guard FROM rule.transition t
	JOIN pg_proc p ON p.pronamespace = 'guard'::regnamespace AND p.proname = t.guard
	WHERE t.entity <> 'file' AND p.prosrc ~ 'data\.file' $$, 'NF-6: no move asks for a file');
SELECT is((SELECT count(*) FROM data.file), 0::bigint, 'NF-6: four dossiers and not one file');

-- ---- NF-7 --------------------------------------------------------------------------------
SELECT is_empty($$ SELECT place, name FROM t.name WHERE name ~*
	'(^|_)(login|logins|logon|last_seen|last_login|online|checkin|check_in|sign_in|clock_in|visits|clicks|views|face|gps|location|address|points_earned)(_|$)' $$,
	'NF-7: nothing counts what a person does with the program');
SELECT is((SELECT array_agg(p.role ORDER BY p.role) FROM rule.permission p
	WHERE p.request = 'audit_log'), '{administrator,auditor}', 'NF-7: the trace is not for managers');

-- ---- NF-8 --------------------------------------------------------------------------------
SELECT is((SELECT p.proargnames[2:3] FROM pg_proc p WHERE p.oid::regproc::text = 'api.new_application'),
	'{round_id,application_id}', 'NF-8: an application asks for nothing that is known');
SELECT is((SELECT array_agg(n ORDER BY n) FROM pg_proc p, unnest(p.proargnames) n
	WHERE p.oid::regproc::text = 'api.edit_application'
		AND n NOT IN ('me', 'application_id', 'base_revision', 'state', 'revision')),
	'{next_steps,remaining_problems,summary}', 'NF-8: but for three fields of words');
SELECT is((SELECT array_agg(n) FROM pg_proc p, unnest(p.proargnames[1:p.pronargs]) n
	WHERE p.oid::regproc::text = 'api.freeze_dossier'), '{me,application_id}',
	'NF-8: a dossier is gathered, not typed');

-- ---- NF-9, NF-10 -------------------------------------------------------------------------
CREATE VIEW t.writes AS SELECT p.role, p.request FROM rule.permission p
	JOIN pg_proc f ON f.pronamespace = 'api'::regnamespace AND f.proname = p.request
		AND f.provolatile = 'v';
SELECT is((SELECT array_agg(w.request ORDER BY w.request) FROM t.writes w WHERE w.role = 'general_branch_secretary'),
	'{add_guidance,endorse_application,explain_standard,set_window}',
	'NF-9: a level between endorses, guides, explains and moves ends later; it can demand nothing');
SELECT is_empty($$ SELECT w.request, w.role FROM t.writes w WHERE w.request ~ '(standard|item_set|programme|window)'
	AND w.request NOT IN ('explain_standard', 'set_window')
	AND w.role NOT IN ('od_officer', 'od_head', 'committee_secretary') $$,
	'NF-9: standards, forms and windows are the college''s');
SELECT is(t.refused(t.ask('P50', 'set_window', '''APPLICATION'', now(), now() + interval ''1 day'', ''早'', NULL')),
	'ZB002 denied', 'NF-10: no branch moves a deadline');

-- ---- NF-11 -------------------------------------------------------------------------------
SELECT is_empty($$ SELECT place, name FROM t.name WHERE name ~*
	'(^|_)(quotas?|allocations?|allotments?|targets?|indicators?|goal_no_of_branches|share)(_|$)'
	AND owner NOT IN ('show_progress', 'show_progress_reply') $$,
	'NF-11: the goals are handed out to nobody');
SELECT is((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
	WHERE a.attrelid = 'data.programme_goal'::regclass AND a.attnum > 0),
	'{programme_id,goal_no,text}', 'NF-11: a goal is a sentence');

-- ---- NF-12 -------------------------------------------------------------------------------
SELECT is_empty($$ SELECT place, name FROM t.name
	WHERE name ~* '(^|_)(remind|reminder|reminders|nudge|escalate_login|not_logged_in)(_|$)' $$,
	'NF-12: nobody is reminded by the program');
SELECT is_empty($$ SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace
	AND p.proname ~ 'remind|notify|nudge' $$, 'NF-12: nor can be');

SELECT * FROM finish();
ROLLBACK;
