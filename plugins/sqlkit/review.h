/* review.h - what a statement says on its face, for the drivers' elq.review:
 * which verb, with or without WHERE, and the few forms that are proven to lose
 * nothing.
 *
 * What is found here may raise the alarm at any time. It may lower it in two
 * cases only, and there a whole statement is read, to its end: rows copied from one
 * table into another, and empty places of one column filled. A statement that holds
 * anything else is neither. */
#ifndef SQLKIT_REVIEW_H
#define SQLKIT_REVIEW_H

#include "sqlkit/lexer.h"

enum sqlkit_verb {
	SQLKIT_VERB_OTHER, /* a word that none of these rules knows */
	SQLKIT_VERB_SELECT,
	SQLKIT_VERB_INSERT,
	SQLKIT_VERB_REPLACE,
	SQLKIT_VERB_UPDATE,
	SQLKIT_VERB_DELETE,
	SQLKIT_VERB_CREATE,
	SQLKIT_VERB_DROP,
	SQLKIT_VERB_ALTER,
	SQLKIT_VERB_PRAGMA,
	SQLKIT_VERB_VACUUM,
	SQLKIT_VERB_ANALYZE,
	SQLKIT_VERB_REINDEX,
	SQLKIT_VERB_ATTACH,
	SQLKIT_VERB_DETACH,
	SQLKIT_VERB_TRANSACTION, /* BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE */
};

struct sqlkit_shape {
	enum sqlkit_verb verb; /* behind EXPLAIN and behind WITH ... */
	bool where;            /* WHERE or LIMIT stands outside parentheses */
	bool into;             /* INTO does */
	bool replaces;         /* OR REPLACE, REPLACE INTO: anywhere in it */
	uint64_t rest;         /* offset behind the verb; the end without one */
};
/* [any] Pure, as all of this file. */
void sqlkit_shape_read(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
		       struct sqlkit_shape *ret);

/* Do two bare words of this text stand side by side ("ON", "CONFLICT")? */
bool sqlkit_says(const struct sqlkit_lexer *lexer, const char *text, uint64_t size, const char *first,
		 const char *second);

/* INSERT INTO target [(columns)] SELECT items FROM source, or
 * CREATE TABLE target AS SELECT items FROM source, and nothing behind it. */
struct sqlkit_copy {
	struct sqlkit_token target; /* names without their schema, which is `schema` or none */
	struct sqlkit_token source;
	uint64_t columns;     /* offset of the list, inside its parentheses; columns_end: its end */
	uint64_t columns_end; /* equal to columns: there is no list */
	uint64_t items;
	uint64_t items_end;
};
/* schema: the only one that may be named ("main"). false: it is not a copy. */
bool sqlkit_copy_read(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
		      const char *schema, struct sqlkit_copy *ret);

/* One item of a list of columns or of selected expressions. */
enum sqlkit_item_kind {
	SQLKIT_ITEM_END,
	SQLKIT_ITEM_NAME,  /* a column: a, "a", t.a, a AS b */
	SQLKIT_ITEM_STAR,  /* a lone * */
	SQLKIT_ITEM_OTHER, /* an expression */
};
struct sqlkit_item {
	enum sqlkit_item_kind kind;
	struct sqlkit_token name; /* NAME: the column's, without its qualifier */
};
/* The item at *offset of text[0, end), and moves on behind its comma. */
struct sqlkit_item sqlkit_item_next(const struct sqlkit_lexer *lexer, const char *text, uint64_t end,
				    uint64_t *offset);

/* UPDATE table SET column = ... WHERE column IS NULL, and nothing behind it. */
struct sqlkit_fill {
	struct sqlkit_token table;
	struct sqlkit_token column;
};
bool sqlkit_fill_read(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
		      const char *schema, struct sqlkit_fill *ret);

/* Is the token an identifier, bare or quoted as one ('a' is a text)? */
bool sqlkit_token_is_name(const struct sqlkit_token *token, const char *text);
/* The name that the token stands for, without quotes, zero-terminated. Returns its size,
 * also when that does not fit into `capacity` and the text is cut. */
uint64_t sqlkit_token_name(const struct sqlkit_token *token, const char *text, char *ret,
			   uint64_t capacity);

/* Writes a part of an object's name as review.h of the ABI wants it: bare, or in double
 * quotes. Returns how many bytes that takes, also when it is more than `capacity`;
 * without a terminating zero. */
uint64_t sqlkit_object_part(const char *name, char *ret, uint64_t capacity);

#endif
