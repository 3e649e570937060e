/* completion_fish.c - the completion for fish: one `complete` line per command,
 * per option and per argument that the table names words for. */
#include "cli/completion.h"

static void add_complete(struct text *ret, const char *condition)
{
	text_add(ret, "complete -c eloquent");
	if (*condition)
		text_printf(ret, " -n '%s'", condition);
}

/* The commands that take an option, as fish's condition; "" when all do. */
static void condition_of(enum option option, struct text *ret)
{
	if (option_is_global(option))
		return;
	text_add(ret, "__eloquent_is");
	for (size_t i = 0; i < command_count; i++) {
		if (!command_accepts(command_table[i], option))
			continue;
		text_printf(ret, " %s", command_table[i]->name);
		if (command_table[i]->alias)
			text_printf(ret, " %s", command_table[i]->alias);
	}
}

static void add_option(struct text *ret, enum option option)
{
	const struct option_row *row = &option_rows[option];
	TEXT_CLEANUP struct text condition = {0};
	TEXT_CLEANUP struct text words = {0};
	condition_of(option, &condition);
	add_complete(ret, text_string(&condition));
	if (option == OPTION_CONNECTION)
		text_add(ret, " -s c");
	text_printf(ret, " -l %s", row->name);
	completion_option_words(option, &words);
	if (row->arity == 1 && completion_is_file(row->argument))
		text_add(ret, " -r -F");
	else if (row->arity == 1)
		text_printf(ret, " -x -a '%s'", text_string(&words));
	text_add(ret, " -d ");
	text_add_shell_quoted(ret, row->help);
	text_add_char(ret, '\n');
}

static void add_argument(struct text *ret, const struct command *command, size_t place,
			 const char *placeholder)
{
	TEXT_CLEANUP struct text condition = {0};
	TEXT_CLEANUP struct text words = {0};
	text_printf(&condition, "__eloquent_at %s %zu", command->name, place);
	completion_words(placeholder, &words);
	if (completion_is_file(placeholder)) {
		add_complete(ret, text_string(&condition));
		text_add(ret, " -F\n");
	} else if (words.size) {
		add_complete(ret, text_string(&condition));
		text_printf(ret, " -a '%s'\n", text_string(&words));
	}
}

static void add_command(struct text *ret, const struct command *command)
{
	add_complete(ret, "__eloquent_none");
	text_printf(ret, " -a '%s' -d ", command->name);
	text_add_shell_quoted(ret, command->summary);
	text_add_char(ret, '\n');
	for (size_t place = 0;; place++) {
		TEXT_CLEANUP struct text placeholder = {0};
		if (!completion_placeholder(command, place, &placeholder))
			break;
		add_argument(ret, command, place, text_string(&placeholder));
	}
}

void fish_write(struct text *ret)
{
	TEXT_CLEANUP struct text values = {0};
	TEXT_CLEANUP struct text choosing = {0};
	completion_value_options(&values);
	text_printf(ret,
		    "# Completion of eloquent for fish, as `eloquent completion fish` prints it.\n"
		    "function __eloquent_words -d 'the command and its arguments before the cursor'\n"
		    "    set -l value\n"
		    "    for word in (commandline -opc)[2..]\n"
		    "        if set -q value[1]\n"
		    "            set value\n"
		    "        else if contains -- $word %s\n"
		    "            set value $word\n"
		    "        else if not string match -q -- '-*' $word\n"
		    "            echo $word\n"
		    "        end\n"
		    "    end\n"
		    "end\n"
		    "function __eloquent_none\n"
		    "    not count (__eloquent_words) >/dev/null\n"
		    "end\n"
		    "function __eloquent_is\n"
		    "    set -l words (__eloquent_words)\n"
		    "    set -q words[1]; and contains -- $words[1] $argv\n"
		    "end\n"
		    "function __eloquent_at -a command place\n"
		    "    set -l words (__eloquent_words)\n"
		    "    test \"$words[1]\" = $command; and test (count $words) -eq (math $place + 1)\n"
		    "end\n"
		    "complete -c eloquent -f\n",
		    text_string(&values));
	for (size_t i = 0; i < command_count; i++)
		add_command(ret, command_table[i]);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		add_option(ret, (enum option)i);
	condition_of(OPTION_CONNECTION, &choosing);
	for (size_t i = 0; i < convention_count; i++) {
		add_complete(ret, text_string(&choosing));
		text_printf(ret, " -l %s -d '%s'\n", conventions[i].connection,
			    conventions[i].flag_help);
	}
}
