/* cmd_migrate_repair.c - migrate:repair and migrate:baseline: the history is
 * told what a person knows. They append events; they change no schema. */
#include "cli/commands.h"

static enum status repair_usage(const struct invocation *invocation, struct error *error)
{
	const char *mark = option_value(invocation, OPTION_MARK);
	const char *name = argument(invocation, 0);
	int kinds = option_given(invocation, OPTION_ACCEPT) + option_given(invocation, OPTION_FORGET) +
		    option_given(invocation, OPTION_MARK);
	if (kinds != 1) {
		error_set(error, STATUS_USAGE,
			  "migrate:repair takes exactly one of --accept, --forget and --mark");
		error_hint(
			error,
			"--accept NAME: the edited file is right; --forget NAME: its file is gone for "
			"good; --mark applied|reverted NAME: what stands in the database");
		return STATUS_USAGE;
	}
	if (!mark && name)
		return error_set(error, STATUS_USAGE, "\"%s\" is one argument too many", name);
	if (mark && !name)
		return error_set(error, STATUS_USAGE, "--mark %s needs the migration's NAME behind it",
				 mark);
	if (mark && !text_equal(mark, "applied") && !text_equal(mark, "reverted"))
		return error_set(error, STATUS_USAGE, "--mark takes applied or reverted, not \"%s\"",
				 mark);
	return STATUS_OK;
}

/* What repair_usage let through. */
static struct repair repair_chosen(const struct invocation *invocation)
{
	const char *accept = option_value(invocation, OPTION_ACCEPT);
	const char *forget = option_value(invocation, OPTION_FORGET);
	if (accept)
		return (struct repair){.kind = REPAIR_ACCEPT, .name = accept};
	if (forget)
		return (struct repair){.kind = REPAIR_FORGET, .name = forget};
	bool applied = text_equal(option_value(invocation, OPTION_MARK), "applied");
	return (struct repair){.kind = applied ? REPAIR_MARK_APPLIED : REPAIR_MARK_REVERTED,
			       .name = argument(invocation, 0)};
}

static enum status repair_check(struct run *run, struct target *target, struct error *error)
{
	struct repair *repair = arena_alloc(&target->arena, sizeof(*repair));
	*repair = repair_chosen(run->invocation);
	enum status status = target_load_migrator(run, target, VERIFY_TAIL, error);
	if (!status)
		status = migrator_select_repair(&target->migrator, repair, error);
	if (status)
		return status;
	target->handler_data = repair;
	target_result(target, "before", json_string(repair->before));
	target_result(target, "after", json_string(repair->after));
	target_say(run, target, "%s\n  before: %s\n  after:  %s", repair->name, repair->before,
		   repair->after);
	return STATUS_OK;
}

static enum status repair_work(struct run *run, struct target *target, struct error *error)
{
	(void)run;
	return migrator_repair(&target->migrator, target->handler_data, error);
}

static const enum option repair_options[] = {OPTION_ACCEPT, OPTION_FORGET,       OPTION_MARK,
					     OPTION_WAIT,   OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_repair = {
	.name = "migrate:repair",
	.group = "Migrate",
	.summary = "record what a person found out about one migration",
	.arguments = "[NAME]",
	.arguments_max = 1,
	.options = repair_options,
	.guard = {.class_ = GUARD_WRITES},
	.flags = COMMAND_MIGRATES,
	.notes = "Appends an event to the history; nothing is rewritten, and no migration runs.",
	.usage = repair_usage,
	.check = repair_check,
	.work = repair_work,
};

static enum status baseline_check(struct run *run, struct target *target, struct error *error)
{
	enum status status = migrating_load(run, target, VERIFY_TAIL, error);
	if (!status)
		status = migrator_select_baseline(&target->migrator, argument(run->invocation, 0),
						  error);
	if (!status)
		migrating_selected(run, target, "nothing to record");
	return status;
}

/* --dry-run: "pending" of the result lists the same names. */
static enum status baseline_preview(struct run *run, struct target *target, struct error *error)
{
	const struct migrator *migrator = &target->migrator;
	(void)error;
	for (size_t i = 0; i < migrator->step_count; i++)
		target_say(run, target, "would record %s as applied, without running it",
			   migrator->steps[i].file->name);
	return STATUS_OK;
}

static enum status baseline_work(struct run *run, struct target *target, struct error *error)
{
	struct migrator *migrator = &target->migrator;
	enum status status = migrator_baseline(migrator, error);
	if (status)
		return status;
	target_list(run, target, "baselined");
	for (size_t i = 0; i < migrator->step_count; i++) {
		target_say(run, target, "baselined %s", migrator->steps[i].file->name);
		if (run->json)
			target_list_add(run, target, "baselined",
					json_string(migrator->steps[i].file->name));
	}
	target_list(run, target, "pending");
	return STATUS_OK;
}

static const enum option baseline_options[] = {OPTION_WAIT, OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_baseline = {
	.name = "migrate:baseline",
	.group = "Migrate",
	.summary = "an existing schema already holds everything up to NAME",
	.arguments = "NAME",
	.arguments_min = 1,
	.arguments_max = 1,
	.options = baseline_options,
	.guard = {.class_ = GUARD_WRITES},
	.flags = COMMAND_MIGRATES,
	.notes = "Needs an existing schema and no applied migration. Baselined migrations are never\n"
		 "rolled back.",
	.check = baseline_check,
	.preview = baseline_preview,
	.work = baseline_work,
};
