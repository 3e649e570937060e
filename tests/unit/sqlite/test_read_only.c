/* test_read_only.c - a database that is only read: because the connection is for
 * reading, or because file or folder let nobody write; and what a killed writer left. */
#include "harness.h"

static void a_connection_for_reading_cannot_write(void **state)
{
	(void)state;
	static const char *const refused_here[] = {
		"INSERT INTO t VALUES(2)",
		"DROP TABLE t",
		"CREATE TABLE u(x)",
		"CREATE TEMP TABLE u(x)",
		"PRAGMA query_only = 0",
		"PRAGMA user_version = 3",
		"PRAGMA journal_mode = wal",
		"VACUUM",
		"BEGIN IMMEDIATE",
		"REINDEX",
		"ANALYZE",
	};
	shell(database, "CREATE TABLE t(x UNIQUE); INSERT INTO t VALUES(1);");
	struct elq_connection *connection = open_for(database, 0);
	for (size_t i = 0; i < sizeof(refused_here) / sizeof(refused_here[0]); i++)
		if (try_execute(connection, refused_here[i]) == ELQ_OK)
			fail_msg("%s was run", refused_here[i]);
	char attach[256];
	snprintf(attach, sizeof(attach), "ATTACH '%s' AS other", in_folder("other.db"));
	assert_int_not_equal(try_execute(connection, attach), ELQ_OK);
	snprintf(attach, sizeof(attach), "VACUUM INTO '%s'", in_folder("other.db"));
	assert_int_not_equal(try_execute(connection, attach), ELQ_OK);
	assert_false(exists(in_folder("other.db")));
	assert_string_equal(ask(connection, "SELECT count(*) FROM t"), "1");
	assert_string_equal(ask(connection, "PRAGMA table_info(t)"), "0");
	struct elq_lock *lock = NULL;
	struct elq_lock_holder owner = {.struct_size = sizeof(owner)};
	assert_int_equal(lock_ops->acquire(&call, connection, &owner, &lock), ELQ_ERR_INVALID);
	close_connection(connection);
}

static bool says_read_only(struct elq_connection *connection)
{
	struct elq_description is = {.struct_size = sizeof(is)};
	return driver->describe(&call, connection, &is) == ELQ_OK && (is.flags & ELQ_CONN_READ_ONLY);
}

/* Asked to write, the database is opened, read, and said to be for reading. 0: so it is. */
static int open_what_is_read_only(struct elq_connection **ret)
{
	if (try_open(database, ELQ_OPEN_WRITE, ret) != ELQ_OK)
		return 1;
	if (!says_read_only(*ret))
		return 2;
	return strcmp(ask(*ret, "SELECT x FROM t"), "1") == 0 ? 0 : 3;
}

static int check_read_only_folder(void)
{
	struct elq_connection *connection = NULL;
	int wrong = open_what_is_read_only(&connection);
	if (wrong)
		return wrong;
	if (try_begin(connection, MIGRATION) != ELQ_ERR_FAILED ||
	    !strstr(seen.message, "cannot be written"))
		return 4;
	struct elq_lock *lock = NULL;
	struct elq_lock_holder owner = {.struct_size = sizeof(owner)};
	if (lock_ops->acquire(&call, connection, &owner, &lock) == ELQ_OK)
		return 5;
	close_connection(connection);
	if (try_open(in_folder("absent.db"), ELQ_OPEN_WRITE, &connection) != ELQ_OK)
		return 6;
	if (!says_read_only(connection))
		return 7;
	if (try_begin(connection, 0) == ELQ_OK)
		return 8;
	close_connection(connection);
	return 0;
}

static void a_read_only_folder_can_be_read_and_says_so(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
	assert_int_equal(chmod(database, 0666), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(as_nobody(check_read_only_folder), 0);
}

static int check_log_in_read_only_folder(void)
{
	struct elq_connection *connection = NULL;
	for (uint32_t flags = 0; flags <= ELQ_OPEN_WRITE; flags++) {
		if (try_open(database, flags, &connection) != ELQ_ERR_CONNECT)
			return 1;
		if (!strstr(seen.hint, "a database with a write-ahead log (WAL)") ||
		    !strstr(seen.hint, "read a copy"))
			return 2;
	}
	return 0;
}

static void a_log_in_a_read_only_folder_is_said_to_be_the_reason(void **state)
{
	(void)state;
	shell(database, "PRAGMA journal_mode = wal; CREATE TABLE t(x);");
	assert_int_equal(chmod(database, 0666), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(as_nobody(check_log_in_read_only_folder), 0);
}

static int check_read_only_file(void)
{
	struct elq_connection *connection = NULL;
	int wrong = open_what_is_read_only(&connection);
	if (wrong)
		return wrong;
	close_connection(connection);
	return 0;
}

static void a_read_only_file_can_be_read_and_says_so(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
	assert_int_equal(chmod(database, 0444), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_int_equal(as_nobody(check_read_only_file), 0);
}

/* A run killed inside its transaction leaves a journal that must be rolled back. */
static void kill_a_writer(void)
{
	shell(database,
	      "CREATE TABLE t(x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
	      "WHERE i<2000) INSERT INTO t SELECT hex(randomblob(50)) FROM n;");
	pid_t pid = fork();
	if (pid == 0) {
		/* The cache is too small for the change, so that it reaches the file. */
		struct sqlite3 *db = other_open(database);
		other_execute(
			db,
			"PRAGMA cache_size=5; BEGIN IMMEDIATE; UPDATE t SET x='lost'; INSERT INTO t "
			"SELECT x FROM t; INSERT INTO t SELECT x FROM t");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(exists(in_folder("app.db-journal")));
}

static int check_journal_out_of_reach(void)
{
	struct elq_connection *connection = NULL;
	if (try_open(database, 0, &connection) != ELQ_ERR_CONNECT)
		return 1;
	return strstr(seen.message, "cannot open") && seen.hint[0] ? 0 : 2;
}

static void a_journal_that_cannot_be_rolled_back_is_said(void **state)
{
	(void)state;
	kill_a_writer();
	assert_int_equal(chmod(database, 0444), 0);
	assert_int_equal(chmod(in_folder("app.db-journal"), 0444), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_int_equal(as_nobody(check_journal_out_of_reach), 0);
}

static void a_reader_rolls_back_the_journal_of_a_killed_run(void **state)
{
	(void)state;
	kill_a_writer();
	struct elq_connection *connection = open_for(database, 0);
	assert_string_equal(ask(connection, "SELECT count(*) || ',' || sum(x = 'lost') FROM t"),
			    "2000,0");
	close_connection(connection);
	assert_false(exists(in_folder("app.db-journal")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_for_reading_cannot_write),
		TEST(a_read_only_folder_can_be_read_and_says_so),
		TEST(a_read_only_file_can_be_read_and_says_so),
		TEST(a_log_in_a_read_only_folder_is_said_to_be_the_reason),
		TEST(a_reader_rolls_back_the_journal_of_a_killed_run),
		TEST(a_journal_that_cannot_be_rolled_back_is_said),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
