/* redact_document.c - redaction inside a whole JSON document, which is one again
 * afterwards: only what strings hold is masked, and whole numbers. In text that
 * merely looks like JSON nothing of this applies: there, a quote may belong to a
 * value, and redact_place.c rather masks too much. */
#include "observe/private.h"

#include <jansson.h>
#include <string.h>

static size_t skip_space(const char *data, size_t size, size_t at)
{
	while (at < size &&
	       (data[at] == ' ' || data[at] == '\t' || data[at] == '\r' || data[at] == '\n'))
		at++;
	return at;
}

static bool is_document(const char *data, size_t size)
{
	size_t at = skip_space(data, size, 0);
	json_t *json = NULL;
	bool found;

	if (at < size && (data[at] == '{' || data[at] == '['))
		json = json_loadb(data, size, JSON_ALLOW_NUL, NULL);
	found = json != NULL;
	json_decref(json);
	return found;
}

/* The closing quote of the string whose opening one stands at `at`. */
static size_t string_end(const char *data, size_t size, size_t at)
{
	at++;
	while (at < size && data[at] != '"')
		at += data[at] == '\\' ? 2 : 1;
	return at;
}

bool document_read(const char *data, size_t size, struct tokens *ret)
{
	size_t at = 0;

	if (!is_document(data, size))
		return false;
	while (at < size) {
		struct token token = {.start = at + 1};

		if (data[at] == '"') {
			token.end = string_end(data, size, at);
			at = token.end + 1;
			token.kind = TOKEN_STRING;
			if (data[skip_space(data, size, at)] == ':')
				token.kind = TOKEN_KEY;
			VEC_PUSH(ret, token);
		} else if (data[at] == '-' || (data[at] >= '0' && data[at] <= '9')) {
			token.kind = TOKEN_NUMBER;
			token.start = at;
			at += strspn(data + at, "+-.0123456789eE");
			token.end = at;
			VEC_PUSH(ret, token);
		} else if (strchr("{}]", data[at])) {
			token.kind = TOKEN_BORDER;
			token.end = token.start = at++;
			VEC_PUSH(ret, token);
		} else {
			at++;
		}
	}
	return true;
}

void document_find_places(const struct tokens *tokens, const struct view *view, struct spans *spans)
{
	enum place_key kind = PLACE_NONE; /* of the key whose value comes, or values in an array */

	for (size_t i = 0; i < tokens->count; i++) {
		const struct token *token = &tokens->items[i];
		struct view part;

		if (token->kind == TOKEN_BORDER)
			kind = PLACE_NONE;
		if (token->kind == TOKEN_BORDER || (token->kind == TOKEN_NUMBER && kind == PLACE_NONE))
			continue;
		part = view_part(view, token->start, token->end);
		if (token->kind == TOKEN_KEY)
			kind = place_key_kind(part.data, part.size);
		else if (kind != PLACE_NONE)
			view_add_span(&part, 0, part.size, false, spans);
		if (token->kind == TOKEN_KEY || kind == PLACE_NONE)
			place_find(&part, spans);
	}
}

void document_clip(const struct tokens *tokens, struct spans *spans)
{
	struct spans clipped = {0};
	size_t at = 0;

	for (size_t i = 0; i < tokens->count; i++) {
		const struct token *token = &tokens->items[i];

		while (at < spans->count && spans->items[at].end <= token->start)
			at++;
		for (size_t j = at; j < spans->count && spans->items[j].start < token->end; j++) {
			struct span span = spans->items[j];

			span.number = token->kind == TOKEN_NUMBER;
			if (span.start < token->start || span.number)
				span.start = token->start;
			if (span.end > token->end || span.number)
				span.end = token->end;
			VEC_PUSH(&clipped, span);
			if (span.number)
				break;
		}
	}
	mem_free(spans->items);
	*spans = clipped;
}
