/* cmd_migrate_unlock.c - migrate:unlock ID: who holds the lock, and its removal
 * when that holder is provably gone. */
#include "cli/commands.h"

static json_t *holder_json(const struct lock_holder *holder)
{
	return json_pack("{s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:I}", "held", holder->held, "id",
			 holder->id, "actor", holder->actor, "host", holder->host, "command",
			 holder->command, "since", holder->since, "pid", (json_int_t)holder->pid);
}

static enum status unlock_check(struct run *run, struct target *target, struct error *error)
{
	struct lock_holder holder;
	const char *id = argument(run->invocation, 0);
	enum status status = database_lock_inspect(target->database, &target->arena, &holder, error);
	if (status)
		return status;
	target_result(target, "holder", holder_json(&holder));
	if (!holder.id) { /* what the command is for is so already */
		target->idle = true;
		target_say(run, target, "nobody holds the lock of %s", target->info->location);
		return STATUS_OK;
	}
	target_say(run, target, "%s: %s by %s on %s (pid %lld) since %s, run %s",
		   holder.held ? "held" : "left behind", holder.command, holder.actor, holder.host,
		   (long long)holder.pid, holder.since, holder.id);
	if (!text_equal(holder.id, id)) {
		error_set(error, STATUS_UNKNOWN_NAME, "the lock is not of run %s but of run %s", id,
			  holder.id);
		error_hint(error, "eloquent migrate:unlock %s", holder.id);
		return STATUS_UNKNOWN_NAME;
	}
	if (holder.held) {
		error_set(error, STATUS_LOCKED,
			  "run %s is alive: pid %lld on %s holds the lock since %s", id,
			  (long long)holder.pid, holder.host, holder.since);
		error_hint(error, "stop that process; the lock goes with it");
		return STATUS_LOCKED;
	}
	return STATUS_OK;
}

static enum status unlock_work(struct run *run, struct target *target, struct error *error)
{
	enum status status =
		database_lock_take_over(target->database, argument(run->invocation, 0), error);
	if (!status)
		target_say(run, target, "unlocked");
	return status;
}

static const enum option unlock_options[] = {OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_unlock = {
	.name = "migrate:unlock",
	.group = "Migrate",
	.summary = "show who holds the lock; remove what a dead run left",
	.arguments = "ID",
	.arguments_min = 1,
	.arguments_max = 1,
	.options = unlock_options,
	.guard = {.class_ = GUARD_WRITES},
	.flags = COMMAND_LOCKLESS,
	.notes = "ID is the run's id, as the refusal with exit code 5 shows it. A living holder is "
		 "never\n"
		 "robbed. When nobody holds the lock there is nothing to do, and the exit code is 0.",
	.check = unlock_check,
	.work = unlock_work,
};
