/* names.h - a list of names: of a folder's files, of connections. All [any thread]. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include "base/mem.h"

#include <stdbool.h>

struct names { /* {0} to begin with; owns its items */
	char **items;
	size_t count;
	size_t capacity;
};
void names_add(struct names *names, const char *name); /* a copy */
bool names_have(const struct names *names, const char *name);
void names_sort(struct names *names); /* by bytes: the same on every disk and locale */
void names_free(struct names *names);

#endif
