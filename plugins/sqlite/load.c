/* load.c - elq.load: rows into a table as fast as SQLite takes them. The statements
 * are load_plan.c's; here they are bound and stepped.
 *
 * Values are bound where they lie and nothing is held back: a batch that is no
 * multiple of the statement's rows ends with single rows, so hundreds of rows at
 * once are what is fast. While a load is open the page cache may grow to 64 MiB;
 * with the 2 MiB of SQLite's own default a unique index of a million rows is
 * written many times over. */
#include "sqlite/load.h"

#include "sqlite/values.h"

#include <string.h>

#define CACHE_KIB 65536

/* ---- the session, while a load is open -------------------------------------------- */

static int32_t take_number(void *context, sqlite3_stmt *statement)
{
	*(int64_t *)context = sqlite3_column_int64(statement, 0);
	return 1;
}

static int32_t set_cache(struct elq_connection *connection, int64_t size)
{
	return statement_run_once(connection, sqlite3_mprintf("PRAGMA main.cache_size = %lld", size));
}

static int32_t widen(struct elq_load *load)
{
	struct elq_connection *connection = load->connection;
	int32_t status = statement_query(connection, sqlite3_mprintf("PRAGMA main.cache_size"),
					 take_number, &load->cache);
	if (status == ELQ_OK)
		status = set_cache(connection, -CACHE_KIB);
	load->widened = status == ELQ_OK;
	return status;
}

/* Called per row that goes into a table with row ids: tells which row it was that a
 * statement of many broke off at. */
static void count_row(void *context, int action, const char *schema, const char *table,
		      sqlite3_int64 rowid)
{
	struct elq_load *load = context;
	(void)action, (void)schema, (void)table, (void)rowid;
	load->statement++;
}

static void count_replaced(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct elq_load *load = sqlite3_user_data(context);
	(void)count, (void)values;
	load->replaced++;
	sqlite3_result_int(context, 1);
}

static int32_t install(struct elq_load *load, bool on)
{
	sqlite3 *db = load->connection->db;
	void (*counter)(sqlite3_context *, int, sqlite3_value **) = on ? count_replaced : NULL;
	sqlite3_update_hook(db, on ? count_row : NULL, load);
	if (load->mode != ELQ_LOAD_UPSERT)
		return ELQ_OK;
	if (sqlite3_create_function_v2(db, "eloquent_replaced", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY,
				       load, counter, NULL, NULL, NULL) == SQLITE_OK)
		return ELQ_OK;
	return on ? failure_report(load->connection, db) : ELQ_ERR_FAILED;
}

/* ---- begin and end ------------------------------------------------------------------ */

static void release(struct elq_load *load)
{
	struct elq_connection *connection = load->connection;
	sqlite3_finalize(load->many);
	sqlite3_finalize(load->one);
	if (connection->load == load) {
		(void)install(load, false);
		if (load->widened && connection->call)
			(void)set_cache(connection, load->cache);
		connection->load = NULL;
	}
	for (int i = 0; i < load->columns; i++)
		sqlite3_free(load->names[i]);
	sqlite3_free(load->names);
	sqlite3_free(load->scratch);
	sqlite3_free(load->table);
	sqlite3_free(load);
}

static int32_t open_load(struct elq_load *load, const struct elq_load_plan *plan)
{
	int32_t status = install(load, true);
	if (status == ELQ_OK)
		status = load_prepare(load, plan);
	return status == ELQ_OK ? widen(load) : status;
}

int32_t load_begin(struct elq_connection *connection, const struct elq_load_plan *plan,
		   struct elq_load **ret)
{
	if (connection->load)
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, "finish that one first",
				   "a load into \"%s\" is open already", connection->load->table);
	if (!connection->unit.open || (connection->unit.autocommit && !connection->unit.nested))
		return sqlkit_fail(connection->call, ELQ_ERR_INVALID, NULL,
				   "rows are loaded inside a unit of work only");
	if (plan->mode > ELQ_LOAD_UPSERT)
		return sqlkit_fail(connection->call, ELQ_ERR_UNSUPPORTED, NULL,
				   "SQLite's driver knows no load of mode %u", (unsigned)plan->mode);
	/* A database that is not there has no table either, and is not made for one. */
	int32_t status = connection->exists ? transaction_ready(connection) : ELQ_OK;
	if (status != ELQ_OK)
		return status;
	struct elq_load *load = sqlite3_malloc64(sizeof(*load));
	if (!load)
		return failure_no_memory(connection->call);
	memset(load, 0, sizeof(*load));
	load->connection = connection;
	load->mode = plan->mode;
	connection->load = load;
	status = open_load(load, plan);
	if (status == ELQ_OK)
		*ret = load;
	else
		release(load);
	return status;
}

struct elq_connection *load_connection(const struct elq_load *load)
{
	return load->connection;
}

void load_unit_ended(struct elq_connection *connection)
{
	if (connection->load)
		connection->load->over = true;
}

void load_abandon(struct elq_load *load)
{
	if (!load)
		return;
	if (!load->over && load->seen)
		load->connection->unit.spoiled = true;
	release(load);
}

static int32_t check_open(struct elq_load *load)
{
	if (load->over)
		return sqlkit_fail(load->connection->call, ELQ_ERR_INVALID, NULL,
				   "the load into \"%s\" is over: it failed, or its unit of work ended",
				   load->table);
	return transaction_ready(load->connection);
}

int32_t load_finish(struct elq_load *load, struct elq_load_result *ret)
{
	int32_t status = check_open(load);
	struct elq_load_result own = {
		.struct_size = ret->struct_size,
		.inserted = load->inserted - load->replaced,
		.skipped = load->seen - load->inserted,
		.updated = load->replaced,
	};
	release(load);
	if (status == ELQ_OK)
		memcpy(ret, &own, own.struct_size < sizeof(own) ? own.struct_size : sizeof(own));
	return status;
}

/* ---- rows --------------------------------------------------------------------------- */

static int32_t refuse_value(struct elq_load *load, int64_t row, int column, uint32_t type)
{
	char *message = sqlite3_mprintf("SQLite cannot store the value (type %u) for the column "
					"\"%s\" of \"%s\"",
					(unsigned)type, load->names[column], load->table);
	const struct elq_error error = {
		.struct_size = sizeof(error),
		.code = ELQ_ERR_INVALID,
		.statement = row,
		.offset = -1,
		.message = sqlkit_str(message ? message : "SQLite cannot store a value"),
	};
	load->connection->call->host->set_error(load->connection->call, &error);
	sqlite3_free(message);
	return ELQ_ERR_INVALID;
}

static int32_t bind_rows(struct elq_load *load, sqlite3_stmt *statement, const struct elq_value *values,
			 uint64_t rows)
{
	int count = (int)rows * load->columns;
	for (int i = 0; i < count; i++) {
		char *scratch = load->scratch + (size_t)i * VALUES_SCRATCH;
		int result = values_bind_one(statement, i + 1, &values[i], scratch, SQLITE_STATIC);
		if (result == SQLITE_OK)
			continue;
		int64_t row = load->seen + i / load->columns;
		if (result == SQLITE_RANGE || result == SQLITE_MISMATCH)
			return refuse_value(load, row, i % load->columns, values[i].type);
		return failure_report_row(load->connection, row, NULL);
	}
	return ELQ_OK;
}

/* The row is known when the statement broke off at it. A foreign key is looked at when
 * the statement is done; rows that are skipped, and tables without row ids, are not told. */
static int32_t report_rows(struct elq_load *load, uint64_t rows)
{
	if (rows == 1)
		return failure_report_row(load->connection, load->seen, NULL);
	bool told = load->told && load->mode == ELQ_LOAD_INSERT;
	if (told && load->statement < (int64_t)rows)
		return failure_report_row(load->connection, load->seen + load->statement, NULL);
	char hint[96];
	sqlite3_snprintf(sizeof(hint), hint, "it is one of the rows %lld to %lld of this load",
			 (long long)load->seen + 1, (long long)load->seen + (long long)rows);
	return failure_report_row(load->connection, -1, hint);
}

static int32_t run_rows(struct elq_load *load, sqlite3_stmt *statement, const struct elq_value *values,
			uint64_t rows)
{
	struct elq_connection *connection = load->connection;
	int32_t status = bind_rows(load, statement, values, rows);
	if (status != ELQ_OK)
		return status;
	load->statement = 0;
	if (sqlite3_step(statement) != SQLITE_DONE)
		status = report_rows(load, rows);
	else
		load->inserted += sqlite3_changes64(connection->db);
	sqlite3_reset(statement);
	load->seen += (int64_t)rows;
	return status;
}

int32_t load_write(struct elq_load *load, const struct elq_value *values, uint64_t row_count)
{
	int32_t status = check_open(load);
	if (status != ELQ_OK)
		return status;
	while (status == ELQ_OK && row_count > 0) {
		bool many = load->many && row_count >= load->rows;
		uint64_t rows = many ? load->rows : 1;
		status = run_rows(load, many ? load->many : load->one, values, rows);
		values += rows * (uint64_t)load->columns;
		row_count -= rows;
	}
	if (status != ELQ_OK) {
		load->over = true;
		load->connection->unit.spoiled = true;
	}
	return status;
}

/* ---- the slots ------------------------------------------------------------------------ */

static int32_t slot_begin(const struct elq_call *call, struct elq_connection *connection,
			  const struct elq_load_plan *plan, struct elq_load **ret)
{
	struct elq_load_plan own = {0};
	memcpy(&own, plan, plan->struct_size < sizeof(own) ? plan->struct_size : sizeof(own));
	connection_enter(connection, call);
	return connection_leave(connection, load_begin(connection, &own, ret));
}

static int32_t slot_write(const struct elq_call *call, struct elq_load *load,
			  const struct elq_value *values, uint64_t row_count)
{
	struct elq_connection *connection = load_connection(load);
	connection_enter(connection, call);
	return connection_leave(connection, load_write(load, values, row_count));
}

static int32_t slot_finish(const struct elq_call *call, struct elq_load *load,
			   struct elq_load_result *ret)
{
	struct elq_connection *connection = load_connection(load);
	connection_enter(connection, call);
	return connection_leave(connection, load_finish(load, ret));
}

static void slot_abandon(const struct elq_call *call, struct elq_load *load)
{
	if (!load)
		return;
	struct elq_connection *connection = load_connection(load);
	connection_enter(connection, call);
	load_abandon(load);
	connection_leave(connection, ELQ_OK);
}

static int32_t slot_reserve_ids(const struct elq_call *call, struct elq_connection *connection,
				const struct elq_str *table, uint64_t count, int64_t *ret_first)
{
	connection_enter(connection, call);
	return connection_leave(connection, reserve_ids(connection, table, count, ret_first));
}

const struct elq_load_ops sqlite_load = {
	.struct_size = sizeof(sqlite_load),
	.begin = slot_begin,
	.write = slot_write,
	.finish = slot_finish,
	.abandon = slot_abandon,
	.reserve_ids = slot_reserve_ids,
};
