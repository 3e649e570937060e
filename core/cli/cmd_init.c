/* cmd_init.c - init: the files of a new project. Never connects. */
#include "cli/commands.h"
#include "generate/generate.h"

static enum status init_local(struct run *run, struct error *error)
{
	const char *report = NULL;
	enum status status = generate_project(&run->arena, path_working_directory(&run->arena), NULL,
					      &report, error);
	if (status)
		return status;
	run_say(run, "%s", report);
	run_result(run, "report", json_string(report));
	return STATUS_OK;
}

const struct command command_init = {
	.name = "init",
	.group = "Start",
	.summary = "write eloquent.ini and the folders of a new project here",
	.arguments = "",
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_NO_PROJECT | COMMAND_NO_DRY_RUN,
	.notes = "Files that exist are left as they are. Nothing is connected to.",
	.local = init_local,
};
