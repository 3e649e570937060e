/* run.c - one command's life, station by station. Reading it from run_execute
 * downwards follows any command in the order in which things happen; what
 * happens at a station stands in stations.c. */
#include "run/private.h"

#define JOBS_DEFAULT 4

void run_init(struct run *run, struct observer *observer, struct invocation *invocation,
	      const char *const *variables, const char *installed_plugins)
{
	*run = (struct run){.observer = observer,
			    .invocation = invocation,
			    .tool = "eloquent " ELOQUENT_VERSION,
			    .began_ns = clock_monotonic_ns(),
			    .environ = variables,
			    .installed_plugins = installed_plugins};
	random_id(run->id);
	pthread_mutex_init(&run->show_lock, NULL);
}

static void target_free(struct target *target)
{
	prefetch_drop(target);
	if (target->handler_free)
		target->handler_free(target);
	if (target->migrator_loaded)
		migrator_free(&target->migrator);
	review_free(&target->review);
	database_close(target->database);
	json_decref(target->result);
	for (size_t i = 0; i < RESULT_LISTS; i++)
		text_free(&target->lists[i].items);
	text_free(&target->lines);
	error_clear(&target->error);
	arena_free(&target->arena);
}

void run_free(struct run *run)
{
	signals_stop(run);
	for (size_t i = 0; i < run->target_count; i++)
		target_free(&run->targets[i]);
	json_decref(run->result);
	error_clear(&run->error);
	text_free(&run->lines);
	if (run->project_loaded)
		project_free(&run->project);
	arena_free(&run->arena);
	pthread_mutex_destroy(&run->show_lock);
}

/* ---- the stations ------------------------------------------------------------- */

/* Calls a station for every target that is still in the run. A failure stays
 * with its target; the answer is the strongest of all. */
typedef enum status station(struct run *run, struct target *target, struct error *error);

static enum status visit(struct run *run, station *visit_one)
{
	enum status strongest = STATUS_OK;
	for (size_t i = 0; i < run->target_count; i++) {
		struct target *target = &run->targets[i];
		if (target->skipped || target->status)
			continue;
		target->status = visit_one(run, target, &target->error);
		strongest = status_stronger(strongest, target->status);
		if (atomic_load(&run->stop))
			break;
	}
	refusal_remedies(run);
	if (atomic_load(&run->stop) && !strongest)
		strongest = stop_status(run, &run->error);
	return strongest;
}

/* ---- the lives ---------------------------------------------------------------- */

/* Reaching every database, or none. --keep-going leaves out what cannot be
 * opened, and only that. */
static enum status reach(struct run *run)
{
	enum status status = visit(run, station_verdict_local);
	if (!status)
		status = visit(run, station_load_driver);
	if (status)
		return status;
	status = visit(run, station_open_database);
	/* Reading commands show what can be reached; they leave nothing half done. */
	bool goes_on = option_given(run->invocation, OPTION_KEEP_GOING) ||
		       facts_command(run).class_ == GUARD_SAFE;
	if (status == STATUS_CONNECT && goes_on) {
		size_t reached = 0;
		for (size_t i = 0; i < run->target_count; i++)
			reached += run->targets[i].database != NULL;
		if (reached)
			status = STATUS_OK;
	}
	if (!status)
		status = visit(run, station_check_capable);
	if (!status)
		status = visit(run, station_choose);
	if (!status)
		status = visit(run, station_wait_turn);
	if (!status)
		status = visit(run, facts_identities);
	if (!status)
		status = visit(run, station_verdict_of_database);
	return status;
}

/* Under the locks: the last questions, the intent, and only then the first write: the
 * backup leaves its record in the database. */
static enum status commit_to_it(struct run *run)
{
	enum status status = ask_person(run, &run->error);
	if (!status)
		status = visit(run, station_verdict_on_answer);
	if (!status && run_takes_locks(run))
		status = locks_take(run);
	if (!status)
		status = visit(run, station_check_again);
	if (!status)
		status = visit(run, station_verdict_under_lock);
	if (!status)
		status = visit(run, station_write_intent);
	if (!status)
		status = visit(run, station_back_up);
	return status;
}

static enum status run_on_targets(struct run *run)
{
	int64_t jobs = option_count(run->invocation, OPTION_JOBS, JOBS_DEFAULT);
	enum status status = reach(run);
	if (!status)
		status = visit(run, station_check_target);
	if (!status)
		status = visit(run, station_verdict_on_content);
	if (!status && run->dry_run)
		return visit(run, station_preview_target);
	if (status || !run->command->work)
		return status;
	status = commit_to_it(run);
	if (!status)
		pool_run(run, jobs, station_work_target);
	return status;
}

/* What stopped the run stopped it everywhere: say so of those that never came
 * to work, and find the status that decides. */
static enum status sum_up(struct run *run, enum status status)
{
	bool nothing_ran = status != STATUS_OK;
	for (size_t i = 0; i < run->target_count; i++) {
		struct target *target = &run->targets[i];
		if (nothing_ran && !target->status && !target->worked)
			target->skipped = run->command->work != NULL || !target->database;
		target_flush(run, target);
		outcome_record(run, target);
		status = status_stronger(status, target->status);
	}
	return status;
}

static enum status run_with_connections(struct run *run)
{
	enum status status = select_targets(run, &run->error);
	if (status)
		return status;
	bool works = run->command->work && !run->dry_run;
	if (facts_command(run).class_ != GUARD_SAFE || works)
		status = signals_start(run, &run->error);
	if (!status)
		status = run_on_targets(run);
	return sum_up(run, status);
}

/* What a command that writes something else than databases does is judged by the
 * environment's word alone, and goes on record. */
static enum status run_alone(struct run *run)
{
	struct target alone = {.word = run->project.production ? "production" : run->project.word};
	enum status status = station_verdict_local(run, &alone, &run->error);
	if (!status)
		status = station_write_intent(run, &alone, &run->error);
	if (!status) {
		status = run->command->local(run, &run->error);
		alone.worked = true;
		alone.status = status;
		if (status)
			error_set(&alone.error, status, "%s", run->error.message);
		outcome_record(run, &alone);
	}
	error_clear(&alone.error);
	arena_free(&alone.arena);
	return status;
}

/* A command without connections: only those that write ask the guard, and only with
 * local facts. */
static enum status run_local(struct run *run)
{
	if (!(run->command->flags & COMMAND_CHOOSES) && facts_command(run).class_ != GUARD_SAFE)
		return run_alone(run);
	bool named = !(run->command->flags & COMMAND_NAMED) || connections_named(run->invocation);
	if (run->command->flags & COMMAND_CHOOSES && named) {
		enum status status = select_targets(run, &run->error);
		if (!status)
			status = visit(run, station_verdict_local);
		if (!status)
			status = visit(run, station_write_intent);
		if (status)
			return status;
	}
	run->status = run->command->local(run, &run->error);
	for (size_t i = 0; i < run->target_count; i++) {
		target_flush(run, &run->targets[i]);
		run->targets[i].worked = true;
		run->targets[i].status = run->status;
		outcome_record(run, &run->targets[i]);
	}
	for (size_t i = 0; i < run->target_count; i++)
		run->targets[i].status = STATUS_OK;
	return run->status;
}

static enum status load_project(struct run *run)
{
	const struct invocation *invocation = run->invocation;
	const struct option_values *env_files = &invocation->options[OPTION_ENV_FILE];
	struct config_input input = {
		.config = option_value(invocation, OPTION_CONFIG),
		.env_files = env_files->items,
		.env_file_count = env_files->count,
		.log_level = option_value(invocation, OPTION_LOG_LEVEL),
		.log_format = option_value(invocation, OPTION_LOG_FORMAT),
		.environ = run->environ,
		.cwd = path_working_directory(&run->arena),
		.installed_plugins = run->installed_plugins,
	};
	enum status status = project_load(run->observer, &input, &run->project, &run->error);
	if (status)
		return status;
	run->project_loaded = true;
	log_configure(run->observer, run->verbose ? LOG_DEBUG : run->project.log_level,
		      run->project.log_format);
	return STATUS_OK;
}

static bool goes_to_connections(const struct run *run)
{
	const struct command *command = run->command;
	if (!command->local || !command->check)
		return !command->local;
	return connections_named(run->invocation);
}

enum status run_execute(struct run *run)
{
	log_set_command(run->observer, run->command->name, run->id);
	enum status status = STATUS_OK;
	if (!(run->command->flags & COMMAND_NO_PROJECT))
		status = load_project(run);
	if (!status)
		status = goes_to_connections(run) ? run_with_connections(run) : run_local(run);
	run->status = status;
	return status;
}
