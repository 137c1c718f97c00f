-- What waits for a second person.  Messages: proto/approval.proto.

-- Whether the first person could still do it.
CREATE FUNCTION guard.approval_can_run(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('approval_expired', a.until_on::text)).* FROM data.approval a
	WHERE a.id = approval_can_run.id AND a.until_on < flow.today()
	UNION ALL
	SELECT (refuse.reason('asker_without_office', flow.person_label(a.person_id))).*
	FROM data.approval a JOIN data.person p ON p.id = a.person_id
	WHERE a.id = approval_can_run.id AND NOT (p.active AND EXISTS (SELECT FROM data.office o
			WHERE o.person_id = a.person_id AND o.role = a.role AND o.org_id = a.org_id
				AND o.from_on <= flow.today()
				AND (o.to_on IS NULL OR o.to_on > flow.today()))
		AND EXISTS (SELECT FROM rule.permission r WHERE r.request = a.request
			AND r.role IN (a.role, 'person')))
	UNION ALL
	SELECT (refuse.reason('asker_key_revoked', flow.person_label(a.person_id))).*
	FROM data.approval a JOIN data.certificate c ON c.fp = a.certificate_fp
	WHERE a.id = approval_can_run.id AND c.revoked_at IS NOT NULL
	UNION ALL
	-- what both read is the same words
	SELECT (refuse.reason('words_changed_since', a.object_id)).*
	FROM data.approval a WHERE a.id = approval_can_run.id AND a.request = 'publish_work'
		AND flow.rewritten_work(a.object_id, a.asked_at) $$;

-- Reasons against this person agreeing, in this office.
CREATE FUNCTION guard.approval_second(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	a data.approval;
	s rule.second_person;
BEGIN
	SELECT x.* INTO a FROM data.approval x WHERE x.id = id;
	IF a.person_id = me.person_id THEN
		RETURN NEXT refuse.reason('asked_by_you');
		RETURN;
	END IF;
	SELECT x.* INTO s FROM rule.second_person x WHERE x.request = a.request
		AND x.role = me.role AND (x.applies IS NULL OR a.args @@ x.applies);
	IF s.request IS NULL OR NOT auth.reaches(me, a.org_id) THEN
		RETURN NEXT refuse.reason('not_the_second');
	ELSE
		RETURN QUERY SELECT r.* FROM unnest(flow.personal_reasons(s.guard, me, a.object_id)) r;
	END IF;
END $$;

CREATE FUNCTION flow.find_approval(me auth.actor, approval_id text) RETURNS data.approval
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	a data.approval;
	reasons refuse.reason[] := flow.personal_reasons('approval_second', me, upper(approval_id));
BEGIN
	SELECT x.* INTO a FROM data.approval x WHERE x.id = upper(approval_id);
	IF a.id IS NULL OR cardinality(reasons) > 0 AND a.person_id <> me.person_id THEN
		PERFORM refuse.denied();
	END IF;
	RETURN a;
END $$;

CREATE TYPE api.approval_field AS (name text, value text);
CREATE TYPE api.approval_row AS (approval_id text, request text, object_id text,
	asked api.approval_field[], asked_by text, asked_role text, asked_at timestamptz,
	until_on date, state text, yours boolean, second text, reason text);

CREATE FUNCTION api.list_approvals(me auth.actor, "all" boolean,
	OUT approvals api.approval_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(a.id, a.request, a.object_id,
		ARRAY(SELECT ROW(f.key, f.value)::api.approval_field
			FROM jsonb_each_text(jsonb_strip_nulls(a.args)) f WHERE f.value <> '[]'),
		flow.person_label(a.person_id), a.role, a.asked_at, a.until_on,
		CASE WHEN a.state = 'WAITING' AND a.until_on < flow.today() THEN 'EXPIRED'
			ELSE a.state END,
		a.person_id = me.person_id, flow.person_label(a.second_id), a.reason)::api.approval_row
		ORDER BY a.id), '{}')
	FROM data.approval a
	WHERE ("all" OR a.state = 'WAITING' AND a.until_on >= flow.today())
		AND (a.person_id = me.person_id
			OR flow.personal_reasons('approval_second', me, a.id) = '{}') $$;

-- The act is the first person's, with the first person's signature; agreeing is an
-- event of its own, and both are one transaction.
CREATE FUNCTION api.give_approval(me auth.actor, INOUT approval_id text, OUT state text,
	OUT request text, OUT object_id text, OUT asked_by text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	a data.approval := flow.find_approval(me, approval_id);
	first auth.actor := ROW(a.person_id, a.role, a.org_id, a.request, a.certificate_fp);
	reply text;
BEGIN
	IF a.person_id = me.person_id THEN
		PERFORM refuse.because('ZB012', 'asked_by_you', ARRAY[a.id]);
	END IF;
	state := 'APPROVED';
	PERFORM flow.need(me, 'approval', a.id, state);
	EXECUTE format('SELECT * FROM kept.%I($1, $2)', a.request) INTO reply, object_id
		USING first, a.args;
	PERFORM audit.append(first, object_id, a.key, a.payload, a.signature);
	UPDATE data.approval x SET state = state, second_id = me.person_id,
		second_role = me.role, answered_at = flow.now(), reply = reply WHERE x.id = a.id;
	approval_id := a.id;
	request := a.request;
	asked_by := flow.person_label(a.person_id);
END $$;

CREATE FUNCTION api.refuse_approval(me auth.actor, INOUT approval_id text, reason text,
	OUT state text, OUT request text, OUT object_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.approval := flow.find_approval(me, approval_id);
BEGIN
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'REFUSED';
	PERFORM flow.need(me, 'approval', a.id, state);
	UPDATE data.approval x SET state = state, second_id = me.person_id,
		second_role = me.role, answered_at = flow.now(), reason = reason WHERE x.id = a.id;
	approval_id := a.id;
	request := a.request;
	object_id := a.object_id;
END $$;
