/* database_load.c - elq.load of an open database: rows in bulk, and ids for them.
 * The open load belongs to the database: rolling back and closing abandon it. */
#include "plugin/private.h"

static enum status none_open(const struct database *database, struct error *error)
{
	return error_set(error, STATUS_INTERNAL, "no load is open on the connection \"%s\"",
			 database->connection->name);
}

enum status database_load_begin(struct database *database, const struct elq_load_plan *plan,
				struct error *error)
{
	struct elq_call call;
	struct elq_load *load = NULL;
	struct elq_load_plan sized = *plan;
	sized.struct_size = sizeof(sized);
	if (database->load != NULL)
		return error_set(error, STATUS_INTERNAL,
				 "a load is open on the connection \"%s\" already",
				 database->connection->name);
	enum status status = database_enter(database, ELQ_CAP_LOAD, ELQ_EXT_LOAD, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->load.begin(&call, database->handle, &sized, &load);
	status = call_leave(&database->caller, code, "load.begin", error);
	if (status == STATUS_OK && load == NULL)
		return call_broken(&database->caller, "load.begin", "it succeeded without a load",
				   error);
	if (status == STATUS_OK)
		database->load = load;
	return status;
}

enum status database_load_write(struct database *database, const struct elq_value *values,
				uint64_t row_count, struct error *error)
{
	struct elq_call call;
	if (database->load == NULL)
		return none_open(database, error);
	enum status status = database_enter(database, ELQ_CAP_LOAD, ELQ_EXT_LOAD, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = database->driver->load.write(&call, database->load, values, row_count);
	return call_leave(&database->caller, code, "load.write", error);
}

enum status database_load_finish(struct database *database, struct elq_load_result *ret,
				 struct error *error)
{
	struct elq_call call;
	struct elq_load_result result = {.struct_size = sizeof(result)};
	struct elq_load *load = database->load;
	if (load == NULL)
		return none_open(database, error);
	enum status status = database_enter(database, ELQ_CAP_LOAD, ELQ_EXT_LOAD, false, &call, error);
	if (status != STATUS_OK)
		return status;
	database->load = NULL; /* the driver frees it, also when it fails */
	int32_t code = database->driver->load.finish(&call, load, &result);
	status = call_leave(&database->caller, code, "load.finish", error);
	if (status != STATUS_OK)
		return status;
	if (result.inserted < 0 || result.skipped < 0 || result.updated < 0)
		return call_broken(&database->caller, "load.finish", "it counts less than no rows",
				   error);
	*ret = result;
	return STATUS_OK;
}

void database_load_abandon(struct database *database)
{
	ERROR_CLEANUP struct error ignored = {0};
	struct elq_call call;
	struct elq_load *load = database->load;
	if (load == NULL || call_enter(&database->caller, true, &call, &ignored) != STATUS_OK)
		return;
	database->load = NULL;
	database->driver->load.abandon(&call, load);
	(void)!call_leave(&database->caller, ELQ_OK, "load.abandon", &ignored);
}

enum status database_reserve_ids(struct database *database, const struct elq_str *table, uint64_t count,
				 int64_t *ret_first, struct error *error)
{
	struct elq_call call;
	int64_t first = INT64_MIN;
	enum status status = database_enter(database, ELQ_CAP_LOAD, ELQ_EXT_LOAD, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code =
		database->driver->load.reserve_ids(&call, database->handle, table, count, &first);
	status = call_leave(&database->caller, code, "load.reserve_ids", error);
	if (status != STATUS_OK)
		return status;
	if (first == INT64_MIN || count > (uint64_t)(INT64_MAX - (first < 0 ? 0 : first)))
		return call_broken(&database->caller, "load.reserve_ids", "the ids do not exist",
				   error);
	*ret_first = first;
	return STATUS_OK;
}
