/* digest.c - elq.digest: rows, content hash and orphans of each table, and
 * SQLite's own check of the whole file. */
#include "sqlite/internal.h"

#include "sqlkit/digest.h"
#include "sqlkit/ours.h"

#include <string.h>

/* ---- lists of names ---------------------------------------------------------------- */

struct listing {
	struct names names;
	bool no_memory;
};

static int32_t take_name(void *context, sqlite3_stmt *statement)
{
	struct listing *listing = context;
	const char *name = (const char *)sqlite3_column_text(statement, 0);
	listing->no_memory = !name || !names_append(&listing->names, name);
	return listing->no_memory;
}

/* ---- one table -------------------------------------------------------------------- */

/* Pours the row that the statement stands on into the digest. Asks for nothing to be
 * converted: an integer stays one, whatever the column is declared as. */
static int32_t digest_row(void *context, sqlite3_stmt *statement)
{
	struct sqlkit_digest *digest = context;
	int count = sqlite3_column_count(statement);
	for (int i = 0; i < count; i++) {
		switch (sqlite3_column_type(statement, i)) {
		case SQLITE_NULL:
			sqlkit_digest_null(digest);
			break;
		case SQLITE_INTEGER:
			sqlkit_digest_integer(digest, sqlite3_column_int64(statement, i));
			break;
		case SQLITE_FLOAT:
			sqlkit_digest_real(digest, sqlite3_column_double(statement, i));
			break;
		case SQLITE_TEXT: {
			const void *text = sqlite3_column_text(statement, i);
			sqlkit_digest_text(digest, text ? text : "",
					   (uint64_t)sqlite3_column_bytes(statement, i));
			break;
		}
		default: {
			const void *bytes = sqlite3_column_blob(statement, i);
			sqlkit_digest_bytes(digest, bytes ? bytes : "",
					    (uint64_t)sqlite3_column_bytes(statement, i));
		}
		}
	}
	sqlkit_digest_row(digest);
	return 0;
}

static int32_t count_row(void *context, sqlite3_stmt *statement)
{
	(void)statement;
	(*(int64_t *)context)++;
	return 0;
}

/* Rows whose parent is missing. A key that refers to no table or to no key of it
 * cannot be checked: -1. */
static int32_t count_orphans(struct elq_connection *connection, const char *table, int64_t *ret)
{
	int64_t keys = 0;
	int64_t orphans = 0;
	int32_t status = statement_query(
		connection, sqlite3_mprintf("SELECT 1 FROM pragma_foreign_key_list(%Q, 'main')", table),
		count_row, &keys);
	if (status == ELQ_OK && keys > 0)
		status = statement_query(connection,
					 sqlite3_mprintf("PRAGMA main.foreign_key_check(%Q)", table),
					 count_row, &orphans);
	if (status == ELQ_ERR_FAILED) {
		status = ELQ_OK;
		orphans = -1;
	}
	if (status == ELQ_OK)
		*ret = orphans;
	return status;
}

/* What is stored: a virtual column is computed, perhaps by a function that only the
 * application has. *ret is freed with sqlite3_free. */
static int32_t stored_columns(struct elq_connection *connection, const char *table, char **ret)
{
	struct listing listing = {0};
	sqlite3_str *list = sqlite3_str_new(NULL);
	int32_t status =
		statement_query(connection,
				sqlite3_mprintf("SELECT name FROM pragma_table_xinfo(%Q, 'main') "
						"WHERE hidden IN (0, 3) ORDER BY cid",
						table),
				take_name, &listing);
	for (uint64_t i = 0; i < listing.names.count; i++)
		sqlite3_str_appendf(list, "%s\"%w\"", i ? ", " : "", listing.names.items[i]);
	if (status == ELQ_OK && (listing.no_memory || sqlite3_str_errcode(list) != SQLITE_OK))
		status = failure_no_memory(connection->call);
	names_free(&listing.names);
	char *text = sqlite3_str_finish(list);
	if (status == ELQ_OK)
		*ret = text;
	else
		sqlite3_free(text);
	return status;
}

static int32_t digest_rows(struct elq_connection *connection, const char *table,
			   struct sqlkit_digest *digest)
{
	char *columns = NULL;
	int32_t status = stored_columns(connection, table, &columns);
	if (status != ELQ_OK)
		return status;
	status = statement_query(
		connection,
		sqlite3_mprintf("SELECT %s FROM main.\"%w\"", columns ? columns : "NULL", table),
		digest_row, digest);
	sqlite3_free(columns);
	return status;
}

static int32_t digest_table(struct elq_connection *connection, const char *name,
			    const struct elq_table_sink *sink)
{
	char text[SQLKIT_DIGEST_TEXT];
	struct sqlkit_digest digest;
	struct elq_table table = {.struct_size = sizeof(table), .name = sqlkit_str(name)};
	sqlkit_digest_begin(&digest);
	int32_t status = digest_rows(connection, name, &digest);
	if (status == ELQ_OK)
		status = count_orphans(connection, name, &table.orphans);
	if (status != ELQ_OK)
		return status;
	sqlkit_digest_end(&digest, text);
	table.flags = sqlkit_name_is_ours(name) ? ELQ_TABLE_OURS : 0;
	table.rows = digest.rows;
	table.digest = sqlkit_str(text);
	return sink->table(sink->context, &table) ? ELQ_ERR_STOPPED : ELQ_OK;
}

/* ---- all of them --------------------------------------------------------------------- */

/* What is stored: a virtual table's rows are those of its shadow tables, or not here. */
#define STORED                                                                                         \
	"SELECT name FROM pragma_table_list WHERE schema = 'main' "                                    \
	"AND type IN ('table', 'shadow') AND name NOT IN ('sqlite_schema') ORDER BY name COLLATE "     \
	"BINARY"

int32_t digest_tables(struct elq_connection *connection, const struct elq_table_sink *sink)
{
	struct listing listing = {0};
	int32_t status = statement_query(connection, sqlite3_mprintf(STORED), take_name, &listing);
	if (status == ELQ_OK && listing.no_memory)
		status = failure_no_memory(connection->call);
	for (uint64_t i = 0; status == ELQ_OK && i < listing.names.count; i++)
		status = digest_table(connection, listing.names.items[i], sink);
	names_free(&listing.names);
	return status;
}

/* One read transaction around all: one snapshot. */
static int32_t tables(struct elq_connection *connection, const struct elq_table_sink *sink)
{
	if (connection->unit.open)
		return digest_tables(connection, sink);
	int32_t status = connection_refresh(connection);
	if (status == ELQ_OK)
		status = statement_run(connection, "BEGIN");
	if (status != ELQ_OK)
		return status;
	status = digest_tables(connection, sink);
	int32_t ended = statement_run(connection, "ROLLBACK");
	return status == ELQ_OK ? ended : status;
}

static int32_t slot_tables(const struct elq_call *call, struct elq_connection *connection,
			   const struct elq_table_sink *sink)
{
	connection_enter(connection, call);
	return connection_leave(connection, tables(connection, sink));
}

/* ---- integrity ----------------------------------------------------------------------- */

struct findings {
	const struct elq_sink *sink;
	bool stopped;
};

static int32_t take_finding(void *context, sqlite3_stmt *statement)
{
	struct findings *findings = context;
	const char *text = (const char *)sqlite3_column_text(statement, 0);
	if (text && strcmp(text, "ok") == 0)
		return 0;
	const struct elq_value values[2] = {
		{.type = ELQ_TYPE_TEXT, .as.data = "", .size = 0},
		{.type = ELQ_TYPE_TEXT, .as.data = text ? text : "", .size = text ? strlen(text) : 0},
	};
	findings->stopped = findings->sink->row(findings->sink->context, values, 2) != 0;
	return findings->stopped;
}

/* SQLite cannot check an index or a constraint that needs a function or a collating sequence
 * of the application's: then there is no finding, and the log says so. */
static int32_t check(struct elq_connection *connection, struct findings *findings)
{
	int32_t status = connection_refresh(connection);
	if (status != ELQ_OK)
		return status;
	status = statement_query(connection, sqlite3_mprintf("PRAGMA main.integrity_check"),
				 take_finding, findings);
	if (status == ELQ_ERR_FAILED && sqlite3_extended_errcode(connection->db) == SQLITE_ERROR) {
		sqlkit_warn(connection->call,
			    "%s: PRAGMA integrity_check cannot be run here (%s); rows and schema were "
			    "compared without it",
			    connection->location.path, sqlite3_errmsg(connection->db));
		status = ELQ_OK;
	}
	return status == ELQ_OK && findings->stopped ? ELQ_ERR_STOPPED : status;
}

static int32_t slot_integrity(const struct elq_call *call, struct elq_connection *connection,
			      const struct elq_sink *sink)
{
	struct findings findings = {.sink = sink};
	connection_enter(connection, call);
	return connection_leave(connection, check(connection, &findings));
}

const struct elq_digest sqlite_digest = {
	.struct_size = sizeof(sqlite_digest),
	.tables = slot_tables,
	.integrity = slot_integrity,
};
