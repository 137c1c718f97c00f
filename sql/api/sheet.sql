-- The sheet kept ready.  A committee opens the same few sheets again and again; each is
-- made from a dozen tables, so it is kept whole from its first reading until one of
-- them changes.  This is code's own table: every migration begins it anew.

-- `serial` counts the changes, so that what was made before one is never kept after it.
CREATE TABLE flow.sheet (
	application_id text PRIMARY KEY REFERENCES data.application ON DELETE CASCADE,
	serial bigint NOT NULL DEFAULT 0,
	as_of_on date,                    -- the day it was made; NULL: to be made
	sheet api.evaluation_sheet);
-- read whole at each request: beside its row, not packed away
ALTER TABLE flow.sheet ALTER COLUMN sheet SET STORAGE EXTERNAL;
ALTER TABLE flow.sheet SET (toast_tuple_target = 8160);

-- What changed concerns these applications: the trigger's argument finds them from the
-- row, $1.
CREATE FUNCTION flow.sheet_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE flow.sheet s SET serial = s.serial + 1, as_of_on = NULL'
		' WHERE s.application_id IN (%s)', TG_ARGV[0]) USING coalesce(NEW, OLD);
	RETURN NULL;
END $$;
-- Every table that flow.evaluation_sheet reads, but for what is fixed before it can be
-- seen (tests/sql/test_sheet.sql compares).
DO $make$
DECLARE t record;
BEGIN
	FOR t IN SELECT * FROM (VALUES
		('eval_stream', 'SELECT $1.application_id'),
		('ballot_session', 'SELECT $1.application_id'),
		('interview', 'SELECT $1.application_id'),
		('letter', 'SELECT $1.application_id'),
		('mass_session', 'SELECT $1.application_id'),
		('survey', 'SELECT $1.application_id'),
		('notice_item', 'SELECT $1.application_id'),
		('notice', 'SELECT i.application_id FROM data.notice_item i WHERE i.notice_id = $1.id'),
		('clearance', 'SELECT $1.application_id'),
		('note', 'SELECT $1.application_id'),
		('duty_review', 'SELECT $1.application_id'),
		('application', 'SELECT $1.id'),
		('ballot_tally', 'SELECT b.application_id FROM data.ballot_session b WHERE b.id = $1.session_id'),
		('paper_tally', 'SELECT b.application_id FROM data.ballot_session b WHERE b.id = $1.session_id'),
		('paper_mark', 'SELECT b.application_id FROM data.ballot_session b WHERE b.id = $1.session_id'),
		('eval_version', 'SELECT e.application_id FROM data.eval_stream e WHERE e.id = $1.stream_id'),
		('representative', 'SELECT m.application_id FROM data.mass_session m WHERE m.id = $1.mass_session_id'),
		('outside_unit', 'SELECT l.application_id FROM data.letter l WHERE l.unit_id = $1.id'),
		('gap', 'SELECT a.id FROM data.application a WHERE a.org_id = $1.org_id'))
		AS v(name, applications)
	LOOP
		EXECUTE format('CREATE TRIGGER sheet_changed AFTER INSERT OR UPDATE OR DELETE ON data.%I'
			' FOR EACH ROW EXECUTE FUNCTION flow.sheet_changed(%L)', t.name, t.applications);
	END LOOP;
END $make$;
CREATE TRIGGER sheet_changed AFTER UPDATE OF name ON data.person FOR EACH ROW
	WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION flow.sheet_changed(
	'SELECT s.application_id FROM flow.sheet s WHERE s.as_of_on IS NOT NULL');

CREATE FUNCTION flow.sheet_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO flow.sheet (application_id) VALUES (NEW.id);
	RETURN NULL;
END $$;
CREATE TRIGGER sheet_of_new AFTER INSERT ON data.application FOR EACH ROW
	EXECUTE FUNCTION flow.sheet_of_new();
INSERT INTO flow.sheet (application_id) SELECT a.id FROM data.application a;

-- Keeps a sheet made when `serial` held.  Whoever is changing it now need not be waited
-- for, and a standby keeps nothing.
CREATE FUNCTION flow.keep_sheet(kept flow.sheet, sheet api.evaluation_sheet) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	IF pg_is_in_recovery() THEN
		RETURN;
	END IF;
	PERFORM 1 FROM flow.sheet s WHERE s.application_id = kept.application_id
		AND s.serial = kept.serial AND s.as_of_on IS DISTINCT FROM sheet.as_of_on
	FOR UPDATE SKIP LOCKED;
	IF FOUND THEN
		UPDATE flow.sheet s SET as_of_on = sheet.as_of_on, sheet = sheet
		WHERE s.application_id = kept.application_id;
	END IF;
END $$;

-- The whole sheet of an application, as it is now.
CREATE FUNCTION flow.whole_sheet(application_id text) RETURNS api.evaluation_sheet
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE kept flow.sheet;
BEGIN
	SELECT s.* INTO kept FROM flow.sheet s WHERE s.application_id = application_id;
	IF kept.as_of_on IS DISTINCT FROM flow.today() THEN
		kept.sheet := flow.evaluation_sheet(application_id, true);
		PERFORM flow.keep_sheet(kept, kept.sheet);
	END IF;
	RETURN kept.sheet;
END $$;

-- Many at once: whoever sees whole sheets and asks for one that is ready.  A committee
-- opens one sheet together: it is read once for all of them.
CREATE FUNCTION several.show_evaluation(me auth.actor[], asked text[])
RETURNS TABLE (application_id text, sheet api.evaluation_sheet, places int[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
	today date := flow.today();
	wide text[] := ARRAY(SELECT r.role FROM rule.role r WHERE r.scope = 'college');
BEGIN
	RETURN QUERY SELECT s.application_id, s.sheet, q.places
	FROM (SELECT u.application_id, array_agg(u.place::int) AS places
		FROM unnest(me, asked) WITH ORDINALITY
			u(person_id, role, org_id, request, certificate_fp, application_id, place)
		WHERE u.role = ANY (wide) AND NOT EXISTS (
			SELECT FROM data.application a JOIN data.affiliation f
				ON f.person_id = u.person_id AND f.org_id = a.org_id
			WHERE a.id = u.application_id)
		GROUP BY u.application_id) q
	JOIN flow.sheet s ON s.application_id = q.application_id AND s.as_of_on = today;
END $$;
