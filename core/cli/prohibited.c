/* prohibited.c - words of other tools that destroyed somebody's data. They are
 * answered with the reason and the safe way, not with a guess at a command. */
#include "cli/cli.h"

static const struct {
	const char *word;
	const char *answer;
} prohibited[] = {
	{"db:push", "it changes the schema without a migration file that anyone could review or "
		    "undo. Write one with make:migration, then run migrate:run"},
	{"force-reset", "it destroyed a whole database in one word. To rebuild a development "
			"database use migrate:fresh; production data is never reset"},
	{"migrate:dev", "it may reset the database by itself. Use make:migration, then migrate:run"},
	{"db:reset", "it drops everything without a way back. To rebuild a development database use "
		     "migrate:fresh; to undo migrations use migrate:rollback"},
};

const char *prohibited_answer(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(prohibited); i++)
		if (text_equal(prohibited[i].word, word))
			return prohibited[i].answer;
	return NULL;
}
