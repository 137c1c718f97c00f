-- The members' ballot.  Messages: proto/ballot.proto.  What may not be known is
-- not stored: no function here writes a time, an address or a person beside a
-- slip or a ballot, and nothing is ever read, increased and written back.

-- ---- guards ------------------------------------------------------------------
CREATE FUNCTION guard.ballot_has_keys(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('key_missing', h.role, flow.person_name(h.person_id))).*
	FROM data.ballot_holder h
	WHERE h.session_id = ballot_has_keys.id AND h.public_key IS NULL
	ORDER BY h.holder_no $$;

-- One slip for each person present: neither fewer nor more.
CREATE FUNCTION guard.ballot_has_slips(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('slips_not_present', n.slips::text, b.present::text)).*
	FROM data.ballot_session b, LATERAL (SELECT count(*) AS slips FROM data.slip s
		WHERE s.session_id = b.id) n
	WHERE b.id = ballot_has_slips.id AND n.slips <> b.present $$;

-- More ballots than people: something was put in that nobody present cast (T12).
CREATE FUNCTION guard.ballot_not_overfull(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('more_ballots_than_present', n.returned::text, b.present::text)).*
	FROM data.ballot_session b, LATERAL (SELECT count(*) + b.void_count AS returned
		FROM data.ballot x WHERE x.session_id = b.id) n
	WHERE b.id = ballot_not_overfull.id AND n.returned > b.present $$;

-- Against this very person, for hints: only those named work on a session.
CREATE FUNCTION guard.ballot_holder(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('not_named_here', ballot_holder.id)).*
	WHERE NOT EXISTS (SELECT FROM data.ballot_holder h
		WHERE h.session_id = ballot_holder.id AND h.person_id = me.person_id
			AND h.role = me.role) $$;
CREATE FUNCTION guard.ballot_key_wanted(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('not_named_here', ballot_key_wanted.id)).*
	WHERE NOT EXISTS (SELECT FROM data.ballot_holder h
		WHERE h.session_id = ballot_key_wanted.id AND h.person_id = me.person_id
			AND h.role = me.role AND h.public_key IS NULL) $$;
CREATE FUNCTION guard.ballot_signature_wanted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.ballot_holder(me, ballot_signature_wanted.id) g
	UNION ALL
	SELECT (refuse.reason('certified_by_you')).* FROM data.ballot_certificate c
	WHERE c.session_id = ballot_signature_wanted.id AND c.person_id = me.person_id $$;

-- ---- finding -----------------------------------------------------------------------
-- Who counts at one session has nothing to look for in another.
CREATE FUNCTION flow.find_ballot(me auth.actor, session_id text)
RETURNS data.ballot_session LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_session data.ballot_session;
BEGIN
	SELECT b.* INTO found_session FROM data.ballot_session b WHERE b.id = session_id;
	PERFORM auth.need(me, found_session.org_id);
	IF me.role IN ('scrutineer', 'teller', 'key_holder')
			AND EXISTS (SELECT FROM guard.ballot_holder(me, session_id)) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN found_session;
END $$;

-- The session, for one of the three named for it, in the office named.
CREATE FUNCTION flow.own_ballot(me auth.actor, session_id text)
RETURNS data.ballot_session LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_session data.ballot_session := flow.find_ballot(me, session_id);
BEGIN
	IF EXISTS (SELECT FROM guard.ballot_holder(me, session_id)) THEN
		PERFORM refuse.denied();
	END IF;
	RETURN found_session;
END $$;

-- ---- before the opening -------------------------------------------------------------
-- Three different people, each holding that office today.
CREATE FUNCTION flow.ballot_holder_reasons(scrutineer_id text, teller_id text,
	key_holder_id text) RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(x.reason), '{}') FROM (
		SELECT refuse.reason('office_not_theirs', coalesce(h.person_id, ''), h.role) AS reason
		FROM (VALUES (scrutineer_id, 'scrutineer'), (teller_id, 'teller'),
			(key_holder_id, 'key_holder')) h(person_id, role)
		WHERE NOT EXISTS (SELECT FROM data.office o WHERE o.person_id = h.person_id
			AND o.role = h.role AND o.from_on <= flow.today()
			AND (o.to_on IS NULL OR o.to_on > flow.today()))
		UNION ALL
		SELECT refuse.reason('three_different_people')
		WHERE scrutineer_id = teller_id OR scrutineer_id = key_holder_id
			OR teller_id = key_holder_id) x $$;

CREATE FUNCTION api.prepare_ballot(me auth.actor, application_id text, purpose text,
	item_set_id text, comments boolean, held_on date, place text, scrutineer_id text,
	teller_id text, key_holder_id text, OUT session_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	IF me.role = 'od_officer' THEN
		PERFORM flow.need_outsider(me, a.org_id);
	END IF;
	purpose := coalesce(purpose, 'MEMBERS_ON_BRANCH');
	item_set_id := coalesce(item_set_id, flow.current_item_set(a.org_id));
	PERFORM flow.need(me, 'eval_stream', flow.stream_of(a.id, 'MEMBERS'));
	PERFORM refuse.unless_line('place', place);
	IF held_on IS NULL OR held_on < flow.today() THEN
		PERFORM refuse.invalid('held_on', 'date_not_ahead', flow.today()::text);
	END IF;
	PERFORM flow.need_item_set(item_set_id, a.member_category, purpose);
	PERFORM refuse.defects(a.id, flow.ballot_holder_reasons(scrutineer_id, teller_id,
		key_holder_id));
	session_id := flow.new_id('ballot_session', 'CP', a.org_id);
	state := 'PREPARED';
	INSERT INTO data.ballot_session (id, org_id, org_name, state, application_id, purpose,
		item_set_id, comments, held_on, place, prepared_by)
	VALUES (session_id, a.org_id, flow.org_name(a.org_id, flow.today()), state, a.id,
		purpose, item_set_id, coalesce(comments, false), held_on, place, me.person_id)
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('ballot_under_way', a.id);
	END IF;
	INSERT INTO data.ballot_holder (session_id, holder_no, role, person_id) VALUES
		(session_id, 1, 'scrutineer', scrutineer_id),
		(session_id, 2, 'teller', teller_id),
		(session_id, 3, 'key_holder', key_holder_id);
END $$;

-- The key never leaves the holder's machine.  One that is registered stays: another
-- in its place would make the file the holder keeps useless.
CREATE FUNCTION api.register_session_key(me auth.actor, INOUT session_id text,
	public_key bytea, OUT holder_no int, OUT keys_missing int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_ballot(me, session_id);
	PERFORM flow.need(me, 'ballot_session', session_id);
	IF public_key IS NULL OR length(public_key) <> 32 THEN
		PERFORM refuse.invalid('public_key', 'key_malformed');
	END IF;
	IF EXISTS (SELECT FROM data.ballot_holder h WHERE h.session_id = session_id
		AND h.public_key = public_key AND h.person_id <> me.person_id) THEN
		PERFORM refuse.invalid('public_key', 'key_of_another');
	END IF;
	IF EXISTS (SELECT FROM data.ballot_holder h WHERE h.session_id = session_id
		AND h.public_key <> public_key AND h.person_id = me.person_id) THEN
		PERFORM refuse.conflict('key_registered', session_id);
	END IF;
	UPDATE data.ballot_holder h SET public_key = public_key
	WHERE h.session_id = session_id AND h.person_id = me.person_id
	RETURNING h.holder_no INTO holder_no;
	SELECT count(*)::int INTO keys_missing FROM data.ballot_holder h
	WHERE h.session_id = session_id AND h.public_key IS NULL;
END $$;

-- Members appraise the branch on the committee's items; or each other, every full
-- member with the options of the set's one item, a probationary one without (T22).
CREATE FUNCTION flow.freeze_items(b data.ballot_session) RETURNS void LANGUAGE sql AS $$
	INSERT INTO data.ballot_item (session_id, item_no, text, options, labels)
	SELECT b.id, row_number() OVER (ORDER BY i.item_no), i.text,
		array_agg(o.code ORDER BY o.option_no), array_agg(o.text::text ORDER BY o.option_no)
	FROM data.item_set_item i JOIN data.item_set_option o
		ON o.item_set_id = i.item_set_id AND o.item_no = i.item_no
	WHERE b.purpose = 'MEMBERS_ON_BRANCH' AND i.item_set_id = b.item_set_id
	GROUP BY i.item_no, i.text;

	INSERT INTO data.ballot_item (session_id, item_no, text, mark, options, labels)
	SELECT b.id, row_number() OVER (ORDER BY r.person_id), p.name, p.mark,
		CASE r.standing WHEN 'FULL' THEN g.options ELSE '{}' END,
		CASE r.standing WHEN 'FULL' THEN g.labels ELSE '{}' END
	FROM data.roll_entry r JOIN data.person p ON p.id = r.person_id,
		(SELECT array_agg(o.code ORDER BY o.option_no) AS options,
			array_agg(o.text::text ORDER BY o.option_no) AS labels
		FROM data.item_set_option o WHERE o.item_set_id = b.item_set_id) g
	WHERE b.purpose = 'MEMBERS_ON_MEMBERS' AND r.session_id = b.id $$;

-- The roll is the branch's members of that day by affiliation, so that nobody is
-- on two (T7).
CREATE FUNCTION api.freeze_roll(me auth.actor, INOUT session_id text, INOUT present int,
	absent_ids text[], OUT state text, OUT entitled int, OUT half_present boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	b data.ballot_session := flow.own_ballot(me, session_id);
	strange text;
BEGIN
	state := 'ROLL_FROZEN';
	PERFORM flow.move(me, 'ballot_session', b.id, state);
	INSERT INTO data.roll_entry (session_id, person_id, standing, present)
	SELECT b.id, f.person_id, f.standing, CASE WHEN absent_ids <> '{}'
		THEN NOT f.person_id = ANY (absent_ids) END
	FROM data.affiliation f WHERE f.org_id = b.org_id AND f.kind = 'PRIMARY'
		AND f.from_on <= flow.today() AND (f.to_on IS NULL OR f.to_on > flow.today());
	GET DIAGNOSTICS entitled = ROW_COUNT;
	SELECT min(x) INTO strange FROM unnest(absent_ids) x
	WHERE NOT EXISTS (SELECT FROM data.roll_entry r
		WHERE r.session_id = b.id AND r.person_id = x);
	IF strange IS NOT NULL THEN
		PERFORM refuse.invalid('absent_ids', 'not_on_roll', strange);
	END IF;
	IF absent_ids <> '{}' THEN
		IF present <> (SELECT count(*) FROM data.roll_entry r
			WHERE r.session_id = b.id AND r.present) THEN
			PERFORM refuse.invalid('present', 'present_not_roll', present::text);
		END IF;
		SELECT count(*)::int INTO present FROM data.roll_entry r
		WHERE r.session_id = b.id AND r.present;
	END IF;
	IF present IS NULL OR present NOT BETWEEN 1 AND entitled THEN
		PERFORM refuse.invalid('present', 'present_not_possible',
			coalesce(present::text, ''), entitled::text);
	END IF;
	half_present := present * 2 >= entitled;
	PERFORM flow.freeze_items(b);
	UPDATE data.ballot_session s SET entitled = entitled, present = present
	WHERE s.id = b.id;
END $$;

CREATE TYPE api.roll_row AS (person_id text, name text, mark text, standing text,
	present boolean);
CREATE FUNCTION api.show_roll(me auth.actor, INOUT session_id text, OUT state text,
	OUT entitled int, OUT present int, OUT roll api.roll_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.find_ballot(me, session_id);
BEGIN
	state := b.state;
	entitled := b.entitled;
	present := b.present;
	SELECT coalesce(array_agg(ROW(p.id, p.name, p.mark, r.standing,
		r.present)::api.roll_row ORDER BY p.id), '{}') INTO roll
	FROM data.roll_entry r JOIN data.person p ON p.id = r.person_id
	WHERE r.session_id = b.id;
END $$;

-- Sorted by hash, so that not even their order says which slip was printed first.
-- A second list replaces the first: the print-out was spoilt.
CREATE TYPE api.slip_entry AS (token_hash bytea, public_key bytea);
CREATE FUNCTION api.list_slips(me auth.actor, INOUT session_id text,
	slips api.slip_entry[], OUT state text, OUT listed int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	state := flow.need(me, 'ballot_session', b.id);
	listed := cardinality(slips);
	IF listed <> b.present THEN
		PERFORM refuse.invalid('slips', 'slips_not_present', listed::text, b.present::text);
	END IF;
	IF EXISTS (SELECT FROM unnest(slips) s WHERE length(s.token_hash) IS DISTINCT FROM 32
			OR length(s.public_key) IS DISTINCT FROM 32)
		OR (SELECT count(DISTINCT s.public_key) FROM unnest(slips) s) <> listed
		OR EXISTS (SELECT FROM (SELECT s.token_hash, lag(s.token_hash) OVER (ORDER BY s.n)
				AS before FROM unnest(slips) WITH ORDINALITY s(token_hash, public_key, n)) o
			WHERE o.token_hash <= o.before) THEN
		PERFORM refuse.invalid('slips', 'slips_malformed');
	END IF;
	DELETE FROM data.slip s WHERE s.session_id = b.id;
	INSERT INTO data.slip (token_hash, session_id, public_key)
	SELECT s.token_hash, b.id, s.public_key FROM unnest(slips) s ORDER BY s.token_hash
	ON CONFLICT DO NOTHING;
	IF (SELECT count(*) FROM data.slip s WHERE s.session_id = b.id) <> listed THEN
		PERFORM refuse.invalid('slips', 'slips_malformed');
	END IF;
END $$;

CREATE FUNCTION api.open_ballot(me auth.actor, INOUT session_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_ballot(me, session_id);
	state := 'OPEN';
	PERFORM flow.move(me, 'ballot_session', session_id, state);
END $$;

CREATE FUNCTION api.close_ballot(me auth.actor, INOUT session_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_ballot(me, session_id);
	PERFORM pg_advisory_xact_lock(flow.ballot_lock(session_id));
	state := 'CLOSED';
	PERFORM flow.move(me, 'ballot_session', session_id, state);
END $$;

-- ---- without a certificate --------------------------------------------------------------
CREATE TYPE api.ballot_item AS (item_no int, text text, mark text, options text[],
	labels text[]);
CREATE TYPE api.ballot_manifest AS (session_id text, purpose text, org_id text,
	org_name text, held_on date, place text, present int, item_set_id text,
	comments boolean, items api.ballot_item[], holder_keys bytea[]);

-- Every voter's program and both counters must get the same bytes: only what is
-- fixed when the roll is frozen.  NULL before that.
CREATE FUNCTION flow.ballot_manifest(b data.ballot_session) RETURNS api.ballot_manifest
LANGUAGE sql STABLE AS $$
	SELECT ROW(b.id, b.purpose, b.org_id, b.org_name, b.held_on, b.place, b.present,
		b.item_set_id, b.comments,
		(SELECT array_agg(ROW(i.item_no, i.text, i.mark, i.options,
				i.labels)::api.ballot_item ORDER BY i.item_no)
			FROM data.ballot_item i WHERE i.session_id = b.id),
		(SELECT array_agg(h.public_key ORDER BY h.holder_no)
			FROM data.ballot_holder h WHERE h.session_id = b.id))::api.ballot_manifest
	WHERE b.present IS NOT NULL $$;

CREATE FUNCTION api.get_ballot(session_id text, OUT state text,
	OUT manifest api.ballot_manifest, OUT receipts bytea[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session;
BEGIN
	SELECT s.* INTO b FROM data.ballot_session s
	WHERE s.id = session_id AND s.present IS NOT NULL;
	IF NOT FOUND THEN
		PERFORM refuse.because('ZB009', 'ballot_unknown');
	END IF;
	state := b.state;
	manifest := flow.ballot_manifest(b);
	SELECT coalesce(array_agg(r.sealed_hash ORDER BY r.sealed_hash), '{}') INTO receipts
	FROM data.ballot_receipt r WHERE r.session_id = b.id;
END $$;

-- One hash, one row out of the slips, one row into the urn.  The same ballot again
-- has the same answer in whatever state; the signature is checked at the count.
CREATE FUNCTION api.cast_ballot(session_id text, token bytea, sealed bytea,
	signature bytea, OUT receipt bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	hash bytea := sha256(token);
	key bytea;
	state text;
	recorded bytea;
BEGIN
	IF length(token) IS DISTINCT FROM 32 THEN
		PERFORM refuse.because('ZB009', 'slip_unknown');
	END IF;
	IF length(sealed) IS DISTINCT FROM flow.sealed_size() THEN
		PERFORM refuse.invalid('sealed', 'ballot_malformed');
	END IF;
	IF length(signature) IS DISTINCT FROM 64 THEN
		PERFORM refuse.invalid('signature', 'ballot_malformed');
	END IF;
	receipt := sha256(sealed);
	PERFORM pg_advisory_xact_lock_shared(flow.ballot_lock(session_id));
	SELECT b.state INTO state FROM data.ballot_session b
	WHERE b.id = session_id AND b.present IS NOT NULL;
	IF state = 'OPEN' THEN
		DELETE FROM data.slip s WHERE s.token_hash = hash AND s.session_id = session_id
		RETURNING s.public_key INTO key;
		IF FOUND THEN
			INSERT INTO data.urn (token_hash, session_id, public_key, sealed, sealed_hash,
				signature)
			VALUES (hash, session_id, key, sealed, receipt, signature);
			RETURN;
		END IF;
	END IF;
	SELECT u.sealed_hash INTO recorded FROM data.urn u
	WHERE u.token_hash = hash AND u.session_id = session_id;
	IF recorded = receipt OR EXISTS (SELECT FROM data.ballot_receipt r
			WHERE r.session_id = session_id AND r.sealed_hash = receipt) THEN
		RETURN;
	ELSIF recorded IS NOT NULL THEN
		PERFORM refuse.because('ZB010', 'slip_used',
			ARRAY[left(encode(recorded, 'hex'), 8)]);
	ELSIF state <> 'OPEN' THEN
		PERFORM refuse.because('ZB006', 'ballot_not_open', ARRAY['ballot_session.' || state]);
	END IF;
	PERFORM refuse.because('ZB009', 'slip_unknown');
END $$;

CREATE FUNCTION api.check_receipt(session_id text, receipt bytea, OUT state text,
	OUT in_urn boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	IF length(receipt) IS DISTINCT FROM 10 THEN
		PERFORM refuse.invalid('receipt', 'receipt_malformed');
	END IF;
	SELECT b.state INTO state FROM data.ballot_session b
	WHERE b.id = session_id AND b.present IS NOT NULL;
	IF state IS NULL THEN
		PERFORM refuse.because('ZB009', 'ballot_unknown');
	END IF;
	in_urn := EXISTS (SELECT FROM data.urn u WHERE u.session_id = session_id
			AND substr(u.sealed_hash, 1, 10) = receipt)
		OR EXISTS (SELECT FROM data.ballot_receipt r WHERE r.session_id = session_id
			AND substr(r.sealed_hash, 1, 10) = receipt);
END $$;

-- ---- after the close ----------------------------------------------------------------------
CREATE FUNCTION flow.need_closed(b data.ballot_session) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF b.state <> 'CLOSED' THEN
		PERFORM refuse.state(b.id, 'ballot_session.' || b.state);
	END IF;
END $$;

-- Sorted by hash: the urn's own order is never seen.
CREATE TYPE api.urn_row AS (public_key bytea, sealed bytea, signature bytea);
CREATE FUNCTION api.urn_page(me auth.actor, INOUT session_id text, after bytea,
	OUT ballots api.urn_row[], OUT last bytea, OUT total int)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	PERFORM flow.need_closed(b);
	SELECT coalesce(array_agg(ROW(p.public_key, p.sealed, p.signature)::api.urn_row
		ORDER BY p.sealed_hash, p.public_key), '{}'),
		(array_agg(p.sealed_hash ORDER BY p.sealed_hash DESC))[1]
	INTO ballots, last
	FROM (SELECT u.* FROM data.urn u WHERE u.session_id = b.id
			AND u.sealed_hash > coalesce(after, '')
		ORDER BY u.sealed_hash FETCH FIRST 200 ROWS WITH TIES) p;
	SELECT count(*)::int INTO total FROM data.urn u WHERE u.session_id = b.id;
END $$;

-- Every reason against what a count says.
CREATE TYPE api.opened_ballot AS (id bytea, marks text[]);
CREATE TYPE api.opened_comment AS (id bytea, text text);
CREATE FUNCTION flow.count_reasons(b data.ballot_session, ballots api.opened_ballot[],
	comments api.opened_comment[], void_count int)
RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(x.reason), '{}') FROM (
		SELECT refuse.reason('count_not_urn', (cardinality(ballots) + void_count)::text,
			n.sealed::text) AS reason
		FROM (SELECT count(*) AS sealed FROM data.urn u WHERE u.session_id = b.id) n
		WHERE void_count < 0 OR cardinality(ballots) + void_count <> n.sealed
		UNION ALL
		SELECT refuse.reason('ids_not_sorted') WHERE EXISTS (
			SELECT FROM (SELECT o.id, lag(o.id) OVER (ORDER BY o.n) AS before
				FROM unnest(ballots) WITH ORDINALITY o(id, marks, n)) s
			WHERE length(s.id) IS DISTINCT FROM 16 OR s.id <= s.before)
		UNION ALL
		SELECT refuse.reason('ids_not_sorted') WHERE EXISTS (
			SELECT FROM (SELECT o.id, lag(o.id) OVER (ORDER BY o.n) AS before
				FROM unnest(comments) WITH ORDINALITY o(id, text, n)) s
			WHERE length(s.id) IS DISTINCT FROM 16 OR s.id <= s.before)
		UNION ALL
		SELECT refuse.reason('marks_not_items') WHERE EXISTS (
			SELECT FROM unnest(ballots) o WHERE cardinality(o.marks) IS DISTINCT FROM
				(SELECT count(*) FROM data.ballot_item i WHERE i.session_id = b.id)
			OR EXISTS (SELECT FROM data.ballot_item i WHERE i.session_id = b.id
				AND coalesce(o.marks[i.item_no] <> ''
					AND NOT o.marks[i.item_no] = ANY (i.options), true)))
		UNION ALL
		SELECT refuse.reason('comments_not_asked')
		WHERE cardinality(comments) > 0 AND NOT b.comments
			OR cardinality(comments) > cardinality(ballots)
			OR EXISTS (SELECT FROM unnest(comments) c WHERE c.text IS NULL
				OR flow.blank(c.text) OR char_length(c.text) > 300)) x $$;

-- All in one transaction and in the order of the random ids; the sealed ballots and
-- what was left of the slips go with it.
CREATE FUNCTION api.count_ballots(me auth.actor, INOUT session_id text,
	ballots api.opened_ballot[], comments api.opened_comment[], void_count int,
	OUT state text, OUT valid int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	state := 'COUNTED';
	PERFORM flow.move(me, 'ballot_session', b.id, state);
	void_count := coalesce(void_count, 0);
	PERFORM refuse.defects(b.id, flow.count_reasons(b, ballots, comments, void_count));
	valid := cardinality(ballots);
	INSERT INTO data.ballot (session_id, id, marks)
	SELECT b.id, o.id, o.marks FROM unnest(ballots) o ORDER BY o.id;
	INSERT INTO data.ballot_comment (session_id, id, text)
	SELECT b.id, c.id, c.text FROM unnest(comments) c ORDER BY c.id;
	INSERT INTO data.ballot_receipt (session_id, sealed_hash)
	SELECT b.id, u.sealed_hash FROM data.urn u WHERE u.session_id = b.id
	ORDER BY u.sealed_hash ON CONFLICT DO NOTHING;
	DELETE FROM data.urn u WHERE u.session_id = b.id;
	DELETE FROM data.slip s WHERE s.session_id = b.id;
	UPDATE data.ballot_session s SET void_count = void_count WHERE s.id = b.id;
END $$;

-- Scrutineer and teller are two people by the session's making.
CREATE FUNCTION api.certify_ballot(me auth.actor, INOUT session_id text, OUT state text,
	OUT second_needed boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	PERFORM flow.need(me, 'ballot_session', b.id);
	INSERT INTO data.ballot_certificate (session_id, person_id, role)
	VALUES (b.id, me.person_id, me.role) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.because('ZB012', 'certified_by_you', ARRAY[b.id]);
	END IF;
	second_needed := (SELECT count(*) FROM data.ballot_certificate c
		WHERE c.session_id = b.id) < 2;
	state := CASE WHEN second_needed THEN 'COUNTED' ELSE 'CERTIFIED' END;
	PERFORM flow.move(me, 'ballot_session', b.id, state);
END $$;

-- Nothing of a void session is ever counted: its slips and ballots go.
CREATE FUNCTION api.void_ballot(me auth.actor, INOUT session_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_ballot(me, session_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	PERFORM pg_advisory_xact_lock(flow.ballot_lock(session_id));
	state := 'VOID';
	PERFORM flow.move(me, 'ballot_session', session_id, state);
	UPDATE data.ballot_session s SET void_reason = reason WHERE s.id = session_id;
	DELETE FROM data.slip s WHERE s.session_id = session_id;
	DELETE FROM data.urn u WHERE u.session_id = session_id;
	DELETE FROM data.ballot x WHERE x.session_id = session_id;
	DELETE FROM data.ballot_comment c WHERE c.session_id = session_id;
	DELETE FROM data.ballot_receipt r WHERE r.session_id = session_id;
END $$;

CREATE FUNCTION api.archive_ballot(me auth.actor, INOUT session_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.find_ballot(me, session_id);
	state := 'ARCHIVED';
	PERFORM flow.move(me, 'ballot_session', session_id, state);
END $$;

-- ---- result -----------------------------------------------------------------------------------
CREATE TYPE api.ballot_tally AS (item_no int, text text, mark text, labels text[],
	counts int[], blank int);
CREATE TYPE api.ballot_result AS (session_id text, purpose text, state text, held_on date,
	entitled int, present int, returned int, valid int, void_count int,
	suppressed boolean, tallies api.ballot_tally[]);

-- Counted from the ballots each time: ballots for each option, and those that left
-- the item open.
CREATE FUNCTION flow.ballot_tallies(session_id text) RETURNS api.ballot_tally[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(i.item_no, i.text, i.mark, i.labels,
		(SELECT coalesce(array_agg((SELECT count(*)::int FROM data.ballot x
				WHERE x.session_id = i.session_id AND x.marks[i.item_no] = o.code)
			ORDER BY o.n), '{}') FROM unnest(i.options) WITH ORDINALITY o(code, n)),
		(SELECT count(*)::int FROM data.ballot x
			WHERE x.session_id = i.session_id AND x.marks[i.item_no] = ''))::api.ballot_tally
		ORDER BY i.item_no), '{}')
	FROM data.ballot_item i WHERE i.session_id = ballot_tallies.session_id $$;

-- Below how many ballots no breakdown is shown: the college's rule, or five.
CREATE FUNCTION flow.small_group() RETURNS int LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT r.small_group FROM data.rule_set r
		WHERE r.id = flow.current_rule_set()), 5) $$;

-- One session, never beside another.  Before the count nobody learns anything, not
-- even how many have cast; of a small group only the department (`whole`) more
-- than the number.
CREATE FUNCTION flow.ballot_result(b data.ballot_session, whole boolean)
RETURNS api.ballot_result LANGUAGE plpgsql STABLE AS $$
DECLARE r api.ballot_result;
BEGIN
	r.session_id := b.id;
	r.purpose := b.purpose;
	r.state := b.state;
	r.held_on := b.held_on;
	r.entitled := b.entitled;
	r.present := b.present;
	r.tallies := '{}';
	IF b.state IN ('COUNTED', 'CERTIFIED', 'ARCHIVED') THEN
		SELECT count(*)::int INTO r.valid FROM data.ballot x WHERE x.session_id = b.id;
		r.void_count := b.void_count;
		r.returned := r.valid + b.void_count;
		r.suppressed := r.valid < flow.small_group() AND NOT whole;
		IF NOT r.suppressed THEN
			r.tallies := flow.ballot_tallies(b.id);
		END IF;
	END IF;
	RETURN r;
END $$;

-- How members appraised each other stays with the branch: its secretary and those
-- who count; the department learns the grades the branch agrees on, not the counts.
CREATE FUNCTION flow.ballot_seen(me auth.actor, b data.ballot_session)
RETURNS api.ballot_result LANGUAGE plpgsql STABLE AS $$
DECLARE r api.ballot_result;
BEGIN
	r := flow.ballot_result(b, me.role IN ('od_officer', 'od_head'));
	IF b.purpose = 'MEMBERS_ON_MEMBERS' AND me.role IN ('od_officer', 'od_head') THEN
		r.tallies := '{}';
		r.suppressed := true;
	END IF;
	RETURN r;
END $$;

CREATE TYPE api.ballot_holder_row AS (holder_no int, role text, name text, has_key boolean,
	certified boolean);
CREATE FUNCTION api.show_ballot(me auth.actor, INOUT session_id text, OUT state text,
	OUT application_id text, OUT manifest api.ballot_manifest, OUT slips_listed int,
	OUT holders api.ballot_holder_row[], OUT result api.ballot_result,
	OUT comment_texts text[], OUT void_reason text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.find_ballot(me, session_id);
BEGIN
	state := b.state;
	application_id := b.application_id;
	void_reason := b.void_reason;
	manifest := flow.ballot_manifest(b);
	-- While ballots are cast the slips left over would tell the turnout.
	IF state = 'ROLL_FROZEN' THEN
		SELECT count(*)::int INTO slips_listed FROM data.slip s WHERE s.session_id = b.id;
	END IF;
	SELECT coalesce(array_agg(ROW(h.holder_no, h.role, flow.person_name(h.person_id),
		h.public_key IS NOT NULL, c.person_id IS NOT NULL)::api.ballot_holder_row
		ORDER BY h.holder_no), '{}') INTO holders
	FROM data.ballot_holder h LEFT JOIN data.ballot_certificate c
		ON c.session_id = h.session_id AND c.person_id = h.person_id
	WHERE h.session_id = b.id;
	result := flow.ballot_seen(me, b);
	SELECT coalesce(array_agg(c.text ORDER BY c.id), '{}') INTO comment_texts
	FROM data.ballot_comment c WHERE c.session_id = b.id
		AND me.role IN ('od_officer', 'od_head');
END $$;

CREATE TYPE api.ballot_row AS (session_id text, purpose text, state text, held_on date,
	place text);
CREATE FUNCTION api.list_ballots(me auth.actor, application_id text,
	OUT ballots api.ballot_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE a data.application := flow.find_evaluated(me, application_id);
BEGIN
	SELECT coalesce(array_agg(ROW(b.id, b.purpose, b.state, b.held_on,
		b.place)::api.ballot_row ORDER BY b.id), '{}') INTO ballots
	FROM data.ballot_session b WHERE b.application_id = a.id;
END $$;
