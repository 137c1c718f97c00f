-- The public notice: drafted, checked for secrecy, approved, posted, by the right
-- people; its last day by the rule set and the holiday calendar.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('new_notice', '{od_officer}'::text[]),
	('check_notice', '{od_officer,recorder,discipline}'),
	('approve_notice', '{od_head}'),
	('post_notice', '{od_officer,od_head}'),
	('end_notice', '{od_officer,od_head}'),
	('drop_notice', '{od_officer,od_head}'),
	('list_notices', '{od_officer,od_head,recorder,discipline,committee_member,committee_secretary}'),
	('show_notice', '{od_officer,od_head,recorder,discipline,committee_member,committee_secretary}'),
	('public_notices', '{anyone}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('notice', '-', 'DRAFT', 'new_notice', NULL),
	('notice', 'DRAFT', 'SECRECY_CHECKED', 'check_notice', 'notice_still_proposed'),
	('notice', 'SECRECY_CHECKED', 'APPROVED', 'approve_notice', 'notice_still_proposed'),
	('notice', 'APPROVED', 'POSTED', 'post_notice', 'notice_can_post'),
	('notice', 'POSTED', 'ENDED_CLEAR', 'end_notice', 'notice_over'),
	('notice', 'DRAFT', 'DROPPED', 'drop_notice', NULL),
	('notice', 'SECRECY_CHECKED', 'DROPPED', 'drop_notice', NULL),
	('notice', 'APPROVED', 'DROPPED', 'drop_notice', NULL),

	('application', 'PROPOSED_AWARD', 'IN_PUBLICITY', 'post_notice', NULL);

CREATE FUNCTION flow.current_award_title() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT flow.quoted(p.award_title) FROM data.programme p WHERE p.id = flow.current_programme() $$;

-- The last day of a notice.  `provisional`: it runs into a year whose calendar is
-- not published, so it must not be relied on (T29).  A fixed day stays fixed.
CREATE FUNCTION flow.notice_end(n data.notice, OUT ends_on date, OUT provisional boolean,
	OUT days int, OUT posting_counts boolean)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
BEGIN
	SELECT r.notice_working_days, r.posting_day_counted INTO days, posting_counts
	FROM data.rule_set r WHERE r.id = coalesce(n.rule_set_id, flow.current_rule_set());
	ends_on := n.ends_on;
	provisional := false;
	IF ends_on IS NULL AND n.posted_on IS NOT NULL THEN
		SELECT w.end_on, w.provisional INTO ends_on, provisional
		FROM flow.working_end(n.posted_on, days, posting_counts) w;
	END IF;
END $$;

-- The whole text as it hangs on the wall, in code order (排名不分先后).
CREATE FUNCTION flow.notice_text(n data.notice) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT concat_ws(E'\n', n.title, '',
		format('　　经支部自创、逐级申报、“四评”和学院党委集体研究，拟评定下列党支部为%s，现予公示（排名不分先后）：',
			flow.current_award_title()),
		(SELECT string_agg('　　' || i.org_id || '　' || i.org_name, E'\n' ORDER BY i.org_id)
		FROM data.notice_item i WHERE i.notice_id = n.id),
		'　　公示期：' || CASE
			WHEN n.posted_on IS NULL THEN format('自张贴之日起%s个工作日（%s）。', e.days, c.words)
			WHEN e.provisional THEN format('自%s起%s个工作日（%s）；截止日期待该年度节假日安排公布后确定，暂计至%s。',
				flow.cn_date(n.posted_on), e.days, c.words, flow.cn_date(e.ends_on))
			ELSE format('%s至%s，%s个工作日（%s）。', flow.cn_date(n.posted_on),
				flow.cn_date(e.ends_on), e.days, c.words) END,
		'　　对公示内容有不同意见的，请在公示期内反映：' || n.contact,
		'　　实名反映请留下联系方式，以便核实和答复；匿名反映有可查事实的，同样受理。', '',
		d.college_name || '党委组织部', flow.cn_date(n.posted_on))
	FROM flow.notice_end(n) e, data.deployment d,
		LATERAL (SELECT CASE WHEN e.posting_counts THEN '张贴当日计入'
			ELSE '张贴当日不计入' END AS words) c $$;
