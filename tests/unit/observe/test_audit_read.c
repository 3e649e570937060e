/* Reading a trail: torn bytes that were closed are fine and reported, missing
 * HMACs are named, any bytes are read, and what cannot be read is said. */
#include "trail.h"

#include <signal.h>

#define KEY "0123456789abcdef"

static void must_append_as(const struct audit *audit)
{
	ERROR_CLEANUP struct error error = {0};

	if (append_as(audit, &intent, &error) != STATUS_OK)
		fail_msg("%s", error.message);
}

static struct audit_report verify(const struct audit *audit)
{
	struct audit_report report = {0};
	struct error error = {0};

	assert_int_equal(audit_verify(NULL, audit, NULL, 0, &report, &error), STATUS_OK);
	return report;
}

/* The report has this one finding, of which the message says `word`. */
static void assert_one(const struct audit *audit, enum audit_problem problem, int64_t first,
		       int64_t last, const char *word)
{
	struct audit_report report = verify(audit);

	for (size_t i = 0; i < report.finding_count && report.finding_total != 1; i++)
		print_message("%s\n", report.findings[i].message);
	assert_int_equal(report.finding_total, 1);
	assert_int_equal(report.findings[0].problem, problem);
	assert_int_equal(report.findings[0].first, first);
	assert_int_equal(report.findings[0].last, last);
	if (!strstr(report.findings[0].message, word))
		fail_msg("%s", report.findings[0].message);
	audit_report_free(&report);
}

static void add_bytes(const char *path, const char *data, size_t size)
{
	FILE *file = fopen(path, "ab");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

static void a_trail_without_a_record_is_found_to_be_absent(void **state)
{
	struct audit audit = {.path = scratch_path(*state, "none/a")};
	struct audit_report report = verify(&audit);

	assert_int_equal(report.records, 0);
	assert_int_equal(report.files, 0);
	assert_int_equal(strspn(report.head, "0"), 64);
	audit_report_free(&report);
	assert_one(&audit, AUDIT_PROBLEM_ABSENT, 0, 0, "there is no trail at");
	audit.path = scratch_path(*state, "empty");
	add_bytes(audit.path, "", 0);
	assert_one(&audit, AUDIT_PROBLEM_ABSENT, 0, 0, "holds no record");
}

static void torn_bytes_that_were_closed_are_reported_and_fine(void **state)
{
	static const struct {
		const char *data;
		size_t size;
	} torn[] = {
		{"{\"seq\":2,\"ti", 12}, {"\0\0\0", 3}, {"a line\nand more", 15},
		{"\n\n\n", 3},           {"x\n", 2},
	};
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true, .key = KEY};
	struct audit_report report;

	must_append_as(&audit);
	for (size_t i = 0; i < COUNT_OF(torn); i++) {
		add_bytes(audit.path, torn[i].data, torn[i].size);
		must_append_as(&audit);
	}
	report = verify(&audit);
	assert_int_equal(report.finding_total, 0);
	assert_int_equal(report.recovery_total, COUNT_OF(torn));
	assert_int_equal(report.records, 1 + 2 * COUNT_OF(torn));
	assert_int_equal(report.recoveries[0].sequence, 2);
	assert_int_equal(report.recoveries[0].line, 3);
	assert_non_null(strstr(report.recoveries[0].message, "closed 12 torn bytes"));
	audit_report_free(&report);
}

static void closed_torn_bytes_that_changed_or_went_are_named(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true};
	const char *data;
	char *changed;
	size_t size;
	size_t torn;

	must_append_as(&audit);
	data = scratch_read(scratch, audit.path, &torn);
	add_bytes(audit.path, "torn", 4);
	must_append_as(&audit);
	data = scratch_read(scratch, audit.path, &size);
	changed = mem_copy(data, size);
	changed[torn] = 'T';
	scratch_write(audit.path, changed, size);
	assert_one(&audit, AUDIT_PROBLEM_DAMAGED, 0, 0, "no record closes them");
	memmove(changed + torn, data + torn + 5, size - torn - 5);
	scratch_write(audit.path, changed, size - 5);
	assert_one(&audit, AUDIT_PROBLEM_DAMAGED, 2, 2, "not here any more");
	mem_free(changed);
}

static void bytes_between_records_that_nothing_closes_are_named(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true};
	TEXT_CLEANUP struct text text = {0};
	struct audit_report report;
	const char *second;
	const char *data;

	must_append_as(&audit);
	must_append_as(&audit);
	data = scratch_read(scratch, audit.path, NULL);
	second = strchr(data, '\n') + 1;
	text_append(&text, data, (size_t)(second - data));
	for (int i = 0; i < 1000000; i++) /* longer than any line or gap may be */
		text_add_char(&text, 'x');
	text_add_char(&text, '\n');
	text_add(&text, second);
	scratch_write(audit.path, text.data, text.size);
	report = verify(&audit);
	assert_int_equal(report.finding_total, 1);
	assert_int_equal(report.findings[0].problem, AUDIT_PROBLEM_DAMAGED);
	assert_int_equal(report.findings[0].line, 2);
	assert_non_null(strstr(report.findings[0].message, "1000001 bytes"));
	audit_report_free(&report);
}

/* ---- HMACs ------------------------------------------------------------------------- */

static void a_trail_may_begin_without_a_key(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true};
	struct audit_report report;

	must_append_as(&audit);
	must_append_as(&audit);
	audit.key = KEY;
	assert_one(&audit, AUDIT_PROBLEM_UNSIGNED, 1, 2, "records 1 to 2 carry no HMAC");
	must_append_as(&audit);
	report = verify(&audit);
	assert_int_equal(report.finding_total, 0);
	assert_int_equal(report.signatures, 1);
	audit_report_free(&report);
}

/* Whoever has no key can write a chain that fits, and it shows. */
static void records_forged_without_the_key_are_named(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true, .key = KEY};
	TEXT_CLEANUP struct text text = {0};
	struct audit_line line = {.sequence = 3, .host = "h", .record = &intent};
	struct reader reader;

	must_append_as(&audit);
	must_append_as(&audit);
	reader = read_trail(scratch, audit.path);
	text_append(&text, reader.data, reader.size);
	line.previous = reader.head;
	audit_line_format(&line, &text);
	scratch_write(audit.path, text.data, text.size);
	assert_one(&audit, AUDIT_PROBLEM_UNSIGNED, 3, 3, "records before them do");
	audit.key = NULL;
	assert_one(&audit, AUDIT_PROBLEM_UNSIGNED, 3, 3, "records before them do");
}

static void with_another_key_every_record_is_named(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true, .key = KEY};
	struct audit_report report;

	for (int i = 0; i < 3; i++)
		must_append_as(&audit);
	audit.key = "another key of 16 bytes";
	report = verify(&audit);
	assert_int_equal(report.finding_total, 3);
	assert_int_equal(report.signatures, 0);
	audit_report_free(&report);
	audit.key = NULL; /* the chain is looked at all the same */
	report = verify(&audit);
	assert_int_equal(report.finding_total, 0);
	audit_report_free(&report);
}

/* ---- what cannot be read ---------------------------------------------------------------- */

static void assert_unreadable(const struct audit *audit, const char *word)
{
	ERROR_CLEANUP struct error error = {0};
	struct audit_report report = {0};

	assert_int_equal(audit_verify(NULL, audit, NULL, 0, &report, &error), STATUS_IO);
	assert_non_null(strstr(error.message, audit->path));
	if (!strstr(error.message, word) || !error.hint)
		fail_msg("%s", error.message);
	assert_null(report.findings);
}

static void what_is_no_file_of_ours_is_not_read(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true};

	assert_int_equal(mkdir(audit.path, 0700), 0);
	assert_unreadable(&audit, "not a regular file");
	assert_int_equal(rmdir(audit.path), 0);
	assert_int_equal(symlink("/etc/passwd", audit.path), 0);
	assert_unreadable(&audit, "symbolic link");
	assert_int_equal(unlink(audit.path), 0);
	assert_int_equal(mkfifo(scratch_path(scratch, "a.7"), 0600), 0);
	assert_unreadable(&audit, "a.7: it is not a regular file");
}

static int read_while_it_grows(void *context)
{
	const struct audit *audit = context;
	struct error error = {0};

	for (int i = 0; i < 100; i++) {
		if (append_as(audit, &intent, &error) != STATUS_OK)
			return 1;
	}
	return 0;
}

static void a_trail_that_grows_and_rotates_is_read_as_it_was_at_one_moment(void **state)
{
	struct scratch *scratch = *state;
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true, .max_size = 2000};
	struct error error = {0};
	int64_t before = 0;
	int status;

	assert_int_equal(append_as(&audit, &intent, &error), STATUS_OK);
	pid_t pid = fork();

	if (pid == 0)
		_exit(read_while_it_grows(&audit));
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct audit_report report = verify(&audit);

		for (size_t i = 0; i < report.finding_count; i++)
			print_message("%s\n", report.findings[i].message);
		assert_int_equal(report.finding_total, 0);
		assert_true(report.records >= before);
		before = report.records;
		audit_report_free(&report);
	}
	assert_int_equal(status, 0);
}

static int append_until_killed(struct audit *audit)
{
	struct error error = {0};

	for (int i = 0; i < 20; i++) {
		if (append_as(audit, &intent, &error) != STATUS_OK)
			return 1;
	}
	return 0;
}

static void twenty_processes_of_which_some_are_killed_leave_no_finding(void **state)
{
	struct scratch *scratch = *state;

	for (int trial = 0; trial < 10; trial++) {
		struct audit audit = {.path = scratch_path(scratch, "a"),
				      .enabled = true,
				      .key = trial % 2 ? KEY : NULL,
				      .max_size = trial % 3 ? 6000 : 0};
		struct audit_report report;
		pid_t pids[20];
		int whole = 0;

		for (int i = 0; i < 20; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				_exit(append_until_killed(&audit));
		}
		for (int i = 0; i < 5; i++) {
			clock_sleep_ms(1 + trial % 3);
			kill(pids[i * 4], SIGKILL);
		}
		for (int i = 0; i < 20; i++) {
			int status;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(status == 0 || WTERMSIG(status) == SIGKILL);
			whole += status == 0;
		}
		must_append_as(&audit); /* closes what a kill may have torn */
		report = verify(&audit);
		for (size_t i = 0; i < report.finding_count; i++)
			print_message("%s\n", report.findings[i].message);
		assert_int_equal(report.finding_total, 0);
		assert_true(report.records >= whole * 20 + 1);
		audit_report_free(&report);
		scratch_empty(scratch->folder);
	}
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_trail_without_a_record_is_found_to_be_absent),
		IN_SCRATCH(torn_bytes_that_were_closed_are_reported_and_fine),
		IN_SCRATCH(closed_torn_bytes_that_changed_or_went_are_named),
		IN_SCRATCH(bytes_between_records_that_nothing_closes_are_named),
		IN_SCRATCH(a_trail_may_begin_without_a_key),
		IN_SCRATCH(records_forged_without_the_key_are_named),
		IN_SCRATCH(with_another_key_every_record_is_named),
		IN_SCRATCH(what_is_no_file_of_ours_is_not_read),
		IN_SCRATCH(twenty_processes_of_which_some_are_killed_leave_no_finding),
		IN_SCRATCH(a_trail_that_grows_and_rotates_is_read_as_it_was_at_one_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
