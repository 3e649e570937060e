/* completion.c - what bash, zsh and fish need to complete our command lines,
 * written from the command table: commands, the options that each one takes,
 * and the words that an option's value or an argument may be. It asks nothing
 * of a project: names of connections are the conventional ones. */
#include "cli/completion.h"

#include <string.h>

/* ---- what the table says --------------------------------------------------------- */

void completion_words(const char *placeholder, struct text *ret)
{
	static const struct {
		const char *placeholder;
		const char *words;
	} known[] = {{"LEVEL", "debug info warn error"},
		     {"FORMAT", "text json"},
		     {"STATE", "applied reverted"}};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (text_equal(known[i].placeholder, placeholder))
			text_add(ret, known[i].words);
	if (text_equal(placeholder, "COMMAND"))
		for (size_t i = 0; i < command_count; i++)
			text_printf(ret, "%s%s", i ? " " : "", command_table[i]->name);
	if (!strchr(placeholder, '|'))
		return;
	for (const char *at = placeholder; *at; at++)
		text_add_char(ret, *at == '|' ? ' ' : *at);
}

void completion_option_words(enum option option, struct text *ret)
{
	if (option != OPTION_CONNECTION) {
		completion_words(option_rows[option].argument, ret);
		return;
	}
	for (size_t i = 0; i < convention_count; i++)
		text_printf(ret, "%s%s", i ? " " : "", conventions[i].connection);
}

bool completion_is_file(const char *placeholder)
{
	return text_equal(placeholder, "FILE") || text_equal(placeholder, "DIR");
}

/* "[NAME] [DIR]": each placeholder without its brackets. */
bool completion_placeholder(const struct command *command, size_t place, struct text *ret)
{
	const char *at = command->arguments;
	for (;;) {
		at += strspn(at, " ");
		size_t size = strcspn(at, " ");
		if (!size)
			return false;
		if (place-- == 0) {
			bool optional = *at == '[';
			text_append(ret, at + optional, size - 2 * (size_t)optional);
			return true;
		}
		at += size;
	}
}

void completion_value_options(struct text *ret)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_rows[i].arity == 1)
			text_printf(ret, "--%s ", option_rows[i].name);
	text_add(ret, "-c");
}

void completion_options(const struct command *command, completion_option *add, struct text *ret)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (!option_is_global((enum option)i) && command_accepts(command, (enum option)i))
			add(ret, option_rows[i].name, option_rows[i].help);
	for (size_t i = 0; command_selects(command) && i < convention_count; i++)
		add(ret, conventions[i].connection, conventions[i].flag_help);
}

void completion_arguments(completion_argument *add, struct text *ret)
{
	for (size_t i = 0; i < command_count; i++) {
		for (size_t place = 0;; place++) {
			TEXT_CLEANUP struct text placeholder = {0};
			TEXT_CLEANUP struct text words = {0};
			if (!completion_placeholder(command_table[i], place, &placeholder))
				break;
			completion_words(text_string(&placeholder), &words);
			if (completion_is_file(text_string(&placeholder)))
				add(ret, command_table[i]->name, place, NULL);
			else if (words.size)
				add(ret, command_table[i]->name, place, text_string(&words));
		}
	}
}

/* ---- bash -------------------------------------------------------------------------- */

static void bash_value_cases(struct text *ret)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		TEXT_CLEANUP struct text words = {0};
		completion_option_words((enum option)i, &words);
		const char *short_name = i == OPTION_CONNECTION ? "-c | " : "";
		if (row->arity == 1 && completion_is_file(row->argument))
			text_printf(ret, "\t\t%s--%s) files=yes ;;\n", short_name, row->name);
		else if (row->arity == 1 && words.size)
			text_printf(ret, "\t\t%s--%s) found='%s' ;;\n", short_name, row->name,
				    text_string(&words));
	}
}

static void bash_option(struct text *ret, const char *name, const char *help)
{
	(void)help;
	text_printf(ret, "--%s ", name);
}

static void bash_option_cases(struct text *ret)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = command_table[i];
		TEXT_CLEANUP struct text words = {0};
		completion_options(command, bash_option, &words);
		if (words.size)
			text_printf(ret, "\t\t%s%s%s) found='%s' ;;\n", command->name,
				    command->alias ? " | " : "", command->alias ? command->alias : "",
				    text_string(&words));
	}
}

static void bash_argument(struct text *ret, const char *command, size_t place, const char *words)
{
	if (words)
		text_printf(ret, "\t\t'%s %zu') found='%s' ;;\n", command, place, words);
	else
		text_printf(ret, "\t\t'%s %zu') files=yes ;;\n", command, place);
}

static void bash_write(struct text *ret)
{
	TEXT_CLEANUP struct text values = {0};
	completion_value_options(&values);
	text_printf(ret,
		    "# shellcheck shell=bash\n"
		    "# Completion of eloquent for bash, as `eloquent completion bash` prints it.\n"
		    "_eloquent() {\n"
		    "\tlocal line=${COMP_LINE:0:COMP_POINT} cur='' command='' value='' place=0 word\n"
		    "\tlocal found='' files='' words=()\n"
		    "\tread -ra words <<<\"$line\"\n"
		    "\tif [[ $line != *[[:space:]] ]]; then\n"
		    "\t\tcur=${words[-1]}\n"
		    "\t\tunset 'words[-1]'\n"
		    "\t\tif [[ $cur == --*=* ]]; then\n"
		    "\t\t\twords+=(\"${cur%%%%=*}\")\n"
		    "\t\t\tcur=${cur#*=}\n"
		    "\t\tfi\n"
		    "\tfi\n"
		    "\tfor word in \"${words[@]:1}\"; do\n"
		    "\t\tif [[ $value ]]; then value=''\n"
		    "\t\telif [[ ' %s ' == *\" $word \"* ]]; then value=$word\n"
		    "\t\telif [[ $word == -* ]]; then :\n"
		    "\t\telif [[ ! $command ]]; then command=$word\n"
		    "\t\telse place=$((place + 1))\n"
		    "\t\tfi\n"
		    "\tdone\n"
		    "\tif [[ $value ]]; then\n"
		    "\t\tcase $value in\n",
		    text_string(&values));
	bash_value_cases(ret);
	text_add(ret, "\t\tesac\n"
		      "\telif [[ $cur == -* ]]; then\n"
		      "\t\tcase $command in\n");
	bash_option_cases(ret);
	text_add(ret, "\t\tesac\n\t\tfound+='");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_is_global((enum option)i))
			text_printf(ret, " --%s", option_rows[i].name);
	text_add(ret, "'\n\telif [[ ! $command ]]; then\n\t\tfound='");
	completion_words("COMMAND", ret);
	text_add(ret, "'\n\telse\n\t\tcase \"$command $place\" in\n");
	completion_arguments(bash_argument, ret);
	text_add(ret, "\t\tesac\n"
		      "\tfi\n"
		      "\tif [[ $files ]]; then\n"
		      "\t\tcompopt -o filenames\n"
		      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
		      "\t\treturn\n"
		      "\tfi\n"
		      "\tmapfile -t COMPREPLY < <(compgen -W \"$found\" -- \"$cur\")\n"
		      "\t# Where ':' parts words, bash replaces only what stands behind the last one.\n"
		      "\tif [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
		      "\t\tword=${cur%\"${cur##*:}\"}\n"
		      "\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"$word\"}\")\n"
		      "\tfi\n"
		      "}\n"
		      "complete -F _eloquent eloquent\n");
}

enum status completion_write(const char *shell, struct text *ret, struct error *error)
{
	static const struct {
		const char *shell;
		void (*write)(struct text *ret);
	} shells[] = {{"bash", bash_write}, {"zsh", zsh_write}, {"fish", fish_write}};
	for (size_t i = 0; i < COUNT_OF(shells); i++) {
		if (text_equal(shells[i].shell, shell)) {
			shells[i].write(ret);
			return STATUS_OK;
		}
	}
	error_set(error, STATUS_USAGE, "there is no completion for the shell \"%s\"", shell);
	error_hint(error, "eloquent completion bash, zsh or fish prints one");
	return STATUS_USAGE;
}
