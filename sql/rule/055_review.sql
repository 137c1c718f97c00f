-- Nobody takes an award away alone (domain 3.2): the committee's secretary signs, the
-- department agrees; who belongs to the branch is not asked.
INSERT INTO rule.second_person (request, role, guard, why) VALUES
	('revoke_award', 'od_head', 'own_branch_none', 'revokes an award'),
	('revoke_award', 'od_officer', 'own_branch_none', 'revokes an award');

-- What waits when an award is under review or its time is over.
INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('award_review', 'hear_award', 'award_review_id', 'id', 'review_unheard'),
	('award_review', 'propose_review', 'award_review_id', 'id', 'own_branch_none'),
	('award_review', 'add_agenda_item', 'subject_id', 'id', 'meeting_planned'),
	('award_review', 'revoke_award', 'award_review_id', 'id', NULL),
	('award', 'review_award', 'award_id', 'id', 'review_wanted'),
	('award', 'end_award', 'award_id', 'id', NULL);
-- Half a year before a term is over, and after (domain 2.3, D32).
INSERT INTO rule.hint (entity, request, field, made_for) VALUES
	('-term', 'start_term', 'org_id', 'term');
