/* splitter.c - a script as statements. */
#include "sqlkit/splitter.h"

#include <string.h>

/* How far we are into a statement, as far as its end depends on it. */
enum shape {
	SHAPE_START,
	SHAPE_PLAIN,
	SHAPE_EXPLAIN,   /* EXPLAIN was said; CREATE may follow */
	SHAPE_CREATE,    /* CREATE was said; TEMP or TRIGGER may follow */
	SHAPE_BODY,      /* inside a trigger */
	SHAPE_SEMICOLON, /* inside a trigger, behind a semicolon: END may follow */
	SHAPE_END,       /* inside a trigger, behind ";END": a semicolon ends all */
};

enum word { WORD_OTHER, WORD_EXPLAIN, WORD_CREATE, WORD_TEMP, WORD_TRIGGER, WORD_END };

static enum word word_of(const struct sqlkit_token *token, const char *script)
{
	static const struct {
		const char *text;
		uint64_t size;
		enum word word;
	} words[] = {
		{"END", 3, WORD_END},         {"TEMP", 4, WORD_TEMP},       {"CREATE", 6, WORD_CREATE},
		{"EXPLAIN", 7, WORD_EXPLAIN}, {"TRIGGER", 7, WORD_TRIGGER}, {"TEMPORARY", 9, WORD_TEMP},
	};
	if (token->kind != SQLKIT_TOKEN_WORD)
		return WORD_OTHER;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (token->size == words[i].size &&
		    sqlkit_token_is(token, script, words[i].text, words[i].size))
			return words[i].word;
	return WORD_OTHER;
}

/* The shape behind a token that is no blank, comment or semicolon. */
static enum shape shape_after(enum shape shape, enum word word)
{
	switch (shape) {
	case SHAPE_START:
		if (word == WORD_EXPLAIN)
			return SHAPE_EXPLAIN;
		return word == WORD_CREATE ? SHAPE_CREATE : SHAPE_PLAIN;
	case SHAPE_EXPLAIN: /* QUERY PLAN stands here too */
		if (word == WORD_CREATE)
			return SHAPE_CREATE;
		return word == WORD_OTHER ? SHAPE_EXPLAIN : SHAPE_PLAIN;
	case SHAPE_CREATE:
		if (word == WORD_TRIGGER)
			return SHAPE_BODY;
		return word == WORD_TEMP ? SHAPE_CREATE : SHAPE_PLAIN;
	case SHAPE_SEMICOLON:
		return word == WORD_END ? SHAPE_END : SHAPE_BODY;
	case SHAPE_END:
		return SHAPE_BODY;
	case SHAPE_PLAIN:
	case SHAPE_BODY:
		break;
	}
	return shape;
}

static bool is_token(enum sqlkit_token_kind kind)
{
	return kind != SQLKIT_TOKEN_BLANK && kind != SQLKIT_TOKEN_COMMENT;
}

/* The statement as it was found; its first tokens decide its kind. */
struct found {
	struct sqlkit_token head[SQLKIT_RULE_TOKENS];
	uint64_t head_count;
	uint64_t first;   /* of the first comment or token; the end when there is neither */
	uint64_t end;     /* of the text without its terminator */
	uint64_t next;    /* behind the terminator */
	uint64_t open_at; /* where what is not closed began */
	const char *open; /* what is not closed, or NULL */
};

/* What is left open when the script ends inside `shape`. A trigger's last END
 * needs no semicolon there, as no statement's last one does. */
static void find_open(struct found *found, enum shape shape)
{
	if (shape != SHAPE_BODY && shape != SHAPE_SEMICOLON)
		return;
	found->open = "a trigger begins here whose body is not closed by END";
	found->open_at = found->head[0].start;
}

static void find_end(const struct sqlkit_splitter *splitter, const char *script, uint64_t size,
		     uint64_t offset, struct found *found)
{
	enum shape shape = SHAPE_START;
	uint64_t last = offset; /* behind the last thing that is not blank */
	*found = (struct found){.first = size};
	for (;;) {
		struct sqlkit_token token = sqlkit_lexer_next(&splitter->lexer, script, size, offset);
		offset = token.start + token.size;
		found->next = offset;
		if (token.kind == SQLKIT_TOKEN_BLANK)
			continue;
		if (token.kind == SQLKIT_TOKEN_END) {
			found->end = last;
			find_open(found, shape);
			return;
		}
		found->end = token.start;
		last = offset;
		if (token.kind == SQLKIT_TOKEN_SEMICOLON && shape != SHAPE_BODY &&
		    shape != SHAPE_SEMICOLON) {
			if (found->first == size)
				found->first = token.start;
			return;
		}
		if (found->first == size || (found->head_count == 0 && is_token(token.kind)))
			found->first = token.start;
		if (token.kind == SQLKIT_TOKEN_OPEN_QUOTE || token.kind == SQLKIT_TOKEN_OPEN_COMMENT) {
			found->open = token.kind == SQLKIT_TOKEN_OPEN_QUOTE
					      ? "a string or quoted name begins here and is not closed"
					      : "a comment begins here and is not closed";
			found->open_at = token.start;
			return;
		}
		if (!is_token(token.kind))
			continue;
		if (found->head_count < SQLKIT_RULE_TOKENS)
			found->head[found->head_count++] = token;
		if (token.kind == SQLKIT_TOKEN_SEMICOLON)
			shape = SHAPE_SEMICOLON;
		else if (shape != SHAPE_PLAIN)
			shape = splitter->trigger_bodies ? shape_after(shape, word_of(&token, script))
							 : SHAPE_PLAIN;
	}
}

static bool rule_fits(const struct sqlkit_rule *rule, const struct found *found, const char *script)
{
	const char *wanted = rule->tokens;
	for (uint64_t i = 0; *wanted; i++) {
		uint64_t length = strcspn(wanted, " ");
		if (i >= found->head_count)
			return false;
		bool any = length == 1 && wanted[0] == '?';
		if (!any && !sqlkit_token_is(&found->head[i], script, wanted, length))
			return false;
		wanted += length;
		wanted += strspn(wanted, " ");
	}
	return true;
}

static bool is_client_line(const struct sqlkit_splitter *splitter, const char *script, uint64_t size,
			   uint64_t start)
{
	if (splitter->client_mark == '\0' || script[start] != splitter->client_mark ||
	    start + 1 >= size)
		return false;
	char letter = (char)(script[start + 1] | 0x20);
	return letter >= 'a' && letter <= 'z';
}

static void set_kind(const struct sqlkit_splitter *splitter, const char *script,
		     const struct found *found, struct elq_span *ret)
{
	if (found->head_count == 0) {
		ret->kind = ELQ_STATEMENT_EMPTY;
		return;
	}
	for (uint64_t i = 0; i < splitter->rule_count; i++) {
		const struct sqlkit_rule *rule = &splitter->rules[i];
		if (!rule_fits(rule, found, script))
			continue;
		ret->kind = rule->kind;
		if (rule->hint)
			ret->hint = (struct elq_str){rule->hint, strlen(rule->hint)};
		return;
	}
}

uint64_t sqlkit_count_lines(const char *script, uint64_t from, uint64_t to)
{
	uint64_t lines = 0;
	const char *end = script + to;
	for (const char *at = script + from; at < end; at++, lines++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			break;
	}
	return lines;
}

/* A client's line ends where the line ends. */
static void take_client_line(const struct sqlkit_splitter *splitter, const char *script, uint64_t size,
			     struct elq_span *ret)
{
	const char *newline = memchr(script + ret->start, '\n', (size_t)(size - ret->start));
	uint64_t end = newline ? (uint64_t)(newline - script) : size;
	ret->kind = ELQ_STATEMENT_CLIENT_ONLY;
	ret->size = end - ret->start;
	ret->next = newline ? end + 1 : size;
	ret->hint = (struct elq_str){splitter->client_hint, strlen(splitter->client_hint)};
}

int32_t sqlkit_splitter_next(const struct sqlkit_splitter *splitter, const char *script, uint64_t size,
			     uint64_t offset, uint64_t line, struct elq_span *ret,
			     const char **ret_reason)
{
	struct elq_span span = {.struct_size = sizeof(span), .kind = ELQ_STATEMENT_PLAIN};
	struct sqlkit_token token = sqlkit_lexer_skip(&splitter->lexer, script, size, offset);
	if (token.kind == SQLKIT_TOKEN_OTHER && is_client_line(splitter, script, size, token.start)) {
		span.start = token.start;
		span.line = line + sqlkit_count_lines(script, offset, span.start);
		take_client_line(splitter, script, size, &span);
		*ret = span;
		return ELQ_OK;
	}

	struct found found;
	find_end(splitter, script, size, offset, &found);
	span.start = found.first;
	const char *nul = memchr(script + found.first, '\0', (size_t)(found.next - found.first));
	if (!found.open && nul) {
		found.open = "a zero byte stands in the text";
		found.open_at = (uint64_t)(nul - script);
	}
	if (found.open) {
		span.start = found.open_at;
		span.size = size - span.start;
		span.next = size;
		span.line = line + sqlkit_count_lines(script, offset, span.start);
		*ret = span;
		*ret_reason = found.open;
		return ELQ_ERR_MALFORMED;
	}
	span.size = found.end > span.start ? found.end - span.start : 0;
	span.next = found.next;
	span.line = line + sqlkit_count_lines(script, offset, span.start);
	set_kind(splitter, script, &found, &span);
	*ret = span;
	return ELQ_OK;
}
