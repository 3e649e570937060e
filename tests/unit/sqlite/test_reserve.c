/* test_reserve.c - ids of a table's integer key that are handed out before their rows
 * are there. */
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

static struct elq_connection *open_with(const char *schema_sql)
{
	shell(database, schema_sql);
	struct elq_connection *connection = open_write();
	begin(connection, 0);
	return connection;
}

#define USERS "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"

static int64_t reserve(struct elq_connection *connection, const char *table, uint64_t count)
{
	int64_t first = -1;
	const struct elq_str name = str(table);
	if (ops->reserve_ids(&call, connection, &name, count, &first) != ELQ_OK)
		fail_msg("reserve: %s", seen.message);
	return first;
}

static void reserved_ids_are_nobodys_and_do_not_overlap(void **state)
{
	(void)state;
	struct elq_connection *connection = open_with(USERS "INSERT INTO users VALUES(7, 'seven');");
	assert_int_equal(reserve(connection, "users", 10), 8);
	assert_int_equal(reserve(connection, "USERS", 5), 18);
	assert_int_equal(reserve(connection, "users", 0), 23);
	rollback(connection);
	begin(connection, 0);
	assert_int_equal(reserve(connection, "users", 1), 8);
	rollback(connection);
	close_connection(connection);
}

static void autoincrement_never_gives_out_a_reserved_id(void **state)
{
	(void)state;
	struct elq_connection *connection =
		open_with("CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, name);"
			  "CREATE TABLE \"o'dd \"\"t\"(\"i d\" INTEGER PRIMARY KEY AUTOINCREMENT);"
			  "INSERT INTO t VALUES(9, 'nine'); DELETE FROM t;");
	assert_int_equal(reserve(connection, "t", 10), 10);
	execute(connection, "INSERT INTO t(name) VALUES('by itself')");
	assert_string_equal(ask(connection, "SELECT id FROM t"), "20");
	execute(connection, "INSERT INTO t(id, name) VALUES(10, 'reserved'), (500, 'further')");
	execute(connection, "INSERT INTO t(name) VALUES('after')");
	assert_string_equal(ask(connection, "SELECT max(id) FROM t"), "501");
	assert_int_equal(reserve(connection, "o'dd \"t", 3), 1);
	execute(connection, "INSERT INTO \"o'dd \"\"t\" DEFAULT VALUES");
	assert_string_equal(ask(connection, "SELECT \"i d\" FROM \"o'dd \"\"t\""), "4");
	commit(connection);
	close_connection(connection);
}

static void a_table_without_an_integer_key_reserves_nothing(void **state)
{
	(void)state;
	static const char *const tables[] = {"a", "b", "c", "d"};
	struct elq_connection *connection =
		open_with("CREATE TABLE a(id TEXT PRIMARY KEY); CREATE TABLE b(x);"
			  "CREATE TABLE c(x INTEGER, y INTEGER, PRIMARY KEY(x, y));"
			  "CREATE TABLE d(id INTEGER PRIMARY KEY DESC);"
			  "CREATE TABLE full(id INTEGER PRIMARY KEY);"
			  "INSERT INTO full VALUES(9223372036854775806);");
	int64_t first = 0;
	for (size_t i = 0; i < 4; i++) {
		const struct elq_str table = str(tables[i]);
		assert_int_equal(ops->reserve_ids(&call, connection, &table, 1, &first),
				 ELQ_ERR_UNSUPPORTED);
	}
	const struct elq_str full = str("full"), none = str("none");
	assert_int_equal(ops->reserve_ids(&call, connection, &full, 2, &first), ELQ_ERR_FAILED);
	assert_int_equal(ops->reserve_ids(&call, connection, &none, 2, &first), ELQ_ERR_NOT_FOUND);
	rollback(connection);
	assert_int_equal(ops->reserve_ids(&call, connection, &full, 1, &first), ELQ_ERR_INVALID);
	close_connection(connection);
}

static void our_own_tables_give_no_ids(void **state)
{
	(void)state;
	int64_t first = 0;
	const struct elq_str table = str("eloquent_history");
	struct elq_connection *connection = open_write();
	make_tables(connection);
	begin(connection, 0);
	assert_int_equal(ops->reserve_ids(&call, connection, &table, 1, &first), ELQ_ERR_INVALID);
	assert_non_null(strstr(seen.message, "belongs to eloquent"));
	rollback(connection);
	close_connection(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reserved_ids_are_nobodys_and_do_not_overlap),
		TEST(autoincrement_never_gives_out_a_reserved_id),
		TEST(a_table_without_an_integer_key_reserves_nothing),
		TEST(our_own_tables_give_no_ids),
	};
	return cmocka_run_group_tests(tests, load_both, NULL);
}
