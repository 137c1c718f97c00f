-- The shared pieces every api function stands on.  Code and rules are made anew at
-- each migration, so no table may depend on them.

DROP SCHEMA IF EXISTS call, kept, several, api, guard, auth, flow, refuse CASCADE;
DROP FUNCTION IF EXISTS audit.append;
TRUNCATE rule.role, rule.permission, rule.transition, rule.request, rule.matter,
	rule.second_person;

-- A function may name another that a later file makes; the tests call them all.
SET LOCAL check_function_bodies = off;

CREATE SCHEMA refuse;
CREATE SCHEMA flow;
CREATE SCHEMA auth;
CREATE SCHEMA guard;
CREATE SCHEMA api;
CREATE SCHEMA several;

-- What every request calls is plpgsql where it reads a table: such a function keeps its
-- plans, one in sql makes them anew at each call.

-- What is told again must be as durable as what was told first.  A commit may stand here
-- whose wait for the standby a crash broke off; this is written after it, so that the
-- repeat waits for both.
CREATE FUNCTION flow.tell_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_logical_emit_message(true, 'zhibu', '');
END $$;

-- ---- time: Beijing civil dates, the database's clock only ---------------------------
CREATE FUNCTION flow.now() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN now() + coalesce((SELECT d.clock_shift FROM data.deployment d), '0');
END $$;
CREATE FUNCTION flow.today() RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (flow.now() AT TIME ZONE 'Asia/Shanghai')::date;
END $$;
CREATE FUNCTION flow.day(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
AS $$ SELECT (at AT TIME ZONE 'Asia/Shanghai')::date $$;

-- Nothing, or nothing but Unicode's white space (see data.line).
CREATE FUNCTION flow.blank(value text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT value IS NULL OR value !~ '[^\u0009-\u000D\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]' $$;

-- ---- refusals ------------------------------------------------------------------------
CREATE TYPE refuse.reason AS (key text, args text[]);

CREATE FUNCTION refuse.reason(key text, VARIADIC args text[] DEFAULT '{}')
RETURNS refuse.reason LANGUAGE sql IMMUTABLE AS $$ SELECT ROW(key, args)::refuse.reason $$;

-- Ends the request with SQLSTATE class ZB.  MESSAGE is the key and its arguments,
-- DETAIL one line a reason, HINT the requests that would be accepted; fields are
-- parted by U+001F and lines by U+001E, which no stored text can hold
-- (server/refusal.c reads it).
CREATE FUNCTION refuse.because(code text, key text, args text[] DEFAULT '{}',
	reasons refuse.reason[] DEFAULT '{}', allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = code,
		MESSAGE = array_to_string(key || args, E'\x1f', ''),
		DETAIL = coalesce((SELECT string_agg(
			array_to_string(r.key || r.args, E'\x1f', ''), E'\x1e')
			FROM unnest(reasons) r), ''),
		HINT = array_to_string(allowed, E'\x1e');
END $$;

-- ZB001: a field is not as it must be.
CREATE FUNCTION refuse.invalid(field text, key text, VARIADIC args text[] DEFAULT '{}')
RETURNS void LANGUAGE sql AS $$
	SELECT refuse.because('ZB001', 'invalid', ARRAY[field],
		ARRAY[ROW(key, args)::refuse.reason]) $$;
-- ZB001 with all defects at once (一次性告知); nothing happens when there are none.
CREATE FUNCTION refuse.defects(object text, reasons refuse.reason[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(reasons) > 0 THEN
		PERFORM refuse.because('ZB001', 'defects', ARRAY[object], reasons);
	END IF;
END $$;
-- ZB002: not allowed, or there is no such thing: one answer for both.
CREATE FUNCTION refuse.denied() RETURNS void LANGUAGE sql AS $$
	SELECT refuse.because('ZB002', 'denied') $$;
-- ZB003: the state does not allow it.
CREATE FUNCTION refuse.state(object text, state text, reasons refuse.reason[] DEFAULT '{}',
	allowed text[] DEFAULT '{}')
RETURNS void LANGUAGE sql AS $$
	SELECT refuse.because('ZB003', 'state', ARRAY[object, state], reasons, allowed) $$;
-- ZB004: somebody else was there first (a newer revision, a second of its kind).
CREATE FUNCTION refuse.conflict(key text, VARIADIC args text[] DEFAULT '{}')
RETURNS void LANGUAGE sql AS $$ SELECT refuse.because('ZB004', key, args) $$;

-- ---- who is asking ----------------------------------------------------------------------
-- The acting person, as every api function gets it first.  role and org_id are
-- NULL when the request is open to any person and no office was chosen.
CREATE TYPE auth.actor AS (person_id text, role text, org_id text, request text,
	certificate_fp bytea);

-- For a set form: the actors of many requests that say in which office they are made,
-- NULL where auth.enter has more to say.
CREATE FUNCTION auth.enter_all(request text, fps bytea[], actings text[])
RETURNS auth.actor[] LANGUAGE plpgsql STABLE AS $$
DECLARE
	today date := flow.today();
	allowed text[] := ARRAY(SELECT r.role FROM rule.permission r
		WHERE r.request = enter_all.request);
BEGIN
	RETURN ARRAY(SELECT CASE WHEN a.person_id IS NOT NULL THEN ROW(a.person_id, a.role,
			a.org_id, enter_all.request, u.fp)::auth.actor END
		FROM unnest(fps, actings) WITH ORDINALITY u(fp, acting, place)
		LEFT JOIN LATERAL (SELECT o.person_id, o.role, o.org_id
			FROM data.certificate c JOIN data.person p ON p.id = c.person_id
			JOIN data.office o ON o.person_id = p.id
				AND o.role = split_part(u.acting, '@', 1)
				AND o.org_id = split_part(u.acting, '@', 2)
			WHERE c.fp = u.fp AND c.revoked_at IS NULL AND c.superseded_at IS NULL
				AND c.expires_at > now() AND p.active
				AND o.from_on <= today AND (o.to_on IS NULL OR o.to_on > today)
				AND ARRAY[o.role, 'person'] && allowed
			LIMIT 1) a ON true
		ORDER BY u.place);
END $$;

-- Resolves certificate, office and permission, or refuses.  Nothing is cached:
-- a revocation or an office's end holds from the next request on.
CREATE FUNCTION auth.enter(request text, fp bytea, acting text)
RETURNS auth.actor LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	me auth.actor;
	today date := flow.today();
	held text[];
	active boolean;
	accepted boolean;
BEGIN
	SELECT c.person_id, p.active, c.revoked_at IS NULL AND c.superseded_at IS NULL
		AND c.expires_at > now()
	INTO me.person_id, active, accepted
	FROM data.certificate c JOIN data.person p ON p.id = c.person_id
	WHERE c.fp = fp;
	IF NOT active THEN
		PERFORM refuse.because('ZB002', 'account_disabled');
	ELSIF accepted IS NOT TRUE THEN
		PERFORM refuse.because('ZB011', 'certificate_not_accepted');
	END IF;
	me.request := request;
	me.certificate_fp := fp;
	SELECT array_agg(o.role || '@' || o.org_id ORDER BY o.role, o.org_id) INTO held
	FROM data.office o
	WHERE o.person_id = me.person_id AND o.from_on <= today
		AND (o.to_on IS NULL OR o.to_on > today);
	IF acting IS NULL AND cardinality(held) = 1 THEN
		acting := held[1];
	END IF;
	IF acting IS NOT NULL THEN
		IF held IS NULL OR NOT acting = ANY (held) THEN
			PERFORM refuse.because('ZB002', 'office_not_held', ARRAY[acting],
				'{}', '{}');
		END IF;
		me.role := split_part(acting, '@', 1);
		me.org_id := split_part(acting, '@', 2);
	END IF;
	IF EXISTS (SELECT FROM rule.permission p WHERE p.request = request
		AND (p.role = me.role OR p.role = 'person')) THEN
		RETURN me;
	END IF;
	IF me.role IS NULL AND held IS NOT NULL THEN
		PERFORM refuse.because('ZB001', 'choose_office', held);
	END IF;
	PERFORM refuse.denied();
END $$;

-- The organisations below `top` (and itself) on a day.
CREATE FUNCTION flow.below(top text, on_day date) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
	WITH RECURSIVE t(id) AS (
		SELECT top
		UNION
		SELECT v.org_id FROM data.org_version v JOIN t ON v.parent_id = t.id
		WHERE v.from_on <= on_day AND (v.to_on IS NULL OR v.to_on > on_day))
	SELECT id FROM t $$;

-- Whether an organisation is `top` or below it on a day: upwards, which is short.
CREATE FUNCTION flow.is_below(org_id text, top text, on_day date) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (WITH RECURSIVE t(id) AS (
			SELECT is_below.org_id
			UNION
			SELECT v.parent_id FROM data.org_version v JOIN t ON v.org_id = t.id
			WHERE v.from_on <= on_day AND (v.to_on IS NULL OR v.to_on > on_day))
		SELECT FROM t WHERE t.id = top);
END $$;

CREATE FUNCTION auth.reaches(me auth.actor, org_id text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM data.org o WHERE o.id = reaches.org_id) AND
		coalesce((SELECT CASE r.scope
			WHEN 'college' THEN true
			WHEN 'own' THEN reaches.org_id = me.org_id
			ELSE flow.is_below(reaches.org_id, me.org_id, flow.today())
			END FROM rule.role r WHERE r.role = me.role), false);
END $$;

-- The same as a condition on a column, $1 being the actor: for a search, which then
-- finds by index what one office works with among millions.
CREATE FUNCTION auth.reach(me auth.actor, org_column text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN coalesce((SELECT format(CASE r.scope
			WHEN 'college' THEN '%1$s IS NOT NULL'
			WHEN 'own' THEN '%1$s = ($1).org_id'
			ELSE '%1$s IN (SELECT flow.below(($1).org_id, flow.today()))'
			END, org_column) FROM rule.role r WHERE r.role = me.role), 'false');
END $$;

-- Refuses unless the actor's office reaches the organisation (NULL: no such thing).
CREATE FUNCTION auth.need(me auth.actor, org_id text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF need.org_id IS NULL OR NOT auth.reaches(me, need.org_id) THEN
		PERFORM refuse.denied();
	END IF;
END $$;

-- ---- states ---------------------------------------------------------------------------------
-- The table data.<entity> has id text and state text; flow.entity says which
-- organisation an object belongs to, for hints (see api/next.sql).

-- Every reason the guard of a move gives; none when it has no guard.
CREATE FUNCTION flow.reasons(guard text, id text) RETURNS refuse.reason[]
LANGUAGE plpgsql STABLE AS $$
DECLARE r refuse.reason[];
BEGIN
	IF guard IS NULL THEN
		RETURN '{}';
	END IF;
	EXECUTE format('SELECT coalesce(array_agg(g), ''{}'') FROM guard.%I($1) g', guard)
		INTO r USING id;
	RETURN r;
END $$;

-- Requests that would be accepted for an object in this state by this role.
CREATE FUNCTION flow.allowed(me auth.actor, entity text, id text, state text)
RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(DISTINCT t.request ORDER BY t.request), '{}')
	FROM rule.transition t
	JOIN rule.permission p ON p.request = t.request AND p.role = me.role
	WHERE t.entity = allowed.entity AND t.from_state = allowed.state
		AND flow.reasons(t.guard, allowed.id) = '{}' $$;

-- Locks the object and returns its state after checking that the request may be
-- made in it (a move from this state by this request exists and its guard agrees).
-- `to_state` NULL: any move of this request will do.
CREATE FUNCTION flow.need(me auth.actor, entity text, id text, to_state text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	state text;
	found_guard text;
	reasons refuse.reason[];
BEGIN
	EXECUTE format('SELECT state FROM data.%I WHERE id = $1 FOR UPDATE', entity)
		INTO state USING id;
	IF state IS NULL THEN
		PERFORM refuse.denied();
	END IF;
	SELECT t.guard INTO found_guard FROM rule.transition t
	WHERE t.entity = entity AND t.from_state = state AND t.request = me.request
		AND (to_state IS NULL OR t.to_state = to_state)
	ORDER BY t.guard NULLS FIRST LIMIT 1;
	IF NOT FOUND THEN
		PERFORM refuse.state(id, entity || '.' || state, '{}',
			flow.allowed(me, entity, id, state));
	END IF;
	reasons := flow.reasons(found_guard, id);
	IF cardinality(reasons) > 0 THEN
		PERFORM refuse.state(id, entity || '.' || state, reasons,
			flow.allowed(me, entity, id, state));
	END IF;
	RETURN state;
END $$;

-- Moves an object, or refuses with what would be allowed instead.
CREATE FUNCTION flow.move(me auth.actor, entity text, id text, to_state text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM flow.need(me, entity, id, to_state);
	EXECUTE format('UPDATE data.%I SET state = $2 WHERE id = $1', entity)
		USING id, to_state;
END $$;

-- The next free id of a kind: LC26-14, then LC26-14-2 …  (people read them aloud)
CREATE FUNCTION flow.is_taken(entity text, id text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE taken boolean;
BEGIN
	EXECUTE format('SELECT EXISTS (SELECT FROM data.%I WHERE id = $1)', entity)
		INTO taken USING id;
	RETURN taken;
END $$;
CREATE FUNCTION flow.nth_id(stem text, org_id text, n int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT stem || CASE WHEN org_id IS NULL THEN to_char(n, 'FM9999999900')
		WHEN n = 1 THEN org_id ELSE org_id || '-' || n END $$;
CREATE FUNCTION flow.new_id(entity text, prefix text, org_id text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	stem text := prefix || to_char(flow.today(), 'YY') || '-';
	used int := 0;
	unused int := 1;
	n int;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('new_id ' || stem || coalesce(org_id, '')));
	-- doubles until one is free, then halves what lies between
	WHILE flow.is_taken(entity, flow.nth_id(stem, org_id, unused)) LOOP
		used := unused;
		unused := 2 * unused;
	END LOOP;
	WHILE unused - used > 1 LOOP
		n := (used + unused) / 2;
		IF flow.is_taken(entity, flow.nth_id(stem, org_id, n)) THEN
			used := n;
		ELSE
			unused := n;
		END IF;
	END LOOP;
	RETURN flow.nth_id(stem, org_id, unused);
END $$;

-- ---- trace -----------------------------------------------------------------------------------
CREATE FUNCTION audit.append(me auth.actor, object text, key bytea, payload bytea,
	signature bytea) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	INSERT INTO audit.event (at, person_id, role, org_id, request, object, key,
		payload, signature, certificate_fp, body)
	VALUES (flow.now(), me.person_id, me.role, me.org_id, me.request, object, key,
		payload, signature, me.certificate_fp,
		convert_to(concat_ws(E'\n', 'zhibu-event-1',
			to_char(flow.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
			me.person_id, coalesce(me.role, ''), coalesce(me.org_id, ''),
			me.request, coalesce(object, ''), coalesce(encode(key, 'hex'), ''),
			coalesce(encode(sha256(payload), 'hex'), ''),
			coalesce(encode(signature, 'hex'), ''),
			coalesce(encode(me.certificate_fp, 'hex'), '')), 'UTF8'));
END $$;
