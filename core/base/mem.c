/* mem.c - allocation that never returns NULL, and the end of a process that has
 * no memory left. It knows no objects; arenas and texts are built on it.
 *
 * The handler is the one thing here that changes: main sets it once, before any
 * thread starts, and nobody can be handed a context when memory is gone. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void (*exhausted_handler)(void);

void mem_on_exhausted(void (*handler)(void))
{
	exhausted_handler = handler;
}

void mem_exhausted(void)
{
	if (exhausted_handler)
		exhausted_handler();
	abort();
}

#ifdef ELOQUENT_FAULTS

#include <pthread.h>
#include <stdatomic.h>

static atomic_llong fault_countdown;
static pthread_once_t fault_once = PTHREAD_ONCE_INIT;

static void fault_read(void)
{
	const char *word = getenv("ELQ_FAULT_ALLOC");

	/* Without the variable the counter starts below 1 and never meets it. */
	atomic_store(&fault_countdown, word ? strtoll(word, NULL, 10) : 0);
}

/* Is this the allocation that has to fail? */
static int fault_due(void)
{
	pthread_once(&fault_once, fault_read);
	return atomic_fetch_sub(&fault_countdown, 1) == 1;
}

#else

static int fault_due(void)
{
	return 0;
}

#endif

void *mem_alloc(size_t size)
{
	void *pointer = fault_due() ? NULL : calloc(1, size ? size : 1);

	if (!pointer)
		mem_exhausted();
	return pointer;
}

void *mem_resize(void *old, size_t old_size, size_t new_size)
{
	char *pointer = fault_due() ? NULL : realloc(old, new_size ? new_size : 1);

	if (!pointer)
		mem_exhausted();
	if (new_size > old_size)
		memset(pointer + old_size, 0, new_size - old_size);
	return pointer;
}

char *mem_copy(const char *data, size_t size)
{
	char *copy;

	if (size == SIZE_MAX)
		mem_exhausted();
	copy = mem_alloc(size + 1);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *mem_text(const char *text)
{
	return text ? mem_copy(text, strlen(text)) : NULL;
}

void mem_free(void *pointer)
{
	free(pointer);
}

void mem_free_text(char **pointer)
{
	free(*pointer);
	*pointer = NULL;
}
