/* Rules of base/file.h: paths, whole files, created files. */
#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static void joined_paths_have_one_slash_and_absolute_ones_stand_alone(void **state)
{
	struct scratch *scratch = *state;
	struct arena *arena = &scratch->arena;

	assert_string_equal(path_join(arena, "a", "b"), "a/b");
	assert_string_equal(path_join(arena, "a/", "b"), "a/b");
	assert_string_equal(path_join(arena, "/", "b"), "/b");
	assert_string_equal(path_join(arena, "a", "/b"), "/b");
	assert_string_equal(path_join(arena, "", "b"), "b");
	assert_string_equal(path_join(arena, "a", ""), "a");
}

static void a_path_has_a_folder_and_a_name(void **state)
{
	static const char *const cases[][3] = {
		{"a/b", "a", "b"},  {"a", ".", "a"},   {"/a", "/", "a"},    {"/a/b", "/a", "b"},
		{"a//b", "a", "b"}, {"//a", "/", "a"}, {"a/b/", "a/b", ""}, {"/", "/", ""},
	};
	struct scratch *scratch = *state;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_string_equal(path_folder(&scratch->arena, cases[i][0]), cases[i][1]);
		assert_string_equal(path_name(cases[i][0]), cases[i][2]);
	}
}

static int stand_in_a_deleted_folder(void *context)
{
	struct arena arena = {0};
	const char *folder = scratch_path(context, "gone");

	if (mkdir(folder, 0700) != 0 || chdir(folder) != 0 || rmdir(folder) != 0)
		return 2;
	return strcmp(path_working_directory(&arena), ".") == 0 ? 0 : 1;
}

static void the_working_directory_is_absolute_unless_it_was_deleted(void **state)
{
	struct scratch *scratch = *state;
	char here[4096];

	assert_non_null(getcwd(here, sizeof(here)));
	assert_string_equal(path_working_directory(&scratch->arena), here);
	assert_int_equal(WEXITSTATUS(in_child(stand_in_a_deleted_folder, scratch)), 0);
}

static void a_file_is_read_whole_and_appended(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	TEXT_CLEANUP struct text big = {0};
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};

	for (int i = 0; i < 200000; i++)
		text_add_char(&big, (char)i);
	scratch_write(path, big.data, big.size);
	text_add(&text, "before");
	assert_int_equal(file_read(path, big.size, &text, &error), STATUS_OK);
	assert_int_equal(text.size, 6 + big.size);
	assert_memory_equal(text.data + 6, big.data, big.size);
}

static void a_file_above_the_cap_is_refused_and_the_text_untouched(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};

	scratch_write(path, "0123456789", 10);
	text_add(&text, "before");
	assert_int_equal(file_read(path, 9, &text, &error), STATUS_IO);
	assert_string_equal(text.data, "before");
	assert_non_null(strstr(error.message, path));
	assert_non_null(strstr(error.message, "9 bytes"));
	assert_int_equal(file_read(path, 10, &text, &error), STATUS_OK);
	scratch_write(path, "", 0);
	assert_int_equal(file_read(path, 0, &text, &error), STATUS_OK);
}

static void what_is_no_regular_file_is_not_read(void **state)
{
	struct scratch *scratch = *state;
	const char *pipe_path = scratch_path(scratch, "pipe");
	const char *paths[] = {scratch->folder, pipe_path, "/dev/zero", scratch_path(scratch, "none")};

	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		TEXT_CLEANUP struct text text = {0};
		ERROR_CLEANUP struct error error = {0};

		alarm(10);
		assert_int_equal(file_read(paths[i], 100, &text, &error), STATUS_IO);
		alarm(0);
		assert_non_null(strstr(error.message, paths[i]));
		assert_int_equal(text.size, 0);
	}
}

static void a_file_is_read_below_an_open_folder(void **state)
{
	struct scratch *scratch = *state;
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};
	CLEANUP(fd_close) int folder = open(scratch->folder, O_RDONLY | O_DIRECTORY);

	scratch_write(scratch_path(scratch, "a"), "abc", 3);
	assert_int_equal(file_read_at(folder, "a", "shown/a", 100, &text, &error), STATUS_OK);
	assert_string_equal(text.data, "abc");
	assert_int_equal(file_read_at(folder, "b", "shown/b", 100, &text, &error), STATUS_IO);
	assert_non_null(strstr(error.message, "shown/b"));
}

static void a_created_file_has_its_bytes_and_mode(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	ERROR_CLEANUP struct error error = {0};
	struct stat found;
	size_t size;

	assert_int_equal(file_create(path, 0600, "a\0b", 3, &error), STATUS_OK);
	assert_memory_equal(scratch_read(scratch, path, &size), "a\0b", 3);
	assert_int_equal(size, 3);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
}

static void an_existing_file_or_link_is_never_written(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	const char *link = scratch_path(scratch, "link");
	const char *target = scratch_path(scratch, "target");
	ERROR_CLEANUP struct error error = {0};

	scratch_write(path, "old", 3);
	assert_int_equal(file_create(path, 0600, "new", 3, &error), STATUS_FAILED);
	assert_non_null(strstr(error.message, path));
	assert_string_equal(scratch_read(scratch, path, NULL), "old");
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(file_create(link, 0600, "new", 3, &error), STATUS_FAILED);
	assert_false(file_exists(target));
}

static int create_on_a_full_disk(void *context)
{
	struct rlimit limit = {.rlim_cur = 10, .rlim_max = 10};
	struct error error = {0};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 2;
	return file_create(context, 0600, "0123456789x", 11, &error) == STATUS_IO ? 0 : 1;
}

static void a_failed_creation_leaves_nothing(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");

	assert_int_equal(WEXITSTATUS(in_child(create_on_a_full_disk, (void *)path)), 0);
	assert_int_equal(scratch_count(scratch->folder), 0);
}

static void missing_folders_are_made_and_present_ones_are_fine(void **state)
{
	struct scratch *scratch = *state;
	ERROR_CLEANUP struct error error = {0};
	struct stat found;

	assert_int_equal(folder_create(scratch_path(scratch, "a/b//c/"), 0700, &error), STATUS_OK);
	assert_int_equal(stat(scratch_path(scratch, "a/b/c"), &found), 0);
	assert_true(S_ISDIR(found.st_mode));
	assert_int_equal(found.st_mode & 0777, 0700);
	assert_int_equal(folder_create(scratch_path(scratch, "a/b/c"), 0700, &error), STATUS_OK);
	assert_int_equal(folder_create("/", 0700, &error), STATUS_OK);
}

static void a_folder_is_not_made_over_or_below_a_file(void **state)
{
	struct scratch *scratch = *state;
	ERROR_CLEANUP struct error error = {0};

	scratch_write(scratch_path(scratch, "a"), "", 0);
	assert_int_equal(folder_create(scratch_path(scratch, "a"), 0700, &error), STATUS_IO);
	assert_non_null(strstr(error.message, "a file has this name"));
	assert_int_equal(folder_create(scratch_path(scratch, "a/b"), 0700, &error), STATUS_IO);
	assert_non_null(strstr(error.message, scratch->folder));
}

static void whatever_has_the_name_exists(void **state)
{
	struct scratch *scratch = *state;

	assert_true(file_exists(scratch->folder));
	assert_false(file_exists(scratch_path(scratch, "a")));
	assert_int_equal(symlink("nowhere", scratch_path(scratch, "a")), 0);
	assert_false(file_exists(scratch_path(scratch, "a")));
}

static void a_full_pipe_that_does_not_block_is_waited_for(void **state)
{
	static char data[200000];
	int ends[2];
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(fd_write_all(ends[1], data, sizeof(data)) == STATUS_OK ? 0 : 1);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, 0);
	clock_sleep_ms(50);
	for (size_t got = 0; got < sizeof(data);) {
		ssize_t size = read(ends[0], data, sizeof(data));

		assert_true(size > 0);
		got += (size_t)size;
	}
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_gone_reader_is_an_error(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(fd_write_all(ends[1], "a", 1), STATUS_IO);
	assert_int_equal(fd_write_all(ends[1], "", 0), STATUS_OK);
	close(ends[1]);
}

static void closing_forgets_the_descriptor_and_keeps_errno(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	int nothing = -1;

	(void)state;
	errno = 4711;
	fd_close(&fd);
	fd_close(&nothing);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, 4711);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(joined_paths_have_one_slash_and_absolute_ones_stand_alone),
		IN_SCRATCH(a_path_has_a_folder_and_a_name),
		IN_SCRATCH(the_working_directory_is_absolute_unless_it_was_deleted),
		IN_SCRATCH(a_file_is_read_whole_and_appended),
		IN_SCRATCH(a_file_above_the_cap_is_refused_and_the_text_untouched),
		IN_SCRATCH(what_is_no_regular_file_is_not_read),
		IN_SCRATCH(a_file_is_read_below_an_open_folder),
		IN_SCRATCH(a_created_file_has_its_bytes_and_mode),
		IN_SCRATCH(an_existing_file_or_link_is_never_written),
		IN_SCRATCH(a_failed_creation_leaves_nothing),
		IN_SCRATCH(missing_folders_are_made_and_present_ones_are_fine),
		IN_SCRATCH(a_folder_is_not_made_over_or_below_a_file),
		IN_SCRATCH(whatever_has_the_name_exists),
		cmocka_unit_test(a_full_pipe_that_does_not_block_is_waited_for),
		cmocka_unit_test(a_gone_reader_is_an_error),
		cmocka_unit_test(closing_forgets_the_descriptor_and_keeps_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
