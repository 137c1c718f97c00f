/* What the client keeps on disk: outbox, key file, profile. */
#include "tests/unit/check.h"

#include "client/files.h"
#include "client/keyfile.h"
#include "client/outbox.h"
#include "client/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];
static struct arena arena;

/* What the disk says to the n-th sync from now: linked with --wrap. */
static int sync_errno, syncs_left;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	if (!sync_errno || syncs_left-- > 0)
		return __real_fsync(fd);
	errno = sync_errno;
	return -1;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/zhibu-files-XXXXXX");
	assert_non_null(mkdtemp(dir));
	arena_init(&arena, 16 << 20);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	arena_free(&arena);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

static const char *in_dir(const char *name)
{
	static char path[FILES_PATH_MAX];

	assert_true(files_join(path, dir, name));
	return path;
}

/* ---- outbox ---------------------------------------------------------------------------- */

static const uint8_t bytes[] = "\x00\x01 an envelope\n with a line \xff";

static void put(uint8_t tag, int64_t at)
{
	uint8_t key[OUTBOX_KEY];
	struct outbox_entry entry = {
		.written_at = at,
		.request = "submit_application",
		.envelope = bytes,
		.envelope_len = sizeof(bytes),
	};

	memset(key, tag, sizeof(key));
	memset(entry.print, tag, sizeof(entry.print));
	assert_true(outbox_put(dir, key, &entry));
}

static void test_outbox_keeps_bytes(void **state)
{
	uint8_t print[OUTBOX_PRINT];
	const struct outbox_entry *found;
	struct outbox_list list;

	(void)state;
	put(2, 2000);
	put(1, 1000);
	assert_true(outbox_read(dir, &arena, &list));
	assert_int_equal(list.n, 2);
	assert_int_equal(list.n_damaged, 0);
	assert_int_equal(list.entries[0].written_at, 1000);
	memset(print, 2, sizeof(print));
	found = outbox_find(&list, print);
	assert_non_null(found);
	assert_string_equal(found->request, "submit_application");
	assert_int_equal(found->envelope_len, sizeof(bytes));
	assert_memory_equal(found->envelope, bytes, sizeof(bytes));
	assert_true(outbox_drop(dir, found));
	assert_true(outbox_read(dir, &arena, &list));
	assert_int_equal(list.n, 1);
	assert_null(outbox_find(&list, print));
}

static void test_outbox_empty(void **state)
{
	struct outbox_list list;

	(void)state;
	assert_true(outbox_read(dir, &arena, &list));
	assert_int_equal(list.n, 0);
}

#define ENTRY "outbox/07070707070707070707070707070707.req"

/* Case 111: cut anywhere, or any byte changed: named, moved aside, not guessed. */
static void test_outbox_damaged(void **state)
{
	char file[4096];
	struct outbox_list list;
	size_t len, i;
	FILE *f;

	(void)state;
	put(7, 1);
	f = fopen(in_dir(ENTRY), "rb");
	assert_non_null(f);
	len = fread(file, 1, sizeof(file), f);
	fclose(f);
	for (i = 0; i < 2 * len; i++) {
		char changed[4096];

		memcpy(changed, file, len);
		if (i < len)
			changed[i] ^= 4;
		f = fopen(in_dir(ENTRY), "wb");
		assert_int_equal(fwrite(changed, 1, i < len ? len : i - len, f),
				 i < len ? len : i - len);
		fclose(f);
		arena_reset(&arena);
		assert_true(outbox_read(dir, &arena, &list));
		assert_int_equal(list.n, 0);
		assert_int_equal(list.n_damaged, 1);
		assert_string_equal(list.damaged[0], strchr(ENTRY, '/') + 1);
		assert_int_equal(access(in_dir(ENTRY), F_OK), -1);
		assert_int_equal(access(in_dir("outbox/damaged-"
			"07070707070707070707070707070707.req"), F_OK), 0);
	}
}

/* Case 108: no place to keep it, so it is not sent. */
static void test_outbox_nowhere(void **state)
{
	struct outbox_entry entry = { .request = "x", .envelope = bytes,
				      .envelope_len = 1 };
	uint8_t key[OUTBOX_KEY] = { 0 };

	(void)state;
	assert_false(outbox_put("/proc/self/fdinfo/none", key, &entry));
}

/* Case 110. */
static void test_lock(void **state)
{
	bool busy;
	int lock = outbox_lock(dir, 0, &busy), status;
	pid_t child;

	(void)state;
	assert_true(lock >= 0);
	child = fork();
	if (child == 0) {
		bool other;
		int second = outbox_lock(dir, 200, &other);

		_exit(second < 0 && other ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	outbox_unlock(lock);
	lock = outbox_lock(dir, 0, &busy);
	assert_true(lock >= 0);
	outbox_unlock(lock);
}

/* ---- key file ---------------------------------------------------------------------------- */

#define PASS "correct horse 電池"

static void make(const char *passphrase)
{
	EVP_PKEY *key = keyfile_make();

	assert_non_null(key);
	assert_int_equal(keyfile_write(dir, key, passphrase), KEYFILE_OK);
	EVP_PKEY_free(key);
}

static enum keyfile_result read_back(const char *passphrase)
{
	EVP_PKEY *key = NULL;
	enum keyfile_result result = keyfile_read(dir, passphrase, &key);

	assert_true((key != NULL) == (result == KEYFILE_OK));
	EVP_PKEY_free(key);
	return result;
}

static void test_key_encrypted(void **state)
{
	struct stat st;
	bool encrypted = false;
	size_t len;
	char *pem;

	(void)state;
	make(PASS);
	assert_int_equal(stat(in_dir(KEYFILE_NAME), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(keyfile_check(dir, &encrypted), KEYFILE_OK);
	assert_true(encrypted);
	pem = files_read(&arena, dir, KEYFILE_NAME, 8192, &len);
	assert_non_null(strstr(pem, "BEGIN ENCRYPTED PRIVATE KEY"));
	assert_int_equal(read_back(PASS), KEYFILE_OK);
	assert_int_equal(read_back("another passphrase"), KEYFILE_PASSPHRASE);
	assert_int_equal(read_back(NULL), KEYFILE_PASSPHRASE);
}

static void test_key_same_back(void **state)
{
	EVP_PKEY *key = keyfile_make(), *back = NULL;

	(void)state;
	assert_int_equal(keyfile_write(dir, key, NULL), KEYFILE_OK);
	assert_int_equal(keyfile_read(dir, NULL, &back), KEYFILE_OK);
	assert_int_equal(EVP_PKEY_eq(key, back), 1);
	/* never over a key that is there */
	assert_int_equal(keyfile_write(dir, back, NULL), KEYFILE_FAILED);
	EVP_PKEY_free(key);
	EVP_PKEY_free(back);
}

/* Case 45. */
static void test_key_refused(void **state)
{
	bool encrypted;
	size_t len;
	char *pem;

	(void)state;
	assert_int_equal(keyfile_check(dir, &encrypted), KEYFILE_MISSING);
	make(NULL);
	assert_int_equal(read_back(NULL), KEYFILE_OK);
	chmod(in_dir(KEYFILE_NAME), 0640);
	assert_int_equal(read_back(NULL), KEYFILE_MODE);
	assert_int_equal(keyfile_check(dir, &encrypted), KEYFILE_MODE);
	chmod(in_dir(KEYFILE_NAME), 0600);
	pem = files_read(&arena, dir, KEYFILE_NAME, 8192, &len);
	assert_true(files_write(dir, KEYFILE_NAME, pem, len / 2));
	assert_int_equal(read_back(NULL), KEYFILE_DAMAGED);
	assert_true(files_write(dir, KEYFILE_NAME, "", 0));
	assert_int_equal(read_back(NULL), KEYFILE_DAMAGED);
	assert_int_equal(keyfile_check(dir, &encrypted), KEYFILE_DAMAGED);
	unlink(in_dir(KEYFILE_NAME));
	assert_true(files_write(dir, "elsewhere", pem, len));
	assert_int_equal(symlink("elsewhere", in_dir(KEYFILE_NAME)), 0);
	assert_int_equal(read_back(NULL), KEYFILE_LINK);
	unlink(in_dir(KEYFILE_NAME));
	assert_int_equal(mkdir(in_dir(KEYFILE_NAME), 0700), 0);
	assert_int_equal(read_back(NULL), KEYFILE_LINK);
}

static void test_key_of_another(void **state)
{
	(void)state;
	make(NULL);
	if (chown(in_dir(KEYFILE_NAME), 65534, 65534))
		skip(); /* only root can give a file away */
	assert_int_equal(read_back(NULL), KEYFILE_OWNER);
}

static void test_key_of_other_kind(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	(void)state;
	assert_non_null(key);
	assert_int_equal(keyfile_write(dir, key, NULL), KEYFILE_OK);
	assert_int_equal(read_back(NULL), KEYFILE_DAMAGED);
	EVP_PKEY_free(key);
}

/* ---- files and profiles -------------------------------------------------------------------- */

static void test_files(void **state)
{
	size_t len;

	(void)state;
	assert_true(files_write(dir, "a", "one", 3));
	assert_true(files_write(dir, "a", "two!", 4));
	assert_string_equal(files_read(&arena, dir, "a", 10, &len), "two!");
	assert_int_equal(len, 4);
	assert_null(files_read(&arena, dir, "a", 3, &len));
	assert_int_equal(errno, EFBIG);
	assert_null(files_read(&arena, dir, "none", 3, &len));
	assert_int_equal(errno, ENOENT);
	assert_int_equal(symlink("a", in_dir("link")), 0);
	assert_null(files_read(&arena, dir, "link", 10, &len));
	assert_true(files_make_dir(in_dir("x/y/z")));
	assert_true(files_make_dir(in_dir("x/y/z")));
}

static void test_profile(void **state)
{
	struct profile profile;
	const char *key, **names;
	size_t n;

	(void)state;
	setenv("ZHIBU_CONFIG_DIR", dir, 1);
	assert_string_equal(profile_choose(&arena, NULL), "default");
	assert_true(profile_load(&profile, &arena, "demo-书记14", &key));
	assert_false(profile_exists(&profile));
	profile.server = "a.example:1,b.example";
	profile.member_port = 7444;
	profile.person_id = "P14";
	profile.acting = "branch_secretary@14";
	assert_true(profile_save(&profile));
	profile_unload(&profile);
	assert_true(profile_load(&profile, &arena, "demo-书记14", &key));
	assert_string_equal(profile.server, "a.example:1,b.example");
	assert_string_equal(profile.person_id, "P14");
	assert_string_equal(profile.acting, "branch_secretary@14");
	assert_int_equal(profile.member_port, 7444);
	assert_null(profile.certificate);
	names = profile_list(&arena, &n);
	assert_int_equal(n, 1);
	assert_string_equal(names[0], "demo-书记14");
	profile_set_current_if_none(&arena, "demo-书记14");
	profile_set_current_if_none(&arena, "another");
	assert_string_equal(profile_choose(&arena, NULL), "demo-书记14");
	assert_string_equal(profile_choose(&arena, "x"), "x");
	assert_true(profile_remove(&profile));
	assert_false(profile_exists(&profile));
	unsetenv("ZHIBU_CONFIG_DIR");
}

static void test_profile_damaged(void **state)
{
	struct profile profile;
	const char *key;
	char der[FILES_PATH_MAX];

	(void)state;
	setenv("ZHIBU_CONFIG_DIR", dir, 1);
	assert_true(files_make_dir(in_dir("profiles/p")));
	assert_true(files_join(der, dir, "profiles/p"));
	assert_true(files_write(der, "authority.der", "no certificate", 14));
	assert_false(profile_load(&profile, &arena, "p", &key));
	assert_string_equal(key, "error.profile_unreadable");
	profile_unload(&profile);
	unsetenv("ZHIBU_CONFIG_DIR");
}

static void test_profile_names(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "-x", "a b", "a\nb",
					   "a\\b", "\xff", ".hidden" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++)
		assert_false(profile_name_ok(bad[i]));
	assert_true(profile_name_ok("demo-组织部"));
}

/* A file that could not be synced is not there: the old one stays, and a write is
 * not sent, since it could not be sent again (94). */
static void test_failed_sync_94(void **state)
{
	uint8_t key[OUTBOX_KEY] = { 9 };
	struct outbox_entry entry = { .written_at = 1, .request = "submit_application",
		.envelope = bytes, .envelope_len = sizeof(bytes) };
	size_t len;

	(void)state;
	assert_true(files_write(dir, "a", "old", 3));
	sync_errno = EIO;
	syncs_left = 0;
	assert_false(files_write(dir, "a", "new", 3));
	assert_int_equal(errno, EIO);
	sync_errno = 0;
	assert_string_equal(files_read(&arena, dir, "a", 100, &len), "old");
	for (int n = 0; n < 2; n++) {
		sync_errno = EIO;
		syncs_left = n;
		assert_false(outbox_put(dir, key, &entry));
		assert_int_equal(errno, EIO);
		sync_errno = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_outbox_keeps_bytes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_outbox_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outbox_damaged, set_up, tear_down),
		cmocka_unit_test(test_outbox_nowhere),
		cmocka_unit_test_setup_teardown(test_lock, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key_encrypted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key_same_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key_of_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key_of_other_kind, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_profile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_profile_damaged, set_up, tear_down),
		cmocka_unit_test(test_profile_names),
		cmocka_unit_test_setup_teardown(test_failed_sync_94, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
