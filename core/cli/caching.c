/* caching.c - emptying the cache after a database's content was replaced. */
#include "cli/commands.h"

enum status caching_check(struct run *run, struct error *error)
{
	struct cache *cache = NULL;
	if (!run->project.cache.chosen)
		return STATUS_OK;
	enum status status = cache_open(run->observer, &run->project, &cache, error);
	cache_close(cache);
	return status;
}

json_t *caching_cleared_json(const struct cache_report *report)
{
	return json_pack("{s:s, s:I, s:s?}", "name", report->name, "removed",
			 (json_int_t)report->removed, "error", report->message);
}

static void say_cleared(struct run *run, struct target *target, const struct cache *cache,
			const struct cache_report *reports)
{
	json_t *stores = json_array();
	int64_t removed = 0;
	for (size_t i = 0; i < cache_store_count(cache); i++) {
		removed += reports[i].removed;
		json_array_append_new(stores, caching_cleared_json(&reports[i]));
	}
	target_say(run, target, "the cache of %s: %lld %s removed", run->project.cache.word,
		   (long long)removed, removed == 1 ? "entry" : "entries");
	target_result(target, "cache",
		      json_pack("{s:I, s:o}", "removed", (json_int_t)removed, "stores", stores));
}

enum status caching_clear(struct run *run, struct target *target, const char *stands,
			  enum status status, struct error *error)
{
	struct cache_report reports[CACHE_STORES_CAP];
	ERROR_CLEANUP struct error why = {0};
	struct cache *cache = NULL;
	if (!run->project.cache.chosen)
		return status;
	enum status cleared = cache_open(run->observer, &run->project, &cache, &why);
	if (cleared == STATUS_OK) {
		cleared = cache_clear(cache, "", NULL, reports, &why);
		say_cleared(run, target, cache, reports);
		cache_close(cache);
	}
	if (cleared == STATUS_OK)
		return status;
	if (status != STATUS_OK) {
		log_write(run->observer, LOG_WARN, "%s", why.message);
		return status;
	}
	error_set(error, STATUS_FAILED, "%s, but the cache may hold what is no longer true: %s", stands,
		  why.message);
	error_hint(error, "mend it, then run: eloquent cache:clear");
	return STATUS_FAILED;
}
