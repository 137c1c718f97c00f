-- The dossier: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('build_dossier', '{od_head,od_officer}'::text[]),
	('freeze_dossier', '{od_head,od_officer}'),
	('reopen_dossier', '{od_head}'),
	('list_dossiers', '{od_head,od_officer,committee_member,committee_secretary}'),
	('show_dossier', '{od_head,od_officer,committee_member,committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.second_person (request, role, guard, why) VALUES
	('reopen_dossier', 'committee_secretary', 'dossier_outsider', 'the committee was given it'),
	('reopen_dossier', 'od_officer', 'dossier_outsider', 'the committee was given it');

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('application', 'EVALUATING', 'DOSSIER_FROZEN', 'freeze_dossier', 'dossier_ready'),
	('application', 'DOSSIER_FROZEN', 'EVALUATING', 'reopen_dossier', NULL),
	('application', 'DEFERRED', 'EVALUATING', 'reopen_dossier', NULL),
	('dossier', '-', 'FROZEN', 'freeze_dossier', NULL),
	('dossier', 'FROZEN', 'REOPENED', 'reopen_dossier', NULL);
