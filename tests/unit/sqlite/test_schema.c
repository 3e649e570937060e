/* test_schema.c - elq.schema: rows, objects, records, wipe. */
#include "harness.h"

static int32_t holds_rows(struct elq_connection *connection)
{
	int32_t holds = -1;
	if (schema->holds_rows(&call, connection, &holds) != ELQ_OK)
		fail_msg("%s", seen.message);
	return holds;
}

static int32_t holds_objects(struct elq_connection *connection)
{
	int32_t holds = -1;
	if (schema->holds_objects(&call, connection, &holds) != ELQ_OK)
		fail_msg("%s", seen.message);
	return holds;
}

static int64_t wipe(struct elq_connection *connection)
{
	int64_t dropped = -1;
	begin(connection, MIGRATION);
	if (schema->wipe(&call, connection, &dropped) != ELQ_OK)
		fail_msg("%s", seen.message);
	commit(connection);
	return dropped;
}

/* A virtual table whose module is missing: made, then renamed behind SQLite's
 * back. Of a kind without shadow tables, which would be tables with rows now. */
static void make_orphan(void)
{
	shell(database,
	      "CREATE VIRTUAL TABLE lost USING fts5vocab(f, row); PRAGMA writable_schema = ON; "
	      "UPDATE sqlite_schema SET sql = 'CREATE VIRTUAL TABLE lost USING nosuch(f)' "
	      "WHERE name = 'lost';");
}

static void our_rows_are_no_rows(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	commit(connection);
	assert_int_equal(holds_rows(connection), 0);
	assert_int_equal(holds_objects(connection), 0);
	close_connection(connection);
}

static void one_row_in_the_last_table_is_enough(void **state)
{
	(void)state;
	shell(database, "CREATE TABLE a(x); CREATE TABLE b(x); CREATE TABLE eloquentish(x); CREATE "
			"TABLE \"z \"\"q\"(x);");
	struct elq_connection *connection = open_for(database, 0);
	assert_int_equal(holds_rows(connection), 0);
	assert_int_equal(holds_objects(connection), 1);
	shell(database, "INSERT INTO \"z \"\"q\" VALUES(NULL);");
	assert_int_equal(holds_rows(connection), 1);
	close_connection(connection);
}

static void a_view_is_an_object_and_holds_no_rows(void **state)
{
	(void)state;
	shell(database, "CREATE VIEW v AS SELECT 1;");
	struct elq_connection *connection = open_for(database, 0);
	assert_int_equal(holds_rows(connection), 0);
	assert_int_equal(holds_objects(connection), 1);
	close_connection(connection);
}

static void sqlites_own_tables_do_not_count(void **state)
{
	(void)state;
	shell(database,
	      "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t DEFAULT VALUES; "
	      "DELETE FROM t; ANALYZE;");
	struct elq_connection *connection = open_for(database, 0);
	assert_int_equal(holds_rows(connection), 0);
	close_connection(connection);
}

static void an_empty_full_text_table_is_empty_in_spite_of_its_shadows(void **state)
{
	(void)state;
	shell(database, "CREATE VIRTUAL TABLE f USING fts5(x);");
	struct elq_connection *connection = open_for(database, 0);
	assert_int_equal(holds_rows(connection), 0);
	shell(database, "INSERT INTO f VALUES('word');");
	assert_int_equal(holds_rows(connection), 1);
	close_connection(connection);
}

static void a_virtual_table_that_cannot_be_asked_may_hold_rows(void **state)
{
	(void)state;
	make_orphan();
	struct elq_connection *connection = open_for(database, 0);
	assert_int_equal(holds_rows(connection), 1);
	close_connection(connection);
}

static void damage_is_not_taken_for_emptiness(void **state)
{
	(void)state;
	shell(database, "PRAGMA page_size=4096; CREATE TABLE t(x); INSERT INTO t VALUES(1);");
	char bytes[4096];
	memset(bytes, 0x5a, sizeof(bytes));
	int fd = open(database, O_WRONLY);
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), 4096), (ssize_t)sizeof(bytes));
	close(fd);
	struct elq_connection *connection = open_for(database, 0);
	int32_t holds = 0;
	assert_int_equal(schema->holds_rows(&call, connection, &holds), ELQ_ERR_CORRUPT);
	close_connection(connection);
}

/* ---- wipe ------------------------------------------------------------------------- */

static const char everything[] =
	"CREATE TABLE c(p_id NOT NULL REFERENCES p ON DELETE RESTRICT); INSERT INTO c VALUES(1);"
	"CREATE TABLE p(id INTEGER PRIMARY KEY AUTOINCREMENT, n UNIQUE); INSERT INTO p(n) "
	"VALUES(1),(2);"
	"CREATE TABLE \"odd \"\"name\"\" 'x'\"(y); CREATE INDEX ix ON c(p_id);"
	"CREATE VIEW v AS SELECT * FROM p; CREATE VIEW broken AS SELECT * FROM nowhere;"
	"CREATE TRIGGER tr AFTER INSERT ON p BEGIN DELETE FROM c; END;"
	"CREATE TRIGGER tv INSTEAD OF INSERT ON v BEGIN SELECT 1; END;"
	"CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES('w');"
	"CREATE VIRTUAL TABLE r USING rtree(id, a, b); ANALYZE;";

static void wipe_leaves_our_tables_and_nothing_else(void **state)
{
	(void)state;
	shell(database, everything);
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	assert_int_equal(try_append(connection, 1), ELQ_OK);
	commit(connection);
	assert_true(wipe(connection) > 9);
	assert_int_equal(holds_objects(connection), 0);
	close_connection(connection);
	assert_string_equal(
		shell(database,
		      "SELECT group_concat(name) FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'; "
		      "SELECT count(*) FROM eloquent_history; PRAGMA integrity_check;"),
		"eloquent_history,eloquent_meta\n1\nok");
}

static void wipe_is_not_stopped_by_enforced_keys(void **state)
{
	(void)state;
	shell(database, everything);
	struct elq_connection *connection = open_write();
	int64_t dropped = 0;
	begin(connection, 0); /* a unit with enforcement */
	assert_int_equal(schema->wipe(&call, connection, &dropped), ELQ_OK);
	commit(connection);
	assert_int_equal(holds_objects(connection), 0);
	close_connection(connection);
}

static void wipe_rolls_back_with_its_unit(void **state)
{
	(void)state;
	shell(database, everything);
	char *before = strdup(shell(database, ".dump"));
	struct elq_connection *connection = open_write();
	int64_t dropped = 0;
	begin(connection, MIGRATION);
	assert_int_equal(schema->wipe(&call, connection, &dropped), ELQ_OK);
	rollback(connection);
	close_connection(connection);
	assert_string_equal(shell(database, ".dump"), before);
	free(before);
}

static void wipe_drops_what_others_hung_on_our_tables(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	shell(database, "CREATE INDEX ix ON eloquent_history(name); CREATE TRIGGER tr AFTER INSERT ON "
			"eloquent_meta BEGIN SELECT 1; END;");
	assert_int_equal(wipe(connection), 2);
	close_connection(connection);
	assert_string_equal(
		shell(database, "SELECT count(*) FROM sqlite_schema WHERE sql IS NOT NULL;"), "2");
}

static void wipe_needs_a_unit(void **state)
{
	(void)state;
	shell(database, everything);
	struct elq_connection *connection = open_write();
	int64_t dropped = 0;
	assert_int_equal(schema->wipe(&call, connection, &dropped), ELQ_ERR_INVALID);
	close_connection(connection);
}

static void wipe_of_an_orphan_says_what_is_missing(void **state)
{
	(void)state;
	make_orphan();
	struct elq_connection *connection = open_write();
	int64_t dropped = 0;
	begin(connection, MIGRATION);
	assert_int_equal(schema->wipe(&call, connection, &dropped), ELQ_ERR_FAILED);
	assert_non_null(strstr(seen.message, "no such module: nosuch"));
	rollback(connection);
	close_connection(connection);
}

/* ---- records ------------------------------------------------------------------------- */

static int32_t take_record(void *context, const struct elq_value *values, uint64_t count)
{
	char *text = context;
	assert_int_equal(count, 4);
	size_t used = strlen(text);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(values[i].type, ELQ_TYPE_TEXT);
		used += (size_t)snprintf(text + used, 16384 - used, "%.*s%s", (int)values[i].size,
					 (const char *)values[i].as.data, i < 3 ? "|" : "\n");
	}
	return 0;
}

static void records_are_sorted_and_leave_ours_out(void **state)
{
	(void)state;
	static char text[16384];
	shell(database,
	      "CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT NOT NULL DEFAULT 'x', u REFERENCES t(id));"
	      "CREATE UNIQUE INDEX ix ON t(n, lower(n)); CREATE VIEW v AS SELECT 1;"
	      "CREATE VIRTUAL TABLE f USING fts5(x);");
	struct elq_connection *connection = open_write();
	make_tables(connection);
	text[0] = '\0';
	struct elq_sink sink = {.struct_size = sizeof(sink), .context = text, .row = take_record};
	assert_int_equal(schema->describe(&call, connection, &sink), ELQ_OK);
	static const char *const wanted[] = {
		"column|t.id|primary_key|1\n",
		"column|t.n|default|'x'\n",
		"column|t.n|not_null|1\n",
		"column|t.n|type|TEXT\n",
		"foreign_key|t.0|references|t (u -> id) on update no action on delete no action\n",
		"index_of|t.ix|columns|c unique n, (expression)\n",
		"view|v|sql|CREATE VIEW v AS SELECT 1\n",
		"table|f|sql|CREATE VIRTUAL TABLE f USING fts5(x)\n"};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!strstr(text, wanted[i]))
			fail_msg("%s is missing in\n%s", wanted[i], text);
	assert_null(strstr(text, "eloquent"));
	const char *previous = "";
	for (char *line = text; *line;) {
		char *end = strchr(line, '\n');
		*end = '\0';
		for (char *bar = line; (bar = strchr(bar, '|'));)
			*bar = '\1'; /* sorts before every name */
		assert_true(strcmp(previous, line) <= 0);
		previous = line;
		line = end + 1;
	}
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(our_rows_are_no_rows),
		TEST(one_row_in_the_last_table_is_enough),
		TEST(a_view_is_an_object_and_holds_no_rows),
		TEST(sqlites_own_tables_do_not_count),
		TEST(an_empty_full_text_table_is_empty_in_spite_of_its_shadows),
		TEST(a_virtual_table_that_cannot_be_asked_may_hold_rows),
		TEST(damage_is_not_taken_for_emptiness),
		TEST(wipe_leaves_our_tables_and_nothing_else),
		TEST(wipe_is_not_stopped_by_enforced_keys),
		TEST(wipe_rolls_back_with_its_unit),
		TEST(wipe_drops_what_others_hung_on_our_tables),
		TEST(wipe_needs_a_unit),
		TEST(wipe_of_an_orphan_says_what_is_missing),
		TEST(records_are_sorted_and_leave_ours_out),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
