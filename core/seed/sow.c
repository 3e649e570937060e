/* sow.c - the chosen seeds, one after the other, in one unit of work. */
#include "seed/private.h"

#include <string.h>

/* The plugin speaks of a seed by its own strings. */
static struct elq_str str_of(const char *text)
{
	return (struct elq_str){text, text ? strlen(text) : 0};
}

static int64_t count_of(uint64_t count)
{
	return count < INT64_MAX ? (int64_t)count : INT64_MAX;
}

/* The unit that it names first is the seed's: the line keeps it as long as the bed lives. */
static void on_progress(void *context, uint64_t done, uint64_t total, const char *unit)
{
	struct bed *bed = context;
	if (!bed->unit)
		bed->unit = arena_text(&bed->arena, unit);
	progress_measure(&bed->progress, text_equal(bed->unit, "bytes") ? NULL : bed->unit,
			 count_of(total));
	progress_step(&bed->progress, count_of(done));
}

static enum status ask_seeder(struct bed *bed, struct error *error)
{
	const struct seed *seed = bed->seed;
	const struct elq_seed theirs = {
		.struct_size = sizeof(theirs),
		.storage = seed->storage,
		.name = str_of(seed->listed),
		.file = str_of(seed->file),
		.environments = str_of(seed->environments),
		.line = (uint64_t)seed->line,
	};
	const struct elq_seed_target target = bed_target(bed);
	struct sower *sower = sower_new(bed->sowing->observer, seed->seeder, bed->sowing->database);
	sower_on_progress(sower, on_progress, bed);
	enum status status = sower_run(sower, &theirs, &target, error);
	sower_free(sower);
	return status;
}

/* What the target says is better than what the seeder makes of it; and a seeder that
 * passes over a failure of the target's does not make it good. */
static enum status judge(struct bed *bed, enum status status, struct error *error)
{
	if (bed->error.status) {
		error_move(error, &bed->error);
		return error->status;
	}
	if (status && bed->enough && bed->mode == SOW_CHECK) {
		error_clear(error);
		return STATUS_OK;
	}
	if (status) {
		error_prefix(error, "seed %s", bed->seed->name);
		return status;
	}
	if (bed->loading)
		return error_set(error, STATUS_INTERNAL, "seed %s: the seeder %s left a load open",
				 bed->seed->name, bed->seed->seeder->plugin.name);
	return STATUS_OK;
}

/* What the seeds of one pass came to. */
struct results {
	struct sown *items;
	size_t count;
	size_t capacity;
};

static void results_free(struct results *results)
{
	mem_free(results->items);
}

static void tell(const struct sowing *sowing, const struct results *results)
{
	for (size_t i = 0; i < results->count && sowing->done; i++)
		sowing->done(sowing->context, &results->items[i]);
}

/* One pass over all seeds. */
struct pass {
	struct sowing *sowing;
	enum sow_mode mode;
	struct review_session *review;
	struct results results; /* SOW_WRITE: told once they stand */
};

static enum status sow_one(struct pass *pass, size_t index, struct error *error)
{
	struct sowing *sowing = pass->sowing;
	const struct seed *seed = sowing->chosen[index];
	struct bed bed = {.sowing = sowing, .seed = seed, .mode = pass->mode, .review = pass->review};
	int64_t start = clock_monotonic_ns();
	if (pass->mode == SOW_WRITE)
		progress_begin(&bed.progress, sowing->observer, "rows", 0, "sowing %s, %zu of %zu",
			       seed->name, index + 1, sowing->chosen_count);
	enum status status = bed_check_stop(&bed);
	if (!status)
		status = ask_seeder(&bed, error);
	status = judge(&bed, status, error);
	const struct sown sown = {
		.seed = seed,
		.statements = bed.statements,
		.rows = bed.rows,
		.duration_us = (clock_monotonic_ns() - start) / 1000,
	};
	if (!status && pass->mode == SOW_WRITE)
		VEC_PUSH(&pass->results, sown);
	else if (!status && pass->mode == SOW_SHOW && sowing->done)
		sowing->done(sowing->context, &sown);
	bed_free(&bed);
	return status;
}

/* *ret: what a SOW_WRITE came to; freed by results_free, also after a failure. */
static enum status sow_all(struct sowing *sowing, enum sow_mode mode, struct results *ret,
			   struct error *error)
{
	struct pass pass = {.sowing = sowing, .mode = mode};
	enum status status = bed_review_begin(sowing, mode, &pass.review, error);
	for (size_t i = 0; i < sowing->chosen_count && !status; i++)
		status = sow_one(&pass, i, error);
	database_review_end(pass.review);
	*ret = pass.results;
	return status;
}

/* The hint keeps what was to be done, and says what stands. */
static void explain(struct error *error, const struct error *rollback)
{
	CLEANUP(mem_free_text) char *remedy = mem_text(error->hint);
	const char *before = remedy ? remedy : "";
	const char *between = remedy ? ". " : "";
	if (error->status == STATUS_OUTCOME_UNKNOWN)
		error_hint(error,
			   "%s%sthe seeds may stand whole or not at all: look before you run it again",
			   before, between);
	else if (rollback->status)
		error_hint(error, "%s%srolling back failed too: %s", before, between,
			   rollback->message);
	else
		error_hint(error, "%s%snothing of this run's seeds stands here", before, between);
}

static enum status sow_unit(struct sowing *sowing, struct error *error)
{
	struct database *database = sowing->database;
	ERROR_CLEANUP struct error rollback = {0};
	CLEANUP(results_free) struct results results = {0};
	enum status status = database_begin(database, 0, NULL, 0, -1, error);
	if (!status)
		status = sow_all(sowing, SOW_WRITE, &results, error);
	if (!status) {
		status = database_commit(database, error);
		if (status)
			error_prefix(error, "committing the seeds failed");
	}
	if (!status) {
		tell(sowing, &results);
		return STATUS_OK;
	}
	(void)!database_rollback(database, &rollback);
	if (!error->retryable)
		explain(error, &rollback);
	return status;
}

enum status sow(struct sowing *sowing, enum sow_mode mode, struct error *error)
{
	CLEANUP(results_free) struct results none = {0};
	if (mode != SOW_WRITE)
		return sow_all(sowing, mode, &none, error);
	enum status status = sow_unit(sowing, error);
	if (!status || !error->retryable)
		return status;
	log_write(sowing->observer, LOG_INFO, "the seeds are sown once more: %s", error->message);
	error_clear(error);
	return sow_unit(sowing, error);
}
