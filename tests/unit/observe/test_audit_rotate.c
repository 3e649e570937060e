/* Rules of docs/audit-format.md for rotated files and for the key: one chain
 * over all files, whoever is killed when, and one key over the chain. */
#include "trail.h"

#define KEY "0123456789abcdef"

static void must_append_as(const struct audit *audit, const struct audit_record *record)
{
	ERROR_CLEANUP struct error error = {0};

	if (append_as(audit, record, &error) != STATUS_OK)
		fail_msg("%s", error.message);
}

static void must_refuse(const struct audit *audit, const char *word)
{
	ERROR_CLEANUP struct error error = {0};

	assert_int_equal(append_as(audit, &intent, &error), STATUS_AUDIT_UNWRITABLE);
	if (!strstr(error.message, word) || !strstr(error.message, audit->path) || !error.hint)
		fail_msg("\"%s\" does not name \"%s\"", error.message, word);
}

static struct audit small_trail(struct scratch *scratch)
{
	return (struct audit){.path = scratch_path(scratch, "a"), .enabled = true, .max_size = 2000};
}

/* ---- rotation -------------------------------------------------------------------- */

static void a_full_file_gets_the_number_of_its_last_record(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	struct audit_files list;
	struct error error = {0};
	size_t files;

	for (int i = 1; i <= 40; i++) {
		must_append_as(&audit, &intent);
		assert_int_equal(read_all_files(scratch, audit.path, &files).sequence, i);
	}
	assert_true(files > 5);
	assert_int_equal(audit_files_list(audit.path, &list, &error), STATUS_OK);
	for (size_t i = 0; i < list.count; i++) {
		struct stat found;

		assert_int_equal(stat(list.items[i].path, &found), 0);
		assert_in_range(found.st_size, 1000, 2000);
		assert_int_equal(found.st_mode & 07777, 0600);
	}
	audit_files_free(&list);
}

static void a_record_that_is_larger_than_a_file_stands_alone(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	size_t files;

	audit.max_size = 1;
	for (int i = 0; i < 5; i++)
		must_append_as(&audit, &intent);
	assert_int_equal(read_all_files(scratch, audit.path, &files).sequence, 5);
	assert_int_equal(files, 5);
}

static void a_trail_without_a_cap_is_not_rotated(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	size_t files;

	audit.max_size = 0;
	for (int i = 0; i < 20; i++)
		must_append_as(&audit, &intent);
	read_all_files(scratch, audit.path, &files);
	assert_int_equal(files, 1);
}

static void a_rotation_that_was_killed_behind_its_rename_goes_on(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	size_t files;

	must_append_as(&audit, &intent);
	must_append_as(&audit, &intent);
	assert_int_equal(rename(audit.path, scratch_path(scratch, "a.2")), 0);
	must_append_as(&audit, &intent);
	assert_int_equal(read_all_files(scratch, audit.path, &files).sequence, 3);
	/* ... and behind making the new file. */
	must_append_as(&audit, &intent);
	assert_int_equal(rename(audit.path, scratch_path(scratch, "a.4")), 0);
	scratch_write(audit.path, "", 0);
	must_append_as(&audit, &intent);
	assert_int_equal(read_all_files(scratch, audit.path, &files).sequence, 5);
	assert_int_equal(files, 3);
}

static void a_torn_first_record_behind_a_rotation_is_closed(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	size_t files;

	must_append_as(&audit, &intent);
	assert_int_equal(rename(audit.path, scratch_path(scratch, "a.1")), 0);
	scratch_write(audit.path, "{\"seq\":2,\"time", 14);
	must_append_as(&audit, &intent);
	assert_int_equal(read_all_files(scratch, audit.path, &files).sequence, 3);
	assert_int_equal(rename(audit.path, scratch_path(scratch, "a.3")), 0);
	scratch_write(audit.path, "{\"seq\":2,\"time", 14);
	must_refuse(&audit, "does not end in audit records");
}

static void a_torn_tail_is_closed_in_its_own_file(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	const char *data;
	size_t files;
	size_t size;

	audit.max_size = 1;
	must_append_as(&audit, &intent);
	data = scratch_read(scratch, audit.path, &size);
	scratch_write(audit.path, arena_printf(&scratch->arena, "%s{\"se", data), size + 4);
	must_append_as(&audit, &intent);
	assert_int_equal(read_all_files(scratch, audit.path, &files).sequence, 3);
	assert_int_equal(files, 1);
	must_append_as(&audit, &intent);
	read_all_files(scratch, audit.path, &files);
	assert_int_equal(files, 2);
}

static void a_number_that_is_taken_is_not_overwritten(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	const char *taken = scratch_path(scratch, "a.1");
	const char *before;

	audit.max_size = 1;
	must_append_as(&audit, &intent);
	before = scratch_read(scratch, audit.path, NULL);
	assert_int_equal(symlink("nowhere", taken), 0);
	must_refuse(&audit, "a.1: File exists");
	assert_string_equal(scratch_read(scratch, audit.path, NULL), before);
}

static void a_rotated_file_that_ends_elsewhere_is_not_continued(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);

	must_append_as(&audit, &intent);
	assert_int_equal(rename(audit.path, scratch_path(scratch, "a.2")), 0);
	must_refuse(&audit, "a.2 does not end in record 2");
	scratch_write(scratch_path(scratch, "a.7"), "", 0);
	must_refuse(&audit, "a.7 holds no record");
}

static void other_names_are_no_rotated_files(void **state)
{
	static const char *const names[] = {"a.01", "a.1.gz", "a.x",  "a.",
					    "a1",   "b.1",    "a.-1", "a.99999999999999999999"};
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	struct audit_files list;
	struct error error = {0};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		scratch_write(scratch_path(scratch, names[i]), "x", 1);
	assert_int_equal(audit_files_list(audit.path, &list, &error), STATUS_OK);
	assert_int_equal(list.count, 0);
	audit_files_free(&list);
	must_append_as(&audit, &intent);
	assert_int_equal(read_trail(scratch, audit.path).sequence, 1);
}

static int append_25_small(void *context)
{
	struct error error = {0};

	for (int i = 0; i < 25; i++) {
		if (append_as(context, &intent, &error) != STATUS_OK)
			return 1;
	}
	return 0;
}

static void twenty_processes_rotate_one_chain(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	pid_t pids[20];
	size_t files;

	for (int i = 0; i < 20; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(append_25_small(&audit));
	}
	for (int i = 0; i < 20; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(read_all_files(scratch, audit.path, &files).sequence, 500);
	assert_true(files > 50);
}

/* ---- the key ------------------------------------------------------------------------ */

static void with_a_key_each_record_carries_an_hmac(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);
	const char *line;
	const char *end;
	char hmac[HASH_TEXT];

	audit.key = KEY;
	must_append_as(&audit, &intent);
	line = scratch_read(scratch, audit.path, NULL);
	end = strstr(line, ",\"hmac\":\"");
	assert_non_null(end);
	hash_hmac(KEY, strlen(KEY), line, (size_t)(end - line), hmac);
	assert_memory_equal(end + strlen(",\"hmac\":\""), hmac, 64);
	assert_string_equal(end + strlen(",\"hmac\":\"") + 64, "\"}\n");
}

static void a_key_may_come_later_and_must_stay(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = small_trail(scratch);

	audit.max_size = 0;
	must_append_as(&audit, &intent);
	audit.key = KEY;
	must_append_as(&audit, &intent);
	must_append_as(&audit, &intent);
	audit.key = NULL;
	must_refuse(&audit, "no [audit] key_file is configured");
	audit.key = "another key of 16 bytes";
	must_refuse(&audit, "not written with the key");
	audit.key = KEY;
	assert_int_equal(rename(audit.path, scratch_path(scratch, "a.3")), 0);
	must_append_as(&audit, &intent);
	audit.key = NULL;
	assert_int_equal(unlink(audit.path), 0);
	must_refuse(&audit, "no [audit] key_file is configured");
	assert_int_equal(read_trail(scratch, scratch_path(scratch, "a.3")).sequence, 3);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_full_file_gets_the_number_of_its_last_record),
		IN_SCRATCH(a_record_that_is_larger_than_a_file_stands_alone),
		IN_SCRATCH(a_trail_without_a_cap_is_not_rotated),
		IN_SCRATCH(a_rotation_that_was_killed_behind_its_rename_goes_on),
		IN_SCRATCH(a_torn_first_record_behind_a_rotation_is_closed),
		IN_SCRATCH(a_torn_tail_is_closed_in_its_own_file),
		IN_SCRATCH(a_number_that_is_taken_is_not_overwritten),
		IN_SCRATCH(a_rotated_file_that_ends_elsewhere_is_not_continued),
		IN_SCRATCH(other_names_are_no_rotated_files),
		IN_SCRATCH(twenty_processes_rotate_one_chain),
		IN_SCRATCH(with_a_key_each_record_carries_an_hmac),
		IN_SCRATCH(a_key_may_come_later_and_must_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
