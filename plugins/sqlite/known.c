/* known.c - what a review knows of the tables: which ones the plan made itself, and
 * which hold a copy of another one's rows. No SQL here. */
#include "sqlite/review.h"

#include <string.h>

struct known *known_find(struct known_tables *tables, const char *name)
{
	for (uint64_t i = tables->count; i > 0; i--)
		if (sqlite3_stricmp(tables->items[i - 1].name, name) == 0)
			return &tables->items[i - 1];
	return NULL;
}

static void clear(struct known *table)
{
	sqlite3_free(table->name);
	sqlite3_free(table->origin);
	names_free(&table->fresh);
	names_free(&table->kept_from);
	names_free(&table->kept_as);
}

bool known_add(struct known_tables *tables, int64_t row, const char *name, bool module, bool born)
{
	if (tables->count == tables->capacity) {
		uint64_t capacity = tables->capacity ? tables->capacity * 2 : 32;
		struct known *items = sqlite3_realloc64(tables->items, capacity * sizeof(*items));
		if (!items)
			return false;
		tables->items = items;
		tables->capacity = capacity;
	}
	struct known table = {.row = row, .born = born, .module = module};
	table.name = sqlite3_mprintf("%s", name);
	table.origin = sqlite3_mprintf("%s", name);
	if (!table.name || !table.origin) {
		clear(&table);
		return false;
	}
	tables->items[tables->count++] = table;
	return true;
}

void known_remove(struct known_tables *tables, struct known *table)
{
	known_forget_copies_of(tables, table);
	clear(table);
	struct known *end = tables->items + tables->count;
	memmove(table, table + 1, (size_t)(end - (table + 1)) * sizeof(*table));
	tables->count--;
}

bool known_rename(struct known *table, const char *name)
{
	char *copy = sqlite3_mprintf("%s", name);
	if (!copy)
		return false;
	sqlite3_free(table->name);
	table->name = copy;
	return true;
}

bool known_keep(struct known *table, const char *from, const char *as)
{
	if (names_contain(&table->kept_from, from) || names_contain(&table->kept_as, as))
		return true;
	return names_add(&table->kept_from, from) && names_add(&table->kept_as, as);
}

static void names_drop(struct names *names, uint64_t index)
{
	sqlite3_free(names->items[index]);
	memmove(names->items + index, names->items + index + 1,
		(size_t)(names->count - index - 1) * sizeof(*names->items));
	names->count--;
}

void known_unfresh(struct known *table, const char *column)
{
	for (uint64_t i = 0; i < table->fresh.count; i++)
		if (sqlite3_stricmp(table->fresh.items[i], column) == 0) {
			names_drop(&table->fresh, i);
			return;
		}
}

void known_lose(struct known *table, const char *as)
{
	for (uint64_t i = 0; i < table->kept_as.count; i++)
		if (sqlite3_stricmp(table->kept_as.items[i], as) == 0) {
			names_drop(&table->kept_as, i);
			names_drop(&table->kept_from, i);
			return;
		}
}

void known_forget_copy(struct known *table)
{
	table->copy_of = 0;
	names_clear(&table->kept_from);
	names_clear(&table->kept_as);
}

void known_forget_copies_of(struct known_tables *tables, const struct known *table)
{
	for (uint64_t i = 0; i < tables->count; i++)
		if (tables->items[i].copy_of == table->row)
			known_forget_copy(&tables->items[i]);
}

struct known *known_copy_of(struct known_tables *tables, const struct known *table)
{
	for (uint64_t i = 0; i < tables->count; i++)
		if (tables->items[i].copy_of == table->row && tables->items[i].kept_from.count > 0)
			return &tables->items[i];
	return NULL;
}

bool known_inherit(struct known *copy, const struct known *table)
{
	char *origin = sqlite3_mprintf("%s", table->origin);
	if (!origin)
		return false;
	sqlite3_free(copy->origin);
	copy->origin = origin;
	copy->born = false;
	return true;
}

void known_distrust(struct known_tables *tables)
{
	for (uint64_t i = 0; i < tables->count; i++) {
		tables->items[i].born = false;
		names_clear(&tables->items[i].fresh);
		known_forget_copy(&tables->items[i]);
	}
}

void known_free(struct known_tables *tables)
{
	for (uint64_t i = 0; i < tables->count; i++)
		clear(&tables->items[i]);
	sqlite3_free(tables->items);
	*tables = (struct known_tables){0};
}
