/* The command line: words, options, what is missing, did you mean. */
#include "tests/unit/check.h"

#include "client/line.h"
#include "client/suggest.h"

#include <wordexp.h>

static struct arena arena;
static struct line line;

/* One word after another, ended by NULL. */
static bool parse(const char *first, ...)
{
	char *argv[32] = { "zhibu" };
	const char *word_given;
	int argc = 1;
	va_list ap;

	va_start(ap, first);
	for (word_given = first; word_given; word_given = va_arg(ap, const char *))
		argv[argc++] = arena_copy(&arena, word_given, strlen(word_given));
	va_end(ap);
	return line_parse(&line, &arena, argc, argv);
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void test_positionals_and_options(void **state)
{
	(void)state;
	assert_true(parse("office", "set", "P10170", "branch_secretary", "14",
			  "--from-on", "2026-10-22", NULL));
	assert_string_equal(line.args.command->request, "set_office");
	assert_string_equal(args_get(&line.args, "person"), "P10170");
	assert_string_equal(args_get(&line.args, "role"), "branch_secretary");
	assert_string_equal(args_get(&line.args, "org_id"), "14");
	assert_string_equal(args_get(&line.args, "from_on"), "2026-10-22");
	/* an option takes the place of its positional */
	assert_true(parse("office", "set", "--role=x", "P1", "14", NULL));
	assert_string_equal(args_get(&line.args, "person"), "P1");
	assert_string_equal(args_get(&line.args, "org_id"), "14");
}

static void test_chinese(void **state)
{
	(void)state;
	assert_true(parse("职务", "任命", "P1", "--组织", "14", "--起=今天", NULL));
	assert_string_equal(line.args.command->verb, "set");
	assert_string_equal(args_get(&line.args, "org_id"), "14");
	assert_string_equal(args_get(&line.args, "from_on"), "今天");
	/* full-width letters come out of an input method left on */
	assert_true(parse("ｏｆｆｉｃｅ", "ｓｅｔ", NULL));
	assert_string_equal(line.args.command->verb, "set");
}

static void test_globals_anywhere(void **state)
{
	(void)state;
	assert_true(parse("-P", "demo", "--json=id,name", "whoami", "-nq", "--as",
			  "teller@14", NULL));
	assert_string_equal(line.settings.profile, "demo");
	assert_true(line.settings.json);
	assert_string_equal(line.settings.json_fields, "id,name");
	assert_true(line.settings.dry_run);
	assert_true(line.settings.quiet);
	assert_string_equal(line.settings.acting, "teller@14");
	assert_true(parse("whoami", "--json", NULL));
	assert_true(line.settings.json);
	assert_null(line.settings.json_fields);
	assert_true(parse("-Pdemo", "whoami", NULL));
	assert_string_equal(line.settings.profile, "demo");
}

static void test_end_of_options(void **state)
{
	(void)state;
	assert_true(parse("profile", "use", "--", "--json", NULL));
	assert_false(line.settings.json);
	assert_string_equal(args_get(&line.args, "name"), "--json");
}

static void test_bare_noun(void **state)
{
	(void)state;
	assert_true(parse("office", NULL));
	assert_null(line.args.command);
	assert_string_equal(line.noun, "office");
	assert_true(parse("status", NULL));
	assert_string_equal(line.args.command->verb, "_");
	assert_true(parse(NULL, NULL));
	assert_null(line.noun);
}

static void test_refused(void **state)
{
	(void)state;
	assert_false(parse("whoamy", NULL));
	assert_string_equal(line.trouble.key, "error.command_unknown");
	assert_string_equal(line.trouble.guess, "whoami");
	assert_false(parse("职务", "任名", NULL));
	assert_string_equal(line.trouble.key, "error.verb_unknown");
	assert_string_equal(line.trouble.guess, "任命");
	assert_false(parse("office", "set", "--frm-on", "x", NULL));
	assert_string_equal(line.trouble.key, "error.option_unknown");
	assert_string_equal(line.trouble.guess, "--from-on");
	/* a unique beginning is not enough: it would break with the next option */
	assert_false(parse("whoami", "--dry", NULL));
	assert_false(parse("whoami", "surplus", NULL));
	assert_string_equal(line.trouble.key, "error.too_many");
	assert_false(parse("whoami", "--as", NULL));
	assert_string_equal(line.trouble.key, "error.option_needs_value");
	assert_false(parse("whoami", "--dry-run=yes", NULL));
	assert_string_equal(line.trouble.key, "error.option_no_value");
	assert_false(parse("whoami", "-z", NULL));
	assert_string_equal(line.trouble.key, "error.option_unknown");
	/* case 112: there is no such option */
	assert_false(parse("login", "--passphrase", "secret words here", NULL));
}

static void test_missing(void **state)
{
	struct row_arg arg;

	(void)state;
	assert_true(parse("office", "set", "P1", NULL));
	assert_true(line_missing(&line, &arg));
	assert_string_equal(arg.name, "role");
	assert_true(parse("office", "set", "P1", "--role", "x", "14", NULL));
	assert_false(line_missing(&line, &arg));
	assert_true(parse("office", "list", NULL));
	assert_false(line_missing(&line, &arg));
}

static void test_row_arguments(void **state)
{
	const char *at = "a_id,@path?,words+,--out=,--open";
	struct row_arg arg;

	(void)state;
	assert_true(row_arg_next(&at, &arg));
	assert_true(arg.positional && !arg.own && !arg.optional);
	assert_true(row_arg_next(&at, &arg));
	assert_string_equal(arg.name, "path");
	assert_true(arg.positional && arg.own && arg.optional);
	assert_true(row_arg_next(&at, &arg));
	assert_true(arg.many);
	assert_true(row_arg_next(&at, &arg));
	assert_string_equal(arg.name, "out");
	assert_true(!arg.positional && arg.takes_value);
	assert_true(row_arg_next(&at, &arg));
	assert_true(!arg.positional && !arg.takes_value);
	assert_false(row_arg_next(&at, &arg));
}

/* A letter means the same in every command, and never a field's own thing. */
static void test_reserved_letters(void **state)
{
	static const char reserved[] = "abfhmnoPqsvVy";
	const struct command *rows;
	size_t i, n;
	unsigned k;

	(void)state;
	for (i = 0; i < global_options_n; i++)
		assert_true(!global_options[i].letter ||
			    strchr(reserved, global_options[i].letter));
	rows = command_rows(&n);
	for (i = 0; i < n; i++) {
		const ProtobufCFieldDescriptor *member = command_member(&rows[i]);
		const ProtobufCMessageDescriptor *type =
			member ? member->descriptor : NULL;

		for (k = 0; type && k < type->n_fields; k++) {
			char letter = line_letter(type, type->fields[k].name);

			assert_true(!letter || strchr("abmos", letter));
		}
	}
}

/* Every row of the table can be typed and says what it does. */
static void test_rows(void **state)
{
	const struct command *rows;
	char key[128];
	size_t i, k, n;

	(void)state;
	rows = command_rows(&n);
	for (i = 0; i < n; i++) {
		const struct command *c = &rows[i];

		assert_ptr_equal(command_find(c->noun, c->verb), c);
		assert_ptr_equal(command_find(c->zh_noun, c->zh_verb), c);
		if (strcmp(c->request, "NONE") != 0 && !command_member(c))
			fail_msg("%s %s: no request %s", c->noun, c->verb, c->request);
		if (strcmp(c->request, "NONE") == 0 && !c->handler)
			fail_msg("%s %s does nothing", c->noun, c->verb);
		snprintf(key, sizeof(key), "command.%s.%s", c->noun, c->verb);
		if (!word_both(key)) {
			snprintf(key, sizeof(key), "request.%s", c->request);
			if (!word_both(key))
				fail_msg("%s %s: nothing says what it does", c->noun,
					 c->verb);
		}
		assert_memory_equal(c->example, "zhibu ", 6);
		for (k = 0; k < i; k++)
			if (strcmp(rows[k].noun, c->noun) == 0)
				assert_string_equal(rows[k].zh_noun, c->zh_noun);
	}
}

/* The examples in help can be typed as they stand. */
static void test_examples(void **state)
{
	const struct command *rows;
	size_t i, n;

	(void)state;
	rows = command_rows(&n);
	for (i = 0; i < n; i++) {
		wordexp_t words;

		assert_int_equal(wordexp(rows[i].example, &words,
					 WRDE_NOCMD | WRDE_UNDEF), 0);
		if (!line_parse(&line, &arena, (int)words.we_wordc, words.we_wordv))
			fail_msg("%s: %s %s", rows[i].example, line.trouble.key,
				 line.trouble.args[0]);
		assert_ptr_equal(line.args.command, &rows[i]);
		wordfree(&words);
	}
}

static void test_distance(void **state)
{
	struct suggestion near;

	(void)state;
	assert_int_equal(suggest_distance("status", "status"), 0);
	assert_int_equal(suggest_distance("staus", "status"), 1);
	assert_int_equal(suggest_distance("sattus", "status"), 1);
	assert_int_equal(suggest_distance("", "abc"), 3);
	assert_int_equal(suggest_distance("已提较", "已提交"), 1);
	assert_int_equal(suggest_distance("List", "list"), 0);
	suggest_start(&near, "已提较");
	suggest_consider(&near, "已受理");
	assert_null(near.best);
	suggest_consider(&near, "已提交");
	assert_string_equal(near.best, "已提交");
	suggest_start(&near, "xyz");
	suggest_consider(&near, "submit");
	assert_null(near.best);
	/* longer than anything sensible */
	suggest_start(&near, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	suggest_consider(&near, "a");
	assert_null(near.best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_positionals_and_options, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_chinese, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_globals_anywhere, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_end_of_options, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bare_noun, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
		cmocka_unit_test(test_row_arguments),
		cmocka_unit_test(test_reserved_letters),
		cmocka_unit_test(test_rows),
		cmocka_unit_test_setup_teardown(test_examples, set_up, tear_down),
		cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
