/* test_unit.c - units of work: what they keep apart, and the alarm when a
 * transaction is no longer ours. */
#include "harness.h"

static void a_unit_commits_as_a_whole(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE a(x)");
	execute(connection, "INSERT INTO a VALUES(1)");
	assert_string_equal(shell(database, "SELECT count(*) FROM sqlite_schema;"), "0");
	commit(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM a;"), "1");
	close_connection(connection);
}

static void rollback_leaves_nothing_of_a_unit(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE a(x)");
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE b(x)");
	execute(connection, "INSERT INTO a VALUES(1)");
	rollback(connection);
	assert_string_equal(ask(connection, "SELECT group_concat(name) FROM sqlite_schema"), "a");
	assert_string_equal(ask(connection, "SELECT count(*) FROM a"), "0");
	close_connection(connection);
}

static void rollback_without_a_unit_does_nothing(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	rollback(connection);
	assert_false(exists(database));
	close_connection(connection);
}

static void units_do_not_overlap(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	assert_int_equal(try_begin(connection, MIGRATION), ELQ_ERR_INVALID);
	assert_int_equal(try_begin(connection, 0), ELQ_ERR_INVALID);
	rollback(connection);
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_INVALID);
	close_connection(connection);
}

static void closing_rolls_back(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE a(x)");
	begin(connection, MIGRATION);
	execute(connection, "INSERT INTO a VALUES(1)");
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM a;"), "0");
	close_connection(NULL);
}

/* ---- the session ---------------------------------------------------------------- */

static void a_pragma_does_not_reach_the_next_migration(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "PRAGMA case_sensitive_like = ON");
	begin(connection, MIGRATION);
	assert_string_equal(ask(connection, "SELECT 'A' LIKE 'a'"), "1");
	rollback(connection);
	close_connection(connection);
}

static void a_temporary_table_does_not_reach_the_next_migration(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE t(x)");
	execute(connection, "CREATE TEMP TABLE t(x)");
	execute(connection, "INSERT INTO t VALUES('hidden')");
	commit(connection);
	begin(connection, MIGRATION);
	execute(connection, "INSERT INTO t VALUES('seen')");
	commit(connection);
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT x FROM t;"), "seen");
}

static void a_temporary_trigger_does_not_reach_the_next_migration(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE t(x)");
	migrate(connection, "CREATE TEMP TRIGGER r AFTER INSERT ON main.t BEGIN DELETE FROM t; END");
	migrate(connection, "INSERT INTO t VALUES('kept')");
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT x FROM t;"), "kept");
}

static void an_attached_database_does_not_reach_the_next_migration(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	char attach[256];
	snprintf(attach, sizeof(attach), "ATTACH '%s' AS other", in_folder("other.db"));
	close(open(in_folder("other.db"), O_CREAT | O_WRONLY, 0600));
	begin(connection, ALONE);
	execute(connection, attach);
	execute(connection, "CREATE TABLE other.t(x)");
	commit(connection);
	begin(connection, MIGRATION);
	assert_int_equal(try_execute(connection, "INSERT INTO other.t VALUES(1)"), ELQ_ERR_FAILED);
	rollback(connection);
	close_connection(connection);
}

/* Also by the handle that created the database: it may not create another one. */
static void attaching_a_file_that_is_absent_fails_and_creates_nothing(void **state)
{
	(void)state;
	char attach[256];
	snprintf(attach, sizeof(attach), "ATTACH '%s' AS other", in_folder("other.db"));
	struct elq_connection *connection = open_write();
	begin(connection, ALONE);
	execute(connection, "CREATE TABLE t(x)");
	for (int tries = 0; tries < 2; tries++) {
		assert_int_equal(try_execute(connection, attach), ELQ_ERR_FAILED);
		assert_non_null(strstr(seen.message, "unable to open database"));
		assert_non_null(strstr(seen.hint, "creates none"));
		assert_int_equal(access(in_folder("other.db"), F_OK), -1);
		commit(connection);
		begin(connection, ALONE);
	}
	commit(connection);
	close_connection(connection);
}

static void a_pragma_does_not_reach_a_unit_of_our_own(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "PRAGMA max_page_count = 3");
	make_tables(connection); /* four pages */
	close_connection(connection);
}

static void a_rolled_back_migration_leaves_no_session_behind(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "PRAGMA case_sensitive_like = ON");
	rollback(connection);
	begin(connection, MIGRATION);
	assert_string_equal(ask(connection, "SELECT 'A' LIKE 'a'"), "1");
	rollback(connection);
	close_connection(connection);
}

static void settings_of_the_whole_process_are_refused(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"PRAGMA hard_heap_limit = 1000000", "PRAGMA soft_heap_limit(1000000)",
		"PRAGMA temp_store_directory = '/tmp'", "PRAGMA query_only = 1"};
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(try_execute(connection, cases[i]), ELQ_ERR_FAILED);
		assert_non_null(strstr(seen.message, "PRAGMA"));
	}
	rollback(connection);
	close_connection(connection);
}

/* ---- the alarm -------------------------------------------------------------------- */

static void a_transaction_that_ended_itself_raises(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE t(x UNIQUE)");
	execute(connection, "INSERT INTO t VALUES(1)");
	assert_int_equal(try_execute(connection, "INSERT OR ROLLBACK INTO t VALUES(1)"),
			 ELQ_ERR_CONSTRAINT);
	assert_int_equal(try_execute(connection, "CREATE TABLE u(x)"), ELQ_ERR_FAILED);
	assert_non_null(strstr(seen.message, "was ended by one of its statements"));
	assert_int_equal(try_append(connection, 1), ELQ_ERR_FAILED);
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_FAILED);
	rollback(connection);
	close_connection(connection);
	assert_string_equal(shell(database,
				  "SELECT count(*) FROM eloquent_history; SELECT count(*) FROM "
				  "sqlite_schema WHERE name IN ('t','u');"),
			    "0\n0");
}

static void transaction_control_inside_a_migration_is_not_run(void **state)
{
	(void)state;
	static const char *const cases[] = {"COMMIT", "END", "ROLLBACK", "BEGIN", "COMMIT TRANSACTION"};
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE t(x)");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(try_execute(connection, cases[i]), ELQ_ERR_FAILED);
		assert_non_null(strstr(seen.message, "take BEGIN, COMMIT and ROLLBACK out"));
	}
	execute(connection, "SAVEPOINT s"); /* cannot end the transaction */
	execute(connection, "INSERT INTO t VALUES(1)");
	execute(connection, "ROLLBACK TO s");
	execute(connection, "RELEASE s");
	commit(connection);
	assert_string_equal(ask(connection, "SELECT count(*) FROM t"), "0");
	close_connection(connection);
}

/* ---- a migration without a transaction ---------------------------------------------- */

static void without_a_transaction_each_statement_stands_at_once(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, ALONE);
	execute(connection, "CREATE TABLE t(x)");
	assert_string_equal(shell(database, ".tables"), "t");
	execute(connection, "VACUUM");
	execute(connection, "PRAGMA journal_mode = wal");
	commit(connection);
	close_connection(connection);
	assert_string_equal(shell(database, "PRAGMA journal_mode;"), "wal");
}

static void vacuum_may_copy_our_tables(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, ALONE);
	execute(connection, " -- tidy\nvacuum");
	commit(connection);
	close_connection(connection);
}

static void its_session_lasts_across_our_nested_units(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, ALONE);
	execute(connection, "CREATE TEMP TABLE kept(x)");
	execute(connection, "PRAGMA case_sensitive_like = ON");
	begin(connection, 0);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	commit(connection);
	execute(connection, "INSERT INTO kept VALUES(1)");
	assert_string_equal(ask(connection, "SELECT 'A' LIKE 'a'"), "0");
	begin(connection, 0);
	assert_int_equal(try_append(connection, 2), ELQ_OK);
	rollback(connection);
	begin(connection, 0);
	assert_int_equal(try_append(connection, 2), ELQ_OK);
	commit(connection);
	commit(connection);
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT group_concat(sequence) FROM eloquent_history;"),
			    "1,2");
}

static void a_statement_and_its_event_can_share_a_nested_unit(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, ALONE);
	begin(connection, 0);
	execute(connection, "CREATE TABLE t(x)");
	assert_int_equal(try_execute(connection, "COMMIT"), ELQ_ERR_FAILED);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	assert_string_equal(shell(database, ".tables"), "eloquent_history  eloquent_meta   ");
	commit(connection);
	commit(connection);
	close_connection(connection);
	assert_string_equal(shell(database, ".tables"),
			    "eloquent_history  eloquent_meta     t               ");
}

static void events_inside_its_own_transaction_share_its_fate(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, ALONE);
	execute(connection, "BEGIN");
	begin(connection, 0);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	commit(connection);
	execute(connection, "CREATE TABLE t(x)");
	begin(connection, 0);
	assert_int_equal(try_append(connection, 2), ELQ_OK);
	rollback(connection);
	execute(connection, "COMMIT");
	commit(connection);
	assert_string_equal(ask(connection, "SELECT group_concat(sequence) FROM eloquent_history"),
			    "1");
	begin(connection, ALONE);
	execute(connection, "BEGIN");
	begin(connection, 0);
	assert_int_equal(try_append(connection, 2), ELQ_OK);
	commit(connection);
	execute(connection, "ROLLBACK");
	commit(connection);
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT group_concat(sequence) FROM eloquent_history;"),
			    "1");
}

static void a_transaction_of_its_own_that_is_left_open_fails(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, ALONE);
	execute(connection, "BEGIN");
	execute(connection, "CREATE TABLE t(x)");
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_FAILED);
	assert_non_null(strstr(seen.message, "left a transaction of its own open"));
	rollback(connection);
	assert_string_equal(ask(connection, "SELECT count(*) FROM sqlite_schema"), "0");
	close_connection(connection);
}

static void options_other_than_foreign_keys_are_refused(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	struct elq_setting option = {sizeof(option), 0, str("sql_mode"), str("x"), {0}};
	struct elq_begin given = {.struct_size = sizeof(given),
				  .flags = MIGRATION,
				  .options = &option,
				  .option_count = 1,
				  .lock_timeout_us = -1};
	assert_int_equal(driver->begin(&call, connection, &given), ELQ_ERR_INVALID);
	option.name = str("foreign_keys");
	assert_int_equal(driver->begin(&call, connection, &given), ELQ_ERR_INVALID);
	option.value = str("yes");
	assert_int_equal(driver->begin(&call, connection, &given), ELQ_OK);
	rollback(connection);
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_unit_commits_as_a_whole),
		TEST(rollback_leaves_nothing_of_a_unit),
		TEST(rollback_without_a_unit_does_nothing),
		TEST(units_do_not_overlap),
		TEST(closing_rolls_back),
		TEST(a_pragma_does_not_reach_the_next_migration),
		TEST(a_temporary_table_does_not_reach_the_next_migration),
		TEST(a_temporary_trigger_does_not_reach_the_next_migration),
		TEST(an_attached_database_does_not_reach_the_next_migration),
		TEST(attaching_a_file_that_is_absent_fails_and_creates_nothing),
		TEST(a_pragma_does_not_reach_a_unit_of_our_own),
		TEST(a_rolled_back_migration_leaves_no_session_behind),
		TEST(settings_of_the_whole_process_are_refused),
		TEST(a_transaction_that_ended_itself_raises),
		TEST(transaction_control_inside_a_migration_is_not_run),
		TEST(without_a_transaction_each_statement_stands_at_once),
		TEST(vacuum_may_copy_our_tables),
		TEST(its_session_lasts_across_our_nested_units),
		TEST(a_statement_and_its_event_can_share_a_nested_unit),
		TEST(events_inside_its_own_transaction_share_its_fate),
		TEST(a_transaction_of_its_own_that_is_left_open_fails),
		TEST(options_other_than_foreign_keys_are_refused),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
