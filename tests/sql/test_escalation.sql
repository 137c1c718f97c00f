-- Upwards: only by resolution, only what is in effect, only where it is switched on;
-- above the college nothing is seen but what was sent.
BEGIN;
\ir award_fixture.psql
SELECT no_plan();
SELECT t.day('2027-01-10');
INSERT INTO data.org (id, kind, established_on) VALUES ('GW', 'superior', '2001-01-01'), ('XW', 'superior', '2001-01-01');
INSERT INTO data.org_version (org_id, name, from_on) VALUES ('GW', '市教育工委', '2001-01-01'), ('XW', '另一上级', '2001-01-01');
UPDATE data.org_version SET parent_id = 'GW' WHERE org_id = 'DW';
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES ('P75', 'GW', 'city_officer', '2024-01-01'),
	('P76', 'XW', 'city_officer', '2024-01-01');
SELECT t.award(o, '2026-12-03', '2027-05-19') FROM unnest('{14,20,22,24}'::text[]) o;

CREATE FUNCTION t.decide(subject text, f int DEFAULT 9) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m text := t.ask('P30', 'new_meeting', format('%L::date, ''会议室'', NULL, NULL', flow.today()))->>'meeting_id';
	i text := t.ask('P30', 'add_agenda_item', format('%L, %L, ''P22''', m, subject))->>'agenda_item_id';
BEGIN
	PERFORM t.attend(m, 9, 9);
	PERFORM t.ask('P30', 'begin_meeting', format('%L', m));
	PERFORM t.hands(i, f, 9 - f, 0, 0);
	PERFORM t.ask('P30', 'resolve_item', format('%L, ''讨论'', ''理由'', NULL, NULL', i));
	PERFORM t.ask('P30', 'end_meeting', format('%L', m));
	RETURN m;
END $$;
CREATE FUNCTION t.sign(m text) RETURNS text LANGUAGE sql AS $$
	SELECT t.ask('P1', 'sign_minutes', format('%L, %L', m, t.ask('P1', 'show_minutes', format('%L', m))->>'digest'))->>'state' $$;

-- ---- the level ----------------------------------------------------------------------
SELECT is(t.refused(t.ask('P22', 'new_escalation', '''PD26-14'', NULL, ''同意推荐''')), 'ZB003 level_off', 'off until it is switched on');
SELECT is(t.refused(t.ask('P1', 'set_level', 'NULL, true, ''GW'', ''坚强堡垒支部'', ''市委批准设立'', NULL, NULL')),
	'ZB001 invalid text_missing', 'with its approval basis');
SELECT is(t.refused(t.ask('P1', 'set_level', 'NULL, true, ''ZZB'', ''坚强堡垒支部'', ''市委批准设立'', ''3号'', NULL')),
	'ZB001 invalid not_a_superior ZZB', 'above the college');
SELECT is(t.refused(t.ask('P20', 'set_level', 'NULL, true, ''GW'', ''称号'', ''市委'', ''3号'', NULL')), 'ZB002 denied', 'the committee''s');
SELECT is(t.ask('P1', 'set_level', 'NULL, true, ''GW'', ''坚强堡垒支部'', ''市委批准设立'', ''市委办〔2026〕3号'', NULL')->>'level', 'CITY', 'on');

-- ---- by resolution only ---------------------------------------------------------------
SELECT is(t.ask('P22', 'new_escalation', '''PD26-14'', NULL, ''同意推荐''')->>'escalation_id', 'QS27-14', 'put to the committee');
SELECT is(t.refused(t.ask('P22', 'new_escalation', '''PD26-14'', NULL, ''同意推荐''')), 'ZB004 escalation_under_way', 'once');
SELECT is(t.refused(t.ask('P20', 'send_escalation', '''QS27-14'', ''3号'', NULL, NULL')), 'ZB003 state', 'not without a resolution');
SELECT is(t.refused(t.ask('P75', 'show_escalation', '''QS27-14''')), 'ZB002 denied', 'the city sees nothing of it yet');
SELECT t.decide('QS27-14') AS m \gset
SELECT is(t.refused(t.ask('P20', 'send_escalation', '''QS27-14'', ''3号'', NULL, NULL')),
	'ZB003 state resolution_unsigned QS27-14', 'signed minutes');
SELECT t.sign(:'m');
SELECT is(t.refused(t.ask('P20', 'send_escalation', '''QS27-14'', ''3号'', ''2027-01-09'', NULL')),
	'ZB001 invalid decided_after_meeting 2027-01-10 2027-01-10', 'not dated before the meeting');
SELECT is(t.ask('P20', 'send_escalation', '''QS27-14'', ''院党发〔2027〕3号'', NULL, NULL')->>'state', 'SENT', 'sent');
UPDATE data.application SET summary = '改过的小结' WHERE id = 'SB26-14';

-- ---- above --------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P76', 'show_escalation', '''QS27-14''')), 'ZB002 denied', 'another superior does not see it');
SELECT ok(t.ask('P75', 'next_duties')::text ~ 'receive_escalation' AND t.ask('P76', 'next_duties')::text !~ 'receive_escalation', 'the one it was sent to is asked');
SELECT is((SELECT ARRAY[r->>'summary', r->>'intact', r->>'motion', r->>'basis_doc_no'] FROM t.ask('P75', 'show_escalation', '''QS27-14''') r),
	'{自创工作情况,true,NULL,市委办〔2026〕3号}', 'the file as it was sent, and nothing else');
SELECT is((SELECT jsonb_path_query_array(r, '$.steps[*].state') FROM t.ask('P75', 'show_escalation', '''QS27-14''') r), '["SENT"]', 'nor what went before');
SELECT is((SELECT string_agg(p.request, ' ' ORDER BY p.request) FROM rule.permission p WHERE p.role = 'city_officer'),
	'answer_escalation find list_escalations receive_escalation show_escalation', 'no dossier, ballot or objection');
SELECT is(jsonb_array_length(t.ask('P76', 'find', '''QS27''')->'objects') || ' ' || jsonb_array_length(t.ask('P75', 'find', '''QS27''')->'objects'), '0 1', 'not found either');
SELECT is(t.refused(t.ask('P75', 'answer_escalation', '''QS27-14'', ''APPROVED'', ''9号'', NULL, NULL')), 'ZB003 state', 'received first');
SELECT is(t.ask('P75', 'receive_escalation', '''QS27-14''')->>'state', 'RECEIVED', 'received');
SELECT is(t.refused(t.ask('P75', 'answer_escalation', '''QS27-14'', ''RETURNED'', NULL, NULL, NULL')), 'ZB001 invalid text_missing', 'what is missing');
SELECT is(t.refused(t.ask('P75', 'answer_escalation', '''QS27-14'', ''APPROVED'', NULL, NULL, NULL')), 'ZB001 invalid text_missing', 'with its document');
SELECT is(t.refused(t.ask('P75', 'answer_escalation', '''QS27-14'', ''APPROVED'', ''9号'', ''2027-01-01'', NULL')),
	'ZB001 invalid answered_on_range 2027-01-10 2027-01-10', 'not before it came');
SELECT is(t.ask('P75', 'answer_escalation', '''QS27-14'', ''RETURNED'', NULL, NULL, ''缺群众评价情况''')->>'state', 'RETURNED', 'returned');
SELECT is(t.ask('P20', 'send_escalation', '''QS27-14'', ''院党发〔2027〕4号'', NULL, ''补充：群众评价好''')->>'state', 'SENT', 'and sent again');
SELECT t.ask('P75', 'receive_escalation', '''QS27-14''');
SELECT is(t.ask('P75', 'answer_escalation', '''QS27-14'', ''APPROVED'', ''市教工委〔2027〕9号'', NULL, NULL')->>'state', 'APPROVED', 'approved');
SELECT is(t.refused(t.ask('P75', 'answer_escalation', '''QS27-14'', ''NOT_APPROVED'', NULL, NULL, ''x''')), 'ZB003 state', 'final');
SELECT is((SELECT jsonb_path_query_array(r, '$.events[*].kind') FROM t.ask('P50', 'award_history', 'NULL') r),
	'["AWARDED", "ESCALATION_SENT", "ESCALATION_RETURNED", "ESCALATION_SENT", "ESCALATION_APPROVED"]', 'the history tells it');

-- ---- the award is revoked meanwhile; the committee says no ---------------------------------------
SELECT t.ask('P22', 'new_escalation', '''PD26-20'', NULL, ''同意推荐''');
SELECT t.sign(t.decide('QS27-20'));
SELECT t.ask('P20', 'send_escalation', '''QS27-20'', ''5号'', NULL, NULL');
SELECT t.ask('P22', 'review_award', '''PD26-20'', ''事由'', ''依据''');
SELECT is(t.refused(t.ask('P22', 'new_escalation', '''PD26-20'', NULL, ''推荐''')),
	'ZB003 state award_not_effective PD26-20 award.UNDER_REVIEW', 'only an award in effect');
UPDATE data.award_review SET rectify_to_on = '2027-01-09', opened_on = '2027-01-09';
SELECT t.ask('P22', 'hear_award', '''PF27-20'', ''承认'', NULL, ''会议室''');
SELECT t.ask('P20', 'propose_review', '''PF27-20'', ''属实''');
SELECT t.sign(t.decide('PF27-20'));
SELECT t.ask('P1', 'revoke_award', '''PF27-20'', ''6号'', NULL');
SELECT is(t.ask('P20', 'give_approval', (SELECT quote_literal(a.id) FROM data.approval a))->>'state', 'APPROVED', 'revoked on the way up');
SELECT is((SELECT e.state FROM data.escalation e WHERE e.id = 'QS27-20'), 'CANCELLED', 'called off');
SELECT is(t.refused(t.ask('P75', 'receive_escalation', '''QS27-20''')), 'ZB003 state', 'and no more received');
SELECT t.ask('P22', 'new_escalation', '''PD26-22'', NULL, ''同意推荐''');
SELECT t.sign(t.decide('QS27-22', 2));
SELECT is((SELECT e.state FROM data.escalation e WHERE e.id = 'QS27-22'), 'CANCELLED', 'the committee says no');

-- ---- T18: the term ends during the escalation -------------------------------------------------------
SELECT t.ask('P22', 'new_escalation', format('%L, NULL, ''同意推荐''', w)) FROM unnest('{PD26-22,PD26-24}'::text[]) w;
SELECT t.sign(t.decide('QS27-22-2')), t.sign(t.decide('QS27-24'));
SELECT t.ask('P20', 'send_escalation', '''QS27-22-2'', ''7号'', NULL, NULL'), t.ask('P20', 'send_escalation', '''QS27-24'', ''8号'', NULL, NULL');
SELECT t.day('2027-05-25');
SELECT t.ask('P21', 'end_award', '''PD26-22'', true, NULL');
SELECT is((SELECT string_agg(w.state || ' ' || e.state, ', ') FROM data.escalation e JOIN data.award w ON w.id = e.award_id
	WHERE e.id = 'QS27-22-2'), 'ENDED_TERM TERM_ENDED', 'T18: the award has ended; the escalation waits');
SELECT is(t.refused(t.ask('P75', 'receive_escalation', '''QS27-22-2''')), 'ZB003 state', 'T18: nobody goes on with it unasked');
SELECT ok(t.ask('P22', 'show_escalation', '''QS27-22-2''')->>'motion' ~ '任期已于2027年5月19日届满，继续办理', 'T18: the committee is asked');
SELECT t.decide('QS27-22-2') AS m \gset
SELECT is(t.refused(t.ask('P20', 'send_escalation', '''QS27-22-2'', ''9号'', NULL, NULL')),
	'ZB003 state resolution_unsigned QS27-22-2', 'T18: by this resolution, not by the first');
SELECT t.sign(:'m');
SELECT is(t.ask('P20', 'send_escalation', '''QS27-22-2'', ''9号'', NULL, NULL')->>'state', 'SENT', 'T18: completed by its choice');
SELECT is(t.ask('P21', 'start_term', '''24'', ''2027-05-20'', ''2030-05-19''')->>'term_id', 'RQ24-4', 'T18: re-elected');
SELECT is((SELECT e.state FROM data.escalation e WHERE e.id = 'QS27-24'), 'TERM_ENDED', 'T18: the same');
SELECT t.sign(t.decide('QS27-24', 1));
SELECT is((SELECT e.state FROM data.escalation e WHERE e.id = 'QS27-24'), 'CANCELLED', 'T18: or cancelled by its choice');

-- ---- off again -----------------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P1', 'set_level', 'NULL, false, NULL, NULL, NULL, NULL, NULL')), 'ZB001 invalid text_missing', 'off with a reason');
SELECT is(t.ask('P1', 'set_level', 'NULL, false, NULL, NULL, NULL, NULL, ''批准到期''')->>'active', 'false', 'off');
SELECT is(t.refused(t.ask('P22', 'new_escalation', '''PD26-14'', NULL, ''同意推荐''')), 'ZB003 level_off', 'nothing goes up');
SELECT is((SELECT jsonb_path_query_array(r, '$.levels[*].active') FROM t.ask('P50', 'list_levels') r), '[true, false]', 'its history stays');
SELECT * FROM finish();
ROLLBACK;
