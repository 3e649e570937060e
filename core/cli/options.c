/* options.c - the rows of the option table, and what of an invocation the
 * handlers ask: was it given, what is its value. Not the parsing (parse.c). */
#include "cli/cli.h"

const struct option_row option_rows[OPTION_COUNT] = {
#define X(id, name, arity, argument, help) {name, arity, argument, help},
	OPTION_TABLE(X)
#undef X
};

/* The options up to HELP stand first in the table: every command takes them. */
bool option_is_global(enum option option)
{
	return option <= OPTION_HELP;
}

static bool option_chooses_connections(enum option option)
{
	return option == OPTION_CONNECTION || option == OPTION_ALL_CONNECTIONS || option == OPTION_TEST;
}

bool command_selects(const struct command *command)
{
	return command->check || (command->flags & COMMAND_CHOOSES);
}

bool command_accepts(const struct command *command, enum option option)
{
	if (option_is_global(option))
		return true;
	if (command_selects(command) && option_chooses_connections(option))
		return true;
	for (const enum option *own = command->options; own && *own != OPTION_COUNT; own++)
		if (*own == option)
			return true;
	return false;
}
