/* test_waiting.c - another program's lock, cancellation from another thread,
 * deadlines: everything ends, in time, with its own reason. */
#include "harness.h"

#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
#define SECOND INT64_C(1000000000)

static int64_t now(void)
{
	return host_now_ns(&call);
}

static void a_writer_that_does_not_end_is_waited_for_and_then_said(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct sqlite3 *other = other_open(database);
	assert_int_equal(other_execute(other, "BEGIN IMMEDIATE"), 0);
	struct elq_connection *connection = open_write();
	int64_t start = now();
	assert_int_equal(try_begin(connection, MIGRATION), ELQ_ERR_LOCKED);
	int64_t waited = now() - start;
	assert_in_range(waited, SECOND / 1000 * 190, 2 * SECOND); /* lock_timeout is 200 ms */
	assert_string_equal(seen.message, "database is locked");
	assert_non_null(strstr(seen.hint, "lock_timeout"));
	assert_int_equal(other_execute(other, "COMMIT"), 0);
	migrate(connection, "INSERT INTO t VALUES(1)");
	close_connection(connection);
	other_close(other);
}

static void a_unit_may_bring_its_own_lock_timeout(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct sqlite3 *other = other_open(database);
	assert_int_equal(other_execute(other, "BEGIN IMMEDIATE"), 0);
	struct elq_connection *connection = open_write();
	struct elq_begin given = {
		.struct_size = sizeof(given), .flags = MIGRATION, .lock_timeout_us = 0};
	int64_t shortest = SECOND; /* of several: the machine may have other work */
	for (int i = 0; i < 10; i++) {
		int64_t start = now();
		assert_int_equal(driver->begin(&call, connection, &given), ELQ_ERR_LOCKED);
		shortest = now() - start < shortest ? now() - start : shortest;
	}
	assert_true(shortest < SECOND / 10); /* the connection's own is 200 ms */
	other_close(other);
	close_connection(connection);
}

static void *commit_soon(void *context)
{
	usleep(80000);
	other_execute(context, "COMMIT");
	return NULL;
}

static void a_writer_that_ends_in_time_costs_only_the_wait(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct sqlite3 *other = other_open(database);
	assert_int_equal(other_execute(other, "BEGIN IMMEDIATE; INSERT INTO t VALUES(1)"), 0);
	struct elq_connection *connection = open_write();
	pthread_t thread;
	struct elq_begin given = {
		.struct_size = sizeof(given), .flags = MIGRATION, .lock_timeout_us = 30000000};
	pthread_create(&thread, NULL, commit_soon, other);
	assert_int_equal(driver->begin(&call, connection, &given), ELQ_OK);
	execute(connection, "INSERT INTO t VALUES(2)");
	commit(connection);
	pthread_join(thread, NULL);
	assert_string_equal(ask(connection, "SELECT sum(x) FROM t"), "3");
	other_close(other);
	close_connection(connection);
}

static void a_reader_in_the_way_of_a_commit_leaves_the_unit_to_be_rolled_back(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x); INSERT INTO t VALUES(1);");
	struct sqlite3 *other = other_open(database);
	assert_int_equal(other_execute(other, "BEGIN; SELECT * FROM t"), 0);
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "INSERT INTO t VALUES(2)");
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_LOCKED);
	rollback(connection);
	other_close(other);
	assert_string_equal(ask(connection, "SELECT count(*) FROM t"), "1");
	close_connection(connection);
}

/* Again and again: one that comes before the statement begins is none. */
static atomic_bool ended;

static void *cancel_soon(void *context)
{
	while (!atomic_load(&ended)) {
		usleep(50000);
		driver->cancel(context);
	}
	return NULL;
}

static void cancelling_begins(pthread_t *ret, struct elq_connection *connection)
{
	atomic_store(&ended, false);
	assert_int_equal(pthread_create(ret, NULL, cancel_soon, connection), 0);
}

static void cancelling_ends(pthread_t thread)
{
	atomic_store(&ended, true);
	pthread_join(thread, NULL);
}

static void cancel_ends_the_statement_that_runs(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE t(x)");
	begin(connection, MIGRATION);
	execute(connection, "INSERT INTO t VALUES(1)");
	pthread_t thread;
	cancelling_begins(&thread, connection);
	int64_t start = now();
	assert_int_equal(try_execute(connection, ENDLESS), ELQ_ERR_CANCELLED);
	assert_true(now() - start < 20 * SECOND);
	cancelling_ends(thread);
	/* The next statement is a new one. */
	assert_string_equal(ask(connection, "SELECT count(*) FROM t"), "1");
	rollback(connection);
	close_connection(connection);
}

static void cancel_ends_a_wait_for_a_lock(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct sqlite3 *other = other_open(database);
	assert_int_equal(other_execute(other, "BEGIN IMMEDIATE"), 0);
	struct elq_connection *connection = open_write();
	struct elq_begin given = {
		.struct_size = sizeof(given), .flags = MIGRATION, .lock_timeout_us = 30000000};
	pthread_t thread;
	cancelling_begins(&thread, connection);
	int64_t start = now();
	assert_int_equal(driver->begin(&call, connection, &given), ELQ_ERR_CANCELLED);
	assert_true(now() - start < 20 * SECOND); /* of 30 */
	cancelling_ends(thread);
	other_close(other);
	close_connection(connection);
}

static void the_hosts_cancellation_ends_a_statement(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	atomic_store(&seen.cancelled, 1);
	assert_int_equal(try_execute(connection, ENDLESS), ELQ_ERR_CANCELLED);
	atomic_store(&seen.cancelled, 0);
	close_connection(connection);
}

static void a_cancelled_unit_can_still_be_rolled_back(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE t(x)");
	begin(connection, MIGRATION);
	execute(connection, "INSERT INTO t VALUES(1)");
	atomic_store(&seen.cancelled, 1);
	call.deadline_ns = 1;
	rollback(connection);
	atomic_store(&seen.cancelled, 0);
	call.deadline_ns = 0;
	assert_string_equal(ask(connection, "SELECT count(*) FROM t"), "0");
	close_connection(connection);
}

static void a_deadline_ends_a_statement(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	int64_t start = now();
	call.deadline_ns = start + SECOND / 20;
	assert_int_equal(try_execute(connection, ENDLESS), ELQ_ERR_TIMEOUT);
	assert_in_range(now() - start, SECOND / 20, 2 * SECOND);
	assert_non_null(strstr(seen.hint, "raise timeout"));
	close_connection(connection);
}

static void a_deadline_ends_a_wait_for_a_lock(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE t(x);");
	struct sqlite3 *other = other_open(database);
	assert_int_equal(other_execute(other, "BEGIN IMMEDIATE"), 0);
	struct elq_connection *connection = open_write();
	call.deadline_ns = now() + SECOND / 20;
	assert_int_equal(try_begin(connection, MIGRATION), ELQ_ERR_TIMEOUT);
	other_close(other);
	close_connection(connection);
}

static atomic_int stop;
static void *cancel_often(void *context)
{
	while (!atomic_load(&stop))
		driver->cancel(context);
	return NULL;
}

/* The handle is exchanged at each begin behind a PRAGMA: cancel() must never
 * meet a closed one. The sanitizers judge. */
static void cancel_is_safe_while_the_session_is_reopened(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE t(x)");
	pthread_t thread;
	atomic_store(&stop, 0);
	pthread_create(&thread, NULL, cancel_often, connection);
	for (int i = 0; i < 50; i++) {
		if (try_begin(connection, MIGRATION) == ELQ_OK)
			try_execute(connection, "PRAGMA case_sensitive_like = ON");
		rollback(connection);
	}
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	close_connection(connection);
}

static void a_rollback_is_not_cancelled(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE t(x)");
	pthread_t thread;
	atomic_store(&stop, 0);
	pthread_create(&thread, NULL, cancel_often, connection);
	for (int i = 0; i < 3000; i++) {
		if (try_begin(connection, MIGRATION) == ELQ_OK)
			try_execute(connection, "INSERT INTO t VALUES(1)");
		rollback(connection); /* fails the test when it fails */
	}
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_writer_that_does_not_end_is_waited_for_and_then_said),
		TEST(a_unit_may_bring_its_own_lock_timeout),
		TEST(a_writer_that_ends_in_time_costs_only_the_wait),
		TEST(a_reader_in_the_way_of_a_commit_leaves_the_unit_to_be_rolled_back),
		TEST(cancel_ends_the_statement_that_runs),
		TEST(cancel_ends_a_wait_for_a_lock),
		TEST(the_hosts_cancellation_ends_a_statement),
		TEST(a_cancelled_unit_can_still_be_rolled_back),
		TEST(a_deadline_ends_a_statement),
		TEST(a_deadline_ends_a_wait_for_a_lock),
		TEST(cancel_is_safe_while_the_session_is_reopened),
		TEST(a_rollback_is_not_cancelled),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
