/* memory.h - SQLite's allocator under a test: the n-th allocation fails. */
#ifndef TEST_SQLITE_MEMORY_H
#define TEST_SQLITE_MEMORY_H

#include "harness.h"

#include <sqlite3.h>

static sqlite3_mem_methods usual;
static int64_t countdown; /* the allocation that fails; 0: none */
static bool has_failed;

static inline bool fails_now(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	has_failed = true;
	return true;
}

static inline void *failing_malloc(int size)
{
	return fails_now() ? NULL : usual.xMalloc(size);
}

static inline void *failing_realloc(void *old, int size)
{
	return fails_now() ? NULL : usual.xRealloc(old, size);
}

/* Before the library is used for the first time in this process. */
static inline int memory_install(void **state)
{
	int (*config)(int, ...) = NULL;
	void *symbol = library("sqlite3_config");
	memcpy(&config, &symbol, sizeof(config));
	if (config(SQLITE_CONFIG_GETMALLOC, &usual) != SQLITE_OK)
		return -1;
	sqlite3_mem_methods failing = usual;
	failing.xMalloc = failing_malloc;
	failing.xRealloc = failing_realloc;
	if (config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK)
		return -1;
	return load_plugin(state);
}

#endif
