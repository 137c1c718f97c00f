-- What becomes of an award: reviewed with the branch heard, revoked or kept by the
-- committee, ended with the term, prolonged with it; a new round follows.
BEGIN;
\ir award_fixture.psql
SELECT no_plan();

-- P50 is the secretary of 14, P20 the head, P22 an officer, P1 the committee's secretary.
SELECT t.day('2026-12-21');
SELECT is(t.award('14', '2026-12-03', '2027-05-19'), 'PD26-14', 'an award to look at');
UPDATE data.round SET state = 'APPLIED' WHERE id = 'LC26-14';
INSERT INTO data.fund (id, org_id, state, year, source, award_id, purpose, budgeted_fen,
	budgeted_by, granted_fen, decided_on, basis, granted_by)
VALUES ('JF26-14', '14', 'GRANTED', 2026, 'ACTIVITY', 'PD26-14', '书报', 100000, 'P22', 100000,
	'2026-12-10', '党委会', 'P20'),
	('JF26-14-2', '14', 'GRANTED', 2026, 'ACTIVITY', 'PD26-14', '活动', 100000, 'P22', 100000,
	'2026-12-10', '党委会', 'P20');
INSERT INTO data.fund_spend (fund_id, spend_no, spent_fen, spent_on, purpose, recorded_by)
VALUES ('JF26-14-2', 1, 40000, '2026-12-15', '购书', 'P22');

-- ---- a review ------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P50', 'review_award', '''PD26-14'', ''事由'', ''依据''')),
	'ZB002 denied', 'a branch opens no review');
SELECT is(t.refused(t.ask('P22', 'review_award', '''PD26-14'', '' '', ''依据''')),
	'ZB001 invalid text_missing', 'not without what gave rise to it');
SELECT is((SELECT ARRAY[r->>'award_review_id', r->>'state', r->>'rectify_to_on'] FROM
	t.ask('P22', 'review_award', '''PD26-14'', ''组织生活长期不正常'', ''督查记录两次''') r),
	'{PF26-14,NOTIFIED,2027-01-21}', 'a month to mend it, by the rule set');
SELECT is((SELECT w.state FROM data.award w WHERE w.id = 'PD26-14'), 'UNDER_REVIEW', 'under review');
SELECT is(t.refused(t.ask('P22', 'review_award', '''PD26-14'', ''事由'', ''依据''')), 'ZB003 state', 'once');
SELECT ok(t.ask('P50', 'next_duties')::text ~ 'hear_award', 'the branch is told');
SELECT is(t.ask('P50', 'show_review', '''PF26-14''')->>'facts', '组织生活长期不正常', 'and reads why');
SELECT is(t.refused(t.ask('P52', 'show_review', '''PF26-14''')), 'ZB002 denied', 'another branch does not');
SELECT is(t.refused(t.ask('P20', 'propose_review', '''PF26-14'', ''属实''')),
	'ZB003 state review_not_heard 14', 'nothing is put forward over the head of the branch');
SELECT is(t.refused(t.ask('P1', 'revoke_award', '''PF26-14'', ''5号'', NULL')),
	'ZB003 state review_not_heard 14', 'and nothing revoked');
SELECT is(t.refused(t.ask('P50', 'hear_award', '''PF26-14'', ''属实'', ''2026-12-20'', NULL')),
	'ZB001 invalid heard_on_range 2026-12-21 2026-12-21', 'not heard before it was told');
SELECT is(t.refused(t.ask('P22', 'hear_award', '''PF26-14'', ''属实'', NULL, NULL')),
	'ZB001 invalid text_missing', 'a hearing has a place');
SELECT is(t.ask('P50', 'hear_award', '''PF26-14'', ''情况属实，正在整改'', NULL, NULL')->>'state', 'HEARD', 'heard');
SELECT ok(t.ask('P50', 'next_duties')::text !~ 'hear_award', 'the hint is gone');
SELECT is(t.refused(t.ask('P20', 'propose_review', '''PF26-14'', ''属实''')),
	'ZB003 state rectification_running PF26-14 2027-01-21', 'the month first');
SELECT is(t.refused(t.ask('P1', 'revoke_award', '''PF26-14'', ''5号'', NULL')),
	'ZB003 state', 'no revocation without the committee');
SELECT t.day('2027-01-22');
SELECT is(t.ask('P22', 'hear_award', '''PF26-14'', ''支部承认没有改好'', NULL, ''会议室''')->>'state',
	'HEARD', 'heard again, by the department');
SELECT is((SELECT jsonb_path_query_array(r, '$.statements[*].by_branch') FROM
	t.ask('P20', 'show_review', '''PD26-14''') r), '[true, false]', 'whose words they are');
SELECT ok(t.ask('P20', 'next_duties')::text ~ 'propose_review', 'now it may be put forward');
SELECT ok(t.ask('P20', 'propose_review', '''PF26-14'', ''整改期满仍未恢复''')->>'motion' ~ '取消第14党支部的“最强党支部”评定', 'put forward');

-- ---- the committee -------------------------------------------------------------------------
CREATE FUNCTION t.decide(subject text, f int, a int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text := t.ask('P30', 'new_meeting', format('%L::date, ''会议室'', NULL, NULL',
		flow.today()))->>'meeting_id';
	i text := t.ask('P30', 'add_agenda_item', format('%L, %L, ''P22''', m,
		subject))->>'agenda_item_id';
BEGIN
	PERFORM t.attend(m, 9, 9);
	PERFORM t.ask('P30', 'begin_meeting', format('%L', m));
	PERFORM t.hands(i, f, a, 0, 0);
	PERFORM t.ask('P30', 'resolve_item', format('%L, ''讨论'', ''理由'', NULL, NULL', i));
	PERFORM t.ask('P30', 'end_meeting', format('%L', m));
	RETURN m;
END $$;
CREATE FUNCTION t.sign(m text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT t.ask('P1', 'sign_minutes', format('%L, %L', m,
		t.ask('P1', 'show_minutes', format('%L', m))->>'digest')) $$;
SELECT t.decide('PF26-14', 9, 0) AS meeting \gset
SELECT is((SELECT r.state FROM data.award_review r WHERE r.id = 'PF26-14'), 'RESOLVED', 'resolved');
SELECT ok(t.ask('P1', 'show_minutes', quote_literal(:'meeting'))->>'minutes'
	~ '议题：取消第14党支部.*同意9票.*经集体研究并逐项表决，同意：取消', 'the minutes say it whole');
SELECT is(t.refused(t.ask('P1', 'revoke_award', '''PF26-14'', ''院党发〔2027〕5号'', NULL')),
	'ZB003 state resolution_unsigned PF26-14', 'signed minutes first');
SELECT t.sign(:'meeting');
SELECT is(t.refused(t.ask('P1', 'revoke_award', '''PF26-14'', ''院党发〔2027〕5号'', ''2027-01-21''')),
	'ZB001 invalid decided_after_meeting 2027-01-22 2027-01-22', 'not dated before the meeting');
SELECT is(t.refused(t.ask('P20', 'revoke_award', '''PF26-14'', ''5号'', NULL')), 'ZB002 denied', 'the head does not');
SELECT is(t.ask('P1', 'revoke_award', '''PF26-14'', ''院党发〔2027〕5号'', NULL')->'z_waiting'->>'roles',
	'["od_head", "od_officer"]', 'nobody revokes alone');
SELECT is((SELECT w.state FROM data.award w WHERE w.id = 'PD26-14'), 'UNDER_REVIEW', 'it waits for the second');
SELECT is(t.ask('P20', 'give_approval', (SELECT quote_literal(a.id) FROM data.approval a))->>'state', 'APPROVED', 'who agrees');
SELECT is((SELECT ARRAY[r->>'state', r->>'ended_on', r->>'stopped'] FROM t.ask('P50', 'show_review', '''PF26-14''') r),
	'{REVOKED,2027-01-22,"[\"JF26-14\", \"JF26-14-2\"]"}', 'revoked; what follows it stops that day');
SELECT is((SELECT array_agg(f.state ORDER BY f.id) FROM data.fund f), '{WITHDRAWN,SPENT}',
	'T20: the unspent is withdrawn, the spent stays');
SELECT is((SELECT ARRAY[r.state, r.ended_on::text] FROM data.round r WHERE r.id = 'LC26-14'),
	'{ENDED_REVOKED,2027-01-22}', 'its round ends');
SELECT is(t.refused(t.ask('P22', 'review_award', '''PD26-14'', ''事由'', ''依据''')), 'ZB003 state', 'REVOKED is final');
SELECT throws_ok($$ UPDATE data.award SET ended_on = NULL WHERE id = 'PD26-14' $$, '23514', NULL,
	'a state that is over has its day');
SELECT is(t.ask('P50', 'start_round', 'NULL, NULL, NULL')->>'state', 'SELF_BUILDING', 'T19: a new round may follow');
SELECT is((SELECT jsonb_path_query_array(r, '$.events[*].kind') FROM t.ask('P50', 'award_history', 'NULL') r),
	'["AWARDED", "REVIEW_OPENED", "REVOKED"]', 'T19: the history tells it');
SELECT is((SELECT count(*)::int FROM jsonb_array_elements(flow.dossier_awards((SELECT a FROM data.application a
	WHERE a.id = 'SB26-14'))) d WHERE d->>'state' = 'REVOKED'), 1, 'T19: a fact in the next dossier');

-- ---- the committee keeps it; the head keeps it ------------------------------------------------
SELECT t.award('24', '2026-12-03', '2027-05-19');
SELECT t.ask('P22', 'review_award', '''PD26-24'', ''有反映'', ''来信''');
SELECT t.ask('P52', 'hear_award', '''PF27-24'', ''已经改好'', NULL, NULL');
SELECT t.day('2027-03-01');
SELECT t.ask('P20', 'propose_review', '''PF27-24'', ''仍有不足''');
SELECT t.decide('PF27-24', 3, 6) AS meeting \gset
SELECT is((SELECT ARRAY[w.state, r.state, r.ended_on::text] FROM data.award w JOIN data.award_review r
	ON r.award_id = w.id WHERE w.id = 'PD26-24'), '{EFFECTIVE,KEPT,2027-03-01}', 'not carried: it stands');
SELECT t.ask('P22', 'review_award', '''PD26-24'', ''又有反映'', ''来信''');
SELECT is(t.ask('P20', 'keep_award', '''PF27-24-2'', ''查无此事''')->>'state', 'KEPT', 'or the department finds nothing');
SELECT is((SELECT w.state FROM data.award w WHERE w.id = 'PD26-24'), 'EFFECTIVE', 'it stands');

-- ---- an objection about an award: the committee has it reviewed -----------------------------
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES ('P60', 'DW', 'objection_officer', '2024-01-01');
CREATE FUNCTION t.objected(award text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE o text := t.ask('P60', 'record_objection', format(
	'''LETTER'', NULL, NULL, %L, %L, ''会议没有开'', ''来信原文'', NULL, %L::bytea',
	right(award, 2), award, sha256(clock_timestamp()::text::bytea)))->>'objection_id';
BEGIN
	PERFORM t.ask('P60', 'assign_objection', format('%L, NULL', o));
	PERFORM t.ask('P60', 'record_inquiry', format('%L, NULL, ''查阅记录''', o));
	PERFORM t.ask('P60', 'conclude_objection', format('%L, ''SUBSTANTIATED'', ''两次没有开''', o));
	RETURN o;
END $$;
SELECT t.objected('PD26-24') AS objection \gset
SELECT is(t.refused(t.ask('P1', 'note_objection', format('%L, ''知悉'', NULL', :'objection'))),
	'ZB001 invalid choice_missing', 'about an award that stands: the committee says how it goes on');
SELECT is(t.refused(t.ask('P1', 'note_objection', format('%L, ''再议'', ''DELIBERATE_AGAIN''', :'objection'))),
	'ZB001 invalid effect_for_award PD26-24', 'what is decided is not decided again');
SELECT ok(t.ask('P20', 'next_duties')::text !~ 'review_award', 'nobody is told to review');
SELECT t.ask('P1', 'note_objection', format('%L, ''启动复核'', ''REVIEW''', :'objection'));
SELECT ok(t.ask('P20', 'next_duties')::text ~ 'review_award', 'the department is told to review it');
SELECT is((SELECT w.state FROM data.award w WHERE w.id = 'PD26-24'), 'EFFECTIVE', 'nothing happens by itself');
SELECT t.ask('P60', 'reply_objection', format('%L, ''已启动复核''', :'objection'));
SELECT is(t.refused(t.ask('P60', 'close_objection', format('%L', :'objection'))),
	'ZB003 state objection_review_missing ' || :'objection' || ' PD26-24', 'not closed before the review is opened');
SELECT t.ask('P22', 'review_award', '''PD26-24'', ''异议属实'', ''核实结论''');
SELECT ok(t.ask('P20', 'next_duties')::text !~ 'review_award', 'the hint is gone');
SELECT is(t.ask('P60', 'close_objection', format('%L', :'objection'))->>'state', 'CLOSED', 'then it is closed');
SELECT t.ask('P20', 'keep_award', '''PD26-24'', ''已补开''');
SELECT t.objected('PD26-14') AS objection \gset
SELECT is(t.refused(t.ask('P1', 'note_objection', format('%L, ''复核'', ''REVIEW''', :'objection'))),
	'ZB001 invalid effect_without_award ' || :'objection', 'an award that is over is not reviewed');

-- ---- certificates, the document -------------------------------------------------------------------
SELECT is(t.refused(t.ask('P22', 'set_certificate', '''PD26-24'', NULL, NULL')), 'ZB001 invalid text_missing', 'a number by hand');
SELECT is(t.ask('P22', 'set_certificate', '''PD26-24'', ''证001'', NULL')->>'certificate_no', '证001', 'certificate');
SELECT is(t.ask('P22', 'set_certificate', '''PD26-24'', NULL, ''牌001''')->>'certificate_no', '证001', 'the plate leaves it');
SELECT t.award('20', '2026-12-03', '2027-05-19');
SELECT is(t.refused(t.ask('P22', 'set_certificate', '''PD26-20'', ''证001'', NULL')), 'ZB004 certificate_taken', 'one number, one award');
SELECT is((SELECT ARRAY[jsonb_path_query_array(r, '$.plates[*].org_id')::text, (r->>'text' ~ '关于命名“最强党支部”的决定.*第20党支部.*第24党支部')::text]
	FROM t.ask('P50', 'show_award_document', '''院党发〔2026〕12号''') r), '{"[\"14\", \"20\", \"24\"]",true}',
	'D25, D26: all the document names, by code');

-- ---- a second award for the same round ---------------------------------------------------------
UPDATE data.application SET state = 'CONFIRMED' WHERE id = 'SB26-14';
SELECT is(t.refused(t.ask('P1', 'sign_award', '''SB26-14'', ''14号'', NULL, NULL')),
	'ZB003 state round_has_award LC26-14 PD26-14 award.REVOKED', 'a round leads to one award');
UPDATE data.application SET state = 'EFFECTIVE' WHERE id = 'SB26-14';
SELECT throws_ok($$ INSERT INTO data.award SELECT (jsonb_populate_record(w, '{"id": "PD27-14",
	"application_id": "SB26-20"}')).* FROM data.award w WHERE w.id = 'PD26-14' $$, '23505', NULL, 'not even by hand');

-- ---- the term ---------------------------------------------------------------------------------------
SELECT is((SELECT ARRAY[d->>'org_id', d->>'state', d->>'due_on'] FROM jsonb_array_elements(
	t.ask('P21', 'next_duties')->'duties') d WHERE d->>'request' = 'start_term' AND d->>'org_id' = '24'),
	'{24,DUE_SOON,2027-05-19}', 'a reminder half a year before');
SELECT is(t.refused(t.ask('P21', 'end_award', '''PD26-24'', true, NULL')),
	'ZB003 state award_still_valid PD26-24 2027-05-19', 'nothing ends before its day');
SELECT is(t.refused(t.ask('P21', 'extend_term', '''24'', ''2028-08-01'', ''批复7号'', NULL')),
	'ZB001 defects extension_over_a_year 2027-05-19', 'a year at most');
SELECT is((SELECT ARRAY[r->>'extended_to_on', r->>'prolonged'] FROM t.ask('P21', 'extend_term',
	'''24'', ''2028-08-01'', ''批复7号'', true') r), '{2028-08-01,"[\"PD26-24\"]"}',
	'unless the approval says more; the award lasts through it, as the college chose');
UPDATE data.rule_set SET award_through_extension = false;
SELECT is(t.ask('P21', 'extend_term', '''20'', ''2028-01-01'', ''批复8号'', NULL')->>'prolonged', '[]', 'or does not');
SELECT is(flow.award_end('RQ20-3', '2026-12-03'), '2027-05-19', 'then it ends as it was to end');
SELECT is(flow.award_end('RQ20-3', '2027-06-01'), '2028-01-01', 'decided within the extension it has its time');
SELECT t.day('2027-06-01');
SELECT is((SELECT o->>'term_state' FROM jsonb_array_elements(t.ask('P21', 'list_orgs', 'NULL, NULL')->'orgs') o
	WHERE o->>'org_id' = '14'), 'OVERDUE', 'OVERDUE is a fact, and stops nothing');
SELECT is((SELECT w.state FROM data.award w WHERE w.id = 'PD26-20'), 'EFFECTIVE', 'nothing happens on a number');
SELECT ok(t.ask('P21', 'next_duties')::text ~ '"end_award"', 'the department is asked');
SELECT is(t.refused(t.ask('P21', 'end_award', '''PD26-20'', NULL, NULL')),
	'ZB003 state extension_not_asked 20', 'and states that there is no extension');
SELECT is((SELECT ARRAY[r->>'state', r->>'ended_on'] FROM t.ask('P21', 'end_award', '''PD26-20'', true, NULL') r),
	'{ENDED_TERM,2027-05-20}', 'then it has ended, the day after its last');
INSERT INTO data.gap (id, org_id, state, round_id, source, problem, found_on, found_by)
VALUES ('WT26-24', '24', 'DOING', 'LC26-24', 'SELF_CHECK', '旧问题', '2026-05-01', 'P52');
SELECT is(t.refused(t.ask('P21', 'start_term', '''24'', ''2027-07-01'', ''2030-06-30''')),
	'ZB001 defects term_in_future 2027-07-01', 'a term is entered when it has begun');
SELECT is((SELECT ARRAY[r->>'term_id', r->>'round_id'] FROM t.ask('P21', 'start_term',
	'''24'', ''2027-05-20'', ''2030-05-19''') r), '{RQ24-4,LC27-24}', 'S-52: a new round by itself');
SELECT is((SELECT ARRAY[w.state, w.ended_on::text] FROM data.award w WHERE w.id = 'PD26-24'),
	'{ENDED_TERM,2027-05-20}', 'S-52: the award ends with the term');
SELECT is((SELECT string_agg(r.id || ' ' || r.state, ', ' ORDER BY r.id) FROM data.round r WHERE r.org_id = '24'),
	'LC26-24 ENDED_TERM, LC27-24 PLANNED', 'S-52: the round too');
SELECT is((SELECT string_agg(g.id || ' ' || g.state || ' ' || coalesce(g.origin_id, '-'), ', ' ORDER BY g.id)
	FROM data.gap g WHERE g.org_id = '24'), 'WT26-24 CARRIED_OVER -, WT27-24 DOING WT26-24', 'its open problems go on');

-- ---- T17: an application whose term ended ---------------------------------------------------------
SELECT t.application('28');
SELECT is(t.ask('P21', 'start_term', '''28'', ''2027-05-20'', ''2030-05-19''')->>'round_id', NULL,
	'T17: no new round while an application lies in the old');
SELECT is(t.refused(t.ask('P21', 'lapse_application', '''SB26-28'', NULL, ''届满''')),
	'ZB003 state extension_not_asked 28', 'T17: LAPSED only when the department confirms');
SELECT is(t.ask('P21', 'lapse_application', '''SB26-28'', true, ''届满''')->>'state', 'LAPSED', 'T17: confirmed');
SELECT is((SELECT r.state FROM data.round r WHERE r.org_id = '28' AND r.ended_on IS NULL), 'PLANNED',
	'T17: then the new round is there');
SELECT is((SELECT jsonb_path_query_array(r, '$.events[*].kind') FROM t.ask('P20', 'award_history', '''24''') r),
	'["AWARDED", "REVIEW_OPENED", "TERM_EXTENDED", "REVIEW_OPENED", "REVIEW_OPENED", "REVIEW_KEPT", "REVIEW_KEPT", "REVIEW_KEPT", "ENDED_TERM"]',
	'the whole history of 24');

\ir progress_counts.psql
SELECT is_empty('TABLE miscounted', 'S-12, S-14: and the college''s counts are those of the rows');

SELECT * FROM finish();
ROLLBACK;
