/* cli.h - the command line's face: the table, the parser, the help and the
 * two renderings (text, JSON) of what a run came to. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/base.h"
#include "run/run.h"

/* ---- the table (table.c); each row stands in its cmd_*.c ------------------- */
extern const struct command *const command_table[];
extern const size_t command_count;
/* By name or alias; NULL. */
const struct command *command_find(const char *name);

struct option_row {
	const char *name;
	int arity;
	const char *argument;
	const char *help;
};
extern const struct option_row option_rows[OPTION_COUNT];
/* Is this option accepted by every command? */
bool option_is_global(enum option option);
/* Do --connection and its kin go with it? */
bool command_selects(const struct command *command);
bool command_accepts(const struct command *command, enum option option);

/* What the users' documents prohibit: answered with the reason and the safe
 * way. NULL: not prohibited. */
const char *prohibited_answer(const char *word);

/* ---- parsing (parse.c) ------------------------------------------------------ */
/* argv without the program's name. Fills *ret, which invocation_free frees.
 * STATUS_USAGE or STATUS_PROHIBITED; the message names the nearest known word, and of
 * *ret only the command is set, when there was one.
 * Wants of help and version are options in *ret; command may be NULL then. */
enum status invocation_parse(int count, const char *const *words, struct invocation *ret,
			     struct error *error) MUST_CHECK;
void invocation_free(struct invocation *invocation);

/* ---- help (help.c) ----------------------------------------------------------- */
void help_program(struct text *ret);
void help_command(const struct command *command, struct text *ret);
void help_list(struct text *ret); /* every command with group and class */
json_t *help_list_json(void);

/* ---- completion and manual (completion.c, manual.c) ----------------------------- */
/* The script that completes our command lines in "bash", "zsh" or "fish".
 * STATUS_USAGE: no such shell. */
enum status completion_write(const char *shell, struct text *ret, struct error *error) MUST_CHECK;
/* The manual page eloquent(1), for man. date: as it shall stand in its footer. */
void manual_write(const char *date, struct text *ret);

/* ---- output ------------------------------------------------------------------- */
/* The one JSON document of a finished run: its text, and the places where the
 * long lists, which stay the run's, belong. Writing it allocates nothing, so
 * that it cannot break off in the middle for want of memory. */
struct splice {
	size_t at; /* offset in the text */
	const struct text *items;
};
struct document {
	struct text text;
	struct splice *items;
	size_t count;
	size_t capacity;
};
void output_json(struct run *run, struct document *ret);
enum status document_write(const struct document *document, int fd);
void document_free(struct document *document);
/* The failures of a finished run, for standard error. */
void output_text(struct run *run, struct text *err);

#endif
