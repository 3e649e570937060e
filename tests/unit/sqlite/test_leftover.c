/* test_leftover.c - a log or journal whose database is gone holds what SQLite would
 * delete with the next opening. */
#include "harness.h"

static void refused(const char *path, uint32_t flags, int32_t code, const char *words)
{
	struct elq_connection *connection = (void *)1;
	assert_int_equal(try_open(path, flags, &connection), code);
	assert_null(connection);
	if (!strstr(seen.message, words))
		fail_msg("\"%s\" does not say \"%s\"", seen.message, words);
}

/* Copies FROM to TO as it is now, while its user has it open. */
static void copy(const char *from, const char *to)
{
	char out[16];
	char *argv[] = {(char *)"/bin/cp", (char *)from, (char *)to, NULL};
	assert_int_equal(run_tool(argv, NULL, 0, out, sizeof(out)), 0);
}

/* A log that holds the only row, as a kill leaves it, and its database under another name. */
static void leave_log(void)
{
	struct sqlite3 *db = other_open(in_folder("user.db"));
	assert_int_equal(other_execute(db, "PRAGMA journal_mode = wal; CREATE TABLE t(x);"
					   "INSERT INTO t VALUES(1);"),
			 0);
	copy(in_folder("user.db"), in_folder("elsewhere"));
	copy(in_folder("user.db-wal"), in_folder("app.db-wal"));
	other_close(db);
}

static off_t size_of(const char *path)
{
	struct stat found;
	return stat(path, &found) == 0 ? found.st_size : -1;
}

static void a_log_whose_database_is_gone_is_refused_and_stays(void **state)
{
	(void)state;
	leave_log();
	const off_t size = size_of(in_folder("app.db-wal"));
	assert_true(size > 0);
	for (uint32_t flags = 0; flags <= ELQ_OPEN_WRITE; flags++)
		refused(database, flags, ELQ_ERR_CONNECT, "SQLite would delete it");
	assert_non_null(strstr(seen.hint, "put the database's file back beside it"));
	close(open(database, O_CREAT | O_WRONLY, 0644));
	for (uint32_t flags = 0; flags <= ELQ_OPEN_WRITE; flags++)
		refused(database, flags, ELQ_ERR_CONNECT, "app.db-wal");
	assert_int_equal(size_of(in_folder("app.db-wal")), size);
	assert_int_equal(rename(in_folder("elsewhere"), database), 0);
	assert_string_equal(shell(database, "SELECT x FROM t;"), "1");
}

static void a_log_that_appears_beside_an_absent_database_stops_its_first_write(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	leave_log();
	assert_int_equal(try_begin(connection, MIGRATION), ELQ_ERR_CONNECT);
	assert_true(size_of(in_folder("app.db-wal")) > 0);
	assert_false(exists(database));
	close_connection(connection);
}

/* The journal of a transaction on a database that held `before`, as a kill leaves it. */
static void leave_journal(const char *before)
{
	struct sqlite3 *db = other_open(in_folder("user.db"));
	assert_int_equal(other_execute(db, before), 0);
	assert_int_equal(other_execute(db, "PRAGMA cache_size = 1; BEGIN; CREATE TABLE u(x);"
					   "INSERT INTO u VALUES(zeroblob(100000));"
					   "INSERT INTO u VALUES(zeroblob(100000));"),
			 0);
	copy(in_folder("user.db-journal"), in_folder("app.db-journal"));
	other_close(db);
	assert_true(size_of(in_folder("app.db-journal")) > 0);
}

static void a_journal_of_a_database_that_is_gone_is_refused_and_stays(void **state)
{
	(void)state;
	leave_journal("CREATE TABLE t(x); INSERT INTO t VALUES(1);");
	refused(database, ELQ_OPEN_WRITE, ELQ_ERR_CONNECT, "app.db-journal");
	assert_true(exists(in_folder("app.db-journal")));
}

static void the_journal_of_a_killed_first_transaction_leads_back_to_nothing(void **state)
{
	(void)state;
	leave_journal("");
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE t(x)");
	close_connection(connection);
	assert_string_equal(shell(database, ".tables"), "t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_log_whose_database_is_gone_is_refused_and_stays),
		TEST(a_log_that_appears_beside_an_absent_database_stops_its_first_write),
		TEST(a_journal_of_a_database_that_is_gone_is_refused_and_stays),
		TEST(the_journal_of_a_killed_first_transaction_leads_back_to_nothing),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
