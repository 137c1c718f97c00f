-- next, audit log, find.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('next_duties', '{person}'::text[]),
	('audit_log', '{auditor,administrator}'),
	('verify_audit', '{auditor,administrator}')
) AS p(r, roles), unnest(roles) o;
INSERT INTO rule.permission (request, role) SELECT 'find', r.role FROM rule.role r;

-- The work that waits, in the order of the procedure.
TRUNCATE rule.hint;
INSERT INTO rule.hint (entity, request, field, from_column, only_if) VALUES
	('round', 'start_round', 'org_id', 'org_id', 'round_of_own_branch'),
	('round', 'new_application', 'round_id', 'id', NULL),
	('round', 'end_round', 'round_id', 'id', NULL),
	('self_assessment', 'save_self', 'self_id', 'id', NULL),
	('self_assessment', 'adopt_self', 'self_id', 'id', NULL),
	('gap', 'plan_gap', 'gap_id', 'id', 'gap_unplanned'),
	('gap', 'progress_gap', 'gap_id', 'id', NULL),
	('gap', 'claim_gap_done', 'gap_id', 'id', NULL),
	('gap', 'confirm_gap', 'gap_id', 'id', 'gap_finder'),
	('gap', 'close_gap', 'gap_id', 'id', 'gap_finder'),
	('gap', 'answer_gap', 'gap_id', 'id', NULL),
	('application', 'edit_application', 'application_id', 'id', 'application_unfinished'),
	('application', 'adopt_application', 'application_id', 'id', NULL),
	('application', 'submit_application', 'application_id', 'id', NULL),
	('application', 'endorse_application', 'application_id', 'id', 'application_at_my_level'),
	('application', 'accept_application', 'application_id', 'id', 'evaluation_outsider'),
	('application', 'open_evaluation', 'application_id', 'id', 'evaluation_outsider'),
	('application', 'freeze_dossier', 'application_id', 'id', 'dossier_hand'),
	('application', 'add_agenda_item', 'subject_id', 'id', 'meeting_planned'),
	('application', 'agree_withdrawal', 'application_id', 'id', NULL),
	('application', 'confirm_award', 'application_id', 'id', NULL),
	('application', 'sign_award', 'application_id', 'id', NULL),
	('eval_stream', 'prepare_ballot', 'application_id', 'application_id', 'ballot_wanted'),
	('eval_stream', 'close_stream', 'stream_id', 'id', 'stream_outsider'),
	('eval_stream', 'summarise_stream', 'stream_id', 'id', 'stream_unsummarised'),
	('eval_stream', 'lock_stream', 'stream_id', 'id', 'stream_second_person'),
	('application', 'link_material', 'application_id', 'id', 'evaluation_outsider'),
	('survey', 'open_survey', 'survey_id', 'id', 'survey_outsider'),
	('survey', 'close_survey', 'survey_id', 'id', 'survey_over'),
	('clearance', 'answer_clearance', 'clearance_id', 'id', 'clearance_hand'),
	('letter', 'print_letter', 'letter_id', 'id', 'letter_unprinted'),
	('letter', 'send_letter', 'letter_id', 'id', 'letter_outsider'),
	('letter', 'mark_unanswered', 'letter_id', 'id', 'letter_outsider'),
	('approval', 'give_approval', 'approval_id', 'id', 'approval_second'),
	('ballot_session', 'register_session_key', 'session_id', 'id', 'ballot_key_wanted'),
	('ballot_session', 'freeze_roll', 'session_id', 'id', 'ballot_holder'),
	('ballot_session', 'list_slips', 'session_id', 'id', 'ballot_slips_wanted'),
	('ballot_session', 'open_ballot', 'session_id', 'id', 'ballot_holder'),
	('ballot_session', 'close_ballot', 'session_id', 'id', 'ballot_holder'),
	('ballot_session', 'count_ballots', 'session_id', 'id', 'ballot_holder'),
	('ballot_session', 'enter_paper', 'session_id', 'id', 'ballot_paper_wanted'),
	('ballot_session', 'certify_ballot', 'session_id', 'id', 'ballot_signature_wanted'),
	('ballot_session', 'forget_key', 'session_id', 'id', 'ballot_key_done'),
	('meeting', 'record_attendance', 'meeting_id', 'id', 'attendance_wanted'),
	('meeting', 'begin_meeting', 'meeting_id', 'id', NULL),
	('meeting', 'end_meeting', 'meeting_id', 'id', NULL),
	('meeting', 'sign_minutes', 'meeting_id', 'id', NULL),
	('agenda_item', 'recuse', 'agenda_item_id', 'id', 'seat_must_recuse'),
	('agenda_item', 'open_vote', 'agenda_item_id', 'id', 'item_recusals_done'),
	('agenda_item', 'cast_vote', 'agenda_item_id', 'id', 'seat_may_vote'),
	('agenda_item', 'close_vote', 'agenda_item_id', 'id', 'item_uncounted'),
	('agenda_item', 'resolve_item', 'agenda_item_id', 'id', NULL),
	('notice', 'check_notice', 'notice_id', 'id', 'notice_not_drafter'),
	('notice', 'approve_notice', 'notice_id', 'id', 'notice_third_person'),
	('notice', 'post_notice', 'notice_id', 'id', 'notice_to_post'),
	('objection', 'register_objection', 'objection_id', 'id', 'objection_outsider'),
	('objection', 'assign_objection', 'objection_id', 'id', 'objection_unassigned'),
	('objection', 'conclude_objection', 'objection_id', 'id', 'objection_handler'),
	('objection', 'note_objection', 'objection_id', 'id', 'objection_outsider'),
	('objection', 'reply_objection', 'objection_id', 'id', 'objection_outsider'),
	('objection', 'close_objection', 'objection_id', 'id', 'objection_outsider'),
	('question', 'answer_question', 'query_id', 'id', 'question_of_own_branch'),
	('notice', 'end_notice', 'notice_id', 'id', NULL);
-- What has still to be made.
INSERT INTO rule.hint (entity, request, field, only_if, made_for) VALUES
	('-round', 'start_round', 'org_id', 'branch_without_round', 'branch'),
	('-meeting', 'new_meeting', '', 'meeting_wanted', 'committee'),
	('-notice', 'new_notice', '', 'notice_wanted', 'committee');

-- Every reason against this very person; none when nothing is asked.
CREATE FUNCTION flow.personal_reasons(guard text, me auth.actor, id text)
RETURNS refuse.reason[] LANGUAGE plpgsql STABLE AS $$
DECLARE r refuse.reason[];
BEGIN
	IF guard IS NULL THEN
		RETURN '{}';
	END IF;
	EXECUTE format('SELECT coalesce(array_agg(g), ''{}'') FROM guard.%I($1, $2) g', guard)
		INTO r USING me, id;
	RETURN r;
END $$;
