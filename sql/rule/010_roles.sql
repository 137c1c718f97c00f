-- Roles and what they reach (domain 3.1).  An open list: a college may need more.
INSERT INTO rule.role (role, scope, single) VALUES
	('branch_secretary', 'own', true),
	('branch_committee_member', 'own', false),
	('general_branch_secretary', 'below', true),
	('od_officer', 'college', false),
	('od_head', 'college', true),
	('committee_member', 'college', false),
	('committee_secretary', 'college', true),
	('recorder', 'college', false),
	('scrutineer', 'college', false),
	('teller', 'college', false),
	('key_holder', 'college', false),
	('discipline', 'college', false),
	('city_officer', 'college', false),
	('finance_officer', 'college', false),
	('archivist', 'college', false),
	('administrator', 'college', false);
-- Auditors and inspection teams come for a time, with a document (domain 3.1).
INSERT INTO rule.role (role, scope, limited) VALUES ('auditor', 'college', true);

INSERT INTO rule.permission (request, role) VALUES
	('whoami', 'person');
