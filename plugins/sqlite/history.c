/* history.c - elq.history: sqlkit's tables and statements, and what only this
 * driver knows: whether a unit is open and still ours. */
#include "sqlite/internal.h"

#include "sqlite/dialect.h"

/* Asked by preparing and running a statement: sqlite3_table_column_metadata() answers
 * from the schema as this connection last read it, and would never notice a table
 * that another run has made since. A statement that names a missing table looks at
 * the file's schema cookie before it fails, one that starts looks at it anyway. */
static int32_t history_exists(const struct elq_call *call, struct elq_connection *connection,
			      const char *table, int32_t *ret)
{
	(void)call;
	sqlite3_stmt *statement = NULL;
	char *text = sqlite3_mprintf("SELECT 1 FROM main.\"%w\" LIMIT 0", table);
	if (!text)
		return failure_no_memory(connection->call);
	int result = sqlite3_prepare_v2(connection->db, text, -1, &statement, NULL);
	sqlite3_free(text);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	int32_t status = ELQ_OK;
	if (result != SQLITE_DONE && result != SQLITE_ERROR) /* ERROR: no such table */
		status = failure_report(connection, connection->db);
	sqlite3_finalize(statement);
	if (status == ELQ_OK)
		*ret = result == SQLITE_DONE;
	return status;
}

static int32_t history_execute(const struct elq_call *call, struct elq_connection *connection,
			       const struct elq_statement *statement, const struct elq_sink *sink,
			       struct elq_result *ret_result)
{
	(void)call; /* entered by the slot that asks */
	return statement_execute(connection, statement, sink, ret_result);
}

static int32_t slot_history_create(const struct elq_call *call, struct elq_connection *connection)
{
	connection_enter(connection, call);
	int32_t status = transaction_require(connection);
	if (status == ELQ_OK)
		status = sqlkit_history_create(&connection->history, call, connection);
	return connection_leave(connection, status);
}

static int32_t slot_history_append(const struct elq_call *call, struct elq_connection *connection,
				   const struct elq_event *event)
{
	connection_enter(connection, call);
	int32_t status = transaction_require(connection);
	if (status == ELQ_OK)
		status = sqlkit_history_append(&connection->history, call, connection, event);
	return connection_leave(connection, status);
}

static int32_t slot_history_read(const struct elq_call *call, struct elq_connection *connection,
				 int64_t after, const struct elq_event_sink *sink)
{
	connection_enter(connection, call);
	int32_t status = connection->unit.open ? ELQ_OK : connection_refresh(connection);
	if (status == ELQ_OK)
		status = sqlkit_history_read(&connection->history, call, connection, after, sink);
	return connection_leave(connection, status);
}

static int32_t slot_history_read_meta(const struct elq_call *call, struct elq_connection *connection,
				      const struct elq_sink *sink)
{
	connection_enter(connection, call);
	int32_t status = connection->unit.open ? ELQ_OK : connection_refresh(connection);
	if (status == ELQ_OK)
		status = sqlkit_history_read_meta(&connection->history, call, connection, sink);
	return connection_leave(connection, status);
}

static int32_t slot_history_write_meta(const struct elq_call *call, struct elq_connection *connection,
				       const struct elq_str *key, const struct elq_str *value)
{
	connection_enter(connection, call);
	int32_t status = transaction_require(connection);
	if (status == ELQ_OK)
		status = sqlkit_history_write_meta(&connection->history, call, connection, key, value);
	return connection_leave(connection, status);
}

const struct elq_history sqlite_history = {
	.struct_size = sizeof(sqlite_history),
	.create = slot_history_create,
	.append = slot_history_append,
	.read = slot_history_read,
	.read_meta = slot_history_read_meta,
	.write_meta = slot_history_write_meta,
};

void history_prepare(struct elq_connection *connection)
{
	sqlkit_history_compose(&connection->history, &sqlite_history_dialect);
	connection->history.execute = history_execute;
	connection->history.exists = history_exists;
}
