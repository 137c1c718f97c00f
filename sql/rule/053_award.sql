-- From the end of the notice to the award.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('confirm_award', '{od_head}'::text[]),
	('sign_award', '{committee_secretary}'),
	('list_awards', '{person}'),
	('show_award', '{person}'),
	('show_decision', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('application', 'IN_PUBLICITY', 'CONFIRMED', 'confirm_award', 'publicity_over'),
	('application', 'CONFIRMED', 'EFFECTIVE', 'sign_award', 'award_can_sign'),
	('award', '-', 'EFFECTIVE', 'sign_award', NULL);

-- The term an award lives in: the branch's running one.
CREATE FUNCTION flow.running_term(org_id text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT t.id FROM data.term t
	WHERE t.org_id = running_term.org_id AND t.ended_on IS NULL
	ORDER BY t.start_on DESC LIMIT 1 $$;
-- The notice that proposed this very decision.
CREATE FUNCTION flow.notice_of(application_id text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT n.id FROM data.notice_item i JOIN data.notice n ON n.id = i.notice_id
	WHERE i.application_id = notice_of.application_id AND n.kind = 'INTENDED_AWARD' AND n.state NOT IN ('DROPPED', 'CORRECTED')
		AND i.agenda_item_id = flow.award_item(notice_of.application_id)
	ORDER BY n.posted_on DESC NULLS LAST, n.id DESC LIMIT 1 $$;
