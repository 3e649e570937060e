/* review.c - what a statement says on its face. */
#include "sqlkit/review.h"

#include <string.h>

/* ---- walking over tokens -------------------------------------------------------- */

/* One token ahead, blanks and comments left out. */
struct cursor {
	const struct sqlkit_lexer *lexer;
	const char *text;
	uint64_t size;
	struct sqlkit_token token;
};

static struct cursor cursor_at(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
			       uint64_t offset)
{
	struct cursor cursor = {.lexer = lexer, .text = text, .size = size};
	cursor.token = sqlkit_lexer_skip(lexer, text, size, offset);
	return cursor;
}

static void advance(struct cursor *cursor)
{
	cursor->token = sqlkit_lexer_skip(cursor->lexer, cursor->text, cursor->size,
					  cursor->token.start + cursor->token.size);
}

static bool at_end(const struct cursor *cursor)
{
	enum sqlkit_token_kind kind = cursor->token.kind;
	return kind == SQLKIT_TOKEN_END || kind == SQLKIT_TOKEN_OPEN_QUOTE ||
	       kind == SQLKIT_TOKEN_OPEN_COMMENT;
}

/* A bare word: what is quoted is a name or a text, whatever it says. */
static bool at_word(const struct cursor *cursor, const char *word)
{
	return cursor->token.kind == SQLKIT_TOKEN_WORD &&
	       sqlkit_token_is(&cursor->token, cursor->text, word, strlen(word));
}

static bool at_sign(const struct cursor *cursor, char sign)
{
	return cursor->token.kind == SQLKIT_TOKEN_OTHER && cursor->text[cursor->token.start] == sign;
}

static bool take_word(struct cursor *cursor, const char *word)
{
	if (!at_word(cursor, word))
		return false;
	advance(cursor);
	return true;
}

static bool take_sign(struct cursor *cursor, char sign)
{
	if (!at_sign(cursor, sign))
		return false;
	advance(cursor);
	return true;
}

/* Nothing but semicolons is left. */
static bool at_close(struct cursor *cursor)
{
	while (cursor->token.kind == SQLKIT_TOKEN_SEMICOLON)
		advance(cursor);
	return cursor->token.kind == SQLKIT_TOKEN_END;
}

/* How deep we are in parentheses behind this token. */
static int64_t depth_behind(const struct cursor *cursor, int64_t depth)
{
	if (at_sign(cursor, '('))
		return depth + 1;
	return at_sign(cursor, ')') ? depth - 1 : depth;
}

/* ---- the shape -------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum sqlkit_verb verb;
} verbs[] = {
	{"SELECT", SQLKIT_VERB_SELECT},        {"VALUES", SQLKIT_VERB_SELECT},
	{"INSERT", SQLKIT_VERB_INSERT},        {"REPLACE", SQLKIT_VERB_REPLACE},
	{"UPDATE", SQLKIT_VERB_UPDATE},        {"DELETE", SQLKIT_VERB_DELETE},
	{"CREATE", SQLKIT_VERB_CREATE},        {"DROP", SQLKIT_VERB_DROP},
	{"ALTER", SQLKIT_VERB_ALTER},          {"PRAGMA", SQLKIT_VERB_PRAGMA},
	{"VACUUM", SQLKIT_VERB_VACUUM},        {"ANALYZE", SQLKIT_VERB_ANALYZE},
	{"REINDEX", SQLKIT_VERB_REINDEX},      {"ATTACH", SQLKIT_VERB_ATTACH},
	{"DETACH", SQLKIT_VERB_DETACH},        {"BEGIN", SQLKIT_VERB_TRANSACTION},
	{"COMMIT", SQLKIT_VERB_TRANSACTION},   {"END", SQLKIT_VERB_TRANSACTION},
	{"ROLLBACK", SQLKIT_VERB_TRANSACTION}, {"SAVEPOINT", SQLKIT_VERB_TRANSACTION},
	{"RELEASE", SQLKIT_VERB_TRANSACTION},
};

static enum sqlkit_verb verb_at(const struct cursor *cursor)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (at_word(cursor, verbs[i].word))
			return verbs[i].verb;
	return SQLKIT_VERB_OTHER;
}

/* Behind WITH stand names and parentheses; the verb is the first one outside them. A
 * table there may be called "replace": as a verb it has INTO behind it. */
static void skip_with(struct cursor *cursor)
{
	int64_t depth = 0;
	for (advance(cursor); !at_end(cursor); advance(cursor)) {
		depth = depth_behind(cursor, depth);
		enum sqlkit_verb verb = depth == 0 ? verb_at(cursor) : SQLKIT_VERB_OTHER;
		if (verb == SQLKIT_VERB_REPLACE) {
			struct cursor next = *cursor;
			advance(&next);
			if (at_word(&next, "INTO"))
				return;
		} else if (verb == SQLKIT_VERB_SELECT || verb == SQLKIT_VERB_INSERT ||
			   verb == SQLKIT_VERB_UPDATE || verb == SQLKIT_VERB_DELETE) {
			return;
		}
	}
}

static void skip_explain(struct cursor *cursor)
{
	if (!take_word(cursor, "EXPLAIN"))
		return;
	if (take_word(cursor, "QUERY"))
		(void)take_word(cursor, "PLAN");
}

/* The function replace() has a parenthesis behind it; the clause has a name or INTO. */
static bool replaces_at(const struct cursor *cursor, bool behind_or)
{
	struct cursor next = *cursor;
	if (!take_word(&next, "REPLACE"))
		return false;
	return at_word(&next, "INTO") || (behind_or && !at_sign(&next, '('));
}

void sqlkit_shape_read(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
		       struct sqlkit_shape *ret)
{
	struct cursor cursor = cursor_at(lexer, text, size, 0);
	struct sqlkit_shape shape = {.verb = SQLKIT_VERB_OTHER};
	skip_explain(&cursor);
	uint64_t first = cursor.token.start;
	if (at_word(&cursor, "WITH"))
		skip_with(&cursor);
	shape.verb = verb_at(&cursor);
	shape.rest = cursor.token.start + cursor.token.size;
	int64_t depth = 0;
	while (!at_end(&cursor)) {
		depth = depth_behind(&cursor, depth);
		shape.where = shape.where ||
			      (depth == 0 && (at_word(&cursor, "WHERE") || at_word(&cursor, "LIMIT")));
		shape.into = shape.into || (depth == 0 && at_word(&cursor, "INTO"));
		advance(&cursor);
	}
	bool behind_or = false;
	for (cursor = cursor_at(lexer, text, size, first); !at_end(&cursor); advance(&cursor)) {
		shape.replaces = shape.replaces || replaces_at(&cursor, behind_or);
		behind_or = at_word(&cursor, "OR");
	}
	*ret = shape;
}

bool sqlkit_says(const struct sqlkit_lexer *lexer, const char *text, uint64_t size, const char *first,
		 const char *second)
{
	struct cursor cursor = cursor_at(lexer, text, size, 0);
	while (!at_end(&cursor)) {
		bool found = at_word(&cursor, first);
		advance(&cursor);
		if (found && at_word(&cursor, second))
			return true;
	}
	return false;
}

/* ---- names --------------------------------------------------------------------------- */

bool sqlkit_token_is_name(const struct sqlkit_token *token, const char *text)
{
	if (token->kind != SQLKIT_TOKEN_QUOTED && token->kind != SQLKIT_TOKEN_WORD)
		return false; /* behind the text's end there is no character to look at */
	char first = text[token->start];
	if (token->kind == SQLKIT_TOKEN_QUOTED)
		return first != '\'';
	return !(first >= '0' && first <= '9');
}

uint64_t sqlkit_token_name(const struct sqlkit_token *token, const char *text, char *ret,
			   uint64_t capacity)
{
	const char *start = text + token->start;
	uint64_t size = token->size;
	if (token->kind == SQLKIT_TOKEN_QUOTED) {
		start++;
		size -= 2;
	}
	if (capacity > 0) {
		uint64_t fits = size < capacity ? size : capacity - 1;
		memcpy(ret, start, (size_t)fits);
		ret[fits] = '\0';
	}
	return size;
}

static bool is_plain(const char *name)
{
	if (!*name || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
		if (!letter && !(c >= '0' && c <= '9'))
			return false;
	}
	return true;
}

uint64_t sqlkit_object_part(const char *name, char *ret, uint64_t capacity)
{
	bool plain = is_plain(name);
	uint64_t size = 0;
	if (!plain && size++ < capacity)
		ret[0] = '"';
	for (; *name; name++) {
		if (*name == '"' && size++ < capacity)
			ret[size - 1] = '"';
		if (size++ < capacity)
			ret[size - 1] = *name;
	}
	if (!plain && size++ < capacity)
		ret[size - 1] = '"';
	return size;
}

/* [schema .] name. A doubled quote inside a quoted name reads as two tokens side by
 * side, and then no form fits: such names are left to the alarm. */
static bool take_table(struct cursor *cursor, const char *schema, struct sqlkit_token *ret)
{
	if (!sqlkit_token_is_name(&cursor->token, cursor->text))
		return false;
	*ret = cursor->token;
	advance(cursor);
	if (!at_sign(cursor, '.'))
		return true;
	if (!sqlkit_token_is(ret, cursor->text, schema, strlen(schema)))
		return false;
	advance(cursor);
	*ret = cursor->token;
	advance(cursor);
	return sqlkit_token_is_name(ret, cursor->text);
}

/* ---- lists ----------------------------------------------------------------------------- */

/* Bare words that are values. */
static bool is_value(const struct cursor *cursor)
{
	return at_word(cursor, "NULL") || at_word(cursor, "TRUE") || at_word(cursor, "FALSE") ||
	       at_word(cursor, "CURRENT_DATE") || at_word(cursor, "CURRENT_TIME") ||
	       at_word(cursor, "CURRENT_TIMESTAMP");
}

static bool at_item_end(const struct cursor *cursor)
{
	return at_end(cursor) || at_sign(cursor, ',');
}

/* name [. name] [AS name], up to the end of the item. */
static bool take_column(struct cursor *cursor, struct sqlkit_token *ret)
{
	if (is_value(cursor) || !sqlkit_token_is_name(&cursor->token, cursor->text))
		return false;
	*ret = cursor->token;
	advance(cursor);
	if (take_sign(cursor, '.')) {
		if (!sqlkit_token_is_name(&cursor->token, cursor->text))
			return false;
		*ret = cursor->token;
		advance(cursor);
	}
	if (take_word(cursor, "AS")) {
		if (!sqlkit_token_is_name(&cursor->token, cursor->text))
			return false;
		advance(cursor);
	}
	return at_item_end(cursor);
}

struct sqlkit_item sqlkit_item_next(const struct sqlkit_lexer *lexer, const char *text, uint64_t end,
				    uint64_t *offset)
{
	struct cursor cursor = cursor_at(lexer, text, end, *offset);
	struct sqlkit_item item = {.kind = SQLKIT_ITEM_OTHER};
	if (at_end(&cursor)) {
		*offset = end;
		return (struct sqlkit_item){.kind = SQLKIT_ITEM_END};
	}
	struct cursor whole = cursor;
	if (take_sign(&whole, '*') && at_item_end(&whole)) {
		item.kind = SQLKIT_ITEM_STAR;
	} else {
		whole = cursor;
		if (take_column(&whole, &item.name))
			item.kind = SQLKIT_ITEM_NAME;
	}
	for (int64_t depth = 0; !at_end(&cursor); advance(&cursor)) {
		depth = depth_behind(&cursor, depth);
		if (depth == 0 && at_sign(&cursor, ','))
			break;
	}
	*offset = cursor.token.start + (at_end(&cursor) ? cursor.size - cursor.token.start : 1);
	return item;
}

/* ---- the forms that lose nothing --------------------------------------------------------- */

/* Walks to the word outside parentheses; false: it does not come. */
static bool find_word(struct cursor *cursor, const char *word)
{
	for (int64_t depth = 0; !at_end(cursor); advance(cursor)) {
		depth = depth_behind(cursor, depth);
		if (depth < 0 || cursor->token.kind == SQLKIT_TOKEN_SEMICOLON)
			return false;
		if (depth == 0 && at_word(cursor, word))
			return true;
	}
	return false;
}

static bool take_list(struct cursor *cursor, struct sqlkit_copy *copy)
{
	if (!take_sign(cursor, '('))
		return true;
	copy->columns = cursor->token.start;
	while (!at_end(cursor) && !at_sign(cursor, ')')) {
		if (at_sign(cursor, '('))
			return false;
		advance(cursor);
	}
	copy->columns_end = cursor->token.start;
	return take_sign(cursor, ')');
}

static bool take_target(struct cursor *cursor, const char *schema, struct sqlkit_copy *copy)
{
	if (take_word(cursor, "INSERT"))
		return take_word(cursor, "INTO") && take_table(cursor, schema, &copy->target) &&
		       take_list(cursor, copy);
	return take_word(cursor, "CREATE") && take_word(cursor, "TABLE") &&
	       take_table(cursor, schema, &copy->target) && take_word(cursor, "AS");
}

bool sqlkit_copy_read(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
		      const char *schema, struct sqlkit_copy *ret)
{
	struct cursor cursor = cursor_at(lexer, text, size, 0);
	struct sqlkit_copy copy = {0};
	struct sqlkit_shape shape;
	sqlkit_shape_read(lexer, text, size, &shape);
	if (shape.where) /* wherever it stands, also in what is no SQL */
		return false;
	if (!take_target(&cursor, schema, &copy) || !take_word(&cursor, "SELECT") ||
	    at_word(&cursor, "DISTINCT"))
		return false;
	(void)take_word(&cursor, "ALL");
	copy.items = cursor.token.start;
	if (!find_word(&cursor, "FROM"))
		return false;
	copy.items_end = cursor.token.start;
	advance(&cursor);
	if (!take_table(&cursor, schema, &copy.source) || !at_close(&cursor))
		return false;
	*ret = copy;
	return true;
}

bool sqlkit_fill_read(const struct sqlkit_lexer *lexer, const char *text, uint64_t size,
		      const char *schema, struct sqlkit_fill *ret)
{
	struct cursor cursor = cursor_at(lexer, text, size, 0);
	struct sqlkit_fill fill = {0};
	if (!take_word(&cursor, "UPDATE") || at_word(&cursor, "OR") ||
	    !take_table(&cursor, schema, &fill.table) || !take_word(&cursor, "SET"))
		return false;
	fill.column = cursor.token;
	if (!sqlkit_token_is_name(&fill.column, text))
		return false;
	advance(&cursor);
	if (!take_sign(&cursor, '='))
		return false;
	/* One assignment, and no other table. */
	for (int64_t depth = 0; !(depth == 0 && at_word(&cursor, "WHERE")); advance(&cursor)) {
		depth = depth_behind(&cursor, depth);
		if (at_end(&cursor) || depth < 0 || cursor.token.kind == SQLKIT_TOKEN_SEMICOLON ||
		    (depth == 0 && (at_sign(&cursor, ',') || at_word(&cursor, "FROM"))))
			return false;
	}
	advance(&cursor);
	struct sqlkit_token tested = cursor.token;
	char left[256];
	char right[256];
	if (!sqlkit_token_is_name(&tested, text) ||
	    sqlkit_token_name(&tested, text, left, sizeof(left)) >= sizeof(left) ||
	    sqlkit_token_name(&fill.column, text, right, sizeof(right)) >= sizeof(right) ||
	    !sqlkit_token_is(&tested, text, right, strlen(right)))
		return false;
	advance(&cursor);
	if (!take_word(&cursor, "IS") || !take_word(&cursor, "NULL") || !at_close(&cursor))
		return false;
	*ret = fill;
	return true;
}
