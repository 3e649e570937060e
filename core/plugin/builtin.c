/* builtin.c - the plugins that are part of the program. The table comes from the
 * build; this room only looks into it. */
#include "plugin/private.h"

static const struct builtin none[] = {{NULL, NULL}};

/* Set once by main, before any thread; part of the process-wide plugin table. */
static const struct builtin *builtins = none;

void builtin_set(const struct builtin *table)
{
	builtins = table;
}

const struct builtin *builtin_at(size_t index)
{
	for (size_t i = 0; builtins[i].entry != NULL; i++)
		if (i == index)
			return &builtins[i];
	return NULL;
}

const struct builtin *builtin_find(uint32_t kind, const char *name)
{
	const struct builtin *builtin;
	for (size_t i = 0; (builtin = builtin_at(i)) != NULL; i++)
		if (builtin->note()->kind == kind && text_equal(builtin->note()->name, name))
			return builtin;
	return NULL;
}
