/* migrate:rollback, reset, redo and fresh on a real database. */
#include "support.h"

/* 1_a | 2_b 3_c | 4_d: three batches */
static void three_batches(struct place *place)
{
	put_table(place, "1_a.sql", "a");
	place_run(place);
	put_table(place, "2_b.sql", "b");
	put_table(place, "3_c.sql", "c");
	place_run(place);
	put_table(place, "4_d.sql", "d");
	place_run(place);
}

static void the_last_batch_goes_newest_first(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_rollback(place, (struct rollback_selection){0});
	expect_reported(place, "-4_d");
	place_rollback(place, (struct rollback_selection){0});
	expect_reported(place, "-3_c -2_b");
	expect_sql(place, "SELECT name FROM sqlite_schema WHERE length(name) = 1", "a");
	expect_rows(place, "1_a applied, 2_b pending, 3_c pending, 4_d pending");
	expect_chain(place);
}

static void a_rolled_back_migration_is_one_reverted_event_of_its_batch(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_rollback(place, (struct rollback_selection){0});
	expect_sql(place,
		   "SELECT event, direction, batch, name FROM eloquent_history WHERE sequence = 5",
		   "reverted|down|3|4_d");
}

static void step_counts_migrations_not_batches(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_rollback(place, (struct rollback_selection){.step = 2});
	expect_reported(place, "-4_d -3_c");
}

static void a_batch_can_be_named(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_rollback(place, (struct rollback_selection){.batch = 2});
	expect_reported(place, "-3_c -2_b");
	expect_rows(place, "1_a applied, 2_b out of order, 3_c out of order, 4_d applied");
	place->migrator.allow_missing = true;
	expect_error(place, place_try_rollback(place, (struct rollback_selection){.batch = 9}),
		     STATUS_UNKNOWN_NAME, "batch 9");
}

static void to_names_the_one_that_stays(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_rollback(place, (struct rollback_selection){.to = "2_b"});
	expect_reported(place, "-4_d -3_c");
	expect_error(place, place_try_rollback(place, (struct rollback_selection){.to = "3_c"}),
		     STATUS_CHECK_FAILED, "3_c");
	expect_error(place, place_try_rollback(place, (struct rollback_selection){.to = "no"}),
		     STATUS_UNKNOWN_NAME, "\"no\"");
	put_table(place, "5_e.sql", "e");
	expect_error(place, place_try_rollback(place, (struct rollback_selection){.to = "5_e"}),
		     STATUS_CHECK_FAILED, "5_e is not an applied");
}

static void all_of_them_can_go(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_rollback(place, (struct rollback_selection){.all = true});
	expect_reported(place, "-4_d -3_c -2_b -1_a");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1", "0");
	place_rollback(place, (struct rollback_selection){0});
	assert_int_equal(place->migrator.step_count, 0);
}

static void what_ran_last_goes_first_also_when_its_version_is_older(void **state)
{
	struct place *place = *state;
	put_table(place, "2_b.sql", "b");
	place_run(place);
	put_table(place, "1_a.sql", "a");
	place->migrator.allow_missing = true;
	place_run(place);
	place_rollback(place, (struct rollback_selection){.step = 1});
	expect_reported(place, "-1_a");
}

static void a_missing_down_section_stops_before_anything_runs(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", "-- migrate:up\nCREATE TABLE a (id);\n");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	expect_error(place, place_try_rollback(place, (struct rollback_selection){0}),
		     STATUS_DOWN_MISSING, "1_a");
	expect_hint(place, "--accept 1_a");
	expect_rows(place, "1_a applied, 2_b applied");
}

static void a_down_section_of_comments_runs_and_does_nothing(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up\nCREATE TABLE a (id);\n-- migrate:down\n-- stays\n");
	place_run(place);
	place_rollback(place, (struct rollback_selection){0});
	expect_rows(place, "1_a pending");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name = 'a'", "1");
}

static void edited_and_missing_files_stop_a_rollback(void **state)
{
	struct place *place = *state;
	three_batches(place);
	put_table(place, "1_a.sql", "x");
	expect_error(place, place_try_rollback(place, (struct rollback_selection){0}), STATUS_MODIFIED,
		     "1_a");
	put_table(place, "1_a.sql", "a");
	place_unlink(place, "2_b.sql");
	expect_error(place, place_try_rollback(place, (struct rollback_selection){0}), STATUS_MISSING,
		     "2_b");
}

static void a_failed_down_leaves_the_migration_applied_and_says_so(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_write(place, "2_b.sql",
		    "-- migrate:up\n-- migrate:down\nDROP TABLE a;\nDROP TABLE nothing;\n");
	place_run(place);
	expect_error(place, place_try_rollback(place, (struct rollback_selection){0}),
		     STATUS_STATEMENT_FAILED, "2_b.sql:4: statement 2 of 2");
	expect_hint(place, "this migration is applied as it was before");
	expect_rows(place, "1_a applied, 2_b applied");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name = 'a'", "1");
	expect_sql(place, "SELECT event, direction FROM eloquent_history WHERE sequence = 3",
		   "failed|down");
	const struct entry *entry = history_find(&place->migrator.history, "2", "2_b");
	assert_int_equal(entry->state, ENTRY_FAILED);
	assert_true(entry->down);
	assert_int_equal(entry->batch, 1);
}

static void redo_takes_the_last_ones_down_and_up_again(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_load(place);
	must(place, migrator_select_redo(&place->migrator, 2, &place->error));
	must(place, place_execute(place));
	expect_reported(place, "-4_d -3_c +3_c +4_d");
	expect_rows(place, "1_a applied, 2_b applied, 3_c applied, 4_d applied");
	expect_sql(place, "SELECT group_concat(batch) FROM eloquent_history WHERE sequence > 4",
		   "3,2,4,4");
	expect_chain(place);
}

static void redo_of_nothing_does_nothing(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_load(place);
	must(place, migrator_select_redo(&place->migrator, 1, &place->error));
	assert_int_equal(place->migrator.step_count, 0);
}

static void try_fresh(struct place *place, enum status expected)
{
	error_clear(&place->error);
	enum status status = migrator_load(&place->migrator, VERIFY_TAIL, &place->error);
	if (!status)
		status = migrator_select_fresh(&place->migrator, &place->error);
	if (!status)
		status = place_execute(place);
	if (status != expected)
		fail_msg("%s: %s", status_code(status), place->error.message);
}

static void fresh_drops_everything_and_runs_every_file(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_sql(place,
		  "CREATE TABLE stray (id); CREATE VIEW v AS SELECT 1; INSERT INTO a VALUES (1)");
	try_fresh(place, STATUS_OK);
	expect_reported(place, "+1_a +2_b +3_c +4_d");
	expect_sql(place, "SELECT name FROM sqlite_schema WHERE length(name) = 1 OR name = 'stray'",
		   "a\nb\nc\nd");
	expect_sql(place, "SELECT count(*) FROM a", "0");
	expect_sql(place, "SELECT event, detail FROM eloquent_history WHERE sequence = 5",
		   "wiped|{\"dropped\":6}");
	expect_sql(place, "SELECT count(*) FROM eloquent_history", "9");
	expect_rows(place, "1_a applied, 2_b applied, 3_c applied, 4_d applied");
	expect_chain(place);
}

static void fresh_takes_edited_and_older_files_as_they_are(void **state)
{
	struct place *place = *state;
	three_batches(place);
	put_table(place, "1_a.sql", "x");
	put_table(place, "0_z.sql", "z");
	place_unlink(place, "4_d.sql");
	try_fresh(place, STATUS_OK);
	expect_rows(place, "0_z applied, 1_a applied, 2_b applied, 3_c applied");
}

static void fresh_with_a_malformed_file_drops_nothing(void **state)
{
	struct place *place = *state;
	three_batches(place);
	place_write(place, "5_e.sql", "-- migrate:up\nCOMMIT;\n");
	try_fresh(place, STATUS_MALFORMED);
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1", "4");
}

static void fresh_on_an_absent_database_makes_it(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	try_fresh(place, STATUS_OK);
	expect_rows(place, "1_a applied");
}

static void a_stop_before_the_wipe_drops_nothing(void **state)
{
	struct place *place = *state;
	three_batches(place);
	atomic_store(&place->stop, SIGINT);
	try_fresh(place, STATUS_INTERRUPTED);
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1", "4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_last_batch_goes_newest_first),
		CASE(a_rolled_back_migration_is_one_reverted_event_of_its_batch),
		CASE(step_counts_migrations_not_batches),
		CASE(a_batch_can_be_named),
		CASE(to_names_the_one_that_stays),
		CASE(all_of_them_can_go),
		CASE(what_ran_last_goes_first_also_when_its_version_is_older),
		CASE(a_missing_down_section_stops_before_anything_runs),
		CASE(a_down_section_of_comments_runs_and_does_nothing),
		CASE(edited_and_missing_files_stop_a_rollback),
		CASE(a_failed_down_leaves_the_migration_applied_and_says_so),
		CASE(redo_takes_the_last_ones_down_and_up_again),
		CASE(redo_of_nothing_does_nothing),
		CASE(fresh_drops_everything_and_runs_every_file),
		CASE(fresh_takes_edited_and_older_files_as_they_are),
		CASE(fresh_with_a_malformed_file_drops_nothing),
		CASE(fresh_on_an_absent_database_makes_it),
		CASE(a_stop_before_the_wipe_drops_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
