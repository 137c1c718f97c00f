#include "common/error.h"

#include <string.h>

static const struct error_kind kinds[] = {
	{ ERR_INTERNAL, "INTERNAL", 1, false },
	{ ERR_INVALID, "INVALID", 3, false },
	{ ERR_DENIED, "DENIED", 5, false },
	{ ERR_STATE, "STATE", 3, false },
	{ ERR_CONFLICT, "CONFLICT", 7, false },
	{ ERR_KEY_REUSED, "KEY_REUSED", 7, false },
	{ ERR_WINDOW, "WINDOW", 8, false },
	{ ERR_CODE_BAD, "CODE_BAD", 4, false },
	{ ERR_CODE_USED, "CODE_USED", 11, false },
	{ ERR_SLIP_UNKNOWN, "SLIP_UNKNOWN", 5, false },
	{ ERR_SLIP_USED, "SLIP_USED", 7, false },
	{ ERR_UNAUTHENTICATED, "UNAUTHENTICATED", 4, false },
	{ ERR_SECOND_PERSON, "SECOND_PERSON", 13, false },
	{ ERR_BAD_FRAME, "BAD_FRAME", 1, false },
	{ ERR_TOO_BIG, "TOO_BIG", 1, false },
	{ ERR_BAD_MESSAGE, "BAD_MESSAGE", 1, false },
	{ ERR_UNSUPPORTED, "UNSUPPORTED", 12, false },
	{ ERR_BUSY, "BUSY", 9, true },
	{ ERR_UNAVAILABLE, "UNAVAILABLE", 9, true },
	{ ERR_STORAGE_FULL, "STORAGE_FULL", 9, true },
	{ ERR_SIGNATURE, "SIGNATURE", 11, false },
};

const struct error_kind *error_kind(const char *code)
{
	size_t i;

	for (i = 0; code && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(code, kinds[i].code) == 0)
			return &kinds[i];
	}
	return &kinds[0];
}
