/* Reading a folder: order, duplicates, and what is refused rather than passed over. */
#include "migrate/private.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];
static struct folder folder;
static struct error error;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info, (void)type, (void)walk;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	memcpy(root, "/tmp/elq-folder-XXXXXX", 23);
	return mkdtemp(root) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	folder_free(&folder);
	error_clear(&error);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *name, const char *text)
{
	struct arena arena = {0};
	struct error failed = {0};
	assert_int_equal(file_create(path_join(&arena, root, name), 0600, text, strlen(text), &failed),
			 STATUS_OK);
	arena_free(&arena);
}

static enum status read_folder(void)
{
	error_clear(&error);
	folder_free(&folder);
	assert_int_equal(folder_read(root, 1 << 20, "development", &folder, &error), STATUS_OK);
	error_move(&error, &folder.wrong);
	return error.status;
}

static void a_folder_that_is_not_there_is_empty(void **state)
{
	(void)state;
	assert_int_equal(folder_read("/tmp/elq-not-there", 100, "x", &folder, &error), STATUS_OK);
	assert_false(folder.exists);
	assert_int_equal(folder.count, 0);
}

static void files_are_sorted_by_number_and_repeatables_by_name_behind_them(void **state)
{
	(void)state;
	put("R_b.sql", "-- migrate:up\n");
	put("R_a.sql", "-- migrate:up\n");
	put("10_ten.sql", "-- migrate:up\n");
	put("9_nine.sql", "-- migrate:up\n");
	assert_int_equal(read_folder(), STATUS_OK);
	assert_true(folder.exists);
	assert_int_equal(folder.count, 4);
	assert_string_equal(folder.items[0].name, "9_nine");
	assert_string_equal(folder.items[1].name, "10_ten");
	assert_string_equal(folder.items[2].name, "R_a");
	assert_string_equal(folder.items[3].name, "R_b");
}

static void other_files_and_folders_are_left_alone(void **state)
{
	(void)state;
	struct arena arena = {0};
	put("README.md", "not a migration");
	put("1_x.sql~", "an editor's");
	put(".1_x.sql", "hidden");
	put("package.json", "{}");
	put("2025.json", "{}");
	assert_int_equal(mkdir(path_join(&arena, root, "old"), 0700), 0);
	assert_int_equal(read_folder(), STATUS_OK);
	assert_int_equal(folder.count, 0);
	arena_free(&arena);
}

static void two_files_of_one_version_are_refused_naming_both(void **state)
{
	(void)state;
	put("7_a.sql", "-- migrate:up\n");
	put("007_b.sql", "-- migrate:up\n-- eloquent:only env=staging\n");
	assert_int_equal(read_folder(), STATUS_DUPLICATE_VERSION);
	assert_non_null(strstr(error.message, "7_a.sql"));
	assert_non_null(strstr(error.message, "007_b.sql"));
	assert_non_null(error.hint);
}

static void an_sql_file_without_a_version_is_refused(void **state)
{
	(void)state;
	put("create_users.sql", "-- migrate:up\n");
	assert_int_equal(read_folder(), STATUS_MALFORMED);
	assert_non_null(strstr(error.message, "create_users.sql"));
	assert_non_null(error.hint);
}

static void a_migration_of_another_language_is_refused_because_it_would_never_run(void **state)
{
	(void)state;
	static const char *const names[] = {"20250101000000_x.json", "1_x.js", "1_x.ts", "1_x.SQL",
					    "R_x.json"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct arena arena = {0};
		put(names[i], "{\"up\": []}");
		assert_int_equal(read_folder(), STATUS_MALFORMED);
		assert_non_null(strstr(error.message, names[i]));
		assert_non_null(strstr(error.hint, ".sql"));
		assert_int_equal(unlink(path_join(&arena, root, names[i])), 0);
		arena_free(&arena);
	}
}

static void a_name_with_control_characters_is_refused(void **state)
{
	(void)state;
	put("1_a\033[2J.sql", "-- migrate:up\n");
	assert_int_equal(read_folder(), STATUS_MALFORMED);
	assert_null(strchr(error.message, '\033'));
}

static void every_bad_file_is_named_in_the_order_of_the_names(void **state)
{
	(void)state;
	put("2_b.sql", "");
	put("1_a.sql", "");
	put("3_c.sql", "-- migrate:up\n");
	put("words.sql", "-- migrate:up\n");
	put("03_d.sql", "-- migrate:up\n");
	assert_int_equal(read_folder(), STATUS_MALFORMED);
	assert_non_null(strstr(error.message, "1_a.sql"));
	assert_int_equal(error.more_count, 3);
	assert_non_null(strstr(error.more[0].message, "2_b.sql"));
	assert_non_null(strstr(error.more[1].message, "words.sql"));
	assert_int_equal(error.more[2].status, STATUS_DUPLICATE_VERSION);
}

static void a_file_above_the_cap_is_malformed(void **state)
{
	(void)state;
	put("1_a.sql", "-- migrate:up\n");
	assert_int_equal(folder_read(root, 13, "x", &folder, &error), STATUS_OK);
	assert_int_equal(folder.wrong.status, STATUS_MALFORMED);
	assert_non_null(strstr(folder.wrong.message, "13"));
	folder_free(&folder);
	assert_int_equal(folder_read(root, 14, "x", &folder, &error), STATUS_OK);
	assert_int_equal(folder.wrong.status, STATUS_OK);
}

static void a_pipe_is_refused_without_waiting_for_it(void **state)
{
	(void)state;
	struct arena arena = {0};
	assert_int_equal(mkfifo(path_join(&arena, root, "1_pipe.sql"), 0600), 0);
	assert_int_equal(read_folder(), STATUS_MALFORMED);
	assert_non_null(strstr(error.message, "1_pipe.sql"));
	assert_non_null(error.hint);
	arena_free(&arena);
}

static void a_folder_with_a_migrations_name_is_refused_with_a_remedy(void **state)
{
	(void)state;
	struct arena arena = {0};
	assert_int_equal(mkdir(path_join(&arena, root, "1_old.sql"), 0700), 0);
	assert_int_equal(read_folder(), STATUS_MALFORMED);
	assert_non_null(strstr(error.message, "1_old.sql"));
	assert_non_null(error.hint);
	arena_free(&arena);
}

static void a_link_that_leads_nowhere_is_refused_with_a_remedy(void **state)
{
	(void)state;
	struct arena arena = {0};
	assert_int_equal(symlink("gone.sql", path_join(&arena, root, "1_link.sql")), 0);
	assert_int_equal(read_folder(), STATUS_MALFORMED);
	assert_non_null(strstr(error.message, "1_link.sql"));
	assert_non_null(strstr(error.hint, "link"));
	arena_free(&arena);
}

static void a_file_in_the_folders_place_is_an_error(void **state)
{
	(void)state;
	struct arena arena = {0};
	put("file", "");
	assert_int_equal(folder_read(path_join(&arena, root, "file"), 10, "x", &folder, &error),
			 STATUS_IO);
	arena_free(&arena);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_folder_that_is_not_there_is_empty),
		CASE(files_are_sorted_by_number_and_repeatables_by_name_behind_them),
		CASE(other_files_and_folders_are_left_alone),
		CASE(two_files_of_one_version_are_refused_naming_both),
		CASE(an_sql_file_without_a_version_is_refused),
		CASE(a_migration_of_another_language_is_refused_because_it_would_never_run),
		CASE(a_name_with_control_characters_is_refused),
		CASE(every_bad_file_is_named_in_the_order_of_the_names),
		CASE(a_file_above_the_cap_is_malformed),
		CASE(a_pipe_is_refused_without_waiting_for_it),
		CASE(a_folder_with_a_migrations_name_is_refused_with_a_remedy),
		CASE(a_link_that_leads_nowhere_is_refused_with_a_remedy),
		CASE(a_file_in_the_folders_place_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
