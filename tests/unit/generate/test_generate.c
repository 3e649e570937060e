/* make:migration's and init's files: where they lie, what they hold, and that
 * nothing is overwritten. */
#include "generate/generate.h"

#include "config/config.h"
#include "migrate/migrate.h"

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

#include "../base/scratch.h"

static struct error error;

static const char *make(struct scratch *scratch, const char *words)
{
	const char *path = NULL;
	error_clear(&error);
	if (generate_migration(&scratch->arena, scratch_path(scratch, "m/x"), words, "sql", &path,
			       &error))
		fail_msg("%s", error.message);
	return path_name(path);
}

static const char *read_file(struct scratch *scratch, const char *path)
{
	TEXT_CLEANUP struct text text = {0};
	assert_int_equal(file_read(path, 1 << 20, &text, &error), STATUS_OK);
	return arena_text(&scratch->arena, text_string(&text));
}

static void touch(struct scratch *scratch, const char *name)
{
	assert_int_equal(folder_create(scratch_path(scratch, "m/x"), 0700, &error), STATUS_OK);
	assert_int_equal(file_create(scratch_path(scratch, name), 0600, "", 0, &error), STATUS_OK);
}

static void a_migration_is_named_by_time_and_words(void **state)
{
	struct scratch *scratch = *state;
	char before[CLOCK_TEXT];
	char after[CLOCK_TEXT];
	clock_format_compact(clock_wall_us(), before);
	const char *name = make(scratch, "create users-2");
	clock_format_compact(clock_wall_us(), after);
	assert_int_equal(strlen(name), 14 + strlen("_create_users-2.sql"));
	assert_string_equal(name + 14, "_create_users-2.sql");
	assert_true(strncmp(name, before, 14) >= 0 && strncmp(name, after, 14) <= 0);
}

static void a_new_file_parses_and_has_both_sections(void **state)
{
	struct scratch *scratch = *state;
	struct folder folder = {0};
	make(scratch, "a");
	if (folder_read(scratch_path(scratch, "m/x"), 1 << 20, "development", &folder, &error))
		fail_msg("%s", error.message);
	assert_int_equal(folder.wrong.status, STATUS_OK);
	assert_int_equal(folder.count, 1);
	assert_true(folder.items[0].up.present && folder.items[0].down.present);
	folder_free(&folder);
}

static void two_in_one_second_sort_in_the_order_they_were_made(void **state)
{
	struct scratch *scratch = *state;
	const char *first = make(scratch, "b");
	const char *second = make(scratch, "a");
	const char *third = make(scratch, "a");
	assert_true(strncmp(first, second, 14) < 0);
	assert_true(strncmp(second, third, 14) < 0);
}

static void a_file_of_the_future_is_followed_by_the_next_second(void **state)
{
	struct scratch *scratch = *state;
	touch(scratch, "m/x/29991231235959_x.sql");
	assert_string_equal(make(scratch, "a"), "30000101000000_a.sql");
}

static void versions_that_are_no_times_are_followed_by_the_next_number(void **state)
{
	struct scratch *scratch = *state;
	touch(scratch, "m/x/99999999999999_x.sql");
	assert_string_equal(make(scratch, "a"), "100000000000000_a.sql");
	touch(scratch, "m/x/0123456789012345678901234567_x.sql");
	assert_string_equal(make(scratch, "b"), "123456789012345678901234568_b.sql");
}

static void names_that_are_no_words_are_refused(void **state)
{
	struct scratch *scratch = *state;
	const char *const words[] = {"", "a/b", "../x", "a.b", "\xc3\xa9", "a\nb", "a;b"};
	const char *path = NULL;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		error_clear(&error);
		assert_int_equal(generate_migration(&scratch->arena, scratch_path(scratch, "m"),
						    words[i], "sql", &path, &error),
				 STATUS_USAGE);
		assert_non_null(error.hint);
	}
	assert_null(path);
	assert_false(file_exists(scratch_path(scratch, "m")));
}

static void a_name_that_is_too_long_is_refused(void **state)
{
	struct scratch *scratch = *state;
	char words[300];
	const char *path = NULL;
	memset(words, 'a', sizeof(words) - 1);
	words[sizeof(words) - 1] = 0;
	assert_int_equal(generate_migration(&scratch->arena, scratch_path(scratch, "m"), words, "sql",
					    &path, &error),
			 STATUS_USAGE);
}

static void document_drivers_get_json(void **state)
{
	struct scratch *scratch = *state;
	const char *path = NULL;
	assert_int_equal(generate_migration(&scratch->arena, scratch_path(scratch, "m"), "a", "json",
					    &path, &error),
			 STATUS_OK);
	assert_true(text_ends(path, "_a.json"));
	assert_string_equal(read_file(scratch, path), "{\n  \"up\": [],\n  \"down\": []\n}\n");
	assert_int_equal(generate_migration(&scratch->arena, scratch_path(scratch, "m"), "a", "lua",
					    &path, &error),
			 STATUS_UNSUPPORTED);
}

static void init_writes_a_project_that_loads(void **state)
{
	struct scratch *scratch = *state;
	struct project project = {0};
	struct observer *observer = observer_new();
	const char *report = NULL;
	static const char *const environ[] = {NULL};
	if (generate_project(&scratch->arena, scratch->folder, NULL, &report, &error))
		fail_msg("%s", error.message);
	struct config_input input = {
		.environ = environ, .cwd = scratch->folder, .installed_plugins = "/nowhere"};
	if (project_load(observer, &input, &project, &error))
		fail_msg("%s", error.message);
	assert_string_equal(project.default_connection, conventions[0].connection);
	assert_string_equal(project.plugin_dir, "/nowhere");
	const struct connection *connection = project_connection(&project, conventions[0].connection);
	assert_non_null(connection);
	assert_string_equal(connection->driver, conventions[0].driver);
	assert_string_equal(project.migrations, scratch_path(scratch, "database/migrations"));
	assert_true(file_exists(path_join(&scratch->arena, project.migrations, connection->name)));
	assert_non_null(strstr(report, "created eloquent.ini"));
	project_free(&project);
	observer_free(observer);
}

static void init_writes_the_plugin_folder_when_it_is_given(void **state)
{
	struct scratch *scratch = *state;
	const char *report = NULL;
	assert_int_equal(
		generate_project(&scratch->arena, scratch->folder, "/opt/plugins", &report, &error),
		STATUS_OK);
	const char *ini = read_file(scratch, scratch_path(scratch, "eloquent.ini"));
	assert_non_null(strstr(ini, "\n[plugins]\ndir = /opt/plugins\n"));
}

static void init_leaves_what_exists_alone(void **state)
{
	struct scratch *scratch = *state;
	const char *report = NULL;
	const char *ini = scratch_path(scratch, "eloquent.ini");
	const char *ignore = scratch_path(scratch, ".gitignore");
	assert_int_equal(file_create(ini, 0600, "mine\n", 5, &error), STATUS_OK);
	assert_int_equal(file_create(ignore, 0600, "*.o\n.env", 8, &error), STATUS_OK);
	assert_int_equal(generate_project(&scratch->arena, scratch->folder, NULL, &report, &error),
			 STATUS_OK);
	assert_string_equal(read_file(scratch, ini), "mine\n");
	const char *lines = read_file(scratch, ignore);
	assert_true(text_starts(lines, "*.o\n.env\n.eloquent/\n"));
	assert_null(strstr(lines + 5, "\n.env\n.env"));
	assert_non_null(strstr(report, "kept eloquent.ini"));
	assert_int_equal(generate_project(&scratch->arena, scratch->folder, NULL, &report, &error),
			 STATUS_OK);
	assert_string_equal(read_file(scratch, ignore), lines);
}

static void what_may_not_be_written_is_named(void **state)
{
	struct scratch *scratch = *state;
	const char *report = NULL;
	assert_int_equal(file_create(scratch_path(scratch, "database"), 0600, "", 0, &error),
			 STATUS_OK);
	assert_int_equal(generate_project(&scratch->arena, scratch->folder, NULL, &report, &error),
			 STATUS_IO);
	assert_non_null(strstr(error.message, "database"));
	assert_null(report);
}

static int teardown(void **state)
{
	error_clear(&error);
	return scratch_teardown(state);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, scratch_setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_migration_is_named_by_time_and_words),
		CASE(a_new_file_parses_and_has_both_sections),
		CASE(two_in_one_second_sort_in_the_order_they_were_made),
		CASE(a_file_of_the_future_is_followed_by_the_next_second),
		CASE(versions_that_are_no_times_are_followed_by_the_next_number),
		CASE(names_that_are_no_words_are_refused),
		CASE(a_name_that_is_too_long_is_refused),
		CASE(document_drivers_get_json),
		CASE(init_writes_a_project_that_loads),
		CASE(init_writes_the_plugin_folder_when_it_is_given),
		CASE(init_leaves_what_exists_alone),
		CASE(what_may_not_be_written_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
