/* declare.c - the objects behind `-- eloquent:destroys`: users, users.email,
 * "odd name"."a b". They end up in the form in which drivers name what they find
 * (include/eloquent/review.h), so that both are compared byte by byte: what a file does
 * not name exactly, it does not declare. */
#include "migrate/private.h"

#include <string.h>

static const char remedy[] = "write users or users.email, several with blanks between them; names with "
			     "other characters in double quotes: \"odd name\".\"a b\"";

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_plain(char c, bool first)
{
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		      (unsigned char)c >= 0x80;
	return letter || (!first && c >= '0' && c <= '9');
}

static size_t plain_size(const char *text)
{
	size_t size = 0;
	while (text[size] && is_plain(text[size], size == 0))
		size++;
	return size;
}

/* A quoted part, taken to *ret; quotes that it does not need go. Bytes taken, or 0. */
static size_t quoted_take(const char *text, struct text *ret)
{
	TEXT_CLEANUP struct text name = {0};
	size_t at = 1;
	for (; text[at]; at++) {
		if (text[at] == '"' && text[at + 1] != '"')
			break;
		at += text[at] == '"';
		text_add_char(&name, text[at]);
	}
	if (!text[at] || !name.size)
		return 0;
	if (plain_size(text_string(&name)) == name.size)
		text_append(ret, name.data, name.size);
	else
		text_append(ret, text, at + 1);
	return at + 1;
}

/* One object up to the next blank. Bytes taken, or 0. */
static size_t object_take(const char *text, struct text *ret)
{
	size_t at = 0;
	for (;;) {
		size_t size = plain_size(text + at);
		if (size)
			text_append(ret, text + at, size);
		else if (text[at] == '"')
			size = quoted_take(text + at, ret);
		if (!size)
			return 0;
		at += size;
		if (text[at] != '.')
			break;
		text_add_char(ret, '.');
		at++;
	}
	return text[at] && !is_blank(text[at]) ? 0 : at;
}

static void declarations_add(struct arena *arena, struct declarations *declarations,
			     struct declaration declaration)
{
	if (declarations->count == declarations->capacity) {
		size_t capacity = declarations->capacity ? declarations->capacity * 2 : 4;
		struct declaration *items = arena_alloc(arena, capacity * sizeof(*items));
		if (declarations->count)
			memcpy(items, declarations->items, declarations->count * sizeof(*items));
		declarations->items = items;
		declarations->capacity = capacity;
	}
	declarations->items[declarations->count++] = declaration;
}

enum status declarations_parse(struct arena *arena, const char *path, int64_t line, const char *text,
			       struct declarations *ret, struct error *error)
{
	while (is_blank(*text))
		text++;
	while (*text) {
		TEXT_CLEANUP struct text object = {0};
		size_t size = object_take(text, &object);
		if (!size)
			return malformed(error, path, line, remedy, "\"%.80s\" does not name an object",
					 text);
		declarations_add(
			arena, ret,
			(struct declaration){arena_copy(arena, object.data, object.size), line});
		text += size;
		while (is_blank(*text))
			text++;
	}
	return STATUS_OK;
}
