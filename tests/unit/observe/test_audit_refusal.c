/* When the trail cannot be written, nothing half written stays, the error says
 * where and what to do, and the next append goes on. */
#include "../base/scratch.h"

#include "observe/audit_private.h"
#include "observe/observe.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct audit_record record = {
	.run = "0f4c1d2e9a8b7c6d5e4f3a2b1c0d9e8f",
	.actor = "ada",
	.command = "migrate:fresh",
	.class_name = "destructive",
	.verdict = "allowed",
	.phase = "intent",
	.duration_us = -1,
	.exit_code = -1,
};

static enum status append_to(const char *path, bool sync, char *head, struct error *error)
{
	struct observer *observer = observer_new();
	struct audit audit = {.path = path, .enabled = true};
	enum status status = audit_append(observer, &audit, &record, sync, head, error);

	observer_free(observer);
	return status;
}

/* 0 when the append is refused as it has to be, and `word` says why. */
static int refusal_is_complete(const char *path, const char *word)
{
	struct error error = {0};
	char head[HASH_TEXT] = "untouched";
	int wrong = 0;

	if (append_to(path, true, head, &error) != STATUS_AUDIT_UNWRITABLE)
		return 1;
	if (status_exit(error.status) != 3 || strcmp(head, "untouched") != 0)
		wrong = 2;
	if (!strstr(error.message, path) || !strstr(error.message, word) || !error.hint ||
	    !strstr(error.hint, "ELOQUENT_AUDIT_PATH")) {
		fprintf(stderr, "%s (%s)\n", error.message, error.hint);
		wrong = 3;
	}
	error_clear(&error);
	return wrong;
}

static void assert_refused(const char *path, const char *word)
{
	assert_int_equal(refusal_is_complete(path, word), 0);
}

static void a_symbolic_link_is_refused(void **state)
{
	struct scratch *scratch = *state;
	const char *link = scratch_path(scratch, "link");
	const char *target = scratch_path(scratch, "target");

	assert_int_equal(symlink(target, link), 0);
	assert_refused(link, "symbolic link");
	assert_false(file_exists(target));
	scratch_write(target, "", 0);
	assert_refused(link, "symbolic link");
	assert_string_equal(scratch_read(scratch, target, NULL), "");
}

static void what_is_no_regular_file_is_refused(void **state)
{
	struct scratch *scratch = *state;
	const char *pipe_path = scratch_path(scratch, "pipe");

	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	alarm(10);
	assert_refused(pipe_path, "not a regular file");
	assert_refused("/dev/full", "not a regular file");
	assert_refused(scratch->folder, "directory");
	alarm(0);
}

static void a_foreign_file_is_refused_and_unchanged(void **state)
{
	static const char *const contents[] = {
		"[project]\nname = blog\n",
		"\n",
		"{\"seq\":2,\"time\":\"",
		"{}\n",
		"{\"level\":\"info\"}\n{\"level\":\"info\"}\n",
		"SQLite format 3",
	};
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");

	for (size_t i = 0; i < COUNT_OF(contents); i++) {
		scratch_write(path, contents[i], strlen(contents[i]));
		assert_refused(path, "does not end in audit records");
		assert_string_equal(scratch_read(scratch, path, NULL), contents[i]);
	}
}

static int as_nobody(void *context)
{
	const char *const *arguments = context;

	if (become_nobody() != 0)
		return 9;
	return refusal_is_complete(arguments[0], arguments[1]);
}

static void a_read_only_file_is_refused(void **state)
{
	struct scratch *scratch = *state;
	const char *arguments[] = {scratch_path(scratch, "a"), "Permission denied"};

	scratch_write(arguments[0], "", 0);
	assert_int_equal(chmod(arguments[0], 0444), 0);
	assert_int_equal(in_child(as_nobody, arguments), 0);
	assert_string_equal(scratch_read(scratch, arguments[0], NULL), "");
}

static void a_folder_that_may_not_be_written_is_refused(void **state)
{
	struct scratch *scratch = *state;
	const char *arguments[] = {scratch_path(scratch, "closed/a"), "Permission denied"};
	const char *deeper[] = {scratch_path(scratch, "closed/x/a"), "cannot create the folder"};

	assert_int_equal(mkdir(scratch_path(scratch, "closed"), 0555), 0);
	assert_int_equal(in_child(as_nobody, arguments), 0);
	assert_int_equal(in_child(as_nobody, deeper), 0);
}

static void a_path_below_a_file_is_refused(void **state)
{
	struct scratch *scratch = *state;

	scratch_write(scratch_path(scratch, "file"), "", 0);
	assert_refused(scratch_path(scratch, "file/a"), "Not a directory");
}

struct full {
	const char *path;
	size_t room; /* bytes of a file on this "device" */
	const char *word;
};

static int append_where_it_is_full(void *context)
{
	struct full *full = context;
	struct rlimit limit = {.rlim_cur = full->room, .rlim_max = full->room};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 9;
	return refusal_is_complete(full->path, full->word);
}

static void a_full_device_leaves_the_trail_as_it_was(void **state)
{
	struct scratch *scratch = *state;
	ERROR_CLEANUP struct error error = {0};
	struct full full = {.path = scratch_path(scratch, "a")};
	const char *before;
	size_t size;

	assert_int_equal(append_to(full.path, true, NULL, &error), STATUS_OK);
	before = scratch_read(scratch, full.path, &size);
	for (full.room = size; full.room < size + 300; full.room += 50) {
		size_t now;

		full.word = full.room == size ? "File too large" : "found room";
		assert_int_equal(in_child(append_where_it_is_full, &full), 0);
		assert_string_equal(scratch_read(scratch, full.path, &now), before);
		assert_int_equal(now, size);
	}
	assert_int_equal(append_to(full.path, true, NULL, &error), STATUS_OK);
	assert_non_null(strstr(scratch_read(scratch, full.path, NULL), "\n{\"seq\":2,"));
	assert_null(strstr(scratch_read(scratch, full.path, NULL), "recovered"));
}

static void a_full_device_leaves_a_new_trail_empty(void **state)
{
	struct scratch *scratch = *state;
	ERROR_CLEANUP struct error error = {0};
	struct full full = {.path = scratch_path(scratch, "a"), .room = 20, .word = "found room"};

	assert_int_equal(in_child(append_where_it_is_full, &full), 0);
	assert_string_equal(scratch_read(scratch, full.path, NULL), "");
	assert_int_equal(append_to(full.path, true, NULL, &error), STATUS_OK);
	assert_null(strstr(scratch_read(scratch, full.path, NULL), "recovered"));
}

static void used_up_sequence_numbers_are_refused(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	TEXT_CLEANUP struct text line = {0};
	char zeros[HASH_TEXT];
	struct audit_line last = {
		.sequence = INT64_MAX, .host = "h", .previous = zeros, .record = &record};

	snprintf(zeros, sizeof(zeros), "%064d", 0);
	audit_line_format(&last, &line);
	scratch_write(path, line.data, line.size);
	assert_refused(path, "used up");
	assert_string_equal(scratch_read(scratch, path, NULL), line.data);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_symbolic_link_is_refused),
		IN_SCRATCH(what_is_no_regular_file_is_refused),
		IN_SCRATCH(a_foreign_file_is_refused_and_unchanged),
		IN_SCRATCH(a_read_only_file_is_refused),
		IN_SCRATCH(a_folder_that_may_not_be_written_is_refused),
		IN_SCRATCH(a_path_below_a_file_is_refused),
		IN_SCRATCH(a_full_device_leaves_the_trail_as_it_was),
		IN_SCRATCH(a_full_device_leaves_a_new_trail_empty),
		IN_SCRATCH(used_up_sequence_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
