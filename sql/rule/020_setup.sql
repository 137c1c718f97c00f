-- What is done on the server's own machine, before anybody can sign in: the first
-- administrator, and a new code for one who lost every key.  Only the owner of the
-- database may call these (zhibud init, zhibud code).

DROP SCHEMA IF EXISTS setup CASCADE;
CREATE SCHEMA setup;

-- The programme of the plan, with the plan's words.  A college may change all of it
-- later: programme, standard and title are data.
CREATE FUNCTION setup.plan(college_name text, start_on date) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	p_id text := 'XM' || to_char(start_on, 'YY') || '-01';
	v_id text := 'BZ' || to_char(start_on, 'YY') || '.1';
BEGIN
	INSERT INTO data.programme (id, title, award_title, issued_by) VALUES
		(p_id, '建设“最强党支部”', '最强党支部', '中共' || college_name || '委员会');
	INSERT INTO data.programme_basis (programme_id, basis_no, issuer, title) VALUES
		(p_id, 1, '内蒙古自治区党委组织部',
		'《筑牢新时代北疆基层战斗堡垒建设“最强党支部”方案》');
	INSERT INTO data.programme_phase (programme_id, phase_no, name) VALUES
		(p_id, 1, '三年打基础'), (p_id, 2, '五年争优先');
	INSERT INTO data.programme_goal (programme_id, goal_no, text) VALUES
		(p_id, 1, '到2021年，学院党支部建设质量得到普遍提升，“最强党支部”比例达到30%以上，软弱涣散党支部消除'),
		(p_id, 2, '到2023年，全院一半党支部达到“最强党支部”标准');
	INSERT INTO data.standard_version (id, programme_id, adopted_on, basis) VALUES
		(v_id, p_id, start_on, '建设“最强党支部”工作方案');
	INSERT INTO data.standard_group (standard_version_id, group_no, title, text) VALUES
		(v_id, 1, '政治功能强',
		'旗帜鲜明讲政治，自觉学习党的政治理论，坚定执行党的政治路线，坚决站稳党的立场和人民立场。'),
		(v_id, 2, '队伍建设强',
		'党支部工作机制健全，班子严格执行民主集中制，职责分工明确并履责到位，团结干事氛围好。党支部书记政治素质好，政治理论水平高、组织协调能力和群众工作本领强，先锋模范作用突出。发展党员工作规范，党员教育经常，党员管理合格，不合格党员处置及时，队伍纯洁，先锋模范作用发挥好。'),
		(v_id, 3, '组织生活强',
		'严格执行党的组织生活制度，经常、认真、严肃地开展批评和自我批评。“三会一课”形式多样、氛围庄重，主题党日“党味”浓，主题突出，组织生活会和民主评议党员工作程序规范、评议结果运用好，及时开展谈心谈话，党内关怀帮扶到位。'),
		(v_id, 4, '作用发挥强',
		'党支部组织设置规范、隶属明确、运行顺畅，支部委员会开展工作围绕中心、服务大局，业绩突出、成效明显，认真完成党支部的八项基本任务和重点任务，战斗堡垒作用发挥好。'),
		(v_id, 5, '群众工作强',
		'坚定践行群众路线，密切联系群众，遵守群众纪律，认真落实组织群众、宣传群众、凝聚群众、服务群众的职责，为群众解难题、办实事，群众对党支部工作支持度高、评价好。');
	INSERT INTO data.standard_item (standard_version_id, code, group_no, item_no, text,
		guidance, about, told_by)
	SELECT v_id, r.g || '.' || r.n, r.g, r.n, r.text, r.guidance, r.about, r.told_by
	FROM (VALUES
		(1, 1, '旗帜鲜明讲政治', NULL, 'BRANCH', 'BRANCH'),
		(1, 2, '自觉学习党的政治理论', NULL, 'BRANCH', 'BRANCH'),
		(1, 3, '坚定执行党的政治路线', NULL, 'BRANCH', 'BRANCH'),
		(1, 4, '坚决站稳党的立场和人民立场', NULL, 'BRANCH', 'BRANCH'),
		(2, 1, '党支部工作机制健全', NULL, 'BRANCH', 'BRANCH'),
		(2, 2, '班子严格执行民主集中制', NULL, 'BRANCH', 'BRANCH'),
		(2, 3, '职责分工明确并履责到位', NULL, 'BRANCH', 'BRANCH'),
		(2, 4, '团结干事氛围好', NULL, 'BRANCH', 'BRANCH'),
		(2, 5, '党支部书记政治素质好', NULL, 'SECRETARY', 'BRANCH'),
		(2, 6, '政治理论水平高', NULL, 'SECRETARY', 'BRANCH'),
		(2, 7, '组织协调能力和群众工作本领强', NULL, 'SECRETARY', 'BRANCH'),
		(2, 8, '先锋模范作用突出', NULL, 'SECRETARY', 'BRANCH'),
		(2, 9, '发展党员工作规范', NULL, 'MEMBERS', 'BRANCH'),
		(2, 10, '党员教育经常', NULL, 'MEMBERS', 'BRANCH'),
		(2, 11, '党员管理合格', NULL, 'MEMBERS', 'BRANCH'),
		(2, 12, '不合格党员处置及时', '只写是否按规定处置，不写具体的人和事', 'MEMBERS', 'BRANCH'),
		(2, 13, '队伍纯洁', NULL, 'MEMBERS', 'BRANCH'),
		(2, 14, '先锋模范作用发挥好', NULL, 'MEMBERS', 'BRANCH'),
		(3, 1, '严格执行党的组织生活制度', NULL, 'BRANCH', 'BRANCH'),
		(3, 2, '经常、认真、严肃地开展批评和自我批评', NULL, 'BRANCH', 'BRANCH'),
		(3, 3, '“三会一课”形式多样、氛围庄重', NULL, 'BRANCH', 'BRANCH'),
		(3, 4, '主题党日“党味”浓，主题突出', NULL, 'BRANCH', 'BRANCH'),
		(3, 5, '组织生活会和民主评议党员工作程序规范、评议结果运用好', NULL, 'BRANCH', 'BRANCH'),
		(3, 6, '及时开展谈心谈话', '只写有没有、什么时候，不写谈话内容', 'BRANCH', 'BRANCH'),
		(3, 7, '党内关怀帮扶到位', NULL, 'BRANCH', 'BRANCH'),
		(4, 1, '党支部组织设置规范、隶属明确、运行顺畅', '由组织树和任期核对，不用填写', 'BRANCH', 'TREE'),
		(4, 2, '支部委员会开展工作围绕中心、服务大局，业绩突出、成效明显', NULL, 'BRANCH', 'BRANCH'),
		(4, 3, '认真完成党支部的八项基本任务和重点任务', NULL, 'BRANCH', 'BRANCH'),
		(4, 4, '战斗堡垒作用发挥好', NULL, 'BRANCH', 'BRANCH'),
		(5, 1, '坚定践行群众路线', NULL, 'BRANCH', 'BRANCH'),
		(5, 2, '密切联系群众', NULL, 'BRANCH', 'BRANCH'),
		(5, 3, '遵守群众纪律', NULL, 'BRANCH', 'BRANCH'),
		(5, 4, '认真落实组织群众、宣传群众、凝聚群众、服务群众的职责', NULL, 'BRANCH', 'BRANCH'),
		(5, 5, '为群众解难题、办实事', NULL, 'BRANCH', 'BRANCH'),
		(5, 6, '群众对党支部工作支持度高、评价好', '由群众评判反映，不由支部自己说', 'BRANCH', 'MASSES')
	) AS r (g, n, text, guidance, about, told_by);
END $$;

-- An empty college, ready for its first login: the committee, its organization
-- department, one administrator with an enrolment code valid for 72 hours.  The
-- dates of a demo lie back, because its clock may be set back as well.
CREATE FUNCTION setup.first_administrator(college_name text, admin_name text,
	secret_hash bytea, deployment_id text, demo boolean, OUT person_id text)
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	me auth.actor;
	start_on date := CASE WHEN demo THEN date '2026-01-01' ELSE flow.today() END;
BEGIN
	IF EXISTS (SELECT FROM data.deployment) THEN
		RAISE 'this database already holds a college';
	END IF;
	person_id := 'P1';
	INSERT INTO data.deployment (id, demo, college_name)
	VALUES (deployment_id, demo, college_name);
	INSERT INTO data.org (id, kind, established_on) VALUES
		('DW', 'committee', start_on), ('ZZB', 'department', start_on);
	INSERT INTO data.org_version (org_id, parent_id, name, short_name, from_on) VALUES
		('DW', NULL, '中共' || college_name || '委员会', '党委', start_on),
		('ZZB', 'DW', '党委组织部', '组织部', start_on);
	INSERT INTO data.person (id, name) VALUES (person_id, admin_name);
	INSERT INTO data.office (person_id, org_id, role, from_on)
	VALUES (person_id, 'DW', 'administrator', start_on);
	INSERT INTO data.enrol_code (secret_hash, person_id, expires_at)
	VALUES (secret_hash, person_id, now() + interval '72 hours');
	PERFORM setup.plan(college_name, start_on);
	me := ROW(person_id, 'administrator', 'DW', 'first_administrator', NULL)::auth.actor;
	PERFORM audit.append(me, person_id, NULL, NULL, NULL);
END $$;

-- A code made by the machine's operator.  It is in the trace like everything else.
CREATE FUNCTION setup.emergency_code(person_id text, secret_hash bytea) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE me auth.actor;
BEGIN
	IF NOT EXISTS (SELECT FROM data.person p WHERE p.id = person_id AND p.active) THEN
		RAISE 'no active person %', person_id;
	END IF;
	INSERT INTO data.enrol_code (secret_hash, person_id, expires_at)
	VALUES (secret_hash, person_id, now() + interval '72 hours');
	me := ROW(person_id, NULL, NULL, 'emergency_code', NULL)::auth.actor;
	PERFORM audit.append(me, person_id, NULL, NULL, NULL);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA setup FROM PUBLIC;
