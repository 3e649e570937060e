/* nontransactional.c - a migration whose statements each stand for themselves:
 * transaction:false, or a database that cannot roll back schema changes. The
 * events between the statements say what stands, so that a run that was killed
 * goes on at the right one. */
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

static enum status statements_run(struct work *work, const struct chain *base, struct error *error)
{
	size_t count = work->script->count;
	for (size_t i = (size_t)work->step->resume_at; i < count; i++) {
		enum status status = work_check_stop(work, i, error);
		if (!status)
			status = statement_run(work, i, error);
		/* The last one is recorded by the event that closes the migration. */
		if (!status && i + 1 < count)
			status = record_statement(work, base, i + 1, error);
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
	if (!status) {
		status = database_commit(database, error);
		/* A transaction of its own that it left open is rolled back: nothing is loose. */
		if (status && !work->script->controls)
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
	if (status)
		return status;
	struct record record = work_finish(work);
	status = journal_record(work->migrator, &record, error);
	if (status) {
		work->unrecorded = work->script->count;
		error_prefix(error, "all of its statements ran, but that could not be recorded");
	}
	return status;
}
