/* names.c - a set of names as SQLite compares them: ASCII case does not matter.
 * A list; one migration names few tables. */
#include "sqlite/internal.h"

bool names_contain(const struct names *names, const char *name)
{
	/* From the end: the authorizer names a table once per column, in a row. */
	for (uint64_t i = names->count; i > 0; i--)
		if (sqlite3_stricmp(names->items[i - 1], name) == 0)
			return true;
	return false;
}

bool names_append(struct names *names, const char *name)
{
	if (names->count == names->capacity) {
		uint64_t capacity = names->capacity ? names->capacity * 2 : 8;
		char **items = sqlite3_realloc64(names->items, capacity * sizeof(*items));
		if (!items)
			return false;
		names->items = items;
		names->capacity = capacity;
	}
	char *copy = sqlite3_mprintf("%s", name);
	if (!copy)
		return false;
	names->items[names->count++] = copy;
	return true;
}

bool names_add(struct names *names, const char *name)
{
	return names_contain(names, name) || names_append(names, name);
}

void names_clear(struct names *names)
{
	for (uint64_t i = 0; i < names->count; i++)
		sqlite3_free(names->items[i]);
	names->count = 0;
}

void names_free(struct names *names)
{
	names_clear(names);
	sqlite3_free(names->items);
	*names = (struct names){0};
}
