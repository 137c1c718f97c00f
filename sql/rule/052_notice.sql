-- The public notice: drafted, checked for secrecy, approved, posted, by the right
-- people; its last day by the rule set and the holiday calendar.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('new_notice', '{od_officer}'::text[]),
	('check_notice', '{od_officer,recorder,discipline}'),
	('approve_notice', '{od_head}'),
	('post_notice', '{od_officer,od_head}'),
	('correct_notice', '{od_officer}'),
	('extend_notice', '{od_officer,od_head}'),
	('end_notice', '{od_officer,od_head}'),
	('drop_notice', '{od_officer,od_head}'),
	('list_notices', '{od_officer,od_head,recorder,discipline,committee_member,committee_secretary}'),
	('show_notice', '{od_officer,od_head,recorder,discipline,committee_member,committee_secretary}'),
	('show_notice_report', '{od_officer,od_head,recorder,discipline,committee_member,committee_secretary}'),
	('public_notices', '{anyone}'),
	('agree_withdrawal', '{committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('notice', '-', 'DRAFT', 'new_notice', NULL),
	('notice', '-', 'DRAFT', 'correct_notice', NULL),
	('notice', 'DRAFT', 'SECRECY_CHECKED', 'check_notice', 'notice_items_fit'),
	('notice', 'SECRECY_CHECKED', 'APPROVED', 'approve_notice', 'notice_items_fit'),
	('notice', 'APPROVED', 'POSTED', 'post_notice', 'notice_can_post'),
	('notice', 'POSTED', 'ENDED_CLEAR', 'end_notice', 'notice_over'),
	('notice', 'POSTED', 'POSTED', 'extend_notice', 'notice_has_period'),
	('notice', 'POSTED', 'POSTED', 'correct_notice', 'notice_may_correct'),
	('notice', 'ENDED_CLEAR', 'ENDED_CLEAR', 'correct_notice', 'notice_may_correct'),
	('notice', 'POSTED', 'CORRECTED', 'post_notice', NULL),
	('notice', 'ENDED_CLEAR', 'CORRECTED', 'post_notice', NULL),
	('notice', 'DRAFT', 'DROPPED', 'drop_notice', NULL),
	('notice', 'SECRECY_CHECKED', 'DROPPED', 'drop_notice', NULL),
	('notice', 'APPROVED', 'DROPPED', 'drop_notice', NULL),

	('application', 'PROPOSED_AWARD', 'IN_PUBLICITY', 'post_notice', NULL),
	-- after the decision the branch asks, and the committee takes note
	('application', 'PROPOSED_AWARD', 'PROPOSED_AWARD', 'withdraw_application', NULL),
	('application', 'IN_PUBLICITY', 'IN_PUBLICITY', 'withdraw_application', NULL),
	('application', 'PROPOSED_AWARD', 'WITHDRAWN', 'agree_withdrawal', 'withdrawal_asked'),
	('application', 'IN_PUBLICITY', 'WITHDRAWN', 'agree_withdrawal', 'withdrawal_asked'),
	('round', 'APPLIED', 'SELF_ASSESSED', 'agree_withdrawal', NULL);

CREATE FUNCTION flow.current_award_title() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT flow.quoted(p.award_title) FROM data.programme p WHERE p.id = flow.current_programme() $$;

-- The last day of a notice.  `provisional`: it runs into a year whose calendar is
-- not published, so it must not be relied on (T29).  A fixed day stays fixed.  What
-- only says a result has no period and no last day.
CREATE FUNCTION flow.notice_end(n data.notice, OUT ends_on date, OUT provisional boolean,
	OUT days int, OUT posting_counts boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	ends_on := n.ends_on;
	provisional := false;
	IF n.kind = 'RESULT' THEN
		RETURN;
	END IF;
	SELECT coalesce(n.working_days, r.notice_working_days), r.posting_day_counted
	INTO days, posting_counts
	FROM data.rule_set r WHERE r.id = coalesce(n.rule_set_id, flow.current_rule_set());
	IF ends_on IS NULL AND n.posted_on IS NOT NULL THEN
		SELECT w.end_on, w.provisional INTO ends_on, provisional
		FROM flow.working_end(n.posted_on, days, posting_counts) w;
	END IF;
END $$;

-- The states in which an application may be on a notice that is being made.
CREATE FUNCTION flow.notice_states(n data.notice) RETURNS text[] LANGUAGE sql STABLE AS $$
	SELECT CASE n.kind WHEN 'OPINION_GATHERING' THEN '{ACCEPTED,EVALUATING}'
		WHEN 'RESULT' THEN '{EFFECTIVE}'
		ELSE CASE WHEN n.corrects_id IS NULL THEN '{PROPOSED_AWARD}'
			ELSE '{IN_PUBLICITY,OBJECTION_HANDLING}' END END::text[] $$;

CREATE FUNCTION flow.notice_title(kind text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT format(CASE kind WHEN 'OPINION_GATHERING' THEN '关于对%s申报支部征求意见的公示'
		WHEN 'RESULT' THEN '关于评定%s的公告' ELSE '关于拟评定%s的公示' END,
		flow.current_award_title()) $$;

CREATE FUNCTION flow.notice_opening(n data.notice) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT concat_ws(E'\n', (SELECT format('　　%s张贴的公示（%s）有误：%s。现予更正，公示期重新计算。',
			flow.cn_date(o.posted_on), o.id, n.correct_reason)
		FROM data.notice o WHERE o.id = n.corrects_id),
		format('　　' || CASE n.kind
			WHEN 'OPINION_GATHERING' THEN '下列党支部已申报%s，学院正在开展“四评”。为广泛听取意见，现予公示（排名不分先后）：'
			WHEN 'RESULT' THEN '经学院党委集体研究、公示，决定评定下列党支部为%s（排名不分先后）：'
			ELSE '经支部自创、逐级申报、“四评”和学院党委集体研究，拟评定下列党支部为%s，现予公示（排名不分先后）：'
			END, flow.current_award_title())) $$;

-- From when to when, and how the days are counted.
CREATE FUNCTION flow.notice_period(n data.notice) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT '　　公示期：' || CASE
		WHEN n.posted_on IS NULL THEN format('自张贴之日起%s个工作日（%s）。', e.days, c.words)
		WHEN e.provisional THEN format('自%s起%s个工作日（%s）；截止日期待该年度节假日安排公布后确定，暂计至%s。',
			flow.cn_date(n.posted_on), e.days, c.words, flow.cn_date(e.ends_on))
		WHEN x.to_on IS NOT NULL THEN format('%s至%s（延长：%s）。', flow.cn_date(n.posted_on),
			flow.cn_date(e.ends_on), x.reason)
		ELSE format('%s至%s，%s个工作日（%s）。', flow.cn_date(n.posted_on),
			flow.cn_date(e.ends_on), e.days, c.words) END
	FROM flow.notice_end(n) e
	LEFT JOIN LATERAL (SELECT t.to_on, t.reason FROM data.notice_extension t
		WHERE t.notice_id = n.id ORDER BY t.to_on DESC LIMIT 1) x ON true,
		LATERAL (SELECT CASE WHEN e.posting_counts THEN '张贴当日计入'
			ELSE '张贴当日不计入' END AS words) c
	WHERE n.kind <> 'RESULT' $$;

-- The whole text as it hangs on the wall, in code order (排名不分先后).
CREATE FUNCTION flow.notice_text(n data.notice) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT concat_ws(E'\n', n.title, '', flow.notice_opening(n),
		(SELECT string_agg(concat('　　', i.org_id, '　', i.org_name, '　' || w.doc_no), E'\n'
			ORDER BY i.org_id)
		FROM data.notice_item i
		LEFT JOIN data.award w ON n.kind = 'RESULT' AND w.application_id = i.application_id
		WHERE i.notice_id = n.id),
		flow.notice_period(n),
		CASE n.kind WHEN 'RESULT' THEN '　　联系方式：'
			WHEN 'OPINION_GATHERING' THEN '　　对上述党支部的工作有意见、建议的，请在公示期内反映：'
			ELSE '　　对公示内容有不同意见的，请在公示期内反映：' END || n.contact,
		CASE WHEN n.kind <> 'RESULT' THEN
			'　　实名反映请留下联系方式，以便核实和答复；匿名反映有可查事实的，同样受理。' END,
		CASE WHEN n.kind <> 'RESULT' THEN '　　网上反映的受理密钥核对码：'
			|| CASE WHEN n.posted_on IS NULL THEN flow.key_check() ELSE n.key_check END || '。' END,
		'', d.college_name || '党委组织部', flow.cn_date(n.posted_on))
	FROM data.deployment d $$;
