-- What goes to the archive, and what may be destroyed.
BEGIN;
\ir award_fixture.psql
SELECT no_plan();
INSERT INTO data.office VALUES ('P27', 'ZZB', 'archivist', '2024-01-01', NULL);
SELECT t.award('14', '2026-11-10');

SELECT is((SELECT jsonb_agg(jsonb_build_array(d->>'object_id', d->>'class', d->>'form', d->>'retention')) FROM t.ask('P27',
	'list_archive', 'NULL, NULL') r, jsonb_array_elements(r->'records') d), '[
	["HY14", "DQ11", "D18", "PERMANENT"], ["GS14", "DQ11", "D22", "YEARS_30"],
	["SB26-14", "DQ13", "D1", "YEARS_30"], ["CL26-14", "DQ13", "D16", "YEARS_30"],
	["PD26-14", "DQ13", "D25", "PERMANENT"]]', 'what is closed, with class and retention');
SELECT is(t.refused(t.ask('P50', 'list_archive', 'NULL, NULL')), 'ZB002 denied', 'not for a branch');

-- ---- hand-over: two people ---------------------------------------------------------------
SELECT is(t.refused(t.ask('P22', 'hand_over', 'ARRAY[ROW(''SB26-99'', 3), ROW(''SB26-14'', 0)]::api.handover_entry[]')),
	'ZB001 defects not_due_for_archive SB26-99;pages_bad SB26-14', 'every defect at once');
SELECT is((SELECT ARRAY[r->>'handover_id', r->>'state', r->>'record_count'] FROM t.ask('P22', 'hand_over',
	'ARRAY[ROW(''SB26-14'', 12)]::api.handover_entry[]') r), '{YJ26-01,HANDED_OVER,1}', 'what is named');
SELECT is(t.ask('P22', 'hand_over', '''{}''')->>'record_count', '4', 'or all that is due');
SELECT is(t.refused(t.ask('P22', 'hand_over', '''{}''')), 'ZB001 defects nothing_due_for_archive', 'once');
SELECT is(t.refused(t.ask('P22', 'take_over', '''YJ26-01''')), 'ZB002 denied', 'the archivist takes it');
SELECT is(t.ask('P27', 'take_over', '''YJ26-01''')->>'state', 'TAKEN_OVER', 'taken');
SELECT is((SELECT r->'records' FROM t.ask('P27', 'show_handover', '''YJ26-01''') r), '[{"form": "D1", "class": "DQ13",
	"pages": 12, "title": "申报表（第14党支部，SB26-14）", "item_no": 1, "retention": "YEARS_30", "disposed_on": null,
	"kept_until_on": "2056-12-03"}]', 'D34: class, title, pages, retention');
UPDATE data.handover SET handed_by = 'P27' WHERE id = 'YJ26-02';
SELECT is(t.refused(t.ask('P27', 'take_over', '''YJ26-02''')), 'ZB012 second_person_needed handover_is_yours YJ26-02',
	'nobody takes what he gave');
UPDATE data.handover SET handed_by = 'P22' WHERE id = 'YJ26-02';
SELECT t.ask('P27', 'take_over', '''YJ26-02''');
SELECT is((SELECT n.state FROM data.notice n WHERE n.id = 'GS14'), 'ARCHIVED', 'a notice the archive has');
SELECT is(t.refused(t.ask('P22', 'correct_notice', '''GS14'', ''笔误'', NULL, NULL, NULL')), 'ZB003 state', 'is corrected no more');
SELECT ok((SELECT array_agg(k.form) FROM data.archive_kind k) @>
	'{D1,D2,D7,D9,D10,D11,D13,D14,D14C,D15,D16,D18,D22,D24,D25,D27,D28,D29,D30,D31,D33}',
	'domain 4: every paper that is filed has its class and retention');

-- ---- disposal -----------------------------------------------------------------------------
-- the second person's part is the mechanism's own; here is what the act itself asks
CREATE FUNCTION t.dispose(id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r text; d text; k text;
BEGIN
	SELECT x.disposal_id || ' ' || x.state INTO r FROM api.dispose_record(
		ROW('P27', 'archivist', 'ZZB', 'dispose_record', NULL)::auth.actor, id, '保管期满', '鉴定小组2057年1号') x;
	RETURN r;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS k = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL;
	RETURN replace(replace(split_part(k, E'\x1f', 1) || ' ' || d, E'\x1f', ' '), E'\x1e', ';');
END $$;
SELECT is(t.dispose('WT26-14'), 'invalid not_in_archive WT26-14', 'only what the archive has');
SELECT is(t.dispose('SB26-14'), 'defects kept_until 申报表（第14党支部，SB26-14） 2056-12-03', 'not before its time');
SELECT is(t.dispose('PD26-14'), 'defects kept_for_ever 命名决定（第14党支部，PD26-14）', 'never what is kept for ever');
SELECT t.day('2057-01-10');
INSERT INTO data.objection (id, org_id, state, came_by, received_on) VALUES ('YY57-01', '14', 'INQUIRING', 'LETTER', '2057-01-05');
SELECT is(t.dispose('SB26-14'), 'defects held_by_objection YY57-01', 'T50: held while an objection is open');
UPDATE data.objection SET org_id = 'DW';
SELECT is(t.dispose('SB26-14'), 'defects held_by_objection YY57-01', 'T50: one about nobody by name holds everything');
UPDATE data.objection SET org_id = '24';
SELECT is(t.dispose('SB26-14'), 'XH57-01 DISPOSED', 'T50: another branch''s does not');
SELECT is(t.dispose('SB26-14'), 'disposed_already ', 'once');
SELECT results_eq('SELECT object_id, disposed_on, reason::text, basis::text FROM data.disposal',
	$$ VALUES ('SB26-14', date '2057-01-10', '保管期满', '鉴定小组2057年1号') $$, 'the act: what, when, why, on whose decision');
SELECT is((SELECT array_agg(p.role) FROM rule.second_person p WHERE p.request = 'dispose_record'), '{od_head}',
	'two people: the archivist and the head');

-- ---- raw ballots: destroyed by an act, held like everything else ---------------------------------
INSERT INTO data.item_set (id, title, adopted_on) VALUES ('CX26.1', '评议支部', '2026-01-01');
INSERT INTO data.ballot_session (id, org_id, org_name, state, purpose, channel, item_set_id, comments, held_on, place,
	entitled, present, void_count, valid, prepared_by)
VALUES ('CP26-24', '24', '第24党支部', 'CERTIFIED', 'MEMBERS_ON_BRANCH', 'SLIPS', 'CX26.1', true, '2056-12-20', '会议室', 6, 6, 0, 6, 'P22');
INSERT INTO data.ballot (session_id, id, marks) SELECT 'CP26-24', decode(md5(n::text), 'hex'), '{GOOD}' FROM generate_series(1, 6) n;
UPDATE data.certificate SET expires_at = 'infinity';
SELECT is(t.refused(t.ask('P22', 'archive_ballot', '''CP26-24'', ''测评结束'', ''党委会''')),
	'ZB003 state held_by_objection YY57-01', 'T50: ballots are held while an objection is open');
UPDATE data.objection SET state = 'CLOSED', ended_on = '2057-01-10';
SELECT is(t.refused(t.ask('P22', 'archive_ballot', '''CP26-24'', '' '', ''党委会''')), 'ZB001 invalid text_missing', 'with a reason');
SELECT is((SELECT count(*) FROM data.ballot), 6::bigint, 'T50: not one is gone');
SELECT is((SELECT ARRAY[r->>'state', r->>'disposal_id'] FROM t.ask('P22', 'archive_ballot',
	'''CP26-24'', ''测评结束'', ''党委会2057年1次''') r), '{ARCHIVED,XH57-02}', 'then by an act that is on record');
SELECT is((SELECT count(*) FROM data.ballot), 0::bigint, 'and the marks are gone');

-- ---- the college's own table -----------------------------------------------------------------
SELECT is((SELECT ARRAY[r->>'class', r->>'retention'] FROM t.ask('P27', 'set_archive_kind', '''d22'', NULL, ''YEARS_10'', ''院档字1号''') r),
	'{DQ11,YEARS_10}', 'class and retention are data');
SELECT is(t.refused(t.ask('P27', 'set_archive_kind', '''D99'', NULL, NULL, ''x''')), 'ZB001 invalid form_unknown D99', 'of a form there is');
SELECT is_empty($$ SELECT k.entity FROM data.archive_kind k WHERE to_regclass('data.' || k.entity) IS NULL
	OR NOT EXISTS (SELECT FROM rule.transition t WHERE t.entity = k.entity
		AND t.to_state = ANY (k.states)) $$, 'every kind is a thing there is, in states it can come to');

-- ---- offices for a time (domain 3.1) ------------------------------------------------------------
SELECT is(t.refused(t.ask('P41', 'set_office', '''P60'', ''auditor'', ''DW'', ''2057-01-10'', NULL, NULL')),
	'ZB001 defects office_needs_end auditor;office_needs_basis auditor', 'an auditor has a last day and a document');
SELECT is(t.refused(t.ask('P41', 'set_office', '''P60'', ''auditor'', ''DW'', ''2057-01-10'', ''2057-01-10'', ''巡察通知3号''')),
	'ZB001 defects office_end_first 2057-01-10 2057-01-10', 'a day after the first');
SELECT is(t.ask('P41', 'set_office', '''P60'', ''auditor'', ''DW'', ''2057-01-10'', ''2057-03-01'', ''巡察通知3号''')->>'to_on',
	'2057-03-01', 'then it is one');
SELECT is(t.ask('P41', 'set_office', '''P61'', ''finance_officer'', ''ZZB'', NULL, NULL, NULL')->>'role', 'finance_officer',
	'a finance officer needs neither');
UPDATE data.certificate SET expires_at = 'infinity';
SELECT ok(t.ask('P60', 'list_archive_kinds') ? 'kinds', 'the auditor reads');
SELECT t.day('2057-03-01');
SELECT is(t.refused(t.ask('P60', 'list_archive_kinds')), 'ZB002 denied', 'and from that day on no more');

SELECT * FROM finish();
ROLLBACK;
