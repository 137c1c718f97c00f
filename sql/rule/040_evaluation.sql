-- The four streams: who may, which moves.

INSERT INTO rule.permission (request, role)
SELECT r, o FROM (VALUES
	('open_evaluation', '{od_officer}'::text[]),
	('close_stream', '{od_officer}'),
	('summarise_stream', '{od_officer}'),
	('lock_stream', '{od_officer,od_head}'),
	('skip_stream', '{od_officer}'),
	('reopen_stream', '{od_head}'),
	('show_evaluation', '{od_officer,od_head}'),
	('link_material', '{od_officer}'),
	('add_note', '{od_officer,od_head,committee_member,committee_secretary}'),
	('correct_note', '{od_officer,od_head,committee_member,committee_secretary}'),
	('list_notes', '{od_officer,od_head,committee_member,committee_secretary,branch_secretary,branch_committee_member}'),
	('show_note', '{od_officer,od_head,committee_member,committee_secretary,branch_secretary,branch_committee_member}'),
	('write_duty_report', '{branch_secretary}'),
	('record_duty_review', '{od_officer}'),
	('list_duty_reviews', '{od_officer,od_head,branch_secretary}'),
	('show_duty_review', '{od_officer,od_head,branch_secretary}'),
	('add_interview', '{od_officer}'),
	('list_interviews', '{od_officer,od_head}'),
	('add_outside_unit', '{od_officer}'),
	('list_outside_units', '{od_officer,od_head}'),
	('new_letter', '{od_officer}'),
	('print_letter', '{od_officer}'),
	('send_letter', '{od_officer}'),
	('drop_letter', '{od_officer}'),
	('record_reply', '{od_officer}'),
	('mark_unanswered', '{od_officer}'),
	('list_letters', '{od_officer,od_head}'),
	('show_letter', '{od_officer,od_head}')
) AS p(r, roles), unnest(roles) o;

INSERT INTO rule.transition (entity, from_state, to_state, request, guard) VALUES
	('application', 'ACCEPTED', 'EVALUATING', 'open_evaluation', NULL),
	('application', 'EVALUATING', 'EVALUATING', 'open_evaluation', 'evaluation_planned'),
	('application', 'EVALUATING', 'EVALUATING', 'link_material', 'material_unlinked'),

	('eval_stream', '-', 'PLANNED', 'open_evaluation', NULL),
	('eval_stream', 'PLANNED', 'OPEN', 'open_evaluation', NULL),
	('eval_stream', 'OPEN', 'CLOSED', 'close_stream', 'stream_complete'),
	('eval_stream', 'REOPENED', 'CLOSED', 'close_stream', 'stream_complete'),
	('eval_stream', 'CLOSED', 'SUMMARISED', 'summarise_stream', 'stream_evaluating'),
	('eval_stream', 'SUMMARISED', 'SUMMARISED', 'summarise_stream', 'stream_evaluating'),
	('eval_stream', 'SUMMARISED', 'LOCKED', 'lock_stream', 'stream_evaluating'),
	('eval_stream', 'PLANNED', 'NOT_CARRIED_OUT', 'skip_stream', 'stream_evaluating'),
	('eval_stream', 'OPEN', 'NOT_CARRIED_OUT', 'skip_stream', 'stream_can_close'),
	('eval_stream', 'REOPENED', 'NOT_CARRIED_OUT', 'skip_stream', 'stream_can_close'),
	('eval_stream', 'LOCKED', 'REOPENED', 'reopen_stream', 'stream_evaluating'),
	('eval_stream', 'NOT_CARRIED_OUT', 'REOPENED', 'reopen_stream', 'stream_evaluating'),

	('eval_stream', 'OPEN', 'OPEN', 'prepare_ballot', 'stream_takes_ballot'),
	('eval_stream', 'REOPENED', 'REOPENED', 'prepare_ballot', 'stream_takes_ballot'),
	('eval_stream', 'OPEN', 'OPEN', 'add_interview', 'stream_of_masses'),
	('eval_stream', 'REOPENED', 'REOPENED', 'add_interview', 'stream_of_masses'),
	('eval_stream', 'OPEN', 'OPEN', 'new_letter', 'stream_of_society'),
	('eval_stream', 'REOPENED', 'REOPENED', 'new_letter', 'stream_of_society'),

	('note', '-', 'KEPT', 'add_note', NULL),
	('note', 'KEPT', 'KEPT', 'correct_note', NULL),
	('duty_review', '-', 'REPORTED', 'write_duty_report', NULL),
	('duty_review', 'REPORTED', 'REPORTED', 'write_duty_report', NULL),
	('duty_review', 'REPORTED', 'RECORDED', 'record_duty_review', NULL),
	('interview', '-', 'KEPT', 'add_interview', NULL),
	('outside_unit', '-', 'LISTED', 'add_outside_unit', NULL),
	('letter', '-', 'DRAFT', 'new_letter', NULL),
	('letter', 'DRAFT', 'PRINTED', 'print_letter', 'letter_stream_open'),
	('letter', 'PRINTED', 'PRINTED', 'print_letter', 'letter_stream_open'),
	('letter', 'PRINTED', 'SENT', 'send_letter', 'letter_stream_open'),
	('letter', 'DRAFT', 'DROPPED', 'drop_letter', NULL),
	('letter', 'PRINTED', 'DROPPED', 'drop_letter', NULL),
	('letter', 'SENT', 'ANSWERED', 'record_reply', 'letter_stream_open'),
	('letter', 'UNANSWERED', 'ANSWERED', 'record_reply', 'letter_stream_open'),
	('letter', 'SENT', 'UNANSWERED', 'mark_unanswered', 'letter_time_over');

-- What was locked, or said not to take place, is not opened again by one person.
INSERT INTO rule.second_person (request, role, guard, why) VALUES
	('reopen_stream', 'od_officer', 'stream_outsider', 'locked by two people'),
	('reopen_stream', 'committee_secretary', 'stream_outsider', 'locked by two people');

-- Who belongs to a branch does not prepare its evaluation (T23): another officer
-- of the department does.
CREATE FUNCTION flow.need_outsider(me auth.actor, org_id text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF flow.belongs(me, need_outsider.org_id) THEN
		PERFORM refuse.because('ZB002', 'own_branch', ARRAY[need_outsider.org_id]);
	END IF;
END $$;

-- Something that has happened: a date, and not a future one.
CREATE FUNCTION refuse.unless_past(field text, day date) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF day IS NULL THEN
		PERFORM refuse.invalid(field, 'text_missing');
	ELSIF day > flow.today() THEN
		PERFORM refuse.invalid(field, 'date_in_future', day::text);
	END IF;
END $$;

-- A line that may be left out.
CREATE FUNCTION refuse.unless_line_or_none(field text, value text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF value IS NOT NULL THEN
		PERFORM refuse.unless_line(field, value);
	END IF;
END $$;

CREATE FUNCTION refuse.unless_somebody(field text, person_id text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF person_id IS NULL OR NOT EXISTS (SELECT FROM data.person p
		WHERE p.id = unless_somebody.person_id AND p.active) THEN
		PERFORM refuse.invalid(field, 'person_not_found', coalesce(person_id, ''));
	END IF;
END $$;
