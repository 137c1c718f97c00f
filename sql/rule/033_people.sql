-- The roster: who may.
INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('list_people', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'::text[]),
	('show_person', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head}'),
	('import_people', '{od_officer,od_head}')
) AS p(r, roles), unnest(roles) o;
