/* approve list: what waits for a second person, who asked, what it would do. */
#include "client/fields.h"
#include "client/handlers.h"
#include "client/value.h"

#include <string.h>

/* As the request's own field reads: the word of a choice, of a role. */
static const char *value_of(struct out *out, const ProtobufCMessageDescriptor *type,
			    const ApprovalField *asked)
{
	const ProtobufCFieldDescriptor *field = type && asked->name ?
		protobuf_c_message_descriptor_get_field_by_name(type, asked->name) : NULL;
	const ProtobufCEnumValue *choice;
	const char *text = NULL;

	if (!field || field_repeated(field))
		return asked->value;
	if (field_kind(field) == FIELD_ENUM) {
		choice = protobuf_c_enum_descriptor_get_value_by_name(
			field->descriptor, asked->value);
		text = choice ? value_text(out, field, &choice->value) : NULL;
	} else if (field->type == PROTOBUF_C_TYPE_STRING) {
		text = value_text(out, field, &asked->value);
	}
	return text ? text : asked->value;
}

static void show_asked(struct out *out, const ApprovalRow *a)
{
	const struct command *command = command_of_request(a->request);
	const ProtobufCFieldDescriptor *member = command ? command_member(command) : NULL;

	for (size_t i = 0; i < a->n_asked; i++)
		out_field(out, a->asked[i]->name,
			  value_of(out, member ? member->descriptor : NULL, a->asked[i]));
}

static void show_one(struct out *out, const ApprovalRow *a)
{
	out_heading(out, out_format(out, "%s  %s  %s", a->approval_id,
		word_of("request", a->request), a->object_id ? a->object_id : ""));
	out_field(out, "asked_by", out_format(out, "%s%s%s%s", a->asked_by,
		word("text.open"), word_of("role", a->asked_role), word("text.close")));
	out_field(out, "asked_at", out_moment(out, a->asked_at));
	out_field(out, "until_on", out_date(out, a->until_on));
	out_field(out, "state", word_of("value.approval", a->state));
	show_asked(out, a);
	if (a->second) {
		out_field(out, "second", a->second);
		out_field(out, "why_not", a->reason);
	} else if (!a->yours && strcmp(a->state, "WAITING") == 0) {
		out_pair_whole(out, word("text.agree"),
			out_format(out, "zhibu approve yes %s", a->approval_id));
		out_pair_whole(out, word("text.disagree"),
			out_format(out, "zhibu approve no %s -m …", a->approval_id));
	}
	out_pairs_end(out);
}

int approvals_view(struct client *client, const Reply *reply)
{
	struct out *out = client_out(client);
	const ListApprovalsReply *r = reply->list_approvals;

	for (size_t i = 0; i < r->n_approvals; i++)
		show_one(out, r->approvals[i]);
	if (!r->n_approvals)
		out_printf(out, "%s\n", word("text.none"));
	return EXIT_DONE;
}
