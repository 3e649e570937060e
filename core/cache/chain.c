/* chain.c - the chain as one cache: which plugins it needs, and reading and writing
 * through it. */
#include "cache/private.h"

#include <string.h>

static enum status load(struct cache *cache, struct link *link, const char *name, struct error *error)
{
	link->name = name;
	link->owner = arena_printf(&cache->arena, "[cache:%s]", name);
	link->settings = project_cache_settings(cache->project, name);
	enum status status = cache_load(cache->observer, cache->project, name, &link->plugin, error);
	if (status == STATUS_OK)
		return status;
	const struct cache_chain *chain = &cache->project->cache;
	error_prefix(error, "the cache's chain for %s (%s)", chain->word,
		     origin_text(&chain->origin, &cache->arena));
	return status;
}

/* Nobody chose the default chain: what this installation lacks of it is left out, unless the
 * store has settings, by which somebody counts on it. */
static bool may_be_left_out(const struct cache *cache, const struct link *link)
{
	return !cache->project->cache.chosen && link->settings.count == 0;
}

/* Loads the chain's plugins. */
static enum status load_all(struct cache *cache, struct error *error)
{
	const struct cache_chain *chain = &cache->project->cache;
	TEXT_CLEANUP struct text missing = {0};
	if (chain->store_count == 0) {
		error_set(error, STATUS_CONFIG, "the cache's chain for %s (%s) names no store",
			  chain->word, origin_text(&chain->origin, &cache->arena));
		error_hint(error, "write the names of its stores under [cache] %s", chain->word);
		return STATUS_CONFIG;
	}
	for (size_t i = 0; i < chain->store_count; i++) {
		struct link *link = &cache->links[cache->count];
		enum status status = load(cache, link, chain->stores[i], error);
		cache->count++;
		if (status == STATUS_PLUGIN_MISSING && may_be_left_out(cache, link)) {
			error_clear(error);
			*link = (struct link){0};
			cache->count--;
			text_printf(&missing, "%s%s", missing.size ? ", " : "", chain->stores[i]);
		} else if (status) {
			return status;
		}
	}
	if (cache->count)
		return STATUS_OK;
	error_set(error, STATUS_PLUGIN_MISSING,
		  "no cache is chosen for %s, and of the default chain (%s) no store is installed",
		  chain->word, text_string(&missing));
	error_hint(error,
		   "name an installed one under [cache] in eloquent.ini, as in \"%s = file\"; eloquent "
		   "plugin:list shows which there are",
		   chain->word);
	return STATUS_PLUGIN_MISSING;
}

enum status cache_open(struct observer *observer, const struct project *project, struct cache **ret,
		       struct error *error)
{
	const struct cache_chain *chain = &project->cache;
	struct cache *cache = mem_alloc(sizeof(*cache));
	cache->observer = observer;
	cache->project = project;
	cache->prefix = chain->prefix;
	enum status status = load_all(cache, error);
	/* A store that is wrongly configured is a mistake to be mended, not one that is down. */
	for (size_t i = 0; i < cache->count && status == STATUS_OK; i++) {
		ERROR_CLEANUP struct error why = {0};
		if (link_open(cache, &cache->links[i], &why) != STATUS_CONFIG)
			continue;
		status = STATUS_CONFIG;
		error_move(error, &why);
	}
	if (status != STATUS_OK) {
		cache_close(cache);
		return status;
	}
	*ret = cache;
	return STATUS_OK;
}

void cache_close(struct cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < cache->count; i++) {
		store_close(cache->links[i].store);
		error_clear(&cache->links[i].error);
	}
	arena_free(&cache->arena);
	mem_free(cache);
}

size_t cache_store_count(const struct cache *cache)
{
	return cache->count;
}

const char *cache_store_name(const struct cache *cache, size_t index)
{
	return cache->links[index].name;
}

enum status cache_find_store(const struct cache *cache, const char *name, size_t *ret,
			     struct error *error)
{
	TEXT_CLEANUP struct text known = {0};
	for (size_t i = 0; i < cache->count; i++) {
		if (text_equal(cache->links[i].name, name)) {
			*ret = i;
			return STATUS_OK;
		}
		text_printf(&known, "%s%s", i > 0 ? ", " : "", cache->links[i].name);
	}
	error_set(error, STATUS_UNKNOWN_NAME, "the cache's chain for %s has no store \"%s\"",
		  cache->project->cache.word, name);
	error_hint(error, "it has: %s", text_string(&known));
	return STATUS_UNKNOWN_NAME;
}

/* ---- keys ------------------------------------------------------------------------------ */

static enum status make_key(const struct cache *cache, const char *key, struct text *ret,
			    struct error *error)
{
	size_t size = strlen(key);
	if (size == 0 || size > CACHE_KEY_CAP || key[0] == '\001')
		return error_set(error, STATUS_INTERNAL,
				 "a cache key has 1 to %u bytes and does not begin with byte 1",
				 CACHE_KEY_CAP);
	text_add(ret, cache->prefix);
	text_add(ret, key);
	return STATUS_OK;
}

static struct elq_str str_of(const struct text *text)
{
	return (struct elq_str){text->data, text->size};
}

/* ---- reading and writing ------------------------------------------------------------------ */

enum status cache_get(struct cache *cache, const char *key, struct text *ret, bool *ret_found,
		      struct error *error)
{
	TEXT_CLEANUP struct text whole = {0};
	enum status status = make_key(cache, key, &whole, error);
	if (status != STATUS_OK)
		return status;
	links_join(cache);
	for (size_t i = 0; i < cache->count; i++) {
		struct link *link = &cache->links[i];
		ERROR_CLEANUP struct error why = {0};
		if (!link->up)
			continue;
		if (store_get(link->store, str_of(&whole), ret, ret_found, &why) == STATUS_OK)
			return STATUS_OK;
		link_fail(cache, link, &why);
	}
	return links_all_down(cache, error);
}

/* The first store that takes the value has it; from each other one, and without a value from
 * all, the key is removed: none may keep what stood there before. */
static enum status write_through(struct cache *cache, const char *key, const struct elq_str *value,
				 int64_t ttl_us, bool *ret_removed, struct error *error)
{
	TEXT_CLEANUP struct text whole = {0};
	bool done = false, any = false;
	enum status status = make_key(cache, key, &whole, error);
	if (status != STATUS_OK)
		return status;
	links_join(cache);
	for (size_t i = 0; i < cache->count; i++) {
		struct link *link = &cache->links[i];
		ERROR_CLEANUP struct error why = {0};
		bool removed = false;
		if (!link->up)
			continue;
		if (value && !done)
			status = store_set(link->store, str_of(&whole), *value, ttl_us, &why);
		else
			status = store_remove(link->store, str_of(&whole), &removed, &why);
		if (status == STATUS_OK)
			done = true;
		else
			link_fail(cache, link, &why);
		any |= removed;
	}
	links_record_missed(cache);
	if (!done)
		return links_all_down(cache, error);
	*ret_removed = any;
	return STATUS_OK;
}

enum status cache_set(struct cache *cache, const char *key, const char *value, size_t size,
		      int64_t ttl_us, struct error *error)
{
	const struct elq_str bytes = {value, size};
	bool ignored;
	if (size > CACHE_VALUE_CAP)
		return error_set(error, STATUS_INTERNAL, "a cache value has at most %zu bytes",
				 CACHE_VALUE_CAP);
	return write_through(cache, key, &bytes, ttl_us, &ignored, error);
}

enum status cache_remove(struct cache *cache, const char *key, bool *ret_removed, struct error *error)
{
	return write_through(cache, key, NULL, 0, ret_removed, error);
}
