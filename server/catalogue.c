#include "server/catalogue.h"

#include "envelope.pb-c.h"

#define ROW(CASE, name, lane, flags) [REQUEST__BODY_##CASE] = { #name, lane, flags },

static const struct catalogue_row rows[] = {
	/* access.proto */
	ROW(ENROL, enrol, LANE_WRITE, CAT_ANONYMOUS | CAT_NATIVE | CAT_QUIET)
	ROW(WHOAMI, whoami, LANE_READ, 0)
	ROW(LIST_ACCOUNTS, list_accounts, LANE_READ, 0)
	ROW(ISSUE_CODE, issue_code, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_CERTIFICATES, list_certificates, LANE_READ, 0)
	ROW(REVOKE_CERTIFICATE, revoke_certificate, LANE_WRITE, CAT_SIGNED)
	ROW(DISABLE_PERSON, disable_person, LANE_WRITE, CAT_SIGNED)
	ROW(ENABLE_PERSON, enable_person, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_OFFICES, list_offices, LANE_READ, 0)
	ROW(SET_OFFICE, set_office, LANE_WRITE, CAT_SIGNED)
	ROW(REPLACE_OFFICER, replace_officer, LANE_WRITE, CAT_SIGNED)
	ROW(END_OFFICE, end_office, LANE_WRITE, CAT_SIGNED)
	ROW(IMPORT_OFFICES, import_offices, LANE_STREAM, CAT_SIGNED)
	ROW(RENEW_CERTIFICATE, renew_certificate, LANE_WRITE, CAT_SIGNED)
	/* org.proto */
	ROW(LIST_ORGS, list_orgs, LANE_READ, 0)
	ROW(SHOW_ORG, show_org, LANE_READ, 0)
	ROW(IMPORT_ORGS, import_orgs, LANE_STREAM, CAT_SIGNED)
	ROW(START_TERM, start_term, LANE_WRITE, CAT_SIGNED)
	ROW(EXTEND_TERM, extend_term, LANE_WRITE, CAT_SIGNED)
	/* people.proto */
	ROW(LIST_PEOPLE, list_people, LANE_READ, 0)
	ROW(SHOW_PERSON, show_person, LANE_READ, 0)
	ROW(IMPORT_PEOPLE, import_people, LANE_STREAM, CAT_SIGNED)
	/* programme.proto */
	ROW(SHOW_COLLEGE, show_college, LANE_READ, 0)
	ROW(SHOW_PROGRAMME, show_programme, LANE_READ, 0)
	ROW(LIST_STANDARDS, list_standards, LANE_READ, 0)
	ROW(SHOW_STANDARD, show_standard, LANE_READ, 0)
	ROW(LIST_RULE_SETS, list_rule_sets, LANE_READ, 0)
	ROW(SHOW_RULE_SET, show_rule_set, LANE_READ, 0)
	ROW(ADOPT_RULE_SET, adopt_rule_set, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_ITEM_SETS, list_item_sets, LANE_READ, 0)
	ROW(SHOW_ITEM_SET, show_item_set, LANE_READ, 0)
	ROW(ADOPT_ITEM_SET, adopt_item_set, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_HOLIDAYS, list_holidays, LANE_READ, 0)
	ROW(IMPORT_HOLIDAYS, import_holidays, LANE_STREAM, CAT_SIGNED)
	ROW(SHOW_WORKING_END, show_working_end, LANE_READ, 0)
	ROW(DRAFT_STANDARD, draft_standard, LANE_WRITE, CAT_SIGNED)
	ROW(ADOPT_STANDARD, adopt_standard, LANE_WRITE, CAT_SIGNED)
	ROW(DIFF_STANDARDS, diff_standards, LANE_READ, 0)
	ROW(EXPLAIN_STANDARD, explain_standard, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_BURDEN, show_burden, LANE_READ, 0)
	ROW(SET_BURDEN_LIMIT, set_burden_limit, LANE_WRITE, CAT_SIGNED)
	/* evaluation.proto */
	ROW(OPEN_EVALUATION, open_evaluation, LANE_WRITE, CAT_SIGNED)
	ROW(CLOSE_STREAM, close_stream, LANE_WRITE, CAT_SIGNED)
	ROW(SUMMARISE_STREAM, summarise_stream, LANE_WRITE, CAT_SIGNED)
	ROW(LOCK_STREAM, lock_stream, LANE_WRITE, CAT_SIGNED)
	ROW(SKIP_STREAM, skip_stream, LANE_WRITE, CAT_SIGNED)
	ROW(REOPEN_STREAM, reopen_stream, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_EVALUATION, show_evaluation, LANE_READ, 0)
	ROW(ADD_NOTE, add_note, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_NOTES, list_notes, LANE_READ, 0)
	ROW(RECORD_DUTY_REVIEW, record_duty_review, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_DUTY_REVIEWS, list_duty_reviews, LANE_READ, 0)
	ROW(ADD_INTERVIEW, add_interview, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_INTERVIEWS, list_interviews, LANE_READ, 0)
	ROW(ADD_OUTSIDE_UNIT, add_outside_unit, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_OUTSIDE_UNITS, list_outside_units, LANE_READ, 0)
	ROW(NEW_LETTER, new_letter, LANE_WRITE, CAT_SIGNED)
	ROW(RECORD_REPLY, record_reply, LANE_WRITE, CAT_SIGNED)
	ROW(MARK_UNANSWERED, mark_unanswered, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_LETTERS, list_letters, LANE_READ, 0)
	ROW(SHOW_LETTER, show_letter, LANE_READ, 0)
	ROW(LINK_MATERIAL, link_material, LANE_WRITE, CAT_SIGNED)
	ROW(CORRECT_NOTE, correct_note, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_NOTE, show_note, LANE_READ, 0)
	ROW(WRITE_DUTY_REPORT, write_duty_report, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_DUTY_REVIEW, show_duty_review, LANE_READ, 0)
	ROW(PRINT_LETTER, print_letter, LANE_WRITE, CAT_SIGNED)
	ROW(SEND_LETTER, send_letter, LANE_WRITE, CAT_SIGNED)
	ROW(DROP_LETTER, drop_letter, LANE_WRITE, CAT_SIGNED)
	/* mass.proto */
	ROW(CHOOSE_REPRESENTATIVES, choose_representatives, LANE_WRITE, CAT_SIGNED)
	ROW(SEAT_REPRESENTATIVES, seat_representatives, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_REPRESENTATIVES, list_representatives, LANE_READ, 0)
	ROW(SHOW_REPRESENTATIVES, show_representatives, LANE_READ, 0)
	/* clearance.proto */
	ROW(ASK_CLEARANCE, ask_clearance, LANE_WRITE, CAT_SIGNED)
	ROW(ANSWER_CLEARANCE, answer_clearance, LANE_WRITE, CAT_SIGNED)
	ROW(WITHDRAW_CLEARANCE, withdraw_clearance, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_CLEARANCES, list_clearances, LANE_READ, 0)
	ROW(SHOW_CLEARANCE, show_clearance, LANE_READ, 0)
	/* ballot.proto */
	ROW(PREPARE_BALLOT, prepare_ballot, LANE_WRITE, CAT_SIGNED)
	ROW(REGISTER_SESSION_KEY, register_session_key, LANE_WRITE, CAT_SIGNED)
	ROW(FREEZE_ROLL, freeze_roll, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_ROLL, show_roll, LANE_READ, 0)
	ROW(LIST_SLIPS, list_slips, LANE_WRITE, CAT_SIGNED)
	ROW(OPEN_BALLOT, open_ballot, LANE_WRITE, CAT_SIGNED)
	ROW(CLOSE_BALLOT, close_ballot, LANE_WRITE, CAT_SIGNED)
	ROW(GET_BALLOT, get_ballot, LANE_READ, CAT_ANONYMOUS | CAT_QUIET)
	ROW(CAST_BALLOT, cast_ballot, LANE_WRITE, CAT_ANONYMOUS | CAT_QUIET)
	ROW(CHECK_RECEIPT, check_receipt, LANE_READ, CAT_ANONYMOUS | CAT_QUIET)
	ROW(URN_PAGE, urn_page, LANE_READ, 0)
	ROW(COUNT_BALLOTS, count_ballots, LANE_WRITE, CAT_SIGNED)
	ROW(CERTIFY_BALLOT, certify_ballot, LANE_WRITE, CAT_SIGNED)
	ROW(VOID_BALLOT, void_ballot, LANE_WRITE, CAT_SIGNED)
	ROW(ARCHIVE_BALLOT, archive_ballot, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_BALLOT, show_ballot, LANE_READ, 0)
	ROW(LIST_BALLOTS, list_ballots, LANE_READ, 0)
	/* self.proto */
	ROW(START_ROUND, start_round, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_ROUNDS, list_rounds, LANE_READ, 0)
	ROW(SHOW_ROUND, show_round, LANE_READ, 0)
	ROW(END_ROUND, end_round, LANE_WRITE, CAT_SIGNED)
	ROW(SAVE_SELF, save_self, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_SELF, show_self, LANE_READ, 0)
	ROW(CHECK_SELF, check_self, LANE_READ, 0)
	ROW(ADOPT_SELF, adopt_self, LANE_WRITE, CAT_SIGNED)
	ROW(REOPEN_SELF, reopen_self, LANE_WRITE, CAT_SIGNED)
	ROW(ADD_GAP, add_gap, LANE_WRITE, CAT_SIGNED)
	ROW(PLAN_GAP, plan_gap, LANE_WRITE, CAT_SIGNED)
	ROW(PROGRESS_GAP, progress_gap, LANE_WRITE, CAT_SIGNED)
	ROW(CLAIM_GAP_DONE, claim_gap_done, LANE_WRITE, CAT_SIGNED)
	ROW(CONFIRM_GAP, confirm_gap, LANE_WRITE, CAT_SIGNED)
	ROW(CLOSE_GAP, close_gap, LANE_WRITE, CAT_SIGNED)
	ROW(RAISE_GAP, raise_gap, LANE_WRITE, CAT_SIGNED)
	ROW(ANSWER_GAP, answer_gap, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_GAPS, list_gaps, LANE_READ, 0)
	ROW(SHOW_GAP, show_gap, LANE_READ, 0)
	ROW(OPEN_ROUNDS, open_rounds, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_SELF_VERSIONS, list_self_versions, LANE_READ, 0)
	ROW(DIFF_SELF, diff_self, LANE_READ, 0)
	/* guidance.proto */
	ROW(ADD_GUIDANCE, add_guidance, LANE_WRITE, CAT_SIGNED)
	ROW(REPLY_GUIDANCE, reply_guidance, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_GUIDANCE, list_guidance, LANE_READ, 0)
	ROW(SHOW_GUIDANCE, show_guidance, LANE_READ, 0)
	/* file.proto */
	ROW(BEGIN_FILE, begin_file, LANE_WRITE, CAT_SIGNED)
	ROW(PUT_CHUNK, put_chunk, LANE_STREAM, 0)
	ROW(FINISH_FILE, finish_file, LANE_STREAM, CAT_SIGNED)
	ROW(LINK_FILE, link_file, LANE_WRITE, CAT_SIGNED)
	ROW(UNLINK_FILE, unlink_file, LANE_WRITE, CAT_SIGNED)
	ROW(REMOVE_FILE, remove_file, LANE_WRITE, CAT_SIGNED)
	ROW(GET_FILE, get_file, LANE_READ, 0)
	ROW(GET_CHUNK, get_chunk, LANE_STREAM, 0)
	ROW(LIST_FILES, list_files, LANE_READ, 0)
	/* application.proto */
	ROW(NEW_APPLICATION, new_application, LANE_WRITE, CAT_SIGNED)
	ROW(EDIT_APPLICATION, edit_application, LANE_WRITE, CAT_SIGNED)
	ROW(CHECK_APPLICATION, check_application, LANE_READ, 0)
	ROW(ADOPT_APPLICATION, adopt_application, LANE_WRITE, CAT_SIGNED)
	ROW(SUBMIT_APPLICATION, submit_application, LANE_WRITE, CAT_SIGNED)
	ROW(ENDORSE_APPLICATION, endorse_application, LANE_WRITE, CAT_SIGNED)
	ROW(RETURN_APPLICATION, return_application, LANE_WRITE, CAT_SIGNED)
	ROW(ACCEPT_APPLICATION, accept_application, LANE_WRITE, CAT_SIGNED)
	ROW(WITHDRAW_APPLICATION, withdraw_application, LANE_WRITE, CAT_SIGNED)
	ROW(LAPSE_APPLICATION, lapse_application, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_APPLICATIONS, list_applications, LANE_READ, 0)
	ROW(SHOW_APPLICATION, show_application, LANE_READ, 0)
	ROW(SET_WINDOW, set_window, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_WINDOWS, list_windows, LANE_READ, 0)
	/* dossier.proto */
	ROW(FREEZE_DOSSIER, freeze_dossier, LANE_WRITE, CAT_SIGNED)
	ROW(REOPEN_DOSSIER, reopen_dossier, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_DOSSIERS, list_dossiers, LANE_READ, 0)
	ROW(SHOW_DOSSIER, show_dossier, LANE_READ, 0)
	/* meeting.proto */
	ROW(NEW_MEETING, new_meeting, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_MEETINGS, list_meetings, LANE_READ, 0)
	ROW(SHOW_MEETING, show_meeting, LANE_READ, 0)
	ROW(ADD_AGENDA_ITEM, add_agenda_item, LANE_WRITE, CAT_SIGNED)
	ROW(REMOVE_AGENDA_ITEM, remove_agenda_item, LANE_WRITE, CAT_SIGNED)
	ROW(RECORD_ATTENDANCE, record_attendance, LANE_WRITE, CAT_SIGNED)
	ROW(RECUSE, recuse, LANE_WRITE, CAT_SIGNED)
	ROW(BEGIN_MEETING, begin_meeting, LANE_WRITE, CAT_SIGNED)
	ROW(OPEN_VOTE, open_vote, LANE_WRITE, CAT_SIGNED)
	ROW(CAST_VOTE, cast_vote, LANE_WRITE, CAT_SIGNED)
	ROW(CLOSE_VOTE, close_vote, LANE_WRITE, CAT_SIGNED)
	ROW(RESOLVE_ITEM, resolve_item, LANE_WRITE, CAT_SIGNED)
	ROW(DEFER_ITEM, defer_item, LANE_WRITE, CAT_SIGNED)
	ROW(RECORD_OPINION, record_opinion, LANE_WRITE, CAT_SIGNED)
	ROW(END_MEETING, end_meeting, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_MINUTES, show_minutes, LANE_READ, 0)
	ROW(SIGN_MINUTES, sign_minutes, LANE_WRITE, CAT_SIGNED)
	/* notice.proto */
	ROW(NEW_NOTICE, new_notice, LANE_WRITE, CAT_SIGNED)
	ROW(CHECK_NOTICE, check_notice, LANE_WRITE, CAT_SIGNED)
	ROW(APPROVE_NOTICE, approve_notice, LANE_WRITE, CAT_SIGNED)
	ROW(POST_NOTICE, post_notice, LANE_WRITE, CAT_SIGNED)
	ROW(END_NOTICE, end_notice, LANE_WRITE, CAT_SIGNED)
	ROW(DROP_NOTICE, drop_notice, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_NOTICES, list_notices, LANE_READ, 0)
	ROW(SHOW_NOTICE, show_notice, LANE_READ, 0)
	ROW(PUBLIC_NOTICES, public_notices, LANE_READ, CAT_ANONYMOUS)
	ROW(CORRECT_NOTICE, correct_notice, LANE_WRITE, CAT_SIGNED)
	ROW(EXTEND_NOTICE, extend_notice, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_NOTICE_REPORT, show_notice_report, LANE_READ, 0)
	ROW(AGREE_WITHDRAWAL, agree_withdrawal, LANE_WRITE, CAT_SIGNED)
	/* award.proto */
	ROW(CONFIRM_AWARD, confirm_award, LANE_WRITE, CAT_SIGNED)
	ROW(SIGN_AWARD, sign_award, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_AWARDS, list_awards, LANE_READ, 0)
	ROW(SHOW_AWARD, show_award, LANE_READ, 0)
	ROW(SHOW_DECISION, show_decision, LANE_READ, 0)
	/* dispatch.proto */
	ROW(SET_CONTACT_POINT, set_contact_point, LANE_WRITE, CAT_SIGNED)
	ROW(END_CONTACT_POINT, end_contact_point, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_CONTACT_POINTS, list_contact_points, LANE_READ, 0)
	/* choice.proto */
	ROW(ADD_CHOICE, add_choice, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_CHOICES, list_choices, LANE_READ, 0)
	/* fund.proto */
	ROW(BUDGET_FUND, budget_fund, LANE_WRITE, CAT_SIGNED)
	ROW(GRANT_FUND, grant_fund, LANE_WRITE, CAT_SIGNED)
	ROW(RECORD_SPEND, record_spend, LANE_WRITE, CAT_SIGNED)
	ROW(FINISH_FUND, finish_fund, LANE_WRITE, CAT_SIGNED)
	ROW(CONFIRM_VOUCHER, confirm_voucher, LANE_WRITE, CAT_SIGNED)
	ROW(RECONCILE_FUND, reconcile_fund, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_FUNDS, list_funds, LANE_READ, 0)
	ROW(SHOW_FUND, show_fund, LANE_READ, 0)
	/* incentive.proto */
	ROW(NEW_RECOMMENDATION, new_recommendation, LANE_WRITE, CAT_SIGNED)
	ROW(ADD_CANDIDATE, add_candidate, LANE_WRITE, CAT_SIGNED)
	ROW(DROP_CANDIDATE, drop_candidate, LANE_WRITE, CAT_SIGNED)
	ROW(RECORD_INCENTIVE, record_incentive, LANE_WRITE, CAT_SIGNED)
	ROW(CLOSE_RECOMMENDATION, close_recommendation, LANE_WRITE, CAT_SIGNED)
	ROW(SHOW_RECOMMENDATION, show_recommendation, LANE_READ, 0)
	ROW(NEW_CONSIDERATION, new_consideration, LANE_WRITE, CAT_SIGNED)
	ROW(ASK_SECRETARY, ask_secretary, LANE_WRITE, CAT_SIGNED)
	ROW(LIST_INCENTIVES, list_incentives, LANE_READ, 0)
	ROW(SHOW_FOLLOW, show_follow, LANE_READ, 0)
	/* duty.proto */
	ROW(NEXT_DUTIES, next_duties, LANE_READ, 0)
	ROW(AUDIT_LOG, audit_log, LANE_SLOW, 0)
	ROW(FIND, find, LANE_READ, 0)
	/* approval.proto */
	ROW(LIST_APPROVALS, list_approvals, LANE_READ, 0)
	ROW(GIVE_APPROVAL, give_approval, LANE_WRITE, CAT_SIGNED)
	ROW(REFUSE_APPROVAL, refuse_approval, LANE_WRITE, CAT_SIGNED)
};

const struct catalogue_row *catalogue_find(uint32_t body_case)
{
	if (body_case >= sizeof(rows) / sizeof(rows[0]) || !rows[body_case].name)
		return NULL;
	return &rows[body_case];
}

uint32_t catalogue_next(uint32_t body_case)
{
	while (++body_case < sizeof(rows) / sizeof(rows[0]))
		if (rows[body_case].name)
			return body_case;
	return 0;
}

static const ProtobufCMessageDescriptor *
member(const ProtobufCMessageDescriptor *envelope, uint32_t body_case)
{
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field(envelope, body_case);

	return f ? f->descriptor : NULL;
}

const ProtobufCMessageDescriptor *catalogue_request(uint32_t body_case)
{
	return member(&request__descriptor, body_case);
}

const ProtobufCMessageDescriptor *catalogue_reply(uint32_t body_case)
{
	return member(&reply__descriptor, body_case);
}
