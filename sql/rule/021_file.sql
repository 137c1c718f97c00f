-- Evidence: who may, what is taken, what a name may be.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('begin_file', '{branch_secretary,branch_committee_member,od_officer}'::text[]),
	('put_chunk', '{branch_secretary,branch_committee_member,od_officer}'),
	('finish_file', '{branch_secretary,branch_committee_member,od_officer}'),
	('link_file', '{branch_secretary,branch_committee_member,od_officer}'),
	('unlink_file', '{branch_secretary,branch_committee_member,od_officer}'),
	('remove_file', '{branch_secretary,od_officer}'),
	('get_file', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('get_chunk', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('list_files', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.request (request, keyed, evented, keeps_payload, why) VALUES
	('put_chunk', false, false, false,
		'a chunk at its place is the same however often it comes; begin and finish are the events');

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('file', '-', 'UPLOADING', 'begin_file', NULL),
	('file', 'UPLOADING', 'UPLOADING', 'put_chunk', NULL),
	('file', 'UPLOADING', 'KEPT', 'finish_file', NULL),
	('file', 'UPLOADING', 'REMOVED', 'remove_file', NULL),
	('file', 'KEPT', 'KEPT', 'link_file', NULL),
	('file', 'KEPT', 'KEPT', 'unlink_file', 'file_not_relied_on'),
	('file', 'KEPT', 'REMOVED', 'remove_file', 'file_not_relied_on');

-- Kept as they are, never unpacked or opened: an archive inside stays one.
TRUNCATE rule.file_type;
INSERT INTO rule.file_type (ending, media_type, magic_at, magic) VALUES
	('pdf', 'application/pdf', 0, '\x255044462d'),
	('jpg', 'image/jpeg', 0, '\xffd8ff'),
	('jpeg', 'image/jpeg', 0, '\xffd8ff'),
	('png', 'image/png', 0, '\x89504e470d0a1a0a'),
	('docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 0, '\x504b0304'),
	('xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 0, '\x504b0304'),
	('pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation', 0, '\x504b0304'),
	('ofd', 'application/ofd', 0, '\x504b0304'),
	('mp4', 'video/mp4', 4, '\x66747970'),
	('txt', 'text/plain', 0, NULL),
	('csv', 'text/csv', 0, NULL);

-- Limits: a file, all files of a round, a chunk.  There is no lower one.
CREATE FUNCTION flow.file_limit() RETURNS bigint LANGUAGE sql IMMUTABLE
AS $$ SELECT 20 * 1048576::bigint $$;
CREATE FUNCTION flow.files_limit() RETURNS bigint LANGUAGE sql IMMUTABLE
AS $$ SELECT 200 * 1048576::bigint $$;
CREATE FUNCTION flow.chunk_bytes() RETURNS int LANGUAGE sql IMMUTABLE
AS $$ SELECT 262144 $$;
CREATE FUNCTION flow.chunks(size_bytes bigint) RETURNS int LANGUAGE sql IMMUTABLE
AS $$ SELECT ((size_bytes + flow.chunk_bytes() - 1) / flow.chunk_bytes())::int $$;
-- An upload begun before this is given up; its chunks may go.
CREATE FUNCTION flow.upload_from() RETURNS timestamptz LANGUAGE sql STABLE
AS $$ SELECT flow.now() - interval '30 days' $$;

CREATE FUNCTION flow.ending(name text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT lower(substring(name FROM '\.([0-9A-Za-z]+)$')) $$;

-- A name that every system can hold: letters and digits, Han and Mongolian, the
-- punctuation of official papers; no path, no name a system keeps for itself.
CREATE FUNCTION flow.file_name_ok(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT char_length(name) BETWEEN 1 AND 120 AND octet_length(name) <= 255
		AND name ~ ('^[0-9A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F'
			|| '\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\U00020000-\U000323AF'
			|| '\u1800-\u18AF\u202F _.()（）《》“”〔〕【】、，：·—+-]+$')
		AND name !~ '^[ .]|[ .]$'
		AND name !~* '^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)' $$;
-- Marked as a state secret: has no place here.
CREATE FUNCTION flow.marked_secret(text text) RETURNS boolean LANGUAGE sql IMMUTABLE
AS $$ SELECT marked_secret.text ~ '^[\s【〔（([《]*(绝密|机密|秘密)' $$;
