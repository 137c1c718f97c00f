-- A branch's own notes of its work: who may.  There are no moves: nothing waits for
-- anything.
INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('add_work', '{branch_secretary,branch_committee_member}'::text[]),
	('consent_work', '{branch_secretary}'),
	('publish_work', '{od_officer,od_head}'),
	('list_works', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('show_work', '{branch_secretary,branch_committee_member,general_branch_secretary,od_officer,od_head,committee_member,committee_secretary}'),
	('list_practices', '{person}')
) AS p(r, roles), unnest(roles) o;

-- What everybody may read from now on is read by two first, as a notice is (domain 3.5).
INSERT INTO rule.second_person (request, role, why) VALUES
	('publish_work', 'od_head', 'everybody may read it from now on'),
	('publish_work', 'od_officer', 'everybody may read it from now on');
CREATE FUNCTION flow.rewritten_work(work_id text, since timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.work_version v
		WHERE v.work_id = rewritten_work.work_id AND v.written_at > since) $$;
