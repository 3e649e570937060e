/* run.c - one command's life, station by station. Reading it from run_execute
 * downwards follows any command in the order in which things happen; what a
 * station does stands in the file of its name. */
#include "run/private.h"

#include <signal.h>

#define JOBS_DEFAULT 4
#define CONNECT_RETRY_MS 200

void run_init(struct run *run, struct observer *observer, struct invocation *invocation,
	      const char *const *variables, const char *installed_plugins)
{
	*run = (struct run){.observer = observer,
			    .invocation = invocation,
			    .tool = "eloquent " ELOQUENT_VERSION,
			    .environ = variables,
			    .installed_plugins = installed_plugins};
	random_id(run->id);
	pthread_mutex_init(&run->show_lock, NULL);
}

static void target_free(struct target *target)
{
	if (target->migrator_loaded)
		migrator_free(&target->migrator);
	database_close(target->database);
	json_decref(target->result);
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
	if (atomic_load(&run->stop) && !strongest)
		strongest = stop_status(run, &run->error);
	return strongest;
}

/* The verdict on what is known by now; looks where a look can settle it. */
static enum status decide(struct run *run, struct target *target, struct error *error)
{
	struct guard_command command = facts_command(run);
	target->verdict = guard_decide(&command, &target->facts);
	if (target->verdict.unknown && target->database) {
		enum status status = facts_look(target, target->verdict.unknown, error);
		if (status)
			return status;
		target->verdict = guard_decide(&command, &target->facts);
	}
	return STATUS_OK;
}

static enum status refuse(struct run *run, struct target *target, struct error *error)
{
	/* The refusal shows how many migrations are pending, where that can be read. */
	ERROR_CLEANUP struct error ignored = {0};
	if (target->database && !target->migrator_loaded &&
	    target_load_migrator(run, target, VERIFY_NOTHING, &ignored)) {
		migrator_free(&target->migrator);
		target->migrator_loaded = false;
	}
	refusal_set(run, target, &target->verdict, error);
	outcome_refusal(run, target, error);
	return STATUS_REFUSED;
}

static enum status verdict_local(struct run *run, struct target *target, struct error *error)
{
	facts_local(run, target);
	enum status status = decide(run, target, error);
	/* A command that opens nothing has nowhere to look. */
	bool refused = target->verdict.decision == GUARD_REFUSE ||
		       (run->command->local && target->verdict.decision == GUARD_LOOK);
	return !status && refused ? refuse(run, target, error) : status;
}

static enum status load_driver(struct run *run, struct target *target, struct error *error)
{
	return driver_load(run->observer, &run->project, target->connection->driver, &target->driver,
			   error);
}

static enum status open_database(struct run *run, struct target *target, struct error *error)
{
	int64_t wait_us = 0;
	enum status status = option_duration(run->invocation, OPTION_CONNECT_WAIT, &wait_us, error);
	if (status)
		return status;
	bool write = facts_command(run).class_ != GUARD_SAFE;
	int64_t start = clock_monotonic_ns();
	for (;;) {
		status = database_open(run->observer, &run->project, target->connection, target->driver,
				       write, &target->database, error);
		if (status != STATUS_CONNECT || (clock_monotonic_ns() - start) / 1000 >= wait_us)
			break;
		error_clear(error);
		if (stop_wait(run, CONNECT_RETRY_MS))
			return stop_status(run, error);
	}
	if (!status)
		target->info = database_info(target->database);
	return status;
}

static enum status verdict_of_database(struct run *run, struct target *target, struct error *error)
{
	enum status status = facts_of_database(run, target, error);
	if (!status)
		status = decide(run, target, error);
	if (status)
		return status;
	enum guard_decision decision = target->verdict.decision;
	if (decision == GUARD_REFUSE || decision == GUARD_LOOK)
		return refuse(run, target, error);
	refusal_warn(run, target);
	return STATUS_OK;
}

/* What the command needs of the driver, before anybody is asked or locked. */
static enum status check_capable(struct run *run, struct target *target, struct error *error)
{
	uint64_t needed = ELQ_CAP_HISTORY;
	bool writes = facts_command(run).class_ != GUARD_SAFE;
	if (writes && !(run->command->flags & COMMAND_LOCKLESS))
		needed |= ELQ_CAP_LOCK;
	if ((target->info->caps & needed) != needed) {
		error_set(error, STATUS_UNSUPPORTED, "%s needs the driver's %s, and driver %s has none",
			  run->command->name,
			  target->info->caps & ELQ_CAP_HISTORY ? "elq.lock" : "elq.history",
			  target->driver->name);
		return STATUS_UNSUPPORTED;
	}
	if (writes && (target->info->flags & ELQ_CONN_READ_ONLY)) {
		error_set(error, STATUS_CONNECT, "%s can only be read", target->info->location);
		error_hint(error, "%s writes: look at the permissions of the file and its folder",
			   run->command->name);
		return STATUS_CONNECT;
	}
	return STATUS_OK;
}

/* A check that fails while another run is at work says nothing: its half-done
 * work is not ours to judge. Then the lock is the answer, or with --wait the
 * check is made once it is ours. */
static enum status check_target(struct run *run, struct target *target, struct error *error)
{
	target->idle = false;
	enum status status = run->command->check(run, target, error);
	if (!status || target->locked || !run->command->work || run->dry_run)
		return status;
	ERROR_CLEANUP struct error locked = {0};
	if ((run->command->flags & COMMAND_LOCKLESS) || lock_probe(target, &locked) != STATUS_LOCKED)
		return status;
	if (!option_given(run->invocation, OPTION_WAIT)) {
		error_move(error, &locked);
		return STATUS_LOCKED;
	}
	error_clear(error);
	target->check_later = true;
	return STATUS_OK;
}

static enum status preview_target(struct run *run, struct target *target, struct error *error)
{
	if (target->idle || !run->command->preview)
		return STATUS_OK;
	return run->command->preview(run, target, error);
}

/* A "no" ends the run before any lock is taken. */
static enum status verdict_on_answer(struct run *run, struct target *target, struct error *error)
{
	if (!target->asked)
		return STATUS_OK;
	enum status status = decide(run, target, error);
	if (!status && target->verdict.decision != GUARD_ALLOW)
		return refuse(run, target, error);
	return status;
}

/* What another run did while we waited for the lock makes our plan worthless. */
static enum status check_again(struct run *run, struct target *target, struct error *error)
{
	bool current = false;
	if (target->idle || !target->migrator_loaded)
		return STATUS_OK;
	enum status status = STATUS_OK;
	if (!target->check_later)
		status = migrator_is_current(&target->migrator, &current, error);
	if (status || current)
		return status;
	text_clear(&target->lines);
	json_object_clear(target->result);
	return check_target(run, target, error);
}

/* The answers are facts: they survive the second look at the database. */
static enum status verdict_under_lock(struct run *run, struct target *target, struct error *error)
{
	if (target->idle)
		return STATUS_OK;
	struct guard_facts before = target->facts;
	const char *id_before = target->stamp.id;
	enum status status = facts_of_database(run, target, error);
	if (!status && before.holds_rows != FACT_UNKNOWN)
		status = facts_look(target, GUARD_REASON_UNKNOWN_ROWS, error);
	if (!status)
		status = decide(run, target, error);
	if (status)
		return status;
	bool same =
		guard_facts_equal(&before, &target->facts) && text_equal(id_before, target->stamp.id);
	/* What became a question under the lock would have been asked before it. */
	bool unasked = target->verdict.decision == GUARD_ASK;
	if ((target->asked && !same) || unasked) {
		error_set(error, STATUS_FACTS_CHANGED,
			  "%s changed between the look at it and its lock; nothing was written",
			  target->info->location);
		error_hint(error, "run the command again and look at what it says");
		outcome_refusal(run, target, error);
		return STATUS_FACTS_CHANGED;
	}
	return target->verdict.decision == GUARD_ALLOW ? STATUS_OK : refuse(run, target, error);
}

static enum status write_intent(struct run *run, struct target *target, struct error *error)
{
	if (target->idle)
		return STATUS_OK;
	enum status status = outcome_intent(run, target, error);
	target->migrator.audit_head = target->audit_head;
	target->started_ns = clock_monotonic_ns();
	return status;
}

static void work_target(struct run *run, struct target *target)
{
	target->worked = true;
	target->status = first_write(run, target, &target->error);
	if (!target->status)
		target->status = run->command->work(run, target, &target->error);
	int number = atomic_load(&run->stop);
	if (target->status == STATUS_INTERRUPTED && number && number != SIGINT)
		target->status = target->error.status = STATUS_TERMINATED;
	target_flush(run, target);
}

/* ---- the lives ---------------------------------------------------------------- */

/* Reaching every database, or none. --keep-going leaves out what cannot be
 * opened, and only that. */
static enum status reach(struct run *run)
{
	enum status status = visit(run, verdict_local);
	if (!status)
		status = visit(run, load_driver);
	if (status)
		return status;
	status = visit(run, open_database);
	if (status == STATUS_CONNECT && option_given(run->invocation, OPTION_KEEP_GOING)) {
		size_t reached = 0;
		for (size_t i = 0; i < run->target_count; i++)
			reached += run->targets[i].database != NULL;
		if (reached)
			status = STATUS_OK;
	}
	if (!status)
		status = visit(run, check_capable);
	if (!status)
		status = visit(run, facts_identities);
	if (!status)
		status = visit(run, verdict_of_database);
	return status;
}

/* Under the locks: the last questions before the first write. */
static enum status commit_to_it(struct run *run)
{
	enum status status = ask_person(run, &run->error);
	if (!status)
		status = visit(run, verdict_on_answer);
	if (!status && !(run->command->flags & COMMAND_LOCKLESS))
		status = locks_take(run);
	if (!status)
		status = visit(run, check_again);
	if (!status)
		status = visit(run, verdict_under_lock);
	if (!status)
		status = visit(run, write_intent);
	return status;
}

static enum status run_on_targets(struct run *run)
{
	int64_t jobs = JOBS_DEFAULT;
	enum status status = option_count(run->invocation, OPTION_JOBS, &jobs, &run->error);
	if (!status)
		status = reach(run);
	if (!status)
		status = visit(run, check_target);
	if (!status && run->dry_run)
		return visit(run, preview_target);
	if (status || !run->command->work)
		return status;
	status = commit_to_it(run);
	if (!status)
		pool_run(run, jobs, work_target);
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
	if (facts_command(run).class_ != GUARD_SAFE)
		status = signals_start(run, &run->error);
	if (!status)
		status = run_on_targets(run);
	return sum_up(run, status);
}

/* A command without connections: only generators ask the guard, and only with
 * local facts. */
static enum status run_local(struct run *run)
{
	if (run->command->flags & COMMAND_NO_DRY_RUN && run->dry_run) {
		error_set(&run->error, STATUS_USAGE, "%s has nothing to show under --dry-run",
			  run->command->name);
		return STATUS_USAGE;
	}
	if (run->command->flags & COMMAND_CHOOSES) {
		enum status status = select_targets(run, &run->error);
		if (!status)
			status = visit(run, verdict_local);
		if (!status)
			status = visit(run, write_intent);
		if (status)
			return status;
	}
	run->status = run->command->local(run, &run->error);
	for (size_t i = 0; i < run->target_count; i++) {
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

enum status run_execute(struct run *run)
{
	log_set_command(run->observer, run->command->name, run->id);
	enum status status = STATUS_OK;
	if (!(run->command->flags & COMMAND_NO_PROJECT))
		status = load_project(run);
	if (!status)
		status = run->command->local ? run_local(run) : run_with_connections(run);
	run->status = status;
	return status;
}

/* ---- for handlers --------------------------------------------------------------- */

const char *target_migrations(const struct run *run, const struct connection *connection,
			      struct arena *arena)
{
	const char *owner = connection->twin && connection->application ? connection->application
									: connection->name;
	return path_join(arena, run->project.migrations, owner);
}

enum status target_load_migrator(struct run *run, struct target *target, enum history_verify verify,
				 struct error *error)
{
	struct migrator *migrator = &target->migrator;
	if (target->migrator_loaded)
		migrator_free(migrator);
	*migrator = (struct migrator){
		.observer = run->observer,
		.database = target->database,
		.folder_path = target_migrations(run, target->connection, &target->arena),
		.max_size = run->project.max_migration,
		.word = target->word,
		.run = run->id,
		.actor = run->project.actor,
		.tool = run->tool,
		.audit_head = target->audit_head,
		.stop = &run->stop,
		.lock_timeout_us = -1,
	};
	target->migrator_loaded = true;
	return migrator_load(migrator, verify, error);
}
