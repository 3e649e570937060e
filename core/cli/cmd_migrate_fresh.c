/* cmd_migrate_fresh.c - migrate:fresh and migrate:redo: what is there goes, and
 * is made again. */
#include "cli/commands.h"

static enum status fresh_check(struct run *run, struct target *target, struct error *error)
{
	enum status status = migrating_load(run, target, VERIFY_TAIL, error);
	if (!status)
		status = migrator_select_fresh(&target->migrator, error);
	if (!status)
		status = caching_check(run, error);
	if (!status)
		migrating_selected(run, target, "nothing to do");
	return status;
}

static enum status fresh_work(struct run *run, struct target *target, struct error *error)
{
	enum status status = migrating_work(run, target, error);
	return caching_clear(run, target, "the migrations are done", status, error);
}

static const enum option fresh_options[] = {OPTION_ALL_MIGRATIONS, OPTION_FORCE,        OPTION_YES,
					    OPTION_WAIT,           OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_fresh = {
	.name = "migrate:fresh",
	.group = "Migrate",
	.summary = "drop everything, then run every migration",
	.arguments = "",
	.options = fresh_options,
	.guard = {.class_ = GUARD_DESTRUCTIVE, .changes_schema = true, .confirms = true},
	.flags = COMMAND_MIGRATES | COMMAND_BACKS_UP,
	.notes = "Every file is read, split and checked before anything is dropped. Our own tables,\n"
		 "the history among them, are kept. The cache that [cache] chooses for this\n"
		 "environment is emptied too.",
	.check = fresh_check,
	.preview = migrating_preview,
	.work = fresh_work,
};

static enum status redo_check(struct run *run, struct target *target, struct error *error)
{
	int64_t step = option_count(run->invocation, OPTION_STEP, 1);
	enum status status = migrating_load(run, target, VERIFY_TAIL, error);
	if (!status)
		status = migrator_select_redo(&target->migrator, step, error);
	if (!status)
		migrating_selected(run, target, "nothing to redo: no migration is applied");
	return status;
}

static const enum option redo_options[] = {OPTION_STEP, OPTION_FORCE,        OPTION_YES,
					   OPTION_WAIT, OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_migrate_redo = {
	.name = "migrate:redo",
	.group = "Migrate",
	.summary = "undo the last migration and run it again",
	.arguments = "",
	.options = redo_options,
	.guard = {.class_ = GUARD_DESTRUCTIVE, .changes_schema = true},
	.flags = COMMAND_MIGRATES | COMMAND_BACKS_UP,
	.check = redo_check,
	.preview = migrating_preview,
	.work = migrating_work,
};
