/*
 * Every refusal there is: SQLSTATE (or the engine's own code of the same form),
 * its kind's name, the client's exit code (client.md 12.3), and whether the same
 * request may simply be sent again.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

#include <stdbool.h>

struct error_kind {
	const char *code; /* five characters, class ZB */
	const char *name; /* as tests and JSON name it */
	int exit;         /* of the client */
	bool retryable;
};

#define ERR_INVALID "ZB001"
#define ERR_DENIED "ZB002"
#define ERR_STATE "ZB003"
#define ERR_CONFLICT "ZB004"
#define ERR_KEY_REUSED "ZB005"
#define ERR_WINDOW "ZB006"
#define ERR_CODE_BAD "ZB007"
#define ERR_CODE_USED "ZB008"
#define ERR_SLIP_UNKNOWN "ZB009"
#define ERR_SLIP_USED "ZB010"
#define ERR_UNAUTHENTICATED "ZB011"
#define ERR_SECOND_PERSON "ZB012"
/* the engine's own */
#define ERR_BAD_FRAME "ZB101"
#define ERR_TOO_BIG "ZB102"
#define ERR_BAD_MESSAGE "ZB103"
#define ERR_UNSUPPORTED "ZB104"
#define ERR_BUSY "ZB105"
#define ERR_UNAVAILABLE "ZB106"
#define ERR_STORAGE_FULL "ZB107"
#define ERR_INTERNAL "ZB108"
#define ERR_SIGNATURE "ZB109"

/* The row of a code; that of ERR_INTERNAL for one not known. */
const struct error_kind *error_kind(const char *code);

#endif
