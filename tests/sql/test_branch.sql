-- The branch's own work through the wrappers the server calls: meeting arithmetic
-- at its edges, evidence, the application's way, and who is refused.
BEGIN;
SELECT no_plan();
\set QUIET on

-- ---- a small college on 22 October 2026, 10:00 in Beijing ---------------------
INSERT INTO data.deployment (id, demo, clock_shift)
VALUES ('test', true, '2026-10-22 02:00+00'::timestamptz - now())
ON CONFLICT (one) DO UPDATE SET demo = true, clock_shift = excluded.clock_shift;
INSERT INTO data.org (id, kind, member_category, established_on) VALUES
	('DW', 'committee', NULL, '2003-01-01'), ('ZZB', 'department', NULL, '2003-01-01'),
	('Z2', 'general_branch', NULL, '2010-01-01'),
	('02', 'branch', '机关', '2010-01-01'), ('14', 'branch', '教工', '2010-01-01'),
	('28', 'branch', '教工', '2010-01-01');
INSERT INTO data.org_version (org_id, parent_id, name, from_on) VALUES
	('DW', NULL, '学院党委', '2003-01-01'), ('ZZB', 'DW', '党委组织部', '2003-01-01'),
	('Z2', 'DW', '智能制造党总支', '2010-01-01'),
	('02', 'DW', '组织宣传统战党支部', '2010-01-01'),
	('14', 'Z2', '电气自动化系教工党支部', '2010-01-01'),
	('28', 'DW', '马克思主义学院与基础部教工党支部', '2010-01-01');
INSERT INTO data.term (id, org_id, term_no, start_on, due_on) VALUES
	('RQ14-3', '14', 3, '2024-04-10', '2027-04-09'),
	('RQ28-3', '28', 3, '2023-12-20', '2026-12-19'),
	('RQ02-3', '02', 3, '2024-04-10', '2027-04-09');
INSERT INTO data.person (id, name) SELECT 'P' || n, '党员' || n
FROM generate_series(1, 90) n;
-- 14: 1 to 25 full, 26 and 27 probationary; 28: 31 to 40; 02: 41 to 44
INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
SELECT 'P' || n, CASE WHEN n < 31 THEN '14' WHEN n < 41 THEN '28' ELSE '02' END,
	CASE WHEN n IN (26, 27) THEN 'PROBATIONARY' ELSE 'FULL' END, '2020-01-01'
FROM generate_series(1, 44) n WHERE n NOT BETWEEN 28 AND 30;
-- takes part in 14's life, belongs to 28: has no vote in 14
INSERT INTO data.affiliation (person_id, org_id, kind, standing, from_on)
VALUES ('P31', '14', 'DUAL_LIFE', 'FULL', '2020-01-01');
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
	('P1', '14', 'branch_secretary', '2024-04-10'),
	('P2', '14', 'branch_committee_member', '2024-04-10'),
	('P31', '28', 'branch_secretary', '2023-12-20'),
	('P41', '02', 'branch_secretary', '2024-04-10'),
	('P50', 'Z2', 'general_branch_secretary', '2024-01-01'),
	('P42', 'ZZB', 'od_officer', '2024-01-01'),
	('P51', 'ZZB', 'od_officer', '2024-01-01'),
	('P60', 'DW', 'committee_member', '2024-01-01');
INSERT INTO data.certificate (fp, person_id, der, spki, issued_at, expires_at)
SELECT sha256(p.id::bytea), p.id, p.id::bytea, p.id::bytea, now(), now() + interval '1 year'
FROM data.person p;
INSERT INTO data.programme (id, title, award_title, issued_by)
VALUES ('XM26-01', '建设最强党支部', '最强党支部', '学院党委');
INSERT INTO data.standard_version (id, programme_id, adopted_on)
VALUES ('BZ26.1', 'XM26-01', '2026-01-01'), ('BZ26.2', 'XM26-01', '2027-01-01');
INSERT INTO data.standard_group (standard_version_id, group_no, title, text)
SELECT 'BZ26.1', n, '第' || n || '组', '…' FROM generate_series(1, 5) n;
INSERT INTO data.standard_item (standard_version_id, code, group_no, item_no, text,
	told_by, applies_to)
VALUES ('BZ26.1', '1.1', 1, 1, '旗帜鲜明讲政治', 'BRANCH', '{}'),
	('BZ26.1', '3.1', 3, 1, '严格执行组织生活制度', 'BRANCH', '{}'),
	('BZ26.1', '3.2', 3, 2, '主题党日主题突出', 'BRANCH', '{}'),
	('BZ26.1', '3.3', 3, 3, '学生支部的条目', 'BRANCH', '{学生}'),
	('BZ26.1', '4.1', 4, 1, '设置规范、隶属明确', 'TREE', '{}'),
	('BZ26.1', '5.1', 5, 1, '群众评价好', 'MASSES', '{}');

-- ---- how a test asks -------------------------------------------------------------
-- ask(person, 'request', args as SQL) gives the reply as json, or the refusal as
-- "code key reason,reason"; every call has its own key.
CREATE FUNCTION pg_temp.ask(person text, request text, args text DEFAULT NULL,
	acting text DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	reply jsonb;
	message text;
	detail text;
BEGIN
	EXECUTE format('SELECT to_jsonb(r) FROM call.%I(sha256(%L::bytea), %L, %L::bytea, %L, %L%s) r',
		request, person, acting, decode(md5(random()::text), 'hex'), person::bytea, '\x00',
		', ' || args) INTO reply;
	RETURN reply;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	IF SQLSTATE NOT LIKE 'ZB%' THEN
		RAISE NOTICE '% % %', request, SQLSTATE, message;
	END IF;
	RETURN jsonb_build_object('code', SQLSTATE, 'key', split_part(message, E'\x1f', 1),
		'args', message, 'reasons', regexp_replace(replace(replace(detail, E'\x1f', ' '),
			E'\x1e', ';'), ' +(;|$)', '\1', 'g'));
END $$;
CREATE FUNCTION pg_temp.refused(reply jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', reply->>'code', reply->>'key', nullif(reply->>'reasons', '')) $$;
-- an adoption of the own self-assessment: entitled, present, for
CREATE FUNCTION pg_temp.adopt(person text, numbers text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.ask(person, 'adopt_self', 'NULL, ''2026-10-22'', ' || numbers
		|| ', 0, 0, true') $$;
CREATE FUNCTION pg_temp.entries(entries text) RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal('{' || entries || '}') || '::api.self_entry[]' $$;

-- ---- round ------------------------------------------------------------------------
SELECT is(pg_temp.ask('P51', 'start_round', '''14'', NULL, NULL')->>'state', 'PLANNED',
	'the department plans a round');
SELECT is(pg_temp.ask('P1', 'start_round', 'NULL, NULL, NULL') - 'carried_gaps',
	'{"round_id": "LC26-14", "self_id": "ZP26-14", "state": "SELF_BUILDING"}',
	'the branch begins it: same round');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'start_round', 'NULL, NULL, NULL')),
	'ZB004 round_open_already', 'one open round a branch');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'start_round', '''28'', NULL, NULL')),
	'ZB002 denied', 'not for another branch');
SELECT is(pg_temp.refused(pg_temp.ask('P31', 'start_round', 'NULL, NULL, ''BZ26.2''')),
	'ZB001 invalid standard_not_adopted', 'a version adopted later is not taken');
SELECT is(pg_temp.ask('P31', 'start_round', 'NULL, NULL, NULL')->>'state', 'SELF_BUILDING',
	'without a plan the branch starts its own');

-- ---- self-assessment ------------------------------------------------------------------
CREATE FUNCTION pg_temp.defects(person text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', f->>'key', (SELECT string_agg(a, ' ')
		FROM jsonb_array_elements_text(f->'args') a)), ';') FROM jsonb_array_elements(
		pg_temp.ask(person, 'check_self', 'NULL')->'findings') f
	WHERE f->>'kind' = 'DEFECT' $$;
SELECT is(pg_temp.defects('P1'),
	'item_open 1.1 旗帜鲜明讲政治;item_open 3.1 严格执行组织生活制度;item_open 3.2 主题党日主题突出',
	'all defects at once; what tree and masses tell is not asked');
SELECT is(pg_temp.ask('P1', 'save_self', 'NULL, 0, ' || pg_temp.entries(
	'"(1.1,MET,)","(3.1,SHORTFALL,)"'))->>'revision', '1', 'a part may be saved');
SELECT is(pg_temp.refused(pg_temp.ask('P2', 'save_self', 'NULL, 0, ' || pg_temp.entries(
	'"(3.2,MET,)"'))), 'ZB004 revision_stale', 'T52: the second on an old revision');
SELECT is(pg_temp.ask('P2', 'save_self', 'NULL, 1, ' || pg_temp.entries(
	'"(3.2,MET,''; -- %n%s \\\\x00 $1)"'))->>'open', '[]', 'on the newest it is taken');
SELECT is(pg_temp.ask('P1', 'show_self', 'NULL, NULL')->'items'->2->>'narrative',
	'''; -- %n%s \x00 $1', 'text comes back as it was');
SELECT is(pg_temp.ask('P2', 'save_self', 'NULL, 2, ' || pg_temp.entries(
	'"(3.2,MET,)"'))->>'changed', '[]', 'nothing new: nothing changed');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'save_self', 'NULL, 2, ' || pg_temp.entries(
	'"(3.3,MET,)","(9.9,MET,)","(4.1,MET,)","(1.1,MET,)","(1.1,MET,)"'))),
	'ZB001 defects item_unknown 3.3;item_unknown 9.9;item_told_elsewhere 4.1 设置规范、隶属明确;item_twice 1.1;item_twice 1.1',
	'every wrong entry is named');
SELECT is(pg_temp.defects('P1'), 'shortfall_without_words 3.1 严格执行组织生活制度',
	'a shortfall needs words');
SELECT is(pg_temp.refused(pg_temp.adopt('P1', '25, 22, 21')),
	'ZB003 state shortfall_without_words 3.1 严格执行组织生活制度',
	'not adopted while incomplete');
SELECT is(pg_temp.ask('P1', 'save_self', 'NULL, NULL, ' || pg_temp.entries(
	'"(3.1,,批评意见偏少，已改为会前逐人谈心)"'))->>'changed', '["3.1"]',
	'the words alone, the judgement stays');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'save_self', 'NULL, NULL, ' || pg_temp.entries(
	'"(3.1,,' || repeat('字', 2001) || ')"'))),
	'ZB001 defects narrative_too_long 3.1 严格执行组织生活制度 2001 2000', 'an upper limit');
SELECT is(pg_temp.refused(pg_temp.ask('P31', 'show_self', '''ZP26-14'', NULL')),
	'ZB002 denied', 'another branch''s');
SELECT is(pg_temp.ask('P31', 'show_self', '''ZP26-14'', NULL'),
	pg_temp.ask('P31', 'show_self', '''ZP26-99'', NULL'),
	'49: of another branch and not there: the same answer');

-- ---- the arithmetic of the meeting, T13 and its edges --------------------------------------
SELECT is(pg_temp.refused(pg_temp.adopt('P1', '25, 12, 12')),
	'ZB003 state present_below_half 12 25 13;favour_not_majority 12 25 13',
	'T13: 12 of 25 present adopt nothing');
SELECT is(pg_temp.refused(pg_temp.adopt('P1', '25, 22, 12')),
	'ZB003 state favour_not_majority 12 25 13', '12 of 25 are not more than half');
SELECT is(pg_temp.refused(pg_temp.adopt('P1', '27, 22, 21')),
	'ZB003 state entitled_not_roster 27 25 2026-10-22',
	'T7, T22: probationary members and guests have no vote');
SELECT is(pg_temp.refused(pg_temp.adopt('P1', '25, 26, 21')),
	'ZB003 state meeting_numbers 25 26 21 0 0', 'more present than entitled');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_self',
	'NULL, ''2026-10-22'', 25, 20, 15, 4, 2, true')),
	'ZB003 state meeting_numbers 25 20 15 4 2', 'more votes than present');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_self',
	'NULL, ''2026-10-22'', 25, 20, 2147483647, 2147483647, 2, true')),
	'ZB003 state meeting_numbers 25 20 2147483647 2147483647 2', 'no overflow');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_self',
	'NULL, ''2026-10-23'', 25, 22, 21, 0, 0, true')),
	'ZB003 state meeting_in_future 2026-10-23 2026-10-22', 'tomorrow''s meeting');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_self',
	'NULL, ''2026-10-21'', 25, 22, 21, 0, 0, true')),
	'ZB003 state meeting_before_round 2026-10-21 LC26-14 2026-10-22', 'a meeting before the round');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_self',
	'NULL, ''2026-10-22'', 25, 22, 21, 0, 0, NULL')),
	'ZB001 invalid statement_missing', 'S-43: the branch says it itself');
SELECT is(pg_temp.refused(pg_temp.ask('P2', 'adopt_self',
	'NULL, ''2026-10-22'', 25, 22, 21, 0, 0, true')), 'ZB002 denied', 'the secretary''s act');
SELECT is(pg_temp.adopt('P1', '25, 13, 13'), '{"self_id": "ZP26-14", "entitled": 25,
	"present": 13, "in_favour": 13, "meets_conditions": true, "version_no": 1,
	"present_needed": 13, "in_favour_needed": 13}', '13 of 25 all in favour: adopted');
SELECT is(pg_temp.ask('P1', 'show_round', 'NULL')->>'state', 'SELF_ASSESSED', 'the round follows');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'save_self', 'NULL, NULL, ' || pg_temp.entries(
	'"(1.1,SHORTFALL,x)"'))), 'ZB003 state', 'an adopted one is not written');
-- an even number: half present is enough, half in favour is not
SELECT pg_temp.ask('P31', 'save_self', 'NULL, NULL, ' || pg_temp.entries(
	'"(1.1,MET,)","(3.1,MET,)","(3.2,NOT_APPLICABLE,)"')) \g /dev/null
SELECT is(pg_temp.refused(pg_temp.adopt('P31', '10, 5, 5')),
	'ZB003 state favour_not_majority 5 10 6', '5 of 10 present is enough, 5 in favour is not');
SELECT is(pg_temp.refused(pg_temp.adopt('P31', '10, 4, 4')),
	'ZB003 state present_below_half 4 10 5;favour_not_majority 4 10 6', '4 of 10 is below half');
SELECT is(pg_temp.ask('P31', 'adopt_self', 'NULL, ''2026-10-22'', 10, 6, 6, 0, 0, false')
	->>'version_no', '1', 'a branch may say it does not meet them yet');
SELECT is(pg_temp.refused(pg_temp.ask('P31', 'new_application', 'NULL')),
	'ZB003 state self_not_meeting ZP26-28', 'and then does not apply');
SELECT is(pg_temp.ask('P31', 'reopen_self', 'NULL')->>'state', 'DRAFT', 'back to building, freely');
SELECT is(pg_temp.adopt('P31', '10, 10, 10')->>'version_no', '2', 'a second version');
SELECT is(jsonb_array_length(pg_temp.ask('P51', 'show_self', '''ZP26-28'', 1')->'versions'), 2,
	'both are kept');

-- ---- problems ------------------------------------------------------------------------------
SELECT is(pg_temp.ask('P1', 'add_gap', 'NULL, ''3.1'', NULL, ''活动通知晚'', NULL, NULL, NULL, NULL'),
	'{"gap_id": "WT26-14", "state": "FOUND"}', 'found');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'progress_gap', '''WT26-14'', ''…''')),
	'ZB003 state', 'no progress without a plan');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'plan_gap', '''WT26-14'', NULL, NULL, NULL, NULL')),
	'ZB001 defects measure_missing;responsible_missing;due_missing', 'a plan is whole');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'plan_gap',
	format('''WT26-14'', NULL, ''x'', ''y'', %L', d))), 'ZB001 invalid date_out_of_range ' || d, '22: ' || d)
FROM unnest('{9999-12-31,0001-01-01}'::date[]) d;
SELECT is(pg_temp.ask('P1', 'plan_gap',
	'''WT26-14'', ''无人专管'', ''提前三天'', ''组织委员'', ''2026-11-30''')->>'state',
	'PLANNED', 'planned');
SELECT is(pg_temp.ask('P2', 'progress_gap', '''WT26-14'', ''已发两次''')->>'state', 'DOING', 'doing');
SELECT is(pg_temp.ask('P2', 'claim_gap_done', '''WT26-14'', ''连续两月提前''')->>'state',
	'CLAIMED_DONE', 'claimed');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'confirm_gap', '''WT26-14'', NULL, NULL, NULL, NULL, NULL, NULL')),
	'ZB003 state gap_for_branch', 'a branch''s own is for the branch to confirm');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'confirm_gap', '''WT26-14'', false, NULL, NULL, NULL, NULL, NULL')),
	'ZB001 invalid text_missing', 'not accepted: say why');
SELECT is(pg_temp.ask('P1', 'confirm_gap', '''WT26-14'', false, ''再看一月'', NULL, NULL, NULL, NULL')->>'state',
	'DOING', 'not accepted');
SELECT is(pg_temp.ask('P1', 'raise_gap', '''WT26-14'', ''要学院排课表''')->>'state', 'RAISED', 'upward');
SELECT is(pg_temp.ask('P51', 'answer_gap', '''WT26-14'', ''教务处'', ''下学期错开''')->>'state',
	'DOING', 'answered');
SELECT pg_temp.ask('P1', 'claim_gap_done', '''WT26-14'', ''已错开''') \g /dev/null
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'confirm_gap', '''WT26-14'', NULL, NULL, NULL, NULL, NULL, NULL')),
	'ZB001 invalid meeting_incomplete', 'the branch meeting confirms its own, not the secretary alone');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'confirm_gap', '''WT26-14'', NULL, NULL, ''2026-10-22'', NULL, 12, 12')),
	'ZB003 state present_below_half 12 25 13;favour_not_majority 12 25 13', 'T13: a meeting below half confirms nothing');
SELECT is(pg_temp.ask('P1', 'confirm_gap', '''WT26-14'', NULL, NULL, ''2026-10-22'', NULL, 22, 21')->>'state', 'CONFIRMED', 'confirmed');
SELECT is(pg_temp.ask('P1', 'show_gap', '''WT26-14''')->>'entitled', '25', 'the roster knew who was entitled');
SELECT is(pg_temp.ask('P1', 'close_gap', '''WT26-14''')->>'state', 'CLOSED', 'closed');
SELECT is(jsonb_array_length(pg_temp.ask('P1', 'show_gap', '''WT26-14''')->'notes'), 2, 'its notes');
SELECT is(pg_temp.ask('P51', 'add_gap', '''14'', NULL, NULL, ''巡查所见'', NULL, ''…'', ''张三'', ''2026-12-01''')
	->>'state', 'PLANNED', 'one an inspection found, with its plan');

-- ---- evidence --------------------------------------------------------------------------------
CREATE FUNCTION pg_temp.announce(name text, size bigint DEFAULT 300000,
	title text DEFAULT '来函', classified text DEFAULT 'true') RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.ask('P1', 'begin_file', format('NULL, %L, %L, %s, sha256(%L), NULL, %s',
		name, title, size, '\x255044462d'::bytea || convert_to(repeat('a', 299995), 'UTF8'),
		classified)) $$;
SELECT is(pg_temp.refused(pg_temp.announce(n)), 'ZB001 defects file_name', '97: ' || n)
FROM unnest(ARRAY['../../etc/passwd.pdf', 'C:\x.pdf', 'a/b.pdf', '.', '', '.pdf', 'CON',
	'con.pdf', 'LPT1.txt', '报告.pdf.', '报告.pdf ', repeat('字', 86) || '.pdf',
	repeat('a', 297) || '.pdf', 'cod' || U&'\202E' || 'fdp.exe', E'a\nb.pdf']) n;
SELECT is(pg_temp.announce(n)->>'next_chunk', '0', 'taken: ' || n)
FROM unnest(ARRAY['技改服务函（红山电机厂）·2026.pdf', '《报告》“一”.PDF', repeat('字', 80) || '.pdf',
	U&'\182E\1823\1829.pdf', U&'\+02B300.pdf']) n;
SELECT is(pg_temp.refused(pg_temp.announce('机密材料.pdf')), 'ZB001 defects file_marked_secret', 'T48');
SELECT is(pg_temp.refused(pg_temp.announce('a.pdf', 300000, '【绝密】情况')),
	'ZB001 defects file_marked_secret', 'T48: or its title');
SELECT matches(pg_temp.refused(pg_temp.announce(n)), '^ZB001 defects file_type', '99: ' || n)
FROM unnest(ARRAY['a.docm', 'a.exe', 'a.lnk', 'a.html', 'a.svg', 'a']) n;
SELECT is(pg_temp.refused(pg_temp.announce('a.exe', 0, ' ', 'false')),
	'ZB001 defects file_type exe csv docx jpeg jpg mp4 ofd pdf png pptx txt xlsx;file_title_missing;file_empty;file_not_declared',
	'everything wrong with it at once');
SELECT is(pg_temp.refused(pg_temp.announce('a.pdf', 20 * 1048576 + 1)), 'ZB102 file_too_big', '102: a byte too many');
SELECT is(pg_temp.announce('技改服务函.pdf'), '{"file_id": "WJ26-14", "state": "UPLOADING",
	"next_chunk": 0, "chunks": 2, "chunk_bytes": 262144}', 'the same bytes: the same upload');
CREATE FUNCTION pg_temp.put(n int, bytes bytea) RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.ask('P1', 'put_chunk', format('''WJ26-14'', %s, %L::bytea', n, bytes)) $$;
CREATE TEMP TABLE whole AS SELECT '\x255044462d'::bytea || convert_to(repeat('a', 299995), 'UTF8') AS b;
SELECT is(pg_temp.refused(pg_temp.put(0, '\x504b0304'::bytea || substring(b FROM 5 FOR 262140))),
	'ZB001 invalid file_not_its_type 技改服务函.pdf pdf', '99: ZIP bytes under a .pdf name') FROM whole;
SELECT is(pg_temp.refused(pg_temp.put(0, substring(b FOR 100))),
	'ZB001 invalid chunk_size 100 262144', 'a short chunk') FROM whole;
SELECT is(pg_temp.refused(pg_temp.put(2, 'x')), 'ZB001 invalid chunk_unknown 2 2', 'beyond the end');
SELECT is(pg_temp.refused(pg_temp.put(-1, 'x')), 'ZB001 invalid chunk_unknown -1 2', 'before the start');
SELECT is(pg_temp.put(1, convert_to(repeat('b', 37856), 'UTF8'))->>'next_chunk', '0', '101: out of order');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'finish_file', '''WJ26-14'', NULL')),
	'ZB003 state chunk_missing 0', 'not finished with a hole');
SELECT is(pg_temp.put(0, substring(b FOR 262144))->>'next_chunk', '2', 'the hole filled') FROM whole;
SELECT is(pg_temp.put(0, substring(b FOR 262144))->>'next_chunk', '2', 'the same again is the same') FROM whole;
SELECT is(pg_temp.refused(pg_temp.put(1, substring(b FROM 262145))), 'ZB004 chunk_differs', 'other bytes are not') FROM whole;
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'finish_file', '''WJ26-14'', NULL')),
	'ZB001 invalid file_hash_differs 技改服务函.pdf', '101: a wrong hash keeps nothing');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'get_chunk', '''WJ26-14'', 0')), 'ZB003 state', 'and gives nothing');
SELECT is(pg_temp.announce('技改服务函.pdf')->>'next_chunk', '0', 'it starts again');
SELECT pg_temp.put(0, substring(b FOR 262144)), pg_temp.put(1, substring(b FROM 262145)) FROM whole \g /dev/null
SELECT is(pg_temp.announce('技改服务函.pdf')->>'next_chunk', '2', 'after a cut nothing is sent twice');
SELECT is(pg_temp.ask('P1', 'finish_file', '''WJ26-14'', NULL')->>'state', 'KEPT', 'kept');
SELECT is(pg_temp.announce('技改服务函.pdf')->>'state', 'KEPT', 'the same file again: it is there');
SELECT isnt(pg_temp.announce('另一个名字.pdf')->>'file_id', 'WJ26-14', 'under another name it is another');
SELECT is((pg_temp.ask('P51', 'get_chunk', '''WJ26-14'', 1')->>'data')::bytea, substring(b FROM 262145),
	'the same bytes back') FROM whole;
SELECT is(pg_temp.ask('P1', 'link_file', '''WJ26-14'', ''{3.2,1.1}''')->>'items', '["1.1", "3.2"]', 'one file, two items');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'link_file', '''WJ26-14'', ''{7.7,1.1,8.8}''')),
	'ZB001 defects item_unknown 7.7;item_unknown 8.8', 'no such items');
SELECT is(pg_temp.ask('P1', 'unlink_file', '''WJ26-14'', ''{3.2}''')->>'items', '["1.1"]', 'one link gone');
SELECT is(pg_temp.ask('P31', 'get_file', '''WJ26-14'''), pg_temp.ask('P31', 'get_file', '''WJ26-77'''),
	'another branch''s file and none: the same answer');
SELECT is(pg_temp.refused(pg_temp.ask('P60', 'get_file', '''WJ26-14''')), 'ZB002 denied',
	'a committee member: not before it is put before the committee');
INSERT INTO data.file (id, org_id, state, round_id, name, title, media_type, size_bytes, sha256, begun_at, begun_by)
SELECT 'WJ26-14-9' || n, '14', 'KEPT', 'LC26-14', 'x.pdf', 'x', 'application/pdf', 20 * 1048576,
	sha256(n::text::bytea), flow.now(), 'P1' FROM generate_series(1, 9) n;
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'begin_file', 'NULL, ''b.pdf'', ''b'', 20 * 1048576, sha256(''b''), NULL, true')),
	'ZB102 files_too_big', '102: the 201st MiB');
DELETE FROM data.file WHERE id LIKE 'WJ26-14-9_';

-- ---- application: with an intermediate level (14) ------------------------------------------------
SELECT is(pg_temp.ask('P1', 'new_application', 'NULL')->>'application_id', 'SB26-14', 'generated');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'new_application', 'NULL')),
	'ZB003 state application_under_way SB26-14 application.DRAFT', 'one at a time');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'check_application', 'NULL')),
	'ZB001 defects field_missing summary;field_missing remaining_problems;field_missing next_steps',
	'three fields are left to write');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'show_application', '''SB26-14''')), 'ZB002 denied', 'a draft is the branch''s own');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'edit_application', 'NULL, 1, ' || quote_literal(repeat('字', 1501)) || ', NULL, NULL')),
	'ZB001 invalid text_too_long 1501 1500', '1,501 characters');
SELECT is(pg_temp.ask('P1', 'edit_application', 'NULL, 1, ' || quote_literal(repeat('𬍛', 1500)) || ', ''尚有不足'', NULL')->>'revision',
	'2', '21: 1,500 of four bytes each');
SELECT is(pg_temp.refused(pg_temp.ask('P2', 'edit_application', 'NULL, 1, ''x'', NULL, NULL')),
	'ZB004 revision_stale', '52: an old revision');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_application', 'NULL, true, NULL, NULL, NULL, NULL, NULL, NULL')),
	'ZB003 state field_missing next_steps', 'not adopted with a gap');
SELECT pg_temp.ask('P2', 'edit_application', 'NULL, 2, NULL, NULL, ''继续''') \g /dev/null
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'submit_application', 'NULL')), 'ZB003 state', 'not before the branch adopted it');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_application', 'NULL, true, NULL, NULL, NULL, 12, NULL, NULL')),
	'ZB003 state favour_not_majority 12 25 13', 'its own vote counts');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'adopt_application', 'NULL, true, ''2026-10-21'', NULL, NULL, NULL, NULL, NULL')),
	'ZB003 state meeting_before_round 2026-10-21 LC26-14 2026-10-22', 'nor before the round');
SELECT is(pg_temp.ask('P1', 'adopt_application', 'NULL, true, NULL, NULL, NULL, NULL, NULL, NULL')->>'in_favour', '13', 'in the same meeting');
SELECT is(pg_temp.ask('P1', 'edit_application', 'NULL, NULL, NULL, NULL, ''继续改''')->>'state', 'DRAFT', 'other words: adopted again');
SELECT pg_temp.ask('P1', 'adopt_application', 'NULL, true, NULL, NULL, NULL, NULL, NULL, NULL') \g /dev/null
SELECT is(pg_temp.ask('P1', 'submit_application', 'NULL') - 'submitted_at', '{"application_id": "SB26-14",
	"state": "AT_INTERMEDIATE", "at_org_id": "Z2", "at_org_name": "智能制造党总支", "standard_version_id": "BZ26.1"}',
	'14 goes to its general branch');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'accept_application', '''SB26-14''')), 'ZB003 state', 'no level is skipped');
SELECT is(pg_temp.refused(pg_temp.ask('P50', 'endorse_application', '''SB26-14'', true, '' ''')), 'ZB001 invalid text_missing', 'an opinion in words');
SELECT is(pg_temp.ask('P50', 'endorse_application', '''SB26-14'', true, ''情况属实''')->>'state', 'SUBMITTED', 'endorsed');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'return_application', '''SB26-14'', ''{}''')), 'ZB001 invalid defect_needed', 'a return says what');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'return_application', '''SB26-14'', ''{"(xyz,缺半年数据)"}''')), 'ZB001 invalid defect_field_unknown xyz', 'of a field the form has');
SELECT is(pg_temp.ask('P51', 'return_application', '''SB26-14'', ''{"(summary,缺半年数据)","(,缺一页)"}''')->>'state', 'RETURNED', 'returned once');
SELECT is(pg_temp.ask('P1', 'show_application', 'NULL')->'steps'->-1->'defects',
	'[{"field": "summary", "text": "缺半年数据"}, {"field": null, "text": "缺一页"}]', 'with every defect');
SELECT is(pg_temp.ask('P1', 'edit_application', 'NULL, NULL, ''补正'', NULL, NULL')->>'state', 'RETURNED', 'mended');
SELECT is(pg_temp.ask('P1', 'submit_application', 'NULL')->>'state', 'SUBMITTED', 'handed in again; the endorsement stays');

-- T3: the secretary is replaced
UPDATE data.office SET to_on = '2026-10-22' WHERE person_id = 'P1' AND role = 'branch_secretary';
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES ('P3', '14', 'branch_secretary', '2026-10-22');
SELECT is(pg_temp.refused(pg_temp.ask('P1', 'withdraw_application', '''SB26-14'', NULL')), 'ZB002 denied', 'T3: the old one has no right that day');
SELECT is(pg_temp.ask('P3', 'show_application', 'NULL')->'secretaries', '[{"name": "党员1", "from_on": "2024-04-10", "to_on": "2026-10-22"},
	{"name": "党员3", "from_on": "2026-10-22", "to_on": null}]', 'T3: both with dates');
SELECT is(pg_temp.ask('P51', 'accept_application', '''SB26-14''')->>'state', 'ACCEPTED', 'T3: it stands');
SELECT is(pg_temp.refused(pg_temp.ask('P3', 'reopen_self', 'NULL')), 'ZB003 state application_under_way SB26-14 application.ACCEPTED', 'it stands on its version');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'remove_file', '''WJ26-14''')), 'ZB003 state application_under_way SB26-14 application.ACCEPTED', 'and on its files');
-- T16: withdrawn after the evaluations
UPDATE data.application SET state = 'EVALUATING' WHERE id = 'SB26-14';
SELECT is(pg_temp.ask('P3', 'withdraw_application', 'NULL, NULL')->>'state', 'WITHDRAWN', 'T16: free, without a reason');
SELECT is(pg_temp.ask('P3', 'show_round', 'NULL')->>'state', 'SELF_ASSESSED', 'T16: the round goes on');
SELECT is(pg_temp.ask('P3', 'new_application', 'NULL')->>'application_id', 'SB26-14-2', 'T16: nothing is held against it');

-- ---- without a level (28), window (T15, 50), lapse (T17), recusal (T23) ------------------------------
SELECT pg_temp.ask('P31', 'new_application', 'NULL'), pg_temp.ask('P31', 'edit_application', 'NULL, 1, ''一'', ''二'', ''三'''),
	pg_temp.ask('P31', 'adopt_application', 'NULL, true, NULL, NULL, NULL, NULL, NULL, NULL') \g /dev/null
SELECT is(pg_temp.refused(pg_temp.ask('P31', 'set_window', 'NULL, ''2026-10-01 00:00+08'', ''2027-01-01 00:00+08'', ''自己延长'', NULL')), 'ZB002 denied', 'a branch sets no window');
SELECT is(pg_temp.ask('P51', 'set_window', 'NULL, ''2026-10-01 00:00+08'', ''2026-10-22 10:00+08'', ''年度申报'', NULL')->>'kind', 'APPLICATION', 'a window that ends now');
SELECT is(pg_temp.refused(pg_temp.ask('P31', 'submit_application', 'NULL')), 'ZB006 window_closed', '50: at the end it is closed');
UPDATE data.window_version SET closes_at = flow.now() - interval '1 ms';
SELECT is(pg_temp.refused(pg_temp.ask('P31', 'submit_application', 'NULL')), 'ZB006 window_closed', '50: a millisecond after it, by the database''s clock');
UPDATE data.window_version SET closes_at = flow.now() + interval '1 ms';
SELECT is(flow.window_reasons('APPLICATION', '28')::text, '{}', '50: a millisecond before it, open');
UPDATE data.window_version SET closes_at = '2026-10-22 10:00+08';
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'set_window', 'NULL, NULL, ''2026-10-22 09:00+08'', ''提前'', NULL')), 'ZB001 invalid window_earlier 2026-10-22 10:00', 'NF-10: never earlier');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'set_window', 'NULL, NULL, ''2026-10-22 12:00+08'', '' '', NULL')), 'ZB001 invalid text_missing', 'T15: not without a reason');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'set_window', 'NULL, NULL, ''2026-10-22 12:00+08'', NULL, ''28''')), 'ZB001 invalid text_missing', 'T15: nor for one alone');
SELECT is(pg_temp.refused(pg_temp.ask('P50', 'set_window', 'NULL, NULL, ''2026-10-20 12:00+08'', ''早些报''' || ', NULL')), 'ZB001 invalid window_earlier 2026-10-22 10:00', 'T33, NF-10: a level between moves no end earlier');
SELECT is(pg_temp.refused(pg_temp.ask('P50', 'set_window', 'NULL, NULL, ''2026-10-24 12:00+08'', ''路远'', ''28''')), 'ZB002 denied', 'nor any for a branch that is not its own');
SELECT is(pg_temp.ask('P50', 'set_window', 'NULL, NULL, ''2026-10-22 11:00+08'', ''停电'', NULL')->>'org_id', 'Z2', 'NF-10: later for its own it may');
SELECT is((SELECT w.closes_at FROM flow.window_of('APPLICATION', '14') w), '2026-10-22 11:00+08', 'and so it is for its branches');
SELECT is((SELECT w.closes_at FROM flow.window_of('APPLICATION', '28') w), '2026-10-22 10:00+08', 'and for no other');
SELECT is(pg_temp.ask('P51', 'set_window', 'NULL, NULL, ''2026-10-22 12:00+08'', ''服务器停机一小时'', NULL')->>'kind', 'APPLICATION', 'T15: extended for all');
SELECT is(pg_temp.ask('P31', 'submit_application', 'NULL')->>'state', 'SUBMITTED', '28 reports to the committee directly');
SELECT is((SELECT array_agg(a->>'org_id') FROM jsonb_array_elements(pg_temp.ask('P51', 'list_applications', 'NULL, NULL')->'applications') a),
	'{14,28}', 'NF-4: in the order of codes; drafts are not in it');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'lapse_application', '''SB26-28'', true, ''届满''')), 'ZB003 state term_not_over RQ28-3 2026-12-19', 'T17: not while the term runs');
UPDATE data.deployment SET clock_shift = '2026-12-20 02:00+00'::timestamptz - now();
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'lapse_application', '''SB26-28'', NULL, ''届满''')), 'ZB003 state extension_not_asked 28', 'T17: first say there is no extension');
UPDATE data.term SET extended_to_on = '2027-06-30' WHERE id = 'RQ28-3';
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'lapse_application', '''SB26-28'', true, ''届满''')), 'ZB003 state term_not_over RQ28-3 2027-06-30', 'T17: extended, it goes on');
UPDATE data.term SET extended_to_on = NULL WHERE id = 'RQ28-3';
INSERT INTO data.affiliation (person_id, org_id, standing, from_on) VALUES ('P51', '28', 'FULL', '2026-12-01');
SELECT is(pg_temp.refused(pg_temp.ask('P51', 'accept_application', '''SB26-28''')), 'ZB003 state recused_preparation 28', 'T23: an officer of that branch does not handle it');
SELECT is(pg_temp.ask('P42', 'lapse_application', '''SB26-28'', true, ''届满，未批准延期''')->>'state', 'LAPSED', 'T23: another does');
SELECT is(pg_temp.ask('P42', 'end_round', '''LC26-28'', ''届满''')->>'state', 'ENDED_TERM', 'the round ends with the term');
INSERT INTO data.gap (id, org_id, state, round_id, source, problem, found_on, found_by) VALUES ('WT26-28', '28', 'FOUND', 'LC26-28', 'SELF_CHECK', '旧问题', '2026-05-01', 'P31');
SELECT is(pg_temp.ask('P31', 'start_round', 'NULL, NULL, NULL')->>'carried_gaps', '["WT26-28-2"]', 'a new round takes its problems along');
SELECT is(pg_temp.ask('P31', 'show_gap', '''WT26-28-2''')->>'origin_id', 'WT26-28', 'with their origin');

-- ---- every move has a right, every right a function ----------------------------------------------
SELECT is_empty($$ SELECT DISTINCT t.request FROM rule.transition t
	WHERE t.entity IN ('round', 'self_assessment', 'gap', 'application', 'file')
		AND NOT EXISTS (SELECT FROM rule.permission p WHERE p.request = t.request) $$, 'no move without a right');
SELECT is_empty($$ SELECT DISTINCT t.guard FROM rule.transition t WHERE t.guard IS NOT NULL
	AND t.entity IN ('round', 'self_assessment', 'gap', 'application', 'file')
	AND to_regprocedure(format('guard.%I(text)', t.guard)) IS NULL $$, 'no guard without a function');

-- ---- whatever comes in, the answer is a reply or a refusal --------------------------------------
CREATE FUNCTION pg_temp.value(name text, t text, n int) RETURNS text LANGUAGE sql AS $$
	SELECT format('%L::%s', CASE WHEN n = 0 THEN NULL
		WHEN n < 3 AND name LIKE '%\_id' THEN CASE name WHEN 'self_id' THEN 'ZP26-14'
			WHEN 'round_id' THEN 'LC26-14' WHEN 'gap_id' THEN 'WT26-14-2'
			WHEN 'file_id' THEN 'WJ26-14' WHEN 'org_id' THEN '14' WHEN 'application_id' THEN
				(SELECT max(a.id) FROM data.application a WHERE a.org_id = '14') END
		WHEN t LIKE '%[]' THEN CASE n
			WHEN 1 THEN '{}' WHEN 2 THEN CASE t WHEN 'text[]' THEN '{NULL,x}'
				WHEN 'api.defect[]' THEN '{NULL,"(,)"}' ELSE '{NULL,"(,,)"}' END
			ELSE CASE t WHEN 'text[]' THEN '{3.1}' WHEN 'api.defect[]' THEN '{"(a,b)"}'
				ELSE '{"(3.1,MET,x)"}' END END
		ELSE CASE t
			WHEN 'text' THEN (ARRAY['', 'x', 'x'])[n]
			WHEN 'integer' THEN (ARRAY['0', '-2147483648', '2147483647'])[n]
			WHEN 'bigint' THEN (ARRAY['0', '-9223372036854775808', '9223372036854775807'])[n]
			WHEN 'boolean' THEN (ARRAY['true', 'false', 'true'])[n]
			WHEN 'bytea' THEN (ARRAY['', '\x00', 'x'])[n]
			WHEN 'date' THEN (ARRAY['2026-02-28', '4713-01-01 BC', '5874897-12-31'])[n]
			WHEN 'timestamp with time zone' THEN
				(ARRAY['2026-02-28', '4713-01-01 BC', '294276-12-31'])[n] END
		END, t) $$;
SELECT is_empty($$ SELECT r, n, o.role, a->>'code', a->>'args' FROM pg_proc p
	JOIN (SELECT DISTINCT t.request AS r FROM rule.transition t
		WHERE t.entity IN ('round', 'self_assessment', 'gap', 'application', 'file')
			AND t.request NOT IN ('open_evaluation', 'import_orgs', 'add_inspection')
		UNION SELECT unnest('{list_rounds,show_round,show_self,list_gaps,show_gap,get_file,
			get_chunk,list_files,list_applications,show_application,set_window,list_windows}'::text[])) m
		ON m.r = p.proname AND p.pronamespace = 'call'::regnamespace
	JOIN rule.permission o ON o.request = m.r
	JOIN data.office f ON f.role = o.role AND f.to_on IS NULL, generate_series(0, 3) n,
	LATERAL (SELECT string_agg(pg_temp.value(p.proargnames[i],
			format_type(y, NULL), n), ', ' ORDER BY i) AS args
		FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY t(y, i) WHERE i > 5) v,
	LATERAL pg_temp.ask(f.person_id, r, v.args, f.role || '@' || f.org_id) a
	WHERE a ? 'code' AND a->>'code' NOT LIKE 'ZB%' $$, 'never an error of the database');
\ir progress_counts.psql
SELECT is_empty('TABLE miscounted', 'S-12, S-14: and the college''s counts are those of the rows');

SELECT * FROM finish();
ROLLBACK;
