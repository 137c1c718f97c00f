-- Application: who may, which moves up to its acceptance, and how it ends early.
-- The moves of the four evaluations and of the decision stand with them.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('new_application', '{branch_secretary,branch_committee_member}'::text[]),
	('edit_application', '{branch_secretary,branch_committee_member}'),
	('check_application', '{branch_secretary,branch_committee_member}'),
	('adopt_application', '{branch_secretary}'),
	('submit_application', '{branch_secretary}'),
	('withdraw_application', '{branch_secretary}'),
	('endorse_application', '{general_branch_secretary}'),
	('return_application', '{od_officer}'),
	('accept_application', '{od_officer}'),
	('lapse_application', '{od_officer}'),
	('list_applications', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('show_application', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('set_window', '{od_officer,od_head,general_branch_secretary}'),
	('list_windows', '{person}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('round', 'SELF_ASSESSED', 'SELF_ASSESSED', 'new_application', 'round_may_apply'),
	('application', '-', 'DRAFT', 'new_application', NULL),
	('application', 'DRAFT', 'DRAFT', 'edit_application', NULL),
	('application', 'DRAFT', 'DRAFT', 'check_application', NULL),
	('application', 'RETURNED', 'RETURNED', 'edit_application', NULL),
	('application', 'RETURNED', 'RETURNED', 'check_application', NULL),
	-- other words than the meeting heard: it adopts them again
	('application', 'BRANCH_ADOPTED', 'DRAFT', 'edit_application', NULL),
	('application', 'DRAFT', 'BRANCH_ADOPTED', 'adopt_application', 'application_complete'),
	('application', 'BRANCH_ADOPTED', 'AT_INTERMEDIATE', 'submit_application', 'application_submit'),
	('application', 'BRANCH_ADOPTED', 'SUBMITTED', 'submit_application', 'application_submit'),
	('application', 'AT_INTERMEDIATE', 'AT_INTERMEDIATE', 'endorse_application', NULL),
	('application', 'AT_INTERMEDIATE', 'SUBMITTED', 'endorse_application', NULL),
	('application', 'AT_INTERMEDIATE', 'RETURNED', 'endorse_application', NULL),
	('application', 'SUBMITTED', 'RETURNED', 'return_application', NULL),
	('application', 'RETURNED', 'AT_INTERMEDIATE', 'submit_application', 'application_submit'),
	('application', 'RETURNED', 'SUBMITTED', 'submit_application', 'application_submit'),
	('application', 'SUBMITTED', 'ACCEPTED', 'accept_application', NULL);

-- Free, and without loss, until the committee has decided.
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'application', s, 'WITHDRAWN', 'withdraw_application'
FROM unnest('{DRAFT,BRANCH_ADOPTED,AT_INTERMEDIATE,SUBMITTED,RETURNED,ACCEPTED,EVALUATING,
	DOSSIER_FROZEN,IN_DELIBERATION,DEFERRED}'::text[]) s;
-- Term over or branch gone before the end.
INSERT INTO rule.transition (entity, from_state, to_state, request, guard)
SELECT 'application', s, 'LAPSED', 'lapse_application', 'application_may_lapse'
FROM unnest('{DRAFT,BRANCH_ADOPTED,AT_INTERMEDIATE,SUBMITTED,RETURNED,ACCEPTED,EVALUATING,
	DOSSIER_FROZEN,IN_DELIBERATION,DEFERRED,PROPOSED_AWARD,IN_PUBLICITY,
	OBJECTION_HANDLING,CONFIRMED}'::text[]) s;

-- A draft is the branch's own; others see what was handed in.
CREATE FUNCTION flow.sees_application(me auth.actor, a data.application)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT auth.reaches(me, a.org_id)
		AND (a.org_id = me.org_id OR a.submitted_at IS NOT NULL) $$;
-- The committee reads the evidence of what is on an agenda, as it reads the dossier:
-- whoever has stood aside reads neither.
CREATE FUNCTION flow.sees_files(me auth.actor, round_id text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN coalesce(me.role, '') NOT LIKE 'committee\_%' OR EXISTS (
		SELECT FROM data.application a
		JOIN data.agenda_item i ON i.application_id = a.id AND i.state <> 'REMOVED'
		WHERE a.round_id = sees_files.round_id
			AND a.state NOT IN ('EVALUATING', 'WITHDRAWN', 'LAPSED'))
		AND NOT EXISTS (SELECT FROM data.recusal r
			JOIN data.agenda_item i ON i.id = r.agenda_item_id
			JOIN data.application a ON a.id = i.application_id
			WHERE a.round_id = sees_files.round_id AND r.person_id = me.person_id);
END $$;

-- The next level above a branch that has not endorsed yet; NULL: straight to the
-- committee.  Endorsements of a level that is gone stay valid.
CREATE FUNCTION flow.next_level(application_id text) RETURNS text
LANGUAGE sql STABLE AS $$
	WITH RECURSIVE up(org_id, depth) AS (
		SELECT a.org_id, 0 FROM data.application a WHERE a.id = application_id
		UNION
		SELECT v.parent_id, up.depth + 1 FROM up JOIN data.org_version v
			ON v.org_id = up.org_id AND v.from_on <= flow.today()
			AND (v.to_on IS NULL OR v.to_on > flow.today())
		WHERE v.parent_id IS NOT NULL AND up.depth < 20)
	SELECT up.org_id FROM up JOIN data.org o ON o.id = up.org_id
	WHERE o.kind = 'general_branch' AND NOT EXISTS (
		SELECT FROM data.application_step s WHERE s.application_id = next_level.application_id
			AND s.org_id = up.org_id AND s.agreed)
	ORDER BY up.depth LIMIT 1 $$;

-- A moment as people here read it.
CREATE FUNCTION flow.moment(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT to_char(moment.at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') $$;
-- The window as it is for an organisation (NULL: the college's): the college's, with
-- the latest end that was told to it or to one above it.  No row: never set.
CREATE FUNCTION flow.window_of(kind text, org_id text)
RETURNS TABLE (opens_at timestamptz, closes_at timestamptz) LANGUAGE sql STABLE AS $$
	SELECT c.opens_at, greatest(c.closes_at, (SELECT max(l.closes_at)
		FROM flow.above(window_of.org_id, flow.today()) a,
		LATERAL (SELECT v.closes_at FROM data.window_version v
			WHERE v.kind = window_of.kind AND v.org_id = a.id
			ORDER BY v.serial DESC LIMIT 1) l))
	FROM (SELECT v.* FROM data.window_version v WHERE v.kind = window_of.kind
			AND v.org_id IS NULL ORDER BY v.serial DESC LIMIT 1) c $$;
-- Why a thing may not be handed in today; none when its window is open or has
-- never been set.
CREATE FUNCTION flow.window_reasons(kind text, org_id text) RETURNS refuse.reason[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT ARRAY[refuse.reason(CASE WHEN flow.now() < w.opens_at
			THEN 'window_not_open' ELSE 'window_closed' END, flow.moment(w.opens_at),
			flow.moment(w.closes_at))]
		FROM flow.window_of(window_reasons.kind, window_reasons.org_id) w
		WHERE flow.now() < w.opens_at OR flow.now() >= w.closes_at), '{}') $$;
