/* test_allocation.c - the n-th allocation fails, for n = 1, 2, 3, ... until a
 * whole run succeeds: whatever fails is reported, nothing crashes or leaks, and
 * the database holds a migration with its event, or neither. */
#include "memory.h"

#include <eloquent/load.h>

/* A step of the scenario: false ends it. */
#define STEP(expression)                                                                               \
	do {                                                                                           \
		if ((expression) != ELQ_OK)                                                            \
			return false;                                                                  \
	} while (0)

static int32_t run_unit(struct elq_connection *connection, int64_t sequence,
			const char *const *statements)
{
	int32_t status = try_begin(connection, MIGRATION);
	for (; status == ELQ_OK && *statements; statements++)
		status = try_execute(connection, *statements);
	if (status == ELQ_OK)
		status = try_append(connection, sequence);
	if (status == ELQ_OK)
		status = driver->commit(&call, connection);
	if (status != ELQ_OK && driver->rollback(&call, connection) != ELQ_OK)
		assert_true(has_failed);
	return status;
}

static int32_t ignore_row(void *context, const struct elq_value *values, uint64_t count)
{
	(void)context, (void)values, (void)count;
	return 0;
}

static int32_t ignore_event(void *context, const struct elq_event *event)
{
	(void)context, (void)event;
	return 0;
}

/* Rows with ids that were reserved, in a unit of their own. */
static int32_t load_rows(struct elq_connection *connection)
{
	const struct elq_load_ops *ops = driver->get_extension(ELQ_EXT_LOAD, strlen(ELQ_EXT_LOAD));
	const struct elq_column columns[] = {{.struct_size = sizeof(columns[0]), .name = str("id")}};
	const struct elq_str key = str("id");
	const struct elq_load_plan plan = {
		.struct_size = sizeof(plan),
		.mode = ELQ_LOAD_UPSERT,
		.table = str("q"),
		.columns = columns,
		.column_count = 1,
		.key = &key,
		.key_count = 1,
	};
	struct elq_load_result result = {.struct_size = sizeof(result)};
	struct elq_value row = {.type = ELQ_TYPE_I64};
	struct elq_load *load = NULL;
	int32_t status = try_begin(connection, 0);
	if (status == ELQ_OK)
		status = ops->reserve_ids(&call, connection, &plan.table, 1, &row.as.i64);
	if (status == ELQ_OK)
		status = ops->begin(&call, connection, &plan, &load);
	if (status == ELQ_OK)
		status = ops->write(&call, load, &row, 1);
	if (status == ELQ_OK)
		status = ops->finish(&call, load, &result);
	else
		ops->abandon(&call, load);
	if (status == ELQ_OK)
		status = driver->commit(&call, connection);
	if (status != ELQ_OK && driver->rollback(&call, connection) != ELQ_OK)
		assert_true(has_failed);
	return status;
}

static bool write_scenario(struct elq_connection *connection)
{
	static const char *const first[] = {"CREATE TABLE p(id INTEGER PRIMARY KEY)",
					    "CREATE TABLE c(a REFERENCES p, b)",
					    "INSERT INTO c VALUES(NULL, 1)", NULL};
	static const char *const second[] = {"PRAGMA case_sensitive_like = 1",
					     "INSERT INTO c VALUES(5, 1)", NULL};
	static const char *const third[] = {"ALTER TABLE p RENAME TO q", "CREATE INDEX i ON c(a)",
					    NULL};
	STEP(try_begin(connection, 0));
	STEP(history->create(&call, connection));
	STEP(driver->commit(&call, connection));
	STEP(run_unit(connection, 1, first));
	/* Breaks a key: asked for once more, then refused. */
	for (int i = 0; i < 2; i++) {
		int32_t status = run_unit(connection, 2, second);
		if (status != ELQ_ERR_CONSTRAINT) {
			assert_true(has_failed);
			return false;
		}
	}
	STEP(run_unit(connection, 2, third));
	STEP(load_rows(connection));
	return true;
}

static bool read_scenario(struct elq_connection *connection)
{
	int32_t found = 0;
	struct elq_sink sink = {.struct_size = sizeof(sink), .row = ignore_row};
	struct elq_event_sink events = {.struct_size = sizeof(events), .event = ignore_event};
	struct elq_lock_holder holder = {.struct_size = sizeof(holder), .id = str("id")};
	struct elq_lock *lock = NULL;
	STEP(lock_ops->acquire(&call, connection, &holder, &lock));
	int32_t status = lock_ops->inspect(&call, connection, &holder);
	lock_ops->release(&call, lock);
	STEP(status);
	STEP(history->read(&call, connection, 0, &events));
	STEP(schema->describe(&call, connection, &sink));
	STEP(schema->holds_rows(&call, connection, &found));
	int64_t dropped = 0;
	STEP(try_begin(connection, MIGRATION));
	status = schema->wipe(&call, connection, &dropped);
	if (driver->rollback(&call, connection) != ELQ_OK)
		assert_true(has_failed);
	STEP(status);
	return true;
}

/* What the file says, by the native shell: a migration's tables are there when
 * its event is. */
static void check_file(void)
{
	static const struct {
		const char *tables;
		const char *events;
	} states[] = {
		{"", ""},
		{"eloquent_history,eloquent_meta", "0"},
		{"c,eloquent_history,eloquent_meta,p", "1"},
		{"c,eloquent_history,eloquent_meta,q", "2"},
	};
	if (!exists(database))
		return;
	assert_string_equal(shell(database, "PRAGMA integrity_check;"), "ok");
	char tables[256];
	snprintf(tables, sizeof(tables), "%s",
		 shell(database, "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema "
				 "WHERE type = 'table' ORDER BY name);"));
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(tables, states[i].tables) != 0)
			continue;
		if (i > 0)
			assert_string_equal(shell(database, "SELECT count(*) FROM eloquent_history;"),
					    states[i].events);
		return;
	}
	fail_msg("tables: %s", tables);
}

static bool run_once(void)
{
	struct elq_connection *connection = NULL;
	bool whole = false;
	if (try_open(database, ELQ_OPEN_WRITE, &connection) == ELQ_OK) {
		whole = write_scenario(connection) && read_scenario(connection);
		driver->close(&call, connection);
	} else {
		assert_null(connection);
	}
	return whole;
}

/* Some thousand allocations, most of them SQLite's own: each of the first 500
 * fails, then every 7th. TEST_EVERY_ALLOCATION in the environment: all of them. */
static int64_t step_behind(int64_t n)
{
	return n < 500 || getenv("TEST_EVERY_ALLOCATION") ? 1 : 7;
}

/* In memory where possible: nothing here depends on a disk. */
static int make_fast_folder(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	if (access("/dev/shm", W_OK) != 0)
		return 0;
	rmdir(folder);
	snprintf(folder, sizeof(folder), "/dev/shm/elq-sqlite-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(database, sizeof(database), "%s/app.db", folder);
	return 0;
}

static void no_failing_allocation_does_harm(void **state)
{
	(void)state;
	int64_t n = 0;
	for (bool whole = false; !whole; n += step_behind(n)) {
		unlink(database);
		unlink(in_folder("app.db-journal"));
		has_failed = false;
		countdown = n + 1;
		whole = run_once() && !has_failed;
		countdown = 0;
		if (!whole && !has_failed)
			fail_msg("n = %lld: %s", (long long)n, seen.message);
		if (n % 20 == 0)
			check_file();
	}
	assert_true(n > 500);
	check_file();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
		no_failing_allocation_does_harm, make_fast_folder, remove_folder)};
	return cmocka_run_group_tests(tests, memory_install, NULL);
}
