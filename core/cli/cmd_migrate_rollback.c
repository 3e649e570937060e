/* cmd_migrate_rollback.c - migrate:rollback and migrate:reset: down sections,
 * newest first. */
#include "cli/commands.h"

static enum status select_and_say(struct run *run, struct target *target,
				  const struct rollback_selection *selection, struct error *error)
{
	enum status status = migrating_load(run, target, VERIFY_TAIL, error);
	if (!status)
		status = migrator_select_rollback(&target->migrator, selection, error);
	if (!status)
		migrating_selected(run, target, "nothing to roll back");
	return status;
}

static enum status rollback_usage(const struct invocation *invocation, struct error *error)
{
	int selections = option_given(invocation, OPTION_STEP) +
			 option_given(invocation, OPTION_BATCH) + option_given(invocation, OPTION_TO) +
			 option_given(invocation, OPTION_ALL_MIGRATIONS);
	if (selections > 1)
		return error_set(error, STATUS_USAGE,
				 "give one of --step, --batch, --to and --all-migrations, not several");
	return STATUS_OK;
}

static enum status rollback_check(struct run *run, struct target *target, struct error *error)
{
	struct rollback_selection selection = {
		.step = option_count(run->invocation, OPTION_STEP, 0),
		.batch = option_count(run->invocation, OPTION_BATCH, 0),
		.to = option_value(run->invocation, OPTION_TO),
		.all = option_given(run->invocation, OPTION_ALL_MIGRATIONS),
	};
	return select_and_say(run, target, &selection, error);
}

static const enum option rollback_options[] = {
	OPTION_STEP, OPTION_BATCH, OPTION_TO,           OPTION_ALL_MIGRATIONS, OPTION_FORCE,
	OPTION_YES,  OPTION_WAIT,  OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_rollback = {
	.name = "migrate:rollback",
	.group = "Migrate",
	.summary = "undo the last batch, or what the options say",
	.arguments = "",
	.options = rollback_options,
	.guard = {.class_ = GUARD_DESTRUCTIVE, .changes_schema = true},
	.flags = COMMAND_MIGRATES | COMMAND_BACKS_UP,
	.notes = "A migration without a down section stops the command before anything runs.",
	.usage = rollback_usage,
	.check = rollback_check,
	.preview = migrating_preview,
	.work = migrating_work,
};

static enum status reset_check(struct run *run, struct target *target, struct error *error)
{
	struct rollback_selection selection = {.all = true};
	return select_and_say(run, target, &selection, error);
}

static const enum option reset_options[] = {OPTION_ALL_MIGRATIONS, OPTION_FORCE,        OPTION_YES,
					    OPTION_WAIT,           OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_reset = {
	.name = "migrate:reset",
	.group = "Migrate",
	.summary = "undo every migration",
	.arguments = "",
	.options = reset_options,
	.guard = {.class_ = GUARD_DESTRUCTIVE, .changes_schema = true, .confirms = true},
	.flags = COMMAND_MIGRATES | COMMAND_BACKS_UP,
	.check = reset_check,
	.preview = migrating_preview,
	.work = migrating_work,
};
