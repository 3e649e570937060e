/* cmd_make_migration.c - make:migration NAME --sql: a new file with empty up and
 * down sections, in the folder of each chosen connection. */
#include "cli/commands.h"
#include "generate/generate.h"

static enum status make_one(struct run *run, const struct connection *connection, json_t *files,
			    struct error *error)
{
	struct elq_note note;
	enum status status = driver_note(&run->project, connection->driver, &note, error);
	if (status)
		return status;
	const char *path = NULL;
	const char *folder = target_migrations(run, connection, &run->arena);
	status = generate_migration(&run->arena, folder, argument(run->invocation, 0), note.language,
				    &path, error);
	if (status)
		return status;
	run_say(run, "created %s", path);
	json_array_append_new(files,
			      json_pack("{s:s, s:s}", "connection", connection->name, "path", path));
	return STATUS_OK;
}

static enum status make_migration_usage(const struct invocation *invocation, struct error *error)
{
	if (option_given(invocation, OPTION_SQL))
		return STATUS_OK;
	error_set(error, STATUS_USAGE, "make:migration needs --sql");
	error_hint(error, "eloquent make:migration %s --sql writes an empty up/down file",
		   argument(invocation, 0));
	return STATUS_USAGE;
}

static enum status make_migration_local(struct run *run, struct error *error)
{
	json_t *files = json_array();
	run_result(run, "files", files);
	for (size_t i = 0; i < run->target_count; i++) {
		enum status status = make_one(run, run->targets[i].connection, files, error);
		if (status)
			return status;
	}
	return STATUS_OK;
}

static const enum option make_migration_options[] = {OPTION_SQL, OPTION_FORCE, OPTION_YES,
						     OPTION_COUNT};

const struct command command_make_migration = {
	.name = "make:migration",
	.group = "Make",
	.summary = "a new migration file with empty up and down sections",
	.arguments = "NAME",
	.arguments_min = 1,
	.arguments_max = 1,
	.options = make_migration_options,
	.guard = {.class_ = GUARD_GENERATOR},
	.flags = COMMAND_CHOOSES | COMMAND_NO_DRY_RUN,
	.notes = "Writes <migrations>/<connection>/<UTC time>_NAME. Nothing is connected to.",
	.usage = make_migration_usage,
	.local = make_migration_local,
};
