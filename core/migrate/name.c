/* name.c - what a migration's file is called: its version, its name, and how
 * both are compared. It opens nothing. */
#include "migrate/private.h"

#include <string.h>

#define EXTENSION ".sql"
#define REPEATABLE "R_"

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

bool migration_name_parse(struct arena *arena, const char *file_name, const char **ret_version,
			  const char **ret_name, bool *ret_repeatable)
{
	size_t size = strlen(file_name);
	if (!text_ends(file_name, EXTENSION))
		return false;
	size -= strlen(EXTENSION);
	bool repeatable = text_starts(file_name, REPEATABLE) && size > strlen(REPEATABLE);
	size_t version = digits(file_name);
	if (!repeatable && !version)
		return false;
	if (ret_version)
		*ret_version = arena_copy(arena, file_name, repeatable ? 0 : version);
	if (ret_name)
		*ret_name = arena_copy(arena, file_name, size);
	if (ret_repeatable)
		*ret_repeatable = repeatable;
	return true;
}

int version_compare(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	size_t a_size = strlen(a);
	size_t b_size = strlen(b);
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	return strcmp(a, b);
}

bool name_matches(const char *name, const char *typed)
{
	size_t size = strlen(name);
	return strncmp(name, typed, size) == 0 && (!typed[size] || text_equal(typed + size, EXTENSION));
}

void name_unknown(const struct migrator *migrator, const char *typed, struct error *error)
{
	struct arena arena = {0};
	const char **names = arena_alloc(&arena, (migrator->row_count + 1) * sizeof(*names));
	for (size_t i = 0; i < migrator->row_count; i++)
		names[i] = migrator->rows[i].name;
	const char *nearest = text_nearest(typed, names, migrator->row_count);
	error_set(error, STATUS_UNKNOWN_NAME, "no migration is called \"%s\" in %s", typed,
		  migrator->folder_path);
	if (nearest)
		error_hint(error, "the nearest name is %s; names match exactly, with or without %s",
			   nearest, EXTENSION);
	else
		error_hint(error, "eloquent migrate:status shows the names");
	arena_free(&arena);
}
