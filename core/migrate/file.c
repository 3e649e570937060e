/* file.c - the text of one SQL migration file: which part is `up`, which is
 * `down`, and what its directives say. The statements inside the sections are
 * none of its business; docs/migration-files.md is the format. */
#include "migrate/private.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

struct line {
	const char *text; /* without its end */
	size_t size;
	size_t next; /* offset of the next line in the file */
	int64_t number;
};

enum line_kind { LINE_BLANK, LINE_COMMENT, LINE_MIGRATE, LINE_ELOQUENT, LINE_TEXT };

struct parser {
	struct arena *arena;
	const char *path;
	const char *data;
	size_t size;
	const char *word;
	struct migration migration;
	struct section *section; /* the open one, or NULL */
	bool comment;            /* above `up`: inside a block comment */
	int64_t up_line;
	int64_t down_line;
	int64_t only_line;
	struct error *error;
};

static size_t blanks(const char *text, size_t size)
{
	size_t count = 0;
	while (count < size && (text[count] == ' ' || text[count] == '\t'))
		count++;
	return count;
}

static bool begins(const char *text, size_t size, const char *word)
{
	return size >= strlen(word) && strncasecmp(text, word, strlen(word)) == 0;
}

/* *ret_rest: offset in the line behind "migrate:" or "eloquent:". */
static enum line_kind line_classify(const struct line *line, size_t *ret_rest)
{
	size_t at = blanks(line->text, line->size);
	if (at == line->size)
		return LINE_BLANK;
	if (line->size - at < 2 || line->text[at] != '-' || line->text[at + 1] != '-')
		return LINE_TEXT;
	at += 2;
	at += blanks(line->text + at, line->size - at);
	const char *rest = line->text + at;
	if (begins(rest, line->size - at, "migrate:")) {
		*ret_rest = at + strlen("migrate:");
		return LINE_MIGRATE;
	}
	if (begins(rest, line->size - at, "eloquent:")) {
		*ret_rest = at + strlen("eloquent:");
		return LINE_ELOQUENT;
	}
	return LINE_COMMENT;
}

/* A directive that only looks like one would be a comment to the database, and
 * what stands below `down` would run as `up`: near misses are refused. */
static bool is_exact(const struct line *line, size_t rest)
{
	for (size_t i = 0; i < rest; i++)
		if (line->text[i] >= 'A' && line->text[i] <= 'Z')
			return false;
	return line->text[0] == '-';
}

static size_t word_size(const char *text, size_t size)
{
	size_t count = 0;
	while (count < size && text[count] != ' ' && text[count] != '\t')
		count++;
	return count;
}

static bool is_word(const char *text, size_t size, const char *word)
{
	return size == strlen(word) && memcmp(text, word, size) == 0;
}

static void section_close(struct parser *parser, size_t end)
{
	if (parser->section)
		parser->section->size = end - parser->section->start;
	parser->section = NULL;
}

static enum status section_open(struct parser *parser, const struct line *line, bool down, size_t rest)
{
	const char *name = down ? "down" : "up";
	int64_t *seen = down ? &parser->down_line : &parser->up_line;
	if (*seen)
		return malformed(
			parser->error, parser->path, line->number,
			"a file has one up and one down section; move the rest to a file of its own",
			"a second -- migrate:%s (the first one is in line %lld)", name,
			(long long)*seen);
	if (down && !parser->up_line)
		return malformed(parser->error, parser->path, line->number,
				 "put the -- migrate:up section first",
				 "-- migrate:down stands before -- migrate:up");
	*seen = line->number;
	section_close(parser, (size_t)(line->text - parser->data));
	struct section *section = down ? &parser->migration.down : &parser->migration.up;
	*section = (struct section){
		.present = true,
		.start = line->next,
		.line = line->number + 1,
		.transaction = true,
		.lock_timeout_us = -1,
	};
	parser->section = section;
	return options_parse(parser->arena, parser->path, line->number, line->text + rest,
			     line->size - rest, section, parser->error);
}

static enum status migrate_line(struct parser *parser, const struct line *line, size_t rest)
{
	size_t size = word_size(line->text + rest, line->size - rest);
	bool up = is_word(line->text + rest, size, "up");
	bool down = is_word(line->text + rest, size, "down");
	if ((!up && !down) || !is_exact(line, rest))
		return malformed(parser->error, parser->path, line->number,
				 "a directive stands at the start of its line, in small letters: -- "
				 "migrate:up or -- migrate:down",
				 "\"%.*s\" is not a directive",
				 (int)(line->size < 80 ? line->size : 80), line->text);
	return section_open(parser, line, down, rest + size);
}

static enum status opaque_add(struct parser *parser, const char *reason)
{
	struct migration *migration = &parser->migration;
	migration->opaque = migration->opaque
				    ? arena_printf(parser->arena, "%s; %s", migration->opaque, reason)
				    : reason;
	return STATUS_OK;
}

/* Both sides in one form: "prod" in a file is the connection's "production". */
static bool only_holds(const char *candidate, const char *word)
{
	if (word_is_production(candidate))
		return word_is_production(word);
	return text_equal(candidate, word);
}

/* env=WORD[,WORD...] */
static enum status only_set(struct parser *parser, int64_t line, const char *condition)
{
	static const char remedy[] = "write for example -- eloquent:only env=staging,production";
	if (parser->only_line)
		return malformed(parser->error, parser->path, line, "join them: env=staging,production",
				 "a second -- eloquent:only (the first one is in line %lld)",
				 (long long)parser->only_line);
	parser->only_line = line;
	if (!text_starts(condition, "env="))
		return malformed(parser->error, parser->path, line, remedy, "\"%s\" is not a condition",
				 condition);
	bool applies = false;
	const char *at = condition + strlen("env=");
	for (;;) {
		size_t size = strcspn(at, ",");
		const char *word = arena_copy(parser->arena, at, size);
		if (!size || !word_valid(word))
			return malformed(parser->error, parser->path, line, remedy,
					 "\"%s\" is not an environment's word", word);
		applies = applies || only_holds(word, parser->word);
		if (!at[size])
			break;
		at += size + 1;
	}
	parser->migration.applies = applies;
	return STATUS_OK;
}

static enum status eloquent_line(struct parser *parser, const struct line *line, size_t rest)
{
	const char *text = line->text + rest;
	size_t size = line->size - rest;
	size_t name = word_size(text, size);
	size_t at = name + blanks(text + name, size - name);
	while (size > at && (text[size - 1] == ' ' || text[size - 1] == '\t'))
		size--;
	const char *value = arena_copy(parser->arena, text + at, size - at);
	bool known =
		is_exact(line, rest) && (is_word(text, name, "destroys") ||
					 is_word(text, name, "opaque") || is_word(text, name, "only"));
	if (!known)
		return malformed(parser->error, parser->path, line->number,
				 "at the start of the line: -- eloquent:destroys OBJECT, -- "
				 "eloquent:opaque REASON or -- eloquent:only env=WORD",
				 "\"%.*s\" is not a directive",
				 (int)(line->size < 80 ? line->size : 80), line->text);
	if (!*value)
		return malformed(parser->error, parser->path, line->number,
				 "say what it destroys, why it is opaque, or where it only runs",
				 "-- eloquent:%.*s says nothing", (int)name, text);
	if (is_word(text, name, "destroys"))
		return declarations_parse(parser->arena, parser->path, line->number, value,
					  &parser->migration.destroys, parser->error);
	if (is_word(text, name, "opaque"))
		return opaque_add(parser, value);
	return only_set(parser, line->number, value);
}

/* Above `up` nothing is sent: does the line hold nothing but comments? One that
 * some server would run is none. */
static bool is_comments(struct parser *parser, const struct line *line)
{
	size_t rest = 0;
	for (size_t at = 0;;) {
		struct line tail = *line;
		at += blanks(line->text + at, line->size - at);
		tail.text += at;
		tail.size -= at;
		enum line_kind kind = line_classify(&tail, &rest);
		bool run = begins(tail.text, tail.size, "/*!") || begins(tail.text, tail.size, "/*M!");
		if (!parser->comment && (run || !begins(tail.text, tail.size, "/*")))
			return kind == LINE_BLANK || kind == LINE_COMMENT;
		at += parser->comment ? 0 : 2;
		const char *end = memmem(line->text + at, line->size - at, "*/", 2);
		parser->comment = !end;
		if (!end)
			return true;
		at = (size_t)(end - line->text) + 2;
	}
}

static enum status line_parse(struct parser *parser, const struct line *line)
{
	size_t rest = 0;
	enum line_kind kind = line_classify(line, &rest);
	if (kind == LINE_MIGRATE || kind == LINE_ELOQUENT) {
		if (parser->comment)
			return malformed(parser->error, parser->path, line->number,
					 "end the comment above it, or take the line out",
					 "a directive stands inside a block comment");
		return kind == LINE_MIGRATE ? migrate_line(parser, line, rest)
					    : eloquent_line(parser, line, rest);
	}
	if (parser->up_line || is_comments(parser, line))
		return STATUS_OK;
	return malformed(parser->error, parser->path, line->number,
			 "begin the file with -- migrate:up; only comments may stand before it",
			 "text before the first -- migrate:up");
}

static struct line line_at(const struct parser *parser, size_t offset, int64_t number)
{
	struct line line = {.text = parser->data + offset, .number = number};
	size_t left = parser->size - offset;
	const char *end = memchr(line.text, '\n', left);
	line.size = end ? (size_t)(end - line.text) : left;
	line.next = offset + line.size + (end != NULL);
	if (line.size && line.text[line.size - 1] == '\r')
		line.size--;
	return line;
}

static int64_t line_of(const char *data, size_t offset)
{
	int64_t line = 1;
	for (size_t i = 0; i < offset; i++)
		line += data[i] == '\n';
	return line;
}

static enum status bytes_check(const struct parser *parser)
{
	size_t bad = 0;
	if (!parser->size)
		return malformed(parser->error, parser->path, 0,
				 "write -- migrate:up and the statements below it",
				 "the file is empty");
	if (!utf8_valid(parser->data, parser->size, &bad))
		return malformed(parser->error, parser->path, line_of(parser->data, bad),
				 "save the file as UTF-8", "byte %zu is not UTF-8", bad + 1);
	const char *zero = memchr(parser->data, 0, parser->size);
	if (zero)
		return malformed(parser->error, parser->path,
				 line_of(parser->data, (size_t)(zero - parser->data)),
				 "save the file as UTF-8 text", "a zero byte stands in the file");
	return STATUS_OK;
}

static enum status text_parse(struct parser *parser)
{
	enum status status = bytes_check(parser);
	size_t at = parser->size >= 3 && memcmp(parser->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	for (int64_t number = 1; !status && at < parser->size; number++) {
		struct line line = line_at(parser, at, number);
		status = line_parse(parser, &line);
		at = line.next;
	}
	section_close(parser, parser->size);
	if (!status && !parser->up_line)
		return malformed(parser->error, parser->path, 0,
				 "begin the file with a line -- migrate:up, and put what undoes it "
				 "below -- migrate:down",
				 "the file has no -- migrate:up section");
	return status;
}

enum status migration_parse(struct arena *arena, const char *path, const char *file_name,
			    const char *data, size_t size, const char *word, struct migration *ret,
			    struct error *error)
{
	struct parser parser = {
		.arena = arena,
		.path = path,
		.data = data,
		.size = size,
		.word = word,
		.migration = {.path = arena_text(arena, path), .applies = true, .size = size},
		.error = error,
	};
	if (!migration_name_parse(arena, file_name, &parser.migration.version, &parser.migration.name,
				  &parser.migration.repeatable))
		return malformed(error, path, 0,
				 "call it <UTC YYYYMMDDHHMMSS>_<words>.sql or R_<words>.sql",
				 "the file's name is not a migration's");
	parser.path = parser.migration.path;
	enum status status = text_parse(&parser);
	if (status)
		return status;
	hash_bytes(data, size, parser.migration.checksum);
	*ret = parser.migration;
	return STATUS_OK;
}
