-- Escalation: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('set_level', '{committee_secretary}'::text[]),
	('list_levels', '{person}'),
	('new_escalation', '{od_officer,od_head}'),
	('send_escalation', '{od_head}'),
	('cancel_escalation', '{od_head}'),
	('receive_escalation', '{city_officer}'),
	('answer_escalation', '{city_officer}'),
	('list_escalations', '{city_officer,od_officer,od_head,committee_member,committee_secretary,recorder}'),
	('show_escalation', '{city_officer,od_officer,od_head,committee_member,committee_secretary,recorder}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.matter (entity, carried, rejected, deferred, taken_off, after) VALUES
	('escalation', 'RESOLVED', 'CANCELLED', 'PROPOSED', 'PROPOSED', 'escalation_settled');

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('escalation', '-', 'PROPOSED', 'new_escalation', NULL),
	('escalation', 'PROPOSED', 'IN_DELIBERATION', 'add_agenda_item', 'escalation_stands'),
	('escalation', 'TERM_ENDED', 'IN_DELIBERATION', 'add_agenda_item', NULL),
	('escalation', 'IN_DELIBERATION', 'PROPOSED', 'remove_agenda_item', NULL),
	('escalation', 'IN_DELIBERATION', 'PROPOSED', 'defer_item', NULL),
	('escalation', 'IN_DELIBERATION', 'RESOLVED', 'resolve_item', NULL),
	('escalation', 'IN_DELIBERATION', 'CANCELLED', 'resolve_item', NULL),
	('escalation', 'RESOLVED', 'SENT', 'send_escalation', 'escalation_can_send'),
	('escalation', 'RETURNED', 'SENT', 'send_escalation', 'escalation_can_send'),
	('escalation', 'SENT', 'RECEIVED', 'receive_escalation', NULL),
	('escalation', 'RECEIVED', 'APPROVED', 'answer_escalation', NULL),
	('escalation', 'RECEIVED', 'NOT_APPROVED', 'answer_escalation', NULL),
	('escalation', 'RECEIVED', 'RETURNED', 'answer_escalation', NULL),
	('escalation', 'PROPOSED', 'CANCELLED', 'cancel_escalation', NULL),
	('escalation', 'RESOLVED', 'CANCELLED', 'cancel_escalation', NULL),
	('escalation', 'SENT', 'CANCELLED', 'cancel_escalation', NULL),
	('escalation', 'RETURNED', 'CANCELLED', 'cancel_escalation', NULL);
-- The award ends meanwhile: revoked or reorganised away, it is called off; with its
-- term, the committee chooses (T18), unless it has resolved nothing yet.
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'escalation', s, 'CANCELLED', r
FROM unnest('{PROPOSED,IN_DELIBERATION,RESOLVED,SENT,RECEIVED,RETURNED,TERM_ENDED}'::text[]) s,
	unnest('{revoke_award,carry_out_reorg}'::text[]) r
UNION ALL
SELECT 'escalation', s, CASE WHEN s IN ('PROPOSED', 'IN_DELIBERATION') THEN 'CANCELLED'
	ELSE 'TERM_ENDED' END, r
FROM unnest('{PROPOSED,IN_DELIBERATION,RESOLVED,SENT,RECEIVED,RETURNED}'::text[]) s,
	unnest('{end_award,start_term,import_orgs}'::text[]) r;

INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('escalation', 'add_agenda_item', 'subject_id', 'id', 'meeting_planned'),
	('escalation', 'send_escalation', 'escalation_id', 'id', NULL),
	('escalation', 'receive_escalation', 'escalation_id', 'id', 'escalation_for_me'),
	('escalation', 'answer_escalation', 'escalation_id', 'id', 'escalation_for_me');
