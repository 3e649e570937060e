/* cmd_completion.c - completion SHELL: a script that a shell reads to complete
 * our command lines. */
#include "cli/commands.h"

static enum status completion_local(struct run *run, struct error *error)
{
	TEXT_CLEANUP struct text text = {0};
	const char *shell = argument(run->invocation, 0);
	enum status status = completion_write(shell, &text, error);
	if (status)
		return status;
	run_result(run, "shell", json_string(shell));
	run_result(run, "text", json_string(text_string(&text)));
	text_cut(&text, text.size - 1); /* run_say ends the line */
	run_say(run, "%s", text_string(&text));
	return STATUS_OK;
}

const struct command command_completion = {
	.name = "completion",
	.group = "Start",
	.summary = "print a shell's completion of these commands",
	.arguments = "bash|zsh|fish",
	.arguments_min = 1,
	.arguments_max = 1,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_NO_PROJECT,
	.notes = "The installed program brings them along. To try one: source <(eloquent completion "
		 "bash)\n"
		 "in bash and zsh, eloquent completion fish | source in fish.",
	.local = completion_local,
};
