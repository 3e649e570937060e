/* reserve.c - ids for rows that are loaded with their own: of the table's INTEGER
 * PRIMARY KEY, none that a row has and none that was handed out before.
 *
 * The unit holds SQLite's write lock, so nobody else can take one. AUTOINCREMENT
 * keeps a counter, which is moved on: what is reserved is then never given to a row
 * without an id. A table without that counter has no place to note it; what this
 * unit handed out is kept here until the unit ends. */
#include "sqlite/load.h"

#include "sqlkit/ours.h"

#include <string.h>

struct reserved {
	struct reserved *next;
	char *table;
	int64_t last;
};

void reserve_forget(struct elq_connection *connection)
{
	while (connection->reserved) {
		struct reserved *reserved = connection->reserved;
		connection->reserved = reserved->next;
		sqlite3_free(reserved->table);
		sqlite3_free(reserved);
	}
}

static struct reserved *find(struct elq_connection *connection, const char *table)
{
	for (struct reserved *item = connection->reserved; item; item = item->next)
		if (sqlite3_stricmp(item->table, table) == 0)
			return item;
	struct reserved *item = sqlite3_malloc64(sizeof(*item));
	char *name = sqlite3_mprintf("%s", table);
	if (!item || !name) {
		sqlite3_free(item);
		sqlite3_free(name);
		return NULL;
	}
	*item = (struct reserved){.next = connection->reserved, .table = name};
	connection->reserved = item;
	return item;
}

/* ---- the key ------------------------------------------------------------------------ */

struct key {
	char *column; /* NULL: the table has no integer key of SQLite's own kind */
	bool no_memory;
};

static int32_t take_key(void *context, sqlite3_stmt *statement)
{
	struct key *key = context;
	key->column = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(statement, 0));
	key->no_memory = !key->column;
	return 1;
}

/* The column that is another name for the row id: the only one of the primary key, of
 * exactly this type, and without an index of its own. */
static int32_t find_key(struct elq_connection *connection, const char *table, char **ret)
{
	struct key key = {0};
	int32_t status = statement_query(
		connection,
		sqlite3_mprintf(
			"SELECT c.name FROM pragma_table_xinfo(%Q, 'main') AS c "
			"WHERE c.pk = 1 AND c.type = 'INTEGER' COLLATE NOCASE "
			"AND (SELECT count(*) FROM pragma_table_xinfo(%Q, 'main') WHERE pk) = 1 "
			"AND NOT EXISTS (SELECT 1 FROM pragma_index_list(%Q, 'main') "
			"WHERE origin = 'pk')",
			table, table, table),
		take_key, &key);
	if (status == ELQ_OK && key.no_memory)
		status = failure_no_memory(connection->call);
	if (status == ELQ_OK && !key.column)
		status = sqlkit_fail(
			connection->call, ELQ_ERR_UNSUPPORTED, "give the rows ids of your own",
			"\"%s\" has no INTEGER PRIMARY KEY whose values could be reserved", table);
	*ret = key.column;
	return status;
}

static int32_t take_number(void *context, sqlite3_stmt *statement)
{
	int64_t value = sqlite3_column_int64(statement, 0);
	if (value > *(int64_t *)context)
		*(int64_t *)context = value;
	return 1;
}

static bool counts(struct elq_connection *connection, const char *table, const char *column)
{
	int automatic = 0;
	return sqlite3_table_column_metadata(connection->db, "main", table, column, NULL, NULL, NULL,
					     NULL, &automatic) == SQLITE_OK &&
	       automatic;
}

/* Moves AUTOINCREMENT's counter; a table that never had a row has none yet. */
static int32_t move_counter(struct elq_connection *connection, const char *table, int64_t last)
{
	int32_t status = statement_run_once(
		connection, sqlite3_mprintf("INSERT INTO main.sqlite_sequence (name, seq) "
					    "SELECT m.name, 0 FROM main.sqlite_schema AS m "
					    "WHERE m.type = 'table' AND m.name = %Q COLLATE NOCASE AND "
					    "m.name NOT IN (SELECT name FROM main.sqlite_sequence)",
					    table));
	if (status != ELQ_OK)
		return status;
	return statement_run_once(connection,
				  sqlite3_mprintf("UPDATE main.sqlite_sequence SET seq = %lld "
						  "WHERE name = %Q COLLATE NOCASE AND seq < %lld",
						  (long long)last, table, (long long)last));
}

/* ---- reserving ------------------------------------------------------------------------ */

/* *ret: the highest id that is taken. */
static int32_t highest(struct elq_connection *connection, const char *table, const char *column,
		       bool automatic, int64_t *ret)
{
	int32_t status = statement_query(
		connection, sqlite3_mprintf("SELECT max(\"%w\") FROM main.\"%w\"", column, table),
		take_number, ret);
	if (status != ELQ_OK || !automatic)
		return status;
	return statement_query(connection,
			       sqlite3_mprintf("SELECT seq FROM main.sqlite_sequence "
					       "WHERE name = %Q COLLATE NOCASE",
					       table),
			       take_number, ret);
}

static int32_t reserve(struct elq_connection *connection, const char *table, const char *column,
		       uint64_t count, int64_t *ret_first)
{
	struct reserved *reserved = find(connection, table);
	if (!reserved)
		return failure_no_memory(connection->call);
	bool automatic = counts(connection, table, column);
	int64_t taken = reserved->last;
	int32_t status = highest(connection, table, column, automatic, &taken);
	if (status != ELQ_OK)
		return status;
	if (count > (uint64_t)(INT64_MAX - taken))
		return sqlkit_fail(connection->call, ELQ_ERR_FAILED, NULL,
				   "\"%s\" has no %llu ids left above %lld", table,
				   (unsigned long long)count, (long long)taken);
	int64_t last = taken + (int64_t)count;
	if (automatic && count)
		status = move_counter(connection, table, last);
	if (status == ELQ_OK) {
		reserved->last = last;
		*ret_first = taken + 1;
	}
	return status;
}

int32_t reserve_ids(struct elq_connection *connection, const struct elq_str *table, uint64_t count,
		    int64_t *ret_first)
{
	char *name = NULL;
	char *column = NULL;
	if (!connection->unit.open)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "ids are reserved inside a unit of work only");
	int32_t status = connection->exists ? transaction_ready(connection) : ELQ_OK;
	if (status == ELQ_OK)
		status = load_find_table(connection, table, &name, NULL);
	if (status == ELQ_OK && sqlkit_name_is_ours(name))
		status = sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				     "\"%s\" belongs to eloquent", name);
	if (status == ELQ_OK)
		status = find_key(connection, name, &column);
	if (status == ELQ_OK)
		status = reserve(connection, name, column, count, ret_first);
	sqlite3_free(column);
	sqlite3_free(name);
	return status;
}
