/* plugin:new's projects: what stands in them, and that a failure leaves nothing. */
#include "generate/generate.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../base/scratch.h"

static struct error error;

static enum status make(struct scratch *scratch, const char *kind, const char *name, const char *folder)
{
	struct generated made;
	error_clear(&error);
	return generate_plugin(&scratch->arena, kind, name, scratch_path(scratch, folder), &made,
			       &error);
}

/* The names in a folder but for "." and "..". */
static size_t count_entries(const char *path)
{
	size_t count = 0;
	DIR *folder = opendir(path);
	assert_non_null(folder);
	for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

static void the_name_stands_where_the_template_has_its_place(void **state)
{
	struct scratch *scratch = *state;
	TEXT_CLEANUP struct text source = {0};
	assert_int_equal(make(scratch, "seeder", "acme_2", "p"), STATUS_OK);
	assert_int_equal(file_read(scratch_path(scratch, "p/seeder.c"), 1 << 20, &source, &error),
			 STATUS_OK);
	assert_non_null(strstr(text_string(&source), "ELQ_PLUGIN_ENTRY(seeder, acme_2, &manifest)"));
	assert_null(strchr(text_string(&source), '@'));
}

static void each_kind_has_its_own_source_and_the_common_files(void **state)
{
	struct scratch *scratch = *state;
	const char *const kinds[] = {"driver", "seeder", "cache"};
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const char *folder = arena_printf(&scratch->arena, "x/%s", kinds[i]);
		assert_int_equal(make(scratch, kinds[i], "acme", folder), STATUS_OK);
		assert_true(file_exists(scratch_path(
			scratch, arena_printf(&scratch->arena, "%s/%s.c", folder, kinds[i]))));
		assert_true(file_exists(scratch_path(
			scratch, arena_printf(&scratch->arena, "%s/tests/host.h", folder))));
		assert_int_equal(count_entries(scratch_path(scratch, folder)), 4);
	}
}

static void a_folder_with_anything_in_it_is_left_alone(void **state)
{
	struct scratch *scratch = *state;
	assert_int_equal(folder_create(scratch_path(scratch, "y/p"), 0700, &error), STATUS_OK);
	assert_int_equal(file_create(scratch_path(scratch, "y/p/x"), 0600, "", 0, &error), STATUS_OK);
	assert_int_equal(make(scratch, "cache", "acme", "y/p"), STATUS_USAGE);
	assert_non_null(error.hint);
	assert_int_equal(count_entries(scratch_path(scratch, "y/p")), 1);
	assert_int_equal(count_entries(scratch_path(scratch, "y")), 1);
}

/* The disk is full after 2000 bytes of a file. */
static void a_failure_in_the_middle_leaves_nothing(void **state)
{
	struct scratch *scratch = *state;
	struct rlimit before;
	assert_int_equal(folder_create(scratch_path(scratch, "z"), 0700, &error), STATUS_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	const struct rlimit small = {2000, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	enum status status = make(scratch, "driver", "acme", "z/p");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(status, STATUS_IO);
	assert_int_equal(count_entries(scratch_path(scratch, "z")), 0);
}

static void words_that_name_no_plugin_are_refused(void **state)
{
	struct scratch *scratch = *state;
	const char *const words[][2] = {{"motor", "acme"}, {"Driver", "acme"}, {"driver", "a-b"},
					{"driver", "9a"},  {"", "acme"},       {"driver", ""}};
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		assert_int_equal(make(scratch, words[i][0], words[i][1], "w/p"), STATUS_USAGE);
		assert_non_null(error.hint);
	}
	assert_false(file_exists(scratch_path(scratch, "w")));
}

static int teardown(void **state)
{
	error_clear(&error);
	return scratch_teardown(state);
}

int main(void)
{
#define RULE(name) cmocka_unit_test_setup_teardown(name, scratch_setup, teardown)
	const struct CMUnitTest rules[] = {
		RULE(the_name_stands_where_the_template_has_its_place),
		RULE(each_kind_has_its_own_source_and_the_common_files),
		RULE(a_folder_with_anything_in_it_is_left_alone),
		RULE(a_failure_in_the_middle_leaves_nothing),
		RULE(words_that_name_no_plugin_are_refused),
	};
	return cmocka_run_group_tests(rules, NULL, NULL);
}
