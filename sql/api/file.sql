-- Evidence in chunks.  Messages: proto/file.proto.

-- Bytes an application on its way relies on are not taken away.
CREATE FUNCTION guard.file_not_relied_on(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('application_under_way', a.id, 'application.' || a.state)).*
	FROM data.file f JOIN data.application a ON a.round_id = f.round_id
	WHERE f.id = file_not_relied_on.id
		AND a.state NOT IN ('DRAFT', 'BRANCH_ADOPTED', 'RETURNED', 'WITHDRAWN', 'LAPSED') $$;

-- Committee members read the evidence of what lies before the committee.
CREATE FUNCTION flow.find_file(me auth.actor, file_id text) RETURNS data.file
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE f data.file;
BEGIN
	SELECT w.* INTO f FROM data.file w WHERE w.id = file_id;
	PERFORM auth.need(me, f.org_id);
	IF NOT flow.sees_files(me, f.round_id) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN f;
END $$;
CREATE FUNCTION flow.file_items(file_id text) RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(l.item_code ORDER BY split_part(l.item_code, '.', 1)::int,
		split_part(l.item_code, '.', 2)::int), '{}')
	FROM data.file_link l WHERE l.file_id = file_items.file_id $$;
-- The first chunk that is missing; the number of chunks when none is.
CREATE FUNCTION flow.next_chunk(file_id text) RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT coalesce(min(n) FILTER (WHERE chunk_no <> n), count(*))
		FROM (SELECT c.chunk_no, row_number() OVER (ORDER BY c.chunk_no) - 1 AS n
			FROM data.file_chunk c WHERE c.file_id = next_chunk.file_id) there);
END $$;

CREATE FUNCTION flow.file_hash(file_id text) RETURNS bytea LANGUAGE sql STABLE AS $$
	SELECT sha256(string_agg(c.bytes, '' ORDER BY c.chunk_no))
	FROM data.file_chunk c WHERE c.file_id = file_hash.file_id $$;

-- Every reason against a file as it is announced, before any of its bytes.
CREATE FUNCTION flow.file_reasons(name text, title text, size_bytes bigint,
	sha256 bytea, happened_on date, not_classified boolean)
RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT array_remove(ARRAY[
		CASE WHEN name IS NULL OR NOT flow.file_name_ok(name)
			THEN refuse.reason('file_name') END,
		CASE WHEN flow.marked_secret(name) OR flow.marked_secret(title)
			THEN refuse.reason('file_marked_secret') END,
		CASE WHEN flow.file_name_ok(name) AND NOT EXISTS (SELECT FROM rule.file_type t
				WHERE t.ending = flow.ending(name))
			THEN refuse.reason('file_type', coalesce(flow.ending(name), '-'),
				(SELECT string_agg(t.ending, ' ' ORDER BY t.ending)
					FROM rule.file_type t)) END,
		CASE WHEN flow.blank(title) THEN refuse.reason('file_title_missing')
			END,
		CASE WHEN size_bytes IS NULL OR size_bytes < 1 THEN refuse.reason('file_empty') END,
		CASE WHEN coalesce(length(sha256), 0) <> 32 THEN refuse.reason('file_hash_form')
			END,
		CASE WHEN happened_on > flow.today()
			THEN refuse.reason('date_in_future', happened_on::text)
			WHEN NOT flow.sane_date(happened_on)
			THEN refuse.reason('date_out_of_range', happened_on::text) END,
		CASE WHEN not_classified IS NOT TRUE THEN refuse.reason('file_not_declared') END],
		NULL) $$;

-- Over the limits: told before the bytes are sent.
CREATE FUNCTION flow.need_room(org_id text, round_id text, size_bytes bigint)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE used bigint;
BEGIN
	IF size_bytes > flow.file_limit() THEN
		PERFORM refuse.because('ZB102', 'file_too_big',
			ARRAY[size_bytes::text, flow.file_limit()::text]);
	END IF;
	SELECT coalesce(sum(f.size_bytes), 0) INTO used FROM data.file f
	WHERE f.org_id = org_id AND f.round_id IS NOT DISTINCT FROM round_id
		AND (f.state = 'KEPT' OR (f.state = 'UPLOADING' AND f.begun_at >= flow.upload_from()));
	IF used + size_bytes > flow.files_limit() THEN
		PERFORM refuse.because('ZB102', 'files_too_big',
			ARRAY[used::text, size_bytes::text, flow.files_limit()::text]);
	END IF;
END $$;

CREATE FUNCTION api.begin_file(me auth.actor, org_id text, name text, title text,
	size_bytes bigint, sha256 bytea, happened_on date, not_classified boolean,
	OUT file_id text, OUT state text, OUT next_chunk int, OUT chunks int,
	OUT chunk_bytes int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	org text := flow.own_org(me, org_id);
	round_id text;
BEGIN
	PERFORM auth.need(me, org);
	PERFORM refuse.defects(coalesce(name, '-'), flow.file_reasons(name, title,
		size_bytes, sha256, happened_on, not_classified));
	PERFORM refuse.unless_line('title', title);
	PERFORM pg_advisory_xact_lock(hashtext('file ' || org));
	SELECT r.id INTO round_id FROM data.round r
	WHERE r.org_id = org AND r.ended_on IS NULL;
	-- uploads nobody came back for
	WITH old AS (UPDATE data.file f SET read_back = true WHERE f.org_id = org
		AND f.state = 'UPLOADING' AND f.begun_at < flow.upload_from() RETURNING f.id)
	DELETE FROM data.file_chunk c USING old WHERE c.file_id = old.id;
	-- the same bytes, begun before or kept under the same name
	SELECT f.id, f.state INTO file_id, state FROM data.file f
	WHERE f.org_id = org AND f.sha256 = sha256 AND f.size_bytes = size_bytes
		AND f.round_id IS NOT DISTINCT FROM round_id
		AND (f.state = 'UPLOADING' OR (f.state = 'KEPT' AND f.name = name))
	ORDER BY f.state, f.begun_at LIMIT 1;
	IF file_id IS NULL THEN
		PERFORM flow.need_room(org, round_id, size_bytes);
		file_id := flow.new_id('file', 'WJ', org);
		state := 'UPLOADING';
		INSERT INTO data.file (id, org_id, state, round_id, name, title, media_type,
			size_bytes, sha256, happened_on, begun_at, begun_by)
		SELECT file_id, org, state, round_id, name, title, t.media_type, size_bytes,
			sha256, happened_on, flow.now(), me.person_id
		FROM rule.file_type t WHERE t.ending = flow.ending(name);
	ELSIF state = 'UPLOADING' THEN
		UPDATE data.file f SET name = name, title = title, happened_on = happened_on,
			begun_at = flow.now(), media_type = (SELECT t.media_type
				FROM rule.file_type t WHERE t.ending = flow.ending(name))
		WHERE f.id = file_id;
	END IF;
	next_chunk := flow.next_chunk(file_id);
	chunks := flow.chunks(size_bytes);
	-- all there, yet not kept: the bytes were not those announced
	IF state = 'UPLOADING' AND next_chunk = chunks AND flow.file_hash(file_id) <> sha256 THEN
		UPDATE data.file f SET read_back = true WHERE f.id = file_id;
		DELETE FROM data.file_chunk c WHERE c.file_id = file_id;
		next_chunk := 0;
	END IF;
	chunk_bytes := flow.chunk_bytes();
END $$;

-- What the first bytes must be for the name's ending.
CREATE FUNCTION flow.need_magic(name text, data bytea) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE t rule.file_type;
BEGIN
	SELECT w.* INTO t FROM rule.file_type w WHERE w.ending = flow.ending(name);
	IF (t.magic IS NULL AND position('\x00'::bytea IN data) > 0)
			OR substring(data FROM t.magic_at + 1 FOR length(t.magic)) <> t.magic THEN
		PERFORM refuse.invalid('data', 'file_not_its_type', name, t.ending);
	END IF;
END $$;

CREATE FUNCTION api.put_chunk(me auth.actor, INOUT file_id text, chunk_no int,
	data bytea, OUT next_chunk int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	f data.file := flow.find_file(me, file_id);
	expected bigint;
BEGIN
	-- shared, so that chunks of one file do not wait for each other
	PERFORM 1 FROM data.file w WHERE w.id = file_id AND w.state = 'UPLOADING' FOR SHARE;
	IF NOT FOUND THEN
		PERFORM flow.need(me, 'file', file_id);
	END IF;
	expected := least(flow.chunk_bytes(),
		f.size_bytes - chunk_no::bigint * flow.chunk_bytes());
	IF chunk_no IS NULL OR chunk_no < 0 OR expected < 1 THEN
		PERFORM refuse.invalid('chunk_no', 'chunk_unknown', coalesce(chunk_no::text, '-'),
			flow.chunks(f.size_bytes)::text);
	ELSIF coalesce(length(data), 0) <> expected THEN
		PERFORM refuse.invalid('data', 'chunk_size', coalesce(length(data), 0)::text,
			expected::text);
	END IF;
	IF chunk_no = 0 THEN
		PERFORM flow.need_magic(f.name, data);
	END IF;
	INSERT INTO data.file_chunk AS c (file_id, chunk_no, bytes)
	VALUES (file_id, chunk_no, data)
	ON CONFLICT ON CONSTRAINT file_chunk_pkey DO NOTHING;
	IF NOT FOUND AND (SELECT c.bytes <> data FROM data.file_chunk c
			WHERE c.file_id = file_id AND c.chunk_no = chunk_no) THEN
		PERFORM refuse.conflict('chunk_differs', chunk_no::text);
	END IF;
	next_chunk := flow.next_chunk(file_id);
END $$;

-- A wrong hash keeps nothing; begin_file then starts again at 0.  z_digest is the
-- server's, of the chunks that were stored over one connection, in their order: as no
-- chunk ever changes, that is the hash of what is here, unless chunks were taken away
-- meanwhile.  Without it, or when it is another, the bytes are read back.
CREATE FUNCTION api.finish_file(me auth.actor, INOUT file_id text, z_digest bytea,
	OUT state text, OUT name text, OUT sha256 bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	f data.file := flow.find_file(me, file_id);
	missing int;
BEGIN
	name := f.name;
	sha256 := f.sha256;
	state := 'KEPT';
	IF f.state = 'KEPT' THEN
		RETURN;
	END IF;
	PERFORM flow.need(me, 'file', file_id);
	SELECT w.* INTO f FROM data.file w WHERE w.id = file_id;
	missing := flow.next_chunk(file_id);
	IF missing < flow.chunks(f.size_bytes) THEN
		PERFORM refuse.state(file_id, 'file.UPLOADING',
			ARRAY[refuse.reason('chunk_missing', missing::text)], '{put_chunk}');
	END IF;
	IF (f.read_back OR z_digest IS DISTINCT FROM f.sha256)
			AND flow.file_hash(file_id) <> f.sha256 THEN
		PERFORM refuse.invalid('sha256', 'file_hash_differs', f.name);
	END IF;
	PERFORM flow.need_magic(f.name, (SELECT c.bytes FROM data.file_chunk c
		WHERE c.file_id = file_id AND c.chunk_no = 0));
	PERFORM flow.move(me, 'file', file_id, state);
	UPDATE data.file w SET kept_at = flow.now() WHERE w.id = file_id;
END $$;

-- Items there are, or a refusal that names every one there is not.
CREATE FUNCTION flow.need_items(f data.file, items text[]) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	IF items = '{}' THEN
		PERFORM refuse.invalid('items', 'item_needed');
	END IF;
	PERFORM refuse.defects(f.id, ARRAY(
		SELECT refuse.reason('item_unknown', e) FROM unnest(items) e
		WHERE NOT EXISTS (SELECT FROM data.round r,
				flow.standard_items(r.standard_version_id, r.org_id) i
			WHERE r.id = f.round_id AND i.code = e)));
END $$;

CREATE FUNCTION api.link_file(me auth.actor, INOUT file_id text, INOUT items text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE f data.file := flow.find_file(me, file_id);
BEGIN
	PERFORM flow.need(me, 'file', file_id);
	PERFORM flow.need_items(f, items);
	INSERT INTO data.file_link (file_id, item_code, linked_by, linked_at)
	SELECT DISTINCT file_id, e, me.person_id, flow.now() FROM unnest(items) e
	ON CONFLICT DO NOTHING;
	items := flow.file_items(file_id);
END $$;

CREATE FUNCTION api.unlink_file(me auth.actor, INOUT file_id text, INOUT items text[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_file(me, file_id);
	PERFORM flow.need(me, 'file', file_id);
	DELETE FROM data.file_link l WHERE l.file_id = file_id AND l.item_code = ANY (items);
	items := flow.file_items(file_id);
END $$;

CREATE FUNCTION api.remove_file(me auth.actor, INOUT file_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_file(me, file_id);
	state := 'REMOVED';
	PERFORM flow.move(me, 'file', file_id, state);
	DELETE FROM data.file_link l WHERE l.file_id = file_id;
	DELETE FROM data.file_chunk c WHERE c.file_id = file_id;
END $$;

CREATE FUNCTION api.get_file(me auth.actor, INOUT file_id text, OUT org_id text,
	OUT state text, OUT name text, OUT title text, OUT media_type text,
	OUT size_bytes bigint, OUT sha256 bytea, OUT happened_on date, OUT items text[],
	OUT chunks int, OUT by_name text, OUT kept_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE f data.file := flow.find_file(me, file_id);
BEGIN
	SELECT f.org_id, f.state, f.name, f.title, f.media_type, f.size_bytes, f.sha256,
		f.happened_on, flow.file_items(f.id), flow.chunks(f.size_bytes),
		flow.person_name(f.begun_by), f.kept_at
	INTO org_id, state, name, title, media_type, size_bytes, sha256, happened_on, items,
		chunks, by_name, kept_at;
END $$;

CREATE FUNCTION api.get_chunk(me auth.actor, INOUT file_id text, chunk_no int,
	OUT data bytea)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE f data.file := flow.find_file(me, file_id);
BEGIN
	IF f.state <> 'KEPT' THEN
		PERFORM refuse.state(file_id, 'file.' || f.state);
	END IF;
	SELECT c.bytes INTO data FROM data.file_chunk c
	WHERE c.file_id = file_id AND c.chunk_no = chunk_no;
	IF NOT FOUND THEN
		PERFORM refuse.invalid('chunk_no', 'chunk_unknown', coalesce(chunk_no::text, '-'),
			flow.chunks(f.size_bytes)::text);
	END IF;
END $$;

CREATE TYPE api.file_row AS (file_id text, org_id text, name text, title text,
	size_bytes bigint, state text, happened_on date, items text[]);
CREATE FUNCTION api.list_files(me auth.actor, org_id text, round_id text, item text,
	OUT files api.file_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	org text := flow.own_org(me, org_id);
	round text := round_id;
BEGIN
	PERFORM auth.need(me, org);
	IF round IS NULL THEN
		SELECT r.id INTO round FROM data.round r WHERE r.org_id = org
		ORDER BY r.ended_on IS NULL DESC, r.started_on DESC, r.id DESC LIMIT 1;
	END IF;
	SELECT coalesce(array_agg(ROW(f.id, f.org_id, f.name, f.title, f.size_bytes, f.state,
		f.happened_on, flow.file_items(f.id))::api.file_row
		ORDER BY f.begun_at, length(f.id), f.id), '{}')
	INTO files FROM data.file f
	WHERE f.org_id = org AND f.round_id IS NOT DISTINCT FROM round
		AND f.state <> 'REMOVED' AND flow.sees_files(me, f.round_id)
		AND (item IS NULL OR item = ANY (flow.file_items(f.id)));
END $$;
