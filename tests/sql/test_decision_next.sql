-- next, audit log, find.  At every stage of the procedure each office's hints are
-- carried out for a try: none may be refused for right, state or person.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

INSERT INTO data.affiliation (person_id, org_id, standing, from_on)
SELECT 'P' || n, '01', 'FULL', date '2020-01-01' FROM generate_series(60, 66) n;
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
	('P60', '01', 'branch_secretary', '2024-05-20'),
	('P61', '01', 'branch_committee_member', '2024-05-20'),
	('P70', 'DW', 'scrutineer', '2024-01-01'), ('P71', 'DW', 'teller', '2024-01-01'),
	('P74', 'DW', 'objection_officer', '2024-01-01'), ('P75', 'DW', 'discipline', '2024-01-01'),
	('P72', 'DW', 'key_holder', '2024-01-01'), ('P73', 'DW', 'general_branch_secretary', '2024-01-01');

-- Arguments by name: the hinted object, and for the rest something that is right.
CREATE FUNCTION t.arguments(request text, field text, object_id text) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(CASE
		WHEN n = field THEN quote_literal(object_id)
		WHEN n = 'method' THEN quote_literal('NAMED_VOTE')
		WHEN n = 'choice' THEN quote_literal('ABSTAIN')
		WHEN t::regtype = 'text'::regtype AND n ~ '^(reason|reasons|advice|why|text|opinion|result|owner|measure|summary|doc_no|place|contact)$'
			THEN quote_literal('测试')
		WHEN t::regtype = 'boolean'::regtype THEN 'true'
		WHEN t::regtype::text LIKE '%[]' THEN quote_literal('{}')
		ELSE 'NULL' END, ', ' ORDER BY i)
	FROM (SELECT i, p.proargnames[i] AS n, p.proargtypes[i - 1] AS t
		FROM pg_proc p, generate_series(6, p.pronargs) i
		WHERE p.pronamespace = 'call'::regnamespace AND p.proname = request) a $$;
-- What became of a hint carried out and taken back: NULL when nothing was refused
-- but perhaps an argument.
CREATE FUNCTION t.tried(d api.duty_row, person text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r jsonb;
BEGIN
	BEGIN
		r := t.ask(person, d.request, t.arguments(d.request, d.field, d.object_id), d.office);
		RAISE EXCEPTION USING ERRCODE = 'ZT000', MESSAGE = coalesce(r->>'code', '');
	EXCEPTION WHEN SQLSTATE 'ZT000' THEN
		RETURN CASE WHEN SQLERRM NOT IN ('', 'ZB001')
			THEN concat_ws(' ', d.office, d.request, d.object_id, t.refused(r)) END;
	END;
END $$;
CREATE TABLE t.seen (request text PRIMARY KEY);
GRANT ALL ON t.seen TO PUBLIC;
-- Every hint of every office that would be refused.
CREATE FUNCTION t.wrong_hints() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o data.office;
	d api.duty_row;
	wrong text := '';
	me auth.actor;
BEGIN
	FOR o IN SELECT f.* FROM data.office f WHERE f.to_on IS NULL ORDER BY 1, 2, 3 LOOP
		me := ROW(o.person_id, o.role, o.org_id, 'next_duties', NULL);
		FOR d IN SELECT x.* FROM flow.duties(me) x LOOP
			INSERT INTO t.seen VALUES (d.request) ON CONFLICT DO NOTHING;
			wrong := concat_ws('; ', nullif(wrong, ''), t.tried(d, o.person_id));
		END LOOP;
	END LOOP;
	RETURN wrong;
END $$;
CREATE FUNCTION t.hinted(person text, request text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(coalesce(d->>'object_id', '-'), ',' ORDER BY d->>'object_id')
	FROM jsonb_array_elements(t.ask(person, 'next_duties')->'duties') d
	WHERE d->>'request' = request $$;

-- ---- the branch ----------------------------------------------------------------------
SELECT is(t.hinted('P60', 'start_round'), '01', 'a branch without a round begins one');
SELECT is(t.hinted('P21', 'start_round'), NULL, 'the department is not told to for thirty');
SELECT is(t.wrong_hints(), '', 'before anything');
SELECT t.ask('P60', 'start_round', 'NULL, NULL, NULL');
SELECT is(t.hinted('P60', 'start_round'), NULL, 'one open round');
SELECT is(t.hinted('P61', 'save_self'), 'ZP26-01', 'the self-assessment waits');
SELECT is(t.hinted('P60', 'adopt_self'), NULL, 'not to be adopted while unfinished');
INSERT INTO data.gap (id, org_id, state, round_id, source, problem, found_on, found_by)
SELECT 'WT26-01-' || n, '01', s, 'LC26-01', x, '活动通知晚', '2026-11-01', 'P60'
FROM (VALUES (1, 'FOUND', 'SELF'), (2, 'DOING', 'SELF'), (3, 'CLAIMED_DONE', 'SELF'),
	(4, 'CLAIMED_DONE', 'INSPECTION'), (5, 'RAISED', 'SELF'), (6, 'CONFIRMED', 'INSPECTION')) g(n, s, x);
SELECT is(t.wrong_hints(), '', 'with a self-assessment and problems');
SELECT is(t.hinted('P60', 'confirm_gap'), 'WT26-01-3', 'the branch confirms what it found');
SELECT is(t.hinted('P22', 'confirm_gap'), 'WT26-01-4', 'the department what it found');
SELECT t.ask('P60', 'save_self', 'NULL, 0, ARRAY[ROW(''1.1'', ''MET'', ''好'')]::api.self_entry[]');
SELECT t.ask('P60', 'adopt_self', 'NULL, ''2026-12-03'', 7, 7, 7, 0, 0, true');
SELECT is(t.hinted('P60', 'new_application'), 'LC26-01', 'adopted: it may apply');
SELECT is(t.wrong_hints(), '', 'with an adopted self-assessment');
SELECT t.ask('P60', 'new_application', 'NULL');
SELECT is(t.hinted('P60', 'edit_application'), 'SB26-01', 'three fields to write');
SELECT is(t.wrong_hints(), '', 'with a draft');
SELECT t.ask('P60', 'edit_application', 'NULL, 1, ''一'', ''二'', ''三''');
SELECT t.ask('P60', 'adopt_application', 'NULL, true, NULL, NULL, NULL, NULL, NULL, NULL');
SELECT is(t.wrong_hints(), '', 'with an adopted application');
SELECT is((SELECT array_agg(d.due_on) FROM flow.duties(ROW('P60', 'branch_secretary', '01',
	'next_duties', NULL)) d WHERE d.request = 'submit_application'), '{NULL}'::date[],
	'the day of the branch meeting is no deadline');
SELECT is((t.ask('P60', 'submit_application', 'NULL'))->>'state', 'SUBMITTED', 'handed in');
UPDATE data.affiliation SET org_id = '01' WHERE person_id = 'P21';
SELECT is(t.hinted('P22', 'accept_application'), 'SB26-01', 'the department accepts');
SELECT is(t.hinted('P21', 'accept_application'), NULL, 'but not who belongs to the branch');
SELECT is(t.wrong_hints(), '', 'with a submitted application');
SELECT t.ask('P22', 'accept_application', '''SB26-01''');
SELECT is(t.wrong_hints(), '', 'accepted');

-- ---- the four streams ---------------------------------------------------------------------
SELECT t.ask('P22', 'open_evaluation', '''SB26-01'', ''{}''');
SELECT is(t.hinted('P22', 'close_stream'), NULL, 'an empty stream is not to be closed');
SELECT is(t.hinted('P22', 'prepare_ballot'), 'SB26-01', 'a ballot is to be prepared');
INSERT INTO data.note VALUES ('RC26-01', '01', 'KEPT', 'SB26-01');
INSERT INTO data.note_version (note_id, version_no, source, happened_on, text, visibility, written_by, written_at)
VALUES ('RC26-01', 1, 'VISIT', '2026-11-20', '所见', 'INTERNAL', 'P22', now());
SELECT is(t.hinted('P22', 'close_stream'), 'PS26-01-ORG', 'one with a note is');
SELECT is(t.hinted('P21', 'close_stream'), NULL, 'not by who belongs to the branch');
INSERT INTO data.outside_unit (id, state, name, kind) VALUES ('WD26-01', 'LISTED', '教育局', '教育局');
INSERT INTO data.letter (id, org_id, state, application_id, unit_id, why, questions, drafted_on,
	sent_on, reply_by) VALUES ('HS26-01', '01', 'SENT', 'SB26-01', 'WD26-01', '…', '…', '2026-11-20', '2026-11-20', '2026-12-01');
INSERT INTO data.item_set (id, title, adopted_on) VALUES ('CX26.1', '民主评议', '2026-01-01');
INSERT INTO data.ballot_session (id, org_id, org_name, state, application_id, purpose, channel,
	item_set_id, comments, held_on, place, prepared_by)
VALUES ('CP26-01', '01', '第01党支部', 'PREPARED', 'SB26-01', 'MEMBERS_ON_BRANCH', 'SLIPS', 'CX26.1', true,
	'2026-12-03', '会议室', 'P22');
INSERT INTO data.ballot_holder (session_id, holder_no, role, person_id, public_key) VALUES
	('CP26-01', 1, 'scrutineer', 'P70', sha256('1')), ('CP26-01', 2, 'teller', 'P71', sha256('2')),
	('CP26-01', 3, 'key_holder', 'P72', NULL);
SELECT is(t.hinted('P72', 'register_session_key'), 'CP26-01', 'the third key holder''s key is wanted');
SELECT is(t.hinted('P70', 'register_session_key'), NULL, 'the first has given it');
SELECT is(t.hinted('P70', 'freeze_roll'), NULL, 'the roll waits for all keys');
SELECT is(t.hinted('P22', 'mark_unanswered'), 'HS26-01', 'a letter past its day');
SELECT is(t.wrong_hints(), '', 'with open streams');
UPDATE data.ballot_holder SET public_key = sha256('3') WHERE holder_no = 3;
SELECT is(t.wrong_hints(), '', 'with all keys');
UPDATE data.ballot_session SET state = 'ROLL_FROZEN', entitled = 7, present = 2, paper = 0;
SELECT is(t.hinted('P70', 'list_slips'), 'CP26-01', 'slips are wanted');
INSERT INTO data.slip VALUES (sha256('a'), 'CP26-01', sha256('a')), (sha256('b'), 'CP26-01', sha256('b'));
SELECT is(t.wrong_hints(), '', 'with slips');
UPDATE data.ballot_session SET state = 'OPEN';
SELECT is(t.wrong_hints(), '', 'with an open ballot');
UPDATE data.ballot_session SET state = 'COUNTED', void_count = 0;
INSERT INTO data.ballot_certificate VALUES ('CP26-01', 'P70', 'scrutineer', sha256('count'));
SELECT is(t.hinted('P71', 'certify_ballot'), 'CP26-01', 'a second person opens the urn and certifies');
SELECT is(t.hinted('P70', 'certify_ballot'), NULL, 'who counted does not');
SELECT is(t.wrong_hints(), '', 'with a counted ballot');
UPDATE data.ballot_session SET state = 'CERTIFIED';
SELECT is(t.hinted('P72', 'forget_key'), 'CP26-01', 'the keys have done their work');
UPDATE data.letter SET state = 'UNANSWERED';
UPDATE data.eval_stream SET state = 'CLOSED' WHERE application_id = 'SB26-01';
SELECT is(t.wrong_hints(), '', 'with closed streams');
UPDATE data.eval_stream SET state = 'SUMMARISED' WHERE application_id = 'SB26-01';
UPDATE data.eval_version SET summary = '…', prepared_by = 'P22' WHERE stream_id LIKE 'PS26-01-%';
SELECT is(t.hinted('P22', 'lock_stream'), NULL, 'who wrote the summary does not lock it');
SELECT ok(t.hinted('P23', 'lock_stream') IS NOT NULL, 'another does');
SELECT is(t.wrong_hints(), '', 'with summaries');
UPDATE data.eval_stream SET state = 'LOCKED' WHERE application_id = 'SB26-01';

-- ---- the decision ----------------------------------------------------------------------------
SELECT is(t.hinted('P20', 'freeze_dossier'), 'SB26-01', 'the head freezes');
SELECT is(t.hinted('P22', 'freeze_dossier'), NULL, 'an officer need not');
SELECT is(t.wrong_hints(), '', 'with locked streams');
SELECT t.ask('P20', 'freeze_dossier', '''SB26-01''');
SELECT is(t.hinted('P30', 'new_meeting'), '-', 'a meeting is wanted');
SELECT is(t.hinted('P30', 'add_agenda_item'), NULL, 'there is none to put it on');
SELECT is(t.wrong_hints(), '', 'with a dossier');
SELECT t.ask('P30', 'new_meeting', '''2026-12-03'', ''会议室'', NULL, NULL');
SELECT is(t.hinted('P30', 'add_agenda_item'), 'SB26-01', 'now there is');
SELECT t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-01'', ''P22''');
UPDATE data.affiliation SET org_id = '01' WHERE person_id = 'P4';
SELECT is(t.hinted('P4', 'recuse'), 'YT26-01', 'whose own branch it is stands aside');
SELECT is(t.hinted('P5', 'recuse'), NULL, 'others need not');
SELECT is(t.hinted('P30', 'begin_meeting'), NULL, 'not without attendance');
SELECT is(t.wrong_hints(), '', 'with an agenda');
SELECT t.attend('HY26-01', 9, 8);
SELECT is(t.wrong_hints(), '', 'with attendance');
SELECT t.ask('P30', 'begin_meeting', '''HY26-01''');
SELECT is(t.hinted('P30', 'open_vote'), NULL, 'the vote waits for the one to stand aside');
SELECT t.ask('P4', 'recuse', '''YT26-01'', NULL, ''本支部''');
SELECT is(t.hinted('P30', 'open_vote'), 'YT26-01', 'then it may open');
SELECT is(t.wrong_hints(), '', 'in the meeting');
SELECT t.ask('P30', 'open_vote', '''YT26-01'', ''NAMED_VOTE''');
SELECT is(t.hinted('P5', 'cast_vote'), 'YT26-01', 'a seat votes');
SELECT is(t.hinted('P4', 'cast_vote'), NULL, 'not the recused');
SELECT is(t.hinted('P1', 'cast_vote'), NULL, 'the chair last');
SELECT is(t.wrong_hints(), '', 'during the vote');
SELECT t.ask('P' || n, 'cast_vote', '''YT26-01'', ''IN_FAVOUR''')
FROM unnest('{2,3,5,6,7,8}'::int[]) n;
SELECT is(t.hinted('P5', 'cast_vote'), NULL, 'once');
SELECT is(t.hinted('P1', 'cast_vote'), 'YT26-01', 'now the chair');
SELECT t.ask('P30', 'close_vote', '''YT26-01'', NULL, NULL, NULL, NULL');
SELECT is(t.wrong_hints(), '', 'after the vote');
SELECT is(t.hinted('P30', 'close_vote'), NULL, 'counted once; a correction is nobody''s duty');
SELECT t.ask('P30', 'resolve_item', '''YT26-01'', NULL, NULL, NULL, NULL');
SELECT is(t.hinted('P21', 'new_notice'), NULL, 'no notice on unsigned minutes');
SELECT is(t.wrong_hints(), '', 'decided');
SELECT t.ask('P30', 'end_meeting', '''HY26-01''');
SELECT is(t.hinted('P1', 'sign_minutes'), 'HY26-01', 'the secretary signs');
SELECT is(t.wrong_hints(), '', 'ended');
SELECT t.ask('P1', 'sign_minutes', format('''HY26-01'', %L', t.ask('P1', 'show_minutes',
	'''HY26-01''')->>'digest'));
SELECT is(t.hinted('P21', 'new_notice'), '-', 'a notice is wanted');
SELECT t.ask('P21', 'new_notice', 'NULL, ''{}'', NULL, ''电话'', NULL, NULL, NULL');
SELECT is(t.hinted('P21', 'new_notice'), NULL, 'one');
SELECT is(t.hinted('P21', 'check_notice'), NULL, 'who drafted does not check');
SELECT is(t.hinted('P22', 'check_notice'), 'GS26-01', 'another does');
SELECT is(t.wrong_hints(), '', 'with a draft notice');
SAVEPOINT careless;
UPDATE rule.hint SET only_if = NULL WHERE request = 'check_notice';
SELECT is(t.wrong_hints(), 'od_officer@ZZB check_notice GS26-01 ZB012 second_person_needed'
	' notice_is_yours GS26-01', 'and a careless hint is found out');
ROLLBACK TO careless;
SELECT t.ask('P22', 'check_notice', '''GS26-01'', true');
SELECT is(t.wrong_hints(), '', 'checked');
SELECT t.ask('P20', 'approve_notice', '''GS26-01''');
SELECT is(t.wrong_hints(), '', 'approved');
SELECT t.ask('P21', 'post_notice', '''GS26-01'', NULL');
SELECT is(t.hinted('P21', 'end_notice'), NULL, 'not before its end');
SELECT is(t.wrong_hints(), '', 'posted');
SELECT t.day('2026-12-11');
SELECT is(t.hinted('P21', 'end_notice'), 'GS26-01', 'after it');
SELECT is(t.wrong_hints(), '', 'over');
SELECT t.ask('P21', 'end_notice', '''GS26-01'', NULL');
SELECT is(t.hinted('P20', 'confirm_award'), 'SB26-01', 'the head confirms');
SELECT is(t.wrong_hints(), '', 'ended clear');
SELECT t.ask('P20', 'confirm_award', '''SB26-01''');
SELECT is(t.hinted('P1', 'sign_award'), 'SB26-01', 'the secretary signs');
SELECT is(t.wrong_hints(), '', 'confirmed');
SELECT is(t.ask('P1', 'sign_award', '''SB26-01'', ''〔2026〕12号'', NULL, NULL')->>'award_id', 'PD26-01',
	'from an empty round to the award');
SELECT is(t.wrong_hints(), '', 'awarded');
SELECT ok((SELECT count(*) FROM t.seen) > 35, 'and most hints were tried on the way');

-- Several offices: without choosing, each row says which office it is work of.
INSERT INTO data.office VALUES ('P60', 'DW', 'committee_member', '2024-01-01', NULL);
SELECT is((SELECT array_agg(DISTINCT d->>'office') FROM jsonb_array_elements(
	t.ask('P60', 'next_duties')->'duties') d), '{branch_secretary@01}', 'rows name their office');

-- ---- every move is thought of ----------------------------------------------------------------
SELECT is_empty($$ SELECT h.entity, h.request FROM rule.hint h WHERE h.made_for IS NULL
	AND NOT EXISTS (SELECT FROM rule.transition t WHERE t.entity = h.entity
		AND t.request = h.request) $$, 'no hint without a move');
SELECT is_empty($$ SELECT h.request FROM rule.hint h WHERE NOT EXISTS (SELECT FROM rule.permission p
	WHERE p.request = h.request) $$, 'no hint without a right');
SELECT is_empty($$ SELECT h.request, h.field FROM rule.hint h WHERE h.field <> '' AND NOT EXISTS (
	SELECT FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace AND p.proname = h.request
	AND h.field = ANY (p.proargnames)) $$, 'every hint fills a field of its request');
SELECT is_empty($$ SELECT h.only_if FROM rule.hint h WHERE h.only_if IS NOT NULL
	AND to_regprocedure('guard.' || h.only_if || '(auth.actor, text)') IS NULL $$,
	'every personal guard exists');
SELECT is_empty($$ SELECT t.guard FROM rule.transition t WHERE t.guard IS NOT NULL
	AND to_regprocedure('guard.' || t.guard || '(text)') IS NULL $$, 'every guard exists');
SELECT is_empty($$ SELECT t.request FROM rule.transition t WHERE NOT EXISTS (SELECT FROM pg_proc p
	WHERE p.pronamespace = 'api'::regnamespace AND p.proname = t.request)
	UNION SELECT p.request FROM rule.permission p WHERE NOT EXISTS (SELECT FROM pg_proc f
	WHERE f.pronamespace = 'api'::regnamespace AND f.proname = p.request) $$,
	'every move and every right is of a request there is');
SELECT is_empty($$ SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace
	AND NOT EXISTS (SELECT FROM rule.permission r WHERE r.request = p.proname) $$,
	'every request has a right');

-- ---- audit log ---------------------------------------------------------------------------------
SELECT is((SELECT array_agg(e->>'request' ORDER BY (e->>'event_no')::bigint) FROM jsonb_array_elements(
	t.ask('P40', 'audit_log', 'NULL, NULL, ''GS26-01'', NULL, NULL')->'events') e),
	'{new_notice,check_notice,approve_notice,post_notice,end_notice}', 'who did what on one thing');
SELECT is((SELECT DISTINCT e->>'person_name' FROM jsonb_array_elements(t.ask('P41', 'audit_log',
	'''2026-12-11'', ''2026-12-11'', NULL, ''P21'', NULL')->'events') e), '同志21',
	'by a person on a day');
SELECT ok(NOT t.ask('P41', 'audit_log', 'NULL, NULL, NULL, NULL, NULL')::text ~ '测试|会议室|payload',
	'and never with what words');
SELECT is(t.refused(t.ask('P20', 'audit_log', 'NULL, NULL, NULL, NULL, NULL')), 'ZB002 denied',
	'not for the department');
INSERT INTO audit.event (at, person_id, request, body)
SELECT flow.now(), 'P21', 'whoami', '' FROM generate_series(1, 600);
SELECT is((SELECT ARRAY[jsonb_array_length(r->'events')::text, r->>'more'] FROM t.ask('P40',
	'audit_log', 'NULL, NULL, NULL, NULL, NULL') r), '{500,true}', 'a page, and that there is more');
SELECT is((SELECT r->>'more' FROM t.ask('P40', 'audit_log', format('NULL, NULL, NULL, NULL, %s',
	(SELECT max(e.id) - 10 FROM audit.event e))) r), 'false', 'and the last page');
SELECT is_empty($$ SELECT p.privilege_type FROM information_schema.table_privileges p
	WHERE p.grantee IN ('zhibu_member', 'zhibu_public', 'PUBLIC')
		AND p.table_schema IN ('audit', 'data', 'rule') $$,
	'the server''s roles have no right on any table, the trace included');
SELECT ok(NOT has_schema_privilege('zhibu_member', 'audit', 'USAGE')
	AND NOT has_table_privilege('zhibu_member', 'audit.event', 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE'),
	'it can neither read nor write nor alter the trace');
SELECT is_empty($$ SELECT p.oid::regprocedure FROM pg_proc p, unnest('{zhibu_member,zhibu_public}'::name[]) r
	WHERE p.pronamespace::regnamespace::text IN ('api', 'audit', 'flow', 'guard', 'auth', 'refuse')
		AND has_function_privilege(r, p.oid, 'EXECUTE') AND has_schema_privilege(r, p.pronamespace, 'USAGE') $$,
	'and reaches no function but those of call');
SELECT is_empty($$ SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace
	AND p.prosrc ~* '(update|delete from|truncate)\s+audit\.' $$, 'no request rewrites it');

-- ---- find ----------------------------------------------------------------------------------------
SELECT is(t.ask('P60', 'find', '''第01党''', 'branch_secretary@01')->'orgs'->0->>'org_id', '01', 'an organisation by its name');
SELECT is(t.ask('P22', 'find', '''sb26-01''')->'objects'->0->>'object_id', 'SB26-01', 'a thing by its number');
SELECT is(t.ask('P50', 'find', '''SB26-01''')->'objects', '[]', 'not of another branch');
SELECT is(t.ask('P60', 'find', '''RC26-01''', 'branch_secretary@01')->'objects', '[]', 'and no daily note about it');
SELECT is(t.ask('P60', 'find', '''同志6''', 'branch_secretary@01')->'people'->0->>'org_id', '01', 'people of the own branch');
SELECT is((SELECT count(*) FROM jsonb_array_elements(t.ask('P60', 'find', '''同志1''',
	'branch_secretary@01')->'people')), 0::bigint, 'not of others');
SELECT is(t.ask('P60', 'find', '''%''', 'branch_secretary@01')->'orgs', '[]', 'no patterns');
SELECT is(t.refused(t.ask('P60', 'find', ''' ''', 'branch_secretary@01')),
	'ZB001 invalid text_missing', 'something to find');

-- ---- whatever comes in: a refusal, never an internal error -----------------------------------------
CREATE FUNCTION t.anything(type regtype, n int) RETURNS text LANGUAGE sql AS $$
	SELECT CASE type::text
		WHEN 'text' THEN quote_nullable((ARRAY[NULL, '', 'SB26-01', 'HY26-01', 'YT26-01', 'GS26-01',
			'CL26-01', 'P5', E'a\nb', repeat('长', 30000), E'\uE000', '%', 'NAMED_VOTE'])[n % 13 + 1])
		WHEN 'date' THEN quote_nullable((ARRAY[NULL, '0001-01-01', '9999-12-31', '2026-12-11'])[n % 4 + 1])
		WHEN 'integer' THEN coalesce((ARRAY[NULL, -1, 0, 2147483647])[n % 4 + 1]::text, 'NULL')
		WHEN 'bigint' THEN coalesce((ARRAY[NULL, -1, 9223372036854775807])[n % 3 + 1]::text, 'NULL')
		WHEN 'boolean' THEN (ARRAY['NULL', 'true', 'false'])[n % 3 + 1]
		WHEN 'text[]' THEN (ARRAY['''{}''', '''{x}''', 'ARRAY[repeat(''长'', 300)]', '''{SB26-01,SB26-01}'''])[n % 4 + 1]
		WHEN 'api.absence[]' THEN (ARRAY['''{}''', 'ARRAY[ROW(''P1'', E''a\nb'')]::api.absence[]',
			'ARRAY[ROW(NULL, NULL)]::api.absence[]'])[n % 3 + 1]
		ELSE 'NULL' END $$;
CREATE FUNCTION t.blunders() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	f record;
	args text;
	r jsonb;
BEGIN
	PERFORM setseed(0.26);
	-- holders of one role are alike: one of each
	FOR f IN SELECT c.proname::text AS name, c.pronargs, c.proargtypes, o.person_id, o.role || '@' || o.org_id AS office
		FROM pg_proc c JOIN rule.permission p ON p.request = c.proname
		JOIN (SELECT DISTINCT ON (role) * FROM data.office WHERE to_on IS NULL
			ORDER BY role, person_id) o
		ON o.role = CASE WHEN p.role IN ('person', 'anyone') THEN 'auditor' ELSE p.role END
		CROSS JOIN generate_series(1, 16)
		WHERE c.pronamespace = 'call'::regnamespace AND c.proname ~
			'dossier|meeting|agenda|attendance|recus|vote|_item$|opinion|minutes|notice|award|decision|duties|audit_log|^find$|'
			'objection|question|inquiry|_branch$|identity|declar|relative|speech|consultation|withdrawal'
			AND c.proname NOT LIKE 'adopt%'
	LOOP
		SELECT string_agg(t.anything(f.proargtypes[i - 1], (random() * 1000)::int), ', ' ORDER BY i)
		INTO args FROM generate_series(6, f.pronargs) i;
		BEGIN
			r := t.ask(f.person_id, f.name, args, f.office);
			RAISE EXCEPTION USING ERRCODE = 'ZT000';
		EXCEPTION WHEN SQLSTATE 'ZT000' THEN
			IF r->>'code' NOT LIKE 'ZB%' THEN
				RETURN NEXT format('%s(%s): %s %s', f.name, left(args, 200), r->>'code', r->>'key');
			END IF;
		END;
	END LOOP;
END $$;
SELECT is_empty('SELECT t.blunders()', 'nothing that comes in ends in an internal error');

-- ---- bodies: files name each other, so they are checked here -------------------------------------
SET check_function_bodies = on;
CREATE FUNCTION t.broken() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE f record;
BEGIN
	FOR f IN SELECT p.oid, p.oid::regprocedure::text AS name FROM pg_proc p
		WHERE p.prokind = 'f' AND p.pronamespace::regnamespace::text
			IN ('api', 'flow', 'guard', 'auth', 'refuse', 'audit', 'call')
	LOOP
		BEGIN
			EXECUTE pg_get_functiondef(f.oid);
		EXCEPTION WHEN OTHERS THEN
			RETURN NEXT f.name || ': ' || SQLERRM;
		END;
	END LOOP;
END $$;
SELECT is_empty('SELECT t.broken()', 'every function is sound');

SELECT * FROM finish();
ROLLBACK;
