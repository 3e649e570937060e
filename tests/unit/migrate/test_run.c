/* migrate:run on a real database: what is selected, what stands after it, and what
 * is said when it fails. */
#include "support.h"

#define UP "-- migrate:up\n"

static void pending_migrations_run_in_the_order_of_their_versions(void **state)
{
	struct place *place = *state;
	put_table(place, "10_c.sql", "c");
	put_table(place, "2_b.sql", "b");
	put_table(place, "1_a.sql", "a");
	place_run(place);
	expect_reported(place, "+1_a +2_b +10_c");
	expect_sql(place, "SELECT name FROM sqlite_schema WHERE length(name) = 1 ORDER BY rootpage",
		   "a\nb\nc");
	expect_rows(place, "1_a applied, 2_b applied, 10_c applied");
	expect_chain(place);
}

static void each_migration_is_one_applied_event(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	expect_sql(place,
		   "SELECT sequence, batch, version, name, direction, event FROM eloquent_history",
		   "1|1|1|1_a|up|applied\n2|1|2|2_b|up|applied");
	expect_sql(place,
		   "SELECT count(*) FROM eloquent_history WHERE actor = 'ada' AND tool = 'eloquent "
		   "test' AND "
		   "duration_us >= 0 AND length(checksum) = 64 AND audit_head = ''",
		   "2");
}

static void a_second_run_does_nothing(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	place_run(place);
	assert_int_equal(place->migrator.step_count, 0);
	expect_sql(place, "SELECT count(*) FROM eloquent_history", "1");
}

static void each_run_is_a_batch_of_its_own(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	put_table(place, "2_b.sql", "b");
	put_table(place, "3_c.sql", "c");
	place_run(place);
	expect_sql(place, "SELECT group_concat(batch) FROM eloquent_history", "1,2,2");
}

static void a_batch_is_never_used_again(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_run(place);
	put_table(place, "2_b.sql", "b");
	place_run(place);
	place_rollback(place, (struct rollback_selection){.batch = 1});
	place->migrator.allow_missing = true;
	place_run(place);
	expect_sql(place, "SELECT event, batch FROM eloquent_history WHERE sequence > 2",
		   "reverted|1\napplied|3");
}

static void step_runs_at_most_so_many(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	put_table(place, "3_c.sql", "c");
	must(place, place_try_run(place, (struct run_selection){.step = 2}));
	expect_rows(place, "1_a applied, 2_b applied, 3_c pending");
}

static void to_runs_up_to_and_including_it(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	put_table(place, "3_c.sql", "c");
	must(place, place_try_run(place, (struct run_selection){.to = "2_b.sql"}));
	expect_rows(place, "1_a applied, 2_b applied, 3_c pending");
}

static void a_name_alone_runs_that_file_only(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	must(place, place_try_run(place, (struct run_selection){.only = "1_a"}));
	expect_rows(place, "1_a applied, 2_b pending");
	must(place, place_try_run(place, (struct run_selection){.only = "1_a"}));
	assert_int_equal(place->migrator.step_count, 0);
}

static void unknown_names_are_refused_with_the_nearest(void **state)
{
	struct place *place = *state;
	put_table(place, "1_users.sql", "a");
	expect_error(place, place_try_run(place, (struct run_selection){.only = "1_user"}),
		     STATUS_UNKNOWN_NAME, "1_user");
	expect_hint(place, "1_users");
	expect_error(place, place_try_run(place, (struct run_selection){.to = "1"}),
		     STATUS_UNKNOWN_NAME, "\"1\"");
}

static void an_empty_migration_is_recorded(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP "-- nothing yet\n");
	place_write(place, "2_b.sql", UP "-- migrate:down\n");
	place_run(place);
	expect_rows(place, "1_a applied, 2_b applied");
}

static void a_failing_statement_leaves_nothing_and_names_file_line_and_statement(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_write(place, "2_b.sql",
		    UP "CREATE TABLE s1 (id);\nCREATE TABLE s2 (id);\nCREATE TABLE s3 (id);\nCREATE "
		       "TABLE s4 (id);\n"
		       "CREATE TABLE s5 (id);\nCREATE TABLE s6 (id);\n\nCREATE\n TABEL s7 "
		       "(id);\nCREATE TABLE s8 (id);\n"
		       "CREATE TABLE s9 (id);\n");
	put_table(place, "3_c.sql", "c");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "2_b.sql:10: statement 7 of 9 failed: near \"TABEL\": syntax error");
	expect_hint(place, "nothing of this migration stands; 1 migration before it is applied");
	assert_int_equal(place->error.line, 10);
	assert_int_equal(place->error.statement, 7);
	assert_true(text_ends(place->error.file, "2_b.sql"));
	expect_reported(place, "+1_a !2_b");
	assert_int_equal(place->migrator.steps_done, 1);
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 's_'", "0");
	expect_rows(place, "1_a applied, 2_b failed, 3_c pending");
	expect_chain(place);
}

static void a_failure_is_one_failed_event_with_its_reason(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP "SELECT nothing_there;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "nothing_there");
	expect_sql(place,
		   "SELECT event, statement, detail ->> 'code', detail ->> 'line', detail ->> "
		   "'statement', "
		   "detail ->> 'message' LIKE '%nothing_there%' FROM eloquent_history",
		   "failed|1|statement_failed|2|1|1");
}

/* Not the driver's words, which are masked where they come in: the file's path. */
static void a_secret_in_a_failure_is_masked_in_the_history(void **state)
{
	struct place *place = *state;
	const char *secret = strrchr(place->root, '/') + 1;
	redact_add(place->observer, secret, strlen(secret));
	place_write(place, "1_a.sql", UP "broken;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     secret);
	expect_sql(place,
		   arena_printf(&place->arena,
				"SELECT instr(detail, '[REDACTED]') > 0, instr(detail, '%s') FROM "
				"eloquent_history",
				secret),
		   "1|0");
}

static void a_mended_migration_runs(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql", UP "CREATE TABEL a;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_STATEMENT_FAILED,
		     "TABEL");
	put_table(place, "1_a.sql", "a");
	place_run(place);
	expect_rows(place, "1_a applied");
	expect_sql(place, "SELECT group_concat(event) FROM eloquent_history", "failed,applied");
	expect_chain(place);
}

static void the_rows_that_a_migration_changed_are_counted(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "CREATE TABLE a (id);\nINSERT INTO a VALUES (1), (2), (3);\nDELETE FROM a WHERE "
		       "id > 1;\n");
	place_run(place);
	expect_sql(place, "SELECT rows FROM eloquent_history", "5");
}

static void what_a_failure_says_is_json_whatever_it_holds(void **state)
{
	(void)state;
	TEXT_CLEANUP struct text detail = {0};
	detail_add_text(&detail, "a", "q\" b\\ n\n t\t \x01 \xc3\xa9 bad \xff\xc3");
	detail_add_text(&detail, "none", NULL);
	detail_add_number(&detail, "n", -7);
	assert_string_equal(detail_close(&detail),
			    "{\"a\":\"q\\\" b\\\\ n\\u000a t\\u0009 \\u0001 \xc3\xa9 bad "
			    "\\ufffd\\ufffd\",\"n\":-7}");
	text_clear(&detail);
	assert_string_equal(detail_close(&detail), "{}");
}

static void a_stop_between_statements_rolls_back(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	place->stop_at = 1;
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_INTERRUPTED, "2_b");
	expect_hint(place, "1 migration before it is applied");
	atomic_store(&place->stop, 0);
	place->stop_at = 0;
	expect_rows(place, "1_a applied, 2_b pending");
	place_run(place);
	expect_chain(place);
}

static void sigterm_ends_as_terminated(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	atomic_store(&place->stop, SIGTERM);
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_TERMINATED, "1_a");
	atomic_store(&place->stop, 0);
	expect_rows(place, "1_a pending");
}

static void the_checkpoint_is_the_last_event(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	put_table(place, "2_b.sql", "b");
	place_run(place);
	expect_checkpoint_at_the_end(place);
}

static void a_timeout_ends_the_statement_and_the_migration(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    "-- migrate:up timeout:50ms\nCREATE TABLE a (id);\nWITH RECURSIVE n(i) AS (SELECT "
		    "1 UNION ALL SELECT "
		    "i + 1 FROM n) SELECT count(*) FROM n;\n");
	expect_error(place, place_try_run(place, (struct run_selection){0}), STATUS_TIMEOUT,
		     "1_a.sql:3: statement 2 of 2");
	expect_rows(place, "1_a failed");
	expect_sql(place, "SELECT detail ->> 'code' FROM eloquent_history", "timeout");
}

struct shown {
	struct text text;
};

static void show(void *context, const struct step *step, const char *text, size_t size)
{
	struct shown *shown = context;
	text_printf(&shown->text, "%s:%.*s|", step->file->name, (int)size, text);
}

static void a_preview_shows_each_statement_and_sends_none(void **state)
{
	struct place *place = *state;
	struct shown shown = {0};
	place_write(place, "1_a.sql", UP "SELECT 1;\n-- note\nSELECT ';';\n");
	put_table(place, "2_b.sql", "b");
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	must(place, migrator_preview(&place->migrator, show, &shown, &place->error));
	assert_string_equal(shown.text.data,
			    "1_a:SELECT 1|1_a:SELECT ';'|2_b:CREATE TABLE b (id INTEGER)|");
	assert_int_equal(access(place->file, F_OK), -1);
	text_free(&shown.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pending_migrations_run_in_the_order_of_their_versions),
		CASE(each_migration_is_one_applied_event),
		CASE(a_second_run_does_nothing),
		CASE(each_run_is_a_batch_of_its_own),
		CASE(a_batch_is_never_used_again),
		CASE(step_runs_at_most_so_many),
		CASE(to_runs_up_to_and_including_it),
		CASE(a_name_alone_runs_that_file_only),
		CASE(unknown_names_are_refused_with_the_nearest),
		CASE(an_empty_migration_is_recorded),
		CASE(a_failing_statement_leaves_nothing_and_names_file_line_and_statement),
		CASE(a_failure_is_one_failed_event_with_its_reason),
		CASE(a_secret_in_a_failure_is_masked_in_the_history),
		CASE(a_mended_migration_runs),
		CASE(the_rows_that_a_migration_changed_are_counted),
		cmocka_unit_test(what_a_failure_says_is_json_whatever_it_holds),
		CASE(a_stop_between_statements_rolls_back),
		CASE(sigterm_ends_as_terminated),
		CASE(the_checkpoint_is_the_last_event),
		CASE(a_timeout_ends_the_statement_and_the_migration),
		CASE(a_preview_shows_each_statement_and_sends_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
