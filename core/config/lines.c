/* lines.c - a configuration text line by line, for the INI reader and the
 * .env reader: ends, numbers, the bytes that no line may hold, and names that
 * come twice. What a line means is theirs. */
#include "config/private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char byte_order_mark[] = "\xef\xbb\xbf";

bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void trim_end(const char *data, size_t *size)
{
	while (*size > 0 && is_blank(data[*size - 1]))
		(*size)--;
}

void lines_open(struct lines *lines, const char *path, const char *data, size_t size)
{
	size_t mark = strlen(byte_order_mark);

	*lines = (struct lines){path, data, data + size, 0};
	if (size >= mark && memcmp(data, byte_order_mark, mark) == 0)
		lines->at += mark;
}

enum status lines_error(const char *path, int64_t line, struct error *error, const char *format, ...)
{
	TEXT_CLEANUP struct text message = {0};
	va_list args;

	va_start(args, format);
	text_vprintf(&message, format, args);
	va_end(args);
	error_set(error, STATUS_CONFIG, "%s:%lld: %s", path, (long long)line, text_string(&message));
	error_at(error, path, line, 0);
	return STATUS_CONFIG;
}

static enum status line_check(const struct lines *lines, const struct line *line, struct error *error)
{
	size_t bad = 0;

	for (size_t i = 0; i < line->size; i++) {
		unsigned char byte = (unsigned char)line->data[i];

		if (byte == '\0')
			return lines_error(lines->path, line->number, error,
					   "the line holds a zero byte; this is not a text file");
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return lines_error(
				lines->path, line->number, error,
				"the line holds a control character (byte %zu is 0x%02x); remove it",
				i + 1, byte);
	}
	if (!utf8_valid(line->data, line->size, &bad))
		return lines_error(lines->path, line->number, error,
				   "the line is not UTF-8 (byte %zu); save the file as UTF-8", bad + 1);
	return STATUS_OK;
}

enum status lines_next(struct lines *lines, struct line *ret, bool *ret_more, struct error *error)
{
	const char *newline;
	struct line line;

	*ret_more = lines->at < lines->end;
	if (!*ret_more)
		return STATUS_OK;
	newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	line.data = lines->at;
	line.size = (size_t)((newline ? newline : lines->end) - lines->at);
	line.number = ++lines->number;
	lines->at = newline ? newline + 1 : lines->end;
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	*ret = line;
	return line_check(lines, &line, error);
}

static int mark_compare(const void *left, const void *right)
{
	const struct mark *a = left;
	const struct mark *b = right;
	int names;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	names = strcmp(a->name, b->name);
	if (names)
		return names;
	return a->line < b->line ? -1 : a->line > b->line;
}

bool marks_repeat(struct mark *marks, size_t count, struct mark *ret_again, int64_t *ret_first)
{
	bool found = false;

	if (count)
		qsort(marks, count, sizeof(*marks), mark_compare);
	for (size_t i = 1; i < count; i++) {
		if (marks[i].group != marks[i - 1].group ||
		    strcmp(marks[i].name, marks[i - 1].name) != 0)
			continue;
		if (found && ret_again->line <= marks[i].line)
			continue;
		found = true;
		*ret_again = marks[i];
		*ret_first = marks[i - 1].line;
	}
	return found;
}
