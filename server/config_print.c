#include "server/config_keys.h"

#include <libpq-fe.h>
#include <string.h>

/* Per kind: Chinese, English. */
static const char *const defect_words[CONFIG_DEFECT_KINDS][2] = {
	[CONFIG_SYNTAX] = { "既不是 [节] 也不是 键 = 值",
			    "neither [section] nor key = value" },
	[CONFIG_LINE_TOO_LONG] = { "行太长；网址可在下一行缩进续写",
				   "line too long; a URL may go on, indented, on the "
				   "next line" },
	[CONFIG_UNKNOWN_SECTION] = { "没有这一节", "no such section" },
	[CONFIG_UNKNOWN_KEY] = { "没有这个键", "no such key" },
	[CONFIG_TWICE] = { "写了两次", "given twice" },
	[CONFIG_BAD_VALUE] = { "值不对", "bad value" },
	[CONFIG_OUT_OF_RANGE] = { "超出范围", "out of range" },
	[CONFIG_MISSING] = { "缺少", "missing" },
	[CONFIG_USELESS] = { "不起作用", "has no effect" },
	[CONFIG_UNREADABLE] = { "读不了", "cannot be read" },
	[CONFIG_STATE_TOO_LONG] = { "状态目录的路径太长，请换一个短的",
				    "the path of the state folder is too long" },
};

static void print_defect(const struct config_report *report,
			 const struct config_defect *d, bool english, FILE *out)
{
	fputs(report->file, out);
	if (d->line)
		fprintf(out, ":%u", d->line);
	if (d->key[0])
		fprintf(out, ": %s", d->key);
	fprintf(out, ": %s", defect_words[d->kind][english]);
	if (d->value[0])
		fprintf(out, ": %s", d->value);
	if (d->expected[0])
		fprintf(out, english ? " (expected: %s)" : "（应为：%s）",
			d->expected);
	fputc('\n', out);
}

void config_report_print(const struct config_report *report, bool english,
			 FILE *out)
{
	for (unsigned i = 0; i < report->count && i < CONFIG_DEFECTS; i++)
		print_defect(report, &report->rows[i], english, out);
}

/* As libpq reads it, but for what is secret: the output is shown and sent about. */
static void write_url(const char *url, FILE *out)
{
	PQconninfoOption *all = PQconninfoParse(url, NULL);
	const char *space = "";

	for (const PQconninfoOption *o = all; o && o->keyword; o++) {
		if (!o->val)
			continue;
		fprintf(out, "%s%s='", space, o->keyword);
		space = " ";
		/* libpq marks with an asterisk what must not be seen */
		for (const char *p = *o->dispchar == '*' ? "***" : o->val; *p; p++)
			fprintf(out, "%s%c", strchr("'\\", *p) ? "\\" : "", *p);
		fputc('\'', out);
	}
	PQconninfoFree(all);
}

static void write_value(const struct config *config,
			const struct config_section *section,
			const struct config_key *key, FILE *out)
{
	const void *at = (const char *)config + section->offset + key->offset;
	char number[32];

	switch (key->kind) {
	case CONFIG_BOOL:
		fputs(*(const bool *)at ? "yes" : "no", out);
		return;
	case CONFIG_MODE:
		fputs(config->mode == DATABASE_EXTERNAL ? "external" : "private", out);
		return;
	case CONFIG_ADDRESS:
		fputs(at, out);
		return;
	case CONFIG_URL:
		write_url(at, out);
		return;
	case CONFIG_SIZE:
		config_print_number(number, sizeof(number),
				    *(const size_t *)at, key->kind);
		break;
	default:
		config_print_number(number, sizeof(number),
				    *(const unsigned *)at, key->kind);
	}
	fputs(number, out);
}

void config_write(const struct config *config, FILE *out)
{
	for (size_t i = 0; i < CONFIG_SECTIONS; i++) {
		const struct config_section *section = &config_sections[i];

		fprintf(out, "%s# %s\n[%s]\n", i ? "\n" : "", section->help,
			section->name);
		for (const struct config_key *key = section->keys; key->name; key++) {
			if ((key->kind == CONFIG_URL && config->mode == DATABASE_PRIVATE) ||
			    !config_key_is_for(key, section))
				continue;
			fprintf(out, "%s = ", key->name);
			write_value(config, section, key, out);
			fprintf(out, " ; %s\n", key->help);
		}
	}
}
