/* cmd_migrate_run.c - migrate:run: the pending migrations, in order; and db:migrate: the
 * same behind a backup of its own, under one lock. */
#include "cli/commands.h"

static enum status run_usage(const struct invocation *invocation, struct error *error)
{
	bool part = option_given(invocation, OPTION_STEP) || option_given(invocation, OPTION_TO);
	if (part && argument(invocation, 0))
		return error_set(error, STATUS_USAGE,
				 "NAME alone runs one file: it does not go with --step or --to");
	return STATUS_OK;
}

static enum status run_check(struct run *run, struct target *target, struct error *error)
{
	struct run_selection selection = {
		.step = option_count(run->invocation, OPTION_STEP, 0),
		.to = option_value(run->invocation, OPTION_TO),
		.only = argument(run->invocation, 0),
	};
	enum status status = migrating_load(run, target, VERIFY_TAIL, error);
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
	.flags = COMMAND_MIGRATES,
	.notes =
		"NAME runs that one file alone. Each migration and its history event commit together;\n"
		"the first failure stops the run. migrate:run:test is migrate:run --test. In "
		"production\n"
		"files that destroy data run when they declare it and --allow-destructive is given\n"
		"under the contract; --dry-run shows what they destroy.",
	.usage = run_usage,
	.check = run_check,
	.preview = run_preview,
	.work = migrating_work,
};

const struct command command_db_migrate = {
	.name = "db:migrate",
	.group = "Database",
	.summary = "back up, verify the backup, then run the pending migrations",
	.arguments = "[NAME]",
	.arguments_max = 1,
	.options = run_options,
	.guard = {.class_ = GUARD_WRITES, .changes_schema = true},
	.flags = COMMAND_MIGRATES | COMMAND_BACKS_UP | COMMAND_BACKS_UP_ALWAYS,
	.needs = ELQ_CAP_BACKUP | ELQ_CAP_SCRATCH | ELQ_CAP_DIGEST | ELQ_CAP_SCHEMA,
	.notes = "One lock around all of it: nobody migrates between the backup and the migrations.\n"
		 "Nothing pending: no backup is taken. Options, and what files that destroy data\n"
		 "need in production, as of migrate:run.",
	.usage = run_usage,
	.check = run_check,
	.preview = run_preview,
	.work = migrating_work,
};
