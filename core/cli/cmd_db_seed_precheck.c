/* cmd_db_seed_precheck.c - db:seed:precheck, and the same check as db:seed makes it
 * before it writes to several connections: a seed wants the whole schema, and a run
 * over all connections must not stop half-way because one of them is behind. */
#include "cli/commands.h"

/* Two connections that lead to one database would sow it twice. */
static enum status check_identity(struct run *run, struct target *target, struct error *error)
{
	for (struct target *other = run->targets; other < target; other++) {
		if (!other->info || !text_equal(other->info->identity, target->info->identity))
			continue;
		error_set(error, STATUS_CHECK_FAILED, "\"%s\" is the same database as \"%s\": %s",
			  target->connection->name, other->connection->name, target->info->location);
		error_hint(error, "give each connection a database of its own");
		return STATUS_CHECK_FAILED;
	}
	return STATUS_OK;
}

enum status seeding_precheck(struct run *run, struct target *target, struct error *error)
{
	enum status status = check_identity(run, target, error);
	if (!status)
		status = target_load_migrator(run, target, VERIFY_TAIL, error);
	if (!status)
		status = migrator_check_applied(&target->migrator, error);
	if (status == STATUS_PENDING)
		error_hint(error, "eloquent migrate:run -c %s, then retry", target->connection->name);
	return status;
}

static enum status precheck_check(struct run *run, struct target *target, struct error *error)
{
	enum status status = seeding_precheck(run, target, error);
	bool clean = status == STATUS_OK;
	target_result(target, "clean", json_boolean(clean));
	target_result(target, "remedy",
		      status == STATUS_PENDING
			      ? json_string(arena_printf(&target->arena, "eloquent migrate:run -c %s",
							 target->connection->name))
			      : json_null());
	if (clean)
		target_say(run, target, "%s: clean, %zu migration%s applied", target->info->location,
			   target->migrator.row_count, target->migrator.row_count == 1 ? "" : "s");
	return status;
}

static const enum option precheck_options[] = {OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_db_seed_precheck = {
	.name = "db:seed:precheck",
	.group = "Database",
	.summary = "are the migrations applied and the connections consistent?",
	.arguments = "",
	.options = precheck_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_MIGRATES,
	.notes = "db:seed --all-connections makes the same check first. Exit code 4 when it is not "
		 "clean,\n"
		 "with the line that mends it.",
	.check = precheck_check,
};
