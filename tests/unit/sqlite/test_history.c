/* test_history.c - elq.history on SQLite: events come back as they went in, our
 * tables are ours alone. */
#include "harness.h"

struct collected {
	int count;
	int enough; /* stop after so many; 0: never */
	int64_t sequence[64];
	char text[64][16][64]; /* "-" for no value */
	int64_t integers[64][4];
};

static void keep(char *to, struct elq_str text)
{
	snprintf(to, 64, "%.*s", text.data ? (int)text.size : 1, text.data ? text.data : "-");
}

static int32_t collect(void *context, const struct elq_event *event)
{
	struct collected *all = context;
	int i = all->count++;
	const struct elq_str texts[] = {
		event->run,    event->version,  event->name, event->checksum, event->direction,
		event->event,  event->actor,    event->host, event->tool,     event->audit_head,
		event->detail, event->previous, event->hash, event->at};
	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
		keep(all->text[i][t], texts[t]);
	all->sequence[i] = event->sequence;
	all->integers[i][0] = event->batch;
	all->integers[i][1] = event->statement;
	all->integers[i][2] = event->duration_us;
	all->integers[i][3] = event->rows;
	return all->enough && all->count >= all->enough;
}

static struct collected read_events(struct elq_connection *connection, int64_t after)
{
	struct collected all = {0};
	struct elq_event_sink sink = {.struct_size = sizeof(sink), .context = &all, .event = collect};
	if (history->read(&call, connection, after, &sink) != ELQ_OK)
		fail_msg("%s", seen.message);
	return all;
}

static void an_event_comes_back_as_it_went_in(void **state)
{
	(void)state;
	static const struct elq_str empty = {"", 0};
	struct elq_connection *connection = open_write();
	make_tables(connection);
	struct elq_event event = event_of(1);
	event.actor = str("J\xc3\xb6rg 'x' \"y\"");
	event.detail = str("{\"a\":\"line\\n\"}");
	event.audit_head = empty;
	event.host = (struct elq_str){NULL, 0};
	event.statement = 3;
	event.rows = INT64_MAX;
	begin(connection, 0);
	assert_int_equal(history->append(&call, connection, &event), ELQ_OK);
	commit(connection);
	struct collected all = read_events(connection, 0);
	assert_int_equal(all.count, 1);
	assert_int_equal(all.sequence[0], 1);
	static const char *const texts[] = {"run",
					    "20260101000000",
					    "20260101000000_x",
					    "c",
					    "up",
					    "applied",
					    "J\xc3\xb6rg 'x' \"y\"",
					    "-",
					    "-",
					    "",
					    "{\"a\":\"line\\n\"}",
					    "p",
					    "h"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_string_equal(all.text[0][i], texts[i]);
	assert_int_equal(all.integers[0][0], 1);
	assert_int_equal(all.integers[0][1], 3);
	assert_int_equal(all.integers[0][2], 7);
	assert_true(all.integers[0][3] == INT64_MAX);
	close_connection(connection);
}

static void no_value_is_null_and_comes_back_as_none(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	struct elq_event event = {.struct_size = sizeof(event),
				  .sequence = 1,
				  .batch = -1,
				  .statement = -1,
				  .duration_us = -1,
				  .rows = -1};
	assert_int_equal(history->append(&call, connection, &event), ELQ_OK);
	commit(connection);
	struct collected all = read_events(connection, 0);
	for (int i = 0; i < 13; i++)
		assert_string_equal(all.text[0][i], "-");
	for (int i = 0; i < 4; i++)
		assert_int_equal(all.integers[0][i], -1);
	close_connection(connection);
	assert_string_equal(
		shell(database,
		      "SELECT count(*) FROM eloquent_history WHERE run IS NULL AND batch IS NULL "
		      "AND statement IS NULL AND rows IS NULL AND duration_us IS NULL;"),
		"1");
}

static void the_time_is_the_servers_in_rfc_3339(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	commit(connection);
	int year = 0;
	int end = 0;
	struct collected all = read_events(connection, 0);
	assert_int_equal(sscanf(all.text[0][13], "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ%n", &year, &end),
			 1);
	assert_int_equal(all.text[0][13][end], '\0');
	assert_true(year >= 2024);
	close_connection(connection);
}

static void reading_begins_behind_a_sequence_and_keeps_the_order(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	for (int64_t i = 5; i >= 1; i--)
		assert_int_equal(try_append(connection, i), ELQ_OK);
	commit(connection);
	struct collected all = read_events(connection, 2);
	assert_int_equal(all.count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(all.sequence[i], 3 + i);
	struct collected some = {.enough = 2};
	struct elq_event_sink sink = {.struct_size = sizeof(sink), .context = &some, .event = collect};
	assert_int_equal(history->read(&call, connection, 0, &sink), ELQ_ERR_STOPPED);
	assert_int_equal(some.count, 2);
	close_connection(connection);
}

static void a_taken_sequence_is_a_constraint(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	assert_int_equal(try_append(connection, 1), ELQ_ERR_CONSTRAINT);
	assert_int_equal(try_append(connection, 0), ELQ_ERR_INVALID);
	rollback(connection);
	close_connection(connection);
}

static void history_is_written_inside_a_unit_only(void **state)
{
	(void)state;
	struct elq_str key = str("k");
	struct elq_connection *connection = open_write();
	assert_int_equal(history->create(&call, connection), ELQ_ERR_INVALID);
	make_tables(connection);
	assert_int_equal(try_append(connection, 1), ELQ_ERR_INVALID);
	assert_int_equal(history->write_meta(&call, connection, &key, &key), ELQ_ERR_INVALID);
	close_connection(connection);
}

static void an_event_goes_with_its_migration(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, MIGRATION);
	execute(connection, "CREATE TABLE t(x)");
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	rollback(connection);
	assert_int_equal(read_events(connection, 0).count, 0);
	close_connection(connection);
}

/* ---- metadata ------------------------------------------------------------------------ */

static int32_t take_pair(void *context, const struct elq_value *values, uint64_t count)
{
	char *text = context;
	assert_int_equal(count, 2);
	snprintf(text + strlen(text), 256 - strlen(text), "%.*s=%.*s;", (int)values[0].size,
		 (const char *)values[0].as.data, (int)values[1].size, (const char *)values[1].as.data);
	return 0;
}

static int32_t count_columns(void *context, const struct elq_column *columns, uint64_t count)
{
	(void)context, (void)columns;
	assert_int_equal(count, 2);
	return 0;
}

static const char *read_meta(struct elq_connection *connection)
{
	static char text[256];
	text[0] = '\0';
	struct elq_sink sink = {.struct_size = sizeof(sink),
				.context = text,
				.columns = count_columns,
				.row = take_pair};
	if (history->read_meta(&call, connection, &sink) != ELQ_OK)
		fail_msg("%s", seen.message);
	return text;
}

static void set_meta(struct elq_connection *connection, const char *key, const char *value)
{
	struct elq_str k = str(key);
	struct elq_str v = str(value);
	assert_int_equal(history->write_meta(&call, connection, &k, value ? &v : NULL), ELQ_OK);
}

static void metadata_is_set_replaced_and_removed(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	assert_string_equal(read_meta(connection), "");
	make_tables(connection);
	begin(connection, 0);
	set_meta(connection, "stamp", "production");
	set_meta(connection, "a", "1");
	set_meta(connection, "a", "2");
	set_meta(connection, "z", "");
	commit(connection);
	assert_string_equal(read_meta(connection), "a=2;stamp=production;z=;");
	begin(connection, 0);
	set_meta(connection, "a", NULL);
	set_meta(connection, "never", NULL);
	commit(connection);
	assert_string_equal(read_meta(connection), "stamp=production;z=;");
	close_connection(connection);
}

/* ---- ours alone ------------------------------------------------------------------------ */

static void no_migration_changes_our_tables(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"DELETE FROM eloquent_history",
		"UPDATE eloquent_history SET name = 'x'",
		"INSERT INTO main.Eloquent_History(sequence) VALUES(9)",
		"REPLACE INTO eloquent_meta VALUES('stamp','x')",
		"DROP TABLE eloquent_history",
		"DROP TABLE IF EXISTS \"eloquent_meta\"",
		"ALTER TABLE eloquent_history RENAME TO old",
		"ALTER TABLE eloquent_meta ADD COLUMN x",
		"CREATE TRIGGER tr AFTER INSERT ON eloquent_history BEGIN SELECT 1; END",
		"CREATE TEMP TRIGGER tr AFTER INSERT ON main.eloquent_history BEGIN SELECT 1; END",
		"CREATE INDEX ix ON eloquent_history(name)",
		"CREATE TEMP TABLE eloquent_meta(x)",
		"CREATE TABLE eloquent_lock(x)",
		"CREATE VIEW eloquent_lock AS SELECT 1",
		"WITH x AS (SELECT 1) DELETE FROM eloquent_meta",
	};
	struct elq_connection *connection = open_write();
	make_tables(connection);
	const char *before = strdup(shell(database, ".dump"));
	begin(connection, MIGRATION);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(try_execute(connection, cases[i]), ELQ_ERR_FAILED);
		if (!strstr(seen.message, "belong to eloquent"))
			fail_msg("%s: %s", cases[i], seen.message);
	}
	assert_string_equal(ask(connection, "SELECT count(*) FROM eloquent_history"), "0");
	commit(connection);
	close_connection(connection);
	assert_string_equal(shell(database, ".dump"), before);
	free((void *)before);
}

static void a_trigger_of_the_users_cannot_write_to_our_tables(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	shell(database, "CREATE TABLE t(x); CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM "
			"eloquent_meta; END;");
	begin(connection, MIGRATION);
	assert_int_equal(try_execute(connection, "INSERT INTO t VALUES(1)"), ELQ_ERR_FAILED);
	assert_non_null(strstr(seen.message, "belong to eloquent"));
	rollback(connection);
	close_connection(connection);
}

static void a_temporary_table_of_our_name_hides_nothing(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, MIGRATION);
	execute(connection, "CREATE TEMP TABLE shadow(x)");
	assert_int_equal(try_execute(connection, "ALTER TABLE shadow RENAME TO eloquent_history"),
			 ELQ_OK);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	commit(connection);
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM eloquent_history;"), "1");
}

static void something_else_of_our_name_is_said(void **state)
{
	(void)state;
	static const char *const cases[] = {"CREATE TABLE eloquent_history(x);",
					    "CREATE VIEW eloquent_meta AS SELECT 1 AS x;"};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink(database);
		shell(database, cases[i]);
		struct elq_connection *connection = open_write();
		begin(connection, 0);
		assert_int_equal(history->create(&call, connection), ELQ_ERR_CORRUPT);
		assert_non_null(strstr(seen.message, i == 0 ? "eloquent_history" : "eloquent_meta"));
		rollback(connection);
		close_connection(connection);
	}
}

static void a_row_of_another_type_is_damage(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	shell(database, "INSERT INTO eloquent_history(sequence, run) VALUES(1, x'00');");
	struct collected all = {0};
	struct elq_event_sink sink = {.struct_size = sizeof(sink), .context = &all, .event = collect};
	assert_int_equal(history->read(&call, connection, 0, &sink), ELQ_ERR_CORRUPT);
	assert_non_null(strstr(seen.message, "column run of event 1"));
	close_connection(connection);
}

static void the_tables_can_be_created_again(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	commit(connection);
	make_tables(connection);
	assert_int_equal(read_events(connection, 0).count, 1);
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_comes_back_as_it_went_in),
		TEST(no_value_is_null_and_comes_back_as_none),
		TEST(the_time_is_the_servers_in_rfc_3339),
		TEST(reading_begins_behind_a_sequence_and_keeps_the_order),
		TEST(a_taken_sequence_is_a_constraint),
		TEST(history_is_written_inside_a_unit_only),
		TEST(an_event_goes_with_its_migration),
		TEST(metadata_is_set_replaced_and_removed),
		TEST(no_migration_changes_our_tables),
		TEST(a_trigger_of_the_users_cannot_write_to_our_tables),
		TEST(a_temporary_table_of_our_name_hides_nothing),
		TEST(something_else_of_our_name_is_said),
		TEST(a_row_of_another_type_is_damage),
		TEST(the_tables_can_be_created_again),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
