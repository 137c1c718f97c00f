-- Objections: who sees what, states, what they hold up, the writer's name.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
	('P60', 'DW', 'objection_officer', '2024-01-01'), ('P61', 'DW', 'objection_officer', '2024-01-01'),
	('P62', 'DW', 'objection_officer', '2024-01-01'), ('P63', 'DW', 'discipline', '2024-01-01'),
	('P53', '12', 'branch_secretary', '2024-01-01');
INSERT INTO data.item_set (id, title, adopted_on) VALUES ('CX26.1', '民主评议', '2026-01-01');
CREATE FUNCTION t.sealed() RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal('\x' || repeat('5a', flow.letter_size())) || '::bytea' $$;
CREATE FUNCTION t.token(word text) RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal(sha256(word::bytea)) || '::bytea' $$;
CREATE FUNCTION t.hash(word text) RETURNS text LANGUAGE sql AS $$
	SELECT quote_literal(sha256(sha256(word::bytea))) || '::bytea' $$;
-- Filed by nobody known; its number.
CREATE FUNCTION t.file(notice text, org text, word text, named boolean DEFAULT false)
RETURNS jsonb LANGUAGE sql AS $$
	SELECT t.ask('', 'file_objection', format('%L, %L, %L, %s, %s', notice, org,
		'党员大会没有按期开：' || word, CASE WHEN named THEN t.sealed() ELSE 'NULL' END,
		t.hash(word))) $$;

-- ---- the officers' keys -----------------------------------------------------------------
SELECT is(t.ask('', 'objection_keys'), '{"public_keys": [], "key_check": null}', 'no key yet');
SELECT is(t.refused(t.file(NULL, '14', 'zero', true)), 'ZB001 invalid no_objection_officer',
	'nobody to seal a name to');
SELECT is(t.refused(t.ask('P22', 'register_objection_key', t.token('k'))), 'ZB002 denied', 'not for others');
SELECT ok(t.ask('P60', 'register_objection_key', t.token('k1'))->>'key_check' ~ '^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$',
	'a key of one officer');
SAVEPOINT keys;
UPDATE data.objection_key SET public_key = decode(repeat('01', 32), 'hex');
INSERT INTO data.objection_key VALUES (decode(repeat('02', 32), 'hex'), 'P61', '2026-12-01');
SELECT is(flow.key_check(), 'EVXS-3NFH-E9RK-39JS', 'the check code, as common/letter.c has it');
ROLLBACK TO keys;
SELECT t.ask('P61', 'register_objection_key', t.token('k2'));
SELECT is(t.refused(t.ask('P62', 'register_objection_key', t.token('k3'))),
	'ZB003 two_objection_officers', 'two officers at most');
SELECT is(jsonb_array_length(t.ask('', 'objection_keys')->'public_keys'), 2, 'both are offered');
UPDATE data.office SET to_on = '2026-12-01' WHERE person_id = 'P61';
SELECT is(jsonb_array_length(t.ask('', 'objection_keys')->'public_keys'), 1,
	'a former officer''s is not');
UPDATE data.office SET to_on = NULL WHERE person_id = 'P61';

-- ---- an objection before the notice holds up what the notice is about --------------------------
SAVEPOINT early;
SELECT t.approved(t.proposed('{12,14}'));
SELECT t.file(NULL, '14', 'early'), t.file(NULL, '12', 'later');
SELECT t.ask('P60', 'register_objection', '''YY26-01'', ''没有按期开会'', NULL, NULL');
SELECT t.ask('P21', 'post_notice', '''GS26-01'', NULL');
SELECT is((SELECT array_agg(a.state ORDER BY a.id) FROM data.application a), '{IN_PUBLICITY,OBJECTION_HANDLING}',
	'one that was registered before; one that is not yet does not');
SELECT t.ask('P60', 'decline_objection', '''YY26-01'', ''属日常事务''');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-14'), 'IN_PUBLICITY', 'until it is declined');
ROLLBACK TO early;

-- ---- T4: an anonymous objection on day 4 of publicity ------------------------------------
SELECT t.approved(t.proposed('{12,14}'));
SELECT t.ask('P21', 'post_notice', '''GS26-01'', NULL');
SELECT ok(t.ask('', 'public_notices', 'NULL')::text ~ (flow.key_check()), 'the wall says which keys');
SELECT t.day('2026-12-08');
SELECT is(t.refused(t.file('GS26-09', '14', 'x')), 'ZB001 invalid notice_not_public GS26-09',
	'of a notice that hangs');
SELECT is(t.refused(t.file('GS26-01', 'DW', 'x')), 'ZB001 invalid branch_unknown DW', 'about a branch');
SELECT is(t.refused(t.ask('', 'file_objection', format('NULL, ''14'', '' '', NULL, %s', t.hash('x')))),
	'ZB001 invalid text_missing', 'with words');
SELECT is(t.refused(t.ask('', 'file_objection', format('NULL, ''14'', ''x'', ''\x00'', %s', t.hash('x')))),
	'ZB001 invalid letter_size', 'a name is sealed or not there');
SELECT is(t.file('GS26-01', '14', 'one')->>'objection_id', 'YY26-01', 'filed without a name');
SELECT is(t.file('GS26-01', '14', 'one')->>'objection_id', 'YY26-01', 'sent again: the same');
SELECT is(t.refused(t.ask('', 'file_objection', format('''GS26-01'', ''14'', ''别的'', NULL, %s', t.hash('one')))),
	'ZB004 receipt_used', 'another under its receipt is not taken');
SELECT is((SELECT count(*) FROM audit.event e WHERE e.request = 'file_objection'), 0::bigint,
	'nobody''s act: no event');
SELECT is((SELECT a.state FROM data.application a WHERE a.id = 'SB26-14'), 'IN_PUBLICITY',
	'nothing is held up before an officer has seen it');
SELECT is(t.refused(t.ask('P20', 'confirm_award', '''SB26-14''')),
	'ZB003 state notice_not_ended GS26-01 notice.POSTED;objection_open YY26-01 objection.RECEIVED',
	'but nothing is confirmed either');
SELECT is(t.ask('P1', 'list_objections', 'NULL')->'objections', '[]', 'the ledger begins with registration');
SELECT is(t.refused(t.ask('P1', 'show_objection', '''YY26-01''')), 'ZB002 denied', 'nor is it shown');
SELECT is(t.refused(t.ask('P60', 'assign_objection', '''YY26-01'', NULL')), 'ZB003 state', 'registered first');
SELECT is(t.ask('P60', 'register_objection', '''YY26-01'', ''党员大会次数'', NULL, NULL')->>'application_id',
	'SB26-14', 'registered: it is about that application');
SELECT is((SELECT array_agg(a.state ORDER BY a.id) FROM data.application a),
	'{IN_PUBLICITY,OBJECTION_HANDLING}', 'T4: the clock of effect stops for that branch alone');
SELECT is((SELECT n.state FROM data.notice n), 'POSTED', 'T4: the notice goes on');
SELECT is(t.ask('P5', 'show_objection', '''YY26-01''')->>'gist', '党员大会次数', 'the committee reads the gist');
SELECT is((SELECT ARRAY[r->>'text', r->>'came_by', r->>'named', r->>'handler_name']
	FROM t.ask('P5', 'show_objection', '''YY26-01''') r), '{NULL,NULL,NULL,NULL}',
	'never its words, nor how it came');
SELECT ok(t.ask('P60', 'show_objection', '''YY26-01''')->>'text' ~ '没有按期开', 'the officer reads them');
SELECT is(t.refused(t.ask('P50', 'show_objection', '''YY26-01''')), 'ZB002 denied', 'the branch nothing');
SELECT hasnt_column('data', 'objection', 'author', 'no column for the writer');
SELECT is_empty($$ SELECT a.attname FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
	WHERE a.attrelid IN ('data.objection'::regclass, 'api.objection_row'::regclass) AND a.attnum > 0
		AND (y.typname IN ('inet', 'cidr') OR a.attname ~ 'author|writer|address|filed') $$,
	'the ledger has no column for who or where from');

-- ---- inquiry ----------------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P60', 'assign_objection', '''YY26-01'', ''P50''')),
	'ZB001 invalid handler_office 同志50', 'not to just anybody');
UPDATE data.affiliation SET org_id = '14' WHERE person_id = 'P23';
SELECT is(t.refused(t.ask('P60', 'assign_objection', '''YY26-01'', ''P23''')),
	'ZB001 invalid own_branch_other_hand 同志23', 'T23: nor to who belongs to the branch');
SELECT is(t.refused(t.ask('P23', 'show_objection', '''YY26-01''')), 'ZB002 denied', 'who sees nothing of it');
SELECT is(t.ask('P60', 'assign_objection', '''YY26-01'', ''P22''')->>'state', 'ASSIGNED', 'assigned');
SELECT is(t.refused(t.ask('P60', 'ask_branch', '''YY26-01'', ''？'', ''2026-12-10''')),
	'ZB002 other_hand_needed objection_of_handler YY26-01', 'only its handler goes on');
SELECT ok(t.ask('P22', 'show_objection', '''YY26-01''')->>'text' ~ '没有按期开', 'who reads its words now');
SELECT is(t.refused(t.ask('P22', 'conclude_objection', '''YY26-01'', ''NOT_SUBSTANTIATED'', ''属实''')),
	'ZB003 state', 'no conclusion without inquiry');
SELECT is(t.refused(t.ask('P22', 'record_inquiry', '''YY26-01'', ''2026-12-01'', ''查阅''')),
	'ZB001 invalid inquiry_before_objection 2026-12-08', 'nothing is found before it came');
SELECT is(t.ask('P22', 'record_inquiry', '''YY26-01'', NULL, ''查阅记录本''')->>'state', 'INQUIRING', 'found');
SELECT is(t.ask('P22', 'ask_branch', '''YY26-01'', ''请说明下半年党员大会召开情况'', ''2026-12-10''')->>'query_id',
	'WX26-14', 'the branch is asked');
SELECT is((SELECT ARRAY[q->>'question', (t.ask('P50', 'list_questions')::text ~ 'YY26|没有按期')::text]
	FROM jsonb_array_elements(t.ask('P50', 'list_questions')->'questions') q),
	'{请说明下半年党员大会召开情况,false}', 'it sees the question, and nothing of the objection');
SELECT is(t.ask('P53', 'list_questions')->'questions', '[]', 'another branch nothing');
SELECT is(t.refused(t.ask('P53', 'answer_question', '''WX26-14'', ''x''')), 'ZB002 denied', 'nor answers it');
SELECT is(t.refused(t.ask('P22', 'conclude_objection', '''YY26-01'', ''NOT_SUBSTANTIATED'', ''齐全''')),
	'ZB003 state question_unanswered WX26-14 2026-12-10', 'its answer is waited for');
SELECT is(t.ask('P50', 'answer_question', '''WX26-14'', ''每季度召开''')->>'state', 'ANSWERED', 'answered');
SELECT is(t.refused(t.ask('P50', 'answer_question', '''WX26-14'', ''改口''')), 'ZB003 state', 'once');
SELECT is(t.ask('P22', 'conclude_objection', '''YY26-01'', ''NOT_SUBSTANTIATED'', ''会议记录齐全''')->>'state',
	'CONCLUDED', 'concluded');

-- ---- T4: confirmed only after conclusion and the committee's word ---------------------------------
SELECT t.day('2026-12-11');
SELECT is(t.ask('P21', 'end_notice', '''GS26-01'', NULL')->>'state', 'ENDED_WITH_OBJECTION', 'the notice ends');
SELECT is(t.refused(t.ask('P20', 'confirm_award', '''SB26-14''')),
	'ZB003 state objection_open YY26-01 objection.CONCLUDED', 'T4: not yet');
SELECT is(t.ask('P20', 'confirm_award', '''SB26-12''')->>'state', 'CONFIRMED', 'the other branch is not held up');
SELECT is(t.refused(t.ask('P1', 'note_objection', '''YY26-01'', ''知悉'', NULL')),
	'ZB001 invalid choice_missing', 'the committee says how it goes on');
SELECT is(t.ask('P1', 'note_objection', '''YY26-01'', ''知悉，照原决议'', ''GO_ON''')->>'application_id', 'SB26-14',
	'the committee''s word');
SELECT is(t.refused(t.ask('P1', 'note_objection', '''YY26-01'', ''改'', ''GO_ON''')),
	'ZB003 state objection_noted_already YY26-01', 'once');
SELECT is(t.ask('P20', 'confirm_award', '''SB26-14''')->>'state', 'CONFIRMED', 'T4: confirmed');
SELECT is((SELECT ARRAY[o->>'gist', o->>'conclusion'] FROM jsonb_array_elements(
	t.ask('P5', 'show_notice_report', '''GS26-01''')->'objections') o), '{党员大会次数,NOT_SUBSTANTIATED}',
	'D23: the report names it and its conclusion');
SELECT is(t.ask('P60', 'reply_objection', '''YY26-01'', ''会议均按期召开''')->>'state', 'REPLIED', 'the reply');
SELECT is((SELECT ARRAY[r->>'state', r->>'reply'] FROM t.ask('', 'read_objection', t.token('one')) r),
	'{REPLIED,会议均按期召开}', 'read with the receipt, by whoever holds it');
SELECT is(t.refused(t.ask('', 'read_objection', t.token('two'))), 'ZB002 receipt_unknown', 'by nobody else');
SELECT is(t.ask('P61', 'close_objection', '''YY26-01''')->>'state', 'CLOSED', 'closed by either officer');
SELECT ok(NOT EXISTS (SELECT FROM audit.event e WHERE e.payload IS NOT NULL AND e.request IN
	('register_objection', 'record_inquiry', 'ask_branch', 'conclude_objection', 'reply_objection')),
	'the trace says who did what, never with what words');

-- ---- a late one: after the confirmation, before the signature --------------------------------------
SELECT is(t.file('GS26-01', '14', 'late')->>'objection_id', 'YY26-02', 'one more');
SELECT is(t.refused(t.ask('P1', 'sign_award', '''SB26-14'', ''〔2026〕1号'', NULL, NULL')),
	'ZB003 state objection_open YY26-02 objection.RECEIVED', 'nothing takes effect meanwhile');
INSERT INTO data.ballot_session (id, org_id, org_name, state, application_id, purpose, channel, item_set_id,
	comments, held_on, place, prepared_by)
SELECT 'CP26-14', '14', '第14党支部', 'CERTIFIED', 'SB26-14', 'MEMBERS_ON_BRANCH', 'PAPER', s.id, false,
	'2026-11-03', '会议室', 'P22' FROM data.item_set s LIMIT 1;
SELECT is((SELECT array_agg(array_to_string(r.key || r.args, ' ')) FROM unnest(flow.reasons('ballot_may_go', 'CP26-14')) r),
	'{held_by_objection YY26-02}', 'T50: ballots are held while an objection is open');
SELECT t.ask('P60', 'register_objection', '''YY26-02'', ''与工作无关'', NULL, NULL');
SELECT is(t.refused(t.ask('P60', 'decline_objection', '''YY26-02'', NULL')), 'ZB001 invalid text_missing',
	'out of scope: the writer is told where');
SELECT is(t.ask('P60', 'decline_objection', '''YY26-02'', ''请向后勤处反映''')->>'state', 'OUT_OF_SCOPE', 'declined');
SELECT is(t.ask('', 'read_objection', t.token('late'))->>'reply', '请向后勤处反映', 'and can read it');
SELECT is(t.ask('P1', 'sign_award', '''SB26-14'', ''〔2026〕1号'', NULL, NULL')->>'state', 'EFFECTIVE', 'now it takes effect');
SELECT is(flow.reasons('ballot_may_go', 'CP26-14'), '{}', 'T50: then they may go');

-- ---- substantiated: the committee decides once more ---------------------------------------------------
SELECT t.day('2026-12-14');
SELECT t.approved(t.proposed('{20,22}'));
SELECT t.ask('P21', 'post_notice', '''GS26-02'', NULL');
SELECT is((SELECT ARRAY[r->>'objection_id', r->>'state', r->>'application_id'] FROM t.ask('P60', 'record_objection',
	'''TELEPHONE'', NULL, ''GS26-02'', ''20'', NULL, ''材料不实'', ''材料不实'', NULL, ' || t.hash('tel')) r),
	'{YY26-03,REGISTERED,SB26-20}', 'taken by telephone: registered at once');
SELECT is(t.refused(t.ask('P60', 'record_objection',
	'''VISIT'', ''2026-12-01'', ''GS26-02'', ''20'', NULL, ''x'', ''x'', NULL, ' || t.hash('v'))),
	'ZB001 invalid objection_before_notice 2026-12-01', 'not before the notice it objects to');
SELECT t.ask('P60', 'assign_objection', '''YY26-03'', NULL');
SELECT t.ask('P60', 'record_inquiry', '''YY26-03'', NULL, ''核对''');
SELECT t.ask('P60', 'conclude_objection', '''YY26-03'', ''SUBSTANTIATED'', ''两次会议没有开''');
SELECT t.day('2026-12-15');
SELECT t.ask('P30', 'new_meeting', '''2026-12-15'', ''会议室'', NULL, NULL');
SELECT is(t.refused(t.ask('P30', 'add_agenda_item', format('%L, ''SB26-20'', ''P22''',
	(SELECT max(m.id) FROM data.meeting m)))),
	'ZB003 state objection_open YY26-03 objection.CONCLUDED;no_second_deliberation SB26-20',
	'not on the agenda before the committee''s word');
SELECT t.ask('P1', 'note_objection', '''YY26-03'', ''重新研究'', ''DELIBERATE_AGAIN''');
SELECT is(t.ask('P30', 'add_agenda_item', format('%L, ''SB26-20'', ''P22''',
	(SELECT max(m.id) FROM data.meeting m)))->>'agenda_item_id', 'YT26-20-2', 'then it is');
SELECT t.attend((SELECT max(m.id) FROM data.meeting m), 9, 9);
SELECT t.ask('P30', 'begin_meeting', quote_literal((SELECT max(m.id) FROM data.meeting m)));
SELECT t.hands('YT26-20-2', 2, 7, 0, 0);
SELECT is(t.ask('P30', 'resolve_item', '''YT26-20-2'', NULL, ''材料不实'', ''补开会议'', NULL')->>'outcome',
	'REJECTED_AFTER_OBJECTION', 'rejected, by a vote');

-- ---- T6: private conduct: to the discipline office, nothing stays -----------------------------------------
SELECT t.file('GS26-02', '22', 'private', true);
SELECT t.ask('P60', 'register_objection', '''YY26-04'', ''个人问题'', NULL, NULL');
SELECT t.ask('P60', 'assign_objection', '''YY26-04'', NULL');
SELECT t.ask('P60', 'ask_branch', '''YY26-04'', ''请说明'', ''2026-12-20''');
SELECT is(t.ask('P60', 'transfer_objection', '''YY26-04''')->>'state', 'TRANSFERRED_TO_DISCIPLINE', 'T6: handed over');
SELECT is((SELECT num_nonnulls(o.sealed, o.text, o.gist, o.verified, o.reply, o.handler_id)
	FROM data.objection o WHERE o.id = 'YY26-04'), 0, 'T6: nothing of it stays');
SELECT is((SELECT count(*) FROM data.question q WHERE q.objection_id = 'YY26-04'), 0::bigint, 'T6: nor a question');
SELECT is((SELECT ARRAY[c.body, c.state] FROM data.clearance c WHERE c.application_id = 'SB26-22'), '{纪委,ASKED}',
	'T6: a clearance is open, and that is all');
SELECT t.day('2026-12-22');
SELECT t.ask('P21', 'end_notice', '''GS26-02'', NULL');
SELECT is(t.refused(t.ask('P20', 'confirm_award', '''SB26-22''')),
	'ZB003 state objection_open YY26-04 objection.TRANSFERRED_TO_DISCIPLINE;clearance_unanswered '
	|| (SELECT c.id FROM data.clearance c WHERE c.application_id = 'SB26-22') || ' 纪委', 'and nothing is confirmed meanwhile');
SELECT is(t.ask('', 'read_objection', t.token('private'))->>'state', 'TRANSFERRED_TO_DISCIPLINE',
	'the writer can see where it went');

-- ---- who wrote it: two people, T46 ----------------------------------------------------------------------------
SELECT t.file('GS26-02', '22', 'named', true);
SELECT is(t.refused(t.ask('P1', 'open_identity', '''YY26-05'', ''想知道是谁''')), 'ZB002 denied',
	'T46: not for the committee secretary');
SELECT is(t.refused(t.ask('P20', 'open_identity', '''YY26-05'', ''x''')), 'ZB002 denied', 'nor the department');
SELECT is(t.refused(t.ask('P41', 'read_identity', '''YY26-05''')), 'ZB002 denied', 'nor the administrator');
SELECT t.ask('P60', 'register_objection', '''YY26-05'', ''会议次数'', NULL, NULL');
SELECT is(t.refused(t.ask('P60', 'read_identity', '''YY26-05''')),
	'ZB003 state identity_not_opened YY26-05', 'an officer not without opening it');
SELECT t.ask('P60', 'open_identity', '''YY26-05'', ''需当面核实''');
SELECT is(t.refused(t.ask('P60', 'read_identity', '''YY26-05''')),
	'ZB003 state identity_not_opened YY26-05', 'and not before a second person has agreed');
SELECT is(t.ask('P61', 'give_approval', quote_literal((SELECT a.id FROM data.approval a
	WHERE a.request = 'open_identity')))->>'request', 'open_identity', 'who is the other officer or of discipline');
SELECT is(length(t.ask('P60', 'read_identity', '''YY26-05''')->>'sealed'), 2 + 2 * flow.letter_size(), 'then the sealed bytes');
SELECT is(t.refused(t.ask('P61', 'read_identity', '''YY26-05''')), 'ZB003 state identity_not_opened YY26-05',
	'for the one who asked alone');
SELECT is((SELECT ARRAY[o->>'name', o->>'reason', o->>'agreed_by_name'] FROM jsonb_array_elements(
	t.ask('P63', 'show_objection', '''YY26-05''')->'openings') o), '{同志60,需当面核实,同志61}', 'and two people''s names stand there');
SELECT is((SELECT array_agg(e.request ORDER BY e.id) FROM audit.event e WHERE e.object = 'YY26-05'
	AND e.request LIKE '%identity'), '{open_identity}', 'an event of its own');

-- ---- bad input ---------------------------------------------------------------------------------------------------
INSERT INTO data.objection (id, org_id, state, came_by, received_on, token_hash, text)
SELECT 'YY25-' || n, '14', 'RECEIVED', 'ONLINE', '2025-12-01', sha256(n::text::bytea), 'x' FROM generate_series(1, 500) n;
SELECT is(t.refused(t.file(NULL, '14', 'flood')), 'ZB003 objections_full', 'nobody fills the disk');

\ir progress_counts.psql
SELECT is_empty('TABLE miscounted', 'S-12, S-14: and the college''s counts are those of the rows');

SELECT * FROM finish();
ROLLBACK;
