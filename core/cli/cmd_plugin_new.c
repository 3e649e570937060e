/* cmd_plugin_new.c - plugin:new KIND NAME [DIR]: the project of a new plugin, which
 * builds against the installed SDK. */
#include "cli/commands.h"
#include "generate/generate.h"

static enum status plugin_new_local(struct run *run, struct error *error)
{
	struct generated made;
	const char *kind = argument(run->invocation, 0);
	const char *name = argument(run->invocation, 1);
	const char *place = argument(run->invocation, 2);
	const char *folder =
		path_join(&run->arena, path_working_directory(&run->arena), place ? place : name);
	enum status status = generate_plugin(&run->arena, kind, name, folder, &made, error);
	if (status)
		return status;
	json_t *files = json_array();
	for (size_t i = 0; i < made.count; i++) {
		run_say(run, "created %s", path_join(&run->arena, place ? place : name, made.files[i]));
		json_array_append_new(files, json_string(made.files[i]));
	}
	run_result(run, "kind", json_string(kind));
	run_result(run, "name", json_string(name));
	run_result(run, "folder", json_string(made.folder));
	run_result(run, "files", files);
	return STATUS_OK;
}

const struct command command_plugin_new = {
	.name = "plugin:new",
	.group = "Plugins",
	.summary = "the project of a new plugin, with a first test",
	.arguments = "driver|seeder|cache NAME [DIR]",
	.arguments_min = 2,
	.arguments_max = 3,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_NO_PROJECT | COMMAND_NO_DRY_RUN,
	.notes =
		"DIR is NAME unless given; it must not be there, or be empty. The project builds with\n"
		"CMake against the installed SDK: its README says how.",
	.local = plugin_new_local,
};
