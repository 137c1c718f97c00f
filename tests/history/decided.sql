-- A college some months on: what the random history begins from beside the demo college.
-- Four branches are awarded; of six more the committee has resolved to.  Days, people and
-- digests are as the rules have them, so that invariants.sql holds from the first step.
WITH who AS (SELECT (SELECT min(person_id) FROM data.office WHERE role = 'recorder') AS recorder,
	(SELECT min(person_id) FROM data.office WHERE role = 'committee_secretary') AS secretary,
	(SELECT min(person_id) FROM data.office WHERE role = 'od_head') AS head,
	(SELECT min(person_id) FROM data.office WHERE role = 'od_officer') AS officer,
	(SELECT max(person_id) FROM data.office WHERE role = 'od_officer') AS other),
b AS (SELECT o.id AS org, row_number() OVER (ORDER BY o.id) AS n, v.name, o.established_on, t.id AS term,
		flow.term_end(t.id) AS term_end
	FROM data.org o JOIN data.org_version v ON v.org_id = o.id AND v.to_on IS NULL
	JOIN data.term t ON t.org_id = o.id AND t.ended_on IS NULL
	WHERE o.kind LIKE 'branch%' ORDER BY o.id LIMIT 10),
lc AS (INSERT INTO data.round (id, org_id, state, term_id, standard_version_id, started_on, started_by)
	SELECT 'LC26-' || org, org, 'APPLIED', term, flow.current_standard(), '2026-09-01', w.officer FROM b, who w),
zp AS (INSERT INTO data.self_assessment (id, org_id, state, round_id, version_no)
	SELECT 'ZP26-' || org, org, 'ADOPTED', 'LC26-' || org, 1 FROM b),
zpv AS (INSERT INTO data.self_version (self_id, version_no, revision, held_on, entitled, present, in_favour,
		against, abstain, meets_conditions, adopted_by, adopted_at)
	SELECT 'ZP26-' || org, 1, 1, '2026-09-02', 9, 9, 9, 0, 0, true, w.officer, '2026-09-02T10:00+08' FROM b, who w),
sb AS (INSERT INTO data.application (id, org_id, state, round_id, standard_version_id, self_id,
		self_version_no, org_name, org_kind, established_on, full_members, probationary_members,
		summary, remaining_problems, next_steps, term_id, created_on, created_by, submitted_at,
		held_on, entitled, present, in_favour, against, abstain)
	SELECT 'SB26-' || org, org, CASE WHEN n <= 4 THEN 'EFFECTIVE' ELSE 'PROPOSED_AWARD' END, 'LC26-' || org,
		flow.current_standard(), 'ZP26-' || org, 1, name, 'branch', established_on, 9, 0,
		'自创', '不足一条', '每月走访', term, '2026-09-02', w.officer, '2026-09-02T11:00+08',
		'2026-09-02', 9, 9, 9, 0, 0 FROM b, who w),
cl AS (INSERT INTO data.dossier (id, org_id, state, application_id, content, sha256, frozen_at, frozen_by)
	SELECT 'CL26-' || org, org, 'FROZEN', 'SB26-' || org, '{}', sha256('{}'), '2026-09-10T10:00+08', w.head
	FROM b, who w),
hy AS (INSERT INTO data.meeting (id, org_id, state, held_on, place, chair_id, recorder_id)
	SELECT 'HY26-00', 'DW', 'SIGNED', '2026-09-14', '会议室', w.secretary, w.recorder FROM who w),
yt AS (INSERT INTO data.agenda_item (id, org_id, state, meeting_id, item_no, application_id, entity,
		subject_id, dossier_id, presenter_id, entitled, present, recused, voters, denominator, method,
		in_favour, against, abstain, not_cast, passed, outcome, resolved_at)
	SELECT 'YT26-' || org, org, 'RESOLVED', 'HY26-00', n, 'SB26-' || org, 'application', 'SB26-' || org,
		'CL26-' || org, w.officer, 9, 9, 0, 9, 9, 'SHOW_OF_HANDS', 9, 0, 0, 0, true, 'PROPOSED_AWARD',
		'2026-09-14T10:00+08' FROM b, who w),
gs AS (INSERT INTO data.notice (id, org_id, state, kind, title, contact, drafted_by, drafted_on, checked_by,
		approved_by, posted_on, ends_on)
	SELECT 'GS26-00', 'DW', 'ENDED_CLEAR', 'INTENDED_AWARD', '公示', '电话', w.officer, '2026-09-15', w.other,
		w.head, '2026-09-15', '2026-09-22' FROM who w),
gsi AS (INSERT INTO data.notice_item (notice_id, org_id, org_name, application_id, agenda_item_id)
	SELECT 'GS26-00', org, name, 'SB26-' || org, 'YT26-' || org FROM b WHERE n <= 4)
INSERT INTO data.award (id, org_id, state, application_id, round_id, programme_id, level, title,
	org_name, doc_no, decided_on, term_id, effective_from, valid_to, agenda_item_id, notice_id, signed_by)
SELECT 'PD26-' || org, org, 'EFFECTIVE', 'SB26-' || org, 'LC26-' || org, flow.current_programme(), 'COLLEGE',
	'最强党支部', name, '院党发〔2026〕12号', '2026-09-24', term, '2026-09-24', term_end, 'YT26-' || org,
	'GS26-00', w.secretary FROM b, who w WHERE n <= 4
