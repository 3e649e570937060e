/* transaction:false: every statement stands for itself, and what stands is known. */
#include "support.h"

#define UP "-- migrate:up transaction:false\n"
#define THREE UP "CREATE TABLE a (id);\nCREATE TABLE b (id);\nCREATE TABLE c (id);\n"

static void events_say_what_stands(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", THREE);
	place_run(place);
	expect_sql(place, "SELECT event, statement FROM eloquent_history",
		   "started|\nstatement|1\nstatement|2\napplied|");
	expect_rows(place, "1_a applied");
	expect_chain(place);
}

static void what_cannot_run_in_a_transaction_runs_here(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP "CREATE TABLE a (id);\nVACUUM;\n");
	place_run(place);
	expect_rows(place, "1_a applied");
}

static void an_empty_one_is_recorded(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP);
	place_run(place);
	expect_sql(place, "SELECT event FROM eloquent_history", "applied");
}

static void a_failure_keeps_what_ran_before_it_and_says_so(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE a (id);\nCREATE TABLE b (id);\nCREATE TABEL c;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "1_a.sql:4: statement 3 of 3 failed");
	expect_hint(place, "2 of 3 statements of its up section stand and are recorded");
	expect_hint(place, "--mark applied|reverted 1_a");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')", "2");
	expect_rows(place, "1_a partial");
	assert_int_equal(place->migrator.rows[0].entry->statements_done, 2);
	expect_chain(place);
}

static void a_run_goes_on_behind_the_last_recorded_statement(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE a (id);\nINSERT INTO other VALUES (1);\nCREATE TABLE c (id);\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "statement 2 of 3");
	place_sql(place, "CREATE TABLE other (id)");
	place_run(place);
	expect_rows(place, "1_a applied");
	expect_sql(place, "SELECT event, statement FROM eloquent_history",
		   "started|\nstatement|1\nfailed|2\nstatement|2\napplied|");
	expect_chain(place);
}

static void a_half_applied_file_that_was_edited_is_modified(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP "CREATE TABLE a (id);\nbroken;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "broken");
	place_write(place, "1_a.sql", UP "CREATE TABLE a (id);\nCREATE TABLE b (id);\n");
	expect_rows(place, "1_a modified");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_MODIFIED, "1_a");
	expect_hint(place, "--mark applied|reverted 1_a");
}

static void a_first_statement_that_fails_leaves_nothing_and_may_be_mended(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP "broken;\nCREATE TABLE b (id);\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "statement 1 of 2");
	expect_hint(place, "nothing of this migration stands");
	expect_rows(place, "1_a failed");
	place_write(place, "1_a.sql", UP "CREATE TABLE a (id);\nCREATE TABLE b (id);\n");
	place_run(place);
	expect_rows(place, "1_a applied");
}

static void the_session_lasts_from_the_first_statement_to_the_last(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TEMP TABLE t (id);\nINSERT INTO t VALUES (7);\n"
		       "CREATE TABLE a AS SELECT id FROM t;\n");
	place_run(place);
	expect_sql(place, "SELECT * FROM a", "7");
}

static void a_pragma_that_does_nothing_in_a_transaction_works_here(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE p (id INTEGER PRIMARY KEY);\n"
		       "CREATE TABLE a (p INTEGER REFERENCES p (id));\n"
		       "PRAGMA foreign_keys = ON;\nPRAGMA synchronous = OFF;\n"
		       "CREATE TABLE s AS SELECT synchronous AS s FROM pragma_synchronous;\n"
		       "INSERT INTO a VALUES (7);\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "1_a.sql:7: statement 6 of 6 failed: FOREIGN KEY constraint failed");
	expect_sql(place, "SELECT s FROM s", "0");
}

/* SQLite says so at the commit. */
static void a_constraint_that_is_checked_at_the_end_is_the_statements_failure(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up transaction:false foreign_keys:on\n"
		    "CREATE TABLE p (id INTEGER PRIMARY KEY);\n"
		    "CREATE TABLE a (p INTEGER REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED);\n"
		    "INSERT INTO a VALUES (7);\nCREATE TABLE b (id);\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "1_a.sql:4: statement 3 of 4 failed: FOREIGN KEY constraint failed");
	expect_hint(place, "2 of 4 statements");
	expect_sql(place, "SELECT count(*) FROM a", "0");
	expect_rows(place, "1_a partial");
	expect_chain(place);
}

static void its_own_transaction_is_its_own_business(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE a (id);\nBEGIN;\nCREATE TABLE b (id);\nCREATE TABLE c (id);\n"
		       "COMMIT;\nCREATE TABLE d (id);\n");
	place_run(place);
	expect_rows(place, "1_a applied");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1", "4");
	expect_chain(place);
}

static void what_it_rolls_back_itself_leaves_no_gap_in_the_history(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE a (id);\nBEGIN;\nCREATE TABLE b (id);\nROLLBACK;\n"
		       "CREATE TABLE c (id);\n");
	place_run(place);
	expect_rows(place, "1_a applied");
	expect_sql(place, "SELECT name FROM sqlite_schema WHERE length(name) = 1", "a\nc");
	expect_chain(place);
}

static void a_failure_inside_its_own_transaction_resumes_before_it(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE a (id);\nBEGIN;\nCREATE TABLE b (id);\n"
		       "INSERT INTO other VALUES (1);\nCOMMIT;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "statement 4 of 5");
	expect_hint(place, "1 of 5 statements");
	expect_rows(place, "1_a partial");
	assert_int_equal(place->migrator.rows[0].entry->statements_done, 1);
	expect_chain(place);
	place_sql(place, "CREATE TABLE other (id)");
	place_run(place);
	expect_rows(place, "1_a applied");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'", "1");
	expect_chain(place);
}

static void a_rollback_of_a_half_applied_one_is_refused(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE a (id);\nbroken;\n-- migrate:down\nDROP TABLE a;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "broken");
	expect_error(place, place_try_rollback(place, (struct rollback_selection){0}),
		     STATUS_CHECK_FAILED, "1_a");
	expect_hint(place, "migrate:run");
	expect_hint(place, "--mark reverted 1_a");
}

static void half_rolled_back(struct place *place)
{
	place_write(
		place, "1_a.sql",
		"-- migrate:up\nCREATE TABLE a (id);\nCREATE TABLE b (id);\n"
		"-- migrate:down transaction:false\nDROP TABLE a;\nDROP TABLE other;\nDROP TABLE b;\n");
	place_run(place);
	expect_error(place, place_try_rollback(place, (struct rollback_selection){0}),
		     STATUS_STATEMENT_FAILED, "statement 2 of 3");
	expect_hint(place, "1 of 3 statements of its down section stand");
}

static void a_half_rolled_back_one_stops_a_run_and_is_finished_by_a_rollback(void **state)
{
	struct place *place = *state;
	half_rolled_back(place);
	expect_rows(place, "1_a partial");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_CHECK_FAILED,
		     "half rolled back");
	expect_hint(place, "migrate:rollback");
	place_sql(place, "CREATE TABLE other (id)");
	place_rollback(place, (struct rollback_selection){0});
	expect_reported(place, "-1_a");
	expect_rows(place, "1_a pending");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE length(name) = 1", "0");
	expect_chain(place);
}

static void a_down_whose_first_statement_fails_leaves_it_applied(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up\nCREATE TABLE a (id);\n-- migrate:down transaction:false\n"
		    "DROP TABLE other;\nDROP TABLE a;\n");
	place_run(place);
	expect_error(place, place_try_rollback(place, (struct rollback_selection){0}),
		     STATUS_STATEMENT_FAILED, "statement 1 of 2");
	expect_rows(place, "1_a applied");
}

static void a_stop_leaves_it_partial_and_the_next_run_goes_on(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", THREE);
	atomic_store(&place->stop, SIGINT);
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	expect_error(place, place_execute(place), STATUS_INTERRUPTED, "1_a");
	atomic_store(&place->stop, 0);
	place_run(place);
	expect_rows(place, "1_a applied");
	expect_chain(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(events_say_what_stands),
		CASE(what_cannot_run_in_a_transaction_runs_here),
		CASE(an_empty_one_is_recorded),
		CASE(a_failure_keeps_what_ran_before_it_and_says_so),
		CASE(a_run_goes_on_behind_the_last_recorded_statement),
		CASE(a_half_applied_file_that_was_edited_is_modified),
		CASE(a_first_statement_that_fails_leaves_nothing_and_may_be_mended),
		CASE(the_session_lasts_from_the_first_statement_to_the_last),
		CASE(a_pragma_that_does_nothing_in_a_transaction_works_here),
		CASE(a_constraint_that_is_checked_at_the_end_is_the_statements_failure),
		CASE(its_own_transaction_is_its_own_business),
		CASE(what_it_rolls_back_itself_leaves_no_gap_in_the_history),
		CASE(a_failure_inside_its_own_transaction_resumes_before_it),
		CASE(a_rollback_of_a_half_applied_one_is_refused),
		CASE(a_half_rolled_back_one_stops_a_run_and_is_finished_by_a_rollback),
		CASE(a_down_whose_first_statement_fails_leaves_it_applied),
		CASE(a_stop_leaves_it_partial_and_the_next_run_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
