-- The committee's meeting: who may, which moves, and its arithmetic (domain 2.5).

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('new_meeting', '{committee_secretary,recorder}'::text[]),
	('list_meetings', '{committee_member,committee_secretary,recorder,od_head}'),
	('show_meeting', '{committee_member,committee_secretary,recorder,od_head}'),
	('add_agenda_item', '{committee_secretary,recorder}'),
	('remove_agenda_item', '{committee_secretary,recorder}'),
	('record_attendance', '{committee_secretary,recorder}'),
	('recuse', '{committee_member,committee_secretary,recorder}'),
	('begin_meeting', '{committee_secretary,recorder}'),
	('open_vote', '{committee_secretary,recorder}'),
	('cast_vote', '{committee_member,committee_secretary}'),
	('close_vote', '{recorder,scrutineer,teller}'),
	('resolve_item', '{recorder}'),
	('defer_item', '{recorder}'),
	('record_opinion', '{recorder}'),
	('end_meeting', '{committee_secretary,recorder}'),
	('show_minutes', '{committee_member,committee_secretary,recorder,od_head}'),
	('sign_minutes', '{committee_secretary}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('meeting', '-', 'PLANNED', 'new_meeting', NULL),
	('meeting', 'PLANNED', 'PLANNED', 'add_agenda_item', NULL),
	('meeting', 'PLANNED', 'PLANNED', 'remove_agenda_item', NULL),
	('meeting', 'OPEN', 'OPEN', 'remove_agenda_item', NULL),
	('meeting', 'PLANNED', 'PLANNED', 'record_attendance', 'meeting_day_come'),
	('meeting', 'OPEN', 'OPEN', 'record_attendance', 'meeting_no_vote_open'),
	('meeting', 'PLANNED', 'OPEN', 'begin_meeting', 'meeting_can_begin'),
	('meeting', 'OPEN', 'ENDED', 'end_meeting', 'meeting_all_resolved'),
	('meeting', 'ENDED', 'SIGNED', 'sign_minutes', NULL),

	('agenda_item', '-', 'LISTED', 'add_agenda_item', NULL),
	('agenda_item', 'LISTED', 'REMOVED', 'remove_agenda_item', NULL),
	('agenda_item', 'VOTING', 'REMOVED', 'remove_agenda_item', 'item_matter_left'),
	('agenda_item', 'COUNTED', 'REMOVED', 'remove_agenda_item', 'item_matter_left'),
	('agenda_item', 'LISTED', 'LISTED', 'recuse', NULL),
	('agenda_item', 'LISTED', 'LISTED', 'record_opinion', NULL),
	('agenda_item', 'VOTING', 'VOTING', 'record_opinion', NULL),
	('agenda_item', 'COUNTED', 'COUNTED', 'record_opinion', NULL),
	('agenda_item', 'LISTED', 'VOTING', 'open_vote', 'item_can_vote'),
	('agenda_item', 'VOTING', 'VOTING', 'cast_vote', 'item_vote_named'),
	('agenda_item', 'VOTING', 'VOTING', 'close_vote', 'item_urn_counted'),
	('agenda_item', 'VOTING', 'COUNTED', 'close_vote', 'item_urn_counted'),
	('agenda_item', 'COUNTED', 'VOTING', 'close_vote', 'item_urn_counted'),
	-- a figure written down wrongly, until the item is resolved
	('agenda_item', 'COUNTED', 'COUNTED', 'close_vote', 'item_urn_counted'),
	('agenda_item', 'COUNTED', 'RESOLVED', 'resolve_item', 'item_in_deliberation'),
	('agenda_item', 'LISTED', 'RESOLVED', 'defer_item', 'item_can_vote'),
	('agenda_item', 'COUNTED', 'RESOLVED', 'defer_item', 'item_not_carried'),

	('application', 'DOSSIER_FROZEN', 'IN_DELIBERATION', 'add_agenda_item', NULL),
	('application', 'DEFERRED', 'IN_DELIBERATION', 'add_agenda_item', NULL),
	('application', 'IN_DELIBERATION', 'DOSSIER_FROZEN', 'remove_agenda_item', NULL),
	('application', 'IN_DELIBERATION', 'PROPOSED_AWARD', 'resolve_item', NULL),
	('application', 'IN_DELIBERATION', 'NOT_THIS_TIME', 'resolve_item', NULL),
	('application', 'IN_DELIBERATION', 'DEFERRED', 'defer_item', NULL);

INSERT INTO rule.matter (entity, carried, rejected, deferred, taken_off) VALUES
	('application', 'PROPOSED_AWARD', 'NOT_THIS_TIME', 'DEFERRED', 'DOSSIER_FROZEN');

-- What a number stands for, if the committee can decide on it; NULLs otherwise.
-- `ready_on`: the day its papers were complete.
CREATE FUNCTION flow.matter(subject_id text, OUT entity text, OUT org_id text,
	OUT state text, OUT motion text, OUT ready_on date)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_variable
DECLARE
	e text;
	j jsonb;
BEGIN
	FOR e IN SELECT m.entity FROM rule.matter m ORDER BY m.entity LOOP
		EXECUTE format('SELECT to_jsonb(x) FROM data.%I x WHERE x.id = $1', e)
			INTO j USING subject_id;
		IF j IS NOT NULL THEN
			entity := e;
			org_id := j->>'org_id';
			state := j->>'state';
			motion := j->>'motion';
			ready_on := j->>'proposed_on';
			RETURN;
		END IF;
	END LOOP;
END $$;
-- The last word on it was yes, and the minutes that say so are signed.
CREATE FUNCTION flow.signed_item(subject_id text) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT i.id FROM (SELECT x.* FROM data.agenda_item x
		WHERE x.subject_id = signed_item.subject_id AND x.outcome IS NOT NULL
		ORDER BY x.resolved_at DESC, x.id DESC LIMIT 1) i
	JOIN data.meeting m ON m.id = i.meeting_id AND m.state = 'SIGNED'
	JOIN rule.matter r ON r.entity = i.entity AND r.carried = i.outcome $$;

-- ---- who has a seat, who must stand aside --------------------------------------
-- The committee itself: the organisation a meeting belongs to.
CREATE FUNCTION flow.committee() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT o.id FROM data.org o WHERE o.kind = 'committee' ORDER BY o.id LIMIT 1 $$;

-- Entitled to attend (应到): who holds a seat on that day.
CREATE FUNCTION flow.seats(on_day date) RETURNS SETOF text LANGUAGE sql STABLE AS $$
	SELECT DISTINCT o.person_id FROM data.office o
	WHERE o.role IN ('committee_member', 'committee_secretary')
		AND o.from_on <= on_day AND (o.to_on IS NULL OR o.to_on > on_day) $$;

-- A person's own branch, in whatever way they belong to it.
CREATE FUNCTION flow.is_member(person_id text, org_id text, on_day date)
RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.affiliation a
		WHERE a.person_id = is_member.person_id AND a.org_id = is_member.org_id
			AND a.from_on <= on_day AND (a.to_on IS NULL OR a.to_on > on_day)) $$;

-- ---- arithmetic: whole numbers only ------------------------------------------------
-- The least number of present members that makes the fraction (以上 includes it).
CREATE FUNCTION flow.quorum_needed(entitled int, num int, den int) RETURNS int
LANGUAGE sql IMMUTABLE AS $$ SELECT (entitled * num + den - 1) / den $$;
-- More than half (超过 does not include the half).
CREATE FUNCTION flow.carried(in_favour int, denominator int) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT in_favour * 2 > denominator $$;
CREATE FUNCTION flow.carry_needed(denominator int) RETURNS int
LANGUAGE sql IMMUTABLE AS $$ SELECT denominator / 2 + 1 $$;

-- Of an item: those in the room while it is dealt with.
CREATE FUNCTION flow.head_count(meeting_id text, agenda_item_id text DEFAULT NULL,
	OUT entitled int, OUT present int)
LANGUAGE sql STABLE AS $$
	SELECT count(*)::int, count(*) FILTER (WHERE CASE
			WHEN head_count.agenda_item_id IS NULL THEN a.present
			ELSE flow.in_room(a.meeting_id, a.person_id, head_count.agenda_item_id) END)::int
	FROM data.attendance a
	WHERE a.meeting_id = head_count.meeting_id AND a.entitled $$;

-- The rule set of a meeting: the one it began with, before that today's.
CREATE FUNCTION flow.meeting_rules(meeting_id text) RETURNS data.rule_set
LANGUAGE sql STABLE AS $$
	SELECT r.* FROM data.meeting m
	JOIN data.rule_set r ON r.id = coalesce(m.rule_set_id, flow.current_rule_set())
	WHERE m.id = meeting_rules.meeting_id $$;

-- The sum of a vote in words, as it stands in the minutes.
CREATE FUNCTION flow.vote_arithmetic(i data.agenda_item, rules data.rule_set)
RETURNS text LANGUAGE sql STABLE AS $$
	SELECT format('应到%s人，实到%s人，回避%s人（%s，议事规则%s），可表决%s人。'
		'同意须超过%s的半数，即至少%s票；同意%s票，不同意%s票，弃权%s票，未投%s票：%s。',
		i.entitled, i.present, i.recused,
		CASE WHEN rules.recused_stay THEN '回避者计入分母' ELSE '回避者不计入分母' END,
		rules.id, i.voters, i.denominator, flow.carry_needed(i.denominator),
		i.in_favour, i.against, i.abstain, i.not_cast,
		CASE WHEN i.passed THEN '通过' ELSE '未通过' END) $$;

-- ---- words ------------------------------------------------------------------------
CREATE FUNCTION flow.cn_date(day date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT extract(year FROM day) || '年' || extract(month FROM day) || '月'
		|| extract(day FROM day) || '日' $$;
CREATE FUNCTION flow.names(person_ids text[]) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT coalesce(string_agg(p.name, '、' ORDER BY u.n), '')
	FROM unnest(person_ids) WITH ORDINALITY u(id, n) JOIN data.person p ON p.id = u.id $$;
-- The title of the award as it stands in a sentence.
CREATE FUNCTION flow.quoted(title text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN title ~ '^“.*”$' THEN title ELSE '“' || title || '”' END $$;
CREATE FUNCTION flow.method_words(method text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE method WHEN 'SHOW_OF_HANDS' THEN '举手表决'
		WHEN 'SECRET_BALLOT' THEN '无记名票决' WHEN 'NAMED_VOTE' THEN '记名表决' END $$;

-- The item that proposed the award of an application: the latest that did.
CREATE FUNCTION flow.award_item(application_id text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT i.id FROM data.agenda_item i
	WHERE i.application_id = award_item.application_id AND i.outcome = 'PROPOSED_AWARD'
	ORDER BY i.resolved_at DESC, i.id DESC LIMIT 1 $$;

-- ---- what is settled stays ---------------------------------------------------------
-- Whatever code runs: an outcome, minutes and a frozen text are written once.
CREATE FUNCTION flow.keep_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM refuse.state(OLD.id, TG_TABLE_NAME || '.' || OLD.state);
	RETURN NULL;
END $$;
CREATE TRIGGER settled BEFORE UPDATE ON data.agenda_item FOR EACH ROW
	WHEN (OLD.outcome IS NOT NULL) EXECUTE FUNCTION flow.keep_settled();
CREATE TRIGGER written BEFORE UPDATE ON data.meeting FOR EACH ROW
	WHEN (OLD.minutes IS NOT NULL AND (OLD.state = 'SIGNED'
		OR NEW.minutes IS DISTINCT FROM OLD.minutes
		OR NEW.minutes_sha256 IS DISTINCT FROM OLD.minutes_sha256))
	EXECUTE FUNCTION flow.keep_settled();
CREATE TRIGGER frozen BEFORE UPDATE ON data.dossier FOR EACH ROW
	WHEN (NEW.content <> OLD.content OR NEW.sha256 <> OLD.sha256)
	EXECUTE FUNCTION flow.keep_settled();
CREATE TRIGGER kept BEFORE DELETE ON data.agenda_item FOR EACH ROW
	EXECUTE FUNCTION flow.keep_settled();
CREATE TRIGGER kept BEFORE DELETE ON data.meeting FOR EACH ROW
	EXECUTE FUNCTION flow.keep_settled();
CREATE TRIGGER kept BEFORE DELETE ON data.dossier FOR EACH ROW
	EXECUTE FUNCTION flow.keep_settled();
