/* Rules of base/error.h: the table of outcomes and the error object. */
#include "scratch.h"

static void every_status_has_an_exit_code_a_code_and_a_text(void **state)
{
	(void)state;
	for (int i = 0; i < STATUS_COUNT; i++) {
		int exit_code = status_exit((enum status)i);

		assert_true((exit_code >= 0 && exit_code <= 6) || exit_code == 130 || exit_code == 143);
		assert_int_equal(exit_code == 0, i == STATUS_OK);
		assert_true(strlen(status_code((enum status)i)) > 0);
		assert_true(strlen(status_text((enum status)i)) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(status_code((enum status)i),
						status_code((enum status)j));
	}
	assert_string_equal(status_code((enum status)9999), "internal");
}

static void the_stronger_outcome_decides(void **state)
{
	/* 143 and 130, then 1, 6, 5, 4, 0. */
	static const enum status strongest_first[] = {
		STATUS_TERMINATED, STATUS_INTERRUPTED, STATUS_FAILED, STATUS_CONNECT,
		STATUS_LOCKED,     STATUS_MODIFIED,    STATUS_OK,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(strongest_first); i++) {
		for (size_t j = i; j < COUNT_OF(strongest_first); j++) {
			assert_int_equal(status_stronger(strongest_first[i], strongest_first[j]),
					 strongest_first[i]);
			assert_int_equal(status_stronger(strongest_first[j], strongest_first[i]),
					 strongest_first[i]);
		}
	}
	assert_int_equal(status_stronger(STATUS_OK, STATUS_USAGE), STATUS_USAGE);
	assert_int_equal(status_stronger(STATUS_REFUSED, STATUS_OK), STATUS_REFUSED);
}

static void of_equally_strong_outcomes_the_first_stays(void **state)
{
	(void)state;
	assert_int_equal(status_stronger(STATUS_MISSING, STATUS_MODIFIED), STATUS_MISSING);
}

static void findings_add_up_with_the_strongest_in_front_and_the_others_in_order(void **state)
{
	static const enum status found[] = {STATUS_MISSING, STATUS_MODIFIED, STATUS_IO, STATUS_PENDING,
					    STATUS_FAILED};
	static const enum status behind[] = {STATUS_MISSING, STATUS_MODIFIED, STATUS_PENDING,
					     STATUS_FAILED};
	ERROR_CLEANUP struct error all = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(found); i++) {
		ERROR_CLEANUP struct error one = {0};

		error_set(&one, found[i], "finding %zu", i);
		assert_int_equal(error_add(&all, &one), i < 2 ? STATUS_MISSING : STATUS_IO);
		assert_null(one.message);
	}
	assert_string_equal(all.message, "finding 2");
	assert_int_equal(all.more_count, COUNT_OF(behind));
	for (size_t i = 0; i < COUNT_OF(behind); i++)
		assert_int_equal(all.more[i].status, behind[i]);
}

static void adding_what_has_findings_of_its_own_adds_all_of_them(void **state)
{
	ERROR_CLEANUP struct error all = {0};
	ERROR_CLEANUP struct error other = {0};
	ERROR_CLEANUP struct error one = {0};

	(void)state;
	assert_int_equal(error_add(&all, &one), STATUS_OK);
	error_set(&all, STATUS_MISSING, "a");
	error_set(&other, STATUS_MODIFIED, "b");
	error_set(&one, STATUS_PENDING, "c");
	error_add(&other, &one);
	assert_int_equal(error_add(&all, &other), STATUS_MISSING);
	assert_int_equal(all.more_count, 2);
	assert_string_equal(all.more[0].message, "b");
	assert_string_equal(all.more[1].message, "c");
	assert_int_equal(other.more_count, 0);
	error_clear(&all);
	assert_null(all.more);
}

static void an_error_is_replaced_as_a_whole(void **state)
{
	ERROR_CLEANUP struct error error = {0};

	(void)state;
	assert_int_equal(error_set(&error, STATUS_MODIFIED, "%s was edited", "a.sql"), STATUS_MODIFIED);
	error_hint(&error, "run %s", "x");
	error_at(&error, "a.sql", 3, 2);
	error.retryable = true;
	assert_string_equal(error.message, "a.sql was edited");
	assert_string_equal(error.hint, "run x");
	assert_string_equal(error.file, "a.sql");
	assert_int_equal(error.line, 3);
	assert_int_equal(error.statement, 2);

	error_set(&error, STATUS_IO, "gone");
	assert_int_equal(error.status, STATUS_IO);
	assert_string_equal(error.message, "gone");
	assert_null(error.hint);
	assert_null(error.file);
	assert_int_equal(error.line, 0);
	assert_false(error.retryable);
}

static void an_error_may_be_told_in_its_own_words(void **state)
{
	ERROR_CLEANUP struct error error = {0};

	(void)state;
	error_set(&error, STATUS_IO, "disk full");
	error_set(&error, STATUS_AUDIT_UNWRITABLE, "no audit: %s", error.message);
	assert_string_equal(error.message, "no audit: disk full");
	error_hint(&error, "a");
	error_hint(&error, "%s or b", error.hint);
	assert_string_equal(error.hint, "a or b");
	error_at(&error, "f", 1, 1);
	error_at(&error, error.file, 2, 0);
	assert_string_equal(error.file, "f");
}

static void a_prefix_goes_before_the_message_and_keeps_the_rest(void **state)
{
	ERROR_CLEANUP struct error error = {0};

	(void)state;
	error_set(&error, STATUS_IO, "disk full");
	error_at(&error, "f", 1, 1);
	error_prefix(&error, "connection %s", "pg");
	assert_string_equal(error.message, "connection pg: disk full");
	assert_int_equal(error.status, STATUS_IO);
	assert_string_equal(error.file, "f");
}

static void moving_an_error_empties_its_source(void **state)
{
	ERROR_CLEANUP struct error from = {0};
	ERROR_CLEANUP struct error to = {0};

	(void)state;
	error_set(&to, STATUS_IO, "old");
	error_set(&from, STATUS_LOCKED, "new");
	error_move(&to, &from);
	assert_string_equal(to.message, "new");
	assert_int_equal(from.status, STATUS_OK);
	assert_null(from.message);
	error_move(&to, &to);
	assert_string_equal(to.message, "new");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_an_exit_code_a_code_and_a_text),
		cmocka_unit_test(the_stronger_outcome_decides),
		cmocka_unit_test(of_equally_strong_outcomes_the_first_stays),
		cmocka_unit_test(findings_add_up_with_the_strongest_in_front_and_the_others_in_order),
		cmocka_unit_test(adding_what_has_findings_of_its_own_adds_all_of_them),
		cmocka_unit_test(an_error_is_replaced_as_a_whole),
		cmocka_unit_test(an_error_may_be_told_in_its_own_words),
		cmocka_unit_test(a_prefix_goes_before_the_message_and_keeps_the_rest),
		cmocka_unit_test(moving_an_error_empties_its_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
