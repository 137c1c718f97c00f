/*
 * The codec's reading side on any bytes: never a crash, and what it accepts for
 * a field is a message the wire check would accept as to its form.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge.pb-c.h"
#include "server/codec.h"

static struct codec_plan *leaf, *sample;

static struct codec_plan *plan(const ProtobufCMessageDescriptor *message,
	const enum codec_kind *kinds)
{
	struct codec_plan *p = calloc(1, sizeof(*p) +
		message->n_fields * sizeof(p->fields[0]));

	p->message = message;
	p->n = message->n_fields;
	for (unsigned i = 0; i < p->n; i++) {
		p->fields[i].field = &message->fields[i];
		p->fields[i].kind = kinds[i];
		p->fields[i].composite = leaf;
	}
	return p;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const enum codec_kind leaf_kinds[] = { CODEC_TEXT, CODEC_DATE, CODEC_ENUM };
	static const enum codec_kind kinds[] = { CODEC_TEXT, CODEC_ENUM, CODEC_BYTES,
		CODEC_BOOL, CODEC_INT4, CODEC_DATE, CODEC_INT8, CODEC_MOMENT,
		CODEC_COMPOSITE, CODEC_TEXT, CODEC_COMPOSITE, CODEC_INT8, CODEC_BYTES,
		CODEC_DATE, CODEC_BOOL };

	(void)argc;
	(void)argv;
	leaf = plan(&bridge_leaf__descriptor, leaf_kinds);
	sample = plan(&bridge__descriptor, kinds);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = { 0 };

	/* The first byte chooses the field, the rest is its binary value. */
	if (size > 0 && codec_decode_value(&sample->fields[data[0] % sample->n],
			data + 1, size - 1, &out)) {
		ProtobufCMessage *m = protobuf_c_message_unpack(&bridge__descriptor,
			NULL, out.len, out.data);

		if (!m)
			abort();
		protobuf_c_message_free_unpacked(m, NULL);
	}
	buf_free(&out);
	return 0;
}
