-- Reorganisation: what the committee decided is carried out whole; nothing is lost on
-- the way, and the day before can still be asked.
BEGIN;
\ir award_fixture.psql
SELECT no_plan();
SELECT t.day('2027-03-01');
INSERT INTO data.org (id, kind, established_on) VALUES ('Z1', 'general_branch', '2012-01-01'),
	('Z2', 'general_branch', '2012-01-01');
INSERT INTO data.org_version (org_id, parent_id, name, from_on) VALUES
	('Z1', 'DW', '第一党总支', '2012-01-01'), ('Z2', 'DW', '第二党总支', '2012-01-01');
UPDATE data.org_version SET parent_id = 'Z2' WHERE org_id IN ('10', '11', '12', '13');
INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on) VALUES
	('P60', '11', 'PRIMARY', 'FULL', '2020-01-01'), ('P61', '11', 'PRIMARY', 'PROBATIONARY', '2026-05-01'),
	('P62', '10', 'PRIMARY', 'FULL', '2020-01-01'), ('P63', '12', 'PRIMARY', 'FULL', '2020-01-01'),
	('P64', '12', 'PRIMARY', 'FULL', '2020-01-01'), ('P65', '12', 'PRIMARY', 'FULL', '2020-01-01'),
	('P65', '11', 'DUAL_LIFE', 'FULL', '2025-01-01');
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
	('P60', '11', 'branch_secretary', '2024-05-20'), ('P62', '10', 'branch_secretary', '2024-05-20'),
	('P70', 'Z2', 'general_branch_secretary', '2024-01-01');
-- 11 applies and is half way through its evaluations
SELECT t.application('11');
UPDATE data.eval_stream SET state = 'OPEN' WHERE id = 'PS26-11-MEM';
INSERT INTO data.item_set (id, title, adopted_on) VALUES ('CX26.1', '项目', '2026-01-01');
INSERT INTO data.ballot_session (id, org_id, org_name, state, application_id, purpose,
	item_set_id, comments, channel, held_on, place, prepared_by)
VALUES ('CP26-11', '11', '第11党支部', 'OPEN', 'SB26-11', 'MEMBERS_ON_BRANCH', 'CX26.1', false, 'SLIPS',
	'2027-03-01', '会议室', 'P30');
INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on, started_by)
VALUES ('LC26-10', '10', 'SELF_BUILDING', 'RQ10-3', 'BZ26.1', '2026-03-01', 'P62');
INSERT INTO data.self_assessment (id, org_id, state, round_id) VALUES ('ZP26-10', '10', 'DRAFT', 'LC26-10');
INSERT INTO data.gap (id, org_id, state, round_id, source, problem, found_on, found_by)
SELECT 'WT26-11-' || n, '11', s, 'LC26-11', 'SELF_CHECK', '问题' || n, '2026-05-01', 'P60'
FROM (VALUES (1, 'FOUND'), (2, 'DOING'), (3, 'RAISED'), (4, 'CLOSED')) v(n, s);
INSERT INTO data.weak_lax (id, org_id, state, criteria, facts, basis, listed_on, listed_by)
VALUES ('RR26-11', '11', 'LISTED', '{LIFE}', '组织生活不正常', '党委会', '2026-06-01', 'P20');

CREATE FUNCTION t.decided(subject text, f int DEFAULT 9) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text := t.ask('P30', 'new_meeting', format('%L::date, ''会议室'', NULL, NULL', flow.today()))->>'meeting_id';
	i text := t.ask('P30', 'add_agenda_item', format('%L, %L, ''P22''', m, subject))->>'agenda_item_id';
BEGIN
	PERFORM t.attend(m, 9, 9);
	PERFORM t.ask('P30', 'begin_meeting', format('%L', m));
	PERFORM t.hands(i, f, 9 - f, 0, 0);
	PERFORM t.ask('P30', 'resolve_item', format('%L, ''讨论'', ''理由'', NULL, NULL', i));
	PERFORM t.ask('P30', 'end_meeting', format('%L', m));
	PERFORM t.ask('P1', 'sign_minutes', format('%L, %L', m, t.ask('P1', 'show_minutes', format('%L', m))->>'digest'));
	RETURN (SELECT a.outcome FROM data.agenda_item a WHERE a.id = i);
END $$;
CREATE FUNCTION t.plan(kind text, from_ids text, results text, heir text, members text, awards text) RETURNS jsonb
LANGUAGE sql AS $$ SELECT t.ask('P22', 'plan_reorg', format('%L, %L, %L, %L, %L, %L, ''机构调整''', kind, from_ids,
	results, heir, members, awards)) $$;
CREATE FUNCTION t.tree(on_day date) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(o->>'org_id', ' ' ORDER BY o->>'org_id') FROM jsonb_array_elements(t.ask('P20', 'list_orgs',
		format('NULL, %L', on_day))->'orgs') o WHERE o->>'org_id' IN ('10', '11', '12', '13', '31', '32', 'Z2') $$;

-- ---- refused, with reason and way on; nothing is kept of it --------------------------------
SELECT is(t.refused(t.plan('MERGE', '{11}', '{"(11,,,,,)"}', NULL, '{}', '{}')),
	'ZB001 defects merge_with_itself 11;ballot_running CP26-11 ballot_session.OPEN', 'a merger of a branch with itself');
SELECT is(t.refused(t.plan('MERGE', '{11}', '{}', NULL, '{}', '{}')),
	'ZB001 defects reorg_results_merge;ballot_running CP26-11 ballot_session.OPEN;members_unassigned 2 同志60、同志61', 'into what, and where the members go');
SELECT is(t.refused(t.plan('TRANSFER', '{Z2}', '{"(Z2,,,,,Z2)"}', NULL, '{}', '{}')), 'ZB001 defects tree_in_circle Z2',
	'a circle in the tree');
SELECT is(t.refused(t.plan('TRANSFER', '{10}', '{"(10,,,,,12)"}', NULL, '{}', '{}')), 'ZB001 defects reorg_parent 10 12',
	'below a branch');
SELECT is(t.refused(t.plan('RENAME', '{14}', '{"(14,第14党支部,,,,)"}', NULL, '{}', '{}')), 'ZB001 defects reorg_same_name 14',
	'no new name');
SELECT is(t.refused(t.plan('SPLIT', '{12}', '{"(31,新一党支部,,branch,教工,Z2)"}', '31', '{}', '{}')),
	'ZB001 defects reorg_results_split;members_unassigned 3 同志63、同志64、同志65', 'a split into one');
SELECT is(t.refused(t.plan('DISSOLVE', '{11}', '{}', NULL, '{}', '{}')),
	'ZB001 defects application_near_end SB26-11 application.EVALUATING;ballot_running CP26-11 ballot_session.OPEN;gap_open WT26-11-1;gap_open WT26-11-2;gap_open WT26-11-3;open_case_stays RR26-11;members_unassigned 2 同志60、同志61',
	'S-13: an organisation with open business is not dissolved');
SELECT is(t.refused(t.plan('MERGE', '{99}', '{"(10,,,,,)"}', NULL, '{}', '{}')), 'ZB001 defects org_unknown 99', 'an unknown one');
SELECT is_empty('SELECT FROM data.reorg', 'nothing is kept of any of them');
SELECT is(t.refused(t.ask('P62', 'plan_reorg', '''MERGE'', ''{11}'', ''{"(10,,,,,)"}'', NULL, ''{}'', ''{}'', ''x''')),
	'ZB002 denied', 'a branch plans none');

-- ---- T1: 11 merges into 10 -------------------------------------------------------------------
SELECT is(t.refused(t.plan('MERGE', '{11}', '{"(10,,,,,)"}', NULL, '{}', '{}')),
	'ZB001 defects ballot_running CP26-11 ballot_session.OPEN', 'not while people vote');
UPDATE data.ballot_session SET state = 'ROLL_FROZEN' WHERE id = 'CP26-11';
SELECT ok(t.plan('MERGE', '{11}', '{"(10,,,,,)"}', NULL, '{}', '{}')->>'motion'
	~ '^11 第11党支部并入10 第10党支部；未了事项由10 第10党支部承接；理由：机构调整$', 'T1: the motion says it');
SELECT is(t.refused(t.plan('RENAME', '{10}', '{"(10,实训党支部,,,,)"}', NULL, '{}', '{}')),
	'ZB001 defects reorg_under_way TZ27-01', 'one at a time');
SELECT is(t.refused(t.ask('P20', 'carry_out_reorg', '''TZ27-01'', ''8号'', NULL')), 'ZB003 state', 'not without the committee');
SELECT is(t.decided('TZ27-01'), 'APPROVED', 'T1: the committee approves');
SELECT is(t.ask('P20', 'show_org', '''11'', NULL')->>'status', 'REORGANISING', 'until it is carried out');
SELECT is(t.refused(t.ask('P22', 'carry_out_reorg', '''TZ27-01'', ''8号'', NULL')), 'ZB002 denied', 'an officer does not');
SELECT is(t.refused(t.ask('P20', 'carry_out_reorg', '''TZ27-01'', ''8号'', ''2027-02-28''')),
	'ZB001 invalid reorg_day_range 2027-03-01 2027-03-01', 'not dated before the committee');
SELECT t.day('2027-03-10');
SELECT is((SELECT r - 'effective_on' FROM t.ask('P20', 'carry_out_reorg', '''TZ27-01'', ''院党组〔2027〕8号'', NULL') r),
	'{"reorg_id": "TZ27-01", "state": "DONE", "moved_members": 2, "continued_awards": [],
	"carried_gaps": ["WT27-10", "WT27-10-2", "WT27-10-3"]}', 'T1: carried out');
SELECT is((SELECT ARRAY[r.state, r.ended_on::text] FROM data.round r WHERE r.org_id = '11'), '{ENDED_REORG,2027-03-10}', 'T1: its round ends');
SELECT is((SELECT string_agg(g.origin_id || ' ' || g.state || ' ' || g.round_id, ', ' ORDER BY g.id) FROM data.gap g WHERE g.org_id = '10'),
	'WT26-11-1 FOUND LC26-10, WT26-11-2 DOING LC26-10, WT26-11-3 RAISED LC26-10', 'T1: open problems move, with their origin');
SELECT is((SELECT c.org_id || ' ' || c.state FROM data.weak_lax c), '10 LISTED', 'T1, S-13: the weak and lax case does not vanish');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-11'), 'LAPSED', 'the half-done application lapses');
SELECT is((SELECT s.state FROM data.eval_stream s WHERE s.id = 'PS26-11-MEM'), 'NOT_CARRIED_OUT', 'its open stream is not carried out');
SELECT is((SELECT s.state FROM data.ballot_session s WHERE s.id = 'CP26-11'), 'VOID', 'nobody votes in it any more');
SELECT is((SELECT string_agg(a.person_id || ' ' || a.standing, ', ' ORDER BY a.person_id) FROM data.affiliation a
	WHERE a.org_id = '10' AND a.kind = 'PRIMARY' AND a.to_on IS NULL), 'P60 FULL, P61 PROBATIONARY, P62 FULL',
	'T1: the roll of later ballots is the new branch''s');
SELECT is((SELECT string_agg(a.org_id || ' ' || a.kind, ', ' ORDER BY a.org_id) FROM data.affiliation a
	WHERE a.person_id = 'P65' AND a.to_on IS NULL), '10 DUAL_LIFE, 12 PRIMARY', 'a guest goes along as a guest');
SELECT is(t.refused(t.ask('P60', 'whoami', NULL, 'branch_secretary@11')), 'ZB002 office_not_held',
	'its offices end that day');
SELECT is(t.tree('2027-03-09') || ' / ' || t.tree('2027-03-10'), '10 11 12 13 Z2 / 10 12 13 Z2', 'the tree, as of the day before and the day');
SELECT is((SELECT ARRAY[r->>'status', r->'successors'->0->>'org_id', r->'successors'->0->>'doc_no'] FROM t.ask('P62', 'show_org', '''11'', NULL') r),
	'{MERGED,10,院党组〔2027〕8号}', 'the link forward');
SELECT is(t.ask('P62', 'show_org', '''10'', NULL')->'predecessors'->0->>'org_id', '11', 'and back');
SELECT is(t.refused(t.ask('P22', 'start_term', '''11'', ''2027-03-01'', ''2030-03-01''')), 'ZB001 invalid org_gone 11', 'nothing begins there any more');
SELECT is(t.refused(t.ask('P22', 'set_office', '''P64'', ''branch_secretary'', ''11'', NULL, NULL, NULL')), 'ZB001 defects org_gone 11', 'nobody takes an office there');
SELECT is(t.refused(t.ask('P20', 'carry_out_reorg', '''TZ27-01'', ''8号'', NULL')), 'ZB003 state', 'once');
SELECT is(jsonb_array_length(t.ask('P20', 'show_reorg', '''TZ27-01''')->'members'), 2, 'D29: who was moved');
SELECT is(t.ask('P20', 'show_reorg', '''TZ27-01''')->'from_org_names', '["第11党支部"]',
	'D29: its name of the day before');
SELECT is(t.ask('P20', 'show_person', '''P60''')->'offices'->0->>'to_on', '2027-03-10', 'and whose office ended');

-- ---- T2: a split after an award ---------------------------------------------------------------
SELECT t.award('12', '2026-12-03', '2027-05-19');
INSERT INTO data.fund (id, org_id, state, year, source, award_id, purpose, budgeted_fen, budgeted_by, granted_fen, decided_on, basis, granted_by)
VALUES ('JF26-12', '12', 'GRANTED', 2026, 'ACTIVITY', 'PD26-12', '书报', 100000, 'P22', 100000, '2026-12-10', '党委会', 'P20');
\set split '{"(31,新一党支部,,branch,教工,Z2)","(32,新二党支部,,branch,学生,Z1)"}'
\set who '{"(P63,31)","(P64,31)","(P65,32)"}'
SELECT is(t.refused(t.plan('SPLIT', '{12}', :'split', '31', :'who', '{}')),
	'ZB001 defects award_undecided PD26-12 第12党支部', 'T2: whether the award goes on is the committee''s');
SELECT is(t.refused(t.plan('SPLIT', '{12}', :'split', '31', :'who', '{"(PD26-12,31)","(PD26-12,32)"}')),
	'ZB001 defects row_twice_here PD26-12', 'T2: never two');
SELECT is(t.refused(t.plan('SPLIT', '{12}', :'split', '31', :'who', '{"(PD26-12,12)"}')),
	'ZB001 defects award_to_nowhere PD26-12 12', 'T2: nor one that is gone');
SELECT is(t.refused(t.plan('SPLIT', '{12}', :'split', NULL, :'who', '{"(PD26-12,31)"}')),
	'ZB001 defects reorg_heir_needed', 'who takes over what is open');
SELECT is(t.plan('SPLIT', '{12}', :'split', '32', :'who', '{"(PD26-12,31)"}')->>'reorg_id', 'TZ27-02', 'T2: planned');
SELECT t.ask('P22', 'review_award', '''PD26-12'', ''事由'', ''依据''');
SELECT is(t.refused(t.ask('P30', 'add_agenda_item', format('%L, ''TZ27-02'', ''P22''', t.ask('P30', 'new_meeting',
	'''2027-03-10'', ''会议室'', NULL, NULL')->>'meeting_id'))), 'ZB003 state award_under_review PD26-12', 'a review is ended first');
SELECT t.ask('P20', 'keep_award', '''PF27-12'', ''查无此事''');
SELECT is(t.decided('TZ27-02'), 'APPROVED', 'T2: approved');
SELECT is(t.ask('P20', 'carry_out_reorg', '''TZ27-02'', ''9号'', NULL')->'continued_awards', '["PD27-31"]', 'T2: carried on by one');
SELECT is((SELECT string_agg(concat_ws(' ', w.id, w.org_id, w.state, w.continues_id, w.effective_from, w.valid_to, w.ended_on), ', ' ORDER BY w.id)
	FROM data.award w WHERE w.application_id = 'SB26-12'),
	'PD26-12 12 CONTINUED 2026-12-03 2027-05-19 2027-03-10, PD27-31 31 EFFECTIVE PD26-12 2027-03-10 2027-05-19',
	'T2: it does not copy itself, and lasts no longer');
SELECT is((SELECT f.award_id || ' ' || f.org_id || ' ' || f.state FROM data.fund f), 'PD27-31 31 GRANTED', 'what is not spent goes along');
SELECT is((SELECT string_agg(a.person_id || a.org_id, ' ' ORDER BY a.person_id) FROM data.affiliation a WHERE a.org_id IN ('31', '32')),
	'P6331 P6431 P6532', 'members as said');
SELECT is((SELECT jsonb_path_query_array(r, '$.events[*].kind') FROM t.ask('P20', 'award_history', '''31''') r),
	'["AWARDED", "REVIEW_OPENED", "REVIEW_KEPT", "CONTINUED", "CONTINUES", "SPLIT", "SPLIT"]', 'the history of 31 begins with 12');
SELECT is((SELECT jsonb_path_query_array(r, '$.events[*].org_name') ->> 0 FROM t.ask('P20', 'award_history', '''31''') r), '第12党支部', 'under its name then');
SELECT is(t.tree('2027-03-09') || ' / ' || t.tree(NULL), '10 11 12 13 Z2 / 10 13 31 32 Z2', 'the tree before and after');
SELECT is((SELECT ARRAY[r->>'term_id', r->>'round_id'] FROM t.ask('P22', 'start_term', '''31'', ''2027-03-10'', ''2030-03-09''') r),
	'{RQ31-1,LC27-31}', 'a new branch elects, and begins');
SELECT is((SELECT w.state FROM data.award w WHERE w.id = 'PD27-31'), 'EFFECTIVE', 'its first term does not end what it carries on');

-- ---- two awards ----------------------------------------------------------------------------------
SELECT t.award('20', '2026-12-03', '2027-05-19'), t.award('22', '2026-12-03', '2027-05-19');
SELECT is(t.refused(t.plan('MERGE', '{20}', '{"(22,,,,,)"}', NULL, '{}', '{"(PD26-20,22)","(PD26-22,22)"}')),
	'ZB001 defects two_awards_one_org 22 PD26-20 PD26-22', 'two awards do not meet on one branch');
SELECT is(t.plan('MERGE', '{20}', '{"(22,,,,,)"}', NULL, '{}', '{"(PD26-20,)","(PD26-22,22)"}')->>'state', 'PLANNED', 'one ends');
SELECT is(t.decided('TZ27-03', 3), 'REJECTED', 'the committee may say no');
SELECT is(t.refused(t.ask('P20', 'carry_out_reorg', '''TZ27-03'', ''8号'', NULL')), 'ZB003 state', 'then it is not done');
SELECT t.plan('MERGE', '{20}', '{"(22,,,,,)"}', NULL, '{}', '{"(PD26-20,)","(PD26-22,22)"}');
SELECT t.decided('TZ27-04');
SELECT t.ask('P20', 'carry_out_reorg', '''TZ27-04'', ''10号'', NULL');
SELECT is((SELECT string_agg(w.id || ' ' || w.state, ', ' ORDER BY w.id) FROM data.award w WHERE w.org_id IN ('20', '22')),
	'PD26-20 ENDED_REORG, PD26-22 EFFECTIVE', 'as the committee said');

-- ---- rename, transfer, T47 -----------------------------------------------------------------------
SELECT is(t.plan('RENAME', '{14}', '{"(14,智能控制系教工党支部,,,,)"}', NULL, '{}', '{}')->>'state', 'PLANNED', 'a new name');
SELECT t.decided('TZ27-05');
SELECT t.ask('P20', 'carry_out_reorg', '''TZ27-05'', ''11号'', NULL');
SELECT is(flow.org_name('14', '2027-03-09') || ' ' || flow.org_name('14', '2027-03-10'), '第14党支部 智能控制系教工党支部', 'RENAME: dated');
SELECT t.application('13');
UPDATE data.application SET state = 'AT_INTERMEDIATE', at_org_id = 'Z2' WHERE id = 'SB26-13';
INSERT INTO data.application_step (application_id, serial, at, person_id, role, org_id, request, to_state, agreed, opinion)
VALUES ('SB26-13', 1, '2026-11-01', 'P70', 'general_branch_secretary', 'Z2', 'endorse_application', 'SUBMITTED', true, '同意');
SELECT is(t.refused(t.plan('DISSOLVE', '{Z2}', '{}', NULL, '{}', '{}')), 'ZB001 defects reorg_heir_of_tree Z2', 'T47: whose are its branches');
SELECT is(t.refused(t.plan('DISSOLVE', '{Z2}', '{}', '13', '{}', '{}')), 'ZB001 defects tree_in_circle Z2', 'T47: not one of them');
SELECT ok(t.plan('DISSOLVE', '{Z2}', '{}', 'DW', '{}', '{}')->>'motion' ~ '撤销Z2 第二党总支；下属组织归DW', 'T47: the level goes');
SELECT t.decided('TZ27-06');
SELECT is(t.refused(t.ask('P20', 'carry_out_reorg', '''TZ27-06'', ''12号'', NULL')),
	'ZB001 invalid reorg_day_range 2027-03-11 2027-03-10', 'not on the day on which 31 began');
SELECT t.day('2027-03-11');
SELECT is(t.ask('P20', 'carry_out_reorg', '''TZ27-06'', ''12号'', NULL')->>'state', 'DONE', 'T47: done');
SELECT is((SELECT string_agg(v.org_id || ' ' || v.parent_id, ', ' ORDER BY v.org_id) FROM data.org_version v
	WHERE v.org_id IN ('10', '13') AND v.to_on IS NULL), '10 DW, 13 DW', 'T47: the tree is dated');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-13'), 'SUBMITTED', 'T47: what lay there goes on');
SELECT is((SELECT count(*)::int FROM data.application_step s WHERE s.application_id = 'SB26-13' AND s.agreed), 1, 'T47: old endorsements stay');
SELECT is(t.refused(t.ask('P70', 'whoami', NULL, 'general_branch_secretary@Z2')),
	'ZB002 office_not_held', 'T47: its office ends');

-- ---- T36: 9 of 30, of 29 after a merger, of 31 after a split -----------------------------------------
SELECT is((SELECT count(*)::int FROM flow.branches()), 29, 'T36: the count of branches follows the tree');

-- ---- an empty branch is dissolved; who is there must go somewhere -----------------------------------------
INSERT INTO data.affiliation (person_id, org_id, standing, from_on) VALUES ('P71', '26', 'FULL', '2020-01-01');
SELECT is(t.refused(t.plan('DISSOLVE', '{26}', '{}', NULL, '{"(P71,26)"}', '{}')), 'ZB001 defects member_to_nowhere 同志71 26', 'not to itself');
SELECT is(t.plan('DISSOLVE', '{26}', '{}', NULL, '{"(P71,27)"}', '{}')->>'state', 'PLANNED', 'to another');
SELECT is(t.ask('P22', 'drop_reorg', '''TZ27-07'', ''方案重做''')->>'state', 'DROPPED', 'given up');
SELECT is((SELECT array_agg(r->>'state') FROM jsonb_array_elements(t.ask('P20', 'list_reorgs', '''26''')->'reorgs') r), '{DROPPED}', 'and kept');
\ir progress_counts.psql
SELECT is_empty('TABLE miscounted', 'S-12, S-14: and the college''s counts are those of the rows');

SELECT * FROM finish();
ROLLBACK;
