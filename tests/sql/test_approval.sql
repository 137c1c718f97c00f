-- What one person may not do alone (domain 3.2, security 3.3): asked, tried, kept,
-- agreed to by another, and done as the first person's act.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES
	('P70', 'DW', 'administrator', '2024-01-01');

-- As t.ask, with a key of one's own.
CREATE FUNCTION t.keyed(person text, request text, args text, key text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	reply jsonb;
	detail text;
BEGIN
	EXECUTE format('SELECT to_jsonb(r) FROM call.%I(sha256(%L), NULL, %L, %L::bytea, %L, %s) r',
		request, person::bytea, decode(md5(key), 'hex'), key::bytea, '\x01'::bytea, args) INTO reply;
	RETURN reply;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN jsonb_build_object('code', SQLSTATE, 'key', split_part(SQLERRM, E'\x1f', 1),
		'reasons', replace(detail, E'\x1f', ' '));
END $$;
SELECT t.application('14') \g /dev/null
SELECT t.ask('P20', 'freeze_dossier', '''SB26-14''') \g /dev/null

-- ---- asking ------------------------------------------------------------------------
SELECT is(t.refused(t.ask('P20', 'reopen_dossier', '''CL26-14'', NULL')),
	'ZB001 invalid text_missing', 'a refusal comes at once, and to the first');
SELECT is_empty('SELECT FROM data.approval', 'and nothing is kept of it');
SELECT is(t.keyed('P20', 'reopen_dossier', '''CL26-14'', ''漏了回函''', 'k1')->'z_waiting',
	'{"approval_id": "FH26-01", "roles": ["committee_secretary", "od_officer"], "until_on": "2026-12-10"}',
	'else it waits for one of these, a week');
SELECT is((SELECT d.state FROM data.dossier d), 'FROZEN', 'nothing is done yet');
SELECT is((SELECT ROW(e.request, e.object, e.person_id)::text FROM audit.event e ORDER BY e.id DESC LIMIT 1),
	'(ask_approval,FH26-01,P20)', 'asking is in the trace');
SELECT is(t.keyed('P20', 'reopen_dossier', '''CL26-14'', ''漏了回函''', 'k1')->'z_waiting'->>'approval_id',
	'FH26-01', 'the same key: the same answer');
SELECT is(t.keyed('P20', 'reopen_dossier', '''CL26-14'', ''漏了回函''', 'k2')->'z_waiting'->>'approval_id',
	'FH26-01', 'asked again while it waits: the same one');
SELECT is((SELECT count(*)::int FROM data.approval), 1, 'one only');

-- ---- who may agree -------------------------------------------------------------------
SELECT is(t.refused(t.ask('P20', 'give_approval', '''FH26-01''')), 'ZB012 asked_by_you',
	'not the first');
INSERT INTO data.office (person_id, org_id, role, from_on)
VALUES ('P20', 'DW', 'committee_secretary', '2024-01-01');
SELECT is(t.refused(t.ask('P20', 'give_approval', '''FH26-01''', 'committee_secretary@DW')),
	'ZB012 asked_by_you', 'in no other office either');
DELETE FROM data.office WHERE person_id = 'P20' AND role = 'committee_secretary';
SELECT is(t.refused(t.ask('P30', 'give_approval', '''FH26-01''')), 'ZB002 denied', 'not any office');
SELECT is(t.refused(t.ask('P30', 'give_approval', '''FH26-99''')), 'ZB002 denied',
	'which is told as if there were no such thing');
UPDATE data.affiliation SET org_id = '14' WHERE person_id = 'P22';
SELECT is(t.refused(t.ask('P22', 'give_approval', '''FH26-01''')), 'ZB002 denied',
	'T23: nobody of the branch itself');
SELECT is(t.ask('P30', 'list_approvals', 'true')->'approvals', '[]', 'nor is it listed there');
SELECT is(t.ask('P22', 'list_approvals', 'true')->'approvals', '[]', 'or there');
SELECT is(jsonb_path_query_array(t.ask('P23', 'list_approvals', 'NULL'), '$.approvals[*].asked'),
	'[[{"name": "reason", "value": "漏了回函"}, {"name": "dossier_id", "value": "CL26-14"}]]',
	'who may agree sees what would be done');
SELECT is(jsonb_path_query_array(t.ask('P20', 'list_approvals', 'NULL'), '$.approvals[*].yours'),
	'[true]', 'and who asked, that it waits');
SELECT is(jsonb_path_query_array(t.ask('P23', 'next_duties', NULL),
		'$.duties[*] ? (@.request == "give_approval").object_id'), '["FH26-01"]', 'next says so');
SELECT is(jsonb_path_query_array(t.ask('P20', 'next_duties', NULL),
		'$.duties[*] ? (@.request == "give_approval").object_id'), '[]', 'but not to who asked');

-- ---- agreeing -------------------------------------------------------------------------
UPDATE data.office SET to_on = flow.today() WHERE person_id = 'P20';
SELECT is(t.refused(t.ask('P23', 'give_approval', '''FH26-01''')),
	'ZB003 state asker_without_office 同志20', 'the first''s office must still be held');
UPDATE data.office SET to_on = NULL WHERE person_id = 'P20';
UPDATE data.certificate SET revoked_at = now() WHERE person_id = 'P20';
SELECT is(t.refused(t.ask('P23', 'give_approval', '''FH26-01''')),
	'ZB003 state asker_key_revoked 同志20', 'and the key it was signed with not be revoked');
UPDATE data.certificate SET revoked_at = NULL WHERE person_id = 'P20';
SELECT t.day('2026-12-11');
SELECT is(t.refused(t.ask('P23', 'give_approval', '''FH26-01''')),
	'ZB003 state approval_expired 2026-12-10', 'and the days not be over');
SELECT is(t.refused(t.keyed('P20', 'reopen_dossier', '''CL26-14'', ''漏了回函''', 'k1')),
	'ZB003 state approval_expired 2026-12-10', 'which the first is told too');
SELECT t.day('2026-12-10');
SELECT is(t.ask('P23', 'give_approval', '''fh26-01''')->>'state', 'APPROVED', 'a second person agrees');
SELECT is((SELECT ROW(d.state, d.reopened_by, d.reopen_reason)::text FROM data.dossier d),
	'(REOPENED,P20,漏了回函)', 'it is the first person''s act');
SELECT is((SELECT string_agg(concat_ws(' ', e.person_id, e.request, e.object, e.signature), ', ' ORDER BY e.id)
	FROM audit.event e WHERE e.object IN ('FH26-01', 'CL26-14')),
	'P20 freeze_dossier CL26-14 \x00, P20 ask_approval FH26-01 \x01, P20 reopen_dossier CL26-14 \x01, P23 give_approval FH26-01 \x00',
	'with the first person''s signature; both are in the trace');
SELECT is(t.keyed('P20', 'reopen_dossier', '''CL26-14'', ''漏了回函''', k)->>'state', 'REOPENED',
	'a repeat gets the real reply') FROM unnest('{k1,k2}'::text[]) k;
SELECT is(t.keyed('P20', 'reopen_dossier', '''CL26-14'', ''漏了回函''', 'k1')->'z_waiting', 'null',
	'and waits no more');
SELECT is(t.refused(t.ask('P23', 'give_approval', '''FH26-01''')), 'ZB003 state', 'once only');

-- ---- saying no --------------------------------------------------------------------------
SELECT t.keyed('P20', 'reopen_stream', '''PS26-14-ORG'', ''补充''', 'k3') \g /dev/null
SELECT is(t.refused(t.ask('P23', 'refuse_approval', '''FH26-02'', '' '' ')),
	'ZB001 invalid text_missing', 'no comes with a reason');
SELECT is(t.ask('P23', 'refuse_approval', '''FH26-02'', ''先核实''')->>'state', 'REFUSED', 'no');
SELECT is(t.refused(t.keyed('P20', 'reopen_stream', '''PS26-14-ORG'', ''补充''', 'k3')),
	'ZB003 state second_refused 同志23 先核实', 'the first is told why');
SELECT is(t.refused(t.ask('P1', 'give_approval', '''FH26-02''')), 'ZB003 state', 'no stays no');
SELECT is(t.keyed('P20', 'reopen_stream', '''PS26-14-ORG'', ''补充''', 'k4')->'z_waiting'->>'approval_id',
	'FH26-03', 'it can be asked anew');
SELECT is(t.ask('P20', 'refuse_approval', '''FH26-03'', ''不用了''')->>'state', 'REFUSED',
	'the first may take it back');
SELECT is((SELECT s.state FROM data.eval_stream s WHERE s.id = 'PS26-14-ORG'), 'LOCKED', 'nothing was done');

-- What changed meanwhile is judged when it is done.
SELECT t.keyed('P20', 'reopen_stream', '''PS26-14-ORG'', ''补充''', 'k5') \g /dev/null
UPDATE data.eval_stream SET state = 'REOPENED' WHERE id = 'PS26-14-ORG';
SELECT is(t.refused(t.ask('P23', 'give_approval', '''FH26-04''')), 'ZB003 state',
	'what is no longer possible is refused');
SELECT is((SELECT a.state FROM data.approval a WHERE a.id = 'FH26-04'), 'WAITING', 'and not agreed to');

-- ---- only for some arguments -------------------------------------------------------------
SELECT is(t.ask('P41', 'set_office', '''P60'', ''teller'', ''DW'', NULL, NULL, NULL')->'z_waiting', 'null',
	'an office like any other needs one person');
SELECT is(t.ask('P41', 'set_office', '''P60'', ''administrator'', ''DW'', NULL, NULL, NULL')->'z_waiting'->'roles',
	'["administrator", "committee_secretary"]', 'security 3.3: an administrator''s needs two');
SELECT is((SELECT count(*)::int FROM data.office o WHERE o.person_id = 'P60'), 1, 'not before');
SELECT is(t.agree('P70'), 'APPROVED', 'another administrator agrees');
SELECT is((SELECT count(*)::int FROM data.office o WHERE o.person_id = 'P60'), 2, 'then it is held');
SELECT is(t.ask('P41', 'import_offices', $$ARRAY[ROW(2, 'BY1', '新人', 'administrator', 'DW',
	'2026-12-01', NULL, NULL)::api.office_import]$$)->'z_waiting'->>'approval_id', 'FH26-06',
	'nor by way of a table');
SELECT is_empty($$SELECT FROM data.person p WHERE p.member_no = 'BY1'$$, 'of which nothing is written yet');
SELECT is(t.agree('P1'), 'APPROVED', 'the committee''s secretary agrees');
SELECT isnt_empty($$SELECT FROM data.person p JOIN data.office o ON o.person_id = p.id
	WHERE p.member_no = 'BY1' AND o.role = 'administrator'$$, 'composite arguments come through whole');

-- ---- the rows themselves -------------------------------------------------------------------
SELECT is_empty($$SELECT s.request, s.role FROM rule.second_person s
	WHERE NOT EXISTS (SELECT FROM rule.permission p WHERE p.request = s.request)
		OR NOT EXISTS (SELECT FROM rule.role r WHERE r.role = s.role)
		OR s.guard IS NOT NULL AND NOT EXISTS (SELECT FROM pg_proc p
			WHERE p.pronamespace = 'guard'::regnamespace AND p.proname = s.guard
				AND p.pronargs = 2)$$, 'every row names what there is');

-- ---- the template ------------------------------------------------------------------------------
-- A reply whose only column is a composite, and two people for it.
CREATE TYPE api.lone AS (name text, n int);
CREATE FUNCTION api.zz_lone(me auth.actor, n int, OUT one api.lone) LANGUAGE sql AS $$
	SELECT ROW('甲', zz_lone.n)::api.lone $$;
CREATE FUNCTION api.zz_lone_read(me auth.actor, OUT one api.lone) LANGUAGE sql STABLE AS $$
	SELECT ROW('乙', 2)::api.lone $$;
INSERT INTO rule.permission (request, role) VALUES ('zz_lone', 'person'), ('zz_lone_read', 'person');
INSERT INTO rule.second_person (request, role, applies, why)
VALUES ('zz_lone', 'od_officer', '$.n > 5', 'test');
DROP SCHEMA call, kept CASCADE;
\ir ../../sql/call.sql
SELECT is(t.ask('P20', 'zz_lone', '1')->'one', '{"n": 1, "name": "甲"}', 'a lone composite is a column');
SELECT is((SELECT to_jsonb(r)->'one' FROM call.zz_lone_read(sha256('P20'), NULL, NULL, NULL, NULL) r),
	'{"n": 2, "name": "乙"}', 'of a read too');
SELECT is(t.ask('P20', 'zz_lone', '7')->'z_waiting'->>'roles', '["od_officer"]', 'it may have to wait');
SELECT is(t.agree('P23'), 'APPROVED', 'and is done');
SELECT * FROM finish();
ROLLBACK;
