/* The configuration: defaults, values, and every defect with line and key. */
#include "tests/unit/check.h"

#include "server/config.h"
#include "server/database.h"

#include <unistd.h>

static struct config config;
static struct config_report report;

static bool parse_bytes(const char *text, size_t len)
{
	assert_true(config_defaults(&config, "/var/lib/zhibud"));
	return config_parse(&config, text, len, &report);
}

static bool parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

/* The one defect of a text. */
static const struct config_defect *only(const char *text)
{
	assert_false(parse(text));
	assert_int_equal(report.count, 1);
	return &report.rows[0];
}

static void check_defect(const char *text, enum config_defect_kind kind,
			 unsigned line, const char *key)
{
	const struct config_defect *d = only(text);

	assert_int_equal(d->kind, kind);
	assert_int_equal(d->line, line);
	assert_string_equal(d->key, key);
}

static void empty_file_is_good(void **state)
{
	(void)state;
	assert_true(parse(""));
	assert_string_equal(config.listen, "127.0.0.1");
	assert_int_equal(config.ports[WORKER_PUBLIC].port, 7443);
	assert_int_equal(config.ports[WORKER_MEMBER].port, 7444);
	assert_int_equal(config.ports[WORKER_MEMBER].in_flight, 8);
	assert_int_equal(config.ports[WORKER_MEMBER].frame, 1 << 20);
	assert_int_equal(config.drain_ms, 10000);
	assert_false(config.demo);
	assert_string_equal(config.path.authority, "/var/lib/zhibud/authority.crt");
	assert_string_equal(config.path.signer_socket, "/var/lib/zhibud/signer.sock");
	assert_string_equal(config.url[WORKER_MEMBER],
		"host='/var/lib/zhibud/pgsock' user=zhibu_member dbname=zhibu");
	assert_string_equal(config.owner_url,
		"host='/var/lib/zhibud/pgsock' user=zhibu_owner dbname=zhibu");
}

static void values(void **state)
{
	(void)state;
	assert_true(parse("\xEF\xBB\xBF# 注释\r\n"
			  "[server]\r\n"
			  "listen = ::1 ; all\r\n"
			  "demo=yes\r\n"
			  "drain = 2min\r\n"
			  "\r\n"
			  "; note\n"
			  "[member]\n"
			  "  port = 9000\n"
			  "frame: 64KiB\n"
			  "arena = 1048576\n"
			  "idle = 1h\n"
			  "handshake = 250ms\n"
			  "read_lanes = 7\n"
			  "string = 4KiB"));
	assert_string_equal(config.listen, "::1");
	assert_true(config.demo);
	assert_int_equal(config.drain_ms, 120000);
	assert_int_equal(config.ports[WORKER_MEMBER].port, 9000);
	assert_int_equal(config.ports[WORKER_MEMBER].frame, 65536);
	assert_int_equal(config.ports[WORKER_MEMBER].arena, 1048576);
	assert_int_equal(config.ports[WORKER_MEMBER].idle_ms, 3600000);
	assert_int_equal(config.ports[WORKER_MEMBER].handshake_ms, 250);
	assert_int_equal(config.ports[WORKER_MEMBER].lane[LANE_READ], 7);
	/* The other port keeps its own. */
	assert_int_equal(config.ports[WORKER_PUBLIC].lane[LANE_READ], 2);
}

static void bounds(void **state)
{
	(void)state;
	assert_true(parse("[member]\nport = 1\n"));
	assert_true(parse("[member]\nport = 65535\n"));
	check_defect("[member]\nport = 0\n", CONFIG_OUT_OF_RANGE, 2, "member.port");
	check_defect("\n[member]\n\nport = 65536\n", CONFIG_OUT_OF_RANGE, 4,
		     "member.port");
	assert_string_equal(report.rows[0].value, "65536");
	assert_string_equal(report.rows[0].expected, "1 .. 65535");
	check_defect("[member]\nport = 99999999999999999999\n", CONFIG_BAD_VALUE, 2,
		     "member.port");
	check_defect("[public]\nin_flight = 0\n", CONFIG_OUT_OF_RANGE, 2,
		     "public.in_flight");
	check_defect("[member]\nframe = 1025KiB\n", CONFIG_OUT_OF_RANGE, 2,
		     "member.frame");
	assert_string_equal(report.rows[0].expected, "1KiB .. 1MiB");
	check_defect("[member]\nidle = 25h\n", CONFIG_OUT_OF_RANGE, 2, "member.idle");
}

static void bad_values(void **state)
{
	static const char *const texts[] = {
		"[member]\nport = -1\n", "[member]\nport = 0x10\n",
		"[member]\nport = 7 7\n", "[member]\nport = \n",
		"[member]\nidle = 10\n", "[member]\nidle = 10 s\n",
		"[member]\nidle = s\n", "[member]\nframe = 1MB\n",
		"[server]\ndemo = true\n", "[server]\nlisten = localhost\n",
		"[server]\nlisten = 1.2.3\n", "[server]\nlisten = ::1%lo\n",
		"[database]\nmode = Private\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct config_defect *d = only(texts[i]);

		assert_int_equal(d->kind, CONFIG_BAD_VALUE);
		assert_int_equal(d->line, 2);
		assert_string_not_equal(d->expected, "");
	}
}

static void unknown_names(void **state)
{
	(void)state;
	check_defect("[server]\nlisten = ::\nprot = 1\n", CONFIG_UNKNOWN_KEY, 3,
		     "server.prot");
	check_defect("[sever]\nlisten = ::\ndemo = yes\n", CONFIG_UNKNOWN_SECTION, 2,
		     "[sever]");
	check_defect("port = 1\n", CONFIG_UNKNOWN_SECTION, 1, "[]");
	check_defect("[public]\nport = 1\n[public]\nport = 2\n", CONFIG_TWICE, 4,
		     "public.port");
}

static void key_of_another_section(void **state)
{
	(void)state;
	check_defect("[member]\nanswers_per_source = 5\n", CONFIG_USELESS, 2,
		     "member.answers_per_source");
	assert_string_equal(report.rows[0].expected, "[public]");
	check_defect("[public]\nconnections_per_person = 5\n", CONFIG_USELESS, 2,
		     "public.connections_per_person");
	assert_true(parse("[public]\nanswers_per_source = 5\n"
			  "[member]\nconnections_per_person = 5\n"));
}

static void not_a_line(void **state)
{
	static const char nul[] = "[server]\nlisten\0 = ::\n";
	char line[400] = "[server]\nlisten = ";

	(void)state;
	check_defect("[server\n", CONFIG_SYNTAX, 1, "");
	check_defect("[server]\nlisten\n", CONFIG_SYNTAX, 2, "");
	check_defect("hello", CONFIG_SYNTAX, 1, "");
	assert_false(parse_bytes(nul, sizeof(nul) - 1));
	assert_int_equal(report.rows[0].line, 2);
	memset(line + strlen(line), '1', 300);
	check_defect(line, CONFIG_LINE_TOO_LONG, 2, "");
}

static void all_at_once(void **state)
{
	(void)state;
	assert_false(parse("[server]\nlisten = here\ncolour = red\n"
			   "[member]\nport = 7443\nframe = 9MiB\nword\n"
			   "[nowhere]\nx = 1\n"));
	assert_int_equal(report.count, 6);
	assert_string_equal(report.rows[0].key, "server.listen");
	assert_string_equal(report.rows[1].key, "server.colour");
	assert_string_equal(report.rows[2].key, "member.frame");
	assert_int_equal(report.rows[3].kind, CONFIG_SYNTAX);
	assert_int_equal(report.rows[3].line, 7);
	assert_string_equal(report.rows[4].key, "[nowhere]");
	assert_string_equal(report.rows[5].expected, "!= public.port");
}

static void more_defects_than_room(void **state)
{
	char text[8192] = "[server]\n";
	size_t len = strlen(text);
	FILE *out = fopen("/dev/null", "w");

	(void)state;
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "k%d = 1\n", i);
	assert_false(parse(text));
	assert_int_equal(report.count, 100);
	config_report_print(&report, true, out);
	fclose(out);
}

static void external(void **state)
{
	static const char good[] =
		"[database]\nmode = external\n"
		"owner_url = postgresql://zhibu_owner@a/zhibu\n"
		"member_url = postgresql://zhibu_member@a:5432,\n"
		"  b:5432/zhibu\n"
		"  ?target_session_attrs=read-write\n"
		"public_url = host=a user=zhibu_public\n"
		"\tdbname=zhibu\n";
	struct db_config db;

	(void)state;
	assert_true(parse(good));
	assert_string_equal(config.url[WORKER_MEMBER],
		"postgresql://zhibu_member@a:5432,b:5432/zhibu"
		"?target_session_attrs=read-write");
	config_database(&config, WORKER_MEMBER, &db);
	assert_string_equal(db.conninfo, config.url[WORKER_MEMBER]);
	assert_string_equal(config.url[WORKER_PUBLIC],
		"host=a user=zhibu_public dbname=zhibu");
	assert_null(db.read_conninfo);
	assert_int_equal(db.connections[LANE_WRITE], 2);
	assert_int_equal(db.group_limit, 32);

	assert_false(parse("[database]\nmode = external\n"));
	assert_int_equal(report.count, 3);
	assert_int_equal(report.rows[0].kind, CONFIG_MISSING);
	check_defect("[database]\nowner_url = host=a\n", CONFIG_USELESS, 2,
		     "database.owner_url");
}

/* A password in a URL is never shown. */
static void no_password_in_defects(void **state)
{
	char *shown;
	size_t len;
	FILE *out = open_memstream(&shown, &len);

	(void)state;
	assert_false(parse("[database]\nmode = external\n"
			   "owner_url = postgres//u:geheim@h/d\n"
			   "member_url = host=a\npublic_url = host=a\n"
			   "public_url = host=geheim\n"));
	assert_int_equal(report.count, 2);
	config_report_print(&report, true, out);
	fclose(out);
	assert_null(strstr(shown, "geheim"));
	assert_non_null(strstr(shown,
		"/var/lib/zhibud/zhibud.conf:3: database.owner_url: bad value"));
	free(shown);
}

static void related_keys(void **state)
{
	(void)state;
	check_defect("[member]\nconnections = 8\n", CONFIG_OUT_OF_RANGE, 0,
		     "member.connections_per_source");
	check_defect("[public]\nhandshakes = 8\n", CONFIG_OUT_OF_RANGE, 0,
		     "public.handshakes_per_source");
	check_defect("[member]\narena = 64KiB\n", CONFIG_OUT_OF_RANGE, 2,
		     "member.arena");
}

static void quoting(void **state)
{
	(void)state;
	assert_true(config_defaults(&config, "/tmp/it's \\ here"));
	assert_string_equal(config.url[WORKER_PUBLIC],
		"host='/tmp/it\\'s \\\\ here/pgsock' user=zhibu_public dbname=zhibu");
}

static void long_folder(void **state)
{
	char dir[CONFIG_PATH + 1];

	(void)state;
	memset(dir, 'd', sizeof(dir));
	dir[0] = '/';
	dir[CONFIG_PATH] = '\0';
	assert_false(config_load(&config, dir, &report));
	assert_int_equal(report.rows[0].kind, CONFIG_STATE_TOO_LONG);
	dir[80] = '\0';
	assert_true(config_defaults(&config, dir));
	assert_false(config_load(&config, dir, &report));
	assert_int_equal(report.rows[0].kind, CONFIG_UNREADABLE);
	assert_string_not_equal(report.rows[0].value, "");
}

/* What config_write says is what config_load understands. */
static void written_and_read(void **state)
{
	char dir[] = "/tmp/zhibu-config-XXXXXX";
	struct config before;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_true(config_defaults(&before, dir));
	strcpy(before.listen, "0.0.0.0");
	before.demo = true;
	before.ports[WORKER_MEMBER].port = 17444;
	before.ports[WORKER_PUBLIC].idle_ms = 90500;
	before.ports[WORKER_PUBLIC].frame = 3000;
	before.ports[WORKER_PUBLIC].string = 3000;
	file = fopen(before.path.conf, "w");
	config_write(&before, file);
	fclose(file);
	assert_true(config_load(&config, dir, &report));
	assert_memory_equal(&config, &before, sizeof(config));
	unlink(before.path.conf);
	rmdir(dir);
}

static void no_password_is_written(void **state)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	parse("[database]\nmode = external\n"
	      "owner_url = postgresql://o:geheim@a,b/zhibu?application_name=it's\n"
	      "member_url = host=a user=m password='ge\\'heim' sslpassword=geheim\n"
	      "public_url = host=a user=p\n");
	assert_int_equal(report.count, 0);
	config_write(&config, out);
	fclose(out);
	assert_null(strstr(text, "heim"));
	assert_non_null(strstr(text, "user='o' password='***' "));
	assert_non_null(strstr(text, "dbname='zhibu'"));
	assert_non_null(strstr(text, "application_name='it\\'s'"));
	free(text);
}

static void both_languages(void **state)
{
	char *zh, *en;
	size_t len;
	FILE *out;

	(void)state;
	parse("[member]\nport = x\n");
	out = open_memstream(&zh, &len);
	config_report_print(&report, false, out);
	fclose(out);
	out = open_memstream(&en, &len);
	config_report_print(&report, true, out);
	fclose(out);
	assert_string_equal(en, "/var/lib/zhibud/zhibud.conf:2: member.port: bad "
				"value: x (expected: 1 .. 65535)\n");
	assert_string_equal(zh, "/var/lib/zhibud/zhibud.conf:2: member.port: 值不对: "
				"x（应为：1 .. 65535）\n");
	free(zh);
	free(en);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_file_is_good),
		cmocka_unit_test(values),
		cmocka_unit_test(bounds),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(unknown_names),
		cmocka_unit_test(key_of_another_section),
		cmocka_unit_test(not_a_line),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(more_defects_than_room),
		cmocka_unit_test(external),
		cmocka_unit_test(no_password_in_defects),
		cmocka_unit_test(related_keys),
		cmocka_unit_test(quoting),
		cmocka_unit_test(long_folder),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(no_password_is_written),
		cmocka_unit_test(both_languages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
