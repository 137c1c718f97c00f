-- From the end of the notice to the award.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('confirm_award', '{od_head}'::text[]),
	('sign_award', '{committee_secretary}'),
	('list_awards', '{person}'),
	('show_award', '{person}'),
	('show_award_document', '{person}'),
	('set_certificate', '{od_officer}'),
	('end_award', '{od_officer,od_head}'),
	('award_history', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('review_award', '{od_officer,od_head}'),
	('hear_award', '{branch_secretary,od_officer,od_head}'),
	('propose_review', '{od_head}'),
	('keep_award', '{od_head}'),
	('revoke_award', '{committee_secretary}'),
	('list_reviews', '{branch_secretary,branch_committee_member,od_officer,od_head,committee_member,committee_secretary,recorder}'),
	('show_review', '{branch_secretary,branch_committee_member,od_officer,od_head,committee_member,committee_secretary,recorder}'),
	('show_decision', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('application', 'IN_PUBLICITY', 'CONFIRMED', 'confirm_award', 'publicity_over'),
	('application', 'CONFIRMED', 'EFFECTIVE', 'sign_award', 'award_can_sign'),
	('award', '-', 'EFFECTIVE', 'sign_award', NULL),
	('award', 'EFFECTIVE', 'EFFECTIVE', 'set_certificate', NULL),
	('award', 'UNDER_REVIEW', 'UNDER_REVIEW', 'set_certificate', NULL),
	('award', 'EFFECTIVE', 'UNDER_REVIEW', 'review_award', 'award_rules_there'),
	('award', 'UNDER_REVIEW', 'EFFECTIVE', 'keep_award', NULL),
	('award', 'UNDER_REVIEW', 'EFFECTIVE', 'resolve_item', NULL),
	('award', 'UNDER_REVIEW', 'REVOKED', 'revoke_award', NULL),
	('award', 'EFFECTIVE', 'ENDED_TERM', 'end_award', 'award_term_over'),
	('award', 'EFFECTIVE', 'ENDED_TERM', 'start_term', NULL),
	('award', 'UNDER_REVIEW', 'ENDED_TERM', 'start_term', NULL),
	('award', 'EFFECTIVE', 'ENDED_TERM', 'import_orgs', NULL),
	('award', 'UNDER_REVIEW', 'ENDED_TERM', 'import_orgs', NULL),

	('award_review', '-', 'NOTIFIED', 'review_award', NULL),
	('award_review', 'NOTIFIED', 'HEARD', 'hear_award', NULL),
	('award_review', 'HEARD', 'HEARD', 'hear_award', NULL),
	('award_review', 'PROPOSED', 'PROPOSED', 'hear_award', NULL),
	('award_review', 'DEFERRED', 'DEFERRED', 'hear_award', NULL),
	('award_review', 'HEARD', 'PROPOSED', 'propose_review', 'review_mended'),
	('award_review', 'DEFERRED', 'PROPOSED', 'propose_review', NULL),
	('award_review', 'NOTIFIED', 'KEPT', 'keep_award', NULL),
	('award_review', 'HEARD', 'KEPT', 'keep_award', NULL),
	('award_review', 'PROPOSED', 'KEPT', 'keep_award', NULL),
	('award_review', 'DEFERRED', 'KEPT', 'keep_award', NULL),
	('award_review', 'PROPOSED', 'IN_DELIBERATION', 'add_agenda_item', NULL),
	('award_review', 'DEFERRED', 'IN_DELIBERATION', 'add_agenda_item', NULL),
	('award_review', 'IN_DELIBERATION', 'PROPOSED', 'remove_agenda_item', NULL),
	('award_review', 'IN_DELIBERATION', 'RESOLVED', 'resolve_item', NULL),
	('award_review', 'IN_DELIBERATION', 'KEPT', 'resolve_item', NULL),
	('award_review', 'IN_DELIBERATION', 'DEFERRED', 'defer_item', NULL),
	('award_review', 'RESOLVED', 'REVOKED', 'revoke_award', 'review_signed'),

	('round', 'APPLIED', 'ENDED_REVOKED', 'revoke_award', NULL),
	('round', 'SELF_ASSESSED', 'ENDED_REVOKED', 'revoke_award', NULL),
	('round', 'SELF_BUILDING', 'ENDED_REVOKED', 'revoke_award', NULL);
-- A term that is over ends its round, once it holds no application any more; what is
-- open in it goes on in the next.
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'round', s, 'ENDED_TERM', r
FROM unnest('{PLANNED,SELF_BUILDING,SELF_ASSESSED,APPLIED}'::text[]) s,
	unnest('{start_term,import_orgs,lapse_application,withdraw_application}'::text[]) r;
INSERT INTO rule.transition (entity, from_state, to_state, request, guard)
SELECT 'gap', t.from_state, 'CARRIED_OVER', r, t.guard
FROM rule.transition t, unnest('{start_term,import_orgs,lapse_application,
	withdraw_application}'::text[]) r
WHERE t.entity = 'gap' AND t.to_state = 'CARRIED_OVER' AND t.request = 'start_round';
-- The term ends an award and whatever was asked about it.
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'award_review', s, 'LAPSED', r
FROM unnest('{NOTIFIED,HEARD,PROPOSED,DEFERRED,IN_DELIBERATION,RESOLVED}'::text[]) s,
	unnest('{start_term,import_orgs}'::text[]) r;

INSERT INTO rule.matter (entity, carried, rejected, deferred, taken_off, after) VALUES
	('award_review', 'RESOLVED', 'KEPT', 'DEFERRED', 'PROPOSED', 'review_settled');

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
