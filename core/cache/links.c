/* links.c - the stores of a chain, one by one: opening, failing, and coming back. The
 * rule of the generation stands in cache.h. */
#include "cache/private.h"

#include <inttypes.h>
#include <stdio.h>

/* How long a store that failed is left alone, and how long one call may take. */
#define RETRY_NS (INT64_C(1000) * 1000 * 1000)
#define STORE_TIMEOUT_US (INT64_C(3) * 1000 * 1000)

/* The host's own key (eloquent/cache.h). */
static struct elq_str generation_key(struct cache *cache, char key[CACHE_PREFIX_CAP + 32])
{
	int size = snprintf(key, CACHE_PREFIX_CAP + 32, "%s\001generation", cache->prefix);
	return (struct elq_str){key, (uint64_t)size};
}

enum status link_open(struct cache *cache, struct link *link, struct error *error)
{
	if (link->store != NULL)
		return STATUS_OK;
	enum status status = store_open(cache->observer, cache->project, link->owner, &link->settings,
					link->plugin, cache->prefix, &link->store, error);
	if (status == STATUS_OK)
		store_set_timeout(link->store, STORE_TIMEOUT_US);
	return status;
}

enum status link_read_generation(struct cache *cache, struct link *link, struct error *error)
{
	char key[CACHE_PREFIX_CAP + 32];
	TEXT_CLEANUP struct text value = {0};
	bool found;
	int64_t number = 0;
	enum status status = store_get(link->store, generation_key(cache, key), &value, &found, error);
	if (status != STATUS_OK)
		return status;
	/* What is no number was not written by us, and nothing can be behind it. */
	if (!found || !parse_integer(text_string(&value), &number) || number < 0)
		number = 0;
	link->generation = number;
	return STATUS_OK;
}

enum status link_write_generation(struct cache *cache, struct link *link, int64_t generation,
				  struct error *error)
{
	char key[CACHE_PREFIX_CAP + 32], value[32];
	int size = snprintf(value, sizeof(value), "%" PRId64, generation);
	enum status status = store_set(link->store, generation_key(cache, key),
				       (struct elq_str){value, (uint64_t)size}, 0, error);
	if (status == STATUS_OK)
		link->generation = generation;
	return status;
}

void link_fail(struct cache *cache, struct link *link, struct error *error)
{
	if (link->up || link->tried_ns == 0)
		log_write(cache->observer, LOG_WARN, "the cache store %s is down: %s", link->name,
			  error->message);
	link_down(link, error);
}

void link_down(struct link *link, struct error *error)
{
	link->up = false;
	link->missed = false;
	link->tried_ns = clock_monotonic_ns();
	error_move(&link->error, error);
}

int64_t links_generation(const struct cache *cache)
{
	int64_t highest = 0;
	for (size_t i = 0; i < cache->count; i++)
		if (cache->links[i].generation > highest)
			highest = cache->links[i].generation;
	return highest;
}

/* By the clock: two stores may each have been down while the other was written, in
 * processes that saw only one of them, and the later writer is right. */
int64_t links_next_generation(const struct cache *cache)
{
	int64_t now = clock_wall_us(), highest = links_generation(cache);
	return now > highest ? now : highest + 1;
}

/* Opened and asked, but not yet used. */
static bool reach(struct cache *cache, struct link *link)
{
	ERROR_CLEANUP struct error error = {0};
	int64_t now = clock_monotonic_ns();
	if (link->up)
		return true;
	if (link->tried_ns != 0 && now - link->tried_ns < RETRY_NS)
		return false;
	enum status status = link_open(cache, link, &error);
	if (status == STATUS_OK)
		status = link_read_generation(cache, link, &error);
	if (status != STATUS_OK)
		link_fail(cache, link, &error);
	return status == STATUS_OK;
}

static void catch_up(struct cache *cache, struct link *link, int64_t generation)
{
	ERROR_CLEANUP struct error error = {0};
	int64_t removed = 0;
	enum status status = STATUS_OK;
	if (link->generation < generation) {
		status = store_clear(link->store, cache->prefix, &removed, &error);
		if (status == STATUS_OK)
			status = link_write_generation(cache, link, generation, &error);
		if (status == STATUS_OK)
			log_write(cache->observer, LOG_INFO,
				  "the cache store %s had missed writes; its %" PRId64
				  " entries were removed",
				  link->name, removed);
	}
	if (status != STATUS_OK) {
		link_fail(cache, link, &error);
		return;
	}
	link->up = true;
	link->tried_ns = 0;
	error_clear(&link->error);
}

void links_join(struct cache *cache)
{
	bool reached[CACHE_STORES_CAP] = {false};
	for (size_t i = 0; i < cache->count; i++)
		reached[i] = reach(cache, &cache->links[i]);
	int64_t generation = links_generation(cache);
	for (size_t i = 0; i < cache->count; i++)
		if (reached[i] && !cache->links[i].up)
			catch_up(cache, &cache->links[i], generation);
}

void links_record_missed(struct cache *cache)
{
	ERROR_CLEANUP struct error error = {0};
	bool missed = false, recorded = false;
	for (size_t i = 0; i < cache->count; i++)
		missed |= !cache->links[i].up && !cache->links[i].missed;
	if (!missed)
		return;
	int64_t generation = links_next_generation(cache);
	for (size_t i = 0; i < cache->count; i++) {
		struct link *link = &cache->links[i];
		if (!link->up)
			continue;
		if (link_write_generation(cache, link, generation, &error) == STATUS_OK)
			recorded = true;
		else
			link_fail(cache, link, &error);
	}
	for (size_t i = 0; i < cache->count; i++)
		if (!cache->links[i].up)
			cache->links[i].missed = recorded;
}

enum status links_all_down(const struct cache *cache, struct error *error)
{
	TEXT_CLEANUP struct text reasons = {0};
	for (size_t i = 0; i < cache->count; i++)
		text_printf(&reasons, "%s%s: %s", i > 0 ? "; " : "", cache->links[i].name,
			    cache->links[i].error.message != NULL ? cache->links[i].error.message
								  : "not tried");
	return error_set(error, STATUS_FAILED, "no store of the cache can be used: %s",
			 text_string(&reasons));
}
