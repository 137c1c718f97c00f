-- What an expert inside the college tries with a true certificate of the wrong office.
BEGIN;
\ir decision_fixture.psql
SELECT no_plan();

-- ---- evidence follows the dossier ----------------------------------------------------
SELECT t.application('14'), t.application('24');
INSERT INTO data.file (id, org_id, state, round_id, name, title, media_type, size_bytes,
	sha256, begun_at, begun_by)
VALUES ('WJ26-14', '14', 'KEPT', 'LC26-14', 'a.txt', '佐证', 'text/plain', 1,
	sha256('a'), now(), 'P50');
INSERT INTO data.file_chunk (file_id, chunk_no, bytes) VALUES ('WJ26-14', 0, 'a');
SELECT t.ask('P20', 'freeze_dossier', '''SB26-14''') \g /dev/null
SELECT is(t.refused(t.ask('P5', 'get_file', '''WJ26-14''')), 'ZB002 denied',
	'a committee member reads no evidence of what is on no agenda');
SELECT is(t.ask('P30', 'new_meeting', '''2026-12-03''::date, ''会议室'', NULL, NULL')
	->>'meeting_id', 'HY26-01', 'a meeting');
SELECT is(t.ask('P30', 'add_agenda_item', '''HY26-01'', ''SB26-14'', ''P22''')
	->>'agenda_item_id', 'YT26-14', 'an item');
SELECT is(t.ask('P5', 'get_chunk', '''WJ26-14'', 0')->>'data', '\x61',
	'what is on an agenda is read');
SELECT is(t.ask('P5', 'find', '''26-14''')->'objects' @> '[{"object_id": "CL26-14"}]', true,
	'and found');
SELECT is(t.ask('P5', 'recuse', '''YT26-14'', NULL, ''联系点''')->>'person_id', 'P5',
	'one stands aside');
SELECT is(t.refused(t.ask('P5', 'show_dossier', '''CL26-14'', false')), 'ZB002 denied',
	'and reads the dossier no more');
SELECT is(t.refused(t.ask('P5', r.name, r.args)), 'ZB002 denied', 'nor by ' || r.name)
FROM (VALUES ('get_file', '''WJ26-14'''), ('get_chunk', '''WJ26-14'', 0')) r(name, args);
SELECT is(t.ask('P5', 'list_files', '''14'', NULL, NULL')->'files', '[]',
	'nor sees the list of it');
SELECT is(t.ask('P5', 'find', '''CL26''')->'objects', '[]', 'nor finds its number');
SELECT is(t.ask('P6', 'get_chunk', '''WJ26-14'', 0')->>'data', '\x61', 'the others do');
SELECT is(t.ask('P30', 'remove_agenda_item', '''YT26-14'', ''改日再议''')->>'state', 'REMOVED',
	'the item is taken off');
SELECT is(t.refused(t.ask('P6', 'get_file', '''WJ26-14''')), 'ZB002 denied',
	'then nobody of the committee reads it');

-- ---- find finds what one may open -------------------------------------------------------
UPDATE data.application SET state = 'BRANCH_ADOPTED', submitted_at = NULL WHERE id = 'SB26-24';
SELECT is(t.ask('P22', 'find', '''SB26-24''')->'objects', '[]',
	'an application not handed in is its branch''s own');
SELECT is(t.ask('P52', 'find', '''SB26-24''')->'objects'->0->>'object_id', 'SB26-24',
	'the branch finds it');
SELECT is(t.ask('P40', 'find', '''同志1''')->'people', '[]', 'an auditor has no roster');
SELECT isnt(t.ask('P22', 'find', '''同志1''')->'people', '[]', 'the department has');

-- ---- no meeting is dated back to fewer seats -----------------------------------------------
SELECT is(t.ask('P30', 'new_meeting', '''2024-06-03''::date, ''会议室'', NULL, NULL')
	->>'meeting_id', 'HY26-02', 'a meeting of an earlier day');
SELECT is(t.refused(t.ask('P30', 'add_agenda_item', '''HY26-02'', ''SB26-14'', ''P22''')),
	'ZB001 invalid meeting_before_papers 2024-06-03 2026-12-03',
	'decides nothing on a dossier that was not there');

SELECT * FROM finish();
ROLLBACK;
