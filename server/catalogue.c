#include "server/catalogue.h"

#include "envelope.pb-c.h"

#define ROW(CASE, name, lane, flags) [REQUEST__BODY_##CASE] = { #name, lane, flags },

static const struct catalogue_row rows[] = {
	/* access.proto */
	ROW(ENROL, enrol, LANE_WRITE, CAT_ANONYMOUS | CAT_NATIVE | CAT_QUIET)
	ROW(WHOAMI, whoami, LANE_READ, 0)
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
