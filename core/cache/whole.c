/* whole.c - the cache as a whole: what each store holds, and emptying them all. */
#include "cache/private.h"

#include <string.h>

static void report_failure(struct cache *cache, struct cache_report *report, enum status status,
			   const struct error *error)
{
	report->status = status;
	report->message = arena_text(&cache->arena, error->message);
	report->hint = arena_text(&cache->arena, error->hint);
}

/* ---- stats ------------------------------------------------------------------------------- */

static void look(struct cache *cache, struct link *link, struct cache_report *report)
{
	ERROR_CLEANUP struct error error = {0};
	enum status status = link_open(cache, link, &error);
	if (status == STATUS_OK)
		status = store_get_stats(link->store, &report->stats, &error);
	if (status == STATUS_OK)
		status = link_read_generation(cache, link, &error);
	if (status != STATUS_OK)
		report_failure(cache, report, status, &error);
}

void cache_stats(struct cache *cache, const size_t *only, struct cache_report *reports)
{
	struct cache_report all[CACHE_STORES_CAP] = {0};
	for (size_t i = 0; i < cache->count; i++) {
		all[i].name = cache->links[i].name;
		look(cache, &cache->links[i], &all[i]);
	}
	/* One store cannot tell alone whether it is behind, or the active one. */
	int64_t generation = links_generation(cache);
	bool active = true;
	for (size_t i = 0; i < cache->count; i++) {
		bool usable = all[i].status == STATUS_OK;
		all[i].behind = usable && cache->links[i].generation < generation;
		all[i].active = usable && active;
		active = active && !usable;
		reports[i] = only == NULL || *only == i ? all[i] : (struct cache_report){0};
	}
}

/* By a handle of its own, whose prefix is the narrower one. */
static void count(struct cache *cache, const struct link *link, const char *prefix,
		  struct cache_report *report)
{
	ERROR_CLEANUP struct error error = {0};
	struct store *store = NULL;
	enum status status = store_open(cache->observer, cache->project, link->owner, &link->settings,
					link->plugin, prefix, &store, &error);
	if (status == STATUS_OK)
		status = store_get_stats(store, &report->stats, &error);
	report->stats.location = NULL; /* the handle's, which ends here */
	if (status != STATUS_OK)
		report_failure(cache, report, status, &error);
	store_close(store);
}

void cache_count(struct cache *cache, const char *prefix, const size_t *only,
		 struct cache_report *reports)
{
	const char *whole = arena_printf(&cache->arena, "%s%s", cache->prefix, prefix);
	for (size_t i = 0; i < cache->count; i++) {
		reports[i] = (struct cache_report){0};
		if (only != NULL && *only != i)
			continue;
		reports[i].name = cache->links[i].name;
		count(cache, &cache->links[i], whole, &reports[i]);
	}
}

/* ---- clear ------------------------------------------------------------------------------- */

/* Which stores are current is to be known before anything goes: a whole clear takes a
 * store's generation along. What is behind has missed writes already, and stays behind
 * unless all of it goes. */
static void reach(struct cache *cache, struct error *errors)
{
	for (size_t i = 0; i < cache->count; i++) {
		struct link *link = &cache->links[i];
		enum status status = link_open(cache, link, &errors[i]);
		if (status == STATUS_OK)
			(void)!link_read_generation(cache, link, &errors[i]);
	}
	int64_t generation = links_generation(cache);
	for (size_t i = 0; i < cache->count; i++) {
		struct link *link = &cache->links[i];
		link->up = errors[i].message == NULL && link->generation == generation;
		link->missed = true;
	}
}

static enum status empty(struct cache *cache, struct link *link, const char *prefix, bool whole,
			 int64_t generation, struct cache_report *report, struct error *error)
{
	enum status status = store_clear(link->store, prefix, &report->removed, error);
	if (status == STATUS_OK && whole && generation > 0)
		status = link_write_generation(cache, link, generation, error);
	if (status == STATUS_OK && whole)
		link->up = true;
	return status;
}

static enum status clear_failed(const struct cache *cache, const struct cache_report *reports,
				struct error *error)
{
	TEXT_CLEANUP struct text text = {0};
	const char *hint = NULL;
	for (size_t i = 0; i < cache->count; i++) {
		if (reports[i].status == STATUS_OK)
			continue;
		text_printf(&text, "%sthe cache store %s could not be emptied: %s",
			    text.size > 0 ? "; " : "", reports[i].name, reports[i].message);
		hint = reports[i].hint != NULL ? reports[i].hint : hint;
	}
	error_set(error, STATUS_FAILED, "%s", text_string(&text));
	if (hint != NULL)
		error_hint(error, "%s", hint);
	return STATUS_FAILED;
}

enum status cache_clear(struct cache *cache, const char *prefix, const size_t *only,
			struct cache_report *reports, struct error *error)
{
	const char *all = arena_printf(&cache->arena, "%s%s", cache->prefix, prefix);
	struct error errors[CACHE_STORES_CAP] = {0};
	bool failed = false;
	reach(cache, errors);
	int64_t generation = links_generation(cache);
	for (size_t i = 0; i < cache->count; i++) {
		struct link *link = &cache->links[i];
		reports[i] = (struct cache_report){0};
		if (only == NULL || *only == i) {
			reports[i].name = link->name;
			enum status status = errors[i].status;
			if (errors[i].message == NULL)
				status = empty(cache, link, all, prefix[0] == '\0', generation,
					       &reports[i], &errors[i]);
			if (status != STATUS_OK) {
				report_failure(cache, &reports[i], status, &errors[i]);
				link_down(link, &errors[i]);
				failed = true;
			}
		}
		error_clear(&errors[i]);
	}
	links_record_missed(cache);
	return failed ? clear_failed(cache, reports, error) : STATUS_OK;
}
