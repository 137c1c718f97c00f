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
-- rule.request takes single steps away, with a reason.  A request with a row in
-- rule.second_person is tried, rolled back, and kept until a second person agrees
-- (api/approval.sql); kept.<request> then runs it as the first person's act.

CREATE SCHEMA call;
CREATE SCHEMA kept;

-- Claims a key.  NULL: it is new, go on.  Otherwise the reply given before.  The
-- first write with a renewed certificate ends the one before.
CREATE FUNCTION call.claim(me auth.actor, key bytea, payload bytea) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	kept data.idem;
	person_id text := me.person_id;
BEGIN
	UPDATE data.certificate c SET superseded_at = now()
	WHERE c.fp = (SELECT n.renews FROM data.certificate n WHERE n.fp = me.certificate_fp)
		AND c.superseded_at IS NULL;
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
	PERFORM flow.tell_again();
	RETURN kept.reply;
END $$;

-- A reply must fit one frame, or the client could not be told what was done.  As a
-- text a reply is hardly ever shorter than two thirds of its message.
CREATE FUNCTION call.fits(reply text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF octet_length(reply) > 640 * 1024 THEN
		PERFORM refuse.because('ZB102', 'write_too_big');
	END IF;
	RETURN reply;
END $$;

-- What is answered instead of a result: message Waiting of approval.proto.
CREATE TYPE call.waiting AS (approval_id text, roles text[], until_on date);

-- Whether somebody else must agree to a request with these arguments.
CREATE FUNCTION call.needs_second(request text, args jsonb) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM rule.second_person s WHERE s.request = needs_second.request
		AND (s.applies IS NULL OR needs_second.args @@ s.applies)) $$;

-- Keeps what was asked.  Asked again while it waits, it is the same one.
CREATE FUNCTION call.keep(me auth.actor, object_id text, args jsonb, key bytea,
	payload bytea, signature bytea) RETURNS call.waiting
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	w call.waiting;
	asking auth.actor := me;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('approval'));
	SELECT a.id, a.until_on INTO w.approval_id, w.until_on FROM data.approval a
	WHERE a.state = 'WAITING' AND a.until_on >= flow.today() AND a.person_id = me.person_id
		AND a.role = me.role AND a.org_id = me.org_id AND a.request = me.request
		AND a.args = args;
	IF w.approval_id IS NULL THEN
		SELECT flow.today() + min(s.days) INTO w.until_on FROM rule.second_person s
		WHERE s.request = me.request AND (s.applies IS NULL OR args @@ s.applies);
		w.approval_id := flow.new_id('approval', 'FH');
		INSERT INTO data.approval (id, org_id, state, request, object_id, args, person_id,
			role, certificate_fp, key, payload, signature, asked_at, until_on)
		VALUES (w.approval_id, me.org_id, 'WAITING', me.request, object_id, args,
			me.person_id, me.role, me.certificate_fp, key, payload, signature,
			flow.now(), w.until_on);
		asking.request := 'ask_approval';
		PERFORM audit.append(asking, w.approval_id, key, payload, signature);
	END IF;
	w.roles := ARRAY(SELECT s.role FROM rule.second_person s WHERE s.request = me.request
		AND (s.applies IS NULL OR args @@ s.applies) ORDER BY s.role);
	RETURN w;
END $$;

-- What a repeat is answered: the reply, once a second person has agreed; refused when
-- one has said no or nobody came; NULL while it waits.
CREATE FUNCTION call.came_of(waiting call.waiting) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.approval;
BEGIN
	SELECT x.* INTO a FROM data.approval x WHERE x.id = waiting.approval_id;
	IF a.state = 'REFUSED' THEN
		PERFORM refuse.state(a.id, 'approval.REFUSED', ARRAY[refuse.reason('second_refused',
			flow.person_label(a.second_id), a.reason)]);
	ELSIF a.state = 'WAITING' AND a.until_on < flow.today() THEN
		PERFORM refuse.state(a.id, 'approval.WAITING',
			ARRAY[refuse.reason('approval_expired', a.until_on::text)]);
	END IF;
	RETURN a.reply;
END $$;

DO $make$
DECLARE
	f record;
	o record;
	decl text;       -- the wrapper's own parameters
	pass text;       -- what it hands on
	cols text;       -- the reply's columns
	lone text;       -- the assignment when it has one only
	object text;     -- what the event is about
	two boolean;     -- some of it needs a second person
	act text;        -- the business: r is its reply
	done text;       -- the act and its event
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
			-- a lone column takes the value whole, be it a composite
			CASE WHEN count(*) FILTER (WHERE mode IN ('o', 't', 'b')) = 1
				THEN min(format('r.%I := ', n)) FILTER (WHERE mode IN ('o', 't', 'b')) END,
			coalesce(
				(array_agg(format('r.%I', n) ORDER BY i)
					FILTER (WHERE mode IN ('o', 't', 'b') AND n LIKE '%\_id' AND t = 'text'::regtype))[1],
				(array_agg(format('%s.%I', f.proname, n) ORDER BY i)
					FILTER (WHERE mode = 'i' AND n LIKE '%\_id' AND t = 'text'::regtype))[1],
				'NULL')
		INTO decl, pass, cols, lone, object
		FROM (SELECT i, f.names[i] AS n, f.types[i] AS t,
				coalesce(f.modes[i], 'i') AS mode
			FROM generate_subscripts(f.types, 1) i) a;
		two := f.signed_in AND f.writes AND EXISTS (SELECT FROM rule.second_person s
			WHERE s.request = f.proname);
		EXECUTE format('CREATE TYPE call.%I AS (%s)', f.proname || '_reply',
			concat_ws(', ', nullif(cols, ''), CASE WHEN two THEN 'z_waiting call.waiting' END));
		act := CASE WHEN f.signed_in THEN concat_ws(', ', 'me', nullif(pass, '')) ELSE pass END;
		act := CASE WHEN lone IS NOT NULL THEN format('%sapi.%I(%s);', lone, f.proname, act)
			ELSE format('SELECT * INTO r FROM api.%I(%s);', f.proname, act) END;
		done := act;
		IF f.signed_in AND f.writes AND o.evented THEN
			done := act || format(E'\n\tPERFORM audit.append(me, %s, z_key, %s, z_signature);',
				object, CASE WHEN o.keeps THEN 'z_payload' ELSE 'NULL' END);
		END IF;
		IF two THEN
			EXECUTE format('CREATE TYPE call.%I AS (%s)', f.proname || '_request',
				substr(decl, 3));
			done := format(E'z_args := to_jsonb(ROW(%s)::call.%I);\n'
				'\tIF NOT call.needs_second(%L, z_args) THEN\n\t%s\n\tELSE\n'
				-- tried for real and rolled back, so that the first hears every refusal
				'\tBEGIN\n\t%s\n\tRAISE EXCEPTION USING ERRCODE = ''ZBTRY'';\n'
				'\tEXCEPTION WHEN SQLSTATE ''ZBTRY'' THEN NULL;\n\tEND;\n'
				'\tr.z_waiting := call.keep(me, %s, z_args, z_key, %s, z_signature);\n\tEND IF;',
				pass, f.proname || '_request', f.proname, done, act, object,
				CASE WHEN o.keeps THEN 'z_payload' ELSE 'NULL' END);
			EXECUTE format('CREATE FUNCTION kept.%I(me auth.actor, args jsonb, OUT reply text,'
				' OUT object_id text) LANGUAGE plpgsql AS %L', f.proname,
				format(E'DECLARE\n\t%1$s call.%2$I := jsonb_populate_record(NULL::call.%2$I, args);\n'
					'\tr call.%3$I;\nBEGIN\n\t%4$s\n\treply := r::text;\n\tobject_id := %5$s;\nEND',
					f.proname, f.proname || '_request', f.proname || '_reply', act, object));
		END IF;

		body := done;
		IF f.signed_in AND f.writes AND o.keyed THEN
			body := format(E'prior := call.claim(me, z_key, z_payload);'
				'\n\tIF prior IS NOT NULL THEN\n\tr := prior::call.%1$I;%2$s\n\tRETURN r;\n\tEND IF;\n\t%3$s',
				f.proname || '_reply', CASE WHEN two THEN format(
				E'\n\tr := coalesce(call.came_of(r.z_waiting), prior)::call.%I;',
				f.proname || '_reply') ELSE '' END, done)
				|| E'\n\tUPDATE data.idem i SET reply = call.fits(r::text)'
				' WHERE i.person_id = me.person_id AND i.key = z_key;';
		END IF;
		IF f.signed_in THEN
			body := format(E'me := auth.enter(%L, z_fp, z_acting);\n\t%s', f.proname, body);
		END IF;
		EXECUTE format(
			'CREATE FUNCTION call.%I(z_fp bytea, z_acting text, z_key bytea,'
			' z_payload bytea, z_signature bytea%s) RETURNS call.%I LANGUAGE plpgsql %s SECURITY DEFINER'
			' SET search_path = pg_catalog, public, pg_temp AS %L',
			f.proname, decl, f.proname || '_reply',
			CASE WHEN f.writes THEN 'VOLATILE' ELSE 'STABLE' END,
			format(E'#variable_conflict use_variable\nDECLARE\n\tme auth.actor;\n\tprior text;'
				'\n\tz_args jsonb;\n\tr call.%I;\nBEGIN\n\t%s\n\tRETURN r;\nEND',
				f.proname || '_reply', body));
	END LOOP;
END $make$;

-- ---- set forms ---------------------------------------------------------------------------
-- A hot request may have one: several.f takes an array of each parameter of api.f, an
-- element for each of the requests that wait, and returns what it answered: the reply's
-- columns, and the places of the requests that have this reply.  What it leaves out runs
-- by api.f, so refusals stand in one place.  A person's request is a read, and gets the actors
-- first, with NULL for those who are not plainly allowed in.  The wrapper is plpgsql,
-- which keeps its plans: for a few requests one made anew looks cheaper than the kept
-- one, and its making costs more than the answer.
--
--   several.f(me auth.actor[], a text[], b bytea[]) RETURNS TABLE (x int, places int[])
--   call.f_set(z_fp bytea[], …, a text[], b bytea[]) RETURNS SETOF call.f_set_reply
DO $make$
DECLARE f record;
BEGIN
	FOR f IN SELECT s.proname, s.proname || '_set' AS name, s.provolatile, l.*, c.cols
		FROM pg_proc s JOIN pg_proc a ON a.proname = s.proname
			AND a.pronamespace = 'api'::regnamespace AND a.provolatile = s.provolatile,
		LATERAL (SELECT coalesce(bool_or(t = 'auth.actor'::regtype), false) AS signed_in,
			string_agg(format('%I %s[]', n, t::regtype), ', ' ORDER BY i)
				FILTER (WHERE t <> 'auth.actor'::regtype) AS params,
			string_agg(format('%I', n), ', ' ORDER BY i)
				FILTER (WHERE t <> 'auth.actor'::regtype) AS pass
			FROM unnest(a.proargnames, coalesce(a.proallargtypes, a.proargtypes), a.proargmodes)
				WITH ORDINALITY p(n, t, mode, i) WHERE mode IN ('i', 'b')) l,
		LATERAL (SELECT string_agg(format('%I %s', n, t::regtype), ', ' ORDER BY i) AS cols
			FROM unnest(s.proargnames, s.proallargtypes, s.proargmodes)
				WITH ORDINALITY p(n, t, mode, i) WHERE mode = 't') c
		WHERE s.pronamespace = 'several'::regnamespace
	LOOP
		EXECUTE format('CREATE TYPE call.%I AS (%s)', f.name || '_reply', f.cols);
		EXECUTE format('CREATE FUNCTION call.%I(z_fp bytea[], z_acting text[], z_key bytea[],'
			' z_payload bytea[], z_signature bytea[], %s) RETURNS SETOF call.%I LANGUAGE plpgsql'
			' %s SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp'
			' SET plan_cache_mode = force_generic_plan AS %L',
			f.name, f.params, f.name || '_reply',
			CASE f.provolatile WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
			format(E'#variable_conflict use_variable\nBEGIN\n'
				'\tRETURN QUERY SELECT * FROM several.%I(%s);\nEND', f.proname,
				concat_ws(', ', CASE WHEN f.signed_in THEN format(
					'auth.enter_all(%L, z_fp, z_acting)', f.proname) END, f.pass)));
		-- a write of a person has a key and an event, which no set form keeps
		ASSERT NOT (f.signed_in AND f.provolatile = 'v'), f.name;
	END LOOP;
END $make$;

-- ---- who may execute what ----------------------------------------------------------------
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA call, kept, several, api, auth, flow, refuse, guard, audit FROM PUBLIC;
GRANT USAGE ON SCHEMA call TO zhibu_member, zhibu_public;
DO $grant$
DECLARE f record;
BEGIN
	FOR f IN SELECT c.oid::regprocedure AS sig, EXISTS (SELECT FROM rule.permission p
			WHERE c.proname IN (p.request, p.request || '_set')
				AND p.role = 'anyone') AS open
		FROM pg_proc c WHERE c.pronamespace = 'call'::regnamespace
			AND EXISTS (SELECT FROM pg_proc a WHERE a.pronamespace = 'api'::regnamespace
				AND c.proname IN (a.proname, a.proname || '_set'))
	LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f.sig,
			CASE WHEN f.open THEN 'zhibu_public' ELSE 'zhibu_member' END);
	END LOOP;
END $grant$;
