/* rows.c - the rows of a seed: through elq.load of the database, or only counted. */
#include "seed/private.h"

/* "seed User: row 34 of users: UNIQUE constraint failed: users.email" */
static enum status explain(struct bed *bed, enum status status)
{
	struct error *error = &bed->error;
	if (error->statement > 0)
		error_prefix(error, "seed %s: row %lld of %s", bed->seed->name,
			     (long long)error->statement, text_string(&bed->table));
	else
		error_prefix(error, "seed %s: rows of %s", bed->seed->name, text_string(&bed->table));
	error_at(error, bed->seed->file, 0, 0);
	return status;
}

static int32_t misuse(struct bed *bed, const char *what)
{
	return bed_fail(bed, error_set(&bed->error, STATUS_INTERNAL, "the seeder %s %s",
				       bed->seed->seeder->plugin.name, what));
}

/* Nobody wants to see them: the seed need not make them. Where all that it does is judged,
 * what stands behind them is wanted. */
static bool rows_are_enough(struct bed *bed)
{
	if (bed->mode != SOW_CHECK || bed->sowing->guarded)
		return false;
	bed->enough = true;
	return true;
}

int32_t bed_load_begin(void *context, const struct elq_load_plan *plan)
{
	struct bed *bed = context;
	struct elq_load_plan own = {0};
	if (bed->error.status)
		return bed_fail(bed, bed->error.status);
	if (bed->loading)
		return misuse(bed, "begins a load while another one is open");
	if (!ELQ_REACHES(plan->struct_size, struct elq_load_plan, key_count))
		return misuse(bed, "hands over a plan that is too short");
	own = *plan;
	if (rows_are_enough(bed))
		return ELQ_ERR_STOPPED;
	text_clear(&bed->table);
	if (own.table.data)
		text_append(&bed->table, own.table.data, (size_t)own.table.size);
	bed->columns = (size_t)own.column_count;
	bed->load_rows = 0;
	enum status status = bed_review_load(bed, &own);
	if (status)
		return bed_fail(bed, status);
	if (bed->mode == SOW_WRITE) {
		status = database_load_begin(bed->sowing->database, &own, &bed->error);
		if (status)
			return bed_fail(bed, explain(bed, status));
	}
	bed->loading = true;
	return ELQ_OK;
}

int32_t bed_load_write(void *context, const struct elq_value *values, uint64_t row_count)
{
	struct bed *bed = context;
	if (bed->error.status)
		return bed_fail(bed, bed->error.status);
	if (!bed->loading)
		return misuse(bed, "writes rows without a load");
	enum status status = bed_check_stop(bed);
	if (status)
		return bed_fail(bed, status);
	if (bed->mode == SOW_WRITE)
		status = database_load_write(bed->sowing->database, values, row_count, &bed->error);
	bed->load_rows += (int64_t)row_count;
	bed_step(bed, "rows", 0, bed->load_rows + (bed->rows > 0 ? bed->rows : 0));
	return status ? bed_fail(bed, explain(bed, status)) : ELQ_OK;
}

int32_t bed_load_end(void *context, struct elq_load_result *ret)
{
	struct bed *bed = context;
	struct elq_load_result result = {.inserted = bed->load_rows};
	if (bed->error.status)
		return bed_fail(bed, bed->error.status);
	if (!bed->loading)
		return misuse(bed, "ends a load that is not open");
	bed->loading = false;
	if (bed->mode == SOW_WRITE) {
		enum status status = database_load_finish(bed->sowing->database, &result, &bed->error);
		if (status)
			return bed_fail(bed, explain(bed, status));
		bed_add_rows(bed, result.inserted + result.updated);
	} else if (bed->mode == SOW_SHOW) {
		bed->sowing->load(bed->sowing->context, bed->seed, text_string(&bed->table),
				  bed->load_rows);
	}
	if (ret && ELQ_REACHES(ret->struct_size, struct elq_load_result, updated)) {
		ret->inserted = result.inserted;
		ret->skipped = result.skipped;
		ret->updated = result.updated;
	}
	return ELQ_OK;
}

int32_t bed_reserve_ids(void *context, const struct elq_str *table, uint64_t count, int64_t *ret_first)
{
	struct bed *bed = context;
	if (bed->error.status)
		return bed_fail(bed, bed->error.status);
	if (rows_are_enough(bed))
		return ELQ_ERR_STOPPED;
	if (bed->mode != SOW_WRITE) {
		*ret_first = bed->next_id + 1;
		bed->next_id += count < (uint64_t)(INT64_MAX - bed->next_id) ? (int64_t)count : 0;
		return ELQ_OK;
	}
	text_clear(&bed->table);
	text_append(&bed->table, table->data, (size_t)table->size);
	enum status status =
		database_reserve_ids(bed->sowing->database, table, count, ret_first, &bed->error);
	return status ? bed_fail(bed, explain(bed, status)) : ELQ_OK;
}
