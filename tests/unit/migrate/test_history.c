/* Reading the history: what breaks the chain is found and named; and what the
 * events mean together. */
#include "support.h"

static void put(struct place *place, const char *name)
{
	place_write(place, name, "-- migrate:up\n-- migrate:down\n");
}

/* Four events: 1_a, 2_b, 3_c applied, 3_c reverted; verified up to the last. */
static void four_events(struct place *place)
{
	put(place, "1_a.sql");
	put(place, "2_b.sql");
	put(place, "3_c.sql");
	place_run(place);
	place_rollback(place, (struct rollback_selection){.step = 1});
}

static enum status verify(struct place *place, enum history_verify how)
{
	struct history history = {0};
	error_clear(&place->error);
	enum status status = history_read(place->database, how, &history, &place->error);
	history_free(&history);
	return status;
}

static void expect_broken(struct place *place, enum history_verify how, const char *part)
{
	expect_error(place, verify(place, how), STATUS_HISTORY_BROKEN, part);
	assert_non_null(place->error.hint);
}

static void an_untouched_chain_verifies(void **state)
{
	struct place *place = *state;
	four_events(place);
	assert_int_equal(verify(place, VERIFY_ALL), STATUS_OK);
	assert_int_equal(verify(place, VERIFY_TAIL), STATUS_OK);
}

static void an_absent_database_has_an_empty_history(void **state)
{
	struct place *place = *state;
	struct history history = {0};
	assert_int_equal(history_read(place->database, VERIFY_ALL, &history, &place->error), STATUS_OK);
	assert_int_equal(history.head_sequence, 0);
	assert_string_equal(history.head_hash, HISTORY_GENESIS);
	assert_int_equal(access(place->file, F_OK), -1);
	history_free(&history);
}

static void any_changed_column_is_found(void **state)
{
	struct place *place = *state;
	const char *const columns[] = {"run",   "version", "name", "checksum",  "direction",
				       "actor", "host",    "tool", "audit_head"};
	four_events(place);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		const char *column = columns[i];
		const char *before = place_sql(
			place,
			arena_printf(&place->arena,
				     "SELECT %s FROM eloquent_history WHERE sequence = 2", column));
		place_sql(place, arena_printf(&place->arena,
					      "UPDATE eloquent_history SET %s = 'x' WHERE sequence = 2",
					      column));
		expect_broken(place, VERIFY_ALL, "event 2");
		place_sql(place,
			  arena_printf(&place->arena,
				       "UPDATE eloquent_history SET %s = '%s' WHERE sequence = 2",
				       column, before));
		assert_int_equal(verify(place, VERIFY_ALL), STATUS_OK);
	}
}

/* The hash that event 2 would have, had eve written it. */
static int32_t forge_second(void *context, const struct elq_event *event)
{
	struct elq_event forged = *event;
	if (event->sequence != 2)
		return 0;
	forged.actor = (struct elq_str){"eve", 3};
	event_hash(&forged, context);
	return 0;
}

static void an_event_that_was_rewritten_with_its_hash_is_found_by_the_next(void **state)
{
	struct place *place = *state;
	char hash[HASH_TEXT] = "";
	four_events(place);
	must(place, database_history_read(place->database, 0, forge_second, hash, &place->error));
	place_sql(place,
		  arena_printf(
			  &place->arena,
			  "UPDATE eloquent_history SET actor = 'eve', hash = '%s' WHERE sequence = 2",
			  hash));
	expect_broken(place, VERIFY_ALL, "event 3 of the history does not follow");
}

static void a_removed_event_is_found(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "DELETE FROM eloquent_history WHERE sequence = 2");
	expect_broken(place, VERIFY_ALL, "event 2 of the history is missing");
	expect_broken(place, VERIFY_TAIL, "event 2 of the history is missing");
	expect_broken(place, VERIFY_NOTHING, "event 2 of the history is missing");
	place_sql(place, "DELETE FROM eloquent_history WHERE sequence = 1");
	expect_broken(place, VERIFY_ALL, "event 1 of the history is missing");
	expect_broken(place, VERIFY_TAIL, "event 1 of the history is missing");
	expect_broken(place, VERIFY_NOTHING, "event 1 of the history is missing");
}

static void a_cut_tail_is_found_by_the_checkpoint(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "DELETE FROM eloquent_history WHERE sequence = 4");
	expect_broken(place, VERIFY_TAIL, "event 4 of the history is missing");
	expect_broken(place, VERIFY_ALL, "event 4 of the history is missing");
	expect_broken(place, VERIFY_NOTHING, "event 4 of the history is missing");
}

static void an_emptied_history_is_not_a_new_one(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "DELETE FROM eloquent_history");
	expect_broken(place, VERIFY_ALL, "event 1 of the history is missing");
	expect_broken(place, VERIFY_TAIL, "event 1 of the history is missing");
	expect_broken(place, VERIFY_NOTHING, "event 1 of the history is missing");
}

static void a_verified_event_that_was_replaced_is_found_by_the_checkpoint(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "UPDATE eloquent_history SET hash = previous WHERE sequence = 4");
	expect_broken(place, VERIFY_TAIL, "event 4");
}

static void the_tail_check_covers_what_came_after_the_checkpoint(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "UPDATE eloquent_meta SET value = (SELECT '2 ' || hash FROM eloquent_history "
			 "WHERE sequence = 2) "
			 "WHERE key = 'checkpoint'");
	place_sql(place, "UPDATE eloquent_history SET actor = 'eve' WHERE sequence = 1");
	assert_int_equal(verify(place, VERIFY_TAIL), STATUS_OK);
	expect_broken(place, VERIFY_ALL, "event 1");
	place_sql(place, "UPDATE eloquent_history SET actor = 'ada' WHERE sequence = 1");
	place_sql(place, "UPDATE eloquent_history SET actor = 'eve' WHERE sequence = 3");
	expect_broken(place, VERIFY_TAIL, "event 3");
}

static void without_a_readable_checkpoint_everything_is_verified(void **state)
{
	struct place *place = *state;
	const char *const values[] = {"", "4", "4 abc", "x 0000", "-1 0000"};
	four_events(place);
	place_sql(place, "UPDATE eloquent_history SET actor = 'eve' WHERE sequence = 1");
	assert_int_equal(verify(place, VERIFY_TAIL), STATUS_OK);
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		place_sql(place,
			  arena_printf(&place->arena,
				       "UPDATE eloquent_meta SET value = '%s' WHERE key = 'checkpoint'",
				       values[i]));
		expect_broken(place, VERIFY_TAIL, "event 1");
	}
	place_sql(place, "DELETE FROM eloquent_meta WHERE key = 'checkpoint'");
	expect_broken(place, VERIFY_TAIL, "event 1");
}

static void a_checkpoint_may_stand_at_the_first_event(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "UPDATE eloquent_meta SET value = (SELECT '1 ' || hash FROM eloquent_history "
			 "WHERE sequence = 1) "
			 "WHERE key = 'checkpoint'");
	place_sql(place, "UPDATE eloquent_history SET actor = 'eve' WHERE sequence = 1");
	assert_int_equal(verify(place, VERIFY_TAIL), STATUS_OK);
}

static void a_broken_chain_stops_a_writing_command(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "DELETE FROM eloquent_history WHERE sequence = 1");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_HISTORY_BROKEN,
		     "event 1");
}

static void an_event_of_a_newer_version_is_refused(void **state)
{
	struct place *place = *state;
	four_events(place);
	place_sql(place, "UPDATE eloquent_history SET event = 'teleported' WHERE sequence = 4");
	expect_error(place, verify(place, VERIFY_NOTHING), STATUS_HISTORY_BROKEN, "teleported");
	expect_hint(place, "newer");
}

static void a_migrator_notices_what_others_wrote(void **state)
{
	struct place *place = *state;
	bool current = false;
	put(place, "1_a.sql");
	place_load(place);
	must(place, migrator_is_current(&place->migrator, &current, &place->error));
	assert_true(current);
	four_events(place);
	place_load(place);
	must(place, migrator_is_current(&place->migrator, &current, &place->error));
	assert_true(current);
	place_sql(place,
		  "INSERT INTO eloquent_history (sequence, event, hash) VALUES (5, 'restored', 'x')");
	must(place, migrator_is_current(&place->migrator, &current, &place->error));
	assert_false(current);
	place_sql(place, "DELETE FROM eloquent_history WHERE sequence >= 4");
	must(place, migrator_is_current(&place->migrator, &current, &place->error));
	assert_false(current);
}

static struct elq_str str(const char *text)
{
	return (struct elq_str){text, text ? strlen(text) : 0};
}

struct told {
	struct arena arena;
	struct history history;
	struct fold fold;
	struct error error;
	bool later; /* by eve, and not by ada */
};

static void tell(struct told *told, const char *event, const char *direction, const char *name,
		 int64_t statement)
{
	struct elq_event made = {
		.sequence = ++told->history.head_sequence,
		.batch = 1,
		.version = str(name && *name == 'R' ? "" : name),
		.name = str(name),
		.checksum = str("c"),
		.direction = str(direction),
		.event = str(event),
		.statement = statement,
		.actor = str(told->later ? "eve" : "ada"),
		.at = str(told->later ? "later" : "earlier"),
		.duration_us = told->later ? 7 : 5,
	};
	assert_int_equal(fold_event(&told->fold, &made, &told->error), STATUS_OK);
}

static struct told *told_new(void)
{
	struct told *told = mem_alloc(sizeof(*told));
	told->fold.history = &told->history;
	return told;
}

static void told_free(struct told *told)
{
	history_free(&told->history);
	error_clear(&told->error);
	mem_free(told);
}

static void expect_state(const struct told *told, const char *name, enum entry_state state, bool down)
{
	const struct entry *entry = history_find(&told->history, *name == 'R' ? "" : name, name);
	assert_non_null(entry);
	assert_int_equal(entry->state, state);
	assert_int_equal(entry->down, down);
}

static void the_last_event_of_a_migration_decides(void **state)
{
	(void)state;
	struct told *told = told_new();
	tell(told, "applied", "up", "1", -1);
	expect_state(told, "1", ENTRY_APPLIED, false);
	tell(told, "failed", "down", "1", 1);
	expect_state(told, "1", ENTRY_FAILED, true);
	tell(told, "reverted", "down", "1", -1);
	expect_state(told, "1", ENTRY_REVERTED, false);
	tell(told, "failed", "up", "1", 1);
	expect_state(told, "1", ENTRY_FAILED, false);
	tell(told, "repaired", "up", "1", -1);
	expect_state(told, "1", ENTRY_APPLIED, false);
	tell(told, "repaired", "down", "1", -1);
	expect_state(told, "1", ENTRY_REVERTED, false);
	tell(told, "baselined", "up", "1", -1);
	tell(told, "failed", "down", "1", -1);
	expect_state(told, "1", ENTRY_BASELINED, false);
	tell(told, "repaired", "up", "1", -1);
	expect_state(told, "1", ENTRY_BASELINED, false);
	told_free(told);
}

static void statements_without_a_transaction_stand_until_said_otherwise(void **state)
{
	(void)state;
	struct told *told = told_new();
	tell(told, "started", "up", "1", -1);
	tell(told, "failed", "up", "1", 1);
	expect_state(told, "1", ENTRY_FAILED, false);
	tell(told, "started", "up", "1", -1);
	tell(told, "statement", "up", "1", 1);
	tell(told, "statement", "up", "1", 2);
	tell(told, "failed", "up", "1", 3);
	expect_state(told, "1", ENTRY_PARTIAL, false);
	assert_int_equal(history_find(&told->history, "1", "1")->statements_done, 2);
	tell(told, "applied", "up", "1", -1);
	expect_state(told, "1", ENTRY_APPLIED, false);
	assert_int_equal(history_find(&told->history, "1", "1")->statements_done, 0);
	tell(told, "started", "down", "1", -1);
	expect_state(told, "1", ENTRY_PARTIAL, true);
	tell(told, "failed", "down", "1", 1);
	expect_state(told, "1", ENTRY_FAILED, true);
	told_free(told);
}

static void a_wipe_forgets_everything_before_it_but_the_batches(void **state)
{
	(void)state;
	struct told *told = told_new();
	tell(told, "applied", "up", "1", -1);
	tell(told, "applied", "up", "R_v", -1);
	tell(told, "wiped", NULL, NULL, -1);
	assert_int_equal(told->history.count, 0);
	assert_null(history_find(&told->history, "1", "1"));
	assert_int_equal(told->history.last_batch, 1);
	tell(told, "applied", "up", "2", -1);
	assert_int_equal(told->history.count, 1);
	told_free(told);
}

static void reverting_the_last_versioned_one_resets_the_repeatables(void **state)
{
	(void)state;
	struct told *told = told_new();
	tell(told, "baselined", "up", "1", -1);
	tell(told, "applied", "up", "2", -1);
	tell(told, "applied", "up", "3", -1);
	tell(told, "applied", "up", "R_v", -1);
	tell(told, "reverted", "down", "3", -1);
	expect_state(told, "R_v", ENTRY_APPLIED, false);
	tell(told, "reverted", "down", "2", -1);
	expect_state(told, "R_v", ENTRY_REVERTED, false);
	told_free(told);
}

static void an_accepted_checksum_does_not_make_an_old_migration_the_newest(void **state)
{
	(void)state;
	struct told *told = told_new();
	tell(told, "applied", "up", "1", -1);
	tell(told, "applied", "up", "2", -1);
	tell(told, "repaired", "up", "1", -1);
	assert_int_equal(history_find(&told->history, "1", "1")->sequence, 1);
	told_free(told);
}

static void an_accepted_checksum_leaves_when_and_by_whom_it_was_applied(void **state)
{
	(void)state;
	struct told *told = told_new();
	tell(told, "applied", "up", "1", -1);
	told->later = true;
	tell(told, "repaired", "up", "1", -1);
	const struct entry *entry = history_find(&told->history, "1", "1");
	assert_string_equal(entry->actor, "ada");
	assert_string_equal(entry->at, "earlier");
	assert_int_equal(entry->duration_us, 5);
	told_free(told);
}

static void versions_are_one_whatever_their_zeros_and_names(void **state)
{
	(void)state;
	struct told *told = told_new();
	tell(told, "applied", "up", "007", -1);
	assert_non_null(history_find(&told->history, "7", "any"));
	assert_null(history_find(&told->history, "", "007"));
	for (int i = 100; i < 1100; i++)
		tell(told, "applied", "up", arena_printf(&told->arena, "%d", i), -1);
	for (int i = 100; i < 1100; i++)
		assert_non_null(
			history_find(&told->history, arena_printf(&told->arena, "00%d", i), ""));
	assert_null(history_find(&told->history, "1100", ""));
	assert_int_equal(told->history.count, 1001);
	arena_free(&told->arena);
	told_free(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_untouched_chain_verifies),
		CASE(an_absent_database_has_an_empty_history),
		CASE(any_changed_column_is_found),
		CASE(an_event_that_was_rewritten_with_its_hash_is_found_by_the_next),
		CASE(a_removed_event_is_found),
		CASE(a_cut_tail_is_found_by_the_checkpoint),
		CASE(an_emptied_history_is_not_a_new_one),
		CASE(a_verified_event_that_was_replaced_is_found_by_the_checkpoint),
		CASE(the_tail_check_covers_what_came_after_the_checkpoint),
		CASE(without_a_readable_checkpoint_everything_is_verified),
		CASE(a_checkpoint_may_stand_at_the_first_event),
		CASE(a_broken_chain_stops_a_writing_command),
		CASE(an_event_of_a_newer_version_is_refused),
		CASE(a_migrator_notices_what_others_wrote),
		cmocka_unit_test(the_last_event_of_a_migration_decides),
		cmocka_unit_test(statements_without_a_transaction_stand_until_said_otherwise),
		cmocka_unit_test(a_wipe_forgets_everything_before_it_but_the_batches),
		cmocka_unit_test(reverting_the_last_versioned_one_resets_the_repeatables),
		cmocka_unit_test(an_accepted_checksum_does_not_make_an_old_migration_the_newest),
		cmocka_unit_test(an_accepted_checksum_leaves_when_and_by_whom_it_was_applied),
		cmocka_unit_test(versions_are_one_whatever_their_zeros_and_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
