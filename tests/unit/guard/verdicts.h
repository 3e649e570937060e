/* verdicts.h - tests/guard/verdicts.csv as masks over the space of facts. The
 * rules of reading are those of tests/guard/README.md; a file that does not keep
 * to them ends the test with its line. */
#ifndef TEST_GUARD_VERDICTS_H
#define TEST_GUARD_VERDICTS_H

#include "space.h"

#include <stdlib.h>
#include <string.h>

enum row_kind { ROW_ALLOW, ROW_ASK, ROW_LOOK, ROW_REFUSE, ROW_WARN, ROW_KIND_COUNT };
static const char *const row_kinds[ROW_KIND_COUNT] = {"allow", "ask", "look", "refuse", "warn"};

/* A combination as bits: three per fact (unknown, no, yes), two per member of the
 * command's row (no, yes), one per class. A mask holds the bits that match. */
__extension__ typedef unsigned __int128 mask;
#define BIT_FACT(i, value) ((mask)1 << (3 * (i) + (value)))
#define BIT_SCHEMA(value) ((mask)1 << (3 * FACT_COUNT + (value)))
#define BIT_CONFIRMS(value) ((mask)1 << (3 * FACT_COUNT + 2 + (value)))
#define BIT_CLASS(class_) ((mask)1 << (3 * FACT_COUNT + 4 + (class_)))
#define ALL_CLASSES (BIT_CLASS(CLASS_COUNT) - BIT_CLASS(0))
#define ALL_BITS (BIT_CLASS(CLASS_COUNT) - 1)

/* One alternative of one row. */
struct alternative {
	unsigned line;
	unsigned number; /* within the row, from 1 */
	enum row_kind kind;
	uint32_t name; /* GUARD_REASON_*, GUARD_ASK_* or GUARD_WARN_* */
	mask matches;
	uint64_t alone; /* combinations in which only this one says the name */
};

#define ALTERNATIVES_CAP 256
struct verdicts {
	struct alternative items[ALTERNATIVES_CAP];
	size_t count;
};

_Noreturn static inline void verdicts_die(unsigned line, const char *what, const char *word)
{
	fprintf(stderr, "verdicts.csv:%u: %s: \"%s\"\n", line, what, word);
	exit(1);
}

static inline uint32_t name_of(enum row_kind kind, const char *word, unsigned line)
{
	static const struct {
		enum row_kind kind;
		const char *word;
		uint32_t bit;
	} others[] = {
		{ROW_ALLOW, "", 1},
		{ROW_ASK, "destroy", GUARD_ASK_DESTROY},
		{ROW_ASK, "name", GUARD_ASK_NAME},
		{ROW_WARN, "stamp_mismatch", GUARD_WARN_STAMP_MISMATCH},
		{ROW_WARN, "other_stamp", GUARD_WARN_OTHER_STAMP},
		{ROW_WARN, "role", GUARD_WARN_ROLE},
	};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].kind == kind && strcmp(others[i].word, word) == 0)
			return others[i].bit;
	bool unknown = strncmp(word, "unknown_", 8) == 0;
	for (unsigned i = 0; i < GUARD_REASON_COUNT; i++)
		if (strcmp(guard_reason_word(i), word) == 0 &&
		    ((kind == ROW_LOOK && unknown) || (kind == ROW_REFUSE && !unknown)))
			return 1u << i;
	verdicts_die(line, "no such name for this verdict", word);
}

/* Takes the first `end`-terminated piece off *rest; NULL when nothing is left. */
static inline char *piece(char **rest, const char *end)
{
	char *start = *rest;
	if (!start)
		return NULL;
	char *found = strstr(start, end);
	*rest = found ? found + strlen(end) : NULL;
	if (found)
		*found = 0;
	return start;
}

static inline mask value_bit(const char *fact, const char *value, unsigned line)
{
	int number = -1;
	for (int i = 0; i <= FACT_YES; i++)
		if (strcmp(space_values[i], value) == 0)
			number = i;
	if (number < 0)
		verdicts_die(line, "no such value", value);
	for (unsigned i = 0; i < FACT_COUNT; i++)
		if (strcmp(space_facts[i].name, fact) == 0) {
			if (fact_is_given(i) && number == FACT_UNKNOWN)
				verdicts_die(line, "this one is given or not", fact);
			return BIT_FACT(i, number);
		}
	if (number == FACT_UNKNOWN)
		verdicts_die(line, "a command's row is never unknown", fact);
	if (strcmp(fact, "changes_schema") == 0)
		return BIT_SCHEMA(number == FACT_YES);
	if (strcmp(fact, "confirms") == 0)
		return BIT_CONFIRMS(number == FACT_YES);
	verdicts_die(line, "no such fact", fact);
}

/* The bits of the whole coordinate that a bit belongs to. */
static inline mask bits_beside(mask bit)
{
	for (unsigned i = 0; i < FACT_COUNT; i++)
		if (bit & (BIT_FACT(i, 0) | BIT_FACT(i, 1) | BIT_FACT(i, 2)))
			return BIT_FACT(i, 0) | BIT_FACT(i, 1) | BIT_FACT(i, 2);
	if (bit & (BIT_SCHEMA(0) | BIT_SCHEMA(1)))
		return BIT_SCHEMA(0) | BIT_SCHEMA(1);
	return BIT_CONFIRMS(0) | BIT_CONFIRMS(1);
}

/* "a=yes b=no|unknown" narrows a mask. */
static inline mask conditions(mask matches, char *text, unsigned line)
{
	for (char *word; (word = piece(&text, " "));) {
		if (!*word)
			continue;
		char *values = strchr(word, '=');
		if (!values)
			verdicts_die(line, "no condition", word);
		*values++ = 0;
		mask bits = 0;
		for (char *value; (value = piece(&values, "|"));)
			bits |= value_bit(word, value, line);
		if ((matches & bits_beside(bits)) != bits_beside(bits))
			verdicts_die(line, "said twice", word);
		matches &= ~bits_beside(bits) | bits;
	}
	return matches;
}

static inline mask classes(char *text, unsigned line)
{
	mask bits = 0;
	if (strcmp(text, "*") == 0)
		return ALL_CLASSES;
	for (char *word; (word = piece(&text, " "));) {
		mask bit = 0;
		for (unsigned i = 0; i < CLASS_COUNT; i++)
			if (strcmp(space_classes[i], word) == 0)
				bit = BIT_CLASS(i);
		if (!bit)
			verdicts_die(line, "no such class", word);
		bits |= bit;
	}
	return bits;
}

static inline void verdicts_add_row(struct verdicts *verdicts, char *text, unsigned line)
{
	char *verdict = piece(&text, ",");
	char *name = piece(&text, ",");
	char *class_ = piece(&text, ",");
	char *where = piece(&text, ",");
	char *when = piece(&text, ",");
	if (!text || text[0] != '"' || strlen(text) < 3)
		verdicts_die(line, "six cells, and the last says why in quotes", verdict);
	struct alternative row = {.line = line, .kind = ROW_KIND_COUNT};
	for (unsigned i = 0; i < ROW_KIND_COUNT; i++)
		if (strcmp(row_kinds[i], verdict) == 0)
			row.kind = (enum row_kind)i;
	if (row.kind == ROW_KIND_COUNT)
		verdicts_die(line, "no such verdict", verdict);
	row.name = name_of(row.kind, name, line);
	row.matches = (ALL_BITS & ~ALL_CLASSES) | classes(class_, line);
	row.matches = conditions(row.matches, when, line);
	for (char *one; (one = piece(&where, " or "));) {
		if (verdicts->count == ALTERNATIVES_CAP)
			verdicts_die(line, "too many rows for this test", verdict);
		struct alternative *item = &verdicts->items[verdicts->count++];
		*item = row;
		item->number = ++row.number;
		item->matches = conditions(row.matches, one, line);
	}
}

/* Reads the whole file; ends the process with a message when it is malformed. */
static inline void verdicts_read(struct verdicts *verdicts, const char *path)
{
	char text[1024];
	unsigned line = 0;
	bool header = false;
	FILE *file = fopen(path, "re");
	if (!file)
		verdicts_die(0, "cannot be read", path);
	while (fgets(text, sizeof(text), file)) {
		line++;
		if (!strchr(text, '\n'))
			verdicts_die(line, "too long, or without an end", text);
		*strchr(text, '\n') = 0;
		if (!*text || *text == '#')
			continue;
		if (header)
			verdicts_add_row(verdicts, text, line);
		else if (strcmp(text, "verdict,names,class,where,when,because") != 0)
			verdicts_die(line, "not the header", text);
		header = true;
	}
	fclose(file);
}

#endif
