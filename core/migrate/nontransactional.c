/* nontransactional.c - a migration whose statements each stand for themselves:
 * transaction:false, or a database that cannot roll back schema changes. The
 * events between the statements say what stands, so that a run that was killed
 * goes on at the right one. Where statement and event can share a transaction they
 * do: then no kill falls between them. */
#include "migrate/private.h"

/* Nothing ran yet that could stand unrecorded: `started` makes what follows known. */
static enum status record_started(struct work *work, struct error *error)
{
	struct record record = record_of(work->step, "started", work->batch);
	if (work->step->resume_at)
		return STATUS_OK;
	return journal_record(work->migrator, &record, error);
}

/* What the file rolled back itself, our events among it, did not happen. */
static enum status sync_if_needed(struct work *work, const struct chain *base, int64_t *ret_statement,
				  struct error *error)
{
	if (!work->script->controls)
		return STATUS_OK;
	return journal_sync(work->migrator, base, ret_statement, error);
}

static enum status record_statement(struct work *work, const struct chain *base, size_t number,
				    struct error *error)
{
	struct record record = record_of(work->step, "statement", work->batch);
	int64_t ignored = 0;
	record.statement = (int64_t)number;
	enum status status = sync_if_needed(work, base, &ignored, error);
	if (!status)
		status = journal_record(work->migrator, &record, error);
	if (!status) {
		work->standing = number;
		return STATUS_OK;
	}
	work->unrecorded = number;
	error_prefix(error, "statement %zu ran, but could not be recorded", number);
	return status;
}

/* The driver rolled the statement back by itself and says that it may work now. */
static enum status statement_run(struct work *work, size_t index, struct error *error)
{
	enum status status = work_statement(work, index, error);
	if (status && error->retryable) {
		error_clear(error);
		work->failed = 0;
		status = work_statement(work, index, error);
	}
	if (status && error->outcome_unknown)
		work->unrecorded = index + 1;
	return status;
}

/* A statement and the event that says that it stands, on their way into one transaction. */
struct pair {
	struct work *work;
	size_t index;
	size_t ran; /* as before the statement: it may be run once more */
	int64_t rows;
	bool executed;
	bool recorded;
};

static enum status pair_body(struct unit *unit, struct error *error)
{
	struct pair *pair = unit->context;
	struct work *work = pair->work;
	work->ran = pair->ran;
	work->rows = pair->rows;
	work->failed = 0;
	pair->executed = pair->recorded = false;
	enum status status = work_statement(work, pair->index, error);
	if (status)
		return status;
	pair->executed = true;
	struct record record = work_finish(work);
	if (pair->index + 1 < work->script->count) {
		record = record_of(work->step, "statement", work->batch);
		record.statement = (int64_t)pair->index + 1;
	}
	status = journal_append(unit->migrator, &unit->chain, &record, error);
	pair->recorded = !status;
	return status;
}

/* The last statement's event is the one that closes the migration. */
static enum status pair_run(struct work *work, size_t index, struct error *error)
{
	struct pair pair = {.work = work, .index = index, .ran = work->ran, .rows = work->rows};
	struct unit unit = {
		.migrator = work->migrator,
		.flags = DATABASE_BEGIN_STATEMENT,
		.body = pair_body,
		.context = &pair,
	};
	enum status status = unit_run(&unit, error);
	if (!status) {
		work->standing = index + 1;
		work->finished = work->standing == work->script->count;
		work->session_lost = unit.looked_up;
		if (!work->session_lost || work->finished)
			return STATUS_OK;
		/* What the session was set to is gone; the next run begins a new one. */
		return error_set(error, STATUS_FAILED, "the connection was lost behind statement %zu",
				 work->standing);
	}
	if (!work->failed) /* what a commit finds is the statement's doing */
		work_place(work, index, work->script->items[index].line,
			   pair.executed && !pair.recorded ? "was undone: it could not be recorded"
							   : "failed",
			   error);
	if (unit.stuck)
		work->unrecorded = index + 1;
	return status;
}

static enum status single_run(struct work *work, const struct chain *base, size_t index,
			      struct error *error)
{
	enum status status = statement_run(work, index, error);
	/* The last one is recorded by the event that closes the migration. */
	if (!status && index + 1 < work->script->count)
		status = record_statement(work, base, index + 1, error);
	return status;
}

static enum status statements_run(struct work *work, const struct chain *base, struct error *error)
{
	size_t count = work->script->count;
	for (size_t i = (size_t)work->step->resume_at; i < count; i++) {
		enum status status = work_check_stop(work, i, error);
		if (!status)
			status = work_is_atomic(work, i) ? pair_run(work, i, error)
							 : single_run(work, base, i, error);
		if (status)
			return status;
	}
	return STATUS_OK;
}

/* The first error is the one to tell; what the database still holds is asked anew. */
static void session_abandon(struct work *work, const struct chain *base)
{
	ERROR_CLEANUP struct error second = {0};
	int64_t statement = (int64_t)work->standing;
	enum status status = database_rollback(work->migrator->database, &second);
	if (!status)
		status = sync_if_needed(work, base, &statement, &second);
	if (status)
		log_write(work->migrator->observer, LOG_WARN, "%s: ending its session failed: %s",
			  work->step->file->path, second.message);
	if (statement > work->step->resume_at)
		work->standing = (size_t)statement;
	else
		work->standing = (size_t)work->step->resume_at;
}

/* One session from the first statement to the last: what one sets, the next sees. */
static enum status session_run(struct work *work, struct error *error)
{
	struct database *database = work->migrator->database;
	const struct section *section = work->section;
	struct chain base = chain_of(&work->migrator->history);
	int64_t lock = section->lock_timeout_us >= 0 ? section->lock_timeout_us
						     : work->migrator->lock_timeout_us;
	enum status status =
		database_begin(database, ELQ_BEGIN_MIGRATION | ELQ_BEGIN_AUTOCOMMIT,
			       section->options.items, section->options.count, lock, error);
	if (!status)
		status = statements_run(work, &base, error);
	if (!status && !work->session_lost) {
		status = database_commit(database, error);
		/* A transaction of its own that it left open is rolled back: nothing is loose. */
		if (status && !work->script->controls && !work->finished)
			work->unrecorded = work->script->count;
	}
	if (status) {
		session_abandon(work, &base);
		return status;
	}
	int64_t ignored = 0;
	return sync_if_needed(work, &base, &ignored, error);
}

enum status nontransactional_run(struct work *work, struct error *error)
{
	enum status status = STATUS_OK;
	work->standing = (size_t)work->step->resume_at;
	work->started_ns = clock_monotonic_ns();
	if (work->script->count) {
		status = record_started(work, error);
		work->begun = !status;
		if (!status)
			status = session_run(work, error);
	}
	if (status || work->finished)
		return status;
	struct record record = work_finish(work);
	status = journal_record(work->migrator, &record, error);
	if (status) {
		work->unrecorded = work->script->count;
		error_prefix(error, "all of its statements ran, but that could not be recorded");
	}
	return status;
}
