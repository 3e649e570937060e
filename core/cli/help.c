/* help.c - the program's page, a command's page, and `list`: all written from
 * the command table and the option table, so that they cannot disagree. */
#include "cli/cli.h"

static void add_option(struct text *text, const struct option_row *row)
{
	TEXT_CLEANUP struct text left = {0};
	text_printf(&left, "--%s", row->name);
	if (row->arity == 1)
		text_printf(&left, " %s", row->argument);
	else if (row->arity == 2)
		text_printf(&left, "[=%s]", row->argument);
	text_printf(text, "  %-24s %s\n", text_string(&left), row->help);
}

static void add_global_options(struct text *text)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_is_global((enum option)i))
			add_option(text, &option_rows[i]);
}

static void add_connection_options(struct text *text)
{
	add_option(text, &option_rows[OPTION_CONNECTION]);
	for (size_t i = 0; i < convention_count; i++)
		text_printf(text, "  --%-22s %s\n", conventions[i].connection,
			    conventions[i].flag_help);
	add_option(text, &option_rows[OPTION_ALL_CONNECTIONS]);
	add_option(text, &option_rows[OPTION_TEST]);
}

void help_list(struct text *ret)
{
	const char *group = "";
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = command_table[i];
		if (!text_equal(group, command->group)) {
			group = command->group;
			text_printf(ret, "%s%s\n", i ? "\n" : "", group);
		}
		text_printf(ret, "  %-18s %-12s %s\n", command->name,
			    guard_class_name(command->guard.class_), command->summary);
	}
}

json_t *help_list_json(void)
{
	json_t *commands = json_array();
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = command_table[i];
		json_array_append_new(
			commands, json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s}", "name", command->name,
					    "alias", command->alias, "group", command->group, "class",
					    guard_class_name(command->guard.class_), "arguments",
					    command->arguments, "summary", command->summary));
	}
	return commands;
}

void help_program(struct text *ret)
{
	text_add(ret, "eloquent " ELOQUENT_VERSION ": guarded migrations for the databases you run\n\n"
		      "usage: eloquent [options] COMMAND [arguments] [options]\n\n");
	help_list(ret);
	text_add(ret, "\nOptions of every command\n");
	add_global_options(ret);
	text_add(ret, "\nChoosing connections\n");
	add_connection_options(ret);
	text_add(ret, "\neloquent help COMMAND prints a command's own page.\n");
}

void help_command(const struct command *command, struct text *ret)
{
	text_printf(ret, "usage: eloquent %s%s%s [options]\n\n%s\n\nClass: %s", command->name,
		    *command->arguments ? " " : "", command->arguments, command->summary,
		    guard_class_name(command->guard.class_));
	if (command->alias)
		text_printf(ret, "\nAlso called: %s", command->alias);
	text_add(ret, "\n");
	if (command->notes)
		text_printf(ret, "\n%s\n", command->notes);
	if (command->options && *command->options != OPTION_COUNT) {
		text_add(ret, "\nOptions\n");
		for (const enum option *own = command->options; *own != OPTION_COUNT; own++)
			add_option(ret, &option_rows[*own]);
	}
	if (command_selects(command)) {
		text_add(ret, "\nChoosing connections\n");
		add_connection_options(ret);
	}
	text_add(ret, "\nOptions of every command\n");
	add_global_options(ret);
}
