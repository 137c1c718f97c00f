-- Round, self-assessment, problems: who may, which moves, and the pieces that
-- the application shares with them.

-- ---- text that a table would refuse anyway, with a reason -------------------------
-- One line: not blank, nothing invisible, no character whose glyph is private.
CREATE FUNCTION refuse.unless_line(field text, value text, longest int DEFAULT 200)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF flow.blank(value) THEN
		PERFORM refuse.invalid(field, 'text_missing');
	ELSIF char_length(value) > longest THEN
		PERFORM refuse.invalid(field, 'text_too_long', char_length(value)::text,
			longest::text);
	ELSIF value ~ '[\n\t\u200B-\u200F\u2028-\u202E\u2060-\u206F\uE000-\uF8FF\uFEFF]' THEN
		PERFORM refuse.invalid(field, 'text_not_one_line');
	END IF;
END $$;
-- A narrative may be missing; it has an upper limit only.
CREATE FUNCTION refuse.if_too_long(field text, value text, longest int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF char_length(value) > longest THEN
		PERFORM refuse.invalid(field, 'text_too_long', char_length(value)::text,
			longest::text);
	END IF;
END $$;
-- Words somebody must say: a reason, an opinion.
CREATE FUNCTION refuse.unless_words(field text, value text, longest int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF flow.blank(value) THEN
		PERFORM refuse.invalid(field, 'text_missing');
	END IF;
	PERFORM refuse.if_too_long(field, value, longest);
END $$;

-- A date somebody can mean: not year 0 or 9999.
CREATE FUNCTION flow.sane_date(day date) RETURNS boolean LANGUAGE sql IMMUTABLE
AS $$ SELECT coalesce(day BETWEEN '1921-07-01' AND '2199-12-31', true) $$;
CREATE FUNCTION refuse.unless_sane_date(field text, day date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT flow.sane_date(day) THEN
		PERFORM refuse.invalid(field, 'date_out_of_range', day::text);
	END IF;
END $$;

-- ---- facts of an organisation on a day --------------------------------------------------
CREATE FUNCTION flow.org_name(org_id text, on_day date) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT v.name FROM data.org_version v WHERE v.org_id = org_name.org_id
		AND v.from_on <= on_day AND (v.to_on IS NULL OR v.to_on > on_day));
END $$;
-- Members whose affiliation is here: those alone have a vote here.
CREATE FUNCTION flow.members(org_id text, on_day date, standing text) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT count(*)::int FROM data.affiliation a WHERE a.org_id = members.org_id
		AND a.kind = 'PRIMARY' AND a.standing = members.standing
		AND a.from_on <= on_day AND (a.to_on IS NULL OR a.to_on > on_day) $$;
-- The acting person belongs to the organisation: somebody else must handle it.
CREATE FUNCTION flow.belongs(me auth.actor, org_id text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.affiliation a WHERE a.org_id = belongs.org_id
		AND a.person_id = me.person_id AND a.from_on <= flow.today()
		AND (a.to_on IS NULL OR a.to_on > flow.today())) $$;
CREATE FUNCTION flow.person_name(person_id text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT p.name FROM data.person p WHERE p.id = person_name.person_id);
END $$;
-- The organisation asked about: the one named, or the actor's own branch.
CREATE FUNCTION flow.own_org(me auth.actor, org_id text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce(own_org.org_id, (SELECT me.org_id FROM rule.role r
		WHERE r.role = me.role AND r.scope = 'own')) $$;

-- The last day of a term, with an approved extension; NULL while none is known.
CREATE FUNCTION flow.term_end(term_id text) RETURNS date LANGUAGE sql STABLE AS $$
	SELECT coalesce(t.ended_on - 1, t.extended_to_on, t.due_on) FROM data.term t
	WHERE t.id = term_end.term_id $$;
-- No move leads on from it.
CREATE FUNCTION flow.is_final(entity text, state text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT NOT EXISTS (SELECT FROM rule.transition t WHERE t.entity = is_final.entity
		AND t.from_state = is_final.state AND t.to_state <> t.from_state) $$;

-- ---- the arithmetic of a branch meeting (domain 2.4; 以上 includes the half, 超过 does not)
CREATE FUNCTION flow.present_needed(entitled int) RETURNS int LANGUAGE sql IMMUTABLE
AS $$ SELECT entitled / 2 + entitled % 2 $$;
CREATE FUNCTION flow.favour_needed(entitled int) RETURNS int LANGUAGE sql IMMUTABLE
AS $$ SELECT entitled / 2 + 1 $$;

-- Every reason against a resolution of the branch meeting, with its figures.
CREATE FUNCTION flow.meeting_reasons(round_id text, held_on date, entitled int,
	present int, in_favour int, against int, abstain int)
RETURNS refuse.reason[] LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	r refuse.reason[] := '{}';
	round data.round;
	roster int;
BEGIN
	IF held_on IS NULL OR entitled IS NULL OR present IS NULL OR in_favour IS NULL THEN
		RETURN ARRAY[refuse.reason('meeting_incomplete')];
	END IF;
	IF held_on > flow.today() THEN
		r := r || refuse.reason('meeting_in_future', held_on::text, flow.today()::text);
	END IF;
	SELECT d.* INTO round FROM data.round d WHERE d.id = round_id;
	IF held_on < round.started_on THEN
		r := r || refuse.reason('meeting_before_round', held_on::text, round.id,
			round.started_on::text);
	END IF;
	roster := flow.members(round.org_id, held_on, 'FULL');
	IF entitled <> roster THEN
		r := r || refuse.reason('entitled_not_roster', entitled::text, roster::text,
			held_on::text);
	END IF;
	IF least(entitled, present, in_favour, against, abstain) < 0
			OR present > entitled
			OR in_favour::bigint + coalesce(against, 0) + coalesce(abstain, 0) > present THEN
		RETURN r || refuse.reason('meeting_numbers', entitled::text, present::text,
			in_favour::text, coalesce(against, 0)::text, coalesce(abstain, 0)::text);
	END IF;
	IF present < flow.present_needed(entitled) THEN
		r := r || refuse.reason('present_below_half', present::text, entitled::text,
			flow.present_needed(entitled)::text);
	END IF;
	IF in_favour < flow.favour_needed(entitled) THEN
		r := r || refuse.reason('favour_not_majority', in_favour::text, entitled::text,
			flow.favour_needed(entitled)::text);
	END IF;
	RETURN r;
END $$;

-- As flow.need, with more reasons that only the request itself can know: all
-- come in one refusal.
CREATE FUNCTION flow.need_with(me auth.actor, entity text, id text, to_state text,
	more refuse.reason[])
RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	state text;
	move rule.transition;
BEGIN
	IF cardinality(more) > 0 THEN
		EXECUTE format('SELECT state FROM data.%I WHERE id = $1 FOR UPDATE', entity)
			INTO state USING id;
		SELECT t.* INTO move FROM rule.transition t WHERE t.entity = entity
			AND t.from_state = state AND t.to_state = to_state
			AND t.request = me.request;
		IF FOUND THEN
			PERFORM refuse.state(id, entity || '.' || state,
				flow.reasons(move.guard, id) || more,
				flow.allowed(me, entity, id, state));
		END IF;
	END IF;
	PERFORM flow.need(me, entity, id, to_state);
END $$;

-- ---- who may ----------------------------------------------------------------------------------
INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('start_round', '{branch_secretary,branch_committee_member,od_officer}'::text[]),
	('open_rounds', '{od_officer,od_head}'),
	('end_round', '{od_officer}'),
	('list_rounds', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('show_round', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('save_self', '{branch_secretary,branch_committee_member}'),
	('check_self', '{branch_secretary,branch_committee_member}'),
	('show_self', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('list_self_versions', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('diff_self', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('adopt_self', '{branch_secretary}'),
	('reopen_self', '{branch_secretary}'),
	('add_gap', '{branch_secretary,branch_committee_member,od_officer}'),
	('plan_gap', '{branch_secretary,branch_committee_member}'),
	('progress_gap', '{branch_secretary,branch_committee_member}'),
	('claim_gap_done', '{branch_secretary,branch_committee_member}'),
	('confirm_gap', '{branch_secretary,od_officer}'),
	('close_gap', '{branch_secretary,od_officer}'),
	('raise_gap', '{branch_secretary}'),
	('answer_gap', '{od_officer}'),
	('list_gaps', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('show_gap', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}')
) AS p(r, roles), unnest(roles) o;

-- ---- moves ---------------------------------------------------------------------------------------
INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('round', '-', 'PLANNED', 'start_round', NULL),
	('round', '-', 'SELF_BUILDING', 'start_round', NULL),
	('round', '-', 'PLANNED', 'open_rounds', NULL),
	('round', 'PLANNED', 'SELF_BUILDING', 'start_round', NULL),
	('round', 'PLANNED', 'SELF_BUILDING', 'save_self', NULL),
	('round', 'SELF_BUILDING', 'SELF_ASSESSED', 'adopt_self', 'round_self_complete'),
	('round', 'SELF_ASSESSED', 'SELF_BUILDING', 'reopen_self', 'round_no_application'),
	('round', 'APPLIED', 'SELF_BUILDING', 'reopen_self', 'round_no_application'),
	('round', 'SELF_ASSESSED', 'APPLIED', 'submit_application', NULL),
	('round', 'APPLIED', 'SELF_ASSESSED', 'withdraw_application', NULL),
	('round', 'PLANNED', 'ENDED_TERM', 'end_round', 'round_term_over'),
	('round', 'SELF_BUILDING', 'ENDED_TERM', 'end_round', 'round_term_over'),
	('round', 'SELF_ASSESSED', 'ENDED_TERM', 'end_round', 'round_term_over'),
	('round', 'APPLIED', 'ENDED_TERM', 'end_round', 'round_term_over'),

	('self_assessment', '-', 'DRAFT', 'start_round', NULL),
	('self_assessment', '-', 'DRAFT', 'open_rounds', NULL),
	('self_assessment', 'DRAFT', 'DRAFT', 'save_self', 'self_round_open'),
	('self_assessment', 'DRAFT', 'DRAFT', 'check_self', 'self_round_open'),
	('self_assessment', 'DRAFT', 'ADOPTED', 'adopt_self', 'self_complete'),
	('self_assessment', 'ADOPTED', 'DRAFT', 'reopen_self', 'self_no_application'),

	('gap', '-', 'FOUND', 'add_gap', NULL),
	('gap', '-', 'PLANNED', 'add_gap', NULL),
	('gap', 'FOUND', 'PLANNED', 'plan_gap', NULL),
	('gap', 'PLANNED', 'PLANNED', 'plan_gap', NULL),
	('gap', 'PLANNED', 'DOING', 'progress_gap', NULL),
	('gap', 'DOING', 'DOING', 'progress_gap', NULL),
	('gap', 'DOING', 'CLAIMED_DONE', 'claim_gap_done', NULL),
	('gap', 'CLAIMED_DONE', 'CONFIRMED', 'confirm_gap', NULL),
	('gap', 'CLAIMED_DONE', 'DOING', 'confirm_gap', NULL),
	('gap', 'CONFIRMED', 'CLOSED', 'close_gap', NULL),
	('gap', 'FOUND', 'RAISED', 'raise_gap', NULL),
	('gap', 'PLANNED', 'RAISED', 'raise_gap', NULL),
	('gap', 'DOING', 'RAISED', 'raise_gap', NULL),
	('gap', 'RAISED', 'DOING', 'answer_gap', NULL);
-- Into a new round, whoever opens it.
INSERT INTO rule.transition (entity, from_state, to_state, request, guard)
SELECT 'gap', s, 'CARRIED_OVER', r, 'gap_round_over'
FROM unnest('{FOUND,PLANNED,DOING,CLAIMED_DONE,CONFIRMED,RAISED}'::text[]) s,
	unnest('{start_round,open_rounds}'::text[]) r;
