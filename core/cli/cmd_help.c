/* cmd_help.c - list, help and version: what the program can tell about itself. */
#include "cli/commands.h"

static enum status list_local(struct run *run, struct error *error)
{
	(void)error;
	TEXT_CLEANUP struct text text = {0};
	help_list(&text);
	text.data[--text.size] = 0; /* run_say ends the line */
	run_say(run, "%s", text_string(&text));
	run_result(run, "commands", help_list_json());
	return STATUS_OK;
}

const struct command command_list = {
	.name = "list",
	.group = "Start",
	.summary = "every command, by area, with its class",
	.arguments = "",
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_NO_PROJECT,
	.local = list_local,
};

static enum status help_local(struct run *run, struct error *error)
{
	TEXT_CLEANUP struct text text = {0};
	const char *name = argument(run->invocation, 0);
	const struct command *command = name ? command_find(name) : NULL;
	if (name && !command) {
		const char *answer = prohibited_answer(name);
		if (answer)
			return error_set(error, STATUS_PROHIBITED, "%s does not exist here: %s", name,
					 answer);
		error_set(error, STATUS_USAGE, "there is no command \"%s\"", name);
		error_hint(error, "eloquent list shows the commands");
		return STATUS_USAGE;
	}
	if (command)
		help_command(command, &text);
	else
		help_program(&text);
	run_result(run, "text", json_string(text_string(&text)));
	text.data[--text.size] = 0;
	run_say(run, "%s", text_string(&text));
	return STATUS_OK;
}

const struct command command_help = {
	.name = "help",
	.group = "Start",
	.summary = "this program's page, or a command's",
	.arguments = "[COMMAND]",
	.arguments_max = 1,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_NO_PROJECT,
	.local = help_local,
};

static enum status version_local(struct run *run, struct error *error)
{
	(void)error;
	run_say(run, "eloquent %s (plugin ABI %d.%d)", ELOQUENT_VERSION, ELQ_ABI_MAJOR, ELQ_ABI_MINOR);
	run_result(run, "version", json_string(ELOQUENT_VERSION));
	run_result(run, "abi", json_sprintf("%d.%d", ELQ_ABI_MAJOR, ELQ_ABI_MINOR));
	return STATUS_OK;
}

const struct command command_version = {
	.name = "version",
	.group = "Start",
	.summary = "the program's version and its plugin ABI",
	.arguments = "",
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_NO_PROJECT,
	.local = version_local,
};
