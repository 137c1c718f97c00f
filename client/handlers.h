/*
 * The handlers and views that rows of commands.def name: a block a noun, in the
 * order of that table.
 */
#ifndef CLIENT_HANDLERS_H
#define CLIENT_HANDLERS_H

#include "client/command.h"

/* client core: login.c, profile.c, help.c, complete.c, status.c */
command_handler login_run, renew_run, logout_run, use_run, status_run, sync_run, help_run;
command_handler profile_list_run, profile_add_run, profile_use_run, profile_show_run,
	profile_remove_run, config_show_run;
command_handler doctor_run, version_run, completion_bash_run;
command_view whoami_view, generic_view;

/* ground: import.c, account.c, views/org.c, views/programme.c */
command_handler import_run, account_code_run;
command_view org_tree_view, standard_view, draft_standard_view, adopt_standard_view,
	burden_view, rule_set_view, item_set_view;

/* a branch's own work: self.c, file.c */
command_handler self_form_run, self_import_run, self_edit_run;
command_handler file_add_run, file_get_run, file_verify_run;
command_view round_list_view, open_rounds_view, self_view, self_adopt_view,
	self_check_view, self_diff_view, gap_list_view, application_view, application_adopt_view,
	application_new_view, nothing_to_mend_view;

/* evaluation and ballot: views/evaluation.c, ballot_*.c, views/ballot.c */
command_handler eval_show_run;
command_view evaluation_view, ballot_view, ballot_paper_view, ballot_receipt_view,
	freeze_roll_view, enter_paper_view, own_appraisals_view;
command_handler ballot_key_run, ballot_slips_run, ballot_cast_run,
	ballot_check_run, ballot_cancel_run, ballot_count_run, ballot_paper_run,
	ballot_certify_run, ballot_forget_run, ballot_comments_run;

/* surveys: survey_*.c, views/survey.c */
command_handler survey_slips_run, survey_answer_run;
command_view survey_view;
command_handler print_run, print_list_run;

/* the decision: views/dossier.c, meeting.c, notice.c, next.c, audit.c, find.c */
command_view dossier_view, build_dossier_view, meeting_view, begin_meeting_view, close_vote_view,
	resolve_item_view, minutes_view, award_document_view;
command_handler notice_text_run;
command_view public_notices_view, next_view, audit_view, find_view;

/* the second person: views/approval.c */
command_view approvals_view;

/* objections: objection.c */
command_handler objection_file_run, objection_add_run, objection_check_run,
	author_key_run, author_show_run;
/* leading the work: views/progress.c */
command_view progress_view;

#endif
