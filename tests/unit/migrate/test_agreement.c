/* Files and history that do not agree: what stops a run, and what may be allowed. */
#include "support.h"

#define UP "-- migrate:up\n"

static void an_edited_applied_file_stops_the_run(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	put_table(place, "1_a.sql", "other");
	put_table(place, "2_b.sql", "b");
	expect_rows(place, "1_a modified, 2_b pending");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_MODIFIED, "1_a");
	expect_hint(place, "--accept 1_a");
	expect_error(place, place_try_run(place, (struct run_selection){.only = "2_b"}),
		     STATUS_MODIFIED, "1_a");
}

static void allow_missing_lets_no_edited_file_pass(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	put_table(place, "1_a.sql", "other");
	place->migrator.allow_missing = true;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_MODIFIED, "1_a");
}

static void a_deleted_applied_file_stops_the_run_unless_allowed(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	place_unlink(place, "1_a.sql");
	put_table(place, "2_b.sql", "b");
	expect_rows(place, "1_a missing, 2_b pending");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_MISSING, "1_a");
	expect_hint(place, "--forget 1_a");
	place->migrator.allow_missing = true;
	place_run(place);
	expect_rows(place, "1_a missing, 2_b applied");
}

static void an_older_pending_file_stops_the_run_unless_allowed(void **state)
{
	struct place *place = *state;
	put_table(place, "2_b.sql", "b");
	place_run(place);
	put_table(place, "1_a.sql", "a");
	expect_rows(place, "1_a out of order, 2_b applied");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_OUT_OF_ORDER,
		     "1_a");
	expect_hint(place, "--allow-missing");
	place->migrator.allow_missing = true;
	place_run(place);
	expect_rows(place, "1_a applied, 2_b applied");
}

static void a_renamed_applied_file_is_the_same_migration(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	place_unlink(place, "1_a.sql");
	put_table(place, "01_better_name.sql", "a");
	expect_rows(place, "01_better_name applied");
	place_run(place);
	assert_int_equal(place->migrator.step_count, 0);
}

static void every_edited_file_is_named(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	put_table(place, "1_a.sql", "x");
	put_table(place, "2_b.sql", "y");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_MODIFIED,
		     "1_a, 2_b");
}

static void a_condition_that_does_not_hold_makes_a_file_absent(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", "-- eloquent:only env=staging\n" UP "CREATE TABLE a (id);\n");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	expect_rows(place, "2_b applied");
	expect_error(place, place_try_run(place, (struct run_selection){.only = "1_a"}),
		     STATUS_UNKNOWN_NAME, "not for this environment");
	expect_error(place, place_try_run(place, (struct run_selection){.only = "9_z"}),
		     STATUS_UNKNOWN_NAME, "no migration is called");
}

static void what_a_condition_once_let_in_stays_known(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- eloquent:only env=staging\n" UP
		    "CREATE TABLE a (id);\n-- migrate:down\nDROP TABLE a;\n");
	place->migrator.word = "staging";
	place_run(place);
	place->migrator.word = "development";
	expect_rows(place, "1_a applied");
	place_rollback(place, (struct rollback_selection){.all = true});
	expect_rows(place, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_edited_applied_file_stops_the_run),
		CASE(allow_missing_lets_no_edited_file_pass),
		CASE(a_deleted_applied_file_stops_the_run_unless_allowed),
		CASE(an_older_pending_file_stops_the_run_unless_allowed),
		CASE(a_renamed_applied_file_is_the_same_migration),
		CASE(every_edited_file_is_named),
		CASE(a_condition_that_does_not_hold_makes_a_file_absent),
		CASE(what_a_condition_once_let_in_stays_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
