#include "client/value.h"

#include "client/suggest.h"
#include "client/words.h"
#include "common/date.h"
#include "common/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX (1024 * 1024)

static bool bad(struct value_trouble *trouble, const char *key)
{
	trouble->key = key;
	return false;
}

static int32_t today; /* 0: the server has not been asked */

int32_t value_today(void)
{
	return today ? today : date_of_moment((int64_t)time(NULL) * 1000000);
}

void value_set_today(int32_t days)
{
	today = days;
}

bool value_needs_today(const char *text)
{
	int32_t a, b, now = value_today();

	/* A year on: "10-22" moves, as "今天" does. */
	return date_parse(text, now, &a) && date_parse(text, now + 366, &b) && a != b;
}

/* ---- text ------------------------------------------------------------------------- */

static char *copy(struct arena *arena, const char *text)
{
	return arena_copy(arena, text, strlen(text));
}

/* SB26-14 and its like are typed in any case: two letters, two digits, a dash. */
static void raise_id(char *id)
{
	size_t i;

	for (i = 0; i < 5; i++) {
		unsigned char c = (unsigned char)id[i];

		if (i < 2 ? !isalpha(c) : i < 4 ? !isdigit(c) : c != '-')
			return;
	}
	for (; *id; id++)
		*id = (char)toupper((unsigned char)*id);
}

/* States and roles are typed by their words as well. */
static const char *prefix_of(const char *field)
{
	if (strcmp(field, "role") == 0)
		return "role.";
	return strcmp(field, "state") == 0 ? "value." : NULL;
}

static void guess_word(const char *prefix, const char *text,
		       struct value_trouble *trouble)
{
	const struct word *words;
	struct suggestion near;
	size_t i, n;

	suggest_start(&near, text);
	words = words_all(&n);
	for (i = 0; i < n; i++)
		if (strncmp(words[i].key, prefix, strlen(prefix)) == 0)
			suggest_consider(&near, words[i].zh);
	trouble->guess = near.best;
}

/* A code as it is; a word as its code; a word nobody knows is refused here, as
 * the server would not know it either. */
static bool parse_word(struct arena *arena, const char *prefix, const char *text,
		       const char **slot, struct value_trouble *trouble)
{
	const char *code = word_code(prefix, text, strlen(text)), *p;

	if (code) {
		*slot = code;
		return true;
	}
	for (p = text; *p && (unsigned char)*p < 0x80; p++)
		;
	if (!*p) {
		*slot = copy(arena, text);
		return *slot ? true : bad(trouble, "error.memory");
	}
	guess_word(prefix, text, trouble);
	return bad(trouble, "error.value_enum");
}

static bool parse_text(struct arena *arena, const ProtobufCFieldDescriptor *field,
		       const char *text, const char **slot,
		       struct value_trouble *trouble)
{
	const char *prefix = prefix_of(field->name);
	char *value;

	if (!text_valid(text, strlen(text)))
		return bad(trouble, "error.value_text");
	if (prefix)
		return parse_word(arena, prefix, text, slot, trouble);
	value = copy(arena, text);
	if (!value)
		return bad(trouble, "error.memory");
	if (field_kind(field) == FIELD_CODE) {
		text_fold(value);
		raise_id(value);
	}
	*slot = value;
	return true;
}

/* ---- yes, no, enums --------------------------------------------------------------- */

static bool parse_bool(struct arena *arena, const char *text,
		       protobuf_c_boolean *slot, struct value_trouble *trouble)
{
	static const char *const yes[] = { "", "yes", "y", "true", "1", "是" };
	static const char *const no[] = { "no", "n", "false", "0", "否" };
	char *folded = copy(arena, text);
	size_t i;

	if (!folded)
		return bad(trouble, "error.memory");
	text_fold(folded);
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(folded, yes[i]) == 0)
			return *slot = 1, true;
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strcasecmp(folded, no[i]) == 0)
			return *slot = 0, true;
	return bad(trouble, "error.value_bool");
}

const char *value_enum_word(const ProtobufCFieldDescriptor *field, unsigned i)
{
	const ProtobufCEnumDescriptor *type = field->descriptor;

	return word_value(field->name, type->values[i].name);
}

const char *value_enum_words(struct out *out, const ProtobufCFieldDescriptor *field)
{
	const ProtobufCEnumDescriptor *type = field->descriptor;
	const char *text = "";
	unsigned i;

	for (i = 0; i < type->n_values; i++)
		text = out_format(out, "%s%s%s", text,
				  i ? word("text.list_comma") : "",
				  value_enum_word(field, i));
	return text;
}

static bool enum_says(const ProtobufCFieldDescriptor *field, unsigned i,
		      const char *text)
{
	const ProtobufCEnumDescriptor *type = field->descriptor;
	const char *name = type->values[i].name;
	size_t k;

	for (k = 0; name[k] && text[k]; k++) {
		char c = text[k] == '-' ? '_' : (char)toupper((unsigned char)text[k]);

		if (c != name[k])
			break;
	}
	if (!name[k] && !text[k])
		return true;
	return strcmp(value_enum_word(field, i), text) == 0;
}

static bool parse_enum(const ProtobufCFieldDescriptor *field, const char *text,
		       int *slot, struct value_trouble *trouble)
{
	const ProtobufCEnumDescriptor *type = field->descriptor;
	struct suggestion near;
	unsigned i;

	suggest_start(&near, text);
	for (i = 0; i < type->n_values; i++) {
		if (enum_says(field, i, text)) {
			*slot = type->values[i].value;
			return true;
		}
		suggest_consider(&near, type->values[i].name);
		suggest_consider(&near, value_enum_word(field, i));
	}
	trouble->guess = near.best;
	return bad(trouble, "error.value_enum");
}

/* ---- numbers, dates, money -------------------------------------------------------- */

static bool parse_number(const ProtobufCFieldDescriptor *field, const char *text,
			 void *slot, struct value_trouble *trouble)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (end == text || *end || isspace((unsigned char)*text))
		return bad(trouble, "error.value_number");
	if (errno || !field_set_integer(field, slot, number))
		return bad(trouble, "error.value_range");
	return true;
}

static bool parse_date(const ProtobufCFieldDescriptor *field, const char *text,
		       void *slot, struct value_trouble *trouble)
{
	int32_t days;

	if (!date_parse(text, value_today(), &days) ||
	    !field_set_integer(field, slot, days))
		return bad(trouble, "error.value_date");
	return true;
}

static bool parse_moment(const ProtobufCFieldDescriptor *field, const char *text,
			 void *slot, struct value_trouble *trouble)
{
	int64_t us;

	if (!moment_parse(text, &us) || !field_set_integer(field, slot, us))
		return bad(trouble, "error.value_moment");
	return true;
}

/* 1,234.50 yuan as fen. */
static bool parse_money(const ProtobufCFieldDescriptor *field, const char *text,
			void *slot, struct value_trouble *trouble)
{
	int64_t fen = 0;
	int places = -1, digits = 0;

	for (; *text; text++) {
		if (*text == ',' && places < 0)
			continue;
		if (*text == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (!isdigit((unsigned char)*text) || places == 2 ||
		    fen > INT64_MAX / 1000)
			return bad(trouble, "error.value_money");
		fen = fen * 10 + (*text - '0');
		digits++;
		places += places >= 0;
	}
	for (places = places < 0 ? 0 : places; places < 2; places++)
		fen *= 10;
	if (!digits || !field_set_integer(field, slot, fen))
		return bad(trouble, "error.value_money");
	return true;
}

static bool parse_folded(struct arena *arena, const ProtobufCFieldDescriptor *field,
			 const char *text, void *slot,
			 struct value_trouble *trouble)
{
	char *folded = copy(arena, text);

	if (!folded)
		return bad(trouble, "error.memory");
	text_fold(folded);
	switch (field_kind(field)) {
	case FIELD_DATE:
		return parse_date(field, folded, slot, trouble);
	case FIELD_MOMENT:
		return parse_moment(field, folded, slot, trouble);
	case FIELD_MONEY:
		return parse_money(field, folded, slot, trouble);
	default:
		return parse_number(field, folded, slot, trouble);
	}
}

/* ---- files ------------------------------------------------------------------------- */

static int open_for_reading(const char *path, const char **key)
{
	struct stat st;
	int fd;

	if (strcmp(path, "-") == 0)
		return dup(STDIN_FILENO);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		*key = errno == ENOENT ? "error.file_missing" : "error.file_open";
		return -1;
	}
	if (fstat(fd, &st) || S_ISDIR(st.st_mode)) {
		*key = "error.file_open";
		close(fd);
		return -1;
	}
	return fd;
}

/* One byte more than allowed is asked for: to see that there is more. */
static void *slurp(struct arena *arena, int fd, size_t limit, size_t *len,
		   const char **key)
{
	char *buf = malloc(limit + 1), *kept = NULL;
	ssize_t got = 0;

	*len = 0;
	while (buf && *len <= limit &&
	       (got = read(fd, buf + *len, limit + 1 - *len)) > 0)
		*len += (size_t)got;
	*key = !buf ? "error.memory" : got < 0 ? "error.file_open" :
	       *len > limit ? "error.file_too_big" : NULL;
	if (!*key) {
		kept = arena_copy(arena, buf, *len);
		*key = kept ? NULL : "error.memory";
	}
	free(buf);
	return kept;
}

void *value_read_file(struct arena *arena, const char *path, size_t limit,
		      size_t *len, const char **key)
{
	void *bytes;
	int fd = open_for_reading(path, key);

	if (fd < 0)
		return NULL;
	bytes = slurp(arena, fd, limit, len, key);
	close(fd);
	return bytes;
}

static bool parse_bytes(struct arena *arena, const char *text,
			ProtobufCBinaryData *slot, struct value_trouble *trouble)
{
	const char *key = NULL;

	if (*text != '@')
		return bad(trouble, "error.value_bytes");
	slot->data = value_read_file(arena, text + 1, BYTES_MAX, &slot->len, &key);
	return slot->data ? true : bad(trouble, key);
}

/* ---- name=value,name=value ---------------------------------------------------------- */

/* The field whose "name=" begins here; *skip is set to its length. */
static const ProtobufCFieldDescriptor *
field_begins(const ProtobufCMessageDescriptor *type, const char *text, size_t *skip)
{
	const char *name;
	unsigned i;
	size_t n;
	int k;

	for (i = 0; i < type->n_fields; i++) {
		for (k = 0; k < 2; k++) {
			name = k ? word_field(type->fields[i].name)
				 : type->fields[i].name;
			n = strlen(name);
			if (strncmp(text, name, n) == 0 && text[n] == '=') {
				*skip = n + 1;
				return &type->fields[i];
			}
		}
	}
	return NULL;
}

/* A comma ends a value only where the next name follows, so that a narrative
 * may hold commas. */
static size_t value_length(const ProtobufCMessageDescriptor *type, const char *text)
{
	size_t n, skip;

	for (n = 0; text[n]; n++)
		if (text[n] == ',' && field_begins(type, text + n + 1, &skip))
			break;
	return n;
}

static bool parse_pair(struct arena *arena, void *message,
		       const ProtobufCFieldDescriptor *field, const char *text,
		       size_t len, struct value_trouble *trouble)
{
	char *value = arena_copy(arena, text, len);
	void *slot = fields_add(arena, message, field);

	if (!value || !slot)
		return bad(trouble, "error.memory");
	return value_parse(arena, field, value, slot, trouble);
}

static bool parse_message(struct arena *arena, const ProtobufCFieldDescriptor *field,
			  const char *text, void **slot,
			  struct value_trouble *trouble)
{
	const ProtobufCMessageDescriptor *type = field->descriptor;
	void *message = fields_new(arena, type);
	size_t skip = 0, len;

	if (!message)
		return bad(trouble, "error.memory");
	*slot = message;
	while (*text) {
		const ProtobufCFieldDescriptor *inner =
			field_begins(type, text, &skip);

		if (!inner)
			return bad(trouble, "error.value_pairs");
		text += skip;
		len = value_length(type, text);
		if (!parse_pair(arena, message, inner, text, len, trouble))
			return false;
		text += len + (text[len] == ',');
	}
	return true;
}

bool value_parse(struct arena *arena, const ProtobufCFieldDescriptor *field,
		 const char *text, void *slot, struct value_trouble *trouble)
{
	switch (field_kind(field)) {
	case FIELD_TEXT:
	case FIELD_CODE:
		return parse_text(arena, field, text, slot, trouble);
	case FIELD_BYTES:
		return parse_bytes(arena, text, slot, trouble);
	case FIELD_BOOL:
		return parse_bool(arena, text, slot, trouble);
	case FIELD_ENUM:
		return parse_enum(field, text, slot, trouble);
	case FIELD_MESSAGE:
		return parse_message(arena, field, text, slot, trouble);
	default:
		return parse_folded(arena, field, text, slot, trouble);
	}
}

/* ---- as read ------------------------------------------------------------------------ */

const char *value_enum(const char *field, const ProtobufCEnumDescriptor *type,
		       int number)
{
	const ProtobufCEnumValue *value =
		protobuf_c_enum_descriptor_get_value(type, number);

	return value ? word_value(field, value->name) : "?";
}

/* States and their like are codes in upper case; a code in lower case has its word
 * with the field, so that a person's own text is never taken for one. */
static const char *code_text(struct out *out, const char *field, const char *text)
{
	const char *p, *found;

	if (strcmp(field, "role") == 0 || strcmp(field, "request") == 0)
		return word_of(field, text);
	found = word_find(out_format(out, "value.%s.%s", field, text));
	if (found)
		return found;
	for (p = text; *p; p++)
		if (!isupper((unsigned char)*p) && *p != '_' &&
		    !isdigit((unsigned char)*p))
			return text;
	return *text ? word_value(field, text) : text;
}

static const char *hex(struct out *out, const ProtobufCBinaryData *bytes)
{
	char text[33];

	text_hex(bytes->data, bytes->len < 16 ? bytes->len : 16, text);
	return out_format(out, bytes->len > 16 ? "%s.. (%zu)" : "%s", text,
			  bytes->len);
}

const char *value_text(struct out *out, const ProtobufCFieldDescriptor *field,
		       const void *value)
{
	switch (field_kind(field)) {
	case FIELD_TEXT:
	case FIELD_CODE:
		return code_text(out, field->name, *(const char *const *)value);
	case FIELD_BYTES:
		return hex(out, value);
	case FIELD_BOOL:
		return word(*(const protobuf_c_boolean *)value ? "text.yes"
							       : "text.no");
	case FIELD_ENUM:
		return value_enum(field->name, field->descriptor, *(const int *)value);
	case FIELD_DATE:
		return out_date(out, *(const int32_t *)value);
	case FIELD_MOMENT:
		return out_moment(out, *(const int64_t *)value);
	case FIELD_MONEY:
		return out_money(out, *(const int64_t *)value);
	case FIELD_MESSAGE:
		return NULL;
	default:
		return out_format(out, "%lld",
				  (long long)field_integer(field, value));
	}
}

/* What kind of thing a message is about: its first id tells. */
static const char *entity_of(struct out *out, const ProtobufCMessageDescriptor *type)
{
	const char *id = type->n_fields ? type->fields[0].name : "";
	size_t n = strlen(id);

	if (n < 4 || strcmp(id + n - 3, "_id") != 0)
		return "";
	return out_format(out, "%.*s", (int)(n - 3), id);
}

/* A state may have a word of its own for the kind of thing. */
static const char *state_text(struct out *out, const ProtobufCMessage *message,
			      const ProtobufCFieldDescriptor *field, size_t i)
{
	const char *code;

	if (strcmp(field->name, "state") != 0 ||
	    field->type != PROTOBUF_C_TYPE_STRING)
		return NULL;
	code = *(const char *const *)fields_at(message, field, i);
	if (strchr(code, '.')) /* it says itself of what: gap.DOING */
		return word_find(out_format(out, "value.%s", code));
	return word_find(out_format(out, "value.%s.%s",
				    entity_of(out, message->descriptor), code));
}

const char *value_nth(struct out *out, const void *message,
		      const ProtobufCFieldDescriptor *field, size_t i)
{
	const char *text = state_text(out, message, field, i);

	if (!text)
		text = value_text(out, field, fields_at(message, field, i));
	return text ? text : "";
}

const char *value_joined(struct out *out, const void *message,
			 const ProtobufCFieldDescriptor *field)
{
	size_t n = fields_count(message, field), i;
	const char *text;

	if (!n)
		return NULL;
	if (field_kind(field) == FIELD_MESSAGE)
		return out_format(out, "%zu", n);
	text = value_nth(out, message, field, 0);
	for (i = 1; i < n; i++)
		text = out_format(out, "%s%s%s", text, word("text.list_comma"),
				  value_nth(out, message, field, i));
	return text;
}
