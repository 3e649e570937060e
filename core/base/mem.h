/* mem.h - allocation in the core never returns NULL.
 *
 * When memory is gone the process ends at once through the function that main
 * installs: it says so in one sentence (or one JSON document) and exits 1. That is
 * the same event for the databases as kill -9, which every run survives by
 * design (transactions roll back, the history says what stands), so there is
 * one recovery path instead of a second one that is hardly ever taken.
 * Plugins are guests in a process and do return ELQ_ERR_NOMEM.
 *
 * Built with ELOQUENT_FAULTS, the environment variable ELQ_FAULT_ALLOC=n makes
 * the n-th allocation fail. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#define CLEANUP(function) __attribute__((cleanup(function)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(string, first) __attribute__((format(printf, string, first)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* All [any thread]. Sizes in bytes; zeroed memory. mem_free accepts NULL. */
void *mem_alloc(size_t size);
void *mem_resize(void *old, size_t old_size, size_t new_size); /* the growth is zeroed */
char *mem_copy(const char *data, size_t size);                 /* adds a terminating zero */
char *mem_text(const char *text);                              /* NULL stays NULL */
void mem_free(void *pointer);
void mem_free_text(char **pointer); /* for CLEANUP */

/* Called when an allocation failed; must not return. Set once by main before
 * any thread starts. Without it the process aborts. */
void mem_on_exhausted(void (*handler)(void));
/* Ends the process as a failed allocation does. */
_Noreturn void mem_exhausted(void);

/* Grows an array `items` of `capacity` for one more element behind `count`. */
#define VEC_RESERVE(vec)                                                                               \
	do {                                                                                           \
		if ((vec)->count == (vec)->capacity) {                                                 \
			size_t grown_ = (vec)->capacity ? (vec)->capacity * 2 : 8;                     \
			(vec)->items =                                                                 \
				mem_resize((vec)->items, (vec)->capacity * sizeof(*(vec)->items),      \
					   grown_ * sizeof(*(vec)->items));                            \
			(vec)->capacity = grown_;                                                      \
		}                                                                                      \
	} while (0)
#define VEC_PUSH(vec, value)                                                                           \
	do {                                                                                           \
		VEC_RESERVE(vec);                                                                      \
		(vec)->items[(vec)->count++] = (value);                                                \
	} while (0)

#endif
