/* migrate:run on a real database: what is selected, what stands after it, and what
 * is said when it fails. */
#include "support.h"

#define UP "-- migrate:up\n"

static void put_table(struct place *place, const char *name, const char *table)
{
	TEXT_CLEANUP struct text text = {0};
	text_printf(&text,
		    "-- migrate:up\nCREATE TABLE %s (id INTEGER);\n\n-- migrate:down\nDROP TABLE %s;\n",
		    table, table);
	place_write(place, name, text.data);
}

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

static void a_wholly_wrapped_file_runs_in_our_transaction(void **state)
{
	struct place *place = *state;
	place_write(place, "1_a.sql",
		    UP "BEGIN;\nCREATE TABLE a (id);\nCREATE TABLE b (id);\nCOMMIT;\n-- end\n");
	place_run(place);
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')", "2");
	expect_sql(place, "SELECT group_concat(event) FROM eloquent_history", "applied");
}

static void expect_malformed(struct place *place, const char *text, const char *part)
{
	place_write(place, "1_a.sql", text);
	place_load(place);
	enum status status =
		migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error);
	expect_error(place, status, STATUS_MALFORMED, part);
	assert_non_null(place->error.hint);
	assert_int_equal(access(place->file, F_OK), -1);
}

static void transaction_control_in_the_middle_is_refused_before_anything_is_sent(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "CREATE TABLE a (id);\nCOMMIT;\nCREATE TABLE b (id);\n",
			 "1_a.sql:3: statement 2");
	expect_malformed(place, UP "BEGIN;\nCREATE TABLE a (id);\nCOMMIT;\nSELECT 1;\n",
			 "1_a.sql:4: statement 3");
	expect_malformed(place, UP "BEGIN;\nCREATE TABLE a (id);\n", "no COMMIT at the end");
	expect_malformed(place, UP "BEGIN;\nSELECT 1;\nCOMMIT;\nCOMMIT;\n", "1_a.sql:4: statement 3");
	expect_malformed(place, UP "SELECT 1;\nROLLBACK;\n", "statement 2");
	expect_malformed(place, UP "SAVEPOINT x;\nRELEASE x;\n", "statement 1");
	expect_malformed(place, UP "BEGIN;\nSELECT 1;\nROLLBACK;\n", "1_a.sql:4");
}

static void what_cannot_run_in_a_transaction_is_refused_with_a_remedy(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "VACUUM;\n", "1_a.sql:2: statement 1");
	expect_hint(place, "transaction:false");
}

static void client_commands_are_refused(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "SELECT 1;\n.read other.sql\n", "1_a.sql:3");
}

static void unterminated_constructs_are_refused_at_their_line(void **state)
{
	struct place *place = *state;
	expect_malformed(place, UP "SELECT 1;\n\nSELECT 'open;\n", "1_a.sql:4: statement 2");
	assert_int_equal(place->error.line, 4);
	expect_malformed(place, UP "SELECT 1;\n/* open\n", "1_a.sql:3");
}

static void put_statement(struct place *place, size_t size, struct text *text)
{
	text_clear(text);
	text_add(text, UP "SELECT '");
	while (text->size < strlen(UP) + size - 1)
		text_add_char(text, 'x');
	text_add(text, "';\n");
	place->migrator.max_size = 16 << 20;
	place_write(place, "1_a.sql", text->data);
}

static void a_statement_above_the_cap_is_refused(void **state)
{
	struct place *place = *state;
	TEXT_CLEANUP struct text text = {0};
	put_statement(place, STATEMENT_CAP + 1, &text);
	expect_malformed(place, text.data, "larger than 8 MiB");
	put_statement(place, STATEMENT_CAP, &text);
	place_run(place);
	expect_rows(place, "1_a applied");
}

/* How long the migration waits while somebody else writes, in milliseconds. */
static int64_t wait_for_writer(struct place *place, const char *directive)
{
	struct database *other = NULL;
	const struct connection *connection = project_connection(&place->project, "sqlite");
	place_write(place, "1_a.sql",
		    arena_printf(&place->arena, "%s\nCREATE TABLE a (id);\n", directive));
	place_tables(place);
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	must(place, database_open(place->observer, &place->project, connection, place->driver, true,
				  &other, &place->error));
	must(place, database_begin(other, 0, NULL, 0, -1, &place->error));
	int64_t before = clock_monotonic_ns();
	expect_error(place, migrator_execute(&place->migrator, &place->error), STATUS_LOCKED,
		     "1_a.sql");
	int64_t waited = clock_monotonic_ns() - before;
	expect_hint(place, "nothing of this migration stands");
	database_close(other);
	return waited / 1000000;
}

static void lock_timeout_says_how_long_to_wait_for_other_writers(void **state)
{
	struct place *place = *state;
	assert_true(wait_for_writer(place, "-- migrate:up lock_timeout:0") < 150);
	assert_true(wait_for_writer(place, "-- migrate:up") >= 190);
	assert_true(wait_for_writer(place, "-- migrate:up lock_timeout:500ms") >= 490);
	assert_true(wait_for_writer(place, "-- migrate:up transaction:false lock_timeout:0") < 900);
	expect_sql(place, "SELECT count(*) FROM eloquent_history", "0");
	place_run(place);
	expect_rows(place, "1_a applied");
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

static void unknown_options_are_refused_with_their_line(void **state)
{
	struct place *place = *state;
	expect_malformed(place, "\n-- migrate:up forein_keys:on\nSELECT 1;\n", "1_a.sql:2");
	expect_hint(place, "foreign_keys");
	expect_hint(place, "transaction, timeout and lock_timeout");
	expect_malformed(place, "-- migrate:up foreign_keys:perhaps\nSELECT 1;\n", "foreign_keys");
}

static void a_later_file_is_split_before_an_earlier_one_is_sent(void **state)
{
	struct place *place = *state;
	put_table(place, "0_first.sql", "a");
	expect_malformed(place, UP "SELECT 1;\nCOMMIT;\nSELECT 2;\n", "1_a.sql:3");
}

static void a_file_that_changes_between_check_and_work_is_not_sent(void **state)
{
	struct place *place = *state;
	put_table(place, "1_a.sql", "a");
	place_load(place);
	must(place, migrator_select_run(&place->migrator, &(struct run_selection){0}, &place->error));
	put_table(place, "1_a.sql", "b");
	expect_error(place, place_execute(place), STATUS_MODIFIED, "1_a.sql changed");
	expect_sql(place, "SELECT count(*) FROM eloquent_history", "0");
	expect_sql(place, "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b')", "0");
}

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
		CASE(a_wholly_wrapped_file_runs_in_our_transaction),
		CASE(transaction_control_in_the_middle_is_refused_before_anything_is_sent),
		CASE(what_cannot_run_in_a_transaction_is_refused_with_a_remedy),
		CASE(client_commands_are_refused),
		CASE(unterminated_constructs_are_refused_at_their_line),
		CASE(a_statement_above_the_cap_is_refused),
		CASE(lock_timeout_says_how_long_to_wait_for_other_writers),
		CASE(the_rows_that_a_migration_changed_are_counted),
		cmocka_unit_test(what_a_failure_says_is_json_whatever_it_holds),
		CASE(unknown_options_are_refused_with_their_line),
		CASE(a_later_file_is_split_before_an_earlier_one_is_sent),
		CASE(a_file_that_changes_between_check_and_work_is_not_sent),
		CASE(an_edited_applied_file_stops_the_run),
		CASE(allow_missing_lets_no_edited_file_pass),
		CASE(a_deleted_applied_file_stops_the_run_unless_allowed),
		CASE(an_older_pending_file_stops_the_run_unless_allowed),
		CASE(a_renamed_applied_file_is_the_same_migration),
		CASE(every_edited_file_is_named),
		CASE(a_condition_that_does_not_hold_makes_a_file_absent),
		CASE(what_a_condition_once_let_in_stays_known),
		CASE(a_stop_between_statements_rolls_back),
		CASE(sigterm_ends_as_terminated),
		CASE(the_checkpoint_is_the_last_event),
		CASE(a_timeout_ends_the_statement_and_the_migration),
		CASE(a_preview_shows_each_statement_and_sends_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
