/* cmd_db_stamp.c - db:stamp ENV: says in the database itself what it is, and
 * stores the [guard] policy with it. Whether it may loosen either is the guard's. */
#include "cli/commands.h"

static enum status stamp_usage(const struct invocation *invocation, struct error *error)
{
	const char *word = argument(invocation, 0);
	if (word_valid(word))
		return STATUS_OK;
	error_set(error, STATUS_USAGE, "\"%s\" is not an environment word", word);
	error_hint(error, "use small letters, digits, _ and -, for example production or staging");
	return STATUS_USAGE;
}

static enum status stamp_check(struct run *run, struct target *target, struct error *error)
{
	(void)error;
	const char *word = argument(run->invocation, 0);
	const char *before = target->stamp.present ? target->stamp.word : NULL;
	target_result(target, "before", before ? json_string(before) : json_null());
	target_result(target, "after", json_string(word));
	target_say(run, target, "%s: %s -> %s", target->info->location, before ? before : "no stamp",
		   word);
	return STATUS_OK;
}

static enum status stamp_work(struct run *run, struct target *target, struct error *error)
{
	return target_stamp(run, target, target->database, argument(run->invocation, 0),
			    &run->project.policy, error);
}

static const enum option stamp_options[] = {OPTION_FORCE, OPTION_YES, OPTION_WAIT, OPTION_CONNECT_WAIT,
					    OPTION_COUNT};

const struct command command_db_stamp = {
	.name = "db:stamp",
	.group = "Database",
	.summary = "record in the database which environment it is, and its policy",
	.arguments = "ENV",
	.arguments_min = 1,
	.arguments_max = 1,
	.options = stamp_options,
	.guard = {.class_ = GUARD_STAMP},
	.flags = COMMAND_STAMPS,
	.notes = "A database stamped production refuses everything but safe commands unless the\n"
		 "environment says production too. Only this command can take the stamp away, under "
		 "the\n"
		 "whole production contract and with the database's name typed.",
	.usage = stamp_usage,
	.check = stamp_check,
	.work = stamp_work,
};
