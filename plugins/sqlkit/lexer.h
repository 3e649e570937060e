/* lexer.h - SQL text as tokens: as much as is needed to find where statements
 * end and how they begin. It knows blanks, comments, words, quoted text and
 * semicolons; it does not know numbers, operators or grammar.
 *
 * A dialect is data. What the next driver needs (dollar quotes, backslash
 * escapes, '#' comments) is added here when that driver comes. */
#ifndef SQLKIT_LEXER_H
#define SQLKIT_LEXER_H

#include <stdbool.h>
#include <stdint.h>

struct sqlkit_lexer {
	const char *quotes;   /* characters that open a text which the same character closes;
			       * a doubled one inside reads as two texts side by side, which
			       * ends at the same place */
	bool brackets;        /* [a name] is quoted */
	bool nested_comments; /* block comments nest */
};

enum sqlkit_token_kind {
	SQLKIT_TOKEN_END,   /* no text is left */
	SQLKIT_TOKEN_BLANK, /* space, tab, newline, form feed, carriage return */
	SQLKIT_TOKEN_COMMENT,
	SQLKIT_TOKEN_WORD, /* letters, digits, '_', '$', everything that is not ASCII */
	SQLKIT_TOKEN_QUOTED,
	SQLKIT_TOKEN_SEMICOLON,
	SQLKIT_TOKEN_OTHER,        /* any other single character */
	SQLKIT_TOKEN_OPEN_QUOTE,   /* not closed before the text ends */
	SQLKIT_TOKEN_OPEN_COMMENT, /* the same */
};

struct sqlkit_token {
	enum sqlkit_token_kind kind;
	uint64_t start; /* byte offset in the text */
	uint64_t size;  /* bytes; 0 only at the end */
};

/* The token at `offset` (<= size). Pure. [any] */
struct sqlkit_token sqlkit_lexer_next(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
				      uint64_t offset);

/* The next token that is neither blank nor comment. */
struct sqlkit_token sqlkit_lexer_skip(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
				      uint64_t offset);

/* Is the token this word (ASCII case does not matter)? Quoted text compares by
 * what stands between its quotes. */
bool sqlkit_token_is(const struct sqlkit_token *token, const char *text, const char *word,
		     uint64_t word_size);

#endif
