/* The extensions of an open database: history, lock, schema; and a driver that
 * does not have them. */
#include "stage.h"

struct events {
	int64_t sequences[8];
	size_t count;
	size_t most;
	bool hash;
};

static int32_t keep_event(void *context, const struct elq_event *event)
{
	struct events *events = context;
	events->sequences[events->count++] = event->sequence;
	events->hash = event->hash.data != NULL;
	return events->count == events->most;
}

static void append_three(struct stage *stage)
{
	for (int64_t i = 1; i <= 3; i++) {
		const struct elq_event event = {.sequence = i};
		assert_int_equal(database_history_append(stage->database, &event, &stage->scene.error),
				 STATUS_OK);
	}
}

static void history_is_appended_and_read_after_a_sequence(void **state)
{
	struct stage stage;
	struct events events = {.most = 99};
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(database_history_create(stage.database, &stage.scene.error), STATUS_OK);
	append_three(&stage);
	assert_int_equal(
		database_history_read(stage.database, 1, keep_event, &events, &stage.scene.error),
		STATUS_OK);
	assert_int_equal(events.count, 2);
	assert_int_equal(events.sequences[0], 2);
	assert_true(events.hash);
	stage_close(&stage);
}

static void a_reader_that_has_enough_is_no_failure(void **state)
{
	struct stage stage;
	struct events events = {.most = 1};
	(void)state;
	stage_play(&stage, "");
	append_three(&stage);
	assert_int_equal(
		database_history_read(stage.database, 0, keep_event, &events, &stage.scene.error),
		STATUS_OK);
	assert_int_equal(events.count, 1);
	stage_close(&stage);
}

static void a_driver_that_stops_by_itself_is_one(void **state)
{
	struct stage stage;
	struct events events = {.most = 99};
	(void)state;
	stage_play(&stage, "stops");
	append_three(&stage);
	assert_int_equal(
		database_history_read(stage.database, 0, keep_event, &events, &stage.scene.error),
		STATUS_INTERNAL);
	stage_close(&stage);
}

static void an_older_drivers_event_lacks_its_last_members(void **state)
{
	struct stage stage;
	struct events events = {.most = 99, .hash = true};
	(void)state;
	stage_play(&stage, "old_events");
	append_three(&stage);
	assert_int_equal(
		database_history_read(stage.database, 0, keep_event, &events, &stage.scene.error),
		STATUS_OK);
	assert_false(events.hash);
	stage_close(&stage);
}

static void keep_pair(void *context, const char *key, const char *value)
{
	struct text *text = context;
	text_printf(text, "%s=%s;", key, value);
}

static void metadata_comes_back_as_strings(void **state)
{
	struct stage stage;
	TEXT_CLEANUP struct text pairs = {0};
	struct error *error = &stage.scene.error;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(database_meta_write(stage.database, "a", "1", error), STATUS_OK);
	assert_int_equal(database_meta_write(stage.database, "b", "", error), STATUS_OK);
	assert_int_equal(database_meta_read(stage.database, keep_pair, &pairs, error), STATUS_OK);
	assert_string_equal(text_string(&pairs), "a=1;b=;");
	assert_int_equal(database_meta_write(stage.database, "a", NULL, error), STATUS_OK);
	text_clear(&pairs);
	assert_int_equal(database_meta_read(stage.database, keep_pair, &pairs, error), STATUS_OK);
	assert_string_equal(text_string(&pairs), "");
	stage_close(&stage);
}

static void metadata_that_is_no_text_is_a_broken_contract(void **state)
{
	static const char *const modes[] = {"meta_number", "meta_single"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		struct stage stage;
		TEXT_CLEANUP struct text pairs = {0};
		stage_play(&stage, modes[i]);
		assert_int_equal(database_meta_write(stage.database, "a", "1", &stage.scene.error),
				 STATUS_OK);
		assert_int_equal(
			database_meta_read(stage.database, keep_pair, &pairs, &stage.scene.error),
			STATUS_INTERNAL);
		assert_says(&stage.scene, "broke its contract in the slot history.read_meta");
		assert_string_equal(text_string(&pairs), "");
		stage_close(&stage);
	}
}

static void a_lock_is_taken_inspected_renewed_and_freed(void **state)
{
	struct stage stage;
	struct lock_holder holder;
	const struct lock_owner owner = {"run-1", "me", "migrate:run"};
	struct error *error = &stage.scene.error;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(database_lock_inspect(stage.database, &stage.scene.arena, &holder, error),
			 STATUS_OK);
	assert_false(holder.held);
	assert_null(holder.id);
	assert_int_equal(database_lock_renew(stage.database, error), STATUS_INTERNAL);
	assert_int_equal(database_lock(stage.database, &owner, error), STATUS_OK);
	assert_int_equal(database_lock(stage.database, &owner, error), STATUS_INTERNAL);
	assert_int_equal(database_lock_renew(stage.database, error), STATUS_OK);
	assert_int_equal(database_lock_inspect(stage.database, &stage.scene.arena, &holder, error),
			 STATUS_OK);
	assert_true(holder.held);
	assert_string_equal(holder.id, "run-1");
	assert_string_equal(holder.actor, "pu?ppet");
	assert_null(holder.host);
	assert_int_equal(database_lock_take_over(stage.database, "run-2", error), STATUS_UNKNOWN_NAME);
	assert_int_equal(database_lock_take_over(stage.database, "run-1", error), STATUS_OK);
	assert_int_equal(database_lock_renew(stage.database, error), STATUS_STATEMENT_FAILED);
	database_unlock(stage.database);
	database_unlock(stage.database);
	assert_int_equal(database_lock_renew(stage.database, error), STATUS_INTERNAL);
	stage_close(&stage);
}

static void a_lock_that_is_held_is_locked(void **state)
{
	struct stage stage;
	const struct lock_owner owner = {"run-1", "me", "migrate:run"};
	(void)state;
	stage_play(&stage, "locked");
	assert_int_equal(database_lock(stage.database, &owner, &stage.scene.error), STATUS_LOCKED);
	stage_close(&stage);
	stage_play(&stage, "lock_null");
	assert_int_equal(database_lock(stage.database, &owner, &stage.scene.error), STATUS_INTERNAL);
	stage_close(&stage);
}

static void a_question_without_an_answer_is_not_a_no(void **state)
{
	static const struct {
		const char *mode;
		enum status status;
		bool answer;
	} cases[] = {{"", STATUS_OK, false},
		     {"full", STATUS_OK, true},
		     {"maybe", STATUS_INTERNAL, false},
		     {"no_answer", STATUS_INTERNAL, false}};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stage stage;
		bool rows = false, objects = false;
		stage_play(&stage, cases[i].mode);
		assert_int_equal(database_holds_rows(stage.database, &rows, &stage.scene.error),
				 cases[i].status);
		assert_int_equal(database_holds_objects(stage.database, &objects, &stage.scene.error),
				 cases[i].status);
		assert_int_equal(rows, cases[i].answer);
		assert_int_equal(objects, cases[i].answer);
		stage_close(&stage);
	}
}

static void wiping_counts_what_it_dropped(void **state)
{
	struct stage stage;
	int64_t dropped = 0;
	(void)state;
	stage_play(&stage, "");
	assert_int_equal(database_wipe(stage.database, &dropped, &stage.scene.error), STATUS_OK);
	assert_int_equal(dropped, 3);
	stage_close(&stage);
}

static void what_a_connection_cannot_do_names_driver_and_extension(void **state)
{
	struct stage stage;
	struct error *error = &stage.scene.error;
	const struct lock_owner owner = {"id", "me", "test"};
	bool answer;
	(void)state;
	stage_play(&stage, "no_caps");
	assert_int_equal(database_history_create(stage.database, error), STATUS_UNSUPPORTED);
	assert_says(&stage.scene,
		    "the driver puppet cannot offer on this connection elq.history/draft-2");
	assert_int_equal(database_lock(stage.database, &owner, error), STATUS_UNSUPPORTED);
	assert_says(&stage.scene, "elq.lock/draft-2");
	assert_int_equal(database_holds_rows(stage.database, &answer, error), STATUS_UNSUPPORTED);
	assert_says(&stage.scene, "elq.schema/draft-2");
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_is_appended_and_read_after_a_sequence),
		cmocka_unit_test(a_reader_that_has_enough_is_no_failure),
		cmocka_unit_test(a_driver_that_stops_by_itself_is_one),
		cmocka_unit_test(an_older_drivers_event_lacks_its_last_members),
		cmocka_unit_test(metadata_comes_back_as_strings),
		cmocka_unit_test(metadata_that_is_no_text_is_a_broken_contract),
		cmocka_unit_test(a_lock_is_taken_inspected_renewed_and_freed),
		cmocka_unit_test(a_lock_that_is_held_is_locked),
		cmocka_unit_test(a_question_without_an_answer_is_not_a_no),
		cmocka_unit_test(wiping_counts_what_it_dropped),
		cmocka_unit_test(what_a_connection_cannot_do_names_driver_and_extension),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
