/* locks.c - one writer per database: take the lock, wait for it when --wait
 * says so, and name the holder when it cannot be had. */
#include "run/private.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_STEP_MS 50

static void name_holder(const struct run *run, struct target *target, struct error *error)
{
	struct lock_holder holder = {0};
	ERROR_CLEANUP struct error ignored = {0};
	if (database_lock_inspect(target->database, &target->arena, &holder, &ignored) || !holder.id) {
		error_set(error, STATUS_LOCKED, "another run holds the lock of %s",
			  target->info->location);
	} else {
		error_set(error, STATUS_LOCKED,
			  "%s is locked by %s (%s on %s, pid %lld) since %s, run %s",
			  target->info->location, holder.command, holder.actor, holder.host,
			  (long long)holder.pid, holder.since, holder.id);
	}
	if (option_given(run->invocation, OPTION_WAIT))
		error_hint(error,
			   "wait longer (--wait alone waits as long as it takes), or see eloquent "
			   "help migrate:unlock");
	else
		error_hint(error, "wait for it with --wait, or see eloquent help migrate:unlock");
}

static bool may_wait(const struct run *run)
{
	int64_t wait_us = option_given(run->invocation, OPTION_WAIT) ? INT64_MAX : 0;
	wait_us = option_duration_us(run->invocation, OPTION_WAIT, wait_us);
	return (clock_monotonic_ns() - run->began_ns) / 1000 < wait_us;
}

static void show_wait(const struct run *run, const struct target *target, struct progress *progress)
{
	progress_begin(progress, run->observer, NULL, 0, "waiting for the lock of %s",
		       target->info->location);
}

enum status lock_take(struct run *run, struct target *target, struct error *error)
{
	CLEANUP(progress_end) struct progress progress = {0};
	struct lock_owner owner = {run->id, run->project.actor, run->command->name};
	show_wait(run, target, &progress);
	for (;;) {
		enum status status = database_lock(target->database, &owner, error);
		target->locked = status == STATUS_OK;
		if (status != STATUS_LOCKED)
			return status;
		if (!may_wait(run))
			break;
		error_clear(error);
		if (stop_wait(run, WAIT_STEP_MS))
			return stop_status(run, error);
	}
	name_holder(run, target, error);
	return STATUS_LOCKED;
}

bool run_takes_locks(const struct run *run)
{
	return facts_command(run).class_ != GUARD_SAFE && !(run->command->flags & COMMAND_LOCKLESS);
}

/* Before the database is read at all: a run in the middle of a large transaction
 * may let nobody read, and what it is changing is not worth looking at. */
enum status station_wait_turn(struct run *run, struct target *target, struct error *error)
{
	CLEANUP(progress_end) struct progress progress = {0};
	enum status status = STATUS_OK;
	if (!run->command->work || !run_takes_locks(run))
		return STATUS_OK;
	show_wait(run, target, &progress);
	while ((status = lock_probe(run, target, error)) == STATUS_LOCKED) {
		if (!may_wait(run))
			return STATUS_LOCKED;
		error_clear(error);
		if (stop_wait(run, WAIT_STEP_MS))
			return stop_status(run, error);
	}
	return status;
}

static int by_identity(const void *a, const void *b)
{
	const struct target *const *left = a;
	const struct target *const *right = b;
	return strcmp((*left)->info->identity, (*right)->info->identity);
}

enum status locks_take(struct run *run)
{
	struct target **order = arena_alloc(&run->arena, run->target_count * sizeof(*order));
	enum status strongest = STATUS_OK;
	size_t count = 0;
	for (size_t i = 0; i < run->target_count; i++)
		if (target_goes(&run->targets[i]))
			order[count++] = &run->targets[i];
	qsort(order, count, sizeof(struct target *), by_identity);
	for (size_t i = 0; i < count && !strongest; i++) {
		order[i]->status = lock_take(run, order[i], &order[i]->error);
		strongest = status_stronger(strongest, order[i]->status);
	}
	return strongest;
}

enum status lock_probe(const struct run *run, struct target *target, struct error *error)
{
	struct lock_holder holder = {0};
	ERROR_CLEANUP struct error ignored = {0};
	if (database_lock_inspect(target->database, &target->arena, &holder, &ignored) || !holder.held)
		return STATUS_OK;
	name_holder(run, target, error);
	return STATUS_LOCKED;
}
