/* cmd_migrate_run.c - migrate:run: the pending migrations, in order. */
#include "cli/commands.h"

static enum status run_check(struct run *run, struct target *target, struct error *error)
{
	struct run_selection selection = {
		.to = option_value(run->invocation, OPTION_TO),
		.only = argument(run->invocation, 0),
	};
	enum status status = option_count(run->invocation, OPTION_STEP, &selection.step, error);
	if (status)
		return status;
	if ((selection.step || selection.to) && selection.only)
		return error_set(error, STATUS_USAGE,
				 "NAME alone runs one file: it does not go with --step or --to");
	status = migrating_load(run, target, VERIFY_TAIL, error);
	if (status)
		return status;
	target->migrator.allow_missing = option_given(run->invocation, OPTION_ALLOW_MISSING);
	status = migrator_select_run(&target->migrator, &selection, error);
	if (!status)
		migrating_selected(run, target, "nothing to run: every migration is applied");
	return status;
}

/* The statements, and what they would destroy. */
static enum status run_preview(struct run *run, struct target *target, struct error *error)
{
	enum status status = migrating_preview(run, target, error);
	if (!status)
		status = target_review(target, error);
	if (!status)
		target_findings(run, target, true);
	return status;
}

static const enum option run_options[] = {OPTION_STEP,
					  OPTION_TO,
					  OPTION_ALL_MIGRATIONS,
					  OPTION_WAIT,
					  OPTION_CONNECT_WAIT,
					  OPTION_ALLOW_MISSING,
					  OPTION_ALLOW_DESTRUCTIVE,
					  OPTION_FORCE,
					  OPTION_YES,
					  OPTION_COUNT};

const struct command command_migrate_run = {
	.name = "migrate:run",
	.alias = "migrate:run:test",
	.group = "Migrate",
	.summary = "run the pending migrations",
	.arguments = "[NAME]",
	.arguments_max = 1,
	.options = run_options,
	.guard = {.class_ = GUARD_WRITES, .changes_schema = true},
	.flags = COMMAND_CONNECTS | COMMAND_MIGRATES | COMMAND_CREATES,
	.notes =
		"NAME runs that one file alone. Each migration and its history event commit together;\n"
		"the first failure stops the run. migrate:run:test is migrate:run --test. In "
		"production\n"
		"files that destroy data run when they declare it and --allow-destructive is given\n"
		"under the contract; --dry-run shows what they destroy.",
	.check = run_check,
	.preview = run_preview,
	.work = migrating_work,
};
