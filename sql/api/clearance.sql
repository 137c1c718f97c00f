-- Opinions of other bodies.  Messages: proto/clearance.proto.

-- ---- who sees what ------------------------------------------------------------
-- The department, but for its own people's branch; a body that answers here, what it
-- was asked itself.
CREATE FUNCTION flow.sees_clearance(me auth.actor, c data.clearance) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT NOT flow.belongs(me, c.org_id) AND (me.role IN ('od_officer', 'od_head')
		OR EXISTS (SELECT FROM rule.clearance_body b
			WHERE b.body = c.body AND b.role = me.role)) $$;

-- Against this very person, for hints: the body itself is asked before the paper is.
CREATE FUNCTION guard.clearance_hand(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('clearance_of_another', c.body)).* FROM data.clearance c
	WHERE c.id = clearance_hand.id AND (NOT flow.sees_clearance(me, c)
		OR me.role <> 'discipline' AND EXISTS (SELECT FROM rule.clearance_body b
			WHERE b.body = c.body)) $$;

CREATE FUNCTION flow.find_clearance(me auth.actor, clearance_id text) RETURNS data.clearance
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_clearance data.clearance;
BEGIN
	SELECT c.* INTO found_clearance FROM data.clearance c WHERE c.id = clearance_id;
	PERFORM auth.need(me, found_clearance.org_id);
	IF NOT flow.sees_clearance(me, found_clearance) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN found_clearance;
END $$;

-- ---- asking and answering -------------------------------------------------------
CREATE FUNCTION api.ask_clearance(me auth.actor, application_id text, body text,
	matter text, reply_by_on date, OUT clearance_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	PERFORM flow.need_outsider(me, a.org_id);
	PERFORM refuse.unless_line('body', body, 50);
	PERFORM refuse.unless_words('matter', matter, 1000);
	IF reply_by_on < flow.today() THEN
		PERFORM refuse.invalid('reply_by_on', 'date_not_ahead', flow.today()::text);
	END IF;
	PERFORM refuse.unless_sane_date('reply_by_on', reply_by_on);
	PERFORM flow.need(me, 'application', a.id);
	state := 'ASKED';
	clearance_id := flow.new_id('clearance', 'QJ', a.org_id);
	INSERT INTO data.clearance (id, org_id, state, application_id, body, matter, asked_on,
		asked_by, reply_by)
	VALUES (clearance_id, a.org_id, state, a.id, body, matter, flow.today(), me.person_id,
		reply_by_on)
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('clearance_open', body, a.id);
	END IF;
END $$;

-- By the body itself, or by the department from its paper.  Only who may read an
-- annex, or writes it, may enter one.
CREATE FUNCTION api.answer_clearance(me auth.actor, INOUT clearance_id text,
	answered_on date, conclusion text, annex text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE c data.clearance := flow.find_clearance(me, clearance_id);
BEGIN
	IF conclusion IS NULL THEN
		PERFORM refuse.invalid('conclusion', 'text_missing');
	END IF;
	PERFORM refuse.if_too_long('annex', annex, 5000);
	IF annex ~ '\S' AND me.role = 'od_officer' THEN
		PERFORM refuse.invalid('annex', 'annex_for_head');
	ELSIF annex ~ '\S' AND conclusion <> 'SEE_ANNEX' THEN
		PERFORM refuse.invalid('annex', 'annex_without_word');
	ELSIF conclusion = 'SEE_ANNEX' AND me.role <> 'od_officer' THEN
		PERFORM refuse.unless_words('annex', annex, 5000);
	END IF;
	answered_on := coalesce(answered_on, flow.today());
	PERFORM refuse.unless_past('answered_on', answered_on);
	IF answered_on < c.asked_on THEN
		PERFORM refuse.invalid('answered_on', 'reply_before_letter', c.asked_on::text);
	END IF;
	state := 'ANSWERED';
	PERFORM flow.need(me, 'clearance', c.id, state);
	UPDATE data.clearance t SET state = state, answered_on = answered_on,
		conclusion = conclusion, recorded_by = me.person_id WHERE t.id = c.id;
	INSERT INTO data.clearance_annex (clearance_id, text)
	SELECT c.id, annex WHERE annex ~ '\S';
END $$;

CREATE FUNCTION api.withdraw_clearance(me auth.actor, INOUT clearance_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE c data.clearance := flow.find_clearance(me, clearance_id);
BEGIN
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'WITHDRAWN';
	PERFORM flow.move(me, 'clearance', c.id, state);
	UPDATE data.clearance t SET withdrawn_why = reason WHERE t.id = c.id;
END $$;

-- ---- reading -----------------------------------------------------------------------
CREATE TYPE api.clearance_row AS (clearance_id text, application_id text, org_name text,
	body text, state text, asked_on date, reply_by_on date, answered_on date,
	conclusion text);
CREATE FUNCTION api.list_clearances(me auth.actor, application_id text,
	OUT clearances api.clearance_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	IF application_id IS NOT NULL THEN
		PERFORM flow.find_evaluated(me, application_id);
	END IF;
	SELECT coalesce(array_agg(ROW(c.id, c.application_id, a.org_name, c.body, c.state,
		c.asked_on, c.reply_by, c.answered_on, c.conclusion)::api.clearance_row
		ORDER BY c.org_id, c.asked_on, c.id), '{}') INTO clearances
	FROM data.clearance c JOIN data.application a ON a.id = c.application_id
	WHERE flow.sees_clearance(me, c) AND CASE WHEN application_id IS NULL
		THEN c.state = 'ASKED' ELSE c.application_id = application_id END;
END $$;

CREATE FUNCTION api.show_clearance(me auth.actor, INOUT clearance_id text, OUT state text,
	OUT application_id text, OUT org_name text, OUT secretary_name text, OUT body text,
	OUT matter text, OUT asked_on date, OUT reply_by_on date, OUT answered_on date,
	OUT conclusion text, OUT annex text, OUT withdrawn_why text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE c data.clearance := flow.find_clearance(me, clearance_id);
BEGIN
	SELECT c.state, c.application_id, a.org_name, a.secretary_name, c.body, c.matter,
		c.asked_on, c.reply_by, c.answered_on, c.conclusion, c.withdrawn_why
	INTO state, application_id, org_name, secretary_name, body, matter, asked_on,
		reply_by_on, answered_on, conclusion, withdrawn_why
	FROM data.application a WHERE a.id = c.application_id;
	SELECT x.text INTO annex FROM data.clearance_annex x
	WHERE x.clearance_id = c.id AND me.role = 'od_head';
END $$;
