/* floor.h - the little that the floors share: leaving with a sentence, and the
 * names and bytes of a folder of migrations. Nothing here is part of the
 * program; a floor does the least that the work needs. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>

#define PRINTF(string, first) __attribute__((format(printf, string, first)))

/* Prints one line on standard error and exits 1. */
_Noreturn void floor_fail(const char *format, ...) PRINTF(1, 2);

/* The names that end in .sql below an open folder, sorted; lives until the
 * process ends. */
struct floor_names {
	char **items;
	size_t count;
};
struct floor_names floor_list(int folder);

/* One buffer, reused for every file: data is size bytes and a zero. */
struct floor_buffer {
	char *data;
	size_t size;
	size_t capacity;
};
void floor_read(int folder, const char *name, struct floor_buffer *buffer);

#endif
