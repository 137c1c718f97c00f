-- Objections: who may, which moves, what they hold up.

INSERT INTO rule.role (role, scope, single) VALUES ('objection_officer', 'college', false);

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('objection_keys', '{anyone}'::text[]),
	('file_objection', '{anyone}'),
	('read_objection', '{anyone}'),
	('register_objection_key', '{objection_officer}'),
	('record_objection', '{objection_officer}'),
	('register_objection', '{objection_officer}'),
	('decline_objection', '{objection_officer}'),
	('transfer_objection', '{objection_officer,od_officer,discipline}'),
	('assign_objection', '{objection_officer}'),
	('record_inquiry', '{objection_officer,od_officer,discipline}'),
	('ask_branch', '{objection_officer,od_officer,discipline}'),
	('list_questions', '{branch_secretary,branch_committee_member}'),
	('answer_question', '{branch_secretary}'),
	('conclude_objection', '{objection_officer,od_officer,discipline}'),
	('note_objection', '{committee_secretary}'),
	('reply_objection', '{objection_officer}'),
	('close_objection', '{objection_officer}'),
	('list_objections', '{objection_officer,od_officer,od_head,discipline,committee_member,committee_secretary}'),
	('show_objection', '{objection_officer,od_officer,od_head,discipline,committee_member,committee_secretary}'),
	('open_identity', '{objection_officer}'),
	('read_identity', '{objection_officer}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('objection', '-', 'RECEIVED', 'file_objection', NULL),
	('objection', '-', 'REGISTERED', 'record_objection', NULL),
	('objection', 'RECEIVED', 'REGISTERED', 'register_objection', NULL),
	('objection', 'REGISTERED', 'OUT_OF_SCOPE', 'decline_objection', NULL),
	('objection', 'REGISTERED', 'TRANSFERRED_TO_DISCIPLINE', 'transfer_objection', NULL),
	('objection', 'ASSIGNED', 'TRANSFERRED_TO_DISCIPLINE', 'transfer_objection', NULL),
	('objection', 'INQUIRING', 'TRANSFERRED_TO_DISCIPLINE', 'transfer_objection', NULL),
	('objection', 'REGISTERED', 'ASSIGNED', 'assign_objection', NULL),
	('objection', 'ASSIGNED', 'ASSIGNED', 'assign_objection', NULL),
	('objection', 'INQUIRING', 'INQUIRING', 'assign_objection', NULL),
	('objection', 'ASSIGNED', 'INQUIRING', 'record_inquiry', NULL),
	('objection', 'INQUIRING', 'INQUIRING', 'record_inquiry', NULL),
	('objection', 'ASSIGNED', 'INQUIRING', 'ask_branch', NULL),
	('objection', 'INQUIRING', 'INQUIRING', 'ask_branch', NULL),
	('objection', 'INQUIRING', 'CONCLUDED', 'conclude_objection', 'objection_answers_in'),
	('objection', 'CONCLUDED', 'CONCLUDED', 'note_objection', 'objection_unnoted'),
	('objection', 'REPLIED', 'REPLIED', 'note_objection', 'objection_unnoted'),
	('objection', 'CLOSED', 'CLOSED', 'note_objection', 'objection_unnoted'),
	('objection', 'TRANSFERRED_TO_DISCIPLINE', 'TRANSFERRED_TO_DISCIPLINE', 'note_objection', 'objection_unnoted'),
	('objection', 'CONCLUDED', 'REPLIED', 'reply_objection', NULL),
	('objection', 'REPLIED', 'CLOSED', 'close_objection', 'objection_noted'),
	('clearance', '-', 'ASKED', 'transfer_objection', NULL),
	('question', '-', 'ASKED', 'ask_branch', NULL),
	('question', 'ASKED', 'ANSWERED', 'answer_question', NULL),

	-- the clock of effect stops, the notice goes on
	('application', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'register_objection', NULL),
	('application', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'record_objection', NULL),
	('application', 'IN_PUBLICITY', 'OBJECTION_HANDLING', 'post_notice', NULL),
	('application', 'OBJECTION_HANDLING', 'IN_PUBLICITY', 'decline_objection', 'objections_settled'),
	('application', 'OBJECTION_HANDLING', 'CONFIRMED', 'confirm_award', 'publicity_over'),
	('application', 'OBJECTION_HANDLING', 'IN_DELIBERATION', 'add_agenda_item', 'deliberate_again'),
	('application', 'CONFIRMED', 'IN_DELIBERATION', 'add_agenda_item', 'deliberate_again'),
	-- rejecting is a decision of the committee, so it is voted on like the first
	('application', 'IN_DELIBERATION', 'REJECTED_AFTER_OBJECTION', 'resolve_item', NULL),
	('notice', 'POSTED', 'ENDED_WITH_OBJECTION', 'end_notice', 'notice_over'),
	('notice', 'ENDED_WITH_OBJECTION', 'ENDED_WITH_OBJECTION', 'correct_notice', 'notice_may_correct'),
	('notice', 'ENDED_WITH_OBJECTION', 'CORRECTED', 'post_notice', NULL);

-- Opening an identity is known to two people.
INSERT INTO rule.second_person (request, role, guard, why) VALUES
	('open_identity', 'objection_officer', NULL, '打开反映人身份，须有第二人知情同意'),
	('open_identity', 'discipline', NULL, '打开反映人身份，须有第二人知情同意');

-- What an objection says stays with those who handle it.
INSERT INTO rule.request (request, keyed, evented, keeps_payload, why)
SELECT r, true, true, false, 'the payload holds what an objection says, which no trace may keep'
FROM unnest('{record_objection,register_objection,decline_objection,record_inquiry,ask_branch,
	answer_question,conclude_objection,reply_objection}'::text[]) r;

-- Bytes of a sealed letter: LETTER_SIZE of common/letter.h.
CREATE FUNCTION flow.letter_size() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1265 $$;

-- The keys a writer seals to: of the officers of today.
CREATE FUNCTION flow.objection_keys() RETURNS SETOF bytea LANGUAGE sql STABLE AS $$
	SELECT k.public_key FROM data.objection_key k
	WHERE k.replaced_on IS NULL AND EXISTS (SELECT FROM data.office o
		WHERE o.person_id = k.person_id AND o.role = 'objection_officer'
			AND o.from_on <= flow.today() AND (o.to_on IS NULL OR o.to_on > flow.today()))
	ORDER BY k.public_key $$;

-- What a writer compares with the wall, so that no other keys can be put in place of
-- these: as letter_check of common/letter.h.  NULL without keys.
CREATE FUNCTION flow.key_check() RETURNS text LANGUAGE sql STABLE AS $$
	SELECT string_agg(CASE WHEN i > 0 AND i % 4 = 0 THEN '-' ELSE '' END
		|| substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substring(h.bits FROM i * 5 + 1 FOR 5)::int + 1, 1),
		'' ORDER BY i)
	FROM (SELECT ('x' || encode(substring(sha256(convert_to(E'zhibu-objection-keys-1\n', 'UTF8')
			|| string_agg(k, ''::bytea ORDER BY k)) FROM 1 FOR 10), 'hex'))::bit(80) AS bits
		FROM flow.objection_keys() k HAVING count(*) > 0) h, generate_series(0, 15) i $$;

-- Registered ones that wait for the committee's word, and what has come in and is not
-- registered yet: nothing is confirmed meanwhile.
CREATE FUNCTION flow.open_objections(application_id text) RETURNS SETOF data.objection
LANGUAGE sql STABLE AS $$
	SELECT o.* FROM data.objection o
	WHERE o.state <> 'OUT_OF_SCOPE' AND o.committee_note IS NULL
		AND (o.application_id = open_objections.application_id
			OR o.state = 'RECEIVED' AND EXISTS (SELECT FROM data.notice_item i
				WHERE i.notice_id = o.notice_id AND i.application_id = open_objections.application_id
					AND o.org_id IN (i.org_id, flow.committee())))
	ORDER BY o.id $$;

-- The committee wants to decide once more, and has not since.
CREATE FUNCTION flow.wants_again(application_id text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.objection o
		WHERE o.application_id = wants_again.application_id AND o.effect = 'DELIBERATE_AGAIN'
			AND o.noted_at > (SELECT max(i.resolved_at) FROM data.agenda_item i
				WHERE i.application_id = o.application_id)) $$;

-- The committee wants an award reviewed that stands, and nobody has opened a review since.
CREATE FUNCTION flow.wants_review(award_id text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM data.objection o JOIN data.award w ON w.id = o.award_id
		WHERE w.id = wants_review.award_id AND w.state = 'EFFECTIVE' AND o.effect = 'REVIEW'
			AND o.review_id IS NULL) $$;
