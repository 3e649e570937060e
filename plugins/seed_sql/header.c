/* header.c - see header.h. Line by line, and not by the database's rules: which of its
 * lines are comments to the database is the driver's to say, and it is not here. Above the
 * first statement lines that begin with -- and block comments are comments to every one. A
 * near miss is refused, because to the database it would be a comment. */
#include "seed_sql/header.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct line {
	const char *text; /* without its end */
	uint64_t size;
	uint64_t number;
};

struct parser {
	struct header *header;
	struct header_problem *problem;
	bool statements; /* something that is no comment was seen */
	bool comment;    /* above them: inside a block comment */
	bool storage;
};

__attribute__((format(printf, 4, 5))) static bool refuse(const struct parser *parser,
							 const struct line *line, const char *remedy,
							 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(parser->problem->what, sizeof(parser->problem->what), format, args);
	va_end(args);
	parser->problem->line = line->number;
	parser->problem->remedy = remedy;
	return false;
}

/* For %.*s: what is shown of a word. */
static int shown(uint64_t size)
{
	return size > 60 ? 60 : (int)size;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static uint64_t blanks(const char *text, uint64_t size)
{
	uint64_t count = 0;
	while (count < size && is_blank(text[count]))
		count++;
	return count;
}

/* Blanks, and whatever else a person does not see or takes for one: a byte order mark in the
 * midst of a file, a no-break space. */
static uint64_t unseen(const char *text, uint64_t size)
{
	uint64_t count = 0;
	while (count < size &&
	       ((unsigned char)text[count] <= ' ' || (unsigned char)text[count] >= 0x80))
		count++;
	return count;
}

static uint64_t word_size(const char *text, uint64_t size)
{
	uint64_t count = 0;
	while (count < size && !is_blank(text[count]))
		count++;
	return count;
}

/* ---- what the directive says ------------------------------------------------------ */

static const char example[] = "write for example -- eloquent:seed environments=development,staging";

static bool word_is_valid(const char *word, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++) {
		char c = word[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return size > 0 && size <= 64;
}

static bool take_environments(const struct parser *parser, const struct line *line, const char *list,
			      uint64_t size)
{
	char *to = parser->header->environments;
	if (*to)
		return refuse(parser, line, "join them: environments=development,staging",
			      "environments stand twice in a seed's directive");
	if (size + 1 >= HEADER_ENVIRONMENTS_CAP)
		return refuse(parser, line, example, "the list of environments is too long");
	for (uint64_t at = 0; at <= size;) {
		const char *comma = memchr(list + at, ',', (size_t)(size - at));
		uint64_t end = comma ? (uint64_t)(comma - list) : size;
		if (!word_is_valid(list + at, end - at))
			return refuse(parser, line, example, "\"%.*s\" is not an environment's word",
				      shown(end - at), list + at);
		at = end + 1;
	}
	memcpy(to, list, (size_t)size);
	to[size] = '\0';
	for (; *to; to++)
		if (*to == ',')
			*to = ' ';
	return true;
}

static bool take_storage(struct parser *parser, const struct line *line, const char *word,
			 uint64_t size)
{
	if (parser->storage)
		return refuse(parser, line, "say it once",
			      "the storage stands twice in a seed's directive");
	parser->storage = true;
	if (size == 3 && memcmp(word, "sql", 3) == 0)
		return true;
	return refuse(parser, line, "an SQL script is for storage=sql, which need not be said",
		      "\"%.*s\" is not a storage that an SQL script can be sown into", shown(size),
		      word);
}

static bool take_option(struct parser *parser, const struct line *line, const char *word, uint64_t size)
{
	static const char environments[] = "environments=";
	static const char storage[] = "storage=";
	const uint64_t first = sizeof(environments) - 1, second = sizeof(storage) - 1;
	if (size >= first && memcmp(word, environments, (size_t)first) == 0)
		return take_environments(parser, line, word + first, size - first);
	if (size >= second && memcmp(word, storage, (size_t)second) == 0)
		return take_storage(parser, line, word + second, size - second);
	return refuse(parser, line, "a seed's directive knows environments=WORD,... and storage=sql",
		      "\"%.*s\" is not known in a seed's directive", shown(size), word);
}

/* "--" at the start of the line, and blanks alone behind it. rest: behind "eloquent:". */
static bool begins_right(const struct line *line, const char *rest)
{
	const char *word = rest - 9;
	return line->text[0] == '-' && memcmp(word, "eloquent:", 9) == 0 &&
	       line->text + 2 + blanks(line->text + 2, line->size - 2) == word;
}

/* rest: behind "-- eloquent:". */
static bool take_directive(struct parser *parser, const struct line *line, const char *rest,
			   uint64_t size)
{
	uint64_t word = word_size(rest, size);
	if (!begins_right(line, rest) || word != 4 || memcmp(rest, "seed", 4) != 0)
		return refuse(parser, line,
			      "a seed has -- eloquent:seed, at the start of a line, in small letters",
			      "\"%.*s\" is not a seed's directive", shown(line->size), line->text);
	if (parser->statements)
		return refuse(parser, line, "put it above the first statement",
			      "a seed's directive stands below its first statement");
	if (parser->comment)
		return refuse(parser, line, "end the comment above it, or take the line out",
			      "a seed's directive stands inside a block comment");
	if (parser->header->line)
		return refuse(parser, line, "join them into one line", "a second -- eloquent:seed");
	parser->header->line = line->number;
	bool any = false;
	for (uint64_t at = word; at < size; any = true) {
		at += blanks(rest + at, size - at);
		if (at == size)
			break;
		uint64_t option = word_size(rest + at, size - at);
		if (!take_option(parser, line, rest + at, option))
			return false;
		at += option;
	}
	return any || refuse(parser, line, example, "an -- eloquent:seed that says nothing");
}

/* ---- lines ------------------------------------------------------------------------- */

static bool begins(const struct line *line, uint64_t at, const char *with)
{
	return line->size - at >= strlen(with) && memcmp(line->text + at, with, strlen(with)) == 0;
}

/* What stands in a comment of this kind is run by MySQL and its kin. */
static bool is_run(const struct line *line, uint64_t at)
{
	return begins(line, at, "/*!") || begins(line, at, "/*M!");
}

/* Where the rest of a line begins that is in no block comment. Below the first statement
 * nobody asks: what opens a comment there may stand in a string. */
static uint64_t behind_comments(struct parser *parser, const struct line *line)
{
	uint64_t at = 0;
	for (;;) {
		at += unseen(line->text + at, line->size - at);
		bool opens = begins(line, at, "/*") && !is_run(line, at);
		if (parser->statements || (!parser->comment && !opens))
			return at;
		at += parser->comment ? 0 : 2;
		const char *end = memmem(line->text + at, (size_t)(line->size - at), "*/", 2);
		parser->comment = !end;
		if (!end)
			return line->size;
		at = (uint64_t)(end - line->text) + 2;
	}
}

/* at: of "--". */
static bool take_comment(struct parser *parser, const struct line *line, uint64_t at)
{
	at += 2;
	at += unseen(line->text + at, line->size - at);
	const char *rest = line->text + at;
	uint64_t left = line->size - at;
	if (left >= 9 && strncasecmp(rest, "eloquent:", 9) == 0)
		return take_directive(parser, line, rest + 9, left - 9);
	if (left >= 8 && strncasecmp(rest, "migrate:", 8) == 0)
		return refuse(parser, line, "keep migrations in the migrations folder",
			      "this is a migration, not a seed");
	return true;
}

/* A line is looked at as it stands, and as what a block comment leaves of it. */
static bool take_line(struct parser *parser, const struct line *line)
{
	uint64_t first = unseen(line->text, line->size);
	bool commented = begins(line, first, "--");
	if (commented && !take_comment(parser, line, first))
		return false;
	if (commented && !parser->comment)
		return true;
	uint64_t at = behind_comments(parser, line);
	if (at == line->size)
		return true;
	if (begins(line, at, "--"))
		return take_comment(parser, line, at);
	parser->statements = true;
	return true;
}

bool header_parse(const char *data, uint64_t size, struct header *ret,
		  struct header_problem *ret_problem)
{
	struct parser parser = {.header = ret, .problem = ret_problem};
	*ret = (struct header){.line = 0};
	*ret_problem = (struct header_problem){.line = 0};
	struct line line = {.number = 1};
	/* As in migrations, a byte order mark at the start is none of the first line's. */
	uint64_t first = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	for (uint64_t at = first; at < size; line.number++) {
		const char *end = memchr(data + at, '\n', (size_t)(size - at));
		uint64_t next = end ? (uint64_t)(end - data) + 1 : size;
		line.text = data + at;
		line.size = next - at - (end ? 1 : 0);
		if (line.size && line.text[line.size - 1] == '\r')
			line.size--;
		if (!take_line(&parser, &line))
			return false;
		at = next;
	}
	return true;
}

const char *header_name(const char *file_name, uint64_t *ret_size)
{
	uint64_t size = strlen(file_name);
	const char *name = file_name;
	if (size < 5 || strcmp(file_name + size - 4, ".sql") != 0)
		return NULL;
	size -= 4;
	while (size && *name >= '0' && *name <= '9')
		name++, size--;
	while (size && name > file_name && (*name == '_' || *name == '-'))
		name++, size--;
	for (uint64_t i = 0; i < size; i++) {
		char c = name[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool other = (c >= '0' && c <= '9') || c == '_' || c == '-';
		if (!letter && (!other || i == 0))
			return NULL;
	}
	*ret_size = size;
	return size && size <= 128 ? name : NULL;
}
