/* splitter.h - a script as statements: where each one ends, and what kind it
 * is, so that the host can judge a whole file before anything is sent.
 *
 * The dialect is data: a lexer, how bodies of several statements end, and
 * rules that give the kind of a statement by its first tokens. */
#ifndef SQLKIT_SPLITTER_H
#define SQLKIT_SPLITTER_H

#include "sqlkit/lexer.h"

#include <eloquent/driver.h>

/* "ROLLBACK TO": the tokens a statement of this kind begins with, separated by
 * spaces, in any case; "?" stands for any one token. The first rule that fits
 * decides; a statement that fits none is PLAIN. */
struct sqlkit_rule {
	const char *tokens;
	uint32_t kind;    /* ELQ_STATEMENT_* */
	const char *hint; /* static, or NULL */
};
#define SQLKIT_RULE_TOKENS 6 /* most tokens that a rule may name */

struct sqlkit_splitter {
	struct sqlkit_lexer lexer;
	/* CREATE [TEMP|TEMPORARY] TRIGGER holds semicolons of its own and ends at
	 * ";END;", also behind EXPLAIN: what sqlite3_complete() documents. */
	bool trigger_bodies;
	/* A statement that begins with this character and a letter is a line for
	 * the native client ('.' of the sqlite3 shell). '\0': there is none. */
	char client_mark;
	const char *client_hint;
	const struct sqlkit_rule *rules;
	uint64_t rule_count;
};

/* The slot next_statement() of driver.h but for errors: ELQ_ERR_MALFORMED sets
 * *ret_reason to a static text ("a comment begins here and is not closed") and
 * start and line of *ret, which are where "here" is. `line` is the line of
 * `offset`, counted from 1. *ret is written as a whole; it is of this file's version. [any] */
int32_t sqlkit_splitter_next(const struct sqlkit_splitter *splitter, const char *script, uint64_t size,
			     uint64_t offset, uint64_t line, struct elq_span *ret,
			     const char **ret_reason);

/* How many lines begin in script[from, to). */
uint64_t sqlkit_count_lines(const char *script, uint64_t from, uint64_t to);

#endif
