-- Objections.  Messages: proto/objection.proto.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.objection_answers_in(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('question_unanswered', q.id, q.due_on::text) FROM data.question q
	WHERE q.objection_id = objection_answers_in.id AND q.state = 'ASKED'
		AND q.due_on >= flow.today() ORDER BY q.id $$;
CREATE FUNCTION guard.objection_unnoted(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('objection_noted_already', o.id) FROM data.objection o
	WHERE o.id = objection_unnoted.id AND o.committee_note IS NOT NULL $$;
CREATE FUNCTION guard.objection_noted(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('objection_note_missing', o.id) FROM data.objection o
	WHERE o.id = objection_noted.id AND o.committee_note IS NULL
		AND num_nonnulls(o.application_id, o.award_id) > 0
	UNION ALL
	SELECT refuse.reason('objection_review_missing', o.id, o.award_id) FROM data.objection o
	WHERE o.id = objection_noted.id AND o.effect = 'REVIEW' AND flow.wants_review(o.award_id) $$;
-- Of an application.
CREATE FUNCTION guard.objections_settled(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('objection_open', o.id, 'objection.' || o.state)
	FROM flow.open_objections(objections_settled.id) o $$;
CREATE FUNCTION guard.deliberate_again(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.objections_settled(deliberate_again.id) g
	UNION ALL
	SELECT refuse.reason('no_second_deliberation', deliberate_again.id)
	WHERE NOT flow.wants_again(deliberate_again.id) $$;

-- Who belongs to the branch has no hand in it.
CREATE FUNCTION guard.objection_outsider(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT refuse.reason('own_branch', o.org_id) FROM data.objection o
	WHERE o.id = objection_outsider.id AND flow.belongs(me, o.org_id) $$;
CREATE FUNCTION guard.objection_handler(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.objection_outsider(me, objection_handler.id) g
	UNION ALL
	SELECT refuse.reason('objection_of_handler', o.id) FROM data.objection o
	WHERE o.id = objection_handler.id AND o.handler_id IS DISTINCT FROM me.person_id $$;
CREATE FUNCTION guard.objection_unassigned(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g FROM guard.objection_outsider(me, objection_unassigned.id) g
	UNION ALL
	SELECT g FROM data.objection o, guard.when(o.handler_id IS NOT NULL, 'objection_assigned') g
	WHERE o.id = objection_unassigned.id $$;
CREATE FUNCTION guard.question_of_own_branch(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g FROM data.question q, guard.when(q.org_id <> me.org_id, 'question_elsewhere') g
	WHERE q.id = question_of_own_branch.id $$;

-- ---- pieces ----------------------------------------------------------------------
-- The ledger is for those it concerns; a member of the committee who has stood aside
-- from the branch's item does not read on.
CREATE FUNCTION flow.sees_objection(me auth.actor, o data.objection) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT auth.reaches(me, o.org_id) AND NOT flow.belongs(me, o.org_id)
		AND (flow.handles_objection(me, o) OR o.state <> 'RECEIVED')
		AND NOT EXISTS (SELECT FROM data.recusal r
			JOIN data.agenda_item i ON i.id = r.agenda_item_id
			WHERE i.application_id = o.application_id AND r.person_id = me.person_id) $$;
-- Its words are for the officers and for who handles it.
CREATE FUNCTION flow.handles_objection(me auth.actor, o data.objection) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT coalesce(me.role = 'objection_officer' OR o.handler_id = me.person_id, false) $$;

CREATE FUNCTION flow.find_objection(me auth.actor, objection_id text) RETURNS data.objection
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE o data.objection;
BEGIN
	SELECT t.* INTO o FROM data.objection t WHERE t.id = upper(objection_id);
	IF o.id IS NULL OR NOT flow.sees_objection(me, o) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN o;
END $$;
-- The same, for the officer or the person it was given to.
CREATE FUNCTION flow.my_objection(me auth.actor, objection_id text) RETURNS data.objection
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.find_objection(me, objection_id);
BEGIN
	IF NOT flow.handles_objection(me, o) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN o;
END $$;

-- The application a notice or a branch's matter is about now.
CREATE FUNCTION flow.objection_application(notice_id text, org_id text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce(
		(SELECT i.application_id FROM data.notice_item i
		WHERE i.notice_id = objection_application.notice_id
			AND i.org_id = objection_application.org_id),
		(SELECT a.id FROM data.application a
		WHERE a.org_id = objection_application.org_id
			AND a.state IN ('PROPOSED_AWARD', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'CONFIRMED')
		ORDER BY a.id DESC LIMIT 1)) $$;

-- The clock of effect stops while it is handled.
CREATE FUNCTION flow.hold_application(me auth.actor, o data.objection) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM data.application a WHERE a.id = o.application_id
			AND a.state = 'IN_PUBLICITY') THEN
		PERFORM flow.move(me, 'application', o.application_id, 'OBJECTION_HANDLING');
		PERFORM flow.step(me, o.application_id, 'OBJECTION_HANDLING', NULL, o.id);
	END IF;
END $$;

CREATE FUNCTION refuse.unless_objection(notice_id text, org_id text, text text,
	sealed bytea, token_hash bytea) RETURNS void LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	PERFORM refuse.unless_words('text', text, 4000);
	IF notice_id IS NOT NULL AND NOT EXISTS (SELECT FROM data.notice n
			WHERE n.id = upper(notice_id) AND n.state IN ('POSTED', 'ENDED_CLEAR',
				'ENDED_WITH_OBJECTION', 'ARCHIVED')) THEN
		PERFORM refuse.invalid('notice_id', 'notice_not_public', notice_id);
	END IF;
	IF org_id IS NOT NULL THEN
		PERFORM refuse.unless_branch('org_id', org_id);
	END IF;
	IF length(sealed) <> flow.letter_size() THEN
		PERFORM refuse.invalid('sealed', 'letter_size');
	ELSIF sealed IS NOT NULL AND NOT EXISTS (SELECT FROM flow.objection_keys()) THEN
		PERFORM refuse.invalid('sealed', 'no_objection_officer');
	END IF;
	IF length(token_hash) IS DISTINCT FROM 32 THEN
		PERFORM refuse.invalid('token_hash', 'receipt_missing');
	END IF;
END $$;

-- ---- without a certificate ---------------------------------------------------------
CREATE FUNCTION api.objection_keys(OUT public_keys bytea[], OUT key_check text)
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT k FROM flow.objection_keys() k), flow.key_check() $$;

-- Sent again, the same one is answered as before.  What waits to be registered is
-- bounded, so that nobody can fill the disk with it.
CREATE FUNCTION api.file_objection(notice_id text, org_id text, text text, sealed bytea,
	token_hash bytea, OUT objection_id text, OUT state text, OUT received_on date)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection;
BEGIN
	PERFORM refuse.unless_objection(notice_id, org_id, text, sealed, token_hash);
	PERFORM pg_advisory_xact_lock(hashtext('file_objection'));
	SELECT t.* INTO o FROM data.objection t WHERE t.token_hash = token_hash;
	IF o.id IS NULL THEN
		IF (SELECT count(*) FROM data.objection t WHERE t.state = 'RECEIVED') >= 500 THEN
			PERFORM refuse.because('ZB003', 'objections_full');
		END IF;
		INSERT INTO data.objection (id, org_id, state, notice_id, came_by, received_on,
			token_hash, sealed, text)
		VALUES (flow.new_id('objection', 'YY'), coalesce(org_id, flow.committee()),
			'RECEIVED', upper(notice_id), 'ONLINE', flow.today(), token_hash, sealed, text)
		RETURNING * INTO o;
	ELSIF o.text IS DISTINCT FROM text OR o.sealed IS DISTINCT FROM sealed THEN
		PERFORM refuse.conflict('receipt_used');
	END IF;
	objection_id := o.id;
	state := o.state;
	received_on := o.received_on;
END $$;

-- For who holds the receipt: how far it is, and the reply.
CREATE FUNCTION api.read_objection(token bytea, OUT objection_id text, OUT state text,
	OUT received_on date, OUT reply text, OUT replied_on date)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	SELECT o.id, o.state, o.received_on, o.reply, o.replied_on
	INTO objection_id, state, received_on, reply, replied_on
	FROM data.objection o WHERE o.token_hash = sha256(token);
	IF objection_id IS NULL THEN
		PERFORM refuse.because('ZB002', 'receipt_unknown');
	END IF;
END $$;

-- ---- the officer ---------------------------------------------------------------------
-- Two officers at most; a new key of the same person takes the place of the old.
CREATE FUNCTION api.register_objection_key(me auth.actor, public_key bytea,
	OUT key_check text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	IF length(public_key) IS DISTINCT FROM 32 OR EXISTS (SELECT FROM data.objection_key k
			WHERE k.public_key = public_key AND k.person_id <> me.person_id) THEN
		PERFORM refuse.invalid('public_key', 'officer_key_malformed');
	END IF;
	PERFORM pg_advisory_xact_lock(hashtext('objection_key'));
	IF (SELECT count(*) FROM data.objection_key k WHERE k.replaced_on IS NULL
			AND k.person_id <> me.person_id
			AND k.public_key IN (SELECT flow.objection_keys())) >= 2 THEN
		PERFORM refuse.because('ZB003', 'two_objection_officers');
	END IF;
	UPDATE data.objection_key k SET replaced_on = flow.today()
	WHERE k.person_id = me.person_id AND k.replaced_on IS NULL
		AND k.public_key <> public_key;
	INSERT INTO data.objection_key (public_key, person_id, registered_on)
	VALUES (public_key, me.person_id, flow.today())
	ON CONFLICT ON CONSTRAINT objection_key_pkey DO UPDATE SET replaced_on = NULL;
	key_check := flow.key_check();
END $$;

-- Taken by telephone, letter or in person.
CREATE FUNCTION api.record_objection(me auth.actor, came_by text, received_on date,
	notice_id text, org_id text, award_id text, gist text, text text, sealed bytea,
	token_hash bytea, OUT objection_id text, OUT state text, OUT application_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection;
BEGIN
	IF came_by IS NULL OR came_by NOT IN ('TELEPHONE', 'LETTER', 'VISIT') THEN
		PERFORM refuse.invalid('came_by', 'choice_missing');
	END IF;
	received_on := coalesce(received_on, flow.today());
	PERFORM refuse.unless_past('received_on', received_on);
	PERFORM refuse.unless_sane_date('received_on', received_on);
	PERFORM refuse.unless_objection(notice_id, org_id, text, sealed, token_hash);
	IF received_on < (SELECT n.posted_on FROM data.notice n WHERE n.id = upper(notice_id)) THEN
		PERFORM refuse.invalid('received_on', 'objection_before_notice', received_on::text);
	END IF;
	PERFORM refuse.unless_line('gist', gist);
	PERFORM flow.need_outsider(me, org_id);
	IF award_id IS NOT NULL AND NOT EXISTS (SELECT FROM data.award w
			WHERE w.id = award_id AND w.org_id = org_id) THEN
		PERFORM refuse.invalid('award_id', 'award_of_branch', award_id);
	END IF;
	state := 'REGISTERED';
	INSERT INTO data.objection (id, org_id, state, notice_id, application_id, award_id,
		came_by, received_on, token_hash, sealed, text, gist, registered_by,
		registered_on)
	VALUES (flow.new_id('objection', 'YY'), coalesce(org_id, flow.committee()), state,
		upper(notice_id), flow.objection_application(upper(notice_id), org_id), award_id,
		came_by, received_on, token_hash, sealed, text, gist, me.person_id, flow.today())
	ON CONFLICT DO NOTHING RETURNING * INTO o;
	IF o.id IS NULL THEN
		PERFORM refuse.conflict('receipt_used');
	END IF;
	PERFORM flow.hold_application(me, o);
	objection_id := o.id;
	application_id := o.application_id;
END $$;

CREATE FUNCTION api.register_objection(me auth.actor, INOUT objection_id text,
	gist text, org_id text, award_id text, OUT state text, OUT application_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	state := 'REGISTERED';
	PERFORM flow.move(me, 'objection', o.id, state);
	PERFORM refuse.unless_line('gist', gist);
	IF org_id IS NOT NULL THEN
		PERFORM refuse.unless_branch('org_id', org_id);
		PERFORM flow.need_outsider(me, org_id);
	END IF;
	org_id := coalesce(org_id, o.org_id);
	IF award_id IS NOT NULL AND NOT EXISTS (SELECT FROM data.award w
			WHERE w.id = award_id AND w.org_id = org_id) THEN
		PERFORM refuse.invalid('award_id', 'award_of_branch', award_id);
	END IF;
	application_id := flow.objection_application(o.notice_id, org_id);
	UPDATE data.objection t SET org_id = org_id, gist = gist,
		application_id = application_id, award_id = award_id,
		registered_by = me.person_id, registered_on = flow.today()
	WHERE t.id = o.id RETURNING t.* INTO o;
	PERFORM flow.hold_application(me, o);
END $$;

-- Not about this work: the writer is told where it belongs.
CREATE FUNCTION api.decline_objection(me auth.actor, INOUT objection_id text, reply text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	state := 'OUT_OF_SCOPE';
	PERFORM flow.move(me, 'objection', o.id, state);
	PERFORM refuse.unless_words('reply', reply, 4000);
	UPDATE data.objection t SET reply = reply, replied_by = me.person_id,
		replied_on = flow.today(), ended_on = flow.today() WHERE t.id = o.id;
	IF EXISTS (SELECT FROM data.application a WHERE a.id = o.application_id
			AND a.state = 'OBJECTION_HANDLING')
			AND flow.reasons('objections_settled', o.application_id) = '{}'
			AND NOT flow.wants_again(o.application_id) THEN
		PERFORM flow.move(me, 'application', o.application_id, 'IN_PUBLICITY');
		PERFORM flow.step(me, o.application_id, 'IN_PUBLICITY', NULL, o.id);
	END IF;
END $$;

-- A clue of a breach of discipline leaves this system: nothing stays but that it was
-- handed over (T6).
CREATE FUNCTION api.transfer_objection(me auth.actor, INOUT objection_id text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	state := 'TRANSFERRED_TO_DISCIPLINE';
	PERFORM flow.need(me, 'objection', o.id, state);
	DELETE FROM data.inquiry i WHERE i.objection_id = o.id;
	DELETE FROM data.question q WHERE q.objection_id = o.id;
	DELETE FROM data.identity_opening p WHERE p.objection_id = o.id;
	UPDATE data.objection t SET sealed = NULL, text = NULL, gist = NULL,
		handler_id = NULL, ended_on = flow.today() WHERE t.id = o.id;
	PERFORM flow.move(me, 'objection', o.id, state);
	-- of what it was, the branch's application shows that an opinion is asked for
	IF o.application_id IS NOT NULL THEN
		INSERT INTO data.clearance (id, org_id, state, application_id, body, matter,
			asked_on, asked_by)
		VALUES (flow.new_id('clearance', 'QJ', o.org_id), o.org_id, 'ASKED',
			o.application_id, '纪委', '是否影响评定', flow.today(), me.person_id)
		ON CONFLICT DO NOTHING;
	END IF;
END $$;

-- ---- inquiry -------------------------------------------------------------------------
CREATE FUNCTION api.assign_objection(me auth.actor, INOUT objection_id text,
	person_id text, OUT state text, OUT name text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	person_id := coalesce(person_id, me.person_id);
	PERFORM refuse.unless_somebody('person_id', person_id);
	IF NOT EXISTS (SELECT FROM data.office f WHERE f.person_id = person_id
			AND f.role IN ('objection_officer', 'od_officer', 'discipline')
			AND f.from_on <= flow.today() AND (f.to_on IS NULL OR f.to_on > flow.today())) THEN
		PERFORM refuse.invalid('person_id', 'handler_office', flow.person_name(person_id));
	ELSIF flow.is_member(person_id, o.org_id, flow.today()) THEN
		PERFORM refuse.invalid('person_id', 'own_branch_other_hand',
			flow.person_name(person_id));
	END IF;
	state := CASE o.state WHEN 'INQUIRING' THEN o.state ELSE 'ASSIGNED' END;
	PERFORM flow.move(me, 'objection', o.id, state);
	UPDATE data.objection t SET handler_id = person_id WHERE t.id = o.id;
	name := flow.person_name(person_id);
END $$;

-- Only the person it was given to goes on with it.
CREATE FUNCTION flow.need_handler(me auth.actor, objection_id text) RETURNS data.objection
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	o data.objection := flow.my_objection(me, objection_id);
	reasons refuse.reason[];
BEGIN
	reasons := ARRAY(SELECT g FROM guard.objection_handler(me, o.id) g);
	IF o.handler_id IS NOT NULL AND cardinality(reasons) > 0 THEN
		PERFORM refuse.because('ZB002', 'other_hand_needed', ARRAY[o.id], reasons);
	END IF;
	RETURN o;
END $$;

CREATE FUNCTION api.record_inquiry(me auth.actor, INOUT objection_id text,
	happened_on date, text text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.need_handler(me, objection_id);
BEGIN
	objection_id := o.id;
	state := 'INQUIRING';
	PERFORM flow.move(me, 'objection', o.id, state);
	PERFORM refuse.unless_words('text', text, 4000);
	happened_on := coalesce(happened_on, flow.today());
	PERFORM refuse.unless_past('happened_on', happened_on);
	IF happened_on < o.received_on THEN
		PERFORM refuse.invalid('happened_on', 'inquiry_before_objection', o.received_on::text);
	END IF;
	INSERT INTO data.inquiry (objection_id, serial, happened_on, text, by_person)
	SELECT o.id, coalesce(max(i.serial), 0) + 1, happened_on, text, me.person_id
	FROM data.inquiry i WHERE i.objection_id = o.id;
END $$;

CREATE FUNCTION api.ask_branch(me auth.actor, objection_id text, question text,
	due_on date, OUT query_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.need_handler(me, objection_id);
BEGIN
	PERFORM flow.move(me, 'objection', o.id, 'INQUIRING');
	PERFORM refuse.unless_words('question', question, 2000);
	IF due_on IS NULL OR due_on < flow.today() THEN
		PERFORM refuse.invalid('due_on', 'date_not_ahead', flow.today()::text);
	END IF;
	PERFORM refuse.unless_sane_date('due_on', due_on);
	IF o.org_id = flow.committee() THEN
		PERFORM refuse.invalid('objection_id', 'no_branch_to_ask', o.id);
	END IF;
	query_id := flow.new_id('question', 'WX', o.org_id);
	state := 'ASKED';
	INSERT INTO data.question (id, org_id, state, objection_id, question, asked_by,
		asked_on, due_on)
	VALUES (query_id, o.org_id, state, o.id, question, me.person_id, flow.today(), due_on);
END $$;

CREATE FUNCTION api.answer_question(me auth.actor, INOUT query_id text, answer text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE q data.question;
BEGIN
	SELECT t.* INTO q FROM data.question t WHERE t.id = upper(query_id);
	PERFORM auth.need(me, q.org_id);
	query_id := q.id;
	state := 'ANSWERED';
	PERFORM flow.move(me, 'question', q.id, state);
	PERFORM refuse.unless_words('answer', answer, 4000);
	UPDATE data.question t SET answer = answer, answered_by = me.person_id,
		answered_on = flow.today() WHERE t.id = q.id;
END $$;

CREATE FUNCTION api.conclude_objection(me auth.actor, INOUT objection_id text,
	conclusion text, verified text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.need_handler(me, objection_id);
BEGIN
	objection_id := o.id;
	state := 'CONCLUDED';
	PERFORM flow.move(me, 'objection', o.id, state);
	IF conclusion IS NULL OR conclusion NOT IN ('SUBSTANTIATED', 'PARTLY',
			'NOT_SUBSTANTIATED', 'CANNOT_VERIFY') THEN
		PERFORM refuse.invalid('conclusion', 'choice_missing');
	END IF;
	PERFORM refuse.unless_words('verified', verified, 4000);
	UPDATE data.objection t SET conclusion = conclusion, verified = verified,
		concluded_on = flow.today() WHERE t.id = o.id;
END $$;

-- ---- the committee's word, the reply -------------------------------------------------
-- On an application that waits, or an award that stands, it says how that goes on.
CREATE FUNCTION api.note_objection(me auth.actor, INOUT objection_id text, note text,
	effect text, OUT application_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	o data.objection := flow.find_objection(me, objection_id);
	waits boolean := EXISTS (SELECT FROM data.application a WHERE a.id = o.application_id
		AND a.state IN ('OBJECTION_HANDLING', 'CONFIRMED'));
	stands boolean := EXISTS (SELECT FROM data.award w WHERE w.id = o.award_id
		AND w.state IN ('EFFECTIVE', 'UNDER_REVIEW'));
BEGIN
	objection_id := o.id;
	state := o.state;
	application_id := o.application_id;
	PERFORM flow.need(me, 'objection', o.id);
	PERFORM refuse.unless_words('note', note, 4000);
	IF effect IS NULL AND (waits OR stands) THEN
		PERFORM refuse.invalid('effect', 'choice_missing');
	ELSIF effect = 'REVIEW' AND NOT stands THEN
		PERFORM refuse.invalid('effect', 'effect_without_award', o.id);
	ELSIF effect = 'DELIBERATE_AGAIN' AND stands AND NOT waits THEN
		PERFORM refuse.invalid('effect', 'effect_for_award', o.award_id);
	END IF;
	UPDATE data.objection t SET committee_note = note, effect = effect,
		noted_by = me.person_id, noted_at = flow.now(),
		review_id = (SELECT r.id FROM data.award_review r WHERE effect = 'REVIEW'
			AND r.award_id = o.award_id AND r.ended_on IS NULL)
	WHERE t.id = o.id;
END $$;

CREATE FUNCTION api.reply_objection(me auth.actor, INOUT objection_id text, reply text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	state := 'REPLIED';
	PERFORM flow.move(me, 'objection', o.id, state);
	PERFORM refuse.unless_words('reply', reply, 4000);
	UPDATE data.objection t SET reply = reply, replied_by = me.person_id,
		replied_on = flow.today() WHERE t.id = o.id;
END $$;

CREATE FUNCTION api.close_objection(me auth.actor, INOUT objection_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	state := 'CLOSED';
	PERFORM flow.move(me, 'objection', o.id, state);
	UPDATE data.objection t SET ended_on = flow.today() WHERE t.id = o.id;
END $$;

-- ---- who wrote it -------------------------------------------------------------------------
-- By one officer, once a second person has agreed (rule.second_person).
CREATE FUNCTION api.open_identity(me auth.actor, INOUT objection_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	state := o.state;
	PERFORM refuse.unless_words('reason', reason, 1000);
	IF o.sealed IS NULL THEN
		PERFORM refuse.state(o.id, 'objection.' || o.state,
			ARRAY[refuse.reason('objection_anonymous', o.id)]);
	END IF;
	INSERT INTO data.identity_opening (objection_id, person_id, reason, opened_at)
	VALUES (o.id, me.person_id, reason, flow.now()) ON CONFLICT DO NOTHING;
END $$;

-- The sealed bytes and what they are bound to; only a key on the officer's own
-- machine opens them.
CREATE FUNCTION api.read_identity(me auth.actor, INOUT objection_id text,
	OUT sealed bytea, OUT token_hash bytea)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.my_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	IF NOT EXISTS (SELECT FROM data.identity_opening p
			WHERE p.objection_id = o.id AND p.person_id = me.person_id) THEN
		PERFORM refuse.state(o.id, 'objection.' || o.state,
			ARRAY[refuse.reason('identity_not_opened', o.id)]);
	END IF;
	sealed := o.sealed;
	token_hash := o.token_hash;
END $$;

-- ---- reading ------------------------------------------------------------------------------
CREATE FUNCTION flow.objection_row(o data.objection) RETURNS api.objection_row
LANGUAGE sql STABLE AS $$
	SELECT ROW(o.id, o.org_id, flow.org_name(o.org_id, flow.today()), o.notice_id,
		o.application_id, o.award_id, o.received_on, o.gist, o.state, o.conclusion,
		o.effect)::api.objection_row $$;
CREATE FUNCTION api.list_objections(me auth.actor, notice_id text,
	OUT objections api.objection_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(flow.objection_row(o) ORDER BY o.id), '{}')
	FROM data.objection o WHERE flow.sees_objection(me, o)
		AND (list_objections.notice_id IS NULL OR o.notice_id = upper(list_objections.notice_id)) $$;

CREATE TYPE api.inquiry_row AS (happened_on date, text text, by_name text);
CREATE TYPE api.question_row AS (query_id text, state text, asked_on date, due_on date,
	question text, answer text, answered_on date);
CREATE TYPE api.opening_row AS (name text, reason text, opened_at timestamptz,
	agreed_by_name text);
CREATE FUNCTION flow.question_row(q data.question) RETURNS api.question_row
LANGUAGE sql STABLE AS $$
	SELECT ROW(q.id, q.state, q.asked_on, q.due_on, q.question, q.answer,
		q.answered_on)::api.question_row $$;
CREATE FUNCTION flow.opening_rows(o data.objection) RETURNS api.opening_row[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(flow.person_name(p.person_id), p.reason, p.opened_at,
		(SELECT flow.person_name(a.second_id) FROM data.approval a
		WHERE a.request = 'open_identity' AND a.object_id = o.id
			AND a.person_id = p.person_id AND a.state = 'APPROVED'
		ORDER BY a.answered_at DESC LIMIT 1))::api.opening_row ORDER BY p.opened_at), '{}')
	FROM data.identity_opening p WHERE p.objection_id = o.id $$;

CREATE FUNCTION api.show_objection(me auth.actor, INOUT objection_id text, OUT state text,
	OUT org_id text, OUT org_name text, OUT notice_id text, OUT application_id text,
	OUT award_id text, OUT received_on date, OUT registered_on date, OUT gist text,
	OUT conclusion text, OUT verified text, OUT concluded_on date,
	OUT committee_note text, OUT effect text, OUT noted_at timestamptz, OUT reply text,
	OUT replied_on date, OUT ended_on date, OUT came_by text, OUT named boolean,
	OUT text text, OUT handler_name text, OUT inquiries api.inquiry_row[],
	OUT questions api.question_row[], OUT openings api.opening_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE o data.objection := flow.find_objection(me, objection_id);
BEGIN
	objection_id := o.id;
	state := o.state;
	org_id := o.org_id;
	org_name := flow.org_name(o.org_id, flow.today());
	notice_id := o.notice_id;
	application_id := o.application_id;
	award_id := o.award_id;
	received_on := o.received_on;
	registered_on := o.registered_on;
	gist := o.gist;
	conclusion := o.conclusion;
	verified := o.verified;
	concluded_on := o.concluded_on;
	committee_note := o.committee_note;
	effect := o.effect;
	noted_at := o.noted_at;
	reply := o.reply;
	replied_on := o.replied_on;
	ended_on := o.ended_on;
	inquiries := '{}';
	questions := '{}';
	openings := '{}';
	IF flow.handles_objection(me, o) THEN
		came_by := o.came_by;
		named := o.sealed IS NOT NULL;
		text := o.text;
		handler_name := flow.person_name(o.handler_id);
		inquiries := ARRAY(SELECT ROW(i.happened_on, i.text,
				flow.person_name(i.by_person))::api.inquiry_row
			FROM data.inquiry i WHERE i.objection_id = o.id ORDER BY i.serial);
		questions := ARRAY(SELECT flow.question_row(q) FROM data.question q
			WHERE q.objection_id = o.id ORDER BY q.asked_on, q.id);
	END IF;
	IF me.role IN ('objection_officer', 'discipline') THEN
		openings := flow.opening_rows(o);
	END IF;
END $$;

CREATE FUNCTION api.list_questions(me auth.actor, OUT questions api.question_row[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(flow.question_row(q) ORDER BY q.asked_on, q.id), '{}')
	FROM data.question q WHERE auth.reaches(me, q.org_id) $$;
