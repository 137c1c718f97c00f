-- What an office works with is found by its organisation (auth.reach): every table that
-- names one has an index that begins with it.
DO $make$
DECLARE t text;
BEGIN
	FOR t IN SELECT c.relname FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
		WHERE c.relnamespace = 'data'::regnamespace AND c.relkind = 'r'
			AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid
				AND i.indkey[0] = a.attnum AND i.indpred IS NULL)
		ORDER BY c.relname
	LOOP
		EXECUTE format('CREATE INDEX ON data.%I (org_id)', t);
	END LOOP;
END $make$;
