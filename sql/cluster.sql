-- The roles of the server and what they may not do.  A superuser runs it in the
-- server's own database, once and again after every upgrade of PostgreSQL (zhibud
-- does so itself with its private cluster; in external mode:
-- psql -d zhibu -f sql/cluster.sql).  It may be repeated.
--
-- zhibu_owner owns and migrates.  zhibu_member and zhibu_public execute functions
-- of schema call and can do nothing else: what PostgreSQL grants to everybody by
-- default is taken away here, for with it alone a hole in the server could fill
-- the disk (large objects), stop others (advisory locks) or hold connections.

DO $$
DECLARE r text;
BEGIN
	FOREACH r IN ARRAY '{zhibu_owner,zhibu_member,zhibu_public}'::text[] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
			EXECUTE format('CREATE ROLE %I LOGIN', r);
		END IF;
		EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE'
			' NOREPLICATION NOBYPASSRLS', r);
	END LOOP;
END $$;
ALTER ROLE zhibu_member CONNECTION LIMIT 100;
ALTER ROLE zhibu_public CONNECTION LIMIT 100;
ALTER ROLE zhibu_member SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE zhibu_public SET idle_in_transaction_session_timeout = '30s';
-- A refusal is an answer, not an event.  In the log it would stand with its time, at
-- a used slip beside the ballot's hash, and anybody could fill the disk with it; what
-- goes wrong inside is in the server's own log.
ALTER ROLE zhibu_member SET log_min_messages = 'log';
ALTER ROLE zhibu_public SET log_min_messages = 'log';

DO $$
BEGIN
	EXECUTE format('ALTER DATABASE %I OWNER TO zhibu_owner', current_database());
	EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
	EXECUTE format('GRANT CONNECT ON DATABASE %I TO zhibu_member, zhibu_public',
		current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE zhibu_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- No DO block and no function of one's own; definer functions go on working.
REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql, sql TO zhibu_owner;

DO $$
DECLARE f record;
BEGIN
	FOR f IN SELECT p.oid::regprocedure AS signature FROM pg_proc p
		WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
			AND (p.proname LIKE 'lo\_%' OR p.proname IN ('loread', 'lowrite')
				OR p.proname LIKE '%advisory%' OR p.proname LIKE 'pg\_sleep%'
				OR p.proname ~ '^(query|cursor|table|schema|database)_to_xml'
				OR p.proname IN ('set_config', 'pg_notify', 'pg_export_snapshot',
					'pg_cancel_backend', 'pg_terminate_backend',
					'pg_logical_emit_message', 'ts_stat'))
	LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO zhibu_owner', f.signature);
	END LOOP;
END $$;
