-- The committee's meeting: quorum, majority, recusal, item by item, minutes.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- ---- arithmetic of domain 2.5 -----------------------------------------------------
SELECT is(flow.quorum_needed(9, 2, 3), 6, '9 entitled: 6 make two thirds');
SELECT is(flow.quorum_needed(10, 2, 3), 7, '10: 7');
SELECT is(flow.quorum_needed(11, 2, 3), 8, '11: 8');
SELECT is(flow.quorum_needed(7, 2, 3), 5, '7: 5');
SELECT is(flow.quorum_needed(9, 1, 2), 5, 'a half of 9: 5');
SELECT is(flow.quorum_needed(10, 1, 2), 5, 'a half of 10: 5, the half included');
SELECT ok(NOT flow.carried(5, 10), '5 of 10 is not more than half');
SELECT ok(flow.carried(5, 9) AND NOT flow.carried(4, 9), '5 of 9 is, 4 is not');
SELECT ok(flow.carried(4, 7) AND NOT flow.carried(3, 7), '4 of 7 is, 3 is not');
SELECT is(flow.carry_needed(11), 6, '11: at least 6');

-- ---- dossier first -------------------------------------------------------------------
SELECT t.application('02'), t.application('14');
UPDATE data.eval_stream SET state = 'SUMMARISED' WHERE id = 'PS26-14-MAS';
DELETE FROM data.eval_version WHERE stream_id = 'PS26-14-SOC';
DELETE FROM data.eval_stream WHERE id = 'PS26-14-SOC';
SELECT is(t.refused(t.ask('P20', 'freeze_dossier', '''SB26-14''')),
	'ZB003 state stream_not_locked MASSES eval_stream.SUMMARISED;stream_missing SOCIETY',
	'a dossier needs all four, and says which are not ready');
UPDATE data.eval_stream SET state = 'LOCKED' WHERE id = 'PS26-14-MAS';
INSERT INTO data.eval_stream (id, org_id, state, application_id, stream, skip_reason)
VALUES ('PS26-14-SOC', '14', 'NOT_CARRIED_OUT', 'SB26-14', 'SOCIETY', '无对口单位');
INSERT INTO data.eval_version (stream_id, version_no) VALUES ('PS26-14-SOC', 1);
SELECT is(t.refused(t.ask('P21', 'freeze_dossier', '''SB26-02''')),
	'ZB002 other_hand_needed own_branch 02;head_freezes',
	'T23: who belongs to the branch does not freeze its dossier');
SELECT is(t.refused(t.ask('P22', 'freeze_dossier', '''SB26-02''')),
	'ZB002 other_hand_needed head_freezes', 'an officer does not stand in without need');
UPDATE data.affiliation SET org_id = '02' WHERE person_id = 'P20';
SELECT is(t.refused(t.ask('P20', 'freeze_dossier', '''SB26-02''')),
	'ZB002 other_hand_needed own_branch 02', 'T23: the head neither');
SELECT is(t.ask('P22', 'freeze_dossier', '''SB26-02''')->>'dossier_id', 'CL26-02',
	'then an officer from elsewhere does');
UPDATE data.affiliation SET org_id = '03' WHERE person_id = 'P20';
SELECT is(t.ask('P20', 'freeze_dossier', '''SB26-14''')->>'state', 'FROZEN', 'the head freezes');
SELECT is(t.refused(t.ask('P20', 'freeze_dossier', '''SB26-14''')), 'ZB003 state',
	'not twice');
SELECT is(t.ask('P20', 'show_dossier', '''CL26-14'', true')->>'intact', 'true', 'hash agrees');
SELECT is((SELECT encode(sha256(convert_to(r->>'content', 'UTF8')), 'hex') = r->>'digest'
	FROM t.ask('P20', 'show_dossier', '''CL26-14'', true') r), true,
	'and whoever has the text can check it');
SELECT is((SELECT jsonb_path_query_array(r, '$.sheet.streams[*].stream')
	FROM t.ask('P20', 'show_dossier', '''CL26-14'', false') r),
	'["ORG", "MEMBERS", "MASSES", "SOCIETY"]', 'the four side by side');
UPDATE data.eval_version SET summary = '改过的话' WHERE stream_id = 'PS26-14-ORG';
UPDATE data.application SET summary = '改过的话' WHERE id = 'SB26-14';
SELECT is((SELECT ARRAY[r->>'summary', r->'sheet'->'streams'->0->>'summary']
	FROM t.ask('P20', 'show_dossier', '''SB26-14'', false') r),
	ARRAY['自创工作情况', 'ORG的情况'], 'what is frozen does not move with the tables');
SELECT is(t.refused(t.ask('P5', 'show_dossier', '''CL26-14'', false')), 'ZB002 denied',
	'a committee member does not see what is on no agenda');
SELECT is(t.refused(t.ask('P50', 'show_dossier', '''CL26-14'', false')), 'ZB002 denied',
	'a branch secretary never does');
SELECT is(t.refused(t.ask('P20', 'reopen_dossier', '''CL26-14'', '''' ')),
	'ZB001 invalid text_missing', 'reopening says why');
SELECT is(t.ask('P20', 'reopen_dossier', '''CL26-14'', ''漏了一封回函''')->>'application_id',
	'SB26-14', 'to be reopened');
SELECT is(t.agree('P1'), 'APPROVED', 'the committee''s secretary agrees: reopened');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-14'), 'EVALUATING',
	'the evaluation goes on');
SELECT is(t.ask('P20', 'reopen_stream', '''PS26-14-ORG'', ''漏记一次督查''')->>'version_no', '2',
	'T45: a locked stream is mended in a new version');
SELECT t.agree('P22');
SELECT is(t.refused(t.ask('P20', 'freeze_dossier', '''SB26-14''')),
	'ZB003 state stream_not_locked ORG eval_stream.REOPENED', 'and locked before it is read');
UPDATE data.eval_stream SET state = 'LOCKED' WHERE id = 'PS26-14-ORG';
SELECT is(t.ask('P20', 'freeze_dossier', '''SB26-14''')->>'dossier_id', 'CL26-14-2',
	'a second dossier; the first is kept');
SELECT is((SELECT r->'sheet'->'earlier'->0->>'reopen_reason'
	FROM t.ask('P20', 'show_dossier', '''CL26-14-2'', false') r), '漏记一次督查',
	'T45: the committee sees both versions and why');
SELECT is((SELECT jsonb_agg(d->>'state') FROM jsonb_array_elements(
	t.ask('P20', 'list_dossiers')->'dossiers') d WHERE d->>'org_id' = '14'),
	'["REOPENED", "FROZEN"]', 'both are listed');

-- ---- planning --------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P22', 'new_meeting', '''2026-12-04'', ''会议室'', NULL, NULL')),
	'ZB002 denied', 'the department calls no meeting');
SELECT is(t.refused(t.ask('P30', 'new_meeting', '''2026-12-04'', ''会议室'', ''P20'', NULL')),
	'ZB001 invalid no_seat P20 同志20 2026-12-04', 'the chair has a seat');
SELECT is((SELECT ARRAY[r->>'meeting_id', jsonb_array_length(r->'entitled_names')::text]
	FROM t.ask('P30', 'new_meeting', '''2026-12-04'', ''会议室'', NULL, NULL') r),
	ARRAY['HY26-01', '9'], 'a meeting of nine seats');
SELECT is(t.refused(t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-02'', ''P21''')),
	'ZB001 invalid own_branch_other_hand 同志21', 'T23: another officer presents it');
SELECT is(t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-02'', ''P22''')->'own_branch_names',
	'["同志2", "同志3"]', 'the hint names the two whose branch it is');
SELECT is(t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-14'', ''P22''')->>'dossier_id',
	'CL26-14-2', 'an item carries the dossier in force');
SELECT is(t.refused(t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-14'', ''P22''')),
	'ZB003 state', 'an application is on one agenda');
SELECT is(t.ask('P5', 'show_dossier', '''CL26-14-2'', false')->>'org_name', '第14党支部',
	'now the committee reads it');
SELECT is(t.refused(t.ask('P5', 'show_dossier', '''CL26-14'', false')), 'ZB002 denied',
	'but not the one that was reopened');

-- ---- attendance and quorum ----------------------------------------------------------------
SELECT is(t.refused(t.attend('HY26-01', 9, 8)),
	'ZB003 state meeting_day_not_come HY26-01 2026-12-04', 'nobody attends before the day');
SELECT t.day('2026-12-04');
SELECT is(t.refused(t.ask('P30', 'begin_meeting', '''HY26-01''')),
	'ZB003 state attendance_missing HY26-01', 'no meeting without attendance');
SELECT is(t.refused(t.ask('P30', 'record_attendance', '''HY26-01'', ''{P1,P2,P2,P20}'','
	' ARRAY[ROW(''P3'', NULL)]::api.absence[], ''{P4,P99}'', NULL')),
	'ZB001 defects person_not_found P99;attendance_twice P2 同志2;no_seat P20 同志20 2026-12-04;'
	'seat_attends_with_vote P4 同志4;seat_not_named P5 同志5;seat_not_named P6 同志6;'
	'seat_not_named P7 同志7;seat_not_named P8 同志8;seat_not_named P9 同志9;'
	'absence_without_reason P3 同志3', 'every seat accounted for, every defect at once');
SELECT is(t.attend('HY26-01', 9, 5)->>'present_needed', '6', 'nine seats need six');
SELECT is(t.refused(t.ask('P30', 'begin_meeting', '''HY26-01''')),
	'ZB003 state quorum_short 9 6 2/3 5 GZ26.1', 'five are not enough, with the sum');
SELECT is(t.attend('HY26-01', 9, 6)->>'present', '6', 'six');
UPDATE data.meeting SET chair_id = 'P9';
SELECT is(t.refused(t.ask('P30', 'begin_meeting', '''HY26-01''')),
	'ZB003 state chair_absent 同志9', 'the chair is there');
UPDATE data.meeting SET chair_id = 'P1';
SELECT is(t.refused(t.ask('P30', 'open_vote', '''SB26-02'', ''SHOW_OF_HANDS''')),
	'ZB003 state meeting_not_open HY26-01 meeting.PLANNED', 'no vote before the beginning');
SAVEPOINT six;
SELECT is(t.ask('P30', 'begin_meeting', '''HY26-01''')->>'rule_set_id', 'GZ26.1',
	'six of nine may begin');
ROLLBACK TO six;
SELECT t.attend('HY26-01', 9, 8);
SELECT t.ask('P30', 'begin_meeting', '''HY26-01''');
SELECT is(t.refused(t.ask('P30', 'begin_meeting', '''HY26-01''')), 'ZB003 state', 'once');

-- ---- recusal, own branch (T23, case 54) ------------------------------------------------------
SELECT is((SELECT jsonb_agg(r->'name') FROM jsonb_array_elements(
	t.ask('P5', 'show_meeting', '''HY26-01''')->'recusals') r WHERE r->>'recused' = 'false'),
	'["同志2", "同志3"]', 'both hints are shown');
SELECT is(t.refused(t.ask('P30', 'open_vote', '''SB26-02'', ''SHOW_OF_HANDS''')),
	'ZB003 state own_branch_must_recuse YT26-02 同志2;own_branch_must_recuse YT26-02 同志3',
	'hands are not counted while they sit in it');
SAVEPOINT named;
SELECT is(t.ask('P30', 'open_vote', '''SB26-02'', ''NAMED_VOTE''')->>'voters', '8',
	'a named vote may open');
SELECT is(t.refused(t.ask('P2', 'cast_vote', '''YT26-02'', ''IN_FAVOUR''')),
	'ZB002 may_not_vote own_branch_must_recuse YT26-02 同志2',
	'case 54: nobody votes on the own branch');
SELECT is(t.refused(t.ask('P9', 'cast_vote', '''YT26-02'', ''IN_FAVOUR''')),
	'ZB002 may_not_vote vote_not_seated HY26-01', 'nor absent');
SELECT is(t.refused(t.ask('P1', 'cast_vote', '''YT26-02'', ''IN_FAVOUR''')),
	'ZB003 state chair_votes_last 同志4、同志5、同志6、同志7、同志8', 'the chair votes last');
SELECT is(t.ask('P4', 'cast_vote', '''YT26-02'', ''AGAINST''')->>'choice', 'AGAINST', 'cast');
SELECT is(t.refused(t.ask('P4', 'cast_vote', '''YT26-02'', ''IN_FAVOUR''')),
	'ZB003 state vote_cast_already YT26-02', 'once each');
SELECT is(t.ask('P5', 'show_meeting', '''HY26-01''')->'votes', '[]',
	'nobody sees votes while it is open');
SELECT is(t.refused(t.ask('P30', 'recuse', '''YT26-02'', ''P5'', ''联系点''')), 'ZB003 state',
	'nobody stands aside in the middle of the vote');
SELECT t.ask('P' || n, 'cast_vote', '''YT26-02'', ''IN_FAVOUR''') FROM generate_series(5, 8) n;
SELECT t.ask('P1', 'cast_vote', '''YT26-02'', ''ABSTAIN''');
SELECT is(t.refused(t.ask('P30', 'close_vote', '''YT26-02'', 8, 0, 0, 0')),
	'ZB001 invalid named_vote_counts_itself', 'no other counts than the votes');
SELECT is((SELECT ARRAY[r->>'in_favour', r->>'against', r->>'abstain', r->>'not_cast',
	r->>'passed'] FROM t.ask('P30', 'close_vote', '''YT26-02'', NULL, NULL, NULL, NULL') r),
	'{4,1,1,2,false}', 'who may not vote has not cast; 4 of 9 do not carry');
SELECT is(jsonb_array_length(t.ask('P5', 'show_meeting', '''HY26-01''')->'votes'), 6,
	'after the close a named vote is open to the committee');
ROLLBACK TO named;
SELECT is(t.refused(t.ask('P4', 'recuse', '''YT26-02'', ''P2'', ''本支部''')), 'ZB002 denied',
	'nobody stands another aside');
SELECT is(t.ask('P2', 'recuse', '''SB26-02'', NULL, ''本支部党员''')->>'name', '同志2',
	'a member stands aside');
SELECT is(t.refused(t.ask('P2', 'show_dossier', '''CL26-02'', false')), 'ZB002 denied',
	'and no longer sees the dossier');
SELECT is(t.ask('P30', 'recuse', '''YT26-02'', ''P3'', ''本支部党员''')->>'name', '同志3',
	'the recorder writes down the other''s word');
SELECT is(t.refused(t.ask('P30', 'recuse', '''YT26-02'', ''P3'', ''联系点''')),
	'ZB004 recused_already', 'once');

-- ---- T24: entitled 9, recused 2, absent 1, vote 4 to 2 ------------------------------------------
SELECT is((SELECT ARRAY[r->>'entitled', r->>'present', r->>'recused', r->>'voters',
	r->>'denominator', r->>'in_favour_needed']
	FROM t.ask('P30', 'open_vote', '''YT26-02'', ''SECRET_BALLOT''') r), '{9,8,2,6,9,5}',
	'T24: the recused stay: more than half of 9');
SELECT is(t.refused(t.ask('P30', 'open_vote', '''YT26-14'', ''SHOW_OF_HANDS''')),
	'ZB003 state vote_open YT26-02', 'item by item');
SELECT is(t.refused(t.attend('HY26-01', 9, 9)), 'ZB003 state vote_open YT26-02',
	'nobody comes or goes during a vote');
SELECT is(t.refused(t.ask('P30', 'close_vote', '''YT26-02'', 4, 2, 1, 0')),
	'ZB001 defects counts_not_voters 4 2 1 0 6', 'the counts are those of the voters');
SELECT is(t.refused(t.ask('P30', 'close_vote', '''YT26-02'', 8, -2, 0, 0')),
	'ZB001 defects counts_not_voters 8 -2 0 0 6', 'and none is negative');
SELECT is(t.refused(t.ask('P5', 'cast_vote', '''YT26-02'', ''IN_FAVOUR''')),
	'ZB003 state vote_not_named YT26-02', 'a secret ballot is not cast here');
SELECT is(t.refused(t.ask('P31', 'close_vote', '''YT26-02'', 4, 2, 1, NULL')),
	'ZB001 defects counts_not_voters 4 2 1 0 6', 'nor those of the second');
SELECT is((SELECT ARRAY[r->>'awaits_other', r->>'passed'] FROM t.ask('P30', 'close_vote', '''YT26-02'', 6, 0, 0, NULL') r),
	'{true,NULL}', 'nobody types a secret vote alone (domain 3.2)');
SELECT is(t.ask('P30', 'close_vote', '''YT26-02'', 6, 0, 0, NULL')->>'awaits_other', 'true', 'nor by typing it twice');
SELECT is(t.refused(t.ask('P30', 'resolve_item', '''YT26-02'', NULL, NULL, NULL, NULL')), 'ZB003 state', 'nothing is decided');
SELECT ok(t.ask('P31', 'next_duties')::text ~ 'close_vote', 'the second is told');
SELECT ok(t.ask('P1', 'show_agenda_item', '''YT26-02''')::text !~ '"in_favour": 6', 'nobody sees meanwhile what the first found');
SELECT is((SELECT ARRAY[r->>'differs', r->>'passed'] FROM t.ask('P31', 'close_vote', '''YT26-02'', 4, 2, 0, NULL') r),
	'{true,NULL}', 'what differs is not counted');
SELECT is(t.ask('P31', 'close_vote', '''YT26-02'', 6, 0, 0, NULL')->>'passed', 'true', 'mistyped by both');
SELECT is(t.ask('P30', 'close_vote', '''YT26-02'', 4, 2, 0, NULL')->>'differs', 'true', 'one alone corrects nothing: it is open again');
SELECT is((SELECT i.state || coalesce(i.in_favour, -1) FROM data.agenda_item i WHERE i.id = 'YT26-02'), 'VOTING-1', 'without counts');
SELECT is(t.refused(t.ask('P30', 'close_vote', '''YT26-02'', 4, 2, 1, NULL')),
	'ZB001 defects counts_not_voters 4 2 1 0 6', 'a correction has the voters too');
SELECT is(t.ask('P31', 'close_vote', '''YT26-02'', 4, 2, 0, NULL')->>'arithmetic',
	'应到9人，实到8人，回避2人（回避者计入分母，议事规则GZ26.1），可表决6人。'
	'同意须超过9的半数，即至少5票；同意4票，不同意2票，弃权0票，未投0票：未通过。',
	'T24: 4 of 9 is not more than half, and the sum says so');
SELECT is(t.refused(t.ask('P30', 'resolve_item', '''YT26-02'', NULL, NULL, NULL, NULL')),
	'ZB001 invalid text_missing', 'not this time needs reasons');
SELECT is(t.refused(t.ask('P30', 'resolve_item', '''YT26-02'', NULL, ''理由'', NULL, NULL')),
	'ZB001 invalid text_missing', 'and advice');
SELECT is(t.ask('P30', 'resolve_item', '''YT26-02'', ''讨论'', ''联系群众不够'', ''每季走访'', NULL')
	->>'outcome', 'NOT_THIS_TIME', 'T24: not this time');
SELECT is(t.refused(t.ask('P30', 'close_vote', '''YT26-02'', 6, 0, 0, NULL')), 'ZB003 state',
	'what is resolved is not counted again');
SELECT is(t.refused(t.ask('P30', 'resolve_item', '''YT26-02'', NULL, ''a'', ''b'', NULL')),
	'ZB003 state', 'case 53: decided once');
SELECT is(t.refused(t.ask('P30', 'open_vote', '''YT26-02'', ''SHOW_OF_HANDS''')),
	'ZB003 state', 'and not voted on again');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-02'), 'NOT_THIS_TIME',
	'the application knows');

-- ---- ending --------------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P30', 'end_meeting', '''HY26-01''')),
	'ZB003 state item_unresolved YT26-14 第14党支部', 'no meeting ends over an open item');
SELECT is(t.refused(t.ask('P30', 'record_opinion', '''YT26-14'', ''P5'', ''同意''')),
	'ZB001 invalid opinion_not_absent 同志5', 'a written word is for the absent');
SELECT is(t.ask('P30', 'record_opinion', '''YT26-14'', ''P9'', ''同意评定''')->>'name', '同志9',
	'recorded');
SELECT is(t.hands('YT26-14', 5, 3, 0, 0)->>'passed', 'true',
	'5 of 9 carry; the written opinion is no vote');
SELECT is(t.refused(t.ask('P30', 'defer_item', '''YT26-14'', ''再看看'', NULL')),
	'ZB003 state item_carried YT26-14', 'what carried is not put off');
SELECT is(t.ask('P30', 'resolve_item', '''YT26-14'', NULL, NULL, NULL, ''巩固成果''')->>'resolution',
	'经集体研究并逐项表决，同意拟评定第14党支部为“最强党支部”，按规定公示。　附带要求：巩固成果',
	'proposed, in words');
SELECT is(t.ask('P30', 'end_meeting', '''HY26-01''')->>'state', 'ENDED', 'ended');
SELECT is((SELECT string_agg(l, ' | ') FROM regexp_split_to_table(t.ask('P5', 'show_minutes',
	'''HY26-01''')->>'minutes', E'\n') l WHERE l ~ '回避：|书面|应到9人，须'),
	'应到9人，须到6人（2/3以上），实到8人。议事规则：GZ26.1。'
	' | 　　回避：同志2（本支部党员）、同志3（本支部党员） | 　　书面意见（不计票）：同志9：同意评定',
	'minutes hold quorum, recusals and the uncounted word');
SELECT is(t.refused(t.ask('P30', 'sign_minutes', '''HY26-01'', ''00000000''')), 'ZB002 denied',
	'the recorder does not sign');
SELECT is((t.ask('P1', 'sign_minutes', '''HY26-01'', ''00000000'''))->>'key', 'invalid',
	'nor anybody what he has not read');
SELECT is((t.ask('P1', 'sign_minutes', '''HY26-01'', NULL'))->>'key', 'invalid',
	'the digest is part of the signature');
SELECT is(t.ask('P1', 'sign_minutes', format('''HY26-01'', %L',
	left(t.ask('P1', 'show_minutes', '''HY26-01''')->>'digest', 8)))->>'state', 'SIGNED', 'signed');
SELECT is(t.refused(t.attend('HY26-01', 9, 9)), 'ZB003 state', 'signed minutes are closed');
SELECT is(t.refused(t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-02'', ''P22''')),
	'ZB003 state', 'and take no more items');
SELECT throws_ok($$ UPDATE data.meeting SET minutes = '改' WHERE id = 'HY26-01' $$, 'ZB003', NULL,
	'minutes once ended cannot be rewritten by any code');
SELECT throws_ok($$ UPDATE data.agenda_item SET outcome = 'NOT_THIS_TIME' WHERE id = 'YT26-14' $$,
	'ZB003', NULL, 'nor a decided item');
SELECT is((SELECT ARRAY[r->'decisions'->0->>'outcome', r->'decisions'->0->>'advice']
	FROM t.ask('P51', 'show_decision', '''SB26-02''') r), '{NOT_THIS_TIME,每季走访}',
	'the branch learns reasons and advice');
SELECT ok(NOT t.ask('P51', 'show_decision', '''SB26-02''')::text ~ '票', 'and no count of votes');
SELECT is(t.refused(t.ask('P51', 'show_meeting', '''HY26-01''')), 'ZB002 denied',
	'the meeting is not for branches');

-- ---- T24 again, the other rule: the recused leave the denominator -----------------------------
INSERT INTO data.rule_set SELECT (jsonb_populate_record(r, '{"id": "GZ26.2",
	"adopted_on": "2026-12-04", "recused_stay": false}')).* FROM data.rule_set r;
SELECT t.application('05'), t.ask('P20', 'freeze_dossier', '''SB26-05''');
UPDATE data.affiliation SET org_id = '05' WHERE person_id IN ('P2', 'P3');
SELECT t.ask('P30', 'new_meeting', '''2026-12-04'', ''会议室'', NULL, NULL');
SELECT t.ask('P30', 'add_agenda_item', '''HY26-02'', ''SB26-05'', ''P22''');
SELECT t.attend('HY26-02', 9, 8), t.ask('P30', 'begin_meeting', '''HY26-02''');
SELECT t.ask('P2', 'recuse', '''SB26-05'', NULL, ''本支部''');
SELECT t.ask('P3', 'recuse', '''SB26-05'', NULL, ''本支部''');
SELECT is(t.hands('YT26-05', 4, 2, 0, 0)->>'arithmetic',
	'应到9人，实到8人，回避2人（回避者不计入分母，议事规则GZ26.2），可表决6人。'
	'同意须超过7的半数，即至少4票；同意4票，不同意2票，弃权0票，未投0票：通过。',
	'T24: 4 of 7 is more than half, by the other rule, printed');
SELECT is(t.ask('P30', 'resolve_item', '''YT26-05'', NULL, NULL, NULL, NULL')->>'outcome',
	'PROPOSED_AWARD', 'T24: proposed');
SELECT is((SELECT m.rule_set_id FROM data.meeting m WHERE m.id = 'HY26-01'), 'GZ26.1',
	'the earlier minutes keep the rule they were made under');

-- ---- edges: 10 and 11 seats, present six of nine ------------------------------------------------
SELECT is(t.hands(t.meet('06', 10, 10), 5, 5, 0, 0)->>'passed', 'false', '10 seats: 5 do not carry');
SELECT is(t.hands(t.meet('07', 10, 10), 6, 4, 0, 0)->>'passed', 'true', '10 seats: 6 do');
SELECT is(t.hands(t.meet('08', 11, 8), 6, 2, 0, 0)->>'passed', 'true', '11 seats, 8 present: 6 do');
SELECT is(t.hands(t.meet('09', 11, 8), 5, 3, 0, 0)->>'passed', 'false', '11 seats, 8 present: 5 do not');
SELECT is(t.hands(t.meet('10', 9, 6), 4, 2, 0, 0)->>'passed', 'false', '9 seats, 6 present: 4 do not');
SELECT is(t.hands(t.meet('11', 9, 6), 5, 1, 0, 0)->>'passed', 'true', '9 seats, 6 present: 5 do');
SELECT is(t.hands(t.meet('12', 7, 5), 4, 0, 1, 0)->>'passed', 'true', '7 seats, 5 present: 4 do');

-- ---- deferring, withdrawing, taking off ---------------------------------------------------------
SELECT t.meet('15', 9, 9), t.meet('16', 9, 9), t.meet('17', 9, 9);
SELECT is(t.ask('P30', 'defer_item', '''SB26-15'', ''事实不清'', NULL')->>'outcome', 'DEFERRED',
	'put off without a vote');
SELECT is(t.ask('P30', 'new_meeting', '''2026-12-10'', ''会议室'', NULL, NULL')->>'state', 'PLANNED',
	'another day');
SELECT is(t.ask('P30', 'add_agenda_item', format('%L, ''SB26-15'', ''P22''',
	(SELECT max(m.id) FROM data.meeting m)))->>'agenda_item_id', 'YT26-15-2', 'it comes again');
SELECT t.ask('P30', 'remove_agenda_item', '''YT26-15-2'', ''材料待补''');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-15'), 'DOSSIER_FROZEN',
	'taken off: it waits with its dossier');
SELECT t.ask('P30', 'open_vote', '''SB26-16'', ''SHOW_OF_HANDS''');
INSERT INTO data.office VALUES ('P53', '16', 'branch_secretary', '2024-01-01', NULL);
SELECT is(t.ask('P53', 'withdraw_application', '''SB26-16'', NULL')->>'state', 'WITHDRAWN',
	'T16: withdrawn after all four were locked, even from the table');
SELECT is((SELECT count(*) FROM data.eval_stream s WHERE s.application_id = 'SB26-16'
	AND s.state = 'LOCKED'), 4::bigint, 'T16: its evaluations stay');
SELECT is(t.ask('P30', 'close_vote', '''YT26-16'', 9, 0, 0, 0')->>'passed', 'true', 'counted');
SELECT is(t.refused(t.ask('P30', 'resolve_item', '''YT26-16'', NULL, NULL, NULL, NULL')),
	'ZB003 state matter_left SB26-16 application.WITHDRAWN',
	'case 53: nothing is decided on what was withdrawn');
SELECT is(t.ask('P30', 'remove_agenda_item', '''YT26-16'', ''已撤回''')->>'state', 'REMOVED',
	'the item is taken off');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-16'), 'WITHDRAWN',
	'and the application stays withdrawn');
SELECT t.hands('YT26-17', 2, 7, 0, 0);
SELECT is(t.refused(t.ask('P30', 'remove_agenda_item', '''YT26-17'', ''不想要这个结果''')),
	'ZB003 state matter_still_here SB26-17', 'a counted item is not taken off');
SELECT is(t.ask('P30', 'defer_item', '''YT26-17'', ''分歧较大'', NULL')->>'outcome', 'DEFERRED',
	'great disagreement: put off');
SELECT is(t.ask('P20', 'reopen_dossier', '''SB26-17'', ''核实''')->>'state', 'REOPENED',
	'and the evaluation may go on');
SELECT is(t.agree('P22'), 'APPROVED', 'once a second person agrees');

SELECT * FROM finish();
ROLLBACK;
