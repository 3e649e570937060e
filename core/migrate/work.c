/* work.c - what every step has in common, with a transaction or without: running
 * a statement, stopping when asked to, and saying what stands after a failure. */
#include "migrate/private.h"

#include <signal.h>
#include <string.h>

enum status migrator_stop_status(const struct migrator *migrator)
{
	int signal = migrator->stop ? atomic_load(migrator->stop) : 0;
	if (!signal)
		return STATUS_OK;
	return signal == SIGTERM ? STATUS_TERMINATED : STATUS_INTERRUPTED;
}

static const char *stop_word(enum status status)
{
	return status == STATUS_TERMINATED ? "terminated" : "interrupted";
}

enum status work_check_stop(struct work *work, size_t done, struct error *error)
{
	enum status status = migrator_stop_status(work->migrator);
	const char *path = work->step->file->path;
	size_t count = work->script->count;
	if (!status)
		return STATUS_OK;
	if (!work->begun)
		error_set(error, status, "%s before %s was begun", stop_word(status), path);
	else
		error_set(error, status, "%s in %s, before statement %zu of %zu", stop_word(status),
			  path, done + 1, count);
	error_at(error, path, 0, 0);
	return status;
}

static void rows_add(struct work *work, int64_t rows)
{
	if (rows < 0)
		work->rows = -1;
	else if (work->rows >= 0)
		work->rows += rows;
}

enum status work_statement(struct work *work, size_t index, struct error *error)
{
	const struct statement *statement = &work->script->items[index];
	struct database *database = work->migrator->database;
	int64_t rows = -1;
	database_set_timeout(database, work->section->timeout_us);
	enum status status = database_execute(database, work->script->text.data + statement->start,
					      statement->size, &rows, error);
	database_set_timeout(database, 0);
	if (!status) {
		work->ran++;
		rows_add(work, rows);
		return STATUS_OK;
	}
	work_place(work, index, statement->line + (error->line > 0 ? error->line - 1 : 0), "failed",
		   error);
	return status;
}

void work_place(struct work *work, size_t index, int64_t line, const char *what, struct error *error)
{
	const char *path = work->step->file->path;
	work->failed = index + 1;
	error_prefix(error, "%s:%lld: statement %zu of %zu %s", path, (long long)line, index + 1,
		     work->script->count, what);
	error_at(error, path, line, (int64_t)index + 1);
}

/* Where the file handles transactions itself, we open none around its statements. */
bool work_is_atomic(const struct work *work, size_t index)
{
	const struct script *script = work->script;
	return database_info(work->migrator->database)->flags & ELQ_CONN_TRANSACTIONAL_DDL &&
	       !script->controls && !script->items[index].alone;
}

static int64_t work_duration_us(const struct work *work)
{
	return (clock_monotonic_ns() - work->started_ns) / 1000;
}

struct record work_finish(const struct work *work)
{
	struct record record =
		record_of(work->step, work->step->down ? "reverted" : "applied", work->batch);
	record.duration_us = work_duration_us(work);
	record.rows = work->rows;
	return record;
}

/* "nothing of this migration stands; 3 migrations before it are applied" */
static void explain_before(const struct work *work, struct text *hint)
{
	const struct migrator *migrator = work->migrator;
	size_t down = 0;
	size_t up = 0;
	for (size_t i = 0; i < migrator->steps_done; i++) {
		if (migrator->steps[i].down)
			down++;
		else
			up++;
	}
	if (migrator->wipe)
		text_add(hint, "; everything was dropped before");
	if (down)
		text_printf(hint, "; %zu migration%s rolled back", down,
			    down == 1 ? " before it is" : "s before it are");
	if (up)
		text_printf(hint, "; %zu migration%s applied", up,
			    up == 1 ? " before it is" : "s before it are");
}

/* The statement that may stand beside the recorded ones: ours to say, a person's to look. */
static size_t unrecorded_statement(const struct work *work)
{
	const struct step *step = work->step;
	bool resumed = step->entry && step->entry->state == ENTRY_PARTIAL;
	if (work->unrecorded)
		return work->unrecorded;
	/* The run before was cut off between a statement and its record, perhaps. */
	bool first = resumed && work->failed == (size_t)step->resume_at + 1;
	return first && !work_is_atomic(work, work->failed - 1) ? work->failed : 0;
}

static void explain_nontransactional(const struct work *work, struct text *hint)
{
	const struct step *step = work->step;
	size_t unrecorded = unrecorded_statement(work);
	text_printf(hint, "%zu of %zu statements of its %s section stand and are recorded",
		    work->standing, work->script->count, step->down ? "down" : "up");
	if (unrecorded)
		text_printf(hint, "; statement %zu may stand too, unrecorded: look", unrecorded);
	explain_before(work, hint);
	if (!work->unrecorded)
		text_printf(hint,
			    "; the same command goes on with statement %zu while the file is unchanged",
			    work->standing + 1);
	text_printf(hint, "; what was finished or undone by hand is recorded with ");
	text_printf(hint, "eloquent migrate:repair --mark applied|reverted %s", step->file->name);
}

/* A redo: the same command would undo one migration more. */
static bool is_between_down_and_up(const struct work *work)
{
	const struct migrator *migrator = work->migrator;
	return !work->step->down && migrator->steps_done && migrator->steps[0].down;
}

static void explain_whole(const struct work *work, const struct error *error, struct text *hint)
{
	bool interrupted = error->status == STATUS_INTERRUPTED || error->status == STATUS_TERMINATED;
	text_add(hint, work->step->down ? "this migration is applied as it was before"
					: "nothing of this migration stands");
	explain_before(work, hint);
	if (is_between_down_and_up(work))
		text_printf(hint, "; %seloquent migrate:run applies what was rolled back",
			    interrupted ? "" : "mend the cause; ");
	else
		text_add(hint, interrupted ? "; the same command starts with it again"
					   : "; mend the cause and run the command again");
}

void work_explain(const struct work *work, struct error *error)
{
	TEXT_CLEANUP struct text hint = {0};
	if (work->stuck)
		return;
	if (error->hint)
		text_printf(&hint, "%s; ", error->hint);
	if (work->finished)
		text_add(&hint, work->step->down ? "this migration is rolled back, and recorded so"
						 : "this migration is applied, and recorded so");
	else if (work->standing || unrecorded_statement(work))
		explain_nontransactional(work, &hint);
	else
		explain_whole(work, error, &hint);
	error_hint(error, "%s", text_string(&hint));
}

void work_record_failure(const struct work *work, const struct error *failure)
{
	struct migrator *migrator = work->migrator;
	if (work->finished)
		return;
	TEXT_CLEANUP struct text message = {0};
	TEXT_CLEANUP struct text detail = {0};
	ERROR_CLEANUP struct error error = {0};
	redact(migrator->observer, failure->message, strlen(failure->message), &message);
	detail_add_text(&detail, "code", status_code(failure->status));
	detail_add_text(&detail, "message", text_string(&message));
	if (work->failed) {
		detail_add_number(&detail, "statement", (int64_t)work->failed);
		detail_add_number(&detail, "line", failure->line);
	}
	struct record record = record_of(work->step, "failed", work->batch);
	record.statement = work->failed ? (int64_t)work->failed : -1;
	record.detail = detail_close(&detail);
	record.duration_us = work_duration_us(work);
	if (journal_record(migrator, &record, &error))
		log_write(migrator->observer, LOG_WARN,
			  "the failure of %s could not be put on record: %s", work->step->file->name,
			  error.message);
}
