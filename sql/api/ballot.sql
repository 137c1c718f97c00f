-- The members' ballot.  Messages: proto/ballot.proto.  What may not be known is
-- not stored: no function here writes a time, an address or a person beside a
-- slip or a ballot, and nothing is ever read, increased and written back.

-- ---- guards ------------------------------------------------------------------
-- Every key is registered before the roll is frozen (none where all is paper), and a
-- committee's vote is open.
CREATE FUNCTION guard.ballot_can_freeze(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('key_missing', h.role, flow.person_name(h.person_id))).*
	FROM data.ballot_session b JOIN data.ballot_holder h ON h.session_id = b.id
	WHERE b.id = ballot_can_freeze.id AND b.channel <> 'PAPER' AND h.public_key IS NULL
	UNION ALL
	SELECT (refuse.reason('secret_vote_not_open', i.id)).*
	FROM data.ballot_session b JOIN data.agenda_item i ON i.id = b.agenda_item_id
	WHERE b.id = ballot_can_freeze.id
		AND (i.state, i.method) IS DISTINCT FROM ('VOTING', 'SECRET_BALLOT') $$;

-- One slip for each person present who has no paper: neither fewer nor more.
CREATE FUNCTION guard.ballot_has_slips(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('slips_not_present', n.slips::text,
		(b.present - b.paper)::text)).*
	FROM data.ballot_session b, LATERAL (SELECT count(*) AS slips FROM data.slip s
		WHERE s.session_id = b.id) n
	WHERE b.id = ballot_has_slips.id AND n.slips <> b.present - b.paper $$;

-- What keeps a count from being certified: more ballots than people, something put in
-- that nobody present cast (T12); or paper on which the two do not agree.
CREATE FUNCTION guard.ballot_sound(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('more_ballots_than_present', n.returned::text,
		b.present::text)).*
	FROM data.ballot_session b, flow.ballot_heads(b) n
	WHERE b.id = ballot_sound.id AND n.returned > b.present
	UNION ALL
	SELECT (refuse.reason('more_paper_than_issued', (p.valid + p.void_count)::text,
		b.paper::text)).*
	FROM data.ballot_session b JOIN data.paper_tally p ON p.session_id = b.id
	WHERE b.id = ballot_sound.id AND p.role = 'scrutineer'
		AND p.valid + p.void_count > b.paper
	UNION ALL
	SELECT (CASE WHEN flow.paper_entries(b.id) < 2 THEN refuse.reason('paper_not_entered')
		ELSE refuse.reason('paper_differs') END).*
	FROM data.ballot_session b
	WHERE b.id = ballot_sound.id AND b.paper > 0 AND NOT flow.paper_agreed(b.id) $$;

-- Ballots are kept while what they were cast for can still be questioned (T50).
CREATE FUNCTION guard.ballot_may_go(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('ballots_held', a.id, 'application.' || a.state)).*
	FROM data.ballot_session b
	LEFT JOIN data.agenda_item i ON i.id = b.agenda_item_id
	JOIN data.application a ON a.id = coalesce(b.application_id, i.application_id)
	WHERE b.id = ballot_may_go.id AND a.state NOT IN ('CONFIRMED', 'EFFECTIVE')
		AND NOT flow.is_final('application', a.state)
	UNION ALL
	SELECT h.* FROM data.ballot_session b, flow.disposal_holds(b.org_id) h
	WHERE b.id = ballot_may_go.id $$;

CREATE FUNCTION guard.ballot_of_members(id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('no_members_appraised', b.id)).* FROM data.ballot_session b
	WHERE b.id = ballot_of_members.id AND b.purpose <> 'MEMBERS_ON_MEMBERS' $$;

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
		JOIN data.ballot_session b ON b.id = h.session_id AND b.channel <> 'PAPER'
		WHERE h.session_id = ballot_key_wanted.id AND h.person_id = me.person_id
			AND h.role = me.role AND h.public_key IS NULL) $$;
CREATE FUNCTION guard.ballot_signature_wanted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.ballot_holder(me, ballot_signature_wanted.id) g
	UNION ALL
	SELECT (refuse.reason('certified_by_you')).* FROM data.ballot_certificate c
	WHERE c.session_id = ballot_signature_wanted.id AND c.person_id = me.person_id $$;
CREATE FUNCTION guard.ballot_paper_wanted(me auth.actor, id text)
RETURNS SETOF refuse.reason LANGUAGE sql STABLE AS $$
	SELECT g.* FROM guard.ballot_holder(me, ballot_paper_wanted.id) g
	UNION ALL
	SELECT (refuse.reason('no_paper_here', b.id)).* FROM data.ballot_session b
	WHERE b.id = ballot_paper_wanted.id AND (b.paper = 0
		OR EXISTS (SELECT FROM data.paper_tally p WHERE p.session_id = b.id
			AND p.role = me.role) AND (flow.paper_entries(b.id) < 2
				OR flow.paper_agreed(b.id))) $$;
-- The key has done its work and is still there.
CREATE FUNCTION guard.ballot_key_done(me auth.actor, id text) RETURNS SETOF refuse.reason
LANGUAGE sql STABLE AS $$
	SELECT (refuse.reason('key_still_needed')).*
	WHERE NOT EXISTS (SELECT FROM data.ballot_holder h
		JOIN data.ballot_session b ON b.id = h.session_id
			AND b.state IN ('CERTIFIED', 'ARCHIVED', 'VOID')
		WHERE h.session_id = ballot_key_done.id AND h.person_id = me.person_id
			AND h.role = me.role AND h.public_key IS NOT NULL AND h.key_state = 'HELD') $$;

-- ---- finding -----------------------------------------------------------------------
-- Who counts at one session has nothing to look for in another; a committee's vote is
-- the committee's, and a branch's session is none of the recorder's.
CREATE FUNCTION flow.sees_ballot(me auth.actor, b data.ballot_session) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT auth.reaches(me, b.org_id) AND CASE
		WHEN me.role IN ('scrutineer', 'teller', 'key_holder')
			THEN NOT EXISTS (SELECT FROM guard.ballot_holder(me, b.id))
		ELSE (me.role IN ('recorder', 'committee_secretary', 'committee_member'))
			= (b.purpose = 'COMMITTEE_VOTE') END $$;

CREATE FUNCTION flow.find_ballot(me auth.actor, session_id text)
RETURNS data.ballot_session LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE found_session data.ballot_session;
BEGIN
	SELECT b.* INTO found_session FROM data.ballot_session b WHERE b.id = session_id;
	IF found_session.id IS NULL OR NOT flow.sees_ballot(me, found_session) THEN
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

-- What the session is for: an item of an agenda, an application, or the year's own
-- meeting of a branch.  The organisation, once the person may prepare it.
CREATE FUNCTION flow.ballot_matter(me auth.actor, purpose text, application_id text,
	org_id text, agenda_item_id text) RETURNS text
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE org text;
BEGIN
	IF (purpose = 'COMMITTEE_VOTE') <> (agenda_item_id IS NOT NULL)
			OR num_nonnulls(application_id, org_id, agenda_item_id) <> 1 THEN
		PERFORM refuse.invalid('application_id', 'one_matter');
	END IF;
	IF (purpose = 'COMMITTEE_VOTE') <> (me.role IN ('recorder', 'committee_secretary')) THEN
		PERFORM refuse.denied();
	END IF;
	IF agenda_item_id IS NOT NULL THEN
		SELECT i.org_id INTO org FROM data.agenda_item i
		WHERE i.id = agenda_item_id AND i.state IN ('LISTED', 'VOTING');
	ELSIF application_id IS NOT NULL THEN
		org := (flow.find_evaluated(me, application_id)).org_id;
		PERFORM flow.need(me, 'eval_stream', flow.stream_of(application_id,
			flow.stream_of_ballot(purpose)));
	ELSE
		SELECT o.id INTO org FROM data.org o WHERE o.id = org_id AND o.kind LIKE 'branch%';
	END IF;
	PERFORM auth.need(me, org);
	IF me.role = 'od_officer' THEN
		PERFORM flow.need_outsider(me, org);
	END IF;
	RETURN org;
END $$;

CREATE FUNCTION api.prepare_ballot(me auth.actor, application_id text, purpose text,
	item_set_id text, comments boolean, held_on date, place text, scrutineer_id text,
	teller_id text, key_holder_id text, org_id text, agenda_item_id text, ballot_channel text,
	OUT session_id text, OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE org text;
BEGIN
	purpose := coalesce(purpose, CASE WHEN agenda_item_id IS NULL THEN 'MEMBERS_ON_BRANCH'
		ELSE 'COMMITTEE_VOTE' END);
	org := flow.ballot_matter(me, purpose, application_id, org_id, agenda_item_id);
	PERFORM refuse.unless_line('place', place);
	IF held_on IS NULL OR held_on < flow.today() THEN
		PERFORM refuse.invalid('held_on', 'date_not_ahead', flow.today()::text);
	END IF;
	IF purpose = 'COMMITTEE_VOTE' THEN
		item_set_id := NULL;
		comments := false;
	ELSE
		item_set_id := coalesce(item_set_id, flow.current_item_set(org, purpose));
		PERFORM flow.need_item_set(item_set_id, org, purpose);
	END IF;
	PERFORM refuse.defects(org, flow.ballot_holder_reasons(scrutineer_id, teller_id,
		key_holder_id));
	session_id := flow.new_id('ballot_session', 'CP', org);
	state := 'PREPARED';
	INSERT INTO data.ballot_session (id, org_id, org_name, state, application_id,
		agenda_item_id, purpose, channel, item_set_id, comments, held_on, place, prepared_by)
	VALUES (session_id, org, flow.org_name(org, flow.today()), state, application_id,
		agenda_item_id, purpose, coalesce(ballot_channel, 'SLIPS'), item_set_id,
		coalesce(comments, false), held_on,
		place, me.person_id)
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		PERFORM refuse.conflict('ballot_under_way', org);
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
	UPDATE data.ballot_holder h SET key_state = 'HELD', gone_on = NULL
	WHERE h.session_id = session_id AND h.holder_no = holder_no;
	SELECT count(*)::int INTO keys_missing FROM data.ballot_holder h
	WHERE h.session_id = session_id AND h.public_key IS NULL;
END $$;

-- The keys are the holders' own affair; what became of them is not.  Before the roll is
-- frozen a lost one is replaced.  After that two can still open the urn; without two
-- nobody ever can, and the session is void and says so.
CREATE FUNCTION api.forget_key(me auth.actor, INOUT session_id text, lost boolean,
	OUT state text, OUT key_state text, OUT keys_held int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	b data.ballot_session := flow.own_ballot(me, session_id);
	over boolean;
BEGIN
	state := flow.need(me, 'ballot_session', b.id);
	over := state IN ('CERTIFIED', 'ARCHIVED', 'VOID');
	key_state := CASE WHEN coalesce(lost, false) THEN 'LOST' ELSE 'DESTROYED' END;
	IF NOT over AND key_state = 'DESTROYED' THEN
		PERFORM refuse.state(b.id, 'ballot_session.' || state,
			ARRAY[refuse.reason('key_still_needed')]);
	END IF;
	UPDATE data.ballot_holder h SET key_state = key_state, gone_on = flow.today(),
		public_key = CASE WHEN state = 'PREPARED' THEN NULL ELSE h.public_key END
	WHERE h.session_id = b.id AND h.person_id = me.person_id AND h.role = me.role
		AND h.public_key IS NOT NULL;
	SELECT count(*)::int INTO keys_held FROM data.ballot_holder h
	WHERE h.session_id = b.id AND h.public_key IS NOT NULL AND h.key_state = 'HELD';
	IF NOT over AND state <> 'PREPARED' AND keys_held < 2 THEN
		state := 'VOID';
		PERFORM flow.void_ballot(me, b.id, '三把密钥已丢失两把，票箱再也打不开');
	END IF;
END $$;

-- Members appraise the branch on the committee's items, mass representatives too; or
-- members each other: every full member with the options of the set's one item, a
-- probationary one without (T22).  A committee agrees, disagrees or abstains.
CREATE FUNCTION flow.freeze_items(b data.ballot_session) RETURNS void LANGUAGE sql AS $$
	DELETE FROM data.ballot_item i WHERE i.session_id = b.id;

	INSERT INTO data.ballot_item (session_id, item_no, text, options, labels)
	SELECT b.id, row_number() OVER (ORDER BY i.item_no), i.text,
		array_agg(o.code ORDER BY o.option_no), array_agg(o.text::text ORDER BY o.option_no)
	FROM data.item_set_item i JOIN data.item_set_option o
		ON o.item_set_id = i.item_set_id AND o.item_no = i.item_no
	WHERE b.purpose LIKE '%ON_BRANCH' AND i.item_set_id = b.item_set_id
	GROUP BY i.item_no, i.text;

	INSERT INTO data.ballot_item (session_id, item_no, text, mark, person_id, options, labels)
	SELECT b.id, row_number() OVER (ORDER BY r.person_id), r.name, r.mark, r.person_id,
		CASE r.standing WHEN 'FULL' THEN g.options ELSE '{}' END,
		CASE r.standing WHEN 'FULL' THEN g.labels ELSE '{}' END
	FROM data.roll_entry r,
		(SELECT array_agg(o.code ORDER BY o.option_no) AS options,
			array_agg(o.text::text ORDER BY o.option_no) AS labels
		FROM data.item_set_option o WHERE o.item_set_id = b.item_set_id) g
	WHERE b.purpose = 'MEMBERS_ON_MEMBERS' AND r.session_id = b.id;

	INSERT INTO data.ballot_item (session_id, item_no, text, options, labels)
	SELECT b.id, 1, coalesce(left(regexp_replace(i.motion, '\s+', ' ', 'g'), 200), b.org_name),
		'{IN_FAVOUR,AGAINST,ABSTAIN}', '{同意,不同意,弃权}'
	FROM data.agenda_item i WHERE i.id = b.agenda_item_id $$;

-- Who has a right: the branch's members of that day by affiliation, so that nobody is
-- on two rolls (T7); the representatives at the newest duty review; a committee's seats
-- that do not stand aside.  `present` is NULL where the meeting has not said it.
CREATE FUNCTION flow.ballot_roll(b data.ballot_session)
RETURNS TABLE (person_id text, name text, mark text, standing text, present boolean)
LANGUAGE sql STABLE AS $$
	SELECT p.id, p.name, p.mark, f.standing, NULL::boolean
	FROM data.affiliation f JOIN data.person p ON p.id = f.person_id
	WHERE b.purpose LIKE 'MEMBERS_ON%' AND f.org_id = b.org_id AND f.kind = 'PRIMARY'
		AND f.from_on <= flow.today() AND (f.to_on IS NULL OR f.to_on > flow.today())
	UNION ALL
	SELECT m.id || '/' || r.representative_no, r.name, r.unit, 'MASSES', r.took_part
	FROM (SELECT x.id FROM data.mass_session x WHERE b.purpose = 'MASSES_ON_BRANCH'
			AND x.org_id = b.org_id AND x.year <= extract(year FROM b.held_on)
		ORDER BY x.year DESC LIMIT 1) m
	JOIN data.representative r ON r.mass_session_id = m.id
	UNION ALL
	SELECT p.id, p.name, p.mark, 'COMMITTEE', flow.in_room(i.meeting_id, a.person_id, i.id)
	FROM data.agenda_item i JOIN data.attendance a ON a.meeting_id = i.meeting_id
	JOIN data.person p ON p.id = a.person_id
	WHERE i.id = b.agenda_item_id AND a.entitled AND NOT EXISTS (SELECT FROM data.recusal r
		WHERE r.agenda_item_id = i.id AND r.person_id = a.person_id) $$;

-- Heads of a roll: all, present (NULL: by head count only), those with a vote in the
-- branch and how many of them came.
CREATE FUNCTION flow.roll_heads(session_id text, OUT entitled int, OUT present int,
	OUT voting int, OUT voting_present int)
LANGUAGE sql STABLE AS $$
	SELECT count(*)::int, CASE WHEN bool_and(r.present IS NOT NULL) THEN
			(count(*) FILTER (WHERE r.present))::int END,
		(count(*) FILTER (WHERE r.standing <> 'PROBATIONARY'))::int,
		(count(*) FILTER (WHERE r.standing <> 'PROBATIONARY' AND r.present))::int
	FROM data.roll_entry r WHERE r.session_id = roll_heads.session_id $$;

-- Half of those with a vote, the half included: a fact that is stated, no more (T13).
CREATE FUNCTION flow.settle_heads(b_id text, head_count int) RETURNS data.ballot_session
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	n record;
	settled data.ballot_session;
BEGIN
	SELECT * INTO n FROM flow.roll_heads(b_id);
	IF n.present <> head_count THEN
		PERFORM refuse.invalid('present', 'present_not_roll', head_count::text);
	END IF;
	head_count := coalesce(n.present, head_count);
	IF head_count IS NULL OR head_count NOT BETWEEN 1 AND n.entitled THEN
		PERFORM refuse.invalid('present', 'present_not_possible',
			coalesce(head_count::text, ''), n.entitled::text);
	END IF;
	-- no more paper than people
	UPDATE data.ballot_session s SET entitled = n.entitled, present = head_count,
		paper = CASE WHEN s.channel = 'PAPER' OR s.paper > head_count THEN head_count
			ELSE s.paper END,
		half_present = CASE WHEN n.present IS NULL THEN head_count
			ELSE n.voting_present END * 2 >= n.voting
	WHERE s.id = b_id RETURNING s.* INTO settled;
	RETURN settled;
END $$;

CREATE FUNCTION api.freeze_roll(me auth.actor, INOUT session_id text, INOUT present int,
	absent_ids text[], INOUT paper int, OUT state text, OUT entitled int,
	OUT half_present boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	b data.ballot_session := flow.own_ballot(me, session_id);
	strange text;
BEGIN
	state := 'ROLL_FROZEN';
	PERFORM flow.move(me, 'ballot_session', b.id, state);
	INSERT INTO data.roll_entry (session_id, person_id, name, mark, standing, present)
	SELECT b.id, r.person_id, r.name, r.mark, r.standing, coalesce(r.present,
		CASE WHEN absent_ids <> '{}' THEN NOT r.person_id = ANY (absent_ids) END)
	FROM flow.ballot_roll(b) r;
	SELECT min(x) INTO strange FROM unnest(absent_ids) x
	WHERE NOT EXISTS (SELECT FROM data.roll_entry r
		WHERE r.session_id = b.id AND r.person_id = x);
	IF strange IS NOT NULL THEN
		PERFORM refuse.invalid('absent_ids', 'not_on_roll', strange);
	END IF;
	b := flow.settle_heads(b.id, present);
	entitled := b.entitled;
	present := b.present;
	half_present := b.half_present;
	paper := coalesce(paper, CASE b.channel WHEN 'PAPER' THEN present WHEN 'SLIPS' THEN 0 END);
	IF paper IS NULL OR paper NOT BETWEEN 0 AND present
			OR (b.channel = 'PAPER' AND paper <> present)
			OR (b.channel = 'SLIPS' AND paper <> 0) THEN
		PERFORM refuse.invalid('paper', 'paper_not_possible', coalesce(paper::text, ''),
			present::text, b.channel);
	END IF;
	UPDATE data.ballot_session s SET paper = paper WHERE s.id = b.id;
	PERFORM flow.freeze_items(b);
END $$;

CREATE TYPE api.roll_row AS (person_id text, name text, mark text, standing text,
	present boolean);
CREATE TYPE api.roll_change AS (change text, name text, reason text, changed_on date);
CREATE FUNCTION api.show_roll(me auth.actor, INOUT session_id text, OUT state text,
	OUT entitled int, OUT present int, OUT roll api.roll_row[], OUT paper int,
	OUT half_present boolean, OUT corrections api.roll_change[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.find_ballot(me, session_id);
BEGIN
	state := b.state;
	entitled := b.entitled;
	present := b.present;
	paper := b.paper;
	half_present := b.half_present;
	SELECT coalesce(array_agg(ROW(r.person_id, r.name, r.mark, r.standing,
		r.present)::api.roll_row ORDER BY r.person_id), '{}') INTO roll
	FROM data.roll_entry r WHERE r.session_id = b.id;
	SELECT coalesce(array_agg(ROW(c.change, c.name, c.reason, c.changed_on)::api.roll_change
		ORDER BY c.serial), '{}') INTO corrections
	FROM data.roll_change c WHERE c.session_id = b.id;
END $$;

-- Who was left out of a frozen roll, does not belong on it, or comes late.  A member of
-- another branch votes there (T7); a committee's roll is the meeting's attendance.
-- Papers and slips made for the old roll are void with it.  Once it is open the slips
-- are handed out: who comes then gets paper, where there is some.
CREATE FUNCTION flow.roll_reasons(b data.ballot_session, person_id text, change text)
RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(x.reason), '{}') FROM (
		SELECT refuse.reason('roll_is_given') AS reason WHERE b.purpose NOT LIKE 'MEMBERS_ON%'
			AND (change <> 'ARRIVED' OR b.purpose = 'COMMITTEE_VOTE')
		UNION ALL
		SELECT refuse.reason('text_missing') WHERE change IS NULL
		UNION ALL
		SELECT refuse.reason('roll_is_open') WHERE b.state = 'OPEN' AND change <> 'ARRIVED'
		UNION ALL
		SELECT refuse.reason('late_needs_paper') WHERE b.state = 'OPEN' AND b.channel = 'SLIPS'
			AND change = 'ARRIVED'
		UNION ALL
		SELECT refuse.reason('here_already', r.name) FROM data.roll_entry r
		WHERE r.session_id = b.id AND r.person_id = roll_reasons.person_id AND r.present
			AND change = 'ARRIVED'
		UNION ALL
		SELECT refuse.reason(CASE change WHEN 'ADDED' THEN 'on_roll_already'
			ELSE 'not_on_roll' END, coalesce(person_id, ''))
		WHERE EXISTS (SELECT FROM data.roll_entry r WHERE r.session_id = b.id
			AND r.person_id = roll_reasons.person_id) <> (change <> 'ADDED')
		UNION ALL
		SELECT refuse.reason('person_not_found', coalesce(person_id, ''))
		WHERE change = 'ADDED' AND NOT EXISTS (SELECT FROM data.person p
			WHERE p.id = roll_reasons.person_id AND p.active)
		UNION ALL
		SELECT refuse.reason('votes_elsewhere', f.person_id, f.org_id)
		FROM data.affiliation f WHERE f.person_id = roll_reasons.person_id
			AND change = 'ADDED' AND f.kind = 'PRIMARY' AND f.org_id <> b.org_id
			AND f.from_on <= flow.today() AND (f.to_on IS NULL OR f.to_on > flow.today())) x $$;

CREATE FUNCTION api.correct_roll(me auth.actor, INOUT session_id text, person_id text,
	change text, present boolean, reason text, OUT state text, OUT entitled int,
	OUT present_now int, OUT half_present boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	b data.ballot_session := flow.own_ballot(me, session_id);
	was boolean;
	counted boolean;
BEGIN
	state := flow.need(me, 'ballot_session', b.id);
	b := flow.own_ballot(me, session_id);  -- as it is now that nobody else changes it
	counted := (flow.roll_heads(session_id)).present IS NULL;
	PERFORM refuse.defects(b.id, flow.roll_reasons(b, person_id, change));
	PERFORM refuse.unless_words('reason', reason, 500);
	present := coalesce(present, true);
	INSERT INTO data.roll_change (session_id, serial, change, name, reason, changed_on)
	SELECT b.id, (SELECT count(*) + 1 FROM data.roll_change c WHERE c.session_id = b.id),
		change, coalesce((SELECT r.name FROM data.roll_entry r WHERE r.session_id = b.id
			AND r.person_id = person_id), flow.person_name(person_id)), reason, flow.today();
	IF change = 'ARRIVED' THEN
		present := true;
		UPDATE data.roll_entry r SET present = true
		WHERE r.session_id = b.id AND r.person_id = person_id;
	ELSIF change = 'ADDED' THEN
		INSERT INTO data.roll_entry (session_id, person_id, name, mark, standing, present)
		SELECT b.id, p.id, p.name, p.mark, coalesce((SELECT f.standing
			FROM data.affiliation f WHERE f.person_id = p.id AND f.org_id = b.org_id
				AND f.kind = 'PRIMARY' ORDER BY f.from_on DESC LIMIT 1), 'FULL'),
			CASE WHEN NOT counted THEN present END
		FROM data.person p WHERE p.id = person_id;
	ELSE
		DELETE FROM data.roll_entry r WHERE r.session_id = b.id AND r.person_id = person_id
		RETURNING r.present INTO was;
		present := coalesce(was, present);
	END IF;
	b := flow.settle_heads(b.id, CASE WHEN counted THEN b.present + CASE
		WHEN NOT present THEN 0 WHEN change = 'REMOVED' THEN -1 ELSE 1 END END);
	IF state = 'OPEN' THEN
		UPDATE data.ballot_session s SET late_present = s.late_present + 1,
			paper = CASE s.channel WHEN 'PAPER' THEN s.paper ELSE s.paper + 1 END
		WHERE s.id = b.id;
	ELSE
		PERFORM flow.freeze_items(b);
		DELETE FROM data.slip s WHERE s.session_id = b.id;
	END IF;
	entitled := b.entitled;
	present_now := b.present;
	half_present := b.half_present;
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
	b := flow.own_ballot(me, session_id);  -- as it is now that nobody else changes it
	listed := cardinality(slips);
	IF listed <> b.present - b.paper THEN
		PERFORM refuse.invalid('slips', 'slips_not_present', listed::text,
			(b.present - b.paper)::text);
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

-- A slip given back unused goes, and its holder gets paper instead (T11).
CREATE FUNCTION api.cancel_slip(me auth.actor, INOUT session_id text, token_hash bytea,
	reason text, OUT state text, OUT paper int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_ballot(me, session_id);
	state := flow.need(me, 'ballot_session', session_id);
	PERFORM refuse.unless_words('reason', reason, 500);
	DELETE FROM data.slip s WHERE s.session_id = session_id AND s.token_hash = token_hash;
	IF NOT FOUND THEN
		PERFORM refuse.because('ZB009', 'slip_not_unused');
	END IF;
	UPDATE data.ballot_session s SET paper = s.paper + 1, channel = 'MIXED'
	WHERE s.id = session_id RETURNING s.paper INTO paper;
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
-- fixed when the roll is frozen, so of those present who were there at the opening.
-- NULL before that.
CREATE FUNCTION flow.ballot_manifest(b data.ballot_session) RETURNS api.ballot_manifest
LANGUAGE sql STABLE AS $$
	SELECT ROW(b.id, b.purpose, b.org_id, b.org_name, b.held_on, b.place, b.present - b.late_present,
		b.item_set_id, b.comments,
		(SELECT array_agg(ROW(i.item_no, i.text, i.mark, i.options,
				i.labels)::api.ballot_item ORDER BY i.item_no)
			FROM data.ballot_item i WHERE i.session_id = b.id),
		(SELECT coalesce(array_agg(h.public_key ORDER BY h.holder_no), '{}')
			FROM data.ballot_holder h WHERE h.session_id = b.id
				AND h.public_key IS NOT NULL))::api.ballot_manifest
	WHERE b.present IS NOT NULL $$;

-- Names of members are on the paper for those alone who hold a slip; what was cast
-- with it or not, nobody is told.
CREATE FUNCTION flow.shows_paper(b data.ballot_session, token_hash bytea) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT b.purpose <> 'MEMBERS_ON_MEMBERS'
		OR EXISTS (SELECT FROM data.slip s WHERE s.session_id = b.id
			AND s.token_hash = shows_paper.token_hash)
		OR EXISTS (SELECT FROM data.urn u WHERE u.session_id = b.id
			AND u.token_hash = shows_paper.token_hash) $$;

CREATE FUNCTION api.get_ballot(session_id text, token_hash bytea, OUT state text,
	OUT manifest api.ballot_manifest)
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
	IF flow.shows_paper(b, token_hash) THEN
		manifest := flow.ballot_manifest(b);
	ELSIF token_hash IS NOT NULL THEN
		PERFORM refuse.because('ZB009', 'slip_unknown');
	END IF;
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
		PERFORM flow.tell_again();
		RETURN;
	ELSIF recorded IS NOT NULL THEN
		PERFORM refuse.because('ZB010', 'slip_used',
			ARRAY[left(encode(recorded, 'hex'), 8)]);
	ELSIF state <> 'OPEN' THEN
		PERFORM refuse.because('ZB006', 'ballot_not_open', ARRAY['ballot_session.' || state]);
	END IF;
	PERFORM refuse.because('ZB009', 'slip_unknown');
END $$;

-- The same for all that wait at once: those that burn a slip of an open session.  They
-- go into the urn in the order of their hashes, which says nothing of who came first.
-- A slip is deleted once, so of two with one slip the other is left out.
CREATE FUNCTION several.cast_ballot(session_id text[], token bytea[], sealed bytea[],
	signature bytea[]) RETURNS TABLE (receipt bytea, places int[])
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE open text[];
BEGIN
	PERFORM pg_advisory_xact_lock_shared(flow.ballot_lock(s.session_id))
	FROM (SELECT DISTINCT unnest(cast_ballot.session_id) AS session_id) s;
	open := ARRAY(SELECT b.id FROM data.ballot_session b
		WHERE b.id = ANY (cast_ballot.session_id) AND b.state = 'OPEN');
	RETURN QUERY
	WITH burnt AS (
		DELETE FROM data.slip s
		USING unnest(cast_ballot.session_id, cast_ballot.token, cast_ballot.sealed,
			cast_ballot.signature) WITH ORDINALITY
			a(session_id, token, sealed, signature, place)
		WHERE s.token_hash = sha256(a.token) AND s.session_id = a.session_id
			AND a.session_id = ANY (open) AND length(a.token) = 32
			AND length(a.sealed) = flow.sealed_size() AND length(a.signature) = 64
		RETURNING s.*, a.sealed, sha256(a.sealed) AS sealed_hash, a.signature,
			ARRAY[a.place::int] AS places),
	put AS (
		INSERT INTO data.urn (token_hash, session_id, public_key, sealed, sealed_hash,
			signature)
		SELECT b.token_hash, b.session_id, b.public_key, b.sealed, b.sealed_hash,
			b.signature
		FROM burnt b ORDER BY b.token_hash)
	SELECT b.sealed_hash, b.places FROM burnt b;
END $$;

-- Presence, not content.  What stands in `receipts_hash`, or before the count in
-- `receipt`, is what the signer signs.
CREATE FUNCTION api.check_receipt(INOUT session_id text, INOUT receipt bytea,
	OUT state text, OUT receipts bytea[], OUT receipts_hash bytea)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE asked bytea := receipt;
BEGIN
	IF length(receipt) <> 10 THEN
		PERFORM refuse.invalid('receipt', 'receipt_malformed');
	END IF;
	SELECT b.state INTO state FROM data.ballot_session b
	WHERE b.id = session_id AND b.present IS NOT NULL;
	IF state IS NULL THEN
		PERFORM refuse.because('ZB009', 'ballot_unknown');
	END IF;
	SELECT coalesce(array_agg(r.sealed_hash ORDER BY r.sealed_hash), '{}'),
		sha256(coalesce(string_agg(r.sealed_hash, '' ORDER BY r.sealed_hash), ''))
	INTO receipts, receipts_hash
	FROM data.ballot_receipt r WHERE r.session_id = session_id;
	SELECT decode(min(x.hash), 'hex') INTO receipt FROM (
		SELECT encode(u.sealed_hash, 'hex') AS hash FROM data.urn u
		WHERE u.session_id = session_id AND substr(u.sealed_hash, 1, 10) = asked
		UNION ALL
		SELECT encode(h, 'hex') FROM unnest(receipts) h WHERE substr(h, 1, 10) = asked) x;
	IF state NOT IN ('COUNTED', 'CERTIFIED', 'ARCHIVED') THEN
		receipts_hash := NULL;
	END IF;
END $$;

-- ---- after the close ----------------------------------------------------------------------
CREATE FUNCTION flow.need_closed(b data.ballot_session) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF b.state NOT IN ('CLOSED', 'COUNTED') THEN
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
		SELECT refuse.reason('count_not_urn', (cardinality(ballots) + void_count::bigint)::text,
			n.sealed::text) AS reason
		FROM (SELECT count(*) AS sealed FROM data.urn u WHERE u.session_id = b.id) n
		WHERE void_count < 0 OR cardinality(ballots) + void_count::bigint <> n.sealed
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

-- Of the opened ballots, however they are numbered: what two people who each opened
-- the urn must both come to (client/ballot_count.c makes the same).
CREATE FUNCTION flow.ballot_digest(b data.ballot_session) RETURNS bytea
LANGUAGE sql STABLE AS $$
	SELECT sha256(convert_to(format(E'zhibu-count-1\n%s\n%s\n%s\n', coalesce(b.void_count, 0),
		m.n, c.n), 'UTF8') || m.hashes || c.hashes)
	FROM (SELECT count(*) AS n, coalesce(string_agg(x.h, ''::bytea ORDER BY x.h), '') AS hashes
		FROM (SELECT sha256(convert_to(array_to_string(o.marks, E'\x1f'), 'UTF8')) AS h
			FROM data.ballot o WHERE o.session_id = b.id) x) m,
		(SELECT count(*) AS n, coalesce(string_agg(x.h, ''::bytea ORDER BY x.h), '') AS hashes
		FROM (SELECT sha256(convert_to(o.text, 'UTF8')) AS h
			FROM data.ballot_comment o WHERE o.session_id = b.id) x) c $$;

-- The count is made, and whoever made it stands for it; an earlier one falls.
CREATE FUNCTION flow.counted(me auth.actor, session_id text) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session;
BEGIN
	PERFORM flow.move(me, 'ballot_session', session_id, 'COUNTED');
	SELECT s.* INTO b FROM data.ballot_session s WHERE s.id = session_id;
	UPDATE data.ballot_session s SET digest = flow.ballot_digest(b) WHERE s.id = session_id
	RETURNING s.* INTO b;
	DELETE FROM data.ballot_certificate c WHERE c.session_id = session_id;
	INSERT INTO data.ballot_certificate (session_id, person_id, role, digest)
	VALUES (session_id, me.person_id, me.role, b.digest);
END $$;

-- All in one transaction and in the order of the random ids.  The urn stays shut and
-- whole until a second person has opened it too; what was left of the slips goes.
CREATE FUNCTION api.count_ballots(me auth.actor, INOUT session_id text,
	ballots api.opened_ballot[], comments api.opened_comment[], void_count int,
	OUT state text, OUT valid int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	state := 'COUNTED';
	PERFORM flow.need(me, 'ballot_session', b.id, state);
	void_count := coalesce(void_count, 0);
	PERFORM refuse.defects(b.id, flow.count_reasons(b, ballots, comments, void_count));
	valid := cardinality(ballots);
	DELETE FROM data.ballot x WHERE x.session_id = b.id;
	DELETE FROM data.ballot_comment x WHERE x.session_id = b.id;
	INSERT INTO data.ballot (session_id, id, marks)
	SELECT b.id, o.id, o.marks FROM unnest(ballots) o ORDER BY o.id;
	INSERT INTO data.ballot_comment (session_id, id, text)
	SELECT b.id, c.id, c.text FROM unnest(comments) c ORDER BY c.id;
	INSERT INTO data.ballot_receipt (session_id, sealed_hash)
	SELECT DISTINCT b.id, sha256(u.sealed) FROM data.urn u WHERE u.session_id = b.id
	ORDER BY 2 ON CONFLICT DO NOTHING;
	DELETE FROM data.slip s WHERE s.session_id = b.id;
	UPDATE data.ballot_session s SET void_count = void_count WHERE s.id = b.id;
	PERFORM flow.counted(me, b.id);
END $$;

-- ---- paper --------------------------------------------------------------------------------
CREATE FUNCTION flow.paper_entries(session_id text) RETURNS int LANGUAGE sql STABLE AS $$
	SELECT count(*)::int FROM data.paper_tally p
	WHERE p.session_id = paper_entries.session_id $$;

-- Where the two entries differ: items, 0 for the heads.
CREATE FUNCTION flow.paper_differs(session_id text) RETURNS SETOF int
LANGUAGE sql STABLE AS $$
	SELECT DISTINCT d.item_no FROM (
		SELECT 0 AS item_no, ARRAY[p.valid, p.void_count] AS counts, 0 AS blank, p.role
		FROM data.paper_tally p WHERE p.session_id = paper_differs.session_id
		UNION ALL
		SELECT m.item_no, m.counts, m.blank, m.role
		FROM data.paper_mark m WHERE m.session_id = paper_differs.session_id) d
	GROUP BY d.item_no, d.counts, d.blank HAVING count(*) < 2 ORDER BY d.item_no $$;

CREATE FUNCTION flow.paper_agreed(session_id text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT flow.paper_entries(paper_agreed.session_id) = 2
		AND NOT EXISTS (SELECT FROM flow.paper_differs(paper_agreed.session_id)) $$;

CREATE TYPE api.paper_item AS (item_no int, counts int[], blank int);
CREATE FUNCTION flow.paper_reasons(b data.ballot_session, valid int, void_count int,
	items api.paper_item[]) RETURNS refuse.reason[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(x.reason ORDER BY x.item_no), '{}') FROM (
		SELECT 0 AS item_no, refuse.reason('no_paper_here', b.id) AS reason
		WHERE b.paper = 0
		UNION ALL
		SELECT 0, refuse.reason('paper_heads', coalesce(valid::text, ''),
			coalesce(void_count::text, ''))
		WHERE coalesce(valid, -1) NOT BETWEEN 0 AND 100000
			OR coalesce(void_count, -1) NOT BETWEEN 0 AND 100000  -- sums stay ints
		UNION ALL
		SELECT coalesce(i.item_no, p.item_no), CASE
			WHEN i.item_no IS NULL THEN refuse.reason('paper_item_strange', p.item_no::text)
			WHEN p.item_no IS NULL THEN refuse.reason('paper_item_missing', i.item_no::text,
				i.text)
			WHEN p.n > 1 THEN refuse.reason('paper_item_twice', i.item_no::text, i.text)
			ELSE refuse.reason('paper_item_sum', i.item_no::text, i.text,
				coalesce(p.sum, 0)::text, coalesce(valid::text, '')) END
		FROM (SELECT j.* FROM data.ballot_item j
			WHERE j.session_id = b.id AND j.options <> '{}') i
		FULL JOIN (SELECT u.item_no, count(*) AS n, min(cardinality(u.counts)) AS options,
				bool_or(u.blank < 0 OR EXISTS (SELECT FROM unnest(u.counts) c
					WHERE c < 0 OR c IS NULL)) AS below,
				sum(coalesce(u.blank, 0) + (SELECT coalesce(sum(c), 0) FROM unnest(u.counts) c))
					AS sum
			FROM unnest(items) u GROUP BY u.item_no) p ON p.item_no = i.item_no
		WHERE i.item_no IS NULL OR p.item_no IS NULL OR p.n > 1 OR p.below
			OR p.options <> cardinality(i.options) OR p.sum IS DISTINCT FROM valid) x $$;

-- Each enters alone and sees nothing of the other's; only figures that agree count, and
-- where they do not both are shown to the two.  An entry can be made again until the
-- count is certified.  Where all is paper the second entry is the count.
CREATE FUNCTION api.enter_paper(me auth.actor, INOUT session_id text, valid int,
	void_count int, items api.paper_item[], OUT state text, OUT awaits_other boolean,
	OUT differing int[])
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	state := flow.need(me, 'ballot_session', b.id);
	void_count := coalesce(void_count, 0);
	PERFORM refuse.defects(b.id, flow.paper_reasons(b, valid, void_count, items));
	DELETE FROM data.paper_tally p WHERE p.session_id = b.id AND p.role = me.role;
	INSERT INTO data.paper_tally (session_id, role, person_id, valid, void_count)
	VALUES (b.id, me.role, me.person_id, valid, void_count);
	INSERT INTO data.paper_mark (session_id, role, item_no, counts, blank)
	SELECT b.id, me.role, i.item_no, i.counts, coalesce(i.blank, 0) FROM unnest(items) i;
	awaits_other := flow.paper_entries(b.id) < 2;
	differing := CASE WHEN awaits_other THEN '{}' ELSE ARRAY(SELECT flow.paper_differs(b.id)) END;
	IF b.channel = 'PAPER' AND flow.paper_agreed(b.id) THEN
		state := 'COUNTED';
		PERFORM flow.counted(me, b.id);
	END IF;
END $$;

-- Words are typed once, not compared: by the scrutineer, of papers both have in their
-- hands.  Under random ids and in the order of those; again is in place of before.
CREATE FUNCTION api.enter_comments(me auth.actor, INOUT session_id text, comment_texts text[],
	OUT state text, OUT kept int)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	state := flow.need(me, 'ballot_session', b.id);
	kept := cardinality(comment_texts);
	PERFORM refuse.defects(b.id, ARRAY(
		SELECT refuse.reason('no_paper_here', b.id) WHERE b.paper = 0
		UNION ALL
		SELECT refuse.reason('comments_not_asked') WHERE NOT b.comments
		UNION ALL
		SELECT refuse.reason('more_comments_than_paper', kept::text, b.paper::text)
		WHERE kept > b.paper
		UNION ALL
		SELECT refuse.reason('paper_comment_long', c.n::text)
		FROM unnest(comment_texts) WITH ORDINALITY c(text, n)
		WHERE c.text IS NULL OR flow.blank(c.text) OR char_length(c.text) > 300));
	DELETE FROM data.paper_comment c WHERE c.session_id = b.id;
	INSERT INTO data.paper_comment (session_id, id, text)
	SELECT b.id, x.id, x.text FROM (SELECT uuid_send(gen_random_uuid()) AS id, c AS text
		FROM unnest(comment_texts) c OFFSET 0) x ORDER BY x.id;
END $$;

CREATE TYPE api.paper_entry AS (role text, valid int, void_count int,
	items api.paper_item[]);
-- Both entries, for those who made them, while they differ.
CREATE FUNCTION flow.paper_shown(me auth.actor, b data.ballot_session)
RETURNS api.paper_entry[] LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(p.role, p.valid, p.void_count, (SELECT array_agg(
			ROW(m.item_no, m.counts, m.blank)::api.paper_item ORDER BY m.item_no)
		FROM data.paper_mark m WHERE m.session_id = b.id AND m.role = p.role
			AND m.item_no IN (SELECT flow.paper_differs(b.id))))::api.paper_entry
		ORDER BY p.role), '{}')
	FROM data.paper_tally p WHERE p.session_id = b.id
		AND me.role IN ('scrutineer', 'teller') AND flow.paper_entries(b.id) = 2
		AND NOT flow.paper_agreed(b.id) $$;

-- ---- certificate -----------------------------------------------------------------------------
-- By somebody who opened the urn too and found the same (`digest`).  With it the sealed
-- ballots go, and what counts is written down for good.  The counts of the papers alone
-- go too: one late-comer's paper would say how that one voted.  Comments get new ids
-- then, so that none says whether it was on paper.
CREATE FUNCTION api.certify_ballot(me auth.actor, INOUT session_id text, digest bytea,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.own_ballot(me, session_id);
BEGIN
	PERFORM flow.need(me, 'ballot_session', b.id);
	b := flow.own_ballot(me, session_id);  -- as it is now that nobody counts it again
	IF EXISTS (SELECT FROM data.ballot_certificate c WHERE c.session_id = b.id
			AND c.person_id = me.person_id) THEN
		PERFORM refuse.because('ZB012', 'certified_by_you', ARRAY[b.id]);
	END IF;
	IF digest IS NULL THEN
		PERFORM refuse.invalid('digest', 'urn_not_opened', b.id);
	ELSIF digest IS DISTINCT FROM b.digest THEN
		PERFORM refuse.conflict('count_differs', b.id);
	END IF;
	state := 'CERTIFIED';
	PERFORM flow.move(me, 'ballot_session', b.id, state);
	INSERT INTO data.ballot_certificate (session_id, person_id, role, digest)
	VALUES (b.id, me.person_id, me.role, digest);
	INSERT INTO data.ballot_tally (session_id, item_no, counts, blank)
	SELECT b.id, t.item_no, t.counts, t.blank FROM flow.live_tallies(b) t;
	UPDATE data.ballot_session s SET valid = n.valid, void_count = n.void_count
	FROM flow.ballot_heads(b) n WHERE s.id = b.id;
	DELETE FROM data.urn u WHERE u.session_id = b.id;
	DELETE FROM data.paper_tally p WHERE p.session_id = b.id;
	WITH slips AS (DELETE FROM data.ballot_comment c WHERE c.session_id = b.id
			RETURNING c.text),
		papers AS (DELETE FROM data.paper_comment c WHERE c.session_id = b.id
			RETURNING c.text)
	INSERT INTO data.ballot_comment (session_id, id, text)
	SELECT b.id, x.id, x.text FROM (SELECT uuid_send(gen_random_uuid()) AS id, a.text
		FROM (TABLE slips UNION ALL TABLE papers) a OFFSET 0) x ORDER BY x.id;
END $$;

-- Nothing of a void session is ever counted: its slips and ballots go.
CREATE FUNCTION flow.void_ballot(me auth.actor, session_id text, reason text)
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM pg_advisory_xact_lock(flow.ballot_lock(session_id));
	PERFORM flow.move(me, 'ballot_session', session_id, 'VOID');
	UPDATE data.ballot_session s SET void_reason = reason WHERE s.id = session_id;
	DELETE FROM data.slip s WHERE s.session_id = session_id;
	DELETE FROM data.urn u WHERE u.session_id = session_id;
	DELETE FROM data.ballot x WHERE x.session_id = session_id;
	DELETE FROM data.ballot_comment c WHERE c.session_id = session_id;
	DELETE FROM data.ballot_receipt r WHERE r.session_id = session_id;
	DELETE FROM data.paper_tally p WHERE p.session_id = session_id;
	DELETE FROM data.paper_comment c WHERE c.session_id = session_id;
END $$;
CREATE FUNCTION api.void_ballot(me auth.actor, INOUT session_id text, reason text,
	OUT state text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
	PERFORM flow.own_ballot(me, session_id);
	PERFORM refuse.unless_words('reason', reason, 1000);
	state := 'VOID';
	PERFORM flow.void_ballot(me, session_id, reason);
END $$;

-- The opened ballots are destroyed; the certified tally and the receipts stay.
CREATE FUNCTION api.archive_ballot(me auth.actor, INOUT session_id text, reason text,
	basis text, OUT state text, OUT disposal_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.find_ballot(me, session_id);
BEGIN
	state := 'ARCHIVED';
	PERFORM flow.move(me, 'ballot_session', session_id, state);
	disposal_id := flow.record_disposal(me, session_id, b.org_id,
		format('测评票原始记录（%s，%s）', b.org_name, session_id), reason, basis);
	DELETE FROM data.ballot x WHERE x.session_id = session_id;
	DELETE FROM data.ballot_comment c WHERE c.session_id = session_id;
END $$;

-- ---- result -----------------------------------------------------------------------------------
CREATE TYPE api.ballot_tally AS (item_no int, text text, mark text, labels text[],
	counts int[], blank int);
CREATE TYPE api.ballot_result AS (session_id text, purpose text, state text, held_on date,
	entitled int, present int, returned int, valid int, void_count int,
	suppressed boolean, tallies api.ballot_tally[], half_present boolean, paper int);

-- Ballots returned, slips and agreed paper together.
CREATE FUNCTION flow.ballot_heads(b data.ballot_session, OUT returned int, OUT valid int,
	OUT void_count int)
LANGUAGE sql STABLE AS $$
	SELECT n.valid + n.void_count, n.valid, n.void_count FROM (
		SELECT coalesce(b.valid, x.n + coalesce(p.valid, 0)) AS valid,
			coalesce(b.void_count, 0) + CASE WHEN b.valid IS NULL
				THEN coalesce(p.void_count, 0) ELSE 0 END AS void_count
		FROM (SELECT count(*)::int AS n FROM data.ballot y WHERE y.session_id = b.id) x
		LEFT JOIN data.paper_tally p ON p.session_id = b.id AND p.role = 'scrutineer'
			AND flow.paper_agreed(b.id)) n $$;

-- Ballots for each option and those that left the item open, slips and agreed paper
-- together: the paper part alone would be a smaller group.
CREATE FUNCTION flow.live_tallies(b data.ballot_session)
RETURNS TABLE (item_no int, counts int[], blank int) LANGUAGE sql STABLE AS $$
	SELECT i.item_no,
		(SELECT coalesce(array_agg((SELECT count(*)::int FROM data.ballot x
				WHERE x.session_id = i.session_id AND x.marks[i.item_no] = o.code)
			+ coalesce(p.counts[o.n], 0) ORDER BY o.n), '{}')
			FROM unnest(i.options) WITH ORDINALITY o(code, n)),
		(SELECT count(*)::int FROM data.ballot x
			WHERE x.session_id = i.session_id AND x.marks[i.item_no] = '')
			+ coalesce(p.blank, 0)
	FROM data.ballot_item i LEFT JOIN data.paper_mark p ON p.session_id = i.session_id
		AND p.role = 'scrutineer' AND p.item_no = i.item_no AND flow.paper_agreed(b.id)
	WHERE i.session_id = b.id $$;

CREATE FUNCTION flow.ballot_tallies(b data.ballot_session) RETURNS api.ballot_tally[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(i.item_no, i.text, i.mark, i.labels, t.counts,
		t.blank)::api.ballot_tally ORDER BY i.item_no), '{}')
	FROM data.ballot_item i JOIN (
		SELECT k.item_no, k.counts, k.blank FROM data.ballot_tally k WHERE k.session_id = b.id
		UNION ALL
		SELECT l.item_no, l.counts, l.blank FROM flow.live_tallies(b) l WHERE b.valid IS NULL
		) t ON t.item_no = i.item_no
	WHERE i.session_id = b.id $$;

-- Below how many ballots no breakdown is shown: the college's rule, or five.
CREATE FUNCTION flow.small_group() RETURNS int LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT r.small_group FROM data.rule_set r
		WHERE r.id = flow.current_rule_set()), 5) $$;

-- One session, never beside another.  `counted`: for those who counted, before it is
-- certified; all others learn nothing until then, not even how many have cast.
-- `whole`: with the breakdown of a small group, which only the department sees.
CREATE FUNCTION flow.ballot_result(b data.ballot_session, whole boolean,
	counted boolean DEFAULT false)
RETURNS api.ballot_result LANGUAGE plpgsql STABLE AS $$
DECLARE r api.ballot_result;
BEGIN
	r.session_id := b.id;
	r.purpose := b.purpose;
	r.state := b.state;
	r.held_on := b.held_on;
	r.entitled := b.entitled;
	r.present := b.present;
	r.half_present := b.half_present;
	r.paper := b.paper;
	r.tallies := '{}';
	IF b.state IN ('CERTIFIED', 'ARCHIVED') OR b.state = 'COUNTED' AND counted THEN
		SELECT n.returned, n.valid, n.void_count INTO r.returned, r.valid, r.void_count
		FROM flow.ballot_heads(b) n;
		r.suppressed := r.valid < flow.small_group() AND NOT whole
			AND b.purpose <> 'COMMITTEE_VOTE';
		IF NOT r.suppressed THEN
			r.tallies := flow.ballot_tallies(b);
		END IF;
	END IF;
	RETURN r;
END $$;

-- How members appraised each other stays with the branch: its secretary and those
-- who count; the department learns the grades the branch agrees on.  Only where the
-- branch is too small for its own counts the department keeps them.
CREATE FUNCTION flow.ballot_seen(me auth.actor, b data.ballot_session)
RETURNS api.ballot_result LANGUAGE plpgsql STABLE AS $$
DECLARE
	department boolean := me.role IN ('od_officer', 'od_head');
	r api.ballot_result := flow.ballot_result(b, department,
		me.role IN ('scrutineer', 'teller', 'key_holder'));
BEGIN
	IF b.purpose = 'MEMBERS_ON_MEMBERS' AND department
			AND r.valid >= flow.small_group() THEN
		r.tallies := '{}';
		r.suppressed := true;
	END IF;
	RETURN r;
END $$;

CREATE TYPE api.ballot_holder_row AS (holder_no int, role text, name text, has_key boolean,
	certified boolean, key_state text, gone_on date);
CREATE FUNCTION api.show_ballot(me auth.actor, INOUT session_id text, OUT state text,
	OUT application_id text, OUT manifest api.ballot_manifest, OUT slips_listed int,
	OUT holders api.ballot_holder_row[], OUT result api.ballot_result,
	OUT comment_texts text[], OUT void_reason text, OUT agenda_item_id text,
	OUT ballot_channel text, OUT paper_entries api.paper_entry[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session := flow.find_ballot(me, session_id);
BEGIN
	state := b.state;
	application_id := b.application_id;
	agenda_item_id := b.agenda_item_id;
	ballot_channel := b.channel;
	void_reason := b.void_reason;
	manifest := flow.ballot_manifest(b);
	-- While ballots are cast the slips left over would tell the turnout.
	IF state = 'ROLL_FROZEN' THEN
		SELECT count(*)::int INTO slips_listed FROM data.slip s WHERE s.session_id = b.id;
	END IF;
	SELECT coalesce(array_agg(ROW(h.holder_no, h.role, flow.person_name(h.person_id),
		h.public_key IS NOT NULL, c.person_id IS NOT NULL, h.key_state,
		h.gone_on)::api.ballot_holder_row ORDER BY h.holder_no), '{}') INTO holders
	FROM data.ballot_holder h LEFT JOIN data.ballot_certificate c
		ON c.session_id = h.session_id AND c.person_id = h.person_id
	WHERE h.session_id = b.id;
	result := flow.ballot_seen(me, b);
	paper_entries := flow.paper_shown(me, b);
	SELECT coalesce(array_agg(c.text ORDER BY c.id), '{}') INTO comment_texts
	FROM data.ballot_comment c WHERE c.session_id = b.id
		AND me.role IN ('od_officer', 'od_head') AND b.state IN ('CERTIFIED', 'ARCHIVED');
END $$;

CREATE TYPE api.ballot_row AS (session_id text, purpose text, state text, held_on date,
	place text);
CREATE FUNCTION api.list_ballots(me auth.actor, application_id text, org_id text,
	OUT ballots api.ballot_row[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	IF num_nonnulls(application_id, org_id) <> 1 THEN
		PERFORM refuse.invalid('application_id', 'one_matter');
	END IF;
	PERFORM auth.need(me, coalesce(org_id, (flow.find_evaluated(me, application_id)).org_id));
	SELECT coalesce(array_agg(ROW(b.id, b.purpose, b.state, b.held_on,
		b.place)::api.ballot_row ORDER BY b.id), '{}') INTO ballots
	FROM data.ballot_session b
	WHERE (b.application_id = application_id OR b.org_id = org_id)
		AND flow.sees_ballot(me, b);
END $$;

-- ---- members on each other -------------------------------------------------------------------
-- The own result, for everybody who was appraised.  The own mark among them can be
-- taken away, so the others alone must be enough.
CREATE TYPE api.own_appraisal AS (session_id text, org_name text, held_on date, valid int,
	suppressed boolean, labels text[], counts int[], blank int, grade text, opinion text);
CREATE FUNCTION api.own_appraisals(me auth.actor, OUT appraisals api.own_appraisal[])
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ROW(b.id, b.org_name, b.held_on, b.valid, s.suppressed,
		i.labels, CASE WHEN s.suppressed THEN '{}' ELSE t.counts END,
		CASE WHEN NOT s.suppressed THEN t.blank END,
		i.labels[array_position(i.options, g.grade)], g.opinion)::api.own_appraisal
		ORDER BY b.held_on, b.id), '{}')
	FROM data.ballot_item i JOIN data.ballot_session b ON b.id = i.session_id
	JOIN data.ballot_tally t ON t.session_id = i.session_id AND t.item_no = i.item_no
	LEFT JOIN data.member_grade g ON g.session_id = i.session_id AND g.item_no = i.item_no,
	LATERAL (SELECT b.valid - 1 < flow.small_group() AS suppressed) s
	WHERE i.person_id = me.person_id AND i.options <> '{}'
		AND b.state IN ('CERTIFIED', 'ARCHIVED') $$;

-- 优秀 is generally not for more than a third of the members (domain 1.3): told to those
-- who agree on the grades and who read them, and nothing follows.  NULL: not so.
CREATE FUNCTION flow.many_excellent(session_id text) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT nullif(count(*) FILTER (WHERE m.grade = 'EXCELLENT') * 3 > count(*), false)
	FROM data.ballot_item i LEFT JOIN data.member_grade m
		ON m.session_id = i.session_id AND m.item_no = i.item_no
	WHERE i.session_id = many_excellent.session_id AND i.options <> '{}' $$;

CREATE TYPE api.agreed_grade AS (item_no int, grade text, opinion text);
-- Agreed by the branch's committee or meeting, with the ballot before it.
CREATE FUNCTION api.agree_grades(me auth.actor, INOUT session_id text, agreed_at text,
	agreed_on date, grades api.agreed_grade[], OUT state text, OUT graded int,
	OUT ungraded int, OUT many_excellent boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	b data.ballot_session := flow.find_ballot(me, session_id);
	r refuse.reason[];
BEGIN
	state := flow.need(me, 'ballot_session', b.id);
	PERFORM refuse.unless_line('agreed_at', agreed_at);
	PERFORM refuse.unless_past('agreed_on', agreed_on);
	r := ARRAY(SELECT CASE
			WHEN i.item_no IS NULL THEN refuse.reason('grade_for_nobody', g.item_no::text)
			WHEN i.options = '{}' THEN refuse.reason('grade_not_given', i.text)
			ELSE refuse.reason('grade_not_an_option', i.text, coalesce(g.grade, '')) END
		FROM unnest(grades) g LEFT JOIN data.ballot_item i
			ON i.session_id = b.id AND i.item_no = g.item_no AND i.person_id IS NOT NULL
		WHERE i.item_no IS NULL OR flow.option_code(i, g.grade) IS NULL
		ORDER BY g.item_no);
	IF cardinality(grades) = 0 THEN
		r := r || refuse.reason('grades_missing');
	END IF;
	PERFORM refuse.defects(b.id, r);
	DELETE FROM data.member_grade m WHERE m.session_id = b.id
		AND m.item_no IN (SELECT g.item_no FROM unnest(grades) g);
	INSERT INTO data.member_grade (session_id, item_no, grade, opinion, agreed_at, agreed_on)
	SELECT DISTINCT ON (g.item_no) b.id, g.item_no, flow.option_code(i, g.grade), g.opinion,
		agreed_at, agreed_on
	FROM unnest(grades) g JOIN data.ballot_item i ON i.session_id = b.id
		AND i.item_no = g.item_no;
	SELECT count(m.item_no)::int, (count(*) - count(m.item_no))::int INTO graded, ungraded
	FROM data.ballot_item i LEFT JOIN data.member_grade m
		ON m.session_id = i.session_id AND m.item_no = i.item_no
	WHERE i.session_id = b.id AND i.options <> '{}';
	many_excellent := flow.many_excellent(b.id);
END $$;
-- An option by its code or by the word on the paper.
CREATE FUNCTION flow.option_code(i data.ballot_item, said text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT i.options[coalesce(array_position(i.options, said),
		array_position(i.labels, said))] $$;

CREATE TYPE api.grade_row AS (item_no int, name text, mark text, grade text, opinion text,
	probationary boolean);
CREATE FUNCTION api.show_grades(me auth.actor, INOUT session_id text, OUT org_name text,
	OUT held_on date, OUT agreed_at text, OUT agreed_on date, OUT grades api.grade_row[],
	OUT many_excellent boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE b data.ballot_session;
BEGIN
	SELECT s.* INTO b FROM data.ballot_session s WHERE s.id = session_id
		AND s.purpose = 'MEMBERS_ON_MEMBERS';
	PERFORM auth.need(me, b.org_id);
	org_name := b.org_name;
	held_on := b.held_on;
	SELECT max(m.agreed_at), max(m.agreed_on) INTO agreed_at, agreed_on
	FROM data.member_grade m WHERE m.session_id = b.id;
	SELECT coalesce(array_agg(ROW(i.item_no, i.text, i.mark,
		i.labels[array_position(i.options, m.grade)], m.opinion,
		CASE WHEN i.options = '{}' THEN true END)::api.grade_row
		ORDER BY i.item_no), '{}') INTO grades
	FROM data.ballot_item i LEFT JOIN data.member_grade m
		ON m.session_id = i.session_id AND m.item_no = i.item_no
	WHERE i.session_id = b.id AND b.state IN ('CERTIFIED', 'ARCHIVED');
	many_excellent := flow.many_excellent(b.id);
END $$;

-- ---- a committee's vote -----------------------------------------------------------------------
-- The certified counts of an item's secret vote for close_vote; no row before that.
CREATE FUNCTION flow.secret_vote(agenda_item_id text, OUT in_favour int, OUT against int,
	OUT abstain int, OUT not_cast int) RETURNS SETOF record
LANGUAGE sql STABLE AS $$
	SELECT t.counts[1], t.counts[2], t.counts[3],
		b.present - t.counts[1] - t.counts[2] - t.counts[3]
	FROM data.ballot_session b JOIN data.ballot_tally t ON t.session_id = b.id
	WHERE b.agenda_item_id = secret_vote.agenda_item_id
		AND b.state IN ('CERTIFIED', 'ARCHIVED') $$;
