/* conventions.c - the users' conventional words: which connection a flag and
 * its variables mean, and which driver it has unless the INI says otherwise.
 * The only file of the core that may name drivers; it is data, not logic. */
#include "config/private.h"

#include <string.h>

const struct convention conventions[] = {
	{"sqlite", "sqlite", "sql", "the connection sqlite"},
	{"pg", "postgres", "sql", "the connection pg"},
	{"mysql", "mysql", "sql", "the connection mysql"},
	{"mongo", "mongo", "document", "the connection mongo"},
};
const size_t convention_count = COUNT_OF(conventions);

const struct convention_set convention_sets[] = {
	{"sqlite", "SQLITE", {{"path", {"PATH"}}}},
	{"pg",
	 "PG",
	 {{"host", {"HOST"}},
	  {"port", {"PORT"}},
	  {"user", {"USER"}},
	  {"password", {"PASSWORD"}},
	  {"database", {"NAME", "DB_NAME"}}}},
	{"mysql",
	 "DB",
	 {{"host", {"HOST"}},
	  {"port", {"PORT"}},
	  {"user", {"USER"}},
	  {"password", {"PASSWORD"}},
	  {"database", {"NAME"}}}},
	{"mongo", "MONGO", {{"url", {"URI"}}, {"database", {"DB_NAME", "DB", "DATABASE"}}}},
};
const size_t convention_set_count = COUNT_OF(convention_sets);

const struct cache_variable cache_variables[] = {
	{"CACHE_DIR", "file", "dir"},
	{"REDIS_URL", "redis", "url"},
	{"MEMCACHED_HOST", "memcached", "host"},
	{"MEMCACHED_PORT", "memcached", "port"},
};
const size_t cache_variable_count = COUNT_OF(cache_variables);

/* Is `connection` this conventional name, or its test twin's? */
static bool name_is(const char *connection, const char *conventional)
{
	size_t size = strlen(conventional);

	return strncmp(connection, conventional, size) == 0 &&
	       (connection[size] == '\0' || strcmp(connection + size, "_test") == 0);
}

const struct convention_set *convention_set_find(const char *connection)
{
	for (size_t i = 0; i < convention_set_count; i++) {
		if (name_is(connection, convention_sets[i].connection))
			return &convention_sets[i];
	}
	return NULL;
}

const struct convention *convention_find(const char *connection)
{
	for (size_t i = 0; i < convention_count; i++) {
		if (name_is(connection, conventions[i].connection))
			return &conventions[i];
	}
	return NULL;
}

const char *convention_variable_name(const struct convention_set *set, bool twin, const char *role,
				     const char *stem, struct arena *arena)
{
	return arena_printf(arena, "%s_%s%s%s%s", set->prefix, twin ? "TEST_" : "", role ? role : "",
			    role ? "_" : "", stem);
}
