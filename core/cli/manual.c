/* manual.c - the manual page eloquent(1), written from the command table, the
 * option table, the table of variables and the table of error kinds, in the man
 * macros that groff and mandoc agree on. */
#include "cli/cli.h"

#include <string.h>

/* Text of ours as roff text: nothing in it is a request or an escape. */
static void add_plain(struct text *ret, const char *text)
{
	bool line_start = !ret->size || ret->data[ret->size - 1] == '\n';
	for (const char *at = text; *at; at++) {
		if (line_start && (*at == '.' || *at == '\''))
			text_add(ret, "\\&");
		if (*at == '\\')
			text_add(ret, "\\e");
		else if (*at == '-')
			text_add(ret, "\\-");
		else
			text_add_char(ret, *at);
		line_start = *at == '\n';
	}
}

static void add_line(struct text *ret, const char *text)
{
	add_plain(ret, text);
	text_add_char(ret, '\n');
}

static void add_bold(struct text *ret, const char *before, const char *text)
{
	text_add(ret, "\\fB");
	add_plain(ret, before);
	add_plain(ret, text);
	text_add(ret, "\\fR");
}

static void add_option(struct text *ret, const struct option_row *row)
{
	text_add(ret, ".TP\n");
	add_bold(ret, "--", row->name);
	if (row->arity == 1)
		text_printf(ret, " \\fI%s\\fR", row->argument);
	else if (row->arity == 2)
		text_printf(ret, "[=\\fI%s\\fR]", row->argument);
	text_add_char(ret, '\n');
	add_line(ret, row->help);
}

static void add_command(struct text *ret, const struct command *command)
{
	text_add(ret, ".TP\n");
	add_bold(ret, "", command->name);
	if (*command->arguments)
		text_printf(ret, " \\fI%s\\fR", command->arguments);
	text_add_char(ret, '\n');
	add_plain(ret, command->summary);
	text_printf(ret, ".\nClass: %s.\n", guard_class_name(command->guard.class_));
	if (command->alias) {
		text_add(ret, "Also called ");
		add_bold(ret, "", command->alias);
		text_add(ret, ".\n");
	}
	if (command_selects(command))
		text_add(ret, "Takes connections.\n");
	if (command->notes) {
		text_add(ret, ".IP\n");
		add_line(ret, command->notes);
	}
	if (!command->options || *command->options == OPTION_COUNT)
		return;
	text_add(ret, ".RS\n");
	for (const enum option *own = command->options; *own != OPTION_COUNT; own++)
		add_option(ret, &option_rows[*own]);
	text_add(ret, ".RE\n");
}

static void add_commands(struct text *ret)
{
	const char *group = "";
	text_add(ret, ".SH COMMANDS\n");
	for (size_t i = 0; i < command_count; i++) {
		if (!text_equal(group, command_table[i]->group)) {
			group = command_table[i]->group;
			text_printf(ret, ".SS %s\n", group);
		}
		add_command(ret, command_table[i]);
	}
}

static void add_options(struct text *ret)
{
	text_add(ret, ".SH OPTIONS\n.SS Of every command\n");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_is_global((enum option)i))
			add_option(ret, &option_rows[i]);
	text_add(ret, ".SS Choosing connections\n");
	add_option(ret, &option_rows[OPTION_CONNECTION]);
	for (size_t i = 0; i < convention_count; i++) {
		const struct option_row row = {.name = conventions[i].connection,
					       .help = conventions[i].flag_help};
		add_option(ret, &row);
	}
	add_option(ret, &option_rows[OPTION_ALL_CONNECTIONS]);
	add_option(ret, &option_rows[OPTION_TEST]);
}

/* One entry per exit code: every kind of failure that ends with it. */
static void add_exit_codes(struct text *ret)
{
	text_add(ret, ".SH EXIT STATUS\n");
	for (int code = 0; code <= 255; code++) {
		const char *before = "";
		for (int status = 0; status < STATUS_COUNT; status++) {
			if (status_exit((enum status)status) != code)
				continue;
			if (!*before)
				text_printf(ret, ".TP\n\\fB%d\\fR\n", code);
			text_add(ret, before);
			add_plain(ret, status_text((enum status)status));
			before = ";\n";
		}
		if (*before)
			text_add_char(ret, '\n');
	}
}

static void add_variables(struct text *ret)
{
	text_add(ret, ".SH ENVIRONMENT\n");
	for (size_t i = 0; i < config_variable_count; i++) {
		if (config_variables[i].flags & KEY_LATER)
			continue;
		text_add(ret, ".TP\n");
		add_bold(ret, "", config_variables[i].name);
		text_add_char(ret, '\n');
		add_line(ret, config_variables[i].help);
	}
}

void manual_write(const char *date, struct text *ret)
{
	text_add(ret, ".\\\" Written from the command table; changes belong there.\n.TH ELOQUENT 1 \"");
	text_printf(ret, "%s\" \"eloquent %s\" \"User Commands\"\n.nh\n", date, ELOQUENT_VERSION);
	text_add(ret,
		 ".SH NAME\neloquent \\- guarded migrations for the databases you run\n"
		 ".SH SYNOPSIS\n\\fBeloquent\\fR [\\fIoptions\\fR] \\fICOMMAND\\fR "
		 "[\\fIarguments\\fR] [\\fIoptions\\fR]\n"
		 ".SH DESCRIPTION\n"
		 "Runs reviewed migration files in order, records each in the database itself, can\n"
		 "take them back, and refuses what would destroy data by accident.\n"
		 "A command belongs to a class, which says what it may do: safe, generator, writes,\n"
		 "destructive or recovery.\n"
		 "Options may stand anywhere and are written in full.\n");
	add_commands(ret);
	add_options(ret);
	add_exit_codes(ret);
	add_variables(ret);
	text_add(ret, ".SH FILES\n"
		      ".TP\n\\fIeloquent.ini\\fR\nthe project's connections and rules; the one of the "
		      "working directory or the nearest above it\n"
		      ".TP\n\\fI.env\\fR\nvariables, beside eloquent.ini\n"
		      ".TP\n\\fI.eloquent/audit.jsonl\\fR\nthe audit trail\n");
}
