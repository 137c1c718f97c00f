-- Reorganisation: who may, which moves.  The committee decides it by a resolution:
-- what continues is a judgement, so two signatures would be too little.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('plan_reorg', '{od_officer,od_head}'::text[]),
	('carry_out_reorg', '{od_head}'),
	('drop_reorg', '{od_officer,od_head}'),
	('list_reorgs', '{od_officer,od_head,committee_member,committee_secretary,recorder}'),
	('show_reorg', '{od_officer,od_head,committee_member,committee_secretary,recorder}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.matter (entity, carried, rejected, deferred, taken_off) VALUES
	('reorg', 'APPROVED', 'REJECTED', 'DEFERRED', 'PLANNED');

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('reorg', '-', 'PLANNED', 'plan_reorg', NULL),
	('reorg', 'PLANNED', 'IN_DELIBERATION', 'add_agenda_item', 'reorg_possible'),
	('reorg', 'DEFERRED', 'IN_DELIBERATION', 'add_agenda_item', 'reorg_possible'),
	('reorg', 'IN_DELIBERATION', 'PLANNED', 'remove_agenda_item', NULL),
	('reorg', 'IN_DELIBERATION', 'APPROVED', 'resolve_item', NULL),
	('reorg', 'IN_DELIBERATION', 'REJECTED', 'resolve_item', NULL),
	('reorg', 'IN_DELIBERATION', 'DEFERRED', 'defer_item', NULL),
	('reorg', 'APPROVED', 'DONE', 'carry_out_reorg', 'reorg_can_be_done'),
	('reorg', 'PLANNED', 'DROPPED', 'drop_reorg', NULL),
	('reorg', 'DEFERRED', 'DROPPED', 'drop_reorg', NULL),
	('reorg', 'APPROVED', 'DROPPED', 'drop_reorg', NULL),

	('award', '-', 'EFFECTIVE', 'carry_out_reorg', NULL),
	('award', 'EFFECTIVE', 'CONTINUED', 'carry_out_reorg', NULL),
	('award', 'EFFECTIVE', 'ENDED_REORG', 'carry_out_reorg', NULL),
	-- one level less above it
	('application', 'AT_INTERMEDIATE', 'AT_INTERMEDIATE', 'carry_out_reorg', NULL),
	('application', 'AT_INTERMEDIATE', 'SUBMITTED', 'carry_out_reorg', NULL),
	('ballot_session', 'PREPARED', 'VOID', 'carry_out_reorg', NULL),
	('ballot_session', 'ROLL_FROZEN', 'VOID', 'carry_out_reorg', NULL),
	('eval_stream', 'PLANNED', 'NOT_CARRIED_OUT', 'carry_out_reorg', NULL),
	('eval_stream', 'OPEN', 'NOT_CARRIED_OUT', 'carry_out_reorg', NULL),
	('eval_stream', 'REOPENED', 'NOT_CARRIED_OUT', 'carry_out_reorg', NULL);
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'application', s, 'LAPSED', 'carry_out_reorg'
FROM unnest('{DRAFT,BRANCH_ADOPTED,AT_INTERMEDIATE,SUBMITTED,RETURNED,ACCEPTED,EVALUATING,
	DOSSIER_FROZEN,DEFERRED}'::text[]) s;
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'round', s, 'ENDED_REORG', 'carry_out_reorg'
FROM unnest('{PLANNED,SELF_BUILDING,SELF_ASSESSED,APPLIED}'::text[]) s;
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'gap', t.from_state, 'CARRIED_OVER', 'carry_out_reorg'
FROM rule.transition t
WHERE t.entity = 'gap' AND t.to_state = 'CARRIED_OVER' AND t.request = 'start_round';

INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('reorg', 'add_agenda_item', 'subject_id', 'id', 'meeting_planned'),
	('reorg', 'carry_out_reorg', 'reorg_id', 'id', NULL);
