#include "client/command.h"

#include "client/handlers.h"

#include <string.h>

#define COMMAND(noun, verb, zh_noun, zh_verb, request, args, confirm, handler, \
		view, example)                                                 \
	{ #noun, #verb, zh_noun, zh_verb, #request, args, confirm, handler,     \
	  view, example },

static const struct command rows[] = {
#include "client/commands.def"
};

const struct command *command_rows(size_t *n)
{
	*n = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

static bool says(const char *english, const char *chinese, const char *typed)
{
	return strcmp(english, typed) == 0 || strcmp(chinese, typed) == 0;
}

const struct command *command_find(const char *noun, const char *verb)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (says(rows[i].noun, rows[i].zh_noun, noun) &&
		    says(rows[i].verb, rows[i].zh_verb, verb))
			return &rows[i];
	return NULL;
}

const struct command *command_of_request(const char *request)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].request, request) == 0)
			return &rows[i];
	return NULL;
}

const ProtobufCFieldDescriptor *command_member(const struct command *command)
{
	const ProtobufCFieldDescriptor *field;

	field = protobuf_c_message_descriptor_get_field_by_name(
		&request__descriptor, command->request);
	if (!field || !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return NULL;
	return field;
}
