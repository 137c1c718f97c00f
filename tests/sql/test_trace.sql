-- An older backup comes back (T49): what was written down outside shows what is gone, and
-- what was certified on signed sheets is entered again.
BEGIN;
\ir evaluation_fixture.psql
SELECT no_plan();
INSERT INTO data.office (person_id, org_id, role, from_on) VALUES ('P17', 'DW', 'auditor', '2026-01-01');
CREATE FUNCTION t.verify(args text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT t.as('P17', 'auditor@DW', 'verify_audit', args) $$;
CREATE FUNCTION t.day(day date) RETURNS void LANGUAGE sql AS $$
	UPDATE data.deployment d SET clock_shift = (day + time '10:00')
		AT TIME ZONE 'Asia/Shanghai' - now() $$;
CREATE FUNCTION t.note(day date) RETURNS jsonb LANGUAGE sql AS $$
	SELECT t.as('P10', 'od_officer@ZZB', 'add_note',
		format('''14'', ''VISIT'', %L, ''参加主题党日'', NULL, NULL, NULL, NULL', day)) $$;

-- ---- written down, day by day --------------------------------------------------------------
SELECT t.note('2026-10-22'), t.note('2026-10-22') \g /dev/null
SELECT is(t.verify('NULL, NULL') ->> 'event_no', '0', 'today is not yet to be written down');
SELECT t.day('2026-10-23'), t.note('2026-10-23') \g /dev/null
CREATE TABLE t.written AS SELECT (r ->> 'event_no')::int8 AS no, r ->> 'digest' AS digest
	FROM t.verify('NULL, NULL') r;
SELECT is((SELECT w.no FROM t.written w), (SELECT max(e.id) FROM audit.event e
	WHERE e.at < '2026-10-23'::timestamp AT TIME ZONE 'Asia/Shanghai'), 'yesterday''s last event');
SELECT is((SELECT t.verify(format('%s, %L', w.no, upper(w.digest))) ->> 'intact' FROM t.written w), 'true',
	'it is the one written down, whatever came after');
SELECT is((SELECT t.verify(format('%s, NULL', w.no)) -> 'intact' FROM t.written w), 'null', 'nothing to compare');

-- ---- restored from before the last of them ----------------------------------------------------
CREATE TABLE t.before AS SELECT * FROM audit.event;
DELETE FROM audit.event e WHERE e.id >= (SELECT w.no FROM t.written w);
SELECT is((SELECT t.verify(format('%s, %L', w.no, w.digest)) ->> 'intact' FROM t.written w), 'false',
	'T49: after a restore the trace is not the one written down');
SELECT ok((SELECT (t.verify(format('%s, %L', w.no, w.digest)) ->> 'last_no')::int8 < w.no FROM t.written w),
	'T49: and the last number shows how much is gone');
-- and one whose numbers were used anew
INSERT INTO audit.event OVERRIDING SYSTEM VALUE SELECT b.id, b.at, b.person_id, b.role, b.org_id, b.request,
	b.object, b.key, b.payload, b.signature, b.certificate_fp, b.body || '.'
FROM t.before b WHERE b.id >= (SELECT w.no FROM t.written w);
SELECT is((SELECT t.verify(format('%s, %L', w.no, w.digest)) ->> 'intact' FROM t.written w), 'false',
	'T49: nor when other events have taken the numbers');

-- ---- the count of a meeting that is gone ------------------------------------------------------
CREATE FUNCTION t.prepare(channel text) RETURNS text LANGUAGE sql AS $$
	SELECT t.as('P10', 'od_officer@ZZB', 'prepare_ballot', format('NULL, NULL, NULL, false,
		flow.today(), ''会议室'', ''P14'', ''P15'', ''P16'', ''14'', NULL, %L', channel)) ->> 'session_id' $$;
SELECT is(t.prepare(NULL), 'CP26-14', 'as of the backup it was not yet open');
SELECT t.as('P14', 'scrutineer@DW', 'void_ballot', $$'CP26-14', '恢复备份，原计票结果以签字的计票单为准'$$),
	t.agree('P15', 'teller@DW') \g /dev/null
SELECT is(t.prepare('PAPER'), 'CP26-14-2', 'another in its place');
SELECT t.as('P14', 'scrutineer@DW', 'freeze_roll', $$'CP26-14-2', 5, '{}', NULL$$),
	t.as('P14', 'scrutineer@DW', 'open_ballot', $$'CP26-14-2'$$),
	t.as('P14', 'scrutineer@DW', 'close_ballot', $$'CP26-14-2'$$) \g /dev/null
CREATE FUNCTION t.sheet() RETURNS text LANGUAGE sql AS $$
	SELECT $a$'CP26-14-2', 5, 0, ARRAY[ROW(1, '{4,1,0,0}', 0), ROW(2, '{5,0,0,0}', 0)]::api.paper_item[]$a$ $$;
SELECT t.as('P14', 'scrutineer@DW', 'enter_paper', t.sheet()), t.as('P15', 'teller@DW', 'enter_paper', t.sheet()) \g /dev/null
SELECT is((SELECT t.as('P14', 'scrutineer@DW', 'certify_ballot', format('%L, %L', b.id, b.digest)) ->> 'state'
	FROM data.ballot_session b WHERE b.id = 'CP26-14-2'), 'CERTIFIED',
	'T49: certified tallies are entered again from signed sheets');
SELECT is(t.as('P11', 'od_head@ZZB', 'show_ballot', $$'CP26-14-2'$$) #>> '{result,tallies,0,counts}', '[4, 1, 0, 0]', 'as they were counted');

SELECT * FROM finish();
ROLLBACK;
