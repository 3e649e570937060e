/* execute.c - carries out the steps one after the other; the first failure ends
 * the run. What may be done was decided and checked before. */
#include "migrate/private.h"

/* ---- one step in one transaction --------------------------------------------------- */

/* Runs again from the first statement when the driver asks for that. */
static enum status transaction_body(struct unit *unit, struct error *error)
{
	struct work *work = unit->context;
	enum status status = STATUS_OK;
	work->started_ns = clock_monotonic_ns();
	work->begun = true;
	work->ran = 0;
	work->rows = 0;
	work->failed = 0;
	for (size_t i = 0; i < work->script->count && !status; i++) {
		status = work_check_stop(work, i, error);
		if (!status)
			status = work_statement(work, i, error);
	}
	/* A stop that came during the last statement stops before the next migration: this
	 * one is done but for its commit. */
	if (status)
		return status;
	struct record record = work_finish(work);
	return journal_append(unit->migrator, &unit->chain, &record, error);
}

static enum status transactional_run(struct work *work, struct error *error)
{
	struct unit unit = {
		.migrator = work->migrator,
		.flags = ELQ_BEGIN_MIGRATION,
		.section = work->section,
		.body = transaction_body,
		.context = work,
	};
	enum status status = unit_run(&unit, error);
	work->stuck = unit.stuck;
	return status;
}

/* ---- steps --------------------------------------------------------------------------- */

static void report(const struct work *work, enum step_phase phase, size_t index)
{
	const struct migrator *migrator = work->migrator;
	struct step_report said = {
		.phase = phase,
		.step = work->step,
		.index = index,
		.count = migrator->step_count,
		.duration_us = work->started_ns ? (clock_monotonic_ns() - work->started_ns) / 1000 : 0,
		.batch = work->batch,
		.statements = (int64_t)work->ran,
	};
	if (migrator->report)
		migrator->report(migrator->report_context, &said);
}

static enum status step_prepare(struct work *work, struct error *error)
{
	const struct step *step = work->step;
	struct database *database = work->migrator->database;
	enum status status = script_load(work->migrator, step->file, work->script, error);
	if (!status)
		status = script_split(database, step->file, work->section, work->script, error);
	if (status || (size_t)step->resume_at <= work->script->count)
		return status;
	return error_set(error, STATUS_HISTORY_BROKEN,
			 "the history says that %lld statements of it ran, but it has %zu",
			 (long long)step->resume_at, work->script->count);
}

static enum status step_run(struct work *work, struct error *error)
{
	enum status status = work_check_stop(work, 0, error);
	if (!status)
		status = step_prepare(work, error);
	if (!status)
		status = work->transactional ? transactional_run(work, error)
					     : nontransactional_run(work, error);
	if (!status)
		return STATUS_OK;
	/* What went wrong beside a statement names no file yet. */
	if (!error->file) {
		error_prefix(error, "%s", work->step->file->path);
		error_at(error, work->step->file->path, 0, 0);
	}
	/* A cancelled call does not know which signal it was. */
	if (status == STATUS_INTERRUPTED && migrator_stop_status(work->migrator))
		status = error->status = migrator_stop_status(work->migrator);
	work_explain(work, error);
	/* What never reached the database leaves no trace there; and `failed` would say of an
	 * unrecorded statement that it does not stand. */
	if (work->begun && !work->unrecorded)
		work_record_failure(work, error);
	return status;
}

static enum status steps_run(struct migrator *migrator, struct error *error)
{
	SCRIPT_CLEANUP struct script script = {0};
	int64_t batch = migrator->history.last_batch + 1;
	for (size_t i = 0; i < migrator->step_count; i++) {
		const struct step *step = &migrator->steps[i];
		struct work work = {
			.migrator = migrator,
			.step = step,
			.section = step_section(step),
			.script = &script,
			.transactional =
				section_is_transactional(migrator->database, step_section(step)),
			.batch = step->down && step->entry ? step->entry->batch : batch,
		};
		report(&work, STEP_STARTED, i);
		enum status status = step_run(&work, error);
		report(&work, status ? STEP_FAILED : STEP_DONE, i);
		if (status)
			return status;
		migrator->steps_done++;
		if (work.batch > migrator->history.last_batch)
			migrator->history.last_batch = work.batch;
	}
	return STATUS_OK;
}

/* ---- before and after ------------------------------------------------------------------- */

/* The drop and its event stand together or not at all, where the database can. */
static enum status wipe_body(struct unit *unit, struct error *error)
{
	TEXT_CLEANUP struct text detail = {0};
	int64_t dropped = 0;
	enum status status = database_wipe(unit->migrator->database, &dropped, error);
	if (status)
		return status;
	detail_add_number(&detail, "dropped", dropped);
	struct record record = {
		.event = "wiped",
		.batch = -1,
		.statement = -1,
		.detail = detail_close(&detail),
		.duration_us = -1,
		.rows = -1,
	};
	return journal_append(unit->migrator, &unit->chain, &record, error);
}

static enum status wipe_run(struct migrator *migrator, struct error *error)
{
	struct unit unit = {.migrator = migrator, .flags = ELQ_BEGIN_MIGRATION, .body = wipe_body};
	enum status status = migrator_stop_status(migrator);
	if (status)
		return error_set(error, status, "stopped before anything was dropped");
	struct progress progress;
	progress_begin(&progress, migrator->observer, NULL, 0, "dropping everything in %s",
		       database_info(migrator->database)->name);
	status = unit_run(&unit, error);
	progress_end(&progress);
	if (!status)
		return STATUS_OK;
	error_prefix(error, "dropping everything failed");
	if (!unit.stuck && database_info(migrator->database)->flags & ELQ_CONN_TRANSACTIONAL_DDL)
		error_hint(error, "nothing was dropped; mend the cause and run the command again");
	return status;
}

static enum status checkpoint_body(struct unit *unit, struct error *error)
{
	return journal_checkpoint(unit->migrator, &unit->chain, error);
}

enum status migrator_execute(struct migrator *migrator, struct error *error)
{
	enum status status = STATUS_OK;
	migrator->steps_done = 0;
	if (!migrator->wipe && !migrator->step_count)
		return STATUS_OK;
	if (migrator->wipe)
		status = wipe_run(migrator, error);
	if (!status)
		status = steps_run(migrator, error);
	if (status)
		return status;
	struct unit unit = {.migrator = migrator, .body = checkpoint_body};
	status = unit_run(&unit, error);
	if (status) {
		error_prefix(
			error,
			"all migrations are done, but the history's checkpoint could not be written");
		error_hint(error,
			   "nothing is lost: the next command verifies a longer part of the history");
	}
	return status;
}
