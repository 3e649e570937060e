/* lexer.c - SQL text as tokens. */
#include "sqlkit/lexer.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Where the quoted text that opens at `start` ends (behind its last quote), or
 * 0 when it does not. */
static uint64_t quoted_end(const char *text, uint64_t size, uint64_t start, char close)
{
	const char *found = memchr(text + start + 1, close, (size_t)(size - start - 1));
	return found ? (uint64_t)(found - text) + 1 : 0;
}

/* The same for a block comment. */
static uint64_t comment_end(const char *text, uint64_t size, uint64_t start, bool nested)
{
	uint64_t depth = 1;
	for (uint64_t i = start + 2; i + 1 < size; i++) {
		if (text[i] == '*' && text[i + 1] == '/') {
			if (--depth == 0)
				return i + 2;
			i++;
		} else if (nested && text[i] == '/' && text[i + 1] == '*') {
			depth++;
			i++;
		}
	}
	return 0;
}

static struct sqlkit_token closed(uint64_t start, uint64_t end, uint64_t size,
				  enum sqlkit_token_kind kind, enum sqlkit_token_kind open)
{
	if (end == 0)
		return (struct sqlkit_token){open, start, size - start};
	return (struct sqlkit_token){kind, start, end - start};
}

struct sqlkit_token sqlkit_lexer_next(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
				      uint64_t offset)
{
	if (offset >= size)
		return (struct sqlkit_token){SQLKIT_TOKEN_END, size, 0};
	char c = text[offset];
	char next = offset + 1 < size ? text[offset + 1] : '\0';
	uint64_t end = offset + 1;
	if (is_blank(c)) {
		while (end < size && is_blank(text[end]))
			end++;
		return (struct sqlkit_token){SQLKIT_TOKEN_BLANK, offset, end - offset};
	}
	if (is_word(c)) {
		while (end < size && is_word(text[end]))
			end++;
		return (struct sqlkit_token){SQLKIT_TOKEN_WORD, offset, end - offset};
	}
	if (c == '-' && next == '-') {
		const char *newline = memchr(text + offset, '\n', (size_t)(size - offset));
		end = newline ? (uint64_t)(newline - text) : size;
		return (struct sqlkit_token){SQLKIT_TOKEN_COMMENT, offset, end - offset};
	}
	if (c == '/' && next == '*')
		return closed(offset, comment_end(text, size, offset, lexer->nested_comments), size,
			      SQLKIT_TOKEN_COMMENT, SQLKIT_TOKEN_OPEN_COMMENT);
	if (c == ';')
		return (struct sqlkit_token){SQLKIT_TOKEN_SEMICOLON, offset, 1};
	if (c != '\0' && strchr(lexer->quotes, c))
		return closed(offset, quoted_end(text, size, offset, c), size, SQLKIT_TOKEN_QUOTED,
			      SQLKIT_TOKEN_OPEN_QUOTE);
	if (c == '[' && lexer->brackets)
		return closed(offset, quoted_end(text, size, offset, ']'), size, SQLKIT_TOKEN_QUOTED,
			      SQLKIT_TOKEN_OPEN_QUOTE);
	return (struct sqlkit_token){SQLKIT_TOKEN_OTHER, offset, 1};
}

struct sqlkit_token sqlkit_lexer_skip(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
				      uint64_t offset)
{
	struct sqlkit_token token = sqlkit_lexer_next(lexer, text, size, offset);
	while (token.kind == SQLKIT_TOKEN_BLANK || token.kind == SQLKIT_TOKEN_COMMENT)
		token = sqlkit_lexer_next(lexer, text, size, token.start + token.size);
	return token;
}

bool sqlkit_token_is(const struct sqlkit_token *token, const char *text, const char *word,
		     uint64_t word_size)
{
	const char *start = text + token->start;
	uint64_t size = token->size;
	if (token->kind == SQLKIT_TOKEN_QUOTED) {
		start++;
		size -= 2;
	}
	if (size != word_size)
		return false;
	for (uint64_t i = 0; i < size; i++)
		if (lower(start[i]) != lower(word[i]))
			return false;
	return true;
}
