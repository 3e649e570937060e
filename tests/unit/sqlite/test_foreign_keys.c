/* test_foreign_keys.c - foreign keys around a migration: nothing is cascaded
 * away, what a migration breaks is found and named, what stood before is not
 * held against it. */
#include "harness.h"

static const char family[] =
	"CREATE TABLE users(id INTEGER PRIMARY KEY, name);"
	"CREATE TABLE orders(id INTEGER PRIMARY KEY, user_id REFERENCES users ON DELETE CASCADE);"
	"INSERT INTO users VALUES(1,'a'),(2,'b');"
	"INSERT INTO orders VALUES(10,1),(11,1),(12,2);";

/* Breaks two rows, as a program without enforcement does. */
static const char broken[] = "INSERT INTO orders VALUES(20,77),(21,78);";

/* Commits as the host does: once more after RETRYABLE. Counts the runs. */
static int32_t run_unit(struct elq_connection *connection, const char *const *statements, int *ret_runs)
{
	int32_t status = ELQ_OK;
	for (*ret_runs = 1;; (*ret_runs)++) {
		begin(connection, MIGRATION);
		for (const char *const *statement = statements; *statement; statement++)
			execute(connection, *statement);
		seen.flags = 0;
		status = driver->commit(&call, connection);
		if (status == ELQ_OK)
			return status;
		rollback(connection);
		if (*ret_runs == 2 || !(seen.flags & ELQ_ERROR_RETRYABLE))
			return status;
	}
}
#define RUN(connection, runs, ...) run_unit(connection, (const char *const[]){__VA_ARGS__, NULL}, runs)

static void rebuilding_a_parent_keeps_its_childrens_rows(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "CREATE TABLE new(id INTEGER PRIMARY KEY, name, mail)",
			     "INSERT INTO new SELECT id, name, NULL FROM users", "DROP TABLE users",
			     "ALTER TABLE new RENAME TO users"),
			 ELQ_OK);
	close_connection(connection);
	assert_int_equal(runs, 1);
	assert_string_equal(shell(database, "SELECT count(*) FROM orders; PRAGMA foreign_key_check;"),
			    "3");
	assert_non_null(strstr(shell(database, ".schema orders"), "REFERENCES users"));
}

static void a_row_that_loses_its_parent_fails_the_migration_by_name(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "DELETE FROM users WHERE id = 1"), ELQ_ERR_CONSTRAINT);
	assert_int_equal(runs, 2);
	assert_string_equal(seen.message,
			    "foreign keys are broken by this migration: 2 rows of orders refer "
			    "to missing rows of users (user_id)");
	assert_int_equal(seen.flags, 0);
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM users;"), "2");
}

static void dropping_a_parent_for_good_fails(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "DROP TABLE users"), ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "3 rows of orders"));
	assert_int_equal(RUN(connection, &runs, "DROP TABLE orders", "DROP TABLE users"), ELQ_OK);
	assert_int_equal(runs, 1);
	close_connection(connection);
}

static void what_stood_before_costs_one_repetition_and_no_failure(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	shell(database, broken);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(30, 2)"), ELQ_OK);
	assert_int_equal(runs, 2);
	/* Now it is known. */
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(31, 2)"), ELQ_OK);
	assert_int_equal(runs, 1);
	assert_int_equal(RUN(connection, &runs, "UPDATE users SET name = 'c'"), ELQ_OK);
	assert_int_equal(runs, 1);
	/* And one more than that is new, certainly. */
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(32, 79)"),
			 ELQ_ERR_CONSTRAINT);
	assert_int_equal(runs, 1);
	assert_non_null(
		strstr(seen.message, "1 row of orders refers to missing rows of users (user_id)"));
	close_connection(connection);
}

static void more_than_stood_before_fails_and_only_the_new_is_named(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	shell(database, broken);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "DELETE FROM users WHERE id = 2"), ELQ_ERR_CONSTRAINT);
	assert_int_equal(runs, 2);
	assert_non_null(strstr(seen.message, ": 1 row of orders refers"));
	close_connection(connection);
}

static void violations_are_told_apart_by_their_columns(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, "CREATE TABLE p(id INTEGER PRIMARY KEY); INSERT INTO p VALUES(1);"
			"CREATE TABLE c(a REFERENCES p, b REFERENCES p); INSERT INTO c VALUES(9,1);");
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "UPDATE c SET a = 1, b = 9"), ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "1 row of c refers to missing rows of p (b)"));
	close_connection(connection);
}

static void mending_old_violations_is_welcome(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	shell(database, broken);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "DELETE FROM orders WHERE user_id > 70"), ELQ_OK);
	assert_int_equal(runs, 1);
	close_connection(connection);
}

static void mended_violations_are_no_credit_for_new_ones(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	shell(database, broken);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(30, 2)"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "DELETE FROM orders WHERE user_id = 77"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(31, 99)"),
			 ELQ_ERR_CONSTRAINT);
	assert_int_equal(runs, 1);
	close_connection(connection);
}

static void a_renamed_parent_is_known_by_its_new_name(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(30, 2)"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "ALTER TABLE users RENAME TO people"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "DELETE FROM people WHERE id = 1"), ELQ_ERR_CONSTRAINT);
	close_connection(connection);
}

static void a_dropped_child_is_forgotten(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(30, 2)"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "DROP TABLE orders"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "DELETE FROM users"), ELQ_OK);
	close_connection(connection);
}

static void what_another_program_did_meanwhile_is_not_ours(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, family);
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(30, 2)"), ELQ_OK);
	shell(database, broken);
	assert_int_equal(RUN(connection, &runs, "INSERT INTO orders VALUES(31, 2)"), ELQ_OK);
	assert_int_equal(runs, 2);
	shell(database, "CREATE TABLE late(u REFERENCES users); INSERT INTO late VALUES(1);");
	assert_int_equal(RUN(connection, &runs, "DELETE FROM orders WHERE user_id = 1",
			     "DELETE FROM users WHERE id = 1"),
			 ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "late"));
	close_connection(connection);
}

static void keys_made_in_the_same_run_are_known(void **state)
{
	(void)state;
	int runs = 0;
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "CREATE TABLE p(id INTEGER PRIMARY KEY)"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "CREATE TABLE c(p_id REFERENCES p)"), ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "INSERT INTO c VALUES(5)"), ELQ_ERR_CONSTRAINT);
	assert_int_equal(RUN(connection, &runs, "ALTER TABLE p RENAME TO parent"), ELQ_OK);
	assert_int_equal(
		RUN(connection, &runs, "INSERT INTO parent VALUES(5)", "INSERT INTO c VALUES(5)"),
		ELQ_OK);
	assert_int_equal(RUN(connection, &runs, "DELETE FROM parent"), ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "missing rows of parent"));
	assert_int_equal(RUN(connection, &runs, "ALTER TABLE parent ADD COLUMN c_id REFERENCES parent"),
			 ELQ_OK);
	close_connection(connection);
}

static void a_rolled_back_definition_is_forgotten(void **state)
{
	(void)state;
	int runs = 0;
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "CREATE TABLE p(id INTEGER PRIMARY KEY)"), ELQ_OK);
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE c(p_id REFERENCES p)");
	execute(connection, "INSERT INTO c VALUES(1)");
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_CONSTRAINT);
	rollback(connection);
	assert_int_equal(RUN(connection, &runs, "CREATE TABLE c(p_id)", "INSERT INTO c VALUES(1)"),
			 ELQ_OK);
	assert_int_equal(runs, 1);
	close_connection(connection);
}

static void a_key_that_cannot_be_checked_stops_only_who_made_it(void **state)
{
	(void)state;
	int runs = 0;
	shell(database,
	      "CREATE TABLE p(x); CREATE TABLE c(a REFERENCES p(x)); INSERT INTO c VALUES(1);");
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "INSERT INTO c VALUES(2)"), ELQ_OK);
	assert_int_equal(runs, 2);
	assert_int_equal(RUN(connection, &runs, "CREATE TABLE e(a REFERENCES p(x))"),
			 ELQ_OK); /* empty yet */
	assert_int_equal(
		RUN(connection, &runs, "CREATE TABLE d(a REFERENCES p(x))", "INSERT INTO d VALUES(1)"),
		ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "d cannot be checked (foreign key mismatch"));
	close_connection(connection);
}

static void strange_names_are_names(void **state)
{
	(void)state;
	int runs = 0;
	shell(database, "CREATE TABLE \"p \"\"x'%s\"(id INTEGER PRIMARY KEY);"
			"CREATE TABLE \"c, [d]\"(\"a, b\" REFERENCES \"p \"\"x'%s\");");
	struct elq_connection *connection = open_write();
	assert_int_equal(RUN(connection, &runs, "INSERT INTO \"c, [d]\" VALUES(1)"),
			 ELQ_ERR_CONSTRAINT);
	assert_string_equal(seen.message,
			    "foreign keys are broken by this migration: 1 row of c, [d] refers "
			    "to missing rows of p \"x'%s (a, b)");
	close_connection(connection);
}

/* ---- foreign_keys:on --------------------------------------------------------------- */

static void begin_enforced(struct elq_connection *connection)
{
	struct elq_setting option = {sizeof(option), 0, str("foreign_keys"), str("yes"), {0}};
	struct elq_begin given = {.struct_size = sizeof(given),
				  .flags = MIGRATION,
				  .options = &option,
				  .option_count = 1,
				  .lock_timeout_us = -1};
	if (driver->begin(&call, connection, &given) != ELQ_OK)
		fail_msg("%s", seen.message);
}

static void enforced_a_statement_that_breaks_a_key_fails_itself(void **state)
{
	(void)state;
	shell(database, family);
	struct elq_connection *connection = open_write();
	begin_enforced(connection);
	assert_int_equal(try_execute(connection, "INSERT INTO orders VALUES(40, 99)"),
			 ELQ_ERR_CONSTRAINT);
	rollback(connection);
	begin(connection, MIGRATION); /* and the next one is without again */
	execute(connection, "INSERT INTO orders VALUES(40, 99)");
	rollback(connection);
	close_connection(connection);
}

static void enforced_a_drop_that_would_delete_child_rows_is_refused(void **state)
{
	(void)state;
	shell(database, family);
	shell(database,
	      "CREATE TABLE notes(u REFERENCES users(id) ON DELETE SET NULL); CREATE TABLE plain(x);");
	struct elq_connection *connection = open_write();
	begin_enforced(connection);
	assert_int_equal(try_execute(connection, "DROP TABLE users"), ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "rows of orders that refer to it (user_id)"));
	execute(connection, "DROP TABLE plain");
	execute(connection, "DELETE FROM orders");
	execute(connection, "INSERT INTO notes VALUES(1)");
	assert_int_equal(try_execute(connection, "DROP TABLE IF EXISTS users"), ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "rows of notes"));
	execute(connection, "UPDATE notes SET u = NULL");
	execute(connection, "DROP TABLE users");
	commit(connection);
	close_connection(connection);
}

static void outside_migrations_keys_are_enforced(void **state)
{
	(void)state;
	shell(database, family);
	struct elq_connection *connection = open_write();
	assert_int_equal(try_execute(connection, "INSERT INTO orders VALUES(40, 99)"),
			 ELQ_ERR_CONSTRAINT);
	migrate(connection, "CREATE TABLE t(x)");
	assert_int_equal(try_execute(connection, "INSERT INTO orders VALUES(40, 99)"),
			 ELQ_ERR_CONSTRAINT);
	begin(connection, 0);
	assert_int_equal(try_execute(connection, "INSERT INTO orders VALUES(40, 99)"),
			 ELQ_ERR_CONSTRAINT);
	rollback(connection);
	close_connection(connection);
}

static void without_a_transaction_what_is_broken_is_said_in_the_log(void **state)
{
	(void)state;
	shell(database, family);
	struct elq_connection *connection = open_write();
	begin(connection, ALONE);
	execute(connection, "DELETE FROM users WHERE id = 1");
	commit(connection);
	assert_string_equal(seen.log,
			    "foreign keys do not hold: 2 rows of orders refer to missing rows of "
			    "users (user_id)");
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rebuilding_a_parent_keeps_its_childrens_rows),
		TEST(a_row_that_loses_its_parent_fails_the_migration_by_name),
		TEST(dropping_a_parent_for_good_fails),
		TEST(what_stood_before_costs_one_repetition_and_no_failure),
		TEST(more_than_stood_before_fails_and_only_the_new_is_named),
		TEST(violations_are_told_apart_by_their_columns),
		TEST(mending_old_violations_is_welcome),
		TEST(mended_violations_are_no_credit_for_new_ones),
		TEST(a_renamed_parent_is_known_by_its_new_name),
		TEST(a_dropped_child_is_forgotten),
		TEST(what_another_program_did_meanwhile_is_not_ours),
		TEST(keys_made_in_the_same_run_are_known),
		TEST(a_rolled_back_definition_is_forgotten),
		TEST(a_key_that_cannot_be_checked_stops_only_who_made_it),
		TEST(strange_names_are_names),
		TEST(enforced_a_statement_that_breaks_a_key_fails_itself),
		TEST(enforced_a_drop_that_would_delete_child_rows_is_refused),
		TEST(outside_migrations_keys_are_enforced),
		TEST(without_a_transaction_what_is_broken_is_said_in_the_log),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
