/* ini.c - our reader in front of inih. We own lines, comments and lengths, inih
 * owns sections and keys: it is given `key = #<index>` for a value that is kept
 * here, because the library as distributions build it cuts long lines and
 * names silently, takes an indented key for a continuation and tells neither
 * lines nor duplicates. What sections and keys mean is not known here. */
#include "config/private.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CAP ((size_t)49)                /* inih keeps 49 bytes of a name */
#define WHOLE_LINE_CAP (INI_LINE_CAP + 1024) /* a full value, its name, quotes and a comment */

struct scan_key {
	size_t section;
	const char *name;
	const char *value;
	int64_t line;
};
struct scan_keys {
	struct scan_key *items;
	size_t count;
	size_t capacity;
};

struct scan {
	const char *path;
	struct arena arena;
	struct sections sections;
	struct scan_keys keys;
	struct text plain; /* what inih is given */
};

static void scan_free(struct scan *scan)
{
	text_free(&scan->plain);
	arena_free(&scan->arena);
}

/* ---- names -------------------------------------------------------------------- */

static const char section_what[] = "section";
static const char key_what[] = "key"; /* inih also ends a key at ':' */

static enum status name_read(struct scan *scan, const struct line *line, const char *what,
			     const char *data, size_t size, const char **ret, struct error *error)
{
	const char *refused = what == key_what ? " \t[]=;#\"':" : " \t[]=;#\"'";
	char *name;

	if (size == 0)
		return lines_error(scan->path, line->number, error, "a %s without a name", what);
	if (size > NAME_CAP)
		return lines_error(scan->path, line->number, error,
				   "the name of this %s has %zu bytes; at most %zu are allowed", what,
				   size, NAME_CAP);
	name = arena_copy(&scan->arena, data, size);
	if (name[strcspn(name, refused)] != '\0') {
		lines_error(scan->path, line->number, error, "\"%s\" cannot be the name of a %s", name,
			    what);
		error_hint(error, "names hold no blanks, quotes, brackets or any of %s",
			   what == key_what ? ": = ; #" : "= ; #");
		return STATUS_CONFIG;
	}
	*ret = name;
	return STATUS_OK;
}

/* ---- values ------------------------------------------------------------------- */

/* Is there nothing at `at` but blanks and a comment that a blank precedes? */
static bool rest_is_comment(const char *data, size_t size, size_t at)
{
	size_t start = at;

	while (at < size && is_blank(data[at]))
		at++;
	return at == size || (at > start && (data[at] == ';' || data[at] == '#'));
}

/* Where a comment begins in an unquoted value. In a JSON array its strings protect
 * what stands in them. */
static size_t value_end(const char *data, size_t size)
{
	bool array = size > 0 && data[0] == '[';
	bool inside = false;

	for (size_t i = 0; i < size; i++) {
		if (inside && data[i] == '\\')
			i++;
		else if (array && data[i] == '"')
			inside = !inside;
		else if (!inside && i > 0 && is_blank(data[i - 1]) &&
			 (data[i] == ';' || data[i] == '#'))
			return i;
	}
	return size;
}

/* data begins at the value's first byte; blank_before: a blank stands before it. */
static enum status value_read(struct scan *scan, const struct line *line, const char *data, size_t size,
			      bool blank_before, const char **ret, struct error *error)
{
	const char *start = data;

	if (size > 0 && (data[0] == '"' || data[0] == '\'')) {
		const char *close = memchr(data + 1, data[0], size - 1);

		if (!close)
			return lines_error(
				scan->path, line->number, error,
				"the quoted value does not end on this line; add the closing %c",
				data[0]);
		if (!rest_is_comment(data, size, (size_t)(close + 1 - data)))
			return lines_error(
				scan->path, line->number, error,
				"something follows the closing %c; quote the value with the other "
				"kind of quotes",
				data[0]);
		start = data + 1;
		size = (size_t)(close - start);
	} else if (size > 0 && blank_before && (data[0] == ';' || data[0] == '#')) {
		size = 0;
	} else {
		size = value_end(data, size);
		trim_end(data, &size);
	}
	if (size > INI_LINE_CAP)
		return lines_error(scan->path, line->number, error,
				   "the value has %zu bytes; at most %zu (64 KiB) are allowed", size,
				   INI_LINE_CAP);
	*ret = arena_copy(&scan->arena, start, size);
	return STATUS_OK;
}

/* ---- lines -------------------------------------------------------------------- */

static enum status scan_section(struct scan *scan, const struct line *line, struct error *error)
{
	const char *close = memchr(line->data, ']', line->size);
	struct section section = {NULL, line->number};
	enum status status;

	if (!close)
		return lines_error(scan->path, line->number, error, "the section has no closing ]");
	if (!rest_is_comment(line->data, line->size, (size_t)(close + 1 - line->data)))
		return lines_error(scan->path, line->number, error,
				   "something follows the section's ]; only a comment may");
	status = name_read(scan, line, section_what, line->data + 1, (size_t)(close - line->data) - 1,
			   &section.name, error);
	if (status)
		return status;
	ARENA_PUSH(&scan->arena, &scan->sections, section);
	text_printf(&scan->plain, "[%s]\n", section.name);
	return STATUS_OK;
}

/* Only a plain word is shown: what else stands on such a line may be half of a secret. */
static enum status not_a_key(const struct scan *scan, const struct line *line, struct error *error)
{
	size_t word = 0;

	while (word < line->size &&
	       ((line->data[word] >= 'a' && line->data[word] <= 'z') || line->data[word] == '_'))
		word++;
	if (word == line->size && word <= NAME_CAP)
		lines_error(scan->path, line->number, error, "\"%.*s\" has no = and no value",
			    (int)word, line->data);
	else
		lines_error(scan->path, line->number, error,
			    "the line is no section, comment or `key = value`");
	error_hint(error, "write `key = value`; comments begin with ; or #");
	return STATUS_CONFIG;
}

static enum status scan_key(struct scan *scan, const struct line *line, struct error *error)
{
	const char *equals = memchr(line->data, '=', line->size);
	struct scan_key key = {scan->sections.count - 1, NULL, NULL, line->number};
	size_t size;
	size_t at;
	enum status status;

	if (!equals)
		return not_a_key(scan, line, error);
	size = (size_t)(equals - line->data);
	at = size + 1;
	trim_end(line->data, &size);
	status = name_read(scan, line, key_what, line->data, size, &key.name, error);
	if (status)
		return status;
	if (scan->sections.count == 0)
		return lines_error(scan->path, line->number, error,
				   "the key \"%s\" stands before the first [section]", key.name);
	while (at < line->size && is_blank(line->data[at]))
		at++;
	status = value_read(scan, line, line->data + at, line->size - at, is_blank(line->data[at - 1]),
			    &key.value, error);
	if (status)
		return status;
	text_printf(&scan->plain, "%s = #%zu\n", key.name, scan->keys.count);
	ARENA_PUSH(&scan->arena, &scan->keys, key);
	return STATUS_OK;
}

static enum status scan_line(struct scan *scan, const struct line *line, struct error *error)
{
	struct line kept = *line;
	bool key = kept.size > 0 && !strchr(";#[", kept.data[0]);
	size_t blanks = 0;

	if (kept.size > (key ? WHOLE_LINE_CAP : INI_LINE_CAP))
		return lines_error(scan->path, kept.number, error,
				   "the line has %zu bytes; at most 65536 (64 KiB) are allowed",
				   kept.size);
	trim_end(kept.data, &kept.size);
	while (blanks < kept.size && is_blank(kept.data[blanks]))
		blanks++;
	if (blanks == kept.size || kept.data[blanks] == ';' || kept.data[blanks] == '#')
		return STATUS_OK;
	if (blanks > 0) {
		lines_error(scan->path, kept.number, error, "the line begins with a blank");
		error_hint(
			error,
			"a value cannot be continued on the next line; remove the blanks before a key "
			"or section");
		return STATUS_CONFIG;
	}
	return kept.data[0] == '[' ? scan_section(scan, &kept, error) : scan_key(scan, &kept, error);
}

static enum status scan_repeats(struct scan *scan, struct error *error)
{
	size_t count = scan->sections.count + scan->keys.count;
	struct mark *marks = arena_alloc(&scan->arena, (count + 1) * sizeof(*marks));
	size_t none = scan->sections.count; /* the group of the section names themselves */
	struct mark again;
	int64_t first = 0;
	size_t used = 0;

	for (size_t i = 0; i < scan->sections.count; i++)
		marks[used++] =
			(struct mark){none, scan->sections.items[i].name, scan->sections.items[i].line};
	for (size_t i = 0; i < scan->keys.count; i++)
		marks[used++] = (struct mark){scan->keys.items[i].section, scan->keys.items[i].name,
					      scan->keys.items[i].line};
	if (!marks_repeat(marks, used, &again, &first))
		return STATUS_OK;
	if (again.group == none)
		lines_error(scan->path, again.line, error,
			    "section [%s] stands twice; the first is in line %lld", again.name,
			    (long long)first);
	else
		lines_error(scan->path, again.line, error,
			    "key \"%s\" stands twice in [%s]; the first is in line %lld", again.name,
			    scan->sections.items[again.group].name, (long long)first);
	error_hint(error, "keep one of them");
	return STATUS_CONFIG;
}

static enum status scan_text(struct scan *scan, const char *data, size_t size, struct error *error)
{
	struct lines lines;
	struct line line;
	bool more = true;

	lines_open(&lines, scan->path, data, size);
	for (;;) {
		enum status status = lines_next(&lines, &line, &more, error);

		if (status)
			return status;
		if (!more)
			return scan_repeats(scan, error);
		status = scan_line(scan, &line, error);
		if (status)
			return status;
	}
}

/* ---- inih ----------------------------------------------------------------------- */

struct feed {
	const struct scan *scan;
	const struct ini_handler *handler;
	struct error *error;
	enum status status;
	size_t sections; /* told to the handler so far */
	size_t keys;
};

static enum status feed_sections(struct feed *feed, size_t until)
{
	for (; feed->sections < until; feed->sections++) {
		const struct section *section = &feed->scan->sections.items[feed->sections];
		enum status status;

		if (!feed->handler->section)
			continue;
		status = feed->handler->section(feed->handler->context, section->name, section->line,
						feed->error);
		if (status)
			return status;
	}
	return STATUS_OK;
}

/* What inih found: its section and key, and the index behind which our value lies. */
static int feed_key(void *context, const char *section, const char *name, const char *value)
{
	struct feed *feed = context;
	const struct scan_key *key;
	char *end = NULL;
	size_t index;

	if (feed->status)
		return 0;
	index = value[0] == '#' ? strtoul(value + 1, &end, 10) : feed->scan->keys.count;
	if (index != feed->keys || index >= feed->scan->keys.count || !end || *end) {
		feed->status = error_set(feed->error, STATUS_INTERNAL, "%s: the INI library lost a key",
					 feed->scan->path);
		return 0;
	}
	key = &feed->scan->keys.items[feed->keys++];
	feed->status = feed_sections(feed, key->section + 1);
	if (!feed->status && feed->handler->key)
		feed->status = feed->handler->key(feed->handler->context, section, name, key->value,
						  key->line, feed->error);
	return feed->status == STATUS_OK;
}

static enum status feed_inih(struct feed *feed)
{
	int answer = ini_parse_string(text_string(&feed->scan->plain), feed_key, feed);

	if (feed->status)
		return feed->status;
	if (answer != 0 || feed->keys != feed->scan->keys.count)
		return error_set(feed->error, STATUS_INTERNAL,
				 "%s: the INI library refused a line (%d)", feed->scan->path, answer);
	return feed_sections(feed, feed->scan->sections.count);
}

enum status ini_parse_text(const char *path, const char *data, size_t size,
			   const struct ini_handler *handler, struct error *error)
{
	CLEANUP(scan_free) struct scan scan = {.path = path};
	struct feed feed = {.scan = &scan, .handler = handler, .error = error};
	enum status status = scan_text(&scan, data, size, error);

	return status ? status : feed_inih(&feed);
}
