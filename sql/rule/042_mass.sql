-- Representatives of the masses, opinions of other bodies: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('choose_representatives', '{od_officer}'::text[]),
	('seat_representatives', '{od_officer}'),
	('list_representatives', '{od_officer,od_head,branch_secretary,branch_committee_member}'),
	('show_representatives', '{od_officer,od_head,branch_secretary,branch_committee_member}'),
	('ask_clearance', '{od_officer}'),
	('answer_clearance', '{od_officer,od_head,discipline}'),
	('withdraw_clearance', '{od_officer}'),
	('list_clearances', '{od_officer,od_head,discipline}'),
	('show_clearance', '{od_officer,od_head,discipline}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('mass_session', '-', 'CHOSEN', 'choose_representatives', NULL),
	('mass_session', 'CHOSEN', 'CHOSEN', 'choose_representatives', NULL),
	('mass_session', 'CHOSEN', 'HELD', 'seat_representatives', NULL),
	('clearance', '-', 'ASKED', 'ask_clearance', NULL),
	('clearance', 'ASKED', 'ANSWERED', 'answer_clearance', NULL),
	('clearance', 'ASKED', 'WITHDRAWN', 'withdraw_clearance', NULL);
-- From acceptance to the last objection: a question may come up at any point.
INSERT INTO rule.transition (entity, from_state, to_state, request)
SELECT 'application', s, s, 'ask_clearance' FROM unnest('{ACCEPTED,EVALUATING,DOSSIER_FROZEN,
	IN_DELIBERATION,DEFERRED,PROPOSED_AWARD,IN_PUBLICITY}'::text[]) s;

TRUNCATE rule.clearance_body;
INSERT INTO rule.clearance_body (body, role) VALUES
	('纪委', 'discipline'), ('纪检', 'discipline'), ('纪检监察', 'discipline');

-- Whether words name the branch itself: its code, one of its names, or the branch in
-- general ("本支部", "支委会").
CREATE FUNCTION flow.names_branch(words text, org_id text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT btrim(words) = names_branch.org_id
		OR btrim(words) ~ '^(本|我)?(党)?支部(委员会|委|书记|自行|自己|推荐|提名)*$|^支委(会|推荐)?$'
		OR EXISTS (SELECT FROM data.org_version v WHERE v.org_id = names_branch.org_id
			AND (starts_with(btrim(words), v.name) OR btrim(words) = v.short_name)) $$;

CREATE FUNCTION flow.names_students(words text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT strpos(words, '学生') > 0 $$;

-- Whether students are among the judges is for the college to say: the plan does not
-- (domain 1.2, 4), and nothing is assumed.
CREATE FUNCTION refuse.unless_students_judge(field text, words text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF NOT flow.names_students(words) THEN
		RETURN;
	ELSIF flow.current_rule_set() IS NULL THEN
		PERFORM refuse.because('ZB003', 'no_rule_set');
	ELSIF NOT (SELECT r.students_judge FROM data.rule_set r
		WHERE r.id = flow.current_rule_set()) THEN
		PERFORM refuse.invalid(field, 'students_do_not_judge', flow.current_rule_set());
	END IF;
END $$;
