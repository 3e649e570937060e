/* test_statement.c - one statement: values in both directions, what is refused,
 * and whose words an error carries. */
#include "harness.h"

static int32_t run(struct elq_connection *connection, const char *sql, const struct elq_value *params,
		   uint64_t count, const struct elq_sink *sink, struct elq_result *result)
{
	struct elq_statement statement = {.struct_size = sizeof(statement),
					  .text = str(sql),
					  .params = params,
					  .param_count = count};
	return driver->execute(&call, connection, &statement, sink, result);
}

static int64_t changed(struct elq_connection *connection, const char *sql)
{
	struct elq_result result = {.struct_size = sizeof(result), .rows_changed = -7};
	if (run(connection, sql, NULL, 0, NULL, &result) != ELQ_OK)
		fail_msg("%s: %s", sql, seen.message);
	return result.rows_changed;
}

static void rows_changed_are_the_statements_own(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	assert_int_equal(changed(connection, "CREATE TABLE t(x)"), 0);
	assert_int_equal(changed(connection, "INSERT INTO t VALUES(1),(2),(3)"), 3);
	assert_int_equal(changed(connection, "CREATE TABLE u(x)"), 0);
	assert_int_equal(changed(connection, "SELECT * FROM t"), 0);
	assert_int_equal(changed(connection, "UPDATE t SET x = 9 WHERE x > 1"), 2);
	assert_int_equal(changed(connection, "DELETE FROM t"), 3);
	assert_int_equal(changed(connection, "-- nothing"), 0);
	commit(connection);
	close_connection(connection);
}

static void an_error_carries_sqlites_words_and_place(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	assert_int_equal(try_execute(connection, "CREATE\nTABEL t(x)"), ELQ_ERR_FAILED);
	assert_string_equal(seen.message, "near \"TABEL\": syntax error");
	assert_int_equal(seen.offset, 7);
	assert_int_equal(seen.native, 1);
	execute(connection, "CREATE TABLE t(x UNIQUE)");
	execute(connection, "INSERT INTO t VALUES(1)");
	assert_int_equal(try_execute(connection, "INSERT INTO t VALUES(1)"), ELQ_ERR_CONSTRAINT);
	assert_string_equal(seen.message, "UNIQUE constraint failed: t.x");
	assert_int_equal(seen.native, 2067);
	rollback(connection);
	close_connection(connection);
}

static void text_left_behind_a_statement_is_refused(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	assert_int_equal(try_execute(connection, "CREATE TABLE a(x); CREATE TABLE b(x)"),
			 ELQ_ERR_INVALID);
	assert_int_equal(try_execute(connection, "CREATE TABLE a(x); garbage"), ELQ_ERR_INVALID);
	assert_string_equal(ask(connection, "SELECT count(*) FROM sqlite_schema"), "0");
	execute(connection, "CREATE TABLE a(x) ; -- and that is all\n /* really */ ;");
	struct elq_statement hidden = {.struct_size = sizeof(hidden),
				       .text = {"CREATE TABLE b(x)\0; DROP TABLE a", 33}};
	assert_int_equal(driver->execute(&call, connection, &hidden, NULL, NULL), ELQ_ERR_INVALID);
	rollback(connection);
	close_connection(connection);
}

static void a_statement_is_not_read_behind_its_size(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	char text[] = {'S', 'E', 'L', 'E', 'C', 'T', ' ', '1', '2', 'x'};
	struct elq_statement statement = {.struct_size = sizeof(statement), .text = {text, 8}};
	char first[256] = "";
	struct elq_sink sink = {.struct_size = sizeof(sink), .context = first, .row = take_first};
	assert_int_equal(driver->execute(&call, connection, &statement, &sink, NULL), ELQ_OK);
	assert_string_equal(first, "1");
	close_connection(connection);
}

struct row {
	struct elq_value values[8];
	char text[8][64];
	uint64_t count;
	uint64_t columns;
	char name[64];
	int rows;
};

static int32_t take_columns(void *context, const struct elq_column *columns, uint64_t count)
{
	struct row *row = context;
	row->columns = count;
	if (count)
		snprintf(row->name, sizeof(row->name), "%.*s", (int)columns[0].name.size,
			 columns[0].name.data);
	return 0;
}

static int32_t take_row(void *context, const struct elq_value *values, uint64_t count)
{
	struct row *row = context;
	row->count = count;
	row->rows++;
	for (uint64_t i = 0; i < count && i < 8; i++) {
		row->values[i] = values[i];
		if (values[i].size)
			memcpy(row->text[i], values[i].as.data,
			       values[i].size < 64 ? values[i].size : 64);
	}
	return 0;
}

static struct row query(struct elq_connection *connection, const char *sql,
			const struct elq_value *params, uint64_t count)
{
	struct row row = {0};
	struct elq_sink sink = {
		.struct_size = sizeof(sink), .context = &row, .columns = take_columns, .row = take_row};
	if (run(connection, sql, params, count, &sink, NULL) != ELQ_OK)
		fail_msg("%s: %s", sql, seen.message);
	return row;
}

static void sqlites_five_types_come_out_as_they_are(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	struct row row = query(connection,
			       "SELECT -9223372036854775808 AS first, 1.5, 't', x'00ff', NULL, '', x''",
			       NULL, 0);
	assert_int_equal(row.columns, 7);
	assert_string_equal(row.name, "first");
	assert_int_equal(row.values[0].type, ELQ_TYPE_I64);
	assert_true(row.values[0].as.i64 == INT64_MIN);
	assert_int_equal(row.values[1].type, ELQ_TYPE_F64);
	assert_true(row.values[1].as.f64 == 1.5);
	assert_int_equal(row.values[2].type, ELQ_TYPE_TEXT);
	assert_int_equal(row.values[3].type, ELQ_TYPE_BYTES);
	assert_memory_equal(row.text[3], "\0\xff", 2);
	assert_int_equal(row.values[4].type, ELQ_TYPE_NULL);
	assert_int_equal(row.values[5].type, ELQ_TYPE_TEXT);
	assert_non_null(row.values[5].as.data);
	assert_int_equal(row.values[6].type, ELQ_TYPE_BYTES);
	assert_non_null(row.values[6].as.data);
	close_connection(connection);
}

static void columns_are_told_without_a_row_too(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	struct row row = query(connection, "SELECT 1 AS only WHERE 0", NULL, 0);
	assert_int_equal(row.columns, 1);
	assert_string_equal(row.name, "only");
	assert_int_equal(row.rows, 0);
	close_connection(connection);
}

static void parameters_are_bound_by_their_types(void **state)
{
	(void)state;
	static const struct {
		struct elq_value value;
		const char *stored; /* typeof and quote */
	} cases[] = {
		{{.type = ELQ_TYPE_NULL}, "null NULL"},
		{{.type = ELQ_TYPE_BOOL, .as.i64 = 1}, "integer 1"},
		{{.type = ELQ_TYPE_U64, .as.u64 = INT64_MAX}, "integer 9223372036854775807"},
		{{.type = ELQ_TYPE_F64, .as.f64 = 0.5}, "real 0.5"},
		{{.type = ELQ_TYPE_DECIMAL, .as.data = "1.10", .size = 4}, "text '1.10'"},
		{{.type = ELQ_TYPE_TEXT, .as.data = "a'b", .size = 3}, "text 'a''b'"},
		{{.type = ELQ_TYPE_TEXT, .as.data = "", .size = 0}, "text ''"},
		{{.type = ELQ_TYPE_BYTES, .as.data = "\1\2", .size = 2}, "blob X'0102'"},
		{{.type = ELQ_TYPE_DATE, .as.i64 = -1}, "text '1969-12-31'"},
		{{.type = ELQ_TYPE_TIME, .as.i64 = 3661000001}, "text '01:01:01.000001'"},
		{{.type = ELQ_TYPE_TIMESTAMP, .as.i64 = -1}, "text '1969-12-31 23:59:59.999999'"},
		{{.type = ELQ_TYPE_TIMESTAMPTZ, .as.i64 = 86400000000},
		 "text '1970-01-02 00:00:00.000000Z'"},
		{{.type = ELQ_TYPE_DATE, .as.i64 = -719528}, "text '0000-01-01'"},
		{{.type = ELQ_TYPE_DATE, .as.i64 = 2932896}, "text '9999-12-31'"},
		{{.type = ELQ_TYPE_DATE, .as.i64 = 11016}, "text '2000-02-29'"},
		{{.type = ELQ_TYPE_UUID,
		  .as.data = "\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10",
		  .size = 16},
		 "text '01234567-89ab-cdef-fedc-ba9876543210'"},
		{{.type = ELQ_TYPE_JSON, .as.data = "{}", .size = 2}, "text '{}'"},
		{{.type = ELQ_TYPE_DOCUMENT, .as.data = "\5", .size = 1}, "blob X'05'"},
	};
	struct elq_connection *connection = open_write();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct row row =
			query(connection, "SELECT typeof(?1) || ' ' || quote(?1)", &cases[i].value, 1);
		assert_string_equal(row.text[0], cases[i].stored);
	}
	close_connection(connection);
}

static void values_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	const struct elq_value cases[] = {
		{.type = ELQ_TYPE_U64, .as.u64 = UINT64_MAX},
		{.type = ELQ_TYPE_DATE, .as.i64 = INT64_MAX},
		{.type = ELQ_TYPE_DATE, .as.i64 = 2932897},
		{.type = ELQ_TYPE_DATE, .as.i64 = -719529},
		{.type = ELQ_TYPE_TIME, .as.i64 = INT64_C(86400000000)},
		{.type = ELQ_TYPE_TIME, .as.i64 = -1},
		{.type = ELQ_TYPE_TIMESTAMP, .as.i64 = INT64_MIN},
		{.type = ELQ_TYPE_F64, .as.f64 = __builtin_nan("")},
		{.type = ELQ_TYPE_UUID, .as.data = "short", .size = 5},
		{.type = 99},
	};
	struct elq_connection *connection = open_write();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(run(connection, "SELECT ?", &cases[i], 1, NULL, NULL),
				 ELQ_ERR_INVALID);
	assert_int_equal(run(connection, "SELECT ?, ?", cases, 1, NULL, NULL), ELQ_ERR_INVALID);
	assert_int_equal(try_execute(connection, "SELECT :name"), ELQ_ERR_INVALID);
	assert_non_null(strstr(seen.message, "1 parameters and got 0 values"));
	close_connection(connection);
}

static int32_t enough(void *context, const struct elq_value *values, uint64_t count)
{
	(void)values, (void)count;
	return ++*(int *)context == 2;
}

static void a_sink_stops_the_rows(void **state)
{
	(void)state;
	int rows = 0;
	struct elq_connection *connection = open_write();
	struct elq_sink sink = {.struct_size = sizeof(sink), .context = &rows, .row = enough};
	assert_int_equal(run(connection, "VALUES(1),(2),(3)", NULL, 0, &sink, NULL), ELQ_ERR_STOPPED);
	assert_int_equal(rows, 2);
	close_connection(connection);
}

static int32_t never(void *context, const struct elq_value *values, uint64_t count)
{
	(void)context, (void)values, (void)count;
	fail_msg("a member behind the host's struct was used");
	return 1;
}

static void an_older_hosts_shorter_structs_are_enough(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	struct elq_description description;
	memset(&description, 0xab, sizeof(description));
	description.struct_size = offsetof(struct elq_description, identity);
	assert_int_equal(driver->describe(&call, connection, &description), ELQ_OK);
	assert_int_equal(description.product.size, 6);
	assert_int_equal(((unsigned char *)&description.identity)[0], 0xab);
	struct elq_begin short_begin = {.struct_size = 8, .flags = MIGRATION, .lock_timeout_us = 0};
	assert_int_equal(driver->begin(&call, connection, &short_begin), ELQ_OK);
	rollback(connection);
	struct elq_sink short_sink = {.struct_size = offsetof(struct elq_sink, row), .row = never};
	assert_int_equal(run(connection, "SELECT 1", NULL, 0, &short_sink, NULL), ELQ_OK);
	close_connection(connection);
}

static void a_full_disk_is_said_and_rolls_back(void **state)
{
	(void)state;
	struct elq_connection *connection = open_write();
	migrate(connection, "CREATE TABLE t(x)");
	begin(connection, MIGRATION);
	execute(connection, "PRAGMA max_page_count = 3");
	assert_int_equal(try_execute(connection, "INSERT INTO t VALUES(zeroblob(100000))"),
			 ELQ_ERR_FAILED);
	assert_string_equal(seen.message, "database or disk is full");
	assert_non_null(strstr(seen.hint, "free some space"));
	rollback(connection);
	migrate(connection, "INSERT INTO t VALUES(zeroblob(100000))");
	close_connection(connection);
}

static void the_shell_of_defences_stays_closed(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"SELECT load_extension('/tmp/x')",
		"INSERT INTO f_config VALUES('a', 1)",
		"DELETE FROM sqlite_schema",
	};
	struct elq_connection *connection = open_write();
	begin(connection, MIGRATION);
	execute(connection, "CREATE VIRTUAL TABLE f USING fts5(x)");
	execute(connection, "PRAGMA writable_schema = ON");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (try_execute(connection, cases[i]) == ELQ_OK)
			fail_msg("%s was run", cases[i]);
	rollback(connection);
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_changed_are_the_statements_own),
		TEST(an_error_carries_sqlites_words_and_place),
		TEST(text_left_behind_a_statement_is_refused),
		TEST(a_statement_is_not_read_behind_its_size),
		TEST(sqlites_five_types_come_out_as_they_are),
		TEST(columns_are_told_without_a_row_too),
		TEST(parameters_are_bound_by_their_types),
		TEST(values_that_do_not_fit_are_refused),
		TEST(a_sink_stops_the_rows),
		TEST(an_older_hosts_shorter_structs_are_enough),
		TEST(a_full_disk_is_said_and_rolls_back),
		TEST(the_shell_of_defences_stays_closed),
	};
	return cmocka_run_group_tests(tests, load_plugin, NULL);
}
