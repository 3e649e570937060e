/* completion_zsh.c - the completion for zsh: a function that may be autoloaded
 * from a folder of $fpath, or read by `source <(eloquent completion zsh)`. */
#include "cli/completion.h"

/* 'name:what it is' for _describe, which takes the first plain ':' as the border. */
static void add_described(struct text *ret, const char *dashes, const char *name, const char *help)
{
	TEXT_CLEANUP struct text entry = {0};
	text_add(&entry, dashes);
	for (const char *at = name; *at; at++)
		text_printf(&entry, "%s%c", *at == ':' ? "\\" : "", *at);
	text_printf(&entry, ":%s", help);
	text_add_char(ret, ' ');
	text_add_shell_quoted(ret, text_string(&entry));
}

static void value_cases(struct text *ret)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_rows[i];
		TEXT_CLEANUP struct text words = {0};
		completion_option_words((enum option)i, &words);
		const char *short_name = i == OPTION_CONNECTION ? "-c|" : "";
		if (row->arity == 1 && completion_is_file(row->argument))
			text_printf(ret, "\t\t(%s--%s) _files; return ;;\n", short_name, row->name);
		else if (row->arity == 1 && words.size)
			text_printf(ret, "\t\t(%s--%s) compadd -- %s; return ;;\n", short_name,
				    row->name, text_string(&words));
	}
}

static void add_option(struct text *ret, const char *name, const char *help)
{
	add_described(ret, "--", name, help);
}

static void option_cases(struct text *ret)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = command_table[i];
		TEXT_CLEANUP struct text options = {0};
		completion_options(command, add_option, &options);
		if (options.size)
			text_printf(ret, "\t\t(%s%s%s) found=(%s) ;;\n", command->name,
				    command->alias ? "|" : "", command->alias ? command->alias : "",
				    text_string(&options));
	}
}

static void add_argument(struct text *ret, const char *command, size_t place, const char *words)
{
	if (words)
		text_printf(ret, "\t('%s %zu') compadd -- %s ;;\n", command, place, words);
	else
		text_printf(ret, "\t('%s %zu') _files ;;\n", command, place);
}

void zsh_write(struct text *ret)
{
	TEXT_CLEANUP struct text values = {0};
	completion_value_options(&values);
	text_printf(ret,
		    "#compdef eloquent\n"
		    "# Completion of eloquent for zsh, as `eloquent completion zsh` prints it.\n"
		    "_eloquent() {\n"
		    "\tlocal command='' value='' place=0 word\n"
		    "\tlocal -a found all\n"
		    "\tfor word in \"${(@)words[2,CURRENT-1]}\"; do\n"
		    "\t\tif [[ -n $value ]]; then value=''\n"
		    "\t\telif [[ ' %s ' == *\" $word \"* ]]; then value=$word\n"
		    "\t\telif [[ $word == -* ]]; then :\n"
		    "\t\telif [[ -z $command ]]; then command=$word\n"
		    "\t\telse place=$((place + 1))\n"
		    "\t\tfi\n"
		    "\tdone\n"
		    "\tif [[ -z $value && $PREFIX == --*=* ]]; then\n"
		    "\t\tvalue=${PREFIX%%%%=*}\n"
		    "\t\tcompset -P '*='\n"
		    "\tfi\n"
		    "\tif [[ -n $value ]]; then\n"
		    "\t\tcase $value in\n",
		    text_string(&values));
	value_cases(ret);
	text_add(ret, "\t\tesac\n"
		      "\t\treturn 1\n"
		      "\tfi\n"
		      "\tif [[ $PREFIX == -* ]]; then\n"
		      "\t\tcase $command in\n");
	option_cases(ret);
	text_add(ret, "\t\tesac\n\t\tall=(");
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_is_global((enum option)i))
			add_described(ret, "--", option_rows[i].name, option_rows[i].help);
	text_add(ret, ")\n"
		      "\t\tfound+=($all)\n"
		      "\t\t_describe -o option found\n"
		      "\t\treturn\n"
		      "\tfi\n"
		      "\tif [[ -z $command ]]; then\n\t\tfound=(");
	for (size_t i = 0; i < command_count; i++)
		add_described(ret, "", command_table[i]->name, command_table[i]->summary);
	text_add(ret, ")\n"
		      "\t\t_describe command found\n"
		      "\t\treturn\n"
		      "\tfi\n"
		      "\tcase \"$command $place\" in\n");
	completion_arguments(add_argument, ret);
	text_add(ret, "\tesac\n"
		      "}\n"
		      "if [[ $funcstack[1] == _eloquent ]]; then _eloquent \"$@\"; "
		      "else compdef _eloquent eloquent; fi\n");
}
