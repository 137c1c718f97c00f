-- Forms, the burden they are, the process board, guidance; the explanation of an
-- item by a level between.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('draft_standard', '{od_officer,od_head}'::text[]),
	('adopt_standard', '{committee_secretary}'),
	('diff_standards', '{person}'),
	('explain_standard', '{general_branch_secretary}'),
	('show_burden', '{person}'),
	('set_burden_limit', '{committee_secretary}'),
	('add_guidance', '{general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('reply_guidance', '{branch_secretary,branch_committee_member}'),
	('list_guidance', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('show_guidance', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('standard_version', '-', 'DRAFT', 'draft_standard', NULL),
	('standard_version', 'DRAFT', 'DRAFT', 'draft_standard', NULL),
	('standard_version', 'DRAFT', 'ADOPTED', 'adopt_standard', NULL);

-- ---- forms -----------------------------------------------------------------------
TRUNCATE rule.form, rule.form_field;
INSERT INTO rule.form (form, form_no, needed) VALUES
	('SELF', 1, 'YEARLY'), ('APPLICATION', 2, 'APPLYING'), ('GAP', 3, 'AS_FOUND'),
	('FILE', 4, 'AS_FOUND'), ('WORK', 5, 'AS_FOUND');
INSERT INTO rule.form_field (form, field_no, request, field, per_item, required, longest)
VALUES
	('SELF', 1, 'save_self', 'judgement', true, true, NULL),
	('SELF', 2, 'save_self', 'narrative', true, false, 300),
	('SELF', 3, 'adopt_self', 'held_on', false, true, NULL),
	('SELF', 4, 'adopt_self', 'present', false, true, NULL),
	('SELF', 5, 'adopt_self', 'in_favour', false, true, NULL),
	('SELF', 6, 'adopt_self', 'meets_conditions', false, true, NULL),
	('SELF', 7, 'adopt_self', 'entitled', false, false, NULL), -- the roster knows it
	('SELF', 8, 'adopt_self', 'against', false, false, NULL),
	('SELF', 9, 'adopt_self', 'abstain', false, false, NULL),
	('APPLICATION', 1, 'edit_application', 'summary', false, true, 1500),
	('APPLICATION', 2, 'edit_application', 'remaining_problems', false, true, 1000),
	('APPLICATION', 3, 'edit_application', 'next_steps', false, true, 1000),
	('APPLICATION', 4, 'adopt_application', 'same_meeting', false, true, NULL),
	('APPLICATION', 5, 'adopt_application', 'held_on', false, false, NULL),
	('APPLICATION', 6, 'adopt_application', 'entitled', false, false, NULL),
	('APPLICATION', 7, 'adopt_application', 'present', false, false, NULL),
	('APPLICATION', 8, 'adopt_application', 'in_favour', false, false, NULL),
	('APPLICATION', 9, 'adopt_application', 'against', false, false, NULL),
	('APPLICATION', 10, 'adopt_application', 'abstain', false, false, NULL),
	('GAP', 1, 'add_gap', 'problem', false, true, 1000),
	('GAP', 2, 'add_gap', 'item', false, false, NULL),
	('GAP', 3, 'add_gap', 'source', false, false, NULL),
	('GAP', 4, 'plan_gap', 'cause', false, false, 1000),
	('GAP', 5, 'plan_gap', 'measure', false, true, 1000),
	('GAP', 6, 'plan_gap', 'responsible', false, true, 100),
	('GAP', 7, 'plan_gap', 'due_on', false, true, NULL),
	('GAP', 8, 'progress_gap', 'text', false, false, 1000),
	('GAP', 9, 'claim_gap_done', 'result', false, true, 1000),
	('FILE', 1, 'begin_file', 'title', false, true, 200),
	('FILE', 2, 'begin_file', 'not_classified', false, true, NULL),
	('FILE', 3, 'begin_file', 'happened_on', false, false, NULL),
	('WORK', 1, 'add_work', 'kind', false, true, NULL),
	('WORK', 2, 'add_work', 'happened_on', false, true, NULL),
	('WORK', 3, 'add_work', 'what', false, true, 1000),
	('WORK', 4, 'add_work', 'for_whom', false, false, 100),
	('WORK', 5, 'add_work', 'result', false, false, 1000),
	('WORK', 6, 'add_work', 'served_confirmed', false, false, NULL),
	('WORK', 7, 'add_work', 'life_steps', false, false, NULL),
	('WORK', 8, 'add_work', 'branch_tasks', false, false, NULL),
	('WORK', 9, 'add_work', 'reason', false, false, NULL);

CREATE FUNCTION flow.longest(request text, field text) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT f.longest FROM rule.form_field f WHERE f.request = longest.request
		AND f.field = longest.field $$;

-- What a year's forms ask of a branch of this category, by a version of the standard:
-- fields that must be filled, each item's own counted for itself.
CREATE FUNCTION flow.yearly_inputs(standard_version_id text, member_category text)
RETURNS int LANGUAGE sql STABLE AS $$
	SELECT sum(CASE WHEN f.per_item THEN (SELECT count(*) FROM data.standard_item i
			WHERE i.standard_version_id = yearly_inputs.standard_version_id
				AND i.told_by = 'BRANCH' AND (i.applies_to = '{}'
					OR yearly_inputs.member_category = ANY (i.applies_to)))
		ELSE 1 END)::int
	FROM rule.form_field f JOIN rule.form m USING (form)
	WHERE m.needed = 'YEARLY' AND f.required $$;

-- The college's own limit; NULL: it has set none.
CREATE FUNCTION flow.burden_limit() RETURNS data.burden_limit LANGUAGE sql STABLE AS $$
	SELECT b FROM data.burden_limit b ORDER BY b.serial DESC LIMIT 1 $$;

-- The kinds of branches there are.
CREATE FUNCTION flow.branch_categories() RETURNS SETOF text LANGUAGE sql STABLE AS $$
	SELECT DISTINCT o.member_category FROM data.org o
	WHERE o.kind LIKE 'branch%' AND o.member_category IS NOT NULL ORDER BY 1 $$;

-- ---- process board ---------------------------------------------------------------
TRUNCATE rule.board;
INSERT INTO rule.board (state, stage, says)
SELECT s, p.stage, p.says FROM (VALUES
	('{round.SELF_BUILDING}'::text[], 'building', 'RUNNING'),
	('{round.SELF_ASSESSED,round.APPLIED}', 'building', 'FINISHED'),
	('{round.SELF_ASSESSED,round.APPLIED}', 'assessing', 'FINISHED'),
	('{application.AT_INTERMEDIATE,application.SUBMITTED}', 'applying', 'RUNNING'),
	('{application.RETURNED}', 'applying', 'CORRECTING'),
	('{application.WITHDRAWN}', 'applying', 'WITHDRAWN'),
	('{application.LAPSED}', 'applying', 'LAPSED'),
	('{application.ACCEPTED,application.EVALUATING,application.DOSSIER_FROZEN,application.IN_DELIBERATION,application.DEFERRED,application.NOT_THIS_TIME,application.PROPOSED_AWARD,application.IN_PUBLICITY,application.OBJECTION_HANDLING,application.REJECTED_AFTER_OBJECTION,application.CONFIRMED,application.EFFECTIVE}', 'applying', 'FINISHED'),
	('{application.EVALUATING}', 'evaluating', 'RUNNING'),
	('{application.DOSSIER_FROZEN,application.IN_DELIBERATION,application.DEFERRED,application.NOT_THIS_TIME,application.PROPOSED_AWARD,application.IN_PUBLICITY,application.OBJECTION_HANDLING,application.REJECTED_AFTER_OBJECTION,application.CONFIRMED,application.EFFECTIVE}', 'evaluating', 'FINISHED'),
	('{application.DOSSIER_FROZEN,application.IN_DELIBERATION}', 'deliberating', 'WAITING'),
	('{application.DEFERRED}', 'deliberating', 'DEFERRED'),
	('{application.NOT_THIS_TIME,application.PROPOSED_AWARD,application.IN_PUBLICITY,application.OBJECTION_HANDLING,application.REJECTED_AFTER_OBJECTION,application.CONFIRMED,application.EFFECTIVE}', 'deliberating', 'FINISHED'),
	('{application.IN_PUBLICITY}', 'publishing', 'RUNNING'),
	('{application.OBJECTION_HANDLING}', 'publishing', 'INQUIRING'),
	('{application.REJECTED_AFTER_OBJECTION,application.CONFIRMED,application.EFFECTIVE}', 'publishing', 'FINISHED'),
	('{application.CONFIRMED}', 'determining', 'RUNNING'),
	('{application.EFFECTIVE}', 'determining', 'FINISHED')
) AS p(states, stage, says), unnest(states) s;

-- The word for a stage, from the application as far as there is one.
CREATE FUNCTION flow.board_says(round_state text, application_state text, stage text)
RETURNS text LANGUAGE sql STABLE AS $$
	SELECT b.says FROM rule.board b WHERE b.stage = board_says.stage
		AND b.state IN ('round.' || round_state, 'application.' || application_state) $$;

-- ---- explanations ------------------------------------------------------------------
-- The organisations above one on a day, itself first.
CREATE FUNCTION flow.above(org_id text, on_day date)
RETURNS TABLE (id text, depth int) LANGUAGE sql STABLE AS $$
	WITH RECURSIVE up(id, depth) AS (
		SELECT above.org_id, 0
		UNION
		SELECT v.parent_id, up.depth + 1 FROM up JOIN data.org_version v
			ON v.org_id = up.id AND v.from_on <= on_day
			AND (v.to_on IS NULL OR v.to_on > on_day)
		WHERE v.parent_id IS NOT NULL AND up.depth < 20)
	SELECT up.id, up.depth FROM up $$;

-- What helps to understand an item: the college's words, then those of the levels
-- above the branch.
CREATE FUNCTION flow.guidance_of(i data.standard_item, org_id text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT nullif(concat_ws(E'\n', i.guidance::text, (SELECT string_agg(
			'（' || flow.org_name(e.org_id, flow.today()) || '）' || e.text, E'\n'
			ORDER BY a.depth DESC)
		FROM flow.above(guidance_of.org_id, flow.today()) a
		JOIN LATERAL (SELECT x.* FROM data.item_explanation x WHERE x.org_id = a.id
			AND x.standard_version_id = i.standard_version_id
			AND x.item_code = i.code ORDER BY x.serial DESC LIMIT 1) e
			ON e.text IS NOT NULL)), '') $$;

-- Drafts are for those who make the standard.
CREATE FUNCTION flow.sees_standard(me auth.actor, v data.standard_version)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT v.state = 'ADOPTED' OR coalesce(me.role, '')
		IN ('od_officer', 'od_head', 'committee_member', 'committee_secretary') $$;
