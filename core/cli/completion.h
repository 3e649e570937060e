/* completion.h - what the three shells' scripts are written from; private to
 * the completion_*.c files. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/cli.h"

void zsh_write(struct text *ret);  /* completion_zsh.c */
void fish_write(struct text *ret); /* completion_fish.c */

/* The words that may stand for a placeholder of the table ("LEVEL", "bash|zsh"),
 * separated by blanks; nothing is added when any word may. */
void completion_words(const char *placeholder, struct text *ret);
/* The same for the value of an option. */
void completion_option_words(enum option option, struct text *ret);
bool completion_is_file(const char *placeholder);
/* The placeholder of a command's argument, from place 0 on; false: it has none there. */
bool completion_placeholder(const struct command *command, size_t place, struct text *ret);
/* Every option of the command's own, connections' names among them. */
typedef void completion_option(struct text *ret, const char *name, const char *help);
void completion_options(const struct command *command, completion_option *add, struct text *ret);
/* Every argument of every command that is one of a few words, or a file (words NULL). */
typedef void completion_argument(struct text *ret, const char *command, size_t place,
				 const char *words);
void completion_arguments(completion_argument *add, struct text *ret);
/* "--config --env-file ... -c": the options whose value is the next word. */
void completion_value_options(struct text *ret);

#endif
