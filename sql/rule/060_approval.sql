-- The second person: who may agree, and to what.  A noun whose request needs two
-- adds its rows of rule.second_person beside its permissions.

INSERT INTO rule.permission (request, role) VALUES
	('list_approvals', 'person'), ('give_approval', 'person'), ('refuse_approval', 'person');

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('approval', 'WAITING', 'APPROVED', 'give_approval', 'approval_can_run'),
	('approval', 'WAITING', 'REFUSED', 'refuse_approval', NULL);
