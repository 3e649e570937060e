/* arena.h - memory that is freed together: a project, a folder's listing, a
 * history. Everything taken from an arena lives until arena_free. One arena
 * belongs to one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/mem.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;
};

void *arena_alloc(struct arena *arena, size_t size);                  /* zeroed, aligned to 16 bytes */
char *arena_copy(struct arena *arena, const char *data, size_t size); /* adds a zero */
char *arena_text(struct arena *arena, const char *text);              /* NULL stays NULL */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);
void arena_free(struct arena *arena); /* the arena is empty and usable again */

#endif
