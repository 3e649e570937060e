/* redact_view.c - the same bytes as their reader will understand them: without
 * percent, JSON, shell and SQL escapes. A secret is searched in each view, so
 * that it does not matter which characters an encoder chose to escape, nor how.
 * Spans that are found go back to the source's bytes. */
#include "observe/private.h"

#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value of `count` hex digits, or -1. */
static long hex_number(const char *at, size_t count)
{
	long value = 0;

	for (size_t i = 0; i < count; i++) {
		int digit = hex_value(at[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static size_t utf8_put(unsigned long code, char ret[4])
{
	if (code < 0x80) {
		ret[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		ret[0] = (char)(0xc0 | code >> 6);
		ret[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		ret[0] = (char)(0xe0 | code >> 12);
		ret[1] = (char)(0x80 | (code >> 6 & 63));
		ret[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	ret[0] = (char)(0xf0 | code >> 18);
	ret[1] = (char)(0x80 | (code >> 12 & 63));
	ret[2] = (char)(0x80 | (code >> 6 & 63));
	ret[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* Each decoder: the escape at `at` (left bytes remain) becomes *ret_size bytes
 * of ret, never more than it was long. Returns its length, or 0: no escape. */

static size_t decode_percent(const char *at, size_t left, char ret[4], size_t *ret_size)
{
	long value = at[0] == '%' && left >= 3 ? hex_number(at + 1, 2) : -1;

	if (value < 0)
		return 0;
	ret[0] = (char)value;
	*ret_size = 1;
	return 3;
}

static size_t decode_unicode(const char *at, size_t left, char ret[4], size_t *ret_size)
{
	long code = left >= 6 ? hex_number(at + 2, 4) : -1;
	long low = -1;

	if (code < 0)
		return 0;
	if (code >= 0xd800 && code < 0xdc00 && left >= 12 && at[6] == '\\' && at[7] == 'u')
		low = hex_number(at + 8, 4);
	if (low >= 0xdc00 && low < 0xe000) {
		*ret_size = utf8_put(0x10000ul + ((unsigned long)(code - 0xd800) << 10) +
					     (unsigned long)(low - 0xdc00),
				     ret);
		return 12;
	}
	*ret_size = utf8_put((unsigned long)code, ret);
	return 6;
}

static size_t decode_json(const char *at, size_t left, char ret[4], size_t *ret_size)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (at[0] != '\\' || left < 2)
		return 0;
	if (at[1] == 'u')
		return decode_unicode(at, left, ret, ret_size);
	found = at[1] ? strchr(escapes, at[1]) : NULL;
	if (!found)
		return 0;
	ret[0] = meanings[found - escapes];
	*ret_size = 1;
	return 2;
}

/* A quote inside a quoted word: shells write '\'' or '"'"', SQL doubles it. */
static size_t decode_quotes(const char *at, size_t left, char ret[4], size_t *ret_size)
{
	static const char *const forms[] = {"'\\''", "'\"'\"'", "''"};

	if (at[0] != '\'')
		return 0;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		size_t size = strlen(forms[i]);

		if (left >= size && memcmp(at, forms[i], size) == 0) {
			ret[0] = '\'';
			*ret_size = 1;
			return size;
		}
	}
	return 0;
}

/* A shell's and SQL's backslash before a character that it keeps as it is. */
static size_t decode_backslash(const char *at, size_t left, char ret[4], size_t *ret_size)
{
	if (at[0] != '\\' || left < 2)
		return 0;
	ret[0] = at[1];
	*ret_size = 1;
	return 2;
}

typedef size_t decode_fn(const char *at, size_t left, char ret[4], size_t *ret_size);

static const struct {
	char mark; /* without this byte there is nothing to decode */
	decode_fn *decode;
} decoders[VIEW_COUNT] = {
	[VIEW_PERCENT] = {'%', decode_percent},
	[VIEW_JSON] = {'\\', decode_json},
	[VIEW_QUOTES] = {'\'', decode_quotes},
	[VIEW_BACKSLASH] = {'\\', decode_backslash},
};

bool view_build(enum view_kind kind, const char *data, size_t size, struct view *ret)
{
	struct view view = {.data = data, .size = size};
	bool changed = false;
	size_t at = 0;

	if (kind == VIEW_PLAIN) {
		*ret = view;
		return true;
	}
	if (!memchr(data, decoders[kind].mark, size))
		return false;
	view.decoded = mem_alloc(size + 1);
	view.map = mem_alloc((size + 1) * sizeof(*view.map));
	view.size = 0;
	while (at < size) {
		char bytes[4] = {data[at]};
		size_t count = 1;
		size_t width = data[at] == decoders[kind].mark
				       ? decoders[kind].decode(data + at, size - at, bytes, &count)
				       : 0;

		for (size_t i = 0; i < count; i++) {
			view.map[view.size] = (uint32_t)at;
			view.decoded[view.size++] = bytes[i];
		}
		changed = changed || width;
		at += width ? width : 1;
	}
	view.map[view.size] = (uint32_t)size;
	view.data = view.decoded;
	if (!changed)
		view_free(&view);
	else
		*ret = view;
	return changed;
}

void view_free(struct view *view)
{
	mem_free(view->decoded);
	mem_free(view->map);
	*view = (struct view){0};
}

void view_add_span(const struct view *view, size_t start, size_t end, bool number, struct spans *spans)
{
	struct span span = {.start = view->base + start, .end = view->base + end, .number = number};

	if (start >= end)
		return;
	if (view->map) {
		/* An escape of several decoded bytes goes as a whole. */
		while (end < view->size && view->map[end] == view->map[end - 1])
			end++;
		span.start = view->map[start];
		span.end = view->map[end];
	}
	VEC_PUSH(spans, span);
}

/* The first index whose escape begins at or behind the source's byte `offset`. */
static size_t map_find(const struct view *view, size_t offset)
{
	size_t low = 0;
	size_t high = view->size;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (view->map[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void view_widen_span(const struct view *view, struct span *span)
{
	size_t at;

	if (!view->map)
		return;
	at = map_find(view, span->start);
	if (view->map[at] != span->start)
		span->start = view->map[at - 1];
	span->end = view->map[map_find(view, span->end)];
}

struct view view_part(const struct view *view, size_t start, size_t end)
{
	if (view->map) {
		start = map_find(view, start);
		end = map_find(view, end);
	}
	return (struct view){
		.data = view->data + start,
		.size = end - start,
		.base = view->map ? 0 : start,
		.map = view->map ? view->map + start : NULL,
	};
}
