/* names.c - a list of names. */
#include "base/names.h"

#include <stdlib.h>
#include <string.h>

void names_add(struct names *names, const char *name)
{
	VEC_PUSH(names, mem_text(name));
}

bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], name) == 0)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void names_sort(struct names *names)
{
	if (names->count > 0)
		qsort(names->items, names->count, sizeof(*names->items), compare);
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		mem_free(names->items[i]);
	mem_free(names->items);
	*names = (struct names){0};
}
