/* An open database: what a driver's answers become, and what is made of scripts
 * and options. */
#include "stage.h"

/* ---- opening ----------------------------------------------------------------------------------- */

static void what_the_driver_describes_is_copied(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	const struct database_info *info = database_info(stage.database);
	assert_string_equal(info->product, "Puppet");
	assert_string_equal(info->version, "0.1?"); /* not UTF-8 at the source */
	assert_string_equal(info->identity, "puppet:1");
	assert_string_equal(info->name, "stage");
	assert_ptr_equal(database_driver(stage.database), stage.driver);
	stage_close(&stage);
}

/* After opening, a capability counts only where both say so. */
static void a_connection_has_what_both_the_driver_and_the_server_can(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(database_info(stage.database)->caps, ELQ_CAP_HISTORY | ELQ_CAP_LOCK |
								      ELQ_CAP_SCHEMA | ELQ_CAP_LOAD |
								      ELQ_CAP_REVIEW);
	stage_close(&stage);
}

static void asking_again_sees_what_changed(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	const struct database_info *info = database_info(stage.database);
	assert_false(info->flags & ELQ_CONN_EXISTS);
	assert_int_equal(database_meta_write(stage.database, "k", "v", &stage.scene.error), STATUS_OK);
	assert_int_equal(database_describe(stage.database, &stage.scene.error), STATUS_OK);
	assert_true(info->flags & ELQ_CONN_EXISTS);
	stage_close(&stage);
}

static void failing_to_open_has_its_own_statuses_and_names_the_connection(void **state)
{
	static const struct {
		const char *mode;
		enum status status;
	} cases[] = {
		{"open_fails_1", STATUS_CONNECT},     {"open_fails_2", STATUS_NO_MEMORY},
		{"open_fails_3", STATUS_CONFIG},      {"open_fails_4", STATUS_UNSUPPORTED},
		{"open_fails_5", STATUS_CONNECT},     {"open_fails_6", STATUS_LOCKED},
		{"open_fails_7", STATUS_INTERRUPTED}, {"open_fails_8", STATUS_CONNECT},
		{"open_fails_10", STATUS_CONNECT},    {"open_fails_13", STATUS_CONNECT},
		{"open_fails_99", STATUS_INTERNAL},   {"open_fails_-1", STATUS_INTERNAL},
		{"open_null", STATUS_INTERNAL},       {"no_identity", STATUS_INTERNAL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage stage;
		stage_open(&stage);
		stage_set(&stage, "database", "d");
		stage_set(&stage, "mode", cases[i].mode);
		assert_int_equal(stage_try(&stage), cases[i].status);
		assert_says(&stage.scene, "the connection \"main\" cannot be opened: ");
		assert_null(stage.database);
		stage_close(&stage);
	}
}

static void closing_rolls_back_then_unlocks_then_closes(void **state)
{
	struct stage stage;
	const struct lock_owner owner = {"id", "me", "test"};
	size_t count;
	(void)state;
	stage_play(&stage, "trace");
	assert_int_equal(database_lock(stage.database, &owner, &stage.scene.error), STATUS_OK);
	assert_int_equal(database_begin(stage.database, 0, NULL, 0, -1, &stage.scene.error), STATUS_OK);
	database_cancel(stage.database);
	database_close(stage.database);
	stage.database = NULL;
	const char *const *warnings = log_warnings(stage.scene.observer, &count);
	assert_int_equal(count, 3);
	assert_non_null(strstr(warnings[0], "rollback"));
	assert_non_null(strstr(warnings[1], "release"));
	assert_non_null(strstr(warnings[2], "close"));
	stage_close(&stage);
}

static void closing_nothing_is_nothing(void **state)
{
	(void)state;
	database_close(NULL);
}

/* ---- errors ------------------------------------------------------------------------------------ */

static void each_code_of_a_driver_has_one_status(void **state)
{
	static const struct {
		int code;
		unsigned flags;
		enum status status;
	} cases[] = {
		{ELQ_ERR_FAILED, 0, STATUS_STATEMENT_FAILED},
		{ELQ_ERR_NOMEM, 0, STATUS_NO_MEMORY},
		{ELQ_ERR_INVALID, 0, STATUS_INTERNAL},
		{ELQ_ERR_UNSUPPORTED, 0, STATUS_UNSUPPORTED},
		{ELQ_ERR_CONNECT, 0, STATUS_CONNECT},
		{ELQ_ERR_LOCKED, 0, STATUS_LOCKED},
		{ELQ_ERR_CANCELLED, 0, STATUS_INTERRUPTED},
		{ELQ_ERR_TIMEOUT, 0, STATUS_TIMEOUT},
		{ELQ_ERR_CONSTRAINT, 0, STATUS_STATEMENT_FAILED},
		{ELQ_ERR_CORRUPT, 0, STATUS_CORRUPT},
		{ELQ_ERR_STOPPED, 0, STATUS_INTERNAL},
		{ELQ_ERR_LOST, 0, STATUS_STATEMENT_FAILED},
		{ELQ_ERR_LOST, ELQ_ERROR_OUTCOME_UNKNOWN, STATUS_OUTCOME_UNKNOWN},
		{ELQ_ERR_MALFORMED, 0, STATUS_MALFORMED},
		{ELQ_ERR_MAX + 1, 0, STATUS_INTERNAL},
		{-7, 0, STATUS_INTERNAL},
	};
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *statement = arena_printf(&stage.scene.arena, "fail %d %u the words",
						     cases[i].code, cases[i].flags);
		assert_int_equal(stage_run(&stage, statement), cases[i].status);
		if (cases[i].code > 0 && cases[i].code <= ELQ_ERR_MAX)
			assert_string_equal(stage.scene.error.message, "the words");
		else
			assert_says(
				&stage.scene,
				"the driver puppet answered its slot execute with the unknown code");
	}
	stage_close(&stage);
}

static void an_error_keeps_its_details(void **state)
{
	struct stage stage;
	const struct error *error = &stage.scene.error;
	(void)state;
	stage_play(&stage, "");
	stage_run(&stage, "fail 9 1 words");
	assert_string_equal(error->sqlstate, "ZZ001");
	assert_int_equal(error->native, 77);
	assert_string_equal(error->hint, "ask the puppet");
	assert_true(error->retryable);
	assert_false(error->outcome_unknown);
	stage_run(&stage, "fail 13 2 words");
	assert_false(error->retryable);
	assert_true(error->outcome_unknown);
	stage_close(&stage);
}

static void a_slot_that_fails_in_silence_gets_a_sentence(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	stage_run(&stage, "fail 1 1 said before");
	assert_int_equal(stage_run(&stage, "mute 1"), STATUS_STATEMENT_FAILED);
	assert_says(
		&stage.scene,
		"the driver puppet failed in its slot execute and does not say why (ELQ_ERR_FAILED)");
	assert_says(&stage.scene, stage.driver->plugin.path);
	assert_false(stage.scene.error.retryable);
	stage_close(&stage);
}

static void bytes_that_are_no_text_become_question_marks(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	stage_run(&stage, "bytes");
	assert_string_equal(stage.scene.error.message, "bad ?? \xc3\xa9 end");
	stage_close(&stage);
}

static void a_log_line_names_connection_and_driver_and_hides_secret_fields(void **state)
{
	struct stage stage;
	size_t count;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(stage_run(&stage, "log"), STATUS_OK);
	const char *const *warnings = log_warnings(stage.scene.observer, &count);
	assert_int_equal(count, 1);
	assert_string_equal(warnings[0], "main (driver puppet): a line (open=seen, shut=" REDACTED ")");
	stage_close(&stage);
}

static void an_offset_becomes_a_line_of_the_statement(void **state)
{
	static const struct {
		const char *statement;
		int64_t line;
	} cases[] = {{"at 0\n\nx", 1}, {"at 4\n\nx", 1}, {"at 5\n\nx", 2}, {"at 6\n\nx", 3},
		     {"at 7\n\nx", 3}, {"at 8\n\nx", 0}, {"at -1\n\nx", 0}};
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(stage_run(&stage, cases[i].statement), STATUS_STATEMENT_FAILED);
		assert_int_equal(stage.scene.error.line, cases[i].line);
	}
	stage_close(&stage);
}

static void rows_changed_are_told(void **state)
{
	struct stage stage;
	int64_t rows = 0;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(database_execute(stage.database, "rows 12", 7, &rows, &stage.scene.error),
			 STATUS_OK);
	assert_int_equal(rows, 12);
	assert_int_equal(database_execute(stage.database, "mute 1", 6, &rows, &stage.scene.error),
			 STATUS_STATEMENT_FAILED);
	assert_int_equal(rows, 12);
	stage_close(&stage);
}

/* ---- splitting --------------------------------------------------------------------------------- */

static void a_script_is_walked_statement_by_statement(void **state)
{
	struct stage stage;
	struct elq_span span;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(stage_next(&stage, "a;\nb", 0, &span), STATUS_OK);
	assert_int_equal(span.size, 1);
	assert_int_equal(span.next, 2);
	assert_int_equal(stage_next(&stage, "a;\nb", 2, &span), STATUS_OK);
	assert_int_equal(span.next, 4);
	assert_int_equal(stage_next(&stage, "a;\nb", 4, &span), STATUS_OK);
	assert_int_equal(span.kind, ELQ_STATEMENT_EMPTY);
	stage_close(&stage);
}

static void a_malformed_script_names_its_line(void **state)
{
	struct stage stage;
	struct elq_span span = {.kind = 55};
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(stage_next(&stage, "a;\n\nOPEN", 4, &span), STATUS_MALFORMED);
	assert_int_equal(stage.scene.error.line, 3);
	assert_string_equal(stage.scene.error.message, "the quote is never closed");
	assert_int_equal(span.kind, 55);
	stage_close(&stage);
}

/* Otherwise the caller would read beyond the script or never end. */
static void a_splitter_that_breaks_its_contract_is_stopped(void **state)
{
	static const char *const scripts[] = {" STUCK here", " BEYOND it", " KIND of"};
	struct stage stage;
	struct elq_span span;
	(void)state;
	stage_play(&stage, "");
	for (size_t i = 0; i < COUNT_OF(scripts); i++) {
		assert_int_equal(stage_next(&stage, scripts[i], 1, &span), STATUS_INTERNAL);
		assert_says(&stage.scene,
			    "the driver puppet broke its contract in the slot next_statement");
	}
	stage_close(&stage);
}

/* ---- migration options ------------------------------------------------------------------------- */

static void options_are_checked_against_the_drivers_table(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(
		database_check_option(stage.database, "foreign_keys", "on", &stage.scene.error),
		STATUS_OK);
	assert_int_equal(database_check_option(stage.database, "foreign_key", "on", &stage.scene.error),
			 STATUS_MALFORMED);
	assert_says(&stage.scene, "knows no option \"foreign_key\" for migrations");
	assert_says(&stage.scene, "did you mean \"foreign_keys\"?");
	assert_int_equal(
		database_check_option(stage.database, "foreign_keys", "often", &stage.scene.error),
		STATUS_MALFORMED);
	assert_says(&stage.scene, "is \"often\", not yes or no");
	assert_int_equal(database_check_option(stage.database, "host", "h", &stage.scene.error),
			 STATUS_MALFORMED);
	stage_close(&stage);
}

static void options_arrive_converted(void **state)
{
	static const struct setting options[] = {{.key = "foreign_keys", .value = "ON"},
						 {.key = "retries", .value = "007"}};
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(
		database_begin(stage.database, ELQ_BEGIN_MIGRATION, options, 2, -1, &stage.scene.error),
		STATUS_OK);
	stage_run(&stage, "options");
	assert_string_equal(stage.scene.error.message, "foreign_keys=yes retries=7");
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_driver_describes_is_copied),
		cmocka_unit_test(a_connection_has_what_both_the_driver_and_the_server_can),
		cmocka_unit_test(asking_again_sees_what_changed),
		cmocka_unit_test(failing_to_open_has_its_own_statuses_and_names_the_connection),
		cmocka_unit_test(closing_rolls_back_then_unlocks_then_closes),
		cmocka_unit_test(closing_nothing_is_nothing),
		cmocka_unit_test(each_code_of_a_driver_has_one_status),
		cmocka_unit_test(an_error_keeps_its_details),
		cmocka_unit_test(a_slot_that_fails_in_silence_gets_a_sentence),
		cmocka_unit_test(bytes_that_are_no_text_become_question_marks),
		cmocka_unit_test(a_log_line_names_connection_and_driver_and_hides_secret_fields),
		cmocka_unit_test(an_offset_becomes_a_line_of_the_statement),
		cmocka_unit_test(rows_changed_are_told),
		cmocka_unit_test(a_script_is_walked_statement_by_statement),
		cmocka_unit_test(a_malformed_script_names_its_line),
		cmocka_unit_test(a_splitter_that_breaks_its_contract_is_stopped),
		cmocka_unit_test(options_are_checked_against_the_drivers_table),
		cmocka_unit_test(options_arrive_converted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
