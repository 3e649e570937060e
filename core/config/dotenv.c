/* dotenv.c - .env files: KEY=VALUE lines, an optional `export`, single or
 * double quotes, # comments. Nothing is expanded, and a backslash is a
 * backslash. Which file is read when is environment.c's. */
#include "config/private.h"

#include <string.h>

struct pair {
	const char *name;
	const char *value;
	int64_t line;
};
struct pairs {
	struct arena arena;
	struct pair *items;
	size_t count;
	size_t capacity;
};

static void pairs_free(struct pairs *pairs)
{
	arena_free(&pairs->arena);
}

static size_t name_size(const char *data, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t used = 0;

	if (size > 0 && data[0] >= '0' && data[0] <= '9')
		return 0;
	while (used < size && memchr(letters, data[used], sizeof(letters) - 1))
		used++;
	return used;
}

static size_t skip_blanks(const char *data, size_t size, size_t at)
{
	while (at < size && is_blank(data[at]))
		at++;
	return at;
}

static enum status quoted_value(const char *path, const struct line *line, size_t at, const char **ret,
				size_t *ret_size, struct error *error)
{
	char quote = line->data[at];
	const char *start = line->data + at + 1;
	const char *close = memchr(start, quote, line->size - at - 1);
	size_t rest;

	if (!close)
		return lines_error(path, line->number, error,
				   "the quoted value does not end on this line; add the closing %c",
				   quote);
	rest = skip_blanks(line->data, line->size, (size_t)(close + 1 - line->data));
	if (rest < line->size && line->data[rest] != '#')
		return lines_error(
			path, line->number, error,
			"something follows the closing %c; quote the value with the other kind of "
			"quotes",
			quote);
	*ret = start;
	*ret_size = (size_t)(close - start);
	return STATUS_OK;
}

/* The value that begins behind the '=' at `at`. */
static enum status pair_value(struct pairs *pairs, const char *path, const struct line *line, size_t at,
			      const char **ret, struct error *error)
{
	size_t start = skip_blanks(line->data, line->size, at + 1);
	const char *value = line->data + start;
	size_t size = line->size - start;

	if (size > 0 && (value[0] == '"' || value[0] == '\'')) {
		enum status status = quoted_value(path, line, start, &value, &size, error);

		if (status)
			return status;
	} else {
		for (size_t i = 0; i < size; i++) {
			if (value[i] == '#' && is_blank(line->data[start + i - 1])) {
				size = i;
				break;
			}
		}
		trim_end(value, &size);
	}
	if (size > INI_LINE_CAP)
		return lines_error(path, line->number, error,
				   "the value has %zu bytes; at most %zu (64 KiB) are allowed", size,
				   INI_LINE_CAP);
	*ret = arena_copy(&pairs->arena, value, size);
	return STATUS_OK;
}

static enum status pair_read(struct pairs *pairs, const char *path, const struct line *line,
			     struct error *error)
{
	static const char export[] = "export";
	size_t at = skip_blanks(line->data, line->size, 0);
	struct pair pair = {.line = line->number};
	enum status status;
	size_t used;

	if (at == line->size || line->data[at] == '#')
		return STATUS_OK;
	used = name_size(line->data + at, line->size - at);
	if (used == strlen(export) && memcmp(line->data + at, export, used) == 0 &&
	    at + used < line->size && is_blank(line->data[at + used])) {
		size_t next = skip_blanks(line->data, line->size, at + used);

		if (next < line->size && line->data[next] != '=') {
			at = next;
			used = name_size(line->data + at, line->size - at);
		}
	}
	pair.name = arena_copy(&pairs->arena, line->data + at, used);
	at = skip_blanks(line->data, line->size, at + used);
	if (used == 0 || at == line->size || line->data[at] != '=') {
		/* The line itself is not shown: it may be half of a secret. */
		lines_error(path, line->number, error, "the line is not NAME=VALUE");
		error_hint(error,
			   "names are letters, digits and _; comments begin with #; a value cannot be "
			   "continued on the next line");
		return STATUS_CONFIG;
	}
	status = pair_value(pairs, path, line, at, &pair.value, error);
	if (!status)
		ARENA_PUSH(&pairs->arena, pairs, pair);
	return status;
}

static enum status pairs_repeats(struct pairs *pairs, const char *path, struct error *error)
{
	struct mark *marks = arena_alloc(&pairs->arena, (pairs->count + 1) * sizeof(*marks));
	struct mark again;
	int64_t first = 0;

	for (size_t i = 0; i < pairs->count; i++)
		marks[i] = (struct mark){0, pairs->items[i].name, pairs->items[i].line};
	if (!marks_repeat(marks, pairs->count, &again, &first))
		return STATUS_OK;
	lines_error(path, again.line, error, "%s stands twice; the first is in line %lld", again.name,
		    (long long)first);
	error_hint(error, "keep one of them");
	return STATUS_CONFIG;
}

static enum status pairs_scan(struct pairs *pairs, const char *path, const char *data, size_t size,
			      struct error *error)
{
	struct lines lines;
	struct line line;
	bool more = true;

	lines_open(&lines, path, data, size);
	for (;;) {
		enum status status = lines_next(&lines, &line, &more, error);

		if (status)
			return status;
		if (!more)
			return pairs_repeats(pairs, path, error);
		status = pair_read(pairs, path, &line, error);
		if (status)
			return status;
	}
}

enum status dotenv_parse_text(const char *path, const char *data, size_t size,
			      const struct dotenv_handler *handler, struct error *error)
{
	CLEANUP(pairs_free) struct pairs pairs = {0};
	enum status status = pairs_scan(&pairs, path, data, size, error);

	for (size_t i = 0; !status && i < pairs.count; i++)
		status = handler->pair(handler->context, pairs.items[i].name, pairs.items[i].value,
				       pairs.items[i].line, error);
	return status;
}
