-- In the committee's room: hints to stand aside, leaving and returning, speeches,
-- prior consultation; committees of 7, 9 and 11 with many recusals.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- ---- hints are rows: own branch, contact point, declared relative --------------------
INSERT INTO data.contact_point (org_id, person_id, from_on, set_by) VALUES ('14', 'P4', '2026-01-01', 'P20');
SELECT is(t.refused(t.ask('P5', 'declare_relative', '''DW''')), 'ZB001 invalid branch_unknown DW', 'of a branch');
SELECT is(t.ask('P5', 'declare_relative', '''14''')->>'declared_on', '2026-12-03', 'a relative is declared');
SELECT is(t.refused(t.ask('P5', 'declare_relative', '''14''')), 'ZB004 declared_already', 'once');
SELECT is(t.refused(t.ask('P30', 'declare_relative', '''14''')), 'ZB002 denied', 'by the member alone');
SELECT is(t.ask('P6', 'list_declarations')->'declarations', '[]', 'and seen by the member alone');
SELECT hasnt_column('data', 'relative_declaration', 'name', 'nobody is asked who the relative is');
UPDATE data.affiliation SET org_id = '14' WHERE person_id = 'P6';
SELECT t.application('14'), t.ask('P20', 'freeze_dossier', '''SB26-14''');
SELECT t.ask('P30', 'new_meeting', '''2026-12-03'', ''会议室'', NULL, NULL');
SELECT is(t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-14'', ''P22''')->'own_branch_names',
	'["同志4", "同志5", "同志6"]', 'three hints');
SELECT is((SELECT array_agg(h.person_id || ' ' || h.ground ORDER BY 1) FROM data.recusal_hint h),
	'{"P4 CONTACT_POINT","P5 RELATIVE","P6 OWN_BRANCH"}', 'and why');
SELECT t.attend('HY26-01', 9, 9), t.ask('P30', 'begin_meeting', '''HY26-01''');
SELECT is(t.refused(t.ask('P30', 'open_vote', '''YT26-14'', ''SECRET_BALLOT''')),
	'ZB003 state contact_point_unanswered YT26-14 同志4;relative_unanswered YT26-14 同志5;own_branch_must_recuse YT26-14 同志6',
	'each hint is answered before the vote');
SELECT is(t.refused(t.ask('P30', 'open_vote', '''YT26-14'', ''NAMED_VOTE''')),
	'ZB003 state contact_point_unanswered YT26-14 同志4;relative_unanswered YT26-14 同志5',
	'of a named vote too');
SELECT is(t.refused(t.ask('P6', 'decline_recusal', '''YT26-14'', NULL, ''能公正''')),
	'ZB003 state own_branch_must_recuse YT26-14 同志6', 'case 54: the own branch is not declined');
SELECT is(t.refused(t.ask('P7', 'decline_recusal', '''YT26-14'', NULL, ''能公正''')),
	'ZB001 invalid no_recusal_hint YT26-14 同志7', 'nothing to decline');
SELECT is(t.refused(t.ask('P4', 'decline_recusal', '''YT26-14'', NULL, NULL')), 'ZB001 invalid text_missing',
	'declined with a reason');
SELECT is(t.refused(t.ask('P4', 'decline_recusal', '''YT26-14'', ''P5'', ''x''')), 'ZB002 denied', 'each for himself');
SELECT is(t.ask('P4', 'decline_recusal', '''YT26-14'', NULL, ''任联系点不足一月''')->>'name', '同志4', 'declined');
SELECT t.ask('P5', 'recuse', '''YT26-14'', NULL, ''亲属''');
SELECT t.ask('P30', 'recuse', '''YT26-14'', ''P6'', ''本支部党员''');
SELECT is((SELECT array_agg(concat_ws(' ', h->>'name', h->>'ground', h->>'recused', h->>'declined', h->>'reason'))
	FROM jsonb_array_elements(t.ask('P1', 'show_agenda_item', '''YT26-14''')->'recusals') h),
	'{"同志4 CONTACT_POINT false true 任联系点不足一月","同志5 RELATIVE true false 亲属","同志6 OWN_BRANCH true false 本支部党员"}',
	'D21: hint, answer, reason');
SELECT is(t.refused(t.ask('P5', 'show_agenda_item', '''YT26-14''')), 'ZB002 denied', 'who has stood aside reads no more of it');

-- ---- prior consultation, speeches ---------------------------------------------------------
SELECT is(t.refused(t.ask('P30', 'record_consultation', '''YT26-14'', ''2026-12-04'', ''党委委员'', ''酝酿''')),
	'ZB001 invalid date_in_future 2026-12-04', 'not ahead');
SELECT is(t.ask('P1', 'record_consultation', '''YT26-14'', ''2026-12-02'', ''纪委书记'', ''听取意见''')->>'serial', '1',
	'talked over before: a fact');
SELECT is(t.ask('P30', 'record_speech', '''YT26-14'', ''P7'', ''自创扎实''')->>'serial', '1', 'who said what');
SELECT is(t.refused(t.ask('P30', 'record_speech', '''YT26-14'', ''P5'', ''x''')),
	'ZB001 invalid recused_does_not_speak YT26-14 同志5', 'who has stood aside does not speak');
SELECT is(t.refused(t.ask('P30', 'record_speech', '''YT26-14'', ''P20'', ''x''')),
	'ZB001 invalid not_in_room 同志20', 'nor who is not there');
SELECT is(t.refused(t.ask('P7', 'record_speech', '''YT26-14'', ''P7'', ''x''')), 'ZB002 denied', 'the recorder writes');

-- ---- leaving and returning -----------------------------------------------------------------
SELECT is(t.refused(t.ask('P30', 'leave_meeting', '''HY26-01'', ''P20'', NULL, ''x''')),
	'ZB001 invalid not_in_room 同志20', 'who is not there does not leave');
SELECT is(t.refused(t.ask('P30', 'leave_meeting', '''HY26-01'', ''P7'', ''YT26-14'', NULL')),
	'ZB001 invalid left_without_recusal YT26-14 同志7', 'for an item goes out who stands aside from it');
SELECT t.ask('P30', 'leave_meeting', '''HY26-01'', ''P5'', ''YT26-14'', NULL');
SELECT t.ask('P30', 'leave_meeting', '''HY26-01'', ''P6'', ''YT26-14'', NULL');
SELECT t.ask('P30', 'leave_meeting', '''HY26-01'', ''P8'', NULL, ''接电话''');
SELECT is(t.refused(t.ask('P30', 'leave_meeting', '''HY26-01'', ''P8'', NULL, ''x''')),
	'ZB001 invalid not_in_room 同志8', 'once');
SELECT is((SELECT ARRAY[r->>'entitled', r->>'present', r->>'recused', r->>'voters', r->>'denominator']
	FROM t.ask('P30', 'open_vote', '''YT26-14'', ''SECRET_BALLOT''') r), '{9,8,2,6,9}',
	'who is out for another reason is not there; who left for this item still came');
SELECT is(t.refused(t.ask('P30', 'return_meeting', '''HY26-01'', ''P8''')), 'ZB003 state vote_open YT26-14',
	'nobody comes in during a vote');
SELECT is(t.secret('YT26-14', 5, 1, 0, 0)->>'passed', 'true', '5 of 9');
SELECT t.ask('P30', 'resolve_item', '''YT26-14'', NULL, NULL, NULL, NULL');
SELECT is(t.ask('P30', 'return_meeting', '''HY26-01'', ''P8''')->>'name', '同志8', 'back');
SELECT t.ask('P30', 'return_meeting', '''HY26-01'', ''P5''');
SELECT is(t.refused(t.ask('P30', 'return_meeting', '''HY26-01'', ''P8''')), 'ZB001 invalid not_left 同志8', 'once');
SELECT t.ask('P30', 'end_meeting', '''HY26-01''');
SELECT ok(m ~ '回避：同志5（亲属，离席10:00，返回10:00）、同志6（本支部党员，离席10:00）'
	AND m ~ '提示回避未回避：同志4（联系点：任联系点不足一月）' AND m ~ '会前酝酿：2026年12月2日，与纪委书记：听取意见'
	AND m ~ '中途离席：同志8（接电话，离席10:00，返回10:00）' AND m ~ '议事规则：GZ26.1', 'all of it in the minutes')
FROM (SELECT t.ask('P1', 'show_minutes', '''HY26-01''')->>'minutes' AS m) x;

-- A member out for an earlier item is not there for the next.
SELECT t.meet('15', 9, 6);
SELECT t.ask('P30', 'leave_meeting', format('%L, ''P6'', NULL, ''早退''', (SELECT max(m.id) FROM data.meeting m)));
SELECT is(t.refused(t.ask('P30', 'open_vote', '''YT26-15'', ''SHOW_OF_HANDS''')),
	'ZB003 state quorum_short 9 6 2/3 5 GZ26.1', 'the quorum is that of the room');

-- ---- a secret vote on the sealed urn: its certified counts, typed by nobody ----------------
SELECT t.meet('20', 9, 8);
SELECT t.ask('P30', 'open_vote', '''YT26-20'', ''SECRET_BALLOT''');
INSERT INTO data.ballot_session (id, org_id, org_name, state, agenda_item_id, purpose, channel,
	comments, held_on, place, entitled, present, paper, valid, prepared_by)
VALUES ('CP26-20', '20', '第20党支部', 'OPEN', 'YT26-20', 'COMMITTEE_VOTE', 'SLIPS', false,
	'2026-12-03', '会议室', 8, 8, 0, 7, 'P30');
INSERT INTO data.ballot_item (session_id, item_no, text, options, labels)
VALUES ('CP26-20', 1, '第20党支部', '{IN_FAVOUR,AGAINST,ABSTAIN}', '{同意,不同意,弃权}');
INSERT INTO data.ballot_tally (session_id, item_no, counts, blank) VALUES ('CP26-20', 1, '{5,1,1}', 0);
SELECT is(t.refused(t.ask('P30', 'close_vote', '''YT26-20'', NULL, NULL, NULL, NULL')),
	'ZB003 state urn_not_certified CP26-20 ballot_session.OPEN', 'not before the urn is counted and certified');
UPDATE data.ballot_session SET state = 'CERTIFIED' WHERE id = 'CP26-20';
SELECT is(t.refused(t.ask('P30', 'close_vote', '''YT26-20'', 8, 0, 0, 0')),
	'ZB001 invalid named_vote_counts_itself', 'nobody types other counts');
SELECT is((SELECT ARRAY[r->>'in_favour', r->>'against', r->>'abstain', r->>'not_cast', r->>'passed']
	FROM t.ask('P30', 'close_vote', '''YT26-20'', NULL, NULL, NULL, NULL') r), '{5,1,1,1,true}',
	'the certified counts; a void ballot is not cast');

-- ---- committees of 7, 9 and 11, many recusals, both rules ------------------------------------
DELETE FROM data.affiliation; DELETE FROM data.contact_point; DELETE FROM data.relative_declaration;
-- `n` seats, `r` stand aside, all the others in favour: does it carry, and out of what?
CREATE FUNCTION t.many(org text, n int, r int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	i text := t.meet(org, n, n);
	v jsonb;
BEGIN
	PERFORM t.ask('P' || p, 'recuse', format('%L, NULL, ''联系点''', i)) FROM generate_series(2, r + 1) p;
	v := t.hands(i, n - r, 0, 0, 0);
	RETURN coalesce(v->>'passed', t.refused(v)) || ' ' || (SELECT a.denominator FROM data.agenda_item a WHERE a.id = i);
END $$;
SELECT is(t.many('01', 7, 3), 'true 7', '7 seats, 3 aside: 4 carry of 7');
SELECT is(t.many('02', 7, 4), 'false 7', '7 seats, 4 aside: 3 cannot carry of 7');
SELECT is(t.many('03', 9, 4), 'true 9', '9 seats, 4 aside: 5 carry of 9');
SELECT is(t.many('04', 9, 5), 'false 9', '9 seats, 5 aside: 4 cannot');
SELECT is(t.many('05', 11, 5), 'true 11', '11 seats, 5 aside: 6 carry of 11');
SELECT is(t.many('06', 11, 6), 'false 11', '11 seats, 6 aside: 5 cannot');
INSERT INTO data.rule_set SELECT (jsonb_populate_record(r, '{"id": "GZ26.2",
	"adopted_on": "2026-12-03", "recused_stay": false}')).* FROM data.rule_set r;
SELECT is(t.many('07', 7, 4), 'true 3', 'by the other rule 3 of 3 do');
SELECT is(t.many('08', 9, 5), 'true 4', '9 seats, 5 aside: 4 of 4');
SELECT is(t.many('09', 11, 6), 'true 5', '11 seats, 6 aside: 5 of 5');
SELECT is(t.many('10', 11, 10), 'true 1', 'one voter is a voter');

SELECT * FROM finish();
ROLLBACK;
