/* stations.c - what happens to one target at each station of a command's life.
 * The order of the stations is run.c's; the guard's rules, the locks, the audit
 * records and the questions stand in the rooms and files of their names. */
#include "run/private.h"

#include <signal.h>

#define CONNECT_RETRY_MS 200

/* The verdict on what is known by now; looks where a look can settle it. */
static enum status decide(struct run *run, struct target *target, struct error *error)
{
	struct guard_command command = facts_command(run);
	target->verdict = guard_decide(&command, &target->facts);
	/* What is found out may raise the next question; it ends when nothing new is. */
	while (target->verdict.unknown && target->database) {
		struct guard_facts before = target->facts;
		enum status status = facts_look(run, target, target->verdict.unknown, error);
		if (status)
			return status;
		if (guard_facts_equal(&before, &target->facts))
			break;
		target->verdict = guard_decide(&command, &target->facts);
	}
	return STATUS_OK;
}

static enum status refuse(struct run *run, struct target *target, struct error *error)
{
	/* The refusal shows how many migrations are pending, where that can be read. */
	ERROR_CLEANUP struct error ignored = {0};
	enum fact unused;
	if (target->database && !target->migrator_loaded &&
	    target_load_migrator(run, target, VERIFY_NOTHING, &ignored)) {
		migrator_free(&target->migrator);
		target->migrator_loaded = false;
	}
	if (target->database && !target->last_backup && !backups_look(run, target, &unused, &ignored))
		error_clear(&ignored);
	target_findings(run, target, false);
	refusal_set(run, target, error);
	outcome_refusal(run, target, error);
	return STATUS_REFUSED;
}

enum status station_verdict_local(struct run *run, struct target *target, struct error *error)
{
	facts_local(run, target);
	enum status status = decide(run, target, error);
	/* A command that opens nothing has nowhere to look. */
	bool refused = target->verdict.decision == GUARD_REFUSE ||
		       (run->command->local && target->verdict.decision == GUARD_LOOK);
	return !status && refused ? refuse(run, target, error) : status;
}

enum status station_load_driver(struct run *run, struct target *target, struct error *error)
{
	return driver_load(run->observer, &run->project, target->connection->driver, &target->driver,
			   error);
}

/* What the facts depend on is chosen before they are read. */
enum status station_choose(struct run *run, struct target *target, struct error *error)
{
	return run->command->choose ? run->command->choose(run, target, error) : STATUS_OK;
}

enum status station_open_database(struct run *run, struct target *target, struct error *error)
{
	int64_t wait_us = option_duration_us(run->invocation, OPTION_CONNECT_WAIT, 0);
	struct database *database = NULL;
	enum status status = STATUS_OK;
	uint32_t flags = 0;
	if (facts_command(run).class_ != GUARD_SAFE ||
	    (run->command->flags & COMMAND_RECORDS && !run->dry_run))
		flags |= ELQ_OPEN_WRITE;
	if (run->command->flags & COMMAND_DAMAGED_TOO)
		flags |= ELQ_OPEN_REPLACE;
	prefetch_start(run, target);
	int64_t start = clock_monotonic_ns();
	for (;;) {
		status = database_open(run->observer, &run->project, target->connection, target->driver,
				       flags, &database, error);
		if (status != STATUS_CONNECT || (clock_monotonic_ns() - start) / 1000 >= wait_us)
			break;
		error_clear(error);
		if (stop_wait(run, CONNECT_RETRY_MS))
			return stop_status(run, error);
	}
	if (status)
		return status;
	target->info = database_info(database);
	target->damaged = (target->info->flags & ELQ_CONN_DAMAGED) != 0;
	target->database = database;
	return STATUS_OK;
}

/* What nobody planned is not judged: without steps there would be nothing to find. */
static void plan_made(struct target *target, bool checked)
{
	target->planned = checked && target->migrator_loaded;
}

/* A refusal is not spoken before the plan is looked at. What the files would destroy
 * belongs among its conditions; and a run that has nothing to do needs no backup: every
 * deployment runs migrate:run, and most find nothing pending. true: it is none. */
static bool refusal_falls_with_the_plan(struct run *run, struct target *target)
{
	ERROR_CLEANUP struct error ignored = {0};
	bool backup = target->verdict.reasons == GUARD_REASON_BACKUP;
	if (run->command->guard.class_ != GUARD_WRITES ||
	    !(backup || (target->verdict.unknown & GUARD_REASON_UNKNOWN_CONTENT)))
		return false;
	target->idle = false;
	plan_made(target, !run->command->check(run, target, &ignored));
	bool nothing = backup && target->planned && target->idle;
	error_clear(&ignored);
	if (target->planned && !target->idle && decide(run, target, &ignored))
		target->reviewed = false;
	target->idle = target->planned = false;
	text_clear(&target->lines);
	target_result_clear(target);
	return nothing;
}

/* What the files would destroy is known once they are chosen: the check comes first. */
static bool waits_for_the_plan(const struct target *target)
{
	return target->verdict.decision == GUARD_LOOK &&
	       target->verdict.reasons == GUARD_REASON_UNKNOWN_CONTENT;
}

enum status station_verdict_of_database(struct run *run, struct target *target, struct error *error)
{
	enum status status = facts_of_database(run, target, error);
	if (!status)
		status = decide(run, target, error);
	ERROR_CLEANUP struct error holder = {0};
	if (status == STATUS_LOCKED && lock_probe(run, target, &holder) == STATUS_LOCKED)
		error_move(error, &holder);
	if (status)
		return status;
	enum guard_decision decision = target->verdict.decision;
	bool refused = decision == GUARD_REFUSE || decision == GUARD_LOOK;
	if (refused && !waits_for_the_plan(target) && !refusal_falls_with_the_plan(run, target))
		return refuse(run, target, error);
	refusal_warn(run, target);
	return STATUS_OK;
}

/* What the command needs of the driver, before anybody is asked or locked. */
enum status station_check_capable(struct run *run, struct target *target, struct error *error)
{
	uint64_t needed = ELQ_CAP_HISTORY | run->command->needs;
	bool writes = facts_command(run).class_ != GUARD_SAFE;
	if (run_takes_locks(run))
		needed |= ELQ_CAP_LOCK;
	uint64_t lacking = needed & ~target->info->caps;
	if (lacking) {
		error_set(error, STATUS_UNSUPPORTED, "%s needs the driver's %s, and driver %s has none",
			  run->command->name, capability_name(lacking), target->driver->plugin.name);
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
enum status station_check_target(struct run *run, struct target *target, struct error *error)
{
	struct progress progress = {0};
	target->idle = false;
	if (run->command->flags & COMMAND_MIGRATES) /* others show their own */
		progress_begin(&progress, run->observer, NULL, 0, "checking %s",
			       target->connection->name);
	enum status status = run->command->check(run, target, error);
	progress_end(&progress);
	plan_made(target, status == STATUS_OK);
	if (status == STATUS_REFUSED)
		outcome_refusal(run, target, error);
	if (!status && !target->idle && !run->dry_run)
		status = backups_foresee(run, target, error);
	if (!status || target->locked || !run->command->work || run->dry_run)
		return status;
	ERROR_CLEANUP struct error locked = {0};
	if (!run_takes_locks(run) || lock_probe(run, target, &locked) != STATUS_LOCKED)
		return status;
	if (!option_given(run->invocation, OPTION_WAIT)) {
		error_move(error, &locked);
		return STATUS_LOCKED;
	}
	error_clear(error);
	target->check_later = true;
	return STATUS_OK;
}

/* Before anybody is asked; what is checked under the lock is judged there. */
enum status station_verdict_on_content(struct run *run, struct target *target, struct error *error)
{
	if (target->idle || target->check_later ||
	    !(target->verdict.unknown & GUARD_REASON_UNKNOWN_CONTENT))
		return STATUS_OK;
	enum status status = decide(run, target, error);
	if (status)
		return status;
	enum guard_decision decision = target->verdict.decision;
	return decision == GUARD_REFUSE || decision == GUARD_LOOK ? refuse(run, target, error)
								  : STATUS_OK;
}

enum status station_preview_target(struct run *run, struct target *target, struct error *error)
{
	if (target->idle || !run->command->preview)
		return STATUS_OK;
	return run->command->preview(run, target, error);
}

/* A "no" ends the run before any lock is taken. */
enum status station_verdict_on_answer(struct run *run, struct target *target, struct error *error)
{
	if (!target->asked)
		return STATUS_OK;
	enum status status = decide(run, target, error);
	if (!status && target->verdict.decision != GUARD_ALLOW)
		return refuse(run, target, error);
	return status;
}

/* What another run did while we waited for the lock makes our plan worthless. */
enum status station_check_again(struct run *run, struct target *target, struct error *error)
{
	bool current = false;
	if (target->idle || (!target->migrator_loaded && !target->check_later))
		return STATUS_OK;
	enum status status = STATUS_OK;
	if (!target->check_later)
		status = migrator_is_current(&target->migrator, &current, error);
	if (status || current)
		return status;
	text_clear(&target->lines);
	target_result_clear(target);
	return station_check_target(run, target, error);
}

/* The answers are facts: they survive the second look at the database. A backup that is
 * promised still counts: nothing is written before the intent is. */
enum status station_verdict_under_lock(struct run *run, struct target *target, struct error *error)
{
	if (target->idle)
		return STATUS_OK;
	struct guard_facts before = target->facts;
	const char *id_before = target->stamp.id;
	enum status status = facts_of_database(run, target, error);
	if (!status && before.holds_rows != FACT_UNKNOWN)
		status = facts_look(run, target, GUARD_REASON_UNKNOWN_ROWS, error);
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

enum status station_write_intent(struct run *run, struct target *target, struct error *error)
{
	if (target->idle)
		return STATUS_OK;
	enum status status = outcome_intent(run, target, error);
	target->migrator.audit_head = target->audit_head;
	target->started_ns = clock_monotonic_ns();
	return status;
}

/* The promise ends here: what counts from now on is the backup that stands. */
enum status station_back_up(struct run *run, struct target *target, struct error *error)
{
	if (target->idle || !(run->command->flags & COMMAND_BACKS_UP))
		return STATUS_OK;
	target->facts.backup_fresh = target->backed_up ? FACT_YES : FACT_NO;
	enum status status = decide(run, target, error);
	if (!status && backups_due(run, target)) {
		status = backups_take_due(run, target, error);
		if (!status)
			status = decide(run, target, error);
	}
	if (!status && target->verdict.decision != GUARD_ALLOW)
		return refuse(run, target, error);
	return status;
}

void station_work_target(struct run *run, struct target *target)
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

const char *target_migrations(const struct run *run, const struct connection *connection,
			      struct arena *arena)
{
	const char *owner = connection->twin && connection->application ? connection->application
									: connection->name;
	return path_join(arena, run->project.migrations, owner);
}

struct migrator target_migrator(struct run *run, struct target *target, struct database *database)
{
	return (struct migrator){
		.observer = run->observer,
		.database = database,
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
}

enum status target_load_migrator(struct run *run, struct target *target, enum history_verify verify,
				 struct error *error)
{
	struct migrator *migrator = &target->migrator;
	if (target->migrator_loaded)
		migrator_free(migrator);
	*migrator = target_migrator(run, target, target->database);
	target->migrator_loaded = true;
	enum status status = STATUS_OK;
	migrator->folder_is_read = prefetch_take(target, &migrator->folder, &status, error);
	return status ? status : migrator_load(migrator, verify, error);
}
