/* Cancelling and deadlines: what they end, and what must go on in spite of them. */
#include "stage.h"

#include <pthread.h>

static void *cancel_soon(void *database)
{
	clock_sleep_ms(30);
	database_cancel(database);
	return NULL;
}

static void another_thread_ends_what_runs(void **state)
{
	static const char *const statements[] = {"wait", "wait cancel"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(statements); i++) {
		struct stage stage;
		pthread_t thread;
		stage_play(&stage, "");
		assert_int_equal(pthread_create(&thread, NULL, cancel_soon, stage.database), 0);
		assert_int_equal(stage_run(&stage, statements[i]), STATUS_INTERRUPTED);
		pthread_join(thread, NULL);
		assert_true(database_cancelled(stage.database));
		stage_close(&stage);
	}
}

static void what_starts_after_cancelling_ends_at_once(void **state)
{
	struct stage stage;
	struct elq_span span;
	struct error *error = &stage.scene.error;
	bool answer;
	int64_t dropped;
	(void)state;
	stage_play(&stage, "");
	database_cancel(stage.database);
	assert_int_equal(stage_run(&stage, "rows 1"), STATUS_INTERRUPTED);
	assert_says(&stage.scene, "\"main\" was cancelled");
	assert_int_equal(stage_next(&stage, "a", 0, &span), STATUS_INTERRUPTED);
	assert_int_equal(database_begin(stage.database, ELQ_BEGIN_MIGRATION, NULL, 0, -1, error),
			 STATUS_INTERRUPTED);
	assert_int_equal(database_commit(stage.database, error), STATUS_INTERRUPTED);
	assert_int_equal(database_wipe(stage.database, &dropped, error), STATUS_INTERRUPTED);
	assert_int_equal(database_holds_rows(stage.database, &answer, error), STATUS_INTERRUPTED);
	stage_close(&stage);
}

/* The outcome of a cancelled statement is rolled back and put on record. */
static void a_cancelled_outcome_can_still_be_recorded(void **state)
{
	struct stage stage;
	struct error *error = &stage.scene.error;
	const struct elq_event event = {.sequence = 1};
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(database_begin(stage.database, ELQ_BEGIN_MIGRATION, NULL, 0, -1, error),
			 STATUS_OK);
	database_set_timeout(stage.database, 1);
	database_cancel(stage.database);
	assert_int_equal(stage_run(&stage, "wait"), STATUS_INTERRUPTED);
	assert_int_equal(database_history_append(stage.database, &event, error), STATUS_INTERRUPTED);
	assert_int_equal(database_rollback(stage.database, error), STATUS_OK);
	assert_int_equal(database_begin(stage.database, 0, NULL, 0, -1, error), STATUS_OK);
	assert_int_equal(stage_run(&stage, "rows 1"), STATUS_INTERRUPTED);
	assert_int_equal(database_history_append(stage.database, &event, error), STATUS_OK);
	assert_int_equal(database_meta_write(stage.database, "k", "v", error), STATUS_OK);
	assert_int_equal(database_commit(stage.database, error), STATUS_OK);
	/* Our unit is over, and with it the exemption. */
	assert_int_equal(database_history_append(stage.database, &event, error), STATUS_INTERRUPTED);
	stage_close(&stage);
}

static void a_statement_ends_at_its_deadline(void **state)
{
	struct stage stage;
	(void)state;
	stage_play(&stage, "");
	database_set_timeout(stage.database, 20000);
	assert_int_equal(stage_run(&stage, "wait"), STATUS_TIMEOUT);
	assert_int_equal(database_rollback(stage.database, &stage.scene.error), STATUS_OK);
	database_set_timeout(stage.database, 0);
	assert_int_equal(
		database_begin(stage.database, ELQ_BEGIN_MIGRATION, NULL, 0, -1, &stage.scene.error),
		STATUS_OK);
	database_set_timeout(stage.database, INT64_MAX);
	assert_int_equal(database_commit(stage.database, &stage.scene.error), STATUS_OK);
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_thread_ends_what_runs),
		cmocka_unit_test(what_starts_after_cancelling_ends_at_once),
		cmocka_unit_test(a_cancelled_outcome_can_still_be_recorded),
		cmocka_unit_test(a_statement_ends_at_its_deadline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
