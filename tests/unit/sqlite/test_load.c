/* test_load.c - elq.load: rows into tables in bulk, their types, what breaks a load and
 * what then stands. */
#include "harness.h"

#include <eloquent/load.h>

static const struct elq_load_ops *ops;

static int load_both(void **state)
{
	if (load_plugin(state) != 0)
		return -1;
	ops = driver->get_extension(ELQ_EXT_LOAD, strlen(ELQ_EXT_LOAD));
	return ops ? 0 : -1;
}

/* ---- a load in few words ------------------------------------------------------------- */

struct plan {
	struct elq_load_plan plan;
	struct elq_column columns[8];
	struct elq_str key[2];
};

/* columns and key: names separated by blanks; key NULL: none. */
static struct elq_load_plan *plan_of(struct plan *own, uint32_t mode, const char *table,
				     const char *columns, const char *key)
{
	static char words[512];
	*own = (struct plan){.plan = {.struct_size = sizeof(own->plan), .mode = mode}};
	own->plan.table = str(table);
	snprintf(words, sizeof(words), "%s|%s", columns, key ? key : "");
	bool in_key = false;
	for (char *word = words, *end = NULL; *word; word = end) {
		end = word + strcspn(word, " |");
		char stop = *end;
		if (*end)
			*end++ = '\0';
		if (*word && in_key)
			own->key[own->plan.key_count++] = str(word);
		else if (*word)
			own->columns[own->plan.column_count++] = (struct elq_column){
				.struct_size = sizeof(struct elq_column), .name = str(word)};
		in_key = in_key || stop == '|';
	}
	own->plan.columns = own->columns;
	own->plan.key = own->key;
	return &own->plan;
}

static int32_t try_load(struct elq_connection *connection, uint32_t mode, const char *table,
			const char *columns, const char *key, struct elq_load **ret)
{
	struct plan own;
	*ret = NULL;
	return ops->begin(&call, connection, plan_of(&own, mode, table, columns, key), ret);
}

static struct elq_load *load_into(struct elq_connection *connection, uint32_t mode, const char *table,
				  const char *columns, const char *key)
{
	struct elq_load *load = NULL;
	if (try_load(connection, mode, table, columns, key, &load) != ELQ_OK)
		fail_msg("begin: %s", seen.message);
	return load;
}

static void write_rows(struct elq_load *load, const struct elq_value *values, uint64_t rows)
{
	if (ops->write(&call, load, values, rows) != ELQ_OK)
		fail_msg("write: %s", seen.message);
}

static struct elq_load_result finish(struct elq_load *load)
{
	struct elq_load_result result = {.struct_size = sizeof(result)};
	if (ops->finish(&call, load, &result) != ELQ_OK)
		fail_msg("finish: %s", seen.message);
	return result;
}

static struct elq_value number(int64_t value)
{
	return (struct elq_value){.type = ELQ_TYPE_I64, .as.i64 = value};
}

static struct elq_value text(const char *value)
{
	return (struct elq_value){.type = ELQ_TYPE_TEXT, .as.data = value, .size = strlen(value)};
}

/* rows of (first + i, "n<first + i>") */
#define ROWS_MAX 4096
static const struct elq_value *pairs(int64_t first, size_t rows)
{
	static struct elq_value values[ROWS_MAX * 2];
	static char names[ROWS_MAX][24];
	assert_true(rows <= ROWS_MAX);
	for (size_t i = 0; i < rows; i++) {
		snprintf(names[i], sizeof(names[i]), "n%lld", (long long)(first + (int64_t)i));
		values[i * 2] = number(first + (int64_t)i);
		values[i * 2 + 1] = text(names[i]);
	}
	return values;
}

static struct elq_connection *open_with(const char *schema_sql)
{
	shell(database, schema_sql);
	struct elq_connection *connection = open_write();
	begin(connection, 0);
	return connection;
}

#define USERS "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"

/* ---- rows ------------------------------------------------------------------------------ */

static void batches_of_any_size_arrive_whole(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 31, 32, 33, 100, 1000};
	struct elq_connection *connection = open_with(USERS);
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	int64_t next = 1;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		write_rows(load, pairs(next, sizes[i]), sizes[i]);
		next += (int64_t)sizes[i];
	}
	struct elq_load_result result = finish(load);
	assert_int_equal(result.inserted, 1197);
	assert_int_equal(result.skipped, 0);
	assert_int_equal(result.updated, 0);
	commit(connection);
	assert_string_equal(
		shell(database, "SELECT count(*), sum(id), sum(name = 'n' || id) FROM users;"),
		"1197|717003|1197");
	close_connection(connection);
}

static void every_type_has_its_own_storage(void **state)
{
	(void)state;
	const struct elq_value row[] = {
		{.type = ELQ_TYPE_BOOL, .as.i64 = 1},
		{.type = ELQ_TYPE_TIMESTAMPTZ, .as.i64 = 1},
		{.type = ELQ_TYPE_UUID, .as.data = "0123456789abcdef", .size = 16},
		{.type = ELQ_TYPE_DECIMAL, .as.data = "1.10", .size = 4},
		{.type = ELQ_TYPE_BYTES, .as.data = "\0\1", .size = 2},
		{.type = ELQ_TYPE_NULL},
		{.type = ELQ_TYPE_DATE, .as.i64 = 1},
		{.type = ELQ_TYPE_F64, .as.f64 = 0.25},
	};
	struct elq_connection *connection = open_with("CREATE TABLE t(a,b,c,d,e,f,g,h);");
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "t", "a b c d e f g h", NULL);
	struct elq_value rows[40 * 8];
	for (size_t i = 0; i < 40; i++)
		memcpy(&rows[i * 8], row, sizeof(row));
	write_rows(load, rows, 40);
	finish(load);
	commit(connection);
	assert_string_equal(
		shell(database, "SELECT count(*), quote(a), quote(b), quote(c), quote(d), quote(e), "
				"quote(f), quote(g), quote(h) FROM t GROUP BY 2, 3, 4, 5, 6, 7, 8, 9;"),
		"40|1|'1970-01-01 00:00:00.000001Z'|'30313233-3435-3637-3839-616263646566'|'1.10'|"
		"X'0001'|NULL|'1970-01-02'|0.25");
	close_connection(connection);
}

static void a_value_that_cannot_be_stored_names_row_and_column(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS);
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	write_rows(load, pairs(1, 40), 40);
	const struct elq_value row[] = {{.type = ELQ_TYPE_U64, .as.u64 = UINT64_MAX}, text("x")};
	assert_int_equal(ops->write(&call, load, row, 1), ELQ_ERR_INVALID);
	assert_non_null(strstr(seen.message, "the column \"id\" of \"users\""));
	assert_int_equal(seen.statement, 40);
	ops->abandon(&call, load);
	rollback(connection);
	close_connection(connection);
}

static void rows_that_are_there_are_skipped_and_counted(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS "INSERT INTO users VALUES(5, 'five');");
	struct elq_load *load = load_into(connection, ELQ_LOAD_SKIP, "users", "id name", "id");
	write_rows(load, pairs(1, 70), 70);
	struct elq_load_result result = finish(load);
	assert_int_equal(result.inserted, 69);
	assert_int_equal(result.skipped, 1);
	commit(connection);
	assert_string_equal(shell(database, "SELECT name FROM users WHERE id = 5;"), "five");
	close_connection(connection);
}

static void skipping_by_one_key_is_no_leave_to_break_another(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS "INSERT INTO users VALUES(500, 'n7');");
	struct elq_load *load = load_into(connection, ELQ_LOAD_SKIP, "users", "id name", "id");
	assert_int_equal(ops->write(&call, load, pairs(1, 70), 70), ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "UNIQUE constraint failed: users.name"));
	ops->abandon(&call, load);
	rollback(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM users;"), "1");
	close_connection(connection);
}

static void upsert_replaces_the_other_columns_and_tells_both_counts(void **state)
{
	(void)state;
	static const char *const tables[] = {
		"CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, kept TEXT DEFAULT 'new');",
		"CREATE TABLE t(id INT PRIMARY KEY, name TEXT, kept TEXT DEFAULT 'new') WITHOUT "
		"ROWID;"};
	for (size_t i = 0; i < 2; i++) {
		char sql[512];
		snprintf(sql, sizeof(sql),
			 "DROP TABLE IF EXISTS t; %s INSERT INTO t VALUES(2, 'two', 'old');",
			 tables[i]);
		struct elq_connection *connection = open_with(sql);
		struct elq_load *load = load_into(connection, ELQ_LOAD_UPSERT, "t", "id name", "id");
		write_rows(load, pairs(1, 3), 3);
		write_rows(load, pairs(1, 1), 1);
		struct elq_load_result result = finish(load);
		assert_int_equal(result.inserted, 2);
		assert_int_equal(result.updated, 2);
		assert_int_equal(result.skipped, 0);
		commit(connection);
		assert_string_equal(shell(database, "SELECT group_concat(id || name || kept) FROM "
						    "(SELECT * FROM t ORDER BY id);"),
				    "1n1new,2n2old,3n3new");
		close_connection(connection);
	}
}

static void upsert_with_nothing_beside_the_key_skips(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with("CREATE TABLE t(id INTEGER PRIMARY KEY);"
						      "INSERT INTO t VALUES(1);");
	struct elq_load *load = load_into(connection, ELQ_LOAD_UPSERT, "t", "id", "ID");
	const struct elq_value rows[] = {number(1), number(2)};
	write_rows(load, rows, 2);
	struct elq_load_result result = finish(load);
	assert_int_equal(result.inserted, 1);
	assert_int_equal(result.skipped, 1);
	assert_int_equal(result.updated, 0);
	rollback(connection);
	close_connection(connection);
}

/* ---- what breaks ------------------------------------------------------------------------- */

static void a_row_that_breaks_a_rule_is_named_and_nothing_stands(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS "CREATE TABLE other(a);");
	execute(connection, "INSERT INTO other VALUES(1)");
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	write_rows(load, pairs(1, 64), 64);
	struct elq_value rows[64];
	memcpy(rows, pairs(101, 32), sizeof(rows));
	rows[2 * 7 + 1] = text("n3");
	assert_int_equal(ops->write(&call, load, rows, 32), ELQ_ERR_CONSTRAINT);
	assert_string_equal(seen.message, "UNIQUE constraint failed: users.name");
	assert_int_equal(seen.statement, 64 + 7);
	/* The unit says so too, whatever is asked of it. */
	assert_int_equal(ops->write(&call, load, rows, 1), ELQ_ERR_INVALID);
	assert_int_equal(try_execute(connection, "INSERT INTO other VALUES(2)"), ELQ_ERR_FAILED);
	assert_non_null(strstr(seen.message, "a load failed in this unit"));
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_FAILED);
	ops->abandon(&call, load);
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_FAILED);
	rollback(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM users; SELECT count(*) FROM other;"),
			    "0\n0");
	/* And the connection is as good as before. */
	begin(connection, 0);
	execute(connection, "INSERT INTO other VALUES(3)");
	commit(connection);
	assert_string_equal(shell(database, "SELECT a FROM other;"), "3");
	close_connection(connection);
}

static void the_first_row_of_a_batch_is_known_too(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS "INSERT INTO users VALUES(33, 'there');");
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	assert_int_equal(ops->write(&call, load, pairs(1, 64), 64), ELQ_ERR_CONSTRAINT);
	assert_int_equal(seen.statement, 32);
	ops->abandon(&call, load);
	close_connection(connection);
}

static void where_the_row_is_not_known_the_range_is_said(void **state)
{
	(void)state;
	struct elq_connection *connection =
		open_with("CREATE TABLE t(id INT PRIMARY KEY, name) WITHOUT ROWID;"
			  "INSERT INTO t VALUES(40, 'there');");
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "t", "id name", NULL);
	assert_int_equal(ops->write(&call, load, pairs(1, 64), 64), ELQ_ERR_CONSTRAINT);
	assert_int_equal(seen.statement, -1);
	assert_string_equal(seen.hint, "it is one of the rows 33 to 64 of this load");
	ops->abandon(&call, load);
	close_connection(connection);
}

static void foreign_keys_are_enforced_and_the_failed_unit_cannot_commit(void **state)
{
	(void)state;
	struct elq_connection *connection =
		open_with(USERS "INSERT INTO users VALUES(1, 'one');"
				"CREATE TABLE posts(user_id REFERENCES users(id), title);");
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "posts", "user_id title", NULL);
	write_rows(load, pairs(1, 1), 1);
	assert_int_equal(ops->write(&call, load, pairs(1, 32), 32), ELQ_ERR_CONSTRAINT);
	assert_non_null(strstr(seen.message, "FOREIGN KEY constraint failed"));
	assert_string_equal(seen.hint, "it is one of the rows 2 to 33 of this load");
	ops->abandon(&call, load);
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_FAILED);
	rollback(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM posts;"), "0");
	close_connection(connection);
}

static void a_deferred_foreign_key_fails_the_commit(void **state)
{
	(void)state;
	struct elq_connection *connection =
		open_with(USERS "CREATE TABLE posts(user_id REFERENCES users(id) DEFERRABLE INITIALLY "
				"DEFERRED, title);");
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "posts", "user_id title", NULL);
	write_rows(load, pairs(1, 32), 32);
	finish(load);
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_CONSTRAINT);
	rollback(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM posts;"), "0");
	close_connection(connection);
}

static void a_trigger_may_refuse_a_row(void **state)
{
	(void)state;
	struct elq_connection *connection =
		open_with(USERS "CREATE TRIGGER no BEFORE INSERT ON users WHEN new.id = 40 "
				"BEGIN SELECT RAISE(ABORT, 'not forty'); END;");
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	assert_int_equal(ops->write(&call, load, pairs(1, 64), 64), ELQ_ERR_CONSTRAINT);
	assert_string_equal(seen.message, "not forty");
	assert_int_equal(seen.statement, 39);
	ops->abandon(&call, load);
	rollback(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM users;"), "0");
	close_connection(connection);
}

static void an_abandoned_load_that_wrote_spoils_its_unit(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS);
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	write_rows(load, pairs(1, 5), 5);
	ops->abandon(&call, load);
	ops->abandon(&call, NULL);
	assert_int_equal(driver->commit(&call, connection), ELQ_ERR_FAILED);
	rollback(connection);
	close_connection(connection);
}

static void cancelling_ends_a_load_and_nothing_stands(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS);
	struct elq_load *load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	atomic_store(&seen.cancelled, 1);
	int32_t status = ELQ_OK;
	for (int64_t i = 0; i < 100 && status == ELQ_OK; i++)
		status = ops->write(&call, load, pairs(1 + i * ROWS_MAX, ROWS_MAX), ROWS_MAX);
	assert_int_equal(status, ELQ_ERR_CANCELLED);
	atomic_store(&seen.cancelled, 0);
	ops->abandon(&call, load);
	rollback(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM users;"), "0");
	close_connection(connection);
}

/* ---- the order of calls ----------------------------------------------------------------- */

static void what_is_not_there_is_named(void **state)
{
	(void)state;
	struct elq_load *load = NULL;
	struct elq_connection *connection = open_with(USERS "CREATE VIEW v AS SELECT * FROM users;");
	assert_int_equal(try_load(connection, 0, "nobody", "a", NULL, &load), ELQ_ERR_NOT_FOUND);
	assert_string_equal(seen.message, "the database has no table \"nobody\"");
	assert_int_equal(try_load(connection, 0, "v", "id", NULL, &load), ELQ_ERR_NOT_FOUND);
	assert_non_null(strstr(seen.message, "\"v\" is a view"));
	assert_int_equal(try_load(connection, 0, "users", "id nme", NULL, &load), ELQ_ERR_NOT_FOUND);
	assert_string_equal(seen.message, "the table \"users\" has no column \"nme\"");
	assert_string_equal(seen.hint, "it has id, name");
	assert_int_equal(try_load(connection, 0, "users", "id ID", NULL, &load), ELQ_ERR_INVALID);
	assert_int_equal(try_load(connection, 0, "users", "", NULL, &load), ELQ_ERR_INVALID);
	assert_int_equal(try_load(connection, 0, "", "id", NULL, &load), ELQ_ERR_INVALID);
	assert_int_equal(try_load(connection, ELQ_LOAD_SKIP, "users", "id", NULL, &load),
			 ELQ_ERR_INVALID);
	assert_int_equal(try_load(connection, ELQ_LOAD_UPSERT, "users", "id", "name", &load),
			 ELQ_ERR_INVALID);
	assert_non_null(strstr(seen.message, "the key column \"name\""));
	assert_int_equal(try_load(connection, 3, "users", "id", NULL, &load), ELQ_ERR_UNSUPPORTED);
	assert_null(load);
	/* None of this did anything. */
	execute(connection, "INSERT INTO users VALUES(1, 'one')");
	commit(connection);
	close_connection(connection);
}

static void our_own_tables_take_no_rows_from_a_load(void **state)
{
	(void)state;
	struct elq_load *load = NULL;
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	assert_int_equal(try_load(connection, 0, "eloquent_meta", "key value", NULL, &load),
			 ELQ_ERR_FAILED);
	assert_non_null(strstr(seen.message, "belong to eloquent"));
	rollback(connection);
	close_connection(connection);
}

static void an_absent_database_is_not_made_for_a_load(void **state)
{
	(void)state;
	struct elq_load *load = NULL;
	struct elq_connection *connection = open_write();
	begin(connection, 0);
	assert_int_equal(try_load(connection, 0, "users", "id", NULL, &load), ELQ_ERR_NOT_FOUND);
	rollback(connection);
	assert_false(exists(database));
	close_connection(connection);
}

static void a_load_lives_inside_one_unit_and_alone(void **state)
{
	(void)state;
	struct elq_load *load = NULL;
	struct elq_load *second = NULL;
	shell(database, USERS);
	struct elq_connection *connection = open_write();
	assert_int_equal(try_load(connection, 0, "users", "id name", NULL, &load), ELQ_ERR_INVALID);
	begin(connection, 0);
	load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	assert_int_equal(try_load(connection, 0, "users", "id name", NULL, &second), ELQ_ERR_INVALID);
	rollback(connection);
	begin(connection, 0);
	assert_int_equal(ops->write(&call, load, pairs(1, 1), 1), ELQ_ERR_INVALID);
	struct elq_load_result result = {.struct_size = sizeof(result)};
	assert_int_equal(ops->finish(&call, load, &result), ELQ_ERR_INVALID);
	load = load_into(connection, ELQ_LOAD_INSERT, "users", "id name", NULL);
	write_rows(load, pairs(1, 1), 1);
	finish(load);
	commit(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM users;"), "1");
	close_connection(connection);
}

static void closing_with_an_open_load_rolls_back(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS);
	struct elq_load *load = load_into(connection, ELQ_LOAD_UPSERT, "users", "id name", "id");
	write_rows(load, pairs(1, 3), 3);
	close_connection(connection);
	assert_string_equal(shell(database, "SELECT count(*) FROM users;"), "0");
}

static void a_load_leaves_the_session_as_it_was(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS);
	char before[256];
	snprintf(before, sizeof(before), "%s", ask(connection, "PRAGMA cache_size"));
	struct elq_load *load = load_into(connection, ELQ_LOAD_UPSERT, "users", "id name", "id");
	assert_string_equal(ask(connection, "PRAGMA cache_size"), "-65536");
	finish(load);
	assert_string_equal(ask(connection, "PRAGMA cache_size"), before);
	assert_int_equal(try_execute(connection, "SELECT eloquent_replaced()"), ELQ_ERR_FAILED);
	rollback(connection);
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(batches_of_any_size_arrive_whole),
		TEST(every_type_has_its_own_storage),
		TEST(a_value_that_cannot_be_stored_names_row_and_column),
		TEST(rows_that_are_there_are_skipped_and_counted),
		TEST(skipping_by_one_key_is_no_leave_to_break_another),
		TEST(upsert_replaces_the_other_columns_and_tells_both_counts),
		TEST(upsert_with_nothing_beside_the_key_skips),
		TEST(a_row_that_breaks_a_rule_is_named_and_nothing_stands),
		TEST(the_first_row_of_a_batch_is_known_too),
		TEST(where_the_row_is_not_known_the_range_is_said),
		TEST(foreign_keys_are_enforced_and_the_failed_unit_cannot_commit),
		TEST(a_deferred_foreign_key_fails_the_commit),
		TEST(a_trigger_may_refuse_a_row),
		TEST(an_abandoned_load_that_wrote_spoils_its_unit),
		TEST(cancelling_ends_a_load_and_nothing_stands),
		TEST(what_is_not_there_is_named),
		TEST(our_own_tables_take_no_rows_from_a_load),
		TEST(an_absent_database_is_not_made_for_a_load),
		TEST(a_load_lives_inside_one_unit_and_alone),
		TEST(closing_with_an_open_load_rolls_back),
		TEST(a_load_leaves_the_session_as_it_was),
	};
	return cmocka_run_group_tests(tests, load_both, NULL);
}
