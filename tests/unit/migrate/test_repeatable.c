/* Repeatable migrations: when they run, and when not. */
#include "support.h"

#define VIEW "-- migrate:up\nDROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT "

static void repeatables_run_after_the_versioned_ones(void **state)
{
	struct place *place = *state;
	place_write(place, "R_b.sql", VIEW "1;\n");
	place_write(place, "R_a.sql", VIEW "2;\n");
	put_table(place, "1_a.sql", "a");
	place_run(place);
	expect_reported(place, "+1_a +R_a +R_b");
	expect_rows(place, "1_a applied, R_a applied, R_b applied");
	expect_sql(place, "SELECT version = '' FROM eloquent_history WHERE name = 'R_a'", "1");
}

static void an_unchanged_one_does_not_run_again(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	place_run(place);
	place_run(place);
	assert_int_equal(place->migrator.step_count, 0);
}

static void a_changed_one_runs_again(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	place_run(place);
	place_write(place, "R_a.sql", VIEW "2;\n");
	expect_rows(place, "R_a stale");
	place_run(place);
	expect_sql(place, "SELECT * FROM v", "2");
	expect_rows(place, "R_a applied");
}

static void none_runs_while_something_versioned_stays_pending(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	must(place, place_try_run(place, (struct run_selection){.step = 1}));
	expect_reported(place, "+1_a");
	expect_error(place, place_try_run(place, (struct run_selection){.only = "R_a"}),
		     STATUS_CHECK_FAILED, "R_a");
	must(place, place_try_run(place, (struct run_selection){.only = "2_b"}));
	expect_reported(place, "+2_b");
	must(place, place_try_run(place, (struct run_selection){.only = "R_a"}));
	expect_reported(place, "+R_a");
}

static void an_unchanged_one_does_not_run_by_its_name_either(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	place_run(place);
	must(place, place_try_run(place, (struct run_selection){.only = "R_a"}));
	assert_int_equal(place->migrator.step_count, 0);
}

static void one_for_another_environment_does_not_run(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", "-- eloquent:only env=staging\n" VIEW "1;\n");
	place_run(place);
	expect_rows(place, "");
	place->migrator.word = "staging";
	place_run(place);
	place->migrator.word = "development";
	place_write(place, "R_a.sql", "-- eloquent:only env=staging\n" VIEW "2;\n");
	place_run(place);
	assert_int_equal(place->migrator.step_count, 0);
	expect_sql(place, "SELECT * FROM v", "1");
}

static void one_without_a_transaction_that_changed_runs_from_its_start(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql",
		    "-- migrate:up transaction:false\nDROP VIEW IF EXISTS v;\nbroken;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "broken");
	expect_rows(place, "R_a partial");
	place_write(place, "R_a.sql", VIEW "1;\n");
	expect_rows(place, "R_a stale");
	place_run(place);
	expect_sql(place, "SELECT * FROM v", "1");
	expect_chain(place);
}

static void step_does_not_count_them(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	put_table(place, "1_a.sql", "a");
	must(place, place_try_run(place, (struct run_selection){.step = 1}));
	expect_reported(place, "+1_a +R_a");
}

static void they_are_never_rolled_back(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n-- migrate:down\nDROP VIEW v;\n");
	put_table(place, "1_a.sql", "a");
	place_run(place);
	place_rollback(place, (struct rollback_selection){.all = true});
	expect_reported(place, "-1_a");
	expect_sql(place, "SELECT * FROM v", "1");
}

static void they_run_again_after_everything_was_rolled_back(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	place_rollback(place, (struct rollback_selection){.step = 1});
	expect_rows(place, "1_a applied, 2_b pending, R_a applied");
	place_rollback(place, (struct rollback_selection){.step = 1});
	expect_rows(place, "1_a pending, 2_b pending, R_a pending");
	place_run(place);
	expect_reported(place, "+1_a +2_b +R_a");
}

static void they_run_again_after_a_wipe(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	place_run(place);
	place_load(place);
	must(place, migrator_select_fresh(&place->migrator, &place->error));
	must(place, place_execute(place));
	expect_reported(place, "+R_a");
	expect_sql(place, "SELECT * FROM v", "1");
}

static void a_redo_of_everything_runs_them_again(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	put_table(place, "1_a.sql", "a");
	place_run(place);
	place_load(place);
	must(place, migrator_select_redo(&place->migrator, 1, &place->error));
	must(place, place_execute(place));
	expect_reported(place, "-1_a +1_a +R_a");
	expect_rows(place, "1_a applied, R_a applied");
}

static void one_that_failed_runs_again(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", "-- migrate:up\nSELECT broken;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "R_a.sql:2");
	expect_rows(place, "R_a failed");
	place_write(place, "R_a.sql", VIEW "1;\n");
	place_run(place);
	expect_rows(place, "R_a applied");
}

static void a_file_that_is_gone_is_missing(void **state)
{
	struct place *place = *state;
	place_write(place, "R_a.sql", VIEW "1;\n");
	place_run(place);
	place_unlink(place, "R_a.sql");
	expect_rows(place, "R_a missing");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_MISSING, "R_a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(repeatables_run_after_the_versioned_ones),
		CASE(an_unchanged_one_does_not_run_again),
		CASE(a_changed_one_runs_again),
		CASE(none_runs_while_something_versioned_stays_pending),
		CASE(an_unchanged_one_does_not_run_by_its_name_either),
		CASE(one_for_another_environment_does_not_run),
		CASE(one_without_a_transaction_that_changed_runs_from_its_start),
		CASE(step_does_not_count_them),
		CASE(they_are_never_rolled_back),
		CASE(they_run_again_after_everything_was_rolled_back),
		CASE(they_run_again_after_a_wipe),
		CASE(a_redo_of_everything_runs_them_again),
		CASE(one_that_failed_runs_again),
		CASE(a_file_that_is_gone_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
