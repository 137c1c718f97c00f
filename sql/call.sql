-- The middleware.  For every function in api one wrapper is made in call, from
-- one template; the server's roles may execute these and nothing else.
--
--   api.f(me auth.actor, a, b, OUT x, OUT y)        a request of a person
--   api.f(a, b, OUT x, OUT y)                       an anonymous request
--   api.f(me auth.actor, INOUT a, b, OUT x)         `a` is in the request and the reply
--   call.f(z_fp, z_acting, z_key, z_payload, z_signature, a, b) RETURNS call.f_reply
--
-- A STABLE function is a read: office and permission are checked, no more.  A
-- VOLATILE one is a write: the idempotency key is claimed, the event appended
-- and the reply kept, all in the transaction of the business itself.
-- rule.request takes single steps away, with a reason.

CREATE SCHEMA call;

-- Claims a key.  NULL: it is new, go on.  Otherwise the reply given before.
CREATE FUNCTION call.claim(person_id text, key bytea, payload bytea) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE kept data.idem;
BEGIN
	IF key IS NULL OR length(key) <> 16 THEN
		PERFORM refuse.invalid('key', 'key_needed');
	END IF;
	INSERT INTO data.idem AS i (person_id, key, payload_hash, at)
	VALUES (person_id, key, sha256(payload), now())
	ON CONFLICT DO NOTHING;
	IF FOUND THEN
		RETURN NULL;
	END IF;
	SELECT * INTO kept FROM data.idem i WHERE i.person_id = person_id AND i.key = key;
	IF kept.payload_hash <> sha256(payload) THEN
		PERFORM refuse.because('ZB005', 'key_reused');
	END IF;
	RETURN kept.reply;
END $$;

DO $make$
DECLARE
	f record;
	o record;
	decl text;       -- the wrapper's own parameters
	pass text;       -- what it hands on
	cols text;       -- the reply's columns
	object text;     -- what the event is about
	body text;
BEGIN
	FOR f IN SELECT p.oid, p.proname, p.provolatile = 'v' AS writes,
			coalesce(p.proargnames, '{}') AS names,
			coalesce(p.proallargtypes, p.proargtypes::oid[]) AS types,
			p.proargmodes AS modes,
			coalesce(p.proargtypes[0] = 'auth.actor'::regtype, false) AS signed_in
		FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace
		ORDER BY p.proname
	LOOP
		SELECT coalesce(rr.keyed, true) AS keyed, coalesce(rr.evented, true) AS evented,
			coalesce(rr.keeps_payload, true) AS keeps
		INTO o FROM (SELECT 1) one LEFT JOIN rule.request rr ON rr.request = f.proname;

		SELECT coalesce(string_agg(format(', %I %s', n, t::regtype), '' ORDER BY i)
				FILTER (WHERE mode IN ('i', 'b') AND (i > 1 OR NOT f.signed_in)), ''),
			coalesce(string_agg(format('%s.%I', f.proname, n), ', ' ORDER BY i)
				FILTER (WHERE mode IN ('i', 'b') AND (i > 1 OR NOT f.signed_in)), ''),
			coalesce(string_agg(format('%I %s', n, t::regtype), ', ' ORDER BY i)
				FILTER (WHERE mode IN ('o', 't', 'b')), ''),
			coalesce(
				(array_agg(format('r.%I', n) ORDER BY i)
					FILTER (WHERE mode IN ('o', 't', 'b') AND n LIKE '%\_id' AND t = 'text'::regtype))[1],
				(array_agg(format('%s.%I', f.proname, n) ORDER BY i)
					FILTER (WHERE mode = 'i' AND n LIKE '%\_id' AND t = 'text'::regtype))[1],
				'NULL')
		INTO decl, pass, cols, object
		FROM (SELECT i, f.names[i] AS n, f.types[i] AS t,
				coalesce(f.modes[i], 'i') AS mode
			FROM generate_subscripts(f.types, 1) i) a;
		EXECUTE format('CREATE TYPE call.%I AS (%s)', f.proname || '_reply', cols);

		IF NOT f.signed_in THEN
			body := format('SELECT * INTO r FROM api.%I(%s);', f.proname, pass);
		ELSE
			body := format('me := auth.enter(%L, z_fp, z_acting);', f.proname);
			IF f.writes AND o.keyed THEN
				body := body || format(E'\n\tprior := call.claim(me.person_id, z_key, z_payload);'
					'\n\tIF prior IS NOT NULL THEN RETURN prior::call.%I; END IF;',
					f.proname || '_reply');
			END IF;
			body := body || format(E'\n\tSELECT * INTO r FROM api.%I(%s);', f.proname,
				concat_ws(', ', 'me', nullif(pass, '')));
			IF f.writes AND o.evented THEN
				body := body || format(E'\n\tPERFORM audit.append(me, %s, z_key, %s, z_signature);',
					object, CASE WHEN o.keeps THEN 'z_payload' ELSE 'NULL' END);
			END IF;
			IF f.writes AND o.keyed THEN
				body := body || E'\n\tUPDATE data.idem i SET reply = r::text'
					' WHERE i.person_id = me.person_id AND i.key = z_key;';
			END IF;
		END IF;
		EXECUTE format(
			'CREATE FUNCTION call.%I(z_fp bytea, z_acting text, z_key bytea,'
			' z_payload bytea, z_signature bytea%s) RETURNS call.%I LANGUAGE plpgsql %s SECURITY DEFINER'
			' SET search_path = pg_catalog, public, pg_temp AS %L',
			f.proname, decl, f.proname || '_reply',
			CASE WHEN f.writes THEN 'VOLATILE' ELSE 'STABLE' END,
			format(E'#variable_conflict use_variable\nDECLARE\n\tme auth.actor;\n\tprior text;\n\tr call.%I;\nBEGIN\n\t%s\n\tRETURN r;\nEND',
				f.proname || '_reply', body));
	END LOOP;
END $make$;

-- ---- who may execute what ----------------------------------------------------------------
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA call, api, auth, flow, refuse, guard, audit FROM PUBLIC;
GRANT USAGE ON SCHEMA call TO zhibu_member, zhibu_public;
DO $grant$
DECLARE f record;
BEGIN
	FOR f IN SELECT c.oid::regprocedure AS sig, EXISTS (SELECT FROM rule.permission p
			WHERE p.request = c.proname AND p.role = 'anyone') AS open
		FROM pg_proc c WHERE c.pronamespace = 'call'::regnamespace
			AND EXISTS (SELECT FROM pg_proc a WHERE a.pronamespace = 'api'::regnamespace
				AND a.proname = c.proname)
	LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f.sig,
			CASE WHEN f.open THEN 'zhibu_public' ELSE 'zhibu_member' END);
	END LOOP;
END $grant$;
